//! When scheduled work is due: cron patterns in Asia/Jakarta.

use std::str::FromStr;
use std::time::Duration;

use croner::Cron;

use crate::config::{Config, Recipient, first_time};
use crate::domain::Millis;
use crate::domain::calendar::Calendar;
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

/// The working days of this installation.
pub fn calendar(config: &Config) -> Calendar {
    // Checked when the configuration was read.
    Calendar::new(config.schedule.holidays.iter().filter_map(|day| day.parse().ok()))
}

/// When a package signed at `now` leaves for `recipient`: the next time of its schedule that is no holiday.
pub fn next_delivery(config: &Config, recipient: Option<&Recipient>, now: Millis) -> Millis {
    let own = recipient.map(|to| to.deliver.as_str()).filter(|pattern| !pattern.is_empty());
    let pattern = own.unwrap_or(&config.schedule.deliver);
    let (any_day, calendar) = (recipient.is_some_and(|to| to.on_holidays), calendar(config));
    let first = first_time(pattern, &now.in_jakarta(), |day| any_day || calendar.is_working(day));
    // A schedule without a time that ever comes is refused when the configuration is read.
    first.map_or_else(|| now.plus(Duration::from_hours(24)), |at| Millis::from_timestamp(at.timestamp()))
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
    use crate::domain::Platform;

    #[test]
    fn packages_wait_for_the_end_of_holidays() {
        let mut config = crate::config::parse("", "", []).unwrap();
        let at = |text: &str| Millis::from_timestamp(text.parse().unwrap());
        let eve = at("2026-12-23T15:00:00+07:00");
        assert_eq!(next_delivery(&config, config.recipients.get(&Platform::Tiktok), eve).wib(), "28/12/2026 09:00 WIB");
        config.schedule.holidays = vec!["2026-12-28".into()];
        assert_eq!(next_delivery(&config, config.recipients.get(&Platform::Tiktok), eve).wib(), "29/12/2026 09:00 WIB");
        let own = Recipient { deliver: "30 16 * * *".into(), on_holidays: true, ..Recipient::default() };
        config.recipients.insert(Platform::Tiktok, own);
        assert_eq!(next_delivery(&config, config.recipients.get(&Platform::Tiktok), eve).wib(), "23/12/2026 16:30 WIB");
        assert_eq!(next_delivery(&config, config.recipients.get(&Platform::Threads), eve).wib(), "29/12/2026 09:00 WIB");
    }

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
