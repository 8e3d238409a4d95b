//! Reports to the public, byte for byte as they were published.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::UserId;

/// A published report, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Published {
    /// `2026-11`.
    pub month: String,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// When.
    pub published_at: Millis,
}

/// Publishes a report. The schema refuses a second one for the same month.
pub async fn insert(tx: &mut WriteTx, month: &str, json: &str, sha256: &str, by: UserId) -> Result<()> {
    const SQL: &str = "INSERT INTO public_reports (month, json, sha256, published_by, published_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(month).bind(json).bind(sha256).bind(by).bind(now).execute(ex))?;
    Ok(())
}

/// Every published report, newest month first.
pub async fn list(on: impl Into<Ex<'_>>) -> Result<Vec<Published>> {
    run!(on, ex => sqlx::query_as("SELECT month, sha256, published_at FROM public_reports ORDER BY month DESC").fetch_all(ex))
}

/// The bytes of a published report.
pub async fn json(on: impl Into<Ex<'_>>, month: &str) -> Result<Option<String>> {
    run!(on, ex => sqlx::query_scalar("SELECT json FROM public_reports WHERE month = $1").bind(month).fetch_optional(ex))
}
