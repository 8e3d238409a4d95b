//! The shapes of the three kinds of file. Unknown keys are refused, so that a typo cannot switch a rule off quietly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::domain::flag::{Priority, Role};

/// A text in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

/// `pack.toml`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    /// Pack id, equal to its folder's name.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// For people.
    pub title: Bilingual,
    /// What the pack is for, and what it must not be used for.
    pub purpose: Bilingual,
    /// What may be done with what it finds, in one sentence.
    pub policy: Bilingual,
    /// Unit that answers for the rules.
    pub owner: String,
    /// What comes out at the end.
    pub output: Output,
    /// Why personal data may be processed for this (UU 27/2022, article 20).
    pub lawful_basis: String,
    /// Ids of rules/legal/*.toml.
    #[schemars(with = "Vec<String>")]
    pub legal: Vec<Spanned<String>>,
    /// Day by which the owner has to have looked at the pack again, `YYYY-MM-DD`.
    #[schemars(with = "String")]
    pub expires: Spanned<String>,
    /// Words that crawlers ask the platforms for. Only a pre-filter: the rules decide.
    pub search: Vec<String>,
    /// When a rule is trusted.
    #[serde(default)]
    pub gate: Gate,
    /// When screening stops by itself.
    #[serde(default)]
    pub brake: Brake,
    /// Score below which a finding is P3 or P2 at most.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// What is never flagged.
    #[serde(default)]
    pub allow: Allow,
    /// Pictures that sellers put for a noun: inside phrases each is also read as these words.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub pictures: BTreeMap<Spanned<String>, Vec<String>>,
    /// Axes in the order in which findings list them.
    #[schemars(with = "Vec<Axis>")]
    pub axes: Vec<Spanned<Axis>>,
}

/// What becomes of an upheld post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// A takedown request.
    Takedown,
    /// A lead for another authority; never a takedown request.
    Lead,
    /// Figures about a market; never a takedown request.
    MarketWatch,
}

impl Output {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Takedown => "takedown",
            Self::Lead => "lead",
            Self::MarketWatch => "market_watch",
        }
    }
}

/// A rule is trusted when people have upheld enough of what it found.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Least number of decisions.
    pub min_decisions: u32,
    /// Least lower bound of the 95 % Wilson interval of upheld ÷ decided, 0 to 1.
    pub min_precision: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { min_decisions: 30, min_precision: 0.8 }
    }
}

/// Stops a screening that flags too much: a bad rule must not fill the queue overnight.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brake {
    /// Fewest posts that say anything.
    pub posts: u32,
    /// Largest part of them that may be flagged, 0 to 1.
    pub share: f64,
}

impl Default for Brake {
    fn default() -> Self {
        Self { posts: 200, share: 0.5 }
    }
}

/// Least scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Below this a finding is P2 at most.
    pub p1: i32,
    /// Below this a finding is P3.
    pub p2: i32,
}

/// What is never flagged. Whole handles and whole words, never parts of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// Handles: own channels, news outlets.
    pub authors: Vec<String>,
    /// Phrases that are no evidence.
    pub phrases: Vec<String>,
}

/// One axis of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Name used in terms and rules.
    pub name: String,
    /// For people.
    pub label: Bilingual,
    /// Part of the score: weight × min(points, cap). Below 0 for evidence against.
    #[serde(default)]
    pub weight: i32,
    /// Most points that count in the score.
    #[serde(default = "default_cap")]
    pub cap: i32,
}

const fn default_cap() -> i32 {
    4
}

/// `terms/*.toml`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermFile {
    /// The terms.
    #[serde(default)]
    #[schemars(with = "Vec<TermEntry>")]
    pub term: Vec<Spanned<TermEntry>>,
}

/// How much a term says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// 4 points: may carry the axis alone.
    Strong,
    /// 2 points.
    Medium,
    /// 1 point.
    Weak,
}

/// Points of a term on an axis: a tier, or a number from 1 to 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Points {
    /// By name.
    Tier(Tier),
    /// By number.
    Number(i32),
}

impl Points {
    /// The number.
    pub const fn value(self) -> i32 {
        match self {
            Self::Tier(Tier::Strong) => 4,
            Self::Tier(Tier::Medium) => 2,
            Self::Tier(Tier::Weak) => 1,
            Self::Number(value) => value,
        }
    }
}

/// Part of a post that a text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Caption or text of the post.
    #[default]
    Caption,
    /// A hashtag of it.
    Hashtag,
    /// Title.
    Title,
    /// About the author.
    Bio,
    /// A shop's listing.
    Listing,
    /// What is said.
    Transcript,
    /// What is written in the picture.
    Ocr,
}

