//! The audit log: append-only, each event holding the hash of the one before.

use super::exec::TxInner;
use super::{Ex, Result, WriteTx};
use crate::domain::audit::{Action, AuditEvent, AuditRow};

const COLUMNS: &str = "SELECT seq, at, actor, action, subject, detail, prev_hash, salt, hash FROM audit_events ORDER BY seq";

/// Appends events. Called by [`WriteTx::commit`] only, as the last thing, so that the chain is locked briefly.
pub(super) async fn append(tx: &mut WriteTx, events: &[AuditEvent]) -> Result<()> {
    if let TxInner::Pg(pg) = &mut tx.inner {
        // One writer at a time at the end of the chain; SQLite has one writer anyway.
        sqlx::query("SELECT pg_advisory_xact_lock(7437)").execute(&mut **pg).await?;
    }
    let last: Option<(i64, String)> =
        run!(&mut *tx, ex => sqlx::query_as("SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1").fetch_optional(ex))?;
    let (mut seq, mut previous) = last.unwrap_or((0, String::new()));
    let now = tx.now;
    for event in events {
        seq += 1;
        let row = event.row(&previous, seq, now, tx.salts.token());
        const INSERT: &str = "INSERT INTO audit_events (seq, at, actor, action, subject, detail, prev_hash, hash, salt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        exec!(&mut *tx, ex => sqlx::query(INSERT)
            .bind(row.seq).bind(row.at).bind(&row.actor).bind(row.action).bind(&row.subject).bind(&row.detail)
            .bind(&row.prev_hash).bind(&row.hash).bind(&row.salt).execute(ex))?;
        previous = row.hash;
    }
    number_changes(tx, seq).await
}

/// Gives the flags that this transaction changed the number of its last event. The chain is locked, so numbers are in the
/// order of commits.
async fn number_changes(tx: &mut WriteTx, seq: i64) -> Result<()> {
    const LITE: &str = "UPDATE flag_changes SET seq = $1 WHERE seq = 0";
    // Rows that someone else has locked are theirs to number: waiting for them here would be a deadlock.
    const PG: &str = "UPDATE flag_changes SET seq = $1 WHERE flag_id IN (SELECT flag_id FROM flag_changes WHERE seq = 0 FOR UPDATE SKIP LOCKED)";
    let sql = if tx.is_postgres() { PG } else { LITE };
    exec!(tx, ex => sqlx::query(sql).bind(seq).execute(ex))?;
    Ok(())
}

/// Events behind `after`, oldest first, of these kinds.
pub async fn after(on: impl Into<Ex<'_>>, after: i64, kinds: &[Action], limit: i64) -> Result<Vec<AuditRow>> {
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT seq, at, actor, action, subject, detail, prev_hash, salt, hash FROM audit_events WHERE seq > ");
        query.push_bind(after).push(" AND action IN (");
        let mut list = query.separated(", ");
        for kind in kinds {
            list.push_bind(kind.as_str());
        }
        list.push_unseparated(") ORDER BY seq LIMIT ");
        query.push_bind(limit);
        query.build_query_as().fetch_all(ex).await
    })
}

/// The events behind `after`, oldest first.
pub async fn page(on: impl Into<Ex<'_>>, after: i64, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT seq, at, actor, action, subject, detail, prev_hash, salt, hash FROM audit_events WHERE seq > $1 ORDER BY seq LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(ex))
}

/// Number of the newest event; 0 for none.
pub async fn last_seq(on: impl Into<Ex<'_>>) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COALESCE(MAX(seq), 0) FROM audit_events").fetch_one(ex))
}

/// Every event, oldest first.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<AuditRow>> {
    run!(on, ex => sqlx::query_as(COLUMNS).fetch_all(ex))
}

/// The newest events about `subject` (`batch:3`) or, with an empty subject, about anything; newest first.
pub async fn recent(on: impl Into<Ex<'_>>, subject: &str, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT seq, at, actor, action, subject, detail, prev_hash, salt, hash FROM audit_events
        WHERE $1 = '' OR subject = $1 ORDER BY seq DESC LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(subject).bind(limit).fetch_all(ex))
}

/// What a list of events is narrowed to. Empty text means "all".
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// `user:7` or `system`.
    pub actor: String,
    /// As stored.
    pub action: String,
    /// `batch:3`.
    pub subject: String,
    /// Only events before this one; 0 for all.
    pub before: i64,
}

/// Events, newest first.
pub async fn search(on: impl Into<Ex<'_>>, search: &Search, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT seq, at, actor, action, subject, detail, prev_hash, salt, hash FROM audit_events
        WHERE ($1 = '' OR actor = $1) AND ($2 = '' OR action = $2) AND ($3 = '' OR subject = $3) AND ($4 = 0 OR seq < $4)
        ORDER BY seq DESC LIMIT $5";
    run!(on, ex => sqlx::query_as(SQL).bind(&search.actor).bind(&search.action).bind(&search.subject).bind(search.before)
        .bind(limit).fetch_all(ex))
}

/// The first event whose hash does not follow from the one before, if any.
pub fn first_break(rows: &[AuditRow]) -> Option<i64> {
    let mut previous = "";
    for (expected_seq, row) in (1..).zip(rows) {
        let sound = row.seq == expected_seq && row.prev_hash == previous && row.hash == row.chain_hash();
        if !sound {
            return Some(expected_seq);
        }
        previous = &row.hash;
    }
    None
}
