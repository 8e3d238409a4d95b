//! Accounts: adding people, passwords (argon2id), signing in.

use std::sync::LazyLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use totp_rs::{Builder, Secret, Totp};

use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::ids::UserId;
use crate::domain::post::storable;
use crate::domain::sha256_hex;
use crate::domain::user::{Language, Role, User, Zone};
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

/// True if the password fits the stored hash.
async fn fits_off_thread(password: &str, stored: String) -> Result<bool> {
    let password = password.to_owned();
    let fits = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    });
    fits.await.map_err(|error| PipelineError::Task(error.to_string()))
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

/// What became of a name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// One of them is wrong, or the account is switched off.
    Wrong,
    /// The token opens a session. It is shown to the browser once; only its hash is kept.
    Open(String),
    /// A code of the second factor is needed: the token is for [`confirm`].
    NeedsCode(String),
}

/// Minutes in which the code has to follow the password.
const CODE_MINUTES: u64 = 10;
/// Letters of a browser's name that are kept.
const AGENT: usize = 120;

/// Checks name and password. `agent`: what the browser says it is.
pub async fn sign_in(pipeline: &Pipeline, name: &str, password: &str, agent: &str) -> Result<SignIn> {
    let stored = users::password_hash(&pipeline.store, name).await?;
    let fits = fits_off_thread(password, stored.unwrap_or_else(|| NOBODY.clone())).await?;
    let Some(user) = users::by_name(&pipeline.store, name).await? else { return Ok(SignIn::Wrong) };
    if !fits || user.disabled_at.is_some() {
        let tx = pipeline.store.write_tx().await?;
        tx.commit(AuditEvent::new(Actor::System, Action::SignInFailed, format!("user:{}", user.id))).await?;
        return Ok(SignIn::Wrong);
    }
    let_in(pipeline, &user, agent).await
}

/// Opens a session for a person who has proved to be one; with a second factor its code is still to come.
pub(super) async fn let_in(pipeline: &Pipeline, user: &User, agent: &str) -> Result<SignIn> {
    let needs_code = users::second_factor(&pipeline.store, user.id).await?.is_some_and(|factor| factor.confirmed_at.is_some());
    let token = open_session(pipeline, user, agent, needs_code).await?;
    Ok(if needs_code { SignIn::NeedsCode(token) } else { SignIn::Open(token) })
}

async fn open_session(pipeline: &Pipeline, user: &User, agent: &str, pending: bool) -> Result<String> {
    let token = pipeline.entropy.token();
    let agent: String = storable(agent).chars().take(AGENT).collect();
    let mut tx = pipeline.store.write_tx().await?;
    let lasts = if pending { CODE_MINUTES * 60 } else { u64::from(pipeline.config.web.session_hours) * 3600 };
    let ends = tx.now().plus(Duration::from_secs(lasts));
    users::insert_session(&mut tx, &sha256_hex(token.as_bytes()), user.id, ends, &agent, pending).await?;
    if pending {
        tx.commit_housekeeping().await?;
    } else {
        tx.commit(AuditEvent::new(Actor::User(user.id), Action::SignedIn, format!("user:{}", user.id))).await?;
    }
    Ok(token)
}

/// Checks a code of the second factor for a session that waits for it. The session gets a new token. None when the code
/// is wrong, was used, or the time is over.
pub async fn confirm(pipeline: &Pipeline, token: &str, code: &str, agent: &str) -> Result<Option<String>> {
    let waiting = users::by_session(&pipeline.store, &sha256_hex(token.as_bytes()), pipeline.clock().now(), true).await?;
    let Some(user) = waiting else { return Ok(None) };
    if !take_code(pipeline, &user, code).await? {
        let tx = pipeline.store.write_tx().await?;
        tx.commit(AuditEvent::new(Actor::System, Action::SignInFailed, format!("user:{}", user.id)).detail("code")).await?;
        return Ok(None);
    }
    sign_out(pipeline, token).await?;
    Ok(Some(open_session(pipeline, &user, agent, false).await?))
}

