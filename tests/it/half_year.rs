//! Half a year of 2026 in minutes: weekly requests on four platforms that remove, restrict, edit, hide, refuse, ask back, stay silent, and
//! sellers who come again and object. Every clock runs out once and on time over holidays, zones and restarts; the estimates of removal find
//! the truth that the posts were given; every figure of the monthly reports is counted again from the exported log.
//!
//! Letters are set for withdrawals only; the others carry the file that the program reads from, and nothing else of them is left
//! out: they are drafted, looked through, signed, handed over by SMTP, and looked at over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sisir::config::{Mode, Recipient};
use sisir::domain::answer::Outcome;
use sisir::domain::appeal::AppealOutcome;
use sisir::domain::audit_export::{Line, verify};
use sisir::domain::batch::{Batch, BatchKind, BatchState};
use sisir::domain::check::{STOPS, next_look};
use sisir::domain::deadline::ClockKind;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::ids::AppealId;
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::public_report::{Month, recount};
use sisir::domain::user::{Role, User};
use sisir::domain::{Clock, Entropy, Millis, Platform, sha256_hex};
use sisir::pipeline::appeals::{self, Written};
use sisir::pipeline::corrections::{self, Why};
use sisir::pipeline::{
    Pipeline, answers, batch, clocks, figures, letters, preflight, public_record, reuploads, review, schedule, screen,
};
use sisir::platforms::fake::{Changed, FakePost};
use sisir::store::batches::{PackageFile, Rendered};
use sisir::store::{audit, batches, checks, outbox, posts, queue, users};

use crate::soak::length;
use crate::support::{Engine, Stage};

/// Monday 5 January 2026, 08:00 in Jakarta.
const BEGIN: Millis = Millis::from_secs(1_767_574_800);
const WEEKS: usize = 26;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const PLATFORMS: [Platform; 4] = [Platform::Tiktok, Platform::Youtube, Platform::Bluesky, Platform::X];

/// What becomes of a post once it was asked down: share of all, mean days until then.
const FATES: [(f64, f64); 5] = [(0.45, 4.0), (0.15, 2.0), (0.08, 6.0), (0.07, 3.0), (0.05, 3.0)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Removed,
    Restricted,
    Private,
    Edited,
    /// Removed, and posted anew by the same account.
    Again,
}

/// The share of posts that are down `days` after they were asked down: known, because they were given it.
fn truth(days: f64) -> f64 {
    FATES.iter().enumerate().filter(|(at, _)| *at != 3).map(|(_, (share, mean))| share * (1.0 - (-days / mean).exp())).sum()
}

struct Half {
    stage: Stage,
    pipeline: Pipeline,
    chance: Entropy,
    ratna: User,
    budi: User,
    sinta: User,
    /// What is to come: post, fate, when.
    fates: Vec<(String, Fate, Millis)>,
    /// Moments at which something is due; between them nothing happens.
    wakes: BTreeSet<Millis>,
    /// A file of a package that the program reads from.
    template: serde_json::Value,
    appeals: Vec<(i64, Millis)>,
    restarts: usize,
    /// When each post that was asked down goes down, in days; none for those that never do.
    given: Vec<Option<f64>>,
    /// Packages that were signed and have not left.
    signed: Vec<Batch>,
    /// Packages that their platform answers, and when.
    answers: Vec<(Millis, Batch)>,
}

/// A made-up post of a week.
fn post(n: usize, posted_at: Millis) -> FakePost {
    let platform = if n % 5 < 2 { PLATFORMS[0] } else { PLATFORMS[n % 5 - 1] };
    let noise = sha256_hex(format!("half {n}").as_bytes());
    let digits = |length: usize| format!("7{:0width$}", n, width = length - 1);
    let native_id = match platform {
        Platform::Tiktok => digits(19),
        Platform::Youtube => noise[..11].to_owned(),
        // The key of a post is a time: 13 digits of base 32.
        Platform::Bluesky => {
            let digit = |at: u32| char::from(b"234567abcdefghijklmnopqrstuvwxyz"[n / 32_usize.pow(at) % 32]);
            format!("did:plc:rekaan{n}/3mptbyoe{}", (0..5).rev().map(digit).collect::<String>())
        }
        _ => digits(18),
    };
    FakePost {
        platform,
        native_id,
        author: format!("toko.{n}"),
        text: format!("Buka bal impor Korea nomor {n}, ballpress segel 2jt, minat chat admin"),
        posted_at,
        region: "ID".into(),
        views: 100,
        label: "promo".into(),
    }
}

