//! Step 5: an analyst decides, with a reason. No job kind exists for this step.

use std::time::Duration;

use super::{CLAIM, Pipeline, PipelineError, Result, allowed, quality};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::decision::{Judgement, Verdict};
use crate::domain::flag::{Flag, Lane};
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::post::storable;
use crate::domain::trust::Bar;
use crate::domain::user::User;
use crate::domain::{Millis, sha256_hex};
use crate::rules::RuleSet;
use crate::store::decisions::{self, Seen};
use crate::store::queue::{self, Reader};
use crate::store::{StoreError, WriteTx, flags, named_queues, posts, users};

/// Records a decision. `seen` is what the analyst had on the screen: a colleague's decision in the meantime is never
/// overwritten unseen, and no decision is about a text that nobody read.
pub async fn decide(pipeline: &Pipeline, user: &User, flag: FlagId, seen: &Seen, judgement: &Judgement) -> Result<DecisionId> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    pipeline.reach("review.before_decision");
    if judgement.verdict() == Verdict::Uphold && seen.text_sha256 == sha256_hex(b"") {
        return Err(PipelineError::Refused("write down the caption first: a request quotes it, and the rules read it".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    // Inside the transaction all is read with its own connection: whoever waits for a second one while holding the first
    // stops everyone.
    let bar = bar_of(&pipeline.rules(), &for_reader(&mut tx, user, flag).await?.pack);
    let decision = decisions::decide(&mut tx, flag, seen, judgement, user.id, bar).await?;
    quality::draw(pipeline, &mut tx, flag, decision).await?;
    let detail = format!("verdict={} reason={} action={}", judgement.verdict(), judgement.reason(), judgement.follow_up());
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::FlagDecided, format!("flag:{flag}")).detail(detail)).await?;
    pipeline.reach("review.decided");
    metrics::counter!("sisir_decisions_total", "verdict" => judgement.verdict().as_str()).increment(1);
    Ok(decision)
}

/// The flag, if this person may judge it now: not in a queue of others, not escalated to supervisors, not waiting for a
/// second look at the person's own doubt.
async fn for_reader(tx: &mut WriteTx, user: &User, id: FlagId) -> Result<Flag> {
    let flag = in_own_queue(tx, user, id).await?;
    if flag.lane == Lane::Escalated && !user.role.supervises() {
        return Err(PipelineError::Forbidden("this post was escalated: a supervisor decides"));
    }
    if flag.lane == Lane::SecondLook && flag.referred_by == Some(user.id) {
        return Err(PipelineError::Forbidden("you asked for a second look at this post: a colleague decides"));
    }
    Ok(flag)
}

/// The flag, locked, if this person may see it.
pub(super) async fn in_own_queue(tx: &mut WriteTx, user: &User, id: FlagId) -> Result<Flag> {
    flags::lock(tx, id).await?;
    let flag = flags::get(&mut *tx, id).await?.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    if named_queues::keeps_out(&named_queues::closed_to(&mut *tx, user).await?, flag.queue_id) {
        return Err(PipelineError::Forbidden("this post stands in a queue that others work on"));
    }
    Ok(flag)
}

/// Takes back a decision that `user` made within the last minutes ([`crate::config::Desk::undo_minutes`]).
pub async fn undo(pipeline: &Pipeline, user: &User, flag: FlagId, decision: DecisionId) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    pipeline.reach("review.before_undo");
    let mut tx = pipeline.store.write_tx().await?;
    let (since, until) = (undo_since(pipeline), tx.now().plus(CLAIM));
    decisions::undo(&mut tx, flag, decision, user.id, since, until).await?;
    let detail = format!("decision={decision}");
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::DecisionUndone, format!("flag:{flag}")).detail(detail)).await?;
    pipeline.reach("review.undone");
    Ok(())
}

/// Decisions made at this moment or later can be undone by their maker.
pub fn undo_since(pipeline: &Pipeline) -> Millis {
    pipeline.clock().now().minus(Duration::from_secs(u64::from(pipeline.config.desk.undo_minutes) * 60))
}

/// Hands an open flag on: to another person for a second look, or to a supervisor. A note says why.
pub async fn refer(pipeline: &Pipeline, user: &User, flag: FlagId, lane: Lane, note: &str) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors review")?;
    let note = storable(note.trim());
    if lane == Lane::First {
        return Err(PipelineError::Refused("a post is handed on for a second look, or to a supervisor".into()));
    }
    if lane == Lane::Escalated && note.is_empty() {
        return Err(PipelineError::Refused("say in a note what the supervisor is to decide".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    for_reader(&mut tx, user, flag).await?;
    decisions::refer(&mut tx, flag, lane, &note, user.id).await?;
    let detail = format!("lane={lane}");
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::FlagReferred, format!("flag:{flag}")).detail(detail)).await?)
}

