//! Packs in the form the scanner uses.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;

use super::files::{
    AtLeast, Axis, Bilingual, ConditionEntry, Examples, Field, NearEntry, Output, PackFile, Points, PriceRange, RuleFile, Status,
    TermEntry,
};
use super::files::{Brake, Gate, Thresholds};
use super::index::{FormSpec, Index, IndexError, Views};
use crate::domain::flag::{Priority, Role};

/// Index of an axis in [`Pack::axes`].
pub type AxisIndex = usize;
/// Index of a term in [`RuleSet::terms`].
pub type TermIndex = usize;

/// A term without its forms.
#[derive(Debug, Clone)]
pub struct Term {
    /// Id, unique in its pack.
    pub id: String,
    /// Index of its pack.
    pub pack: usize,
    /// What it means.
    pub meaning: String,
    /// What else it can mean: shown to whoever decides.
    pub confused_with: Option<String>,
    /// Points by axis.
    pub points: Vec<(AxisIndex, i32)>,
    /// Axes on which another term must have evidence.
    pub needs: Vec<AxisIndex>,
    /// Where the word is used, or where the place lies.
    pub regions: Vec<String>,
    /// What its author does.
    pub role: Option<Role>,
    /// Only in these fields; everywhere if empty.
    pub fields: Vec<Field>,
    /// Patterns on the folded text.
    pub patterns: Vec<Regex>,
    /// Other terms near each other.
    pub near: Option<Near>,
    /// A made-up text in which it counts.
    pub example: String,
    /// Forms, as written in the file.
    pub forms: Vec<String>,
}

/// A term, or any term with points on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// One term.
    Term(TermIndex),
    /// Any term of the axis.
    Axis(AxisIndex),
}

/// Terms near each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// All of them, each near the one before.
    pub operands: Vec<Operand>,
    /// Most words between one and the next.
    pub words: usize,
    /// Only in this order.
    pub ordered: bool,
}

/// What a rule asks besides points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This is there.
    Has(Operand),
    /// An axis has at least these points.
    Axis(AxisIndex, i32),
    /// All hold.
    All(Vec<Condition>),
    /// At least so many hold.
    AtLeast(usize, Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Terms stand near each other.
    Near(Near),
    /// Terms stand in one sentence.
    SameSentence(Vec<Operand>),
    /// It stands in a field.
    InField(Field, Operand),
    /// A term, or a term of an axis, stands outside hashtags.
    OutsideHashtags(Operand),
    /// A price within these bounds is named.
    Price(PriceRange),
    /// At least so many posts of this author were upheld before.
    AuthorUpheld(u32),
    /// The author's part.
    Role(Vec<Role>),
    /// The post, or a place named in it, is in one of these regions.
    Region(Vec<String>),
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Id.
    pub id: String,
    /// Where it is in its life.
    pub status: Status,
    /// For people.
    pub title: Bilingual,
    /// Why such a post is worth a look.
    pub why: Bilingual,
    /// Order of work.
    pub priority: Priority,
    /// Who answers for it.
    pub owner: String,
    /// Known ways to be wrong: shown to whoever decides.
    pub falsepositives: Vec<String>,
    /// Axes that a letter shows as elements.
    pub elements: Vec<AxisIndex>,
    /// Points needed.
    pub need: Vec<(AxisIndex, i32)>,
    /// At least one of these terms, if not empty.
    pub any_of: Vec<TermIndex>,
    /// Points at which the rule is silent.
    pub veto: Vec<(AxisIndex, i32)>,
    /// Points that outweigh the veto.
    pub despite: Vec<(AxisIndex, i32)>,
    /// A further condition.
    pub when: Option<Condition>,
    /// Texts that show the rule working.
    pub examples: Examples,
}

