//! Files that people have: CSV (comma, semicolon or tab), NDJSON, and plain lists of addresses, in UTF-8, UTF-16 or
//! Windows-1252. Read row by row in bounded memory; a bad row is reported and kept, the rest goes on.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde_json::Value;

use super::address;
use crate::domain::post::{Observation, storable};
use crate::domain::{Millis, Platform, sha256_hex};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns with a header line; the separator.
    Csv(u8),
    /// One JSON object a line.
    Ndjson,
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
    #[error("{path}:1: no column with a text or an address (found: {found}); name one `text` or `url`")]
    Columns {
        /// File.
        path: PathBuf,
        /// Columns found.
        found: String,
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
    /// The header line of a CSV file, to be repeated above rejected rows.
    pub header: Vec<u8>,
    rows: Rows,
}

enum Rows {
    Csv { reader: Box<csv::Reader<Box<dyn Read + Send>>>, columns: Columns, width: usize, delimiter: u8, skipped: u64 },
    Lines { reader: Box<dyn BufRead + Send>, line: u64, json: bool, waiting: Vec<Result<Observation, Rejected>> },
}

impl Import {
    /// Opens a file and finds out what it holds.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let io = |source| ImportError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        let mut head = Vec::new();
        Read::by_ref(&mut file).take(64 << 10).read_to_end(&mut head).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let encoding = sniff_encoding(&head, size > 64 << 10);
        // UTF-8 is passed through as bytes, so that a wrong byte is seen and reported with its line.
        let mut decoder = DecodeReaderBytesBuilder::new();
        decoder
            .encoding(Some(encoding).filter(|e| *e != encoding_rs::UTF_8))
            .bom_override(true)
            .utf8_passthru(true)
            .strip_bom(true);
        let content: Box<dyn Read + Send> = Box::new(decoder.build(file));
        let (text, _, _) = encoding.decode(&head);
        let format = sniff_format(&text);
        let mut import =
            Self { format, encoding: encoding.name(), size, header: Vec::new(), rows: lines(content, format == Format::Ndjson) };
        if let (Format::Csv(delimiter), Rows::Lines { reader, .. }) = (format, &mut import.rows) {
            let inner = std::mem::replace(reader, Box::new(std::io::empty()));
            import.open_csv(path, inner, delimiter)?;
        }
        Ok(import)
    }

    fn open_csv(&mut self, path: &Path, mut inner: Box<dyn BufRead + Send>, delimiter: u8) -> Result<(), ImportError> {
        let skipped = skip_preamble(&mut inner).map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
        let inner: Box<dyn Read + Send> = Box::new(inner);
        // Only a line feed ends a line, so that lines are counted alike in files of every system.
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder.delimiter(delimiter).terminator(csv::Terminator::Any(b'\n')).flexible(true).from_reader(inner);
        let io = |error: csv::Error| ImportError::Io { path: path.to_owned(), source: std::io::Error::other(error) };
        let header = without_return(reader.byte_headers().map_err(io)?);
        self.header = write_record(&header, delimiter);
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        let columns = Columns::find(&names);
        if columns.text.is_none() && columns.url.is_none() {
            return Err(ImportError::Columns { path: path.to_owned(), found: names.join(", ") });
        }
        self.rows = Rows::Csv { reader: Box::new(reader), columns, width: header.len(), delimiter, skipped };
        Ok(())
    }

    /// Bytes of decoded text read so far: for progress only.
    pub fn position(&self) -> u64 {
        match &self.rows {
            Rows::Csv { reader, .. } => reader.position().byte(),
            Rows::Lines { .. } => 0,
        }
    }
}

fn lines(decoded: Box<dyn Read + Send>, json: bool) -> Rows {
    Rows::Lines { reader: Box::new(BufReader::new(decoded)), line: 0, json, waiting: Vec::new() }
}

impl Iterator for Import {
    type Item = Result<Observation, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Csv { reader, columns, width, delimiter, skipped } => {
                next_record(reader, columns, *width, *delimiter, *skipped)
            }
            Rows::Lines { reader, line, json, waiting } => next_line(reader, line, *json, waiting),
        }
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

fn sniff_format(text: &str) -> Format {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let preamble = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with("sep=");
    let first = text.lines().find(|line| !preamble(line)).unwrap_or("");
    if first.starts_with('{') || first.starts_with('[') {
        return Format::Ndjson;
    }
    let best = [b',', b';', b'\t'].into_iter().max_by_key(|sep| first.bytes().filter(|b| b == sep).count()).unwrap_or(b',');
    let names: Vec<String> = first.split(char::from(best)).map(|name| name.trim().trim_matches('"').to_lowercase()).collect();
    let columns = Columns::find(&names);
    if columns.text.is_some() || columns.url.is_some() || (names.len() > 1 && !first.contains("://")) {
        Format::Csv(best)
    } else {
        Format::Urls
    }
}

