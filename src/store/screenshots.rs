//! Screenshots that reviewers take of flagged posts.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::{BatchId, FlagId, PostId, UserId};

/// A screenshot without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Screenshot {
    /// Row id.
    pub id: i64,
    /// What it shows.
    pub flag_id: FlagId,
    /// `image/png`, `image/jpeg` or `image/webp`.
    pub media_type: String,
    /// SHA-256 of the bytes as they were uploaded.
    pub sha256: String,
    /// Who took it.
    pub added_by: UserId,
    /// When it was uploaded.
    pub added_at: Millis,
}

/// Keeps a screenshot. False when this very one is kept already.
pub async fn insert(tx: &mut WriteTx, flag: FlagId, media_type: &str, sha256: &str, bytes: &[u8], by: UserId) -> Result<bool> {
    const SQL: &str =
        "INSERT INTO screenshots (flag_id, media_type, sha256, bytes, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (flag_id, sha256) DO NOTHING";
    let now = tx.now();
    let done =
        exec!(tx, ex => sqlx::query(SQL).bind(flag).bind(media_type).bind(sha256).bind(bytes).bind(by).bind(now).execute(ex))?;
    Ok(done == 1)
}

/// Screenshots of a flag, oldest first.
pub async fn of_flag(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Vec<Screenshot>> {
    const SQL: &str =
        "SELECT id, flag_id, media_type, sha256, added_by, added_at FROM screenshots WHERE flag_id = $1 ORDER BY id";
    run!(on, ex => sqlx::query_as(SQL).bind(flag).fetch_all(ex))
}

/// Screenshots of the posts of a package, in order.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Vec<Screenshot>> {
    const SQL: &str = "SELECT s.id, s.flag_id, s.media_type, s.sha256, s.added_by, s.added_at FROM screenshots s
        JOIN package_rows r ON r.flag_id = s.flag_id WHERE r.batch_id = $1 ORDER BY r.item_no, s.id";
    run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))
}

/// A screenshot and its bytes.
pub async fn bytes(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<(FlagId, Vec<u8>)>> {
    run!(on, ex => sqlx::query_as("SELECT flag_id, bytes FROM screenshots WHERE id = $1").bind(id).fetch_optional(ex))
}

/// Deletes the screenshots of a post.
pub async fn forget(tx: &mut WriteTx, post: PostId) -> Result<()> {
    const SQL: &str = "DELETE FROM screenshots WHERE flag_id IN (SELECT id FROM flags WHERE post_id = $1)";
    exec!(tx, ex => sqlx::query(SQL).bind(post).execute(ex))?;
    Ok(())
}