/// One pack of a rule set.
#[derive(Debug)]
pub struct Pack {
    /// Id.
    pub id: String,
    /// For people.
    pub title: Bilingual,
    /// What the pack is for, and what it must not be used for.
    pub purpose: Bilingual,
    /// What may be done with what it finds.
    pub policy: Bilingual,
    /// Unit that answers for the rules.
    pub owner: String,
    /// What comes out at the end.
    pub output: Output,
    /// Why personal data may be processed for this.
    pub lawful_basis: String,
    /// Registry ids.
    pub legal: Vec<String>,
    /// Day by which the owner has to look at it again.
    pub expires: String,
    /// Axes, in the order in which findings list them.
    pub axes: Vec<Axis>,
    /// Words that crawlers ask for.
    pub search: Vec<String>,
    /// When a rule is trusted.
    pub gate: Gate,
    /// When screening stops.
    pub brake: Brake,
    /// Least scores.
    pub thresholds: Thresholds,
    /// Handles that are never flagged, lower case, without `@`.
    pub allowed_authors: Vec<String>,
    /// Its terms in [`RuleSet::terms`].
    pub terms: Range<TermIndex>,
    /// Rules, by id.
    pub rules: Vec<Rule>,
    /// Axes on which patterns give points.
    pub(crate) pattern_axes: Vec<AxisIndex>,
    /// Its terms that are other terms near each other, in order.
    pub(crate) near_terms: Vec<TermIndex>,
}

impl Pack {
    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// An axis by name.
    pub fn axis(&self, name: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.name == name)
    }

    /// Name of an axis.
    pub fn axis_name(&self, axis: AxisIndex) -> &str {
        self.axes.get(axis).map_or("", |axis| axis.name.as_str())
    }
}

/// Compiled packs. Immutable: share it behind an `Arc` and swap that.
#[derive(Debug)]
pub struct RuleSet {
    /// SHA-256 of the packs' files.
    pub hash: String,
    /// The packs, in the order given.
    pub packs: Vec<Pack>,
    /// All terms of all packs.
    pub terms: Vec<Term>,
    /// All forms of all terms; a form's term counts up to `terms.len()`, allowed phrases come behind.
    pub(crate) index: Index,
    /// Pack of each allowed phrase.
    pub(crate) allowed_phrases: Vec<usize>,
}

impl RuleSet {
    /// A pack by id.
    pub fn pack(&self, id: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.id == id)
    }

    /// Ids of all packs, parted by commas.
    pub fn pack_ids(&self) -> String {
        self.packs.iter().map(|pack| pack.id.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The pack that takedown requests rest on; the first where none asks for takedowns.
    pub fn asking_pack(&self) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.output == Output::Takedown).or(self.packs.first())
    }

    /// Whether takedown requests may rest on flags of a pack. Flags of a pack that is no longer in use keep that step.
    pub fn asks(&self, id: &str) -> bool {
        self.pack(id).is_none_or(|pack| pack.output == Output::Takedown)
    }

    /// Words that crawlers ask for, of all packs, each once.
    pub fn search(&self) -> Vec<String> {
        let mut seen = std::collections::BTreeSet::new();
        self.packs.iter().flat_map(|pack| &pack.search).filter(|word| seen.insert(*word)).cloned().collect()
    }

    /// The terms of a pack.
    pub fn terms_of(&self, pack: &Pack) -> &[Term] {
        self.terms.get(pack.terms.clone()).unwrap_or_default()
    }

    /// Number of rules of all packs.
    pub fn rule_count(&self) -> usize {
        self.packs.iter().map(|pack| pack.rules.len()).sum()
    }

    /// The index of all forms.
    pub fn index(&self) -> &Index {
        &self.index
    }
}

/// What was read of one pack, all of it sound.
#[derive(Debug)]
pub(super) struct SoundPack {
    pub file: PackFile,
    pub terms: Vec<TermEntry>,
    pub rules: Vec<RuleFile>,
}

