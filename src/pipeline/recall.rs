//! How much the rules miss: a random sample of what they did not flag, in two strata, labelled by people.

use std::time::Duration;

use super::{Pipeline, PipelineError, Result, allowed};
use crate::domain::Millis;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::ids::PostId;
use crate::domain::recall::{Counts, Recall, Stratum, estimate};
use crate::domain::user::User;
use crate::rules::RuleSet;
use crate::scan;
use crate::store::recall::{self as rows, Draw, Unflagged};
use crate::store::{flags, named_queues};

/// Days that an estimate looks back, at most. What was not flagged is not kept longer than `retention.unflagged_days`: what
/// was found and what was missed are counted over the same days.
const DAYS: u32 = 90;

/// Days that an estimate looks back here.
pub fn days(pipeline: &Pipeline) -> u32 {
    pipeline.config.retention.unflagged_days.min(DAYS)
}

fn since(pipeline: &Pipeline) -> Millis {
    pipeline.clock().now().minus(Duration::from_secs(u64::from(days(pipeline)) * 86_400))
}

/// Posts that the program looks at for a draw.
const LOOKED: i64 = 3_000;
/// Posts of each stratum that people label.
pub const SAMPLE: usize = 40;

/// Draws posts to label. Returns how many.
pub async fn draw(pipeline: &Pipeline, user: &User) -> Result<usize> {
    allowed(user, user.role.supervises(), "only supervisors draw samples")?;
    let rules = pipeline.rules();
    let refused = |why: &str| PipelineError::Refused(why.to_owned());
    let id = rules.asking_pack().map(|pack| pack.id.clone()).ok_or_else(|| refused("no pack is in use"))?;
    let unflagged = rows::unflagged(&pipeline.store, &id, since(pipeline)).await?;
    let posts = rows::random(&pipeline.store, &id, since(pipeline), LOOKED).await?;
    if posts.is_empty() {
        return Err(refused("no post without a flag is left to draw; crawl first"));
    }
    let (held, looked) = (rules.clone(), i64::try_from(posts.len()).unwrap_or(i64::MAX));
    let sorted = tokio::task::spawn_blocking(move || sort(&held, posts)).await;
    let (words, none) = sorted.map_err(|error| PipelineError::Task(error.to_string()))?;
    // Shares are measured on all; drawn are those that were not drawn before.
    let of = |posts: &[Unflagged], stratum| {
        let fresh = posts.iter().filter(|post| !post.drawn).take(SAMPLE);
        fresh.map(|post| (post.id, stratum)).collect::<Vec<_>>()
    };
    // In one order that says nothing about where a post comes from.
    let mut drawn = of(&words, Stratum::Words);
    drawn.extend(of(&none, Stratum::None));
    pipeline.entropy.shuffle(&mut drawn);
    let draw = Draw { unflagged, looked, with_words: i64::try_from(words.len()).unwrap_or(i64::MAX) };
    let mut tx = pipeline.store.write_tx().await?;
    let id = rows::insert(&mut tx, &id, user.id, draw, &drawn).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::RecallDrawn, format!("recall_draw:{id}"));
    tx.commit(event.detail(format!("posts={}", drawn.len()))).await?;
    Ok(drawn.len())
}

/// Posts with and without words of the goods or their origin.
fn sort(rules: &RuleSet, posts: Vec<Unflagged>) -> (Vec<Unflagged>, Vec<Unflagged>) {
    let Some(pack) = rules.asking_pack() else { return (Vec::new(), Vec::new()) };
    // Words of the goods or of their origin; a price or a place alone stands in most posts.
    posts.into_iter().partition(|post| {
        let found = scan::evidence(rules, &pack.id, &post.text);
        ["used_clothing", "import_nexus"].iter().any(|axis| found.contains_key(*axis))
    })
}

/// The sample and the post to label next.
pub async fn next(pipeline: &Pipeline, user: &User) -> Result<Option<(i64, PostId)>> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors label posts")?;
    let rules = pipeline.rules();
    match rules.asking_pack() {
        Some(pack) => Ok(rows::next(&pipeline.store, &pack.id).await?),
        None => Ok(None),
    }
}

/// Writes down whether a post should have been flagged. One that should have been goes into the queue, last in order.
pub async fn label(pipeline: &Pipeline, user: &User, sample: i64, relevant: bool) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors label posts")?;
    let rules = pipeline.rules();
    let post = rows::waiting_post(&pipeline.store, sample).await?;
    let mut tx = pipeline.store.write_tx().await?;
    rows::label(&mut tx, sample, user.id, relevant).await?;
    if let (true, Some(post), Some(pack)) = (relevant, post, rules.asking_pack()) {
        let packs = rules.pack_ids();
        flags::remember_rule_set(&mut tx, &rules.hash, &packs).await?;
        rows::queue(&mut tx, post, &pack.id, &rules.hash).await?;
        named_queues::route(&mut tx).await?;
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::RecallLabelled, format!("recall_sample:{sample}"));
    Ok(tx.commit(event.detail(format!("relevant={relevant}"))).await?)
}

/// What is known of what the rules miss.
#[derive(Debug, Clone, PartialEq)]
pub struct Missed {
    /// What the estimate rests on.
    pub counts: Counts,
    /// The estimate; none before something of both strata was labelled.
    pub recall: Option<Recall>,
    /// Drawn posts that wait for a label.
    pub waiting: i64,
}

/// Reads the estimate.
pub async fn read(pipeline: &Pipeline) -> Result<Missed> {
    let rules = pipeline.rules();
    let Some(pack) = rules.asking_pack() else { return Ok(Missed { counts: Counts::default(), recall: None, waiting: 0 }) };
    let since = since(pipeline);
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    let flagged = rows::flagged(&pipeline.store, &pack.id, since).await?;
    let (looked, with_words) = rows::looked(&pipeline.store, &pack.id, since).await?;
    let mut counts = Counts {
        upheld: count(flagged.upheld),
        dismissed: count(flagged.dismissed),
        open: count(flagged.open),
        reported: count(flagged.reported),
        unflagged: count(rows::unflagged(&pipeline.store, &pack.id, since).await?),
        looked: count(looked),
        with_words: count(with_words),
        ..Counts::default()
    };
    let mut waiting = 0;
    for (stratum, labels, still) in rows::labels(&pipeline.store, &pack.id, since).await? {
        waiting += still;
        match stratum {
            Stratum::Words => counts.words = labels,
            Stratum::None => counts.none = labels,
        }
    }
    Ok(Missed { recall: estimate(&counts), counts, waiting })
}
