//! Normalisation with a map back to the original bytes, so that evidence always points at what was really written.
//!
//! Two views of one text are made:
//! * [`Normalized`]: same order of characters, folded (compatibility forms, accents, case, look-alike letters,
//!   invisible characters, stretched letters). Patterns with punctuation (prices, links) run on it.
//! * [`Normalized::words`]: only the words, one space between and around them. Phrases run on it, so that
//!   `bal-segel`, `bal  segel` and `bal "segel"` are one phrase.

mod fold;
mod normalize;

pub use normalize::Normalized;
