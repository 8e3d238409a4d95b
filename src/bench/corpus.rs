//! Texts and rules to measure with.

use std::collections::HashMap;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::text::Folded;

/// Posts.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The texts.
    pub posts: Vec<String>,
    /// Their bytes.
    pub bytes: usize,
}

const SYLLABLES: [&str; 40] = [
    "ba", "ca", "da", "ga", "ha", "ja", "ka", "la", "ma", "na", "pa", "ra", "sa", "ta", "wa", "ya", "bi", "di", "ki", "li", "mi",
    "ni", "ri", "si", "ti", "bu", "du", "ku", "lu", "mu", "nu", "tu", "ke", "le", "me", "se", "te", "ko", "lo", "to",
];
const ENDINGS: [&str; 12] = ["", "", "", "n", "ng", "s", "t", "k", "r", "nya", "kan", "an"];
const EMOJI: [&str; 10] = ["🔥", "😭", "😂", "🙏", "✨", "👕", "📦", "❤️", "🇰🇷", "👉🏽"];

impl Corpus {
    /// Posts as given, cut or repeated to `count`.
    pub fn from_posts(posts: &[String], count: usize) -> Self {
        let posts: Vec<String> = posts.iter().cycle().take(if posts.is_empty() { 0 } else { count }).cloned().collect();
        let bytes = posts.iter().map(String::len).sum();
        Self { posts, bytes }
    }

    /// Made-up posts with the shares of real ones: 5 to 45 words by Zipf's law, a third with emoji or other characters
    /// outside ASCII, a fifth with hashtags, one in forty with a disguised word.
    pub fn generate(count: usize, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let vocabulary: Vec<String> = (0..30_000).map(|_| word(&mut rng)).collect();
        let posts: Vec<String> = (0..count).map(|_| post(&mut rng, &vocabulary)).collect();
        let bytes = posts.iter().map(String::len).sum();
        Self { posts, bytes }
    }
}

fn pick<'a, T>(rng: &mut SmallRng, from: &'a [T]) -> Option<&'a T> {
    from.get(rng.random_range(0..from.len().max(1)))
}

fn word(rng: &mut SmallRng) -> String {
    let syllables = rng.random_range(1..=3);
    let mut word: String = (0..=syllables).filter_map(|_| pick(rng, &SYLLABLES).copied()).collect();
    word.push_str(pick(rng, &ENDINGS).copied().unwrap_or_default());
    word
}

fn post(rng: &mut SmallRng, vocabulary: &[String]) -> String {
    let mut words = Vec::new();
    for _ in 0..rng.random_range(5..45) {
        // 1/rank: the n-th word is n times rarer than the first.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank below 30,000"
        )]
        let rank = ((vocabulary.len() as f64).powf(rng.random::<f64>()) - 1.0) as usize;
        let mut word = vocabulary.get(rank).cloned().unwrap_or_default();
        match rng.random_range(0..400_u32) {
            0..40 => word = word.to_uppercase(),
            40..70 => word.push_str(", "),
            70..80 => word = format!("{}rb", rng.random_range(5..500)),
            80 => word = word.replace('a', "4"),
            81 => word = word.chars().map(|c| format!("{c} ")).collect(),
            82 => word.insert(word.len().min(2), '\u{200b}'),
            83..86 => word.push_str("aaaa"),
            _ => {}
        }
        words.push(word);
    }
    if rng.random_bool(0.33) {
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..=words.len());
            words.insert(at, pick(rng, &EMOJI).copied().unwrap_or_default().to_owned());
        }
    }
    if rng.random_bool(0.2) {
        for _ in 0..rng.random_range(1..5) {
            words.push(format!("#{}{}", word(rng), word(rng)));
        }
    }
    words.join(" ")
}

/// `count` different phrases of one to three words (two in five of one word) that stand in the corpus, chosen by how
/// often they do, so that about three posts in a hundred hit whatever the number of rules. Seeded.
pub fn phrases(corpus: &Corpus, count: usize, seed: u64) -> Vec<String> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut folded = Folded::default();
    for text in &corpus.posts {
        folded.refill(text);
        let words: Vec<&str> =
            folded.words().iter().filter_map(|w| std::str::from_utf8(folded.slice(w.start, w.end)).ok()).collect();
        for length in 1..=3 {
            for row in words.windows(length) {
                let plain = row.iter().all(|word| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
                if plain && (length == 1 || seen.len() < 3_000_000) {
                    *seen.entry(row.join(" ")).or_default() += 1;
                }
            }
        }
    }
    let mut all: Vec<(u32, String)> =
        seen.into_iter().map(|(phrase, count)| (count, phrase)).filter(|(_, phrase)| phrase.len() >= 5).collect();
    // The nearest to the wanted count first, and shuffled by a seeded number inside each.
    let wanted = (corpus.posts.len() * 3 / 100 / count.max(1)).max(1);
    let distance = |count: u32| (f64::from(count) / f64::from(u32::try_from(wanted).unwrap_or(u32::MAX))).ln().abs();
    let mut rng = SmallRng::seed_from_u64(seed);
    all.sort_by(|a, b| a.1.cmp(&b.1));
    let mut keyed: Vec<(f64, u64, String)> =
        all.into_iter().map(|(count, phrase)| (distance(count), rng.random(), phrase)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let (single, longer): (Vec<_>, Vec<_>) = keyed.into_iter().partition(|(_, _, phrase)| !phrase.contains(' '));
    let singles = count * 2 / 5;
    let chosen = single.into_iter().take(singles).chain(longer.into_iter().take(count - singles));
    chosen.map(|(_, _, phrase)| phrase).collect()
}
