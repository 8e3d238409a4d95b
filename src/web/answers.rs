//! What platforms answered: the answer sheet that comes back, and single answers.

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Form, Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::uploads;
use super::view::{Frame, html};
use crate::domain::ids::BatchId;
use crate::domain::user::User;
use crate::pipeline::Pipeline;
use crate::pipeline::answers::{self, Entered, Taken};
use crate::store::batches;

#[derive(Template)]
#[template(path = "web/answer_sheet.html")]
struct SheetPage {
    f: Frame,
    id: i64,
    code: String,
    taken: Taken,
}

pub(super) async fn sheet(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    form: Result<Multipart, MultipartRejection>,
) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, answers::WHO.into()));
    }
    let (_, file) = uploads::fields(form).await?;
    if file.is_empty() {
        return Err(PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, "choose the answer sheet first".into()));
    }
    let taken = answers::take_sheet(&pipeline, &user, BatchId(id), file).await?;
    sheet_page(&pipeline, user, BatchId(id), taken).await
}

/// Back to the package; or, where rows could not be read, which and why.
pub(super) async fn sheet_page(pipeline: &Pipeline, user: User, id: BatchId, taken: Taken) -> Page {
    if taken.unread.is_empty() {
        return Ok(Redirect::to(&format!("/batches/{id}?done=answers#answers")).into_response());
    }
    let code = batches::require(&pipeline.store, id).await?.code;
    let page = SheetPage { f: Frame::new(user, "batches", None), id: id.0, code, taken };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
}

#[derive(Deserialize)]
pub(super) struct AnswerForm {
    case: String,
    outcome: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    reference: String,
}

pub(super) async fn enter(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<AnswerForm>,
) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, answers::WHO.into()));
    }
    let outcome = form
        .outcome
        .parse()
        .map_err(|error: crate::domain::UnknownValue| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let entered = Entered { case_id: form.case, outcome, day: form.day, reason: form.reason, reference: form.reference };
    answers::enter(&pipeline, &user, BatchId(id), &entered).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=answers#answers")).into_response())
}
