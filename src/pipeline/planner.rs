//! Which windows a crawl reads first: calls go where they bring the most relevant posts, and every fifth goes to the
//! query that has waited longest, so that a word nobody used yesterday is heard of tomorrow.
//!
//! For each query it is known what its calls brought in the last [`MEMORY`]: new posts, and relevant ones (flagged and
//! not dismissed), for how much posting time. A window is worth the relevant posts that its unread part promises,
//! divided by the calls that takes. A short unread part costs a whole call, so a query is asked again when there is
//! about a page to read.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::Millis;
use crate::platforms::Window;
use crate::store::yields::Yield;

/// How far back yields are remembered: sellers change their words within weeks.
pub const MEMORY: Duration = Duration::from_hours(14 * 24);
/// Of so many calls, one explores.
const EXPLORE_EVERY: i64 = 5;
/// What is not known about a query yet counts like this many days at the average of its source.
const PRIOR_DAYS: f64 = 1.0;
/// A post found so many days late is worth half: its buyers have seen it.
const HALF_LIFE_DAYS: f64 = 3.0;
const DAY_MS: f64 = 86_400_000.0;

/// A window that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The window.
    pub window: Window,
    /// From here on it is unread.
    pub unread_from: Millis,
    /// When its query was asked last; none if never.
    pub asked_at: Option<Millis>,
    /// Whether that failed lately.
    pub failed: bool,
}

/// Why a window stands where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It promises the most for a call.
    Yield,
    /// Its query waited longest.
    Explore,
}

/// A window in the order of reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The window.
    pub window: Window,
    /// Calls that it will take.
    pub cost: i64,
    /// Relevant posts that it promises.
    pub gain: f64,
    /// Why it stands here.
    pub why: Why,
}

/// The rates that stand behind a forecast, per day of posting time.
struct Rates {
    posts: f64,
    relevant: f64,
}

/// The order in which windows are read. `page_size`: posts of a full page. `spent`: calls of today, so that exploring goes
/// on over runs of a few calls each.
pub fn plan(offers: Vec<Offer>, yields: &BTreeMap<String, Yield>, page_size: u32, spent: i64, now: Millis) -> Vec<Step> {
    let average = average(yields);
    // What failed last comes last: an account that is gone must not keep the others from being read.
    let (failed, offers): (Vec<Offer>, Vec<Offer>) = offers.into_iter().partition(|offer| offer.failed);
    let mut best: Vec<(f64, Option<Millis>, Step)> = offers
        .into_iter()
        .map(|offer| {
            let rates = rates(yields.get(&offer.window.query), &average);
            let days = float(offer.window.until.0 - offer.unread_from.0).max(0.0) / DAY_MS;
            let cost = (rates.posts * days / f64::from(page_size.max(1))).ceil().max(1.0);
            let late = float(now.0 - offer.window.until.0).max(0.0) / DAY_MS;
            let gain = rates.relevant * days;
            let step = Step { window: offer.window, cost: whole(cost), gain, why: Why::Yield };
            (gain / cost * 0.5_f64.powf(late / HALF_LIFE_DAYS), offer.asked_at, step)
        })
        .collect();
    // Stable: where nothing is known, the order of the source stands.
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The queries that waited longest, one window of each: its best.
    let mut longest: Vec<usize> = (0..best.len()).collect();
    longest.sort_by_key(|index| best.get(*index).map(|(_, asked, _)| asked.map_or(i64::MIN, |at| at.0)));
    let mut explored = std::collections::BTreeSet::new();
    let name = |index: &usize| best.get(*index).map(|(_, _, step)| step.window.query.clone());
    longest.retain(|index| name(index).is_some_and(|query| explored.insert(query)));
    let mut order = interleave(best.into_iter().map(|(.., step)| Some(step)).collect(), longest, spent);
    order.extend(failed.into_iter().map(|offer| Step { window: offer.window, cost: 1, gain: 0.0, why: Why::Yield }));
    order
}

/// Takes from `best` in order; for every [`EXPLORE_EVERY`] calls one of `longest`.
fn interleave(mut best: Vec<Option<Step>>, longest: Vec<usize>, spent: i64) -> Vec<Step> {
    let mut order = Vec::with_capacity(best.len());
    let (mut calls, mut explored) = (spent.rem_euclid(EXPLORE_EVERY), 0);
    let mut longest = longest.into_iter();
    let mut next = 0;
    while order.len() < best.len() {
        if calls >= (explored + 1) * EXPLORE_EVERY - 1
            && let Some(index) = longest.next()
        {
            explored += 1;
            if let Some(step) = best.get_mut(index).and_then(Option::take) {
                calls += step.cost;
                order.push(Step { why: Why::Explore, ..step });
            }
            continue;
        }
        let Some(place) = best.get_mut(next) else { break };
        if let Some(step) = place.take() {
            calls += step.cost;
            order.push(step);
        }
        next += 1;
    }
    order
}

