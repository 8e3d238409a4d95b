//! One judgement for many posts: the members that its maker was shown, the sample that was looked at, the decision.
//!
//! Every step is one statement for all members: ten thousand of them are decided in about a second.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::decision::{Judgement, Verdict};
use crate::domain::flag::{Finding, FlagState};
use crate::domain::ids::{FlagId, UserId};
use crate::domain::platform::Platform;

/// A bulk.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Bulk {
    /// Row id.
    pub id: i64,
    /// Where the members came from: `like:17`, or the query string of a list.
    pub origin: String,
    /// Who put it together.
    pub made_by: UserId,
    /// When.
    pub made_at: Millis,
    /// How many posts.
    pub members: i64,
    /// When it was decided.
    pub decided_at: Option<Millis>,
    /// When its maker took it back.
    pub undone_at: Option<Millis>,
}

/// Notes down the members of a bulk: flags with the SHA-256 of the text that stands there now. `sampled` are looked at
/// one by one.
pub async fn insert(tx: &mut WriteTx, origin: &str, by: UserId, members: &[(FlagId, String)], sampled: &[FlagId]) -> Result<i64> {
    const SQL: &str = "INSERT INTO bulks (origin, made_by, made_at, members) VALUES ($1, $2, $3, $4) RETURNING id";
    const SAMPLED: &str = "UPDATE bulk_members SET sampled = TRUE WHERE bulk_id = $1 AND flag_id = $2";
    let now = tx.now();
    let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let bulk: i64 = run!(&mut *tx, ex => sqlx::query_scalar(SQL).bind(origin).bind(by).bind(now).bind(count).fetch_one(ex))?;
    for chunk in members.chunks(1_000) {
        run_as!(&mut *tx, ex: Db => async {
            let mut query = sqlx::QueryBuilder::<Db>::new("INSERT INTO bulk_members (bulk_id, flag_id, text_sha256) ");
            query.push_values(chunk, |mut row, (flag, sha256)| {
                row.push_bind(bulk).push_bind(*flag).push_bind(sha256.clone());
            });
            query.build().execute(ex).await.map(|_| ())
        })?;
    }
    for flag in sampled {
        exec!(&mut *tx, ex => sqlx::query(SAMPLED).bind(bulk).bind(*flag).execute(ex))?;
    }
    Ok(bulk)
}

/// One bulk.
pub async fn get(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<Bulk>> {
    const SQL: &str = "SELECT id, origin, made_by, made_at, members, decided_at, undone_at FROM bulks WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// A member as the preview shows it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    /// Flag.
    pub id: FlagId,
    /// Where the post stands.
    pub platform: Platform,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// Whether it is one of those looked at one by one.
    pub sampled: bool,
}

/// Members, the sampled ones first.
pub async fn members(on: impl Into<Ex<'_>>, bulk: i64, limit: i64) -> Result<Vec<Member>> {
    const SQL: &str = "SELECT f.id, p.platform, p.author, p.text, m.sampled FROM bulk_members m JOIN flags f ON f.id = m.flag_id
        JOIN posts p ON p.id = f.post_id WHERE m.bulk_id = $1 ORDER BY m.sampled DESC, f.id LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(bulk).bind(limit).fetch_all(ex))
}

/// Members by platform.
pub async fn platforms(on: impl Into<Ex<'_>>, bulk: i64) -> Result<Vec<(Platform, i64)>> {
    const SQL: &str =
        "SELECT p.platform, COUNT(*) FROM bulk_members m JOIN flags f ON f.id = m.flag_id JOIN posts p ON p.id = f.post_id
        WHERE m.bulk_id = $1 GROUP BY p.platform ORDER BY COUNT(*) DESC, p.platform";
    run!(on, ex => sqlx::query_as(SQL).bind(bulk).fetch_all(ex))
}

/// What raised the members: pack and findings, each once.
pub async fn findings(on: impl Into<Ex<'_>>, bulk: i64) -> Result<Vec<(String, Json<Vec<Finding>>)>> {
    const SQL: &str =
        "SELECT DISTINCT f.pack, f.findings FROM bulk_members m JOIN flags f ON f.id = m.flag_id WHERE m.bulk_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(bulk).fetch_all(ex))
}