fn url(post: &FakePost) -> String {
    match post.platform {
        Platform::Tiktok => format!("https://www.tiktok.com/@{}/video/{}", post.author, post.native_id),
        Platform::Youtube => format!("https://www.youtube.com/watch?v={}", post.native_id),
        Platform::Bluesky => {
            let (did, key) = post.native_id.split_once('/').unwrap();
            format!("https://bsky.app/profile/{did}/post/{key}")
        }
        _ => format!("https://x.com/i/web/status/{}", post.native_id),
    }
}

fn source(platform: Platform) -> &'static str {
    match platform {
        Platform::Youtube => "youtube",
        Platform::Bluesky => "bluesky",
        Platform::X => "x",
        _ => "import",
    }
}

impl Half {
    fn now(&self) -> Millis {
        self.stage.clock.now()
    }

    /// From 0 to 1.
    fn share(&self) -> f64 {
        f64::from(u32::from_le_bytes(self.chance.bytes())) / f64::from(u32::MAX)
    }

    /// A process that was started anew, with channels that were looked at lately.
    async fn restart(&mut self) {
        let clock: Arc<dyn Clock> = Arc::clone(&self.stage.clock) as _;
        let mut config = (*self.stage.pipeline.config).clone();
        let day = self.now().in_jakarta().date().to_string();
        for platform in PLATFORMS {
            let to = Recipient {
                email: format!("permintaan@{platform}.contoh.id"),
                verified_on: day.clone(),
                deliver: "0 9 * * MON-FRI".into(),
                ..Recipient::default()
            };
            config.recipients.insert(platform, to);
        }
        config.youtube.mode = Mode::Fake;
        config.bluesky.mode = Mode::Fake;
        config.x.mode = Mode::Fake;
        let store = sisir::store::Store::connect(&config.database.url, 4, clock).await.unwrap();
        self.pipeline = Pipeline { store, config: Arc::new(config), ..self.stage.pipeline.clone() };
        self.restarts += 1;
    }

    fn worker(&self) -> sisir::jobs::Worker {
        let clock: Arc<dyn Clock> = Arc::clone(&self.stage.clock) as _;
        let sources = sisir::platforms::sources(&self.pipeline.config, &clock, &self.pipeline.entropy).unwrap();
        sisir::jobs::Worker { pipeline: self.pipeline.clone(), sources, ..self.stage.worker("half") }
    }

    fn wake_at(&mut self, at: Millis) {
        // Workers come every hour. What is over has been seen.
        let hour = Millis((at.0 + HOUR - 1) / HOUR * HOUR);
        if hour > self.now() {
            self.wakes.insert(hour);
        }
    }

