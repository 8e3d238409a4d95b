//! What the program and the schema say no with, what is wrong with rules, and why a rule does not match, for people who
//! read Bahasa Indonesia. The code says it in English once; the words in `locales/refusals.toml` are found by it, as
//! message catalogues do. The command line and the API stay English.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::user::Language;

const CATALOGUE: &str = include_str!("../../locales/refusals.toml");

/// Pattern of the English words, and the Indonesian ones with `{}` where something stands.
static ENTRIES: LazyLock<Vec<(Regex, String)>> = LazyLock::new(|| {
    let words: BTreeMap<String, String> = toml::from_str(CATALOGUE).unwrap_or_default();
    let mut entries: Vec<(String, String)> = words.into_iter().collect();
    // What has the fewest holes fits best.
    entries.sort_by_key(|(english, _)| (english.matches("{}").count(), std::cmp::Reverse(english.len())));
    let entry = |(english, indonesian): (String, String)| Some((Regex::new(&pattern(&english)).ok()?, indonesian));
    entries.into_iter().filter_map(entry).collect()
});

fn pattern(english: &str) -> String {
    format!("(?s)^{}$", regex::escape(english).replace("\\{\\}", "(.+?)"))
}

/// The words of a refusal in a language; those without a translation stay English.
pub(super) fn in_language(english: &str, language: Language) -> String {
    if language == Language::English {
        return english.to_owned();
    }
    let found = ENTRIES.iter().find_map(|(pattern, words)| Some((pattern.captures(english)?, words)));
    let Some((holes, words)) = found else { return english.to_owned() };
    let mut out = words.clone();
    for hole in holes.iter().skip(1).flatten() {
        out = out.replacen("{}", hole.as_str(), 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_words_is_kept() {
        let said = in_language("the list holds more than 500 posts; narrow it down first", Language::Indonesian);
        assert_eq!(said, "daftar ini berisi lebih dari 500 unggahan; persempit dulu");
        assert_eq!(in_language("no such words", Language::Indonesian), "no such words");
        assert_eq!(in_language("only approvers sign", Language::English), "only approvers sign");
    }

    #[test]
    fn every_translation_keeps_every_hole() {
        let words: BTreeMap<String, String> = toml::from_str(CATALOGUE).unwrap();
        assert!(words.len() > 100);
        for (english, indonesian) in &words {
            assert_eq!(english.matches("{}").count(), indonesian.matches("{}").count(), "{english}");
            assert!(in_language(&english.replace("{}", "x7"), Language::Indonesian) != english.replace("{}", "x7"), "{english}");
        }
        assert_eq!(ENTRIES.len(), words.len());
    }

    /// Asserts that each of these texts, with `{}` for what the code puts in, has its words.
    fn all_have_words(said: &[String], least: usize) {
        assert!(said.len() >= least, "found only {}", said.len());
        let known = |words: &&String| {
            let filled = words.replace("{}", "x7");
            in_language(&filled, Language::Indonesian) != filled
        };
        let missing: Vec<&String> = said.iter().filter(|words| !known(words)).collect();
        assert!(missing.is_empty(), "add to locales/refusals.toml:\n{missing:#?}");
    }

    #[test]
    fn every_refusal_of_the_schema_has_its_words() {
        let said = Regex::new(r"RAISE(?: EXCEPTION |\(ABORT, )'([^']+)'").unwrap();
        let mut all = Vec::new();
        for folder in ["migrations/sqlite", "migrations/postgres"] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
                all.extend(said.captures_iter(&text).map(|words| words[1].to_owned()));
            }
        }
        all_have_words(&all, 80);
    }

    /// Every sentence in the files that name problems of rules, and in the one that says why a rule does not match.
    #[test]
    fn every_problem_of_rules_has_its_words() {
        let said = Regex::new(r#""((?:[^"\\\n]|\\.)*)""#).unwrap();
        let hole = Regex::new(r"\{[^{}]*\}").unwrap();
        let mut all = Vec::new();
        for path in [
            "src/rules/check.rs",
            "src/rules/load.rs",
            "src/rules/index.rs",
            "src/scan/examples.rs",
            "src/scan/explain.rs",
            "src/report/lint.rs",
        ] {
            let text = std::fs::read_to_string(path).unwrap();
            let code: Vec<&str> =
                text.split("#[cfg(test)]").next().unwrap().lines().filter(|line| !line.contains("//")).collect();
            let sentences = said
                .captures_iter(&code.join("\n"))
                .map(|words| hole.replace_all(&words[1], "{}").into_owned())
                .collect::<Vec<_>>();
            // Names and paths are no sentences, and some are put into others.
            let parts = ["legal bases", "not a regular expression", "pelaku kejahatan", "sanksi pidana"];
            let whole =
                |words: &String| words.trim_matches(['{', '}', '`', ' ']).contains(' ') && !parts.contains(&words.as_str());
            all.extend(sentences.into_iter().filter(whole));
        }
        // What goes with a name of the three kinds that there are.
        let kinds = |words: &String| {
            ["axes", "terms", "legal bases"]
                .map(|kind| words.replace("known {}", &format!("known {kind}")).replace("the {} {}", &format!("the {{}} {kind}")))
        };
        let all: Vec<String> = all.iter().flat_map(kinds).collect();
        all_have_words(&all, 40);
    }

    fn sources(folder: &str, out: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Programs read the API: it stays English.
                if !path.ends_with("api") {
                    sources(path.to_str().unwrap(), out);
                }
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                out.push((path.display().to_string(), text.split("#[cfg(test)]").next().unwrap().to_owned()));
            }
        }
    }

    /// Reads the sources: a refusal that a person can meet on a page has its words in Bahasa Indonesia.
    #[test]
    fn every_refusal_has_its_words() {
        let mut files = Vec::new();
        for folder in ["src/pipeline", "src/web", "src/store"] {
            sources(folder, &mut files);
        }
        let said = Regex::new(
            r#"(?s)(?:Refused\(\s*(?:StatusCode::\w+,\s*)?(?:format!\(\s*)?|Forbidden\(\s*|refuse\(\s*|refused\(\s*|\ballowed\(\s*[^";]*?|Some\(\(row\.flag_id,\s*)"((?:[^"\\]|\\.)+)""#,
        );
        let folded = Regex::new(r"\\\n\s*").unwrap();
        let hole = Regex::new(r"\{[^{}]*\}").unwrap();
        // Faults of the set-up, which only the operator meets at the command line, or words that come from elsewhere.
        let elsewhere =
            ["the schema forbids it: {}", "{}: {}", "{}: {} ({})", "{} {}", "safety brake:", "sources.", "no post", "nothing to"];
        let mut found = 0;
        let mut missing = Vec::new();
        for (path, text) in &files {
            for words in said.as_ref().unwrap().captures_iter(text) {
                let words = folded.replace_all(&words[1], "").into_owned();
                let words = hole.replace_all(&words, "{}").into_owned();
                if !words.contains(' ')
                    || elsewhere.iter().any(|start| words.starts_with(start)) && !CATALOGUE.contains(&format!("\"{words}\" ="))
                {
                    continue;
                }
                found += 1;
                let with = |prefix: &str| in_language(&format!("{prefix}{}", words.replace("{}", "x7")), Language::Indonesian);
                let known = with("") != words.replace("{}", "x7")
                    || with("KS-000001 ") != format!("KS-000001 {}", words.replace("{}", "x7"));
                if !known {
                    missing.push(format!("{path}: {words}"));
                }
            }
        }
        assert!(found > 80, "{found}");
        assert!(missing.is_empty(), "add to locales/refusals.toml:\n{}", missing.join("\n"));
    }
}
