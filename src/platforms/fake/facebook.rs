//! Facebook: Pages by name, and what a Page posted.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::threads::{failure, fault, place_of};
use super::{FakePlatforms, FakePost};
use crate::domain::{Millis, Platform, sha256_hex};

/// Fields of a Page that may be asked for.
const PAGE_FIELDS: [&str; 4] = ["id", "name", "location", "link"];
/// Fields of a post that may be asked for.
const POST_FIELDS: [&str; 14] = [
    "id",
    "message",
    "story",
    "created_time",
    "updated_time",
    "permalink_url",
    "status_type",
    "full_picture",
    "attachments",
    "shares",
    "is_published",
    "message_tags",
    "comments",
    "reactions",
];

#[derive(Deserialize)]
pub(super) struct PageQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    fields: String,
    limit: Option<usize>,
    since: Option<i64>,
    until: Option<i64>,
    after: Option<String>,
}

fn refused(fake: &FakePlatforms, headers: &HeaderMap, object: &str) -> Option<Response> {
    fake.count("facebook");
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").starts_with("Bearer EAAB") {
        return Some(failure(401, 190, 0));
    }
    if fake.hits("fb_unapproved") {
        return Some(failure(400, 10, 0));
    }
    if fake.hits("fb_buc") {
        let usage = json!({
            "type": "pages", "call_count": 100, "total_cputime": 23, "total_time": 23, "estimated_time_to_regain_access": 19,
        });
        let mut response = failure(400, 80_001, 0);
        if let Ok(value) = json!({ (object): [usage] }).to_string().parse() {
            response.headers_mut().insert("x-business-use-case-usage", value);
        }
        return Some(response);
    }
    fault(fake)
}

/// Says how much of the app's limit is used, where a fault asks for it; for answers that succeeded.
pub(super) fn usage_headers(fake: &FakePlatforms, mut response: Response) -> Response {
    let usage = if fake.hits("meta_usage_95") {
        r#"{"call_count":96,"total_time":25,"total_cputime":25}"#
    } else if fake.hits("meta_usage_75") {
        r#"{"call_count":80,"total_time":25,"total_cputime":25}"#
    } else {
        return response;
    };
    response.headers_mut().insert("x-app-usage", HeaderValue::from_static(usage));
    response
}

/// Fields side by side; what stands in brackets belongs to its field.
pub(super) fn fields_of(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let between = |c: char| {
        depth += match c {
            '(' | '{' => 1,
            ')' | '}' => -1,
            _ => 0,
        };
        c == ',' && depth == 0
    };
    text.split(between).collect()
}

/// The names of the fields asked for; `None` where one is not known.
pub(super) fn names_of<'a>(fields: &'a str, known: &[&str]) -> Option<Vec<&'a str>> {
    let name = |field: &'a str| field.split(['.', '{']).next().filter(|name| known.contains(name));
    fields_of(fields).into_iter().map(name).collect()
}

/// Only what was asked for is answered, and the id.
pub(super) fn only(mut item: Value, names: &[&str]) -> Value {
    if let Some(object) = item.as_object_mut() {
        object.retain(|name, _| name == "id" || names.contains(&name.as_str()));
    }
    item
}

/// Ids are digits, the same for everybody.
pub fn page_id(author: &str) -> String {
    let noise = sha256_hex(author.as_bytes());
    let number = u64::from_str_radix(noise.get(..10).unwrap_or("0"), 16).unwrap_or(0);
    format!("1000{:011}", number % 100_000_000_000)
}

/// Pages are those who posted.
fn pages(fake: &FakePlatforms) -> BTreeSet<&str> {
    fake.posts.iter().filter(|post| post.platform == Platform::Facebook).map(|post| post.author.as_str()).collect()
}

