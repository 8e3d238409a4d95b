//! The pages without an account: reporting a post, asking what became of it, and uploads of associations. And what the
//! desk shows of reports: screenshots to reviewers, names to administrators.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::multipart::MultipartError;
use axum::extract::{ConnectInfo, Form, Multipart, Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse as _;
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::ids::TipId;
use crate::domain::tip::{TipProblem, TipReason, TipStatus};
use crate::domain::user::Language;
use crate::pipeline::tips::{self, Report, Upload};
use crate::pipeline::{Pipeline, PipelineError};
use crate::store::tips::TipOutcome;

/// Largest report with its screenshot, bytes.
pub(super) const BODY_LIMIT: usize = 6 << 20;
/// Addresses are forgotten when more than this many are remembered.
const ADDRESSES: usize = 10_000;

/// Counts reports by network address. Each desk process counts by itself; the hour's limit for all stands in the database.
#[derive(Clone)]
pub(super) struct Senders(Option<Arc<RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>>>);

impl Senders {
    pub(super) fn new(hourly: u32) -> Self {
        let limit = NonZeroU32::new(hourly).map(|hourly| Arc::new(RateLimiter::hashmap(Quota::per_hour(hourly))));
        Self(limit)
    }

    fn allows(&self, address: IpAddr) -> bool {
        let Some(limit) = &self.0 else { return true };
        if limit.len() > ADDRESSES {
            limit.retain_recent();
        }
        limit.check_key(&address).is_ok()
    }
}

#[derive(Deserialize)]
pub(super) struct LanguageQuery {
    lang: Option<Language>,
}

impl LanguageQuery {
    fn text(&self) -> Text {
        Text::new(self.lang.unwrap_or(Language::Indonesian))
    }
}

#[derive(Template)]
#[template(path = "web/report.html")]
struct ReportPage {
    t: Text,
    open: bool,
    problems: Vec<TipProblem>,
    /// Text key of what keeps reports from being taken now; empty for nothing.
    refused: &'static str,
    sent: Report,
    /// Given after a report was taken.
    ticket: String,
    help: String,
}

impl ReportPage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn chose(&self, reason: &TipReason) -> bool {
        self.sent.reason.as_ref() == Some(reason)
    }
}

fn empty_page(pipeline: &Pipeline, t: Text) -> ReportPage {
    ReportPage {
        t,
        open: pipeline.config.tips.open,
        problems: Vec::new(),
        refused: "",
        sent: Report::default(),
        ticket: String::new(),
        help: pipeline.config.ministry.help.clone(),
    }
}

pub(super) async fn form(State(pipeline): State<Pipeline>, Query(query): Query<LanguageQuery>) -> Page {
    html(&empty_page(&pipeline, query.text()))
}

/// Text fields, and the file of a form.
async fn fields(mut form: Multipart) -> Result<(BTreeMap<String, String>, Vec<u8>), PageError> {
    let refuse = |error: MultipartError| PageError::Refused(error.status(), "the form is broken or too large (6 MiB)".into());
    let (mut texts, mut file) = (BTreeMap::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(refuse)? {
        let name = field.name().unwrap_or("").to_owned();
        if field.file_name().is_some() {
            file = field.bytes().await.map_err(refuse)?.to_vec();
        } else {
            texts.insert(name, field.text().await.map_err(refuse)?);
        }
    }
    Ok((texts, file))
}

pub(super) async fn submit(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    form: Multipart,
) -> Page {
    let (mut texts, screenshot) = fields(form).await?;
    let mut take = |name: &str| texts.remove(name).unwrap_or_default();
    let t = Text::new(take("lang").parse().unwrap_or(Language::Indonesian));
    let reason = take("reason").parse::<TipReason>().ok();
    let report = Report {
        name: take("name"),
        contact: take("contact"),
        url: take("url"),
        note: take("note"),
        quoted: take("quoted"),
        reason,
        screenshot,
    };
    let page = empty_page(&pipeline, t);
    if !page.open {
        return Ok((StatusCode::FORBIDDEN, html(&page)?).into_response());
    }
    if !senders.allows(from.ip()) || !tips::has_room(&pipeline).await? {
        let page = ReportPage { refused: "report-slow", sent: report, ..page };
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&page)?).into_response());
    }
    match tips::submit(&pipeline, &report).await? {
        Ok(ticket) => html(&ReportPage { ticket, ..page }),
        Err(problems) => {
            let page = ReportPage { problems, sent: report, ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)?).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "web/report_status.html")]
