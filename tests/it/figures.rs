//! The figures: counted from what people did, the same on the page and in the CSV.

use sisir::domain::answer::Outcome;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::job::JobKind;
use sisir::domain::user::Role;
use sisir::pipeline::answers::{Entered, enter};
use sisir::pipeline::{batch, figures, review};
use sisir::store::batches;

use crate::on_both;
use crate::support::Stage;
use crate::web::Desk;

async fn counted(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    crate::desk::made_up(stage, 8).await;
    let open =
        sisir::store::queue::list(stage.store(), &sisir::store::queue::Filter::open(), stage.pipeline.clock().now(), 8, None)
            .await
            .unwrap();
    stage.later(5 * 3600);
    let (uphold, dismiss) = (
        Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap(),
        Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap(),
    );
    let mut last = None;
    for (n, card) in open.iter().enumerate().take(5) {
        let judgement = if n < 3 { &uphold } else { &dismiss };
        last = Some(review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, judgement).await.unwrap());
    }
    review::undo(&stage.pipeline, &ratna, open[4].id, last.unwrap()).await.unwrap();
    let all = figures::all(&stage.pipeline).await.unwrap();
    let rows = |name: &str| &all.iter().find(|figure| figure.name == name).unwrap().rows;
    let sum = |name: &str, column: usize| rows(name).iter().map(|row| row.values[column]).sum::<i64>();
    assert_eq!((sum("days", 0), sum("days", 1), sum("days", 2)), (8, 3, 1), "what was taken back is not counted");
    assert_eq!(rows("days").len(), 28);
    assert_eq!(rows("ages").iter().map(|row| row.values[0]).collect::<Vec<_>>(), [0, 4, 0, 0, 0], "five hours old");
    assert_eq!(rows("waits").iter().map(|row| row.values[0]).collect::<Vec<_>>(), [0, 4, 0, 0, 0]);
    assert_eq!((sum("platforms", 0), sum("platforms", 1), sum("platforms", 2)), (8, 3, 1));
    assert_eq!((rows("sources")[0].label.as_str(), sum("sources", 0)), ("import", 8));
    assert_eq!(sum("reasons", 0), 4);
    let rule = &rows("precision")[0];
    let (share, low, high) = rule.share.unwrap();
    assert_eq!(rule.values, [3, 1]);
    assert!(low < share && share < high && (share - 0.75).abs() < 1e-9);
}

/// Two of six posts are gone at the first look; one is answered as removed, one is refused.
async fn achieved(stage: &Stage) {
    let (id, ratna) = crate::answers::sent(stage).await;
    let rows = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap();
    stage.fake.remove(rows.iter().take(2).map(|row| row.native_id.as_str()));
    let figure = async |name: &str| {
        let all = figures::all(&stage.pipeline).await.unwrap();
        all.into_iter().find(|figure| figure.name == name).unwrap().rows
    };
    assert_eq!(figure("removals").await, [], "nothing was looked at yet");
    stage.later(3_600);
    stage.worker("w").perform(JobKind::FollowUp).await.unwrap();
    assert_eq!(figure("removals").await[0].values, [0, 0], "missing once is not gone");
    stage.later(3_600);
    stage.worker("w").perform(JobKind::FollowUp).await.unwrap();
    let within = figure("removals").await;
    assert_eq!(within.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["1", "24", "72", "168", "720"]);
    let (share, low, high) = within[0].share.unwrap();
    assert_eq!(within[0].values[0], 2, "counted from the first look that missed them");
    assert!((share - 2.0 / 6.0).abs() < 1e-9 && low < share && share < high, "{share} {low} {high}");
    for (row, outcome, reason) in [(0, Outcome::Removed, ""), (3, Outcome::Refused, "bukan impor")] {
        let entered = Entered {
            case_id: batch::case_id(rows[row].flag_id),
            outcome,
            day: String::new(),
            reason: reason.into(),
            reference: String::new(),
        };
        enter(&stage.pipeline, &ratna, id, &entered).await.unwrap();
    }
    let card = figure("scorecard").await.remove(0);
    assert_eq!((card.label.as_str(), card.values), ("TikTok", vec![6, 2, 1]));
    assert!((card.share.unwrap().0 - 1.0 / 6.0).abs() < 1e-9, "what is not answered is not done");
}

on_both! {
    figures_are_counted_from_what_people_did => counted,
    what_a_request_achieved_is_seen_by_looks_and_by_answers => achieved,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_csv_has_the_rows_of_the_page() {
    let desk = Desk::filled().await;
    let ratna = desk.sign_in("ratna", Role::Viewer).await;
    let page = ratna.page("/figures").await;
    let mut seen = 0;
    for figure in figures::all(&desk.stage.pipeline).await.unwrap() {
        let csv = ratna.page(&format!("/figures/{}.csv", figure.name)).await;
        assert_eq!(csv.lines().count(), figure.rows.len() + 1, "{}", figure.name);
        assert_eq!(page.contains(&format!("/figures/{}.csv", figure.name)), !figure.rows.is_empty(), "{}", figure.name);
        seen += figure.rows.len();
    }
    assert!(seen > 30);
    assert_eq!(ratna.get("/figures/lain.csv").await.status(), 404);
}
