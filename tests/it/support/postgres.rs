//! PostgreSQL for tests: the server of SISIR_TEST_POSTGRES_URL, or a private cluster from installed binaries (as another
//! user when we are root: the server refuses to run as root). Each test has its own database.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};

static SERVER: OnceLock<Result<String, String>> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(1);

pub struct Database {
    pub url: String,
}

impl Database {
    pub async fn new() -> Option<Self> {
        let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(find_server).clone()).await.unwrap();
        let base = match server {
            Ok(base) => base,
            Err(why) => {
                super::skip(&format!("PostgreSQL: {why}"));
                return None;
            }
        };
        let name = format!("sisir_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let mut admin = PgConnection::connect(&format!("{base}/postgres")).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        Some(Self { url: format!("{base}/{name}") })
    }
}

/// Address of a server without a database name.
fn find_server() -> Result<String, String> {
    if let Ok(url) = std::env::var("SISIR_TEST_POSTGRES_URL") {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let bin = binaries().ok_or("no SISIR_TEST_POSTGRES_URL and no initdb here; install the package postgresql")?;
    start(&bin)
}

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

/// Starts a cluster that ends itself when this test process is gone.
fn start(bin: &Path) -> Result<String, String> {
    let dir = std::env::temp_dir().join(format!("sisir-pg-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
    let pid = std::process::id();
    let script = format!(
        "set -e; {bin}/initdb -D {dir}/data -U sisir --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null; \
         {bin}/pg_ctl -D {dir}/data -l {dir}/log -o '-p {port} -k {dir} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200' -w start >/dev/null; \
         (while [ -d /proc/{pid} ]; do sleep 1; done; {bin}/pg_ctl -D {dir}/data -m immediate stop; rm -rf {dir}) >/dev/null 2>&1 &",
        bin = bin.display(),
        dir = dir.display(),
    );
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    let mut command = if root {
        let chown = Command::new("chown").arg("postgres").arg(&dir).status();
        if !chown.is_ok_and(|status| status.success()) {
            return Err("we are root and there is no user `postgres` to run the server as".into());
        }
        let mut command = Command::new("su");
        command.args(["postgres", "-s", "/bin/bash", "-c", &script]);
        command
    } else {
        let mut command = Command::new("bash");
        command.args(["-c", &script]);
        command
    };
    // The watcher inherits our streams if we let it, and a test run would wait for it.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(|e| e.to_string())?;
    if status.success() {
        Ok(format!("postgres://sisir@127.0.0.1:{port}"))
    } else {
        Err(format!("initdb or pg_ctl failed in {}", dir.display()))
    }
}
