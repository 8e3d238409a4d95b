//! Blind second labels and reference posts: who may give them, what they count, and that they change nothing.

use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::flag::FlagState;
use sisir::domain::ids::FlagId;
use sisir::domain::user::Role;
use sisir::pipeline::{Pipeline, quality, review};
use sisir::store::{flags, queue};

use crate::on_both;
use crate::support::Stage;
use crate::web::Desk;

fn uphold() -> Judgement {
    Judgement::new(Verdict::Uphold, Reason::BaleOffer, "catatan rahasia").unwrap()
}

/// The same stage with another share of decisions that are drawn.
fn drawing(stage: &Stage, share: f64) -> Pipeline {
    let mut config = (*stage.pipeline.config).clone();
    config.desk.blind_share = share;
    Pipeline { config: std::sync::Arc::new(config), ..stage.pipeline.clone() }
}

async fn open(stage: &Stage, count: usize) -> Vec<FlagId> {
    crate::desk::made_up(stage, count).await;
    let cards = queue::list(stage.store(), &queue::Filter::open(), stage.pipeline.clock().now(), 100, None).await.unwrap();
    cards.iter().map(|card| card.id).collect()
}

async fn second_labels(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let viewer = stage.person("wati", Role::Viewer).await;
    let ids = open(stage, 4).await;
    let (all, none) = (drawing(stage, 1.0), drawing(stage, 0.0));
    for id in &ids[..3] {
        review::decide(&all, &ratna, *id, &stage.seen(*id).await, &uphold()).await.unwrap();
    }
    review::decide(&none, &ratna, ids[3], &stage.seen(ids[3]).await, &uphold()).await.unwrap();
    assert_eq!(quality::next(&all, &ratna).await.unwrap(), None, "her own decision came back to her");
    assert!(quality::next(&all, &viewer).await.is_err());
    let first = quality::next(&all, &dewi).await.unwrap().unwrap();
    assert!(quality::label(&all, &ratna, first, Reason::BaleOffer).await.is_err(), "she labelled what she decided");
    quality::label(&all, &dewi, first, Reason::RetailOffer).await.unwrap();
    assert!(quality::label(&all, &dewi, first, Reason::RetailOffer).await.is_err(), "labelled twice");
    let second = quality::next(&all, &dewi).await.unwrap().unwrap();
    quality::label(&all, &dewi, second, Reason::LocalPreloved).await.unwrap();
    assert_eq!(flags::get(stage.store(), second).await.unwrap().unwrap().state, FlagState::Upheld, "a label changed a decision");
    // What is taken back is not labelled any more.
    let third = quality::next(&all, &dewi).await.unwrap().unwrap();
    let decision = stage.seen(third).await.decision.unwrap();
    review::undo(&all, &ratna, third, decision).await.unwrap();
    assert_eq!(quality::next(&all, &dewi).await.unwrap(), None);
    let read = quality::read(&all).await.unwrap();
    assert_eq!((read.overall.pairs.all(), read.overall.pairs.same()), (2, 1));
    assert_eq!((read.people[0].of.as_str(), read.people[0].pairs.all()), ("ratna", 2));
    assert!(!read.rules.is_empty());
    assert_eq!(read.disagreements.iter().map(|one| one.flag_id).collect::<Vec<_>>(), [second]);
    // A correction settles it.
    let mistake = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    review::decide(&none, &ratna, second, &stage.seen(second).await, &mistake).await.unwrap();
    assert!(quality::read(&all).await.unwrap().disagreements.is_empty());
}

async fn references(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let sinta = stage.person("sinta", Role::Supervisor).await;
    let ids = open(stage, 2).await;
    let none = drawing(stage, 0.0);
    assert!(quality::set_golden(&none, &sinta, ids[0], true).await.is_err(), "an open post as a reference");
    review::decide(&none, &ratna, ids[0], &stage.seen(ids[0]).await, &uphold()).await.unwrap();
    assert!(quality::set_golden(&none, &ratna, ids[0], true).await.is_err(), "an analyst chose a reference");
    quality::set_golden(&none, &sinta, ids[0], true).await.unwrap();
    assert_eq!(quality::next(&none, &sinta).await.unwrap(), None, "who chose it is not asked");
    assert_eq!(quality::next(&none, &ratna).await.unwrap(), None, "nor who decided it");
    assert_eq!(quality::next(&none, &dewi).await.unwrap(), Some(ids[0]));
    quality::label(&none, &dewi, ids[0], Reason::Charity).await.unwrap();
    assert_eq!(quality::next(&none, &dewi).await.unwrap(), None, "asked once");
    let read = quality::read(&none).await.unwrap();
    assert_eq!((read.golden[0].person.as_str(), read.golden[0].right, read.golden[0].all, read.references), ("dewi", 0, 1, 1));
}

on_both! {
    a_second_label_is_of_someone_else_and_changes_nothing => second_labels,
    reference_posts_are_asked_of_everyone_once => references,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_a_label_tells_nothing_of_the_decision() {
    let desk = Desk::with(|config| config.desk.blind_share = 1.0).await;
    let ids = open(&desk.stage, 1).await;
    let ratna = desk.stage.person("ratna", Role::Analyst).await;
    let dewi = desk.sign_in("dewi", Role::Analyst).await;
    assert_eq!(dewi.get("/quality/next").await.headers()["location"], "/queue?done=labels-empty");
    review::decide(&desk.stage.pipeline, &ratna, ids[0], &desk.stage.seen(ids[0]).await, &uphold()).await.unwrap();
    let to = dewi.get("/quality/next").await.headers()["location"].to_str().unwrap().to_owned();
    let page = dewi.page(&to).await;
    assert!(page.contains("<mark") && page.contains("data-key=\"1\""));
    for secret in ["ratna", "catatan rahasia", "Dikuatkan", "Skor", "Riwayat"] {
        assert!(!page.contains(secret), "{secret}");
    }
    assert_eq!(dewi.post(&to, &[("reason", "charity")]).await.headers()["location"], "/quality/next");
    assert_eq!(dewi.get(&to).await.status(), 404, "labelled already");
    let sinta = desk.sign_in("sinta", Role::Supervisor).await;
    assert!(sinta.page("/quality").await.contains("dewi"));
}

/// Reviewing for long without a pause is met with a kind word, and nothing is written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_offered_after_an_hour() {
    let desk = Desk::new().await;
    let ids = open(&desk.stage, 30).await;
    let ratna = desk.sign_in("ratna", Role::Analyst).await;
    let user = sisir::store::users::by_name(desk.stage.store(), "ratna").await.unwrap().unwrap();
    let dismiss = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
    for id in &ids[..28] {
        desk.stage.later(120);
        review::decide(&desk.stage.pipeline, &user, *id, &desk.stage.seen(*id).await, &dismiss).await.unwrap();
    }
    assert!(ratna.page(&format!("/flags/{}", ids[29])).await.contains("tanpa jeda"));
    desk.stage.later(360);
    assert!(!ratna.page(&format!("/flags/{}", ids[29])).await.contains("tanpa jeda"));
}
