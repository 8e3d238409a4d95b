//! Packages: putting together, looking through, signing, following.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Form, Multipart, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::uploads;
use super::view::{Frame, html};
use crate::domain::Platform;
use crate::domain::answer::{Answer, Outcome};
use crate::domain::batch::{Batch, BatchKind, BatchState, Signature};
use crate::domain::check::Liveness;
use crate::domain::decision::Reason;
use crate::domain::delivery::{Attempt, Delivery, DeliveryState};
use crate::domain::ids::{BatchId, DeliveryId, FlagId};
use crate::domain::mail::{Mail, MailKind};
use crate::domain::stage::{Mirrored, Stage};
use crate::domain::user::User;
use crate::pipeline::answers::{self, Size};
use crate::pipeline::deliver::{self, Settlement};
use crate::pipeline::{Pipeline, PipelineError, batch, letters as further, picture, preflight, status};
use crate::report::lint::{Finding, Severity};
use crate::report::takedown_request::TakedownRequest;
use crate::report::{JSON_SUFFIX, NOTICE_SUFFIX, exports};
use crate::store::batches::{self, PackageFile, RowDetail};
use crate::store::letters::{self, LetterNumber};
use crate::store::outbox::Proof;
use crate::store::pauses::{self, Pause};
use crate::store::{self, checks, outbox, users};

#[derive(Deserialize)]
pub(super) struct DoneQuery {
    pub done: Option<String>,
}

#[derive(Template)]
#[template(path = "web/batches.html")]
struct ListPage {
    f: Frame,
    batches: Vec<Batch>,
    /// What can be put into packages: platform, kind, posts.
    ready: Vec<(Platform, BatchKind, usize)>,
    /// Letters that say something that does not hold any more: package, code, posts.
    wrong: Vec<(BatchId, String, i64)>,
    /// Upheld posts that stay out of requests: flag, case id, platform, why.
    held: Vec<(FlagId, String, Platform, batch::Held)>,
    /// The register of outgoing letters, newest first.
    letters: Vec<LetterNumber>,
    /// Platforms that are written to, with the pause that holds them, and the size of their packages.
    recipients: Vec<WrittenTo>,
    /// Mail of which nobody knows yet what it is about.
    unfiled: Vec<Mail>,
}

/// A platform that is written to.
struct WrittenTo {
    platform: Platform,
    /// What holds its packages, and who.
    pause: Option<(Pause, String)>,
    size: Size,
}

pub(super) async fn list(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<DoneQuery>) -> Page {
    let batches = batches::list(&pipeline.store, 200).await?;
    let ready = status::ready(&pipeline).await?;
    let held = batch::held(&pipeline, &pipeline.store).await?;
    let held = held.into_iter().map(|(id, (platform, why))| (id, batch::case_id(id), platform, why)).collect();
    let letters = letters::register(&pipeline.store, 50).await?;
    let names: BTreeMap<_, _> = users::all(&pipeline.store).await?.into_iter().map(|u| (u.id, shown_name(&u))).collect();
    let mut pauses = pauses::open(&pipeline.store).await?;
    let mut recipients = Vec::new();
    for platform in pipeline.config.recipients.keys() {
        let pause = pauses.iter().position(|pause| pause.platform == *platform).map(|at| pauses.swap_remove(at));
        let pause = pause.map(|pause| (pause.clone(), names.get(&pause.paused_by).cloned().unwrap_or_default()));
        let size = answers::learned(&pipeline, &pipeline.store, *platform).await?;
        recipients.push(WrittenTo { platform: *platform, pause, size });
    }
    let unfiled = store::mails::unfiled(&pipeline.store, 50).await?;
    let wrong = batches::wrong(&pipeline.store).await?;
    html(&ListPage { batches, ready, wrong, held, letters, recipients, unfiled, f: Frame::new(user, "batches", query.done) })
}

#[derive(Deserialize)]
pub(super) struct PauseForm {
    platform: String,
    #[serde(default)]
    reason: String,
}