/// Who waits for a code with this token.
pub async fn waiting_for_code(pipeline: &Pipeline, token: &str) -> Result<Option<User>> {
    Ok(users::by_session(&pipeline.store, &sha256_hex(token.as_bytes()), pipeline.clock().now(), true).await?)
}

fn totp(secret: &str, name: &str) -> Result<Totp> {
    let broken = |error: String| PipelineError::Task(format!("second factor: {error}"));
    let secret = Secret::try_from_base32(secret).map_err(|error| broken(format!("{error:?}")))?;
    let builder = Builder::new().with_secret(secret).with_account_name(name).with_issuer(Some("Sisir"));
    builder.build().map_err(|error| broken(format!("{error:?}")))
}

/// True if the code is one of now, give or take 30 seconds, and was not used before.
async fn take_code(pipeline: &Pipeline, user: &User, code: &str) -> Result<bool> {
    let Some(factor) = users::second_factor(&pipeline.store, user.id).await? else { return Ok(false) };
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let now = u64::try_from(pipeline.clock().now().secs()).unwrap_or(0);
    let Some(step) = totp(&factor.secret, &user.name)?.check(&digits, now) else { return Ok(false) };
    let mut tx = pipeline.store.write_tx().await?;
    let taken = users::use_step(&mut tx, user.id, i64::try_from(step).unwrap_or(i64::MAX)).await?;
    tx.commit_housekeeping().await?;
    Ok(taken)
}

/// A second factor to set up: what an authenticator app is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Base32, for typing.
    pub secret: String,
    /// `otpauth://totp/…`, for a picture.
    pub address: String,
}

/// The second factor that a person is setting up; a new one if there is none. None if it is confirmed already.
pub async fn set_up_second_factor(pipeline: &Pipeline, user: &User) -> Result<Option<Setup>> {
    let factor = users::second_factor(&pipeline.store, user.id).await?;
    let secret = match factor {
        Some(factor) if factor.confirmed_at.is_some() => return Ok(None),
        Some(factor) => factor.secret,
        None => {
            let secret = Secret::new_stack(pipeline.entropy.bytes::<20>()).to_base32();
            let mut tx = pipeline.store.write_tx().await?;
            users::begin_second_factor(&mut tx, user.id, &secret).await?;
            tx.commit_housekeeping().await?;
            secret
        }
    };
    let address =
        totp(&secret, &user.name)?.to_url().map_err(|error| PipelineError::Task(format!("second factor: {error:?}")))?;
    Ok(Some(Setup { secret, address }))
}

/// Confirms the second factor with its first code.
pub async fn confirm_second_factor(pipeline: &Pipeline, user: &User, code: &str) -> Result<()> {
    if !take_code(pipeline, user, code).await? {
        return Err(PipelineError::Refused(
            "the code does not fit; wait for the next one, and check the clock of the telephone".into(),
        ));
    }
    let tx = pipeline.store.write_tx().await?;
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::SecondFactorSet, format!("user:{}", user.id))).await?)
}

/// Changes one's own password; ends all other sessions.
pub async fn change_password(pipeline: &Pipeline, user: &User, old: &str, new: &str) -> Result<()> {
    check_password(new)?;
    if !is_password_of(pipeline, user, old).await? {
        return Err(PipelineError::Refused("the present password is another one".into()));
    }
    let hashed = hash_off_thread(pipeline, new).await?;
    let mut tx = pipeline.store.write_tx().await?;
    users::set_password(&mut tx, user.id, &hashed).await?;
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::PasswordSet, format!("user:{}", user.id))).await?)
}

/// True if this is the person's password.
pub(super) async fn is_password_of(pipeline: &Pipeline, user: &User, password: &str) -> Result<bool> {
    let stored = users::password_hash(&pipeline.store, &user.name).await?.unwrap_or_default();
    fits_off_thread(password, stored).await
}

