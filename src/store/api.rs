//! What the JSON API keeps: tokens, requests that are answered once, which flags changed since when.

use super::{Ex, Result, WriteTx};
use crate::domain::Millis;
use crate::domain::ids::{FlagId, UserId};

/// A token of a person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiToken {
    /// Row id.
    pub id: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is for.
    pub name: String,
    /// May also decide.
    pub writes: bool,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// UTC day of the last use, days since 1970.
    pub used_day: Option<i64>,
    /// When a person ended it.
    pub revoked_at: Option<Millis>,
}

/// Keeps a new token. Returns its row id.
pub async fn insert_token(
    tx: &mut WriteTx,
    user: UserId,
    name: &str,
    token_sha256: &str,
    writes: bool,
    expires_at: Millis,
) -> Result<i64> {
    const SQL: &str = "INSERT INTO api_tokens (user_id, name, token_sha256, writes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let now = tx.now();
    run!(tx, ex => sqlx::query_scalar(SQL).bind(user).bind(name).bind(token_sha256).bind(writes).bind(now).bind(expires_at).fetch_one(ex))
}

/// The token with this hash, if it holds and its owner's account is in use.
pub async fn token(on: impl Into<Ex<'_>>, token_sha256: &str, now: Millis) -> Result<Option<ApiToken>> {
    const SQL: &str = "SELECT t.id, t.user_id, t.name, t.writes, t.created_at, t.expires_at, t.used_day, t.revoked_at
        FROM api_tokens t JOIN users u ON u.id = t.user_id
        WHERE t.token_sha256 = $1 AND t.revoked_at IS NULL AND t.expires_at > $2 AND u.disabled_at IS NULL";
    run!(on, ex => sqlx::query_as(SQL).bind(token_sha256).bind(now).fetch_optional(ex))
}

/// Notes the day on which a token was used.
pub async fn note_use(tx: &mut WriteTx, id: i64) -> Result<()> {
    let day = tx.now().utc_day();
    exec!(tx, ex => sqlx::query("UPDATE api_tokens SET used_day = $2 WHERE id = $1").bind(id).bind(day).execute(ex))?;
    Ok(())
}

/// Tokens of a person that hold, newest first.
pub async fn tokens(on: impl Into<Ex<'_>>, user: UserId, now: Millis) -> Result<Vec<ApiToken>> {
    const SQL: &str = "SELECT id, user_id, name, writes, created_at, expires_at, used_day, revoked_at FROM api_tokens
        WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC";
    run!(on, ex => sqlx::query_as(SQL).bind(user).bind(now).fetch_all(ex))
}

/// Tokens of all people that hold, with the names of their owners, newest first.
pub async fn all_tokens(on: impl Into<Ex<'_>>, now: Millis) -> Result<Vec<(String, ApiToken)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        owner: String,
        #[sqlx(flatten)]
        token: ApiToken,
    }
    const SQL: &str =
        "SELECT u.name AS owner, t.id, t.user_id, t.name, t.writes, t.created_at, t.expires_at, t.used_day, t.revoked_at
        FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.revoked_at IS NULL AND t.expires_at > $1 ORDER BY t.id DESC";
    let rows: Vec<Row> = run!(on, ex => sqlx::query_as(SQL).bind(now).fetch_all(ex))?;
    Ok(rows.into_iter().map(|row| (row.owner, row.token)).collect())
}

/// Whose token it is.
pub async fn owner(on: impl Into<Ex<'_>>, id: i64) -> Result<Option<UserId>> {
    run!(on, ex => sqlx::query_scalar("SELECT user_id FROM api_tokens WHERE id = $1").bind(id).fetch_optional(ex))
}

/// Ends a token of a person. True if it held.
pub async fn revoke(tx: &mut WriteTx, user: UserId, id: i64) -> Result<bool> {
    const SQL: &str = "UPDATE api_tokens SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL";
    let now = tx.now();
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(id).bind(user).bind(now).execute(ex))? == 1)
}

