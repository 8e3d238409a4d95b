//! Taking back: requests that look wrong by now, withdrawals until they are confirmed, objections.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};

use super::batches::DoneQuery;
use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::appeal::Appeal;
use crate::domain::decision::{Reason, Verdict};
use crate::domain::ids::{BatchId, DecisionId, FlagId};
use crate::pipeline::corrections::{self, Candidate, Why, Withdrawal};
use crate::pipeline::{Pipeline, batch};
use crate::store::{appeals, batches};

#[derive(Template)]
#[template(path = "web/corrections.html")]
struct CorrectionsPage {
    f: Frame,
    candidates: Vec<Candidate>,
    withdrawals: Vec<Withdrawal>,
    /// Letters that say something that does not hold any more: package, code, posts.
    wrong: Vec<(BatchId, String, i64)>,
    open: Vec<Appeal>,
    answered: Vec<Appeal>,
}

impl CorrectionsPage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates have it by reference")]
    fn case(flag: &FlagId) -> String {
        batch::case_id(*flag)
    }
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    html(&CorrectionsPage {
        candidates: corrections::candidates(&pipeline).await?,
        withdrawals: corrections::withdrawals(&pipeline).await?,
        wrong: batches::wrong(&pipeline.store).await?,
        open: appeals::open(&pipeline.store).await?,
        answered: appeals::answered(&pipeline.store, 50).await?,
        f: Frame::new(user, "corrections", query.done),
    })
}

/// Reasons to take a request back, in the order in which forms show them.
pub(super) fn reasons() -> Vec<Reason> {
    let mut all: Vec<Reason> = Reason::for_verdict(Verdict::Dismiss).collect();
    // What was asked for was upheld once: usually that was a mistake.
    all.sort_by_key(|reason| *reason != Reason::Mistake);
    all
}

/// Withdraws rows of a sent request: `row` is `FLAG:DECISION`, once for each; `reason` and `note` say why.
pub(super) async fn withdraw(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Vec<(String, String)>>,
) -> Page {
    let refuse = |why: &str| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why.to_owned());
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let mut rows = Vec::new();
    for (_, row) in form.iter().filter(|(key, _)| key == "row") {
        let ids = row.split_once(':').and_then(|(flag, decision)| Some((flag.parse().ok()?, decision.parse().ok()?)));
        let (flag, decision) = ids.ok_or_else(|| refuse("choose the posts that were wrong"))?;
        rows.push((FlagId(flag), DecisionId(decision)));
    }
    let reason = field("reason").parse().map_err(|error: crate::domain::UnknownValue| refuse(&error.to_string()))?;
    let why = Why { reason, note: field("note").to_owned() };
    let drafted = corrections::withdraw(&pipeline, &user, BatchId(id), &rows, &why).await?;
    Ok(Redirect::to(&format!("/batches/{}?done=rendered", drafted.id)).into_response())
}
