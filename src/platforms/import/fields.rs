//! From the values of a row to a post: which platform, which id, which time.

use crate::domain::post::{Observation, storable};
use crate::domain::{Millis, Platform, sha256_hex};
use crate::platforms::{DAY, address};

/// The values of a row, from whichever format; empty where it has none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub url: String,
    pub text: String,
    pub platform: String,
    pub author: String,
    pub posted_at: String,
    pub id: String,
    pub views: String,
}

/// What is wrong, and how to mend it.
pub type Problem = (String, &'static str);

/// A post of a row, and whether its time was taken from its id against what the row says.
pub type Seen = (Observation, bool);

/// Reads the values.
pub fn observe(fields: Fields) -> Result<Seen, Problem> {
    let text = storable(fields.text.trim());
    let author = storable(fields.author.trim().trim_start_matches('@'));
    let platform = match fields.platform.trim().to_lowercase().as_str() {
        "" => None,
        "twitter" => Some(Platform::X),
        name => Some(name.parse::<Platform>().map_err(|e| (e.to_string(), "use one of these names, or leave it empty"))?),
    };
    let posted_at =
        match fields.posted_at.trim() {
            "" => None,
            date => Some(parse_date(date).ok_or_else(|| {
                (format!("`{date}` is not a date"), "2026-11-20T08:00:00+07:00, 20/11/2026 08:00 or unix seconds")
            })?),
        };
    let views = fields.views.trim().replace(['.', ','], "").parse().ok();
    let id = fields.id.trim();
    let url = fields.url.trim();
    if !url.is_empty() {
        match address::parse(url) {
            Ok(found) => {
                let author = if author.is_empty() { found.author } else { author };
                let (posted_at, redated) = reconcile(posted_at, address::created_at(found.platform, &found.native_id));
                return Ok((
                    Observation {
                        platform: found.platform,
                        native_id: found.native_id,
                        url: found.url,
                        author,
                        text,
                        posted_at,
                        views,
                    },
                    redated,
                ));
            }
            // With a text the row is useful all the same; the address stays as it was given.
            Err(_) if !text.is_empty() => {}
            Err(why) => return Err((format!("`{url}` is {why}"), "give the full address of one post")),
        }
    }
    if text.is_empty() {
        return Err(("neither a text nor an address".into(), "fill in one of them"));
    }
    if lost_digits(id) {
        return Err((
            format!("the id `{id}` lost its digits in a spreadsheet"),
            "format the column as text and export again, or give the address",
        ));
    }
    let platform = platform.unwrap_or(Platform::Other);
    // A number in a column `id` may be the platform's id or a row number; only what looks like the platform's counts.
    let native = is_native(platform, id);
    let native_id = if native {
        id.to_owned()
    } else {
        format!("h{}", sha256_hex(format!("{platform}\n{author}\n{text}").as_bytes()).get(..20).unwrap_or_default())
    };
    let (posted_at, redated) = reconcile(posted_at, native.then(|| address::created_at(platform, id)).flatten());
    let url = match platform {
        _ if !url.is_empty() => storable(url),
        Platform::Tiktok if native && !author.is_empty() => format!("https://www.tiktok.com/@{author}/video/{id}"),
        Platform::Youtube if native => format!("https://www.youtube.com/watch?v={id}"),
        _ => String::new(),
    };
    Ok((Observation { platform, native_id: storable(&native_id), url, author, text, posted_at, views }, redated))
}

/// A long number as spreadsheets spoil it: `7.41E+18`, or rounded to fifteen digits. One true id in ten thousand looks
/// rounded too, so an address counts before this.
fn lost_digits(id: &str) -> bool {
    let number = id.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let rounded = id.len() >= 18 && id.bytes().all(|b| b.is_ascii_digit()) && id.ends_with("0000");
    number && (id.contains("E+") || id.contains("e+") || rounded)
}

/// A time of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    at: Millis,
    /// Whether the row named the zone; else Jakarta was taken.
    zoned: bool,
}

/// The time of a post, from the row and from its id. Ids are made when a post is, so no post is older than its id; a
/// later time is possible (drafts, planned posts). A time without a zone may be hours off, and gives way.
fn reconcile(told: Option<Told>, id: Option<Millis>) -> (Option<Millis>, bool) {
    match (told, id) {
        (None, id) => (id, false),
        (Some(told), None) => (Some(told.at), false),
        (Some(told), Some(id)) => {
            let later = told.at.0 - id.0;
            if later < -DAY {
                (Some(id), true)
            } else if !told.zoned && later.abs() < DAY {
                (Some(id), false)
            } else {
                (Some(told.at), false)
            }
        }
    }
}

