//! What flagged posts came as is kept, byte for byte; what no rule flags, and what has had its time, leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::StatusCode;
use sisir::config::Mode;
use sisir::domain::batch::BatchKind;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::flag::FlagState;
use sisir::domain::ids::PostId;
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::user::Role;
use sisir::domain::{Clock, Platform, sha256_hex};
use sisir::pipeline::{batch, import, review};
use sisir::report::takedown_request::TakedownRequest;
use sisir::store::captures::{self, Origin};
use sisir::store::{batches, flags, posts, queue};

use crate::faulty_day::all_on;
use crate::support::Stage;
use crate::two_person::{direct, upheld};
use crate::web::Desk;

crate::on_both! {
    what_was_flagged_is_kept_as_it_came => kept,
    a_capture_belongs_to_a_caption => caption,
    rows_of_files_are_kept_too => rows,
    letters_name_what_their_posts_came_as => letter,
}

async fn flagged(stage: &Stage) -> Vec<PostId> {
    let filter = queue::Filter { state: "open".into(), ..Default::default() };
    let cards = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 1000, None).await.unwrap();
    let mut posts = Vec::new();
    for card in cards {
        posts.push(flags::get(stage.store(), card.id).await.unwrap().unwrap().post_id);
    }
    posts
}

async fn kept(stage: &Stage) {
    let mut worker = stage.worker("w");
    let mut config = (*stage.pipeline.config).clone();
    all_on(&mut config);
    config.instagram.mode = Mode::Fake;
    let clock: Arc<dyn Clock> = Arc::clone(&stage.clock) as _;
    worker.sources = sisir::platforms::sources(&config, &clock, &stage.pipeline.entropy).unwrap();
    worker.pipeline.config = Arc::new(config);
    worker.perform(JobKind::Crawl).await.unwrap();
    for post in posts::all(stage.store()).await.unwrap() {
        let found = captures::of_post(stage.store(), post.id).await.unwrap();
        assert_eq!(found.len(), usize::from(!post.text.is_empty()), "{} {}", post.platform, post.native_id);
    }
    worker.perform(JobKind::Screen).await.unwrap();
    let flagged = flagged(stage).await;
    let mut platforms: BTreeMap<Platform, usize> = BTreeMap::new();
    for post in posts::all(stage.store()).await.unwrap() {
        let found = captures::of_post(stage.store(), post.id).await.unwrap();
        assert_eq!(found.len(), usize::from(flagged.contains(&post.id)), "{}: only flagged posts have one", post.native_id);
        let Some(capture) = found.first() else { continue };
        *platforms.entry(post.platform).or_default() += 1;
        let (_, sha256, bytes) = captures::bytes(stage.store(), capture.id).await.unwrap().unwrap();
        assert_eq!((sha256.as_str(), capture.sha256.as_str()), (sha256_hex(&bytes).as_str(), sha256.as_str()));
        assert_eq!(capture.text_sha256, sha256_hex(post.text.as_bytes()));
        assert_eq!((capture.source.as_str(), capture.tool.as_str()), (post.source.as_str(), captures::TOOL));
        assert!(!capture.query.is_empty());
        let item: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert!(item.is_object(), "{item}");
        // Of the post itself, not of its neighbours.
        let first_word = post.text.split_whitespace().next().unwrap();
        assert!(item.to_string().contains(first_word.trim_matches(|c: char| !c.is_alphanumeric())), "{item}");
    }
    // All but what people bring: each connector keeps what it read.
    assert_eq!(platforms.len(), Platform::ALL.len() - 1, "{platforms:?}");
    assert!(direct(stage, "UPDATE captures SET sha256 = 'x'").await.is_err(), "a capture was changed");
}

