//! Step 7: hand signed packages over. A try is committed before the first byte leaves; one whose end nobody saw is
//! never repeated by itself.

use std::time::Duration;

use super::{Pipeline, PipelineError, Result, allowed, batch::MESSAGE_FILE, picture, preflight, schedule};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::SignedBatch;
use crate::domain::delivery::{AttemptOutcome, Delivery, DeliveryState};
use crate::domain::ids::{AttemptId, BatchId, DeliveryId};
use crate::domain::job::{JobKind, backoff};
use crate::domain::post::storable;
use crate::domain::user::User;
use crate::domain::{Platform, sha256_hex};
use crate::mail::{Handover, Transport};
use crate::store::outbox::{self, After, Proof};
use crate::store::{StoreError, WriteTx, batches, jobs, pauses};

/// A try without an end counts as lost after this long. Longer than the mail server's time-outs together.
pub const LEASE: Duration = Duration::from_mins(15);

/// What `recipients.*.hourly` counts in.
const HOUR: Duration = Duration::from_hours(1);
/// Wait of a message beyond what an hour takes.
const AGAIN: Duration = Duration::from_mins(10);

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliverReport {
    /// Accepted by the mail server.
    pub sent: u32,
    /// To be tried again.
    pub deferred: u32,
    /// Refused for good, or out of tries.
    pub failed: u32,
    /// The end was not seen: a person has to look.
    pub unknown: u32,
}

/// Gives up tries past their lease, then hands over everything that is due.
pub async fn deliver(pipeline: &Pipeline, transport: &Transport) -> Result<DeliverReport> {
    let mut report = DeliverReport { unknown: give_up_lost(pipeline).await?, ..DeliverReport::default() };
    if !transport.is_configured() {
        // Packages wait; tries are not used up on a server that does not exist.
        return Ok(report);
    }
    let mut problem = None;
    for delivery in outbox::due(&pipeline.store, pipeline.clock().now()).await? {
        match waits(pipeline, &delivery).await {
            Ok(false) => {}
            Ok(true) => continue,
            Err(error) => {
                problem.get_or_insert(error);
                continue;
            }
        }
        match hand_over(pipeline, transport, &delivery).await {
            Ok(Some(After::Sent)) => report.sent += 1,
            Ok(Some(After::Again(_))) => report.deferred += 1,
            Ok(Some(After::Failed)) => report.failed += 1,
            Ok(Some(After::Unknown)) => report.unknown += 1,
            Ok(None) => {}
            // One package that cannot be handled never keeps the others from leaving.
            Err(error) => {
                tracing::error!(delivery = %delivery.id, %error, "delivery failed; the others go on");
                problem.get_or_insert(error);
            }
        }
    }
    problem.map_or(Ok(report), Err)
}

