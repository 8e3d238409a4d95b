//! Clocks that run: what has to happen next after sending, and by when. They are read off what happened, so a restart loses none;
//! that one ran out is noted once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Pipeline, PipelineError, Result, allowed, batch::case_id, preflight, schedule};
use crate::domain::Millis;
use crate::domain::answer::Outcome;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::BatchKind;
use crate::domain::deadline::{self, ClockKind};
use crate::domain::ids::{BatchId, RequestId};
use crate::domain::post::storable;
use crate::domain::user::{User, Zone};
use crate::store::{appeals, batches, clocks};

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// What it waits for.
    pub kind: ClockKind,
    /// On what, e.g. `batch:3`.
    pub subject: String,
    /// What people call that: a reference, a case id.
    pub name: String,
    /// Page where something can be done about it.
    pub page: String,
    /// Posts that wait.
    pub rows: i64,
    /// When it began.
    pub started: Millis,
    /// When it runs out.
    pub due: Millis,
    /// The rows, where a person can leave it at what was said, or not said.
    pub requests: Vec<RequestId>,
}

impl Running {
    /// The last minute in which it is in time.
    pub fn last_minute(&self) -> Millis {
        self.due.minus(Duration::from_mins(1))
    }

    /// Whether it has run out.
    pub fn is_over(&self, now: Millis) -> bool {
        self.due <= now
    }
}

/// Every clock that runs now, the one that ends first before the others.
pub async fn running(pipeline: &Pipeline) -> Result<Vec<Running>> {
    let (store, calendar) = (&pipeline.store, schedule::calendar(&pipeline.config));
    let ends = |kind, started| deadline::ends(deadline::rules(), kind, started, &calendar);
    let mut all = Vec::new();
    let mut open: BTreeMap<BatchId, Vec<RequestId>> = BTreeMap::new();
    for (letter, request) in clocks::waiting_rows(store).await? {
        open.entry(letter).or_default().push(request);
    }
    for letter in clocks::waiting(store).await? {
        let batch = batches::require(store, letter.id).await?;
        // A package of an earlier version named no day.
        let Some(day) = preflight::answer_by(pipeline, &batch).await? else { continue };
        let confirms = letter.kind == BatchKind::Withdrawal;
        all.push(Running {
            kind: if confirms { ClockKind::Confirmation } else { ClockKind::Answer },
            subject: format!("batch:{}", letter.id),
            page: format!("/batches/{}#{}", letter.id, if confirms { "answers" } else { "follow" }),
            name: letter.code,
            rows: letter.rows,
            started: letter.sent_at,
            due: deadline::end_of_day(day, Zone::Wib),
            requests: open.remove(&letter.id).unwrap_or_default(),
        });
    }
    for row in clocks::open_answers(store).await? {
        let kind = if row.outcome == Outcome::Refused { ClockKind::Refusal } else { ClockKind::Clarification };
        let Some(due) = ends(kind, row.recorded_at) else { continue };
        all.push(Running {
            kind,
            subject: format!("request:{}", row.request_id),
            name: format!("{} {}", row.code, case_id(row.flag_id)),
            page: format!("/batches/{}#answers", row.batch_id),
            rows: 1,
            started: row.recorded_at,
            due,
            requests: vec![row.request_id],
        });
    }
    for (flag, platform, dismissed) in clocks::to_withdraw(store).await? {
        let Some(due) = ends(ClockKind::Correction, dismissed) else { continue };
        all.push(Running {
            kind: ClockKind::Correction,
            subject: format!("flag:{flag}"),
            name: format!("{} {}", case_id(flag), platform.label()),
            page: format!("/flags/{flag}"),
            rows: 1,
            started: dismissed,
            due,
            requests: Vec::new(),
        });
    }
    for appeal in appeals::open(store).await? {
        let Some(due) = ends(ClockKind::Appeal, appeal.received_at) else { continue };
        all.push(Running {
            kind: ClockKind::Appeal,
            subject: format!("appeal:{}", appeal.id),
            name: format!("K-{}", appeal.id),
            page: format!("/appeals/{}", appeal.id),
            rows: 1,
            started: appeal.received_at,
            due,
            requests: Vec::new(),
        });
    }
    all.sort_by(|a, b| (a.due, a.kind, &a.subject).cmp(&(b.due, b.kind, &b.subject)));
    Ok(all)
}

/// Notes every clock that has run out and was not noted before. Returns how many.
pub async fn fire(pipeline: &Pipeline) -> Result<u32> {
    let now = pipeline.clock().now();
    let mut fired = 0;
    for clock in running(pipeline).await?.into_iter().filter(|clock| clock.is_over(now)) {
        let mut tx = pipeline.store.write_tx().await?;
        if clocks::fire(&mut tx, clock.kind, &clock.subject, clock.started, clock.due).await? {
            let event = AuditEvent::new(Actor::System, Action::ClockFired, clock.subject);
            tx.commit(event.detail(format!("kind={} due={}", clock.kind, clock.due.0))).await?;
            pipeline.reach("clocks.fired");
            fired += 1;
        }
    }
    Ok(fired)
}

/// Leaves what a clock waits for at what the platform said, or did not say, with a reason for colleagues: a refusal at once, an answer or
/// a confirmation once its time is over. `subject`: of the clock.
pub async fn end(pipeline: &Pipeline, user: &User, subject: &str, note: &str) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    let note = storable(note.trim());
    if note.is_empty() || note.chars().count() > 500 {
        return Err(PipelineError::Refused("say why in at most 500 characters".into()));
    }
    let now = pipeline.clock().now();
    let may_end = |clock: &Running| match clock.kind {
        ClockKind::Refusal | ClockKind::Clarification => true,
        _ => clock.is_over(now) && !clock.requests.is_empty(),
    };
    let found = running(pipeline).await?.into_iter().find(|clock| clock.subject == subject && may_end(clock));
    let found = found.ok_or_else(|| PipelineError::Refused("this does not wait for a decision".into()))?;
    let mut tx = pipeline.store.write_tx().await?;
    for request in &found.requests {
        clocks::end_request(&mut tx, *request, &note, user.id).await?;
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::RequestEnded, found.subject);
    Ok(tx.commit(event.detail(format!("rows={}", found.requests.len()))).await?)
}
