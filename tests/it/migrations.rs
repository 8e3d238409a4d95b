//! Both databases have the same migrations, tables, columns and allowed values; each migration runs on tables with rows.

use std::collections::{BTreeMap, BTreeSet};

use sisir::domain::{
    account, alert, answer, appeal, audit, batch, check, deadline, decision, delivery, flag, job, mail, platform, rule_change,
    source, stage, tip, user,
};
use sqlx::Row as _;

use crate::support::{self, Engine, Stage};

fn versions(engine: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(format!("migrations/{engine}")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sql")).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(versions("sqlite"), versions("postgres"));
    assert!(!versions("sqlite").is_empty());
}

#[test]
fn every_migration_has_sample_rows() {
    for name in versions("sqlite") {
        let sample = format!("fixtures/migrations/{name}");
        assert!(std::path::Path::new(&sample).exists(), "{sample} is missing: rows that the next migration has to cope with");
    }
}

/// The text of all migrations of a database, in order.
fn all(engine: &str) -> String {
    versions(engine).iter().map(|name| std::fs::read_to_string(format!("migrations/{engine}/{name}")).unwrap()).collect()
}

/// Table → columns, from the text of a migration.
fn tables(sql: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut out = BTreeMap::new();
    for part in sql.split("CREATE TABLE ").skip(1) {
        let (name, body) = part.split_once(" (").unwrap();
        let body = body.split("\n);").next().unwrap();
        let columns = body.lines().map(str::trim).filter(|line| !line.starts_with("--")).filter_map(|line| {
            let word = line.split_whitespace().next()?;
            word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()).then(|| word.to_owned())
        });
        out.insert(name.to_owned(), columns.collect());
    }
    out
}

/// `CHECK (column IN ('a', 'b'))` → values, from the text of a migration.
fn allowed(sql: &str, table: &str, column: &str) -> BTreeSet<String> {
    let changed = format!("ADD CONSTRAINT {table}_{column}_check CHECK ({column} IN (");
    let added = format!("ALTER TABLE {table} ADD COLUMN {column} ");
    let check = format!("CHECK ({column} IN (");
    let by_column = || sql.rsplit_once(&added)?.1.split(';').next()?.split_once(check.as_str()).map(|(_, list)| ("", list));
    if let Some((_, list)) = sql.rsplit_once(&changed).or_else(by_column) {
        return list.split(')').next().unwrap().split(',').map(|value| value.trim().trim_matches('\'').to_owned()).collect();
    }
    let body = sql.rsplit(&format!("CREATE TABLE {table} (")).next().unwrap().split("\n);").next().unwrap();
    let list = body
        .split(&format!("CHECK ({column} IN ("))
        .nth(1)
        .unwrap_or_else(|| panic!("{table}.{column}"))
        .split(')')
        .next()
        .unwrap();
    list.split(',').map(|value| value.trim().trim_matches('\'').to_owned()).collect()
}

fn texts<T: std::fmt::Display>(all: &[T]) -> BTreeSet<String> {
    all.iter().map(ToString::to_string).collect()
}

#[test]
fn both_schemas_have_the_same_tables_and_columns() {
    let (sqlite, mut postgres) = (tables(&all("sqlite")), tables(&all("postgres")));
    // The full-text index is a table of another kind in each.
    assert!(all("sqlite").contains("CREATE VIRTUAL TABLE flag_search USING fts5"));
    assert!(postgres.remove("flag_search").is_some());
    assert!(sqlite.len() >= 18, "{:?}", sqlite.keys());
    assert_eq!(sqlite, postgres);
}

