//! Counts for the page of figures. Each is one statement; days are those of Asia/Jakarta.

use super::{Ex, Result};
use crate::domain::check::CheckOutcome;
use crate::domain::decision::{Reason, Verdict};
use crate::domain::flag::{FlagState, Priority};
use crate::domain::{Millis, Platform};

/// Milliseconds by which days in Jakarta begin before those in UTC.
const JAKARTA: i64 = 7 * 3_600_000;
const DAY: i64 = 86_400_000;

/// The number of a moment's day since 1970, in Jakarta.
pub const fn day(at: Millis) -> i64 {
    (at.0 + JAKARTA).div_euclid(DAY)
}

/// The beginning of a day, as [`day`] counts them.
pub const fn day_start(day: i64) -> Millis {
    Millis(day * DAY - JAKARTA)
}

/// Flags raised by day, since the beginning of a day.
pub async fn flags_by_day(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(i64, i64)>> {
    const SQL: &str =
        "SELECT (opened_at + 25200000) / 86400000 AS day, COUNT(*) FROM flags WHERE opened_at >= $1 GROUP BY 1 ORDER BY 1";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Decisions by day and verdict that were not taken back.
pub async fn decisions_by_day(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(i64, Verdict, i64)>> {
    const SQL: &str =
        "SELECT (decided_at + 25200000) / 86400000 AS day, verdict, COUNT(*) FROM decisions d WHERE decided_at >= $1
        AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = d.id) GROUP BY 1, 2 ORDER BY 1, 2";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Open flags raised from `from` (included) to `to` (excluded), by priority.
pub async fn open_between(on: impl Into<Ex<'_>>, from: Millis, to: Millis) -> Result<Vec<(Priority, i64)>> {
    const SQL: &str = "SELECT priority, COUNT(*) FROM flags WHERE state = 'open' AND opened_at >= $1 AND opened_at < $2
        GROUP BY priority ORDER BY priority";
    run!(on, ex => sqlx::query_as(SQL).bind(from).bind(to).fetch_all(ex))
}

/// Decisions made since then, by whole hours from flag to decision.
pub async fn hours_to_decision(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(i64, i64)>> {
    const SQL: &str = "SELECT (d.decided_at - f.opened_at) / 3600000 AS hours, COUNT(*) FROM decisions d JOIN flags f ON f.id = d.flag_id
        WHERE d.decided_at >= $1 AND NOT EXISTS (SELECT 1 FROM undone_decisions x WHERE x.decision_id = d.id) GROUP BY 1 ORDER BY 1";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Flags raised since then, by platform and state.
pub async fn platforms(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(Platform, FlagState, i64)>> {
    const SQL: &str =
        "SELECT platform, state, COUNT(*) FROM flags WHERE opened_at >= $1 GROUP BY platform, state ORDER BY platform, state";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Flags raised since then, by the source that brought the post, and state.
pub async fn sources(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(String, FlagState, i64)>> {
    const SQL: &str = "SELECT p.source, f.state, COUNT(*) FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.opened_at >= $1
        GROUP BY p.source, f.state ORDER BY p.source, f.state";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Flags raised since then, by the regions of their words as stored (`|medan|batam|`).
pub async fn regions(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(String, i64)>> {
    const SQL: &str =
        "SELECT regions, COUNT(*) FROM flags WHERE opened_at >= $1 AND regions <> '' GROUP BY regions ORDER BY regions";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// Decisions in force made since then, by reason.
pub async fn reasons(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(Reason, i64)>> {
    const SQL: &str = "SELECT d.reason, COUNT(*) FROM decisions d JOIN flags f ON f.decision_id = d.id WHERE d.decided_at >= $1
        GROUP BY d.reason ORDER BY COUNT(*) DESC, d.reason";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// A look at a requested post after its request left: request, when that was, the look. Requests without one are in it too;
/// those that were withdrawn are not.
pub type Look = (i64, Millis, Option<Millis>, Option<CheckOutcome>);

/// The looks since requests left, request by request, oldest first.
pub async fn looks_since_sent(on: impl Into<Ex<'_>>) -> Result<Vec<Look>> {
    const SQL: &str = "SELECT r.id, d.sent_at, c.checked_at, c.outcome FROM requests r JOIN batches b ON b.id = r.batch_id
        JOIN deliveries d ON d.batch_id = b.id JOIN flags f ON f.id = r.flag_id LEFT JOIN checks c ON c.post_id = f.post_id AND c.checked_at > d.sent_at
        WHERE r.kind = 'request' AND b.state = 'sent' AND d.sent_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE) ORDER BY r.id, c.checked_at, c.id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Of each platform: posts that it was asked about and that were not withdrawn, the answered ones, and those where it did what was
/// asked.
pub async fn scorecard(on: impl Into<Ex<'_>>) -> Result<Vec<(Platform, i64, i64, i64)>> {
    const SQL: &str = "SELECT b.platform, COUNT(*), COUNT(a.id),
        COALESCE(SUM(CASE WHEN a.outcome IN ('removed', 'restricted', 'already_gone') THEN 1 ELSE 0 END), 0)
        FROM requests r JOIN batches b ON b.id = r.batch_id
        LEFT JOIN answers a ON a.id = (SELECT MAX(n.id) FROM answers n WHERE n.request_id = r.id)
        WHERE r.kind = 'request' AND b.state = 'sent'
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE)
        GROUP BY b.platform ORDER BY b.platform";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}
