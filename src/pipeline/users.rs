//! Accounts: adding people, passwords (argon2id), signing in.

use std::sync::LazyLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use super::{Pipeline, PipelineError, Result};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::sha256_hex;
use crate::domain::user::{Language, Role, User};
use crate::store::users;

/// Shortest password people may choose.
pub const MIN_PASSWORD: usize = 12;

/// Hash that no password fits: signing in with an unknown name takes as long as with a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("tidak ada orang seperti itu", &[7; 16]).unwrap_or_default());

fn hash(password: &str, salt: &[u8; 16]) -> Result<String> {
    let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
    hashed.map(|hash| hash.to_string()).map_err(|error| PipelineError::Task(format!("password hash: {error}")))
}

async fn hash_off_thread(pipeline: &Pipeline, password: &str) -> Result<String> {
    let (password, salt) = (password.to_owned(), pipeline.entropy.bytes::<16>());
    let hashed = tokio::task::spawn_blocking(move || hash(&password, &salt)).await;
    hashed.map_err(|error| PipelineError::Task(error.to_string()))?
}

/// Adds a person.
///
/// # Errors
/// The name is taken or not usable, or the password is too short.
pub async fn add(pipeline: &Pipeline, name: &str, role: Role, scripted: bool, password: &str) -> Result<()> {
    let usable = (2..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !usable {
        return Err(PipelineError::Refused("a name has 2 to 40 letters, digits, dots, hyphens or underscores".into()));
    }
    check_password(password)?;
    let hashed = hash_off_thread(pipeline, password).await?;
    let mut tx = pipeline.store.write_tx().await?;
    if users::by_name(&mut tx, name).await?.is_some() {
        return Err(PipelineError::Refused(format!(
            "`{name}` is there already; `sisir user password {name}` sets a new password"
        )));
    }
    let id = users::insert(&mut tx, name, role, scripted, Language::Indonesian, &hashed).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::UserAdded, format!("user:{id}")).detail(format!("role={role}"))).await?;
    Ok(())
}

fn check_password(password: &str) -> Result<()> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(PipelineError::Refused(format!("a password has at least {MIN_PASSWORD} characters")));
    }
    Ok(())
}

/// Sets a password and ends the person's sessions.
pub async fn set_password(pipeline: &Pipeline, name: &str, password: &str) -> Result<()> {
    check_password(password)?;
    let user =
        users::by_name(&pipeline.store, name).await?.ok_or_else(|| PipelineError::Refused(format!("there is no `{name}`")))?;
    let hashed = hash_off_thread(pipeline, password).await?;
    let mut tx = pipeline.store.write_tx().await?;
    users::set_password(&mut tx, user.id, &hashed).await?;
    Ok(tx.commit(AuditEvent::new(Actor::System, Action::PasswordSet, format!("user:{}", user.id))).await?)
}

/// Opens a session. None when name or password is wrong. The token is shown to the browser once; only its hash is kept.
pub async fn sign_in(pipeline: &Pipeline, name: &str, password: &str) -> Result<Option<String>> {
    let stored = users::password_hash(&pipeline.store, name).await?;
    let (stored, password) = (stored.unwrap_or_else(|| NOBODY.clone()), password.to_owned());
    let fits = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    if !fits.await.map_err(|error| PipelineError::Task(error.to_string()))? {
        return Ok(None);
    }
    let Some(user) = users::by_name(&pipeline.store, name).await? else { return Ok(None) };
    let token = pipeline.entropy.token();
    let mut tx = pipeline.store.write_tx().await?;
    let ends = tx.now().plus(Duration::from_secs(u64::from(pipeline.config.web.session_hours) * 3600));
    users::insert_session(&mut tx, &sha256_hex(token.as_bytes()), user.id, ends).await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::SignedIn, format!("user:{}", user.id))).await?;
    Ok(Some(token))
}

/// Whose session a token opens.
pub async fn by_token(pipeline: &Pipeline, token: &str) -> Result<Option<User>> {
    Ok(users::by_session(&pipeline.store, &sha256_hex(token.as_bytes()), pipeline.clock().now()).await?)
}

/// Ends a session.
pub async fn sign_out(pipeline: &Pipeline, token: &str) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    users::delete_session(&mut tx, &sha256_hex(token.as_bytes())).await?;
    Ok(tx.commit_housekeeping().await?)
}

/// Changes the language of a person's pages.
pub async fn set_language(pipeline: &Pipeline, user: &User, language: Language) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    users::set_language(&mut tx, user.id, language).await?;
    Ok(tx.commit_housekeeping().await?)
}
