//! Step 6: put upheld posts of one platform into a package, render it to bytes, and let a second person sign exactly
//! those bytes. No job kind exists for this step.

use std::collections::{BTreeMap, BTreeSet};

use super::{Pipeline, PipelineError, Result, allowed, answers, picture, preflight, recall, schedule};
use crate::config::{Config, Recipient};
use crate::domain::answer::Answer;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::{Batch, BatchKind, BatchState, Office, may_sign};
use crate::domain::decision::{Decision, InForce, Reversed, Upheld, Verdict};
use crate::domain::delivery::{Attempt, AttemptOutcome};
use crate::domain::ids::{BatchId, FlagId, UserId};
use crate::domain::job::JobKind;
use crate::domain::legal::{Basis, BasisKind};
use crate::domain::user::User;
use crate::domain::{Millis, Platform, long_date_id, minor, sha256_hex};
use crate::mail::{Cover, build};
use crate::platforms::TiktokResearch;
use crate::report::{
    self, Addressee, BatchReport, Letterhead, Measured, Picture, Record, RecordRow, Reference, ReportFile, ReportRow, redact,
};
use crate::rules::Output;
use crate::scan;
use crate::store::batches::{PackageFile, Refers, Rendered, RowDetail};
use crate::store::flags::HeldBy;
use crate::store::{StoreError, WriteTx, audit, batches, decisions, flags, jobs, letters, outbox, screenshots, users};

/// Name of the complete message among the files of a package.
pub const MESSAGE_FILE: &str = "pesan.eml";

/// Longest quote in a letter, characters.
const QUOTE: usize = 200;

/// Opens a draft with every decision of `platform` that is ready.
///
/// # Errors
/// [`PipelineError::Refused`] when nothing is ready.
pub async fn draft(pipeline: &Pipeline, user: &User, kind: BatchKind, platform: Platform) -> Result<Batch> {
    allowed(user, user.role.reviews(), WHO)?;
    // Without an address nothing is worth putting together.
    recipient(pipeline, kind, platform)?;
    pipeline.reach("batch.before_draft");
    let mut tx = pipeline.store.write_tx().await?;
    let ready = ready(pipeline, &mut tx, platform, kind).await?;
    if ready.is_empty() {
        return Err(PipelineError::Refused(format!("nothing is ready for {}", platform.label())));
    }
    let size = match kind {
        BatchKind::Lead | BatchKind::Notice => recipient(pipeline, kind, platform)?.max_rows,
        _ => answers::learned(pipeline, &mut tx, platform).await?.now,
    };
    let mut ready = signable(ready, &users::all(&mut tx).await?, |decision| decision.decided_by);
    ready.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let rows: Vec<_> = ready.into_iter().map(|decision| (decision, Refers::default())).collect();
    let (batch, event) = open(&mut tx, user, (kind, platform, None), user.id, &rows).await?;
    tx.commit(event).await?;
    pipeline.reach("batch.drafted");
    Ok(batch)
}

/// Who may.
pub(super) const WHO: &str = "only analysts, approvers and supervisors put packages together";

/// A new draft with these rows. `about`: the package that it follows. `writer`: who chose to write it.
pub(super) async fn open(
    tx: &mut WriteTx,
    user: &User,
    (kind, platform, about): (BatchKind, Platform, Option<BatchId>),
    writer: UserId,
    rows: &[(Decision, Refers)],
) -> Result<(Batch, AuditEvent)> {
    let batch = batches::insert(tx, kind, platform, about, writer).await?;
    for (item_no, (decision, refers)) in (1..).zip(rows) {
        let basis = prove(tx, kind, decision).await?;
        batches::insert_row(tx, &batch, item_no, basis, *refers).await?;
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::BatchDrafted, subject(&batch));
    let event = event.detail(format!("rows={} kind={kind} platform={platform}", rows.len()));
    Ok((batch, event))
}

