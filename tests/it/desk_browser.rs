//! The desk in a real browser: no accessibility violation in light and dark, two hundred posts by keyboard, a weak line.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sisir::domain::ids::FlagId;
use sisir::domain::user::Role;
use sisir::pipeline::{bulk, review, rule_changes};
use sisir::store::queue::{self, Filter};
use sisir::store::{batches, users};
use thirtyfour::prelude::*;

use crate::browser::{browser, fits, picture, sign_in};
use crate::web::Desk;

/// axe-core 4.11.0, <https://github.com/dequelabs/axe-core>, MPL-2.0.
const AXE: &str = include_str!("../assets/axe.min.js");

/// What axe finds on the page: rule and the first element of each.
async fn violations(web: &WebDriver) -> Vec<String> {
    web.execute(AXE, vec![]).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
            .then(found => done(found.violations.map(v => v.id + ': ' + v.nodes.length + ' × ' + v.nodes[0].html.slice(0, 160) + ' ' + (v.nodes[0].any[0] || {message: ''}).message)));";
    let found = web.execute_async(run, vec![]).await.unwrap();
    serde_json::from_value(found.json().clone()).unwrap()
}

async fn cdp(web: &WebDriver, command: &str, parameters: Value) {
    web.cdp().send_raw(command, parameters).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_in_light_and_dark() {
    let Some((_driver, web)) = browser(1366, 768).await else { return };
    let desk = Desk::with(|config| {
        config.tips.open = true;
        config.appeals.open = true;
        config.record.open = true;
        config.oidc.issuer = "https://sso.contoh.go.id".into();
    })
    .await;
    desk.stage.worker("w").perform(sisir::domain::job::JobKind::Crawl).await.unwrap();
    desk.stage.worker("w").perform(sisir::domain::job::JobKind::Screen).await.unwrap();
    let sinta = desk.stage.person("sinta", Role::Supervisor).await;
    let ratna = desk.stage.person("ratna", Role::Analyst).await;
    let asked = after_sending(&desk, &ratna).await;
    // Something of everything: a decision, a post handed on, a bulk, a package.
    let open = queue::list(desk.stage.store(), &Filter::open(), desk.stage.pipeline.clock().now(), 5, None).await.unwrap();
    let ids: Vec<FlagId> = open.iter().map(|card| card.id).collect();
    let judgement = sisir::domain::decision::Judgement::new(
        sisir::domain::decision::Verdict::Uphold,
        sisir::domain::decision::Reason::BaleOffer,
        "dari siaran langsung",
    );
    let judgement = judgement.unwrap();
    review::decide(&desk.stage.pipeline, &sinta, ids[0], &desk.stage.seen(ids[0]).await, &judgement).await.unwrap();
    review::refer(&desk.stage.pipeline, &ratna, ids[1], sisir::domain::flag::Lane::Escalated, "akun siapa?").await.unwrap();
    desk.stage.second_all().await;
    let platform = open[0].platform;
    let kind = sisir::domain::batch::BatchKind::Request;
    let batch = sisir::pipeline::batch::draft(&desk.stage.pipeline, &ratna, kind, platform).await;
    let bulk = bulk::of_list(&desk.stage.pipeline, &sinta, "", &Filter::open()).await.unwrap();
    sign_in(&web, &desk, "sinta").await;
    let (decided, escalated) = (format!("/flags/{}", ids[0]), format!("/flags/{}", ids[1]));
    let (open, bulk) = (format!("/flags/{}", ids[2]), format!("/bulks/{bulk}"));
    let change = rules_to_change(&desk, &sinta).await;
    let (term, file) = (format!("{change}/term?id=thrift"), format!("{change}/file?path=rules/bal-berharga.toml"));
    // Two accounts that print the same number, one of them watched.
    let same = "Bal segel import Korea isi hoodie 1 bal 2jt, WA 0812-0000-0105";
    crate::desk::stored(
        &desk.stage,
        &[("toko.a", same), ("toko.b", same), ("toko.c", "Bal segel import isi topi 1 bal 3jt, wa.me/6281200000105")],
    )
    .await;
    let watch = sisir::store::accounts::NewMark {
        platform: sisir::domain::Platform::Tiktok,
        handle: "toko.a".into(),
        kind: sisir::domain::account::MarkKind::Watch,
        note: "bal baru tiap Jumat".into(),
        reference: String::new(),
        until: None,
    };
    sisir::pipeline::accounts::set_mark(&desk.stage.pipeline, &sinta, watch).await.unwrap();
    let mut pages = vec![
        "/api",
        "/accounts",
        "/account?platform=tiktok&handle=toko.a",
        "/queue?watched=1",
        "/rules",
        "/rules/pakaian-bekas-impor",
        "/rules/pakaian-bekas-impor?q=bal",
        "/rules/pakaian-bekas-impor/rules/bal-ditawarkan",
        "/rules/pakaian-bekas-impor/terms/thrift",
        "/rules/pakaian-bekas-impor/radar",
        "/rules/pakaian-bekas-impor/history",
        &change,
        &term,
        &file,
        "/",
        "/queue",
        "/queue?q=bal&late=1",
        "/queue?state=dismissed",
        &decided,
        &escalated,
        &open,
        &bulk,
        "/queues",
        "/keys",
        "/batches",
        "/sources",
        "/log",
        "/log/reads",
        "/me",
        "/figures",
        "/quality",
        "/style",
        "/tidak-ada",
        "/lapor",
        "/lapor/mitra",
        "/follow-up",
        "/corrections",
        "/record",
        "/record/2026-11",
        "/keberatan",
        "/keberatan/status",
        "/laporan",
        "/laporan/2026-11",
        "/appeals/1",
        &asked,
        "/sign-in",
    ];
    let package = batch.map(|batch| format!("/batches/{}", batch.id));
    if let Ok(package) = &package {
        pages.push(package);
    }
    let mut problems = Vec::new();
    for (width, height, size) in [(1366, 768, "desk"), (390, 844, "phone")] {
        cdp(
            &web,
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        )
        .await;
        for scheme in ["light", "dark"] {
            let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            cdp(&web, "Emulation.setEmulatedMedia", features).await;
            for path in &pages {
                web.goto(format!("{}{path}", desk.base)).await.unwrap();
                fits(&web, path).await;
                let name = path.trim_start_matches('/').replace(['/', '?', '=', '&'], "-");
                picture(&web, &format!("axe-{size}-{scheme}-{name}")).await;
                problems.extend(violations(&web).await.into_iter().map(|found| format!("{path} {size} {scheme}: {found}")));
            }
        }
    }
    // What only an administrator sees, in English.
    desk.stage.person("tono", Role::Admin).await;
    web.delete_all_cookies().await.unwrap();
    sign_in(&web, &desk, "tono").await;
    web.find(By::Css("button[name=lang]")).await.unwrap().click().await.unwrap();
    web.query(By::Css("html[lang=en]")).first().await.unwrap();
    for path in ["/people", "/webhooks", "/me", "/rules", "/accounts", "/queue", "/figures", "/log"] {
        web.goto(format!("{}{path}", desk.base)).await.unwrap();
        fits(&web, path).await;
        picture(&web, &format!("axe-admin-en{}", path.replace('/', "-"))).await;
        problems.extend(violations(&web).await.into_iter().map(|found| format!("{path} as administrator: {found}")));
    }
    assert!(problems.is_empty(), "{} violations:\n{}", problems.len(), problems.join("\n"));
    web.quit().await.unwrap();
}

/// A request that left with something of everything after it, and a report of its month; the address of its page.
async fn after_sending(desk: &Desk, ratna: &sisir::domain::user::User) -> String {
    use sisir::pipeline::{appeals, batch, corrections, public_record};
    let pipeline = &desk.stage.pipeline;
    let (budi, sinta) =
        (desk.stage.person("budi", Role::Approver).await, users::by_name(desk.stage.store(), "sinta").await.unwrap().unwrap());
    let package = crate::two_person::rendered(&desk.stage, &[ratna]).await;
    let due = batch::sign(pipeline, &budi, package.id, &package.package_sha256.clone().unwrap()).await.unwrap();
    desk.stage.clock.advance(due.since(pipeline.clock().now()));
    desk.stage.worker("w").perform(sisir::domain::job::JobKind::Deliver).await.unwrap();
    let rows = batches::details(desk.stage.store(), package.id, pipeline.clock().now()).await.unwrap();
    for row in &rows[..2] {
        let written = appeals::Written {
            name: "Warga Rekaan".into(),
            contact: "warga@contoh.id".into(),
            subject: batch::case_id(row.flag_id),
            statement: "Itu baju saya sendiri".into(),
        };
        appeals::submit(pipeline, &written).await.unwrap().unwrap();
    }
    let all = batches::rows(desk.stage.store(), package.id).await.unwrap();
    let wrong = [(all[2].flag_id, all[2].decision_id)];
    let why = corrections::Why { reason: sisir::domain::decision::Reason::Mistake, note: String::new() };
    corrections::withdraw(pipeline, ratna, package.id, &wrong, &why).await.unwrap();
    desk.stage.fake.change(&rows[3].native_id, sisir::platforms::fake::Changed::Edited("Batik tulis sendiri".into()));
    desk.stage.later(3600);
    desk.stage.worker("w").perform(sisir::domain::job::JobKind::FollowUp).await.unwrap();
    desk.stage.later(14 * 24 * 3600);
    desk.stage.worker("w").perform(sisir::domain::job::JobKind::FollowUp).await.unwrap();
    public_record::publish(pipeline, &sinta, "2026-11".parse().unwrap()).await.unwrap();
    format!("/batches/{}", package.id)
}

/// A change of rules with a difference and a trial; its address.
async fn rules_to_change(desk: &Desk, author: &sisir::domain::user::User) -> String {
    let pipeline = &desk.stage.pipeline;
    let id = rule_changes::begin(pipeline, author, sisir::rules::DEFAULT_PACK, "Kata kodean").await.unwrap();
    let seen = rule_changes::get(pipeline, id).await.unwrap().0.hash;
    let draft = sisir::rules::edit::TermDraft {
        id: "kodean".into(),
        points: vec![("used_clothing".into(), 4)],
        forms: vec!["kodean".into()],
        meaning: "pakaian bekas berkode".into(),
        example: "jaket kodean".into(),
        ..Default::default()
    };
    rule_changes::edit(pipeline, author, id, &seen, rule_changes::Edit::Term { before: None, draft }).await.unwrap();
    rule_changes::ask_trial(pipeline, author, id).await.unwrap();
    rule_changes::try_waiting(pipeline).await.unwrap();
    format!("/changes/{id}")
}

/// A mistake shows while one types, and a text is explained: with the keyboard only, in Bahasa Indonesia.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn problems_show_while_a_term_is_typed() {
    let Some((_driver, web)) = browser(1366, 768).await else { return };
    let desk = Desk::new().await;
    let rini = desk.stage.person("rini", Role::RuleEditor).await;
    let change = rules_to_change(&desk, &rini).await;
    sign_in(&web, &desk, "rini").await;
    web.goto(format!("{}{change}/term?id=kodean", desk.base)).await.unwrap();
    web.query(By::Css("[aria-live] .done")).first().await.unwrap();
    let example = web.find(By::Id("example")).await.unwrap();
    example.send_keys(" tetapi ganti: ").await.unwrap();
    example.send_keys(Key::Control + "a").await.unwrap();
    example.send_keys("kata lain").await.unwrap();
    let problem = web.query(By::Css("[aria-live] .problems li")).first().await.unwrap();
    assert!(problem.text().await.unwrap().contains("R021"));
    picture(&web, "term-problem").await;
    example.send_keys(Key::Control + "a").await.unwrap();
    example.send_keys("kemeja kodean").await.unwrap();
    web.query(By::Css("[aria-live] .done")).first().await.unwrap();
    example.send_keys(Key::Enter).await.unwrap();
    web.query(By::Css("pre.diff .added")).first().await.unwrap();
    web.find(By::Id("try-text")).await.unwrap().send_keys("kemeja kodean import korea 45rb, dm").await.unwrap();
    web.find(By::Css("form[action='/rules/explain'] button")).await.unwrap().click().await.unwrap();
    web.query(By::Css(".caption mark")).first().await.unwrap();
    fits(&web, "explain").await;
    picture(&web, "explain").await;
    assert_eq!(violations(&web).await, Vec::<String>::new());
    web.quit().await.unwrap();
}