    /// Everything of a render but the typesetting: the file with the day of the answer, and the message.
    async fn thin(&mut self, drafted: &Batch) -> Batch {
        let pipeline = &self.pipeline;
        let to = pipeline.config.recipients[&drafted.platform].clone();
        let leaves = schedule::next_delivery(&pipeline.config, Some(&to), self.now()).in_jakarta().date();
        let day = schedule::calendar(&pipeline.config).working_days_after(leaves, pipeline.config.ministry.answer_days);
        let mut json = self.template.clone();
        json["request_id"] = drafted.code.clone().into();
        json["deadline"]["date"] = day.to_string().into();
        let file = |name: String, media_type: &str, bytes: Vec<u8>| PackageFile {
            sha256: sha256_hex(&bytes),
            name,
            media_type: media_type.into(),
            bytes,
        };
        let message = format!(
            "From: <a@contoh.go.id>\r\nTo: <{}>\r\nMessage-ID: <{}@contoh.go.id>\r\nSubject: {}\r\n\r\nUji\r\n",
            to.email, drafted.code, drafted.code
        );
        let files = [
            file(format!("{}-lampiran.json", drafted.code), "application/json", serde_json::to_vec(&json).unwrap()),
            file(batch::MESSAGE_FILE.into(), "message/rfc822", message.into_bytes()),
        ];
        let message_id = format!("<{}@contoh.go.id>", drafted.code);
        let fixed = Rendered { package_sha256: &files[1].sha256, recipient: &to.email, message_id: &message_id };
        let mut tx = pipeline.store.write_tx().await.unwrap();
        batches::render(&mut tx, drafted.id, &files, &fixed).await.unwrap();
        tx.commit_housekeeping().await.unwrap();
        batches::require(&pipeline.store, drafted.id).await.unwrap()
    }

    async fn sign(&mut self, package: &Batch) {
        let hash = package.package_sha256.clone().unwrap();
        let due =
            batch::sign(&self.pipeline, &self.budi, package.id, &hash).await.unwrap_or_else(|e| panic!("{}: {e}", package.code));
        self.wake_at(due);
        self.signed.push(package.clone());
    }

    /// A week's posts are found, judged by two people, and put into letters.
    async fn week(&mut self, found: &[FakePost]) {
        for platform in PLATFORMS {
            let seen: Vec<Observation> = found
                .iter()
                .filter(|post| post.platform == platform)
                .map(|post| Observation {
                    platform,
                    native_id: post.native_id.clone(),
                    url: url(post),
                    author: post.author.clone(),
                    text: post.text.clone(),
                    posted_at: Some(post.posted_at),
                    views: None,
                })
                .collect();
            let mut tx = self.pipeline.store.write_tx().await.unwrap();
            posts::upsert(&mut tx, source(platform), &seen).await.unwrap();
            tx.commit_housekeeping().await.unwrap();
        }
        screen::screen(&self.pipeline, |_| {}).await.unwrap();
        let names: BTreeSet<&str> = found.iter().map(|post| post.author.as_str()).collect();
        let filter = queue::Filter { state: "open".into(), ..Default::default() };
        let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
        for card in queue::list(&self.pipeline.store, &filter, self.now(), 10_000, None).await.unwrap() {
            // What came again is left for later: it is pointed at.
            if names.contains(card.author.as_str()) {
                review::decide(&self.pipeline, &self.ratna, card.id, &self.stage.seen(card.id).await, &judgement).await.unwrap();
            }
        }
        self.stage.second_all().await;
        for platform in PLATFORMS {
            if found.iter().any(|post| post.platform == platform) {
                let drafted = batch::draft(&self.pipeline, &self.ratna, BatchKind::Request, platform).await.unwrap();
                let package = self.thin(&drafted).await;
                self.sign(&package).await;
            }
        }
    }

    /// Fates of the posts of what left just now.
    async fn left(&mut self, package: &Batch, sent: Millis) {
        for stop in STOPS {
            self.wake_at(sent.plus(stop));
            self.wake_at(sent.plus(stop + Duration::from_hours(1)));
        }
        if let Some(day) = preflight::answer_by(&self.pipeline, package).await.unwrap() {
            self.wake_at(sisir::domain::deadline::end_of_day(day, sisir::domain::user::Zone::Wib));
        }
        if package.kind == BatchKind::Request {
            for row in batches::details(&self.pipeline.store, package.id, sent).await.unwrap() {
                let mut draw = self.share();
                let all = [Fate::Removed, Fate::Restricted, Fate::Private, Fate::Edited, Fate::Again];
                let found = all.into_iter().zip(FATES).find(|(_, (share, _))| {
                    draw -= share;
                    draw < 0.0
                });
                let Some((fate, (_, mean))) = found else {
                    self.given.push(None);
                    continue;
                };
                let days = -(1.0 - self.share()).max(1e-9).ln() * mean;
                self.given.push((fate != Fate::Edited).then_some(days));
                #[expect(clippy::cast_possible_truncation, reason = "days")]
                self.fates.push((row.native_id, fate, Millis(sent.0 + (days * DAY as f64) as i64)));
            }
        }
        let answers_after = match (package.kind, package.platform) {
            (BatchKind::Request, Platform::Tiktok) => Some(3 * DAY),
            (BatchKind::Request, Platform::Youtube) | (BatchKind::Reminder, Platform::X) => Some(2 * DAY),
            (BatchKind::Withdrawal, Platform::Tiktok) => Some(4 * DAY),
            _ => None,
        };
        if let Some(after) = answers_after {
            self.wake_at(Millis(sent.0 + after));
            self.answers.push((Millis(sent.0 + after), package.clone()));
        }
    }

