//! Webhooks: where events are sent to.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::audit::Action;
use crate::domain::user::User;
use crate::pipeline::webhooks::{self, Added};
use crate::pipeline::{Pipeline, PipelineError};
use crate::store::audit;
use crate::store::webhooks::{self as rows, Webhook};

#[derive(Template)]
#[template(path = "web/webhooks.html")]
struct WebhooksPage {
    f: Frame,
    hooks: Vec<Webhook>,
    /// Number of the newest event.
    newest: i64,
    added: Option<Added>,
    problem: String,
    kinds: &'static [Action],
}

impl WebhooksPage {
    /// Events that an address was not told yet, at most.
    fn behind(&self, hook: &Webhook) -> i64 {
        (self.newest - hook.last_seq).max(0)
    }
}

fn may(user: &User) -> Result<(), PageError> {
    if user.role.operates() {
        return Ok(());
    }
    Err(PageError::Refused(StatusCode::FORBIDDEN, "only administrators look after webhooks".into()))
}

async fn show(pipeline: &Pipeline, user: User, added: Option<Added>, problem: String) -> Page {
    html(&WebhooksPage {
        hooks: rows::all(&pipeline.store).await?,
        newest: audit::last_seq(&pipeline.store).await?,
        added,
        problem,
        kinds: Action::TOLD,
        f: Frame::new(user, "webhooks", None),
    })
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    may(&user)?;
    show(&pipeline, user, None, String::new()).await
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct AddForm {
    url: String,
    kinds: Vec<String>,
}

/// Adds an address; the page shows the key of its signatures once.
pub(super) async fn add(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<AddForm>) -> Page {
    may(&user)?;
    match webhooks::add(&pipeline, &user, &form.url, &form.kinds).await {
        Ok(added) => show(&pipeline, user, Some(added), String::new()).await,
        Err(PipelineError::Refused(why)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&pipeline, user, None, why).await?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct SwitchForm {
    on: bool,
}

/// Switches an address on or off.
pub(super) async fn switch(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<SwitchForm>,
) -> Page {
    webhooks::switch(&pipeline, &user, id, form.on).await?;
    Ok(Redirect::to("/webhooks").into_response())
}
