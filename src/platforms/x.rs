//! X recent search. Every post costs money, so posts are counted before they are asked for. Off by default: X forbids
//! the use of its API for surveillance by anybody; describe the use to X first.
//! <https://docs.x.com/x-api/posts/search/introduction>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{COUNTRY, DAY, Meter, Page, Price, Shown, Source, SourceInfo, Window, any_of, parse_rfc3339, query_name};
use crate::config::{Config, Retry, X as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Clock, Entropy, Millis, Platform};

/// The bucket in which posts are counted.
const POSTS: &str = "posts";
/// Bytes of a query that a self-serve account may send.
const LONGEST_QUERY: usize = 512;
/// Only posts in Indonesian, and no reposts: those are asked down with their original.
const ONLY: &str = " lang:in -is:retweet";
/// Posts a page: the least and the most.
const PAGE: (i64, i64) = (10, 100);
/// An answer reaches up to so long ago only.
const LAG: i64 = 60_000;

/// The client.
pub struct X {
    settings: Settings,
    api: ApiClient,
    clock: Arc<dyn Clock>,
    /// Whether the server wants `post.fields` for `tweet.fields`.
    new_spelling: AtomicBool,
}

impl X {
    /// Source name.
    pub const NAME: &'static str = "x";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.x.mode",
        quota_zone: "UTC",
        mode: |config| config.x.mode,
        budget: |config| config.x.daily_requests,
        price: Some(Price { bucket: POSTS, daily: |config| config.x.daily_posts, milli_usd: 5 }),
        page_size: |_| 100,
        keep_days: Some(7),
        refresh_days: None,
        windows: Some(windows),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, clock: Arc<dyn Clock>, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api, clock, new_spelling: AtomicBool::new(false) })
    }

    async fn get(&self, meter: &dyn Meter, path: &str, fields: &str, query: &[(&str, String)]) -> Result<Body, ApiError> {
        let url = format!("{}/2/tweets{path}", self.settings.base_url);
        let token = self.settings.bearer_token.as_ref().map_or("", |token| token.expose_secret());
        let mut switched = false;
        loop {
            let new_spelling = self.new_spelling.load(Ordering::Relaxed);
            let fields = (if new_spelling { "post.fields" } else { "tweet.fields" }, fields);
            let now = self.clock.now();
            let answer = self.api.call(
                Some(meter),
                |http| http.get(&url).query(query).query(&[&fields]).bearer_auth(token),
                |answer| judge(answer, now),
            );
            match answer.await {
                // The guides spell it one way, the description of the API the other.
                Err(error) if error.message.contains(fields.0) && !switched => {
                    switched = true;
                    self.new_spelling.store(!new_spelling, Ordering::Relaxed);
                }
                other => return other,
            }
        }
    }
}

/// All words in as few queries as their length allows. A query always gets new posts on top, so a window is never
/// settled: each run reads down to what the last one read.
fn windows(_config: &Config, now: Millis, words: &[String]) -> Vec<Window> {
    let window = |words: Vec<String>| Window {
        key: query_name(&words),
        query: query_name(&words),
        words,
        // As far back as the search reaches; what that costs is bounded by `daily_posts`.
        from: Millis(now.0 - 6 * DAY),
        until: Millis(now.0 - LAG),
        settled: false,
    };
    // Two quotes, and ` OR ` between.
    any_of(words, LONGEST_QUERY - ONLY.len() - 2, 6).into_iter().map(window).collect()
}

