//! `sisir run`: one kind of work now, outside the schedule.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::{FINE, FOUND, output, setup};
use crate::domain::job::JobKind;
use crate::pipeline::{Pipeline, crawl};
use crate::platforms::Source;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// crawl, screen, deliver, `follow_up` or purge
    #[arg(value_parser = kind)]
    kind: JobKind,
}

fn kind(text: &str) -> Result<JobKind, String> {
    text.replace('-', "_").parse().map_err(|e: crate::domain::UnknownValue| e.to_string())
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let worker = setup::worker(&pipeline, setup::worker_name(&pipeline))?;
    if options.kind != JobKind::Crawl {
        println!("{}", worker.perform(options.kind).await?);
        return Ok(FINE);
    }
    if worker.sources.is_empty() {
        eprintln!("every source is disabled; `sisir sources` says why and how to switch one on");
        return Ok(ExitCode::from(FOUND));
    }
    crawl_now(&pipeline, &worker.sources).await
}

/// Reads sources now, and says how it went.
pub(super) async fn crawl_now(pipeline: &Pipeline, sources: &[Arc<dyn Source>]) -> anyhow::Result<ExitCode> {
    let bar = output::progress(0, "crawling");
    let report = crawl::crawl(pipeline, sources, crawl::Spend::All, |window| bar.set_message(format!("crawling {window}"))).await;
    bar.finish_and_clear();
    let report = report?;
    println!(
        "{} windows, {} pages, {} new posts, {} known, {} unreadable items",
        report.windows, report.pages, report.posts.new, report.posts.known, report.rejects
    );
    for problem in &report.problems {
        eprintln!("  {problem}");
    }
    Ok(if report.problems.is_empty() { FINE } else { ExitCode::from(FOUND) })
}
