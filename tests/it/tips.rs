//! Reports of the public and of associations: what they must hold, how they join the queue, who sees what of them.

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode};
use sisir::domain::audit::Action;
use sisir::domain::decision::{Judgement, Reason};
use sisir::domain::flag::Priority;
use sisir::domain::job::JobKind;
use sisir::domain::tip::{TipProblem, TipReason, TipStatus};
use sisir::domain::user::Role;
use sisir::pipeline::tips::{self, Report, Upload};
use sisir::pipeline::{purge, review};
use sisir::store::{audit, posts, queue};

use crate::on_both;
use crate::support::Stage;
use crate::web::Desk;

on_both! {
    a_report_joins_the_queue_without_its_reporter => a_report_joins_the_queue_without_its_reporter_on,
    what_an_association_uploads_is_merged => what_an_association_uploads_is_merged_on,
    who_reported_is_forgotten => who_reported_is_forgotten_on,
}

/// The smallest picture there is: one dot.
pub const PNG: &[u8] = include_bytes!("../../fixtures/dot.png");

const URL: &str = "https://www.instagram.com/p/DRekaanTip1/?igsh=abc";

fn report() -> Report {
    Report {
        name: "Wati Rekaan".into(),
        contact: "wati@contoh.id".into(),
        url: URL.into(),
        reason: Some(TipReason::Bale),
        note: String::new(),
        quoted: "Bal segel impor Korea siap kirim".into(),
        screenshot: PNG.to_vec(),
    }
}

async fn open_flags(stage: &Stage) -> Vec<queue::FlagCard> {
    let filter = queue::Filter { state: "open".into(), ..queue::Filter::default() };
    queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 100, None).await.unwrap()
}

async fn a_report_joins_the_queue_without_its_reporter_on(stage: &Stage) {
    let ticket = tips::submit(&stage.pipeline, &report()).await.unwrap().unwrap();
    let second =
        tips::submit(&stage.pipeline, &Report { url: "instagram.com/reel/DRekaanTip1".into(), ..report() }).await.unwrap();
    assert_ne!(ticket, second.unwrap());
    let open = open_flags(stage).await;
    assert_eq!(open.len(), 1, "two reports about one post are one entry");
    assert_eq!((open[0].priority, open[0].tips, open[0].text.as_str()), (Priority::P3, 2, ""), "what is quoted is not the post");
    assert_eq!(tips::outcome(&stage.pipeline, &ticket).await.unwrap().unwrap().status, TipStatus::Waiting);
    assert_eq!(tips::outcome(&stage.pipeline, &ticket.to_uppercase()).await.unwrap().unwrap().status, TipStatus::Waiting);
    assert_eq!(tips::outcome(&stage.pipeline, "abcd-abcd-abcd-abcd").await.unwrap(), None);

    // Nothing is upheld that nobody read: the caption comes first, and the rules read it.
    let analyst = stage.person("ratna", Role::Analyst).await;
    let flag = open[0].id;
    let uphold = Judgement::new(Reason::BaleOffer.verdict(), Reason::BaleOffer, "").unwrap();
    let refused = review::decide(&stage.pipeline, &analyst, flag, &stage.seen(flag).await, &uphold).await.unwrap_err();
    assert!(refused.to_string().contains("write down the caption"), "{refused}");
    review::write_caption(&stage.pipeline, &analyst, flag, "Ready ballpress kode 45 impor Korea, 1 bal 2jt, chat WA")
        .await
        .unwrap();
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let open = open_flags(stage).await;
    assert!(open[0].priority < Priority::P3 && !open[0].findings.is_empty(), "{:?}", open[0]);
    review::decide(&stage.pipeline, &analyst, flag, &stage.seen(flag).await, &uphold).await.unwrap();
    assert_eq!(tips::outcome(&stage.pipeline, &ticket).await.unwrap().unwrap().status, TipStatus::Upheld);

    // Who reported is for administrators, and looking is written down.
    let card = &sisir::store::tips::of_post(stage.store(), posts::all(stage.store()).await.unwrap()[0].id).await.unwrap()[0];
    assert!(!format!("{card:?}").contains("Wati"));
    assert!(tips::reporter(&stage.pipeline, &analyst, card.id).await.is_err());
    let admin = stage.person("sari", Role::Admin).await;
    let (name, contact) = tips::reporter(&stage.pipeline, &admin, card.id).await.unwrap().unwrap();
    assert_eq!((name.as_str(), contact.as_str()), ("Wati Rekaan", "wati@contoh.id"));
    let read = audit::all(stage.store()).await.unwrap().into_iter().filter(|event| event.action == Action::ReporterRead).count();
    assert_eq!(read, 1);
}

