//! Flags and the decisions about them.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::{Ex, Result, StoreError, WriteTx, rule_hits};
use crate::domain::decision::{Decision, Judgement, Verdict};
use crate::domain::flag::{Assessment, Finding, Flag, FlagState, Priority};
use crate::domain::ids::{DecisionId, FlagId, PostId, UserId};
use crate::domain::trust::Bar;
use crate::domain::{Millis, Platform};

const COLUMNS: &str = "SELECT id, post_id, pack, rule_set, priority, score, state, findings, opened_at, decision_id, claimed_by, claimed_until FROM flags WHERE id = $1";

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
    let rows: Vec<(PostId, i64)> = run_tx!(tx, ex: Db => async {
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
    const SQL: &str = "UPDATE flags SET state = 'open', decision_id = NULL WHERE state <> 'open'
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.flag_id = flags.id AND r.released = FALSE)
        AND EXISTS (SELECT 1 FROM decisions d JOIN posts p ON p.id = flags.post_id
            WHERE d.id = flags.decision_id AND d.text_sha256 <> p.text_sha256) AND post_id IN (";
    if posts.is_empty() {
        return Ok(());
    }
    run_tx!(tx, ex: Db => async {
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
    run_tx!(tx, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("UPDATE flags SET priority = 'P3', score = 0, rule_set = ");
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

/// Raises a flag, or renews the evidence of one that is open. What a person decided is left alone.
pub async fn raise(tx: &mut WriteTx, post: PostId, pack: &str, rule_set: &str, found: &Assessment) -> Result<()> {
    const SQL: &str =
        "INSERT INTO flags (post_id, pack, rule_set, priority, score, findings, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (post_id, pack) DO UPDATE SET rule_set = excluded.rule_set, priority = excluded.priority,
        score = excluded.score, findings = excluded.findings WHERE flags.state = 'open'";
    let Some(priority) = found.priority else { return Ok(()) };
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(pack).bind(rule_set).bind(priority).bind(found.score)
        .bind(Json(&found.findings)).bind(now).execute(ex))?;
    Ok(())
}

/// One flag.
pub async fn get(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Option<Flag>> {
    run!(on, ex => sqlx::query_as(COLUMNS).bind(id).fetch_optional(ex))
}

/// A flag as a list shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FlagCard {
    /// Row id.
    pub id: FlagId,
    /// Order of work.
    pub priority: Priority,
    /// 0 to 100.
    pub score: i32,
    /// Where it stands.
    pub state: FlagState,
    /// Evidence.
    pub findings: Json<Vec<Finding>>,
    /// When it was raised.
    pub opened_at: Millis,
    /// Where the post stands.
    pub platform: Platform,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was posted.
    pub posted_at: Option<Millis>,
    /// Name of who has it on the screen now.
    pub claimed_by: Option<String>,
    /// Reports of the public and of associations.
    pub tips: i64,
}

/// What a list of flags is narrowed to. Empty text means "all".
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// State, as stored; or `second`: upheld, and waiting for a second analyst.
    pub state: String,
    /// Priority, as stored.
    pub priority: String,
    /// Platform, as stored.
    pub platform: String,
}

/// A page of flags, most urgent first.
pub async fn list(on: impl Into<Ex<'_>>, filter: &Filter, now: Millis, limit: i64, offset: i64) -> Result<Vec<FlagCard>> {
    const SQL: &str =
        "SELECT f.id, f.priority, f.score, f.state, f.findings, f.opened_at, p.platform, p.author, p.text, p.posted_at,
        CASE WHEN f.claimed_until > $4 THEN u.name END AS claimed_by,
        (SELECT COUNT(*) FROM tips t WHERE t.post_id = p.id) AS tips
        FROM flags f JOIN posts p ON p.id = f.post_id LEFT JOIN users u ON u.id = f.claimed_by
        WHERE ($1 = '' OR f.state = $1 OR ($1 = 'second' AND f.decision_id IN (SELECT d.id FROM decisions d WHERE d.needs_second = TRUE
            AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id)))) AND ($2 = '' OR f.priority = $2) AND ($3 = '' OR p.platform = $3)
        ORDER BY f.priority, f.score DESC, f.id LIMIT $5 OFFSET $6";
    run!(on, ex => sqlx::query_as(SQL).bind(&filter.state).bind(&filter.priority).bind(&filter.platform).bind(now)
        .bind(limit).bind(offset).fetch_all(ex))
}

/// How many flags a filter leaves.
pub async fn count(on: impl Into<Ex<'_>>, filter: &Filter) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM flags f JOIN posts p ON p.id = f.post_id
        WHERE ($1 = '' OR f.state = $1 OR ($1 = 'second' AND f.decision_id IN (SELECT d.id FROM decisions d WHERE d.needs_second = TRUE
            AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id)))) AND ($2 = '' OR f.priority = $2) AND ($3 = '' OR p.platform = $3)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(&filter.state).bind(&filter.priority).bind(&filter.platform).fetch_one(ex))
}

