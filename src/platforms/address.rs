//! Addresses of posts in one form: `(platform, native id, canonical address)`. Nothing is fetched.

use url::Url;

use crate::domain::post::Observation;
use crate::domain::{Millis, Platform};

/// An address understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Platform.
    pub platform: Platform,
    /// The platform's own id: the same for every spelling of the address.
    pub native_id: String,
    /// Public handle, if the address holds one.
    pub author: String,
    /// Canonical address.
    pub url: String,
}

impl Address {
    /// What the address alone says of the post. Not the handle in it: platforms find a post by its id, whoever is named.
    pub fn without_text(self) -> Observation {
        let url = match self.platform {
            Platform::Tiktok => format!("https://www.tiktok.com/@/video/{}", self.native_id),
            _ => self.url,
        };
        Observation {
            posted_at: created_at(self.platform, &self.native_id),
            platform: self.platform,
            native_id: self.native_id,
            url,
            author: String::new(),
            text: String::new(),
            views: None,
        }
    }
}

/// Why an address names no post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPost {
    /// Not an address at all.
    #[error("not a web address")]
    Malformed,
    /// A short link: only the platform knows where it leads.
    #[error("a short link; open it in a browser and paste the address it leads to")]
    Short,
    /// An account, a hashtag or another page.
    #[error("an address of {0}, but not of a single post")]
    NoPost(&'static str),
    /// Another site.
    #[error("not one of the platforms that requests can go to")]
    Unsupported,
}

/// Reads an address as people paste it: without scheme, in brackets, with tracking parameters.
pub fn parse(raw: &str) -> Result<Address, NotAPost> {
    parse_depth(raw, 3)
}

