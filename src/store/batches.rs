//! Packages, their rows, files and signatures.

use super::flags::HeldBy;
use super::{Ex, Result, StoreError, WriteTx};
use crate::domain::answer::Outcome;
use crate::domain::batch::{Batch, BatchKind, BatchState, Request, Signature};
use crate::domain::decision::{InForce, Verdict};
use crate::domain::ids::{BatchId, DecisionId, FlagId, PostId, RequestId, UserId};
use crate::domain::{Millis, Platform};

/// The columns of a [`Batch`].
macro_rules! columns {
    () => {
        "id, code, kind, platform, state, package_sha256, recipient, message_id, created_by, created_at, rendered_at, about_id"
    };
}

/// Opens a draft with the next code of the year (`TR-2026-000001`, `TW-…` for withdrawals). `about`: the package that it
/// follows.
pub async fn insert(tx: &mut WriteTx, kind: BatchKind, platform: Platform, about: Option<BatchId>, by: UserId) -> Result<Batch> {
    let now = tx.now();
    let prefix = format!("{}-{}-", kind.prefix(), now.in_jakarta().year());
    const TAKEN: &str = "SELECT COUNT(*) FROM batches WHERE substr(code, 1, 8) = $1";
    let taken: i64 = run!(&mut *tx, ex => sqlx::query_scalar(TAKEN).bind(&prefix).fetch_one(ex))?;
    let code = format!("{prefix}{:06}", taken + 1);
    const SQL: &str = concat!(
        "INSERT INTO batches (code, kind, platform, created_by, created_at, about_id) VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING ",
        columns!()
    );
    run!(tx, ex => sqlx::query_as(SQL).bind(&code).bind(kind).bind(platform).bind(by).bind(now).bind(about).fetch_one(ex))
}

/// What a row of a further letter refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refers {
    /// The request that it follows.
    pub request: Option<RequestId>,
    /// The row that it takes back.
    pub corrects: Option<i64>,
    /// How many times it is said with this letter.
    pub time_no: i32,
}

impl Default for Refers {
    fn default() -> Self {
        Self { request: None, corrects: None, time_no: 1 }
    }
}

/// Adds a row. The schema refuses decisions that are not in force, not about this platform, or in use elsewhere.
pub async fn insert_row(tx: &mut WriteTx, batch: &Batch, item_no: i32, basis: InForce, refers: Refers) -> Result<()> {
    const REQUEST: &str = "INSERT INTO requests (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    const MENTION: &str =
        "INSERT INTO mentions (batch_id, kind, item_no, flag_id, decision_id, verdict, reviewer_id, request_id, corrects_id, time_no)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let asks = matches!(batch.kind, BatchKind::Request | BatchKind::Withdrawal);
    exec!(tx, ex => {
        let row = sqlx::query(if asks { REQUEST } else { MENTION }).bind(batch.id).bind(batch.kind).bind(item_no).bind(basis.flag())
            .bind(basis.decision()).bind(basis.verdict()).bind(basis.reviewer());
        if asks { row.execute(ex) } else { row.bind(refers.request).bind(refers.corrects).bind(refers.time_no).execute(ex) }
    })?;
    Ok(())
}

