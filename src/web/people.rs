//! People: who may do what, who is switched off; for administrators.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::ids::UserId;
use crate::domain::user::{Capability, Role, User};
use crate::pipeline::users::{self, Change};
use crate::pipeline::{Pipeline, PipelineError};
use crate::store::api::{self, ApiToken};
use crate::store::users as rows;

/// A person as the page shows it.
struct Row {
    user: User,
    sessions: i64,
    second_factor: bool,
    /// Whether the account of the organisation opens this desk.
    account: bool,
}

/// A password that is shown once.
struct Fresh {
    name: String,
    password: String,
}

#[derive(Template)]
#[template(path = "web/people.html")]
struct PeoplePage {
    f: Frame,
    rows: Vec<Row>,
    fresh: Option<Fresh>,
    problem: String,
    /// Tokens of the API that hold, with their owners.
    tokens: Vec<(String, ApiToken)>,
}

#[derive(Deserialize)]
pub(super) struct PeopleQuery {
    done: Option<String>,
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<PeopleQuery>) -> Page {
    show(&pipeline, user, query.done, None, String::new()).await
}

async fn show(pipeline: &Pipeline, user: User, done: Option<String>, fresh: Option<Fresh>, problem: String) -> Page {
    may(&user)?;
    let counts = rows::session_counts(&pipeline.store, pipeline.clock().now()).await?;
    let factors = rows::with_second_factor(&pipeline.store).await?;
    let accounts = crate::store::oidc::connected(&pipeline.store).await?;
    let people = rows::all(&pipeline.store).await?.into_iter().map(|user| Row {
        sessions: counts.iter().find(|(id, _)| *id == user.id).map_or(0, |(_, count)| *count),
        second_factor: factors.contains(&user.id),
        account: accounts.contains(&user.id),
        user,
    });
    let tokens = api::all_tokens(&pipeline.store, pipeline.clock().now()).await?;
    html(&PeoplePage { rows: people.collect(), fresh, problem, tokens, f: Frame::new(user, "people", done) })
}

fn may(user: &User) -> Result<(), PageError> {
    if user.role.manages_users() {
        return Ok(());
    }
    Err(PageError::Refused(StatusCode::FORBIDDEN, "only administrators look after people".into()))
}

#[derive(Deserialize)]
pub(super) struct AddForm {
    name: String,
    role: Role,
}

/// Adds a person with a password that is made up and shown once.
pub(super) async fn add(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<AddForm>) -> Page {
    may(&user)?;
    let password = pipeline.entropy.password();
    let name = form.name.trim().to_owned();
    match users::add(&pipeline, &name, form.role, false, &password).await {
        Ok(()) => show(&pipeline, user, None, Some(Fresh { name, password }), String::new()).await,
        Err(PipelineError::Refused(why)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&pipeline, user, None, None, why).await?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct ChangeForm {
    what: String,
    role: Option<Role>,
}

/// Changes something about a person.
pub(super) async fn change(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<ChangeForm>,
) -> Page {
    may(&user)?;
    let person = rows::get(&pipeline.store, UserId(id)).await?.ok_or(PageError::NotFound)?;
    let change = match (form.what.as_str(), form.role) {
        ("role", Some(role)) => Change::Role(role),
        ("disable", _) => Change::Disabled(true),
        ("enable", _) => Change::Disabled(false),
        ("second-factor", _) => Change::NoSecondFactor,
        ("account", _) => Change::NoAccount,
        ("sessions", _) => Change::Sessions,
        ("password", _) => Change::Password(pipeline.entropy.password()),
        _ => return Err(PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, "unknown change".into())),
    };
    match users::change(&pipeline, &user, person.id, &change).await {
        Ok(()) => match change {
            Change::Password(password) => {
                show(&pipeline, user, None, Some(Fresh { name: person.name, password }), String::new()).await
            }
            _ => Ok(Redirect::to("/people?done=saved").into_response()),
        },
        Err(PipelineError::Refused(why)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&pipeline, user, None, None, why).await?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends a token of somebody.
pub(super) async fn end_token(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    may(&user)?;
    crate::pipeline::api::revoke(&pipeline, &user, id).await?;
    Ok(Redirect::to("/people?done=saved").into_response())
}
