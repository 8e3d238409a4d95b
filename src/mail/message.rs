//! The complete message as bytes. It is made once, when the package is rendered; what is signed is what leaves.

use std::time::{Duration, SystemTime};

use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::domain::Millis;

/// Everything but the attachments.
#[derive(Debug, Clone)]
pub struct Cover {
    /// Sender.
    pub from: String,
    /// Addressee.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// Message-ID with angle brackets.
    pub message_id: String,
    /// `Date`: when the message was complete (RFC 5322 section 3.6.1), not when it left.
    pub date: Millis,
}

/// A message could not be built.
#[derive(Debug, thiserror::Error)]
#[error("message: {0}")]
pub struct MailError(pub String);

/// Builds the message. The same input gives the same bytes: the boundary is taken from the Message-ID.
pub fn build(cover: &Cover, files: &[(String, String, Vec<u8>)]) -> Result<Vec<u8>, MailError> {
    let fail = |what: &str, error: &dyn std::fmt::Display| MailError(format!("{what}: {error}"));
    let mailbox = |address: &str| -> Result<lettre::message::Mailbox, MailError> {
        let parsed = address.parse::<Address>().map_err(|e| fail(&format!("`{address}`"), &e))?;
        Ok(lettre::message::Mailbox::new(None, parsed))
    };
    let boundary = crate::domain::sha256_hex(cover.message_id.as_bytes());
    let mut parts = MultiPart::mixed().boundary(boundary).singlepart(SinglePart::plain(cover.text.clone()));
    for (name, media_type, bytes) in files {
        let kind = ContentType::parse(media_type).map_err(|e| fail(name, &e))?;
        parts = parts.singlepart(Attachment::new(name.clone()).body(bytes.clone(), kind));
    }
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(cover.date.secs()).unwrap_or(0));
    let message = Message::builder()
        .from(mailbox(&cover.from)?)
        .to(mailbox(&cover.to)?)
        .subject(cover.subject.clone())
        .message_id(Some(cover.message_id.clone()))
        .date(date)
        .multipart(parts)
        .map_err(|e| fail("parts", &e))?;
    Ok(message.formatted())
}