fn parse_depth(raw: &str, depth: u8) -> Result<Address, NotAPost> {
    let cleaned: String = raw.trim().chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}')).collect();
    let cleaned = cleaned
        .trim_start_matches(['<', '"', '\'', '(', '['])
        .trim_end_matches(['>', '"', '\'', ')', ']', '.', ',', ';'])
        .replace("&amp;", "&");
    let with_scheme = if cleaned.contains("://") { cleaned } else { format!("https://{cleaned}") };
    let url = Url::parse(&with_scheme).map_err(|_| NotAPost::Malformed)?;
    let host = url.host_str().filter(|host| host.contains('.')).ok_or(NotAPost::Malformed)?.trim_start_matches("www.").to_owned();
    let path: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let param = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    match host.as_str() {
        "l.facebook.com" | "lm.facebook.com" | "l.instagram.com" if depth > 0 => {
            parse_depth(&param("u").ok_or(NotAPost::NoPost("Facebook"))?, depth - 1)
        }
        "facebook.com" if depth > 0 && matches!(path.as_slice(), ["plugins", _]) => {
            parse_depth(&param("href").ok_or(NotAPost::NoPost("Facebook"))?, depth - 1)
        }
        "facebook.com" if depth > 0 && path == ["flx", "warn"] => {
            parse_depth(&param("u").ok_or(NotAPost::NoPost("Facebook"))?, depth - 1)
        }
        "youtube.com" if depth > 0 && path == ["redirect"] => {
            parse_depth(&param("q").ok_or(NotAPost::NoPost("YouTube"))?, depth - 1)
        }
        "vm.tiktok.com" | "vt.tiktok.com" | "fb.watch" | "t.co" => Err(NotAPost::Short),
        "tiktok.com" | "m.tiktok.com" | "tiktokv.com" | "tiktokv.us" => tiktok(&path),
        "instagram.com" => instagram(&path),
        "youtu.be" => youtube(path.first().copied()),
        "youtube.com" | "m.youtube.com" | "music.youtube.com" | "youtube-nocookie.com" | "youtubekids.com" => {
            match path.as_slice() {
                ["watch"] => youtube(param("v").as_deref()),
                ["shorts" | "live" | "embed" | "v" | "e", id, ..] => youtube(Some(id)),
                _ => Err(NotAPost::NoPost("YouTube")),
            }
        }
        "threads.net" | "threads.com" => threads(&path),
        "x.com" | "twitter.com" | "m.twitter.com" | "mobile.twitter.com" | "mobile.x.com" | "fxtwitter.com" | "vxtwitter.com"
        | "fixupx.com" | "fixvx.com" => x(&path),
        "bsky.app" => bluesky(&path),
        _ if host == "facebook.com" || host.ends_with(".facebook.com") => facebook(&path, param),
        _ => mastodon(&host, &path),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the last word of functions that can fail")]
fn address(platform: Platform, native_id: &str, author: &str, url: String) -> Result<Address, NotAPost> {
    Ok(Address { platform, native_id: native_id.to_owned(), author: author.trim_start_matches('@').to_lowercase(), url })
}

fn digits(id: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

fn code(id: &str) -> bool {
    (5..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn tiktok(path: &[&str]) -> Result<Address, NotAPost> {
    let post = |author: &str, kind: &str, id: &str| {
        let author = author.to_lowercase();
        let name = author.trim_start_matches('@');
        address(Platform::Tiktok, id, &author, format!("https://www.tiktok.com/@{name}/{kind}/{id}"))
    };
    match path {
        ["t", _, ..] => Err(NotAPost::Short),
        [author, kind @ ("video" | "photo"), id, ..] if author.starts_with('@') && digits(id, 15..=20) => post(author, kind, id),
        ["v", id, ..] if digits(id.trim_end_matches(".html"), 15..=20) => post("", "video", id.trim_end_matches(".html")),
        ["share", "video", id, ..] | ["embed", "v2", id, ..] | ["embed", id, ..] if digits(id, 15..=20) => post("", "video", id),
        _ => Err(NotAPost::NoPost("TikTok")),
    }
}

fn instagram(path: &[&str]) -> Result<Address, NotAPost> {
    let (author, rest) = match path {
        [author, rest @ ..] if *author != "share" && matches!(rest, ["p" | "reel" | "reels" | "tv", ..]) => (*author, rest),
        other => ("", other),
    };
    match rest {
        ["share", ..] => Err(NotAPost::Short),
        ["reels", "audio", ..] => Err(NotAPost::NoPost("Instagram")),
        // Codes of private posts carry 28 more characters.
        [kind @ ("p" | "tv" | "reel" | "reels"), id, ..] if code(id) => {
            let id = if id.len() > 28 { id.get(..id.len() - 28).unwrap_or(id) } else { id };
            let kind = if matches!(*kind, "p" | "tv") { "p" } else { "reel" };
            address(Platform::Instagram, id, author, format!("https://www.instagram.com/{kind}/{id}/"))
        }
        _ => Err(NotAPost::NoPost("Instagram")),
    }
}

fn youtube(id: Option<&str>) -> Result<Address, NotAPost> {
    match id {
        Some(id) if id.len() == 11 && code(id) => {
            address(Platform::Youtube, id, "", format!("https://www.youtube.com/watch?v={id}"))
        }
        _ => Err(NotAPost::NoPost("YouTube")),
    }
}

fn threads(path: &[&str]) -> Result<Address, NotAPost> {
    match path {
        [author, "post", id, ..] if author.starts_with('@') && code(id) => {
            let author = author.to_lowercase();
            address(Platform::Threads, id, &author, format!("https://www.threads.com/{author}/post/{id}"))
        }
        ["t", id, ..] if code(id) => address(Platform::Threads, id, "", format!("https://www.threads.com/t/{id}")),
        _ => Err(NotAPost::NoPost("Threads")),
    }
}

fn x(path: &[&str]) -> Result<Address, NotAPost> {
    match path {
        ["i", "web", "status", id, ..] | ["i", "status", id, ..] if digits(id, 5..=20) => {
            address(Platform::X, id, "", format!("https://x.com/i/web/status/{id}"))
        }
        [author, "status" | "statuses", id, ..] if digits(id, 5..=20) => {
            address(Platform::X, id, author, format!("https://x.com/i/web/status/{id}"))
        }
        _ => Err(NotAPost::NoPost("X")),
    }
}

fn facebook(path: &[&str], param: impl Fn(&str) -> Option<String>) -> Result<Address, NotAPost> {
    let is_id = |id: &str| digits(id, 5..=24) || (id.starts_with("pfbid") && code(id));
    let post = |id: &str, author: &str, url: String| address(Platform::Facebook, id, author, url);
    match path {
        ["share", ..] => Err(NotAPost::Short),
        ["story.php" | "permalink.php"] => match (param("story_fbid"), param("id")) {
            (Some(id), Some(owner)) if is_id(&id) => post(&id, "", format!("https://www.facebook.com/{owner}/posts/{id}")),
            _ => Err(NotAPost::NoPost("Facebook")),
        },
        ["reel", id, ..] if is_id(id) => post(id, "", format!("https://www.facebook.com/reel/{id}")),
        ["watch"] | ["watch", "live"] => match param("v") {
            Some(id) if is_id(&id) => post(&id, "", format!("https://www.facebook.com/watch/?v={id}")),
            _ => Err(NotAPost::NoPost("Facebook")),
        },
        ["photo" | "photo.php"] => match param("fbid") {
            Some(id) if is_id(&id) => post(&id, "", format!("https://www.facebook.com/photo/?fbid={id}")),
            _ => Err(NotAPost::NoPost("Facebook")),
        },
        ["marketplace", "item", id, ..] if is_id(id) => post(id, "", format!("https://www.facebook.com/marketplace/item/{id}/")),
        ["groups", group, "permalink" | "posts", .., id] if is_id(id) => {
            post(id, "", format!("https://www.facebook.com/groups/{group}/posts/{id}/"))
        }
        [_, "videos", .., id] if is_id(id) => post(id, "", format!("https://www.facebook.com/watch/?v={id}")),
        [_, "photos", _, id, ..] if is_id(id) => post(id, "", format!("https://www.facebook.com/photo/?fbid={id}")),
        [page, "posts", .., id] if is_id(id) => post(id, page, format!("https://www.facebook.com/{page}/posts/{id}")),
        _ => Err(NotAPost::NoPost("Facebook")),
    }
}

/// The author is a lasting `did:…` or a handle, which can change hands: only the platform knows which `did` it means.
/// A post found under both is two posts here.
fn bluesky(path: &[&str]) -> Result<Address, NotAPost> {
    match path {
        ["profile", author, "post", key, ..]
            if timed_key(key).is_some() && (author.starts_with("did:") || author.contains('.')) =>
        {
            let author = author.to_lowercase();
            let url = format!("https://bsky.app/profile/{author}/post/{key}");
            address(Platform::Bluesky, &format!("{author}/{key}"), &author, url)
        }
        _ => Err(NotAPost::NoPost("Bluesky")),
    }
}

/// Mastodon runs on any host. Ids are the host's own: the copy of a post on another host has another id, and only the
/// address at home (without a second `@`) says which post it is.
fn mastodon(host: &str, path: &[&str]) -> Result<Address, NotAPost> {
    let found = match path {
        [author, id] => author.strip_prefix('@').map(|author| (author, *id)),
        ["users", author, "statuses", id] => Some((*author, *id)),
        _ => None,
    };
    match found {
        Some((author, _)) if author.contains('@') => Err(NotAPost::NoPost("Mastodon (open it on the author's own server)")),
        Some((author, id)) if code(author) && digits(id, 15..=20) => {
            let native_id = format!("https://{host}/users/{author}/statuses/{id}");
            address(Platform::Mastodon, &native_id, author, format!("https://{host}/@{author}/{id}"))
        }
        _ => Err(NotAPost::Unsupported),
    }
}

/// Microseconds in the key of a Bluesky post: 13 digits of base 32. <https://atproto.com/specs/tid>
fn timed_key(key: &str) -> Option<u64> {
    const DIGITS: &[u8] = b"234567abcdefghijklmnopqrstuvwxyz";
    let value = number(key, DIGITS).filter(|_| key.len() == 13)?;
    u64::try_from((value >> 10) & ((1 << 53) - 1)).ok()
}

fn number(text: &str, digits: &[u8]) -> Option<u128> {
    let base = digits.len() as u128;
    text.bytes().try_fold(0_u128, |sum, byte| {
        let digit = digits.iter().position(|digit| *digit == byte)?;
        sum.checked_mul(base)?.checked_add(digit as u128)
    })
}

/// When an id was made, for platforms that put the time into it; none where it makes no sense. TikTok: seconds in the
/// upper half. Instagram and Threads: milliseconds since their epoch above 23 bits. X: the same above 22. Bluesky:
/// microseconds in the key of the post.
pub fn created_at(platform: Platform, native_id: &str) -> Option<Millis> {
    const CODE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let decimal = || native_id.parse::<u64>().ok();
    let millis = match platform {
        Platform::Tiktok => i64::try_from(decimal()? >> 32).ok()?.checked_mul(1000),
        // Before November 2010 the ids of X were numbered through.
        Platform::X => i64::try_from(decimal().filter(|id| *id > 30_000_000_000)? >> 22).ok()?.checked_add(1_288_834_974_657),
        Platform::Instagram | Platform::Threads => {
            i64::try_from(number(native_id, CODE).filter(|_| native_id.len() == 11)? >> 23).ok()?.checked_add(1_314_220_021_721)
        }
        Platform::Bluesky => i64::try_from(timed_key(native_id.rsplit('/').next()?)? / 1000).ok(),
        Platform::Facebook | Platform::Youtube | Platform::Mastodon | Platform::Other => None,
    }?;
    // An id of another kind gives a time before the platforms, or far ahead.
    (1_262_304_000_000..4_102_444_800_000).contains(&millis).then_some(Millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Address as found, id, canonical address.
    const SPELLINGS: &[(&str, &str, &str)] = &[
        (
            "https://www.tiktok.com/@toko.contoh/video/7412345678901234567?is_from_webapp=1",
            "7412345678901234567",
            "https://www.tiktok.com/@toko.contoh/video/7412345678901234567",
        ),
        (
            "<tiktok.com/@Toko.Contoh/video/7412345678901234567>,",
            "7412345678901234567",
            "https://www.tiktok.com/@toko.contoh/video/7412345678901234567",
        ),
        (
            "https://m.tiktok.com/v/7412345678901234567.html",
            "7412345678901234567",
            "https://www.tiktok.com/@/video/7412345678901234567",
        ),
        (
            "https://www.instagram.com/p/C9aBcDeFgHi/?igsh=abc==&img_index=2",
            "C9aBcDeFgHi",
            "https://www.instagram.com/p/C9aBcDeFgHi/",
        ),
        ("https://www.instagram.com/toko.bal/reel/C9aBcDeFgHi/", "C9aBcDeFgHi", "https://www.instagram.com/reel/C9aBcDeFgHi/"),
        (
            "https://m.facebook.com/story.php?story_fbid=1234567890123456&id=100012345678901",
            "1234567890123456",
            "https://www.facebook.com/100012345678901/posts/1234567890123456",
        ),
        (
            "https://www.facebook.com/tokobal/posts/bal-impor-murah/1234567890123456",
            "1234567890123456",
            "https://www.facebook.com/tokobal/posts/1234567890123456",
        ),
        (
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fyoutu.be%2FAbCdEfGhI_1%3Fsi%3Dx&h=AT0",
            "AbCdEfGhI_1",
            "https://www.youtube.com/watch?v=AbCdEfGhI_1",
        ),
        (
            "https://www.youtube.com/shorts/AbCdEfGhI_1?feature=share",
            "AbCdEfGhI_1",
            "https://www.youtube.com/watch?v=AbCdEfGhI_1",
        ),
        (
            "https://www.threads.net/@toko.bal/post/C9aBcDeFgHi?xmt=abc",
            "C9aBcDeFgHi",
            "https://www.threads.com/@toko.bal/post/C9aBcDeFgHi",
        ),
        (
            "https://twitter.com/TokoBal/status/1860000000000000000/photo/1",
            "1860000000000000000",
            "https://x.com/i/web/status/1860000000000000000",
        ),
        (
            "https://www.tiktok.com/embed/v2/7412345678901234567",
            "7412345678901234567",
            "https://www.tiktok.com/@/video/7412345678901234567",
        ),
        ("https://www.instagram.com/reels/C9aBcDeFgHi/", "C9aBcDeFgHi", "https://www.instagram.com/reel/C9aBcDeFgHi/"),
        ("https://www.instagram.com/tv/C9aBcDeFgHi/", "C9aBcDeFgHi", "https://www.instagram.com/p/C9aBcDeFgHi/"),
        (
            "https://www.facebook.com/permalink.php?story_fbid=pfbid0AbC&id=100012345678901",
            "pfbid0AbC",
            "https://www.facebook.com/100012345678901/posts/pfbid0AbC",
        ),
        (
            "https://www.facebook.com/watch/live/?v=1234567890123456",
            "1234567890123456",
            "https://www.facebook.com/watch/?v=1234567890123456",
        ),
        (
            "https://www.facebook.com/tokobal/videos/bal-impor/1234567890123456/",
            "1234567890123456",
            "https://www.facebook.com/watch/?v=1234567890123456",
        ),
        (
            "https://www.facebook.com/groups/1122334455667788/permalink/9988776655443322/",
            "9988776655443322",
            "https://www.facebook.com/groups/1122334455667788/posts/9988776655443322/",
        ),
        (
            "https://www.facebook.com/photo/?fbid=1234567890123456&set=a.98765",
            "1234567890123456",
            "https://www.facebook.com/photo/?fbid=1234567890123456",
        ),
        (
            "https://id-id.facebook.com/tokobal/photos/a.1/1234567890123456",
            "1234567890123456",
            "https://www.facebook.com/photo/?fbid=1234567890123456",
        ),
        (
            "https://www.facebook.com/plugins/post.php?href=https%3A%2F%2Fwww.facebook.com%2Ftoko%2Fposts%2F1234567890123456",
            "1234567890123456",
            "https://www.facebook.com/toko/posts/1234567890123456",
        ),
        (
            "https://www.youtube.com/redirect?q=https%3A%2F%2Fx.com%2Ftoko%2Fstatus%2F1860000000000000000",
            "1860000000000000000",
            "https://x.com/i/web/status/1860000000000000000",
        ),
        (
            "https://www.youtube.com/watch?app=desktop&v=AbCdEfGhI_1&list=PLx&t=3s",
            "AbCdEfGhI_1",
            "https://www.youtube.com/watch?v=AbCdEfGhI_1",
        ),
        ("https://m.youtube.com/live/AbCdEfGhI_1", "AbCdEfGhI_1", "https://www.youtube.com/watch?v=AbCdEfGhI_1"),
        ("https://www.threads.com/t/C9aBcDeFgHi", "C9aBcDeFgHi", "https://www.threads.com/t/C9aBcDeFgHi"),
        (
            "https://vxtwitter.com/TokoBal/status/1860000000000000000",
            "1860000000000000000",
            "https://x.com/i/web/status/1860000000000000000",
        ),
        (
            "https://bsky.app/profile/tokobal.bsky.social/post/3mptbyoeyc22k",
            "tokobal.bsky.social/3mptbyoeyc22k",
            "https://bsky.app/profile/tokobal.bsky.social/post/3mptbyoeyc22k",
        ),
        (
            "https://mastodon.example/@tokobal/113456789012345678",
            "https://mastodon.example/users/tokobal/statuses/113456789012345678",
            "https://mastodon.example/@tokobal/113456789012345678",
        ),
    ];

    #[test]
    fn every_spelling_of_an_address_is_one_post() {
        for &(raw, id, canonical) in SPELLINGS {
            let found = parse(raw).unwrap_or_else(|e| panic!("{raw}: {e}"));
            assert_eq!((found.native_id.as_str(), found.url.as_str()), (id, canonical), "{raw}");
            assert_eq!(parse(&found.url).unwrap().native_id, id, "canonical form is stable");
        }
    }

    #[test]
    fn what_is_no_post_says_why() {
        let cases = [
            ("https://vm.tiktok.com/ZMabc12De/", NotAPost::Short),
            ("https://www.tiktok.com/t/ZTabc12De/", NotAPost::Short),
            ("https://www.instagram.com/share/reel/BAJk3xYz12", NotAPost::Short),
            ("https://www.tiktok.com/@toko?lang=id", NotAPost::NoPost("TikTok")),
            ("https://www.tiktok.com/tag/balimpor", NotAPost::NoPost("TikTok")),
            ("https://www.tiktok.com/@toko/live", NotAPost::NoPost("TikTok")),
            ("https://www.instagram.com/reels/audio/217239608990598/", NotAPost::NoPost("Instagram")),
            ("https://www.instagram.com/stories/toko.bal/3412345678901234567/", NotAPost::NoPost("Instagram")),
            ("https://www.facebook.com/share/p/1AbCdEfGhI/", NotAPost::Short),
            ("https://fb.watch/aBcDeFgHiJ/", NotAPost::Short),
            ("https://t.co/AbC123xyz", NotAPost::Short),
            ("https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv", NotAPost::NoPost("YouTube")),
            ("https://www.youtube.com/@TokoBal", NotAPost::NoPost("YouTube")),
            ("https://www.youtube.com/post/UgkxAbCdEf", NotAPost::NoPost("YouTube")),
            ("https://bsky.app/profile/tokobal.bsky.social", NotAPost::NoPost("Bluesky")),
            (
                "https://mastodon.example/@tokobal@lain.example/113456789012345678",
                NotAPost::NoPost("Mastodon (open it on the author's own server)"),
            ),
            ("https://linktr.ee/tokobal", NotAPost::Unsupported),
            ("https://shopee.co.id/product/123/456", NotAPost::Unsupported),
            ("bukan alamat", NotAPost::Malformed),
            ("", NotAPost::Malformed),
        ];
        for (raw, why) in cases {
            assert_eq!(parse(raw), Err(why), "{raw}");
        }
    }

    #[test]
    fn ids_know_when_they_were_made() {
        let cases = [
            (Platform::Tiktok, "7412345678901234567", "2024-09-08T18:46:55Z"),
            (Platform::Instagram, "C9aBcDeFgHi", "2024-07-14T14:33:20Z"),
            (Platform::Threads, "C9aBcDeFgHi", "2024-07-14T14:33:20Z"),
            (Platform::X, "1860000000000000000", "2024-11-22T16:38:51Z"),
            (Platform::Bluesky, "did:plc:abc/3mptbyoeyc22k", "2026-07-04T14:38:06Z"),
        ];
        for (platform, id, expected) in cases {
            let found = created_at(platform, id).unwrap();
            assert_eq!(found.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), expected, "{platform} {id}");
        }
        for (platform, id) in [
            (Platform::Tiktok, "12"),
            (Platform::Instagram, "kode"),
            (Platform::X, "20"),
            (Platform::Facebook, "1234567890123456"),
            (Platform::Youtube, "AbCdEfGhI_1"),
        ] {
            assert_eq!(created_at(platform, id), None, "{platform} {id}");
        }
    }
}
