//! Instagram: ids of hashtags, and the public posts of the last day under one.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::threads::{failure, fault, place_of};
use super::{FakePlatforms, FakePost};
use crate::domain::{Millis, Platform, sha256_hex};

/// Hashtags that one account may ask about in a week.
const MOST_TAGS: usize = 30;
/// A day, milliseconds.
const DAY: i64 = 86_400_000;

#[derive(Deserialize)]
pub(super) struct TagQuery {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    q: String,
    limit: Option<usize>,
    after: Option<String>,
    #[serde(default)]
    fields: String,
}

fn refused(fake: &FakePlatforms, headers: &HeaderMap, query: &TagQuery) -> Option<Response> {
    fake.count("instagram");
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").starts_with("Bearer EAAB") {
        return Some(failure(401, 190, 0));
    }
    if query.user_id.is_empty() {
        return Some(failure(400, 100, 0));
    }
    if fake.hits("ig_unapproved") {
        return Some(failure(400, 10, 0));
    }
    fault(fake)
}

/// Ids are digits, the same for everybody.
pub(super) fn id_of(tag: &str) -> String {
    let noise = sha256_hex(tag.as_bytes());
    format!("1784{:013}", u64::from_str_radix(noise.get(..10).unwrap_or("0"), 16).unwrap_or(0))
}

pub(super) async fn hashtag(State(fake): State<FakePlatforms>, headers: HeaderMap, Query(query): Query<TagQuery>) -> Response {
    if let Some(refused) = refused(&fake, &headers, &query) {
        return refused;
    }
    let plain = !query.q.is_empty() && query.q.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !plain || fake.hits("ig_sensitive") {
        return failure(400, 24, 2_207_024);
    }
    let tags = fake.note_tag(&query.q);
    if tags > MOST_TAGS || fake.hits("ig_budget") {
        return failure(400, 18, 2_207_034);
    }
    Json(json!({"data": [{"id": id_of(&query.q)}]})).into_response()
}

pub(super) async fn recent_media(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<TagQuery>,
) -> Response {
    if let Some(refused) = refused(&fake, &headers, &query) {
        return refused;
    }
    let limit = query.limit.unwrap_or(25);
    let known =
        ["id", "caption", "permalink", "timestamp", "media_type", "media_url", "like_count", "comments_count", "children"];
    if limit > 50 || query.fields.split(',').any(|field| !known.contains(&field)) {
        return failure(400, 100, 0);
    }
    let found = under(&fake, &id);
    let from = place_of(query.after.as_deref());
    let page: Vec<Value> = found.iter().skip(from).take(limit).map(|post| item(post)).collect();
    let end = from + page.len();
    let mut paging = json!({"cursors": {"after": format!("QVFI{end}")}});
    if let (Some(paging), true) = (paging.as_object_mut(), found.len() > end) {
        let host = if fake.hits("meta_next_foreign") { "http://169.254.169.254" } else { "https://graph.facebook.com" };
        paging.insert("next".into(), json!(format!("{host}/v26.0/{id}/recent_media?access_token=EAABrahasia&after=QVFI{end}")));
    }
    Json(json!({"data": page, "paging": paging})).into_response()
}

/// Posts of the last 24 hours that carry the hashtag.
fn under<'a>(fake: &'a FakePlatforms, id: &str) -> Vec<&'a FakePost> {
    let since = Millis(fake.now().0 - DAY);
    let carries = |text: &str| {
        let words = text.split('#').skip(1);
        let tags = words.map(|word| word.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_lowercase());
        tags.into_iter().any(|tag| id_of(&tag) == id)
    };
    let posts = fake.posts.iter().filter(|post| post.platform == Platform::Instagram && !fake.is_removed(&post.native_id));
    posts.filter(|post| post.posted_at >= since && post.posted_at <= fake.now() && carries(&post.text)).collect()
}

pub(super) fn item(post: &FakePost) -> Value {
    json!({
        "id": format!("18{:015}", post.posted_at.0 / 1000),
        "caption": post.text,
        "permalink": format!("https://www.instagram.com/p/{}/", post.native_id),
        "timestamp": post.posted_at.timestamp().strftime("%Y-%m-%dT%H:%M:%S+0000").to_string(),
    })
}
