//! Step 1: read the platforms, window by window. A page and how far it reaches are stored in one transaction, so a
//! crash re-reads one page at most, and storing a post twice is harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::meter::StoreMeter;
use super::planner::{self, Offer, Step};
use super::{Pipeline, Result, evidence, schedule};
use crate::domain::Millis;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::job::JobKind;
use crate::domain::source::SourceState;
use crate::platforms::{ApiError, Class, Facebook, FoundPage, Page, QuotaDay, Source, SourceInfo, TokenState, Window};
use crate::store::captures::Origin;
use crate::store::crawl as cursors;
use crate::store::posts::{self, Upserted};
use crate::store::yields::{self, Known};
use crate::store::{alerts, retention};

/// Pages without a post that is new to this run before a window counts as read: some platforms never say "end".
const DRY_PAGES: u32 = 3;
/// The same for pages without any post.
const EMPTY_PAGES: u32 = 15;
/// Pages of one window at most.
const MAX_PAGES: u32 = 1000;
/// So long a query whose call failed comes last.
const FAILED_FOR: Duration = Duration::from_hours(24);
/// Tokens are looked after this often.
const TOKEN_EVERY: Duration = Duration::from_hours(24);
/// Pages that must have come without any post, in the first run of a day, before the source is asked why.
const SUSPICIOUS: u32 = 3;
/// Windows of one source that may fail in a row before the run leaves it.
const MAX_FAILURES: u32 = 3;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrawlReport {
    /// Windows read to their end.
    pub windows: u32,
    /// Pages stored.
    pub pages: u32,
    /// Posts stored.
    pub posts: Upserted,
    /// Items that could not be read.
    pub rejects: u32,
    /// What went wrong, one line each, with the source's name.
    pub problems: Vec<String>,
}

/// How much of a day's budget a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// All that is left: a person asked for the run.
    All,
    /// The share of this run among those of the day that are still to come.
    Share,
}

/// Why reading a source ends early.
enum Stop {
    /// Leave this window, go on with the next. Whether that says something of the source: what is gone or not allowed does
    /// not.
    Window(String, bool),
    /// Leave the source.
    Source(String),
}

/// Reads every source. One that fails never keeps another from being read.
pub async fn crawl(
    pipeline: &Pipeline,
    sources: &[Arc<dyn Source>],
    spend: Spend,
    mut progress: impl FnMut(&str),
) -> Result<CrawlReport> {
    let mut report = CrawlReport::default();
    for source in sources {
        if let Some(why) = resting(pipeline, source.name()).await? {
            report.problems.push(format!("{}: {why}", source.name()));
            continue;
        }
        let daily = look_after_token(pipeline, source.as_ref(), &mut report).await?;
        let before = (report.pages, report.posts);
        crawl_source(pipeline, source.as_ref(), spend, &mut report, &mut progress).await?;
        if daily && report.pages - before.0 >= SUSPICIOUS && report.posts == before.1 {
            ask_why(pipeline, source.as_ref(), &mut report).await?;
        }
        metrics::gauge!("sisir_last_crawl_seconds", "source" => source.name()).set(seconds(pipeline.clock().now()));
    }
    metrics::counter!("sisir_posts_crawled_total").increment(report.posts.new);
    Ok(report)
}

#[expect(clippy::cast_precision_loss, reason = "unix seconds are exact in a double for millions of years")]
const fn seconds(at: Millis) -> f64 {
    at.secs() as f64
}

/// Why a source rests now, if it does.
pub(super) async fn resting(pipeline: &Pipeline, name: &str) -> Result<Option<String>> {
    let row = cursors::source(&pipeline.store, name).await?;
    let now = pipeline.clock().now();
    Ok(row.and_then(|row| match (row.state, row.parked_until) {
        (SourceState::Stopped, _) => Some(format!("stopped: {} (mend it, then `sisir sources resume {name}`)", row.reason)),
        (SourceState::Parked, Some(until)) if until > now => Some(format!("rests until {}: {}", until.wib(), row.reason)),
        _ => None,
    }))
}

