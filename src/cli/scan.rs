//! `sisir scan`: texts in, matches out, no database.

use std::borrow::Cow;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::lines::{self, InOrderError, Lines};
use super::{FAILED, FINE, FOUND, output};
use crate::domain::flag::{Assessment, Finding, Priority};
use crate::rules::{DEFAULT_PACK, Diagnostic, Pack, PackSource, RuleSet, load, shipped};
use crate::scan::{Post, Scanner};

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
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    posts: u64,
    flagged: u64,
    problems: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.posts += other.posts;
        self.flagged += other.flagged;
        self.problems += other.problems;
    }
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let (rules, diagnostics) = rule_set(options.rules.as_deref())?;
    for problem in &diagnostics {
        eprintln!("{}\n", problem.render(output::color()));
    }
    let mut tally = Tally { problems: u64::try_from(diagnostics.len()).unwrap_or(u64::MAX), ..Tally::default() };
    for file in &options.files {
        match scan_file(&rules, file, options.json) {
            Ok(counted) => tally.add(counted),
            // A reader that went away (`sisir scan … | head`) is no error.
            Err(error) if is_closed(&error) => return Ok(FINE),
            Err(error) => {
                eprintln!("error: {error:#}");
                tally.problems += 1;
            }
        }
    }
    if !options.json {
        eprintln!("{} posts read, {} flagged, {} problems", tally.posts, tally.flagged, tally.problems);
    }
    Ok(match (tally.problems, tally.flagged) {
        (0, 0) => FINE,
        (0, _) => ExitCode::from(FOUND),
        _ => ExitCode::from(FAILED),
    })
}

fn is_closed(error: &anyhow::Error) -> bool {
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

fn scan_file(rules: &RuleSet, file: &Path, as_json: bool) -> anyhow::Result<Tally> {
    let stdin = file == Path::new("-");
    let name = if stdin { "<stdin>".to_owned() } else { file.display().to_string() };
    let input: Box<dyn Read + Send> = if stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("{name}: cannot be read"))?)
    };
    let mut tally = Tally::default();
    let make = || Worker { scanner: Scanner::new(rules), pack: rules.packs.first(), name: &name, as_json };
    lines::in_order(input, make, Worker::scan, |answer: Answers| {
        tally.add(answer.tally);
        let written = std::io::stdout().lock().write_all(&answer.out);
        answer.problems.iter().for_each(|problem| eprintln!("error: {problem}"));
        written
    })
    .map_err(|error| match error {
        InOrderError::Read(error) => anyhow::Error::new(error).context(format!("{name}: cannot be read")),
        InOrderError::Write(error) => anyhow::Error::new(error),
    })?;
    Ok(tally)
}

/// A post of `--json`. Unknown fields are allowed: exports have many.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// A line of the answer. Programs read it: the shape stays.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a RawValue,
    flagged: bool,
    priority: Option<Priority>,
    score: i32,
    findings: &'a [Finding],
}

/// What became of some lines.
#[derive(Debug, Default)]
struct Answers {
    out: Vec<u8>,
    problems: Vec<String>,
    tally: Tally,
}

/// What one thread keeps.
struct Worker<'r> {
    scanner: Scanner<'r>,
    pack: Option<&'r Pack>,
    name: &'r str,
    as_json: bool,
}

impl Worker<'_> {
    fn scan(&mut self, lines: &Lines) -> Answers {
        let mut answers = Answers::default();
        for (number, line) in lines.iter() {
            let result = match line {
                Ok(line) => self.scan_line(line, number, &mut answers),
                Err(problem) => Err(problem.to_string()),
            };
            if let Err(problem) = result {
                answers.tally.problems += 1;
                answers.problems.push(format!("{}:{number}: {problem}", self.name));
            }
        }
        answers
    }

    fn scan_line(&mut self, line: &str, number: u64, answers: &mut Answers) -> Result<(), String> {
        if line.trim().is_empty() {
            return Ok(());
        }
        if !self.as_json {
            let found = self.assess(line, &mut answers.tally);
            if found.flagged {
                answers.out.extend_from_slice(explain(&found, line, &format!("{}:{number}", self.name)).as_bytes());
                answers.out.push(b'\n');
            }
            return Ok(());
        }
        let post: Line<'_> = serde_json::from_str(line)
            .map_err(|error| format!("column {}: {error}; each line is an object with `id` and `text`", error.column()))?;
        let found = self.assess(&post.text, &mut answers.tally);
        let answer = Answer {
            id: post.id,
            flagged: found.flagged,
            priority: found.priority,
            score: found.score,
            findings: &found.findings,
        };
        serde_json::to_writer(&mut answers.out, &answer).map_err(|error| error.to_string())?;
        answers.out.push(b'\n');
        Ok(())
    }

    fn assess(&mut self, text: &str, tally: &mut Tally) -> Assessment {
        let found = self.pack.map(|pack| self.scanner.assess_with(pack, &Post::caption(text))).unwrap_or_default();
        tally.posts += 1;
        tally.flagged += u64::from(found.flagged);
        found
    }
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
