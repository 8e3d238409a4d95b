//! Posts.

use std::collections::BTreeMap;

use super::{Ex, Result, WriteTx, retention};
use crate::domain::ids::PostId;
use crate::domain::post::{Observation, Post, id_sha256, storable};
use crate::domain::{Millis, sha256_hex};

/// Rows of one statement. SQLite allows 32,766 bound values; a row has ten.
const CHUNK: usize = 1000;

/// The source of posts that a person brought.
pub const IMPORT: &str = "import";
/// The source of posts that the public or an association reported.
pub const TIP: &str = "tip";

/// What became of some observations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Upserted {
    /// Not seen before.
    pub new: u64,
    /// Known already; text and counters are refreshed.
    pub known: u64,
}

/// Stores observations. One seen twice in `observations` counts once, the later wins. A known post whose text
/// changed is screened again. What a platform says of author and address replaces what a person brought; the source of a
/// post is where its text came from.
pub async fn upsert(tx: &mut WriteTx, source: &str, observations: &[Observation]) -> Result<Upserted> {
    let mut unique: BTreeMap<(&str, &str), &Observation> = BTreeMap::new();
    for seen in observations {
        // The last sight counts, but one without the text takes nothing away.
        let place = unique.entry((seen.platform.as_str(), seen.native_id.as_str())).or_insert(seen);
        if !seen.text.is_empty() || place.text.is_empty() {
            *place = seen;
        }
    }
    let unique: Vec<&Observation> = unique.into_values().collect();
    let mut done = Upserted::default();
    for chunk in unique.chunks(CHUNK) {
        let (chunk, forgotten) = without_forgotten(tx, source, chunk).await?;
        done.known += forgotten;
        if chunk.is_empty() {
            continue;
        }
        let chunk = chunk.as_slice();
        let new = insert_missing(tx, source, chunk).await?;
        let known = u64::try_from(chunk.len()).unwrap_or(0).saturating_sub(new);
        if known > 0 {
            refresh(tx, source, chunk).await?;
        }
        done.new += new;
        done.known += known;
    }
    Ok(done)
}

/// Posts that were deleted when their time had come stay deleted, unless a person brings them.
async fn without_forgotten<'a>(tx: &mut WriteTx, source: &str, chunk: &[&'a Observation]) -> Result<(Vec<&'a Observation>, u64)> {
    let forgotten = retention::forgotten(tx, chunk).await?;
    if forgotten.is_empty() {
        return Ok((chunk.to_vec(), 0));
    }
    if matches!(source, IMPORT | TIP) {
        retention::remember(tx, &forgotten).await?;
        return Ok((chunk.to_vec(), 0));
    }
    let kept = chunk.iter().copied().filter(|seen| !forgotten.contains(&id_sha256(seen.platform, &seen.native_id)));
    Ok((kept.collect(), forgotten.len() as u64))
}

macro_rules! push_rows {
    ($db:ident, $source:expr, $now:expr, $chunk:expr, $conflict:expr) => {{
        let mut query = sqlx::QueryBuilder::<$db>::new(
            "INSERT INTO posts (platform, native_id, url, author, text, text_sha256, posted_at, first_seen_at, views, source) ",
        );
        query.push_values($chunk, |mut row, seen| {
            row.push_bind(seen.platform)
                .push_bind(storable(&seen.native_id))
                .push_bind(storable(&seen.url))
                .push_bind(storable(&seen.author))
                .push_bind(storable(&seen.text))
                .push_bind(sha256_hex(storable(&seen.text).as_bytes()))
                .push_bind(seen.posted_at)
                .push_bind($now)
                .push_bind(seen.views)
                .push_bind($source.to_owned());
        });
        query.push($conflict);
        query
    }};
}

async fn insert_missing(tx: &mut WriteTx, source: &str, chunk: &[&Observation]) -> Result<u64> {
    let now = tx.now();
    let done = run_as!(tx, ex: Db => async {
        let mut query = push_rows!(Db, source, now, chunk, " ON CONFLICT (platform, native_id) DO NOTHING");
        query.build().execute(ex).await.map(|done| done.rows_affected())
    })?;
    Ok(done)
}

async fn refresh(tx: &mut WriteTx, source: &str, chunk: &[&Observation]) -> Result<()> {
    const CONFLICT: &str = " ON CONFLICT (platform, native_id) DO UPDATE SET
        screened_by = CASE WHEN excluded.text <> '' AND excluded.text <> posts.text THEN NULL ELSE posts.screened_by END,
        text = CASE WHEN excluded.text <> '' THEN excluded.text ELSE posts.text END,
        text_sha256 = CASE WHEN excluded.text <> '' THEN excluded.text_sha256 ELSE posts.text_sha256 END,
        author = CASE WHEN posts.source IN ('tip', 'import') AND excluded.source NOT IN ('tip', 'import') AND excluded.author <> ''
            THEN excluded.author ELSE posts.author END,
        url = CASE WHEN posts.source IN ('tip', 'import') AND excluded.source NOT IN ('tip', 'import') AND excluded.url <> ''
            THEN excluded.url ELSE posts.url END,
        source = CASE WHEN posts.text = '' AND excluded.text <> '' THEN excluded.source ELSE posts.source END,
        refreshed_at = CASE WHEN excluded.source IN ('tip', 'import') THEN posts.refreshed_at ELSE excluded.first_seen_at END, views = COALESCE(excluded.views, posts.views),
        posted_at = COALESCE(posts.posted_at, excluded.posted_at)";
    let now = tx.now();
    run_as!(tx, ex: Db => async {
        let mut query = push_rows!(Db, source, now, chunk, CONFLICT);
        query.build().execute(ex).await.map(|_| ())
    })
}

