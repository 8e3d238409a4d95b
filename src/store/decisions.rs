//! Decisions: made, seconded, undone within minutes, handed on.

use sqlx::types::Json;

use super::{Ex, Result, StoreError, WriteTx, rule_hits};
use crate::domain::batch::BatchKind;
use crate::domain::decision::{Decision, FollowUp, Judgement, Reason, Verdict};
use crate::domain::flag::{Finding, FlagState, Lane, Role};
use crate::domain::ids::{DecisionId, FlagId, UserId};
use crate::domain::trust::Bar;
use crate::domain::{Millis, Platform};

/// What an analyst had on the screen when deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The decision in force.
    pub decision: Option<DecisionId>,
    /// SHA-256 of the text that was read.
    pub text_sha256: String,
}

/// What a page about this flag shows now.
pub async fn seen(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Seen> {
    const SQL: &str = "SELECT f.decision_id, p.text_sha256 FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.id = $1";
    let row: Option<(Option<DecisionId>, String)> = run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))?;
    let (decision, text_sha256) = row.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    Ok(Seen { decision, text_sha256 })
}

/// SHA-256 of the text that the decision in force is about.
pub async fn decided_text(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Option<String>> {
    const SQL: &str = "SELECT d.text_sha256 FROM decisions d JOIN flags f ON f.decision_id = d.id WHERE f.id = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(id).fetch_optional(ex))
}

/// What the rules of a flag are known for.
#[derive(sqlx::FromRow)]
struct Raised {
    pack: String,
    findings: Json<Vec<Finding>>,
    former_verdict: Option<Verdict>,
    former_rules: Option<Json<Vec<String>>>,
}

/// Records a decision and puts it in force. `seen` is what the analyst had on the screen; if another decision has been
/// made or the text has changed since, nothing changes.
///
/// # Errors
/// [`StoreError::Refused`] when what was seen is not so any more, or while the post stands in a package that was not sent.
pub async fn decide(
    tx: &mut WriteTx,
    id: FlagId,
    seen: &Seen,
    judgement: &Judgement,
    by: UserId,
    bar: Bar,
) -> Result<DecisionId> {
    const RAISED: &str = "SELECT f.pack, f.findings, d.verdict AS former_verdict, d.rules AS former_rules
        FROM flags f LEFT JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1";
    // Locked where that is needed: the post may be emptied at this moment because its time has come.
    const LOCKED: &str = "SELECT f.pack, f.findings, d.verdict AS former_verdict, d.rules AS former_rules
        FROM flags f LEFT JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1 FOR UPDATE OF f";
    let sql = if tx.is_postgres() { LOCKED } else { RAISED };
    let raised: Option<Raised> = run!(&mut *tx, ex => sqlx::query_as(sql).bind(id).fetch_optional(ex))?;
    let raised = raised.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    if judgement.verdict() == Verdict::Uphold
        && judgement.follow_up() != FollowUp::Request
        && request_stands(&mut *tx, id).await?
    {
        return Err(StoreError::Refused(
            "a request about this post stands; dismiss the post, so that the request is withdrawn, before another step follows"
                .into(),
        ));
    }
    let rules: Vec<String> = raised.findings.iter().map(|finding| finding.rule.clone()).collect();
    let upheld = judgement.verdict() == Verdict::Uphold;
    let needs_second = upheld && !rule_hits::any_reaches(&mut *tx, &raised.pack, &rules, bar).await?;
    let state = if judgement.verdict() == Verdict::Uphold { FlagState::Upheld } else { FlagState::Dismissed };
    const INSERT: &str =
        "INSERT INTO decisions (flag_id, verdict, flag_state, reason, note, text_sha256, decided_by, decided_at, needs_second,
        rules, elements, actor, action) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id";
    const FORCE: &str = "UPDATE flags SET decision_id = $2, state = $3, claimed_by = NULL, claimed_until = NULL
        WHERE id = $1 AND COALESCE(decision_id, 0) = $4
        AND EXISTS (SELECT 1 FROM posts p WHERE p.id = flags.post_id AND p.text_sha256 = $5 AND p.text_sha256 <> '')";
    let now = tx.now();
    let decision: DecisionId = run!(&mut *tx, ex => sqlx::query_scalar(INSERT).bind(id).bind(judgement.verdict()).bind(state)
        .bind(judgement.reason()).bind(judgement.note()).bind(&seen.text_sha256).bind(by).bind(now).bind(needs_second)
        .bind(Json(&rules)).bind(judgement.elements().letters()).bind(judgement.actor()).bind(judgement.follow_up()).fetch_one(ex))?;
    let former = seen.decision.map_or(0, |former| former.0);
    let done = exec!(&mut *tx, ex => sqlx::query(FORCE).bind(id).bind(decision).bind(state).bind(former).bind(&seen.text_sha256).execute(ex))?;
    if done != 1 {
        return Err(StoreError::Refused(
            "someone else decided this post, or its text changed, in the meantime; open it again".into(),
        ));
    }
    if let (Some(verdict), Some(Json(former))) = (raised.former_verdict, raised.former_rules) {
        rule_hits::score(tx, &raised.pack, &former, verdict == Verdict::Uphold, -1).await?;
    }
    rule_hits::score(tx, &raised.pack, &rules, upheld, 1).await?;
    Ok(decision)
}

