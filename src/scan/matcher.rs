//! Forms in a folded text.
//!
//! The words of the text are looked up in the index, alone and with the word before them. Where the text notes a place
//! that may hide a disguise, other *readings* of those words are tried: a reading is a word of the vocabulary that one or
//! several words of the text may stand for. A form matches a row of words or readings without a gap.

use crate::rules::index::{How, Index, Look, Target, WordId};
use crate::rules::spelling::{is_quantity, skeleton_letter};
use crate::text::{Folded, Word, hash_pair, hash_word};

/// Signs joined in one disguised word, at most: `t.h.r.i.f.t.i.n.g` has eight.
const LONGEST_CHAIN: usize = 6;
/// Longest word written letter by letter.
const LONGEST_APART: usize = 40;
/// Most signs between two words of a row.
const LONGEST_GAP: u32 = 4;
/// Longest row of words that is read as one, bytes.
const LONGEST_ROW: usize = LONGEST_PIECE + 4;
/// Shortest word that is seen at an end of a hashtag of which the rest is unknown, bytes.
const LONG: usize = 5;
/// Shortest hashtag that is taken apart, bytes.
const SHORTEST_TAG: usize = 5;
/// Longest hashtag that is taken apart, bytes.
const LONGEST_TAG: usize = 60;
/// Shortest word of a hashtag in which a slip is looked for, bytes.
const LONG_PIECE: usize = 6;
/// Longest word looked for inside a hashtag, bytes.
const LONGEST_PIECE: usize = 20;

/// A form found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Term of the form.
    pub term: u32,
    /// First byte in the folded text.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// The strongest disguise of its words.
    pub how: How,
}

/// A word of the vocabulary that the words `[from, to)` of a line may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    from: u32,
    to: u32,
    word: WordId,
    start: u32,
    end: u32,
    how: How,
    /// Too weak to stand alone (`b*l`): counts only inside a longer form.
    needs_company: bool,
}

/// Buffers that are kept from text to text.
#[derive(Debug, Default)]
pub struct Matcher {
    readings: Vec<Reading>,
    candidates: Vec<u32>,
    singles: Vec<u32>,
    pairs: Vec<u32>,
    tags: Vec<u32>,
    pieces: Vec<Word>,
    joined: Vec<u8>,
}

impl Matcher {
    /// Appends every form of `index` in `text` to `hits`; the same place may be there twice.
    pub fn find(&mut self, index: &Index, text: &Folded, hits: &mut Vec<Hit>) {
        self.readings.clear();
        for symbol in text.symbols().iter().filter(|symbol| index.may_have(symbol.hash)) {
            whole_forms(index, symbol.hash, symbol.start, symbol.end, How::Plain, hits);
        }
        self.read_pictures(index, text);
        self.probe(index, text.words());
        self.tags.clear();
        if index.reads_disguises() {
            self.read_disguises(index, text, hits);
        }
        // Most texts end here.
        let words = text.words();
        if !self.readings.is_empty()
            || !self.pairs.is_empty()
            || self.singles.iter().any(|at| is_worth_reading(index, words, *at))
        {
            self.read_spellings(index, words, How::Plain, hits);
            self.join_pairs(index, words, How::Plain, hits);
        }
        self.read_hashtags(index, text, hits);
    }

    /// Notes the words that are keys, alone or with the word before. A first look at each word costs little and leaves
    /// some candidates; they are listed without a branch.
    fn probe(&mut self, index: &Index, words: &[Word]) {
        self.singles.clear();
        self.pairs.clear();
        let count = if index.has_derived() { self.look::<true>(index, words) } else { self.look::<false>(index, words) };
        for at in self.candidates.iter().take(count) {
            let Some(word) = words.get(*at as usize) else { return };
            if index.has(word.hash) {
                self.singles.push(*at);
            }
            let before = at.checked_sub(1).and_then(|before| words.get(before as usize));
            if before.is_some_and(|before| index.has(hash_pair(before.hash, word.hash))) {
                self.pairs.push(*at);
            }
        }
    }

    /// Lists candidates; their number.
    fn look<const DERIVED: bool>(&mut self, index: &Index, words: &[Word]) -> usize {
        if self.candidates.len() <= words.len() {
            self.candidates.resize(words.len() + 1, 0);
        }
        let mut count = 0;
        let mut look = Look::default();
        for (at, word) in (0..).zip(words) {
            look = index.look(look, word.hash);
            let derived = if DERIVED { index.look_for_derived(word.hash, word.end - word.start) } else { 0 };
            if let Some(candidate) = self.candidates.get_mut(count) {
                *candidate = at;
            }
            count += (look.worth | derived) as usize;
        }
        count
    }

