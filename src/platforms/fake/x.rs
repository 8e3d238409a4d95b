//! X: recent search, in either spelling of its parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Changed, FakePlatforms, FakePost, time};
use crate::domain::{Millis, Platform, sha256_hex};

/// Requests of an app in a quarter of an hour.
const LIMIT: i64 = 450;
/// A quarter of an hour, seconds.
const WINDOW: i64 = 900;
/// Seven days, milliseconds.
const WEEK: i64 = 7 * 86_400_000;
/// Characters in `text`; what is longer stands whole in a note.
const LONGEST: usize = 280;
/// What every page token begins with.
const TOKEN: &str = "b26v89c19zqg8o3f";
/// Parameters that are spelled the same in either style.
const PARAMETERS: [&str; 14] = [
    "query",
    "max_results",
    "next_token",
    "pagination_token",
    "start_time",
    "end_time",
    "since_id",
    "until_id",
    "sort_order",
    "expansions",
    "user.fields",
    "media.fields",
    "poll.fields",
    "place.fields",
];

/// The names that differ between the two spellings.
struct Style {
    fields: &'static str,
    reposts: &'static str,
    note: &'static str,
    edits: &'static str,
}

const TWEET: Style =
    Style { fields: "tweet.fields", reposts: "retweet_count", note: "note_tweet", edits: "edit_history_tweet_ids" };
const POST: Style = Style { fields: "post.fields", reposts: "repost_count", note: "note_post", edits: "edit_history_post_ids" };

struct Search<'a> {
    /// One of these has to be there, with all its terms.
    any_of: Vec<Vec<String>>,
    times: Range<Millis>,
    ids: Range<u64>,
    from: usize,
    size: usize,
    fields: Vec<&'a str>,
    users: bool,
}

/// The parameter at fault, and why.
type Refusal<'a> = (&'a str, &'static str);

fn problem(status: u16, kind: &str, title: &str) -> Response {
    document(status, json!({"title": title, "detail": title, "type": kind, "status": status}))
}

