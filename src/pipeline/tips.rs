//! Reports of the public and of associations. They join the queue of what crawls find; who reported stays apart.

use std::io::Write as _;

use super::{Pipeline, PipelineError, Result, allowed, import, picture};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::check::Liveness;
use crate::domain::ids::{PartnerId, TipId};
use crate::domain::post::{Observation, storable};
use crate::domain::tip::{TipProblem, TipReason, TipStatus};
use crate::domain::user::User;
use crate::platforms::address::{self, Address, NotAPost};
use crate::store::tips::{self, NewTip, Partner, TipOutcome};
use crate::store::{StoreError, WriteTx, checks, flags, named_queues, posts, yields};

/// Most characters of a note or a quotation.
pub const LONGEST: usize = 2_000;
/// Most rows of one upload.
const ROWS: u64 = 2_000;
/// What an upload looks like.
pub const TEMPLATE: &str =
    "tautan,kutipan\nhttps://www.tiktok.com/@contoh/video/7412345678901234567,\"Bal segel impor, siap kirim\"\n";

/// A report of the public: identity, screenshot, address and reason (Permenkominfo 5/2020 Pasal 15 ayat 2).
#[derive(Debug, Default)]
pub struct Report {
    /// Who reports.
    pub name: String,
    /// How to ask back.
    pub contact: String,
    /// Address of the post.
    pub url: String,
    /// Why.
    pub reason: Option<TipReason>,
    /// More.
    pub note: String,
    /// What stands in the post.
    pub quoted: String,
    /// PNG, JPEG or WebP.
    pub screenshot: Vec<u8>,
}

/// Everything that is missing or wrong. `address`: what it leads to; `has_picture`: its screenshot is one.
fn problems(report: &Report, address: &std::result::Result<Address, NotAPost>, has_picture: bool) -> Vec<TipProblem> {
    let mut found = Vec::new();
    let mut unless = |fine: bool, problem| {
        if !fine {
            found.push(problem);
        }
    };
    unless(!report.name.trim().is_empty(), TipProblem::Name);
    let contact = report.contact.trim();
    let digits = contact.bytes().filter(u8::is_ascii_digit).count();
    unless(contact.contains('@') || digits >= 8, TipProblem::Contact);
    match address {
        Ok(_) => {}
        Err(NotAPost::Short) => unless(false, TipProblem::ShortLink),
        Err(_) => unless(false, TipProblem::Url),
    }
    let reason = report.reason.unwrap_or(TipReason::Other);
    unless(reason != TipReason::Other || !report.note.trim().is_empty(), TipProblem::Note);
    let short = [(&report.name, 200), (&report.contact, 200), (&report.note, LONGEST), (&report.quoted, LONGEST)];
    unless(short.iter().all(|(text, most)| text.chars().count() <= *most), TipProblem::TooLong);
    if report.screenshot.is_empty() {
        unless(false, TipProblem::Screenshot);
    } else {
        unless(has_picture, TipProblem::FileType);
    }
    found
}

/// Takes a report. Gives the ticket, or everything that is missing.
pub async fn submit(pipeline: &Pipeline, report: &Report) -> Result<std::result::Result<String, Vec<TipProblem>>> {
    let (found, picture) = (address::parse(report.url.trim()), picture::clean(&report.screenshot));
    let missing = problems(report, &found, picture.is_some());
    let (Ok(found), Some((kind, picture)), []) = (found, picture, missing.as_slice()) else { return Ok(Err(missing)) };
    let ticket = pipeline.entropy.password();
    let mut tx = pipeline.store.write_tx().await?;
    let seen = found.without_text();
    let tip = Row { reason: report.reason.unwrap_or(TipReason::Other), note: &report.note, quoted: &report.quoted };
    let id = join(pipeline, &mut tx, &seen, None, &ticket, &tip).await?.ok_or_else(|| PipelineError::Refused("no row".into()))?;
    tips::insert_reporter(&mut tx, id, &storable(report.name.trim()), &storable(report.contact.trim())).await?;
    tips::insert_screenshot(&mut tx, id, kind, &picture).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::TipReceived, format!("tip:{id}"))).await?;
    Ok(Ok(ticket))
}