struct StatusPage {
    t: Text,
    ticket: String,
    found: Option<TipOutcome>,
    asked: bool,
}

#[derive(Deserialize)]
pub(super) struct StatusForm {
    ticket: String,
    lang: Option<Language>,
}

pub(super) async fn status_form(Query(query): Query<LanguageQuery>) -> Page {
    html(&StatusPage { t: query.text(), ticket: String::new(), found: None, asked: false })
}

/// The ticket comes in the body: addresses end up in logs and histories.
pub(super) async fn status(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Form(form): Form<StatusForm>,
) -> Page {
    let t = Text::new(form.lang.unwrap_or(Language::Indonesian));
    let found = tips::outcome(&pipeline, &form.ticket).await?;
    // Guessing costs a place among the reports of the hour.
    if found.is_none() && !senders.allows(from.ip()) {
        return Err(PageError::Refused(StatusCode::TOO_MANY_REQUESTS, "too many tries; wait an hour".into()));
    }
    html(&StatusPage { t, ticket: form.ticket, found, asked: true })
}

#[derive(Template)]
#[template(path = "web/partner.html")]
struct PartnerPage {
    t: Text,
    /// Text key of what is wrong; empty for nothing.
    problem: &'static str,
    /// What is wrong with the file.
    file_problem: String,
    name: String,
    upload: Option<Upload>,
    outcomes: Vec<TipOutcome>,
}

impl PartnerPage {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates hand out references")]
    fn count(&self, status: &TipStatus) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == *status).count()
    }
}

fn partner_page(t: Text, problem: &'static str) -> PartnerPage {
    PartnerPage { t, problem, file_problem: String::new(), name: String::new(), upload: None, outcomes: Vec::new() }
}

pub(super) async fn partner_form(Query(query): Query<LanguageQuery>) -> Page {
    html(&partner_page(query.text(), ""))
}

pub(super) async fn template() -> Page {
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"templat-laporan.csv\"")];
    Ok((headers, format!("\u{feff}{}", tips::TEMPLATE)).into_response())
}

/// An upload, or, without a file, what became of earlier ones.
pub(super) async fn partner(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    form: Multipart,
) -> Page {
    let (mut texts, file) = fields(form).await?;
    let mut take = |name: &str| texts.remove(name).unwrap_or_default();
    let t = Text::new(take("lang").parse().unwrap_or(Language::Indonesian));
    let Some(partner) = tips::partner(&pipeline, &take("key")).await? else {
        let slow = !senders.allows(from.ip());
        let page = partner_page(t, if slow { "report-slow" } else { "partner-key-wrong" });
        return Ok((StatusCode::UNAUTHORIZED, html(&page)?).into_response());
    };
    let reason = take("reason").parse::<TipReason>().unwrap_or(TipReason::Other);
    let (upload, file_problem) = if file.is_empty() {
        (None, String::new())
    } else {
        match tips::upload(&pipeline, &partner, reason, &file).await {
            Ok(upload) => (Some(upload), String::new()),
            Err(PipelineError::Refused(why)) => (None, why),
            Err(error) => return Err(error.into()),
        }
    };
    let outcomes = tips::feedback(&pipeline, &partner).await?;
    html(&PartnerPage { name: partner.name, upload, file_problem, outcomes, ..partner_page(t, "") })
}

/// A screenshot, for reviewers. It came from anybody, so nothing in it may run.
pub(super) async fn screenshot(State(pipeline): State<Pipeline>, SignedIn(_): SignedIn, Path(id): Path<i64>) -> Page {
    let found = crate::store::tips::screenshot(&pipeline.store, TipId(id)).await?;
    let (media_type, bytes) = found.ok_or(PageError::NotFound)?;
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, media_type.as_str()), (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")];
    Ok((headers, bytes).into_response())
}

#[derive(Template)]
#[template(path = "web/reporter.html")]
struct ReporterPage {
    f: Frame,
    id: i64,
    found: Option<(String, String)>,
}

pub(super) async fn reporter(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let found = tips::reporter(&pipeline, &user, TipId(id)).await?;
    html(&ReporterPage { f: Frame::new(user, "queue", None), id, found })
}
