//! How each source stands, what it brought, what it will do next, and whether it fell silent: for the desk and
//! `sisir sources`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::crawl::{next_steps, share};
use super::planner::Why;
use super::{Pipeline, Result, allowed};
use crate::config::Mode;
use crate::domain::Millis;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::source::SourceState;
use crate::domain::user::User;
use crate::platforms::{QuotaDay, SOURCES, SourceInfo, source_info};
use crate::store::crawl::{self, Reject};
use crate::store::yields::Yield;
use crate::store::{StoreError, alerts};

const DAY: Duration = Duration::from_hours(24);
/// Days that charts show.
pub const DAYS: u32 = 14;
/// A source that works was read within this time.
const LATE: Duration = Duration::from_hours(24);
/// Days without a new post before a source counts as silent …
const SILENT_DAYS: usize = 3;
/// … if it was asked at least this often in them, and brought at least as many posts in the days before.
const ENOUGH: i64 = 10;

/// A source.
#[derive(Debug, Clone)]
pub struct SourceStatus {
    /// Name.
    pub name: &'static str,
    /// The setting that switches it on.
    pub key: &'static str,
    /// How it runs.
    pub mode: Mode,
    /// Why it rests; empty when it works.
    pub problem: String,
    /// Whether only a person can let it go on.
    pub stopped: bool,
    /// Last good answer.
    pub last_ok_at: Option<Millis>,
    /// When its access token ends, if known.
    pub token_until: Option<Millis>,
    /// Requests used today, where the quota is counted.
    pub used_today: i64,
    /// Requests allowed a day.
    pub budget: i64,
    /// What was paid for today, where the platform charges: how many, of how many, and thousandths of a US dollar.
    pub paid: Option<(i64, i64, i64)>,
}

/// How the sources stand.
pub async fn list(pipeline: &Pipeline, now: Millis) -> Result<Vec<SourceStatus>> {
    let config = &pipeline.config;
    let mut all = Vec::new();
    for source in SOURCES {
        let name = source.name;
        let day = QuotaDay::of(now, source.quota_zone).key;
        let row = crawl::source(&pipeline.store, name).await?;
        let resting = row.as_ref().filter(|row| match row.state {
            SourceState::Ok => false,
            SourceState::Parked => row.parked_until.is_some_and(|until| until > now),
            SourceState::Stopped => true,
        });
        let problem = resting.map(|row| match row.parked_until {
            Some(until) => format!("{} – {}", until.wib(), row.reason),
            None => row.reason.clone(),
        });
        let paid = match &source.price {
            Some(price) => {
                let used = crawl::quota_used(&pipeline.store, &format!("{name}:{}", price.bucket), &day).await?;
                Some((used, (price.daily)(config), used * price.milli_usd))
            }
            None => None,
        };
        all.push(SourceStatus {
            name,
            key: source.key,
            mode: (source.mode)(config),
            problem: problem.unwrap_or_default(),
            stopped: resting.is_some_and(|row| row.state == SourceState::Stopped),
            token_until: row.as_ref().and_then(|row| row.token_until),
            last_ok_at: row.and_then(|row| row.last_ok_at),
            used_today: crawl::quota_used(&pipeline.store, name, &day).await?,
            budget: (source.budget)(config),
            paid,
        });
    }
    Ok(all)
}

/// What is odd about a source that nobody would notice otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nothing.
    Fine,
    /// Switched on, and not read for a day.
    Late,
    /// Asked, and answering, but without a new post for days: searches of unapproved apps look like this.
    Silent,
}

impl std::fmt::Display for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fine => "fine",
            Self::Late => "late",
            Self::Silent => "silent",
        })
    }
}

/// A day of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceDay {
    /// `YYYY-MM-DD` where the quota is counted.
    pub day: String,
    /// Requests.
    pub requests: i64,
    /// Posts not seen before (UTC day).
    pub posts: i64,
    /// Of these, posts that a rule flagged.
    pub flagged: i64,
}

/// A query in the plan of the next crawl.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryPlan {
    /// What is asked for.
    pub words: String,
    /// Place of its first window in the order of reading, from 1.
    pub first: usize,
    /// Its first window stands there because it waited longest.
    pub explores: bool,
    /// Windows to read.
    pub windows: usize,
    /// Requests that will take.
    pub calls: i64,
    /// Relevant posts that promises.
    pub promised: f64,
    /// What it brought in the last days.
    pub known: Yield,
    /// When it was asked last.
    pub asked_at: Option<Millis>,
}

