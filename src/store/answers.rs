//! What platforms answered, row by row.

use super::{Ex, Result, WriteTx};
use crate::domain::answer::{Answer, Outcome};
use crate::domain::ids::{BatchId, RequestId, UserId};

/// An answer as it is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer {
    /// The row.
    pub request: RequestId,
    /// What became of it.
    pub outcome: Outcome,
    /// Day, `YYYY-MM-DD`.
    pub answered_on: String,
    /// Why.
    pub reason: String,
    /// The platform's reference.
    pub reference: String,
}

/// Adds an answer. False when this very sheet has answered this row before.
pub async fn insert(tx: &mut WriteTx, answer: &NewAnswer, sheet_sha256: &str, by: UserId) -> Result<bool> {
    const SEEN: &str = "SELECT COUNT(*) FROM answers WHERE request_id = $1 AND sheet_sha256 = $2";
    let seen: i64 = run!(&mut *tx, ex => sqlx::query_scalar(SEEN).bind(answer.request).bind(sheet_sha256).fetch_one(ex))?;
    if seen > 0 {
        return Ok(false);
    }
    const SQL: &str =
        "INSERT INTO answers (request_id, outcome, answered_on, reason, reference, sheet_sha256, recorded_by, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(answer.request).bind(answer.outcome).bind(&answer.answered_on).bind(&answer.reason)
        .bind(&answer.reference).bind(sheet_sha256).bind(by).bind(now).execute(ex))?;
    Ok(true)
}

/// The newest answer about each row of a package.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Vec<Answer>> {
    const SQL: &str = "SELECT a.request_id, a.outcome, a.answered_on, a.reason, a.reference, a.recorded_by, a.recorded_at FROM answers a
        WHERE a.id IN (SELECT MAX(b.id) FROM answers b JOIN package_rows r ON r.request_id = b.request_id WHERE r.batch_id = $1 GROUP BY b.request_id)
        ORDER BY a.request_id";
    run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))
}

/// Of each sent package to `platform`: its rows, the answered ones, and those where the platform did what was asked.
pub async fn by_size(on: impl Into<Ex<'_>>, platform: crate::domain::Platform) -> Result<Vec<(i64, i64, i64)>> {
    const SQL: &str = "SELECT COUNT(DISTINCT r.id), COUNT(DISTINCT a.request_id),
        COUNT(DISTINCT CASE WHEN a.outcome IN ('removed', 'restricted', 'already_gone', 'restored') THEN a.request_id END)
        FROM batches b JOIN requests r ON r.batch_id = b.id LEFT JOIN answers a ON a.request_id = r.id
            AND a.id = (SELECT MAX(n.id) FROM answers n WHERE n.request_id = r.id)
        WHERE b.platform = $1 AND b.kind = 'request' AND b.state = 'sent' GROUP BY b.id ORDER BY b.id";
    run!(on, ex => sqlx::query_as(SQL).bind(platform).fetch_all(ex))
}
