//! After a request left: what looks tell, which clocks run, how a mistake is taken back, and how a seller objects.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::ORIGIN;
use sisir::domain::Platform;
use sisir::domain::account::MarkKind;
use sisir::domain::answer::Outcome;
use sisir::domain::appeal::{AppealOutcome, AppealProblem};
use sisir::domain::audit::Action;
use sisir::domain::batch::{BatchKind, BatchState};
use sisir::domain::check::{CheckOutcome, Liveness};
use sisir::domain::deadline::ClockKind;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::flag::FlagState;
use sisir::domain::ids::{AppealId, BatchId, DecisionId, FlagId};
use sisir::domain::job::JobKind;
use sisir::domain::user::{Role, User};
use sisir::pipeline::answers::{self, Entered};
use sisir::pipeline::appeals::{self, Written};
use sisir::pipeline::corrections::{self, Doubt, Why};
use sisir::pipeline::{accounts, batch, clocks, follow_up, letters, purge, reuploads, review};
use sisir::platforms::fake::Changed;
use sisir::store::{audit, batches, checks, flags, posts, queue, users};

use crate::answers::sent;
use crate::support::Stage;
use crate::two_person::direct;
use crate::web::{Desk, client};

crate::on_both! {
    looks_tell_what_became_of_each_post => looks,
    what_no_program_can_look_at_people_do => by_hand,
    clocks_run_out_once => clocks_once,
    a_request_is_withdrawn_in_one_step_and_followed_to_its_confirmation => withdrawn,
    requests_that_look_wrong_are_listed => doubts,
    what_comes_again_is_pointed_at => again,
    an_objection_holds_back_and_is_answered_by_somebody_else => objection,
    on_hold_nothing_is_asked => on_hold,
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn why(reason: Reason) -> Why {
    Why { reason, note: "ternyata lokal".into() }
}

async fn liveness(stage: &Stage, post: sisir::domain::ids::PostId) -> Liveness {
    Liveness::from_checks(&checks::of_post(stage.store(), post).await.unwrap())
}

async fn looks(stage: &Stage) {
    let (id, _) = sent(stage).await;
    let rows = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap();
    let worker = stage.worker("w");
    let look = async || worker.perform(JobKind::FollowUp).await.unwrap();
    look().await;
    assert_eq!(checks::since_sent(stage.store(), Platform::Tiktok).await.unwrap().len(), 0, "an hour has to pass first");
    stage.fake.change(&rows[0].native_id, Changed::Edited("Kemeja batik tulis, produksi sendiri".into()));
    // TikTok's public page says the same of what is private.
    stage.fake.change(&rows[1].native_id, Changed::Private);
    stage.later(HOUR);
    assert!(look().await.starts_with("4 up, 1 edited, 1 gone, 0 unknown"));
    let states = async || {
        let mut all = Vec::new();
        for row in &rows[..2] {
            all.push(liveness(stage, row.post_id).await);
        }
        all
    };
    assert_eq!(states().await, [Liveness::Edited, Liveness::MaybeGone]);
    assert!(look().await.starts_with("0 up, 0 edited, 0 gone"), "not twice in the hour");
    stage.later(HOUR);
    assert!(look().await.starts_with("0 up, 0 edited, 1 gone"), "only what was missing is looked at so soon");
    assert_eq!(states().await, [Liveness::Edited, Liveness::Unavailable]);
    let turned = follow_up::turned(&stage.pipeline).await.unwrap();
    assert_eq!(turned.iter().map(|one| (one.post.id, one.liveness)).collect::<Vec<_>>(), [(rows[0].post_id, Liveness::Edited)]);
    // It comes back, and is seen at the next stop.
    stage.fake.restore(&rows[1].native_id);
    stage.later(DAY);
    look().await;
    assert_eq!(states().await, [Liveness::Edited, Liveness::Up]);
    assert_eq!(follow_up::turned(&stage.pipeline).await.unwrap().len(), 2, "up again after it was surely down");

    // The platform is busy: nothing is known, and the wait doubles.
    stage.later(7 * DAY);
    stage.fake.fault("truncate_json", -1);
    assert!(look().await.contains("6 unknown"), "looked, and saw nothing");
    assert_eq!(states().await, [Liveness::Edited, Liveness::Up], "what is not known changes nothing");
    stage.fake.fault("truncate_json", 0);
    assert!(look().await.starts_with("0 up"));
    stage.later(HOUR);
    assert!(look().await.starts_with("5 up, 1 edited"));
}

/// A request to Threads, whose posts no program can look at.
async fn by_hand(stage: &Stage) {
    let (ratna, budi) = (stage.person("ratna", Role::Analyst).await, stage.person("budi", Role::Approver).await);
    let worker = stage.worker("w");
    worker.perform(JobKind::Crawl).await.unwrap();
    worker.perform(JobKind::Screen).await.unwrap();
    let filter = queue::Filter { state: "open".into(), platform: "threads".into(), ..Default::default() };
    for card in queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 3, None).await.unwrap() {
        let judgement = Judgement::new(Verdict::Uphold, Reason::RetailOffer, "").unwrap();
        review::decide(&stage.pipeline, &ratna, card.id, &stage.seen(card.id).await, &judgement).await.unwrap();
    }
    stage.second_all().await;
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Threads).await.unwrap();
    let package = batch::render(&stage.pipeline, &ratna, drafted.id).await.unwrap();
    let due = batch::sign(&stage.pipeline, &budi, package.id, &package.package_sha256.unwrap()).await.unwrap();
    stage.clock.advance(due.since(stage.pipeline.clock().now()));
    worker.perform(JobKind::Deliver).await.unwrap();
    assert_eq!(follow_up::by_hand(&stage.pipeline).await.unwrap().len(), 0);
    stage.later(HOUR);
    let waiting = follow_up::by_hand(&stage.pipeline).await.unwrap();
    assert_eq!(waiting.len(), 3);
    let flag = waiting[0].flag;
    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(follow_up::look_by_hand(&stage.pipeline, &viewer, flag, CheckOutcome::Gone).await.is_err());
    assert!(follow_up::look_by_hand(&stage.pipeline, &ratna, flag, CheckOutcome::Unknown).await.is_err());
    let other = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 1, None).await.unwrap().remove(0).id;
    let refused = follow_up::look_by_hand(&stage.pipeline, &ratna, other, CheckOutcome::Gone).await.unwrap_err();
    assert!(refused.to_string().contains("nothing was asked about this post"), "{refused}");
    follow_up::look_by_hand(&stage.pipeline, &ratna, flag, CheckOutcome::Restricted).await.unwrap();
    assert_eq!(liveness(stage, waiting[0].post.id).await, Liveness::Restricted);
    assert_eq!(follow_up::by_hand(&stage.pipeline).await.unwrap().len(), 2, "it waits for its next stop");
    stage.later(DAY);
    assert_eq!(follow_up::by_hand(&stage.pipeline).await.unwrap().len(), 3);
}

