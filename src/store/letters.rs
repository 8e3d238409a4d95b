//! The register of outgoing letters.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::batch::BatchState;
use crate::domain::ids::{BatchId, UserId};
use crate::domain::stage::{Mirrored, Stage};

/// A line of the register.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LetterNumber {
    /// The number as printed.
    pub number: String,
    /// The package.
    pub batch_id: BatchId,
    /// Its reference.
    pub code: String,
    /// Where it stands: one that was given up explains its gap.
    pub state: BatchState,
    /// When the number was reserved.
    pub reserved_at: Millis,
}

/// The number of a package, if it has one.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Option<String>> {
    run!(on, ex => sqlx::query_scalar("SELECT number FROM letter_numbers WHERE batch_id = $1").bind(batch).fetch_optional(ex))
}

/// The running number that the next letter of `year` gets.
pub async fn next(on: impl Into<Ex<'_>>, year: i64) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(seq), 0) + 1 FROM letter_numbers WHERE year = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(year).fetch_one(ex))
}

/// Gives a package its number. Two at the same moment: the second one is refused by the schema, and tries again.
pub async fn reserve(tx: &mut WriteTx, batch: BatchId, year: i64, seq: i64, number: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO letter_numbers (year, seq, number, batch_id, reserved_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(year).bind(seq).bind(number).bind(batch).bind(now).execute(ex))?;
    Ok(())
}

/// The newest lines of the register.
pub async fn register(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<LetterNumber>> {
    const SQL: &str =
        "SELECT n.number, n.batch_id, b.code, b.state, n.reserved_at FROM letter_numbers n JOIN batches b ON b.id = n.batch_id
        ORDER BY n.year DESC, n.seq DESC LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// Notes a stage of an application as the ministry of communication told it.
pub async fn insert_stage(tx: &mut WriteTx, batch: BatchId, stage: Stage, said_on: &str, by: UserId) -> Result<()> {
    const SQL: &str =
        "INSERT INTO mirrored_stages (batch_id, stage, said_on, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(batch).bind(stage).bind(said_on).bind(by).bind(now).execute(ex))?;
    Ok(())
}

/// The stages of an application, in the order in which they were entered.
pub async fn stages(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Vec<Mirrored>> {
    const SQL: &str = "SELECT m.stage, m.said_on, u.name AS recorded_by, m.recorded_at FROM mirrored_stages m JOIN users u ON u.id = m.recorded_by
        WHERE m.batch_id = $1 ORDER BY m.id";
    run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))
}
