//! Letters about one that was sent: reminders, applications to the ministry of communication, corrections. Which rows each is
//! due for is looked up here; a person decides to write it, and another signs it, as with every package.

use super::batch::{WHO, case_id, open, recipient, signable, why_held};
use super::{Pipeline, PipelineError, Result, allowed, preflight};
use crate::domain::answer::Outcome;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::{Batch, BatchKind, BatchState};
use crate::domain::check::Liveness;
use crate::domain::ids::{BatchId, DecisionId, UserId};
use crate::domain::stage::Stage;
use crate::domain::user::User;
use crate::store::batches::{Refers, Standing};
use crate::store::{batches, checks, decisions, letters as register, users};

/// The kinds of letters that can be about another.
const KINDS: [BatchKind; 3] = [BatchKind::Reminder, BatchKind::Application, BatchKind::Correction];

/// Reminders of one request; then a person decides what follows.
const REMINDERS: i64 = 2;

/// Opens a draft of a letter about `about`, with every row that it is due for.
///
/// # Errors
/// [`PipelineError::Refused`] when it is due for none.
pub async fn draft(pipeline: &Pipeline, user: &User, kind: BatchKind, about: BatchId) -> Result<Batch> {
    allowed(user, user.role.reviews(), WHO)?;
    let earlier = batches::require(&pipeline.store, about).await?;
    // No larger than the office takes, and such that somebody can sign it.
    let people = users::all(&pipeline.store).await?;
    let people: Vec<User> = people.into_iter().filter(|person| person.id != user.id).collect();
    let mut due = signable(due(pipeline, &earlier, kind).await?, &people, |row| row.decided_by);
    // A correction goes to whoever got the letter.
    let to = if kind == BatchKind::Correction { earlier.kind } else { kind };
    let most = recipient(pipeline, to, earlier.platform).map_or(u32::MAX, |to| to.max_rows);
    due.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    if due.is_empty() {
        return Err(PipelineError::Refused(format!("nothing of {} is due for this letter", earlier.code)));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let mut rows = Vec::new();
    for row in due {
        rows.push((decisions::require(&mut tx, row.decision_id).await?, row.refers));
    }
    let (batch, event) = open(&mut tx, user, (kind, earlier.platform, Some(about)), user.id, &rows).await?;
    let detail = format!("{} about={about}", event.detail);
    tx.commit(event.detail(detail)).await?;
    Ok(batch)
}

/// How many rows of a package each kind of letter is due for; kinds without any are left out.
pub async fn choices(pipeline: &Pipeline, about: &Batch) -> Result<Vec<(BatchKind, usize)>> {
    let mut out = Vec::new();
    for kind in KINDS {
        let rows = due(pipeline, about, kind).await?.len();
        if rows > 0 {
            out.push((kind, rows));
        }
    }
    Ok(out)
}

/// A row that a letter is due for.
#[derive(Debug, Clone)]
struct Due {
    decision_id: DecisionId,
    decided_by: UserId,
    refers: Refers,
}

/// The rows that a letter is due for. A post that is gone needs no letter; one that changed or is held back gets none.
///
/// - A reminder: no answer, and the day named for it is over.
/// - An application: the platform refused, or did not answer after a reminder.
/// - A correction: the post was dismissed after the letter was sent.
async fn due(pipeline: &Pipeline, about: &Batch, kind: BatchKind) -> Result<Vec<Due>> {
    let store = &pipeline.store;
    if kind == BatchKind::Correction {
        let wrong = batches::to_correct(store, about.id).await?;
        let corrects = |(row, decision_id, decided_by)| {
            let refers = Refers { corrects: Some(row), ..Refers::default() };
            Due { decision_id, decided_by, refers }
        };
        return Ok(wrong.into_iter().map(corrects).collect());
    }
    let rows = batches::standing(store, about.id).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let details = batches::details(store, about.id, pipeline.clock().now()).await?;
    let may = |row: &Standing| {
        let detail = details.iter().find(|detail| detail.request_id == Some(row.request_id));
        detail.is_some_and(|d| d.text_unchanged && why_held(pipeline, &d.text, &d.held_by).is_none())
    };
    let (overdue, looks) = (overdue(pipeline, about).await?, checks::of_batch(store, about.id).await?);
    let is_due = |row: &Standing| match (kind, row.outcome) {
        _ if row.applications > 0 || row.ended => false,
        (BatchKind::Reminder, None) => overdue && row.reminders < REMINDERS,
        (BatchKind::Application, None) => overdue && row.reminders > 0,
        (BatchKind::Application, Some(Outcome::Refused)) => true,
        _ => false,
    };
    // Whether a post with another text still meets the criteria is for a person.
    let up = |row: &Standing| {
        let liveness = Liveness::from_checks(looks.get(&row.post_id).into_iter().flatten());
        !liveness.is_missing() && liveness != Liveness::Edited
    };
    let refers = |row: Standing| {
        let time_no = if kind == BatchKind::Reminder { row.reminders.saturating_add(1) } else { 1 };
        let time_no = i32::try_from(time_no).unwrap_or(i32::MAX);
        let refers = Refers { request: Some(row.request_id), time_no, ..Refers::default() };
        Due { decision_id: row.decision_id, decided_by: row.decided_by, refers }
    };
    Ok(rows.into_iter().filter(|row| is_due(row) && up(row) && may(row)).map(refers).collect())
}

/// Whether the day by which an answer was hoped for is over, as the newest letter says; false while a reminder did not leave.
async fn overdue(pipeline: &Pipeline, about: &Batch) -> Result<bool> {
    let later = batches::about(&pipeline.store, about.id).await?;
    let newest = later.iter().rfind(|later| later.kind == BatchKind::Reminder).unwrap_or(about);
    if newest.state != BatchState::Sent {
        return Ok(false);
    }
    let today = pipeline.clock().now().in_jakarta().date();
    Ok(preflight::answer_by(pipeline, newest).await?.is_some_and(|day| day < today))
}

/// Refuses a reminder or an application that has nothing to follow any more: the request came back or was withdrawn, or the platform
/// has answered since.
pub(super) async fn still_due(pipeline: &Pipeline, batch: &Batch) -> Result<()> {
    let (BatchKind::Reminder | BatchKind::Application, Some(about)) = (batch.kind, batch.about_id) else { return Ok(()) };
    let standing = batches::standing(&pipeline.store, about).await?;
    for row in batches::rows(&pipeline.store, batch.id).await? {
        let now = standing.iter().find(|one| Some(one.request_id) == row.request_id);
        let answered = |one: &Standing| match (batch.kind, one.outcome) {
            (_, None) => false,
            // What the platform had said when it was written stands in it.
            (BatchKind::Application, Some(Outcome::Refused)) => {
                batch.rendered_at.is_some_and(|written| one.answered_at.is_some_and(|at| at > written))
            }
            _ => true,
        };
        let why = match now {
            None => "is not asked for any more",
            Some(one) if answered(one) => "was answered since",
            Some(one) if one.ended => "was left at that",
            Some(_) => continue,
        };
        return Err(PipelineError::Refused(format!("{} {why}; cancel this package and write another", case_id(row.flag_id))));
    }
    Ok(())
}

/// Notes how far an application got, as the ministry of communication told us on a day (`YYYY-MM-DD`, empty for today). Nothing follows by
/// itself.
pub async fn record_stage(pipeline: &Pipeline, user: &User, id: BatchId, stage: Stage, said_on: &str) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors record stages")?;
    let today = pipeline.clock().now().in_jakarta().date();
    let day = if said_on.trim().is_empty() { Ok(today) } else { said_on.trim().parse::<jiff::civil::Date>() };
    let day = day.map_err(|_| PipelineError::Refused(format!("`{said_on}` is no day; write it as 2027-06-30")))?;
    if day > today {
        return Err(PipelineError::Refused(format!("`{day}` is still to come")));
    }
    let mut tx = pipeline.store.write_tx().await?;
    register::insert_stage(&mut tx, id, stage, &day.to_string(), user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::StageRecorded, format!("batch:{id}"));
    Ok(tx.commit(event.detail(format!("stage={stage} on={day}"))).await?)
}
