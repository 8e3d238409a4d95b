//! Is the post still there? A missing post is "unavailable", never "taken down": it may be deleted, private or blocked.

use std::time::Duration;

use super::clock::Millis;
use super::ids::{CheckId, PostId};

text_enum! {
    /// What one look saw.
    CheckOutcome {
        /// The platform shows it.
        Up = "up",
        /// The platform says there is no such post.
        Gone = "gone",
        /// No answer that says either.
        Unknown = "unknown",
    }
}

text_enum! {
    /// What the looks together say.
    Liveness {
        /// Never looked, or looks told nothing.
        NotKnown = "not_known",
        /// Last useful look saw it.
        Up = "up",
        /// Missing once; looked again before it counts.
        MaybeGone = "maybe_gone",
        /// Missing in two looks at least an hour apart, with none between that saw it.
        Unavailable = "unavailable",
    }
}

/// Two looks count as two only when they are this far apart.
pub const CONFIRM_AFTER: Duration = Duration::from_hours(1);

/// When to look again after the n-th look: an hour, then days, then monthly. What was missing once is looked at after
/// an hour, whatever the number.
pub fn next_look(checks: &[Check]) -> Option<Millis> {
    const HOUR: u64 = 3600;
    const GAPS: [u64; 5] = [HOUR, 23 * HOUR, 48 * HOUR, 96 * HOUR, 23 * 24 * HOUR];
    let last = checks.last()?;
    if Liveness::from_checks(checks) == Liveness::MaybeGone {
        return Some(last.checked_at.plus(CONFIRM_AFTER));
    }
    let gap = checks.len().checked_sub(1).and_then(|n| GAPS.get(n)).copied().unwrap_or(30 * 24 * HOUR);
    Some(last.checked_at.plus(Duration::from_secs(gap)))
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Check {
    /// Row id.
    pub id: CheckId,
    /// The post.
    pub post_id: PostId,
    /// When.
    pub checked_at: Millis,
    /// What was seen.
    pub outcome: CheckOutcome,
}

/// What looks, oldest first, say together.
#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    /// When it was last seen.
    seen: Option<Millis>,
    /// When it was first missing since.
    missing: Option<Millis>,
    /// Whether a second look, far enough from the first, missed it too.
    confirmed: bool,
}

impl Looks {
    fn read(looks: impl IntoIterator<Item = (Millis, CheckOutcome)>) -> Self {
        let mut all = Self::default();
        for (at, outcome) in looks {
            match outcome {
                CheckOutcome::Unknown => {}
                CheckOutcome::Up => all = Self { seen: Some(at), ..Self::default() },
                CheckOutcome::Gone => all.confirmed = at.since(*all.missing.get_or_insert(at)) >= CONFIRM_AFTER,
            }
        }
        all
    }
}

impl Liveness {
    /// Reads the looks, oldest first.
    pub fn from_checks<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        let looks = Looks::read(checks.into_iter().map(|check| (check.checked_at, check.outcome)));
        match (looks.missing, looks.seen) {
            (Some(_), _) if looks.confirmed => Self::Unavailable,
            (Some(_), _) => Self::MaybeGone,
            (None, Some(_)) => Self::Up,
            (None, None) => Self::NotKnown,
        }
    }

    /// Whether the last useful look missed it.
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::MaybeGone | Self::Unavailable)
    }
}

/// When a post was first missing, if it counts as unavailable; else when it was last seen. The looks are oldest first; none where
/// they told nothing.
pub fn end_of(looks: impl IntoIterator<Item = (Millis, CheckOutcome)>) -> Option<(Millis, bool)> {
    let looks = Looks::read(looks);
    match looks.missing {
        Some(since) if looks.confirmed => Some((since, true)),
        _ => looks.seen.map(|at| (at, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(list: &[(i64, CheckOutcome)]) -> Liveness {
        let checks: Vec<Check> = list
            .iter()
            .map(|(minute, outcome)| Check {
                id: CheckId(*minute),
                post_id: PostId(1),
                checked_at: Millis(minute * 60_000),
                outcome: *outcome,
            })
            .collect();
        Liveness::from_checks(&checks)
    }

    #[test]
    fn looks_become_rarer_but_a_miss_is_looked_at_soon() {
        use CheckOutcome::{Gone, Up};
        let at = |list: &[(i64, CheckOutcome)]| {
            let checks: Vec<Check> = list
                .iter()
                .map(|(hour, outcome)| Check {
                    id: CheckId(0),
                    post_id: PostId(0),
                    checked_at: Millis(hour * 3_600_000),
                    outcome: *outcome,
                })
                .collect();
            next_look(&checks).map(|next| next.0 / 3_600_000)
        };
        assert_eq!(at(&[]), None, "never looked: now");
        assert_eq!(at(&[(0, Up)]), Some(1));
        assert_eq!(at(&[(0, Up), (1, Up)]), Some(24));
        assert_eq!(at(&[(0, Up), (1, Up), (24, Gone)]), Some(25));
        assert_eq!(at(&[(0, Up), (1, Up), (24, Up), (72, Up), (168, Up)]), Some(720));
    }

    #[test]
    fn a_post_was_up_until_it_was_first_missing() {
        use CheckOutcome::{Gone, Unknown, Up};
        let end = |list: &[(i64, CheckOutcome)]| {
            let looks = list.iter().map(|(minute, outcome)| (Millis(minute * 60_000), *outcome)).collect::<Vec<_>>();
            end_of(looks).map(|(at, removed)| (at.0 / 60_000, removed))
        };
        assert_eq!(end(&[]), None);
        assert_eq!(end(&[(0, Unknown)]), None);
        assert_eq!(end(&[(0, Up), (90, Up), (100, Unknown)]), Some((90, false)));
        assert_eq!(end(&[(0, Up), (90, Gone)]), Some((0, false)), "missing once: it was up when last seen");
        assert_eq!(end(&[(0, Gone)]), None);
        assert_eq!(end(&[(0, Up), (90, Gone), (120, Unknown), (150, Gone), (900, Gone)]), Some((90, true)));
        assert_eq!(end(&[(0, Gone), (60, Gone), (90, Up)]), Some((90, false)), "it came back");
    }

    #[test]
    fn one_miss_is_not_unavailable() {
        use CheckOutcome::{Gone, Unknown, Up};
        assert_eq!(looks(&[]), Liveness::NotKnown);
        assert_eq!(looks(&[(0, Unknown)]), Liveness::NotKnown);
        assert_eq!(looks(&[(0, Gone)]), Liveness::MaybeGone);
        assert_eq!(looks(&[(0, Gone), (59, Gone)]), Liveness::MaybeGone, "less than an hour apart");
        assert_eq!(looks(&[(0, Gone), (60, Gone)]), Liveness::Unavailable);
        assert_eq!(looks(&[(0, Gone), (30, Up), (60, Gone)]), Liveness::MaybeGone, "seen in between");
        assert_eq!(looks(&[(0, Gone), (30, Unknown), (60, Gone)]), Liveness::Unavailable);
        assert_eq!(looks(&[(0, Gone), (60, Gone), (90, Up)]), Liveness::Up, "it came back");
    }
}
