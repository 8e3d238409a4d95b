//! Rules are trusted as far as they were measured; shadow rules count and never flag; the brake stops a bad rule.

use sisir::domain::Platform;
use sisir::domain::batch::BatchKind;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::ids::FlagId;
use sisir::domain::job::JobKind;
use sisir::domain::trust::Bar;
use sisir::domain::user::{Role, User};
use sisir::pipeline::{Pipeline, RulesInUse, batch, review, screen};
use sisir::rules::{DEFAULT_PACK, PackSource, RuleSet, load, shipped};
use sisir::store::{decisions, flags, queue, rule_hits};

use crate::support::{Engine, Stage};

crate::on_both! {
    a_second_analyst_is_asked_for => second, a_trusted_rule_needs_no_second_analyst => trusted, cards_follow_corrections => cards,
    the_schema_asks_for_the_second_analyst_too => schema, leads_never_become_requests => leads, shadow_rules_only_count => shadow,
    the_brake_stops_before_anything_is_written => brake,
}

const OPEN_BAR: Bar = Bar { min_decisions: 0, min_precision: 0.0 };

fn uphold() -> Judgement {
    Judgement::new(Verdict::Uphold, Reason::RetailOffer, "").unwrap()
}

/// The first open flags of TikTok after a crawl.
async fn open(stage: &Stage, count: i64) -> Vec<FlagId> {
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    let cards = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), count, None).await.unwrap();
    assert_eq!(i64::try_from(cards.len()).unwrap(), count);
    cards.into_iter().map(|card| card.id).collect()
}

async fn draft(stage: &Stage, by: &User) -> bool {
    batch::draft(&stage.pipeline, by, BatchKind::Request, Platform::Tiktok).await.is_ok()
}

async fn second(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let admin = stage.person("joko", Role::Admin).await;
    let flag = open(stage, 1).await[0];
    review::decide(&stage.pipeline, &ratna, flag, &stage.seen(flag).await, &uphold()).await.unwrap();
    assert!(!draft(stage, &ratna).await, "drafted without a second analyst");
    let seen = stage.seen(flag).await;
    assert!(review::agree(&stage.pipeline, &ratna, flag, &seen).await.is_err(), "agreed with herself");
    assert!(review::agree(&stage.pipeline, &admin, flag, &seen).await.is_err(), "an administrator reviews nothing");
    let other = decisions::Seen { text_sha256: "0".repeat(64), ..seen.clone() };
    assert!(review::agree(&stage.pipeline, &dewi, flag, &other).await.is_err(), "agreed about another text");
    assert_eq!(rule_hits::waits_for_second(stage.store(), flag).await.unwrap(), seen.decision);
    review::agree(&stage.pipeline, &dewi, flag, &seen).await.unwrap();
    assert!(review::agree(&stage.pipeline, &dewi, flag, &seen).await.is_err(), "agreed twice");
    assert_eq!(rule_hits::second_analyst(stage.store(), seen.decision.unwrap()).await.unwrap().as_deref(), Some("dewi"));
    assert!(draft(stage, &ratna).await);
}

async fn trusted(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let ids = open(stage, 3).await;
    // The first decision makes the card that the bar is compared with.
    let mut tx = stage.store().write_tx().await.unwrap();
    decisions::decide(&mut tx, ids[0], &stage.seen(ids[0]).await, &uphold(), ratna.id, OPEN_BAR).await.unwrap();
    let dismissal = Judgement::new(Verdict::Dismiss, Reason::NewsOpinion, "").unwrap();
    decisions::decide(&mut tx, ids[2], &stage.seen(ids[2]).await, &dismissal, ratna.id, Bar::CLOSED).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    let mut tx = stage.store().write_tx().await.unwrap();
    decisions::decide(&mut tx, ids[1], &stage.seen(ids[1]).await, &uphold(), ratna.id, OPEN_BAR).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(rule_hits::waits_for_second(stage.store(), ids[1]).await.unwrap(), None);
    assert!(draft(stage, &ratna).await, "a trusted rule waits for nobody");
}

