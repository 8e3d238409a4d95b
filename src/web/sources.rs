//! Where posts come from: state, spend, yield, plan, and what could not be read.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect};

use super::batches::DoneQuery;
use super::error::Page;
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::config::Mode;
use crate::domain::Millis;
use crate::pipeline::Pipeline;
use crate::pipeline::sources::{self, Health, SourceDay, SourceDetail};
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
}

#[derive(Template)]
#[template(path = "web/sources.html")]
struct SourcesPage {
    f: Frame,
    cards: Vec<Card>,
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

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    let f = Frame::new(user, "sources", query.done);
    let (all, rejects) = sources::details(&pipeline).await?;
    let cards = all.into_iter().map(|detail| Card {
        spent: (detail.status.used_today * 100 / detail.status.budget.max(1)).clamp(0, 100),
        yielded: detail.per_hundred().map_or_else(|| "–".into(), |posts| f.t.number(posts)),
        last_ok: detail.status.last_ok_at.map_or_else(|| "–".into(), Millis::wib),
        columns: columns(&detail.days),
        detail,
    });
    html(&SourcesPage { cards: cards.collect(), rejects, f })
}

pub(super) async fn resume(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(name): Path<String>) -> Page {
    sources::resume(&pipeline, Some(&user), &name).await?;
    Ok(Redirect::to("/sources?done=resumed").into_response())
}
