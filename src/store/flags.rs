//! Flags: raised, renewed, reopened.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::{Ex, Result, WriteTx};
use crate::domain::flag::{Assessment, Finding, Flag, FlagState, Priority};
use crate::domain::ids::{FlagId, PostId};
use crate::domain::{Millis, Platform};

const COLUMNS: &str = "SELECT id, post_id, pack, rule_set, priority, score, state, findings, opened_at, queue_id, lane, referred_by, actor, fingerprint,
    decision_id, claimed_by, claimed_until FROM flags WHERE id = $1";

/// Notes that a rule set is in use.
pub async fn remember_rule_set(tx: &mut WriteTx, hash: &str, pack: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO rule_sets (hash, pack, first_used_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(hash).bind(pack).bind(now).execute(ex))?;
    Ok(())
}

/// Posts of the same author, on the same platform, whose flags are upheld; of those of `posts` that have any.
pub async fn upheld_by_author(tx: &mut WriteTx, posts: &[PostId]) -> Result<BTreeMap<PostId, i64>> {
    const SQL: &str =
        "SELECT p.id, COUNT(*) FROM posts p JOIN posts o ON o.platform = p.platform AND o.author = p.author AND o.id <> p.id
        JOIN flags f ON f.post_id = o.id AND f.state = 'upheld' WHERE p.author <> '' AND p.id IN (";
    if posts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(PostId, i64)> = run_as!(tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(SQL);
        let mut list = query.separated(", ");
        for id in posts {
            list.push_bind(*id);
        }
        list.push_unseparated(") GROUP BY p.id");
        query.build_query_as().fetch_all(ex).await
    })?;
    Ok(rows.into_iter().collect())
}

/// Opens decided flags again whose post has another text by now, unless a request about it stands: a decision is about
/// the text that was read. One statement for all `posts`: most of them have no flag.
pub async fn reopen_changed(tx: &mut WriteTx, posts: &[PostId]) -> Result<()> {
    const SQL: &str =
        "UPDATE flags SET state = 'open', decision_id = NULL, lane = 'first', referred_by = NULL WHERE state <> 'open'
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.flag_id = flags.id AND r.released = FALSE)
        AND NOT EXISTS (SELECT 1 FROM mentions m JOIN batches b ON b.id = m.batch_id WHERE m.flag_id = flags.id AND b.state IN ('draft', 'rendered', 'signed'))
        AND EXISTS (SELECT 1 FROM decisions d JOIN posts p ON p.id = flags.post_id
            WHERE d.id = flags.decision_id AND d.text_sha256 <> p.text_sha256) AND post_id IN (";
    if posts.is_empty() {
        return Ok(());
    }
    run_as!(tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(SQL);
        let mut list = query.separated(", ");
        for id in posts {
            list.push_bind(*id);
        }
        list.push_unseparated(")");
        query.build().execute(ex).await.map(|_| ())
    })
}

/// Takes the evidence off open flags of `posts`, which match no more. They stay open, for a person to close.
pub async fn fade(tx: &mut WriteTx, posts: &[PostId], pack: &str, rule_set: &str) -> Result<()> {
    if posts.is_empty() {
        return Ok(());
    }
    // What a post prints is kept while a rule finds it.
    run_as!(&mut *tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("DELETE FROM post_contacts WHERE NOT EXISTS (SELECT 1 FROM flags f
            WHERE f.post_id = post_contacts.post_id AND f.state <> 'open') AND post_id IN (");
        let mut list = query.separated(", ");
        for id in posts {
            list.push_bind(*id);
        }
        list.push_unseparated(")");
        query.build().execute(ex).await.map(|_| ())
    })?;
    run_as!(tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("UPDATE flags SET priority = 'P3', score = 0, actor = NULL, regions = '', fingerprint = NULL, queue_id = NULL, rule_set = ");
        query.push_bind(rule_set.to_owned()).push(", findings = ").push_bind(Json(Vec::<Finding>::new()));
        query.push(" WHERE state = 'open' AND pack = ").push_bind(pack.to_owned()).push(" AND post_id IN (");
        let mut list = query.separated(", ");
        for id in posts {
            list.push_bind(*id);
        }
        list.push_unseparated(")");
        query.build().execute(ex).await.map(|_| ())
    })
}

