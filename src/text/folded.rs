//! One pass over a text.

use std::num::NonZeroU64;

use super::classes::{BLOCK, Classes, classify};
use super::fold::{Folding, fold};
use super::map::OffsetMap;
use super::word::{STEP, halves, hash_word, mix};

/// Longest text that is read, bytes; what is behind is not. A caption has a few thousand.
const LONGEST: usize = 64 << 20;

/// A run of letters and digits of the folded text, or one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// [`super::hash_word`] of its bytes.
    pub hash: u64,
    /// First byte in the folded text.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// It has letters and digits: a price, a size, or a disguise.
    pub mixed: bool,
}

/// A folded text. Make one and [`Folded::refill`] it for each text: the buffers are kept.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// One zero byte, the folded text, and zero bytes up to a whole block and one more.
    bytes: Vec<u8>,
    length: usize,
    words: Vec<Word>,
    symbols: Vec<Word>,
    signs: Vec<u32>,
    letters_apart: bool,
    ascii: bool,
    /// Folded, with stretched letters → original.
    edits: OffsetMap,
    /// Folded → folded, with stretched letters.
    stretched: OffsetMap,
    edges: Vec<u32>,
    repeats: Vec<u32>,
    spare: Vec<u8>,
}

impl Folded {
    /// Folds one text.
    pub fn new(original: &str) -> Self {
        let mut folded = Self::default();
        folded.refill(original);
        folded
    }

    /// Folds `original` into this one's buffers. Of a text over 64 MiB only the beginning is read.
    pub fn refill(&mut self, original: &str) {
        let original = original.get(..original.floor_char_boundary(LONGEST)).unwrap_or_default();
        self.edits.clear();
        self.stretched.clear();
        self.bytes.clear();
        self.bytes.push(0);
        self.ascii = original.is_ascii();
        if self.ascii {
            self.bytes.extend(original.bytes().map(lower));
        } else {
            self.fold_characters(original);
        }
        self.close();
        self.classify();
        if !self.repeats.is_empty() && self.collapse() {
            self.close();
            self.classify();
        }
        self.collect_words();
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// The bytes of the folded text.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(1..=self.length).unwrap_or_default()
    }

