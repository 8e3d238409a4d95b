//! The desk with a million flags: next post, list, search, a hundred analysts at once, a bulk of ten thousand.
//!
//! ```console
//! $ cargo bench --bench desk -- [FLAGS] [ADDRESS OF AN EMPTY PostgreSQL DATABASE]
//! ```
//!
//! Each figure stands beside its floor in the same run: one row by its key, through the same pool.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench stops where something is wrong, and prints what it measured"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::ids::FlagId;
use sisir::domain::user::{Language, Role, User};
use sisir::domain::{Clock, Entropy, Millis, SystemClock};
use sisir::pipeline::bulk::{self, Confirmation};
use sisir::pipeline::{NoCheckpoints, Pipeline, RulesInUse, review, rule_packs};
use sisir::store::queue::{self, After, Filter, Reader};
use sisir::store::{Store, bulks, decisions, flags, users};

/// Calls of each measurement.
const CALLS: usize = 200;
/// When the first flag was raised; each further one a millisecond later.
const OPENED: i64 = 1_700_000_000_000;
/// People at the desk at the same time, and posts that each of them judges.
const PEOPLE: usize = 100;
const POSTS_EACH: usize = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let flags: i64 = arguments.first().map_or(1_000_000, |flags| flags.parse().expect("a number of flags"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut urls = vec![format!("sqlite:{}", folder.path().join("desk.db").display())];
    urls.extend(arguments.get(1).cloned());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for url in urls {
        runtime.block_on(measure(&url, flags));
    }
}

async fn pipeline(url: &str) -> Pipeline {
    let config = sisir::config::parse("bench", &format!("[database]\nurl = {url:?}\npool = 16\n"), []).expect("a configuration");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::connect(url, config.database.pool, clock).await.expect("a database");
    store.migrate().await.expect("a schema");
    let sources = rule_packs::configured(&config, &store).await.expect("rules");
    let rules = sisir::rules::load(&sources).rule_set.expect("rules without errors");
    Pipeline {
        store,
        config: Arc::new(config),
        rules_in_use: Arc::new(RulesInUse::new(rules)),
        entropy: Arc::new(Entropy::seeded(1)),
        checkpoints: Arc::new(NoCheckpoints),
    }
}

/// Posts and flags by one statement each. Words are common (`bal`), rare (`nomor123`), and of ten thousand copies each.
async fn fill(url: &str, flags: i64) {
    let (numbers, postgres) = if url.starts_with("sqlite:") {
        (format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {flags}) "), false)
    } else {
        (format!("WITH n AS (SELECT i FROM generate_series(1, {flags}) AS i) "), true)
    };
    let posts = format!(
        "INSERT INTO posts (platform, native_id, url, author, text, text_sha256, posted_at, first_seen_at, views, source, screened_by)
        {numbers} SELECT CASE WHEN i % 1000 = 0 THEN 'mastodon' WHEN i % 3 = 0 THEN 'instagram' ELSE 'tiktok' END, CAST(i AS TEXT),
            'https://contoh.id/' || CAST(i AS TEXT), 'toko' || CAST(i % 20000 AS TEXT),
            'Buka bal import isi nomor' || CAST(i % 10000 AS TEXT) || ' ready ballpress grade A kelompok' || CAST(i % 100 AS TEXT) || ' minat WA',
            'sha' || CAST(i AS TEXT), 1700000000000, 1700000000000, i % 5000, 'import', 'h' FROM n"
    );
    let flags = "INSERT INTO flags (post_id, platform, pack, rule_set, priority, score, findings, opened_at, queue_id, fingerprint, regions, lane, referred_by)
        SELECT p.id, p.platform, 'pakaian-bekas-impor', 'h', CASE WHEN p.id % 10 = 0 THEN 'P1' WHEN p.id % 10 < 4 THEN 'P2' ELSE 'P3' END, p.id % 100,
            '[{\"rule\":\"bal-ditawarkan\",\"axes\":[\"used_clothing\"],\"spans\":[[5,15]],\"why\":\"contoh\"}]', 1700000000000 + p.id, 1 + p.id % 2, p.id % 100,
            CASE WHEN p.id % 100000 = 7 THEN '|kupang|' WHEN p.id % 50 = 0 THEN '|medan|' WHEN p.id % 5 = 0 THEN '|bandung|surabaya|' ELSE '' END,
            CASE WHEN p.id % 100000 = 8 THEN 'escalated' ELSE 'first' END, CASE WHEN p.id % 100000 = 8 THEN 1 END FROM posts p";
    let flags = if postgres { flags.replace("'[{", "CAST('[{").replace("}]'", "}]' AS JSONB)") } else { flags.to_owned() };
    let statements = [
        "INSERT INTO rule_sets (hash, pack, first_used_at) VALUES ('h', 'pakaian-bekas-impor', 1)".to_owned(),
        posts,
        flags,
        "UPDATE flag_changes SET seq = 1".to_owned(),
        "ANALYZE".to_owned(),
    ];
    if postgres {
        let pool = sqlx::PgPool::connect(url).await.expect("a database");
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.expect("a statement");
        }
    } else {
        let pool = sqlx::SqlitePool::connect(url).await.expect("a database");
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.expect("a statement");
        }
    }
}

