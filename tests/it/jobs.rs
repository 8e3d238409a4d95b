//! The queue of work: one worker a job, nothing lost when a worker is, nothing held for ever.

use std::sync::Arc;

use sisir::domain::job::{JobKind, JobState, LEASE, MAX_ATTEMPTS};
use sisir::jobs::tick;
use sisir::pipeline::Checkpoints;
use sisir::store::jobs;

use crate::support::Stage;

crate::on_both! {
    a_lost_worker_loses_its_job => takeover, a_job_that_ends_every_worker_is_buried => buried, ticks_are_rows_with_one_key => ticks,
    a_panic_fails_the_job_and_not_the_worker => panics,
}

async fn enqueue(stage: &Stage, kind: JobKind, key: &str) {
    let mut tx = stage.store().write_tx().await.unwrap();
    let now = tx.now();
    assert!(jobs::enqueue(&mut tx, kind, key, now).await.unwrap());
    assert!(!jobs::enqueue(&mut tx, kind, key, now).await.unwrap(), "one key, one job");
    tx.commit_housekeeping().await.unwrap();
}

async fn claim(stage: &Stage, worker: &str) -> Option<sisir::domain::job::Job> {
    let mut tx = stage.store().write_tx().await.unwrap();
    let job = jobs::claim(&mut tx, worker).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    job
}

async fn done(stage: &Stage, job: &sisir::domain::job::Job, worker: &str) -> bool {
    let mut tx = stage.store().write_tx().await.unwrap();
    let done = jobs::done(&mut tx, job, worker).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    done
}

async fn takeover(stage: &Stage) {
    enqueue(stage, JobKind::Screen, "uji").await;
    let first = claim(stage, "a").await.unwrap();
    assert!(claim(stage, "b").await.is_none(), "one worker a job");
    stage.later(LEASE.as_secs() - 1);
    let mut tx = stage.store().write_tx().await.unwrap();
    jobs::renew(&mut tx, &first, "a").await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    stage.later(LEASE.as_secs() - 1);
    assert!(claim(stage, "b").await.is_none(), "a renewed lease holds");
    stage.later(1);
    let second = claim(stage, "b").await.unwrap();
    assert_eq!((second.id, second.attempt), (first.id, 2));
    assert!(!done(stage, &first, "a").await, "who lost the lease cannot end the job");
    assert!(done(stage, &second, "b").await);
    assert!(claim(stage, "a").await.is_none());
}

async fn buried(stage: &Stage) {
    enqueue(stage, JobKind::Screen, "uji").await;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(claim(stage, "a").await.unwrap().attempt, attempt);
        stage.later(LEASE.as_secs());
    }
    assert!(claim(stage, "a").await.is_none());
    let row = jobs::recent(stage.store(), 1).await.unwrap().remove(0);
    assert_eq!((row.state, row.last_error.as_deref()), (JobState::Dead, Some("every worker that took it ended before it did")));
}

async fn ticks(stage: &Stage) {
    let (first, second) = tokio::join!(tick(&stage.pipeline), tick(&stage.pipeline));
    // A trial of rules is asked for by people.
    let by_clock = JobKind::ALL.iter().filter(|kind| **kind != JobKind::Trial).count();
    assert_eq!((first.unwrap() + second.unwrap()) as usize, by_clock, "two processes tick, each kind is queued once");
    assert_eq!(tick(&stage.pipeline).await.unwrap(), 0);
    stage.later(3600);
    assert!(tick(&stage.pipeline).await.unwrap() >= 2);
}

struct Panics;

impl Checkpoints for Panics {
    fn reach(&self, place: &'static str) {
        assert_ne!(place, "screen.before_batch", "on purpose");
    }
}

async fn panics(stage: &Stage) {
    enqueue(stage, JobKind::Screen, "uji").await;
    let mut worker = stage.worker("a");
    worker.pipeline.checkpoints = Arc::new(Panics);
    assert!(worker.work_once().await.unwrap());
    let row = jobs::recent(stage.store(), 1).await.unwrap().remove(0);
    assert_eq!(row.state, JobState::Queued, "it will be tried again");
    assert!(row.last_error.unwrap().contains("panicked"));
}