/// Why an upheld post stays out of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The text shows signs of a child.
    Minor,
    /// Only the TikTok Research API found it; its terms forbid passing its data on.
    Research,
    /// Its account is registered in the help programme.
    Exempt,
    /// Investigators look at its account.
    Hold,
    /// Its author objects, and nobody has answered yet.
    Appeal,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Minor => "minor",
            Self::Research => "research",
            Self::Exempt => "exempt",
            Self::Hold => "hold",
            Self::Appeal => "appeal",
        })
    }
}

/// Why a post stays out of every letter but those that take something back.
pub(super) fn why_held(pipeline: &Pipeline, text: &str, by: &HeldBy) -> Option<Held> {
    if minor::shows_a_minor(text) {
        Some(Held::Minor)
    } else if by.on_hold {
        Some(Held::Hold)
    } else if by.appealed {
        Some(Held::Appeal)
    } else if by.exempt {
        Some(Held::Exempt)
    } else {
        (!pipeline.config.tiktok.in_packages && by.only_source == TiktokResearch::NAME).then_some(Held::Research)
    }
}

/// Upheld posts that stay out of requests, and why.
pub async fn held(pipeline: &Pipeline, on: impl Into<crate::store::Ex<'_>>) -> Result<BTreeMap<FlagId, (Platform, Held)>> {
    let why = |post: &flags::Upheld| why_held(pipeline, &post.text, &post.held_by);
    let all = flags::upheld(on, pipeline.clock().now()).await?;
    Ok(all.iter().filter_map(|post| Some((post.id, (post.platform, why(post)?)))).collect())
}

/// Refuses a package with a post whose text changed after the decision, or that is held back by now. What takes something back
/// is never held.
pub(super) fn may_be_asked(pipeline: &Pipeline, batch: &Batch, rows: &[RowDetail]) -> Result<()> {
    if batch.kind.takes_back() {
        return Ok(());
    }
    let wrong = rows.iter().find_map(|row| match why_held(pipeline, &row.text, &row.held_by) {
        _ if !row.text_unchanged => {
            Some((row.flag_id, "changed its text after the decision; cancel this package and decide again"))
        }
        Some(Held::Minor) => Some((row.flag_id, "shows signs of a child; cancel this package")),
        Some(Held::Research) => Some((row.flag_id, "was found by the Research API only; cancel this package")),
        Some(Held::Hold) => Some((row.flag_id, "is on hold; cancel this package")),
        Some(Held::Appeal) => Some((row.flag_id, "has an objection that nobody answered yet; answer it, or cancel this package")),
        Some(Held::Exempt) => Some((row.flag_id, "is of an account in the help programme; cancel this package")),
        None => None,
    });
    match wrong {
        Some((flag, why)) => Err(PipelineError::Refused(format!("{} {why}", case_id(flag)))),
        None => Ok(()),
    }
}

/// Decisions that can go into a package now. Withdrawals are never held back.
async fn ready(pipeline: &Pipeline, tx: &mut WriteTx, platform: Platform, kind: BatchKind) -> Result<Vec<Decision>> {
    // All of them: what is held back must not hide what is not.
    let all = decisions::ready(&mut *tx, platform, kind, i64::MAX).await?;
    if kind.takes_back() {
        return Ok(all);
    }
    let held = held(pipeline, tx).await?;
    Ok(all.into_iter().filter(|decision| !held.contains_key(&decision.flag_id)).collect())
}

/// The decision must be in force for its flag now, and must fit the kind of package: read again in the transaction.
async fn prove(tx: &mut WriteTx, kind: BatchKind, decision: &Decision) -> Result<InForce> {
    let in_force = flags::get(&mut *tx, decision.flag_id).await?.and_then(|flag| flag.decision_id);
    let upheld = || Upheld::prove(decision, in_force).map(Upheld::basis);
    let reversed = || Reversed::prove(decision, in_force).map(Reversed::basis);
    let proof = match kind {
        BatchKind::Request | BatchKind::Reminder | BatchKind::Application | BatchKind::Lead => upheld(),
        BatchKind::Withdrawal | BatchKind::Correction => reversed(),
        // Sellers of what is lawful may be told what the rule is, too.
        BatchKind::Notice => upheld().or_else(reversed),
    };
    proof.ok_or_else(|| PipelineError::Refused(format!("the decision on flag {} is not in force any more", decision.flag_id)))
}

