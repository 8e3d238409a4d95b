//! Labelling random posts that were not flagged: how much do the rules miss?

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::post::Post;
use crate::pipeline::{Pipeline, recall};
use crate::store::{posts, recall as rows};

/// Draws a sample.
pub(super) async fn draw(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    recall::draw(&pipeline, &user).await?;
    Ok(Redirect::to("/quality?done=recall-drawn").into_response())
}

/// Goes to the next post to label.
pub(super) async fn next(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    let target = match recall::next(&pipeline, &user).await? {
        Some((sample, _)) => format!("/recall/{sample}"),
        None => "/queue?done=recall-empty".to_owned(),
    };
    Ok(Redirect::to(&target).into_response())
}

#[derive(Template)]
#[template(path = "web/recall.html")]
struct RecallPage {
    f: Frame,
    sample: i64,
    post: Post,
}

/// The post, without a word of what the rules see in it.
pub(super) async fn show(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(sample): Path<i64>) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only analysts, approvers and supervisors label posts".into()));
    }
    let post = rows::waiting_post(&pipeline.store, sample).await?.ok_or(PageError::NotFound)?;
    let post = posts::get(&pipeline.store, post).await?.ok_or(PageError::NotFound)?;
    html(&RecallPage { sample, post, f: Frame::new(user, "queue", None) })
}

#[derive(Deserialize)]
pub(super) struct LabelForm {
    relevant: bool,
}

/// Takes the answer.
pub(super) async fn label(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(sample): Path<i64>,
    Form(form): Form<LabelForm>,
) -> Page {
    recall::label(&pipeline, &user, sample, form.relevant).await?;
    Ok(Redirect::to("/recall/next").into_response())
}
