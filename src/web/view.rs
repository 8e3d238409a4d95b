//! What every page shares.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::error::PageError;
use super::i18n::Text;
use crate::domain::Millis;
use crate::domain::user::{Language, User};
use crate::rules::Bilingual;

/// The frame around a page.
pub struct Frame {
    /// Texts in the reader's language.
    pub t: Text,
    /// Who reads.
    pub user: User,
    /// Entry of the navigation that is open.
    pub here: &'static str,
    /// A message about what was just done: a key of the texts, empty for none.
    pub done: String,
}

impl Frame {
    /// The frame for `user`. `done` comes from the address, so only known messages are shown.
    pub fn new(user: User, here: &'static str, done: Option<String>) -> Self {
        const KNOWN: [&str; 37] = [
            "published",
            "looked",
            "ended",
            "appeal-answered",
            "screenshot",
            "entered",
            "filed",
            "answers",
            "paused",
            "delivery-resumed",
            "decided",
            "seconded",
            "captioned",
            "rendered",
            "signed",
            "cancelled",
            "settled",
            "empty",
            "resumed",
            "referred",
            "undone",
            "saved",
            "bulk",
            "bulk-undone",
            "password",
            "connected",
            "second-factor",
            "labels-empty",
            "rules-used",
            "trial-asked",
            "merged",
            "merged-clash",
            "proposed",
            "sent-back",
            "withdrawn",
            "recall-drawn",
            "recall-empty",
        ];
        let done = done.filter(|done| KNOWN.contains(&done.as_str())).map(|done| format!("done-{done}")).unwrap_or_default();
        Self { t: Text::new(user.language).in_zone(user.zone), user, here, done }
    }
}

/// A piece of a caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The words.
    pub text: String,
    /// Axes they are evidence on, separated by spaces (they are style classes); empty for none.
    pub axis: String,
}

/// Cuts `text` where the axes it is evidence on change.
pub fn segments(text: &str, evidence: &[(String, Vec<(usize, usize)>)]) -> Vec<Segment> {
    let mut borders: Vec<usize> =
        evidence.iter().flat_map(|(_, spans)| spans.iter().flat_map(|(start, end)| [*start, *end])).collect();
    borders.extend([0, text.len()]);
    // Spans of an older text may lie anywhere; not a word may be lost for it.
    borders.retain(|border| text.is_char_boundary(*border));
    borders.sort_unstable();
    borders.dedup();
    let mut out: Vec<Segment> = Vec::new();
    for pair in borders.windows(2) {
        let [start, end] = *pair else { continue };
        let Some(piece) = text.get(start..end) else { continue };
        let covers = |spans: &Vec<(usize, usize)>| spans.iter().any(|(from, to)| *from <= start && end <= *to);
        let found: Vec<&str> = evidence.iter().filter(|(_, spans)| covers(spans)).map(|(axis, _)| axis.as_str()).collect();
        let axis = found.join(" ");
        match out.last_mut() {
            Some(last) if last.axis == axis => last.text.push_str(piece),
            _ => out.push(Segment { text: piece.to_owned(), axis }),
        }
    }
    out
}

/// A text of the rules in the reader's language.
pub fn in_language(text: &Bilingual, language: Language) -> String {
    match language {
        Language::Indonesian => text.id.clone(),
        Language::English => text.en.clone(),
    }
}

/// The attribute of an option of a select that stands on `chosen`.
pub fn selected(chosen: &str, value: &str) -> &'static str {
    if chosen == value { "selected" } else { "" }
}

/// A UTC day, counted from 1970, as `2026-11-26`.
pub fn utc_day(day: i64) -> String {
    Millis(day * 86_400_000).timestamp().strftime("%Y-%m-%d").to_string()
}

/// Renders a page.
pub fn html(template: &impl Template) -> Result<Response, PageError> {
    Ok(Html(template.render()?).into_response())
}

/// A share of 0 to 1 in whole per cent.
#[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
pub fn percent(share: f64) -> i64 {
    (share * 100.0).round() as i64
}

/// A bar of a chart: label, number, width in per cent of the largest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// For people.
    pub label: String,
    /// The number.
    pub value: i64,
    /// 0 to 100.
    pub width: i64,
    /// Style class.
    pub class: String,
}

/// Bars relative to the largest.
pub fn bars(values: Vec<(String, i64, &str)>) -> Vec<Bar> {
    let largest = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1);
    values
        .into_iter()
        .map(|(label, value, class)| Bar { label, value, width: value * 100 / largest, class: class.into() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_put_together_are_the_text() {
        let text = "🔥 buka bal 35k";
        let evidence = [("a".to_owned(), vec![(5, 13)]), ("b".to_owned(), vec![(10, 17)])];
        let cut = segments(text, &evidence);
        assert_eq!(cut.iter().map(|s| s.text.as_str()).collect::<String>(), text);
        assert_eq!(
            cut.iter().map(|s| (s.text.as_str(), s.axis.as_str())).collect::<Vec<_>>(),
            [("🔥 ", ""), ("buka ", "a"), ("bal", "a b"), (" 35k", "b")]
        );
    }

    #[test]
    fn bars_are_relative_to_the_largest() {
        let drawn = bars(vec![("a".into(), 50, "x"), ("b".into(), 200, "y"), ("c".into(), 0, "")]);
        assert_eq!(drawn.iter().map(|b| b.width).collect::<Vec<_>>(), [25, 100, 0]);
        assert_eq!(bars(vec![("a".into(), 0, "")])[0].width, 0);
    }
}
