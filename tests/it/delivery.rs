//! Handing over by a real SMTP conversation, with a server that misbehaves.

use sisir::domain::Platform;
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::delivery::{AttemptOutcome, DeliveryState};
use sisir::domain::ids::BatchId;
use sisir::domain::job::JobKind;
use sisir::domain::user::{Role, User};
use sisir::mail::{Misdeed, SinkFault, Step, Transport};
use sisir::pipeline::deliver::{LEASE, Settlement, settle};
use sisir::pipeline::{batch, review};
use sisir::store::{batches, outbox, queue};

use crate::support::{Engine, Stage};

/// A signed package whose time has come, and an administrator.
pub async fn signed(engine: Engine) -> Option<(Stage, BatchId, User)> {
    let stage = Stage::new(engine).await?;
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let admin = stage.person("joko", Role::Admin).await;
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    for card in queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 3, None).await.unwrap() {
        let judgement = Judgement::new(Verdict::Uphold, Reason::RetailOffer, "").unwrap();
        review::decide(&stage.pipeline, &analyst, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    }
    stage.second_all().await;
    let drafted = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rendered = batch::render(&stage.pipeline, &analyst, drafted.id).await.unwrap();
    let due = batch::sign(&stage.pipeline, &signer, drafted.id, &rendered.package_sha256.unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    Some((stage, drafted.id, admin))
}

async fn state(stage: &Stage, id: BatchId) -> (DeliveryState, Vec<AttemptOutcome>) {
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    let attempts = outbox::attempts(stage.store(), delivery.id).await.unwrap();
    (delivery.state, attempts.into_iter().map(|a| a.outcome).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_later_is_asked_later() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let worker = stage.worker("w");
    stage.sink.set_fault(Some(SinkFault::DEFER));
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Queued, vec![AttemptOutcome::Deferred]));
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await.1.len(), 1, "not before its time");
    stage.sink.set_fault(None);
    stage.later(60);
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Sent, vec![AttemptOutcome::Deferred, AttemptOutcome::Accepted]));
    assert_eq!(stage.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_good_waits_for_a_person() {
    let (stage, id, admin) = signed(Engine::Sqlite).await.unwrap();
    let worker = stage.worker("w");
    stage.sink.set_fault(Some(SinkFault::REJECT));
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Failed, vec![AttemptOutcome::Rejected]));
    stage.sink.set_fault(None);
    stage.later(3 * 86_400);
    worker.perform(JobKind::Deliver).await.unwrap();
    assert!(stage.mails().is_empty(), "nothing is sent again by itself");
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    settle(&stage.pipeline, &admin, delivery.id, Settlement::SendAgain).await.unwrap();
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await.0, DeliveryState::Sent);
    assert_eq!(stage.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_after_the_message_is_never_resent_by_itself() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some((stage, id, admin)) = signed(engine).await else { continue };
        let worker = stage.worker("w");
        stage.sink.set_fault(Some(SinkFault::DROP_AFTER_DATA));
        worker.perform(JobKind::Deliver).await.unwrap();
        assert_eq!(state(&stage, id).await, (DeliveryState::Unknown, vec![AttemptOutcome::Unknown]));
        assert_eq!(stage.mails().len(), 1, "it did arrive; we only do not know");
        stage.sink.set_fault(None);
        stage.later(3 * 86_400);
        worker.perform(JobKind::Deliver).await.unwrap();
        assert_eq!(stage.mails().len(), 1);
        let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
        let analyst = stage.person("dewi", Role::Analyst).await;
        assert!(settle(&stage.pipeline, &analyst, delivery.id, Settlement::Arrived).await.is_err(), "an analyst settled it");
        settle(&stage.pipeline, &admin, delivery.id, Settlement::Arrived).await.unwrap();
        assert_eq!(batches::get(stage.store(), id).await.unwrap().unwrap().state, BatchState::Sent);
        assert!(
            settle(&stage.pipeline, &admin, delivery.id, Settlement::SendAgain).await.is_err(),
            "what was sent is sent again"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_died_while_sending_leaves_an_unknown() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    let mut tx = stage.store().write_tx().await.unwrap();
    let lease = tx.now().plus(LEASE);
    let attempt = outbox::start(&mut tx, &delivery, lease).await.unwrap().unwrap();
    tx.commit_housekeeping().await.unwrap();
    // Another worker with the same, now old, view of the row gets nothing.
    let mut tx = stage.store().write_tx().await.unwrap();
    assert_eq!(outbox::start(&mut tx, &delivery, lease).await.unwrap(), None);
    drop(tx);
    let worker = stage.worker("w2");
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await.0, DeliveryState::Sending, "its lease still runs");
    stage.later(LEASE.as_secs());
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Unknown, vec![AttemptOutcome::Unknown]));
    // The dead worker comes back to life and wants to report success: too late, a person decides now.
    let mut tx = stage.store().write_tx().await.unwrap();
    assert!(outbox::finish(&mut tx, delivery.id, attempt, AttemptOutcome::Accepted, "250", outbox::After::Sent).await.is_err());
    assert!(stage.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_server_is_named_and_tried_again_until_tries_run_out() {
    let (mut stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let mut config = (*stage.pipeline.config).clone();
    config.mail.port = 9; // nobody listens there
    config.jobs.mail_attempts = 2;
    stage.pipeline.config = std::sync::Arc::new(config);
    let worker = stage.worker("w");
    worker.perform(JobKind::Deliver).await.unwrap();
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    let attempts = outbox::attempts(stage.store(), delivery.id).await.unwrap();
    assert!(attempts[0].detail.contains("mail server 127.0.0.1:9"), "{}", attempts[0].detail);
    stage.later(3600);
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Failed, vec![AttemptOutcome::Deferred, AttemptOutcome::Deferred]));
}