/// Whether the platform was asked to take the post down, and that was not withdrawn.
async fn request_stands(tx: &mut WriteTx, id: FlagId) -> Result<bool> {
    const SQL: &str = "SELECT COALESCE((SELECT r.kind FROM requests r WHERE r.flag_id = $1 AND r.released = FALSE ORDER BY r.id DESC LIMIT 1), '') = 'request'";
    run!(tx, ex => sqlx::query_scalar(SQL).bind(id).fetch_one(ex))
}

/// Records that a second analyst agrees with the decision in force. `seen` is what that analyst had on the screen.
///
/// # Errors
/// [`StoreError::Refused`] when that decision is not in force any more, needs nobody, or is the analyst's own.
pub async fn second(tx: &mut WriteTx, id: FlagId, seen: &Seen, by: UserId) -> Result<()> {
    const SQL: &str = "INSERT INTO second_opinions (decision_id, flag_id, verdict, decided_by, analyst_id, text_sha256, given_at)
        SELECT d.id, d.flag_id, d.verdict, d.decided_by, $2, $3, $4 FROM decisions d JOIN flags f ON f.decision_id = d.id
        JOIN posts p ON p.id = f.post_id WHERE f.id = $1 AND d.id = $5 AND d.needs_second = TRUE AND d.verdict = 'uphold'
        AND d.decided_by <> $2 AND p.text_sha256 = $3
        AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id)";
    let now = tx.now();
    let decision = seen.decision.map_or(0, |decision| decision.0);
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(by).bind(&seen.text_sha256).bind(now).bind(decision).execute(ex))?;
    if done == 1 {
        Ok(())
    } else {
        Err(StoreError::Refused("this decision needs no second analyst, is your own, or has changed; open the post again".into()))
    }
}

/// One decision, which must exist.
pub async fn require(on: impl Into<Ex<'_>>, id: DecisionId) -> Result<Decision> {
    const SQL: &str = "SELECT id, flag_id, verdict, reason, note, decided_by, decided_at FROM decisions WHERE id = $1";
    let found: Option<Decision> = run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))?;
    found.ok_or_else(|| StoreError::NotFound(format!("decision {id}")))
}

