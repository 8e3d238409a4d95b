//! The monthly report to the public. Every figure is counted from the audit log alone, event by event, so that anybody who has the log
//! can count again. Small counts are left out, and so is what they could be worked out from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::answer::Outcome;
use super::appeal::AppealOutcome;
use super::audit::Action;
use super::batch::BatchKind;
use super::check::{CheckOutcome, Liveness};
use super::clock::Millis;
use super::deadline::ClockKind;
use super::decision::Reason;
use super::platform::Platform;

/// Name and version of the format.
pub const SCHEMA: &str = "sisir-public-report/1";

/// A month of a year, in Jakarta: `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a moment.
    pub fn of(at: Millis) -> Self {
        let day = at.in_jakarta().date();
        Self { year: day.year(), month: day.month() }
    }

    /// The first moment after it.
    pub fn end(self) -> Millis {
        let first =
            jiff::civil::Date::new(self.next().year, self.next().month, 1).and_then(|day| day.to_zoned(super::clock::jakarta()));
        first.map_or(Millis(i64::MAX), |at| Millis::from_timestamp(at.timestamp()))
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year.saturating_add(1), month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no month; write it as 2026-11");
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2).ok_or_else(wrong)?;
        match (year.parse(), month.parse()) {
            (Ok(year @ 1970..=9998), Ok(month @ 1..=12)) => Ok(Self { year, month }),
            _ => Err(wrong()),
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// `2026-11`, in Jakarta.
    pub month: String,
    /// Who reports.
    pub ministry: String,
    /// Where in the log it ends.
    pub log: LogPlace,
    /// Counts below this are left out.
    pub smallest: u32,
    /// Letters that were drafted by an earlier version, of which the log does not say what they were; they are counted nowhere.
    pub undescribed_letters: u64,
    /// The figures.
    pub tables: Vec<Table>,
}

/// The last event that a report counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPlace {
    /// Its number.
    pub events: i64,
    /// Its hash.
    pub head: String,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Sum of its rows; none where it would tell what was left out.
    pub total: Option<u64>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What is counted.
    pub label: String,
    /// How many; none where that is left out.
    pub count: Option<u64>,
}

/// What is needed of an event.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// When.
    pub at: Millis,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// More.
    pub detail: &'a str,
}

#[derive(Debug, Clone)]
struct Letter {
    kind: BatchKind,
    platform: Platform,
    rows: u64,
    sent_at: Option<Millis>,
}

/// A judgement of one post, or of several together.
#[derive(Debug, Clone, Copy)]
struct Judged {
    at: Millis,
    reason: Reason,
    posts: u64,
}

/// Everything that reports count, as far as the log was read.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    letters: BTreeMap<String, Letter>,
    undescribed: u64,
    /// By flag, and by bulk.
    judged: BTreeMap<String, Vec<Judged>>,
    /// Newest answer by row.
    answers: BTreeMap<String, (Millis, Outcome)>,
    /// Looks at requested posts.
    looks: BTreeMap<String, Vec<(Millis, CheckOutcome)>>,
    appeals: BTreeMap<String, (Millis, Option<(Millis, AppealOutcome)>)>,
    /// Clocks that ran out.
    clocks: Vec<(Millis, ClockKind)>,
    /// What is only counted, by name.
    counted: Vec<(Millis, &'static str, u64)>,
}

/// `key=value` among words.
fn field<'a>(detail: &'a str, key: &str) -> Option<&'a str> {
    detail.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