/// Two workers on one outbox: one message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_send_one_message() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some((stage, id, _)) = signed(engine).await else { continue };
        let (a, b) = (stage.worker("a"), stage.worker("b"));
        let (first, second) = tokio::join!(a.perform(JobKind::Deliver), b.perform(JobKind::Deliver));
        first.unwrap();
        second.unwrap();
        assert_eq!(stage.mails().len(), 1, "{engine:?}");
        assert_eq!(state(&stage, id).await.0, DeliveryState::Sent);
    }
}

/// A server that said "no" or "later" does not lock a package: it can be stopped, and its posts are free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_was_refused_can_be_stopped() {
    for fault in [SinkFault::DEFER, SinkFault::REJECT] {
        let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
        stage.sink.set_fault(Some(fault));
        stage.worker("w").perform(JobKind::Deliver).await.unwrap();
        let analyst = sisir::store::users::by_name(stage.store(), "ratna").await.unwrap().unwrap();
        batch::cancel(&stage.pipeline, &analyst, id).await.unwrap();
        stage.sink.set_fault(None);
        stage.later(3 * 86_400);
        stage.worker("w").perform(JobKind::Deliver).await.unwrap();
        assert!(stage.mails().is_empty(), "{fault:?}: a stopped package left");
        batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    }
}

/// One that may have left is stopped by an administrator only, who looked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_one_is_given_up_by_an_administrator_only() {
    let (stage, id, admin) = signed(Engine::Sqlite).await.unwrap();
    stage.sink.set_fault(Some(SinkFault::DROP_AFTER_DATA));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    let analyst = sisir::store::users::by_name(stage.store(), "ratna").await.unwrap().unwrap();
    assert!(batch::cancel(&stage.pipeline, &analyst, id).await.is_err());
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    settle(&stage.pipeline, &admin, delivery.id, Settlement::GiveUp).await.unwrap();
    assert_eq!(batches::get(stage.store(), id).await.unwrap().unwrap().state, BatchState::Cancelled);
    assert_eq!(state(&stage, id).await.0, DeliveryState::Cancelled);
}

/// A server that says nothing holds nobody for ever; until the message was begun nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_left_alone() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let mut mail = stage.pipeline.config.mail.clone();
    mail.timeout_seconds = 1;
    let mut worker = stage.worker("w");
    for (at, after) in
        [(Step::Hello, DeliveryState::Queued), (Step::Data, DeliveryState::Queued), (Step::End, DeliveryState::Unknown)]
    {
        worker.transport = Transport::new(&mail);
        stage.sink.set_fault(Some(SinkFault { at, does: Misdeed::Silence }));
        worker.perform(JobKind::Deliver).await.unwrap();
        assert_eq!(state(&stage, id).await.0, after, "{at:?}");
        stage.later(60);
    }
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    let tries = outbox::attempts(stage.store(), delivery.id).await.unwrap();
    let said: Vec<&str> = tries.iter().map(|one| one.detail.as_str()).collect();
    assert!(said[0].contains("no answer within 1 seconds"), "{said:?}");
    assert!(said[1].contains("DATA: no answer") && said[2].contains("message: no answer within 5"), "{said:?}");
    assert_eq!(stage.mails().len(), 1, "it did arrive; we only do not know");
}

/// Another server takes it when the first cannot be reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_server_is_asked() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let mut mail = stage.pipeline.config.mail.clone();
    mail.other_hosts = vec![std::mem::replace(&mut mail.host, "server.invalid".into())];
    let mut worker = stage.worker("w");
    worker.transport = Transport::new(&mail);
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state(&stage, id).await, (DeliveryState::Sent, vec![AttemptOutcome::Accepted]));
}

/// A message that was put off has a job of its own: it does not wait for the next schedule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deferred_message_is_tried_soon() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let worker = stage.worker("w");
    stage.sink.set_fault(Some(SinkFault::DEFER));
    worker.perform(JobKind::Deliver).await.unwrap();
    stage.sink.set_fault(None);
    while worker.work_once().await.unwrap() {}
    assert_eq!(state(&stage, id).await.0, DeliveryState::Queued, "nothing is due yet");
    stage.later(10);
    assert!(worker.work_once().await.unwrap());
    assert_eq!(state(&stage, id).await.0, DeliveryState::Sent);
}
