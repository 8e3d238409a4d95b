//! Steps 2 to 4: normalise, match, flag. A machine only proposes: the end of this step is a queue for people.

use super::{Pipeline, Result};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::ids::PostId;
use crate::scan;
use crate::store::{flags, posts};

/// Posts of one transaction: small enough to be quick, large enough to be cheap.
const BATCH: i64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScreenReport {
    /// Posts read.
    pub screened: u64,
    /// Posts flagged.
    pub flagged: u64,
}

/// Matches every post that the current rule set has not read. `progress` gets the number of posts read so far.
pub async fn screen(pipeline: &Pipeline, mut progress: impl FnMut(u64)) -> Result<ScreenReport> {
    let rules = &pipeline.rules;
    let mut report = ScreenReport::default();
    loop {
        pipeline.reach("screen.before_batch");
        let mut tx = pipeline.store.write_tx().await?;
        let waiting = posts::take_unscreened(&mut tx, &rules.hash, BATCH).await?;
        if waiting.is_empty() {
            return Ok(report);
        }
        flags::remember_rule_set(&mut tx, &rules.hash, &rules.pack).await?;
        let ids: Vec<PostId> = waiting.iter().map(|post| post.id).collect();
        flags::reopen_changed(&mut tx, &ids).await?;
        let mut flagged = 0;
        let mut silent = Vec::new();
        for post in &waiting {
            let found = scan::assess(rules, &post.text);
            if found.flagged {
                flags::raise(&mut tx, post.id, &rules.pack, &rules.hash, &found).await?;
                flagged += 1;
            } else {
                silent.push(post.id);
            }
        }
        flags::fade(&mut tx, &silent, &rules.pack, &rules.hash).await?;
        posts::mark_screened(&mut tx, &rules.hash, &ids).await?;
        let detail = format!("posts={} flagged={flagged}", waiting.len());
        let subject = format!("rules:{}", rules.hash.get(..12).unwrap_or_default());
        tx.commit(AuditEvent::new(Actor::System, Action::PostsScreened, subject).detail(detail)).await?;
        pipeline.reach("screen.batch_stored");
        report.screened += u64::try_from(waiting.len()).unwrap_or(0);
        report.flagged += flagged;
        metrics::counter!("sisir_posts_screened_total").increment(u64::try_from(waiting.len()).unwrap_or(0));
        metrics::counter!("sisir_flags_raised_total").increment(flagged);
        progress(report.screened);
    }
}
