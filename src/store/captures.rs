//! What posts came as, byte for byte: evidence of what was read. Only of posts that may be flagged, or are.

use super::{Ex, Result, Store, WriteTx};
use crate::domain::ids::PostId;
use crate::domain::post::{Observation, storable};
use crate::domain::{Millis, sha256_hex};

/// What brought a post.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Connector or import.
    pub source: &'a str,
    /// What was asked, or the name of the file.
    pub query: &'a str,
}

/// Name and version of this program, as a capture names it.
pub const TOOL: &str = concat!("sisir/", env!("CARGO_PKG_VERSION"));

/// Keeps the text that each post came as, once for each caption: of posts that the rules have not read yet, and of flagged
/// ones. Posts without a caption are no evidence of anything. `came`: each post with its text.
pub async fn keep<'a>(
    tx: &mut WriteTx,
    origin: Origin<'_>,
    came: impl IntoIterator<Item = (&'a Observation, &'a [u8])>,
) -> Result<()> {
    const SQL: &str = "INSERT INTO captures (post_id, text_sha256, source, query, tool, sha256, bytes, captured_at)
        SELECT p.id, p.text_sha256, $4, $5, $6, $7, $8, $9 FROM posts p
        WHERE p.platform = $1 AND p.native_id = $2 AND p.text_sha256 = $3
        AND (p.screened_by IS NULL OR EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id))
        AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.post_id = p.id AND c.text_sha256 = p.text_sha256)
        ON CONFLICT (post_id, text_sha256) DO NOTHING";
    let now = tx.now();
    for (seen, bytes) in came.into_iter().filter(|(seen, bytes)| !seen.text.is_empty() && !bytes.is_empty()) {
        let caption = sha256_hex(storable(&seen.text).as_bytes());
        exec!(&mut *tx, ex => sqlx::query(SQL).bind(seen.platform).bind(storable(&seen.native_id)).bind(caption)
            .bind(origin.source).bind(origin.query).bind(TOOL).bind(sha256_hex(bytes)).bind(bytes).bind(now).execute(ex))?;
    }
    Ok(())
}

/// Lets go of what is not needed after the rules have read these posts: everything of a post without a flag, and former
/// captions that nobody decided about.
pub async fn let_go(tx: &mut WriteTx, posts: &[PostId]) -> Result<()> {
    for chunk in posts.chunks(1000) {
        run_as!(&mut *tx, ex: Db => async {
            let mut query = sqlx::QueryBuilder::<Db>::new("DELETE FROM captures WHERE post_id IN (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(*id);
            }
            query.push(") AND (NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = captures.post_id)
                OR (text_sha256 <> (SELECT p.text_sha256 FROM posts p WHERE p.id = captures.post_id)
                    AND NOT EXISTS (SELECT 1 FROM decisions d JOIN flags f ON f.id = d.flag_id
                        WHERE f.post_id = captures.post_id AND d.text_sha256 = captures.text_sha256)))");
            query.build().execute(ex).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Deletes what a post came as.
pub async fn forget(tx: &mut WriteTx, post: PostId) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM captures WHERE post_id = $1").bind(post).execute(ex))?;
    Ok(())
}

/// What a post came as, without the bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Capture {
    /// Row id.
    pub id: i64,
    /// SHA-256 of the caption in it.
    pub text_sha256: String,
    /// Connector or import.
    pub source: String,
    /// What was asked.
    pub query: String,
    /// What read it: `sisir/0.1.0`.
    pub tool: String,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// When it came.
    pub captured_at: Millis,
}

/// What a post came as, oldest first.
pub async fn of_post(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<Capture>> {
    const SQL: &str =
        "SELECT id, text_sha256, source, query, tool, sha256, captured_at FROM captures WHERE post_id = $1 ORDER BY id";
    run!(on, ex => sqlx::query_as(SQL).bind(post).fetch_all(ex))
}

/// What these posts came as: post, hash, bytes.
pub async fn of_posts(on: &Store, posts: &[PostId]) -> Result<Vec<(PostId, String, Vec<u8>)>> {
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT post_id, sha256, bytes FROM captures WHERE post_id IN (");
        let mut list = query.separated(", ");
        for id in posts {
            list.push_bind(*id);
        }
        query.push(")");
        query.build_query_as().fetch_all(ex).await
    })
}

/// The bytes, with their post and hash.
pub async fn bytes(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<(PostId, String, Vec<u8>)>> {
    run!(on, ex => sqlx::query_as("SELECT post_id, sha256, bytes FROM captures WHERE id = $1").bind(id).fetch_optional(ex))
}
