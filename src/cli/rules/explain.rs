//! `sisir rules explain`.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use super::compile;
use crate::cli::FINE;
use crate::domain::flag::Priority;
use crate::rules::index::How;
use crate::rules::{Field, shipped, shipped_packs};
use crate::scan::{Explanation, Post, TermShown, explain};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The text; `-` reads standard input
    text: String,
    /// Folder or name of a pack (default: all shipped ones)
    #[arg(long, value_name = "PACK")]
    pack: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let sources = match &options.pack {
        Some(pack) => vec![super::source(pack)?],
        None => shipped_packs().iter().map(|pack| shipped(pack)).collect(),
    };
    let rules = compile(&sources)?;
    let text = if options.text == "-" {
        let mut all = String::new();
        std::io::stdin().read_to_string(&mut all)?;
        all
    } else {
        options.text.clone()
    };
    let explained = explain(&rules, &Post { field: Field::Caption, ..Post::caption(&text) });
    if options.json {
        println!("{}", serde_json::to_string_pretty(&explained)?);
    } else {
        explained.iter().for_each(|explanation| println!("{}", show(explanation)));
    }
    Ok(FINE)
}

fn show(explanation: &Explanation) -> String {
    let mut lines = vec![format!("{}   score {}", explanation.pack, explanation.score)];
    if explanation.terms.is_empty() {
        lines.push("  no term".to_owned());
    }
    for term in &explanation.terms {
        lines.push(format!("  {}", show_term(term)));
    }
    let points: Vec<String> = explanation.points.iter().map(|(axis, points)| format!("{axis} {points}")).collect();
    if !points.is_empty() {
        lines.push(format!("  = {}", points.join(", ")));
    }
    if !explanation.terms.is_empty() {
        for rule in &explanation.rules {
            let verdict =
                rule.matched.map_or_else(|| format!("no: {}", rule.why_not), |priority: Priority| format!("{priority}"));
            lines.push(format!("  {:<24} {verdict}", rule.id));
        }
    }
    lines.join("\n")
}

fn show_term(term: &TermShown) -> String {
    let quotes: Vec<String> = term
        .places
        .iter()
        .map(|(quote, how)| if *how == How::Plain { format!("“{quote}”") } else { format!("“{quote}” ({})", name(*how)) })
        .collect();
    let points: Vec<String> = term.points.iter().map(|(axis, points)| format!("{axis} {points}")).collect();
    let lacks =
        if term.lacks.is_empty() { String::new() } else { format!("   does not count: needs {}", term.lacks.join(" and ")) };
    format!("{:<20} {:<40} {}{lacks}", term.id, points.join(", "), quotes.join(", "))
}

/// As in JSON.
fn name(how: How) -> String {
    serde_json::to_value(how).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
