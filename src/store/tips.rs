//! What the public and associations report.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::ids::{PartnerId, PostId, TipId};
use crate::domain::tip::{TipReason, TipStatus};
use crate::domain::{Millis, Platform, sha256_hex};

/// A report to be kept.
#[derive(Debug)]
pub struct NewTip<'a> {
    /// About this post.
    pub post: PostId,
    /// The association that sent it; none for the public.
    pub partner: Option<PartnerId>,
    /// What the reporter asks about it with.
    pub ticket: &'a str,
    /// Why.
    pub reason: TipReason,
    /// More.
    pub note: &'a str,
    /// What the reporter says stands in the post.
    pub quoted: &'a str,
}

/// Keeps a report.
pub async fn insert(tx: &mut WriteTx, tip: &NewTip<'_>) -> Result<TipId> {
    const SQL: &str = "INSERT INTO tips (post_id, partner_id, ticket_sha256, reason, note, quoted, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let now = tx.now();
    let ticket = sha256_hex(tip.ticket.as_bytes());
    run!(tx, ex => sqlx::query_scalar(SQL).bind(tip.post).bind(tip.partner).bind(ticket).bind(tip.reason).bind(tip.note)
        .bind(tip.quoted).bind(now).fetch_one(ex))
}

/// Keeps who reported.
pub async fn insert_reporter(tx: &mut WriteTx, tip: TipId, name: &str, contact: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO tip_reporters (tip_id, name, contact) VALUES ($1, $2, $3)";
    exec!(tx, ex => sqlx::query(SQL).bind(tip).bind(name).bind(contact).execute(ex))?;
    Ok(())
}

/// Keeps a screenshot.
pub async fn insert_screenshot(tx: &mut WriteTx, tip: TipId, media_type: &str, bytes: &[u8]) -> Result<()> {
    const SQL: &str = "INSERT INTO tip_screenshots (tip_id, media_type, sha256, bytes) VALUES ($1, $2, $3, $4)";
    exec!(tx, ex => sqlx::query(SQL).bind(tip).bind(media_type).bind(sha256_hex(bytes)).bind(bytes).execute(ex))?;
    Ok(())
}

/// The row of a post.
pub async fn post_of(tx: &mut WriteTx, platform: Platform, native_id: &str) -> Result<PostId> {
    const SQL: &str = "SELECT id FROM posts WHERE platform = $1 AND native_id = $2";
    let id: Option<PostId> = run!(tx, ex => sqlx::query_scalar(SQL).bind(platform).bind(native_id).fetch_optional(ex))?;
    id.ok_or_else(|| StoreError::NotFound(format!("post {platform} {native_id}")))
}

/// Puts a reported post in the queue, last in order, unless it stands there already or was decided about.
pub async fn queue(tx: &mut WriteTx, post: PostId, pack: &str, rule_set: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO flags (post_id, platform, pack, rule_set, priority, score, findings, opened_at)
        SELECT p.id, p.platform, $2, $3, 'P3', 0, '[]', $4 FROM posts p WHERE p.id = $1 AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = $1)
        ON CONFLICT (post_id, pack) DO NOTHING";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(pack).bind(rule_set).bind(now).execute(ex))?;
    Ok(())
}

/// Opens what was dismissed once more for the first report about it: it may show what the caption did not. Later ones
/// change nothing, so that nobody keeps a lawful trader in the queue.
pub async fn reopen(tx: &mut WriteTx, post: PostId) -> Result<()> {
    const SQL: &str = "UPDATE flags SET state = 'open', decision_id = NULL, lane = 'first', referred_by = NULL WHERE post_id = $1 AND state = 'dismissed'
        AND NOT EXISTS (SELECT 1 FROM tips t WHERE t.post_id = $1)
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.flag_id = flags.id AND r.released = FALSE)
        AND NOT EXISTS (SELECT 1 FROM mentions m JOIN batches b ON b.id = m.batch_id WHERE m.flag_id = flags.id AND b.state IN ('draft', 'rendered', 'signed'))";
    exec!(tx, ex => sqlx::query(SQL).bind(post).execute(ex))?;
    Ok(())
}

