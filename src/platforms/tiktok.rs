//! TikTok Research API v2: client token, video query, paging.
//! <https://developers.tiktok.com/doc/research-api-specs-query-videos>
//!
//! A ministry is not eligible for it by itself; it is for use through an approved research partner.

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{DAY, Meter, Page, Source, SourceInfo, Window, compact_day, query_name};
use crate::config::{Retry, TiktokResearch as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Clock, Entropy, Millis, Platform};

/// Only these fields are asked for and kept.
const FIELDS: &str = "id,video_description,create_time,region_code,username,view_count";

/// Values in one condition. The limit is not documented; an over-long list is refused as `invalid_params`.
const MAX_VALUES: usize = 50;

/// Renew the token this long before it ends.
const TOKEN_MARGIN: std::time::Duration = std::time::Duration::from_mins(2);

/// The client.
pub struct TiktokResearch {
    settings: Settings,
    api: ApiClient,
    clock: Arc<dyn Clock>,
    token: Mutex<Option<(String, Millis)>>,
}

impl TiktokResearch {
    /// Source name.
    pub const NAME: &'static str = "tiktok_research";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.tiktok_research.mode",
        quota_zone: "UTC",
        mode: |config| config.tiktok.mode,
        budget: |config| config.tiktok.daily_requests,
        price: None,
        page_size: |config| config.tiktok.page_size,
        keep_days: Some(15),
        refresh_days: Some(15),
        windows: Some(|config, now, words| windows(&config.tiktok, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, clock: Arc<dyn Clock>, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api, clock, token: Mutex::new(None) })
    }

    /// The client token, fetched once and kept for its two hours. Holding the lock makes it single-flight.
    async fn token(&self) -> Result<String, ApiError> {
        let mut held = self.token.lock().await;
        let now = self.clock.now();
        if let Some((token, until)) = held.as_ref()
            && now < *until
        {
            return Ok(token.clone());
        }
        let secret = self.settings.client_secret.as_ref().map_or("", |secret| secret.expose_secret());
        let form =
            [("client_key", self.settings.client_key.as_str()), ("client_secret", secret), ("grant_type", "client_credentials")];
        let url = format!("{}/v2/oauth/token/", self.settings.base_url);
        let (token, seconds) = self.api.call(None, |http| http.post(&url).form(&form), judge_token).await?;
        *held = Some((token.clone(), now.plus(seconds).minus(TOKEN_MARGIN)));
        Ok(token)
    }

    async fn query(&self, body: &Value, meter: &dyn Meter) -> Result<Body, ApiError> {
        let url = format!("{}/v2/research/video/query/?fields={FIELDS}", self.settings.base_url);
        let mut renewed = false;
        loop {
            let token = self.token().await?;
            let result = self.api.call(Some(meter), |http| http.post(&url).bearer_auth(&token).json(body), judge_query).await;
            match result {
                Err(error) if error.class == Class::TokenExpired && !renewed => {
                    renewed = true;
                    *self.token.lock().await = None;
                }
                Err(error) if error.class == Class::TokenExpired => return Err(ApiError { class: Class::AuthStop, ..error }),
                other => return other,
            }
        }
    }

    fn body(&self, window: &Window, cursor: Option<&str>) -> Value {
        let words: Vec<&String> = window.words.iter().take(MAX_VALUES).collect();
        let tags: Vec<String> = words.iter().map(|word| word.replace(' ', "").to_lowercase()).collect();
        let mut body = json!({
            "query": {
                "and": [{ "operation": "IN", "field_name": "region_code", "field_values": [self.settings.region] }],
                "or": [
                    { "operation": "IN", "field_name": "keyword", "field_values": words },
                    { "operation": "IN", "field_name": "hashtag_name", "field_values": tags },
                ],
            },
            "start_date": compact_day(window.from),
            // The documentation calls the end an included bound; posts of a day that is read twice are stored once.
            "end_date": compact_day(Millis(window.until.0 - 1)),
            "max_count": self.settings.page_size,
            "is_random": false,
        });
        if let (Some(object), Some((index, search_id))) = (body.as_object_mut(), cursor.and_then(|c| c.split_once('|'))) {
            object.insert("cursor".into(), json!(index.parse::<i64>().unwrap_or(0)));
            object.insert("search_id".into(), json!(search_id));
        }
        body
    }
}

