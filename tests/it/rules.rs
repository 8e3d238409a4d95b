//! The rule tools on the shipped packs, through the program: what a person who changes rules runs.

use std::path::Path;

use crate::cli::{sisir, text};

const PACK: &str = "rules/pakaian-bekas-impor";

fn here(arguments: &[&str]) -> (Option<i32>, String, String) {
    let out = sisir(Path::new("."), arguments, b"");
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

fn folders() -> Vec<String> {
    let packs =
        std::fs::read_dir("rules").unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.join("pack.toml").exists());
    packs.map(|path| path.display().to_string()).collect()
}

#[test]
fn the_shipped_packs_are_sound_formatted_and_do_what_their_examples_promise() {
    for pack in folders() {
        for arguments in
            [&["rules", "check", "--strict", &pack] as &[&str], &["rules", "test", &pack], &["rules", "fmt", "--check", &pack]]
        {
            let (code, out, errors) = here(arguments);
            assert_eq!(code, Some(0), "{arguments:?}\n{out}{errors}");
        }
    }
}

#[test]
fn every_active_rule_has_twenty_examples_of_each_kind_and_no_text_twice() {
    let loaded =
        sisir::rules::load(&sisir::rules::shipped_packs().iter().map(|pack| sisir::rules::shipped(pack)).collect::<Vec<_>>());
    for pack in loaded.rule_set.unwrap().packs {
        for rule in pack.rules {
            for texts in [&rule.examples.matching, &rule.examples.not_matching] {
                let different: std::collections::BTreeSet<&String> = texts.iter().collect();
                assert_eq!(different.len(), texts.len(), "{}: a text twice", rule.id);
                assert!(texts.len() >= 20, "{}/{}: {} examples", pack.id, rule.id, texts.len());
            }
        }
    }
}

#[test]
fn disguises_are_found_in_every_class() {
    let (code, out, errors) = here(&["rules", "attack", PACK, "--least", "0.9", "--rounds", "1", "--lost", "5"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("leet") && out.contains("mixed"), "{out}");
    let (code, ..) = here(&["rules", "attack", PACK, "--least", "1.01", "--rounds", "1"]);
    assert_eq!(code, Some(1), "a share that is not reached is a failure");
}

#[test]
fn the_made_up_posts_are_told_apart() {
    let posts = "fixtures/posts.jsonl";
    let (code, out, errors) =
        here(&["eval", posts, "--pack", PACK, "--min-precision", "0.95", "--min-recall", "0.8", "--baselines"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("seed keywords") && out.contains("terms only") && out.contains("missed"), "{out}");
    assert_eq!(here(&["eval", posts, "--pack", PACK, "--min-recall", "1.01"]).0, Some(1));
    let (code, _, errors) = here(&["eval", posts, "--pack", PACK, "--positive", "promosi"]);
    assert!(code == Some(2) && errors.contains("no post is labelled promosi"), "{errors}");
    let json: serde_json::Value = serde_json::from_str(&here(&["eval", posts, "--json"]).1).unwrap();
    assert!(json["urgent"]["precision"]["low"].as_f64().unwrap() > 0.8, "{json}");
}

/// A hashtag is also written to be found by others: it makes no coffee and no camera used clothing.
#[test]
fn a_hashtag_under_everything_accuses_few() {
    let posts = std::fs::read_to_string("fixtures/posts.jsonl").unwrap();
    let innocent = posts
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|post| post["label"] != "promo");
    let tagged: Vec<String> = innocent
        .enumerate()
        .map(|(id, post)| {
            serde_json::json!({"id": id, "text": format!("{} #thrifting", post["text"].as_str().unwrap())}).to_string()
        })
        .collect();
    assert!(tagged.len() >= 200);
    let dir = tempfile::tempdir().unwrap();
    let out = sisir(dir.path(), &["scan", "--json", "-"], (tagged.join("\n") + "\n").as_bytes());
    let findings: Vec<serde_json::Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings.len(), tagged.len());
    let urgent = findings.iter().filter(|found| found["priority"] == "P1" || found["priority"] == "P2").count();
    assert!(urgent * 100 <= tagged.len() * 6, "{urgent} of {} are P1 or P2", tagged.len());
}

#[test]
fn problems_are_also_data() {
    let (code, out, _) = here(&["rules", "check", "--json", "fixtures/diagnostics/pack"]);
    assert_eq!(code, Some(1));
    let problems: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(problems.iter().any(|p| p["code"] == "R015" && p["line"] == 8 && p["column"] == 18), "{out}");
    let sarif: serde_json::Value =
        serde_json::from_str(&here(&["rules", "check", "--sarif", "fixtures/diagnostics/pack"]).1).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), problems.len());
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn an_explanation_shows_terms_disguises_and_every_rule() {
    let (code, out, _) = here(&["rules", "explain", "--pack", PACK, "thr1ft import 35k, cek keranjang. kena cakar kucing"]);
    assert_eq!(code, Some(0));
    for part in ["“thr1ft” (leet)", "does not count: needs", "bekas-impor-ditawarkan", "= used_clothing 2", "of 4 points"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&here(&["rules", "explain", "--json", "--pack", PACK, "bal segel"]).1).unwrap();
    assert!(json[0]["rules"].as_array().unwrap().len() >= 8, "{json}");
}

