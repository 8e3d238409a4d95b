//! People and their sessions.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::{FlagId, UserId};
use crate::domain::user::{Language, Role, User, Zone};

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
    end_sessions(tx, id).await?;
    Ok(())
}

/// Changes the language of the pages.
pub async fn set_language(tx: &mut WriteTx, id: UserId, language: Language) -> Result<()> {
    exec!(tx, ex => sqlx::query("UPDATE users SET language = $1 WHERE id = $2").bind(language).bind(id).execute(ex))?;
    Ok(())
}

/// The person with this sign-in name.
pub async fn by_name(on: impl Into<Ex<'_>>, name: &str) -> Result<Option<User>> {
    const SQL: &str = "SELECT id, name, role, scripted, language, zone, created_at, disabled_at FROM users WHERE name = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(name).fetch_optional(ex))
}

/// Everyone, by name.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<User>> {
    const SQL: &str = "SELECT id, name, role, scripted, language, zone, created_at, disabled_at FROM users ORDER BY name";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// The stored password hash of a name.
pub async fn password_hash(on: impl Into<Ex<'_>>, name: &str) -> Result<Option<String>> {
    run!(on, ex => sqlx::query_scalar("SELECT password_hash FROM users WHERE name = $1").bind(name).fetch_optional(ex))
}

/// The person with this row id.
pub async fn get(on: impl Into<Ex<'_>>, id: UserId) -> Result<Option<User>> {
    const SQL: &str = "SELECT id, name, role, scripted, language, zone, created_at, disabled_at FROM users WHERE id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// Changes the time zone of the pages.
pub async fn set_zone(tx: &mut WriteTx, id: UserId, zone: Zone) -> Result<()> {
    exec!(tx, ex => sqlx::query("UPDATE users SET zone = $1 WHERE id = $2").bind(zone).bind(id).execute(ex))?;
    Ok(())
}

/// Changes what a person may do.
pub async fn set_role(tx: &mut WriteTx, id: UserId, role: Role) -> Result<()> {
    exec!(tx, ex => sqlx::query("UPDATE users SET role = $1 WHERE id = $2").bind(role).bind(id).execute(ex))?;
    Ok(())
}

/// Switches an account off, or on again. Rows about the person stay.
pub async fn set_disabled(tx: &mut WriteTx, id: UserId, disabled: bool) -> Result<()> {
    let at = disabled.then(|| tx.now());
    exec!(tx, ex => sqlx::query("UPDATE users SET disabled_at = $1 WHERE id = $2").bind(at).bind(id).execute(ex))?;
    Ok(())
}

/// A second factor, confirmed or not.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SecondFactor {
    /// Base32, as authenticator apps show it.
    pub secret: String,
    /// When its first code was typed; none until then.
    pub confirmed_at: Option<Millis>,
    /// Newest 30 seconds whose code was used.
    pub last_step: i64,
}

/// The second factor of a person.
pub async fn second_factor(on: impl Into<Ex<'_>>, id: UserId) -> Result<Option<SecondFactor>> {
    const SQL: &str = "SELECT secret, confirmed_at, last_step FROM second_factors WHERE user_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// People who have a confirmed second factor.
pub async fn with_second_factor(on: impl Into<Ex<'_>>) -> Result<Vec<UserId>> {
    run!(on, ex => sqlx::query_scalar("SELECT user_id FROM second_factors WHERE confirmed_at IS NOT NULL").fetch_all(ex))
}

/// Begins a second factor; one that is confirmed stays.
pub async fn begin_second_factor(tx: &mut WriteTx, id: UserId, secret: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO second_factors (user_id, secret) VALUES ($1, $2)
        ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE second_factors.confirmed_at IS NULL";
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(secret).execute(ex))?;
    Ok(())
}

/// Takes the code of `step`. False when that code, or a later one, was used already.
pub async fn use_step(tx: &mut WriteTx, id: UserId, step: i64) -> Result<bool> {
    const SQL: &str = "UPDATE second_factors SET last_step = $2, confirmed_at = COALESCE(confirmed_at, $3) WHERE user_id = $1 AND last_step < $2";
    let now = tx.now();
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(id).bind(step).bind(now).execute(ex))? == 1)
}

/// Takes a person's second factor away.
pub async fn remove_second_factor(tx: &mut WriteTx, id: UserId) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM second_factors WHERE user_id = $1").bind(id).execute(ex))?;
    Ok(())
}

