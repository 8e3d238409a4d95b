//! The look at a package before it leaves: what keeps it back, where a person reads it, and that it is looked at again.

use std::sync::Arc;

use sisir::config::MinistryChange;
use sisir::domain::Platform;
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::job::JobKind;
use sisir::domain::user::Role;
use sisir::pipeline::batch;
use sisir::store::{batches, checks, outbox};

use crate::delivery::signed;
use crate::support::{Engine, Stage};
use crate::two_person::{direct, rendered};
use crate::web::Desk;

crate::on_both! {
    what_was_fine_when_rendered_is_looked_at_when_signed => stale,
    a_post_is_asked_for_in_one_package => twice,
}

async fn stale(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let package = rendered(stage, &[&ratna]).await;
    let hash = package.package_sha256.clone().unwrap();
    // Nobody asked the platform for three months.
    let with = |verified_on: &str| {
        let mut config = (*stage.pipeline.config).clone();
        config.recipients.get_mut(&Platform::Tiktok).unwrap().verified_on = verified_on.into();
        sisir::pipeline::Pipeline { config: Arc::new(config), ..stage.pipeline.clone() }
    };
    let refused = batch::sign(&with("2026-08-01"), &budi, package.id, &hash).await.unwrap_err().to_string();
    assert!(refused.contains("(L09)"), "{refused}");
    // Somebody else is in office by now than the letter says.
    stage.later(3 * 24 * 3600);
    let mut config = (*stage.pipeline.config).clone();
    let next =
        MinistryChange { from: "2026-11-22".into(), signatory_name: Some("Nama Lain".into()), ..MinistryChange::default() };
    config.ministry.changes.push(next);
    let followed = sisir::pipeline::Pipeline { config: Arc::new(config), ..stage.pipeline.clone() };
    let refused = batch::sign(&followed, &budi, package.id, &hash).await.unwrap_err().to_string();
    assert!(refused.contains("(L06)"), "{refused}");
    // The day that is printed in the letter is over before it is signed.
    stage.later(14 * 24 * 3600);
    let refused = batch::sign(&stage.pipeline, &budi, package.id, &hash).await.unwrap_err().to_string();
    assert!(refused.contains("(L05)"), "{refused}");
    assert_eq!(batches::require(stage.store(), package.id).await.unwrap().state, BatchState::Rendered);
    // Drafted anew, it has another day.
    batch::cancel(&stage.pipeline, &ratna, package.id).await.unwrap();
    let anew = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let anew = batch::render(&stage.pipeline, &ratna, anew.id).await.unwrap();
    batch::sign(&stage.pipeline, &budi, anew.id, &anew.package_sha256.unwrap()).await.unwrap();
}

/// Two packs may flag one post; the platform is asked once.
async fn twice(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let package = rendered(stage, &[&ratna]).await;
    let row = batches::details(stage.store(), package.id, stage.pipeline.clock().now()).await.unwrap().remove(0);
    assert_eq!(batches::asked_elsewhere(stage.store(), package.id).await.unwrap(), []);
    // Another pack's flag of the same post, in a draft of its own.
    let (flag, post) = (row.flag_id, row.post_id);
    let copy = format!(
        "INSERT INTO flags (id, post_id, platform, pack, rule_set, priority, score, findings, opened_at)
            SELECT 9001, post_id, platform, 'paket-lain', rule_set, priority, score, findings, opened_at FROM flags WHERE id = {flag};
        INSERT INTO decisions (id, flag_id, verdict, flag_state, reason, note, text_sha256, decided_by, decided_at, elements, action)
            SELECT 9001, 9001, verdict, flag_state, reason, '', text_sha256, decided_by, decided_at, elements, action FROM decisions
            WHERE flag_id = {flag} ORDER BY id LIMIT 1;
        UPDATE flags SET state = 'upheld', decision_id = 9001 WHERE id = 9001"
    );
    direct(stage, &copy).await.unwrap();
    let other = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await;
    let Ok(other) = other else { panic!("post {post}: {other:?}") };
    let refused = batch::render(&stage.pipeline, &ratna, other.id).await.unwrap_err().to_string();
    assert!(refused.contains("(L17)") && refused.contains(&package.code), "{refused}");
    batch::cancel(&stage.pipeline, &ratna, package.id).await.unwrap();
    batch::render(&stage.pipeline, &ratna, other.id).await.unwrap();
}

