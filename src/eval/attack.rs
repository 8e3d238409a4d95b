//! What sellers do to words, done by a machine with a seed: how much of what the rules find is still found?

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::rules::{Pack, RuleSet};
use crate::scan::{Post, Scanner, explain};

/// A way of disguising words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// `thr1ft`, `b4l`.
    Leet,
    /// `t h r i f t`, `b.a.l`.
    Apart,
    /// `th*ift`.
    Mask,
    /// Invisible characters inside.
    Invisible,
    /// Letters of other scripts, mathematical and full-width letters.
    Styled,
    /// `thriiiift`.
    Stretched,
    /// One letter wrong.
    Slip,
    /// `-nya`, `nge-`, `-an`.
    Affix,
    /// `bal2`, `baju2`.
    Repeated,
    /// `#jualbajuthrift`.
    Glued,
    /// `bal-segel`, `th-rift`.
    Sign,
    /// `#bal #segel`: each word a tag of its own.
    Split,
    /// `👕 bekas`, `📦 segel`.
    Emoji,
    /// Two of the above, in different words or one over the other.
    Mixed,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 14] = [
        Self::Leet,
        Self::Apart,
        Self::Mask,
        Self::Invisible,
        Self::Styled,
        Self::Stretched,
        Self::Slip,
        Self::Affix,
        Self::Repeated,
        Self::Glued,
        Self::Sign,
        Self::Split,
        Self::Emoji,
        Self::Mixed,
    ];
}

/// Recall under one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Survived {
    /// Mutated texts still found by a rule of the pack.
    pub found: u64,
    /// Mutated texts.
    pub all: u64,
    /// Texts that were lost or accused, with the rule they are examples of.
    pub lost: Vec<(String, String)>,
    /// Mutated texts that no rule should match and none matched before, but one does now.
    pub accused: u64,
    /// Mutated texts that no rule matched before.
    pub innocent: u64,
}

/// Mutates the evidence words of the examples of every active rule, `rounds` times a class, and scans the result: those
/// that match must still be found, those that do not must not be accused.
pub fn attack(rules: &RuleSet, pack: &Pack, seed: u64, rounds: u64) -> BTreeMap<Class, Survived> {
    let mut scanner = Scanner::new(rules);
    let mut out: BTreeMap<Class, Survived> = BTreeMap::new();
    let Some(pack) = rules.packs.iter().find(|known| known.id == pack.id) else { return out };
    for rule in pack.rules.iter().filter(|rule| rule.status == crate::rules::Status::Active) {
        let examples = rule.examples.matching.iter().map(|text| (text, true));
        let examples = examples.chain(rule.examples.not_matching.iter().map(|text| (text, false)));
        for (number, (example, matching)) in (0_u64..).zip(examples) {
            // What one rule must not match may be another's.
            if scanner.assess_with(pack, &Post::caption(example)).flagged != matching {
                continue;
            }
            let words = evidence_words(rules, pack, example);
            for (index, class) in (0_u64..).zip(Class::ALL) {
                for round in 0..rounds {
                    let mut rng = SmallRng::seed_from_u64(seed ^ (number << 24) ^ (index << 16) ^ round);
                    let Some(text) = mutate(&mut rng, class, example, &words) else { continue };
                    let survived = out.entry(class).or_default();
                    let flagged = scanner.assess_with(pack, &Post::caption(&text)).flagged;
                    if matching {
                        survived.all += 1;
                        survived.found += u64::from(flagged);
                    } else {
                        survived.innocent += 1;
                        survived.accused += u64::from(flagged);
                    }
                    if flagged != matching {
                        survived.lost.push((rule.id.clone(), text));
                    }
                }
            }
        }
    }
    out
}

/// Bytes `[start, end)`, and whether the word is evidence by itself and not a part of a phrase.
type EvidenceWord = (usize, usize, bool);

