//! Is the post still there? A missing post is "unavailable", never "taken down": it may be deleted, private or blocked.

use std::time::Duration;

use super::clock::Millis;
use super::ids::{CheckId, PostId};
use super::survival::Followed;

text_enum! {
    /// What one look saw.
    CheckOutcome {
        /// The platform shows it.
        Up = "up",
        /// The platform shows it, with another text than the one that was decided about.
        Edited = "edited",
        /// The platform says there is no such post.
        Gone = "gone",
        /// The platform shows it, but not in Indonesia: as good as removed.
        Restricted = "restricted",
        /// Its author shows it to chosen people only.
        Private = "private",
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
        /// Last useful look saw it with another text: a person decides whether the request still stands.
        Edited = "edited",
        /// Missing once; looked again before it counts.
        MaybeGone = "maybe_gone",
        /// Missing in two looks at least an hour apart, with none between that saw it.
        Unavailable = "unavailable",
        /// Not shown in Indonesia, as the platform says.
        Restricted = "restricted",
        /// Shown to chosen people only, as the platform says.
        Private = "private",
    }
}

/// Two looks count as two only when they are this far apart.
pub const CONFIRM_AFTER: Duration = Duration::from_hours(1);

/// When requested posts are looked at, counted from the moment the request left; then every [`LATER`].
pub const STOPS: [Duration; 5] = [
    Duration::from_hours(1),
    Duration::from_hours(24),
    Duration::from_hours(72),
    Duration::from_hours(7 * 24),
    Duration::from_hours(30 * 24),
];
/// How often after the last of [`STOPS`].
pub const LATER: Duration = Duration::from_hours(30 * 24);
/// Longest wait after looks that told nothing.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// When a requested post is looked at next. `sent`: when the request left; `looks`: those since, oldest first.
///
/// A stop that passed while nothing ran is made up for once, together with those before it. What was missing once is looked at after
/// an hour, whatever the stops say; after a look that told nothing the wait doubles, from an hour to a day.
pub fn next_look(sent: Millis, looks: &[Check]) -> Millis {
    let Some(last) = looks.last().map(|look| look.checked_at) else { return sent.plus(STOPS[0]) };
    let told_nothing = looks.iter().rev().take_while(|look| look.outcome == CheckOutcome::Unknown).count();
    if let Some(doublings) = u32::try_from(told_nothing).ok().and_then(|n| n.checked_sub(1)) {
        let wait = CONFIRM_AFTER.saturating_mul(2_u32.saturating_pow(doublings.min(8)));
        return last.plus(wait.min(LONGEST_WAIT));
    }
    if Liveness::from_checks(looks) == Liveness::MaybeGone {
        return last.plus(CONFIRM_AFTER);
    }
    let stop = STOPS.iter().map(|after| sent.plus(*after)).find(|stop| *stop > last);
    stop.unwrap_or_else(|| last.plus(LATER))
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
    /// When it was last seen, and whether with another text.
    seen: Option<(Millis, bool)>,
    /// When it was first missing since.
    missing: Option<Millis>,
    /// What it is, where that is sure: a second look, far enough from the first, missed it too, or the platform says why.
    sure: Option<Liveness>,
}

impl Looks {
    fn read(looks: impl IntoIterator<Item = (Millis, CheckOutcome)>) -> Self {
        let mut all = Self::default();
        for (at, outcome) in looks {
            match outcome {
                CheckOutcome::Unknown => {}
                CheckOutcome::Up | CheckOutcome::Edited => {
                    all = Self { seen: Some((at, outcome == CheckOutcome::Edited)), ..Self::default() };
                }
                CheckOutcome::Gone => {
                    let since = *all.missing.get_or_insert(at);
                    // What the platform hid before is not less hidden now.
                    all.sure = all.sure.or_else(|| (at.since(since) >= CONFIRM_AFTER).then_some(Liveness::Unavailable));
                }
                CheckOutcome::Restricted | CheckOutcome::Private => {
                    all.missing.get_or_insert(at);
                    let restricted = outcome == CheckOutcome::Restricted;
                    all.sure = Some(if restricted { Liveness::Restricted } else { Liveness::Private });
                }
            }
        }
        all
    }
}