async fn crawl_source(
    pipeline: &Pipeline,
    source: &dyn Source,
    spend: Spend,
    report: &mut CrawlReport,
    progress: &mut impl FnMut(&str),
) -> Result<()> {
    let allowance = match spend {
        Spend::All => i64::MAX,
        Spend::Share => share(pipeline, source.info()).await?,
    };
    let (mut failures, before) = (0, report.pages);
    for Step { mut window, .. } in next_steps(pipeline, source.info()).await?.0 {
        if i64::from(report.pages - before) >= allowance {
            break;
        }
        let known = cursors::cursor(&pipeline.store, source.name(), &window.key).await?;
        if let (false, Some(until)) = (window.settled, known.as_ref().and_then(|row| row.read_until)) {
            window.from = window.from.max(until.minus(source.overlap()));
        }
        progress(&format!("{} {}", source.name(), window.key));
        let left = allowance.saturating_sub(i64::from(report.pages - before));
        match read_window(pipeline, source, &window, known, left, report).await? {
            Ok(()) => {
                failures = 0;
                report.windows += 1;
            }
            Err(Stop::Window(why, counts)) => {
                report.problems.push(format!("{} {}: {why}", source.name(), window.key));
                failures += u32::from(counts);
                let mut tx = pipeline.store.write_tx().await?;
                yields::fail(&mut tx, source.name(), &window.query).await?;
                tx.commit_housekeeping().await?;
            }
            Err(Stop::Source(why)) => {
                report.problems.push(format!("{}: {why}", source.name()));
                return Ok(());
            }
        }
        if failures >= MAX_FAILURES {
            report
                .problems
                .push(format!("{}: left after {failures} windows in a row failed; the next run goes on", source.name()));
            return Ok(());
        }
    }
    Ok(())
}

/// A run that found nothing is looked into: an access that was not approved looks like that.
async fn ask_why(pipeline: &Pipeline, source: &dyn Source, report: &mut CrawlReport) -> Result<()> {
    let meter = StoreMeter::of(pipeline, source.info());
    let stop = match source.self_test(&meter).await {
        Ok(None) => return Ok(()),
        Ok(Some(why)) => react(pipeline, source, ApiError::new(source.name(), Class::PermissionStop, why)).await?,
        Err(error) => react(pipeline, source, error).await?,
    };
    let (Stop::Window(why, _) | Stop::Source(why)) = stop;
    report.problems.push(format!("{}: {why}", source.name()));
    Ok(())
}

/// Looks after the access token once a day. True if that was due.
async fn look_after_token(pipeline: &Pipeline, source: &dyn Source, report: &mut CrawlReport) -> Result<bool> {
    let now = pipeline.clock().now();
    let row = cursors::source(&pipeline.store, source.name()).await?;
    if row.as_ref().and_then(|row| row.token_checked_at).is_some_and(|at| now.since(at) < TOKEN_EVERY) {
        return Ok(false);
    }
    let known = row.and_then(|row| row.token_until).map(|until| TokenState { until: Some(until) });
    let meter = StoreMeter::of(pipeline, source.info());
    let state = source.look_after_token(known, now, &meter).await;
    let until = match &state {
        Ok(state) => state.and_then(|token| token.until),
        Err(error) => {
            report.problems.push(format!("{}: the token could not be looked after: {}", source.name(), error.message));
            known.and_then(|token| token.until)
        }
    };
    let mut tx = pipeline.store.write_tx().await?;
    alerts::set_token_until(&mut tx, source.name(), until).await?;
    tx.commit_housekeeping().await?;
    Ok(true)
}

