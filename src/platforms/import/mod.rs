//! Files that people have: tables (CSV or Excel), JSON items, and plain lists of addresses. Text may be UTF-8, UTF-16 or
//! Windows-1252. Read row by row; a bad row is reported and kept, the rest goes on.

mod captures;
mod columns;
mod fields;
mod spreadsheet;
pub mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde_json::Value;
use serde_json::value::RawValue;

pub use columns::{Columns, Holds};
use fields::{Fields, Problem, Seen, observe};

use crate::domain::post::Observation;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns with a header line; the separator.
    Csv(u8),
    /// An Excel workbook (`.xlsx`).
    Excel,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    JsonArray,
    /// Addresses, one or more a line, `#` begins a comment.
    Urls,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Line in the file, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
    /// How to mend it.
    pub mend: &'static str,
    /// The row as it stands in the file (decoded), without the line end.
    pub raw: Vec<u8>,
}

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The operating system refused.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// File.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The header names nothing usable.
    #[error(
        "{path}:1: no column with a text or an address (found: {found}); name one `text` or `url`, or say `--column text=NAME`"
    )]
    Columns {
        /// File.
        path: PathBuf,
        /// Columns found.
        found: String,
    },
    /// The user named a column that is not there.
    #[error("{path}:1: there is no column `{name}` (found: {found})")]
    NoSuchColumn {
        /// File.
        path: PathBuf,
        /// What was named.
        name: String,
        /// Columns found.
        found: String,
    },
    /// The file as a whole is broken or too large.
    #[error("{path}: {why}")]
    Content {
        /// File.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
}

/// An open file.
pub struct Import {
    /// What it holds.
    pub format: Format,
    /// Name of its encoding.
    pub encoding: &'static str,
    /// Its size, bytes.
    pub size: u64,
    /// The header line of a table, to be repeated above rejected rows.
    pub header: Vec<u8>,
    /// The columns of a table.
    pub columns: Option<Columns>,
    /// Posts so far whose time was taken from their id, because the row names an earlier one.
    pub redated: u64,
    /// The row of the last post, with its cells as they stand in the file (decoded); empty for an address alone.
    pub raw: Vec<u8>,
    rows: Rows,
}

/// A post, and the row that it came as.
type Row = (Seen, Vec<u8>);

enum Rows {
    Csv { reader: Box<csv::Reader<Box<dyn Read + Send>>>, delimiter: u8, skipped: u64 },
    Sheet(std::vec::IntoIter<spreadsheet::Row>),
    Items(std::iter::Enumerate<std::vec::IntoIter<Box<RawValue>>>),
    Lines { reader: Box<dyn BufRead + Send>, line: u64, json: bool, waiting: Vec<Result<Seen, Rejected>> },
}

impl Import {
    /// Opens a file and finds out what it holds. `told`: columns of a table that the user names.
    pub fn open(path: &Path, told: &[(Holds, String)]) -> Result<Self, ImportError> {
        let io = |source| ImportError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(64 << 10).read_to_end(&mut head).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut import = Self {
            format: Format::Excel,
            encoding: encoding_rs::UTF_8.name(),
            size,
            header: Vec::new(),
            columns: None,
            redated: 0,
            raw: Vec::new(),
            rows: Rows::Sheet(Vec::new().into_iter()),
        };
        if head.starts_with(b"PK\x03\x04") {
            import.open_sheet(path, file, told)?;
            return Ok(import);
        }
        let encoding = sniff_encoding(&head, size > 64 << 10);
        // UTF-8 is passed through as bytes, so that a wrong byte is seen and reported with its line.
        let mut decoder = DecodeReaderBytesBuilder::new();
        decoder
            .encoding(Some(encoding).filter(|e| *e != encoding_rs::UTF_8))
            .bom_override(true)
            .utf8_passthru(true)
            .strip_bom(true);
        let mut content: Box<dyn BufRead + Send> = Box::new(BufReader::new(decoder.build(file)));
        import.encoding = encoding.name();
        import.format = sniff_format(&encoding.decode(&head).0, told);
        match import.format {
            Format::Csv(delimiter) => import.open_csv(path, content, delimiter, told)?,
            Format::JsonArray => {
                let mut text = Vec::new();
                Read::by_ref(&mut content).take(MAX_ARRAY + 1).read_to_end(&mut text).map_err(io)?;
                let content = |why| ImportError::Content { path: path.to_owned(), why };
                if text.len() as u64 > MAX_ARRAY {
                    return Err(content(format!("an array of more than {} MiB; give one object a line", MAX_ARRAY >> 20)));
                }
                let items: Vec<Box<RawValue>> =
                    serde_json::from_slice(&text).map_err(|error| content(format!("not a JSON array: {error}")))?;
                import.rows = Rows::Items(items.into_iter().enumerate());
            }
            format => {
                import.rows = Rows::Lines { reader: content, line: 0, json: format == Format::Ndjson, waiting: Vec::new() };
            }
        }
        Ok(import)
    }

