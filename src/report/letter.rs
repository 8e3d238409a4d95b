//! The PDF letter with its annexes (PDF/A-2a and PDF/UA-1), by typst from `templates/letter/`: in Bahasa Indonesia, and its
//! translation into English. Values travel as JSON, so nothing a stranger wrote can become markup.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde_json::{Value, json};
use typst::foundations::{Datetime, Dict, IntoValue, Smart};
use typst::text::{Font, FontInfo};
use typst_as_lib::TypstEngine;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::{BY_OFFICER, BatchReport, Measured, Record, Reference, ReportError, ReportRow, answer_sheet};
use crate::domain::answer::Outcome;
use crate::domain::batch::BatchKind;
use crate::domain::decision::Reason;
use crate::domain::legal::BasisKind;
use crate::domain::trust::wilson;
use crate::domain::{Millis, long_date_id};

const TEMPLATE: &str = include_str!("../../templates/letter/surat.typ");
const APPLICATION: &str = include_str!("../../templates/letter/permohonan.typ");
const ANALYSIS: &str = include_str!("../../templates/letter/analisis.typ");
const LEAD: &str = include_str!("../../templates/letter/informasi.typ");
const NOTICE: &str = include_str!("../../templates/letter/pemberitahuan.typ");
const NOTICE_TEXT: &str = include_str!("../../templates/letter/pemberitahuan.txt");
const WRONG_NOTICE_TEXT: &str = include_str!("../../templates/letter/ralat.txt");
const CORRECTION: &str = include_str!("../../templates/letter/ralat.typ");
const RECORD: &str = include_str!("../../templates/letter/berita-acara.typ");
const WORDS: [(&str, &str); 3] = [
    ("kop.typ", include_str!("../../templates/letter/kop.typ")),
    ("isi-id.typ", include_str!("../../templates/letter/isi-id.typ")),
    ("isi-en.typ", include_str!("../../templates/letter/isi-en.typ")),
];

/// Language of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// The letter.
    Indonesian,
    /// Its translation.
    English,
}

impl Language {
    fn date(self, at: Millis) -> String {
        self.date_of(at.in_jakarta().date())
    }

    fn date_of(self, day: Date) -> String {
        match self {
            Self::Indonesian => long_date_id(day),
            Self::English => day.strftime("%-d %B %Y").to_string(),
        }
    }

    fn number(self, n: usize) -> String {
        match self {
            Self::Indonesian => terbilang(n),
            Self::English => n.to_string(),
        }
    }
}

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

/// Numbers up to 199 in words, as letters write the number of enclosures.
fn terbilang(n: usize) -> String {
    const ONES: [&str; 12] =
        ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"];
    let one = |n: usize| ONES.get(n).copied().unwrap_or_default();
    match n {
        0..=11 => one(n).into(),
        12..=19 => format!("{} belas", one(n - 10)),
        20..=99 if n.is_multiple_of(10) => format!("{} puluh", one(n / 10)),
        20..=99 => format!("{} puluh {}", one(n / 10), one(n % 10)),
        100 => "seratus".into(),
        101..=199 => format!("seratus {}", terbilang(n - 100)),
        _ => n.to_string(),
    }
}

/// The reason of a decision as a letter says it.
fn reason(stored: &str, language: Language) -> &'static str {
    match (stored.parse::<Reason>(), language) {
        (Ok(Reason::BaleOffer), Language::Indonesian) => "diduga menawarkan pakaian bekas impor per bal atau grosir",
        (Ok(Reason::BaleOffer), Language::English) => "suspected: offers imported used clothing by the bale or wholesale",
        (Ok(Reason::RetailOffer), Language::Indonesian) => "diduga menawarkan atau mempromosikan pakaian bekas impor satuan",
        (Ok(Reason::RetailOffer), Language::English) => "suspected: offers or promotes imported used clothing piece by piece",
        (_, Language::Indonesian) => "diperiksa kembali",
        (_, Language::English) => "read again",
    }
}