async fn entered(stage: &Stage, by: &User, id: BatchId, row: usize, outcome: Outcome) {
    let rows = batches::rows(stage.store(), id).await.unwrap();
    let reason = if outcome.needs_reason() { "mohon keterangan" } else { "" };
    let entered = Entered {
        case_id: batch::case_id(rows[row].flag_id),
        outcome,
        day: String::new(),
        reason: reason.into(),
        reference: String::new(),
    };
    answers::enter(&stage.pipeline, by, id, &entered).await.unwrap();
}

async fn clocks_once(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let pipeline = &stage.pipeline;
    let kinds =
        async || clocks::running(pipeline).await.unwrap().iter().map(|clock| (clock.kind, clock.rows)).collect::<Vec<_>>();
    assert_eq!(kinds().await, [(ClockKind::Answer, 6)]);
    // Sent on Friday 20 November: five working days are over with Friday the 27th, in Jakarta.
    let clock = clocks::running(pipeline).await.unwrap().remove(0);
    assert_eq!(clock.due.timestamp().to_string(), "2026-11-27T17:00:00Z");
    entered(stage, &ratna, id, 0, Outcome::Removed).await;
    entered(stage, &ratna, id, 1, Outcome::Refused).await;
    entered(stage, &ratna, id, 2, Outcome::NeedsInformation).await;
    assert_eq!(kinds().await, [(ClockKind::Clarification, 1), (ClockKind::Answer, 3), (ClockKind::Refusal, 1)]);
    let worker = stage.worker("w");
    let fired = async || sisir::store::clocks::fired(stage.store(), 100).await.unwrap();
    worker.perform(JobKind::FollowUp).await.unwrap();
    assert_eq!(fired().await, []);
    // Hour by hour, by two workers: each clock is noted once, in the first hour after its end.
    let other = stage.worker("other");
    for hour in 0..15 * 24 {
        stage.later(HOUR);
        (if hour % 2 == 0 { &worker } else { &other }).perform(JobKind::FollowUp).await.unwrap();
        if hour % 50 == 0 {
            clocks::fire(pipeline).await.unwrap();
        }
    }
    let all = fired().await;
    let mut seen: Vec<_> = all.iter().map(|one| (one.kind, one.due_at.timestamp().to_string())).collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            (ClockKind::Answer, "2026-11-27T17:00:00Z".to_owned()),
            (ClockKind::Clarification, "2026-11-24T17:00:00Z".to_owned()),
            (ClockKind::Refusal, "2026-11-27T17:00:00Z".to_owned()),
        ]
    );
    assert!(all.iter().all(|one| one.fired_at.since(one.due_at) < Duration::from_hours(1)), "{all:?}");
    let noted = audit::all(stage.store()).await.unwrap();
    assert_eq!(noted.iter().filter(|event| event.action == Action::ClockFired).count(), 3);
    for sql in [
        "UPDATE clock_firings SET fired_at = fired_at + 1",
        "DELETE FROM clock_firings",
        "INSERT INTO clock_firings (kind, subject, started_at, due_at, fired_at) VALUES ('appeal', 'appeal:9', 1, 5, 4)",
    ] {
        assert!(direct(stage, sql).await.is_err(), "{sql}");
    }

    // A refusal is left at that, with a reason; and then nothing more is due about it.
    let refused = clocks::running(pipeline).await.unwrap().into_iter().find(|clock| clock.kind == ClockKind::Refusal).unwrap();
    assert!(clocks::end(pipeline, &ratna, &refused.subject, " ").await.is_err(), "without a reason");
    assert!(
        letters::choices(pipeline, &batches::require(stage.store(), id).await.unwrap())
            .await
            .unwrap()
            .iter()
            .any(|(kind, _)| *kind == BatchKind::Application)
    );
    clocks::end(pipeline, &ratna, &refused.subject, "penjual sudah menghapus katalognya").await.unwrap();
    assert!(clocks::end(pipeline, &ratna, &refused.subject, "sekali lagi").await.is_err());
    assert_eq!(kinds().await, [(ClockKind::Clarification, 1), (ClockKind::Answer, 3)]);
    let choices = letters::choices(pipeline, &batches::require(stage.store(), id).await.unwrap()).await.unwrap();
    assert!(choices.iter().all(|(kind, _)| *kind != BatchKind::Application), "{choices:?}");
    // A platform that stays silent is left at that too, once its time is over.
    let silent = clocks::running(pipeline).await.unwrap().into_iter().find(|clock| clock.kind == ClockKind::Answer).unwrap();
    clocks::end(pipeline, &ratna, &silent.subject, "unggahannya sudah tua").await.unwrap();
    assert_eq!(kinds().await, [(ClockKind::Clarification, 1)]);
    assert_eq!(letters::choices(pipeline, &batches::require(stage.store(), id).await.unwrap()).await.unwrap(), []);
    assert!(direct(stage, "DELETE FROM request_ends").await.unwrap_err().contains("stays on record"));
}