async fn cards(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let flag = open(stage, 1).await[0];
    let total = async || {
        let cards = rule_hits::cards(stage.store()).await.unwrap();
        (cards.iter().map(|card| card.upheld).sum::<i64>(), cards.iter().map(|card| card.dismissed).sum::<i64>())
    };
    let rules = i64::try_from(flags::get(stage.store(), flag).await.unwrap().unwrap().findings.len()).unwrap();
    review::decide(&stage.pipeline, &ratna, flag, &stage.seen(flag).await, &uphold()).await.unwrap();
    assert_eq!(total().await, (rules, 0));
    let dismissal = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    review::decide(&stage.pipeline, &ratna, flag, &stage.seen(flag).await, &dismissal).await.unwrap();
    assert_eq!(total().await, (0, rules), "a correction moves the card");
}

async fn schema(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let ids = open(stage, 2).await;
    for id in &ids {
        review::decide(&stage.pipeline, &ratna, *id, &stage.seen(*id).await, &uphold()).await.unwrap();
    }
    review::agree(&stage.pipeline, &dewi, ids[0], &stage.seen(ids[0]).await).await.unwrap();
    assert!(draft(stage, &ratna).await);
    let (flag, decision) = (ids[1], stage.seen(ids[1]).await.decision.unwrap());
    let row = format!(
        "INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES (1, 'request', 9, {flag}, {decision}, 'uphold', {})",
        ratna.id
    );
    let own = format!(
        "INSERT INTO second_opinions (decision_id, flag_id, verdict, decided_by, analyst_id, text_sha256, given_at)
         SELECT id, flag_id, verdict, decided_by, decided_by, text_sha256, 1 FROM decisions WHERE id = {decision}"
    );
    for (what, sql) in [
        ("a row without the second analyst", row.as_str()),
        ("agreeing with oneself", own.as_str()),
        ("taking an agreement back", "DELETE FROM second_opinions"),
        ("changing an agreement", "UPDATE second_opinions SET given_at = 2"),
        ("one click for what is not trusted", "UPDATE decisions SET together = TRUE"),
    ] {
        assert!(crate::two_person::direct(stage, sql).await.is_err(), "{what}: the schema let it through: {sql}");
    }
}

/// The shipped pack with one text replaced in one file.
fn changed_source(file: &str, from: &str, to: &str) -> PackSource {
    let mut source: PackSource = shipped(DEFAULT_PACK);
    let text = source.files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    *text = text.replace(from, to);
    source
}

fn changed(file: &str, from: &str, to: &str) -> RuleSet {
    load(&[changed_source(file, from, to)]).rule_set.unwrap()
}

/// The same stage with its rules in a folder.
fn in_folder(stage: &Stage, source: &PackSource) -> Pipeline {
    let dir = stage.dir.path().join(DEFAULT_PACK);
    for (path, text) in &source.files {
        let to = dir.join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, text).unwrap();
    }
    let mut config = (*stage.pipeline.config).clone();
    config.rules.dir = Some(dir);
    let rules = load(std::slice::from_ref(source)).rule_set.unwrap();
    Pipeline {
        config: std::sync::Arc::new(config),
        rules_in_use: std::sync::Arc::new(RulesInUse::new(rules)),
        ..stage.pipeline.clone()
    }
}

