//! `sisir import` of a large NDJSON capture against a loop that only parses, each in a process of its own.
//!
//! ```console
//! $ cargo bench --bench import -- [ROWS]
//! ```

#![expect(clippy::expect_used, reason = "a bench stops where something is wrong")]

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sisir::bench::Corpus;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--parse", file] => println!("{}", parse(file)),
        ["--import", file, folder] => import(file, folder),
        rows => {
            let rows: usize = rows.first().map_or(1_000_000, |rows| rows.parse().expect("a number of rows"));
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("capture.ndjson").display().to_string();
            generate(&file, rows);
            let parse = timed(&["--parse", &file]);
            let import = timed(&["--import", &file, &folder.path().display().to_string()]);
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            let rows = rows as f64;
            println!(
                "sisir import: {:.0} rows/s into SQLite; parsing alone: {:.0} rows/s; ratio {:.1}",
                rows / import,
                rows / parse,
                import / parse
            );
        }
    }
}

/// Items as Zeeschuimer captures them from TikTok.
fn generate(file: &str, rows: usize) {
    let corpus = Corpus::generate(100_000.min(rows), 1);
    let mut out = BufWriter::new(std::fs::File::create(file).expect("a writable folder"));
    for (number, text) in (0..rows as u64).zip(corpus.posts.iter().cycle()) {
        let seconds = 1_760_000_000 + number;
        let id = (seconds << 32) | number;
        let author = format!("toko.contoh{}", number % 5_000);
        let item = serde_json::json!({
            "id": number, "item_id": id.to_string(), "source_platform": "tiktok.com", "timestamp_collected": seconds * 1_000,
            "data": {"id": id.to_string(), "desc": text, "createTime": seconds, "author": {"uniqueId": author, "nickname": "Toko"},
                "stats": {"playCount": number, "diggCount": 3, "commentCount": 1, "shareCount": 0}},
        });
        writeln!(out, "{item}").expect("space on the disk");
    }
}

fn timed(arguments: &[&str]) -> f64 {
    let started = Instant::now();
    let done = Command::new(std::env::current_exe().expect("this program")).args(arguments).status().expect("this program runs");
    assert!(done.success());
    started.elapsed().as_secs_f64()
}

/// Every line as JSON, and nothing but that; one thread, as the import reads.
fn parse(file: &str) -> usize {
    let lines = BufReader::new(std::fs::File::open(file).expect("the capture")).lines();
    lines
        .map(|line| serde_json::from_str::<serde_json::Value>(&line.expect("UTF-8")).expect("JSON"))
        .filter(serde_json::Value::is_object)
        .count()
}

/// The product's own command, as a person runs it, into an empty database.
fn import(file: &str, folder: &str) {
    let config = format!("{folder}/config.toml");
    std::fs::write(&config, format!("[database]\nurl = \"sqlite:{folder}/bench.db\"\n")).expect("a writable folder");
    let sisir = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_sisir");
        let mut child =
            Command::new(program).args(["--config", &config]).args(arguments).stdout(Stdio::null()).spawn().expect("sisir runs");
        let mut peak = 0;
        let done = loop {
            match child.try_wait().expect("sisir runs") {
                Some(done) => break done,
                None => peak = peak.max(peak_of(child.id())),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(done.success(), "{arguments:?}");
        peak
    };
    sisir(&["db", "migrate"]);
    println!("peak memory of the import: {} MB", sisir(&["import", "--no-screen", file]) / 1_000);
}

/// Largest resident size of a running process so far, kilobytes; 0 where the operating system does not tell.
fn peak_of(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