/// A page of `items`, which stand under `path`.
fn answer(fake: &FakePlatforms, path: &str, query: &PageQuery, limit: usize, items: &[Value]) -> Response {
    let from = place_of(query.after.as_deref());
    let data: Vec<&Value> = items.iter().skip(from).take(limit).collect();
    let end = from + data.len();
    if data.is_empty() {
        return usage_headers(fake, Json(json!({"data": []})).into_response());
    }
    // The zero leads to the same place under another name.
    let (data, after) =
        if fake.hits("fb_empty_with_next") { (Vec::new(), format!("QVFI0{from}")) } else { (data, format!("QVFI{end}")) };
    let mut paging = json!({"cursors": {"before": format!("QVFI{from}"), "after": after}});
    if let (Some(paging), true) = (paging.as_object_mut(), data.is_empty() || end < items.len()) {
        let host = if fake.hits("meta_next_foreign") { "http://169.254.169.254" } else { "https://graph.facebook.com" };
        let next = format!("{host}/v26.0/{path}?access_token=EAABrahasia&limit={limit}&after={after}");
        paging.insert("next".into(), json!(next));
    }
    usage_headers(fake, Json(json!({"data": data, "paging": paging})).into_response())
}

pub(super) async fn pages_search(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<PageQuery>,
) -> Response {
    if let Some(refused) = refused(&fake, &headers, "100000000000001") {
        return refused;
    }
    let limit = query.limit.unwrap_or(25);
    let fields = if query.fields.is_empty() { "id,name" } else { &query.fields };
    let (Some(names), false, true) = (names_of(fields, &PAGE_FIELDS), query.q.is_empty(), (1..=100).contains(&limit)) else {
        return failure(400, 100, 0);
    };
    let words: Vec<String> = query.q.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let named = |author: &&str| words.iter().all(|word| author.to_lowercase().contains(word));
    let found: Vec<Value> = pages(&fake).into_iter().filter(named).map(|author| only(page(author), &names)).collect();
    answer(&fake, "pages/search", &query, limit, &found)
}

pub(super) async fn page_posts(
    State(fake): State<FakePlatforms>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<PageQuery>,
) -> Response {
    if let Some(refused) = refused(&fake, &headers, &id) {
        return refused;
    }
    let Some(author) = pages(&fake).into_iter().find(|author| page_id(author) == id) else {
        return failure(400, 100, 33);
    };
    let limit = query.limit.unwrap_or(25);
    let (since, until) = (query.since.unwrap_or(0), query.until.unwrap_or(fake.now().secs() + 1));
    let fields = if query.fields.is_empty() { "id,message,created_time" } else { &query.fields };
    let (Some(names), true, true) = (names_of(fields, &POST_FIELDS), since < until, (1..=100).contains(&limit)) else {
        return failure(400, 100, 0);
    };
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::Facebook && post.author == author && !fake.is_removed(&post.native_id))
        .filter(|post| post.posted_at >= Millis::from_secs(since) && post.posted_at < Millis::from_secs(until))
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    let found: Vec<Value> = found.into_iter().map(|post| only(item(post), &names)).collect();
    answer(&fake, &format!("{id}/posts"), &query, limit, &found)
}

fn page(author: &str) -> Value {
    let id = page_id(author);
    let location = json!({"city": "Bandung", "country": "Indonesia"});
    json!({"id": id, "name": author, "link": format!("https://www.facebook.com/{id}"), "location": location})
}

fn item(post: &FakePost) -> Value {
    let page = page_id(&post.author);
    let at = post.posted_at.timestamp().strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
    let shares = post.views / 1000;
    let mut item = json!({
        "id": format!("{page}_{}", post.native_id), "message": post.text, "created_time": at, "updated_time": at,
        "permalink_url": format!("https://www.facebook.com/{page}/posts/{}", post.native_id),
        "status_type": "added_photos", "is_published": true, "shares": {"count": shares},
        "comments": {"data": [], "summary": {"order": "ranked", "total_count": 12, "can_comment": false}},
        "reactions": {"data": [], "summary": {"total_count": 44}},
    });
    if let Some(object) = item.as_object_mut() {
        // A post can be a picture alone, and nought is not said.
        object.retain(|name, _| match name.as_str() {
            "message" => !post.text.is_empty(),
            "shares" => shares > 0,
            _ => true,
        });
    }
    item
}
