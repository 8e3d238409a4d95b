//! How long the files of a package take, and how much memory, against the spreadsheet and the CSV of the same rows alone
//! (`rust_xlsxwriter`, `csv`). Each size runs in a process of its own, so that its peak is its own.
//!
//! ```console
//! $ cargo bench --bench package -- [ROWS ...]
//! ```

#![expect(clippy::expect_used, reason = "a bench stops where something is wrong")]

use std::process::Command;
use std::time::Instant;

use sisir::bench::Corpus;
use sisir::domain::batch::BatchKind;
use sisir::domain::legal::{Basis, BasisKind};
use sisir::domain::{Millis, Platform, sha256_hex};
use sisir::report::{Addressee, BatchReport, Letterhead, Measured, ReportRow, redact, render};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--render", rows] => one(rows.parse().expect("a number of rows")),
        rows => {
            let rows = if rows.is_empty() { &["20", "100", "1000"] } else { rows };
            for rows in rows {
                let program = std::env::current_exe().expect("this program");
                let done = Command::new(program).args(["--render", rows]).status().expect("this program runs");
                assert!(done.success());
            }
        }
    }
}

fn report(rows: usize) -> BatchReport {
    let at = Millis(1_795_136_644_000);
    let corpus = Corpus::generate(rows, 1);
    let text = |text: &str| text.to_owned();
    let row = |(no, caption): (usize, &String)| ReportRow {
        item_no: i32::try_from(no).expect("few rows"),
        case_id: format!("KS-{no:06}"),
        native_id: format!("77100863364926{no:05}"),
        url: format!("https://www.tiktok.com/@toko.contoh{no}/video/77100863364926{no:05}"),
        author: format!("toko.contoh{no}"),
        posted_at: Some(at),
        seen_at: at,
        looked_at: Some(at),
        text_sha256: sha256_hex(caption.as_bytes()),
        screenshots: vec!["1".repeat(64)],
        excerpt: redact(caption, 200),
        elements: [text("buka bal"), text("bal korea"), text("35k")],
        rules: vec![text("bal-ditawarkan"), text("bekas-impor-ditawarkan")],
        reason: text("bale_offer"),
        reviewer: text("petugas 2"),
        second_reviewer: Some(text("petugas 3")),
        answer: None,
        capture: Some("2".repeat(64)),
        decided_at: at,
    };
    let basis = |id: &str, kind| Basis {
        id: text(id),
        kind,
        cite: format!("Peraturan {id}"),
        cite_en: None,
        effective_from: text("2020-01-01"),
        effective_to: None,
        source: text("contoh"),
    };
    BatchReport {
        of_rows: rows,
        pictures: Vec::new(),
        code: text("TR-2026-000001"),
        number: text("B-1/SISIR/XI/2026"),
        kind: BatchKind::Request,
        platform: Platform::Tiktok,
        dated: at,
        answer_by: jiff::civil::date(2026, 11, 27),
        from: Letterhead { name: text("Kementerian Contoh"), answer_days: 5, ..Letterhead::default() },
        to: Addressee {
            office: text("Tim Contoh"),
            entity: text("Contoh"),
            email: text("platform@contoh.id"),
            portal: String::new(),
        },
        basis: vec![basis("PM47", BasisKind::ImportBan), basis("PP80-22", BasisKind::Content)],
        refers_to: Vec::new(),
        rows: (1..).zip(&corpus.posts).map(row).collect(),
        rule_set: "0".repeat(64),
        measured: Measured { days: 90, upheld: 900, dismissed: 100, recall: None },
    }
}

/// The same cells into a spreadsheet and a CSV, with nothing of ours in between.
fn spreadsheets(report: &BatchReport) -> usize {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let mut csv = csv::Writer::from_writer(Vec::new());
    for (line, row) in (0_u32..).zip(&report.rows) {
        let cells = [&row.case_id, &row.url, &row.native_id, &row.author, &row.excerpt, &row.elements[0], &row.elements[1]];
        for (column, cell) in (0_u16..).zip(cells) {
            sheet.write_string(line, column, cell).expect("a cell");
        }
        csv.write_record(cells).expect("a row");
    }
    book.save_to_buffer().expect("a workbook").len() + csv.into_inner().expect("a table").len()
}

/// Most memory that this process ever had, MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn one(rows: usize) {
    let report = report(rows);
    let began = Instant::now();
    spreadsheets(&report);
    let peer = began.elapsed();
    let before = peak();
    let began = Instant::now();
    let files = render(&report).expect("the files");
    let took = began.elapsed();
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    println!(
        "{rows} rows: {took:.2?} for {} files of {} KB together, {:.0} times the spreadsheets alone ({peer:.2?}); peak {} MB, {before} before",
        files.len(),
        bytes / 1024,
        took.as_secs_f64() / peer.as_secs_f64(),
        peak(),
    );
}
