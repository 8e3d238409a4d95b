//! One [`BatchReport`] → the files of a package: PDF letter with annex, XLSX, CSV, JSON, and a manifest of their
//! SHA-256 values. The same report gives the same bytes, so that a signature means something.

mod csv_file;
mod json_file;
mod letter;
pub mod lint;
mod redact;
mod xlsx_file;

use std::fmt::Write as _;

use crate::domain::batch::BatchKind;
use crate::domain::{Millis, Platform, sha256_hex};

pub use redact::redact;

/// Who writes.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[expect(missing_docs, reason = "names of letter parts")]
pub struct Letterhead {
    pub name: String,
    pub short_name: String,
    pub unit: String,
    pub address: String,
    pub phone: String,
    pub website: String,
    pub email: String,
    pub city: String,
    pub signatory_title: String,
    pub signatory_name: String,
    pub contact_name: String,
    pub contact_title: String,
    pub help: String,
    pub answer_days: u32,
}

/// Who is written to.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[expect(missing_docs, reason = "names of letter parts")]
pub struct Addressee {
    pub office: String,
    pub entity: String,
    pub email: String,
}

/// One post of the annex.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReportRow {
    /// Position, from 1.
    pub item_no: i32,
    /// Case id, stable over letters: `KS-000123`.
    pub case_id: String,
    /// The platform's own id.
    pub native_id: String,
    /// Canonical address.
    pub url: String,
    /// Public handle.
    pub author: String,
    /// When it was posted.
    pub posted_at: Option<Millis>,
    /// When we saw it first.
    pub seen_at: Millis,
    /// At most 200 characters of the caption, with telephone numbers and addresses masked.
    pub excerpt: String,
    /// Words that show element A (used clothing), B (import) and C (offer).
    pub elements: [String; 3],
    /// Rules that flagged it.
    pub rules: Vec<String>,
    /// Why, by the analyst.
    pub reason: String,
    /// Who reviewed it: a number, not a name.
    pub reviewer: String,
    /// When.
    pub decided_at: Millis,
}

/// Everything a package says.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BatchReport {
    /// `TR-2026-000001`.
    pub code: String,
    /// Request or withdrawal.
    pub kind: BatchKind,
    /// Addressee's platform.
    pub platform: Platform,
    /// Date of the letter.
    pub dated: Millis,
    /// Who writes.
    pub from: Letterhead,
    /// Who is written to.
    pub to: Addressee,
    /// Legal bases in force on the date.
    pub basis: Vec<crate::domain::legal::Basis>,
    /// Codes of the requests that a withdrawal takes back.
    pub refers_to: Vec<String>,
    /// Posts.
    pub rows: Vec<ReportRow>,
    /// Hash of the rule set.
    pub rule_set: String,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A file could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct ReportError {
    /// Which.
    pub file: &'static str,
    /// Why.
    pub reason: String,
}

/// Files besides the letter: what it says of its enclosures.
const ENCLOSURES: usize = 4;

/// Name of the manifest. `sha256sum -c manifes.sha256` checks a received package.
pub const MANIFEST: &str = "manifes.sha256";

/// Makes every file. Takes up to seconds for hundreds of rows: call it off the async threads.
pub fn render(report: &BatchReport) -> Result<Vec<ReportFile>, ReportError> {
    let file = |suffix: &str, media_type, bytes| ReportFile { name: format!("{}{suffix}", report.code), media_type, bytes };
    let mut files = vec![
        file("-surat.pdf", "application/pdf", letter::pdf(report)?),
        file("-lampiran.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file::xlsx(report)?),
        file("-lampiran.csv", "text/csv", csv_file::csv(report)?),
        file("-lampiran.json", "application/json", json_file::json(report)?),
    ];
    let manifest = files.iter().fold(String::new(), |mut text, file| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {}", sha256_hex(&file.bytes), file.name);
        text
    });
    files.push(ReportFile { name: MANIFEST.into(), media_type: "text/plain", bytes: manifest.into_bytes() });
    if files.len() != ENCLOSURES + 1 {
        let reason = format!("it names {ENCLOSURES} enclosures, and there are {}", files.len() - 1);
        return Err(ReportError { file: "surat.pdf", reason });
    }
    Ok(files)
}

/// Columns of the annex, in the order of every file. Names as in the letter.
const COLUMNS: [&str; 13] = [
    "no",
    "id_perkara",
    "tautan",
    "id_konten",
    "akun_publik",
    "waktu_unggah_wib",
    "waktu_terlihat_wib",
    "kutipan",
    "unsur_A_pakaian_bekas",
    "unsur_B_asal_impor",
    "unsur_C_penawaran",
    "kaidah",
    "pemeriksa",
];

impl ReportRow {
    fn cells(&self) -> [String; 13] {
        let [a, b, c] = self.elements.clone();
        [
            self.item_no.to_string(),
            self.case_id.clone(),
            self.url.clone(),
            self.native_id.clone(),
            self.author.clone(),
            self.posted_at.map(Millis::wib).unwrap_or_default(),
            self.seen_at.wib(),
            self.excerpt.clone(),
            a,
            b,
            c,
            self.rules.join(", "),
            self.reviewer.clone(),
        ]
    }
}

#[cfg(test)]
mod tests;
