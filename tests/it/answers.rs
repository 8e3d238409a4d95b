//! After a package was sent: what the platform answers, on the sheet that we sent or in words; what pauses, holidays and
//! limits do to what is to leave.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::COOKIE;
use reqwest::multipart::{Form, Part};
use sisir::config::Recipient;
use sisir::domain::Platform;
use sisir::domain::answer::Outcome;
use sisir::domain::batch::{Batch, BatchKind, BatchState};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::ids::BatchId;
use sisir::domain::job::JobKind;
use sisir::domain::user::{Role, User};
use sisir::pipeline::answers::{Entered, enter, learned, take_sheet};
use sisir::pipeline::{Pipeline, batch, deliver};
use sisir::report::takedown_request::TakedownRequest;
use sisir::store::{answers, batches, letters, outbox};

use crate::support::Stage;
use crate::two_person::{rendered, upheld};
use crate::web::{Desk, client};

crate::on_both! {
    an_answer_sheet_is_read_once => sheet,
    nothing_leaves_for_a_paused_platform => paused,
    nothing_leaves_on_holidays_or_beyond_the_hour => holidays,
    what_is_too_large_is_divided => divided,
    numbers_of_letters_have_no_twin => numbers,
    what_both_databases_render_is_the_same => fingerprint,
}

/// A package that was sent, and who put it together.
pub async fn sent(stage: &Stage) -> (BatchId, User) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let package = rendered(stage, &[&ratna]).await;
    let due = batch::sign(&stage.pipeline, &budi, package.id, &package.package_sha256.clone().unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(batches::require(stage.store(), package.id).await.unwrap().state, BatchState::Sent);
    (package.id, ratna)
}

/// The sheet as we sent it, with a decision in the rows that have one.
async fn filled(stage: &Stage, batch: &Batch, decisions: &[&str]) -> Vec<u8> {
    let name = format!("{}-tanggapan.csv", batch.code);
    let file = batches::file(stage.store(), batch.id, &name).await.unwrap().unwrap();
    let text = String::from_utf8(file.bytes).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (line, decision) in lines.iter_mut().skip(1).zip(decisions) {
        let (case, rest) = line.split_once(',').unwrap();
        let url = rest.split(',').next().unwrap();
        *line = format!("{case},{url},{decision}");
    }
    // An Indonesian office saves with semicolons.
    lines.join("\r\n").replace(',', ";").into_bytes()
}

async fn sheet(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let batch = batches::require(stage.store(), id).await.unwrap();
    let pipeline = &stage.pipeline;
    let first = filled(
        stage,
        &batch,
        &[
            "diturunkan,2026-11-20,,R-1",
            "dibatasi wilayah,,,",
            "ditolak,2026-11-20,,",
            "ditolak,2026-11-20,bukan impor,",
            "selesai,,,",
        ],
    )
    .await;
    let taken = take_sheet(pipeline, &ratna, id, first.clone()).await.unwrap();
    assert_eq!((taken.new, taken.known, taken.open), (3, 0, 1), "{taken:?}");
    let unread: Vec<(u64, &str)> = taken.unread.iter().map(|row| (row.line, row.why.as_str())).collect();
    assert_eq!(unread.len(), 2);
    assert!(unread[0].0 == 4 && unread[0].1.contains("without a reason"), "{unread:?}");
    assert!(unread[1].0 == 6 && unread[1].1.contains("`selesai` is no answer"), "{unread:?}");
    let again = take_sheet(pipeline, &ratna, id, first).await.unwrap();
    assert_eq!((again.new, again.known), (0, 3), "the same sheet twice is the same as once");
    // A later sheet replaces what it says something about; all of it stays on record.
    let second = filled(stage, &batch, &["sudah tidak ada,2026-11-20,,", "", "", "", ""]).await;
    assert_eq!(take_sheet(pipeline, &ratna, id, second).await.unwrap().new, 1);
    let newest = answers::of_batch(stage.store(), id).await.unwrap();
    let outcomes: Vec<Outcome> = newest.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes, [Outcome::AlreadyGone, Outcome::Restricted, Outcome::Refused]);
    assert_eq!(newest[2].reason, "bukan impor");
    // One by one.
    let case = batch::case_id(batches::rows(stage.store(), id).await.unwrap()[4].flag_id);
    let entered = |outcome, reason: &str| Entered {
        case_id: case.clone(),
        outcome,
        day: String::new(),
        reason: reason.into(),
        reference: "surat 12".into(),
    };
    assert!(enter(pipeline, &ratna, id, &entered(Outcome::NeedsInformation, "")).await.is_err(), "without a reason");
    assert!(enter(pipeline, &ratna, id, &entered(Outcome::Restored, "")).await.is_err(), "that answers a withdrawal");
    enter(pipeline, &ratna, id, &entered(Outcome::NeedsInformation, "mana bukti impornya?")).await.unwrap();
    assert_eq!(answers::of_batch(stage.store(), id).await.unwrap().len(), 4);
    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(enter(pipeline, &viewer, id, &entered(Outcome::Removed, "")).await.is_err(), "a viewer recorded an answer");
    // What was not sent is not answered.
    assert!(crate::two_person::direct(stage, "UPDATE answers SET outcome = 'removed'").await.is_err());
    assert!(crate::two_person::direct(stage, "DELETE FROM answers").await.is_err());
    let size = learned(pipeline, stage.store(), Platform::Tiktok).await.unwrap();
    assert_eq!((size.now, size.most), (100, 100), "one package teaches nothing");
}

