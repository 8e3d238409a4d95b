//! Step 8: look whether requested posts are still there; and whether those of a request are, before it leaves. A missing
//! post is "unavailable", never "taken down".

use std::time::Duration;

use super::crawl::resting;
use super::meter::StoreMeter;
use super::{Pipeline, Result};
use crate::domain::Platform;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::check::{CONFIRM_AFTER, CheckOutcome, next_look};
use crate::domain::post::Post;
use crate::domain::source::SourceState;
use crate::platforms::{ApiError, Class, Look, QuotaDay, TiktokOembed};
use crate::store::{checks, crawl as cursors};

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowUpReport {
    /// Seen.
    pub up: u32,
    /// Not shown.
    pub gone: u32,
    /// No useful answer.
    pub unknown: u32,
    /// Why the run ended early, if it did.
    pub problem: Option<String>,
}

/// A request is about posts that were there within this time before it leaves.
const FRESH: Duration = Duration::from_hours(24);

/// Looks at every requested TikTok post whose next look is due.
pub async fn follow_up(pipeline: &Pipeline, oembed: &TiktokOembed) -> Result<FollowUpReport> {
    let mut due = Vec::new();
    for post in checks::followed(&pipeline.store, Platform::Tiktok).await? {
        let looks = checks::since_sent(&pipeline.store, post.id).await?;
        if next_look(&looks).is_none_or(|at| at <= pipeline.clock().now()) {
            due.push(post);
        }
    }
    look_at(pipeline, oembed, due).await
}

/// Looks at TikTok posts of requests that are about to leave. What is gone keeps its package back.
pub async fn before_delivery(pipeline: &Pipeline, oembed: &TiktokOembed) -> Result<FollowUpReport> {
    let now = pipeline.clock().now();
    let posts = checks::leaving_unseen(&pipeline.store, Platform::Tiktok, now, now.minus(FRESH)).await?;
    look_at(pipeline, oembed, posts).await
}

async fn look_at(pipeline: &Pipeline, oembed: &TiktokOembed, posts: Vec<Post>) -> Result<FollowUpReport> {
    let mut report = FollowUpReport::default();
    if posts.is_empty() {
        return Ok(report);
    }
    let meter = StoreMeter::of(pipeline, &TiktokOembed::INFO);
    if let Some(why) = resting(pipeline, TiktokOembed::NAME).await? {
        report.problem = Some(why);
        return Ok(report);
    }
    for post in posts {
        let outcome = match oembed.look(&post.url, &meter).await {
            Ok(Look::Up { .. }) => CheckOutcome::Up,
            Ok(Look::Gone) => CheckOutcome::Gone,
            Err(error) => {
                if rest_after(pipeline, &error).await? {
                    report.problem = Some(error.to_string());
                    return Ok(report);
                }
                CheckOutcome::Unknown
            }
        };
        match outcome {
            CheckOutcome::Up => report.up += 1,
            CheckOutcome::Gone => report.gone += 1,
            CheckOutcome::Unknown => report.unknown += 1,
        }
        let mut tx = pipeline.store.write_tx().await?;
        checks::insert(&mut tx, post.id, outcome).await?;
        tx.commit(AuditEvent::new(Actor::System, Action::PostChecked, format!("post:{}", post.id)).detail(outcome.as_str()))
            .await?;
        pipeline.reach("follow_up.checked");
    }
    Ok(report)
}

/// Parks the source when its quota is used up. True when the run should end.
pub(super) async fn rest_after(pipeline: &Pipeline, error: &ApiError) -> Result<bool> {
    let now = pipeline.clock().now();
    let until = match error.class {
        Class::Budget | Class::DailyQuota => QuotaDay::of(now, "UTC").until,
        Class::ShortThrottle(_) => now.plus(CONFIRM_AFTER),
        Class::WindowThrottle(rest) => now.plus(rest),
        _ => return Ok(false),
    };
    let mut tx = pipeline.store.write_tx().await?;
    cursors::set_source(&mut tx, error.platform, SourceState::Parked, &error.message, Some(until)).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::SourceChanged, format!("source:{}", error.platform)).detail("parked"))
        .await?;
    Ok(true)
}
