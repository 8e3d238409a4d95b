//! `sisir audit`: the log as a file, and whether it holds together.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::{FINE, FOUND, setup};
use crate::domain::Millis;
use crate::domain::audit::Part;
use crate::domain::audit_export::{Line, Sound, verify};
use crate::domain::public_report::{PublicReport, recount};
use crate::store::audit;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Action {
    /// Write every event to a file, one a line (JSON)
    Export {
        /// File to write; standard output without it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Leave parts out; the rest still verifies
        #[arg(long, value_delimiter = ',', value_name = "PARTS")]
        redact: Vec<RedactedPart>,
    },
    /// Look whether a log holds together: an exported file, without any database, or the database's own
    Verify {
        /// An exported file; the configured database without it
        file: Option<PathBuf>,
        /// A monthly report to the public (JSON): every figure of it is counted again from this log
        #[arg(long, value_name = "REPORT")]
        report: Option<PathBuf>,
        /// Hash of an event that has to be there, as `verify` printed it before: shows whether the end was cut off
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RedactedPart {
    Actor,
    Subject,
    Detail,
}

impl From<RedactedPart> for Part {
    fn from(part: RedactedPart) -> Self {
        match part {
            RedactedPart::Actor => Self::Actor,
            RedactedPart::Subject => Self::Subject,
            RedactedPart::Detail => Self::Detail,
        }
    }
}

pub async fn run(config: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    match options.action {
        Action::Export { out, redact } => {
            let parts: Vec<Part> = redact.into_iter().map(Part::from).collect();
            let text = exported(config, &parts).await?;
            match out {
                Some(path) => std::fs::write(&path, text).with_context(|| format!("{}", path.display()))?,
                None => std::io::stdout().write_all(text.as_bytes())?,
            }
            Ok(FINE)
        }
        Action::Verify { file, report, head } => {
            let text = match &file {
                Some(path) => std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?,
                None => exported(config, &[]).await?,
            };
            Ok(match verify(&text, head.as_deref()) {
                Ok(sound) => {
                    println!("{}", words(&sound));
                    match report {
                        Some(report) => counted_again(&text, &report)?,
                        None => FINE,
                    }
                }
                Err(broken) => {
                    eprintln!("error: {broken}");
                    eprintln!("mend: compare with an older export or backup; everything before this line holds together");
                    ExitCode::from(FOUND)
                }
            })
        }
    }
}

/// Whether a report says what this log says.
fn counted_again(log: &str, path: &Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let report: PublicReport =
        serde_json::from_str(&text).with_context(|| format!("{}: no report of this program", path.display()))?;
    match recount(log, &report) {
        Ok(()) => {
            let cells: usize = report.tables.iter().map(|table| table.rows.len() + 1).sum();
            println!("{}: {cells} figures counted again, all as the report says", report.month);
            Ok(FINE)
        }
        Err(wrong) => {
            for one in &wrong {
                eprintln!("error: {one}");
            }
            eprintln!(
                "mend: take the report from /laporan and the log of the same database; a report that differs is not what was published"
            );
            Ok(ExitCode::from(FOUND))
        }
    }
}

fn words(sound: &Sound) -> String {
    let last = sound.last.map_or_else(|| "-".to_owned(), Millis::wib);
    let left_out = if sound.redacted == 0 { String::new() } else { format!(", {} parts left out", sound.redacted) };
    format!("{} events hold together{left_out}; the last is of {last}\nhead {}", sound.events, sound.head)
}

async fn exported(config: Option<&Path>, redact: &[Part]) -> anyhow::Result<String> {
    let config = setup::configure(config)?;
    let store = setup::store(&config).await?;
    let rows = audit::all(&store).await?;
    store.close().await;
    let mut text = String::new();
    for row in &rows {
        text.push_str(&serde_json::to_string(&Line::of(row, redact)?)?);
        text.push('\n');
    }
    Ok(text)
}
