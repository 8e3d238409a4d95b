//! Taking back what was asked: one step for a person, from the row of a request to the letter that waits for a signature. And the
//! list of requests that look wrong by now, and of withdrawals until they are confirmed.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{self, WHO, open};
use super::{Pipeline, PipelineError, Result, allowed, quality, review};
use crate::domain::answer::Outcome;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::{Batch, BatchKind, BatchState};
use crate::domain::check::CheckOutcome;
use crate::domain::decision::{Judgement, Reason, Verdict};
use crate::domain::flag::FlagState;
use crate::domain::ids::{BatchId, DecisionId, FlagId, PostId};
use crate::domain::trust::Bar;
use crate::domain::user::User;
use crate::domain::{Platform, sha256_hex};
use crate::scan::{self, Scanner};
use crate::store::batches::Refers;
use crate::store::corrections::{self as rows, Asked, Tracked};
use crate::store::decisions::Seen;
use crate::store::{WriteTx, batches, captures, decisions, flags};

/// Why rows are taken back.
#[derive(Debug, Clone)]
pub struct Why {
    /// What the posts are.
    pub reason: Reason,
    /// More, for colleagues.
    pub note: String,
}

/// Dismisses posts of a sent request and writes the letter that withdraws it for them, ready for the signature of another person.
/// `seen`: the decision that the person saw for each post. All of them or none.
///
/// # Errors
/// [`PipelineError::Refused`] when one of them is not asked for with this package any more, or was decided anew.
pub async fn withdraw(pipeline: &Pipeline, user: &User, id: BatchId, seen: &[(FlagId, DecisionId)], why: &Why) -> Result<Batch> {
    allowed(user, user.role.reviews(), WHO)?;
    let mut tx = pipeline.store.write_tx().await?;
    let request = batches::require(&mut tx, id).await?;
    let standing = batches::standing(&mut tx, id).await?;
    let rows = batches::rows(&mut tx, id).await?;
    let asked = |flag, decision| {
        let mut of_package = rows.iter().filter(|row| row.flag_id == flag && row.decision_id == decision);
        of_package.any(|row| standing.iter().any(|one| Some(one.request_id) == row.request_id))
    };
    let mut decided = Vec::new();
    for (flag, decision) in seen.iter().collect::<BTreeSet<_>>() {
        if !asked(*flag, *decision) {
            let case = batch::case_id(*flag);
            return Err(PipelineError::Refused(format!(
                "{case} is not asked for with {} any more; load the page again",
                request.code
            )));
        }
        decided.push(dismiss(pipeline, &mut tx, user, *flag, Some(*decision), why).await?);
    }
    let drafted = draft(&mut tx, user, request.platform, &decided).await?;
    let (drafted, event) = drafted.ok_or_else(|| PipelineError::Refused("choose the posts that were wrong".into()))?;
    tx.commit(event).await?;
    pipeline.reach("corrections.drafted");
    rendered(pipeline, user, drafted).await
}

/// Dismisses a post, in force. `shown`: the decision that the person saw; none for whatever was decided about it before.
pub(super) async fn dismiss(
    pipeline: &Pipeline,
    tx: &mut WriteTx,
    user: &User,
    flag: FlagId,
    shown: Option<DecisionId>,
    why: &Why,
) -> Result<FlagId> {
    review::in_own_queue(tx, user, flag).await?;
    let judgement = Judgement::new(Verdict::Dismiss, why.reason, why.note.as_str())
        .map_err(|unfit| PipelineError::Refused(unfit.to_string()))?;
    let now = decisions::seen(&mut *tx, flag).await?;
    let seen = Seen { decision: shown.or(now.decision), ..now };
    let decision = decisions::decide(tx, flag, &seen, &judgement, user.id, Bar::CLOSED).await?;
    quality::draw(pipeline, tx, flag, decision).await?;
    let detail = format!("verdict={} reason={} action={}", judgement.verdict(), judgement.reason(), judgement.follow_up());
    tx.note(AuditEvent::new(Actor::User(user.id), Action::FlagDecided, format!("flag:{flag}")).detail(detail));
    Ok(flag)
}

/// Opens a withdrawal with those of these dismissed posts whose request was sent. None where nothing was.
pub(super) async fn draft(
    tx: &mut WriteTx,
    user: &User,
    platform: Platform,
    dismissed: &[FlagId],
) -> Result<Option<(Batch, AuditEvent)>> {
    let ready = decisions::ready(&mut *tx, platform, BatchKind::Withdrawal, i64::MAX).await?;
    let ready = ready.into_iter().filter(|decision| dismissed.contains(&decision.flag_id));
    let rows: Vec<_> = ready.map(|decision| (decision, Refers::default())).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(open(tx, user, (BatchKind::Withdrawal, platform, None), user.id, &rows).await?))
}

