//! Letters besides requests and withdrawals: a platform that stays silent is reminded, the ministry of communication is asked,
//! customs gets leads, sellers get notices, and each of these can be corrected. Every one is signed by a second person.

use std::process::Command;
use std::sync::Arc;

use reqwest::StatusCode;
use sisir::config::Recipient;
use sisir::domain::Platform;
use sisir::domain::answer::Outcome;
use sisir::domain::batch::{Batch, BatchKind, BatchState, Office};
use sisir::domain::decision::{FollowUp, Judgement, Reason, Verdict};
use sisir::domain::ids::{BatchId, FlagId};
use sisir::domain::job::JobKind;
use sisir::domain::stage::Stage as At;
use sisir::domain::user::{Role, User};
use sisir::mail::{MailSink, Transport};
use sisir::pipeline::answers::{self, Entered};
use sisir::pipeline::{Pipeline, batch, deliver, evidence, letters, review, status};
use sisir::store::{batches, outbox, queue};

use crate::answers::sent;
use crate::support::{Stage, skip};
use crate::two_person::{direct, rendered};
use crate::web::Desk;

crate::on_both! {
    a_silent_platform_is_reminded_twice_and_then_others_are_asked => silent,
    leads_and_notices_are_what_decisions_ask_for => leads,
    the_schema_refuses_letters_without_ground => schema,
    what_came_up_since_keeps_a_letter_back => kept_back,
}

fn office(email: &str) -> Recipient {
    Recipient { office: "Direktur Contoh".into(), email: email.into(), verified_on: "2026-11-02".into(), ..Recipient::default() }
}

/// With an office for applications and one for leads, and a contact person who may file.
fn with_offices(stage: &Stage) -> Pipeline {
    let mut config = (*stage.pipeline.config).clone();
    config.offices.insert(Office::Komdigi, office("permohonan@komdigi.contoh.id"));
    config.offices.insert(Office::Customs, office("informasi@beacukai.contoh.id"));
    config.ministry.contact_appointment = "Surat Penunjukan Nomor 1/2026".into();
    Pipeline { config: Arc::new(config), ..stage.pipeline.clone() }
}

/// Signs, waits for the schedule, and hands over.
async fn leaves(stage: &Stage, pipeline: &Pipeline, signer: &User, package: &Batch) {
    let due = batch::sign(pipeline, signer, package.id, &package.package_sha256.clone().unwrap()).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    let report = deliver::deliver(pipeline, &Transport::new(&pipeline.config.mail)).await.unwrap();
    assert_eq!((report.sent, report.failed), (1, 0), "{report:?}");
    assert_eq!(batches::require(stage.store(), package.id).await.unwrap().state, BatchState::Sent);
}

/// The beginning of the message of a package, as it arrived.
fn mail(stage: &Stage, package: &Batch) -> String {
    let path = MailSink::find(&stage.mail_dir(), package.message_id.as_deref().unwrap()).unwrap();
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).chars().take(1500).collect()
}

/// Looks at the letter with tools of others: it is sound, says how many files come with it, and holds these words.
async fn reads(stage: &Stage, package: &Batch, words: &[&str]) {
    for name in ["qpdf", "pdftotext"] {
        if Command::new(name).arg("--version").output().is_err() {
            return skip(&format!("{name} is not here; install qpdf and poppler-utils"));
        }
    }
    let pdf = stage.dir.path().join(format!("{}.pdf", package.code));
    std::fs::write(&pdf, file(stage, package, "-surat.pdf").await).unwrap();
    assert!(Command::new("qpdf").arg("--check").arg(&pdf).output().unwrap().status.success(), "{}", package.code);
    let text = Command::new("pdftotext").arg(&pdf).arg("-").output().unwrap();
    let flat = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    // Neither the letter itself nor the message around it is an enclosure.
    let enclosed = batches::files(stage.store(), package.id).await.unwrap().len() - 2;
    let counted = format!(": {enclosed} (");
    for part in words.iter().chain(&[counted.as_str(), package.code.as_str()]) {
        assert!(flat.contains(part), "{part} in {flat}");
    }
}

