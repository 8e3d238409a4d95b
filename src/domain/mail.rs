//! Mail that comes back.

use super::clock::Millis;
use super::ids::{BatchId, UserId};

text_enum! {
    /// What a mail is.
    MailKind {
        /// Somebody wrote it.
        Reply = "reply",
        /// A mail server says that a message did not arrive, for good (RFC 3464, action `failed`).
        Bounce = "bounce",
        /// A mail server says that it is still trying.
        Delay = "delay",
    }
}

/// A mail that came in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mail {
    /// Row id.
    pub id: i64,
    /// What it is.
    pub kind: MailKind,
    /// The package that it is about; none until somebody files it.
    pub batch_id: Option<BatchId>,
    /// Host of the sender's address.
    pub sender: String,
    /// Subject.
    pub subject: String,
    /// The beginning of its text, or what the mail server said; contacts masked.
    pub excerpt: String,
    /// Name of an attachment that looks like an answer sheet; empty for none.
    pub sheet: String,
    /// When it was read from the inbox.
    pub received_at: Millis,
    /// Who filed it; none where the program could tell.
    pub filed_by: Option<UserId>,
}
