//! A real browser: signing in, deciding with keys, and pages that fit a desk screen and a telephone.

use std::process::{Child, Command, Stdio};

use sisir::domain::user::Role;
use sisir::store::{decisions, queue};
use thirtyfour::prelude::*;

use crate::web::Desk;

pub struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts chromedriver on a free port, or says why it cannot.
pub async fn browser(width: u32, height: u32) -> Option<(Driver, WebDriver)> {
    crate::support::crypto();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = started else {
        crate::support::skip("chromedriver is not here; install chromium and chromium-driver");
        return None;
    };
    // It says when it listens; no need to guess.
    let output = child.stdout.take().unwrap();
    let ready = tokio::task::spawn_blocking(move || {
        use std::io::BufRead as _;
        std::io::BufReader::new(output).lines().map_while(Result::ok).any(|line| line.contains("started successfully"))
    });
    assert!(ready.await.unwrap(), "chromedriver ended");
    let driver = Driver(child);
    let mut caps = DesiredCapabilities::chrome();
    let profile = tempfile::tempdir().unwrap().keep();
    let size = format!("--window-size={width},{height}");
    let data = format!("--user-data-dir={}", profile.display());
    for arg in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        &size,
        &data,
    ] {
        caps.add_arg(arg).unwrap();
    }
    let web = WebDriver::new(format!("http://127.0.0.1:{port}"), caps).await.unwrap();
    Some((driver, web))
}

pub async fn sign_in(web: &WebDriver, desk: &Desk, name: &str) {
    web.goto(format!("{}/sign-in", desk.base)).await.unwrap();
    web.find(By::Id("name")).await.unwrap().send_keys(name).await.unwrap();
    let password = web.find(By::Id("password")).await.unwrap();
    password.send_keys("kata-sandi-uji").await.unwrap();
    password.send_keys(Key::Enter + "").await.unwrap();
    web.query(By::Css("nav")).first().await.unwrap();
}

/// No page may be wider than the screen: nobody scrolls sideways to read.
pub async fn fits(web: &WebDriver, path: &str) {
    let wide =
        web.execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![]).await.unwrap();
    let wide = wide.json().as_f64().unwrap();
    let who = "return [...document.querySelectorAll('main *, header *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))";
    let who = web.execute(who, vec![]).await.unwrap();
    assert!(wide <= 0.5, "{path} is {wide} px too wide: {}", who.json());
}

