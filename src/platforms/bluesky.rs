//! Bluesky: keyword search with a session on the account's own server. <https://docs.bsky.app/docs/api/app-bsky-feed-search-posts>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{Meter, Page, Shown, Source, SourceInfo, Window, parse_rfc3339, word_days};
use crate::config::{Bluesky as Settings, Retry};
use crate::domain::post::{Observation, storable};
use crate::domain::{Clock, Entropy, Millis, Platform};

/// Posts of one `getPosts` call, at most. <https://docs.bsky.app/docs/api/app-bsky-feed-get-posts>
const LOOKED_UP: usize = 25;

/// The client.
pub struct Bluesky {
    settings: Settings,
    api: ApiClient,
    clock: Arc<dyn Clock>,
    /// One session for all: the server allows few new ones.
    session: Mutex<Option<SecretString>>,
}

impl Bluesky {
    /// Source name.
    pub const NAME: &'static str = "bluesky";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.bluesky.mode",
        quota_zone: "UTC",
        mode: |config| config.bluesky.mode,
        budget: |config| config.bluesky.daily_requests,
        price: None,
        page_size: |_| 100,
        keep_days: None,
        refresh_days: None,
        windows: Some(|config, now, words| windows(&config.bluesky, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, clock: Arc<dyn Clock>, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api, clock, session: Mutex::new(None) })
    }

    /// The access token: of the session there is, or of a new one.
    async fn token(&self, meter: &dyn Meter) -> Result<SecretString, ApiError> {
        let mut session = self.session.lock().await;
        if let Some(token) = &*session {
            return Ok(token.clone());
        }
        let url = format!("{}/xrpc/com.atproto.server.createSession", self.settings.base_url);
        let password = self.settings.app_password.as_ref().map_or("", |password| password.expose_secret());
        let body = json!({"identifier": self.settings.identifier, "password": password});
        let now = self.clock.now();
        let judge = |answer: &Answer| judge(answer, now);
        let answer = self.api.call(Some(meter), |http| http.post(&url).json(&body), judge).await;
        let answer = answer.map_err(|error| match error.class {
            // A new session is refused: the password is wrong, not old.
            Class::TokenExpired => ApiError { class: Class::AuthStop, ..error },
            _ => error,
        })?;
        let token = answer.get("accessJwt").and_then(Value::as_str);
        let token = token.ok_or_else(|| ApiError::new(Self::NAME, Class::Transient, "a session without a token"))?;
        let token = SecretString::from(token.to_owned());
        *session = Some(token.clone());
        Ok(token)
    }

    async fn get(&self, meter: &dyn Meter, method: &str, query: &[(&str, String)]) -> Result<Body, ApiError> {
        let url = format!("{}/xrpc/{method}", self.settings.base_url);
        let mut renewed = false;
        loop {
            let token = self.token(meter).await?;
            let now = self.clock.now();
            let judge = |answer: &Answer| judge(answer, now);
            let token = token.expose_secret();
            match self.api.call(Some(meter), |http| http.get(&url).query(query).bearer_auth(token), judge).await {
                Err(error) if error.class == Class::TokenExpired && !renewed => {
                    renewed = true;
                    *self.session.lock().await = None;
                }
                Err(error) if error.class == Class::TokenExpired => return Err(ApiError { class: Class::AuthStop, ..error }),
                other => return other,
            }
        }
    }
}

/// One window for each word and UTC day.
fn windows(settings: &Settings, now: Millis, words: &[String]) -> Vec<Window> {
    word_days(now, words, settings.days)
}

impl Source for Bluesky {
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
            let words = window.words.join(" ");
            let phrase = if words.contains(' ') { format!("\"{words}\"") } else { words };
            let mut query = vec![
                ("q", phrase),
                ("sort", "latest".to_owned()),
                ("since", window.from.timestamp().to_string()),
                ("until", window.until.timestamp().to_string()),
                ("limit", "100".to_owned()),
            ];
            query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
            Ok(read_page(&self.get(meter, "app.bsky.feed.searchPosts", &query).await?))
        })
    }

    fn looks_at(&self) -> Option<Platform> {
        Some(Platform::Bluesky)
    }

    /// What is deleted, taken down or deactivated is left out of the answer. Of an address with a handle in it nothing is told: the answer
    /// names accounts by their identifier, and a handle can have changed hands.
    fn look<'a>(&'a self, ids: &'a [String], meter: &'a dyn Meter) -> BoxFuture<'a, Result<BTreeMap<String, Shown>, ApiError>> {
        Box::pin(async move {
            let mut all = BTreeMap::new();
            let lasting: Vec<&String> = ids.iter().filter(|id| id.starts_with("did:")).collect();
            for ids in lasting.chunks(LOOKED_UP) {
                let uri = |id: &&String| id.split_once('/').map(|(did, rkey)| format!("at://{did}/app.bsky.feed.post/{rkey}"));
                let query: Vec<_> = ids.iter().filter_map(uri).map(|uri| ("uris", uri)).collect();
                let body = self.get(meter, "app.bsky.feed.getPosts", &query).await?;
                // One that is there and cannot be read is not gone.
                let there: BTreeSet<String> =
                    body.items(&["posts"]).iter().filter_map(|(post, _)| Some(post.get("uri")?.as_str()?.to_owned())).collect();
                let missing = ids.iter().filter(|id| uri(id).is_some_and(|uri| !there.contains(&uri)));
                all.extend(missing.map(|id| ((*id).clone(), Shown::Gone)));
                let page = read_page(&body);
                all.extend(page.observations.into_iter().map(|seen| (seen.native_id, Shown::Up(seen.text))));
            }
            Ok(all)
        })
    }
}