impl Source for X {
    fn info(&self) -> &'static SourceInfo {
        &Self::INFO
    }

    /// What was paid for is not read again.
    fn overlap(&self) -> Duration {
        Duration::ZERO
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move {
            let uncounted = |why: String| ApiError::new(Self::NAME, Class::Transient, format!("posts cannot be counted: {why}"));
            let posts = meter.bucket(POSTS, self.settings.daily_posts);
            let allowed = posts.take_up_to(PAGE.1).await.map_err(uncounted)?;
            if allowed < PAGE.0 {
                posts.give_back(allowed).await.map_err(uncounted)?;
                return Err(ApiError::new(Self::NAME, Class::Budget, "the posts that may be paid for today are read"));
            }
            let phrases: Vec<String> = window.words.iter().map(|word| format!("\"{}\"", word.replace('"', ""))).collect();
            let mut query = vec![
                ("query", format!("({}){ONLY}", phrases.join(" OR "))),
                ("max_results", allowed.to_string()),
                ("start_time", time(window.from)),
                ("end_time", time(window.until)),
            ];
            query.extend(cursor.map(|token| ("next_token", token.to_owned())));
            let page = self.get(meter, "/search/recent", "created_at,note_tweet,note_post", &query).await;
            let page = page.map(|body| read_page(&body));
            // A refused call costs nothing. One whose answer broke off may have been charged, and a post that could not be read
            // is paid for all the same.
            let paid = match &page {
                Ok(page) => i64::try_from(page.observations.len() + page.rejects.len()).unwrap_or(allowed),
                Err(error) if matches!(error.class, Class::Transient) => allowed,
                Err(_) => 0,
            };
            if let Err(why) = posts.give_back((allowed - paid).max(0)).await {
                tracing::warn!(source = Self::NAME, "posts that were not read stay counted: {why}");
            }
            page
        })
    }

    fn looks_at(&self) -> Option<Platform> {
        Some(Platform::X)
    }

    /// Every post in an answer is paid for; what the day's budget does not allow tells nothing, and is asked tomorrow.
    fn look<'a>(&'a self, ids: &'a [String], meter: &'a dyn Meter) -> BoxFuture<'a, Result<BTreeMap<String, Shown>, ApiError>> {
        Box::pin(async move {
            let uncounted = |why: String| ApiError::new(Self::NAME, Class::Transient, format!("posts cannot be counted: {why}"));
            let posts = meter.bucket(POSTS, self.settings.daily_posts);
            let wanted = i64::try_from(ids.len()).unwrap_or(i64::MAX);
            let allowed = posts.take_up_to(wanted).await.map_err(uncounted)?;
            if allowed == 0 {
                return Err(ApiError::new(Self::NAME, Class::Budget, "the posts that may be paid for today are read"));
            }
            let asked = ids.get(..usize::try_from(allowed).unwrap_or(0)).unwrap_or(ids);
            let query = [("ids", asked.join(","))];
            let body = self.get(meter, "", "created_at,note_tweet,note_post,withheld", &query).await;
            // A refused call costs nothing; one whose answer broke off may have been charged.
            let paid = match &body {
                Ok(body) => i64::try_from(body.items(&["data"]).len()).unwrap_or(allowed),
                Err(error) if matches!(error.class, Class::Transient) => allowed,
                Err(_) => 0,
            };
            if let Err(why) = posts.give_back((allowed - paid).max(0)).await {
                tracing::warn!(source = Self::NAME, "posts that were not read stay counted: {why}");
            }
            Ok(read_shown(&body?))
        })
    }
}

/// What a lookup says of the posts it was asked about. <https://docs.x.com/x-api/posts/lookup/introduction>
fn read_shown(body: &Body) -> BTreeMap<String, Shown> {
    let mut all = BTreeMap::new();
    for (item, _) in body.items(&["data"]) {
        let Ok(seen) = read_post(item) else { continue };
        let countries = item.pointer("/withheld/country_codes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let hidden = countries.iter().any(|code| code.as_str() == Some(COUNTRY));
        all.insert(seen.native_id, if hidden { Shown::Restricted } else { Shown::Up(seen.text) });
    }
    for (error, _) in body.items(&["errors"]) {
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or("");
        let shown = match text("type").rsplit('/').next() {
            Some("resource-not-found") => Shown::Gone,
            // Protected; suspended accounts are answered so too.
            Some("not-authorized-for-resource") => Shown::Private,
            _ => continue,
        };
        let id = Some(text("resource_id")).filter(|id| !id.is_empty()).unwrap_or_else(|| text("value"));
        all.insert(id.to_owned(), shown);
    }
    all
}

/// Whole seconds.
fn time(at: Millis) -> String {
    Millis::from_secs(at.secs()).timestamp().to_string()
}

fn read_page(body: &Body) -> Page {
    let mut page = Page::default();
    for (item, raw) in body.items(&["data"]) {
        page.take(item.get("id").and_then(Value::as_str), read_post(item), raw);
    }
    page.next = body.pointer("/meta/next_token").and_then(Value::as_str).map(str::to_owned);
    page
}

fn read_post(item: &Value) -> Result<Observation, String> {
    let text = |path: &str| item.pointer(path).and_then(Value::as_str);
    let id = text("/id").filter(|id| (1..=19).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()));
    let id = id.ok_or("no usable id")?;
    // The whole of a long post stands in a note.
    let words = text("/note_tweet/text").or_else(|| text("/note_post/text")).or_else(|| text("/text")).unwrap_or("");
    Ok(Observation {
        platform: Platform::X,
        native_id: id.to_owned(),
        url: format!("https://x.com/i/web/status/{id}"),
        // A name would cost twice as much as the post; the address leads to it.
        author: String::new(),
        text: storable(&html_escape::decode_html_entities(words)),
        posted_at: text("/created_at").and_then(parse_rfc3339),
        views: None,
    })
}

