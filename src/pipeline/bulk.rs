//! One judgement for many posts. What makes it safe: the members are fixed before anyone judges, a random sample of them
//! is looked at one by one, the count is typed, and rules that are not trusted yet cannot be upheld this way.

use super::{Pipeline, PipelineError, Result, alike, allowed, review};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::decision::{Elements, FollowUp, Judgement, Verdict};
use crate::domain::flag::{Finding, FlagState, Lane};
use crate::domain::ids::FlagId;
use crate::domain::user::User;
use crate::store::bulks::{self, Bulk};
use crate::store::queue::{self, Filter};
use crate::store::rule_hits::{self, RuleCard};
use crate::store::{StoreError, decisions, flags, named_queues, posts};
use sqlx::types::Json;

/// What a person confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Sampled posts that the person looked at and found to be of the kind judged.
    pub looked_at: Vec<FlagId>,
    /// The number of posts, as typed.
    pub typed: String,
}

/// Puts together the open posts that are alike a flag, with the flag itself.
pub async fn like(pipeline: &Pipeline, user: &User, id: FlagId) -> Result<i64> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    let flag = flags::get(&pipeline.store, id).await?.ok_or_else(|| StoreError::NotFound(format!("flag {id}")))?;
    if named_queues::keeps_out(&named_queues::closed_to(&pipeline.store, user).await?, flag.queue_id) {
        return Err(PipelineError::Forbidden("this post stands in a queue that others work on"));
    }
    let post =
        posts::get(&pipeline.store, flag.post_id).await?.ok_or_else(|| StoreError::NotFound(format!("post {}", flag.post_id)))?;
    let found = alike::open(pipeline, user, &flag, &post.text, i64::from(pipeline.config.desk.bulk_limit) - 1).await?;
    let mut members: Vec<(FlagId, String)> = found.into_iter().map(|one| (one.post.id, one.post.text_sha256)).collect();
    if flag.state == FlagState::Open && flag.lane == Lane::First {
        members.push((id, decisions::seen(&pipeline.store, id).await?.text_sha256));
    }
    make(pipeline, user, &format!("like:{id}"), members).await
}

/// Puts together the open posts of a list.
pub async fn of_list(pipeline: &Pipeline, user: &User, origin: &str, filter: &Filter) -> Result<i64> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    if filter.state != FlagState::Open.as_str() {
        return Err(PipelineError::Refused("only posts that wait are decided together; show those first".into()));
    }
    if !["", Lane::First.as_str()].contains(&filter.lane.as_str()) {
        return Err(PipelineError::Refused("posts that were handed on are decided one by one".into()));
    }
    let filter = Filter { lane: Lane::First.as_str().into(), ..filter.clone() };
    let limit = i64::from(pipeline.config.desk.bulk_limit);
    let members = queue::members(&pipeline.store, &filter, pipeline.clock().now(), limit + 1).await?;
    if i64::try_from(members.len()).is_ok_and(|count| count > limit) {
        return Err(PipelineError::Refused(format!("the list holds more than {limit} posts; narrow it down first")));
    }
    make(pipeline, user, origin, members).await
}

async fn make(pipeline: &Pipeline, user: &User, origin: &str, members: Vec<(FlagId, String)>) -> Result<i64> {
    if members.len() < 2 {
        return Err(PipelineError::Refused("there are no two open posts to decide together".into()));
    }
    // Drawn by the program: whoever decides cannot choose what is looked at.
    let mut order: Vec<FlagId> = members.iter().map(|(id, _)| *id).collect();
    pipeline.entropy.shuffle(&mut order);
    order.truncate(usize::try_from(pipeline.config.desk.bulk_sample).unwrap_or(usize::MAX));
    let mut tx = pipeline.store.write_tx().await?;
    let bulk = bulks::insert(&mut tx, origin, user.id, &members, &order).await?;
    tx.commit_housekeeping().await?;
    Ok(bulk)
}

/// A bulk of one's own.
pub async fn own(pipeline: &Pipeline, user: &User, id: i64) -> Result<Bulk> {
    let bulk = bulks::get(&pipeline.store, id).await?.ok_or_else(|| StoreError::NotFound(format!("bulk {id}")))?;
    if bulk.made_by != user.id && !user.role.supervises() {
        return Err(PipelineError::Forbidden("a colleague put these posts together"));
    }
    let closed = named_queues::closed_to(&pipeline.store, user).await?;
    if !closed.is_empty() && bulks::in_queues(&pipeline.store, id, &closed).await? > 0 {
        return Err(PipelineError::Forbidden("some of these posts stand in a queue that others work on by now"));
    }
    Ok(bulk)
}

/// The first rule that keeps these posts from being upheld together; none if they can be. Each set of rules among them
/// has to hold one that is trusted by its pack's bar: nobody would look at what those that are not found.
pub async fn untrusted(pipeline: &Pipeline, bulk: i64) -> Result<Option<String>> {
    let cards = rule_hits::cards(&pipeline.store).await?;
    let found = bulks::findings(&pipeline.store, bulk).await?;
    Ok(first_untrusted(pipeline, &cards, found))
}