impl PauseForm {
    fn platform(&self) -> Result<Platform, PageError> {
        let refuse = |error: crate::domain::UnknownValue| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
        self.platform.parse().map_err(refuse)
    }
}

pub(super) async fn pause(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<PauseForm>) -> Page {
    deliver::pause(&pipeline, &user, form.platform()?, &form.reason).await?;
    Ok(Redirect::to("/batches?done=paused").into_response())
}

pub(super) async fn resume(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<PauseForm>) -> Page {
    deliver::resume(&pipeline, &user, form.platform()?).await?;
    Ok(Redirect::to("/batches?done=delivery-resumed").into_response())
}

pub(super) async fn entered(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    form: Result<Multipart, MultipartRejection>,
) -> Page {
    if !user.role.reviews() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, deliver::WHO_ENTERS.into()));
    }
    let (mut texts, picture) = uploads::fields(form).await?;
    let delivery = outbox::by_batch(&pipeline.store, BatchId(id)).await?.ok_or(PageError::NotFound)?;
    let entered = deliver::Entered { reference: texts.remove("reference").unwrap_or_default(), picture };
    deliver::entered(&pipeline, &user, delivery.id, &entered).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=entered")).into_response())
}

/// The picture of the form's confirmation.
pub(super) async fn proof(State(pipeline): State<Pipeline>, SignedIn(_): SignedIn, Path(id): Path<i64>) -> Page {
    let delivery = outbox::by_batch(&pipeline.store, BatchId(id)).await?.ok_or(PageError::NotFound)?;
    let proof = outbox::proof(&pipeline.store, delivery.id).await?.filter(|proof| !proof.bytes.is_empty());
    let proof = proof.ok_or(PageError::NotFound)?;
    let (media_type, copy) = picture::clean(&proof.bytes).ok_or(PageError::NotFound)?;
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")];
    Ok((headers, copy).into_response())
}

/// The record of how its evidence was taken.
pub(super) async fn record(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let bytes = batch::record(&pipeline, &user, BatchId(id)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"berita-acara-{id}.pdf\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// Other shapes of a request that was sent: `dsa.json` and `lumen.json`, from the file that went to the platform.
pub(super) async fn export(
    State(pipeline): State<Pipeline>,
    SignedIn(_): SignedIn,
    Path((id, name)): Path<(i64, String)>,
) -> Page {
    let batch = batches::require(&pipeline.store, BatchId(id)).await?;
    let sent_at = outbox::by_batch(&pipeline.store, batch.id).await?.and_then(|delivery| delivery.sent_at);
    // Archives get requests that left: a withdrawal accuses nobody.
    let sent_at = sent_at.filter(|_| batch.kind == BatchKind::Request).ok_or(PageError::NotFound)?;
    let file = batches::file(&pipeline.store, batch.id, &format!("{}{JSON_SUFFIX}", batch.code)).await?;
    let file = file.ok_or(PageError::NotFound)?;
    let request: TakedownRequest = serde_json::from_slice(&file.bytes).map_err(|_| {
        let why = "this package was made by an earlier version; it has no exports";
        PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why.into())
    })?;
    let shape = match name.as_str() {
        "dsa.json" => exports::dsa_statements(&request),
        "lumen.json" => exports::lumen_notice(&request, sent_at),
        _ => return Err(PageError::NotFound),
    };
    let text = serde_json::to_vec_pretty(&shape).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}-{name}\"", batch.code)),
    ];
    Ok((headers, text).into_response())
}

#[derive(Deserialize)]
pub(super) struct CreateForm {
    platform: String,
    kind: String,
}

pub(super) async fn create(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<CreateForm>) -> Page {
    let refuse = |why: String| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why);
    let platform: Platform = form.platform.parse().map_err(|e: crate::domain::UnknownValue| refuse(e.to_string()))?;
    let kind: BatchKind = form.kind.parse().map_err(|e: crate::domain::UnknownValue| refuse(e.to_string()))?;
    let drafted = batch::draft(&pipeline, &user, kind, platform).await?;
    rendered(&pipeline, &user, drafted.id).await
}