pub async fn picture(web: &WebDriver, name: &str) {
    if let Ok(folder) = std::env::var("SISIR_TEST_PICTURES") {
        std::fs::create_dir_all(&folder).unwrap();
        web.screenshot(&std::path::Path::new(&folder).join(format!("{name}.png"))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_works_with_keys_alone() {
    let Some((_driver, web)) = browser(1366, 768).await else { return };
    let desk = Desk::filled().await;
    desk.stage.person("ratna", Role::Analyst).await;
    sign_in(&web, &desk, "ratna").await;
    picture(&web, "home").await;
    web.goto(format!("{}/queue", desk.base)).await.unwrap();
    picture(&web, "queue").await;
    let body = || async { web.find(By::Tag("body")).await.unwrap() };
    body().await.send_keys("n").await.unwrap();
    web.query(By::Css(".caption.full")).first().await.unwrap();
    picture(&web, "flag").await;
    let first = web.current_url().await.unwrap();
    // Typing a note presses nothing; Escape leaves the field.
    let note = web.find(By::Id("note")).await.unwrap();
    note.send_keys("1 2 3 catatan").await.unwrap();
    assert_eq!(web.current_url().await.unwrap(), first);
    note.send_keys(Key::Escape + "").await.unwrap();
    body().await.send_keys("4").await.unwrap();
    web.query(By::Css(".done")).first().await.unwrap();
    assert_ne!(web.current_url().await.unwrap().path(), first.path(), "the next post at once");
    body().await.send_keys("1").await.unwrap();
    web.query(By::Css(".done")).first().await.unwrap();
    let id = sisir::domain::ids::FlagId(first.path().trim_start_matches("/flags/").parse().unwrap());
    let decided = decisions::of_flag(desk.stage.store(), id).await.unwrap();
    assert_eq!((decided.len(), decided[0].reason.as_str(), decided[0].note.as_str()), (1, "news_opinion", "1 2 3 catatan"));
    web.quit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_fit_a_desk_screen_and_a_telephone() {
    for (width, height, name) in [(1366, 768, "desk"), (500, 844, "phone")] {
        let Some((_driver, web)) = browser(width, height).await else { return };
        let desk = Desk::filled().await;
        let analyst = desk.stage.person("ratna", Role::Analyst).await;
        sign_in(&web, &desk, "ratna").await;
        let colleague = desk.stage.person("dewi", Role::Analyst).await;
        let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
        let judgement = sisir::domain::decision::Judgement::new(
            sisir::domain::decision::Verdict::Uphold,
            sisir::domain::decision::Reason::RetailOffer,
            "",
        )
        .unwrap();
        for card in queue::list(desk.stage.store(), &filter, desk.stage.pipeline.clock().now(), 3, None).await.unwrap() {
            sisir::pipeline::review::decide(
                &desk.stage.pipeline,
                &colleague,
                card.id,
                &desk.stage.seen(card.id).await,
                &judgement,
            )
            .await
            .unwrap();
        }
        web.goto(format!("{}/queue?state=second", desk.base)).await.unwrap();
        fits(&web, "/queue?state=second").await;
        picture(&web, &format!("{name}-second")).await;
        web.find(By::Css("main a[href^='/flags/']")).await.unwrap().click().await.unwrap();
        fits(&web, "a post that waits for a second analyst").await;
        assert!(web.source().await.unwrap().contains("Perlu analis kedua"));
        picture(&web, &format!("{name}-second-flag")).await;
        desk.stage.second_all().await;
        let batch = sisir::pipeline::batch::draft(
            &desk.stage.pipeline,
            &analyst,
            sisir::domain::batch::BatchKind::Request,
            sisir::domain::Platform::Tiktok,
        )
        .await
        .unwrap();
        sisir::pipeline::batch::render(&desk.stage.pipeline, &analyst, batch.id).await.unwrap();
        for path in ["/", "/queue", "/flags/1", "/batches", "/batches/1", "/sources", "/keys"] {
            web.goto(format!("{}{path}", desk.base)).await.unwrap();
            fits(&web, path).await;
            picture(&web, &format!("{name}{}", path.replace('/', "-"))).await;
        }
        web.quit().await.unwrap();
    }
}

/// Somebody without an account reports a post with a screenshot, and asks what became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_reports_a_post() {
    for (name, width, height) in [("desk", 1280, 900), ("phone", 390, 844)] {
        let Some((_driver, web)) = browser(width, height).await else { return };
        let desk = Desk::with(|config| config.tips.open = true).await;
        let screenshot = desk.stage.dir.path().join("layar.png");
        std::fs::write(&screenshot, crate::tips::PNG).unwrap();
        web.goto(format!("{}/lapor", desk.base)).await.unwrap();
        fits(&web, "/lapor").await;
        picture(&web, &format!("{name}-lapor")).await;
        for (field, text) in [
            ("url", "https://www.tiktok.com/@toko.contoh/video/7412345678901234567"),
            ("screenshot", screenshot.to_str().unwrap()),
            ("name", "Wati Rekaan"),
            ("contact", "wati@contoh.id"),
        ] {
            web.find(By::Id(field)).await.unwrap().send_keys(text).await.unwrap();
        }
        web.find(By::Css("input[value=bale]")).await.unwrap().click().await.unwrap();
        web.find(By::Css("button.main")).await.unwrap().click().await.unwrap();
        let ticket = web.find(By::Css(".ticket code")).await.unwrap().text().await.unwrap();
        fits(&web, "the ticket").await;
        picture(&web, &format!("{name}-lapor-tiket")).await;
        web.goto(format!("{}/lapor/status", desk.base)).await.unwrap();
        web.find(By::Id("ticket")).await.unwrap().send_keys(&ticket).await.unwrap();
        web.find(By::Css("button.main")).await.unwrap().click().await.unwrap();
        let status = web.query(By::Css("main .card strong")).first().await.unwrap().text().await.unwrap();
        assert_eq!(status, "Menunggu diperiksa petugas");
        fits(&web, "/lapor/status").await;
        web.goto(format!("{}/lapor/mitra", desk.base)).await.unwrap();
        fits(&web, "/lapor/mitra").await;
        picture(&web, &format!("{name}-lapor-mitra")).await;
        desk.stage.person("ratna", Role::Analyst).await;
        sign_in(&web, &desk, "ratna").await;
        web.goto(format!("{}/flags/1", desk.base)).await.unwrap();
        fits(&web, "a reported post").await;
        picture(&web, &format!("{name}-laporan")).await;
        web.find(By::Id("caption")).await.unwrap().send_keys("Ready ballpress impor Korea, 1 bal 2jt").await.unwrap();
        web.find(By::Css("form[action$='/caption'] button")).await.unwrap().click().await.unwrap();
        let done = web.query(By::Css("p.done")).first().await.unwrap().text().await.unwrap();
        assert!(done.contains("Teks disimpan"), "{done}");
        web.quit().await.unwrap();
    }
}
