//! Step 5: an analyst decides, with a reason. No job kind exists for this step.

use super::{CLAIM, Pipeline, PipelineError, Result, allowed};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::decision::{Judgement, Verdict};
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::sha256_hex;
use crate::domain::trust::Bar;
use crate::domain::user::User;
use crate::store::flags::{self, Seen};
use crate::store::{StoreError, posts};

/// Records a decision. `seen` is what the analyst had on the screen: a colleague's decision in the meantime is never
/// overwritten unseen, and no decision is about a text that nobody read.
pub async fn decide(pipeline: &Pipeline, user: &User, flag: FlagId, seen: &Seen, judgement: &Judgement) -> Result<DecisionId> {
    allowed(user, user.role.reviews(), "only analysts and signers decide")?;
    pipeline.reach("review.before_decision");
    if judgement.verdict() == Verdict::Uphold && seen.text_sha256 == sha256_hex(b"") {
        return Err(PipelineError::Refused("write down the caption first: a request quotes it, and the rules read it".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let bar = bar(pipeline, flag).await?;
    let decision = flags::decide(&mut tx, flag, seen, judgement, user.id, bar).await?;
    let detail = format!("verdict={} reason={}", judgement.verdict(), judgement.reason());
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::FlagDecided, format!("flag:{flag}")).detail(detail)).await?;
    pipeline.reach("review.decided");
    metrics::counter!("sisir_decisions_total", "verdict" => judgement.verdict().as_str()).increment(1);
    Ok(decision)
}

/// Writes down the caption of a post that came without one, as the analyst reads it on the platform. The rules read it
/// with the next screening.
pub async fn write_caption(pipeline: &Pipeline, user: &User, flag: FlagId, caption: &str) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts and signers write captions down")?;
    let caption = caption.trim();
    if caption.is_empty() || caption.chars().count() > 5_000 {
        return Err(PipelineError::Refused("a caption has 1 to 5,000 characters".into()));
    }
    let flag = flags::get(&pipeline.store, flag).await?.ok_or_else(|| StoreError::NotFound(format!("flag {flag}")))?;
    let mut tx = pipeline.store.write_tx().await?;
    if !posts::fill_text(&mut tx, flag.post_id, caption, "").await? {
        return Err(PipelineError::Refused("the post has a caption by now; load the page again".into()));
    }
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::PostFilledIn, format!("post:{}", flag.post_id))).await?)
}

/// A second analyst agrees with the decision in force. Asked for where no rule that raised the flag is trusted yet.
pub async fn agree(pipeline: &Pipeline, user: &User, flag: FlagId, seen: &Seen) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts and signers review")?;
    pipeline.reach("review.before_second");
    let mut tx = pipeline.store.write_tx().await?;
    flags::second(&mut tx, flag, seen, user.id).await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::DecisionSeconded, format!("flag:{flag}"))).await?;
    pipeline.reach("review.seconded");
    Ok(())
}

/// The bar of the pack that raised a flag.
async fn bar(pipeline: &Pipeline, flag: FlagId) -> Result<Bar> {
    let flag = flags::get(&pipeline.store, flag).await?;
    let rules = pipeline.rules();
    let pack = flag.and_then(|flag| rules.pack(&flag.pack));
    Ok(pack.map_or(Bar::CLOSED, |pack| Bar {
        min_decisions: u64::from(pack.gate.min_decisions),
        min_precision: pack.gate.min_precision,
    }))
}

/// The most urgent open post that no colleague has on the screen, taken for `user`. `after` skips: the post behind it is
/// taken, and it is free for colleagues.
pub async fn take_next(pipeline: &Pipeline, user: &User, after: Option<FlagId>) -> Result<Option<FlagId>> {
    allowed(user, user.role.reviews(), "only analysts and signers review")?;
    if let Some(skipped) = after {
        let mut tx = pipeline.store.write_tx().await?;
        flags::release(&mut tx, skipped, user.id).await?;
        tx.commit_housekeeping().await?;
    }
    // Between looking and taking a colleague may be faster; then the next one is tried.
    for _ in 0..8 {
        let Some(id) = flags::next_open(&pipeline.store, user.id, pipeline.clock().now(), after).await? else { return Ok(None) };
        if claim(pipeline, user, id).await? {
            return Ok(Some(id));
        }
    }
    Err(PipelineError::Refused("the queue is very busy; try again".into()))
}

/// Takes an open flag for `user`. False when a colleague has it.
pub async fn claim(pipeline: &Pipeline, user: &User, id: FlagId) -> Result<bool> {
    let mut tx = pipeline.store.write_tx().await?;
    let until = tx.now().plus(CLAIM);
    let taken = flags::claim(&mut tx, id, user.id, until).await?;
    tx.commit_housekeeping().await?;
    Ok(taken)
}
