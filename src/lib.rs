//! Sisir ("to comb through") finds posts that promote illegally imported used clothing, for people to check and
//! then ask down.
//!
//! ```text
//!  platforms / imports
//!         │ 1 crawl        Observation          pipeline::crawl, pipeline::import
//!         ▼ 2 normalise    text + offset map    text
//!         ▼ 3 match        Findings             scan
//!         ▼ 4 flag         Flag + evidence      pipeline::screen
//!         ▼ 5 review       Decision             pipeline::review    (a person)
//!         ▼ 6 batch        SignedBatch          pipeline::batch     (a second person)
//!         ▼ 7 deliver      Attempt              pipeline::deliver
//!         ▼ 8 follow up    Check / withdrawal   pipeline::follow_up
//! ```
//!
//! Modules import only from those above them in the table of `docs/architecture.md`; a test sees to it.

pub mod bench;
pub mod cli;
pub mod config;
pub mod domain;
pub mod eval;
pub mod jobs;
pub mod mail;
pub mod pipeline;
pub mod platforms;
pub mod report;
pub mod rules;
pub mod scan;
pub mod store;
pub mod text;
pub mod web;
