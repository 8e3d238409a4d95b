//! The matcher against named peers on the same work in one run: whole words, any case, every rule that hits a post.
//!
//! ```console
//! $ cargo bench --bench engine -- [POSTS.ndjson]
//! $ apt-get install libhyperscan-dev   # or libvectorscan-dev
//! $ cargo bench --bench engine --features hyperscan -- [POSTS.ndjson]
//! ```

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench stops where something is wrong")]

use std::io::BufRead as _;

use sisir::bench::{Corpus, Engine, Peer, compare, phrases, slowest_hundredth, table, whole_word};

const POSTS: usize = 120_000;

fn main() {
    // `cargo bench` adds `--bench`, `cargo test` runs this without a file and with little time.
    let file = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let corpus = file.map_or_else(|| Corpus::generate(POSTS, 1), |file| Corpus::from_posts(&read(&file), POSTS));
    println!("{} posts, {} bytes, one thread", corpus.posts.len(), corpus.bytes);
    for rules in [30, 1_000, 10_000] {
        let phrases = phrases(&corpus, rules, 1);
        println!("\n{}", table(rules, &compare(&phrases, &corpus, peers())));
        if let Some(slowest) = slowest_hundredth(&phrases, &corpus) {
            println!("99 of 100 posts take less than {slowest:.1} µs (all views, spans)");
        }
    }
}

fn read(file: &str) -> Vec<String> {
    let lines = std::io::BufReader::new(std::fs::File::open(file).expect("a file of posts")).lines();
    let text = |line: std::io::Result<String>| -> String {
        let post: serde_json::Value = serde_json::from_str(&line.expect("UTF-8")).expect("NDJSON");
        post["text"].as_str().expect("posts have a text").to_owned()
    };
    lines.map(text).collect()
}

fn peers<'a>() -> Vec<Peer<'a>> {
    vec![
        ("daachorse bytewise", Box::new(daachorse)),
        #[cfg(feature = "hyperscan")]
        ("Hyperscan / Vectorscan literals", Box::new(hyperscan)),
    ]
}

fn daachorse(phrases: &[String]) -> Option<Engine<'_>> {
    let automaton = daachorse::DoubleArrayAhoCorasick::<u32>::new(phrases).ok()?;
    let mut lowered = Vec::new();
    Some(Box::new(move |text, report| {
        lowered.clear();
        lowered.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        for found in automaton.find_overlapping_iter(&lowered) {
            if whole_word(&lowered, found.start(), found.end()) {
                report(found.value());
            }
        }
    }))
}

/// Literals, any case, one call a post; word ends are checked where one is reported, which is far quicker than `\b`.
#[cfg(feature = "hyperscan")]
fn hyperscan(phrases: &[String]) -> Option<Engine<'_>> {
    use hyperscan::{BlockDatabase, Builder as _, Literal, Literals, Matching};

    let literal = |(id, phrase): (usize, &String)| format!("{id}:/{phrase}/i").parse::<Literal>();
    let literals: Literals = phrases.iter().enumerate().map(literal).collect::<Result<_, _>>().ok()?;
    let database: BlockDatabase = literals.build().ok()?;
    let scratch = database.alloc_scratch().ok()?;
    Some(Box::new(move |text, report| {
        let on_match = |id: u32, _, end: u64, _| {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            let length = phrases.get(id as usize).map_or(0, String::len);
            if whole_word(text.as_bytes(), end - length, end) {
                report(id);
            }
            Matching::Continue
        };
        database.scan(text, &scratch, on_match).expect("a scan that is not stopped");
    }))
}
