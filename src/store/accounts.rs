//! Accounts of sellers: contacts of their posts, links between them, marks.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::account::{ContactKind, Mark, MarkKind};
use crate::domain::flag::FlagState;
use crate::domain::ids::{BatchId, PostId, UserId};
use crate::domain::{Millis, Platform};

/// Who reads: posts in queues that are for others only are left out.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The person.
    pub id: UserId,
    /// Sees every queue.
    pub all: bool,
}

/// Whether the reader `$3`, who sees every queue if `$4`, may see the flag `f`.
macro_rules! seen {
    () => {
        "($4 OR NOT EXISTS (SELECT 1 FROM queue_members m WHERE m.queue_id = COALESCE(f.queue_id, 1))
            OR EXISTS (SELECT 1 FROM queue_members m WHERE m.queue_id = COALESCE(f.queue_id, 1) AND m.user_id = $3))"
    };
}

/// Puts the hashed contacts of a post in the place of its former ones.
pub async fn set_contacts(tx: &mut WriteTx, post: PostId, contacts: &[(ContactKind, String)]) -> Result<()> {
    const CLEAR: &str = "DELETE FROM post_contacts WHERE post_id = $1";
    const ADD: &str =
        "INSERT INTO post_contacts (post_id, kind, hash) VALUES ($1, $2, $3) ON CONFLICT (post_id, hash) DO NOTHING";
    exec!(&mut *tx, ex => sqlx::query(CLEAR).bind(post).execute(ex))?;
    for (kind, hash) in contacts {
        exec!(&mut *tx, ex => sqlx::query(ADD).bind(post).bind(*kind).bind(hash).execute(ex))?;
    }
    Ok(())
}

/// Another account that prints the same contacts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Link {
    /// Where it is.
    pub platform: Platform,
    /// Public handle.
    pub handle: String,
    /// Different contacts that both print.
    pub shared: i64,
    /// Of these, telephone numbers.
    pub phones: i64,
    /// Its posts that print one of them.
    pub posts: i64,
}

/// A contact that more accounts print is nobody's own: the help line of a marketplace, a parcel service.
pub const SHARED_BY_MOST: i64 = 50;

/// Accounts that print the same contacts, those with most in common first. Contacts of more than [`SHARED_BY_MOST`]
/// accounts count for nothing.
pub async fn links(on: impl Into<Ex<'_>>, platform: Platform, handle: &str, reader: Reader, limit: i64) -> Result<Vec<Link>> {
    const SQL: &str = concat!("SELECT p.platform, p.author AS handle, COUNT(DISTINCT c.hash) AS shared,
            COUNT(DISTINCT CASE WHEN c.kind = 'phone' THEN c.hash END) AS phones, COUNT(DISTINCT p.id) AS posts
        FROM (SELECT DISTINCT k.hash FROM posts m JOIN post_contacts k ON k.post_id = m.id WHERE m.platform = $1 AND m.author = $2) own
        JOIN post_contacts c ON c.hash = own.hash JOIN posts p ON p.id = c.post_id
        WHERE (SELECT COUNT(*) FROM (SELECT DISTINCT q.platform, q.author FROM post_contacts d JOIN posts q ON q.id = d.post_id
            WHERE d.hash = own.hash LIMIT $6) AS printing) < $6
        AND p.author <> '' AND NOT (p.platform = $1 AND p.author = $2) AND EXISTS (SELECT 1 FROM flags f WHERE f.post_id = p.id AND ", seen!(), ")
        GROUP BY p.platform, p.author ORDER BY shared DESC, posts DESC, p.platform, p.author LIMIT $5");
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).bind(reader.id).bind(reader.all).bind(limit).bind(SHARED_BY_MOST + 1).fetch_all(ex))
}

/// How many different contacts the flagged posts of an account print, by kind.
pub async fn contacts(on: impl Into<Ex<'_>>, platform: Platform, handle: &str) -> Result<Vec<(ContactKind, i64)>> {
    const SQL: &str = "SELECT c.kind, COUNT(DISTINCT c.hash) FROM posts p JOIN post_contacts c ON c.post_id = p.id
        WHERE p.platform = $1 AND p.author = $2 GROUP BY c.kind ORDER BY c.kind";
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).fetch_all(ex))
}

/// Platforms on which an account of the same handle has flagged posts, with how many.
pub async fn namesakes(on: impl Into<Ex<'_>>, platform: Platform, handle: &str, reader: Reader) -> Result<Vec<(Platform, i64)>> {
    const SQL: &str = concat!(
        "SELECT p.platform, COUNT(*) FROM posts p JOIN flags f ON f.post_id = p.id
        WHERE p.author = $2 AND p.platform <> $1 AND ",
        seen!(),
        " GROUP BY p.platform ORDER BY p.platform"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).bind(reader.id).bind(reader.all).fetch_all(ex))
}