fn document(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

fn invalid(parameter: &str, value: Option<&String>, detail: &str) -> Response {
    let body = json!({
        "title": "Invalid Request", "detail": detail, "type": "https://api.x.com/2/problems/invalid-request", "status": 400,
        "parameter": parameter, "value": value, "errors": [{"parameters": {(parameter): [value]}, "message": detail}],
    });
    document(400, body)
}

/// Every answer says how many requests are left.
fn limited(mut response: Response, left: i64, reset: Option<i64>) -> Response {
    let lines = [("x-rate-limit-limit", Some(LIMIT)), ("x-rate-limit-remaining", Some(left)), ("x-rate-limit-reset", reset)];
    for (name, value) in lines {
        if let Some(value) = value {
            response.headers_mut().insert(name, value.into());
        }
    }
    response
}

/// Too many requests or posts: with headers of their own.
fn throttled(fake: &FakePlatforms, left: i64) -> Option<Response> {
    let reset = Some(fake.now().secs() + 300);
    if fake.hits("x_rate") {
        return Some(limited(problem(429, "about:blank", "Too Many Requests"), 0, reset));
    }
    if fake.hits("x_rate_old") {
        let body = json!({"errors": [{"code": 88, "message": "Rate limit exceeded"}]});
        return Some(limited((StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response(), 0, reset));
    }
    let capped = || problem(429, "https://api.x.com/2/problems/usage-capped", "Usage Capped");
    fake.hits("x_capped").then(|| limited(capped(), left, None))
}

fn fault(fake: &FakePlatforms) -> Option<Response> {
    if fake.hits("x_not_enrolled") {
        return Some(problem(403, "https://api.x.com/2/problems/client-forbidden", "Client Forbidden"));
    }
    if fake.hits("x_credit") {
        return Some(problem(402, "about:blank", "Payment Required"));
    }
    fake.hits("x_503").then(|| problem(503, "about:blank", "Service Unavailable"))
}

pub(super) async fn recent(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    fake.count("x");
    let now = fake.now();
    // Never none without the fault.
    let left = (LIMIT - fake.used("x")).max(1);
    let reset = Some(now.secs() - now.secs().rem_euclid(WINDOW) + WINDOW);
    let token = headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("");
    if !token.starts_with("Bearer XF") || fake.hits("x_401") {
        return limited(problem(401, "about:blank", "Unauthorized"), left, reset);
    }
    if let Some(throttled) = throttled(&fake, left) {
        return throttled;
    }
    if let Some(fault) = fault(&fake) {
        return limited(fault, left, reset);
    }
    let style = if fake.hits("x_post_style") { POST } else { TWEET };
    let response = match read(&query, &style, now) {
        Ok(search) => page(&fake, &search, &style),
        Err((parameter, detail)) => invalid(parameter, query.get(parameter), detail),
    };
    limited(response, left, reset)
}

/// Posts by their ids. What cannot be shown stands among the errors, and costs nothing.
pub(super) async fn lookup(
    State(fake): State<FakePlatforms>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    fake.count("x");
    let token = headers.get("authorization").and_then(|h| h.to_str().ok()).unwrap_or("");
    if !token.starts_with("Bearer XF") || fake.hits("x_401") {
        return problem(401, "about:blank", "Unauthorized");
    }
    if let Some(throttled) = throttled(&fake, 1) {
        return throttled;
    }
    let style = if fake.hits("x_post_style") { POST } else { TWEET };
    if let Some(name) = query.keys().find(|name| *name != "ids" && *name != style.fields) {
        return invalid(name, query.get(name), "this parameter is not known");
    }
    let ids: Vec<&str> = query.get("ids").map_or("", String::as_str).split(',').collect();
    if ids.len() > 100 || ids.iter().any(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
        return invalid("ids", query.get("ids"), "must be 1 to 100 ids");
    }
    let mut fields: Vec<&str> = query.get(style.fields).map_or("", String::as_str).split(',').collect();
    fields.extend(["id", "text", style.edits]);
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        let post = fake.posts.iter().find(|post| post.platform == Platform::X && post.native_id == id);
        let there = post.filter(|post| !fake.is_removed(&post.native_id));
        let failed = |kind: &str, title: &str| {
            json!({"value": id, "resource_id": id, "resource_type": "tweet", "parameter": "ids", "title": title, "detail": title,
                "type": format!("https://api.x.com/2/problems/{kind}")})
        };
        match there.map(|post| (post, fake.changed(id))) {
            None => errors.push(failed("resource-not-found", "Not Found Error")),
            Some((_, Some(Changed::Private))) => errors.push(failed("not-authorized-for-resource", "Authorization Error")),
            Some((post, Some(Changed::Edited(text)))) => data.push(item(&FakePost { text, ..post.clone() }, &fields, &style)),
            Some((post, Some(Changed::Restricted))) => {
                let mut one = item(post, &fields, &style);
                if let (Some(object), true) = (one.as_object_mut(), fields.contains(&"withheld")) {
                    object.insert("withheld".into(), json!({"copyright": false, "country_codes": ["ID"], "scope": "post"}));
                }
                data.push(one);
            }
            Some((post, None)) => data.push(item(post, &fields, &style)),
        }
    }
    data.iter().for_each(|_| fake.count("x_posts"));
    let mut answer = json!({});
    if let Some(object) = answer.as_object_mut() {
        for (name, list) in [("data", data), ("errors", errors)] {
            if !list.is_empty() {
                object.insert(name.into(), json!(list));
            }
        }
    }
    Json(answer).into_response()
}

fn read<'a>(query: &'a BTreeMap<String, String>, style: &Style, now: Millis) -> Result<Search<'a>, Refusal<'a>> {
    let known = |name: &str| PARAMETERS.contains(&name) || name == style.fields;
    if let Some(name) = query.keys().find(|name| !known(name)) {
        return Err((name.as_str(), "this parameter is not known"));
    }
    let get = |name: &str| query.get(name).map(String::as_str);
    for (one, other) in [("start_time", "since_id"), ("end_time", "until_id"), ("next_token", "pagination_token")] {
        if get(one).is_some() && get(other).is_some() {
            return Err((other, "only one of the two can be given"));
        }
    }
    let text = get("query").unwrap_or("");
    if !(1..=512).contains(&text.chars().count()) {
        return Err(("query", "must have 1 to 512 characters"));
    }
    let any_of = alternatives(text).ok_or(("query", "is not understood"))?;
    let number = |name: &'static str, default: u64| match get(name) {
        Some(text) => text.parse::<u64>().map_err(|_| (name, "is no number")),
        None => Ok(default),
    };
    let size = number("max_results", 10)?;
    if !(10..=100).contains(&size) {
        return Err(("max_results", "must be 10 to 100"));
    }
    let bound = |name: &'static str, default: i64| match get(name) {
        Some(text) => time(Some(text)).ok_or((name, "is no time")),
        None => Ok(Millis(default)),
    };
    let times = bound("start_time", now.0 - WEEK)?..bound("end_time", now.0 - 30_000)?;
    if times.start.0 < now.0 - WEEK {
        return Err(("start_time", "must lie in the last seven days"));
    }
    if times.end.0 > now.0 - 10_000 || times.start >= times.end {
        return Err(("end_time", "must be ten seconds ago, and after start_time"));
    }
    if !matches!(get("sort_order"), None | Some("recency" | "relevancy")) {
        return Err(("sort_order", "must be recency or relevancy"));
    }
    let after = if get("since_id").is_some() { number("since_id", 0)?.saturating_add(1) } else { 0 };
    let token = get("next_token").or_else(|| get("pagination_token"));
    let place = |token: &str| token.strip_prefix(TOKEN).and_then(|n| n.parse::<usize>().ok());
    let users = get("expansions").unwrap_or("").split(',').any(|name| name == "author_id");
    let mut fields: Vec<&str> = get(style.fields).unwrap_or("").split(',').collect();
    fields.extend(["id", "text", style.edits]);
    if users {
        fields.push("author_id");
    }
    Ok(Search {
        any_of,
        times,
        ids: after..number("until_id", u64::MAX)?,
        from: token.map_or(Some(0), place).ok_or(("next_token", "is no token"))?,
        size: usize::try_from(size).unwrap_or(10),
        fields,
        users,
    })
}

