//! People decide, agree, draft, sign, cancel, change roles, all at once and with what they read a while ago; the process
//! is started anew in between. Whatever they do in whatever order, no bytes leave that lack two different people.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sisir::config::Recipient;
use sisir::domain::batch::{BatchKind, BatchState, Office};
use sisir::domain::decision::{FollowUp, Judgement, Reason, Verdict};
use sisir::domain::ids::{BatchId, FlagId, UserId};
use sisir::domain::user::{Language, Role, User};
use sisir::domain::{Platform, sha256_hex};
use sisir::mail::{MailSink, Transport};
use sisir::pipeline::users::Change;
use sisir::pipeline::{Pipeline, batch, deliver, letters, review, users};
use sisir::store::{Store, batches, decisions, users as accounts};
use sqlx::Row as _;

use crate::soak::{flagged, length};
use crate::support::{Engine, Stage};

/// People, posts.
const PEOPLE: usize = 4;
const POSTS: usize = 6;

/// What somebody tries. Indices are taken modulo what there is.
#[derive(Debug, Clone)]
enum Op {
    Decide {
        who: usize,
        post: usize,
        reason: Reason,
        /// Upheld, customs gets a lead instead of the platform a request.
        lead: bool,
    },
    Agree {
        who: usize,
        post: usize,
    },
    Undo {
        who: usize,
        post: usize,
    },
    Draft {
        who: usize,
        kind: BatchKind,
    },
    /// A draft that is rendered at once, as the desk does it.
    Package {
        who: usize,
        kind: BatchKind,
    },
    /// A letter about the newest package of its kind that was sent, rendered at once.
    Follow {
        who: usize,
        kind: BatchKind,
    },
    Render {
        who: usize,
        batch: usize,
    },
    /// `stale`: as the person that was signed in before roles were changed. `wrong`: a hash that was not shown.
    Sign {
        who: usize,
        batch: usize,
        wrong: bool,
        stale: bool,
    },
    Cancel {
        who: usize,
        batch: usize,
    },
    Role {
        who: usize,
        role: Role,
    },
    Disable {
        who: usize,
        off: bool,
    },
    /// The page of a post, kept open: later decisions rest on what was read now.
    Read {
        post: usize,
    },
    Pause {
        hours: u64,
    },
    Deliver,
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    // The newest package most of the time.
    let (who, post, batch) = (0..PEOPLE, 0..POSTS, prop_oneof![3 => Just(0_usize), 1 => 0..6_usize]);
    let kinds = prop::sample::select(vec![BatchKind::Request, BatchKind::Request, BatchKind::Withdrawal, BatchKind::Lead]);
    let further = prop::sample::select(vec![BatchKind::Reminder, BatchKind::Correction]);
    let roles = prop::sample::select(vec![Role::Analyst, Role::Approver, Role::Supervisor, Role::Viewer, Role::Admin]);
    let reasons = prop::sample::select(vec![Reason::BaleOffer, Reason::BaleOffer, Reason::RetailOffer, Reason::Mistake]);
    prop_oneof![
        6 => (who.clone(), post.clone(), reasons, prop::bool::weighted(0.25))
            .prop_map(|(who, post, reason, lead)| Op::Decide { who, post, reason, lead }),
        6 => (who.clone(), post.clone()).prop_map(|(who, post)| Op::Agree { who, post }),
        1 => (who.clone(), post.clone()).prop_map(|(who, post)| Op::Undo { who, post }),
        1 => (who.clone(), kinds.clone()).prop_map(|(who, kind)| Op::Draft { who, kind }),
        5 => (who.clone(), kinds).prop_map(|(who, kind)| Op::Package { who, kind }),
        5 => (who.clone(), further).prop_map(|(who, kind)| Op::Follow { who, kind }),
        2 => (who.clone(), batch.clone()).prop_map(|(who, batch)| Op::Render { who, batch }),
        6 => (who.clone(), batch.clone(), prop::bool::weighted(0.1), any::<bool>())
            .prop_map(|(who, batch, wrong, stale)| Op::Sign { who, batch, wrong, stale }),
        1 => (who.clone(), batch).prop_map(|(who, batch)| Op::Cancel { who, batch }),
        2 => (who.clone(), roles).prop_map(|(who, role)| Op::Role { who, role }),
        1 => (who, any::<bool>()).prop_map(|(who, off)| Op::Disable { who, off }),
        1 => post.prop_map(|post| Op::Read { post }),
        1 => (1..30_u64).prop_map(|hours| Op::Pause { hours }),
        // The day by which an answer was hoped for is over.
        1 => Just(Op::Pause { hours: 9 * 24 }),
        3 => Just(Op::Deliver),
        1 => Just(Op::Restart),
    ]
}

