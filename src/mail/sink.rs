//! A real SMTP listener on loopback that keeps every message as an `.eml` file: the demo's other end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mailin::{Action, Handler, Response, SessionBuilder, response};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Where in the conversation the sink misbehaves (RFC 5321 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Before its greeting.
    Greeting,
    /// At `EHLO`.
    Hello,
    /// At `STARTTLS`, which it offers for that.
    StartTls,
    /// At `MAIL FROM`.
    MailFrom,
    /// At `RCPT TO`.
    RcptTo,
    /// At `DATA`.
    Data,
    /// In the middle of the message: nothing is kept.
    Body,
    /// At the end of the message: what it does not refuse, it has kept.
    End,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 8] =
        [Self::Greeting, Self::Hello, Self::StartTls, Self::MailFrom, Self::RcptTo, Self::Data, Self::Body, Self::End];
}

/// What it does there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misdeed {
    /// Breaks the connection without a word.
    Drop,
    /// `451`: try again later.
    Defer,
    /// `550`: never.
    Reject,
    /// Answers what is no SMTP.
    Garbage,
    /// Says nothing and keeps the connection.
    Silence,
}

impl Misdeed {
    /// All.
    pub const ALL: [Self; 5] = [Self::Drop, Self::Defer, Self::Reject, Self::Garbage, Self::Silence];
}

/// How the sink misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkFault {
    /// Where.
    pub at: Step,
    /// How.
    pub does: Misdeed,
}

impl SinkFault {
    /// The recipient is put off.
    pub const DEFER: Self = Self { at: Step::RcptTo, does: Misdeed::Defer };
    /// The recipient is refused.
    pub const REJECT: Self = Self { at: Step::RcptTo, does: Misdeed::Reject };
    /// Keeps the message, then breaks the connection without an answer.
    pub const DROP_AFTER_DATA: Self = Self { at: Step::End, does: Misdeed::Drop };
}

/// The listener.
#[derive(Clone)]
pub struct MailSink {
    folder: PathBuf,
    fault: Arc<Mutex<Option<SinkFault>>>,
    received: Arc<AtomicU32>,
}

impl MailSink {
    /// Keeps messages in `folder`, which is made if needed.
    pub fn new(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), fault: Arc::default(), received: Arc::default() })
    }

    /// Misbehaves from now on, or not any more.
    pub fn set_fault(&self, fault: Option<SinkFault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Messages taken since the start.
    pub fn received(&self) -> u32 {
        self.received.load(Ordering::SeqCst)
    }

    /// Listens on a port of the system's choice until `stop`.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => break,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, peer)) => {
                            let sink = self.clone();
                            tokio::spawn(async move {
                                if let Err(error) = sink.talk(stream, peer.ip()).await {
                                    tracing::debug!(%error, "mail sink: connection ended");
                                }
                            });
                        }
                        Err(error) => tracing::warn!(%error, "mail sink: cannot accept"),
                    },
                }
            }
        });
        Ok(address)
    }

    async fn talk(&self, stream: TcpStream, peer: IpAddr) -> io::Result<()> {
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let mut builder = SessionBuilder::new("sisir-sink");
        if fault.is_some_and(|fault| fault.at == Step::StartTls) {
            builder.enable_start_tls();
        }
        let mut session = builder.build(peer, Keeper { sink: self.clone(), message: Vec::new() });
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let misdeed = |step| fault.filter(|fault| Some(fault.at) == step).map(|fault| fault.does);
        if let Some(does) = misdeed(Some(Step::Greeting)) {
            return misbehave(does, &mut read, &mut write).await;
        }
        write.write_all(&session.greeting().buffer()?).await?;
        let (mut line, mut in_message) = (Vec::new(), false);
        loop {
            line.clear();
            if read.read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            let step = step(&line, in_message);
            if let Some(does) = misdeed(step) {
                // At the end it has taken the message, unless it says that it has not.
                if step == Some(Step::End) && !matches!(does, Misdeed::Defer | Misdeed::Reject) {
                    session.process(&line);
                }
                return misbehave(does, &mut read, &mut write).await;
            }
            let answer = session.process(&line);
            in_message = match step {
                Some(Step::Data) => answer.code == 354,
                Some(Step::End) => false,
                _ => in_message,
            };
            match answer.action {
                Action::NoReply => {}
                Action::Reply | Action::UpgradeTls => write.write_all(&answer.buffer()?).await?,
                Action::Close => {
                    write.write_all(&answer.buffer()?).await?;
                    return Ok(());
                }
            }
        }
    }
}

/// The step that a line of the client belongs to.
fn step(line: &[u8], in_message: bool) -> Option<Step> {
    if in_message {
        return Some(if line == b".\r\n" { Step::End } else { Step::Body });
    }
    let text = String::from_utf8_lossy(line).to_uppercase();
    let starts = [
        ("EHLO", Step::Hello),
        ("HELO", Step::Hello),
        ("STARTTLS", Step::StartTls),
        ("MAIL", Step::MailFrom),
        ("RCPT", Step::RcptTo),
        ("DATA", Step::Data),
    ];
    starts.into_iter().find(|(word, _)| text.starts_with(word)).map(|(_, step)| step)
}

/// Does it, and ends the conversation.
async fn misbehave(
    does: Misdeed,
    read: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let says: &[u8] = match does {
        Misdeed::Drop => return Ok(()),
        Misdeed::Defer => b"451 4.3.2 come back later\r\n",
        Misdeed::Reject => b"550 5.7.1 never\r\n",
        Misdeed::Garbage => b"\x15\x03\x01 whatever\r\n",
        Misdeed::Silence => b"",
    };
    write.write_all(says).await?;
    write.flush().await?;
    // Whatever the client still says is read and not answered, until it goes.
    let mut rest = Vec::new();
    read.read_to_end(&mut rest).await.map(|_| ())
}

/// Where a message with this Message-ID is kept: the sink's answer to "did it arrive?".
pub fn kept_as(folder: &Path, message_id: &str) -> PathBuf {
    let name: String = message_id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@' | '_')).collect();
    folder.join(format!("{name}.eml"))
}

impl MailSink {
    /// Where a message with this Message-ID is kept, if it arrived.
    pub fn find(folder: &Path, message_id: &str) -> Option<PathBuf> {
        let path = kept_as(folder, message_id);
        path.exists().then_some(path)
    }
}

struct Keeper {
    sink: MailSink,
    message: Vec<u8>,
}

impl Handler for Keeper {
    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        match self.keep() {
            Ok(()) => response::OK,
            Err(error) => Response::custom(452, format!("cannot keep the message: {error}")),
        }
    }
}

impl Keeper {
    /// Writes the file under another name first: it is there whole or not at all. A second copy of one Message-ID is
    /// kept beside the first, so that a double delivery cannot hide.
    fn keep(&self) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.message);
        let id = text
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .unwrap_or("tanpa-id");
        let mut path = kept_as(&self.sink.folder, id);
        let mut copy = 1;
        while path.exists() {
            copy += 1;
            path = path.with_extension(format!("{copy}.eml"));
        }
        let part = path.with_extension("part");
        std::fs::write(&part, &self.message)?;
        std::fs::rename(&part, &path)?;
        self.sink.received.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
