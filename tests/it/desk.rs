//! The desk's decisions: what they need, how they are taken back and handed on, and decisions about many posts at once.

use std::time::Duration;

use sisir::domain::Platform;
use sisir::domain::batch::BatchKind;
use sisir::domain::decision::{Elements, FollowUp, Judgement, Reason, Verdict};
use sisir::domain::flag::{FlagState, Lane};
use sisir::domain::ids::FlagId;
use sisir::domain::job::JobKind;
use sisir::domain::post::Observation;
use sisir::domain::user::Role;
use sisir::pipeline::bulk::{self, Confirmation};
use sisir::pipeline::{PipelineError, alike, queues, review};
use sisir::store::named_queues::{self, NamedQueue};
use sisir::store::queue::{self, After, Filter, Reader};
use sisir::store::{bulks, decisions, flags, posts};

use crate::on_both;
use crate::support::Stage;

/// A number as TikTok gives, another one for each author.
fn native_id(index: usize, author: &str) -> String {
    let sum: u64 = author.bytes().fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000);
    format!("74123456{sum:06}{index:05}")
}

/// Stores captions of one's own and screens them.
pub async fn stored(stage: &Stage, captions: &[(&str, &str)]) {
    let seen: Vec<Observation> = captions
        .iter()
        .enumerate()
        .map(|(index, (author, text))| Observation {
            platform: Platform::Tiktok,
            native_id: native_id(index, author),
            url: format!("https://www.tiktok.com/@{author}/video/{}", native_id(index, author)),
            author: (*author).to_owned(),
            text: (*text).to_owned(),
            posted_at: Some(stage.pipeline.clock().now()),
            views: Some(1200),
        })
        .collect();
    let mut tx = stage.store().write_tx().await.unwrap();
    posts::upsert(&mut tx, "import", &seen).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    stage.worker("w").perform(JobKind::Screen).await.unwrap();
}

/// Puts captions of one's own in the queue; returns their flags in the same order.
async fn flagged(stage: &Stage, captions: &[(&str, &str)]) -> Vec<FlagId> {
    stored(stage, captions).await;
    let mut cards = queue::list(stage.store(), &Filter::default(), stage.pipeline.clock().now(), 1_000, None).await.unwrap();
    cards.sort_by_key(|card| card.id);
    let found = |text: &str| cards.iter().filter(|card| card.text == text).map(|card| card.id).collect::<Vec<_>>();
    let mut used = Vec::new();
    for (_, text) in captions {
        let id = found(text).into_iter().find(|id| !used.contains(id)).unwrap_or_else(|| panic!("not flagged: {text}"));
        used.push(id);
    }
    used
}

/// Puts `count` made-up posts in the queue, no two alike.
pub async fn made_up(stage: &Stage, count: usize) {
    let goods = ["hoodie", "crewneck", "kemeja", "jaket", "rajut", "celana", "dress", "topi", "gamis", "jersey"];
    let places = ["Korea", "Jepang", "Thailand", "China", "Amerika", "Australia"];
    let captions: Vec<(String, String)> = (0..count)
        .map(|n| {
            let (good, place) = (goods[n % goods.len()], places[n / goods.len() % places.len()]);
            let author = format!("toko.{n}");
            (
                author,
                format!("Buka bal segel import {place} isi {good} nomor{n}, ready ballpress 1 bal {}jt, minat WA", 1 + n % 5),
            )
        })
        .collect();
    let captions: Vec<(&str, &str)> = captions.iter().map(|(author, text)| (author.as_str(), text.as_str())).collect();
    // A few at a time: the rules' safety brake does not like a day on which everything is flagged.
    for some in captions.chunks(150) {
        flagged(stage, some).await;
    }
}

const BALE: &str = "Buka bal import Korea grade A, hoodie crewneck rajut, ready ballpress 1 bal 2jt, minat WA";

fn uphold() -> Judgement {
    Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap()
}

fn dismiss() -> Judgement {
    Judgement::new(Verdict::Dismiss, Reason::LocalPreloved, "").unwrap()
}