/// Takes back the decision in force, which `by` made at `since` or later. It stays on record; the flag is open again, and
/// stays with its reader until `until`.
///
/// # Errors
/// [`StoreError::Refused`] when it is not in force any more, is someone else's, is older, replaced another decision, or
/// the post was asked down.
pub async fn undo(tx: &mut WriteTx, id: FlagId, decision: DecisionId, by: UserId, since: Millis, until: Millis) -> Result<()> {
    const UNDO: &str = "INSERT INTO undone_decisions (decision_id, undone_at)
        SELECT d.id, $5 FROM flags f JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1 AND d.id = $2 AND d.decided_by = $3
        AND d.decided_at >= $4 AND d.bulk_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM decisions e WHERE e.flag_id = d.flag_id AND e.id < d.id
            AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = e.id))
        AND NOT EXISTS (SELECT 1 FROM package_rows r WHERE r.flag_id = f.id AND r.released = FALSE)";
    const REOPEN: &str = "UPDATE flags SET state = 'open', decision_id = NULL, claimed_by = $3, claimed_until = $4 WHERE id = $1 AND decision_id = $2";
    const RULES: &str = "SELECT f.pack, d.verdict, d.rules FROM decisions d JOIN flags f ON f.id = d.flag_id WHERE d.id = $1";
    let now = tx.now();
    let done = exec!(&mut *tx, ex => sqlx::query(UNDO).bind(id).bind(decision).bind(by).bind(since).bind(now).execute(ex))?;
    let reopened = exec!(&mut *tx, ex => sqlx::query(REOPEN).bind(id).bind(decision).bind(by).bind(until).execute(ex))?;
    if done != 1 || reopened != 1 {
        return Err(StoreError::Refused(
            "this decision cannot be taken back: it is older, not yours, replaced another one, or the post stands in a package; decide again instead"
                .into(),
        ));
    }
    let (pack, verdict, rules): (String, Verdict, Json<Vec<String>>) =
        run!(&mut *tx, ex => sqlx::query_as(RULES).bind(decision).fetch_one(ex))?;
    rule_hits::score(tx, &pack, &rules, verdict == Verdict::Uphold, -1).await
}

/// Hands an open flag on: to another person, or to a supervisor.
///
/// # Errors
/// [`StoreError::Refused`] when it is not open any more, or a colleague has it on the screen.
pub async fn refer(tx: &mut WriteTx, id: FlagId, lane: Lane, note: &str, by: UserId) -> Result<()> {
    const MOVE: &str = "UPDATE flags SET lane = $2, referred_by = $3, claimed_by = NULL, claimed_until = NULL
        WHERE id = $1 AND state = 'open' AND (claimed_until IS NULL OR claimed_until <= $4 OR claimed_by = $3)";
    const NOTE: &str = "INSERT INTO referrals (flag_id, lane, note, referred_by, referred_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    if exec!(&mut *tx, ex => sqlx::query(MOVE).bind(id).bind(lane).bind(by).bind(now).execute(ex))? != 1 {
        return Err(StoreError::Refused("the post was decided, or a colleague has it; open it again".into()));
    }
    exec!(tx, ex => sqlx::query(NOTE).bind(id).bind(lane).bind(note).bind(by).bind(now).execute(ex))?;
    Ok(())
}

/// A decision with the name of who made it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DecisionRow {
    /// Row id.
    pub id: DecisionId,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Elements found, as letters; none on decisions of before elements were asked for.
    pub elements: Option<String>,
    /// The author's part in the trade.
    pub actor: Option<Role>,
    /// What was to follow.
    pub action: Option<FollowUp>,
    /// Free text for colleagues.
    pub note: String,
    /// Sign-in name.
    pub by: String,
    /// When.
    pub decided_at: Millis,
    /// When its maker took it back.
    pub undone_at: Option<Millis>,
    /// The bulk that it was part of.
    pub bulk_id: Option<i64>,
}

