//! The queue: lists of flags, narrowed and searched; the next one to judge; who has which on the screen.

use sqlx::Row as _;
use sqlx::types::Json;

use super::{Ex, Result, Store, WriteTx};
use crate::domain::account::MarkKind;
use crate::domain::flag::{Finding, FlagState, Lane, Priority, Role};
use crate::domain::ids::{FlagId, UserId};
use crate::domain::{Millis, Platform};

/// Lists are counted up to here: counting a million rows takes longer than reading a page of them.
pub const COUNTED: i64 = 10_000;

/// A flag as a list shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FlagCard {
    /// Row id.
    pub id: FlagId,
    /// Order of work.
    pub priority: Priority,
    /// 0 to 100.
    pub score: i32,
    /// Place in the order of work: 100 (P1), 1,100 (P2) or 2,100 (P3), less the score.
    pub rank: i64,
    /// Where it stands.
    pub state: FlagState,
    /// Who looks at it next.
    pub lane: Lane,
    /// Evidence.
    pub findings: Json<Vec<Finding>>,
    /// When it was raised.
    pub opened_at: Millis,
    /// Where the post stands.
    pub platform: Platform,
    /// The author's part in the trade, as far as the rules see it.
    pub actor: Option<Role>,
    /// Public handle.
    pub author: String,
    /// Caption.
    pub text: String,
    /// When it was posted.
    pub posted_at: Option<Millis>,
    /// Views, where the platform says.
    pub views: Option<i64>,
    /// Name of who has it on the screen now.
    pub claimed_by: Option<String>,
    /// Reports of the public and of associations.
    pub tips: i64,
    /// Upheld flags of the same author; counted up to 100.
    pub upheld_before: i64,
    /// What people marked the account with; the help programme before a watch.
    pub mark: Option<MarkKind>,
}

/// What a list of flags is narrowed to. Empty text means "all".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// State, as stored; or `second`: upheld, and waiting for a second analyst.
    pub state: String,
    /// Priority, as stored.
    pub priority: String,
    /// Platform, as stored.
    pub platform: String,
    /// Named queue.
    pub queue: Option<i64>,
    /// Lane, as stored.
    pub lane: String,
    /// Part in the trade, as stored.
    pub actor: String,
    /// Region of the words.
    pub region: String,
    /// Handle of the author, exactly.
    pub author: String,
    /// Open longer than is meant: raised at these moments or before, for P1, P2 and P3.
    pub late: Option<[Millis; 3]>,
    /// Only accounts that are watched at this moment.
    pub watched: Option<Millis>,
    /// Words of caption, handle or notes; with `*` behind the last one it is the beginning of a word.
    pub words: String,
    /// Queues that the reader may not see.
    pub closed: Vec<i64>,
}

impl Filter {
    /// Open flags.
    pub fn open() -> Self {
        Self { state: FlagState::Open.as_str().to_owned(), ..Self::default() }
    }

    /// Whether the list is in order of work; others begin with the newest.
    pub fn by_rank(&self) -> bool {
        self.state == FlagState::Open.as_str() && self.words.is_empty()
    }

    /// The words that are searched for, in lower case.
    fn search(&self) -> Vec<String> {
        let split = self.words.split(|c: char| !c.is_alphanumeric());
        split.filter(|word| !word.is_empty()).map(str::to_lowercase).take(12).collect()
    }

    /// Whether the last word is only the beginning of one.
    fn is_beginning(&self) -> bool {
        self.words.trim_end().ends_with('*')
    }
}

/// Places that a priority has in the order of work.
const fn ranks(priority: Priority) -> (i64, i64) {
    match priority {
        Priority::P1 => (0, 100),
        Priority::P2 => (1_000, 1_100),
        Priority::P3 => (2_000, 2_100),
    }
}

/// How a list is read.
#[derive(Debug, Clone, Copy)]
struct Way {
    postgres: bool,
    /// Whether columns of the post are wanted.
    posts: bool,
    /// Whether the filter is known to leave few flags: those of a region are then found first and sorted. Otherwise the
    /// list is read in its order, and the first page is full soon. PostgreSQL chooses by itself.
    few: bool,
}

