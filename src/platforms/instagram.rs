//! Instagram hashtag search: public posts of the last 24 hours under chosen hashtags, without their authors.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/hashtag-search>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::client::{ApiClient, ApiError, Class};
use super::{DAY, Meter, Page, Source, SourceInfo, Window, address, meta};
use crate::config::{Instagram as Settings, Retry};
use crate::domain::post::{Observation, storable};
use crate::domain::{Entropy, Millis, Platform};

/// How long a hashtag counts towards [`Settings::MOST_TAGS`].
const TAG_WEEK: Duration = Duration::from_hours(7 * 24);
/// Only these fields are asked for; the API gives no author.
const FIELDS: &str = "id,caption,permalink,timestamp";
/// Posts a page, at most.
const PAGE_SIZE: u32 = 50;
/// Milliseconds between two readings of a hashtag: an answer reaches 24 hours back, so three may fail.
const SLOT: i64 = DAY / 4;

/// The client.
pub struct Instagram {
    settings: Settings,
    api: ApiClient,
    /// Ids of hashtags; they never change.
    ids: Mutex<HashMap<String, String>>,
}

impl Instagram {
    /// Source name.
    pub const NAME: &'static str = "instagram";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.instagram.mode",
        quota_zone: "UTC",
        mode: |config| config.instagram.mode,
        budget: |config| config.instagram.daily_requests,
        page_size: |_| PAGE_SIZE,
        keep_days: Some(7),
        windows: Some(|config, now, words| windows(&config.instagram, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { settings: settings.clone(), api, ids: Mutex::default() })
    }

    async fn get(&self, meter: &dyn Meter, path: &str, query: &[(&str, String)]) -> Result<Value, ApiError> {
        let url = format!("{}/{path}", self.settings.base_url);
        let token = self.settings.access_token.as_ref().map_or("", |token| token.expose_secret());
        let secret = self.settings.app_secret.as_ref();
        let proof = secret.and_then(|secret| meta::app_secret_proof(secret.expose_secret(), token));
        let mut query = query.to_vec();
        query.push(("user_id", self.settings.user_id.clone()));
        query.extend(proof.map(|proof| ("appsecret_proof", proof)));
        self.api
            .call(
                Some(meter),
                |http| http.get(&url).query(&query).bearer_auth(token),
                |answer| match meta::judge(Self::NAME, answer) {
                    // Our own count had room. Only this hashtag is left out: those of the week can still be read.
                    Err(error) if error.message.starts_with("error 18/") => {
                        let message = format!("{}: too many hashtags in seven days; another program asks too", error.message);
                        Err(ApiError { class: Class::BadRequest, message, ..error })
                    }
                    judged => judged,
                },
            )
            .await
    }

    /// The id of a hashtag, if the week's budget has room for it.
    async fn tag_id(&self, meter: &dyn Meter, tag: &str) -> Result<String, ApiError> {
        let fail = |class, why: String| ApiError::new(Self::NAME, class, why);
        match meter.reserve(tag, i64::try_from(Settings::MOST_TAGS).unwrap_or(0), TAG_WEEK).await {
            Ok(true) => {}
            Ok(false) => {
                let why = format!(
                    "#{tag} would be more than {} hashtags in seven days; it is left out until one of them is a week old",
                    Settings::MOST_TAGS
                );
                return Err(fail(Class::BadRequest, why));
            }
            Err(why) => return Err(fail(Class::Transient, format!("the hashtags cannot be counted: {why}"))),
        }
        if let Some(id) = self.ids.lock().unwrap_or_else(PoisonError::into_inner).get(tag) {
            return Ok(id.clone());
        }
        let body = self.get(meter, "ig_hashtag_search", &[("q", tag.to_owned())]).await?;
        // The guide shows the id alone, the reference a list.
        let id = body.pointer("/data/0/id").or_else(|| body.get("id")).and_then(Value::as_str);
        let id = id.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        let id = id.ok_or_else(|| fail(Class::BadRequest, format!("no id for #{tag}")))?.to_owned();
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.to_owned(), id.clone());
        Ok(id)
    }
}

/// Each hashtag of the configuration once in six hours. The words of the rules are not asked for: the budget of
/// thirty hashtags a week is for people to spend.
fn windows(settings: &Settings, now: Millis, _words: &[String]) -> Vec<Window> {
    let slot = now.0.div_euclid(SLOT);
    let window = |tag: &String| Window {
        key: format!("{slot}:{tag}"),
        query: tag.clone(),
        words: vec![tag.clone()],
        from: Millis(now.0 - DAY),
        until: now,
        settled: true,
    };
    settings.tags.iter().map(window).collect()
}

impl Source for Instagram {
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
            let tag = window.words.first().map_or("", String::as_str);
            let id = self.tag_id(meter, tag).await?;
            let mut query = vec![("fields", FIELDS.to_owned()), ("limit", PAGE_SIZE.to_string())];
            query.extend(cursor.map(|after| ("after", after.to_owned())));
            Ok(read_page(&self.get(meter, &format!("{id}/recent_media"), &query).await?))
        })
    }
}

fn read_page(body: &Value) -> Page {
    let mut page = Page::default();
    for item in body.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
        page.take(item.get("id").and_then(Value::as_str), read_post(item));
    }
    // `next` says that there is more; it is never requested itself: it holds the token and could name another host.
    let more = body.pointer("/paging/next").is_some();
    page.next = body.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|_| more).map(str::to_owned);
    page
}

fn read_post(item: &Value) -> Result<Observation, String> {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or("");
    let found = address::parse(text("permalink")).map_err(|why| format!("its address is {why}"))?;
    if found.platform != Platform::Instagram {
        return Err("its address is not one of Instagram".into());
    }
    Ok(Observation {
        platform: Platform::Instagram,
        native_id: found.native_id,
        url: found.url,
        author: String::new(),
        text: storable(text("caption")),
        posted_at: meta::parse_time(text("timestamp")),
        views: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_goes_on_while_it_says_so() {
        let item = json!({"id": "18000000000000001", "caption": "Bal impor", "permalink": "https://www.instagram.com/p/DFakeCode01/",
            "timestamp": "2026-11-20T03:12:44+0000"});
        let foreign = json!({"id": "18000000000000002", "permalink": "https://contoh.id/p/x"});
        let page = read_page(&json!({"data": [item, foreign, {"id": "3", "media_type": "IMAGE"}],
            "paging": {"cursors": {"after": "SAMA=="}, "next": "https://lain.contoh/?access_token=EAAB"}}));
        assert_eq!(page.next.as_deref(), Some("SAMA=="));
        assert_eq!((page.observations.len(), page.rejects.len()), (1, 2));
        assert_eq!(page.observations[0].native_id, "DFakeCode01");
        assert_eq!(page.observations[0].url, "https://www.instagram.com/p/DFakeCode01/");
        assert_eq!(page.observations[0].author, "", "the API gives none");
        assert_eq!(read_page(&json!({"data": [], "paging": {"cursors": {"after": "SAMA=="}}})).next, None);
    }
}
