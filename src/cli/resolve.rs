//! `sisir resolve`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::{FINE, FOUND, output, setup};
use crate::pipeline::short_links;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// A text file with short links, such as the rejects of an import
    file: PathBuf,
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let client = short_links::client(&pipeline)?;
    let bytes = std::fs::read(&options.file).with_context(|| format!("{} cannot be read", options.file.display()))?;
    let bar = output::progress(0, "following short links");
    let text = String::from_utf8_lossy(&bytes);
    let told = |n| bar.set_message(format!("following short links: {n}"));
    let report = short_links::resolve(&pipeline, &client, &text, told).await;
    bar.finish_and_clear();
    let report = report?;
    println!(
        "{} short links: {} new posts, {} known, {} lead to no post",
        report.links,
        report.new,
        report.known,
        report.nowhere.len()
    );
    for (link, why) in &report.nowhere {
        println!("  {link}: {why}");
    }
    pipeline.store.close().await;
    if let Some(why) = report.left {
        eprintln!("the rest was left: {why}; start it again later, what was followed is remembered");
        return Ok(ExitCode::from(FOUND));
    }
    Ok(FINE)
}
