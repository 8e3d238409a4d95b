//! Changing rules in the desk: two people, a trial before, history and the way back; on both databases.

use reqwest::StatusCode;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::ids::ChangeId;
use sisir::domain::job::JobKind;
use sisir::domain::rule_change::ChangeState;
use sisir::domain::user::Role;
use sisir::pipeline::rule_changes::{self as changes, Edit, Step};
use sisir::pipeline::{review, rule_packs};
use sisir::rules::edit::TermDraft;
use sisir::rules::{DEFAULT_PACK, shipped};
use sisir::store::queue::{self, Filter};
use sisir::store::rule_changes as rows;

use crate::desk::stored;
use crate::on_both;
use crate::support::Stage;
use crate::two_person::direct;
use crate::web::Desk;

fn kodean() -> TermDraft {
    TermDraft {
        id: "kodean".into(),
        points: vec![("used_clothing".into(), 4), ("import_nexus".into(), 2)],
        forms: vec!["kodean".into()],
        affixes: true,
        fuzzy: true,
        meaning: "pakaian bekas impor berkode bal".into(),
        example: "jaket kodean 45rb".into(),
        ..TermDraft::default()
    }
}

/// A change with the word `kodean`, tried and proposed.
async fn proposed(stage: &Stage, author: &sisir::domain::user::User) -> ChangeId {
    let pipeline = &stage.pipeline;
    let id = changes::begin(pipeline, author, DEFAULT_PACK, "Menambah kata kodean").await.unwrap();
    let seen = changes::get(pipeline, id).await.unwrap().0.hash;
    changes::edit(pipeline, author, id, &seen, Edit::Term { before: None, draft: kodean() }).await.unwrap();
    assert!(changes::advance(pipeline, author, id, Step::Propose, "").await.is_err(), "proposed without a trial");
    changes::ask_trial(pipeline, author, id).await.unwrap();
    while stage.worker("w").work_once().await.unwrap() {}
    changes::advance(pipeline, author, id, Step::Propose, "").await.unwrap();
    id
}

async fn from_a_word_to_a_flag_and_back(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (rini, sinta) = (stage.person("rini", Role::RuleEditor).await, stage.person("sinta", Role::Supervisor).await);
    let ratna = stage.person("ratna", Role::Analyst).await;
    stored(stage, &[("lapak.a", "Buka bal segel import Korea isi hoodie, 1 bal 2jt, minat WA")]).await;
    let cards = || async { queue::list(stage.store(), &Filter::open(), pipeline.clock().now(), 50, None).await.unwrap() };
    let known = cards().await.len();
    // Posts that the rules in use do not find, and one that people dismissed.
    stored(stage, &[("lapak.b", "jaket kodean 45rb, dm ya kak"), ("lapak.c", "kemeja kodean 30rb, dm")]).await;
    assert_eq!(cards().await.len(), known, "the word is known already: the test tries nothing");
    let charity = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
    let first = cards().await[0].id;
    review::decide(pipeline, &ratna, first, &stage.seen(first).await, &charity).await.unwrap();

    assert!(changes::begin(pipeline, &ratna, DEFAULT_PACK, "x").await.is_err(), "an analyst changed rules");
    let id = proposed(stage, &rini).await;
    let (change, _) = changes::get(pipeline, id).await.unwrap();
    let trial = changes::trial(pipeline, &change).await.unwrap().unwrap();
    assert_eq!((trial.new.count, trial.lost.count, trial.contradicts.count), (2, 0, 1), "{trial:?}");
    let before = pipeline.rules().hash.clone();
    assert!(changes::activate(pipeline, &rini, id, &change.hash).await.is_err(), "its author put it to use");
    assert!(changes::activate(pipeline, &ratna, id, &change.hash).await.is_err(), "an analyst put it to use");
    assert!(changes::activate(pipeline, &sinta, id, "andere bytes").await.is_err(), "other bytes than were seen");
    assert_eq!(pipeline.rules().hash, before);
    changes::activate(pipeline, &sinta, id, &change.hash).await.unwrap();
    assert_eq!(pipeline.rules().hash, change.hash);
    assert!(changes::activate(pipeline, &sinta, id, &change.hash).await.is_err(), "twice");
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let authors: Vec<String> = cards().await.into_iter().map(|card| card.author).collect();
    assert!(authors.contains(&"lapak.b".to_owned()) && authors.contains(&"lapak.c".to_owned()), "{authors:?}");

    // Another process takes it over, and a new start finds it in the database.
    let other = sisir::pipeline::Pipeline {
        rules_in_use: std::sync::Arc::new(sisir::pipeline::RulesInUse::new(
            sisir::rules::load(&[shipped(DEFAULT_PACK)]).rule_set.unwrap(),
        )),
        ..pipeline.clone()
    };
    rule_packs::refresh(&other).await.unwrap();
    assert_eq!(other.rules().hash, change.hash);

    // Back with one person; forward again with one, because two agreed to it.
    let seen = rows::latest(stage.store(), DEFAULT_PACK).await.unwrap();
    assert!(changes::roll_back(pipeline, &ratna, DEFAULT_PACK, None, seen).await.is_err(), "an analyst");
    changes::roll_back(pipeline, &rini, DEFAULT_PACK, None, seen).await.unwrap();
    assert_eq!(pipeline.rules().hash, before);
    assert!(changes::roll_back(pipeline, &rini, DEFAULT_PACK, Some(id), seen).await.is_err(), "what the page showed is old");
    let seen = rows::latest(stage.store(), DEFAULT_PACK).await.unwrap();
    changes::roll_back(pipeline, &rini, DEFAULT_PACK, Some(id), seen).await.unwrap();
    assert_eq!(pipeline.rules().hash, change.hash);
    let history = rows::activations(stage.store(), DEFAULT_PACK).await.unwrap();
    let told: Vec<(Option<ChangeId>, &str)> = history.iter().map(|row| (row.change_id, row.person.as_str())).collect();
    assert_eq!(told, [(Some(id), "rini"), (None, "rini"), (Some(id), "sinta")]);
    let events = sisir::store::audit::recent(stage.store(), &format!("rule_change:{id}"), 50).await.unwrap();
    assert!(events.len() >= 6, "{events:?}");
}

