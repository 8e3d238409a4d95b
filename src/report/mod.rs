//! One [`BatchReport`] → the files of a package: the letter with its annexes in both languages (PDF), the list of posts
//! (XLSX, CSV, JSON), a sheet for the answer, and a manifest of their SHA-256 values. The same report gives the same
//! bytes, so that a signature means something.

pub mod answer_sheet;
mod csv_file;
pub mod exports;
mod letter;
pub mod lint;
mod redact;
pub mod takedown_request;
mod xlsx_file;

use std::fmt::Write as _;

use crate::domain::answer::Outcome;
use crate::domain::batch::BatchKind;
use crate::domain::trust::Interval;
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
    pub signatory_mandate: String,
    pub copies: Vec<String>,
    pub contact_name: String,
    pub contact_title: String,
    pub contact_appointment: String,
    pub help: String,
    /// Where sellers object; empty where there is no such page.
    pub appeals: String,
    pub answer_days: u32,
}

/// Who is written to.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[expect(missing_docs, reason = "names of letter parts")]
pub struct Addressee {
    pub office: String,
    pub entity: String,
    /// Mail address; empty where there is a form.
    pub email: String,
    /// Address of the platform's own form; empty where mail is sent.
    pub portal: String,
}

impl Addressee {
    /// Where the package goes.
    pub fn channel(&self) -> &str {
        if self.portal.is_empty() { &self.email } else { &self.portal }
    }
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
    /// When a look last found it on the platform; none where no look is possible.
    pub looked_at: Option<Millis>,
    /// SHA-256 of the caption that was read and decided about.
    pub text_sha256: String,
    /// SHA-256 of each screenshot that was taken of it.
    pub screenshots: Vec<String>,
    /// SHA-256 of what it came as: the item of an API's answer, or the row of a file.
    pub capture: Option<String>,
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
    /// Who read it as the second and agreed, the same way.
    pub second_reviewer: Option<String>,
    /// When.
    pub decided_at: Millis,
    /// What the platform answered to an earlier request: outcome, day, reason. Read for applications only.
    pub answer: Option<(Outcome, String, String)>,
}

impl ReportRow {
    /// What kind of content the address leads to, as far as the address says: a word of Annex I.
    pub fn content_kind(&self) -> &'static str {
        let path = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let has = |parts: &[&str]| parts.iter().any(|part| path.contains(part));
        if has(&["/live/", "/live?"]) {
            "siaran langsung"
        } else if has(&["/video/", "/videos/", "/reel/", "/shorts/", "youtube.com/watch", "youtu.be/", "/watch/"]) {
            "video"
        } else if has(&["/photo/", "/photos/"]) {
            "foto"
        } else {
            "unggahan"
        }
    }
}

/// How well the rules and the people did before this package: what Annex III says of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Days that it looks back.
    pub days: u32,
    /// Flagged posts that people found to meet the criteria …
    pub upheld: u64,
    /// … and that they did not.
    pub dismissed: u64,
    /// Share of all relevant posts that the rules flag, with its 95 % interval; none before it was estimated.
    pub recall: Option<(f64, Interval)>,
}

/// A picture that a package encloses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// File name, after the code of the package.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// The bytes, without metadata.
    pub bytes: Vec<u8>,
}

/// An earlier letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Reference of its package.
    pub code: String,
    /// Its number; empty for letters of before there were numbers.
    pub number: String,
    /// Its date.
    pub dated: Option<Millis>,
}

/// Everything a package says.
#[derive(Debug, Clone)]
pub struct BatchReport {
    /// `TR-2026-000001`.
    pub code: String,
    /// Number of the letter in the register of outgoing letters.
    pub number: String,
    /// What it asks for.
    pub kind: BatchKind,
    /// Addressee's platform.
    pub platform: Platform,
    /// Date of the letter.
    pub dated: Millis,
    /// Day by which an answer is hoped for.
    pub answer_by: jiff::civil::Date,
    /// Who writes.
    pub from: Letterhead,
    /// Who is written to.
    pub to: Addressee,
    /// Legal bases in force on the date.
    pub basis: Vec<crate::domain::legal::Basis>,
    /// Letters that this one is about.
    pub refers_to: Vec<Reference>,
    /// Rows of the letter that this one is about; its own where it is about none.
    pub of_rows: usize,
    /// Posts.
    pub rows: Vec<ReportRow>,
    /// Copies of the screenshots, which an application encloses.
    pub pictures: Vec<Picture>,
    /// Hash of the rule set.
    pub rule_set: String,
    /// How well the rules do.
    pub measured: Measured,
}