    /// Forms of one word, and readings of words in other spellings.
    fn read_spellings(&mut self, index: &Index, words: &[Word], how: How, hits: &mut Vec<Hit>) {
        for at in &self.singles {
            let Some(word) = words.get(*at as usize) else { continue };
            for target in index.targets(word.hash) {
                match target {
                    Target::Form(form) => hits.push(Hit { term: index.term_of(form), start: word.start, end: word.end, how }),
                    Target::Glued(form) => {
                        hits.push(Hit { term: index.term_of(form), start: word.start, end: word.end, how: how.max(How::Glued) });
                    }
                    Target::Word(id, spelled) => {
                        let reading = Reading::of(*at, word, id, how.max(spelled));
                        self.readings.push(reading);
                        whole_forms(index, index.hash_of(id), word.start, word.end, reading.how, hits);
                    }
                    Target::Pair { .. } => {}
                }
            }
        }
    }

    /// Forms of several words.
    fn join_pairs(&self, index: &Index, words: &[Word], how: How, hits: &mut Vec<Hit>) {
        let line = Line { index, words, readings: &self.readings };
        for at in &self.pairs {
            let (Some(left), Some(right)) = (at.checked_sub(1), words.get(*at as usize)) else { continue };
            let Some(before) = words.get(left as usize) else { continue };
            let spot = Spot { from: left, to: at + 1, start: before.start, end: right.end, how };
            line.longer_forms(hash_pair(before.hash, right.hash), spot, hits);
        }
        for reading in &self.readings {
            let hash = index.hash_of(reading.word);
            if let Some(before) = reading.from.checked_sub(1).and_then(|at| words.get(at as usize)) {
                let spot =
                    Spot { from: reading.from - 1, to: reading.to, start: before.start, end: reading.end, how: reading.how };
                line.longer_forms(hash_pair(before.hash, hash), spot, hits);
            }
            if let Some(after) = words.get(reading.to as usize) {
                let spot =
                    Spot { from: reading.from, to: reading.to + 1, start: reading.start, end: after.end, how: reading.how };
                line.longer_forms(hash_pair(hash, after.hash), spot, hits);
            }
            for next in self.readings.iter().filter(|next| next.from == reading.to) {
                let how = reading.how.max(next.how);
                let spot = Spot { from: reading.from, to: next.to, start: reading.start, end: next.end, how };
                line.longer_forms(hash_pair(hash, index.hash_of(next.word)), spot, hits);
            }
        }
    }

    /// `buka 📦 segel`: a picture stands between words and takes no word's place. Alone it says nothing: every parcel has it.
    fn read_pictures(&mut self, index: &Index, text: &Folded) {
        for symbol in text.symbols() {
            let nouns = index.pictured(symbol.hash);
            let at = if nouns.is_empty() { 0 } else { number(text.words().partition_point(|word| word.start < symbol.start)) };
            for word in nouns {
                let (word, how) = (*word, How::Picture);
                let place = Reading { from: at, to: at, word, start: symbol.start, end: symbol.end, how, needs_company: true };
                self.readings.push(place);
            }
        }
    }

    fn read_disguises(&mut self, index: &Index, text: &Folded, hits: &mut Vec<Hit>) {
        let disguises = text.disguises();
        if disguises.digits_in_words {
            let mut done = 0;
            for place in text.digits_in_words() {
                let at = text.words().partition_point(|word| word.end <= place);
                if let Some(word) = text.words().get(at).filter(|word| word.start >= done) {
                    done = word.end;
                    self.read_mixed(index, text, number(at), *word, hits);
                }
            }
        }
        if disguises.joints {
            self.read_signs(index, text, hits);
        }
        if disguises.letters_apart {
            self.read_letters_apart(index, text, hits);
        }
    }

    /// `thr1ft`, `b4l`, `bal2an`.
    fn read_mixed(&mut self, index: &Index, text: &Folded, at: u32, word: Word, hits: &mut Vec<Hit>) {
        let token = text.slice(word.start, word.end);
        if !(3..=LONGEST_PIECE).contains(&token.len()) || is_quantity(token) {
            return;
        }
        let place = Reading::of(at, &word, 0, How::Leet);
        let mut letters = Letters::default();
        letters.extend(token);
        self.read_as(index, &mut letters, place, hits);
        if let Some(stem) = stem_of_repeated(token) {
            self.read_spelling(index, hash_word(stem), Reading { how: How::Repeated, ..place }, hits);
        }
    }

