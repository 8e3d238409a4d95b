//! YouTube Data API v3: search, and the full texts of what it found.
//! <https://developers.google.com/youtube/v3/docs/search/list>, <https://developers.google.com/youtube/v3/docs/videos/list>

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{COUNTRY, Meter, Page, Shown, Source, SourceInfo, Window, any_of, parse_rfc3339, query_days, query_name};
use crate::config::{Retry, Youtube as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// Ids of one `videos.list` call, at most.
const LOOKED_UP: usize = 50;
/// Longest search phrase, bytes (our own choice; none is published).
const LONGEST_QUERY: usize = 400;
/// The bucket of everything but searches.
const UNITS: &str = "units";

/// The client.
pub struct Youtube {
    settings: Settings,
    api: ApiClient,
}

impl Youtube {
    /// Source name.
    pub const NAME: &'static str = "youtube";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.youtube.mode",
        // <https://developers.google.com/youtube/v3/determine_quota_cost>
        quota_zone: "America/Los_Angeles",
        mode: |config| config.youtube.mode,
        budget: |config| config.youtube.daily_searches,
        price: None,
        page_size: |_| 50,
        keep_days: Some(30),
        refresh_days: Some(30),
        windows: Some(|config, now, words| windows(&config.youtube, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api })
    }

    async fn get(&self, meter: &dyn Meter, path: &str, query: &[(&str, String)]) -> Result<Body, ApiError> {
        let url = format!("{}/{path}", self.settings.base_url);
        let key = self.settings.api_key.as_ref().map_or("", |key| key.expose_secret());
        // In a header, not in the address: addresses end up in logs.
        self.api.call(Some(meter), |http| http.get(&url).query(query).header("x-goog-api-key", key), judge).await
    }

    /// These parts of videos by id, and the text that each came as; search answers cut and escape texts.
    async fn details(
        &self,
        meter: &dyn Meter,
        parts: &str,
        ids: &[String],
    ) -> Result<BTreeMap<String, (Value, String)>, ApiError> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(LOOKED_UP) {
            let query = [("part", parts.to_owned()), ("id", ids.join(",")), ("prettyPrint", "false".to_owned())];
            let units = meter.bucket(UNITS, self.settings.daily_units);
            let body = self.get(units.as_ref(), "videos", &query).await?;
            for (item, raw) in body.items(&["items"]) {
                if let Some(id) = item.get("id").and_then(Value::as_str) {
                    found.insert(id.to_owned(), (item.clone(), raw.to_owned()));
                }
            }
        }
        Ok(found)
    }
}

/// All words in one search, day by day: a search costs the same however many words it has.
fn windows(settings: &Settings, now: Millis, words: &[String]) -> Vec<Window> {
    let groups = any_of(words, LONGEST_QUERY, 3).into_iter();
    let queries: Vec<_> = groups.map(|group| (query_name(&group), group)).collect();
    query_days(now, &queries, settings.days)
}

