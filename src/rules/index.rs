//! One index over all forms of all terms: whole words are looked up, so that a text costs what its words cost, not what
//! the rules cost.
//!
//! A form of one word is keyed by that word. A longer form is keyed by its rarest pair of neighbouring words, and
//! compared word by word where that pair occurs. Spellings that the views allow (affixes, one slip, words glued
//! together) are derived from the forms when the index is built and keyed too: they cost nothing per text. A filter of
//! two bits a key rejects nearly every word of a text before the table is asked.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::spelling::{self, Spelling, skeleton, skeleton_letter};
use crate::text::{Folded, hash_pair, hash_word};

/// Most forms of one index. More is a mistake in a file, or needs a machine of another size.
const MOST_FORMS: usize = 2_000_000;
/// Most words of one form.
const MOST_WORDS: usize = 16;

/// Index of a word of the vocabulary.
pub type WordId = u32;

/// How a form was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// As written (case, accents, look-alike letters, invisible characters and stretched letters apart).
    Plain,
    /// With an affix: `thriftnya`, `ngethrift`.
    Affix,
    /// Words written without the space between: `balsegel`.
    Glued,
    /// Out of a hashtag of several words: `#jualbajuthrift`.
    Hashtag,
    /// A double letter written once, or a stretched one: `balpres` for `ballpress`.
    Doubled,
    /// The `2` of Indonesian reduplication: `bal2an`.
    Repeated,
    /// One slip of the hand: `trhifting`.
    Slip,
    /// A sign inside the word: `th-rift`.
    Sign,
    /// Letters written apart: `t h r i f t`.
    Apart,
    /// Digits or signs for letters: `thr1ft`, `b@l`.
    Leet,
    /// Letters hidden: `th*ift`.
    Mask,
    /// A picture for a noun: `buka 📦 segel`.
    Picture,
    /// By a pattern (prices, links).
    Pattern,
    /// By other terms near each other.
    Near,
}

impl How {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Affix => "affix",
            Self::Glued => "glued",
            Self::Hashtag => "hashtag",
            Self::Doubled => "doubled",
            Self::Repeated => "repeated",
            Self::Slip => "slip",
            Self::Sign => "sign",
            Self::Apart => "apart",
            Self::Leet => "leet",
            Self::Mask => "mask",
            Self::Picture => "picture",
            Self::Pattern => "pattern",
            Self::Near => "near",
        }
    }
}

/// Which disguises are looked through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Views {
    /// Spellings derived when the index is built: affixes, slips, glued and doubled.
    pub derived: bool,
    /// Places in the text where a disguise may hide: leet, letters apart, signs and masks inside words, hashtags.
    pub disguises: bool,
}

impl Views {
    /// Everything: what the product uses.
    pub const ALL: Self = Self { derived: true, disguises: true };
    /// Whole words as written; for comparison with other engines.
    pub const NONE: Self = Self { derived: false, disguises: false };
}

/// A form to put into the index.
#[derive(Debug, Clone, Copy)]
pub struct FormSpec<'a> {
    /// What people write.
    pub text: &'a str,
    /// Whose form it is; handed back with every hit.
    pub term: u32,
    /// Affixes may stand on its words.
    pub affixes: bool,
    /// One slip may be in its words.
    pub slips: bool,
    /// Words that no derived spelling may take.
    pub except: &'a [String],
}

/// Why an index cannot be built.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IndexError {
    /// Over the cap.
    #[error("more than {MOST_FORMS} forms")]
    TooMany,
    /// Over the cap.
    #[error("a form of more than {MOST_WORDS} words: `{0}`")]
    TooLong(String),
    /// Two words, one hash: practically never. Change one of the two.
    #[error("the words `{0}` and `{1}` cannot stand in one index; write one of them differently")]
    Collision(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The key is the whole form.
    Form(u32),
    /// The key is the words `at` and `at + 1` of the form.
    Pair { form: u32, at: u16 },
    /// The key is the form with its words glued.
    Glued(u32),
    /// The key is another spelling of this word.
    Word(WordId, How),
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    target: Target,
    next: u32,
}

const END: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Form {
    term: u32,
    from: u32,
    to: u32,
}

/// A hash needs no hashing.
#[derive(Debug, Default, Clone, Copy)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        // Only u64 keys are used; anything else would still be spread.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type ByHash<V> = HashMap<u64, V, BuildHasherDefault<AsIs>>;

