//! Where events are sent to.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::UserId;

/// An address that is told of events.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Webhook {
    /// Row id.
    pub id: i64,
    /// Address.
    pub url: String,
    /// Key of the signature, base64.
    pub secret: String,
    /// Kinds of events, with spaces between; empty for all.
    pub kinds: String,
    /// Sign-in name of who added it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
    /// Event up to which it was told.
    pub last_seq: i64,
    /// When it is tried next.
    pub next_at: Millis,
    /// Tries in a row that failed.
    pub failures: i32,
    /// Since when they do.
    pub failing_since: Option<Millis>,
    /// Why the last one did; empty for none.
    pub last_error: String,
    /// When it was switched off.
    pub off_at: Option<Millis>,
}

macro_rules! columns {
    () => {
        "SELECT w.id, w.url, w.secret, w.kinds, u.name AS created_by, w.created_at, w.last_seq, w.next_at, w.failures,
        w.failing_since, w.last_error, w.off_at FROM webhooks w JOIN users u ON u.id = w.created_by "
    };
}

/// Adds an address, told of what happens from now on.
pub async fn insert(tx: &mut WriteTx, url: &str, secret: &str, kinds: &str, by: UserId, last_seq: i64) -> Result<i64> {
    const SQL: &str = "INSERT INTO webhooks (url, secret, kinds, created_by, created_at, last_seq, next_at)
        VALUES ($1, $2, $3, $4, $5, $6, $5) RETURNING id";
    let now = tx.now();
    run!(tx, ex => sqlx::query_scalar(SQL).bind(url).bind(secret).bind(kinds).bind(by).bind(now).bind(last_seq).fetch_one(ex))
}

/// Every address, newest first.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<Webhook>> {
    const SQL: &str = concat!(columns!(), "ORDER BY w.id DESC");
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// One address.
pub async fn get(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<Webhook>> {
    const SQL: &str = concat!(columns!(), "WHERE w.id = $1");
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// Addresses that are due now.
pub async fn due(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<Webhook>> {
    const SQL: &str = concat!(columns!(), "WHERE w.off_at IS NULL AND w.next_at <= $1 ORDER BY w.next_at, w.id");
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}

/// Takes an address until `until`: of several workers one tells it. False when another was faster.
pub async fn take(tx: &mut WriteTx, hook: &Webhook, until: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE webhooks SET next_at = $3 WHERE id = $1 AND next_at = $2 AND last_seq = $4 AND off_at IS NULL";
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(hook.id).bind(hook.next_at).bind(until).bind(hook.last_seq).execute(ex))? == 1)
}

/// Notes up to where an address was told. False when it was switched off, or another worker told it as far.
pub async fn told(tx: &mut WriteTx, id: i64, seq: i64, next_at: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE webhooks SET last_seq = $2, next_at = $3, failures = 0, failing_since = NULL, last_error = ''
        WHERE id = $1 AND last_seq < $2 AND off_at IS NULL";
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(id).bind(seq).bind(next_at).execute(ex))? == 1)
}

/// Notes a try that failed; `off` switches the address off.
pub async fn failed(tx: &mut WriteTx, id: i64, error: &str, next_at: Millis, off: bool) -> Result<()> {
    const SQL: &str = "UPDATE webhooks SET failures = failures + 1, failing_since = COALESCE(failing_since, $4), last_error = $2,
        next_at = $3, off_at = CASE WHEN $5 THEN $4 ELSE off_at END WHERE id = $1";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(error).bind(next_at).bind(now).bind(off).execute(ex))?;
    Ok(())
}

/// Switches an address on, told of what happens from now on, or off.
pub async fn switch(tx: &mut WriteTx, id: i64, on: bool, last_seq: i64) -> Result<bool> {
    const ON: &str =
        "UPDATE webhooks SET off_at = NULL, failures = 0, failing_since = NULL, last_error = '', next_at = $2, last_seq = $3
        WHERE id = $1 AND off_at IS NOT NULL";
    const OFF: &str = "UPDATE webhooks SET off_at = $2 WHERE id = $1 AND off_at IS NULL";
    let now = tx.now();
    let changed = if on {
        exec!(tx, ex => sqlx::query(ON).bind(id).bind(now).bind(last_seq).execute(ex))?
    } else {
        exec!(tx, ex => sqlx::query(OFF).bind(id).bind(now).execute(ex))?
    };
    Ok(changed == 1)
}