/// What the next crawl reads of a source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Windows on offer: one for each query and span of time.
    pub windows: usize,
    /// Windows read to their end, which are not asked for again.
    pub complete: usize,
    /// Windows that will be read.
    pub waiting: usize,
    /// Requests that will take, by what the queries brought so far.
    pub forecast: i64,
    /// Requests that the next scheduled run may use.
    pub allowance: i64,
    /// The queries, in the order of reading.
    pub queries: Vec<QueryPlan>,
}

/// Everything about a source.
#[derive(Debug, Clone)]
pub struct SourceDetail {
    /// How it stands.
    pub status: SourceStatus,
    /// The last [`DAYS`] days, oldest first.
    pub days: Vec<SourceDay>,
    /// Items of these days that could not be read.
    pub rejects: i64,
    /// Failures of today that waiting did not mend: kind and number.
    pub failures: Vec<(String, i64)>,
    /// What comes next; none while it is off, and for sources that cannot be searched.
    pub plan: Option<Plan>,
    /// What is odd.
    pub health: Health,
}

impl SourceDetail {
    /// Requests of all days.
    pub fn requests(&self) -> i64 {
        self.days.iter().map(|day| day.requests).sum()
    }

    /// New posts of all days.
    pub fn posts(&self) -> i64 {
        self.days.iter().map(|day| day.posts).sum()
    }

    /// Flagged posts of all days.
    pub fn flagged(&self) -> i64 {
        self.days.iter().map(|day| day.flagged).sum()
    }

    /// New posts for a hundred requests; none without requests.
    pub fn per_hundred(&self) -> Option<i64> {
        (self.posts() * 100).checked_div(self.requests())
    }
}

/// Reads everything about every source, and the last items that could not be read.
pub async fn details(pipeline: &Pipeline) -> Result<(Vec<SourceDetail>, Vec<Reject>)> {
    let mut all = states(pipeline).await?;
    for (source, info) in all.iter_mut().zip(SOURCES) {
        if source.status.mode != Mode::Disabled && info.windows.is_some() {
            source.plan = Some(plan(pipeline, info).await?);
        }
    }
    Ok((all, crawl::last_rejects(&pipeline.store, 20).await?))
}

/// The same without what comes next, which takes reading every window.
pub(super) async fn states(pipeline: &Pipeline) -> Result<Vec<SourceDetail>> {
    let (store, now) = (&pipeline.store, pipeline.clock().now());
    let since = now.minus(DAY * (DAYS - 1)).utc_day_start();
    let quota = crawl::quota_since(store, &QuotaDay::of(since.minus(DAY), "UTC").key).await?;
    let brought = crawl::brought_since(store, since).await?;
    let rejects: BTreeMap<String, i64> = crawl::rejects_since(store, since).await?.into_iter().collect();
    let failures = alerts::failures_since(store, now.utc_day()).await?;
    let mut all = Vec::new();
    for (status, info) in list(pipeline, now).await?.into_iter().zip(SOURCES) {
        let days: Vec<SourceDay> = (0..DAYS)
            .rev()
            .map(|back| {
                let at = now.minus(DAY * back);
                let (local, utc) = (QuotaDay::of(at, info.quota_zone).key, at.utc_day());
                let new = brought.iter().find(|row| row.source == info.name && row.day == utc);
                SourceDay {
                    requests: quota
                        .iter()
                        .filter(|(name, day, _)| name == info.name && *day == local)
                        .map(|(_, _, used)| used)
                        .sum(),
                    posts: new.map_or(0, |row| row.posts),
                    flagged: new.map_or(0, |row| row.flagged),
                    day: local,
                }
            })
            .collect();
        // What is only asked when there is a reason is neither late nor silent.
        let health = if info.windows.is_some() { health(&status, &days, now) } else { Health::Fine };
        let failures = failures.iter().filter(|(name, ..)| name == info.name).map(|(_, class, count)| (class.clone(), *count));
        all.push(SourceDetail {
            failures: failures.collect(),
            rejects: rejects.get(info.name).copied().unwrap_or(0),
            status,
            days,
            plan: None,
            health,
        });
    }
    Ok(all)
}