/// Tables and conditions of a filter. A search is read in the order of the full-text index, newest first: words that
/// stand in every post cost no more than a page of them.
fn narrow<DB: sqlx::Database>(query: &mut sqlx::QueryBuilder<DB>, filter: &Filter, way: Way)
where
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Millis: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let words = filter.search();
    let Way { postgres, posts, few } = way;
    let by_region = few && !postgres && words.is_empty() && !filter.region.is_empty();
    query.push(match (words.is_empty(), postgres) {
        // The order of a CROSS JOIN is kept.
        (true, _) if by_region => " FROM flag_regions g CROSS JOIN flags f ON f.id = g.flag_id",
        (true, _) => " FROM flags f",
        (false, true) => " FROM flag_search s JOIN flags f ON f.id = s.flag_id",
        (false, false) => " FROM flag_search s CROSS JOIN flags f ON f.id = s.rowid",
    });
    if posts || !filter.author.is_empty() {
        query.push(if words.is_empty() || postgres {
            " JOIN posts p ON p.id = f.post_id"
        } else {
            " CROSS JOIN posts p ON p.id = f.post_id"
        });
    }
    query.push(" WHERE 1 = 1");
    if filter.state == "second" {
        query.push(
            " AND f.state = 'upheld' AND f.decision_id IN (SELECT d.id FROM decisions d WHERE d.needs_second = TRUE
            AND NOT EXISTS (SELECT 1 FROM second_opinions s WHERE s.decision_id = d.id))",
        );
    } else if !filter.state.is_empty() {
        query.push(" AND f.state = ").push_bind(filter.state.clone());
    }
    for (column, value) in [
        ("f.priority", &filter.priority),
        ("f.platform", &filter.platform),
        ("f.lane", &filter.lane),
        ("f.actor", &filter.actor),
        ("p.author", &filter.author),
    ] {
        if !value.is_empty() {
            query.push(" AND ").push(column).push(" = ").push_bind(value.clone());
        }
    }
    // The priority says which part of the order of work it is: the index begins to read there.
    if let Ok(priority) = filter.priority.parse::<Priority>() {
        let (from, to) = ranks(priority);
        query.push(" AND f.rank BETWEEN ").push_bind(from).push(" AND ").push_bind(to);
    }
    if let Some(queue) = filter.queue {
        query.push(" AND f.queue_id = ").push_bind(queue);
    }
    for queue in &filter.closed {
        query.push(" AND COALESCE(f.queue_id, 1) <> ").push_bind(*queue);
    }
    if !filter.region.is_empty() {
        // SQLite makes a join of an EXISTS, and reads all regions for its Bloom filter; a scalar it asks row by row.
        let (before, behind) = match (by_region, postgres) {
            (true, _) => (" AND g.region = ", ""),
            (false, true) => (" AND EXISTS (SELECT 1 FROM flag_regions g WHERE g.flag_id = f.id AND g.region = ", ")"),
            (false, false) => (" AND (SELECT 1 FROM flag_regions g WHERE g.flag_id = f.id AND g.region = ", ") = 1"),
        };
        query.push(before).push_bind(filter.region.clone()).push(behind);
    }
    if let Some([p1, p2, p3]) = filter.late {
        // The first condition is for the index, the second for each priority.
        query.push(" AND f.opened_at <= ").push_bind(p1.max(p2).max(p3));
        query.push(" AND f.opened_at <= CASE f.priority WHEN 'P1' THEN ").push_bind(p1);
        query.push(" WHEN 'P2' THEN ").push_bind(p2).push(" ELSE ").push_bind(p3).push(" END");
    }
    if let Some(now) = filter.watched {
        query.push(
            " AND f.post_id IN (SELECT w.id FROM account_marks m JOIN posts w ON w.author = m.handle AND w.platform = m.platform
            WHERE m.kind = 'watch' AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > ",
        );
        query.push_bind(now).push("))");
    }
    if postgres && !words.is_empty() {
        let wanted = format!("{}{}", words.join(" & "), if filter.is_beginning() { ":*" } else { "" });
        query.push(" AND s.words @@ to_tsquery('simple', ").push_bind(wanted).push(")");
    } else if !words.is_empty() {
        let wanted = format!("\"{}\"{}", words.join("\" \""), if filter.is_beginning() { "*" } else { "" });
        query.push(" AND s.body MATCH ").push_bind(wanted);
    }
}

impl Filter {
    /// The order of its list, for SQL. `few`: a search is known to find few posts. Then all of them are found first and
    /// sorted; PostgreSQL, which expects more of it, would read the whole table in order.
    fn order(&self, postgres: bool, few: bool) -> &'static str {
        match (self.by_rank(), self.search().is_empty(), postgres) {
            (true, ..) => " ORDER BY f.rank, f.id LIMIT ",
            (false, true, _) => " ORDER BY f.id DESC LIMIT ",
            (false, false, true) if few => " ORDER BY s.flag_id + 0 DESC LIMIT ",
            (false, false, true) => " ORDER BY s.flag_id DESC LIMIT ",
            (false, false, false) => " ORDER BY s.rowid DESC LIMIT ",
        }
    }
}

/// Where a page of a list begins: behind this flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Its place in the order of work.
    pub rank: i64,
    /// Its row id.
    pub id: FlagId,
}

