//! The queue, and one post with its evidence.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, Segment, html, segments};
use crate::domain::check::Liveness;
use crate::domain::decision::{Judgement, Reason, Verdict};
use crate::domain::flag::{Flag, FlagState};
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::post::Post;
use crate::domain::user::Language;
use crate::domain::{Millis, Platform, batch::Batch};
use crate::pipeline::{Pipeline, batch::case_id, review};
use crate::rules::{Bilingual, Pack};
use crate::scan;
use crate::store::flags::{self, DecisionRow, Filter, FlagCard, Seen};
use crate::store::tips::TipCard;
use crate::store::{batches, checks, posts, rule_hits, tips};

/// Rows of a page.
const ROWS: i64 = 50;

#[derive(Deserialize)]
pub(super) struct QueueQuery {
    state: Option<String>,
    priority: Option<String>,
    platform: Option<String>,
    page: Option<i64>,
    done: Option<String>,
    after: Option<i64>,
}

/// A row of the queue.
struct Row {
    card: FlagCard,
    excerpt: Vec<Segment>,
    posted: String,
}

#[derive(Template)]
#[template(path = "web/queue.html")]
struct QueuePage {
    f: Frame,
    rows: Vec<Row>,
    total: i64,
    filter: Filter,
    platforms: Vec<Platform>,
    page: i64,
    pages: i64,
}

pub(super) async fn queue(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<QueueQuery>) -> Page {
    let filter = Filter {
        state: query.state.unwrap_or_else(|| FlagState::Open.as_str().to_owned()),
        priority: query.priority.unwrap_or_default(),
        platform: query.platform.unwrap_or_default(),
    };
    let total = flags::count(&pipeline.store, &filter).await?;
    let pages = total.saturating_add(ROWS - 1).checked_div(ROWS).unwrap_or(0).max(1);
    let page = query.page.unwrap_or(1).clamp(1, pages);
    let now = pipeline.clock().now();
    let cards = flags::list(&pipeline.store, &filter, now, ROWS, (page - 1) * ROWS).await?;
    let rows = cards.into_iter().map(|card| Row {
        excerpt: excerpt(&card),
        posted: card.posted_at.map_or_else(|| "–".into(), Millis::wib),
        card,
    });
    let platforms = Platform::ALL.to_vec();
    html(&QueuePage { rows: rows.collect(), total, filter, platforms, page, pages, f: Frame::new(user, "queue", query.done) })
}