async fn nothing_gets_around_the_second_person(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let rini = stage.person("rini", Role::RuleEditor).await;
    let sinta = stage.person("sinta", Role::Supervisor).await;
    stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    let id = proposed(stage, &rini).await;
    let shortcuts = [
        format!(
            "INSERT INTO rule_activations (pack, change_id, person_id, activated_at, after_id) VALUES ('{DEFAULT_PACK}', {id}, {}, 1, 0)",
            rini.id
        ),
        format!("UPDATE rule_changes SET state = 'approved' WHERE id = {id}"),
        format!("UPDATE rule_changes SET hash = 'x' WHERE id = {id}"),
        format!("UPDATE rule_changes SET author_id = {} WHERE id = {id}", sinta.id),
        format!("UPDATE rule_change_files SET sha256 = base_sha256 WHERE change_id = {id}"),
        format!("DELETE FROM rule_change_files WHERE change_id = {id}"),
        format!(
            "INSERT INTO rule_change_files (change_id, path, base_sha256, sha256) SELECT {id}, 'rules/x.toml', NULL, sha256 FROM rule_texts LIMIT 1"
        ),
        "UPDATE rule_texts SET text = 'x'".to_owned(),
        format!("UPDATE rule_change_files SET path = 'rules/x.toml' WHERE change_id = {id} AND path = 'pack.toml'"),
        format!(
            "INSERT INTO rule_changes (pack, title, author_id, state, base_hash, hash, created_at, changed_at) VALUES ('{DEFAULT_PACK}', 'x', {}, 'approved', 'x', 'x', 1, 1)",
            rini.id
        ),
    ];
    for sql in shortcuts {
        assert!(direct(stage, &sql).await.is_err(), "{sql}");
    }
    // A draft that was never proposed, or never tried.
    let draft = changes::begin(pipeline, &rini, DEFAULT_PACK, "lain").await.unwrap();
    for sql in [
        format!("UPDATE rule_change_files SET change_id = {id} WHERE change_id = {draft}"),
        format!(
            "INSERT INTO rule_activations (pack, change_id, person_id, activated_at, after_id) VALUES ('{DEFAULT_PACK}', {draft}, {}, 1, 0)",
            sinta.id
        ),
        format!("UPDATE rule_changes SET state = 'proposed' WHERE id = {draft}"),
    ] {
        assert!(direct(stage, &sql).await.is_err(), "{sql}");
    }
    // Two at once: one of them is in force, the other refused.
    let hash = changes::get(pipeline, id).await.unwrap().0.hash;
    let dewi = stage.person("dewi", Role::Supervisor).await;
    let (one, two) = tokio::join!(changes::activate(pipeline, &sinta, id, &hash), changes::activate(pipeline, &dewi, id, &hash));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(rows::activations(stage.store(), DEFAULT_PACK).await.unwrap().len(), 1);
    for sql in ["UPDATE rule_activations SET person_id = 1", "DELETE FROM rule_activations"] {
        assert!(direct(stage, sql).await.is_err(), "{sql}");
    }
}

