//! Flags and the decisions about them.

use sqlx::types::Json;

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::decision::{Decision, Judgement, Verdict};
use crate::domain::flag::{Assessment, Finding, Flag, FlagState, Priority};
use crate::domain::ids::{DecisionId, FlagId, PostId, UserId};
use crate::domain::{Millis, Platform};

const COLUMNS: &str = "SELECT id, post_id, pack, rule_set, priority, score, state, findings, opened_at, decision_id, claimed_by, claimed_until FROM flags WHERE id = $1";

/// Notes that a rule set is in use.
pub async fn remember_rule_set(tx: &mut WriteTx, hash: &str, pack: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO rule_sets (hash, pack, first_used_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(hash).bind(pack).bind(now).execute(ex))?;
    Ok(())
}

/// Raises a flag, or renews the evidence of one that is still open. What a person decided is left alone.
pub async fn raise(tx: &mut WriteTx, post: PostId, pack: &str, rule_set: &str, found: &Assessment) -> Result<()> {
    const SQL: &str =
        "INSERT INTO flags (post_id, pack, rule_set, priority, score, findings, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (post_id, pack) DO UPDATE SET rule_set = excluded.rule_set, priority = excluded.priority,
        score = excluded.score, findings = excluded.findings WHERE flags.state = 'open'";
    let Some(priority) = found.priority else { return Ok(()) };
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(pack).bind(rule_set).bind(priority).bind(found.score)
        .bind(Json(&found.findings)).bind(now).execute(ex))?;
    Ok(())
}

/// One flag.
pub async fn get(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Option<Flag>> {
    run!(on, ex => sqlx::query_as(COLUMNS).bind(id).fetch_optional(ex))
}

/// A flag as a list shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FlagCard {
    /// Row id.
    pub id: FlagId,
    /// Order of work.
    pub priority: Priority,
    /// 0 to 100.
    pub score: i32,
    /// Where it stands.
    pub state: FlagState,
    /// Evidence.
    pub findings: Json<Vec<Finding>>,
    /// When it was raised.
    pub opened_at: Millis,
    /// Where the post stands.
    pub platform: Platform,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was posted.
    pub posted_at: Option<Millis>,
    /// Name of who has it on the screen now.
    pub claimed_by: Option<String>,
}

/// What a list of flags is narrowed to. Empty text means "all".
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// State, as stored.
    pub state: String,
    /// Priority, as stored.
    pub priority: String,
    /// Platform, as stored.
    pub platform: String,
}

/// A page of flags, most urgent first.
pub async fn list(on: impl Into<Ex<'_>>, filter: &Filter, now: Millis, limit: i64, offset: i64) -> Result<Vec<FlagCard>> {
    const SQL: &str =
        "SELECT f.id, f.priority, f.score, f.state, f.findings, f.opened_at, p.platform, p.author, p.text, p.posted_at,
        CASE WHEN f.claimed_until > $4 THEN u.name END AS claimed_by
        FROM flags f JOIN posts p ON p.id = f.post_id LEFT JOIN users u ON u.id = f.claimed_by
        WHERE ($1 = '' OR f.state = $1) AND ($2 = '' OR f.priority = $2) AND ($3 = '' OR p.platform = $3)
        ORDER BY f.priority, f.score DESC, f.id LIMIT $5 OFFSET $6";
    run!(on, ex => sqlx::query_as(SQL).bind(&filter.state).bind(&filter.priority).bind(&filter.platform).bind(now)
        .bind(limit).bind(offset).fetch_all(ex))
}

/// How many flags a filter leaves.
pub async fn count(on: impl Into<Ex<'_>>, filter: &Filter) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM flags f JOIN posts p ON p.id = f.post_id
        WHERE ($1 = '' OR f.state = $1) AND ($2 = '' OR f.priority = $2) AND ($3 = '' OR p.platform = $3)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(&filter.state).bind(&filter.priority).bind(&filter.platform).fetch_one(ex))
}

/// Number of flags by state and priority.
pub async fn totals(on: impl Into<Ex<'_>>) -> Result<Vec<(FlagState, Priority, i64)>> {
    run!(on, ex => sqlx::query_as("SELECT state, priority, COUNT(*) FROM flags GROUP BY state, priority ORDER BY state, priority").fetch_all(ex))
}