/// Compiles packs into one rule set.
///
/// # Errors
/// A cap of the index.
pub(super) fn compile(sources: Vec<SoundPack>, hash: String, views: Views) -> Result<RuleSet, IndexError> {
    let mut terms = Vec::new();
    let mut packs = Vec::new();
    let mut allowed = Vec::new();
    let mut entries: Vec<TermEntry> = Vec::new();
    let mut pictures: Vec<(String, String)> = Vec::new();
    for (index, source) in sources.into_iter().enumerate() {
        let from = terms.len();
        let axes: Vec<Axis> = source.file.axes.iter().map(|axis| axis.get_ref().clone()).collect();
        let names = Names { axes: &axes, terms: &source.terms, from };
        terms.extend(source.terms.iter().map(|entry| compile_term(entry, index, &names)));
        let mut rules: Vec<Rule> = source.rules.into_iter().map(|file| compile_rule(file, &names, &source.file.owner)).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let own = terms.get(from..).unwrap_or_default();
        let pattern_axes = pattern_axes(own, &terms);
        for (picture, nouns) in &source.file.pictures {
            pictures.extend(nouns.iter().map(|noun| (picture.get_ref().clone(), noun.clone())));
        }
        allowed.extend(source.file.allow.phrases.iter().map(|phrase| (index, phrase.clone())));
        let near_terms = (from..).zip(own).filter(|(_, term)| term.near.is_some()).map(|(index, _)| index).collect();
        packs.push(compile_pack(source.file, axes, rules, from..terms.len(), (pattern_axes, near_terms)));
        entries.extend(source.terms);
    }
    let forms = entries.iter().zip(0_u32..).flat_map(|(entry, term)| {
        let spec = move |text| FormSpec { text, term, affixes: entry.affixes, slips: entry.fuzzy, except: &entry.except };
        entry.forms.iter().map(move |form| spec(form.get_ref().as_str()))
    });
    let behind = u32::try_from(terms.len()).unwrap_or(u32::MAX);
    let phrases = allowed.iter().zip(behind..).map(|((_, phrase), term)| FormSpec {
        text: phrase,
        term,
        affixes: false,
        slips: false,
        except: &[],
    });
    let index = Index::build(forms.chain(phrases), views)?;
    let index = pictures.iter().fold(index, |index, (picture, noun)| index.with_picture(picture, noun));
    Ok(RuleSet { hash, packs, terms, index, allowed_phrases: allowed.into_iter().map(|(pack, _)| pack).collect() })
}

/// Axes that can get points from patterns, directly or through `near`. Every other axis is known from the words alone.
fn pattern_axes(own: &[Term], all: &[Term]) -> Vec<AxisIndex> {
    let axes = |terms: &mut dyn Iterator<Item = &Term>| -> Vec<AxisIndex> {
        terms.flat_map(|term| &term.points).map(|(axis, _)| *axis).collect()
    };
    let by_patterns = || own.iter().filter(|term| !term.patterns.is_empty());
    let mut found = axes(&mut by_patterns());
    // A term that needs company on its own axis is not the first there, unless another one like it is its company.
    let needs_itself = |axis: AxisIndex| by_patterns().filter(move |term| term.needs.contains(&axis));
    let gives = |axis: AxisIndex| by_patterns().filter(move |term| term.points.iter().any(|(given, _)| *given == axis));
    found.retain(|axis| gives(*axis).count() > 1 || needs_itself(*axis).count() == 0);
    let by_pattern = |operand: &Operand| match operand {
        Operand::Term(term) => all.get(*term).is_some_and(|term| !term.patterns.is_empty() || term.near.is_some()),
        Operand::Axis(_) => true,
    };
    found
        .extend(axes(&mut own.iter().filter(|term| term.near.as_ref().is_some_and(|near| near.operands.iter().any(by_pattern)))));
    found.sort_unstable();
    found.dedup();
    found
}

/// Names of one pack. Everything was checked when the files were read, so an unknown name is left out.
struct Names<'a> {
    axes: &'a [Axis],
    terms: &'a [TermEntry],
    from: TermIndex,
}

impl Names<'_> {
    fn axis(&self, name: &str) -> Option<AxisIndex> {
        self.axes.iter().position(|axis| axis.name == name)
    }

    fn term(&self, id: &str) -> Option<TermIndex> {
        Some(self.from + self.terms.iter().position(|term| term.id.get_ref() == id)?)
    }

    fn operand(&self, text: &str) -> Option<Operand> {
        match text.strip_prefix('@') {
            Some(axis) => self.axis(axis).map(Operand::Axis),
            None => self.term(text).map(Operand::Term),
        }
    }

    fn points(&self, map: &BTreeMap<String, i32>) -> Vec<(AxisIndex, i32)> {
        map.iter().filter_map(|(name, value)| Some((self.axis(name)?, *value))).collect()
    }

    fn near(&self, entry: &NearEntry) -> Near {
        let operands = entry.terms.iter().filter_map(|term| self.operand(term.get_ref())).collect();
        Near { operands, words: entry.words as usize, ordered: entry.ordered }
    }

    fn condition(&self, entry: &ConditionEntry) -> Condition {
        let each = |entries: &[ConditionEntry]| entries.iter().map(|entry| self.condition(entry)).collect::<Vec<_>>();
        let has = |name: &str| self.operand(name).map_or_else(|| Condition::AtLeast(1, Vec::new()), Condition::Has);
        match entry {
            ConditionEntry::Term(id) => has(id.get_ref()),
            ConditionEntry::Axis(axis) => Condition::Axis(self.axis(axis.name.get_ref()).unwrap_or(usize::MAX), axis.points),
            ConditionEntry::All(entries) => Condition::All(each(entries)),
            ConditionEntry::Any(entries) => Condition::AtLeast(1, each(entries)),
            ConditionEntry::Not(entry) => Condition::Not(Box::new(self.condition(entry))),
            ConditionEntry::AtLeast(AtLeast { n, of }) => Condition::AtLeast(*n, each(of)),
            ConditionEntry::Near(near) => Condition::Near(self.near(near)),
            ConditionEntry::SameSentence(terms) => {
                Condition::SameSentence(terms.iter().filter_map(|term| self.operand(term.get_ref())).collect())
            }
            ConditionEntry::Field(place) => match self.operand(place.term.get_ref()) {
                Some(operand) => Condition::InField(place.field, operand),
                None => Condition::AtLeast(1, Vec::new()),
            },
            ConditionEntry::OutsideHashtags(term) => match self.operand(term.get_ref()) {
                Some(operand) => Condition::OutsideHashtags(operand),
                None => Condition::AtLeast(1, Vec::new()),
            },
            ConditionEntry::Price(range) => Condition::Price(*range),
            ConditionEntry::AuthorUpheld(count) => Condition::AuthorUpheld(*count),
            ConditionEntry::Role(roles) => Condition::Role(roles.clone()),
            ConditionEntry::Region(regions) => Condition::Region(regions.clone()),
        }
    }
}