/// How the evidence of a package was taken: for the ministry's own files, with names. It is not sent.
#[derive(Debug, Clone)]
pub struct Record {
    /// Reference of the package.
    pub code: String,
    /// Number of its letter.
    pub number: String,
    /// Platform.
    pub platform: Platform,
    /// Day of the record.
    pub dated: Millis,
    /// Whose record.
    pub from: Letterhead,
    /// Hashes of the rules that found the posts.
    pub rule_sets: Vec<String>,
    /// Posts.
    pub rows: Vec<RecordRow>,
    /// Case id and SHA-256 of each screenshot that was taken.
    pub screenshots: Vec<(String, String)>,
    /// What the posts came as: case id, who read it, when, SHA-256.
    pub captures: Vec<(String, String, Millis, String)>,
    /// Name and SHA-256 of each file of the package, the message included.
    pub files: Vec<(String, String)>,
    /// Who signed the package.
    pub signer: String,
    /// Hash of the last audit event.
    pub head: String,
}

/// A post of a record.
#[derive(Debug, Clone)]
pub struct RecordRow {
    /// Case id.
    pub case_id: String,
    /// Canonical address.
    pub url: String,
    /// When it was first read.
    pub seen_at: Millis,
    /// SHA-256 of the text that was decided about.
    pub text_sha256: String,
    /// Who decided, by name.
    pub reviewer: String,
    /// When.
    pub decided_at: Millis,
    /// Who read it as the second, by name.
    pub second: Option<String>,
}

/// The record as a PDF.
pub fn record(record: &Record) -> Result<Vec<u8>, ReportError> {
    letter::record(record)
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

/// Name of the manifest. `sha256sum -c manifes.sha256` checks a received package.
pub const MANIFEST: &str = "manifes.sha256";

/// End of the name of the list of posts for machines (schema `takedown-request/1`).
pub const JSON_SUFFIX: &str = "-lampiran.json";

/// End of the name of the text that a person sends to sellers.
pub const NOTICE_SUFFIX: &str = "-pemberitahuan.txt";

const PDF: &str = "application/pdf";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Makes every file: the letter first, the manifest last. Takes up to seconds for hundreds of rows: call it off the async
/// threads.
pub fn render(report: &BatchReport) -> Result<Vec<ReportFile>, ReportError> {
    let file = |suffix: &str, media_type, bytes| ReportFile { name: format!("{}{suffix}", report.code), media_type, bytes };
    let mut files =
        vec![file("-lampiran.xlsx", XLSX, xlsx_file::xlsx(report)?), file("-lampiran.csv", "text/csv", csv_file::csv(report)?)];
    let mut letters = vec![("-surat.pdf", letter::Language::Indonesian)];
    match report.kind {
        BatchKind::Request | BatchKind::Withdrawal | BatchKind::Reminder => {
            files.push(file(JSON_SUFFIX, "application/json", takedown_request::json(report)?));
            files.push(file("-tanggapan.xlsx", XLSX, answer_sheet::xlsx(report)?));
            files.push(file("-tanggapan.csv", "text/csv", answer_sheet::csv(report)?));
            letters.push(("-letter.pdf", letter::Language::English));
        }
        BatchKind::Application => {
            files.push(file("-analisis-hukum.pdf", PDF, letter::analysis(report)?));
            let pictures = report.pictures.iter();
            files.extend(pictures.map(|picture| file(&format!("-{}", picture.name), picture.media_type, picture.bytes.clone())));
        }
        _ if report.to_sellers() => files.push(file(NOTICE_SUFFIX, "text/plain", letter::notice_text(report).into_bytes())),
        BatchKind::Notice | BatchKind::Lead | BatchKind::Correction => {}
    }
    // The letters name the files above; the manifest names the letters too. The letter itself is no enclosure.
    let (hashes, enclosures) = (hashes(&files), files.len() + letters.len());
    for (place, (suffix, language)) in letters.into_iter().enumerate() {
        files.insert(place, file(suffix, PDF, letter::pdf(report, language, &hashes, enclosures)?));
    }
    let manifest = self::hashes(&files).into_iter().fold(String::new(), |mut text, (name, sha256)| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{sha256}  {name}");
        text
    });
    files.push(ReportFile { name: MANIFEST.into(), media_type: "text/plain", bytes: manifest.into_bytes() });
    Ok(files)
}