    /// Words parted by a sign that is no space: `th*ift`, `b@l`, `nge-thrift`, `th.rift`. Notes hashtags too.
    fn read_signs(&mut self, index: &Index, text: &Folded, hits: &mut Vec<Hit>) {
        let words = text.words();
        let mut first = 0;
        for (at, word) in words.iter().enumerate() {
            let linked =
                at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| is_linked(text, before, word));
            if !linked {
                first = at;
            }
            // Every row that ends here; of very long ones only the last words.
            let mut letters = word.end - word.start;
            for from in (first.max((at + 1).saturating_sub(LONGEST_CHAIN))..at).rev() {
                let Some(begin) = words.get(from) else { break };
                letters += begin.end - begin.start;
                // Its signs stand for a letter each, or for none.
                let row = text.slice(begin.start, word.end);
                let ([head, .., tail], true) = (row, row.len() <= LONGEST_ROW) else { break };
                if index.may_have_ends(*head, *tail, letters, number(row.len())) {
                    self.read_row(index, text, from, words.get(from..=at).unwrap_or_default(), hits);
                }
            }
            if word.start > 0 && text.slice(word.start - 1, word.start) == b"#" {
                self.tags.push(number(at));
            }
        }
    }

    /// Tries what a row of words with a sign between could be as one word.
    fn read_row(&mut self, index: &Index, text: &Folded, from: usize, row: &[Word], hits: &mut Vec<Hit>) {
        let (Some(first), Some(last)) = (row.first(), row.last()) else { return };
        // From the first to the last word everything is there, signs included.
        let whole = text.slice(first.start, last.end);
        let place = Reading { to: number(from + row.len()), end: last.end, ..Reading::of(number(from), first, 0, How::Sign) };
        let mut letters = Letters::default();
        let (mut unknown, mut lettered) = (0, 0);
        for byte in whole {
            match kind(*byte) {
                Kind::Mask => unknown += 1,
                Kind::Like => lettered += 1,
                Kind::Letter => letters.push(*byte),
            }
        }
        if lettered > 0 {
            let mut lettered = Letters::default();
            whole.iter().filter(|byte| kind(**byte) != Kind::Mask).for_each(|byte| lettered.push(*byte));
            self.read_as(index, &mut lettered, Reading { how: How::Leet, ..place }, hits);
        }
        let hash = hash_word(letters.as_slice());
        // Two letters with a sign between are read as a word by nobody; no table of disguises holds words so short.
        if letters.length > 2 && index.may_be_spelling(hash) {
            self.read_spelling(index, hash, place, hits);
        }
        // i****r keeps too little to be sure of, unless it is plainly hidden by stars and stands in a phrase.
        // Short words are hidden by stars only: every second address has a `t.co`.
        let few = unknown > 0 && unknown * 3 <= whole.len();
        let hidden = || whole.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'*') && letters.length > 1;
        if (few && whole.len() > 4) || (unknown > 0 && hidden()) {
            let mut masked = Letters::default();
            whole.iter().for_each(|byte| masked.push(if kind(*byte) == Kind::Mask { 0 } else { skeleton_letter(*byte) }));
            if index.may_be_masked(masked.as_slice()) {
                let needs_company = whole.len() < 5 || !few;
                for word in index.by_mask(masked.as_slice()) {
                    self.push(index, Reading { word, how: How::Mask, needs_company, ..place }, hits);
                }
            }
        }
    }

    /// `t h r i f t  i m p o r t`, `b.a.l`: letters one sign apart; two signs part words.
    fn read_letters_apart(&mut self, index: &Index, text: &Folded, hits: &mut Vec<Hit>) {
        let words = text.words();
        let single = |at: usize| words.get(at).is_some_and(|word| word.end - word.start == 1);
        let mut at = 0;
        while at < words.len() {
            let from = at;
            while single(at) && (at == from || next_to(words, at)) {
                at += 1;
            }
            if (3..=LONGEST_APART).contains(&(at - from)) {
                self.read_run(index, text, from, words.get(from..at).unwrap_or_default(), hits);
            }
            at = at.max(from + 1);
        }
    }

    /// The letters of one run, whole or cut into words of the vocabulary.
    fn read_run(&mut self, index: &Index, text: &Folded, from: usize, run: &[Word], hits: &mut Vec<Hit>) {
        let mut joined = std::mem::take(&mut self.joined);
        joined.clear();
        joined.extend(run.iter().flat_map(|word| text.slice(word.start, word.end)));
        let place = |start: usize, end: usize| {
            let (first, last) = (run.get(start)?, run.get(end.checked_sub(1)?)?);
            let reading = Reading::of(number(from + start), first, 0, How::Apart);
            Some(Reading { to: number(from + end), end: last.end, ..reading })
        };
        if let Some(place) = place(0, joined.len()) {
            self.read_spelling(index, hash_word(&joined), place, hits);
            if joined.iter().any(u8::is_ascii_digit) {
                let mut letters = Letters::default();
                letters.extend(&joined);
                self.read_as(index, &mut letters, place, hits);
            }
        }
        for (start, end) in cut(index, &joined).unwrap_or_default() {
            let piece = joined.get(start..end).unwrap_or_default();
            if let (Some(place), true) = (place(start, end), end - start < joined.len()) {
                self.read_spelling(index, hash_word(piece), place, hits);
            }
        }
        self.joined = joined;
    }

    /// `#jualbajuthrift`: words of the vocabulary inside a tag, as a line of their own.
    fn read_hashtags(&mut self, index: &Index, text: &Folded, hits: &mut Vec<Hit>) {
        for at in 0..self.tags.len() {
            let tag = self.tags.get(at).and_then(|at| text.words().get(*at as usize));
            let Some(tag) = tag.filter(|tag| (SHORTEST_TAG..=LONGEST_TAG).contains(&((tag.end - tag.start) as usize))) else {
                continue;
            };
            let letters = Letters::of_tag(text.slice(tag.start, tag.end));
            let letters = letters.as_slice();
            if !may_have_pieces(index, letters) {
                continue;
            }
            let mut pieces = std::mem::take(&mut self.pieces);
            pieces.clear();
            for (from, to) in pieces_of_tag(index, letters) {
                let hash = letters.get(from..to).map_or(0, hash_word);
                pieces.push(Word { hash, start: tag.start + number(from), end: tag.start + number(to) });
            }
            if !pieces.is_empty() {
                self.readings.clear();
                self.probe(index, &pieces);
                self.read_spellings(index, &pieces, How::Hashtag, hits);
                self.join_pairs(index, &pieces, How::Hashtag, hits);
            }
            self.pieces = pieces;
        }
    }

    /// Readings of `place` as the words that have these letters' skeleton.
    fn read_as(&mut self, index: &Index, letters: &mut Letters, place: Reading, hits: &mut Vec<Hit>) {
        letters.make_skeleton();
        for word in index.by_skeleton(hash_word(letters.as_slice())) {
            self.push(index, Reading { word: *word, ..place }, hits);
        }
    }

    /// Readings of `place` as the word with this hash, or as those that may be spelled so.
    fn read_spelling(&mut self, index: &Index, hash: u64, place: Reading, hits: &mut Vec<Hit>) {
        if let Some(word) = index.word(hash) {
            self.push(index, Reading { word, ..place }, hits);
        }
        for target in index.targets(hash) {
            match target {
                Target::Word(word, how) if how != How::Slip => self.push(index, Reading { word, ..place }, hits),
                Target::Glued(form) => {
                    hits.push(Hit { term: index.term_of(form), start: place.start, end: place.end, how: place.how });
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, index: &Index, reading: Reading, hits: &mut Vec<Hit>) {
        if self.readings.contains(&reading) {
            return;
        }
        self.readings.push(reading);
        if !reading.needs_company {
            whole_forms(index, index.hash_of(reading.word), reading.start, reading.end, reading.how, hits);
        }
    }
}

impl Reading {
    fn of(at: u32, word: &Word, id: WordId, how: How) -> Self {
        Self { from: at, to: at + 1, word: id, start: word.start, end: word.end, how, needs_company: false }
    }
}

/// A short word being put together, without the heap.
#[derive(Debug, Clone, Copy)]
struct Letters {
    bytes: [u8; LONGEST_TAG],
    length: usize,
}

impl Default for Letters {
    fn default() -> Self {
        Self { bytes: [0; LONGEST_TAG], length: 0 }
    }
}

impl Letters {
    /// Digits in a tag that is taken apart are letters: `#thr1ftmurah`.
    fn of_tag(tag: &[u8]) -> Self {
        let mut letters = Self::default();
        tag.iter().for_each(|byte| letters.push(letter_of_digit(*byte)));
        letters
    }

    /// Adds a letter; what is too long is left out, and such a word is nowhere in an index.
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(*byte));
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn make_skeleton(&mut self) {
        self.bytes.iter_mut().take(self.length).for_each(|byte| *byte = skeleton_letter(*byte));
    }
}

/// `bal` of `bal2an`.
fn stem_of_repeated(token: &[u8]) -> Option<&[u8]> {
    token.iter().position(|byte| *byte == b'2').and_then(|at| token.get(..at)).filter(|stem| stem.len() >= 3)
}

/// What a byte of a row of words may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter, a digit, or a sign that is not read.
    Letter,
    /// A sign that stands for one letter, or for none.
    Mask,
    /// A sign that looks like a letter.
    Like,
}

