//! Stored posts with what became of them: what a changed rule pack is tried on.

use super::{Ex, Result};
use crate::domain::flag::FlagState;
use crate::domain::ids::PostId;

/// A stored post.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Judged {
    /// Row id.
    pub id: PostId,
    /// Caption.
    pub text: String,
    /// Public handle.
    pub author: String,
    /// State of its flag of the pack; none if it was never flagged.
    pub state: Option<FlagState>,
    /// A request about it was sent and not withdrawn.
    pub requested: bool,
}

/// How many posts a trial reads.
pub async fn count(on: impl Into<Ex<'_>>) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) FROM posts WHERE text <> ''").fetch_one(ex))
}

/// Posts behind `after`, by row id, with what the flag of `pack` says.
pub async fn page(on: impl Into<Ex<'_>>, pack: &str, after: PostId, limit: i64) -> Result<Vec<Judged>> {
    const SQL: &str = "SELECT p.id, p.text, p.author, f.state, COALESCE('request' = (SELECT r.kind FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND b.state = 'sent' ORDER BY r.id DESC LIMIT 1), FALSE) AS requested
        FROM posts p LEFT JOIN flags f ON f.post_id = p.id AND f.pack = $1 WHERE p.id > $2 AND p.text <> '' ORDER BY p.id LIMIT $3";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(after).bind(limit).fetch_all(ex))
}
