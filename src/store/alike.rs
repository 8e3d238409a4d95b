//! Near-duplicates, and other posts of an account.

use super::{Ex, Result, Store};
use crate::domain::flag::{FlagState, Priority};
use crate::domain::ids::FlagId;
use crate::domain::{Millis, Platform};

/// A flag that may be alike.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Candidate {
    /// Row id.
    pub id: FlagId,
    /// Order of work.
    pub priority: Priority,
    /// Where it stands.
    pub state: FlagState,
    /// Where the post stands.
    pub platform: Platform,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// SHA-256 of the caption.
    pub text_sha256: String,
    /// Named queue.
    pub queue_id: Option<i64>,
}

/// Other flags of the same pack whose sketch has one of these `quarters`, newest first. `free`: only those that are open
/// for anyone, and on nobody's screen at that moment.
pub async fn candidates(
    on: impl Into<Ex<'_>>,
    id: FlagId,
    pack: &str,
    quarters: [i64; 4],
    free: Option<Millis>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    const SQL: &str = "SELECT f.id, f.priority, f.state, p.platform, p.author, p.text, p.text_sha256, f.queue_id
        FROM flags f JOIN posts p ON p.id = f.post_id
        WHERE ((f.fingerprint & 65535) = $1 OR ((f.fingerprint >> 16) & 65535) = $2 OR ((f.fingerprint >> 32) & 65535) = $3
            OR ((f.fingerprint >> 48) & 65535) = $4) AND f.id <> $5 AND f.pack = $6 AND ((f.state = 'open' AND f.lane = 'first' AND (f.claimed_until IS NULL OR f.claimed_until <= $9)) OR $7 = FALSE)
        ORDER BY f.id DESC LIMIT $8";
    let [a, b, c, d] = quarters;
    run!(on, ex => sqlx::query_as(SQL).bind(a).bind(b).bind(c).bind(d).bind(id).bind(pack).bind(free.is_some()).bind(limit)
        .bind(free.unwrap_or(Millis(0))).fetch_all(ex))
}

/// What is known of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Its flags by state, without the one asked about.
    pub states: Vec<(FlagState, i64)>,
    /// Its requests that were sent and not withdrawn.
    pub requested: i64,
}

/// What is known of the account that posted what a flag is about.
pub async fn account(on: &Store, platform: Platform, author: &str, but: FlagId) -> Result<Account> {
    const STATES: &str = "SELECT f.state, COUNT(*) FROM posts p JOIN flags f ON f.post_id = p.id
        WHERE p.platform = $1 AND p.author = $2 AND f.id <> $3 GROUP BY f.state ORDER BY f.state";
    const REQUESTED: &str = "SELECT COUNT(DISTINCT f.id) FROM posts p JOIN flags f ON f.post_id = p.id
        JOIN requests r ON r.flag_id = f.id AND r.released = FALSE JOIN batches b ON b.id = r.batch_id
        WHERE p.platform = $1 AND p.author = $2 AND b.state = 'sent' AND r.kind = 'request'";
    if author.is_empty() {
        return Ok(Account::default());
    }
    let states = run!(on, ex => sqlx::query_as(STATES).bind(platform).bind(author).bind(but).fetch_all(ex))?;
    let requested = run!(on, ex => sqlx::query_scalar(REQUESTED).bind(platform).bind(author).fetch_one(ex))?;
    Ok(Account { states, requested })
}
