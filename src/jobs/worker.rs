//! The loop of `sisir work`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::job::{Fate, Job, JobKind, MAX_ATTEMPTS, backoff};
use crate::mail::Transport;
use crate::pipeline::{
    Pipeline, PipelineError, Result, alerts, clocks, crawl, deliver, follow_up, import, inbox, purge, refresh, rule_changes,
    schedule, screen,
};
use crate::platforms::{Source, TiktokOembed};
use crate::store::jobs;

/// How often a running job is held longer: several times in a lease, so that one slow write does not lose it.
const RENEW: Duration = Duration::from_mins(1);

/// A worker with everything its jobs need.
pub struct Worker {
    /// Use cases.
    pub pipeline: Pipeline,
    /// Sources that are switched on.
    pub sources: Vec<Arc<dyn Source>>,
    /// Liveness check, if switched on.
    pub oembed: Option<TiktokOembed>,
    /// Mail server.
    pub transport: Transport,
    /// Name of this worker, unique among running ones.
    pub name: String,
}

/// Queues what the schedule asks for: the last due time of each kind, once. A time that passed while nothing ran is
/// made up for.
pub async fn tick(pipeline: &Pipeline) -> Result<u32> {
    let now = pipeline.clock().now();
    let mut tx = pipeline.store.write_tx().await?;
    let mut queued = 0;
    for kind in JobKind::ALL {
        let Some(due) = schedule::previous(schedule::pattern(&pipeline.config, *kind), now) else { continue };
        queued += u32::from(jobs::enqueue(&mut tx, *kind, &format!("cron:{kind}:{}", due.0), due).await?);
    }
    tx.commit_housekeeping().await?;
    Ok(queued)
}

async fn renew(pipeline: &Pipeline, job: &Job, worker: &str) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    jobs::renew(&mut tx, job, worker).await?;
    jobs::heartbeat(&mut tx, worker).await?;
    Ok(tx.commit_housekeeping().await?)
}

