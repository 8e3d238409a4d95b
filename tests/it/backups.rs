//! Backups that can be read back, and an audit log that anybody can verify: by the program itself, on both databases.

use std::path::Path;

use crate::answers::sent;
use crate::cli::{sisir, text};
use crate::support::Stage;

crate::on_both! {
    a_backup_is_read_back => drill,
    the_log_is_verified_without_the_database => log,
}

/// A package that was sent, and a configuration that leads to this stage's database.
async fn filled(stage: &Stage) -> std::path::PathBuf {
    sent(stage).await;
    let place = stage.dir.path().join("place");
    std::fs::create_dir(&place).unwrap();
    configure(&place, &stage.pipeline.config.database.url);
    place
}

fn configure(place: &Path, url: &str) {
    std::fs::write(place.join("config.toml"), format!("[database]\nurl = {url:?}\n")).unwrap();
}

/// Exit code and what was said.
fn run(place: &Path, arguments: &[&str]) -> (i32, String) {
    let out = sisir(place, arguments, b"");
    (out.status.code().unwrap(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
}

async fn drill(stage: &Stage) {
    let place = filled(stage).await;
    let (code, said) = run(&place, &["backup", "salinan.sisir"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 signed packages") && said.contains("audit events, head"), "{said}");
    assert_eq!(run(&place, &["backup", "salinan.sisir"]).0, 2, "a backup is never overwritten");
    let (code, said) = run(&place, &["restore", "salinan.sisir", "--check"]);
    assert!(code == 0 && said.contains("can be read back"), "{said}");
    assert!(run(&place, &["restore", "salinan.sisir"]).1.contains("already"), "a database with something in it is left alone");
    // Into an empty place: what comes back is what was there.
    let sqlite = stage.pipeline.config.database.url.starts_with("sqlite:");
    let other = crate::support::postgres::Database::new().await;
    let url = if sqlite { format!("sqlite:{}", place.join("baru.db").display()) } else { other.unwrap().url };
    configure(&place, &url);
    if sqlite {
        // The log of an old database would be played into the new one.
        let log = place.join("baru.db-wal");
        std::fs::write(&log, b"lama").unwrap();
        let (code, said) = run(&place, &["restore", "salinan.sisir"]);
        assert!(code == 2 && said.contains("baru.db-wal is there already"), "{said}");
        std::fs::remove_file(log).unwrap();
    }
    let (code, said) = run(&place, &["restore", "salinan.sisir"]);
    assert!(code == 0 && said.contains("restored"), "{said}");
    let (code, said) = run(&place, &["audit", "verify"]);
    assert!(code == 0 && said.contains("hold together"), "{said}");
    // One byte of the file is another.
    let file = place.join("salinan.sisir");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, said) = run(&place, &["restore", "salinan.sisir", "--check"]);
    assert!(code == 2 && said.contains("is not the file that was written"), "{said}");
}

async fn log(stage: &Stage) {
    let place = filled(stage).await;
    let (code, said) = run(&place, &["audit", "export", "--out", "log.ndjson"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&place, &["audit", "verify"]);
    assert_eq!(code, 0, "{said}");
    let head = said.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    // Elsewhere, without the database.
    let elsewhere = tempfile::tempdir().unwrap();
    let exported = std::fs::read_to_string(place.join("log.ndjson")).unwrap();
    let verify = |text: &str, arguments: &[&str]| {
        std::fs::write(elsewhere.path().join("log.ndjson"), text).unwrap();
        run(elsewhere.path(), &[&["audit", "verify", "log.ndjson"], arguments].concat())
    };
    assert_eq!(verify(&exported, &["--head", &head]).0, 0);
    let cut: String = exported.lines().take(5).map(|line| format!("{line}\n")).collect();
    assert_eq!(verify(&cut, &[]).0, 0);
    let (code, said) = verify(&cut, &["--head", &head]);
    assert!(code == 1 && said.contains("the end was cut off"), "{said}");
    let (code, said) = verify(&exported.replacen("batch_signed", "batch_drafted", 1), &[]);
    assert!(code == 1 && said.contains("was changed"), "{said}");
    // Without names and details it still verifies, to the same head.
    let (_, redacted) = run(&place, &["audit", "export", "--redact", "actor,detail"]);
    assert!(!redacted.contains("user:1\"") || redacted.contains("\"subject\""), "{redacted}");
    assert!(!redacted.contains("sha256="), "details are left out");
    let (code, said) = verify(&redacted, &["--head", &head]);
    assert!(code == 0 && said.contains("parts left out") && said.contains(&head), "{said}");
}
