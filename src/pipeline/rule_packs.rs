//! The rule packs in use: those that the configuration names, as last put to use in the desk.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Pipeline, PipelineError, Result};
use crate::config::Config;
use crate::domain::ids::ChangeId;
use crate::domain::rule_change::PackFiles;
use crate::rules::{Loaded, PackSource, RuleSet, hash_of, load, shipped};
use crate::store::{Store, rule_changes};

/// The rules a process works with. A new set takes the place of the old one as a whole; work in hand keeps what it took.
#[derive(Debug)]
pub struct RulesInUse(RwLock<Arc<RuleSet>>);

impl RulesInUse {
    /// Starts with these.
    pub fn new(rules: RuleSet) -> Self {
        Self(RwLock::new(Arc::new(rules)))
    }

    /// The rules now.
    pub fn get(&self) -> Arc<RuleSet> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another set to use.
    pub fn swap(&self, rules: RuleSet) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

/// Reads the packs again and puts them to use if they changed: an own folder, or what was put to use in the desk. With
/// errors they are not: the rules in use stay.
///
/// # Errors
/// The folder or the database cannot be read.
pub async fn refresh(pipeline: &Pipeline) -> Result<()> {
    let sources = configured(&pipeline.config, &pipeline.store).await?;
    if hash_of(&sources) == pipeline.rules().hash {
        return Ok(());
    }
    let loaded = loaded(sources).await?;
    let (errors, rules) = (loaded.errors(), loaded.rule_set);
    match rules {
        Some(rules) if errors == 0 => {
            tracing::info!(hash = %rules.hash, "changed rule packs in use");
            pipeline.rules_in_use.swap(rules);
        }
        _ => tracing::warn!(errors, "the changed rule packs have errors; the former ones stay in use (`sisir rules check`)"),
    }
    Ok(())
}

/// Compiles packs: not on the threads that answer others.
///
/// # Errors
/// The task ended badly.
pub async fn loaded(sources: Vec<PackSource>) -> Result<Loaded> {
    let loaded = tokio::task::spawn_blocking(move || load(&sources)).await;
    loaded.map_err(|error| PipelineError::Task(error.to_string()))
}

/// The packs to use: the own folder that the configuration names, or those it names by name: as put to use in the desk,
/// or as shipped.
///
/// # Errors
/// The folder or the database cannot be read.
pub async fn configured(config: &Config, store: &Store) -> Result<Vec<PackSource>> {
    if let Some(dir) = &config.rules.dir {
        let pack = PackSource::read_dir(dir);
        return pack.map(|pack| vec![pack]).map_err(|error| PipelineError::Refused(format!("{}: {error}", dir.display())));
    }
    let mut sources = own(config);
    let changed = rule_changes::in_force(store).await?;
    for (source, name) in sources.iter_mut().zip(config.rules.pack.split(',')) {
        if let Some((_, change, hash)) = changed.iter().find(|(pack, ..)| pack == name.trim()) {
            source.files = files_of(store, *change).await?;
            // Two people agreed to these bytes, and to no others.
            if source.hash() != *hash {
                return Err(PipelineError::Refused(format!(
                    "the files of rule change {change} are not those that were approved"
                )));
            }
        }
    }
    Ok(sources)
}

/// The packs that the configuration names, as the program came with them.
pub fn own(config: &Config) -> Vec<PackSource> {
    config.rules.pack.split(',').map(|pack| shipped(pack.trim())).collect()
}

/// The files of a change as they are.
pub(super) async fn files_of(store: &Store, change: ChangeId) -> Result<PackFiles> {
    let files = rule_changes::files(store, change).await?;
    Ok(files.into_iter().filter_map(|file| Some((file.path, file.after?))).collect())
}