/// Number of flags by state and priority.
pub async fn totals(on: impl Into<Ex<'_>>) -> Result<Vec<(FlagState, Priority, i64)>> {
    run!(on, ex => sqlx::query_as("SELECT state, priority, COUNT(*) FROM flags GROUP BY state, priority ORDER BY state, priority").fetch_all(ex))
}

/// The most urgent open flag that nobody else has on the screen; with `after`, the next one behind it.
pub async fn next_open(on: impl Into<Ex<'_>>, reader: UserId, now: Millis, after: Option<FlagId>) -> Result<Option<FlagId>> {
    const SQL: &str =
        "SELECT id FROM flags WHERE state = 'open' AND (claimed_until IS NULL OR claimed_until <= $2 OR claimed_by = $1)
        AND ($3 = 0 OR (priority, -score, id) > (SELECT s.priority, -s.score, s.id FROM flags s WHERE s.id = $3))
        ORDER BY priority, score DESC, id LIMIT 1";
    let after = after.map_or(0, |after| after.0);
    run!(on, ex => sqlx::query_scalar(SQL).bind(reader).bind(now).bind(after).fetch_optional(ex))
}

/// Lets go of a flag.
pub async fn release(tx: &mut WriteTx, id: FlagId, reader: UserId) -> Result<()> {
    const SQL: &str = "UPDATE flags SET claimed_by = NULL, claimed_until = NULL WHERE id = $1 AND claimed_by = $2";
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(reader).execute(ex))?;
    Ok(())
}

/// What an analyst had on the screen when deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The decision in force.
    pub decision: Option<DecisionId>,
    /// SHA-256 of the text that was read.
    pub text_sha256: String,
}

/// What a page about this flag shows now.
pub async fn seen(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Seen> {
    const SQL: &str = "SELECT f.decision_id, p.text_sha256 FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.id = $1";
    let row: Option<(Option<DecisionId>, String)> = run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))?;
    let (decision, text_sha256) = row.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    Ok(Seen { decision, text_sha256 })
}

/// Takes a flag for `reader` until `until`, unless someone else has it. True when taken.
pub async fn claim(tx: &mut WriteTx, id: FlagId, reader: UserId, until: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE flags SET claimed_by = $2, claimed_until = $3 WHERE id = $1 AND state = 'open'
        AND (claimed_until IS NULL OR claimed_until <= $4 OR claimed_by = $2)";
    let now = tx.now();
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(reader).bind(until).bind(now).execute(ex))?;
    Ok(done == 1)
}