const SELECT: &str = "SELECT id, platform, native_id, url, author, text, posted_at, first_seen_at, views, source FROM posts";

/// One post.
pub async fn get(on: impl Into<Ex<'_>>, id: PostId) -> Result<Option<Post>> {
    const SQL: &str =
        "SELECT id, platform, native_id, url, author, text, posted_at, first_seen_at, views, source FROM posts WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// A post's views by UTC day (days since 1970), oldest first.
pub async fn views(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<(i64, i64)>> {
    run!(on, ex => sqlx::query_as("SELECT day, views FROM post_views WHERE post_id = $1 ORDER BY day").bind(post).fetch_all(ex))
}

/// Takes posts with text that `rule_set` has not read yet, oldest row first. On PostgreSQL the rows are locked until
/// the transaction ends: a crawl that changes their text waits, and another worker takes other rows.
pub async fn take_unscreened(tx: &mut WriteTx, rule_set: &str, limit: i64) -> Result<Vec<Post>> {
    const LITE: &str = "SELECT id, platform, native_id, url, author, text, posted_at, first_seen_at, views, source FROM posts
        WHERE text <> '' AND (screened_by IS NULL OR screened_by <> $1) ORDER BY id LIMIT $2";
    const PG: &str = "SELECT id, platform, native_id, url, author, text, posted_at, first_seen_at, views, source FROM posts
        WHERE text <> '' AND (screened_by IS NULL OR screened_by <> $1) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED";
    let sql = if tx.is_postgres() { PG } else { LITE };
    run!(tx, ex => sqlx::query_as(sql).bind(rule_set).bind(limit).fetch_all(ex))
}

/// How many posts `rule_set` has not read yet.
pub async fn count_unscreened(on: impl Into<Ex<'_>>, rule_set: &str) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM posts WHERE text <> '' AND (screened_by IS NULL OR screened_by <> $1)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(rule_set).fetch_one(ex))
}

/// Marks posts as read by `rule_set`.
pub async fn mark_screened(tx: &mut WriteTx, rule_set: &str, ids: &[PostId]) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        run_as!(&mut *tx, ex: Db => async {
            let mut query = sqlx::QueryBuilder::<Db>::new("UPDATE posts SET screened_by = ");
            query.push_bind(rule_set.to_owned()).push(" WHERE id IN (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(*id);
            }
            list.push_unseparated(")");
            query.build().execute(ex).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// How many posts there are.
pub async fn count(on: impl Into<Ex<'_>>) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) FROM posts").fetch_one(ex))
}

/// How many posts have an address but no text, and so cannot be screened.
pub async fn count_without_text(on: impl Into<Ex<'_>>) -> Result<i64> {
    run!(on, ex => sqlx::query_scalar("SELECT COUNT(*) FROM posts WHERE text = '' AND url <> ''").fetch_one(ex))
}

/// Tries to fill in the text of one address.
const MAX_LOOKUPS: i32 = 5;

/// Posts with an address but no text whose next look-up is due: at once, then each day, five times in all.
pub async fn without_text(
    on: impl Into<Ex<'_>>,
    platform: crate::domain::Platform,
    now: Millis,
    limit: i64,
) -> Result<Vec<Post>> {
    const SQL: &str = "SELECT id, platform, native_id, url, author, text, posted_at, first_seen_at, views, source FROM posts
        WHERE text = '' AND url <> '' AND platform = $1 AND lookups < $2 AND (looked_up_at IS NULL OR looked_up_at <= $3) ORDER BY lookups, id LIMIT $4";
    let before = now.minus(std::time::Duration::from_hours(24));
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(MAX_LOOKUPS).bind(before).bind(limit).fetch_all(ex))
}

/// Notes that a look-up brought nothing.
pub async fn missed(tx: &mut WriteTx, id: PostId) -> Result<()> {
    const SQL: &str = "UPDATE posts SET lookups = lookups + 1, looked_up_at = $2 WHERE id = $1";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(now).execute(ex))?;
    Ok(())
}

/// Notes that a post was looked at and is as it was.
pub async fn refreshed(tx: &mut WriteTx, id: PostId) -> Result<()> {
    let now = tx.now();
    exec!(tx, ex => sqlx::query("UPDATE posts SET refreshed_at = $2 WHERE id = $1").bind(id).bind(now).execute(ex))?;
    Ok(())
}

/// Fills in what an address alone did not tell. False if there is a text already, or the post was emptied.
pub async fn fill_text(tx: &mut WriteTx, id: PostId, text: &str, author: &str) -> Result<bool> {
    const SQL: &str =
        "UPDATE posts SET text = $1, text_sha256 = $4, author = CASE WHEN $2 <> '' THEN $2 ELSE author END, screened_by = NULL
        WHERE id = $3 AND text = '' AND text_sha256 <> ''";
    let text = storable(text);
    let author = storable(author);
    let done = exec!(tx, ex => sqlx::query(SQL).bind(&text).bind(author).bind(id).bind(sha256_hex(text.as_bytes())).execute(ex))?;
    Ok(done == 1)
}

/// Every post, by id; for tests and exports of small stores.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<Post>> {
    run!(on, ex => sqlx::query_as(SELECT).fetch_all(ex))
}