impl Tally {
    /// Reads one event. Events have to come in their order.
    pub fn take(&mut self, event: Seen<'_>) {
        let Ok(action) = event.action.parse::<Action>() else { return };
        let Seen { at, subject, detail, .. } = event;
        let number = |key: &str| field(detail, key).and_then(|value| value.parse().ok()).unwrap_or(0_u64);
        match action {
            Action::FlagDecided | Action::BulkDecided => {
                if let Some(reason) = field(detail, "reason").and_then(|reason| reason.parse().ok()) {
                    let posts = if action == Action::BulkDecided { number("posts") } else { 1 };
                    self.judged.entry(subject.to_owned()).or_default().push(Judged { at, reason, posts });
                }
            }
            Action::DecisionUndone => drop(self.judged.get_mut(subject).and_then(Vec::pop)),
            Action::BulkUndone => {
                if let Some(judged) = self.judged.get_mut(subject).and_then(|all| all.last_mut()) {
                    judged.posts = judged.posts.saturating_sub(number("posts"));
                }
            }
            Action::BatchDrafted => {
                let kind = field(detail, "kind").and_then(|kind| kind.parse().ok());
                let platform = field(detail, "platform").and_then(|platform| platform.parse().ok());
                match kind.zip(platform) {
                    Some((kind, platform)) => {
                        let letter = Letter { kind, platform, rows: number("rows"), sent_at: None };
                        self.letters.insert(subject.to_owned(), letter);
                    }
                    None => self.undescribed += 1,
                }
            }
            Action::DeliveryEnded | Action::DeliverySettled | Action::PackageEntered => {
                let left =
                    action == Action::PackageEntered || detail.split(' ').any(|word| word == "accepted" || word == "arrived");
                let letter = field(detail, "batch").and_then(|id| self.letters.get_mut(&format!("batch:{id}")));
                if let Some(letter) = letter.filter(|_| left) {
                    letter.sent_at = Some(at);
                }
            }
            // It came back: it was not sent after all.
            Action::DeliveryBounced => {
                if let Some(letter) = self.letters.get_mut(subject) {
                    letter.sent_at = None;
                }
            }
            Action::AnswersRecorded => {
                for pair in field(detail, "answers").unwrap_or_default().split(',') {
                    if let Some((row, Ok(outcome))) = pair.split_once(':').map(|(row, outcome)| (row, outcome.parse())) {
                        self.answers.insert(row.to_owned(), (at, outcome));
                    }
                }
            }
            Action::PostChecked => {
                let mut words = detail.split(' ');
                let outcome = words.next().and_then(|outcome| outcome.parse().ok());
                if let Some(outcome) = outcome.filter(|_| words.any(|word| word == "requested")) {
                    self.looks.entry(subject.to_owned()).or_default().push((at, outcome));
                }
            }
            Action::AppealReceived => drop(self.appeals.insert(subject.to_owned(), (at, None))),
            Action::AppealAnswered => {
                let outcome = field(detail, "outcome").and_then(|outcome| outcome.parse().ok());
                if let (Some(appeal), Some(outcome)) = (self.appeals.get_mut(subject), outcome) {
                    appeal.1 = Some((at, outcome));
                }
            }
            Action::ClockFired => {
                self.clocks.extend(field(detail, "kind").and_then(|kind| kind.parse().ok()).map(|kind| (at, kind)));
            }
            Action::TipReceived if subject.starts_with("tip:") => self.counted.push((at, "public", 1)),
            Action::TipReceived => self.counted.push((at, "association", number("taken"))),
            Action::RulesActivated => self.counted.push((at, "rules_changed", 1)),
            _ => {}
        }
    }