async fn what_an_association_uploads_is_merged_on(stage: &Stage) {
    let key = tips::add_partner(&stage.pipeline, "Asosiasi Contoh").await.unwrap();
    let partner = tips::partner(&stage.pipeline, &key).await.unwrap().unwrap();
    let file = "tautan;kutipan\nhttps://www.tiktok.com/@toko.contoh/video/7412345678901234567;Bal segel\nhttps://vm.tiktok.com/ZMabc12De/;x\n\
        https://www.instagram.com/p/DRekaanTip1/;\nhttps://www.instagram.com/p/DRekaanTip1/?x=1;\n";
    let upload = tips::upload(&stage.pipeline, &partner, TipReason::Bale, file.as_bytes()).await.unwrap();
    assert_eq!((upload.taken, upload.known), (2, 1));
    assert_eq!(upload.rejected.len(), 1);
    assert!(upload.rejected[0].0 == 3 && upload.rejected[0].1.contains("no address of a post"), "{:?}", upload.rejected);
    let again = tips::upload(&stage.pipeline, &partner, TipReason::Bale, file.as_bytes()).await.unwrap();
    assert_eq!(again, Upload { taken: 0, known: 3, rejected: upload.rejected });
    // The public reports one of them too: still one entry.
    tips::submit(&stage.pipeline, &report()).await.unwrap().unwrap();
    let open = open_flags(stage).await;
    assert_eq!(open.iter().map(|flag| flag.tips).collect::<Vec<_>>().iter().sum::<i64>(), 3);
    assert_eq!(open.len(), 2);
    let outcomes = tips::feedback(&stage.pipeline, &partner).await.unwrap();
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|outcome| outcome.status == TipStatus::Waiting));
    let broken = tips::upload(&stage.pipeline, &partner, TipReason::Bale, b"a;b\n1;2\n").await.unwrap_err().to_string();
    assert!(broken.contains("berkas:1") && !broken.contains("/tmp"), "{broken}");

    // A new key ends the old one.
    let new = tips::renew_key(&stage.pipeline, "Asosiasi Contoh").await.unwrap();
    assert!(tips::partner(&stage.pipeline, &key).await.unwrap().is_none());
    assert!(tips::partner(&stage.pipeline, &new).await.unwrap().is_some());
    tips::disable_partner(&stage.pipeline, "Asosiasi Contoh").await.unwrap();
    assert!(tips::partner(&stage.pipeline, &new).await.unwrap().is_none());
}

async fn who_reported_is_forgotten_on(stage: &Stage) {
    tips::submit(&stage.pipeline, &report()).await.unwrap().unwrap();
    let flag = open_flags(stage).await[0].id;
    let analyst = stage.person("ratna", Role::Analyst).await;
    let dismiss = Judgement::new(Reason::Unrelated.verdict(), Reason::Unrelated, "").unwrap();
    review::decide(&stage.pipeline, &analyst, flag, &stage.seen(flag).await, &dismiss).await.unwrap();
    stage.later(91 * 86_400);
    let done = purge::purge(&stage.pipeline).await.unwrap();
    assert_eq!(done.emptied, 1);
    let post = posts::all(stage.store()).await.unwrap()[0].id;
    let cards = sisir::store::tips::of_post(stage.store(), post).await.unwrap();
    assert_eq!((cards[0].quoted.as_str(), &cards[0].screenshot_sha256), ("", &None));
    assert_eq!(sisir::store::tips::reporter(stage.store(), cards[0].id).await.unwrap(), None);
}

