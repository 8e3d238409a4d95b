//! Where short links lead.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;

/// What is known of a link: outcome (`post`, `elsewhere` or `gone`), and the address it leads to, or why it leads to none.
pub async fn known(on: impl Into<Ex<'_>>, link: &str) -> Result<Option<(String, String)>> {
    const SQL: &str = "SELECT outcome, target FROM short_links WHERE link = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(link).fetch_optional(ex))
}

/// Notes where a link leads.
pub async fn remember(tx: &mut WriteTx, link: &str, outcome: &str, target: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO short_links (link, outcome, target, asked_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (link) DO UPDATE SET outcome = excluded.outcome, target = excluded.target, asked_at = excluded.asked_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(link).bind(outcome).bind(target).bind(now).execute(ex))?;
    Ok(())
}

/// Deletes what was asked before `before`. Returns how many rows went.
pub async fn forget(tx: &mut WriteTx, before: Millis) -> Result<u64> {
    exec!(tx, ex => sqlx::query("DELETE FROM short_links WHERE asked_at < $1").bind(before).execute(ex))
}
