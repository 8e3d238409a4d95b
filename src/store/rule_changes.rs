//! Changes of rule packs, the texts of their files, and what was put to use.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::ids::{ChangeId, PostId, UserId};
use crate::domain::job::JobState;
use crate::domain::rule_change::{Activation, ChangeState, FileChange, PackFiles, RuleChange};
use crate::domain::sha256_hex;

macro_rules! columns {
    () => {
        "SELECT c.id, c.pack, c.title, c.author_id, u.name AS author, c.state, c.base_hash, c.hash, c.created_at, c.changed_at,
        c.proposed_at, c.remark, c.trial_asked, c.trial_posts, c.trial_hash FROM rule_changes c JOIN users u ON u.id = c.author_id "
    };
}

/// Begins a change of `pack`, whose files are `files` with the identity `hash`.
pub async fn begin(tx: &mut WriteTx, pack: &str, title: &str, author: UserId, files: &PackFiles, hash: &str) -> Result<ChangeId> {
    const SQL: &str = "INSERT INTO rule_changes (pack, title, author_id, base_hash, hash, created_at, changed_at)
        VALUES ($1, $2, $3, $4, $4, $5, $5) RETURNING id";
    const FILE: &str = "INSERT INTO rule_change_files (change_id, path, base_sha256, sha256) VALUES ($1, $2, $3, $3)";
    let now = tx.now();
    let id: ChangeId =
        run!(&mut *tx, ex => sqlx::query_scalar(SQL).bind(pack).bind(title).bind(author).bind(hash).bind(now).fetch_one(ex))?;
    for (path, text) in files {
        let sha256 = keep(tx, text).await?;
        exec!(&mut *tx, ex => sqlx::query(FILE).bind(id).bind(path).bind(&sha256).execute(ex))?;
    }
    Ok(id)
}

/// Stores a text once. Returns its hash.
async fn keep(tx: &mut WriteTx, text: &str) -> Result<String> {
    let sha256 = sha256_hex(text.as_bytes());
    const SQL: &str = "INSERT INTO rule_texts (sha256, text) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING";
    exec!(tx, ex => sqlx::query(SQL).bind(&sha256).bind(text).execute(ex))?;
    Ok(sha256)
}

/// Writes files of a draft; `None` removes one. `hash` is the identity of the whole pack afterwards.
///
/// # Errors
/// [`StoreError::Refused`] when the change is no draft of this person, or was changed since it had the hash `seen`.
pub async fn write(
    tx: &mut WriteTx,
    change: &RuleChange,
    author: UserId,
    files: &[(String, Option<String>)],
    hash: &str,
) -> Result<()> {
    const TOUCH: &str = "UPDATE rule_changes SET hash = $1, changed_at = $2, trial_asked = ''
        WHERE id = $3 AND author_id = $4 AND state = 'draft' AND hash = $5";
    const REMOVE: &str = "DELETE FROM rule_change_files WHERE change_id = $1 AND path = $2 AND base_sha256 IS NULL";
    const WRITE: &str = "INSERT INTO rule_change_files (change_id, path, base_sha256, sha256) VALUES ($1, $2, NULL, $3)
        ON CONFLICT (change_id, path) DO UPDATE SET sha256 = excluded.sha256";
    const EMPTY: &str = "UPDATE rule_change_files SET sha256 = NULL WHERE change_id = $1 AND path = $2";
    let now = tx.now();
    let touched = exec!(&mut *tx, ex => sqlx::query(TOUCH).bind(hash).bind(now).bind(change.id).bind(author).bind(&change.hash).execute(ex))?;
    if touched == 0 {
        return Err(StoreError::Refused(
            "this change is not yours to edit, is no draft, or was changed meanwhile; open it again".into(),
        ));
    }
    for (path, text) in files {
        if let Some(text) = text {
            let sha256 = keep(tx, text).await?;
            exec!(&mut *tx, ex => sqlx::query(WRITE).bind(change.id).bind(path).bind(&sha256).execute(ex))?;
        } else {
            exec!(&mut *tx, ex => sqlx::query(REMOVE).bind(change.id).bind(path).execute(ex))?;
            exec!(&mut *tx, ex => sqlx::query(EMPTY).bind(change.id).bind(path).execute(ex))?;
        }
    }
    Ok(())
}

