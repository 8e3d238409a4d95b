//! Named queues: what goes where, and who may see which. And searches that people keep.

use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::UserId;
use crate::domain::user::User;

/// The queue that takes what no other takes.
pub const FIRST: i64 = 1;

/// A named queue. A flag goes to the first one, by position, all of whose conditions it meets. Empty text is met by all.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct NamedQueue {
    /// Row id, 0 for a new one.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Lower comes first.
    pub position: i32,
    /// Rule pack.
    pub pack: String,
    /// Platform.
    pub platform: String,
    /// Priority.
    pub priority: String,
    /// Part in the trade.
    pub actor: String,
    /// Region of the words.
    pub region: String,
}

/// All queues in order.
pub async fn all(on: impl Into<Ex<'_>>) -> Result<Vec<NamedQueue>> {
    const SQL: &str = "SELECT id, name, position, pack, platform, priority, actor, region FROM queues ORDER BY position, id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}

/// The queue that a flag goes to, for SQL.
macro_rules! queue_of {
    () => {
        "COALESCE((SELECT q.id FROM queues q
            WHERE (q.pack = '' OR q.pack = flags.pack) AND (q.platform = '' OR q.platform = flags.platform)
            AND (q.priority = '' OR q.priority = flags.priority) AND (q.actor = '' OR q.actor = flags.actor)
            AND (q.region = '' OR flags.regions LIKE '%|' || q.region || '|%')
            ORDER BY q.position, q.id LIMIT 1), 1)"
    };
}

/// Gives every flag that has none its queue. Returns how many.
pub async fn route(tx: &mut WriteTx) -> Result<u64> {
    const SQL: &str = concat!("UPDATE flags SET queue_id = ", queue_of!(), " WHERE queue_id IS NULL");
    exec!(tx, ex => sqlx::query(SQL).execute(ex))
}

/// Moves open flags to the queues where they belong now. Returns how many moved.
pub async fn reroute(tx: &mut WriteTx) -> Result<u64> {
    const SQL: &str =
        concat!("UPDATE flags SET queue_id = ", queue_of!(), " WHERE state = 'open' AND queue_id IS DISTINCT FROM ", queue_of!());
    exec!(tx, ex => sqlx::query(SQL).execute(ex))
}

/// Adds a queue, or changes the one with its id. Returns the id.
pub async fn save(tx: &mut WriteTx, queue: &NamedQueue) -> Result<i64> {
    const ADD: &str = "INSERT INTO queues (name, position, pack, platform, priority, actor, region)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    const CHANGE: &str =
        "UPDATE queues SET name = $1, position = $2, pack = $3, platform = $4, priority = $5, actor = $6, region = $7
        WHERE id = $8 RETURNING id";
    let sql = if queue.id == 0 { ADD } else { CHANGE };
    let id: Option<i64> = run!(tx, ex => {
        let query = sqlx::query_scalar(sql).bind(&queue.name).bind(queue.position).bind(&queue.pack).bind(&queue.platform)
            .bind(&queue.priority).bind(&queue.actor).bind(&queue.region);
        if queue.id == 0 { query } else { query.bind(queue.id) }.fetch_optional(ex)
    })?;
    id.ok_or_else(|| StoreError::NotFound(format!("queue {}", queue.id)))
}

/// Removes a queue; its flags have none until they are routed again.
pub async fn remove(tx: &mut WriteTx, id: i64) -> Result<()> {
    exec!(&mut *tx, ex => sqlx::query("UPDATE flags SET queue_id = NULL WHERE queue_id = $1").bind(id).execute(ex))?;
    if exec!(tx, ex => sqlx::query("DELETE FROM queues WHERE id = $1").bind(id).execute(ex))? == 0 {
        return Err(StoreError::NotFound(format!("queue {id}")));
    }
    Ok(())
}

/// Who may see which queue, besides supervisors: (queue, person).
pub async fn members(on: impl Into<Ex<'_>>) -> Result<Vec<(i64, UserId)>> {
    run!(on, ex => sqlx::query_as("SELECT queue_id, user_id FROM queue_members ORDER BY queue_id, user_id").fetch_all(ex))
}

/// Opens a queue to these people only; to everyone when there are none.
pub async fn set_members(tx: &mut WriteTx, queue: i64, people: &[UserId]) -> Result<()> {
    const ADD: &str = "INSERT INTO queue_members (queue_id, user_id) VALUES ($1, $2) ON CONFLICT (queue_id, user_id) DO NOTHING";
    exec!(&mut *tx, ex => sqlx::query("DELETE FROM queue_members WHERE queue_id = $1").bind(queue).execute(ex))?;
    for person in people {
        exec!(&mut *tx, ex => sqlx::query(ADD).bind(queue).bind(*person).execute(ex))?;
    }
    // Whoever follows changes and may see this queue from now on has not seen what stands in it.
    const CHANGED: &str = "UPDATE flag_changes SET seq = 0 WHERE flag_id IN (SELECT id FROM flags WHERE queue_id = $1)";
    exec!(tx, ex => sqlx::query(CHANGED).bind(queue).execute(ex))?;
    Ok(())
}

/// Queues that a person may not see. Supervisors, administrators and auditors see all.
pub async fn closed_to(on: impl Into<Ex<'_>>, user: &User) -> Result<Vec<i64>> {
    const SQL: &str = "SELECT DISTINCT m.queue_id FROM queue_members m
        WHERE NOT EXISTS (SELECT 1 FROM queue_members o WHERE o.queue_id = m.queue_id AND o.user_id = $1)";
    if user.role.supervises() || user.role.reads_log() {
        return Ok(Vec::new());
    }
    run!(on, ex => sqlx::query_scalar(SQL).bind(user.id).fetch_all(ex))
}

/// Whether a flag stands in one of the `closed` queues; one without a queue goes to the first.
pub fn keeps_out(closed: &[i64], queue: Option<i64>) -> bool {
    closed.contains(&queue.unwrap_or(FIRST))
}

/// A search that someone keeps.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SavedFilter {
    /// Row id.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Query string of the address.
    pub query: String,
    /// Whether colleagues see it.
    pub shared: bool,
    /// Sign-in name of who keeps it.
    pub owner: String,
}

/// A person's own searches and those that colleagues share.
pub async fn filters(on: impl Into<Ex<'_>>, reader: UserId) -> Result<Vec<SavedFilter>> {
    const SQL: &str =
        "SELECT s.id, s.name, s.query, s.shared, u.name AS owner FROM saved_filters s JOIN users u ON u.id = s.owner_id
        WHERE s.owner_id = $1 OR s.shared ORDER BY s.name, s.id";
    run!(on, ex => sqlx::query_as(SQL).bind(reader).fetch_all(ex))
}

/// Keeps a search, or replaces the one of that name.
pub async fn save_filter(tx: &mut WriteTx, owner: UserId, name: &str, query: &str, shared: bool) -> Result<()> {
    const SQL: &str = "INSERT INTO saved_filters (owner_id, name, query, shared, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (owner_id, name) DO UPDATE SET query = excluded.query, shared = excluded.shared";
    let now: Millis = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(owner).bind(name).bind(query).bind(shared).bind(now).execute(ex))?;
    Ok(())
}

/// Forgets a search of one's own.
pub async fn remove_filter(tx: &mut WriteTx, owner: UserId, id: i64) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM saved_filters WHERE id = $1 AND owner_id = $2").bind(id).bind(owner).execute(ex))?;
    Ok(())
}