/// A report as reviewers see it: without who reported.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TipCard {
    /// Row id.
    pub id: TipId,
    /// The association that sent it; none for the public.
    pub partner: Option<String>,
    /// Why.
    pub reason: TipReason,
    /// More.
    pub note: String,
    /// What the reporter says stands in the post.
    pub quoted: String,
    /// When it came.
    pub received_at: Millis,
    /// SHA-256 of the screenshot, if there is one.
    pub screenshot_sha256: Option<String>,
}

/// Reports about a post, oldest first.
pub async fn of_post(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<TipCard>> {
    const SQL: &str = "SELECT t.id, a.name AS partner, t.reason, t.note, t.quoted, t.received_at, s.sha256 AS screenshot_sha256
        FROM tips t LEFT JOIN partners a ON a.id = t.partner_id LEFT JOIN tip_screenshots s ON s.tip_id = t.id
        WHERE t.post_id = $1 ORDER BY t.id";
    run!(on, ex => sqlx::query_as(SQL).bind(post).fetch_all(ex))
}

/// A screenshot: media type and bytes.
pub async fn screenshot(on: impl Into<Ex<'_>>, tip: TipId) -> Result<Option<(String, Vec<u8>)>> {
    const SQL: &str = "SELECT media_type, bytes FROM tip_screenshots WHERE tip_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(tip).fetch_optional(ex))
}

/// Named queues of the flags that a report is about.
pub async fn queues(on: impl Into<Ex<'_>>, tip: TipId) -> Result<Vec<i64>> {
    const SQL: &str = "SELECT COALESCE(f.queue_id, 1) FROM tips t JOIN flags f ON f.post_id = t.post_id WHERE t.id = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(tip).fetch_all(ex))
}

/// Who reported: name and contact.
pub async fn reporter(on: impl Into<Ex<'_>>, tip: TipId) -> Result<Option<(String, String)>> {
    const SQL: &str = "SELECT name, contact FROM tip_reporters WHERE tip_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(tip).fetch_optional(ex))
}

/// A report with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TipOutcome {
    /// Row id.
    pub id: TipId,
    /// Its post.
    pub post_id: PostId,
    /// Whether a look missed the post.
    pub missed: bool,
    /// Address of the post; empty when it was deleted here.
    pub url: String,
    /// When it came.
    pub received_at: Millis,
    /// What became of it.
    pub status: TipStatus,
}

/// Whether the post is still there is read from the looks by [`crate::domain::check::Liveness`].
const OUTCOME: &str = "SELECT t.id, t.post_id, p.url, t.received_at,
        EXISTS (SELECT 1 FROM checks c WHERE c.post_id = p.id AND c.outcome IN ('gone', 'restricted', 'private')) AS missed, CASE
        WHEN EXISTS (SELECT 1 FROM flags f JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id
            WHERE f.post_id = p.id AND f.state = 'upheld' AND b.state = 'sent' AND b.kind = 'request') THEN 'requested'
        WHEN EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state = 'upheld') THEN 'upheld'
        WHEN EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state = 'open') THEN 'waiting'
        ELSE 'dismissed' END AS status
        FROM tips t JOIN posts p ON p.id = t.post_id";

/// What became of the report with this ticket.
pub async fn by_ticket(on: impl Into<Ex<'_>>, ticket: &str) -> Result<Option<TipOutcome>> {
    let sql = format!("{OUTCOME} WHERE t.ticket_sha256 = $1");
    let ticket = sha256_hex(ticket.as_bytes());
    run!(on, ex => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ticket).fetch_optional(ex))
}

/// What became of the reports of an association, newest first.
pub async fn of_partner(on: impl Into<Ex<'_>>, partner: PartnerId, limit: i64) -> Result<Vec<TipOutcome>> {
    let sql = format!("{OUTCOME} WHERE t.partner_id = $1 ORDER BY t.id DESC LIMIT $2");
    run!(on, ex => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(partner).bind(limit).fetch_all(ex))
}