/// One term: a meaning, written in several forms, that is evidence on one or more axes.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermEntry {
    /// Id, unique in the pack.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// Points on axes.
    #[schemars(with = "BTreeMap<String, Points>")]
    pub points: Spanned<BTreeMap<String, Points>>,
    /// Words, phrases and symbols, matched whole.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub forms: Vec<Spanned<String>>,
    /// Regular expressions on the folded text, for what is not words (prices, links).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub patterns: Vec<Spanned<String>>,
    /// The term is there where other terms stand near each other.
    #[serde(default)]
    pub near: Option<NearEntry>,
    /// The term counts only where these axes have evidence of another term: `cakar` only beside a garment.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub needs: Vec<Spanned<String>>,
    /// Where the word is used, or where the place lies.
    #[serde(default)]
    pub regions: Vec<String>,
    /// What its author does, if the term says so.
    #[serde(default)]
    pub role: Option<Role>,
    /// Whether affixes may stand on its words (`-nya`, `nge-`).
    #[serde(default = "yes")]
    pub affixes: bool,
    /// Whether one slip may be in its words of six letters or more.
    #[serde(default = "yes")]
    pub fuzzy: bool,
    /// Words that no derived spelling may take, because they mean something else.
    #[serde(default)]
    pub except: Vec<String>,
    /// Only in these fields; everywhere if empty.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What it means.
    pub meaning: String,
    /// What else it can mean.
    #[serde(default)]
    pub confused_with: Option<String>,
    /// A made-up text in which the term counts.
    #[schemars(with = "String")]
    pub example: Spanned<String>,
}

const fn yes() -> bool {
    true
}

/// Terms near each other.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NearEntry {
    /// Term ids, or axes as `@axis`. All of them must be there, each near the one before.
    #[schemars(with = "Vec<String>")]
    pub terms: Vec<Spanned<String>>,
    /// Most words between one and the next.
    pub words: u32,
    /// Only in this order.
    #[serde(default)]
    pub ordered: bool,
}

/// `rules/*.toml`.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Id, equal to the file's name.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// Where it is in its life.
    pub status: Status,
    /// For people.
    pub title: Bilingual,
    /// One sentence that says why such a post is worth a look.
    pub why: Bilingual,
    /// Order of work of what it finds.
    pub priority: Priority,
    /// Who answers for it, if not the pack's owner.
    #[serde(default)]
    pub owner: Option<String>,
    /// Known ways to be wrong.
    pub falsepositives: Vec<String>,
    /// Axes that a letter shows as elements; those of `need` if not given.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub elements: Vec<Spanned<String>>,
    /// Points needed, on all of these axes.
    #[schemars(with = "BTreeMap<String, i32>")]
    pub need: Spanned<BTreeMap<String, i32>>,
    /// If given, at least one of these terms must be there.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub any_of: Vec<Spanned<String>>,
    /// Points at which the rule is silent.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, i32>>")]
    pub veto: Option<Spanned<BTreeMap<String, i32>>>,
    /// Points that outweigh the veto; the finding is then P3.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, i32>>")]
    pub despite: Option<Spanned<BTreeMap<String, i32>>>,
    /// A further condition.
    #[serde(default)]
    pub when: Option<ConditionEntry>,
    /// Texts that show the rule working.
    #[schemars(with = "Examples")]
    pub examples: Spanned<Examples>,
}

/// Life of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written: only its examples are tried.
    Draft,
    /// Tried on live posts and counted, but it flags nothing.
    Shadow,
    /// Flags.
    Active,
    /// Kept for the record.
    Retired,
}

/// A condition on the terms of a text.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionEntry {
    /// This term is there.
    Term(#[schemars(with = "String")] Spanned<String>),
    /// An axis has at least these points.
    Axis(AxisPoints),
    /// All hold.
    All(Vec<ConditionEntry>),
    /// One holds.
    Any(Vec<ConditionEntry>),
    /// It does not hold.
    Not(Box<ConditionEntry>),
    /// At least `n` hold.
    AtLeast(AtLeast),
    /// Terms stand near each other.
    Near(NearEntry),
    /// Terms stand in one sentence.
    SameSentence(#[schemars(with = "Vec<String>")] Vec<Spanned<String>>),
    /// A term stands in a field.
    Field(InField),
    /// A term, or `@axis`, stands in the running text: hashtags are also written to be found by others.
    OutsideHashtags(#[schemars(with = "String")] Spanned<String>),
    /// A price in rupiah is named.
    Price(PriceRange),
    /// At least so many posts of this author were upheld before.
    AuthorUpheld(u32),
    /// The author's part, as far as the text says it.
    Role(Vec<Role>),
    /// The post, or a place named in it, is in one of these regions.
    Region(Vec<String>),
}

/// Points of an axis.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisPoints {
    /// Axis.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// Least points.
    pub points: i32,
}

/// Some of several conditions.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// How many.
    pub n: usize,
    /// Of these.
    pub of: Vec<ConditionEntry>,
}

/// A term in a field.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InField {
    /// The field.
    pub field: Field,
    /// Term id, or `@axis`.
    #[schemars(with = "String")]
    pub term: Spanned<String>,
}

/// Rupiah, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PriceRange {
    /// Least price.
    pub min: Option<u64>,
    /// Highest price.
    pub max: Option<u64>,
}

/// Texts that must and must not match. A rule without both cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Must match this rule.
    pub matching: Vec<String>,
    /// Must not match this rule.
    pub not_matching: Vec<String>,
}
