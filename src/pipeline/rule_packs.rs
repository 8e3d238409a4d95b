//! The rule packs that the configuration names, with what is wrong in it.

use crate::config::Config;
use crate::rules::{Loaded, PackSource, load, shipped};

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