/// The draft, rendered where nothing keeps it back; its page says what does.
pub(super) async fn rendered(pipeline: &Pipeline, user: &User, drafted: Batch) -> Result<Batch> {
    match batch::render(pipeline, user, drafted.id).await {
        Err(PipelineError::Refused(_)) => Ok(drafted),
        other => other,
    }
}

/// Why a request that was sent looks wrong by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// What its evidence was kept with does not fit the evidence any more.
    Evidence,
    /// The rules of now would not flag the post.
    Rules,
    /// The platform shows another text than the one that was decided about.
    Edited,
}

impl Doubt {
    /// Its name in texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Rules => "rules",
            Self::Edited => "edited",
        }
    }
}

/// A request that a person should look at again.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The row.
    pub asked: Asked,
    /// Why.
    pub doubts: Vec<Doubt>,
}

/// Requests that stand and look wrong by now: the list that a person goes through, never withdrawn by a program.
pub async fn candidates(pipeline: &Pipeline) -> Result<Vec<Candidate>> {
    let (store, rules) = (&pipeline.store, pipeline.rules());
    let mut scanner = Scanner::new(&rules);
    let mut edited: BTreeMap<_, CheckOutcome> = BTreeMap::new();
    for look in crate::store::checks::of_requested(store).await?.into_iter().filter(|look| look.outcome != CheckOutcome::Unknown)
    {
        edited.insert(look.post_id, look.outcome);
    }
    let asked = rows::asked(store).await?;
    let ids: Vec<PostId> = asked.iter().map(|one| one.post_id).collect();
    let failed = evidence_fails(pipeline, &ids).await?;
    let mut all = Vec::new();
    for asked in asked {
        let mut doubts = Vec::new();
        if failed.contains(&asked.post_id) {
            doubts.push(Doubt::Evidence);
        }
        let text = scan::Post { author: Some(&asked.author), ..scan::Post::caption(&asked.text) };
        let supported = rules.pack(&asked.pack).is_some_and(|pack| scanner.assess_with(pack, &text).flagged);
        // An analyst may have found the elements where no rule did.
        if !supported && asked.by_rule {
            doubts.push(Doubt::Rules);
        }
        if edited.get(&asked.post_id) == Some(&CheckOutcome::Edited) || sha256_hex(asked.text.as_bytes()) != asked.text_sha256 {
            doubts.push(Doubt::Edited);
        }
        if !doubts.is_empty() {
            all.push(Candidate { asked, doubts });
        }
    }
    Ok(all)
}

/// Posts of which what they came as is not what it was when it was kept. Screenshots are looked at when a letter shows them.
async fn evidence_fails(pipeline: &Pipeline, posts: &[PostId]) -> Result<BTreeSet<PostId>> {
    let mut failed = BTreeSet::new();
    for chunk in posts.chunks(200) {
        let kept = captures::of_posts(&pipeline.store, chunk).await?;
        failed.extend(kept.iter().filter(|(_, sha256, bytes)| sha256_hex(bytes) != *sha256).map(|(post, ..)| *post));
    }
    Ok(failed)
}

/// A withdrawal on its way to be confirmed.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The letter.
    pub letter: Tracked,
    /// Posts that the platform restored, or that we saw up again since.
    pub confirmed: i64,
    /// Posts that the platform refuses to restore.
    pub refused: i64,
}

impl Withdrawal {
    /// Whether nothing is open any more.
    pub fn is_done(&self) -> bool {
        self.letter.state == BatchState::Sent && self.confirmed >= self.letter.rows
    }
}

/// Every withdrawal that was not given up, newest first.
pub async fn withdrawals(pipeline: &Pipeline) -> Result<Vec<Withdrawal>> {
    let store = &pipeline.store;
    let mut all: Vec<Withdrawal> =
        rows::withdrawals(store).await?.into_iter().map(|letter| Withdrawal { letter, confirmed: 0, refused: 0 }).collect();
    for (id, outcome, seen_again) in rows::confirmations(store).await? {
        let Some(one) = all.iter_mut().find(|one| one.letter.id == id) else { continue };
        one.confirmed += i64::from(
            seen_again || outcome.is_some_and(|outcome| outcome == Outcome::Restored || outcome == Outcome::AlreadyGone),
        );
        one.refused += i64::from(!seen_again && outcome == Some(Outcome::Refused));
    }
    Ok(all)
}

/// Whether a request about this flag was sent and stands: its row, for the page of the post.
pub async fn standing_row(pipeline: &Pipeline, flag: FlagId) -> Result<Option<Asked>> {
    let found = flags::get(&pipeline.store, flag).await?;
    if found.is_none_or(|flag| flag.state != FlagState::Upheld) {
        return Ok(None);
    }
    Ok(rows::asked_of_flag(&pipeline.store, flag).await?)
}