/// The compiled forms. Immutable; share it behind an `Arc`.
#[derive(Debug, Default)]
pub struct Index {
    filter: Filter,
    /// Words of the vocabulary and their other spellings: what letters put together may be.
    spellings: Filter,
    keys: ByHash<u32>,
    postings: Vec<Posting>,
    forms: Vec<Form>,
    form_words: Vec<WordId>,
    word_hashes: Vec<u64>,
    word_ids: ByHash<WordId>,
    /// Words that are forms by themselves.
    alone: Vec<bool>,
    /// Words by the hash of their skeleton.
    skeletons: ByHash<Vec<WordId>>,
    /// The keys of `skeletons`.
    possible_skeletons: Filter,
    /// Words by length, first and last letter of their skeleton; for masks.
    shapes: ByHash<Vec<(Box<[u8]>, WordId)>>,
    /// The keys of `shapes`.
    possible_shapes: Filter,
    /// Words by the hash of the picture that stands for them.
    pictures: ByHash<Vec<WordId>>,
    /// Lengths of words and spellings by their first and last letter, a bit each, 31 and over together.
    ends: Vec<u32>,
    /// Lengths of words and spellings by their first three letters, like `ends`; for hashtags.
    beginnings: Vec<u32>,
    /// Words that are keys, or the first of two that are one: bits of [`Look`].
    looks: Vec<u32>,
    /// Longer derived spellings, a bit each: a large table, for which half of a text's words are too short.
    derived: Vec<u64>,
    views: Views,
}

