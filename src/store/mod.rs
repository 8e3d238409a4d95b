//! The database: SQLite (embedded, made on first use) or PostgreSQL, from the same statements.
//!
//! Two native pools behind one enum; each statement is written once and expanded for both (`run!`).
//! [`Store::write_tx`] is the only way to write: `BEGIN IMMEDIATE` on SQLite, and an [`AuditEvent`] to commit.

#[macro_use]
mod exec;

/// What may keep a post `p` with its flag `f` out of letters at a moment: see [`flags::HeldBy`].
macro_rules! held_by {
    ($now:literal) => {
        concat!(
            "CASE WHEN EXISTS (SELECT 1 FROM sightings s WHERE s.post_id = p.id AND s.source NOT IN (p.source, 'tip')) THEN '' ELSE p.source END AS only_source,
            EXISTS (SELECT 1 FROM account_marks m WHERE m.platform = p.platform AND LOWER(m.handle) = LOWER(p.author) AND m.kind = 'exempt' AND m.ended_at IS NULL
                AND m.until > ",
            $now,
            ") AS exempt,
            EXISTS (SELECT 1 FROM account_marks m WHERE m.platform = p.platform AND LOWER(m.handle) = LOWER(p.author) AND m.kind = 'hold' AND m.ended_at IS NULL
                AND m.until > ",
            $now,
            ") AS on_hold,
            EXISTS (SELECT 1 FROM appeals a WHERE a.flag_id = f.id AND NOT EXISTS (SELECT 1 FROM appeal_answers n WHERE n.appeal_id = a.id)) AS appealed"
        )
    };
}

pub mod accounts;
pub mod alerts;
pub mod alike;
pub mod answers;
pub mod api;
pub mod appeals;
pub mod audit;
pub mod backtest;
pub mod batches;
pub mod bulks;
pub mod captures;
pub mod checks;
pub mod clocks;
pub mod column_maps;
pub mod corrections;
pub mod crawl;
pub mod decisions;
pub mod figures;
pub mod flags;
pub mod jobs;
pub mod letters;
pub mod mails;
pub mod named_queues;
pub mod oidc;
pub mod outbox;
pub mod pauses;
pub mod posts;
pub mod public_reports;
pub mod quality;
pub mod queue;
pub mod radar;
pub mod recall;
pub mod retention;
pub mod reuploads;
pub mod rule_changes;
pub mod rule_hits;
pub mod screenshots;
pub mod short_links;
pub mod tips;
pub mod users;
pub mod webhooks;
pub mod yields;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};

pub use exec::Ex;
use exec::TxInner;

use crate::domain::audit::AuditEvent;
use crate::domain::{Clock, Entropy, Millis};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database schema: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database was made by a newer program.
    #[error("the database has schema version {found}, this program knows up to {known}; install a newer Sisir")]
    TooNew {
        /// Newest version applied.
        found: i64,
        /// Newest version in this program.
        known: i64,
    },
    /// The schema is older than the program and is not updated by itself (PostgreSQL).
    #[error("the database has {0} schema changes waiting; run `sisir db migrate`")]
    Outdated(usize),
    /// The address cannot be understood.
    #[error("database address: {0}")]
    Address(String),
    /// A row that must exist does not.
    #[error("{0} is not there")]
    NotFound(String),
    /// Someone else changed the row first, or a rule of the schema forbids the change.
    #[error("{0}")]
    Refused(String),
}

impl StoreError {
    /// True when the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed) => true,
            // 5/517 SQLite busy; 40001/40P01/55P03 PostgreSQL serialisation, deadlock, lock not available.
            Self::Database(sqlx::Error::Database(error)) => {
                matches!(error.code().as_deref(), Some("5" | "517" | "40001" | "40P01" | "55P03"))
            }
            _ => false,
        }
    }

    /// Turns what the schema forbids (keys, checks, triggers) into [`StoreError::Refused`] with the schema's words.
    fn classify(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                let trigger = matches!(db.code().as_deref(), Some("1811" | "P0001"));
                if trigger {
                    return Self::Refused(db.message().to_owned());
                }
                if db.is_unique_violation() || db.is_foreign_key_violation() || db.is_check_violation() {
                    return Self::Refused(format!("the schema forbids it: {}", db.message()));
                }
                Self::Database(error)
            }
            _ => Self::Database(error),
        }
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, Clone)]
enum Db {
    Lite(SqlitePool),
    Pg(PgPool),
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
    clock: Arc<dyn Clock>,
    /// Seals the parts of audit events.
    salts: Arc<Entropy>,
}