/// Whether a message that is due does not leave now. While its platform is paused, or where a person enters it into a form,
/// it stays due; on a holiday, and when there was enough for this hour, it gets another time.
async fn waits(pipeline: &Pipeline, delivery: &Delivery) -> Result<bool> {
    let batch = batches::require(&pipeline.store, delivery.batch_id).await?;
    let platform = batch.platform;
    if is_portal(&delivery.recipient) || pauses::is_open(&pipeline.store, platform).await? {
        return Ok(true);
    }
    let now = pipeline.clock().now();
    let recipient = match super::batch::addressee(pipeline, &batch).await {
        Ok(recipient) => recipient,
        // Taken out of the configuration: the look before the hand-over says so.
        Err(PipelineError::Refused(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let calendar = schedule::calendar(&pipeline.config);
    let until = if !recipient.on_holidays && !calendar.is_working(now.in_jakarta().date()) {
        schedule::next_delivery(&pipeline.config, Some(&recipient), now)
    } else if recipient.hourly > 0
        && outbox::tries_since(&pipeline.store, &delivery.recipient, now.minus(HOUR)).await? >= i64::from(recipient.hourly)
    {
        now.plus(AGAIN)
    } else {
        return Ok(false);
    };
    let mut tx = pipeline.store.write_tx().await?;
    if !outbox::put_off(&mut tx, delivery.id, until).await? {
        return Ok(true);
    }
    jobs::enqueue(&mut tx, JobKind::Deliver, &format!("put_off:{}:{}", delivery.id, until.0), until).await?;
    let event = AuditEvent::new(Actor::System, Action::DeliveryPutOff, format!("delivery:{}", delivery.id));
    tx.commit(event.detail(format!("until={}", until.0))).await?;
    Ok(true)
}

const STOPPED: &str = "deliveries to this platform are stopped; an administrator resumes them";

async fn is_paused(tx: &mut WriteTx, batch: BatchId) -> Result<bool> {
    let platform = batches::require(&mut *tx, batch).await?.platform;
    Ok(pauses::is_open(tx, platform).await?)
}

/// Whether a package goes into a platform's own form.
pub fn is_portal(recipient: &str) -> bool {
    recipient.starts_with("https://")
}

/// What a person brings back from a platform's form.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The number that the form gave.
    pub reference: String,
    /// A picture of the confirmation; empty without one.
    pub picture: Vec<u8>,
}

/// Who may.
pub const WHO_ENTERS: &str = "only analysts, approvers and supervisors enter packages into forms";

/// Notes that a signed package was entered into its platform's form. It is looked at once more before, as a message is before
/// it leaves: [`may_be_entered`].
pub async fn entered(pipeline: &Pipeline, user: &User, delivery: DeliveryId, entered: &Entered) -> Result<()> {
    allowed(user, user.role.reviews(), WHO_ENTERS)?;
    let reference = storable(entered.reference.trim());
    if reference.is_empty() || reference.chars().count() > 200 {
        return Err(PipelineError::Refused("enter the number that the form gave, at most 200 characters".into()));
    }
    let media_type = if entered.picture.is_empty() { "" } else { picture::media_type(&entered.picture)? };
    let waiting = outbox::in_state(&pipeline.store, DeliveryState::Queued).await?;
    let waiting = waiting.into_iter().find(|waiting| waiting.id == delivery && is_portal(&waiting.recipient));
    let waiting = waiting.ok_or_else(|| PipelineError::Refused("this package does not wait for a form".into()))?;
    let signed = may_be_entered(pipeline, waiting.batch_id).await?;
    let sha256 = if media_type.is_empty() { String::new() } else { sha256_hex(&entered.picture) };
    let mut tx = pipeline.store.write_tx().await?;
    if is_paused(&mut tx, waiting.batch_id).await? {
        return Err(PipelineError::Refused(STOPPED.into()));
    }
    not_decided_anew(&mut tx, waiting.batch_id).await?;
    let lease = tx.now().plus(LEASE);
    let attempt = outbox::start(&mut tx, &waiting, lease).await?;
    let attempt = attempt.ok_or_else(|| PipelineError::Refused("somebody else has entered it just now".into()))?;
    let said = format!("portal: {reference}");
    outbox::finish(&mut tx, delivery, attempt, AttemptOutcome::Accepted, &said, After::Sent).await?;
    let proof = Proof {
        reference: reference.clone(),
        media_type: media_type.to_owned(),
        sha256: sha256.clone(),
        bytes: entered.picture.clone(),
        entered_by: user.id,
        entered_at: tx.now(),
    };
    outbox::insert_proof(&mut tx, delivery, &proof).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::PackageEntered, format!("delivery:{delivery}"));
    let detail = format!("bytes={} proof={sha256} batch={}", sha256_hex(signed.message()), waiting.batch_id);
    tx.commit(event.detail(detail)).await?;
    Ok(())
}

/// Proves that a package may be entered into a form now: signed by a second person on these bytes, nothing came up since, and
/// its platform is not paused.
pub async fn may_be_entered(pipeline: &Pipeline, id: BatchId) -> Result<SignedBatch> {
    let platform = batches::require(&pipeline.store, id).await?.platform;
    if pauses::is_open(&pipeline.store, platform).await? {
        return Err(PipelineError::Refused(STOPPED.into()));
    }
    let signed = signed_batch(pipeline, id).await?;
    held_back(pipeline, id).await?;
    Ok(signed)
}

/// Stops what leaves for a platform, until someone lets it go again.
pub async fn pause(pipeline: &Pipeline, user: &User, platform: Platform, reason: &str) -> Result<()> {
    allowed(user, user.role.operates(), "only administrators stop deliveries")?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(PipelineError::Refused("say why in at most 200 characters".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    pauses::begin(&mut tx, platform, reason, user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::DeliveryPaused, format!("platform:{platform}"));
    Ok(tx.commit(event).await?)
}

/// Lets it leave again, at the next time of the schedule.
pub async fn resume(pipeline: &Pipeline, user: &User, platform: Platform) -> Result<()> {
    allowed(user, user.role.operates(), "only administrators stop deliveries")?;
    let mut tx = pipeline.store.write_tx().await?;
    pauses::end(&mut tx, platform, user.id).await?;
    let due = schedule::next_delivery(&pipeline.config, pipeline.config.recipients.get(&platform), tx.now());
    jobs::enqueue(&mut tx, JobKind::Deliver, &format!("resumed:{platform}:{}", due.0), due).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::DeliveryResumed, format!("platform:{platform}"));
    Ok(tx.commit(event).await?)
}

async fn give_up_lost(pipeline: &Pipeline) -> Result<u32> {
    let mut lost = 0;
    for attempt in outbox::lost(&pipeline.store, pipeline.clock().now()).await? {
        let mut tx = pipeline.store.write_tx().await?;
        let why = "the worker ended before the answer";
        match outbox::finish(&mut tx, attempt.delivery_id, attempt.id, AttemptOutcome::Unknown, why, After::Unknown).await {
            // Another worker noticed it at the same moment.
            Err(StoreError::Refused(_)) => continue,
            other => other?,
        }
        tx.commit(AuditEvent::new(Actor::System, Action::DeliveryUnknown, format!("delivery:{}", attempt.delivery_id))).await?;
        lost += 1;
    }
    Ok(lost)
}

/// Refuses a package that would not be signed any more: with a post that was decided anew (a package that came back was sent
/// before), or whose text changed, with an account that came into the help programme, with a post that is gone, under a
/// letterhead that has ended.
async fn held_back(pipeline: &Pipeline, id: BatchId) -> Result<()> {
    not_decided_anew(&pipeline.store, id).await?;
    let batch = batches::require(&pipeline.store, id).await?;
    let details = batches::details(&pipeline.store, id, pipeline.clock().now()).await?;
    super::batch::may_be_asked(pipeline, &batch, &details)?;
    preflight::still(pipeline, &batch).await
}

async fn not_decided_anew(on: impl Into<crate::store::Ex<'_>>, id: BatchId) -> Result<()> {
    let Some(flag) = batches::decided_anew(on, id).await? else { return Ok(()) };
    let case = super::batch::case_id(flag);
    Err(PipelineError::Refused(format!("{case} was decided anew since; give this package up")))
}

async fn hand_over(pipeline: &Pipeline, transport: &Transport, delivery: &Delivery) -> Result<Option<After>> {
    pipeline.reach("deliver.before_attempt");
    let Some(attempt) = start(pipeline, delivery).await? else { return Ok(None) };
    pipeline.reach("deliver.before_smtp");
    let handover = match signed_batch(pipeline, delivery.batch_id).await {
        Ok(signed) => match held_back(pipeline, delivery.batch_id).await {
            // What came up since the signature keeps a message here; a person has to look.
            Err(PipelineError::Refused(why)) => Handover::Rejected(why),
            Err(error) => Handover::Deferred(error.to_string()),
            Ok(()) => transport.send(&signed).await,
        },
        // Bytes that are not the signed ones never leave; a person has to look, and other packages go on.
        Err(PipelineError::NotSigned(why)) => Handover::Rejected(why.to_string()),
        Err(error) => Handover::Deferred(error.to_string()),
    };
    pipeline.reach("deliver.after_smtp");
    let tries = delivery.attempts + 1;
    let again = pipeline.clock().now().plus(backoff(tries));
    let (outcome, detail, after) = match handover {
        Handover::Accepted(detail) => (AttemptOutcome::Accepted, detail, After::Sent),
        Handover::Rejected(detail) => (AttemptOutcome::Rejected, detail, After::Failed),
        Handover::Deferred(detail) if tries >= pipeline.config.jobs.mail_attempts => {
            (AttemptOutcome::Deferred, detail, After::Failed)
        }
        Handover::Deferred(detail) => (AttemptOutcome::Deferred, detail, After::Again(again)),
        Handover::Unknown(detail) => (AttemptOutcome::Unknown, detail, After::Unknown),
    };
    tracing::info!(delivery = %delivery.id, %outcome, tries, "delivery: {detail}");
    metrics::counter!("sisir_delivery_attempts_total", "outcome" => outcome.as_str()).increment(1);
    let mut tx = pipeline.store.write_tx().await?;
    outbox::finish(&mut tx, delivery.id, attempt, outcome, &detail, after).await?;
    if let After::Again(due) = after {
        // The schedule may be hours away; a message that was put off has its own job.
        jobs::enqueue(&mut tx, JobKind::Deliver, &format!("retry:{}:{tries}", delivery.id), due).await?;
    }
    tx.commit(
        AuditEvent::new(Actor::System, Action::DeliveryEnded, format!("delivery:{}", delivery.id))
            .detail(format!("{outcome} batch={}", delivery.batch_id)),
    )
    .await?;
    pipeline.reach("deliver.recorded");
    Ok(Some(after))
}

async fn start(pipeline: &Pipeline, delivery: &Delivery) -> Result<Option<AttemptId>> {
    let mut tx = pipeline.store.write_tx().await?;
    // Somebody may have stopped deliveries while this run was at the others.
    if is_paused(&mut tx, delivery.batch_id).await? {
        return Ok(None);
    }
    let lease = tx.now().plus(LEASE);
    let attempt = outbox::start(&mut tx, delivery, lease).await?;
    // Should this process end now, someone looks as soon as the try counts as lost, not at the next schedule.
    jobs::enqueue(&mut tx, JobKind::Deliver, &format!("lease:{}:{}", delivery.id, lease.0), lease).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::DeliveryStarted, format!("delivery:{}", delivery.id))).await?;
    Ok(attempt)
}

