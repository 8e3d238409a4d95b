//! Signing in and out, the language of the pages, and who is asking.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::i18n::Text;
use super::view::html;
use crate::domain::user::{Language, User};
use crate::pipeline::users::SignIn;
use crate::pipeline::{Pipeline, users};

const COOKIE: &str = "sisir_session";

/// The signed-in person. Pages that take it send others to the sign-in form.
pub struct SignedIn(pub User);

impl FromRequestParts<Pipeline> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, PageError> {
        let token = token(&CookieJar::from_headers(&parts.headers)).ok_or(PageError::SignIn)?;
        let user = users::by_token(pipeline, &token).await?.ok_or(PageError::SignIn)?;
        // Until the second factor is there, only the page that sets it up is.
        let path = parts.uri.path();
        if pipeline.config.web.require_second_factor && !WITHOUT_CODE.iter().any(|open| path.starts_with(open)) {
            let factor = crate::store::users::second_factor(&pipeline.store, user.id).await?;
            if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
                return Err(PageError::SecondFactor);
            }
        }
        Ok(Self(user))
    }
}

/// What stays open to those who have to set up a second factor first.
const WITHOUT_CODE: [&str; 3] = ["/me", "/sign-out", "/language"];

/// The token of the session, out of the cookie.
pub(super) fn token(jar: &CookieJar) -> Option<String> {
    jar.get(COOKIE).map(|cookie| cookie.value().to_owned())
}

/// What the browser says it is.
pub(super) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

/// Slows guessing down: ten tries a name at once, then one every ten seconds. Each desk process counts by itself.
#[derive(Clone)]
pub(super) struct Attempts(Arc<RateLimiter<String, HashMapStateStore<String>, DefaultClock>>);

/// Names are forgotten when more than this many are remembered.
const NAMES: usize = 10_000;

impl Attempts {
    pub(super) fn new() -> Self {
        let quota = Quota::with_period(Duration::from_secs(10)).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
        Self(Arc::new(RateLimiter::hashmap(quota.allow_burst(NonZeroU32::MIN.saturating_add(9)))))
    }

    pub(super) fn allows(&self, name: &str) -> bool {
        if self.0.len() > NAMES {
            self.0.retain_recent();
        }
        self.0.check_key(&name.to_lowercase()).is_ok()
    }
}

#[derive(Template)]
#[template(path = "web/sign_in.html")]
struct SignInPage {
    t: Text,
    /// What went wrong, in the reader's language; empty for nothing.
    problem: String,
    name: String,
    /// What people call the account of their organisation; empty when it opens nothing here.
    account: String,
}

/// The sign-in form. `problem`: in the reader's language.
pub(super) fn shown(pipeline: &Pipeline, language: Language, status: StatusCode, problem: String, name: String) -> Page {
    let oidc = &pipeline.config.oidc;
    let account = if oidc.is_on() { oidc.name.clone() } else { String::new() };
    Ok((status, html(&SignInPage { t: Text::new(language), problem, name, account })?).into_response())
}

#[derive(Deserialize)]
pub(super) struct FormQuery {
    pub(super) lang: Option<Language>,
}

pub(super) async fn form(State(pipeline): State<Pipeline>, Query(query): Query<FormQuery>) -> Page {
    let language = query.lang.unwrap_or(Language::Indonesian);
    shown(&pipeline, language, StatusCode::OK, String::new(), String::new())
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    lang: Option<Language>,
}

pub(super) async fn sign_in(
    State(pipeline): State<Pipeline>,
    Extension(attempts): Extension<Attempts>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<Credentials>,
) -> Page {
    let language = form.lang.unwrap_or(Language::Indonesian);
    let t = Text::new(language);
    if !attempts.allows(form.name.trim()) {
        return shown(&pipeline, language, StatusCode::TOO_MANY_REQUESTS, t.m("sign-in-slow"), form.name);
    }
    let (token, to) = match users::sign_in(&pipeline, form.name.trim(), &form.password, agent(&headers)).await? {
        SignIn::Open(token) => (token, "/"),
        SignIn::NeedsCode(token) => (token, "/sign-in/code"),
        SignIn::Wrong => {
            return shown(&pipeline, language, StatusCode::UNAUTHORIZED, t.m("sign-in-wrong"), form.name);
        }
    };
    Ok((jar.add(cookie(&pipeline, token)), Redirect::to(to)).into_response())
}

pub(super) fn cookie(pipeline: &Pipeline, token: String) -> Cookie<'static> {
    let cookie = Cookie::build((COOKIE, token)).path("/").http_only(true).same_site(SameSite::Strict);
    cookie.secure(pipeline.config.web.secure_cookies).build()
}

#[derive(Template)]
#[template(path = "web/sign_in_code.html")]
struct CodePage {
    t: Text,
    problem: &'static str,
}

/// Asks for the code of the second factor.
pub(super) async fn code_form(State(pipeline): State<Pipeline>, jar: CookieJar) -> Page {
    let token = token(&jar).ok_or(PageError::SignIn)?;
    let user = users::waiting_for_code(&pipeline, &token).await?.ok_or(PageError::SignIn)?;
    html(&CodePage { t: Text::new(user.language), problem: "" })
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    code: String,
}

/// Takes the code: the session gets a new token.
pub(super) async fn code(
    State(pipeline): State<Pipeline>,
    Extension(attempts): Extension<Attempts>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<CodeForm>,
) -> Page {
    let waiting = token(&jar).ok_or(PageError::SignIn)?;
    let user = users::waiting_for_code(&pipeline, &waiting).await?.ok_or(PageError::SignIn)?;
    let t = Text::new(user.language);
    if !attempts.allows(&format!("code of {}", user.name)) {
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&CodePage { t, problem: "sign-in-slow" })?).into_response());
    }
    match users::confirm(&pipeline, &waiting, &form.code, agent(&headers)).await? {
        Some(token) => Ok((jar.add(cookie(&pipeline, token)), Redirect::to("/")).into_response()),
        None => Ok((StatusCode::UNAUTHORIZED, html(&CodePage { t, problem: "code-wrong" })?).into_response()),
    }
}

pub(super) async fn sign_out(State(pipeline): State<Pipeline>, jar: CookieJar) -> Page {
    if let Some(cookie) = jar.get(COOKIE) {
        users::sign_out(&pipeline, cookie.value()).await?;
    }
    Ok((jar.remove(Cookie::build(COOKIE).path("/")), Redirect::to("/sign-in")).into_response())
}

#[derive(Deserialize)]
pub(super) struct LanguageForm {
    lang: Language,
    back: String,
}

pub(super) async fn language(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<LanguageForm>) -> Page {
    users::set_language(&pipeline, &user, form.lang).await?;
    // Only back into the desk itself.
    let back = if form.back.starts_with('/') && !form.back.starts_with("//") && !form.back.contains('\\') {
        form.back
    } else {
        "/".into()
    };
    Ok(Redirect::to(&back).into_response())
}
