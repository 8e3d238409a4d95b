//! Rule packs: files → diagnostics → a compiled, hashed [`RuleSet`].
//!
//! A pack is a folder: `pack.toml`, `terms/*.toml` (words on axes) and `rules/*.toml` (one rule a file, with
//! examples). A bad file is reported with file, line and mend, and left out; the rest goes on.
//!
//! * `files`: what stands in the files.
//! * `load`: reads them, every problem at once; `check` knows the problems.
//! * `compile`: the form the scanner uses. `index`: all words of all packs; `spelling`: how else they are written.
//! * `edit`: changes one term or rule of the files.
//! * `legal`: the dated registry that packs cite. `shipped`: the packs inside the program.

mod check;
mod compile;
mod diagnostic;
pub mod edit;
mod files;
pub mod index;
pub mod legal;
mod load;
mod shipped;
pub mod spelling;

pub use compile::{AxisIndex, Condition, Near, Operand, Pack, Rule, RuleSet, Term, TermIndex};
pub use diagnostic::{Diagnostic, Severity};
pub use files::{Axis, Bilingual, Brake, Examples, Field, Gate, Output, PackFile, PriceRange, RuleFile, Status, TermFile};
pub use load::{Loaded, PackSource, hash_of, load, overdue};
pub use shipped::{DEFAULT_PACK, shipped, shipped_packs};
