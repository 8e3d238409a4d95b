//! How long requested posts stay up: the product-limit estimate (E. L. Kaplan and P. Meier, 1958), which uses posts that are
//! still up for as long as they were seen.

use super::trust::{Interval, Z, wilson};

/// A post whose request left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Milliseconds from the request to its removal, or to the last look that found it up.
    pub after: i64,
    /// Whether it was removed; else it was up when last seen.
    pub removed: bool,
}

/// Share of posts that were removed within some time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Removed {
    /// Of all, 0 to 1.
    pub share: f64,
    /// With 95 % confidence (Greenwood's variance, on the scale of log(-log S), which stays between 0 and 1).
    pub interval: Interval,
    /// Posts still looked at then: few make the estimate a guess.
    pub at_risk: usize,
}

/// The share removed within `horizon` milliseconds; none where no post was followed.
#[expect(clippy::cast_precision_loss, reason = "counts of posts are far below 2⁵³")]
pub fn removed_within(posts: &[Followed], horizon: i64) -> Option<Removed> {
    if posts.is_empty() {
        return None;
    }
    let mut sorted = posts.to_vec();
    // A post that was seen up at the moment of another's removal was at risk then.
    sorted.sort_by_key(|post| (post.after, !post.removed));
    let (mut up, mut variance) = (1.0, 0.0);
    let mut at = 0;
    while let Some(first) = sorted.get(at).filter(|post| post.after <= horizon) {
        let here = sorted.iter().skip(at).take_while(|post| post.after == first.after);
        let (all, removed) = here.fold((0, 0), |(all, removed), post| (all + 1, removed + usize::from(post.removed)));
        let risk = (sorted.len() - at) as f64;
        let gone = removed as f64;
        up *= 1.0 - gone / risk;
        if removed > 0 && gone < risk {
            variance += gone / (risk * (risk - gone));
        }
        at += all;
    }
    let removed = sorted.iter().take(at).filter(|post| post.removed).count();
    let interval = if removed == 0 || up <= 0.0 {
        // None or all: the estimate has no variance; Wilson's interval of the posts has.
        wilson(removed as u64, if up <= 0.0 { removed } else { sorted.len() } as u64)
    } else {
        let log: f64 = f64::ln(up);
        let spread = Z * variance.sqrt() / log.abs();
        let bound = |sign: f64| 1.0 - up.powf((sign * spread).exp());
        Interval { low: bound(-1.0), high: bound(1.0) }
    };
    Some(Removed { share: 1.0 - up, interval, at_risk: sorted.len() - at })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Entropy;

    fn followed(list: &[(i64, bool)]) -> Vec<Followed> {
        list.iter().map(|(after, removed)| Followed { after: *after, removed: *removed }).collect()
    }

    /// Remission times of 21 patients on 6-MP (Freireich and others, 1963), the textbook example; `false`: lost to follow-up.
    #[test]
    fn the_textbook_example_comes_out() {
        let weeks = followed(&[
            (6, true),
            (6, true),
            (6, true),
            (6, false),
            (7, true),
            (9, false),
            (10, true),
            (10, false),
            (11, false),
            (13, true),
            (16, true),
            (17, false),
            (19, false),
            (20, false),
            (22, true),
            (23, true),
            (25, false),
            (32, false),
            (32, false),
            (34, false),
            (35, false),
        ]);
        for (week, up, at_risk) in
            [(5, 1.0, 21), (6, 0.8571, 17), (7, 0.8067, 16), (10, 0.7529, 13), (16, 0.6275, 10), (23, 0.4482, 5)]
        {
            let found = removed_within(&weeks, week).unwrap();
            assert!((1.0 - found.share - up).abs() < 5e-5, "week {week}: {found:?}");
            assert_eq!(found.at_risk, at_risk, "week {week}");
            assert!(found.interval.low <= found.share && found.share <= found.interval.high, "{found:?}");
        }
        // As published with this scale: 0.2012 to 0.6798 up at week 23 (rounded).
        let last = removed_within(&weeks, 23).unwrap().interval;
        assert!((1.0 - last.high - 0.188).abs() < 0.02 && (1.0 - last.low - 0.680).abs() < 0.02, "{last:?}");
    }

    /// Posts that are removed at a known rate and lost from sight at random: the interval holds the truth about 95 times in 100.
    #[test]
    fn the_known_truth_is_found() {
        let chance = Entropy::seeded(7);
        let exponential = |mean: f64| -> i64 {
            #[expect(clippy::cast_possible_truncation, reason = "times of days in milliseconds")]
            let time = (-mean * chance.fraction().max(1e-12).ln()) as i64;
            time
        };
        let (day, mut held) = (86_400_000.0, 0);
        let truth = 1.0 - f64::exp(-7.0 / 5.0);
        for _ in 0..400 {
            let posts: Vec<Followed> = (0..200)
                .map(|_| {
                    let (removed, lost) = (exponential(5.0 * day), exponential(12.0 * day));
                    Followed { after: removed.min(lost), removed: removed <= lost }
                })
                .collect();
            let found = removed_within(&posts, 7 * 86_400_000).unwrap().interval;
            held += usize::from(found.low <= truth && truth <= found.high);
        }
        println!("the interval held the truth in {held} of 400 rounds");
        assert!((365..=395).contains(&held), "{held} of 400");
    }

    proptest! {
        /// Whatever the times: shares grow with time, stay between 0 and 1, and lie within their interval.
        #[test]
        fn shares_grow_and_stay_shares(list in prop::collection::vec((0_i64..50, any::<bool>()), 1..60)) {
            let posts = followed(&list);
            let mut before = 0.0;
            for horizon in 0..50 {
                let found = removed_within(&posts, horizon).unwrap();
                prop_assert!(found.share >= before - 1e-9 && (0.0..=1.0).contains(&found.share));
                prop_assert!(found.interval.low <= found.share + 1e-9 && found.share <= found.interval.high + 1e-9, "{found:?}");
                before = found.share;
            }
        }
    }
}
