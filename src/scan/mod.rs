//! `RuleSet` × text → findings with an explanation. Pure: no database, no clock.
//!
//! [`Scanner`] goes through four steps, one file each: `matcher` finds forms, `evidence` turns them into terms that
//! count, `evaluate` asks the rules, and this file writes the findings. `explain` shows all of it to a person.

mod evaluate;
mod evidence;
mod examples;
mod explain;
mod matcher;
mod price;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::flag::{Assessment, Finding};
use crate::rules::{Field, Pack, Rule, RuleSet, Status};
use crate::text::Folded;

pub use evaluate::Verdict;
pub use examples::{BrokenExample, broken_examples, example_problems};
pub use explain::{Explanation, RuleShown, TermShown, explain};
pub use matcher::{Hit, Matcher};
pub use price::prices;

use evaluate::Judge;
use evidence::{Collector, Evidence};

/// Bytes `[start, end)` of the original text.
pub type Span = (usize, usize);

/// A text to scan, and what is known of its post.
#[derive(Debug, Clone, Copy, Default)]
pub struct Post<'a> {
    /// The text.
    pub text: &'a str,
    /// Which part of the post it is.
    pub field: Field,
    /// Public handle.
    pub author: Option<&'a str>,
    /// Posts of this author that were upheld before.
    pub author_upheld: u32,
    /// Where it was posted from.
    pub region: Option<&'a str>,
    /// Times it was watched.
    pub views: Option<u64>,
}

impl<'a> Post<'a> {
    /// A caption of which nothing else is known.
    pub fn caption(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Scans texts, one after the other, with buffers that are kept.
#[derive(Debug)]
pub struct Scanner<'r> {
    rules: &'r RuleSet,
    folded: Folded,
    matcher: Matcher,
    hits: Vec<Hit>,
    ignores_allowed: bool,
}

impl<'r> Scanner<'r> {
    /// A scanner for one thread.
    pub fn new(rules: &'r RuleSet) -> Self {
        Self { rules, folded: Folded::default(), matcher: Matcher::default(), hits: Vec::new(), ignores_allowed: false }
    }

    /// Assesses one text with every pack. Packs without findings are left out.
    pub fn assess(&mut self, post: &Post<'_>) -> Vec<(&'r Pack, Assessment)> {
        self.read(post);
        let mut out = Vec::new();
        for (index, pack) in self.rules.packs.iter().enumerate() {
            let assessment = self.assess_pack(index, pack, post);
            if assessment.flagged || !assessment.shadow.is_empty() {
                out.push((pack, assessment));
            }
        }
        out
    }

    /// Assesses one text with one pack.
    pub fn assess_with(&mut self, pack: &'r Pack, post: &Post<'_>) -> Assessment {
        self.read(post);
        let index = self.rules.packs.iter().position(|known| std::ptr::eq(known, pack)).unwrap_or(0);
        self.assess_pack(index, pack, post)
    }

    /// The forms found in a text, sorted; each place of a term once, with its plainest reading.
    pub fn hits(&mut self, text: &str) -> &[Hit] {
        self.read(&Post::caption(text));
        &self.hits
    }

    /// True if `rule` matches, whatever its status.
    pub fn rule_matches(&mut self, pack: &Pack, rule: &Rule, post: &Post<'_>) -> bool {
        self.read(post);
        let index = self.rules.packs.iter().position(|known| known.id == pack.id).unwrap_or(0);
        let Some(evidence) = self.evidence(index, pack, post, true) else { return false };
        matches!(self.judge(pack, post, &evidence).verdict(rule), Verdict::Matched(_))
    }

    /// Terms that count in a text, of one pack, by id.
    pub fn terms(&mut self, pack: &Pack, post: &Post<'_>) -> BTreeSet<String> {
        self.read(post);
        let index = self.rules.packs.iter().position(|known| known.id == pack.id).unwrap_or(0);
        let found = self.evidence(index, pack, post, true).map(|evidence| evidence.found).unwrap_or_default();
        found.iter().filter_map(|found| self.rules.terms.get(found.term)).map(|term| term.id.clone()).collect()
    }

    fn read(&mut self, post: &Post<'_>) {
        self.folded.refill(post.text);
        self.hits.clear();
        self.matcher.find(self.rules.index(), &self.folded, &mut self.hits);
        self.hits.sort_unstable();
        self.hits.dedup_by_key(|hit| (hit.term, hit.start, hit.end));
        if !self.rules.allowed_phrases.is_empty() && !self.ignores_allowed {
            self.drop_allowed();
        }
    }