/// Byte ranges of the words that carry the evidence: what a seller would hide. Words of axes without weight in the score
/// and of evidence against are left as they are.
fn evidence_words(rules: &RuleSet, pack: &Pack, text: &str) -> Vec<EvidenceWord> {
    let Some(explained) = explain(rules, &Post::caption(text)).into_iter().find(|explained| explained.pack == pack.id) else {
        return Vec::new();
    };
    let telling = |axis: &str| pack.axes.iter().take(2).any(|known| known.name == axis);
    let mut words = Vec::new();
    for term in explained.terms.iter().filter(|term| term.points.iter().any(|(axis, _)| telling(axis))) {
        for (start, end) in &term.spans {
            let quote = text.get(*start..*end).unwrap_or_default();
            let mut at = *start;
            for piece in quote.split_inclusive(|c: char| !c.is_alphanumeric()) {
                let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
                if word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                    words.push((at, at + word.len(), word.len() == quote.trim().len()));
                }
                at += piece.len();
            }
        }
    }
    words.sort_unstable();
    // A word of a phrase stays one, even if it is evidence by itself too.
    words.dedup_by(|b, a| (a.0, a.1) == (b.0, b.1));
    // A shorter word inside a longer one (a hashtag and a part of it) would be changed twice.
    let all = words.clone();
    words.retain(|(start, end, _)| !all.iter().any(|(from, to, _)| (from, to) != (start, end) && from <= start && end <= to));
    words
}

/// The text with the evidence words changed; None if the class changes none of them.
fn mutate(rng: &mut SmallRng, class: Class, text: &str, words: &[EvidenceWord]) -> Option<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut at = 0;
    let mut changed = false;
    let single = [Class::Leet, Class::Mask, Class::Invisible, Class::Styled, Class::Stretched, Class::Slip];
    for (start, end, alone) in words {
        out.push_str(text.get(at..*start)?);
        let word = text.get(*start..*end)?;
        let tagged = text.get(..*start)?.ends_with('#');
        let new = if class == Class::Mixed {
            let first = single.get(rng.random_range(0..single.len())).and_then(|class| change(rng, *class, word, tagged));
            let second = if rng.random_bool(0.5) { Class::Stretched } else { Class::Invisible };
            first.map(|first| change(rng, second, &first, tagged).unwrap_or(first))
        } else if class == Class::Glued && !alone {
            // Half of a phrase in a tag is no phrase any more.
            None
        } else {
            change(rng, class, word, tagged)
        };
        changed |= new.is_some();
        out.push_str(new.as_deref().unwrap_or(word));
        at = *end;
    }
    out.push_str(text.get(at..)?);
    changed.then_some(out)
}

fn change(rng: &mut SmallRng, class: Class, word: &str, tagged: bool) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let length = letters.len();
    let inner = |rng: &mut SmallRng| rng.random_range(1..length.saturating_sub(1).max(2));
    match class {
        Class::Leet => leet(rng, &letters),
        Class::Apart if !tagged => {
            let sign = ["", " ", ".", "-"].get(rng.random_range(1..4_usize)).copied()?;
            Some(letters.iter().map(char::to_string).collect::<Vec<_>>().join(sign))
        }
        // Fewer letters than five leave nothing to recognise.
        Class::Mask if length >= 5 && !tagged => {
            let at = inner(rng);
            let sign = ['*', '*', '_', '.'].get(rng.random_range(0..4_usize)).copied()?;
            Some(letters.iter().enumerate().map(|(i, c)| if i == at { sign } else { *c }).collect())
        }
        Class::Invisible => {
            let at = inner(rng);
            let hidden = ['\u{200b}', '\u{200d}', '\u{ad}', '\u{2060}'].get(rng.random_range(0..4_usize)).copied()?;
            Some(letters.iter().enumerate().flat_map(|(i, c)| if i == at { vec![hidden, *c] } else { vec![*c] }).collect())
        }
        Class::Styled => styled(rng, &letters),
        Class::Stretched => {
            let at = rng.random_range(0..length);
            let times = rng.random_range(3..7_usize);
            let letter = |(i, c): (usize, &char)| if i == at && c.is_alphabetic() { vec![*c; times] } else { vec![*c] };
            Some(letters.iter().enumerate().flat_map(letter).collect())
        }
        Class::Slip if length >= 6 => {
            let at = inner(rng);
            let mut slipped = letters;
            match rng.random_range(0..3_u32) {
                0 => {
                    slipped.remove(at);
                }
                1 => slipped.swap(at, at + 1),
                _ => slipped.insert(at, *slipped.get(at)?),
            }
            Some(slipped.into_iter().collect())
        }
        Class::Affix if !tagged && length >= 4 => {
            let (before, behind) =
                [("", "nya"), ("", "an"), ("nge", ""), ("", "ku")].get(rng.random_range(0..4_usize)).copied()?;
            Some(format!("{before}{word}{behind}"))
        }
        Class::Repeated if !tagged => Some(format!("{word}2")),
        Class::Glued if !tagged && length >= 5 => {
            let (before, behind) =
                [("jual", ""), ("", "murah"), ("", "jakarta"), ("baju", "")].get(rng.random_range(0..4_usize)).copied()?;
            Some(format!("#{before}{word}{behind}"))
        }
        Class::Split if !tagged => Some(format!("#{word}")),
        Class::Emoji if !tagged => emoji(&word.to_ascii_lowercase()).map(str::to_owned),
        Class::Sign if length >= 5 && !tagged => {
            let at = inner(rng);
            let sign = ['-', '.', '_'].get(rng.random_range(0..3_usize)).copied()?;
            Some(letters.iter().enumerate().flat_map(|(i, c)| if i == at { vec![sign, *c] } else { vec![*c] }).collect())
        }
        _ => None,
    }
}

