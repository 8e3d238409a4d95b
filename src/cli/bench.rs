//! `sisir bench`.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Deserialize;

use super::FINE;
use crate::bench::{self, Corpus};

/// Ratios are what counts: seconds differ from machine to machine.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// NDJSON with `text`, instead of generated posts
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Number of posts
    #[arg(long, default_value_t = 60_000)]
    posts: usize,
    /// Numbers of rules
    #[arg(long, value_delimiter = ',', default_value = "30,1000,10000")]
    rules: Vec<usize>,
    /// Seed of the generator
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let corpus = match &options.corpus {
        Some(path) => Corpus::from_posts(&read(path)?, options.posts),
        None => Corpus::generate(options.posts, options.seed),
    };
    println!("{} posts, {:.1} MB, one thread", corpus.posts.len(), megabytes(corpus.bytes));
    for count in &options.rules {
        let phrases = bench::phrases(&corpus, *count, options.seed);
        println!("\n{}", bench::table(phrases.len(), &bench::compare(&phrases, &corpus, Vec::new())));
        if let Some(slowest) = bench::slowest_hundredth(&phrases, &corpus) {
            println!("99 of 100 posts take less than {slowest:.1} µs (all views, spans)");
        }
    }
    Ok(FINE)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Line {
        text: String,
    }
    let file = std::fs::File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let mut posts = Vec::new();
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let place = || format!("{}:{}", path.display(), number + 1);
        let line: Line = serde_json::from_str(&line.with_context(place)?).with_context(place)?;
        posts.push(line.text);
    }
    Ok(posts)
}