impl Source for Youtube {
    fn info(&self) -> &'static SourceInfo {
        &Self::INFO
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move {
            let phrase = |word: &String| if word.contains(' ') { format!("\"{word}\"") } else { word.clone() };
            let mut query = vec![
                ("part", "snippet".to_owned()),
                ("type", "video".to_owned()),
                ("q", window.words.iter().map(phrase).collect::<Vec<_>>().join("|")),
                ("order", "date".to_owned()),
                ("regionCode", self.settings.region.clone()),
                ("safeSearch", "none".to_owned()),
                ("publishedAfter", window.from.timestamp().to_string()),
                ("publishedBefore", window.until.timestamp().to_string()),
                ("maxResults", "50".to_owned()),
                ("prettyPrint", "false".to_owned()),
            ];
            query.extend(cursor.map(|token| ("pageToken", token.to_owned())));
            let body = self.get(meter, "search", &query).await?;
            let ids: Vec<String> = items(&body).iter().filter_map(id_of).map(str::to_owned).collect();
            let details = self.details(meter, READ, &ids).await?;
            let mut page = Page::default();
            for item in items(&body) {
                let raw = id_of(item).and_then(|id| details.get(id)).map_or("", |(_, raw)| raw);
                if let Some(read) = read_video(item, &details).transpose() {
                    page.take(id_of(item), read, raw);
                }
            }
            // `totalResults` is a guess and a page may be short; only the token says that there is more.
            let token = body.get("nextPageToken").and_then(Value::as_str).filter(|_| !items(&body).is_empty());
            page.next = token.map(str::to_owned);
            Ok(page)
        })
    }

    fn read_again<'a>(&'a self, ids: &'a [String], meter: &'a dyn Meter) -> BoxFuture<'a, Result<Option<Page>, ApiError>> {
        Box::pin(async move {
            let found = self.details(meter, READ, ids).await?;
            let mut page = Page::default();
            for (id, (full, raw)) in found.iter().filter(|(id, _)| usable(id)) {
                page.take(Some(id), Ok(read_full(id, full)), raw);
            }
            Ok(Some(page))
        })
    }

    fn looks_at(&self) -> Option<Platform> {
        Some(Platform::Youtube)
    }

    fn look<'a>(&'a self, ids: &'a [String], meter: &'a dyn Meter) -> BoxFuture<'a, Result<BTreeMap<String, Shown>, ApiError>> {
        Box::pin(async move {
            let found = self.details(meter, "snippet,status,contentDetails", ids).await?;
            // What is deleted or private is simply not in the answer.
            let shown = |id: &String| found.get(id).map_or(Shown::Gone, |(full, _)| shown(id, full));
            Ok(ids.iter().map(|id| (id.clone(), shown(id))).collect())
        })
    }
}

/// Parts that are read of a video.
const READ: &str = "snippet,statistics";

/// <https://developers.google.com/youtube/v3/docs/videos#contentDetails.regionRestriction>
fn shown(id: &str, full: &Value) -> Shown {
    let text = |path: &str| full.pointer(path).and_then(Value::as_str).unwrap_or("");
    let names = |path: &str| {
        let list = full.pointer(path).and_then(Value::as_array)?;
        Some(list.iter().any(|country| country.as_str() == Some(COUNTRY)))
    };
    let blocked = names("/contentDetails/regionRestriction/blocked") == Some(true);
    let elsewhere = names("/contentDetails/regionRestriction/allowed") == Some(false);
    if text("/status/privacyStatus") == "private" {
        Shown::Private
    } else if matches!(text("/status/uploadStatus"), "rejected" | "deleted") {
        Shown::Gone
    } else if blocked || elsewhere {
        Shown::Restricted
    } else {
        Shown::Up(read_full(id, full).text)
    }
}