/// Positions of the columns we know.
#[derive(Debug, Default)]
struct Columns {
    url: Option<usize>,
    text: Option<usize>,
    platform: Option<usize>,
    author: Option<usize>,
    posted_at: Option<usize>,
    id: Option<usize>,
    views: Option<usize>,
}

const URL: &[&str] = &["url", "link", "tautan", "alamat", "permalink", "post_url", "video_url", "tiktok_url"];
const TEXT: &[&str] =
    &["text", "teks", "caption", "keterangan", "description", "video_description", "body", "isi", "title", "judul"];
const PLATFORM: &[&str] = &["platform", "sumber", "source_platform"];
const AUTHOR: &[&str] = &["author", "akun", "username", "handle", "account", "pengunggah"];
const POSTED_AT: &[&str] = &["posted_at", "created_at", "create_time", "timestamp", "tanggal", "waktu", "date"];
const ID: &[&str] = &["id", "native_id", "video_id", "post_id"];
const VIEWS: &[&str] = &["views", "view_count", "tayangan"];

impl Columns {
    fn find(names: &[String]) -> Self {
        let at = |known: &[&str]| known.iter().find_map(|name| names.iter().position(|n| n == name));
        Self {
            url: at(URL),
            text: at(TEXT),
            platform: at(PLATFORM),
            author: at(AUTHOR),
            posted_at: at(POSTED_AT),
            id: at(ID),
            views: at(VIEWS),
        }
    }
}

/// The values of a row, from whichever format.
#[derive(Default)]
struct Fields {
    url: String,
    text: String,
    platform: String,
    author: String,
    posted_at: String,
    id: String,
    views: String,
}

/// Largest row, bytes: far more than any caption.
const MAX_ROW: usize = 64 << 10;

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
    width: usize,
    delimiter: u8,
    skipped: u64,
) -> Option<Result<Observation, Rejected>> {
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
    let reject = |why: String, mend: &'static str| Rejected { line, why, mend, raw: write_record(&record, delimiter) };
    if size > MAX_ROW {
        let why = format!("a row of {size} bytes over {inside} line ends: a quote opened here is not closed");
        return Some(Err(reject(
            why,
            "close the quote, or double it inside a text; the rows after it are in the file of rejected rows",
        )));
    }
    if record.len() != width {
        let why = format!("{} fields where the header has {width}", record.len());
        return Some(Err(reject(why, "put quotes around texts that hold the separator or a line break")));
    }
    if let Some(bad) = record.iter().position(|field| std::str::from_utf8(field).is_err()) {
        return Some(Err(reject(format!("field {} is not UTF-8", bad + 1), "save the file as UTF-8")));
    }
    let field = |column: Option<usize>| {
        column.and_then(|c| record.get(c)).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default()
    };
    let fields = Fields {
        url: field(columns.url),
        text: field(columns.text),
        platform: field(columns.platform),
        author: field(columns.author),
        posted_at: field(columns.posted_at),
        id: field(columns.id),
        views: field(columns.views),
    };
    Some(observe(fields).map_err(|(why, mend)| reject(why, mend)))
}

