//! One pass over a text.

use std::num::NonZeroU64;

use super::classes::{BLOCK, Classes, classify, make_lower};
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
}

/// What reading a text found.
#[derive(Debug, Clone, Copy, Default)]
struct Read {
    /// It has characters outside ASCII.
    high: bool,
    /// Some byte of a word stands there three times or more.
    stretched: bool,
}

impl Word {
    fn move_left(&mut self, bytes: usize) {
        self.start -= number(bytes);
        self.end -= number(bytes);
    }
}

/// Kinds of places in a text where a word may be disguised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disguises {
    /// [`Folded::joints`] has some.
    pub joints: bool,
    /// [`Folded::digits_in_words`] has some.
    pub digits_in_words: bool,
    /// Three or more single letters follow each other, one sign apart.
    pub letters_apart: bool,
}

/// A folded text. Make one and [`Folded::refill`] it for each text: the buffers are kept.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The folded text, and other bytes up to a whole block behind it.
    bytes: Vec<u8>,
    length: usize,
    blocks: Vec<Classes>,
    words: Vec<Word>,
    symbols: Vec<Word>,
    /// Folded, with stretched letters → original.
    edits: OffsetMap,
    /// Folded → folded, with stretched letters.
    stretched: OffsetMap,
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
        self.symbols.clear();
        let mut read = self.read(original.as_bytes());
        if read.high && self.fold(original) {
            read = self.read_spare();
        }
        if read.stretched && self.collapse() {
            self.read_spare();
        }
        self.part_symbols();
        self.collect_words();
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// The bytes of the folded text.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
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

    /// Which kinds of places a disguise may hide in are there. Most texts have none of some.
    pub fn disguises(&self) -> Disguises {
        let (mut joint, mut digit, mut apart) = (0, 0, 0);
        let (mut last, mut singles) = (Classes::default(), 0);
        for now in &self.blocks {
            joint |= joints(*now, last);
            digit |= digits_in_words(*now, last);
            let now_singles = singles_ended(*now, last);
            apart |= now_singles & moved(now_singles, singles, 2) & moved(now_singles, singles, 4);
            (last, singles) = (*now, now_singles);
        }
        Disguises { joints: joint != 0, digits_in_words: digit != 0, letters_apart: apart != 0 }
    }

    /// Starts of words that a sign joins to something: to the word before (`b.a.l`, `th*ift`), or as a tag (`#bal`).
    /// Numbers with a sign inside (`35.000`, `2-3`) are none.
    pub fn joints(&self) -> impl Iterator<Item = u32> + '_ {
        self.places(joints)
    }

    /// Places where a letter and a digit touch: a price, a size, or a disguise.
    pub fn digits_in_words(&self) -> impl Iterator<Item = u32> + '_ {
        self.places(digits_in_words)
    }

    /// True if the byte at `at` is one of a word.
    pub fn is_word(&self, at: u32) -> bool {
        self.blocks.get(at as usize / BLOCK).is_some_and(|block| block.word >> (at as usize % BLOCK) & 1 == 1)
    }

    /// First byte of the word that the byte at `at` is in, and the byte behind its last.
    pub fn word_around(&self, at: u32) -> (u32, u32) {
        let word = |block: usize| self.blocks.get(block).map_or(0, |block| block.word);
        let (mut block, bit) = (at as usize / BLOCK, at % u64::BITS);
        let before = !word(block) & ((1 << bit) - 1);
        let behind = !word(block) & (u64::MAX << bit);
        let start = if before != 0 || block == 0 {
            number(block * BLOCK) + u64::BITS - before.leading_zeros()
        } else {
            let before = !word(block - 1);
            // Words of more than a block are cut: nothing so long is a disguise.
            number((block - 1) * BLOCK) + u64::BITS - before.leading_zeros()
        };
        if behind != 0 {
            return (start, number(block * BLOCK) + behind.trailing_zeros());
        }
        block += 1;
        (start, number(block * BLOCK) + (!word(block)).trailing_zeros())
    }

    /// The bytes `[start, end)` of the original that `[start, end)` of the folded text came from; whole characters.
    pub fn original(&self, start: u32, end: u32) -> (usize, usize) {
        let inside = |at: usize| self.bytes().get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        let (mut start, mut end) = (start as usize, end as usize);
        while inside(start) {
            start -= 1;
        }
        while inside(end) {
            end += 1;
        }
        let (start, end) = self.stretched.resolve(start, end);
        self.edits.resolve(start, end)
    }

    /// Copies a text, letters made small, and classifies its bytes.
    fn read(&mut self, text: &[u8]) -> Read {
        self.length = text.len();
        self.bytes.clear();
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(&[0; 2 * BLOCK]);
        self.blocks.clear();
        // The last block has at least one byte behind the text, so that what ends with the text is seen to end.
        let count = text.len() / BLOCK + 1;
        self.bytes.as_chunks_mut().0.iter_mut().take(count).for_each(make_lower);
        let behind = self.bytes.get(1..).unwrap_or_default().as_chunks().0;
        let (mut high, mut stretched, mut last) = (0, 0, Classes::default());
        self.blocks.extend(self.bytes.as_chunks().0.iter().zip(behind).take(count).map(|(block, behind)| {
            let classes = classify(block, behind);
            high |= classes.high;
            stretched |= triples(classes, last);
            last = classes;
            classes
        }));
        Read { high: high != 0, stretched: stretched != 0 }
    }

    fn read_spare(&mut self) -> Read {
        let text = std::mem::take(&mut self.spare);
        let read = self.read(&text);
        self.spare = text;
        read
    }

    /// Lists the symbols, and folds the other characters outside ASCII into the spare buffer. False if that has nothing to
    /// do: the text stays as it is. What needs no change is copied in long runs.
    fn fold(&mut self, original: &str) -> bool {
        self.spare.clear();
        // Bytes from here on are not copied yet.
        let mut from = 0;
        let mut at = 0;
        let mut half_flag = false;
        loop {
            let rest = original.as_bytes().get(at..).unwrap_or_default();
            let plain = plain_bytes(rest);
            at += plain;
            let Some(c) = original.get(at..).and_then(|rest| rest.chars().next()) else { break };
            let end = at + c.len_utf8();
            let folding = fold(c);
            let second_half = half_flag && plain == 0 && *folding == Folding::RegionalIndicator;
            half_flag = *folding == Folding::RegionalIndicator && !second_half;
            match folding {
                Folding::Symbol | Folding::RegionalIndicator => {
                    let start = number(self.spare.len() + at - from);
                    let length = number(end - at);
                    match self.symbols.last_mut().filter(|_| second_half) {
                        Some(flag) => flag.end = start + length,
                        None => self.symbols.push(Word { hash: 0, start, end: start + length }),
                    }
                }
                Folding::Text(text) if original.get(at..end) == Some(&**text) => {}
                changed => {
                    self.copy(original, from, at);
                    from = end;
                    if *changed != Folding::Drop {
                        self.edits.replaced(self.spare.len(), at, end - at);
                    }
                    match changed {
                        Folding::Ascii(byte) => self.spare.push(*byte),
                        Folding::Text(text) => self.spare.extend_from_slice(text.as_bytes()),
                        _ => {}
                    }
                }
            }
            at = end;
        }
        if from > 0 {
            self.copy(original, from, original.len());
        }
        from > 0
    }

    /// Copies `[from, to)` of the original as it is.
    fn copy(&mut self, original: &str, from: usize, to: usize) {
        if from > 0 && from < to {
            self.edits.copied(self.spare.len(), from);
        }
        self.spare.extend_from_slice(original.as_bytes().get(from..to).unwrap_or_default());
    }

    /// Takes the bytes of symbols out of the words: they part words like spaces, and are looked up by themselves.
    fn part_symbols(&mut self) {
        let text = self.bytes.as_slice();
        for symbol in &mut self.symbols {
            symbol.hash = hash_word(text.get(symbol.start as usize..symbol.end as usize).unwrap_or_default());
            for at in symbol.start as usize..symbol.end as usize {
                if let Some(block) = self.blocks.get_mut(at / BLOCK) {
                    let bit = 1 << (at % BLOCK);
                    block.word &= !bit;
                    block.space |= bit;
                }
            }
        }
    }

    /// Replaces a letter that stands there three times or more by one ("murahhhh"). Two are spelling ("ballpress");
    /// digits are never touched: they are prices and telephone numbers.
    /// True if it did.
    fn collapse(&mut self) -> bool {
        self.spare.clear();
        let text = self.bytes.get(..self.length).unwrap_or_default();
        let mut from = 0;
        // Letters that are equal to the one behind, which is equal to the one behind that; shifted by one.
        let triples: Vec<u32> = self.places(triples).collect();
        let mut triples = triples.into_iter().map(|at| at as usize).peekable();
        let mut symbols = self.symbols.iter_mut().peekable();
        while let Some(second) = triples.next() {
            let mut last = second + 1;
            while triples.next_if(|next| *next == last).is_some() {
                last += 1;
            }
            let first = second - 1;
            if !text.get(first).is_some_and(u8::is_ascii_lowercase) {
                continue;
            }
            while let Some(symbol) = symbols.next_if(|symbol| (symbol.start as usize) < first) {
                symbol.move_left(from - self.spare.len());
            }
            self.spare.extend_from_slice(text.get(from..=first).unwrap_or_default());
            let out = self.spare.len() - 1;
            self.stretched.replaced(out, first, last + 1 - first);
            self.stretched.copied(out + 1, last + 1);
            from = last + 1;
        }
        symbols.for_each(|symbol| symbol.move_left(from - self.spare.len()));
        if from > 0 {
            self.spare.extend_from_slice(text.get(from..).unwrap_or_default());
        }
        from > 0
    }

    fn collect_words(&mut self) {
        self.words.clear();
        // A word and a sign are two bytes at least.
        self.words.reserve(self.length / 2 + 1);
        let text = self.bytes.as_slice();
        let mut last = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            let now = block.word;
            let next = self.blocks.get(index + 1).map_or(0, |block| block.word);
            let base = number(index * BLOCK);
            let mut starts = NonZeroU64::new(now & !moved(now, last, 1));
            while let Some(rest) = starts {
                let at = rest.trailing_zeros();
                // The 64 bytes from the word's first on.
                let ahead = now >> at | (next << 1) << (63 - at);
                let start = base + at;
                let mut length = (!ahead).trailing_zeros();
                if length == u64::BITS {
                    length = self.length_of_long_word(start);
                }
                self.words.push(Word { hash: hash_at(text, start, length), start, end: start + length });
                starts = NonZeroU64::new(rest.get() & (rest.get() - 1));
            }
            last = now;
        }
    }

    /// Length of a word of more than 63 bytes.
    #[cold]
    fn length_of_long_word(&self, start: u32) -> u32 {
        number((start..number(self.length)).take_while(|at| self.is_word(*at)).count())
    }

    /// Positions of the bits that `mask` makes of each block and the one before.
    fn places<'a>(&'a self, mask: impl Fn(Classes, Classes) -> u64 + 'a) -> impl Iterator<Item = u32> + 'a {
        let before = std::iter::once(Classes::default()).chain(self.blocks.iter().copied());
        self.blocks.iter().zip(before).zip((0..).step_by(BLOCK)).flat_map(move |((now, last), base)| bits(base, mask(*now, last)))
    }
}

