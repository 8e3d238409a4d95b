//! Mail: building the one message of a package, handing it over by SMTP, and the local mail sink of tests and demo.

pub mod inbox;
mod message;
mod sink;
mod transport;

pub use message::{Cover, MailError, build};
pub use sink::{MailSink, Misdeed, SinkFault, Step};
pub use transport::{Handover, Transport};