async fn people(pipeline: &Pipeline) -> Vec<User> {
    let mut tx = pipeline.store.write_tx().await.expect("a transaction");
    for n in 0..PEOPLE {
        users::insert(&mut tx, &format!("analis{n}"), Role::Analyst, false, Language::Indonesian, "x").await.expect("a person");
    }
    tx.commit_housekeeping().await.expect("a commit");
    users::all(&pipeline.store).await.expect("people")
}

/// Sorted times of `CALLS` calls.
async fn times<F: Future<Output = ()>>(mut call: impl FnMut(usize) -> F) -> Vec<Duration> {
    let mut times = Vec::with_capacity(CALLS);
    for n in 0..CALLS {
        let began = Instant::now();
        call(n).await;
        times.push(began.elapsed());
    }
    times.sort();
    times
}

fn percentile(sorted: &[Duration], share: usize) -> Duration {
    sorted.get(sorted.len() * share / 100).or(sorted.last()).copied().unwrap_or_default()
}

fn line(what: &str, sorted: &[Duration], floor: Duration) {
    let p95 = percentile(sorted, 95);
    println!(
        "  {what:<44} p50 {:>9.3?}  p95 {p95:>9.3?}  {:>7.1} × one row by its key",
        percentile(sorted, 50),
        p95.as_secs_f64() / floor.as_secs_f64()
    );
}

