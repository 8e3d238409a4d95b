//! SMTP. Opening the connection and handing over are told apart: before the first command of the message an error
//! means "not sent"; in the middle of it nobody can know.

use std::time::Duration;

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;

use crate::config::{Mail, MailSecurity};
use crate::domain::batch::SignedBatch;

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
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(why) => return Handover::Deferred(why),
        };
        let result = connection.send(&envelope, signed.message()).await;
        match result {
            Ok(response) => {
                // The message is taken; how the good-bye goes does not matter.
                let _ = connection.quit().await;
                Handover::Accepted(format!("{}", response.code()))
            }
            Err(error) if error.is_permanent() => Handover::Rejected(words(&error)),
            Err(error) if error.is_transient() => Handover::Deferred(words(&error)),
            Err(error) => Handover::Unknown(words(&error)),
        }
    }

    /// Opens a connection and closes it: for `sisir doctor`.
    pub async fn probe(&self) -> Result<(), String> {
        let mut connection = self.connect().await?;
        let _ = connection.quit().await;
        Ok(())
    }

    fn envelope(&self, recipient: &str) -> Result<Envelope, String> {
        let parse = |what: &str, address: &str| address.parse::<Address>().map_err(|_| format!("{what} is not a mail address"));
        let to = parse("the recipient", recipient)?;
        Envelope::new(Some(parse("mail.from", &self.settings.from)?), vec![to]).map_err(|error| error.to_string())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let settings = &self.settings;
        if settings.host.is_empty() {
            return Err("no mail server is configured (mail.host)".into());
        }
        let server = (settings.host.as_str(), settings.port);
        let at = format!("{}:{}", settings.host, settings.port);
        let fail = |error: lettre::transport::smtp::Error| format!("mail server {at}: {}", words(&error));
        let hello = ClientId::default();
        let tls = || TlsParameters::new(settings.host.clone()).map_err(fail);
        let direct = if settings.security == MailSecurity::Tls { Some(tls()?) } else { None };
        let timeout = Some(Duration::from_secs(settings.timeout_seconds));
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, timeout, &hello, direct, None).await.map_err(fail)?;
        if settings.security == MailSecurity::Starttls {
            connection.starttls(tls()?, &hello).await.map_err(fail)?;
        }
        if let (Some(name), Some(password)) = (&settings.username, &settings.password) {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(fail)?;
        }
        Ok(connection)
    }
}

/// The error with its causes, mail addresses masked (servers like to repeat them).
fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text.split_whitespace().map(|word| if word.contains('@') { "<address>" } else { word }).collect::<Vec<_>>().join(" ")
}