/// A table: rows are read byte by byte, and comparing each with every sign is slow.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a bad index")]
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Letter; 256];
    let (masks, likes) = (b"*#_.-~^'", b"@$!|+");
    let mut at = 0;
    while at < masks.len() {
        kinds[masks[at] as usize] = Kind::Mask;
        at += 1;
    }
    at = 0;
    while at < likes.len() {
        kinds[likes[at] as usize] = Kind::Like;
        at += 1;
    }
    kinds
};

#[inline]
fn kind(byte: u8) -> Kind {
    KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Letter)
}

/// The letter a digit most often stands for.
const fn letter_of_digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { skeleton_letter(byte) } else { byte }
}

/// True if only signs that disguise stand between two words. A number with a sign inside is a number.
#[inline]
fn is_linked(text: &Folded, before: &Word, word: &Word) -> bool {
    if word.start - before.end > LONGEST_GAP {
        return false;
    }
    let digit = |at: u32| text.slice(at, at + 1).first().is_some_and(u8::is_ascii_digit);
    is_gap(text.slice(before.end, word.start)) && !(digit(before.end - 1) && digit(word.start))
}

/// One sign that disguises, or up to four stars.
fn is_gap(signs: &[u8]) -> bool {
    match signs {
        [sign] => kind(*sign) != Kind::Letter,
        stars => (2..=LONGEST_GAP as usize).contains(&stars.len()) && stars.iter().all(|sign| *sign == b'*'),
    }
}

