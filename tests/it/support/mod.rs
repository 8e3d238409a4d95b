//! The stage of every story: a database, fake platforms, a mail sink, a clock that moves when told.

pub mod postgres;
pub mod provider;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sisir::config::{self, Config};
use sisir::domain::user::{Role, User};
use sisir::domain::{Clock, Entropy, ManualClock, Millis, sha256_hex};
use sisir::jobs::Worker;
use sisir::mail::{MailSink, Transport};
use sisir::pipeline::{NoCheckpoints, Pipeline, rule_packs, users};
use sisir::platforms::fake::{FakePlatforms, FakePost, PAGES, made_up_everywhere, page_id};
use sisir::store::{self, Store};
use tokio_util::sync::CancellationToken;

/// A Friday morning in Jakarta.
pub const START: Millis = Millis::from_secs(1_795_136_400);

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Says why a test cannot run here. CI turns the line into a failure.
pub fn skip(why: &str) {
    println!("skipped: {why}");
    eprintln!("skipped: {why}");
}

pub fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub struct Stage {
    pub pipeline: Pipeline,
    pub fake: FakePlatforms,
    pub sink: MailSink,
    pub clock: Arc<ManualClock>,
    pub dir: tempfile::TempDir,
    stop: CancellationToken,
    _database: Option<postgres::Database>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Stage {
    /// A stage on `engine`, or None (with the reason printed) where that database cannot be had.
    pub async fn new(engine: Engine) -> Option<Self> {
        Self::with(engine, made_up_everywhere(START), START).await
    }

    /// The same with posts of one's own, at another time.
    pub async fn with(engine: Engine, posts: Vec<FakePost>, start: Millis) -> Option<Self> {
        crypto();
        let dir = tempfile::tempdir().unwrap();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(postgres::Database::new().await?),
        };
        let url = database.as_ref().map_or_else(|| format!("sqlite:{}", dir.path().join("t.db").display()), |d| d.url.clone());
        let clock = Arc::new(ManualClock::new(start));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let stop = CancellationToken::new();
        let fake = FakePlatforms::new(posts, Arc::clone(&shared));
        let platforms = fake.clone().serve(([127, 0, 0, 1], 0).into(), stop.clone()).await.unwrap();
        let sink = MailSink::new(&dir.path().join("mails")).unwrap();
        let mail = sink.clone().serve(stop.clone()).await.unwrap();
        let text = configuration(&url, &platforms.to_string(), mail.port());
        let config = config::parse("test", &text, []).unwrap_or_else(|e| panic!("{e}"));
        let pipeline = pipeline(config, shared).await;
        Some(Self { pipeline, fake, sink, clock, dir, stop, _database: database })
    }

    pub fn store(&self) -> &Store {
        &self.pipeline.store
    }

    pub fn mail_dir(&self) -> PathBuf {
        self.dir.path().join("mails")
    }

    pub fn worker(&self, name: &str) -> Worker {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let config = &self.pipeline.config;
        Worker {
            sources: sisir::platforms::sources(config, &clock, &self.pipeline.entropy).unwrap(),
            oembed: sisir::platforms::oembed(config, &self.pipeline.entropy).unwrap(),
            transport: Transport::new(&config.mail),
            pipeline: self.pipeline.clone(),
            name: name.into(),
        }
    }

    pub async fn person(&self, name: &str, role: Role) -> User {
        users::add(&self.pipeline, name, role, false, "kata-sandi-uji").await.unwrap();
        store::users::by_name(self.store(), name).await.unwrap().unwrap()
    }

    pub fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// What a page about this flag shows now.
    pub async fn seen(&self, id: sisir::domain::ids::FlagId) -> store::decisions::Seen {
        store::decisions::seen(self.store(), id).await.unwrap()
    }

    /// Messages the sink has kept.
    pub fn mails(&self) -> Vec<PathBuf> {
        let mut mails: Vec<PathBuf> = std::fs::read_dir(self.mail_dir()).unwrap().map(|e| e.unwrap().path()).collect();
        mails.retain(|path| path.extension().is_some_and(|e| e == "eml"));
        mails.sort();
        mails
    }
}

