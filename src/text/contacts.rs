//! Contacts that sellers print in a text: mobile numbers, mail addresses, pages elsewhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::account::ContactKind;

/// Pages whose first part of the path names a shop, a list of links, a channel or a group.
const PAGES: &str = r"(?xi)\b(?:www\.|m\.)?
    (linktr\.ee|lynk\.id|beacons\.ai|bio\.link|linkbio\.co|t\.me|chat\.whatsapp\.com|line\.me/ti/p|shopee\.co\.id|tokopedia\.com|bukalapak\.com
    |instagram\.com|facebook\.com|tiktok\.com/@?|youtube\.com/@?)
    /?([A-Za-z0-9@._~-]{3,64})";
/// A page of Facebook without a name, by its number.
const PROFILE: &str = r"(?i)\bfacebook\.com/profile\.php\?(?:[^\s#]*&)?id=([0-9]{5,20})";
/// `wa.me/62812…`, `api.whatsapp.com/send?phone=62812…`.
const MESSENGER: &str = r"(?i)(?:wa\.me/|whatsapp\.com/send/?\?phone=)\+?([0-9]{8,15})";
/// An Indonesian mobile number in one piece, or in groups of three to five digits. What follows (a price, a count) is no
/// part of it.
const MOBILE: &str = r"\b(?:62|0)8[0-9]{7,11}\b|\b(?:62|0)[ .()-]{0,2}8[0-9]{1,3}[)]?(?:[ .-]{1,2}[0-9]{3,5}\b){2,3}";
/// Digits of a number that begins with 62, at most.
const LONGEST: usize = 14;
const EMAIL: &str = r"(?i)\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b";

struct Patterns {
    pages: Regex,
    profile: Regex,
    messenger: Regex,
    mobile: Regex,
    email: Regex,
}

static PATTERNS: LazyLock<Option<Patterns>> = LazyLock::new(|| {
    let compiled = |pattern: &str| Regex::new(pattern).ok();
    Some(Patterns {
        pages: compiled(PAGES)?,
        profile: compiled(PROFILE)?,
        messenger: compiled(MESSENGER)?,
        mobile: compiled(MOBILE)?,
        email: compiled(EMAIL)?,
    })
});

/// Words of paths that name no page of anybody.
const GENERIC: [&str; 32] = [
    "p",
    "reel",
    "reels",
    "stories",
    "explore",
    "share",
    "watch",
    "video",
    "joinchat",
    "search",
    "product",
    "groups",
    "events",
    "tv",
    "profile.php",
    "marketplace",
    "people",
    "pages",
    "story.php",
    "permalink.php",
    "photo",
    "photo.php",
    "hashtag",
    "tag",
    "tags",
    "shorts",
    "channel",
    "live",
    "user",
    "playlist",
    "universal-link",
    "addstickers",
];

/// The digits of a number, from 62 on.
fn international(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix('0').map_or_else(|| digits.clone(), |rest| format!("62{rest}"))
}

/// Numbers as they are printed. A group too many belongs to what follows, which is read again: it may be another number.
fn printed_numbers(mobile: &Regex, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = mobile.find_at(text, at) {
        let mut written = found.as_str();
        while international(written).len() > LONGEST {
            let Some((shorter, _)) = written.rsplit_once([' ', '.', '-']) else { break };
            written = shorter;
        }
        out.push(international(written));
        at = found.start() + written.len().max(1);
    }
    out
}

/// Every contact of a text in one spelling: numbers as `628…`, addresses and pages in lower case.
pub fn contacts(text: &str) -> BTreeSet<(ContactKind, String)> {
    let mut out = BTreeSet::new();
    let Some(patterns) = PATTERNS.as_ref() else { return out };
    let linked =
        patterns.messenger.captures_iter(text).filter_map(|found| found.get(1)).map(|number| international(number.as_str()));
    let printed = printed_numbers(&patterns.mobile, text);
    let mobile = |number: &String| number.starts_with("628") && (11..=LONGEST).contains(&number.len());
    out.extend(linked.chain(printed).filter(mobile).map(|number| (ContactKind::Phone, number)));
    for found in patterns.email.find_iter(text) {
        out.insert((ContactKind::Email, found.as_str().to_lowercase()));
    }
    for found in patterns.profile.captures_iter(text).filter_map(|found| found.get(1)) {
        out.insert((ContactKind::Page, format!("facebook.com/{}", found.as_str())));
    }
    for found in patterns.pages.captures_iter(text) {
        let (Some(host), Some(name)) = (found.get(1), found.get(2)) else { continue };
        let host = host.as_str().trim_end_matches(['@', '/']).to_lowercase();
        let name = name.as_str().trim_start_matches('@').trim_end_matches(['.', '-', '_']).to_lowercase();
        if name.len() >= 3 && !GENERIC.contains(&name.as_str()) {
            out.insert((ContactKind::Page, format!("{host}/{name}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        contacts(text).into_iter().map(|(kind, contact)| format!("{kind} {contact}")).collect()
    }

    #[test]
    fn one_contact_has_one_spelling() {
        for text in [
            "WA 0812-0000-0105 ya",
            "wa.me/6281200000105",
            "https://api.whatsapp.com/send?phone=6281200000105&text=halo",
            "+62 812 0000 0105",
            "hubungi (0812) 0000 0105, bukan yang lain",
            "62-812-0000-0105",
            "WA 0812-0000-0105 1 bal 2jt",
            "081200000105\n35rb",
            "0812 0000 0105 350.000 saja",
        ] {
            assert_eq!(found(text), ["phone 6281200000105"], "{text}");
        }
        assert_eq!(found("0812-0000-0105 0812-0000-0106"), ["phone 6281200000105", "phone 6281200000106"]);
        assert_eq!(found("Toko@Contoh.ID dan linktr.ee/Toko.Contoh."), ["email toko@contoh.id", "page linktr.ee/toko.contoh"]);
        assert_eq!(
            found("shopee.co.id/tokocontoh https://www.instagram.com/toko_contoh/"),
            ["page instagram.com/toko_contoh", "page shopee.co.id/tokocontoh"]
        );
        for text in ["facebook.com/100012345678901", "https://m.facebook.com/profile.php?ref=x&id=100012345678901&sk=about"] {
            assert_eq!(found(text), ["page facebook.com/100012345678901"], "{text}");
        }
        assert_eq!(found("https://www.tiktok.com/@toko.contoh/video/1"), ["page tiktok.com/toko.contoh"]);
    }

    #[test]
    fn prices_sizes_dates_and_posts_are_no_contacts() {
        for text in [
            "35k 45.000 Rp1.250.000",
            "LD 108 PJ 72",
            "22-11-2026 08.15",
            "isi 100pcs 8 karung",
            "instagram.com/p/Cxyz",
            "facebook.com/profile.php?id=1",
            "youtube.com/shorts/abc",
            "9962812345678901",
            "",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
