//! What the columns of tables hold, as people corrected it.

use sqlx::types::Json;

use super::{Ex, Result, WriteTx};
use crate::domain::sha256_hex;

/// What a column holds, and its name.
pub type Told = Vec<(String, String)>;

/// The correction for tables with this header.
pub async fn get(on: impl Into<Ex<'_>>, header: &str) -> Result<Option<Told>> {
    const SQL: &str = "SELECT columns FROM column_maps WHERE header_sha256 = $1";
    let header = sha256_hex(header.as_bytes());
    let found: Option<Json<Told>> = run!(on, ex => sqlx::query_scalar(SQL).bind(header).fetch_optional(ex))?;
    Ok(found.map(|told| told.0))
}

/// Keeps a correction for tables with this header.
pub async fn save(tx: &mut WriteTx, header: &str, told: &Told) -> Result<()> {
    const SQL: &str = "INSERT INTO column_maps (header_sha256, columns, saved_at) VALUES ($1, $2, $3)
        ON CONFLICT (header_sha256) DO UPDATE SET columns = excluded.columns, saved_at = excluded.saved_at";
    let now = tx.now();
    let header = sha256_hex(header.as_bytes());
    exec!(tx, ex => sqlx::query(SQL).bind(header).bind(Json(told)).bind(now).execute(ex))?;
    Ok(())
}

/// Forgets the correction for tables with this header.
pub async fn forget(tx: &mut WriteTx, header: &str) -> Result<()> {
    let header = sha256_hex(header.as_bytes());
    exec!(tx, ex => sqlx::query("DELETE FROM column_maps WHERE header_sha256 = $1").bind(header).execute(ex))?;
    Ok(())
}
