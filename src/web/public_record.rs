//! The monthly report: what the public reads, and the desk's page that publishes it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect};

use super::batches::DoneQuery;
use super::error::{Page, PageError};
use super::i18n::Text;
use super::session::SignedIn;
use super::tips::LanguageQuery;
use super::view::{Frame, html};
use crate::domain::public_report::{Month, PublicReport, Table};
use crate::pipeline::{Pipeline, public_record};
use crate::store::public_reports::Published;

/// What turns the labels of a table into words: the prefix of their text keys; empty for names.
fn labels(table: &str) -> &'static str {
    match table {
        "judged" => "reason",
        "letters" => "kind",
        "requested" => "",
        "answers" => "answer",
        "down" => "liveness",
        "appeals" => "appeal",
        "late" => "clock",
        _ => "record-row",
    }
}

/// A table as it is drawn.
struct Card {
    name: String,
    total: Option<u64>,
    bars: Vec<Bar>,
}

struct Bar {
    label: String,
    /// As it is told; none where it is left out.
    count: Option<u64>,
    /// 0 to 100.
    width: u64,
}

fn card(t: Text, table: &Table) -> Card {
    let largest = table.rows.iter().filter_map(|row| row.count).max().unwrap_or(0).max(1);
    let prefix = labels(&table.name);
    let label = |label: &str| match label.parse::<crate::domain::Platform>() {
        Ok(platform) if prefix.is_empty() => platform.label().to_owned(),
        _ => t.v(prefix, label),
    };
    let bars = table.rows.iter().filter(|row| row.count != Some(0)).map(|row| Bar {
        label: label(&row.label),
        count: row.count,
        width: row.count.unwrap_or(0) * 100 / largest,
    });
    Card { name: table.name.clone(), total: table.total, bars: bars.collect() }
}

fn cards(t: Text, report: &PublicReport) -> Vec<Card> {
    report.tables.iter().map(|table| card(t, table)).collect()
}

#[derive(Template)]
#[template(path = "web/public_report.html")]
struct PublicPage {
    t: Text,
    open: bool,
    reports: Vec<Published>,
    /// The one that is shown.
    report: Option<PublicReport>,
    cards: Vec<Card>,
}

impl PublicPage {
    fn path(&self) -> String {
        self.report.as_ref().map_or_else(|| "/laporan".to_owned(), |report| format!("/laporan/{}", report.month))
    }
}

/// The list of published reports, and the newest.
pub(super) async fn public(State(pipeline): State<Pipeline>, Query(query): Query<LanguageQuery>) -> Page {
    let t = query.text();
    let mut page = PublicPage { t, open: pipeline.config.record.open, reports: Vec::new(), report: None, cards: Vec::new() };
    if page.open {
        page.reports = public_record::published(&pipeline).await?;
        if let Some(newest) = page.reports.first().and_then(|newest| newest.month.parse().ok()) {
            page.report = public_record::read(&pipeline, newest).await?.map(|(_, report)| report);
            page.cards = page.report.iter().flat_map(|report| cards(t, report)).collect();
        }
    }
    html(&page)
}

/// A published report: `2026-11` as a page, `2026-11.json` as it was published, `2026-11.csv`.
pub(super) async fn public_one(
    State(pipeline): State<Pipeline>,
    Path(name): Path<String>,
    Query(query): Query<LanguageQuery>,
) -> Page {
    let (month, shape) = name.split_once('.').unwrap_or((name.as_str(), ""));
    let month: Month = month.parse().map_err(|_| PageError::NotFound)?;
    let found = if pipeline.config.record.open { public_record::read(&pipeline, month).await? } else { None };
    let (json, report) = found.ok_or(PageError::NotFound)?;
    let file = |media_type: &'static str, bytes: Vec<u8>| {
        let attachment = format!("attachment; filename=\"laporan-{month}.{shape}\"");
        Ok(([(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, attachment)], bytes).into_response())
    };
    match shape {
        "json" => file("application/json", json.into_bytes()),
        "csv" => file("text/csv; charset=utf-8", public_record::csv(&report)?),
        "" => {
            let t = query.text();
            let reports = public_record::published(&pipeline).await?;
            html(&PublicPage { t, open: true, reports, cards: cards(t, &report), report: Some(report) })
        }
        _ => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "web/record.html")]
struct RecordPage {
    f: Frame,
    /// Month, whether it is over, when it was published.
    months: Vec<(Month, bool, Option<Published>)>,
    open: bool,
}

pub(super) async fn list(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    let published = public_record::published(&pipeline).await?;
    let months = public_record::months(&pipeline).await?.into_iter().map(|(month, over)| {
        let found = published.iter().find(|one| one.month == month.to_string()).cloned();
        (month, over, found)
    });
    html(&RecordPage { months: months.collect(), open: pipeline.config.record.open, f: Frame::new(user, "figures", query.done) })
}

#[derive(Template)]
#[template(path = "web/record_month.html")]
struct MonthPage {
    f: Frame,
    report: PublicReport,
    cards: Vec<Card>,
    published: Option<Published>,
    /// Whether the reader may publish it now.
    may: bool,
}

fn month(text: &str) -> Result<Month, PageError> {
    text.parse().map_err(|why| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// A month as it would be published, or as it was.
pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(name): Path<String>) -> Page {
    let month = month(&name)?;
    let published = public_record::published(&pipeline).await?.into_iter().find(|one| one.month == month.to_string());
    let report = match public_record::read(&pipeline, month).await? {
        Some((_, report)) => report,
        None => public_record::count(&pipeline, month).await?,
    };
    let over = public_record::months(&pipeline).await?.contains(&(month, true));
    let f = Frame::new(user, "figures", None);
    html(&MonthPage {
        cards: cards(f.t, &report),
        may: over && published.is_none() && f.user.role.supervises(),
        report,
        published,
        f,
    })
}

pub(super) async fn publish(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(name): Path<String>) -> Page {
    public_record::publish(&pipeline, &user, month(&name)?).await?;
    Ok(Redirect::to("/record?done=published").into_response())
}