/// The picture that sellers put for a noun.
fn emoji(noun: &str) -> Option<&'static str> {
    Some(match noun {
        "bal" | "ball" => "📦",
        "baju" | "kaos" | "kaus" | "pakaian" => "👕",
        "celana" | "jeans" => "👖",
        "jaket" | "hoodie" | "sweater" | "crewneck" => "🧥",
        "dress" | "gaun" => "👗",
        "sepatu" => "👟",
        _ => return None,
    })
}

fn leet(rng: &mut SmallRng, letters: &[char]) -> Option<String> {
    let digit = |c: char| {
        Some(match c.to_ascii_lowercase() {
            'a' => '4',
            'e' => '3',
            'i' | 'l' => '1',
            'o' => '0',
            's' => '5',
            't' => '7',
            'b' => '8',
            _ => return None,
        })
    };
    let places: Vec<usize> = letters.iter().enumerate().filter(|(_, c)| digit(**c).is_some()).map(|(at, _)| at).collect();
    let at = *places.get(rng.random_range(0..places.len().max(1)))?;
    let swap = |(i, c): (usize, &char)| if i == at { digit(*c).unwrap_or(*c) } else { *c };
    Some(letters.iter().enumerate().map(swap).collect())
}

fn styled(rng: &mut SmallRng, letters: &[char]) -> Option<String> {
    let bases = [0x1D41A, 0x1D44E_u32, 0x1D4EA, 0x1D5BA, 0x1D68A, 0xFF41, 0x24D0];
    let base = *bases.get(rng.random_range(0..bases.len()))?;
    let cyrillic = rng.random_bool(0.3);
    let style = |c: char| {
        let letter = c.to_ascii_lowercase();
        if cyrillic {
            let pairs = [
                ('a', 'а'),
                ('e', 'е'),
                ('o', 'о'),
                ('p', 'р'),
                ('c', 'с'),
                ('x', 'х'),
                ('y', 'у'),
                ('i', 'і'),
                ('s', 'ѕ'),
                ('k', 'к'),
            ];
            return pairs.iter().find(|(latin, _)| *latin == letter).map_or(c, |(_, look)| *look);
        }
        // Mathematical italic h (U+1D455) is not assigned; it is ℎ.
        let styled = char::from_u32(base + (letter as u32).saturating_sub('a' as u32));
        if letter == 'h' && base == 0x1D44E { 'ℎ' } else { styled.unwrap_or(c) }
    };
    let out: String = letters.iter().map(|c| style(*c)).collect();
    let plain: String = letters.iter().collect();
    (out != plain).then_some(out)
}
