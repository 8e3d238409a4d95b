//! Dependencies point one way: a module imports only from those above it in the table of docs/architecture.md.

use std::path::Path;

/// Module and what it may import, as in the documentation.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("text", &["domain"]),
    ("rules", &["domain", "text"]),
    ("config", &["domain"]),
    ("scan", &["domain", "text", "rules"]),
    ("eval", &["domain", "rules", "scan"]),
    ("bench", &["text", "rules", "scan"]),
    ("report", &["domain"]),
    ("store", &["domain"]),
    ("platforms", &["domain", "config"]),
    ("mail", &["domain", "config"]),
    ("pipeline", &["domain", "text", "rules", "config", "scan", "report", "store", "platforms", "mail"]),
    ("jobs", &["domain", "text", "rules", "config", "scan", "report", "store", "platforms", "mail", "pipeline"]),
    ("web", &["domain", "text", "rules", "config", "scan", "report", "store", "pipeline", "jobs"]),
    (
        "cli",
        &[
            "domain",
            "text",
            "rules",
            "config",
            "scan",
            "eval",
            "bench",
            "report",
            "store",
            "platforms",
            "mail",
            "pipeline",
            "jobs",
            "web",
        ],
    ),
];

/// Modules named by `crate::NAME` in a text, `use crate::{a, b}` included.
fn imported(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with('$') {
            continue;
        }
        let rest = &text[at + 7..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = &list[..list.find('}').unwrap_or(0)];
            found.extend(list.split(',').map(|name| name.trim().split("::").next().unwrap().to_owned()));
        } else {
            found.push(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

fn files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn no_module_imports_from_below() {
    let mut checked = 0;
    for (module, allowed) in LAYERS {
        let mut sources = Vec::new();
        files(&Path::new("src").join(module), &mut sources);
        assert!(!sources.is_empty(), "src/{module} has no files");
        for path in sources {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for name in imported(code) {
                checked += 1;
                let fine = name == *module || allowed.contains(&name.as_str()) || LAYERS.iter().all(|(known, _)| *known != name);
                assert!(fine, "{}: `{module}` may not import `crate::{name}`", path.display());
            }
        }
    }
    assert!(checked > 200, "only {checked} imports were seen: does the test still read them?");
}

#[test]
fn every_module_of_the_library_stands_in_the_table() {
    let lib = std::fs::read_to_string("src/lib.rs").unwrap();
    for line in lib.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = line.trim_end_matches(';');
        assert!(LAYERS.iter().any(|(known, _)| *known == module), "{module} is not in the table");
    }
}

#[test]
fn the_reader_of_imports_sees_both_forms() {
    assert_eq!(imported("use crate::{a::b, c};\nuse crate::d::E; $crate::store"), ["a", "c", "d"]);
}

#[test]
fn no_file_holds_two_ideas() {
    let mut sources = Vec::new();
    files(Path::new("src"), &mut sources);
    for path in sources {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 1000, "{} has {lines} lines", path.display());
    }
}