/// True if this association reported this post before.
pub async fn reported_before(tx: &mut WriteTx, partner: PartnerId, post: PostId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM tips WHERE partner_id = $1 AND post_id = $2";
    let known: i64 = run!(tx, ex => sqlx::query_scalar(SQL).bind(partner).bind(post).fetch_one(ex))?;
    Ok(known > 0)
}

/// How many reports of the public came since then.
pub async fn count_since(on: impl Into<Ex<'_>>, since: Millis) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM tips WHERE partner_id IS NULL AND received_at > $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(since).fetch_one(ex))
}

/// An association.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Partner {
    /// Row id.
    pub id: PartnerId,
    /// Name.
    pub name: String,
    /// Since when.
    pub created_at: Millis,
    /// Since when its key is no longer accepted; none while it is.
    pub disabled_at: Option<Millis>,
}

/// Adds an association with its key.
pub async fn add_partner(tx: &mut WriteTx, name: &str, key: &str) -> Result<PartnerId> {
    const SQL: &str = "INSERT INTO partners (name, key_sha256, created_at) VALUES ($1, $2, $3) RETURNING id";
    let now = tx.now();
    run!(tx, ex => sqlx::query_scalar(SQL).bind(name).bind(sha256_hex(key.as_bytes())).bind(now).fetch_one(ex))
}

/// Gives an association a new key, which is accepted from now on. False if there is none of this name.
pub async fn set_key(tx: &mut WriteTx, name: &str, key: Option<&str>) -> Result<bool> {
    const NEW: &str = "UPDATE partners SET key_sha256 = $2, disabled_at = NULL WHERE name = $1";
    const END: &str = "UPDATE partners SET disabled_at = $2 WHERE name = $1";
    let now = tx.now();
    let done = match key {
        Some(key) => exec!(tx, ex => sqlx::query(NEW).bind(name).bind(sha256_hex(key.as_bytes())).execute(ex))?,
        None => exec!(tx, ex => sqlx::query(END).bind(name).bind(now).execute(ex))?,
    };
    Ok(done == 1)
}

/// The association whose key this is.
pub async fn partner_by_key(on: impl Into<Ex<'_>>, key: &str) -> Result<Option<Partner>> {
    const SQL: &str = "SELECT id, name, created_at, disabled_at FROM partners WHERE key_sha256 = $1 AND disabled_at IS NULL";
    run!(on, ex => sqlx::query_as(SQL).bind(sha256_hex(key.as_bytes())).fetch_optional(ex))
}

/// All associations, by name.
pub async fn partners(on: impl Into<Ex<'_>>) -> Result<Vec<Partner>> {
    run!(on, ex => sqlx::query_as("SELECT id, name, created_at, disabled_at FROM partners ORDER BY name").fetch_all(ex))
}

/// Deletes who reported before `before`, and the screenshots of what is not upheld. Returns how many rows went.
pub async fn forget(tx: &mut WriteTx, before: Millis) -> Result<u64> {
    const REPORTERS: &str = "DELETE FROM tip_reporters WHERE tip_id IN (SELECT id FROM tips WHERE received_at < $1)";
    const SCREENSHOTS: &str = "DELETE FROM tip_screenshots WHERE tip_id IN (SELECT t.id FROM tips t WHERE t.received_at < $1
        AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = t.post_id AND f.state = 'upheld'))";
    let gone = exec!(&mut *tx, ex => sqlx::query(REPORTERS).bind(before).execute(ex))?;
    Ok(gone + exec!(tx, ex => sqlx::query(SCREENSHOTS).bind(before).execute(ex))?)
}

/// Empties the reports about a post whose text goes: that there was one stays, what it quoted and showed goes.
pub async fn empty(tx: &mut WriteTx, post: PostId) -> Result<()> {
    const TEXTS: &str = "UPDATE tips SET note = '', quoted = '' WHERE post_id = $1";
    const SCREENSHOTS: &str = "DELETE FROM tip_screenshots WHERE tip_id IN (SELECT id FROM tips WHERE post_id = $1)";
    exec!(&mut *tx, ex => sqlx::query(TEXTS).bind(post).execute(ex))?;
    exec!(tx, ex => sqlx::query(SCREENSHOTS).bind(post).execute(ex))?;
    Ok(())
}
