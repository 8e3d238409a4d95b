//! Queued work. Steps 5 and 6 (review, signing) have no kind here: no machine can do them.

use std::time::Duration;

use super::clock::Millis;
use super::ids::JobId;

text_enum! {
    /// What a worker can do by itself.
    JobKind {
        /// Read pages of platform APIs.
        Crawl = "crawl",
        /// Match stored posts against the rules.
        Screen = "screen",
        /// Hand signed packages to the mail server.
        Deliver = "deliver",
        /// Look whether requested posts are still there.
        FollowUp = "follow_up",
        /// Delete what is no longer needed.
        Purge = "purge",
        /// Try changed rules on stored posts; asked for by a person, never by the clock.
        Trial = "trial",
    }
}

text_enum! {
    /// Where a job stands.
    JobState {
        /// Waits for its time.
        Queued = "queued",
        /// A worker has it, or lost it (lease).
        Running = "running",
        /// Ended well.
        Done = "done",
        /// Given up: a person has to look.
        Dead = "dead",
    }
}

/// A job a worker holds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Job {
    /// Row id.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// Tries including this one; with the worker name it fences the end of the job.
    pub attempt: i32,
}

/// How a job that failed wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Again, not before this long.
    Retry(Duration),
    /// Never again: a person has to look.
    Fail,
}

/// Waiting time before try `attempt` + 1: 5 s, doubled each time, at most 30 minutes.
pub fn backoff(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 12)).unwrap_or(1).saturating_sub(1);
    Duration::from_secs(5_u64.saturating_mul(2_u64.saturating_pow(doublings)).min(1800))
}

/// How long a worker may hold a job before another may take it.
pub const LEASE: Duration = Duration::from_mins(10);

/// Tries before a job counts as dead.
pub const MAX_ATTEMPTS: i32 = 10;

/// Row as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct JobRow {
    /// Row id.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Not before.
    pub run_at: Millis,
    /// Tries so far.
    pub attempt: i32,
    /// Why the last try failed.
    pub last_error: Option<String>,
}
