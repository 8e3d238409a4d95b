//! Random samples of posts that were not flagged, and what people say of them.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::{PostId, UserId};
use crate::domain::recall::{Labels, Stratum};

/// A post that may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Unflagged {
    /// Row id.
    pub id: PostId,
    /// Caption.
    pub text: String,
    /// It was drawn before.
    pub drawn: bool,
}

/// Posts with a text that the rules read, seen first since `since`, that `pack` did not flag, at random. Those that stand in a
/// queue of some people only, by another pack, are left out.
pub async fn random(on: impl Into<Ex<'_>>, pack: &str, since: Millis, limit: i64) -> Result<Vec<Unflagged>> {
    const SQL: &str = "SELECT p.id, p.text, EXISTS (SELECT 1 FROM recall_samples s WHERE s.post_id = p.id) AS drawn FROM posts p
        WHERE p.text <> '' AND p.screened_by IS NOT NULL AND p.first_seen_at >= $2
        AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.pack = $1)
        AND NOT EXISTS (SELECT 1 FROM flags f JOIN queue_members m ON m.queue_id = COALESCE(f.queue_id, 1) WHERE f.post_id = p.id)
        ORDER BY RANDOM() LIMIT $3";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(since).bind(limit).fetch_all(ex))
}

/// How many posts with a text, seen first since `since`, there are that `pack` did not flag.
pub async fn unflagged(on: impl Into<Ex<'_>>, pack: &str, since: Millis) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM posts p WHERE p.text <> '' AND p.screened_by IS NOT NULL AND p.first_seen_at >= $2
        AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.pack = $1)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(pack).bind(since).fetch_one(ex))
}

/// A draw: what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Posts that were not flagged.
    pub unflagged: i64,
    /// Of these the program looked at so many.
    pub looked: i64,
    /// Of these so many have words of the pack.
    pub with_words: i64,
}

/// Writes a draw down with its posts.
pub async fn insert(tx: &mut WriteTx, pack: &str, by: UserId, draw: Draw, posts: &[(PostId, Stratum)]) -> Result<i64> {
    const SQL: &str = "INSERT INTO recall_draws (pack, drawn_by, drawn_at, unflagged, looked, with_words)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    const POST: &str = "INSERT INTO recall_samples (draw_id, post_id, stratum) VALUES ($1, $2, $3)";
    let now = tx.now();
    let id: i64 = run!(&mut *tx, ex => sqlx::query_scalar(SQL).bind(pack).bind(by).bind(now).bind(draw.unflagged).bind(draw.looked)
        .bind(draw.with_words).fetch_one(ex))?;
    for (post, stratum) in posts {
        exec!(&mut *tx, ex => sqlx::query(POST).bind(id).bind(post).bind(*stratum).execute(ex))?;
    }
    Ok(id)
}

/// A post that waits for a label: the sample and the post.
pub async fn next(on: impl Into<Ex<'_>>, pack: &str) -> Result<Option<(i64, PostId)>> {
    const SQL: &str =
        "SELECT s.id, s.post_id FROM recall_samples s JOIN recall_draws d ON d.id = s.draw_id JOIN posts p ON p.id = s.post_id
        WHERE d.pack = $1 AND s.labelled_at IS NULL AND p.text <> '' ORDER BY s.id LIMIT 1";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).fetch_optional(ex))
}

/// The post of a sample that waits for a label.
pub async fn waiting_post(on: impl Into<Ex<'_>>, sample: i64) -> Result<Option<PostId>> {
    const SQL: &str =
        "SELECT s.post_id FROM recall_samples s WHERE s.id = $1 AND s.labelled_at IS NULL AND s.post_id IS NOT NULL";
    run!(on, ex => sqlx::query_scalar(SQL).bind(sample).fetch_optional(ex))
}

