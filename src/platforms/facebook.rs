//! Facebook: what the Pages of a watch list posted. No API searches posts by word, and none reads groups, profiles or the
//! Marketplace. <https://developers.facebook.com/docs/graph-api/reference/page/feed>

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use super::client::{ApiError, Body};
use super::meta::Graph;
use super::{DAY, Meter, Page, Source, SourceInfo, TokenState, Window, meta};
use crate::config::{Config, Facebook as Settings, Retry};
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// Only these fields are asked for and kept.
const FIELDS: &str = "id,message,created_time,permalink_url";
/// Posts a page, at most.
const PAGE_SIZE: u32 = 100;

/// The client.
pub struct Facebook {
    settings: Settings,
    graph: Graph,
}

/// A Page that could be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// Id, as the watch list wants it.
    pub id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub link: String,
}

impl Facebook {
    /// Source name.
    pub const NAME: &'static str = "facebook";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.facebook.mode",
        quota_zone: "UTC",
        mode: |config| config.facebook.mode,
        budget: |config| config.facebook.daily_requests,
        price: None,
        page_size: |_| PAGE_SIZE,
        keep_days: Some(7),
        refresh_days: None,
        windows: Some(|config, now, _| windows(config, now)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let (token, secret) = (settings.access_token.clone(), settings.app_secret.clone());
        let graph = Graph::new(Self::NAME, settings.requests_per_minute, retry, entropy, token, secret)?;
        Ok(Self { settings: settings.clone(), graph })
    }

    /// Pages whose names hold these words, for a person to choose from.
    /// <https://developers.facebook.com/docs/pages/searching>
    pub async fn find_pages(&self, words: &str, meter: &dyn Meter) -> Result<Vec<FoundPage>, ApiError> {
        let query = [("q", words.to_owned()), ("fields", "id,name,link".to_owned())];
        let body = self.graph.get(meter, &format!("{}/pages/search", self.settings.base_url), &query).await?;
        let text = |item: &Value, key: &str| storable(item.get(key).and_then(Value::as_str).unwrap_or(""));
        let items = body.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let read = |item| FoundPage { id: text(item, "id"), name: text(item, "name"), link: text(item, "link") };
        Ok(items.iter().map(read).collect())
    }
}

/// One window for each Page. A Page always gets new posts on top, so a window is never settled: each run reads down to
/// what the last one read.
fn windows(config: &Config, now: Millis) -> Vec<Window> {
    let settings = &config.facebook;
    let window = |page: &String| Window {
        key: page.clone(),
        query: page.clone(),
        words: vec![page.clone()],
        from: Millis(now.0 - settings.days * DAY),
        until: now,
        settled: false,
    };
    settings.pages.iter().map(window).collect()
}

impl Source for Facebook {
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
            let page = window.words.first().map_or("", String::as_str);
            let mut query = vec![
                ("fields", FIELDS.to_owned()),
                ("limit", PAGE_SIZE.to_string()),
                ("since", window.from.secs().to_string()),
                ("until", window.until.secs().to_string()),
            ];
            query.extend(cursor.map(|after| ("after", after.to_owned())));
            Ok(read_page(&self.graph.get(meter, &format!("{}/{page}/posts", self.settings.base_url), &query).await?))
        })
    }

    fn look_after_token<'a>(
        &'a self,
        _known: Option<TokenState>,
        _now: Millis,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Option<TokenState>, ApiError>> {
        Box::pin(self.graph.token_state(meter, &self.settings.base_url, &self.settings.app_id))
    }
}

fn read_page(body: &Body) -> Page {
    meta::page_of(body, |item| {
        let seen = meta::post_of(item, Platform::Facebook, ["permalink_url", "message", "created_time"])?;
        // `PAGE_POST`: the names of Pages change, their ids do not.
        let page = item.get("id").and_then(Value::as_str).and_then(|id| id.split('_').next());
        Ok(Observation { author: page.map(storable).unwrap_or_default(), ..seen })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_of_posts_is_read() {
        let post = json!({"id": "100000000000001_122000000000001", "message": "Bal impor Korea, grade A",
            "created_time": "2026-11-19T02:11:00+0000", "shares": {"count": 3}, "is_published": true,
            "permalink_url": "https://www.facebook.com/100000000000001/posts/122000000000001"});
        let picture = json!({"id": "100000000000001_122000000000002", "created_time": "2026-11-19T02:10:00+0000",
            "permalink_url": "https://www.facebook.com/100000000000001/posts/122000000000002"});
        let page = read_page(
            &json!({"data": [post, picture, {"id": "100000000000001_3"}],
            "paging": {"cursors": {"after": "QVFI"}, "next": "https://lain.contoh/?access_token=EAAB"}})
            .into(),
        );
        assert_eq!(page.next.as_deref(), Some("QVFI"));
        assert_eq!((page.observations.len(), page.rejects.len()), (2, 1));
        assert_eq!(page.observations[0].native_id, "122000000000001");
        assert_eq!(page.observations[0].author, "100000000000001");
        assert_eq!(page.observations[1].text, "", "a post can be a picture alone");
        assert_eq!(read_page(&json!({"data": [], "paging": {"cursors": {"after": "QVFI"}}}).into()).next, None);
    }
}