fn read_page(body: &Body) -> Page {
    let posts = body.items(&["posts"]);
    let mut page = Page::default();
    for (post, raw) in &posts {
        page.take(post.get("uri").and_then(Value::as_str), read_post(post), raw);
    }
    // Pages may be short: hidden posts are taken out after they were fetched.
    let cursor = body.get("cursor").and_then(Value::as_str).filter(|_| !posts.is_empty());
    page.next = cursor.map(str::to_owned);
    page
}

/// `at://did:plc:…/app.bsky.feed.post/RKEY`: the identifier of the account stays when its handle changes.
fn read_post(post: &Value) -> Result<Observation, String> {
    let text = |path: &str| storable(post.pointer(path).and_then(Value::as_str).unwrap_or(""));
    let uri = text("/uri");
    let (did, rkey) = uri
        .strip_prefix("at://")
        .and_then(|rest| rest.split_once("/app.bsky.feed.post/"))
        .filter(|(did, rkey)| {
            did.starts_with("did:") && (5..=64).contains(&rkey.len()) && rkey.bytes().all(|b| b.is_ascii_alphanumeric())
        })
        .ok_or("no usable address")?;
    // When the post was written is the client's word; when it was indexed is the server's.
    let at = post.get("indexedAt").and_then(Value::as_str).and_then(parse_rfc3339);
    Ok(Observation {
        platform: Platform::Bluesky,
        native_id: format!("{did}/{rkey}"),
        url: format!("https://bsky.app/profile/{did}/post/{rkey}"),
        author: text("/author/handle"),
        text: text("/record/text"),
        posted_at: at.or_else(|| post.pointer("/record/createdAt").and_then(Value::as_str).and_then(parse_rfc3339)),
        views: None,
    })
}

/// Errors by name. <https://docs.bsky.app/docs/advanced-guides/rate-limits>
fn judge(answer: &Answer, now: Millis) -> Result<Body, ApiError> {
    if let (Some(json), 200..=299) = (&answer.json, answer.status) {
        return Ok(json.clone());
    }
    let name = answer.json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str).unwrap_or("");
    let class = match (name, answer.status) {
        ("ExpiredToken" | "InvalidToken" | "AuthenticationRequired" | "AuthMissing", _) => Class::TokenExpired,
        ("AccountTakedown" | "AuthFactorTokenRequired", _) => Class::AuthStop,
        ("RateLimitExceeded", _) | (_, 429) => rest(answer, now),
        ("BadQueryString" | "InvalidRequest", _) => Class::BadRequest,
        // The public mirror refuses searches with a page of its own; it is the wrong host, not a wrong password.
        ("", 403) => Class::PermissionStop,
        _ if answer.status < 400 => Class::Transient,
        _ => class_of_status(answer.status),
    };
    let message = match (name, answer.status) {
        ("", 403) => "the host refuses searches; base_url must be the account's own server".to_owned(),
        ("", status) => format!("HTTP {status} without a readable body"),
        (name, status) => format!("{name} (HTTP {status})"),
    };
    Err(ApiError::new(Bluesky::NAME, class, message))
}

/// `RateLimit-Reset` is a unix time.
fn rest(answer: &Answer, now: Millis) -> Class {
    let reset = answer.headers.get("ratelimit-reset").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    match reset.map(|reset: i64| reset - now.secs()) {
        Some(seconds) if seconds > 60 => Class::WindowThrottle(Duration::from_secs(u64::try_from(seconds).unwrap_or(60))),
        Some(seconds) => Class::ShortThrottle(Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))),
        None => Class::ShortThrottle(answer.retry_after()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_judged_by_their_name_first() {
        let now = Millis::from_secs(1_000);
        let cases = [
            (400, r#"{"error":"ExpiredToken"}"#, &[][..], Class::TokenExpired),
            (401, r#"{"error":"AuthenticationRequired"}"#, &[], Class::TokenExpired),
            (401, r#"{"error":"AccountTakedown"}"#, &[], Class::AuthStop),
            (400, r#"{"error":"BadQueryString"}"#, &[], Class::BadRequest),
            (
                429,
                r#"{"error":"RateLimitExceeded"}"#,
                &[("ratelimit-reset", "1300")],
                Class::WindowThrottle(Duration::from_mins(5)),
            ),
            (429, "", &[("ratelimit-reset", "1005")], Class::ShortThrottle(Some(Duration::from_secs(5)))),
            (403, "<html>Request forbidden by administrative rules</html>", &[], Class::PermissionStop),
            (502, r#"{"error":"UpstreamFailure"}"#, &[], Class::Transient),
        ];
        for (status, body, headers, class) in cases {
            assert_eq!(judge(&Answer::of(status, body, headers), now).unwrap_err().class, class, "{status} {body}");
        }
    }

    #[test]
    fn posts_are_kept_by_the_identifier_that_stays() {
        let post = json!({"uri": "at://did:plc:abc234/app.bsky.feed.post/3mptbyoeyc22k", "author": {"handle": "toko.contoh"},
            "record": {"text": "Bal impor", "createdAt": "2020-01-01T00:00:00Z"}, "indexedAt": "2026-11-20T03:15:07.456Z"});
        let seen = read_post(&post).unwrap();
        assert_eq!(seen.native_id, "did:plc:abc234/3mptbyoeyc22k");
        assert_eq!(seen.url, "https://bsky.app/profile/did:plc:abc234/post/3mptbyoeyc22k");
        assert_eq!(seen.posted_at, Some(Millis(1_795_144_507_456)));
        assert!(read_post(&json!({"uri": "at://did:plc:x/app.bsky.feed.like/3mptbyoeyc22k"})).is_err());
    }
}