/// SHA-256 of the text that the decision in force is about.
pub async fn decided_text(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Option<String>> {
    const SQL: &str = "SELECT d.text_sha256 FROM decisions d JOIN flags f ON f.decision_id = d.id WHERE f.id = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(id).fetch_optional(ex))
}

/// Records a decision and puts it in force. `seen` is what the analyst had on the screen; if another decision has been
/// made or the text has changed since, nothing changes.
///
/// # Errors
/// [`StoreError::Refused`] when what was seen is not so any more, or while the post stands in a package that was not sent.
pub async fn decide(
    tx: &mut WriteTx,
    id: FlagId,
    seen: &Seen,
    judgement: &Judgement,
    by: UserId,
    bar: Bar,
) -> Result<DecisionId> {
    decide_as(tx, id, seen, judgement, by, bar, false).await
}

/// Records one decision about several flags, made with one click.
///
/// # Errors
/// As [`decide`], and for an upheld flag none of whose rules reaches its pack's `bar`: each such post is looked at alone.
pub async fn decide_together(
    tx: &mut WriteTx,
    flags: &[(FlagId, Seen, Bar)],
    judgement: &Judgement,
    by: UserId,
) -> Result<Vec<DecisionId>> {
    let mut decisions = Vec::with_capacity(flags.len());
    for (id, seen, bar) in flags {
        decisions.push(decide_as(tx, *id, seen, judgement, by, *bar, true).await?);
    }
    Ok(decisions)
}

/// What the rules of a flag are known for.
#[derive(sqlx::FromRow)]
struct Raised {
    pack: String,
    findings: Json<Vec<Finding>>,
    former_verdict: Option<Verdict>,
    former_rules: Option<Json<Vec<String>>>,
}

async fn decide_as(
    tx: &mut WriteTx,
    id: FlagId,
    seen: &Seen,
    judgement: &Judgement,
    by: UserId,
    bar: Bar,
    together: bool,
) -> Result<DecisionId> {
    const RAISED: &str = "SELECT f.pack, f.findings, d.verdict AS former_verdict, d.rules AS former_rules
        FROM flags f LEFT JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1";
    // Locked where that is needed: the post may be emptied at this moment because its time has come.
    const LOCKED: &str = "SELECT f.pack, f.findings, d.verdict AS former_verdict, d.rules AS former_rules
        FROM flags f LEFT JOIN decisions d ON d.id = f.decision_id WHERE f.id = $1 FOR UPDATE OF f";
    let sql = if tx.is_postgres() { LOCKED } else { RAISED };
    let raised: Option<Raised> = run!(&mut *tx, ex => sqlx::query_as(sql).bind(id).fetch_optional(ex))?;
    let raised = raised.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    let rules: Vec<String> = raised.findings.iter().map(|finding| finding.rule.clone()).collect();
    let upheld = judgement.verdict() == Verdict::Uphold;
    let needs_second = upheld && !rule_hits::any_reaches(&mut *tx, &raised.pack, &rules, bar).await?;
    if together && needs_second {
        return Err(StoreError::Refused(
            "the rules that found these posts are not trusted yet; decide each post by itself".into(),
        ));
    }
    let state = if judgement.verdict() == Verdict::Uphold { FlagState::Upheld } else { FlagState::Dismissed };
    const INSERT: &str = "INSERT INTO decisions (flag_id, verdict, flag_state, reason, note, text_sha256, decided_by, decided_at, needs_second, together, rules)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    const FORCE: &str = "UPDATE flags SET decision_id = $2, state = $3, claimed_by = NULL, claimed_until = NULL
        WHERE id = $1 AND COALESCE(decision_id, 0) = $4
        AND EXISTS (SELECT 1 FROM posts p WHERE p.id = flags.post_id AND p.text_sha256 = $5 AND p.text_sha256 <> '')";
    let now = tx.now();
    let decision: DecisionId = run!(&mut *tx, ex => sqlx::query_scalar(INSERT).bind(id).bind(judgement.verdict()).bind(state)
        .bind(judgement.reason()).bind(judgement.note()).bind(&seen.text_sha256).bind(by).bind(now).bind(needs_second).bind(together)
        .bind(Json(&rules)).fetch_one(ex))?;
    let former = seen.decision.map_or(0, |former| former.0);
    let done = exec!(&mut *tx, ex => sqlx::query(FORCE).bind(id).bind(decision).bind(state).bind(former).bind(&seen.text_sha256).execute(ex))?;
    if done != 1 {
        return Err(StoreError::Refused(
            "someone else decided this post, or its text changed, in the meantime; open it again".into(),
        ));
    }
    if let (Some(verdict), Some(Json(former))) = (raised.former_verdict, raised.former_rules) {
        rule_hits::score(tx, &raised.pack, &former, verdict == Verdict::Uphold, -1).await?;
    }
    rule_hits::score(tx, &raised.pack, &rules, upheld, 1).await?;
    Ok(decision)
}

/// Records that a second analyst agrees with the decision in force. `seen` is what that analyst had on the screen.
///
/// # Errors
/// [`StoreError::Refused`] when that decision is not in force any more, needs nobody, or is the analyst's own.
pub async fn second(tx: &mut WriteTx, id: FlagId, seen: &Seen, by: UserId) -> Result<()> {
    const SQL: &str = "INSERT INTO second_opinions (decision_id, flag_id, verdict, decided_by, analyst_id, text_sha256, given_at)
        SELECT d.id, d.flag_id, d.verdict, d.decided_by, $2, $3, $4 FROM decisions d JOIN flags f ON f.decision_id = d.id
        JOIN posts p ON p.id = f.post_id WHERE f.id = $1 AND d.id = $5 AND d.needs_second = TRUE AND d.verdict = 'uphold'
        AND d.decided_by <> $2 AND p.text_sha256 = $3
        AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id)";
    let now = tx.now();
    let decision = seen.decision.map_or(0, |decision| decision.0);
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(by).bind(&seen.text_sha256).bind(now).bind(decision).execute(ex))?;
    if done == 1 {
        Ok(())
    } else {
        Err(StoreError::Refused("this decision needs no second analyst, is your own, or has changed; open the post again".into()))
    }
}

