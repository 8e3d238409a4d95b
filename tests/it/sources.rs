//! YouTube, Bluesky and Mastodon against the fake platforms: everything that can be found is found, whatever goes wrong on
//! the way, and a refusal stops one source at once. Asserted on what the server saw.

use std::collections::BTreeSet;
use std::time::Duration;

use sisir::config::{Config, Mode};
use sisir::domain::source::SourceState;
use sisir::domain::{Millis, Platform};
use sisir::pipeline::crawl::{CrawlReport, Spend, crawl};
use sisir::platforms::fake::{made_up_everywhere, page_id};
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
    config.facebook.mode = mode("facebook");
    config.jetstream.mode = mode("jetstream");
    config.x.mode = mode("x");
}

async fn read(stage: &Stage) -> CrawlReport {
    crawl(&stage.pipeline, &stage.worker("w").sources, Spend::All, |_| {}).await.unwrap()
}

async fn ids(stage: &Stage) -> BTreeSet<String> {
    posts::all(stage.store()).await.unwrap().into_iter().map(|post| post.native_id).collect()
}

/// What stands on a fake platform and matches the words that are asked for, computed without any client.
fn expected(stage: &Stage, source: &str) -> BTreeSet<String> {
    let platform = platform_of(source);
    let words = stage.pipeline.rules().search();
    let joined = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let found = |text: &str| {
        words.iter().any(|word| match platform {
            // Everything that a watched Page posts.
            _ if source == "facebook" => true,
            _ if source == "jetstream" => joined(text).contains(&joined(word)),
            Platform::Mastodon => joined(text).contains(&joined(word)),
            _ => text.to_lowercase().contains(word),
        })
    };
    let today = Millis(START.0 / DAY * DAY);
    let from = match platform {
        _ if source == "jetstream" => Millis(START.0 - DAY * 3 / 2),
        Platform::Facebook => Millis(START.0 - 7 * DAY),
        Platform::X => Millis(START.0 - 6 * DAY),
        Platform::Mastodon => Millis(START.0 - 2 * DAY),
        _ => Millis(today.0 - 2 * DAY),
    };
    let all = made_up_everywhere(START).into_iter().filter(|post| post.platform == platform);
    all.filter(|post| post.posted_at >= from && post.posted_at < START && found(&post.text)).map(|post| post.native_id).collect()
}

const SOURCES: [(&str, Platform); 6] = [
    ("youtube", Platform::Youtube),
    ("bluesky", Platform::Bluesky),
    ("mastodon", Platform::Mastodon),
    ("facebook", Platform::Facebook),
    ("jetstream", Platform::Bluesky),
    ("x", Platform::X),
];

