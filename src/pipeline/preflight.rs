//! The look at a package before it is rendered and signed: gathers what [`lint`] has to know.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Pipeline, PipelineError, Result, batch, letters};
use crate::config::Ministry;
use crate::domain::batch::Batch;
use crate::domain::check::Liveness;
use crate::platforms::address;
use crate::report::lint::{Facts, Finding, RowFacts, Severity, lint};
use crate::report::takedown_request::TakedownRequest;
use crate::report::{BatchReport, JSON_SUFFIX};
use crate::store::batches::RowDetail;
use crate::store::{batches, checks};

/// Everything that is wrong with a package as it would be rendered now.
///
/// # Errors
/// The package cannot be put together at all: without a recipient, or with a post that is held back.
pub async fn findings(pipeline: &Pipeline, batch: &Batch) -> Result<Vec<Finding>> {
    let now = pipeline.clock().now();
    let details = batches::details(&pipeline.store, batch.id, now).await?;
    batch::may_be_asked(pipeline, batch, &details)?;
    let report = batch::report_of(pipeline, batch, &details, now).await?;
    look(pipeline, batch, &details, &report).await
}

/// Refuses a package that something is wrong with by now: what was fine when it was rendered may not be any more.
pub(super) async fn still(pipeline: &Pipeline, batch: &Batch) -> Result<()> {
    let now = pipeline.clock().now();
    let details = batches::details(&pipeline.store, batch.id, now).await?;
    let mut report = batch::report_of(pipeline, batch, &details, now).await?;
    // The day that is printed, not the one that would be printed now.
    if let Some(day) = answer_by(pipeline, batch).await? {
        report.answer_by = day;
    }
    require(pipeline, batch, &details, &report).await
}

/// The day by which an answer is hoped for, as the letter says; none before it is rendered.
pub async fn answer_by(pipeline: &Pipeline, batch: &Batch) -> Result<Option<Date>> {
    let printed = batches::file(&pipeline.store, batch.id, &format!("{}{JSON_SUFFIX}", batch.code)).await?;
    let printed = printed.and_then(|file| serde_json::from_slice::<TakedownRequest>(&file.bytes).ok());
    Ok(printed.and_then(|request| request.deadline.date.parse().ok()))
}

/// Refuses a package that something is wrong with.
pub(super) async fn require(pipeline: &Pipeline, batch: &Batch, details: &[RowDetail], report: &BatchReport) -> Result<()> {
    let findings = look(pipeline, batch, details, report).await?;
    let stops: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Stop).collect();
    let Some(first) = stops.first() else { return Ok(()) };
    let place = first.case_id.as_deref().unwrap_or(&batch.code);
    Err(PipelineError::Refused(format!(
        "1 of {} things keep this package back. {place}: {} ({}); {}",
        stops.len(),
        first.message,
        first.code,
        first.mend
    )))
}

async fn look(pipeline: &Pipeline, batch: &Batch, details: &[RowDetail], report: &BatchReport) -> Result<Vec<Finding>> {
    letters::still_due(pipeline, batch).await?;
    let store = &pipeline.store;
    let looks = checks::of_batch(store, batch.id).await?;
    let elsewhere: BTreeMap<_, String> = batches::asked_elsewhere(store, batch.id).await?.into_iter().collect();
    let row = |detail: &RowDetail| {
        let liveness = Liveness::from_checks(looks.get(&detail.post_id).into_iter().flatten());
        RowFacts {
            address: address::parse(&detail.url).ok().map(|found| (found.platform, found.native_id)),
            gone: liveness.is_missing(),
            asked_in: elsewhere.get(&detail.flag_id).cloned(),
        }
    };
    let recipient = batch::addressee(pipeline, batch).await?;
    let today = report.dated.in_jakarta().date();
    // Those who are printed in it, and whether their time is over today.
    let ministry = pipeline.config.ministry.on(batch.rendered_at.unwrap_or(report.dated).in_jakarta().date());
    // A person writes to the sellers themselves: nobody has to be asked whether that arrives.
    let facts = Facts {
        day: today,
        until: [&ministry.until, &ministry.signatory_until, &ministry.contact_until].map(|text| day(text)),
        verified_on: if report.to_sellers() { Some(today) } else { day(&recipient.verified_on) },
        made_up: ministry.name == Ministry::default().name,
        rows: details.iter().map(row).collect(),
    };
    Ok(lint(report, &facts))
}

/// A day of the configuration, which was checked when it was read; none for an empty one.
pub fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}