#[derive(Deserialize)]
pub(super) struct FollowForm {
    kind: String,
}

/// Drafts a letter about one that was sent: a reminder, an application, a correction.
pub(super) async fn follow(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<FollowForm>,
) -> Page {
    let refuse = |e: crate::domain::UnknownValue| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, e.to_string());
    let kind: BatchKind = form.kind.parse().map_err(refuse)?;
    let drafted = further::draft(&pipeline, &user, kind, BatchId(id)).await?;
    rendered(&pipeline, &user, drafted.id).await
}

#[derive(Deserialize)]
pub(super) struct StageForm {
    stage: Stage,
    #[serde(default)]
    day: String,
}

/// Notes how far an application got.
pub(super) async fn stage(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<StageForm>,
) -> Page {
    further::record_stage(&pipeline, &user, BatchId(id), form.stage, &form.day).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=saved#stages")).into_response())
}

/// To the page of a draft, rendered where nothing keeps it back.
async fn rendered(pipeline: &Pipeline, user: &User, drafted: BatchId) -> Page {
    let to = match batch::render(pipeline, user, drafted).await {
        // Another one than the draft where that was too large and was divided.
        Ok(rendered) => format!("/batches/{}?done=rendered", rendered.id),
        // The page of the draft says what keeps it back.
        Err(PipelineError::Refused(_)) => format!("/batches/{drafted}#preflight"),
        Err(error) => return Err(error.into()),
    };
    Ok(Redirect::to(&to).into_response())
}

/// A row with what became of its post.
struct Row {
    detail: RowDetail,
    case_id: String,
    liveness: Liveness,
    answer: Option<Answer>,
}

/// A package that a person enters into a form.
struct Portal {
    address: String,
    /// All addresses of the posts, one a line.
    urls: String,
    /// What is sent to sellers; empty where a platform's form is filled in.
    notice: String,
    /// Why not now; empty if now.
    why_not: String,
}

#[derive(Template)]
#[template(path = "web/batch.html")]
#[expect(clippy::struct_excessive_bools, reason = "what the reader may do, each by itself")]
struct BatchPage {
    f: Frame,
    batch: Batch,
    rows: Vec<Row>,
    files: Vec<PackageFile>,
    signature: Option<(Signature, String)>,
    delivery: Option<Delivery>,
    attempts: Vec<Attempt>,
    author: String,
    may_sign: bool,
    own_rows: bool,
    may_cancel: bool,
    may_settle: bool,
    gone: usize,
    /// Number of the letter, once it has one.
    number: Option<String>,
    /// The letter that this one is about.
    about: Option<Batch>,
    /// Letters about this one.
    later: Vec<Batch>,
    /// Letters that are due about it, and for how many posts.
    choices: Vec<(BatchKind, usize)>,
    /// How far an application got, as the ministry of communication says.
    stages: Vec<Mirrored>,
    /// Day by which an answer was hoped for.
    answer_by: Option<jiff::civil::Date>,
    /// What a person has to do where the platform has a form of its own; why not now, if so.
    portal: Option<Portal>,
    /// What the form gave, once the package was entered.
    proof: Option<Proof>,
    /// Mail that came back.
    mails: Vec<Mail>,
    /// Rows that the platform answered, and where it did what was asked.
    answered: (usize, usize),
    /// Rows that can be withdrawn: `FLAG:DECISION`, and what it is.
    withdrawable: Vec<(String, String)>,
    withdraw_reasons: Vec<Reason>,
    /// What a platform can answer.
    outcomes: Vec<Outcome>,
    /// What keeps the package back, or is worth knowing, while it is not signed.
    findings: Vec<Finding>,
    /// Why the package cannot be put together at all; empty if it can.
    broken: String,
}

impl BatchPage {
    /// Whether something keeps the package back.
    fn stopped(&self) -> bool {
        !self.broken.is_empty() || self.findings.iter().any(|finding| finding.severity == Severity::Stop)
    }

    /// Hash of the complete message.
    fn hash(&self) -> &str {
        self.batch.package_sha256.as_deref().unwrap_or("")
    }
}

