//! Mail that came in.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::{BatchId, UserId};
use crate::domain::mail::{Mail, MailKind};

/// A mail as it is stored.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// SHA-256 of its bytes.
    pub sha256: &'a str,
    /// What it is.
    pub kind: MailKind,
    /// The package, where it can be told.
    pub batch: Option<BatchId>,
    /// Host of the sender's address.
    pub sender: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Beginning of its text.
    pub excerpt: &'a str,
    /// Name of an answer sheet in it.
    pub sheet: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// Stores a mail. False when the same one is stored already.
pub async fn insert(tx: &mut WriteTx, mail: &NewMail<'_>) -> Result<bool> {
    const SQL: &str = "INSERT INTO mails (sha256, kind, batch_id, sender, subject, excerpt, sheet, bytes, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (sha256) DO NOTHING";
    let now = tx.now();
    let done = exec!(tx, ex => sqlx::query(SQL).bind(mail.sha256).bind(mail.kind).bind(mail.batch).bind(mail.sender).bind(mail.subject)
        .bind(mail.excerpt).bind(mail.sheet).bind(mail.bytes).bind(now).execute(ex))?;
    Ok(done == 1)
}

/// The package whose message has this Message-ID, with angle brackets, once it was tried to be sent.
pub async fn batch_of_message(on: impl Into<Ex<'_>>, message_id: &str) -> Result<Option<BatchId>> {
    const SQL: &str = "SELECT batch_id FROM deliveries WHERE message_id = $1 AND attempts > 0";
    run!(on, ex => sqlx::query_scalar(SQL).bind(message_id).fetch_optional(ex))
}

/// The package with this reference, once it was tried to be sent.
pub async fn batch_of_code(on: impl Into<Ex<'_>>, code: &str) -> Result<Option<BatchId>> {
    const SQL: &str = "SELECT id FROM batches WHERE code = $1 AND id IN (SELECT batch_id FROM deliveries WHERE attempts > 0)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(code).fetch_optional(ex))
}

/// Mails about a package, oldest first.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Vec<Mail>> {
    const SQL: &str = "SELECT id, kind, batch_id, sender, subject, excerpt, sheet, received_at, filed_by FROM mails WHERE batch_id = $1 ORDER BY id";
    run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))
}

/// Mails of which nobody knows what they are about, oldest first.
pub async fn unfiled(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Mail>> {
    const SQL: &str = "SELECT id, kind, batch_id, sender, subject, excerpt, sheet, received_at, filed_by FROM mails
        WHERE batch_id IS NULL ORDER BY id LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// One mail.
pub async fn get(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<Mail>> {
    const SQL: &str =
        "SELECT id, kind, batch_id, sender, subject, excerpt, sheet, received_at, filed_by FROM mails WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// Its bytes.
pub async fn bytes(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<Vec<u8>>> {
    run!(on, ex => sqlx::query_scalar("SELECT bytes FROM mails WHERE id = $1").bind(id).fetch_optional(ex))
}

/// Files a mail under a package.
pub async fn file(tx: &mut WriteTx, id: i64, batch: BatchId, by: UserId) -> Result<()> {
    const SQL: &str = "UPDATE mails SET batch_id = $2, filed_by = $3 WHERE id = $1";
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(batch).bind(by).execute(ex))?;
    if done == 1 { Ok(()) } else { Err(StoreError::NotFound(format!("mail {id}"))) }
}

/// Deletes mails that came in before `before`; not the notice that a person has to settle something about.
pub async fn forget(tx: &mut WriteTx, before: Millis) -> Result<u64> {
    const SQL: &str = "DELETE FROM mails WHERE received_at < $1 AND NOT (kind = 'bounce'
        AND EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = mails.batch_id AND d.state IN ('failed', 'queued')))";
    exec!(tx, ex => sqlx::query(SQL).bind(before).execute(ex))
}
