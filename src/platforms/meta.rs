//! What the APIs of Meta (Facebook, Instagram, Threads) share: errors, limits, times, proof of the app.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{Meter, Page, TokenState, address};
use crate::config::Retry;
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// From this share of a limit on, calls are four times as far apart …
const SLOW: u32 = 75;
/// … and from this one on there is none for a while: calls while limited prolong the block.
const PARK: u32 = 95;

/// A client of the Graph API, with a token.
pub(super) struct Graph {
    platform: &'static str,
    api: ApiClient,
    token: Mutex<Option<SecretString>>,
    app_secret: Option<SecretString>,
    /// Share of the limit that is used, per cent, as the last answer said.
    usage: AtomicU32,
}

impl Graph {
    /// Builds the client; nothing is sent yet.
    pub fn new(
        platform: &'static str,
        per_minute: u32,
        retry: &Retry,
        entropy: Arc<Entropy>,
        token: Option<SecretString>,
        app_secret: Option<SecretString>,
    ) -> Result<Self, ApiError> {
        let api = ApiClient::new(platform, per_minute, retry, entropy)?;
        Ok(Self { platform, api, token: Mutex::new(token), app_secret, usage: AtomicU32::new(0) })
    }

    /// Gets an object or a page of a list. The token travels in the header: addresses end up in logs.
    /// Only [`Graph::token_state`] cannot but name it in the address.
    pub async fn get(&self, meter: &dyn Meter, url: &str, query: &[(&str, String)]) -> Result<Body, ApiError> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let token = token.as_ref().map_or("", |token| token.expose_secret());
        let secret = self.app_secret.as_ref();
        let proof = secret.and_then(|secret| app_secret_proof(secret.expose_secret(), token));
        let mut query = query.to_vec();
        query.extend(proof.map(|proof| ("appsecret_proof", proof)));
        self.call(meter, url, &query, token).await
    }

    async fn call(&self, meter: &dyn Meter, url: &str, query: &[(&str, String)], token: &str) -> Result<Body, ApiError> {
        match self.usage.load(Ordering::Relaxed) {
            PARK.. => {
                self.usage.store(0, Ordering::Relaxed);
                let why = format!("{PARK} % of the limit of an hour is used");
                return Err(ApiError::new(self.platform, Class::WindowThrottle(Duration::from_hours(1)), why));
            }
            SLOW.. => self.api.wait_three_turns().await,
            _ => {}
        }
        let judge = |answer: &Answer| {
            self.usage.store(usage(answer), Ordering::Relaxed);
            judge(self.platform, answer)
        };
        self.api.call(Some(meter), |http| http.get(url).query(query).bearer_auth(token), judge).await
    }

    /// When the token ends, asked with the app's own token.
    /// <https://developers.facebook.com/docs/graph-api/reference/debug_token>
    pub async fn token_state(&self, meter: &dyn Meter, base_url: &str, app_id: &str) -> Result<Option<TokenState>, ApiError> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(token), Some(secret), false) = (token, &self.app_secret, app_id.is_empty()) else { return Ok(None) };
        let app = format!("{app_id}|{}", secret.expose_secret());
        let query = [("input_token", token.expose_secret().to_owned())];
        let body = self.call(meter, &format!("{base_url}/debug_token"), &query, &app).await?;
        let time = |name: &str| body.get("data").and_then(|data| data.get(name)).and_then(Value::as_i64).filter(|at| *at > 0);
        // The consent of the person ends by itself; whichever comes first counts. None: it does not end.
        let until = [time("expires_at"), time("data_access_expires_at")].into_iter().flatten().min();
        Ok(Some(TokenState { until: until.map(Millis::from_secs) }))
    }

    /// Goes on with another token.
    pub fn use_token(&self, token: SecretString) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }
}

/// How much of any limit is used, per cent: the highest number of `X-App-Usage` and `X-Business-Use-Case-Usage`.
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
fn usage(answer: &Answer) -> u32 {
    fn highest(value: &Value) -> f64 {
        match value {
            Value::Object(map) => {
                let counted = map.iter().filter(|(key, _)| matches!(key.as_str(), "call_count" | "total_time" | "total_cputime"));
                let own = counted.filter_map(|(_, value)| value.as_f64());
                own.chain(map.values().map(highest)).fold(0.0, f64::max)
            }
            Value::Array(all) => all.iter().map(highest).fold(0.0, f64::max),
            _ => 0.0,
        }
    }
    let header = |name: &str| answer.headers.get(name).and_then(|value| serde_json::from_slice::<Value>(value.as_bytes()).ok());
    let used = ["x-app-usage", "x-business-use-case-usage"].into_iter().filter_map(header).map(|value| highest(&value));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage, clamped")]
    let used = used.fold(0.0, f64::max).clamp(0.0, 1000.0) as u32;
    used
}