    /// Takes out what stands inside a longer allowed phrase of the same pack.
    fn drop_allowed(&mut self) {
        let terms = &self.rules.terms;
        let pack_of_phrase =
            |hit: &Hit| (hit.term as usize).checked_sub(terms.len()).and_then(|at| self.rules.allowed_phrases.get(at));
        let allowed: Vec<(usize, u32, u32)> =
            self.hits.iter().filter_map(|hit| Some((*pack_of_phrase(hit)?, hit.start, hit.end))).collect();
        self.hits.retain(|hit| {
            let Some(term) = terms.get(hit.term as usize) else { return false };
            let inside = |start: u32, end: u32| start <= hit.start && hit.end <= end && (start, end) != (hit.start, hit.end);
            !allowed.iter().any(|(pack, start, end)| *pack == term.pack && inside(*start, *end))
        });
    }

    /// Evidence for one pack; None when no rule of it can match. With `all`, patterns are tried in any case.
    fn evidence(&self, index: usize, pack: &Pack, post: &Post<'_>, all: bool) -> Option<Evidence> {
        debug_assert!(self.rules.packs.get(index).is_some_and(|known| known.id == pack.id));
        let collector = Collector { rules: self.rules, pack, folded: &self.folded, post };
        if !all && !collector.may_match(&self.hits) {
            return None;
        }
        let author = post.author.map(|author| author.trim_start_matches('@').to_lowercase());
        if !all && author.is_some_and(|author| pack.allowed_authors.contains(&author)) {
            return None;
        }
        let mut found = collector.by_words(&self.hits);
        collector.add_near(&mut found);
        if !all && !collector.possible(&found) {
            return None;
        }
        collector.add_patterns(&mut found);
        collector.add_near(&mut found);
        Some(collector.weigh(found))
    }

    fn judge<'s>(&'s self, pack: &'s Pack, post: &'s Post<'s>, evidence: &'s Evidence) -> Judge<'s> {
        Judge { rules: self.rules, pack, folded: &self.folded, post, evidence }
    }

    fn assess_pack(&self, index: usize, pack: &Pack, post: &Post<'_>) -> Assessment {
        let mut assessment = Assessment::default();
        let Some(evidence) = self.evidence(index, pack, post, false) else { return assessment };
        let judge = self.judge(pack, post, &evidence);
        for rule in pack.rules.iter().filter(|rule| matches!(rule.status, Status::Active | Status::Shadow)) {
            let Verdict::Matched(priority) = judge.verdict(rule) else { continue };
            if rule.status == Status::Shadow {
                assessment.shadow.push(rule.id.clone());
                continue;
            }
            assessment.findings.push(self.finding(pack, rule, &evidence, post.text));
            assessment.priority = Some(assessment.priority.map_or(priority, |best| best.min(priority)));
        }
        assessment.flagged = assessment.priority.is_some();
        if assessment.flagged {
            assessment.score = judge.score();
            assessment.role = judge.role();
            assessment.regions = judge.regions().map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect();
        }
        assessment
    }

    fn finding(&self, pack: &Pack, rule: &Rule, evidence: &Evidence, original: &str) -> Finding {
        let asked: BTreeSet<usize> = rule.need.iter().chain(&rule.veto).map(|(axis, _)| *axis).collect();
        let mut by_axis: BTreeMap<usize, BTreeSet<Span>> = BTreeMap::new();
        for (axis, span) in self.spans(evidence).filter(|(axis, _)| asked.contains(axis)) {
            by_axis.entry(axis).or_default().insert(span);
        }
        let parts: Vec<String> = by_axis
            .iter()
            .map(|(axis, spans)| {
                let label = pack.axes.get(*axis).map_or("", |axis| axis.label.id.as_str());
                format!("{label} {}", quote(spans, original).join(", "))
            })
            .collect();
        Finding {
            rule: rule.id.clone(),
            axes: by_axis.keys().map(|axis| pack.axis_name(*axis).to_owned()).collect(),
            spans: merge(by_axis.values().flatten().copied().collect()),
            why: format!("{}: {}", rule.why.id.trim_end_matches('.'), parts.join("; ")),
        }
    }

    /// Axis and place in the original of everything that counts.
    fn spans<'s>(&'s self, evidence: &'s Evidence) -> impl Iterator<Item = (usize, Span)> + 's {
        evidence.found.iter().flat_map(move |found| {
            let axes = self.rules.terms.get(found.term).map(|term| term.points.as_slice()).unwrap_or_default();
            let places = found.places.iter().map(|place| self.folded.original(place.start, place.end));
            places.flat_map(move |span| axes.iter().map(move |(axis, _)| (*axis, span)))
        })
    }
}