async fn choices(pipeline: &Pipeline, id: BatchId) -> Vec<(BatchKind, usize)> {
    let about = batches::require(&pipeline.store, id).await.unwrap();
    letters::choices(pipeline, &about).await.unwrap()
}

async fn file(stage: &Stage, package: &Batch, end: &str) -> Vec<u8> {
    batches::file(stage.store(), package.id, &format!("{}{end}", package.code)).await.unwrap().unwrap().bytes
}

const WEEKS: u64 = 7 * 24 * 3600;

async fn silent(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let budi = sisir::store::users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let pipeline = &with_offices(stage);
    let rows = batches::rows(stage.store(), id).await.unwrap();
    assert_eq!((rows.len(), choices(pipeline, id).await), (6, vec![]), "nothing is due before the day is over");
    // One is answered, one refused, one is gone.
    let entered = |row: usize, outcome, reason: &str| Entered {
        case_id: batch::case_id(rows[row].flag_id),
        outcome,
        day: String::new(),
        reason: reason.into(),
        reference: String::new(),
    };
    answers::enter(pipeline, &ratna, id, &entered(0, Outcome::Removed, "")).await.unwrap();
    answers::enter(pipeline, &ratna, id, &entered(1, Outcome::Refused, "bukan impor")).await.unwrap();
    assert_eq!(choices(pipeline, id).await, [(BatchKind::Application, 1)], "a refusal needs no waiting");
    stage.later(2 * WEEKS);
    let gone = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap().remove(2);
    stage.fake.remove([gone.native_id.as_str()]);
    stage.worker("w").perform(JobKind::FollowUp).await.unwrap();
    assert_eq!(choices(pipeline, id).await, [(BatchKind::Reminder, 3), (BatchKind::Application, 1)]);

    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(letters::draft(pipeline, &viewer, BatchKind::Reminder, id).await.is_err(), "a viewer wrote a letter");
    let drafted = letters::draft(pipeline, &ratna, BatchKind::Reminder, id).await.unwrap();
    assert!(letters::draft(pipeline, &ratna, BatchKind::Reminder, id).await.is_err(), "twice at once");
    let first = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    assert!(first.code.starts_with("TP-2026-"), "{}", first.code);
    reads(stage, &first, &["Pengingat", "belum menerima tanggapan atas 3 (tiga) dari 6 tautan", "TR-2026-000001"]).await;
    let json = String::from_utf8(file(stage, &first, "-lampiran.json").await).unwrap();
    let request = batches::require(stage.store(), id).await.unwrap();
    assert!(json.contains("\"kind\": \"reminder\"") && json.contains(&request.code), "{json}");
    assert!(batch::sign(pipeline, &ratna, first.id, first.package_sha256.as_deref().unwrap()).await.is_err());
    leaves(stage, pipeline, &budi, &first).await;
    assert_eq!(choices(pipeline, id).await, [(BatchKind::Application, 1)], "the reminder names a day of its own");
    // It is answered on its own sheet; the answer is about the request.
    let sheet = String::from_utf8(file(stage, &first, "-tanggapan.csv").await).unwrap();
    let answered = sheet.lines().nth(1).unwrap().replacen(",,", ",diturunkan,", 1);
    let sheet = format!("{}\r\n{answered}\r\n", sheet.lines().next().unwrap());
    let taken = answers::take_sheet(pipeline, &ratna, first.id, sheet.into_bytes()).await.unwrap();
    assert_eq!((taken.new, taken.unread.len()), (1, 0), "{taken:?}");
    assert_eq!(sisir::store::answers::of_batch(stage.store(), id).await.unwrap().len(), 3);

    stage.later(2 * WEEKS);
    assert_eq!(choices(pipeline, id).await, [(BatchKind::Reminder, 2), (BatchKind::Application, 3)]);
    let drafted = letters::draft(pipeline, &ratna, BatchKind::Reminder, id).await.unwrap();
    let second = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    leaves(stage, pipeline, &budi, &second).await;
    stage.later(2 * WEEKS);
    assert_eq!(choices(pipeline, id).await, [(BatchKind::Application, 3)], "reminded twice; a person decides what follows");

    application(stage, pipeline, id, (&ratna, &budi)).await;
}