#[test]
fn an_unknown_rule_is_an_error_not_a_success() {
    let (code, _, errors) = here(&["rules", "test", PACK, "--only", "tidak-ada"]);
    assert!(code == Some(2) && errors.contains("no rule and no term `tidak-ada`"), "{errors}");
    assert_eq!(here(&["rules", "test", PACK, "--only", "grosir-bekas"]).0, Some(0));
    let (code, _, errors) = here(&["rules", "check", "tidak-ada"]);
    assert!(code == Some(2) && errors.contains("no such folder, and no shipped pack of this name"), "{errors}");
}

#[test]
fn a_new_rule_is_a_sound_draft_and_is_not_written_twice() {
    let dir = tempfile::tempdir().unwrap();
    let pack = dir.path().join("pakaian-bekas-impor");
    for (path, text) in sisir::rules::shipped(sisir::rules::DEFAULT_PACK).files {
        let path = pack.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let pack = pack.display().to_string();
    assert_eq!(here(&["rules", "new", &pack, "sepatu-bekas"]).0, Some(0));
    let (code, out, errors) = here(&["rules", "check", &pack]);
    assert!(
        code == Some(1) && errors.contains("R023") && out.contains("10 rules"),
        "its example is still to be written: {out}{errors}"
    );
    assert_eq!(here(&["rules", "new", &pack, "sepatu-bekas"]).0, Some(2), "written twice");
    assert_eq!(here(&["rules", "new", &pack, "Sepatu Bekas"]).0, Some(2), "no id");
}

#[test]
fn graph_schema_and_pages_are_written() {
    let graph = here(&["rules", "graph", PACK]).1;
    assert!(graph.starts_with("digraph") && graph.contains("grosir-bekas") && graph.trim_end().ends_with('}'));
    for kind in ["pack", "terms", "rule"] {
        let schema: serde_json::Value = serde_json::from_str(&here(&["rules", "schema", kind]).1).unwrap();
        assert!(schema["properties"].as_object().is_some_and(|properties| !properties.is_empty()), "{kind}");
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().display().to_string();
    assert_eq!(here(&["rules", "docs", PACK, "--out", &out]).0, Some(0));
    for (language, word) in [("id", "Contoh yang kena"), ("en", "Examples that match")] {
        let page = std::fs::read_to_string(dir.path().join(language).join("pakaian-bekas-impor/grosir-bekas.md")).unwrap();
        assert!(page.contains(word), "{page}");
    }
}

/// Decisions first, then a changed pack: what it would do to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backtest_names_what_contradicts_people() {
    use sisir::domain::decision::{Judgement, Reason, Verdict};
    use sisir::domain::job::JobKind;
    use sisir::store::queue;
    let stage = crate::support::Stage::new(crate::support::Engine::Sqlite).await.unwrap();
    let ratna = stage.person("ratna", sisir::domain::user::Role::Analyst).await;
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let cards = queue::list(stage.store(), &queue::Filter::default(), stage.pipeline.clock().now(), 2, None).await.unwrap();
    for (card, reason) in cards.iter().zip([Reason::RetailOffer, Reason::NewsOpinion]) {
        let judgement = Judgement::new(reason.verdict(), reason, "").unwrap();
        assert_eq!(judgement.verdict() == Verdict::Uphold, reason == Reason::RetailOffer);
        sisir::pipeline::review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    }
    let same = sisir::rules::load(&[sisir::rules::shipped(sisir::rules::DEFAULT_PACK)]).rule_set.unwrap();
    let kept = sisir::pipeline::backtest::run(&stage.pipeline, &same, |_| {}).await.unwrap();
    assert_eq!((kept.new.count, kept.lost.count, kept.contradicts.count, kept.forgets.count), (0, 0, 1, 0), "{kept:?}");
    let mut silent = sisir::rules::shipped(sisir::rules::DEFAULT_PACK);
    silent.files.values_mut().for_each(|text| *text = text.replace("status = \"active\"", "status = \"retired\""));
    let silent = sisir::rules::load(&[silent]).rule_set.unwrap();
    let dropped = sisir::pipeline::backtest::run(&stage.pipeline, &silent, |_| {}).await.unwrap();
    assert_eq!((dropped.new.count, dropped.contradicts.count, dropped.forgets.count), (0, 0, 1));
    assert!(dropped.lost.count > 20, "{dropped:?}");
    let report = sisir::pipeline::backtest::report(&stage.pipeline).await.unwrap();
    assert!(report.iter().any(|rule| rule.upheld > 0) && report.iter().all(|rule| !rule.trusted), "{report:?}");
    assert!(report.iter().any(|rule| rule.by_day.values().sum::<i64>() > 0));
}
