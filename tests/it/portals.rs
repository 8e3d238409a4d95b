//! Platforms that take no mail: a person enters the signed package into their form, led by the desk. And screenshots that
//! reviewers take.

use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::COOKIE;
use reqwest::multipart::{Form, Part};
use sisir::config::Recipient;
use sisir::domain::Platform;
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::ids::BatchId;
use sisir::domain::sha256_hex;
use sisir::domain::user::Role;
use sisir::mail::Transport;
use sisir::pipeline::deliver::{self, Entered, entered};
use sisir::pipeline::{Pipeline, batch, evidence};
use sisir::report::takedown_request::{Item, TakedownRequest};
use sisir::store::{batches, outbox, screenshots};

use crate::support::Stage;
use crate::two_person::{direct, upheld};
use crate::web::{Desk, client};

crate::on_both! {
    a_package_is_entered_by_a_person => portal,
    screenshots_are_kept_as_they_were => shots,
}

const FORM: &str = "https://formulir.contoh.id/pemerintah";

fn with_form(stage: &Stage) -> Pipeline {
    let mut config = (*stage.pipeline.config).clone();
    let to = Recipient { portal: FORM.into(), verified_on: "2026-11-02".into(), ..Recipient::default() };
    config.recipients.insert(Platform::Tiktok, to);
    Pipeline { config: Arc::new(config), ..stage.pipeline.clone() }
}

async fn portal(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let (wati, joko) = (stage.person("wati", Role::Viewer).await, stage.person("joko", Role::Admin).await);
    upheld(stage, &[&ratna]).await;
    let pipeline = &with_form(stage);
    let drafted = batch::draft(pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let package = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    assert_eq!(package.recipient.as_deref(), Some(FORM));
    assert!(deliver::may_be_entered(pipeline, package.id).await.is_err(), "nobody has signed it");
    let due = batch::sign(pipeline, &budi, package.id, &package.package_sha256.clone().unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    // Nothing is mailed, however often the worker looks.
    let report = deliver::deliver(pipeline, &Transport::new(&pipeline.config.mail)).await.unwrap();
    assert_eq!(report, deliver::DeliverReport::default());
    assert!(stage.mails().is_empty());
    let delivery = outbox::by_batch(stage.store(), package.id).await.unwrap().unwrap();
    let given = |reference: &str, picture: &[u8]| Entered { reference: reference.into(), picture: picture.to_vec() };
    let dot = include_bytes!("../../fixtures/dot.png");
    assert!(entered(pipeline, &wati, delivery.id, &given("R-1", dot)).await.is_err(), "a viewer entered it");
    assert!(entered(pipeline, &ratna, delivery.id, &given("  ", dot)).await.is_err(), "without a number");
    assert!(entered(pipeline, &ratna, delivery.id, &given("R-1", b"<html>")).await.is_err(), "no picture");
    deliver::pause(pipeline, &joko, Platform::Tiktok, "uji").await.unwrap();
    assert!(entered(pipeline, &ratna, delivery.id, &given("R-1", dot)).await.is_err(), "deliveries are stopped");
    deliver::resume(pipeline, &joko, Platform::Tiktok).await.unwrap();
    // Two at the same moment: one of them has entered it.
    let (one, other) = (given("R-1", dot), given("R-2", dot));
    let (first, second) =
        tokio::join!(entered(pipeline, &ratna, delivery.id, &one), entered(pipeline, &ratna, delivery.id, &other));
    assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
    let proof = outbox::proof(stage.store(), delivery.id).await.unwrap().unwrap();
    assert_eq!((proof.media_type.as_str(), proof.sha256), ("image/png", sha256_hex(dot)));
    assert_eq!(proof.bytes, dot);
    let delivery = outbox::by_batch(stage.store(), package.id).await.unwrap().unwrap();
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Sent, 1));
    assert_eq!(batches::require(stage.store(), package.id).await.unwrap().state, BatchState::Sent);
    assert!(entered(pipeline, &ratna, delivery.id, &given("R-3", dot)).await.is_err(), "twice");
    for sql in ["UPDATE proofs SET reference = 'lain'", "DELETE FROM proofs"] {
        assert!(direct(stage, sql).await.is_err(), "{sql}");
    }
}