/// The largest part of `ready` that one of the signers can sign: rows that this signer did not review. The others stay
/// ready for another package. Without it a row that the only signer reviewed would block all the rest.
pub(super) fn signable<T: Clone>(ready: Vec<T>, people: &[User], decided_by: impl Fn(&T) -> UserId) -> Vec<T> {
    let signers = people.iter().filter(|person| person.role.signs()).map(|person| person.id);
    let parts = signers.map(|signer| ready.iter().filter(|one| decided_by(one) != signer).cloned().collect::<Vec<_>>());
    match parts.max_by_key(Vec::len) {
        Some(part) if !part.is_empty() => part,
        _ => ready,
    }
}

fn subject(batch: &Batch) -> String {
    format!("batch:{}", batch.id)
}

/// Renders a draft: letters, annexes, manifest and the complete message, under the next number of the register. From here
/// on nothing in it can change. A message that is too large for its recipient is divided first; returned is the first part.
pub async fn render(pipeline: &Pipeline, user: &User, id: BatchId) -> Result<Batch> {
    allowed(user, user.role.reviews(), WHO)?;
    let batch = batches::require(&pipeline.store, id).await?;
    if batch.state != BatchState::Draft {
        return Err(PipelineError::Refused(format!("batch {} is `{}`, not a draft", batch.code, batch.state)));
    }
    let now = pipeline.clock().now();
    let year = i64::from(now.in_jakarta().year());
    // Two people may render at the same moment: whoever comes second prints the next number.
    loop {
        let details = batches::details(&pipeline.store, id, now).await?;
        may_be_asked(pipeline, &batch, &details)?;
        let seq = letters::next(&pipeline.store, year).await?;
        let mut report = report_of(pipeline, &batch, &details, now).await?;
        report.measured = measured(pipeline).await?;
        if batch.kind == BatchKind::Application {
            report.pictures = pictures(pipeline, id).await?;
        }
        preflight::require(pipeline, &batch, &details, &report).await?;
        // Typesetting takes a while: not on the threads that serve pages.
        let rendered = tokio::task::spawn_blocking(move || report::render(&report).map(|files| (report, files))).await;
        let (report, files) = rendered.map_err(|error| PipelineError::Task(error.to_string()))??;
        let message_id = message_id(pipeline, &batch);
        let message = message(&pipeline.config, &report, &files, &message_id)?;
        let most = addressee(pipeline, &batch).await?.max_bytes;
        if message.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            return Box::pin(divide(pipeline, user, &batch, message.len(), most)).await;
        }
        let package_sha256 = sha256_hex(&message);
        let stored = stored(files, &package_sha256, message);
        pipeline.reach("batch.before_render_stored");
        let mut tx = pipeline.store.write_tx().await?;
        if letters::next(&mut tx, year).await? != seq {
            continue;
        }
        if let Err(error) = letters::reserve(&mut tx, id, year, seq, &report.number).await {
            drop(tx);
            // PostgreSQL lets two come as far as this, and refuses the second.
            if letters::next(&pipeline.store, year).await? == seq {
                return Err(error.into());
            }
            continue;
        }
        let fixed = Rendered { package_sha256: &package_sha256, recipient: report.to.channel(), message_id: &message_id };
        batches::render(&mut tx, id, &stored, &fixed).await?;
        let event = AuditEvent::new(Actor::User(user.id), Action::BatchRendered, subject(&batch));
        tx.commit(event.detail(format!("sha256={package_sha256} letter={year}/{seq}"))).await?;
        break;
    }
    pipeline.reach("batch.rendered");
    Ok(batches::require(&pipeline.store, id).await?)
}

fn stored(files: Vec<ReportFile>, package_sha256: &str, message: Vec<u8>) -> Vec<PackageFile> {
    let mut stored: Vec<PackageFile> = files
        .into_iter()
        .map(|file| PackageFile {
            sha256: sha256_hex(&file.bytes),
            name: file.name,
            media_type: file.media_type.into(),
            bytes: file.bytes,
        })
        .collect();
    stored.push(PackageFile {
        name: MESSAGE_FILE.into(),
        media_type: "message/rfc822".into(),
        sha256: package_sha256.to_owned(),
        bytes: message,
    });
    stored
}

