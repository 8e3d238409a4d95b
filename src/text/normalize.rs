//! The folding itself.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fold::{is_invisible, latin_lookalike};

/// A letter repeated this often or more is stretched ("murahhhh") and counts once. Two are spelling ("ballpress");
/// digits are never touched: they are prices and telephone numbers.
const STRETCHED: usize = 3;

/// A folded text and, for each of its bytes, the bytes of the original it came from.
///
/// Invariants (property-tested): `starts` and `ends` have one entry for each byte of `text`, never decrease,
/// and lie on character boundaries of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

/// One folded character with the bytes it came from.
#[derive(Clone, Copy)]
struct Piece {
    c: char,
    start: u32,
    end: u32,
}

impl Normalized {
    /// Folds `original`. Texts over 4 GiB are cut there (offsets are 32-bit; a caption has a few kB).
    pub fn new(original: &str) -> Self {
        let mut pieces: Vec<Piece> = Vec::with_capacity(original.len());
        for (at, c) in original.char_indices() {
            let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(at + c.len_utf8())) else { break };
            push_folded(c, start, end, &mut pieces);
        }
        Self::from_pieces(&collapse_stretched(&pieces))
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bytes of the original that `range` of the folded text came from, as `[start, end)`.
    /// None when the range is empty or outside.
    pub fn original(&self, range: std::ops::Range<usize>) -> Option<(usize, usize)> {
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start)?;
        let start = *self.starts.get(range.start)?;
        let end = *self.ends.get(last)?;
        Some((start as usize, end as usize))
    }

    /// The words view: runs of letters and digits, one space between, before and after them.
    #[must_use]
    pub fn words(&self) -> Self {
        let mut out = Self::default();
        out.push(Piece { c: ' ', start: 0, end: 0 });
        for (at, c) in self.text.char_indices() {
            let (Some(start), Some(end)) = (self.starts.get(at), self.ends.get(at)) else { continue };
            let piece = Piece { c, start: *start, end: *end };
            if c.is_alphanumeric() {
                out.push(piece);
            } else if !out.text.ends_with(' ') {
                out.push(Piece { c: ' ', ..piece });
            }
        }
        if !out.text.ends_with(' ') {
            let end = out.ends.last().copied().unwrap_or(0);
            out.push(Piece { c: ' ', start: end, end });
        }
        out
    }

    fn from_pieces(pieces: &[Piece]) -> Self {
        let mut out = Self::default();
        out.text.reserve(pieces.len());
        for piece in pieces {
            out.push(*piece);
        }
        out
    }

    fn push(&mut self, piece: Piece) {
        self.text.push(piece.c);
        for _ in 0..piece.c.len_utf8() {
            self.starts.push(piece.start);
            self.ends.push(piece.end);
        }
    }
}

/// Folds one character. An invisible one disappears, and so does a combining mark; the character before it
/// grows over them, so that a highlight has no holes.
fn push_folded(c: char, start: u32, end: u32, out: &mut Vec<Piece>) {
    if c.is_ascii() {
        let c = if c.is_ascii_whitespace() { ' ' } else { c.to_ascii_lowercase() };
        return out.push(Piece { c, start, end });
    }
    if is_invisible(c) || is_combining_mark(c) {
        return;
    }
    for decomposed in std::iter::once(c).nfkd().filter(|d| !is_combining_mark(*d) && !is_invisible(*d)) {
        for lower in decomposed.to_lowercase().filter(|l| !is_combining_mark(*l)) {
            let folded = latin_lookalike(lower).unwrap_or(lower);
            out.push(Piece { c: if folded.is_whitespace() { ' ' } else { folded }, start, end });
        }
    }
}

