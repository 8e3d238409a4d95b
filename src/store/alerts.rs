//! What is wrong with sources: one row for each thing, however often it is noticed.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::alert::AlertKind;

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Alert {
    /// What is wrong.
    pub kind: AlertKind,
    /// With which source.
    pub source: String,
    /// Facts, for people.
    pub detail: String,
    /// Since when.
    pub opened_at: Millis,
    /// When it was noticed last.
    pub noticed_at: Millis,
    /// When it was over; none while it lasts.
    pub closed_at: Option<Millis>,
}

/// Notes that something is wrong. True if that is news: it was not known, or was over since before `quiet_since`.
pub async fn raise(tx: &mut WriteTx, kind: AlertKind, source: &str, detail: &str, quiet_since: Millis) -> Result<bool> {
    const KNOWN: &str = "UPDATE alerts SET detail = $3, noticed_at = $4, closed_at = NULL
        WHERE kind = $1 AND source = $2 AND (closed_at IS NULL OR closed_at >= $5)";
    const NEW: &str =
        "INSERT INTO alerts (kind, source, detail, opened_at, noticed_at, closed_at) VALUES ($1, $2, $3, $4, $4, NULL)
        ON CONFLICT (kind, source) DO UPDATE SET detail = excluded.detail, opened_at = excluded.opened_at,
        noticed_at = excluded.noticed_at, closed_at = NULL";
    let now = tx.now();
    let known =
        exec!(&mut *tx, ex => sqlx::query(KNOWN).bind(kind).bind(source).bind(detail).bind(now).bind(quiet_since).execute(ex))?;
    if known > 0 {
        return Ok(false);
    }
    exec!(tx, ex => sqlx::query(NEW).bind(kind).bind(source).bind(detail).bind(now).execute(ex))?;
    Ok(true)
}

/// Notes that something is over.
pub async fn close(tx: &mut WriteTx, kind: AlertKind, source: &str) -> Result<()> {
    const SQL: &str = "UPDATE alerts SET closed_at = $3 WHERE kind = $1 AND source = $2 AND closed_at IS NULL";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(kind).bind(source).bind(now).execute(ex))?;
    Ok(())
}

/// What is wrong now, newest first.
pub async fn open(on: impl Into<Ex<'_>>) -> Result<Vec<Alert>> {
    const SQL: &str = "SELECT kind, source, detail, opened_at, noticed_at, closed_at FROM alerts WHERE closed_at IS NULL
        ORDER BY opened_at DESC, kind, source";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Counts a failure that waiting did not mend. `class`: its kind.
pub async fn count_failure(tx: &mut WriteTx, source: &str, class: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO source_failures (source, day, class, count) VALUES ($1, $2, $3, 1)
        ON CONFLICT (source, day, class) DO UPDATE SET count = source_failures.count + 1";
    let day = tx.now().utc_day();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(day).bind(class).execute(ex))?;
    Ok(())
}

/// Failures by source and kind, from a UTC day on.
pub async fn failures_since(on: impl Into<Ex<'_>>, day: i64) -> Result<Vec<(String, String, i64)>> {
    const SQL: &str = "SELECT source, class, CAST(SUM(count) AS BIGINT) FROM source_failures WHERE day >= $1
        GROUP BY source, class ORDER BY source, class";
    run!(on, ex => sqlx::query_as(SQL).bind(day).fetch_all(ex))
}

/// Notes when the access token of a source ends.
pub async fn set_token_until(tx: &mut WriteTx, source: &str, until: Option<Millis>) -> Result<()> {
    const SQL: &str = "INSERT INTO source_states (source, state, reason, updated_at, token_until, token_checked_at)
        VALUES ($1, 'ok', '', $2, $3, $2)
        ON CONFLICT (source) DO UPDATE SET token_until = excluded.token_until, token_checked_at = excluded.token_checked_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(now).bind(until).execute(ex))?;
    Ok(())
}
