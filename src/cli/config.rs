//! `sisir config`.

use std::path::Path;
use std::process::ExitCode;

use super::{FINE, FOUND};
use crate::config;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Action {
    /// Report every problem at once
    Check,
    /// Print an example with every key
    Example,
}

#[expect(clippy::unnecessary_wraps, reason = "all subcommands have one shape")]
pub fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    match options.action {
        Action::Check => match config::load(file) {
            Ok(_) => {
                println!("the configuration is sound");
                Ok(FINE)
            }
            Err(problems) => {
                eprintln!("{problems}");
                Ok(ExitCode::from(FOUND))
            }
        },
        Action::Example => {
            print!("{}", config::EXAMPLE);
            Ok(FINE)
        }
    }
}