/// False only if the word, which is a key, is another spelling of a word that occurs in longer forms only, and its
/// neighbours are in none of them.
fn is_worth_reading(index: &Index, words: &[Word], at: u32) -> bool {
    let word = |at: Option<u32>| at.and_then(|at| words.get(at as usize));
    let (before, after) = (word(at.checked_sub(1)), word(at.checked_add(1)));
    let is_read = |word: &Word| index.targets(word.hash).any(|target| matches!(target, Target::Word(..)));
    let Some(word) = word(Some(at)) else { return false };
    index.targets(word.hash).any(|target| match target {
        Target::Form(_) | Target::Glued(_) => true,
        Target::Pair { .. } => false,
        Target::Word(id, _) => {
            let hash = index.hash_of(id);
            index.stands_alone(id)
                || before.is_some_and(|before| index.has(hash_pair(before.hash, hash)) || is_read(before))
                || after.is_some_and(|after| index.has(hash_pair(hash, after.hash)) || is_read(after))
        }
    })
}

/// Forms of one word whose word is this.
fn whole_forms(index: &Index, hash: u64, start: u32, end: u32, how: How, hits: &mut Vec<Hit>) {
    for target in index.targets(hash) {
        if let Target::Form(form) = target {
            hits.push(Hit { term: index.term_of(form), start, end, how });
        }
    }
}

/// Two neighbouring words or readings.
#[derive(Clone, Copy)]
struct Spot {
    from: u32,
    to: u32,
    start: u32,
    end: u32,
    how: How,
}

/// Words in a row and their other readings.
struct Line<'a> {
    index: &'a Index,
    words: &'a [Word],
    readings: &'a [Reading],
}

impl Line<'_> {
    /// Forms of which `spot` is the pair with this key.
    fn longer_forms(&self, key: u64, spot: Spot, hits: &mut Vec<Hit>) {
        if !self.index.may_have(key) {
            return;
        }
        for target in self.index.targets(key) {
            let Target::Pair { form, at } = target else { continue };
            let words = self.index.words_of(form);
            let (head, tail) =
                (words.get(..usize::from(at)).unwrap_or_default(), words.get(usize::from(at) + 2..).unwrap_or_default());
            if let (Some((start, before)), Some((end, after))) = (self.backward(head, spot), self.forward(tail, spot)) {
                hits.push(Hit { term: self.index.term_of(form), start, end, how: before.max(after) });
            }
        }
    }

    /// Where the words `head` before `spot` begin, if they are there.
    fn backward(&self, head: &[WordId], spot: Spot) -> Option<(u32, How)> {
        let Some((word, rest)) = head.split_last() else { return Some((spot.start, spot.how)) };
        let plain = spot.from.checked_sub(1).and_then(|at| Some((at, self.words.get(at as usize)?)));
        let plain = plain.filter(|(_, before)| before.hash == self.index.hash_of(*word));
        let plain = plain.map(|(at, before)| Spot { from: at, start: before.start, ..spot });
        let read = self.readings.iter().filter(|reading| reading.to == spot.from && reading.word == *word);
        let read = read.map(|reading| Spot { from: reading.from, start: reading.start, how: spot.how.max(reading.how), ..spot });
        plain.into_iter().chain(read).find_map(|spot| self.backward(rest, spot))
    }

    /// Where the words `tail` behind `spot` end, if they are there.
    fn forward(&self, tail: &[WordId], spot: Spot) -> Option<(u32, How)> {
        let Some((word, rest)) = tail.split_first() else { return Some((spot.end, spot.how)) };
        let plain = self.words.get(spot.to as usize).filter(|after| after.hash == self.index.hash_of(*word));
        let plain = plain.map(|after| Spot { to: spot.to + 1, end: after.end, ..spot });
        let read = self.readings.iter().filter(|reading| reading.from == spot.to && reading.word == *word);
        let read = read.map(|reading| Spot { to: reading.to, end: reading.end, how: spot.how.max(reading.how), ..spot });
        plain.into_iter().chain(read).find_map(|spot| self.forward(rest, spot))
    }
}

