//! The one way to talk to a platform: paced, metered, with a size limit, classified errors and jittered retries.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Meter;
use crate::config::Retry;
use crate::domain::Entropy;

/// Largest answer that is read, bytes.
const BODY_LIMIT: usize = 8 << 20;

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A passing fault: again, later and later.
    Transient,
    /// Too fast: again after this long.
    ShortThrottle(Option<Duration>),
    /// A quota is used up: rest until the next UTC midnight.
    DailyQuota,
    /// A rolling quota is used up: rest this long.
    WindowThrottle(Duration),
    /// Get a new token once, then [`Class::AuthStop`].
    TokenExpired,
    /// Credentials are refused: a person has to act.
    AuthStop,
    /// Not approved for this: a person has to act.
    PermissionStop,
    /// Our mistake: never again with the same request.
    BadRequest,
    /// The page cursor died: read the window from its start.
    CursorReset,
    /// The thing asked for is not there.
    Gone,
    /// Blocked for policy reasons: stop everything, a person has to act.
    PolicyStop,
    /// Our own budget of the day is used up.
    Budget,
}

impl Class {
    /// Its name, for counting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::ShortThrottle(_) => "short_throttle",
            Self::DailyQuota => "daily_quota",
            Self::WindowThrottle(_) => "window_throttle",
            Self::TokenExpired => "token_expired",
            Self::AuthStop => "auth",
            Self::PermissionStop => "permission",
            Self::BadRequest => "bad_request",
            Self::CursorReset => "cursor_reset",
            Self::Gone => "gone",
            Self::PolicyStop => "policy",
            Self::Budget => "budget",
        }
    }
}

/// A failed call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{platform}: {message}{}", request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default())]
pub struct ApiError {
    /// Source name.
    pub platform: &'static str,
    /// What to do about it.
    pub class: Class,
    /// What the platform said, without tokens.
    pub message: String,
    /// The platform's id of the request, for asking its support.
    pub request_id: Option<String>,
}

impl ApiError {
    /// A failure without a request id.
    pub fn new(platform: &'static str, class: Class, message: impl Into<String>) -> Self {
        Self { platform, class, message: message.into(), request_id: None }
    }
}

/// A body as JSON, and the text that came. It reads as its [`Value`].
#[derive(Debug, Clone)]
pub struct Body {
    value: Value,
    text: Arc<str>,
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl Body {
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Self { value: serde_json::from_str(text).ok()?, text: text.into() })
    }

    /// The list at `path`: each item, and the very text that it came as.
    pub fn items(&self, path: &[&str]) -> Vec<(&Value, &str)> {
        let (mut value, mut raw) = (&self.value, &*self.text);
        for key in path {
            value = value.get(key).unwrap_or(&Value::Null);
            raw = member(raw, key);
        }
        let raw: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
        let texts = raw.into_iter().map(RawValue::get).chain(std::iter::repeat(""));
        value.as_array().map_or(&[][..], Vec::as_slice).iter().zip(texts).collect()
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self { text: value.to_string().into(), value }
    }
}

/// The text of a member of an object; empty where there is none.
pub fn member<'a>(object: &'a str, key: &str) -> &'a str {
    let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(object).unwrap_or_default();
    members.get(key).map_or("", |value| value.get())
}

/// An answer as received. The body is JSON where it could be read as such: error pages may be HTML or empty.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as JSON.
    pub json: Option<Body>,
}

impl Answer {
    /// `Retry-After` in seconds, if given so.
    pub fn retry_after(&self) -> Option<Duration> {
        let header = self.headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
        header.trim().parse().ok().map(Duration::from_secs)
    }
}

#[cfg(test)]
impl Answer {
    /// As a platform would send it; for tests of what is made of it.
    pub fn of(status: u16, body: &str, headers: &[(&'static str, &'static str)]) -> Self {
        use reqwest::header::{HeaderName, HeaderValue};
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Self { status, headers: headers.collect(), json: Body::read(body.as_bytes()) }
    }
}

/// A client of one platform.
pub struct ApiClient {
    platform: &'static str,
    http: reqwest::Client,
    pace: DefaultDirectRateLimiter,
    retry: Retry,
    entropy: Arc<Entropy>,
}

impl ApiClient {
    /// A client that sends at most `per_minute` requests. Redirects are never followed: an API has no reason to send
    /// a token elsewhere.
    pub fn new(platform: &'static str, per_minute: u32, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        Self::build(platform, per_minute, retry, entropy, None)
    }

    /// The same with an own way from names to addresses.
    pub fn with_names(
        platform: &'static str,
        per_minute: u32,
        retry: &Retry,
        entropy: Arc<Entropy>,
        names: Arc<dyn reqwest::dns::Resolve>,
    ) -> Result<Self, ApiError> {
        Self::build(platform, per_minute, retry, entropy, Some(names))
    }