/// The decisions about a flag, newest first.
pub async fn of_flag(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Vec<DecisionRow>> {
    const SQL: &str =
        "SELECT d.id, d.verdict, d.reason, d.elements, d.actor, d.action, d.note, u.name AS by, d.decided_at, x.undone_at, d.bulk_id
        FROM decisions d JOIN users u ON u.id = d.decided_by LEFT JOIN undone_decisions x ON x.decision_id = d.id
        WHERE d.flag_id = $1 ORDER BY d.id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// A time that someone handed a flag on.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Referral {
    /// To whom.
    pub lane: Lane,
    /// Why.
    pub note: String,
    /// Sign-in name.
    pub by: String,
    /// When.
    pub referred_at: Millis,
}

/// The times that a flag was handed on, newest first.
pub async fn referrals(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Vec<Referral>> {
    const SQL: &str = "SELECT r.lane, r.note, u.name AS by, r.referred_at FROM referrals r JOIN users u ON u.id = r.referred_by
        WHERE r.flag_id = $1 ORDER BY r.id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// When a person decided since then, newest first.
pub async fn times_by(on: impl Into<Ex<'_>>, by: UserId, since: Millis) -> Result<Vec<Millis>> {
    const SQL: &str = "SELECT decided_at FROM decisions WHERE decided_by = $1 AND decided_at >= $2 ORDER BY decided_at DESC";
    run!(on, ex => sqlx::query_scalar(SQL).bind(by).bind(since).fetch_all(ex))
}

/// The newest decision of a person that is in force and was made at `since` or later: what can be undone.
pub async fn newest_by(on: impl Into<Ex<'_>>, by: UserId, since: Millis) -> Result<Option<(FlagId, DecisionId)>> {
    const SQL: &str = "SELECT d.flag_id, d.id FROM decisions d JOIN flags f ON f.id = d.flag_id AND f.decision_id = d.id
        WHERE d.decided_by = $1 AND d.decided_at >= $2 AND d.bulk_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM decisions e WHERE e.flag_id = d.flag_id AND e.id < d.id
            AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = e.id))
        ORDER BY d.decided_at DESC, d.id DESC LIMIT 1";
    run!(on, ex => sqlx::query_as(SQL).bind(by).bind(since).fetch_optional(ex))
}

/// Decisions in force that can go into a package of this kind, most urgent first: upheld with no request standing, dismissed
/// with one that was sent, or such as ask for a lead or a notice that was not written. Only decisions about the text as it is
/// now. Letters about an earlier one are not made of decisions.
pub async fn ready(on: impl Into<Ex<'_>>, platform: Platform, kind: BatchKind, limit: i64) -> Result<Vec<Decision>> {
    const UPHELD: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'upheld' AND p.platform = $1 AND d.text_sha256 = p.text_sha256
        AND COALESCE(d.action, 'request') = 'request'
        AND (d.needs_second = FALSE OR EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id))
        AND COALESCE((SELECT o.output FROM pack_outputs o WHERE o.pack = f.pack), 'takedown') = 'takedown'
        AND COALESCE((SELECT r.kind FROM requests r WHERE r.flag_id = f.id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1), 'withdrawal') = 'withdrawal'
        ORDER BY f.priority, d.id LIMIT $2";
    const REVERSED: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'dismissed' AND p.platform = $1
        AND 'request sent' = (SELECT r.kind || ' ' || b.state FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1)
        ORDER BY d.id LIMIT $2";
    const FOLLOWING: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE p.platform = $1 AND d.text_sha256 = p.text_sha256 AND d.action = $3
        AND COALESCE((SELECT o.output FROM pack_outputs o WHERE o.pack = f.pack), 'takedown') = 'takedown'
        AND (d.needs_second = FALSE OR d.verdict = 'dismiss' OR EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id))
        AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.flag_id = f.id AND m.kind = $4 AND m.released = FALSE
            AND NOT EXISTS (SELECT 1 FROM mentions c JOIN batches b ON b.id = c.batch_id WHERE c.corrects_id = m.id AND b.state = 'sent'))
        ORDER BY f.priority, d.id LIMIT $2";
    let sql = match kind {
        BatchKind::Request => UPHELD,
        BatchKind::Withdrawal => REVERSED,
        BatchKind::Lead | BatchKind::Notice => {
            let ready = run!(on, ex => sqlx::query_as(FOLLOWING).bind(platform).bind(limit).bind(kind.follows()).bind(kind).fetch_all(ex))?;
            return Ok(ready);
        }
        BatchKind::Reminder | BatchKind::Application | BatchKind::Correction => return Ok(Vec::new()),
    };
    run!(on, ex => sqlx::query_as(sql).bind(platform).bind(limit).fetch_all(ex))
}
