//! How good decisions are: a random share is labelled again by someone who does not see them; reference posts are asked
//! of everyone. Labels change nothing; they are counted.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Pipeline, Result, allowed};
use crate::domain::Millis;
use crate::domain::agreement::Pairs;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::decision::Reason;
use crate::domain::ids::{DecisionId, FlagId};
use crate::domain::trust::{Interval, wilson};
use crate::domain::user::User;
use crate::store::WriteTx;
use crate::store::quality::{self, Compared};

/// Days that agreement looks back.
pub const DAYS: u64 = 90;

/// Draws a decision that was just made, with the chance of [`crate::config::Desk::blind_share`].
pub(super) async fn draw(pipeline: &Pipeline, tx: &mut WriteTx, flag: FlagId, decision: DecisionId) -> Result<()> {
    if pipeline.entropy.fraction() < pipeline.config.desk.blind_share {
        quality::draw(tx, flag, decision).await?;
    }
    Ok(())
}

/// The post to label next: a reference post one time in four, if there is one.
pub async fn next(pipeline: &Pipeline, user: &User) -> Result<Option<FlagId>> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors label posts")?;
    let golden_first = pipeline.entropy.fraction() < 0.25;
    for golden in [golden_first, !golden_first] {
        if let Some(flag) = quality::next(&pipeline.store, user.id, golden).await? {
            return Ok(Some(flag));
        }
    }
    Ok(None)
}

/// Records what a person says of a post.
pub async fn label(pipeline: &Pipeline, user: &User, flag: FlagId, reason: Reason) -> Result<()> {
    allowed(user, user.role.reviews(), "only analysts, approvers and supervisors label posts")?;
    let mut tx = pipeline.store.write_tx().await?;
    quality::label(&mut tx, flag, user.id, reason.verdict(), reason).await?;
    Ok(tx.commit(AuditEvent::new(Actor::User(user.id), Action::BlindLabelled, format!("flag:{flag}"))).await?)
}

/// Makes the decision in force about a post the reference, or takes the post off the references.
pub async fn set_golden(pipeline: &Pipeline, user: &User, flag: FlagId, golden: bool) -> Result<()> {
    allowed(user, user.role.supervises(), "only supervisors choose reference posts")?;
    let mut tx = pipeline.store.write_tx().await?;
    if golden {
        quality::set_golden(&mut tx, flag, user.id).await?;
    } else {
        quality::remove_golden(&mut tx, flag).await?;
    }
    let event = AuditEvent::new(Actor::User(user.id), Action::ReferenceSet, format!("flag:{flag}"));
    Ok(tx.commit(event.detail(format!("golden={golden}"))).await?)
}

/// Agreement about some posts.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// A person, a rule; empty for all.
    pub of: String,
    /// Pairs of verdicts.
    pub pairs: Pairs,
    /// Cohen's κ, where it can be told.
    pub kappa: Option<f64>,
    /// 95 % interval of the share that agrees.
    pub interval: Interval,
}

impl Agreement {
    fn new(of: String, pairs: Pairs) -> Self {
        let interval = wilson(u64::from(pairs.same()), u64::from(pairs.all()));
        Self { of, kappa: pairs.kappa(), interval, pairs }
    }

    /// Share that agrees, per cent, rounded down.
    pub fn percent(&self) -> u32 {
        (self.pairs.same() * 100).checked_div(self.pairs.all()).unwrap_or(0)
    }
}

/// Reference posts labelled by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenResult {
    /// Sign-in name.
    pub person: String,
    /// Labels with the verdict of the reference.
    pub right: i64,
    /// All labels.
    pub all: i64,
}

/// What the page of quality shows.
#[derive(Debug, Clone)]
pub struct Quality {
    /// Of all.
    pub overall: Agreement,
    /// By the person who decided.
    pub people: Vec<Agreement>,
    /// By rule.
    pub rules: Vec<Agreement>,
    /// Reference posts, by person.
    pub golden: Vec<GoldenResult>,
    /// Labels that differ from a decision that is still in force: for a supervisor to settle.
    pub disagreements: Vec<Compared>,
    /// Drawn decisions that wait for a label.
    pub waiting: i64,
    /// Reference posts.
    pub references: i64,
}

/// Reads how well people agree.
pub async fn read(pipeline: &Pipeline) -> Result<Quality> {
    let since = pipeline.clock().now().minus(Duration::from_secs(DAYS * 86_400));
    let compared = quality::compared(&pipeline.store, since).await?;
    let (waiting, references) = quality::waiting(&pipeline.store).await?;
    let mut overall = Pairs::default();
    let (mut people, mut rules): (BTreeMap<String, Pairs>, BTreeMap<String, Pairs>) = Default::default();
    for one in &compared {
        overall.add(one.first, one.second);
        people.entry(one.decider.clone()).or_default().add(one.first, one.second);
        for rule in one.rules.iter() {
            rules.entry(rule.clone()).or_default().add(one.first, one.second);
        }
    }
    let table = |all: BTreeMap<String, Pairs>| all.into_iter().map(|(of, pairs)| Agreement::new(of, pairs)).collect();
    Ok(Quality {
        overall: Agreement::new(String::new(), overall),
        people: table(people),
        rules: table(rules),
        golden: golden(pipeline, since).await?,
        disagreements: compared.into_iter().filter(|one| one.first != one.second && one.in_force).collect(),
        waiting,
        references,
    })
}

async fn golden(pipeline: &Pipeline, since: Millis) -> Result<Vec<GoldenResult>> {
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (person, correct, count) in quality::golden_results(&pipeline.store, since).await? {
        let (right, all) = sums.entry(person).or_default();
        *right += if correct { count } else { 0 };
        *all += count;
    }
    Ok(sums.into_iter().map(|(person, (right, all))| GoldenResult { person, right, all }).collect())
}
