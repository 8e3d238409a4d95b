//! A changed rule pack against what people have decided, before it is put to use.

use std::collections::BTreeMap;

use super::{Pipeline, Result};
use crate::domain::flag::FlagState;
use crate::domain::ids::PostId;
use crate::domain::trust::Bar;
use crate::rules::{RuleSet, Status};
use crate::scan::{Post, Scanner};
use crate::store::{backtest, rule_hits};

/// Posts read together.
const PAGE: i64 = 500;

/// What a pack would change.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Backtest {
    /// Posts read.
    pub posts: u64,
    /// Flagged by the new rules and not by those in use.
    pub new: Vec<PostId>,
    /// Flagged by the rules in use and not by the new ones.
    pub lost: Vec<PostId>,
    /// Flagged by the new rules though people dismissed it.
    pub contradicts: Vec<PostId>,
    /// No longer flagged though people upheld it.
    pub forgets: Vec<PostId>,
    /// A request stands about it, and the new rules find it too.
    pub supports: u64,
    /// A request stands about it, and the new rules would not find it.
    pub abandons: Vec<PostId>,
}

/// Tries the first pack of `candidate` on every stored post. `progress` gets the number of posts read so far.
pub async fn run(pipeline: &Pipeline, candidate: &RuleSet, mut progress: impl FnMut(u64)) -> Result<Backtest> {
    let mut out = Backtest::default();
    let Some(pack) = candidate.packs.first() else { return Ok(out) };
    let rules = pipeline.rules();
    let current = rules.pack(&pack.id);
    let mut after = PostId(0);
    loop {
        let page = backtest::page(&pipeline.store, &pack.id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(out) };
        after = last.id;
        let (mut theirs, mut ours) = (Scanner::new(candidate), Scanner::new(&rules));
        for post in &page {
            let text = Post { author: Some(&post.author), ..Post::caption(&post.text) };
            let now = theirs.assess_with(pack, &text).flagged;
            let before = current.is_some_and(|current| ours.assess_with(current, &text).flagged);
            out.posts += 1;
            match (before, now) {
                (false, true) => out.new.push(post.id),
                (true, false) => out.lost.push(post.id),
                _ => {}
            }
            match (post.state, now) {
                (Some(FlagState::Dismissed), true) => out.contradicts.push(post.id),
                (Some(FlagState::Upheld), false) => out.forgets.push(post.id),
                _ => {}
            }
            match (post.requested, now) {
                (true, true) => out.supports += 1,
                (true, false) => out.abandons.push(post.id),
                _ => {}
            }
        }
        progress(out.posts);
    }
}

/// What is known of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReport {
    /// Pack.
    pub pack: String,
    /// Rule.
    pub rule: String,
    /// Where it is in its life.
    pub status: Status,
    /// Decisions in force that uphold what it found.
    pub upheld: u64,
    /// Decisions in force that dismiss it.
    pub dismissed: u64,
    /// It reaches its pack's bar.
    pub trusted: bool,
    /// Posts it matched, by day.
    pub by_day: BTreeMap<String, i64>,
}

/// Every rule in use, with its measured precision and its hits.
pub async fn report(pipeline: &Pipeline) -> Result<Vec<RuleReport>> {
    let cards = rule_hits::cards(&pipeline.store).await?;
    let hits = rule_hits::by_day(&pipeline.store).await?;
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let rules = pipeline.rules();
    let mut out = Vec::new();
    for pack in &rules.packs {
        let bar = Bar { min_decisions: u64::from(pack.gate.min_decisions), min_precision: pack.gate.min_precision };
        for rule in &pack.rules {
            let card = cards.iter().find(|card| card.pack == pack.id && card.rule == rule.id);
            let (upheld, dismissed) = card.map_or((0, 0), |card| (count(card.upheld), count(card.dismissed)));
            let own = hits.iter().filter(|hit| hit.pack == pack.id && hit.rule == rule.id);
            let mut by_day = BTreeMap::new();
            own.for_each(|hit| *by_day.entry(hit.day.clone()).or_default() += hit.posts);
            let trusted = bar.reached(upheld, dismissed);
            out.push(RuleReport {
                pack: pack.id.clone(),
                rule: rule.id.clone(),
                status: rule.status,
                upheld,
                dismissed,
                trusted,
                by_day,
            });
        }
    }
    Ok(out)
}
