//! What is deleted when its time has come, and what stays.

use sisir::domain::Platform;
use sisir::domain::audit::Action;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::user::{Role, User};
use sisir::pipeline::purge::{PurgeReport, purge};
use sisir::pipeline::{bulk, review};
use sisir::store::queue::Filter;
use sisir::store::{audit, bulks, decisions, posts, queue};

use crate::on_both;
use crate::support::{START, Stage};

const DAY: u64 = 24 * 60 * 60;

/// Three posts whose every field can be told apart in a file.
fn seen(name: &str, text: &str) -> Observation {
    Observation {
        platform: Platform::Tiktok,
        native_id: format!("id-{name}-741234567890"),
        url: format!("https://www.tiktok.com/@handle-{name}/video/{name}"),
        author: format!("handle-{name}"),
        text: format!("{text} kata-{name}"),
        posted_at: Some(START),
        views: Some(5),
    }
}

fn kopi() -> Observation {
    seen("kopi", "Hidden gem kopi susu 18k")
}

fn tolak() -> Observation {
    seen("tolak", "🔥 Buka bal segel Korea, hoodie 35k, cek keranjang kuning")
}

fn setuju() -> Observation {
    seen("setuju", "Ready ballpress kode 45 impor Korea, 1 bal 2jt, chat WA")
}

async fn store(stage: &Stage, source: &str, posts: &[Observation]) -> posts::Upserted {
    let mut tx = stage.store().write_tx().await.unwrap();
    let done = posts::upsert(&mut tx, source, posts).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    done
}

/// The flag of a post by its author; emptied posts have none.
async fn flag_of(stage: &Stage, author: &str) -> sisir::domain::ids::FlagId {
    let all = queue::list(stage.store(), &queue::Filter::default(), stage.pipeline.clock().now(), 10, None).await.unwrap();
    all.into_iter().find(|flag| flag.author == author).unwrap().id
}

async fn judge(stage: &Stage, analyst: &User, handle: &str, reason: Reason) -> sisir::pipeline::Result<()> {
    let flag = flag_of(stage, &format!("handle-{handle}")).await;
    let judgement = Judgement::new(reason.verdict(), reason, "").unwrap();
    review::decide(&stage.pipeline, analyst, flag, &stage.seen(flag).await, &judgement).await.map(|_| ())
}

/// One post that no rule matched, one dismissed, one upheld.
async fn three_posts(stage: &Stage) -> User {
    store(stage, "bluesky", &[kopi(), tolak(), setuju()]).await;
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let analyst = stage.person("ratna", Role::Analyst).await;
    judge(stage, &analyst, "tolak", Reason::Unrelated).await.unwrap();
    judge(stage, &analyst, "setuju", Reason::BaleOffer).await.unwrap();
    analyst
}

async fn what_is_due_goes_and_the_rest_stays(stage: &Stage) {
    three_posts(stage).await;
    stage.later(29 * DAY);
    assert_eq!(purge(&stage.pipeline).await.unwrap(), PurgeReport::default(), "nothing is due yet");
    stage.later(2 * DAY);
    let done = purge(&stage.pipeline).await.unwrap();
    assert_eq!((done.deleted, done.emptied), (1, 1));
    let left = posts::all(stage.store()).await.unwrap();
    assert_eq!(left.len(), 2);
    let emptied = left.iter().find(|post| post.text.is_empty()).unwrap();
    assert!(emptied.native_id.starts_with("sha256:") && emptied.url.is_empty() && emptied.author.is_empty());
    let flag = flag_of(stage, "").await;
    assert_eq!(decisions::of_flag(stage.store(), flag).await.unwrap().len(), 1, "the decision stays");
    assert!(left.iter().any(|post| post.text == setuju().text), "an upheld post stays whole");
    let noted: Vec<String> = audit::all(stage.store())
        .await
        .unwrap()
        .into_iter()
        .filter(|event| event.action == Action::PostsForgotten)
        .map(|event| event.detail)
        .collect();
    assert_eq!(noted, ["deleted=1", "emptied=1"]);
    let again = purge(&stage.pipeline).await.unwrap();
    assert_eq!((again.deleted, again.emptied), (0, 0));
}

async fn a_crawl_brings_nothing_back_and_a_person_does(stage: &Stage) {
    three_posts(stage).await;
    stage.later(31 * DAY);
    purge(&stage.pipeline).await.unwrap();
    let crawled = store(stage, "bluesky", &[kopi(), tolak(), seen("baru", "Kopi baru")]).await;
    assert_eq!((crawled.new, crawled.known), (1, 2));
    let brought = store(stage, posts::IMPORT, &[kopi()]).await;
    assert_eq!((brought.new, brought.known), (1, 0));
    let crawled = store(stage, "bluesky", &[kopi()]).await;
    assert_eq!((crawled.new, crawled.known), (0, 1), "it is an ordinary post again");
}

