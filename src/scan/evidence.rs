//! Hits → terms that count.

use std::collections::BTreeMap;

use super::Post;
use super::matcher::Hit;
use crate::rules::index::How;
use crate::rules::{AxisIndex, Field, Near, Operand, Pack, Rule, RuleSet, Term, TermIndex};
use crate::text::Folded;

/// Where a term stands in the folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub start: u32,
    pub end: u32,
    pub how: How,
}

/// A term found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub term: TermIndex,
    pub places: Vec<Place>,
}

/// The evidence of one text for one pack.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Terms that count, by index.
    pub found: Vec<Found>,
    /// Terms that were there but lacked the company they need.
    pub dropped: Vec<Found>,
    /// Points by axis.
    pub points: Vec<i32>,
}

impl Evidence {
    pub fn points(&self, axis: AxisIndex) -> i32 {
        self.points.get(axis).copied().unwrap_or(0)
    }

    pub fn reached(&self, needed: &[(AxisIndex, i32)]) -> bool {
        needed.iter().all(|(axis, value)| self.points(*axis) >= *value)
    }

    pub fn has(&self, term: TermIndex) -> bool {
        self.found.iter().any(|found| found.term == term)
    }
}

/// Collects the evidence for one pack.
pub(super) struct Collector<'a> {
    pub rules: &'a RuleSet,
    pub pack: &'a Pack,
    pub folded: &'a Folded,
    pub post: &'a Post<'a>,
}

impl Collector<'_> {
    /// False only if no rule of the pack can match, whatever patterns and places say: asked of every text, so it makes
    /// nothing.
    pub fn may_match(&self, hits: &[Hit]) -> bool {
        let bits = |axes: &mut dyn Iterator<Item = AxisIndex>| axes.fold(0_u64, |bits, axis| bits | 1 << (axis % 64));
        let points = |term: &Term| bits(&mut term.points.iter().map(|(axis, _)| *axis));
        let own = hits.iter().map(|hit| hit.term as usize).filter(|term| self.pack.terms.contains(term));
        let mut known = bits(&mut self.pack.pattern_axes.iter().copied());
        known |= own.filter_map(|term| self.rules.terms.get(term)).fold(0, |bits, term| bits | points(term));
        // Terms that are near others come behind them, and may be in others' places themselves.
        for term in self.pack.near_terms.iter().filter_map(|term| self.rules.terms.get(*term)) {
            let there = |operand: &Operand| match operand {
                Operand::Term(term) => {
                    let by_itself =
                        self.rules.terms.get(*term).is_some_and(|term| term.near.is_some() || !term.patterns.is_empty());
                    by_itself || hits.iter().any(|hit| hit.term as usize == *term)
                }
                Operand::Axis(axis) => known >> (axis % 64) & 1 == 1,
            };
            if term.near.as_ref().is_some_and(|near| near.operands.iter().all(there)) {
                known |= points(term);
            }
        }
        let needed = |rule: &Rule| bits(&mut rule.need.iter().map(|(axis, _)| *axis));
        self.pack.rules.iter().any(|rule| needed(rule) & !known == 0)
    }

    /// What the words alone say; `needs` is not asked yet, so no later step can add points on an axis without patterns.
    pub fn by_words(&self, hits: &[Hit]) -> BTreeMap<TermIndex, Vec<Place>> {
        let mut found: BTreeMap<TermIndex, Vec<Place>> = BTreeMap::new();
        for hit in hits {
            let term = hit.term as usize;
            if self.pack.terms.contains(&term) && self.in_field(term, hit.start, hit.end) && !self.is_guess_against(term, hit.how)
            {
                found.entry(term).or_default().push(Place { start: hit.start, end: hit.end, how: hit.how });
            }
        }
        found
    }

    /// True if some rule of the pack could still match when all patterns did.
    pub fn possible(&self, found: &BTreeMap<TermIndex, Vec<Place>>) -> bool {
        let mut known = vec![false; self.pack.axes.len()];
        let mut mark = |axis: AxisIndex| {
            if let Some(known) = known.get_mut(axis) {
                *known = true;
            }
        };
        self.pack.pattern_axes.iter().for_each(|axis| mark(*axis));
        found
            .keys()
            .filter_map(|term| self.rules.terms.get(*term))
            .flat_map(|term| &term.points)
            .for_each(|(axis, _)| mark(*axis));
        let all_known = |needed: &[(AxisIndex, i32)]| needed.iter().all(|(axis, _)| known.get(*axis).copied().unwrap_or(false));
        self.pack.rules.iter().any(|rule| all_known(&rule.need))
    }

    /// Adds terms that are other terms near each other.
    pub fn add_near(&self, found: &mut BTreeMap<TermIndex, Vec<Place>>) {
        for term in self.pack.terms.clone() {
            let Some(near) = self.rules.terms.get(term).and_then(|term| term.near.as_ref()) else { continue };
            let places: Vec<Place> = near_places(self.rules, self.folded, near, found);
            let places: Vec<Place> = places.into_iter().filter(|place| self.in_field(term, place.start, place.end)).collect();
            if !places.is_empty() {
                let all = found.entry(term).or_default();
                all.extend(places);
                all.sort_unstable();
                all.dedup();
            }
        }
    }

    /// Adds what the patterns find.
    pub fn add_patterns(&self, found: &mut BTreeMap<TermIndex, Vec<Place>>) {
        let text = self.folded.as_str();
        for (index, term) in self.pack.terms.clone().filter_map(|index| Some((index, self.rules.terms.get(index)?))) {
            for regex in &term.patterns {
                let places = regex.find_iter(text).filter(|found| !found.is_empty()).map(|found| Place {
                    start: u32::try_from(found.start()).unwrap_or(u32::MAX),
                    end: u32::try_from(found.end()).unwrap_or(u32::MAX),
                    how: How::Pattern,
                });
                let places: Vec<Place> = places.filter(|place| self.in_field(index, place.start, place.end)).collect();
                if !places.is_empty() {
                    found.entry(index).or_default().extend(places);
                }
            }
        }
    }

    /// Drops what lacks company, and adds up the points.
    pub fn weigh(&self, found: BTreeMap<TermIndex, Vec<Place>>) -> Evidence {
        let all = found.into_iter().map(|(term, places)| Found { term, places }).collect();
        let (found, dropped) = self.drop_unsupported(all);
        let mut points = vec![0; self.pack.axes.len()];
        for (axis, value) in found.iter().filter_map(|found| self.rules.terms.get(found.term)).flat_map(|term| &term.points) {
            if let Some(sum) = points.get_mut(*axis) {
                *sum += value;
            }
        }
        Evidence { found, dropped, points }
    }

    /// A term that needs company counts only where *another* term has evidence on each needed axis. Repeated until
    /// nothing changes, so that two such terms cannot hold each other up after their support is gone.
    fn drop_unsupported(&self, mut found: Vec<Found>) -> (Vec<Found>, Vec<Found>) {
        let term = |found: &Found| self.rules.terms.get(found.term);
        let mut dropped = Vec::new();
        loop {
            let supported = |one: &Found| {
                term(one).is_some_and(|this| {
                    this.needs.iter().all(|needed| {
                        let gives = |other: &Term| other.points.iter().any(|(axis, _)| axis == needed);
                        found.iter().any(|other| other.term != one.term && term(other).is_some_and(gives))
                    })
                })
            };
            let (kept, lost): (Vec<Found>, Vec<Found>) = found.iter().cloned().partition(supported);
            if lost.is_empty() {
                return (kept, dropped);
            }
            dropped.extend(lost);
            found = kept;
        }
    }

    /// Nobody disguises a word that speaks for him: `be*as` is `bekas`, never `beras`. Guesses are no evidence against.
    fn is_guess_against(&self, term: TermIndex, how: How) -> bool {
        let points = self.rules.terms.get(term).map(|term| term.points.as_slice()).unwrap_or_default();
        let against = |axis: &AxisIndex| self.pack.axes.get(*axis).is_some_and(|axis| axis.weight < 0);
        matches!(how, How::Slip | How::Sign | How::Apart | How::Leet | How::Mask | How::Picture)
            && points.iter().any(|(axis, _)| against(axis))
    }

    fn in_field(&self, term: TermIndex, start: u32, end: u32) -> bool {
        let fields = self.rules.terms.get(term).map(|term| term.fields.as_slice()).unwrap_or_default();
        fields.is_empty()
            || fields.contains(&self.post.field)
            || (fields.contains(&Field::Hashtag) && in_hashtag(self.folded, start, end))
    }
}

