//! Threads: keyword search.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::facebook::usage_headers;
use super::{FakePlatforms, FakePost};
use crate::domain::{Millis, Platform};

/// The day Threads began; earlier `since` values are refused.
const LAUNCH: i64 = 1_688_540_400;

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    since: Option<i64>,
    until: Option<i64>,
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) fn failure(status: u16, code: i64, subcode: i64) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = json!({"message": "Terjadi kesalahan", "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "AFake01"});
    (status, Json(json!({ "error": error }))).into_response()
}

pub(super) fn fault(fake: &FakePlatforms) -> Option<Response> {
    if fake.hits("meta_190") {
        return Some(failure(400, 190, 463));
    }
    if fake.hits("meta_368") {
        return Some(failure(400, 368, 0));
    }
    if fake.hits("meta_4_403") {
        return Some(failure(403, 4, 0));
    }
    if fake.hits("meta_200_error") {
        return Some(failure(200, 2, 0));
    }
    fake.hits("meta_500").then(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Where a page begins.
pub(super) fn place_of(after: Option<&str>) -> usize {
    after.and_then(|after| after.strip_prefix("QVFI")).and_then(|n| n.parse().ok()).unwrap_or(0)
}

pub(super) async fn keyword_search(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<SearchQuery>,
) -> Response {
    fake.count("threads");
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").starts_with("Bearer TH") {
        return failure(401, 190, 0);
    }
    if let Some(fault) = fault(&fake) {
        return fault;
    }
    let now = fake.now();
    let (since, until) = (query.since.unwrap_or(LAUNCH), query.until.unwrap_or(now.secs()));
    let limit = query.limit.unwrap_or(25);
    if query.q.is_empty() || since < LAUNCH || until > now.secs() || since >= until || limit > 100 {
        return failure(400, 100, 0);
    }
    if fake.hits("th_unapproved") {
        return Json(json!({"data": []})).into_response();
    }
    let found = search(&fake, &query.q, since, until);
    let from = place_of(query.after.as_deref());
    let page: Vec<Value> = found.iter().skip(from).take(limit).map(|post| item(post)).collect();
    let end = from + page.len();
    let mut answer = json!({ "data": page });
    if let (Some(object), true) = (answer.as_object_mut(), end > from) {
        let mut paging = json!({"cursors": {"before": format!("QVFI{from}"), "after": format!("QVFI{end}")}});
        if let (Some(paging), true) = (paging.as_object_mut(), found.len() > end && !fake.hits("th_no_next")) {
            let host = if fake.hits("meta_next_foreign") { "http://169.254.169.254" } else { "https://graph.threads.net" };
            paging.insert("next".into(), json!(format!("{host}/v1.0/keyword_search?access_token=THrahasia&after=QVFI{end}")));
        }
        object.insert("paging".into(), paging);
    }
    usage_headers(&fake, Json(answer).into_response())
}

/// Who the token belongs to.
pub(super) async fn me(State(fake): State<FakePlatforms>) -> Response {
    fake.count("threads");
    Json(json!({"id": "10001", "username": "kementerian.contoh"})).into_response()
}

/// A new token of sixty days for the old one.
pub(super) async fn refresh(State(fake): State<FakePlatforms>, headers: HeaderMap) -> Response {
    fake.count("threads");
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").starts_with("Bearer TH") || fake.hits("meta_190")
    {
        return failure(401, 190, 0);
    }
    let token = format!("THbaru{}", fake.next_token());
    Json(json!({"access_token": token, "token_type": "bearer", "expires_in": 5_184_000})).into_response()
}

/// When a token ends: in ten days. Only the app itself may ask.
pub(super) async fn debug_token(State(fake): State<FakePlatforms>, headers: HeaderMap) -> Response {
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").contains('|') {
        return failure(400, 100, 0);
    }
    let until = fake.now().secs() + 10 * 86_400;
    Json(json!({"data": {"app_id": "1234567890", "type": "USER", "is_valid": true, "expires_at": until, "data_access_expires_at": until + 86_400}}))
        .into_response()
}

/// Posts that hold every word asked for, newest first.
fn search<'a>(fake: &'a FakePlatforms, words: &str, since: i64, until: i64) -> Vec<&'a FakePost> {
    let words: Vec<String> = words.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::Threads && !fake.is_removed(&post.native_id))
        .filter(|post| post.posted_at >= Millis::from_secs(since) && post.posted_at < Millis::from_secs(until))
        .filter(|post| {
            let text = post.text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    found
}

fn item(post: &FakePost) -> Value {
    json!({
        "id": format!("18{:015}", post.posted_at.0 / 1000),
        "text": post.text,
        "permalink": format!("https://www.threads.net/@{}/post/{}", post.author, post.native_id),
        "timestamp": post.posted_at.timestamp().strftime("%Y-%m-%dT%H:%M:%S+0000").to_string(),
        "username": post.author,
        "shortcode": post.native_id,
    })
}
