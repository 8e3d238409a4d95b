//! How far the sources have been read, what of their quota is used, and why one rests.

use std::collections::BTreeMap;

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::source::SourceState;

/// A window of a source.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CursorRow {
    /// Continue here; none at the start.
    pub cursor: Option<String>,
    /// Read to the end.
    pub done: bool,
    /// Pages read.
    pub pages: i32,
    /// Until when it was read to its end; none before the first time.
    pub read_until: Option<Millis>,
    /// When the last page was stored.
    pub updated_at: Millis,
}

/// How far a window has been read.
pub async fn cursor(on: impl Into<Ex<'_>>, source: &str, window: &str) -> Result<Option<CursorRow>> {
    const SQL: &str =
        "SELECT cursor, done, pages, read_until, updated_at FROM source_cursors WHERE source = $1 AND window_key = $2";
    run!(on, ex => sqlx::query_as(SQL).bind(source).bind(window).fetch_optional(ex))
}

/// Moves on in a window. Called in the transaction that stores the page's posts. `read_until`: given with the last page
/// of a reading.
pub async fn advance(
    tx: &mut WriteTx,
    source: &str,
    window: &str,
    cursor: Option<&str>,
    done: bool,
    read_until: Option<Millis>,
) -> Result<()> {
    const SQL: &str = "INSERT INTO source_cursors (source, window_key, cursor, done, pages, read_until, updated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $6)
        ON CONFLICT (source, window_key) DO UPDATE SET cursor = excluded.cursor, done = excluded.done,
        pages = source_cursors.pages + 1, read_until = COALESCE(excluded.read_until, source_cursors.read_until), updated_at = excluded.updated_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(window).bind(cursor).bind(done).bind(read_until).bind(now).execute(ex))?;
    Ok(())
}

/// Forgets how far a window was read (its cursor died); it will be read from its start.
pub async fn restart(tx: &mut WriteTx, source: &str, window: &str) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM source_cursors WHERE source = $1 AND window_key = $2").bind(source).bind(window).execute(ex))?;
    Ok(())
}

/// Requests used on a day of the source's quota.
pub async fn quota_used(on: impl Into<Ex<'_>>, source: &str, day: &str) -> Result<i64> {
    const SQL: &str = "SELECT used FROM quota_used WHERE source = $1 AND day = $2";
    let used: Option<i64> = run!(on, ex => sqlx::query_scalar(SQL).bind(source).bind(day).fetch_optional(ex))?;
    Ok(used.unwrap_or(0))
}

/// Takes one request from the day's budget. False when it is used up.
pub async fn take_quota(tx: &mut WriteTx, source: &str, day: &str, budget: i64) -> Result<bool> {
    const OPEN: &str = "INSERT INTO quota_used (source, day, used) VALUES ($1, $2, 0) ON CONFLICT (source, day) DO NOTHING";
    const TAKE: &str = "UPDATE quota_used SET used = used + 1 WHERE source = $1 AND day = $2 AND used < $3";
    exec!(&mut *tx, ex => sqlx::query(OPEN).bind(source).bind(day).execute(ex))?;
    let taken = exec!(tx, ex => sqlx::query(TAKE).bind(source).bind(day).bind(budget).execute(ex))?;
    Ok(taken == 1)
}

/// Takes what is left of the day's budget, at most `most`; says how much.
pub async fn take_quota_up_to(tx: &mut WriteTx, source: &str, day: &str, budget: i64, most: i64) -> Result<i64> {
    const OPEN: &str = "INSERT INTO quota_used (source, day, used) VALUES ($1, $2, 0) ON CONFLICT (source, day) DO NOTHING";
    const LITE: &str = "SELECT used FROM quota_used WHERE source = $1 AND day = $2";
    const PG: &str = "SELECT used FROM quota_used WHERE source = $1 AND day = $2 FOR UPDATE";
    const TAKE: &str = "UPDATE quota_used SET used = used + $3 WHERE source = $1 AND day = $2";
    exec!(&mut *tx, ex => sqlx::query(OPEN).bind(source).bind(day).execute(ex))?;
    let sql = if tx.is_postgres() { PG } else { LITE };
    let used: i64 = run!(&mut *tx, ex => sqlx::query_scalar(sql).bind(source).bind(day).fetch_one(ex))?;
    let taken = (budget - used).clamp(0, most.max(0));
    exec!(tx, ex => sqlx::query(TAKE).bind(source).bind(day).bind(taken).execute(ex))?;
    Ok(taken)
}

/// Gives back what was taken on a day and not used.
pub async fn give_quota_back(tx: &mut WriteTx, source: &str, day: &str, unused: i64) -> Result<()> {
    const SQL: &str = "UPDATE quota_used SET used = CASE WHEN used > $3 THEN used - $3 ELSE 0 END WHERE source = $1 AND day = $2";
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(day).bind(unused.max(0)).execute(ex))?;
    Ok(())
}

