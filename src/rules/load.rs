//! Reading a pack and reporting every problem of every file at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::compile::{RuleSet, compile};
use super::diagnostic::Diagnostic;
use super::files::{PackFile, RuleFile, TermEntry, TermFile};

/// The files of one pack: path inside the pack → text, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackSource {
    /// Where it was read from, put before each path in messages.
    pub origin: String,
    /// Path inside the pack, with `/`, and the file's text.
    pub files: BTreeMap<String, String>,
}

impl PackSource {
    /// Reads `*.toml` of a folder and its `terms` and `rules` folders.
    pub fn read_dir(dir: &Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for sub in ["", "terms", "rules"] {
            let folder = if sub.is_empty() { dir.to_path_buf() } else { dir.join(sub) };
            if !sub.is_empty() && !folder.is_dir() {
                continue;
            }
            for path in toml_files(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let inside = if sub.is_empty() { name } else { format!("{sub}/{name}") };
                let bytes = std::fs::read(&path)?;
                files.insert(inside, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self { origin: dir.display().to_string(), files })
    }

    /// SHA-256 over every path and text: the identity of the rule set.
    pub fn hash(&self) -> String {
        let mut all = String::new();
        for (path, text) in &self.files {
            all.push_str(path);
            all.push('\0');
            all.push_str(text);
            all.push('\0');
        }
        crate::domain::sha256_hex(all.as_bytes())
    }

    fn display(&self, path: &str) -> String {
        if self.origin.is_empty() { path.to_owned() } else { format!("{}/{path}", self.origin) }
    }
}

fn toml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A rule set, and what was wrong with the files that are not in it.
#[derive(Debug)]
pub struct Loaded {
    /// What could be compiled. None when `pack.toml` itself is missing or bad.
    pub rule_set: Option<RuleSet>,
    /// Every problem found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads, checks and compiles a pack.
pub fn load(source: &PackSource) -> Loaded {
    let mut loader = Loader { source, diagnostics: Vec::new() };
    let pack = loader.pack();
    let (terms, rules) = match &pack {
        Some(pack) => {
            let terms = loader.terms(pack);
            let rules = loader.rules(pack, &terms);
            (terms, rules)
        }
        None => (Vec::new(), Vec::new()),
    };
    let rule_set = pack.map(|pack| compile(&pack, terms, rules, source.hash()));
    Loaded { rule_set, diagnostics: loader.diagnostics }
}

struct Loader<'a> {
    source: &'a PackSource,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn report(&mut self, code: &'static str, path: &str, span: Range<usize>, message: String, mend: impl Into<String>) {
        let source = self.source.files.get(path).cloned().unwrap_or_default();
        self.diagnostics.push(Diagnostic { code, file: self.source.display(path), source, span, message, mend: mend.into() });
    }

    fn parse<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.source.files.get(path)?;
        match toml::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let span = error.span().unwrap_or(0..text.len().min(1));
                self.report("R001", path, span, error.message().to_owned(), "mend this line; the file is left out until then");
                None
            }
        }
    }

    fn pack(&mut self) -> Option<PackFile> {
        if !self.source.files.contains_key("pack.toml") {
            let mend = "a pack is a folder with pack.toml, terms/ and rules/";
            self.report("R000", "pack.toml", 0..0, "no pack.toml here".into(), mend);
            return None;
        }
        self.parse("pack.toml")
    }

    fn paths(&self, folder: &str) -> Vec<String> {
        self.source.files.keys().filter(|p| p.starts_with(folder)).cloned().collect()
    }

    fn terms(&mut self, pack: &PackFile) -> Vec<TermEntry> {
        let mut seen = BTreeSet::new();
        let mut terms = Vec::new();
        for path in self.paths("terms/") {
            let Some(file) = self.parse::<TermFile>(&path) else { continue };
            for entry in file.term {
                let span = entry.span();
                let entry = entry.into_inner();
                if self.term_is_sound(pack, &path, span, &entry, &mut seen) {
                    terms.push(entry);
                }
            }
        }
        terms
    }

    fn term_is_sound(
        &mut self,
        pack: &PackFile,
        path: &str,
        span: Range<usize>,
        entry: &TermEntry,
        seen: &mut BTreeSet<String>,
    ) -> bool {
        let before = self.diagnostics.len();
        if !seen.insert(entry.id.get_ref().clone()) {
            let message = format!("term `{}` is there twice", entry.id.get_ref());
            self.report("R002", path, entry.id.span(), message, "give it another id or join the two");
        }
        if entry.forms.is_empty() && entry.patterns.is_empty() {
            self.report(
                "R004",
                path,
                span,
                format!("term `{}` has nothing to match", entry.id.get_ref()),
                "add forms or patterns",
            );
        }
        for form in &entry.forms {
            if crate::text::Normalized::new(form.get_ref()).words().as_str().trim().is_empty() {
                self.report(
                    "R005",
                    path,
                    form.span(),
                    "this form has no letter or digit".into(),
                    "write the word as people write it",
                );
            }
        }
        for pattern in &entry.patterns {
            if let Err(error) = build_regex(pattern.get_ref()) {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or("not a regular expression").trim_start_matches("error: ").to_owned();
                self.report(
                    "R006",
                    path,
                    pattern.span(),
                    format!("this pattern cannot be compiled: {reason}"),
                    "see the syntax of the Rust regex crate",
                );
            }
        }
        self.check_axes(pack, path, &entry.points);
        for axis in &entry.needs {
            self.check_axis(pack, path, axis.span(), axis.get_ref());
        }
        self.diagnostics.len() == before
    }

    fn check_axes(&mut self, pack: &PackFile, path: &str, points: &Spanned<BTreeMap<String, i32>>) {
        for (axis, value) in points.get_ref() {
            self.check_axis(pack, path, points.span(), axis);
            if !(1..=20).contains(value) {
                self.report("R008", path, points.span(), format!("{value} points on `{axis}`"), "points go from 1 to 20");
            }
        }
    }

    fn check_axis(&mut self, pack: &PackFile, path: &str, span: Range<usize>, axis: &str) {
        if pack.axes.iter().all(|known| known.name != axis) {
            let names: Vec<&str> = pack.axes.iter().map(|known| known.name.as_str()).collect();
            let mend = format!("the axes of pack.toml are: {}", names.join(", "));
            self.report("R007", path, span, format!("unknown axis `{axis}`"), mend);
        }
    }

    fn rules(&mut self, pack: &PackFile, terms: &[TermEntry]) -> Vec<RuleFile> {
        let mut rules = Vec::new();
        for path in self.paths("rules/") {
            let Some(rule) = self.parse::<RuleFile>(&path) else { continue };
            if self.rule_is_sound(pack, terms, &path, &rule) {
                rules.push(rule);
            }
        }
        rules
    }

    fn rule_is_sound(&mut self, pack: &PackFile, terms: &[TermEntry], path: &str, rule: &RuleFile) -> bool {
        let before = self.diagnostics.len();
        let stem = path.trim_start_matches("rules/").trim_end_matches(".toml");
        if stem != rule.id.get_ref() {
            let message = format!("rule `{}` stands in `{stem}.toml`", rule.id.get_ref());
            self.report("R003", path, rule.id.span(), message, "file name and id must be equal");
        }
        self.check_axes(pack, path, &rule.need);
        if rule.need.get_ref().is_empty() {
            let message = "a rule that needs nothing would match every text".into();
            self.report("R011", path, rule.need.span(), message, "name at least one axis with its points");
        }
        for points in [&rule.veto, &rule.despite].into_iter().flatten() {
            self.check_axes(pack, path, points);
        }
        for term in &rule.any_of {
            if terms.iter().all(|known| known.id.get_ref() != term.get_ref()) {
                let mend = "name a term of terms/*.toml that loads without an error";
                self.report("R009", path, term.span(), format!("unknown term `{}`", term.get_ref()), mend);
            }
        }
        let examples = rule.examples.get_ref();
        if examples.matching.is_empty() || examples.not_matching.is_empty() {
            let mend = "add at least one text to both `matching` and `not_matching`";
            self.report("R010", path, rule.examples.span(), "a rule needs examples of both kinds".into(), mend);
        }
        self.diagnostics.len() == before
    }
}

/// Compiles one pattern with limits: a pattern that would need more memory is an error here, never a miss later.
pub(super) fn build_regex(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).size_limit(2 << 20).build()
}
