//! `RuleSet` × text → findings with an explanation. Pure: no database, no clock.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::flag::{Assessment, Finding, Priority};
use crate::rules::{Rule, RuleSet};
use crate::text::Normalized;

/// Bytes `[start, end)` of the original text.
pub type Span = (usize, usize);

/// A term found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    term: usize,
    spans: BTreeSet<Span>,
}

/// Assesses one text: finds terms, adds up their points by axis, asks each rule.
pub fn assess(rules: &RuleSet, original: &str) -> Assessment {
    let hits = drop_unsupported(rules, find_terms(rules, original));
    let points = add_points(rules, &hits);
    let mut assessment = Assessment::default();
    for rule in &rules.rules {
        let Some(priority) = rule_priority(rule, &points, &hits) else { continue };
        assessment.findings.push(finding(rules, rule, &hits, original));
        assessment.priority = Some(assessment.priority.map_or(priority, |best| best.min(priority)));
    }
    assessment.flagged = assessment.priority.is_some();
    if assessment.flagged {
        assessment.score = score(rules, &points);
    }
    assessment
}

/// Every axis that has evidence in the text with the spans that carry it; matched by a rule or not.
/// This is what `sisir scan` shows for a post that no rule matched.
pub fn evidence(rules: &RuleSet, original: &str) -> BTreeMap<String, Vec<Span>> {
    let hits = drop_unsupported(rules, find_terms(rules, original));
    let mut out: BTreeMap<String, BTreeSet<Span>> = BTreeMap::new();
    for hit in &hits {
        for axis in axes_of(rules, hit) {
            out.entry(axis).or_default().extend(&hit.spans);
        }
    }
    out.into_iter().map(|(axis, spans)| (axis, spans.into_iter().collect())).collect()
}

/// Examples that do not do what they promise: `(rule, text, true if it should have matched)`.
pub fn broken_examples(rules: &RuleSet) -> Vec<(String, String, bool)> {
    let matches = |rule: &Rule, text: &str| assess(rules, text).findings.iter().any(|f| f.rule == rule.id);
    let mut broken = Vec::new();
    for rule in &rules.rules {
        let wrong = |texts: &[String], should: bool| -> Vec<(String, String, bool)> {
            let odd = texts.iter().filter(|text| matches(rule, text) != should);
            odd.map(|text| (rule.id.clone(), text.clone(), should)).collect()
        };
        broken.extend(wrong(&rule.examples.matching, true));
        broken.extend(wrong(&rule.examples.not_matching, false));
    }
    broken
}

fn find_terms(rules: &RuleSet, original: &str) -> Vec<Hit> {
    let mut found: BTreeMap<usize, BTreeSet<Span>> = BTreeMap::new();
    let folded = Normalized::new(original);
    let words = folded.words();
    if let Some(phrases) = &rules.phrases {
        for m in phrases.find_overlapping_iter(words.as_str()) {
            // Each phrase carries the spaces around it; they are not evidence.
            let inner = m.start() + 1..m.end().saturating_sub(1);
            let term = rules.phrase_terms.get(m.pattern().as_usize());
            if let (Some(term), Some(span)) = (term, words.original(inner)) {
                found.entry(*term).or_default().insert(span);
            }
        }
    }
    let possible: Vec<usize> = match &rules.pattern_set {
        Some(set) => set.matches(folded.as_str()).into_iter().collect(),
        // Too many patterns for one automaton: slower, never fewer.
        None => (0..rules.patterns.len()).collect(),
    };
    for (regex, term) in possible.into_iter().filter_map(|index| rules.patterns.get(index)) {
        let spans = regex.find_iter(folded.as_str()).filter_map(|m| folded.original(m.range()));
        found.entry(*term).or_default().extend(spans);
    }
    found.into_iter().filter(|(_, spans)| !spans.is_empty()).map(|(term, spans)| Hit { term, spans }).collect()
}

/// A term that needs company counts only where *another* term has evidence on each needed axis. Repeated until
/// nothing changes, so that two such terms cannot hold each other up after their support is gone.
fn drop_unsupported(rules: &RuleSet, mut hits: Vec<Hit>) -> Vec<Hit> {
    loop {
        let before = hits.len();
        let all = hits.clone();
        hits.retain(|hit| {
            let Some(term) = rules.terms.get(hit.term) else { return false };
            term.needs.iter().all(|needed| {
                all.iter().any(|other| {
                    other.term != hit.term
                        && rules.terms.get(other.term).is_some_and(|t| t.points.iter().any(|(axis, _)| axis == needed))
                })
            })
        });
        if hits.len() == before {
            return hits;
        }
    }
}

