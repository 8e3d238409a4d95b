//! What the rules miss, and how views grow; on both databases.

use sisir::domain::Platform;
use sisir::domain::post::Observation;
use sisir::domain::recall::Stratum;
use sisir::domain::user::Role;
use sisir::pipeline::recall;
use sisir::store::{posts, recall as rows};

use crate::desk::stored;
use crate::on_both;
use crate::support::Stage;
use crate::two_person::direct;

async fn sampled(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (ratna, sinta) = (stage.person("ratna", Role::Analyst).await, stage.person("sinta", Role::Supervisor).await);
    let wati = stage.person("wati", Role::Viewer).await;
    assert!(recall::draw(pipeline, &sinta).await.is_err(), "there is nothing to draw");
    let texts: Vec<(String, String)> = (0..120)
        .map(|n| match n % 12 {
            0 => (format!("lapak{n}"), "baju seken di lemari saya".to_owned()),
            1 => (format!("toko{n}"), format!("Bal segel import Korea nomor{n} 1 bal 2jt, minat WA")),
            _ => (format!("akun{n}"), format!("pagi cerah di kota {n}")),
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
    stored(stage, &texts).await;
    assert!(recall::draw(pipeline, &ratna).await.is_err(), "an analyst drew");
    let drawn = recall::draw(pipeline, &sinta).await.unwrap();
    assert_eq!(drawn, 10 + recall::SAMPLE, "all with words, forty without");
    let before = recall::read(pipeline).await.unwrap();
    assert_eq!((before.recall, before.waiting, before.counts.looked, before.counts.with_words), (None, 50, 110, 10));
    assert!(recall::next(pipeline, &wati).await.is_err(), "a viewer labels");
    let mut relevant = 0;
    while let Some((sample, post)) = recall::next(pipeline, &ratna).await.unwrap() {
        let text = posts::get(stage.store(), post).await.unwrap().unwrap().text;
        let yes = text.contains("seken") && relevant < 3;
        relevant += u32::from(yes);
        recall::label(pipeline, &ratna, sample, yes).await.unwrap();
        assert!(recall::label(pipeline, &ratna, sample, !yes).await.is_err(), "labelled twice");
    }
    assert!(direct(stage, "UPDATE recall_samples SET relevant = NOT relevant").await.is_err(), "a label was changed");
    let after = recall::read(pipeline).await.unwrap();
    assert_eq!(
        (after.counts.words.relevant, after.counts.words.all, after.counts.none.relevant, after.counts.none.all),
        (3, 10, 0, 40)
    );
    let found = after.recall.unwrap();
    assert!(found.interval.low < found.share && found.share < found.interval.high, "{found:?}");
    // What should have been flagged waits in the queue now, once.
    let queued = sisir::store::queue::list(stage.store(), &sisir::store::queue::Filter::open(), stage.clock.now(), 100, None)
        .await
        .unwrap();
    assert_eq!(queued.iter().filter(|card| card.text.contains("seken")).count(), 3);
    // A second draw takes others, and the label outlives the post.
    assert_eq!(recall::draw(pipeline, &sinta).await.unwrap(), recall::SAMPLE);
    stage.later(80 * 24 * 3600);
    sisir::pipeline::purge::purge(pipeline).await.unwrap();
    let labels = rows::labels(stage.store(), "pakaian-bekas-impor", sisir::domain::Millis(0)).await.unwrap();
    let none = labels.iter().find(|(stratum, ..)| *stratum == Stratum::None).unwrap();
    assert_eq!((none.1.all, none.2), (40, if posts::count(stage.store()).await.unwrap() > 60 { 40 } else { 0 }));
}

async fn views(stage: &Stage) {
    let seen = |views: Option<i64>| Observation {
        platform: Platform::Tiktok,
        native_id: "7412345600000000001".into(),
        url: "https://www.tiktok.com/@toko/video/7412345600000000001".into(),
        author: "toko".into(),
        text: "Bal segel import Korea 1 bal 2jt, minat WA".into(),
        posted_at: None,
        views,
    };
    let see = async |views: Option<i64>| {
        let mut tx = stage.store().write_tx().await.unwrap();
        posts::upsert(&mut tx, "tiktok_research", &[seen(views)]).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
    };
    let day = || stage.clock.now().utc_day();
    let first = day();
    see(Some(100)).await;
    let post = sisir::domain::ids::PostId(1);
    assert_eq!(posts::views(stage.store(), post).await.unwrap(), [], "one number is no history");
    stage.later(24 * 3600);
    see(Some(250)).await;
    stage.later(3600);
    see(Some(300)).await;
    see(None).await;
    stage.later(48 * 3600);
    see(Some(300)).await;
    see(Some(900)).await;
    assert_eq!(posts::views(stage.store(), post).await.unwrap(), [(first, 100), (first + 1, 300), (first + 3, 900)]);
}

use sisir::domain::Clock as _;

on_both! {
    a_stratified_sample_says_how_much_is_missed => sampled,
    views_are_kept_by_day_once_they_grow => views,
}