async fn rows_of(stage: &Stage, id: BatchId) -> Vec<(FlagId, DecisionId)> {
    batches::rows(stage.store(), id).await.unwrap().into_iter().map(|row| (row.flag_id, row.decision_id)).collect()
}

async fn withdrawn(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let budi = users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let pipeline = &stage.pipeline;
    let rows = rows_of(stage, id).await;
    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(corrections::withdraw(pipeline, &viewer, id, &rows[..1], &why(Reason::Mistake)).await.is_err(), "a viewer");
    assert!(corrections::withdraw(pipeline, &ratna, id, &[], &why(Reason::Mistake)).await.is_err(), "nothing");
    assert!(
        corrections::withdraw(pipeline, &ratna, id, &rows[..1], &why(Reason::BaleOffer)).await.is_err(),
        "no reason to dismiss"
    );
    // One that was decided anew since: nothing of it happens, to the others neither.
    let stale = [rows[0], (rows[1].0, DecisionId(rows[1].1.0 + 1000))];
    assert!(corrections::withdraw(pipeline, &ratna, id, &stale, &why(Reason::Mistake)).await.is_err());
    let crossed = [(rows[0].0, rows[1].1)];
    assert!(
        corrections::withdraw(pipeline, &ratna, id, &crossed, &why(Reason::Mistake)).await.is_err(),
        "another post's decision"
    );
    assert_eq!(flags::get(stage.store(), rows[0].0).await.unwrap().unwrap().state, FlagState::Upheld);

    // One step of the analyst …
    let letter =
        corrections::withdraw(pipeline, &ratna, id, &[rows[0], rows[1], rows[0]], &why(Reason::LocalPreloved)).await.unwrap();
    assert_eq!((letter.kind, letter.state, letter.platform), (BatchKind::Withdrawal, BatchState::Rendered, Platform::Tiktok));
    assert_eq!(rows_of(stage, letter.id).await.len(), 2);
    assert!(corrections::withdraw(pipeline, &ratna, id, &rows[..1], &why(Reason::Mistake)).await.is_err(), "twice");
    let running = clocks::running(pipeline).await.unwrap();
    assert_eq!(running.iter().filter(|clock| clock.kind == ClockKind::Correction).count(), 2, "until it leaves");
    let hash = letter.package_sha256.clone().unwrap();
    assert!(batch::sign(pipeline, &ratna, letter.id, &hash).await.is_err(), "whoever withdrew signed");
    // … one of the signer; then it leaves by itself, to whoever got the request.
    let due = batch::sign(pipeline, &budi, letter.id, &hash).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    let (request, letter) =
        (batches::require(stage.store(), id).await.unwrap(), batches::require(stage.store(), letter.id).await.unwrap());
    assert_eq!((letter.state, letter.recipient), (BatchState::Sent, request.recipient));
    let state = async || {
        let one = corrections::withdrawals(pipeline).await.unwrap().remove(0);
        (one.letter.rows, one.confirmed, one.refused, one.is_done())
    };
    assert_eq!(state().await, (2, 0, 0, false));
    let kinds =
        async || clocks::running(pipeline).await.unwrap().into_iter().map(|clock| (clock.kind, clock.rows)).collect::<Vec<_>>();
    assert_eq!(kinds().await, [(ClockKind::Answer, 4), (ClockKind::Confirmation, 2)]);
    entered(stage, &ratna, letter.id, 0, Outcome::Refused).await;
    assert_eq!(state().await, (2, 0, 1, false));
    stage.later(60);
    entered(stage, &ratna, letter.id, 0, Outcome::Restored).await;
    entered(stage, &ratna, letter.id, 1, Outcome::Restored).await;
    assert_eq!((state().await, kinds().await), ((2, 2, 0, true), vec![(ClockKind::Answer, 4)]));

    // The whole rest at once.
    let letter = corrections::withdraw(pipeline, &ratna, id, &rows[2..], &why(Reason::Mistake)).await.unwrap();
    assert_eq!(rows_of(stage, letter.id).await.len(), 4);
    // A look that finds a withdrawn post up confirms it too; and then nobody looks at it any more.
    let due = batch::sign(pipeline, &budi, letter.id, letter.package_sha256.as_deref().unwrap()).await.unwrap();
    stage.clock.advance(due.since(pipeline.clock().now()));
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state().await, (4, 0, 0, false));
    stage.later(HOUR);
    assert!(stage.worker("w").perform(JobKind::FollowUp).await.unwrap().starts_with("6 up"), "the two before, too");
    assert_eq!((state().await, kinds().await), ((4, 4, 0, true), vec![]));
    stage.later(2 * DAY);
    assert!(stage.worker("w").perform(JobKind::FollowUp).await.unwrap().starts_with("0 up"));
    let looks = audit::all(stage.store()).await.unwrap();
    assert!(looks.iter().filter(|event| event.action == Action::PostChecked).all(|event| !event.detail.contains("requested")));
}

