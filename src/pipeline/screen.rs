//! Steps 2 to 4: normalise, match, flag. A machine only proposes: the end of this step is a queue for people.

use std::collections::BTreeMap;

use super::{Pipeline, PipelineError, Result, accounts, rule_packs};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::flag::Assessment;
use crate::domain::ids::PostId;
use crate::domain::post::Post;
use crate::rules::{Pack, RuleSet};
use crate::scan::{self, Scanner};
use crate::store::{captures, flags, named_queues, posts, rule_hits};
use crate::text::{Folded, Words};

/// Posts of one transaction: small enough to be quick, large enough to be cheap.
const BATCH: i64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScreenReport {
    /// Posts read.
    pub screened: u64,
    /// Posts flagged.
    pub flagged: u64,
}

/// Matches every post that the current rule set has not read. `progress` gets the number of posts read so far.
pub async fn screen(pipeline: &Pipeline, mut progress: impl FnMut(u64)) -> Result<ScreenReport> {
    let mut report = ScreenReport::default();
    loop {
        // Before each batch: a worker that went on with former rules would undo what another one reads with new ones.
        rule_packs::refresh(pipeline).await?;
        let rules = &pipeline.rules();
        let packs = rules.pack_ids();
        pipeline.reach("screen.before_batch");
        let mut tx = pipeline.store.write_tx().await?;
        let waiting = posts::take_unscreened(&mut tx, &rules.hash, BATCH).await?;
        if waiting.is_empty() {
            return Ok(report);
        }
        flags::remember_rule_set(&mut tx, &rules.hash, &packs).await?;
        let ids: Vec<PostId> = waiting.iter().map(|post| post.id).collect();
        flags::reopen_changed(&mut tx, &ids).await?;
        let upheld = flags::upheld_by_author(&mut tx, &ids).await?;
        let found = match_posts(rules, &waiting, &upheld);
        let mut pulled = rules.packs.iter().filter_map(|pack| pull_brake(pack, &found));
        if let Some(why) = pulled.next() {
            return Err(PipelineError::Refused(why));
        }
        let flagged =
            u64::try_from(found.iter().filter(|(_, packs)| packs.iter().any(|(_, found)| found.flagged)).count()).unwrap_or(0);
        for pack in &rules.packs {
            rule_hits::set_output(&mut tx, &pack.id, pack.output.as_str()).await?;
            let of_pack =
                |packs: &[(String, Assessment)]| packs.iter().find(|(id, _)| *id == pack.id).map(|(_, found)| found.clone());
            let mut silent = Vec::new();
            let mut hits: BTreeMap<(String, bool), i64> = BTreeMap::new();
            for ((post, packs), read) in found.iter().zip(&waiting) {
                let found = of_pack(packs).unwrap_or_default();
                if found.flagged {
                    let fingerprint = Words::of(&Folded::new(&read.text)).sketch();
                    flags::raise(&mut tx, *post, &pack.id, &rules.hash, &found, fingerprint).await?;
                } else {
                    silent.push(*post);
                }
                found.findings.into_iter().for_each(|finding| *hits.entry((finding.rule, false)).or_default() += 1);
                found.shadow.into_iter().for_each(|rule| *hits.entry((rule, true)).or_default() += 1);
            }
            flags::fade(&mut tx, &silent, &pack.id, &rules.hash).await?;
            rule_hits::count(&mut tx, &pack.id, &hits).await?;
        }
        for ((post, packs), read) in found.iter().zip(&waiting) {
            if packs.iter().any(|(_, found)| found.flagged) {
                accounts::remember_contacts(pipeline, &mut tx, *post, read).await?;
            }
        }
        named_queues::route(&mut tx).await?;
        posts::mark_screened(&mut tx, &rules.hash, &ids).await?;
        captures::let_go(&mut tx, &ids).await?;
        let detail = format!("posts={} flagged={flagged}", waiting.len());
        let subject = format!("rules:{}", rules.hash.get(..12).unwrap_or_default());
        tx.commit(AuditEvent::new(Actor::System, Action::PostsScreened, subject).detail(detail)).await?;
        pipeline.reach("screen.batch_stored");
        report.screened += u64::try_from(waiting.len()).unwrap_or(0);
        report.flagged += flagged;
        metrics::counter!("sisir_posts_screened_total").increment(u64::try_from(waiting.len()).unwrap_or(0));
        metrics::counter!("sisir_flags_raised_total").increment(flagged);
        progress(report.screened);
    }
}

/// Findings of each post, by pack.
type Matched = Vec<(PostId, Vec<(String, Assessment)>)>;

fn match_posts(rules: &RuleSet, posts: &[Post], upheld: &BTreeMap<PostId, i64>) -> Matched {
    let mut scanner = Scanner::new(rules);
    let mut matched = Vec::with_capacity(posts.len());
    for post in posts {
        let text = scan::Post {
            author: Some(&post.author),
            author_upheld: upheld.get(&post.id).and_then(|count| u32::try_from(*count).ok()).unwrap_or(0),
            views: post.views.and_then(|views| u64::try_from(views).ok()),
            ..scan::Post::caption(&post.text)
        };
        let found = scanner.assess(&text).into_iter().map(|(pack, found)| (pack.id.clone(), found)).collect();
        matched.push((post.id, found));
    }
    matched
}

/// Why the pack's safety brake stops this screening, if it does. Nothing is written then; the posts wait.
fn pull_brake(pack: &Pack, found: &Matched) -> Option<String> {
    let of_pack = |packs: &[(String, Assessment)]| packs.iter().any(|(id, found)| *id == pack.id && found.flagged);
    let flagged = u32::try_from(found.iter().filter(|(_, packs)| of_pack(packs)).count()).unwrap_or(u32::MAX);
    let posts = u32::try_from(found.len()).unwrap_or(u32::MAX);
    let share = f64::from(flagged) / f64::from(posts.max(1));
    (posts >= pack.brake.posts && share > pack.brake.share).then(|| {
        format!(
            "safety brake: pack `{}` would flag {flagged} of {posts} posts, over its share of {}; look at its newest rules, or raise `brake.share` in its pack.toml",
            pack.id, pack.brake.share
        )
    })
}
