//! Threads keyword search. <https://developers.facebook.com/docs/threads/keyword-search>

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::SecretString;
use serde_json::Value;

use super::client::{ApiError, Body, Class};
use super::meta::Graph;
use super::{Meter, Page, Source, SourceInfo, TokenState, Window, meta, word_days};
use crate::config::{Retry, Threads as Settings};
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// Only these fields are asked for and kept.
const FIELDS: &str = "id,text,permalink,timestamp,username,shortcode";

/// A token lives 60 days; it is renewed when no more than this is left.
const RENEW: Duration = Duration::from_hours(15 * 24);
/// A word that stands in many posts of every day.
const COMMON: &str = "selamat";

/// The client.
pub struct Threads {
    settings: Settings,
    graph: Graph,
}

impl Threads {
    /// Source name.
    pub const NAME: &'static str = "threads";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.threads.mode",
        quota_zone: "UTC",
        mode: |config| config.threads.mode,
        budget: |config| config.threads.daily_requests,
        price: None,
        page_size: |config| config.threads.page_size,
        keep_days: Some(7),
        refresh_days: None,
        windows: Some(|config, now, words| windows(&config.threads, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let token = settings.access_token.clone();
        // `appsecret_proof` is not documented for Threads, so there is no secret to send.
        let graph = Graph::new(Self::NAME, settings.requests_per_minute, retry, entropy, token, None)?;
        Ok(Self { settings: settings.clone(), graph })
    }

    /// Another process may have renewed the token: the file counts.
    fn take_renewed(&self) {
        let file = self.settings.access_token_file.as_ref();
        let token = file.and_then(|file| std::fs::read_to_string(file).ok()).map(|token| token.trim().to_owned());
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            self.graph.use_token(SecretString::from(token));
        }
    }

    /// A new token in place of the old one, in the file too. <https://developers.facebook.com/docs/threads/get-started/long-lived-tokens>
    async fn renew(&self, meter: &dyn Meter, file: &Path, now: Millis) -> Result<TokenState, ApiError> {
        let base = self.settings.base_url.rsplit_once("/v").map_or(self.settings.base_url.as_str(), |(base, _)| base);
        let query = [("grant_type", "th_refresh_token".to_owned())];
        let body = self.graph.get(meter, &format!("{base}/refresh_access_token"), &query).await?;
        let fail = |why: String| ApiError::new(Self::NAME, Class::Transient, why);
        let token = body.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| fail("the renewal brought no token".into()))?;
        let lasts = body.get("expires_in").and_then(Value::as_u64).unwrap_or(0);
        replace(file, token).map_err(|error| fail(format!("{} cannot be written: {error}", file.display())))?;
        self.graph.use_token(SecretString::from(token.to_owned()));
        Ok(TokenState { until: Some(now.plus(Duration::from_secs(lasts))) })
    }
}

/// Writes a token beside the old one and then in its place: a crash leaves one of the two.
fn replace(file: &Path, token: &str) -> std::io::Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(dir)?;
    writeln!(new, "{token}")?;
    new.as_file().sync_all()?;
    new.persist(file).map(|_| ()).map_err(|error| error.error)
}

/// One window for each word and UTC day.
fn windows(settings: &Settings, now: Millis, words: &[String]) -> Vec<Window> {
    word_days(now, words, settings.days)
}

impl Source for Threads {
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
            self.take_renewed();
            let url = format!("{}/keyword_search", self.settings.base_url);
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
            Ok(read_page(&self.graph.get(meter, &url, &query).await?))
        })
    }

    fn look_after_token<'a>(
        &'a self,
        known: Option<TokenState>,
        now: Millis,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Option<TokenState>, ApiError>> {
        Box::pin(async move {
            // Without a file the new token would be lost with the process.
            let Some(file) = &self.settings.access_token_file else { return Ok(known) };
            let lasts = known.and_then(|token| token.until).is_some_and(|until| until > now.plus(RENEW));
            if lasts { Ok(known) } else { self.renew(meter, file, now).await.map(Some) }
        })
    }

    /// Apps without approval of `threads_keyword_search` find the owner's own posts only, without an error.
    fn self_test<'a>(&'a self, meter: &'a dyn Meter) -> BoxFuture<'a, Result<Option<String>, ApiError>> {
        Box::pin(async move {
            let me =
                self.graph.get(meter, &format!("{}/me", self.settings.base_url), &[("fields", "id,username".into())]).await?;
            let own = me.get("username").and_then(Value::as_str).unwrap_or("");
            let query = [("q", COMMON.to_owned()), ("search_type", "RECENT".to_owned()), ("fields", "id,username".to_owned())];
            let body = self.graph.get(meter, &format!("{}/keyword_search", self.settings.base_url), &query).await?;
            let found = body.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let by_others = found.iter().any(|post| post.get("username").and_then(Value::as_str).is_some_and(|name| name != own));
            let why =
                format!("a search for `{COMMON}` finds no post but your own: the app is not approved for threads_keyword_search");
            Ok((!by_others).then_some(why))
        })
    }
}

fn read_page(body: &Body) -> Page {
    let mut page = Page::default();
    let items = body.items(&["data"]);
    for (item, raw) in &items {
        page.take(item.get("id").and_then(Value::as_str), read_post(item), raw);
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
        posted_at: item.get("timestamp").and_then(Value::as_str).and_then(meta::parse_time),
        views: None,
        text: text("text"),
        author,
        native_id,
    })
}