async fn nobody_decides_about_an_emptied_post(stage: &Stage) {
    let analyst = three_posts(stage).await;
    stage.later(31 * DAY);
    purge(&stage.pipeline).await.unwrap();
    let flag = flag_of(stage, "").await;
    let uphold = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    let refused = review::decide(&stage.pipeline, &analyst, flag, &stage.seen(flag).await, &uphold).await;
    assert!(refused.is_err());
    assert_eq!(decisions::of_flag(stage.store(), flag).await.unwrap().len(), 1);
}

async fn a_platforms_own_limit_counts_when_it_is_shorter(stage: &Stage) {
    store(stage, "tiktok_research", &[kopi()]).await;
    store(stage, "bluesky", &[seen("teh", "Teh enak")]).await;
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    stage.later(16 * DAY);
    assert_eq!(purge(&stage.pipeline).await.unwrap().deleted, 1);
    assert_eq!(posts::all(stage.store()).await.unwrap()[0].author, "handle-teh");
}

/// A list that was put together and never decided about.
async fn a_bulk_waits_a_week(stage: &Stage) {
    let analyst = three_posts(stage).await;
    let more = ["dua", "tiga"].map(|name| seen(name, "Buka bal segel import Jepang ready 1 bal 3jt, WA"));
    store(stage, "bluesky", &more).await;
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let decided = bulk::of_list(&stage.pipeline, &analyst, "", &Filter::open()).await.unwrap();
    let waiting = bulk::of_list(&stage.pipeline, &analyst, "", &Filter::open()).await.unwrap();
    let mut tx = stage.store().write_tx().await.unwrap();
    let charity = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
    assert_eq!(bulks::decide(&mut tx, decided, &charity, analyst.id).await.unwrap(), 2);
    tx.commit_housekeeping().await.unwrap();
    stage.later(6 * DAY);
    assert_eq!(purge(&stage.pipeline).await.unwrap().traces, 0);
    stage.later(2 * DAY);
    assert!(purge(&stage.pipeline).await.unwrap().traces >= 3, "the bulk and its members");
    assert!(bulks::get(stage.store(), waiting).await.unwrap().is_none());
    assert!(bulks::get(stage.store(), decided).await.unwrap().is_some(), "who decided what stays on record");
}

on_both! {
    an_undecided_bulk_waits_a_week => a_bulk_waits_a_week,
    only_what_is_due_goes => what_is_due_goes_and_the_rest_stays,
    what_was_deleted_stays_deleted => a_crawl_brings_nothing_back_and_a_person_does,
    an_emptied_post_is_not_decided => nobody_decides_about_an_emptied_post,
    the_shorter_limit_counts => a_platforms_own_limit_counts_when_it_is_shorter,
}

/// Not only the rows: the bytes. On PostgreSQL that is the business of its own housekeeping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_in_the_database_file() {
    let stage = Stage::new(crate::support::Engine::Sqlite).await.unwrap();
    three_posts(&stage).await;
    let files = || {
        let all = std::fs::read_dir(stage.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let databases = all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("t.db"));
        databases.flat_map(|path| std::fs::read(path).unwrap()).collect::<Vec<u8>>()
    };
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let before = files();
    for name in ["kopi", "tolak", "setuju"] {
        assert!(
            holds(&before, &format!("handle-{name}")) && holds(&before, &format!("kata-{name}")),
            "{name} is not looked for right"
        );
    }
    stage.later(31 * DAY);
    purge(&stage.pipeline).await.unwrap();
    let after = files();
    for part in ["handle-kopi", "kata-kopi", "id-kopi", "handle-tolak", "kata-tolak", "id-tolak", "hoodie 35k"] {
        assert!(!holds(&after, part), "{part} is still in the file");
    }
    assert!(holds(&after, "kata-setuju"));
}

