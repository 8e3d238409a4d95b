//! The log over the API.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract;
use super::{ApiError, Caller, Problem};
use crate::domain::audit::Action;
use crate::pipeline::Pipeline;
use crate::store::audit;

/// Most events of one answer.
const MOST: i64 = 500;

/// Something that happened. It names rows and counts, never a handle, an address or a caption.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventOut {
    /// Number in the log, in the order of commits; numbers of events about people and sessions are left out.
    seq: i64,
    /// RFC 3339, UTC.
    at: String,
    /// `user:7` or `system`.
    actor: String,
    /// What happened, `flag_decided`.
    action: String,
    /// To what, `flag:3`.
    subject: String,
    detail: String,
}

/// Events, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventsOut {
    events: Vec<EventOut>,
    /// Send it as `after` to go on.
    last: i64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Only events behind this number.
    #[serde(default)]
    after: i64,
    /// 1 to 500.
    #[serde(default)]
    limit: Option<i64>,
}

/// What happened since, for those who read the log. Webhooks send the same events.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventsQuery),
    responses((status = 200, body = EventsOut), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(pipeline): State<Pipeline>,
    caller: Caller,
    extract::Query(query): extract::Query<EventsQuery>,
) -> Result<Json<EventsOut>, ApiError> {
    if !caller.user.role.reads_log() {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "only supervisors, administrators and auditors read the log"));
    }
    let limit = query.limit.unwrap_or(100).clamp(1, MOST);
    let rows = audit::after(&pipeline.store, query.after, Action::TOLD, limit).await?;
    let last = rows.last().map_or(query.after, |row| row.seq);
    let out = |row: crate::domain::audit::AuditRow| EventOut {
        seq: row.seq,
        at: row.at.timestamp().to_string(),
        actor: row.actor,
        action: row.action.to_string(),
        subject: row.subject,
        detail: row.detail,
    };
    Ok(Json(EventsOut { events: rows.into_iter().map(out).collect(), last }))
}
