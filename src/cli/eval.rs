//! `sisir eval`.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::rules::{compile, source};
use super::{FINE, FOUND};
use crate::domain::flag::Priority;
use crate::domain::trust::Interval;
use crate::eval::{self, Confusion, Labelled, Outcome, Tally};
use crate::rules::{DEFAULT_PACK, Pack, RuleSet, load};
use crate::scan::{Post, explain};

/// Every line is an object with `text` and `label`; `id`, `kind` and `subclass` are shown.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Labelled posts, NDJSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Labels that should be found
    #[arg(long, value_delimiter = ',', default_value = "promo")]
    positive: Vec<String>,
    /// Folder or name of a pack
    #[arg(long, value_name = "PACK", default_value = DEFAULT_PACK)]
    pack: PathBuf,
    /// How many of the worst errors are explained
    #[arg(long, default_value_t = 10)]
    worst: usize,
    /// Also what seed keywords as substrings, and terms without rules, would find
    #[arg(long)]
    baselines: bool,
    /// Least precision of P1 and P2, 0 to 1; exit code 1 below it
    #[arg(long, default_value_t = 0.0)]
    min_precision: f64,
    /// Least recall of P1 and P2, 0 to 1; exit code 1 below it
    #[arg(long, default_value_t = 0.0)]
    min_recall: f64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let rules = compile(&[source(&options.pack)?])?;
    let pack = rules.packs.first().context("no pack")?;
    let mut posts = Vec::new();
    for file in &options.files {
        read(file, &mut posts)?;
    }
    if !posts.iter().any(|post| options.positive.contains(&post.label)) {
        bail!("no post is labelled {}; name the labels that should be found with --positive", options.positive.join(" or "));
    }
    let tally = eval::evaluate(&rules, pack, posts.clone(), &options.positive);
    let (precision, recall) = (tally.urgent.precision().0.unwrap_or(0.0), tally.urgent.recall().0.unwrap_or(0.0));
    let held = precision >= options.min_precision && recall >= options.min_recall;
    let verdict = if held { FINE } else { ExitCode::from(FOUND) };
    if options.json {
        println!("{}", json!({"urgent": as_json(tally.urgent), "flagged": as_json(tally.flagged)}));
        return Ok(verdict);
    }
    println!("{} posts, {} labelled {}", posts.len(), tally.urgent.hits + tally.urgent.missed, options.positive.join(" or "));
    show("P1 and P2", tally.urgent);
    show("all flagged", tally.flagged);
    if options.baselines {
        show("seed keywords", baseline(&posts, &options.positive, seed_keywords));
        let terms_only = terms_only(&options.pack)?;
        let only = eval::evaluate(&terms_only, terms_only.packs.first().context("no pack")?, posts, &options.positive);
        show("terms only", only.flagged);
    }
    println!("\nflagged by label");
    for ((label, kind), (found, all)) in &tally.by_label {
        println!("  {found:>5} of {all:<6} {label} {kind}");
    }
    worst(&rules, pack, &tally, options.worst);
    Ok(verdict)
}

