//! A small table that a person filled in: XLSX, or CSV with whatever delimiter and encoding an office saved it in.

use std::io::Cursor;

use super::{sniff_encoding, spreadsheet};

/// A line of the table: its number in the file, from 1, and its cells.
pub type Line = (u64, Vec<String>);

/// Reads all of it, without its empty lines.
///
/// # Errors
/// The file is neither; in words for the person who sent it.
pub fn read(bytes: Vec<u8>) -> Result<Vec<Line>, String> {
    let text = |record: &csv::ByteRecord| record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    if bytes.starts_with(b"PK\x03\x04") {
        let rows = spreadsheet::rows(Cursor::new(bytes))?;
        return Ok(rows.iter().map(|(line, record)| (*line, text(record))).collect());
    }
    let (decoded, ..) = sniff_encoding(&bytes, false).decode(&bytes);
    let head = decoded.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t', b','].into_iter().max_by_key(|d| head.bytes().filter(|b| b == d).count()).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(decoded.as_bytes());
    let mut lines = Vec::new();
    let (mut counted, mut line) = (0, 1);
    for record in reader.byte_records() {
        let record = record.map_err(|error| format!("not a table that can be read: {error}"))?;
        // The reader passes over empty lines without counting them: a record begins behind them.
        let from = record.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or(0));
        let rest = decoded.get(from..).unwrap_or_default();
        let begins = from + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        line += decoded.get(counted..begins).unwrap_or_default().matches('\n').count();
        counted = begins;
        let line = u64::try_from(line).unwrap_or(0);
        if record.iter().any(|cell| !cell.is_empty()) {
            lines.push((line, text(&record)));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_offices_are_read() {
        let expected = vec![(1, vec!["a".to_owned(), "b".to_owned()]), (3, vec!["é, x".to_owned(), String::new()])];
        assert_eq!(read("\u{feff}a;b\r\n\r\né, x;\r\n".as_bytes().to_vec()).unwrap(), expected);
        assert_eq!(read(b"a\tb\n\n\xe9, x\t\n".to_vec()).unwrap(), expected, "Windows-1252");
        assert_eq!(read("a,b\n\n\"é, x\",\n".as_bytes().to_vec()).unwrap(), expected);
        assert_eq!(read(Vec::new()).unwrap(), vec![]);
        assert!(read(b"PK\x03\x04 cut short".to_vec()).is_err());
    }
}
