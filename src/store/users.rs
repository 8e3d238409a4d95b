//! People and their sessions.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::UserId;
use crate::domain::user::{Language, Role, User};

/// Adds a person. `password_hash` is an argon2 string.
pub async fn insert(
    tx: &mut WriteTx,
    name: &str,
    role: Role,
    scripted: bool,
    language: Language,
    password_hash: &str,
) -> Result<UserId> {
    const SQL: &str = "INSERT INTO users (name, role, scripted, language, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let now = tx.now();
    run!(tx, ex => sqlx::query_scalar(SQL).bind(name).bind(role).bind(scripted).bind(language).bind(password_hash).bind(now).fetch_one(ex))
}

/// Replaces a password and ends every session of that person.
pub async fn set_password(tx: &mut WriteTx, id: UserId, password_hash: &str) -> Result<()> {
    exec!(&mut *tx, ex => sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2").bind(password_hash).bind(id).execute(ex))?;
    exec!(tx, ex => sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(id).execute(ex))?;
    Ok(())
}

/// Changes the language of the pages.
pub async fn set_language(tx: &mut WriteTx, id: UserId, language: Language) -> Result<()> {
    exec!(tx, ex => sqlx::query("UPDATE users SET language = $1 WHERE id = $2").bind(language).bind(id).execute(ex))?;
    Ok(())
}

/// The person with this sign-in name.
pub async fn by_name(on: impl Into<Ex<'_>>, name: &str) -> Result<Option<User>> {
    const SQL: &str = "SELECT id, name, role, scripted, language, created_at FROM users WHERE name = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(name).fetch_optional(ex))
}

/// Everyone, by name.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<User>> {
    const SQL: &str = "SELECT id, name, role, scripted, language, created_at FROM users ORDER BY name";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// The stored password hash of a name.
pub async fn password_hash(on: impl Into<Ex<'_>>, name: &str) -> Result<Option<String>> {
    run!(on, ex => sqlx::query_scalar("SELECT password_hash FROM users WHERE name = $1").bind(name).fetch_optional(ex))
}

/// Opens a session.
pub async fn insert_session(tx: &mut WriteTx, token_sha256: &str, user: UserId, expires_at: Millis) -> Result<()> {
    const SQL: &str = "INSERT INTO sessions (token_sha256, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    let now = tx.now();
    // Sessions that ended are swept whenever one begins.
    exec!(&mut *tx, ex => sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(ex))?;
    exec!(tx, ex => sqlx::query(SQL).bind(token_sha256).bind(user).bind(now).bind(expires_at).execute(ex))?;
    Ok(())
}

/// Whose session this is, if it has not ended.
pub async fn by_session(on: impl Into<Ex<'_>>, token_sha256: &str, now: Millis) -> Result<Option<User>> {
    const SQL: &str = "SELECT u.id, u.name, u.role, u.scripted, u.language, u.created_at FROM users u
        JOIN sessions s ON s.user_id = u.id WHERE s.token_sha256 = $1 AND s.expires_at > $2";
    run!(on, ex => sqlx::query_as(SQL).bind(token_sha256).bind(now).fetch_optional(ex))
}

/// Ends a session.
pub async fn delete_session(tx: &mut WriteTx, token_sha256: &str) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM sessions WHERE token_sha256 = $1").bind(token_sha256).execute(ex))?;
    Ok(())
}