/// Nothing is filed without the four parts of article 16 and the contact person of article 17.
async fn application(stage: &Stage, pipeline: &Pipeline, id: BatchId, (ratna, budi): (&User, &User)) {
    let drafted = letters::draft(&stage.pipeline, ratna, BatchKind::Application, id).await.unwrap();
    let nobody = batch::render(&stage.pipeline, ratna, drafted.id).await.unwrap_err().to_string();
    assert!(nobody.contains("[recipients.komdigi]"), "{nobody}");
    let mut unnamed = (*pipeline.config).clone();
    unnamed.ministry.contact_appointment.clear();
    let unnamed = Pipeline { config: Arc::new(unnamed), ..pipeline.clone() };
    let found = sisir::pipeline::preflight::findings(&unnamed, &drafted).await.unwrap();
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == "L24").count(), 3, "{codes:?}");
    assert!(codes.contains(&"L23"), "{codes:?}");
    for row in batches::rows(stage.store(), drafted.id).await.unwrap() {
        evidence::add(pipeline, ratna, row.flag_id, include_bytes!("../../fixtures/dot.png")).await.unwrap();
    }
    let package = batch::render(pipeline, ratna, drafted.id).await.unwrap();
    assert_eq!(package.recipient.as_deref(), Some("permohonan@komdigi.contoh.id"));
    let files = batches::files(stage.store(), package.id).await.unwrap();
    assert_eq!(files.iter().filter(|file| file.media_type == "image/png").count(), 3);
    assert!(files.iter().any(|file| file.name.ends_with("-analisis-hukum.pdf")));
    let parts = [
        "Pasal 16 ayat (1)",
        "tidak bersifat mendesak",
        "Surat Penunjukan Nomor 1/2026",
        "bukan impor",
        "tidak ditanggapi",
        "3 tangkapan layar",
    ];
    reads(stage, &package, &parts).await;
    let told = |at, day| letters::record_stage(pipeline, ratna, package.id, at, day);
    assert!(told(At::Received, "").await.unwrap_err().to_string().contains("only an application that was sent"));
    leaves(stage, pipeline, budi, &package).await;
    assert_eq!(choices(pipeline, id).await, [], "applied for once");
    // What that ministry says is mirrored, day by day, and stays on record.
    told(At::Received, "").await.unwrap();
    told(At::St1, "2026-11-25").await.unwrap();
    for (day, why) in [("2036-11-25", "still to come"), ("besok", "is no day")] {
        assert!(told(At::St2, day).await.unwrap_err().to_string().contains(why), "{day}");
    }
    assert!(letters::record_stage(pipeline, ratna, id, At::Order, "").await.is_err(), "a request has no stages");
    let stages = sisir::store::letters::stages(stage.store(), package.id).await.unwrap();
    assert_eq!(stages.iter().map(|one| one.stage).collect::<Vec<_>>(), [At::Received, At::St1]);
    assert_eq!(stages[1].said_on, "2026-11-25");
    for sql in ["DELETE FROM mirrored_stages", "UPDATE mirrored_stages SET stage = 'blocked'"] {
        assert!(direct(stage, sql).await.unwrap_err().contains("stays on record"), "{sql}");
    }
    // Read again, one does not meet the criteria: the platform and whoever was asked about it hear of it.
    let row = batches::rows(stage.store(), package.id).await.unwrap().remove(0);
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    review::decide(pipeline, ratna, row.flag_id, &stage.seen(row.flag_id).await, &judgement).await.unwrap();
    assert_eq!(choices(pipeline, package.id).await, [(BatchKind::Correction, 1)]);
    assert_eq!(status::ready(pipeline).await.unwrap(), [(Platform::Tiktok, BatchKind::Withdrawal, 1)]);
    correct(stage, pipeline, &package, (ratna, budi)).await;
}

/// A correction goes where the letter went, once.
async fn correct(stage: &Stage, pipeline: &Pipeline, wrong: &Batch, (ratna, budi): (&User, &User)) {
    let drafted = letters::draft(pipeline, ratna, BatchKind::Correction, wrong.id).await.unwrap();
    let correction = batch::render(pipeline, ratna, drafted.id).await.unwrap();
    assert_eq!(correction.recipient, wrong.recipient);
    reads(stage, &correction, &["Ralat", wrong.code.as_str()]).await;
    leaves(stage, pipeline, budi, &correction).await;
    assert_eq!(choices(pipeline, wrong.id).await, []);
    let mail = mail(stage, &correction);
    assert!(mail.contains("Ralat") && mail.contains(wrong.recipient.as_deref().unwrap()), "{mail}");
}