async fn elements(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let id = flagged(stage, &[("toko.contoh", BALE)]).await[0];
    for letters in ["", "A", "AB", "AC", "BC"] {
        let judgement = uphold().with_elements(Elements::from_letters(letters));
        let refused = review::decide(&stage.pipeline, &ratna, id, &stage.seen(id).await, &judgement).await.unwrap_err();
        assert!(refused.to_string().contains("all three elements"), "{letters}: {refused}");
        assert_eq!(flags::get(stage.store(), id).await.unwrap().unwrap().state, FlagState::Open, "{letters}");
    }
    let lead = uphold().with_actor(Some(sisir::domain::flag::Role::Supplier)).with_follow_up(FollowUp::CustomsLead).unwrap();
    review::decide(&stage.pipeline, &ratna, id, &stage.seen(id).await, &lead).await.unwrap();
    stage.second_all().await;
    let ready = decisions::ready(stage.store(), Platform::Tiktok, BatchKind::Request, 10).await.unwrap();
    assert!(ready.is_empty(), "a lead to Customs became a request: the post is evidence, and stays up");
    let row = &decisions::of_flag(stage.store(), id).await.unwrap()[0];
    assert_eq!((row.elements.as_deref(), row.action), (Some("ABC"), Some(FollowUp::CustomsLead)));
    assert_eq!(row.actor, Some(sisir::domain::flag::Role::Supplier));
}

async fn undo(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let ids =
        flagged(stage, &[("satu", BALE), ("dua", "Jual baju bekas import Jepang, bal segel ready, 1 bal 3jt, chat WA")]).await;
    let first = review::decide(&stage.pipeline, &ratna, ids[0], &stage.seen(ids[0]).await, &uphold()).await.unwrap();
    let cards = sisir::store::rule_hits::cards(stage.store()).await.unwrap();
    assert!(cards.iter().map(|card| card.upheld).sum::<i64>() > 0);
    assert!(review::undo(&stage.pipeline, &dewi, ids[0], first).await.is_err(), "a colleague took it back");
    let since = review::undo_since(&stage.pipeline);
    assert_eq!(decisions::newest_by(stage.store(), ratna.id, since).await.unwrap(), Some((ids[0], first)));
    review::undo(&stage.pipeline, &ratna, ids[0], first).await.unwrap();
    let flag = flags::get(stage.store(), ids[0]).await.unwrap().unwrap();
    assert_eq!((flag.state, flag.decision_id, flag.claimed_by), (FlagState::Open, None, Some(ratna.id)));
    assert!(decisions::of_flag(stage.store(), ids[0]).await.unwrap()[0].undone_at.is_some(), "it stays on record");
    let cards = sisir::store::rule_hits::cards(stage.store()).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.upheld + card.dismissed).sum::<i64>(), 0, "the cards forgot it");
    assert!(review::undo(&stage.pipeline, &ratna, ids[0], first).await.is_err(), "taken back twice");
    // Too late.
    let second = review::decide(&stage.pipeline, &ratna, ids[1], &stage.seen(ids[1]).await, &dismiss()).await.unwrap();
    stage.later(u64::from(stage.pipeline.config.desk.undo_minutes) * 60 + 1);
    assert!(review::undo(&stage.pipeline, &ratna, ids[1], second).await.is_err(), "taken back after the window");
    assert_eq!(flags::get(stage.store(), ids[1]).await.unwrap().unwrap().state, FlagState::Dismissed);
}

/// What replaced another decision is not taken back: the post would be as if nobody had decided.
async fn undo_of_a_correction(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let id = flagged(stage, &[("satu", BALE)]).await[0];
    review::decide(&stage.pipeline, &ratna, id, &stage.seen(id).await, &uphold()).await.unwrap();
    let correction = review::decide(&stage.pipeline, &dewi, id, &stage.seen(id).await, &dismiss()).await.unwrap();
    assert_eq!(decisions::newest_by(stage.store(), dewi.id, review::undo_since(&stage.pipeline)).await.unwrap(), None);
    let refused = review::undo(&stage.pipeline, &dewi, id, correction).await.unwrap_err();
    assert!(refused.to_string().contains("decide again instead"), "{refused}");
    assert_eq!(flags::get(stage.store(), id).await.unwrap().unwrap().decision_id, Some(correction));
}