/// A pipeline whose recipient for TikTok is another.
fn with(stage: &Stage, change: impl FnOnce(&mut Recipient)) -> Pipeline {
    let mut config = (*stage.pipeline.config).clone();
    change(config.recipients.get_mut(&Platform::Tiktok).unwrap());
    Pipeline { config: Arc::new(config), ..stage.pipeline.clone() }
}

async fn paused(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let joko = stage.person("joko", Role::Admin).await;
    let package = rendered(stage, &[&ratna]).await;
    let pipeline = &stage.pipeline;
    assert!(deliver::pause(pipeline, &ratna, Platform::Tiktok, "uji").await.is_err(), "an analyst stopped deliveries");
    assert!(deliver::pause(pipeline, &joko, Platform::Tiktok, "  ").await.is_err(), "nobody would know why");
    deliver::pause(pipeline, &joko, Platform::Tiktok, "alamat sedang dipastikan").await.unwrap();
    assert!(deliver::pause(pipeline, &joko, Platform::Tiktok, "lagi").await.is_err(), "twice");
    batch::sign(pipeline, &budi, package.id, &package.package_sha256.clone().unwrap()).await.unwrap();
    stage.later(4 * 86_400);
    let worker = stage.worker("w");
    while worker.work_once().await.unwrap() {}
    let state = async || outbox::by_batch(stage.store(), package.id).await.unwrap().unwrap();
    assert_eq!((state().await.state, state().await.attempts), (DeliveryState::Queued, 0));
    deliver::resume(pipeline, &joko, Platform::Tiktok).await.unwrap();
    assert!(deliver::resume(pipeline, &joko, Platform::Tiktok).await.is_err());
    // At the next time of the schedule, by a job of its own.
    while worker.work_once().await.unwrap() {}
    assert_eq!(state().await.state, DeliveryState::Queued);
    stage.later(86_400);
    while worker.work_once().await.unwrap() {}
    assert_eq!(state().await.state, DeliveryState::Sent);
    assert_eq!(stage.mails().len(), 1);
}

