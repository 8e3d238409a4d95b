//! Excel workbooks: the rows of the first sheet that holds something, as the reader of CSV files knows them.

use std::collections::HashMap;
use std::io::{Read, Seek};

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};

/// Most text of a sheet, bytes. A workbook is a packed archive: a small file can hold very much.
const MOST: usize = 64 << 20;

/// What an empty cell takes in memory, bytes.
const CELL: usize = std::mem::size_of::<String>();
/// Most that a workbook may hold in all its parts, bytes.
const UNPACKED: u64 = 512 << 20;
/// Most texts that a workbook may say it shares among its cells: so much room is made for them before they are read.
const SHARED: u64 = 5_000_000;

/// A row: its number in the sheet, from 1, and its cells.
pub type Row = (u64, csv::ByteRecord);

/// Reads the sheet. Cells that are links give the address they lead to.
pub fn rows(mut file: impl Read + Seek) -> Result<Vec<Row>, String> {
    weigh(&mut file)?;
    file.rewind().map_err(|error| format!("not a file that can be read: {error}"))?;
    let mut book = Xlsx::new(file).map_err(|error| format!("not a workbook that can be read: {error}"))?;
    for sheet in book.sheet_names() {
        let found = read(&mut book, &sheet)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Refuses a workbook that is small in its file and huge in memory. What a part says of its own size is not believed: it is
/// unpacked and counted.
fn weigh(file: &mut (impl Read + Seek)) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("not a workbook that can be read: {error}");
    let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(&error))?;
    let mut left = UNPACKED;
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).map_err(|error| broken(&error))?;
        let shares = part.name().is_ok_and(|name| name.ends_with("sharedStrings.xml"));
        let mut head = Vec::new();
        Read::by_ref(&mut part).take(4096).read_to_end(&mut head).map_err(|error| broken(&error))?;
        if shares && says_more_than(&head, SHARED) {
            return Err(format!("the workbook says that it shares more than {SHARED} texts; save it as CSV"));
        }
        let rest = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|error| broken(&error))?;
        left = left
            .checked_sub(rest + head.len() as u64)
            .ok_or_else(|| format!("the workbook holds more than {} MiB when it is unpacked; save it as CSV", UNPACKED >> 20))?;
    }
    Ok(())
}

/// Whether `uniqueCount="…"` or `count="…"` names more than `most`.
fn says_more_than(head: &[u8], most: u64) -> bool {
    let text = String::from_utf8_lossy(head);
    let numbers = text.split("ount=").skip(1).filter_map(|rest| rest.get(1..)?.split(['"', '\'']).next());
    numbers.into_iter().any(|number| number.parse::<u64>().map_or(!number.is_empty(), |number| number > most))
}

fn read(book: &mut Xlsx<impl Read + Seek>, sheet: &str) -> Result<Vec<Row>, String> {
    let broken = |error: calamine::XlsxError| format!("sheet `{sheet}` cannot be read: {error}");
    let mut links = HashMap::new();
    for link in book.hyperlinks_by_sheet_name(sheet).map_err(broken)? {
        if let Some(target) = link.target {
            links.insert(link.range.start, target);
        }
    }
    let mut cells = book.worksheet_cells_reader(sheet).map_err(broken)?;
    let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
    let mut size = 0;
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (row, column) = cell.get_position();
        let text = links.remove(&(row, column)).unwrap_or_else(|| text(cell.get_value()));
        if text.is_empty() {
            continue;
        }
        if rows.last().is_none_or(|(last, _)| *last != row) {
            rows.push((row, Vec::new()));
        }
        let Some((_, cells)) = rows.last_mut() else { continue };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        size += text.len() + CELL * (column + 1).saturating_sub(cells.len());
        if size > MOST {
            return Err(format!("sheet `{sheet}` holds more than {} MiB of text; save it as CSV", MOST >> 20));
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        if let Some(place) = cells.get_mut(column) {
            *place = text;
        }
    }
    Ok(rows.into_iter().map(|(row, cells)| (u64::from(row) + 1, cells.into_iter().collect())).collect())
}

fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        // A workbook keeps fifteen digits; the form says that the rest is lost.
        DataRef::Float(number) if number.abs() >= 1e15 => format!("{number:E}").replace('E', "E+"),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(date) => date_text(date),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn date_text(date: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    use super::*;

    #[test]
    fn cells_are_read_as_an_office_writes_them() {
        let mut book = Workbook::new();
        book.add_worksheet();
        let sheet = book.add_worksheet();
        sheet.write_row(0, 0, ["Tautan", "Keterangan", "Tanggal", "Id", "Dilihat"]).unwrap();
        sheet.write_url_with_text(2, 0, "https://youtu.be/AbCdEfGhI_1", "lihat di sini").unwrap();
        sheet.write(2, 1, "baris satu\nbaris dua").unwrap();
        let date = ExcelDateTime::from_ymd(2026, 11, 20).unwrap().and_hms(8, 30, 0).unwrap();
        sheet.write_with_format(2, 2, date, &Format::new().set_num_format("dd/mm/yyyy hh:mm")).unwrap();
        sheet.write(2, 3, 7_412_345_678_901_234_567.0).unwrap();
        sheet.write(2, 4, 1200).unwrap();
        let rows = rows(Cursor::new(book.save_to_buffer().unwrap())).unwrap();
        assert_eq!(rows.len(), 2, "the empty sheet and the empty row are no rows");
        let (number, cells) = &rows[1];
        let cells: Vec<&str> = cells.iter().map(|cell| std::str::from_utf8(cell).unwrap()).collect();
        assert_eq!(*number, 3);
        assert_eq!(cells[0], "https://youtu.be/AbCdEfGhI_1");
        assert_eq!(cells[1..3], ["baris satu\nbaris dua", "2026-11-20 08:30:00"]);
        assert!(cells[3].contains("E+18"), "a long number has lost its digits and says so: {}", cells[3]);
        assert_eq!(cells[4], "1200");
    }

    /// A few kilobytes that would be gigabytes.
    #[test]
    fn a_small_file_that_is_huge_in_memory_is_refused() {
        use std::io::Write as _;
        let pack = |name: &str, parts: &[&[u8]]| {
            let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            parts.iter().for_each(|part| archive.write_all(part).unwrap());
            Cursor::new(archive.finish().unwrap().into_inner())
        };
        let chunk = vec![b' '; 1 << 20];
        let bomb = pack("xl/worksheets/sheet1.xml", &vec![chunk.as_slice(); 513]);
        assert!(bomb.get_ref().len() < 1 << 20);
        assert!(rows(bomb).unwrap_err().contains("512 MiB"));
        let lie = pack("xl/sharedStrings.xml", &[br#"<?xml version="1.0"?><sst count="2" uniqueCount="100000000000">"#]);
        assert!(rows(lie).unwrap_err().contains("shares more than"));
    }

    #[test]
    fn what_is_no_workbook_is_an_error() {
        assert!(rows(Cursor::new(b"PK\x03\x04 cut short".to_vec())).unwrap_err().contains("not a workbook"));
    }
}