/// One decision.
pub async fn decision(on: impl Into<Ex<'_>>, id: DecisionId) -> Result<Option<Decision>> {
    const SQL: &str = "SELECT id, flag_id, verdict, reason, note, decided_by, decided_at FROM decisions WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// A decision with the name of who made it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DecisionRow {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: crate::domain::decision::Reason,
    /// Free text for colleagues.
    pub note: String,
    /// Sign-in name.
    pub by: String,
    /// When.
    pub decided_at: Millis,
}

/// The decisions about a flag, newest first.
pub async fn decisions(on: impl Into<Ex<'_>>, id: FlagId) -> Result<Vec<DecisionRow>> {
    const SQL: &str =
        "SELECT d.verdict, d.reason, d.note, u.name AS by, d.decided_at FROM decisions d JOIN users u ON u.id = d.decided_by
        WHERE d.flag_id = $1 ORDER BY d.id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// What may keep an upheld post out of a request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Upheld {
    /// Flag.
    pub id: FlagId,
    /// Platform.
    pub platform: Platform,
    /// Caption.
    pub text: String,
    /// The source that found it, if nothing else did; reports of the public do not count.
    pub only_source: String,
}

/// Every upheld post that was not asked down yet, with what may keep it out of a request.
pub async fn upheld(on: impl Into<Ex<'_>>) -> Result<Vec<Upheld>> {
    const SQL: &str = "SELECT f.id, p.platform, p.text,
        CASE WHEN EXISTS (SELECT 1 FROM sightings s WHERE s.post_id = p.id AND s.source NOT IN (p.source, 'tip')) THEN '' ELSE p.source END AS only_source
        FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.state = 'upheld' AND NOT EXISTS (SELECT 1 FROM requests r
            JOIN batches b ON b.id = r.batch_id WHERE r.flag_id = f.id AND b.state = 'sent' AND b.kind = 'request') ORDER BY f.id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Decisions in force that can go into a package of `platform`, most urgent first: upheld with no request standing, or
/// dismissed with one that was sent. Only decisions about the text as it is now.
pub async fn ready(on: impl Into<Ex<'_>>, platform: Platform, verdict: Verdict, limit: i64) -> Result<Vec<Decision>> {
    const UPHELD: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'upheld' AND p.platform = $1 AND d.text_sha256 = p.text_sha256
        AND (d.needs_second = FALSE OR EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id))
        AND COALESCE((SELECT o.output FROM pack_outputs o WHERE o.pack = f.pack), 'takedown') = 'takedown'
        AND COALESCE((SELECT r.kind FROM requests r WHERE r.flag_id = f.id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1), 'withdrawal') = 'withdrawal'
        ORDER BY f.priority, d.id LIMIT $2";
    const REVERSED: &str = "SELECT d.id, d.flag_id, d.verdict, d.reason, d.note, d.decided_by, d.decided_at
        FROM flags f JOIN decisions d ON d.id = f.decision_id JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'dismissed' AND p.platform = $1
        AND 'request sent' = (SELECT r.kind || ' ' || b.state FROM requests r JOIN batches b ON b.id = r.batch_id
            WHERE r.flag_id = f.id AND r.released = FALSE ORDER BY r.id DESC LIMIT 1)
        ORDER BY d.id LIMIT $2";
    let sql = if verdict == Verdict::Uphold { UPHELD } else { REVERSED };
    run!(on, ex => sqlx::query_as(sql).bind(platform).bind(limit).fetch_all(ex))
}
