//! Deleting what is no longer needed. Decisions, packages, signatures and the audit log stay: the schema protects them.

use std::collections::BTreeSet;

use sqlx::types::Json;

use super::{Ex, Result, WriteTx, captures, checks, screenshots, tips};
use crate::domain::check::CheckOutcome;
use crate::domain::flag::Finding;
use crate::domain::ids::PostId;
use crate::domain::post::{Observation, id_sha256};
use crate::domain::{Millis, Platform, sha256_hex};

/// Days that counts of queries and read windows are kept.
const COUNTS_DAYS: i64 = 90;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// Days that a bulk waits for a decision.
const UNDECIDED_DAYS: i64 = 7;

/// A post that is to go.
type Due = (PostId, Platform, String);

/// Posts that were read by the rules, or have no text to read, and that no rule matched, first seen before `before`.
/// `source`: only those of one connector; empty for all.
pub async fn due_unflagged(on: impl Into<Ex<'_>>, source: &str, before: Millis, limit: i64) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT p.id, p.platform, p.native_id FROM posts p
        WHERE p.first_seen_at < $1 AND ($2 = '' OR p.source = $2) AND (p.screened_by IS NOT NULL OR p.text = '')
        AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.post_id = p.id)
        ORDER BY p.first_seen_at LIMIT $3";
    run!(on, ex => sqlx::query_as(SQL).bind(before).bind(source).bind(limit).fetch_all(ex))
}

async fn dismissed(on: impl Into<Ex<'_>>, before: Millis, limit: i64) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT p.id, p.platform, p.native_id FROM posts p
        WHERE p.text_sha256 <> '' AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM flags f LEFT JOIN decisions d ON d.id = f.decision_id
            WHERE f.post_id = p.id AND (f.state <> 'dismissed' OR d.decided_at >= $1))
        AND NOT EXISTS (SELECT 1 FROM requests r JOIN flags f ON f.id = r.flag_id WHERE f.post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM mentions m JOIN flags f ON f.id = m.flag_id WHERE f.post_id = p.id AND m.released = FALSE)
        ORDER BY p.id LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(before).bind(limit).fetch_all(ex))
}

/// Posts whose every flag was dismissed before `before` and that never stood in a package. Their flags are locked until
/// the transaction ends: nobody decides about a post while it is emptied.
pub async fn due_dismissed(tx: &mut WriteTx, before: Millis, limit: i64) -> Result<Vec<Due>> {
    let found = dismissed(&mut *tx, before, limit).await?;
    if !tx.is_postgres() {
        return Ok(found);
    }
    lock_flags(tx, &found).await?;
    // Only what is still so, now that nobody can change it.
    let still = dismissed(tx, before, limit).await?;
    Ok(found.into_iter().filter(|(id, ..)| still.iter().any(|(other, ..)| other == id)).collect())
}

/// Deletes posts.
pub async fn delete(tx: &mut WriteTx, posts: &[Due]) -> Result<()> {
    for (id, platform, native_id) in posts {
        forget(tx, &id_sha256(*platform, native_id)).await?;
        exec!(&mut *tx, ex => sqlx::query("DELETE FROM posts WHERE id = $1").bind(id).execute(ex))?;
    }
    Ok(())
}

/// Empties posts that a decision stands for: what was decided stays, by whom and when; what it was about goes.
pub async fn empty(tx: &mut WriteTx, posts: &[Due]) -> Result<()> {
    const POST: &str = "UPDATE posts SET native_id = $2, url = '', author = '', text = '', text_sha256 = '', posted_at = NULL,
        views = NULL WHERE id = $1";
    const FLAGS: &str = "UPDATE flags SET findings = $2, actor = NULL, regions = '', fingerprint = NULL WHERE post_id = $1";
    const NOTES: &str = "UPDATE referrals SET note = '' WHERE flag_id IN (SELECT id FROM flags WHERE post_id = $1)";
    for (id, platform, native_id) in posts {
        let hash = id_sha256(*platform, native_id);
        forget(tx, &hash).await?;
        for sql in ["DELETE FROM post_contacts WHERE post_id = $1", "DELETE FROM post_views WHERE post_id = $1"] {
            exec!(&mut *tx, ex => sqlx::query(sql).bind(id).execute(ex))?;
        }
        exec!(&mut *tx, ex => sqlx::query(NOTES).bind(id).execute(ex))?;
        exec!(&mut *tx, ex => sqlx::query(POST).bind(id).bind(format!("sha256:{hash}")).execute(ex))?;
        exec!(&mut *tx, ex => sqlx::query(FLAGS).bind(id).bind(Json(Vec::<Finding>::new())).execute(ex))?;
        tips::empty(tx, *id).await?;
        screenshots::forget(tx, *id).await?;
        captures::forget(tx, *id).await?;
    }
    Ok(())
}

