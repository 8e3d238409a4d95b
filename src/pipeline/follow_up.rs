//! Step 8: look whether requested posts are still there; and whether those of a request are, before it leaves. A missing
//! post is "unavailable", never "taken down".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::crawl::resting;
use super::meter::StoreMeter;
use super::{Pipeline, PipelineError, Result, allowed, review};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::batch::{BatchKind, BatchState};
use crate::domain::check::{CONFIRM_AFTER, Check, CheckOutcome, Liveness, next_look};
use crate::domain::ids::{FlagId, PostId};
use crate::domain::post::Post;
use crate::domain::source::SourceState;
use crate::domain::user::User;
use crate::domain::{Millis, Platform, sha256_hex};
use crate::platforms::{self, ApiError, Class, Look, QuotaDay, Shown, Source, TiktokOembed};
use crate::store::checks::Followed;
use crate::store::{batches, checks, corrections, crawl as cursors};

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowUpReport {
    /// Seen.
    pub up: u32,
    /// Seen with another text.
    pub edited: u32,
    /// Not shown, or not in Indonesia, or not to everybody.
    pub gone: u32,
    /// No useful answer.
    pub unknown: u32,
    /// Why it ended early at a platform, if it did.
    pub problem: Option<String>,
}

impl FollowUpReport {
    fn add(&mut self, other: Self) {
        self.up += other.up;
        self.edited += other.edited;
        self.gone += other.gone;
        self.unknown += other.unknown;
        self.problem = self.problem.take().or(other.problem);
    }

    const fn count(&mut self, outcome: CheckOutcome) {
        *match outcome {
            CheckOutcome::Up => &mut self.up,
            CheckOutcome::Edited => &mut self.edited,
            CheckOutcome::Gone | CheckOutcome::Restricted | CheckOutcome::Private => &mut self.gone,
            CheckOutcome::Unknown => &mut self.unknown,
        } += 1;
    }
}

/// A request is about posts that were there within this time before it leaves.
const FRESH: Duration = Duration::from_hours(24);
/// Ids of one look, as most platforms allow.
const AT_ONCE: usize = 50;

/// What programs look with.
#[derive(Clone, Copy)]
pub struct Eyes<'a> {
    /// TikTok's public page.
    pub oembed: Option<&'a TiktokOembed>,
    /// The sources that are switched on.
    pub sources: &'a [Arc<dyn Source>],
}

impl<'a> Eyes<'a> {
    /// The source that looks at posts of `platform`.
    fn source(&self, platform: Platform) -> Option<&'a dyn Source> {
        self.sources.iter().find(|source| source.looks_at() == Some(platform)).map(AsRef::as_ref)
    }
}

/// Looks at every requested post whose next look is due.
pub async fn follow_up(pipeline: &Pipeline, eyes: Eyes<'_>) -> Result<FollowUpReport> {
    let mut report = FollowUpReport::default();
    for platform in Platform::ALL.iter().copied() {
        let requested = due(pipeline, checks::perhaps_due(&pipeline.store, platform, pipeline.clock().now()).await?).await?;
        report.add(look_at(pipeline, eyes, platform, requested, Why::Requested).await?);
        let withdrawn = due(pipeline, checks::withdrawn(&pipeline.store, platform).await?).await?;
        report.add(look_at(pipeline, eyes, platform, withdrawn, Why::Withdrawn).await?);
    }
    Ok(report)
}

/// Why a post is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Its request is about to leave.
    Leaving,
    /// It was asked down.
    Requested,
    /// Its request was withdrawn.
    Withdrawn,
}

/// Those of these posts whose next look is due.
async fn due(pipeline: &Pipeline, mut due: Vec<Followed>) -> Result<Vec<Followed>> {
    let now = pipeline.clock().now();
    let sent: BTreeMap<PostId, Millis> = due.iter().map(|one| (one.post.id, one.sent_at)).collect();
    let ids: Vec<PostId> = sent.keys().copied().collect();
    let mut looks: BTreeMap<PostId, Vec<Check>> = BTreeMap::new();
    for look in checks::of_posts(&pipeline.store, &ids).await? {
        if sent.get(&look.post_id).is_some_and(|sent| look.checked_at > *sent) {
            looks.entry(look.post_id).or_default().push(look);
        }
    }
    due.retain(|one| next_look(one.sent_at, looks.get(&one.post.id).map_or(&[][..], Vec::as_slice)) <= now);
    Ok(due)
}