    /// What has come by now.
    async fn fulfil(&mut self) {
        let now = self.now();
        let (come, later): (Vec<_>, Vec<_>) = self.fates.drain(..).partition(|(.., at)| *at <= now);
        self.fates = later;
        for (id, fate, _) in come {
            match fate {
                Fate::Removed => self.stage.fake.remove([id.as_str()]),
                Fate::Restricted => self.stage.fake.change(&id, Changed::Restricted),
                Fate::Private => self.stage.fake.change(&id, Changed::Private),
                Fate::Edited => self.stage.fake.change(&id, Changed::Edited("Batik tulis produksi sendiri".into())),
                Fate::Again => {
                    self.stage.fake.remove([id.as_str()]);
                    let n: usize = sha256_hex(id.as_bytes()).bytes().take(6).map(usize::from).sum::<usize>() + 900_000;
                    let again = FakePost { native_id: format!("7{n:018}"), platform: Platform::Tiktok, ..post(n, now) };
                    let author =
                        posts::all(&self.pipeline.store).await.unwrap().into_iter().find(|post| post.native_id == id).unwrap();
                    let again = FakePost { author: author.author, platform: author.platform, ..again };
                    if again.platform == Platform::Tiktok {
                        let seen = Observation {
                            platform: again.platform,
                            native_id: again.native_id.clone(),
                            url: url(&again),
                            author: again.author.clone(),
                            text: again.text.clone(),
                            posted_at: Some(now),
                            views: None,
                        };
                        let mut tx = self.pipeline.store.write_tx().await.unwrap();
                        posts::upsert(&mut tx, "import", &[seen]).await.unwrap();
                        tx.commit_housekeeping().await.unwrap();
                    }
                }
            }
        }
    }

    /// Platforms answer what was due to be answered at this hour.
    async fn answered(&mut self) {
        let now = self.now();
        let (due, later): (Vec<_>, Vec<_>) = self.answers.drain(..).partition(|(at, _)| *at <= now);
        self.answers = later;
        if due.is_empty() {
            return;
        }
        for (_, package) in due {
            let mut sheet = "id_perkara,keputusan,tanggal,alasan,nomor_rujukan_platform\n".to_owned();
            for row in batches::details(&self.pipeline.store, package.id, now).await.unwrap() {
                let down = self.stage.fake.is_down(&row.native_id);
                let draw = self.share();
                let outcome = match (package.kind, down) {
                    (BatchKind::Withdrawal, _) => Some(Outcome::Restored),
                    (_, true) => Some(Outcome::Removed),
                    (BatchKind::Reminder, false) => Some(Outcome::Refused),
                    (_, false) if package.platform == Platform::Youtube || draw < 0.3 => Some(Outcome::Refused),
                    (_, false) if draw < 0.45 => Some(Outcome::NeedsInformation),
                    _ => None,
                };
                if let Some(outcome) = outcome {
                    sheet.push_str(&format!("{},{},,bukan impor,R-1\n", batch::case_id(row.flag_id), outcome.word()));
                }
            }
            let taken = answers::take_sheet(&self.pipeline, &self.ratna, package.id, sheet.into_bytes()).await.unwrap();
            assert!(taken.unread.is_empty(), "{:?}", taken.unread);
        }
        for clock in clocks::running(&self.pipeline).await.unwrap() {
            self.wake_at(clock.due);
        }
    }

