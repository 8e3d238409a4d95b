//! `sisir backup` and `sisir restore`: a copy of everything, and proof that it can be read back. SQLite copies itself;
//! PostgreSQL has `pg_dump` and `pg_restore`, which have to be installed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{FINE, setup};
use crate::domain::{Clock, Entropy, SystemClock, sha256_hex};
use crate::pipeline::batch::MESSAGE_FILE;
use crate::store::{Store, audit, batches};

#[derive(Debug, clap::Args)]
pub struct BackupOptions {
    /// File to write; beside it `FILE.json` says what is in it
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct RestoreOptions {
    /// File that `sisir backup` wrote, with its `FILE.json` beside it
    file: PathBuf,
    /// Restore into a place that is thrown away, and compare; changes nothing
    #[arg(long)]
    check: bool,
}

/// What a database held. Written beside a backup, and compared after it was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    /// `SQLite` or `PostgreSQL`.
    engine: String,
    /// Version of the schema.
    schema: i64,
    /// Rows by table.
    tables: BTreeMap<String, i64>,
    /// Events of the audit log.
    events: usize,
    /// Hash of the last of them.
    head: String,
    /// Signed packages; the bytes of each are those of its signature.
    signed_packages: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// When, UTC.
    made_at: String,
    /// SHA-256 of the file.
    sha256: String,
    contents: Contents,
}

fn manifest_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

async fn contents(store: &Store) -> anyhow::Result<Contents> {
    let status = store.schema_status().await?;
    let rows = audit::all(store).await?;
    if let Some(seq) = audit::first_break(&rows) {
        bail!("the audit log is broken at event {seq}; `sisir doctor` says more");
    }
    let mut signed_packages = 0;
    for batch in batches::list(store, i64::MAX).await? {
        let Some(signature) = batches::signature(store, batch.id).await? else { continue };
        let message = batches::file(store, batch.id, MESSAGE_FILE).await?;
        let same = message.is_some_and(|message| sha256_hex(&message.bytes) == signature.package_sha256);
        ensure!(same, "the message of {} has other bytes than its signature", batch.code);
        signed_packages += 1;
    }
    Ok(Contents {
        engine: status.engine.to_owned(),
        schema: status.applied,
        tables: store.table_sizes().await?,
        events: rows.len(),
        head: rows.last().map(|row| row.hash.clone()).unwrap_or_default(),
        signed_packages,
    })
}

pub async fn backup(config: Option<&Path>, options: BackupOptions) -> anyhow::Result<ExitCode> {
    let config = setup::configure(config)?;
    let file = &options.file;
    ensure!(!file.exists(), "{} is there already; name another file", file.display());
    let store = setup::store(&config).await?;
    // Made for its owner only, beside the file that it becomes; it goes away by itself when anything fails.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let unfinished = tempfile::NamedTempFile::new_in(folder).with_context(|| format!("{}", folder.display()))?.into_temp_path();
    let path = unfinished.to_str().context("the name of the file is no text")?;
    if !store.copy_to(path).await? {
        pg_tool("pg_dump", &config.database.url, &["--format=custom", "--no-owner", "--file", path])?;
    }
    store.close().await;
    // What is written down is what the copy holds: the database itself may have gone on meanwhile.
    let (store, scratch) = open_copy(&config.database.url, &unfinished).await?;
    let contents = contents(&store).await;
    store.close().await;
    scratch.remove()?;
    let contents = contents?;
    let sha256 = sha256_hex(&std::fs::read(&unfinished)?);
    let made_at = SystemClock.now().utc();
    let manifest = Manifest { made_at, sha256, contents };
    std::fs::write(manifest_of(file), serde_json::to_string_pretty(&manifest)?)?;
    unfinished.persist_noclobber(file).with_context(|| format!("{}", file.display()))?;
    print(&manifest);
    println!("keep both files together, away from this machine; `sisir restore {} --check` reads them back", file.display());
    Ok(FINE)
}

