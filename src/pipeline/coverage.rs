//! What share of the relevant posts of a platform the searches see, estimated from how often they see the same ones.
//!
//! Queries are like nets in the same pond: where most fish are caught by one net only, many are caught by none. Queries
//! overlap because texts hold several words, and are alike because sellers write alike; both estimators then count too
//! few unseen posts, so a coverage is "at most about this".

use std::collections::BTreeMap;

use super::planner::float;
use super::{Pipeline, Result, planner};
use crate::domain::Platform;
use crate::store::yields;

/// Posts that must have been seen before anything is said.
const LEAST: i64 = 10;
/// 97.5 % point of the normal distribution.
const Z: f64 = 1.96;

/// How many posts there are, estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Population {
    /// Posts seen.
    pub seen: i64,
    /// Posts there are, seen or not.
    pub estimate: f64,
    /// 95 % interval of that.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Population {
    /// Share of the posts that was seen, 0 to 1, with the ends of its interval.
    pub fn coverage(&self) -> (f64, f64, f64) {
        let share = |of: f64| if of > 0.0 { (float(self.seen) / of).min(1.0) } else { 1.0 };
        (share(self.estimate), share(self.high), share(self.low))
    }
}

/// The lower bound of Chao (1987) in its bias-corrected form, with the log-normal interval that he gives: from how many
/// posts were seen by one query only, and by exactly two. None below ten posts, or when no post was seen twice.
/// `counts`: how often seen → posts. `queries`: how many there were.
pub fn chao(counts: &BTreeMap<i64, i64>, queries: i64) -> Option<Population> {
    let seen: i64 = counts.values().sum();
    let count = |times: i64| float(counts.get(&times).copied().unwrap_or(0));
    let (once, twice) = (count(1), count(2));
    let again: i64 = counts.iter().filter(|(times, _)| **times >= 2).map(|(_, posts)| posts).sum();
    if seen < LEAST || again == 0 || queries < 2 {
        return None;
    }
    let few = float(queries - 1) / float(queries);
    let unseen = few * once * (once - 1.0) / (2.0 * (twice + 1.0));
    let variance = unseen
        + few.powi(2) * once * (2.0 * once - 1.0).powi(2) / (4.0 * (twice + 1.0).powi(2))
        + few.powi(2) * once.powi(2) * twice * (once - 1.0).powi(2) / (4.0 * (twice + 1.0).powi(4));
    Some(interval(seen, unseen, variance))
}

/// The estimator of Chapman (1951) from two catches that do not depend on each other, such as a crawl and what people
/// brought. None below ten posts or without a post in both.
pub fn chapman(first: i64, second: i64, both: i64) -> Option<Population> {
    let seen = first + second - both;
    if seen < LEAST || both == 0 {
        return None;
    }
    let (a, b, m) = (float(first), float(second), float(both));
    let estimate = (a + 1.0) * (b + 1.0) / (m + 1.0) - 1.0;
    let variance = (a + 1.0) * (b + 1.0) * (a - m) * (b - m) / ((m + 1.0).powi(2) * (m + 2.0));
    Some(interval(seen, (estimate - float(seen)).max(0.0), variance))
}

/// Unseen posts are never fewer than none: their logarithm is taken to be normal.
fn interval(seen: i64, unseen: f64, variance: f64) -> Population {
    let seen_f = float(seen);
    let estimate = seen_f + unseen;
    if unseen <= 0.0 {
        return Population { seen, estimate, low: seen_f, high: seen_f };
    }
    let spread = (Z * (1.0 + variance / unseen.powi(2)).ln().sqrt()).exp();
    Population { seen, estimate, low: seen_f + unseen / spread, high: seen_f + unseen * spread }
}

/// Two sources that saw posts of the same platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// Names of the sources.
    pub sources: (String, String),
    /// Posts of the first, of the second, of both.
    pub seen: (i64, i64, i64),
    /// What that says of all posts, if enough.
    pub population: Option<Population>,
}

/// Coverage of a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformCoverage {
    /// Platform.
    pub platform: Platform,
    /// Relevant posts seen.
    pub seen: i64,
    /// Of these, seen by one query only.
    pub once: i64,
    /// From how often queries saw the same posts; none where too few were seen twice.
    pub population: Option<Population>,
    /// Sources that saw posts of it, in pairs.
    pub overlaps: Vec<Overlap>,
}

