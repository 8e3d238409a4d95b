//! Labels → precision and recall with intervals. What is measured here decides how far a rule is trusted.

pub mod attack;
mod interval;
mod labelled;

pub use interval::clopper_pearson;
pub use labelled::{Confusion, Labelled, Outcome, Tally, evaluate, read_line};