fn first_untrusted(pipeline: &Pipeline, cards: &[RuleCard], found: Vec<(String, Json<Vec<Finding>>)>) -> Option<String> {
    let rules = pipeline.rules();
    let untrusted = found.into_iter().find(|(pack, findings)| {
        let bar = review::bar_of(&rules, pack);
        let trusted = |rule: &str| cards.iter().any(|card| card.pack == *pack && card.rule == rule && card.reaches(bar));
        !findings.iter().any(|finding| trusted(&finding.rule))
    });
    untrusted.map(|(_, findings)| findings.first().map_or_else(|| "–".to_owned(), |finding| finding.rule.clone()))
}

/// The judgement with the step that the rule pack of these posts allows.
///
/// # Errors
/// The posts are of packs that allow different steps; or in one of them the rules found no words for an element of a
/// request: nobody ticks boxes for posts that nobody looks at.
fn upheld_together(pipeline: &Pipeline, judgement: Judgement, found: &[(String, Json<Vec<Finding>>)]) -> Result<Judgement> {
    let rules = pipeline.rules();
    let asking = found.iter().filter(|(pack, _)| rules.asks(pack)).count();
    if asking == 0 {
        let lead = judgement.with_elements(Elements::default()).with_follow_up(FollowUp::CustomsLead);
        return lead.map_err(|error| PipelineError::Refused(error.to_string()));
    }
    if asking < found.len() {
        return Err(PipelineError::Refused(
            "these posts are of rule packs with different steps; narrow the list to one pack".into(),
        ));
    }
    let complete = |findings: &[Finding]| {
        ["used_clothing", "import_nexus", "offer"]
            .iter()
            .all(|axis| findings.iter().any(|finding| finding.axes.iter().any(|found| found == axis)))
    };
    if found.iter().all(|(_, findings)| complete(findings)) {
        return Ok(judgement);
    }
    Err(PipelineError::Refused(
        "in some of these posts no words show one of the three elements: those are upheld one by one".into(),
    ))
}

/// Decides every member of a bulk.
///
/// # Errors
/// The sample was not looked at, the typed number is another, a rule is not trusted, or a member changed: then nothing
/// is decided.
pub async fn decide(pipeline: &Pipeline, user: &User, id: i64, judgement: &Judgement, confirmed: &Confirmation) -> Result<u64> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    let bulk = own(pipeline, user, id).await?;
    let sample = bulks::members(&pipeline.store, id, i64::from(pipeline.config.desk.bulk_sample)).await?;
    let skipped = sample.iter().filter(|member| member.sampled && !confirmed.looked_at.contains(&member.id)).count();
    if skipped > 0 {
        return Err(PipelineError::Refused(format!(
            "{skipped} posts of the sample are not ticked; if one is different, decide it by itself"
        )));
    }
    let digits: String = confirmed.typed.chars().filter(char::is_ascii_digit).collect();
    if digits != bulk.members.to_string() {
        return Err(PipelineError::Refused(format!("type the number of posts, {}, to decide them", bulk.members)));
    }
    pipeline.reach("bulk.before_decision");
    let mut tx = pipeline.store.write_tx().await?;
    bulks::lock(&mut tx, id).await?;
    let mut judgement = judgement.clone();
    if judgement.verdict() == Verdict::Uphold {
        let cards = rule_hits::cards(&mut tx).await?;
        let found = bulks::findings(&mut tx, id).await?;
        judgement = upheld_together(pipeline, judgement, &found)?;
        if let Some(rule) = first_untrusted(pipeline, &cards, found) {
            return Err(PipelineError::Refused(format!(
                "the rule `{rule}` is not trusted yet: each of its posts is upheld by itself, with a second analyst"
            )));
        }
    }
    let decided = bulks::decide(&mut tx, id, &judgement, user.id).await?;
    let detail = format!("posts={decided} verdict={} reason={}", judgement.verdict(), judgement.reason());
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::BulkDecided, format!("bulk:{id}")).detail(detail)).await?;
    pipeline.reach("bulk.decided");
    metrics::counter!("sisir_decisions_total", "verdict" => judgement.verdict().as_str()).increment(decided);
    Ok(decided)
}

/// Takes a bulk back that `user` decided within the last minutes.
pub async fn undo(pipeline: &Pipeline, user: &User, id: i64) -> Result<u64> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors decide")?;
    let mut tx = pipeline.store.write_tx().await?;
    let undone = bulks::undo(&mut tx, id, user.id, review::undo_since(pipeline)).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::BulkUndone, format!("bulk:{id}"));
    tx.commit(event.detail(format!("posts={undone}"))).await?;
    Ok(undone)
}
