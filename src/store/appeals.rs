//! Objections of sellers.

use super::{Ex, Result, WriteTx};
use crate::domain::appeal::{Appeal, AppealOutcome};
use crate::domain::ids::{AppealId, FlagId, UserId};
use crate::domain::{Millis, Platform, sha256_hex};

/// Keeps an objection.
pub async fn insert(tx: &mut WriteTx, ticket: &str, flag: Option<FlagId>, claimed: &str, statement: &str) -> Result<AppealId> {
    const SQL: &str =
        "INSERT INTO appeals (ticket_sha256, flag_id, claimed, statement, received_at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let (now, ticket) = (tx.now(), sha256_hex(ticket.as_bytes()));
    run!(tx, ex => sqlx::query_scalar(SQL).bind(ticket).bind(flag).bind(claimed).bind(statement).bind(now).fetch_one(ex))
}

/// Keeps who wrote it.
pub async fn insert_appellant(tx: &mut WriteTx, appeal: AppealId, name: &str, contact: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO appellants (appeal_id, name, contact) VALUES ($1, $2, $3)";
    exec!(tx, ex => sqlx::query(SQL).bind(appeal).bind(name).bind(contact).execute(ex))?;
    Ok(())
}

/// Who wrote it: name and contact; none once they were deleted.
pub async fn appellant(on: impl Into<Ex<'_>>, appeal: AppealId) -> Result<Option<(String, String)>> {
    const SQL: &str = "SELECT name, contact FROM appellants WHERE appeal_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(appeal).fetch_optional(ex))
}

/// Answers it. The schema refuses whoever had a part in the request.
pub async fn answer(tx: &mut WriteTx, appeal: AppealId, outcome: AppealOutcome, answer: &str, by: UserId) -> Result<()> {
    const SQL: &str =
        "INSERT INTO appeal_answers (appeal_id, outcome, answer, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(appeal).bind(outcome).bind(answer).bind(by).bind(now).execute(ex))?;
    Ok(())
}

macro_rules! columns {
    () => {
        "SELECT a.id, a.flag_id, a.claimed, a.statement, a.received_at, n.outcome, n.answer, u.name AS answered_by, n.decided_at AS answered_at
        FROM appeals a LEFT JOIN appeal_answers n ON n.appeal_id = a.id LEFT JOIN users u ON u.id = n.decided_by "
    };
}

/// One objection.
pub async fn get(on: impl Into<Ex<'_>>, id: AppealId) -> Result<Option<Appeal>> {
    run!(on, ex => sqlx::query_as(concat!(columns!(), "WHERE a.id = $1")).bind(id).fetch_optional(ex))
}

/// The objection with this ticket.
pub async fn by_ticket(on: impl Into<Ex<'_>>, ticket: &str) -> Result<Option<Appeal>> {
    const SQL: &str = concat!(columns!(), "WHERE a.ticket_sha256 = $1");
    run!(on, ex => sqlx::query_as(SQL).bind(sha256_hex(ticket.as_bytes())).fetch_optional(ex))
}

/// Those that nobody has answered, oldest first.
pub async fn open(on: impl Into<Ex<'_>>) -> Result<Vec<Appeal>> {
    run!(on, ex => sqlx::query_as(concat!(columns!(), "WHERE n.appeal_id IS NULL ORDER BY a.id")).fetch_all(ex))
}

/// The newest that were answered.
pub async fn answered(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Appeal>> {
    const SQL: &str = concat!(columns!(), "WHERE n.appeal_id IS NOT NULL ORDER BY n.decided_at DESC, a.id DESC LIMIT $1");
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// Those about a flag, oldest first.
pub async fn of_flag(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Vec<Appeal>> {
    run!(on, ex => sqlx::query_as(concat!(columns!(), "WHERE a.flag_id = $1 ORDER BY a.id")).bind(flag).fetch_all(ex))
}

/// How many came since then.
pub async fn count_since(on: impl Into<Ex<'_>>, since: Millis) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) FROM appeals WHERE received_at > $1").bind(since).fetch_one(ex))
}

/// The flag of this number, if anything about it was sent.
pub async fn sent_flag(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Option<FlagId>> {
    const SQL: &str =
        "SELECT MIN(r.flag_id) FROM package_rows r JOIN batches b ON b.id = r.batch_id WHERE r.flag_id = $1 AND b.state = 'sent'";
    run!(on, ex => sqlx::query_scalar(SQL).bind(flag).fetch_one(ex))
}

/// The newest flag of a post about which anything was sent.
pub async fn sent_flag_of_post(on: impl Into<Ex<'_>>, platform: Platform, native_id: &str) -> Result<Option<FlagId>> {
    const SQL: &str =
        "SELECT MAX(r.flag_id) FROM package_rows r JOIN batches b ON b.id = r.batch_id JOIN flags f ON f.id = r.flag_id
        JOIN posts p ON p.id = f.post_id WHERE p.platform = $1 AND p.native_id = $2 AND b.state = 'sent'";
    run!(on, ex => sqlx::query_scalar(SQL).bind(platform).bind(native_id).fetch_one(ex))
}

/// Deletes who wrote objections that were answered before `before`, and their words. Returns how many.
pub async fn forget(tx: &mut WriteTx, before: Millis) -> Result<u64> {
    const WORDS: &str = "UPDATE appeals SET statement = '', claimed = '' WHERE claimed <> '' AND id IN
        (SELECT appeal_id FROM appeal_answers WHERE decided_at < $1)";
    const PEOPLE: &str = "DELETE FROM appellants WHERE appeal_id IN (SELECT appeal_id FROM appeal_answers WHERE decided_at < $1)";
    exec!(&mut *tx, ex => sqlx::query(WORDS).bind(before).execute(ex))?;
    exec!(tx, ex => sqlx::query(PEOPLE).bind(before).execute(ex))
}