/// Raises a flag, or renews the evidence of one that is open. What a person decided is left alone. `fingerprint`: sketch of
/// the folded text. The flag has no queue until [`super::named_queues::route`].
pub async fn raise(
    tx: &mut WriteTx,
    post: PostId,
    pack: &str,
    rule_set: &str,
    found: &Assessment,
    fingerprint: Option<i64>,
) -> Result<()> {
    const SQL: &str =
        "INSERT INTO flags (post_id, platform, pack, rule_set, priority, score, findings, opened_at, actor, regions, fingerprint)
        SELECT p.id, p.platform, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM posts p WHERE p.id = $1
        ON CONFLICT (post_id, pack) DO UPDATE SET rule_set = excluded.rule_set, priority = excluded.priority,
        score = excluded.score, findings = excluded.findings, actor = excluded.actor, regions = excluded.regions,
        fingerprint = excluded.fingerprint, queue_id = NULL WHERE flags.state = 'open'";
    let Some(priority) = found.priority else { return Ok(()) };
    let regions = if found.regions.is_empty() { String::new() } else { format!("|{}|", found.regions.join("|")) };
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(pack).bind(rule_set).bind(priority).bind(found.score)
        .bind(Json(&found.findings)).bind(now).bind(found.role).bind(&regions).bind(fingerprint).execute(ex))?;
    Ok(())
}

/// Keeps everyone else from changing a flag until the transaction ends. SQLite has one writer anyway.
pub async fn lock(tx: &mut WriteTx, id: FlagId) -> Result<()> {
    if tx.is_postgres() {
        let _: Option<FlagId> =
            run!(tx, ex => sqlx::query_scalar("SELECT id FROM flags WHERE id = $1 FOR UPDATE").bind(id).fetch_optional(ex))?;
    }
    Ok(())
}

/// One flag.
pub async fn get(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Option<Flag>> {
    run!(on, ex => sqlx::query_as(COLUMNS).bind(id).fetch_optional(ex))
}

/// Number of flags by state and priority.
pub async fn totals(on: impl Into<Ex<'_>>) -> Result<Vec<(FlagState, Priority, i64)>> {
    run!(on, ex => sqlx::query_as("SELECT state, priority, COUNT(*) FROM flags GROUP BY state, priority ORDER BY state, priority").fetch_all(ex))
}

/// What may keep a post out of packages, besides its text.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HeldBy {
    /// The source that found it, if nothing else did; reports of the public do not count.
    pub only_source: String,
    /// Its account is registered in the help programme.
    pub exempt: bool,
    /// Investigators look at its account.
    pub on_hold: bool,
    /// Its author objects, and nobody has answered yet.
    pub appealed: bool,
}

/// What may keep a post out of packages.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Upheld {
    /// Flag.
    pub id: FlagId,
    /// Platform.
    pub platform: Platform,
    /// Caption.
    pub text: String,
    /// The rest.
    #[sqlx(flatten)]
    pub held_by: HeldBy,
}

/// Every post that was not asked down yet and something is to follow, with what may keep it out of packages.
pub async fn upheld(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<Upheld>> {
    const SQL: &str = concat!(
"SELECT f.id, p.platform, p.text,
        ", held_by!("$1"), "
        FROM flags f JOIN posts p ON p.id = f.post_id JOIN decisions d ON d.id = f.decision_id
        WHERE (f.state = 'upheld' OR d.action = 'education') AND NOT COALESCE(COALESCE(d.action, 'request') <> 'education' AND (SELECT b.state = 'sent' AND b.kind = 'request'
            FROM requests r JOIN batches b ON b.id = r.batch_id WHERE r.flag_id = f.id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1), FALSE) ORDER BY f.id");
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}