/// One window for each UTC day, newest first, that ended `lag_days` ago or before: the videos of a day are all searchable
/// only then. Days read to their end are skipped, so offering many costs nothing.
fn windows(settings: &Settings, now: Millis, words: &[String]) -> Vec<Window> {
    let newest = now.utc_day_start().0 - (settings.lag_days + 1) * DAY;
    let query = query_name(words);
    (0..settings.days)
        .map(|back| Millis(newest - back * DAY))
        .map(|from| Window {
            key: format!("{}:{query}", compact_day(from)),
            query: query.clone(),
            words: words.to_vec(),
            from,
            until: Millis(from.0 + DAY),
            settled: true,
        })
        .collect()
}

impl Source for TiktokResearch {
    fn info(&self) -> &'static SourceInfo {
        &Self::INFO
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move { Ok(read_page(&self.query(&self.body(window, cursor), meter).await?, cursor)) })
    }
}

fn judge_token(answer: &Answer) -> Result<(String, std::time::Duration), ApiError> {
    let text = |key: &str| answer.json.as_ref().and_then(|j| j.get(key)).and_then(Value::as_str);
    // The status of a refusal may be 200: only the token itself says that all is well.
    if let Some(token) = text("access_token") {
        let seconds = answer.json.as_ref().and_then(|j| j.get("expires_in")).and_then(Value::as_u64).unwrap_or(7200);
        return Ok((token.to_owned(), std::time::Duration::from_secs(seconds)));
    }
    let code = text("error").unwrap_or("");
    let class = match code {
        "invalid_client" | "unauthorized_client" | "access_denied" => Class::AuthStop,
        "" => class_of_status(answer.status.max(500)),
        "server_error" | "temporarily_unavailable" => Class::Transient,
        _ => Class::BadRequest,
    };
    Err(ApiError {
        platform: TiktokResearch::NAME,
        class,
        message: format!("no token: {code} {}", text("error_description").unwrap_or("")),
        request_id: text("log_id").map(str::to_owned),
    })
}

fn judge_query(answer: &Answer) -> Result<Body, ApiError> {
    let error = answer.json.as_ref().and_then(|json| json.get("error"));
    let text = |key: &str| error.and_then(|e| e.get(key)).and_then(Value::as_str).unwrap_or("");
    let (code, message) = (text("code"), text("message"));
    if code == "ok"
        && let Some(body) = answer.json.as_ref().filter(|json| json.get("data").is_some())
    {
        return Ok(body.clone());
    }
    let cursor_lost = message.contains("Search Id") || message.contains("Invalid count or cursor");
    let class = match code {
        "invalid_params" if cursor_lost => Class::CursorReset,
        "invalid_params" | "invalid_param" | "invalid_request" => Class::BadRequest,
        "access_token_invalid" | "invalid_token" => Class::TokenExpired,
        "scope_not_authorized" | "scope_permission_missed" => Class::PermissionStop,
        "rate_limit_exceeded" => Class::ShortThrottle(answer.retry_after()),
        "daily_quota_limit_exceeded" => Class::DailyQuota,
        "internal_error" | "timeout" | "ok" => Class::Transient,
        // 200 with a body that is no JSON (cut off, or a page of a gateway).
        "" if answer.status < 400 => Class::Transient,
        _ => class_of_status(answer.status),
    };
    Err(ApiError {
        platform: TiktokResearch::NAME,
        class,
        message: if code.is_empty() {
            format!("HTTP {} without a readable body", answer.status)
        } else {
            format!("{code}: {message}")
        },
        request_id: Some(text("log_id")).filter(|id| !id.is_empty()).map(str::to_owned),
    })
}

