//! What a person sees when something goes wrong: a fixed text and a reference. The chain of causes goes to the log.

use std::any::Any;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;

use super::i18n::Text;
use crate::domain::user::Language;
use crate::pipeline::{Pipeline, PipelineError, users};
use crate::store::StoreError;

/// An answer that is not the page asked for.
#[derive(Debug)]
pub enum PageError {
    /// Sign in first.
    SignIn,
    /// Set up a second factor first.
    SecondFactor,
    /// There is no such thing.
    NotFound,
    /// Not possible; the text is for the person.
    Refused(StatusCode, String),
    /// Our fault.
    Internal(String),
}

/// A result of a page.
pub type Page = Result<Response, PageError>;

impl From<PipelineError> for PageError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Store(StoreError::NotFound(_)) => Self::NotFound,
            PipelineError::Store(StoreError::Refused(why)) | PipelineError::Refused(why) => {
                Self::Refused(StatusCode::CONFLICT, why)
            }
            PipelineError::Forbidden(why) => Self::Refused(StatusCode::FORBIDDEN, why.to_owned()),
            PipelineError::NotSigned(why) => Self::Refused(StatusCode::CONFLICT, why.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        PipelineError::from(error).into()
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(format!("template: {error}"))
    }
}

#[derive(Template)]
#[template(path = "web/error.html")]
struct ErrorPage {
    t: Text,
    heading: &'static str,
    detail: String,
    reference: String,
}

/// A number to tell the operator, found again in the log.
fn reference(cause: &str) -> String {
    crate::domain::sha256_hex(format!("{cause}{:?}", std::thread::current().id()).as_bytes())
        .get(..8)
        .unwrap_or_default()
        .to_owned()
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, heading, detail, reference) = match self {
            Self::SignIn => return axum::response::Redirect::to("/sign-in").into_response(),
            Self::SecondFactor => return axum::response::Redirect::to("/me#second-factor").into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "error-not-found", String::new(), String::new()),
            Self::Refused(status, why) => (status, "error-refused", why, String::new()),
            Self::Internal(cause) => {
                let reference = reference(&cause);
                tracing::error!(reference, "page failed: {cause}");
                (StatusCode::INTERNAL_SERVER_ERROR, "error-internal", String::new(), reference)
            }
        };
        let shown = Shown { heading, detail, reference };
        let mut answer = (status, shown.page(Language::Indonesian)).into_response();
        answer.extensions_mut().insert(shown);
        answer
    }
}

/// What an error page says: it travels with the answer, so that it can be said in the reader's language.
#[derive(Debug, Clone)]
struct Shown {
    heading: &'static str,
    detail: String,
    reference: String,
}

impl Shown {
    fn page(&self, language: Language) -> Html<String> {
        let t = Text::new(language);
        let detail = t.refusal(&self.detail);
        let page = ErrorPage { t, heading: self.heading, detail, reference: self.reference.clone() };
        Html(page.render().unwrap_or_else(|_| "Sisir".to_owned()))
    }
}

/// Says errors in the language of who is signed in. A handler that fails knows nothing of its reader.
pub(super) async fn in_language_of_reader(
    State(pipeline): State<Pipeline>,
    jar: CookieJar,
    request: Request,
    next: Next,
) -> Response {
    let answer = next.run(request).await;
    let Some(shown) = answer.extensions().get::<Shown>().cloned() else { return answer };
    let Some(token) = super::session::token(&jar) else { return answer };
    match users::by_token(&pipeline, &token).await {
        Ok(Some(user)) if user.language != Language::Indonesian => (answer.status(), shown.page(user.language)).into_response(),
        _ => answer,
    }
}

pub(super) async fn not_found(_uri: Uri) -> PageError {
    PageError::NotFound
}

/// A panic is a bug: it is logged with its words and shown as an internal error.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let words = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    PageError::Internal(format!("panic: {}", words.unwrap_or("without words"))).into_response()
}