/// Name and SHA-256 of each file.
fn hashes(files: &[ReportFile]) -> Vec<(String, String)> {
    files.iter().map(|file| (file.name.clone(), sha256_hex(&file.bytes))).collect()
}

/// What stands for an element that an officer saw and no word shows.
pub const BY_OFFICER: &str = "menurut petugas";

/// Columns of the annex, in the order of every file. Names as in the letter.
const COLUMNS: [&str; 18] = [
    "no",
    "id_perkara",
    "tautan",
    "id_konten",
    "jenis",
    "akun_publik",
    "waktu_unggah_wib",
    "waktu_terlihat_wib",
    "kutipan",
    "unsur_A_pakaian_bekas",
    "unsur_B_asal_impor",
    "unsur_C_penawaran",
    "kaidah",
    "dasar_hukum",
    "tindakan_diminta",
    "pemeriksa_1",
    "pemeriksa_2",
    "sha256_teks",
];

/// Columns of a lead: as little as the customs office needs to begin.
const LEAD_COLUMNS: [&str; 6] = ["no", "id_perkara", "tautan", "waktu_unggah_wib", "kata_tentang_asal", "keterangan"];

/// Columns where the posts are only named.
const SHORT_COLUMNS: [&str; 3] = ["no", "id_perkara", "tautan"];

impl BatchReport {
    /// Whether a person writes to sellers themselves, on the platform.
    pub fn to_sellers(&self) -> bool {
        matches!(self.kind, BatchKind::Notice | BatchKind::Correction) && Some(self.to.portal.as_str()) == self.platform.home()
    }

    fn lead_cells(&self) -> impl Iterator<Item = [String; 6]> {
        self.rows.iter().map(|row| {
            let posted = row.posted_at.map(Millis::wib).unwrap_or_default();
            let [_, origin, _] = row.elements.clone();
            let note = "petunjuk awal, belum diverifikasi".to_owned();
            [row.item_no.to_string(), row.case_id.clone(), row.url.clone(), posted, origin, note]
        })
    }

    fn short_cells(&self) -> impl Iterator<Item = [String; 3]> {
        self.rows.iter().map(|row| [row.item_no.to_string(), row.case_id.clone(), row.url.clone()])
    }

    /// The cells of each row of Annex I.
    fn cells(&self) -> impl Iterator<Item = [String; 18]> {
        let basis = self.basis.iter().map(|basis| basis.id.as_str()).collect::<Vec<_>>().join(", ");
        let action = match self.kind {
            BatchKind::Request | BatchKind::Reminder => "tinjau_dan_turunkan",
            BatchKind::Withdrawal => "pulihkan",
            BatchKind::Application => "nilai_pemutusan_akses",
            BatchKind::Lead => "petunjuk_awal",
            BatchKind::Notice => "beri_tahu",
            BatchKind::Correction => "abaikan_surat_terdahulu",
        };
        self.rows.iter().map(move |row| {
            let [a, b, c] = row.elements.clone();
            [
                row.item_no.to_string(),
                row.case_id.clone(),
                row.url.clone(),
                row.native_id.clone(),
                row.content_kind().to_owned(),
                row.author.clone(),
                row.posted_at.map(Millis::wib).unwrap_or_default(),
                row.seen_at.wib(),
                row.excerpt.clone(),
                a,
                b,
                c,
                row.rules.join(", "),
                basis.clone(),
                action.to_owned(),
                row.reviewer.clone(),
                row.second_reviewer.clone().unwrap_or_default(),
                row.text_sha256.clone(),
            ]
        })
    }
}

#[cfg(test)]
mod tests;
