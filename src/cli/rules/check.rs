//! `sisir rules check`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::Packs;
use crate::cli::{FINE, FOUND, output};
use crate::domain::{Clock as _, SystemClock};
use crate::rules::{Diagnostic, Severity, load, overdue};
use crate::scan::example_problems;

/// Exit code: 0 no problem, 1 problems. Warnings count only with --strict.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    packs: Packs,
    /// One JSON object a problem
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// SARIF 2.1.0, for code hosts and editors
    #[arg(long)]
    sarif: bool,
    /// Warnings are problems too
    #[arg(long)]
    strict: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let sources = options.packs.sources()?;
    let loaded = load(&sources);
    let mut problems = loaded.diagnostics;
    if let Some(rules) = &loaded.rule_set {
        problems.extend(example_problems(&sources, rules));
    }
    problems.extend(overdue(&sources, SystemClock.now().in_jakarta().date()));
    if options.sarif {
        println!("{:#}", sarif(&problems));
    } else if options.json {
        problems.iter().for_each(|problem| println!("{}", as_json(problem)));
    } else {
        problems.iter().for_each(|problem| eprintln!("{}\n", problem.render(output::color())));
        if let Some(rules) = &loaded.rule_set {
            for pack in &rules.packs {
                println!("{}: {} rules, {} terms", pack.id, pack.rules.len(), pack.terms.len());
            }
            println!(
                "{} problems; {} forms, {} spellings, hash {}",
                problems.len(),
                rules.index().forms(),
                rules.index().keys(),
                rules.hash
            );
        }
    }
    let counts = |problem: &&Diagnostic| options.strict || problem.severity == Severity::Error;
    Ok(if problems.iter().any(|problem| counts(&problem)) { ExitCode::from(FOUND) } else { FINE })
}

fn as_json(problem: &Diagnostic) -> Value {
    let ((line, column), (end_line, end_column)) = (problem.position(problem.span.start), problem.position(problem.span.end));
    json!({
        "code": problem.code, "severity": problem.severity, "file": problem.file, "message": problem.message, "mend": problem.mend,
        "line": line, "column": column, "end_line": end_line, "end_column": end_column,
    })
}

/// The form of <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.
fn sarif(problems: &[Diagnostic]) -> Value {
    let result = |problem: &Diagnostic| {
        let ((line, column), (end_line, end_column)) = (problem.position(problem.span.start), problem.position(problem.span.end));
        let region = json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
        let place = json!({"physicalLocation": {"artifactLocation": {"uri": problem.file}, "region": region}});
        json!({
            "ruleId": problem.code, "level": problem.severity, "locations": [place],
            "message": {"text": format!("{}: {}", problem.message, problem.mend)},
        })
    };
    let driver = json!({"name": "sisir rules check", "version": env!("CARGO_PKG_VERSION")});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": problems.iter().map(result).collect::<Vec<_>>()}],
    })
}