async fn what_both_changed_is_put_together(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (rini, sinta) = (stage.person("rini", Role::RuleEditor).await, stage.person("sinta", Role::Supervisor).await);
    stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    let mine = changes::begin(pipeline, &sinta, DEFAULT_PACK, "ambang").await.unwrap();
    let seen = changes::get(pipeline, mine).await.unwrap().0.hash;
    let edit = Edit::Rule {
        id: "bal-berharga".into(),
        status: sisir::rules::Status::Active,
        priority: sisir::domain::flag::Priority::P2,
    };
    changes::edit(pipeline, &sinta, mine, &seen, edit.clone()).await.unwrap();
    assert!(changes::edit(pipeline, &sinta, mine, &seen, edit.clone()).await.is_err(), "saved over what another window saved");
    assert!(
        changes::edit(pipeline, &rini, mine, &changes::get(pipeline, mine).await.unwrap().0.hash, edit).await.is_err(),
        "not hers"
    );
    changes::ask_trial(pipeline, &sinta, mine).await.unwrap();
    while stage.worker("w").work_once().await.unwrap() {}
    changes::advance(pipeline, &sinta, mine, Step::Propose, "").await.unwrap();
    let theirs = proposed(stage, &rini).await;
    let hash = changes::get(pipeline, theirs).await.unwrap().0.hash;
    changes::activate(pipeline, &sinta, theirs, &hash).await.unwrap();
    let hash = changes::get(pipeline, mine).await.unwrap().0.hash;
    let error = changes::activate(pipeline, &rini, mine, &hash).await.unwrap_err().to_string();
    assert!(error.contains("up to date"), "{error}");
    assert!(changes::advance(pipeline, &rini, mine, Step::SendBack, " ").await.is_err(), "sent back without a word");
    changes::advance(pipeline, &rini, mine, Step::SendBack, "gabungkan dulu").await.unwrap();
    assert_eq!(changes::get(pipeline, mine).await.unwrap().0.remark, "gabungkan dulu");
    assert_eq!(changes::merge(pipeline, &sinta, mine).await.unwrap(), Vec::<String>::new());
    let (change, files) = changes::get(pipeline, mine).await.unwrap();
    let different: Vec<&str> = files.iter().filter(|file| file.differs()).map(|file| file.path.as_str()).collect();
    assert_eq!(different, ["rules/bal-berharga.toml"], "what the others changed is the base now");
    assert!(!change.is_tried(), "a trial of other bytes counts");
    let pack = changes::candidate(&change, &files);
    assert_eq!(pack.hash(), change.hash);
    assert!(pack.files["terms/used_clothing.toml"].contains("kodean"));
    changes::ask_trial(pipeline, &sinta, mine).await.unwrap();
    while stage.worker("w").work_once().await.unwrap() {}
    changes::advance(pipeline, &sinta, mine, Step::Propose, "").await.unwrap();
    changes::activate(pipeline, &rini, mine, &change.hash).await.unwrap();
    assert_eq!(changes::get(pipeline, mine).await.unwrap().0.state, ChangeState::Approved);
}

/// A trial that stops in the middle goes on where it was, and ends with the same lists.
async fn a_trial_goes_on(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let rini = stage.person("rini", Role::RuleEditor).await;
    let texts: Vec<(String, String)> = (0..620)
        .map(|n| (format!("akun{n}"), if n % 5 == 0 { format!("jaket kodean {n}rb dm") } else { format!("pagi cerah {n}") }))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
    stored(stage, &texts).await;
    let id = changes::begin(pipeline, &rini, DEFAULT_PACK, "kodean").await.unwrap();
    let seen = changes::get(pipeline, id).await.unwrap().0.hash;
    changes::edit(pipeline, &rini, id, &seen, Edit::Term { before: None, draft: kodean() }).await.unwrap();
    changes::ask_trial(pipeline, &rini, id).await.unwrap();
    // As a worker that was stopped leaves it: one page read and noted.
    let (change, files) = changes::get(pipeline, id).await.unwrap();
    let rules = sisir::rules::load(&[changes::candidate(&change, &files)]).rule_set.unwrap();
    let mut trial = sisir::domain::rule_change::Trial::default();
    assert!(sisir::pipeline::backtest::step(pipeline, &rules, &mut trial).await.unwrap());
    assert_eq!(trial.posts, 500);
    // A mark that only what was noted can bring back.
    trial.supports = 7;
    let mut tx = stage.store().write_tx().await.unwrap();
    let found = serde_json::to_string(&trial).unwrap();
    assert!(rows::note_trial(&mut tx, id, &change.hash, 500, &found, false).await.unwrap());
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(changes::try_waiting(pipeline).await.unwrap(), 1);
    let (change, _) = changes::get(pipeline, id).await.unwrap();
    let ended = changes::trial(pipeline, &change).await.unwrap().unwrap();
    let mut whole = sisir::pipeline::backtest::run(pipeline, &rules, |_| {}).await.unwrap();
    whole.supports += 7;
    assert_eq!(ended, whole);
    assert_eq!((ended.posts, ended.new.count), (620, 124));
    assert_eq!(changes::try_waiting(pipeline).await.unwrap(), 0);
}

