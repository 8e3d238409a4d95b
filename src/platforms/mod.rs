//! Platform APIs, one file each, behind one [`Source`] trait; importers; the canonical form of addresses; and the
//! fake platforms that tests and the demo talk to over real HTTP.

pub mod address;
pub mod client;
pub mod fake;
pub mod import;
mod threads;
mod tiktok;
mod tiktok_oembed;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::config::{Config, Mode};
use crate::domain::post::Observation;
use crate::domain::{Clock, Entropy, Millis};
pub use client::{ApiError, Class};
pub use threads::Threads;
pub use tiktok::TiktokResearch;
pub use tiktok_oembed::{Look, TiktokOembed};

/// What a crawl asks for: one query over one span of time. A window is the durable unit of progress: page cursors
/// die after minutes, a window can always be read again (storing is idempotent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Name of the window, stable over runs.
    pub key: String,
    /// Words asked for.
    pub words: Vec<String>,
    /// Posts from here (included).
    pub from: Millis,
    /// Posts until here (excluded).
    pub until: Millis,
    /// True when nothing new can appear in it: once read to the end it is not read again.
    pub settled: bool,
}

/// One page of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What could be read.
    pub observations: Vec<Observation>,
    /// Items that could not be read: id (or `?`) and why. One bad item never spoils its page.
    pub rejects: Vec<(String, String)>,
    /// Where to go on; none at the end of the window.
    pub next: Option<String>,
}

/// Counts requests against the day's budget. Attempts count, not successes: platforms charge failed calls too.
pub trait Meter: Send + Sync {
    /// Takes one request. False when the budget of the day is used up; an error when it cannot be counted now.
    fn take(&self) -> BoxFuture<'_, Result<bool, String>>;
}

/// A platform that can be searched.
pub trait Source: Send + Sync {
    /// Name in the database, in logs and on pages.
    fn name(&self) -> &'static str;
    /// Requests a UTC day.
    fn budget(&self) -> i64;
    /// The windows to read now, most important first.
    fn windows(&self, now: Millis, words: &[String]) -> Vec<Window>;
    /// Reads one page. `cursor` is the `next` of the page before.
    fn fetch<'a>(
        &'a self,
        window: &'a Window,
        cursor: Option<&'a str>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Page, ApiError>>;
}

/// Names of all sources that can be switched on, with what it takes; for pages that say why one is off.
pub const SOURCES: &[(&str, &str)] = &[
    (TiktokResearch::NAME, "sources.tiktok_research.mode"),
    (TiktokOembed::NAME, "sources.tiktok_oembed.mode"),
    (Threads::NAME, "sources.threads.mode"),
];

/// The mode of a source by name.
pub fn mode(config: &Config, name: &str) -> Mode {
    match name {
        TiktokResearch::NAME => config.tiktok.mode,
        TiktokOembed::NAME => config.oembed.mode,
        Threads::NAME => config.threads.mode,
        _ => Mode::Disabled,
    }
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
    Ok(on)
}

/// The liveness check, if it is switched on.
pub fn oembed(config: &Config, entropy: &Arc<Entropy>) -> Result<Option<TiktokOembed>, ApiError> {
    match config.oembed.mode {
        Mode::Disabled => Ok(None),
        Mode::Fake | Mode::Live => Ok(Some(TiktokOembed::new(&config.oembed, &config.retry, Arc::clone(entropy))?)),
    }
}

/// `YYYYMMDD` of a UTC day.
fn compact_day(at: Millis) -> String {
    at.timestamp().strftime("%Y%m%d").to_string()
}

/// The UTC day of `at`, `YYYY-MM-DD`: key of budgets.
pub fn utc_day(at: Millis) -> String {
    at.timestamp().strftime("%Y-%m-%d").to_string()
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Start of the UTC day of `at`.
const fn day_start(at: Millis) -> Millis {
    Millis(at.0.div_euclid(DAY) * DAY)
}

/// Start of the next UTC day: when daily quotas begin anew.
pub const fn next_utc_midnight(at: Millis) -> Millis {
    Millis(day_start(at).0 + DAY)
}