/// Errors by code, whatever the status; a 200 may hold one too. <https://developers.facebook.com/docs/graph-api/guides/error-handling>
fn judge(platform: &'static str, answer: &Answer) -> Result<Body, ApiError> {
    let error = answer.json.as_ref().and_then(|json| json.get("error"));
    if let (None, Some(json), 200..=299) = (error, &answer.json, answer.status)
        && ["data", "id", "access_token"].iter().any(|key| json.get(key).is_some())
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
        // No such account, or one that is not professional.
        Some(110 | 9009) => Class::Gone,
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
    Err(ApiError { platform, class, message, request_id })
}

/// Minutes until access is regained, from `X-Business-Use-Case-Usage`.
fn regain_time(answer: &Answer) -> Option<Duration> {
    let header = answer.headers.get("x-business-use-case-usage")?.to_str().ok()?;
    let usage: Value = serde_json::from_str(header).ok()?;
    let entries = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = entries.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_f64()).fold(0.0, f64::max);
    (minutes > 0.0).then(|| Duration::from_secs_f64(minutes * 60.0))
}

/// `2026-11-20T03:12:44+0000`: no colon in the offset, which RFC 3339 readers refuse.
pub(super) fn parse_time(text: &str) -> Option<Millis> {
    jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text).ok().map(Millis::from_timestamp)
}

/// A page of a list: its items, and where it goes on while it says that there is more. A page may be empty and have a next
/// one. `next` itself is never requested: it holds the token and could name another host.
pub(super) fn page_of(body: &Body, read: impl Fn(&Value) -> Result<Observation, String>) -> Page {
    let mut page = Page::default();
    for (item, raw) in body.items(&["data"]) {
        page.take(item.get("id").and_then(Value::as_str), read(item), raw);
    }
    let more = body.pointer("/paging/next").is_some();
    page.next = body.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|_| more).map(str::to_owned);
    page
}

/// A post without its author. The fields: its address, its text, its time.
pub(super) fn post_of(item: &Value, platform: Platform, [link, text, time]: [&str; 3]) -> Result<Observation, String> {
    let field = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or("");
    let found = address::parse(field(link)).map_err(|why| format!("its address is {why}"))?;
    if found.platform != platform {
        return Err(format!("its address is not one of {}", platform.label()));
    }
    Ok(Observation {
        platform,
        native_id: found.native_id,
        url: found.url,
        author: String::new(),
        text: storable(field(text)),
        posted_at: parse_time(field(time)),
        views: None,
    })
}

/// `appsecret_proof`: whoever has the token alone cannot use it.
/// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
fn app_secret_proof(secret: &str, token: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(token.as_bytes());
    Some(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(judge("threads", &Answer::of(status, body, &[])).unwrap_err().class, class, "{status} {body}");
        }
    }

    #[test]
    fn the_highest_share_of_any_limit_counts() {
        let app = ("x-app-usage", r#"{"call_count":28,"total_time":80,"total_cputime":25.5}"#);
        let business = (
            "x-business-use-case-usage",
            r#"{"1784":[{"type":"instagram","call_count":97,"estimated_time_to_regain_access":190}]}"#,
        );
        assert_eq!(usage(&Answer::of(200, "{}", &[app])), 80);
        assert_eq!(usage(&Answer::of(200, "{}", &[app, business])), 97);
        assert_eq!(usage(&Answer::of(200, "{}", &[("x-app-usage", "rusak")])), 0);
        assert_eq!(usage(&Answer::of(200, "{}", &[])), 0, "headers come only when an app has made enough calls");
    }

    #[test]
    fn times_without_a_colon_are_read() {
        assert_eq!(parse_time("2026-11-20T03:12:44+0000"), Some(Millis::from_secs(1_795_144_364)));
        assert_eq!(parse_time("kemarin"), None);
    }

    #[test]
    fn the_proof_is_a_keyed_hash_of_the_token() {
        let proof = app_secret_proof("0123456789abcdef0123456789abcdef", "EAABfakeTokenForTests").unwrap();
        assert_eq!(proof, "98fb5185b399c4e648dd6ee4bc5cadb40e262ecb1f7b4bec389cee680387bbb6");
    }
}