/// Some things happen at the same moment.
fn steps() -> impl Strategy<Value = Vec<Vec<Op>>> {
    prop::collection::vec(prop_oneof![4 => prop::collection::vec(op(), 1), 1 => prop::collection::vec(op(), 2..4)], 30..70)
}

struct Machine {
    stage: Stage,
    pipeline: Pipeline,
    people: Vec<UserId>,
    /// As they were when they signed in.
    stale: Vec<User>,
    flags: Vec<FlagId>,
    read: BTreeMap<FlagId, decisions::Seen>,
}

impl Machine {
    async fn new(engine: Engine) -> Option<Self> {
        let stage = Stage::new(engine).await?;
        let mut stale = Vec::new();
        for (name, role) in
            [("ratna", Role::Analyst), ("dewi", Role::Analyst), ("budi", Role::Approver), ("sari", Role::Approver)]
        {
            // Hashing passwords takes longer than all the rest; nobody signs in here.
            let mut tx = stage.store().write_tx().await.unwrap();
            accounts::insert(&mut tx, name, role, false, Language::Indonesian, "x").await.unwrap();
            tx.commit_housekeeping().await.unwrap();
            stale.push(accounts::by_name(stage.store(), name).await.unwrap().unwrap());
        }
        flagged(&stage, 0, POSTS).await;
        let flags: Vec<FlagId> = (1..=POSTS).map(|id| FlagId(i64::try_from(id).unwrap())).collect();
        let mut config = (*stage.pipeline.config).clone();
        let to = Recipient {
            email: "permintaan@tiktok.contoh.id".into(),
            verified_on: "2026-11-18".into(),
            deliver: "* * * * *".into(),
            on_holidays: true,
            max_rows: 2,
            ..Recipient::default()
        };
        let customs = Recipient { office: "Direktur Contoh".into(), email: "informasi@beacukai.contoh.id".into(), ..to.clone() };
        config.offices.insert(Office::Customs, customs);
        config.recipients.insert(Platform::Tiktok, to);
        let pipeline = Pipeline { config: Arc::new(config), ..stage.pipeline.clone() };
        Some(Self { people: stale.iter().map(|user| user.id).collect(), stage, pipeline, stale, flags, read: BTreeMap::new() })
    }

    /// Every post is upheld by one of them and read by another, if these two may.
    async fn begin(&mut self, by: &[(usize, usize)]) {
        for (post, (who, second)) in by.iter().enumerate() {
            self.step(&[Op::Decide { who: *who, post, reason: Reason::BaleOffer, lead: false }]).await;
            self.step(&[Op::Agree { who: *second, post }]).await;
        }
    }

    /// A request and a lead leave, and the day by which an answer was hoped for passes: what further letters are about.
    async fn go_on(&mut self) {
        let signed = [
            Op::Sign { who: 2, batch: 0, wrong: false, stale: false },
            Op::Sign { who: 3, batch: 0, wrong: false, stale: false },
        ];
        let lead = Op::Decide { who: 0, post: POSTS - 1, reason: Reason::BaleOffer, lead: true };
        let packages = [BatchKind::Request, BatchKind::Lead].map(|kind| Op::Package { who: 0, kind });
        for op in [lead, Op::Agree { who: 1, post: POSTS - 1 }] {
            self.step(&[op]).await;
        }
        for package in packages {
            for op in [package].iter().chain(&signed).chain(&[Op::Deliver]) {
                self.step(std::slice::from_ref(op)).await;
            }
        }
        self.step(&[Op::Pause { hours: 9 * 24 }]).await;
    }

    async fn now(&self, who: usize) -> User {
        accounts::get(&self.pipeline.store, self.people[who]).await.unwrap().unwrap()
    }

    async fn batch(&self, at: usize) -> Option<BatchId> {
        let all = batches::list(&self.pipeline.store, 100).await.unwrap();
        (!all.is_empty()).then(|| all[at % all.len()].id)
    }

