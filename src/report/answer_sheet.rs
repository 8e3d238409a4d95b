//! Annex V: the sheet on which a platform answers, one row a post. It comes back as the file we sent, filled in;
//! `pipeline/answers.rs` reads it.

use rust_xlsxwriter::DataValidation;

use super::{BatchReport, ReportError, csv_file, xlsx_file};
use crate::domain::answer::Outcome;
use crate::domain::batch::BatchKind;

/// Columns, in order. `id_perkara` and `keputusan` are what an answer needs; the address is for people.
pub const COLUMNS: [&str; 6] = ["id_perkara", "tautan", "keputusan", "tanggal", "alasan", "nomor_rujukan_platform"];

const WIDTHS: [f64; 6] = [14.0, 60.0, 24.0, 14.0, 48.0, 28.0];

/// Column of the decision in the sheet, from 0.
const DECISION: u16 = 2;

/// The answers that a package of this kind can get, in the words of the sheet.
pub fn words(kind: BatchKind) -> Vec<&'static str> {
    Outcome::ALL.iter().filter(|outcome| outcome.answers(kind)).map(|outcome| outcome.word()).collect()
}

fn rows(report: &BatchReport) -> impl Iterator<Item = [String; 6]> {
    report.rows.iter().map(|row| {
        let [decision, day, reason, reference] = [const { String::new() }; 4];
        [row.case_id.clone(), row.url.clone(), decision, day, reason, reference]
    })
}

pub(super) fn csv(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    csv_file::table("tanggapan.csv", &COLUMNS, rows(report))
}

pub(super) fn xlsx(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let columns: Vec<_> = COLUMNS.into_iter().zip(WIDTHS).collect();
    let choices = words(report.kind);
    xlsx_file::workbook(report, "tanggapan.xlsx", "Lampiran V", &columns, rows(report), |sheet, last| {
        let list = DataValidation::new().allow_list_strings(&choices)?;
        let hint =
            list.set_error_message(format!("Pilih salah satu: {}", choices.join(", ")).chars().take(200).collect::<String>())?;
        sheet.add_data_validation(1, DECISION, last.max(1), DECISION, &hint)?;
        Ok(())
    })
}
