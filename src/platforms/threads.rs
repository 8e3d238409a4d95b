//! Threads keyword search. <https://developers.facebook.com/docs/threads/keyword-search>

use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::{ApiClient, ApiError};
use super::{Meter, Page, Source, SourceInfo, Window, meta, word_days};
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
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.threads.mode",
        quota_zone: "UTC",
        mode: |config| config.threads.mode,
        budget: |config| config.threads.daily_requests,
        page_size: |config| config.threads.page_size,
        keep_days: Some(7),
        windows: Some(|config, now, words| windows(&config.threads, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api })
    }
}

/// One window for each word and UTC day. The day that is not over is read again at each run.
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
            let body = self
                .api
                .call(
                    Some(meter),
                    |http| http.get(&url).query(&query).bearer_auth(token),
                    |answer| meta::judge(Self::NAME, answer),
                )
                .await?;
            Ok(read_page(&body))
        })
    }
}

fn read_page(body: &Value) -> Page {
    let mut page = Page::default();
    let items = body.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for item in items {
        page.take(item.get("id").and_then(Value::as_str), read_post(item));
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
