//! The outbox: messages and the tries to hand them over.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::delivery::{Attempt, AttemptOutcome, Delivery, DeliveryState};
use crate::domain::ids::{AttemptId, BatchId, DeliveryId, UserId};

/// Messages that are due, longest waiting first.
pub async fn due(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<Delivery>> {
    const SQL: &str = "SELECT id, batch_id, recipient, message_id, state, due_at, attempts, sent_at FROM deliveries
        WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, id";
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}

/// The message of a package.
pub async fn by_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<Option<Delivery>> {
    const SQL: &str =
        "SELECT id, batch_id, recipient, message_id, state, due_at, attempts, sent_at FROM deliveries WHERE batch_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_optional(ex))
}

/// Messages in one state, by id.
pub async fn in_state(on: impl Into<Ex<'_>>, state: DeliveryState) -> Result<Vec<Delivery>> {
    const SQL: &str = "SELECT id, batch_id, recipient, message_id, state, due_at, attempts, sent_at FROM deliveries WHERE state = $1 ORDER BY id";
    run!(on, ex => sqlx::query_as(SQL).bind(state).fetch_all(ex))
}

/// Begins a try. Committed before the first byte goes to the mail server. None when another worker was faster.
pub async fn start(tx: &mut WriteTx, delivery: &Delivery, lease_until: Millis) -> Result<Option<AttemptId>> {
    const TAKE: &str =
        "UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE id = $1 AND state = 'queued' AND attempts = $2";
    let taken = exec!(&mut *tx, ex => sqlx::query(TAKE).bind(delivery.id).bind(delivery.attempts).execute(ex))?;
    if taken == 0 {
        return Ok(None);
    }
    const SQL: &str = "INSERT INTO attempts (delivery_id, attempt_no, started_at, lease_until, outcome, detail) VALUES ($1, $2, $3, $4, 'started', '') RETURNING id";
    let now = tx.now();
    let id = run!(tx, ex => sqlx::query_scalar(SQL).bind(delivery.id).bind(delivery.attempts + 1).bind(now).bind(lease_until).fetch_one(ex))?;
    Ok(Some(id))
}

/// Puts a message that is not tried now off to a later time. False when it is not queued any more, or has that time.
pub async fn put_off(tx: &mut WriteTx, delivery: DeliveryId, until: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE deliveries SET due_at = $2 WHERE id = $1 AND state = 'queued' AND due_at < $2";
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(delivery).bind(until).execute(ex))? == 1)
}

/// Tries begun since `since` for messages to `recipient`.
pub async fn tries_since(on: impl Into<Ex<'_>>, recipient: &str, since: Millis) -> Result<i64> {
    const SQL: &str =
        "SELECT COUNT(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.recipient = $1 AND a.started_at > $2";
    run!(on, ex => sqlx::query_scalar(SQL).bind(recipient).bind(since).fetch_one(ex))
}

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Accepted: the package is sent.
    Sent,
    /// Try again, not before this time.
    Again(Millis),
    /// Refused for good: a person has to look.
    Failed,
    /// The end was not seen: a person has to look.
    Unknown,
}

/// Ends a try that is still open, and moves the message. The guard on `started` fences a worker that lost its lease.
pub async fn finish(
    tx: &mut WriteTx,
    delivery: DeliveryId,
    attempt: AttemptId,
    outcome: AttemptOutcome,
    detail: &str,
    after: After,
) -> Result<()> {
    const END: &str = "UPDATE attempts SET outcome = $2, detail = $3, finished_at = $4 WHERE id = $1 AND outcome = 'started'";
    let now = tx.now();
    let ended = exec!(&mut *tx, ex => sqlx::query(END).bind(attempt).bind(outcome).bind(detail).bind(now).execute(ex))?;
    if ended == 0 {
        return Err(StoreError::Refused("this try was given up for lost already".into()));
    }
    move_to(tx, delivery, after).await
}

/// The package of a message that a person may settle: `unknown` or `failed`.
pub async fn settleable(tx: &mut WriteTx, delivery: DeliveryId) -> Result<BatchId> {
    const SQL: &str = "SELECT state, batch_id FROM deliveries WHERE id = $1";
    let (state, batch): (DeliveryState, BatchId) = run!(tx, ex => sqlx::query_as(SQL).bind(delivery).fetch_one(ex))?;
    if matches!(state, DeliveryState::Unknown | DeliveryState::Failed) {
        Ok(batch)
    } else {
        Err(StoreError::Refused(format!("the message is `{state}`; there is nothing to settle")))
    }
}

/// The package of a message that a person gives up: one that may be settled, or that waits to be tried again.
pub async fn given_up(tx: &mut WriteTx, delivery: DeliveryId) -> Result<BatchId> {
    const SQL: &str = "SELECT batch_id FROM deliveries WHERE id = $1 AND state = 'queued' AND attempts > 0";
    match run!(&mut *tx, ex => sqlx::query_scalar(SQL).bind(delivery).fetch_optional(ex))? {
        Some(batch) => Ok(batch),
        None => settleable(tx, delivery).await,
    }
}