/// Two packages with half of the rows each, instead of one that is too large; both are rendered.
async fn divide(pipeline: &Pipeline, user: &User, batch: &Batch, size: usize, most: u32) -> Result<Batch> {
    let mut tx = pipeline.store.write_tx().await?;
    // Somebody may have given it up while it was typeset.
    if batches::require(&mut tx, batch.id).await?.state != BatchState::Draft {
        return Err(PipelineError::Refused("the package is not a draft any more".into()));
    }
    let rows = batches::rows(&mut tx, batch.id).await?;
    if rows.len() < 2 {
        let code = &batch.code;
        return Err(PipelineError::Refused(format!(
            "{code} has one post and {size} bytes, and its recipient takes {most}; raise `max_bytes` of its [recipients.*]"
        )));
    }
    let mut all = Vec::new();
    for row in &rows {
        let decision = decisions::require(&mut tx, row.decision_id).await?;
        let request = row.request_id.filter(|_| batch.about_id.is_some());
        all.push((decision, Refers { request, corrects: row.corrects_id, time_no: row.time_no }));
    }
    batches::cancel(&mut tx, batch.id).await?;
    let given_up = AuditEvent::new(Actor::User(user.id), Action::BatchCancelled, subject(batch));
    let mut parts = Vec::new();
    let (first, second) = all.split_at(all.len().div_ceil(2));
    for half in [first, second] {
        let (part, event) = open(&mut tx, user, (batch.kind, batch.platform, batch.about_id), batch.created_by, half).await?;
        parts.push(part);
        tx.note(event);
    }
    tx.commit(given_up.detail(format!("divided bytes={size}"))).await?;
    let mut rendered = Vec::new();
    for part in parts {
        rendered.push(render(pipeline, user, part.id).await?);
    }
    rendered.into_iter().next().ok_or_else(|| PipelineError::Refused("nothing was divided".into()))
}

/// What Annex III says about how well the rules do.
async fn measured(pipeline: &Pipeline) -> Result<Measured> {
    let missed = recall::read(pipeline).await?;
    Ok(Measured {
        days: recall::days(pipeline),
        upheld: missed.counts.upheld,
        dismissed: missed.counts.dismissed,
        recall: missed.recall.map(|recall| (recall.share, recall.interval)),
    })
}

/// The number of a letter as printed: `{n}`, `{month}` as a Roman numeral and `{year}` of the pattern filled in.
fn letter_number(pattern: &str, seq: i64, at: Millis) -> String {
    const MONTHS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    let date = at.in_jakarta().date();
    let month = usize::try_from(date.month()).ok().and_then(|month| MONTHS.get(month.saturating_sub(1))).unwrap_or(&"");
    pattern.replace("{n}", &seq.to_string()).replace("{month}", month).replace("{year}", &date.year().to_string())
}

/// Fixed from now on: a repeat of the same message is recognisable as one. It cannot be guessed, or anybody could write that
/// the message did not arrive.
fn message_id(pipeline: &Pipeline, batch: &Batch) -> String {
    let domain = pipeline.config.mail.from.split_once('@').map_or("sisir.invalid", |(_, domain)| domain);
    let token: String = pipeline.entropy.token().chars().take(16).collect();
    format!("<{}.{}.{token}@{domain}>", batch.code, batch.platform)
}