    /// Bytes `[start, end)` of the folded text.
    pub fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.bytes().get(start as usize..end as usize).unwrap_or_default()
    }

    /// Words in order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Symbols (emoji, flags) in order. They are not between the words around them.
    pub fn symbols(&self) -> &[Word] {
        &self.symbols
    }

    /// Starts of words with a sign other than a space right before them: `#bal`, `(bal`, `b.a.l`, `th*ift`.
    pub fn signs(&self) -> &[u32] {
        &self.signs
    }

    /// True if three or more single letters follow each other, one sign apart.
    pub fn letters_apart(&self) -> bool {
        self.letters_apart
    }

    /// The bytes `[start, end)` of the original that `[start, end)` of the folded text came from.
    pub fn original(&self, start: u32, end: u32) -> (usize, usize) {
        let (start, end) = self.stretched.resolve(start as usize, end as usize);
        self.edits.resolve(start, end)
    }

    fn fold_characters(&mut self, original: &str) {
        let mut at = 0;
        let mut half_flag = false;
        while let Some(rest) = original.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            if plain > 0 {
                self.edits.copied(self.bytes.len() - 1, at);
                self.bytes.extend(rest.bytes().take(plain).map(lower));
                at += plain;
                half_flag = false;
            }
            let Some(c) = original.get(at..).and_then(|rest| rest.chars().next()) else { return };
            let folding = fold(c);
            let second_half = half_flag && *folding == Folding::RegionalIndicator;
            if second_half {
                self.bytes.pop();
            }
            if *folding != Folding::Drop {
                self.edits.replaced(self.bytes.len() - 1, at, c.len_utf8());
            }
            match folding {
                Folding::Drop => {}
                Folding::Ascii(byte) => self.bytes.push(*byte),
                Folding::Text(text) => self.bytes.extend(text.bytes()),
                Folding::Symbol | Folding::RegionalIndicator => {
                    if !second_half && self.bytes.last() != Some(&b' ') {
                        self.bytes.push(b' ');
                    }
                    self.bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    self.bytes.push(b' ');
                }
            }
            half_flag = *folding == Folding::RegionalIndicator && !second_half;
            at += c.len_utf8();
        }
    }

    /// Notes the length and adds the zero bytes behind, so that whole blocks can be read everywhere.
    fn close(&mut self) {
        self.length = self.bytes.len() - 1;
        self.bytes.resize(1 + (self.length / BLOCK + 2) * BLOCK, 0);
    }

    /// Finds where words begin and end, and the places a disguise may hide.
    fn classify(&mut self) {
        self.edges.clear();
        self.repeats.clear();
        self.signs.clear();
        self.letters_apart = false;
        let blocks = self.bytes.get(1..).unwrap_or_default().as_chunks().0;
        let mut last = Classes::default();
        let mut last_single = 0;
        for (index, (block, before)) in blocks.iter().zip(self.bytes.as_chunks().0).take(self.length.div_ceil(BLOCK)).enumerate()
        {
            let now = classify(block, before);
            let base = u32::try_from(index * BLOCK).unwrap_or(u32::MAX);
            let left = moved(now.word, last.word, 1);
            push_bits(&mut self.edges, base, now.word ^ left);
            // Words with a sign right before them: hashtags, mentions, and letters that a sign parts.
            let signs = now.word & !left & !moved(now.space, last.space, 1);
            // The very first word of a text has the zero byte before it.
            push_bits(&mut self.signs, base, signs & !u64::from(index == 0));
            push_bits(&mut self.repeats, base, now.repeat & moved(now.repeat, last.repeat, 1));
            // A word of one letter is known at the sign behind it.
            let single = left & !moved(now.word, last.word, 2) & !now.word;
            self.letters_apart |= single & moved(single, last_single, 2) & moved(single, last_single, 4) != 0;
            (last, last_single) = (now, single);
        }
        if self.edges.len() % 2 == 1 {
            self.edges.push(u32::try_from(self.length).unwrap_or(u32::MAX));
        }
        // A text that ends with its third single letter has no sign behind that.
        let mut at_end = self.edges.as_chunks::<2>().0.iter().rev();
        let mut single = || at_end.next().is_some_and(|[start, end]| end - start == 1);
        self.letters_apart |= single() && single() && single();
    }

    /// Replaces a letter that stands there three times or more by one ("murahhhh"). Two are spelling ("ballpress");
    /// digits are never touched: they are prices and telephone numbers.
    /// True if it did.
    fn collapse(&mut self) -> bool {
        self.spare.clear();
        self.spare.push(0);
        let text = self.bytes.get(1..=self.length).unwrap_or_default();
        let mut from = 0;
        let mut repeats = self.repeats.iter().map(|at| *at as usize).peekable();
        while let Some(third) = repeats.next() {
            let mut last = third;
            while let Some(next) = repeats.next_if(|next| *next == last + 1) {
                last = next;
            }
            let first = third - 2;
            if !text.get(third).is_some_and(u8::is_ascii_lowercase) {
                continue;
            }
            self.spare.extend_from_slice(text.get(from..=first).unwrap_or_default());
            let out = self.spare.len() - 2;
            self.stretched.replaced(out, first, last + 1 - first);
            self.stretched.copied(out + 1, last + 1);
            from = last + 1;
        }
        self.spare.extend_from_slice(text.get(from..).unwrap_or_default());
        if from > 0 {
            std::mem::swap(&mut self.bytes, &mut self.spare);
        }
        from > 0
    }

    fn collect_words(&mut self) {
        self.words.clear();
        self.symbols.clear();
        let text = self.bytes.get(1..).unwrap_or_default();
        self.words.extend(self.edges.as_chunks().0.iter().map(|[start, end]| read_word(text, *start, *end)));
        if !self.ascii {
            self.part_symbols();
        }
    }

    fn part_symbols(&mut self) {
        let mut words = std::mem::take(&mut self.words);
        words.retain(|word| {
            let symbol = self.is_symbol(*word);
            if symbol {
                self.symbols.push(*word);
            }
            !symbol
        });
        self.words = words;
    }

    fn is_symbol(&self, word: Word) -> bool {
        let bytes = self.slice(word.start, word.end);
        if bytes.first().is_none_or(u8::is_ascii) {
            return false;
        }
        let first = std::str::from_utf8(bytes).unwrap_or_default().chars().next();
        first.is_some_and(|c| !c.is_ascii() && matches!(fold(c), Folding::Symbol | Folding::RegionalIndicator))
    }
}