/// A word of Annex I in the language of the letter.
fn word(text: &str, language: Language) -> String {
    if language == Language::Indonesian {
        return text.to_owned();
    }
    match text {
        "unggahan" => "post".into(),
        "foto" => "photo".into(),
        "siaran langsung" => "live".into(),
        BY_OFFICER => "per the officer".into(),
        other => other.replace("petugas ", "officer "),
    }
}

fn row(row: &ReportRow, language: Language) -> Value {
    let word = |text: &str| word(text, language);
    let at = |at: Option<Millis>| at.map_or_else(|| "-".into(), Millis::wib);
    let second = row.second_reviewer.as_deref().map(word);
    let by = second.iter().fold(word(&row.reviewer), |by, second| format!("{by}, {second}"));
    json!({
        "no": row.item_no.to_string(), "case_id": row.case_id, "url": row.url, "native_id": row.native_id, "kind": word(row.content_kind()),
        "author": row.author, "posted": at(row.posted_at), "seen": both_times(row.seen_at), "looked": row.looked_at.map_or_else(|| "-".into(), both_times),
        "excerpt": row.excerpt, "a": word(&row.elements[0]), "b": word(&row.elements[1]), "c": word(&row.elements[2]), "rules": row.rules.join(", "),
        "reviewer": word(&row.reviewer), "second": second.unwrap_or_else(|| "-".into()),
        "reviewed": format!("{}, {by}", row.decided_at.wib()), "reason": reason(&row.reason, language), "text_sha256": row.text_sha256,
        "screenshots": if row.screenshots.is_empty() { "-".to_owned() } else { row.screenshots.join(" ") }, "answer": answer(row),
        "capture": row.capture.clone().unwrap_or_else(|| "-".into()),
    })
}

/// What came of the request before an application.
fn answer(row: &ReportRow) -> String {
    let Some((outcome, day, reason)) = &row.answer else { return "tidak ditanggapi".into() };
    let day = day.parse().map_or_else(|_| day.clone(), long_date_id);
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("{} ({day}){why}", outcome.word().replace('_', " "))
}

/// Percent with one decimal at most, as this language writes it.
fn percent(share: f64, language: Language) -> String {
    let text = format!("{:.1}", share * 100.0);
    let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
    if language == Language::Indonesian { text.replace('.', ",") } else { text }
}

fn measured(measured: &Measured, language: Language) -> Value {
    let all = measured.upheld + measured.dismissed;
    let interval = wilson(measured.upheld, all);
    let percent = |share: f64| percent(share, language);
    #[expect(clippy::cast_precision_loss, reason = "counts of posts are exact in a double")]
    let precision = (all > 0).then(|| percent(measured.upheld as f64 / all as f64));
    let recall = measured.recall.map(|(share, _)| percent(share));
    let of = |pick: fn(&crate::domain::trust::Interval) -> f64| measured.recall.map(|(_, interval)| percent(pick(&interval)));
    json!({
        "days": measured.days, "all": all, "upheld": measured.upheld, "precision": precision, "precision_low": percent(interval.low),
        "precision_high": percent(interval.high), "recall": recall, "recall_low": of(|i| i.low), "recall_high": of(|i| i.high),
    })
}