async fn measure(url: &str, count: i64) {
    let began = Instant::now();
    let pipeline = pipeline(url).await;
    let people = people(&pipeline).await;
    fill(url, count).await;
    let store = &pipeline.store;
    println!(
        "{} with {count} open flags, filled in {:.0?}",
        store.schema_status().await.expect("a schema").engine,
        began.elapsed()
    );
    let now = pipeline.clock().now();
    let floor = times(|n| async move {
        flags::get(store, FlagId(i64::try_from(n * 37 + 1).expect("small"))).await.expect("a flag");
    })
    .await;
    let floor = percentile(&floor, 95);
    let person = people.first().expect("people");
    let reader = &Reader { id: person.id, supervises: false, closed: Vec::new(), queue: None };
    let narrow = |filter: Filter, after: Option<After>, what: &'static str| async move {
        // As the page of the desk does it: counted and listed.
        let filter = &filter;
        let sorted = times(|_| async move {
            queue::page(store, filter, now, 51, after).await.expect("a page");
        })
        .await;
        line(what, &sorted, floor);
        if after.is_none() {
            for step in queue::plan(store, filter, now).await.expect("a plan") {
                println!("      {step}");
            }
        }
    };
    let first = queue::list(store, &Filter::open(), now, 1, None).await.expect("a list");
    let middle = After { rank: first.first().expect("a flag").rank + 1_500, id: FlagId(count / 2) };
    line(
        "next post",
        &times(|_| async move {
            queue::next_open(store, reader, now, None).await.expect("a post");
        })
        .await,
        floor,
    );
    narrow(Filter::open(), None, "list, first page").await;
    narrow(Filter::open(), Some(middle), "list, a page in the middle").await;
    narrow(Filter { queue: Some(2), ..Filter::open() }, None, "list of a named queue").await;
    narrow(Filter { platform: "mastodon".into(), ..Filter::open() }, None, "list of a rare platform").await;
    narrow(Filter { priority: "P3".into(), ..Filter::open() }, None, "list of the last priority").await;
    narrow(Filter { words: "nomor4711".into(), ..Filter::open() }, None, "search, a rare word").await;
    narrow(Filter { words: "ballpress kelompok77".into(), ..Filter::open() }, None, "search, a word of 1 in 100").await;
    narrow(Filter { words: "bal import".into(), ..Filter::open() }, None, "search, words of every post").await;
    narrow(Filter { words: "bal imp*".into(), ..Filter::default() }, None, "search, the beginning of such a word").await;
    narrow(Filter { author: "toko123".into(), ..Filter::default() }, None, "posts of an account").await;
    narrow(Filter { region: "medan".into(), ..Filter::open() }, None, "list of a region of 1 in 50").await;
    narrow(Filter { region: "kupang".into(), ..Filter::open() }, None, "list of a region of 1 in 100,000").await;
    narrow(Filter { lane: "escalated".into(), ..Filter::open() }, None, "list of 1 in 100,000 escalated").await;
    let old = [1, 2, 3].map(|n| Millis(OPENED + n * 100));
    narrow(Filter { late: Some(old), ..Filter::open() }, None, "list of a few late ones").await;
    let all = [Millis(i64::MAX); 3];
    narrow(Filter { late: Some(all), ..Filter::open() }, None, "list of late ones, all are").await;
    narrow(Filter { watched: Some(now), ..Filter::open() }, None, "list of watched accounts").await;
    narrow(Filter { state: "second".into(), ..Filter::default() }, None, "list for the second analyst, none").await;

    let began = Instant::now();
    let tasks = people.iter().cloned().map(|person| tokio::spawn(judge(pipeline.clone(), person)));
    let done: Vec<FlagId> = futures::future::join_all(tasks).await.into_iter().flat_map(|done| done.expect("a person")).collect();
    let different: BTreeSet<FlagId> = done.iter().copied().collect();
    println!(
        "  {PEOPLE} analysts at once: {} decisions, {} decided twice, {:.0} a second",
        done.len(),
        done.len() - different.len(),
        f64::from(u32::try_from(done.len()).expect("small")) / began.elapsed().as_secs_f64()
    );

    let began = Instant::now();
    let filter = Filter { words: "kelompok42".into(), ..Filter::open() };
    let id = bulk::of_list(&pipeline, person, "q=kelompok42", &filter).await.expect("a bulk");
    let sample = bulks::members(store, id, 10).await.expect("a sample");
    let preview = began.elapsed();
    let made = bulks::get(store, id).await.expect("a bulk").expect("the bulk");
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Charity, "").expect("a judgement");
    let confirmed = Confirmation { looked_at: sample.iter().map(|member| member.id).collect(), typed: made.members.to_string() };
    let began = Instant::now();
    let decided = bulk::decide(&pipeline, person, id, &judgement, &confirmed).await.expect("a decision");
    println!("  bulk of {decided}: preview {preview:.2?}, decision {:.2?}", began.elapsed());
}

/// One analyst: the next post, a decision, the next post.
async fn judge(pipeline: Pipeline, person: User) -> Vec<FlagId> {
    let judgement = Judgement::new(Verdict::Dismiss, Reason::Charity, "").expect("a judgement");
    let mut done = Vec::new();
    while done.len() < POSTS_EACH {
        // Many at once: a refusal says that all of the first few were taken by colleagues; the next try finds others.
        let Ok(Some(id)) = review::take_next(&pipeline, &person, None, None).await else { continue };
        let seen = decisions::seen(&pipeline.store, id).await.expect("the post");
        review::decide(&pipeline, &person, id, &seen, &judgement).await.expect("a decision");
        done.push(id);
    }
    done
}