fn compile_term(entry: &TermEntry, pack: usize, names: &Names<'_>) -> Term {
    let points: BTreeMap<String, i32> =
        entry.points.get_ref().iter().map(|(axis, points): (_, &Points)| (axis.clone(), points.value())).collect();
    Term {
        id: entry.id.get_ref().clone(),
        pack,
        meaning: entry.meaning.clone(),
        confused_with: entry.confused_with.clone(),
        points: names.points(&points),
        needs: entry.needs.iter().filter_map(|name| names.axis(name.get_ref())).collect(),
        regions: entry.regions.clone(),
        role: entry.role,
        fields: entry.fields.clone(),
        patterns: entry.patterns.iter().filter_map(|pattern| super::load::build_regex(pattern.get_ref()).ok()).collect(),
        near: entry.near.as_ref().map(|near| names.near(near)),
        example: entry.example.get_ref().clone(),
        forms: entry.forms.iter().map(|form| form.get_ref().clone()).collect(),
    }
}

fn compile_rule(file: RuleFile, names: &Names<'_>, owner: &str) -> Rule {
    let need = names.points(file.need.get_ref());
    let elements = file.elements.iter().filter_map(|name| names.axis(name.get_ref())).collect::<Vec<_>>();
    Rule {
        status: file.status,
        title: file.title,
        why: file.why,
        priority: file.priority,
        owner: file.owner.unwrap_or_else(|| owner.to_owned()),
        falsepositives: file.falsepositives,
        elements: if elements.is_empty() { need.iter().map(|(axis, _)| *axis).collect() } else { elements },
        need,
        any_of: file.any_of.iter().filter_map(|id| names.term(id.get_ref())).collect(),
        veto: file.veto.map(|map| names.points(map.get_ref())).unwrap_or_default(),
        despite: file.despite.map(|map| names.points(map.get_ref())).unwrap_or_default(),
        when: file.when.as_ref().map(|entry| names.condition(entry)),
        examples: file.examples.into_inner(),
        id: file.id.into_inner(),
    }
}

fn compile_pack(
    file: PackFile,
    axes: Vec<Axis>,
    rules: Vec<Rule>,
    terms: Range<TermIndex>,
    (pattern_axes, near_terms): (Vec<AxisIndex>, Vec<TermIndex>),
) -> Pack {
    let handle = |author: &String| author.trim_start_matches('@').to_lowercase();
    Pack {
        id: file.id.into_inner(),
        title: file.title,
        purpose: file.purpose,
        policy: file.policy,
        owner: file.owner,
        output: file.output,
        lawful_basis: file.lawful_basis,
        legal: file.legal.into_iter().map(toml::Spanned::into_inner).collect(),
        expires: file.expires.into_inner(),
        axes,
        search: file.search,
        gate: file.gate,
        brake: file.brake,
        thresholds: file.thresholds,
        allowed_authors: file.allow.authors.iter().map(handle).collect(),
        terms,
        rules,
        pattern_axes,
        near_terms,
    }
}
