//! The queue of work: claim with a lease, work outside any transaction, end with a guarded update.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::job::{Job, JobKind, JobRow, LEASE, MAX_ATTEMPTS};

/// Queues a job once for each `dedupe_key`. True when it is new.
pub async fn enqueue(tx: &mut WriteTx, kind: JobKind, dedupe_key: &str, run_at: Millis) -> Result<bool> {
    const SQL: &str = "INSERT INTO jobs (kind, dedupe_key, run_at) VALUES ($1, $2, $3) ON CONFLICT (dedupe_key) DO NOTHING";
    let new = exec!(tx, ex => sqlx::query(SQL).bind(kind).bind(dedupe_key).bind(run_at).execute(ex))?;
    Ok(new == 1)
}

/// Takes the job that has been due longest: a queued one, or one whose worker lost its lease.
pub async fn claim(tx: &mut WriteTx, worker: &str) -> Result<Option<Job>> {
    const LITE: &str = "UPDATE jobs SET state = 'running', attempt = attempt + 1, worker = $1, lease_until = $3
        WHERE id = (SELECT id FROM jobs WHERE (state = 'queued' AND run_at <= $2) OR (state = 'running' AND lease_until <= $2)
            ORDER BY run_at, id LIMIT 1) RETURNING id, kind, attempt";
    const PG: &str = "UPDATE jobs SET state = 'running', attempt = attempt + 1, worker = $1, lease_until = $3
        WHERE id = (SELECT id FROM jobs WHERE (state = 'queued' AND run_at <= $2) OR (state = 'running' AND lease_until <= $2)
            ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, kind, attempt";
    const BURY: &str =
        "UPDATE jobs SET state = 'dead', lease_until = NULL, last_error = 'every worker that took it ended before it did'
        WHERE state = 'running' AND lease_until <= $1 AND attempt >= $2";
    let now = tx.now();
    exec!(&mut *tx, ex => sqlx::query(BURY).bind(now).bind(MAX_ATTEMPTS).execute(ex))?;
    let sql = if tx.is_postgres() { PG } else { LITE };
    run!(tx, ex => sqlx::query_as(sql).bind(worker).bind(now).bind(now.plus(LEASE)).fetch_optional(ex))
}

/// Holds a job longer: its worker is still at it.
pub async fn renew(tx: &mut WriteTx, job: &Job, worker: &str) -> Result<()> {
    const SQL: &str = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running'";
    let until = tx.now().plus(LEASE);
    exec!(tx, ex => sqlx::query(SQL).bind(job.id).bind(worker).bind(job.attempt).bind(until).execute(ex))?;
    Ok(())
}

/// Ends a job well. False when another worker has taken it over.
pub async fn done(tx: &mut WriteTx, job: &Job, worker: &str) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET state = 'done', last_error = NULL, lease_until = NULL WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running'";
    let n = exec!(tx, ex => sqlx::query(SQL).bind(job.id).bind(worker).bind(job.attempt).execute(ex))?;
    Ok(n == 1)
}

/// Puts a job back until `run_at`.
pub async fn retry(tx: &mut WriteTx, job: &Job, worker: &str, run_at: Millis, error: &str) -> Result<()> {
    const SQL: &str = "UPDATE jobs SET state = 'queued', run_at = $4, last_error = $5, lease_until = NULL WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running'";
    exec!(tx, ex => sqlx::query(SQL).bind(job.id).bind(worker).bind(job.attempt).bind(run_at).bind(error).execute(ex))?;
    Ok(())
}

/// Gives a job up.
pub async fn bury(tx: &mut WriteTx, job: &Job, worker: &str, error: &str) -> Result<()> {
    const SQL: &str = "UPDATE jobs SET state = 'dead', last_error = $4, lease_until = NULL WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running'";
    exec!(tx, ex => sqlx::query(SQL).bind(job.id).bind(worker).bind(job.attempt).bind(error).execute(ex))?;
    Ok(())
}

/// The newest jobs.
pub async fn recent(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<JobRow>> {
    const SQL: &str = "SELECT id, kind, state, run_at, attempt, last_error FROM jobs ORDER BY run_at DESC, id DESC LIMIT $1";
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// Says that a worker lives.
pub async fn heartbeat(tx: &mut WriteTx, worker: &str) -> Result<()> {
    const SQL: &str =
        "INSERT INTO workers (name, seen_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(worker).bind(now).execute(ex))?;
    Ok(())
}

/// When a worker was last seen alive.
pub async fn last_heartbeat(on: impl Into<Ex<'_>>) -> Result<Option<Millis>> {
    run!(on, ex => sqlx::query_scalar("SELECT MAX(seen_at) FROM workers").fetch_one(ex))
}