on_both! {
    a_word_is_proposed_tried_put_to_use_and_taken_back => from_a_word_to_a_flag_and_back,
    no_rule_comes_into_use_with_one_person => nothing_gets_around_the_second_person,
    two_changes_of_one_pack_are_put_together => what_both_changed_is_put_together,
    an_interrupted_trial_goes_on_where_it_was => a_trial_goes_on,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_through_the_pages() {
    let desk = Desk::filled().await;
    let rini = desk.sign_in("rini", Role::RuleEditor).await;
    let start =
        rini.post(&format!("/rules/{DEFAULT_PACK}/changes"), &[("title", "kata baru"), ("next", "new-term:kodean")]).await;
    let form = start.headers()["location"].to_str().unwrap().to_owned();
    let page = rini.page(&form).await;
    assert!(page.contains("value=\"kodean\""), "the word is in the form");
    let field = |page: &str, name: &str| {
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let seen = field(&page, "seen");
    let change = form.split("/term").next().unwrap().to_owned();
    let mut term = vec![
        ("seen", seen.as_str()),
        ("id", "kodean"),
        ("forms", "kodean\r\nbaju kodean\r\n"),
        ("points", "used_clothing=4"),
        ("points", "offer=0"),
        ("points", "import_nexus=2"),
        ("affixes", "1"),
        ("meaning", "pakaian <b>bekas</b>"),
        ("example", "tidak ada katanya"),
    ];
    // While typing: the example does not hold the word yet.
    let problems = rini.post(&format!("{change}/term/check"), &term).await.text().await.unwrap();
    assert!(problems.contains("R021"), "{problems}");
    term.pop();
    term.push(("example", "jaket kodean 45rb"));
    let problems = rini.post(&format!("{change}/term/check"), &term).await.text().await.unwrap();
    assert!(problems.contains("class=\"done\""), "{problems}");
    assert_eq!(rini.post(&format!("{change}/term"), &term).await.status(), StatusCode::SEE_OTHER);
    // A second window with the old state: nothing typed is lost.
    let again = rini.post(&format!("{change}/term"), &term).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(again.text().await.unwrap().contains("jaket kodean 45rb"));
    let page = rini.page(&change).await;
    assert!(page.contains("class=\"added\"") && page.contains("&#60;b&#62;bekas"), "the difference, escaped");
    let explained =
        rini.post("/rules/explain", &[("text", "kemeja kodean 30rb"), ("change", change.rsplit('/').next().unwrap())]).await;
    assert!(explained.text().await.unwrap().contains("pakaian &#60;b&#62;bekas"));
    for path in ["../../etc/passwd", "rules/../x.toml", "data.txt"] {
        let seen = field(&rini.page(&format!("{change}/file?path=pack.toml")).await, "seen");
        let answer = rini.post(&format!("{change}/file"), &[("seen", &seen), ("path", path), ("text", "x")]).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(rini.post(&change, &[("what", "try")]).await.status(), StatusCode::SEE_OTHER);
    assert!(rini.page(&change).await.contains("hx-trigger=\"load, every 2s\""));
    while desk.stage.worker("w").work_once().await.unwrap() {}
    assert!(!rini.page(&change).await.contains("hx-trigger=\"load, every 2s\""));
    assert_eq!(rini.post(&change, &[("what", "propose")]).await.status(), StatusCode::SEE_OTHER);
    let page = rini.page(&change).await;
    assert!(!page.contains("/use\""), "its author sees no button to use it");
    let sinta = desk.sign_in("sinta", Role::Supervisor).await;
    let hash = field(&sinta.page(&change).await, "hash");
    assert_eq!(rini.post(&format!("{change}/use"), &[("hash", &hash)]).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(sinta.post(&format!("{change}/use"), &[("hash", &hash)]).await.status(), StatusCode::SEE_OTHER);
    assert!(sinta.page(&format!("/rules/{DEFAULT_PACK}/terms/kodean")).await.contains("baju kodean"));
    assert!(sinta.page(&format!("/rules/{DEFAULT_PACK}/history")).await.contains("sinta"));
}

/// What would open a way out of the pack, or hide a problem, is refused where it is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_stays_inside_its_pack_and_its_problems_show() {
    let desk = Desk::filled().await;
    let pipeline = &desk.stage.pipeline;
    let rini = desk.stage.person("rini", Role::RuleEditor).await;
    let id = changes::begin(pipeline, &rini, DEFAULT_PACK, "uji").await.unwrap();
    let hash = async || changes::get(pipeline, id).await.unwrap().0.hash;
    for axis in ["../../../config", "a/b", "Besar"] {
        let draft = TermDraft { points: vec![(axis.into(), 4)], ..kodean() };
        let edit = Edit::Term { before: None, draft };
        assert!(changes::edit(pipeline, &rini, id, &hash().await, edit).await.is_err(), "{axis}");
    }
    assert!(changes::edit(pipeline, &rini, id, &hash().await, Edit::Restore("../x".into())).await.is_err());
    // An example with quotation marks, in which the term does not count.
    let quoted = TermDraft { example: "jual \"bal\" segel".into(), ..kodean() };
    changes::edit(pipeline, &rini, id, &hash().await, Edit::Term { before: None, draft: quoted }).await.unwrap();
    let error = changes::ask_trial(pipeline, &rini, id).await.unwrap_err().to_string();
    assert!(error.contains("its own example"), "{error}");
    changes::edit(pipeline, &rini, id, &hash().await, Edit::Restore("terms/used_clothing.toml".into())).await.unwrap();
    let (change, files) = changes::get(pipeline, id).await.unwrap();
    assert!(change.hash == change.base_hash && !files.iter().any(|file| file.differs()), "as it was");
    // Another id would cut flags and history off.
    let pack = files.iter().find(|file| file.path == "pack.toml").unwrap().after.clone().unwrap();
    let other =
        Edit::File { path: "pack.toml".into(), text: Some(pack.replace("id = \"pakaian-bekas-impor\"", "id = \"lain\"")) };
    changes::edit(pipeline, &rini, id, &hash().await, other).await.unwrap();
    assert!(changes::ask_trial(pipeline, &rini, id).await.unwrap_err().to_string().contains("lain"));
    // A trial whose job died can be asked for again, and says why.
    changes::edit(pipeline, &rini, id, &hash().await, Edit::Restore("pack.toml".into())).await.unwrap();
    changes::edit(pipeline, &rini, id, &hash().await, Edit::Term { before: None, draft: kodean() }).await.unwrap();
    changes::ask_trial(pipeline, &rini, id).await.unwrap();
    direct(&desk.stage, "UPDATE jobs SET state = 'dead', last_error = 'listrik padam' WHERE kind = 'trial'").await.unwrap();
    let sinta = desk.sign_in("sinta", Role::Supervisor).await;
    let page = sinta.page(&format!("/changes/{id}")).await;
    assert!(page.contains("listrik padam"), "{page}");
    assert_eq!(sinta.get(&format!("/changes/{id}/trial?all=10")).await.headers()["hx-refresh"], "true");
    desk.stage.later(1);
    changes::ask_trial(pipeline, &rini, id).await.unwrap();
    let part = sinta.page(&format!("/changes/{id}/trial?all=10")).await;
    assert!(part.contains("class=\"bar\"") && !part.contains("<html"), "{part}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_of_a_folder_are_not_changed_in_the_desk() {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in shipped(DEFAULT_PACK).files {
        let to = dir.path().join(DEFAULT_PACK).join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, text).unwrap();
    }
    let desk = Desk::with(|config| config.rules.dir = Some(dir.path().join(DEFAULT_PACK))).await;
    let rini = desk.sign_in("rini", Role::RuleEditor).await;
    let answer = rini.post(&format!("/rules/{DEFAULT_PACK}/changes"), &[("title", "x")]).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.text().await.unwrap().contains("rules.dir"));
    let page = rini.page("/rules").await;
    assert!(page.contains("rules.dir"));
    assert!(!rini.page(&format!("/rules/{DEFAULT_PACK}")).await.contains("/changes\""));
}
