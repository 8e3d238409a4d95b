//! What the program says no with, for people who read Bahasa Indonesia. The code says it in English once; the words in
//! `locales/refusals.toml` are found by it, as message catalogues do. The command line and the API stay English.

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
                if !words.contains(' ') || elsewhere.iter().any(|start| words.starts_with(start)) && !CATALOGUE.contains(&words) {
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
