//! Signing in with the account of an organisation, against a provider that can misbehave; on both databases, and in a
//! real browser, where cookies go by sites.

use std::sync::Arc;

use sisir::domain::Clock;
use sisir::domain::user::{Language, Role, User};
use sisir::pipeline::oidc::{self, Answer, Back};
use sisir::pipeline::users::{self, Change, SignIn};
use sisir::pipeline::{Pipeline, PipelineError};
use sisir::store::audit;
use thirtyfour::prelude::*;

use crate::on_both;
use crate::support::Stage;
use crate::support::provider::{Fault, Provider};
use crate::web::Desk;

on_both!(
    an_account_opens_the_desk_of_who_connected_it => connected_once,
    what_the_provider_gets_wrong_opens_nothing => faults,
);

const DESK: &str = "https://sisir.contoh.go.id";

async fn with_provider(stage: &Stage) -> (Pipeline, Provider) {
    let provider = Provider::start(Arc::clone(&stage.clock) as Arc<dyn Clock>).await;
    let mut config = (*stage.pipeline.config).clone();
    provider.configure(&mut config.oidc, DESK);
    (Pipeline { config: Arc::new(config), ..stage.pipeline.clone() }, provider)
}

/// The way there and back of one browser.
async fn round(pipeline: &Pipeline, provider: &Provider, begun: oidc::Begun) -> Result<Back, PipelineError> {
    let (state, code) = provider.agree(&begun.to).await;
    let attempt = oidc::take(pipeline, &begun.browser).await?.unwrap();
    oidc::finish(pipeline, attempt, Answer { state: &state, code: Some(&code) }, "peramban uji").await
}

async fn sign_in(pipeline: &Pipeline, provider: &Provider) -> Result<Back, PipelineError> {
    round(pipeline, provider, oidc::begin(pipeline, Language::Indonesian).await?).await
}

async fn connect(pipeline: &Pipeline, provider: &Provider, user: &User) -> Result<Back, PipelineError> {
    round(pipeline, provider, oidc::begin_to_connect(pipeline, user, "kata-sandi-uji").await?).await
}