/// Sets what a draft began from: these files, which it was merged with.
pub async fn rebase(tx: &mut WriteTx, id: ChangeId, base: &PackFiles, base_hash: &str) -> Result<()> {
    const CLEAR: &str = "UPDATE rule_change_files SET base_sha256 = NULL WHERE change_id = $1 AND sha256 IS NOT NULL";
    const GONE: &str = "DELETE FROM rule_change_files WHERE change_id = $1 AND sha256 IS NULL";
    const FILE: &str = "INSERT INTO rule_change_files (change_id, path, base_sha256, sha256) VALUES ($1, $2, $3, NULL)
        ON CONFLICT (change_id, path) DO UPDATE SET base_sha256 = excluded.base_sha256";
    const HASH: &str = "UPDATE rule_changes SET base_hash = $2 WHERE id = $1";
    for sql in [CLEAR, GONE] {
        exec!(&mut *tx, ex => sqlx::query(sql).bind(id).execute(ex))?;
    }
    for (path, text) in base {
        let sha256 = keep(tx, text).await?;
        exec!(&mut *tx, ex => sqlx::query(FILE).bind(id).bind(path).bind(&sha256).execute(ex))?;
    }
    exec!(tx, ex => sqlx::query(HASH).bind(id).bind(base_hash).execute(ex))?;
    Ok(())
}

/// A change.
pub async fn get(on: impl Into<Ex<'_>>, id: ChangeId) -> Result<Option<RuleChange>> {
    const SQL: &str = concat!(columns!(), "WHERE c.id = $1");
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// The same, locked until the transaction ends.
pub async fn lock(tx: &mut WriteTx, id: ChangeId) -> Result<Option<RuleChange>> {
    if tx.is_postgres() {
        let _: Option<ChangeId> = run!(&mut *tx, ex => sqlx::query_scalar("SELECT id FROM rule_changes WHERE id = $1 FOR UPDATE").bind(id).fetch_optional(ex))?;
    }
    get(tx, id).await
}

/// The newest draft of a pack by this person.
pub async fn draft_of(on: impl Into<Ex<'_>>, pack: &str, author: UserId) -> Result<Option<ChangeId>> {
    const SQL: &str =
        "SELECT id FROM rule_changes WHERE pack = $1 AND author_id = $2 AND state = 'draft' ORDER BY id DESC LIMIT 1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(pack).bind(author).fetch_optional(ex))
}

/// Changes that someone works on or that wait for another person, newest first.
pub async fn open(on: impl Into<Ex<'_>>) -> Result<Vec<RuleChange>> {
    const SQL: &str =
        concat!(columns!(), "WHERE c.state IN ('draft', 'proposed') ORDER BY c.state DESC, c.changed_at DESC, c.id DESC");
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// Files of a change, before and after, by path.
pub async fn files(on: impl Into<Ex<'_>>, id: ChangeId) -> Result<Vec<FileChange>> {
    const SQL: &str = "SELECT f.path, b.text, a.text FROM rule_change_files f LEFT JOIN rule_texts b ON b.sha256 = f.base_sha256
        LEFT JOIN rule_texts a ON a.sha256 = f.sha256 WHERE f.change_id = $1 ORDER BY f.path";
    let rows: Vec<(String, Option<String>, Option<String>)> = run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))?;
    Ok(rows.into_iter().map(|(path, before, after)| FileChange { path, before, after }).collect())
}

/// Moves a change on, with a remark; an empty one keeps the former.
///
/// # Errors
/// [`StoreError::Refused`] when it is somewhere else now, or was never tried as it is.
pub async fn advance(tx: &mut WriteTx, id: ChangeId, from: ChangeState, to: ChangeState, remark: &str) -> Result<()> {
    const SQL: &str = "UPDATE rule_changes SET state = $3, proposed_at = CASE WHEN $3 = 'proposed' THEN $4 ELSE proposed_at END,
        remark = CASE WHEN $5 = '' THEN remark ELSE $5 END WHERE id = $1 AND state = $2";
    let now = tx.now();
    let moved = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(from).bind(to).bind(now).bind(remark).execute(ex))?;
    if moved == 0 {
        return Err(StoreError::Refused("this change was moved on meanwhile; open it again".into()));
    }
    Ok(())
}

/// Asks for a trial of a draft that has the hash `seen`.
///
/// # Errors
/// [`StoreError::Refused`] when it has another one by now, or is no draft.
pub async fn ask_trial(tx: &mut WriteTx, id: ChangeId, seen: &str) -> Result<()> {
    const SQL: &str = "UPDATE rule_changes SET trial_asked = hash, trial_posts = 0, trial = '', trial_hash = ''
        WHERE id = $1 AND hash = $2 AND state = 'draft'";
    let asked = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(seen).execute(ex))?;
    if asked == 1 { Ok(()) } else { Err(StoreError::Refused("this change was moved on meanwhile; open it again".into())) }
}

/// Takes the wish for a trial back: the change cannot be loaded.
pub async fn give_up_trial(tx: &mut WriteTx, id: ChangeId) -> Result<()> {
    exec!(tx, ex => sqlx::query("UPDATE rule_changes SET trial_asked = '' WHERE id = $1").bind(id).execute(ex))?;
    Ok(())
}

