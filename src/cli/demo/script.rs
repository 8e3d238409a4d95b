//! The scripted demo: the whole chain once, on a fixed clock, ending with a withdrawal. Every step looks at what is
//! already there, so a run that was cut off anywhere is finished by the next one.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use super::stage::Stage;
use super::{Options, granted, requested};
use crate::cli::{FINE, output, setup};
use crate::domain::batch::{BatchKind, BatchState};
use crate::domain::check::CONFIRM_AFTER;
use crate::domain::decision::{Judgement, Reason, Verdict};
use crate::domain::delivery::DeliveryState;
use crate::domain::flag::Priority;
use crate::domain::ids::BatchId;
use crate::domain::job::JobKind;
use crate::domain::user::{Role, User};
use crate::domain::{Clock as _, Platform};
use crate::jobs::Worker;
use crate::mail::MailSink;
use crate::pipeline::deliver::{Settlement, settle};
use crate::pipeline::{batch, review, status, users};
use crate::store::{self, batches, decisions, flags, jobs, outbox, posts, queue};

const REVIEWER: &str = "skrip-pemeriksa";
const SIGNER: &str = "skrip-penanda";
const OPERATOR: &str = "skrip-pengelola";

/// Rounds of "settle, wait for the schedule, deliver" before something is really wrong.
const ROUNDS: u32 = 10;

pub async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let stage = Stage::open(options).await?;
    setup::log(&stage.pipeline.config);
    let script = Script { worker: setup::worker(&stage.pipeline, "skrip".into())?, stage };
    let result = script.perform().await;
    if let Some(path) = &options.places {
        std::fs::write(path, script.stage.watch.places())?;
    }
    script.stage.close().await;
    result.map(|()| FINE)
}

struct Script {
    stage: Stage,
    worker: Worker,
}

impl Script {
    async fn perform(&self) -> anyhow::Result<()> {
        let reviewer = self.person(REVIEWER, Role::Analyst).await?;
        let signer = self.person(SIGNER, Role::Approver).await?;
        let operator = self.person(OPERATOR, Role::Admin).await?;
        self.job(JobKind::Crawl, "once").await?;
        self.job(JobKind::Screen, "once").await?;
        self.review(&reviewer).await?;
        self.second(&signer).await?;
        for platform in [Platform::Tiktok, Platform::Threads] {
            self.package(BatchKind::Request, platform, &reviewer, &signer).await?;
        }
        self.deliver(&operator).await?;
        // The platforms answer; two looks an hour apart tell what is unavailable.
        self.stage.fake.remove(granted(&requested(&self.stage.pipeline.store).await?));
        self.job(JobKind::FollowUp, "first").await?;
        self.stage.clock.advance(CONFIRM_AFTER + Duration::from_mins(1));
        self.job(JobKind::FollowUp, "second").await?;
        self.correct(&reviewer).await?;
        self.package(BatchKind::Withdrawal, Platform::Tiktok, &reviewer, &signer).await?;
        self.deliver(&operator).await?;
        self.write_packages().await?;
        self.summary().await
    }

    async fn person(&self, name: &str, role: Role) -> anyhow::Result<User> {
        let pipeline = &self.stage.pipeline;
        if let Some(user) = store::users::by_name(&pipeline.store, name).await? {
            return Ok(user);
        }
        // Nobody signs in as a script: its password is thrown away.
        users::add(pipeline, name, role, true, &pipeline.entropy.password()).await?;
        store::users::by_name(&pipeline.store, name).await?.context("the person just added")
    }

    /// Queues a job once for each `key` and works until the queue is empty.
    async fn job(&self, kind: JobKind, key: &str) -> anyhow::Result<()> {
        let mut tx = self.stage.pipeline.store.write_tx().await?;
        let now = tx.now();
        jobs::enqueue(&mut tx, kind, &format!("demo:{kind}:{key}"), now).await?;
        tx.commit_housekeeping().await?;
        while self.worker.work_once().await? {}
        Ok(())
    }

