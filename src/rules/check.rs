//! What can be wrong in a pack. Each problem has a code, a place, a message and a mend; the table of codes is in
//! docs/rules.md.

use std::ops::Range;

use toml::Spanned;

use super::files::{ConditionEntry, NearEntry, PackFile, Points, RuleFile, TermEntry};
use super::legal::{is_in_force, registry};
use super::load::{Loader, build_regex};
use crate::text::Folded;

/// Points of one term on one axis.
const POINTS: std::ops::RangeInclusive<i32> = 1..=20;

/// Names a pack knows.
pub(super) struct Names<'a> {
    pub axes: &'a [String],
    pub terms: &'a [String],
}

/// What to do about a name nobody knows: the nearest known one, or all of them.
fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>, what: &str) -> String {
    let known: Vec<&str> = known.collect();
    let near = known.iter().map(|other| (strsim::damerau_levenshtein(name, other), *other)).min();
    match near {
        Some((distance, other)) if distance <= 2.max(name.len() / 3) => format!("did you mean `{other}`?"),
        _ if known.len() <= 12 => format!("known {what}: {}", known.join(", ")),
        _ => format!("name one of the {} {what} of this pack that load without an error", known.len()),
    }
}

impl Loader<'_> {
    pub(super) fn check_pack(&mut self, pack: &PackFile) {
        let path = "pack.toml";
        let folder = std::path::Path::new(&self.source.origin).file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(folder) = folder.filter(|folder| folder != pack.id.get_ref() && folder != ".") {
            let message = format!("pack `{}` stands in the folder `{folder}`", pack.id.get_ref());
            self.warn("R013", path, pack.id.span(), message, "folder and id should be equal");
        }
        for (at, axis) in pack.axes.iter().enumerate() {
            if pack.axes.iter().take(at).any(|other| other.get_ref().name == axis.get_ref().name) {
                let message = format!("axis `{}` is there twice", axis.get_ref().name);
                self.report("R014", path, axis.span(), message, "take one out");
            }
        }
        for id in &pack.legal {
            if registry().iter().all(|basis| basis.id != *id.get_ref()) {
                let mend = did_you_mean(id.get_ref(), registry().iter().map(|basis| basis.id.as_str()), "legal bases");
                self.report("R015", path, id.span(), format!("unknown legal basis `{}`", id.get_ref()), mend);
            }
        }
        if pack.expires.get_ref().parse::<jiff::civil::Date>().is_err() {
            self.report("R017", path, pack.expires.span(), "not a day".into(), "write it as YYYY-MM-DD");
        }
    }

    /// What is wrong with a sound pack on this day only.
    pub(super) fn check_day(&mut self, pack: &PackFile, today: jiff::civil::Date) {
        let path = "pack.toml";
        for basis in registry().iter().filter(|basis| !is_in_force(basis, today)) {
            // A pack may cite a basis and its successor: posts of both times are judged.
            let alone = !pack.legal.iter().any(|id| {
                registry().iter().any(|other| other.id == *id.get_ref() && other.kind == basis.kind && is_in_force(other, today))
            });
            for id in pack.legal.iter().filter(|id| alone && *id.get_ref() == basis.id) {
                let message = format!("legal basis `{}` is not in force on {today}, and no other of its kind is cited", basis.id);
                self.warn("R016", path, id.span(), message, "cite its successor beside it");
            }
        }
        for picture in pack.pictures.keys() {
            let folded = Folded::new(picture.get_ref());
            if !folded.words().is_empty() || folded.symbols().len() != 1 {
                let message = format!("`{}` is not one picture", picture.get_ref());
                self.report("R025", path, picture.span(), message, "write one emoji, or a flag");
            }
        }
        if let Ok(day) = pack.expires.get_ref().parse::<jiff::civil::Date>()
            && day < today
        {
            let message = format!("this pack was to be looked at again by {day}");
            self.warn("R017", path, pack.expires.span(), message, "look through its rules and set a new day");
        }
    }

    pub(super) fn check_term(&mut self, names: &Names<'_>, path: &str, span: Range<usize>, entry: &TermEntry, seen: &[String]) {
        let id = entry.id.get_ref();
        if seen.contains(id) {
            self.report(
                "R002",
                path,
                entry.id.span(),
                format!("term `{id}` is there twice"),
                "give it another id or join the two",
            );
        }
        if entry.forms.is_empty() && entry.patterns.is_empty() && entry.near.is_none() {
            self.report("R004", path, span, format!("term `{id}` has nothing to match"), "add forms, patterns or near");
        }
        for form in &entry.forms {
            let folded = Folded::new(form.get_ref());
            if folded.words().is_empty() && folded.symbols().len() != 1 {
                let mend = "write the word as people write it, or one symbol";
                self.report("R005", path, form.span(), "this form has no letter, digit or single symbol".into(), mend);
            }
        }
        for pattern in &entry.patterns {
            if let Err(error) = build_regex(pattern.get_ref()) {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or("not a regular expression").trim_start_matches("error: ").to_owned();
                let message = format!("this pattern cannot be compiled: {reason}");
                self.report("R006", path, pattern.span(), message, "see the syntax of the Rust regex crate");
            }
        }
        for (axis, points) in entry.points.get_ref() {
            self.check_axis(names, path, entry.points.span(), axis);
            self.check_points(path, entry.points.span(), axis, Points::value(*points));
        }
        for axis in &entry.needs {
            self.check_axis(names, path, axis.span(), axis.get_ref());
        }
        if let Some(near) = &entry.near {
            self.check_near(names, path, near);
            for term in near.terms.iter().filter(|term| !term.get_ref().starts_with('@') && !seen.contains(term.get_ref())) {
                let message = format!("`{}` stands below this term or in a later file", term.get_ref());
                self.report("R012", path, term.span(), message, "`near` names terms that were read before; move it above");
            }
        }
    }

    pub(super) fn check_rule(&mut self, names: &Names<'_>, terms: &[TermEntry], path: &str, rule: &RuleFile) {
        let stem = path.trim_start_matches("rules/").trim_end_matches(".toml");
        if stem != rule.id.get_ref() {
            let message = format!("rule `{}` stands in `{stem}.toml`", rule.id.get_ref());
            self.report("R003", path, rule.id.span(), message, "file name and id must be equal");
        }
        if rule.need.get_ref().is_empty() {
            let message = "a rule that needs nothing would match every text".into();
            self.report("R011", path, rule.need.span(), message, "name at least one axis with its points");
        }
        for points in [Some(&rule.need), rule.veto.as_ref(), rule.despite.as_ref()].into_iter().flatten() {
            for (axis, value) in points.get_ref() {
                self.check_axis(names, path, points.span(), axis);
                self.check_points(path, points.span(), axis, *value);
            }
        }
        for (axis, value) in rule.need.get_ref() {
            let most: i32 = terms.iter().filter_map(|term| term.points.get_ref().get(axis)).map(|points| points.value()).sum();
            if most < *value && names.axes.contains(axis) {
                let message = format!("`{axis}` cannot reach {value}: all its terms together give {most}");
                self.warn("R018", path, rule.need.span(), message, "this rule matches nothing; ask for less or add terms");
            }
        }
        for axis in &rule.elements {
            self.check_axis(names, path, axis.span(), axis.get_ref());
        }
        for term in &rule.any_of {
            self.check_operand(names, path, term);
        }
        if let Some(condition) = &rule.when {
            self.check_condition(names, path, condition);
        }
        let examples = rule.examples.get_ref();
        if examples.matching.is_empty() || examples.not_matching.is_empty() {
            let mend = "add at least one text to both `matching` and `not_matching`";
            self.report("R010", path, rule.examples.span(), "a rule needs examples of both kinds".into(), mend);
        }
    }

    fn check_condition(&mut self, names: &Names<'_>, path: &str, condition: &ConditionEntry) {
        match condition {
            ConditionEntry::Term(term) | ConditionEntry::OutsideHashtags(term) => self.check_operand(names, path, term),
            ConditionEntry::Axis(axis) => self.check_axis(names, path, axis.name.span(), axis.name.get_ref()),
            ConditionEntry::All(all) | ConditionEntry::Any(all) => {
                all.iter().for_each(|one| self.check_condition(names, path, one));
            }
            ConditionEntry::AtLeast(some) => some.of.iter().for_each(|one| self.check_condition(names, path, one)),
            ConditionEntry::Not(one) => self.check_condition(names, path, one),
            ConditionEntry::Near(near) => self.check_near(names, path, near),
            ConditionEntry::SameSentence(terms) => terms.iter().for_each(|term| self.check_operand(names, path, term)),
            ConditionEntry::Field(place) => self.check_operand(names, path, &place.term),
            ConditionEntry::Price(_) | ConditionEntry::AuthorUpheld(_) | ConditionEntry::Role(_) | ConditionEntry::Region(_) => {}
        }
    }

    fn check_near(&mut self, names: &Names<'_>, path: &str, near: &NearEntry) {
        for term in &near.terms {
            self.check_operand(names, path, term);
        }
        if near.terms.len() < 2 {
            let span = near.terms.first().map_or(0..0, Spanned::span);
            self.report("R019", path, span, "`near` needs two terms or more".into(), "name what stands near what");
        }
    }

    fn check_operand(&mut self, names: &Names<'_>, path: &str, name: &Spanned<String>) {
        if let Some(axis) = name.get_ref().strip_prefix('@') {
            self.check_axis(names, path, name.span(), axis);
        } else if !names.terms.contains(name.get_ref()) {
            let mend = did_you_mean(name.get_ref(), names.terms.iter().map(String::as_str), "terms");
            self.report("R009", path, name.span(), format!("unknown term `{}`", name.get_ref()), mend);
        }
    }

    fn check_points(&mut self, path: &str, span: Range<usize>, axis: &str, value: i32) {
        if !POINTS.contains(&value) {
            self.report(
                "R008",
                path,
                span,
                format!("{value} points on `{axis}`"),
                "points go from 1 to 20, or strong, medium, weak",
            );
        }
    }

    fn check_axis(&mut self, names: &Names<'_>, path: &str, span: Range<usize>, axis: &str) {
        if !names.axes.iter().any(|known| known == axis) {
            let mend = did_you_mean(axis, names.axes.iter().map(String::as_str), "axes");
            self.report("R007", path, span, format!("unknown axis `{axis}`"), mend);
        }
    }
}
