//! The made-up posts.

use serde::Deserialize;

use crate::domain::{Millis, Platform, sha256_hex};

const POSTS: &str = include_str!("../../../fixtures/posts.jsonl");

/// A made-up post on a fake platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakePost {
    /// Where it stands.
    pub platform: Platform,
    /// TikTok: video id. Threads: short code.
    pub native_id: String,
    /// Handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was posted.
    pub posted_at: Millis,
    /// Country of the account.
    pub region: String,
    /// View counter.
    pub views: i64,
    /// What the writer of the post meant it to be: `promo`, `lawful` or `unrelated`.
    pub label: String,
}

#[derive(Deserialize)]
struct Line {
    n: i64,
    platform: Platform,
    label: String,
    author: String,
    age_hours: i64,
    region: String,
    views: i64,
    text: String,
}

/// The made-up posts, as if seen at `anchor`. The same anchor gives the same ids.
pub fn made_up_posts(anchor: Millis) -> Vec<FakePost> {
    let lines = POSTS.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.map(|line| place(line, anchor)).collect()
}

/// The same texts once more on the other fake platforms, a third of them on each; and some under
/// hashtags on Instagram, in the last day and a half.
fn made_up_elsewhere(anchor: Millis) -> Vec<FakePost> {
    let lines = POSTS.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let elsewhere = |mut line: Line| {
        let platforms = [Platform::Youtube, Platform::Bluesky, Platform::Mastodon];
        let chosen = usize::try_from(line.n).unwrap_or(0) % platforms.len();
        line.platform = platforms.get(chosen).copied().unwrap_or(Platform::Youtube);
        place(line, anchor)
    };
    let tagged = POSTS.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()).filter_map(|line| {
        let tag = match (line.n % 5, line.label.as_str()) {
            (0, "promo") => "#thrifting #balimpor",
            (1 | 2, "promo") => "#balimpor",
            (0..=2, "lawful") => "#preloved",
            (0..=2, _) => "#hiddengem",
            _ => return None,
        };
        let (text, age_hours) = (format!("{} {tag}", line.text), line.age_hours % 36);
        Some(place(Line { platform: Platform::Instagram, text, age_hours, ..line }, anchor))
    });
    lines.map(elsewhere).chain(tagged).collect()
}

/// Every made-up post on every fake platform.
pub fn made_up_everywhere(anchor: Millis) -> Vec<FakePost> {
    [made_up_posts(anchor), made_up_elsewhere(anchor), made_up_on_x_and_pages(anchor), greetings(anchor)].concat()
}

/// What people write on Threads at any hour.
fn greetings(anchor: Millis) -> Vec<FakePost> {
    let greeting = |n: i64| Line {
        n: 100_000 + n,
        platform: Platform::Threads,
        label: "unrelated".into(),
        author: format!("warga{n}"),
        age_hours: n * 5,
        region: "ID".into(),
        views: 10,
        text: "Selamat beraktivitas semuanya, jangan lupa sarapan".into(),
    };
    (0..40).map(|n| place(greeting(n), anchor)).collect()
}

/// Names of the Facebook Pages on the fake platforms.
pub const PAGES: [&str; 3] = ["grosir bal contoh", "warung kopi contoh", "preloved contoh"];

/// The same texts once more on X, and on three Facebook Pages: one sells bales, one is a café, one sells its own clothes.
fn made_up_on_x_and_pages(anchor: Millis) -> Vec<FakePost> {
    let lines = || POSTS.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let on_x = lines().filter(|line| line.n % 2 == 0).map(|line| place(Line { platform: Platform::X, ..line }, anchor));
    let on_pages = lines().filter(|line| line.n % 3 == 0).map(|line| {
        let page = match line.label.as_str() {
            "promo" => 0,
            "lawful" => 2,
            _ => 1,
        };
        let author = PAGES.get(page).copied().unwrap_or_default().to_owned();
        place(Line { platform: Platform::Facebook, author, ..line }, anchor)
    });
    on_x.chain(on_pages).collect()
}

fn place(line: Line, anchor: Millis) -> FakePost {
    let posted = anchor.secs() - line.age_hours * 3600 - (line.n * 37) % 3600;
    let noise = sha256_hex(format!("post {}", line.n).as_bytes());
    let native_id = match line.platform {
        // As on the real platform, the upper half of the id is a time shortly before the post's.
        Platform::Tiktok => {
            let low = i64::from_str_radix(noise.get(..8).unwrap_or("0"), 16).unwrap_or(0);
            (((posted - 30) << 32) | low).to_string()
        }
        Platform::Youtube => noise.get(..11).unwrap_or_default().to_owned(),
        Platform::Bluesky => format!("did:plc:rekaan{}/3m{}", line.n % 20, noise.get(..11).unwrap_or_default()),
        Platform::Mastodon => {
            format!("https://mastodon.contoh/users/{}/statuses/{}", line.author, noise.get(..12).unwrap_or_default())
        }
        Platform::X => {
            let low = i64::from_str_radix(noise.get(..5).unwrap_or("0"), 16).unwrap_or(0);
            (((posted * 1000 - 1_288_834_974_657) << 22) | low).to_string()
        }
        Platform::Facebook => {
            let low = u64::from_str_radix(noise.get(..9).unwrap_or("0"), 16).unwrap_or(0);
            format!("122{low:012}")
        }
        _ => format!("D{}", noise.get(..10).unwrap_or_default()),
    };
    FakePost {
        platform: line.platform,
        native_id,
        author: line.author,
        text: line.text,
        posted_at: Millis::from_secs(posted),
        region: line.region,
        views: line.views,
        label: line.label,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_fixture_is_a_post_with_its_own_id() {
        let posts = made_up_posts(Millis::from_secs(1_795_000_000));
        assert_eq!(posts.len(), POSTS.lines().count());
        assert!(posts.len() >= 300);
        let ids: BTreeSet<&str> = posts.iter().map(|p| p.native_id.as_str()).collect();
        assert_eq!(ids.len(), posts.len());
        for label in ["promo", "lawful", "unrelated"] {
            for platform in [Platform::Tiktok, Platform::Threads] {
                let n = posts.iter().filter(|p| p.label == label && p.platform == platform).count();
                assert!(n >= 30, "{n} {label} on {platform}");
            }
        }
    }
}