/// True if one byte is between this word and the one before.
fn next_to(words: &[Word], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    before.zip(words.get(at)).is_some_and(|(before, word)| word.start == before.end + 1)
}

/// Cuts `letters` into words of the vocabulary without a rest, as few as possible. Ranges, in order.
fn cut(index: &Index, letters: &[u8]) -> Option<Vec<(usize, usize)>> {
    ends_of_words(index, letters, 0).next()?;
    // best[end]: fewest words up to `end`, and where the last of them begins.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; letters.len() + 1];
    *best.first_mut()? = Some((0, 0));
    for start in 0..letters.len() {
        let Some((words, _)) = best.get(start).copied().flatten() else { continue };
        for end in ends_of_words(index, letters, start) {
            if let Some(slot) = best.get_mut(end).filter(|slot| slot.is_none_or(|(fewest, _)| words + 1 < fewest)) {
                *slot = Some((words + 1, start));
            }
        }
    }
    let mut ranges = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        let start = best.get(end).copied().flatten()?.1;
        ranges.push((start, end));
        end = start;
    }
    ranges.reverse();
    Some(ranges)
}

/// Ends of the vocabulary's words that begin at `start`.
fn ends_of_words<'a>(index: &'a Index, letters: &'a [u8], start: usize) -> impl Iterator<Item = usize> + 'a {
    let rest = letters.get(start..).unwrap_or_default();
    let mut lengths = lengths(index, rest) & ((2_u32 << rest.len().min(LONGEST_PIECE)) - 1) & !0b111;
    std::iter::from_fn(move || {
        while lengths != 0 {
            let length = lengths.trailing_zeros() as usize;
            lengths &= lengths - 1;
            if rest.get(..length).is_some_and(|word| is_spelling(index, word)) {
                return Some(start + length);
            }
        }
        None
    })
}

/// Lengths that a word of the vocabulary at the beginning of `letters` may have, a bit each.
fn lengths(index: &Index, letters: &[u8]) -> u32 {
    letters.first_chunk().map_or(0, |beginning| index.lengths_beginning(*beginning))
}

fn is_spelling(index: &Index, word: &[u8]) -> bool {
    let ([first, .., last], length) = (word, number(word.len())) else { return false };
    if !index.may_have_ends(*first, *last, length, length) {
        return false;
    }
    let known = |target| match target {
        Target::Word(_, How::Affix | How::Doubled) => true,
        Target::Word(_, How::Slip) => word.len() >= LONG_PIECE,
        _ => false,
    };
    let hash = hash_word(word);
    index.may_be_spelling(hash) && (index.word(hash).is_some() || index.targets(hash).any(known))
}

/// False only if [`pieces_of_tag`] finds nothing: no word begins the tag, and no long one ends it.
fn may_have_pieces(index: &Index, letters: &[u8]) -> bool {
    ends_of_words(index, letters, 0).next().is_some() || word_at_end(index, letters, 0).is_some()
}

/// Where the longest word of at least five letters begins that ends the tag, from `free` on.
fn word_at_end(index: &Index, letters: &[u8], free: usize) -> Option<usize> {
    let from = free.max(letters.len().saturating_sub(LONGEST_PIECE));
    let ends = |start: &usize| {
        letters.get(*start..).is_some_and(|word| lengths(index, word) >> word.len() & 1 == 1 && is_spelling(index, word))
    };
    (from..(letters.len() + 1).saturating_sub(LONG)).find(ends)
}

