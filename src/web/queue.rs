//! The queue: a list that is narrowed and searched, named queues, kept searches, and the way to the next post.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::{Deserialize, Serialize};

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, Segment, html, segments};
use crate::domain::flag::{FlagState, Lane, Priority};
use crate::domain::ids::FlagId;
use crate::domain::user::User;
use crate::pipeline::{Pipeline, queues, review};
use crate::store::named_queues::{self, NamedQueue, SavedFilter};
use crate::store::queue::{self, After, Filter, FlagCard, Listed};

/// Rows of a page.
const ROWS: i64 = 50;
/// Letters of a caption in a row.
const EXCERPT: usize = 180;

/// What a list is narrowed to, as the address says it. Empty values are left out of addresses.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Narrow {
    #[serde(skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    priority: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    platform: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    queue: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    lane: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    region: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    late: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    watched: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
}

impl Narrow {
    /// The query string of an address.
    pub(super) fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// The query string of the same list with the last word as the beginning of one; empty where that is no use.
    fn wider(&self) -> String {
        let words = self.q.trim_end();
        if words.is_empty() || words.ends_with('*') {
            return String::new();
        }
        Self { q: format!("{words}*"), ..self.clone() }.query()
    }

    /// The filter, for what `user` may see.
    pub(super) async fn filter(&self, pipeline: &Pipeline, user: &User) -> Result<Filter, PageError> {
        let state = if self.state == "all" {
            ""
        } else if self.state.is_empty() {
            FlagState::Open.as_str()
        } else {
            &self.state
        };
        Ok(Filter {
            state: state.to_owned(),
            priority: self.priority.clone(),
            platform: self.platform.clone(),
            queue: self.queue.parse().ok(),
            lane: self.lane.clone(),
            actor: self.actor.clone(),
            region: self.region.trim().to_lowercase(),
            watched: (!self.watched.is_empty()).then(|| pipeline.clock().now()),
            author: self.author.trim().trim_start_matches('@').to_owned(),
            late: (!self.late.is_empty()).then(|| queues::late(pipeline)),
            words: self.q.clone(),
            closed: named_queues::closed_to(&pipeline.store, user).await?,
        })
    }

