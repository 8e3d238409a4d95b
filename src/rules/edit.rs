//! Changing the files of a pack one term or rule at a time. What is not changed stays as it is, with its comments.

use std::collections::BTreeMap;

use taplo::formatter::{Options as Style, format};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::files::Status;
use crate::domain::flag::Priority;

/// Path inside a pack → text.
type Files = BTreeMap<String, String>;

/// Why a file cannot be changed this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Not an id.
    #[error("`{0}` is no id: use lower-case letters, digits and hyphens, for example `sepatu-bekas-impor`")]
    NoId(String),
    /// Not a file of a pack.
    #[error("`{0}` is no file of a pack: use pack.toml, terms/NAME.toml or rules/NAME.toml")]
    NoPath(String),
    /// There is one already.
    #[error("`{0}` is there already")]
    Exists(String),
    /// There is none.
    #[error("there is no `{0}`")]
    Missing(String),
    /// The file is not TOML.
    #[error("{path} cannot be read; mend it as text first: {why}")]
    Broken {
        /// File.
        path: String,
        /// What the reader says.
        why: String,
    },
}

/// A term as people edit it. What else its block holds (patterns, `near`, fields) stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermDraft {
    /// Id, unique in the pack.
    pub id: String,
    /// Points by axis; 0 for none.
    pub points: Vec<(String, i64)>,
    /// Words, phrases and symbols.
    pub forms: Vec<String>,
    /// Axes on which another term must have evidence.
    pub needs: Vec<String>,
    /// Words that no derived spelling may take.
    pub except: Vec<String>,
    /// Whether affixes may stand on its words.
    pub affixes: bool,
    /// Whether one slip may be in its words.
    pub fuzzy: bool,
    /// What it means.
    pub meaning: String,
    /// What else it can mean; empty for nothing.
    pub confused_with: String,
    /// A made-up text in which it counts.
    pub example: String,
}

/// True for lower-case letters, digits and hyphens.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 60 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// True for a path that a pack can have.
pub fn is_path(path: &str) -> bool {
    let name = |rest: &str| rest.strip_suffix(".toml").is_some_and(|name| is_id(&name.replace('_', "-")));
    path == "pack.toml" || path.strip_prefix("terms/").or_else(|| path.strip_prefix("rules/")).is_some_and(name)
}

/// One style for all packs. Text that is not TOML stays as it is: the check says what is wrong with it.
pub fn formatted(text: &str) -> String {
    if text.parse::<toml::Table>().is_err() {
        return text.to_owned();
    }
    let style = Style {
        column_width: 140,
        indent_string: "  ".into(),
        allowed_blank_lines: 1,
        array_auto_collapse: false,
        ..Style::default()
    };
    format(text, style)
}

/// A rule to fill in, as a draft: it flags nothing until its status is changed.
///
/// # Errors
/// `id` is none.
pub fn new_rule(id: &str, axis: &str) -> Result<String, EditError> {
    if !is_id(id) {
        return Err(EditError::NoId(id.to_owned()));
    }
    Ok(formatted(&format!(
        r#"id = "{id}"
status = "draft" # draft → shadow → active → retired
priority = "P3"
need = {{ {axis} = 2 }}
falsepositives = ["isi: kapan aturan ini bisa keliru"]

[title]
id = "isi: judul"
en = "fill in: title"

[why]
id = "isi: satu kalimat untuk analis."
en = "fill in: one sentence for the analyst."

[examples]
# Teks buatan sendiri. Paling sedikit satu; usahakan dua puluh.
matching = ["isi: harus kena"]
not_matching = ["isi: tidak boleh kena"]
"#
    )))
}

/// Status and priority of a rule file, everything else as it is.
///
/// # Errors
/// The file cannot be read as TOML.
pub fn set_rule(path: &str, text: &str, status: Status, priority: Priority) -> Result<String, EditError> {
    let mut document = parse(path, text)?;
    let status = serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    for (key, new) in [("status", status), ("priority", priority.to_string())] {
        replace(document.as_table_mut(), key, Value::from(new));
    }
    Ok(document.to_string())
}

/// The file of a term, and the term.
pub fn term(files: &Files, id: &str) -> Option<(String, TermDraft)> {
    files.iter().filter(|(path, _)| path.starts_with("terms/")).find_map(|(path, text)| {
        let document = parse(path, text).ok()?;
        let found = document.get("term")?.as_array_of_tables()?.iter().find(|table| text_of(table, "id") == id)?;
        Some((path.clone(), read(found)))
    })
}