/// The address of the page, once it is another than `before` and a post is on it.
async fn next_post(web: &WebDriver, before: &str) -> String {
    loop {
        let address = web.current_url().await.unwrap().to_string();
        if address != before
            && web.execute("return document.readyState === 'complete'", vec![]).await.unwrap().json() == &json!(true)
        {
            return address;
        }
    }
}

fn percentile(sorted: &[Duration], share: usize) -> Duration {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}

/// Two hundred posts, one key each; every tenth is taken back and decided again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_posts_are_judged_by_keyboard() {
    let Some((_driver, web)) = browser(1366, 768).await else { return };
    let desk = Desk::new().await;
    crate::desk::made_up(&desk.stage, 210).await;
    desk.stage.person("ratna", Role::Analyst).await;
    sign_in(&web, &desk, "ratna").await;
    let press = async |key: &str| web.active_element().await.unwrap().send_keys(key).await.unwrap();
    let home = web.current_url().await.unwrap().to_string();
    web.goto(format!("{}/queue/next", desk.base)).await.unwrap();
    let mut shown = next_post(&web, &home).await;
    let (mut keys, mut times) = (0_u32, Vec::new());
    for n in 0..200 {
        let began = Instant::now();
        // Upholding where all three elements are found, and dismissing.
        press(if n % 3 == 0 { "1" } else { "3" }).await;
        keys += 1;
        shown = next_post(&web, &shown).await;
        times.push(began.elapsed());
        if n % 10 == 9 {
            press("u").await;
            let again = next_post(&web, &shown).await;
            press("4").await;
            keys += 2;
            shown = next_post(&web, &again).await;
        }
    }
    let decided = queue::count(desk.stage.store(), &Filter { state: "dismissed".into(), ..Filter::default() }).await.unwrap()
        + queue::count(desk.stage.store(), &Filter { state: "upheld".into(), ..Filter::default() }).await.unwrap();
    assert_eq!(decided, 200);
    assert!(keys <= 400, "{keys} keys for 200 decisions");
    times.sort();
    let total: Duration = times.iter().sum();
    println!(
        "200 decisions: {:.2} keys each, {:.0} an hour without thinking, next post p50 {:?} p95 {:?}",
        f64::from(keys) / 200.0,
        200.0 / total.as_secs_f64() * 3600.0,
        percentile(&times, 50),
        percentile(&times, 95)
    );
    web.quit().await.unwrap();
}

