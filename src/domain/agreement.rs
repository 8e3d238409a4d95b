//! How far two people agree beyond chance.

use super::decision::Verdict;

/// Pairs of verdicts about the same posts: the first, and one given without seeing it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Both uphold.
    pub both_uphold: u32,
    /// Both dismiss.
    pub both_dismiss: u32,
    /// Only the first upholds.
    pub only_first: u32,
    /// Only the second upholds.
    pub only_second: u32,
}

impl Pairs {
    /// Adds a pair.
    pub const fn add(&mut self, first: Verdict, second: Verdict) {
        let cell = match (first, second) {
            (Verdict::Uphold, Verdict::Uphold) => &mut self.both_uphold,
            (Verdict::Dismiss, Verdict::Dismiss) => &mut self.both_dismiss,
            (Verdict::Uphold, Verdict::Dismiss) => &mut self.only_first,
            (Verdict::Dismiss, Verdict::Uphold) => &mut self.only_second,
        };
        *cell = cell.saturating_add(1);
    }

    /// Number of pairs.
    pub const fn all(self) -> u32 {
        self.both_uphold + self.both_dismiss + self.only_first + self.only_second
    }

    /// Number of pairs that agree.
    pub const fn same(self) -> u32 {
        self.both_uphold + self.both_dismiss
    }

    /// Cohen's κ (J. Cohen, 1960): 1 is full agreement, 0 what chance alone would give. None without pairs, and where
    /// both always give the same one verdict: there is nothing to tell apart from chance.
    pub fn kappa(self) -> Option<f64> {
        let all = f64::from(self.all());
        if self.all() == 0 {
            return None;
        }
        let observed = f64::from(self.same()) / all;
        let (first, second) =
            (f64::from(self.both_uphold + self.only_first) / all, f64::from(self.both_uphold + self.only_second) / all);
        let chance = first * second + (1.0 - first) * (1.0 - second);
        if (1.0 - chance).abs() < f64::EPSILON { None } else { Some((observed - chance) / (1.0 - chance)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kappa(both_uphold: u32, both_dismiss: u32, only_first: u32, only_second: u32) -> Option<f64> {
        Pairs { both_uphold, both_dismiss, only_first, only_second }.kappa()
    }

    #[test]
    fn kappa_has_the_textbook_values() {
        let close = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 0.0005;
        assert!(close(kappa(20, 15, 5, 10), 0.4));
        assert!(close(kappa(45, 15, 25, 15), 0.1304));
        assert!(close(kappa(25, 35, 5, 35), 0.2593));
        assert!(close(kappa(10, 10, 0, 0), 1.0));
        assert!(close(kappa(0, 0, 10, 10), -1.0));
        assert_eq!(kappa(0, 0, 0, 0), None);
        assert_eq!(kappa(30, 0, 0, 0), None, "always the same verdict");
    }

    #[test]
    fn pairs_are_counted_in_their_cells() {
        let mut pairs = Pairs::default();
        for (first, second) in
            [(Verdict::Uphold, Verdict::Dismiss), (Verdict::Dismiss, Verdict::Dismiss), (Verdict::Uphold, Verdict::Uphold)]
        {
            pairs.add(first, second);
        }
        assert_eq!(pairs, Pairs { both_uphold: 1, both_dismiss: 1, only_first: 1, only_second: 0 });
        assert_eq!((pairs.all(), pairs.same()), (3, 2));
    }
}