/// A transaction that writes. Dropped without a commit, it changes nothing.
#[derive(Debug)]
pub struct WriteTx {
    inner: TxInner,
    events: Vec<AuditEvent>,
    now: Millis,
    salts: Arc<Entropy>,
}

/// State of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaStatus {
    /// `SQLite` or `PostgreSQL`.
    pub engine: &'static str,
    /// Newest version applied, 0 when empty.
    pub applied: i64,
    /// Newest version in this program.
    pub known: i64,
    /// Versions waiting.
    pub pending: usize,
}

impl Store {
    /// Connects. SQLite files are made and brought up to date; PostgreSQL must be up to date already.
    ///
    /// # Errors
    /// The address is wrong, the server does not answer, or the schema does not fit (see [`StoreError`]).
    pub async fn open(url: &str, pool: u32, clock: Arc<dyn Clock>) -> Result<Self> {
        let store = Self::connect(url, pool, clock).await?;
        let status = store.schema_status().await?;
        if status.applied > status.known {
            return Err(StoreError::TooNew { found: status.applied, known: status.known });
        }
        match store.db {
            Db::Lite(_) if status.pending > 0 => store.migrate().await?,
            Db::Pg(_) if status.pending > 0 => return Err(StoreError::Outdated(status.pending)),
            _ => {}
        }
        Ok(store)
    }

    /// The file of an SQLite address.
    pub fn file_of(url: &str) -> Result<PathBuf> {
        let options = SqliteConnectOptions::from_str(url).map_err(|error| StoreError::Address(error.to_string()))?;
        Ok(options.get_filename().to_owned())
    }

