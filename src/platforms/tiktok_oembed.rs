//! TikTok oEmbed: one address in, its caption out, no account needed. Used to see whether a post is still there and
//! to fill in the caption of an imported address. <https://developers.tiktok.com/doc/embed-videos>

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status};
use super::{Meter, SourceInfo};
use crate::config::{Oembed as Settings, Retry};
use crate::domain::Entropy;
use crate::domain::post::storable;

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The post is there.
    Up {
        /// Caption.
        title: String,
        /// Public handle.
        author: String,
        /// The text that this came as.
        raw: String,
    },
    /// The platform does not show it: deleted, private or blocked here; it does not say which.
    Gone,
}

/// The client.
pub struct TiktokOembed {
    settings: Settings,
    api: ApiClient,
}

impl TiktokOembed {
    /// Source name.
    pub const NAME: &'static str = "tiktok_oembed";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.tiktok_oembed.mode",
        quota_zone: "UTC",
        mode: |config| config.oembed.mode,
        budget: |config| config.oembed.daily_requests,
        price: None,
        page_size: |_| 1,
        keep_days: None,
        refresh_days: None,
        windows: None,
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api })
    }

    /// Looks at one post by its address.
    pub fn look<'a>(&'a self, url: &'a str, meter: &'a dyn Meter) -> BoxFuture<'a, Result<Look, ApiError>> {
        let endpoint = format!("{}/oembed", self.settings.base_url);
        Box::pin(async move { self.api.call(Some(meter), |http| http.get(&endpoint).query(&[("url", url)]), judge).await })
    }
}

fn judge(answer: &Answer) -> Result<Look, ApiError> {
    let text = |key: &str| answer.json.as_ref().and_then(|j| j.get(key)).and_then(Value::as_str);
    match (answer.status, text("title").or_else(|| text("html"))) {
        (200, Some(_)) => Ok(Look::Up {
            title: storable(text("title").unwrap_or("")),
            author: storable(text("author_unique_id").unwrap_or("")),
            raw: answer.json.as_ref().map_or("", Body::text).to_owned(),
        }),
        (400 | 404, _) => Ok(Look::Gone),
        (429, _) => Err(ApiError::new(TiktokOembed::NAME, Class::ShortThrottle(answer.retry_after()), "too many requests")),
        (status, _) => {
            let class = if status < 400 { Class::Transient } else { class_of_status(status) };
            Err(ApiError::new(TiktokOembed::NAME, class, format!("HTTP {status} without a readable body")))
        }
    }
}
