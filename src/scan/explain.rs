//! Everything the scanner saw in a text, matched or not, for a person.

use serde::Serialize;

use super::evaluate::Verdict;
use super::evidence::Found;
use super::{Post, Scanner};
use crate::domain::flag::{Priority, Role};
use crate::rules::index::How;
use crate::rules::{Pack, Rule, RuleSet, Status};

/// What one pack sees in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Pack id.
    pub pack: String,
    /// The text as the matcher reads it.
    pub folded: String,
    /// Terms found.
    pub terms: Vec<TermShown>,
    /// Points by axis, in the pack's order, axes without points left out.
    pub points: Vec<(String, i32)>,
    /// Every rule and what became of it.
    pub rules: Vec<RuleShown>,
    /// The author's part, as far as the text says it.
    pub role: Option<Role>,
    /// 1 to 100, as if a rule had matched.
    pub score: i32,
}

/// A term in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TermShown {
    /// Term id.
    pub id: String,
    /// What it means.
    pub meaning: String,
    /// Axes and points.
    pub points: Vec<(String, i32)>,
    /// Quotes of the original, with how each was read.
    pub places: Vec<(String, How)>,
    /// Byte ranges in the original.
    pub spans: Vec<(usize, usize)>,
    /// Axes on which it lacked company; empty if it counts.
    pub lacks: Vec<String>,
}

/// A rule on a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleShown {
    /// Rule id.
    pub id: String,
    /// Where it is in its life.
    pub status: Status,
    /// The priority, if it matched.
    pub matched: Option<Priority>,
    /// Why it did not match; empty if it did.
    pub why_not: String,
}

/// Explains a text, one explanation for each pack.
pub fn explain(rules: &RuleSet, post: &Post<'_>) -> Vec<Explanation> {
    let mut scanner = Scanner::new(rules);
    scanner.read(post);
    rules.packs.iter().enumerate().filter_map(|(index, pack)| explain_pack(&scanner, index, pack, post)).collect()
}

fn explain_pack(scanner: &Scanner<'_>, index: usize, pack: &Pack, post: &Post<'_>) -> Option<Explanation> {
    let evidence = scanner.evidence(index, pack, post, true)?;
    let judge = scanner.judge(pack, post, &evidence);
    let counted = evidence.found.iter().map(|found| show_term(scanner, pack, found, post, true));
    let dropped = evidence.dropped.iter().map(|found| show_term(scanner, pack, found, post, false));
    let points = pack.axes.iter().zip(&evidence.points).filter(|(_, points)| **points > 0);
    Some(Explanation {
        pack: pack.id.clone(),
        folded: scanner.folded.as_str().to_owned(),
        terms: counted.chain(dropped).flatten().collect(),
        points: points.map(|(axis, points)| (axis.name.clone(), *points)).collect(),
        rules: pack.rules.iter().map(|rule| show_rule(pack, rule, &judge.verdict(rule))).collect(),
        role: judge.role(),
        score: judge.score(),
    })
}

fn show_term(scanner: &Scanner<'_>, pack: &Pack, found: &Found, post: &Post<'_>, counts: bool) -> Option<TermShown> {
    let term = scanner.rules.terms.get(found.term)?;
    let spans: Vec<(usize, usize)> = found.places.iter().map(|place| scanner.folded.original(place.start, place.end)).collect();
    let quotes = spans
        .iter()
        .zip(&found.places)
        .filter_map(|((start, end), place)| Some((post.text.get(*start..*end)?.to_owned(), place.how)));
    Some(TermShown {
        id: term.id.clone(),
        meaning: term.meaning.clone(),
        points: term.points.iter().map(|(axis, points)| (pack.axis_name(*axis).to_owned(), *points)).collect(),
        places: quotes.collect(),
        spans,
        lacks: if counts { Vec::new() } else { term.needs.iter().map(|axis| pack.axis_name(*axis).to_owned()).collect() },
    })
}

fn show_rule(pack: &Pack, rule: &Rule, verdict: &Verdict) -> RuleShown {
    let why_not = match verdict {
        Verdict::Matched(_) => String::new(),
        Verdict::TooFew(axis, needed, there) => format!("{}: {there} of {needed} points", pack.axis_name(*axis)),
        Verdict::NoneOf => "none of the terms it asks for".to_owned(),
        Verdict::Condition => "its `when` does not hold".to_owned(),
        Verdict::Vetoed => "silenced by evidence against".to_owned(),
    };
    let matched = if let Verdict::Matched(priority) = verdict { Some(*priority) } else { None };
    RuleShown { id: rule.id.clone(), status: rule.status, matched, why_not }
}
