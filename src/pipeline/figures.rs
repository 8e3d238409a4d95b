//! The figures of the desk: one table each, drawn on the page and handed out as CSV from the same rows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Pipeline, Result};
use crate::domain::Millis;
use crate::domain::check::{self, CheckOutcome};
use crate::domain::decision::Verdict;
use crate::domain::flag::{FlagState, Priority};
use crate::domain::survival::{Followed, removed_within};
use crate::domain::trust::wilson;
use crate::store::{figures, rule_hits};

/// Days that figures look back.
pub const DAYS: i64 = 28;

/// Limits of the classes of age, in hours; the last class is open.
pub const HOURS: [i64; 4] = [4, 24, 72, 168];

/// How a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// A column for each row and series: days.
    Columns,
    /// A bar for each row, as long as its first number.
    Bars,
    /// A share from 0 to 1 with its 95 % interval.
    Shares,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about: a day, a platform, a rule. Codes are turned into words by the page.
    pub label: String,
    /// One number for each column.
    pub values: Vec<i64>,
    /// Share and its interval, where the figure has one.
    pub share: Option<(f64, f64, f64)>,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name in addresses and text keys.
    pub name: &'static str,
    /// Text keys of the columns behind the label.
    pub columns: &'static [&'static str],
    /// What turns a label into words: the prefix of its text key, empty for none.
    pub labels: &'static str,
    /// How it is drawn.
    pub chart: Chart,
    /// Its rows.
    pub rows: Vec<Row>,
}

const OUTCOMES: &[&str] = &["figure-flagged", "figure-upheld", "figure-dismissed"];

/// All figures.
pub async fn all(pipeline: &Pipeline) -> Result<Vec<Figure>> {
    let (store, now) = (&pipeline.store, pipeline.clock().now());
    let first = figures::day(now) - DAYS + 1;
    let since = figures::day_start(first);
    let by_source = figures::sources(store, since).await?;
    let by_platform = figures::platforms(store, since).await?;
    let by_platform = by_platform.into_iter().map(|(platform, state, n)| (platform.label().to_owned(), state, n)).collect();
    Ok(vec![
        days(pipeline, first, since).await?,
        ages(pipeline, now).await?,
        waits(pipeline, since).await?,
        precision(pipeline).await?,
        outcomes("platforms", "", by_platform),
        outcomes("sources", "source", by_source),
        regions(pipeline, since).await?,
        reasons(pipeline, since).await?,
        removals(pipeline).await?,
        scorecard(pipeline).await?,
    ])
}

async fn days(pipeline: &Pipeline, first: i64, since: Millis) -> Result<Figure> {
    let mut rows: BTreeMap<i64, [i64; 3]> = (first..first + DAYS).map(|day| (day, [0; 3])).collect();
    for (day, flags) in figures::flags_by_day(&pipeline.store, since).await? {
        let [raised, ..] = rows.entry(day).or_default();
        *raised = flags;
    }
    for (day, verdict, decisions) in figures::decisions_by_day(&pipeline.store, since).await? {
        let [_, upheld, dismissed] = rows.entry(day).or_default();
        *(if verdict == Verdict::Uphold { upheld } else { dismissed }) = decisions;
    }
    let rows = rows.into_iter().map(|(day, values)| Row {
        label: figures::day_start(day).in_jakarta().date().to_string(),
        values: values.to_vec(),
        share: None,
    });
    Ok(Figure { name: "days", columns: OUTCOMES, labels: "", chart: Chart::Columns, rows: rows.collect() })
}

async fn ages(pipeline: &Pipeline, now: Millis) -> Result<Figure> {
    let hours = |hours: i64| now.minus(Duration::from_secs(u64::try_from(hours).unwrap_or(0) * 3_600));
    let mut rows = Vec::new();
    let mut younger = Millis(i64::MAX);
    for class in 0..=HOURS.len() {
        let oldest = HOURS.get(class).map_or(Millis(0), |limit| hours(*limit));
        let found = figures::open_between(&pipeline.store, oldest, younger).await?;
        let of = |priority: Priority| found.iter().find(|(p, _)| *p == priority).map_or(0, |(_, n)| *n);
        let by_priority: Vec<i64> = Priority::ALL.iter().map(|priority| of(*priority)).collect();
        let values = std::iter::once(by_priority.iter().sum()).chain(by_priority).collect();
        rows.push(Row { label: class.to_string(), values, share: None });
        younger = oldest;
    }
    let columns = &["figure-open", "priority-P1", "priority-P2", "priority-P3"];
    Ok(Figure { name: "ages", columns, labels: "figure-age", chart: Chart::Bars, rows })
}

async fn waits(pipeline: &Pipeline, since: Millis) -> Result<Figure> {
    let mut classes = [0_i64; HOURS.len() + 1];
    for (hours, decisions) in figures::hours_to_decision(&pipeline.store, since).await? {
        let class = HOURS.iter().position(|limit| hours < *limit).unwrap_or(HOURS.len());
        if let Some(sum) = classes.get_mut(class) {
            *sum += decisions;
        }
    }
    let rows = classes.iter().enumerate().map(|(class, n)| Row { label: class.to_string(), values: vec![*n], share: None });
    Ok(Figure { name: "waits", columns: &["figure-decisions"], labels: "figure-age", chart: Chart::Bars, rows: rows.collect() })
}