impl Stage {
    /// A colleague reads every upheld post that waits for a second analyst, and agrees.
    pub async fn second_all(&self) {
        let colleague = match sisir::store::users::by_name(self.store(), "rekan").await.unwrap() {
            Some(user) => user,
            None => self.person("rekan", sisir::domain::user::Role::Analyst).await,
        };
        let waiting = sisir::store::queue::Filter { state: "second".into(), ..Default::default() };
        for card in sisir::store::queue::list(self.store(), &waiting, self.pipeline.clock().now(), 1000, None).await.unwrap() {
            sisir::pipeline::review::agree(&self.pipeline, &colleague, card.id, &self.seen(card.id).await).await.unwrap();
        }
    }
}

async fn pipeline(config: Config, clock: Arc<dyn Clock>) -> Pipeline {
    let store = Store::connect(&config.database.url, 4, clock).await.unwrap();
    store.migrate().await.unwrap();
    let rules = sisir::rules::load(&rule_packs::configured(&config, &store).await.unwrap()).rule_set.unwrap();
    Pipeline {
        store,
        config: Arc::new(config),
        rules_in_use: Arc::new(sisir::pipeline::RulesInUse::new(rules)),
        entropy: Arc::new(Entropy::seeded(1)),
        checkpoints: Arc::new(NoCheckpoints),
    }
}

pub fn configuration(url: &str, platforms: &str, mail_port: u16) -> String {
    format!(
        r#"
[database]
url = {url:?}
[metrics]
listen = ""
[desk]
contact_key = "kunci-uji-yang-cukup-panjang-sekali"
[retry]
base_ms = 1
cap_ms = 5
tries = 3
[sources.tiktok_research]
mode = "fake"
base_url = "http://{platforms}"
client_key = "uji"
client_secret = "uji"
page_size = 10
in_packages = true
days = 4
requests_per_minute = 600000
[sources.tiktok_oembed]
mode = "fake"
base_url = "http://{platforms}"
requests_per_minute = 600000
[sources.threads]
mode = "fake"
base_url = "http://{platforms}/v1.0"
access_token = "THuji"
page_size = 10
days = 3
requests_per_minute = 600000
[sources.instagram]
base_url = "http://{platforms}/v26.0"
user_id = "17841400000000001"
access_token = "EAABuji"
app_secret = "rahasia-uji"
tags = ["thrifting", "balimpor", "preloved", "hiddengem"]
requests_per_minute = 600000
[sources.facebook]
base_url = "http://{platforms}/v26.0"
access_token = "EAABuji"
app_secret = "rahasia-uji"
app_id = "1234567890"
pages = {pages:?}
requests_per_minute = 600000
[sources.short_links]
base_url = "http://{platforms}"
requests_per_minute = 600000
[sources.jetstream]
base_url = "ws://{platforms}"
idle_seconds = 1
[sources.x]
base_url = "http://{platforms}"
bearer_token = "XFuji"
daily_posts = 10000
requests_per_minute = 600000
[sources.youtube]
base_url = "http://{platforms}/youtube/v3"
api_key = "kunci-uji"
requests_per_minute = 600000
[sources.bluesky]
base_url = "http://{platforms}"
identifier = "sisir.contoh"
app_password = "sandi-uji"
requests_per_minute = 600000
[sources.mastodon]
instances = ["http://{platforms}"]
requests_per_minute = 600000
[mail]
host = "127.0.0.1"
port = {mail_port}
security = "none"
[recipients.tiktok]
email = "permintaan@tiktok.contoh.id"
verified_on = "2026-11-02"
[recipients.threads]
email = "permintaan@threads.contoh.id"
verified_on = "2026-11-02"
"#,
        pages = PAGES.map(page_id),
    )
}

/// The hash of a file's bytes.
pub fn hash_of(path: &std::path::Path) -> String {
    sha256_hex(&std::fs::read(path).unwrap())
}

/// Runs a test body on both databases.
#[macro_export]
macro_rules! on_both {
    ($($name:ident => $body:path),+ $(,)?) => {$(
        mod $name {
            use super::*;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let stage = $crate::support::Stage::new($crate::support::Engine::Sqlite).await.unwrap();
                $body(&stage).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(stage) = $crate::support::Stage::new($crate::support::Engine::Postgres).await else { return };
                $body(&stage).await;
            }
        }
    )+};
}
