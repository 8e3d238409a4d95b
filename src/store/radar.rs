//! Texts that new words are looked for in.

use super::{Ex, Result};

/// A caption and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Written {
    /// Caption.
    pub text: String,
    /// Public handle.
    pub author: String,
}

/// Newest posts whose flag of `pack` was upheld.
pub async fn upheld(on: impl Into<Ex<'_>>, pack: &str, limit: i64) -> Result<Vec<Written>> {
    const SQL: &str = "SELECT p.text, p.author FROM flags f JOIN posts p ON p.id = f.post_id
        WHERE f.pack = $1 AND f.state = 'upheld' AND p.text <> '' ORDER BY f.id DESC LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(limit).fetch_all(ex))
}

/// Newest posts that `pack` never flagged, or whose flag was dismissed.
pub async fn others(on: impl Into<Ex<'_>>, pack: &str, limit: i64) -> Result<Vec<Written>> {
    const SQL: &str = "SELECT p.text, p.author FROM posts p LEFT JOIN flags f ON f.post_id = p.id AND f.pack = $1
        WHERE (f.id IS NULL OR f.state = 'dismissed') AND p.text <> '' ORDER BY p.id DESC LIMIT $2";
    run!(on, ex => sqlx::query_as(SQL).bind(pack).bind(limit).fetch_all(ex))
}
