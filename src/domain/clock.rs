//! Time as a parameter. Nothing but [`SystemClock`] asks the operating system (a lint sees to it).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// UTC milliseconds since 1970, as stored in both databases (BIGINT). Text timestamps sort wrong on SQLite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// From whole unix seconds, as TikTok sends them.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// From a calendar time.
    pub fn from_timestamp(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }

    /// As a calendar time. Values outside what a calendar holds (year -9999 to 9999) become 1970.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whole unix seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Days since 1970, in UTC.
    pub const fn utc_day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    /// The beginning of its day, in UTC.
    pub const fn utc_day_start(self) -> Self {
        Self(self.utc_day() * 86_400_000)
    }

    /// Later by `by`.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `by`.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `2026-11-22T01:04:00Z`: how machines read it.
    pub fn utc(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `22/11/2026 08:04 WIB`: how people in Jakarta read it.
    pub fn wib(self) -> String {
        self.in_jakarta().strftime("%d/%m/%Y %H:%M WIB").to_string()
    }

    /// `22/11/2026 09:04 WITA`: how people in `zone` read it.
    pub fn local(self, zone: super::user::Zone) -> String {
        let at = self.timestamp().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(zone.hours())));
        format!("{} {zone}", at.strftime("%d/%m/%Y %H:%M"))
    }

    /// `22 November 2026`, month names in Bahasa Indonesia, as letters are dated.
    pub fn long_date_id(self) -> String {
        long_date_id(self.in_jakarta().date())
    }

    /// The calendar time in Asia/Jakarta (UTC+7, no daylight saving).
    pub fn in_jakarta(self) -> jiff::Zoned {
        self.timestamp().to_zoned(jakarta())
    }
}

/// `22 November 2026` in Bahasa Indonesia.
pub fn long_date_id(date: jiff::civil::Date) -> String {
    const MONTHS: [&str; 12] = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ];
    let month = usize::try_from(date.month()).ok().and_then(|m| MONTHS.get(m.saturating_sub(1))).unwrap_or(&"");
    format!("{} {month} {}", date.day(), date.year())
}

/// The zone of schedules and letters.
pub fn jakarta() -> TimeZone {
    TimeZone::get("Asia/Jakarta").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(7)))
}

/// Where the time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> Millis;
}

/// The operating system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the ambient clock")]
    fn now(&self) -> Millis {
        Millis::from_timestamp(Timestamp::now())
    }
}

/// A clock that moves only when told: tests and the scripted demo.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `at`.
    pub const fn new(at: Millis) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jakarta_is_seven_hours_ahead() {
        let at = Millis(1_795_136_644_000); // 2026-11-20T01:04:04Z
        assert_eq!(at.wib(), "20/11/2026 08:04 WIB");
        assert_eq!(at.long_date_id(), "20 November 2026");
    }

    #[test]
    fn each_zone_of_indonesia_reads_its_own_clock() {
        use crate::domain::user::Zone;
        let at = Millis(1_795_136_640_000);
        assert_eq!(at.local(Zone::Wib), at.wib());
        assert_eq!([at.local(Zone::Wita), at.local(Zone::Wit)], ["20/11/2026 09:04 WITA", "20/11/2026 10:04 WIT"]);
    }

    #[test]
    fn since_never_goes_negative() {
        assert_eq!(Millis(5).since(Millis(9)), Duration::ZERO);
        assert_eq!(Millis(9).since(Millis(5)), Duration::from_millis(4));
    }
}
