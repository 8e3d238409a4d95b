//! What clocks run on, and which ran out.

use super::{Ex, Result, WriteTx};
use crate::domain::answer::Outcome;
use crate::domain::batch::BatchKind;
use crate::domain::deadline::ClockKind;
use crate::domain::ids::{BatchId, FlagId, RequestId, UserId};
use crate::domain::{Millis, Platform};

/// Notes that a clock ran out. False when that was noted before.
pub async fn fire(tx: &mut WriteTx, kind: ClockKind, subject: &str, started: Millis, due: Millis) -> Result<bool> {
    const KNOWN: &str = "SELECT COUNT(*) FROM clock_firings WHERE kind = $1 AND subject = $2 AND started_at = $3";
    // Another worker may note it at the same moment.
    const SQL: &str = "INSERT INTO clock_firings (kind, subject, started_at, due_at, fired_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let known: i64 = run!(&mut *tx, ex => sqlx::query_scalar(KNOWN).bind(kind).bind(subject).bind(started).fetch_one(ex))?;
    if known > 0 {
        return Ok(false);
    }
    let now = tx.now();
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(kind).bind(subject).bind(started).bind(due).bind(now).execute(ex))? == 1)
}

/// A letter that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// The package.
    pub id: BatchId,
    /// Its reference.
    pub code: String,
    /// What it is.
    pub kind: BatchKind,
    /// Where it went.
    pub platform: Platform,
    /// When it left.
    pub sent_at: Millis,
    /// Posts that nobody has said anything about.
    pub rows: i64,
}

macro_rules! waiting {
    () => {
        "FROM batches b
        JOIN deliveries v ON v.batch_id = b.id JOIN package_rows r ON r.batch_id = b.id JOIN flags f ON f.id = r.flag_id
        WHERE b.state = 'sent' AND b.kind IN ('request', 'reminder', 'withdrawal') AND v.sent_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.request_id = r.request_id)
        AND NOT EXISTS (SELECT 1 FROM request_ends e WHERE e.request_id = r.request_id)
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.request_id AND w.released = FALSE)
        AND NOT EXISTS (SELECT 1 FROM mentions m JOIN batches n ON n.id = m.batch_id
            WHERE m.request_id = r.request_id AND m.kind IN ('reminder', 'application') AND n.state = 'sent' AND n.id > b.id)
        AND (CASE WHEN b.kind = 'withdrawal' THEN NOT EXISTS (SELECT 1 FROM checks c WHERE c.post_id = f.post_id AND c.checked_at > v.sent_at AND c.outcome IN ('up', 'edited'))
            ELSE COALESCE((SELECT c.outcome FROM checks c WHERE c.post_id = f.post_id AND c.outcome <> 'unknown' ORDER BY c.checked_at DESC, c.id DESC LIMIT 1), 'up')
                NOT IN ('gone', 'restricted', 'private') END)"
    };
}

/// Requests, reminders and withdrawals that left and are not answered in full, oldest first. What a newer letter asks is its own
/// affair; a post that is down needs no answer, one that is up again no confirmation.
pub async fn waiting(on: impl Into<Ex<'_>>) -> Result<Vec<Waiting>> {
    const SQL: &str = concat!(
        "SELECT b.id, b.code, b.kind, b.platform, v.sent_at, COUNT(*) AS rows ",
        waiting!(),
        " GROUP BY b.id, b.code, b.kind, b.platform, v.sent_at ORDER BY b.id"
    );
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// The rows of these letters that wait, by the request that an answer would be about.
pub async fn waiting_rows(on: impl Into<Ex<'_>>) -> Result<Vec<(BatchId, RequestId)>> {
    const SQL: &str = concat!("SELECT b.id, r.request_id ", waiting!(), " ORDER BY b.id, r.request_id");
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// A row of a request to which the platform said something that a person has to act on.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Open {
    /// The row.
    pub request_id: RequestId,
    /// Its package.
    pub batch_id: BatchId,
    /// Its reference.
    pub code: String,
    /// The flag.
    pub flag_id: FlagId,
    /// What the platform said.
    pub outcome: Outcome,
    /// When that was entered.
    pub recorded_at: Millis,
}

/// Rows of standing requests that were refused, or about which the platform asked back, and that nobody did anything about since:
/// no application, no withdrawal, nobody who left it at that.
pub async fn open_answers(on: impl Into<Ex<'_>>) -> Result<Vec<Open>> {
    const SQL: &str = "SELECT r.id AS request_id, r.batch_id, b.code, r.flag_id, a.outcome, a.recorded_at FROM requests r
        JOIN batches b ON b.id = r.batch_id JOIN answers a ON a.id = (SELECT MAX(n.id) FROM answers n WHERE n.request_id = r.id)
        JOIN flags f ON f.id = r.flag_id AND f.decision_id = r.decision_id
        WHERE r.kind = 'request' AND b.state = 'sent' AND a.outcome IN ('refused', 'needs_information')
        AND NOT EXISTS (SELECT 1 FROM request_ends e WHERE e.request_id = r.id)
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE)
        AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.request_id = r.id AND m.kind = 'application' AND m.released = FALSE)
        ORDER BY r.id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// A post that was dismissed after its request had left, while no withdrawal did: flag, platform, when it was dismissed.
pub async fn to_withdraw(on: impl Into<Ex<'_>>) -> Result<Vec<(FlagId, Platform, Millis)>> {
    const SQL: &str = "SELECT f.id, f.platform, d.decided_at FROM flags f JOIN decisions d ON d.id = f.decision_id
        WHERE f.state = 'dismissed' AND EXISTS (SELECT 1 FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND r.kind = 'request' AND b.state = 'sent'
            AND NOT EXISTS (SELECT 1 FROM requests w JOIN batches n ON n.id = w.batch_id
                WHERE w.flag_id = f.id AND w.kind = 'withdrawal' AND w.id > r.id AND n.state = 'sent'))
        ORDER BY d.decided_at, f.id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Leaves a request at what the platform said.
pub async fn end_request(tx: &mut WriteTx, request: RequestId, note: &str, by: UserId) -> Result<()> {
    const SQL: &str = "INSERT INTO request_ends (request_id, note, ended_by, ended_at) VALUES ($1, $2, $3, $4)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(request).bind(note).bind(by).bind(now).execute(ex))?;
    Ok(())
}

/// A clock that ran out.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Firing {
    /// What it waited for.
    pub kind: ClockKind,
    /// On what, e.g. `batch:3`.
    pub subject: String,
    /// When it began.
    pub started_at: Millis,
    /// When it ran out.
    pub due_at: Millis,
    /// When that was noticed.
    pub fired_at: Millis,
}

/// The clocks that ran out last, newest first.
pub async fn fired(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Firing>> {
    const SQL: &str = "SELECT kind, subject, started_at, due_at, fired_at FROM clock_firings ORDER BY fired_at DESC, due_at DESC, subject LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}
