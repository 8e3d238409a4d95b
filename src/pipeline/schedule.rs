//! When scheduled work is due: cron patterns in Asia/Jakarta.

use std::str::FromStr;

use croner::Cron;

use crate::config::Config;
use crate::domain::Millis;
use crate::domain::job::JobKind;

/// The pattern of a kind of work.
pub fn pattern(config: &Config, kind: JobKind) -> &str {
    match kind {
        JobKind::Crawl => &config.schedule.crawl,
        JobKind::Screen => &config.schedule.screen,
        JobKind::Deliver => &config.schedule.deliver,
        JobKind::FollowUp => &config.schedule.follow_up,
        JobKind::Purge => &config.schedule.purge,
        // People ask for it; the clock never does.
        JobKind::Trial => "",
    }
}

/// The last scheduled time up to `now`. A time that passed while nothing ran is so made up for, once.
pub fn previous(pattern: &str, now: Millis) -> Option<Millis> {
    let found = Cron::from_str(pattern).ok()?.find_previous_occurrence(&now.in_jakarta(), true).ok()?;
    Some(Millis::from_timestamp(found.timestamp()))
}

/// The next scheduled time after `now`.
pub fn next(pattern: &str, now: Millis) -> Option<Millis> {
    let found = Cron::from_str(pattern).ok()?.find_next_occurrence(&now.in_jakarta(), false).ok()?;
    Some(Millis::from_timestamp(found.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_leaves_on_working_days_of_jakarta() {
        let friday_afternoon = Millis::from_timestamp("2026-11-20T15:00:00+07:00".parse().unwrap());
        let pattern = "0 9,14 * * MON-FRI";
        assert_eq!(next(pattern, friday_afternoon).unwrap().wib(), "23/11/2026 09:00 WIB");
        assert_eq!(previous(pattern, friday_afternoon).unwrap().wib(), "20/11/2026 14:00 WIB");
        let sharp = Millis::from_timestamp("2026-11-20T14:00:00+07:00".parse().unwrap());
        assert_eq!(previous(pattern, sharp).unwrap(), sharp);
        assert_eq!(next(pattern, sharp).unwrap().wib(), "23/11/2026 09:00 WIB");
    }
}
