//! XLSX: every cell is text, so that long ids keep their digits and captions cannot become formulas.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::{BatchReport, COLUMNS, ReportError};

/// Column widths, characters.
const WIDTHS: [f64; 13] = [5.0, 12.0, 48.0, 22.0, 22.0, 18.0, 18.0, 60.0, 24.0, 24.0, 24.0, 24.0, 12.0];

pub(super) fn xlsx(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    build(report).map_err(|error| ReportError { file: "lampiran.xlsx", reason: error.to_string() })
}

fn build(report: &BatchReport) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The date of the letter, not of the clock: the same report gives the same bytes.
    let created = ExcelDateTime::from_timestamp(report.dated.secs())?;
    workbook.set_properties(&DocProperties::new().set_title(&report.code).set_creation_datetime(&created));
    let head = Format::new().set_bold().set_background_color("#E8EEF4");
    let wrap = Format::new().set_text_wrap();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Lampiran I")?;
    for (column, (name, width)) in (0_u16..).zip(COLUMNS.into_iter().zip(WIDTHS)) {
        sheet.write_string_with_format(0, column, name, &head)?;
        sheet.set_column_width(column, width)?;
    }
    for (line, row) in (1_u32..).zip(&report.rows) {
        for (column, cell) in (0_u16..).zip(row.cells()) {
            sheet.write_string_with_format(line, column, cell, &wrap)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save_to_buffer()
}
