//! Any three files as a pack: problems are reported, nothing panics, and what loads can scan.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sisir::rules::{DEFAULT_PACK, load, shipped};
use sisir::scan::assess;

fuzz_target!(|files: (String, String, String)| {
    let (pack, terms, rule) = files;
    let mut source = shipped(DEFAULT_PACK);
    // A sound pack.toml lets the other two be read; a fuzzed one is tried too.
    if !pack.is_empty() {
        source.files.insert("pack.toml".into(), pack);
    }
    source.files.insert("terms/fuzz.toml".into(), terms.clone());
    source.files.insert("rules/fuzz.toml".into(), rule);
    let loaded = load(&[source]);
    for problem in &loaded.diagnostics {
        let _ = problem.render(false);
        let _ = problem.position(problem.span.end);
    }
    if let Some(rules) = loaded.rule_set {
        let _ = assess(&rules, &terms);
    }
});