    fn build(
        platform: &'static str,
        per_minute: u32,
        retry: &Retry,
        entropy: Arc<Entropy>,
        names: Option<Arc<dyn reqwest::dns::Resolve>>,
    ) -> Result<Self, ApiError> {
        let mut http = reqwest::Client::builder();
        if let Some(names) = names {
            // A proxy would resolve names itself.
            http = http.dns_resolver(names).no_proxy();
        }
        let http = http
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_mins(1))
            .user_agent(concat!("sisir/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ApiError::new(platform, Class::BadRequest, format!("no HTTP client: {error}")))?;
        let pace = RateLimiter::direct(
            Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN)).allow_burst(NonZeroU32::MIN),
        );
        Ok(Self { platform, http, pace, retry: retry.clone(), entropy })
    }

    /// Waits for three turns of the pace: what comes next is four times as far from what went before.
    pub async fn wait_three_turns(&self) {
        for _ in 0..3 {
            self.pace.until_ready().await;
        }
    }

    /// For building requests.
    pub const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sends what `build` makes until `judge` is content or the error is not one that waiting mends.
    pub async fn call<T>(
        &self,
        meter: Option<&dyn Meter>,
        build: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
        judge: impl Fn(&Answer) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut tried = 1;
        loop {
            match meter {
                None => {}
                Some(meter) => match meter.take().await {
                    Ok(true) => {}
                    Ok(false) => return Err(ApiError::new(self.platform, Class::Budget, "the budget of today is used up")),
                    // Without a count no request is made: an unseen overrun would cost the whole day.
                    Err(why) => {
                        return Err(ApiError::new(
                            self.platform,
                            Class::Transient,
                            format!("the budget cannot be counted: {why}"),
                        ));
                    }
                },
            }
            self.pace.until_ready().await;
            let result = match self.send(build(&self.http)).await {
                Ok(answer) => judge(&answer),
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = match error.class {
                Class::Transient => self.backoff(tried),
                Class::ShortThrottle(after) => after.unwrap_or_else(|| self.backoff(tried)),
                _ => return Err(error),
            };
            if tried >= self.retry.tries {
                return Err(error);
            }
            tracing::warn!(
                source = self.platform,
                tried,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(0),
                "{}; trying again",
                error.message
            );
            tokio::time::sleep(wait.min(Duration::from_millis(self.retry.cap_ms))).await;
            tried += 1;
        }
    }

    /// Full jitter: a random part of base · 2^(tried-1), never over the cap.
    fn backoff(&self, tried: u32) -> Duration {
        let doubled = self.retry.base_ms.saturating_mul(2_u64.saturating_pow(tried.saturating_sub(1)));
        Duration::from_millis(doubled.min(self.retry.cap_ms)).mul_f64(self.entropy.fraction().max(0.05))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that sends")]
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, ApiError> {
        let transport = |error: reqwest::Error| {
            ApiError::new(self.platform, Class::Transient, format!("no usable answer: {}", error.without_url()))
        };
        let mut response = request.send().await.map_err(transport)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(ApiError::new(self.platform, Class::Transient, "the answer is larger than 8 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, json: Body::read(&body) })
    }
}

/// The class of an answer whose body says nothing.
pub fn class_of_status(status: u16) -> Class {
    match status {
        401 => Class::TokenExpired,
        403 => Class::PermissionStop,
        404 | 410 => Class::Gone,
        429 => Class::ShortThrottle(None),
        400..=499 => Class::BadRequest,
        _ => Class::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the sender's spaces, order, numbers and escapes: an item is a piece of the answer, not written anew.
    #[test]
    fn items_are_the_very_text_that_came() {
        let answer = "{ \"data\" :{\"b\":1, \"videos\":[ {\"id\": 7.710086336492602401e18,  \"a\":\"\\u0062al \\ud83d\\ude00\"},null ,\n[1 ]]},\"data2\":0}";
        let body = Body::read(answer.as_bytes()).unwrap();
        let items = body.items(&["data", "videos"]);
        let texts: Vec<&str> = items.iter().map(|(_, raw)| *raw).collect();
        assert_eq!(texts, ["{\"id\": 7.710086336492602401e18,  \"a\":\"\\u0062al \\ud83d\\ude00\"}", "null", "[1 ]"]);
        assert!(texts.iter().all(|text| answer.contains(text)));
        assert_eq!(items[0].0["a"], "bal 😀");
        assert!(body.items(&["data", "b"]).is_empty() && body.items(&["nothing"]).is_empty() && body.items(&[]).is_empty());
        assert!(Body::read(b"<html>").is_none() && Body::read(&[b'"', 0xff, b'"']).is_none());
    }
}