async fn gone_before_it_leaves(engine: Engine) {
    let Some((stage, id, _)) = signed(engine).await else { return };
    let row = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap().remove(0);
    stage.fake.remove([row.native_id.as_str()]);
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 0, "a request about a post that is gone left");
    let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Failed, "a person looks");
    let why = outbox::attempts(stage.store(), delivery.id).await.unwrap().remove(0).detail;
    assert!(why.contains("L19") && why.contains(&batch::case_id(row.flag_id)), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_about_a_post_that_is_gone_sqlite() {
    gone_before_it_leaves(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_about_a_post_that_is_gone_postgres() {
    gone_before_it_leaves(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_post_was_seen_within_a_day_before_it_is_asked_down() {
    let (stage, id, _) = signed(Engine::Sqlite).await.unwrap();
    let worker = stage.worker("w");
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 1);
    for row in batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap() {
        assert_eq!(checks::of_post(stage.store(), row.post_id).await.unwrap().len(), 1, "looked at once, before it left");
    }
    assert_eq!(checks::since_sent(stage.store(), Platform::Tiktok).await.unwrap().len(), 0);
}

/// The desk says what keeps a package back, and offers no signature.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_package_says_what_is_missing() {
    let desk = Desk::with(|config| {
        config.recipients.get_mut(&Platform::Tiktok).unwrap().verified_on.clear();
        config.ministry.contact_name.clear();
    })
    .await;
    let ratna = desk.sign_in("ratna", Role::Analyst).await;
    let analyst = sisir::store::users::by_name(desk.stage.store(), "ratna").await.unwrap().unwrap();
    crate::two_person::upheld(&desk.stage, &[&analyst]).await;
    let answer = ratna.post("/batches", &[("kind", "request"), ("platform", "tiktok")]).await;
    assert_eq!(answer.headers()["location"], "/batches/1#preflight");
    let page = ratna.page("/batches/1").await;
    for said in ["L07", "`ministry.contact_name` kosong", "L09", "dalam 90 hari terakhir", "L03", "Pemeriksaan kelengkapan"] {
        assert!(page.contains(said), "{said} in {page}");
    }
    let budi = desk.sign_in("budi", Role::Approver).await;
    assert!(!budi.page("/batches/1").await.contains("name=\"package_sha256\""));
}

/// What is held back by now is said on the page too: nobody is told "complete" and then refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_package_says_what_is_held_back() {
    let desk = Desk::new().await;
    let ratna = desk.sign_in("ratna", Role::Analyst).await;
    let budi = desk.sign_in("budi", Role::Approver).await;
    let analyst = sisir::store::users::by_name(desk.stage.store(), "ratna").await.unwrap().unwrap();
    let package = rendered(&desk.stage, &[&analyst]).await;
    let path = format!("/batches/{}", package.id);
    assert!(budi.page(&path).await.contains("name=\"package_sha256\""), "it can be signed");
    let row = batches::details(desk.stage.store(), package.id, desk.stage.pipeline.clock().now()).await.unwrap().remove(0);
    let sinta = desk.stage.person("sinta", Role::Supervisor).await;
    let exempt = crate::accounts_of_sellers::mark(&desk.stage, &row.author, sisir::domain::account::MarkKind::Exempt);
    sisir::pipeline::accounts::set_mark(&desk.stage.pipeline, &sinta, exempt).await.unwrap();
    for page in [ratna.page(&path).await, budi.page(&path).await] {
        assert!(page.contains(&format!("akun {} terdaftar dalam program pendampingan", batch::case_id(row.flag_id))), "{page}");
        assert!(!page.contains("name=\"package_sha256\""));
    }
}
