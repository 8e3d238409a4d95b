//! Blind second labels and reference posts.

use sqlx::types::Json;

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::decision::{Reason, Verdict};
use crate::domain::ids::{DecisionId, FlagId, UserId};

/// Draws a decision for a second label.
pub async fn draw(tx: &mut WriteTx, flag: FlagId, decision: DecisionId) -> Result<()> {
    const SQL: &str = "INSERT INTO blind_labels (kind, flag_id, decision_id, drawn_at) VALUES ('second', $1, $2, $3)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(flag).bind(decision).bind(now).execute(ex))?;
    Ok(())
}

/// The flag to label next for this person: a reference post not yet labelled by them, or the oldest drawn decision of
/// someone else; never one that they decided about. Queues that are for some people only are left out.
pub async fn next(on: impl Into<Ex<'_>>, person: UserId, golden: bool) -> Result<Option<FlagId>> {
    const SECOND: &str = "SELECT b.flag_id FROM blind_labels b JOIN flags f ON f.id = b.flag_id JOIN posts p ON p.id = f.post_id
        JOIN decisions o ON o.id = b.decision_id
        WHERE b.labelled_at IS NULL AND p.text_sha256 <> '' AND p.text_sha256 = o.text_sha256
        AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = b.decision_id)
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.flag_id = b.flag_id AND d.decided_by = $1)
        AND NOT EXISTS (SELECT 1 FROM queue_members m WHERE m.queue_id = f.queue_id)
        ORDER BY b.drawn_at, b.id LIMIT 1";
    const GOLDEN: &str = "SELECT g.flag_id FROM golden_posts g JOIN flags f ON f.id = g.flag_id JOIN posts p ON p.id = f.post_id
        WHERE p.text_sha256 <> '' AND g.set_by <> $1
        AND NOT EXISTS (SELECT 1 FROM blind_labels b WHERE b.kind = 'golden' AND b.flag_id = g.flag_id AND b.labeller_id = $1)
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.flag_id = g.flag_id AND d.decided_by = $1)
        AND NOT EXISTS (SELECT 1 FROM queue_members m WHERE m.queue_id = f.queue_id)
        ORDER BY g.set_at, g.flag_id LIMIT 1";
    let sql = if golden { GOLDEN } else { SECOND };
    run!(on, ex => sqlx::query_scalar(sql).bind(person).fetch_optional(ex))
}

/// Whether a label of this post waits for this person.
pub async fn waits_for(on: impl Into<Ex<'_>>, flag: FlagId, person: UserId) -> Result<bool> {
    const SQL: &str = "SELECT (EXISTS (SELECT 1 FROM blind_labels b WHERE b.flag_id = $1 AND b.labelled_at IS NULL)
            OR EXISTS (SELECT 1 FROM golden_posts g WHERE g.flag_id = $1 AND g.set_by <> $2
                AND NOT EXISTS (SELECT 1 FROM blind_labels b WHERE b.kind = 'golden' AND b.flag_id = $1 AND b.labeller_id = $2)))
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.flag_id = $1 AND d.decided_by = $2)
        AND NOT EXISTS (SELECT 1 FROM flags f JOIN queue_members m ON m.queue_id = f.queue_id WHERE f.id = $1)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(flag).bind(person).fetch_one(ex))
}

/// Records what a person says of a post without having seen what others said.
///
/// # Errors
/// [`StoreError::Refused`] when nothing about this post waits for this person.
pub async fn label(tx: &mut WriteTx, flag: FlagId, person: UserId, verdict: Verdict, reason: Reason) -> Result<()> {
    const SECOND: &str = "UPDATE blind_labels SET labeller_id = $2, verdict = $3, reason = $4, labelled_at = $5
        WHERE id = (SELECT b.id FROM blind_labels b WHERE b.flag_id = $1 AND b.kind = 'second' AND b.labelled_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = b.decision_id) ORDER BY b.id LIMIT 1)
        AND labelled_at IS NULL AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.flag_id = $1 AND d.decided_by = $2)";
    const GOLDEN: &str = "INSERT INTO blind_labels (kind, flag_id, drawn_at, labeller_id, verdict, reason, labelled_at)
        SELECT 'golden', g.flag_id, $5, $2, $3, $4, $5 FROM golden_posts g WHERE g.flag_id = $1 AND g.set_by <> $2
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.flag_id = $1 AND d.decided_by = $2)
        AND NOT EXISTS (SELECT 1 FROM blind_labels b WHERE b.kind = 'golden' AND b.flag_id = $1 AND b.labeller_id = $2)";
    let now = tx.now();
    let mut done = 0;
    for sql in [SECOND, GOLDEN] {
        done += exec!(&mut *tx, ex => sqlx::query(sql).bind(flag).bind(person).bind(verdict).bind(reason).bind(now).execute(ex))?;
    }
    if done == 0 {
        return Err(StoreError::Refused("this post was labelled in the meantime, or you decided about it".into()));
    }
    Ok(())
}