fn platform_of(source: &str) -> Platform {
    SOURCES.iter().find(|(name, _)| *name == source).unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_can_be_found_is_found_once() {
    for (source, _) in SOURCES {
        let stage = stage(source).await;
        let report = read(&stage).await;
        assert_eq!(report.problems, Vec::<String>::new(), "{source}");
        let expected = expected(&stage, source);
        assert!(expected.len() >= 5, "{source}: only {} posts to find", expected.len());
        assert_eq!(ids(&stage).await, expected, "{source}");
        let stored = posts::all(stage.store()).await.unwrap();
        let truth = made_up_everywhere(START);
        for post in stored {
            let truth = truth.iter().find(|truth| truth.native_id == post.native_id).unwrap();
            assert_eq!(post.text, truth.text, "{source}: the full text, unescaped");
            let author = match source {
                "facebook" => page_id(&truth.author),
                "jetstream" => truth.native_id.split('/').next().unwrap().to_owned(),
                // A name would cost extra.
                "x" => String::new(),
                _ => truth.author.clone(),
            };
            assert_eq!(post.author, author, "{source}");
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
        ("facebook", "fb_empty_with_next", 1),
        ("facebook", "meta_next_foreign", -1),
        ("facebook", "meta_500", 2),
        ("facebook", "meta_usage_75", 3),
        ("jetstream", "js_drop", 3),
        ("jetstream", "js_repeat", -1),
        ("x", "x_post_style", -1),
        ("x", "x_503", 2),
        ("x", "x_partial", -1),
        ("x", "truncate_json", 1),
    ] {
        let stage = stage(source).await;
        stage.fake.fault(fault, times);
        let report = read(&stage).await;
        assert_eq!(report.problems, Vec::<String>::new(), "{source} {fault}");
        assert_eq!(ids(&stage).await, expected(&stage, source), "{source} {fault}");
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
        ("facebook", "fb_unapproved", "facebook"),
        ("facebook", "meta_190", "facebook"),
        ("facebook", "meta_368", "facebook"),
        ("x", "x_401", "x"),
        ("x", "x_not_enrolled", "x"),
        ("x", "x_capped", "x"),
        ("x", "x_credit", "x"),
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
        ("facebook", "fb_buc", 19 * 60),
        ("facebook", "meta_4_403", 3600),
        // Nearly at the limit: the page is kept, and no call follows it.
        ("facebook", "meta_usage_95", 3600),
        ("x", "x_rate", 302),
        ("x", "x_rate_old", 302),
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
    let gone = expected(&stage, "youtube").into_iter().next().unwrap();
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
    let expected: BTreeSet<String> = made_up_everywhere(START)
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

/// A window that is not over is read again down to what was read before: what was paid for is not paid for again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_x_are_counted_before_they_are_paid_for() {
    let mut stage = stage("x").await;
    let mut config = (*stage.pipeline.config).clone();
    config.x.daily_posts = 18;
    stage.pipeline.config = std::sync::Arc::new(config);
    read(&stage).await;
    let paid = stage.fake.used("x_posts");
    assert!((9..=18).contains(&paid), "{paid} posts for 18 at most");
    let day = "2026-11-20";
    assert_eq!(cursors::quota_used(stage.store(), "x:posts", day).await.unwrap(), paid, "what we count is what is charged");
    let row = cursors::source(stage.store(), "x").await.unwrap().unwrap();
    assert_eq!(row.state, SourceState::Parked, "until midnight");

    let stage = self::stage("x").await;
    read(&stage).await;
    let (first, asked) = (stage.fake.used("x_posts"), stage.fake.used("x"));
    stage.later(3600);
    read(&stage).await;
    assert!(stage.fake.used("x") > asked);
    assert!(stage.fake.used("x_posts") - first <= 5, "{} posts once more", stage.fake.used("x_posts") - first);
}

/// The stream goes on where it stopped; what its author deleted is deleted here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_where_it_stopped() {
    let stage = stage("jetstream").await;
    let report = read(&stage).await;
    assert_eq!(report.problems, Vec::<String>::new());
    let all = ids(&stage).await;
    assert_eq!(all, expected(&stage, "jetstream"));
    let row = cursors::cursor(stage.store(), "jetstream", "stream").await.unwrap().unwrap();
    let reached: i64 = row.cursor.unwrap().parse().unwrap();
    assert!(!row.done && reached / 1000 <= START.0 && reached / 1000 > START.0 - 6 * 3_600_000, "{reached}");

    // Nothing new: the last seconds once more, one connection.
    let connections = stage.fake.used("jetstream");
    stage.later(60);
    let again = read(&stage).await;
    assert_eq!((again.posts.new, stage.fake.used("jetstream") - connections), (0, 1));

    // The newest post is deleted by its author within the hour.
    let newest = posts::all(stage.store()).await.unwrap().into_iter().max_by_key(|post| post.posted_at).unwrap();
    stage.fake.remove([newest.native_id.as_str()]);
    stage.later(3600);
    read(&stage).await;
    assert!(!ids(&stage).await.contains(&newest.native_id), "what was never flagged goes");
    stage.fake.restore(&newest.native_id);

    // A server that is not there yet, and one that sends rubbish.
    stage.fake.fault("js_503", -1);
    assert_eq!(read(&stage).await.problems.len(), 1);
    stage.fake.fault("js_503", 0);
    stage.fake.fault("js_odd", 1);
    assert_eq!(read(&stage).await.rejects, 2);
}

/// Professional accounts of the watch list bring what hashtags do not: the author, and posts without the hashtag.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watched_accounts_are_read_down_to_what_was_read_before() {
    let mut stage = stage("instagram").await;
    let truth: Vec<_> = made_up_everywhere(START).into_iter().filter(|post| post.platform == Platform::Instagram).collect();
    let most = |name: &str| truth.iter().filter(|post| post.author == name).count();
    let author = truth.iter().max_by_key(|post| most(&post.author)).unwrap().author.clone();
    let mut config = (*stage.pipeline.config).clone();
    config.instagram.tags.clear();
    config.instagram.accounts = vec![author.clone(), "tidak.ada".into()];
    stage.pipeline.config = std::sync::Arc::new(config);
    let report = read(&stage).await;
    assert_eq!(report.problems.len(), 1, "an account that is not there is said, and no more: {:?}", report.problems);
    let expected: BTreeSet<String> =
        truth.iter().filter(|post| post.author == author).map(|post| post.native_id.clone()).collect();
    assert_eq!(ids(&stage).await, expected);
    assert!(posts::all(stage.store()).await.unwrap().iter().all(|post| post.author == author));
    assert!(stage.fake.log().iter().any(|asked| asked.target.contains("appsecret_proof=")), "the app proves itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_looked_after_once_a_day() {
    // Meta says when a token ends; a person has to renew it, so it is an alert in time.
    let stage = stage("facebook").await;
    read(&stage).await;
    let asked = || stage.fake.log().iter().filter(|asked| asked.target.contains("/debug_token")).count();
    assert_eq!(asked(), 1);
    assert!(stage.fake.log().iter().all(|asked| !asked.target.contains("EAABuji")), "no token in the log");
    stage.later(3600);
    read(&stage).await;
    assert_eq!(asked(), 1);
    let row = cursors::source(stage.store(), "facebook").await.unwrap().unwrap();
    assert_eq!(row.token_until.unwrap().since(START), Duration::from_secs(10 * 86_400));
    let news = sisir::pipeline::alerts::check(&stage.pipeline).await.unwrap();
    assert_eq!(news, [(sisir::domain::alert::AlertKind::Token, "facebook".to_owned())]);

    // Threads gives a new one for the old: it is used at once and stands in the file for the next start.
    let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
    let file = stage.dir.path().join("threads-token");
    std::fs::write(&file, "THlama\n").unwrap();
    let mut config = (*stage.pipeline.config).clone();
    only(&mut config, "threads");
    config.threads.mode = Mode::Fake;
    config.threads.access_token_file = Some(file.clone());
    stage.pipeline.config = std::sync::Arc::new(config);
    read(&stage).await;
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("THbaru"));
    let row = cursors::source(stage.store(), "threads").await.unwrap().unwrap();
    assert_eq!(row.token_until.unwrap().since(START), Duration::from_secs(5_184_000));
    stage.later(2 * 86_400);
    read(&stage).await;
    let renewals = stage.fake.log().iter().filter(|asked| asked.target.contains("refresh_access_token")).count();
    assert_eq!(renewals, 1, "not before its last fifteen days");
    stage.later(45 * 86_400);
    read(&stage).await;
    let renewals = stage.fake.log().iter().filter(|asked| asked.target.contains("refresh_access_token")).count();
    assert_eq!(renewals, 2);
}

/// An unapproved app finds nothing, without an error: the self-test tells that from a quiet platform.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unapproved_app_is_told_from_a_quiet_platform() {
    let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
    let mut config = (*stage.pipeline.config).clone();
    only(&mut config, "threads");
    config.threads.mode = Mode::Fake;
    stage.pipeline.config = std::sync::Arc::new(config);
    stage.fake.fault("th_unapproved", -1);
    let report = read(&stage).await;
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("not approved for threads_keyword_search"), "{:?}", report.problems);
    let row = cursors::source(stage.store(), "threads").await.unwrap().unwrap();
    assert_eq!(row.state, SourceState::Stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_looked_up_by_name() {
    let stage = stage("facebook").await;
    let config = &stage.pipeline.config;
    let entropy = std::sync::Arc::clone(&stage.pipeline.entropy);
    let facebook = sisir::platforms::Facebook::new(&config.facebook, &config.retry, entropy).unwrap();
    let found = sisir::pipeline::crawl::find_pages(&stage.pipeline, &facebook, "bal contoh").await.unwrap();
    let found: Vec<(&str, &str)> = found.iter().map(|page| (page.id.as_str(), page.name.as_str())).collect();
    assert_eq!(found, [(page_id("grosir bal contoh").as_str(), "grosir bal contoh")]);
    assert_eq!(cursors::quota_used(stage.store(), "facebook", "2026-11-20").await.unwrap(), 1, "it counts as a request");
}

/// Short links lead to posts, over other short links too; never into the own network, never round in circles.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_links_are_followed_once_and_not_anywhere() {
    use sisir::pipeline::short_links;
    let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
    assert!(short_links::client(&stage.pipeline).is_err(), "off until somebody decides for it");
    let mut config = (*stage.pipeline.config).clone();
    config.short_links.mode = Mode::Fake;
    stage.pipeline.config = std::sync::Arc::new(config);
    let client = short_links::client(&stage.pipeline).unwrap();
    let tiktok: Vec<_> = made_up_everywhere(START).into_iter().filter(|post| post.platform == Platform::Tiktok).collect();
    stage.fake.remove([tiktok[5].native_id.as_str()]);
    let text = "https://vm.tiktok.com/ZM0003/\nhttps://t.co/ZM0004 https://vm.tiktok.com/ZM0005/ https://vm.tiktok.com/ZM9999/";
    let found = short_links::resolve(&stage.pipeline, &client, text, |_| {}).await.unwrap();
    assert_eq!((found.links, found.new, found.nowhere.len(), &found.left), (4, 2, 2, &None), "{found:?}");
    let expected = BTreeSet::from([tiktok[3].native_id.clone(), tiktok[4].native_id.clone()]);
    assert_eq!(ids(&stage).await, expected);

    let asked = stage.fake.used("short_links");
    assert_eq!(asked, 5, "one step each, two for the link over another");
    let again = short_links::resolve(&stage.pipeline, &client, text, |_| {}).await.unwrap();
    assert_eq!((again.new, again.known, stage.fake.used("short_links")), (0, 2, asked), "each is asked once");

    for (fault, link, why) in [
        ("sl_inside", "https://vm.tiktok.com/ZM0007/", "another site"),
        ("sl_loop", "https://vm.tiktok.com/ZM0008/", "too many steps"),
    ] {
        stage.fake.fault(fault, -1);
        let found = short_links::resolve(&stage.pipeline, &client, link, |_| {}).await.unwrap();
        assert_eq!(found.nowhere, [(link.to_owned(), why.to_owned())]);
        stage.fake.fault(fault, 0);
    }
    assert!(stage.fake.used("short_links") <= asked + 6, "five steps at most");
}