/// Looks at posts of requests that are about to leave. What is gone keeps its package back.
pub async fn before_delivery(pipeline: &Pipeline, eyes: Eyes<'_>) -> Result<FollowUpReport> {
    let now = pipeline.clock().now();
    let mut report = FollowUpReport::default();
    for platform in Platform::ALL.iter().copied() {
        let posts = checks::leaving_unseen(&pipeline.store, platform, now, now.minus(FRESH)).await?;
        report.add(look_at(pipeline, eyes, platform, posts, Why::Leaving).await?);
    }
    Ok(report)
}

async fn look_at(
    pipeline: &Pipeline,
    eyes: Eyes<'_>,
    platform: Platform,
    posts: Vec<Followed>,
    why: Why,
) -> Result<FollowUpReport> {
    let mut report = FollowUpReport::default();
    let with_oembed = eyes.oembed.filter(|_| platform == Platform::Tiktok);
    let source = eyes.source(platform);
    let name = with_oembed.map(|_| TiktokOembed::NAME).or_else(|| source.map(Source::name));
    // Where no program can look, people do: see `by_hand`.
    let Some(name) = name.filter(|_| !posts.is_empty()) else { return Ok(report) };
    report.problem = resting(pipeline, name).await?;
    if report.problem.is_some() {
        return Ok(report);
    }
    // One at a time where that is how the platform answers.
    let at_once = if with_oembed.is_some() { 1 } else { AT_ONCE };
    for chunk in posts.chunks(at_once) {
        let seen = match (with_oembed, source) {
            (Some(oembed), _) => one(pipeline, oembed, chunk).await,
            (None, Some(source)) => several(pipeline, source, chunk).await,
            (None, None) => return Ok(report),
        };
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) if rest_after(pipeline, &error).await? => {
                report.problem = Some(error.to_string());
                return Ok(report);
            }
            Err(_) => BTreeMap::new(),
        };
        let mut tx = pipeline.store.write_tx().await?;
        let mut events = Vec::new();
        for one in chunk {
            let shown = seen.get(&one.post.native_id);
            let outcome = shown.map_or(CheckOutcome::Unknown, |shown| outcome(one, shown, name));
            checks::insert(&mut tx, one.post.id, outcome, None).await?;
            report.count(outcome);
            let event = AuditEvent::new(Actor::System, Action::PostChecked, format!("post:{}", one.post.id));
            // The report to the public counts looks at what stands.
            let requested = if why == Why::Requested { " requested" } else { "" };
            events.push(event.detail(format!("{outcome}{requested}")));
        }
        let Some(last) = events.pop() else { continue };
        events.into_iter().for_each(|event| tx.note(event));
        tx.commit(last).await?;
        pipeline.reach("follow_up.checked");
    }
    Ok(report)
}

type Seen = std::result::Result<BTreeMap<String, Shown>, ApiError>;

async fn one(pipeline: &Pipeline, oembed: &TiktokOembed, chunk: &[Followed]) -> Seen {
    let meter = StoreMeter::of(pipeline, &TiktokOembed::INFO);
    let mut seen = BTreeMap::new();
    for one in chunk {
        let shown = match oembed.look(&one.post.url, &meter).await? {
            Look::Up { title, .. } => Shown::Up(title),
            Look::Gone => Shown::Gone,
        };
        seen.insert(one.post.native_id.clone(), shown);
    }
    Ok(seen)
}

async fn several(pipeline: &Pipeline, source: &dyn Source, chunk: &[Followed]) -> Seen {
    let ids: Vec<String> = chunk.iter().map(|one| one.post.native_id.clone()).collect();
    source.look(&ids, &StoreMeter::of(pipeline, source.info())).await
}

/// What a look by `source` means for a post that was decided about.
fn outcome(one: &Followed, shown: &Shown, source: &str) -> CheckOutcome {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match shown {
        Shown::Gone => CheckOutcome::Gone,
        Shown::Restricted => CheckOutcome::Restricted,
        Shown::Private => CheckOutcome::Private,
        Shown::Up(text) => {
            let (now, then) = (plain(text), plain(&one.post.text));
            // Others cut texts, or put a title before them; only what came the same way can be compared word by word.
            let same = now == then
                || one.post.source != source && (now.is_empty() || then.contains(now.as_str()) || now.contains(then.as_str()));
            let decided = one.decided_text == sha256_hex(one.post.text.as_bytes());
            if same && decided { CheckOutcome::Up } else { CheckOutcome::Edited }
        }
    }
}