impl Index {
    /// Builds an index.
    ///
    /// # Errors
    /// A cap is exceeded: never a smaller index without a word.
    pub fn build<'a>(forms: impl IntoIterator<Item = FormSpec<'a>>, views: Views) -> Result<Self, IndexError> {
        let mut builder = Builder {
            index: Self { views, ends: vec![0; ENDS], beginnings: vec![0; BEGINNINGS], ..Self::default() },
            ..Builder::default()
        };
        for form in forms {
            builder.add(form, views)?;
        }
        builder.key_forms(views);
        if views.derived {
            builder.derive();
        }
        if views.disguises {
            builder.disguise();
        }
        Ok(builder.finish())
    }

    /// The same index in which `picture` is also read as `noun`, inside forms of several words.
    #[must_use]
    pub fn with_picture(mut self, picture: &str, noun: &str) -> Self {
        let (picture, noun) = (Folded::new(picture), Folded::new(noun));
        if let (Some(picture), [noun]) = (picture.symbols().first(), noun.words())
            && let (Some(word), true) = (self.word(noun.hash), self.views.disguises)
        {
            self.pictures.entry(picture.hash).or_default().push(word);
        }
        self
    }

    /// Words that a picture stands for.
    pub(crate) fn pictured(&self, symbol: u64) -> &[WordId] {
        self.pictures.get(&symbol).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same index with filters that let everything through, to prove that they hide nothing.
    #[must_use]
    pub fn without_prefilter(mut self) -> Self {
        let filters = [&mut self.filter, &mut self.spellings];
        for filter in filters.into_iter().chain([&mut self.possible_skeletons, &mut self.possible_shapes]) {
            filter.words = vec![u64::MAX];
        }
        self.looks = vec![u32::MAX];
        self.derived = vec![u64::MAX];
        self.ends = vec![u32::MAX; ENDS];
        self.beginnings = vec![u32::MAX; BEGINNINGS];
        self
    }

    /// Number of forms.
    pub fn forms(&self) -> usize {
        self.forms.len()
    }

    /// Number of keys, derived spellings included.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// True if `key` may have postings. Wrong in one of some fifty cases for a key that has none, never for one that has.
    #[inline]
    pub(crate) fn may_have(&self, key: u64) -> bool {
        self.filter.may_hold(key)
    }

    /// True if `key` has postings.
    #[inline]
    pub(crate) fn has(&self, key: u64) -> bool {
        self.filter.may_hold(key) && self.keys.contains_key(&key)
    }

    /// True if this word of the vocabulary is a form by itself, not only in longer ones.
    #[inline]
    pub(crate) fn stands_alone(&self, word: WordId) -> bool {
        self.alone.get(word as usize).copied().unwrap_or(false)
    }

    /// True if a word of the vocabulary may be spelled so.
    #[inline]
    pub(crate) fn may_be_spelling(&self, hash: u64) -> bool {
        self.spellings.may_hold(hash)
    }

    /// A first look at the word with this hash: worth a second look if it may be a key, or, with the word before it, of
    /// which `before` is the look, two words that are a key. Always so where it is one.
    ///
    /// There are no branches in it: they would be mispredicted for every second word.
    #[inline]
    pub(crate) fn look(&self, before: Look, hash: u64) -> Look {
        let bits = self.looks.get(slot(hash, self.looks.len())).copied().unwrap_or(0);
        Look { bits, worth: (bits >> Look::KEY | before.bits >> Look::class(hash)) & 1 }
    }

    /// The same for longer derived spellings: 1 or 0.
    #[inline]
    pub(crate) fn look_for_derived(&self, hash: u64, length: u32) -> u32 {
        let slot = slot(hash, self.derived.len() * 64);
        let held = self.derived.get(slot / 64).copied().unwrap_or(0) >> (slot % 64) & 1;
        u32::from(length >= SHORTEST_DERIVED) & u32::from(held == 1)
    }

    /// True if there are longer derived spellings.
    pub(crate) fn has_derived(&self) -> bool {
        self.views.derived
    }

    /// What a key stands for.
    #[inline]
    pub(crate) fn targets(&self, key: u64) -> Targets<'_> {
        Targets { postings: &self.postings, next: self.keys.get(&key).copied().unwrap_or(END) }
    }

    pub(crate) fn term_of(&self, form: u32) -> u32 {
        self.forms.get(form as usize).map_or(u32::MAX, |form| form.term)
    }

    pub(crate) fn words_of(&self, form: u32) -> &[WordId] {
        let range = self.forms.get(form as usize).map(|form| form.from as usize..form.to as usize);
        range.and_then(|range| self.form_words.get(range)).unwrap_or_default()
    }

    pub(crate) fn hash_of(&self, word: WordId) -> u64 {
        self.word_hashes.get(word as usize).copied().unwrap_or(0)
    }

    /// The word of the vocabulary with this hash.
    pub(crate) fn word(&self, hash: u64) -> Option<WordId> {
        self.word_ids.get(&hash).copied()
    }

    /// Words whose skeleton has this hash.
    pub(crate) fn by_skeleton(&self, hash: u64) -> &[WordId] {
        if !self.possible_skeletons.may_hold(hash) {
            return &[];
        }
        self.skeletons.get(&hash).map(Vec::as_slice).unwrap_or_default()
    }

    /// Words whose skeleton fits `masked`, in which 0 is an unknown letter.
    pub(crate) fn by_mask<'a>(&'a self, masked: &'a [u8]) -> impl Iterator<Item = WordId> + 'a {
        let key = shape(masked);
        let candidates = key.and_then(|key| self.shapes.get(&key)).map(Vec::as_slice).unwrap_or_default();
        let fits = |known: &[u8]| masked.iter().zip(known).all(|(hidden, letter)| *hidden == 0 || hidden == letter);
        candidates.iter().filter(move |(known, _)| fits(known)).map(|(_, word)| *word)
    }

    /// True if some word may have the shape of `masked`.
    #[inline]
    pub(crate) fn may_be_masked(&self, masked: &[u8]) -> bool {
        shape(masked).is_some_and(|key| self.possible_shapes.may_hold(key))
    }

    /// True if some spelling may begin with `first`, end with `last`, and have at least `shortest` and at most `longest`
    /// letters, look-alikes being the same.
    #[inline]
    pub(crate) fn may_have_ends(&self, first: u8, last: u8, shortest: u32, longest: u32) -> bool {
        let lengths = self.ends.get(ends(first, last)).copied().unwrap_or(0);
        let upto = |length: u32| u64::from(u32::MAX) >> 31_u32.saturating_sub(length);
        u64::from(lengths) & upto(longest) & !upto(shortest.saturating_sub(1)) != 0
    }

    /// Lengths, a bit each, of spellings that may begin with these letters; bit 31 stands for 31 and over.
    #[inline]
    pub(crate) fn lengths_beginning(&self, letters: [u8; 3]) -> u32 {
        self.beginnings.get(three_letters(letters)).copied().unwrap_or(0)
    }

    pub(crate) fn reads_disguises(&self) -> bool {
        self.views.disguises
    }
}

