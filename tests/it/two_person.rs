//! Every shortcut around "an analyst decides, another person signs these bytes" is refused: by the use cases, and by the
//! schema when someone writes to the tables directly.

use sisir::domain::batch::{Batch, BatchKind};
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::flag::FlagState;
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::user::{Role, User};
use sisir::domain::{Platform, sha256_hex};
use sisir::pipeline::{PipelineError, batch, review};
use sisir::store::{StoreError, batches, decisions, flags, outbox, posts, queue};
use sqlx::AssertSqlSafe;

use sisir::domain::trust::Bar;

use crate::support::{Engine, Stage};

crate::on_both! {
    use_cases_refuse => use_cases, the_schema_refuses => schema, what_was_decided_meanwhile_is_not_overwritten => meanwhile,
    a_cancelled_package_frees_its_posts => cancelled, tampered_bytes_never_leave => tampered,
    a_decision_is_about_the_text_that_was_read => changed_text, a_post_is_asked_for_once => asked_once,
    rows_that_no_signer_may_sign_wait => unsignable, taking_keys_over_is_refused => replaced,
}

/// A rendered package of posts that `reviewers` reviewed.
pub async fn rendered(stage: &Stage, reviewers: &[&User]) -> Batch {
    upheld(stage, reviewers).await;
    let drafted = batch::draft(&stage.pipeline, reviewers[0], BatchKind::Request, Platform::Tiktok).await.unwrap();
    batch::render(&stage.pipeline, reviewers[0], drafted.id).await.unwrap()
}

/// Posts that `reviewers` upheld in turn, and a colleague after them.
pub async fn upheld(stage: &Stage, reviewers: &[&User]) {
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
    let cards = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 6, None).await.unwrap();
    assert_eq!(cards.len(), 6);
    for (card, reviewer) in cards.iter().zip(reviewers.iter().cycle()) {
        let judgement = Judgement::new(Verdict::Uphold, Reason::RetailOffer, "").unwrap();
        review::decide(&stage.pipeline, reviewer, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    }
    stage.second_all().await;
}

async fn use_cases(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let reviewing_signer = stage.person("sari", Role::Approver).await;
    let signer = stage.person("budi", Role::Approver).await;
    let admin = stage.person("joko", Role::Admin).await;
    let batch = rendered(stage, &[&analyst, &reviewing_signer]).await;
    let hash = batch.package_sha256.clone().unwrap();
    let pipeline = &stage.pipeline;

    for (who, why) in [(&analyst, "an analyst"), (&admin, "an administrator"), (&reviewing_signer, "a signer who reviewed a row")]
    {
        assert!(batch::sign(pipeline, who, batch.id, &hash).await.is_err(), "{why} signed");
    }
    let other = batch::sign(pipeline, &signer, batch.id, &sha256_hex(b"other bytes")).await;
    assert!(matches!(other, Err(PipelineError::NotSigned(_))), "a hash that was not shown was signed");
    let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    let reader = queue::Reader { id: admin.id, supervises: false, closed: Vec::new(), queue: None };
    let open = queue::next_open(stage.store(), &reader, pipeline.clock().now(), None).await.unwrap().unwrap();
    assert!(
        review::decide(pipeline, &admin, open, &stage.seen(open).await, &judgement).await.is_err(),
        "an administrator decided"
    );
    assert!(sisir::pipeline::deliver::signed_batch(pipeline, batch.id).await.is_err(), "an unsigned package is deliverable");

    batch::sign(pipeline, &signer, batch.id, &hash).await.unwrap();
    assert!(batch::sign(pipeline, &signer, batch.id, &hash).await.is_err(), "signed twice");
    assert!(sisir::pipeline::deliver::signed_batch(pipeline, batch.id).await.is_ok());
}

/// Runs SQL in a transaction of its own; the error, if refused.
pub async fn direct(stage: &Stage, sql: &str) -> Result<(), String> {
    let url = &stage.pipeline.config.database.url;
    let refused = if url.starts_with("sqlite:") {
        let pool = sqlx::SqlitePool::connect_with(url.parse::<sqlx::sqlite::SqliteConnectOptions>().unwrap().foreign_keys(true))
            .await
            .unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {sql}; COMMIT;"))).execute(&pool).await.err()
    } else {
        let pool = sqlx::PgPool::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; {sql}; COMMIT;"))).execute(&pool).await.err()
    };
    refused.map_or(Ok(()), |error| Err(error.to_string()))
}

