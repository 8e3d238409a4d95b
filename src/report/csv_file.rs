//! CSV: UTF-8 with BOM and CRLF for spreadsheets, cells that look like formulas defused.

use super::{BatchReport, COLUMNS, ReportError};

/// Spreadsheets run cells that begin like this; a caption must stay text.
fn defused(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

pub(super) fn csv(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let fail = |error: &dyn std::fmt::Display| ReportError { file: "lampiran.csv", reason: error.to_string() };
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(COLUMNS).map_err(|e| fail(&e))?;
    for row in &report.rows {
        writer.write_record(row.cells().iter().map(|cell| defused(cell))).map_err(|e| fail(&e))?;
    }
    writer.into_inner().map_err(|e| fail(&e))
}
