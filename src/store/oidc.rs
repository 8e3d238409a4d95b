//! Sign-ins with the account of an organisation: those on their way, and whose account is whose.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::UserId;
use crate::domain::user::{Language, User};

/// A sign-in that has gone to the provider.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// SHA-256 of the token in the browser's cookie.
    pub browser_sha256: String,
    /// SHA-256 of the `state` that the provider gives back.
    pub state_sha256: String,
    /// What the ID token has to hold.
    pub nonce: String,
    /// Proof towards the provider that we began this (PKCE, RFC 7636).
    pub verifier: String,
    /// Who connects the account with themselves; none for a sign-in.
    pub user_id: Option<UserId>,
    /// Language of the pages.
    pub language: Language,
    /// When it is too late to come back.
    pub expires_at: Millis,
}

/// Keeps a sign-in that begins; sweeps those that never came back.
pub async fn begin(tx: &mut WriteTx, attempt: &Attempt) -> Result<()> {
    const SQL: &str = "INSERT INTO oidc_attempts (browser_sha256, state_sha256, nonce, verifier, user_id, language, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let now = tx.now();
    exec!(&mut *tx, ex => sqlx::query("DELETE FROM oidc_attempts WHERE expires_at <= $1").bind(now).execute(ex))?;
    let a = attempt;
    exec!(tx, ex => sqlx::query(SQL).bind(&a.browser_sha256).bind(&a.state_sha256).bind(&a.nonce).bind(&a.verifier).bind(a.user_id).bind(a.language).bind(a.expires_at).execute(ex))?;
    Ok(())
}

/// Takes the sign-in of a browser away: each comes back once.
pub async fn take(tx: &mut WriteTx, browser_sha256: &str) -> Result<Option<Attempt>> {
    const SQL: &str = "DELETE FROM oidc_attempts WHERE browser_sha256 = $1
        RETURNING browser_sha256, state_sha256, nonce, verifier, user_id, language, expires_at";
    run!(tx, ex => sqlx::query_as(SQL).bind(browser_sha256).fetch_optional(ex))
}

/// The person whom an account at the provider opens the desk for.
pub async fn person(on: impl Into<Ex<'_>>, issuer: &str, subject: &str) -> Result<Option<User>> {
    const SQL: &str = "SELECT u.id, u.name, u.role, u.scripted, u.language, u.zone, u.created_at, u.disabled_at FROM users u
        JOIN oidc_accounts o ON o.user_id = u.id WHERE o.issuer = $1 AND o.subject = $2";
    run!(on, ex => sqlx::query_as(SQL).bind(issuer).bind(subject).fetch_optional(ex))
}

/// Connects an account with a person, in place of the one that was.
pub async fn connect(tx: &mut WriteTx, id: UserId, issuer: &str, subject: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO oidc_accounts (user_id, issuer, subject, connected_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id) DO UPDATE SET issuer = excluded.issuer, subject = excluded.subject, connected_at = excluded.connected_at";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(issuer).bind(subject).bind(now).execute(ex))?;
    Ok(())
}

/// Takes the connection of a person away. True if there was one.
pub async fn disconnect(tx: &mut WriteTx, id: UserId) -> Result<bool> {
    Ok(exec!(tx, ex => sqlx::query("DELETE FROM oidc_accounts WHERE user_id = $1").bind(id).execute(ex))? == 1)
}

/// Since when a person's account is connected.
pub async fn connected_since(on: impl Into<Ex<'_>>, id: UserId) -> Result<Option<Millis>> {
    run!(on, ex => sqlx::query_scalar("SELECT connected_at FROM oidc_accounts WHERE user_id = $1").bind(id).fetch_optional(ex))
}

/// People with a connected account.
pub async fn connected(on: impl Into<Ex<'_>>) -> Result<Vec<UserId>> {
    run!(on, ex => sqlx::query_scalar("SELECT user_id FROM oidc_accounts").fetch_all(ex))
}
