//! Step 1, the other way in: files of real posts. The main job runs on them without any API.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::crawl::resting;
use super::follow_up::rest_after;
use super::meter::StoreMeter;
use super::{Pipeline, Result, evidence};
use crate::domain::Platform;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::post::Observation;
use crate::platforms::import::{Columns, Format, Holds, Import, ImportError, Rejected};
use crate::platforms::{Look, QuotaDay, TiktokOembed};
use crate::store::captures::Origin;
use crate::store::{column_maps, posts, yields};

/// Rows of one transaction.
const BATCH: usize = 1000;

/// Problems that are printed; all of them are in the file.
pub const SHOWN: usize = 10;

/// What an import did.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Rows read.
    pub rows: u64,
    /// Posts not known before.
    pub new: u64,
    /// Posts known already.
    pub known: u64,
    /// Rows that could not be read.
    pub rejected: u64,
    /// Posts whose time was taken from their id, because the row names an earlier one.
    pub redated: u64,
    /// The columns of a table.
    pub columns: Option<Columns>,
    /// Where they come from.
    pub saved: Saved,
    /// The first of them: line, why, mend.
    pub first: Vec<(u64, String, &'static str)>,
    /// Rows to correct and import again, if any were rejected.
    pub rejected_file: Option<PathBuf>,
    /// Why each was rejected.
    pub reasons_file: Option<PathBuf>,
}

/// Rejected rows, kept beside the input. A file that is there already may hold somebody's corrections: it is never
/// overwritten, the next free number is taken.
struct Rejects {
    rows: Option<BufWriter<File>>,
    reasons: Option<BufWriter<File>>,
    input: PathBuf,
    ending: &'static str,
    header: Vec<u8>,
    paths: Option<(PathBuf, PathBuf)>,
}

impl Rejects {
    fn beside(input: &Path, import: &Import) -> Self {
        let ending = match import.format {
            Format::Csv(_) | Format::Excel => "csv",
            Format::Ndjson | Format::JsonArray => "ndjson",
            Format::Urls => "txt",
        };
        Self { rows: None, reasons: None, input: input.to_owned(), ending, header: import.header.clone(), paths: None }
    }

    fn open(&mut self) -> std::io::Result<()> {
        let stem = self.input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for number in 1..1000 {
            let mark = if number == 1 { String::new() } else { format!("-{number}") };
            let rows = self.input.with_file_name(format!("{stem}.ditolak{mark}.{}", self.ending));
            let reasons = self.input.with_file_name(format!("{stem}.ditolak{mark}.alasan.txt"));
            match (File::create_new(&rows), reasons.exists()) {
                (Ok(file), false) => {
                    let mut writer = BufWriter::new(file);
                    if !self.header.is_empty() {
                        writer.write_all(&self.header)?;
                        writer.write_all(b"\n")?;
                    }
                    self.rows = Some(writer);
                    self.reasons = Some(BufWriter::new(File::create_new(&reasons)?));
                    self.paths = Some((rows, reasons));
                    return Ok(());
                }
                (Ok(_), true) => std::fs::remove_file(&rows)?,
                (Err(error), _) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                (Err(error), _) => return Err(error),
            }
        }
        Err(std::io::Error::other("a thousand files of rejected rows are there already; delete those that are done with"))
    }

    fn keep(&mut self, rejected: &Rejected) -> std::io::Result<()> {
        if self.rows.is_none() {
            self.open()?;
        }
        if let (Some(rows), Some(reasons)) = (&mut self.rows, &mut self.reasons) {
            rows.write_all(&rejected.raw)?;
            rows.write_all(b"\n")?;
            writeln!(reasons, "line {}: {}; mend: {}", rejected.line, rejected.why, rejected.mend)?;
        }
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<Option<(PathBuf, PathBuf)>> {
        for file in [&mut self.rows, &mut self.reasons].into_iter().flatten() {
            file.flush()?;
        }
        Ok(self.paths)
    }
}

/// Where the columns of a table come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Saved {
    /// Guessed from their names.
    #[default]
    Guessed,
    /// Told now; kept for tables with the same header.
    Kept,
    /// Told before for a table with the same header.
    Used,
}

/// Opens a file. What a person says of its columns is kept for the next table with the same header; without a word, what
/// was said of such a table before counts.
pub(super) async fn open(pipeline: &Pipeline, path: &Path, told: &[(Holds, String)]) -> Result<(Import, Saved)> {
    let opened = Import::open(path, told);
    let header = match &opened {
        Ok(import) => import.columns.as_ref().map(|columns| columns.names.join(", ")),
        Err(ImportError::Columns { found, .. }) => Some(found.clone()),
        Err(_) => None,
    };
    let Some(header) = header else { return Ok((opened?, Saved::Guessed)) };
    if !told.is_empty() {
        let import = opened?;
        let named = told.iter().map(|(holds, column)| (holds.name().to_owned(), column.clone())).collect();
        let mut tx = pipeline.store.write_tx().await?;
        column_maps::save(&mut tx, &header, &named).await?;
        tx.commit_housekeeping().await?;
        return Ok((import, Saved::Kept));
    }
    let Some(known) = column_maps::get(&pipeline.store, &header).await? else { return Ok((opened?, Saved::Guessed)) };
    let known: Vec<(Holds, String)> = known
        .into_iter()
        .filter_map(|(name, column)| Some((Holds::ALL.into_iter().find(|holds| holds.name() == name)?, column)))
        .collect();
    Ok((Import::open(path, &known)?, Saved::Used))
}