async fn holidays(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    upheld(stage, &[&ratna]).await;
    let mut pipeline = with(stage, |to| (to.max_rows, to.hourly) = (3, 1));
    let mut packages = Vec::new();
    for _ in 0..2 {
        let drafted = batch::draft(&pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
        let package = batch::render(&pipeline, &ratna, drafted.id).await.unwrap();
        batch::sign(&pipeline, &budi, package.id, &package.package_sha256.unwrap()).await.unwrap();
        packages.push(drafted.id);
    }
    let worker = |pipeline: &Pipeline| {
        let mut worker = stage.worker("w");
        worker.pipeline = pipeline.clone();
        worker
    };
    let due = async |id| outbox::by_batch(stage.store(), id).await.unwrap().unwrap().due_at;
    // A holiday that was named after the signature: Friday 20 November, the day of the stage.
    let mut config = (*pipeline.config).clone();
    config.schedule.holidays = vec!["2026-11-20".into()];
    pipeline.config = Arc::new(config);
    stage.clock.advance(due(packages[0]).await.since(stage.pipeline.clock().now()));
    assert!(due(packages[0]).await.wib().starts_with("20/11/2026"));
    worker(&pipeline).perform(JobKind::Deliver).await.unwrap();
    assert!(stage.mails().is_empty(), "mail left on a holiday");
    assert_eq!(due(packages[0]).await.wib(), "23/11/2026 09:00 WIB");
    // One an hour: the second one waits its turn, and needs no schedule for it.
    stage.clock.advance(due(packages[0]).await.since(stage.pipeline.clock().now()));
    worker(&pipeline).perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 1);
    let mut minutes = 0;
    while stage.mails().len() < 2 && minutes < 180 {
        stage.later(600);
        minutes += 10;
        while worker(&pipeline).work_once().await.unwrap() {}
    }
    assert!((60..=80).contains(&minutes), "the second one left after {minutes} minutes");
}