/// Opens a session. `pending`: the second factor is still to come.
pub async fn insert_session(
    tx: &mut WriteTx,
    token_sha256: &str,
    user: UserId,
    expires_at: Millis,
    agent: &str,
    pending: bool,
) -> Result<()> {
    const SQL: &str =
        "INSERT INTO sessions (token_sha256, user_id, created_at, expires_at, agent, pending) VALUES ($1, $2, $3, $4, $5, $6)";
    let now = tx.now();
    // Sessions that ended are swept whenever one begins.
    exec!(&mut *tx, ex => sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now).execute(ex))?;
    exec!(tx, ex => sqlx::query(SQL).bind(token_sha256).bind(user).bind(now).bind(expires_at).bind(agent).bind(pending).execute(ex))?;
    Ok(())
}

/// Whose session this is, if it has not ended and the account is in use. `pending`: whether the second factor is to come.
pub async fn by_session(on: impl Into<Ex<'_>>, token_sha256: &str, now: Millis, pending: bool) -> Result<Option<User>> {
    const SQL: &str = "SELECT u.id, u.name, u.role, u.scripted, u.language, u.zone, u.created_at, u.disabled_at FROM users u
        JOIN sessions s ON s.user_id = u.id
        WHERE s.token_sha256 = $1 AND s.expires_at > $2 AND s.pending = $3 AND u.disabled_at IS NULL";
    run!(on, ex => sqlx::query_as(SQL).bind(token_sha256).bind(now).bind(pending).fetch_optional(ex))
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionRow {
    /// SHA-256 of its token: names it, and opens nothing.
    pub token_sha256: String,
    /// When it began.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// What the browser says it is.
    pub agent: String,
}

/// A person's sessions, newest first.
pub async fn sessions(on: impl Into<Ex<'_>>, id: UserId, now: Millis) -> Result<Vec<SessionRow>> {
    const SQL: &str = "SELECT token_sha256, created_at, expires_at, agent FROM sessions
        WHERE user_id = $1 AND expires_at > $2 AND pending = FALSE ORDER BY created_at DESC, token_sha256";
    run!(on, ex => sqlx::query_as(SQL).bind(id).bind(now).fetch_all(ex))
}

/// Number of open sessions, by person.
pub async fn session_counts(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<(UserId, i64)>> {
    const SQL: &str = "SELECT user_id, COUNT(*) FROM sessions WHERE expires_at > $1 AND pending = FALSE GROUP BY user_id";
    run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))
}

/// Ends a session of this person.
pub async fn end_session(tx: &mut WriteTx, id: UserId, token_sha256: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE token_sha256 = $1 AND user_id = $2";
    exec!(tx, ex => sqlx::query(SQL).bind(token_sha256).bind(id).execute(ex))?;
    Ok(())
}

/// Ends every session and every API token of a person. Returns how many sessions.
pub async fn end_sessions(tx: &mut WriteTx, id: UserId) -> Result<u64> {
    super::api::revoke_all(tx, id).await?;
    exec!(tx, ex => sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(id).execute(ex))
}

/// Ends a session.
pub async fn delete_session(tx: &mut WriteTx, token_sha256: &str) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM sessions WHERE token_sha256 = $1").bind(token_sha256).execute(ex))?;
    Ok(())
}

/// Notes that a person looks at a post: who read personal data can be asked later.
pub async fn note_read(tx: &mut WriteTx, id: UserId, flag: FlagId) -> Result<()> {
    const SQL: &str =
        "INSERT INTO post_reads (user_id, flag_id, day, times, read_at) SELECT $1, id, $3, 1, $4 FROM flags WHERE id = $2
        ON CONFLICT (user_id, flag_id, day) DO UPDATE SET times = post_reads.times + 1, read_at = excluded.read_at";
    let now = tx.now();
    let day = now.in_jakarta().date().to_string();
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(flag).bind(day).bind(now).execute(ex))?;
    Ok(())
}

/// A look at a post.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReadRow {
    /// Who.
    pub name: String,
    /// At which.
    pub flag_id: FlagId,
    /// `YYYY-MM-DD`, Asia/Jakarta.
    pub day: String,
    /// How often on that day.
    pub times: i64,
    /// The last time.
    pub read_at: Millis,
}

/// Looks at posts, newest first; of one person or one post if given.
pub async fn reads(on: impl Into<Ex<'_>>, name: &str, flag: Option<FlagId>, limit: i64) -> Result<Vec<ReadRow>> {
    const SQL: &str = "SELECT u.name, r.flag_id, r.day, r.times, r.read_at FROM post_reads r JOIN users u ON u.id = r.user_id
        WHERE ($1 = '' OR u.name = $1) AND ($2 = 0 OR r.flag_id = $2) ORDER BY r.read_at DESC, r.flag_id LIMIT $3";
    let flag = flag.map_or(0, |flag| flag.0);
    run!(on, ex => sqlx::query_as(SQL).bind(name).bind(flag).bind(limit).fetch_all(ex))
}
