//! The first page: what is to do, how far everything is, and what is wrong.

use askama::Template;
use axum::extract::State;

use super::error::Page;
use super::session::SignedIn;
use super::view::{Bar, Frame, bars, html};
use crate::config::Mode;
use crate::domain::batch::BatchState;
use crate::domain::delivery::DeliveryState;
use crate::domain::flag::{FlagState, Priority};
use crate::pipeline::{Pipeline, alerts, clocks, status};
use crate::store::appeals;

/// A source as the page shows it.
struct SourceLine {
    name: &'static str,
    mode: Mode,
    /// Text key that says why it is off, or what it does.
    note: String,
    detail: String,
    last_ok: String,
    used: String,
}

#[derive(Template)]
#[template(path = "web/home.html")]
struct HomePage {
    f: Frame,
    open: Vec<Bar>,
    funnel: Vec<Bar>,
    open_total: i64,
    to_sign: i64,
    second: i64,
    unknown: i64,
    alerts: usize,
    /// Clocks that ran out.
    over: usize,
    objections: usize,
    sources: Vec<SourceLine>,
    worker: String,
    worker_late: bool,
    without_text: i64,
    rule_set: String,
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    let f = Frame::new(user, "home", None);
    let status = status::read(&pipeline).await?;
    let flags = |state: FlagState, priority: Option<Priority>| {
        let matching = status.flags.iter().filter(|(s, p, _)| *s == state && priority.is_none_or(|wanted| wanted == *p));
        matching.map(|(_, _, n)| n).sum::<i64>()
    };
    let batches = |state: BatchState| status.batches.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
    let open = Priority::ALL.iter().map(|p| (f.t.v("priority", p), flags(FlagState::Open, Some(*p)), p.as_str()));
    let all_flags: i64 = status.flags.iter().map(|(_, _, n)| n).sum();
    let funnel = vec![
        (f.t.m("funnel-posts"), status.posts, "step"),
        (f.t.m("funnel-flagged"), all_flags, "step"),
        (f.t.m("funnel-upheld"), flags(FlagState::Upheld, None), "step"),
        (f.t.m("funnel-sent"), status.requested, "step"),
        (f.t.m("funnel-unavailable"), status.unavailable, "step"),
    ];
    let sources = status.sources.iter().map(|source| SourceLine {
        name: source.name,
        mode: source.mode,
        note: match source.mode {
            Mode::Disabled => f.t.v("source-off", source.name),
            Mode::Fake => f.t.m("source-fake"),
            Mode::Live => f.t.m("source-live"),
        },
        detail: source.problem.clone(),
        last_ok: source.last_ok_at.map_or_else(|| "–".into(), |at| f.t.at(at)),
        used: format!("{} / {}", f.t.number(source.used_today), f.t.number(source.budget)),
    });
    html(&HomePage {
        open: bars(open.collect()),
        funnel: bars(funnel),
        open_total: flags(FlagState::Open, None),
        to_sign: batches(BatchState::Rendered),
        second: status.waiting_for_second,
        unknown: status
            .deliveries
            .iter()
            .filter(|d| matches!(d, DeliveryState::Unknown | DeliveryState::Failed))
            .count()
            .try_into()
            .unwrap_or(0),
        over: clocks::running(&pipeline).await?.iter().filter(|clock| clock.is_over(pipeline.clock().now())).count(),
        objections: appeals::open(&pipeline.store).await?.len(),
        alerts: alerts::open(&pipeline).await?.len(),
        sources: sources.collect(),
        worker: status.worker_seen.map_or_else(|| f.t.m("never"), |at| f.t.at(at)),
        worker_late: status.worker_late,
        without_text: status.without_text,
        rule_set: pipeline.rules().hash.get(..12).unwrap_or_default().to_owned(),
        f,
    })
}