pub async fn restore(config: Option<&Path>, options: RestoreOptions) -> anyhow::Result<ExitCode> {
    let config = setup::configure(config)?;
    let file = &options.file;
    let beside = manifest_of(file);
    let text =
        std::fs::read_to_string(&beside).with_context(|| format!("{} has to stand beside the backup", beside.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| format!("{}", beside.display()))?;
    let found = sha256_hex(&std::fs::read(file).with_context(|| format!("{}", file.display()))?);
    ensure!(
        found == manifest.sha256,
        "{} is not the file that was written: SHA-256 {found}, not {}",
        file.display(),
        manifest.sha256
    );
    let url = &config.database.url;
    let engine = if url.starts_with("sqlite:") { "SQLite" } else { "PostgreSQL" };
    ensure!(
        engine == manifest.contents.engine,
        "the backup is of {}, and the configuration names {engine}",
        manifest.contents.engine
    );
    let (store, scratch) = if options.check { open_copy(url, file).await? } else { (put_back(url, file).await?, Scratch::None) };
    let contents = contents(&store).await;
    store.close().await;
    scratch.remove()?;
    compare(&manifest.contents, &contents?)?;
    print(&manifest);
    println!(
        "{}",
        if options.check { "every table, the audit log and every signed package can be read back" } else { "restored" }
    );
    Ok(FINE)
}

fn compare(written: &Contents, read: &Contents) -> anyhow::Result<()> {
    for (table, rows) in &written.tables {
        let found = read.tables.get(table).copied().unwrap_or(-1);
        ensure!(found == *rows, "table {table}: {rows} rows were written, {found} came back");
    }
    ensure!(written == read, "what came back is not what was written: {written:?}, {read:?}");
    Ok(())
}

fn print(manifest: &Manifest) {
    let contents = &manifest.contents;
    let rows: i64 = contents.tables.values().sum();
    println!("{} of {}, schema version {}", contents.engine, manifest.made_at, contents.schema);
    println!("{rows} rows in {} tables, {} signed packages", contents.tables.len(), contents.signed_packages);
    println!("{} audit events, head {}", contents.events, contents.head);
}

/// The copy in a place of its own.
async fn open_copy(url: &str, file: &Path) -> anyhow::Result<(Store, Scratch)> {
    if url.starts_with("sqlite:") {
        let dir = tempfile::tempdir()?;
        let copy = dir.path().join("copy.db");
        std::fs::copy(file, &copy)?;
        let store = Store::connect(&format!("sqlite:{}", copy.display()), 1, Arc::new(SystemClock)).await?;
        return Ok((store, Scratch::Folder(dir)));
    }
    let token: String = Entropy::from_os().token().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let name = format!("sisir_check_{}", token.to_lowercase());
    let mut address = url::Url::parse(url)?;
    address.set_path(&name);
    pg_tool("createdb", url, &[&name]).context("restoring needs the right to make a database")?;
    let scratch = Scratch::Database { url: url.to_owned(), name };
    let put = pg_tool("pg_restore", address.as_str(), &["--no-owner", "--exit-on-error", file.to_str().unwrap_or_default()]);
    if let Err(error) = put {
        scratch.remove()?;
        return Err(error);
    }
    match Store::connect(address.as_str(), 1, Arc::new(SystemClock)).await {
        Ok(store) => Ok((store, scratch)),
        Err(error) => {
            scratch.remove()?;
            Err(error.into())
        }
    }
}

/// The copy where the configuration says, if nothing is there yet.
async fn put_back(url: &str, file: &Path) -> anyhow::Result<Store> {
    if url.starts_with("sqlite:") {
        let path = Store::file_of(url)?;
        // A write-ahead log of the old database would be played into the new one.
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            let there = PathBuf::from(name);
            ensure!(!there.exists(), "{} is there already; move it away first", there.display());
        }
        std::fs::copy(file, &path)?;
        only_for_its_owner(&path)?;
    } else {
        let store = Store::connect(url, 1, Arc::new(SystemClock)).await?;
        let tables = store.table_sizes().await?;
        store.close().await;
        ensure!(tables.is_empty(), "the database holds {} tables already; restore into an empty one", tables.len());
        pg_tool("pg_restore", url, &["--no-owner", "--exit-on-error", file.to_str().unwrap_or_default()])?;
    }
    Ok(Store::connect(url, 1, Arc::new(SystemClock)).await?)
}

/// What is thrown away after a look.
enum Scratch {
    None,
    Folder(tempfile::TempDir),
    Database { url: String, name: String },
}

impl Scratch {
    fn remove(self) -> anyhow::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Folder(dir) => Ok(dir.close()?),
            Self::Database { url, name } => pg_tool("dropdb", &url, &["--force", &name]),
        }
    }
}

/// Runs a tool of PostgreSQL against the database at `url`. Its password goes by a file that only we can read: arguments
/// and the environment of a process can be seen by others.
fn pg_tool(tool: &str, url: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut address = url::Url::parse(url).context("the address of the database")?;
    let password = percent_encoding::percent_decode_str(address.password().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let _ = address.set_password(None);
    let mut secret = tempfile::NamedTempFile::new()?;
    let mut command = std::process::Command::new(tool);
    // Without one, the user's own `.pgpass` and the like count.
    if !password.is_empty() {
        writeln!(secret, "*:*:*:*:{}", password.replace('\\', "\\\\").replace(':', "\\:"))?;
        command.env("PGPASSFILE", secret.path());
    }
    if tool == "createdb" || tool == "dropdb" {
        command.arg(format!("--maintenance-db={address}"));
    } else {
        command.arg(format!("--dbname={address}"));
    }
    let done = command.args(arguments).output();
    let done =
        done.with_context(|| format!("{tool} cannot be run; install the client programs of PostgreSQL (postgresql-client)"))?;
    ensure!(done.status.success(), "{tool}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}

/// A backup holds personal data.
fn only_for_its_owner(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
