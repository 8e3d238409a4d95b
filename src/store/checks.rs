//! Looks at requested posts.

use std::collections::BTreeMap;

use super::{Ex, Result, WriteTx};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::ids::{BatchId, PostId};
use crate::domain::post::Post;
use crate::domain::{Millis, Platform};

/// Records one look.
pub async fn insert(tx: &mut WriteTx, post: PostId, outcome: CheckOutcome) -> Result<()> {
    const SQL: &str = "INSERT INTO checks (post_id, checked_at, outcome) VALUES ($1, $2, $3)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(now).bind(outcome).execute(ex))?;
    Ok(())
}

/// The looks at a post, oldest first.
pub async fn of_post(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<Check>> {
    const SQL: &str = "SELECT id, post_id, checked_at, outcome FROM checks WHERE post_id = $1 ORDER BY checked_at, id";
    run!(on, ex => sqlx::query_as(SQL).bind(post).fetch_all(ex))
}

/// The looks at a post since the newest request about it left, oldest first.
pub async fn since_sent(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<Check>> {
    const SQL: &str = "SELECT id, post_id, checked_at, outcome FROM checks WHERE post_id = $1 AND checked_at > COALESCE(
        (SELECT MAX(d.sent_at) FROM deliveries d JOIN requests r ON r.batch_id = d.batch_id JOIN flags f ON f.id = r.flag_id
            WHERE f.post_id = $1 AND r.kind = 'request'), 0) ORDER BY checked_at, id";
    run!(on, ex => sqlx::query_as(SQL).bind(post).fetch_all(ex))
}

/// Posts of `platform` in packages that leave now and ask something about them, and that no look since `since` told anything about.
pub async fn leaving_unseen(on: impl Into<Ex<'_>>, platform: Platform, now: Millis, since: Millis) -> Result<Vec<Post>> {
    const SQL: &str = "SELECT p.id, p.platform, p.native_id, p.url, p.author, p.text, p.posted_at, p.first_seen_at, p.views, p.source FROM posts p
        WHERE p.platform = $1 AND p.id IN (SELECT f.post_id FROM flags f JOIN package_rows r ON r.flag_id = f.id
            JOIN deliveries d ON d.batch_id = r.batch_id WHERE r.kind NOT IN ('withdrawal', 'correction', 'lead') AND d.state = 'queued' AND d.due_at <= $2)
        AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.post_id = p.id AND c.checked_at >= $3 AND c.outcome <> 'unknown') ORDER BY p.id";
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(now).bind(since).fetch_all(ex))
}

/// All looks at posts of a package, by post, oldest first.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<BTreeMap<PostId, Vec<Check>>> {
    const SQL: &str = "SELECT c.id, c.post_id, c.checked_at, c.outcome FROM checks c JOIN flags f ON f.post_id = c.post_id
        JOIN package_rows r ON r.flag_id = f.id WHERE r.batch_id = $1 ORDER BY c.post_id, c.checked_at, c.id";
    let checks: Vec<Check> = run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))?;
    let mut by_post: BTreeMap<PostId, Vec<Check>> = BTreeMap::new();
    for check in checks {
        by_post.entry(check.post_id).or_default().push(check);
    }
    Ok(by_post)
}

/// Posts of `platform` whose request was sent and not withdrawn since.
pub async fn followed(on: impl Into<Ex<'_>>, platform: Platform) -> Result<Vec<Post>> {
    const SQL: &str = "SELECT p.id, p.platform, p.native_id, p.url, p.author, p.text, p.posted_at, p.first_seen_at, p.views, p.source FROM posts p
        JOIN flags f ON f.post_id = p.id WHERE p.platform = $1 AND f.state = 'upheld'
        AND EXISTS (SELECT 1 FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND b.state = 'sent' AND b.kind = 'request')
        ORDER BY p.id";
    run!(on, ex => sqlx::query_as(SQL).bind(platform).fetch_all(ex))
}

/// Posts whose request was sent.
pub async fn requested(on: impl Into<Ex<'_>>) -> Result<Vec<PostId>> {
    const SQL: &str =
        "SELECT DISTINCT f.post_id FROM flags f JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id
        WHERE b.state = 'sent' AND b.kind = 'request' ORDER BY f.post_id";
    run!(on, ex => sqlx::query_scalar(SQL).fetch_all(ex))
}
