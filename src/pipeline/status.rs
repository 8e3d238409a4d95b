//! How everything stands: for the first page, `sisir doctor` and metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use super::sources::{self, SourceStatus};
use super::{Pipeline, Result};
use crate::domain::batch::{BatchKind, BatchState};
use crate::domain::check::Liveness;
use crate::domain::delivery::DeliveryState;
use crate::domain::flag::{FlagState, Priority};
use crate::domain::{Millis, platform::Platform};
use crate::store::{batches, checks, decisions, flags, jobs, outbox, posts, queue};

/// A worker that was not seen for this long is late.
const WORKER_LATE: Duration = Duration::from_mins(5);

/// Everything at one moment.
#[derive(Debug, Clone)]
pub struct Status {
    /// Posts stored.
    pub posts: i64,
    /// Posts that have an address but no text.
    pub without_text: i64,
    /// Flags by state and priority.
    pub flags: Vec<(FlagState, Priority, i64)>,
    /// Upheld flags that wait for a second analyst.
    pub waiting_for_second: i64,
    /// Packages by state.
    pub batches: Vec<(BatchState, i64)>,
    /// Messages that are not sent yet or need a person.
    pub deliveries: Vec<DeliveryState>,
    /// Posts whose request was sent.
    pub requested: i64,
    /// Of these, posts that are unavailable by now.
    pub unavailable: i64,
    /// Sources.
    pub sources: Vec<SourceStatus>,
    /// When a worker was last seen.
    pub worker_seen: Option<Millis>,
    /// True when that is too long ago.
    pub worker_late: bool,
}

/// Reads how everything stands.
pub async fn read(pipeline: &Pipeline) -> Result<Status> {
    let (store, now) = (&pipeline.store, pipeline.clock().now());
    let (mut requested, mut unavailable) = (0, 0);
    let mut looks: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for look in checks::of_requested(store).await? {
        looks.entry(look.post_id).or_default().push(look);
    }
    for post in checks::requested(store).await? {
        requested += 1;
        unavailable += i64::from(looks.get(&post).is_some_and(|looks| Liveness::from_checks(looks).is_down()));
    }
    let mut deliveries = Vec::new();
    for state in [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Unknown, DeliveryState::Failed] {
        deliveries.extend(outbox::in_state(store, state).await?.iter().map(|d| d.state));
    }
    let worker_seen = jobs::last_heartbeat(store).await?;
    Ok(Status {
        posts: posts::count(store).await?,
        without_text: posts::count_without_text(store).await?,
        flags: flags::totals(store).await?,
        waiting_for_second: queue::count(store, &queue::Filter { state: "second".into(), ..queue::Filter::default() }).await?,
        batches: batches::totals(store).await?,
        deliveries,
        requested,
        unavailable,
        sources: sources::list(pipeline, now).await?,
        worker_seen,
        worker_late: worker_seen.is_none_or(|seen| now.since(seen) > WORKER_LATE),
    })
}

/// What can be put into packages: platform, kind, posts.
pub async fn ready(pipeline: &Pipeline) -> Result<Vec<(Platform, BatchKind, usize)>> {
    let held = super::batch::held(pipeline, &pipeline.store).await?;
    let mut out = Vec::new();
    for platform in Platform::ALL.iter().copied().filter(|p| *p != Platform::Other) {
        for kind in BatchKind::ALL.iter().copied() {
            let mut all = decisions::ready(&pipeline.store, platform, kind, i64::MAX).await?;
            all.retain(|decision| kind.takes_back() || !held.contains_key(&decision.flag_id));
            if !all.is_empty() {
                out.push((platform, kind, all.len()));
            }
        }
    }
    Ok(out)
}