async fn schema(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let sari = stage.person("sari", Role::Approver).await;
    let budi = stage.person("budi", Role::Approver).await;
    let batch = rendered(stage, &[&analyst, &sari]).await;
    let (id, hash) = (batch.id.0, batch.package_sha256.clone().unwrap());
    let (to, message_id) = (batch.recipient.clone().unwrap(), batch.message_id.clone().unwrap());
    let row = batches::rows(stage.store(), batch.id).await.unwrap().remove(0);
    let sign = |who: i64, hash: &str, to: &str| {
        format!(
            "INSERT INTO signatures (batch_id, signer_id, package_sha256, recipient, message_id, signed_at) VALUES ({id}, {who}, '{hash}', '{to}', '{message_id}', 1)"
        )
    };
    let outbox = format!(
        "INSERT INTO deliveries (batch_id, package_sha256, recipient, message_id, due_at) VALUES ({id}, '{hash}', '{to}', '{message_id}', 1)"
    );
    let shortcuts = [
        ("sign as a reviewer of a row", sign(sari.id.0, &hash, &to)),
        ("sign as an analyst", sign(analyst.id.0, &hash, &to)),
        ("sign other bytes", sign(budi.id.0, &"0".repeat(64), &to)),
        ("sign for another recipient", sign(budi.id.0, &hash, "lain@contoh.id")),
        ("call it signed without a signature", format!("UPDATE batches SET state = 'signed' WHERE id = {id}")),
        ("call it sent without a delivery", format!("UPDATE batches SET state = 'sent' WHERE id = {id}")),
        ("back to draft", format!("UPDATE batches SET state = 'draft' WHERE id = {id}")),
        ("other bytes after rendering", format!("UPDATE package_files SET bytes = '' WHERE batch_id = {id}")),
        (
            "a file more after rendering",
            format!("INSERT INTO package_files (batch_id, name, media_type, sha256, bytes) VALUES ({id}, 'x', 'x', 'x', '')"),
        ),
        ("drop a file", format!("DELETE FROM package_files WHERE batch_id = {id}")),
        ("another hash", format!("UPDATE batches SET package_sha256 = '{}' WHERE id = {id}", "0".repeat(64))),
        ("another recipient", format!("UPDATE batches SET recipient = 'lain@contoh.id' WHERE id = {id}")),
        ("into the outbox unsigned", outbox.clone()),
        (
            "a row more after rendering",
            format!(
                "INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES ({id}, 'request', 99, {f}, {d}, 'uphold', {r})",
                f = row.flag_id,
                d = row.decision_id,
                r = row.reviewer_id
            ),
        ),
        ("another reviewer on a row", format!("UPDATE requests SET reviewer_id = {} WHERE batch_id = {id}", budi.id)),
        ("reviewer as signer of a row", format!("UPDATE requests SET signer_id = reviewer_id WHERE batch_id = {id}")),
        ("free a row of a live package", format!("UPDATE requests SET released = TRUE WHERE batch_id = {id}")),
        ("drop a row", format!("DELETE FROM requests WHERE batch_id = {id}")),
        ("rewrite a decision", format!("UPDATE decisions SET verdict = 'dismiss' WHERE id = {}", row.decision_id)),
        ("drop a decision", format!("DELETE FROM decisions WHERE id = {}", row.decision_id)),
        ("uphold without a decision", "UPDATE flags SET state = 'upheld' WHERE state = 'open'".into()),
        ("dismiss behind the back of a package", format!("UPDATE flags SET state = 'dismissed' WHERE id = {}", row.flag_id)),
        (
            "reopen behind the back of a package",
            format!("UPDATE flags SET state = 'open', decision_id = NULL WHERE id = {}", row.flag_id),
        ),
        (
            "a dismissal as a request",
            format!(
                "INSERT INTO batches (id, code, kind, platform, created_by, created_at) VALUES (900, 'X', 'request', 'tiktok', {a}, 1); \
             INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES (900, 'request', 1, {f}, {d}, 'dismiss', {r})",
                a = analyst.id,
                f = row.flag_id,
                d = row.decision_id,
                r = row.reviewer_id
            ),
        ),
        (
            "one decision in two packages",
            format!(
                "INSERT INTO batches (id, code, kind, platform, created_by, created_at) VALUES (901, 'Y', 'request', 'tiktok', {a}, 1); \
             INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES (901, 'request', 1, {f}, {d}, 'uphold', {r})",
                a = analyst.id,
                f = row.flag_id,
                d = row.decision_id,
                r = row.reviewer_id
            ),
        ),
        (
            "a batch born signed",
            format!(
                "INSERT INTO batches (code, kind, platform, state, package_sha256, recipient, message_id, created_by, created_at) VALUES ('Z', 'request', 'tiktok', 'signed', 'a', 'b', 'c', {}, 1)",
                analyst.id
            ),
        ),
        ("rewrite the audit log", "UPDATE audit_events SET detail = 'x'".into()),
        ("shorten the audit log", "DELETE FROM audit_events".into()),
    ];
    for (what, sql) in &shortcuts {
        let refused = direct(stage, sql).await;
        assert!(refused.is_err(), "{what}: the schema let it through: {sql}");
    }
    batch::sign(&stage.pipeline, &budi, batch.id, &hash).await.unwrap();
    let after = [
        ("take a signature back", format!("DELETE FROM signatures WHERE batch_id = {id}")),
        ("another signer", format!("UPDATE signatures SET signer_id = {} WHERE batch_id = {id}", sari.id)),
        ("a second message", outbox.replace("VALUES", "VALUES ").replace(&message_id, "<lain@contoh.id>")),
        ("redirect the message", "UPDATE deliveries SET recipient = 'lain@contoh.id'".into()),
        ("drop the message", "DELETE FROM deliveries".into()),
        ("cancel the package but not its message", format!("UPDATE batches SET state = 'cancelled' WHERE id = {id}")),
    ];
    for (what, sql) in &after {
        assert!(direct(stage, sql).await.is_err(), "{what}: the schema let it through: {sql}");
    }
    // A refusal comes to the person in the schema's own words.
    let seen = stage.seen(row.flag_id).await;
    let mut tx = stage.store().write_tx().await.unwrap();
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    let error = decisions::decide(&mut tx, row.flag_id, &seen, &judgement, analyst.id, Bar::CLOSED).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused(why) if why.contains("cancel that batch first")), "{error}");
}

