//! Reads flagged posts again where a platform wants what is kept to be refreshed or deleted: the TikTok Research terms
//! after 15 days, the YouTube API policies after 30. What could not be read again is deleted by [`super::purge`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::crawl::resting;
use super::follow_up::rest_after;
use super::meter::StoreMeter;
use super::{Pipeline, Result, evidence};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::check::CheckOutcome;
use crate::domain::ids::PostId;
use crate::platforms::{Look, Source, TiktokOembed, TiktokResearch};
use crate::store::captures::Origin;
use crate::store::{checks, posts, retention};

/// Posts of one call, as most platforms allow.
const BATCH: i64 = 50;
/// This long before the time is over they are read again.
const EARLY: Duration = Duration::from_hours(3 * 24);
const DAY: Duration = Duration::from_hours(24);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefreshReport {
    /// Posts read again.
    pub refreshed: u64,
    /// Posts that were not there.
    pub gone: u64,
}

/// Reads again what is due.
pub async fn refresh(pipeline: &Pipeline, sources: &[Arc<dyn Source>], oembed: Option<&TiktokOembed>) -> Result<RefreshReport> {
    let mut report = RefreshReport::default();
    for source in sources {
        let Some(days) = source.info().refresh_days else { continue };
        // TikTok's posts are looked at without the access that found them.
        let asked = if source.name() == TiktokResearch::NAME { TiktokOembed::NAME } else { source.name() };
        if resting(pipeline, asked).await?.is_some() {
            continue;
        }
        let before = pipeline.clock().now().minus((DAY * days).saturating_sub(EARLY));
        // What is not read again keeps its place, so it is asked for once a run.
        let due = retention::to_refresh(&pipeline.store, source.name(), before, 20 * BATCH).await?;
        for chunk in due.chunks(usize::try_from(BATCH).unwrap_or(50)) {
            let ids: Vec<String> = chunk.iter().map(|(_, id, _)| id.clone()).collect();
            let meter = StoreMeter::of(pipeline, source.info());
            match source.read_again(&ids, &meter).await {
                Ok(Some(seen)) => {
                    let found: BTreeSet<&str> = seen.observations.iter().map(|post| post.native_id.as_str()).collect();
                    let mut tx = pipeline.store.write_tx().await?;
                    posts::upsert(&mut tx, source.name(), &seen.observations).await?;
                    let origin = Origin { source: source.name(), query: "" };
                    evidence::keep(pipeline, &mut tx, origin, seen.came()).await?;
                    for (id, native_id, _) in chunk {
                        if !found.contains(native_id.as_str()) {
                            checks::insert(&mut tx, *id, CheckOutcome::Gone, None).await?;
                            report.gone += 1;
                        }
                    }
                    report.refreshed += found.len() as u64;
                    let detail = format!("refreshed={} of={}", found.len(), chunk.len());
                    let subject = format!("source:{}", source.name());
                    tx.commit(AuditEvent::new(Actor::System, Action::PostChecked, subject).detail(detail)).await?;
                }
                Ok(None) if source.name() == TiktokResearch::NAME => {
                    let Some(oembed) = oembed else { break };
                    if !look_again(pipeline, oembed, chunk, &mut report).await? {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(source = source.name(), "posts could not be read again: {error}");
                    break;
                }
            }
        }
    }
    Ok(report)
}

/// TikTok shows a public post to anybody, whatever brought it here. False when it wants no more calls now.
async fn look_again(
    pipeline: &Pipeline,
    oembed: &TiktokOembed,
    due: &[(PostId, String, String)],
    report: &mut RefreshReport,
) -> Result<bool> {
    let meter = StoreMeter::of(pipeline, &TiktokOembed::INFO);
    for (id, _, url) in due {
        let outcome = match oembed.look(url, &meter).await {
            Ok(Look::Up { .. }) => CheckOutcome::Up,
            Ok(Look::Gone) => CheckOutcome::Gone,
            Err(error) => {
                tracing::warn!(source = TiktokOembed::NAME, "posts could not be looked at again: {error}");
                rest_after(pipeline, &error).await?;
                return Ok(false);
            }
        };
        let mut tx = pipeline.store.write_tx().await?;
        checks::insert(&mut tx, *id, outcome, None).await?;
        if outcome == CheckOutcome::Up {
            posts::refreshed(&mut tx, *id).await?;
            report.refreshed += 1;
        } else {
            report.gone += 1;
        }
        tx.commit(AuditEvent::new(Actor::System, Action::PostChecked, format!("post:{id}")).detail(outcome.as_str())).await?;
    }
    Ok(true)
}
