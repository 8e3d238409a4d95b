//! Mastodon: the public timeline of a hashtag, on each of the instances named in the configuration.
//! <https://docs.joinmastodon.org/methods/timelines/#tag>

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::client::{Answer, ApiClient, ApiError, Body, Class, class_of_status, member};
use super::{DAY, Meter, Page, Source, SourceInfo, Window, parse_rfc3339};
use crate::config::{Mastodon as Settings, Retry};
use crate::domain::post::{Observation, storable};
use crate::domain::{Clock, Entropy, Millis, Platform};

/// The client.
pub struct Mastodon {
    api: ApiClient,
    clock: Arc<dyn Clock>,
}

impl Mastodon {
    /// Source name.
    pub const NAME: &'static str = "mastodon";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.mastodon.mode",
        quota_zone: "UTC",
        mode: |config| config.mastodon.mode,
        budget: |config| config.mastodon.daily_requests,
        price: None,
        page_size: |_| 40,
        keep_days: None,
        refresh_days: None,
        windows: Some(|config, now, words| windows(&config.mastodon, now, words)),
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, clock: Arc<dyn Clock>, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let api = ApiClient::new(Self::NAME, settings.requests_per_minute, retry, entropy)?;
        Ok(Self { api, clock })
    }
}

/// One window for each instance and tag. A timeline has no time bounds and always gets new posts on top, so a window is
/// never settled: the first run reads down to `days` ago, later ones down to half a day before the last.
fn windows(settings: &Settings, now: Millis, words: &[String]) -> Vec<Window> {
    let from = Millis(now.0 - settings.days * DAY);
    let tags = words.iter().map(|word| tag(word)).filter(|tag| !tag.is_empty());
    let mut tags: Vec<String> = tags.collect();
    tags.sort();
    tags.dedup();
    let instances = settings.instances.iter();
    instances
        .flat_map(|instance| tags.iter().map(move |tag| (instance, tag)))
        .map(|(instance, tag)| Window {
            key: format!("{}:{tag}", host(instance)),
            query: format!("{}:{tag}", host(instance)),
            words: vec![instance.clone(), tag.clone()],
            from,
            until: now,
            settled: false,
        })
        .collect()
}

impl Source for Mastodon {
    fn info(&self) -> &'static SourceInfo {
        &Self::INFO
    }

    /// A post of another instance may come hours late, and stands where its own time puts it.
    fn overlap(&self) -> std::time::Duration {
        std::time::Duration::from_hours(12)
    }

    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>> {
        Box::pin(async move {
            let [instance, tag] = window.words.as_slice() else { return Ok(Page::default()) };
            let url = format!("{}/api/v1/timelines/tag/{tag}", instance.trim_end_matches('/'));
            let mut query = vec![("limit", "40".to_owned())];
            query.extend(cursor.map(|older_than| ("max_id", older_than.to_owned())));
            let now = self.clock.now();
            let judge = |answer: &Answer| judge(answer, now);
            let (body, next) = self.api.call(Some(meter), |http| http.get(&url).query(&query), judge).await?;
            Ok(read_page(&body, next, window.from))
        })
    }
}