/// Writes down the caption of a post that came without one, as the analyst reads it on the platform. The rules read it
/// with the next screening.
pub async fn write_caption(pipeline: &Pipeline, user: &User, flag: FlagId, caption: &str) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors write captions down")?;
    let caption = caption.trim();
    if caption.is_empty() || caption.chars().count() > 5_000 {
        return Err(PipelineError::Refused("a caption has 1 to 5,000 characters".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let flag = for_reader(&mut tx, user, flag).await?;
    if !posts::fill_text(&mut tx, flag.post_id, caption, "").await? {
        return Err(PipelineError::Refused("the post has a caption by now; load the page again".into()));
    }
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::PostFilledIn, format!("post:{}", flag.post_id))).await?)
}

/// A second analyst agrees with the decision in force. Asked for where no rule that raised the flag is trusted yet.
pub async fn agree(pipeline: &Pipeline, user: &User, flag: FlagId, seen: &Seen) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors review")?;
    pipeline.reach("review.before_second");
    let mut tx = pipeline.store.write_tx().await?;
    in_own_queue(&mut tx, user, flag).await?;
    decisions::second(&mut tx, flag, seen, user.id).await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::DecisionSeconded, format!("flag:{flag}"))).await?;
    pipeline.reach("review.seconded");
    Ok(())
}

/// The bar of a pack; one that nothing reaches if the pack is not loaded.
pub(super) fn bar_of(rules: &RuleSet, pack: &str) -> Bar {
    rules.pack(pack).map_or(Bar::CLOSED, |pack| Bar {
        min_decisions: u64::from(pack.gate.min_decisions),
        min_precision: pack.gate.min_precision,
    })
}

/// The most urgent open post for `user` that no colleague has on the screen, taken. `queue`: only of that named queue.
/// `after` skips: the post behind it is taken, and it is free for colleagues.
pub async fn take_next(pipeline: &Pipeline, user: &User, queue: Option<i64>, after: Option<FlagId>) -> Result<Option<FlagId>> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors review")?;
    if let Some(skipped) = after {
        let mut tx = pipeline.store.write_tx().await?;
        queue::release(&mut tx, skipped, user.id).await?;
        tx.commit_housekeeping().await?;
    }
    let closed = named_queues::closed_to(&pipeline.store, user).await?;
    let reader = Reader { id: user.id, supervises: user.role.supervises(), closed, queue };
    // Between looking and taking a colleague may be faster; then the next one is tried.
    for _ in 0..8 {
        let now = pipeline.clock().now();
        let mut next = queue::next_open(&pipeline.store, &reader, now, after).await?;
        if next.is_none() && after.is_some() {
            // Behind the last one the list begins again: what was skipped still waits.
            next = queue::next_open(&pipeline.store, &reader, now, None).await?;
        }
        let Some(id) = next else { return Ok(None) };
        if claim(pipeline, user, id).await? {
            return Ok(Some(id));
        }
    }
    Err(PipelineError::Refused("the queue is very busy; try again".into()))
}

/// Whether the person has reviewed for [`crate::config::Desk::break_minutes`] without a pause of five minutes. Read off
/// the decisions, which are there anyway; nothing is recorded about it.
pub async fn break_is_due(pipeline: &Pipeline, user: &User) -> Result<bool> {
    const PAUSE: Duration = Duration::from_mins(5);
    let minutes = pipeline.config.desk.break_minutes;
    if minutes == 0 {
        return Ok(false);
    }
    let (now, span) = (pipeline.clock().now(), Duration::from_secs(u64::from(minutes) * 60));
    let mut begun = now;
    for at in decisions::times_by(&pipeline.store, user.id, now.minus(span + PAUSE)).await? {
        if begun.since(at) > PAUSE {
            break;
        }
        begun = at;
    }
    Ok(now.since(begun) >= span)
}

/// Notes that `user` looks at posts.
pub async fn note_reads(pipeline: &Pipeline, user: &User, ids: &[FlagId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut tx = pipeline.store.write_tx().await?;
    // In one order for all: two who lock the same flags in other orders would wait for each other.
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    for id in ids {
        users::note_read(&mut tx, user.id, id).await?;
    }
    Ok(tx.commit_housekeeping().await?)
}

/// Notes that `user` looks at a post, and takes it if it is open and the person reviews. False when a colleague has it.
pub async fn look(pipeline: &Pipeline, user: &User, id: FlagId) -> Result<bool> {
    let mut tx = pipeline.store.write_tx().await?;
    users::note_read(&mut tx, user.id, id).await?;
    let until = tx.now().plus(CLAIM);
    // Whoever may not judge it does not keep it from those who may.
    let judges = user.role.reviews() && for_reader(&mut tx, user, id).await.is_ok();
    let taken = !judges || queue::claim(&mut tx, id, user.id, until).await?;
    tx.commit_housekeeping().await?;
    Ok(taken)
}

/// Takes an open flag for `user`. False when a colleague has it.
pub async fn claim(pipeline: &Pipeline, user: &User, id: FlagId) -> Result<bool> {
    let mut tx = pipeline.store.write_tx().await?;
    let until = tx.now().plus(CLAIM);
    let taken = queue::claim(&mut tx, id, user.id, until).await?;
    tx.commit_housekeeping().await?;
    Ok(taken)
}
