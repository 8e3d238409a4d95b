//! Flagged posts over the API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract;
use super::{ApiError, Caller, Problem};
use crate::domain::decision::{Elements, FollowUp, Judgement, Reason};
use crate::domain::flag::{Lane, Role};
use crate::domain::ids::{DecisionId, FlagId};
use crate::pipeline::{Pipeline, review};
use crate::store::decisions::{self, Seen};
use crate::store::{StoreError, api, flags, named_queues, posts};

/// Most flags of one answer.
const MOST: i64 = 200;

/// A flagged post.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagOut {
    id: i64,
    /// Number in letters, `KS-000001`.
    case_id: String,
    /// Number of the event with which it changed last.
    changed_seq: i64,
    /// Rule pack.
    pack: String,
    /// `open`, `upheld` or `dismissed`.
    state: String,
    /// `first`, `second_look` or `escalated`: who looks at it next while it is open.
    lane: String,
    /// `P1` to `P3`.
    priority: String,
    /// 0 to 100; no probability.
    score: i32,
    /// Rules that matched.
    rules: Vec<String>,
    /// RFC 3339, UTC.
    opened_at: String,
    platform: String,
    url: String,
    /// Public handle without `@`.
    author: String,
    text: String,
    /// SHA-256 of the text: a decision names the text that it is about.
    text_sha256: String,
    posted_at: Option<String>,
    views: Option<i64>,
    /// The decision in force.
    decision: Option<DecisionOut>,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionOut {
    id: i64,
    verdict: String,
    reason: String,
    /// Letters of the elements that were found, `ABC`.
    elements: Option<String>,
    /// What follows.
    action: Option<String>,
    /// Sign-in name.
    by: String,
    /// RFC 3339, UTC.
    decided_at: String,
}

/// A page of flags in the order of their changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlagsOut {
    flags: Vec<FlagOut>,
    /// Send it as `changed_since` to get what changes after these; also when the page is empty.
    cursor: String,
    /// True if more is there now.
    more: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `cursor` of the page before; without it from the beginning.
    #[serde(default)]
    changed_since: String,
    /// 1 to 200.
    #[serde(default)]
    limit: Option<i64>,
}

/// Flags that changed, in the order of their newest change. Whoever follows the cursor misses none, and gets a flag again
/// when it changes again. Flags that retention deleted are not named.
#[utoipa::path(get, path = "/api/v1/flags", tag = "flags", params(ListQuery),
    responses((status = 200, body = FlagsOut), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(super) async fn list(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Query(query): extract::Query<ListQuery>,
) -> Result<Json<FlagsOut>, ApiError> {
    let (seq, id) = cursor(&query.changed_since)?;
    let limit = query.limit.unwrap_or(100).clamp(1, MOST);
    let closed = named_queues::closed_to(&pipeline.store, &caller.user).await?;
    let mut changed = api::changed(&pipeline.store, (seq, id), &closed, limit + 1).await?;
    let more = i64::try_from(changed.len()).is_ok_and(|found| found > limit);
    changed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = changed.last().copied().unwrap_or((seq, id));
    let ids: Vec<FlagId> = changed.iter().map(|(_, id)| *id).collect();
    review::note_reads(&pipeline, &caller.user, &ids).await?;
    let mut out = Vec::new();
    for (seq, id) in changed {
        out.extend(read(&pipeline, id, seq).await?);
    }
    Ok(Json(FlagsOut { flags: out, cursor: format!("{}.{}", last.0, last.1), more }))
}

fn cursor(text: &str) -> Result<(i64, FlagId), ApiError> {
    if text.is_empty() {
        return Ok((0, FlagId(0)));
    }
    let parsed = text.split_once('.').and_then(|(seq, id)| Some((seq.parse().ok()?, FlagId(id.parse().ok()?))));
    parsed.ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "`changed_since` is the `cursor` of an answer, such as `120.7`"))
}

async fn read(pipeline: &Pipeline, id: FlagId, seq: i64) -> Result<Option<FlagOut>, ApiError> {
    let store = &pipeline.store;
    let Some(flag) = flags::get(store, id).await? else { return Ok(None) };
    let Some(post) = posts::get(store, flag.post_id).await? else { return Ok(None) };
    let seen = decisions::seen(store, id).await?;
    let decision = match flag.decision_id {
        Some(decision) => decisions::of_flag(store, id).await?.into_iter().find(|row| row.id == decision),
        None => None,
    };
    Ok(Some(FlagOut {
        id: id.0,
        case_id: crate::pipeline::batch::case_id(id),
        changed_seq: seq,
        pack: flag.pack,
        state: flag.state.to_string(),
        lane: flag.lane.to_string(),
        priority: flag.priority.to_string(),
        score: flag.score,
        rules: flag.findings.iter().map(|finding| finding.rule.clone()).collect(),
        opened_at: flag.opened_at.timestamp().to_string(),
        platform: post.platform.to_string(),
        url: post.url,
        author: post.author,
        text: post.text,
        text_sha256: seen.text_sha256,
        posted_at: post.posted_at.map(|at| at.timestamp().to_string()),
        views: post.views,
        decision: decision.map(|row| DecisionOut {
            id: row.id.0,
            verdict: row.verdict.to_string(),
            reason: row.reason.to_string(),
            elements: row.elements,
            action: row.action.map(|action| action.to_string()),
            by: row.by,
            decided_at: row.decided_at.timestamp().to_string(),
        }),
    }))
}

