//! Tokens of the JSON API.

use std::time::Duration;

use super::{Pipeline, PipelineError, Result, users};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::sha256_hex;
use crate::domain::user::User;
use crate::store::api::{self, ApiToken};
use crate::store::users as people;

/// What a token begins with, so that scanners of secrets know it.
pub const PREFIX: &str = "sisir_";
/// Longest a token holds, days.
pub const LONGEST_DAYS: u32 = 365;
const DAY: Duration = Duration::from_hours(24);

/// Makes a token of `user`, who types the password again. Returns the token: it is shown once.
pub async fn make_token(pipeline: &Pipeline, user: &User, password: &str, name: &str, writes: bool, days: u32) -> Result<String> {
    let refuse = |why: &str| Err(PipelineError::Refused(why.to_owned()));
    let name: String = name.trim().chars().take(60).collect();
    if name.is_empty() {
        return refuse("a token needs a name that says what it is for");
    }
    if !(1..=LONGEST_DAYS).contains(&days) {
        return refuse("a token holds 1 to 365 days");
    }
    if writes && !user.role.reviews() {
        return refuse("only tokens of people who review can decide");
    }
    if pipeline.config.web.require_second_factor {
        let factor = people::second_factor(&pipeline.store, user.id).await?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            return refuse("set up the second factor first");
        }
    }
    if !users::is_password_of(pipeline, user, password).await? {
        return refuse("the password is wrong");
    }
    let token = format!("{PREFIX}{}", pipeline.entropy.token());
    let mut tx = pipeline.store.write_tx().await?;
    let until = tx.now().plus(DAY * days);
    let id = api::insert_token(&mut tx, user.id, &name, &sha256_hex(token.as_bytes()), writes, until).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::ApiTokenMade, format!("token:{id}"));
    tx.commit(event.detail(format!("writes={writes} days={days}"))).await?;
    Ok(token)
}

/// Ends a token of `user`; an administrator ends those of others too.
pub async fn revoke(pipeline: &Pipeline, user: &User, id: i64) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    let owner = if user.role.manages_users() { api::owner(&mut tx, id).await?.unwrap_or(user.id) } else { user.id };
    if !api::revoke(&mut tx, owner, id).await? {
        return Err(PipelineError::Refused("this token has ended already".into()));
    }
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::ApiTokenRevoked, format!("token:{id}"))).await?)
}

/// Whose token it is, if it holds.
pub async fn by_token(pipeline: &Pipeline, token: &str) -> Result<Option<(User, ApiToken)>> {
    let now = pipeline.clock().now();
    let Some(found) = api::token(&pipeline.store, &sha256_hex(token.as_bytes()), now).await? else { return Ok(None) };
    if found.used_day != Some(now.utc_day()) {
        let mut tx = pipeline.store.write_tx().await?;
        api::note_use(&mut tx, found.id).await?;
        tx.commit_housekeeping().await?;
    }
    // A token is no way round a second factor that everyone needs.
    if pipeline.config.web.require_second_factor {
        let factor = people::second_factor(&pipeline.store, found.user_id).await?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            return Ok(None);
        }
    }
    Ok(people::get(&pipeline.store, found.user_id).await?.map(|user| (user, found)))
}