/// A requested post that a person has to look at, because no program can.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// The flag.
    pub flag: FlagId,
    /// The post.
    pub post: Post,
    /// When its request left.
    pub sent_at: Millis,
}

/// Requested posts whose look is due on platforms where no program can look.
pub async fn by_hand(pipeline: &Pipeline) -> Result<Vec<ByHand>> {
    let programs: BTreeSet<Platform> = platforms::looked_at(&pipeline.config).into_iter().collect();
    let mut all = Vec::new();
    for platform in Platform::ALL.iter().copied().filter(|platform| !programs.contains(platform)) {
        let mut posts = checks::perhaps_due(&pipeline.store, platform, pipeline.clock().now()).await?;
        posts.extend(checks::withdrawn(&pipeline.store, platform).await?);
        let due = due(pipeline, posts).await?.into_iter();
        all.extend(due.map(|one| ByHand { flag: one.flag_id, post: one.post, sent_at: one.sent_at }));
    }
    all.sort_by_key(|one| one.sent_at);
    Ok(all)
}

/// Records what a person saw on the platform.
pub async fn look_by_hand(pipeline: &Pipeline, user: &User, flag: FlagId, outcome: CheckOutcome) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors record what they saw")?;
    if outcome == CheckOutcome::Unknown {
        return Err(PipelineError::Refused("say what you saw; if the page did not open, look again later".into()));
    }
    let mut tx = pipeline.store.write_tx().await?;
    let post = review::in_own_queue(&mut tx, user, flag).await?.post_id;
    let asked = corrections::asked_of_flag(&mut tx, flag).await?.is_some();
    let withdrawn = batches::sent_with(&mut tx, flag).await?;
    let withdrawn = withdrawn.iter().any(|one| one.kind == BatchKind::Withdrawal && one.state == BatchState::Sent);
    if !asked && !withdrawn {
        return Err(PipelineError::Refused("nothing was asked about this post, so nobody has to look".into()));
    }
    checks::insert(&mut tx, post, outcome, Some(user.id)).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::PostChecked, format!("post:{post}"));
    let requested = if asked { " requested" } else { "" };
    Ok(tx.commit(event.detail(format!("{outcome}{requested}"))).await?)
}

/// A requested post that is not as it was left.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The flag.
    pub flag: FlagId,
    /// The post.
    pub post: Post,
    /// Now.
    pub liveness: Liveness,
    /// When that was seen first.
    pub since: Millis,
}

/// Requested posts that were edited after the decision, or are up again after they were surely down; newest first.
pub async fn turned(pipeline: &Pipeline) -> Result<Vec<Turned>> {
    let mut all = Vec::new();
    for platform in Platform::ALL.iter().copied() {
        let mut looks: BTreeMap<PostId, Vec<Check>> = BTreeMap::new();
        for look in checks::since_sent(&pipeline.store, platform).await? {
            looks.entry(look.post_id).or_default().push(look);
        }
        for one in checks::followed(&pipeline.store, platform).await? {
            let Some(looks) = looks.get(&one.post.id) else { continue };
            let liveness = Liveness::from_checks(looks);
            let was_down = (1..looks.len()).any(|n| looks.get(..n).is_some_and(|part| Liveness::from_checks(part).is_down()));
            let back = matches!(liveness, Liveness::Up | Liveness::Edited) && was_down;
            let since = looks.iter().rev().take_while(|look| !matches!(look.outcome, CheckOutcome::Gone)).last();
            if let (true, Some(look)) = (back || liveness == Liveness::Edited, since) {
                all.push(Turned { flag: one.flag_id, post: one.post, liveness, since: look.checked_at });
            }
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.since, one.flag)));
    Ok(all)
}

/// Parks the source when its quota is used up. True when the run should end.
pub(super) async fn rest_after(pipeline: &Pipeline, error: &ApiError) -> Result<bool> {
    let now = pipeline.clock().now();
    let until = match error.class {
        Class::Budget | Class::DailyQuota => QuotaDay::of(now, "UTC").until,
        Class::ShortThrottle(_) => now.plus(CONFIRM_AFTER),
        Class::WindowThrottle(rest) => now.plus(rest),
        _ => return Ok(false),
    };
    let mut tx = pipeline.store.write_tx().await?;
    cursors::set_source(&mut tx, error.platform, SourceState::Parked, &error.message, Some(until)).await?;
    tx.commit(AuditEvent::new(Actor::System, Action::SourceChanged, format!("source:{}", error.platform)).detail("parked"))
        .await?;
    Ok(true)
}
