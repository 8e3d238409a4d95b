//! Reading sections key by key, so that one bad key does not hide the next.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `config.toml:12` or `environment SISIR__WEB__LISTEN`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub mend: String,
}

/// Everything that is wrong, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigProblems(pub Vec<Problem>);

impl ConfigProblems {
    pub(super) fn one(place: String, message: String, mend: &str) -> Self {
        Self(vec![Problem { place, message, mend: mend.to_owned() }])
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {plural} in the configuration:", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {}: {}\n    mend: {}", problem.place, problem.message, problem.mend)?;
        }
        Ok(())
    }
}

/// Sections with the place of each key.
pub(super) struct Reader {
    file: String,
    sections: BTreeMap<String, Table>,
    places: BTreeMap<String, (usize, String)>,
    problems: Vec<(usize, Problem)>,
}

const SEE_EXAMPLE: &str = "see config.example.toml";
const ENVIRONMENT: usize = usize::MAX;

impl Reader {
    pub(super) fn new(
        file: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigProblems> {
        let syntax = |error: toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            ConfigProblems::one(format!("{file}:{line}"), error.message().to_owned(), "mend this line; nothing was read")
        };
        let spanned = DeTable::parse(text).map_err(syntax)?;
        let table: Table = toml::from_str(text).map_err(syntax)?;
        let mut reader = Self { file: file.to_owned(), sections: BTreeMap::new(), places: BTreeMap::new(), problems: Vec::new() };
        reader.note_places("", spanned.get_ref(), text);
        reader.split_sections("", table);
        let mut variables: Vec<(String, String)> =
            environment.into_iter().filter(|(name, _)| name.starts_with("SISIR__")).collect();
        variables.sort();
        for (name, value) in variables {
            reader.set_from_environment(&name, &value);
        }
        Ok(reader)
    }

    fn note_places(&mut self, prefix: &str, table: &DeTable<'_>, text: &str) {
        for (key, value) in table {
            let path = format!("{prefix}{}", key.get_ref());
            let line = line_of(text, key.span().start);
            self.places.insert(path.clone(), (line, format!("{}:{line}", self.file)));
            if let DeValue::Table(inner) = value.get_ref() {
                self.note_places(&format!("{path}."), inner, text);
            }
        }
    }

    /// A table that holds tables is a group of sections (`[sources.threads]`), anything else a section.
    fn split_sections(&mut self, prefix: &str, table: Table) {
        for (key, value) in table {
            let path = format!("{prefix}{key}");
            match value {
                Value::Table(inner) if inner.values().any(Value::is_table) => {
                    self.split_sections(&format!("{path}."), inner);
                }
                Value::Table(inner) => self.sections.entry(path).or_default().extend(inner),
                other => {
                    let section = prefix.trim_end_matches('.').to_owned();
                    self.sections.entry(section).or_default().insert(key, other);
                }
            }
        }
    }

    fn set_from_environment(&mut self, name: &str, value: &str) {
        let path = name.trim_start_matches("SISIR__").to_ascii_lowercase().replace("__", ".");
        let Some((section, key)) = path.rsplit_once('.') else {
            return self.problem(&path, "needs a section and a key", "SISIR__SECTION__KEY");
        };
        // Numbers, booleans and lists are written as in TOML; everything else is text.
        let parsed = toml::from_str::<Table>(&format!("v = {value}")).ok().and_then(|mut t| t.remove("v"));
        let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
        self.sections.entry(section.to_owned()).or_default().insert(key.to_owned(), value);
        self.places.insert(path.clone(), (ENVIRONMENT, format!("environment {name}")));
    }

    /// Records a problem at the place of `path`.
    pub(super) fn problem(&mut self, path: &str, message: impl fmt::Display, mend: impl Into<String>) {
        let section = path.rsplit_once('.').map_or(path, |(section, _)| section);
        let place = self.places.get(path).or_else(|| self.places.get(section)).cloned();
        let (order, place) = place.unwrap_or((0, self.file.clone()));
        let message = format!("{path}: {message}");
        self.problems.push((order, Problem { place, message, mend: mend.into() }));
    }

    /// Takes a section out, trying each key by itself first.
    pub(super) fn section<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let table = self.sections.remove(name).unwrap_or_default();
        let mut good = Table::new();
        for (key, value) in table {
            let alone: Table = [(key.clone(), value.clone())].into_iter().collect();
            match alone.try_into::<T>() {
                Ok(_) => {
                    good.insert(key, value);
                }
                Err(error) => self.problem(&format!("{name}.{key}"), error.message(), SEE_EXAMPLE),
            }
        }
        good.try_into().unwrap_or_default()
    }

    /// The secret of `path`, from its own key or its file.
    pub(super) fn secret(&mut self, path: &str, inline: Option<SecretString>, file: Option<&PathBuf>) -> Option<SecretString> {
        let key = path.rsplit_once('.').map_or(path, |(_, key)| key);
        match (inline, file) {
            (Some(_), Some(_)) => {
                self.problem(path, format!("{key} and {key}_file are both set"), "keep one of them");
                None
            }
            (inline, None) => inline,
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) => Some(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => {
                    self.problem(
                        &format!("{path}_file"),
                        format!("cannot be read: {error}"),
                        "check the path and its permissions",
                    );
                    None
                }
            },
        }
    }

    /// The configuration, if nothing was wrong.
    pub(super) fn finish<T>(mut self, config: T) -> Result<T, ConfigProblems> {
        for (section, table) in std::mem::take(&mut self.sections) {
            for key in table.keys() {
                let path = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
                self.problem(&path, "unknown section", "see config.example.toml for the sections there are");
            }
        }
        if self.problems.is_empty() {
            return Ok(config);
        }
        self.problems.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.place.cmp(&right.place)));
        Err(ConfigProblems(self.problems.into_iter().map(|(_, problem)| problem).collect()))
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