fn message(config: &Config, report: &BatchReport, files: &[ReportFile], message_id: &str) -> Result<Vec<u8>> {
    let what = match report.kind {
        BatchKind::Request => "Permintaan peninjauan konten",
        BatchKind::Withdrawal => "Pencabutan permintaan",
        BatchKind::Reminder => "Pengingat permintaan peninjauan konten",
        BatchKind::Application => "Permohonan pemutusan akses",
        BatchKind::Lead => "Lembar informasi (petunjuk awal, belum diverifikasi)",
        BatchKind::Notice => "Pemberitahuan kepada penjual",
        BatchKind::Correction => "Ralat dan pencabutan",
    };
    let list: String = files.iter().map(|file| format!("  {}  {}\n", sha256_hex(&file.bytes), file.name)).collect();
    let answer = if report.kind.is_answered() {
        let (day, email) = (long_date_id(report.answer_by), &report.from.email);
        format!("Mohon tanggapan paling lambat {day} ke {email}, pada lembar tanggapan terlampir.\n")
    } else {
        String::new()
    };
    let text = format!(
        "Terlampir surat {} dari {} untuk {} tautan.\n\nLampiran dan nilai SHA-256:\n{list}\n{answer}Mohon balas dengan kode rujukan tetap pada subjek.\n",
        report.code,
        report.from.name,
        report.rows.len(),
    );
    let cover = Cover {
        from: config.mail.from.clone(),
        // What a person enters into a form is kept as a message to ourselves: the bytes that were signed.
        to: if report.to.portal.is_empty() { report.to.email.clone() } else { report.from.email.clone() },
        subject: format!(
            "[{}] {what} - {} - {} - {} tautan",
            report.from.short_name,
            report.platform.label(),
            report.code,
            report.rows.len()
        ),
        text,
        message_id: message_id.to_owned(),
        date: report.dated,
    };
    let attachments: Vec<(String, String, Vec<u8>)> =
        files.iter().map(|file| (file.name.clone(), file.media_type.to_owned(), file.bytes.clone())).collect();
    Ok(build(&cover, &attachments)?)
}

/// Who gets packages of this kind.
pub(super) fn recipient(pipeline: &Pipeline, kind: BatchKind, platform: Platform) -> Result<Recipient> {
    let config = &pipeline.config;
    let (name, found) = match kind {
        BatchKind::Application => (Office::Komdigi.to_string(), config.offices.get(&Office::Komdigi).cloned()),
        BatchKind::Lead => (Office::Customs.to_string(), config.offices.get(&Office::Customs).cloned()),
        BatchKind::Notice => {
            let home = platform.home().map(str::to_owned);
            let seller = |portal| Recipient { office: "Pemilik akun".into(), portal, ..Recipient::default() };
            (platform.to_string(), home.map(seller))
        }
        _ => (platform.to_string(), config.recipients.get(&platform).cloned()),
    };
    let why = format!("no recipient for this; add [recipients.{name}] with an email or a portal to the configuration");
    found.ok_or(PipelineError::Refused(why))
}

/// Who gets this package. A correction goes to whoever got what it takes back.
pub(super) async fn addressee(pipeline: &Pipeline, batch: &Batch) -> Result<Recipient> {
    let kind = match (batch.kind, batch.about_id) {
        (BatchKind::Correction, Some(about)) => batches::require(&pipeline.store, about).await?.kind,
        (kind, _) => kind,
    };
    recipient(pipeline, kind, batch.platform)
}

/// The letters that this one is about: what a withdrawal takes back, else the one that was answered by it.
async fn refers_to(pipeline: &Pipeline, batch: &Batch, details: &[RowDetail]) -> Result<Vec<Reference>> {
    let store = &pipeline.store;
    let mut sent = Vec::new();
    if let Some(about) = batch.about_id {
        sent.push(batches::require(store, about).await?);
    } else if batch.kind == BatchKind::Withdrawal {
        for row in details {
            sent.extend(batches::sent_with(store, row.flag_id).await?);
        }
        sent.retain(|earlier| earlier.kind == BatchKind::Request && earlier.state == BatchState::Sent);
    }
    let mut all = Vec::new();
    for earlier in sent {
        let number = letters::of_batch(store, earlier.id).await?.unwrap_or_default();
        all.push(Reference { code: earlier.code, number, dated: earlier.rendered_at });
    }
    all.sort_by(|one, other| one.code.cmp(&other.code));
    all.dedup();
    Ok(all)
}

