//! Speed of the matcher against named peers on the same work in the same run: whole words, any case, every rule that
//! hits a post reported. `sisir bench` runs it; `benches/engine.rs` adds peers that the program does not depend on.

mod corpus;
mod peers;

use std::hint::black_box;
use std::time::Instant;

use crate::rules::index::{FormSpec, Index, IndexError, Views};
use crate::scan::{Hit, Matcher};
use crate::text::Folded;

pub use corpus::{Corpus, phrases};
pub use peers::{AhoKind, aho_corasick, naive, regex_set, unicode_path, whole_word};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;

/// Reports the rules that hit one post; a rule may come twice.
pub type Engine<'a> = Box<dyn FnMut(&str, &mut dyn FnMut(u32)) + 'a>;

/// What one engine did.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Name.
    pub name: String,
    /// Megabytes of text a second, one thread, median.
    pub megabytes: f64,
    /// (post, rule) pairs.
    pub pairs: u64,
    /// Seconds to build it.
    pub built: f64,
}

/// An engine of somebody else, and how to build it; None where it cannot be.
pub type Peer<'a> = (&'a str, Box<dyn FnOnce(&'a [String]) -> Option<Engine<'a>> + 'a>);

/// Our matcher and its peers on the same phrases and posts. `more` are peers that the program does not depend on.
pub fn compare<'a>(phrases: &'a [String], corpus: &Corpus, more: Vec<Peer<'a>>) -> Vec<Measured> {
    let few = |most: usize| phrases.len() <= most;
    let own = |name, views, spans| measure(name, phrases.len(), corpus, || sisir(phrases, views, spans));
    let own = [
        own("sisir, words as written", Views::NONE, false),
        own("sisir, all views", Views::ALL, false),
        own("sisir, all views, spans explained", Views::ALL, true),
    ];
    let mut peers: Vec<Peer<'a>> = vec![
        ("aho-corasick DFA", Box::new(|phrases| aho_corasick(phrases, AhoKind::Dfa))),
        ("aho-corasick contiguous NFA", Box::new(|phrases| aho_corasick(phrases, AhoKind::Contiguous))),
        ("NFKD, lower case, aho-corasick", Box::new(unicode_path)),
    ];
    if few(1000) {
        peers.push(("regex::RegexSet", Box::new(regex_set)));
    }
    if few(100) {
        peers.push(("lower case and contains", Box::new(naive)));
    }
    peers.extend(more);
    let peers = peers.into_iter().map(|(name, build)| measure(name, phrases.len(), corpus, || build(phrases)));
    own.into_iter().chain(peers).flatten().collect()
}

/// What was measured, as lines for people, with the ratio to the best kind of `aho-corasick`.
pub fn table(rules: usize, measured: &[Measured]) -> String {
    let best = measured.iter().filter(|one| one.name.starts_with("aho")).map(|one| one.megabytes).fold(0.0, f64::max);
    let line = |one: &Measured| {
        let ratio = one.megabytes / best;
        format!("{:<38} {:>8.0} {ratio:>12.2}× {:>14} {:>9.2} s\n", one.name, one.megabytes, one.pairs, one.built)
    };
    let head = format!("{:<38} {:>8} {:>13} {:>14} {:>11}\n", format!("{rules} rules"), "MB/s", "× best aho", "pairs", "built");
    head + measured.iter().map(line).collect::<String>().as_str()
}

/// Builds and runs an engine over the corpus.
pub fn measure<'a>(name: &str, rules: usize, corpus: &Corpus, build: impl FnOnce() -> Option<Engine<'a>>) -> Option<Measured> {
    let started = Instant::now();
    let mut engine = build()?;
    let built = started.elapsed().as_secs_f64();
    let mut pairs = 0;
    let mut seconds: Vec<f64> = Vec::new();
    // The first round warms up.
    for round in 0..=ROUNDS {
        let started = Instant::now();
        pairs = run(&mut engine, rules, corpus);
        if round > 0 {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(ROUNDS / 2).copied().unwrap_or(f64::INFINITY);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let megabytes = corpus.bytes as f64 / 1e6 / median;
    Some(Measured { name: name.to_owned(), megabytes, pairs, built })
}

/// One pass; the number of different (post, rule) pairs.
fn run(engine: &mut Engine<'_>, rules: usize, corpus: &Corpus) -> u64 {
    let mut last = vec![u32::MAX; rules];
    let mut pairs = 0;
    for (post, text) in (0_u32..).zip(&corpus.posts) {
        engine(black_box(text), &mut |rule| {
            if let Some(seen) = last.get_mut(rule as usize).filter(|seen| **seen != post) {
                *seen = post;
                pairs += 1;
            }
        });
    }
    black_box(pairs)
}

/// An index over phrases, each its own rule.
///
/// # Errors
/// Over a cap.
pub fn index(phrases: &[String], views: Views) -> Result<Index, IndexError> {
    let spec = |(text, term): (&'_ String, u32)| (text.clone(), term);
    let specs: Vec<(String, u32)> = phrases.iter().zip(0..).map(spec).collect();
    Index::build(specs.iter().map(|(text, term)| FormSpec { text, term: *term, affixes: true, slips: true, except: &[] }), views)
}

/// Our own matcher. With `spans`, every hit is also mapped back to the original bytes.
pub fn sisir(phrases: &[String], views: Views, spans: bool) -> Option<Engine<'_>> {
    let index = index(phrases, views).ok()?;
    let (mut folded, mut matcher, mut hits) = (Folded::default(), Matcher::default(), Vec::<Hit>::new());
    Some(Box::new(move |text, report| {
        hits.clear();
        folded.refill(text);
        matcher.find(&index, &folded, &mut hits);
        for hit in &hits {
            if spans {
                black_box(folded.original(hit.start, hit.end));
            }
            report(hit.term);
        }
    }))
}

/// Seconds in the slowest hundredth of posts: 99th percentile of a post, in microseconds.
pub fn slowest_hundredth(phrases: &[String], corpus: &Corpus) -> Option<f64> {
    let mut engine = sisir(phrases, Views::ALL, true)?;
    let mut times: Vec<f64> = Vec::with_capacity(corpus.posts.len());
    for text in &corpus.posts {
        let started = Instant::now();
        engine(text, &mut |rule| {
            black_box(rule);
        });
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 99 / 100).copied()
}
