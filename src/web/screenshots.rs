//! What is kept of flagged posts as evidence: screenshots that reviewers take, and what the posts came as.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect};

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::uploads;
use crate::domain::ids::FlagId;
use crate::domain::user::User;
use crate::pipeline::batch::case_id;
use crate::pipeline::{Pipeline, evidence};
use crate::store::{captures, flags, named_queues};

/// Refuses a post of a queue that others work on.
async fn may_see(pipeline: &Pipeline, user: &User, id: FlagId) -> Result<(), PageError> {
    let flag = flags::get(&pipeline.store, id).await?.ok_or(PageError::NotFound)?;
    let closed = named_queues::closed_to(&pipeline.store, user).await?;
    if named_queues::keeps_out(&closed, flag.queue_id) {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "this post stands in a queue that others work on".into()));
    }
    Ok(())
}

pub(super) async fn add(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    form: Result<Multipart, MultipartRejection>,
) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, evidence::WHO.into()));
    }
    let (_, file) = uploads::fields(form).await?;
    may_see(&pipeline, &user, FlagId(id)).await?;
    evidence::add(&pipeline, &user, FlagId(id), &file).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=screenshot#screenshots")).into_response())
}

/// A copy without what a camera writes into it. Nothing in it may run.
pub(super) async fn show(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let (flag, media_type, copy) = evidence::copy(&pipeline, id).await?.ok_or(PageError::NotFound)?;
    may_see(&pipeline, &user, flag).await?;
    let headers = [(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")];
    Ok((headers, copy).into_response())
}

/// What a post came as, to be saved: the very bytes, whose SHA-256 stands in letters.
pub(super) async fn capture(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path((id, capture)): Path<(i64, i64)>,
) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only analysts, approvers and supervisors review".into()));
    }
    may_see(&pipeline, &user, FlagId(id)).await?;
    let flag = flags::get(&pipeline.store, FlagId(id)).await?.ok_or(PageError::NotFound)?;
    let found = captures::bytes(&pipeline.store, capture).await?.filter(|(post, ..)| *post == flag.post_id);
    let (_, sha256, bytes) = found.ok_or(PageError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}-{}.txt\"", case_id(flag.id), sha256.get(..12).unwrap_or_default()),
        ),
    ];
    Ok((headers, bytes).into_response())
}
