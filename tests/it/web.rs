//! The desk over HTTP: who may do what, what a page says, what a form refuses.

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use sisir::domain::job::JobKind;
use sisir::domain::user::Role;
use sisir::store::{batches, queue};
use tokio_util::sync::CancellationToken;

use crate::support::{Engine, Stage};

pub struct Desk {
    pub stage: Stage,
    pub base: String,
    stop: CancellationToken,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Desk {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A desk with changed settings.
    pub async fn with(change: impl FnOnce(&mut sisir::config::Config)) -> Self {
        Self::at(|config, _| change(config)).await
    }

    /// The same, with settings that hold the desk's own address.
    pub async fn at(change: impl FnOnce(&mut sisir::config::Config, &str)) -> Self {
        let mut stage = Stage::new(Engine::Sqlite).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = (*stage.pipeline.config).clone();
        change(&mut config, &base);
        stage.pipeline.config = std::sync::Arc::new(config);
        let stop = CancellationToken::new();
        let router = sisir::web::router(stage.pipeline.clone()).into_make_service_with_connect_info::<std::net::SocketAddr>();
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(async move { served.await.unwrap() });
        Self { stage, base, stop }
    }

    pub async fn filled() -> Self {
        let desk = Self::new().await;
        let worker = desk.stage.worker("w");
        worker.perform(JobKind::Crawl).await.unwrap();
        worker.perform(JobKind::Screen).await.unwrap();
        desk
    }

    pub async fn sign_in(&self, name: &str, role: Role) -> Visitor {
        self.stage.person(name, role).await;
        let client = client();
        let form = [("name", name), ("password", "kata-sandi-uji")];
        let answer = client.post(format!("{}/sign-in", self.base)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        Visitor { client, base: self.base.clone(), cookie: cookie.split(';').next().unwrap().to_owned() }
    }
}

pub fn client() -> Client {
    crate::support::crypto();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub struct Visitor {
    client: Client,
    base: String,
    pub cookie: String,
}

impl Visitor {
    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).header(COOKIE, &self.cookie).send().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.client
            .post(format!("{}{path}", self.base))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.base)
            .form(form)
            .send()
            .await
            .unwrap()
    }