async fn meanwhile(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let first = review::take_next(&stage.pipeline, &ratna, None, None).await.unwrap().unwrap();
    let second = review::take_next(&stage.pipeline, &dewi, None, None).await.unwrap().unwrap();
    assert_ne!(first, second, "two people get different posts");
    assert!(!review::claim(&stage.pipeline, &dewi, first).await.unwrap(), "a colleague has it open");
    let uphold = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    let dismiss = Judgement::new(Verdict::Dismiss, Reason::NewsOpinion, "").unwrap();
    let early = stage.seen(first).await;
    review::decide(&stage.pipeline, &ratna, first, &early, &uphold).await.unwrap();
    let late = review::decide(&stage.pipeline, &dewi, first, &early, &dismiss).await;
    assert!(late.is_err(), "a decision that was not seen was overwritten");
    review::decide(&stage.pipeline, &dewi, first, &stage.seen(first).await, &dismiss).await.unwrap();
    assert_eq!(decisions::of_flag(stage.store(), first).await.unwrap().len(), 2, "both stay on record");
    let shown = review::take_next(&stage.pipeline, &ratna, None, None).await.unwrap().unwrap();
    let skipped = review::take_next(&stage.pipeline, &ratna, None, Some(shown)).await.unwrap().unwrap();
    assert_ne!(shown, skipped, "skipping goes on");
    assert!(review::claim(&stage.pipeline, &dewi, shown).await.unwrap(), "what was skipped is free for a colleague");
}

async fn cancelled(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let batch = rendered(stage, &[&analyst]).await;
    batch::sign(&stage.pipeline, &signer, batch.id, &batch.package_sha256.clone().unwrap()).await.unwrap();
    batch::cancel(&stage.pipeline, &analyst, batch.id).await.unwrap();
    stage.later(86_400 * 4);
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert!(stage.mails().is_empty(), "a cancelled package left");
    let next = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert_eq!(next.code, "TR-2026-000002", "references are never used twice");
    assert_eq!(batches::rows(stage.store(), next.id).await.unwrap().len(), 6);
}

