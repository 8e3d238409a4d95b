//! How well people agree, and labelling without seeing what others decided.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, Segment, html, percent, segments};
use crate::domain::decision::{Reason, Verdict};
use crate::domain::ids::FlagId;
use crate::domain::post::Post;
use crate::pipeline::Pipeline;
use crate::pipeline::quality::{self, Agreement, Quality};
use crate::pipeline::recall::{self, Missed};
use crate::scan;
use crate::store::{flags, posts, quality as rows};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DoneQuery {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "web/quality.html")]
struct QualityPage {
    f: Frame,
    quality: Quality,
    missed: Missed,
}

impl QualityPage {
    /// κ as people read it, or a dash.
    fn kappa(&self, agreement: &Agreement) -> String {
        agreement.kappa.map_or_else(|| "–".into(), |kappa| self.f.t.hundredths(kappa))
    }

    /// Share that agrees with its interval, per cent.
    fn share(&self, agreement: &Agreement) -> String {
        let all = agreement.pairs.all();
        if all == 0 {
            return "–".into();
        }
        let percent = |share: f64| self.f.t.decimal(share * 100.0);
        let share = f64::from(agreement.pairs.same()) / f64::from(all);
        format!("{} % ({} – {})", percent(share), percent(agreement.interval.low), percent(agreement.interval.high))
    }

    /// Share, lower and upper end of the recall, in whole per cent; none before there are labels.
    fn recall(&self) -> Option<(i64, i64, i64)> {
        let found = self.missed.recall?;
        Some((percent(found.share), percent(found.interval.low), percent(found.interval.high)))
    }

    /// Relevant posts that were not flagged, rounded.
    fn missed_posts(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a count of posts")]
        self.missed.recall.map_or(0, |found| found.missed.round() as i64)
    }

    /// Titles and rows of the tables of agreement.
    fn tables(&self) -> [(&'static str, &[Agreement]); 2] {
        [("quality-people", &self.quality.people), ("quality-rules", &self.quality.rules)]
    }
}

pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    if !user.role.supervises() && !user.role.reads_log() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only supervisors, administrators and auditors read this".into()));
    }
    html(&QualityPage {
        quality: quality::read(&pipeline).await?,
        missed: recall::read(&pipeline).await?,
        f: Frame::new(user, "quality", query.done),
    })
}

/// Goes to the next post to label.
pub(super) async fn next(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn) -> Page {
    let target = match quality::next(&pipeline, &user).await? {
        Some(flag) => format!("/quality/{flag}"),
        None => "/queue?done=labels-empty".to_owned(),
    };
    Ok(Redirect::to(&target).into_response())
}

#[derive(Template)]
#[template(path = "web/label.html")]
struct LabelPage {
    f: Frame,
    flag: FlagId,
    post: Post,
    caption: Vec<Segment>,
    uphold: Vec<(usize, Reason)>,
    dismiss: Vec<(usize, Reason)>,
}

/// The post, its evidence and nothing that others said.
pub(super) async fn show(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only analysts, approvers and supervisors label posts".into()));
    }
    let id = FlagId(id);
    let flag = flags::get(&pipeline.store, id).await?.ok_or(PageError::NotFound)?;
    let waits = rows::waits_for(&pipeline.store, id, user.id).await?;
    if !waits {
        return Err(PageError::NotFound);
    }
    let post = posts::get(&pipeline.store, flag.post_id).await?.ok_or(PageError::NotFound)?;
    crate::pipeline::review::note_reads(&pipeline, &user, &[id]).await?;
    let evidence: Vec<(String, Vec<scan::Span>)> =
        scan::evidence(&pipeline.rules(), &flag.pack, &post.text).into_iter().filter(|(axis, _)| axis != "negative").collect();
    let uphold: Vec<(usize, Reason)> = (1..).zip(Reason::for_verdict(Verdict::Uphold)).collect();
    let dismiss = (uphold.len() + 1..).zip(Reason::for_verdict(Verdict::Dismiss)).collect();
    html(&LabelPage {
        flag: id,
        caption: segments(&post.text, &evidence),
        post,
        uphold,
        dismiss,
        f: Frame::new(user, "queue", None),
    })
}

#[derive(Deserialize)]
pub(super) struct LabelForm {
    reason: String,
}

pub(super) async fn label(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<LabelForm>,
) -> Page {
    let refused = |_| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, "a label needs a reason".into());
    let reason: Reason = form.reason.parse().map_err(refused)?;
    quality::label(&pipeline, &user, FlagId(id), reason).await?;
    Ok(Redirect::to("/quality/next").into_response())
}

#[derive(Deserialize)]
pub(super) struct GoldenForm {
    golden: bool,
}

/// Makes a decided post a reference, or takes it off.
pub(super) async fn golden(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<GoldenForm>,
) -> Page {
    quality::set_golden(&pipeline, &user, FlagId(id), form.golden).await?;
    Ok(Redirect::to(&format!("/flags/{id}?done=saved")).into_response())
}