/// Coverage by platform, of relevant posts (flagged and not dismissed) seen in the last [`planner::MEMORY`].
pub async fn coverage(pipeline: &Pipeline) -> Result<Vec<PlatformCoverage>> {
    let since = pipeline.clock().now().minus(planner::MEMORY);
    let mut counts: BTreeMap<Platform, BTreeMap<i64, i64>> = BTreeMap::new();
    for (platform, times, posts) in yields::capture_counts(&pipeline.store, since).await? {
        counts.entry(platform).or_default().insert(times, posts);
    }
    let queries: BTreeMap<Platform, i64> = yields::count_queries(&pipeline.store, since).await?.into_iter().collect();
    let pairs = yields::overlaps(&pipeline.store, since).await?;
    let of = |platform: Platform, a: &str, b: &str| {
        let found = pairs.iter().find(|(p, x, y, _)| *p == platform && x == a && y == b);
        found.map_or(0, |(.., posts)| *posts)
    };
    let all = counts.into_iter().map(|(platform, counts)| {
        let sources: Vec<&String> = pairs.iter().filter(|(p, a, b, _)| *p == platform && a == b).map(|(_, a, ..)| a).collect();
        let overlaps = sources.iter().enumerate().flat_map(|(n, a)| sources.iter().skip(n + 1).map(move |b| (*a, *b)));
        let overlaps = overlaps.map(|(a, b)| {
            let seen = (of(platform, a, a), of(platform, b, b), of(platform, a, b));
            Overlap { sources: (a.clone(), b.clone()), seen, population: chapman(seen.0, seen.1, seen.2) }
        });
        PlatformCoverage {
            platform,
            seen: counts.values().sum(),
            once: counts.get(&1).copied().unwrap_or(0),
            population: chao(&counts, queries.get(&platform).copied().unwrap_or(0)),
            overlaps: overlaps.collect(),
        }
    });
    Ok(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Entropy;

    #[test]
    fn worked_examples() {
        // Three queries, f1 = 10, f2 = 4: 2/3 · 10 · 9 / (2 · 5) = 6 unseen.
        let found = chao(&BTreeMap::from([(1, 10), (2, 4), (3, 6)]), 3).unwrap();
        assert_eq!((found.seen, found.estimate), (20, 26.0));
        assert!(found.low > 20.0 && found.low < 26.0 && found.high > 26.0, "{found:?}");
        let (share, low, high) = found.coverage();
        assert!((share - 20.0 / 26.0).abs() < 1e-9 && low < share && share < high);
        // (50 + 1) (40 + 1) / (20 + 1) - 1
        let found = chapman(50, 40, 20).unwrap();
        assert!((found.estimate - 98.571_428).abs() < 1e-3, "{found:?}");
        assert_eq!(chao(&BTreeMap::from([(1, 100)]), 9), None, "nothing was seen twice");
        assert_eq!(chao(&BTreeMap::from([(1, 1), (2, 1)]), 9), None, "too few");
        assert_eq!(chapman(50, 40, 0), None);
        let whole = chao(&BTreeMap::from([(3, 50)]), 3).unwrap();
        assert!((whole.coverage().0 - 1.0).abs() < 1e-9, "every post was seen by all three");
    }

    /// A pond with a known number of fish, nets that do not depend on each other.
    #[test]
    fn the_truth_lies_in_the_intervals_about_as_often_as_they_say() {
        let random = Entropy::seeded(11);
        let (mut chao_holds, mut chapman_holds) = (0, 0);
        for _ in 0..400 {
            let mut counts = BTreeMap::new();
            let (mut first, mut second, mut both) = (0, 0, 0);
            for _ in 0..300 {
                let nets: Vec<bool> = (0..5).map(|_| random.fraction() < 0.3).collect();
                let times: i64 = nets.iter().map(|caught| i64::from(*caught)).sum();
                if times > 0 {
                    *counts.entry(times).or_insert(0) += 1;
                }
                first += i64::from(nets[0]);
                second += i64::from(nets[1]);
                both += i64::from(nets[0] && nets[1]);
            }
            let holds = |found: Population| found.low <= 300.0 && 300.0 <= found.high;
            chao_holds += u32::from(holds(chao(&counts, 5).unwrap()));
            chapman_holds += u32::from(holds(chapman(first, second, both).unwrap()));
        }
        println!("of 400: Chao {chao_holds}, Chapman {chapman_holds}");
        assert!(chao_holds >= 370, "Chao: {chao_holds} of 400");
        assert!(chapman_holds >= 370, "Chapman: {chapman_holds} of 400");
    }
}
