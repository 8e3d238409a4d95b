//! `sisir rules fmt`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{FINE, FOUND};
use crate::rules::edit::formatted;

/// Exit code: 0, or 1 when --check finds a file that is not formatted.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Folders of packs
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Change nothing, only say which files are not formatted
    #[arg(long)]
    check: bool,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut paths = Vec::new();
    for dir in &options.dirs {
        toml_files(dir, &mut paths)?;
    }
    let mut changed = 0;
    for path in &paths {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let formatted = formatted(&text);
        if formatted == text {
            continue;
        }
        changed += 1;
        println!("{}", path.display());
        if !options.check {
            std::fs::write(path, formatted).with_context(|| format!("{}: cannot be written", path.display()))?;
        }
    }
    eprintln!("{} files, {changed} {}", paths.len(), if options.check { "not formatted" } else { "formatted" });
    Ok(if options.check && changed > 0 { ExitCode::from(FOUND) } else { FINE })
}

fn toml_files(dir: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("{}: no such folder", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            toml_files(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(())
}
