//! YouTube, Bluesky and Mastodon against the fake platforms: everything that can be found is found, whatever goes wrong on
//! the way, and a refusal stops one source at once. Asserted on what the server saw.

use std::collections::BTreeSet;
use std::time::Duration;

use sisir::config::{Config, Mode};
use sisir::domain::source::SourceState;
use sisir::domain::{Millis, Platform};
use sisir::pipeline::crawl::{CrawlReport, Spend, crawl};
use sisir::platforms::fake::made_up_elsewhere;
use sisir::store::{crawl as cursors, posts};

use crate::support::{Engine, START, Stage};

const DAY: i64 = 86_400_000;

/// A stage on which one source is on.
async fn stage(source: &str) -> Stage {
    let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
    let mut config = (*stage.pipeline.config).clone();
    only(&mut config, source);
    stage.pipeline.config = std::sync::Arc::new(config);
    stage
}

fn only(config: &mut Config, source: &str) {
    let mode = |name: &str| if name == source { Mode::Fake } else { Mode::Disabled };
    (config.tiktok.mode, config.threads.mode) = (Mode::Disabled, Mode::Disabled);
    config.instagram.mode = mode("instagram");
    config.youtube.mode = mode("youtube");
    config.bluesky.mode = mode("bluesky");
    config.mastodon.mode = mode("mastodon");
}

async fn read(stage: &Stage) -> CrawlReport {
    crawl(&stage.pipeline, &stage.worker("w").sources, Spend::All, |_| {}).await.unwrap()
}

async fn ids(stage: &Stage) -> BTreeSet<String> {
    posts::all(stage.store()).await.unwrap().into_iter().map(|post| post.native_id).collect()
}

/// What stands on a fake platform and matches the words that are asked for, computed without any client.
fn expected(stage: &Stage, platform: Platform) -> BTreeSet<String> {
    let words = stage.pipeline.rules().search();
    let joined = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let found = |text: &str| {
        words.iter().any(|word| match platform {
            Platform::Mastodon => joined(text).contains(&joined(word)),
            _ => text.to_lowercase().contains(word),
        })
    };
    let today = Millis(START.0 / DAY * DAY);
    let from = match platform {
        Platform::Mastodon => Millis(START.0 - 2 * DAY),
        _ => Millis(today.0 - 2 * DAY),
    };
    let all = made_up_elsewhere(START).into_iter().filter(|post| post.platform == platform);
    all.filter(|post| post.posted_at >= from && post.posted_at < START && found(&post.text)).map(|post| post.native_id).collect()
}

