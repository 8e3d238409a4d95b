//! `sisir sources`.

use std::path::Path;
use std::process::ExitCode;

use super::{FAILED, FINE, output, setup};
use crate::config::Mode;
use crate::domain::Millis;
use crate::pipeline::{crawl, status};
use crate::platforms::SOURCES;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Let a stopped source run again, after mending what stopped it
    Resume {
        /// Name, as `sisir sources` prints it
        name: String,
    },
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    if let Some(Action::Resume { name }) = options.action {
        if SOURCES.iter().all(|source| source.name != name) {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            eprintln!("error: there is no source `{name}`; there are: {}", names.join(", "));
            return Ok(ExitCode::from(FAILED));
        }
        crawl::resume(&pipeline, &name).await?;
        println!("{name} runs again with the next crawl");
        return Ok(FINE);
    }
    let mut table = output::table(&["source", "mode", "state", "last success", "used today"]);
    for source in status::sources(&pipeline, pipeline.clock().now()).await? {
        let key = SOURCES.iter().find(|known| known.name == source.name).map_or("", |known| known.key);
        let state = match (source.mode, source.problem.as_str()) {
            (Mode::Disabled, _) => format!("off; switch on with {key}"),
            (_, "") => "ok".to_owned(),
            (_, problem) => problem.to_owned(),
        };
        let mode = format!("{:?}", source.mode).to_lowercase();
        let last = source.last_ok_at.map_or_else(|| "-".into(), Millis::wib);
        table.add_row([source.name.to_owned(), mode, state, last, format!("{} / {}", source.used_today, source.budget)]);
    }
    println!("{table}");
    Ok(FINE)
}