/// Decides every member by one judgement.
///
/// # Errors
/// [`StoreError::Refused`] when it was decided already, or when a member is not open any more, has another text, or is
/// held by a colleague: then nothing is decided.
pub async fn decide(tx: &mut WriteTx, bulk: i64, judgement: &Judgement, by: UserId) -> Result<u64> {
    const MARK: &str = "UPDATE bulks SET decided_at = $3 WHERE id = $1 AND made_by = $2 AND decided_at IS NULL";
    // The rules stand in the findings; a decision counts on the cards of those that raised its flag.
    const SQLITE: &str =
        "INSERT INTO decisions (flag_id, verdict, flag_state, reason, note, text_sha256, decided_by, decided_at, needs_second,
            together, rules, elements, actor, action, bulk_id)
        SELECT f.id, $2, $3, $4, $5, m.text_sha256, $6, $7, FALSE, TRUE,
            (SELECT json_group_array(json_extract(x.value, '$.rule')) FROM json_each(f.findings) x), $8, $9, $10, $1
        FROM bulk_members m JOIN flags f ON f.id = m.flag_id JOIN posts p ON p.id = f.post_id
        WHERE m.bulk_id = $1 AND f.state = 'open' AND f.lane = 'first' AND p.text_sha256 = m.text_sha256 AND p.text_sha256 <> ''
        AND (f.claimed_until IS NULL OR f.claimed_until <= $7 OR f.claimed_by = $6) ORDER BY f.id";
    const POSTGRES: &str = "INSERT INTO decisions (flag_id, verdict, flag_state, reason, note, text_sha256, decided_by, decided_at, needs_second,
            together, rules, elements, actor, action, bulk_id)
        SELECT f.id, $2, $3, $4, $5, m.text_sha256, $6, $7, FALSE, TRUE,
            (SELECT COALESCE(jsonb_agg(x.value -> 'rule'), '[]'::jsonb) FROM jsonb_array_elements(f.findings) AS x(value)), $8, $9, $10, $1
        FROM bulk_members m JOIN flags f ON f.id = m.flag_id JOIN posts p ON p.id = f.post_id
        WHERE m.bulk_id = $1 AND f.state = 'open' AND f.lane = 'first' AND p.text_sha256 = m.text_sha256 AND p.text_sha256 <> ''
        AND (f.claimed_until IS NULL OR f.claimed_until <= $7 OR f.claimed_by = $6) ORDER BY f.id";
    const FORCE: &str = "UPDATE flags SET state = $2, claimed_by = NULL, claimed_until = NULL,
            decision_id = (SELECT d.id FROM decisions d WHERE d.flag_id = flags.id AND d.bulk_id = $1)
        WHERE id IN (SELECT m.flag_id FROM bulk_members m WHERE m.bulk_id = $1) AND state = 'open'";
    let now = tx.now();
    if exec!(&mut *tx, ex => sqlx::query(MARK).bind(bulk).bind(by).bind(now).execute(ex))? != 1 {
        return Err(StoreError::Refused("these posts were decided already, or a colleague put them together".into()));
    }
    let wanted = get(&mut *tx, bulk).await?.map_or(0, |bulk| bulk.members);
    let state = if judgement.verdict() == Verdict::Uphold { FlagState::Upheld } else { FlagState::Dismissed };
    let insert = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let decided = exec!(&mut *tx, ex => sqlx::query(insert).bind(bulk).bind(judgement.verdict()).bind(state).bind(judgement.reason())
        .bind(judgement.note()).bind(by).bind(now).bind(judgement.elements().letters()).bind(judgement.actor())
        .bind(judgement.follow_up()).execute(ex))?;
    let forced = exec!(&mut *tx, ex => sqlx::query(FORCE).bind(bulk).bind(state).execute(ex))?;
    if u64::try_from(wanted).ok() != Some(decided) || decided != forced {
        return Err(StoreError::Refused(format!(
            "of {wanted} posts {} changed since they were shown (decided, handed on, another text, or a colleague has one open); put them together again",
            u64::try_from(wanted).unwrap_or(0).saturating_sub(decided.min(forced))
        )));
    }
    score(tx, bulk, judgement.verdict() == Verdict::Uphold, 1).await?;
    Ok(decided)
}

