//! The monthly report to the public: counted from the audit log, looked at by a supervisor, published once and never changed.

use std::time::Duration;

use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::public_report::{LogPlace, Month, PublicReport, Seen, Tally};
use crate::domain::sha256_hex;
use crate::domain::user::User;
use crate::store::public_reports::{self as rows, Published};
use crate::store::{StoreError, audit};

/// Events of the log that are read together.
const PAGE: i64 = 5_000;
/// A month is counted this long after its end: what began before it is written by then.
const SETTLED: Duration = Duration::from_hours(1);

/// Counts a month, whether it is over or not.
pub async fn count(pipeline: &Pipeline, month: Month) -> Result<PublicReport> {
    let (mut tally, mut place) = (Tally::default(), LogPlace::default());
    let mut after = 0;
    loop {
        let page = audit::page(&pipeline.store, after, PAGE).await?;
        // Up to the last event of the month: those between that are of later are read, and not counted.
        let last = page.iter().rposition(|event| event.at < month.end());
        let within = last.map_or(0, |last| last + 1);
        for event in page.iter().take(within) {
            tally.take(Seen { at: event.at, action: event.action.as_str(), subject: &event.subject, detail: &event.detail });
            place = LogPlace { events: event.seq, head: event.hash.clone() };
        }
        let Some(end) = page.last().filter(|_| within == page.len()) else { break };
        after = end.seq;
    }
    let ministry = pipeline.config.ministry.on(month.end().minus(Duration::from_secs(1)).in_jakarta().date()).name;
    Ok(tally.report(month, &ministry, place, pipeline.config.record.smallest))
}

/// Months that can be looked at, newest first: from the first event to now, with whether each is over.
pub async fn months(pipeline: &Pipeline) -> Result<Vec<(Month, bool)>> {
    let now = pipeline.clock().now();
    let Some(first) = audit::page(&pipeline.store, 0, 1).await?.into_iter().next() else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    let mut month = Month::of(first.at);
    while month <= Month::of(now) {
        all.push((month, is_over(pipeline, month)));
        month = month.next();
    }
    all.reverse();
    Ok(all)
}

fn is_over(pipeline: &Pipeline, month: Month) -> bool {
    month.end().plus(SETTLED) <= pipeline.clock().now()
}

/// Publishes a month. From then on its bytes are what they are.
pub async fn publish(pipeline: &Pipeline, user: &User, month: Month) -> Result<()> {
    allowed(user, user.role.supervises(), "only supervisors publish reports")?;
    if !is_over(pipeline, month) {
        return Err(PipelineError::Refused(
            "this month is not over; a report is published an hour after its end at the earliest".into(),
        ));
    }
    let report = count(pipeline, month).await?;
    let json = json(&report)?;
    let sha256 = sha256_hex(json.as_bytes());
    let name = month.to_string();
    let mut tx = pipeline.store.write_tx().await?;
    rows::insert(&mut tx, &name, &json, &sha256, user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::ReportPublished, format!("report:{name}"));
    Ok(tx.commit(event.detail(format!("sha256={sha256}"))).await?)
}

/// A report as its file.
fn json(report: &PublicReport) -> Result<String> {
    serde_json::to_string_pretty(report).map_err(|error| PipelineError::Task(error.to_string()))
}

/// Every published report, newest first.
pub async fn published(pipeline: &Pipeline) -> Result<Vec<Published>> {
    Ok(rows::list(&pipeline.store).await?)
}

/// A published report: its bytes, and what they say.
pub async fn read(pipeline: &Pipeline, month: Month) -> Result<Option<(String, PublicReport)>> {
    let Some(json) = rows::json(&pipeline.store, &month.to_string()).await? else { return Ok(None) };
    let report = serde_json::from_str(&json).map_err(|error| StoreError::NotFound(format!("report {month}: {error}")))?;
    Ok(Some((json, report)))
}

/// A report as CSV: table, row, count; empty where a count is left out.
pub fn csv(report: &PublicReport) -> Result<Vec<u8>> {
    let broken = |error: csv::Error| PipelineError::Task(error.to_string());
    let mut out = csv::Writer::from_writer(Vec::new());
    let words = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
    out.write_record(["month", "table", "row", "count"]).map_err(broken)?;
    for table in &report.tables {
        for row in &table.rows {
            out.write_record([&report.month, &table.name, &row.label, &words(row.count)]).map_err(broken)?;
        }
        out.write_record([&report.month, &table.name, "total", &words(table.total)]).map_err(broken)?;
    }
    out.into_inner().map_err(|error| PipelineError::Task(error.to_string()))
}
