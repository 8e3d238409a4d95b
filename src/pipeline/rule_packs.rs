//! The rule pack that the configuration names, with what is wrong in it.

use crate::config::Config;
use crate::rules::{Loaded, PackSource, load, shipped};

/// Loads the own folder, or the shipped pack.
///
/// # Errors
/// The folder cannot be read, or there is no such pack.
pub fn load_configured(config: &Config) -> std::io::Result<Loaded> {
    let source = match &config.rules.dir {
        Some(dir) => PackSource::read_dir(dir).map_err(|error| std::io::Error::other(format!("{}: {error}", dir.display())))?,
        None => shipped(&config.rules.pack),
    };
    Ok(load(&source))
}
