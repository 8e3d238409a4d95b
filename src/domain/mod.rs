//! Plain data and legal state changes. No IO and no async: everything here can be tested with values alone.
//!
//! The types follow the flow: [`post::Observation`] → [`flag::Flag`] → [`decision::Decision`] →
//! [`batch::SignedBatch`] → [`delivery::Attempt`] → [`check::Check`].

#[macro_use]
mod text_enum;

pub mod account;
pub mod agreement;
pub mod alert;
pub mod answer;
pub mod appeal;
pub mod audit;
pub mod audit_export;
pub mod batch;
pub mod calendar;
pub mod check;
pub mod clock;
pub mod deadline;
pub mod decision;
pub mod delivery;
pub mod entropy;
pub mod flag;
pub mod ids;
pub mod job;
pub mod legal;
pub mod mail;
pub mod minor;
pub mod platform;
pub mod post;
pub mod public_report;
pub mod recall;
pub mod rule_change;
pub mod source;
pub mod stage;
pub mod survival;
pub mod tip;
pub mod trust;
pub mod user;

pub use clock::{Clock, ManualClock, Millis, SystemClock, long_date_id};
pub use entropy::Entropy;
pub use platform::Platform;
pub use text_enum::UnknownValue;

use sha2::{Digest, Sha256};

/// Whether an address leads to this machine: what goes there crosses no network.
pub fn leads_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Lower-case hexadecimal SHA-256 (64 characters), the form in which every hash of Sisir is stored and printed.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