/// The most urgent open flag that nobody else has on the screen.
pub async fn next_open(on: impl Into<Ex<'_>>, reader: UserId, now: Millis) -> Result<Option<FlagId>> {
    const SQL: &str =
        "SELECT id FROM flags WHERE state = 'open' AND (claimed_until IS NULL OR claimed_until <= $2 OR claimed_by = $1)
        ORDER BY priority, score DESC, id LIMIT 1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(reader).bind(now).fetch_optional(ex))
}

/// Takes a flag for `reader` until `until`, unless someone else has it. True when taken.
pub async fn claim(tx: &mut WriteTx, id: FlagId, reader: UserId, until: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE flags SET claimed_by = $2, claimed_until = $3 WHERE id = $1 AND state = 'open'
        AND (claimed_until IS NULL OR claimed_until <= $4 OR claimed_by = $2)";
    let now = tx.now();
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(reader).bind(until).bind(now).execute(ex))?;
    Ok(done == 1)
}

/// Records a decision and puts it in force. `seen` is the decision in force when the analyst looked; if another one
/// has been made since, nothing changes.
///
/// # Errors
/// [`StoreError::Refused`] when someone else decided first, or while the post stands in a package that was not sent.
pub async fn decide(
    tx: &mut WriteTx,
    id: FlagId,
    seen: Option<DecisionId>,
    judgement: &Judgement,
    by: UserId,
) -> Result<DecisionId> {
    let state = if judgement.verdict() == Verdict::Uphold { FlagState::Upheld } else { FlagState::Dismissed };
    const INSERT: &str = "INSERT INTO decisions (flag_id, verdict, flag_state, reason, note, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    const FORCE: &str = "UPDATE flags SET decision_id = $2, state = $3, claimed_by = NULL, claimed_until = NULL
        WHERE id = $1 AND COALESCE(decision_id, 0) = $4";
    let now = tx.now();
    let decision: DecisionId = run!(&mut *tx, ex => sqlx::query_scalar(INSERT).bind(id).bind(judgement.verdict()).bind(state)
        .bind(judgement.reason()).bind(judgement.note()).bind(by).bind(now).fetch_one(ex))?;
    let seen = seen.map_or(0, |seen| seen.0);
    let done = exec!(tx, ex => sqlx::query(FORCE).bind(id).bind(decision).bind(state).bind(seen).execute(ex))?;
    if done == 1 { Ok(decision) } else { Err(StoreError::Refused("someone else decided this post in the meantime".into())) }
}

/// One decision.
pub async fn decision(on: impl Into<Ex<'_>>, id: DecisionId) -> Result<Option<Decision>> {
    const SQL: &str = "SELECT id, flag_id, verdict, reason, note, decided_by, decided_at FROM decisions WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// A decision with the name of who made it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DecisionRow {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: crate::domain::decision::Reason,
    /// Free text for colleagues.
    pub note: String,
    /// Sign-in name.
    pub by: String,
    /// When.
    pub decided_at: Millis,
}

/// The decisions about a flag, newest first.
pub async fn decisions(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Vec<DecisionRow>> {
    const SQL: &str =
        "SELECT d.verdict, d.reason, d.note, u.name AS by, d.decided_at FROM decisions d JOIN users u ON u.id = d.decided_by
        WHERE d.flag_id = $1 ORDER BY d.id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// Decisions in force that can go into a package of `platform`, oldest first: upheld and never requested, or
/// dismissed although a request was sent.
pub async fn ready(on: impl Into<Ex<'_>>, platform: Platform, verdict: Verdict, limit: i64) -> Result<Vec<Decision>> {
    const UPHELD: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'upheld' AND p.platform = $1
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.decision_id = d.id AND r.released = FALSE)
        ORDER BY f.priority, d.id LIMIT $2";
    const REVERSED: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'dismissed' AND p.platform = $1
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.decision_id = d.id AND r.released = FALSE)
        AND EXISTS (SELECT 1 FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND r.kind = 'request' AND b.state = 'sent')
        ORDER BY d.id LIMIT $2";
    let sql = if verdict == Verdict::Uphold { UPHELD } else { REVERSED };
    run!(on, ex => sqlx::query_as(sql).bind(platform).bind(limit).fetch_all(ex))
}