/// Takes a place among `limit` names first used after `since`; a name that has one keeps it. False when there is none.
pub async fn reserve(tx: &mut WriteTx, source: &str, name: &str, since: Millis, limit: i64) -> Result<bool> {
    const TAKE: &str = "INSERT INTO reservations (source, name, first_used_at) VALUES ($1, $2, $3)
        ON CONFLICT (source, name) DO UPDATE SET first_used_at = excluded.first_used_at WHERE reservations.first_used_at <= $4";
    const TAKEN: &str = "SELECT COUNT(*) FROM reservations WHERE source = $1 AND first_used_at > $2 AND name <> $3";
    if tx.is_postgres() {
        // Two workers must not both take the last place.
        exec!(&mut *tx, ex => sqlx::query("LOCK TABLE reservations IN EXCLUSIVE MODE").execute(ex))?;
    }
    let others: i64 = run!(&mut *tx, ex => sqlx::query_scalar(TAKEN).bind(source).bind(since).bind(name).fetch_one(ex))?;
    if others >= limit {
        return Ok(false);
    }
    let now = tx.now();
    exec!(tx, ex => sqlx::query(TAKE).bind(source).bind(name).bind(now).bind(since).execute(ex))?;
    Ok(true)
}

/// Why a source rests.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SourceRow {
    /// Name of the source.
    pub source: String,
    /// Whether it works.
    pub state: SourceState,
    /// For people; empty when it works.
    pub reason: String,
    /// Until when it rests.
    pub parked_until: Option<Millis>,
    /// Last good answer.
    pub last_ok_at: Option<Millis>,
    /// When its access token ends, if known.
    pub token_until: Option<Millis>,
    /// When that was looked after last.
    pub token_checked_at: Option<Millis>,
}

/// Every source that ever ran.
pub async fn sources(on: impl Into<Ex<'_>>) -> Result<Vec<SourceRow>> {
    run!(on, ex => sqlx::query_as("SELECT source, state, reason, parked_until, last_ok_at, token_until, token_checked_at FROM source_states ORDER BY source").fetch_all(ex))
}

/// One source.
pub async fn source(on: impl Into<Ex<'_>>, name: &str) -> Result<Option<SourceRow>> {
    const SQL: &str = "SELECT source, state, reason, parked_until, last_ok_at, token_until, token_checked_at FROM source_states WHERE source = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(name).fetch_optional(ex))
}

/// Records whether a source works.
pub async fn set_source(
    tx: &mut WriteTx,
    name: &str,
    state: SourceState,
    reason: &str,
    parked_until: Option<Millis>,
) -> Result<()> {
    const SQL: &str = "INSERT INTO source_states (source, state, reason, parked_until, last_ok_at, updated_at)
        VALUES ($1, $2, $3, $4, CASE WHEN $2 = 'ok' THEN $5 END, $5)
        ON CONFLICT (source) DO UPDATE SET state = excluded.state, reason = excluded.reason, parked_until = excluded.parked_until,
        last_ok_at = COALESCE(excluded.last_ok_at, source_states.last_ok_at), updated_at = excluded.updated_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(name).bind(state).bind(reason).bind(parked_until).bind(now).execute(ex))?;
    Ok(())
}

/// Keeps why an item of an answer could not be read.
pub async fn reject(tx: &mut WriteTx, source: &str, native_id: &str, reason: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO rejects (source, native_id, reason, seen_at) VALUES ($1, $2, $3, $4)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(native_id).bind(reason).bind(now).execute(ex))?;
    Ok(())
}

/// An item that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Reject {
    /// Where it came from.
    pub source: String,
    /// The platform's id, or `?`.
    pub native_id: String,
    /// What is wrong with it.
    pub reason: String,
    /// When.
    pub seen_at: Millis,
}

/// The last items that could not be read.
pub async fn last_rejects(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Reject>> {
    const SQL: &str = "SELECT source, native_id, reason, seen_at FROM rejects ORDER BY id DESC LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// How many items could not be read, by source.
pub async fn rejects_since(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(String, i64)>> {
    const SQL: &str = "SELECT source, COUNT(*) FROM rejects WHERE seen_at >= $1 GROUP BY source";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Requests by source and day, from a day on.
pub async fn quota_since(on: impl Into<Ex<'_>>, day: &str) -> Result<Vec<(String, String, i64)>> {
    const SQL: &str = "SELECT source, day, used FROM quota_used WHERE day >= $1 ORDER BY source, day";
    run!(on, ex => sqlx::query_as(SQL).bind(day).fetch_all(ex))
}

/// What a source brought on a day.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Brought {
    /// Source.
    pub source: String,
    /// UTC days since 1970.
    pub day: i64,
    /// Posts not seen before.
    pub posts: i64,
    /// Of these, posts that a rule flagged.
    pub flagged: i64,
}

/// What the sources brought, by day.
pub async fn brought_since(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<Brought>> {
    const SQL: &str = "SELECT p.source, p.first_seen_at / 86400000 AS day, COUNT(*) AS posts,
        COUNT(CASE WHEN EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id) THEN 1 END) AS flagged
        FROM posts p WHERE p.first_seen_at >= $1 GROUP BY p.source, p.first_seen_at / 86400000";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Every window of a source that was ever read, by key.
pub async fn windows(on: impl Into<Ex<'_>>, source: &str) -> Result<BTreeMap<String, CursorRow>> {
    #[derive(sqlx::FromRow)]
    struct Keyed {
        window_key: String,
        #[sqlx(flatten)]
        row: CursorRow,
    }
    const SQL: &str = "SELECT window_key, cursor, done, pages, read_until, updated_at FROM source_cursors WHERE source = $1";
    let rows: Vec<Keyed> = run!(on, ex => sqlx::query_as(SQL).bind(source).fetch_all(ex))?;
    Ok(rows.into_iter().map(|keyed| (keyed.window_key, keyed.row)).collect())
}

/// How many items could not be read.
pub async fn count_rejects(on: impl Into<Ex<'_>>) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) FROM rejects").fetch_one(ex))
}
