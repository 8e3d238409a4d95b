//! Working days in Indonesia: Monday to Friday without holidays and joint leave. The days are data (`calendar/`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: Vec<Year>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    #[serde(rename = "year")]
    number: i16,
    #[expect(dead_code, reason = "for whoever reads the file")]
    source: String,
    holidays: Vec<Date>,
    joint_leave: Vec<Date>,
}

static YEARS: LazyLock<Vec<Year>> = LazyLock::new(|| {
    // A test reads the shipped file.
    toml::from_str::<File>(include_str!("../../calendar/indonesia.toml")).map(|file| file.year).unwrap_or_default()
});

/// Which days are worked on.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    free: BTreeSet<Date>,
}

impl Calendar {
    /// The known holidays, and those that the operator adds.
    pub fn new(more: impl IntoIterator<Item = Date>) -> Self {
        let known = YEARS.iter().flat_map(|year| year.holidays.iter().chain(&year.joint_leave).copied());
        Self { free: known.chain(more).collect() }
    }

    /// Monday to Friday, and no holiday.
    pub fn is_working(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.free.contains(&day)
    }

    /// The `count`th working day after `day`.
    pub fn working_days_after(&self, day: Date, count: u32) -> Date {
        let mut left = count;
        let mut day = day;
        // A year without a working day does not exist; the bound is for calendars that say otherwise.
        for _ in 0..count.saturating_mul(7).saturating_add(366) {
            if left == 0 {
                break;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            left -= u32::from(self.is_working(day));
        }
        day
    }
}

/// Whether the holidays of this year are known.
pub fn knows(year: i16) -> bool {
    YEARS.iter().any(|known| known.number == year)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shipped_days_are_read_and_lie_in_their_year() {
        let file: File = toml::from_str(include_str!("../../calendar/indonesia.toml")).unwrap();
        assert!(!file.year.is_empty());
        for year in file.year {
            assert!(year.holidays.len() >= 14, "{}", year.number);
            assert!(year.holidays.iter().chain(&year.joint_leave).all(|day| day.year() == year.number), "{}", year.number);
            assert!(knows(year.number));
        }
        assert!(!knows(1999));
    }

    #[test]
    fn holidays_and_weekends_are_passed_over() {
        let calendar = Calendar::new([date(2026, 12, 23)]);
        for (day, works) in [
            (date(2026, 12, 21), true),
            (date(2026, 12, 23), false),
            (date(2026, 12, 24), false),
            (date(2026, 12, 25), false),
            (date(2026, 12, 26), false),
            (date(2026, 12, 28), true),
        ] {
            assert_eq!(calendar.is_working(day), works, "{day}");
        }
        assert_eq!(calendar.working_days_after(date(2026, 12, 22), 1), date(2026, 12, 28));
        assert_eq!(calendar.working_days_after(date(2026, 12, 22), 0), date(2026, 12, 22));
    }

    proptest! {
        /// However holidays lie, exactly `count` working days are between a day and the answer, and the last one is worked on.
        #[test]
        fn the_count_is_kept(start in 0_i64..3_000, count in 1_u32..40, more in prop::collection::vec(0_i64..3_100, 0..80)) {
            let at = |days: i64| date(2025, 1, 1).saturating_add(jiff::Span::new().days(days));
            let calendar = Calendar::new(more.into_iter().map(at));
            let end = calendar.working_days_after(at(start), count);
            let mut day = at(start);
            let mut worked = 0;
            while day < end {
                day = day.tomorrow().unwrap();
                worked += u32::from(calendar.is_working(day));
            }
            prop_assert_eq!(worked, count);
            prop_assert!(calendar.is_working(end));
        }
    }
}