fn read(file: &Path, posts: &mut Vec<Labelled>) -> anyhow::Result<()> {
    let input = std::fs::File::open(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    for (number, line) in (1..).zip(std::io::BufReader::new(input).lines()) {
        let place = || format!("{}:{number}", file.display());
        let line = line.with_context(place)?;
        if !line.trim().is_empty() {
            posts.push(eval::read_line(&line, number).with_context(place)?);
        }
    }
    Ok(())
}

fn as_json(confusion: Confusion) -> serde_json::Value {
    let part = |(share, interval): (Option<f64>, Interval)| json!({"share": share, "low": interval.low, "high": interval.high});
    json!({
        "counts": confusion, "precision": part(confusion.precision()), "recall": part(confusion.recall()),
        "false_accusations": part(confusion.false_accusations()),
    })
}

fn show(name: &str, confusion: Confusion) {
    let part = |(share, Interval { low, high }): (Option<f64>, Interval)| match share {
        Some(share) => format!("{:.1} % ({:.1} to {:.1})", 100.0 * share, 100.0 * low, 100.0 * high),
        None => "-".to_owned(),
    };
    println!(
        "{name:<14} precision {:<26} recall {:<26} wrongly flagged {} of {}, at most {:.3} %",
        part(confusion.precision()),
        part(confusion.recall()),
        confusion.wrong,
        confusion.wrong + confusion.quiet,
        100.0 * confusion.false_accusations().1.high,
    );
}

/// The campaign's words of 2023, as a platform's search box would use them.
fn seed_keywords(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["thrift", "hidden gem", "bal impor", "baju bekas", "pakaian bekas"].iter().any(|word| lower.contains(word))
}

fn baseline(posts: &[Labelled], positive: &[String], found: impl Fn(&str) -> bool) -> Confusion {
    let mut confusion = Confusion::default();
    for post in posts {
        match (positive.contains(&post.label), found(&post.text)) {
            (true, true) => confusion.hits += 1,
            (true, false) => confusion.missed += 1,
            (false, true) => confusion.wrong += 1,
            (false, false) => confusion.quiet += 1,
        }
    }
    confusion
}

/// The pack with one rule only: any term of its first axis.
fn terms_only(pack: &Path) -> anyhow::Result<RuleSet> {
    let mut source = source(pack)?;
    let axis = load(std::slice::from_ref(&source))
        .rule_set
        .and_then(|rules| Some(rules.packs.first()?.axes.first()?.name.clone()))
        .context("no axis")?;
    source.files.retain(|path, _| !path.starts_with("rules/"));
    let rule = format!(
        "id = \"terms\"\nstatus = \"active\"\npriority = \"P2\"\nneed = {{ {axis} = 1 }}\nfalsepositives = []\n\
         title = {{ id = \"\", en = \"\" }}\nwhy = {{ id = \"\", en = \"\" }}\nexamples = {{ matching = [\"\"], not_matching = [\"\"] }}\n"
    );
    source.files.insert("rules/terms.toml".into(), rule);
    compile(&[source])
}

/// The errors that would hurt most: false accusations by urgency and score, then what was missed.
fn worst(rules: &RuleSet, pack: &Pack, tally: &Tally, most: usize) {
    let mut wrong: Vec<&Outcome> = tally.outcomes.iter().filter(|outcome| !outcome.positive && outcome.found.flagged).collect();
    wrong.sort_by_key(|outcome| (outcome.found.priority, -outcome.found.score));
    if !wrong.is_empty() {
        println!("\nwrongly flagged");
    }
    for outcome in wrong.iter().take(most) {
        let rules: Vec<&str> = outcome.found.findings.iter().map(|finding| finding.rule.as_str()).collect();
        let why = outcome.found.findings.first().map_or("", |finding| finding.why.as_str());
        let priority = outcome.found.priority.map_or("", Priority::as_str);
        println!(
            "  {} {} {} [{}] {}\n      {why}",
            outcome.post.id,
            outcome.post.label,
            priority,
            rules.join(" "),
            shorten(&outcome.post.text)
        );
    }
    let missed: Vec<&Outcome> = tally.outcomes.iter().filter(|outcome| outcome.positive && !outcome.found.flagged).collect();
    if !missed.is_empty() {
        println!("\nmissed");
    }
    for outcome in missed.iter().take(most) {
        let explained =
            explain(rules, &Post::caption(&outcome.post.text)).into_iter().find(|explained| explained.pack == pack.id);
        let points = explained
            .map(|explained| explained.points.iter().map(|(axis, n)| format!("{axis} {n}")).collect::<Vec<_>>().join(", "));
        println!(
            "  {} {} {}\n      {}",
            outcome.post.id,
            outcome.post.kind,
            shorten(&outcome.post.text),
            points.unwrap_or_default()
        );
    }
}

fn shorten(text: &str) -> String {
    let line = text.replace('\n', " / ");
    if line.chars().count() > 160 { format!("{}…", line.chars().take(160).collect::<String>()) } else { line }
}