const SOURCES: [(&str, Platform); 3] =
    [("youtube", Platform::Youtube), ("bluesky", Platform::Bluesky), ("mastodon", Platform::Mastodon)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_can_be_found_is_found_once() {
    for (source, platform) in SOURCES {
        let stage = stage(source).await;
        let report = read(&stage).await;
        assert_eq!(report.problems, Vec::<String>::new(), "{source}");
        let expected = expected(&stage, platform);
        assert!(expected.len() >= 5, "{source}: only {} posts to find", expected.len());
        assert_eq!(ids(&stage).await, expected, "{source}");
        let stored = posts::all(stage.store()).await.unwrap();
        let truth = made_up_elsewhere(START);
        for post in stored {
            let truth = truth.iter().find(|truth| truth.native_id == post.native_id).unwrap();
            assert_eq!((&post.text, &post.author), (&truth.text, &truth.author), "{source}: the full text, unescaped");
        }
        assert!(stage.fake.log().iter().all(|asked| !asked.target.contains("uji")), "{source}: a secret in an address");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_faults_lose_nothing() {
    for (source, fault, times) in [
        ("youtube", "yt_503", 2),
        ("youtube", "yt_rate", 2),
        ("youtube", "yt_token", 1),
        ("youtube", "truncate_json", 2),
        ("youtube", "drop_connection", 2),
        ("bluesky", "bs_expired", 1),
        ("bluesky", "bs_502", 2),
        ("bluesky", "huge_body", 1),
        ("mastodon", "md_foreign_next", -1),
        ("mastodon", "truncate_json", 2),
    ] {
        let platform = SOURCES.iter().find(|(name, _)| *name == source).unwrap().1;
        let stage = stage(source).await;
        stage.fake.fault(fault, times);
        let report = read(&stage).await;
        assert_eq!(report.problems, Vec::<String>::new(), "{source} {fault}");
        assert_eq!(ids(&stage).await, expected(&stage, platform), "{source} {fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_count_is_what_the_platform_counts() {
    let stage = stage("youtube").await;
    stage.fake.fault("yt_503", 1);
    read(&stage).await;
    // 2026-11-20 in California, seven hours before midnight UTC.
    for (bucket, theirs) in [("youtube", "youtube_search"), ("youtube:units", "youtube_units")] {
        let ours = cursors::quota_used(stage.store(), bucket, "2026-11-19").await.unwrap();
        assert!(ours > 0);
        assert_eq!(ours, stage.fake.used(theirs), "{bucket}");
    }
}

/// Faults that waiting does not mend.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_stop_a_source_at_once() {
    for (source, fault, api) in [
        ("youtube", "yt_key", "youtube_search"),
        ("youtube", "yt_blocked", "youtube_search"),
        ("bluesky", "bs_password", "bluesky"),
        ("bluesky", "bs_blocked_host", "bluesky"),
        ("mastodon", "md_private", "mastodon"),
    ] {
        let stage = stage(source).await;
        stage.fake.fault(fault, -1);
        let report = read(&stage).await;
        assert_eq!(report.problems.len(), 1, "{fault}: {:?}", report.problems);
        let row = cursors::source(stage.store(), source).await.unwrap().unwrap();
        assert_eq!(row.state, SourceState::Stopped, "{fault}");
        assert!(stage.fake.used(api) <= 2, "{fault}: asked {} times", stage.fake.used(api));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_rest_a_source_until_the_platform_says() {
    for (source, fault, seconds) in [
        // Until midnight in California: 08:00 UTC; START is 01:00 UTC.
        ("youtube", "yt_quota", 7 * 3600),
        ("youtube", "yt_quota_old", 7 * 3600),
        ("bluesky", "bs_rate", 300),
        ("mastodon", "md_rate", 300),
    ] {
        let stage = stage(source).await;
        stage.fake.fault(fault, 1);
        read(&stage).await;
        let row = cursors::source(stage.store(), source).await.unwrap().unwrap();
        assert_eq!(row.state, SourceState::Parked, "{fault}");
        let rests = row.parked_until.unwrap().since(stage.pipeline.clock().now());
        assert_eq!(rests, Duration::from_secs(seconds), "{fault}");
        let asked = stage.fake.log().len();
        read(&stage).await;
        assert_eq!(stage.fake.log().len(), asked, "{fault}: no call while it rests");
        stage.later(seconds);
        assert_eq!(read(&stage).await.problems, Vec::<String>::new(), "{fault}");
        assert!(stage.fake.log().len() > asked, "{fault}: it goes on");
    }
}

/// What is gone between the search and the look at its full text is no post, and no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_that_is_gone_is_left_out() {
    let stage = stage("youtube").await;
    let gone = expected(&stage, Platform::Youtube).into_iter().next().unwrap();
    stage.fake.remove([gone.as_str()]);
    let report = read(&stage).await;
    assert_eq!((report.problems, report.rejects), (Vec::<String>::new(), 0));
    assert!(!ids(&stage).await.contains(&gone));
}

/// What the desk and `sisir sources plan` say of a source, against what the server counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plan_and_yield_are_those_of_the_server() {
    let stage = Stage::new(Engine::Sqlite).await.unwrap();
    let of_threads = async || {
        let (all, _) = sisir::pipeline::sources::details(&stage.pipeline).await.unwrap();
        all.into_iter().find(|source| source.status.name == "threads").unwrap()
    };
    let before = of_threads().await;
    let plan = before.plan.unwrap();
    assert!(plan.windows > 0 && plan.complete == 0 && plan.forecast >= i64::try_from(plan.windows).unwrap());
    stage.worker("w").perform(sisir::domain::job::JobKind::Crawl).await.unwrap();
    stage.worker("w").perform(sisir::domain::job::JobKind::Screen).await.unwrap();
    let after = of_threads().await;
    let stored = posts::all(stage.store()).await.unwrap().into_iter().filter(|post| post.source == "threads").count();
    assert!(stored > 0);
    assert_eq!(after.posts(), i64::try_from(stored).unwrap());
    assert!(after.flagged() > 0 && after.flagged() < after.posts());
    assert_eq!(after.requests(), after.status.used_today);
    let plan = after.plan.unwrap();
    assert_eq!(plan.windows, plan.complete + plan.waiting);
    assert!(plan.complete > 0, "days that are over are not asked for again");
}

/// Hashtags of the last day, twice a page; the same slot is not read again, the next one is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hashtags_are_read_once_in_six_hours() {
    let stage = stage("instagram").await;
    assert_eq!(read(&stage).await.problems, Vec::<String>::new());
    let day_ago = Millis(START.0 - DAY);
    let tags = ["#thrifting", "#balimpor", "#preloved", "#hiddengem"];
    let expected: BTreeSet<String> = made_up_elsewhere(START)
        .into_iter()
        .filter(|post| post.platform == Platform::Instagram && (day_ago..=START).contains(&post.posted_at))
        .filter(|post| tags.iter().any(|tag| post.text.contains(tag)))
        .map(|post| post.native_id)
        .collect();
    assert!(expected.len() > 60, "{} posts: too few for a second page", expected.len());
    assert_eq!(ids(&stage).await, expected);
    assert!(posts::all(stage.store()).await.unwrap().iter().all(|post| post.author.is_empty()));
    let asked = stage.fake.used("instagram");
    read(&stage).await;
    assert_eq!(stage.fake.used("instagram"), asked, "nothing is asked twice in a slot");
    stage.later(6 * 3600);
    read(&stage).await;
    assert!(stage.fake.used("instagram") > asked);
    assert!(stage.fake.log().iter().all(|asked| !asked.target.contains("EAAB") && !asked.target.contains("rahasia")));
    assert!(stage.fake.log().iter().all(|asked| asked.target.contains("appsecret_proof=")));
}

/// The thirty-first hashtag of a week is never asked about; a week later there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_hashtags_in_seven_days() {
    let mut stage = stage("instagram").await;
    let tags = |numbers: std::ops::Range<u32>| numbers.map(|n| format!("tagar{n}")).collect::<Vec<_>>();
    let with = |stage: &mut Stage, tags: Vec<String>| {
        let mut config = (*stage.pipeline.config).clone();
        config.instagram.tags = tags;
        stage.pipeline.config = std::sync::Arc::new(config);
    };
    with(&mut stage, tags(0..30));
    assert_eq!(read(&stage).await.problems, Vec::<String>::new());
    with(&mut stage, tags(29..31));
    stage.later(6 * 3600);
    let report = read(&stage).await;
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("#tagar30 would be more than 30 hashtags in seven days"), "{}", report.problems[0]);
    assert_eq!(report.windows, 1, "a hashtag of the week is read all the same");
    assert!(stage.fake.log().iter().all(|asked| !asked.target.contains("tagar30")));
    stage.later(7 * 24 * 3600);
    assert_eq!(read(&stage).await.problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instagram_refusals_and_limits() {
    for (fault, state) in [
        ("ig_unapproved", SourceState::Stopped),
        ("meta_190", SourceState::Stopped),
        ("meta_368", SourceState::Stopped),
        ("meta_4_403", SourceState::Parked),
    ] {
        let stage = stage("instagram").await;
        stage.fake.fault(fault, 1);
        assert_eq!(read(&stage).await.problems.len(), 1, "{fault}");
        let row = cursors::source(stage.store(), "instagram").await.unwrap().unwrap();
        assert_eq!(row.state, state, "{fault}");
        assert_eq!(stage.fake.used("instagram"), 1, "{fault}");
    }
    for fault in ["ig_sensitive", "ig_budget"] {
        let stage = stage("instagram").await;
        stage.fake.fault(fault, 1);
        let report = read(&stage).await;
        assert_eq!((report.problems.len(), report.windows), (1, 3), "{fault}: one hashtag is refused, the others are read");
    }
}