/// Iterator over what a key stands for.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    postings: &'a [Posting],
    next: u32,
}

impl Iterator for Targets<'_> {
    type Item = Target;

    fn next(&mut self) -> Option<Target> {
        let posting = self.postings.get(self.next as usize)?;
        self.next = posting.next;
        Some(posting.target)
    }
}

/// Derived spellings of fewer bytes are looked at like keys.
const SHORTEST_DERIVED: u32 = 5;

/// A slot of a table of `slots`, which is a power of two. Takes other bits of the hash than [`Filter`] does.
#[inline]
fn slot(hash: u64, slots: usize) -> usize {
    (hash >> 12) as usize & slots.wrapping_sub(1)
}

/// What a first look at a word says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// Bit `KEY`: the word may be a key. Any other bit: it and a word of that class may be.
    bits: u32,
    /// 1 if the word is worth a second look, else 0.
    pub worth: u32,
}

impl Look {
    const KEY: u32 = 31;

    /// One of 32 classes of words.
    #[inline]
    const fn class(hash: u64) -> u32 {
        (hash >> 59) as u32
    }
}

/// Two bits for each key, both in one word of 64: one look in memory.
#[derive(Debug, Default)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// 16 to 32 bits of room for each key.
    fn of<'a>(keys: impl ExactSizeIterator<Item = &'a u64>) -> Self {
        let mut filter = Self { words: vec![0; (keys.len() / 4).next_power_of_two().max(64)] };
        keys.for_each(|key| filter.add(*key));
        filter
    }

    fn add(&mut self, key: u64) {
        let slot = Self::slot(key, self.words.len());
        if let Some(word) = self.words.get_mut(slot) {
            *word |= Self::bits(key);
        }
    }

    #[inline]
    fn may_hold(&self, key: u64) -> bool {
        let bits = Self::bits(key);
        self.words.get(Self::slot(key, self.words.len())).is_some_and(|word| word & bits == bits)
    }

    #[inline]
    fn bits(key: u64) -> u64 {
        1 << (key & 63) | 1 << (key >> 6 & 63)
    }

    #[inline]
    fn slot(key: u64, slots: usize) -> usize {
        (key >> 40) as usize & slots.wrapping_sub(1)
    }
}

/// Slots of two letters.
const ENDS: usize = 1 << 10;
/// Slots of three letters.
const BEGINNINGS: usize = 1 << 15;

fn ends(first: u8, last: u8) -> usize {
    usize::from(skeleton_letter(first) & 31) << 5 | usize::from(skeleton_letter(last) & 31)
}

fn three_letters(letters: [u8; 3]) -> usize {
    let [a, b, c] = letters.map(|letter| usize::from(letter & 31));
    a << 10 | b << 5 | c
}

/// The shape by which a hidden word is looked up: length, first and last letter, and the second letter, or where that
/// is hidden the last but one. None if both are.
fn shape(masked: &[u8]) -> Option<u64> {
    let (begin, end) = shapes(masked);
    match masked {
        // Too few letters for more than the ends.
        [_, _, _] | [_, _, _, _] => Some(begin),
        [_, second, .., before_last, _] => match (second, before_last) {
            (0, 0) => None,
            (0, _) => Some(end),
            _ => Some(begin),
        },
        _ => None,
    }
}

