//! Lines of a large input, read by several threads and answered in order.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Condvar, Mutex, PoisonError};

use memchr::memchr_iter;

/// Longest line that is read, bytes: more is not a caption.
const LONGEST: usize = 1 << 20;
/// Bytes that are read at once: enough for a thread to be busy with, few enough to keep memory small.
const CHUNK: usize = 1 << 18;

/// Whole lines.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Number of the first.
    number: u64,
    /// The last one was longer than is read, and is cut.
    cut: bool,
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// Not text.
    #[error("not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// Too long.
    #[error("longer than 1 MiB; one post a line")]
    TooLong,
}

/// Why lines are read no further.
#[derive(Debug)]
pub enum InOrderError {
    /// The input.
    Read(std::io::Error),
    /// Whoever takes the answers.
    Write(std::io::Error),
}

impl Lines {
    /// The lines with their numbers, without line ends and byte order mark.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Result<&str, LineError>)> {
        let body = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let last = self.cut.then(|| memchr_iter(b'\n', body).count());
        (0..).zip(body.split(|byte| *byte == b'\n')).map(move |(at, line)| {
            let text = std::str::from_utf8(line).map_err(|_| LineError::NotUtf8);
            let text = text.map(|text| text.trim_start_matches('\u{feff}').trim_end_matches('\r'));
            (self.number + at as u64, if last == Some(at) { Err(LineError::TooLong) } else { text })
        })
    }
}

/// The input while it is read.
struct Source<R> {
    reader: BufReader<R>,
    /// Number of the next line.
    number: u64,
    /// Number of the next chunk.
    turn: u64,
}

impl<R: Read> Source<R> {
    /// The next chunk: what is there, up to the last line end in it, so that a pipe is answered line by line.
    fn next(&mut self) -> std::io::Result<Option<Lines>> {
        let mut lines = Lines { number: self.number, ..Lines::default() };
        loop {
            let there = self.reader.fill_buf()?;
            if there.is_empty() {
                break;
            }
            let end = there.iter().rposition(|byte| *byte == b'\n');
            let used = end.map_or(there.len(), |end| end + 1);
            let room = LONGEST.saturating_sub(lines.bytes.len());
            let first = there.iter().position(|byte| *byte == b'\n').unwrap_or(there.len());
            if first > room {
                // Too long: the rest of this line is left out.
                lines.bytes.extend_from_slice(there.get(..room).unwrap_or_default());
                lines.cut = true;
                self.skip_line()?;
                break;
            }
            lines.bytes.extend_from_slice(there.get(..used).unwrap_or_default());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        let ends = memchr_iter(b'\n', &lines.bytes).count() as u64;
        self.number += ends + u64::from(lines.cut);
        Ok((!lines.bytes.is_empty()).then_some(lines))
    }

    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let there = self.reader.fill_buf()?;
            let end = there.iter().position(|byte| *byte == b'\n');
            let (used, empty) = (end.map_or(there.len(), |at| at + 1), there.is_empty());
            self.reader.consume(used);
            if end.is_some() || empty {
                return Ok(());
            }
        }
    }
}

/// Whose turn it is to hand over, and what stopped it.
struct Sink<F> {
    take: F,
    turn: u64,
    stopped: Option<InOrderError>,
}

/// Reads `input` with as many threads as there are cores. Each makes itself a worker; `take` gets the answers in the
/// order of the lines.
///
/// # Errors
/// The input cannot be read, or `take` fails; nothing is read after that.
pub fn in_order<W, A: Send>(
    input: impl Read + Send,
    make: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &Lines) -> A + Sync,
    take: impl FnMut(A) -> std::io::Result<()> + Send,
) -> Result<(), InOrderError> {
    let source = Mutex::new(Source { reader: BufReader::with_capacity(CHUNK, input), number: 1, turn: 0 });
    let sink = Mutex::new(Sink { take, turn: 0, stopped: None });
    let next = Condvar::new();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let run = || {
        let mut worker = make();
        loop {
            let (turn, lines) = {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                source.turn += 1;
                (source.turn - 1, source.next())
            };
            let answer = lines.map(|lines| lines.map(|lines| work(&mut worker, &lines)));
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            while sink.turn != turn {
                sink = next.wait(sink).unwrap_or_else(PoisonError::into_inner);
            }
            let done = match answer {
                _ if sink.stopped.is_some() => true,
                Ok(None) => true,
                Ok(Some(answer)) => {
                    let taken = (sink.take)(answer);
                    sink.stopped = taken.err().map(InOrderError::Write);
                    sink.stopped.is_some()
                }
                Err(error) => {
                    sink.stopped = Some(InOrderError::Read(error));
                    true
                }
            };
            sink.turn += 1;
            drop(sink);
            next.notify_all();
            if done {
                return;
            }
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(run))));
    let sink = sink.into_inner().unwrap_or_else(PoisonError::into_inner);
    sink.stopped.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time, as a slow pipe does.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.take(most as u64).read(&mut buffer[..most]).inspect(|read| self.0 = &self.0[*read..])
        }
    }

    fn all(input: &[u8], at_once: usize) -> Vec<(u64, Result<String, LineError>)> {
        let mut out = Vec::new();
        let work =
            |(): &mut (), lines: &Lines| lines.iter().map(|(number, line)| (number, line.map(str::to_owned))).collect::<Vec<_>>();
        in_order(
            Slow(input, at_once),
            || (),
            work,
            |mut lines| {
                out.append(&mut lines);
                Ok(())
            },
        )
        .unwrap();
        out
    }

    #[test]
    fn lines_come_in_order_with_their_numbers_however_they_arrive() {
        let text: String = (1..=5_000).map(|number| format!("baris {number}\r\n")).collect();
        for at_once in [1, 7, 4_096, usize::MAX] {
            let found = all(text.as_bytes(), at_once);
            assert_eq!(found.len(), 5_000);
            assert!((1_u64..).zip(found).all(|(number, (at, line))| at == number && line == Ok(format!("baris {number}"))));
        }
        assert_eq!(all(b"", 9), []);
        assert_eq!(all(b"\n\nc", 9), [(1, Ok(String::new())), (2, Ok(String::new())), (3, Ok("c".to_owned()))]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_and_the_rest_goes_on() {
        let mut text = b"satu\n\xff\n".to_vec();
        text.extend(vec![b'x'; LONGEST + 5]);
        text.extend(b"\nempat\n");
        text.extend(vec![b'y'; 3 * LONGEST]);
        for at_once in [5_000, usize::MAX] {
            let found = all(&text, at_once);
            let expected = [
                (1, Ok("satu".to_owned())),
                (2, Err(LineError::NotUtf8)),
                (3, Err(LineError::TooLong)),
                (4, Ok("empat".to_owned())),
                (5, Err(LineError::TooLong)),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn nothing_is_read_after_a_closed_pipe() {
        let text = "x\n".repeat(1_000_000);
        let mut taken = 0;
        let result = in_order(
            text.as_bytes(),
            || (),
            |(), _| (),
            |()| {
                taken += 1;
                Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
            },
        );
        assert!(matches!(result, Err(InOrderError::Write(_))));
        assert_eq!(taken, 1);
    }
}