impl Liveness {
    /// Reads the looks, oldest first.
    pub fn from_checks<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        Self::from_looks(checks.into_iter().map(|check| (check.checked_at, check.outcome)))
    }

    /// The same, from when each was and what it saw.
    pub fn from_looks(looks: impl IntoIterator<Item = (Millis, CheckOutcome)>) -> Self {
        let looks = Looks::read(looks);
        match (looks.missing, looks.seen) {
            (Some(_), _) => looks.sure.unwrap_or(Self::MaybeGone),
            (None, Some((_, true))) => Self::Edited,
            (None, Some((_, false))) => Self::Up,
            (None, None) => Self::NotKnown,
        }
    }

    /// Whether the last useful look missed it.
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::MaybeGone) || self.is_down()
    }

    /// Whether it is surely not to be seen in Indonesia: what a request asks for.
    pub const fn is_down(self) -> bool {
        matches!(self, Self::Unavailable | Self::Restricted | Self::Private)
    }
}

/// The last stop that is not after `after`, and the one behind it.
fn stops_around(after: Duration) -> (Option<Duration>, Duration) {
    let (mut before, mut next) = (None, STOPS[0]);
    let mut stops = STOPS.iter().copied();
    stops.next();
    while next <= after {
        before = Some(next);
        next = stops.next().unwrap_or_else(|| next.saturating_add(LATER));
    }
    (before, next)
}

