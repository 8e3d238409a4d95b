//! The PDF letter (PDF/A-2b) in Bahasa Indonesia, by typst from `templates/letter/surat.typ`. Values travel as JSON,
//! so nothing a stranger wrote can become markup.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Value, json};
use typst::foundations::{Datetime, Dict, IntoValue, Smart};
use typst::text::{Font, FontInfo};
use typst_as_lib::TypstEngine;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::{BatchReport, ENCLOSURES, ReportError};
use crate::domain::batch::BatchKind;

const TEMPLATE: &str = include_str!("../../templates/letter/surat.typ");

/// The one family of letters. The others that ship with typst stay out of the search.
const FAMILY: &str = "libertinus serif";

static FONTS: LazyLock<Vec<(&'static [u8], FontInfo)>> = LazyLock::new(|| {
    let parsed = typst_assets::fonts().filter_map(|data| Some((data, Font::new(typst::foundations::Bytes::new(data), 0)?)));
    parsed.map(|(data, font)| (data, font.info().clone())).filter(|(_, info)| info.family.to_lowercase() == FAMILY).collect()
});

/// PDF/A refuses characters without a glyph, and captions are full of emoji: those become `[U+1F525]`.
fn printable(text: &str) -> String {
    let has = |c: char| FONTS.iter().any(|(_, info)| info.coverage.contains(u32::from(c)));
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c == '\n' || (!is_unprinted(c) && has(c)) {
            out.push(c);
        } else if !is_unprinted(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        }
        out
    })
}

/// Characters that are dropped without a trace in print: they have no width anyway.
const fn is_unprinted(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{0}'..='\u{1F}')
}

fn printable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(printable_value).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, value)| (key, printable_value(value))).collect()),
        other => other,
    }
}

/// Numbers up to 99 in words, as letters write the number of enclosures.
fn terbilang(n: usize) -> String {
    const ONES: [&str; 12] =
        ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"];
    let one = |n: usize| ONES.get(n).copied().unwrap_or_default();
    match n {
        0..=11 => one(n).into(),
        12..=19 => format!("{} belas", one(n - 10)),
        20..=99 if n.is_multiple_of(10) => format!("{} puluh", one(n / 10)),
        20..=99 => format!("{} puluh {}", one(n / 10), one(n % 10)),
        _ => n.to_string(),
    }
}

fn data(report: &BatchReport) -> Value {
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| {
            json!({
                "no": row.item_no.to_string(), "case_id": row.case_id, "url": row.url, "author": row.author,
                "posted": row.posted_at.map_or_else(|| "-".into(), crate::domain::Millis::wib), "excerpt": row.excerpt,
                "a": row.elements[0], "b": row.elements[1], "c": row.elements[2], "rules": row.rules.join(", "), "reviewer": row.reviewer,
            })
        })
        .collect();
    let mut reviewers: Vec<&str> = report.rows.iter().map(|row| row.reviewer.as_str()).collect();
    reviewers.sort_unstable();
    reviewers.dedup();
    let first_seen = report.rows.iter().map(|row| row.posted_at.unwrap_or(row.seen_at)).min().unwrap_or(report.dated);
    printable_value(json!({
        "withdrawal": report.kind == BatchKind::Withdrawal, "code": report.code, "platform": report.platform.label(), "date": report.dated.long_date_id(),
        "period_from": first_seen.long_date_id(), "period_to": report.dated.long_date_id(), "from": report.from, "to": report.to, "count": report.rows.len(),
        "count_words": terbilang(report.rows.len()), "enclosures": ENCLOSURES, "enclosures_words": terbilang(ENCLOSURES), "reviewers": reviewers.len(),
        "basis": report.basis.iter().map(|b| b.cite.clone()).collect::<Vec<_>>(), "refers_to": report.refers_to, "rows": rows,
        "rule_set": report.rule_set, "answer_days": report.from.answer_days.to_string(), "answer_days_words": terbilang(usize::try_from(report.from.answer_days).unwrap_or(0)),
    }))
}

pub(super) fn pdf(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let fail = |reason: String| ReportError { file: "surat.pdf", reason };
    let engine = TypstEngine::builder().main_file(TEMPLATE).fonts(FONTS.iter().map(|(data, _)| *data)).build();
    let mut inputs = Dict::new();
    inputs.insert("data".into(), data(report).to_string().into_value());
    let document: PagedDocument = engine.compile_with_input(inputs).output.map_err(|error| fail(error.to_string()))?;
    let at = report.dated.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    let datetime = Datetime::from_ymd_hms(
        at.year().into(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    );
    let options = PdfOptions {
        // Fixed identity and date: the same report gives the same bytes.
        ident: Smart::Custom(report.code.clone()),
        creator: Smart::Custom(Some(format!("Sisir {}", env!("CARGO_PKG_VERSION")))),
        timestamp: datetime.map(Timestamp::new_utc),
        standards: PdfStandards::new(&[PdfStandard::A_2b]).map_err(|error| fail(error.message().to_string()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options)
        .map_err(|errors| fail(errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        for (n, words) in [
            (0, "nol"),
            (4, "empat"),
            (11, "sebelas"),
            (15, "lima belas"),
            (20, "dua puluh"),
            (47, "empat puluh tujuh"),
            (120, "120"),
        ] {
            assert_eq!(terbilang(n), words);
        }
    }

    #[test]
    fn characters_without_a_glyph_are_spelled_out() {
        assert_eq!(printable("35k 🔥 é\u{200b}"), "35k [U+1F525] é");
    }
}