/// What the terms want refreshed is read again in time, or deleted; what a person decided about stays.
async fn what_cannot_be_read_again_is_deleted(stage: &Stage) {
    let again = sisir::pipeline::refresh::refresh;
    store(stage, "tiktok_research", &[tolak(), setuju()]).await;
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let analyst = stage.person("ratna", Role::Analyst).await;
    judge(stage, &analyst, "setuju", Reason::BaleOffer).await.unwrap();
    let worker = stage.worker("w");
    assert_eq!(again(&stage.pipeline, &worker.sources, worker.oembed.as_ref()).await.unwrap().refreshed, 0, "not due yet");
    stage.later(13 * DAY);
    // Neither stands on the fake platform, so both are gone; nothing is known of a platform that does not answer.
    stage.fake.fault("oembed_429", -1);
    let silent = again(&stage.pipeline, &worker.sources, worker.oembed.as_ref()).await.unwrap();
    assert_eq!((silent.refreshed, silent.gone), (0, 0));
    stage.fake.fault("oembed_429", 0);
    stage.later(3_600);
    let done = again(&stage.pipeline, &worker.sources, worker.oembed.as_ref()).await.unwrap();
    assert_eq!((done.refreshed, done.gone), (0, 2));
    stage.later(3 * DAY);
    let done = purge(&stage.pipeline).await.unwrap();
    assert_eq!(done.unrefreshed, 1, "the one that nobody decided about");
    let left = posts::all(stage.store()).await.unwrap();
    assert_eq!(left.iter().map(|post| post.author.as_str()).collect::<Vec<_>>(), ["handle-setuju"]);
}

on_both! {
    what_cannot_be_read_again_goes => what_cannot_be_read_again_is_deleted,
    what_is_read_again_stays => what_is_read_again_stays_on,
    what_is_held_back_enters_no_request => what_is_held_back_enters_no_request_on,
}

async fn what_is_read_again_stays_on(stage: &Stage) {
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let flagged =
        queue::list(stage.store(), &queue::Filter { platform: "tiktok".into(), ..queue::Filter::default() }, START, 500, None)
            .await
            .unwrap()
            .len();
    assert!(flagged > 5);
    stage.later(13 * DAY);
    worker.perform(JobKind::Purge).await.unwrap();
    stage.later(3 * DAY);
    assert_eq!(purge(&stage.pipeline).await.unwrap().unrefreshed, 0, "all were looked at after twelve days");
    stage.later(13 * DAY);
    assert_eq!(purge(&stage.pipeline).await.unwrap().unrefreshed, flagged as u64, "and then not again");
}

async fn what_is_held_back_enters_no_request_on(stage: &Stage) {
    use sisir::domain::batch::BatchKind;
    use sisir::pipeline::batch::{self, Held};
    // A package names addresses that lead to their posts.
    let id = "7412345678901234567";
    let url = format!("https://www.tiktok.com/@handle-setuju/video/{id}");
    let found = || Observation { native_id: id.into(), url: url.clone(), ..setuju() };
    let mut minor = setuju();
    minor.native_id = "id-anak-1".into();
    minor.author = "handle-anak".into();
    minor.text = "Aku masih SMP, ready ballpress impor Korea, 1 bal 2jt, chat WA".into();
    store(stage, "bluesky", &[minor]).await;
    store(stage, "tiktok_research", &[found()]).await;
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let analyst = stage.person("ratna", Role::Analyst).await;
    stage.person("budi", Role::Approver).await;
    judge(stage, &analyst, "setuju", Reason::BaleOffer).await.unwrap();
    judge(stage, &analyst, "anak", Reason::BaleOffer).await.unwrap();
    stage.second_all().await;
    let mut pipeline = stage.pipeline.clone();
    let mut config = (*pipeline.config).clone();
    config.tiktok.in_packages = false;
    pipeline.config = std::sync::Arc::new(config);
    let held: Vec<Held> = batch::held(&pipeline, &pipeline.store).await.unwrap().into_values().map(|(_, why)| why).collect();
    assert_eq!(held, [Held::Minor, Held::Research]);
    assert!(sisir::pipeline::status::ready(&pipeline).await.unwrap().is_empty());
    let refused = batch::draft(&pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap_err().to_string();
    assert!(refused.contains("nothing is ready"), "{refused}");

    // Drafted and rendered while it was allowed, it is refused at the signature.
    let early = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rendered = batch::render(&stage.pipeline, &analyst, early.id).await.unwrap();
    let signer = sisir::store::users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let refused = batch::sign(&pipeline, &signer, early.id, &rendered.package_sha256.unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("Research API only"), "{refused}");
    batch::cancel(&stage.pipeline, &analyst, early.id).await.unwrap();

    // Somebody brings the address: now it is not the API alone that found it. The child's post stays held.
    let mut tx = stage.store().write_tx().await.unwrap();
    sisir::store::yields::saw(&mut tx, posts::IMPORT, "", &[found()]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(
        sisir::pipeline::status::ready(&pipeline).await.unwrap(),
        [(Platform::Tiktok, sisir::domain::batch::BatchKind::Request, 1)]
    );
    let drafted = batch::draft(&pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert_eq!(sisir::store::batches::details(stage.store(), drafted.id, stage.pipeline.clock().now()).await.unwrap().len(), 1);
}
