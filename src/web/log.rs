//! What happened: audit events, who read personal data, and the jobs.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::audit::{Action, AuditRow};
use crate::domain::ids::FlagId;
use crate::domain::job::JobRow;
use crate::domain::user::User;
use crate::pipeline::Pipeline;
use crate::store::audit::{self, Search};
use crate::store::jobs;
use crate::store::users::{self, ReadRow};

/// Events of a page.
const ROWS: i64 = 200;

/// What the list is narrowed to, as the address says it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct LogQuery {
    /// Sign-in name, or `system`.
    who: String,
    action: String,
    subject: String,
    #[serde(skip_serializing)]
    before: i64,
}

#[derive(Template)]
#[template(path = "web/log.html")]
struct LogPage {
    f: Frame,
    query: LogQuery,
    events: Vec<(AuditRow, String)>,
    older: String,
    jobs: Vec<JobRow>,
}

fn may(user: &User) -> Result<(), PageError> {
    if user.role.reads_log() {
        return Ok(());
    }
    Err(PageError::Refused(StatusCode::FORBIDDEN, "only supervisors, administrators and auditors read the log".into()))
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<LogQuery>) -> Page {
    may(&user)?;
    let people = users::all(&pipeline.store).await?;
    let wanted = query.who.trim();
    let actor = match people.iter().find(|person| person.name == wanted) {
        Some(person) => format!("user:{}", person.id),
        None => wanted.to_owned(),
    };
    let search = Search { actor, action: query.action.clone(), subject: query.subject.trim().to_owned(), before: query.before };
    let rows = audit::search(&pipeline.store, &search, ROWS).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == ROWS);
    let older = rows.last().filter(|_| full).map_or_else(String::new, |last| {
        format!("/log?{}&before={}", serde_urlencoded::to_string(&query).unwrap_or_default(), last.seq)
    });
    let named = |actor: &str| {
        let person = actor.strip_prefix("user:").and_then(|id| people.iter().find(|person| person.id.to_string() == id));
        person.map_or_else(|| actor.to_owned(), |person| person.name.clone())
    };
    let events = rows.into_iter().map(|row| {
        let who = named(&row.actor);
        (row, who)
    });
    html(&LogPage {
        events: events.collect(),
        older,
        jobs: jobs::recent(&pipeline.store, 30).await?,
        query,
        f: Frame::new(user, "log", None),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadsQuery {
    who: String,
    flag: String,
}

#[derive(Template)]
#[template(path = "web/reads.html")]
struct ReadsPage {
    f: Frame,
    query: ReadsQuery,
    rows: Vec<ReadRow>,
}

/// Who looked at which post.
pub(super) async fn reads(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<ReadsQuery>) -> Page {
    may(&user)?;
    let flag = query.flag.trim().trim_start_matches("KS-").parse().ok().map(FlagId);
    let rows = users::reads(&pipeline.store, query.who.trim(), flag, ROWS).await?;
    html(&ReadsPage { rows, query, f: Frame::new(user, "log", None) })
}