/// Ends one of one's own sessions.
pub async fn end_session(pipeline: &Pipeline, user: &User, token_sha256: &str) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    users::end_session(&mut tx, user.id, token_sha256).await?;
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::SessionsEnded, format!("user:{}", user.id)).detail("one")).await?)
}

/// What an administrator changes about another person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What the person may do.
    Role(Role),
    /// Switched off, or on again.
    Disabled(bool),
    /// The second factor is taken away: a lost telephone.
    NoSecondFactor,
    /// The account of the organisation opens this person's desk no more.
    NoAccount,
    /// A new password, shown to the administrator once.
    Password(String),
    /// All sessions end.
    Sessions,
}

/// Changes something about another person, and ends that person's sessions.
///
/// # Errors
/// The person is the administrator: nobody locks themselves out, or gives themselves another role.
pub async fn change(pipeline: &Pipeline, admin: &User, id: UserId, change: &Change) -> Result<()> {
    allowed(admin, admin.role.manages_users(), "only administrators look after people")?;
    if admin.id == id {
        return Err(PipelineError::Refused("another administrator has to change this about you".into()));
    }
    apply(pipeline, Actor::User(admin.id), id, change).await
}

/// The same for the operator at the command line, who may change everyone: the way back in when all are locked out.
pub async fn change_by_operator(pipeline: &Pipeline, name: &str, change: &Change) -> Result<()> {
    let person = users::by_name(&pipeline.store, name).await?;
    let person = person.ok_or_else(|| PipelineError::Refused(format!("there is no `{name}`; `sisir user list` names all")))?;
    apply(pipeline, Actor::System, person.id, change).await
}

async fn apply(pipeline: &Pipeline, actor: Actor, id: UserId, change: &Change) -> Result<()> {
    if let Change::Password(password) = change {
        check_password(password)?;
    }
    let hashed = match change {
        Change::Password(password) => hash_off_thread(pipeline, password).await?,
        _ => String::new(),
    };
    let mut tx = pipeline.store.write_tx().await?;
    let person = users::get(&mut tx, id).await?.ok_or_else(|| crate::store::StoreError::NotFound(format!("user {id}")))?;
    let (action, detail) = match change {
        Change::Role(role) => {
            users::set_role(&mut tx, id, *role).await?;
            (Action::UserChanged, format!("role={} was={}", role, person.role))
        }
        Change::Disabled(disabled) => {
            users::set_disabled(&mut tx, id, *disabled).await?;
            (Action::UserChanged, format!("disabled={disabled}"))
        }
        Change::NoSecondFactor => {
            users::remove_second_factor(&mut tx, id).await?;
            (Action::UserChanged, "second_factor=none".into())
        }
        Change::NoAccount => {
            crate::store::oidc::disconnect(&mut tx, id).await?;
            (Action::OidcDisconnected, String::new())
        }
        Change::Password(_) => {
            users::set_password(&mut tx, id, &hashed).await?;
            (Action::PasswordSet, String::new())
        }
        Change::Sessions => (Action::SessionsEnded, "all".into()),
    };
    users::end_sessions(&mut tx, id).await?;
    Ok(tx.commit(AuditEvent::new(actor, action, format!("user:{id}")).detail(detail)).await?)
}

/// Changes the time zone of a person's pages.
pub async fn set_zone(pipeline: &Pipeline, user: &User, zone: Zone) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    users::set_zone(&mut tx, user.id, zone).await?;
    Ok(tx.commit_housekeeping().await?)
}

/// Whose session a token opens.
pub async fn by_token(pipeline: &Pipeline, token: &str) -> Result<Option<User>> {
    Ok(users::by_session(&pipeline.store, &sha256_hex(token.as_bytes()), pipeline.clock().now(), false).await?)
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
