//! The platforms a post can come from.

text_enum! {
    /// A social-media platform. `Other` is what an import brings from elsewhere; nothing can be requested there.
    #[expect(missing_docs, reason = "the names are the documentation")]
    Platform {
        Tiktok = "tiktok",
        Instagram = "instagram",
        Facebook = "facebook",
        Threads = "threads",
        Youtube = "youtube",
        X = "x",
        Bluesky = "bluesky",
        Mastodon = "mastodon",
        Other = "other",
    }
}

impl Platform {
    /// The name as the platform writes it, for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tiktok => "TikTok",
            Self::Instagram => "Instagram",
            Self::Facebook => "Facebook",
            Self::Threads => "Threads",
            Self::Youtube => "YouTube",
            Self::X => "X",
            Self::Bluesky => "Bluesky",
            Self::Mastodon => "Mastodon",
            Self::Other => "Lainnya",
        }
    }

    /// Where a person signs in to write to a seller; none where that is not known.
    pub const fn home(self) -> Option<&'static str> {
        match self {
            Self::Tiktok => Some("https://www.tiktok.com"),
            Self::Instagram => Some("https://www.instagram.com"),
            Self::Facebook => Some("https://www.facebook.com"),
            Self::Threads => Some("https://www.threads.com"),
            Self::Youtube => Some("https://www.youtube.com"),
            Self::X => Some("https://x.com"),
            Self::Bluesky => Some("https://bsky.app"),
            Self::Mastodon => Some("https://joinmastodon.org"),
            Self::Other => None,
        }
    }
}
