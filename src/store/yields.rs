//! What queries bring, and which of them saw which post.

use std::collections::BTreeMap;

use super::{Ex, Result, WriteTx};
use crate::domain::post::Observation;
use crate::domain::{Millis, Platform};

/// Rows of one statement: two bound values each.
const CHUNK: usize = 1000;

/// What a query brought in some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Yield {
    /// Pages read.
    pub calls: i64,
    /// Posts on them.
    pub posts: i64,
    /// Posts not seen before.
    pub new_posts: i64,
    /// Of these, posts that were flagged and not dismissed.
    pub relevant: i64,
    /// Posting time read for the first time, milliseconds.
    pub covered_ms: i64,
}

/// Adds a page to what is known of a query. `covered_ms`: posting time that is now read and was not before.
pub async fn add(tx: &mut WriteTx, source: &str, query: &str, posts: u64, new_posts: u64, covered_ms: i64) -> Result<()> {
    const SQL: &str = "INSERT INTO query_days (source, query, day, calls, posts, new_posts, covered_ms, asked_at)
        VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
        ON CONFLICT (source, query, day) DO UPDATE SET calls = query_days.calls + 1, posts = query_days.posts + excluded.posts,
        new_posts = query_days.new_posts + excluded.new_posts, covered_ms = query_days.covered_ms + excluded.covered_ms,
        asked_at = excluded.asked_at, failed_at = NULL";
    let now = tx.now();
    let (posts, new_posts) = (i64::try_from(posts).unwrap_or(i64::MAX), i64::try_from(new_posts).unwrap_or(i64::MAX));
    let day = now.utc_day();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(query).bind(day).bind(posts).bind(new_posts).bind(covered_ms).bind(now).execute(ex))?;
    Ok(())
}

/// Notes that a call of a query failed.
pub async fn fail(tx: &mut WriteTx, source: &str, query: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO query_days (source, query, day, calls, asked_at, failed_at) VALUES ($1, $2, $3, 1, $4, $4)
        ON CONFLICT (source, query, day) DO UPDATE SET calls = query_days.calls + 1, asked_at = excluded.asked_at,
        failed_at = excluded.failed_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(source).bind(query).bind(now.utc_day()).bind(now).execute(ex))?;
    Ok(())
}

/// Notes that a query saw these posts, as far as they are kept.
pub async fn saw(tx: &mut WriteTx, source: &str, query: &str, seen: &[Observation]) -> Result<()> {
    let now = tx.now();
    for chunk in seen.chunks(CHUNK) {
        run_as!(&mut *tx, ex: Db => async {
            let mut sql = sqlx::QueryBuilder::<Db>::new("INSERT INTO sightings (post_id, source, query, brought, seen_at) SELECT p.id, ");
            sql.push_bind(source.to_owned()).push(", ").push_bind(query.to_owned());
            sql.push(", NOT EXISTS (SELECT 1 FROM sightings s WHERE s.post_id = p.id), ").push_bind(now);
            // Joined, not `IN`: for that SQLite would read the whole table.
            sql.push(" FROM (");
            sql.push_values(chunk, |mut row, post| {
                row.push_bind(post.platform).push_bind(post.native_id.clone());
            });
            sql.push(") AS seen JOIN posts p ON p.platform = seen.column1 AND p.native_id = seen.column2 WHERE TRUE");
            sql.push(" ON CONFLICT (post_id, source, query) DO NOTHING");
            sql.build().execute(ex).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// What is known of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// What it brought.
    pub brought: Yield,
    /// When it was asked last.
    pub asked_at: Millis,
    /// Whether its last call failed.
    pub failed: bool,
}

/// What the queries of a source brought since `since`.
pub async fn of_source(on: impl Into<Ex<'_>>, source: &str, since: Millis) -> Result<BTreeMap<String, Known>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        query: String,
        asked_at: Millis,
        failed_at: Option<Millis>,
        #[sqlx(flatten)]
        known: Yield,
    }
    const SQL: &str =
        "SELECT d.query, MAX(d.asked_at) AS asked_at, MAX(d.failed_at) AS failed_at, CAST(SUM(d.calls) AS BIGINT) AS calls,
        CAST(SUM(d.posts) AS BIGINT) AS posts, CAST(SUM(d.new_posts) AS BIGINT) AS new_posts,
        CAST(SUM(d.covered_ms) AS BIGINT) AS covered_ms,
        (SELECT COUNT(*) FROM sightings s WHERE s.source = $1 AND s.query = d.query AND s.brought AND s.seen_at >= $3
            AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = s.post_id AND f.state <> 'dismissed')) AS relevant
        FROM query_days d WHERE d.source = $1 AND d.day >= $2 GROUP BY d.query";
    let (day, start) = (since.utc_day(), since.utc_day_start());
    let rows: Vec<Row> = run!(on, ex => sqlx::query_as(SQL).bind(source).bind(day).bind(start).fetch_all(ex))?;
    let known = |row: &Row| Known {
        brought: row.known,
        asked_at: row.asked_at,
        failed: row.failed_at.is_some_and(|at| at >= row.asked_at),
    };
    Ok(rows.into_iter().map(|row| (row.query.clone(), known(&row))).collect())
}

/// How many flagged posts of a platform, not dismissed, first seen since `since`, were seen by exactly so many queries.
pub async fn capture_counts(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(Platform, i64, i64)>> {
    const SQL: &str = "SELECT platform, seen, COUNT(*) FROM (
            SELECT p.platform AS platform, COUNT(*) AS seen FROM sightings s JOIN posts p ON p.id = s.post_id
            WHERE p.first_seen_at >= $1 AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state <> 'dismissed')
            GROUP BY p.id, p.platform) AS counted GROUP BY platform, seen ORDER BY platform, seen";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// How many queries saw posts of a platform since `since`.
pub async fn count_queries(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(Platform, i64)>> {
    const SQL: &str = "SELECT platform, COUNT(*) FROM (SELECT DISTINCT p.platform AS platform, s.source, s.query FROM sightings s
        JOIN posts p ON p.id = s.post_id WHERE p.first_seen_at >= $1) AS asked GROUP BY platform";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}

/// How many posts of a platform were seen by each pair of sources since `since`; a source with itself: all of its posts.
pub async fn overlaps(on: impl Into<Ex<'_>>, since: Millis) -> Result<Vec<(Platform, String, String, i64)>> {
    const SQL: &str =
        "WITH seen AS (SELECT DISTINCT s.post_id, s.source, p.platform FROM sightings s JOIN posts p ON p.id = s.post_id
            WHERE p.first_seen_at >= $1 AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state <> 'dismissed'))
        SELECT a.platform, a.source, b.source, COUNT(*) FROM seen a JOIN seen b ON a.post_id = b.post_id AND a.source <= b.source
        GROUP BY a.platform, a.source, b.source ORDER BY a.platform, a.source, b.source";
    run!(on, ex => sqlx::query_as(SQL).bind(since).fetch_all(ex))
}
