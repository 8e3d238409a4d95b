//! Accounts: one-time codes, sessions, people who are switched off, who read what.

use reqwest::StatusCode;
use reqwest::header::{LOCATION, SET_COOKIE};
use sisir::domain::user::{Language, Role, Zone};
use sisir::pipeline::users::{self, Change, SignIn};
use sisir::store::users as rows;
use totp_rs::{Builder, Secret};

use crate::on_both;
use crate::support::Stage;
use crate::web::{Desk, client};

const PASSWORD: &str = "kata-sandi-uji";

fn code(secret: &str, seconds: i64) -> String {
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .with_account_name("x")
        .with_issuer(Some("Sisir"))
        .build()
        .unwrap();
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

async fn second_factor(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let pipeline = &stage.pipeline;
    let now = || pipeline.clock().now().secs();
    let setup = users::set_up_second_factor(pipeline, &ratna).await.unwrap().unwrap();
    assert_eq!(users::set_up_second_factor(pipeline, &ratna).await.unwrap().unwrap(), setup, "the same until it is confirmed");
    assert!(setup.address.starts_with("otpauth://totp/Sisir:ratna?"), "{}", setup.address);
    assert!(
        matches!(users::sign_in(pipeline, "ratna", PASSWORD, "").await.unwrap(), SignIn::Open(_)),
        "not asked for before it is confirmed"
    );
    assert!(users::confirm_second_factor(pipeline, &ratna, "000000").await.is_err());
    users::confirm_second_factor(pipeline, &ratna, &code(&setup.secret, now())).await.unwrap();
    assert_eq!(users::set_up_second_factor(pipeline, &ratna).await.unwrap(), None, "the key is not shown again");

    stage.later(60);
    let SignIn::NeedsCode(waiting) = users::sign_in(pipeline, "ratna", PASSWORD, "").await.unwrap() else {
        panic!("no code asked")
    };
    assert_eq!(users::by_token(pipeline, &waiting).await.unwrap(), None, "a password alone opened the desk");
    assert_eq!(users::confirm(pipeline, &waiting, "123456", "").await.unwrap(), None);
    let good = code(&setup.secret, now());
    let open = users::confirm(pipeline, &waiting, &good, "").await.unwrap().unwrap();
    assert_ne!(open, waiting, "the session got a new token");
    assert_eq!(users::by_token(pipeline, &open).await.unwrap().unwrap().name, "ratna");
    assert_eq!(users::confirm(pipeline, &waiting, &good, "").await.unwrap(), None, "the waiting session is over");
    let SignIn::NeedsCode(again) = users::sign_in(pipeline, "ratna", PASSWORD, "").await.unwrap() else {
        panic!("no code asked")
    };
    assert_eq!(users::confirm(pipeline, &again, &good, "").await.unwrap(), None, "a code was taken twice");
    stage.later(11 * 60);
    assert_eq!(users::confirm(pipeline, &again, &code(&setup.secret, now()), "").await.unwrap(), None, "eleven minutes later");
}

async fn administration(stage: &Stage) {
    let (tono, ratna) = (stage.person("tono", Role::Admin).await, stage.person("ratna", Role::Analyst).await);
    let sinta = stage.person("sinta", Role::Supervisor).await;
    let pipeline = &stage.pipeline;
    let sign_in = async || match users::sign_in(pipeline, "ratna", PASSWORD, "Peramban Uji").await.unwrap() {
        SignIn::Open(token) => Some(token),
        _ => None,
    };
    let token = sign_in().await.unwrap();
    for change in
        [Change::Role(Role::Admin), Change::Disabled(true), Change::Password("kata-sandi-lain".into()), Change::Sessions]
    {
        assert!(users::change(pipeline, &sinta, ratna.id, &change).await.is_err(), "a supervisor did {change:?}");
        assert!(users::change(pipeline, &tono, tono.id, &change).await.is_err(), "to himself: {change:?}");
    }
    users::change(pipeline, &tono, ratna.id, &Change::Role(Role::Viewer)).await.unwrap();
    assert_eq!(users::by_token(pipeline, &token).await.unwrap(), None, "her session knew the old role");
    let token = sign_in().await.unwrap();
    assert_eq!(users::by_token(pipeline, &token).await.unwrap().unwrap().role, Role::Viewer);
    users::change(pipeline, &tono, ratna.id, &Change::Disabled(true)).await.unwrap();
    assert_eq!((users::by_token(pipeline, &token).await.unwrap(), sign_in().await), (None, None));
    users::change(pipeline, &tono, ratna.id, &Change::Disabled(false)).await.unwrap();
    let (one, other) = (sign_in().await.unwrap(), sign_in().await.unwrap());
    let sessions = rows::sessions(stage.store(), ratna.id, pipeline.clock().now()).await.unwrap();
    assert_eq!((sessions.len(), sessions[0].agent.as_str()), (2, "Peramban Uji"));
    let ended = sisir::domain::sha256_hex(one.as_bytes());
    users::end_session(pipeline, &sinta, &ended).await.unwrap();
    assert!(users::by_token(pipeline, &one).await.unwrap().is_some(), "someone else's session was ended");
    users::end_session(pipeline, &ratna, &ended).await.unwrap();
    assert!(
        users::by_token(pipeline, &one).await.unwrap().is_none() && users::by_token(pipeline, &other).await.unwrap().is_some()
    );
    assert!(users::change_password(pipeline, &ratna, "salah", "kata-sandi-baru").await.is_err());
    users::change_password(pipeline, &ratna, PASSWORD, "kata-sandi-baru").await.unwrap();
    assert_eq!(users::by_token(pipeline, &other).await.unwrap(), None);
    assert_eq!(sign_in().await, None);
    let events = sisir::store::audit::all(stage.store()).await.unwrap();
    assert!(events.iter().any(|event| event.action == sisir::domain::audit::Action::SignInFailed));
    assert!(!events.iter().any(|event| event.detail.contains("kata-sandi")));
}

on_both! {
    a_second_factor_is_asked_for_and_each_code_taken_once => second_factor,
    people_are_changed_by_an_administrator_who_is_someone_else => administration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_asks_for_the_code_and_can_require_it() {
    let desk = Desk::with(|config| config.web.require_second_factor = true).await;
    let visitor = desk.sign_in("ratna", Role::Analyst).await;
    let closed = visitor.get("/queue").await;
    assert_eq!((closed.status(), closed.headers()[LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, "/me#second-factor"));
    let page = visitor.page("/me").await;
    assert!(page.contains("<svg") && !page.contains("data:"), "drawn into the page");
    let secret = rows::second_factor(desk.stage.store(), sisir::domain::ids::UserId(1)).await.unwrap().unwrap().secret;
    assert!(page.contains(&secret));
    let now = desk.stage.pipeline.clock().now().secs();
    assert_eq!(visitor.post("/me/second-factor", &[("code", "1")]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(visitor.post("/me/second-factor", &[("code", &code(&secret, now))]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.get("/queue").await.status(), StatusCode::OK);
    desk.stage.later(60);
    let form = [("name", "ratna"), ("password", PASSWORD)];
    let answer = client().post(format!("{}/sign-in", desk.base)).form(&form).send().await.unwrap();
    assert_eq!(answer.headers()[LOCATION], "/sign-in/code");
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let with = |path: &str| client().get(format!("{}{path}", desk.base)).header("cookie", &cookie).send();
    assert_eq!(with("/queue").await.unwrap().headers()[LOCATION], "/sign-in", "the password alone opens nothing");
    assert!(with("/sign-in/code").await.unwrap().text().await.unwrap().contains("one-time-code"));
    let mut answers = Vec::new();
    for _ in 0..12 {
        let wrong = client().post(format!("{}/sign-in/code", desk.base)).header("cookie", &cookie).form(&[("code", "000000")]);
        answers.push(wrong.send().await.unwrap().status());
    }
    assert_eq!(answers[0], StatusCode::UNAUTHORIZED);
    assert_eq!(answers[11], StatusCode::TOO_MANY_REQUESTS, "codes are not tried out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_is_noted_and_times_are_the_readers_own() {
    let desk = Desk::filled().await;
    let ratna = desk.sign_in("ratna", Role::Analyst).await;
    let (auditor, tono) = (desk.sign_in("agus", Role::Auditor).await, desk.sign_in("tono", Role::Admin).await);
    ratna.page("/flags/1").await;
    ratna.page("/flags/1").await;
    ratna.page("/flags/2").await;
    let reads = rows::reads(desk.stage.store(), "ratna", None, 10).await.unwrap();
    assert_eq!(
        reads.iter().map(|read| (read.flag_id.0, read.times)).collect::<std::collections::BTreeSet<_>>(),
        [(1, 2), (2, 1)].into()
    );
    assert!(auditor.page("/log/reads?flag=KS-000001").await.contains("ratna"));
    assert!(auditor.page("/log/reads?who=tidak.ada").await.contains("tidak ada yang cocok"));
    assert!(auditor.page("/log?who=ratna&action=signed_in").await.contains("signed_in"));
    assert!(!auditor.page("/log?who=ratna&action=page_crawled").await.contains("<td>page_crawled"));
    assert_eq!(ratna.post("/me/zone", &[("zone", "WIT")]).await.status(), StatusCode::SEE_OTHER);
    let page = ratna.page("/flags/1").await;
    assert!(page.contains(" WIT") && !page.contains(" WIB"));
    assert_eq!(
        rows::by_name(desk.stage.store(), "ratna").await.unwrap().map(|user| (user.zone, user.language)),
        Some((Zone::Wit, Language::Indonesian))
    );
    let added = tono.post("/people", &[("name", "wati"), ("role", "viewer")]).await.text().await.unwrap();
    assert!(added.contains("wati: <code>"), "the password is shown once");
    assert!(!tono.page("/people").await.contains("wati: <code>"));
}
