//! Accounts of sellers: links by hashed contacts and by text, watching, the help programme; on both databases.

use reqwest::StatusCode;
use sisir::domain::account::{ContactKind, MarkKind};
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::job::JobKind;
use sisir::domain::user::{Role, User};
use sisir::domain::{Clock as _, Platform};
use sisir::pipeline::{Pipeline, accounts, batch, review};
use sisir::store::accounts::NewMark;
use sisir::store::queue::{self, Filter};
use sisir::store::{batches, outbox};

use crate::desk::stored;
use crate::on_both;
use crate::support::Stage;
use crate::two_person::direct;
use crate::web::Desk;

const BALE: &str = "Buka bal segel import Korea isi hoodie crewneck rajut, ready ballpress 1 bal 2jt";

async fn count(stage: &Stage, sql: &str) -> i64 {
    let url = &stage.pipeline.config.database.url;
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if url.starts_with("sqlite:") {
        let pool = sqlx::SqlitePool::connect(url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    } else {
        let pool = sqlx::PgPool::connect(url).await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    }
}

/// A number that everybody prints links nobody.
async fn printed_by_all(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let most = usize::try_from(sisir::store::accounts::SHARED_BY_MOST).unwrap();
    let handles: Vec<String> = (0..=most).map(|n| format!("toko.{n}")).collect();
    let text = "Bal segel import Korea isi hoodie 1 bal 2jt, pusat bantuan 0812-0000-0500";
    let all: Vec<(&str, &str)> = handles.iter().map(|handle| (handle.as_str(), text)).collect();
    let view = || accounts::view(&stage.pipeline, &ratna, Platform::Tiktok, "toko.0");
    stored(stage, &all[..most]).await;
    assert!(!view().await.unwrap().unwrap().links.is_empty(), "{most} accounts");
    stored(stage, &all[most..]).await;
    assert!(view().await.unwrap().unwrap().links.is_empty(), "one more");
}

async fn linked(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let texts = [
        ("toko.a", format!("{BALE}, minat WA 0812-0000-0105")),
        ("toko.b", "Obral bal segel import Jepang isi kemeja, 1 bal 3jt, wa.me/6281200000105".to_owned()),
        ("toko.c", "Bal segel import China isi celana 1 bal 4jt, cek tiktok.com/@toko.a dan linktr.ee/tokoc".to_owned()),
        ("toko.d", format!("{BALE}, minat dm")),
        ("toko.e", "Bal segel import Thailand isi topi 1 bal 1jt, WA 0812-0000-0999".to_owned()),
    ];
    let texts: Vec<(&str, &str)> = texts.iter().map(|(author, text)| (*author, text.as_str())).collect();
    stored(stage, &texts).await;
    let view = |handle: &'static str| accounts::view(&stage.pipeline, &ratna, Platform::Tiktok, handle);
    let account = view("toko.a").await.unwrap().unwrap();
    let links: Vec<(&str, i64, i64)> =
        account.links.iter().map(|link| (link.handle.as_str(), link.shared, link.phones)).collect();
    assert_eq!(links, [("toko.b", 1, 1), ("toko.c", 1, 0)], "by telephone number, and by a page that names it");
    assert_eq!(account.echoes.iter().map(|echo| echo.handle.as_str()).collect::<Vec<_>>(), ["toko.d"], "by text");
    assert_eq!(account.contacts, [(ContactKind::Page, 1), (ContactKind::Phone, 1)]);
    assert_eq!(view("toko.e").await.unwrap().unwrap().links, vec![]);
    assert!(view("tidak.ada").await.unwrap().is_none());
    // The number itself is nowhere but in the caption.
    let hashes = "SELECT COUNT(*) FROM post_contacts WHERE hash LIKE '%0105%' OR length(hash) <> 32";
    assert_eq!(count(stage, hashes).await, 0);
    assert!(count(stage, "SELECT COUNT(*) FROM post_contacts").await >= 5);
    // Without a key nothing is kept.
    let mut config = (*stage.pipeline.config).clone();
    config.desk.contact_key = None;
    let without = Pipeline { config: std::sync::Arc::new(config), ..stage.pipeline.clone() };
    let other = Stage::new(if stage.pipeline.config.database.url.starts_with("sqlite:") {
        crate::support::Engine::Sqlite
    } else {
        crate::support::Engine::Postgres
    })
    .await;
    let Some(mut other) = other else { return };
    other.pipeline.config = std::sync::Arc::clone(&without.config);
    stored(&other, &texts).await;
    let dewi = other.person("dewi", Role::Analyst).await;
    let account = accounts::view(&other.pipeline, &dewi, Platform::Tiktok, "toko.a").await.unwrap().unwrap();
    assert_eq!((account.links.len(), account.contacts.len()), (0, 0));
}

pub fn mark(stage: &Stage, handle: &str, kind: MarkKind) -> NewMark {
    let until = (kind == MarkKind::Exempt).then(|| stage.pipeline.clock().now().plus(std::time::Duration::from_hours(24 * 30)));
    NewMark {
        platform: Platform::Tiktok,
        handle: handle.into(),
        kind,
        note: "permintaan pendampingan".into(),
        reference: if kind == MarkKind::Exempt { "PDP-2026-17".into() } else { String::new() },
        until,
    }
}

async fn upheld(stage: &Stage, ratna: &User) -> Vec<sisir::domain::ids::FlagId> {
    stored(stage, &[("Toko.A", BALE), ("toko.b", "Obral bal segel import Jepang isi kemeja, 1 bal 3jt, dm")]).await;
    let cards = queue::list(stage.store(), &Filter::open(), stage.clock.now(), 10, None).await.unwrap();
    let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    for card in &cards {
        review::decide(&stage.pipeline, ratna, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    }
    stage.second_all().await;
    cards.iter().filter(|card| card.author == "Toko.A").map(|card| card.id).collect()
}

async fn exempt(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (ratna, sinta) = (stage.person("ratna", Role::Analyst).await, stage.person("sinta", Role::Supervisor).await);
    let budi = stage.person("budi", Role::Approver).await;
    let flag = upheld(stage, &ratna).await[0];
    // The handle in another spelling is the same account.
    let exempt = mark(stage, "@toko.a ", MarkKind::Exempt);
    assert!(accounts::set_mark(pipeline, &ratna, exempt.clone()).await.is_err(), "an analyst exempted an account");
    for wrong in [
        NewMark { reference: " ".into(), ..exempt.clone() },
        NewMark { until: None, ..exempt.clone() },
        NewMark { until: Some(stage.clock.now()), ..exempt.clone() },
        NewMark { until: Some(stage.clock.now().plus(std::time::Duration::from_hours(24 * 400))), ..exempt.clone() },
        NewMark { note: String::new(), ..exempt.clone() },
        NewMark { handle: "@".into(), ..exempt.clone() },
    ] {
        assert!(accounts::set_mark(pipeline, &sinta, wrong.clone()).await.is_err(), "{wrong:?}");
    }
    // A package signed before the account came into the programme is not sent.
    let drafted = batch::draft(pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rendered = batch::render(pipeline, &ratna, drafted.id).await.unwrap();
    batch::sign(pipeline, &budi, rendered.id, rendered.package_sha256.as_deref().unwrap()).await.unwrap();
    let id = accounts::set_mark(pipeline, &sinta, exempt.clone()).await.unwrap();
    assert!(accounts::set_mark(pipeline, &sinta, exempt.clone()).await.is_err(), "two at once");
    assert!(direct(stage, &format!("UPDATE account_marks SET handle = 'toko.b' WHERE id = {id}")).await.is_err());
    // Monday: nothing leaves at weekends.
    stage.later(3 * 24 * 3600);
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 0, "a request about an account in the help programme left");
    let delivery = outbox::by_batch(stage.store(), rendered.id).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Failed, "a person has to look");
    batch::cancel(pipeline, &ratna, rendered.id).await.unwrap();
    // The next package is without it, and the list says why.
    let held = batch::held(pipeline, stage.store()).await.unwrap();
    assert_eq!(held.get(&flag).map(|(_, why)| *why), Some(batch::Held::Exempt));
    let drafted = batch::draft(pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rows = batches::rows(stage.store(), drafted.id).await.unwrap();
    assert!(rows.len() == 1 && rows[0].flag_id != flag, "{rows:?}");
    // When it ends, by a person or by itself, the post is free again.
    accounts::end_mark(pipeline, &sinta, id).await.unwrap();
    assert!(accounts::end_mark(pipeline, &sinta, id).await.is_err(), "ended twice");
    assert!(!batch::held(pipeline, stage.store()).await.unwrap().contains_key(&flag));
    let again = NewMark { until: Some(stage.clock.now().plus(std::time::Duration::from_hours(24))), ..exempt };
    accounts::set_mark(pipeline, &sinta, again.clone()).await.unwrap();
    assert!(batch::held(pipeline, stage.store()).await.unwrap().contains_key(&flag));
    stage.later(25 * 3600);
    assert!(!batch::held(pipeline, stage.store()).await.unwrap().contains_key(&flag));
    let renewed = NewMark { until: Some(stage.clock.now().plus(std::time::Duration::from_hours(24))), ..again };
    accounts::set_mark(pipeline, &sinta, renewed).await.unwrap();
    let drafted = batch::draft(pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await;
    assert!(drafted.is_err(), "nothing else is ready");
    assert_eq!(batches::require(stage.store(), rendered.id).await.unwrap().state, BatchState::Cancelled);
}

async fn watched(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (ratna, wati) = (stage.person("ratna", Role::Analyst).await, stage.person("wati", Role::Viewer).await);
    stored(stage, &[("toko.a", BALE), ("toko.b", "Obral bal segel import Jepang isi kemeja, 1 bal 3jt, dm")]).await;
    let watch = mark(stage, "toko.a", MarkKind::Watch);
    assert!(accounts::set_mark(pipeline, &wati, watch.clone()).await.is_err(), "a viewer watches");
    let id = accounts::set_mark(pipeline, &ratna, watch).await.unwrap();
    let list = |filter: Filter| async move { queue::list(stage.store(), &filter, stage.clock.now(), 10, None).await.unwrap() };
    let cards = list(Filter { watched: Some(stage.clock.now()), ..Filter::open() }).await;
    assert_eq!(
        cards.iter().map(|card| (card.author.as_str(), card.mark)).collect::<Vec<_>>(),
        [("toko.a", Some(MarkKind::Watch))]
    );
    assert_eq!(queue::count(stage.store(), &Filter { watched: Some(stage.clock.now()), ..Filter::open() }).await.unwrap(), 1);
    assert_eq!(list(Filter::open()).await.iter().filter(|card| card.mark.is_some()).count(), 1);
    accounts::end_mark(pipeline, &ratna, id).await.unwrap();
    assert_eq!(list(Filter { watched: Some(stage.clock.now()), ..Filter::open() }).await.len(), 0);
}

/// What retention forgets takes its contacts along.
async fn forgotten(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    stored(
        stage,
        &[
            ("toko.a", "Bal segel import Korea 1 bal 2jt, WA 0812-0000-0105"),
            ("toko.b", "Bal segel import Jepang 1 bal 2jt, WA 0812-0000-0105"),
        ],
    )
    .await;
    let dismissed = Judgement::new(Verdict::Dismiss, Reason::LocalPreloved, "").unwrap();
    for card in queue::list(stage.store(), &Filter::open(), stage.clock.now(), 10, None).await.unwrap() {
        if card.author == "toko.b" {
            review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, &dismissed).await.unwrap();
        }
    }
    let links =
        || async { accounts::view(&stage.pipeline, &ratna, Platform::Tiktok, "toko.a").await.unwrap().unwrap().links.len() };
    assert_eq!(links().await, 1);
    stage.later(400 * 24 * 3600);
    sisir::pipeline::purge::purge(&stage.pipeline).await.unwrap();
    assert_eq!(links().await, 0);
    // The open one stays with its contacts; the dismissed one was emptied.
    assert_eq!(count(stage, "SELECT COUNT(DISTINCT c.post_id) FROM post_contacts c JOIN flags f ON f.post_id = c.post_id WHERE f.state = 'dismissed'").await, 0);
    assert_eq!(count(stage, "SELECT COUNT(DISTINCT post_id) FROM post_contacts").await, 1);
}

on_both! {
    accounts_are_linked_by_keyed_hashes_and_by_text => linked,
    what_everybody_prints_links_nobody => printed_by_all,
    nothing_is_asked_of_whom_we_help => exempt,
    watched_accounts_stand_out => watched,
    contacts_go_with_their_posts => forgotten,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_an_account() {
    let desk = Desk::new().await;
    let hostile = "<script>alert(1)</script>";
    stored(
        &desk.stage,
        &[
            ("toko a&b", "Bal segel import Korea 1 bal 2jt, WA 0812-0000-0105"),
            (hostile, "Bal segel import Jepang 1 bal 3jt WA 0812-0000-0105"),
        ],
    )
    .await;
    let sinta = desk.sign_in("sinta", Role::Supervisor).await;
    let page = sinta.page("/account?platform=tiktok&handle=toko%20a%26b").await;
    assert!(page.contains("toko a&#38;b") && !page.contains("<script>alert"), "{page}");
    assert!(page.contains("/account?platform=tiktok&#38;handle=%3Cscript%3Ealert%281%29%3C%2Fscript%3E"));
    assert!(page.contains("<circle"), "the link is drawn");
    assert_eq!(sinta.get("/account?platform=tiktok&handle=tidak.ada").await.status(), StatusCode::NOT_FOUND);
    let until = desk.stage.clock.now().in_jakarta().date().checked_add(jiff::Span::new().days(60)).unwrap().to_string();
    let form = [
        ("platform", "tiktok"),
        ("handle", "toko a&b"),
        ("kind", "exempt"),
        ("note", "mendaftar"),
        ("reference", "PDP-1"),
        ("until", until.as_str()),
    ];
    let answer = sinta.post("/account/marks", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(sinta.page(&to).await.contains("PDP-1"));
    assert!(sinta.page("/accounts").await.contains("PDP-1"));
    let bad =
        [("platform", "tiktok"), ("handle", "x"), ("kind", "exempt"), ("note", "n"), ("reference", "r"), ("until", "besok")];
    assert_eq!(sinta.post("/account/marks", &bad).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