/// One package.
pub async fn get(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Option<Batch>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM batches WHERE id = $1");
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// One package, which must exist.
pub async fn require(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Batch> {
    get(on, id).await?.ok_or_else(|| StoreError::NotFound(format!("batch {id}")))
}

/// Packages, newest first.
pub async fn list(on: impl Into<Ex<'_>>, limit: i64) -> Result<Vec<Batch>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM batches ORDER BY id DESC LIMIT $1");
    run!(on, ex => sqlx::query_as(SQL).bind(limit).fetch_all(ex))
}

/// The rows of a package, in order.
pub async fn rows(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<Request>> {
    const SQL: &str = "SELECT request_id, corrects_id, time_no, batch_id, item_no, flag_id, decision_id, reviewer_id, signer_id FROM package_rows
        WHERE batch_id = $1 ORDER BY item_no";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// A row with all that a letter or a page says about it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RowDetail {
    /// The request that an answer would be about.
    pub request_id: Option<RequestId>,
    /// Position, from 1.
    pub item_no: i32,
    /// The flag.
    pub flag_id: FlagId,
    /// The post.
    pub post_id: PostId,
    /// The platform's own id.
    pub native_id: String,
    /// Canonical address.
    pub url: String,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was posted.
    pub posted_at: Option<Millis>,
    /// When we saw it first.
    pub first_seen_at: Millis,
    /// Rule pack.
    pub pack: String,
    /// Evidence.
    pub findings: sqlx::types::Json<Vec<crate::domain::flag::Finding>>,
    /// Hash of the rule set that raised the flag.
    pub rule_set: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: crate::domain::decision::Reason,
    /// Who reviewed it.
    pub reviewer_id: UserId,
    /// Sign-in name of who reviewed it.
    pub reviewer: String,
    /// Who read it as the second and agreed.
    pub second_id: Option<UserId>,
    /// SHA-256 of the text that was decided about.
    pub text_sha256: String,
    /// When a look last found the post on its platform.
    pub looked_at: Option<Millis>,
    /// True when the text is the one that was decided about.
    pub text_unchanged: bool,
    /// When.
    pub decided_at: Millis,
    /// What may keep it out of packages.
    #[sqlx(flatten)]
    pub held_by: HeldBy,
    /// SHA-256 of what its caption came as, and who read that when; none where a person brought it.
    pub capture_sha256: Option<String>,
    /// Connector or import, and program: `threads sisir/0.1.0`.
    pub capture_by: Option<String>,
    /// When.
    pub captured_at: Option<Millis>,
}

/// The rows of a package with their posts and decisions, in order, as it is at `now`.
pub async fn details(on: impl Into<Ex<'_>>, id: BatchId, now: Millis) -> Result<Vec<RowDetail>> {
    const SQL: &str =
        concat!(
"SELECT r.request_id, r.item_no, r.flag_id, p.id AS post_id, p.native_id, p.url, p.author, p.text, p.posted_at, p.first_seen_at,
        f.pack, f.findings, f.rule_set, d.verdict, d.reason, r.reviewer_id, u.name AS reviewer, s.analyst_id AS second_id, d.text_sha256,
        (SELECT MAX(c.checked_at) FROM checks c WHERE c.post_id = p.id AND c.outcome IN ('up', 'edited')) AS looked_at,
        d.text_sha256 = p.text_sha256 AS text_unchanged, d.decided_at,
        ", held_by!("$2"), ",
        c.sha256 AS capture_sha256, c.source || ' ' || c.tool AS capture_by, c.captured_at
        FROM package_rows r JOIN flags f ON f.id = r.flag_id JOIN posts p ON p.id = f.post_id
        JOIN decisions d ON d.id = r.decision_id JOIN users u ON u.id = r.reviewer_id
        LEFT JOIN second_opinions s ON s.decision_id = d.id
        LEFT JOIN captures c ON c.post_id = p.id AND c.text_sha256 = d.text_sha256
        WHERE r.batch_id = $1 ORDER BY r.item_no");
    run!(on, ex => sqlx::query_as(SQL).bind(id).bind(now).fetch_all(ex))
}

/// Packages that a flag stands in, newest first; those that were given up are left out.
pub async fn sent_with(on: impl Into<Ex<'_>>, flag: FlagId) -> Result<Vec<Batch>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM batches WHERE id IN (SELECT batch_id FROM package_rows WHERE flag_id = $1) AND state <> 'cancelled' ORDER BY id DESC"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(flag).fetch_all(ex))
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PackageFile {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a rendered package is fixed to.
#[derive(Debug, Clone)]
pub struct Rendered<'a> {
    /// SHA-256 of the complete message.
    pub package_sha256: &'a str,
    /// Address it goes to.
    pub recipient: &'a str,
    /// Fixed Message-ID.
    pub message_id: &'a str,
}

/// Stores the files of a draft and fixes it.
pub async fn render(tx: &mut WriteTx, id: BatchId, files: &[PackageFile], rendered: &Rendered<'_>) -> Result<()> {
    const FILE: &str = "INSERT INTO package_files (batch_id, name, media_type, sha256, bytes) VALUES ($1, $2, $3, $4, $5)";
    for file in files {
        exec!(&mut *tx, ex => sqlx::query(FILE).bind(id).bind(&file.name).bind(&file.media_type).bind(&file.sha256).bind(&file.bytes).execute(ex))?;
    }
    const SQL: &str = "UPDATE batches SET state = 'rendered', package_sha256 = $2, recipient = $3, message_id = $4, rendered_at = $5 WHERE id = $1 AND state = 'draft'";
    let now = tx.now();
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(rendered.package_sha256).bind(rendered.recipient).bind(rendered.message_id).bind(now)
            .execute(ex))?;
    if done == 1 { Ok(()) } else { Err(StoreError::Refused("the package is not a draft any more".into())) }
}

/// The files of a package, by name.
pub async fn files(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<PackageFile>> {
    const SQL: &str = "SELECT name, media_type, sha256, bytes FROM package_files WHERE batch_id = $1 ORDER BY name";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// One file of a package.
pub async fn file(on: impl Into<Ex<'_>>, id: BatchId, name: &str) -> Result<Option<PackageFile>> {
    const SQL: &str = "SELECT name, media_type, sha256, bytes FROM package_files WHERE batch_id = $1 AND name = $2";
    run!(on, ex => sqlx::query_as(SQL).bind(id).bind(name).fetch_optional(ex))
}

/// Signs a rendered package and puts its message into the outbox, due at `due_at`.
pub async fn sign(tx: &mut WriteTx, batch: &Batch, signer: UserId, package_sha256: &str, due_at: Millis) -> Result<()> {
    const SIGN: &str = "INSERT INTO signatures (batch_id, signer_id, package_sha256, recipient, message_id, signed_at) VALUES ($1, $2, $3, $4, $5, $6)";
    const ROWS: [&str; 2] =
        ["UPDATE requests SET signer_id = $2 WHERE batch_id = $1", "UPDATE mentions SET signer_id = $2 WHERE batch_id = $1"];
    const STATE: &str = "UPDATE batches SET state = 'signed' WHERE id = $1";
    const OUTBOX: &str =
        "INSERT INTO deliveries (batch_id, package_sha256, recipient, message_id, due_at) VALUES ($1, $2, $3, $4, $5)";
    let now = tx.now();
    exec!(&mut *tx, ex => sqlx::query(SIGN).bind(batch.id).bind(signer).bind(package_sha256).bind(batch.recipient.as_deref())
        .bind(batch.message_id.as_deref()).bind(now).execute(ex))?;
    for rows in ROWS {
        exec!(&mut *tx, ex => sqlx::query(rows).bind(batch.id).bind(signer).execute(ex))?;
    }
    exec!(&mut *tx, ex => sqlx::query(STATE).bind(batch.id).execute(ex))?;
    exec!(tx, ex => sqlx::query(OUTBOX).bind(batch.id).bind(package_sha256).bind(batch.recipient.as_deref())
        .bind(batch.message_id.as_deref()).bind(due_at).execute(ex))?;
    Ok(())
}

/// The signature of a package.
pub async fn signature(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Option<Signature>> {
    const SQL: &str = "SELECT batch_id, signer_id, package_sha256, signed_at FROM signatures WHERE batch_id = $1";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_optional(ex))
}

/// Gives a package up before its message was tried; its decisions are free again.
pub async fn cancel(tx: &mut WriteTx, id: BatchId) -> Result<()> {
    const OUTBOX: &str = "UPDATE deliveries SET state = 'cancelled' WHERE batch_id = $1";
    const STATE: &str = "UPDATE batches SET state = 'cancelled' WHERE id = $1";
    const ROWS: [&str; 2] =
        ["UPDATE requests SET released = TRUE WHERE batch_id = $1", "UPDATE mentions SET released = TRUE WHERE batch_id = $1"];
    exec!(&mut *tx, ex => sqlx::query(OUTBOX).bind(id).execute(ex))?;
    exec!(&mut *tx, ex => sqlx::query(STATE).bind(id).execute(ex))?;
    for rows in ROWS {
        exec!(&mut *tx, ex => sqlx::query(rows).bind(id).execute(ex))?;
    }
    Ok(())
}

/// The first row of a package whose decision is not the one in force any more.
pub async fn decided_anew(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Option<FlagId>> {
    const SQL: &str = "SELECT r.flag_id FROM package_rows r JOIN flags f ON f.id = r.flag_id
        WHERE r.batch_id = $1 AND (f.decision_id IS NULL OR f.decision_id <> r.decision_id) ORDER BY r.item_no LIMIT 1";
    run!(on, ex => sqlx::query_scalar(SQL).bind(id).fetch_optional(ex))
}

/// Number of packages by state.
pub async fn totals(on: impl Into<Ex<'_>>) -> Result<Vec<(BatchState, i64)>> {
    run!(on, ex => sqlx::query_as("SELECT state, COUNT(*) FROM batches GROUP BY state ORDER BY state").fetch_all(ex))
}

/// Rows of a package whose post another package asks for, by another flag: flag and that package's code. Packages that
/// were given up, and requests that were taken back, do not count.
pub async fn asked_elsewhere(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<(FlagId, String)>> {
    const SQL: &str = "SELECT f.id, MIN(b.code) FROM requests r JOIN flags f ON f.id = r.flag_id
        JOIN flags g ON g.post_id = f.post_id AND g.id <> f.id JOIN requests q ON q.flag_id = g.id AND q.released = FALSE
        JOIN batches b ON b.id = q.batch_id AND b.id <> r.batch_id
        WHERE r.batch_id = $1 AND r.kind = 'request' AND b.kind = 'request' AND b.state <> 'cancelled'
            AND NOT EXISTS (SELECT 1 FROM requests w JOIN batches v ON v.id = w.batch_id
                WHERE w.flag_id = g.id AND w.id > q.id AND v.kind = 'withdrawal' AND v.state = 'sent')
        GROUP BY f.id";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// Further letters about a package that were not given up, oldest first.
pub async fn about(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<Batch>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM batches
        WHERE about_id = $1 AND state <> 'cancelled' ORDER BY id"
    );
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// A row of a request that was sent and stands: its decision is in force, and it was not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// The row.
    pub request_id: RequestId,
    /// Its decision.
    pub decision_id: DecisionId,
    /// Who made it.
    pub decided_by: UserId,
    /// The post.
    pub post_id: PostId,
    /// The newest answer.
    pub outcome: Option<Outcome>,
    /// When that was entered.
    pub answered_at: Option<Millis>,
    /// Reminders of it that were not given up.
    pub reminders: i64,
    /// Applications with it that were not given up.
    pub applications: i64,
    /// A person left it at what the platform said.
    pub ended: bool,
}

/// The rows of a sent request that stand, in order.
pub async fn standing(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<Standing>> {
    const SQL: &str = "SELECT r.id AS request_id, r.decision_id, r.reviewer_id AS decided_by, f.post_id,
        (SELECT MAX(a.recorded_at) FROM answers a WHERE a.request_id = r.id) AS answered_at,
        (SELECT a.outcome FROM answers a WHERE a.request_id = r.id ORDER BY a.id DESC LIMIT 1) AS outcome,
        (SELECT COUNT(*) FROM mentions m WHERE m.request_id = r.id AND m.kind = 'reminder' AND m.released = FALSE) AS reminders,
        (SELECT COUNT(*) FROM mentions m WHERE m.request_id = r.id AND m.kind = 'application' AND m.released = FALSE) AS applications,
        EXISTS (SELECT 1 FROM request_ends e WHERE e.request_id = r.id) AS ended
        FROM requests r JOIN batches b ON b.id = r.batch_id JOIN flags f ON f.id = r.flag_id AND f.decision_id = r.decision_id
        WHERE r.batch_id = $1 AND b.kind = 'request' AND b.state = 'sent'
        AND NOT EXISTS (SELECT 1 FROM requests w WHERE w.flag_id = r.flag_id AND w.id > r.id AND w.released = FALSE) ORDER BY r.item_no";
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// Rows of letters that were sent and say what does not hold any more, while no correction takes them back.
macro_rules! wrong {
    () => {
        "FROM mentions m JOIN batches b ON b.id = m.batch_id JOIN flags f ON f.id = m.flag_id JOIN decisions d ON d.id = f.decision_id
        WHERE b.state = 'sent' AND m.kind IN ('application', 'lead', 'notice') AND m.verdict = 'uphold' AND d.verdict = 'dismiss'
        AND NOT EXISTS (SELECT 1 FROM mentions c WHERE c.corrects_id = m.id AND c.released = FALSE)"
    };
}

/// Rows of a sent application, lead or notice whose post was dismissed since, and that no correction takes back: row, the
/// decision in force, and who made it.
pub async fn to_correct(on: impl Into<Ex<'_>>, id: BatchId) -> Result<Vec<(i64, DecisionId, UserId)>> {
    const SQL: &str = concat!("SELECT m.id, d.id, d.decided_by ", wrong!(), " AND m.batch_id = $1 ORDER BY m.item_no");
    run!(on, ex => sqlx::query_as(SQL).bind(id).fetch_all(ex))
}

/// Letters that were sent and say something that does not hold any more, of which no correction was written: with how many posts.
pub async fn wrong(on: impl Into<Ex<'_>>) -> Result<Vec<(BatchId, String, i64)>> {
    const SQL: &str = concat!("SELECT b.id, b.code, COUNT(*) ", wrong!(), " GROUP BY b.id, b.code ORDER BY b.id");
    run!(on, ex => sqlx::query_as(SQL).fetch_all(ex))
}