/// What the desk notes about a post does not keep it from being deleted, and goes with it.
async fn forgotten(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let ids =
        flagged(stage, &[("satu", BALE), ("dua", "Jual baju bekas import Jepang, bal segel ready, 1 bal 3jt, chat WA")]).await;
    bulk::of_list(&stage.pipeline, &ratna, "", &Filter::open()).await.unwrap();
    review::refer(&stage.pipeline, &ratna, ids[0], Lane::Escalated, "akun siapa").await.unwrap();
    review::look(&stage.pipeline, &ratna, ids[0]).await.unwrap();
    let post = flags::get(stage.store(), ids[0]).await.unwrap().unwrap().post_id;
    let mut tx = stage.store().write_tx().await.unwrap();
    sisir::store::retention::delete_flagged(&mut tx, &[(post, Platform::Tiktok, native_id(0, "satu"))]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    assert!(flags::get(stage.store(), ids[0]).await.unwrap().is_none());
    let filter = Filter { words: "akun siapa".into(), ..Filter::default() };
    assert_eq!(queue::count(stage.store(), &filter).await.unwrap(), 0);
    assert!(sisir::store::users::reads(stage.store(), "", Some(ids[0]), 9).await.unwrap().is_empty());
}

async fn undo_in_a_package(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let id = flagged(stage, &[("satu", BALE)]).await[0];
    let decision = review::decide(&stage.pipeline, &ratna, id, &stage.seen(id).await, &uphold()).await.unwrap();
    stage.second_all().await;
    let kind = sisir::domain::batch::BatchKind::Request;
    sisir::pipeline::batch::draft(&stage.pipeline, &ratna, kind, Platform::Tiktok).await.unwrap();
    assert!(review::undo(&stage.pipeline, &ratna, id, decision).await.is_err());
    assert_eq!(flags::get(stage.store(), id).await.unwrap().unwrap().decision_id, Some(decision));
}

async fn handed_on(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let sinta = stage.person("sinta", Role::Supervisor).await;
    let ids =
        flagged(stage, &[("satu", BALE), ("dua", "Jual baju bekas import Jepang, bal segel ready, 1 bal 3jt, chat WA")]).await;
    review::refer(&stage.pipeline, &ratna, ids[0], Lane::SecondLook, "gambar tidak jelas").await.unwrap();
    assert!(review::refer(&stage.pipeline, &ratna, ids[1], Lane::Escalated, " ").await.is_err(), "without a word");
    review::refer(&stage.pipeline, &ratna, ids[1], Lane::Escalated, "akun pejabat?").await.unwrap();
    let next = async |user| review::take_next(&stage.pipeline, user, None, None).await.unwrap();
    assert_eq!(next(&ratna).await, None, "her own doubt came back to her");
    assert_eq!(next(&dewi).await, Some(ids[0]));
    let forbidden = |result: Result<_, PipelineError>| matches!(result, Err(PipelineError::Forbidden(_)));
    assert!(forbidden(review::decide(&stage.pipeline, &ratna, ids[0], &stage.seen(ids[0]).await, &dismiss()).await));
    assert!(forbidden(review::decide(&stage.pipeline, &dewi, ids[1], &stage.seen(ids[1]).await, &dismiss()).await));
    review::decide(&stage.pipeline, &dewi, ids[0], &stage.seen(ids[0]).await, &dismiss()).await.unwrap();
    assert_eq!(next(&sinta).await, Some(ids[1]));
    review::decide(&stage.pipeline, &sinta, ids[1], &stage.seen(ids[1]).await, &dismiss()).await.unwrap();
    assert_eq!(decisions::referrals(stage.store(), ids[1]).await.unwrap()[0].note, "akun pejabat?");
}

async fn named(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let sinta = stage.person("sinta", Role::Supervisor).await;
    let id = flagged(stage, &[("satu", BALE)]).await[0];
    let flag = flags::get(stage.store(), id).await.unwrap().unwrap();
    assert_eq!(flag.queue_id, Some(2), "P1 goes to the queue of bales: {flag:?}");
    let own = NamedQueue { name: "Khusus TikTok".into(), position: 1, platform: "tiktok".into(), ..NamedQueue::default() };
    assert!(queues::save(&stage.pipeline, &ratna, &own, "").await.is_err(), "an analyst arranged queues");
    assert!(queues::save(&stage.pipeline, &sinta, &own, "orang.lain").await.is_err(), "for someone who is not there");
    let queue = queues::save(&stage.pipeline, &sinta, &own, "ratna").await.unwrap();
    assert_eq!(flags::get(stage.store(), id).await.unwrap().unwrap().queue_id, Some(queue));
    assert_eq!(named_queues::closed_to(stage.store(), &dewi).await.unwrap(), [queue]);
    assert_eq!(review::take_next(&stage.pipeline, &dewi, None, None).await.unwrap(), None);
    assert!(review::decide(&stage.pipeline, &dewi, id, &stage.seen(id).await, &dismiss()).await.is_err());
    let like = bulk::like(&stage.pipeline, &dewi, id).await;
    assert!(matches!(like, Err(PipelineError::Forbidden(_))), "put together with what others work on");
    assert_eq!(review::take_next(&stage.pipeline, &ratna, Some(queue), None).await.unwrap(), Some(id));
    assert_eq!(review::take_next(&stage.pipeline, &ratna, Some(1), None).await.unwrap(), None);
    queues::remove(&stage.pipeline, &sinta, queue).await.unwrap();
    assert_eq!(flags::get(stage.store(), id).await.unwrap().unwrap().queue_id, Some(2));
    assert!(queues::remove(&stage.pipeline, &sinta, named_queues::FIRST).await.is_err(), "the last queue went");
}

/// Whatever writes the regions of a flag, its rows follow.
async fn regions(stage: &Stage) {
    let ids = flagged(stage, &[("satu", "Buka bal cap karung import Korea ready 1 bal 2jt, minat WA"), ("dua", BALE)]).await;
    let of = async |region: &str| {
        let filter = Filter { region: region.into(), ..Filter::open() };
        let listed = queue::page(stage.store(), &filter, stage.pipeline.clock().now(), 50, None).await.unwrap();
        assert_eq!(listed.found, i64::try_from(listed.cards.len()).unwrap());
        listed.cards.iter().map(|card| card.id).collect::<Vec<_>>()
    };
    assert_eq!((of("sulsel").await, of("kaltara").await, of("papua").await), (vec![ids[0]], vec![ids[0]], vec![]));
    // Both ways to read a list give the same: few posts found first, and all read in order.
    let filter = Filter { region: "sulsel".into(), ..Filter::open() };
    let in_order = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 50, None).await.unwrap();
    assert_eq!(in_order.iter().map(|card| card.id).collect::<Vec<_>>(), [ids[0]]);
    let post = flags::get(stage.store(), ids[0]).await.unwrap().unwrap().post_id;
    let mut tx = stage.store().write_tx().await.unwrap();
    sisir::store::retention::empty(&mut tx, &[(post, Platform::Tiktok, native_id(0, "satu"))]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(of("sulsel").await, vec![]);
}

/// Pages of a search hold every post once, in one order, also behind what is counted.
async fn pages(stage: &Stage) {
    let text = |n: usize| format!("Buka bal segel import Korea nomor{n} ready 1 bal 2jt WA");
    // Among as many others: a pack that would flag nearly all is stopped.
    let both = |n: usize| [(format!("toko{n}"), text(n)), (format!("toko{n}"), format!("Kopi pagi nomor{n} di teras"))];
    let texts: Vec<(String, String)> = (0..1_020).flat_map(both).collect();
    stored(stage, &texts.iter().map(|(author, text)| (author.as_str(), text.as_str())).collect::<Vec<_>>()).await;
    for words in ["import", "impo*"] {
        let filter = Filter { words: words.into(), ..Filter::open() };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let listed = queue::page(stage.store(), &filter, stage.pipeline.clock().now(), 100, after).await.unwrap();
            assert_eq!(listed.found, filter.counted() + 1, "counted up to there");
            let Some(last) = listed.cards.last() else { break };
            after = Some(After { rank: last.rank, id: last.id });
            seen.extend(listed.cards.iter().map(|card| card.id));
        }
        assert_eq!(seen.len(), 1_020, "{words}");
        assert!(seen.is_sorted_by(|a, b| a > b), "{words}: newest first, none twice");
    }
}

