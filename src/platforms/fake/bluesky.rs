//! Bluesky: a session, and search on the account's own server.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FakePlatforms, FakePost, time};
use crate::domain::Platform;

#[derive(Deserialize)]
pub(super) struct Session {
    identifier: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

fn failure(status: StatusCode, name: &str) -> Response {
    (status, Json(json!({"error": name, "message": "pesan untuk orang"}))).into_response()
}

pub(super) async fn create_session(State(fake): State<FakePlatforms>, Json(session): Json<Session>) -> Response {
    fake.count("bluesky");
    if session.password != "sandi-uji" || session.identifier.is_empty() || fake.hits("bs_password") {
        return failure(StatusCode::UNAUTHORIZED, "AuthenticationRequired");
    }
    let number = fake.next_token();
    Json(json!({
        "accessJwt": format!("bsky-{number}"), "refreshJwt": format!("refresh-{number}"), "handle": session.identifier,
        "did": "did:plc:rekaan", "active": true,
    }))
    .into_response()
}

pub(super) async fn search_posts(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<SearchQuery>,
) -> Response {
    fake.count("bluesky");
    if fake.hits("bs_blocked_host") {
        return (StatusCode::FORBIDDEN, Html("<h1>Request forbidden by administrative rules</h1>")).into_response();
    }
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
    if !token.starts_with("Bearer bsky-") {
        return failure(StatusCode::UNAUTHORIZED, "AuthenticationRequired");
    }
    if fake.hits("bs_expired") {
        return failure(StatusCode::BAD_REQUEST, "ExpiredToken");
    }
    if fake.hits("bs_rate") {
        let reset = (fake.now().secs() + 300).to_string();
        let mut response = failure(StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded");
        if let Ok(value) = reset.parse() {
            response.headers_mut().insert("ratelimit-reset", value);
        }
        return response;
    }
    if fake.hits("bs_502") {
        return failure(StatusCode::BAD_GATEWAY, "UpstreamFailure");
    }
    let limit = query.limit.unwrap_or(25);
    let (Some(since), Some(until), false, true) =
        (time(query.since.as_deref()), time(query.until.as_deref()), query.q.is_empty(), limit <= 100)
    else {
        return failure(StatusCode::BAD_REQUEST, "BadQueryString");
    };
    let phrase = query.q.trim_matches('"').to_lowercase();
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::Bluesky && post.posted_at >= since && post.posted_at < until)
        .filter(|post| post.text.to_lowercase().contains(&phrase))
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    let from: usize = query.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let end = (from + limit).min(found.len());
    // The page is cut before what is hidden is taken out of it.
    let page = found.get(from..end).unwrap_or_default().iter().filter(|post| !fake.is_removed(&post.native_id));
    let posts: Vec<Value> = page.map(|post| view(post)).collect();
    let mut answer = json!({"hitsTotal": found.len(), "posts": posts});
    if let (Some(object), true) = (answer.as_object_mut(), end < found.len()) {
        object.insert("cursor".into(), json!(end.to_string()));
    }
    Json(answer).into_response()
}

/// Repeated `uris`: up to 25; what is not there is left out.
pub(super) async fn get_posts(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    fake.count("bluesky");
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
    if !token.starts_with("Bearer bsky-") {
        return failure(StatusCode::UNAUTHORIZED, "AuthenticationRequired");
    }
    let uris: Vec<&str> = query.iter().filter(|(name, _)| name == "uris").map(|(_, uri)| uri.as_str()).collect();
    if uris.is_empty() || uris.len() > 25 {
        return failure(StatusCode::BAD_REQUEST, "InvalidRequest");
    }
    let of_platform = fake.posts.iter().filter(|post| post.platform == Platform::Bluesky);
    let posts = of_platform.filter_map(|post| fake.shown(post)).map(|post| view(&post));
    let asked = |post: &Value| post.get("uri").and_then(Value::as_str).is_some_and(|uri| uris.contains(&uri));
    Json(json!({"posts": posts.filter(asked).collect::<Vec<_>>()})).into_response()
}

fn view(post: &FakePost) -> Value {
    let (did, rkey) = post.native_id.split_once('/').unwrap_or(("did:plc:rekaan", &post.native_id));
    let at = post.posted_at.timestamp().to_string();
    json!({
        "uri": format!("at://{did}/app.bsky.feed.post/{rkey}"), "cid": "bafyrekaan",
        "author": {"did": did, "handle": post.author, "labels": []},
        "record": {"$type": "app.bsky.feed.post", "createdAt": at, "langs": ["id"], "text": post.text},
        "replyCount": 0, "repostCount": 1, "likeCount": 2, "indexedAt": at, "labels": [],
    })
}