async fn doubts(stage: &Stage) {
    let (id, _) = sent(stage).await;
    let rows = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap();
    let found = async |pipeline: &sisir::pipeline::Pipeline| {
        let all = corrections::candidates(pipeline).await.unwrap();
        all.into_iter().map(|one| (one.asked.flag_id, one.doubts)).collect::<Vec<_>>()
    };
    assert_eq!(found(&stage.pipeline).await, []);
    // Its text was changed here by a later crawl; another by a look alone.
    direct(stage, &format!("UPDATE posts SET text = 'batik tulis', text_sha256 = 'x' WHERE id = {}", rows[0].post_id))
        .await
        .unwrap();
    stage.fake.change(&rows[1].native_id, Changed::Edited("batik tulis".into()));
    stage.later(HOUR);
    stage.worker("w").perform(JobKind::FollowUp).await.unwrap();
    // A capture that does not fit its hash any more: the schema refuses to change one, so somebody went around it.
    let sqlite = stage.pipeline.config.database.url.starts_with("sqlite:");
    let change =
        format!("UPDATE captures SET bytes = {} WHERE post_id = {}", if sqlite { "x'00'" } else { "'\\x00'" }, rows[2].post_id);
    let (off, on) = if sqlite {
        ("DROP TRIGGER captures_no_update; ".to_owned(), String::new())
    } else {
        (
            "ALTER TABLE captures DISABLE TRIGGER captures_no_update; ".to_owned(),
            "; ALTER TABLE captures ENABLE TRIGGER captures_no_update".to_owned(),
        )
    };
    direct(stage, &format!("{off}{change}{on}")).await.unwrap();
    let mut expected = vec![
        (rows[0].flag_id, vec![Doubt::Rules, Doubt::Edited]),
        (rows[1].flag_id, vec![Doubt::Edited]),
        (rows[2].flag_id, vec![Doubt::Evidence]),
    ];
    expected.sort_by_key(|(flag, _)| *flag);
    let mut all = found(&stage.pipeline).await;
    all.sort_by_key(|(flag, _)| *flag);
    assert_eq!(all, expected);
}