/// Ends every token of a person: with a new password, another role, or an account that is switched off.
pub async fn revoke_all(tx: &mut WriteTx, user: UserId) -> Result<u64> {
    const SQL: &str = "UPDATE api_tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(user).bind(now).execute(ex))
}

/// A request that came with an Idempotency-Key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiRequest {
    /// SHA-256 of method, address and body.
    pub request_sha256: String,
    /// When it came first.
    pub began_at: Millis,
    /// Status of the answer; none until it is there.
    pub status: Option<i32>,
    /// The answer.
    pub body: Option<String>,
}

/// Notes a request. False when the key is there already.
pub async fn begin_request(tx: &mut WriteTx, user: UserId, key: &str, request_sha256: &str) -> Result<bool> {
    const SQL: &str = "INSERT INTO api_requests (user_id, key, request_sha256, began_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, key) DO NOTHING";
    let now = tx.now();
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(user).bind(key).bind(request_sha256).bind(now).execute(ex))? == 1)
}

/// Takes a request over whose first try ended without an answer. True for one caller only.
pub async fn retake_request(tx: &mut WriteTx, user: UserId, key: &str, began_at: Millis) -> Result<bool> {
    const SQL: &str =
        "UPDATE api_requests SET began_at = $4 WHERE user_id = $1 AND key = $2 AND began_at = $3 AND status IS NULL";
    let now = tx.now();
    Ok(exec!(tx, ex => sqlx::query(SQL).bind(user).bind(key).bind(began_at).bind(now).execute(ex))? == 1)
}

/// A request by its key.
pub async fn request(on: impl Into<Ex<'_>>, user: UserId, key: &str) -> Result<Option<ApiRequest>> {
    const SQL: &str = "SELECT request_sha256, began_at, status, body FROM api_requests WHERE user_id = $1 AND key = $2";
    run!(on, ex => sqlx::query_as(SQL).bind(user).bind(key).fetch_optional(ex))
}

/// Keeps the answer to a request.
pub async fn answer_request(tx: &mut WriteTx, user: UserId, key: &str, status: i32, body: &str) -> Result<()> {
    const SQL: &str = "UPDATE api_requests SET status = $3, body = $4 WHERE user_id = $1 AND key = $2";
    exec!(tx, ex => sqlx::query(SQL).bind(user).bind(key).bind(status).bind(body).execute(ex))?;
    Ok(())
}

/// Forgets a request: its key may try again.
pub async fn forget_request(tx: &mut WriteTx, user: UserId, key: &str) -> Result<()> {
    exec!(tx, ex => sqlx::query("DELETE FROM api_requests WHERE user_id = $1 AND key = $2").bind(user).bind(key).execute(ex))?;
    Ok(())
}

/// Flags that changed behind this one, in the order of their newest change; many may share one event. Those in `closed`
/// queues are left out.
pub async fn changed(
    on: impl Into<Ex<'_>>,
    (seq, flag): (i64, FlagId),
    closed: &[i64],
    limit: i64,
) -> Result<Vec<(i64, FlagId)>> {
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(
            "SELECT c.seq, c.flag_id FROM flag_changes c JOIN flags f ON f.id = c.flag_id WHERE c.seq > 0 AND (c.seq, c.flag_id) > (",
        );
        query.push_bind(seq).push(", ").push_bind(flag).push(")");
        for queue in closed {
            query.push(" AND COALESCE(f.queue_id, 1) <> ").push_bind(*queue);
        }
        query.push(" ORDER BY c.seq, c.flag_id LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(ex).await
    })
}

/// Number of the event with which a flag changed last; 0 for none.
pub async fn change_of(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE((SELECT seq FROM flag_changes WHERE flag_id = $1), 0)";
    run!(on, ex => sqlx::query_scalar(SQL).bind(flag).fetch_one(ex))
}
