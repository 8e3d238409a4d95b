//! New words: what several sellers write in upheld posts, others hardly do, and no term of the pack covers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Pipeline, Result};
use crate::rules::{Pack, RuleSet};
use crate::scan::Scanner;
use crate::store::radar::{self as rows, Written};
use crate::text::Folded;

/// Newest posts of each kind that are read.
const POSTS: i64 = 3_000;
/// Fewest authors of a word: it must be language, not a name or a handle, and one shop's copies count once.
pub const FEWEST_AUTHORS: usize = 3;
/// Most words of a phrase.
const LONGEST: usize = 3;
/// Most words shown.
const SHOWN: usize = 40;
/// Least standard score that is shown: 97.5 % of chance findings are below it.
const LEAST: f64 = 1.96;

/// A word or phrase that no term covers.
#[derive(Debug, Clone, PartialEq)]
pub struct NewWord {
    /// As folded: lower case, words with one space between.
    pub words: String,
    /// Authors of upheld posts that write it.
    pub upheld: usize,
    /// Authors of other posts that write it.
    pub others: usize,
    /// Logarithm of the odds ratio ÷ its standard error (B. Woolf 1955, with J. Haldane's ½ in each cell).
    pub score: f64,
}

/// New words of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Radar {
    /// Authors of upheld posts that were read.
    pub upheld: usize,
    /// Authors of other posts that were read.
    pub others: usize,
    /// Most telling first.
    pub words: Vec<NewWord>,
}

/// Reads the newest posts and finds new words.
pub async fn read(pipeline: &Pipeline, pack: &str) -> Result<Radar> {
    let upheld = rows::upheld(&pipeline.store, pack, POSTS).await?;
    let others = rows::others(&pipeline.store, pack, POSTS).await?;
    let (rules, pack) = (pipeline.rules(), pack.to_owned());
    let found = tokio::task::spawn_blocking(move || find(&rules, &pack, &upheld, &others)).await;
    found.map_err(|error| super::PipelineError::Task(error.to_string()))
}

/// Phrase → authors that write it.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn find(rules: &RuleSet, pack: &str, upheld: &[Written], others: &[Written]) -> Radar {
    let Some((index, pack)) = rules.packs.iter().enumerate().find(|(_, known)| known.id == pack) else {
        return Radar { upheld: 0, others: 0, words: Vec::new() };
    };
    let authors = |posts: &[Written]| posts.iter().map(|post| post.author.clone()).collect::<BTreeSet<_>>().len();
    let (ours, theirs) = (uses(rules, index, pack, upheld), uses(rules, index, pack, others));
    let (all_ours, all_theirs) = (authors(upheld), authors(others));
    let mut words: Vec<NewWord> = ours
        .iter()
        .filter(|(_, authors)| authors.len() >= FEWEST_AUTHORS)
        .map(|(words, authors)| {
            let (a, b) = (authors.len(), theirs.get(words).map_or(0, BTreeSet::len));
            NewWord { words: words.clone(), upheld: a, others: b, score: score((a, all_ours), (b, all_theirs)) }
        })
        .filter(|word| word.score >= LEAST)
        .collect();
    // A phrase says more than its parts where they are written by the same authors.
    let phrases: Vec<(String, usize)> = words.iter().map(|word| (word.words.clone(), word.upheld)).collect();
    let is_part = |word: &NewWord| {
        let inside = |phrase: &str| format!(" {phrase} ").contains(&format!(" {} ", word.words));
        phrases.iter().any(|(phrase, authors)| *phrase != word.words && *authors == word.upheld && inside(phrase))
    };
    words.retain(|word| !is_part(word));
    words.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.words.cmp(&b.words)));
    words.truncate(SHOWN);
    Radar { upheld: all_ours, others: all_theirs, words }
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ authors")]
fn score((a, all_a): (usize, usize), (b, all_b): (usize, usize)) -> f64 {
    let cells = [a, all_a.saturating_sub(a), b, all_b.saturating_sub(b)].map(|count| count as f64 + 0.5);
    let [yes_a, no_a, yes_b, no_b] = cells;
    let error: f64 = cells.iter().map(|cell| 1.0 / cell).sum();
    (yes_a * no_b / (no_a * yes_b)).ln() / error.sqrt()
}

