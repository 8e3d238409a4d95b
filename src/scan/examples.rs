//! The examples of rules and terms, tried with the scanner that reads live posts.

use super::{Post, Scanner};
use crate::rules::{Diagnostic, PackSource, RuleSet, Severity, edit};

/// An example that does not do what it promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenExample {
    /// Pack.
    pub pack: String,
    /// Rule, or term.
    pub id: String,
    /// The text.
    pub text: String,
    /// True if it should have matched.
    pub should_match: bool,
    /// True for the example of a term.
    pub of_term: bool,
    /// True if it would match without the pack's allowed phrases.
    pub hidden: bool,
}

/// Tries every example of every rule and term with the scanner that reads live posts.
pub fn broken_examples(rules: &RuleSet) -> Vec<BrokenExample> {
    let mut scanner = Scanner::new(rules);
    let mut broken = Vec::new();
    for pack in &rules.packs {
        for rule in &pack.rules {
            let matching = rule.examples.matching.iter().map(|text| (text, true));
            for (text, should_match) in matching.chain(rule.examples.not_matching.iter().map(|text| (text, false))) {
                if scanner.rule_matches(pack, rule, &Post::caption(text)) != should_match {
                    scanner.ignores_allowed = true;
                    let hidden = should_match && scanner.rule_matches(pack, rule, &Post::caption(text));
                    scanner.ignores_allowed = false;
                    let (id, text) = (rule.id.clone(), text.clone());
                    broken.push(BrokenExample { pack: pack.id.clone(), id, text, should_match, of_term: false, hidden });
                }
            }
        }
        for term in rules.terms_of(pack) {
            // A term of one field only is tried in that field.
            let field = term.fields.first().copied().unwrap_or_default();
            if !scanner.terms(pack, &Post { field, ..Post::caption(&term.example) }).contains(&term.id) {
                let (id, text) = (term.id.clone(), term.example.clone());
                broken.push(BrokenExample { pack: pack.id.clone(), id, text, should_match: true, of_term: true, hidden: false });
            }
        }
    }
    broken
}

/// Every example that does not do what it promises, as problems of its file.
pub fn example_problems(sources: &[PackSource], rules: &RuleSet) -> Vec<Diagnostic> {
    broken_examples(rules).iter().map(|broken| as_problem(sources, broken)).collect()
}

/// The problem of an example, at its place in the file where it is written as most are; at the file's start otherwise.
fn as_problem(sources: &[PackSource], broken: &BrokenExample) -> Diagnostic {
    let nothing = PackSource::default();
    let of_pack = |source: &&PackSource| source.files.get("pack.toml").is_some_and(|pack| pack.contains(&broken.pack));
    let source = sources.iter().find(of_pack).or(sources.first()).unwrap_or(&nothing);
    let path = if broken.of_term {
        edit::term(&source.files, &broken.id).map_or_else(|| "terms".to_owned(), |(path, _)| path)
    } else {
        format!("rules/{}.toml", broken.id)
    };
    let text = source.files.get(&path).cloned().unwrap_or_default();
    let quoted = serde_json::to_string(&broken.text).unwrap_or_default();
    let span = text.find(&quoted).map_or(0..0, |start| start..start + quoted.len());
    let (code, message, mend) = match (broken.of_term, broken.should_match, broken.hidden) {
        (true, _, _) => {
            ("R021", format!("`{}` does not count in its own example", broken.id), "write the term and the company it needs")
        }
        (false, true, true) => {
            ("R022", "an allowed phrase of the pack hides this example".to_owned(), "make the phrase longer, or take it out")
        }
        (false, true, false) => (
            "R023",
            format!("`{}` should match this and does not: {}", broken.id, broken.text),
            "`sisir rules explain`, or the desk's page of rules, says why",
        ),
        (false, false, _) => (
            "R024",
            format!("`{}` should not match this and does: {}", broken.id, broken.text),
            "`sisir rules explain`, or the desk's page of rules, says why",
        ),
    };
    let file = if source.origin.is_empty() { path } else { format!("{}/{path}", source.origin) };
    Diagnostic { severity: Severity::Error, code, file, source: text, span, message, mend: mend.to_owned() }
}