/// A tag has no spaces: `bal impor` is `balimpor`.
fn tag(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn host(instance: &str) -> String {
    Url::parse(instance).ok().and_then(|url| Some(url.host_str()?.to_owned())).unwrap_or_else(|| instance.to_owned())
}

/// Newest first; the page on which posts from before `from` begin is the last.
fn read_page(body: &Body, next: Option<String>, from: Millis) -> Page {
    let mut page = Page::default();
    let mut reached = false;
    for (status, raw) in body.items(&[]) {
        match read_status(status) {
            Ok(seen) if seen.posted_at.is_some_and(|at| at < from) => reached = true,
            // Of a boost the original alone: whoever boosted has nothing to do with it.
            read => {
                let original = status.get("reblog").is_some_and(Value::is_object).then(|| member(raw, "reblog"));
                page.take(status.get("uri").and_then(Value::as_str), read, original.unwrap_or(raw));
            }
        }
    }
    page.next = next.filter(|_| !reached);
    page
}

/// The address that every instance knows it by is the identity; a boost is its original.
fn read_status(status: &Value) -> Result<Observation, String> {
    let status = status.get("reblog").filter(|reblog| reblog.is_object()).unwrap_or(status);
    let text = |path: &str| storable(status.pointer(path).and_then(Value::as_str).unwrap_or(""));
    let uri = text("/uri");
    let usable = |address: &str| Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    if !usable(&uri) {
        return Err("no usable address".to_owned());
    }
    let url = Some(text("/url")).filter(|url| usable(url)).unwrap_or_else(|| uri.clone());
    let (warning, content) = (text("/spoiler_text"), plain(&text("/content")));
    Ok(Observation {
        platform: Platform::Mastodon,
        native_id: uri,
        url,
        author: text("/account/acct"),
        text: if warning.is_empty() { content } else { format!("{warning}\n{content}") },
        posted_at: status.get("created_at").and_then(Value::as_str).and_then(parse_rfc3339),
        views: None,
    })
}

/// The text of a post's HTML. Mastodon's is small and clean: paragraphs, breaks, links, and spans that hide parts of
/// addresses.
fn plain(html: &str) -> String {
    let broken = html.replace("<br>", "\n").replace("<br/>", "\n").replace("<br />", "\n").replace("</p>", "\n\n");
    let mut out = String::with_capacity(broken.len());
    let mut rest = broken.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    html_escape::decode_html_entities(&out).trim().to_owned()
}

/// The page, and the `max_id` of the next one: of the address only that is taken, never its host.
fn judge(answer: &Answer, now: Millis) -> Result<(Body, Option<String>), ApiError> {
    if let (Some(json), 200..=299) = (&answer.json, answer.status)
        && json.is_array()
    {
        return Ok((json.clone(), next_of(answer)));
    }
    let class = match answer.status {
        429 => rest(answer, now),
        // The instance shows this timeline to members only.
        401 | 403 | 422 => Class::PermissionStop,
        404 | 410 => Class::Gone,
        status if status < 400 => Class::Transient,
        status => class_of_status(status),
    };
    Err(ApiError::new(Mastodon::NAME, class, format!("HTTP {}", answer.status)))
}

fn next_of(answer: &Answer) -> Option<String> {
    let links = answer.headers.get(reqwest::header::LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains(r#"rel="next""#))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let max_id = Url::parse(address).ok()?.query_pairs().find(|(key, _)| key == "max_id")?.1.into_owned();
    (max_id.len() <= 64 && max_id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(max_id)
}

/// `X-RateLimit-Reset` is an ISO time here.
fn rest(answer: &Answer, now: Millis) -> Class {
    let reset = answer.headers.get("x-ratelimit-reset").and_then(|value| value.to_str().ok()).and_then(parse_rfc3339);
    match reset {
        Some(reset) if reset > now => Class::WindowThrottle(reset.since(now)),
        _ => Class::ShortThrottle(answer.retry_after().or(Some(Duration::from_secs(30)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_next_link_only_the_id_is_taken() {
        let link = r#"<http://169.254.169.254/api/v1/timelines/tag/x?limit=40&max_id=7163058>; rel="next", <https://m.contoh/?min_id=9>; rel="prev""#;
        assert_eq!(next_of(&Answer::of(200, "[]", &[("link", link)])), Some("7163058".to_owned()));
        let last = r#"<https://m.contoh/?min_id=9>; rel="prev""#;
        assert_eq!(next_of(&Answer::of(200, "[]", &[("link", last)])), None);
        assert_eq!(next_of(&Answer::of(200, "[]", &[("link", r#"<https://m.contoh/?max_id=a%20b>; rel="next""#)])), None);
    }

    #[test]
    fn limits_are_read_as_iso_times() {
        let now = parse_rfc3339("2026-11-22T01:00:00Z").unwrap();
        let limited = Answer::of(429, "", &[("x-ratelimit-reset", "2026-11-22T01:05:00.000000Z")]);
        assert_eq!(judge(&limited, now).unwrap_err().class, Class::WindowThrottle(Duration::from_mins(5)));
        assert_eq!(judge(&Answer::of(422, "", &[]), now).unwrap_err().class, Class::PermissionStop);
        assert_eq!(judge(&Answer::of(200, "{}", &[]), now).unwrap_err().class, Class::Transient);
    }

    #[test]
    fn the_text_of_html_is_what_a_reader_sees() {
        let html = r#"<p>Buka bal <a href="https://m.contoh/tags/thrift" class="mention hashtag">#<span>thrift</span></a><br />35rb &amp; &lt;murah&gt;</p><p>DM</p>"#;
        assert_eq!(plain(html), "Buka bal #thrift\n35rb & <murah>\n\nDM");
        assert_eq!(plain("<p>tak selesai <a href="), "tak selesai");
        assert_eq!(tag("Bal Impor!"), "balimpor");
    }
}
