//! Jetstream: every public post of Bluesky as a stream, without an account. A run reads from where the last one stopped up
//! to now, keeps the posts that hold one of the search words, and goes. <https://github.com/bluesky-social/jetstream>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{Error, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::client::{ApiError, Class, class_of_status};
use super::{Meter, Page, Source, SourceInfo, Window};
use crate::config::{Config, Jetstream as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Millis, Platform};

/// The records that are posts.
const COLLECTION: &str = "app.bsky.feed.post";
/// Events of a page: after these, how far it was read is stored.
const EVENTS: u32 = 20_000;
/// Posts kept of a page.
const KEPT: usize = 500;
/// Deletions of a page; most are of posts that were never kept.
const GONE: usize = 5_000;
/// Time for a page.
const LONGEST: Duration = Duration::from_secs(30);
/// What happened within this time is now.
const NOW: i64 = 2_000_000;
/// The stream is delivered at least once and not quite in order: a new connection begins this much earlier.
const OVERLAP: i64 = 5_000_000;
/// A server keeps this much; what is older is gone.
const LOOK_BACK: Duration = Duration::from_hours(36);
/// Largest event that is read, bytes.
const LARGEST: usize = 1 << 20;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The client.
pub struct Jetstream {
    settings: Settings,
    tls: Connector,
}

impl Jetstream {
    /// Source name.
    pub const NAME: &'static str = "jetstream";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.jetstream.mode",
        quota_zone: "UTC",
        mode: |config| config.jetstream.mode,
        budget: |config| config.jetstream.daily_requests,
        price: None,
        page_size: |_| 500,
        keep_days: None,
        refresh_days: None,
        windows: Some(windows),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, ApiError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(|error| ApiError::new(Self::NAME, Class::BadRequest, format!("no TLS: {error}")))?
            .with_no_client_auth();
        Ok(Self { settings: settings.clone(), tls: Connector::Rustls(Arc::new(tls)) })
    }

    async fn connect(&self, cursor: i64) -> Result<Socket, ApiError> {
        let url = format!("{}/subscribe?wantedCollections={COLLECTION}&cursor={cursor}", self.settings.base_url);
        let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let connecting = connect_async_tls_with_config(url, Some(limits), true, Some(self.tls.clone()));
        match timeout(Duration::from_secs(20), connecting).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(Error::Http(answer))) => {
                let status = answer.status().as_u16();
                // 101 was wanted.
                let class = if status < 400 { Class::Transient } else { class_of_status(status) };
                Err(ApiError::new(Self::NAME, class, format!("HTTP {status} instead of a stream")))
            }
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(ApiError::new(Self::NAME, Class::Transient, "no answer in twenty seconds")),
        }
    }
}

fn broken(error: &Error) -> ApiError {
    ApiError::new(Jetstream::NAME, Class::Transient, format!("the stream broke: {error}"))
}

/// One window: the stream. It is never over; where it goes on is stored with each page.
fn windows(_config: &Config, now: Millis, words: &[String]) -> Vec<Window> {
    vec![Window {
        key: "stream".into(),
        query: "stream".into(),
        words: words.to_vec(),
        from: now.minus(LOOK_BACK),
        until: now,
        settled: true,
    }]
}

impl Source for Jetstream {
    fn info(&self) -> &'static SourceInfo {
        &Self::INFO
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move {
            let uncounted =
                |why: String| ApiError::new(Self::NAME, Class::Transient, format!("the budget cannot be counted: {why}"));
            if !meter.take().await.map_err(uncounted)? {
                return Err(ApiError::new(Self::NAME, Class::Budget, "the connections of today are used up"));
            }
            let from = cursor.and_then(|cursor| cursor.parse::<i64>().ok()).map_or(window.from.0 * 1000, |at| at - OVERLAP);
            let mut socket = self.connect(from).await?;
            let words: Vec<String> = window.words.iter().map(|word| plain(word)).collect();
            let mut reading = Reading { words, reached: from + OVERLAP, ..Reading::default() };
            let ended = reading.read(&mut socket, window.until, Duration::from_secs(self.settings.idle_seconds)).await;
            // The farewell is a courtesy; a server that is gone is gone.
            drop(timeout(Duration::from_secs(1), socket.close(None)).await);
            match ended {
                // What came before a break is kept; the next connection goes on from there.
                Err(error) if reading.reached <= from + OVERLAP => Err(error),
                ended => Ok(reading.page(ended.unwrap_or(false))),
            }
        })
    }
}

/// What was read of the stream.
#[derive(Default)]
struct Reading {
    words: Vec<String>,
    /// Time of the last event, microseconds.
    reached: i64,
    events: u32,
    /// Posts by id, and the events that they came in.
    posts: BTreeMap<String, (Observation, String)>,
    gone: Vec<String>,
    rejects: Vec<(String, String)>,
}

