//! `sisir rules test`.

use std::process::ExitCode;

use anyhow::bail;

use super::Packs;
use crate::cli::{FINE, FOUND};
use crate::rules::RuleSet;
use crate::scan::{BrokenExample, broken_examples};

/// Exit code: 0 every example does what it promises, 1 one does not.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    packs: Packs,
    /// Only this rule or term; an unknown one is an error
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let rules = options.packs.load()?;
    let wanted = |id: &str| options.only.as_deref().is_none_or(|only| only == id);
    let tried = count(&rules, &wanted);
    if tried == 0 {
        bail!("no rule and no term `{}`", options.only.as_deref().unwrap_or_default());
    }
    let broken: Vec<BrokenExample> = broken_examples(&rules).into_iter().filter(|broken| wanted(&broken.id)).collect();
    for BrokenExample { pack, id, text, should_match, of_term, .. } in &broken {
        let what = match (of_term, should_match) {
            (true, _) => "does not hold the term",
            (false, true) => "should match but does not",
            (false, false) => "should not match but does",
        };
        eprintln!("{pack}/{id}: this example {what}: {text}");
    }
    println!("{tried} examples, {} broken", broken.len());
    Ok(if broken.is_empty() { FINE } else { ExitCode::from(FOUND) })
}

fn count(rules: &RuleSet, wanted: &dyn Fn(&str) -> bool) -> usize {
    let of_rules = rules.packs.iter().flat_map(|pack| &pack.rules).filter(|rule| wanted(&rule.id));
    let of_rules: usize = of_rules.map(|rule| rule.examples.matching.len() + rule.examples.not_matching.len()).sum();
    of_rules + rules.terms.iter().filter(|term| wanted(&term.id)).count()
}
