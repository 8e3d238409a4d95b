//! Instagram: what a professional account posted, through Business Discovery.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::facebook::{fields_of, names_of, only, usage_headers};
use super::instagram;
use super::threads::{failure, fault, place_of};
use super::{FakePlatforms, FakePost};
use crate::domain::Platform;

/// Fields of an account that may be asked for.
const ACCOUNT_FIELDS: [&str; 8] = ["id", "username", "name", "biography", "website", "followers_count", "media_count", "media"];
/// Fields of its media that may be asked for.
const MEDIA_FIELDS: [&str; 9] =
    ["id", "caption", "permalink", "timestamp", "media_type", "media_url", "like_count", "comments_count", "view_count"];

#[derive(Deserialize)]
pub(super) struct AccountQuery {
    #[serde(default)]
    fields: String,
}

/// What the text of the fields asks for.
struct Asked<'a> {
    name: &'a str,
    fields: Vec<&'a str>,
    media: Option<Media<'a>>,
}

struct Media<'a> {
    limit: usize,
    after: Option<&'a str>,
    fields: Vec<&'a str>,
}

/// `business_discovery.username(NAME){…}`; `None` where it is anything else.
fn read(fields: &str) -> Option<Asked<'_>> {
    let rest = fields.strip_prefix("business_discovery.username(")?;
    let (name, rest) = rest.split_once(')')?;
    let plain = (1..=30).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    let inside = rest.strip_prefix('{')?.strip_suffix('}')?;
    let fields = names_of(inside, &ACCOUNT_FIELDS).filter(|_| plain)?;
    let is_media = |field: &&str| field.split(['.', '{']).next() == Some("media");
    let media = match fields_of(inside).into_iter().find(is_media).and_then(|field| field.strip_prefix("media")) {
        Some(rest) => Some(read_media(rest)?),
        None => None,
    };
    Some(Asked { name, fields, media })
}

/// `.limit(25).after(CURSOR){…}`, each part optional.
fn read_media(text: &str) -> Option<Media<'_>> {
    let (calls, fields) = match text.split_once('{') {
        Some((calls, fields)) => (calls, fields.strip_suffix('}')?),
        None => (text, "id"),
    };
    let mut media = Media { limit: 25, after: None, fields: names_of(fields, &MEDIA_FIELDS)? };
    for call in calls.split('.').skip(1) {
        match call.strip_suffix(')')?.split_once('(')? {
            ("limit", limit) => media.limit = limit.parse::<usize>().ok().filter(|limit| (1..=50).contains(limit))?,
            ("after", cursor) => media.after = Some(cursor),
            _ => return None,
        }
    }
    Some(media)
}

fn refused(fake: &FakePlatforms, headers: &HeaderMap) -> Option<Response> {
    fake.count("instagram");
    if !headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("").starts_with("Bearer EAAB") {
        return Some(failure(401, 190, 0));
    }
    if fake.hits("ig_unapproved") {
        return Some(failure(400, 10, 0));
    }
    fault(fake)
}

pub(super) async fn business(
    State(fake): State<FakePlatforms>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<AccountQuery>,
) -> Response {
    if let Some(refused) = refused(&fake, &headers) {
        return refused;
    }
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return failure(400, 100, 33);
    }
    let Some(asked) = read(&query.fields) else { return failure(400, 100, 0) };
    let of_account = |post: &&FakePost| post.platform == Platform::Instagram && post.author.eq_ignore_ascii_case(asked.name);
    let mut found: Vec<&FakePost> = fake.posts.iter().filter(of_account).collect();
    let Some(any) = found.first().copied() else { return failure(400, 110, 2_207_013) };
    let name = &any.author;
    let now = fake.now();
    found.retain(|post| post.posted_at <= now && !fake.is_removed(&post.native_id));
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    let mut account = json!({
        "id": instagram::id_of(name), "username": name, "name": name, "biography": "akun rekaan", "followers_count": 15_200,
        "media_count": found.len(),
    });
    if let (Some(account), Some(media)) = (account.as_object_mut(), &asked.media) {
        account.insert("media".into(), page(&found, media));
    }
    usage_headers(&fake, Json(json!({"business_discovery": only(account, &asked.fields), "id": id})).into_response())
}

/// Cursors only, never an address; the last page names nothing after it.
fn page(found: &[&FakePost], media: &Media<'_>) -> Value {
    let from = place_of(media.after);
    let data: Vec<Value> = found.iter().skip(from).take(media.limit).map(|post| only(item(post), &media.fields)).collect();
    let end = from + data.len();
    if data.is_empty() {
        return json!({"data": []});
    }
    let before = format!("QVFI{from}");
    let cursors =
        if end < found.len() { json!({"before": before, "after": format!("QVFI{end}")}) } else { json!({ "before": before }) };
    json!({"data": data, "paging": {"cursors": cursors}})
}

/// What a hashtag shows of a post, and what only this way does.
fn item(post: &FakePost) -> Value {
    let mut item = instagram::item(post);
    let more = [
        ("media_type", json!("IMAGE")),
        ("media_url", json!("https://gambar.example/a.jpg")),
        ("like_count", json!(20)),
        ("comments_count", json!(1)),
        ("view_count", json!(post.views)),
    ];
    if let Some(object) = item.as_object_mut() {
        object.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    item
}