/// The beginning of the caption with its evidence: often enough to know what it is, without opening it.
fn excerpt(card: &FlagCard) -> Vec<Segment> {
    let spans: Vec<(usize, usize)> = card.findings.iter().flat_map(|finding| finding.spans.clone()).collect();
    let evidence = [("hit".to_owned(), spans)];
    let mut left = 180_usize;
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

pub(super) async fn next(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<QueueQuery>) -> Page {
    let done = query.done.filter(|done| done == "decided");
    let target = match (review::take_next(&pipeline, &user, query.after.map(FlagId)).await?, done) {
        (Some(id), Some(done)) => format!("/flags/{id}?done={done}"),
        (Some(id), None) => format!("/flags/{id}"),
        (None, _) => "/queue?done=empty".to_owned(),
    };
    Ok(Redirect::to(&target).into_response())
}

/// A rule that matched, as the page shows it.
struct RuleNote {
    title: String,
    why: String,
    doubts: Vec<String>,
}

/// A reason with the key that chooses it.
struct Choice {
    reason: Reason,
    key: usize,
}

#[derive(Template)]
#[template(path = "web/flag.html")]
struct FlagPage {
    f: Frame,
    flag: Flag,
    post: Post,
    case_id: String,
    caption: Vec<Segment>,
    legend: Vec<(String, String)>,
    notes: Vec<RuleNote>,
    uphold: Vec<Choice>,
    dismiss: Vec<Choice>,
    history: Vec<DecisionRow>,
    packages: Vec<Batch>,
    liveness: Liveness,
    colleague: bool,
    seen: Seen,
    waiting: i64,
    text_changed: bool,
    waits_for_second: bool,
    second_analyst: Option<String>,
    tips: Vec<TipCard>,
}

impl FlagPage {
    /// Whether the post was emptied when its time had come.
    fn is_forgotten(&self) -> bool {
        self.seen.text_sha256.is_empty()
    }

    /// The decision in force when the page was made; 0 for none.
    fn seen_decision(&self) -> i64 {
        self.seen.decision.map_or(0, |decision| decision.0)
    }

    /// Whether the reader made the decision in force.
    fn is_own(&self) -> bool {
        self.history.first().is_some_and(|row| row.by == self.f.user.name)
    }

    /// Whether there is an address that leads to the post.
    fn has_url(&self) -> bool {
        self.post.url.starts_with("https://")
    }
}

#[derive(Deserialize)]
pub(super) struct FlagQuery {
    done: Option<String>,
}

fn in_language(text: &Bilingual, language: Language) -> String {
    match language {
        Language::Indonesian => text.id.clone(),
        Language::English => text.en.clone(),
    }
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<FlagQuery>,
) -> Page {
    let id = FlagId(id);
    let flag = flags::get(&pipeline.store, id).await?.ok_or(PageError::NotFound)?;
    let post = posts::get(&pipeline.store, flag.post_id).await?.ok_or(PageError::NotFound)?;
    let seen = flags::seen(&pipeline.store, id).await?;
    let decided_text = flags::decided_text(&pipeline.store, id).await?;
    let reviews = user.role.reviews();
    let colleague = flag.state == FlagState::Open && reviews && !review::claim(&pipeline, &user, id).await?;
    let waits_for_second = rule_hits::waits_for_second(&pipeline.store, id).await?.is_some();
    let second_analyst = match seen.decision {
        Some(decision) => rule_hits::second_analyst(&pipeline.store, decision).await?,
        None => None,
    };
    let language = user.language;
    let rules = pipeline.rules();
    let pack = rules.pack(&flag.pack);
    let evidence = ordered(pack, scan::evidence(&rules, &flag.pack, &post.text));
    let legend = evidence.iter().filter_map(|(name, _)| {
        let axis = pack?.axis(name)?;
        Some((name.clone(), in_language(&axis.label, language)))
    });
    let notes = flag.findings.iter().map(|finding| {
        let rule = pack.and_then(|pack| pack.rule(&finding.rule));
        RuleNote {
            title: rule.map_or_else(|| finding.rule.clone(), |rule| in_language(&rule.title, language)),
            why: if language == Language::Indonesian {
                finding.why.clone()
            } else {
                rule.map_or_else(String::new, |r| r.why.en.clone())
            },
            doubts: rule.map(|rule| rule.falsepositives.clone()).unwrap_or_default(),
        }
    });
    let choices = |verdict: Verdict, first: usize| -> Vec<Choice> {
        Reason::for_verdict(verdict).zip(first..).map(|(reason, key)| Choice { reason, key }).collect()
    };
    let uphold = choices(Verdict::Uphold, 1);
    let open = Filter { state: "open".into(), ..Filter::default() };
    html(&FlagPage {
        case_id: case_id(id),
        caption: segments(&post.text, &evidence),
        legend: legend.collect(),
        notes: notes.collect(),
        dismiss: choices(Verdict::Dismiss, uphold.len() + 1),
        uphold,
        history: flags::decisions(&pipeline.store, id).await?,
        packages: batches::sent_with(&pipeline.store, id).await?,
        liveness: Liveness::from_checks(&checks::of_post(&pipeline.store, flag.post_id).await?),
        text_changed: flag.state != FlagState::Open && decided_text.is_some_and(|text| text != seen.text_sha256),
        seen,
        tips: tips::of_post(&pipeline.store, flag.post_id).await?,
        waits_for_second,
        second_analyst,
        waiting: flags::count(&pipeline.store, &open).await?,
        colleague,
        flag,
        post,
        f: Frame::new(user, "queue", query.done),
    })
}

/// Evidence in the pack's order of axes, without those that only support others.
fn ordered(pack: Option<&Pack>, mut found: BTreeMap<String, Vec<scan::Span>>) -> Vec<(String, Vec<scan::Span>)> {
    let axes = pack.map(|pack| pack.axes.as_slice()).unwrap_or_default().iter().filter(|axis| axis.weight != 0);
    axes.filter_map(|axis| found.remove(&axis.name).map(|spans| (axis.name.clone(), spans))).collect()
}

#[derive(Deserialize)]
pub(super) struct CaptionForm {
    caption: String,
}

/// An analyst writes down what stands at the address.
pub(super) async fn caption(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<CaptionForm>,
) -> Page {
    review::write_caption(&pipeline, &user, FlagId(id), &form.caption).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=captioned")).into_response())
}

#[derive(Deserialize)]
pub(super) struct SecondForm {
    seen: i64,
    text_sha256: String,
}

/// A second analyst agrees.
pub(super) async fn second(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<SecondForm>,
) -> Page {
    let seen = Seen { decision: (form.seen != 0).then_some(DecisionId(form.seen)), text_sha256: form.text_sha256 };
    review::agree(&pipeline, &user, FlagId(id), &seen).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=seconded")).into_response())
}

#[derive(Deserialize)]
pub(super) struct DecisionForm {
    reason: Option<String>,
    #[serde(default)]
    note: String,
    seen: i64,
    text_sha256: String,
}

pub(super) async fn decide(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<DecisionForm>,
) -> Page {
    let refuse = |why: &str| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why.to_owned());
    let reason = form.reason.as_deref().filter(|reason| !reason.is_empty()).ok_or_else(|| refuse("a decision needs a reason"))?;
    let reason: Reason = reason.parse().map_err(|_| refuse("unknown reason"))?;
    let judgement = Judgement::new(reason.verdict(), reason, form.note).map_err(|error| refuse(&error.to_string()))?;
    let seen = Seen { decision: (form.seen != 0).then_some(DecisionId(form.seen)), text_sha256: form.text_sha256 };
    review::decide(&pipeline, &user, FlagId(id), &seen, &judgement).await?;
    // A first decision goes on to the next post; a correction stays where it was made.
    let target =
        if seen.decision.is_none() { "/queue/next?done=decided".to_owned() } else { format!("/flags/{id}?done=decided") };
    Ok(Redirect::to(&target).into_response())
}
