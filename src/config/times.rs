//! When a schedule comes: for the checks of the configuration, and for what is scheduled.

use std::str::FromStr as _;

use croner::Cron;
use jiff::Zoned;
use jiff::civil::Date;

/// The first time of `pattern` after `after` on a day that fits; none within 400 of its days.
pub fn first_time(pattern: &str, after: &Zoned, fits: impl Fn(Date) -> bool) -> Option<Zoned> {
    let cron = Cron::from_str(pattern).ok()?;
    let mut at = cron.find_next_occurrence(after, false).ok()?;
    for _ in 0..400 {
        if fits(at.date()) {
            return Some(at);
        }
        // The first time of each day tells.
        let tomorrow = at.tomorrow().and_then(|day| day.start_of_day()).ok()?;
        at = cron.find_next_occurrence(&tomorrow, true).ok()?;
    }
    None
}