fn data(report: &BatchReport, language: Language, hashes: &[(String, String)], enclosures: usize) -> Value {
    let mut reviewers: Vec<&str> = report.rows.iter().map(|row| row.reviewer.as_str()).collect();
    reviewers.sort_unstable();
    reviewers.dedup();
    let first_seen = report.rows.iter().map(|row| row.posted_at.unwrap_or(row.seen_at)).min().unwrap_or(report.dated);
    // The list of posts names the ids.
    let cite = |basis: &crate::domain::legal::Basis| match (&basis.cite_en, language) {
        (Some(english), Language::English) => format!("({}) {english}", basis.id),
        _ => format!("({}) {}", basis.id, basis.cite),
    };
    let refers = |letter: &Reference| {
        let (number, date) = match language {
            Language::Indonesian => ("nomor", "tanggal"),
            Language::English => ("no.", "of"),
        };
        let dated = letter.dated.map(|at| format!(" {date} {}", language.date(at))).unwrap_or_default();
        let numbered = if letter.number.is_empty() { String::new() } else { format!("{number} {}{dated} ", letter.number) };
        format!("{numbered}({})", letter.code)
    };
    let answers_en = Outcome::ALL.iter().filter(|outcome| outcome.answers(report.kind));
    let answers_en: Vec<String> =
        answers_en.map(|outcome| format!("{} ({})", outcome.word(), outcome.as_str().replace('_', " "))).collect();
    printable_value(json!({
        "language": if language == Language::English { "en" } else { "id" },
        "withdrawal": report.kind == BatchKind::Withdrawal, "request": report.kind == BatchKind::Request, "of_rows": report.of_rows, "code": report.code, "number": report.number, "platform": report.platform.label(),
        "date": language.date(report.dated), "period_from": language.date(first_seen), "period_to": language.date(report.dated),
        "from": report.from, "to": report.to, "channel": report.to.channel(), "count": report.rows.len(), "count_words": language.number(report.rows.len()),
        "enclosures": enclosures, "enclosures_words": language.number(enclosures), "pictures": report.pictures.iter().map(|picture| &picture.name).collect::<Vec<_>>(), "copies": if copied(report.kind) { report.from.copies.clone() } else { Vec::new() }, "notice": notice_text(report), "reviewers": reviewers.len(),
        "basis": report.basis.iter().map(cite).collect::<Vec<_>>(), "refers_to": report.refers_to.iter().map(refers).collect::<Vec<_>>(),
        "ban": report.basis.iter().any(|basis| basis.kind == BasisKind::ImportBan),
        "rows": report.rows.iter().map(|r| row(r, language)).collect::<Vec<_>>(), "rule_set": report.rule_set,
        "answer_by": language.date_of(report.answer_by), "answer_days": report.from.answer_days.to_string(), "answer_days_words": language.number(usize::try_from(report.from.answer_days).unwrap_or(0)),
        "measured": measured(&report.measured, language), "hashes": hashes, "answers": answer_sheet::words(report.kind), "answers_en": answers_en,
    }))
}

/// Letters of which others get copies.
pub(super) const fn copied(kind: BatchKind) -> bool {
    kind.is_answered() || matches!(kind, BatchKind::Application)
}

/// The text that a person sends to sellers: a notice, or that one was wrong.
pub(super) fn notice_text(report: &BatchReport) -> String {
    let text = if report.kind == BatchKind::Correction { WRONG_NOTICE_TEXT } else { NOTICE_TEXT };
    let about = report.refers_to.first().map_or("", |letter| letter.code.as_str());
    let ban = report.basis.iter().find(|basis| basis.kind == BasisKind::ImportBan).map_or("", |basis| basis.cite.as_str());
    let from = &report.from;
    let parts = [
        ("{name}", from.name.as_str()),
        ("{about}", about),
        ("{ban}", ban),
        ("{help}", &from.help),
        (
            "{appeal}",
            &if from.appeals.is_empty() { String::new() } else { format!("ajukan keberatan di {} atau ", from.appeals) },
        ),
        ("{email}", &from.email),
        ("{code}", &report.code),
    ];
    parts.iter().fold(text.trim_end().to_owned(), |text, (hole, value)| text.replace(hole, value))
}

/// The legal analysis that an application encloses.
pub(super) fn analysis(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    typeset(ANALYSIS, "analisis-hukum.pdf", &report.code, report.dated, data(report, Language::Indonesian, &[], 0))
}