/// `(a OR "b c") lang:in -is:reply`, the brackets optional: terms side by side must all be there. `None` where the query
/// holds something else, or only operators.
fn alternatives(query: &str) -> Option<Vec<Vec<String>>> {
    let (mut all, mut terms) = (Vec::new(), Vec::new());
    let (mut opened, mut closed) = (false, false);
    for token in tokens(query) {
        match token {
            "lang:in" | "-is:retweet" | "-is:reply" | "-is:nullcast" => {}
            "(" if !opened && all.is_empty() && terms.is_empty() => opened = true,
            ")" if opened && !closed => closed = true,
            // Nothing but operators may follow the group.
            _ if closed => return None,
            "OR" if terms.is_empty() => return None,
            "OR" => all.push(std::mem::take(&mut terms)),
            _ => terms.push(term(token)?),
        }
    }
    all.push(terms);
    (opened == closed && all.iter().all(|terms| !terms.is_empty())).then_some(all)
}

/// A phrase or a word, in small letters.
fn term(token: &str) -> Option<String> {
    let inside = match token.strip_prefix('"') {
        Some(phrase) => phrase.strip_suffix('"')?,
        None if token.starts_with('-') || token.contains([':', '(', ')', '"']) => return None,
        None => token,
    };
    (!inside.trim().is_empty()).then(|| inside.to_lowercase())
}

