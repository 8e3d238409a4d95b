//! A changed rule pack against what people have decided, before it is put to use.

use std::collections::BTreeMap;

use super::{Pipeline, Result};
use crate::domain::flag::FlagState;
use crate::domain::ids::PostId;
use crate::domain::rule_change::Trial;
use crate::domain::trust::Bar;
use crate::rules::{RuleSet, Status};
use crate::scan::{Post, Scanner};
use crate::store::{backtest, rule_hits};

/// Posts read together.
const PAGE: i64 = 500;

/// Tries the first pack of `candidate` on every stored post. `progress` gets the number of posts read so far.
pub async fn run(pipeline: &Pipeline, candidate: &RuleSet, mut progress: impl FnMut(u64)) -> Result<Trial> {
    let mut trial = Trial::default();
    while step(pipeline, candidate, &mut trial).await? {
        progress(trial.posts);
    }
    Ok(trial)
}

/// Reads the next posts of a trial. False when there are no more. Begins anew when other rules came into use meanwhile.
pub async fn step(pipeline: &Pipeline, candidate: &RuleSet, trial: &mut Trial) -> Result<bool> {
    let Some(pack) = candidate.packs.first() else { return Ok(false) };
    let rules = pipeline.rules();
    if trial.against != rules.hash {
        *trial = Trial { against: rules.hash.clone(), ..Trial::default() };
    }
    let current = rules.pack(&pack.id);
    let page = backtest::page(&pipeline.store, &pack.id, PostId(trial.after), PAGE).await?;
    let Some(last) = page.last() else { return Ok(false) };
    trial.after = last.id.0;
    let (mut theirs, mut ours) = (Scanner::new(candidate), Scanner::new(&rules));
    for post in &page {
        let text = Post { author: Some(&post.author), ..Post::caption(&post.text) };
        let now = theirs.assess_with(pack, &text).flagged;
        let before = current.is_some_and(|current| ours.assess_with(current, &text).flagged);
        trial.posts += 1;
        match (before, now) {
            (false, true) => trial.new.push(post.id),
            (true, false) => trial.lost.push(post.id),
            _ => {}
        }
        match (post.state, now) {
            (Some(FlagState::Dismissed), true) => trial.contradicts.push(post.id),
            (Some(FlagState::Upheld), false) => trial.forgets.push(post.id),
            _ => {}
        }
        match (post.requested, now) {
            (true, true) => trial.supports += 1,
            (true, false) => trial.abandons.push(post.id),
            _ => {}
        }
    }
    Ok(true)
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