/// Errors by the type of the problem, then by status. <https://docs.x.com/x-api/fundamentals/response-codes-and-errors>
fn judge(answer: &Answer, now: Millis) -> Result<Body, ApiError> {
    // Posts that are gone stand in `errors` beside the others: that is an answer.
    if let (Some(json), 200..=299) = (&answer.json, answer.status)
        && ["data", "meta", "errors"].iter().any(|part| json.get(*part).is_some())
    {
        return Ok(json.clone());
    }
    let text = |key: &str| answer.json.as_ref().and_then(|json| json.get(key)).and_then(Value::as_str).unwrap_or("");
    let class = match answer.status {
        _ if text("type").ends_with("/usage-capped") => Class::PermissionStop,
        401 => Class::AuthStop,
        402 | 403 => Class::PermissionStop,
        429 => rest(answer, now),
        200..=399 => Class::Transient,
        status => class_of_status(status),
    };
    let hint = match answer.status {
        _ if text("type").ends_with("/usage-capped") => "; the posts of this month are used up",
        402 => "; no credit is left",
        403 => "; the app may not search",
        _ => "",
    };
    let message = format!("HTTP {} {} {}{hint}", answer.status, text("title"), text("parameter"));
    Err(ApiError::new(X::NAME, class, message))
}

/// Until the quarter of an hour is over, and a little longer: clocks differ.
fn rest(answer: &Answer, now: Millis) -> Class {
    let reset = answer.headers.get("x-rate-limit-reset").and_then(|value| value.to_str().ok());
    let reset = reset.and_then(|seconds| seconds.trim().parse().ok()).map(Millis::from_secs);
    let wait = reset.map_or(Duration::from_mins(15), |reset| reset.since(now)) + Duration::from_secs(2);
    Class::WindowThrottle(wait.min(Duration::from_hours(1)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let old = json!({"id": "1860000000000000000", "text": "cut …", "created_at": "2026-11-20T03:15:07.000Z",
            "note_tweet": {"text": "open PO bal impor &amp; thrift"}, "public_metrics": {"retweet_count": 1}});
        let new = json!({"id": "1860000000000000001", "text": "bal", "note_post": {"text": "bal impor panjang"}});
        let page = read_page(&json!({"data": [old, new, {"id": "kata"}], "meta": {"next_token": "b26v"}}).into());
        assert_eq!(page.observations[0].text, "open PO bal impor & thrift");
        assert_eq!(page.observations[0].posted_at, parse_rfc3339("2026-11-20T03:15:07Z"));
        assert_eq!(page.observations[1].text, "bal impor panjang");
        assert_eq!((page.rejects.len(), page.next.as_deref()), (1, Some("b26v")));
        assert_eq!(read_page(&json!({"meta": {"result_count": 0}}).into()), Page::default(), "no hit: no data");
    }

    #[test]
    fn refusals_are_told_apart() {
        let now = Millis::from_secs(1_795_000_000);
        let reset = ("x-rate-limit-reset", "1795000300");
        let cases = [
            (400, r#"{"type":"https://api.x.com/2/problems/invalid-request","parameter":"query"}"#, Class::BadRequest),
            (401, "", Class::AuthStop),
            (402, "{}", Class::PermissionStop),
            (403, r#"{"type":"https://api.x.com/2/problems/client-forbidden"}"#, Class::PermissionStop),
            (429, r#"{"errors":[{"code":88}]}"#, Class::WindowThrottle(Duration::from_secs(302))),
            (429, r#"{"type":"https://api.x.com/2/problems/usage-capped"}"#, Class::PermissionStop),
            (200, "halaman", Class::Transient),
            (503, "", Class::Transient),
        ];
        for (status, body, class) in cases {
            let answer = Answer::of(status, body, &[reset]);
            assert_eq!(judge(&answer, now).unwrap_err().class, class, "{status} {body}");
        }
        let partial = r#"{"data":[{"id":"1"}],"errors":[{"type":"https://api.x.com/2/problems/resource-not-found"}],"meta":{}}"#;
        assert!(judge(&Answer::of(200, partial, &[]), now).is_ok());
    }
}