/// Up to three different quotes, a text that lies inside another one left out.
fn quote(spans: &BTreeSet<Span>, original: &str) -> Vec<String> {
    let inside = |(start, end): &Span| spans.iter().any(|(from, to)| from <= start && end <= to && (from, to) != (start, end));
    let quotes: BTreeSet<&str> =
        spans.iter().filter(|span| !inside(span)).filter_map(|(start, end)| original.get(*start..*end)).collect();
    quotes.into_iter().take(3).map(|quote| format!("“{}”", quote.trim())).collect()
}

/// Assesses one caption with the first pack.
pub fn assess(rules: &RuleSet, text: &str) -> Assessment {
    let Some(pack) = rules.packs.first() else { return Assessment::default() };
    Scanner::new(rules).assess_with(pack, &Post::caption(text))
}

/// Every axis of `pack` that has evidence in the text with the spans that carry it; matched by a rule or not.
pub fn evidence(rules: &RuleSet, pack: &str, text: &str) -> BTreeMap<String, Vec<Span>> {
    let Some((index, pack)) = rules.packs.iter().enumerate().find(|(_, known)| known.id == pack) else { return BTreeMap::new() };
    let post = Post::caption(text);
    let mut scanner = Scanner::new(rules);
    scanner.read(&post);
    let mut out: BTreeMap<String, BTreeSet<Span>> = BTreeMap::new();
    if let Some(evidence) = scanner.evidence(index, pack, &post, true) {
        for (axis, span) in scanner.spans(&evidence) {
            out.entry(pack.axis_name(axis).to_owned()).or_default().insert(span);
        }
    }
    out.into_iter().map(|(axis, spans)| (axis, spans.into_iter().collect())).collect()
}

/// Joins overlapping spans, so that a highlight is drawn once.
fn merge(spans: BTreeSet<Span>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match out.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::flag::Priority;
    use crate::rules::{DEFAULT_PACK, load, shipped};

    static RULES: LazyLock<RuleSet> = LazyLock::new(|| load(&[shipped(DEFAULT_PACK)]).rule_set.unwrap());

    #[test]
    fn every_example_of_every_shipped_rule_does_what_it_promises() {
        assert_eq!(broken_examples(&RULES), vec![]);
    }

    #[test]
    fn evidence_is_the_original_spelling() {
        let text = "🔥 B\u{200b}uka bаl segel, hoodie 35k, cek keranjang kuning";
        let found = assess(&RULES, text);
        assert_eq!(found.priority, Some(Priority::P1), "{found:?}");
        let quotes: Vec<&str> = found.findings[0].spans.iter().map(|(s, e)| &text[*s..*e]).collect();
        assert_eq!(quotes, ["B\u{200b}uka bаl segel", "35k", "cek keranjang kuning"]);
    }

    #[test]
    fn the_lookalikes_of_the_domain_stay_silent() {
        let lawful = [
            "80 rb baru voucher bisa dipakai",
            "rumah nenek rombeng, bocor di mana-mana",
            "tas wanita batam import kode 684",
            "snack kiloan berhadiah, ready per bal, COD",
            "beras 1 karung 700rb, WA 0800-0000-0001",
            "sebal banget sama admin toko ini, dm tidak dibalas",
            "messi gelar bal, nobar jam 8",
            "paket hilang di sortir padahal import dari Korea",
            "analis bal-balan live jam 8",
            "hidden gem di Bandung, kopi 18k, wajib ke sini",
            "softballpressed globalpresence 35k wa.me/628",
        ];
        for text in lawful {
            assert!(!assess(&RULES, text).flagged, "{text}: {:?}", assess(&RULES, text));
        }
    }

    #[test]
    fn a_word_that_needs_company_does_not_support_itself() {
        assert!(evidence(&RULES, DEFAULT_PACK, "cakar").is_empty());
        assert!(!evidence(&RULES, DEFAULT_PACK, "cakar jaket 20rb").contains_key("negative"));
        assert!(evidence(&RULES, DEFAULT_PACK, "cakar jaket 20rb").contains_key("used_clothing"));
    }

    proptest! {
        #[test]
        fn spans_are_ascending_apart_and_on_boundaries(text in "(bal|segel|thrift|import|jaket|35k|dm|🔥|а|\u{200b}| |-|#){0,25}") {
            for finding in assess(&RULES, &text).findings {
                for pair in finding.spans.windows(2) {
                    prop_assert!(pair[0].1 <= pair[1].0);
                }
                for (start, end) in &finding.spans {
                    prop_assert!(start < end && text.get(*start..*end).is_some());
                }
            }
        }

        #[test]
        fn any_text_is_assessed_and_flagged_means_findings(text in any::<String>()) {
            let found = assess(&RULES, &text);
            prop_assert_eq!(found.flagged, !found.findings.is_empty());
            prop_assert_eq!(found.flagged, found.priority.is_some());
        }
    }
}
