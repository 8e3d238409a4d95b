//! Mastodon: the timeline of a hashtag.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FakePlatforms, FakePost};
use crate::domain::Platform;

#[derive(Deserialize)]
pub(super) struct TimelineQuery {
    limit: Option<usize>,
    max_id: Option<u64>,
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": message }))).into_response()
}

pub(super) async fn tag(
    State(fake): State<FakePlatforms>,
    Path(tag): Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Response {
    fake.count("mastodon");
    if fake.hits("md_private") {
        return failure(StatusCode::UNPROCESSABLE_ENTITY, "This method requires an authenticated user");
    }
    if fake.hits("md_rate") {
        let reset = crate::domain::Millis(fake.now().0 + 300_000).timestamp().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
        let mut response = failure(StatusCode::TOO_MANY_REQUESTS, "Terlalu banyak permintaan");
        if let Ok(value) = reset.parse() {
            response.headers_mut().insert("x-ratelimit-reset", value);
        }
        return response;
    }
    let limit = query.limit.unwrap_or(20).min(40);
    let tag = tag.to_lowercase();
    let joined = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| {
            post.platform == Platform::Mastodon && !fake.is_removed(&post.native_id) && joined(&post.text).contains(&tag)
        })
        .filter(|post| query.max_id.is_none_or(|max_id| number(post) < max_id))
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(number(post)));
    let page: Vec<Value> = found.iter().take(limit).map(|post| status(post)).collect();
    let mut response = Json(&page).into_response();
    if let (Some(last), true) = (found.get(limit.saturating_sub(1)), found.len() > limit) {
        let host = if fake.hits("md_foreign_next") { "http://169.254.169.254" } else { "https://mastodon.contoh" };
        let link = format!(r#"<{host}/api/v1/timelines/tag/{tag}?limit={limit}&max_id={}>; rel="next""#, number(last));
        if let Ok(value) = link.parse() {
            response.headers_mut().insert("link", value);
        }
    }
    response
}

/// Ids of the platform begin with the time.
fn number(post: &FakePost) -> u64 {
    let tie = post.native_id.bytes().fold(0_u64, |sum, byte| (sum * 31 + u64::from(byte)) & 0xffff);
    (u64::try_from(post.posted_at.0).unwrap_or(0) << 16) | tie
}

fn status(post: &FakePost) -> Value {
    let html = post.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br />");
    json!({
        "id": number(post).to_string(), "uri": post.native_id, "url": post.native_id,
        "created_at": post.posted_at.timestamp().to_string(), "content": format!("<p>{html}</p>"), "spoiler_text": "",
        "visibility": "public", "language": "id", "account": {"id": "1", "username": post.author, "acct": post.author},
        "reblog": null, "replies_count": 0, "reblogs_count": 0, "favourites_count": 1,
    })
}
