//! Clocks: how long a step may take once something has happened. The times are data (`calendar/clocks.toml`) with the day from
//! which each holds; the day by which a platform is asked to answer stands in its letter.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Millis;
use super::calendar::Calendar;
use super::user::Zone;

text_enum! {
    /// What a clock waits for.
    ClockKind {
        /// A platform answers a request or a reminder; its day stands in the letter.
        Answer = "answer",
        /// A platform confirms a withdrawal; its day stands in the letter.
        Confirmation = "confirmation",
        /// We answer a platform that asked back.
        Clarification = "clarification",
        /// A person decides what follows a refusal.
        Refusal = "refusal",
        /// A withdrawal leaves after its post was dismissed.
        Correction = "correction",
        /// An objection is answered.
        Appeal = "appeal",
    }
}

/// What the amount of a clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Hours, through nights and holidays.
    Hours,
    /// Days; ends with the last of them.
    Days,
    /// Monday to Friday without holidays; ends with the last of them.
    WorkingDays,
}

/// How long a clock runs, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it waits for.
    pub kind: ClockKind,
    /// First day on which a clock that begins runs by it, in its zone.
    pub from: Date,
    /// How many units.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Where its days begin and end.
    pub zone: Zone,
    /// Why so long.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    clock: Vec<Rule>,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    // A test reads the shipped file.
    toml::from_str::<File>(include_str!("../../calendar/clocks.toml")).map(|file| file.clock).unwrap_or_default()
});

/// The shipped clocks, as they stand in the file.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// When a clock that begins at `started` ends; none where no clock of the kind ran then, or its day stands in a letter.
pub fn ends(rules: &[Rule], kind: ClockKind, started: Millis, calendar: &Calendar) -> Option<Millis> {
    let of_kind = rules.iter().filter(|rule| rule.kind == kind && rule.from <= day_of(started, rule.zone));
    let rule = of_kind.max_by_key(|rule| rule.from)?;
    let day = day_of(started, rule.zone);
    Some(match rule.unit {
        Unit::Hours => started.plus(Duration::from_secs(u64::from(rule.amount) * 3_600)),
        Unit::Days => end_of_day(day.saturating_add(jiff::Span::new().days(rule.amount)), rule.zone),
        Unit::WorkingDays => end_of_day(calendar.working_days_after(day, rule.amount), rule.zone),
    })
}

/// The first moment after a day.
pub fn end_of_day(day: Date, zone: Zone) -> Millis {
    let end = day.tomorrow().and_then(|next| next.to_zoned(time_zone(zone)));
    end.map_or(Millis(i64::MAX), |at| Millis::from_timestamp(at.timestamp()))
}

fn day_of(at: Millis, zone: Zone) -> Date {
    at.timestamp().to_zoned(time_zone(zone)).date()
}

/// Indonesia knows no summer time.
fn time_zone(zone: Zone) -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(zone.hours()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Millis {
        Millis::from_timestamp(text.parse().unwrap())
    }

    fn rule(unit: Unit, amount: u32, zone: Zone, from: &str) -> Rule {
        Rule { kind: ClockKind::Appeal, from: from.parse().unwrap(), amount, unit, zone, source: String::new() }
    }

    #[test]
    fn the_shipped_clocks_are_read_and_every_step_of_ours_has_one() {
        let file: File = toml::from_str(include_str!("../../calendar/clocks.toml")).unwrap();
        assert_eq!(file.clock, rules());
        let calendar = Calendar::new([]);
        for kind in ClockKind::ALL {
            let in_letters = matches!(kind, ClockKind::Answer | ClockKind::Confirmation);
            assert_eq!(ends(rules(), *kind, at("2026-11-20T01:00:00Z"), &calendar).is_none(), in_letters, "{kind}");
            assert_eq!(ends(rules(), *kind, at("2025-11-20T01:00:00Z"), &calendar), None, "before the first day of {kind}");
        }
    }

    #[test]
    fn days_end_where_their_zone_says() {
        let calendar = Calendar::new([]);
        let end = |rule: &Rule, started: &str| {
            ends(std::slice::from_ref(rule), ClockKind::Appeal, at(started), &calendar).map(|end| end.timestamp().to_string())
        };
        // Wednesday 23 December 2026, 23:30 in Jakarta: Thursday already in Makassar and Jayapura. The 24th is joint leave, the 25th Christmas.
        let late = "2026-12-23T16:30:00Z";
        for (unit, amount, zone, ends) in [
            (Unit::WorkingDays, 1, Zone::Wib, "2026-12-28T17:00:00Z"),
            (Unit::WorkingDays, 1, Zone::Wita, "2026-12-28T16:00:00Z"),
            (Unit::WorkingDays, 1, Zone::Wit, "2026-12-28T15:00:00Z"),
            (Unit::Days, 1, Zone::Wib, "2026-12-24T17:00:00Z"),
            (Unit::Days, 1, Zone::Wit, "2026-12-25T15:00:00Z"),
            (Unit::Hours, 4, Zone::Wit, "2026-12-23T20:30:00Z"),
        ] {
            assert_eq!(end(&rule(unit, amount, zone, "2026-01-01"), late).as_deref(), Some(ends), "{unit:?} {zone}");
        }
    }

    #[test]
    fn what_began_before_a_change_runs_by_what_held_then() {
        let rules = [rule(Unit::Hours, 4, Zone::Wit, "2026-01-01"), rule(Unit::Hours, 9, Zone::Wit, "2026-12-01")];
        let end =
            |started: &str| ends(&rules, ClockKind::Appeal, at(started), &Calendar::default()).map(|end| end.since(at(started)));
        // Midnight in Jayapura, nine hours ahead.
        assert_eq!(end("2026-11-30T14:59:59Z"), Some(Duration::from_hours(4)));
        assert_eq!(end("2026-11-30T15:00:00Z"), Some(Duration::from_hours(9)));
    }

    proptest! {
        /// A clock of working days never ends on a day off, and never before as many working days are over.
        #[test]
        fn working_days_are_kept(minute in 0_i64..1_000_000, amount in 1_u32..30, zone in prop::sample::select(Zone::ALL)) {
            let calendar = Calendar::new([]);
            let started = Millis(1_767_225_600_000 + minute * 60_000);
            let end = ends(&[rule(Unit::WorkingDays, amount, zone, "2025-01-01")], ClockKind::Appeal, started, &calendar).unwrap();
            let (first, last) = (day_of(started, zone), day_of(Millis(end.0 - 1), zone));
            prop_assert!(calendar.is_working(last));
            prop_assert_eq!(end, end_of_day(last, zone));
            let worked = first.tomorrow().unwrap().series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
            prop_assert_eq!(worked.filter(|day| calendar.is_working(*day)).count(), amount as usize);
        }
    }
}