/// Words inside a tag. Without a rest, all of them; else only a long word at an end of the tag, since short ones and
/// those in the middle are inside other words (`globalpresence` holds `balpres`, `anaksebal` holds `bal`).
fn pieces_of_tag(index: &Index, letters: &[u8]) -> Vec<(usize, usize)> {
    // Two short words side by side are chance: `banget` is not `ban` and `get`.
    let chance = |all: &Vec<(usize, usize)>| {
        let short = |(start, end): &(usize, usize)| end - start < 4;
        all.iter().zip(all.iter().skip(1)).any(|(left, right)| short(left) && short(right))
    };
    if let Some(all) = cut(index, letters).filter(|all| !chance(all)) {
        return if all.len() > 1 { all } else { Vec::new() };
    }
    let longest_start = ends_of_words(index, letters, 0).filter(|end| *end >= LONG).last().map(|end| (0, end));
    let mut found: Vec<(usize, usize)> = longest_start.into_iter().collect();
    let free = longest_start.map_or(0, |(_, end)| end);
    let longest_end = word_at_end(index, letters, free);
    found.extend(longest_end.map(|start| (start, letters.len())));
    // What the beginning leaves may be words again: `thriftmurahbanget`.
    if let (Some((_, end)), None) = (longest_start, longest_end) {
        found.extend(ends_of_words(index, letters, end).filter(|next| next - end >= LONG).last().map(|next| (end, next)));
    }
    found
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::rules::index::{FormSpec, Views};

    const FORMS: [&str; 12] = [
        "bal",
        "bal segel",
        "buka bal segel",
        "thrift",
        "thrifting",
        "ballpress",
        "import",
        "jaket",
        "jual baju",
        "awul awul",
        "📦",
        "🇰🇷",
    ];

    fn index(forms: &[&str], views: Views) -> Index {
        let specs = forms.iter().zip(0..).map(|(text, term)| FormSpec { text, term, affixes: true, slips: true, except: &[] });
        Index::build(specs, views).unwrap()
    }

    /// Forms found, with the original text of each hit.
    fn find(index: &Index, text: &str) -> BTreeSet<(u32, String)> {
        let folded = Folded::new(text);
        let mut hits = Vec::new();
        Matcher::default().find(index, &folded, &mut hits);
        let quote = |hit: &Hit| {
            let (start, end) = folded.original(hit.start, hit.end);
            (hit.term, text[start..end].to_owned())
        };
        hits.iter().map(quote).collect()
    }

    /// What is written, the form it is, and the part that is highlighted; one line for each disguise.
    #[test]
    fn every_disguise_is_seen_through_and_highlighted_whole() {
        let cases = [
            ("ada bal di sini", "bal", "bal"),
            ("BUKA, bal-segel!", "buka bal segel", "BUKA, bal-segel"),
            ("thr1ft", "thrift", "thr1ft"),
            ("b4l", "bal", "b4l"),
            ("ba1 s3gel", "bal segel", "ba1 s3gel"),
            ("th!ft thr!ft", "thrift", "thr!ft"),
            ("j@ket", "jaket", "j@ket"),
            ("t h r i f t i n g", "thrifting", "t h r i f t i n g"),
            ("b.a.l", "bal", "b.a.l"),
            ("t h r i f t  i m p o r t", "import", "i m p o r t"),
            ("b a l s e g e l", "bal segel", "b a l s e g e l"),
            ("th*ift", "thrift", "th*ift"),
            ("thr**ting", "thrifting", "thr**ting"),
            ("b*l segel", "bal segel", "b*l segel"),
            ("th.ift", "thrift", "th.ift"),
            ("th-rift", "thrift", "th-rift"),
            ("nge-thrift", "thrift", "nge-thrift"),
            ("thr\u{200b}ift", "thrift", "thr\u{200b}ift"),
            ("тhrіft", "thrift", "тhrіft"),
            ("𝐭𝐡𝐫𝐢𝐟𝐭", "thrift", "𝐭𝐡𝐫𝐢𝐟𝐭"),
            ("ＴＨＲＩＦＴ", "thrift", "ＴＨＲＩＦＴ"),
            ("🅱🅰🅻", "bal", "🅱🅰🅻"),
            ("thriiiiift", "thrift", "thriiiiift"),
            ("balllllpress", "ballpress", "balllllpress"),
            ("balpress", "ballpress", "balpress"),
            ("trhift", "thrift", "trhift"),
            ("jaketnya", "jaket", "jaketnya"),
            ("ngejaketin", "jaket", "ngejaketin"),
            ("balsegel", "bal segel", "balsegel"),
            ("awul2", "awul awul", "awul2"),
            ("bal2an", "bal", "bal2an"),
            ("#balsegel", "bal segel", "balsegel"),
            ("#jualbajuthrift", "thrift", "thrift"),
            ("#jualbajuthrift", "jual baju", "jualbaju"),
            ("#thriftjakartaselatan", "thrift", "thrift"),
            ("#thr1ftbagus", "thrift", "thr1ft"),
            ("bal 🔥 segel", "bal segel", "bal 🔥 segel"),
            ("📦📦 baru", "📦", "📦"),
            ("🇯🇵🇰🇷", "🇰🇷", "🇰🇷"),
            ("buka 🧺 segel", "buka bal segel", "buka 🧺 segel"),
            ("🧺 segel", "bal segel", "🧺 segel"),
        ];
        let index = index(&FORMS, Views::ALL).with_picture("🧺", "bal");
        for (text, form, quote) in cases {
            let term = u32::try_from(FORMS.iter().position(|known| *known == form).unwrap()).unwrap();
            let found = find(&index, text);
            assert!(found.contains(&(term, quote.to_owned())), "{text}: {form} is not among {found:?}");
        }
    }

    /// Words that only look like ours (measured on real texts).
    #[test]
    fn words_inside_other_words_stay_silent() {
        let index = index(&FORMS, Views::ALL);
        let quiet = [
            "global balon sebal kembali tribal",
            "#globalpresence #softballpressed #anaksebal #lasttriftingage",
            "35k 3pcs 1x24 xl2 kode88 b2b",
            "size s m l",
            "email@bola.com wa.me/62800 2026-11-24",
            "7ba1k",
            "🇯🇵",
        ];
        for text in quiet {
            assert_eq!(find(&index, text), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn a_short_masked_word_and_a_picture_count_in_a_phrase_only() {
        let index = index(&FORMS, Views::ALL).with_picture("🧺", "bal");
        assert_eq!(find(&index, "🧺 murah"), BTreeSet::new());
        assert_eq!(find(&index, "b*l"), BTreeSet::new());
        assert!(!find(&index, "b*l segel").is_empty());
    }

    #[test]
    fn without_views_only_whole_words_are_found() {
        let index = index(&FORMS, Views::NONE);
        for text in ["thr1ft", "t h r i f t", "th*ift", "jaketnya", "#jualbajuthrift", "balpress", "balsegel"] {
            assert_eq!(find(&index, text), BTreeSet::new(), "{text}");
        }
        assert_eq!(
            find(&index, "Buka bal segel"),
            [(0, "bal".into()), (1, "bal segel".into()), (2, "Buka bal segel".into())].into()
        );
    }

    #[test]
    fn an_excepted_spelling_is_not_derived() {
        let except = ["jaketan".to_owned()];
        let spec = FormSpec { text: "jaket", term: 0, affixes: true, slips: true, except: &except };
        let index = Index::build([spec], Views::ALL).unwrap();
        assert_eq!(find(&index, "jaketan"), BTreeSet::new());
        assert!(!find(&index, "jaketnya").is_empty());
    }

    fn words() -> impl Strategy<Value = String> {
        let known = vec![
            "bal",
            "segel",
            "buka",
            "thrift",
            "jual",
            "baju",
            "b4l",
            "b*l",
            "s.e.g.e.l",
            "balnya",
            "thrft",
            "#jualbaju",
            "🔥",
            "a",
            "35k",
            "global",
        ];
        prop::collection::vec(
            prop_oneof![3 => prop::sample::select(known).prop_map(str::to_owned), 1 => "[a-e0-9#*. -]{1,6}"],
            0..14,
        )
        .prop_map(|words| words.join(" "))
    }

    /// Found by the property below: whether `c*b` was read hung on which other words there were.
    #[test]
    fn two_letters_with_a_sign_between_are_no_word() {
        for forms in [&["cb"][..], &["cb", "cab"]] {
            for index in [index(forms, Views::ALL), index(forms, Views::ALL).without_prefilter()] {
                assert!(find(&index, "c.b").iter().all(|(term, _)| *term != 0), "{forms:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_prefilter_hides_nothing(
            forms in prop::collection::btree_set("(bal|segel|buka|thrift|jual|baju|[a-e]{2,5})( (bal|segel|baju|[a-e]{2,4})){0,3}", 1..12),
            text in words(),
        ) {
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            for views in [Views::ALL, Views::NONE] {
                let with = find(&index(&forms, views), &text);
                let without = find(&index(&forms, views).without_prefilter(), &text);
                prop_assert_eq!(with, without);
            }
        }

        #[test]
        fn views_only_add(text in words()) {
            let plain = find(&index(&FORMS, Views::NONE), &text);
            let all = find(&index(&FORMS, Views::ALL), &text);
            prop_assert!(plain.is_subset(&all), "{plain:?} is not in {all:?}");
        }

        #[test]
        fn plain_hits_are_the_rows_of_words(text in "(bal|segel|buka|x){0,9}( (bal|segel|buka|x)){0,9}") {
            let words: Vec<&str> = text.split(' ').collect();
            let forms = ["bal", "bal segel", "buka bal segel"];
            let mut expected = BTreeSet::new();
            for (form, term) in forms.iter().zip(0..) {
                let row: Vec<&str> = form.split(' ').collect();
                if words.windows(row.len()).any(|window| window == row) {
                    expected.insert(term);
                }
            }
            let found: BTreeSet<u32> = find(&index(&forms, Views::NONE), &text).into_iter().map(|(term, _)| term).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let folded = Folded::new(&text);
            let mut hits = Vec::new();
            Matcher::default().find(&index(&FORMS, Views::ALL), &folded, &mut hits);
            for hit in hits {
                let (start, end) = folded.original(hit.start, hit.end);
                prop_assert!(text.get(start..end).is_some_and(|quote| !quote.is_empty()));
            }
        }
    }
}