    /// Each Monday people do what clocks ask for: reminders, refusals, a withdrawal now and then, objections.
    async fn monday(&mut self, week: usize) {
        let mut done = BTreeSet::new();
        for clock in clocks::running(&self.pipeline).await.unwrap() {
            match clock.kind {
                ClockKind::Refusal if week.is_multiple_of(2) && self.share() < 0.5 => {
                    clocks::end(&self.pipeline, &self.ratna, &clock.subject, "cukup").await.unwrap();
                }
                ClockKind::Answer if clock.is_over(self.now()) => {
                    let id = clock.subject.trim_start_matches("batch:").parse().map(sisir::domain::ids::BatchId).unwrap();
                    let package = batches::require(&self.pipeline.store, id).await.unwrap();
                    let about = package.about_id.unwrap_or(package.id);
                    let request = batches::require(&self.pipeline.store, about).await.unwrap();
                    let choices = letters::choices(&self.pipeline, &request).await.unwrap();
                    if done.insert(about) && choices.iter().any(|(kind, _)| *kind == BatchKind::Reminder) {
                        let drafted = letters::draft(&self.pipeline, &self.ratna, BatchKind::Reminder, about).await.unwrap();
                        let package = self.thin(&drafted).await;
                        self.sign(&package).await;
                    }
                }
                _ => {}
            }
        }
        let requests: Vec<Batch> = batches::list(&self.pipeline.store, 10_000).await.unwrap();
        let requests = requests
            .into_iter()
            .filter(|one| one.kind == BatchKind::Request && one.state == BatchState::Sent && one.platform == Platform::Tiktok);
        let Some(newest) = requests.max_by_key(|one| one.id) else { return };
        let standing = batches::standing(&self.pipeline.store, newest.id).await.unwrap();
        let rows = batches::rows(&self.pipeline.store, newest.id).await.unwrap();
        let row = |decision| rows.iter().find(|row| row.decision_id == decision).unwrap();
        if let (0, Some(first)) = (week % 6, standing.first()) {
            let why = Why { reason: Reason::Mistake, note: String::new() };
            let wrong = [(row(first.decision_id).flag_id, first.decision_id)];
            let letter = corrections::withdraw(&self.pipeline, &self.ratna, newest.id, &wrong, &why).await.unwrap();
            self.sign(&letter).await;
        }
        if let Some(last) = standing.last().filter(|_| week % 3 == 1) {
            let written = Written {
                name: "Warga".into(),
                contact: "0800-0000-0101".into(),
                subject: batch::case_id(row(last.decision_id).flag_id),
                statement: "Bukan impor".into(),
            };
            let ticket = appeals::submit(&self.pipeline, &written).await.unwrap().unwrap();
            let id = appeals::by_ticket(&self.pipeline, &ticket).await.unwrap().unwrap().id.0;
            // Some are answered late.
            let days = if week.is_multiple_of(2) { 20 } else { 5 };
            self.appeals.push((id, Millis(self.now().0 + days * DAY)));
            self.wake_at(Millis(self.now().0 + days * DAY));
        }
    }

    async fn objections(&mut self) {
        let now = self.now();
        let (due, later): (Vec<_>, Vec<_>) = self.appeals.drain(..).partition(|(_, at)| *at <= now);
        self.appeals = later;
        for (id, _) in due {
            let why = Why { reason: Reason::LocalPreloved, note: String::new() };
            let outcome = if id % 2 == 0 { AppealOutcome::Accepted } else { AppealOutcome::Rejected };
            let letter =
                appeals::answer(&self.pipeline, &self.sinta, AppealId(id), outcome, "Sudah diperiksa.", &why).await.unwrap();
            if let Some(letter) = letter {
                let dewi = users::by_name(&self.pipeline.store, "dewi").await.unwrap().unwrap();
                let due = batch::sign(&self.pipeline, &dewi, letter.id, letter.package_sha256.as_deref().unwrap()).await.unwrap();
                self.wake_at(due);
                self.signed.push(letter);
            }
        }
    }