async fn search(stage: &Stage) {
    let ratna = stage.person("ratna", Role::Analyst).await;
    let ids =
        flagged(stage, &[("juragan.bal", BALE), ("dua", "Jual baju bekas import Jepang, bal segel ready, 1 bal 3jt, chat WA")])
            .await;
    let found = async |words: &str| {
        let filter = Filter { words: words.into(), ..Filter::default() };
        let mut ids: Vec<FlagId> = queue::list(stage.store(), &filter, stage.pipeline.clock().now(), 50, None)
            .await
            .unwrap()
            .iter()
            .map(|card| card.id)
            .collect();
        ids.sort();
        assert_eq!(queue::count(stage.store(), &filter).await.unwrap(), i64::try_from(ids.len()).unwrap());
        ids
    };
    assert_eq!(found("KOREA").await, [ids[0]]);
    assert_eq!((found("jepa").await, found("jepa*").await), (vec![], vec![ids[1]]), "the beginning of a word");
    let mut all = ids.clone();
    all.sort();
    assert_eq!(found("bal import").await, all);
    assert_eq!(found("korea jepang").await, []);
    assert_eq!(found("@juragan").await, [ids[0]], "a handle");
    for hostile in ["\"", "' OR 1=1 --", "AND", "korea*)", "(", "-korea", "&|!:*"] {
        let _ = found(hostile).await;
    }
    review::decide(
        &stage.pipeline,
        &ratna,
        ids[1],
        &stage.seen(ids[1]).await,
        &Judgement::new(Verdict::Dismiss, Reason::Charity, "bakti sosial Tasik").unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(found("tasik").await, [ids[1]], "a note");
    // What is emptied is not found any more.
    let post = flags::get(stage.store(), ids[0]).await.unwrap().unwrap().post_id;
    let mut tx = stage.store().write_tx().await.unwrap();
    sisir::store::retention::empty(&mut tx, &[(post, Platform::Tiktok, native_id(0, "juragan.bal"))]).await.unwrap();
    tx.commit_housekeeping().await.unwrap();
    assert_eq!(found("korea").await, []);
}

async fn together(stage: &Stage) {
    let (ratna, dewi) = (stage.person("ratna", Role::Analyst).await, stage.person("dewi", Role::Analyst).await);
    let captions: Vec<(String, String)> = (0..30)
        .map(|n| {
            (
                format!("toko{n}"),
                format!("Buka bal import Korea grade A hoodie crewneck rajut ready ballpress 1 bal {n}jt minat WA"),
            )
        })
        .collect();
    let mut all: Vec<(&str, &str)> = captions.iter().map(|(author, text)| (author.as_str(), text.as_str())).collect();
    all.push(("lain", "Jual baju bekas import Jepang, bal segel ready, 1 bal 3jt, chat WA"));
    let ids = flagged(stage, &all).await;
    let flag = flags::get(stage.store(), ids[0]).await.unwrap().unwrap();
    let near = alike::open(&stage.pipeline, &ratna, &flag, all[0].1, 1_000).await.unwrap();
    assert_eq!(near.len(), 29, "prices do not matter, the other text does");
    assert_eq!(near[0].percent(), 100);
    let id = bulk::like(&stage.pipeline, &ratna, ids[0]).await.unwrap();
    let sample: Vec<FlagId> =
        bulks::members(stage.store(), id, 100).await.unwrap().iter().filter(|m| m.sampled).map(|m| m.id).collect();
    assert_eq!(sample.len(), 10);
    let confirmed = Confirmation { looked_at: sample.clone(), typed: "30".into() };
    let why = async |judgement: &Judgement, confirmed: &Confirmation| {
        bulk::decide(&stage.pipeline, &ratna, id, judgement, confirmed).await.unwrap_err().to_string()
    };
    assert!(why(&dismiss(), &Confirmation { looked_at: sample[1..].to_vec(), ..confirmed.clone() }).await.contains("not ticked"));
    assert!(why(&dismiss(), &Confirmation { typed: "29".into(), ..confirmed.clone() }).await.contains("type the number"));
    assert!(why(&uphold(), &confirmed).await.contains("not trusted yet"));
    assert!(bulk::decide(&stage.pipeline, &dewi, id, &dismiss(), &confirmed).await.is_err(), "a colleague's bulk");
    // One of them is judged meanwhile: nothing of the bulk happens.
    let decision = review::decide(&stage.pipeline, &dewi, ids[7], &stage.seen(ids[7]).await, &dismiss()).await.unwrap();
    assert!(why(&dismiss(), &confirmed).await.contains("of 30 posts 1 changed"));
    assert_eq!(queue::count(stage.store(), &Filter::open()).await.unwrap(), 30);
    review::undo(&stage.pipeline, &dewi, ids[7], decision).await.unwrap();
    stage.later(3_600);
    assert_eq!(bulk::decide(&stage.pipeline, &ratna, id, &dismiss(), &confirmed).await.unwrap(), 30);
    assert_eq!(queue::count(stage.store(), &Filter::open()).await.unwrap(), 1);
    let cards =
        async || sisir::store::rule_hits::cards(stage.store()).await.unwrap().iter().map(|card| card.dismissed).sum::<i64>();
    let rules = i64::try_from(flag.findings.len()).unwrap();
    assert_eq!(cards().await, 10 * rules, "only what was looked at counts for a rule");
    assert!(why(&dismiss(), &confirmed).await.contains("decided already"));
    assert_eq!(bulk::undo(&stage.pipeline, &ratna, id).await.unwrap(), 30);
    assert_eq!((queue::count(stage.store(), &Filter::open()).await.unwrap(), cards().await), (31, 0));
}

on_both! {
    upholding_needs_every_element_and_a_lead_is_no_request => elements,
    a_decision_is_taken_back_within_minutes_by_its_maker => undo,
    nothing_is_taken_back_that_stands_in_a_package => undo_in_a_package,
    a_correction_is_not_taken_back => undo_of_a_correction,
    what_is_deleted_takes_the_desks_notes_along => forgotten,
    a_post_is_handed_on_to_another_person_or_a_supervisor => handed_on,
    named_queues_route_posts_and_keep_others_out => named,
    search_finds_captions_handles_and_notes => search,
    a_region_lists_its_posts => regions,
    long_searches_have_pages => pages,
    many_posts_are_decided_together_only_with_their_sample => together,
}

/// A dozen people ask for the next post at the same time, and decide it: nobody decides what a colleague has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_judges_what_a_colleague_has() {
    for engine in [crate::support::Engine::Sqlite, crate::support::Engine::Postgres] {
        let Some(stage) = Stage::new(engine).await else { continue };
        stage.worker("w").perform(JobKind::Crawl).await.unwrap();
        stage.worker("w").perform(JobKind::Screen).await.unwrap();
        let total = queue::count(stage.store(), &Filter::open()).await.unwrap();
        assert!(total > 40, "{total}");
        let mut people = Vec::new();
        for n in 0..12 {
            people.push(stage.person(&format!("analis{n}"), Role::Analyst).await);
        }
        let tasks = people.into_iter().map(|person| {
            let (pipeline, seen) = (stage.pipeline.clone(), stage.store().clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                loop {
                    let id = match review::take_next(&pipeline, &person, None, None).await {
                        Ok(Some(id)) => id,
                        Ok(None) => return done,
                        Err(PipelineError::Refused(_)) => continue,
                        Err(error) => panic!("{error}"),
                    };
                    let shown = decisions::seen(&seen, id).await.unwrap();
                    review::decide(&pipeline, &person, id, &shown, &dismiss()).await.unwrap();
                    done.push(id);
                }
            })
        });
        let mut all: Vec<FlagId> = futures::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
        all.sort();
        let decided = all.len();
        all.dedup();
        assert_eq!((all.len(), i64::try_from(decided).unwrap()), (decided, total));
        let reader = Reader { id: sisir::domain::ids::UserId(1), supervises: true, closed: Vec::new(), queue: None };
        assert_eq!(
            queue::next_open(stage.store(), &reader, stage.pipeline.clock().now().plus(Duration::from_secs(1)), None)
                .await
                .unwrap(),
            None
        );
    }
}