    fn open_csv(
        &mut self,
        path: &Path,
        mut inner: Box<dyn BufRead + Send>,
        delimiter: u8,
        told: &[(Holds, String)],
    ) -> Result<(), ImportError> {
        let skipped = skip_preamble(&mut inner).map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
        let inner: Box<dyn Read + Send> = Box::new(inner);
        // Only a line feed ends a line, so that lines are counted alike in files of every system.
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.delimiter(delimiter).terminator(csv::Terminator::Any(b'\n')).flexible(true).from_reader(inner);
        let io = |error: csv::Error| ImportError::Io { path: path.to_owned(), source: std::io::Error::other(error) };
        let header = without_return(reader.byte_headers().map_err(io)?);
        self.take_header(path, &header, delimiter, told)?;
        self.rows = Rows::Csv { reader: Box::new(reader), delimiter, skipped };
        Ok(())
    }

    fn open_sheet(&mut self, path: &Path, file: File, told: &[(Holds, String)]) -> Result<(), ImportError> {
        let rows = spreadsheet::rows(BufReader::new(file)).map_err(|why| ImportError::Content { path: path.to_owned(), why })?;
        let mut rows = rows.into_iter();
        let (_, header) = rows.next().unwrap_or_default();
        self.take_header(path, &header, b',', told)?;
        self.rows = Rows::Sheet(rows);
        Ok(())
    }

    fn take_header(
        &mut self,
        path: &Path,
        header: &csv::ByteRecord,
        delimiter: u8,
        told: &[(Holds, String)],
    ) -> Result<(), ImportError> {
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let found = names.join(", ");
        let columns = Columns::find(&names, told).map_err(|name| ImportError::NoSuchColumn {
            path: path.to_owned(),
            name,
            found: found.clone(),
        })?;
        if !columns.usable() {
            return Err(ImportError::Columns { path: path.to_owned(), found });
        }
        self.header = write_record(header, delimiter);
        self.columns = Some(columns);
        Ok(())
    }

    /// Bytes of decoded text read so far: for progress only.
    pub fn position(&self) -> u64 {
        match &self.rows {
            Rows::Csv { reader, .. } => reader.position().byte(),
            _ => 0,
        }
    }

    fn next_row(&mut self) -> Option<Result<Row, Rejected>> {
        match (&mut self.rows, &self.columns) {
            (Rows::Csv { reader, delimiter, skipped }, Some(columns)) => next_record(reader, columns, *delimiter, *skipped),
            (Rows::Sheet(rows), Some(columns)) => rows.next().map(|(row, mut cells)| {
                // A sheet has no cells behind the last one that is filled in.
                (cells.len()..columns.names.len()).for_each(|_| cells.push_field(b""));
                read_record(&cells, columns, b',', row)
            }),
            (Rows::Items(items), _) => items.next().map(|(index, item)| {
                let number = index as u64 + 1;
                let raw = item.get().as_bytes().to_vec();
                let rejected = |(why, mend): Problem| Rejected { line: number, why, mend, raw: raw.clone() };
                let seen = read_json(item.get()).and_then(observe).map_err(rejected);
                seen.map(|seen| (seen, raw))
            }),
            (Rows::Lines { reader, line, json, waiting }, _) => next_line(reader, line, *json, waiting),
            (Rows::Csv { .. } | Rows::Sheet(_), None) => None,
        }
    }
}

impl Iterator for Import {
    type Item = Result<Observation, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row()?;
        Some(row.map(|((seen, redated), raw)| {
            self.redated += u64::from(redated);
            self.raw = raw;
            seen
        }))
    }
}