    /// The hour of a wake: mail leaves, posts are looked at, clocks run out.
    async fn hour(&mut self, letters: &mut usize) {
        self.fulfil().await;
        let worker = self.worker();
        worker.perform(JobKind::Deliver).await.unwrap();
        for package in std::mem::take(&mut self.signed) {
            match outbox::by_batch(&self.pipeline.store, package.id).await.unwrap().unwrap().sent_at {
                Some(sent) => {
                    self.left(&package, sent).await;
                    *letters += 1;
                }
                None => self.signed.push(package),
            }
        }
        self.answered().await;
        self.objections().await;
        worker.perform(JobKind::FollowUp).await.unwrap();
        if self.now().0 / HOUR % 23 == 0 {
            self.nothing_due_was_left_out().await;
        }
    }

    /// The statement that picks posts to look at leaves none out that the clock of looks names.
    async fn nothing_due_was_left_out(&self) {
        for platform in PLATFORMS {
            let mut looks: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for look in checks::since_sent(&self.pipeline.store, platform).await.unwrap() {
                looks.entry(look.post_id).or_default().push(look);
            }
            for one in checks::followed(&self.pipeline.store, platform).await.unwrap() {
                let next = next_look(one.sent_at, looks.get(&one.post.id).map_or(&[][..], Vec::as_slice));
                assert!(next > self.now(), "{platform} {} was to be looked at {}", one.post.native_id, next.utc());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_year_goes_by() {
    let requests = length("SISIR_HALF_YEAR_REQUESTS", 2_000);
    let all: Vec<FakePost> =
        (0..requests).map(|n| post(n, Millis(BEGIN.0 + i64::try_from(n * WEEKS / requests).unwrap() * 7 * DAY - HOUR))).collect();
    let stage = Stage::with(Engine::Sqlite, all.clone(), BEGIN).await.unwrap();
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    stage.person("dewi", Role::Approver).await;
    let sinta = stage.person("sinta", Role::Supervisor).await;
    let mut half = Half {
        pipeline: stage.pipeline.clone(),
        chance: Entropy::seeded(2026),
        template: template(&stage, &ratna).await,
        stage,
        ratna,
        budi,
        sinta,
        fates: Vec::new(),
        wakes: BTreeSet::new(),
        appeals: Vec::new(),
        restarts: 0,
        given: Vec::new(),
        signed: Vec::new(),
        answers: Vec::new(),
    };
    let mut letters = 0;
    let mut reports = Vec::new();
    let mut seen_again = 0;
    for week in 0..WEEKS {
        half.restart().await;
        half.monday(week).await;
        let found: Vec<FakePost> =
            all.iter().enumerate().filter(|(n, _)| n * WEEKS / requests == week).map(|(_, post)| post.clone()).collect();
        half.week(&found).await;
        let next = Millis(BEGIN.0 + i64::try_from(week + 1).unwrap() * 7 * DAY);
        while let Some(wake) = half.wakes.iter().next().copied().filter(|wake| *wake < next) {
            half.wakes.remove(&wake);
            if wake > half.now() {
                half.stage.clock.advance(wake.since(half.now()));
            }
            half.hour(&mut letters).await;
        }
        half.stage.clock.advance(next.since(half.now()));
        screen::screen(&half.pipeline, |_| {}).await.unwrap();
        seen_again = seen_again.max(reuploads::list(&half.pipeline, &half.ratna).await.unwrap().len());
        let over =
            public_record::months(&half.pipeline).await.unwrap().into_iter().filter(|(_, over)| *over).map(|(month, _)| month);
        for month in over {
            if !reports.contains(&month) {
                public_record::publish(&half.pipeline, &half.sinta, month).await.unwrap();
                reports.push(month);
            }
        }
    }
    on_time(&half).await;
    estimates(&half).await;
    recounted(&half, &reports).await;
    assert!(seen_again > 0, "nothing that came again was pointed at");
    let looks = audit::all(half.stage.store()).await.unwrap().len();
    println!("{requests} requests, {letters} letters, {looks} events, {} starts, {seen_again} came again", half.restarts);
}

/// The JSON file of one real letter.
async fn template(stage: &Stage, ratna: &User) -> serde_json::Value {
    let other = Stage::with(Engine::Sqlite, Vec::new(), BEGIN).await.unwrap();
    let person = other.person(&ratna.name, Role::Analyst).await;
    crate::soak::flagged(&other, 0, 1).await;
    let cards = queue::list(other.store(), &queue::Filter::default(), other.pipeline.clock().now(), 1, None).await.unwrap();
    let judgement = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
    review::decide(&other.pipeline, &person, cards[0].id, &other.seen(cards[0].id).await, &judgement).await.unwrap();
    other.second_all().await;
    let mut config = (*other.pipeline.config).clone();
    config.recipients.get_mut(&Platform::Tiktok).unwrap().verified_on = "2026-01-02".into();
    let pipeline = Pipeline { config: Arc::new(config), ..other.pipeline.clone() };
    let drafted = batch::draft(&pipeline, &person, BatchKind::Request, Platform::Tiktok).await.unwrap();
    let package = batch::render(&pipeline, &person, drafted.id).await.unwrap();
    let file = batches::file(other.store(), package.id, &format!("{}-lampiran.json", package.code)).await.unwrap().unwrap();
    assert!(stage.mails().is_empty());
    serde_json::from_slice(&file.bytes).unwrap()
}

/// Every clock that ran out did so once, within an hour of its end, and ended when a calendar kept apart says so; and none is missing.
async fn on_time(half: &Half) {
    let fired = sisir::store::clocks::fired(&half.pipeline.store, 100_000).await.unwrap();
    let mut by_kind: BTreeMap<ClockKind, usize> = BTreeMap::new();
    // National holidays and joint leave of the first half of 2026, and working days counted one by one.
    let free: toml::Value = toml::from_str(&std::fs::read_to_string("calendar/indonesia.toml").unwrap()).unwrap();
    let year = free["year"].as_array().unwrap().iter().find(|year| year["year"].as_integer() == Some(2026)).unwrap();
    let free: BTreeSet<String> = ["holidays", "joint_leave"]
        .iter()
        .flat_map(|kind| year[*kind].as_array().unwrap())
        .map(|day| day.as_str().unwrap().to_owned())
        .collect();
    let after = |from: Millis, days: usize| {
        let mut day = from.in_jakarta().date();
        let mut left = days;
        while left > 0 {
            day = day.tomorrow().unwrap();
            let weekend = matches!(day.weekday(), jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday);
            left -= usize::from(!weekend && !free.contains(&day.to_string()));
        }
        Millis::from_timestamp(
            day.tomorrow().unwrap().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(7))).unwrap().timestamp(),
        )
    };
    let mut once = BTreeSet::new();
    for one in &fired {
        *by_kind.entry(one.kind).or_default() += 1;
        assert!(once.insert((one.kind, one.subject.clone(), one.started_at)), "{one:?} twice");
        assert!(one.fired_at.since(one.due_at) <= Duration::from_hours(1), "{one:?} late");
        let days = match one.kind {
            ClockKind::Answer | ClockKind::Confirmation | ClockKind::Refusal => 5,
            ClockKind::Clarification => 2,
            ClockKind::Correction => 1,
            ClockKind::Appeal => 10,
        };
        assert_eq!(one.due_at, after(one.started_at, days), "{one:?}");
    }
    println!("clocks that ran out: {by_kind:?}");
    for kind in [ClockKind::Answer, ClockKind::Clarification, ClockKind::Refusal, ClockKind::Appeal] {
        assert!(by_kind.contains_key(&kind), "no {kind} ran out");
    }
    // Bluesky never answers: each of its requests with a post that stays up ran out of time, and so did both reminders.
    let mut silent = 0;
    for package in batches::list(&half.pipeline.store, 10_000).await.unwrap() {
        let sent = outbox::by_batch(&half.pipeline.store, package.id).await.unwrap().and_then(|delivery| delivery.sent_at);
        if let (Some(sent), Platform::Bluesky, BatchKind::Request) = (sent, package.platform, package.kind) {
            let rows = batches::details(&half.pipeline.store, package.id, half.now()).await.unwrap();
            let stays = rows.iter().any(|row| !half.stage.fake.is_down(&row.native_id));
            let due = after(sent, 5);
            if stays && due <= half.now() {
                silent += 1;
                assert!(fired.iter().any(|one| one.subject == format!("batch:{}", package.id)), "{} is missing", package.code);
            }
        }
    }
    assert!(silent > 0);
    for batch in fired.iter().filter_map(|one| one.subject.strip_prefix("batch:")) {
        let package = batches::require(&half.pipeline.store, sisir::domain::ids::BatchId(batch.parse().unwrap())).await.unwrap();
        assert!(
            package.platform != Platform::Youtube || package.kind != BatchKind::Request,
            "{} was answered in time",
            package.code
        );
    }
}

/// The estimate of the desk holds the truth that the posts were given, at each horizon, within its 95 % interval.
async fn estimates(half: &Half) {
    let all = figures::all(&half.pipeline).await.unwrap();
    let rows = all.into_iter().find(|figure| figure.name == "removals").unwrap().rows;
    for row in rows {
        let hours: f64 = row.label.parse().unwrap();
        let (share, low, high) = row.share.unwrap();
        let known = truth(hours / 24.0);
        let given = half.given.iter().filter(|days| days.is_some_and(|days| days * 24.0 <= hours)).count() as f64
            / half.given.len() as f64;
        println!(
            "within {hours} h: known {known:.3}, given {given:.3}, estimated {share:.3} ({low:.3} to {high:.3}), at risk {}",
            row.values[1]
        );
        assert!((low..=high).contains(&known), "within {hours} h: {known} is not in {low} to {high}");
    }
}

/// Each published report, from the log as a file; and a byte that was changed anywhere in it is found.
async fn recounted(half: &Half, reports: &[Month]) {
    assert_eq!(reports.len(), 6, "January to June");
    let rows = audit::all(&half.pipeline.store).await.unwrap();
    let log: String =
        rows.iter().map(|row| format!("{}\n", serde_json::to_string(&Line::of(row, &[]).unwrap()).unwrap())).collect();
    verify(&log, None).unwrap();
    let mut asked = 0;
    for month in reports {
        let (_, report) = public_record::read(&half.pipeline, *month).await.unwrap().unwrap();
        recount(&log, &report).unwrap();
        // The same from the tables, which the report does not read.
        let requested = report.tables.iter().find(|table| table.name == "requested").unwrap();
        let mut sent = 0;
        for package in batches::list(&half.pipeline.store, 10_000).await.unwrap() {
            let left = outbox::by_batch(&half.pipeline.store, package.id).await.unwrap().and_then(|delivery| delivery.sent_at);
            if package.kind == BatchKind::Request && left.is_some_and(|at| Month::of(at) == *month) {
                sent += batches::rows(&half.pipeline.store, package.id).await.unwrap().len() as u64;
            }
        }
        assert_eq!(requested.total, Some(sent), "{month}");
        asked += sent;
    }
    println!("{asked} posts asked down in {} reports", reports.len());
    let bytes = log.as_bytes();
    for n in 0..12_usize {
        let at = (n * 7_919 + 13) * 104_729 % bytes.len();
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let Ok(text) = String::from_utf8(changed) else { continue };
        assert!(verify(&text, None).is_err(), "byte {at} was changed unseen");
    }
}