async fn leads(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let ids = open(stage, 2).await;
    let flag = ids[0];
    review::decide(&stage.pipeline, &ratna, flag, &stage.seen(flag).await, &uphold()).await.unwrap();
    // From now on the pack gives leads only: what was decided before becomes no request either.
    stage.pipeline.rules_in_use.swap(changed("pack.toml", "output = \"takedown\"", "output = \"lead\""));
    crate::two_person::direct(stage, "UPDATE pack_outputs SET output = 'lead'").await.unwrap();
    let refused = review::decide(&stage.pipeline, &ratna, ids[1], &stage.seen(ids[1]).await, &uphold()).await.unwrap_err();
    assert!(refused.to_string().contains("an action that its rule pack allows"), "{refused}");
    let lead = uphold().with_follow_up(sisir::domain::decision::FollowUp::CustomsLead).unwrap();
    review::decide(&stage.pipeline, &ratna, ids[1], &stage.seen(ids[1]).await, &lead).await.unwrap();
    review::agree(&stage.pipeline, &dewi, flag, &stage.seen(flag).await).await.unwrap();
    assert!(!draft(stage, &ratna).await, "a lead became a takedown request");
    let batch = "INSERT INTO batches (id, code, kind, platform, created_by, created_at) VALUES (77, 'TR-2026-000077', 'request', 'tiktok', 1, 1)";
    crate::two_person::direct(stage, batch).await.unwrap();
    let decision = stage.seen(flag).await.decision.unwrap();
    let row = format!(
        "INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES (77, 'request', 1, {flag}, {decision}, 'uphold', {})",
        ratna.id
    );
    let error = crate::two_person::direct(stage, &row).await.unwrap_err();
    assert!(error.contains("never takedown requests"), "{error}");
}

async fn shadow(stage: &Stage) {
    let mut source: PackSource = shipped(DEFAULT_PACK);
    for (path, text) in &mut source.files {
        if path.starts_with("rules/") {
            *text = text.replace("status = \"active\"", "status = \"shadow\"");
        }
    }
    stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    screen::screen(&in_folder(stage, &source), |_| {}).await.unwrap();
    assert_eq!(queue::count(stage.store(), &queue::Filter::default()).await.unwrap(), 0, "a shadow rule flagged");
    let hits = rule_hits::by_day(stage.store()).await.unwrap();
    assert!(hits.iter().all(|hit| hit.shadow) && hits.iter().map(|hit| hit.posts).sum::<i64>() > 20, "{hits:?}");
}

async fn brake(stage: &Stage) {
    stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    let touchy = in_folder(stage, &changed_source("pack.toml", "posts = 200\nshare = 0.6", "posts = 10\nshare = 0.01"));
    let error = screen::screen(&touchy, |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("safety brake") && error.contains("brake.share"), "{error}");
    assert_eq!(queue::count(stage.store(), &queue::Filter::default()).await.unwrap(), 0);
    assert!(screen::screen(&stage.pipeline, |_| {}).await.unwrap().flagged > 20, "the posts waited");
}

/// A changed folder is put to use by the next screening; one with errors is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_folder_is_swapped_in_whole() {
    let stage = Stage::new(Engine::Sqlite).await.unwrap();
    let dir = stage.dir.path().join("paket");
    for (path, text) in shipped(DEFAULT_PACK).files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut pipeline = stage.pipeline.clone();
    let mut config = (*pipeline.config).clone();
    config.rules.dir = Some(dir.clone());
    pipeline.config = std::sync::Arc::new(config);
    pipeline.rules_in_use = std::sync::Arc::new(RulesInUse::new(load(&[PackSource::read_dir(&dir).unwrap()]).rule_set.unwrap()));
    let first = pipeline.rules();
    let pack = std::fs::read_to_string(dir.join("pack.toml")).unwrap();
    std::fs::write(dir.join("pack.toml"), pack.replace("Deputi", "Asisten Deputi")).unwrap();
    screen::screen(&pipeline, |_| {}).await.unwrap();
    let second = pipeline.rules();
    assert_ne!(first.hash, second.hash);
    assert!(second.packs[0].owner.starts_with("Asisten"));
    std::fs::write(dir.join("rules/rusak.toml"), "id = ").unwrap();
    screen::screen(&pipeline, |_| {}).await.unwrap();
    assert_eq!(pipeline.rules().hash, second.hash, "a folder with an error was put to use");
}