    /// Decides as the form on the page does.
    async fn decide(&self, path: &str, reason: &str, note: &str) -> Response {
        let page = self.page(path).await;
        let field = |name: &str| {
            let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name} in {path}"));
            rest.split('"').next().unwrap().to_owned()
        };
        let mut form = vec![
            ("seen", field("seen")),
            ("text_sha256", field("text_sha256")),
            ("reason", reason.into()),
            ("note", note.into()),
        ];
        // A person looks at the post and ticks what is there.
        form.extend(["element_a", "element_b", "element_c"].map(|name| (name, "1".to_owned())));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post(&format!("{path}/decision"), &form).await
    }

    async fn to(&self, answer: Response) -> String {
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_without_signing_in() {
    let desk = Desk::filled().await;
    for path in
        ["/", "/queue", "/queue/next", "/flags/1", "/batches", "/batches/1", "/batches/1/files/pesan.eml", "/sources", "/log"]
    {
        let answer = client().get(format!("{}{path}", desk.base)).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()[LOCATION].to_str().unwrap()),
            (StatusCode::SEE_OTHER, "/sign-in"),
            "{path}"
        );
    }
    for path in
        ["/flags/1/decision", "/batches", "/batches/1/sign", "/batches/1/cancel", "/batches/1/render", "/batches/1/settle"]
    {
        let form = [
            ("reason", "unrelated"),
            ("seen", "0"),
            ("platform", "tiktok"),
            ("kind", "request"),
            ("package_sha256", "x"),
            ("delivery", "1"),
            ("arrived", "true"),
        ];
        let answer = client().post(format!("{}{path}", desk.base)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
    }
    let wrong =
        client().post(format!("{}/sign-in", desk.base)).form(&[("name", "siapa"), ("password", "salah")]).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        assert_eq!(client().get(format!("{}{path}", desk.base)).send().await.unwrap().text().await.unwrap(), body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_cannot_send_our_forms() {
    let desk = Desk::filled().await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    for (name, value) in [("origin", "https://jahat.example"), ("sec-fetch-site", "cross-site")] {
        let form = [("reason", "unrelated"), ("seen", "0"), ("text_sha256", "x")];
        let request =
            client().post(format!("{}/flags/1/decision", desk.base)).header(COOKIE, &analyst.cookie).header(name, value);
        assert_eq!(request.form(&form).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{name}");
    }
    let page = analyst.get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'self'"), "{policy}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_session_opens_nothing() {
    let desk = Desk::filled().await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    assert_eq!(analyst.get("/").await.status(), StatusCode::OK);
    analyst.post("/sign-out", &[]).await;
    assert_eq!(analyst.get("/").await.status(), StatusCode::SEE_OTHER);
    let late = desk.sign_in("dewi", Role::Analyst).await;
    desk.stage.later(10 * 3600);
    assert_eq!(late.get("/").await.status(), StatusCode::SEE_OTHER, "ten hours later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_needs_a_reason_and_leads_to_the_next_post() {
    let desk = Desk::filled().await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    let first = analyst.to(analyst.get("/queue/next").await).await;
    let page = analyst.page(&first).await;
    assert!(page.contains("<mark class=\"used_clothing\""), "evidence is highlighted");
    assert!(page.contains("Mengapa ditandai") && page.contains("data-key=\"1\""));
    for form in [
        &[("seen", "0"), ("text_sha256", "x")][..],
        &[("seen", "0"), ("text_sha256", "x"), ("reason", "")],
        &[("seen", "0"), ("text_sha256", "x"), ("reason", "sesuka-hati")],
    ] {
        assert_eq!(analyst.post(&format!("{first}/decision"), form).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let incomplete =
        [("seen", "0"), ("text_sha256", "x"), ("reason", "bale_offer"), ("element_a", "1"), ("note", "catatan saya")];
    let refused = analyst.post(&format!("{first}/decision"), &incomplete).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused = refused.text().await.unwrap();
    assert!(refused.contains("Menguatkan perlu ketiga unsur") && refused.contains("catatan saya"), "what was typed is kept");
    let hash =
        desk.stage.seen(sisir::domain::ids::FlagId(first.trim_start_matches("/flags/").parse().unwrap())).await.text_sha256;
    let answer = analyst.decide(&first, "news_opinion", "<b>berita</b>").await;
    assert_eq!(analyst.to(answer).await, "/queue/next?done=decided");
    let one = analyst.to(analyst.get("/queue/next").await).await;
    let skipped = analyst.to(analyst.get(&format!("/queue/next?after={}", one.trim_start_matches("/flags/"))).await).await;
    assert_ne!(one, skipped, "skipping goes on");
    let second = analyst.to(analyst.get("/queue/next?done=decided").await).await;
    assert!(second.starts_with("/flags/") && !second.starts_with(&format!("{first}?")), "{second}");
    let again =
        analyst.post(&format!("{first}/decision"), &[("seen", "0"), ("text_sha256", &hash), ("reason", "unrelated")]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "the form of before the decision");
    let decided = analyst.page(&first).await;
    assert!(decided.contains("&#60;b&#62;berita"), "what people write is text");
    let admin = desk.sign_in("joko", Role::Admin).await;
    assert_eq!(
        admin
            .post(&format!("{first}/decision"), &[("seen", "1"), ("text_sha256", &hash), ("reason", "unrelated")])
            .await
            .status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_goes_from_posts_to_a_signature_of_another_person() {
    let desk = Desk::filled().await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    let signer = desk.sign_in("budi", Role::Approver).await;
    assert!(analyst.page("/batches").await.contains("Belum ada paket"), "an empty list says what to do");
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    for card in queue::list(desk.stage.store(), &filter, desk.stage.pipeline.clock().now(), 4, None).await.unwrap() {
        analyst.decide(&format!("/flags/{}", card.id), "retail_offer", "").await;
    }
    let own = analyst.page("/queue?state=second").await;
    assert!(own.contains("Menunggu analis kedua"));
    desk.stage.second_all().await;
    let made = analyst.post("/batches", &[("platform", "tiktok"), ("kind", "request")]).await;
    assert_eq!(analyst.to(made).await, "/batches/1?done=rendered");
    let batch = batches::list(desk.stage.store(), 1).await.unwrap().remove(0);
    let hash = batch.package_sha256.unwrap();
    let form = [("package_sha256", hash.as_str()), ("confirm", "TR-2026-000001")];
    assert_eq!(analyst.post("/batches/1/sign", &form).await.status(), StatusCode::FORBIDDEN);
    let page = signer.page("/batches/1").await;
    assert!(page.contains(&hash) && page.contains("name=\"confirm\""));
    let unconfirmed = signer.post("/batches/1/sign", &[("package_sha256", hash.as_str()), ("confirm", "TR")]).await;
    assert_eq!(unconfirmed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(signer.to(signer.post("/batches/1/sign", &form).await).await, "/batches/1?done=signed");
    assert_eq!(signer.post("/batches/1/sign", &form).await.status(), StatusCode::CONFLICT, "twice");
    let letter = signer.get("/batches/1/files/TR-2026-000001-surat.pdf").await;
    assert_eq!(letter.headers()["content-type"], "application/pdf");
    assert!(letter.bytes().await.unwrap().starts_with(b"%PDF-"));
    assert_eq!(signer.get("/batches/99").await.status(), StatusCode::NOT_FOUND);
    let nowhere = analyst.post("/batches", &[("platform", "youtube"), ("kind", "request")]).await;
    assert_eq!(nowhere.status(), StatusCode::CONFLICT, "there is no recipient");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_speak_both_languages() {
    let desk = Desk::filled().await;
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    assert!(analyst.page("/queue").await.contains("Antrean"));
    assert_eq!(analyst.to(analyst.post("/language", &[("lang", "en"), ("back", "/queue")]).await).await, "/queue");
    assert!(analyst.page("/queue").await.contains("Queue"));
    for back in ["https://jahat.example", "//jahat.example", "/\\jahat.example"] {
        assert_eq!(analyst.to(analyst.post("/language", &[("lang", "en"), ("back", back)]).await).await, "/", "{back}");
    }
    for path in [
        "/",
        "/queue",
        "/queue?state=upheld",
        "/queue?from=9.9",
        "/queue?q=bal&state=all",
        "/keys",
        "/batches",
        "/sources",
        "/flags/1",
    ] {
        analyst.page(path).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_passwords_is_slowed_down() {
    let desk = Desk::new().await;
    desk.stage.person("ratna", Role::Analyst).await;
    let attempt = async |name: &str, password: &str| {
        let form = [("name", name), ("password", password)];
        client().post(format!("{}/sign-in", desk.base)).form(&form).send().await.unwrap().status()
    };
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(attempt("ratna", "salah").await);
    }
    assert_eq!(answers[..10], [StatusCode::UNAUTHORIZED; 10]);
    assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS), "{answers:?}");
    assert_eq!(attempt("budi", "salah").await, StatusCode::UNAUTHORIZED, "other names are not held up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_say_what_they_brought_and_an_administrator_lets_them_go_on() {
    let desk = Desk::new().await;
    desk.stage.fake.fault("meta_190", -1);
    desk.stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    desk.stage.worker("w").perform(JobKind::Screen).await.unwrap();
    desk.stage.fake.fault("meta_190", 0);
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    let shown = analyst.page("/sources").await;
    for part in ["TikTok Research API", "Perlu kunci API", "Tidak ada. Semua butir", "<svg viewBox=\"0 0 280 42\""] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    assert!(!shown.contains("/sources/threads/resume"), "only an administrator has the button");
    let refused = analyst.post("/sources/threads/resume", &[]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let admin = desk.sign_in("sari", Role::Admin).await;
    assert!(admin.page("/sources").await.contains("/sources/threads/resume"));
    assert_eq!(admin.post("/sources/tidakada/resume", &[]).await.status(), StatusCode::NOT_FOUND);
    let done = admin.post("/sources/threads/resume", &[]).await;
    assert_eq!(done.headers()[LOCATION], "/sources?done=resumed");
    let event = sisir::store::audit::recent(desk.stage.store(), "source:threads", 1).await.unwrap().remove(0);
    assert!(event.actor.starts_with("user:") && event.detail == "resumed", "{event:?}");
    assert!(!admin.page("/sources").await.contains("/sources/threads/resume"));
}
