//! Stories and contracts, on real parts: both databases, HTTP against the fake platforms, SMTP against the sink, the
//! program itself, a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, clippy::too_many_lines)]

mod browser;
mod cli;
mod delivery;
mod demo;
mod layers;
mod migrations;
mod platforms;
mod story;
mod support;
mod two_person;
mod web;