/// Whether an id has the shape of the platform's own ids.
fn is_native(platform: Platform, id: &str) -> bool {
    let digits = |lengths: std::ops::RangeInclusive<usize>| lengths.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    let code = |lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    match platform {
        Platform::Tiktok => digits(15..=20),
        Platform::X => digits(8..=20),
        Platform::Facebook => {
            digits(10..=24)
                || (id.starts_with("pfbid") && code(20..=100))
                || id.split_once('_').is_some_and(|(page, _)| page.len() > 4)
        }
        Platform::Instagram | Platform::Threads => code(9..=40),
        Platform::Youtube => code(11..=11),
        Platform::Bluesky | Platform::Mastodon => id.len() > 8,
        Platform::Other => false,
    }
}

/// RFC 3339, `+0000` offsets, unix seconds or milliseconds, X's own form, a date with the name of an Indonesian zone, and
/// `dd/mm/yyyy[ hh:mm]` or `yyyy-mm-dd[ hh:mm[:ss]]` (Jakarta time).
fn parse_date(text: &str) -> Option<Told> {
    let zoned = |at| Some(Told { at, zoned: true });
    if let Ok(number) = text.parse::<i64>() {
        return (number > 0)
            .then(|| if number > 100_000_000_000 { Millis(number) } else { Millis::from_secs(number) })
            .and_then(zoned);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return zoned(Millis::from_timestamp(at));
    }
    let offsets = ["%Y-%m-%dT%H:%M:%S%z", "%a %b %d %H:%M:%S %z %Y"];
    if let Some(at) = offsets.iter().find_map(|format| jiff::Timestamp::strptime(format, text).ok()) {
        return zoned(Millis::from_timestamp(at));
    }
    let (local, hours) = match text.rsplit_once(' ') {
        Some((local, "WIB")) => (local, Some(7)),
        Some((local, "WITA")) => (local, Some(8)),
        Some((local, "WIT")) => (local, Some(9)),
        Some((local, "UTC" | "GMT")) => (local, Some(0)),
        _ => (text, None),
    };
    let zone = hours.map_or_else(crate::domain::clock::jakarta, |hours| jiff::tz::Offset::constant(hours).to_time_zone());
    let with_time = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let found = with_time.iter().find_map(|format| jiff::civil::DateTime::strptime(format, local).ok());
    let day = || ["%d/%m/%Y", "%Y-%m-%d"].iter().find_map(|format| jiff::civil::Date::strptime(format, local).ok());
    let found = found.or_else(|| day().map(|date| date.at(0, 0, 0, 0)))?;
    let at = found.to_zoned(zone).ok()?;
    Some(Told { at: Millis::from_timestamp(at.timestamp()), zoned: hours.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        Millis::from_timestamp(text.parse().unwrap())
    }

    #[test]
    fn dates_are_read_as_people_and_tools_write_them() {
        let cases = [
            ("1725821215", "2024-09-08T18:46:55Z", true),
            ("1725821215000", "2024-09-08T18:46:55Z", true),
            ("2026-11-20T08:00:00+07:00", "2026-11-20T01:00:00Z", true),
            ("2026-11-20T01:00:00+0000", "2026-11-20T01:00:00Z", true),
            ("Fri Nov 20 03:15:07 +0000 2026", "2026-11-20T03:15:07Z", true),
            ("2023-03-14 10:22:31 WITA", "2023-03-14T02:22:31Z", true),
            ("20/11/2026 08:00", "2026-11-20T01:00:00Z", false),
            ("2026-11-20T08:00:00.000000", "2026-11-20T01:00:00Z", false),
            ("2026-11-20", "2026-11-19T17:00:00Z", false),
        ];
        for (text, expected, zoned) in cases {
            assert_eq!(parse_date(text), Some(Told { at: at(expected), zoned }), "{text}");
        }
        for text in ["kemarin", "0", "2026-13-01", "31/02/2026"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn no_post_is_older_than_its_id() {
        let id = at("2024-09-08T18:46:55Z");
        let told = |text: &str, zoned| Some(Told { at: at(text), zoned });
        assert_eq!(reconcile(None, Some(id)), (Some(id), false));
        assert_eq!(reconcile(told("2024-01-01T00:00:00Z", true), Some(id)), (Some(id), true), "impossible");
        let later = told("2024-09-20T00:00:00Z", true);
        assert_eq!(reconcile(later, Some(id)), (later.map(|told| told.at), false), "a planned post");
        assert_eq!(reconcile(told("2024-09-08T11:46:40Z", false), Some(id)), (Some(id), false), "a collector's local time");
        assert_eq!(reconcile(None, None), (None, false));
    }

    #[test]
    fn ids_that_a_spreadsheet_spoilt_are_refused() {
        for id in ["7.41E+18", "7,41235E+18", "7412345678901230000"] {
            assert!(lost_digits(id), "{id}");
        }
        for id in ["7412345678901234567", "1000", "AbCdE+GhI_1", ""] {
            assert!(!lost_digits(id), "{id}");
        }
    }
}
