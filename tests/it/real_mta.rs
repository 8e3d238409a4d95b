//! A mail server as Debian ships it (OpenSMTPD): our messages go through it into a mailbox, byte for byte, and its own
//! notice of what it could not deliver comes back into the inbox.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sisir::domain::Platform;
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::user::Role;
use sisir::mail::{SinkFault, Transport};
use sisir::pipeline::{Pipeline, batch, deliver, inbox};
use sisir::store::{batches, outbox};

use crate::support::{Engine, Stage, skip};
use crate::two_person::upheld;

struct Server {
    process: Child,
    port: u16,
    boxes: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Why it cannot run here, or the server: it delivers into mailboxes, and hands mail for `hilang.contoh.id` to `next`.
async fn start(dir: &Path, next: u16) -> Result<Server, String> {
    let program = ["/usr/sbin/smtpd", "/usr/local/sbin/smtpd"].into_iter().find(|path| Path::new(path).exists());
    let program = program.ok_or("no smtpd here; install the package opensmtpd")?;
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    if !root {
        return Err("OpenSMTPD starts as root only".into());
    }
    let boxes = dir.join("boxes");
    std::fs::create_dir(&boxes).map_err(|error| error.to_string())?;
    // It delivers as `nobody`.
    for (path, mode) in [(dir, 0o755), (&boxes, 0o777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|error| error.to_string())?;
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|error| error.to_string())?;
    let port = free.port();
    let configuration = format!(
        "listen on 127.0.0.1 port {port} hostname mx.contoh.id\ntable people {{ \"@\" = nobody }}\n\
         action \"keep\" maildir \"{boxes}/%{{rcpt.user:lowercase}}\" virtual <people>\n\
         action \"out\" relay host smtp://127.0.0.1:{next}\n\
         match from any for domain \"contoh.go.id\" action \"keep\"\nmatch from local for domain \"contoh.go.id\" action \"keep\"\n\
         match from any for domain \"tiktok.contoh.id\" action \"keep\"\nmatch from any for domain \"hilang.contoh.id\" action \"out\"\n",
        boxes = boxes.display()
    );
    let file = dir.join("smtpd.conf");
    std::fs::write(&file, configuration).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("-d").arg("-f").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().map_err(|error| error.to_string())?;
    let mut server = Server { process, port, boxes };
    let up = until(|| {
        let gone = server.process.try_wait().is_ok_and(|ended| ended.is_some());
        (gone || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(gone)
    });
    match up.await {
        Some(false) => Ok(server),
        _ => Err("smtpd did not start; does another one run on this machine?".into()),
    }
}

/// Waits for what another process does, half a minute at most.
async fn until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        ticks.tick().await;
        if let Some(found) = look() {
            return Some(found);
        }
    }
    None
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder.join("new")).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debian_mail_server_takes_our_messages_and_says_what_came_back() {
    let stage = Stage::new(Engine::Sqlite).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    // The server behind the server refuses.
    stage.sink.set_fault(Some(SinkFault::REJECT));
    let server = match start(dir.path(), stage.pipeline.config.mail.port).await {
        Ok(server) => server,
        Err(why) => return skip(&why),
    };
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    upheld(&stage, &[&ratna]).await;
    let mut sent = Vec::new();
    for address in ["permintaan@tiktok.contoh.id", "permintaan@hilang.contoh.id"] {
        let mut config = (*stage.pipeline.config).clone();
        let to = config.recipients.get_mut(&Platform::Tiktok).unwrap();
        (to.max_rows, to.email) = (3, address.into());
        config.mail.port = server.port;
        config.mail.inbox = Some(server.boxes.join("penurunan"));
        let pipeline = Pipeline { config: Arc::new(config), ..stage.pipeline.clone() };
        let drafted = batch::draft(&pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
        let package = batch::render(&pipeline, &ratna, drafted.id).await.unwrap();
        let due = batch::sign(&pipeline, &budi, package.id, &package.package_sha256.unwrap()).await.unwrap();
        stage.clock.advance(due.since(stage.pipeline.clock().now()));
        let report = deliver::deliver(&pipeline, &Transport::new(&pipeline.config.mail)).await.unwrap();
        assert_eq!(report.sent, 1, "{report:?}");
        let delivery = outbox::by_batch(stage.store(), drafted.id).await.unwrap().unwrap();
        let tries = outbox::attempts(stage.store(), delivery.id).await.unwrap();
        assert!(tries[0].detail.contains("250"), "what the server said is written down: {}", tries[0].detail);
        sent.push((drafted.id, pipeline));
    }
    // It arrived as it was signed, behind the lines that the server writes before it.
    let arrived = until(|| mails(&server.boxes.join("permintaan")).pop()).await.expect("the message in its mailbox");
    let arrived = std::fs::read(arrived).unwrap();
    let arrived = String::from_utf8(arrived).unwrap().replace("\r\n", "\n");
    let signed = batches::file(stage.store(), sent[0].0, batch::MESSAGE_FILE).await.unwrap().unwrap();
    let signed = String::from_utf8(signed.bytes).unwrap().replace("\r\n", "\n");
    assert!(arrived.trim_end().ends_with(signed.trim_end()), "other bytes than the signed ones arrived");
    // The other one was taken, and could not be handed on.
    let (lost, pipeline) = &sent[1];
    assert_eq!(batches::require(stage.store(), *lost).await.unwrap().state, BatchState::Sent);
    until(|| mails(&server.boxes.join("penurunan")).pop()).await.expect("the notice in our inbox");
    stage.later(60);
    let report = inbox::read(pipeline).await.unwrap();
    assert_eq!((report.bounces, report.unfiled), (1, 0), "{report:?}");
    let delivery = outbox::by_batch(stage.store(), *lost).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Failed, "a person has to look");
    assert_eq!(batches::require(stage.store(), sent[0].0).await.unwrap().state, BatchState::Sent, "the other one stays sent");
}
