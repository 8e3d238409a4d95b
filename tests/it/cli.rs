//! The program itself: exit codes, output shapes, messages.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub fn sisir(dir: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sisir"))
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn scan_json_answers_one_line_for_each_post_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let caption = "🔥 Buka bаl segel Korea, hoodie 35k, cek keranjang kuning";
    let input = format!(
        "{}\n{}\n{}\n",
        serde_json::json!({"id": "a", "text": caption, "platform": "tiktok", "field": "caption", "author": "x", "posted_at": "2026-11-20", "lain": 1}),
        serde_json::json!({"id": 7, "text": "Hidden gem kopi susu 18k"}),
        serde_json::json!({"id": null, "text": ""}),
    );
    let out = sisir(dir.path(), &["scan", "--json", "-"], input.as_bytes());
    assert_eq!(out.status.code(), Some(1), "something was flagged");
    let lines: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|l| l["id"].clone()).collect::<Vec<_>>(), [Value::from("a"), Value::from(7), Value::Null]);
    assert_eq!((lines[0]["flagged"].clone(), lines[0]["priority"].clone()), (Value::from(true), Value::from("P1")));
    assert_eq!((lines[1]["flagged"].clone(), lines[1]["priority"].clone()), (Value::from(false), Value::Null));
    let first = text(&out.stdout);
    assert!(first.starts_with(r#"{"id":"a","flagged":true,"priority":"P1","score":"#), "{first}");
    assert!(first.contains(r#","findings":[{"rule":""#), "{first}");
    let finding = &lines[0]["findings"][0];
    for key in ["rule", "axes", "spans", "why"] {
        assert!(finding.get(key).is_some(), "{key}");
    }
    assert_eq!(finding.as_object().unwrap().len(), 4);
    let spans: Vec<(usize, usize)> = serde_json::from_value(finding["spans"].clone()).unwrap();
    assert_eq!(&caption[spans[0].0..spans[0].1], "Buka bаl segel Korea", "bytes of the original text");
}

#[test]
fn scan_says_what_where_and_why_and_counts_by_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.txt"), "Kopi enak\nReady ballpress kode 45, chat WA 0800-0000-0411\n").unwrap();
    let out = sisir(dir.path(), &["scan", "a.txt"], b"");
    assert_eq!(out.status.code(), Some(1));
    let shown = text(&out.stdout);
    for part in ["P1[bal-ditawarkan]", "a.txt:2", "Ready ballpress", "penawaran"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let clean = sisir(dir.path(), &["scan", "-"], b"Kopi enak\n");
    assert_eq!((clean.status.code(), text(&clean.stdout).as_str()), (Some(0), ""));
}

#[test]
fn bad_lines_are_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let input = b"{\"id\":1,\"text\":\"bal segel ready kak 35k\"}\n{broken\n{\"id\":2}\n\xff\xfe\n{\"id\":3,\"text\":\"kopi\"}\n";
    let out = sisir(dir.path(), &["scan", "--json", "-"], input);
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(text(&out.stdout).lines().count(), 2);
    let errors = text(&out.stderr);
    for part in ["<stdin>:2: column 2", "<stdin>:3:", "missing field `text`", "<stdin>:4: not UTF-8; save the file as UTF-8"] {
        assert!(errors.contains(part), "{part} in\n{errors}");
    }
    let gone = sisir(dir.path(), &["scan", "tidak-ada.txt"], b"");
    assert_eq!(gone.status.code(), Some(2));
    assert!(text(&gone.stderr).contains("tidak-ada.txt: cannot be read"));
}

/// Golden text of every diagnostic of rule files, from one pack with each mistake once.
#[test]
fn every_mistake_in_a_rule_pack_is_shown_with_its_place_and_mend() {
    let out = sisir(Path::new("."), &["rules", "check", "fixtures/diagnostics/pack"], b"");
    assert_eq!(out.status.code(), Some(1));
    expect_test::expect_file!["../../fixtures/diagnostics/expected.txt"].assert_eq(&text(&out.stderr));
}

#[test]
fn a_bad_rule_leaves_the_other_rules_working() {
    let out = sisir(Path::new("."), &["scan", "--rules", "fixtures/diagnostics/pack", "-"], b"bal segel dijual\n");
    assert_eq!(out.status.code(), Some(2), "the mistakes are reported");
    assert!(text(&out.stdout).contains("aturan-baik"), "{}", text(&out.stdout));
}

#[test]
fn a_bad_configuration_is_reported_whole() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.toml"), "[web]\nlissten = 1\n[database]\nurl = \"mysql:x\"\n").unwrap();
    let out = sisir(dir.path(), &["config", "check"], b"");
    assert_eq!(out.status.code(), Some(1));
    let errors = text(&out.stderr);
    assert!(errors.contains("config.toml:2: web.lissten") && errors.contains("config.toml:4: database.url"), "{errors}");
    let example = sisir(dir.path(), &["config", "example"], b"");
    std::fs::write(dir.path().join("config.toml"), &example.stdout).unwrap();
    assert_eq!(sisir(dir.path(), &["config", "check"], b"").status.code(), Some(0));
}

