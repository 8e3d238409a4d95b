//! Platform APIs, one file each, behind one [`Source`] trait; importers; the canonical form of addresses; and the
//! fake platforms that tests and the demo talk to over real HTTP.

pub mod address;
mod bluesky;
pub mod client;
mod facebook;
pub mod fake;
pub mod import;
mod instagram;
mod jetstream;
mod mastodon;
mod meta;
pub mod short_links;
mod threads;
mod tiktok;
mod tiktok_oembed;
mod x;
mod youtube;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::config::{Config, Mode};
use crate::domain::post::Observation;
use crate::domain::{Clock, Entropy, Millis, Platform, sha256_hex};
pub use bluesky::Bluesky;
pub use client::{ApiError, Class};
pub use facebook::{Facebook, FoundPage};
pub use instagram::Instagram;
pub use jetstream::Jetstream;
pub use mastodon::Mastodon;
pub use short_links::ShortLinks;
pub use threads::Threads;
pub use tiktok::TiktokResearch;
pub use tiktok_oembed::{Look, TiktokOembed};
pub use x::X;
pub use youtube::Youtube;

/// What a crawl asks for: one query over one span of time. A window is the durable unit of progress: page cursors
/// die after minutes, a window can always be read again (storing is idempotent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Name of the window, stable over runs.
    pub key: String,
    /// Name of the query, stable over runs and the same for all its windows.
    pub query: String,
    /// Words asked for.
    pub words: Vec<String>,
    /// Posts from here (included).
    pub from: Millis,
    /// Posts until here (excluded).
    pub until: Millis,
    /// True when hardly anything new appears in it any more: once read to the end it is not read again.
    pub settled: bool,
}

/// One page of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What could be read.
    pub observations: Vec<Observation>,
    /// Items that could not be read: id (or `?`) and why. One bad item never spoils its page.
    pub rejects: Vec<(String, String)>,
    /// Posts that their authors deleted since: platform and id.
    pub gone: Vec<(Platform, String)>,
    /// Where to go on; none at the end of the window.
    pub next: Option<String>,
    /// That was all there is for now; the next run goes on from `next`.
    pub pause: bool,
    /// The text that each post came as, byte for byte, by native id.
    pub raw: BTreeMap<String, String>,
}

impl Page {
    /// Each post that could be read, and the text that it came as.
    pub fn came(&self) -> impl Iterator<Item = (&Observation, &[u8])> {
        self.observations.iter().filter_map(|seen| Some((seen, self.raw.get(&seen.native_id)?.as_bytes())))
    }

    /// Takes an item of an answer, as far as it could be read, and the text that it came as. `id`: its id, for the list of those
    /// that could not.
    fn take(&mut self, id: Option<&str>, read: Result<Observation, String>, raw: &str) {
        match read {
            Ok(seen) => {
                // One without a caption takes nothing away.
                if !seen.text.is_empty() {
                    self.raw.insert(seen.native_id.clone(), raw.to_owned());
                }
                self.observations.push(seen);
            }
            Err(why) => self.rejects.push((id.unwrap_or("?").to_owned(), why)),
        }
    }
}

/// What a platform says about a post that is looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It is there, with this text.
    Up(String),
    /// It is there, but not shown in Indonesia.
    Restricted,
    /// Its author shows it to chosen people only.
    Private,
    /// There is no such post, or none that it would show anybody.
    Gone,
}

/// Counts requests against the day's budget. Attempts count, not successes: platforms charge failed calls too.
pub trait Meter: Send + Sync {
    /// Takes one request. False when the budget of the day is used up; an error when it cannot be counted now.
    fn take(&self) -> BoxFuture<'_, Result<bool, String>>;
    /// Takes as many as there are left, at most `most`; says how many.
    fn take_up_to(&self, most: i64) -> BoxFuture<'_, Result<i64, String>>;
    /// Gives back what was taken and not used.
    fn give_back(&self, unused: i64) -> BoxFuture<'_, Result<(), String>>;
    /// Takes a place among the `limit` names that the platform allows in any span of `within`. A name that has a place
    /// keeps it until the span is over. False when there is no place; an error when it cannot be counted now.
    fn reserve<'a>(&'a self, name: &'a str, limit: i64, within: Duration) -> BoxFuture<'a, Result<bool, String>>;
    /// A meter of the same source for calls that a platform counts apart.
    fn bucket<'a>(&'a self, name: &str, budget: i64) -> Box<dyn Meter + 'a>;
}