/// Copies of the screenshots of a package, without metadata, named by case.
async fn pictures(pipeline: &Pipeline, id: BatchId) -> Result<Vec<Picture>> {
    let mut all = Vec::new();
    for (no, shot) in (1..).zip(screenshots::of_batch(&pipeline.store, id).await?) {
        let stored = screenshots::bytes(&pipeline.store, shot.id).await?;
        let copy = stored.and_then(|(_, bytes)| picture::clean(&bytes));
        let (media_type, bytes) = copy.ok_or_else(|| {
            PipelineError::Refused(format!("a screenshot of {} is no picture; take another one", case_id(shot.flag_id)))
        })?;
        let end = media_type.rsplit('/').next().unwrap_or("png");
        all.push(Picture { name: format!("{}-{no}.{end}", case_id(shot.flag_id)), media_type, bytes });
    }
    Ok(all)
}

/// What the package would say if it were rendered now.
pub(super) async fn report_of(pipeline: &Pipeline, batch: &Batch, details: &[RowDetail], now: Millis) -> Result<BatchReport> {
    let config = &pipeline.config;
    let recipient = addressee(pipeline, batch).await?;
    let mut shots: BTreeMap<FlagId, Vec<String>> = BTreeMap::new();
    for shot in screenshots::of_batch(&pipeline.store, batch.id).await? {
        shots.entry(shot.flag_id).or_default().push(shot.sha256);
    }
    let refers_to = refers_to(pipeline, batch, details).await?;
    let mut answered: BTreeMap<_, Answer> = BTreeMap::new();
    if batch.kind == BatchKind::Application {
        let all = crate::store::answers::of_batch(&pipeline.store, batch.id).await?;
        answered.extend(all.into_iter().map(|answer| (answer.request_id, answer)));
    }
    let of_rows = match batch.about_id {
        Some(about) => batches::rows(&pipeline.store, about).await?.len(),
        None => details.len(),
    };
    let year = i64::from(now.in_jakarta().year());
    let number = match letters::of_batch(&pipeline.store, batch.id).await? {
        Some(number) => number,
        // Not reserved yet: the one that it would get.
        None => letter_number(&config.ministry.number, letters::next(&pipeline.store, year).await?, now),
    };
    let leaves = schedule::next_delivery(config, Some(&recipient), now).in_jakarta().date();
    let answer_by = schedule::calendar(config).working_days_after(leaves, config.ministry.answer_days);
    Ok(BatchReport {
        code: batch.code.clone(),
        number,
        answer_by,
        kind: batch.kind,
        platform: batch.platform,
        dated: now,
        from: letterhead(config, now),
        to: Addressee { office: recipient.office, entity: recipient.entity, email: recipient.email, portal: recipient.portal },
        basis: legal_bases(pipeline, batch.kind, now),
        refers_to,
        of_rows,
        rows: details
            .iter()
            .map(|detail| {
                let answer = detail.request_id.and_then(|request| answered.remove(&request));
                row(pipeline, detail, shots.remove(&detail.flag_id).unwrap_or_default(), answer)
            })
            .collect(),
        pictures: Vec::new(),
        // The elements above were found by these rules.
        rule_set: pipeline.rules().hash.clone(),
        measured: Measured::default(),
    })
}

fn letterhead(config: &Config, now: Millis) -> Letterhead {
    let ministry = config.ministry.on(now.in_jakarta().date());
    Letterhead {
        name: ministry.name,
        short_name: ministry.short_name,
        unit: ministry.unit,
        address: ministry.address,
        phone: ministry.phone,
        website: ministry.website,
        email: ministry.email,
        city: ministry.city,
        signatory_title: ministry.signatory_title,
        signatory_name: ministry.signatory_name,
        signatory_mandate: ministry.signatory_mandate,
        copies: ministry.copies,
        contact_name: ministry.contact_name,
        contact_title: ministry.contact_title,
        contact_appointment: ministry.contact_appointment,
        help: ministry.help,
        appeals: config.appeals.address.clone(),
        answer_days: ministry.answer_days,
    }
}