fn health(status: &SourceStatus, days: &[SourceDay], now: Millis) -> Health {
    if status.mode == Mode::Disabled || !status.problem.is_empty() {
        return Health::Fine;
    }
    if status.last_ok_at.is_some_and(|at| now.since(at) > LATE) {
        return Health::Late;
    }
    let (before, lately) = days.split_at(days.len().saturating_sub(SILENT_DAYS));
    let sum = |days: &[SourceDay], of: fn(&SourceDay) -> i64| days.iter().map(of).sum::<i64>();
    let asked = sum(lately, |day| day.requests) >= ENOUGH;
    let fell_silent = sum(lately, |day| day.posts) == 0 && sum(before, |day| day.posts) >= ENOUGH;
    if asked && fell_silent { Health::Silent } else { Health::Fine }
}

async fn plan(pipeline: &Pipeline, source: &SourceInfo) -> Result<Plan> {
    let windows = source.windows(&pipeline.config, pipeline.clock().now(), &pipeline.rules().search()).len();
    let (steps, known) = next_steps(pipeline, source).await?;
    let mut queries: BTreeMap<String, QueryPlan> = BTreeMap::new();
    for (number, step) in steps.iter().enumerate() {
        let of_query = queries.entry(step.window.query.clone()).or_insert_with(|| QueryPlan {
            words: step.window.words.join(", "),
            first: number + 1,
            explores: step.why == Why::Explore,
            known: known.get(&step.window.query).map(|known| known.brought).unwrap_or_default(),
            asked_at: known.get(&step.window.query).map(|known| known.asked_at),
            ..QueryPlan::default()
        });
        of_query.windows += 1;
        of_query.calls += step.cost;
        of_query.promised += step.gain;
    }
    let mut queries: Vec<QueryPlan> = queries.into_values().collect();
    queries.sort_by_key(|query| query.first);
    let forecast = steps.iter().map(|step| step.cost).sum();
    let allowance = share(pipeline, source).await?;
    Ok(Plan { windows, complete: windows.saturating_sub(steps.len()), waiting: steps.len(), forecast, allowance, queries })
}

/// Lets a stopped or parked source run again. `by`: who asked, unless it was the operator.
pub async fn resume(pipeline: &Pipeline, by: Option<&User>, name: &str) -> Result<()> {
    if let Some(user) = by {
        allowed(user, user.role.operates(), "only administrators let a source run again")?;
    }
    if source_info(name).is_none() {
        return Err(StoreError::NotFound(format!("source {name}")).into());
    }
    let actor = by.map_or(Actor::System, |user| Actor::User(user.id));
    let mut tx = pipeline.store.write_tx().await?;
    crawl::set_source(&mut tx, name, SourceState::Ok, "", None).await?;
    Ok(tx.commit(AuditEvent::new(actor, Action::SourceChanged, format!("source:{name}")).detail("resumed")).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(posts: [i64; 5], requests: i64) -> Vec<SourceDay> {
        posts.map(|posts| SourceDay { requests, posts, ..SourceDay::default() }).into()
    }

    #[test]
    fn silence_is_noticed_only_where_there_was_something() {
        let now = Millis(1_795_000_000_000);
        let status = SourceStatus {
            name: "threads",
            key: "sources.threads.mode",
            mode: Mode::Live,
            problem: String::new(),
            stopped: false,
            token_until: None,
            last_ok_at: Some(now),
            used_today: 0,
            budget: 100,
            paid: None,
        };
        assert_eq!(health(&status, &days([9, 9, 0, 0, 0], 20), now), Health::Silent);
        assert_eq!(health(&status, &days([9, 9, 0, 0, 1], 20), now), Health::Fine, "something came");
        assert_eq!(health(&status, &days([0, 1, 0, 0, 0], 20), now), Health::Fine, "there never was much");
        assert_eq!(health(&status, &days([9, 9, 0, 0, 0], 1), now), Health::Fine, "it was hardly asked");
        let late = SourceStatus { last_ok_at: Some(now.minus(DAY * 2)), ..status.clone() };
        assert_eq!(health(&late, &days([9, 9, 9, 9, 9], 20), now), Health::Late);
        let resting = SourceStatus { problem: "quota".into(), ..late };
        assert_eq!(health(&resting, &days([9, 9, 0, 0, 0], 20), now), Health::Fine, "it says so itself");
        let off = SourceStatus { mode: Mode::Disabled, ..status };
        assert_eq!(health(&off, &days([9, 9, 0, 0, 0], 20), now), Health::Fine);
    }
}
