//! After sending: clocks that run, posts that people look at, posts that changed or came again.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect};
use serde::Deserialize;

use super::batches::DoneQuery;
use super::error::Page;
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::Millis;
use crate::domain::check::CheckOutcome;
use crate::domain::deadline::ClockKind;
use crate::domain::ids::FlagId;
use crate::pipeline::clocks::{self, Running};
use crate::pipeline::follow_up::{self, ByHand, Turned};
use crate::pipeline::reuploads::{self, Common};
use crate::pipeline::{Pipeline, batch};
use crate::store::clocks::{Firing, fired};
use crate::store::reuploads::Reupload;

/// What a person can have seen.
const SEEN: [CheckOutcome; 5] =
    [CheckOutcome::Up, CheckOutcome::Edited, CheckOutcome::Gone, CheckOutcome::Restricted, CheckOutcome::Private];

#[derive(Template)]
#[template(path = "web/follow_up.html")]
struct FollowUpPage {
    f: Frame,
    now: Millis,
    running: Vec<Running>,
    by_hand: Vec<ByHand>,
    turned: Vec<Turned>,
    again: Vec<(Reupload, Vec<Common>)>,
    fired: Vec<Firing>,
}

impl FollowUpPage {
    fn case(flag: FlagId) -> String {
        batch::case_id(flag)
    }

    fn may_end(&self, clock: &Running) -> bool {
        let said = matches!(clock.kind, ClockKind::Refusal | ClockKind::Clarification);
        !clock.requests.is_empty() && (said || clock.is_over(self.now))
    }

    fn over(&self) -> usize {
        self.running.iter().filter(|clock| clock.is_over(self.now)).count()
    }
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    html(&FollowUpPage {
        now: pipeline.clock().now(),
        running: clocks::running(&pipeline).await?,
        by_hand: follow_up::by_hand(&pipeline).await?,
        turned: follow_up::turned(&pipeline).await?,
        again: reuploads::list(&pipeline, &user).await?,
        fired: fired(&pipeline.store, 50).await?,
        f: Frame::new(user, "follow-up", query.done),
    })
}

#[derive(Deserialize)]
pub(super) struct LookForm {
    outcome: CheckOutcome,
}

/// Records what a person saw on the platform.
pub(super) async fn look(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<LookForm>,
) -> Page {
    follow_up::look_by_hand(&pipeline, &user, FlagId(id), form.outcome).await?;
    Ok(Redirect::to("/follow-up?done=looked#by-hand").into_response())
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    subject: String,
    note: String,
}

/// Leaves what a clock waits for at what was said.
pub(super) async fn end(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<EndForm>) -> Page {
    clocks::end(&pipeline, &user, &form.subject, &form.note).await?;
    Ok(Redirect::to("/follow-up?done=ended").into_response())
}
