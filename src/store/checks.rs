//! Looks at requested posts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Ex, Result, Store, WriteTx};
use crate::domain::check::{CONFIRM_AFTER, Check, CheckOutcome, LATER, STOPS};
use crate::domain::ids::{BatchId, FlagId, PostId, UserId};
use crate::domain::post::Post;
use crate::domain::{Millis, Platform};

/// Records one look. `by`: who looked; none for a program.
pub async fn insert(tx: &mut WriteTx, post: PostId, outcome: CheckOutcome, by: Option<UserId>) -> Result<()> {
    const SQL: &str = "INSERT INTO checks (post_id, checked_at, outcome, checked_by) VALUES ($1, $2, $3, $4)";
    let now = tx.now();
    exec!(tx, ex => sqlx::query(SQL).bind(post).bind(now).bind(outcome).bind(by).execute(ex))?;
    Ok(())
}

/// The looks at a post, oldest first.
pub async fn of_post(on: impl Into<Ex<'_>>, post: PostId) -> Result<Vec<Check>> {
    const SQL: &str = "SELECT id, post_id, checked_at, outcome FROM checks WHERE post_id = $1 ORDER BY checked_at, id";
    run!(on, ex => sqlx::query_as(SQL).bind(post).fetch_all(ex))
}

/// A post of a request, and what the request rests on.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Followed {
    /// The post.
    #[sqlx(flatten)]
    pub post: Post,
    /// The flag.
    pub flag_id: FlagId,
    /// SHA-256 of the text that was decided about.
    pub decided_text: String,
    /// When the newest request about it left, or the withdrawal; 1970 while none did.
    pub sent_at: Millis,
}

macro_rules! followed {
    () => {
        "SELECT p.id, p.platform, p.native_id, p.url, p.author, p.text, p.posted_at, p.first_seen_at, p.views, p.source,
            MIN(f.id) AS flag_id, MAX(d.text_sha256) AS decided_text, "
    };
}

/// Looks at requested posts of `platform` since the newest request about each left, post by post, oldest first.
pub async fn since_sent(on: impl Into<Ex<'_>>, platform: Platform) -> Result<Vec<Check>> {
    const SQL: &str =
        "SELECT c.id, c.post_id, c.checked_at, c.outcome FROM checks c JOIN (SELECT f.post_id, MAX(d.sent_at) AS sent_at
            FROM deliveries d JOIN requests r ON r.batch_id = d.batch_id JOIN flags f ON f.id = r.flag_id
            WHERE r.kind = 'request' AND d.sent_at IS NOT NULL AND f.platform = $1 GROUP BY f.post_id) s ON s.post_id = c.post_id
        WHERE c.checked_at > s.sent_at ORDER BY c.post_id, c.checked_at, c.id";
    run!(on, ex => sqlx::query_as(SQL).bind(platform).fetch_all(ex))
}

/// Posts of `platform` in packages that leave now and ask something about them, and that no look since `since` told anything about.
pub async fn leaving_unseen(on: impl Into<Ex<'_>>, platform: Platform, now: Millis, since: Millis) -> Result<Vec<Followed>> {
    const SQL: &str = concat!(
        followed!(),
        "MAX(CAST(0 AS BIGINT)) AS sent_at FROM posts p JOIN flags f ON f.post_id = p.id JOIN decisions d ON d.id = f.decision_id
        JOIN package_rows r ON r.flag_id = f.id JOIN deliveries v ON v.batch_id = r.batch_id
        WHERE p.platform = $1 AND r.kind NOT IN ('withdrawal', 'correction', 'lead') AND v.state = 'queued' AND v.due_at <= $2
        AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.post_id = p.id AND c.checked_at >= $3 AND c.outcome <> 'unknown')
        GROUP BY p.id ORDER BY p.id"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(platform).bind(now).bind(since).fetch_all(ex))
}

/// All looks at posts of a package, by post, oldest first.
pub async fn of_batch(on: impl Into<Ex<'_>>, batch: BatchId) -> Result<BTreeMap<PostId, Vec<Check>>> {
    const SQL: &str = "SELECT c.id, c.post_id, c.checked_at, c.outcome FROM checks c JOIN flags f ON f.post_id = c.post_id
        JOIN package_rows r ON r.flag_id = f.id WHERE r.batch_id = $1 ORDER BY c.post_id, c.checked_at, c.id";
    let checks: Vec<Check> = run!(on, ex => sqlx::query_as(SQL).bind(batch).fetch_all(ex))?;
    let mut by_post: BTreeMap<PostId, Vec<Check>> = BTreeMap::new();
    for check in checks {
        by_post.entry(check.post_id).or_default().push(check);
    }
    Ok(by_post)
}

macro_rules! requested {
    () => {
        concat!(
            followed!(),
            "MAX(v.sent_at) AS sent_at FROM posts p JOIN flags f ON f.post_id = p.id JOIN decisions d ON d.id = f.decision_id
        JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id JOIN deliveries v ON v.batch_id = b.id
        WHERE p.platform = $1 AND f.state = 'upheld' AND b.state = 'sent' AND b.kind = 'request' AND v.sent_at IS NOT NULL
        GROUP BY p.id"
        )
    };
}

