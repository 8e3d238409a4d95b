//! Named queues and kept searches: what supervisors and analysts arrange for themselves.

use std::time::Duration;

use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::Millis;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::post::storable;
use crate::domain::user::User;
use crate::store::named_queues::{self, NamedQueue};
use crate::store::users;

/// Open posts raised at these moments or before are late: P1, P2, P3.
pub fn late(pipeline: &Pipeline) -> [Millis; 3] {
    let desk = &pipeline.config.desk;
    [desk.p1_hours, desk.p2_hours, desk.p3_hours]
        .map(|hours| pipeline.clock().now().minus(Duration::from_secs(u64::from(hours) * 3600)))
}

/// Adds or changes a queue, and moves open flags to where they belong then. `people`: sign-in names of those who may
/// see it, separated by commas; empty for everyone.
pub async fn save(pipeline: &Pipeline, user: &User, queue: &NamedQueue, people: &str) -> Result<i64> {
    allowed(user, user.role.supervises(), "only supervisors look after queues")?;
    if queue.name.is_empty() || queue.name.chars().count() > 60 {
        return Err(PipelineError::Refused("a queue has a name of 1 to 60 characters".into()));
    }
    let mut members = Vec::new();
    for name in people.split([',', ' ', '\n']).map(str::trim).filter(|name| !name.is_empty()) {
        let known = users::by_name(&pipeline.store, name).await?;
        members.push(known.ok_or_else(|| PipelineError::Refused(format!("there is no `{name}`")))?.id);
    }
    let before = named_queues::all(&pipeline.store).await?.into_iter().find(|known| known.id == queue.id);
    let mut tx = pipeline.store.write_tx().await?;
    let id = named_queues::save(&mut tx, queue).await?;
    named_queues::set_members(&mut tx, id, &members).await?;
    // A new name, or other people, move nothing.
    let same = before.is_some_and(|before| NamedQueue { name: queue.name.clone(), ..before } == *queue);
    let moved = if same { 0 } else { named_queues::reroute(&mut tx).await? };
    let detail = format!("flags={moved} people={}", members.len());
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::QueuesChanged, format!("queue:{id}")).detail(detail)).await?;
    Ok(id)
}

/// Removes a queue; its posts go to those that are left.
pub async fn remove(pipeline: &Pipeline, user: &User, id: i64) -> Result<()> {
    allowed(user, user.role.supervises(), "only supervisors look after queues")?;
    let mut tx = pipeline.store.write_tx().await?;
    named_queues::remove(&mut tx, id).await?;
    let moved = named_queues::route(&mut tx).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::QueuesChanged, format!("queue:{id}"));
    Ok(tx.commit(event.detail(format!("removed flags={moved}"))).await?)
}

/// Keeps a search under a name, for oneself or for all.
pub async fn keep_filter(pipeline: &Pipeline, user: &User, name: &str, query: &str, shared: bool) -> Result<()> {
    let name = storable(name.trim());
    if name.is_empty() || name.chars().count() > 60 || query.len() > 1_000 {
        return Err(PipelineError::Refused("a kept search has a name of 1 to 60 characters".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    named_queues::save_filter(&mut tx, user.id, &name, query, shared).await?;
    Ok(tx.commit_housekeeping().await?)
}

/// Forgets a search of one's own.
pub async fn forget_filter(pipeline: &Pipeline, user: &User, id: i64) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    named_queues::remove_filter(&mut tx, user.id, id).await?;
    Ok(tx.commit_housekeeping().await?)
}