/// Hash of the word of `length` bytes at `start`.
#[inline]
fn hash_at(text: &[u8], start: u32, length: u32) -> u64 {
    let (start, length) = (start as usize, length as usize);
    match text.get(start..start + STEP).and_then(|chunk| chunk.first_chunk::<STEP>()) {
        Some(chunk) if length <= STEP => {
            let (low, high) = halves(*chunk, length);
            mix(low, high, length as u64)
        }
        _ => hash_word(text.get(start..start + length).unwrap_or_default()),
    }
}

/// Number of ASCII bytes at the beginning.
fn plain_bytes(text: &[u8]) -> usize {
    const STRIDE: usize = 16;
    let strides = text.as_chunks::<STRIDE>().0.iter().take_while(|stride| stride.is_ascii()).count() * STRIDE;
    let rest = text.get(strides..).unwrap_or_default();
    strides + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The bits of the bytes `by` places to the left.
#[inline]
fn moved(now: u64, last: u64, by: u32) -> u64 {
    now << by | last >> (64 - by)
}

fn joints(now: Classes, last: Classes) -> u64 {
    let starts = now.word & !moved(now.word, last.word, 1);
    let number = now.digit & moved(now.digit, last.digit, 2);
    let joined = moved(now.word, last.word, 2) & !moved(now.space, last.space, 1) & !number;
    starts & (joined | moved(now.mark, last.mark, 1))
}

fn digits_in_words(now: Classes, last: Classes) -> u64 {
    let inside = now.word & moved(now.word, last.word, 1);
    inside & (now.digit ^ moved(now.digit, last.digit, 1))
}

/// The byte behind each word of one byte.
fn singles_ended(now: Classes, last: Classes) -> u64 {
    moved(now.word, last.word, 1) & !moved(now.word, last.word, 2) & !now.word
}

/// The second of three or more equal bytes.
fn triples(now: Classes, last: Classes) -> u64 {
    now.double & moved(now.double, last.double, 1)
}

/// Positions of the bits that are set.
fn bits(base: u32, mask: u64) -> impl Iterator<Item = u32> {
    std::iter::successors(NonZeroU64::new(mask), |rest| NonZeroU64::new(rest.get() & (rest.get() - 1)))
        .map(move |rest| base + rest.trailing_zeros())
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
            ("bal🔥segel", "bal🔥segel"),
            ("🇰🇷🇯🇵", "🇰🇷🇯🇵"),
            ("👍🏽", "👍"),
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
        assert_eq!(words("bal🔥segel🇰🇷"), ["bal", "segel"]);
        let folded = Folded::new("baguuuus 📦🇰🇷🇯🇵 mantaaap🔥 35rb");
        let symbols: Vec<&[u8]> = folded.symbols().iter().map(|s| folded.slice(s.start, s.end)).collect();
        assert_eq!(symbols, ["📦", "🇰🇷", "🇯🇵", "🔥"].map(str::as_bytes));
        assert_eq!(words(&"ab".repeat(70)), ["ab".repeat(70)]);
    }

    #[test]
    fn places_of_disguises_are_noted() {
        let folded = Folded::new("#bal th*ift (a) b🔥c th**rift 35.000 a.1");
        assert_eq!(folded.joints().collect::<Vec<_>>(), [1, 8, 27, 41]);
        assert_eq!(Folded::new("35rb xl XL2 100").digits_in_words().collect::<Vec<_>>(), [2, 10]);
        assert!(!folded.disguises().letters_apart && folded.disguises().joints);
        for apart in ["t h r i f t", "murah b.a.l", "b.a.l murah", "x b a l"] {
            assert!(Folded::new(apart).disguises().letters_apart, "{apart}");
        }
        for plain in ["a b", "size s dan m", "35 k"] {
            assert!(!Folded::new(plain).disguises().letters_apart, "{plain}");
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
            let is_word = |c: char| {
                c.is_ascii_alphanumeric() || (!c.is_ascii() && !matches!(fold(c), Folding::Symbol | Folding::RegionalIndicator))
            };
            let expected: Vec<&str> = folded.as_str().split(|c| !is_word(c)).filter(|run| !run.is_empty()).collect();
            let slice = |word: &Word| std::str::from_utf8(folded.slice(word.start, word.end)).unwrap();
            let found: Vec<&str> = folded.words().iter().map(slice).collect();
            prop_assert_eq!(&found, &expected);
            for word in folded.words().iter().chain(folded.symbols()) {
                prop_assert_eq!(word.hash, hash_word(slice(word).as_bytes()));
            }
            prop_assert!(folded.symbols().iter().all(|symbol| !slice(symbol).contains(is_word)));
            let mixed = |word: &&str| word.bytes().any(|b| b.is_ascii_digit()) && !word.bytes().all(|b| b.is_ascii_digit());
            let touching: Vec<u32> = folded.digits_in_words().collect();
            for (word, text) in folded.words().iter().zip(&expected) {
                prop_assert_eq!(mixed(text), touching.iter().any(|at| word.start < *at && *at < word.end));
            }
        }

        #[test]
        fn a_used_buffer_gives_the_same_as_a_new_one(first in nasty(), second in nasty()) {
            let mut used = Folded::new(&first);
            used.refill(&second);
            let new = Folded::new(&second);
            prop_assert_eq!(used.as_str(), new.as_str());
            prop_assert_eq!(used.words(), new.words());
            prop_assert_eq!(used.joints().collect::<Vec<_>>(), new.joints().collect::<Vec<_>>());
            prop_assert_eq!(used.symbols(), new.symbols());
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