    /// The report of a month, from what was read: everything up to the month's end and nothing after it. `place`: where that is.
    pub fn report(&self, month: Month, ministry: &str, place: LogPlace, smallest: u32) -> PublicReport {
        let within = |at: Millis| Month::of(at) == month;
        let count = |rows: Vec<(&str, u64)>| rows.into_iter().map(|(label, count)| (label.to_owned(), count)).collect::<Vec<_>>();
        let judged = |reason: Reason| {
            let all = self.judged.values().flatten();
            all.filter(|one| one.reason == reason && within(one.at)).map(|one| one.posts).sum()
        };
        let sent = |fits: &dyn Fn(&Letter) -> bool| {
            let all = self.letters.values().filter(|letter| letter.sent_at.is_some_and(within) && fits(letter));
            all.map(|letter| letter.rows).sum()
        };
        let answered =
            |outcome: Outcome| self.answers.values().filter(|(at, found)| *found == outcome && within(*at)).count() as u64;
        let down = |wanted: Liveness| {
            let all = self.looks.values().filter(|looks| went_down(looks, wanted).is_some_and(within));
            all.count() as u64
        };
        let appeals = |outcome: AppealOutcome| {
            self.appeals.values().filter_map(|(_, answer)| *answer).filter(|(at, found)| *found == outcome && within(*at)).count()
                as u64
        };
        let clocks = |kind: ClockKind| self.clocks.iter().filter(|(at, found)| *found == kind && within(*at)).count() as u64;
        let counted =
            |name: &str| self.counted.iter().filter(|(at, found, _)| *found == name && within(*at)).map(|(.., n)| n).sum();
        let figures: Vec<Figure<'_>> = vec![
            ("judged", Reason::ALL.iter().map(|reason| (reason.to_string(), judged(*reason))).collect()),
            ("letters", BatchKind::ALL.iter().map(|kind| (kind.to_string(), sent(&|letter| letter.kind == *kind))).collect()),
            (
                "requested",
                Platform::ALL
                    .iter()
                    .map(|platform| {
                        (platform.to_string(), sent(&|letter| letter.kind == BatchKind::Request && letter.platform == *platform))
                    })
                    .collect(),
            ),
            ("answers", Outcome::ALL.iter().map(|outcome| (outcome.to_string(), answered(*outcome))).collect()),
            (
                "down",
                [Liveness::Unavailable, Liveness::Restricted, Liveness::Private]
                    .iter()
                    .map(|liveness| (liveness.to_string(), down(*liveness)))
                    .collect(),
            ),
            ("appeals", AppealOutcome::ALL.iter().map(|outcome| (outcome.to_string(), appeals(*outcome))).collect()),
            ("late", ClockKind::ALL.iter().map(|kind| (kind.to_string(), clocks(*kind))).collect()),
            (
                "received",
                count(vec![
                    ("objections", self.appeals.values().filter(|(at, _)| within(*at)).count() as u64),
                    ("reports_public", counted("public")),
                    ("reports_associations", counted("association")),
                ]),
            ),
            ("rules", count(vec![("changed", counted("rules_changed"))])),
        ];
        let tables = suppressed(&figures, u64::from(smallest));
        PublicReport {
            schema: SCHEMA.to_owned(),
            month: month.to_string(),
            ministry: ministry.to_owned(),
            log: place,
            smallest,
            undescribed_letters: self.undescribed,
            tables,
        }
    }
}

/// When looks made sure for the first time that a post is down this way.
fn went_down(looks: &[(Millis, CheckOutcome)], wanted: Liveness) -> Option<Millis> {
    let first = (1..=looks.len()).find_map(|n| {
        let read = looks.get(..n)?;
        let liveness = Liveness::from_looks(read.iter().copied());
        liveness.is_down().then(|| (liveness, read.last().map(|(at, _)| *at)))
    });
    first.filter(|(liveness, _)| *liveness == wanted).and_then(|(_, at)| at)
}

/// Name and rows.
type Figure<'a> = (&'a str, Vec<(String, u64)>);