/// What a source offers to read now, in the order of reading, and what is known of its queries. What is complete is not
/// asked for again.
pub(super) async fn next_steps(pipeline: &Pipeline, info: &SourceInfo) -> Result<(Vec<Step>, BTreeMap<String, Known>)> {
    let now = pipeline.clock().now();
    let known = cursors::windows(&pipeline.store, info.name).await?;
    let yields = yields::of_source(&pipeline.store, info.name, now.minus(planner::MEMORY)).await?;
    let offers = info.windows(&pipeline.config, now, &pipeline.rules().search()).into_iter().filter_map(|window| {
        let row = known.get(&window.key);
        // Read to its end, or as far as there is anything to read yet.
        let read =
            row.is_some_and(|row| row.done || row.read_until.is_some_and(|until| !window.settled && until >= window.until));
        (!read).then(|| Offer {
            unread_from: window.from.max(row.and_then(|row| row.read_until).unwrap_or(window.from)),
            asked_at: yields.get(&window.query).map(|known| known.asked_at),
            failed: yields.get(&window.query).is_some_and(|known| known.failed && now.since(known.asked_at) < FAILED_FOR),
            window,
        })
    });
    let brought = yields.iter().map(|(query, known)| (query.clone(), known.brought)).collect();
    let spent = cursors::quota_used(&pipeline.store, info.name, &QuotaDay::of(now, info.quota_zone).key).await?;
    let steps = planner::plan(offers.collect(), &brought, (info.page_size)(&pipeline.config), spent, now);
    Ok((steps, yields))
}

/// Calls of this run: what is left of the day, divided by the runs of the day that are still to come.
pub(super) async fn share(pipeline: &Pipeline, info: &SourceInfo) -> Result<i64> {
    let now = pipeline.clock().now();
    let day = QuotaDay::of(now, info.quota_zone);
    let left = (info.budget)(&pipeline.config) - cursors::quota_used(&pipeline.store, info.name, &day.key).await?;
    let pattern = schedule::pattern(&pipeline.config, JobKind::Crawl);
    let (mut runs, mut at) = (1, now);
    while let Some(next) = schedule::next(pattern, at).filter(|next| *next < day.until) {
        runs += 1;
        at = next;
    }
    Ok((left.max(0) + runs - 1) / runs)
}

async fn read_window(
    pipeline: &Pipeline,
    source: &dyn Source,
    window: &Window,
    known: Option<cursors::CursorRow>,
    allowance: i64,
    report: &mut CrawlReport,
) -> Result<std::result::Result<(), Stop>> {
    let meter = StoreMeter::of(pipeline, source.info());
    let read_until = known.as_ref().and_then(|row| row.read_until);
    // A window that is not over is read from its start: new posts are on its first pages.
    let mut cursor = known.filter(|row| window.settled && !row.done).and_then(|row| row.cursor);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let (mut dry, mut restarted) = (0, false);
    for number in 1..=MAX_PAGES {
        pipeline.reach("crawl.before_page");
        let page = match source.fetch(window, cursor.as_deref(), &meter).await {
            Ok(page) => page,
            Err(error) if error.class == Class::CursorReset && !restarted => {
                restarted = true;
                cursor = None;
                // The first pages come once more; they are not "nothing new".
                seen.clear();
                dry = 0;
                restart(pipeline, source, window).await?;
                continue;
            }
            Err(error) => return Ok(Err(react(pipeline, source, error).await?)),
        };
        let fresh = page.observations.iter().filter(|o| seen.insert(o.native_id.clone())).count();
        // An empty page says little: what was on it may be hidden, and the next one may not be.
        dry = match (fresh, page.observations.is_empty()) {
            (0, true) => dry + 1,
            (0, false) => dry + EMPTY_PAGES / DRY_PAGES,
            _ => 0,
        };
        let done = page.pause || (!source.is_stream() && (page.next.is_none() || dry >= EMPTY_PAGES));
        store_page(pipeline, source, window, &page, done, read_until, report).await?;
        pipeline.reach("crawl.page_stored");
        // Where it goes on is kept for a window that is over, and for a stream; another is read on to its end.
        if done || (window.settled && i64::from(number) >= allowance) {
            return Ok(Ok(()));
        }
        cursor = page.next;
    }
    Ok(Err(Stop::Window(format!("more than {MAX_PAGES} pages; the rest was left"), false)))
}

async fn restart(pipeline: &Pipeline, source: &dyn Source, window: &Window) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    cursors::restart(&mut tx, source.name(), &window.key).await?;
    Ok(tx.commit_housekeeping().await?)
}