/// Posts decided with these steps to follow, one each, and a colleague after them.
async fn decided(stage: &Stage, reviewer: &User, steps: &[(Verdict, Reason, FollowUp)]) -> Vec<FlagId> {
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    let cards = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 6, None).await.unwrap();
    let mut flags = Vec::new();
    for (card, (verdict, reason, step)) in cards.iter().zip(steps) {
        let judgement = Judgement::new(*verdict, *reason, "").unwrap().with_follow_up(*step).unwrap();
        review::decide(&stage.pipeline, reviewer, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
        flags.push(card.id);
    }
    assert_eq!(flags.len(), steps.len());
    flags
}

async fn leads(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let pipeline = &with_offices(stage);
    let lead = (Verdict::Uphold, Reason::BaleOffer, FollowUp::CustomsLead);
    let notice = (Verdict::Uphold, Reason::RetailOffer, FollowUp::Education);
    let lawful = (Verdict::Dismiss, Reason::LocalPreloved, FollowUp::Education);
    let flags = decided(stage, &ratna, &[lead, notice, lawful]).await;
    let told = [(Platform::Tiktok, BatchKind::Notice, 1)];
    assert_eq!(status::ready(pipeline).await.unwrap(), told, "what was upheld waits for a second analyst");
    stage.second_all().await;
    let all = [(Platform::Tiktok, BatchKind::Lead, 1), (Platform::Tiktok, BatchKind::Notice, 2)];
    assert_eq!(status::ready(pipeline).await.unwrap(), all);
    assert!(batch::draft(&stage.pipeline, &ratna, BatchKind::Lead, Platform::Tiktok).await.is_err(), "there is no office");

    let drafted = batch::draft(pipeline, &ratna, BatchKind::Lead, Platform::Tiktok).await.unwrap();
    let undone = review::undo(pipeline, &ratna, flags[0], stage.seen(flags[0]).await.decision.unwrap()).await;
    assert!(undone.is_err(), "a decision that stands in a package was taken back");
    let package = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    assert_eq!(package.recipient.as_deref(), Some("informasi@beacukai.contoh.id"));
    reads(stage, &package, &["Petunjuk awal, belum diverifikasi"]).await;
    leaves(stage, pipeline, &budi, &package).await;
    assert!(mail(stage, &package).contains("informasi@beacukai.contoh.id"));

    // A person tells the sellers, and brings back what proves it.
    let drafted = batch::draft(pipeline, &ratna, BatchKind::Notice, Platform::Tiktok).await.unwrap();
    let told = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    assert_eq!(told.recipient.as_deref(), Platform::Tiktok.home());
    reads(stage, &told, &["tidak ada permintaan penurunan"]).await;
    let text = String::from_utf8(file(stage, &told, "-pemberitahuan.txt").await).unwrap();
    assert!(text.contains("diperbolehkan") && text.contains(&told.code), "{text}");
    let due = batch::sign(pipeline, &budi, told.id, told.package_sha256.as_deref().unwrap()).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    let report = deliver::deliver(pipeline, &Transport::new(&pipeline.config.mail)).await.unwrap();
    assert_eq!(report, deliver::DeliverReport::default(), "nothing is mailed to sellers");
    let delivery = outbox::by_batch(stage.store(), told.id).await.unwrap().unwrap();
    let proof = deliver::Entered { reference: "pesan terkirim".into(), picture: Vec::new() };
    deliver::entered(pipeline, &ratna, delivery.id, &proof).await.unwrap();
    assert_eq!(batches::require(stage.store(), told.id).await.unwrap().state, BatchState::Sent);
    assert_eq!(status::ready(pipeline).await.unwrap(), [], "each was told once");

    let judgement = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    review::decide(pipeline, &ratna, flags[0], &stage.seen(flags[0]).await, &judgement).await.unwrap();
    assert_eq!(choices(pipeline, package.id).await, [(BatchKind::Correction, 1)]);
    correct(stage, pipeline, &package, (&ratna, &budi)).await;
}