#[inline]
fn read_word(text: &[u8], start: u32, end: u32) -> Word {
    let length = (end - start) as usize;
    let chunk = text.get(start as usize..).and_then(|rest| rest.first_chunk::<STEP>());
    if let (Some(chunk), true) = (chunk, length <= STEP) {
        let (low, high) = halves(*chunk, length);
        return Word { hash: mix(low, high, length as u64), start, end, mixed: has_digit(low, high) && has_letter(low, high) };
    }
    let word = text.get(start as usize..end as usize).unwrap_or_default();
    let mixed = word.iter().any(u8::is_ascii_digit) && !word.iter().all(u8::is_ascii_digit);
    Word { hash: hash_word(word), start, end, mixed }
}

/// Lower case; line breaks and other control characters become spaces.
#[inline]
fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase().max(b' ')
}

/// The bits of the bytes `by` places to the left.
#[inline]
fn moved(now: u64, last: u64, by: u32) -> u64 {
    now << by | last >> (64 - by)
}

/// Positions of the bits that are set.
#[inline]
fn push_bits(out: &mut Vec<u32>, base: u32, mut bits: u64) {
    while let Some(set) = NonZeroU64::new(bits) {
        out.push(base + set.trailing_zeros());
        bits &= bits - 1;
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Word bytes are letters (bit 6), digits (bits 4 and 5 only) and characters outside ASCII (bit 7).
#[inline]
fn has_digit(low: u64, high: u64) -> bool {
    let digits = |half: u64| (half >> 5) & !(half >> 6) & !(half >> 7) & ONES;
    digits(low) | digits(high) != 0
}

#[inline]
fn has_letter(low: u64, high: u64) -> bool {
    let letters = |half: u64| ((half >> 6) | (half >> 7)) & ONES;
    letters(low) | letters(high) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let folded = Folded::new(text);
        let word = |word: &Word| String::from_utf8(folded.slice(word.start, word.end).to_vec()).unwrap();
        folded.words().iter().map(word).collect()
    }

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
            ("a\nb\tc", "a b c"),
            ("bal🔥segel", "bal 🔥 segel"),
            ("🇰🇷🇯🇵", " 🇰🇷 🇯🇵 "),
            ("👍🏽", " 👍 "),
            ("", ""),
        ];
        for (original, folded) in cases {
            assert_eq!(Folded::new(original).as_str(), folded, "{original:?}");
        }
    }

    #[test]
    fn words_are_letters_and_digits_and_symbols_stand_apart() {
        assert_eq!(words("bal-segel, 3pcs100!! 🔥 (baju)"), ["bal", "segel", "3pcs100", "baju"]);
        assert_eq!(words("日本 Jaket"), ["日本", "jaket"]);
        let folded = Folded::new("📦🇰🇷 35rb xl XL2");
        let symbols: Vec<&[u8]> = folded.symbols().iter().map(|s| folded.slice(s.start, s.end)).collect();
        assert_eq!(symbols, ["📦".as_bytes(), "🇰🇷".as_bytes()]);
        assert_eq!(folded.words().iter().map(|w| w.mixed).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn places_of_disguises_are_noted() {
        let folded = Folded::new("#bal th*ift a b");
        assert_eq!(folded.signs(), [1, 8]);
        assert!(!folded.letters_apart());
        for apart in ["t h r i f t", "murah b.a.l", "b.a.l murah", "x b a l"] {
            assert!(Folded::new(apart).letters_apart(), "{apart}");
        }
        for plain in ["a b", "size s dan m", "35 k"] {
            assert!(!Folded::new(plain).letters_apart(), "{plain}");
        }
    }

    #[test]
    fn highlights_cover_the_original_spelling() {
        let original = "🔥 b\u{200b}uka bаllll segel";
        let folded = Folded::new(original);
        let at = |word: &str| u32::try_from(folded.as_str().find(word).unwrap()).unwrap();
        let (start, end) = folded.original(at("bal"), at("bal") + 3);
        assert_eq!(&original[start..end], "bаllll");
        let (start, end) = folded.original(at("buka"), at("bal") + 3);
        assert_eq!(&original[start..end], "b\u{200b}uka bаllll");
    }

    fn nasty() -> impl Strategy<Value = String> {
        let odd = vec![
            '\u{200b}', 'а', 'ﬃ', 'İ', '🅱', '\u{301}', 'l', 'l', 'l', ' ', '-', '９', 'ﷺ', '각', '🔥', '🇰', '🇷', '*', '#', 'a',
            '1',
        ];
        let c = prop_oneof![any::<char>(), prop::sample::select(odd)];
        prop::collection::vec(c, 0..200).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn every_byte_maps_to_whole_characters_in_order(original in nasty()) {
            let folded = Folded::new(&original);
            prop_assert!(std::str::from_utf8(folded.bytes()).is_ok());
            let mut before = (0, 0);
            for at in 0..u32::try_from(folded.bytes().len()).unwrap() {
                let (start, end) = folded.original(at, at + 1);
                prop_assert!(start < end && original.get(start..end).is_some(), "{at}: {start}..{end}");
                prop_assert!(before.0 <= start && before.1 <= end);
                before = (start, end);
            }
        }

        #[test]
        fn words_are_the_maximal_runs(original in nasty()) {
            let folded = Folded::new(&original);
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
            let expected: Vec<&[u8]> = folded.bytes().split(|byte| !is_word(byte)).filter(|run| !run.is_empty()).collect();
            let mut all: Vec<&Word> = folded.words().iter().chain(folded.symbols()).collect();
            all.sort_by_key(|word| word.start);
            let found: Vec<&[u8]> = all.iter().map(|word| folded.slice(word.start, word.end)).collect();
            prop_assert_eq!(&found, &expected);
            for (word, bytes) in all.iter().zip(expected) {
                prop_assert_eq!(word.hash, hash_word(bytes));
                let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
                prop_assert_eq!(word.mixed, digits > 0 && digits < bytes.len());
            }
        }

        #[test]
        fn a_used_buffer_gives_the_same_as_a_new_one(first in nasty(), second in nasty()) {
            let mut used = Folded::new(&first);
            used.refill(&second);
            let new = Folded::new(&second);
            prop_assert_eq!(used.as_str(), new.as_str());
            prop_assert_eq!(used.words(), new.words());
            prop_assert_eq!(used.signs(), new.signs());
            prop_assert_eq!((&used.edits, &used.stretched), (&new.edits, &new.stretched));
        }

        #[test]
        fn no_letter_stands_three_times_in_a_row(original in nasty()) {
            let folded = Folded::new(&original);
            let three = |w: &[u8]| w[0] == w[1] && w[1] == w[2] && w[0].is_ascii_lowercase();
            prop_assert!(!folded.bytes().windows(3).any(three), "{}", folded.as_str());
        }

        #[test]
        fn plain_ascii_without_runs_only_changes_case(original in "[a-zA-Z0-9 ,.!/-]{0,140}") {
            let plain = original.to_ascii_lowercase();
            prop_assume!(!plain.as_bytes().windows(3).any(|w| w[0] == w[1] && w[1] == w[2] && w[0].is_ascii_alphabetic()));
            let folded = Folded::new(&original);
            prop_assert_eq!(folded.as_str(), plain);
        }
    }
}