/// Stores a page, and how far it reaches, in one transaction.
async fn store_page(
    pipeline: &Pipeline,
    source: &dyn Source,
    window: &Window,
    page: &Page,
    done: bool,
    read_until: Option<Millis>,
    report: &mut CrawlReport,
) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    let stored = posts::upsert(&mut tx, source.name(), &page.observations).await?;
    let origin = Origin { source: source.name(), query: &window.key };
    evidence::keep(pipeline, &mut tx, origin, page.came()).await?;
    let covered = if done { (window.until.0 - read_until.unwrap_or(window.from).max(window.from).0).max(0) } else { 0 };
    yields::add(&mut tx, source.name(), &window.query, stored.new + stored.known, stored.new, covered).await?;
    yields::saw(&mut tx, source.name(), &window.query, &page.observations).await?;
    let gone = retention::deleted_by_author(&mut tx, &page.gone).await?;
    for (id, why) in &page.rejects {
        cursors::reject(&mut tx, source.name(), id, why).await?;
    }
    let cursor = page.next.as_deref().filter(|_| window.settled);
    // A window whose time is not over is never done: the rest of the day is still to come.
    let whole = done && window.settled && !source.is_stream();
    cursors::advance(&mut tx, source.name(), &window.key, cursor, whole, done.then_some(window.until)).await?;
    cursors::set_source(&mut tx, source.name(), SourceState::Ok, "", None).await?;
    let detail = format!("new={} known={} rejected={} gone={gone}", stored.new, stored.known, page.rejects.len());
    tx.commit(AuditEvent::new(Actor::System, Action::PageCrawled, format!("source:{}", source.name())).detail(detail)).await?;
    report.pages += 1;
    report.posts.new += stored.new;
    report.posts.known += stored.known;
    report.rejects += u32::try_from(page.rejects.len()).unwrap_or(u32::MAX);
    Ok(())
}

/// Asks for the first page of the most important window. Nothing is stored but the request, which counts.
pub async fn probe(pipeline: &Pipeline, source: &dyn Source) -> Result<Option<(String, std::result::Result<Page, ApiError>)>> {
    let windows = source.info().windows(&pipeline.config, pipeline.clock().now(), &pipeline.rules().search());
    let Some(window) = windows.first() else { return Ok(None) };
    let meter = StoreMeter::of(pipeline, source.info());
    Ok(Some((window.key.clone(), source.fetch(window, None, &meter).await)))
}

/// Looks up Facebook Pages by name, for a person to choose from. Counts as a request.
pub async fn find_pages(pipeline: &Pipeline, facebook: &Facebook, words: &str) -> Result<Vec<FoundPage>> {
    let meter = StoreMeter::of(pipeline, &Facebook::INFO);
    Ok(facebook.find_pages(words, &meter).await?)
}

/// What an error that waiting did not mend means for the source.
async fn react(pipeline: &Pipeline, source: &dyn Source, error: ApiError) -> Result<Stop> {
    let now = pipeline.clock().now();
    let mut tx = pipeline.store.write_tx().await?;
    alerts::count_failure(&mut tx, source.name(), error.class.as_str()).await?;
    tx.commit_housekeeping().await?;
    let until = match error.class {
        Class::DailyQuota | Class::Budget => Some(QuotaDay::of(now, source.info().quota_zone).until),
        Class::WindowThrottle(rest) => Some(now.plus(rest)),
        Class::AuthStop | Class::PermissionStop | Class::PolicyStop | Class::TokenExpired => None,
        class => return Ok(Stop::Window(error.to_string(), !matches!(class, Class::Gone | Class::BadRequest))),
    };
    let state = if until.is_some() { SourceState::Parked } else { SourceState::Stopped };
    let mut tx = pipeline.store.write_tx().await?;
    cursors::set_source(&mut tx, source.name(), state, &error.message, until).await?;
    let event = AuditEvent::new(Actor::System, Action::SourceChanged, format!("source:{}", source.name())).detail(state.as_str());
    tx.commit(event).await?;
    metrics::counter!("sisir_source_stops_total", "source" => source.name()).increment(1);
    Ok(Stop::Source(error.to_string()))
}
