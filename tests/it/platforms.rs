//! The clients against the fake platforms' faults. Asserted on what the server saw, not on the client's own counters.

use std::time::Duration;

use sisir::domain::job::JobKind;
use sisir::domain::source::SourceState;
use sisir::pipeline::crawl::{CrawlReport, Spend, crawl};
use sisir::pipeline::sources::resume;
use sisir::store::{crawl as cursors, posts};

use crate::support::{Engine, Stage};

async fn stage() -> Stage {
    Stage::new(Engine::Sqlite).await.unwrap()
}

async fn read(stage: &Stage) -> CrawlReport {
    crawl(&stage.pipeline, &stage.worker("w").sources, Spend::All, |_| {}).await.unwrap()
}

/// A crawl with changed settings.
async fn read_with(stage: &Stage, change: impl FnOnce(&mut sisir::config::Config)) -> CrawlReport {
    let mut pipeline = stage.pipeline.clone();
    let mut config = (*pipeline.config).clone();
    change(&mut config);
    pipeline.config = std::sync::Arc::new(config);
    let clock = std::sync::Arc::clone(pipeline.clock());
    let sources = sisir::platforms::sources(&pipeline.config, &clock, &pipeline.entropy).unwrap();
    crawl(&pipeline, &sources, Spend::All, |_| {}).await.unwrap()
}

/// Ids stored by a crawl without any fault.
async fn undisturbed() -> Vec<String> {
    let stage = stage().await;
    let report = read(&stage).await;
    assert_eq!(report.problems, Vec::<String>::new());
    ids(&stage).await
}

async fn ids(stage: &Stage) -> Vec<String> {
    let mut ids: Vec<String> = posts::all(stage.store())
        .await
        .unwrap()
        .into_iter()
        .map(|p| format!("{} {} {}", p.platform, p.native_id, p.text))
        .collect();
    ids.sort();
    ids
}