/// Makes the decision in force about a post the reference.
///
/// # Errors
/// [`StoreError::Refused`] when the post is not decided.
pub async fn set_golden(tx: &mut WriteTx, flag: FlagId, by: UserId) -> Result<()> {
    const SQL: &str = "INSERT INTO golden_posts (flag_id, verdict, reason, set_by, set_at)
        SELECT f.id, d.verdict, d.reason, $2, $3 FROM flags f JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1
        ON CONFLICT (flag_id) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason";
    let now = tx.now();
    if exec!(tx, ex => sqlx::query(SQL).bind(flag).bind(by).bind(now).execute(ex))? == 1 {
        return Ok(());
    }
    Err(StoreError::Refused("only a post that is decided can be a reference".into()))
}

/// Takes a post off the references; labels about it stay.
pub async fn remove_golden(tx: &mut WriteTx, flag: FlagId) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM golden_posts WHERE flag_id = $1").bind(flag).execute(ex))?;
    Ok(())
}

/// Whether a post is a reference.
pub async fn is_golden(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<bool> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) > 0 FROM golden_posts WHERE flag_id = $1").bind(flag).fetch_one(ex))
}

/// A second label beside the decision that it was drawn for.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Compared {
    /// The post.
    pub flag_id: FlagId,
    /// Who decided.
    pub decider: String,
    /// Who labelled.
    pub labeller: String,
    /// The decision.
    pub first: Verdict,
    /// Its reason.
    pub first_reason: Reason,
    /// The label.
    pub second: Verdict,
    /// Its reason.
    pub second_reason: Reason,
    /// Rules that had raised the flag.
    pub rules: Json<Vec<String>>,
    /// When the label was given.
    pub labelled_at: Millis,
    /// Whether the decision is still in force.
    pub in_force: bool,
}

/// Second labels since then, newest first.
pub async fn compared(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<Compared>> {
    const SQL: &str = "SELECT b.flag_id, u.name AS decider, l.name AS labeller, d.verdict AS first, d.reason AS first_reason,
        b.verdict AS second, b.reason AS second_reason, d.rules, b.labelled_at, COALESCE(f.decision_id, 0) = d.id AS in_force
        FROM blind_labels b JOIN decisions d ON d.id = b.decision_id JOIN users u ON u.id = d.decided_by
        JOIN users l ON l.id = b.labeller_id JOIN flags f ON f.id = b.flag_id
        WHERE b.kind = 'second' AND b.labelled_at >= $1 ORDER BY b.labelled_at DESC, b.id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Labels of reference posts since then: who, right or not, how many.
pub async fn golden_results(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(String, bool, i64)>> {
    const SQL: &str = "SELECT l.name, b.verdict = g.verdict AS correct, COUNT(*) FROM blind_labels b JOIN golden_posts g ON g.flag_id = b.flag_id
        JOIN users l ON l.id = b.labeller_id WHERE b.kind = 'golden' AND b.labelled_at >= $1 GROUP BY 1, 2 ORDER BY 1, 2";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// How many drawn decisions wait for a label, and how many posts are references.
pub async fn waiting(on: impl Into<Ex<'_>>) -> Result<(i64, i64)> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM blind_labels WHERE labelled_at IS NULL), (SELECT COUNT(*) FROM golden_posts)";
    run!(on, ex => sqlx::query_as(SQL).fetch_one(ex))
}