pub(super) fn pdf(
    report: &BatchReport,
    language: Language,
    hashes: &[(String, String)],
    enclosures: usize,
) -> Result<Vec<u8>, ReportError> {
    let template = match report.kind {
        BatchKind::Request | BatchKind::Withdrawal | BatchKind::Reminder => TEMPLATE,
        BatchKind::Application => APPLICATION,
        BatchKind::Lead => LEAD,
        BatchKind::Notice => NOTICE,
        BatchKind::Correction => CORRECTION,
    };
    let file = match language {
        Language::Indonesian => "surat.pdf",
        Language::English => "letter.pdf",
    };
    typeset(template, file, &report.code, report.dated, data(report, language, hashes, enclosures))
}

/// The record of how the evidence was taken.
pub(super) fn record(record: &Record) -> Result<Vec<u8>, ReportError> {
    let rows: Vec<Value> = record
        .rows
        .iter()
        .map(|row| {
            json!({
                "case_id": row.case_id, "url": row.url, "seen": both_times(row.seen_at), "text_sha256": row.text_sha256,
                "reviewed": format!("{}, {}", row.reviewer, row.decided_at.wib()), "second": row.second.clone().unwrap_or_else(|| "-".into()),
            })
        })
        .collect();
    let times = || record.rows.iter().map(|row| row.seen_at);
    let seen = record.rows.iter().flat_map(|row| std::iter::once(&row.reviewer).chain(&row.second));
    let reviewers: BTreeSet<&str> = seen.map(String::as_str).collect();
    let reviewers: Vec<&str> = reviewers.into_iter().collect();
    let data = json!({
        "code": record.code, "number": record.number, "platform": record.platform.label(), "from": record.from,
        "date": record.dated.long_date_id(), "count": record.rows.len(), "count_words": terbilang(record.rows.len()),
        "tool": format!("Sisir {}", env!("CARGO_PKG_VERSION")), "rule_sets": record.rule_sets, "rows": rows, "files": record.files, "screenshots": record.screenshots,
        "captures": record.captures.iter().map(|(case, by, at, sha256)| json!([case, by, both_times(*at), sha256])).collect::<Vec<_>>(),
        "first": both_times(times().min().unwrap_or(record.dated)), "last": both_times(times().max().unwrap_or(record.dated)),
        "reviewers": reviewers.join(", "), "signer": record.signer, "head": record.head,
    });
    typeset(RECORD, "berita-acara.pdf", &record.code, record.dated, printable_value(data))
}

/// A time as people in Jakarta read it, and in UTC for whoever compares it with the platform's own records.
fn both_times(at: Millis) -> String {
    format!("{} ({})", at.wib(), at.utc())
}

fn typeset(template: &'static str, file: &'static str, code: &str, dated: Millis, data: Value) -> Result<Vec<u8>, ReportError> {
    let fail = |reason: String| ReportError { file, reason };
    let engine = TypstEngine::builder()
        .main_file(template)
        .with_static_source_file_resolver(WORDS)
        .fonts(FONTS.iter().map(|(data, _)| *data))
        .build();
    let mut inputs = Dict::new();
    inputs.insert("data".into(), data.to_string().into_value());
    let document: PagedDocument = engine.compile_with_input(inputs).output.map_err(|error| fail(error.to_string()))?;
    let at = dated.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
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
        ident: Smart::Custom(format!("{code}-{file}")),
        creator: Smart::Custom(Some(format!("Sisir {}", env!("CARGO_PKG_VERSION")))),
        timestamp: datetime.map(Timestamp::new_utc),
        // Refused by typst itself where the letter does not conform: archivable, and readable by a screen reader.
        standards: PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
            .map_err(|error| fail(error.message().to_string()))?,
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
            (100, "seratus"),
            (120, "seratus dua puluh"),
            (250, "250"),
        ] {
            assert_eq!(terbilang(n), words);
        }
    }

    #[test]
    fn characters_without_a_glyph_are_spelled_out() {
        assert_eq!(printable("35k 🔥 é\u{200b}"), "35k [U+1F525] é");
    }
}