fn sniff_encoding(head: &[u8], cut: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    match std::str::from_utf8(head) {
        Ok(_) => encoding_rs::UTF_8,
        // A character cut at the end of the sample is no error.
        Err(error) if cut && error.error_len().is_none() => encoding_rs::UTF_8,
        // Windows-1252 writes é as one byte; mostly right UTF-8 with one wrong byte stays UTF-8, to be reported.
        Err(_) if String::from_utf8_lossy(head).chars().any(|c| !c.is_ascii() && c != '\u{fffd}') => encoding_rs::UTF_8,
        Err(_) => encoding_rs::WINDOWS_1252,
    }
}

fn sniff_format(text: &str, told: &[(Holds, String)]) -> Format {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let preamble = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with("sep=");
    let first = text.lines().find(|line| !preamble(line)).unwrap_or("");
    match first.trim_start().as_bytes() {
        [b'{', ..] => return Format::Ndjson,
        [b'[', ..] => return Format::JsonArray,
        _ => {}
    }
    let best = [b',', b';', b'\t'].into_iter().max_by_key(|sep| first.bytes().filter(|b| b == sep).count()).unwrap_or(b',');
    let names: Vec<String> = first.split(char::from(best)).map(|name| name.trim().trim_matches('"').to_owned()).collect();
    let known = Columns::find(&names, &[]).is_ok_and(|columns| columns.usable());
    if !told.is_empty() || (!first.contains("://") && (known || names.len() > 1)) { Format::Csv(best) } else { Format::Urls }
}

/// Largest row of a table, bytes: far more than any caption.
const MAX_ROW: usize = 64 << 10;
/// Largest JSON line, bytes: a captured item carries everything that the platform's own page got.
const MAX_ITEM: usize = 4 << 20;
/// Largest JSON array, bytes: it is held in memory.
const MAX_ARRAY: u64 = 64 << 20;

/// Skips comments and the line `sep=;` that spreadsheets put on top. Returns the number of lines.
fn skip_preamble(reader: &mut Box<dyn BufRead + Send>) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let start = reader.fill_buf()?;
        if !start.starts_with(b"#") && !start.starts_with(b"sep=") {
            return Ok(skipped);
        }
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        skipped += 1;
    }
}

/// The record without the carriage return that a Windows line end leaves in its last field.
fn without_return(record: &csv::ByteRecord) -> csv::ByteRecord {
    let last = record.len().saturating_sub(1);
    let fields =
        record.iter().enumerate().map(|(i, field)| if i == last { field.strip_suffix(b"\r").unwrap_or(field) } else { field });
    fields.collect()
}

fn write_record(record: &csv::ByteRecord, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let written = writer.write_byte_record(record).and_then(|()| writer.flush().map_err(csv::Error::from));
    let mut bytes = if written.is_ok() { writer.into_inner().unwrap_or_default() } else { Vec::new() };
    while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        bytes.pop();
    }
    bytes
}

fn next_record(
    reader: &mut csv::Reader<Box<dyn Read + Send>>,
    columns: &Columns,
    delimiter: u8,
    skipped: u64,
) -> Option<Result<Row, Rejected>> {
    let mut record = csv::ByteRecord::new();
    let before = loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return None,
            // A blank line of a Windows file is its carriage return alone.
            Ok(true) if record.len() == 1 && record.get(0) == Some(b"\r") => {}
            Ok(true) => break record.position().map_or(0, csv::Position::line),
            Err(error) => {
                let line = skipped + error.position().map_or(0, csv::Position::line);
                // After a failed read the reader is at its end; the file is cut short here.
                return Some(Err(Rejected {
                    line,
                    why: error.to_string(),
                    mend: "check the file from this line on",
                    raw: Vec::new(),
                }));
            }
        }
    };
    let inside = record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
    // Blank lines before the record are not in it; the last line may lack its end.
    let line = skipped + reader.position().line().saturating_sub(1 + inside).max(before);
    let size: usize = record.iter().map(<[u8]>::len).sum();
    let record = without_return(&record);
    if size > MAX_ROW {
        return Some(Err(Rejected {
            line,
            why: format!("a row of {size} bytes over {inside} line ends: a quote opened here is not closed"),
            mend: "close the quote, or double it inside a text; the rows after it are in the file of rejected rows",
            raw: write_record(&record, delimiter),
        }));
    }
    Some(read_record(&record, columns, delimiter, line))
}

