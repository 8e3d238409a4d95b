//! The monthly report: counted from the log alone, the same by whoever counts, and it names nobody.

use reqwest::StatusCode;
use sisir::domain::answer::Outcome;
use sisir::domain::appeal::AppealOutcome;
use sisir::domain::audit::Action;
use sisir::domain::decision::Reason;
use sisir::domain::ids::{AppealId, DecisionId, FlagId};
use sisir::domain::job::JobKind;
use sisir::domain::public_report::{Month, PublicReport};
use sisir::domain::user::Role;
use sisir::pipeline::answers::{self, Entered};
use sisir::pipeline::appeals::{self, Written};
use sisir::pipeline::corrections::{self, Why};
use sisir::pipeline::{batch, public_record};
use sisir::store::{audit, batches, users};

use crate::answers::sent;
use crate::cli::{sisir, text};
use crate::support::Stage;
use crate::two_person::direct;
use crate::web::{Desk, client};

crate::on_both! {
    every_figure_is_counted_again_from_the_exported_log => counted_again,
}

const DAY: u64 = 24 * 3600;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn count(report: &PublicReport, table: &str, label: &str) -> Option<u64> {
    let table = report.tables.iter().find(|found| found.name == table).unwrap();
    table.rows.iter().find(|row| row.label == label).unwrap().count
}