/// The mean of all queries of a source. Of a source that never ran: one page a day, a tenth of it relevant.
fn average(yields: &BTreeMap<String, Yield>) -> Rates {
    let days = yields.values().map(|known| float(known.covered_ms)).sum::<f64>() / DAY_MS;
    let posts = float(yields.values().map(|known| known.posts).sum::<i64>());
    let relevant = float(yields.values().map(|known| known.relevant).sum::<i64>());
    Rates { posts: (posts + 10.0) / (days + PRIOR_DAYS), relevant: (relevant + 1.0) / (days + PRIOR_DAYS) }
}

fn rates(known: Option<&Yield>, average: &Rates) -> Rates {
    let known = known.copied().unwrap_or_default();
    let days = float(known.covered_ms) / DAY_MS;
    let rate = |count: i64, mean: f64| (float(count) + mean * PRIOR_DAYS) / (days + PRIOR_DAYS);
    Rates { posts: rate(known.posts, average.posts), relevant: rate(known.relevant, average.relevant) }
}

#[expect(clippy::cast_precision_loss, reason = "counts, and milliseconds of some weeks, are far below 2⁵³")]
pub(super) const fn float(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "calls are few; a saturated number of them is as good")]
const fn whole(count: f64) -> i64 {
    count as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const PAGE: u32 = 25;

    fn window(query: &str, from: i64, until: i64) -> Window {
        let (from, until) = (Millis(from), Millis(until));
        Window { key: format!("{}:{query}", from.0), query: query.into(), words: vec![query.into()], from, until, settled: true }
    }

    fn offer(query: &str, asked_at: Option<i64>) -> Offer {
        Offer { window: window(query, 0, DAY), unread_from: Millis(0), asked_at: asked_at.map(Millis), failed: false }
    }

    fn known(calls: i64, new_posts: i64, relevant: i64, days: i64) -> Yield {
        Yield { calls, posts: new_posts, new_posts, relevant, covered_ms: days * DAY }
    }

    #[test]
    fn what_brings_more_is_read_first_and_the_longest_waiting_is_not_forgotten() {
        let yields = BTreeMap::from([
            ("bal impor".into(), known(14, 140, 70, 14)),
            ("thrifting".into(), known(14, 140, 14, 14)),
            ("hidden gem".into(), known(280, 7000, 1, 14)),
        ]);
        let mut offers: Vec<Offer> = (0..8).map(|n| offer("bal impor", Some(9 + n))).collect();
        offers.push(offer("hidden gem", Some(1)));
        offers.push(offer("thrifting", Some(5)));
        offers.push(Offer { failed: true, ..offer("bal impor", None) });
        let steps = plan(offers, &yields, PAGE, 0, Millis(DAY));
        let order: Vec<(&str, Why)> = steps.iter().map(|step| (step.window.query.as_str(), step.why)).collect();
        assert_eq!(order[..4], [("bal impor", Why::Yield); 4]);
        assert_eq!(order[4], ("hidden gem", Why::Explore), "it waited longest");
        assert_eq!(steps.len(), 11, "every offer stands in the plan once");
        assert!(steps[10].gain < 1e-9, "what failed last comes last");
        assert!(steps[4].cost > 10, "five hundred posts a day take {} calls", steps[4].cost);
    }

    #[test]
    fn a_query_is_asked_again_when_there_is_a_page_to_read() {
        let yields = BTreeMap::from([("a".into(), known(14, 350, 70, 14)), ("b".into(), known(14, 350, 70, 14))]);
        let hours_ago = |query: &str, hours: i64| Offer {
            window: window(query, 0, DAY),
            unread_from: Millis(DAY - hours * HOUR),
            asked_at: Some(Millis(DAY - hours * HOUR)),
            failed: false,
        };
        let steps = plan(vec![hours_ago("a", 1), hours_ago("b", 20)], &yields, PAGE, 0, Millis(DAY));
        assert_eq!(steps[0].window.query, "b");
        assert!(steps[0].gain > 15.0 * steps[1].gain);
        assert_eq!((steps[0].cost, steps[1].cost), (1, 1));
    }
}