/// Posts of `platform` whose request was sent and not withdrawn since.
pub async fn followed(on: impl Into<Ex<'_>>, platform: Platform) -> Result<Vec<Followed>> {
    run!(on, ex => sqlx::query_as(concat!(requested!(), " ORDER BY p.id")).bind(platform).fetch_all(ex))
}

/// Of these, all whose next look can be due by `now`, and some others: what [`crate::domain::check::next_look`] decides about. A post that
/// was looked at since its last stop, and about which that look was sure, is left out.
pub async fn perhaps_due(on: impl Into<Ex<'_>>, platform: Platform, now: Millis) -> Result<Vec<Followed>> {
    const SQL: &str = concat!("SELECT q.* FROM (", requested!(), ") q LEFT JOIN checks c ON c.id = (SELECT l.id FROM checks l
            WHERE l.post_id = q.id AND l.checked_at > q.sent_at ORDER BY l.checked_at DESC, l.id DESC LIMIT 1)
        WHERE c.id IS NULL OR c.outcome = 'unknown' OR c.checked_at <= $2 - $3
        OR EXISTS (SELECT 1 FROM (SELECT $4 AS stop UNION ALL SELECT $5 UNION ALL SELECT $6 UNION ALL SELECT $7 UNION ALL SELECT $8) s
            WHERE c.checked_at < q.sent_at + s.stop AND q.sent_at + s.stop <= $2)
        OR (c.outcome = 'gone' AND NOT EXISTS (SELECT 1 FROM checks e WHERE e.post_id = q.id AND e.checked_at > q.sent_at
            AND (e.outcome IN ('restricted', 'private') OR (e.outcome = 'gone' AND e.checked_at <= c.checked_at - $9))
            AND NOT EXISTS (SELECT 1 FROM checks u WHERE u.post_id = q.id AND u.checked_at > e.checked_at AND u.outcome IN ('up', 'edited'))))
        ORDER BY q.id");
    let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    run!(on, ex => {
        let query = sqlx::query_as(SQL).bind(platform).bind(now).bind(millis(LATER));
        let query = STOPS.iter().fold(query, |query, stop| query.bind(millis(*stop)));
        query.bind(millis(CONFIRM_AFTER)).fetch_all(ex)
    })
}

/// Posts of `platform` whose withdrawal left, with when it did: looked at until one look finds them up again.
pub async fn withdrawn(on: impl Into<Ex<'_>>, platform: Platform) -> Result<Vec<Followed>> {
    const SQL: &str = concat!(followed!(), "MAX(v.sent_at) AS sent_at FROM posts p JOIN flags f ON f.post_id = p.id JOIN decisions d ON d.id = f.decision_id
        JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id JOIN deliveries v ON v.batch_id = b.id
        WHERE p.platform = $1 AND f.state = 'dismissed' AND p.text_sha256 <> '' AND b.state = 'sent' AND b.kind = 'withdrawal' AND v.sent_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.post_id = p.id AND c.checked_at > v.sent_at AND c.outcome IN ('up', 'edited'))
        GROUP BY p.id ORDER BY p.id");
    run!(on, ex => sqlx::query_as(SQL).bind(platform).fetch_all(ex))
}

/// All looks at these posts, post by post, oldest first.
pub async fn of_posts(on: &Store, posts: &[PostId]) -> Result<Vec<Check>> {
    let mut all = Vec::new();
    for chunk in posts.chunks(500) {
        let found: Vec<Check> = run_as!(on, ex: Db => async {
            let mut query = sqlx::QueryBuilder::<Db>::new("SELECT id, post_id, checked_at, outcome FROM checks WHERE post_id IN (");
            let mut list = query.separated(", ");
            for id in chunk {
                list.push_bind(*id);
            }
            query.push(") ORDER BY post_id, checked_at, id");
            query.build_query_as().fetch_all(ex).await
        })?;
        all.extend(found);
    }
    Ok(all)
}

/// Posts whose request was sent.
pub async fn requested(on: impl Into<Ex<'_>>) -> Result<Vec<PostId>> {
    const SQL: &str =
        "SELECT DISTINCT f.post_id FROM flags f JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id
        WHERE b.state = 'sent' AND b.kind = 'request' ORDER BY f.post_id";
    run!(on, ex => sqlx::query_scalar(SQL).fetch_all(ex))
}

/// All looks at posts whose request was sent, post by post, oldest first.
pub async fn of_requested(on: impl Into<Ex<'_>>) -> Result<Vec<Check>> {
    const SQL: &str = "SELECT id, post_id, checked_at, outcome FROM checks WHERE post_id IN (SELECT f.post_id FROM flags f
        JOIN requests r ON r.flag_id = f.id JOIN batches b ON b.id = r.batch_id WHERE b.state = 'sent' AND b.kind = 'request')
        ORDER BY post_id, checked_at, id";
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}