async fn divided(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    upheld(stage, &[&ratna]).await;
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    // Six posts do not fit, three do.
    let whole = batch::render(&stage.pipeline, &ratna, drafted.id).await.unwrap();
    let size = batches::file(stage.store(), whole.id, batch::MESSAGE_FILE).await.unwrap().unwrap().bytes.len();
    batch::cancel(&stage.pipeline, &ratna, whole.id).await.unwrap();
    let pipeline = with(stage, |to| to.max_bytes = u32::try_from(size - 1).unwrap());
    let drafted = batch::draft(&pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let first = batch::render(&pipeline, &ratna, drafted.id).await.unwrap();
    assert_eq!(batches::require(stage.store(), drafted.id).await.unwrap().state, BatchState::Cancelled);
    let parts: Vec<Batch> =
        batches::list(stage.store(), 10).await.unwrap().into_iter().filter(|b| b.state == BatchState::Rendered).collect();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().any(|part| part.id == first.id));
    let mut flags = Vec::new();
    for part in &parts {
        let rows = batches::rows(stage.store(), part.id).await.unwrap();
        assert_eq!(rows.len(), 3);
        flags.extend(rows.into_iter().map(|row| row.flag_id.0));
    }
    flags.sort_unstable();
    flags.dedup();
    assert_eq!(flags.len(), 6, "every post stands in one part");
    // One post that is too large by itself is refused, and says what to do.
    batch::cancel(&stage.pipeline, &ratna, first.id).await.unwrap();
    let tiny = with(stage, |to| (to.max_rows, to.max_bytes) = (1, 1_000));
    let one = batch::draft(&tiny, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let refused = batch::render(&tiny, &ratna, one.id).await.unwrap_err().to_string();
    assert!(refused.contains("raise `max_bytes`"), "{refused}");
}

async fn numbers(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    upheld(stage, &[&ratna]).await;
    let pipeline = with(stage, |to| to.max_rows = 2);
    let mut drafts = Vec::new();
    for _ in 0..3 {
        drafts.push(batch::draft(&pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap().id);
    }
    // Two at the same moment.
    let (a, b) = tokio::join!(batch::render(&pipeline, &ratna, drafts[0]), batch::render(&pipeline, &ratna, drafts[1]));
    let (a, b) = (a.unwrap(), b.unwrap());
    batch::cancel(&pipeline, &ratna, b.id).await.unwrap();
    let c = batch::render(&pipeline, &ratna, drafts[2]).await.unwrap();
    let register = letters::register(stage.store(), 10).await.unwrap();
    let printed: Vec<&str> = register.iter().map(|letter| letter.number.as_str()).collect();
    assert_eq!(printed, ["B-3/SISIR/XI/2026", "B-2/SISIR/XI/2026", "B-1/SISIR/XI/2026"]);
    assert!(
        register.iter().any(|letter| letter.batch_id == b.id && letter.state == BatchState::Cancelled),
        "the gap is explained"
    );
    for package in [&a, &c] {
        let name = format!("{}-lampiran.json", package.code);
        let file = batches::file(stage.store(), package.id, &name).await.unwrap().unwrap();
        let request: TakedownRequest = serde_json::from_slice(&file.bytes).unwrap();
        let reserved = letters::of_batch(stage.store(), package.id).await.unwrap().unwrap();
        assert_eq!(request.letter_number, reserved, "what is printed is what was reserved");
    }
    for sql in ["UPDATE letter_numbers SET seq = 9", "DELETE FROM letter_numbers"] {
        assert!(crate::two_person::direct(stage, sql).await.is_err(), "{sql}");
    }
}

/// The files of a package of the same posts have the same bytes on both databases.
async fn fingerprint(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let package = rendered(stage, &[&ratna]).await;
    static SEEN: std::sync::Mutex<Option<Vec<(String, String)>>> = std::sync::Mutex::new(None);
    let files = batches::files(stage.store(), package.id).await.unwrap();
    let here: Vec<(String, String)> = files.into_iter().map(|file| (file.name, file.sha256)).collect();
    assert_eq!(here.len(), 9);
    let mut seen = SEEN.lock().unwrap();
    match seen.take() {
        None => *seen = Some(here),
        Some(there) => assert_eq!(here, there),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_takes_a_sheet_at_the_desk() {
    let desk = Desk::new().await;
    let (id, _) = sent(&desk.stage).await;
    let batch = batches::require(desk.stage.store(), id).await.unwrap();
    let dewi = desk.sign_in("dewi", Role::Analyst).await;
    let page = dewi.page(&format!("/batches/{id}")).await;
    assert!(page.contains("Belum ada tanggapan") && page.contains("Nomor surat B-1/SISIR/XI/2026"), "{page}");
    let upload = async |bytes: Vec<u8>| {
        let form = Form::new().part("sheet", Part::bytes(bytes).file_name("tanggapan.csv"));
        let to = format!("{}/batches/{id}/answer-sheet", desk.base);
        client().post(to).header(COOKIE, &dewi.cookie).header("origin", &desk.base).multipart(form).send().await.unwrap()
    };
    let wrong = upload(filled(&desk.stage, &batch, &["selesai,,,"]).await).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = wrong.text().await.unwrap();
    assert!(page.contains("Baris 2") && page.contains("bukan tanggapan; salah satu dari diturunkan"), "{page}");
    let fine = upload(filled(&desk.stage, &batch, &["diturunkan,2026-11-20,,TT-9", "ditolak,2026-11-20,lokal,"]).await).await;
    assert_eq!(fine.status(), StatusCode::SEE_OTHER, "{}", fine.text().await.unwrap());
    let page = dewi.page(&format!("/batches/{id}")).await;
    assert!(page.contains("TT-9") && page.contains("lokal") && page.contains("2 tautan ditanggapi"), "{page}");
    // Other shapes of what was sent.
    let dsa: serde_json::Value = dewi.get(&format!("/batches/{id}/exports/dsa.json")).await.json().await.unwrap();
    assert_eq!(dsa["statements"].as_array().unwrap().len(), 6);
    let lumen: serde_json::Value = dewi.get(&format!("/batches/{id}/exports/lumen.json")).await.json().await.unwrap();
    assert_eq!(lumen["notice"]["case_id_number"], batch.code.as_str());
    assert_eq!(dewi.get(&format!("/batches/{id}/exports/lain.json")).await.status(), StatusCode::NOT_FOUND);
    let record = dewi.get(&format!("/batches/{id}/record.pdf")).await;
    assert_eq!((record.status(), record.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "application/pdf"));
    assert!(record.bytes().await.unwrap().starts_with(b"%PDF"));
    // The list: the register, and who may stop deliveries.
    let list = dewi.page("/batches").await;
    assert!(list.contains("Buku agenda surat keluar") && !list.contains("Hentikan pengiriman"), "{list}");
    let joko = desk.sign_in("joko", Role::Admin).await;
    assert!(joko.page("/batches").await.contains("Hentikan pengiriman"));
    joko.post("/deliveries/pause", &[("platform", "tiktok"), ("reason", "alamat berubah")]).await;
    let list = dewi.page("/batches").await;
    assert!(list.contains("alamat berubah") && list.contains("Dihentikan"), "{list}");
}