/// Brackets, phrases with their quotes, and words.
fn tokens(query: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '(' | ')' => 1,
            '"' => rest.match_indices('"').nth(1).map_or(rest.len(), |(at, _)| at + 1),
            _ => rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')').unwrap_or(rest.len()),
        };
        let (token, left) = rest.split_at(end);
        tokens.push(token);
        rest = left.trim_start();
    }
    tokens
}

/// Posts that match, newest first.
fn found<'a>(fake: &'a FakePlatforms, search: &Search<'_>) -> Vec<&'a FakePost> {
    let mut found: Vec<&FakePost> = fake
        .posts
        .iter()
        .filter(|post| post.platform == Platform::X && !fake.is_removed(&post.native_id))
        .filter(|post| search.times.contains(&post.posted_at))
        .filter(|post| search.ids.contains(&post.native_id.parse::<u64>().unwrap_or(0)))
        .filter(|post| {
            let text = post.text.to_lowercase();
            search.any_of.iter().any(|terms| terms.iter().all(|term| text.contains(term)))
        })
        .collect();
    found.sort_by_key(|post| std::cmp::Reverse(post.posted_at));
    found
}

fn page(fake: &FakePlatforms, search: &Search<'_>, style: &Style) -> Response {
    let found = found(fake, search);
    let page: Vec<&FakePost> = found.iter().skip(search.from).take(search.size).copied().collect();
    let (Some(newest), Some(oldest)) = (page.first(), page.last()) else {
        return Json(json!({"meta": {"result_count": 0}})).into_response();
    };
    // Every post returned costs money.
    page.iter().for_each(|_| fake.count("x_posts"));
    let data: Vec<Value> = page.iter().map(|post| item(post, &search.fields, style)).collect();
    let meta = json!({"newest_id": newest.native_id, "oldest_id": oldest.native_id, "result_count": page.len()});
    let mut answer = json!({"data": data, "meta": meta});
    let end = search.from + page.len();
    if let (Some(meta), true) = (answer.get_mut("meta").and_then(Value::as_object_mut), end < found.len()) {
        meta.insert("next_token".into(), json!(format!("{TOKEN}{end}")));
    }
    if let Some(object) = answer.as_object_mut() {
        if search.users {
            let authors: BTreeSet<&str> = page.iter().map(|post| post.author.as_str()).collect();
            let user = |name: &str| json!({"id": user_id(name), "name": name, "username": name});
            object.insert("includes".into(), json!({"users": authors.into_iter().map(user).collect::<Vec<Value>>()}));
        }
        if fake.hits("x_partial") {
            let error = json!({
                "title": "Not Found Error", "detail": "Could not find what is referenced.", "value": "1859900000000000000",
                "type": "https://api.x.com/2/problems/resource-not-found",
            });
            object.insert("errors".into(), json!([error]));
        }
    }
    Json(answer).into_response()
}

/// Ids are digits.
fn user_id(name: &str) -> String {
    let noise = sha256_hex(name.as_bytes());
    u64::from_str_radix(noise.get(..10).unwrap_or("0"), 16).unwrap_or(0).to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Only what was asked for is answered.
fn item(post: &FakePost, fields: &[&str], style: &Style) -> Value {
    let long = post.text.chars().count() > LONGEST;
    let text: String = if long { post.text.chars().take(LONGEST - 1).chain(['…']).collect() } else { post.text.clone() };
    let mut item = json!({
        "id": post.native_id, "text": escaped(&text), "author_id": user_id(&post.author), "conversation_id": post.native_id,
        "created_at": post.posted_at.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "lang": "in", "possibly_sensitive": false, (style.edits): [post.native_id],
        "public_metrics": {
            (style.reposts): 1, "reply_count": 0, "like_count": 4, "quote_count": 0, "bookmark_count": 0,
            "impression_count": post.views,
        },
    });
    if let Some(object) = item.as_object_mut() {
        if long {
            object.insert(style.note.into(), json!({"text": escaped(&post.text)}));
        }
        object.retain(|name, _| fields.contains(&name.as_str()));
    }
    item
}
