//! `sisir import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{FINE, FOUND, output, setup};
use crate::pipeline::import::{SHOWN, Saved, fill_in, forget_columns, import};
use crate::pipeline::screen::screen;
use crate::platforms::import::{Columns, Holds};
use crate::store::posts;

/// Interrupted, it can simply be started again: known posts are recognised.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// CSV or Excel with a header (text or url, and optionally platform, author, `posted_at`, id, views), JSON items or
    /// arrays, exports of Zeeschuimer, 4CAT, pyktok, traktok, CrowdTangle, YouTube Data Tools and the Meta Content
    /// Library, or a list of addresses
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What a column of a table holds, where the guess is wrong: url, text, platform, author, `posted_at`, id or views.
    /// May be given several times; several text columns are joined
    #[arg(long = "column", value_name = "WHAT=COLUMN", value_parser = column)]
    columns: Vec<(Holds, String)>,
    /// Forget what was said before of the columns of such a file, and guess
    #[arg(long)]
    guess_columns: bool,
    /// Store only, do not match against the rules yet
    #[arg(long)]
    no_screen: bool,
}

fn column(text: &str) -> Result<(Holds, String), String> {
    let (what, name) = text.split_once('=').ok_or("write it as WHAT=COLUMN, e.g. text=Isi")?;
    match Holds::ALL.into_iter().find(|holds| holds.name() == what) {
        Some(holds) => Ok((holds, name.to_owned())),
        None => Err(format!("`{what}` is none of {}", Holds::ALL.map(Holds::name).join(", "))),
    }
}

/// Which column was taken for what, so that a wrong guess is seen.
fn describe(columns: &Columns) -> String {
    let known: Vec<String> = columns.known().map(|(holds, name)| format!("{} = {name}", holds.name())).collect();
    let tool = columns.tool.map(|tool| format!(" ({tool})")).unwrap_or_default();
    format!("columns{tool}: {}", known.join(", "))
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let mut rejected = 0;
    for path in &options.files {
        if options.guess_columns {
            forget_columns(&pipeline, path).await?;
        }
        let bar = output::progress(0, "importing");
        let report = import(&pipeline, path, &options.columns, |_, bytes, size| {
            bar.set_length(size);
            bar.set_position(bytes);
        })
        .await;
        bar.finish_and_clear();
        let report = report?;
        println!(
            "{}: {} rows, {} new, {} known already, {} rejected",
            path.display(),
            report.rows,
            report.new,
            report.known,
            report.rejected
        );
        if let Some(columns) = &report.columns {
            let source = match report.saved {
                Saved::Guessed => "; if that is wrong, say --column WHAT=COLUMN",
                Saved::Kept => "; kept for the next file with the same header",
                Saved::Used => ", as you said of such a file before; --guess-columns forgets that",
            };
            println!("  {}{source}", describe(columns));
        }
        if report.redated > 0 {
            println!("  {} posts: the time of their id was taken, because the file names an earlier one", report.redated);
        }
        for (line, why, mend) in &report.first {
            eprintln!("  {}:{line}: {why}; mend: {mend}", path.display());
        }
        let more = report.rejected.saturating_sub(SHOWN as u64);
        if more > 0 {
            eprintln!("  … and {more} more");
        }
        if let (Some(rows), Some(reasons)) = (&report.rejected_file, &report.reasons_file) {
            eprintln!("  correct {} and import it; all reasons: {}", rows.display(), reasons.display());
        }
        rejected += report.rejected;
    }
    if !options.no_screen {
        if let Some(oembed) = crate::platforms::oembed(&pipeline.config, &pipeline.entropy)? {
            let filled = fill_in(&pipeline, &oembed).await?;
            if filled > 0 {
                println!("{filled} captions filled in from TikTok");
            }
        }
        let waiting = posts::count_unscreened(&pipeline.store, &pipeline.rules().hash).await?;
        let bar = output::progress(u64::try_from(waiting).unwrap_or(0), "matching");
        let report = screen(&pipeline, |done| bar.set_position(done)).await;
        bar.finish_and_clear();
        let report = report?;
        println!("{} posts matched, {} flagged for review", report.screened, report.flagged);
        let bare = posts::count_without_text(&pipeline.store).await?;
        if bare > 0 {
            eprintln!(
                "{bare} posts have an address but no text and cannot be matched; import them with a text column, or switch sources.tiktok_oembed on"
            );
        }
    }
    pipeline.store.close().await;
    Ok(if rejected > 0 { ExitCode::from(FOUND) } else { FINE })
}
