//! Rule packs: files → diagnostics → a compiled, hashed [`RuleSet`].
//!
//! A pack is a folder: `pack.toml`, `terms/*.toml` (words on axes) and `rules/*.toml` (one rule a file, with
//! examples). A bad file is reported with file, line and mend, and left out; the rest goes on.

mod compile;
mod diagnostic;
mod files;
mod load;
mod shipped;

pub use compile::{Rule, RuleSet, Term};
pub use diagnostic::Diagnostic;
pub use files::Bilingual;
pub use load::{Loaded, PackSource, load};
pub use shipped::{DEFAULT_PACK, shipped};