/// Passing faults lose nothing and double nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_faults_lose_nothing() {
    let expected = undisturbed().await;
    for (fault, times) in [
        ("tt_500", 2),
        ("tt_504_html", 2),
        ("tt_rate_short", 2),
        ("tt_token_expired", 1),
        ("tt_search_id_flaky", 1),
        ("tt_empty_page", 1),
        ("truncate_json", 2),
        ("huge_body", 1),
        ("drop_connection", 2),
        ("meta_200_error", 2),
        ("meta_500", 2),
        ("th_no_next", -1),
        ("meta_next_foreign", -1),
        ("tt_odd_items", -1),
    ] {
        let stage = stage().await;
        stage.fake.fault(fault, times);
        let report = read(&stage).await;
        assert_eq!(report.problems, Vec::<String>::new(), "{fault}");
        assert_eq!(ids(&stage).await, expected, "{fault}");
        let used = cursors::quota_used(stage.store(), "tiktok_research", "2026-11-20").await.unwrap();
        assert_eq!(used, stage.fake.used("tiktok"), "{fault}: our count of requests is the server's");
        assert!(stage.fake.log().iter().all(|asked| !asked.target.contains("THuji")), "{fault}: a token in an address");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_items_are_kept_as_rejects() {
    let stage = stage().await;
    stage.fake.fault("tt_odd_items", 1);
    let report = read(&stage).await;
    assert_eq!(report.rejects, 1);
    assert_eq!(cursors::count_rejects(stage.store()).await.unwrap(), 1);
}

/// Faults that waiting does not mend stop the source at once, and only that source.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_stop_one_source_and_keep_the_other_going() {
    for (fault, source, api, other) in [
        ("tt_bad_client", "tiktok_research", "tiktok", "threads"),
        ("tt_scope", "tiktok_research", "tiktok", "threads"),
        ("meta_190", "threads", "threads", "tiktok"),
        ("meta_368", "threads", "threads", "tiktok"),
    ] {
        let stage = stage().await;
        stage.fake.fault(fault, -1);
        let report = read(&stage).await;
        assert_eq!(report.problems.len(), 1, "{fault}: {:?}", report.problems);
        let row = cursors::source(stage.store(), source).await.unwrap().unwrap();
        assert_eq!(row.state, SourceState::Stopped, "{fault}");
        assert!(stage.fake.used(api) <= 1, "{fault}: asked {} times", stage.fake.used(api));
        assert!(stage.fake.used(other) > 1, "{fault}: the other source went on");
        let before = stage.fake.used(api);
        let again = read(&stage).await;
        assert!(again.problems[0].contains("stopped"), "{fault}: {:?}", again.problems);
        assert_eq!(stage.fake.used(api), before, "{fault}: a stopped source is left alone");
        stage.fake.fault(fault, 0);
        resume(&stage.pipeline, None, source).await.unwrap();
        assert_eq!(read(&stage).await.problems, Vec::<String>::new(), "{fault}: runs again once a person says so");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_quota_rests_until_the_next_utc_day() {
    let stage = stage().await;
    stage.fake.fault("tt_quota_daily", 1);
    read(&stage).await;
    let row = cursors::source(stage.store(), "tiktok_research").await.unwrap().unwrap();
    assert_eq!((row.state, row.parked_until.unwrap().wib().as_str()), (SourceState::Parked, "21/11/2026 07:00 WIB"));
    let before = stage.fake.used("tiktok");
    stage.later(3600);
    read(&stage).await;
    assert_eq!(stage.fake.used("tiktok"), before, "no call while it rests");
    stage.later(22 * 3600);
    read(&stage).await;
    assert!(stage.fake.used("tiktok") > before, "it goes on after midnight UTC");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_limit_rests_an_hour() {
    let stage = stage().await;
    stage.fake.fault("meta_4_403", 1);
    read(&stage).await;
    let row = cursors::source(stage.store(), "threads").await.unwrap().unwrap();
    assert_eq!(row.parked_until.unwrap().since(stage.pipeline.clock().now()), Duration::from_secs(3600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_budget_is_never_exceeded() {
    let stage = stage().await;
    let report = read_with(&stage, |config| config.tiktok.daily_requests = 3).await;
    assert_eq!(stage.fake.used("tiktok"), 3);
    assert!(report.problems[0].contains("the budget of today is used up"), "{:?}", report.problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_search_id_ends_in_a_report_not_in_a_loop() {
    let stage = stage().await;
    stage.fake.fault("tt_search_id_dead", -1);
    let report = read(&stage).await;
    assert!(!report.problems.is_empty());
    assert!(stage.fake.used("tiktok") < 20, "{} requests", stage.fake.used("tiktok"));
    stage.fake.fault("tt_search_id_dead", 0);
    read(&stage).await;
    assert_eq!(ids(&stage).await, undisturbed().await, "the next run reads what was left");
}

/// Imports the bare address of a made-up TikTok post.
async fn import_address(stage: &Stage) -> sisir::platforms::fake::FakePost {
    let post = sisir::platforms::fake::made_up_posts(crate::support::START)
        .into_iter()
        .find(|p| p.platform == sisir::domain::Platform::Tiktok)
        .unwrap();
    let file = stage.dir.path().join("alamat.txt");
    std::fs::write(&file, format!("https://www.tiktok.com/@x/video/{}\n", post.native_id)).unwrap();
    sisir::pipeline::import::import(&stage.pipeline, &file, &[], |_, _, _| {}).await.unwrap();
    post
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn captions_of_imported_addresses_are_filled_in() {
    let stage = stage().await;
    let post = import_address(&stage).await;
    assert_eq!(posts::count_without_text(stage.store()).await.unwrap(), 1);
    stage.fake.fault("oembed_429", 2);
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    assert_eq!(posts::all(stage.store()).await.unwrap()[0].text, post.text);
}

/// A cursor that dies late: the window is read from its start, and to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_dies_late_loses_nothing() {
    let expected = undisturbed().await;
    let stage = stage().await;
    stage.fake.fault("tt_search_id_late", 1);
    let report = read_with(&stage, |config| config.tiktok.page_size = 2).await;
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(ids(&stage).await, expected);
    assert!(stage.fake.log().iter().any(|asked| asked.status == 400), "the fault did not happen");
}

/// A day that is not over is read again; some hours after its end, whole once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_the_evening_are_not_missed() {
    let stage = stage().await;
    read(&stage).await;
    let before = ids(&stage).await.len();
    let asked = stage.fake.used("threads");
    stage.later(3600);
    read(&stage).await;
    assert!(stage.fake.used("threads") > asked, "the open day is asked for again");
    stage.later(24 * 3600);
    read(&stage).await;
    let day = cursors::cursor(stage.store(), "threads", "20261120:thrift").await.unwrap().unwrap();
    assert!(!day.done, "an hour after its end posts may still come late");
    stage.later(6 * 3600);
    read(&stage).await;
    let day = cursors::cursor(stage.store(), "threads", "20261120:thrift").await.unwrap().unwrap();
    assert!(day.done, "the day is over and read");
    assert_eq!(day.updated_at, stage.pipeline.clock().now(), "it was read once more after it was over");
    assert!(ids(&stage).await.len() >= before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_missing_once_is_looked_up_again() {
    let stage = stage().await;
    import_address(&stage).await;
    stage.fake.fault("oembed_gone", 1);
    let worker = stage.worker("w");
    worker.perform(JobKind::Screen).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!((stage.fake.used("oembed"), posts::count_without_text(stage.store()).await.unwrap()), (1, 1), "not at once");
    stage.later(86_400);
    worker.perform(JobKind::Screen).await.unwrap();
    assert_eq!(posts::count_without_text(stage.store()).await.unwrap(), 0);
}