    /// Whether anything is narrowed besides the state.
    fn is_narrow(&self) -> bool {
        Self { state: String::new(), ..self.clone() }.query() != ""
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PageQuery {
    /// `rank.id` of the last row of the page before.
    from: String,
    done: Option<String>,
}

/// A row of the list.
struct Row {
    card: FlagCard,
    excerpt: Vec<Segment>,
    posted: String,
    age: String,
    late: bool,
    rules: String,
}

#[derive(Template)]
#[template(path = "web/queue.html")]
struct QueuePage {
    f: Frame,
    rows: Vec<Row>,
    total: i64,
    /// Up to where it is counted.
    counted: i64,
    narrow: Narrow,
    state: String,
    queues: Vec<NamedQueue>,
    kept: Vec<SavedFilter>,
    next: String,
    first_page: bool,
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Query(narrow): Query<Narrow>,
    Query(query): Query<PageQuery>,
) -> Page {
    let filter = narrow.filter(&pipeline, &user).await?;
    let now = pipeline.clock().now();
    let after =
        query.from.split_once('.').and_then(|(rank, id)| Some(After { rank: rank.parse().ok()?, id: FlagId(id.parse().ok()?) }));
    let Listed { found: total, mut cards } = queue::page(&pipeline.store, &filter, now, ROWS + 1, after).await?;
    let more = i64::try_from(cards.len()).is_ok_and(|rows| rows > ROWS);
    if more {
        cards.pop();
    }
    let next = cards.last().filter(|_| more).map_or_else(String::new, |last| {
        let (kept, joint) = (narrow.query(), if narrow.query().is_empty() { "" } else { "&" });
        format!("/queue?{kept}{joint}from={}.{}", last.rank, last.id)
    });
    let queues = named_queues::all(&pipeline.store).await?;
    let queues = queues.into_iter().filter(|queue| !filter.closed.contains(&queue.id)).collect();
    let kept = named_queues::filters(&pipeline.store, user.id).await?;
    let f = Frame::new(user, "queue", query.done);
    let [p1, p2, p3] = queues::late(&pipeline);
    let rules = pipeline.rules();
    let rows = cards.into_iter().map(|card| {
        let due = match card.priority {
            Priority::P1 => p1,
            Priority::P2 => p2,
            Priority::P3 => p3,
        };
        Row {
            excerpt: excerpt(&card),
            posted: card.posted_at.map_or_else(|| "–".into(), |at| f.t.at(at)),
            age: f.t.age(now.since(card.opened_at)),
            late: card.state == FlagState::Open && card.opened_at <= due,
            rules: rule_titles(&rules, &card, f.t.language()),
            card,
        }
    });
    html(&QueuePage {
        rows: rows.collect(),
        total,
        counted: filter.counted(),
        state: if narrow.state.is_empty() { FlagState::Open.as_str().to_owned() } else { narrow.state.clone() },
        narrow,
        queues,
        kept,
        next,
        first_page: after.is_none(),
        f,
    })
}

/// Titles of the rules that matched, at most two.
fn rule_titles(rules: &crate::rules::RuleSet, card: &FlagCard, language: crate::domain::user::Language) -> String {
    let title = |id: &str| {
        let rule = rules.packs.iter().find_map(|pack| pack.rule(id));
        rule.map_or_else(|| id.to_owned(), |rule| super::view::in_language(&rule.title, language))
    };
    card.findings.iter().take(2).map(|finding| title(&finding.rule)).collect::<Vec<_>>().join(" · ")
}

/// The beginning of the caption with its evidence: often enough to know what it is, without opening it.
fn excerpt(card: &FlagCard) -> Vec<Segment> {
    let spans: Vec<(usize, usize)> = card.findings.iter().flat_map(|finding| finding.spans.clone()).collect();
    let evidence = [("hit".to_owned(), spans)];
    let mut left = EXCERPT;
    let mut out = Vec::new();
    for segment in segments(&card.text, &evidence) {
        let taken: String = segment.text.chars().take(left).collect();
        left = left.saturating_sub(taken.chars().count());
        out.push(Segment { text: taken, axis: segment.axis });
        if left == 0 {
            out.push(Segment { text: "…".into(), axis: String::new() });
            break;
        }
    }
    out
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NextQuery {
    queue: String,
    after: Option<i64>,
    done: Option<String>,
}

pub(super) async fn next(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<NextQuery>) -> Page {
    let done = query.done.filter(|done| ["decided", "referred"].contains(&done.as_str()));
    let queue: Option<i64> = query.queue.parse().ok();
    let mut parts: Vec<String> = queue.map(|queue| format!("queue={queue}")).into_iter().collect();
    let target = if let Some(id) = review::take_next(&pipeline, &user, queue, query.after.map(FlagId)).await? {
        parts.extend(done.map(|done| format!("done={done}")));
        format!("/flags/{id}")
    } else {
        parts.push("done=empty".into());
        "/queue".to_owned()
    };
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    Ok(Redirect::to(&format!("{target}{query}")).into_response())
}

#[derive(Deserialize)]
pub(super) struct KeepForm {
    name: String,
    query: String,
    shared: Option<String>,
}

/// Keeps the search that is on the screen.
pub(super) async fn keep(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<KeepForm>) -> Page {
    // Read and written again: only what the list understands is kept.
    let narrow: Narrow = serde_urlencoded::from_str(&form.query).unwrap_or_default();
    queues::keep_filter(&pipeline, &user, &form.name, &narrow.query(), form.shared.is_some()).await?;
    Ok(Redirect::to(&format!("/queue?{}", narrow.query())).into_response())
}

pub(super) async fn forget(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    queues::forget_filter(&pipeline, &user, id).await?;
    Ok(Redirect::to("/queue").into_response())
}

#[derive(Template)]
#[template(path = "web/queues.html")]
struct QueuesPage {
    f: Frame,
    rows: Vec<QueueRow>,
    fresh: NamedQueue,
    packs: Vec<String>,
}

struct QueueRow {
    queue: NamedQueue,
    people: String,
    open: i64,
}

/// The named queues and what goes where.
pub(super) async fn named(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<PageQuery>) -> Page {
    if !user.role.supervises() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only supervisors look after queues".into()));
    }
    let all = crate::store::users::all(&pipeline.store).await?;
    let members = named_queues::members(&pipeline.store).await?;
    let mut rows = Vec::new();
    for queue in named_queues::all(&pipeline.store).await? {
        let of_queue =
            members.iter().filter(|(id, _)| *id == queue.id).filter_map(|(_, person)| all.iter().find(|u| u.id == *person));
        let people = of_queue.map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
        let open = queue::count(&pipeline.store, &Filter { queue: Some(queue.id), ..Filter::open() }).await?;
        rows.push(QueueRow { queue, people, open });
    }
    let packs = pipeline.rules().packs.iter().map(|pack| pack.id.clone()).collect();
    html(&QueuesPage {
        rows,
        fresh: NamedQueue { position: 100, ..NamedQueue::default() },
        packs,
        f: Frame::new(user, "queues", query.done),
    })
}

#[derive(Deserialize)]
pub(super) struct QueueForm {
    name: String,
    position: i32,
    #[serde(default)]
    pack: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    people: String,
}

pub(super) async fn save_queue(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<QueueForm>,
) -> Page {
    let queue = NamedQueue {
        id,
        name: form.name.trim().to_owned(),
        position: form.position,
        pack: form.pack,
        platform: form.platform,
        priority: form.priority,
        actor: form.actor,
        region: form.region.trim().to_lowercase(),
    };
    queues::save(&pipeline, &user, &queue, &form.people).await?;
    Ok(Redirect::to("/queues?done=saved").into_response())
}

pub(super) async fn remove_queue(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    queues::remove(&pipeline, &user, id).await?;
    Ok(Redirect::to("/queues?done=saved").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_only_what_is_narrowed() {
        let narrow: Narrow = serde_urlencoded::from_str("state=upheld&priority=&q=bal+impor&done=x&from=1.2").unwrap();
        assert_eq!(narrow.query(), "state=upheld&q=bal+impor");
        assert!(narrow.is_narrow());
        assert!(!Narrow { state: "upheld".into(), ..Narrow::default() }.is_narrow());
        assert_eq!(Narrow::default().query(), "");
    }
}