/// A day of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaDay {
    /// `YYYY-MM-DD` where the quota is counted.
    pub key: String,
    /// When the next one begins.
    pub until: Millis,
}

impl QuotaDay {
    /// The day of `at` in a zone of the tz database; of UTC if there is no such zone.
    pub fn of(at: Millis, zone: &str) -> Self {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = at.timestamp().to_zoned(zone);
        let until = local.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
        Self {
            key: local.strftime("%Y-%m-%d").to_string(),
            until: until.map_or(Millis(at.0 + DAY), |until| Millis::from_timestamp(until.timestamp())),
        }
    }
}

/// What a platform charges for.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    /// The bucket in which it is counted.
    pub bucket: &'static str,
    /// How many a day.
    pub daily: fn(&Config) -> i64,
    /// Thousandths of a US dollar for one.
    pub milli_usd: i64,
}

/// What is known of a source before it is built: what it is called, how it runs, what it will ask.
pub struct SourceInfo {
    /// Name in the database, in logs and on pages.
    pub name: &'static str,
    /// The setting that switches it on.
    pub key: &'static str,
    /// Where its day begins at midnight.
    pub quota_zone: &'static str,
    /// How it runs.
    pub mode: fn(&Config) -> Mode,
    /// Requests a day.
    pub budget: fn(&Config) -> i64,
    /// What it costs, where it costs money.
    pub price: Option<Price>,
    /// Posts of a full page.
    pub page_size: fn(&Config) -> u32,
    /// Days after which a post that no rule matched goes.
    pub keep_days: Option<u32>,
    /// Days after which its terms want a kept post read again or deleted, flagged ones too.
    pub refresh_days: Option<u32>,
    /// The windows to read now, most important first; none for what cannot be searched.
    pub windows: Option<Windows>,
}

/// Says what to read: by the configuration, at a time, for some words.
pub type Windows = fn(&Config, Millis, &[String]) -> Vec<Window>;

impl SourceInfo {
    /// What a crawl offers it now, most important first.
    pub fn windows(&self, config: &Config, now: Millis, words: &[String]) -> Vec<Window> {
        self.windows.map(|windows| windows(config, now, words)).unwrap_or_default()
    }
}

/// What is known of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenState {
    /// When it ends; none if it does not.
    pub until: Option<Millis>,
}

/// A platform that can be searched.
pub trait Source: Send + Sync {
    /// What is known of it.
    fn info(&self) -> &'static SourceInfo;
    /// Name in the database, in logs and on pages.
    fn name(&self) -> &'static str {
        self.info().name
    }
    /// Reads one page. `cursor` is the `next` of the page before.
    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>>;
    /// What is read again of a window that is not over: so late a platform may show posts.
    fn overlap(&self) -> Duration {
        Duration::from_mins(15)
    }
    /// It is a stream: it has no end, and where it goes on is stored with each page.
    fn is_stream(&self) -> bool {
        false
    }
    /// Looks after the access token, once a day: renews it where that is possible, and says when it ends. `known`: what
    /// it said before. None where tokens do not end or nothing can be asked.
    fn look_after_token<'a>(
        &'a self,
        _known: Option<TokenState>,
        _now: Millis,
        _meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Option<TokenState>, ApiError>> {
        Box::pin(async { Ok(None) })
    }
    /// Reads posts again by their ids, at most 50; those that are no longer there are missing in the answer. None where
    /// that is not possible.
    fn read_again<'a>(&'a self, _ids: &'a [String], _meter: &'a dyn Meter) -> BoxFuture<'a, Result<Option<Page>, ApiError>> {
        Box::pin(async { Ok(None) })
    }
    /// The platform whose posts it can look at again one by one, if any.
    fn looks_at(&self) -> Option<Platform> {
        None
    }
    /// Looks at posts by their ids, at most 50. Those that the answer leaves out told nothing.
    fn look<'a>(&'a self, _ids: &'a [String], _meter: &'a dyn Meter) -> BoxFuture<'a, Result<BTreeMap<String, Shown>, ApiError>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }
    /// Tells an access that finds nothing from a platform on which there is nothing; called when a run found nothing.
    /// Says what is missing.
    fn self_test<'a>(&'a self, _meter: &'a dyn Meter) -> BoxFuture<'a, Result<Option<String>, ApiError>> {
        Box::pin(async { Ok(None) })
    }
}

