//! The use cases, in the order of the flow. Read them in this order to understand the program:
//! [`crawl`] and [`import`] → [`screen`] → [`review`] → [`batch`] → [`deliver`] → [`follow_up`].

pub mod accounts;
pub mod alerts;
pub mod alike;
pub mod answers;
pub mod api;
pub mod appeals;
pub mod backtest;
pub mod batch;
pub mod bulk;
pub mod clocks;
pub mod corrections;
pub mod coverage;
pub mod crawl;
pub mod deliver;
pub mod evidence;
pub mod figures;
pub mod follow_up;
pub mod import;
pub mod inbox;
pub mod letters;
mod meter;
pub mod oidc;
pub mod picture;
pub mod planner;
pub mod preflight;
pub mod public_record;
pub mod purge;
pub mod quality;
pub mod queues;
pub mod radar;
pub mod recall;
pub mod refresh;
pub mod reuploads;
pub mod review;
pub mod rule_changes;
pub mod rule_packs;
pub mod schedule;
pub mod screen;
pub mod short_links;
pub mod sources;
pub mod status;
pub mod tips;
pub mod users;
pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::user::User;
use crate::domain::{Clock, Entropy};
use crate::platforms::ApiError;
use crate::rules::RuleSet;
use crate::store::{Store, StoreError};
pub use rule_packs::RulesInUse;

/// Called between steps, so that the demo's test can stop the process at every one of them.
pub trait Checkpoints: Send + Sync {
    /// The program is at `place`, e.g. `deliver.before_smtp`.
    fn reach(&self, place: &'static str);
}

/// Production: nothing happens between steps.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn reach(&self, _place: &'static str) {}
}

/// What every use case needs.
#[derive(Clone)]
pub struct Pipeline {
    /// The database.
    pub store: Store,
    /// Settings.
    pub config: Arc<Config>,
    /// The rules in use; [`Pipeline::rules`] reads them.
    pub rules_in_use: Arc<RulesInUse>,
    /// Randomness.
    pub entropy: Arc<Entropy>,
    /// Places between steps.
    pub checkpoints: Arc<dyn Checkpoints>,
}

/// What can go wrong in a use case.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A platform.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A file of a package.
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
    /// The message of a package.
    #[error(transparent)]
    Mail(#[from] crate::mail::MailError),
    /// A package may not be signed or may not leave.
    #[error(transparent)]
    NotSigned(#[from] crate::domain::batch::NotSigned),
    /// Reading an import file.
    #[error(transparent)]
    Import(#[from] crate::platforms::import::ImportError),
    /// The person may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Not possible as things stand.
    #[error("{0}")]
    Refused(String),
    /// A worker thread ended badly.
    #[error("internal task: {0}")]
    Task(String),
}

impl PipelineError {
    /// True when the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Api(_) | Self::Task(_) => true,
            _ => false,
        }
    }
}

/// A result of a use case.
pub type Result<T> = std::result::Result<T, PipelineError>;

impl Pipeline {
    /// The compiled rules. Take them once for a piece of work: they can be swapped at any moment.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.rules_in_use.get()
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.store.clock()
    }

    fn reach(&self, place: &'static str) {
        self.checkpoints.reach(place);
    }
}

/// How long a flag stays with the analyst who opened it.
pub const CLAIM: Duration = Duration::from_mins(10);

fn allowed(user: &User, may: bool, what: &'static str) -> Result<()> {
    if may {
        Ok(())
    } else {
        tracing::warn!(user = %user.id, what, "refused");
        Err(PipelineError::Forbidden(what))
    }
}
