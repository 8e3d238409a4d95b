//! The JSON API (`/api/v1`): what the desk does with posts, for other programs of the ministry. No token signs.
//!
//! Errors are problem details (RFC 9457). The description is `OpenAPI` 3.1, made from the handlers, at `/api/openapi.json`.

mod batches;
mod events;
mod flags;
mod page;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::PageError;
use crate::domain::sha256_hex;
use crate::domain::user::User;
use crate::pipeline::{Pipeline, PipelineError, api as tokens};
use crate::store::api as rows;
use crate::store::{StoreError, api::ApiToken};

pub(super) use page::page;

/// Requests a token may make at once, and then each second.
const BURST: u32 = 60;
/// Largest answer that is kept for a repeated request, bytes.
const ANSWER_LIMIT: usize = 1 << 20;
/// A request whose first try has no answer after this long is tried again.
const LOST_AFTER: std::time::Duration = std::time::Duration::from_mins(1);

/// What went wrong, in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Short name of the problem.
    title: String,
    /// HTTP status.
    status: u16,
    /// What it is and how to mend it.
    detail: String,
}

/// An answer that is not the one asked for.
#[derive(Debug)]
pub(super) struct ApiError(StatusCode, String);

impl ApiError {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(status, detail.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let title = self.0.canonical_reason().unwrap_or("Error").to_owned();
        let problem = Problem { title, status: self.0.as_u16(), detail: self.1 };
        (self.0, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
    }
}

impl From<PipelineError> for ApiError {
    fn from(error: PipelineError) -> Self {
        match PageError::from(error) {
            PageError::NotFound => Self::new(StatusCode::NOT_FOUND, "there is no such thing"),
            PageError::Refused(status, why) => Self::new(status, why),
            PageError::SignIn | PageError::SecondFactor => Self::new(StatusCode::UNAUTHORIZED, "a token is needed"),
            PageError::Internal(cause) => {
                tracing::error!("API request failed: {cause}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "our fault; the log says more")
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        PipelineError::from(error).into()
    }
}

macro_rules! rejections {
    ($($rejection:ty),+) => {$(
        impl From<$rejection> for ApiError {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), rejection.body_text())
            }
        }
    )+};
}
rejections!(JsonRejection, PathRejection, QueryRejection);

/// A body, an address and a query whose problems are problem details too.
mod extract {
    #[derive(axum::extract::FromRequest)]
    #[from_request(via(axum::Json), rejection(super::ApiError))]
    pub(in super::super) struct Json<T>(pub T);
    #[derive(axum::extract::FromRequestParts)]
    #[from_request(via(axum::extract::Path), rejection(super::ApiError))]
    pub(in super::super) struct Path<T>(pub T);
    #[derive(axum::extract::FromRequestParts)]
    #[from_request(via(axum::extract::Query), rejection(super::ApiError))]
    pub(in super::super) struct Query<T>(pub T);
}

/// Whose token a request carries.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    user: User,
    token: ApiToken,
}