async fn again(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let rows = batches::details(stage.store(), id, stage.pipeline.clock().now()).await.unwrap();
    assert_eq!(reuploads::list(&stage.pipeline, &ratna).await.unwrap().len(), 0, "what was there before does not come again");
    stage.later(DAY);
    crate::desk::stored(
        stage,
        &[
            (rows[0].author.as_str(), "Bal segel import Korea isi topi, 1 bal 3jt, minat WA"),
            ("akun.baru", rows[1].text.as_str()),
        ],
    )
    .await;
    let found = reuploads::list(&stage.pipeline, &ratna).await.unwrap();
    let mut names: Vec<_> = found
        .iter()
        .map(|(post, common)| (post.author.clone(), common.iter().map(|one| one.name()).collect::<Vec<_>>()))
        .collect();
    names.sort();
    let mut expected = vec![(rows[0].author.clone(), vec!["account"]), ("akun.baru".to_owned(), vec!["words"])];
    expected.sort();
    assert_eq!(names, expected);
}

fn written(subject: &str) -> Written {
    Written {
        name: "Warga Rekaan".into(),
        contact: "0800-0000-0101".into(),
        subject: subject.into(),
        statement: "Itu baju saya sendiri, bukan barang impor.".into(),
    }
}

async fn objection(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let pipeline = &stage.pipeline;
    let budi = users::by_name(stage.store(), "budi").await.unwrap().unwrap();
    let rekan = users::by_name(stage.store(), "rekan").await.unwrap().unwrap();
    let (sinta, dewi) = (stage.person("sinta", Role::Supervisor).await, stage.person("dewi", Role::Approver).await);
    let details = batches::details(stage.store(), id, pipeline.clock().now()).await.unwrap();
    let missing = appeals::submit(pipeline, &Written::default()).await.unwrap().unwrap_err();
    assert_eq!(missing.first(), Some(&AppealProblem::Name));
    // By case number, by address, about nothing of ours.
    let case = batch::case_id(details[0].flag_id).to_lowercase();
    let first = appeals::submit(pipeline, &written(&format!(" {case} "))).await.unwrap().unwrap();
    let second = appeals::submit(pipeline, &written(&format!("{}?is_from_webapp=1", details[1].url))).await.unwrap().unwrap();
    let strange =
        appeals::submit(pipeline, &written("https://www.tiktok.com/@orang/video/7412345678901299999")).await.unwrap().unwrap();
    let open = sisir::store::appeals::open(stage.store()).await.unwrap();
    let about: Vec<_> = open.iter().map(|appeal| appeal.flag_id).collect();
    assert_eq!(about, [Some(details[0].flag_id), Some(details[1].flag_id), None]);
    let running = clocks::running(pipeline).await.unwrap();
    let clock = running.iter().find(|clock| clock.kind == ClockKind::Appeal).unwrap();
    // Ten working days after Friday 20 November.
    assert_eq!(clock.due.timestamp().to_string(), "2026-12-04T17:00:00Z");
    let outcome = async |ticket: &str| appeals::by_ticket(pipeline, ticket).await.unwrap().unwrap().outcome;
    assert_eq!(outcome(&first.to_uppercase()).await, None);
    assert!(appeals::by_ticket(pipeline, "abcd-abcd-abcd-abcd").await.unwrap().is_none());

    // While it is open no letter goes on about the post.
    stage.later(14 * DAY);
    let reminder = letters::draft(pipeline, &ratna, BatchKind::Reminder, id).await.unwrap();
    assert_eq!(batches::rows(stage.store(), reminder.id).await.unwrap().len(), 4, "two of six have an objection");

    // Whoever decided, agreed or signed does not judge it; others do.
    let answer = async |by: &User, appeal: i64, outcome| {
        let (text, reason) = ("Kami sudah memeriksa kembali.", why(Reason::LocalPreloved));
        appeals::answer(pipeline, by, AppealId(appeal), outcome, text, &reason).await
    };
    let ids: Vec<i64> = open.iter().map(|appeal| appeal.id.0).collect();
    for (who, part) in [(&ratna, "decided"), (&rekan, "agreed"), (&budi, "signed")] {
        assert!(answer(who, ids[0], AppealOutcome::Accepted).await.is_err(), "who {part} judged the objection");
    }
    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(answer(&viewer, ids[0], AppealOutcome::Rejected).await.is_err());
    assert!(answer(&sinta, ids[0], AppealOutcome::NotOurs).await.is_err(), "we did write about it");
    assert!(answer(&sinta, ids[2], AppealOutcome::Accepted).await.is_err(), "we did not write about it");
    let refused = appeals::answer(pipeline, &sinta, AppealId(ids[0]), AppealOutcome::Rejected, " ", &why(Reason::Mistake)).await;
    assert!(refused.is_err(), "without words");
    let letter = answer(&sinta, ids[0], AppealOutcome::Accepted).await.unwrap().unwrap();
    assert_eq!((letter.kind, letter.state), (BatchKind::Withdrawal, BatchState::Rendered));
    assert_eq!(flags::get(stage.store(), details[0].flag_id).await.unwrap().unwrap().state, FlagState::Dismissed);
    assert_eq!(outcome(&first).await, Some(AppealOutcome::Accepted));
    assert!(answer(&dewi, ids[0], AppealOutcome::Rejected).await.is_err(), "answered twice");
    assert!(answer(&dewi, ids[1], AppealOutcome::Rejected).await.unwrap().is_none());
    assert!(answer(&dewi, ids[2], AppealOutcome::NotOurs).await.unwrap().is_none());
    assert_eq!((outcome(&second).await, outcome(&strange).await), (Some(AppealOutcome::Rejected), Some(AppealOutcome::NotOurs)));
    assert!(clocks::running(pipeline).await.unwrap().iter().all(|clock| clock.kind != ClockKind::Appeal));
    // The signature on the withdrawal is a third person's.
    let hash = letter.package_sha256.clone().unwrap();
    assert!(batch::sign(pipeline, &sinta, letter.id, &hash).await.is_err());
    batch::sign(pipeline, &dewi, letter.id, &hash).await.unwrap();

    // Around the program the same is refused.
    let fourth = appeals::submit(pipeline, &written(&batch::case_id(details[2].flag_id))).await.unwrap().unwrap();
    let id = appeals::by_ticket(pipeline, &fourth).await.unwrap().unwrap().id;
    let row = |by: &User| {
        format!(
            "INSERT INTO appeal_answers (appeal_id, outcome, answer, decided_by, decided_at) VALUES ({id}, 'rejected', 'x', {}, 1)",
            by.id
        )
    };
    for who in [&ratna, &rekan, &budi] {
        assert!(direct(stage, &row(who)).await.unwrap_err().contains("no part in the request"));
    }
    for sql in ["DELETE FROM appeal_answers", "UPDATE appeal_answers SET outcome = 'accepted'"] {
        assert!(direct(stage, sql).await.unwrap_err().contains("stays answered"), "{sql}");
    }
    // Who wrote it: supervisors, and it is noted.
    assert!(appeals::appellant(pipeline, &ratna, id).await.is_err());
    assert_eq!(appeals::appellant(pipeline, &sinta, id).await.unwrap().unwrap().0, "Warga Rekaan");
    let events = audit::all(stage.store()).await.unwrap();
    assert!(events.iter().any(|event| event.action == Action::AppellantRead));
    let log = events.iter().map(|event| format!("{} {}", event.subject, event.detail)).collect::<String>();
    assert!(!log.contains("Rekaan") && !log.contains("0800"), "no name in the log");
    // After a while words and people are gone, the answer stays.
    stage.later(91 * DAY);
    purge::purge(pipeline).await.unwrap();
    let kept = sisir::store::appeals::get(stage.store(), AppealId(ids[0])).await.unwrap().unwrap();
    assert_eq!((kept.statement.as_str(), kept.outcome), ("", Some(AppealOutcome::Accepted)));
    assert_eq!(sisir::store::appeals::appellant(stage.store(), AppealId(ids[0])).await.unwrap(), None);
    assert!(sisir::store::appeals::appellant(stage.store(), id).await.unwrap().is_some(), "the open one stays");
}