/// What each connector asks, to the letter. `UPDATE_EXPECT=1` writes the file anew; look at the difference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_as_written_down() {
    let mut shown = String::new();
    for source in ["tiktok", "threads", "instagram", "facebook", "youtube", "bluesky", "jetstream", "mastodon", "x"] {
        let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
        let mut config = (*stage.pipeline.config).clone();
        only(&mut config, source);
        let mode = |name: &str| if name == source { Mode::Fake } else { Mode::Disabled };
        (config.tiktok.mode, config.threads.mode) = (mode("tiktok"), mode("threads"));
        config.instagram.accounts = vec!["toko.contoh".into()];
        stage.pipeline.config = std::sync::Arc::new(config);
        read(&stage).await;
        shown.push_str(&format!("# {source}\n"));
        let log = stage.fake.log();
        assert!(!log.is_empty(), "{source}");
        for asked in log.iter().take(5) {
            shown.push_str(&format!("{} {} -> {}\n", asked.method, asked.target, asked.status));
            if !asked.body.is_empty() {
                shown.push_str(&format!("  {}\n", asked.body));
            }
        }
    }
    expect_test::expect_file!["../../fixtures/requests.txt"].assert_eq(&shown);
}

/// Accounts that are gone (a request may have worked) keep no other from being read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_are_gone_keep_no_other_from_being_read() {
    let mut stage = stage("facebook").await;
    let mut config = (*stage.pipeline.config).clone();
    let live = page_id("grosir bal contoh");
    config.facebook.pages = ["100000000000001", "100000000000002", "100000000000003", &live].map(str::to_owned).into();
    stage.pipeline.config = std::sync::Arc::new(config);
    assert_eq!(read(&stage).await.problems.len(), 3);
    assert!(!ids(&stage).await.is_empty());
    let asked = stage.fake.log().len();
    stage.later(3600);
    read(&stage).await;
    let log = stage.fake.log();
    assert!(log[asked].target.contains(&live), "what failed last comes last: {}", log[asked].target);
}
