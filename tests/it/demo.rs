//! The scripted demo: the same bytes each time, and nothing lost or doubled wherever it is cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::hash_of;

fn demo(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sisir")).args(["demo", "--headless", "--dir"]).arg(dir).args(more).output().unwrap()
}

/// Every file below a folder with its hash.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path).into_iter().map(|(inner, hash)| (Path::new(path.file_name().unwrap()).join(inner), hash)));
        } else {
            out.insert(path.file_name().unwrap().into(), hash_of(&path));
        }
    }
    out
}

/// The posts that were asked for, by address: from the CSV annexes.
fn requested(dir: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for entry in std::fs::read_dir(dir.join("packages")).unwrap() {
        let folder = entry.unwrap().path();
        let code = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let csv = std::fs::read_to_string(folder.join(format!("{code}-lampiran.csv"))).unwrap();
        out.extend(csv.split(',').filter(|cell| cell.starts_with("https://")).map(|url| format!("{} {url}", &code[..2])));
    }
    out
}

#[test]
fn two_runs_in_two_folders_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    for folder in [&a, &b] {
        let out = demo(folder, &[]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    let first = files(&a.join("packages"));
    assert!(first.len() >= 18, "{first:?}");
    assert_eq!(first, files(&b.join("packages")));
    assert_eq!(files(&a.join("mails")), files(&b.join("mails")));
    // Once more in the same folder: nothing to do, nothing sent again.
    let out = demo(&a, &[]);
    assert!(out.status.success());
    assert_eq!(files(&a.join("packages")), first);
    assert_eq!(files(&a.join("mails")).len(), 3);
    // The manifest is checked with the tool everyone has.
    for entry in std::fs::read_dir(a.join("packages")).unwrap() {
        let checked =
            Command::new("sha256sum").args(["-c", "manifes.sha256"]).current_dir(entry.unwrap().path()).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }
}

/// Cut off at every place between steps, started again: everything is finished, no message is there twice.
#[test]
fn cut_off_anywhere_it_finishes_without_loss_or_double() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    let places = dir.path().join("places");
    assert!(demo(&whole, &["--places", places.to_str().unwrap()]).status.success());
    let expected = requested(&whole);
    assert!(expected.len() > 20);
    let listed = std::fs::read_to_string(&places).unwrap();
    let mut cuts = Vec::new();
    for line in listed.lines() {
        let (place, times) = line.split_once(' ').unwrap();
        let times: u32 = times.parse().unwrap();
        cuts.push(format!("{place}:1"));
        if times > 1 {
            cuts.push(format!("{place}:{times}"));
        }
    }
    assert!(cuts.len() > 25, "{cuts:?}");
    // What comes after the review is cut off from here: reading and reviewing need not be done again for each.
    let reviewed = dir.path().join("reviewed");
    assert!(!demo(&reviewed, &["--crash-at", "batch.before_draft:1"]).status.success());
    std::thread::scope(|scope| {
        for half in cuts.chunks(cuts.len().div_ceil(2)) {
            let (dir, reviewed, expected) = (dir.path(), reviewed.as_path(), &expected);
            scope.spawn(move || {
                half.iter().for_each(|cut| {
                    let late = ["batch.", "deliver.", "follow_up."].iter().any(|step| cut.starts_with(step));
                    let place = dir.join(cut.replace([':', '.'], "-"));
                    if late {
                        copy(reviewed, &place);
                    }
                    cut_and_finish(&place, cut, expected);
                });
            });
        }
    });
}

/// A folder with everything in it.
fn copy(from: &Path, to: &Path) {
    for name in files(from).into_keys() {
        let file = to.join(&name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&name), file).unwrap();
    }
}

fn cut_and_finish(dir: &Path, cut: &str, expected: &BTreeSet<String>) {
    let crashed = demo(dir, &["--crash-at", cut]);
    assert!(!crashed.status.success(), "{cut}: the process should have ended there");
    let out = demo(dir, &[]);
    assert!(out.status.success(), "{cut}: {}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(&requested(dir), expected, "{cut}: other posts were asked for");
    let mails: Vec<PathBuf> = files(&dir.join("mails")).into_keys().collect();
    assert_eq!(mails.len(), 3, "{cut}: {mails:?}");
    assert!(mails.iter().all(|mail| !mail.to_str().unwrap().contains(".2.eml")), "{cut}: a message is there twice: {mails:?}");
    std::fs::remove_dir_all(dir).unwrap();
}

/// Handles, captions and numbers of the made-up posts stay out of the log, whatever the level.
#[test]
fn no_personal_data_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_sisir"))
        .args(["demo", "--headless", "--dir"])
        .arg(dir.path().join("d"))
        .args(["--log", "trace"])
        .output()
        .unwrap();
    assert!(out.status.success());
    let shown = String::from_utf8_lossy(&out.stderr).into_owned() + String::from_utf8_lossy(&out.stdout).as_ref();
    for line in include_str!("../../fixtures/posts.jsonl").lines() {
        let post: serde_json::Value = serde_json::from_str(line).unwrap();
        let author = post["author"].as_str().unwrap();
        assert!(!shown.contains(author), "the handle {author} is in the log");
        let caption: String = post["text"].as_str().unwrap().chars().take(25).collect();
        assert!(!shown.contains(&caption), "a caption is in the log: {caption}");
    }
}