fn uses(rules: &RuleSet, index: usize, pack: &Pack, posts: &[Written]) -> Uses {
    let mut scanner = Scanner::new(rules);
    let mut folded = Folded::default();
    let mut out = Uses::new();
    for post in posts {
        folded.refill(&post.text);
        let of_pack = |term: u32| rules.terms.get(term as usize).is_some_and(|term| term.pack == index);
        let covered: Vec<(u32, u32)> =
            scanner.hits(&post.text).iter().filter(|hit| of_pack(hit.term)).map(|hit| (hit.start, hit.end)).collect();
        for words in runs(&folded, &covered) {
            for length in 1..=LONGEST {
                for phrase in words.windows(length) {
                    out.entry(phrase.join(" ")).or_default().insert(post.author.clone());
                }
            }
        }
    }
    debug_assert!(rules.packs.get(index).is_some_and(|known| known.id == pack.id));
    out
}

/// Neighbouring words that no term covers. Numbers, handles and addresses of pages end a run: they are not language, and
/// may be somebody's.
fn runs(folded: &Folded, covered: &[(u32, u32)]) -> Vec<Vec<String>> {
    let text = folded.as_str();
    let mut runs: Vec<Vec<String>> = Vec::new();
    let mut end = None;
    for word in folded.words() {
        let (from, to) = (word.start as usize, word.end as usize);
        let Some(letters) = text.get(from..to) else { continue };
        let chunk_start = text.get(..from).and_then(|before| before.rfind(char::is_whitespace)).map_or(0, |at| at + 1);
        let chunk = text.get(chunk_start..).unwrap_or_default().split_whitespace().next().unwrap_or_default();
        let is_address = chunk.contains('@')
            || chunk.contains('/')
            || chunk.contains("www.")
            || chunk.contains(".com")
            || chunk.contains(".id");
        let is_word = letters.chars().count() >= 2 && letters.chars().all(char::is_alphabetic);
        let is_covered = covered.iter().any(|(start, end)| *start < word.end && word.start < *end);
        if is_address || is_covered || !is_word {
            end = None;
            continue;
        }
        // Only a space between: other signs part sentences.
        let follows =
            end.and_then(|end| text.get(end..from)).is_some_and(|between| between.trim().is_empty() && !between.contains('\n'));
        match runs.last_mut().filter(|_| follows) {
            Some(run) => run.push(letters.to_owned()),
            None => runs.push(vec![letters.to_owned()]),
        }
        end = Some(to);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{DEFAULT_PACK, load, shipped};

    fn written(texts: &[(&str, &str)]) -> Vec<Written> {
        texts.iter().map(|(author, text)| Written { text: (*text).into(), author: (*author).into() }).collect()
    }

    #[test]
    fn a_phrase_of_several_sellers_is_found_and_known_words_names_and_numbers_are_not() {
        let rules = load(&[shipped(DEFAULT_PACK)]).rule_set.unwrap();
        let sellers: Vec<(String, String)> = (0..8)
            .map(|n| {
                (
                    format!("lapak{n}"),
                    format!("thrift bal segel muatan hijau sore ini, @tokolain{n} wa 08120000000{n} cek toko.com/muatan"),
                )
            })
            .collect();
        let sellers: Vec<(&str, &str)> = sellers.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
        let people: Vec<(String, String)> =
            (0..30).map(|n| (format!("orang{n}"), format!("sore ini ngopi di sini {n}"))).collect();
        let people: Vec<(&str, &str)> = people.iter().map(|(a, t)| (a.as_str(), t.as_str())).collect();
        let found = find(&rules, DEFAULT_PACK, &written(&sellers), &written(&people));
        assert_eq!((found.upheld, found.others), (8, 30));
        let words: Vec<&str> = found.words.iter().map(|word| word.words.as_str()).collect();
        assert!(words.contains(&"muatan hijau sore"), "{words:?}");
        for known in ["thrift", "bal segel", "sore ini", "muatan", "tokolain1", "toko", "cek toko"] {
            assert!(!words.contains(&known), "{known}: {words:?}");
        }
    }

    #[test]
    fn what_one_shop_writes_in_many_posts_is_no_language() {
        let rules = load(&[shipped(DEFAULT_PACK)]).rule_set.unwrap();
        let shop: Vec<(&str, &str)> = std::iter::repeat_n(("satu", "thrift gudang rahasia"), 50).collect();
        assert_eq!(find(&rules, DEFAULT_PACK, &written(&shop), &written(&[("x", "pagi")])).words, vec![]);
        assert_eq!(find(&rules, "tidak-ada", &[], &[]).words, vec![]);
    }

    #[test]
    fn the_score_grows_with_difference_and_number() {
        assert!(score((30, 100), (1, 100)) > score((3, 10), (1, 100)));
        assert!(score((5, 100), (5, 100)).abs() < 1e-9);
    }
}