/// Why the newest trial job of a change ended without success; none while it waits or runs.
pub async fn trial_job(on: impl Into<Ex<'_>>, id: ChangeId) -> Result<Option<(JobState, Option<String>)>> {
    const SQL: &str = "SELECT state, last_error FROM jobs WHERE kind = 'trial' AND dedupe_key LIKE $1 ORDER BY id DESC LIMIT 1";
    let key = format!("trial:{id}:%");
    run!(on, ex => sqlx::query_as(SQL).bind(&key).fetch_optional(ex))
}

/// The change whose trial was asked for and has not ended, oldest first.
pub async fn next_trial(on: impl Into<Ex<'_>>) -> Result<Option<RuleChange>> {
    const SQL: &str = concat!(
        columns!(),
        "WHERE c.state = 'draft' AND c.trial_asked = c.hash AND c.trial_hash <> c.hash ORDER BY c.changed_at, c.id LIMIT 1"
    );
    run!(on, ex => sqlx::query_as(SQL).fetch_optional(ex))
}

/// What a trial has found so far, as JSON; empty before it began.
pub async fn trial(on: impl Into<Ex<'_>>, id: ChangeId) -> Result<String> {
    run!(on, ex => sqlx::query_scalar("SELECT trial FROM rule_changes WHERE id = $1").bind(id).fetch_one(ex))
}

/// Writes down how far a trial of the bytes `hash` is. False when the change says something else now.
pub async fn note_trial(tx: &mut WriteTx, id: ChangeId, hash: &str, posts: i64, found: &str, ended: bool) -> Result<bool> {
    const SQL: &str =
        "UPDATE rule_changes SET trial_posts = $3, trial = $4, trial_hash = CASE WHEN $5 THEN $2 ELSE trial_hash END
        WHERE id = $1 AND hash = $2 AND trial_asked = $2 AND trial_hash <> $2 AND state = 'draft'";
    let noted = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(hash).bind(posts).bind(found).bind(ended).execute(ex))?;
    Ok(noted == 1)
}

/// Puts a change to use; `None` goes back to the program's own pack.
///
/// # Errors
/// [`StoreError::Refused`] when something else was put to use after row `after`, or the schema refuses this person.
pub async fn activate(tx: &mut WriteTx, pack: &str, change: Option<ChangeId>, person: UserId, after: i64) -> Result<()> {
    const SQL: &str =
        "INSERT INTO rule_activations (pack, change_id, person_id, activated_at, after_id) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    if latest(&mut *tx, pack).await? != after {
        return Err(StoreError::Refused("other rules were put to use meanwhile; look again".into()));
    }
    exec!(tx, ex => sqlx::query(SQL).bind(pack).bind(change).bind(person).bind(now).bind(after).execute(ex))?;
    Ok(())
}

/// The newest row of a pack; 0 for none.
pub async fn latest(on: impl Into<Ex<'_>>, pack: &str) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(id), 0) FROM rule_activations WHERE pack = $1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(pack).fetch_one(ex))
}

/// The change in force for each pack that has one, with its hash.
pub async fn in_force(on: impl Into<Ex<'_>>) -> Result<Vec<(String, ChangeId, String)>> {
    const SQL: &str = "SELECT a.pack, a.change_id, c.hash FROM rule_activations a JOIN rule_changes c ON c.id = a.change_id
        WHERE a.id = (SELECT MAX(n.id) FROM rule_activations n WHERE n.pack = a.pack) AND a.change_id IS NOT NULL ORDER BY a.pack";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// What was put to use, newest first.
pub async fn activations(on: impl Into<Ex<'_>>, pack: &str) -> Result<Vec<Activation>> {
    const SQL: &str = "SELECT a.id, a.pack, a.change_id, c.title, w.name AS author, u.name AS person, a.activated_at
        FROM rule_activations a JOIN users u ON u.id = a.person_id LEFT JOIN rule_changes c ON c.id = a.change_id
        LEFT JOIN users w ON w.id = c.author_id WHERE a.pack = $1 ORDER BY a.id DESC LIMIT 200";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).fetch_all(ex))
}

/// A post as lists of a trial show it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TrialPost {
    /// Row id.
    pub id: PostId,
    /// Platform.
    pub platform: crate::domain::Platform,
    /// Caption.
    pub text: String,
    /// Its flag of the pack, if it has one.
    pub flag_id: Option<i64>,
    /// Its named queue.
    pub queue_id: Option<i64>,
}

/// A post of a trial; none when it was deleted since.
pub async fn trial_post(on: impl Into<Ex<'_>>, post: PostId, pack: &str) -> Result<Option<TrialPost>> {
    const SQL: &str =
        "SELECT p.id, p.platform, p.text, f.id AS flag_id, f.queue_id FROM posts p LEFT JOIN flags f ON f.post_id = p.id AND f.pack = $2
        WHERE p.id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(post).bind(pack).fetch_optional(ex))
}
