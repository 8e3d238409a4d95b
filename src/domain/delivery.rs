//! The outbox. SMTP cannot promise "exactly once", so a try whose end we did not see becomes `unknown`
//! and a person looks; nothing is ever resent by itself after that.

use super::clock::Millis;
use super::ids::{AttemptId, BatchId, DeliveryId};

text_enum! {
    /// Where a message stands.
    DeliveryState {
        /// Waits for its time.
        Queued = "queued",
        /// A worker is talking to the mail server.
        Sending = "sending",
        /// The mail server accepted it.
        Sent = "sent",
        /// The worker died while talking: it may or may not have left. A person decides.
        Unknown = "unknown",
        /// The mail server refused it for good, or tries ran out.
        Failed = "failed",
        /// Stopped before the first try.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How a try ended.
    AttemptOutcome {
        /// Not ended, or its end was not seen.
        Started = "started",
        /// Accepted (250).
        Accepted = "accepted",
        /// Not accepted now (4xx, no connection): try again later.
        Deferred = "deferred",
        /// Refused for good (5xx).
        Rejected = "rejected",
        /// Left `started` past its lease.
        Unknown = "unknown",
    }
}

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    /// Row id.
    pub id: DeliveryId,
    /// The signed package.
    pub batch_id: BatchId,
    /// Address it goes to.
    pub recipient: String,
    /// Fixed Message-ID, unique.
    pub message_id: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Not before.
    pub due_at: Millis,
    /// Tries so far.
    pub attempts: i32,
    /// When the mail server accepted it.
    pub sent_at: Option<Millis>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// Row id.
    pub id: AttemptId,
    /// The message.
    pub delivery_id: DeliveryId,
    /// From 1.
    pub attempt_no: i32,
    /// When it began.
    pub started_at: Millis,
    /// When its end was seen.
    pub finished_at: Option<Millis>,
    /// After this time a try without an end counts as lost.
    pub lease_until: Millis,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The server's answer, without addresses.
    pub detail: String,
}
