//! Posts that came after a request and look like what it was about.

use super::accounts::SHARED_BY_MOST;
use super::{Ex, Result};
use crate::domain::ids::FlagId;
use crate::domain::{Millis, Platform};

/// An open post that has something in common with one that was asked down before it came.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Reupload {
    /// The open flag.
    pub flag_id: FlagId,
    /// Where the post is.
    pub platform: Platform,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was flagged.
    pub opened_at: Millis,
    /// A request that it follows.
    pub code: String,
}

macro_rules! after_a_request {
    () => {
        "SELECT f.id AS flag_id, p.platform, p.author, p.text, f.opened_at, MAX(b.code) AS code FROM requests r
        JOIN batches b ON b.id = r.batch_id JOIN deliveries v ON v.batch_id = b.id JOIN flags g ON g.id = r.flag_id JOIN posts q ON q.id = g.post_id "
    };
}
macro_rules! standing {
    () => {
        " WHERE r.kind = 'request' AND b.state = 'sent' AND g.state = 'upheld' AND f.state = 'open' AND f.opened_at > v.sent_at AND p.id <> q.id
        GROUP BY f.id, p.platform, p.author, p.text, f.opened_at ORDER BY f.id DESC LIMIT $1"
    };
}

/// Open posts of accounts that were asked about before, newest first.
pub async fn of_accounts(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Reupload>> {
    const SQL: &str = concat!(
        after_a_request!(),
        "JOIN posts p ON p.platform = q.platform AND p.author = q.author AND q.author <> '' JOIN flags f ON f.post_id = p.id",
        standing!()
    );
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// Open posts that print a contact or a page that a requested post prints too, newest first. What many accounts print is nobody's.
pub async fn of_contacts(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Reupload>> {
    const SQL: &str = concat!(
        after_a_request!(),
        "JOIN post_contacts c ON c.post_id = q.id
        JOIN (SELECT k.hash FROM post_contacts k JOIN posts o ON o.id = k.post_id GROUP BY k.hash HAVING COUNT(DISTINCT o.author) <= $2) own ON own.hash = c.hash
        JOIN post_contacts d ON d.hash = c.hash JOIN posts p ON p.id = d.post_id JOIN flags f ON f.post_id = p.id",
        standing!()
    );
    run!(on, ex => sqlx::query_as(SQL).bind(limit).bind(SHARED_BY_MOST).fetch_all(ex))
}

/// The newest open posts: flag, platform, handle, caption, when flagged.
pub type Newest = (FlagId, Platform, String, String, Millis);

/// The newest open posts.
pub async fn newest_open(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Newest>> {
    const SQL: &str = "SELECT f.id, p.platform, p.author, p.text, f.opened_at FROM flags f JOIN posts p ON p.id = f.post_id
        WHERE f.state = 'open' ORDER BY f.id DESC LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// A request about a flag that left before `before`: its reference.
pub async fn request_before(on: impl Into<Ex<'_>>, flag: FlagId, before: Millis) -> Result<Option<String>> {
    const SQL: &str =
        "SELECT MAX(b.code) FROM requests r JOIN batches b ON b.id = r.batch_id JOIN deliveries v ON v.batch_id = b.id
        WHERE r.flag_id = $1 AND r.kind = 'request' AND b.state = 'sent' AND v.sent_at < $2";
    run!(on, ex => sqlx::query_scalar(SQL).bind(flag).bind(before).fetch_one(ex))
}
