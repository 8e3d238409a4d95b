//! A day of crawls on all sources at once, with faults at random: at its end every post is there, once, as it is.

use std::collections::BTreeMap;

use sisir::config::{Config, Mode};
use sisir::domain::sha256_hex;
use sisir::domain::source::SourceState;
use sisir::pipeline::crawl::{Spend, crawl};
use sisir::pipeline::sources;
use sisir::platforms::fake::FAULTS;
use sisir::store::{crawl as cursors, posts};

use crate::support::{Engine, Stage};

/// These do not pass, or cannot be told from a platform on which nothing stands.
const NOT_IN_A_DAY: &[(&str, &str)] = &[
    ("th_unapproved", "an empty answer without an error; a self-test looks into it once a day"),
    ("tt_odd_items", "one item of the page cannot be read: it is a reject, not a loss"),
    ("js_odd", "one post has no record: it is a reject, not a loss"),
    ("oembed_gone", "no crawl"),
    ("oembed_429", "no crawl"),
];

const HOUR: u64 = 3600;

/// All but Instagram: it shows the last 24 hours only, so that what an outage hides is lost.
pub fn all_on(config: &mut Config) {
    let modes = [
        &mut config.youtube.mode,
        &mut config.bluesky.mode,
        &mut config.mastodon.mode,
        &mut config.facebook.mode,
        &mut config.jetstream.mode,
        &mut config.x.mode,
    ];
    for mode in modes {
        *mode = Mode::Fake;
    }
    // So that nothing leaves the windows before the day is over.
    for days in [&mut config.tiktok.days, &mut config.threads.days, &mut config.youtube.days, &mut config.bluesky.days] {
        *days = 8;
    }
    config.mastodon.days = 8;
    config.facebook.days = 8;
}

async fn stage(engine: Engine) -> Option<Stage> {
    let mut stage = Stage::new(engine).await?;
    let mut config = (*stage.pipeline.config).clone();
    all_on(&mut config);
    stage.pipeline.config = std::sync::Arc::new(config);
    Some(stage)
}

/// Id → text of what is stored.
async fn stored(stage: &Stage) -> BTreeMap<String, String> {
    let all = posts::all(stage.store()).await.unwrap();
    let count = all.len();
    let map: BTreeMap<String, String> =
        all.into_iter().map(|post| (format!("{} {}", post.platform, post.native_id), post.text)).collect();
    assert_eq!(map.len(), count, "a post stands twice");
    map
}

/// A number from the seed, the hour and a purpose.
fn chance(seed: u64, hour: u64, what: &str, below: u64) -> u64 {
    u64::from_str_radix(&sha256_hex(format!("{seed} {hour} {what}").as_bytes())[..12], 16).unwrap() % below
}

/// Hours with faults.
const FAULTY: u64 = 18;

/// A crawl each hour; a person lets stopped sources go on an hour later. After the faults some crawls more, past the
/// midnight at which the last quota begins anew. Returns how many problems were met.
async fn day(stage: &Stage, seed: Option<u64>) -> u64 {
    let mut met = 0;
    for hour in 0..FAULTY + 8 {
        if let Some(seed) = seed.filter(|_| hour < FAULTY) {
            for (fault, _) in FAULTS.iter().filter(|(name, _)| NOT_IN_A_DAY.iter().all(|(left_out, _)| left_out != name)) {
                let times = if chance(seed, hour, fault, 4) == 0 { 1 + chance(seed, hour, "times", 3) } else { 0 };
                stage.fake.fault(fault, i64::try_from(times).unwrap());
            }
        } else {
            FAULTS.iter().for_each(|(fault, _)| stage.fake.fault(fault, 0));
        }
        let report = crawl(&stage.pipeline, &stage.worker("w").sources, Spend::All, |_| {}).await.unwrap();
        met += report.problems.len() as u64;
        for row in cursors::sources(stage.store()).await.unwrap() {
            if row.state == SourceState::Stopped {
                sources::resume(&stage.pipeline, None, &row.source).await.unwrap();
            }
        }
        stage.later(if hour < FAULTY { HOUR } else { 4 * HOUR });
    }
    met
}

async fn faulty_days_end_like_quiet_ones(engine: Engine, seeds: std::ops::Range<u64>) {
    let Some(quiet) = stage(engine).await else { return };
    assert_eq!(day(&quiet, None).await, 0);
    let expected = stored(&quiet).await;
    for platform in ["tiktok", "threads", "youtube", "bluesky", "mastodon", "facebook", "x"] {
        let found = expected.keys().filter(|key| key.starts_with(platform)).count();
        assert!(found >= 5, "{platform}: only {found} posts to find");
    }
    for seed in seeds {
        let stage = stage(engine).await.unwrap();
        let met = day(&stage, Some(seed)).await;
        assert!(met > 10, "seed {seed}: only {met} problems were met");
        let found = stored(&stage).await;
        let lost: Vec<&String> = expected.keys().filter(|key| !found.contains_key(*key)).collect();
        assert!(lost.is_empty(), "seed {seed}: {} of {} lost after {met} problems: {lost:?}", lost.len(), expected.len());
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    faulty_days_end_like_quiet_ones(Engine::Sqlite, 0..3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    faulty_days_end_like_quiet_ones(Engine::Postgres, 3..4).await;
}
