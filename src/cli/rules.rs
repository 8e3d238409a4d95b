//! `sisir rules`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{FINE, FOUND, output};
use crate::rules::{DEFAULT_PACK, PackSource, load, shipped};
use crate::scan;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Report every problem of a pack, and every example that does not do what it promises
    Check {
        /// Folder of a pack (default: the shipped one)
        dir: Option<PathBuf>,
    },
}

pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Action::Check { dir } = options.action;
    let source = match &dir {
        Some(dir) => PackSource::read_dir(dir).with_context(|| format!("{}: cannot be read", dir.display()))?,
        None => shipped(DEFAULT_PACK),
    };
    let loaded = load(&source);
    for problem in &loaded.diagnostics {
        eprintln!("{}\n", problem.render(output::color()));
    }
    let mut problems = loaded.diagnostics.len();
    if let Some(rules) = &loaded.rule_set {
        for (rule, text, should) in scan::broken_examples(rules) {
            let what = if should { "should match but does not" } else { "should not match but does" };
            eprintln!("rules/{rule}.toml: this example {what}: {text}");
            problems += 1;
        }
        println!(
            "{}: {} rules, {} terms, {problems} problems, hash {}",
            rules.pack,
            rules.rules.len(),
            rules.terms.len(),
            rules.hash
        );
    }
    Ok(if problems == 0 { FINE } else { ExitCode::from(FOUND) })
}