/// Every source that can be switched on.
pub const SOURCES: [&SourceInfo; 11] = [
    &TiktokResearch::INFO,
    &TiktokOembed::INFO,
    &Threads::INFO,
    &Instagram::INFO,
    &Facebook::INFO,
    &Youtube::INFO,
    &Bluesky::INFO,
    &Jetstream::INFO,
    &Mastodon::INFO,
    &X::INFO,
    &ShortLinks::INFO,
];

/// The source of this name.
pub fn source_info(name: &str) -> Option<&'static SourceInfo> {
    SOURCES.into_iter().find(|source| source.name == name)
}

/// Builds the sources that are switched on.
pub fn sources(config: &Config, clock: &Arc<dyn Clock>, entropy: &Arc<Entropy>) -> Result<Vec<Arc<dyn Source>>, ApiError> {
    let mut on: Vec<Arc<dyn Source>> = Vec::new();
    if config.tiktok.mode != Mode::Disabled {
        on.push(Arc::new(TiktokResearch::new(&config.tiktok, &config.retry, Arc::clone(clock), Arc::clone(entropy))?));
    }
    if config.threads.mode != Mode::Disabled {
        on.push(Arc::new(Threads::new(&config.threads, &config.retry, Arc::clone(entropy))?));
    }
    if config.instagram.mode != Mode::Disabled {
        on.push(Arc::new(Instagram::new(&config.instagram, &config.retry, Arc::clone(entropy))?));
    }
    if config.facebook.mode != Mode::Disabled {
        on.push(Arc::new(Facebook::new(&config.facebook, &config.retry, Arc::clone(entropy))?));
    }
    if config.youtube.mode != Mode::Disabled {
        on.push(Arc::new(Youtube::new(&config.youtube, &config.retry, Arc::clone(entropy))?));
    }
    if config.bluesky.mode != Mode::Disabled {
        on.push(Arc::new(Bluesky::new(&config.bluesky, &config.retry, Arc::clone(clock), Arc::clone(entropy))?));
    }
    if config.jetstream.mode != Mode::Disabled {
        on.push(Arc::new(Jetstream::new(&config.jetstream)?));
    }
    if config.mastodon.mode != Mode::Disabled {
        on.push(Arc::new(Mastodon::new(&config.mastodon, &config.retry, Arc::clone(clock), Arc::clone(entropy))?));
    }
    if config.x.mode != Mode::Disabled {
        on.push(Arc::new(X::new(&config.x, &config.retry, Arc::clone(clock), Arc::clone(entropy))?));
    }
    Ok(on)
}

/// The liveness check, if it is switched on.
pub fn oembed(config: &Config, entropy: &Arc<Entropy>) -> Result<Option<TiktokOembed>, ApiError> {
    match config.oembed.mode {
        Mode::Disabled => Ok(None),
        Mode::Fake | Mode::Live => Ok(Some(TiktokOembed::new(&config.oembed, &config.retry, Arc::clone(entropy))?)),
    }
}

/// Platforms whose posts a program can look at again; those of others people look at.
pub fn looked_at(config: &Config) -> Vec<Platform> {
    let all = [
        (Platform::Tiktok, config.oembed.mode),
        (Platform::Youtube, config.youtube.mode),
        (Platform::Bluesky, config.bluesky.mode),
        (Platform::X, config.x.mode),
    ];
    all.into_iter().filter(|(_, mode)| *mode != Mode::Disabled).map(|(platform, _)| platform).collect()
}

