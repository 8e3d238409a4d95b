//! Platforms to which nothing leaves for now.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::ids::UserId;
use crate::domain::{Millis, Platform};

/// A pause that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pause {
    /// To whom nothing leaves.
    pub platform: Platform,
    /// Why.
    pub reason: String,
    /// Who stopped it.
    pub paused_by: UserId,
    /// Since when.
    pub paused_at: Millis,
}

/// Pauses that have not ended, by platform.
pub async fn open(on: impl Into<Ex<'_>>) -> Result<Vec<Pause>> {
    const SQL: &str = "SELECT platform, reason, paused_by, paused_at FROM pauses WHERE ended_at IS NULL ORDER BY platform";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Whether nothing leaves for a platform now.
pub async fn is_open(on: impl Into<Ex<'_>>, platform: Platform) -> Result<bool> {
    Ok(open(on).await?.iter().any(|pause| pause.platform == platform))
}

/// Stops what leaves for a platform.
pub async fn begin(tx: &mut WriteTx, platform: Platform, reason: &str, by: UserId) -> Result<()> {
    if is_open(&mut *tx, platform).await? {
        return Err(StoreError::Refused("it is paused already".into()));
    }
    const SQL: &str = "INSERT INTO pauses (platform, reason, paused_by, paused_at) VALUES ($1, $2, $3, $4)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(platform).bind(reason).bind(by).bind(now).execute(ex))?;
    Ok(())
}

/// Lets it leave again.
pub async fn end(tx: &mut WriteTx, platform: Platform, by: UserId) -> Result<()> {
    const SQL: &str = "UPDATE pauses SET ended_at = $2, ended_by = $3 WHERE platform = $1 AND ended_at IS NULL";
    let now = tx.now();
    let ended = exec!(tx, ex => sqlx::query(SQL).bind(platform).bind(now).bind(by).execute(ex))?;
    if ended == 1 { Ok(()) } else { Err(StoreError::Refused("it is not paused".into())) }
}