    /// Decides every open flag by what the writer of the made-up post meant it to be.
    async fn review(&self, reviewer: &User) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        let meant: BTreeMap<&str, &str> = self.stage.posts.iter().map(|p| (p.native_id.as_str(), p.label.as_str())).collect();
        while let Some(id) = review::take_next(pipeline, reviewer, None, None).await? {
            let flag = flags::get(&pipeline.store, id).await?.context("the flag just taken")?;
            let post = posts::get(&pipeline.store, flag.post_id).await?.context("the post of a flag")?;
            let reason = match (meant.get(post.native_id.as_str()).copied(), flag.priority) {
                (Some("promo"), Priority::P1) => Reason::BaleOffer,
                (Some("promo"), _) => Reason::RetailOffer,
                (Some("lawful"), _) => Reason::LocalPreloved,
                _ => Reason::Unrelated,
            };
            let judgement = Judgement::new(reason.verdict(), reason, "putusan skrip demo")?;
            let seen = decisions::seen(&pipeline.store, id).await?;
            review::decide(pipeline, reviewer, id, &seen, &judgement).await?;
        }
        Ok(())
    }

    /// No rule is trusted in a new installation: a second person reads every upheld post.
    async fn second(&self, second: &User) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        let waiting = queue::Filter { state: "second".into(), ..queue::Filter::default() };
        for card in queue::list(&pipeline.store, &waiting, self.stage.clock.now(), 10_000, None).await? {
            let seen = decisions::seen(&pipeline.store, card.id).await?;
            review::agree(pipeline, second, card.id, &seen).await?;
        }
        Ok(())
    }

    /// Brings one package of this kind to its signature, from wherever it stands.
    async fn package(&self, kind: BatchKind, platform: Platform, reviewer: &User, signer: &User) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        if !decisions::ready(&pipeline.store, platform, kind, 1).await?.is_empty() {
            batch::draft(pipeline, reviewer, kind, platform).await?;
        }
        for known in self.in_order().await?.into_iter().filter(|b| b.kind == kind && b.platform == platform) {
            if known.state == BatchState::Draft {
                batch::render(pipeline, reviewer, known.id).await?;
            }
            let known = batches::require(&pipeline.store, known.id).await?;
            if let (BatchState::Rendered, Some(shown)) = (known.state, &known.package_sha256) {
                batch::sign(pipeline, signer, known.id, shown).await?;
            }
        }
        Ok(())
    }

    async fn in_order(&self) -> anyhow::Result<Vec<crate::domain::batch::Batch>> {
        let mut all = batches::list(&self.stage.pipeline.store, 1000).await?;
        all.reverse();
        Ok(all)
    }

    /// Moves the clock to the scheduled time and hands over, until nothing is left. A message whose end was not seen is
    /// looked for in the recipient's mailbox, as a person would.
    async fn deliver(&self, operator: &User) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        for _ in 0..ROUNDS {
            for lost in outbox::in_state(&pipeline.store, DeliveryState::Unknown).await? {
                let arrived = MailSink::find(&self.stage.mail_dir, &lost.message_id).is_some();
                let found = if arrived { Settlement::Arrived } else { Settlement::SendAgain };
                settle(pipeline, operator, lost.id, found).await?;
            }
            let queued = outbox::in_state(&pipeline.store, DeliveryState::Queued).await?;
            let sending = outbox::in_state(&pipeline.store, DeliveryState::Sending).await?;
            if queued.is_empty() && sending.is_empty() {
                return Ok(());
            }
            let now = self.stage.clock.now();
            if let Some(due) = queued.iter().map(|delivery| delivery.due_at).max() {
                self.stage.clock.advance(due.since(now));
            }
            self.job(JobKind::Deliver, &format!("{}", self.stage.clock.now().0)).await?;
            self.stage.clock.advance(Duration::from_secs(1));
        }
        anyhow::bail!("the outbox is not empty after {ROUNDS} rounds")
    }

    /// One request turns out to be wrong: the reviewer decides again, which calls for a withdrawal.
    async fn correct(&self, reviewer: &User) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        if self.in_order().await?.iter().any(|b| b.kind == BatchKind::Withdrawal) {
            return Ok(());
        }
        if !decisions::ready(&pipeline.store, Platform::Tiktok, BatchKind::Withdrawal, 1).await?.is_empty() {
            return Ok(());
        }
        let sent = self.in_order().await?.into_iter().find(|b| b.platform == Platform::Tiktok && b.state == BatchState::Sent);
        let Some(sent) = sent else { return Ok(()) };
        let Some(row) = batches::rows(&pipeline.store, sent.id).await?.into_iter().next() else { return Ok(()) };
        let judgement = Judgement::new(Verdict::Dismiss, Reason::Mistake, "putusan skrip demo: contoh pencabutan")?;
        let seen = decisions::seen(&pipeline.store, row.flag_id).await?;
        review::decide(pipeline, reviewer, row.flag_id, &seen, &judgement).await?;
        Ok(())
    }

    async fn write_packages(&self) -> anyhow::Result<()> {
        for batch in self.in_order().await? {
            let folder = self.stage.packages_dir.join(&batch.code);
            std::fs::create_dir_all(&folder)?;
            for file in batches::files(&self.stage.pipeline.store, batch.id).await? {
                std::fs::write(folder.join(&file.name), &file.bytes)?;
            }
        }
        Ok(())
    }

    async fn summary(&self) -> anyhow::Result<()> {
        let pipeline = &self.stage.pipeline;
        let state = status::read(pipeline).await?;
        let flagged: i64 = state.flags.iter().map(|(_, _, n)| n).sum();
        let by = |wanted| state.flags.iter().filter(|(s, _, _)| *s == wanted).map(|(_, _, n)| n).sum::<i64>();
        use crate::domain::flag::FlagState::{Dismissed, Upheld};
        let mut table = output::table(&["step", "what", "number"]);
        table.add_row(["1 crawl", "posts read from the fake platforms", &state.posts.to_string()]);
        table.add_row(["2-4 screen", "flagged for review", &flagged.to_string()]);
        table.add_row(["5 review", "upheld by a script (not a person)", &by(Upheld).to_string()]);
        table.add_row(["5 review", "dismissed by a script (not a person)", &by(Dismissed).to_string()]);
        for batch in self.in_order().await? {
            let rows = batches::rows(&pipeline.store, batch.id).await?.len();
            let what = format!("{} to {}, {rows} posts, {}", batch.code, batch.platform.label(), batch.state);
            table.add_row(["6-7 sign, deliver", what.as_str(), self.mails(batch.id).await?.as_str()]);
        }
        table.add_row(["8 follow up", "requested posts", &state.requested.to_string()]);
        table.add_row(["8 follow up", "unavailable after two looks", &state.unavailable.to_string()]);
        println!("{table}");
        println!("packages  {}", self.stage.packages_dir.display());
        println!("mails     {}", self.stage.mail_dir.display());
        Ok(())
    }

    async fn mails(&self, id: BatchId) -> anyhow::Result<String> {
        let delivery = outbox::by_batch(&self.stage.pipeline.store, id).await?;
        Ok(delivery.map_or_else(|| "no mail".into(), |d| format!("mail {}", d.state)))
    }
}
