//! SMTP. Until the first byte of the message an error means "not sent"; from there on only the server's answer tells,
//! and without one nobody can know. That is why the commands are given one by one here.

use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, commands};
use secrecy::ExposeSecret as _;

use crate::config::{Mail, MailSecurity};
use crate::domain::batch::SignedBatch;

/// The answer to a whole message may take so many times as long as any other (RFC 5321 section 4.5.3.2).
const MESSAGE_TIMES: u64 = 5;

/// How handing over went. Details hold codes and the server's words, never an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// The server took it (250).
    Accepted(String),
    /// Not taken now; nothing was sent.
    Deferred(String),
    /// Refused for good; nothing was sent.
    Rejected(String),
    /// The connection broke while the message was handed over: it may or may not have been taken.
    Unknown(String),
}

/// The way to the mail server.
#[derive(Debug, Clone)]
pub struct Transport {
    settings: Mail,
}

impl Transport {
    /// Nothing is opened yet.
    pub fn new(settings: &Mail) -> Self {
        Self { settings: settings.clone() }
    }

    /// Whether there is a mail server to talk to.
    pub fn is_configured(&self) -> bool {
        !self.settings.host.is_empty()
    }

    /// Hands a signed package over, byte for byte as signed.
    pub async fn send(&self, signed: &SignedBatch) -> Handover {
        let envelope = match self.envelope(signed.recipient()) {
            Ok(envelope) => envelope,
            Err(why) => return Handover::Rejected(why),
        };
        let (mut connection, server) = match self.connect().await {
            Ok(connection) => connection,
            Err(why) => return Handover::Deferred(why),
        };
        let not_sent = |step: &str, failure: Failure| {
            let why = format!("{server}, {step}: {}", failure.words());
            if failure.is_permanent() { Handover::Rejected(why) } else { Handover::Deferred(why) }
        };
        let mut options = Vec::new();
        if !signed.message().is_ascii() {
            if !connection.server_info().supports_feature(Extension::EightBitMime) {
                return Handover::Rejected(format!("{server} takes no message with other letters than ASCII (8BITMIME)"));
            }
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if let Err(failure) = self.within(1, connection.command(commands::Mail::new(envelope.from().cloned(), options))).await {
            return not_sent("MAIL FROM", failure);
        }
        for address in envelope.to() {
            if let Err(failure) = self.within(1, connection.command(commands::Rcpt::new(address.clone(), Vec::new()))).await {
                return not_sent("RCPT TO", failure);
            }
        }
        if let Err(failure) = self.within(1, connection.command(commands::Data)).await {
            return not_sent("DATA", failure);
        }
        match self.within(MESSAGE_TIMES, connection.message(signed.message())).await {
            Ok(response) => {
                // The message is taken; how the good-bye goes does not matter.
                let _ = self.within(1, connection.quit()).await;
                let said = response.first_line().unwrap_or_default();
                Handover::Accepted(format!("{server}: {} {}", response.code(), masked(said)).trim_end().to_owned())
            }
            Err(failure) if failure.is_answer() => not_sent("message", failure),
            Err(failure) => Handover::Unknown(format!("{server}, message: {}", failure.words())),
        }
    }

    /// A step with its time: a server that says nothing would hold the worker for ever.
    async fn within<T>(&self, times: u64, step: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        let seconds = self.settings.timeout_seconds.saturating_mul(times);
        match tokio::time::timeout(Duration::from_secs(seconds), step).await {
            Ok(done) => done.map_err(Failure::Smtp),
            Err(_) => Err(Failure::Silence(seconds)),
        }
    }

    /// Opens a connection and closes it: for `sisir doctor`.
    pub async fn probe(&self) -> Result<(), String> {
        let (mut connection, _) = self.connect().await?;
        let _ = self.within(1, connection.quit()).await;
        Ok(())
    }

    fn envelope(&self, recipient: &str) -> Result<Envelope, String> {
        let parse = |what: &str, address: &str| address.parse::<Address>().map_err(|_| format!("{what} is not a mail address"));
        let to = parse("the recipient", recipient)?;
        Envelope::new(Some(parse("mail.from", &self.settings.from)?), vec![to]).map_err(|error| error.to_string())
    }

    /// A connection to the first server that answers, and that server's address.
    async fn connect(&self) -> Result<(AsyncSmtpConnection, String), String> {
        let settings = &self.settings;
        if settings.host.is_empty() {
            return Err("no mail server is configured (mail.host)".into());
        }
        let mut problems = Vec::new();
        for host in std::iter::once(&settings.host).chain(&settings.other_hosts) {
            let at = format!("{host}:{}", settings.port);
            match self.within(1, self.connect_to(host)).await {
                Ok(connection) => return Ok((connection, at)),
                Err(failure) => problems.push(format!("mail server {at}: {}", failure.words())),
            }
        }
        Err(problems.join("; "))
    }

    async fn connect_to(&self, host: &str) -> Result<AsyncSmtpConnection, Error> {
        let settings = &self.settings;
        let hello = ClientId::default();
        let tls = || TlsParameters::new(host.to_owned());
        let direct = if settings.security == MailSecurity::Tls { Some(tls()?) } else { None };
        let mut connection = AsyncSmtpConnection::connect_tokio1((host, settings.port), None, &hello, direct, None).await?;
        if settings.security == MailSecurity::Starttls {
            connection.starttls(tls()?, &hello).await?;
        }
        if let (Some(name), Some(password)) = (&settings.username, &settings.password) {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }
}

/// Why a step failed.
enum Failure {
    /// The server, or the way to it, said so.
    Smtp(Error),
    /// Nothing was said for so many seconds.
    Silence(u64),
}

impl Failure {
    fn is_permanent(&self) -> bool {
        matches!(self, Self::Smtp(error) if error.is_permanent())
    }

    /// Whether the server answered, with "no" or "later".
    fn is_answer(&self) -> bool {
        matches!(self, Self::Smtp(error) if error.is_permanent() || error.is_transient())
    }

    fn words(&self) -> String {
        match self {
            Self::Smtp(error) => words(error),
            Self::Silence(seconds) => format!("no answer within {seconds} seconds"),
        }
    }
}

/// The error with its causes, mail addresses masked (servers like to repeat them).
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    masked(&text)
}

/// Without mail addresses.
fn masked(text: &str) -> String {
    text.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word }).collect::<Vec<_>>().join(" ")
}
