//! Instagram: public posts of the last 24 hours under chosen hashtags, without their authors; and what the professional
//! accounts of a watch list posted.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/hashtag-search>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;

use super::client::{ApiError, Body, Class};
use super::meta::Graph;
use super::{DAY, Meter, Page, Source, SourceInfo, TokenState, Window, meta};
use crate::config::{Instagram as Settings, Retry};
use crate::domain::post::Observation;
use crate::domain::{Entropy, Millis, Platform};

/// How long a hashtag counts towards [`Settings::MOST_TAGS`].
const TAG_WEEK: Duration = Duration::from_hours(7 * 24);
/// Only these fields are asked for; the API gives no author.
const FIELDS: &str = "id,caption,permalink,timestamp";
/// Posts a page of a hashtag, at most.
const PAGE_SIZE: u32 = 50;
/// Posts a page of an account.
const ACCOUNT_PAGE: u32 = 25;
/// Milliseconds between two readings of a hashtag: an answer reaches 24 hours back, so three may fail.
const SLOT: i64 = DAY / 4;

/// The client.
pub struct Instagram {
    settings: Settings,
    graph: Graph,
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
        price: None,
        page_size: |_| PAGE_SIZE,
        keep_days: Some(7),
        refresh_days: None,
        windows: Some(|config, now, words| windows(&config.instagram, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let (token, secret) = (settings.access_token.clone(), settings.app_secret.clone());
        let graph = Graph::new(Self::NAME, settings.requests_per_minute, retry, entropy, token, secret)?;
        Ok(Self { settings: settings.clone(), graph, ids: Mutex::default() })
    }

    async fn get(&self, meter: &dyn Meter, path: &str, query: &[(&str, String)]) -> Result<Body, ApiError> {
        match self.graph.get(meter, &format!("{}/{path}", self.settings.base_url), query).await {
            // Our own count had room. Only this hashtag is left out: those of the week can still be read.
            Err(error) if error.message.starts_with("error 18/") => {
                let message = format!("{}: too many hashtags in seven days; another program asks too", error.message);
                Err(ApiError { class: Class::BadRequest, message, ..error })
            }
            answer => answer,
        }
    }

    /// What is asked on behalf of the ministry's account.
    fn as_user<'a>(&self, query: &[(&'a str, String)]) -> Vec<(&'a str, String)> {
        let user = std::iter::once(("user_id", self.settings.user_id.clone()));
        user.chain(query.iter().cloned()).collect()
    }

    /// A page of what a professional account posted. There is no `next`: the cursor goes into the fields.
    /// <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/business-discovery>
    async fn account_page(&self, meter: &dyn Meter, window: &Window, name: &str, cursor: Option<&str>) -> Result<Page, ApiError> {
        // Both are spliced into an expression with brackets.
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-=".contains(&b));
        if !plain(name) || !cursor.is_none_or(plain) {
            return Err(ApiError::new(Self::NAME, Class::BadRequest, format!("@{name} is no name of an account")));
        }
        let after = cursor.map(|cursor| format!(".after({cursor})")).unwrap_or_default();
        let fields = format!("business_discovery.username({name}){{username,media.limit({ACCOUNT_PAGE}){after}{{{FIELDS}}}}}");
        let body = self.get(meter, &self.settings.user_id, &[("fields", fields)]).await?;
        let items = body.items(&["business_discovery", "media", "data"]);
        let mut page = Page::default();
        for (item, raw) in &items {
            let read = read_post(item).map(|seen| Observation { author: name.to_owned(), ..seen });
            page.take(item.get("id").and_then(Value::as_str), read, raw);
        }
        // Newest first: older ones follow only.
        let reached = page.observations.iter().any(|seen| seen.posted_at.is_some_and(|at| at < window.from));
        page.observations.retain(|seen| seen.posted_at.is_none_or(|at| at >= window.from));
        let after = body.pointer("/business_discovery/media/paging/cursors/after").and_then(Value::as_str);
        page.next = after.filter(|_| !reached && !items.is_empty()).map(str::to_owned);
        Ok(page)
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
        let body = self.get(meter, "ig_hashtag_search", &self.as_user(&[("q", tag.to_owned())])).await?;
        // The guide shows the id alone, the reference a list.
        let id = body.pointer("/data/0/id").or_else(|| body.get("id")).and_then(Value::as_str);
        let id = id.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        let id = id.ok_or_else(|| fail(Class::BadRequest, format!("no id for #{tag}")))?.to_owned();
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(tag.to_owned(), id.clone());
        Ok(id)
    }
}

/// Each hashtag of the configuration once in six hours, and the accounts of the watch list. The words of the rules are not asked for: the budget of
/// thirty hashtags a week is for people to spend.
fn windows(settings: &Settings, now: Millis, _words: &[String]) -> Vec<Window> {
    let slot = now.0.div_euclid(SLOT);
    let window = |tag: &String| Window {
        key: format!("{slot}:{tag}"),
        query: tag.clone(),
        words: vec![tag.clone()],
        // The answer reaches 24 hours back; this is what is new of it.
        from: Millis(now.0 - SLOT),
        until: now,
        settled: true,
    };
    let account = |name: &String| Window {
        key: format!("@{name}"),
        query: format!("@{name}"),
        words: vec![format!("@{name}")],
        from: Millis(now.0 - settings.days * DAY),
        until: now,
        // An account always gets new posts on top.
        settled: false,
    };
    settings.tags.iter().map(window).chain(settings.accounts.iter().map(account)).collect()
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
            if let Some(name) = tag.strip_prefix('@') {
                return self.account_page(meter, window, name, cursor).await;
            }
            let id = self.tag_id(meter, tag).await?;
            let mut query = self.as_user(&[("fields", FIELDS.to_owned()), ("limit", PAGE_SIZE.to_string())]);
            query.extend(cursor.map(|after| ("after", after.to_owned())));
            Ok(read_page(&self.get(meter, &format!("{id}/recent_media"), &query).await?))
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
    meta::page_of(body, read_post)
}

fn read_post(item: &Value) -> Result<Observation, String> {
    meta::post_of(item, Platform::Instagram, ["permalink", "caption", "timestamp"])
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
        let page = read_page(
            &json!({"data": [item, foreign, {"id": "3", "media_type": "IMAGE"}],
            "paging": {"cursors": {"after": "SAMA=="}, "next": "https://lain.contoh/?access_token=EAAB"}})
            .into(),
        );
        assert_eq!(page.next.as_deref(), Some("SAMA=="));
        assert_eq!((page.observations.len(), page.rejects.len()), (1, 2));
        assert_eq!(page.observations[0].native_id, "DFakeCode01");
        assert_eq!(page.observations[0].url, "https://www.instagram.com/p/DFakeCode01/");
        assert_eq!(page.observations[0].author, "", "the API gives none");
        assert_eq!(read_page(&json!({"data": [], "paging": {"cursors": {"after": "SAMA=="}}}).into()).next, None);
    }
}