    /// Tries it. Whether it is allowed is not this machine's business; what leaves is.
    async fn perform(&self, op: &Op) {
        let pipeline = &self.pipeline;
        match op {
            Op::Decide { who, post, reason, lead } => {
                let flag = self.flags[*post];
                let seen = match self.read.get(&flag) {
                    Some(seen) => seen.clone(),
                    None => decisions::seen(&pipeline.store, flag).await.unwrap(),
                };
                let mut judgement = Judgement::new(reason.verdict(), *reason, "").unwrap();
                if *lead && reason.verdict() == Verdict::Uphold {
                    judgement = judgement.with_follow_up(FollowUp::CustomsLead).unwrap();
                }
                let _ = review::decide(pipeline, &self.now(*who).await, flag, &seen, &judgement).await;
            }
            Op::Agree { who, post } => {
                let seen = decisions::seen(&pipeline.store, self.flags[*post]).await.unwrap();
                let _ = review::agree(pipeline, &self.now(*who).await, self.flags[*post], &seen).await;
            }
            Op::Undo { who, post } => {
                let flag = self.flags[*post];
                if let Some(newest) = decisions::of_flag(&pipeline.store, flag).await.unwrap().first() {
                    let _ = review::undo(pipeline, &self.now(*who).await, flag, newest.id).await;
                }
            }
            Op::Package { who, kind } => {
                if let Ok(drafted) = batch::draft(pipeline, &self.now(*who).await, *kind, Platform::Tiktok).await {
                    let _ = batch::render(pipeline, &self.now(*who).await, drafted.id).await;
                }
            }
            Op::Follow { who, kind } => {
                let about = if *kind == BatchKind::Reminder { BatchKind::Request } else { BatchKind::Lead };
                let all = batches::list(&pipeline.store, 100).await.unwrap();
                let Some(sent) = all.iter().find(|batch| batch.kind == about && batch.state == BatchState::Sent) else { return };
                if let Ok(drafted) = letters::draft(pipeline, &self.now(*who).await, *kind, sent.id).await {
                    let _ = batch::render(pipeline, &self.now(*who).await, drafted.id).await;
                }
            }
            Op::Draft { who, kind } => drop(batch::draft(pipeline, &self.now(*who).await, *kind, Platform::Tiktok).await),
            Op::Render { who, batch } => {
                if let Some(id) = self.batch(*batch).await {
                    let _ = batch::render(pipeline, &self.now(*who).await, id).await;
                }
            }
            Op::Sign { who, batch, wrong, stale } => {
                let Some(id) = self.batch(*batch).await else { return };
                let shown = batches::require(&pipeline.store, id).await.unwrap().package_sha256.unwrap_or_default();
                let shown = if *wrong { sha256_hex(b"other bytes") } else { shown };
                let user = if *stale { self.stale[*who].clone() } else { self.now(*who).await };
                let _ = batch::sign(pipeline, &user, id, &shown).await;
            }
            Op::Cancel { who, batch } => {
                if let Some(id) = self.batch(*batch).await {
                    let _ = batch::cancel(pipeline, &self.now(*who).await, id).await;
                }
            }
            Op::Role { who, role } => {
                let name = self.stale[*who].name.clone();
                let _ = users::change_by_operator(pipeline, &name, &Change::Role(*role)).await;
            }
            Op::Disable { who, off } => {
                let name = self.stale[*who].name.clone();
                let _ = users::change_by_operator(pipeline, &name, &Change::Disabled(*off)).await;
            }
            Op::Pause { hours } => self.stage.later(hours * 3600),
            Op::Deliver => {
                self.stage.later(61);
                let _ = deliver::deliver(pipeline, &Transport::new(&pipeline.config.mail)).await;
            }
            Op::Read { .. } | Op::Restart => {}
        }
    }

    async fn step(&mut self, ops: &[Op]) {
        futures::future::join_all(ops.iter().map(|op| self.perform(op))).await;
        for op in ops {
            match op {
                Op::Read { post } => {
                    let flag = self.flags[*post];
                    self.read.insert(flag, decisions::seen(&self.pipeline.store, flag).await.unwrap());
                }
                // What a new process knows is what the database holds.
                Op::Restart => {
                    let clock = Arc::clone(&self.stage.clock) as _;
                    self.pipeline.store.close().await;
                    self.pipeline.store = Store::connect(&self.pipeline.config.database.url, 4, clock).await.unwrap();
                    self.read.clear();
                }
                _ => {}
            }
        }
    }

    /// Looks at what left, in the sink and in plain SQL: not through the code that is being tried.
    async fn check(&self) -> Counts {
        let mut counts = Counts::default();
        for batch in batches::list(&self.pipeline.store, 1_000).await.unwrap() {
            counts.batches += 1;
            counts.signed += usize::from(matches!(batch.state, BatchState::Signed | BatchState::Sent));
            let Some(message_id) = &batch.message_id else { continue };
            let Some(mail) = MailSink::find(&self.stage.mail_dir(), message_id) else {
                assert_ne!(batch.state, BatchState::Sent, "{} is called sent", batch.code);
                continue;
            };
            counts.left += 1;
            counts.further += usize::from(!matches!(batch.kind, BatchKind::Request | BatchKind::Withdrawal));
            assert!(!mail.with_extension("2.eml").exists(), "{} left twice", batch.code);
            // Mail travels with one line end after the last line.
            let bytes = std::fs::read(&mail).unwrap();
            let sha256 = sha256_hex(bytes.strip_suffix(b"\r\n").unwrap());
            let facts = self.facts(batch.id).await;
            assert!(!facts.is_empty(), "{} left without a signature or without rows", batch.code);
            for row in facts {
                assert_eq!(row.signed_sha256, sha256, "{}: other bytes than the signed ones", batch.code);
                assert_ne!(row.signer, row.reviewer, "{}: one person did both", batch.code);
                let writer = batch.about_id.map(|_| batch.created_by.0);
                assert_ne!(Some(row.signer), writer, "{}: one person wrote and signed", batch.code);
                assert!(row.signer_was_approver, "{}: signed by somebody who was no approver then", batch.code);
            }
        }
        counts
    }