/// Replaces three or more of one letter by one, which then covers them all.
fn collapse_stretched(pieces: &[Piece]) -> Vec<Piece> {
    let mut out = Vec::with_capacity(pieces.len());
    for run in pieces.chunk_by(|a, b| a.c == b.c && a.c.is_alphabetic()) {
        match (run.first(), run.last()) {
            (Some(first), Some(last)) if run.len() >= STRETCHED => out.push(Piece { end: last.end, ..*first }),
            _ => out.extend_from_slice(run),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_what_sellers_do_to_words() {
        let cases = [
            ("Thrifting", "thrifting"),
            ("ｔｈｒｉｆｔ", "thrift"),
            ("𝐭𝐡𝐫𝐢𝐟𝐭", "thrift"),
            ("тhrіft", "thrift"),
            ("🅱🅰🅻", "bal"),
            ("t\u{200b}hr\u{200d}ift", "thrift"),
            ("thriiiiift murahhhh", "thrift murah"),
            ("ballpress", "ballpress"),
            ("café Rp35.000", "cafe rp35.000"),
            ("wa.me/6280000000214", "wa.me/6280000000214"),
            ("t̶h̶r̶i̶f̶t̶", "thrift"),
            ("", ""),
        ];
        for (original, folded) in cases {
            assert_eq!(Normalized::new(original).as_str(), folded, "{original:?}");
        }
    }

    #[test]
    fn words_view_joins_phrases_over_punctuation() {
        let cases =
            [("bal-segel", " bal segel "), ("  #Bal   segel!! ", " bal segel "), ("🔥", " "), ("", " "), ("50rb/3", " 50rb 3 ")];
        for (original, words) in cases {
            assert_eq!(Normalized::new(original).words().as_str(), words, "{original:?}");
        }
    }

    #[test]
    fn highlights_cover_the_original_spelling() {
        let original = "🔥 b\u{200b}uka bаllll segel";
        let folded = Normalized::new(original);
        let at = folded.as_str().find("bal").unwrap();
        let (start, end) = folded.original(at..at + 3).unwrap();
        assert_eq!(&original[start..end], "bаllll");
        let words = folded.words();
        let at = words.as_str().find("buka bal").unwrap();
        let (start, end) = words.original(at..at + 8).unwrap();
        assert_eq!(&original[start..end], "b\u{200b}uka bаllll");
    }

    fn nasty() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop_oneof![
                any::<char>(),
                prop::sample::select(vec!['\u{200b}', 'а', 'ﬃ', 'İ', '🅱', '\u{301}', 'l', 'l', ' ', '-', '９', 'ﷺ', '각']),
            ],
            0..60,
        )
        .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_map_is_total_monotone_and_on_boundaries(original in nasty()) {
            for view in [Normalized::new(&original), Normalized::new(&original).words()] {
                prop_assert_eq!(view.text.len(), view.starts.len());
                prop_assert_eq!(view.text.len(), view.ends.len());
                prop_assert!(view.starts.windows(2).all(|w| w[0] <= w[1]));
                prop_assert!(view.ends.windows(2).all(|w| w[0] <= w[1]));
                for (start, end) in view.starts.iter().zip(&view.ends) {
                    prop_assert!(start <= end);
                    prop_assert!(original.is_char_boundary(*start as usize));
                    prop_assert!(original.is_char_boundary(*end as usize));
                }
            }
        }

        #[test]
        fn any_character_range_maps_into_the_original(original in nasty(), a in 0_usize..60, b in 0_usize..60) {
            let view = Normalized::new(&original);
            if let Some((start, end)) = view.original(a.min(b)..a.max(b)) {
                prop_assert!(original.get(start..end).is_some());
            }
        }

        #[test]
        fn folding_twice_changes_nothing_more(original in nasty()) {
            let once = Normalized::new(&original);
            let twice = Normalized::new(once.as_str());
            // A first pass may bring together letters that only then form a run of three; never more than that.
            let thrice = Normalized::new(twice.as_str());
            prop_assert_eq!(twice.as_str(), thrice.as_str());
        }

        #[test]
        fn plain_ascii_without_runs_only_changes_case(original in "[a-zA-Z0-9 ,.!/-]{0,40}") {
            let folded = Normalized::new(&original);
            if !original.to_ascii_lowercase().as_bytes().windows(3).any(|w| w[0] == w[1] && w[1] == w[2] && w[0].is_ascii_alphabetic()) {
                prop_assert_eq!(folded.as_str(), original.to_ascii_lowercase());
            }
        }
    }
}