/// A request of six, two answers, one withdrawal of one, an objection that is right about another; two posts go away.
async fn happened(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let budi = users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let (sinta, dewi) = (stage.person("sinta", Role::Supervisor).await, stage.person("dewi", Role::Approver).await);
    let rows = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap();
    for (row, outcome, reason) in [(0, Outcome::Removed, ""), (1, Outcome::Refused, "bukan impor")] {
        let entered = Entered {
            case_id: batch::case_id(rows[row].flag_id),
            outcome,
            day: String::new(),
            reason: reason.into(),
            reference: String::new(),
        };
        stage.later(60);
        answers::enter(&stage.pipeline, &ratna, id, &entered).await.unwrap();
    }
    stage.fake.remove(rows.iter().take(2).map(|row| row.native_id.as_str()));
    for _ in 0..2 {
        stage.later(3600);
        stage.worker("w").perform(JobKind::FollowUp).await.unwrap();
    }
    let all = batches::rows(stage.store(), id).await.unwrap();
    let pair: (FlagId, DecisionId) = (all[2].flag_id, all[2].decision_id);
    let why = Why { reason: Reason::Mistake, note: String::new() };
    let letter = corrections::withdraw(&stage.pipeline, &ratna, id, &[pair], &why).await.unwrap();
    let due = batch::sign(&stage.pipeline, &budi, letter.id, &letter.package_sha256.unwrap()).await.unwrap();
    let written = Written {
        name: "Warga Rekaan".into(),
        contact: "warga@contoh.id".into(),
        subject: batch::case_id(rows[3].flag_id),
        statement: "Milik sendiri".into(),
    };
    appeals::submit(&stage.pipeline, &written).await.unwrap().unwrap();
    let why = Why { reason: Reason::LocalPreloved, note: String::new() };
    let letter = appeals::answer(&stage.pipeline, &sinta, AppealId(1), AppealOutcome::Accepted, "Anda benar.", &why)
        .await
        .unwrap()
        .unwrap();
    batch::sign(&stage.pipeline, &dewi, letter.id, &letter.package_sha256.unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(stage.mails().len(), 3);
}

async fn counted_again(stage: &Stage) {
    happened(stage).await;
    let sinta = users::by_name(stage.store(), "sinta").await.unwrap().unwrap();
    let ratna = users::by_name(stage.store(), "ratna").await.unwrap().unwrap();
    let november = month("2026-11");
    let mut config = (*stage.pipeline.config).clone();
    config.record.smallest = 0;
    let open = sisir::pipeline::Pipeline { config: std::sync::Arc::new(config), ..stage.pipeline.clone() };
    let counted = public_record::count(&open, november).await.unwrap();
    for (table, label, expected) in [
        ("judged", "retail_offer", 6),
        ("judged", "mistake", 1),
        ("judged", "local_preloved", 1),
        ("letters", "request", 6),
        ("letters", "withdrawal", 2),
        ("requested", "tiktok", 6),
        ("answers", "removed", 1),
        ("answers", "refused", 1),
        ("down", "unavailable", 2),
        ("appeals", "accepted", 1),
        ("received", "objections", 1),
    ] {
        assert_eq!(count(&counted, table, label), Some(expected), "{table} {label}");
    }
    assert_eq!(counted.undescribed_letters, 0);

    // Small counts are left out of what is published, and their sums where these would tell.
    assert!(public_record::publish(&stage.pipeline, &sinta, november).await.is_err(), "the month is not over");
    stage.later(14 * DAY);
    assert!(public_record::publish(&stage.pipeline, &ratna, november).await.is_err(), "an analyst published");
    public_record::publish(&stage.pipeline, &sinta, november).await.unwrap();
    assert!(public_record::publish(&stage.pipeline, &sinta, november).await.is_err(), "twice");
    let (json, report) = public_record::read(&stage.pipeline, november).await.unwrap().unwrap();
    assert_eq!((count(&report, "answers", "removed"), count(&report, "answers", "restored")), (None, Some(0)));
    assert_eq!(report.tables.iter().find(|table| table.name == "answers").unwrap().total, None);
    for sql in ["UPDATE public_reports SET json = '{}'", "DELETE FROM public_reports"] {
        assert!(direct(stage, sql).await.unwrap_err().contains("stays as it is"), "{sql}");
    }
    assert!(audit::all(stage.store()).await.unwrap().iter().any(|event| event.action == Action::ReportPublished));

    // Whoever has the log counts again, without the database, and without knowing who did what.
    let place = stage.dir.path().join("place");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("config.toml"), format!("[database]\nurl = {:?}\n", stage.pipeline.config.database.url)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let out = sisir(elsewhere.path(), arguments, b"");
        (out.status.code().unwrap(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
    };
    for (name, more) in [("log.ndjson", &[][..]), ("sealed.ndjson", &["--redact", "actor"])] {
        let file = elsewhere.path().join(name);
        let out = sisir(&place, &[&["audit", "export", "--out", file.to_str().unwrap()], more].concat(), b"");
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    }
    std::fs::write(elsewhere.path().join("laporan.json"), &json).unwrap();
    for log in ["log.ndjson", "sealed.ndjson"] {
        let (code, said) = run(&["audit", "verify", log, "--report", "laporan.json"]);
        assert!(code == 0 && said.contains("figures counted again, all as the report says"), "{said}");
    }
    // A report that says something else is found out, figure by figure.
    let lie =
        json.replacen("\"label\": \"restored\",\n          \"count\": 0", "\"label\": \"restored\",\n          \"count\": 9", 1);
    assert_ne!(lie, json);
    std::fs::write(elsewhere.path().join("bohong.json"), &lie).unwrap();
    let (code, said) = run(&["audit", "verify", "log.ndjson", "--report", "bohong.json"]);
    assert!(code == 1 && said.contains("answers, restored: the report says 9, the log says 0"), "{code} {said}");
    let early = json.replacen(&format!("\"events\": {}", report.log.events), "\"events\": 30", 1);
    std::fs::write(elsewhere.path().join("pendek.json"), early).unwrap();
    let (code, said) = run(&["audit", "verify", "log.ndjson", "--report", "pendek.json"]);
    assert!(code == 1 && said.contains("is of this month"), "{code} {said}");
    let out = sisir(
        &place,
        &["audit", "export", "--out", elsewhere.path().join("kosong.ndjson").to_str().unwrap(), "--redact", "detail"],
        b"",
    );
    assert_eq!(out.status.code(), Some(0));
    let (code, said) = run(&["audit", "verify", "kosong.ndjson", "--report", "laporan.json"]);
    assert!(code == 1 && said.contains("were left out of this log"), "{code} {said}");
    std::fs::write(elsewhere.path().join("rusak.json"), "{").unwrap();
    assert_eq!(run(&["audit", "verify", "log.ndjson", "--report", "rusak.json"]).0, 2);
}

/// What strangers see: figures, no person, no post; and nothing at all where it is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_pages_name_nobody() {
    let desk = Desk::with(|config| config.record.open = true).await;
    let get = async |path: &str| {
        let answer = client().get(format!("{}{path}", desk.base)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert!(get("/laporan").await.1.contains("Belum ada laporan"));
    happened(&desk.stage).await;
    let rows = sisir::store::posts::all(desk.stage.store()).await.unwrap();
    desk.stage.later(14 * DAY);
    let rina = desk.sign_in("rina", Role::Supervisor).await;
    let list = rina.page("/record").await;
    assert!(list.contains("/record/2026-11") && list.contains("dapat diterbitkan"), "{list}");
    assert!(rina.page("/record/2026-11").await.contains("/record/2026-11/publish"));
    let answer = rina.post("/record/2026-11/publish", &[]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(!rina.page("/record/2026-11").await.contains("/record/2026-11/publish"));
    let mut all = String::new();
    for path in ["/laporan", "/laporan/2026-11", "/laporan/2026-11?lang=en", "/laporan/2026-11.json", "/laporan/2026-11.csv"] {
        let (status, page) = get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        all.push_str(&page);
    }
    assert!(all.contains("Unggahan yang dimintakan, per platform") && all.contains("Posts asked down, by platform"));
    for post in rows.iter().filter(|post| !post.author.is_empty()) {
        assert!(!all.contains(&post.author) && !all.contains(&post.native_id) && !all.contains(&post.url), "{}", post.author);
    }
    for person in ["ratna", "budi", "sinta", "dewi", "rina", "Rekaan", "KS-0", "TR-2026"] {
        assert!(!all.contains(person), "{person}");
    }
    for hostile in [
        "/laporan/2026-12",
        "/laporan/2026-13",
        "/laporan/x",
        "/laporan/..%2F..%2Fetc",
        "/laporan/2026-11.xml",
        "/laporan/%00",
        "/laporan/2026-11.json.csv",
    ] {
        assert_eq!(get(hostile).await.0, StatusCode::NOT_FOUND, "{hostile}");
    }
    let closed = Desk::new().await;
    for path in ["/laporan/2026-11", "/laporan/2026-11.json"] {
        let answer = client().get(format!("{}{path}", closed.base)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
}