/// How long a requested post was followed, and whether it went down: what estimates of removal are made from. Looks (oldest first, since
/// the request left) happen a little after their stop, so they count as of the stop: what was found missing soon after one, with
/// nobody having seen it up in between, was missing by then; otherwise it was missing by the next stop. What was up counts as
/// followed to the last stop at which it was seen. None where looks told nothing.
pub fn followed(sent: Millis, looks: &[(Millis, CheckOutcome)]) -> Option<Followed> {
    let all = Looks::read(looks.iter().copied());
    let millis = |after: Duration| i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    let Some(missing) = all.missing.filter(|_| all.sure.is_some()) else {
        let (seen, _) = all.seen?;
        let (stop, _) = stops_around(seen.since(sent));
        return Some(Followed { after: stop.map_or(0, millis), removed: false });
    };
    let after = missing.since(sent);
    let (stop, next) = stops_around(after);
    let seen_since = |stop: Duration| {
        let up = |outcome: &CheckOutcome| matches!(outcome, CheckOutcome::Up | CheckOutcome::Edited);
        looks.iter().any(|(at, outcome)| up(outcome) && *at >= sent.plus(stop) && *at < missing)
    };
    let soon = stop.filter(|stop| after.saturating_sub(*stop) <= next.saturating_sub(*stop) / 4 && !seen_since(*stop));
    Some(Followed { after: millis(soon.unwrap_or(next)), removed: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        use CheckOutcome::{Gone, Unknown, Up};
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
            next_look(Millis(0), &checks).0 / 3_600_000
        };
        assert_eq!(at(&[]), 1);
        assert_eq!(at(&[(1, Up)]), 24);
        assert_eq!(at(&[(1, Up), (24, Gone)]), 25);
        assert_eq!(at(&[(1, Up), (24, Gone), (25, Gone)]), 72, "what is gone may come back");
        assert_eq!(at(&[(1, Up), (50, Up)]), 72, "a stop that passed is made up for once");
        assert_eq!(at(&[(200, Up)]), 720);
        assert_eq!([at(&[(720, Up)]), at(&[(720, Up), (1440, Up)])], [1440, 2160]);
        assert_eq!([at(&[(1, Unknown)]), at(&[(1, Unknown), (2, Unknown)])], [2, 4]);
        let nothing: Vec<_> = (1..20).map(|hour| (hour, Unknown)).collect();
        assert_eq!(at(&nothing), 19 + 24);
    }

    proptest! {
        /// However often and late a run comes, with looks that find it up: each stop that a run follows is looked at once, at the
        /// first run after it, and nothing between stops is.
        #[test]
        fn every_stop_fires_once_and_at_the_first_run_after_it(pauses in prop::collection::vec(1_i64..200, 1..120)) {
            const HOUR: i64 = 3_600_000;
            let mut looks: Vec<Check> = Vec::new();
            let (mut now, mut before) = (0, 0);
            for pause in pauses {
                now += pause * HOUR;
                let passed = STOPS.iter().map(|stop| i64::try_from(stop.as_millis()).unwrap()).filter(|stop| (before + 1..=now).contains(stop)).count();
                let due = next_look(Millis(0), &looks) <= Millis(now);
                let last = looks.last().map_or(0, |look| look.checked_at.0);
                if before < 720 * HOUR && passed > 0 {
                    prop_assert!(due, "a stop between {before} and {now} was passed over");
                } else if now < 720 * HOUR {
                    prop_assert!(!due, "looked at {now} for no stop");
                } else if now - last >= 720 * HOUR {
                    prop_assert!(due);
                }
                if due {
                    looks.push(Check { id: CheckId(0), post_id: PostId(0), checked_at: Millis(now), outcome: CheckOutcome::Up });
                }
                before = now;
            }
        }
    }

    #[test]
    fn what_the_platform_says_itself_needs_no_second_look() {
        use CheckOutcome::{Edited, Gone, Private, Restricted, Unknown, Up};
        for (list, says) in [
            (&[(0, Up), (60, Restricted)][..], Liveness::Restricted),
            (&[(0, Restricted), (10, Unknown), (600, Gone)], Liveness::Restricted),
            (&[(0, Gone), (10, Private)], Liveness::Private),
            (&[(0, Restricted), (60, Up)], Liveness::Up),
            (&[(0, Up), (60, Edited)], Liveness::Edited),
            (&[(0, Edited), (60, Up)], Liveness::Up),
            (&[(0, Edited), (60, Gone), (120, Gone)], Liveness::Unavailable),
        ] {
            assert_eq!(looks(list), says, "{list:?}");
            assert_eq!(says.is_down(), says.is_missing());
        }
        assert!(Liveness::MaybeGone.is_missing() && !Liveness::MaybeGone.is_down());
    }

    #[test]
    fn looks_count_as_of_their_stop() {
        use CheckOutcome::{Gone, Restricted, Unknown, Up};
        let read = |list: &[(i64, CheckOutcome)]| {
            let looks = list.iter().map(|(minute, outcome)| (Millis(minute * 60_000), *outcome)).collect::<Vec<_>>();
            followed(Millis(0), &looks).map(|one| (one.after / 3_600_000, one.removed))
        };
        for (list, expected) in [
            (&[][..], None),
            (&[(61, Unknown)], None),
            (&[(61, Gone)], None),
            (&[(61, Up)], Some((1, false))),
            (&[(61, Up), (1_445, Up), (1_500, Unknown)], Some((24, false))),
            (&[(30, Up)], Some((0, false))),
            (&[(61, Gone), (121, Gone)], Some((1, true))),
            (&[(61, Up), (1_445, Gone)], Some((1, false))),
            (&[(61, Up), (1_445, Gone), (1_505, Gone)], Some((24, true))),
            (&[(61, Up), (1_445, Restricted)], Some((24, true))),
            // A look of a person in between: it was up at 24 hours, and is gone by 72.
            (&[(61, Up), (1_445, Up), (1_800, Gone), (1_900, Gone)], Some((72, true))),
            // A look that comes too late says nothing about its stop.
            (&[(61, Up), (2_800, Gone), (2_900, Gone)], Some((72, true))),
            (&[(30, Gone), (95, Gone)], Some((1, true))),
            (&[(61, Gone), (121, Gone), (1_445, Up)], Some((24, false))),
            (&[(43_300, Up), (86_500, Gone), (86_600, Gone)], Some((1_440, true))),
        ] {
            assert_eq!(read(list), expected, "{list:?}");
        }
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
