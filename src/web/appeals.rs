//! Objections: the public page, without an account, and the desk's page that answers one.

use std::net::SocketAddr;

use askama::Template;
use axum::Extension;
use axum::extract::{ConnectInfo, Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect};
use serde::Deserialize;

use super::corrections::reasons;
use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::tips::{LanguageQuery, Senders};
use super::view::{Frame, html};
use crate::domain::appeal::{Appeal, AppealOutcome, AppealProblem};
use crate::domain::batch::Batch;
use crate::domain::decision::Reason;
use crate::domain::ids::AppealId;
use crate::domain::post::Post;
use crate::domain::user::Language;
use crate::pipeline::appeals::{self, Written};
use crate::pipeline::corrections::Why;
use crate::pipeline::{Pipeline, batch};
use crate::store::{appeals as rows, batches, flags, posts};

#[derive(Template)]
#[template(path = "web/appeal.html")]
struct FormPage {
    t: Text,
    open: bool,
    problems: Vec<AppealProblem>,
    /// Text key of what keeps objections from being taken now; empty for nothing.
    refused: &'static str,
    sent: Written,
    /// Given after an objection was taken.
    ticket: String,
    help: String,
}

fn empty_page(pipeline: &Pipeline, t: Text) -> FormPage {
    FormPage {
        t,
        open: pipeline.config.appeals.open,
        problems: Vec::new(),
        refused: "",
        sent: Written::default(),
        ticket: String::new(),
        help: pipeline.config.ministry.on(pipeline.clock().now().in_jakarta().date()).help,
    }
}

pub(super) async fn form(State(pipeline): State<Pipeline>, Query(query): Query<LanguageQuery>) -> Page {
    html(&empty_page(&pipeline, query.text()))
}

#[derive(Deserialize)]
pub(super) struct AppealForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    statement: String,
    lang: Option<Language>,
}

pub(super) async fn submit(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<AppealForm>,
) -> Page {
    let page = empty_page(&pipeline, Text::new(form.lang.unwrap_or(Language::Indonesian)));
    if !page.open {
        return Ok((StatusCode::FORBIDDEN, html(&page)?).into_response());
    }
    let written = Written { name: form.name, contact: form.contact, subject: form.subject, statement: form.statement };
    if !senders.may_send(&headers, peer) || !appeals::has_room(&pipeline).await? {
        let page = FormPage { refused: "report-slow", sent: written, ..page };
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&page)?).into_response());
    }
    match appeals::submit(&pipeline, &written).await? {
        Ok(ticket) => html(&FormPage { ticket, ..page }),
        Err(problems) => {
            let page = FormPage { problems, sent: written, ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "web/appeal_status.html")]
struct StatusPage {
    t: Text,
    ticket: String,
    found: Option<Appeal>,
    /// Text key of what is wrong; empty for nothing.
    problem: &'static str,
}

#[derive(Deserialize)]
pub(super) struct StatusForm {
    ticket: String,
    lang: Option<Language>,
}

pub(super) async fn status_form(Query(query): Query<LanguageQuery>) -> Page {
    html(&StatusPage { t: query.text(), ticket: String::new(), found: None, problem: "" })
}

/// The ticket comes in the body: addresses end up in logs and histories.
pub(super) async fn status(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<StatusForm>,
) -> Page {
    let t = Text::new(form.lang.unwrap_or(Language::Indonesian));
    let found = appeals::by_ticket(&pipeline, &form.ticket).await?;
    if found.is_none() && !senders.may_ask(&headers, peer) {
        let page = StatusPage { t, ticket: form.ticket, found, problem: "report-slow" };
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&page)?).into_response());
    }
    let problem = if found.is_none() { "appeal-no-ticket" } else { "" };
    html(&StatusPage { t, ticket: form.ticket, found, problem })
}

#[derive(Template)]
#[template(path = "web/appeal_answer.html")]
struct AnswerPage {
    f: Frame,
    appeal: Appeal,
    case_id: String,
    post: Option<Post>,
    /// Letters about the post.
    letters: Vec<Batch>,
    /// Answers that are possible.
    outcomes: Vec<AppealOutcome>,
    reasons: Vec<Reason>,
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let store = &pipeline.store;
    let appeal = rows::get(store, AppealId(id)).await?.ok_or(PageError::NotFound)?;
    let (mut post, mut letters) = (None, Vec::new());
    if let Some(flag) = appeal.flag_id {
        if let Some(found) = flags::get(store, flag).await? {
            post = posts::get(store, found.post_id).await?;
        }
        letters = batches::sent_with(store, flag).await?;
    }
    let fits = |outcome: &AppealOutcome| (*outcome == AppealOutcome::NotOurs) == appeal.flag_id.is_none();
    html(&AnswerPage {
        case_id: appeal.flag_id.map(batch::case_id).unwrap_or_default(),
        outcomes: AppealOutcome::ALL.iter().copied().filter(fits).collect(),
        reasons: reasons(),
        post,
        letters,
        appeal,
        f: Frame::new(user, "corrections", None),
    })
}

#[derive(Deserialize)]
pub(super) struct AnswerForm {
    outcome: AppealOutcome,
    answer: String,
    reason: Reason,
}

pub(super) async fn answer(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<AnswerForm>,
) -> Page {
    let why = Why { reason: form.reason, note: String::new() };
    let drafted = appeals::answer(&pipeline, &user, AppealId(id), form.outcome, &form.answer, &why).await?;
    let to = drafted
        .map_or_else(|| "/corrections?done=appeal-answered".to_owned(), |batch| format!("/batches/{}?done=rendered", batch.id));
    Ok(Redirect::to(&to).into_response())
}

#[derive(Template)]
#[template(path = "web/appellant.html")]
struct AppellantPage {
    f: Frame,
    id: i64,
    found: Option<(String, String)>,
}

pub(super) async fn appellant(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let found = appeals::appellant(&pipeline, &user, AppealId(id)).await?;
    html(&AppellantPage { f: Frame::new(user, "corrections", None), id, found })
}