#[tokio::test]
async fn everything_that_is_missing_is_said_at_once() {
    let stage = Stage::new(crate::support::Engine::Sqlite).await.unwrap();
    let empty = tips::submit(&stage.pipeline, &Report::default()).await.unwrap().unwrap_err();
    let expected = [TipProblem::Name, TipProblem::Contact, TipProblem::Url, TipProblem::Note, TipProblem::Screenshot];
    assert_eq!(empty, expected);
    let one = async |report: Report| tips::submit(&stage.pipeline, &report).await.unwrap().unwrap_err();
    assert_eq!(one(Report { contact: "0812-abc".into(), ..report() }).await, [TipProblem::Contact]);
    assert_eq!(one(Report { url: "https://vm.tiktok.com/ZMabc12De/".into(), ..report() }).await, [TipProblem::ShortLink]);
    assert_eq!(one(Report { url: "https://contoh.id/x".into(), ..report() }).await, [TipProblem::Url]);
    assert_eq!(one(Report { screenshot: b"<svg onload=alert(1)>".to_vec(), ..report() }).await, [TipProblem::FileType]);
    assert_eq!(one(Report { screenshot: b"%PDF-1.7 x".to_vec(), ..report() }).await, [TipProblem::FileType]);
    assert_eq!(one(Report { note: "x".repeat(2_001), ..report() }).await, [TipProblem::TooLong]);
    assert!(open_flags(&stage).await.is_empty());
}

fn form(name: &str, screenshot: &'static [u8]) -> Form {
    let file = Part::bytes(screenshot).file_name("layar.png");
    let texts = [
        ("lang", "id"),
        ("name", name),
        ("contact", "0812 3456 7890"),
        ("url", URL),
        ("reason", "bale"),
        ("note", ""),
        ("quoted", ""),
    ];
    texts.into_iter().fold(Form::new(), |form, (key, value)| form.text(key, value.to_owned())).part("screenshot", file)
}

async fn send(desk: &Desk, path: &str, form: Form) -> Response {
    let client = Client::builder().no_proxy().build().unwrap();
    client.post(format!("{}{path}", desk.base)).header("origin", &desk.base).multipart(form).send().await.unwrap()
}

