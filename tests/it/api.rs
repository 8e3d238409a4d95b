//! The JSON API and webhooks: tokens, what changed since, requests done once, signed events.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sisir::domain::Clock as _;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::job::JobKind;
use sisir::domain::user::{Role, User};
use sisir::pipeline::{api, review, webhooks};
use sisir::store::api as rows;
use sisir::store::webhooks as hooks;

use crate::on_both;
use crate::support::Stage;
use crate::web::{Desk, client};

const PASSWORD: &str = "kata-sandi-uji";

/// A program with a token.
struct Program<'a> {
    desk: &'a Desk,
    token: String,
}

impl Program<'_> {
    async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> (StatusCode, Value, reqwest::header::HeaderMap) {
        let mut request = client().request(method, format!("{}{path}", self.desk.base)).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null), headers)
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, body, _) = self.call(Method::GET, path, None, None).await;
        (status, body)
    }

    /// Follows the cursor to the end; ids in the order they came.
    async fn follow(&self, cursor: &mut String, limit: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        loop {
            let (status, page) = self.get(&format!("/api/v1/flags?limit={limit}&changed_since={cursor}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            ids.extend(page["flags"].as_array().unwrap().iter().map(|flag| flag["id"].as_i64().unwrap()));
            *cursor = page["cursor"].as_str().unwrap().to_owned();
            if page["more"] == json!(false) {
                return ids;
            }
        }
    }
}

async fn program<'a>(desk: &'a Desk, name: &str, role: Role, writes: bool) -> (Program<'a>, User) {
    let user = desk.stage.person(name, role).await;
    let token = api::make_token(&desk.stage.pipeline, &user, PASSWORD, "uji", writes, 30).await.unwrap();
    (Program { desk, token }, user)
}