#[test]
fn both_schemas_have_the_same_triggers() {
    let names = |sql: &str| -> BTreeSet<String> {
        sql.split("CREATE TRIGGER ").skip(1).map(|part| part.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let sqlite = names(&all("sqlite"));
    assert!(sqlite.len() > 25);
    assert_eq!(sqlite, names(&all("postgres")));
}

#[test]
fn the_schema_allows_exactly_the_values_of_the_types() {
    for sql in [&all("sqlite"), &all("postgres")] {
        let cases: [(&str, &str, BTreeSet<String>); 30] = [
            ("users", "role", texts(user::Role::ALL)),
            ("users", "zone", texts(user::Zone::ALL)),
            ("users", "language", texts(user::Language::ALL)),
            ("posts", "platform", texts(platform::Platform::ALL)),
            ("flags", "priority", texts(flag::Priority::ALL)),
            ("flags", "state", texts(flag::FlagState::ALL)),
            ("flags", "lane", texts(flag::Lane::ALL)),
            ("flags", "actor", texts(flag::Role::ALL)),
            ("decisions", "actor", texts(flag::Role::ALL)),
            ("decisions", "action", texts(decision::FollowUp::ALL)),
            ("decisions", "verdict", texts(decision::Verdict::ALL)),
            ("decisions", "reason", texts(decision::Reason::ALL)),
            ("batches", "kind", texts(batch::BatchKind::ALL)),
            ("batches", "state", texts(batch::BatchState::ALL)),
            ("deliveries", "state", texts(delivery::DeliveryState::ALL)),
            ("attempts", "outcome", texts(delivery::AttemptOutcome::ALL)),
            ("mails", "kind", texts(mail::MailKind::ALL)),
            ("answers", "outcome", texts(answer::Outcome::ALL)),
            ("pauses", "platform", texts(platform::Platform::ALL)),
            ("checks", "outcome", texts(check::CheckOutcome::ALL)),
            ("account_marks", "kind", texts(account::MarkKind::ALL)),
            ("appeal_answers", "outcome", texts(appeal::AppealOutcome::ALL)),
            ("clock_firings", "kind", texts(deadline::ClockKind::ALL)),
            ("mirrored_stages", "stage", texts(stage::Stage::ALL)),
            ("source_states", "state", texts(source::SourceState::ALL)),
            ("tips", "reason", texts(tip::TipReason::ALL)),
            ("rule_changes", "state", texts(rule_change::ChangeState::ALL)),
            ("alerts", "kind", texts(alert::AlertKind::ALL)),
            ("jobs", "kind", texts(job::JobKind::ALL)),
            ("jobs", "state", texts(job::JobState::ALL)),
        ];
        for (table, column, values) in cases {
            assert_eq!(allowed(sql, table, column), values, "{table}.{column}");
        }
    }
    assert!(audit::Action::ALL.len() > 10);
}

/// Sample rows go in after their migration, so that the next one meets tables that are not empty.
#[tokio::test]
async fn each_migration_copes_with_rows_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", dir.path().join("t.db").display());
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    for name in versions("sqlite") {
        for path in [format!("migrations/sqlite/{name}"), format!("fixtures/migrations/{name}")] {
            let sql = std::fs::read_to_string(&path).unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        }
    }
    let rows = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'flag\\_search\\_%' ESCAPE '\\'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let table: String = row.get(0);
        let n: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(&pool).await.unwrap();
        assert!(n > 0, "{table} has no sample row");
    }
    let roles: Vec<String> =
        sqlx::query_scalar("SELECT role FROM users WHERE id IN (1001, 1002) ORDER BY id").fetch_all(&pool).await.unwrap();
    assert_eq!(roles, ["analyst", "approver"], "people keep what they may do");
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&pool).await.unwrap();
    assert!(broken.is_empty());
}

#[tokio::test]
async fn each_migration_copes_with_rows_on_postgres() {
    let Some(database) = support::postgres::Database::new().await else { return };
    let clock = std::sync::Arc::new(sisir::domain::ManualClock::new(support::START));
    let store = sisir::store::Store::connect(&database.url, 2, clock.clone()).await.unwrap();
    let waiting = sisir::store::Store::open(&database.url, 2, clock).await;
    assert!(matches!(waiting, Err(sisir::store::StoreError::Outdated(n)) if n == versions("postgres").len()));
    let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA step").execute(&pool).await.unwrap();
    for name in versions("postgres") {
        for path in [format!("migrations/postgres/{name}"), format!("fixtures/migrations/{name}")] {
            let sql = format!("SET search_path = step; {}", std::fs::read_to_string(&path).unwrap());
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_or_else(|e| panic!("{path}: {e}"));
        }
    }
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_with_both_versions() {
    let stage = Stage::new(Engine::Sqlite).await.unwrap();
    let url = format!("sqlite:{}", stage.dir.path().join("t.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', TRUE, x'00', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let clock = std::sync::Arc::new(sisir::domain::ManualClock::new(support::START));
    let error = sisir::store::Store::open(&url, 1, clock).await.unwrap_err().to_string();
    let known = versions("sqlite").len();
    assert_eq!(error, format!("the database has schema version 99, this program knows up to {known}; install a newer Sisir"));
}
