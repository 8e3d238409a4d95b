//! TikTok: token, video query, oEmbed.

use axum::Json;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FakePlatforms, FakePost};
use crate::domain::{Millis, Platform, sha256_hex};

/// Videos are searchable this long after they were posted.
const INDEX_DELAY_MS: i64 = 48 * 3_600_000;

#[derive(Deserialize)]
pub(super) struct TokenForm {
    #[serde(default)]
    client_key: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    grant_type: String,
}

pub(super) async fn token(State(fake): State<FakePlatforms>, Form(form): Form<TokenForm>) -> Response {
    if form.client_key.is_empty() || form.client_secret.is_empty() || fake.hits("tt_bad_client") {
        // Refusals of the token come with status 200 and a flat body.
        return Json(
            json!({"error": "invalid_client", "error_description": "Client key or secret is incorrect.", "log_id": "FAKE0001"}),
        )
        .into_response();
    }
    if form.grant_type != "client_credentials" {
        return Json(json!({"error": "unsupported_grant_type", "error_description": "", "log_id": "FAKE0001"})).into_response();
    }
    let number = {
        let mut inner = fake.lock();
        inner.tokens += 1;
        inner.tokens
    };
    Json(json!({"access_token": format!("clt.fake{number}"), "expires_in": 7200, "token_type": "Bearer"})).into_response()
}

fn failure(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"data": {}, "error": {"code": code, "message": message, "log_id": "FAKE0002"}}))).into_response()
}

/// A fault of the query endpoint, if one is on.
fn query_fault(fake: &FakePlatforms) -> Option<Response> {
    if fake.hits("tt_500") {
        return Some(failure(500, "internal_error", "Something is wrong. Please try again later."));
    }
    if fake.hits("tt_504_html") {
        return Some((StatusCode::GATEWAY_TIMEOUT, "<html><body>504 Gateway Time-out</body></html>").into_response());
    }
    if fake.hits("tt_rate_short") {
        return Some(failure(429, "rate_limit_exceeded", "The API rate limit was exceeded."));
    }
    if fake.hits("tt_quota_daily") {
        return Some(failure(429, "daily_quota_limit_exceeded", "The daily quota was exceeded."));
    }
    if fake.hits("tt_token_expired") {
        return Some(failure(401, "access_token_invalid", "The access token is invalid."));
    }
    fake.hits("tt_scope").then(|| failure(401, "scope_not_authorized", "The scope is not authorized."))
}

pub(super) async fn query(State(fake): State<FakePlatforms>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    fake.count("tiktok");
    let bearer = headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("");
    if !bearer.starts_with("Bearer clt.") {
        return failure(401, "access_token_invalid", "The access token is invalid.");
    }
    if let Some(fault) = query_fault(&fake) {
        return fault;
    }
    let request = match read_request(&body) {
        Ok(request) => request,
        Err(message) => return failure(400, "invalid_params", message),
    };
    if let Err(refusal) = check_search_id(&fake, &request) {
        return refusal;
    }
    let found = search(&fake, &body, &request);
    let search_id = remember_search(&fake, &request);
    let from = usize::try_from(request.cursor).unwrap_or(0);
    if from == 0 && fake.hits("tt_empty_page") {
        let data = json!({"videos": [], "cursor": 0, "has_more": true, "search_id": search_id});
        return Json(json!({"data": data, "error": {"code": "ok", "message": "", "log_id": "FAKE0002"}})).into_response();
    }
    // Pages are cut first and hidden videos taken out afterwards: pages can be short.
    let page: Vec<&FakePost> = found.iter().skip(from).take(request.max_count).copied().collect();
    let mut videos: Vec<Value> = page.iter().filter(|p| !fake.is_removed(&p.native_id)).map(|p| video(p)).collect();
    if fake.hits("tt_odd_items") {
        make_odd(&mut videos);
    }
    let end = from + request.max_count;
    let data = json!({"videos": videos, "cursor": end, "has_more": found.len() > end, "search_id": search_id});
    Json(json!({"data": data, "error": {"code": "ok", "message": "", "log_id": "FAKE0002"}})).into_response()
}

struct VideoRequest {
    start: String,
    end: String,
    max_count: usize,
    cursor: i64,
    search_id: Option<String>,
    query_hash: String,
}

fn read_request(body: &Value) -> Result<VideoRequest, &'static str> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let (start, end) = (text("start_date"), text("end_date"));
    let day = |date: &str| jiff::civil::Date::strptime("%Y%m%d", date).ok();
    let (Some(first), Some(last)) = (day(&start), day(&end)) else { return Err("dates must be YYYYMMDD") };
    if last < first || (last - first).get_days() > 30 {
        return Err("end_date must be at most 30 days after start_date");
    }
    let query = body.get("query").cloned().unwrap_or_default();
    let lists = ["and", "or", "not"].map(|name| query.get(name).and_then(Value::as_array).map_or(0, Vec::len));
    if lists.iter().sum::<usize>() == 0 {
        return Err("query must have a condition");
    }
    let max_count = body.get("max_count").and_then(Value::as_u64).unwrap_or(20);
    if !(1..=100).contains(&max_count) {
        return Err("max_count must be 1 to 100");
    }
    Ok(VideoRequest {
        query_hash: sha256_hex(format!("{query}{start}{end}{max_count}").as_bytes()),
        start,
        end,
        max_count: usize::try_from(max_count).unwrap_or(20),
        cursor: body.get("cursor").and_then(Value::as_i64).unwrap_or(0),
        search_id: body.get("search_id").and_then(Value::as_str).map(str::to_owned),
    })
}