    /// Connects without looking at the schema.
    pub async fn connect(url: &str, pool: u32, clock: Arc<dyn Clock>) -> Result<Self> {
        let db = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|error| StoreError::Address(error.to_string()))?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // FULL: what was committed survives a power cut, or a message could be sent twice.
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                // Deleted text is overwritten in the file.
                .pragma("secure_delete", "ON")
                // 32 MB a connection instead of 2: large bulks touch many pages of many indexes.
                .pragma("cache_size", "-32768")
                .busy_timeout(Duration::from_secs(10))
                .disable_statement_logging();
            Db::Lite(SqlitePoolOptions::new().max_connections(pool).connect_with(options).await?)
        } else {
            let options = PgConnectOptions::from_str(url)
                .map_err(|error| StoreError::Address(error.to_string()))?
                .disable_statement_logging();
            let pools = PgPoolOptions::new().max_connections(pool).acquire_timeout(Duration::from_secs(10));
            Db::Pg(pools.connect_with(options).await?)
        };
        Ok(Self { db, clock, salts: Arc::new(Entropy::from_os()) })
    }

    /// Brings the schema up to date. Safe to call from several processes at once.
    pub async fn migrate(&self) -> Result<()> {
        match &self.db {
            // There is no migration lock on SQLite: whoever comes second finds the tables made and tries again.
            Db::Lite(pool) => match SQLITE_MIGRATIONS.run(pool).await {
                Ok(()) => Ok(()),
                Err(_) => Ok(SQLITE_MIGRATIONS.run(pool).await?),
            },
            Db::Pg(pool) => Ok(POSTGRES_MIGRATIONS.run(pool).await?),
        }
    }

    /// Compares the schema with this program.
    pub async fn schema_status(&self) -> Result<SchemaStatus> {
        let (engine, migrator) = match self.db {
            Db::Lite(_) => ("SQLite", &SQLITE_MIGRATIONS),
            Db::Pg(_) => ("PostgreSQL", &POSTGRES_MIGRATIONS),
        };
        const TABLE: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let applied: Vec<i64> = run!(self, ex => sqlx::query_scalar(TABLE).fetch_all(ex)).unwrap_or_default();
        let known: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
        Ok(SchemaStatus {
            engine,
            applied: applied.last().copied().unwrap_or(0),
            known: known.last().copied().unwrap_or(0),
            pending: known.iter().filter(|version| !applied.contains(version)).count(),
        })
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<()> {
        exec!(self, ex => sqlx::query("SELECT 1").execute(ex))?;
        Ok(())
    }

    /// Begins the only kind of transaction that can write. On SQLite it takes the write lock at once: a
    /// transaction that reads first and then asks for the lock fails under load.
    #[expect(clippy::disallowed_methods, reason = "the one place that begins transactions")]
    pub async fn write_tx(&self) -> Result<WriteTx> {
        let inner = match &self.db {
            Db::Lite(pool) => TxInner::Lite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Db::Pg(pool) => TxInner::Pg(pool.begin().await?),
        };
        Ok(WriteTx { inner, events: Vec::new(), now: self.clock.now(), salts: Arc::clone(&self.salts) })
    }

    /// The clock that stamps every row.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Clears the write-ahead log of SQLite, where deleted text would stand until it is overwritten. PostgreSQL does
    /// such housekeeping by itself (autovacuum).
    pub async fn clear_log(&self) -> Result<()> {
        if let Db::Lite(pool) = &self.db {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await?;
            // Fresh statistics where tables have grown: the queue's indexes are chosen by them.
            sqlx::query("PRAGMA optimize").execute(pool).await?;
        }
        Ok(())
    }

    /// Number of rows of every table, by name.
    pub async fn table_sizes(&self) -> Result<BTreeMap<String, i64>> {
        const LITE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
            AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'flag_search%' ORDER BY name";
        const PG: &str = "SELECT table_name::TEXT FROM information_schema.tables
            WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'flag_search' ORDER BY 1";
        let names: Vec<String> = match &self.db {
            Db::Lite(_) => run!(self, ex => sqlx::query_scalar(LITE).fetch_all(ex))?,
            Db::Pg(_) => run!(self, ex => sqlx::query_scalar(PG).fetch_all(ex))?,
        };
        let mut sizes = BTreeMap::new();
        for name in names {
            // The name comes from the database's own catalogue.
            let sql = format!("SELECT COUNT(*) FROM \"{name}\"");
            let rows: i64 = run!(self, ex => sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone())).fetch_one(ex))?;
            sizes.insert(name, rows);
        }
        Ok(sizes)
    }

    /// Writes a copy of an SQLite database while others work with it. False on PostgreSQL, which has a tool of its own.
    pub async fn copy_to(&self, file: &str) -> Result<bool> {
        match &self.db {
            Db::Lite(pool) => {
                sqlx::query("VACUUM INTO $1").bind(file).execute(pool).await.map(|_| true).map_err(StoreError::from)
            }
            Db::Pg(_) => Ok(false),
        }
    }

    /// Lets go of every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Lite(pool) => pool.close().await,
            Db::Pg(pool) => pool.close().await,
        }
    }
}

impl WriteTx {
    /// The moment at which the transaction began: one for all its rows.
    pub const fn now(&self) -> Millis {
        self.now
    }

    /// True where `FOR UPDATE` exists.
    const fn is_postgres(&self) -> bool {
        matches!(self.inner, TxInner::Pg(_))
    }

    /// Adds an event besides the one of [`WriteTx::commit`].
    pub fn note(&mut self, event: AuditEvent) {
        self.events.push(event);
    }

    /// Writes the audit events at the end of the chain and commits.
    pub async fn commit(mut self, event: AuditEvent) -> Result<()> {
        self.events.push(event);
        let events = std::mem::take(&mut self.events);
        audit::append(&mut self, &events).await?;
        self.finish().await
    }

    /// Commits without an audit event: only for what leaves no trace in the product (leases, heartbeats, sessions).
    pub async fn commit_housekeeping(self) -> Result<()> {
        self.finish().await
    }

    async fn finish(self) -> Result<()> {
        match self.inner {
            TxInner::Lite(tx) => tx.commit().await,
            TxInner::Pg(tx) => tx.commit().await,
        }
        .map_err(StoreError::classify)
    }
}