#[test]
fn import_keeps_what_it_cannot_read_for_correction() {
    let dir = tempfile::tempdir().unwrap();
    let csv = "url,text\nhttps://www.tiktok.com/@a/video/7412345678901234567,\"Buka bal segel, 35k, WA 0800-0000-0001\"\nrusak\nhttps://vm.tiktok.com/ZM1/,\n,Kopi enak\n";
    std::fs::write(dir.path().join("lapor.csv"), csv).unwrap();
    let out = sisir(dir.path(), &["import", "lapor.csv"], b"");
    assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("4 rows, 2 new, 0 known already, 2 rejected"), "{}", text(&out.stdout));
    assert!(text(&out.stdout).contains("2 posts matched, 1 flagged"), "{}", text(&out.stdout));
    assert!(text(&out.stderr).contains("lapor.csv:3: 1 fields where the header has 2"), "{}", text(&out.stderr));
    let kept = std::fs::read_to_string(dir.path().join("lapor.ditolak.csv")).unwrap();
    assert_eq!(kept, "url,text\nrusak\nhttps://vm.tiktok.com/ZM1/,\n");
    // The person corrects the file and imports it; the first file again brings nothing new.
    std::fs::write(
        dir.path().join("lapor.ditolak.csv"),
        "url,text\n,Teh enak\nhttps://www.tiktok.com/@b/video/7412345678901234568,Bakso\n",
    )
    .unwrap();
    let again = sisir(dir.path(), &["import", "lapor.ditolak.csv"], b"");
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert!(text(&again.stdout).contains("2 rows, 2 new"));
    let same = sisir(dir.path(), &["import", "lapor.csv"], b"");
    assert!(text(&same.stdout).contains("4 rows, 0 new, 2 known already"), "{}", text(&same.stdout));
    // Somebody's corrections are never overwritten: the next rejected rows have a file of their own.
    assert!(std::fs::read_to_string(dir.path().join("lapor.ditolak.csv")).unwrap().contains("Teh enak"));
    assert_eq!(std::fs::read_to_string(dir.path().join("lapor.ditolak-2.csv")).unwrap(), kept);
}

#[test]
fn doctor_says_what_is_missing_and_how_to_mend_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = sisir(dir.path(), &["doctor"], b"");
    assert_eq!(out.status.code(), Some(1));
    let shown = text(&out.stdout);
    for part in ["ok    database: SQLite", "BAD   people: not enough people", "mend: `sisir user add", "ok    audit chain"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let weak = sisir(dir.path(), &["user", "add", "ratna", "--role", "analyst", "--password-stdin"], b"pendek\n");
    assert_eq!(weak.status.code(), Some(2));
    assert!(text(&weak.stderr).contains("at least 12 characters"));
    for (name, role) in [("ratna", "analyst"), ("budi", "approver")] {
        let added = sisir(dir.path(), &["user", "add", name, "--role", role], b"");
        assert!(text(&added.stdout).contains("password (shown once)"), "{}", text(&added.stderr));
    }
    assert_eq!(sisir(dir.path(), &["doctor"], b"").status.code(), Some(0));
    let twice = sisir(dir.path(), &["user", "add", "budi", "--role", "approver"], b"");
    assert!(text(&twice.stderr).contains("is there already"), "{}", text(&twice.stderr));
    let status = sisir(dir.path(), &["db", "status"], b"");
    let newest = std::fs::read_dir("migrations/sqlite").unwrap().count();
    let expected = format!("SQLite: schema version {newest}, this program knows {newest}, 0 changes waiting\n");
    assert_eq!(text(&status.stdout), expected);
}

#[test]
fn every_subcommand_has_help() {
    for command in [
        "demo",
        "scan",
        "import",
        "up",
        "serve",
        "work",
        "run",
        "doctor",
        "sources",
        "user",
        "rules",
        "config",
        "db",
        "fake-platforms",
        "health",
    ] {
        let out = sisir(Path::new("."), &[command, "--help"], b"");
        assert_eq!(out.status.code(), Some(0), "{command}");
        assert!(text(&out.stdout).len() > 100, "{command}");
    }
}