async fn desk(hourly_from_one_address: u32) -> Desk {
    Desk::with(|config| {
        config.tips.open = true;
        config.tips.hourly_from_one_address = hourly_from_one_address;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_can_report_and_ask_what_became_of_it() {
    let desk = desk(3).await;
    let page = reqwest::get(format!("{}/lapor", desk.base)).await.unwrap().text().await.unwrap();
    assert!(page.contains("Laporkan unggahan") && page.contains("enctype=\"multipart/form-data\""));
    let english = reqwest::get(format!("{}/lapor?lang=en", desk.base)).await.unwrap().text().await.unwrap();
    assert!(english.contains("Report a post"));

    let hostile = "<script>alert(1)</script>";
    let answer = send(&desk, "/lapor", form(hostile, b"bukan gambar")).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.unwrap();
    assert!(page.contains("bukan gambar PNG") && !page.contains(hostile), "what was typed stays, escaped");
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));

    let answer = send(&desk, "/lapor", form("Wati", PNG)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let page = answer.text().await.unwrap();
    let ticket = page.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let client = Client::builder().no_proxy().build().unwrap();
    let ask = async |ticket: &str| {
        let form = [("ticket", ticket), ("lang", "id")];
        client.post(format!("{}/lapor/status", desk.base)).header("origin", &desk.base).form(&form).send().await.unwrap()
    };
    assert!(ask(&ticket).await.text().await.unwrap().contains("Menunggu diperiksa petugas"));

    // Three reports an hour from one address; wrong tickets are counted apart, and keep nobody from reporting.
    for _ in 0..15 {
        assert!(ask("salah").await.text().await.unwrap().contains("Tidak ada laporan"));
    }
    assert_eq!(ask("salah").await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(send(&desk, "/lapor", form("Wati", PNG)).await.status(), StatusCode::OK);
    assert_eq!(send(&desk, "/lapor", form("Wati", PNG)).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(ask(&ticket).await.text().await.unwrap().contains("Menunggu"), "a right one is always answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviewers_see_the_screenshot_and_not_the_reporter() {
    let desk = desk(0).await;
    send(&desk, "/lapor", form("Wati Rekaan", PNG)).await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    let flag = open_flags(&desk.stage).await[0].id;
    let page = analyst.get(&format!("/flags/{flag}")).await.text().await.unwrap();
    assert!(page.contains("1 laporan") && page.contains("/tips/1/screenshot") && page.contains("name=\"caption\""));
    assert!(!page.contains("Wati") && !page.contains("0812"));
    let picture = analyst.get("/tips/1/screenshot").await;
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(picture.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(picture.bytes().await.unwrap(), PNG);
    assert_eq!(analyst.get("/tips/1/reporter").await.status(), StatusCode::FORBIDDEN);
    let nobody = reqwest::get(format!("{}/tips/1/screenshot", desk.base)).await.unwrap().text().await.unwrap();
    assert!(nobody.contains("name=\"password\""), "the sign-in form");
    let admin = desk.sign_in("sari", Role::Admin).await;
    assert!(admin.get("/tips/1/reporter").await.text().await.unwrap().contains("Wati Rekaan"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn associations_upload_with_their_key() {
    let desk = desk(2).await;
    let key = tips::add_partner(&desk.stage.pipeline, "Asosiasi Contoh").await.unwrap();
    let file = || Part::bytes(tips::TEMPLATE.as_bytes()).file_name("laporan.csv");
    let form = |key: &str| Form::new().text("key", key.to_owned()).text("reason", "bale").text("lang", "id").part("file", file());
    let page = send(&desk, "/lapor/mitra", form(&key)).await.text().await.unwrap();
    assert!(
        page.contains("Asosiasi Contoh") && page.contains("1 unggahan dilaporkan") && page.contains("Menunggu diperiksa petugas"),
        "{page}"
    );
    assert_eq!(send(&desk, "/lapor/mitra", form("salah")).await.status(), StatusCode::UNAUTHORIZED);
    let template = reqwest::get(format!("{}/lapor/mitra/templat.csv", desk.base)).await.unwrap();
    assert!(template.headers()["content-disposition"].to_str().unwrap().contains("templat-laporan.csv"));
    let closed = Desk::new().await;
    let page = send(&closed, "/lapor", self::form("Wati", PNG)).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN, "the public page is off until it is switched on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_is_too_large_is_refused() {
    let desk = desk(0).await;
    let huge: &'static [u8] = Box::leak(vec![0_u8; 7 << 20].into_boxed_slice());
    let client = Client::builder().no_proxy().build().unwrap();
    let sent =
        client.post(format!("{}/lapor", desk.base)).header("origin", &desk.base).multipart(form("Wati", huge)).send().await;
    // The server may close the connection before everything is sent.
    assert!(sent.is_err() || sent.unwrap().status() == StatusCode::PAYLOAD_TOO_LARGE);
    assert!(open_flags(&desk.stage).await.is_empty());
}

/// Platforms find a post by its id, whoever is named in the address: a report must not put somebody else into a letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handle_in_a_reported_address_is_not_believed() {
    let stage = Stage::new(crate::support::Engine::Sqlite).await.unwrap();
    let truth = sisir::platforms::fake::made_up_posts(crate::support::START);
    let post = truth.iter().find(|post| post.platform == sisir::domain::Platform::Tiktok && post.label == "promo").unwrap();
    let url = format!("https://www.tiktok.com/@orang.lain/video/{}", post.native_id);
    tips::submit(&stage.pipeline, &Report { url, ..report() }).await.unwrap().unwrap();
    let stored =
        async || posts::all(stage.store()).await.unwrap().into_iter().find(|seen| seen.native_id == post.native_id).unwrap();
    let reported = stored().await;
    assert_eq!((reported.author.as_str(), reported.url.contains("orang.lain")), ("", false));
    // The platform says whose it is, and what stands there.
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let filled = stored().await;
    assert_eq!((&filled.author, &filled.text), (&post.author, &post.text));
}