/// Bases in force that the packs of takedown requests cite. Leads and notices are about import alone; what takes something back
/// rests on none.
fn legal_bases(pipeline: &Pipeline, kind: BatchKind, now: Millis) -> Vec<Basis> {
    if kind.takes_back() {
        return Vec::new();
    }
    let rules = pipeline.rules();
    let packs = rules.packs.iter().filter(|pack| pack.output == Output::Takedown);
    let ids: Vec<String> = packs.flat_map(|pack| pack.legal.clone()).collect();
    let mut bases = crate::rules::legal::in_force(&ids, now);
    let tells = matches!(kind, BatchKind::Lead | BatchKind::Notice);
    bases.retain(|basis| !tells || matches!(basis.kind, BasisKind::ImportBan | BasisKind::ImportControl));
    bases
}

/// Case id of a flag: the same in every letter about it.
pub fn case_id(flag: FlagId) -> String {
    format!("KS-{:06}", flag.0)
}

fn row(pipeline: &Pipeline, detail: &RowDetail, screenshots: Vec<String>, answer: Option<Answer>) -> ReportRow {
    let evidence: BTreeMap<String, Vec<scan::Span>> = scan::evidence(&pipeline.rules(), &detail.pack, &detail.text);
    let words = |axis: &str| {
        let spans = evidence.get(axis).map_or(&[][..], Vec::as_slice);
        let quotes: Vec<String> =
            spans.iter().filter_map(|(s, e)| detail.text.get(*s..*e)).take(3).map(|quote| redact(quote, 40)).collect();
        if quotes.is_empty() { report::BY_OFFICER.to_owned() } else { quotes.join("; ") }
    };
    ReportRow {
        item_no: detail.item_no,
        case_id: case_id(detail.flag_id),
        native_id: detail.native_id.clone(),
        url: detail.url.clone(),
        author: detail.author.clone(),
        posted_at: detail.posted_at,
        seen_at: detail.first_seen_at,
        excerpt: redact(&detail.text, QUOTE),
        // What is withdrawn does not have them.
        elements: if detail.verdict == Verdict::Dismiss {
            ["-"; 3].map(str::to_owned)
        } else {
            [words("used_clothing"), words("import_nexus"), words("offer")]
        },
        rules: detail.findings.iter().map(|finding| finding.rule.clone()).collect(),
        reason: detail.reason.as_str().to_owned(),
        // Reviewers are numbers outside the ministry.
        reviewer: format!("petugas {}", detail.reviewer_id),
        second_reviewer: detail.second_id.map(|id| format!("petugas {id}")),
        looked_at: detail.looked_at,
        screenshots,
        capture: detail.capture_sha256.clone(),
        text_sha256: detail.text_sha256.clone(),
        decided_at: detail.decided_at,
        answer: answer.map(|answer| (answer.outcome, answer.answered_on, answer.reason)),
    }
}

/// The record of how the evidence of a signed package was taken (Berita Acara), as a PDF. It names people, and is not sent.
pub async fn record(pipeline: &Pipeline, user: &User, id: BatchId) -> Result<Vec<u8>> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors write records")?;
    let store = &pipeline.store;
    let batch = batches::require(store, id).await?;
    let signature = batches::signature(store, id).await?;
    let signature =
        signature.ok_or_else(|| PipelineError::Refused(format!("batch {} is not signed; its record comes after", batch.code)))?;
    let names: BTreeMap<_, String> = users::all(store).await?.into_iter().map(|person| (person.id, person.name)).collect();
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    let details = batches::details(store, id, pipeline.clock().now()).await?;
    let record = Record {
        number: letters::of_batch(store, id).await?.unwrap_or_default(),
        platform: batch.platform,
        dated: pipeline.clock().now(),
        from: letterhead(&pipeline.config, pipeline.clock().now()),
        rule_sets: details.iter().map(|row| row.rule_set.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        screenshots: screenshots::of_batch(store, id)
            .await?
            .into_iter()
            .map(|shot| (case_id(shot.flag_id), shot.sha256))
            .collect(),
        captures: details
            .iter()
            .filter_map(|row| {
                Some((case_id(row.flag_id), row.capture_by.clone()?, row.captured_at?, row.capture_sha256.clone()?))
            })
            .collect(),
        rows: details
            .iter()
            .map(|row| RecordRow {
                case_id: case_id(row.flag_id),
                url: row.url.clone(),
                seen_at: row.first_seen_at,
                text_sha256: row.text_sha256.clone(),
                reviewer: name(row.reviewer_id),
                decided_at: row.decided_at,
                second: row.second_id.map(name),
            })
            .collect(),
        files: batches::files(store, id).await?.into_iter().map(|file| (file.name, file.sha256)).collect(),
        signer: name(signature.signer_id),
        head: audit::recent(store, "", 1).await?.into_iter().next().map(|event| event.hash).unwrap_or_default(),
        code: batch.code,
    };
    let rendered = tokio::task::spawn_blocking(move || report::record(&record)).await;
    Ok(rendered.map_err(|error| PipelineError::Task(error.to_string()))??)
}