/// The country of the ministry, as platforms name it (ISO 3166-1).
const COUNTRY: &str = "ID";

/// `YYYYMMDD` of a UTC day.
fn compact_day(at: Millis) -> String {
    at.timestamp().strftime("%Y%m%d").to_string()
}

/// One window for each word and UTC day, newest day first. At each run a day is read on from the last time, until some hours
/// after its end; then it is read whole, once more.
fn word_days(now: Millis, words: &[String], days: i64) -> Vec<Window> {
    let queries: Vec<_> = words.iter().map(|word| (word.clone(), vec![word.clone()])).collect();
    query_days(now, &queries, days)
}

/// The same for queries of several words, each with its name.
fn query_days(now: Millis, queries: &[(String, Vec<String>)], days: i64) -> Vec<Window> {
    let today = now.utc_day_start();
    let days = (0..days).map(|back| Millis(today.0 - back * DAY));
    days.flat_map(|from| queries.iter().map(move |query| (from, query)))
        .map(|(from, (name, words))| {
            let end = Millis(from.0 + DAY);
            Window {
                key: format!("{}:{name}", compact_day(from)),
                query: name.clone(),
                words: words.clone(),
                from,
                until: end.min(now),
                settled: Millis(end.0 + GRACE) <= now,
            }
        })
        .filter(|window| window.from < window.until)
        .collect()
}

/// The name of a query: its word, or a hash of its words. Other words are another query.
fn query_name(words: &[String]) -> String {
    match words {
        [word] => word.clone(),
        _ => sha256_hex(words.join("\n").as_bytes()).chars().take(12).collect(),
    }
}

/// Words in groups whose phrases are at most so many bytes long. `around`: bytes of a phrase beside its word, as quotes
/// and what stands between.
fn any_of(words: &[String], longest: usize, around: usize) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut length = 0;
    for word in words {
        let size = word.len() + around;
        if let Some(group) = groups.last_mut().filter(|_| length + size <= longest) {
            group.push(word.clone());
        } else {
            groups.push(vec![word.clone()]);
            length = 0;
        }
        length += size;
    }
    groups
}

/// A time as most APIs write it.
fn parse_rfc3339(text: &str) -> Option<Millis> {
    text.parse().ok().map(Millis::from_timestamp)
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A day is over for good this long after its end: platforms show posts late.
const GRACE: i64 = DAY / 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_a_quota_begins_at_midnight_where_it_is_counted() {
        let at = |text: &str| parse_rfc3339(text).unwrap();
        // Winter time in California: eight hours behind.
        let day = QuotaDay::of(at("2026-11-20T07:59:59Z"), "America/Los_Angeles");
        assert_eq!(day, QuotaDay { key: "2026-11-19".into(), until: at("2026-11-20T08:00:00Z") });
        // Summer time: seven.
        let day = QuotaDay::of(at("2026-07-20T07:00:00Z"), "America/Los_Angeles");
        assert_eq!(day, QuotaDay { key: "2026-07-20".into(), until: at("2026-07-21T07:00:00Z") });
        let day = QuotaDay::of(at("2026-11-20T23:59:59Z"), "UTC");
        assert_eq!(day, QuotaDay { key: "2026-11-20".into(), until: at("2026-11-21T00:00:00Z") });
    }

    #[test]
    fn words_are_packed_and_none_is_lost() {
        let words: Vec<String> = ["thrifting", "bal impor", "cakar", "monza"].map(str::to_owned).into();
        assert_eq!(any_of(&words, 1_000, 3), std::slice::from_ref(&words));
        assert_eq!(any_of(&words, 25, 3).concat(), words);
        assert_eq!(any_of(&words, 25, 3).len(), 2);
        assert_eq!(any_of(&words, 1, 3).len(), 4, "a word that is too long still stands alone");
    }
}
