//! The list of posts as CSV: UTF-8 with BOM and CRLF for spreadsheets, cells that look like formulas defused.

use super::{BatchReport, COLUMNS, LEAD_COLUMNS, ReportError, SHORT_COLUMNS};
use crate::domain::batch::BatchKind;

/// Spreadsheets run cells that begin like this; a caption must stay text.
fn defused(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

pub(super) fn csv(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let file = "lampiran.csv";
    match report.kind {
        BatchKind::Lead => table(file, &LEAD_COLUMNS, report.lead_cells()),
        BatchKind::Notice | BatchKind::Correction => table(file, &SHORT_COLUMNS, report.short_cells()),
        _ => table(file, &COLUMNS, report.cells()),
    }
}

/// Any table, the same way.
pub(super) fn table<const N: usize>(
    file: &'static str,
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, ReportError> {
    let fail = |error: &dyn std::fmt::Display| ReportError { file, reason: error.to_string() };
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(columns).map_err(|e| fail(&e))?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| defused(cell))).map_err(|e| fail(&e))?;
    }
    writer.into_inner().map_err(|e| fail(&e))
}
