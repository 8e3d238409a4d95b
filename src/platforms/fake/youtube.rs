//! YouTube: search and videos.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Changed, FakePlatforms, FakePost, time};
use crate::domain::Platform;

/// Hits of one search that can be reached, whatever `totalResults` says.
const REACHABLE: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    r#type: Option<String>,
    published_after: Option<String>,
    published_before: Option<String>,
    max_results: Option<usize>,
    page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct VideosQuery {
    #[serde(default)]
    id: String,
    #[serde(default)]
    part: String,
}

fn failure(status: u16, reason: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let errors = json!([{"message": message, "domain": "youtube", "reason": reason}]);
    (status, Json(json!({"error": {"code": status.as_u16(), "message": message, "errors": errors}}))).into_response()
}

fn fault(fake: &FakePlatforms, headers: &HeaderMap) -> Option<Response> {
    if headers.get("x-goog-api-key").is_none_or(|key| key != "kunci-uji") || fake.hits("yt_key") {
        return Some(failure(400, "keyInvalid", "Bad Request"));
    }
    if fake.hits("yt_blocked") {
        return Some(failure(403, "forbidden", "Requests to this API youtube method are blocked."));
    }
    if fake.hits("yt_quota_old") {
        return Some(failure(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota."));
    }
    if fake.hits("yt_rate") {
        return Some(failure(403, "userRateLimitExceeded", "User rate limit exceeded."));
    }
    fake.hits("yt_503").then(|| failure(503, "backendError", "Backend Error"))
}

pub(super) async fn search(State(fake): State<FakePlatforms>, headers: HeaderMap, Query(query): Query<SearchQuery>) -> Response {
    fake.count("youtube_search");
    if let Some(fault) = fault(&fake, &headers) {
        return fault;
    }
    if fake.hits("yt_quota") {
        let message = "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day' of service 'youtube.googleapis.com'";
        return failure(429, "rateLimitExceeded", message);
    }
    let (Some(after), Some(before)) = (time(query.published_after.as_deref()), time(query.published_before.as_deref())) else {
        return failure(400, "invalidSearchFilter", "a bound is missing or no time");
    };
    let size = query.max_results.unwrap_or(5);
    if query.r#type.as_deref() != Some("video") || size > 50 {
        return failure(400, "invalidSearchFilter", "type or maxResults");
    }
    let from = match query.page_token.as_deref() {
        None => 0,
        Some(_) if fake.hits("yt_token") => {
            return failure(400, "invalidPageToken", "The request specifies an invalid page token.");
        }
        Some(token) => match token.strip_prefix("CA").and_then(|rest| rest.strip_suffix("QAA")).and_then(|n| n.parse().ok()) {
            Some(from) => from,
            None => return failure(400, "invalidPageToken", "The request specifies an invalid page token."),
        },
    };
    let phrases: Vec<String> = query.q.split('|').map(|word| word.trim().trim_matches('"').to_lowercase()).collect();
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::Youtube && post.posted_at >= after && post.posted_at < before)
        .filter(|post| phrases.iter().any(|phrase| post.text.to_lowercase().contains(phrase)))
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    let items: Vec<Value> = found.iter().take(REACHABLE).skip(from).take(size).map(|post| hit(post)).collect();
    let end = from + items.len();
    let mut answer = json!({
        "kind": "youtube#searchListResponse", "etag": "q1w2e3", "regionCode": "ID",
        // A guess, as on the real platform.
        "pageInfo": {"totalResults": found.len() * 3 / 2 + 7, "resultsPerPage": items.len()}, "items": items,
    });
    if let (Some(object), true) = (answer.as_object_mut(), end > from && end < found.len().min(REACHABLE)) {
        object.insert("nextPageToken".into(), json!(format!("CA{end}QAA")));
    }
    Json(answer).into_response()
}

/// Search answers are escaped, and their description is cut.
fn hit(post: &FakePost) -> Value {
    let escaped = post.text.replace('&', "&amp;").replace('\'', "&#39;");
    let cut: String = escaped.chars().take(60).collect();
    json!({
        "kind": "youtube#searchResult", "etag": "z", "id": {"kind": "youtube#video", "videoId": post.native_id},
        "snippet": {
            "publishedAt": post.posted_at.timestamp().to_string(), "channelId": "UCrekaan0000000000000000", "title": cut,
            "description": "", "channelTitle": post.author, "liveBroadcastContent": "none",
        },
    })
}

pub(super) async fn videos(State(fake): State<FakePlatforms>, headers: HeaderMap, Query(query): Query<VideosQuery>) -> Response {
    fake.count("youtube_units");
    if let Some(fault) = fault(&fake, &headers) {
        return fault;
    }
    let ids: Vec<&str> = query.id.split(',').filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > 50 {
        return failure(400, "invalidFilters", "1 to 50 ids");
    }
    // What is deleted or private is simply not there; what is blocked in a country is, and says so.
    let asked = |post: &&FakePost| ids.contains(&post.native_id.as_str()) && !fake.is_removed(&post.native_id);
    let item = |post: &FakePost| match fake.changed(&post.native_id) {
        None => Some(video(post, &query.part, false)),
        Some(Changed::Restricted) => Some(video(post, &query.part, true)),
        Some(Changed::Edited(text)) => Some(video(&FakePost { text, ..post.clone() }, &query.part, false)),
        Some(Changed::Private) => None,
    };
    let items: Vec<Value> = fake.posts.iter().filter(asked).filter_map(item).collect();
    Json(json!({"kind": "youtube#videoListResponse", "pageInfo": {"totalResults": items.len()}, "items": items})).into_response()
}

fn video(post: &FakePost, parts: &str, blocked: bool) -> Value {
    let mut video = json!({
        "kind": "youtube#video", "etag": "e", "id": post.native_id,
        "snippet": {
            "publishedAt": post.posted_at.timestamp().to_string(), "channelId": "UCrekaan0000000000000000",
            "title": post.text, "description": "", "channelTitle": post.author, "categoryId": "26",
        },
        // 64-bit counters are text; likes may be hidden.
        "statistics": {"viewCount": post.views.to_string(), "favoriteCount": "0"},
        "status": {"uploadStatus": "processed", "privacyStatus": "public", "embeddable": true},
        "contentDetails": {"duration": "PT0M31S", "regionRestriction": if blocked { json!({"blocked": ["ID"]}) } else { json!({}) }},
    });
    // Only the parts that were asked for.
    if let Some(object) = video.as_object_mut() {
        object.retain(|name, _| matches!(name.as_str(), "kind" | "etag" | "id") || parts.split(',').any(|part| part == name));
    }
    video
}
