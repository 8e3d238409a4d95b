//! What is kept of a public post. The list of fields is closed: nothing else of an API answer is stored
//! (UU 27/2022 Pasal 16: limited to the purpose).

use super::clock::Millis;
use super::ids::PostId;
use super::platform::Platform;

/// One post as a connector or an import saw it, before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Where it stands.
    pub platform: Platform,
    /// The platform's own id, kept as text: TikTok ids exceed 2^53.
    pub native_id: String,
    /// Canonical address.
    pub url: String,
    /// Public handle without `@`, or empty.
    pub author: String,
    /// Caption as received; NUL characters removed (PostgreSQL refuses them).
    pub text: String,
    /// When it was posted, if known.
    pub posted_at: Option<Millis>,
    /// Public view counter, if the platform gives one.
    pub views: Option<i64>,
}

/// A stored post.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow, serde::Serialize)]
pub struct Post {
    /// Row id.
    pub id: PostId,
    /// Where it stands.
    pub platform: Platform,
    /// The platform's own id.
    pub native_id: String,
    /// Canonical address.
    pub url: String,
    /// Public handle without `@`, or empty.
    pub author: String,
    /// Caption; empty when only an address is known.
    pub text: String,
    /// When it was posted, if known.
    pub posted_at: Option<Millis>,
    /// When we saw it first.
    pub first_seen_at: Millis,
    /// Public view counter when last seen.
    pub views: Option<i64>,
    /// Connector or import that brought it.
    pub source: String,
}

/// What is kept of a post that was deleted: SHA-256 of platform and id. Whoever has the id can tell that it was here.
pub fn id_sha256(platform: Platform, native_id: &str) -> String {
    super::sha256_hex(format!("{platform}\n{native_id}").as_bytes())
}

/// Text as it may be stored: without U+0000, which PostgreSQL refuses and TikTok does send.
pub fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}
