//! XLSX: every cell is text, so that long ids keep their digits and captions cannot become formulas.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{BatchReport, COLUMNS, LEAD_COLUMNS, ReportError, SHORT_COLUMNS};
use crate::domain::batch::BatchKind;

/// Column widths, characters.
const WIDTHS: [f64; 18] =
    [5.0, 12.0, 48.0, 22.0, 14.0, 22.0, 18.0, 18.0, 60.0, 24.0, 24.0, 24.0, 24.0, 24.0, 20.0, 12.0, 12.0, 66.0];

pub(super) fn xlsx(report: &BatchReport) -> Result<Vec<u8>, ReportError> {
    let (file, title) = ("lampiran.xlsx", "Lampiran I");
    match report.kind {
        BatchKind::Lead => {
            let columns: Vec<_> = LEAD_COLUMNS.into_iter().zip([5.0, 12.0, 48.0, 18.0, 40.0, 36.0]).collect();
            workbook(report, file, title, &columns, report.lead_cells(), |_, _| Ok(()))
        }
        BatchKind::Notice | BatchKind::Correction => {
            let columns: Vec<_> = SHORT_COLUMNS.into_iter().zip([5.0, 12.0, 60.0]).collect();
            workbook(report, file, title, &columns, report.short_cells(), |_, _| Ok(()))
        }
        _ => {
            let columns: Vec<_> = COLUMNS.into_iter().zip(WIDTHS).collect();
            workbook(report, file, title, &columns, report.cells(), |_, _| Ok(()))
        }
    }
}

/// One sheet with a header that stays in view; `more` adds what only this sheet has below it (it is told how many rows there are).
pub(super) fn workbook<const N: usize>(
    report: &BatchReport,
    file: &'static str,
    title: &str,
    columns: &[(&str, f64)],
    rows: impl Iterator<Item = [String; N]>,
    more: impl FnOnce(&mut Worksheet, u32) -> Result<(), XlsxError>,
) -> Result<Vec<u8>, ReportError> {
    let build = || -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        // The date of the letter, not of the clock: the same report gives the same bytes.
        let created = ExcelDateTime::from_timestamp(report.dated.secs())?;
        workbook.set_properties(&DocProperties::new().set_title(&report.code).set_creation_datetime(&created));
        let head = Format::new().set_bold().set_background_color("#E8EEF4");
        let wrap = Format::new().set_text_wrap();
        let sheet = workbook.add_worksheet();
        sheet.set_name(title)?;
        for (column, (name, width)) in (0_u16..).zip(columns) {
            sheet.write_string_with_format(0, column, *name, &head)?;
            sheet.set_column_width(column, *width)?;
        }
        let mut last = 0;
        for (line, row) in (1_u32..).zip(rows) {
            for (column, cell) in (0_u16..).zip(row) {
                sheet.write_string_with_format(line, column, cell, &wrap)?;
            }
            last = line;
        }
        sheet.set_freeze_panes(1, 0)?;
        more(sheet, last)?;
        workbook.save_to_buffer()
    };
    build().map_err(|error| ReportError { file, reason: error.to_string() })
}