async fn on_hold(stage: &Stage) {
    let (ratna, sinta) = (stage.person("ratna", Role::Analyst).await, stage.person("sinta", Role::Supervisor).await);
    crate::two_person::upheld(stage, &[&ratna]).await;
    let held = batch::held(&stage.pipeline, stage.store()).await.unwrap();
    assert!(held.is_empty());
    let filter = queue::Filter { state: "upheld".into(), ..Default::default() };
    let card = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 1, None).await.unwrap().remove(0);
    let until = Some(stage.pipeline.clock().now().plus(Duration::from_hours(24 * 30)));
    let mark = sisir::store::accounts::NewMark {
        platform: card.platform,
        handle: card.author.clone(),
        kind: MarkKind::Hold,
        note: "penyidikan berjalan".into(),
        reference: "R-17/2026".into(),
        until,
    };
    assert!(accounts::set_mark(&stage.pipeline, &ratna, mark.clone()).await.is_err(), "an analyst held an account back");
    for wrong in [
        sisir::store::accounts::NewMark { reference: " ".into(), ..mark.clone() },
        sisir::store::accounts::NewMark { until: None, ..mark.clone() },
    ] {
        assert!(accounts::set_mark(&stage.pipeline, &sinta, wrong).await.is_err());
    }
    accounts::set_mark(&stage.pipeline, &sinta, mark).await.unwrap();
    let held = batch::held(&stage.pipeline, stage.store()).await.unwrap();
    assert!(held.values().all(|(_, why)| *why == batch::Held::Hold) && held.contains_key(&card.id));
    let drafted = batch::draft(&stage.pipeline, &ratna, BatchKind::Request, Platform::Tiktok).await.unwrap();
    assert!(rows_of(stage, drafted.id).await.iter().all(|(flag, _)| *flag != card.id));
    // Why is for supervisors.
    let view = async |user: &User| accounts::view(&stage.pipeline, user, card.platform, &card.author).await.unwrap().unwrap();
    assert_eq!((view(&ratna).await.marks.len(), view(&sinta).await.marks.len()), (0, 1));
    stage.later(31 * DAY);
    assert!(batch::held(&stage.pipeline, stage.store()).await.unwrap().is_empty(), "it ends by itself");
}