/// Writes a term: in place of the one called `before`, or as a new one. Returns the file and its new text.
///
/// # Errors
/// `before` is not there, a new id is none or is taken, or the file cannot be read as TOML.
pub fn write_term(files: &Files, before: Option<&str>, draft: &TermDraft) -> Result<(String, String), EditError> {
    let path = match before {
        Some(id) => term(files, id).ok_or_else(|| EditError::Missing(id.to_owned()))?.0,
        None if !is_id(&draft.id) => return Err(EditError::NoId(draft.id.clone())),
        None if term(files, &draft.id).is_some() => return Err(EditError::Exists(draft.id.clone())),
        None => file_for(draft),
    };
    let mut document = parse(&path, files.get(&path).map_or("", String::as_str))?;
    let terms = document.entry("term").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(terms) = terms.as_array_of_tables_mut() else {
        return Err(EditError::Broken { path, why: "`term` is no list of blocks".into() });
    };
    if let Some(table) = before.and_then(|id| terms.iter_mut().find(|table| text_of(table, "id") == id)) {
        fill(table, draft);
    } else {
        let mut table = Table::new();
        table.insert("id", value(draft.id.as_str()));
        fill(&mut table, draft);
        terms.push(table);
    }
    let text = formatted(&document.to_string());
    Ok((path, text))
}

/// Takes a term out. Returns the file and its new text.
///
/// # Errors
/// It is not there.
pub fn remove_term(files: &Files, id: &str) -> Result<(String, String), EditError> {
    let missing = || EditError::Missing(id.to_owned());
    let (path, _) = term(files, id).ok_or_else(missing)?;
    let mut document = parse(&path, files.get(&path).map_or("", String::as_str))?;
    let terms = document.get_mut("term").and_then(Item::as_array_of_tables_mut).ok_or_else(missing)?;
    // What stands above the first block is about the file.
    let above = terms.iter().next().and_then(|first| first.decor().prefix().cloned());
    terms.retain(|table| text_of(table, "id") != id);
    if let (Some(first), Some(above)) = (terms.iter_mut().next(), above) {
        first.decor_mut().set_prefix(above);
    }
    Ok((path, document.to_string()))
}

/// A new term goes to the file of its strongest axis.
fn file_for(draft: &TermDraft) -> String {
    let strongest = draft.points.iter().filter(|(_, points)| *points > 0).max_by_key(|(_, points)| *points);
    format!("terms/{}.toml", strongest.map_or("words", |(axis, _)| axis.as_str()))
}

fn parse(path: &str, text: &str) -> Result<DocumentMut, EditError> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| EditError::Broken { path: path.to_owned(), why: error.message().to_owned() })
}

fn text_of(table: &Table, key: &str) -> String {
    table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

fn texts_of(table: &Table, key: &str) -> Vec<String> {
    let array = table.get(key).and_then(Item::as_array);
    array.map(|array| array.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
}

fn read(table: &Table) -> TermDraft {
    let points = table.get("points").and_then(Item::as_table_like).map(|points| {
        let number = |item: &Item| match item.as_str() {
            Some("strong") => 4,
            Some("medium") => 2,
            Some("weak") => 1,
            _ => item.as_integer().unwrap_or(0),
        };
        points.iter().map(|(axis, item)| (axis.to_owned(), number(item))).collect()
    });
    let yes = |key: &str| table.get(key).and_then(Item::as_bool).unwrap_or(true);
    TermDraft {
        id: text_of(table, "id"),
        points: points.unwrap_or_default(),
        forms: texts_of(table, "forms"),
        needs: texts_of(table, "needs"),
        except: texts_of(table, "except"),
        affixes: yes("affixes"),
        fuzzy: yes("fuzzy"),
        meaning: text_of(table, "meaning"),
        confused_with: text_of(table, "confused_with"),
        example: text_of(table, "example"),
    }
}

/// Puts a new value where the old one stood, with its comments.
fn replace(table: &mut Table, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, Item::Value(new));
        }
    }
}

