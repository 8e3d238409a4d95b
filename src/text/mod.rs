//! Normalisation with a map back to the original bytes, so that evidence always points at what was really written.
//!
//! [`Folded`] is one text after one pass: compatibility forms, accents, case, look-alike letters, invisible characters
//! and stretched letters are gone. It knows its words (with their hashes), its symbols, and the places where a
//! disguise may hide (letters glued by one sign, letters written apart, hashtags). What those places *mean* depends on
//! the rules, so the scanner reads them.
//!
//! * `fold`: what one character becomes.
//! * `classes`: which of 64 bytes are letters, digits, spaces.
//! * `map`: folded position → original position.
//! * `folded`: puts the three together.
//! * `contacts`: telephone numbers, mail addresses and pages in a text.
//! * `likeness`: how alike two texts are.

mod classes;
mod contacts;
mod fold;
mod folded;
mod likeness;
mod map;
mod word;

pub use contacts::contacts;
pub use folded::{Disguises, Folded, Word};
pub use likeness::{Words, quarters};
pub use word::{hash_pair, hash_word};