/// Leaves out small counts. `requested` adds up to one row of `letters`: that row is told if the sum is, and left out if not.
fn suppressed(figures: &[Figure<'_>], smallest: u64) -> Vec<Table> {
    let counts = |rows: &[(String, u64)]| rows.iter().map(|(_, count)| *count).collect::<Vec<_>>();
    let parts = figures.iter().find(|(name, _)| *name == "requested").map(|(_, rows)| hide(&counts(rows), smallest, None));
    figures
        .iter()
        .map(|(name, rows)| {
            let whole = rows.iter().position(|(label, _)| *name == "letters" && label == BatchKind::Request.as_str());
            let bound = whole.zip(parts.as_ref()).map(|(row, (_, told))| Bound { row, told: *told });
            let (hidden, mut total) = hide(&counts(rows), smallest, bound);
            // Its parts are known to be at least one each: beside a sum that may already be too much.
            total &= bound.is_none_or(|bound| bound.told);
            let row = |(at, (label, count)): (usize, &(String, u64))| Row {
                label: label.clone(),
                count: (!hidden.contains(&at)).then_some(*count),
            };
            Table {
                name: (*name).to_owned(),
                total: total.then(|| counts(rows).iter().sum()),
                rows: rows.iter().enumerate().map(row).collect(),
            }
        })
        .collect()
}

/// A row that another table tells, or must not be told because of another table.
#[derive(Debug, Clone, Copy)]
struct Bound {
    row: usize,
    told: bool,
}

/// Which counts are left out, and whether the sum may be told. Counts of 1 to `smallest` - 1 are left out. With a sum beside them those
/// left out together must be as many as one that is told, and must be able to fall in more than one way; the smallest of
/// the others join them until they do.
fn hide(counts: &[u64], smallest: u64, bound: Option<Bound>) -> (BTreeSet<usize>, bool) {
    let told = |at: usize| bound.is_some_and(|bound| bound.row == at && bound.told);
    let kept = |at: usize| bound.is_some_and(|bound| bound.row == at && !bound.told);
    let filled = || counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let small = filled().filter(|(at, count)| (**count < smallest && !told(*at)) || kept(*at));
    let mut hidden: BTreeSet<usize> = small.map(|(at, _)| at).collect();
    if hidden.is_empty() {
        return (hidden, true);
    }
    loop {
        let sum: u64 = hidden.iter().filter_map(|at| counts.get(*at)).sum();
        let size = hidden.len() as u64;
        if size >= 2 && sum >= smallest && sum > size {
            return (hidden, true);
        }
        let others = filled().filter(|(at, _)| !hidden.contains(at) && !told(*at));
        match others.min_by_key(|(_, count)| **count) {
            Some((at, _)) => drop(hidden.insert(at)),
            None => return (hidden, false),
        }
    }
}

/// Why a report is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It cannot be counted again.
    #[error("{0}")]
    Uncountable(String),
    /// It does not end where it says.
    #[error("the log has no event {events} with the hash {head}")]
    Place {
        /// Number of the event.
        events: i64,
        /// Its hash.
        head: String,
    },
    /// It leaves events of its month out.
    #[error("event {0} is of this month, and the report ends before it")]
    TooShort(i64),
    /// A figure is another.
    #[error("{table}, {label}: the report says {said}, the log says {counted}")]
    Figure {
        /// Table.
        table: String,
        /// Row, or `total`.
        label: String,
        /// As the report says.
        said: String,
        /// As counted again.
        counted: String,
    },
}

/// Counts a report again, from the lines of an exported log that was verified before.
pub fn recount(lines: &str, report: &PublicReport) -> Result<(), Vec<Mismatch>> {
    let uncountable = |why: String| vec![Mismatch::Uncountable(why)];
    if report.schema != SCHEMA {
        return Err(uncountable(format!("`{}` is not `{SCHEMA}`", report.schema)));
    }
    let month: Month = report.month.parse().map_err(uncountable)?;
    let mut tally = Tally::default();
    let mut found = LogPlace::default();
    for text in lines.lines() {
        let line: super::audit_export::Line =
            serde_json::from_str(text).map_err(|error| uncountable(format!("no event: {error}")))?;
        if line.seq > report.log.events {
            if Millis(line.at) < month.end() {
                return Err(vec![Mismatch::TooShort(line.seq)]);
            }
            continue;
        }
        let (Some(subject), Some(detail)) = (line.subject.open(), line.detail.open()) else {
            let why = "subjects or details were left out of this log; export it with --redact actor, or without --redact";
            return Err(uncountable(why.into()));
        };
        tally.take(Seen { at: Millis(line.at), action: &line.action, subject, detail });
        found = LogPlace { events: line.seq, head: line.hash };
    }
    if found != report.log {
        return Err(vec![Mismatch::Place { events: report.log.events, head: report.log.head.clone() }]);
    }
    let counted = tally.report(month, &report.ministry, found, report.smallest);
    let differ = differences(report, &counted);
    if differ.is_empty() { Ok(()) } else { Err(differ) }
}