/// Columns of a [`FlagCard`]; this moment stands between the two halves and behind them.
const CARD: [&str; 2] = [
    "SELECT f.id, f.priority, f.score, f.rank, f.state, f.lane, f.findings, f.opened_at, p.platform, f.actor, p.author,
        p.text, p.posted_at, p.views, CASE WHEN f.claimed_until > ",
    " THEN (SELECT u.name FROM users u WHERE u.id = f.claimed_by) END AS claimed_by, (SELECT COUNT(*) FROM tips t WHERE t.post_id = p.id) AS tips,
        (SELECT COUNT(*) FROM (SELECT 1 FROM posts o JOIN flags g ON g.post_id = o.id AND g.state = 'upheld'
            WHERE o.platform = p.platform AND o.author = p.author AND o.author <> '' AND o.id <> p.id LIMIT 100) AS before) AS upheld_before,
        (SELECT MIN(m.kind) FROM account_marks m WHERE m.platform = p.platform AND LOWER(m.handle) = LOWER(p.author) AND m.ended_at IS NULL
            AND (m.until IS NULL OR m.until > ",
];

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    now: Millis,
    limit: i64,
    after: Option<After>,
    /// As for [`Way`].
    few: bool,
}

fn select<DB: sqlx::Database>(query: &mut sqlx::QueryBuilder<DB>, filter: &Filter, wanted: &Wanted, postgres: bool)
where
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    Millis: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    FlagId: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let [first, rest] = CARD;
    query.push(first).push_bind(wanted.now).push(rest).push_bind(wanted.now).push(")) AS mark");
    narrow(query, filter, Way { postgres, posts: true, few: wanted.few });
    if let Some(after) = wanted.after {
        if filter.by_rank() {
            query.push(" AND (f.rank, f.id) > (").push_bind(after.rank).push(", ").push_bind(after.id).push(")");
        } else {
            let searched = !postgres && !filter.search().is_empty();
            query.push(if searched { " AND s.rowid < " } else { " AND f.id < " }).push_bind(after.id);
        }
    }
    query.push(filter.order(postgres, wanted.few)).push_bind(wanted.limit);
}

/// A page of flags: open ones in order of work, others from the newest on.
pub async fn list(
    on: impl Into<Ex<'_>>,
    filter: &Filter,
    now: Millis,
    limit: i64,
    after: Option<After>,
) -> Result<Vec<FlagCard>> {
    read(on, filter, &Wanted { now, limit, after, few: false }).await
}

async fn read(on: impl Into<Ex<'_>>, filter: &Filter, wanted: &Wanted) -> Result<Vec<FlagCard>> {
    let on = on.into();
    let postgres = on.is_postgres();
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("");
        select(&mut query, filter, wanted, postgres);
        query.build_query_as().fetch_all(ex).await
    })
}

/// How the database reads the first page of a list, step by step in its own words.
pub async fn plan(store: &Store, filter: &Filter, now: Millis) -> Result<Vec<String>> {
    let few = count(store, filter).await? <= filter.counted();
    let wanted = Wanted { now, limit: 51, after: None, few };
    let on = Ex::from(store);
    let postgres = on.is_postgres();
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(if postgres { "EXPLAIN " } else { "EXPLAIN QUERY PLAN " });
        select(&mut query, filter, &wanted, postgres);
        let steps = query.build().fetch_all(ex).await?;
        // The words are the only column on PostgreSQL, and the last one on SQLite.
        steps.iter().map(|step| step.try_get::<String, _>(step.len() - 1)).collect::<sqlx::Result<Vec<String>>>()
    })
}

/// The newest flags that a search finds, at most [`Filter::counted`] + 1; on SQLite.
async fn newest(store: &Store, filter: &Filter) -> Result<Vec<FlagId>> {
    run_as!(store, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT f.id");
        narrow(&mut query, filter, Way { postgres: false, posts: false, few: false });
        query.push(filter.order(false, false)).push_bind(filter.counted() + 1);
        query.build_query_scalar().fetch_all(ex).await
    })
}

/// These flags, newest first.
async fn cards(store: &Store, ids: &[FlagId], now: Millis) -> Result<Vec<FlagCard>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let [first, rest] = CARD;
    run_as!(store, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(first);
        query.push_bind(now).push(rest).push_bind(now);
        query.push(")) AS mark FROM flags f JOIN posts p ON p.id = f.post_id WHERE f.id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(") ORDER BY f.id DESC");
        query.build_query_as().fetch_all(ex).await
    })
}

/// A page of a list, and how long the list is.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Flags that the filter leaves, at most [`Filter::counted`] + 1.
    pub found: i64,
    /// Those of the page.
    pub cards: Vec<FlagCard>,
}

