//! Who gets where: every role on every route. And captions that try to be more than text.

use reqwest::StatusCode;
use sisir::domain::Platform;
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::user::{Capability, Role};
use sisir::store::posts;

use crate::web::{Desk, client};

/// Method, route as the router has it, address, form, what is needed; none where signing in suffices.
type Route = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], Option<Capability>);

const DECISION: &[(&str, &str)] = &[("reason", "charity"), ("seen", "0"), ("text_sha256", "x")];

const ROUTES: &[Route] = &[
    ("GET", "/", "/", &[], None),
    ("POST", "/language", "/language", &[("lang", "id"), ("back", "/")], None),
    ("GET", "/queue", "/queue", &[], None),
    ("GET", "/queue/next", "/queue/next", &[], Some(Capability::Review)),
    ("POST", "/queue/filters", "/queue/filters", &[("name", "uji"), ("query", "q=bal")], None),
    ("POST", "/queue/filters/{id}/remove", "/queue/filters/999/remove", &[], None),
    ("GET", "/quality/next", "/quality/next", &[], Some(Capability::Review)),
    ("GET", "/quality/{id}", "/quality/1", &[], Some(Capability::Review)),
    ("POST", "/quality/{id}", "/quality/1", &[("reason", "charity")], Some(Capability::Review)),
    ("POST", "/flags/{id}/golden", "/flags/1/golden", &[("golden", "true")], Some(Capability::Supervise)),
    ("GET", "/quality", "/quality", &[], Some(Capability::ReadLog)),
    ("POST", "/recall/draw", "/recall/draw", &[], Some(Capability::Supervise)),
    ("GET", "/recall/next", "/recall/next", &[], Some(Capability::Review)),
    ("GET", "/recall/{id}", "/recall/999", &[], Some(Capability::Review)),
    ("POST", "/recall/{id}", "/recall/999", &[("relevant", "true")], Some(Capability::Review)),
    ("GET", "/figures", "/figures", &[], None),
    ("GET", "/figures/{file}", "/figures/days.csv", &[], None),
    ("GET", "/style", "/style", &[], None),
    ("GET", "/keys", "/keys", &[], None),
    ("GET", "/queues", "/queues", &[], Some(Capability::Supervise)),
    ("POST", "/queues/{id}", "/queues/1", &[("name", "Umum"), ("position", "1000")], Some(Capability::Supervise)),
    ("POST", "/queues/{id}/remove", "/queues/999/remove", &[], Some(Capability::Supervise)),
    ("POST", "/bulks", "/bulks", &[("like", "1")], Some(Capability::Review)),
    ("GET", "/bulks/{id}", "/bulks/999", &[], None),
    ("POST", "/bulks/{id}/decision", "/bulks/999/decision", &[("reason", "charity"), ("typed", "1")], Some(Capability::Review)),
    ("POST", "/bulks/{id}/undo", "/bulks/999/undo", &[], Some(Capability::Review)),
    ("GET", "/flags/{id}", "/flags/1", &[], None),
    ("POST", "/flags/{id}/decision", "/flags/1/decision", DECISION, Some(Capability::Review)),
    ("POST", "/flags/{id}/second", "/flags/1/second", &[("seen", "0"), ("text_sha256", "x")], Some(Capability::Review)),
    ("POST", "/flags/{id}/undo", "/flags/1/undo", &[("decision", "999")], Some(Capability::Review)),
    ("POST", "/flags/{id}/refer", "/flags/1/refer", &[("lane", "escalated")], Some(Capability::Review)),
    ("POST", "/flags/{id}/caption", "/flags/1/caption", &[("caption", "x")], Some(Capability::Review)),
    ("GET", "/tips/{id}/screenshot", "/tips/999/screenshot", &[], None),
    ("GET", "/tips/{id}/reporter", "/tips/999/reporter", &[], Some(Capability::Operate)),
    ("GET", "/batches", "/batches", &[], None),
    ("POST", "/batches", "/batches", &[("kind", "request"), ("platform", "tiktok")], Some(Capability::Review)),
    ("GET", "/batches/{id}", "/batches/999", &[], None),
    ("POST", "/batches/{id}/render", "/batches/999/render", &[], Some(Capability::Review)),
    ("POST", "/batches/{id}/sign", "/batches/999/sign", &[("package_sha256", "x"), ("confirm", "on")], Some(Capability::Sign)),
    ("POST", "/batches/{id}/follow", "/batches/999/follow", &[("kind", "reminder")], Some(Capability::Review)),
    ("POST", "/batches/{id}/cancel", "/batches/999/cancel", &[], Some(Capability::Review)),
    ("POST", "/batches/{id}/settle", "/batches/999/settle", &[("delivery", "1"), ("found", "yes")], Some(Capability::Operate)),
    ("GET", "/batches/{id}/files/{name}", "/batches/999/files/pesan.eml", &[], None),
    ("GET", "/batches/{id}/record.pdf", "/batches/999/record.pdf", &[], Some(Capability::Review)),
    ("GET", "/batches/{id}/exports/{name}", "/batches/999/exports/dsa.json", &[], None),
    (
        "POST",
        "/batches/{id}/answers",
        "/batches/999/answers",
        &[("case", "KS-000001"), ("outcome", "removed")],
        Some(Capability::Review),
    ),
    ("POST", "/batches/{id}/answer-sheet", "/batches/999/answer-sheet", &[], Some(Capability::Review)),
    ("GET", "/batches/{id}/proof", "/batches/999/proof", &[], None),
    ("POST", "/batches/{id}/entered", "/batches/999/entered", &[], Some(Capability::Review)),
    ("POST", "/flags/{id}/screenshots", "/flags/1/screenshots", &[], Some(Capability::Review)),
    ("GET", "/screenshots/{id}", "/screenshots/999", &[], None),
    ("GET", "/flags/{id}/captures/{capture}", "/flags/1/captures/999", &[], Some(Capability::Review)),
    ("POST", "/batches/{id}/stages", "/batches/999/stages", &[("stage", "received")], Some(Capability::Review)),
    (
        "POST",
        "/batches/{id}/withdraw",
        "/batches/999/withdraw",
        &[("row", "1:1"), ("reason", "mistake")],
        Some(Capability::Review),
    ),
    ("GET", "/record", "/record", &[], None),
    ("GET", "/record/{month}", "/record/2026-11", &[], None),
    ("POST", "/record/{month}/publish", "/record/2026-11/publish", &[], Some(Capability::Supervise)),
    ("GET", "/follow-up", "/follow-up", &[], None),
    ("POST", "/flags/{id}/look", "/flags/1/look", &[("outcome", "up")], Some(Capability::Review)),
    ("POST", "/clocks/end", "/clocks/end", &[("subject", "request:999"), ("note", "uji")], Some(Capability::Review)),
    ("GET", "/corrections", "/corrections", &[], None),
    ("GET", "/appeals/{id}", "/appeals/999", &[], None),
    (
        "POST",
        "/appeals/{id}/answer",
        "/appeals/999/answer",
        &[("outcome", "rejected"), ("answer", "uji"), ("reason", "mistake")],
        Some(Capability::Review),
    ),
    ("GET", "/appeals/{id}/appellant", "/appeals/999/appellant", &[], Some(Capability::Supervise)),
    ("GET", "/mails/{id}", "/mails/999", &[], Some(Capability::Review)),
    ("POST", "/mails/{id}/file", "/mails/999/file", &[("code", "TR-2026-000001")], Some(Capability::Review)),
    ("POST", "/mails/{id}/sheet", "/mails/999/sheet", &[], Some(Capability::Review)),
    ("POST", "/deliveries/pause", "/deliveries/pause", &[("platform", "threads"), ("reason", "uji")], Some(Capability::Operate)),
    ("POST", "/deliveries/resume", "/deliveries/resume", &[("platform", "threads")], Some(Capability::Operate)),
    ("GET", "/accounts", "/accounts", &[], None),
    ("GET", "/account", "/account?platform=tiktok&handle=tidak.ada", &[], None),
    (
        "POST",
        "/account/marks",
        "/account/marks",
        &[("platform", "tiktok"), ("handle", "contoh"), ("kind", "watch"), ("note", "uji")],
        Some(Capability::Review),
    ),
    ("POST", "/account/marks/{id}/end", "/account/marks/999/end", &[], None),
    ("GET", "/api", "/api", &[], None),
    ("GET", "/webhooks", "/webhooks", &[], Some(Capability::Operate)),
    ("POST", "/webhooks", "/webhooks", &[("url", "http://contoh.id/")], Some(Capability::Operate)),
    ("POST", "/webhooks/{id}", "/webhooks/999", &[("on", "true")], Some(Capability::Operate)),
    ("POST", "/me/tokens", "/me/tokens", &[("name", "uji"), ("days", "1"), ("password", "salah")], None),
    ("POST", "/me/tokens/{id}/end", "/me/tokens/999/end", &[], None),
    ("GET", "/rules", "/rules", &[], None),
    ("POST", "/rules/explain", "/rules/explain", &[("text", "bal segel 35rb")], None),
    ("GET", "/rules/{pack}", "/rules/pakaian-bekas-impor", &[], None),
    ("GET", "/rules/{pack}/rules/{id}", "/rules/pakaian-bekas-impor/rules/bal-berharga", &[], None),
    ("GET", "/rules/{pack}/terms/{id}", "/rules/pakaian-bekas-impor/terms/thrift", &[], None),
    ("GET", "/rules/{pack}/radar", "/rules/pakaian-bekas-impor/radar", &[], None),
    ("GET", "/rules/{pack}/history", "/rules/pakaian-bekas-impor/history", &[], None),
    (
        "POST",
        "/rules/{pack}/history",
        "/rules/pakaian-bekas-impor/history",
        &[("change", "999"), ("seen", "0")],
        Some(Capability::EditRules),
    ),
    ("POST", "/rules/{pack}/changes", "/rules/pakaian-bekas-impor/changes", &[("title", "uji")], Some(Capability::EditRules)),
    ("GET", "/changes/{id}", "/changes/999", &[], None),
    ("POST", "/changes/{id}", "/changes/999", &[("what", "propose")], Some(Capability::EditRules)),
    ("GET", "/changes/{id}/term", "/changes/999/term", &[], Some(Capability::EditRules)),
    ("POST", "/changes/{id}/term", "/changes/999/term", &[("id", "x")], Some(Capability::EditRules)),
    ("POST", "/changes/{id}/term/check", "/changes/999/term/check", &[("id", "x")], Some(Capability::EditRules)),
    ("GET", "/changes/{id}/file", "/changes/999/file?path=pack.toml", &[], Some(Capability::EditRules)),
    ("POST", "/changes/{id}/file", "/changes/999/file", &[("path", "pack.toml")], Some(Capability::EditRules)),
    ("POST", "/changes/{id}/file/check", "/changes/999/file/check", &[("path", "pack.toml")], Some(Capability::EditRules)),
    ("GET", "/changes/{id}/trial", "/changes/999/trial", &[], None),
    ("POST", "/changes/{id}/use", "/changes/999/use", &[("hash", "x")], Some(Capability::EditRules)),
    ("GET", "/sources", "/sources", &[], None),
    ("POST", "/sources/{name}/resume", "/sources/threads/resume", &[], Some(Capability::Operate)),
    ("GET", "/me", "/me", &[], None),
    ("POST", "/me/second-factor", "/me/second-factor", &[("code", "0")], None),
    ("POST", "/me/account", "/me/account", &[("password", "salah")], None),
    ("POST", "/me/account/disconnect", "/me/account/disconnect", &[], None),
    ("POST", "/me/sessions", "/me/sessions", &[("session", "x")], None),
    ("POST", "/me/zone", "/me/zone", &[("zone", "WITA")], None),
    ("POST", "/me/password", "/me/password", &[("old", "salah"), ("new", "kata-sandi-baru")], None),
    ("GET", "/people", "/people", &[], Some(Capability::ManageUsers)),
    ("POST", "/people", "/people", &[("name", "x"), ("role", "viewer")], Some(Capability::ManageUsers)),
    ("POST", "/people/{id}", "/people/1", &[("what", "sessions")], Some(Capability::ManageUsers)),
    ("POST", "/people/tokens/{id}/end", "/people/tokens/999/end", &[], Some(Capability::ManageUsers)),
    ("GET", "/log/reads", "/log/reads", &[], Some(Capability::ReadLog)),
    ("GET", "/log", "/log", &[], Some(Capability::ReadLog)),
    ("POST", "/sign-out", "/sign-out", &[], None),
];

