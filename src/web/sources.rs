//! Where posts come from: state, spend, yield, plan, and what could not be read.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect};

use super::batches::DoneQuery;
use super::error::Page;
use super::i18n::Text;
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::config::Mode;
use crate::domain::Platform;
use crate::pipeline::coverage::{self, Overlap, PlatformCoverage, Population};
use crate::pipeline::sources::{self, Health, QueryPlan, SourceDay, SourceDetail};
use crate::pipeline::{Pipeline, alerts};
use crate::store::alerts::Alert;
use crate::store::crawl::Reject;

/// Height of a chart, units.
const HEIGHT: i64 = 40;

/// A day in a chart: where it stands, and heights.
struct Column {
    x: usize,
    requests: i64,
    posts: i64,
    flagged: i64,
}

/// A source as the page shows it.
struct Card {
    detail: SourceDetail,
    /// How much of today's budget is used, 0 to 100.
    spent: i64,
    /// New posts for a hundred requests.
    yielded: String,
    last_ok: String,
    columns: Vec<Column>,
    queries: Vec<QueryRow>,
    failures: String,
    /// What was paid for today; empty where nothing costs money.
    paid: String,
}

/// A query of the plan, as the page shows it.
struct QueryRow {
    place: usize,
    words: String,
    explores: bool,
    calls: String,
    promised: String,
    brought: String,
    asked: String,
}

/// Coverage of a platform, as the page shows it.
struct CoverageRow {
    label: String,
    seen: String,
    once: String,
    /// Estimated posts in all, with the interval.
    all: String,
    /// Lower end, estimate and upper end of the share seen, per cent.
    percent: Option<(i64, i64, i64)>,
}

#[derive(Template)]
#[template(path = "web/sources.html")]
struct SourcesPage {
    f: Frame,
    alerts: Vec<Alert>,
    cards: Vec<Card>,
    coverage: Vec<CoverageRow>,
    overlaps: Vec<CoverageRow>,
    rejects: Vec<Reject>,
}

/// Each measure is drawn against its own largest day: requests and posts differ by orders of magnitude.
fn columns(days: &[SourceDay]) -> Vec<Column> {
    let most = |of: fn(&SourceDay) -> i64| days.iter().map(of).max().unwrap_or(0).max(1);
    let (requests, posts) = (most(|day| day.requests), most(|day| day.posts));
    let columns = days.iter().enumerate().map(|(index, day)| Column {
        x: index * 20,
        requests: day.requests * HEIGHT / requests,
        posts: day.posts * HEIGHT / posts,
        flagged: day.flagged * HEIGHT / posts,
    });
    columns.collect()
}

/// `24 / 200 (US$ 0,12)`.
fn paid_for(t: Text, (used, daily, milli_usd): (i64, i64, i64)) -> String {
    let cents = (milli_usd + 5) / 10;
    let point = t.decimal(0.0).replace('0', "");
    format!("{} / {} (US$ {}{point}{:02})", t.number(used), t.number(daily), cents / 100, cents % 100)
}

/// Words of a query in about a line.
fn shortened(words: &str) -> String {
    const LONGEST: usize = 60;
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    words.chars().take(LONGEST).chain(['…']).collect()
}

fn query_row(t: Text, query: &QueryPlan) -> QueryRow {
    let known = &query.known;
    QueryRow {
        place: query.first,
        words: shortened(&query.words),
        explores: query.explores,
        calls: t.number(query.calls),
        promised: t.decimal(query.promised),
        brought: [known.relevant, known.new_posts, known.calls].map(|count| t.number(count)).join(" / "),
        asked: query.asked_at.map_or_else(|| "–".into(), |at| t.at(at)),
    }
}

fn estimated(t: Text, found: Option<&Population>) -> String {
    let range = |found: &Population| [found.estimate, found.low, found.high].map(|posts| t.number(whole(posts)));
    found.map(range).map_or_else(|| "–".into(), |[estimate, low, high]| format!("{estimate} ({low}–{high})"))
}

fn coverage_row(t: Text, of: &PlatformCoverage) -> CoverageRow {
    let percent = of.population.map(|found| {
        let (share, low, high) = found.coverage();
        (whole(low * 100.0), whole(share * 100.0), whole(high * 100.0))
    });
    CoverageRow {
        label: of.platform.label().to_owned(),
        seen: t.number(of.seen),
        once: t.number(of.once),
        all: estimated(t, of.population.as_ref()),
        percent,
    }
}

fn overlap_rows(t: Text, found: &[PlatformCoverage]) -> Vec<CoverageRow> {
    found.iter().flat_map(|of| of.overlaps.iter().map(move |pair| overlap_row(t, of.platform, pair))).collect()
}

fn overlap_row(t: Text, platform: Platform, pair: &Overlap) -> CoverageRow {
    CoverageRow {
        label: format!("{}: {} + {}", platform.label(), t.v("source", &pair.sources.0), t.v("source", &pair.sources.1)),
        seen: format!("{} + {}", t.number(pair.seen.0), t.number(pair.seen.1)),
        once: t.number(pair.seen.2),
        all: estimated(t, pair.population.as_ref()),
        percent: None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "shown as a whole number")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    let f = Frame::new(user, "sources", query.done);
    let (all, rejects) = sources::details(&pipeline).await?;
    let cards = all.into_iter().map(|detail| Card {
        spent: (detail.status.used_today * 100 / detail.status.budget.max(1)).clamp(0, 100),
        yielded: detail.per_hundred().map_or_else(|| "–".into(), |posts| f.t.number(posts)),
        last_ok: detail.status.last_ok_at.map_or_else(|| "–".into(), |at| f.t.at(at)),
        paid: detail.status.paid.map(|paid| paid_for(f.t, paid)).unwrap_or_default(),
        columns: columns(&detail.days),
        queries: detail.plan.iter().flat_map(|plan| &plan.queries).map(|query| query_row(f.t, query)).collect(),
        failures: detail.failures.iter().map(|(class, count)| format!("{class} {count}")).collect::<Vec<_>>().join(", "),
        detail,
    });
    let found = coverage::coverage(&pipeline).await?;
    let page = SourcesPage {
        alerts: alerts::open(&pipeline).await?,
        cards: cards.collect(),
        overlaps: overlap_rows(f.t, &found),
        coverage: found.iter().map(|of| coverage_row(f.t, of)).collect(),
        rejects,
        f,
    };
    html(&page)
}

pub(super) async fn resume(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(name): Path<String>) -> Page {
    sources::resume(&pipeline, Some(&user), &name).await?;
    Ok(Redirect::to("/sources?done=resumed").into_response())
}