/// Takes all decisions of a bulk back that `by` made at `since` or later.
///
/// # Errors
/// [`StoreError::Refused`] when one of them is not in force any more, it is someone else's or older, or a post was asked down.
pub async fn undo(tx: &mut WriteTx, bulk: i64, by: UserId, since: Millis) -> Result<u64> {
    const UNDO: &str = "INSERT INTO undone_decisions (decision_id, undone_at)
        SELECT d.id, $4 FROM decisions d JOIN flags f ON f.id = d.flag_id AND f.decision_id = d.id
        WHERE d.bulk_id = $1 AND d.decided_by = $2 AND d.decided_at >= $3
        AND NOT EXISTS (SELECT 1 FROM package_rows r WHERE r.flag_id = f.id AND r.released = FALSE)";
    const REOPEN: &str = "UPDATE flags SET state = 'open', decision_id = NULL
        WHERE id IN (SELECT m.flag_id FROM bulk_members m WHERE m.bulk_id = $1)
        AND decision_id IN (SELECT d.id FROM decisions d WHERE d.bulk_id = $1)";
    const MARK: &str = "UPDATE bulks SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL";
    const VERDICT: &str = "SELECT verdict FROM decisions WHERE bulk_id = $1 LIMIT 1";
    let now = tx.now();
    let wanted = get(&mut *tx, bulk).await?.ok_or_else(|| StoreError::NotFound(format!("bulk {bulk}")))?.members;
    let undone = exec!(&mut *tx, ex => sqlx::query(UNDO).bind(bulk).bind(by).bind(since).bind(now).execute(ex))?;
    exec!(&mut *tx, ex => sqlx::query(REOPEN).bind(bulk).execute(ex))?;
    if u64::try_from(wanted).ok() != Some(undone) {
        return Err(StoreError::Refused(
            "these decisions cannot be taken back together any more: they are older, not yours, or one was decided again or asked down"
                .into(),
        ));
    }
    exec!(&mut *tx, ex => sqlx::query(MARK).bind(bulk).bind(now).execute(ex))?;
    let verdict: Verdict = run!(&mut *tx, ex => sqlx::query_scalar(VERDICT).bind(bulk).fetch_one(ex))?;
    score(tx, bulk, verdict == Verdict::Uphold, -1).await?;
    Ok(undone)
}

/// Moves the decisions about the sampled members on the cards of the rules that raised their flags. Those that nobody
/// looked at one by one make no rule more trusted.
async fn score(tx: &mut WriteTx, bulk: i64, upheld: bool, by: i64) -> Result<()> {
    const SQL: &str = "SELECT f.pack, d.rules FROM decisions d JOIN flags f ON f.id = d.flag_id
        JOIN bulk_members m ON m.bulk_id = d.bulk_id AND m.flag_id = d.flag_id AND m.sampled = TRUE WHERE d.bulk_id = $1";
    let rows: Vec<(String, Json<Vec<String>>)> = run!(&mut *tx, ex => sqlx::query_as(SQL).bind(bulk).fetch_all(ex))?;
    // In one order everywhere, or two bulks at once wait for each other.
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (pack, Json(rules)) in rows {
        for rule in rules {
            *sums.entry((pack.clone(), rule)).or_default() += by;
        }
    }
    for ((pack, rule), by) in sums {
        super::rule_hits::score(tx, &pack, &[rule], upheld, by).await?;
    }
    Ok(())
}

/// Keeps everyone else from changing the members until the transaction ends. SQLite has one writer anyway.
pub async fn lock(tx: &mut WriteTx, bulk: i64) -> Result<()> {
    const SQL: &str =
        "SELECT f.id FROM bulk_members m JOIN flags f ON f.id = m.flag_id WHERE m.bulk_id = $1 ORDER BY f.id FOR UPDATE OF f";
    if tx.is_postgres() {
        let _: Vec<FlagId> = run!(tx, ex => sqlx::query_scalar(SQL).bind(bulk).fetch_all(ex))?;
    }
    Ok(())
}

/// How many members stand in one of these queues.
pub async fn in_queues(on: impl Into<Ex<'_>>, bulk: i64, queues: &[i64]) -> Result<i64> {
    const SQL: &str = "SELECT f.queue_id, COUNT(*) FROM bulk_members m JOIN flags f ON f.id = m.flag_id WHERE m.bulk_id = $1 GROUP BY f.queue_id";
    let rows: Vec<(Option<i64>, i64)> = run!(on, ex => sqlx::query_as(SQL).bind(bulk).fetch_all(ex))?;
    Ok(rows.iter().filter(|(queue, _)| super::named_queues::keeps_out(queues, *queue)).map(|(_, n)| n).sum())
}