async fn tampered(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let batch = rendered(stage, &[&analyst]).await;
    batch::sign(&stage.pipeline, &signer, batch.id, &batch.package_sha256.clone().unwrap()).await.unwrap();
    // Someone with the database in hand switches the triggers off and changes a byte.
    let off = if stage.pipeline.config.database.url.starts_with("sqlite:") {
        "DROP TRIGGER package_files_no_update"
    } else {
        "ALTER TABLE package_files DISABLE TRIGGER USER"
    };
    direct(stage, &format!("{off}; UPDATE package_files SET bytes = 'lain' WHERE name = 'pesan.eml'")).await.unwrap();
    stage.later(86_400 * 4);
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    let delivery = outbox::by_batch(stage.store(), batch.id).await.unwrap().unwrap();
    let tries = outbox::attempts(stage.store(), delivery.id).await.unwrap();
    assert_eq!(delivery.state, DeliveryState::Failed);
    assert!(tries[0].detail.contains("the bytes are not the signed ones"), "{}", tries[0].detail);
    assert!(stage.mails().is_empty());
}

/// The post's text is replaced, as a crawl does when a caption was edited.
async fn edit(stage: &Stage, id: sisir::domain::ids::FlagId, text: &str) {
    let flag = flags::get(stage.store(), id).await.unwrap().unwrap();
    let post = posts::get(stage.store(), flag.post_id).await.unwrap().unwrap();
    let seen = Observation {
        platform: post.platform,
        native_id: post.native_id,
        url: post.url,
        author: post.author,
        text: text.into(),
        posted_at: post.posted_at,
        views: None,
    };
    let mut tx = stage.store().write_tx().await.unwrap();
    posts::upsert(&mut tx, "uji", &[seen]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
}

async fn changed_text(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let first = rendered(stage, &[&analyst]).await;
    batch::cancel(&stage.pipeline, &analyst, first.id).await.unwrap();
    let flag = batches::rows(stage.store(), first.id).await.unwrap()[0].flag_id;
    // Edited while an analyst has the old text on the screen: the decision is refused.
    let old = stage.seen(flag).await;
    edit(stage, flag, "Selamat ulang tahun ibu").await;
    let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    assert!(review::decide(&stage.pipeline, &analyst, flag, &old, &judgement).await.is_err(), "decided on a text nobody read");
    // The former decision does not carry over either: the post is not drafted, and comes back to the queue.
    let drafted = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rows = batches::rows(stage.store(), drafted.id).await.unwrap();
    assert!(rows.iter().all(|row| row.flag_id != flag) && rows.len() == 5, "{rows:?}");
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let reopened = flags::get(stage.store(), flag).await.unwrap().unwrap();
    assert_eq!((reopened.state, reopened.findings.len()), (FlagState::Open, 0));
    // Edited between draft and rendering: no letter is made.
    edit(stage, rows[0].flag_id, "Kopi susu 18k").await;
    assert!(batch::render(&stage.pipeline, &analyst, drafted.id).await.is_err());
    batch::cancel(&stage.pipeline, &analyst, drafted.id).await.unwrap();
    let _ = signer;
}

async fn asked_once(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let batch = rendered(stage, &[&analyst]).await;
    let due = batch::sign(&stage.pipeline, &signer, batch.id, &batch.package_sha256.clone().unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    let flag = batches::rows(stage.store(), batch.id).await.unwrap()[0].flag_id;
    let decide = async |reason: Reason| {
        let judgement = Judgement::new(reason.verdict(), reason, "").unwrap();
        review::decide(&stage.pipeline, &analyst, flag, &stage.seen(flag).await, &judgement).await.unwrap();
        stage.second_all().await;
    };
    decide(Reason::BaleOffer).await;
    let again = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await;
    assert!(again.is_err(), "another reason is not another request");
    decide(Reason::Mistake).await;
    decide(Reason::RetailOffer).await;
    assert!(
        batch::draft(&stage.pipeline, &analyst, BatchKind::Withdrawal, Platform::Tiktok).await.is_err(),
        "the request stands"
    );
    assert!(batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.is_err());
    decide(Reason::Mistake).await;
    let withdrawal = batch::draft(&stage.pipeline, &analyst, BatchKind::Withdrawal, Platform::Tiktok).await.unwrap();
    let rendered = batch::render(&stage.pipeline, &analyst, withdrawal.id).await.unwrap();
    let due = batch::sign(&stage.pipeline, &signer, withdrawal.id, &rendered.package_sha256.unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    decide(Reason::Unrelated).await;
    assert!(batch::draft(&stage.pipeline, &analyst, BatchKind::Withdrawal, Platform::Tiktok).await.is_err(), "withdrawn once");
    decide(Reason::BaleOffer).await;
    let anew = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert_eq!(batches::rows(stage.store(), anew.id).await.unwrap().len(), 1, "after a withdrawal it can be asked anew");
    assert_eq!(stage.mails().len(), 2);
}

async fn unsignable(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    // The only signer reviewed half of the posts: those wait, the others can go.
    let batch = rendered(stage, &[&analyst, &signer]).await;
    let rows = batches::rows(stage.store(), batch.id).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.reviewer_id == analyst.id));
    batch::sign(&stage.pipeline, &signer, batch.id, &batch.package_sha256.clone().unwrap()).await.unwrap();
    let second = stage.person("sari", Role::Approver).await;
    let rest = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let rest = batch::render(&stage.pipeline, &analyst, rest.id).await.unwrap();
    batch::sign(&stage.pipeline, &second, rest.id, &rest.package_sha256.unwrap()).await.unwrap();
}

/// SQLite's REPLACE deletes without delete triggers, PostgreSQL's TRUNCATE without row triggers.
async fn replaced(stage: &Stage) {
    let analyst = stage.person("ratna", Role::Analyst).await;
    let signer = stage.person("budi", Role::Approver).await;
    let batch = rendered(stage, &[&analyst]).await;
    batch::sign(&stage.pipeline, &signer, batch.id, &batch.package_sha256.clone().unwrap()).await.unwrap();
    let sqlite = stage.pipeline.config.database.url.starts_with("sqlite:");
    for table in ["audit_events", "decisions", "batches", "requests", "package_files", "signatures", "deliveries"] {
        let sql =
            if sqlite { format!("REPLACE INTO {table} SELECT * FROM {table}") } else { format!("TRUNCATE {table} CASCADE") };
        let refused = direct(stage, &sql).await;
        assert!(refused.is_err(), "{sql}");
    }
    let stolen = format!("UPDATE requests SET signer_id = {} WHERE batch_id = {}", analyst.id, batch.id);
    assert!(direct(stage, &stolen).await.is_err(), "{stolen}");
}

/// On PostgreSQL two transactions really run at once: a decision that is being replaced cannot slip into a package.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_and_a_draft_at_the_same_moment() {
    let Some(stage) = Stage::new(Engine::Postgres).await else { return };
    let analyst = stage.person("ratna", Role::Analyst).await;
    let first = rendered(&stage, &[&analyst]).await;
    batch::cancel(&stage.pipeline, &analyst, first.id).await.unwrap();
    let flag = batches::rows(stage.store(), first.id).await.unwrap()[0].flag_id;
    let seen = stage.seen(flag).await;
    let mut correction = stage.store().write_tx().await.unwrap();
    let mistake = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    decisions::decide(&mut correction, flag, &seen, &mistake, analyst.id, Bar::CLOSED).await.unwrap();
    // Not committed yet: the draft reads the old decision, and must wait at the flag instead of using it.
    let (pipeline, drafter) = (stage.pipeline.clone(), analyst.clone());
    let draft = tokio::spawn(async move { batch::draft(&pipeline, &drafter, BatchKind::Request, Platform::Tiktok).await });
    let watcher = sqlx::PgPool::connect(&stage.pipeline.config.database.url).await.unwrap();
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !draft.is_finished() && sqlx::query_scalar::<_, i64>(waits).fetch_one(&watcher).await.unwrap() == 0 {}
    correction.commit_housekeeping().await.unwrap();
    assert!(draft.await.unwrap().is_err(), "a package was drafted from a decision that is not in force");
    let next = batch::draft(&stage.pipeline, &analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert!(batches::rows(stage.store(), next.id).await.unwrap().iter().all(|row| row.flag_id != flag));
}
