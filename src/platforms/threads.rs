//! Threads keyword search. <https://developers.facebook.com/docs/threads/keyword-search>

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::{Answer, ApiClient, ApiError, Class, class_of_status};
use super::{Meter, Page, Source, Window, word_days};
use crate::config::{Retry, Threads as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// Only these fields are asked for and kept.
const FIELDS: &str = "id,text,permalink,timestamp,username,shortcode";

/// The client.
pub struct Threads {
    settings: Settings,
    api: ApiClient,
}

impl Threads {
    /// Source name.
    pub const NAME: &'static str = "threads";

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api })
    }
}

impl Source for Threads {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn budget(&self) -> i64 {
        self.settings.daily_requests
    }

    /// One window for each word and UTC day. The day that is not over is read again at each run.
    fn windows(&self, now: Millis, words: &[String]) -> Vec<Window> {
        word_days(now, words, self.settings.days)
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move {
            let url = format!("{}/keyword_search", self.settings.base_url);
            let token = self.settings.access_token.as_ref().map_or("", |token| token.expose_secret());
            let mut query = vec![
                ("q", window.words.join(" ")),
                ("search_type", "RECENT".to_owned()),
                ("search_mode", "KEYWORD".to_owned()),
                ("since", window.from.secs().to_string()),
                ("until", window.until.secs().to_string()),
                ("limit", self.settings.page_size.to_string()),
                ("fields", FIELDS.to_owned()),
            ];
            query.extend(cursor.map(|after| ("after", after.to_owned())));
            // In the header, not in the address: addresses end up in logs.
            let body = self.api.call(Some(meter), |http| http.get(&url).query(&query).bearer_auth(token), judge).await?;
            Ok(read_page(&body))
        })
    }
}

/// Errors by code, whatever the status; a 200 may hold one too. <https://developers.facebook.com/docs/graph-api/guides/error-handling>
fn judge(answer: &Answer) -> Result<Value, ApiError> {
    let error = answer.json.as_ref().and_then(|json| json.get("error"));
    if let (None, Some(json), 200..=299) = (error, &answer.json, answer.status)
        && json.get("data").is_some()
    {
        return Ok(json.clone());
    }
    let number = |key: &str| error.and_then(|e| e.get(key)).and_then(Value::as_i64);
    let transient = error.and_then(|e| e.get("is_transient")).and_then(Value::as_bool).unwrap_or(false);
    let hour = Duration::from_hours(1);
    let class = match number("code") {
        Some(1 | 2) => Class::Transient,
        Some(4 | 17 | 32 | 341 | 613 | 80_000..=80_014) => Class::WindowThrottle(regain_time(answer).unwrap_or(hour)),
        Some(102 | 104 | 190) => Class::AuthStop,
        Some(3 | 10 | 200..=299) => Class::PermissionStop,
        Some(368) => Class::PolicyStop,
        Some(100) if number("error_subcode") == Some(33) => Class::Gone,
        Some(_) if transient => Class::Transient,
        Some(_) => Class::BadRequest,
        None if answer.status < 400 => Class::Transient,
        None => class_of_status(answer.status),
    };
    // The texts are localised, so only the code is shown.
    let message = match number("code") {
        Some(code) => format!("error {code}/{} (HTTP {})", number("error_subcode").unwrap_or(0), answer.status),
        None => format!("HTTP {} without a readable body", answer.status),
    };
    let request_id = error.and_then(|e| e.get("fbtrace_id")).and_then(Value::as_str).map(str::to_owned);
    Err(ApiError { platform: Threads::NAME, class, message, request_id })
}

/// Minutes until access is regained, from `X-Business-Use-Case-Usage`.
fn regain_time(answer: &Answer) -> Option<Duration> {
    let header = answer.headers.get("x-business-use-case-usage")?.to_str().ok()?;
    let usage: Value = serde_json::from_str(header).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_f64()).fold(0.0, f64::max);
    (minutes > 0.0).then(|| Duration::from_secs_f64(minutes * 60.0))
}

fn read_page(body: &Value) -> Page {
    let mut page = Page::default();
    let items = body.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for item in items {
        match read_post(item) {
            Ok(seen) => page.observations.push(seen),
            Err(why) => page.rejects.push((item.get("id").and_then(Value::as_str).unwrap_or("?").to_owned(), why)),
        }
    }
    // The documented sample has cursors without `next`. `next` itself is never requested: it holds the token and
    // could name another host.
    let after = body.pointer("/paging/cursors/after").and_then(Value::as_str);
    page.next = after.filter(|_| !items.is_empty()).map(str::to_owned);
    page
}

fn read_post(item: &Value) -> Result<Observation, String> {
    let text = |key: &str| storable(item.get(key).and_then(Value::as_str).unwrap_or(""));
    let id = text("id");
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err("no usable id".into());
    }
    let author = text("username");
    let shortcode = text("shortcode");
    // The same post by address has the short code, so that is its identity here too.
    let native_id = if shortcode.is_empty() { id } else { shortcode };
    Ok(Observation {
        platform: Platform::Threads,
        url: format!("https://www.threads.com/@{author}/post/{native_id}"),
        posted_at: item.get("timestamp").and_then(Value::as_str).and_then(parse_time),
        views: None,
        text: text("text"),
        author,
        native_id,
    })
}

/// `2026-11-20T03:12:44+0000`: no colon in the offset, which RFC 3339 readers refuse.
fn parse_time(text: &str) -> Option<Millis> {
    jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok().map(Millis::from_timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: reqwest::header::HeaderMap::new(), json: serde_json::from_str(body).ok() }
    }

    #[test]
    fn errors_are_judged_by_their_code_first() {
        let cases = [
            (200, r#"{"error":{"code":2}}"#, Class::Transient),
            (403, r#"{"error":{"code":4,"is_transient":true}}"#, Class::WindowThrottle(Duration::from_hours(1))),
            (400, r#"{"error":{"code":190,"error_subcode":463}}"#, Class::AuthStop),
            (400, r#"{"error":{"code":10}}"#, Class::PermissionStop),
            (400, r#"{"error":{"code":368}}"#, Class::PolicyStop),
            (400, r#"{"error":{"code":100,"error_subcode":33}}"#, Class::Gone),
            (400, r#"{"error":{"code":100}}"#, Class::BadRequest),
            (400, r#"{"error":{"code":100,"is_transient":true}}"#, Class::Transient),
            (200, "Service Unavailable", Class::Transient),
            (503, "", Class::Transient),
        ];
        for (status, body, class) in cases {
            assert_eq!(judge(&answer(status, body)).unwrap_err().class, class, "{status} {body}");
        }
    }

    #[test]
    fn times_without_a_colon_are_read() {
        assert_eq!(parse_time("2026-11-20T03:12:44+0000"), Some(Millis::from_secs(1_795_144_364)));
        assert_eq!(parse_time("kemarin"), None);
    }
}