/// Between writing and leaving: an answer, another decision. And whoever chose to write a letter is the first of two people.
async fn kept_back(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let budi = sisir::store::users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let pipeline = &with_offices(stage);
    stage.later(2 * WEEKS);
    let own = letters::draft(pipeline, &budi, BatchKind::Reminder, id).await.unwrap();
    let own = batch::render(pipeline, &budi, own.id).await.unwrap();
    let hash = own.package_sha256.clone().unwrap();
    let refused = batch::sign(pipeline, &budi, own.id, &hash).await.unwrap_err().to_string();
    assert!(refused.contains("the signer wrote this letter"), "{refused}");
    let sari = stage.person("sari", Role::Approver).await;
    let due = batch::sign(pipeline, &sari, own.id, &hash).await.unwrap();
    // The platform answers about one of the posts.
    let row = batches::rows(stage.store(), id).await.unwrap().remove(0);
    let answer = Entered {
        case_id: batch::case_id(row.flag_id),
        outcome: Outcome::Removed,
        day: String::new(),
        reason: String::new(),
        reference: String::new(),
    };
    answers::enter(pipeline, &ratna, id, &answer).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    let transport = Transport::new(&pipeline.config.mail);
    let report = deliver::deliver(pipeline, &transport).await.unwrap();
    assert_eq!((report.sent, report.failed, stage.mails().len()), (0, 1, 1), "a reminder of what was answered left");
    let delivery = outbox::by_batch(stage.store(), own.id).await.unwrap().unwrap();
    let why = outbox::attempts(stage.store(), delivery.id).await.unwrap().remove(0).detail;
    assert!(why.contains("was answered since"), "{why}");
    let joko = stage.person("joko", Role::Admin).await;
    deliver::settle(pipeline, &joko, delivery.id, deliver::Settlement::GiveUp).await.unwrap();

    let drafted = letters::draft(pipeline, &ratna, BatchKind::Reminder, id).await.unwrap();
    let next = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    assert_eq!(batches::rows(stage.store(), next.id).await.unwrap().len(), 5, "without the one that was answered");
    batch::sign(pipeline, &sari, next.id, next.package_sha256.as_deref().unwrap()).await.unwrap();
    let row = batches::rows(stage.store(), next.id).await.unwrap().remove(0);
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    let state = |state: &str| format!("UPDATE deliveries SET state = '{state}' WHERE batch_id = {}", next.id);
    direct(stage, &state("sending")).await.unwrap();
    let seen = stage.seen(row.flag_id).await;
    let busy = review::decide(pipeline, &ratna, row.flag_id, &seen, &judgement).await.unwrap_err().to_string();
    assert!(busy.contains("is leaving just now"), "{busy}");
    direct(stage, &state("queued")).await.unwrap();
    review::decide(pipeline, &ratna, row.flag_id, &seen, &judgement).await.unwrap();
    let delivery = outbox::by_batch(stage.store(), next.id).await.unwrap().unwrap();
    stage.clock.advance(delivery.due_at.since(pipeline.clock().now()));
    let report = deliver::deliver(pipeline, &transport).await.unwrap();
    assert_eq!((report.sent, report.failed, stage.mails().len()), (0, 1, 1), "a reminder of a mistake left");
}

