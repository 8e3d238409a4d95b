//! `sisir scan`: texts in, matches out, no database.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FAILED, FINE, FOUND, output};
use crate::domain::flag::{Assessment, Finding, Priority};
use crate::rules::{DEFAULT_PACK, Diagnostic, PackSource, RuleSet, load, shipped};
use crate::scan;

/// Exit code: 0 nothing flagged, 1 something flagged, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Files to read; `-` is standard input. Texts, one a line; with --json, NDJSON objects
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// NDJSON in (id, text and optional platform, field, author, `posted_at`), one JSON line out for each post
    #[arg(long)]
    json: bool,
    /// Folder of a rule pack instead of the shipped one
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
}

/// What went by.
#[derive(Default)]
struct Tally {
    posts: u64,
    flagged: u64,
    problems: u64,
}

/// Longest line that is read, bytes: more is not a caption.
const MAX_LINE: u64 = 1 << 20;

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let (rules, diagnostics) = rule_set(options.rules.as_deref())?;
    for problem in &diagnostics {
        eprintln!("{}\n", problem.render(output::color()));
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut tally = Tally { problems: u64::try_from(diagnostics.len()).unwrap_or(u64::MAX), ..Tally::default() };
    for file in &options.files {
        if let Err(error) = scan_file(&rules, file, options.json, &mut out, &mut tally) {
            if closed(&error) {
                return Ok(FINE);
            }
            eprintln!("error: {error:#}");
            tally.problems += 1;
        }
    }
    out.flush()?;
    if !options.json {
        eprintln!("{} posts read, {} flagged, {} problems", tally.posts, tally.flagged, tally.problems);
    }
    Ok(match (tally.problems, tally.flagged) {
        (0, 0) => FINE,
        (0, _) => ExitCode::from(FOUND),
        _ => ExitCode::from(FAILED),
    })
}

/// A reader that went away (`sisir scan … | head`) is no error.
fn closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

fn rule_set(dir: Option<&Path>) -> anyhow::Result<(RuleSet, Vec<Diagnostic>)> {
    let source = match dir {
        Some(dir) => PackSource::read_dir(dir).with_context(|| format!("{}: cannot be read", dir.display()))?,
        None => shipped(DEFAULT_PACK),
    };
    let loaded = load(&[source]);
    if let Some(rules) = loaded.rule_set {
        Ok((rules, loaded.diagnostics))
    } else {
        let shown: Vec<String> = loaded.diagnostics.iter().map(|d| d.render(output::color())).collect();
        anyhow::bail!("the rule pack cannot be loaded\n{}", shown.join("\n"))
    }
}

fn scan_file(rules: &RuleSet, file: &Path, as_json: bool, out: &mut impl Write, tally: &mut Tally) -> anyhow::Result<()> {
    let stdin = file == Path::new("-");
    let name = if stdin { "<stdin>".to_owned() } else { file.display().to_string() };
    let input: Box<dyn Read> = if stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("{name}: cannot be read"))?)
    };
    let mut reader = BufReader::new(input);
    let mut number = 0_u64;
    loop {
        let mut raw = Vec::new();
        let read = (&mut reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut raw)
            .with_context(|| format!("{name}:{}: cannot be read", number + 1))?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        let cut = read as u64 == MAX_LINE && !raw.ends_with(b"\n");
        if cut {
            skip_line(&mut reader)?;
        }
        let problem = match std::str::from_utf8(&raw) {
            Err(_) if !cut => Some("not UTF-8; save the file as UTF-8".to_owned()),
            Err(_) => Some("longer than 1 MiB; one post a line".to_owned()),
            Ok(_) if cut => Some("longer than 1 MiB; one post a line".to_owned()),
            Ok(line) => {
                let line = line.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']);
                if line.trim().is_empty() {
                    continue;
                }
                scan_line(rules, line, &format!("{name}:{number}"), as_json, out, tally)?
            }
        };
        if let Some(problem) = problem {
            tally.problems += 1;
            eprintln!("error: {name}:{number}: {problem}");
        }
    }
}

/// Reads on to the end of a line that is too long to keep.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        let empty = buffer.is_empty();
        reader.consume(used);
        if end.is_some() || empty {
            return Ok(());
        }
    }
}

/// A post of `--json`. Unknown fields are allowed: exports have many.
#[derive(Deserialize)]
struct Line {
    id: Value,
    text: String,
}

/// A line of the answer. Programs read it: the shape stays.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    flagged: bool,
    priority: Option<Priority>,
    score: i32,
    findings: &'a [Finding],
}

fn scan_line(
    rules: &RuleSet,
    line: &str,
    place: &str,
    as_json: bool,
    out: &mut impl Write,
    tally: &mut Tally,
) -> std::io::Result<Option<String>> {
    if !as_json {
        let found = scan::assess(rules, line);
        count(tally, &found);
        if found.flagged {
            writeln!(out, "{}", explain(&found, line, place))?;
        }
        return Ok(None);
    }
    let post: Line = match serde_json::from_str(line) {
        Ok(post) => post,
        Err(error) => {
            return Ok(Some(format!("column {}: {error}; each line is an object with `id` and `text`", error.column())));
        }
    };
    let found = scan::assess(rules, &post.text);
    count(tally, &found);
    let answer =
        Answer { id: &post.id, flagged: found.flagged, priority: found.priority, score: found.score, findings: &found.findings };
    serde_json::to_writer(&mut *out, &answer)?;
    writeln!(out)?;
    Ok(None)
}

fn count(tally: &mut Tally, found: &Assessment) {
    tally.posts += 1;
    tally.flagged += u64::from(found.flagged);
}

/// The post with its evidence underlined and the reason below.
fn explain(found: &Assessment, text: &str, place: &str) -> String {
    let title = format!("score {}", found.score);
    let priority = found.priority.map_or("", Priority::as_str);
    let groups: Vec<Group<'_>> = found
        .findings
        .iter()
        .map(|finding| {
            let spans = finding.spans.iter().map(|(start, end)| AnnotationKind::Primary.span(*start..*end));
            Level::WARNING
                .with_name(Some(priority))
                .primary_title(title.as_str())
                .id(finding.rule.as_str())
                .element(Snippet::source(text).path(place).annotations(spans))
                .element(Level::NOTE.message(finding.why.as_str()))
        })
        .collect();
    let color = std::io::IsTerminal::is_terminal(&std::io::stdout());
    if color { Renderer::styled() } else { Renderer::plain() }.render(&groups)
}
