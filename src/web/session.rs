//! Signing in and out, the language of the pages, and who is asking.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Form, FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
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
use crate::pipeline::{Pipeline, users};

const COOKIE: &str = "sisir_session";

/// The signed-in person. Pages that take it send others to the sign-in form.
pub struct SignedIn(pub User);

impl FromRequestParts<Pipeline> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, pipeline: &Pipeline) -> Result<Self, PageError> {
        let jar = CookieJar::from_headers(&parts.headers);
        let token = jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).ok_or(PageError::SignIn)?;
        users::by_token(pipeline, &token).await?.map(SignedIn).ok_or(PageError::SignIn)
    }
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

    fn allows(&self, name: &str) -> bool {
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
    /// Text key of what went wrong; empty for nothing.
    problem: &'static str,
    name: String,
}

#[derive(Deserialize)]
pub(super) struct FormQuery {
    lang: Option<Language>,
}

pub(super) async fn form(Query(query): Query<FormQuery>) -> Page {
    html(&SignInPage { t: Text::new(query.lang.unwrap_or(Language::Indonesian)), problem: "", name: String::new() })
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
    jar: CookieJar,
    Form(form): Form<Credentials>,
) -> Page {
    let t = Text::new(form.lang.unwrap_or(Language::Indonesian));
    if !attempts.allows(form.name.trim()) {
        let page = SignInPage { t, problem: "sign-in-slow", name: form.name };
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&page)?).into_response());
    }
    let Some(token) = users::sign_in(&pipeline, form.name.trim(), &form.password).await? else {
        let page = SignInPage { t, problem: "sign-in-wrong", name: form.name };
        return Ok((StatusCode::UNAUTHORIZED, html(&page)?).into_response());
    };
    let cookie = Cookie::build((COOKIE, token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(pipeline.config.web.secure_cookies);
    Ok((jar.add(cookie), Redirect::to("/")).into_response())
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