/// A search id must be known and belong to the same query; now and then it is not known yet.
#[expect(clippy::result_large_err, reason = "the refusal is the answer")]
fn check_search_id(fake: &FakePlatforms, request: &VideoRequest) -> Result<(), Response> {
    let Some(id) = &request.search_id else { return Ok(()) };
    let refuse = || Err(failure(400, "invalid_params", &format!("Search Id {id} is invalid or expired")));
    let late = request.cursor >= i64::try_from(request.max_count * 4).unwrap_or(0) && fake.hits("tt_search_id_late");
    if late || fake.hits("tt_search_id_flaky") || fake.hits("tt_search_id_dead") {
        return refuse();
    }
    match fake.lock().searches.get_mut(id) {
        Some((hash, uses)) if *hash == request.query_hash => {
            *uses += 1;
            Ok(())
        }
        _ => refuse(),
    }
}

fn remember_search(fake: &FakePlatforms, request: &VideoRequest) -> String {
    let mut inner = fake.lock();
    if let Some(id) = &request.search_id {
        id.clone()
    } else {
        let id = format!("77101011{:011}", inner.searches.len() + 1);
        inner.searches.insert(id.clone(), (request.query_hash.clone(), 0));
        id
    }
}

fn search<'a>(fake: &'a FakePlatforms, body: &Value, request: &VideoRequest) -> Vec<&'a FakePost> {
    let now = fake.now();
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::Tiktok && post.posted_at.0 + INDEX_DELAY_MS <= now.0)
        .filter(|post| {
            let day = super::super::compact_day(post.posted_at);
            request.start <= day && day <= request.end && matches_query(post, body)
        })
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    found
}

fn matches_query(post: &FakePost, body: &Value) -> bool {
    let list = |name: &str| body.pointer(&format!("/query/{name}")).and_then(Value::as_array).cloned().unwrap_or_default();
    let holds = |condition: &Value| matches_condition(post, condition);
    let (and, or, not) = (list("and"), list("or"), list("not"));
    and.iter().all(holds) && (or.is_empty() || or.iter().any(holds)) && !not.iter().any(holds)
}

fn matches_condition(post: &FakePost, condition: &Value) -> bool {
    let values: Vec<String> = condition
        .get("field_values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_lowercase)
        .collect();
    let text = post.text.to_lowercase();
    match condition.get("field_name").and_then(Value::as_str).unwrap_or("") {
        "keyword" => values.iter().any(|value| text.contains(value)),
        "hashtag_name" => values.iter().any(|value| text.contains(&format!("#{value}"))),
        "region_code" => values.contains(&post.region.to_lowercase()),
        "username" => values.contains(&post.author),
        _ => false,
    }
}

fn video(post: &FakePost) -> Value {
    json!({
        "id": post.native_id.parse::<u64>().unwrap_or(0),
        "create_time": post.posted_at.secs(),
        "username": post.author,
        "region_code": post.region,
        "video_description": post.text,
        "view_count": post.views,
    })
}

/// What the fact sheets say really happens to items.
fn make_odd(videos: &mut Vec<Value>) {
    for (index, video) in videos.iter_mut().enumerate() {
        let Some(object) = video.as_object_mut() else { continue };
        match index % 4 {
            0 => {
                let text = object.get("video_description").and_then(Value::as_str).unwrap_or("").to_owned();
                object.insert("video_description".into(), json!(format!("{text}\u{0}")));
            }
            1 => {
                object.remove("view_count");
            }
            2 => {
                object.insert("sebuah_bidang_baru".into(), json!({"a": [1, 2]}));
            }
            _ => {
                let id = object.get("id").map(Value::to_string).unwrap_or_default();
                object.insert("id".into(), json!(id));
            }
        }
    }
    videos.push(json!({"id": "bukan-angka", "video_description": "rusak"}));
}

#[derive(Deserialize)]
pub(super) struct OembedQuery {
    #[serde(default)]
    url: String,
}

pub(super) async fn oembed(State(fake): State<FakePlatforms>, Query(query): Query<OembedQuery>) -> Response {
    fake.count("oembed");
    if fake.hits("oembed_429") {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], "").into_response();
    }
    let gone = || (StatusCode::NOT_FOUND, Json(json!({"code": 400, "message": "Something went wrong"}))).into_response();
    let Ok(address) = crate::platforms::address::parse(&query.url) else { return gone() };
    let post = fake.posts.iter().find(|p| p.platform == Platform::Tiktok && p.native_id == address.native_id);
    match post.and_then(|post| fake.shown(post)) {
        Some(post) if !fake.hits("oembed_gone") => oembed_answer(&post, fake.now()),
        _ => gone(),
    }
}

fn oembed_answer(post: &FakePost, now: Millis) -> Response {
    Json(json!({
        "version": "1.0", "type": "video", "title": post.text, "author_name": post.author, "author_unique_id": post.author,
        "author_url": format!("https://www.tiktok.com/@{}", post.author), "width": "100%", "height": "100%",
        "html": "<blockquote class=\"tiktok-embed\">…</blockquote>", "embed_product_id": post.native_id, "embed_type": "video",
        "thumbnail_url": format!("https://gambar.example/obj?x-expires={}", now.secs() + 86_400),
        "provider_name": "TikTok", "provider_url": "https://www.tiktok.com",
    }))
    .into_response()
}
