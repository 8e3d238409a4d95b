//! The review desk and the public pages: server-side, one file a screen. Talks to the use cases only, never to platforms or mail.

mod accounts;
mod answers;
mod api;
mod appeals;
mod assets;
mod batches;
mod bulks;
mod corrections;
mod error;
mod figures;
mod flags;
mod follow_up;
mod health;
mod home;
mod i18n;
mod keys;
mod log;
mod mails;
mod me;
mod oidc;
mod people;
mod public_record;
mod quality;
mod queue;
mod recall;
mod refusals;
mod rule_changes;
mod rules;
mod screenshots;
mod session;
mod sources;
mod style;
mod tips;
mod uploads;
mod view;
mod webhooks;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::pipeline::Pipeline;

/// Largest form, bytes.
const BODY_LIMIT: usize = 64 << 10;
/// Requests to the public pages that are answered at the same time.
const PUBLIC_AT_ONCE: usize = 32;
/// Longest a page may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// All routes of the desk.
#[expect(clippy::too_many_lines, reason = "one line a route")]
pub fn router(pipeline: Pipeline) -> Router {
    let desk = Router::new()
        .route("/", get(home::page))
        .route("/sign-in", get(session::form).post(session::sign_in))
        .route("/sign-in/code", get(session::code_form).post(session::code))
        .route("/sign-in/oidc", get(oidc::begin))
        .route("/sign-in/oidc/back", get(oidc::back))
        .route("/me", get(me::page))
        .route("/me/password", post(me::password))
        .route("/me/second-factor", post(me::second_factor))
        .route("/me/account", post(oidc::connect))
        .route("/me/account/disconnect", post(oidc::disconnect))
        .route("/me/sessions", post(me::end_session))
        .route("/me/zone", post(me::zone))
        .route("/me/tokens", post(me::make_token))
        .route("/me/tokens/{id}/end", post(me::end_token))
        .route("/people", get(people::page).post(people::add))
        .route("/people/{id}", post(people::change))
        .route("/people/tokens/{id}/end", post(people::end_token))
        .route("/sign-out", post(session::sign_out))
        .route("/language", post(session::language))
        .route("/queue", get(queue::page))
        .route("/queue/next", get(queue::next))
        .route("/queue/filters", post(queue::keep))
        .route("/queue/filters/{id}/remove", post(queue::forget))
        .route("/bulks", post(bulks::make))
        .route("/bulks/{id}", get(bulks::page))
        .route("/bulks/{id}/decision", post(bulks::decide))
        .route("/bulks/{id}/undo", post(bulks::undo))
        .route("/quality", get(quality::page))
        .route("/quality/next", get(quality::next))
        .route("/quality/{id}", get(quality::show).post(quality::label))
        .route("/flags/{id}/golden", post(quality::golden))
        .route("/recall/draw", post(recall::draw))
        .route("/recall/next", get(recall::next))
        .route("/recall/{id}", get(recall::show).post(recall::label))
        .route("/figures", get(figures::page))
        .route("/figures/{file}", get(figures::csv))
        .route("/record", get(public_record::list))
        .route("/record/{month}", get(public_record::page))
        .route("/record/{month}/publish", post(public_record::publish))
        .route("/style", get(style::page))
        .route("/keys", get(keys::page))
        .route("/queues", get(queue::named))
        .route("/queues/{id}", post(queue::save_queue))
        .route("/queues/{id}/remove", post(queue::remove_queue))
        .route("/flags/{id}", get(flags::page))
        .route("/flags/{id}/decision", post(flags::decide))
        .route("/flags/{id}/second", post(flags::second))
        .route("/flags/{id}/undo", post(flags::undo))
        .route("/flags/{id}/refer", post(flags::refer))
        .route("/flags/{id}/caption", post(flags::caption))
        .route("/tips/{id}/screenshot", get(tips::screenshot))
        .route("/tips/{id}/reporter", get(tips::reporter))
        .route("/batches", get(batches::list).post(batches::create))
        .route("/batches/{id}", get(batches::page))
        .route("/batches/{id}/render", post(batches::render))
        .route("/batches/{id}/sign", post(batches::sign))
        .route("/batches/{id}/follow", post(batches::follow))
        .route("/batches/{id}/cancel", post(batches::cancel))
        .route("/batches/{id}/settle", post(batches::settle))
        .route("/batches/{id}/files/{name}", get(batches::file))
        .route("/batches/{id}/exports/{name}", get(batches::export))
        .route("/batches/{id}/record.pdf", get(batches::record))
        .route("/batches/{id}/answers", post(answers::enter))
        .route("/batches/{id}/proof", get(batches::proof))
        .route("/batches/{id}/stages", post(batches::stage))
        .route("/batches/{id}/withdraw", post(corrections::withdraw))
        .route("/follow-up", get(follow_up::page))
        .route("/flags/{id}/look", post(follow_up::look))
        .route("/clocks/end", post(follow_up::end))
        .route("/corrections", get(corrections::page))
        .route("/appeals/{id}", get(appeals::page))
        .route("/appeals/{id}/answer", post(appeals::answer))
        .route("/appeals/{id}/appellant", get(appeals::appellant))
        .route("/screenshots/{id}", get(screenshots::show))
        .route("/flags/{id}/captures/{capture}", get(screenshots::capture))
        .route("/mails/{id}", get(mails::mail))
        .route("/mails/{id}/file", post(mails::file))
        .route("/mails/{id}/sheet", post(mails::sheet))
        .route("/deliveries/pause", post(batches::pause))
        .route("/deliveries/resume", post(batches::resume))
        .route("/accounts", get(accounts::list))
        .route("/account", get(accounts::page))
        .route("/account/marks", post(accounts::mark))
        .route("/account/marks/{id}/end", post(accounts::end))
        .route("/api", get(api::page))
        .route("/api/openapi.json", get(api::openapi))
        .route("/webhooks", get(webhooks::page).post(webhooks::add))
        .route("/webhooks/{id}", post(webhooks::switch))
        .route("/rules", get(rules::page))
        .route("/rules/explain", post(rules::explain))
        .route("/rules/{pack}", get(rules::pack_page))
        .route("/rules/{pack}/rules/{id}", get(rules::rule))
        .route("/rules/{pack}/terms/{id}", get(rules::term))
        .route("/rules/{pack}/radar", get(rules::radar))
        .route("/rules/{pack}/history", get(rules::history).post(rules::roll_back))
        .route("/rules/{pack}/changes", post(rule_changes::begin))
        .route("/changes/{id}", get(rule_changes::page).post(rule_changes::step))
        .route("/changes/{id}/term", get(rule_changes::term).post(rule_changes::save_term))
        .route("/changes/{id}/term/check", post(rule_changes::try_term))
        .route("/changes/{id}/file", get(rule_changes::file).post(rule_changes::save_file))
        .route("/changes/{id}/file/check", post(rule_changes::try_file))
        .route("/changes/{id}/trial", get(rule_changes::progress))
        .route("/changes/{id}/use", post(rule_changes::activate))
        .route("/sources", get(sources::page))
        .route("/sources/{name}/resume", post(sources::resume))
        .route("/log", get(log::page))
        .route("/log/reads", get(log::reads))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/assets/{*path}", get(assets::asset))
        .merge(api::router(&pipeline))
        .fallback(error::not_found)
        .with_state(pipeline.clone())
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT));
    // Files have their own limit.
    let uploads = Router::new()
        .route("/batches/{id}/answer-sheet", post(answers::sheet))
        .route("/batches/{id}/entered", post(batches::entered))
        .route("/flags/{id}/screenshots", post(screenshots::add))
        .with_state(pipeline.clone())
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(uploads::BODY_LIMIT));
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let readers = pipeline.clone();
    let senders = tips::Senders::new(&pipeline.config.tips);
    let public = Router::new()
        .route("/lapor", get(tips::form).post(tips::submit))
        .route("/lapor/status", get(tips::status_form).post(tips::status))
        .route("/lapor/mitra", get(tips::partner_form).post(tips::partner))
        .route("/lapor/mitra/templat.csv", get(tips::template))
        .route("/laporan", get(public_record::public))
        .route("/laporan/{name}", get(public_record::public_one))
        .route("/keberatan", get(appeals::form).post(appeals::submit))
        .route("/keberatan/status", get(appeals::status_form).post(appeals::status))
        .with_state(pipeline)
        .layer(axum::Extension(senders))
        // Older browsers send no `Origin` for forms under `no-referrer`, and would be refused as strangers.
        .layer(header("referrer-policy", "same-origin"))
        // A few reports at once: each may hold some megabytes.
        .layer(tower::limit::GlobalConcurrencyLimitLayer::new(PUBLIC_AT_ONCE))
        // Uploads have their own limit.
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(tips::BODY_LIMIT));
    desk.merge(uploads)
        .merge(public)
        // Pages hold no secret that could be guessed by their length.
        .layer(CompressionLayer::new())
        .layer(axum::Extension(session::Attempts::new()))
        .layer(axum::middleware::from_fn_with_state(readers, error::in_language_of_reader))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::GATEWAY_TIMEOUT, TIMEOUT))
        // Cross-site forms are refused by Origin and Sec-Fetch-Site; cookies are SameSite=Strict besides.
        .layer(CsrfLayer::new())
        .layer(header(
            "content-security-policy",
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "no-referrer"))
        .layer(header("cache-control", "no-store"))
}
