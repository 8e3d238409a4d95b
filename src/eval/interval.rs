//! The exact interval of a share, from counts.

use crate::domain::trust::Interval;

/// The exact interval of Clopper and Pearson (1934): never too narrow, for rare events such as false accusations.
pub fn clopper_pearson(hits: u64, all: u64) -> Interval {
    if all == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let low = if hits == 0 { 0.0 } else { bisect(|share| 1.0 - at_most(hits - 1, all, share) >= 0.025) };
    let high = if hits >= all { 1.0 } else { bisect(|share| at_most(hits, all, share) < 0.025) };
    Interval { low, high }
}

/// The share at which `reached` turns true.
fn bisect(reached: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if reached(middle) { high = middle } else { low = middle }
    }
    high
}

/// Chance of at most `hits` of `all` at `share` each; in logarithms, so that 100,000 cases are no problem.
fn at_most(hits: u64, all: u64, share: f64) -> f64 {
    if share <= 0.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return f64::from(u8::from(hits >= all));
    }
    let n = float(all);
    let mut log_term = n * (1.0 - share).ln();
    let mut total = log_term.exp();
    for k in 0..hits {
        log_term += ((n - float(k)) / (float(k) + 1.0)).ln() + (share / (1.0 - share)).ln();
        total += log_term.exp();
    }
    total.min(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of posts are far below 2⁵³")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Interval, low: f64, high: f64) {
        assert!((found.low - low).abs() < 0.001 && (found.high - high).abs() < 0.001, "{found:?} is not {low}..{high}");
    }

    #[test]
    fn clopper_pearson_gives_the_textbook_values() {
        close(clopper_pearson(0, 10), 0.0, 0.3085);
        close(clopper_pearson(9, 10), 0.5550, 0.9975);
        close(clopper_pearson(50, 100), 0.3983, 0.6017);
        close(clopper_pearson(10, 10), 0.6915, 1.0);
        let rare = clopper_pearson(0, 120_000);
        assert!(rare.high < 0.000_031 && rare.high > 0.000_030, "{rare:?}");
    }

    #[test]
    fn the_exact_interval_holds_the_share() {
        for (hits, all) in [(1, 7), (3, 200), (199, 200), (5, 120_000)] {
            let found = clopper_pearson(hits, all);
            let share = float(hits) / float(all);
            assert!(found.low < share && share < found.high, "{hits}/{all}: {found:?}");
        }
    }
}
