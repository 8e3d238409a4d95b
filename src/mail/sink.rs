//! A real SMTP listener on loopback that keeps every message as an `.eml` file: the demo's other end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mailin::{Action, Handler, Response, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How the sink misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkFault {
    /// `451` at the recipient: try again later.
    Defer,
    /// `550` at the recipient: never.
    Reject,
    /// Keeps the message, then breaks the connection without an answer.
    DropAfterData,
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
        let keeper = Keeper { sink: self.clone(), fault, message: Vec::new() };
        let mut session = SessionBuilder::new("sisir-sink").build(peer, keeper);
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(&session.greeting().buffer()?).await?;
        let mut line = Vec::new();
        loop {
            line.clear();
            if read.read_until(b'\n', &mut line).await? == 0 {
                return Ok(());
            }
            let answer = session.process(&line);
            match answer.action {
                Action::NoReply => {}
                Action::Reply | Action::UpgradeTls => write.write_all(&answer.buffer()?).await?,
                Action::Close => {
                    if fault != Some(SinkFault::DropAfterData) {
                        write.write_all(&answer.buffer()?).await?;
                    }
                    return Ok(());
                }
            }
        }
    }
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
    fault: Option<SinkFault>,
    message: Vec<u8>,
}

impl Handler for Keeper {
    fn rcpt(&mut self, _to: &str) -> Response {
        match self.fault {
            Some(SinkFault::Defer) => Response::custom(451, "come back later".into()),
            Some(SinkFault::Reject) => response::NO_MAILBOX,
            _ => response::OK,
        }
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        match self.keep() {
            Ok(()) if self.fault == Some(SinkFault::DropAfterData) => Response::custom(421, "gone".into()),
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
