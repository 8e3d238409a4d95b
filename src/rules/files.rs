//! The shapes of the three kinds of file. Unknown keys are refused, so that a typo cannot switch a rule off quietly.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::flag::Priority;

/// A text in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

/// `pack.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// Pack id, equal to its folder's name.
    pub id: Spanned<String>,
    /// For people.
    pub title: Bilingual,
    /// What the pack is for, and what it must not be used for.
    pub purpose: Bilingual,
    /// Unit that answers for the rules.
    pub owner: String,
    /// Axes in the order in which findings list them.
    pub axes: Vec<Axis>,
    /// Words that crawlers ask the platforms for. Only a pre-filter: the rules decide.
    pub search: Vec<String>,
}

/// One axis of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Name used in terms and rules.
    pub name: String,
    /// For people.
    pub label: Bilingual,
}

/// `terms/*.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermFile {
    /// The terms.
    #[serde(default)]
    pub term: Vec<Spanned<TermEntry>>,
}

/// One term: a meaning, written in several forms, that is evidence on one or more axes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermEntry {
    /// Id, unique in the pack.
    pub id: Spanned<String>,
    /// Points on axes: 4 strong (may carry the axis alone), 2 medium, 1 weak.
    pub points: Spanned<BTreeMap<String, i32>>,
    /// Phrases, matched as whole words.
    #[serde(default)]
    pub forms: Vec<Spanned<String>>,
    /// Regular expressions on the folded text, for what is not words (prices, links).
    #[serde(default)]
    pub patterns: Vec<Spanned<String>>,
    /// The term counts only where these axes have evidence of another term: `cakar` only beside a garment.
    #[serde(default)]
    pub needs: Vec<Spanned<String>>,
    /// What it means.
    pub meaning: String,
    /// What else it can mean.
    #[serde(default)]
    pub confused_with: Option<String>,
}

/// `rules/*.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Id, equal to the file's name.
    pub id: Spanned<String>,
    /// For people.
    pub title: Bilingual,
    /// One sentence that says why such a post is worth a look.
    pub why: Bilingual,
    /// Order of work of what it finds.
    pub priority: Priority,
    /// Known ways to be wrong.
    pub falsepositives: Vec<String>,
    /// Points needed, on all of these axes.
    pub need: Spanned<BTreeMap<String, i32>>,
    /// If given, at least one of these terms must be there.
    #[serde(default)]
    pub any_of: Vec<Spanned<String>>,
    /// Points at which the rule is silent.
    #[serde(default)]
    pub veto: Option<Spanned<BTreeMap<String, i32>>>,
    /// Points that outweigh the veto; the finding is then P3.
    #[serde(default)]
    pub despite: Option<Spanned<BTreeMap<String, i32>>>,
    /// Texts that show the rule working.
    pub examples: Spanned<Examples>,
}

/// Texts that must and must not match. A rule without both cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Must match this rule.
    pub matching: Vec<String>,
    /// Must not match this rule.
    pub not_matching: Vec<String>,
}