/// Page weight, and a first post on a line of 1 Mbit/s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_is_light_enough_for_a_weak_line() {
    let Some((_driver, web)) = browser(1366, 768).await else { return };
    let desk = Desk::new().await;
    crate::desk::made_up(&desk.stage, 120).await;
    desk.stage.person("ratna", Role::Analyst).await;
    sign_in(&web, &desk, "ratna").await;
    cdp(&web, "Network.enable", json!({})).await;
    cdp(&web, "Network.setCacheDisabled", json!({"cacheDisabled": true})).await;
    let line = json!({"offline": false, "latency": 40, "downloadThroughput": 125_000, "uploadThroughput": 62_500});
    cdp(&web, "Network.emulateNetworkConditions", line).await;
    for (path, name) in [("/queue", "queue"), ("/queue/next", "post")] {
        let began = Instant::now();
        web.goto(format!("{}{path}", desk.base)).await.unwrap();
        let took = began.elapsed();
        let weigh = "return performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource')).reduce((all, one) => all + one.transferSize, 0)";
        let bytes = web.execute(weigh, vec![]).await.unwrap().json().as_f64().unwrap();
        assert!(bytes > 2_000.0 && bytes <= 100.0 * 1024.0, "{name} weighs {bytes} bytes");
        println!("{name}: {:.1} KB over the wire, whole after {took:?} on a line of 1 Mbit/s with 40 ms", bytes / 1024.0);
    }
    web.quit().await.unwrap();
}