/// Forgets what was said of tables with the header of this file.
pub async fn forget_columns(pipeline: &Pipeline, path: &Path) -> Result<()> {
    let header = match Import::open(path, &[]) {
        Ok(import) => import.columns.map(|columns| columns.names.join(", ")),
        Err(ImportError::Columns { found, .. }) => Some(found),
        Err(error) => return Err(error.into()),
    };
    let Some(header) = header else { return Ok(()) };
    let mut tx = pipeline.store.write_tx().await?;
    column_maps::forget(&mut tx, &header).await?;
    Ok(tx.commit_housekeeping().await?)
}

/// Reads a file into the store. Interrupted, it can simply be started again: rows stored already are recognised.
/// `told` names columns of a table. `progress` gets the rows read so far and the bytes read and in all.
pub async fn import(
    pipeline: &Pipeline,
    path: &Path,
    told: &[(Holds, String)],
    mut progress: impl FnMut(u64, u64, u64),
) -> Result<ImportReport> {
    let (mut import, saved) = open(pipeline, path, told).await?;
    let io = |source| ImportError::Io { path: path.to_owned(), source };
    let mut rejects = Rejects::beside(path, &import);
    let mut report = ImportReport { columns: import.columns.clone(), saved, ..ImportReport::default() };
    let mut waiting = Waiting { file: file_name(path), ..Waiting::default() };
    while let Some(row) = import.next() {
        report.rows += 1;
        match row {
            Ok(seen) => waiting.take(seen, std::mem::take(&mut import.raw)),
            Err(rejected) => {
                rejects.keep(&rejected).map_err(io)?;
                report.rejected += 1;
                if report.first.len() < SHOWN {
                    report.first.push((rejected.line, rejected.why, rejected.mend));
                }
            }
        }
        if waiting.posts.len() >= BATCH {
            store(pipeline, &mut waiting, &mut report).await?;
            progress(report.rows, import.position(), import.size);
        }
    }
    store(pipeline, &mut waiting, &mut report).await?;
    progress(report.rows, import.size, import.size);
    report.redated = import.redated;
    if let Some((rows, reasons)) = rejects.finish().map_err(io)? {
        report.rejected_file = Some(rows);
        report.reasons_file = Some(reasons);
    }
    Ok(report)
}

/// Posts that are stored together, and the rows that they came as.
#[derive(Default)]
struct Waiting {
    file: String,
    posts: Vec<Observation>,
    raw: Vec<Vec<u8>>,
}

impl Waiting {
    fn take(&mut self, seen: Observation, raw: Vec<u8>) {
        self.raw.push(raw);
        self.posts.push(seen);
    }
}

/// Of a path its last part: folders name people.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

async fn store(pipeline: &Pipeline, waiting: &mut Waiting, report: &mut ImportReport) -> Result<()> {
    if waiting.posts.is_empty() {
        return Ok(());
    }
    pipeline.reach("import.before_batch");
    let mut tx = pipeline.store.write_tx().await?;
    let stored = posts::upsert(&mut tx, posts::IMPORT, &waiting.posts).await?;
    let origin = Origin { source: posts::IMPORT, query: &waiting.file };
    evidence::keep(pipeline, &mut tx, origin, waiting.posts.iter().zip(waiting.raw.iter().map(Vec::as_slice))).await?;
    yields::saw(&mut tx, posts::IMPORT, "", &waiting.posts).await?;
    let detail = format!("new={} known={}", stored.new, stored.known);
    tx.commit(AuditEvent::new(Actor::System, Action::PostsImported, "import").detail(detail)).await?;
    report.new += stored.new;
    report.known += stored.known;
    waiting.posts.clear();
    waiting.raw.clear();
    Ok(())
}

/// Fills in captions of imported TikTok addresses. Returns how many were filled in.
pub async fn fill_in(pipeline: &Pipeline, oembed: &TiktokOembed) -> Result<u32> {
    let meter = StoreMeter::of(pipeline, &TiktokOembed::INFO);
    let mut filled = 0;
    if resting(pipeline, TiktokOembed::NAME).await?.is_some() {
        return Ok(0);
    }
    // Half of the day's budget: looks at requested posts and at what is due need the rest.
    let day = QuotaDay::of(pipeline.clock().now(), TiktokOembed::INFO.quota_zone).key;
    let used = crate::store::crawl::quota_used(&pipeline.store, TiktokOembed::NAME, &day).await?;
    let room = ((TiktokOembed::INFO.budget)(&pipeline.config) / 2 - used).clamp(0, 500);
    for post in posts::without_text(&pipeline.store, Platform::Tiktok, pipeline.clock().now(), room).await? {
        match oembed.look(&post.url, &meter).await {
            Ok(Look::Up { title, author, raw }) if !title.is_empty() => {
                let mut tx = pipeline.store.write_tx().await?;
                posts::fill_text(&mut tx, post.id, &title, &author).await?;
                let seen = Observation {
                    platform: post.platform,
                    native_id: post.native_id.clone(),
                    url: post.url.clone(),
                    author,
                    text: title,
                    posted_at: post.posted_at,
                    views: None,
                };
                let origin = Origin { source: TiktokOembed::NAME, query: &post.url };
                evidence::keep(pipeline, &mut tx, origin, [(&seen, raw.as_bytes())]).await?;
                tx.commit(AuditEvent::new(Actor::System, Action::PostFilledIn, format!("post:{}", post.id))).await?;
                filled += 1;
            }
            // Missing once is not gone: it is asked again another day.
            Ok(_) => {
                let mut tx = pipeline.store.write_tx().await?;
                posts::missed(&mut tx, post.id).await?;
                tx.commit_housekeeping().await?;
            }
            Err(error) => {
                if rest_after(pipeline, &error).await? {
                    break;
                }
            }
        }
    }
    Ok(filled)
}