async fn schema(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let unsent = rendered(stage, &[&ratna]).await;
    let row = batches::rows(stage.store(), unsent.id).await.unwrap().remove(0);
    let (request, flag, decision) = (row.request_id.unwrap(), row.flag_id, row.decision_id);
    let open = |kind: &str, about: &str| {
        format!(
            "INSERT INTO batches (id, code, kind, platform, created_by, created_at, about_id) VALUES (900, 'X', '{kind}', 'tiktok', {}, 1, {about})",
            ratna.id
        )
    };
    let mention = |kind: &str, request: &str, corrects: &str| {
        format!(
            "INSERT INTO mentions (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id, request_id, corrects_id)
                VALUES (900, '{kind}', 1, {flag}, {decision}, 'uphold', {}, {request}, {corrects})",
            ratna.id
        )
    };
    let (about, request) = (unsent.id.to_string(), request.to_string());
    for (what, sql) in [
        ("a reminder of nothing", open("reminder", "NULL")),
        ("a reminder of a request that did not leave", open("reminder", &about)),
        ("a lead about a request", open("lead", &about)),
        ("a lead that its decision does not ask for", format!("{}; {}", open("lead", "NULL"), mention("lead", "NULL", "NULL"))),
        (
            "a notice that its decision does not ask for",
            format!("{}; {}", open("notice", "NULL"), mention("notice", "NULL", "NULL")),
        ),
        ("a lead that follows a request", format!("{}; {}", open("lead", "NULL"), mention("lead", &request, "NULL"))),
        ("a row of another kind", format!("{}; {}", open("lead", "NULL"), mention("notice", "NULL", "NULL"))),
    ] {
        assert!(direct(stage, &sql).await.is_err(), "{what}: {sql}");
    }
    let budi = stage.person("budi", Role::Approver).await;
    let due = batch::sign(&stage.pipeline, &budi, unsent.id, unsent.package_sha256.as_deref().unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    let fill = |time_no: i32| {
        mention("reminder", &request, "NULL")
            .replace("corrects_id)", "corrects_id, time_no)")
            .replace("NULL)", &format!("NULL, {time_no})"))
    };
    direct(stage, &format!("{}; {}", open("reminder", &about), fill(1))).await.unwrap();
    for (what, sql) in [
        ("the same reminder again", format!("{}; {}", open("reminder", &about).replace("900, 'X'", "901, 'Y'"), fill(1).replace("(900", "(901"))),
        ("a third reminder", format!("{}; {}", open("reminder", &about).replace("900, 'X'", "901, 'Y'"), fill(3).replace("(900", "(901"))),
        ("a row about another post", "UPDATE mentions SET flag_id = flag_id + 1".into()),
        ("a row signed by its reviewer", "UPDATE mentions SET signer_id = reviewer_id".into()),
        ("a row freed", "UPDATE mentions SET released = TRUE".into()),
        ("a row gone", "DELETE FROM mentions".into()),
        ("about another letter", "UPDATE batches SET about_id = NULL WHERE id = 900".into()),
        (
            "signed by whoever decided",
            format!(
                "UPDATE users SET role = 'approver' WHERE id = {r}; UPDATE batches SET state = 'rendered', package_sha256 = 'x', recipient = 'a@b.id', message_id = 'm' WHERE id = 900;
                INSERT INTO signatures (batch_id, signer_id, package_sha256, recipient, message_id, signed_at) VALUES (900, {r}, 'x', 'a@b.id', 'm', 1)",
                r = ratna.id
            ),
        ),
        (
            "a decision undone that stands in a letter",
            format!("INSERT INTO undone_decisions (decision_id, undone_at) VALUES ({decision}, 1)"),
        ),
    ] {
        assert!(direct(stage, &sql).await.is_err(), "{what}: {sql}");
    }
}

/// From the page of a request: it says when an answer was hoped for, what is due, and which letters there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_request_offers_what_is_due() {
    let desk = Desk::new().await;
    let (id, _) = sent(&desk.stage).await;
    let sari = desk.sign_in("sari", Role::Analyst).await;
    let page = sari.page(&format!("/batches/{id}")).await;
    assert!(page.contains("Belum ada yang perlu ditulis") && !page.contains("value=\"reminder\""), "{page}");
    desk.stage.later(2 * WEEKS);
    let sari = desk.sign_in("tini", Role::Analyst).await;
    assert!(sari.page(&format!("/batches/{id}")).await.contains("value=\"reminder\""));
    let answer = sari.post(&format!("/batches/{id}/follow"), &[("kind", "reminder")]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    let page = sari.page(&to).await;
    assert!(page.contains("TP-2026-000001") && page.contains("mengenai") && page.contains("-surat.pdf"), "{page}");
    assert!(sari.page(&format!("/batches/{id}")).await.contains("TP-2026-000001"));
    let again = sari.post(&format!("/batches/{id}/follow"), &[("kind", "reminder")]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let words = again.text().await.unwrap();
    assert!(words.contains("tidak ada isi TR-2026-000001 yang perlu ditulis"), "{words}");
}