fn why(result: Result<Back, PipelineError>) -> String {
    match result {
        Err(PipelineError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn connected_once(stage: &Stage) {
    let (pipeline, provider) = &with_provider(stage).await;
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Approver).await);
    let admin = stage.person("admin", Role::Admin).await;
    assert!(why(sign_in(pipeline, provider).await).contains("not connected with anybody"), "nobody gets in unasked");
    let wrong = oidc::begin_to_connect(pipeline, &ratna, "salah").await.unwrap_err().to_string();
    assert_eq!(wrong, "the present password is another one");
    assert_eq!(connect(pipeline, provider, &ratna).await.unwrap(), Back::Connected);
    let Back::In(SignIn::Open(token)) = sign_in(pipeline, provider).await.unwrap() else { panic!("not in") };
    assert_eq!(users::by_token(pipeline, &token).await.unwrap().unwrap().name, "ratna");
    // One account, one person: else a second signature would be one person's.
    assert!(why(connect(pipeline, provider, &dewi).await).contains("connected with another person"));
    provider.is_now("s-0002");
    assert_eq!(connect(pipeline, provider, &dewi).await.unwrap(), Back::Connected);
    let Back::In(SignIn::Open(token)) = sign_in(pipeline, provider).await.unwrap() else { panic!("not in") };
    assert_eq!(users::by_token(pipeline, &token).await.unwrap().unwrap().name, "dewi");
    // The second factor of the desk is asked for all the same.
    let setup = users::set_up_second_factor(pipeline, &dewi).await.unwrap().unwrap();
    let secret = totp_rs::Secret::try_from_base32(&setup.secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("dewi").build().unwrap();
    let code = totp.generate(stage.clock.now().secs().try_into().unwrap());
    users::confirm_second_factor(pipeline, &dewi, &code.to_string()).await.unwrap();
    let Back::In(SignIn::NeedsCode(token)) = sign_in(pipeline, provider).await.unwrap() else { panic!("no code asked") };
    assert!(users::by_token(pipeline, &token).await.unwrap().is_none());
    // Switched off is switched off; and an administrator cuts the connection.
    users::change(pipeline, &admin, dewi.id, &Change::Disabled(true)).await.unwrap();
    assert!(why(sign_in(pipeline, provider).await).contains("switched off"));
    users::change(pipeline, &admin, dewi.id, &Change::Disabled(false)).await.unwrap();
    users::change(pipeline, &admin, dewi.id, &Change::NoAccount).await.unwrap();
    assert!(why(sign_in(pipeline, provider).await).contains("not connected with anybody"));
    provider.is_now("s-0001");
    oidc::disconnect(pipeline, &ratna).await.unwrap();
    assert!(why(sign_in(pipeline, provider).await).contains("not connected with anybody"));
    let log = audit::all(stage.store()).await.unwrap();
    let said: Vec<&str> = log.iter().map(|row| row.action.as_str()).filter(|action| action.starts_with("oidc")).collect();
    assert_eq!(said, ["oidc_connected", "oidc_connected", "oidc_disconnected", "oidc_disconnected"]);
    assert!(!format!("{log:?}").contains("s-0001"), "the log names no account");
}

async fn faults(stage: &Stage) {
    let (pipeline, provider) = &with_provider(stage).await;
    let ratna = stage.person("ratna", Role::Analyst).await;
    connect(pipeline, provider, &ratna).await.unwrap();
    assert!(matches!(sign_in(pipeline, provider).await.unwrap(), Back::In(SignIn::Open(_))));
    for fault in Fault::TOKEN {
        provider.misbehave(fault);
        assert!(why(sign_in(pipeline, provider).await).contains("cannot trust"), "{fault:?}");
    }
    provider.misbehave(Fault::NoDiscovery);
    let silent = oidc::begin(pipeline, Language::Indonesian).await.unwrap_err().to_string();
    assert!(silent.contains("does not answer"), "{silent}");
    assert!(oidc::check(pipeline).await.is_err());
    provider.misbehave(Fault::None);
    assert!(oidc::check(pipeline).await.is_ok());
    // The answer to another browser's sign-in, one that comes twice, one without a code, one that comes too late.
    let (mine, theirs) = (begin(pipeline).await, begin(pipeline).await);
    let (state, code) = provider.agree(&theirs.to).await;
    let attempt = oidc::take(pipeline, &mine.browser).await.unwrap().unwrap();
    let answer = Answer { state: &state, code: Some(&code) };
    assert!(why(oidc::finish(pipeline, attempt, answer, "").await).contains("another browser"));
    let attempt = oidc::take(pipeline, &theirs.browser).await.unwrap().unwrap();
    assert!(oidc::take(pipeline, &theirs.browser).await.unwrap().is_none(), "each comes back once");
    let no = Answer { state: &state, code: None };
    assert!(why(oidc::finish(pipeline, attempt, no, "").await).contains("did not let you in"));
    let late = begin(pipeline).await;
    stage.later(oidc::MINUTES * 60);
    assert!(oidc::take(pipeline, &late.browser).await.unwrap().is_none());
}

async fn begin(pipeline: &Pipeline) -> oidc::Begun {
    oidc::begin(pipeline, Language::Indonesian).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_goes_there_and_back() {
    let Some((_driver, web)) = crate::browser::browser(1366, 768).await else { return };
    let clock = Arc::new(sisir::domain::ManualClock::new(crate::support::START));
    let provider = Provider::start(clock).await;
    let listening = provider.clone();
    let desk = Desk::at(move |config, base| listening.configure(&mut config.oidc, base)).await;
    desk.stage.person("ratna", Role::Analyst).await;
    let click = async |css: &str| web.query(By::Css(css.to_owned())).first().await.unwrap().click().await.unwrap();
    // Not connected yet: the way back ends at the sign-in form, which says what to do.
    web.goto(format!("{}/sign-in", desk.base)).await.unwrap();
    crate::browser::picture(&web, "sso-sign-in").await;
    click("a[href^='/sign-in/oidc']").await;
    click("#agree").await;
    let problem = web.query(By::Css(".problem")).first().await.unwrap().text().await.unwrap();
    assert!(problem.contains("belum terhubung"), "{problem}");
    crate::browser::picture(&web, "sso-unknown").await;
    crate::browser::sign_in(&web, &desk, "ratna").await;
    web.goto(format!("{}/me", desk.base)).await.unwrap();
    let password = web.find(By::Id("account-password")).await.unwrap();
    password.send_keys("kata-sandi-uji").await.unwrap();
    password.send_keys(Key::Enter + "").await.unwrap();
    click("#agree").await;
    // The session's cookie is there again, though the way began at another site.
    let done = web.query(By::Css(".done")).first().await.unwrap().text().await.unwrap();
    assert!(done.contains("terhubung"), "{done}");
    crate::browser::picture(&web, "sso-connected").await;
    web.delete_all_cookies().await.unwrap();
    web.goto(format!("{}/sign-in", desk.base)).await.unwrap();
    click("a[href^='/sign-in/oidc']").await;
    click("#agree").await;
    let here = web.query(By::Css("nav")).first().await.unwrap().text().await.unwrap();
    assert!(here.contains("Antrean"), "{here}");
    web.quit().await.unwrap();
}
