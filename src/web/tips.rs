//! The pages without an account: reporting a post, asking what became of it, and uploads of associations. And what the
//! desk shows of reports: screenshots to reviewers, names to administrators.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{ConnectInfo, Form, Multipart, Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::IntoResponse as _;
use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::uploads;
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

type Limit = Option<Arc<RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>>>;

/// Counts by network address, reports and questions apart: wrong tickets keep nobody from reporting. Each desk process counts
/// by itself; the hour's limit of reports for all stands in the database.
#[derive(Clone)]
pub(super) struct Senders {
    reports: Limit,
    questions: Limit,
    /// The header in which a proxy names the visitor.
    header: Option<HeaderName>,
}

impl Senders {
    pub(super) fn new(config: &crate::config::Tips) -> Self {
        let limit = |hourly| NonZeroU32::new(hourly).map(|hourly| Arc::new(RateLimiter::hashmap(Quota::per_hour(hourly))));
        let hourly = config.hourly_from_one_address;
        Self { reports: limit(hourly), questions: limit(hourly.saturating_mul(5)), header: config.address_header.parse().ok() }
    }

    /// Who asks: as the proxy says, if there is one; of the newer addresses the network, which is one visitor's.
    fn visitor(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        let named =
            self.header.as_ref().and_then(|name| headers.get(name)?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        match named.unwrap_or_else(|| peer.ip()) {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 @ IpAddr::V4(_) => v4,
        }
    }

    /// Whether one more report or objection is taken from this visitor now.
    pub(super) fn may_send(&self, headers: &HeaderMap, peer: SocketAddr) -> bool {
        Self::allows(&self.reports, self.visitor(headers, peer))
    }

    /// Whether one more question with a ticket or key that is not known is answered to this visitor now.
    pub(super) fn may_ask(&self, headers: &HeaderMap, peer: SocketAddr) -> bool {
        Self::allows(&self.questions, self.visitor(headers, peer))
    }

    fn allows(limit: &Limit, address: IpAddr) -> bool {
        let Some(limit) = limit else { return true };
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
    pub(super) fn text(&self) -> Text {
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
        help: pipeline.config.ministry.on(pipeline.clock().now().in_jakarta().date()).help,
    }
}

pub(super) async fn form(State(pipeline): State<Pipeline>, Query(query): Query<LanguageQuery>) -> Page {
    html(&empty_page(&pipeline, query.text()))
}

pub(super) async fn submit(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Multipart,
) -> Page {
    // Nothing is read of a form that is not taken anyway.
    if !pipeline.config.tips.open {
        return Ok((StatusCode::FORBIDDEN, html(&empty_page(&pipeline, Text::new(Language::Indonesian)))?).into_response());
    }
    let (mut texts, screenshot) = uploads::read(form, BODY_LIMIT).await?;
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
    if !senders.may_send(&headers, peer) || !tips::has_room(&pipeline).await? {
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

/// The ticket comes in the body: addresses end up in logs and histories. A ticket is too long to guess; the limit keeps
/// guessing from being a load.
pub(super) async fn status(
    State(pipeline): State<Pipeline>,
    Extension(senders): Extension<Senders>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<StatusForm>,
) -> Page {
    let t = Text::new(form.lang.unwrap_or(Language::Indonesian));
    let found = tips::outcome(&pipeline, &form.ticket).await?;
    if found.is_none() && !senders.may_ask(&headers, peer) {
        let page = StatusPage { t, ticket: form.ticket, found, problem: "report-slow" };
        return Ok((StatusCode::TOO_MANY_REQUESTS, html(&page)?).into_response());
    }
    let problem = if found.is_none() { "report-no-ticket" } else { "" };
    html(&StatusPage { t, ticket: form.ticket, found, problem })
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
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Multipart,
) -> Page {
    let (mut texts, file) = uploads::read(form, BODY_LIMIT).await?;
    let mut take = |name: &str| texts.remove(name).unwrap_or_default();
    let t = Text::new(take("lang").parse().unwrap_or(Language::Indonesian));
    let Some(partner) = tips::partner(&pipeline, &take("key")).await? else {
        let slow = !senders.may_ask(&headers, peer);
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

/// A screenshot, for everybody who signs in. It came from anybody, so nothing in it may run.
pub(super) async fn screenshot(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let closed = crate::store::named_queues::closed_to(&pipeline.store, &user).await?;
    if crate::store::tips::queues(&pipeline.store, TipId(id)).await?.iter().any(|queue| closed.contains(queue)) {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "this post stands in a queue that others work on".into()));
    }
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
