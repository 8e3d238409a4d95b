//! Thousands of faults while packages are handed over: a server that misbehaves at every step of the conversation, a
//! process that ends between its steps. Nothing is lost, nothing arrives twice, and what nobody can know is listed for a
//! person. A few hundred faults here; `just soak` asks for ten thousand (`SISIR_SOAK_FAULTS`).

use std::sync::Arc;

use sisir::config::{MailSecurity, Recipient};
use sisir::domain::batch::BatchKind;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::ids::BatchId;
use sisir::domain::post::Observation;
use sisir::domain::user::{Role, User};
use sisir::domain::{Entropy, Platform};
use sisir::mail::{MailSink, Misdeed, SinkFault, Step, Transport};
use sisir::pipeline::deliver::{LEASE, Settlement, deliver, settle};
use sisir::pipeline::{Checkpoints, Pipeline, batch, review, screen};
use sisir::store::{batches, decisions, outbox, posts, queue};

use crate::support::{Engine, Stage};

/// How long a run is: a number from the environment, or the short one of CI.
pub fn length(name: &str, short: usize) -> usize {
    std::env::var(name).map_or(short, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Made-up posts of TikTok that meet the criteria, flagged.
pub async fn flagged(stage: &Stage, from: usize, count: usize) {
    let seen: Vec<Observation> = (from..from + count)
        .map(|n| Observation {
            platform: Platform::Tiktok,
            native_id: format!("77100863364926{n:05}"),
            url: format!("https://www.tiktok.com/@toko.contoh{n}/video/77100863364926{n:05}"),
            author: format!("toko.contoh{n}"),
            text: format!("Buka bal impor Korea nomor {n}, ballpress segel 2jt, minat chat admin"),
            posted_at: Some(stage.pipeline.clock().now()),
            views: None,
        })
        .collect();
    let mut tx = stage.store().write_tx().await.unwrap();
    posts::upsert(&mut tx, "import", &seen).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    screen::screen(&stage.pipeline, |_| {}).await.unwrap();
}

/// Ends the process, as far as a process can end inside a test: the try is not carried on.
struct Dies(&'static str);

impl Checkpoints for Dies {
    fn reach(&self, place: &'static str) {
        if place == self.0 {
            // Without the words that a panic prints: there are thousands.
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Server(SinkFault),
    Death(&'static str),
}

#[derive(Debug, Default)]
struct Counts {
    faults: usize,
    packages: usize,
    deferred: usize,
    failed: usize,
    unknown: usize,
    unknown_arrived: usize,
}

struct Soak {
    stage: Stage,
    chance: Entropy,
    analyst: User,
    signer: User,
    admin: User,
    counts: Counts,
}

impl Soak {
    async fn new(engine: Engine, seed: u64) -> Option<Self> {
        let stage = Stage::new(engine).await?;
        let analyst = stage.person("ratna", Role::Analyst).await;
        let signer = stage.person("budi", Role::Approver).await;
        let admin = stage.person("joko", Role::Admin).await;
        Some(Self { stage, chance: Entropy::seeded(seed), analyst, signer, admin, counts: Counts::default() })
    }

    fn below(&self, n: usize) -> usize {
        usize::from(u16::from_le_bytes(self.chance.bytes())) % n
    }

    fn fault(&self) -> Fault {
        if self.below(6) == 0 {
            let places = ["deliver.before_attempt", "deliver.before_smtp", "deliver.after_smtp"];
            return Fault::Death(places[self.below(places.len())]);
        }
        let at = Step::ALL[self.below(Step::ALL.len())];
        // Silence takes a second of real time each.
        let does = if self.below(100) == 0 { Misdeed::Silence } else { Misdeed::ALL[self.below(4)] };
        assert!(Misdeed::ALL[..4].iter().all(|does| *does != Misdeed::Silence));
        Fault::Server(SinkFault { at, does })
    }

    /// The pipeline with a channel that was looked at today, and packages of one post that leave at any minute.
    fn pipeline(&self) -> Pipeline {
        let mut config = (*self.stage.pipeline.config).clone();
        let today = self.stage.pipeline.clock().now().in_jakarta().date().to_string();
        let every_minute = Recipient {
            email: "permintaan@tiktok.contoh.id".into(),
            verified_on: today,
            deliver: "* * * * *".into(),
            on_holidays: true,
            max_rows: 1,
            ..Recipient::default()
        };
        config.recipients.insert(Platform::Tiktok, every_minute);
        config.mail.timeout_seconds = 1;
        Pipeline { config: Arc::new(config), ..self.stage.pipeline.clone() }
    }

    async fn signed(&mut self) -> BatchId {
        let pipeline = self.pipeline();
        let drafted = batch::draft(&pipeline, &self.analyst, BatchKind::Request, Platform::Tiktok).await.unwrap();
        let rendered = batch::render(&pipeline, &self.analyst, drafted.id).await.unwrap();
        batch::sign(&pipeline, &self.signer, drafted.id, &rendered.package_sha256.unwrap()).await.unwrap();
        self.counts.packages += 1;
        drafted.id
    }

    /// Copies of this message that arrived.
    fn arrived(&self, message_id: &str) -> Vec<Vec<u8>> {
        let Some(first) = MailSink::find(&self.stage.mail_dir(), message_id) else { return Vec::new() };
        let copies = (2..).map(|n| first.with_extension(format!("{n}.eml"))).take_while(|path| path.exists());
        std::iter::once(first.clone()).chain(copies).map(|path| std::fs::read(path).unwrap()).collect()
    }

    /// One try, with a fault or without.
    async fn attempt(&mut self, fault: Option<Fault>) {
        let mut pipeline = self.pipeline();
        let mut mail = pipeline.config.mail.clone();
        match fault {
            Some(Fault::Server(fault)) => {
                if fault.at == Step::StartTls {
                    mail.security = MailSecurity::Starttls;
                }
                self.stage.sink.set_fault(Some(fault));
            }
            Some(Fault::Death(place)) => pipeline.checkpoints = Arc::new(Dies(place)),
            None => {}
        }
        self.counts.faults += usize::from(fault.is_some());
        let task = tokio::spawn(async move { deliver(&pipeline, &Transport::new(&mail)).await });
        match task.await {
            Ok(report) => drop(report.unwrap()),
            Err(error) => assert!(error.is_panic() && matches!(fault, Some(Fault::Death(_))), "{error}"),
        }
        self.stage.sink.set_fault(None);
    }

    /// Takes one package through faults to its end.
    async fn through(&mut self, id: BatchId, spare: usize) {
        let most = self.counts.faults + spare;
        loop {
            let delivery = outbox::by_batch(self.stage.store(), id).await.unwrap().unwrap();
            let arrived = self.arrived(&delivery.message_id);
            assert!(arrived.len() <= 1, "{} arrived twice", delivery.message_id);
            let now = self.stage.pipeline.clock().now();
            match delivery.state {
                DeliveryState::Queued => {
                    assert!(arrived.is_empty(), "what arrived would be sent again");
                    self.counts.deferred += usize::from(delivery.attempts > 0);
                    self.stage.clock.advance(delivery.due_at.since(now));
                    let fault = (self.counts.faults < most && self.below(30) > 0).then(|| self.fault());
                    self.attempt(fault).await;
                }
                // Its worker died: someone else gives the try up, and never repeats it.
                DeliveryState::Sending => {
                    self.stage.clock.advance(LEASE);
                    self.attempt(None).await;
                    let after = outbox::by_batch(self.stage.store(), id).await.unwrap().unwrap();
                    assert_eq!(after.state, DeliveryState::Unknown);
                }
                DeliveryState::Unknown => {
                    let listed = outbox::in_state(self.stage.store(), DeliveryState::Unknown).await.unwrap();
                    assert!(listed.iter().any(|one| one.id == delivery.id), "nobody would look at it");
                    self.counts.unknown += 1;
                    self.counts.unknown_arrived += arrived.len();
                    let found = if arrived.is_empty() { Settlement::SendAgain } else { Settlement::Arrived };
                    settle(&self.stage.pipeline, &self.admin, delivery.id, found).await.unwrap();
                }
                DeliveryState::Failed => {
                    assert!(arrived.is_empty(), "what arrived is called refused");
                    self.counts.failed += 1;
                    settle(&self.stage.pipeline, &self.admin, delivery.id, Settlement::SendAgain).await.unwrap();
                }
                DeliveryState::Sent => {
                    let signed = batches::file(self.stage.store(), id, batch::MESSAGE_FILE).await.unwrap().unwrap();
                    let copies: Vec<&[u8]> = arrived.iter().map(|mail| mail.trim_ascii_end()).collect();
                    assert_eq!(copies, vec![signed.bytes.trim_ascii_end()], "lost, or other bytes than the signed ones");
                    return;
                }
                DeliveryState::Cancelled => panic!("nobody gave it up"),
            }
        }
    }

    async fn run(&mut self, faults: usize) {
        let mut made = 0;
        while self.counts.faults < faults {
            let ready = decisions::ready(self.stage.store(), Platform::Tiktok, BatchKind::Request, 1).await.unwrap();
            if ready.is_empty() {
                flagged(&self.stage, made, 20).await;
                made += 20;
                let filter = queue::Filter { state: "open".into(), platform: "tiktok".into(), ..Default::default() };
                let now = self.stage.pipeline.clock().now();
                for card in queue::list(self.stage.store(), &filter, now, 100, None).await.unwrap() {
                    let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
                    let seen = self.stage.seen(card.id).await;
                    review::decide(&self.stage.pipeline, &self.analyst, card.id, &seen, &judgement).await.unwrap();
                }
                self.stage.second_all().await;
            }
            let id = self.signed().await;
            self.through(id, faults - self.counts.faults).await;
        }
        let all = outbox::in_state(self.stage.store(), DeliveryState::Sent).await.unwrap();
        assert_eq!(all.len(), self.counts.packages);
        assert_eq!(self.stage.mails().len(), self.counts.packages);
    }
}

async fn soak(engine: Engine, seed: u64) {
    let Some(mut soak) = Soak::new(engine, seed).await else { return };
    soak.run(length("SISIR_SOAK_FAULTS", 120)).await;
    let counts = &soak.counts;
    assert!(counts.unknown > 0 && counts.deferred > 0 && counts.failed > 0, "{counts:?}");
    assert!(counts.unknown_arrived > 0 && counts.unknown_arrived < counts.unknown, "{counts:?}");
    println!("{engine:?}, seed {seed}: lost 0, doubled 0; {counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_does_nothing_is_lost_or_doubled_sqlite() {
    soak(Engine::Sqlite, 20_261_127).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_does_nothing_is_lost_or_doubled_postgres() {
    soak(Engine::Postgres, 7).await;
}