pub(super) async fn page(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Query(query): Query<DoneQuery>,
) -> Page {
    let store = &pipeline.store;
    let id = BatchId(id);
    let batch = batches::require(store, id).await?;
    let names: BTreeMap<_, _> = users::all(store).await?.into_iter().map(|u| (u.id, shown_name(&u))).collect();
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    let looks = checks::of_batch(store, id).await?;
    let mut answered: BTreeMap<_, _> =
        store::answers::of_batch(store, id).await?.into_iter().map(|answer| (answer.request_id, answer)).collect();
    let rows: Vec<Row> = batches::details(store, id, pipeline.clock().now())
        .await?
        .into_iter()
        .map(|detail| Row {
            case_id: batch::case_id(detail.flag_id),
            liveness: Liveness::from_checks(looks.get(&detail.post_id).into_iter().flatten()),
            answer: detail.request_id.and_then(|request| answered.remove(&request)),
            detail,
        })
        .collect();
    let signature = batches::signature(store, id).await?.map(|s| (s.clone(), name(s.signer_id)));
    let delivery = outbox::by_batch(store, id).await?;
    let attempts = match &delivery {
        Some(delivery) => outbox::attempts(store, delivery.id).await?,
        None => Vec::new(),
    };
    let (mut findings, mut broken) = (Vec::new(), String::new());
    if matches!(batch.state, BatchState::Draft | BatchState::Rendered) {
        match preflight::findings(&pipeline, &batch).await {
            Ok(found) => findings = found,
            Err(PipelineError::Refused(why)) => broken = why,
            Err(error) => return Err(error.into()),
        }
    }
    let waiting = delivery.as_ref().filter(|d| d.state == DeliveryState::Queued && deliver::is_portal(&d.recipient));
    let portal = match waiting {
        None => None,
        Some(delivery) => Some(Portal {
            address: delivery.recipient.clone(),
            urls: rows.iter().map(|row| row.detail.url.as_str()).collect::<Vec<_>>().join("\n"),
            notice: batches::file(store, id, &format!("{}{NOTICE_SUFFIX}", batch.code))
                .await?
                .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
                .unwrap_or_default(),
            why_not: match deliver::may_be_entered(&pipeline, id).await {
                Ok(_) => String::new(),
                Err(PipelineError::Refused(why)) => why,
                Err(error) => return Err(error.into()),
            },
        }),
    };
    let proof = match &delivery {
        Some(delivery) => outbox::proof(store, delivery.id).await?,
        None => None,
    };
    let own_rows =
        rows.iter().any(|row| row.detail.reviewer_id == user.id) || (batch.about_id.is_some() && batch.created_by == user.id);
    let waits = delivery.as_ref().is_some_and(|d| matches!(d.state, DeliveryState::Queued | DeliveryState::Failed))
        && batch::surely_unsent(&attempts);
    html(&BatchPage {
        may_sign: user.role.signs() && batch.state == BatchState::Rendered && !own_rows,
        own_rows: user.role.signs() && own_rows && batch.state == BatchState::Rendered,
        may_cancel: user.role.reviews()
            && (matches!(batch.state, BatchState::Draft | BatchState::Rendered) || (batch.state == BatchState::Signed && waits)),
        may_settle: user.role.operates()
            && delivery.as_ref().is_some_and(|d| {
                matches!(d.state, DeliveryState::Unknown | DeliveryState::Failed)
                    || (d.state == DeliveryState::Queued && !batch::surely_unsent(&attempts))
            }),
        portal,
        proof,
        findings,
        broken,
        number: letters::of_batch(store, id).await?,
        about: match batch.about_id {
            Some(about) => Some(batches::require(store, about).await?),
            None => None,
        },
        later: batches::about(store, id).await?,
        stages: letters::stages(store, id).await?,
        choices: if batch.state == BatchState::Sent { further::choices(&pipeline, &batch).await? } else { Vec::new() },
        answer_by: if batch.kind.is_answered() { preflight::answer_by(&pipeline, &batch).await? } else { None },
        mails: store::mails::of_batch(store, id).await?,
        answered: {
            let answers = || rows.iter().filter_map(|row| row.answer.as_ref());
            (answers().count(), answers().filter(|answer| answer.outcome.is_success()).count())
        },
        withdrawable: withdrawable(&pipeline, &batch, &rows).await?,
        withdraw_reasons: super::corrections::reasons(),
        outcomes: Outcome::ALL.iter().copied().filter(|outcome| outcome.answers(batch.kind)).collect(),
        gone: rows.iter().filter(|row| row.liveness.is_down()).count(),
        author: name(batch.created_by),
        files: batches::files(store, id).await?,
        f: Frame::new(user, "batches", query.done),
        batch,
        rows,
        signature,
        delivery,
        attempts,
    })
}