/// From the row of a sent request to the letter that withdraws it: two forms of two people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_withdrawn_from_the_desk_in_two_actions() {
    let desk = Desk::new().await;
    let (id, _) = sent(&desk.stage).await;
    let sari = desk.sign_in("sari", Role::Analyst).await;
    let page = sari.page(&format!("/batches/{id}")).await;
    let row = page.split("name=\"row\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let flag = row.split(':').next().unwrap();
    assert!(sari.page(&format!("/flags/{flag}")).await.contains(&format!("/batches/{id}/withdraw")));
    // First action.
    let answer = sari.post(&format!("/batches/{id}/withdraw"), &[("row", &row), ("reason", "mistake"), ("note", "keliru")]).await;
    let letter = answer.headers()["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    let dewi = desk.sign_in("dewi", Role::Approver).await;
    let page = dewi.page(&letter).await;
    let hash = page.split("name=\"package_sha256\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // Second action, of another person.
    let answer = dewi.post(&format!("{letter}/sign"), &[("package_sha256", &hash), ("confirm", "TW-2026-000001")]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    desk.stage.later(5 * DAY);
    desk.stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(desk.stage.mails().len(), 2);
    let sari = desk.sign_in("tono", Role::Analyst).await;
    let page = sari.page("/corrections").await;
    assert!(page.contains("TW-2026-000001") && page.contains("0/1"), "{page}");
    // The same form once more is told so, and nothing happens.
    let answer = sari.post(&format!("/batches/{id}/withdraw"), &[("row", &row), ("reason", "mistake")]).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    for hostile in ["", "1", "x:y", "1:2:3", "99999999999999999999:1"] {
        let answer = sari.post(&format!("/batches/{id}/withdraw"), &[("row", hostile), ("reason", "mistake")]).await;
        assert!(answer.status().is_client_error(), "{hostile}: {}", answer.status());
    }
}

/// The public page: without an account, whatever is written into it, and it tells strangers nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_can_object_and_learns_only_what_is_theirs() {
    let desk = Desk::with(|config| {
        config.appeals.open = true;
        config.tips.hourly_from_one_address = 30;
    })
    .await;
    let (id, _) = sent(&desk.stage).await;
    let row = batches::details(desk.stage.store(), id, desk.stage.pipeline.clock().now()).await.unwrap().remove(0);
    let send = async |path: &str, form: &[(&str, &str)]| {
        let answer = client().post(format!("{}{path}", desk.base)).header(ORIGIN, &desk.base).form(form).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let form = |subject: &'static str| {
        [("subject", subject), ("statement", "Itu milik saya"), ("name", "Warga"), ("contact", "warga@contoh.id")]
    };
    let (status, page) = send("/keberatan", &[("subject", "\"><script>alert(1)</script>")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;"), "what was typed comes back as text");
    // About a post of ours and about any other: the same answer, word for word but for the ticket.
    let strip = |page: &str| {
        let (before, rest) = page.split_once("<code>").unwrap();
        format!("{before}{}", rest.split_once("</code>").unwrap().1)
    };
    let url: &'static str = Box::leak(row.url.clone().into_boxed_str());
    let (ours, theirs) = (
        send("/keberatan", &form(url)).await,
        send("/keberatan", &form("https://www.tiktok.com/@a/video/7412345678901299999")).await,
    );
    assert_eq!((ours.0, strip(&ours.1)), (StatusCode::OK, strip(&theirs.1)));
    let ticket = ours.1.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
    let (_, page) = send("/keberatan/status", &[("ticket", &ticket)]).await;
    assert!(
        page.contains("Menunggu jawaban") && !page.contains(&row.author) && !page.contains("Warga") && !page.contains("KS-"),
        "{page}"
    );
    let (_, page) = send("/keberatan/status", &[("ticket", "' OR 1=1 --"), ("lang", "en")]).await;
    assert!(page.contains("There is no objection with this ticket"));
    for (field, value) in [
        ("statement", "x".repeat(4_001)),
        ("subject", "\u{202e}terbalik".into()),
        ("name", "a\0b".into()),
        ("contact", "=cmd|calc@x".into()),
    ] {
        let mut all = form("KS-000001").map(|(name, value)| (name, value.to_owned()));
        all.iter_mut().filter(|(name, _)| *name == field).for_each(|(_, old)| old.clone_from(&value));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, page) = send("/keberatan", &all).await;
        assert!(status == StatusCode::OK || status == StatusCode::UNPROCESSABLE_ENTITY, "{field}: {status}");
        assert!(page.contains("</html>"));
    }
    let (status, _) = send("/keberatan", &[("statement", &"x".repeat(7 << 20))]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    // A page elsewhere cannot send the form for its visitor.
    let foreign = client()
        .post(format!("{}/keberatan", desk.base))
        .header(ORIGIN, "https://jahat.example")
        .form(&form("KS-1"))
        .send()
        .await;
    assert_eq!(foreign.unwrap().status(), StatusCode::FORBIDDEN);
    // A supervisor answers in the desk; the seller reads it.
    let sinta = desk.sign_in("sinta", Role::Supervisor).await;
    assert!(sinta.page("/corrections").await.contains("K-1"));
    assert!(sinta.page("/appeals/1").await.contains("Itu milik saya"));
    let answer = sinta
        .post(
            "/appeals/1/answer",
            &[("outcome", "accepted"), ("reason", "local_preloved"), ("answer", "Anda benar <b>sekali</b>.")],
        )
        .await;
    assert!(answer.headers()["location"].to_str().unwrap().starts_with("/batches/"));
    let (_, page) = send("/keberatan/status", &[("ticket", &ticket)]).await;
    assert!(page.contains("Anda benar &#60;b&#62;sekali&#60;/b&#62;.") && !page.contains("sinta"), "{page}");
    // Too many from one address have to wait; nothing they wrote is lost.
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        let (status, page) = send("/keberatan", &form("KS-000002")).await;
        last = status;
        if status == StatusCode::TOO_MANY_REQUESTS {
            assert!(page.contains("Itu milik saya"));
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert!(posts::count(desk.stage.store()).await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_page_takes_nothing() {
    let desk = Desk::new().await;
    let page = client().get(format!("{}/keberatan", desk.base)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Keberatan sedang tidak diterima") && !page.contains("<textarea"));
    let form = [("subject", "KS-000001"), ("statement", "x"), ("name", "x"), ("contact", "x@contoh.id")];
    let answer = client().post(format!("{}/keberatan", desk.base)).header(ORIGIN, &desk.base).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(sisir::store::appeals::open(desk.stage.store()).await.unwrap().len(), 0);
}