fn read_page(body: &Body, asked: Option<&str>) -> Page {
    let mut page = Page::default();
    for (item, raw) in body.items(&["data", "videos"]) {
        page.take(id_text(item).as_deref(), read_video(item), raw);
    }
    let data = body.get("data").unwrap_or(&Value::Null);
    let more = data.get("has_more").and_then(Value::as_bool).unwrap_or(false);
    let cursor = data.get("cursor").and_then(Value::as_i64);
    // The search id may be left out; then the former one still holds.
    let former = asked.and_then(|c| c.split_once('|')).map(|(_, id)| id.to_owned());
    let search_id = data.get("search_id").and_then(scalar_text).or(former);
    if let (true, Some(cursor)) = (more, cursor) {
        page.next = Some(format!("{cursor}|{}", search_id.unwrap_or_default()));
    }
    page
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Ids come as numbers beyond 2^53 or as text, under either name.
fn id_text(item: &Value) -> Option<String> {
    let id = scalar_text(item.get("id").or_else(|| item.get("video_id"))?)?;
    (!id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_digit())).then_some(id)
}

fn read_video(item: &Value) -> Result<Observation, String> {
    let id = id_text(item).ok_or("no usable id")?;
    let text = |key: &str| storable(item.get(key).and_then(Value::as_str).unwrap_or(""));
    let author = text("username");
    Ok(Observation {
        platform: Platform::Tiktok,
        url: format!("https://www.tiktok.com/@{author}/video/{id}"),
        posted_at: item.get("create_time").and_then(Value::as_i64).map(Millis::from_secs),
        views: item.get("view_count").and_then(Value::as_i64),
        text: text("video_description"),
        author,
        native_id: id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_judged_by_their_code_first() {
        let cases = [
            (200, r#"{"error":{"code":"internal_error","message":"x"}}"#, Class::Transient),
            (200, "{\"data\":{\"vid", Class::Transient),
            (504, "<html>", Class::Transient),
            (400, r#"{"error":{"code":"invalid_params","message":"Search Id 77 is invalid or expired"}}"#, Class::CursorReset),
            (400, r#"{"error":{"code":"invalid_params","message":"dates"}}"#, Class::BadRequest),
            (401, r#"{"error":{"code":"access_token_invalid"}}"#, Class::TokenExpired),
            (401, r#"{"error":{"code":"scope_not_authorized"}}"#, Class::PermissionStop),
            (429, r#"{"error":{"code":"rate_limit_exceeded"}}"#, Class::ShortThrottle(None)),
            (429, r#"{"error":{"code":"daily_quota_limit_exceeded"}}"#, Class::DailyQuota),
            (429, "", Class::ShortThrottle(None)),
        ];
        for (status, body, class) in cases {
            assert_eq!(judge_query(&Answer::of(status, body, &[])).unwrap_err().class, class, "{status} {body}");
        }
    }

    /// The last video of a day must be searchable before the day is read, for it is read once.
    #[test]
    fn a_day_is_read_when_all_of_it_can_be_found() {
        for hour in 0..48 {
            let now = Millis(1_795_136_400_000 + hour * 3_600_000);
            let windows = windows(&Settings::default(), now, &["thrift".into()]);
            assert_eq!(windows.len(), 14);
            assert!(windows[0].until.0 + 2 * DAY <= now.0, "read too early");
            assert!(windows[0].until.0 + 3 * DAY > now.0, "read later than needed");
            assert!(windows.windows(2).all(|pair| pair[1].until == pair[0].from), "no day is left out");
        }
    }

    #[test]
    fn a_refused_token_may_come_with_status_200() {
        let body = r#"{"error":"invalid_client","error_description":"Client key or secret is incorrect.","log_id":"L1"}"#;
        let error = judge_token(&Answer::of(200, body, &[])).unwrap_err();
        assert_eq!(error.class, Class::AuthStop);
        assert_eq!(error.request_id.as_deref(), Some("L1"));
    }

    #[test]
    fn one_bad_item_does_not_spoil_its_page() {
        let data = json!({"data": {"videos": [
            {"id": 7_710_086_336_492_602_401_u64, "username": "toko.contoh", "video_description": "a\u{0}b", "baru": 1},
            {"video_id": "7710085636412940039"},
            {"id": 7.4e18},
            "text",
        ], "cursor": 100, "has_more": true}});
        let page = read_page(&data.into(), Some("0|77"));
        assert_eq!(page.observations.len(), 2);
        assert_eq!(page.observations[0].native_id, "7710086336492602401");
        assert_eq!(page.observations[0].text, "ab");
        assert_eq!(page.rejects.len(), 2);
        assert_eq!(page.next.as_deref(), Some("100|77"), "the former search id still holds");
    }
}