/// Reads the package again and proves that its bytes are the signed ones.
pub async fn signed_batch(pipeline: &Pipeline, id: BatchId) -> Result<SignedBatch> {
    let batch = batches::require(&pipeline.store, id).await?;
    let rows = batches::rows(&pipeline.store, id).await?;
    let signature = batches::signature(&pipeline.store, id).await?;
    let signature = signature.ok_or_else(|| StoreError::NotFound(format!("the signature of batch {}", batch.code)))?;
    let message = batches::file(&pipeline.store, id, MESSAGE_FILE).await?;
    let message = message.ok_or_else(|| StoreError::NotFound(format!("the message of batch {}", batch.code)))?;
    Ok(SignedBatch::verify(&batch, &rows, &signature, message.bytes)?)
}

/// What a person found out about a message whose end nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The recipient has it.
    Arrived,
    /// It did not arrive: hand it over again.
    SendAgain,
    /// It did not arrive and shall not: the package is cancelled, its posts are free.
    GiveUp,
}

/// Settles a message that is `unknown` or `failed`.
pub async fn settle(pipeline: &Pipeline, user: &User, delivery: DeliveryId, settlement: Settlement) -> Result<()> {
    allowed(user, user.role.operates(), "only administrators settle deliveries")?;
    let mut tx = pipeline.store.write_tx().await?;
    let detail = match settlement {
        Settlement::Arrived => {
            let batch = outbox::settleable(&mut tx, delivery).await?;
            outbox::settle(&mut tx, delivery, After::Sent).await?;
            format!("arrived batch={batch}")
        }
        Settlement::SendAgain => {
            let due = tx.now();
            outbox::settle(&mut tx, delivery, After::Again(due)).await?;
            jobs::enqueue(&mut tx, JobKind::Deliver, &format!("settled:{delivery}:{}", due.0), due).await?;
            "send_again".to_owned()
        }
        Settlement::GiveUp => {
            let batch = outbox::given_up(&mut tx, delivery).await?;
            batches::cancel(&mut tx, batch).await?;
            "given_up".to_owned()
        }
    };
    let event = AuditEvent::new(Actor::User(user.id), Action::DeliverySettled, format!("delivery:{delivery}")).detail(detail);
    tx.commit(event).await.map_err(PipelineError::from)
}