fn read_record(record: &csv::ByteRecord, columns: &Columns, delimiter: u8, line: u64) -> Result<Row, Rejected> {
    let reject = |(why, mend): Problem| Rejected { line, why, mend, raw: write_record(record, delimiter) };
    let width = columns.names.len();
    if record.len() != width {
        return Err(reject((format!("{} fields where the header has {width}", record.len()), columns.mend_torn())));
    }
    if let Some(bad) = record.iter().position(|field| std::str::from_utf8(field).is_err()) {
        return Err(reject((format!("field {} is not UTF-8", bad + 1), "save the file as UTF-8")));
    }
    let value = |column: usize| record.get(column).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
    let seen = observe(columns.fields(value)).map_err(reject)?;
    Ok((seen, write_record(record, delimiter)))
}

fn next_line(
    reader: &mut Box<dyn BufRead + Send>,
    line: &mut u64,
    json: bool,
    waiting: &mut Vec<Result<Seen, Rejected>>,
) -> Option<Result<Row, Rejected>> {
    loop {
        if let Some(ready) = waiting.pop() {
            return Some(ready.map(|seen| (seen, Vec::new())));
        }
        let mut raw = Vec::new();
        match reader.read_until(b'\n', &mut raw) {
            Ok(0) => return None,
            Ok(_) => *line += 1,
            Err(error) => {
                return Some(Err(Rejected {
                    line: *line + 1,
                    why: error.to_string(),
                    mend: "check the file from this line on",
                    raw,
                }));
            }
        }
        while raw.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
            raw.pop();
        }
        let reject = |why: String, mend: &'static str| Rejected { line: *line, why, mend, raw: raw.clone() };
        let Ok(text) = std::str::from_utf8(&raw) else {
            return Some(Err(reject("not UTF-8".into(), "save the file as UTF-8")));
        };
        if text.trim().is_empty() {
            continue;
        }
        if raw.len() > MAX_ITEM {
            return Some(Err(reject(format!("a line of {} bytes", raw.len()), "one post a line, at most 4 MiB")));
        }
        if json {
            let seen = read_json(text).and_then(observe).map_err(|(why, mend)| reject(why, mend));
            return Some(seen.map(|seen| (seen, raw.clone())));
        }
        for word in text.split_whitespace().take_while(|word| !word.starts_with('#')) {
            let fields = Fields { url: word.to_owned(), ..Fields::default() };
            waiting.push(observe(fields).map_err(|(why, mend)| Rejected {
                line: *line,
                why,
                mend,
                raw: word.as_bytes().to_vec(),
            }));
        }
        waiting.reverse();
    }
}