/// When the newest flagged posts of an account were posted (or first seen), and where their flags stand.
pub async fn dated(on: impl Into<Ex<'_>>, platform: Platform, handle: &str, reader: Reader) -> Result<Vec<(Millis, FlagState)>> {
    const SQL: &str = concat!(
        "SELECT COALESCE(p.posted_at, p.first_seen_at), f.state FROM posts p JOIN flags f ON f.post_id = p.id
        WHERE p.platform = $1 AND p.author = $2 AND ",
        seen!(),
        " ORDER BY 1 DESC LIMIT 1000"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).bind(reader.id).bind(reader.all).fetch_all(ex))
}

/// Packages that hold a post of an account and were not given up, newest first: id, code, kind, state.
pub async fn packages(
    on: impl Into<Ex<'_>>,
    platform: Platform,
    handle: &str,
    reader: Reader,
) -> Result<Vec<(BatchId, String, String, String)>> {
    const SQL: &str = concat!(
        "SELECT DISTINCT b.id, b.code, b.kind, b.state FROM posts p JOIN flags f ON f.post_id = p.id
        JOIN package_rows r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id
        WHERE p.platform = $1 AND p.author = $2 AND b.state <> 'cancelled' AND ",
        seen!(),
        " ORDER BY b.id DESC LIMIT 50"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).bind(reader.id).bind(reader.all).fetch_all(ex))
}

macro_rules! marks {
    () => {
        "SELECT m.id, m.platform, m.handle, m.kind, m.note, m.reference, u.name AS set_by, m.set_at, m.until, m.ended_at
        FROM account_marks m JOIN users u ON u.id = m.set_by "
    };
}

/// Marks of an account, newest first. Handles are compared in lower case.
pub async fn marks(on: impl Into<Ex<'_>>, platform: Platform, handle: &str) -> Result<Vec<Mark>> {
    const SQL: &str = concat!(marks!(), "WHERE m.platform = $1 AND LOWER(m.handle) = LOWER($2) ORDER BY m.id DESC");
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(handle).fetch_all(ex))
}

/// Every mark that holds now, by handle.
pub async fn marked(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<Mark>> {
    const SQL: &str = concat!(
        marks!(),
        "WHERE m.ended_at IS NULL AND (m.until IS NULL OR m.until > $1) ORDER BY m.kind, m.handle, m.id LIMIT 2000"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}

/// A mark.
pub async fn mark(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<Mark>> {
    const SQL: &str = concat!(marks!(), "WHERE m.id = $1");
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// What a new mark says.
#[derive(Debug, Clone)]
pub struct NewMark {
    /// Where the account is.
    pub platform: Platform,
    /// Public handle.
    pub handle: String,
    /// What it says.
    pub kind: MarkKind,
    /// Why.
    pub note: String,
    /// Number in the help programme.
    pub reference: String,
    /// When it ends by itself.
    pub until: Option<Millis>,
}

/// Marks an account. A mark that has run out makes room.
pub async fn set_mark(tx: &mut WriteTx, mark: &NewMark, by: UserId) -> Result<i64> {
    const OLD: &str = "UPDATE account_marks SET ended_by = $4, ended_at = $5
        WHERE platform = $1 AND LOWER(handle) = LOWER($2) AND kind = $3 AND ended_at IS NULL AND until <= $5";
    const SQL: &str = "INSERT INTO account_marks (platform, handle, kind, note, reference, set_by, set_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let now = tx.now();
    exec!(&mut *tx, ex => sqlx::query(OLD).bind(mark.platform).bind(&mark.handle).bind(mark.kind).bind(by).bind(now).execute(ex))?;
    run!(tx, ex => sqlx::query_scalar(SQL).bind(mark.platform).bind(&mark.handle).bind(mark.kind).bind(&mark.note)
        .bind(&mark.reference).bind(by).bind(now).bind(mark.until).fetch_one(ex))
}

/// Ends a mark.
pub async fn end_mark(tx: &mut WriteTx, id: i64, by: UserId) -> Result<()> {
    const SQL: &str = "UPDATE account_marks SET ended_by = $2, ended_at = $3 WHERE id = $1 AND ended_at IS NULL";
    let now = tx.now();
    let ended = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(by).bind(now).execute(ex))?;
    if ended == 1 { Ok(()) } else { Err(StoreError::Refused("this mark has ended already".into())) }
}
