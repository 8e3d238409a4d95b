//! Letters about one that was sent: reminders, applications to the ministry of communication, corrections. Which rows each is
//! due for is looked up here; a person decides to write it, and another signs it, as with every package.

use super::batch::{WHO, open};
use super::{Pipeline, PipelineError, Result, allowed, preflight};
use crate::domain::answer::Outcome;
use crate::domain::batch::{Batch, BatchKind, BatchState};
use crate::domain::check::Liveness;
use crate::domain::ids::{BatchId, DecisionId};
use crate::domain::user::User;
use crate::store::batches::{Refers, Standing};
use crate::store::{batches, checks, decisions};

/// The kinds of letters that can be about another.
pub const KINDS: [BatchKind; 3] = [BatchKind::Reminder, BatchKind::Application, BatchKind::Correction];

/// Reminders of one request; then a person decides what follows.
const REMINDERS: i64 = 2;

/// Opens a draft of a letter about `about`, with every row that it is due for.
///
/// # Errors
/// [`PipelineError::Refused`] when it is due for none.
pub async fn draft(pipeline: &Pipeline, user: &User, kind: BatchKind, about: BatchId) -> Result<Batch> {
    allowed(user, user.role.reviews(), WHO)?;
    let earlier = batches::require(&pipeline.store, about).await?;
    let due = due(pipeline, &earlier, kind).await?;
    if due.is_empty() {
        return Err(PipelineError::Refused(format!("nothing of {} is due for this letter", earlier.code)));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let mut rows = Vec::new();
    for (decision, refers) in due {
        rows.push((decisions::require(&mut tx, decision).await?, refers));
    }
    let (batch, event) = open(&mut tx, user, (kind, earlier.platform, Some(about)), &rows).await?;
    tx.commit(event.detail(format!("rows={} about={about}", rows.len()))).await?;
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

/// The rows that a letter is due for: their decisions, and what they refer to. A post that is gone needs no letter.
///
/// - A reminder: no answer, and the day named for it is over.
/// - An application: the platform refused, or did not answer after a reminder.
/// - A correction: the post was dismissed after the letter was sent.
async fn due(pipeline: &Pipeline, about: &Batch, kind: BatchKind) -> Result<Vec<(DecisionId, Refers)>> {
    let store = &pipeline.store;
    if kind == BatchKind::Correction {
        let wrong = batches::to_correct(store, about.id).await?;
        let corrects = |(row, decision)| (decision, Refers { corrects: Some(row), ..Refers::default() });
        return Ok(wrong.into_iter().map(corrects).collect());
    }
    let (overdue, looks) = (overdue(pipeline, about).await?, checks::of_batch(store, about.id).await?);
    let is_due = |row: &Standing| match (kind, row.outcome) {
        _ if row.applications > 0 => false,
        (BatchKind::Reminder, None) => overdue && row.reminders < REMINDERS,
        (BatchKind::Application, None) => overdue && row.reminders > 0,
        (BatchKind::Application, Some(Outcome::Refused)) => true,
        _ => false,
    };
    let up = |row: &Standing| {
        let liveness = Liveness::from_checks(looks.get(&row.post_id).into_iter().flatten());
        !matches!(liveness, Liveness::MaybeGone | Liveness::Unavailable)
    };
    let refers = |row: Standing| {
        let time_no = if kind == BatchKind::Reminder { row.reminders.saturating_add(1) } else { 1 };
        let time_no = i32::try_from(time_no).unwrap_or(i32::MAX);
        (row.decision_id, Refers { request: Some(row.request_id), time_no, ..Refers::default() })
    };
    let rows = batches::standing(store, about.id).await?;
    Ok(rows.into_iter().filter(|row| is_due(row) && up(row)).map(refers).collect())
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
