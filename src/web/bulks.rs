//! One judgement for many posts: what they are, a sample to look at, the number typed.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::{Page, PageError};
use super::queue::Narrow;
use super::session::SignedIn;
use super::view::{Bar, Frame, bars, html};
use crate::domain::decision::{Judgement, Reason, Verdict};
use crate::domain::ids::FlagId;
use crate::domain::user::User;
use crate::pipeline::bulk::{self, Confirmation};
use crate::pipeline::{Pipeline, PipelineError, review};
use crate::store::StoreError;
use crate::store::bulks::{self, Bulk, Member};

/// Members that the page names besides the sample.
const SHOWN: i64 = 60;

#[derive(Template)]
#[template(path = "web/bulk.html")]
struct BulkPage {
    f: Frame,
    bulk: Bulk,
    sample: Vec<Member>,
    others: Vec<Member>,
    platforms: Vec<Bar>,
    untrusted: Option<String>,
    uphold: Vec<Reason>,
    dismiss: Vec<Reason>,
    undoable: bool,
    problem: String,
    note: String,
    ticked: Vec<FlagId>,
}

impl BulkPage {
    /// The flag that the others are alike, if that is where they came from.
    fn like(&self) -> Option<&str> {
        self.bulk.origin.strip_prefix("like:")
    }

    fn is_ticked(&self, member: &Member) -> bool {
        self.ticked.contains(&member.id)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct MakeForm {
    /// Flag that the others are alike.
    like: Option<i64>,
    /// Or: query string of a list.
    query: Option<String>,
}

/// Puts posts together.
pub(super) async fn make(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<MakeForm>) -> Page {
    let id = match (form.like, form.query) {
        (Some(flag), _) => bulk::like(&pipeline, &user, FlagId(flag)).await?,
        (None, Some(query)) => {
            let narrow: Narrow = serde_urlencoded::from_str(&query).unwrap_or_default();
            let filter = narrow.filter(&pipeline, &user).await?;
            bulk::of_list(&pipeline, &user, &narrow.query(), &filter).await?
        }
        (None, None) => return Err(PageError::NotFound),
    };
    Ok(Redirect::to(&format!("/bulks/{id}")).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct BulkQuery {
    done: Option<String>,
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<BulkQuery>,
) -> Page {
    show(&pipeline, user, id, query.done, Draft::default()).await
}

/// What a person typed before something was refused.
#[derive(Default)]
struct Draft {
    problem: String,
    note: String,
    ticked: Vec<FlagId>,
}

async fn show(pipeline: &Pipeline, user: User, id: i64, done: Option<String>, draft: Draft) -> Page {
    let bulk = bulk::own(pipeline, &user, id).await?;
    let limit = i64::from(pipeline.config.desk.bulk_sample) + SHOWN;
    let (sample, others) = bulks::members(&pipeline.store, id, limit).await?.into_iter().partition(|member| member.sampled);
    let platforms = bulks::platforms(&pipeline.store, id).await?;
    let undoable = bulk.made_by == user.id
        && bulk.undone_at.is_none()
        && bulk.decided_at.is_some_and(|at| at >= review::undo_since(pipeline));
    html(&BulkPage {
        sample,
        others,
        platforms: bars(platforms.iter().map(|(platform, count)| (platform.label().to_owned(), *count, "step")).collect()),
        untrusted: bulk::untrusted(pipeline, id).await?,
        uphold: Reason::for_verdict(Verdict::Uphold).collect(),
        dismiss: Reason::for_verdict(Verdict::Dismiss).collect(),
        undoable,
        bulk,
        problem: draft.problem,
        note: draft.note,
        ticked: draft.ticked,
        f: Frame::new(user, "queue", done),
    })
}

#[derive(Deserialize)]
pub(super) struct DecideForm {
    reason: Option<String>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    typed: String,
    #[serde(default)]
    looked: Vec<i64>,
}

pub(super) async fn decide(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<DecideForm>,
) -> Page {
    let looked_at: Vec<FlagId> = form.looked.iter().map(|id| FlagId(*id)).collect();
    let reason: Option<Reason> = form.reason.as_deref().and_then(|reason| reason.parse().ok());
    let problem = match reason.map(|reason| Judgement::new(reason.verdict(), reason, form.note.as_str())) {
        None => "a decision needs a reason".to_owned(),
        Some(Err(error)) => error.to_string(),
        Some(Ok(judgement)) => {
            let confirmed = Confirmation { looked_at: looked_at.clone(), typed: form.typed };
            match bulk::decide(&pipeline, &user, id, &judgement, &confirmed).await {
                Ok(_) => return Ok(Redirect::to(&format!("/bulks/{id}?done=bulk")).into_response()),
                Err(PipelineError::Refused(why) | PipelineError::Store(StoreError::Refused(why))) => why,
                Err(error) => return Err(error.into()),
            }
        }
    };
    let page = show(&pipeline, user, id, None, Draft { problem, note: form.note, ticked: looked_at }).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

pub(super) async fn undo(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    bulk::undo(&pipeline, &user, id).await?;
    Ok(Redirect::to(&format!("/bulks/{id}?done=bulk-undone")).into_response())
}
