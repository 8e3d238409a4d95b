//! What the queries bring is measured, the plan follows it, a run keeps to its share; and what is wrong is said once.

use sisir::domain::alert::AlertKind;
use sisir::domain::{Millis, Platform};
use sisir::pipeline::crawl::{Spend, crawl};
use sisir::pipeline::{alerts, coverage, screen, sources};
use sisir::store::yields;

use crate::support::{START, Stage};

crate::on_both! {
    what_queries_bring_is_measured => what_queries_bring_is_measured_on,
    a_run_keeps_to_its_share => a_run_keeps_to_its_share_on,
    what_is_wrong_is_said_once => what_is_wrong_is_said_once_on,
    two_workers_spend_one_budget => two_workers_spend_one_budget_on,
}

async fn read(stage: &Stage, spend: Spend) -> sisir::pipeline::crawl::CrawlReport {
    crawl(&stage.pipeline, &stage.worker("w").sources, spend, |_| {}).await.unwrap()
}

async fn what_queries_bring_is_measured_on(stage: &Stage) {
    read(stage, Spend::All).await;
    screen::screen(&stage.pipeline, |_| {}).await.unwrap();
    let known = yields::of_source(stage.store(), "threads", Millis(0)).await.unwrap();
    let words = stage.pipeline.rules().search();
    assert_eq!(known.len(), words.len(), "each word is a query of its own");
    let calls: i64 = known.values().map(|of| of.brought.calls).sum();
    assert_eq!(calls, stage.fake.used("threads"));
    let stored = sisir::store::posts::all(stage.store()).await.unwrap();
    let stored = stored.iter().filter(|post| post.platform == Platform::Threads).count();
    assert_eq!(
        known.values().map(|of| of.brought.new_posts).sum::<i64>(),
        i64::try_from(stored).unwrap(),
        "each post is brought once"
    );
    let best = known.iter().max_by_key(|(_, of)| of.brought.relevant).unwrap();
    assert!(best.1.brought.relevant >= 5, "{best:?}");
    let days = stage.pipeline.config.threads.days;
    let covered = known["bal impor"].brought.covered_ms;
    assert_eq!(covered, START.0 - (START.0 / 86_400_000 - days + 1) * 86_400_000, "whole days and the part of today");

    // Texts hold several words, so queries saw the same posts.
    let found = coverage::coverage(&stage.pipeline).await.unwrap();
    let threads = found.iter().find(|of| of.platform == Platform::Threads).unwrap();
    let all = threads.population.unwrap();
    assert!(threads.once < threads.seen && all.low <= all.estimate && all.estimate <= all.high, "{threads:?}");
    assert!(all.seen as f64 <= all.estimate);

    // The next run an hour later reads one page of what is not over, for each word; nothing is new on it.
    stage.later(3600);
    let before = stage.fake.used("threads");
    let (all, _) = sources::details(&stage.pipeline).await.unwrap();
    let plan = all.iter().find(|source| source.status.name == "threads").unwrap().plan.clone().unwrap();
    assert_eq!(plan.waiting, words.len());
    assert_eq!(plan.queries[0].first, 1);
    assert!(plan.queries.iter().all(|query| query.known.calls > 0));
    read(stage, Spend::All).await;
    let asked = usize::try_from(stage.fake.used("threads") - before).unwrap();
    assert!(asked <= 2 * words.len(), "{asked} calls for {} words", words.len());
}

async fn a_run_keeps_to_its_share_on(stage: &Stage) {
    let mut pipeline = stage.pipeline.clone();
    let mut config = (*pipeline.config).clone();
    config.schedule.crawl = "10 * * * *".into();
    config.threads.daily_requests = 240;
    pipeline.config = std::sync::Arc::new(config);
    let runs = crawl(&pipeline, &stage.worker("w").sources, Spend::Share, |_| {}).await.unwrap();
    assert!(runs.problems.is_empty(), "{:?}", runs.problems);
    // START is within a UTC day: what is left of it is divided by the runs that are still to come.
    let left = u32::try_from((86_400_000 - START.0 % 86_400_000) / 3_600_000 + 1).unwrap();
    let used = stage.fake.used("threads");
    assert!(used > 0 && used <= i64::from(240 / left + 3), "{used} of 240 with {left} runs to come");
}

/// Two workers crawl at the same moment: the server sees the budget, and not one request more; nothing is stored twice.
async fn two_workers_spend_one_budget_on(stage: &Stage) {
    let mut pipeline = stage.pipeline.clone();
    let mut config = (*pipeline.config).clone();
    config.threads.daily_requests = 25;
    config.tiktok.daily_requests = 3;
    pipeline.config = std::sync::Arc::new(config);
    let (one, two) = (stage.worker("one"), stage.worker("two"));
    let both =
        tokio::join!(crawl(&pipeline, &one.sources, Spend::All, |_| {}), crawl(&pipeline, &two.sources, Spend::All, |_| {}),);
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_eq!((stage.fake.used("threads"), stage.fake.used("tiktok")), (25, 3));
    let all = sisir::store::posts::all(stage.store()).await.unwrap();
    let ids: std::collections::BTreeSet<_> = all.iter().map(|post| (post.platform, &post.native_id)).collect();
    assert!(!all.is_empty());
    assert_eq!(ids.len(), all.len());
}

async fn what_is_wrong_is_said_once_on(stage: &Stage) {
    stage.fake.fault("meta_190", -1);
    let mut told = 0;
    for _ in 0..5 {
        read(stage, Spend::All).await;
        told += alerts::check(&stage.pipeline).await.unwrap().len();
        stage.later(3600);
    }
    assert_eq!(told, 1, "a source that is refused five times is one alert");
    let open = alerts::open(&stage.pipeline).await.unwrap();
    assert_eq!((open[0].kind, open[0].source.as_str()), (AlertKind::Stopped, "threads"));
    assert!(open[0].detail.contains("190"), "{}", open[0].detail);

    // Mended: it is over. Broken again soon after: the same alert, no news.
    stage.fake.fault("meta_190", 0);
    sources::resume(&stage.pipeline, None, "threads").await.unwrap();
    read(stage, Spend::All).await;
    alerts::check(&stage.pipeline).await.unwrap();
    assert!(alerts::open(&stage.pipeline).await.unwrap().is_empty());
    stage.later(3600);
    stage.fake.fault("meta_190", -1);
    read(stage, Spend::All).await;
    assert_eq!(alerts::check(&stage.pipeline).await.unwrap(), []);
    assert_eq!(alerts::open(&stage.pipeline).await.unwrap().len(), 1);

    // Days later it is news.
    stage.fake.fault("meta_190", 0);
    sources::resume(&stage.pipeline, None, "threads").await.unwrap();
    read(stage, Spend::All).await;
    alerts::check(&stage.pipeline).await.unwrap();
    stage.later(3 * 86_400);
    stage.fake.fault("meta_190", -1);
    read(stage, Spend::All).await;
    let news = alerts::check(&stage.pipeline).await.unwrap();
    assert_eq!(news, [(AlertKind::Stopped, "threads".to_owned())]);
}
