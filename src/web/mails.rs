//! Mail that came back: filing it, reading it, taking the answer sheet in it.

use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::answers::sheet_page;
use super::error::{Page, PageError};
use super::session::SignedIn;
use crate::pipeline::{Pipeline, answers, inbox};
use crate::store::mails;

fn may(user: &crate::domain::user::User, who: &str) -> Result<(), PageError> {
    if user.role.reviews() { Ok(()) } else { Err(PageError::Refused(StatusCode::FORBIDDEN, who.into())) }
}

/// The whole mail, as it came.
pub(super) async fn mail(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    may(&user, inbox::WHO)?;
    let bytes = mails::bytes(&pipeline.store, id).await?.ok_or(PageError::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"surat-masuk-{id}.eml\"")),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Deserialize)]
pub(super) struct FileForm {
    code: String,
}

pub(super) async fn file(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<FileForm>,
) -> Page {
    may(&user, inbox::WHO)?;
    let batch = inbox::file(&pipeline, &user, id, &form.code).await?;
    Ok(Redirect::to(&format!("/batches/{batch}?done=filed#mails")).into_response())
}

pub(super) async fn sheet(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    may(&user, answers::WHO)?;
    let (batch, taken) = inbox::take_sheet(&pipeline, &user, id).await?;
    sheet_page(&pipeline, user, batch, taken).await
}
