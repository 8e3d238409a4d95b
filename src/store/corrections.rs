//! Requests that stand, and withdrawals.

use super::{Ex, Result};
use crate::domain::answer::Outcome;
use crate::domain::batch::BatchState;
use crate::domain::ids::{BatchId, DecisionId, FlagId, PostId};
use crate::domain::{Millis, Platform};

/// A row of a request that was sent and stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Asked {
    /// The package.
    pub batch_id: BatchId,
    /// Its reference.
    pub code: String,
    /// Where it went.
    pub platform: Platform,
    /// The flag.
    pub flag_id: FlagId,
    /// The post.
    pub post_id: PostId,
    /// The decision that it rests on.
    pub decision_id: DecisionId,
    /// Rule pack.
    pub pack: String,
    /// Public handle.
    pub author: String,
    /// Caption as it is here now.
    pub text: String,
    /// SHA-256 of the caption that was decided about.
    pub text_sha256: String,
    /// Whether a rule raised the flag, not a report of the public alone.
    pub by_rule: bool,
}

macro_rules! asked {
    () => {
        "SELECT b.id AS batch_id, b.code, b.platform, r.flag_id, f.post_id, r.decision_id, f.pack, p.author, p.text, d.text_sha256, d.rules <> '[]' AS by_rule
        FROM requests r JOIN batches b ON b.id = r.batch_id JOIN flags f ON f.id = r.flag_id AND f.decision_id = r.decision_id
        JOIN decisions d ON d.id = r.decision_id JOIN posts p ON p.id = f.post_id
        WHERE r.kind = 'request' AND b.state = 'sent' AND p.text_sha256 <> ''
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE)"
    };
}

/// Every row that stands, the oldest first.
pub async fn asked(on: impl Into<Ex<'_>>) -> Result<Vec<Asked>> {
    run!(on, ex => sqlx::query_as(concat!(asked!(), " ORDER BY r.id")).fetch_all(ex))
}

/// The row that stands about a flag.
pub async fn asked_of_flag(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Option<Asked>> {
    const SQL: &str = concat!(asked!(), " AND r.flag_id = $1 ORDER BY r.id DESC LIMIT 1");
    run!(on, ex => sqlx::query_as(SQL).bind(flag).fetch_optional(ex))
}

/// A withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Tracked {
    /// The package.
    pub id: BatchId,
    /// Its reference.
    pub code: String,
    /// Where it goes.
    pub platform: Platform,
    /// Where it stands.
    pub state: BatchState,
    /// When it was written.
    pub created_at: Millis,
    /// When it left.
    pub sent_at: Option<Millis>,
    /// Its posts.
    pub rows: i64,
}

/// Every withdrawal that was not given up, newest first.
pub async fn withdrawals(on: impl Into<Ex<'_>>) -> Result<Vec<Tracked>> {
    const SQL: &str = "SELECT b.id, b.code, b.platform, b.state, b.created_at, v.sent_at, COUNT(r.id) AS rows FROM batches b
        JOIN requests r ON r.batch_id = b.id LEFT JOIN deliveries v ON v.batch_id = b.id
        WHERE b.kind = 'withdrawal' AND b.state <> 'cancelled'
        GROUP BY b.id, b.code, b.platform, b.state, b.created_at, v.sent_at ORDER BY b.id DESC";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Of each row of a withdrawal that left: the package, the newest answer, and whether we saw the post up again since.
pub async fn confirmations(on: impl Into<Ex<'_>>) -> Result<Vec<(BatchId, Option<Outcome>, bool)>> {
    const SQL: &str = "SELECT r.batch_id, (SELECT a.outcome FROM answers a WHERE a.request_id = r.id ORDER BY a.id DESC LIMIT 1) AS outcome,
        EXISTS (SELECT 1 FROM checks c WHERE c.post_id = f.post_id AND c.checked_at > v.sent_at AND c.outcome IN ('up', 'edited')) AS again
        FROM requests r JOIN batches b ON b.id = r.batch_id JOIN deliveries v ON v.batch_id = b.id JOIN flags f ON f.id = r.flag_id
        WHERE b.kind = 'withdrawal' AND b.state = 'sent' AND v.sent_at IS NOT NULL ORDER BY r.id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}
