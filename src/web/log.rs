//! What happened: the newest audit events.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::audit::AuditRow;
use crate::domain::job::JobRow;
use crate::pipeline::Pipeline;
use crate::store::{audit, jobs};

#[derive(Template)]
#[template(path = "web/log.html")]
struct LogPage {
    f: Frame,
    events: Vec<AuditRow>,
    jobs: Vec<JobRow>,
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    if !user.role.reads_log() {
        return Err(PageError::Refused(
            StatusCode::FORBIDDEN,
            "only supervisors, administrators and auditors read the log".into(),
        ));
    }
    let events = audit::recent(&pipeline.store, "", 200).await?;
    let jobs = jobs::recent(&pipeline.store, 30).await?;
    html(&LogPage { events, jobs, f: Frame::new(user, "log", None) })
}