/// Writes down whether a post should have been flagged.
///
/// # Errors
/// [`StoreError::Refused`] when it has a label.
pub async fn label(tx: &mut WriteTx, sample: i64, by: UserId, relevant: bool) -> Result<()> {
    const SQL: &str =
        "UPDATE recall_samples SET labeller_id = $2, relevant = $3, labelled_at = $4 WHERE id = $1 AND labelled_at IS NULL";
    let now = tx.now();
    let labelled = exec!(tx, ex => sqlx::query(SQL).bind(sample).bind(by).bind(relevant).bind(now).execute(ex))?;
    if labelled == 1 { Ok(()) } else { Err(StoreError::Refused("a colleague has labelled this post".into())) }
}

/// Labels of draws since `since`, by stratum; and how many posts wait for one.
pub async fn labels(on: impl Into<Ex<'_>>, pack: &str, since: Millis) -> Result<Vec<(Stratum, Labels, i64)>> {
    const SQL: &str = "SELECT s.stratum, COUNT(CASE WHEN s.relevant THEN 1 END), COUNT(s.labelled_at),
            COUNT(CASE WHEN s.labelled_at IS NULL AND s.post_id IS NOT NULL THEN 1 END)
        FROM recall_samples s JOIN recall_draws d ON d.id = s.draw_id WHERE d.pack = $1 AND d.drawn_at >= $2 GROUP BY s.stratum";
    let rows: Vec<(Stratum, i64, i64, i64)> = run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(since).fetch_all(ex))?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(rows
        .into_iter()
        .map(|(stratum, relevant, all, waiting)| (stratum, Labels { relevant: count(relevant), all: count(all) }, waiting))
        .collect())
}

/// What the draws since `since` were made from, together: posts looked at, and those with words.
pub async fn looked(on: impl Into<Ex<'_>>, pack: &str, since: Millis) -> Result<(i64, i64)> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(looked), 0) AS BIGINT), CAST(COALESCE(SUM(with_words), 0) AS BIGINT)
        FROM recall_draws WHERE pack = $1 AND drawn_at >= $2";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(since).fetch_one(ex))
}

/// Flags of posts that were seen first since some moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Flagged {
    /// Raised by rules and upheld.
    pub upheld: i64,
    /// Raised by rules and dismissed.
    pub dismissed: i64,
    /// Raised by rules; nobody decided yet.
    pub open: i64,
    /// Upheld, but found by a report of the public or a sample only: the rules missed it.
    pub reported: i64,
}

/// Flags of a pack about posts that were seen first since `since`.
pub async fn flagged(on: impl Into<Ex<'_>>, pack: &str, since: Millis) -> Result<Flagged> {
    const SQL: &str = "SELECT COUNT(CASE WHEN by_rule AND state = 'upheld' THEN 1 END) AS upheld,
            COUNT(CASE WHEN by_rule AND state = 'dismissed' THEN 1 END) AS dismissed, COUNT(CASE WHEN by_rule AND state = 'open' THEN 1 END) AS open,
            COUNT(CASE WHEN NOT by_rule AND state = 'upheld' THEN 1 END) AS reported
        FROM (SELECT f.state, NOT (CAST(f.findings AS TEXT) = '[]' AND (EXISTS (SELECT 1 FROM tips t WHERE t.post_id = f.post_id)
                OR EXISTS (SELECT 1 FROM recall_samples s WHERE s.post_id = f.post_id))) AS by_rule
            FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.pack = $1 AND p.first_seen_at >= $2) AS flagged";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(since).fetch_one(ex))
}

/// Puts a post in the queue that a person found and the rules did not, last in order.
pub async fn queue(tx: &mut WriteTx, post: PostId, pack: &str, rule_set: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO flags (post_id, platform, pack, rule_set, priority, score, findings, opened_at)
        SELECT p.id, p.platform, $2, $3, 'P3', 0, '[]', $4 FROM posts p WHERE p.id = $1 ON CONFLICT (post_id, pack) DO NOTHING";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(pack).bind(rule_set).bind(now).execute(ex))?;
    Ok(())
}
