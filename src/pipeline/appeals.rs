//! Objections of those whose posts were asked down: anybody can write one, without an account; somebody who had no part in the request
//! answers it within a clock; accepting it withdraws the request in the same step. While one is open nothing more is asked about
//! its post.

use std::time::Duration;

use super::batch::WHO;
use super::corrections::{self, Why};
use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::appeal::{Appeal, AppealOutcome, AppealProblem};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::Batch;
use crate::domain::flag::FlagState;
use crate::domain::ids::{AppealId, FlagId};
use crate::domain::post::storable;
use crate::domain::user::User;
use crate::platforms::address;
use crate::store::{StoreError, appeals as rows, flags, posts};

/// Most characters of an objection and of its answer.
pub const LONGEST: usize = 4_000;

/// An objection as it is written.
#[derive(Debug, Default)]
pub struct Written {
    /// Who writes.
    pub name: String,
    /// How to ask back.
    pub contact: String,
    /// Case number (`KS-000123`) or address of the post.
    pub subject: String,
    /// Why.
    pub statement: String,
}

fn problems(written: &Written) -> Vec<AppealProblem> {
    let digits = written.contact.bytes().filter(u8::is_ascii_digit).count();
    let long = |text: &str, most: usize| text.chars().count() > most;
    let all = [
        (written.name.trim().is_empty(), AppealProblem::Name),
        (!written.contact.contains('@') && digits < 8, AppealProblem::Contact),
        (written.subject.trim().is_empty(), AppealProblem::Subject),
        (written.statement.trim().is_empty(), AppealProblem::Statement),
        (
            long(&written.name, 200)
                || long(&written.contact, 200)
                || long(&written.subject, 500)
                || long(&written.statement, LONGEST),
            AppealProblem::TooLong,
        ),
    ];
    all.into_iter().filter(|(wrong, _)| *wrong).map(|(_, problem)| problem).collect()
}

/// Takes an objection. Gives the ticket, or everything that is missing. Whether we asked anything about the post is not told: a
/// stranger learns nothing by trying addresses.
pub async fn submit(pipeline: &Pipeline, written: &Written) -> Result<std::result::Result<String, Vec<AppealProblem>>> {
    let missing = problems(written);
    if !missing.is_empty() {
        return Ok(Err(missing));
    }
    let flag = subject(pipeline, written.subject.trim()).await?;
    let ticket = pipeline.entropy.password();
    let mut tx = pipeline.store.write_tx().await?;
    let (claimed, statement) = (storable(written.subject.trim()), storable(written.statement.trim()));
    let id = rows::insert(&mut tx, &ticket, flag, &claimed, &statement).await?;
    rows::insert_appellant(&mut tx, id, &storable(written.name.trim()), &storable(written.contact.trim())).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::AppealReceived, format!("appeal:{id}"))).await?;
    Ok(Ok(ticket))
}

/// The flag that a case number or an address leads to, if anything about it was sent.
async fn subject(pipeline: &Pipeline, text: &str) -> Result<Option<FlagId>> {
    let store = &pipeline.store;
    let plain = text.to_uppercase().replace([' ', '\u{a0}'], "");
    if let Some(number) = plain.strip_prefix("KS-").and_then(|digits| digits.parse().ok()) {
        return Ok(rows::sent_flag(store, FlagId(number)).await?);
    }
    match address::parse(text) {
        Ok(found) => Ok(rows::sent_flag_of_post(store, found.platform, &found.native_id).await?),
        Err(_) => Ok(None),
    }
}

/// What became of the objection with this ticket.
pub async fn by_ticket(pipeline: &Pipeline, ticket: &str) -> Result<Option<Appeal>> {
    Ok(rows::by_ticket(&pipeline.store, ticket.trim().to_lowercase().as_str()).await?)
}

/// True while objections are taken: the hour's limit is not reached.
pub async fn has_room(pipeline: &Pipeline) -> Result<bool> {
    let since = pipeline.clock().now().minus(Duration::from_hours(1));
    Ok(rows::count_since(&pipeline.store, since).await? < i64::from(pipeline.config.appeals.hourly))
}

/// Answers an objection. The answer is what its writer reads. Accepted, the post is dismissed and what was asked is withdrawn: the
/// letter, if there is one, is given back and waits for a signature.
///
/// # Errors
/// Whoever decided, agreed or signed cannot answer; the schema refuses it.
pub async fn answer(
    pipeline: &Pipeline,
    user: &User,
    id: AppealId,
    outcome: AppealOutcome,
    answer: &str,
    why: &Why,
) -> Result<Option<Batch>> {
    allowed(user, user.role.reviews(), WHO)?;
    let answer = storable(answer.trim());
    if answer.is_empty() || answer.chars().count() > LONGEST {
        return Err(PipelineError::Refused("write the answer that the seller reads, at most 4,000 characters".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let appeal = rows::get(&mut tx, id).await?.ok_or_else(|| StoreError::NotFound(format!("appeal {id}")))?;
    match (outcome, appeal.flag_id) {
        (AppealOutcome::NotOurs, Some(_)) => {
            return Err(PipelineError::Refused(
                "we did write about this post: accept the objection, or say why it stands".into(),
            ));
        }
        (AppealOutcome::Accepted | AppealOutcome::Rejected, None) => {
            return Err(PipelineError::Refused("we wrote about no such post: answer that it is not ours".into()));
        }
        _ => {}
    }
    rows::answer(&mut tx, id, outcome, &answer, user.id).await?;
    let mut drafted = None;
    if let (AppealOutcome::Accepted, Some(flag)) = (outcome, appeal.flag_id) {
        let found = flags::get(&mut tx, flag).await?.ok_or_else(|| StoreError::NotFound(format!("flag {flag}")))?;
        let post =
            posts::get(&mut tx, found.post_id).await?.ok_or_else(|| StoreError::NotFound(format!("post {}", found.post_id)))?;
        if found.state != FlagState::Dismissed {
            corrections::dismiss(pipeline, &mut tx, user, flag, None, why).await?;
        }
        if let Some((batch, event)) = corrections::draft(&mut tx, user, post.platform, &[flag]).await? {
            tx.note(event);
            drafted = Some(batch);
        }
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::AppealAnswered, format!("appeal:{id}"));
    tx.commit(event.detail(format!("outcome={outcome}"))).await?;
    match drafted {
        Some(batch) => Ok(Some(corrections::rendered(pipeline, user, batch).await?)),
        None => Ok(None),
    }
}

/// Who wrote an objection, for a supervisor who has to ask back. That it was read is noted.
pub async fn appellant(pipeline: &Pipeline, user: &User, id: AppealId) -> Result<Option<(String, String)>> {
    allowed(user, user.role.supervises(), "only supervisors see who objected")?;
    let found = rows::appellant(&pipeline.store, id).await?;
    if found.is_none() {
        // Nothing was read.
        return Ok(None);
    }
    let tx = pipeline.store.write_tx().await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::AppellantRead, format!("appeal:{id}"))).await?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        assert_eq!(
            problems(&Written::default()),
            [AppealProblem::Name, AppealProblem::Contact, AppealProblem::Subject, AppealProblem::Statement]
        );
        let fine = Written {
            name: "Warga".into(),
            contact: "0800-0000-0101".into(),
            subject: "KS-000001".into(),
            statement: "Barang saya sendiri".into(),
        };
        assert_eq!(problems(&fine), []);
        assert_eq!(problems(&Written { statement: "x".repeat(LONGEST + 1), ..fine }), [AppealProblem::TooLong]);
    }
}
