//! How much of what should be found is found, estimated from a random sample of what was not flagged.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Beta, Distribution as _};

use super::trust::Interval;

text_enum! {
    /// Part of the unflagged posts that is sampled by itself: what is missed stands mostly where words of the pack are.
    Stratum {
        /// It has a word of the goods or of their origin (elements A or B).
        Words = "words",
        /// It has none.
        None = "none",
    }
}

/// Labels of one stratum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels {
    /// Should have been flagged.
    pub relevant: u32,
    /// All.
    pub all: u32,
}

/// What an estimate rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Flagged posts that people upheld.
    pub upheld: u64,
    /// Flagged posts that people dismissed.
    pub dismissed: u64,
    /// Flagged posts that nobody decided about.
    pub open: u64,
    /// Upheld posts that people found and the rules did not.
    pub reported: u64,
    /// Posts that were not flagged.
    pub unflagged: u64,
    /// Of these, at random, the program looked at so many …
    pub looked: u64,
    /// … and found words of the pack in so many.
    pub with_words: u64,
    /// Labels where there are words.
    pub words: Labels,
    /// Labels where there are none.
    pub none: Labels,
}

/// An estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// Share of relevant posts that are flagged, 0 to 1: the median.
    pub share: f64,
    /// 95 % of the draws lie in it.
    pub interval: Interval,
    /// Relevant posts that were not flagged: the median.
    pub missed: f64,
}

/// Draws of the simulation.
const DRAWS: usize = 4_000;

/// Recall with its interval. Shares are drawn from their beta distributions with Jeffreys' prior (H. Jeffreys 1946):
/// precision of the flags, the share of posts with words, and what is relevant in each stratum. None before anything of
/// both strata was labelled.
#[expect(clippy::cast_precision_loss, reason = "counts of posts are exact in a double")]
pub fn estimate(counts: &Counts) -> Option<Recall> {
    if counts.words.all == 0 || counts.none.all == 0 || counts.looked == 0 {
        return None;
    }
    let beta = |hits: u64, all: u64| Beta::new(hits as f64 + 0.5, all.saturating_sub(hits) as f64 + 0.5).ok();
    let precision = beta(counts.upheld, counts.upheld + counts.dismissed)?;
    let wordy = beta(counts.with_words, counts.looked)?;
    let words = beta(counts.words.relevant.into(), counts.words.all.into())?;
    let none = beta(counts.none.relevant.into(), counts.none.all.into())?;
    // The same counts give the same figures.
    let mut random = StdRng::seed_from_u64(7437);
    let mut draws: Vec<(f64, f64)> = (0..DRAWS)
        .map(|_| {
            let found = counts.upheld as f64 + counts.open as f64 * precision.sample(&mut random);
            let share = wordy.sample(&mut random);
            let missed = counts.reported as f64
                + counts.unflagged as f64 * (share * words.sample(&mut random) + (1.0 - share) * none.sample(&mut random));
            (if found + missed > 0.0 { found / (found + missed) } else { 0.0 }, missed)
        })
        .collect();
    let mut at = |key: fn(&(f64, f64)) -> f64, place: usize| {
        draws.sort_by(|a, b| key(a).total_cmp(&key(b)));
        draws.get(place).map(key)
    };
    let interval = Interval { low: at(|draw| draw.0, DRAWS / 40)?, high: at(|draw| draw.0, DRAWS - DRAWS / 40)? };
    Some(Recall { share: at(|draw| draw.0, DRAWS / 2)?, interval, missed: at(|draw| draw.1, DRAWS / 2)? })
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;

    #[test]
    fn nothing_is_said_of_nothing() {
        assert_eq!(estimate(&Counts::default()), None);
        let labels = Labels { relevant: 0, all: 5 };
        assert_eq!(estimate(&Counts { looked: 10, words: labels, ..Counts::default() }), None, "one stratum only");
    }

    #[test]
    fn more_labels_narrow_the_interval() {
        let of = |labels: u32| {
            let counts = Counts {
                upheld: 800,
                dismissed: 100,
                open: 100,
                reported: 0,
                unflagged: 20_000,
                looked: 2_000,
                with_words: 200,
                words: Labels { relevant: labels / 20, all: labels },
                none: Labels { relevant: 0, all: labels },
            };
            let found = estimate(&counts).unwrap();
            found.interval.high - found.interval.low
        };
        assert!(of(400) < of(100) && of(100) < of(20));
    }

    /// A thousand made-up populations with a known truth: the interval holds it about as often as it says.
    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let mut random = StdRng::seed_from_u64(1);
        let mut held = 0;
        const RUNS: u32 = 400;
        for _ in 0..RUNS {
            let (unflagged, wordy, in_words, in_none) = (30_000_u32, 0.1, 0.06, 0.002);
            let found = 900.0;
            let missed = f64::from(unflagged) * (wordy * in_words + (1.0 - wordy) * in_none);
            let mut hits =
                |share: f64, all: u32| u32::try_from((0..all).filter(|_| random.random::<f64>() < share).count()).unwrap();
            let looked = 2_000;
            let counts = Counts {
                upheld: 900,
                dismissed: 90,
                open: 0,
                reported: 0,
                unflagged: unflagged.into(),
                looked: looked.into(),
                with_words: hits(wordy, looked).into(),
                words: Labels { relevant: hits(in_words, 150), all: 150 },
                none: Labels { relevant: hits(in_none, 300), all: 300 },
            };
            let truth = found / (found + missed);
            let interval = estimate(&counts).unwrap().interval;
            held += u32::from(interval.low <= truth && truth <= interval.high);
        }
        let share = f64::from(held) / f64::from(RUNS);
        assert!((0.90..=1.0).contains(&share), "{share}");
    }
}