/// A share with its interval.
#[expect(clippy::cast_precision_loss, reason = "counts of posts are far below 2⁵³")]
fn share(hits: i64, all: i64) -> (f64, f64, f64) {
    let interval = wilson(hits.unsigned_abs(), all.unsigned_abs());
    (hits as f64 / all.max(1) as f64, interval.low, interval.high)
}

/// Precision of each rule, by the decisions in force about what it found.
async fn precision(pipeline: &Pipeline) -> Result<Figure> {
    let rows = rule_hits::cards(&pipeline.store).await?.into_iter().filter(|card| card.upheld + card.dismissed > 0).map(|card| {
        let share = share(card.upheld, card.upheld + card.dismissed);
        Row { label: card.rule, values: vec![card.upheld, card.dismissed], share: Some(share) }
    });
    let columns = &["figure-upheld", "figure-dismissed"];
    Ok(Figure { name: "precision", columns, labels: "", chart: Chart::Shares, rows: rows.collect() })
}

/// Flags, and what became of them, by label; the largest first.
fn outcomes(name: &'static str, labels: &'static str, found: Vec<(String, FlagState, i64)>) -> Figure {
    let mut sums: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for (label, state, count) in found {
        let [all, upheld, dismissed] = sums.entry(label).or_default();
        *all += count;
        match state {
            FlagState::Upheld => *upheld += count,
            FlagState::Dismissed => *dismissed += count,
            FlagState::Open => {}
        }
    }
    let mut rows: Vec<Row> =
        sums.into_iter().map(|(label, values)| Row { label, values: values.to_vec(), share: None }).collect();
    rows.sort_by(|a, b| b.values.cmp(&a.values).then(a.label.cmp(&b.label)));
    Figure { name, columns: OUTCOMES, labels, chart: Chart::Bars, rows }
}

async fn regions(pipeline: &Pipeline, since: Millis) -> Result<Figure> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (regions, count) in figures::regions(&pipeline.store, since).await? {
        for region in regions.split('|').filter(|region| !region.is_empty()) {
            *sums.entry(region.to_owned()).or_default() += count;
        }
    }
    let mut rows: Vec<Row> = sums.into_iter().map(|(label, n)| Row { label, values: vec![n], share: None }).collect();
    rows.sort_by(|a, b| b.values.cmp(&a.values).then(a.label.cmp(&b.label)));
    Ok(Figure { name: "regions", columns: &["figure-flagged"], labels: "", chart: Chart::Bars, rows })
}

/// Hours after a request at which it is told how many posts are gone.
const WITHIN: [i64; 5] = [1, 24, 72, 168, 720];

/// How soon requested posts are gone, as our own looks saw it, of all time. What was last seen up counts for as long as it was seen;
/// what no look told anything about, and what was withdrawn, does not count.
async fn removals(pipeline: &Pipeline) -> Result<Figure> {
    let mut looks: BTreeMap<i64, (Millis, Vec<(Millis, CheckOutcome)>)> = BTreeMap::new();
    for (request, sent, at, outcome) in figures::looks_since_sent(&pipeline.store).await? {
        let of_request = &mut looks.entry(request).or_insert_with(|| (sent, Vec::new())).1;
        of_request.extend(at.zip(outcome));
    }
    let followed: Vec<Followed> = looks.into_values().filter_map(|(sent, looks)| check::followed(sent, &looks)).collect();
    let rows = WITHIN.iter().filter_map(|hours| {
        let horizon = hours * 3_600_000;
        let found = removed_within(&followed, horizon)?;
        let removed = followed.iter().filter(|post| post.removed && post.after <= horizon).count();
        Some(Row {
            label: hours.to_string(),
            values: [removed, found.at_risk].map(|n| i64::try_from(n).unwrap_or(i64::MAX)).to_vec(),
            share: Some((found.share, found.interval.low, found.interval.high)),
        })
    });
    let columns = &["figure-gone", "figure-followed"];
    Ok(Figure { name: "removals", columns, labels: "figure-within", chart: Chart::Shares, rows: rows.collect() })
}

/// What each platform did about the posts that it was asked about, of all time: of all of them, not of those it answered.
async fn scorecard(pipeline: &Pipeline) -> Result<Figure> {
    let rows = figures::scorecard(&pipeline.store).await?.into_iter().map(|(platform, asked, answered, fulfilled)| {
        let share = share(fulfilled, asked);
        Row { label: platform.label().to_owned(), values: vec![asked, answered, fulfilled], share: Some(share) }
    });
    let columns = &["figure-asked", "figure-answered", "figure-fulfilled"];
    Ok(Figure { name: "scorecard", columns, labels: "", chart: Chart::Shares, rows: rows.collect() })
}

async fn reasons(pipeline: &Pipeline, since: Millis) -> Result<Figure> {
    let found = figures::reasons(&pipeline.store, since).await?;
    let rows = found.into_iter().map(|(reason, n)| Row { label: reason.to_string(), values: vec![n], share: None });
    let columns = &["figure-decisions"];
    Ok(Figure { name: "reasons", columns, labels: "reason", chart: Chart::Bars, rows: rows.collect() })
}
