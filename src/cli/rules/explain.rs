//! `sisir rules explain`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::compile;
use crate::cli::{FINE, setup};
use crate::domain::flag::Priority;
use crate::domain::ids::PostId;
use crate::rules::index::How;
use crate::rules::{shipped, shipped_packs};
use crate::scan::{Explanation, Post, TermShown, explain};
use crate::store::posts;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The text; `-` reads standard input
    #[arg(required_unless_present = "post")]
    text: Option<String>,
    /// A stored post instead, by the number that `rules backtest` names
    #[arg(long, value_name = "ID", conflicts_with = "text")]
    post: Option<i64>,
    /// Folder or name of a pack (default: all shipped ones)
    #[arg(long, value_name = "PACK")]
    pack: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(file: Option<&Path>, options: &Options) -> anyhow::Result<ExitCode> {
    let sources = match &options.pack {
        Some(pack) => vec![super::source(pack)?],
        None => shipped_packs().iter().map(|pack| shipped(pack)).collect(),
    };
    let rules = compile(&sources)?;
    let (mut text, mut author, mut views) = (options.text.clone().unwrap_or_default(), None, None);
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text)?;
    }
    if let Some(id) = options.post {
        let pipeline = setup::pipeline(setup::configure(file)?).await?;
        let post = posts::get(&pipeline.store, PostId(id)).await?;
        let post = post.with_context(|| format!("no post {id}; `sisir rules backtest` names posts by number"))?;
        (text, author, views) = (post.text, Some(post.author), post.views.and_then(|views| u64::try_from(views).ok()));
    }
    let explained = explain(&rules, &Post { author: author.as_deref(), views, ..Post::caption(&text) });
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
        .map(|(quote, how)| if *how == How::Plain { format!("“{quote}”") } else { format!("“{quote}” ({})", how.name()) })
        .collect();
    let points: Vec<String> = term.points.iter().map(|(axis, points)| format!("{axis} {points}")).collect();
    let lacks =
        if term.lacks.is_empty() { String::new() } else { format!("   does not count: needs {}", term.lacks.join(" and ")) };
    format!("{:<20} {:<40} {}{lacks}", term.id, points.join(", "), quotes.join(", "))
}