/// Open to everyone, on purpose.
const OPEN: [&str; 16] = [
    "/laporan",
    "/laporan/{name}",
    "/keberatan",
    "/keberatan/status",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/api/openapi.json",
    "/sign-in/code",
    "/sign-in",
    "/healthz",
    "/readyz",
    "/assets/{*path}",
    "/lapor",
    "/lapor/status",
    "/lapor/mitra",
    "/lapor/mitra/templat.csv",
];

#[test]
fn the_matrix_names_every_route() {
    let source = std::fs::read_to_string("src/web/mod.rs").unwrap();
    let routes: Vec<&str> = source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(routes.len() > 30);
    for route in routes {
        assert!(OPEN.contains(&route) || ROUTES.iter().any(|(_, known, ..)| *known == route), "{route} is in no row");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_gets_where_it_may_and_nowhere_else() {
    let desk = Desk::filled().await;
    for role in Role::ALL {
        let person = desk.sign_in(role.as_str(), *role).await;
        for (method, _, address, form, needs) in ROUTES {
            let answer = if *method == "GET" { person.get(address).await } else { person.post(address, form).await };
            let status = answer.status();
            let may = needs.is_none_or(|capability| role.can(capability));
            assert_eq!(status != StatusCode::FORBIDDEN, may, "{role} {method} {address}: {status}");
            assert!(!status.is_server_error(), "{role} {method} {address}: {status}");
            assert_ne!(
                answer.headers().get("location").and_then(|to| to.to_str().ok()),
                Some("/sign-in").filter(|_| *address != "/sign-out"),
                "{address}"
            );
        }
    }
    for (method, _, address, form, _) in ROUTES.iter().filter(|(_, _, address, ..)| *address != "/sign-out") {
        let to = format!("{}{address}", desk.base);
        let answer = if *method == "GET" { client().get(to) } else { client().post(to).form(form) }.send().await.unwrap();
        assert_eq!(
            answer.headers().get("location").map(|to| to.to_str().unwrap()),
            Some("/sign-in"),
            "{method} {address} without signing in"
        );
    }
}

/// Captions are text, whatever is in them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_caption_stays_a_caption() {
    let desk = Desk::new().await;
    let sells = "buka bal import Korea ready ballpress 1 bal 2jt minat WA";
    let hostile = [
        format!("<script>alert(1)</script> {sells}"),
        format!("\"><img src=x onerror=alert(1)> {sells}"),
        format!("{{{{ 7*7 }}}} {{% raw %}} {sells}"),
        format!("\u{202e}tset {sells}\u{202c}"),
        format!("=HYPERLINK(\"http://jahat.example\") {sells}"),
        format!("{sells} {}", "🔥".repeat(10_000)),
        format!("{sells} \r\nSet-Cookie: a=b"),
    ];
    let seen: Vec<Observation> = hostile
        .iter()
        .enumerate()
        .map(|(n, text)| Observation {
            platform: Platform::Tiktok,
            native_id: format!("741234567890120{n:04}"),
            url: format!("https://www.tiktok.com/@a/video/741234567890120{n:04}"),
            author: "toko\"><script>x".into(),
            text: text.clone(),
            posted_at: None,
            views: None,
        })
        .collect();
    let mut tx = desk.stage.store().write_tx().await.unwrap();
    posts::upsert(&mut tx, "import", &seen).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    desk.stage.worker("w").perform(JobKind::Screen).await.unwrap();
    let analyst = desk.sign_in("ratna", Role::Analyst).await;
    let pages: Vec<String> =
        (1..=hostile.len()).map(|id| format!("/flags/{id}")).chain(["/queue".into(), "/queue?q=%3Cscript%3E".into()]).collect();
    for path in &pages {
        let page = analyst.page(path).await;
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains("toko\"><script>"), "{path}");
        assert!(!page.contains("HYPERLINK(\"http"), "{path}: the quote is escaped");
        assert!(page.contains("</html>"), "{path} is whole");
    }
    assert!(analyst.page("/queue").await.len() < 60_000, "ten thousand pictures are cut");
    let page = analyst.page("/flags/4").await;
    assert!(page.contains("<bdi"), "a caption that turns its direction turns nothing else");
}

/// A refusal and a missing page are said in the language of whoever reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_speak_the_language_of_their_reader() {
    let desk = Desk::new().await;
    let wati = desk.sign_in("wati", Role::Viewer).await;
    let read = async |path: &str| wati.get(path).await.text().await.unwrap();
    assert!(read("/webhooks").await.contains("hanya administrator yang mengurus webhook"));
    assert!(read("/tidak-ada").await.contains("Halaman tidak ada"));
    wati.post("/language", &[("lang", "en"), ("back", "/")]).await;
    let page = read("/webhooks").await;
    assert!(page.contains("only administrators look after webhooks") && page.contains("lang=\"en\""), "{page}");
    assert_eq!(wati.get("/webhooks").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(wati.get("/tidak-ada").await.status(), StatusCode::NOT_FOUND);
    let stranger = client().get(format!("{}/tidak-ada", desk.base)).send().await.unwrap().text().await.unwrap();
    assert!(stranger.contains("Halaman tidak ada"));
}