    /// Each row of a package with its signature. Whether the signer was an approver then is read from the log.
    async fn facts(&self, id: BatchId) -> Vec<Facts> {
        let sql = format!(
            "SELECT s.signer_id, s.package_sha256, s.signed_at, d.decided_by FROM signatures s
             JOIN (SELECT batch_id, decision_id FROM requests UNION ALL SELECT batch_id, decision_id FROM mentions) r ON r.batch_id = s.batch_id
             JOIN decisions d ON d.id = r.decision_id WHERE s.batch_id = {}",
            id.0
        );
        let url = &self.pipeline.config.database.url;
        let rows: Vec<(i64, String, i64, i64)> = if url.starts_with("sqlite:") {
            let pool = sqlx::SqlitePool::connect(url).await.unwrap();
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            pool.close().await;
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        } else {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            pool.close().await;
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
        };
        let log = sisir::store::audit::all(&self.pipeline.store).await.unwrap();
        let was_approver = |signer: i64| {
            let first = self.stale.iter().find(|user| user.id.0 == signer).unwrap().role;
            let signing =
                log.iter().position(|event| event.action.as_str() == "batch_signed" && event.subject == format!("batch:{id}"));
            let before = &log[..signing.unwrap()];
            let mut changes =
                before.iter().filter(|event| event.subject == format!("user:{signer}") && event.detail.starts_with("role="));
            let last = changes.next_back().map(|event| event.detail["role=".len()..].split(' ').next().unwrap().to_owned());
            let mut switched =
                before.iter().filter(|event| event.subject == format!("user:{signer}") && event.detail.starts_with("disabled="));
            let off = switched.next_back().is_some_and(|event| event.detail == "disabled=true");
            !off && last.unwrap_or_else(|| first.as_str().to_owned()) == "approver"
        };
        rows.into_iter()
            .map(|(signer, signed_sha256, _, reviewer)| Facts {
                signer,
                reviewer,
                signed_sha256,
                signer_was_approver: was_approver(signer),
            })
            .collect()
    }
}

struct Facts {
    signer: i64,
    reviewer: i64,
    signed_sha256: String,
    signer_was_approver: bool,
}

#[derive(Debug, Default)]
struct Counts {
    cases: usize,
    steps: usize,
    batches: usize,
    signed: usize,
    left: usize,
    /// Of these, leads, reminders, corrections.
    further: usize,
}

fn machine(engine: Engine) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cases = u32::try_from(length("SISIR_SOAK_CASES", 8)).unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let total = std::sync::Mutex::new(Some(Counts::default()));
    let first = prop::collection::vec((0..PEOPLE, 0..PEOPLE), POSTS);
    let result = runner.run(&(first, any::<bool>(), steps()), |(first, later, steps)| {
        let counts = runtime.block_on(async {
            let mut machine = Machine::new(engine).await?;
            machine.begin(&first).await;
            if later {
                machine.go_on().await;
            }
            for step in &steps {
                machine.step(step).await;
            }
            // What was signed leaves, if it may.
            machine.step(&[Op::Deliver]).await;
            Some(machine.check().await)
        });
        let mut total = total.lock().unwrap();
        match (counts, total.as_mut()) {
            (Some(counts), Some(total)) => {
                total.cases += 1;
                total.steps += steps.len();
                total.batches += counts.batches;
                total.signed += counts.signed;
                total.left += counts.left;
                total.further += counts.further;
            }
            // This database cannot be had here; the reason is printed.
            _ => *total = None,
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    if let Some(total) = total.into_inner().unwrap() {
        assert!(total.signed > 0 && total.left > 0 && total.further > 0, "nothing was tried: {total:?}");
        println!("{engine:?}: {total:?}, none without two people");
    }
}

#[test]
fn no_bytes_leave_without_two_people_sqlite() {
    machine(Engine::Sqlite);
}

#[test]
fn no_bytes_leave_without_two_people_postgres() {
    machine(Engine::Postgres);
}