struct Row<'a> {
    reason: TipReason,
    note: &'a str,
    quoted: &'a str,
}

/// Puts a reported post among the others. None if this association reported it before.
async fn join(
    pipeline: &Pipeline,
    tx: &mut WriteTx,
    seen: &Observation,
    partner: Option<PartnerId>,
    ticket: &str,
    row: &Row<'_>,
) -> Result<Option<TipId>> {
    let rules = pipeline.rules();
    let pack = rules.asking_pack().map_or("", |pack| pack.id.as_str());
    flags::remember_rule_set(tx, &rules.hash, &rules.pack_ids()).await?;
    posts::upsert(tx, posts::TIP, std::slice::from_ref(seen)).await?;
    yields::saw(tx, posts::TIP, "", std::slice::from_ref(seen)).await?;
    let post = tips::post_of(tx, seen.platform, &seen.native_id).await?;
    if let Some(partner) = partner
        && tips::reported_before(tx, partner, post).await?
    {
        return Ok(None);
    }
    tips::queue(tx, post, pack, &rules.hash).await?;
    named_queues::route(tx).await?;
    tips::reopen(tx, post).await?;
    let (note, quoted) = (storable(row.note.trim()), storable(row.quoted.trim()));
    let tip = NewTip { post, partner, ticket, reason: row.reason, note: &note, quoted: &quoted };
    Ok(Some(tips::insert(tx, &tip).await?))
}

/// What became of the report with this ticket.
pub async fn outcome(pipeline: &Pipeline, ticket: &str) -> Result<Option<TipOutcome>> {
    match tips::by_ticket(&pipeline.store, ticket.trim().to_lowercase().as_str()).await? {
        Some(found) => Ok(Some(with_liveness(pipeline, found).await?)),
        None => Ok(None),
    }
}

/// What is gone is said only when looks confirmed it.
async fn with_liveness(pipeline: &Pipeline, found: TipOutcome) -> Result<TipOutcome> {
    if !found.missed {
        return Ok(found);
    }
    let looks = checks::of_post(&pipeline.store, found.post_id).await?;
    let gone = Liveness::from_checks(&looks).is_down();
    Ok(TipOutcome { status: if gone { TipStatus::Unavailable } else { found.status }, ..found })
}

/// True while the public may report: the hour's limit is not reached.
pub async fn has_room(pipeline: &Pipeline) -> Result<bool> {
    let since = pipeline.clock().now().minus(std::time::Duration::from_hours(1));
    Ok(tips::count_since(&pipeline.store, since).await? < i64::from(pipeline.config.tips.hourly))
}

/// Who reported, for an administrator who has to ask back. That it was read is noted.
pub async fn reporter(pipeline: &Pipeline, user: &User, tip: TipId) -> Result<Option<(String, String)>> {
    allowed(user, user.role.operates(), "only administrators see who reported")?;
    let found = tips::reporter(&pipeline.store, tip).await?;
    let tx = pipeline.store.write_tx().await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::ReporterRead, format!("tip:{tip}"))).await?;
    Ok(found)
}

/// The association whose key this is.
pub async fn partner(pipeline: &Pipeline, key: &str) -> Result<Option<Partner>> {
    Ok(tips::partner_by_key(&pipeline.store, key.trim().to_lowercase().as_str()).await?)
}

/// What an upload brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload {
    /// Posts reported.
    pub taken: usize,
    /// Posts that this association reported before.
    pub known: usize,
    /// Rows that could not be taken: line, what is wrong, how to mend it.
    pub rejected: Vec<(u64, String, String)>,
}

