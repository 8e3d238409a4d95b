//! The whole story, once on each database: crawl → match → review → package → signature → e-mail → check → withdrawal.

use std::time::Duration;

use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::check::Liveness;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::job::JobKind;
use sisir::domain::user::Role;
use sisir::domain::{Platform, sha256_hex};
use sisir::pipeline::{batch, review, status};
use sisir::store::{audit, batches, checks, flags, outbox, posts, queue};

use crate::support::Stage;

crate::on_both! { the_whole_chain => chain, a_second_run_finds_nothing_new => second_run }

async fn chain(stage: &Stage) {
    let (pipeline, store) = (&stage.pipeline, stage.store());
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let worker = stage.worker("w1");

    // 1-4: the platforms are read, a queue stands.
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let seen = posts::count(store).await.unwrap();
    assert!(seen > 100, "{seen} posts");
    let open = queue::count(store, &queue::Filter { state: "open".into(), ..Default::default() }).await.unwrap();
    assert!(open > 20 && open < seen / 2, "{open} of {seen} flagged");

    // 5: the analyst upholds what is offered on TikTok and dismisses the rest.
    let mut upheld = 0;
    while let Some(id) = review::take_next(pipeline, &analyst, None, None).await.unwrap() {
        let flag = flags::get(store, id).await.unwrap().unwrap();
        let post = posts::get(store, flag.post_id).await.unwrap().unwrap();
        let reason = if post.platform == Platform::Tiktok { Reason::RetailOffer } else { Reason::ElementMissing };
        upheld += i64::from(reason.verdict() == Verdict::Uphold);
        review::decide(pipeline, &analyst, id, &stage.seen(id).await, &Judgement::new(reason.verdict(), reason, "").unwrap())
            .await
            .unwrap();
    }
    assert!(upheld > 5);

    // 6: a package is put together, rendered, and signed by someone else.
    assert!(batch::draft(pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.is_err(), "no rule is trusted yet");
    stage.second_all().await;
    let drafted = batch::draft(pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert_eq!(drafted.code, "TR-2026-000001");
    let rendered = batch::render(pipeline, &analyst, drafted.id).await.unwrap();
    let shown = rendered.package_sha256.clone().unwrap();
    let due = batch::sign(pipeline, &signer, drafted.id, &shown).await.unwrap();
    assert_eq!(due.wib(), "20/11/2026 09:00 WIB");

    // 7: nothing leaves before the scheduled time; then exactly the signed bytes do.
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 0);
    stage.clock.advance(due.since(pipeline.clock().now()));
    worker.perform(JobKind::Deliver).await.unwrap();
    worker.perform(JobKind::Deliver).await.unwrap();
    let mails = stage.mails();
    assert_eq!(mails.len(), 1, "one message, however often the job runs");
    assert_mail_is_the_signed_package(stage, &mails[0], drafted.id, &shown).await;
    assert_eq!(batches::get(store, drafted.id).await.unwrap().unwrap().state, BatchState::Sent);

    // 8: a post goes away; one miss is not yet "unavailable", two an hour apart are.
    let first = batches::details(store, drafted.id, stage.pipeline.clock().now()).await.unwrap().remove(0);
    stage.fake.remove([first.native_id.as_str()]);
    stage.clock.advance(Duration::from_secs(3600));
    worker.perform(JobKind::FollowUp).await.unwrap();
    assert_eq!(Liveness::from_checks(&checks::of_post(store, first.post_id).await.unwrap()), Liveness::MaybeGone);
    stage.clock.advance(Duration::from_secs(3700));
    worker.perform(JobKind::FollowUp).await.unwrap();
    assert_eq!(Liveness::from_checks(&checks::of_post(store, first.post_id).await.unwrap()), Liveness::Unavailable);
    let state = status::read(pipeline).await.unwrap();
    assert_eq!((state.requested, state.unavailable), (upheld, 1));

    // A mistake is found: the decision is replaced, and a withdrawal goes the same way.
    let mistake = Judgement::new(Verdict::Dismiss, Reason::Mistake, "ternyata lokal").unwrap();
    review::decide(pipeline, &analyst, first.flag_id, &stage.seen(first.flag_id).await, &mistake).await.unwrap();
    let withdrawal = batch::draft(pipeline, &analyst, BatchKind::Withdrawal, Platform::Tiktok).await.unwrap();
    assert_eq!(withdrawal.code, "TW-2026-000001");
    assert_eq!(batches::rows(store, withdrawal.id).await.unwrap().len(), 1);
    let rendered = batch::render(pipeline, &analyst, withdrawal.id).await.unwrap();
    let due = batch::sign(pipeline, &signer, withdrawal.id, &rendered.package_sha256.unwrap()).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 2);
    let again = batch::draft(pipeline, &analyst, BatchKind::Withdrawal, Platform::Tiktok).await;
    assert!(again.is_err(), "a withdrawal is sent once");

    // What happened can be checked from the first event to the last.
    let events = audit::all(store).await.unwrap();
    assert!(events.len() > 50);
    assert_eq!(audit::first_break(&events), None);
}

async fn assert_mail_is_the_signed_package(stage: &Stage, mail: &std::path::Path, id: sisir::domain::ids::BatchId, shown: &str) {
    let bytes = std::fs::read(mail).unwrap();
    let stored = batches::file(stage.store(), id, "pesan.eml").await.unwrap().unwrap();
    assert_eq!(sha256_hex(&stored.bytes), shown);
    // Mail travels with one line end after the last line; the bytes before it are those that were signed.
    assert_eq!(trimmed(&bytes), trimmed(&stored.bytes), "what arrived is what was signed");
    let message = mail_parser::MessageParser::default().parse(&bytes).unwrap();
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    assert_eq!(format!("<{}>", message.message_id().unwrap()), delivery.message_id);
    let names: Vec<String> =
        message.attachments().map(|part| mail_parser::MimeHeaders::attachment_name(part).unwrap().to_owned()).collect();
    let endings = [
        "-surat.pdf",
        "-letter.pdf",
        "-lampiran.xlsx",
        "-lampiran.csv",
        "-lampiran.json",
        "-tanggapan.xlsx",
        "-tanggapan.csv",
        "manifes.sha256",
    ];
    assert_eq!(names.len(), endings.len());
    for (name, ending) in names.iter().zip(endings) {
        assert!(name.ends_with(ending), "{name}");
    }
    let text = message.body_text(0).unwrap();
    assert!(!text.contains("tiktok.com/@"), "no address of a person's post in the body: {text}");
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |last| last + 1);
    &bytes[..end]
}

async fn second_run(stage: &Stage) {
    let worker = stage.worker("w1");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let first = (posts::count(stage.store()).await.unwrap(), flags::totals(stage.store()).await.unwrap());
    let asked = stage.fake.used("tiktok");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!((posts::count(stage.store()).await.unwrap(), flags::totals(stage.store()).await.unwrap()), first);
    assert_eq!(stage.fake.used("tiktok"), asked, "days that were read are not asked for again");
}
