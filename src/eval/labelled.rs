//! Labelled posts against the rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interval::clopper_pearson;
use crate::domain::flag::{Assessment, Priority};
use crate::domain::trust::{Interval, wilson};
use crate::rules::{Pack, RuleSet};
use crate::scan::{Post, Scanner};

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// As in the file; the line's number if there is none.
    pub id: String,
    /// The text.
    pub text: String,
    /// What a person said it is.
    pub label: String,
    /// Finer label, if the file has one (`kind` or `subclass`).
    pub kind: String,
}

/// Reads one line of NDJSON.
///
/// # Errors
/// It is not JSON, or has no `text` or `label`.
pub fn read_line(line: &str, number: usize) -> Result<Labelled, serde_json::Error> {
    #[derive(Deserialize)]
    struct Line {
        id: Option<serde_json::Value>,
        text: String,
        label: String,
        kind: Option<String>,
        subclass: Option<String>,
    }
    let line: Line = serde_json::from_str(line)?;
    let id = match line.id {
        Some(serde_json::Value::String(id)) => id,
        Some(other) => other.to_string(),
        None => number.to_string(),
    };
    Ok(Labelled { id, text: line.text, label: line.label, kind: line.kind.or(line.subclass).unwrap_or_default() })
}

/// What the rules said of one text.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The text.
    pub post: Labelled,
    /// The label is a positive one.
    pub positive: bool,
    /// What was found.
    pub found: Assessment,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Positive and found.
    pub hits: u64,
    /// Positive and not found.
    pub missed: u64,
    /// Not positive and found: a false accusation.
    pub wrong: u64,
    /// Not positive and not found.
    pub quiet: u64,
}

impl Confusion {
    fn add(&mut self, positive: bool, found: bool) {
        let count = match (positive, found) {
            (true, true) => &mut self.hits,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.wrong,
            (false, false) => &mut self.quiet,
        };
        *count += 1;
    }

    /// Hits ÷ found, with its interval.
    pub fn precision(self) -> (Option<f64>, Interval) {
        (share(self.hits, self.hits + self.wrong), wilson(self.hits, self.hits + self.wrong))
    }

    /// Hits ÷ positives, with its interval.
    pub fn recall(self) -> (Option<f64>, Interval) {
        (share(self.hits, self.hits + self.missed), wilson(self.hits, self.hits + self.missed))
    }

    /// Wrong ÷ negatives, with its exact interval.
    pub fn false_accusations(self) -> (Option<f64>, Interval) {
        (share(self.wrong, self.wrong + self.quiet), clopper_pearson(self.wrong, self.wrong + self.quiet))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of posts are far below 2⁵³")]
fn share(hits: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| hits as f64 / all as f64)
}

/// Everything measured on one file.
#[derive(Debug, Default)]
pub struct Tally {
    /// What the desk would show first: P1 and P2.
    pub urgent: Confusion,
    /// Anything flagged.
    pub flagged: Confusion,
    /// By label (and kind): flagged and all.
    pub by_label: BTreeMap<(String, String), (u64, u64)>,
    /// Every text.
    pub outcomes: Vec<Outcome>,
}

/// Reads every text with one pack.
pub fn evaluate(rules: &RuleSet, pack: &Pack, posts: Vec<Labelled>, positive: &[String]) -> Tally {
    let mut scanner = Scanner::new(rules);
    let mut tally = Tally::default();
    // The scanner wants the pack that belongs to its rule set.
    let Some(pack) = rules.packs.iter().find(|known| known.id == pack.id) else { return tally };
    for post in posts {
        let found = scanner.assess_with(pack, &Post::caption(&post.text));
        let positive = positive.contains(&post.label);
        tally.flagged.add(positive, found.flagged);
        tally.urgent.add(positive, found.priority.is_some_and(|priority| priority < Priority::P3));
        let count = tally.by_label.entry((post.label.clone(), post.kind.clone())).or_default();
        count.0 += u64::from(found.flagged);
        count.1 += 1;
        tally.outcomes.push(Outcome { post, positive, found });
    }
    tally
}
