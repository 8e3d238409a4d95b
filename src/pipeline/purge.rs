//! Deletes what is no longer needed, when its time has come (UU 27/2022 Pasal 16 ayat 2 huruf g, Pasal 43).

use std::time::Duration;

use super::{Pipeline, Result};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::platforms::SOURCES;
use crate::store::{appeals, mails, retention, short_links, tips};

/// Posts of one transaction.
const BATCH: i64 = 500;
const DAY: Duration = Duration::from_hours(24);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurgeReport {
    /// Posts deleted that no rule matched.
    pub deleted: u64,
    /// Flagged posts deleted that nobody decided about and that could not be read again in time.
    pub unrefreshed: u64,
    /// Dismissed posts emptied.
    pub emptied: u64,
    /// Rows of unreadable items, ended sessions, hashes and reporters deleted.
    pub traces: u64,
}

/// Deletes what is due. Interrupted, it goes on with the next run.
pub async fn purge(pipeline: &Pipeline) -> Result<PurgeReport> {
    let retention = &pipeline.config.retention;
    let before = |days: u32| pipeline.clock().now().minus(DAY * days);
    let mut report = PurgeReport::default();
    let limits = SOURCES.iter().filter_map(|source| Some((source.name, source.keep_days?.min(retention.unflagged_days))));
    for (source, days) in std::iter::once(("", retention.unflagged_days)).chain(limits) {
        loop {
            let mut tx = pipeline.store.write_tx().await?;
            let due = retention::due_unflagged(&mut tx, source, before(days), BATCH).await?;
            if due.is_empty() {
                break;
            }
            retention::delete(&mut tx, &due).await?;
            report.deleted += note(tx, "deleted", due.len()).await?;
        }
    }
    loop {
        let mut tx = pipeline.store.write_tx().await?;
        let due = retention::due_dismissed(&mut tx, before(retention.dismissed_days), BATCH).await?;
        if due.is_empty() {
            break;
        }
        retention::empty(&mut tx, &due).await?;
        report.emptied += note(tx, "emptied", due.len()).await?;
    }
    for (source, days) in SOURCES.iter().filter_map(|source| Some((source.name, source.refresh_days?))) {
        loop {
            let mut tx = pipeline.store.write_tx().await?;
            let due = retention::due_unrefreshed(&mut tx, source, before(days), BATCH).await?;
            if due.is_empty() {
                break;
            }
            retention::delete_flagged(&mut tx, &due).await?;
            report.unrefreshed += note(tx, "unrefreshed", due.len()).await?;
        }
    }
    let mut tx = pipeline.store.write_tx().await?;
    report.traces = retention::delete_traces(&mut tx, before(retention.rejects_days), before(retention.hash_days)).await?;
    report.traces += short_links::forget(&mut tx, before(retention.rejects_days)).await?;
    report.traces += mails::forget(&mut tx, before(retention.mail_days)).await?;
    report.traces += tips::forget(&mut tx, before(retention.reporter_days)).await?;
    report.traces += appeals::forget(&mut tx, before(retention.reporter_days)).await?;
    tx.commit_housekeeping().await?;
    pipeline.store.clear_log().await?;
    Ok(report)
}

async fn note(tx: crate::store::WriteTx, what: &str, posts: usize) -> Result<u64> {
    tx.commit(AuditEvent::new(Actor::System, Action::PostsForgotten, "posts").detail(format!("{what}={posts}"))).await?;
    Ok(u64::try_from(posts).unwrap_or(u64::MAX))
}