/// A page of flags as by [`list`], and how many there are.
pub async fn page(store: &Store, filter: &Filter, now: Millis, limit: i64, after: Option<After>) -> Result<Listed> {
    if filter.search().is_empty() || Ex::from(store).is_postgres() {
        let found = count(store, filter).await?;
        let few = found <= filter.counted();
        return Ok(Listed { found, cards: read(store, filter, &Wanted { now, limit, after, few }).await? });
    }
    // SQLite collects all posts with words of a beginning before it gives the first: it is asked once.
    let ids = newest(store, filter).await?;
    let found = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let behind = |id: FlagId| after.is_none_or(|after| id < after.id);
    let further = found > filter.counted() && !ids.last().is_some_and(|last| behind(*last));
    let cards = if further {
        list(store, filter, now, limit, after).await?
    } else {
        let wanted = usize::try_from(limit).unwrap_or(0);
        let here: Vec<FlagId> = ids.into_iter().filter(|id| behind(*id)).take(wanted).collect();
        cards(store, &here, now).await?
    };
    Ok(Listed { found, cards })
}

impl Filter {
    /// Up to where its list is counted. A search reads each of its rows.
    pub fn counted(&self) -> i64 {
        if self.search().is_empty() { COUNTED } else { COUNTED / 10 }
    }
}

/// How many flags a filter leaves, at most [`Filter::counted`] + 1.
pub async fn count(on: impl Into<Ex<'_>>, filter: &Filter) -> Result<i64> {
    let on = on.into();
    let postgres = on.is_postgres();
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT COUNT(*) FROM (SELECT 1");
        narrow(&mut query, filter, Way { postgres, posts: false, few: true });
        query.push(" LIMIT ").push_bind(filter.counted() + 1).push(") AS found");
        query.build_query_scalar().fetch_one(ex).await
    })
}

/// Flags that a filter leaves and nobody has on the screen, at most `limit`, with the SHA-256 of their text.
pub async fn members(on: impl Into<Ex<'_>>, filter: &Filter, now: Millis, limit: i64) -> Result<Vec<(FlagId, String)>> {
    let on = on.into();
    let postgres = on.is_postgres();
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new("SELECT f.id, p.text_sha256");
        narrow(&mut query, filter, Way { postgres, posts: true, few: true });
        query.push(" AND (f.claimed_until IS NULL OR f.claimed_until <= ").push_bind(now).push(")");
        query.push(" ORDER BY f.id LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(ex).await
    })
}

/// Whose queue is asked for.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The person.
    pub id: UserId,
    /// Whether escalated flags are for this person.
    pub supervises: bool,
    /// Queues that the person may not see.
    pub closed: Vec<i64>,
    /// The queue that the person works in; none for all.
    pub queue: Option<i64>,
}

/// The most urgent open flag for `reader` that nobody else has on the screen; with `after`, the next one behind it.
pub async fn next_open(on: impl Into<Ex<'_>>, reader: &Reader, now: Millis, after: Option<FlagId>) -> Result<Option<FlagId>> {
    run_as!(on, ex: Db => async {
        let mut query = sqlx::QueryBuilder::<Db>::new(
            "SELECT f.id FROM flags f WHERE f.state = 'open' AND (f.claimed_until IS NULL OR f.claimed_until <= ",
        );
        query.push_bind(now).push(" OR f.claimed_by = ").push_bind(reader.id);
        query.push(") AND (f.lane = 'first' OR (f.lane = 'second_look' AND f.referred_by <> ").push_bind(reader.id);
        query.push(if reader.supervises { ") OR f.lane = 'escalated')" } else { "))" });
        if let Some(queue) = reader.queue {
            query.push(" AND f.queue_id = ").push_bind(queue);
        }
        for queue in &reader.closed {
            query.push(" AND COALESCE(f.queue_id, 1) <> ").push_bind(*queue);
        }
        if let Some(after) = after {
            query.push(" AND (f.rank, f.id) > (SELECT s.rank, s.id FROM flags s WHERE s.id = ").push_bind(after).push(")");
        }
        query.push(" ORDER BY f.rank, f.id LIMIT 1");
        query.build_query_scalar().fetch_optional(ex).await
    })
}

/// Lets go of a flag.
pub async fn release(tx: &mut WriteTx, id: FlagId, reader: UserId) -> Result<()> {
    const SQL: &str = "UPDATE flags SET claimed_by = NULL, claimed_until = NULL WHERE id = $1 AND claimed_by = $2";
    exec!(tx, ex => sqlx::query(SQL).bind(id).bind(reader).execute(ex))?;
    Ok(())
}

/// Takes a flag for `reader` until `until`, unless someone else has it. True when taken.
pub async fn claim(tx: &mut WriteTx, id: FlagId, reader: UserId, until: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE flags SET claimed_by = $2, claimed_until = $3 WHERE id = $1 AND state = 'open'
        AND (claimed_until IS NULL OR claimed_until <= $4 OR claimed_by = $2)";
    let now = tx.now();
    let done = exec!(tx, ex => sqlx::query(SQL).bind(id).bind(reader).bind(until).bind(now).execute(ex))?;
    Ok(done == 1)
}
