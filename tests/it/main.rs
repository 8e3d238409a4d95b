//! Stories and contracts, on real parts: both databases, HTTP against the fake platforms, SMTP against the sink, the
//! program itself, a browser.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::too_many_lines,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests may fail, and read the environment"
)]

mod access;
mod accounts;
mod accounts_of_sellers;
mod after_sending;
mod answers;
mod api;
mod backups;
mod browser;
mod captures;
mod cli;
mod delivery;
mod demo;
mod desk;
mod desk_browser;
mod faulty_day;
mod figures;
mod further_letters;
mod half_year;
mod imports;
mod inbox;
mod jobs;
mod killed;
mod layers;
mod migrations;
mod oidc;
mod planning;
mod planning_simulation;
mod platforms;
mod portals;
mod preflight;
mod public_record;
mod quality;
mod real_mta;
mod recall;
mod retention;
mod rule_changes;
mod rules;
mod soak;
mod sources;
mod story;
mod support;
mod tips;
mod trust;
mod two_person;
mod two_person_machine;
mod web;