impl Reading {
    /// Reads until `until`, or until the page is full. True when that was all there is.
    async fn read(&mut self, socket: &mut Socket, until: Millis, idle: Duration) -> Result<bool, ApiError> {
        let deadline = Instant::now() + LONGEST;
        while self.events < EVENTS && self.posts.len() + self.rejects.len() < KEPT && self.gone.len() < GONE {
            match timeout_at(deadline.min(Instant::now() + idle), socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    if self.take(text.as_str()) >= until.0 * 1000 - NOW {
                        return Ok(true);
                    }
                }
                // Pings are answered by reading on.
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(broken(&error)),
                Ok(None) => return Err(ApiError::new(Jetstream::NAME, Class::Transient, "the stream ended")),
                // Nothing more comes, or the time for a page is over.
                Err(_) => return Ok(Instant::now() < deadline),
            }
        }
        Ok(false)
    }

    /// Takes an event; gives its time, microseconds.
    fn take(&mut self, text: &str) -> i64 {
        let Ok(event) = serde_json::from_str::<Value>(text) else {
            self.rejects.push(("?".into(), "an event that is no JSON".into()));
            return 0;
        };
        self.events += 1;
        let at = event.get("time_us").and_then(Value::as_i64).unwrap_or(0);
        // Never back: an event that comes late must not take the cursor with it.
        self.reached = self.reached.max(at);
        self.take_post(&event, at, text);
        at
    }

    fn take_post(&mut self, event: &Value, at: i64, raw: &str) {
        let did = event.get("did").and_then(Value::as_str).filter(|did| did.starts_with("did:")).unwrap_or("");
        let commit = event.get("commit");
        let of = |key: &str| commit.and_then(|commit| commit.get(key)).and_then(Value::as_str).unwrap_or("");
        if did.is_empty() || of("collection") != COLLECTION {
            return;
        }
        let rkey = of("rkey");
        let id = format!("{did}/{rkey}");
        if of("operation") == "delete" {
            self.posts.remove(&id);
            self.gone.push(id);
            return;
        }
        if !(5..=64).contains(&rkey.len()) || !rkey.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return;
        }
        let Some(text) = commit.and_then(|commit| commit.pointer("/record/text")).and_then(Value::as_str) else {
            self.rejects.push((id, "a post without a text".into()));
            return;
        };
        // Only what the searches of other platforms would find is kept: the rest is nobody's business.
        let searched = plain(text);
        if self.words.iter().any(|word| searched.contains(word.as_str())) {
            let post = Observation {
                platform: Platform::Bluesky,
                url: format!("https://bsky.app/profile/{did}/post/{rkey}"),
                author: did.to_owned(),
                text: storable(text),
                posted_at: Some(Millis(at / 1000)),
                views: None,
                native_id: id.clone(),
            };
            self.posts.insert(id, (post, raw.to_owned()));
        }
    }

    fn page(self, all: bool) -> Page {
        let (observations, raw) = self.posts.into_iter().map(|(id, (post, raw))| (post, (id, raw))).unzip();
        Page {
            observations,
            raw,
            rejects: self.rejects,
            gone: self.gone.into_iter().map(|id| (Platform::Bluesky, id)).collect(),
            next: Some(self.reached.to_string()),
            pause: all,
        }
    }
}

/// Letters and digits in small letters: `#BalImpor` holds `bal impor`.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_posts_with_a_word_are_kept_and_the_cursor_never_goes_back() {
        let mut reading = Reading { words: vec![plain("bal impor")], ..Reading::default() };
        let create = |at: i64, rkey: &str, text: &str| {
            format!(
                r#"{{"did":"did:plc:abc","time_us":{at},"kind":"commit","commit":{{"operation":"create","collection":"app.bsky.feed.post","rkey":"{rkey}","record":{{"text":"{text}"}}}}}}"#
            )
        };
        for text in [
            create(1_795_000_000_000_000, "3mptbyoeyc22k", "BAL impor segel"),
            create(1_795_000_000_000_200, "3mptbyoeyc22l", "sarapan #balimpor"),
            create(1_795_000_000_000_100, "3mptbyoeyc22m", "sarapan"),
            r#"{"did":"did:plc:abc","time_us":1795000000000150,"kind":"identity","identity":{"handle":"toko.contoh"}}"#.into(),
            r#"{"did":"did:plc:abc","time_us":1795000000000300,"kind":"commit","commit":{"operation":"delete","collection":"app.bsky.feed.post","rkey":"3mptbyoeyc22k"}}"#.into(),
            r#"{"did":"did:plc:abc","kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3mptbyoeyc22n"}}"#.into(),
            "bukan JSON {".into(),
        ] {
            reading.take(&text);
        }
        let page = reading.page(true);
        let ids: Vec<&str> = page.observations.iter().map(|seen| seen.native_id.as_str()).collect();
        assert_eq!(ids, ["did:plc:abc/3mptbyoeyc22l"]);
        assert_eq!(page.gone, [(Platform::Bluesky, "did:plc:abc/3mptbyoeyc22k".to_owned())]);
        assert_eq!((page.rejects.len(), page.next.as_deref(), page.pause), (2, Some("1795000000000300"), true));
    }
}