/// Settles a message whose end nobody saw: a person looked.
pub async fn settle(tx: &mut WriteTx, delivery: DeliveryId, after: After) -> Result<()> {
    settleable(tx, delivery).await?;
    move_to(tx, delivery, after).await
}

/// What was sent did not arrive, as a mail server said afterwards, at `said_at`: a person has to look. False when it is not
/// sent, was sent again since, or was never mailed but entered into a form.
pub async fn bounced(tx: &mut WriteTx, batch: BatchId, said_at: Millis) -> Result<bool> {
    const DELIVERY: &str = "UPDATE deliveries SET state = 'failed', sent_at = NULL
        WHERE batch_id = $1 AND state = 'sent' AND sent_at <= $2 AND recipient NOT LIKE 'https://%'";
    const BATCH: &str = "UPDATE batches SET state = 'signed' WHERE id = $1";
    if exec!(&mut *tx, ex => sqlx::query(DELIVERY).bind(batch).bind(said_at).execute(ex))? == 0 {
        return Ok(false);
    }
    exec!(tx, ex => sqlx::query(BATCH).bind(batch).execute(ex))?;
    Ok(true)
}

async fn move_to(tx: &mut WriteTx, delivery: DeliveryId, after: After) -> Result<()> {
    const SENT: &str = "UPDATE deliveries SET state = 'sent', sent_at = $2 WHERE id = $1";
    const BATCH: &str = "UPDATE batches SET state = 'sent' WHERE id = (SELECT batch_id FROM deliveries WHERE id = $1)";
    const AGAIN: &str = "UPDATE deliveries SET state = 'queued', due_at = $2 WHERE id = $1";
    const STATE: &str = "UPDATE deliveries SET state = $2 WHERE id = $1";
    let now = tx.now();
    match after {
        After::Sent => {
            exec!(&mut *tx, ex => sqlx::query(SENT).bind(delivery).bind(now).execute(ex))?;
            exec!(tx, ex => sqlx::query(BATCH).bind(delivery).execute(ex))?;
        }
        After::Again(due) => {
            exec!(tx, ex => sqlx::query(AGAIN).bind(delivery).bind(due).execute(ex))?;
        }
        After::Failed => {
            exec!(tx, ex => sqlx::query(STATE).bind(delivery).bind(DeliveryState::Failed).execute(ex))?;
        }
        After::Unknown => {
            exec!(tx, ex => sqlx::query(STATE).bind(delivery).bind(DeliveryState::Unknown).execute(ex))?;
        }
    }
    Ok(())
}

/// Tries past their lease without an end.
pub async fn lost(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<Attempt>> {
    const SQL: &str = "SELECT id, delivery_id, attempt_no, started_at, finished_at, lease_until, outcome, detail FROM attempts
        WHERE outcome = 'started' AND lease_until <= $1 ORDER BY id";
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}

/// The tries of a message, oldest first.
pub async fn attempts(on: impl Into<Ex<'_>>, delivery: DeliveryId) -> Result<Vec<Attempt>> {
    const SQL: &str = "SELECT id, delivery_id, attempt_no, started_at, finished_at, lease_until, outcome, detail FROM attempts WHERE delivery_id = $1 ORDER BY attempt_no";
    run!(on, ex => sqlx::query_as(SQL).bind(delivery).fetch_all(ex))
}

/// Proof that a package was entered into a platform's form.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Proof {
    /// The number that the form gave.
    pub reference: String,
    /// `image/png` and the like; empty without a file.
    pub media_type: String,
    /// SHA-256 of the file; empty without one.
    pub sha256: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Who entered the package.
    pub entered_by: UserId,
    /// When.
    pub entered_at: Millis,
}

/// Keeps a proof.
pub async fn insert_proof(tx: &mut WriteTx, delivery: DeliveryId, proof: &Proof) -> Result<()> {
    const SQL: &str = "INSERT INTO proofs (delivery_id, reference, media_type, sha256, bytes, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    exec!(tx, ex => sqlx::query(SQL).bind(delivery).bind(&proof.reference).bind(&proof.media_type).bind(&proof.sha256)
        .bind(&proof.bytes).bind(proof.entered_by).bind(proof.entered_at).execute(ex))?;
    Ok(())
}

/// The proof of a delivery.
pub async fn proof(on: impl Into<Ex<'_>>, delivery: DeliveryId) -> Result<Option<Proof>> {
    const SQL: &str = "SELECT reference, media_type, sha256, bytes, entered_by, entered_at FROM proofs WHERE delivery_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(delivery).fetch_optional(ex))
}