/// Signs a rendered package: `shown_sha256` is the hash of what the signer looked at. The message goes into the outbox
/// for the next scheduled delivery.
pub async fn sign(pipeline: &Pipeline, user: &User, id: BatchId, shown_sha256: &str) -> Result<Millis> {
    allowed(user, user.role.signs(), "only approvers sign")?;
    pipeline.reach("batch.before_sign");
    let shown = batches::require(&pipeline.store, id).await?;
    preflight::still(pipeline, &shown).await?;
    let to = addressee(pipeline, &shown).await?;
    let mut tx = pipeline.store.write_tx().await?;
    // As this person is now: somebody may have taken the role away since the page was opened.
    let signer = users::get(&mut tx, user.id).await?;
    allowed(user, signer.is_some_and(|now| now.role.signs() && now.disabled_at.is_none()), "only approvers sign")?;
    let now = tx.now();
    let batch = batches::require(&mut tx, id).await?;
    let rows = batches::rows(&mut tx, id).await?;
    may_sign(&batch, &rows, user.id)?;
    let details = batches::details(&mut tx, id, now).await?;
    may_be_asked(pipeline, &batch, &details)?;
    let stored = batches::file(&mut tx, id, MESSAGE_FILE).await?;
    let stored = stored.ok_or_else(|| StoreError::NotFound(format!("the message of batch {}", batch.code)))?;
    let found = sha256_hex(&stored.bytes);
    if shown_sha256 != found || batch.package_sha256.as_deref() != Some(found.as_str()) {
        return Err(
            crate::domain::batch::NotSigned::OtherBytes { code: batch.code, expected: shown_sha256.to_owned(), found }.into()
        );
    }
    let due = schedule::next_delivery(&pipeline.config, Some(&to), tx.now());
    batches::sign(&mut tx, &batch, user.id, &found, due).await?;
    // The recipient may have a schedule of its own.
    jobs::enqueue(&mut tx, JobKind::Deliver, &format!("due:{id}:{}", due.0), due).await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::BatchSigned, subject(&batch)).detail(format!("sha256={found}")))
        .await?;
    pipeline.reach("batch.signed");
    Ok(due)
}

/// Gives a package up while its message certainly did not leave: before the first try, or after tries that the mail
/// server answered with "no" or "later". Its posts are free for another package.
pub async fn cancel(pipeline: &Pipeline, user: &User, id: BatchId) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors cancel packages")?;
    let mut tx = pipeline.store.write_tx().await?;
    let batch = batches::require(&mut tx, id).await?;
    if let Some(delivery) = outbox::by_batch(&mut tx, id).await?
        && !surely_unsent(&outbox::attempts(&mut tx, delivery.id).await?)
    {
        return Err(PipelineError::Refused(format!(
            "the message of {} may have left already; an administrator has to settle it first",
            batch.code
        )));
    }
    batches::cancel(&mut tx, id).await?;
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::BatchCancelled, subject(&batch))).await?)
}

/// True when every try ended with an answer that says "not taken".
pub fn surely_unsent(attempts: &[Attempt]) -> bool {
    attempts.iter().all(|a| matches!(a.outcome, AttemptOutcome::Deferred | AttemptOutcome::Rejected))
}
