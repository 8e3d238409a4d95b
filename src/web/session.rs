//! Signing in and out, the language of the pages, and who is asking.

use askama::Template;
use axum::extract::{Form, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
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

#[derive(Template)]
#[template(path = "web/sign_in.html")]
struct SignInPage {
    t: Text,
    wrong: bool,
    name: String,
}

#[derive(Deserialize)]
pub(super) struct FormQuery {
    lang: Option<Language>,
}

pub(super) async fn form(Query(query): Query<FormQuery>) -> Page {
    html(&SignInPage { t: Text::new(query.lang.unwrap_or(Language::Indonesian)), wrong: false, name: String::new() })
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    lang: Option<Language>,
}

pub(super) async fn sign_in(State(pipeline): State<Pipeline>, jar: CookieJar, Form(form): Form<Credentials>) -> Page {
    if let Some(token) = users::sign_in(&pipeline, form.name.trim(), &form.password).await? {
        let cookie = Cookie::build((COOKIE, token))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(pipeline.config.web.secure_cookies);
        Ok((jar.add(cookie), Redirect::to("/")).into_response())
    } else {
        let page = SignInPage { t: Text::new(form.lang.unwrap_or(Language::Indonesian)), wrong: true, name: form.name };
        Ok((axum::http::StatusCode::UNAUTHORIZED, html(&page)?).into_response())
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
