//! One's own account: password, second factor, sessions, time zone.

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::CookieJar;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use super::error::Page;
use super::i18n::Text;
use super::session::{Attempts, SignedIn, token};
use super::view::{Frame, html};
use crate::domain::user::{User, Zone};
use crate::domain::{Millis, sha256_hex};
use crate::pipeline::users::Setup;
use crate::pipeline::{Pipeline, PipelineError, users};
use crate::store::api::{self, ApiToken};
use crate::store::users::{SessionRow, sessions};

#[derive(Template)]
#[template(path = "web/me.html")]
struct MePage {
    f: Frame,
    sessions: Vec<SessionRow>,
    /// SHA-256 of the token of this very session.
    here: String,
    /// What to tell an authenticator app; none when the second factor is confirmed.
    setup: Option<Setup>,
    /// The same as a picture.
    picture: String,
    required: bool,
    /// What people call the account of their organisation; empty when it opens nothing here.
    account: String,
    /// Since when it opens this person's desk.
    connected: Option<Millis>,
    problem: String,
    tokens: Vec<ApiToken>,
    /// A token that was just made.
    fresh: String,
}

#[derive(Deserialize)]
pub(super) struct MeQuery {
    done: Option<String>,
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    jar: CookieJar,
    Query(query): Query<MeQuery>,
) -> Page {
    show(&pipeline, user, &jar, query.done, String::new(), String::new()).await
}

async fn show(pipeline: &Pipeline, user: User, jar: &CookieJar, done: Option<String>, problem: String, fresh: String) -> Page {
    let setup = users::set_up_second_factor(pipeline, &user).await?;
    let code = setup.as_ref().and_then(|setup| QrCode::new(setup.address.as_bytes()).ok());
    // The drawing without its XML heading, to stand inside the page.
    let picture = code.map(|code| code.render::<svg::Color<'_>>().min_dimensions(200, 200).build()).unwrap_or_default();
    let picture = picture.find("<svg").and_then(|start| picture.get(start..)).unwrap_or_default().to_owned();
    let oidc = &pipeline.config.oidc;
    html(&MePage {
        sessions: sessions(&pipeline.store, user.id, pipeline.clock().now()).await?,
        here: token(jar).map(|token| sha256_hex(token.as_bytes())).unwrap_or_default(),
        setup,
        picture,
        required: pipeline.config.web.require_second_factor,
        account: if oidc.is_on() { oidc.name.clone() } else { String::new() },
        connected: crate::store::oidc::connected_since(&pipeline.store, user.id).await?,
        problem,
        tokens: api::tokens(&pipeline.store, user.id, pipeline.clock().now()).await?,
        fresh,
        f: Frame::new(user, "me", done),
    })
}

pub(super) async fn refused(pipeline: &Pipeline, user: User, jar: &CookieJar, error: PipelineError) -> Page {
    let PipelineError::Refused(why) = error else { return Err(error.into()) };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(pipeline, user, jar, None, why, String::new()).await?).into_response())
}

/// Too many passwords were tried.
pub(super) async fn slow(pipeline: &Pipeline, user: User, jar: &CookieJar) -> Page {
    let slow = Text::new(user.language).m("sign-in-slow");
    Ok((StatusCode::TOO_MANY_REQUESTS, show(pipeline, user, jar, None, slow, String::new()).await?).into_response())
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    old: String,
    new: String,
}

pub(super) async fn password(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    jar: CookieJar,
    Form(form): Form<PasswordForm>,
) -> Page {
    match users::change_password(&pipeline, &user, &form.old, &form.new).await {
        Ok(()) => Ok(Redirect::to("/sign-in").into_response()),
        Err(error) => refused(&pipeline, user, &jar, error).await,
    }
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    code: String,
}

pub(super) async fn second_factor(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    jar: CookieJar,
    Form(form): Form<CodeForm>,
) -> Page {
    match users::confirm_second_factor(&pipeline, &user, &form.code).await {
        Ok(()) => Ok(Redirect::to("/me?done=second-factor").into_response()),
        Err(error) => refused(&pipeline, user, &jar, error).await,
    }
}

#[derive(Deserialize)]
pub(super) struct SessionForm {
    session: String,
}

pub(super) async fn end_session(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Form(form): Form<SessionForm>,
) -> Page {
    users::end_session(&pipeline, &user, &form.session).await?;
    Ok(Redirect::to("/me?done=saved").into_response())
}

#[derive(Deserialize)]
pub(super) struct ZoneForm {
    zone: Zone,
}

pub(super) async fn zone(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<ZoneForm>) -> Page {
    users::set_zone(&pipeline, &user, form.zone).await?;
    Ok(Redirect::to("/me?done=saved").into_response())
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    name: String,
    days: u32,
    writes: Option<String>,
    password: String,
}

/// Makes an API token; the page shows it once.
pub(super) async fn make_token(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Extension(attempts): Extension<Attempts>,
    jar: CookieJar,
    Form(form): Form<TokenForm>,
) -> Page {
    let writes = form.writes.is_some();
    if !attempts.allows(&format!("token of {}", user.name)) {
        return slow(&pipeline, user, &jar).await;
    }
    match crate::pipeline::api::make_token(&pipeline, &user, &form.password, &form.name, writes, form.days).await {
        Ok(fresh) => show(&pipeline, user, &jar, None, String::new(), fresh).await,
        Err(error) => refused(&pipeline, user, &jar, error).await,
    }
}

/// Ends one of one's own tokens.
pub(super) async fn end_token(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    crate::pipeline::api::revoke(&pipeline, &user, id).await?;
    Ok(Redirect::to("/me?done=saved").into_response())
}
