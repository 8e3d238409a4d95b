//! Step 1, the other way in: files of real posts. The main job runs on them without any API.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::crawl::resting;
use super::follow_up::rest_after;
use super::meter::StoreMeter;
use super::{Pipeline, Result};
use crate::domain::Platform;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::check::CheckOutcome;
use crate::domain::post::Observation;
use crate::platforms::import::{Format, Import, ImportError, Rejected};
use crate::platforms::{Look, TiktokOembed};
use crate::store::{checks, posts};

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
    /// The first of them: line, why, mend.
    pub first: Vec<(u64, String, &'static str)>,
    /// Rows to correct and import again, if any were rejected.
    pub rejected_file: Option<PathBuf>,
    /// Why each was rejected.
    pub reasons_file: Option<PathBuf>,
}

/// Rejected rows, kept beside the input.
struct Rejects {
    rows: Option<BufWriter<File>>,
    reasons: Option<BufWriter<File>>,
    rows_path: PathBuf,
    reasons_path: PathBuf,
    header: Vec<u8>,
}

impl Rejects {
    fn beside(input: &Path, import: &Import) -> Self {
        let stem = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let ending = match import.format {
            Format::Csv(_) => "csv",
            Format::Ndjson => "ndjson",
            Format::Urls => "txt",
        };
        let path = |name: String| input.with_file_name(name);
        Self {
            rows: None,
            reasons: None,
            rows_path: path(format!("{stem}.ditolak.{ending}")),
            reasons_path: path(format!("{stem}.ditolak.alasan.txt")),
            header: import.header.clone(),
        }
    }

    fn keep(&mut self, rejected: &Rejected) -> std::io::Result<()> {
        if self.rows.is_none() {
            let mut rows = BufWriter::new(File::create(&self.rows_path)?);
            if !self.header.is_empty() {
                rows.write_all(&self.header)?;
                rows.write_all(b"\n")?;
            }
            self.rows = Some(rows);
            self.reasons = Some(BufWriter::new(File::create(&self.reasons_path)?));
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
        Ok(self.rows.is_some().then_some((self.rows_path, self.reasons_path)))
    }
}

/// Reads a file into the store. Interrupted, it can simply be started again: rows stored already are recognised.
/// `progress` gets the rows read so far and the bytes read and in all.
pub async fn import(pipeline: &Pipeline, path: &Path, mut progress: impl FnMut(u64, u64, u64)) -> Result<ImportReport> {
    let mut import = Import::open(path)?;
    let io = |source| ImportError::Io { path: path.to_owned(), source };
    let mut rejects = Rejects::beside(path, &import);
    let mut report = ImportReport::default();
    let mut waiting: Vec<Observation> = Vec::with_capacity(BATCH);
    while let Some(row) = import.next() {
        report.rows += 1;
        match row {
            Ok(seen) => waiting.push(seen),
            Err(rejected) => {
                rejects.keep(&rejected).map_err(io)?;
                report.rejected += 1;
                if report.first.len() < SHOWN {
                    report.first.push((rejected.line, rejected.why, rejected.mend));
                }
            }
        }
        if waiting.len() >= BATCH {
            store(pipeline, &mut waiting, &mut report).await?;
            progress(report.rows, import.position(), import.size);
        }
    }
    store(pipeline, &mut waiting, &mut report).await?;
    progress(report.rows, import.size, import.size);
    if let Some((rows, reasons)) = rejects.finish().map_err(io)? {
        report.rejected_file = Some(rows);
        report.reasons_file = Some(reasons);
    }
    Ok(report)
}

async fn store(pipeline: &Pipeline, waiting: &mut Vec<Observation>, report: &mut ImportReport) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    pipeline.reach("import.before_batch");
    let mut tx = pipeline.store.write_tx().await?;
    let stored = posts::upsert(&mut tx, "import", waiting).await?;
    let detail = format!("new={} known={}", stored.new, stored.known);
    tx.commit(AuditEvent::new(Actor::System, Action::PostsImported, "import").detail(detail)).await?;
    report.new += stored.new;
    report.known += stored.known;
    waiting.clear();
    Ok(())
}

/// Fills in captions of imported TikTok addresses. Returns how many were filled in.
pub async fn fill_in(pipeline: &Pipeline, oembed: &TiktokOembed) -> Result<u32> {
    let meter = StoreMeter { pipeline, source: TiktokOembed::NAME, budget: oembed.budget() };
    let mut filled = 0;
    if resting(pipeline, TiktokOembed::NAME).await?.is_some() {
        return Ok(0);
    }
    for post in posts::without_text(&pipeline.store, Platform::Tiktok, 500).await? {
        match oembed.look(&post.url, &meter).await {
            Ok(Look::Up { title, author }) if !title.is_empty() => {
                let mut tx = pipeline.store.write_tx().await?;
                posts::fill_text(&mut tx, post.id, &title, &author).await?;
                tx.commit(AuditEvent::new(Actor::System, Action::PostFilledIn, format!("post:{}", post.id))).await?;
                filled += 1;
            }
            Ok(look) => {
                let outcome = if look == Look::Gone { CheckOutcome::Gone } else { CheckOutcome::Up };
                let mut tx = pipeline.store.write_tx().await?;
                checks::insert(&mut tx, post.id, outcome).await?;
                tx.commit(
                    AuditEvent::new(Actor::System, Action::PostChecked, format!("post:{}", post.id)).detail(outcome.as_str()),
                )
                .await?;
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
