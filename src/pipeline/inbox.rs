//! Reads mail that comes back: files it under its package, and lets a person look at what did not arrive.

use std::path::Path;

use regex::Regex;

use super::answers::{self, Taken};
use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::ids::BatchId;
use crate::domain::mail::MailKind;
use crate::domain::post::storable;
use crate::domain::user::User;
use crate::domain::{Millis, sha256_hex};
use crate::mail::inbox::{self, Inbox, Incoming};
use crate::report::redact;
use crate::store::mails::{self, NewMail};
use crate::store::{StoreError, WriteTx, outbox};

/// Longest excerpt that is kept, characters.
const EXCERPT: usize = 1_000;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxReport {
    /// Mails that somebody wrote.
    pub replies: u32,
    /// Messages that did not arrive.
    pub bounces: u32,
    /// Mails that a person has to file.
    pub unfiled: u32,
    /// Mails that could not be read; they stay in the inbox.
    pub problems: Vec<String>,
}

/// Reads everything that waits in the inbox of the configuration. Interrupted, it goes on with the next run; no mail counts twice.
pub async fn read(pipeline: &Pipeline) -> Result<InboxReport> {
    let mut report = InboxReport::default();
    let Some(path) = pipeline.config.mail.inbox.as_deref() else { return Ok(report) };
    let inbox = Inbox::new(Path::new(path));
    inbox.is_readable().map_err(|why| PipelineError::Refused(format!("the inbox cannot be read: {why}")))?;
    for waiting in inbox.waiting() {
        let mail = match waiting {
            Ok(mail) => mail,
            Err(why) => {
                report.problems.push(why);
                continue;
            }
        };
        match take(pipeline, &mail.bytes, &mut report).await {
            Ok(()) => {}
            // The database does not answer: the next run goes on here.
            Err(PipelineError::Store(error)) if error.is_retryable() => return Err(error.into()),
            Err(error) => {
                report.problems.push(error.to_string());
                continue;
            }
        }
        // Stored and not marked, it is recognised at the next run.
        if let Err(why) = inbox.done(&mail) {
            report.problems.push(why);
        }
    }
    for why in &report.problems {
        tracing::warn!(%why, "a mail in the inbox was left there");
    }
    Ok(report)
}

async fn take(pipeline: &Pipeline, bytes: &[u8], report: &mut InboxReport) -> Result<()> {
    let nothing = || Incoming {
        kind: MailKind::Reply,
        about: Vec::new(),
        sender: String::new(),
        subject: String::new(),
        text: String::new(),
        sheet: String::new(),
    };
    let found = inbox::read(bytes).unwrap_or_else(nothing);
    let batch = about(pipeline, &found).await?;
    let mut tx = pipeline.store.write_tx().await?;
    let excerpt = storable(&redact(&found.text, EXCERPT));
    let sha256 = sha256_hex(bytes);
    let subject = storable(&redact(&found.subject, 300));
    let (sender, sheet) = (storable(&found.sender), storable(&found.sheet));
    let mail = NewMail {
        sha256: &sha256,
        kind: found.kind,
        batch,
        sender: &sender,
        subject: &subject,
        excerpt: &excerpt,
        sheet: &sheet,
        bytes,
    };
    if !mails::insert(&mut tx, &mail).await? {
        return Ok(());
    }
    match (found.kind, batch) {
        (_, None) => report.unfiled += 1,
        (MailKind::Bounce, Some(batch)) => {
            report.bounces += 1;
            let now = tx.now();
            bounced(&mut tx, Actor::System, batch, now).await?;
        }
        (..) => report.replies += 1,
    }
    let subject = batch.map_or_else(|| "mail".to_owned(), |batch| format!("batch:{batch}"));
    tx.commit(
        AuditEvent::new(Actor::System, Action::MailReceived, subject).detail(format!("kind={} sha256={sha256}", found.kind)),
    )
    .await?;
    Ok(())
}

/// A message that came back is not sent: a person looks at it as at one that was refused.
async fn bounced(tx: &mut WriteTx, actor: Actor, batch: BatchId, said_at: Millis) -> Result<()> {
    if outbox::bounced(tx, batch, said_at).await? {
        tx.note(AuditEvent::new(actor, Action::DeliveryBounced, format!("batch:{batch}")));
    }
    Ok(())
}

/// The package that a mail is about: by the Message-ID that it answers, or by the reference in its subject. A notice of a
/// mail server is believed by the Message-ID only.
async fn about(pipeline: &Pipeline, found: &Incoming) -> Result<Option<BatchId>> {
    for message_id in &found.about {
        if let Some(batch) = mails::batch_of_message(&pipeline.store, message_id).await? {
            return Ok(Some(batch));
        }
    }
    if found.kind != MailKind::Reply {
        return Ok(None);
    }
    let code = Regex::new(r"\bT[A-Z]-\d{4}-\d{6}\b").ok().and_then(|code| Some(code.find(&found.subject)?.as_str().to_owned()));
    match code {
        Some(code) => Ok(mails::batch_of_code(&pipeline.store, &code).await?),
        None => Ok(None),
    }
}

/// Who may.
pub const WHO: &str = "only analysts, approvers and supervisors file mail";

/// Files a mail under a package.
pub async fn file(pipeline: &Pipeline, user: &User, id: i64, code: &str) -> Result<BatchId> {
    allowed(user, user.role.reviews(), WHO)?;
    let batch = mails::batch_of_code(&pipeline.store, code.trim()).await?;
    let batch = batch.ok_or_else(|| PipelineError::Refused(format!("no package {} was sent", code.trim())))?;
    let mail = mails::get(&pipeline.store, id).await?.ok_or_else(|| StoreError::NotFound(format!("mail {id}")))?;
    let mut tx = pipeline.store.write_tx().await?;
    mails::file(&mut tx, id, batch, user.id).await?;
    if mail.kind == MailKind::Bounce {
        bounced(&mut tx, Actor::User(user.id), batch, mail.received_at).await?;
    }
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::MailFiled, format!("batch:{batch}")).detail(format!("mail={id}")))
        .await?;
    Ok(batch)
}

/// Takes the answer sheet that came with a mail.
pub async fn take_sheet(pipeline: &Pipeline, user: &User, id: i64) -> Result<(BatchId, Taken)> {
    allowed(user, user.role.reviews(), answers::WHO)?;
    let mail = mails::get(&pipeline.store, id).await?.ok_or_else(|| StoreError::NotFound(format!("mail {id}")))?;
    let batch = mail.batch_id.ok_or_else(|| PipelineError::Refused("file this mail under its package first".into()))?;
    let bytes = mails::bytes(&pipeline.store, id).await?.unwrap_or_default();
    let sheet = inbox::sheet(&bytes).ok_or_else(|| PipelineError::Refused("no answer sheet came with this mail".into()))?;
    Ok((batch, answers::take_sheet(pipeline, user, batch, sheet).await?))
}