fn usable(id: &str) -> bool {
    id.len() == 11 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

fn items(body: &Value) -> &[Value] {
    body.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn id_of(item: &Value) -> Option<&str> {
    item.pointer("/id/videoId").and_then(Value::as_str)
}

/// None for a video that is gone since the search saw it.
fn read_video(item: &Value, details: &BTreeMap<String, (Value, String)>) -> Result<Option<Observation>, String> {
    let id = id_of(item).filter(|id| usable(id)).ok_or("no usable id")?;
    Ok(details.get(id).map(|(full, _)| read_full(id, full)))
}

fn read_full(id: &str, full: &Value) -> Observation {
    let text = |key: &str| storable(full.pointer(&format!("/snippet/{key}")).and_then(Value::as_str).unwrap_or(""));
    let (title, description) = (text("title"), text("description"));
    Observation {
        platform: Platform::Youtube,
        native_id: id.to_owned(),
        url: format!("https://www.youtube.com/watch?v={id}"),
        author: text("channelTitle"),
        text: if description.is_empty() { title } else { format!("{title}\n{description}") },
        posted_at: full.pointer("/snippet/publishedAt").and_then(Value::as_str).and_then(parse_rfc3339),
        // 64-bit counters are text in this API.
        views: full.pointer("/statistics/viewCount").and_then(Value::as_str).and_then(|views| views.parse().ok()),
    }
}

/// Errors by reason, whatever the status. <https://developers.google.com/youtube/v3/docs/errors>
fn judge(answer: &Answer) -> Result<Body, ApiError> {
    let error = answer.json.as_ref().and_then(|json| json.get("error"));
    if let (None, Some(json), 200..=299) = (error, &answer.json, answer.status) {
        return Ok(json.clone());
    }
    let text = |path: &str| error.and_then(|error| error.pointer(path)).and_then(Value::as_str);
    let reason = text("/details/0/reason").or_else(|| text("/errors/0/reason")).or_else(|| text("/status")).unwrap_or("");
    let limit = text("/details/0/metadata/quota_limit").or_else(|| text("/message")).unwrap_or("");
    // The search bucket answers 429 "... per day", the old shape 403 quotaExceeded.
    let per_day = limit.to_lowercase().replace(' ', "").contains("perday");
    let class = match (reason, answer.status) {
        ("quotaExceeded" | "dailyLimitExceeded", _) => Class::DailyQuota,
        ("rateLimitExceeded" | "RATE_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED", _) if per_day => Class::DailyQuota,
        ("rateLimitExceeded" | "userRateLimitExceeded" | "RATE_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED", _) | (_, 429) => {
            Class::ShortThrottle(answer.retry_after())
        }
        ("keyInvalid" | "API_KEY_INVALID", _) => Class::AuthStop,
        ("accessNotConfigured" | "forbidden" | "API_KEY_SERVICE_BLOCKED" | "ipRefererBlocked" | "PERMISSION_DENIED", _) => {
            Class::PermissionStop
        }
        ("invalidPageToken", _) => Class::CursorReset,
        ("videoNotFound" | "channelNotFound" | "playlistNotFound", _) => Class::Gone,
        ("backendError" | "internalError" | "processingFailure" | "SERVICE_UNAVAILABLE", _) => Class::Transient,
        _ if answer.status < 400 => Class::Transient,
        _ => class_of_status(answer.status),
    };
    let message = if reason.is_empty() { "no readable body" } else { reason };
    Err(ApiError::new(Youtube::NAME, class, format!("{message} (HTTP {})", answer.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_judged_by_their_reason_first() {
        let old = |reason: &str| format!(r#"{{"error":{{"code":403,"errors":[{{"reason":"{reason}"}}]}}}}"#);
        let bucket = r#"{"error":{"code":429,"message":"Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day' of service","errors":[{"reason":"rateLimitExceeded"}],"status":"RESOURCE_EXHAUSTED"}}"#;
        let blocked =
            r#"{"error":{"code":403,"errors":[{"reason":"forbidden"}],"details":[{"reason":"API_KEY_SERVICE_BLOCKED"}]}}"#;
        let cases = [
            (403, old("quotaExceeded"), Class::DailyQuota),
            (429, bucket.to_owned(), Class::DailyQuota),
            (403, old("userRateLimitExceeded"), Class::ShortThrottle(None)),
            (429, String::new(), Class::ShortThrottle(None)),
            (400, old("keyInvalid"), Class::AuthStop),
            (403, blocked.to_owned(), Class::PermissionStop),
            (400, old("invalidPageToken"), Class::CursorReset),
            (400, old("invalidFilters"), Class::BadRequest),
            (404, old("videoNotFound"), Class::Gone),
            (503, old("backendError"), Class::Transient),
            (200, "<html>".to_owned(), Class::Transient),
        ];
        for (status, body, class) in cases {
            assert_eq!(judge(&Answer::of(status, &body, &[])).unwrap_err().class, class, "{status} {body}");
        }
    }

    #[test]
    fn a_video_is_read_from_its_full_text_and_a_gone_one_is_left_out() {
        let item = serde_json::json!({"id": {"videoId": "AbCdEfGhI_1"}, "snippet": {"title": "Bal &amp; grosir"}});
        let full = serde_json::json!({"id": "AbCdEfGhI_1", "snippet": {"title": "Bal & grosir", "description": "Buka bal\u{0}",
            "channelTitle": "Toko Contoh", "publishedAt": "2026-11-20T03:15:07Z"}, "statistics": {"viewCount": "15203"}});
        let seen = read_video(&item, &BTreeMap::from([("AbCdEfGhI_1".to_owned(), (full, String::new()))])).unwrap().unwrap();
        assert_eq!((seen.text.as_str(), seen.views), ("Bal & grosir\nBuka bal", Some(15_203)));
        assert_eq!(seen.posted_at, Some(Millis::from_secs(1_795_144_507)));
        assert_eq!(read_video(&item, &BTreeMap::new()), Ok(None));
        assert!(read_video(&serde_json::json!({"id": {"videoId": "../etc"}}), &BTreeMap::new()).is_err());
    }
}
