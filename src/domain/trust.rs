//! How far a rule is trusted: as far as people's decisions about what it found say.

/// The bar of a rule pack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Least number of decisions.
    pub min_decisions: u64,
    /// Least lower bound of the 95 % interval of upheld ÷ decided.
    pub min_precision: f64,
}

impl Bar {
    /// A bar that nothing reaches: what a pack that is not loaded has.
    pub const CLOSED: Self = Self { min_decisions: u64::MAX, min_precision: 1.0 };

    /// True when these decisions reach the bar.
    pub fn reached(self, upheld: u64, dismissed: u64) -> bool {
        let decided = upheld + dismissed;
        decided >= self.min_decisions && wilson(upheld, decided).low >= self.min_precision
    }
}

/// A 95 % interval of a share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Normal quantile of 97.5 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// Wilson's score interval (E. B. Wilson, 1927): good from a few dozen cases on. Of nothing, all is possible.
pub fn wilson(hits: u64, all: u64) -> Interval {
    if all == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of posts are far below 2⁵³")]
    let (n, hits) = (all as f64, hits as f64);
    let share = hits / n;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Interval { low: ((middle - half) / scale).max(0.0), high: ((middle + half) / scale).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_textbook_values() {
        let close = |found: Interval, low: f64, high: f64| (found.low - low).abs() < 0.001 && (found.high - high).abs() < 0.001;
        assert!(close(wilson(0, 10), 0.0, 0.2775));
        assert!(close(wilson(9, 10), 0.5958, 0.9821));
        assert!(close(wilson(50, 100), 0.4038, 0.5962));
        assert!(close(wilson(0, 0), 0.0, 1.0));
    }

    #[test]
    fn a_bar_needs_enough_decisions_and_enough_of_them_right() {
        let bar = Bar { min_decisions: 30, min_precision: 0.8 };
        let cases = [(0, 0, false), (29, 0, false), (30, 0, true), (30, 5, false), (57, 3, true), (40, 10, false)];
        for (upheld, dismissed, reached) in cases {
            assert_eq!(bar.reached(upheld, dismissed), reached, "{upheld} upheld, {dismissed} dismissed");
        }
        assert!(!Bar::CLOSED.reached(1_000_000, 0));
    }
}