fn decision(flag: &Value) -> Value {
    json!({"reason": "bale_offer", "elements": "ABC", "text_sha256": flag["text_sha256"]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_the_cursor_misses_nothing() {
    let desk = Desk::filled().await;
    let (reader, _) = program(&desk, "robot", Role::Viewer, false).await;
    let mut cursor = String::new();
    let mut all = reader.follow(&mut cursor, 7).await;
    let total = all.len();
    all.sort_unstable();
    all.dedup();
    assert!(total > 20 && all.len() == total, "every flag once: {total}");
    assert_eq!(reader.follow(&mut cursor, 7).await, Vec::<i64>::new());
    let ratna = desk.stage.person("ratna", Role::Analyst).await;
    let ids = [all[3], all[9]];
    let dismissed = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
    for id in ids.map(sisir::domain::ids::FlagId) {
        review::decide(&desk.stage.pipeline, &ratna, id, &desk.stage.seen(id).await, &dismissed).await.unwrap();
    }
    assert_eq!(reader.follow(&mut cursor, 1).await, ids, "in the order of their changes");
    let (_, flag) = reader.get(&format!("/api/v1/flags/{}", ids[0])).await;
    assert_eq!((flag["state"].as_str(), flag["decision"]["by"].as_str()), (Some("dismissed"), Some("ratna")));
    // Looking at a post and claiming it change nothing.
    review::look(&desk.stage.pipeline, &ratna, sisir::domain::ids::FlagId(all[1])).await.unwrap();
    assert_eq!(reader.follow(&mut cursor, 7).await, Vec::<i64>::new());
    // That they were read is on record.
    let reads = sisir::store::users::reads(desk.stage.store(), "robot", None, 500).await.unwrap();
    assert!(reads.len() >= total);
    for bad in ["x", "1", "1.x", "'"] {
        let (status, problem) = reader.get(&format!("/api/v1/flags?changed_since={bad}")).await;
        assert_eq!((status, problem["status"].as_i64()), (StatusCode::BAD_REQUEST, Some(400)), "{bad}");
    }
    for (path, status) in
        [("/api/v1/flags/999999", 404), ("/api/v1/flags/x", 400), ("/api/v1/flags?limit=x", 400), ("/api/v1/batches/999", 404)]
    {
        let (found, problem) = reader.get(path).await;
        assert_eq!((found.as_u16(), problem["status"].as_i64()), (status, Some(i64::from(status))), "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_with_a_key_is_done_once() {
    let desk = Desk::filled().await;
    let (robot, ratna) = program(&desk, "ratna", Role::Analyst, true).await;
    let (_, page) = robot.get("/api/v1/flags?limit=5").await;
    let flag = page["flags"][0].clone();
    let path = format!("/api/v1/flags/{}/decision", flag["id"]);
    let send = |key: &'static str, body: Value| robot.call(Method::POST, &path, Some(key), Some(body));
    // At the same moment: one does it, others wait or get the same answer.
    let (one, two, three) = tokio::join!(send("k1", decision(&flag)), send("k1", decision(&flag)), send("k1", decision(&flag)));
    let done = [&one, &two, &three].iter().filter(|answer| answer.0 == StatusCode::OK).count();
    let busy = [&one, &two, &three].iter().filter(|answer| answer.0 == StatusCode::CONFLICT).count();
    assert!(done >= 1 && done + busy == 3, "{one:?} {two:?} {three:?}");
    let again = send("k1", decision(&flag)).await;
    assert_eq!((again.0, again.2.get("idempotent-replayed").map(|v| v.to_str().unwrap())), (StatusCode::OK, Some("true")));
    let history = sisir::store::decisions::of_flag(desk.stage.store(), sisir::domain::ids::FlagId(flag["id"].as_i64().unwrap()))
        .await
        .unwrap();
    assert_eq!(history.len(), 1, "decided twice");
    assert_eq!(again.1["decision"].as_i64().unwrap(), history[0].id.0);
    // The same key for something else.
    let mut other = decision(&flag);
    other["note"] = json!("lain");
    assert_eq!(send("k1", other.clone()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    // Another key: what was seen is not there any more, and nothing is overwritten.
    let conflict = send("k2", other).await;
    assert_eq!((conflict.0, conflict.1["status"].as_i64()), (StatusCode::CONFLICT, Some(409)), "{conflict:?}");
    assert_eq!(robot.call(Method::POST, &path, Some("ada spasi"), Some(decision(&flag))).await.0, StatusCode::BAD_REQUEST);
    // A first try that ended without an answer is done again after a minute, by one caller.
    let mut tx = desk.stage.store().write_tx().await.unwrap();
    let second = page["flags"][1].clone();
    let lost = format!("/api/v1/flags/{}/refer", second["id"]);
    let body = json!({"lane": "second_look"});
    let text = serde_json::to_string(&body).unwrap();
    let fingerprint = sisir::domain::sha256_hex(format!("POST {lost}\n{text}").as_bytes());
    assert!(rows::begin_request(&mut tx, ratna.id, "k3", &fingerprint).await.unwrap());
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(robot.call(Method::POST, &lost, Some("k3"), Some(body.clone())).await.0, StatusCode::CONFLICT);
    desk.stage.later(61);
    assert_eq!(robot.call(Method::POST, &lost, Some("k3"), Some(body)).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_do_what_they_may_and_no_more() {
    let desk = Desk::filled().await;
    let pipeline = &desk.stage.pipeline;
    let (reading, ratna) = program(&desk, "ratna", Role::Analyst, false).await;
    let writing = api::make_token(pipeline, &ratna, PASSWORD, "tulis", true, 30).await.unwrap();
    let writing = Program { desk: &desk, token: writing };
    let wati = desk.stage.person("wati", Role::Viewer).await;
    assert!(api::make_token(pipeline, &wati, PASSWORD, "x", true, 30).await.is_err(), "a viewer's token decides");
    assert!(api::make_token(pipeline, &ratna, "salah", "x", false, 30).await.is_err(), "without the password");
    assert!(api::make_token(pipeline, &ratna, PASSWORD, " ", false, 30).await.is_err(), "without a name");
    assert!(
        api::make_token(pipeline, &ratna, PASSWORD, "x", false, 0).await.is_err()
            && api::make_token(pipeline, &ratna, PASSWORD, "x", false, 366).await.is_err()
    );
    let (_, page) = reading.get("/api/v1/flags?limit=3").await;
    let flag = page["flags"][0].clone();
    let path = format!("/api/v1/flags/{}/decision", flag["id"]);
    let refused = reading.call(Method::POST, &path, None, Some(decision(&flag))).await;
    assert_eq!((refused.0, refused.2["content-type"].to_str().unwrap()), (StatusCode::FORBIDDEN, "application/problem+json"));
    // What does not fit is refused with a word about what would.
    for (change, status) in [
        (json!({"reason": "entah"}), 422),
        (json!({"elements": "A"}), 409),
        (json!({"action": "none"}), 422),
        (json!({"text_sha256": "x"}), 409),
        (json!({"surprise": 1}), 422),
        (json!({"seen_decision": 99}), 409),
    ] {
        let mut body = decision(&flag);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = writing.call(Method::POST, &path, None, Some(body)).await;
        assert_eq!(answer.0.as_u16(), status, "{change}: {}", answer.1);
        assert!(!answer.1["detail"].as_str().unwrap().is_empty());
    }
    let done = writing.call(Method::POST, &path, None, Some(decision(&flag))).await;
    assert_eq!(done.0, StatusCode::OK, "{}", done.1);
    let undone = writing
        .call(Method::POST, &format!("/api/v1/flags/{}/undo", flag["id"]), None, Some(json!({"decision": done.1["decision"]})))
        .await;
    assert_eq!(undone.0, StatusCode::NO_CONTENT, "{}", undone.1);
    let (status, _) = reading.get("/api/v1/events").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "an analyst reads the log");
    let (auditor, _) = program(&desk, "ani", Role::Auditor, false).await;
    let (status, events) = auditor.get("/api/v1/events?limit=500").await;
    assert_eq!(status, StatusCode::OK);
    let actions: Vec<&str> = events["events"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"flag_decided") && !actions.contains(&"signed_in"), "{actions:?}");
    // No call signs, whatever the token.
    let (_, document) = reading.get("/api/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.len() >= 7 && !paths.iter().any(|path| path.contains("sign") || path.contains("render")), "{paths:?}");
    // Administrators see whose tokens there are, and end them.
    let admin = desk.sign_in("admin", Role::Admin).await;
    let page = admin.page("/people").await;
    assert!(page.contains("<td>ratna</td><td>tulis</td>"), "{page}");
    let third = api::make_token(pipeline, &ratna, PASSWORD, "sekali", false, 30).await.unwrap();
    let third = Program { desk: &desk, token: third };
    let all = rows::all_tokens(desk.stage.store(), desk.stage.clock.now()).await.unwrap();
    let (owner, token) = &all[0];
    assert_eq!((owner.as_str(), token.name.as_str(), third.get("/api/v1/batches").await.0), ("ratna", "sekali", StatusCode::OK));
    assert_eq!(admin.post(&format!("/people/tokens/{}/end", token.id), &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(third.get("/api/v1/batches").await.0, StatusCode::UNAUTHORIZED);
    // Ended: by its owner, by time, with the password, with the account.
    let ended = async |program: &Program<'_>| program.get("/api/v1/batches").await.0 == StatusCode::UNAUTHORIZED;
    assert!(!ended(&reading).await);
    let own = rows::tokens(desk.stage.store(), ratna.id, desk.stage.clock.now()).await.unwrap();
    assert!(api::revoke(pipeline, &wati, own[1].id).await.is_err(), "another one's token");
    api::revoke(pipeline, &ratna, own[1].id).await.unwrap();
    assert!(ended(&reading).await && !ended(&writing).await);
    sisir::pipeline::users::change_password(pipeline, &ratna, PASSWORD, "kata-sandi-yang-baru").await.unwrap();
    assert!(ended(&writing).await);
    let third =
        Program { desk: &desk, token: api::make_token(pipeline, &ratna, "kata-sandi-yang-baru", "x", false, 1).await.unwrap() };
    assert!(!ended(&third).await);
    desk.stage.later(25 * 3600);
    assert!(ended(&third).await);
    for token in ["", "sisir_x", "../../"] {
        assert!(ended(&Program { desk: &desk, token: token.into() }).await, "{token}");
    }
    assert_eq!(client().get(format!("{}/api/v1/flags", desk.base)).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_a_hurry_is_slowed_down() {
    let desk = Desk::new().await;
    let (robot, _) = program(&desk, "robot", Role::Viewer, false).await;
    let mut calls = 0;
    while robot.call(Method::GET, "/api/v1/batches", None, None).await.0 != StatusCode::TOO_MANY_REQUESTS {
        calls += 1;
        assert!(calls < 2_000, "never slowed down");
    }
    assert!(calls >= 60, "slowed down after {calls}");
}

/// A receiver that answers with what it is told, and keeps what it got.
#[derive(Clone)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answer: Arc<Mutex<u16>>,
}

impl Receiver {
    async fn new() -> (Self, String) {
        let receiver = Self { got: Arc::default(), answer: Arc::new(Mutex::new(200)) };
        let router = axum::Router::new().route("/", post(Self::take)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (receiver, url)
    }

    async fn take(State(receiver): State<Self>, headers: HeaderMap, body: String) -> axum::http::StatusCode {
        receiver.got.lock().unwrap().push((headers, body));
        axum::http::StatusCode::from_u16(*receiver.answer.lock().unwrap()).unwrap()
    }

    fn seqs(&self) -> Vec<i64> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().parse().unwrap()).collect()
    }
}

async fn told(stage: &Stage) {
    let pipeline = &stage.pipeline;
    let (joko, ratna) = (stage.person("joko", Role::Admin).await, stage.person("ratna", Role::Analyst).await);
    stage.worker("w").perform(JobKind::Crawl).await.unwrap();
    let (receiver, url) = Receiver::new().await;
    let stop = tokio_util::sync::CancellationToken::new();
    assert!(webhooks::add(pipeline, &ratna, &url, &[]).await.is_err(), "an analyst added a webhook");
    assert!(webhooks::add(pipeline, &joko, &url, &["signed_in".into()]).await.is_err(), "sessions are nobody's business");
    let added = webhooks::add(pipeline, &joko, &url, &[]).await.unwrap();
    assert_eq!(webhooks::send_due(pipeline, &stop).await.unwrap(), 0, "only what happens from now on");
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let cards =
        sisir::store::queue::list(stage.store(), &sisir::store::queue::Filter::open(), stage.clock.now(), 4, None).await.unwrap();
    let dismissed = Judgement::new(Verdict::Dismiss, Reason::Charity, "rahasia").unwrap();
    let decide = async |at: usize| {
        let id = cards[at].id;
        review::decide(pipeline, &ratna, id, &stage.seen(id).await, &dismissed).await.unwrap();
    };
    decide(0).await;
    let sent = webhooks::send_due(pipeline, &stop).await.unwrap();
    let seqs = receiver.seqs();
    assert!(sent >= 2 && seqs.len() as u64 == sent && seqs.is_sorted(), "{seqs:?}");
    let (headers, body) = receiver.got.lock().unwrap().last().unwrap().clone();
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let secret = added.secret.strip_prefix("whsec_").unwrap();
    assert_eq!(text("webhook-signature"), webhooks::signature(secret, &text("webhook-id"), &text("webhook-timestamp"), &body));
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(event["type"], json!("flag_decided"));
    assert!(!body.contains("rahasia") && !body.contains(&cards[0].author), "personal data left: {body}");
    // It does not take: again later, later and later, in the same order, nothing skipped.
    *receiver.answer.lock().unwrap() = 503;
    decide(1).await;
    decide(2).await;
    let before = receiver.seqs().len();
    assert_eq!(webhooks::send_due(pipeline, &stop).await.unwrap(), 0);
    assert_eq!(webhooks::send_due(pipeline, &stop).await.unwrap(), 0, "not before its time");
    assert_eq!(receiver.seqs().len(), before + 1);
    let hook = hooks::get(stage.store(), added.id).await.unwrap().unwrap();
    assert_eq!((hook.failures, hook.last_error.as_str()), (1, "answered 503"));
    stage.later(6);
    *receiver.answer.lock().unwrap() = 204;
    assert_eq!(webhooks::send_due(pipeline, &stop).await.unwrap(), 2);
    let seqs = receiver.seqs();
    assert_eq!(seqs[before], seqs[before + 1], "the same one again");
    assert!(seqs[before + 2] > seqs[before + 1]);
    // Two workers at once: each event once.
    decide(3).await;
    let before = receiver.seqs().len();
    let (one, two) = tokio::join!(webhooks::send_due(pipeline, &stop), webhooks::send_due(pipeline, &stop));
    assert_eq!((one.unwrap() + two.unwrap(), receiver.seqs().len()), (1, before + 1));
    // Three days without an answer: off, until a person switches it on; what happened meanwhile is not sent.
    *receiver.answer.lock().unwrap() = 500;
    review::undo(pipeline, &ratna, cards[3].id, stage.seen(cards[3].id).await.decision.unwrap()).await.unwrap();
    webhooks::send_due(pipeline, &stop).await.unwrap();
    stage.later(73 * 3600);
    webhooks::send_due(pipeline, &stop).await.unwrap();
    assert!(hooks::get(stage.store(), added.id).await.unwrap().unwrap().off_at.is_some());
    let before = receiver.seqs().len();
    *receiver.answer.lock().unwrap() = 200;
    webhooks::switch(pipeline, &joko, added.id, true).await.unwrap();
    assert_eq!(webhooks::send_due(pipeline, &stop).await.unwrap(), 0);
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
    // 410: the receiver wants nothing more.
    *receiver.answer.lock().unwrap() = 410;
    decide(3).await;
    webhooks::send_due(pipeline, &stop).await.unwrap();
    assert!(hooks::get(stage.store(), added.id).await.unwrap().unwrap().off_at.is_some());
    assert_eq!(receiver.seqs().len(), before + 1);
}

/// A follower that reads while twelve people decide at once has seen every decision at the end.
async fn followed(stage: &Stage) {
    let pipeline = &stage.pipeline;
    crate::desk::made_up(stage, 60).await;
    let cards = sisir::store::queue::list(stage.store(), &sisir::store::queue::Filter::open(), stage.clock.now(), 100, None)
        .await
        .unwrap();
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(stage.person(&format!("analis{n}"), Role::Analyst).await);
    }
    let dismissed = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
    let works = people.iter().enumerate().map(|(n, person)| {
        let mine: Vec<_> = cards.iter().skip(n).step_by(12).map(|card| card.id).collect();
        let dismissed = &dismissed;
        async move {
            for id in mine {
                review::decide(pipeline, person, id, &stage.seen(id).await, dismissed).await.unwrap();
            }
        }
    });
    let done = std::sync::atomic::AtomicBool::new(false);
    let follower = async {
        let (mut cursor, mut last) = ((0, sisir::domain::ids::FlagId(0)), std::collections::BTreeMap::new());
        loop {
            let ended = done.load(std::sync::atomic::Ordering::SeqCst);
            let page = rows::changed(stage.store(), cursor, &[], 7).await.unwrap();
            if page.is_empty() && ended {
                return last;
            }
            for (seq, id) in page {
                assert!((seq, id) > cursor);
                cursor = (seq, id);
                let flag = sisir::store::flags::get(stage.store(), id).await.unwrap().unwrap();
                last.insert(id, flag.state);
            }
        }
    };
    let writers = async {
        futures::future::join_all(works).await;
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let (last, ()) = tokio::join!(follower, writers);
    assert!(cards.len() >= 60);
    for card in &cards {
        assert_eq!(last.get(&card.id), Some(&sisir::domain::flag::FlagState::Dismissed), "{}", card.id);
    }
}

on_both! {
    a_follower_misses_no_decision_of_twelve_people => followed,
    events_are_sent_in_order_signed_and_again_until_taken => told,
}