fn differences(said: &PublicReport, counted: &PublicReport) -> Vec<Mismatch> {
    let words = |count: Option<u64>| count.map_or_else(|| "nothing".to_owned(), |count| count.to_string());
    let cells = |report: &PublicReport| {
        let letters = ("letters".to_owned(), "undescribed".to_owned(), Some(report.undescribed_letters));
        let tables = report.tables.iter().flat_map(|table| {
            let rows = table.rows.iter().map(|row| (table.name.clone(), row.label.clone(), row.count));
            rows.chain([(table.name.clone(), "total".to_owned(), table.total)]).collect::<Vec<_>>()
        });
        tables.chain([letters]).collect::<Vec<_>>()
    };
    let (said, counted) = (cells(said), cells(counted));
    let mut all = Vec::new();
    for at in 0..said.len().max(counted.len()) {
        let (one, other) = (said.get(at), counted.get(at));
        if one == other {
            continue;
        }
        let named = one.or(other);
        let count = |cell: Option<&(String, String, Option<u64>)>| words(cell.and_then(|(.., count)| *count));
        if let Some((table, label, _)) = named {
            all.push(Mismatch::Figure { table: table.clone(), label: label.clone(), said: count(one), counted: count(other) });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Millis {
        Millis::from_timestamp(text.parse().unwrap())
    }

    #[test]
    fn months_are_those_of_jakarta() {
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!(Month::of(at("2026-10-31T17:00:00Z")), november);
        assert_eq!(Month::of(at("2026-11-30T16:59:59Z")), november);
        assert_eq!(november.end(), at("2026-11-30T17:00:00Z"));
        assert_eq!("2026-12".parse::<Month>().unwrap().next().to_string(), "2027-01");
        for wrong in ["", "2026", "2026-13", "2026-1", "26-11", "2026-11-01", "abcd-ef", "٢٠٢٦-١١"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    fn tally(events: &[(&str, &str, &str, &str)]) -> PublicReport {
        let mut tally = Tally::default();
        for (time, action, subject, detail) in events {
            tally.take(Seen { at: at(time), action, subject, detail });
        }
        tally.report("2026-11".parse().unwrap(), "Kementerian Contoh", LogPlace::default(), 0)
    }

    fn count(report: &PublicReport, table: &str, label: &str) -> u64 {
        let table = report.tables.iter().find(|found| found.name == table).unwrap();
        table.rows.iter().find(|row| row.label == label).unwrap().count.unwrap()
    }

    #[test]
    fn what_was_undone_bounced_or_answered_anew_counts_as_it_stands() {
        let day = "2026-11-20T03:00:00Z";
        let report = tally(&[
            (day, "flag_decided", "flag:1", "verdict=uphold reason=bale_offer action=request"),
            (day, "flag_decided", "flag:2", "verdict=dismiss reason=local_preloved action=none"),
            (day, "flag_decided", "flag:1", "verdict=dismiss reason=mistake action=none"),
            (day, "decision_undone", "flag:2", "decision=2"),
            (day, "bulk_decided", "bulk:1", "posts=12 verdict=dismiss reason=unrelated"),
            (day, "bulk_undone", "bulk:1", "posts=5"),
            (day, "batch_drafted", "batch:1", "rows=6 kind=request platform=tiktok"),
            (day, "batch_drafted", "batch:2", "rows=3 kind=request platform=threads"),
            (day, "batch_drafted", "batch:3", "rows=2 kind=withdrawal platform=tiktok"),
            (day, "batch_drafted", "batch:4", "rows=9"),
            (day, "delivery_ended", "delivery:1", "deferred batch=1"),
            (day, "delivery_ended", "delivery:1", "accepted batch=1"),
            (day, "delivery_ended", "delivery:2", "accepted batch=2"),
            (day, "delivery_bounced", "batch:2", ""),
            (day, "delivery_settled", "delivery:3", "arrived batch=3"),
            (day, "answers_recorded", "batch:1", "new=2 unread=0 sheet=x answers=11:removed,12:refused"),
            (day, "answers_recorded", "batch:1", "new=1 entered answers=12:restricted"),
            (day, "post_checked", "post:1", "gone requested"),
            ("2026-11-20T05:00:00Z", "post_checked", "post:1", "gone requested"),
            (day, "post_checked", "post:2", "restricted requested"),
            (day, "post_checked", "post:3", "restricted"),
            (day, "appeal_received", "appeal:1", ""),
            ("2026-12-02T03:00:00Z", "appeal_answered", "appeal:1", "outcome=accepted"),
            (day, "clock_fired", "batch:1", "kind=answer due=1"),
            (day, "tip_received", "tip:1", ""),
            (day, "tip_received", "partner:1", "taken=40 known=2 rejected=0"),
            ("2026-10-31T16:59:59Z", "tip_received", "tip:0", ""),
            (day, "no_such_action", "x", ""),
        ]);
        for (table, label, expected) in [
            ("judged", "bale_offer", 1),
            ("judged", "local_preloved", 0),
            ("judged", "mistake", 1),
            ("judged", "unrelated", 7),
            ("letters", "request", 6),
            ("letters", "withdrawal", 2),
            ("requested", "tiktok", 6),
            ("requested", "threads", 0),
            ("answers", "removed", 1),
            ("answers", "refused", 0),
            ("answers", "restricted", 1),
            ("down", "unavailable", 1),
            ("down", "restricted", 1),
            ("appeals", "accepted", 0),
            ("late", "answer", 1),
            ("received", "objections", 1),
            ("received", "reports_public", 1),
            ("received", "reports_associations", 40),
        ] {
            assert_eq!(count(&report, table, label), expected, "{table} {label}");
        }
        assert_eq!(report.undescribed_letters, 1);
    }

    /// Cells of the two tables as whoever reads them knows them: told, or at least 1.
    fn told(tables: &[Table]) -> Vec<Option<u64>> {
        tables.iter().flat_map(|table| table.rows.iter().map(|row| row.count)).collect()
    }

    proptest! {
        #[test]
        fn nothing_small_is_told(counts in prop::collection::vec(prop_oneof![Just(0_u64), 1_u64..8, 1_u64..200], 1..9), smallest in 1_u64..7) {
            let (hidden, total) = hide(&counts, smallest, None);
            for (at, count) in counts.iter().enumerate() {
                prop_assert!(hidden.contains(&at) || *count == 0 || *count >= smallest);
                prop_assert!(!hidden.contains(&at) || *count > 0, "a zero was left out");
            }
            prop_assert!(total || !hidden.is_empty());
        }

        /// Whoever knows how the tables belong together and tries out every way in which what was left out can fall finds, for each
        /// count that was left out, more than one number that fits.
        #[test]
        fn nothing_that_was_left_out_can_be_worked_out(parts in prop::collection::vec(0_u64..6, 2), others in prop::collection::vec(0_u64..6, 2)) {
            let rows = |names: [&str; 2], counts: &[u64]| names.iter().map(|name| (*name).to_owned()).zip(counts.iter().copied()).collect::<Vec<_>>();
            let mut letters = vec![("request".to_owned(), parts.iter().sum())];
            letters.extend(rows(["withdrawal", "lead"], &others));
            let tables = suppressed(&[("letters", letters), ("requested", rows(["tiktok", "threads"], &parts))], 3);
            let known = told(&tables);
            // request, withdrawal, lead, tiktok, threads
            let range = |at: usize| known[at].map_or(1..=14, |count| count..=count);
            let mut fits = vec![BTreeSet::new(); 5];
            for withdrawal in range(1) { for lead in range(2) { for tiktok in range(3) { for threads in range(4) {
                let request = tiktok + threads;
                let cells = [request, withdrawal, lead, tiktok, threads];
                let request_fits = known[0].map_or(request >= 1, |count| count == request);
                let sums = [(tables[0].total, request + withdrawal + lead), (tables[1].total, request)];
                if request_fits && sums.iter().all(|(told, sum)| told.is_none_or(|told| told == *sum)) {
                    cells.iter().enumerate().for_each(|(at, cell)| { fits[at].insert(*cell); });
                }
            }}}}
            for (at, cell) in known.iter().enumerate() {
                prop_assert!(!fits[at].is_empty());
                prop_assert!(cell.is_some() || fits[at].len() > 1, "cell {at} of {tables:?}");
            }
        }
    }
}