fn add_points(rules: &RuleSet, hits: &[Hit]) -> Vec<i32> {
    let mut points = vec![0; rules.axes.len()];
    for (axis, value) in hits.iter().filter_map(|hit| rules.terms.get(hit.term)).flat_map(|term| &term.points) {
        if let Some(sum) = points.get_mut(*axis) {
            *sum += value;
        }
    }
    points
}

fn reached(needed: &[(usize, i32)], points: &[i32]) -> bool {
    needed.iter().all(|(axis, value)| points.get(*axis).is_some_and(|sum| sum >= value))
}

/// The rule's priority for this text, or none when it does not match. Evidence against lowers it to P3 before it vetoes.
fn rule_priority(rule: &Rule, points: &[i32], hits: &[Hit]) -> Option<Priority> {
    let named = rule.any_of.is_empty() || hits.iter().any(|hit| rule.any_of.contains(&hit.term));
    if !named || !reached(&rule.need, points) {
        return None;
    }
    let doubtful = rule.veto.iter().any(|(axis, _)| points.get(*axis).is_some_and(|sum| *sum > 0));
    let vetoed = !rule.veto.is_empty() && reached(&rule.veto, points);
    let outweighed = !rule.despite.is_empty() && reached(&rule.despite, points);
    match (vetoed, outweighed, doubtful) {
        (true, false, _) => None,
        (true, true, _) | (false, _, true) => Some(Priority::P3),
        (false, _, false) => Some(rule.priority),
    }
}

fn axes_of(rules: &RuleSet, hit: &Hit) -> impl Iterator<Item = String> {
    let term = rules.terms.get(hit.term);
    let axes = term.into_iter().flat_map(|term| &term.points);
    axes.filter_map(|(axis, _)| rules.axes.get(*axis)).map(|axis| axis.name.clone()).collect::<Vec<_>>().into_iter()
}

fn finding(rules: &RuleSet, rule: &Rule, hits: &[Hit], original: &str) -> Finding {
    let asked: BTreeSet<usize> = rule.need.iter().chain(&rule.veto).map(|(axis, _)| *axis).collect();
    let mut by_axis: BTreeMap<usize, BTreeSet<Span>> = BTreeMap::new();
    for hit in hits {
        let axes = rules.terms.get(hit.term).into_iter().flat_map(|term| &term.points);
        for (axis, _) in axes.filter(|(axis, _)| asked.contains(axis)) {
            by_axis.entry(*axis).or_default().extend(&hit.spans);
        }
    }
    let label = |axis: &usize| rules.axes.get(*axis).map(|a| (a.name.clone(), a.label.id.clone())).unwrap_or_default();
    let parts: Vec<String> = by_axis
        .iter()
        .map(|(axis, spans)| {
            let quotes: BTreeSet<&str> = spans.iter().filter_map(|(start, end)| original.get(*start..*end)).collect();
            let quotes: Vec<String> = quotes.into_iter().take(3).map(|quote| format!("“{}”", quote.trim())).collect();
            format!("{} {}", label(axis).1, quotes.join(", "))
        })
        .collect();
    let spans: BTreeSet<Span> = by_axis.values().flatten().copied().collect();
    Finding {
        rule: rule.id.clone(),
        axes: by_axis.keys().map(|axis| label(axis).0).collect(),
        spans: merge(spans),
        why: format!("{}: {}", rule.why.id.trim_end_matches('.'), parts.join("; ")),
    }
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

/// 1 to 100: strength of evidence for, less evidence against. The first axes of a pack weigh most.
fn score(rules: &RuleSet, points: &[i32]) -> i32 {
    let of = |name: &str, cap: i32| {
        let index = rules.axes.iter().position(|axis| axis.name == name);
        index.and_then(|i| points.get(i)).copied().unwrap_or(0).min(cap)
    };
    let total = 8 * of("used_clothing", 5) + 7 * of("import_nexus", 4) + 5 * of("offer", 6) - 10 * of("negative", 4);
    total.clamp(1, 100)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::rules::{DEFAULT_PACK, load, shipped};

    static RULES: LazyLock<RuleSet> = LazyLock::new(|| load(&shipped(DEFAULT_PACK)).rule_set.unwrap());

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
        assert!(evidence(&RULES, "cakar").is_empty());
        assert!(!evidence(&RULES, "cakar jaket 20rb").contains_key("negative"));
        assert!(evidence(&RULES, "cakar jaket 20rb").contains_key("used_clothing"));
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
