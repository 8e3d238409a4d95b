//! A pack in the form the scanner uses.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexSet};

use super::files::{Axis, Bilingual, Examples, PackFile, RuleFile, TermEntry};
use super::load::build_regex;
use crate::domain::flag::Priority;
use crate::text::Normalized;

/// Index of an axis in [`RuleSet::axes`].
pub type AxisIndex = usize;

/// A term without its forms.
#[derive(Debug, Clone)]
pub struct Term {
    /// Id.
    pub id: String,
    /// What it means.
    pub meaning: String,
    /// What else it can mean: shown to whoever decides.
    pub confused_with: Option<String>,
    /// Points by axis.
    pub points: Vec<(AxisIndex, i32)>,
    /// Axes on which another term must have evidence.
    pub needs: Vec<AxisIndex>,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Id.
    pub id: String,
    /// For people.
    pub title: Bilingual,
    /// Why such a post is worth a look.
    pub why: Bilingual,
    /// Order of work.
    pub priority: Priority,
    /// Known ways to be wrong: shown to whoever decides.
    pub falsepositives: Vec<String>,
    /// Points needed.
    pub need: Vec<(AxisIndex, i32)>,
    /// At least one of these terms (indices), if not empty.
    pub any_of: Vec<usize>,
    /// Points at which the rule is silent.
    pub veto: Vec<(AxisIndex, i32)>,
    /// Points that outweigh the veto.
    pub despite: Vec<(AxisIndex, i32)>,
    /// Texts that show the rule working.
    pub examples: Examples,
}

/// A compiled pack. Cheap to share behind an `Arc`, immutable.
#[derive(Debug)]
pub struct RuleSet {
    /// Pack id.
    pub pack: String,
    /// For people.
    pub title: Bilingual,
    /// What the pack is for, and what it must not be used for.
    pub purpose: Bilingual,
    /// Unit that answers for the rules.
    pub owner: String,
    /// SHA-256 of the pack's files.
    pub hash: String,
    /// Axes, in the order in which findings list them.
    pub axes: Vec<Axis>,
    /// Words that crawlers ask for.
    pub search: Vec<String>,
    /// Terms.
    pub terms: Vec<Term>,
    /// Rules, by id.
    pub rules: Vec<Rule>,
    /// Phrases over the words view, each with a space before and after.
    pub(crate) phrases: Option<AhoCorasick>,
    /// Term of each phrase.
    pub(crate) phrase_terms: Vec<usize>,
    /// Quick test which patterns can match at all.
    pub(crate) pattern_set: Option<RegexSet>,
    /// Patterns over the folded text, with their terms.
    pub(crate) patterns: Vec<(Regex, usize)>,
}

impl RuleSet {
    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Label of an axis by name.
    pub fn axis(&self, name: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.name == name)
    }
}

/// Builds the automata. Everything was checked when the files were read, so what does not compile here is left out.
pub(super) fn compile(pack: &PackFile, entries: Vec<TermEntry>, files: Vec<RuleFile>, hash: String) -> RuleSet {
    let axis = |name: &str| pack.axes.iter().position(|a| a.name == name);
    let points = |map: &BTreeMap<String, i32>| -> Vec<(AxisIndex, i32)> {
        map.iter().filter_map(|(name, value)| Some((axis(name)?, *value))).collect()
    };
    let mut phrases = Vec::new();
    let mut phrase_terms = Vec::new();
    let mut patterns = Vec::new();
    let mut terms = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        for form in &entry.forms {
            phrases.push(Normalized::new(form.get_ref()).words().as_str().to_owned());
            phrase_terms.push(index);
        }
        for pattern in &entry.patterns {
            patterns.extend(build_regex(pattern.get_ref()).ok().map(|regex| (regex, index)));
        }
        terms.push(Term {
            id: entry.id.get_ref().clone(),
            meaning: entry.meaning.clone(),
            confused_with: entry.confused_with.clone(),
            points: points(entry.points.get_ref()),
            needs: entry.needs.iter().filter_map(|name| axis(name.get_ref())).collect(),
        });
    }
    let term_index = |id: &str| terms.iter().position(|t: &Term| t.id == id);
    let mut rules: Vec<Rule> = files
        .into_iter()
        .map(|file| Rule {
            id: file.id.into_inner(),
            title: file.title,
            why: file.why,
            priority: file.priority,
            falsepositives: file.falsepositives,
            need: points(file.need.get_ref()),
            any_of: file.any_of.iter().filter_map(|id| term_index(id.get_ref())).collect(),
            veto: file.veto.map(|map| points(map.get_ref())).unwrap_or_default(),
            despite: file.despite.map(|map| points(map.get_ref())).unwrap_or_default(),
            examples: file.examples.into_inner(),
        })
        .collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    RuleSet {
        pack: pack.id.get_ref().clone(),
        title: pack.title.clone(),
        purpose: pack.purpose.clone(),
        owner: pack.owner.clone(),
        hash,
        axes: pack.axes.clone(),
        search: pack.search.clone(),
        terms,
        rules,
        // Standard match kind reports overlapping phrases; leftmost-longest would lose the shorter of two.
        phrases: AhoCorasick::builder().match_kind(MatchKind::Standard).build(&phrases).ok(),
        phrase_terms,
        pattern_set: RegexSet::new(patterns.iter().map(|(regex, _)| regex.as_str())).ok(),
        patterns,
    }
}
