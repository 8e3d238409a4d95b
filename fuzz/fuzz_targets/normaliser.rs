//! Any text: folded positions map to whole characters in order, words are maximal, every highlight is a part of the text,
//! and the filter of the index hides nothing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sisir::rules::{DEFAULT_PACK, RuleSet, load, shipped};
use sisir::scan::{Post, Scanner, explain};
use sisir::text::Folded;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| load(&[shipped(DEFAULT_PACK)]).rule_set.expect("the shipped pack loads"));

fuzz_target!(|text: String| {
    let folded = Folded::new(&text);
    let mut before = (0, 0);
    for at in 0..u32::try_from(folded.bytes().len()).unwrap_or(0) {
        let (start, end) = folded.original(at, at + 1);
        assert!(start < end && text.get(start..end).is_some());
        assert!(before.0 <= start && before.1 <= end);
        before = (start, end);
    }
    for word in folded.words().iter().chain(folded.symbols()) {
        assert!(word.start < word.end && (word.end as usize) <= folded.bytes().len());
    }
    let assessment = Scanner::new(&RULES).assess(&Post::caption(&text));
    for (_, found) in &assessment {
        for (start, end) in found.findings.iter().flat_map(|finding| &finding.spans) {
            assert!(text.get(*start..*end).is_some_and(|quote| !quote.is_empty()));
        }
    }
    let _ = explain(&RULES, &Post::caption(&text));
});