/// Posts that their authors deleted: what no rule matched goes, of what stands in the queue or in a package it is noted.
/// Returns how many of them were known.
pub async fn deleted_by_author(tx: &mut WriteTx, posts: &[(Platform, String)]) -> Result<u64> {
    const NEEDED: &str =
        "SELECT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = $1) OR EXISTS (SELECT 1 FROM checks c WHERE c.post_id = $1)";
    let mut known = 0;
    let postgres = tx.is_postgres();
    for chunk in posts.chunks(500) {
        let found: Vec<Due> = run_as!(&mut *tx, ex: Db => async {
            let mut sql = sqlx::QueryBuilder::<Db>::new("SELECT p.id, p.platform, p.native_id FROM (");
            sql.push_values(chunk, |mut row, (platform, id)| {
                row.push_bind(*platform).push_bind(id.clone());
            });
            sql.push(") AS gone JOIN posts p ON p.platform = gone.column1 AND p.native_id = gone.column2");
            // Nobody raises a flag on a post while it is deleted.
            if postgres {
                sql.push(" FOR UPDATE OF p");
            }
            sql.build_query_as().fetch_all(ex).await
        })?;
        for due in found {
            known += 1;
            let needed: bool = run!(&mut *tx, ex => sqlx::query_scalar(NEEDED).bind(due.0).fetch_one(ex))?;
            if needed {
                checks::insert(tx, due.0, CheckOutcome::Gone, None).await?;
            } else {
                delete(tx, &[due]).await?;
            }
        }
    }
    Ok(known)
}

/// Posts of a source with a flag that were read from their platform last before `before`: those that wait for a decision
/// first, then longest ago. Decided ones that were gone at the last look are not looked at again for this.
pub async fn to_refresh(
    on: impl Into<Ex<'_>>,
    source: &str,
    before: Millis,
    limit: i64,
) -> Result<Vec<(PostId, String, String)>> {
    const SQL: &str = "SELECT p.id, p.native_id, p.url FROM posts p WHERE p.source = $1 AND p.text_sha256 <> ''
        AND COALESCE(p.refreshed_at, p.first_seen_at) < $2
        AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state <> 'dismissed')
        AND (EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state = 'open') OR COALESCE((SELECT c.outcome FROM checks c
            WHERE c.post_id = p.id ORDER BY c.checked_at DESC, c.id DESC LIMIT 1), 'up') <> 'gone')
        ORDER BY CASE WHEN EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state = 'open') THEN 0 ELSE 1 END,
            COALESCE(p.refreshed_at, p.first_seen_at), p.id LIMIT $3";
    run!(on, ex => sqlx::query_as(SQL).bind(source).bind(before).bind(limit).fetch_all(ex))
}

/// Posts of a source that nobody decided about and that could not be read again since `before`.
/// Their flags are locked until the transaction ends.
pub async fn due_unrefreshed(tx: &mut WriteTx, source: &str, before: Millis, limit: i64) -> Result<Vec<Due>> {
    let found = unrefreshed(&mut *tx, source, before, limit).await?;
    if !tx.is_postgres() {
        return Ok(found);
    }
    lock_flags(tx, &found).await?;
    let still = unrefreshed(tx, source, before, limit).await?;
    Ok(found.into_iter().filter(|(id, ..)| still.iter().any(|(other, ..)| other == id)).collect())
}

async fn lock_flags(tx: &mut WriteTx, posts: &[Due]) -> Result<()> {
    const LOCK: &str = "SELECT id FROM flags WHERE post_id = $1 ORDER BY id FOR UPDATE";
    for (id, ..) in posts {
        exec!(&mut *tx, ex => sqlx::query(LOCK).bind(id).execute(ex))?;
    }
    Ok(())
}

async fn unrefreshed(on: impl Into<Ex<'_>>, source: &str, before: Millis, limit: i64) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT p.id, p.platform, p.native_id FROM posts p WHERE p.source = $1 AND p.text_sha256 <> ''
        AND COALESCE(p.refreshed_at, p.first_seen_at) < $2
        AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND f.state <> 'open')
        AND NOT EXISTS (SELECT 1 FROM decisions d JOIN flags f ON f.id = d.flag_id WHERE f.post_id = p.id) ORDER BY p.id LIMIT $3";
    run!(on, ex => sqlx::query_as(SQL).bind(source).bind(before).bind(limit).fetch_all(ex))
}

