//! Signing in with the account of an organisation: to the provider and back.

use std::num::NonZeroU32;
use std::sync::LazyLock;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Deserialize;

use super::error::Page;
use super::i18n::Text;
use super::me;
use super::session::{self, Attempts, FormQuery, SignedIn};
use super::view::html;
use crate::domain::user::Language;
use crate::pipeline::oidc::{self, Answer, Back};
use crate::pipeline::users::SignIn;
use crate::pipeline::{Pipeline, PipelineError};

const COOKIE: &str = "sisir_oidc";

/// Everyone can begin a sign-in, and each asks the provider: a hundred at once, then one a second. Each desk process
/// counts by itself.
static STARTS: LazyLock<DefaultDirectRateLimiter> =
    LazyLock::new(|| RateLimiter::direct(Quota::per_second(NonZeroU32::MIN).allow_burst(NonZeroU32::MIN.saturating_add(99))));

/// A page that leads on at once. A redirect would not do: the desk's cookie is not sent along a way that began at
/// another site (`SameSite=Strict`), and a form of ours may not lead to one (`form-action`).
#[derive(Template)]
#[template(path = "web/onward.html")]
struct Onward {
    t: Text,
    to: String,
}

/// The cookie of a sign-in. `Lax`: it has to come along when the provider sends the person back.
fn cookie(pipeline: &Pipeline, browser: String) -> Cookie<'static> {
    let cookie = Cookie::build((COOKIE, browser)).path("/sign-in/oidc").http_only(true).same_site(SameSite::Lax);
    cookie.secure(pipeline.config.web.secure_cookies).build()
}

/// Sends a person to the provider.
pub(super) async fn begin(State(pipeline): State<Pipeline>, Query(query): Query<FormQuery>, jar: CookieJar) -> Page {
    let language = query.lang.unwrap_or(Language::Indonesian);
    if STARTS.check().is_err() {
        let slow = Text::new(language).m("sign-in-busy");
        return session::shown(&pipeline, language, StatusCode::TOO_MANY_REQUESTS, slow, String::new());
    }
    match oidc::begin(&pipeline, language).await {
        Ok(begun) => Ok((jar.add(cookie(&pipeline, begun.browser)), Redirect::to(&begun.to)).into_response()),
        Err(PipelineError::Refused(why)) => refused(&pipeline, language, &why),
        Err(error) => Err(error.into()),
    }
}

fn refused(pipeline: &Pipeline, language: Language, why: &str) -> Page {
    let why = Text::new(language).refusal(why);
    session::shown(pipeline, language, StatusCode::UNAUTHORIZED, why, String::new())
}

#[derive(Deserialize)]
pub(super) struct BackQuery {
    #[serde(default)]
    state: String,
    code: Option<String>,
}

/// The provider sends a person back.
pub(super) async fn back(
    State(pipeline): State<Pipeline>,
    Query(query): Query<BackQuery>,
    headers: HeaderMap,
    jar: CookieJar,
) -> Page {
    let browser = jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let jar = jar.remove(Cookie::build(COOKIE).path("/sign-in/oidc"));
    let Some(attempt) = oidc::take(&pipeline, &browser).await? else {
        let why = "this sign-in was begun in another browser or took too long; begin again";
        return Ok((jar, refused(&pipeline, Language::Indonesian, why)).into_response());
    };
    let language = attempt.language;
    let answer = Answer { state: &query.state, code: query.code.as_deref() };
    let onward = |to: &str| html(&Onward { t: Text::new(language), to: to.to_owned() });
    match oidc::finish(&pipeline, attempt, answer, session::agent(&headers)).await {
        Ok(Back::In(SignIn::Open(token))) => Ok((jar.add(session::cookie(&pipeline, token)), onward("/")?).into_response()),
        Ok(Back::In(SignIn::NeedsCode(token))) => {
            Ok((jar.add(session::cookie(&pipeline, token)), onward("/sign-in/code")?).into_response())
        }
        Ok(Back::Connected) => Ok((jar, onward("/me?done=connected")?).into_response()),
        Ok(Back::In(SignIn::Wrong)) => Ok((jar, Redirect::to("/sign-in")).into_response()),
        Err(PipelineError::Refused(why)) => Ok((jar, refused(&pipeline, language, &why)).into_response()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct ConnectForm {
    password: String,
}

/// Begins to connect an account with the signed-in person.
pub(super) async fn connect(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Extension(attempts): Extension<Attempts>,
    jar: CookieJar,
    Form(form): Form<ConnectForm>,
) -> Page {
    if !attempts.allows(&format!("account of {}", user.name)) {
        return me::slow(&pipeline, user, &jar).await;
    }
    match oidc::begin_to_connect(&pipeline, &user, &form.password).await {
        Ok(begun) => {
            let page = html(&Onward { t: Text::new(user.language), to: begun.to })?;
            Ok((jar.add(cookie(&pipeline, begun.browser)), page).into_response())
        }
        Err(error) => me::refused(&pipeline, user, &jar, error).await,
    }
}

/// Takes the connection of one's own account away.
pub(super) async fn disconnect(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    oidc::disconnect(&pipeline, &user).await?;
    Ok(Redirect::to("/me?done=saved").into_response())
}
