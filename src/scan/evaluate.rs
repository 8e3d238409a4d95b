//! Evidence → which rules match, and how urgently.

use std::collections::BTreeMap;

use super::Post;
use super::evidence::{Evidence, Place, in_hashtag, near_places, places_of};
use super::price::prices;
use crate::domain::flag::{Priority, Role};
use crate::rules::{AxisIndex, Condition, Field, Operand, Pack, PriceRange, Rule, RuleSet, TermIndex};
use crate::text::Folded;

/// Why a rule did or did not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It matched, with this urgency.
    Matched(Priority),
    /// An axis has too few points: axis, points needed, points there.
    TooFew(AxisIndex, i32, i32),
    /// None of the terms it asks for is there.
    NoneOf,
    /// Its further condition does not hold.
    Condition,
    /// Evidence against silenced it.
    Vetoed,
}

/// Judges the rules of one pack on one text.
pub(super) struct Judge<'a> {
    pub rules: &'a RuleSet,
    pub pack: &'a Pack,
    pub folded: &'a Folded,
    pub post: &'a Post<'a>,
    pub evidence: &'a Evidence,
}

impl Judge<'_> {
    /// Evidence against lowers a rule to P3 before it vetoes.
    pub fn verdict(&self, rule: &Rule) -> Verdict {
        let evidence = self.evidence;
        if let Some((axis, value)) = rule.need.iter().find(|(axis, value)| evidence.points(*axis) < *value) {
            return Verdict::TooFew(*axis, *value, evidence.points(*axis));
        }
        if !rule.any_of.is_empty() && !rule.any_of.iter().any(|term| evidence.has(*term)) {
            return Verdict::NoneOf;
        }
        if rule.when.as_ref().is_some_and(|condition| !self.holds(condition)) {
            return Verdict::Condition;
        }
        // Half of a veto is a doubt. A single weak sign is none: sellers write "sudah di-laundry" too.
        let doubtful = rule.veto.iter().any(|(axis, value)| evidence.points(*axis) * 2 >= *value);
        let vetoed = !rule.veto.is_empty() && evidence.reached(&rule.veto);
        let outweighed = !rule.despite.is_empty() && evidence.reached(&rule.despite);
        match (vetoed, outweighed, doubtful) {
            (true, false, _) => Verdict::Vetoed,
            (true, true, _) | (false, _, true) => Verdict::Matched(Priority::P3),
            (false, _, false) => Verdict::Matched(rule.priority.max(self.ceiling())),
        }
    }

    /// The most urgent priority that the score allows.
    fn ceiling(&self) -> Priority {
        let score = self.score();
        match self.pack.thresholds {
            limits if score < limits.p2 => Priority::P3,
            limits if score < limits.p1 => Priority::P2,
            _ => Priority::P1,
        }
    }

    /// 1 to 100: weight × min(points, cap) over the axes, and the author's part and reach.
    pub fn score(&self) -> i32 {
        let axes = self.pack.axes.iter().enumerate();
        let by_axes: i32 = axes.map(|(index, axis)| axis.weight * self.evidence.points(index).min(axis.cap)).sum();
        (by_axes + role_weight(self.role()) + reach_weight(self.post.views)).clamp(1, 100)
    }

    /// The most urgent part that a term gives the author.
    pub fn role(&self) -> Option<Role> {
        self.evidence.found.iter().filter_map(|found| self.rules.terms.get(found.term)?.role).min()
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Has(operand) => !self.places(*operand).is_empty(),
            Condition::Axis(axis, points) => self.evidence.points(*axis) >= *points,
            Condition::All(all) => all.iter().all(|one| self.holds(one)),
            Condition::AtLeast(n, of) => of.iter().filter(|one| self.holds(one)).count() >= *n,
            Condition::Not(one) => !self.holds(one),
            Condition::Near(near) => !near_places(self.rules, self.folded, near, &self.by_term()).is_empty(),
            Condition::SameSentence(operands) => self.in_one_sentence(operands),
            Condition::InField(field, operand) => self.in_field(*field, *operand),
            Condition::OutsideHashtags(operand) => {
                self.places(*operand).iter().any(|place| !in_hashtag(self.folded, place.start, place.end))
            }
            Condition::Price(range) => self.has_price(*range),
            Condition::AuthorUpheld(count) => self.post.author_upheld >= *count,
            Condition::Role(roles) => self.role().is_some_and(|role| roles.contains(&role)),
            Condition::Region(regions) => self.regions().any(|region| regions.iter().any(|wanted| wanted == region)),
        }
    }

    fn by_term(&self) -> BTreeMap<TermIndex, Vec<Place>> {
        self.evidence.found.iter().map(|found| (found.term, found.places.clone())).collect()
    }

    fn places(&self, operand: Operand) -> Vec<Place> {
        places_of(self.rules, operand, &self.by_term())
    }

    fn in_field(&self, field: Field, operand: Operand) -> bool {
        let places = self.places(operand);
        match field {
            Field::Hashtag => places.iter().any(|place| in_hashtag(self.folded, place.start, place.end)),
            field => field == self.post.field && !places.is_empty(),
        }
    }

    fn in_one_sentence(&self, operands: &[Operand]) -> bool {
        let ends = sentence_ends(self.post.text);
        let sentence = |place: &Place| ends.partition_point(|end| *end <= self.folded.original(place.start, place.end).0);
        let mut common: Option<Vec<usize>> = None;
        for operand in operands {
            let here: Vec<usize> = self.places(*operand).iter().map(sentence).collect();
            common = Some(common.map_or(here.clone(), |common| common.into_iter().filter(|one| here.contains(one)).collect()));
        }
        common.is_some_and(|common| !common.is_empty())
    }

    fn has_price(&self, range: PriceRange) -> bool {
        let inside = |price: &u64| range.min.is_none_or(|min| min <= *price) && range.max.is_none_or(|max| *price <= max);
        prices(self.folded.as_str()).iter().any(inside)
    }

    /// Regions that the words belong to, and the post's own; some more than once.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        let named =
            self.evidence.found.iter().filter_map(|found| self.rules.terms.get(found.term)).flat_map(|term| &term.regions);
        named.map(String::as_str).chain(self.post.region)
    }
}

/// Ends of sentences: line breaks, and `.`, `!`, `?` before a space. `35.000` and `wa.me` are no ends.
fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let before_space = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if c == '\n' || (matches!(c, '.' | '!' | '?' | '…') && before_space) {
            ends.push(at + c.len_utf8());
        }
    }
    ends
}

/// Points of the score for the author's part: supply first (the ministry's order of work).
const fn role_weight(role: Option<Role>) -> i32 {
    match role {
        Some(Role::Supplier) => 10,
        Some(Role::Wholesaler) => 8,
        Some(Role::LiveSeller) => 4,
        Some(Role::Retailer | Role::Reviewer) | None => 0,
    }
}

/// Points of the score for reach: 2 for each power of ten of views, 10 at most.
fn reach_weight(views: Option<u64>) -> i32 {
    let digits = views.unwrap_or(0).checked_ilog10().unwrap_or(0);
    i32::try_from(2 * digits).unwrap_or(10).min(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_readers_stop() {
        assert_eq!(sentence_ends("Rp35.000 di wa.me/1. Gas!\nya"), [20, 25, 26]);
    }

    #[test]
    fn reach_is_worth_ten_points_at_most() {
        let cases = [(None, 0), (Some(0), 0), (Some(9), 0), (Some(10), 2), (Some(1_234), 6), (Some(u64::MAX), 10)];
        for (views, points) in cases {
            assert_eq!(reach_weight(views), points, "{views:?}");
        }
    }
}
