//! The rule packs that the configuration names, with what is wrong in it.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Pipeline, PipelineError, Result};
use crate::config::Config;
use crate::rules::{Loaded, PackSource, RuleSet, load, shipped};

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

/// Reads an own folder again and puts it to use if it changed. A folder with errors is not: the rules in use stay.
///
/// # Errors
/// The folder cannot be read.
pub fn refresh(pipeline: &Pipeline) -> Result<()> {
    if pipeline.config.rules.dir.is_none() {
        return Ok(());
    }
    let sources = configured(&pipeline.config).map_err(|error| PipelineError::Refused(error.to_string()))?;
    if sources.iter().map(PackSource::hash).next() == Some(pipeline.rules().hash.clone()) {
        return Ok(());
    }
    let loaded = load(&sources);
    let (errors, rules) = (loaded.errors(), loaded.rule_set);
    match rules {
        Some(rules) if errors == 0 => {
            tracing::info!(hash = %rules.hash, "changed rule pack in use");
            pipeline.rules_in_use.swap(rules);
        }
        _ => tracing::warn!(errors, "the changed rule pack has errors; the former one stays in use (`sisir rules check`)"),
    }
    Ok(())
}

/// Loads the own folder, or the shipped packs.
///
/// # Errors
/// The folder cannot be read, or there is no such pack.
pub fn load_configured(config: &Config) -> std::io::Result<Loaded> {
    Ok(load(&configured(config)?))
}

/// The files of the configured packs.
///
/// # Errors
/// The folder cannot be read.
pub fn configured(config: &Config) -> std::io::Result<Vec<PackSource>> {
    match &config.rules.dir {
        Some(dir) => PackSource::read_dir(dir)
            .map(|pack| vec![pack])
            .map_err(|error| std::io::Error::other(format!("{}: {error}", dir.display()))),
        None => Ok(config.rules.pack.split(',').map(|pack| shipped(pack.trim())).collect()),
    }
}