impl Worker {
    /// Ticks and works until `stop`. A job that is running is finished first.
    pub async fn run(&self, stop: CancellationToken) {
        let pause = Duration::from_secs(self.pipeline.config.jobs.poll_seconds.max(1));
        while !stop.is_cancelled() {
            let worked = match self.turn().await {
                Ok(worked) => worked,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read; trying again");
                    false
                }
            };
            if !worked {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }

    async fn turn(&self) -> Result<bool> {
        self.heartbeat().await?;
        tick(&self.pipeline).await?;
        self.work_once().await
    }

    async fn heartbeat(&self) -> Result<()> {
        let mut tx = self.pipeline.store.write_tx().await?;
        jobs::heartbeat(&mut tx, &self.name).await?;
        Ok(tx.commit_housekeeping().await?)
    }

    /// Claims and does one job. False when none is due.
    pub async fn work_once(&self) -> Result<bool> {
        let mut tx = self.pipeline.store.write_tx().await?;
        let claimed = jobs::claim(&mut tx, &self.name).await?;
        tx.commit_housekeeping().await?;
        let Some(job) = claimed else { return Ok(false) };
        self.pipeline.checkpoints.reach("job.claimed");
        let result = self.perform_held(&job).await;
        self.pipeline.checkpoints.reach("job.performed");
        self.end(&job, result).await?;
        Ok(true)
    }

    /// Does the job while its lease and our heartbeat are renewed: a long crawl is neither taken over nor called late.
    /// The renewal is a task of its own: it must not wait for a lock that the paused job holds.
    async fn perform_held(&self, job: &Job) -> Result<String> {
        let (pipeline, job, name) = (self.pipeline.clone(), job.clone(), self.name.clone());
        let kind = job.kind;
        let renewal = AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW).await;
                if let Err(error) = renew(&pipeline, &job, &name).await {
                    tracing::warn!(job = %job.id, %error, "the lease could not be renewed; trying again");
                }
            }
        }));
        // A panic in a job is a bug of that job: it fails, the worker goes on.
        let result = AssertUnwindSafe(self.perform(kind)).catch_unwind().await;
        drop(renewal);
        result.unwrap_or_else(|_| Err(PipelineError::Task(format!("the job {kind} panicked; see the log above"))))
    }

    /// What this worker looks at posts with.
    fn eyes(&self) -> follow_up::Eyes<'_> {
        follow_up::Eyes { oembed: self.oembed.as_ref(), sources: &self.sources }
    }

    /// Does one kind of work now, outside the queue.
    pub async fn perform(&self, kind: JobKind) -> Result<String> {
        let pipeline = &self.pipeline;
        Ok(match kind {
            JobKind::Crawl => {
                let spend = if pipeline.config.schedule.spread_budget { crawl::Spend::Share } else { crawl::Spend::All };
                let done = crawl::crawl(pipeline, &self.sources, spend, |_| {}).await?;
                for problem in &done.problems {
                    tracing::warn!("crawl: {problem}");
                }
                alerts::check(pipeline).await?;
                format!(
                    "{} pages, {} new posts, {} known, {} problems",
                    done.pages,
                    done.posts.new,
                    done.posts.known,
                    done.problems.len()
                )
            }
            JobKind::Screen => {
                if let Some(oembed) = &self.oembed {
                    import::fill_in(pipeline, oembed).await?;
                }
                let done = screen::screen(pipeline, |_| {}).await?;
                // Here too, in case no crawl runs at all.
                alerts::check(pipeline).await?;
                format!("{} posts read, {} flagged", done.screened, done.flagged)
            }
            JobKind::Deliver => {
                follow_up::before_delivery(pipeline, self.eyes()).await?;
                let done = deliver::deliver(pipeline, &self.transport).await?;
                format!("{} sent, {} deferred, {} failed, {} unknown", done.sent, done.deferred, done.failed, done.unknown)
            }
            JobKind::FollowUp => {
                // One of these that cannot be done never keeps the others from being done.
                let over = clocks::fire(pipeline).await;
                let mail = inbox::read(pipeline).await;
                let done = follow_up::follow_up(pipeline, self.eyes()).await?;
                let looked = format!("{} up, {} edited, {} gone, {} unknown", done.up, done.edited, done.gone, done.unknown);
                let mail = mail?;
                // What came with mail and looks may have ended some, or begun others.
                let over = over? + clocks::fire(pipeline).await?;
                format!(
                    "{looked}; {over} clocks ran out; {} replies, {} bounces, {} mails to file",
                    mail.replies, mail.bounces, mail.unfiled
                )
            }
            JobKind::Trial => format!("{} changes of rules tried", rule_changes::try_waiting(pipeline).await?),
            JobKind::Purge => {
                let again = refresh::refresh(pipeline, &self.sources, self.oembed.as_ref()).await?;
                let done = purge::purge(pipeline).await?;
                format!(
                    "{} posts read again, {} deleted, {} emptied, {} other rows deleted",
                    again.refreshed,
                    done.deleted + done.unrefreshed,
                    done.emptied,
                    done.traces
                )
            }
        })
    }

    async fn end(&self, job: &Job, result: Result<String>) -> Result<()> {
        let mut tx = self.pipeline.store.write_tx().await?;
        match result {
            Ok(summary) => {
                tracing::info!(job = %job.id, kind = %job.kind, "{summary}");
                if !jobs::done(&mut tx, job, &self.name).await? {
                    tracing::warn!(job = %job.id, "another worker took the job over");
                }
                metrics::counter!("sisir_jobs_total", "kind" => job.kind.as_str(), "end" => "done").increment(1);
                Ok(tx.commit_housekeeping().await?)
            }
            Err(error) => {
                let text = error.to_string();
                metrics::counter!("sisir_jobs_total", "kind" => job.kind.as_str(), "end" => "failed").increment(1);
                match fate(&error, job.attempt) {
                    Fate::Retry(wait) => {
                        tracing::warn!(job = %job.id, kind = %job.kind, %error, "job failed; trying again");
                        let at = tx.now().plus(wait);
                        jobs::retry(&mut tx, job, &self.name, at, &text).await?;
                    }
                    Fate::Fail => {
                        tracing::error!(job = %job.id, kind = %job.kind, %error, "job given up");
                        jobs::bury(&mut tx, job, &self.name, &text).await?;
                    }
                }
                Ok(tx
                    .commit(
                        AuditEvent::new(Actor::System, Action::JobFailed, format!("job:{}", job.id)).detail(job.kind.as_str()),
                    )
                    .await?)
            }
        }
    }
}

fn fate(error: &PipelineError, attempt: i32) -> Fate {
    if error.is_retryable() && attempt < MAX_ATTEMPTS { Fate::Retry(backoff(attempt)) } else { Fate::Fail }
}