/// Rows of a request that can be withdrawn: `FLAG:DECISION`, and what it is.
async fn withdrawable(pipeline: &Pipeline, batch: &Batch, rows: &[Row]) -> Result<Vec<(String, String)>, PageError> {
    if batch.kind != BatchKind::Request {
        return Ok(Vec::new());
    }
    let standing = batches::standing(&pipeline.store, batch.id).await?;
    let shown = |row: batches::Standing| {
        let one = rows.iter().find(|one| one.detail.request_id == Some(row.request_id))?;
        let case = format!("{} @{}", one.case_id, one.detail.author);
        Some((format!("{}:{}", one.detail.flag_id, row.decision_id), case))
    };
    Ok(standing.into_iter().filter_map(shown).collect())
}

/// Scripts of the demo are never shown as if they were people.
fn shown_name(user: &User) -> String {
    if user.scripted { format!("{} (skrip)", user.name) } else { user.name.clone() }
}

pub(super) async fn render(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let rendered = batch::render(&pipeline, &user, BatchId(id)).await?;
    Ok(Redirect::to(&format!("/batches/{}?done=rendered", rendered.id)).into_response())
}

#[derive(Deserialize)]
pub(super) struct SignForm {
    package_sha256: String,
    #[serde(default)]
    confirm: String,
}

pub(super) async fn sign(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<SignForm>,
) -> Page {
    if !user.role.signs() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only approvers sign".into()));
    }
    let batch = batches::require(&pipeline.store, BatchId(id)).await?;
    if form.confirm.trim() != batch.code {
        let why = format!("type the reference {} to sign", batch.code);
        return Err(PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    batch::sign(&pipeline, &user, BatchId(id), &form.package_sha256).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=signed")).into_response())
}

pub(super) async fn cancel(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    batch::cancel(&pipeline, &user, BatchId(id)).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=cancelled")).into_response())
}

#[derive(Deserialize)]
pub(super) struct SettleForm {
    delivery: i64,
    found: String,
}

pub(super) async fn settle(
    State(pipeline): State<Pipeline>,
    SignedIn(user): SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<SettleForm>,
) -> Page {
    if !user.role.operates() {
        return Err(PageError::Refused(StatusCode::FORBIDDEN, "only administrators settle deliveries".into()));
    }
    let found = match form.found.as_str() {
        "arrived" => Settlement::Arrived,
        "again" => Settlement::SendAgain,
        "give_up" => Settlement::GiveUp,
        _ => return Err(PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, "unknown choice".into())),
    };
    deliver::settle(&pipeline, &user, DeliveryId(form.delivery), found).await?;
    Ok(Redirect::to(&format!("/batches/{id}?done=settled")).into_response())
}

pub(super) async fn file(State(pipeline): State<Pipeline>, SignedIn(_): SignedIn, Path((id, name)): Path<(i64, String)>) -> Page {
    let file = batches::file(&pipeline.store, BatchId(id), &name).await?.ok_or(PageError::NotFound)?;
    // The letter opens in the browser; everything else is saved.
    let how = if file.media_type == "application/pdf" { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, file.media_type.clone()),
        (header::CONTENT_DISPOSITION, format!("{how}; filename=\"{}\"", file.name)),
    ];
    Ok((headers, file.bytes).into_response())
}
