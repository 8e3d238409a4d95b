//! Peers that the program depends on anyway. Each is given its best case: text lower-cased once into a kept buffer,
//! word ends checked only where it hits.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::RegexSet;
use unicode_normalization::UnicodeNormalization as _;

use super::Engine;

/// Kinds of automaton, by the names of the crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AhoKind {
    /// `ContiguousNFA`.
    Contiguous,
    /// `DFA`.
    Dfa,
}

fn lower_into(text: &str, buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
}

/// True if `[start, end)` is not inside a longer word.
pub fn whole_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    !before.is_some_and(is_word) && !text.get(end).is_some_and(is_word)
}

/// `aho-corasick`, overlapping.
pub fn aho_corasick(phrases: &[String], kind: AhoKind) -> Option<Engine<'_>> {
    let kind = match kind {
        AhoKind::Contiguous => AhoCorasickKind::ContiguousNFA,
        AhoKind::Dfa => AhoCorasickKind::DFA,
    };
    let automaton = AhoCorasick::builder().kind(Some(kind)).match_kind(MatchKind::Standard).build(phrases).ok()?;
    let mut lowered = Vec::new();
    Some(Box::new(move |text, report| {
        lower_into(text, &mut lowered);
        for found in automaton.find_overlapping_iter(&lowered) {
            if whole_word(&lowered, found.start(), found.end()) {
                report(found.pattern().as_u32());
            }
        }
    }))
}

/// `regex::RegexSet` of `(?i)\bphrase\b`. None where it is over 256 MB.
pub fn regex_set(phrases: &[String]) -> Option<Engine<'_>> {
    let patterns = phrases.iter().map(|phrase| format!(r"(?i)\b{}\b", regex::escape(phrase)));
    let set = regex::RegexSetBuilder::new(patterns).size_limit(256 << 20).dfa_size_limit(64 << 20).build();
    let set: RegexSet = set.ok()?;
    Some(Box::new(move |text, report| {
        for rule in set.matches(text) {
            report(u32::try_from(rule).unwrap_or(u32::MAX));
        }
    }))
}

/// Lower-case and `contains`, one phrase after the other.
pub fn naive(phrases: &[String]) -> Option<Engine<'_>> {
    Some(Box::new(move |text, report| {
        let lowered = text.to_lowercase();
        for (rule, phrase) in (0..).zip(phrases) {
            let whole = |(start, found): (usize, &str)| whole_word(lowered.as_bytes(), start, start + found.len());
            if lowered.match_indices(phrase.as_str()).any(whole) {
                report(rule);
            }
        }
    }))
}

/// The usual way to see through disguises: compatibility forms, lower case, then an automaton. It finds fewer of them.
pub fn unicode_path(phrases: &[String]) -> Option<Engine<'_>> {
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(phrases).ok()?;
    let mut folded = String::new();
    Some(Box::new(move |text, report| {
        folded.clear();
        folded.extend(text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).flat_map(char::to_lowercase));
        for found in automaton.find_overlapping_iter(folded.as_bytes()) {
            if whole_word(folded.as_bytes(), found.start(), found.end()) {
                report(found.pattern().as_u32());
            }
        }
    }))
}