/// Both shapes of a word.
fn shapes(letters: &[u8]) -> (u64, u64) {
    let letter = |at: Option<usize>| u64::from(at.and_then(|at| letters.get(at)).copied().unwrap_or(0));
    let length = letters.len();
    let ends = letter(Some(0)) << 8 | letter(length.checked_sub(1)) | (length as u64) << 24;
    let long = length > 4;
    let inner = |at: Option<usize>, side: u64| if long { (letter(at) | side << 8) << 40 } else { 0 };
    // Spread over the table, which takes hashes as they are.
    let key = |bits: u64| hash_pair(bits, bits.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (key(ends | inner(Some(1), 1)), key(ends | inner(length.checked_sub(2), 2)))
}

/// A word of the vocabulary while the index is built.
#[derive(Debug)]
struct Word {
    text: Box<str>,
    affixes: bool,
    slips: bool,
}

#[derive(Debug, Default)]
struct Builder {
    index: Index,
    words: Vec<Word>,
    /// How many forms have this pair of words.
    pairs: ByHash<u32>,
    except: HashSet<String>,
    folded: Folded,
    /// What the looks at words have to let pass.
    looks: Vec<(u64, u32)>,
    derived: Vec<u64>,
}

impl Builder {
    fn add(&mut self, spec: FormSpec<'_>, views: Views) -> Result<(), IndexError> {
        if self.index.forms.len() >= MOST_FORMS {
            return Err(IndexError::TooMany);
        }
        let mut folded = std::mem::take(&mut self.folded);
        folded.refill(spec.text);
        let parts = if folded.words().is_empty() { folded.symbols() } else { folded.words() };
        let from = self.index.form_words.len();
        for part in parts {
            let text = std::str::from_utf8(folded.slice(part.start, part.end)).unwrap_or_default();
            let word = self.intern(text, part.hash, spec, views)?;
            self.index.form_words.push(word);
        }
        let to = self.index.form_words.len();
        self.folded = folded;
        if to - from > MOST_WORDS {
            return Err(IndexError::TooLong(spec.text.to_owned()));
        }
        let ids = self.index.form_words.get(from..to).unwrap_or_default();
        for pair in ids.windows(2) {
            *self.pairs.entry(pair_key(&self.index, pair)).or_default() += 1;
        }
        if to > from {
            self.index.forms.push(Form { term: spec.term, from: number(from), to: number(to) });
            self.except.extend(spec.except.iter().cloned());
        }
        Ok(())
    }

    fn intern(&mut self, text: &str, hash: u64, spec: FormSpec<'_>, views: Views) -> Result<WordId, IndexError> {
        if let Some(known) = self.index.word_ids.get(&hash) {
            let Some(word) = self.words.get_mut(*known as usize) else { return Ok(*known) };
            if &*word.text != text {
                return Err(IndexError::Collision(word.text.to_string(), text.to_owned()));
            }
            word.affixes |= spec.affixes && views.derived;
            word.slips |= spec.slips && views.derived;
            return Ok(*known);
        }
        let id = number(self.words.len());
        self.index.word_ids.insert(hash, id);
        self.index.word_hashes.push(hash);
        self.index.alone.push(false);
        self.words.push(Word { text: text.into(), affixes: spec.affixes && views.derived, slips: spec.slips && views.derived });
        Ok(id)
    }

    fn post(&mut self, key: u64, target: Target) {
        let at = number(self.index.postings.len());
        let next = self.index.keys.insert(key, at).unwrap_or(END);
        self.index.postings.push(Posting { target, next });
    }

    fn note_ends(&mut self, spelling: &str) {
        if let [first, .., last] = spelling.as_bytes() {
            let length = spelling.len().min(31);
            self.index.ends.iter_mut().skip(ends(*first, *last)).take(1).for_each(|lengths| *lengths |= 1 << length);
            let Some(letters) = spelling.as_bytes().first_chunk() else { return };
            let slot = three_letters(*letters);
            self.index.beginnings.iter_mut().skip(slot).take(1).for_each(|lengths| *lengths |= 1 << length);
        }
    }

    /// Makes the first look let a derived spelling pass.
    fn look_for(&mut self, spelling: &str, hash: u64) {
        self.note_ends(spelling);
        if spelling.len() < SHORTEST_DERIVED as usize {
            self.looks.push((hash, Look::KEY));
        } else {
            self.derived.push(hash);
        }
    }

    fn key_forms(&mut self, views: Views) {
        for form in 0..number(self.index.forms.len()) {
            let ids = self.index.words_of(form).to_vec();
            match ids.as_slice() {
                [] => {}
                [word] => {
                    self.post(self.index.hash_of(*word), Target::Form(form));
                    self.looks.push((self.index.hash_of(*word), Look::KEY));
                    self.index.alone.iter_mut().skip(*word as usize).take(1).for_each(|alone| *alone = true);
                }
                _ => {
                    let rarity = |pair: &&[WordId]| self.pairs.get(&pair_key(&self.index, pair)).copied().unwrap_or(0);
                    let rarest = ids.windows(2).min_by_key(rarity).unwrap_or_default();
                    let at = ids.windows(2).position(|pair| pair == rarest).unwrap_or(0);
                    let key = pair_key(&self.index, rarest);
                    self.post(key, Target::Pair { form, at: u16::try_from(at).unwrap_or(0) });
                    if let [first, second] = rarest {
                        let (first, second) = (self.index.hash_of(*first), self.index.hash_of(*second));
                        self.looks.push((first, Look::class(second)));
                    }
                    if views.derived {
                        self.glue(form, &ids);
                    }
                }
            }
        }
    }

    /// `bal segel` → `balsegel`; `awul awulan` → `awul2an`.
    fn glue(&mut self, form: u32, ids: &[WordId]) {
        let texts: Vec<&str> = ids.iter().filter_map(|id| self.words.get(*id as usize)).map(|word| &*word.text).collect();
        let mut glued = vec![texts.concat()];
        if let [first, second] = texts.as_slice()
            && let Some(ending) = second.strip_prefix(first)
        {
            glued.push(format!("{first}2{ending}"));
        }
        for spelling in glued {
            let hash = hash_word(spelling.as_bytes());
            let long = spelling.len() >= spelling::SHORTEST_GLUED || spelling.contains('2');
            if long && !self.index.word_ids.contains_key(&hash) && !self.except.contains(&spelling) {
                self.post(hash, Target::Glued(form));
                self.look_for(&spelling, hash);
            }
        }
    }

    /// Other spellings of the words, as keys. A spelling that is a word of the vocabulary stays that word.
    fn derive(&mut self) {
        let mut seen: HashSet<(u64, WordId)> = HashSet::new();
        let words = std::mem::take(&mut self.words);
        for (id, word) in words.iter().enumerate() {
            for Spelling { text, how } in spelling::derived(&word.text, word.affixes, word.slips) {
                let hash = hash_word(text.as_bytes());
                let free = !self.index.word_ids.contains_key(&hash) && !self.except.contains(&text);
                if free && seen.insert((hash, number(id))) {
                    self.post(hash, Target::Word(number(id), how));
                    self.look_for(&text, hash);
                }
            }
        }
        self.words = words;
    }

    /// What the places of disguise are compared with.
    fn disguise(&mut self) {
        let words = std::mem::take(&mut self.words);
        for (id, word) in words.iter().enumerate() {
            let affixed = spelling::derived(&word.text, word.affixes, false).into_iter().map(|spelling| spelling.text);
            for text in affixed.chain([word.text.to_string()]).filter(|text| text.len() >= 3) {
                self.note_ends(&text);
                let skeleton = skeleton(text.as_bytes());
                let readings = self.index.skeletons.entry(hash_word(&skeleton)).or_default();
                if !readings.contains(&number(id)) {
                    readings.push(number(id));
                }
                let (begin, end) = shapes(&skeleton);
                let skeleton = skeleton.into_boxed_slice();
                if begin != end {
                    self.index.shapes.entry(end).or_default().push((skeleton.clone(), number(id)));
                }
                self.index.shapes.entry(begin).or_default().push((skeleton, number(id)));
            }
        }
        self.words = words;
    }

    fn finish(mut self) -> Index {
        self.index.filter = Filter::of(self.index.keys.keys());
        self.index.looks = vec![0; (self.looks.len() * 4).next_power_of_two().max(1024)];
        for (hash, look) in &self.looks {
            let slot = slot(*hash, self.index.looks.len());
            self.index.looks.iter_mut().skip(slot).take(1).for_each(|entry| *entry |= 1 << look);
        }
        self.index.derived = vec![0; (self.derived.len() / 8).next_power_of_two().max(64)];
        for hash in &self.derived {
            let slot = slot(*hash, self.index.derived.len() * 64);
            self.index.derived.iter_mut().skip(slot / 64).take(1).for_each(|entry| *entry |= 1 << (slot % 64));
        }
        let spellings: HashSet<u64> = self.index.word_ids.keys().chain(self.index.keys.keys()).copied().collect();
        if self.index.views.disguises {
            self.index.spellings = Filter::of(spellings.iter());
            self.index.possible_skeletons = Filter::of(self.index.skeletons.keys());
            self.index.possible_shapes = Filter::of(self.index.shapes.keys());
        }
        self.index.postings.shrink_to_fit();
        self.index
    }
}

fn pair_key(index: &Index, pair: &[WordId]) -> u64 {
    match pair {
        [first, second, ..] => hash_pair(index.hash_of(*first), index.hash_of(*second)),
        _ => 0,
    }
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
