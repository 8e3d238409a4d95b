//! `sisir bench`.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Deserialize;

use super::FINE;
use crate::bench::{self, AhoKind, Corpus, Measured};
use crate::rules::index::Views;

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
        println!("\n{} rules                             MB/s   × best aho-corasick   pairs      built", phrases.len());
        let all = measure(&phrases, &corpus);
        let best = all.iter().filter(|one| one.name.starts_with("aho")).map(|one| one.megabytes).fold(0.0, f64::max);
        for one in &all {
            println!(
                "{:<38} {:>8.0} {:>12.2}× {:>14} {:>9.2} s",
                one.name,
                one.megabytes,
                one.megabytes / best,
                one.pairs,
                one.built
            );
        }
        if let Some(slowest) = bench::slowest_hundredth(&phrases, &corpus) {
            println!("99 of 100 posts take less than {slowest:.1} µs (all views, spans)");
        }
    }
    Ok(FINE)
}

fn measure(phrases: &[String], corpus: &Corpus) -> Vec<Measured> {
    let count = phrases.len();
    let few = |most: usize| count <= most;
    let own = |name: &str, views, spans| bench::measure(name, count, corpus, || bench::sisir(phrases, views, spans));
    let aho = |name: &str, kind| bench::measure(name, count, corpus, || bench::aho_corasick(phrases, kind));
    let all = [
        own("sisir, words as written", Views::NONE, false),
        own("sisir, all views", Views::ALL, false),
        own("sisir, all views, spans explained", Views::ALL, true),
        aho("aho-corasick DFA", AhoKind::Dfa),
        aho("aho-corasick contiguous NFA", AhoKind::Contiguous),
        bench::measure("NFKD, lower case, aho-corasick", count, corpus, || bench::unicode_path(phrases)),
        few(1000).then(|| bench::measure("regex::RegexSet", count, corpus, || bench::regex_set(phrases))).flatten(),
        few(100).then(|| bench::measure("lower case and contains", count, corpus, || bench::naive(phrases))).flatten(),
    ];
    all.into_iter().flatten().collect()
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
