//! The whole way from NDJSON to findings against a loop that only parses, and what large rule sets cost to compile.
//!
//! ```console
//! $ cargo bench --bench scan -- [POSTS.ndjson]
//! ```

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench stops where something is wrong")]

use std::process::{Command, Stdio};
use std::time::Instant;

use sisir::bench::{Corpus, index, phrases};
use sisir::rules::index::Views;

const POSTS: usize = 600_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--compile", count] => compile(count.parse().expect("a number")),
        ["--parse", file] => println!("{}", parse(file)),
        files => {
            let folder = tempfile::tempdir().expect("a folder");
            let file = files.first().map_or_else(|| generated(folder.path()), |file| (*file).to_owned());
            scan(&file);
            // Each in a process of its own, so that the peak is its own.
            for count in ["10000", "1000000"] {
                run(&["--compile", count]);
            }
        }
    }
}

fn generated(folder: &std::path::Path) -> String {
    let corpus = Corpus::generate(POSTS, 1);
    let lines: String =
        (0..).zip(&corpus.posts).map(|(id, text)| format!("{}\n", serde_json::json!({"id": id, "text": text}))).collect();
    let file = folder.join("posts.ndjson");
    std::fs::write(&file, lines).expect("a writable folder");
    file.display().to_string()
}

fn run(arguments: &[&str]) -> f64 {
    let started = Instant::now();
    let done = Command::new(std::env::current_exe().expect("this program")).args(arguments).status().expect("this program runs");
    assert!(done.success());
    started.elapsed().as_secs_f64()
}

#[derive(serde::Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    _id: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow)]
    text: std::borrow::Cow<'a, str>,
}

/// The same reading in chunks with every core, and nothing but parsing; bytes of text.
fn parse(file: &str) -> usize {
    let bytes = std::fs::read(file).expect("a file of posts");
    let halves = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let length = |line: &&[u8]| serde_json::from_slice::<Line<'_>>(line).expect("NDJSON").text.len();
    std::thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(halves));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(length).sum::<usize>())).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// The product's own command, as a person runs it.
fn scan(file: &str) {
    let lines = memchr::memchr_iter(b'\n', &std::fs::read(file).expect("a file of posts")).count();
    let program = env!("CARGO_BIN_EXE_sisir");
    let mut scan = Vec::new();
    let mut parse = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let done = Command::new(program).args(["scan", "--json", file]).stdout(Stdio::null()).status().expect("sisir runs");
        assert!(matches!(done.code(), Some(0 | 1)), "{done}");
        scan.push(started.elapsed().as_secs_f64());
        parse.push(run(&["--parse", file]));
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (scan, parse) = (median(&mut scan), median(&mut parse));
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let posts = lines as f64;
    println!(
        "sisir scan --json: {:.0} posts/s; parsing alone: {:.0} posts/s; ratio {:.2}",
        posts / scan,
        posts / parse,
        scan / parse
    );
}

fn compile(count: usize) {
    let corpus = Corpus::generate(count.max(100_000) / 4, 7);
    let mut phrases = phrases(&corpus, count, 1);
    // Variants of the last words, as somebody lists them who has no views.
    for number in phrases.len()..count {
        phrases.push(format!("{} {number}", phrases[number % 1_000]));
    }
    drop(corpus);
    let before = memory("VmRSS");
    for (name, views) in [("words as written", Views::NONE), ("all views", Views::ALL)] {
        if count > 100_000 && views == Views::ALL {
            continue;
        }
        let started = Instant::now();
        let index = index(&phrases, views).expect("within the caps");
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{} phrases, {name}: {seconds:.2} s, {} keys, {} MB more than the phrases",
            phrases.len(),
            index.keys(),
            memory("VmRSS").saturating_sub(before) / 1_000
        );
    }
}

/// Kilobytes, from the operating system; 0 where it does not tell.
fn memory(what: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