#[test]
fn the_letter_reads_as_a_letter() {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        return crate::support::skip("pdftotext is not here; install poppler-utils");
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("d");
    assert!(demo(&folder, &[]).status.success());
    let pdf = folder.join("packages/TR-2026-000001/TR-2026-000001-surat.pdf");
    let text = Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-").output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for part in [
        "TR-2026-000001",
        "Yth. Tim Hubungan Pemerintah",
        "Permenda",
        "diduga",
        "Lampiran I. Daftar konten",
        "20 November 2026",
        "Halaman 1 dari",
    ] {
        let part = if part == "Permenda" { "Peraturan Menteri Perdagangan Nomor 47 Tahun 2025" } else { part };
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("Nomor 18 Tahun 2021"), "an expired basis is cited");
    let withdrawal =
        Command::new("pdftotext").arg(folder.join("packages/TW-2026-000001/TW-2026-000001-surat.pdf")).arg("-").output().unwrap();
    let withdrawal = String::from_utf8_lossy(&withdrawal.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(withdrawal.contains("mencabut permintaan") && withdrawal.contains("TR-2026-000001"), "{withdrawal}");
}

/// The answer of a tool that looks at a PDF.
fn tool(name: &str, arguments: &[&str], pdf: &std::path::Path) -> String {
    let out = Command::new(name).args(arguments).arg(pdf).output().unwrap();
    assert!(out.status.success(), "{name} {}: {}", pdf.display(), String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// What tools of others say of the letters: sound, tagged, every font inside; and the manifest holds for every file.
#[test]
fn every_file_of_a_package_is_sound() {
    for name in ["qpdf", "pdffonts", "sha256sum"] {
        if Command::new(name).arg("--version").output().is_err() {
            return crate::support::skip(&format!("{name} is not here; install qpdf, poppler-utils and coreutils"));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("d");
    assert!(demo(&folder, &[]).status.success());
    for code in ["TR-2026-000001", "TR-2026-000002", "TW-2026-000001"] {
        let package = folder.join("packages").join(code);
        for letter in ["surat", "letter"] {
            let pdf = package.join(format!("{code}-{letter}.pdf"));
            assert!(tool("qpdf", &["--check"], &pdf).contains("No syntax or stream encoding errors"), "{code} {letter}");
            assert!(tool("pdfinfo", &[], &pdf).lines().any(|line| line.starts_with("Tagged:") && line.ends_with("yes")));
            let fonts = tool("pdffonts", &[], &pdf);
            let embedded: Vec<&str> = fonts.lines().skip(2).map(|line| line.split_whitespace().rev().nth(4).unwrap()).collect();
            assert!(!embedded.is_empty() && embedded.iter().all(|yes| *yes == "yes"), "{fonts}");
            let text = Command::new("pdftotext").arg(&pdf).arg("-").output().unwrap();
            let flat = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
            let parts: &[&str] = match (letter, code.starts_with("TW")) {
                ("surat", false) => {
                    &["Lampiran I.", "Lampiran II.", "Lampiran III.", "Lampiran IV.", "Lampiran V.", "/SISIR/XI/2026"]
                }
                ("surat", true) => &["Lampiran I.", "Lampiran IV.", "Lampiran V.", "mencabut"],
                (_, false) => &["Annex I.", "Annex II.", "Annex III.", "Annex IV.", "Annex V.", "The Indonesian letter prevails"],
                (_, true) => &["Annex I.", "Annex IV.", "Annex V.", "we withdraw"],
            };
            for part in parts {
                assert!(flat.contains(part), "{part} in {code} {letter}: {flat}");
            }
        }
        let checked = Command::new("sha256sum").args(["-c", "manifes.sha256"]).current_dir(&package).output().unwrap();
        let lines = String::from_utf8_lossy(&checked.stdout).lines().filter(|line| line.ends_with("OK")).count();
        assert!(checked.status.success() && lines == 7, "{}", String::from_utf8_lossy(&checked.stdout));
    }
}