/// Takes a file of reports (CSV or Excel, as [`TEMPLATE`], or a list of addresses) from an association.
pub async fn upload(pipeline: &Pipeline, partner: &Partner, reason: TipReason, bytes: &[u8]) -> Result<Upload> {
    let refused = |error: std::io::Error| PipelineError::Refused(format!("the file cannot be kept: {error}"));
    let mut file = tempfile::NamedTempFile::new().map_err(refused)?;
    file.write_all(bytes).and_then(|()| file.flush()).map_err(refused)?;
    let import = match import::open(pipeline, file.path(), &[]).await {
        Ok((import, _)) => import,
        // The path of a file of ours says nothing to them.
        Err(PipelineError::Import(error)) => {
            return Err(PipelineError::Refused(error.to_string().replace(&file.path().display().to_string(), "berkas")));
        }
        Err(error) => return Err(error),
    };
    let mut upload = Upload::default();
    // Read before the transaction: nobody waits for the file.
    let read: Vec<_> = import.take(usize::try_from(ROWS + 1).unwrap_or(usize::MAX)).collect();
    let mut tx = pipeline.store.write_tx().await?;
    let mut rows = 0;
    for row in read {
        rows += 1;
        if rows > ROWS {
            let why = format!("more than {ROWS} rows");
            upload.rejected.push((rows, why, "send the rest as another file".into()));
            break;
        }
        match row {
            Ok(seen) => {
                // The address decides, whatever other columns say.
                let Ok(found) = address::parse(&seen.url) else {
                    let mend = "open a short link and copy the address that it leads to; put it into the column `tautan`";
                    upload.rejected.push((rows + 1, "no address of a post on a known platform".into(), mend.into()));
                    continue;
                };
                let quoted: String = seen.text.chars().take(LONGEST).collect();
                let ticket = pipeline.entropy.password();
                // What a reporter quotes is not what the platform shows.
                let bare = found.without_text();
                let row = Row { reason, note: "", quoted: &quoted };
                match join(pipeline, &mut tx, &bare, Some(partner.id), &ticket, &row).await? {
                    Some(_) => upload.taken += 1,
                    None => upload.known += 1,
                }
            }
            Err(rejected) => upload.rejected.push((rejected.line, rejected.why, rejected.mend.to_owned())),
        }
    }
    let detail = format!("taken={} known={} rejected={}", upload.taken, upload.known, upload.rejected.len());
    tx.commit(AuditEvent::new(Actor::System, Action::TipReceived, format!("partner:{}", partner.id)).detail(detail)).await?;
    Ok(upload)
}

/// What became of the reports of an association, newest first.
pub async fn feedback(pipeline: &Pipeline, partner: &Partner) -> Result<Vec<TipOutcome>> {
    let mut all = Vec::new();
    for found in tips::of_partner(&pipeline.store, partner.id, 2_000).await? {
        all.push(with_liveness(pipeline, found).await?);
    }
    Ok(all)
}

/// Adds an association. Gives its key, which is kept nowhere.
pub async fn add_partner(pipeline: &Pipeline, name: &str) -> Result<String> {
    let key = pipeline.entropy.password();
    let mut tx = pipeline.store.write_tx().await?;
    let id = tips::add_partner(&mut tx, name.trim(), &key).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::PartnerChanged, format!("partner:{id}")).detail("added")).await?;
    Ok(key)
}

/// Gives an association a new key in place of the old one.
pub async fn renew_key(pipeline: &Pipeline, name: &str) -> Result<String> {
    let key = pipeline.entropy.password();
    change_key(pipeline, name, Some(&key), "new key").await?;
    Ok(key)
}

/// Ends the key of an association; its reports stay.
pub async fn disable_partner(pipeline: &Pipeline, name: &str) -> Result<()> {
    change_key(pipeline, name, None, "disabled").await
}

async fn change_key(pipeline: &Pipeline, name: &str, key: Option<&str>, what: &str) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    if !tips::set_key(&mut tx, name, key).await? {
        return Err(StoreError::NotFound(format!("association `{name}`")).into());
    }
    Ok(tx.commit(AuditEvent::new(Actor::System, Action::PartnerChanged, "partners").detail(what)).await?)
}