async fn shots(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let wati = stage.person("wati", Role::Viewer).await;
    upheld(stage, &[&ratna]).await;
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let flag = batches::rows(stage.store(), drafted.id).await.unwrap()[0].flag_id;
    // What a camera writes stays in what is kept, and is in no copy.
    let mut told = include_bytes!("../../fixtures/dot.png").to_vec();
    let end = told.len() - 12;
    let chunk = {
        let body = b"tEXtAuthor\0Wati Rekaan";
        let mut crc = flate_crc(body).to_be_bytes().to_vec();
        let mut chunk = u32::try_from(body.len() - 4).unwrap().to_be_bytes().to_vec();
        chunk.extend_from_slice(body);
        chunk.append(&mut crc);
        chunk
    };
    told.splice(end..end, chunk);
    assert!(evidence::add(&stage.pipeline, &wati, flag, &told).await.is_err(), "a viewer added one");
    assert!(evidence::add(&stage.pipeline, &ratna, flag, b"GIF89a").await.is_err(), "not a picture that we take");
    evidence::add(&stage.pipeline, &ratna, flag, &told).await.unwrap();
    evidence::add(&stage.pipeline, &ratna, flag, &told).await.unwrap();
    let kept = screenshots::of_flag(stage.store(), flag).await.unwrap();
    assert_eq!(kept.len(), 1, "the same one twice is the same as once");
    assert_eq!(kept[0].sha256, sha256_hex(&told));
    assert_eq!(screenshots::bytes(stage.store(), kept[0].id).await.unwrap().unwrap().1, told, "the original is whole");
    let (_, _, copy) = evidence::copy(&stage.pipeline, kept[0].id).await.unwrap().unwrap();
    assert!(!copy.windows(4).any(|part| part == b"Wati"), "the copy tells who took it");
    assert!(direct(stage, "UPDATE screenshots SET sha256 = 'x'").await.is_err());
    // The letter names what is kept.
    let package = batch::render(&stage.pipeline, &ratna, drafted.id).await.unwrap();
    let name = format!("{}-lampiran.json", package.code);
    let json = batches::file(stage.store(), package.id, &name).await.unwrap().unwrap();
    let request: TakedownRequest = serde_json::from_slice(&json.bytes).unwrap();
    let shots = |item: &Item| {
        let shots = item.evidence.iter().filter(|one| one.kind == "screenshot");
        shots.map(|one| one.sha256.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shots(&request.items[0]), [sha256_hex(&told)]);
    assert!(request.items[1..].iter().all(|item| shots(item).is_empty()));
}

/// CRC-32 as PNG has it (RFC 2083, annex D).
fn flate_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_leads_through_a_form() {
    let desk = Desk::with(|config| {
        let to = Recipient { portal: FORM.into(), verified_on: "2026-11-02".into(), ..Recipient::default() };
        config.recipients.insert(Platform::Tiktok, to);
    })
    .await;
    let stage = &desk.stage;
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    upheld(stage, &[&ratna]).await;
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let package = batch::render(&stage.pipeline, &ratna, drafted.id).await.unwrap();
    batch::sign(&stage.pipeline, &budi, package.id, &package.package_sha256.unwrap()).await.unwrap();
    let BatchId(id) = package.id;
    let dewi = desk.sign_in("dewi", Role::Analyst).await;
    let page = dewi.page(&format!("/batches/{id}")).await;
    for part in ["Isi formulir platform", FORM, "data-copy=\"copy-urls\"", "/video/", "Sudah diisi"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let send = async |path: String, form: Form| {
        let to = format!("{}{path}", desk.base);
        client().post(to).header(COOKIE, &dewi.cookie).header("origin", &desk.base).multipart(form).send().await.unwrap()
    };
    let picture = || Part::bytes(include_bytes!("../../fixtures/dot.png").to_vec()).file_name("bukti.png");
    let form = Form::new().text("reference", "FORM-77").part("picture", picture());
    assert_eq!(send(format!("/batches/{id}/entered"), form).await.status(), StatusCode::SEE_OTHER);
    let page = dewi.page(&format!("/batches/{id}")).await;
    assert!(page.contains("FORM-77") && page.contains("Bukti pengisian formulir") && page.contains("Terkirim"), "{page}");
    let proof = dewi.get(&format!("/batches/{id}/proof")).await;
    assert_eq!(proof.headers()["content-type"], "image/png");
    assert!(proof.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    // A screenshot of a post.
    let flag = batches::rows(stage.store(), package.id).await.unwrap()[0].flag_id;
    let form = Form::new().part("picture", picture());
    assert_eq!(send(format!("/flags/{flag}/screenshots"), form).await.status(), StatusCode::SEE_OTHER);
    assert!(dewi.page(&format!("/flags/{flag}")).await.contains("/screenshots/1"));
    assert_eq!(dewi.get("/screenshots/1").await.headers()["content-type"], "image/png");
    let form = Form::new().part("picture", Part::bytes(b"<svg onload=alert(1)>".to_vec()).file_name("x.png"));
    assert_eq!(send(format!("/flags/{flag}/screenshots"), form).await.status(), StatusCode::CONFLICT);
}