/// A post as a source sees it.
async fn seen(stage: &Stage, text: &str, raw: &str) {
    let seen = Observation {
        platform: Platform::Threads,
        native_id: "DContoh001".into(),
        url: "https://www.threads.com/@toko/post/DContoh001".into(),
        author: "toko".into(),
        text: text.into(),
        posted_at: None,
        views: None,
    };
    let mut tx = stage.store().write_tx().await.unwrap();
    posts::upsert(&mut tx, "threads", std::slice::from_ref(&seen)).await.unwrap();
    let origin = Origin { source: "threads", query: "uji" };
    captures::keep(&mut tx, origin, [(&seen, raw.as_bytes())]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn caption(stage: &Stage) {
    const FIRST: &str = "Bal segel impor Korea ready, 35 ribu, minat DM";
    const SECOND: &str = "Bal segel impor Jepang ready, 45 ribu, minat DM";
    let worker = stage.worker("w");
    seen(stage, FIRST, r#"{"text":"satu"}"#).await;
    let post = posts::all(stage.store()).await.unwrap().remove(0).id;
    let bytes = async || {
        let mut all = Vec::new();
        for capture in captures::of_post(stage.store(), post).await.unwrap() {
            all.push(String::from_utf8(captures::bytes(stage.store(), capture.id).await.unwrap().unwrap().2).unwrap());
        }
        all
    };
    // The same caption again, with another counter: what came first stays.
    seen(stage, FIRST, r#"{"text":"satu","views":2}"#).await;
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!(bytes().await, [r#"{"text":"satu"}"#]);
    // Another caption before anybody decided: the former one is needed no more.
    seen(stage, SECOND, r#"{"text":"dua"}"#).await;
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!(bytes().await, [r#"{"text":"dua"}"#]);
    let ratna = stage.person("ratna", Role::Analyst).await;
    let filter = queue::Filter { state: "open".into(), ..Default::default() };
    let card = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 1, None).await.unwrap().remove(0);
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Unrelated, "").unwrap();
    review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    assert_eq!(flags::get(stage.store(), card.id).await.unwrap().unwrap().state, FlagState::Dismissed);
    // Decided about: it stays beside the next one, as long as the decision's post has its text.
    seen(stage, FIRST, r#"{"text":"tiga"}"#).await;
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!(bytes().await, [r#"{"text":"dua"}"#, r#"{"text":"tiga"}"#]);
    review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    stage.later(400 * 24 * 3600);
    worker.perform(JobKind::Purge).await.unwrap();
    assert_eq!(bytes().await, Vec::<String>::new(), "the caption has had its time");
}

async fn rows(stage: &Stage) {
    let file = stage.dir.path().join("temuan kota.csv");
    let row = r#"https://www.tiktok.com/@toko.contoh/video/7710086336492602999,"Bal segel impor Korea, ready, 35 ribu, DM",toko.contoh"#;
    let lawful = "https://www.tiktok.com/@kafe.contoh/video/7710086336492602998,Kopi enak di Bandung,kafe.contoh";
    // The same post once more without its caption: that takes nothing away.
    let bare = "https://www.tiktok.com/@toko.contoh/video/7710086336492602999,,toko.contoh";
    std::fs::write(&file, format!("url,text,author\r\n{row}\r\n{lawful}\r\n{bare}\r\n")).unwrap();
    let report = import::import(&stage.pipeline, &file, &[], |_, _, _| {}).await.unwrap();
    assert_eq!((report.new, report.rejected), (2, 0));
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let mut found = Vec::new();
    for post in posts::all(stage.store()).await.unwrap() {
        found.extend(captures::of_post(stage.store(), post.id).await.unwrap());
    }
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].source.as_str(), found[0].query.as_str()), ("import", "temuan kota.csv"));
    let (.., bytes) = captures::bytes(stage.store(), found[0].id).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), row);
}

async fn letter(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    upheld(stage, &[&ratna]).await;
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let package = batch::render(&stage.pipeline, &ratna, drafted.id).await.unwrap();
    let json = batches::file(stage.store(), package.id, &format!("{}-lampiran.json", package.code)).await.unwrap().unwrap();
    let request: TakedownRequest = serde_json::from_slice(&json.bytes).unwrap();
    let details = batches::details(stage.store(), package.id, stage.pipeline.clock().now()).await.unwrap();
    assert_eq!(request.items.len(), 6);
    for (item, row) in request.items.iter().zip(details) {
        let capture = captures::of_post(stage.store(), row.post_id).await.unwrap().remove(0);
        let named: Vec<(&str, &str)> =
            item.evidence.iter().map(|evidence| (evidence.kind.as_str(), evidence.sha256.as_str())).collect();
        assert_eq!(named, [("capture", capture.sha256.as_str())]);
    }
}

/// Reviewers save the very bytes; others see that there are some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewers_save_what_a_post_came_as() {
    let desk = Desk::filled().await;
    let ratna = desk.sign_in("ratna", Role::Analyst).await;
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    let cards = queue::list(desk.stage.store(), &filter, desk.stage.pipeline.clock().now(), 2, None).await.unwrap();
    let flag = flags::get(desk.stage.store(), cards[0].id).await.unwrap().unwrap();
    let capture = captures::of_post(desk.stage.store(), flag.post_id).await.unwrap().remove(0);
    let page = ratna.page(&format!("/flags/{}", flag.id)).await;
    let path = format!("/flags/{}/captures/{}", flag.id, capture.id);
    assert!(page.contains(&capture.sha256) && page.contains(&path) && page.contains("Rekaman sumber"), "{page}");
    let answer = ratna.get(&path).await;
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(sha256_hex(&answer.bytes().await.unwrap()), capture.sha256);
    let other = format!("/flags/{}/captures/{}", cards[1].id, capture.id);
    assert_eq!(ratna.get(&other).await.status(), StatusCode::NOT_FOUND, "of another post");
    let wati = desk.sign_in("wati", Role::Viewer).await;
    assert_eq!(wati.get(&path).await.status(), StatusCode::FORBIDDEN);
}
