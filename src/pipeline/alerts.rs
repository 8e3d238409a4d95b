//! Notices what is wrong with sources and says it once: a source that fails every hour is one alert, not twenty-four.

use std::time::Duration;

use super::sources::{self, Health, SourceDetail};
use super::{Pipeline, Result};
use crate::config::Mode;
use crate::domain::Millis;
use crate::domain::alert::AlertKind;
use crate::store::alerts::{self, Alert};

const DAY: Duration = Duration::from_hours(24);
/// What comes back within this time is the same alert again, and no news.
const QUIET: Duration = DAY;
/// Windows of a day that must have failed before a source counts as failing …
const FAILURES: i64 = 5;
/// Unreadable items of a source before its answers count as changed …
const UNREADABLE: i64 = 20;
/// A token that ends within this time is told of.
pub const TOKEN_WARNING: Duration = Duration::from_hours(14 * 24);

/// Looks at every source. Returns what is news.
pub async fn check(pipeline: &Pipeline) -> Result<Vec<(AlertKind, String)>> {
    let now = pipeline.clock().now();
    let all = sources::states(pipeline).await?;
    let mut news = Vec::new();
    let mut tx = pipeline.store.write_tx().await?;
    for source in &all {
        for (kind, detail) in AlertKind::ALL.iter().map(|kind| (*kind, wrong(*kind, source, now))) {
            let name = source.status.name;
            match detail {
                Some(detail) => {
                    if alerts::raise(&mut tx, kind, name, &detail, now.minus(QUIET)).await? {
                        news.push((kind, name.to_owned()));
                        tracing::warn!(source = name, kind = kind.as_str(), detail, "needs a person");
                    }
                }
                None => alerts::close(&mut tx, kind, name).await?,
            }
        }
    }
    tx.commit_housekeeping().await?;
    let open = alerts::open(&pipeline.store).await?;
    metrics::gauge!("sisir_alerts_open").set(u32::try_from(open.len()).unwrap_or(u32::MAX));
    Ok(news)
}

/// What is wrong now, newest first.
pub async fn open(pipeline: &Pipeline) -> Result<Vec<Alert>> {
    Ok(alerts::open(&pipeline.store).await?)
}

/// The facts, if this is wrong with the source.
fn wrong(kind: AlertKind, source: &SourceDetail, now: Millis) -> Option<String> {
    let status = &source.status;
    if status.mode == Mode::Disabled {
        return None;
    }
    let last = || status.last_ok_at.map_or_else(|| "–".into(), Millis::wib);
    match kind {
        AlertKind::Stopped => status.stopped.then(|| status.problem.clone()),
        AlertKind::Late => (source.health == Health::Late).then(last),
        AlertKind::Silent => (source.health == Health::Silent).then(last),
        AlertKind::Failing => {
            let failed: i64 = source.failures.iter().map(|(_, count)| count).sum();
            let kinds = source.failures.iter().map(|(class, count)| format!("{class} {count}")).collect::<Vec<_>>().join(", ");
            let asked = source.days.last().map_or(0, |day| day.requests);
            (failed >= FAILURES && failed * 2 > asked).then_some(kinds)
        }
        AlertKind::Unreadable => {
            let read = source.posts();
            (source.rejects >= UNREADABLE && source.rejects * 5 > read).then(|| format!("{} / {read}", source.rejects))
        }
        AlertKind::Token => {
            let until = status.token_until?;
            (until <= now.plus(TOKEN_WARNING)).then(|| until.wib())
        }
    }
}
