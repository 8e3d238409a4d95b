//! Reading a pack and reporting every problem of every file at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::check::Names;
use super::compile::{RuleSet, SoundPack, compile};
use super::diagnostic::{Diagnostic, Severity};
use super::files::{PackFile, RuleFile, TermEntry, TermFile};
use super::index::Views;

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
    /// What could be compiled. None when a `pack.toml` is missing or bad, or the index is over a cap.
    pub rule_set: Option<RuleSet>,
    /// Every problem found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Problems that keep something out of the rule set.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

/// SHA-256 that a rule set of these packs has.
pub fn hash_of(sources: &[PackSource]) -> String {
    match sources {
        [one] => one.hash(),
        several => crate::domain::sha256_hex(several.iter().map(PackSource::hash).collect::<String>().as_bytes()),
    }
}

/// Reads, checks and compiles packs into one rule set.
pub fn load(sources: &[PackSource]) -> Loaded {
    let mut diagnostics = Vec::new();
    let mut packs = Vec::new();
    for source in sources {
        let mut loader = Loader { source, diagnostics: Vec::new() };
        packs.extend(loader.read());
        diagnostics.append(&mut loader.diagnostics);
    }
    if packs.is_empty() || packs.len() < sources.len() {
        return Loaded { rule_set: None, diagnostics };
    }
    match compile(packs, hash_of(sources), Views::ALL) {
        Ok(rule_set) => Loaded { rule_set: Some(rule_set), diagnostics },
        Err(error) => {
            let nothing = PackSource::default();
            let mut loader = Loader { source: sources.first().unwrap_or(&nothing), diagnostics };
            loader.report("R020", "pack.toml", 0..0, error.to_string(), "split the pack or take forms out");
            Loaded { rule_set: None, diagnostics: loader.diagnostics }
        }
    }
}

/// Warnings about packs that are true on `day` only: an ended legal basis, a day of review that is past.
pub fn overdue(sources: &[PackSource], day: jiff::civil::Date) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for source in sources {
        let mut loader = Loader { source, diagnostics: Vec::new() };
        if let Some(pack) = loader.pack() {
            loader.diagnostics.clear();
            loader.check_day(&pack, day);
            diagnostics.append(&mut loader.diagnostics);
        }
    }
    diagnostics
}

/// Reads one pack.
pub(super) struct Loader<'a> {
    pub source: &'a PackSource,
    pub diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    pub fn report(&mut self, code: &'static str, path: &str, span: Range<usize>, message: String, mend: impl Into<String>) {
        self.push(Severity::Error, code, path, span, message, mend.into());
    }

    pub fn warn(&mut self, code: &'static str, path: &str, span: Range<usize>, message: String, mend: impl Into<String>) {
        self.push(Severity::Warning, code, path, span, message, mend.into());
    }

    fn push(&mut self, severity: Severity, code: &'static str, path: &str, span: Range<usize>, message: String, mend: String) {
        let source = self.source.files.get(path).cloned().unwrap_or_default();
        self.diagnostics.push(Diagnostic { severity, code, file: self.source.display(path), source, span, message, mend });
    }

    /// True if `check` reported no error.
    pub fn sound(&mut self, check: impl FnOnce(&mut Self)) -> bool {
        let errors = |loader: &Self| loader.diagnostics.iter().filter(|problem| problem.severity == Severity::Error).count();
        let before = errors(self);
        check(self);
        errors(self) == before
    }

    fn read(&mut self) -> Option<SoundPack> {
        let file = self.pack()?;
        self.check_pack(&file);
        let all = self.terms();
        let ids: Vec<String> = all.iter().map(|(_, _, entry)| entry.id.get_ref().clone()).collect();
        let axes: Vec<String> = file.axes.iter().map(|axis| axis.get_ref().name.clone()).collect();
        let mut terms = Vec::new();
        let mut seen = Vec::new();
        for (path, span, entry) in all {
            let names = Names { axes: &axes, terms: &ids };
            if self.sound(|loader| loader.check_term(&names, &path, span, &entry, &seen)) {
                seen.push(entry.id.get_ref().clone());
                terms.push(entry);
            }
        }
        let names = Names { axes: &axes, terms: &seen };
        let mut rules = Vec::new();
        for path in self.paths("rules/") {
            let Some(rule) = self.parse::<RuleFile>(&path) else { continue };
            if self.sound(|loader| loader.check_rule(&names, &terms, &path, &rule)) {
                rules.push(rule);
            }
        }
        Some(SoundPack { file, terms, rules })
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

    fn terms(&mut self) -> Vec<(String, Range<usize>, TermEntry)> {
        let mut terms = Vec::new();
        for path in self.paths("terms/") {
            let Some(file) = self.parse::<TermFile>(&path) else { continue };
            terms.extend(file.term.into_iter().map(|entry| (path.clone(), entry.span(), entry.into_inner())));
        }
        terms
    }
}

/// Compiles one pattern with limits: a pattern that would need more memory is an error here, never a miss later.
pub(super) fn build_regex(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).size_limit(2 << 20).build()
}
