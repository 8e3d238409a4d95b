//! `sisir db`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::{FINE, FOUND, setup};
use crate::domain::SystemClock;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Action {
    /// Bring the schema up to date
    Migrate,
    /// Compare the schema with this program
    Status,
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let config = setup::configure(file)?;
    let store = Store::connect(&config.database.url, 1, Arc::new(SystemClock)).await?;
    if matches!(options.action, Action::Migrate) {
        store.migrate().await?;
    }
    let status = store.schema_status().await?;
    println!(
        "{}: schema version {}, this program knows {}, {} changes waiting",
        status.engine, status.applied, status.known, status.pending
    );
    store.close().await;
    Ok(if status.pending == 0 && status.applied <= status.known { FINE } else { ExitCode::from(FOUND) })
}