impl Caller {
    /// The person, if the token may also decide.
    fn writer(&self) -> Result<&User, ApiError> {
        if self.token.writes {
            return Ok(&self.user);
        }
        Err(ApiError::new(StatusCode::FORBIDDEN, "this token only reads; make one that may decide"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::new(StatusCode::UNAUTHORIZED, "a token is needed"))
    }
}

type Limiter = Arc<RateLimiter<i64, HashMapStateStore<i64>, DefaultClock>>;

/// Finds the caller, keeps each token to its pace, and answers repeated requests with the first answer.
async fn gate(State((pipeline, limiter)): State<(Pipeline, Limiter)>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = sent.and_then(|sent| sent.strip_prefix("Bearer ")).map(str::trim) else {
        return unknown("send `Authorization: Bearer TOKEN`; people make tokens on their account page");
    };
    let caller = match tokens::by_token(&pipeline, token).await {
        Ok(Some((user, token))) => Caller { user, token },
        Ok(None) => return unknown("this token is unknown, has ended, or its owner's account is switched off"),
        Err(error) => return ApiError::from(error).into_response(),
    };
    if limiter.check_key(&caller.token.id).is_err() {
        let mut slow =
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "at most one request a second over a longer time").into_response();
        slow.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return slow;
    }
    request.extensions_mut().insert(caller.clone());
    let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
    match key {
        Some(key) if request.method() == Method::POST => {
            once(&pipeline, &caller, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

fn unknown(detail: &str) -> Response {
    let mut answer = ApiError::new(StatusCode::UNAUTHORIZED, detail).into_response();
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

/// Does a request with an Idempotency-Key once. What a use case guards (`decision` and `text_sha256` that were seen) makes
/// a second try after a crash harmless too.
async fn once(pipeline: &Pipeline, caller: &Caller, key: &str, request: Request, next: Next) -> Result<Response, ApiError> {
    if key.is_empty() || key.len() > 100 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "an Idempotency-Key has 1 to 100 letters, digits or signs"));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, super::BODY_LIMIT)
        .await
        .map_err(|_| ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"))?;
    let fingerprint =
        sha256_hex(&[parts.method.as_str().as_bytes(), b" ", parts.uri.to_string().as_bytes(), b"\n", &body].concat());
    let user = caller.user.id;
    let mut tx = pipeline.store.write_tx().await?;
    let first = rows::begin_request(&mut tx, user, key, &fingerprint).await?;
    tx.commit_housekeeping().await?;
    if !first {
        let known = rows::request(&pipeline.store, user, key).await?;
        let known = known.ok_or_else(|| ApiError::new(StatusCode::CONFLICT, "this request is being answered; ask again"))?;
        if known.request_sha256 != fingerprint {
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "this Idempotency-Key was used for another request"));
        }
        if let (Some(status), Some(body)) = (known.status.and_then(|status| u16::try_from(status).ok()), known.body) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
            return Ok((status, [("content-type", kind), ("idempotent-replayed", "true")], body).into_response());
        }
        let mut tx = pipeline.store.write_tx().await?;
        let lost = tx.now().since(known.began_at) > LOST_AFTER;
        let ours = lost && rows::retake_request(&mut tx, user, key, known.began_at).await?;
        tx.commit_housekeeping().await?;
        if !ours {
            return Err(ApiError::new(StatusCode::CONFLICT, "this request is being answered; ask again in a minute"));
        }
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, ANSWER_LIMIT).await.map_err(|error| ApiError::from(PipelineError::Task(error.to_string())))?;
    let mut tx = pipeline.store.write_tx().await?;
    if parts.status.is_server_error() || matches!(parts.status, StatusCode::FORBIDDEN | StatusCode::CONFLICT) {
        // What may go another way the next time is not kept: the same key may try again.
        rows::forget_request(&mut tx, user, key).await?;
    } else {
        rows::answer_request(&mut tx, user, key, i32::from(parts.status.as_u16()), &String::from_utf8_lossy(&body)).await?;
    }
    tx.commit_housekeeping().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Made on the account page of the desk, shown once."));
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Sisir", description = "Flagged posts, decisions and packages, for other programs of the ministry. \
        A program can read and, with a token for it, decide in the name of a person; signing takes a person at a page. \
        POST requests may carry an `Idempotency-Key`: the same key with the same request is done once. \
        Errors are problem details (RFC 9457)."),
    modifiers(&Bearer),
    security(("token" = [])),
    tags((name = "flags", description = "Posts that rules flagged."), (name = "batches", description = "Packages for platforms."),
        (name = "events", description = "The log, without people and their sessions; webhooks send the same."))
)]
struct Document;

fn parts() -> (axum::Router<Pipeline>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(flags::list))
        .routes(routes!(flags::get))
        .routes(routes!(flags::decide))
        .routes(routes!(flags::refer))
        .routes(routes!(flags::undo))
        .routes(routes!(batches::list))
        .routes(routes!(batches::get))
        .routes(routes!(events::list))
        .split_for_parts()
}

/// The description of the API.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    parts().1
}

pub(super) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

/// Routes of the API.
pub(super) fn router(pipeline: &Pipeline) -> axum::Router<Pipeline> {
    let per_second = NonZeroU32::MIN;
    let limiter: Limiter =
        Arc::new(RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(per_second.saturating_add(BURST - 1))));
    let gated = axum::middleware::from_fn_with_state((pipeline.clone(), limiter), gate);
    parts().0.layer(gated)
}