fn next_line(
    reader: &mut Box<dyn BufRead + Send>,
    line: &mut u64,
    json: bool,
    waiting: &mut Vec<Result<Observation, Rejected>>,
) -> Option<Result<Observation, Rejected>> {
    loop {
        if let Some(ready) = waiting.pop() {
            return Some(ready);
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
        if raw.len() > MAX_ROW {
            return Some(Err(reject(format!("a line of {} bytes", raw.len()), "one post a line, at most 64 KiB")));
        }
        if json {
            return Some(read_json(text).and_then(observe).map_err(|(why, mend)| reject(why, mend)));
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

type Problem = (String, &'static str);

fn read_json(line: &str) -> Result<Fields, Problem> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| (format!("not JSON at column {}: {error}", error.column()), "one complete object a line"))?;
    if !value.is_object() {
        return Err(("not a JSON object".into(), "one complete object a line"));
    }
    let field = |known: &[&str]| {
        // An empty field says nothing; the next name may.
        let texts = known.iter().filter_map(|name| match value.get(*name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        });
        texts.into_iter().next().unwrap_or_default()
    };
    Ok(Fields {
        url: field(URL),
        text: field(TEXT),
        platform: field(PLATFORM),
        author: field(AUTHOR),
        posted_at: field(POSTED_AT),
        id: field(ID),
        views: field(VIEWS),
    })
}

fn observe(fields: Fields) -> Result<Observation, Problem> {
    let text = storable(fields.text.trim());
    let author = storable(fields.author.trim().trim_start_matches('@'));
    let platform = match fields.platform.trim().to_lowercase().as_str() {
        "" => None,
        "twitter" => Some(Platform::X),
        name => Some(name.parse::<Platform>().map_err(|e| (e.to_string(), "use one of these names, or leave it empty"))?),
    };
    let posted_at =
        match fields.posted_at.trim() {
            "" => None,
            date => Some(parse_date(date).ok_or_else(|| {
                (format!("`{date}` is not a date"), "2026-11-20T08:00:00+07:00, 20/11/2026 08:00 or unix seconds")
            })?),
        };
    let views = fields.views.trim().replace(['.', ','], "").parse().ok();
    let id = fields.id.trim();
    if id.contains("E+") || id.contains("e+") {
        return Err((
            format!("the id `{id}` lost its digits in a spreadsheet"),
            "format the column as text and export again, or give the address",
        ));
    }
    let url = fields.url.trim();
    if !url.is_empty() {
        match address::parse(url) {
            Ok(found) => {
                let author = if author.is_empty() { found.author } else { author };
                return Ok(Observation {
                    platform: found.platform,
                    native_id: found.native_id,
                    url: found.url,
                    author,
                    text,
                    posted_at,
                    views,
                });
            }
            // With a text the row is useful all the same; the address stays as it was given.
            Err(_) if !text.is_empty() => {}
            Err(why) => return Err((format!("`{url}` is {why}"), "give the full address of one post")),
        }
    }
    if text.is_empty() {
        return Err(("neither a text nor an address".into(), "fill in one of them"));
    }
    let platform = platform.unwrap_or(Platform::Other);
    // A number in a column `id` may be the platform's id or a row number; only what looks like the platform's counts.
    let native_id = if is_native(platform, id) {
        id.to_owned()
    } else {
        format!("h{}", sha256_hex(format!("{platform}\n{author}\n{text}").as_bytes()).get(..20).unwrap_or_default())
    };
    let url = if url.is_empty()
        && platform == Platform::Tiktok
        && !author.is_empty()
        && id.bytes().all(|b| b.is_ascii_digit())
        && id.len() >= 15
    {
        format!("https://www.tiktok.com/@{author}/video/{id}")
    } else {
        storable(url)
    };
    Ok(Observation { platform, native_id: storable(&native_id), url, author, text, posted_at, views })
}

/// Whether an id has the shape of the platform's own ids.
fn is_native(platform: Platform, id: &str) -> bool {
    let digits = |lengths: std::ops::RangeInclusive<usize>| lengths.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    let code = |lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    match platform {
        Platform::Tiktok => digits(15..=20),
        Platform::X => digits(8..=20),
        Platform::Facebook => {
            digits(10..=24)
                || (id.starts_with("pfbid") && code(20..=100))
                || id.split_once('_').is_some_and(|(page, _)| page.len() > 4)
        }
        Platform::Instagram | Platform::Threads => code(9..=40),
        Platform::Youtube => code(11..=11),
        Platform::Bluesky | Platform::Mastodon => id.len() > 8,
        Platform::Other => false,
    }
}

/// RFC 3339, `+0000` offsets, unix seconds or milliseconds, `dd/mm/yyyy[ hh:mm]` and `yyyy-mm-dd[ hh:mm[:ss]]` (Jakarta time).
fn parse_date(text: &str) -> Option<Millis> {
    if let Ok(number) = text.parse::<i64>() {
        return (number > 0).then(|| if number > 100_000_000_000 { Millis(number) } else { Millis::from_secs(number) });
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Millis::from_timestamp(at));
    }
    if let Ok(at) = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text) {
        return Some(Millis::from_timestamp(at));
    }
    let zone = crate::domain::clock::jakarta();
    let with_time = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
    let local = with_time.iter().find_map(|format| jiff::civil::DateTime::strptime(format, text).ok());
    let day = || ["%d/%m/%Y", "%Y-%m-%d"].iter().find_map(|format| jiff::civil::Date::strptime(format, text).ok());
    let local = local.or_else(|| day().map(|date| date.at(0, 0, 0, 0)))?;
    local.to_zoned(zone).ok().map(|at| Millis::from_timestamp(at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Format, Vec<Result<Observation, Rejected>>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("berkas");
        std::fs::write(&path, bytes).unwrap();
        let import = Import::open(&path).unwrap();
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
        let error = Import::open(&path).err().unwrap().to_string();
        assert!(error.contains("found: a, b"), "{error}");
    }
}