fn read_json(line: &str) -> Result<Fields, Problem> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| (format!("not JSON at column {}: {error}", error.column()), "one complete object a line"))?;
    captures::fields(&value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Platform;

    fn read(bytes: &[u8]) -> (Format, Vec<Result<Observation, Rejected>>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("berkas");
        std::fs::write(&path, bytes).unwrap();
        let import = Import::open(&path, &[]).unwrap();
        (import.format, import.collect())
    }

    #[test]
    fn a_spreadsheet_of_an_indonesian_office_is_read() {
        let csv = "Tautan;Keterangan;Tanggal\r\nhttps://www.tiktok.com/@a.b/video/7412345678901234567;\"Buka bal; segel\";20/11/2026 08:00\r\n";
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(csv.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [csv.as_bytes().to_vec(), [b"\xEF\xBB\xBF", csv.as_bytes()].concat(), utf16] {
            let (format, rows) = read(&bytes);
            assert_eq!(format, Format::Csv(b';'));
            let row = rows[0].as_ref().unwrap();
            assert_eq!(row.text, "Buka bal; segel");
            assert_eq!(row.posted_at.unwrap().wib(), "20/11/2026 08:00 WIB");
            assert_eq!(row.author, "a.b");
        }
    }

    #[test]
    fn windows_1252_is_recognised() {
        let (_, rows) = read(b"text\ncaf\xe9 bal\n");
        assert_eq!(rows[0].as_ref().unwrap().text, "café bal");
    }

    #[test]
    fn bad_rows_are_named_and_the_rest_goes_on() {
        let (_, rows) = read("id,text\n1,é satu\n2\n3,\"tiga\"\n7.41E+18,x\n,\n".as_bytes());
        let lines: Vec<(u64, String)> = rows.iter().filter_map(|r| r.as_ref().err()).map(|r| (r.line, r.why.clone())).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(lines[0], (3, "1 fields where the header has 2".into()));
        assert_eq!(lines[1].0, 5);
        assert_eq!(lines[2], (6, "neither a text nor an address".into()));
        assert_eq!(rows.iter().filter(|r| r.is_ok()).count(), 2);
        let (_, rows) = read(b"id,text\n1,\xc3\xa9\n2,\xff\xfe\n");
        assert_eq!(rows[1].as_ref().unwrap_err().why, "field 2 is not UTF-8");
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let csv = ["# dari kantor", "sep=,", "text,url", "\"dua", "baris\",", "", "", "rusak", "teh,"].join(end);
            let (_, rows) = read(csv.as_bytes());
            assert_eq!(rows.len(), 3, "{rows:?}");
            assert_eq!(rows[1].as_ref().unwrap_err().line, 8, "{end:?}");
            assert_eq!(rows[2].as_ref().unwrap().text, "teh");
        }
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_file_without_a_word() {
        let rest = "12,kopi\n".repeat(10_000);
        let (_, rows) = read(format!("id,text\n11,\"teks rusak\n{rest}").as_bytes());
        assert!(rows[0].as_ref().unwrap_err().why.contains("a quote opened here is not closed"));
        assert_eq!(rows[0].as_ref().unwrap_err().line, 2);
    }

    #[test]
    fn a_row_number_is_not_an_identity() {
        let (_, monday) = read(b"id,text\n1,buka bal\n");
        let (_, tuesday) = read(b"id,text\n1,kopi enak\n");
        assert_ne!(monday[0].as_ref().unwrap().native_id, tuesday[0].as_ref().unwrap().native_id);
        let (_, native) = read(b"id,text,platform\n7412345678901234567,buka bal,tiktok\n");
        assert_eq!(native[0].as_ref().unwrap().native_id, "7412345678901234567");
    }

    #[test]
    fn empty_fields_and_comments_do_not_hide_the_next() {
        let (_, rows) =
            read(b"{\"text\":null,\"caption\":\"buka bal\",\"url\":\"\",\"link\":\"https://youtu.be/AbCdEfGhI_1\"}\n");
        assert_eq!(
            (rows[0].as_ref().unwrap().text.as_str(), rows[0].as_ref().unwrap().platform),
            ("buka bal", Platform::Youtube)
        );
        let (_, rows) = read(b"https://youtu.be/AbCdEfGhI_1 # catatan dari warga\n");
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn ndjson_lines_and_address_lists_are_recognised() {
        let (format, rows) =
            read(b"{\"id\":1,\"text\":\"bal\",\"platform\":\"tiktok\"}\n{broken\n\n{\"id\":\"2\",\"text\":\"dua\"}\n");
        assert_eq!(format, Format::Ndjson);
        assert_eq!(rows.iter().filter(|r| r.is_ok()).count(), 2);
        assert_eq!(rows[1].as_ref().unwrap_err().line, 2);
        let (format, rows) = read(b"# laporan warga\nhttps://vm.tiktok.com/ZM1/ https://www.threads.com/@a/post/C9aBcDeFgHi\n");
        assert_eq!(format, Format::Urls);
        assert!(rows[0].as_ref().unwrap_err().why.contains("short link"));
        assert_eq!(rows[1].as_ref().unwrap().platform, Platform::Threads);
    }

    #[test]
    fn a_row_without_an_id_is_the_same_row_the_next_time() {
        let (_, first) = read(b"text\nbuka bal\n");
        let (_, second) = read(b"text\nbuka bal\n");
        assert_eq!(first[0].as_ref().unwrap(), second[0].as_ref().unwrap());
    }

    #[test]
    fn a_header_without_a_known_column_is_an_error_that_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let error = Import::open(&path, &[]).err().unwrap().to_string();
        assert!(error.contains("found: a, b"), "{error}");
    }
}