/// Deletes posts with their flags, which nobody decided about. Of a reported one the address stays, which people brought;
/// what the source said of it goes.
pub async fn delete_flagged(tx: &mut WriteTx, posts: &[Due]) -> Result<()> {
    const CLEAR: &str =
        "UPDATE posts SET source = 'tip', author = '', text = '', text_sha256 = $2, views = NULL, screened_by = NULL
        WHERE id = $1";
    const FADE: &str = "UPDATE flags SET findings = $2, priority = 'P3', score = 0, actor = NULL, regions = '', fingerprint = NULL WHERE post_id = $1";
    const REPORTED: &str = "SELECT EXISTS (SELECT 1 FROM tips WHERE post_id = $1)";
    let mut gone = Vec::new();
    for due in posts {
        let id = due.0;
        let reported: bool = run!(&mut *tx, ex => sqlx::query_scalar(REPORTED).bind(id).fetch_one(ex))?;
        if reported {
            for sql in ["DELETE FROM post_contacts WHERE post_id = $1", "DELETE FROM post_views WHERE post_id = $1"] {
                exec!(&mut *tx, ex => sqlx::query(sql).bind(id).execute(ex))?;
            }
            captures::forget(tx, id).await?;
            exec!(&mut *tx, ex => sqlx::query(CLEAR).bind(id).bind(sha256_hex(b"")).execute(ex))?;
            exec!(&mut *tx, ex => sqlx::query(FADE).bind(id).bind(Json(Vec::<Finding>::new())).execute(ex))?;
            continue;
        }
        gone.push(due.clone());
        exec!(&mut *tx, ex => sqlx::query("DELETE FROM flags WHERE post_id = $1").bind(id).execute(ex))?;
        exec!(&mut *tx, ex => sqlx::query("DELETE FROM checks WHERE post_id = $1").bind(id).execute(ex))?;
    }
    delete(tx, &gone).await
}

async fn forget(tx: &mut WriteTx, hash: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO forgotten (id_sha256, forgotten_at) VALUES ($1, $2)
        ON CONFLICT (id_sha256) DO UPDATE SET forgotten_at = excluded.forgotten_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(hash).bind(now).execute(ex))?;
    Ok(())
}

/// Items that could not be read, ended sessions, old counts, and hashes, from before the given times. Returns how many rows went.
pub async fn delete_traces(tx: &mut WriteTx, rejects: Millis, hashes: Millis) -> Result<u64> {
    let now = tx.now();
    let mut gone = exec!(&mut *tx, ex => sqlx::query("DELETE FROM rejects WHERE seen_at < $1").bind(rejects).execute(ex))?;
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM sessions WHERE expires_at < $1").bind(now).execute(ex))?;
    let maps = Millis(now.0 - 365 * DAY);
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM column_maps WHERE saved_at < $1").bind(maps).execute(ex))?;
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM account_marks WHERE COALESCE(ended_at, until) < $1").bind(maps).execute(ex))?;
    // Lists that somebody put together and never decided about.
    const MEMBERS: &str =
        "DELETE FROM bulk_members WHERE bulk_id IN (SELECT id FROM bulks WHERE decided_at IS NULL AND made_at < $1)";
    const BULKS: &str = "DELETE FROM bulks WHERE decided_at IS NULL AND made_at < $1";
    for sql in [MEMBERS, BULKS] {
        gone += exec!(&mut *tx, ex => sqlx::query(sql).bind(Millis(now.0 - UNDECIDED_DAYS * DAY)).execute(ex))?;
    }
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM oidc_attempts WHERE expires_at < $1").bind(now).execute(ex))?;
    let answers = Millis(now.0 - 2 * DAY);
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM api_requests WHERE began_at < $1").bind(answers).execute(ex))?;
    gone += exec!(&mut *tx, ex => sqlx::query("DELETE FROM api_tokens WHERE COALESCE(revoked_at, expires_at) < $1").bind(maps).execute(ex))?;
    // Which windows were read: the oldest that any source offers is younger.
    let old = Millis(now.0 - COUNTS_DAYS * DAY);
    gone +=
        exec!(&mut *tx, ex => sqlx::query("DELETE FROM source_cursors WHERE done AND updated_at < $1").bind(old).execute(ex))?;
    for sql in ["DELETE FROM query_days WHERE day < $1", "DELETE FROM source_failures WHERE day < $1"] {
        gone += exec!(&mut *tx, ex => sqlx::query(sql).bind(old.utc_day()).execute(ex))?;
    }
    gone += exec!(tx, ex => sqlx::query("DELETE FROM forgotten WHERE forgotten_at < $1").bind(hashes).execute(ex))?;
    Ok(gone)
}

/// Which of some posts were forgotten, by [`id_sha256`].
pub(super) async fn forgotten(tx: &mut WriteTx, posts: &[&Observation]) -> Result<BTreeSet<String>> {
    let any: Option<i32> = run!(&mut *tx, ex => sqlx::query_scalar("SELECT 1 FROM forgotten LIMIT 1").fetch_optional(ex))?;
    if any.is_none() {
        return Ok(BTreeSet::new());
    }
    let found: Vec<String> = run_as!(tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT id_sha256 FROM forgotten WHERE id_sha256 IN (");
        let mut list = query.separated(", ");
        for post in posts {
            list.push_bind(id_sha256(post.platform, &post.native_id));
        }
        list.push_unseparated(")");
        query.build_query_scalar().fetch_all(ex).await
    })?;
    Ok(found.into_iter().collect())
}

/// Takes hashes back: a person brought these posts again.
pub(super) async fn remember(tx: &mut WriteTx, hashes: &BTreeSet<String>) -> Result<()> {
    for hash in hashes {
        exec!(&mut *tx, ex => sqlx::query("DELETE FROM forgotten WHERE id_sha256 = $1").bind(hash).execute(ex))?;
    }
    Ok(())
}
