//! Scheduled work: a tick is a row with a unique key, so any number of processes may tick; a worker claims a row with a
//! lease, works outside any transaction and ends it with a guarded update.

mod worker;

pub use worker::{Worker, tick};