/// True if the place lies in a word behind a `#`.
pub(super) fn in_hashtag(folded: &Folded, start: u32, end: u32) -> bool {
    let words = folded.words();
    let at = words.partition_point(|word| word.end <= start);
    words.get(at).is_some_and(|word| {
        end <= word.end && word.start.checked_sub(1).is_some_and(|sign| folded.slice(sign, word.start) == b"#")
    })
}

/// Places of an operand among the terms found.
pub(super) fn places_of(rules: &RuleSet, operand: Operand, found: &BTreeMap<TermIndex, Vec<Place>>) -> Vec<Place> {
    match operand {
        Operand::Term(term) => found.get(&term).cloned().unwrap_or_default(),
        Operand::Axis(axis) => {
            let gives =
                |term: &TermIndex| rules.terms.get(*term).is_some_and(|term| term.points.iter().any(|(on, _)| *on == axis));
            found.iter().filter(|(term, _)| gives(term)).flat_map(|(_, places)| places.clone()).collect()
        }
    }
}

/// Where all operands stand near each other: from the first to the last of them.
pub(super) fn near_places(rules: &RuleSet, folded: &Folded, near: &Near, found: &BTreeMap<TermIndex, Vec<Place>>) -> Vec<Place> {
    let mut operands = near.operands.iter().map(|operand| places_of(rules, *operand, found));
    // The whole place so far, and its last operand.
    let mut chains: Vec<(Place, Place)> = operands.next().unwrap_or_default().into_iter().map(|place| (place, place)).collect();
    for next in operands {
        let mut longer = Vec::new();
        for (whole, last) in &chains {
            for place in next.iter().filter(|place| are_near(folded, near, *last, **place)) {
                let whole = Place { start: whole.start.min(place.start), end: whole.end.max(place.end), how: How::Near };
                longer.push((whole, *place));
            }
        }
        chains = longer;
    }
    let mut places: Vec<Place> = chains.into_iter().map(|(whole, _)| whole).collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn are_near(folded: &Folded, near: &Near, a: Place, b: Place) -> bool {
    let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
    if second.start < first.end || (near.ordered && a.start > b.start) {
        return false;
    }
    let words = folded.words();
    let behind = words.partition_point(|word| word.start < first.end);
    let before = words.partition_point(|word| word.start < second.start);
    before.saturating_sub(behind) <= near.words
}