/// One flag. That it was read is noted, as for a page.
#[utoipa::path(get, path = "/api/v1/flags/{id}", tag = "flags", params(("id" = i64, Path, description = "Flag")),
    responses((status = 200, body = FlagOut), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn get(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Path(id): extract::Path<i64>,
) -> Result<Json<FlagOut>, ApiError> {
    let id = FlagId(id);
    let missing = || ApiError::from(StoreError::NotFound(format!("flag {id}")));
    let flag = flags::get(&pipeline.store, id).await?.ok_or_else(missing)?;
    let closed = named_queues::closed_to(&pipeline.store, &caller.user).await?;
    if named_queues::keeps_out(&closed, flag.queue_id) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "this post stands in a queue that others work on"));
    }
    review::note_reads(&pipeline, &caller.user, &[id]).await?;
    let seq = api::change_of(&pipeline.store, id).await?;
    Ok(Json(read(&pipeline, id, seq).await?.ok_or_else(missing)?))
}

/// A judgement of a person, brought by a program in that person's name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionIn {
    /// One of `bale_offer`, `retail_offer` (uphold), `local_preloved`, `news_opinion`, `charity`, `unrelated`,
    /// `element_missing`, `mistake` (dismiss).
    reason: String,
    /// Letters of the elements that the person found; a takedown needs `ABC`.
    #[serde(default)]
    elements: String,
    /// `none`, `education`, `request` or `customs_lead`; the usual one if left out.
    #[serde(default)]
    action: Option<String>,
    /// Part in the trade: `supplier`, `wholesaler`, `live_seller`, `retailer` or `reviewer`.
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    note: String,
    /// `text_sha256` of the flag that the person read.
    text_sha256: String,
    /// `decision.id` of the flag that the person read; left out when there was none.
    #[serde(default)]
    seen_decision: Option<i64>,
}

/// What a decision became.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedOut {
    decision: i64,
}

fn parsed<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, ApiError> {
    let unknown =
        |_| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, format!("`{name}`: `{text}` is none; the description names all"));
    text.parse().map_err(unknown)
}

/// Decides about a flag in the name of the token's owner. Refused with 409 when the text or the decision is another one
/// than was seen.
#[utoipa::path(post, path = "/api/v1/flags/{id}/decision", tag = "flags", request_body = DecisionIn,
    params(("id" = i64, Path, description = "Flag"), ("Idempotency-Key" = Option<String>, Header, description = "Done once for each key")),
    responses((status = 200, body = DecidedOut), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn decide(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Path(id): extract::Path<i64>,
    extract::Json(sent): extract::Json<DecisionIn>,
) -> Result<Json<DecidedOut>, ApiError> {
    let user = caller.writer()?;
    let reason: Reason = parsed("reason", &sent.reason)?;
    let actor: Option<Role> = sent.actor.as_deref().map(|actor| parsed("actor", actor)).transpose()?;
    let action: Option<FollowUp> = sent.action.as_deref().map(|action| parsed("action", action)).transpose()?;
    let unfit = |why: crate::domain::decision::Unfit| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, why.to_string());
    let judgement = Judgement::new(reason.verdict(), reason, sent.note)
        .map_err(unfit)?
        .with_elements(Elements::from_letters(&sent.elements))
        .with_actor(actor);
    let flag = flags::get(&pipeline.store, FlagId(id)).await?;
    let flag = flag.ok_or_else(|| ApiError::from(StoreError::NotFound(format!("flag {id}"))))?;
    let asks = pipeline.rules().asks(&flag.pack);
    let usual = FollowUp::usual(judgement.verdict(), asks);
    let judgement = judgement.with_follow_up(action.unwrap_or(usual)).map_err(unfit)?;
    let seen = Seen { decision: sent.seen_decision.map(DecisionId), text_sha256: sent.text_sha256 };
    let decision = review::decide(&pipeline, user, FlagId(id), &seen, &judgement).await?;
    Ok(Json(DecidedOut { decision: decision.0 }))
}

/// To whom a flag is handed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferIn {
    /// `second_look` or `escalated`.
    lane: String,
    /// Needed for `escalated`.
    #[serde(default)]
    note: String,
}

/// Hands an open flag on for a second look, or to a supervisor.
#[utoipa::path(post, path = "/api/v1/flags/{id}/refer", tag = "flags", request_body = ReferIn,
    params(("id" = i64, Path, description = "Flag"), ("Idempotency-Key" = Option<String>, Header, description = "Done once for each key")),
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn refer(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Path(id): extract::Path<i64>,
    extract::Json(sent): extract::Json<ReferIn>,
) -> Result<StatusCode, ApiError> {
    let lane: Lane = parsed("lane", &sent.lane)?;
    review::refer(&pipeline, caller.writer()?, FlagId(id), lane, &sent.note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The decision that is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoIn {
    decision: i64,
}

/// Takes a decision back that the token's owner made within the last minutes.
#[utoipa::path(post, path = "/api/v1/flags/{id}/undo", tag = "flags", request_body = UndoIn,
    params(("id" = i64, Path, description = "Flag"), ("Idempotency-Key" = Option<String>, Header, description = "Done once for each key")),
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn undo(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Path(id): extract::Path<i64>,
    extract::Json(sent): extract::Json<UndoIn>,
) -> Result<StatusCode, ApiError> {
    review::undo(&pipeline, caller.writer()?, FlagId(id), DecisionId(sent.decision)).await?;
    Ok(StatusCode::NO_CONTENT)
}