/// Writes what differs, so that what was not changed keeps its comments.
fn fill(table: &mut Table, draft: &TermDraft) {
    let old = read(table);
    let mut points: Vec<(String, i64)> = draft.points.iter().filter(|(_, points)| *points > 0).cloned().collect();
    points.sort();
    let mut former = old.points.clone();
    former.sort();
    if points != former || !table.contains_key("points") {
        let mut inline = InlineTable::new();
        for (axis, number) in &draft.points {
            match number {
                i64::MIN..=0 => continue,
                1 => inline.insert(axis, "weak".into()),
                2 => inline.insert(axis, "medium".into()),
                4 => inline.insert(axis, "strong".into()),
                other => inline.insert(axis, (*other).into()),
            };
        }
        replace(table, "points", Value::InlineTable(inline));
    }
    for (key, new, old) in
        [("forms", &draft.forms, &old.forms), ("needs", &draft.needs, &old.needs), ("except", &draft.except, &old.except)]
    {
        if new.is_empty() {
            table.remove(key);
        } else if new != old {
            replace(table, key, Value::Array(new.iter().map(String::as_str).collect::<Array>()));
        }
    }
    for (key, new, old) in [("affixes", draft.affixes, old.affixes), ("fuzzy", draft.fuzzy, old.fuzzy)] {
        match (new, old) {
            (true, false) => drop(table.remove(key)),
            (false, true) => replace(table, key, false.into()),
            _ => {}
        }
    }
    let texts = [
        ("meaning", &draft.meaning, &old.meaning),
        ("confused_with", &draft.confused_with, &old.confused_with),
        ("example", &draft.example, &old.example),
    ];
    for (key, new, old) in texts {
        if new.is_empty() && key == "confused_with" {
            table.remove(key);
        } else if new != old || !table.contains_key(key) {
            replace(table, key, new.as_str().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{DEFAULT_PACK, PackSource, load, shipped, shipped_packs};

    #[test]
    fn formatting_keeps_comments_and_is_stable() {
        let messy = "# catatan\nid   =  \"x\"\n\n\n\nforms=[\"a\",'b' , # satu\n \"c\"]\n";
        let once = formatted(messy);
        assert!(once.contains("# catatan\nid = \"x\"") && once.contains("# satu"), "{once}");
        assert_eq!(formatted(&once), once);
        assert_eq!(formatted("id = \""), "id = \"");
    }

    /// Reading a term and writing it again changes not a byte of any shipped file.
    #[test]
    fn writing_a_term_as_it_is_changes_nothing() {
        let mut terms = 0;
        for pack in shipped_packs() {
            let files = shipped(&pack).files;
            let rules = load(&[shipped(&pack)]).rule_set.unwrap();
            for known in &rules.terms {
                let (path, draft) = term(&files, &known.id).unwrap();
                assert_eq!(write_term(&files, Some(&known.id), &draft).unwrap(), (path.clone(), files[&path].clone()));
                assert_eq!((draft.forms, draft.example), (known.forms.clone(), known.example.clone()));
                terms += 1;
            }
        }
        assert!(terms > 50, "{terms}");
    }

    #[test]
    fn a_new_term_goes_behind_the_others_of_its_axis_and_loads() {
        let mut source = shipped(DEFAULT_PACK);
        let draft = TermDraft {
            id: "kodean".into(),
            points: vec![("used_clothing".into(), 2), ("import_nexus".into(), 1), ("offer".into(), 0)],
            forms: vec!["baju kodean".into(), "kodean".into()],
            needs: vec!["garment".into()],
            affixes: true,
            fuzzy: false,
            meaning: "pakaian bekas \"berkode\" bal".into(),
            example: "jaket kodean 45rb".into(),
            ..TermDraft::default()
        };
        let (path, text) = write_term(&source.files, None, &draft).unwrap();
        assert_eq!(path, "terms/used_clothing.toml");
        assert!(text.starts_with(source.files[&path].trim_end()), "what was there stays as it is");
        source.files.insert(path, text);
        let loaded = load(std::slice::from_ref(&source));
        assert_eq!(loaded.diagnostics, vec![]);
        assert_eq!(crate::scan::broken_examples(&loaded.rule_set.unwrap()), vec![]);
        assert_eq!(term(&source.files, "kodean").unwrap().1, TermDraft { points: draft.points[..2].to_vec(), ..draft.clone() });
        assert_eq!(write_term(&source.files, None, &draft), Err(EditError::Exists("kodean".into())));
        let (path, text) = remove_term(&source.files, "kodean").unwrap();
        assert_eq!(text.trim_end(), shipped(DEFAULT_PACK).files[&path].trim_end());
        assert_eq!(remove_term(&shipped(DEFAULT_PACK).files, "kodean"), Err(EditError::Missing("kodean".into())));
    }

    #[test]
    fn a_change_of_a_term_keeps_comments_and_what_it_does_not_touch() {
        let files = Files::from([(
            "terms/a.toml".to_owned(),
            "# atas\n[[term]]\nid = \"a\" # id\npoints = { offer = 3 } # tiga\nforms = [\"satu\"]\npatterns = ['x\\d']\nmeaning = \"m\"\nexample = \"satu\"\n".to_owned(),
        )]);
        let (_, draft) = term(&files, "a").unwrap();
        let changed = TermDraft { points: vec![("offer".into(), 4)], fuzzy: false, ..draft };
        let (_, text) = write_term(&files, Some("a"), &changed).unwrap();
        for kept in ["# atas", "# id", "# tiga", "patterns = ['x\\d']", "offer = \"strong\"", "fuzzy = false"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[test]
    fn a_rule_changes_its_status_and_keeps_the_rest() {
        let source = shipped(DEFAULT_PACK);
        let path = "rules/bal-berharga.toml";
        let text = set_rule(path, &source.files[path], Status::Active, Priority::P2).unwrap();
        let expected = source.files[path].replace("\"shadow\"", "\"active\"").replace("priority = \"P3\"", "priority = \"P2\"");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_new_rule_loads_as_it_is() {
        let mut source: PackSource = shipped(DEFAULT_PACK);
        source.files.insert("rules/sepatu-bekas.toml".into(), new_rule("sepatu-bekas", "used_clothing").unwrap());
        assert_eq!(load(&[source]).diagnostics, vec![]);
        assert!(new_rule("Sepatu Bekas", "x").is_err());
    }

    #[test]
    fn paths_stay_inside_the_pack() {
        for good in ["pack.toml", "terms/used_clothing.toml", "rules/a-b.toml"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "../pack.toml", "terms/../x.toml", "rules/x", "rules/.toml", "x.toml", "terms/a/b.toml", "/terms/a.toml"]
        {
            assert!(!is_path(bad), "{bad}");
        }
    }
}
