//! `kill -9` in the middle of a crawl, at one request after the other, on both databases: the next run brings what is
//! left, every post once, and no request is forgotten.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use sisir::domain::{Clock, SystemClock};
use sisir::platforms::fake::{FakePlatforms, made_up_everywhere};
use sisir::store::{Store, posts};
use tokio_util::sync::CancellationToken;

use crate::support::{self, Engine, postgres};

/// Id → text of what is stored.
async fn stored(url: &str) -> BTreeMap<String, String> {
    let store = Store::connect(url, 2, Arc::new(SystemClock)).await.unwrap();
    let all = posts::all(&store).await.unwrap();
    let count = all.len();
    let map: BTreeMap<String, String> =
        all.into_iter().map(|post| (format!("{} {}", post.platform, post.native_id), post.text)).collect();
    assert_eq!(map.len(), count, "a post stands twice");
    let used: i64 = sisir::store::crawl::quota_since(&store, "2000-01-01").await.unwrap().iter().map(|(.., used)| used).sum();
    assert!(used > 0);
    store.close().await;
    map
}

struct Place {
    _dir: tempfile::TempDir,
    _database: Option<postgres::Database>,
    url: String,
    config: std::path::PathBuf,
}

/// An empty database, and a configuration that reads the fake platforms into it.
async fn place(engine: Engine, platforms: &str) -> Option<Place> {
    let dir = tempfile::tempdir().unwrap();
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(postgres::Database::new().await?),
    };
    let url = database.as_ref().map_or_else(|| format!("sqlite:{}", dir.path().join("t.db").display()), |d| d.url.clone());
    let mut text = support::configuration(&url, platforms, 1);
    for source in ["youtube", "bluesky", "jetstream"] {
        text = text.replace(&format!("[sources.{source}]\n"), &format!("[sources.{source}]\nmode = \"fake\"\n"));
    }
    // Small pages, so that there is much to be cut.
    text = text.replace("page_size = 10", "page_size = 2");
    let config = dir.path().join("config.toml");
    std::fs::write(&config, text).unwrap();
    let migrated =
        Command::new(env!("CARGO_BIN_EXE_sisir")).args(["--config"]).arg(&config).args(["db", "migrate"]).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    Some(Place { _dir: dir, _database: database, url, config })
}

fn crawl(place: &Place) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sisir"))
        .arg("--config")
        .arg(&place.config)
        .args(["run", "crawl"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn finish(mut child: Child) -> bool {
    tokio::task::spawn_blocking(move || child.wait().unwrap().success()).await.unwrap()
}

async fn killed_at_any_request_nothing_is_lost(engine: Engine) {
    support::crypto();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fake = FakePlatforms::new(made_up_everywhere(clock.now()), Arc::clone(&clock));
    let stop = CancellationToken::new();
    let address = fake.clone().serve(([127, 0, 0, 1], 0).into(), stop.clone()).await.unwrap().to_string();
    let Some(whole) = place(engine, &address).await else { return };
    assert!(finish(crawl(&whole)).await);
    let (expected, requests) = (stored(&whole.url).await, *fake.watch().borrow());
    assert!(expected.len() > 100 && requests > 60, "{} posts, {requests} requests", expected.len());

    for cut in (1..requests).step_by(requests.div_ceil(8)) {
        let place = place(engine, &address).await.unwrap();
        let mut asked = fake.watch();
        let until = *asked.borrow_and_update() + cut;
        let mut child = crawl(&place);
        asked.wait_for(|asked| *asked >= until).await.unwrap();
        child.kill().unwrap();
        assert!(!finish(child).await, "it was killed at request {cut}");
        assert!(finish(crawl(&place)).await, "the run after a kill at request {cut}");
        assert_eq!(stored(&place.url).await, expected, "after a kill at request {cut} of {requests}");
    }
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    killed_at_any_request_nothing_is_lost(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    killed_at_any_request_nothing_is_lost(Engine::Postgres).await;
}
