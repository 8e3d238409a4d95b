//! `sisir partners`.

use std::path::Path;
use std::process::ExitCode;

use super::{FINE, output, setup};
use crate::domain::Millis;
use crate::pipeline::tips;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add an association that may upload reports at /lapor/mitra; its key is printed once
    Add {
        /// Name, as reviewers see it
        name: String,
    },
    /// Give an association a new key in place of the old one
    Key {
        /// Name
        name: String,
    },
    /// End the key of an association; its reports stay
    Disable {
        /// Name
        name: String,
    },
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    match options.action {
        Some(Action::Add { name }) => {
            let key = tips::add_partner(&pipeline, &name).await?;
            println!("added {name}\nkey (shown once): {key}");
        }
        Some(Action::Key { name }) => {
            let key = tips::renew_key(&pipeline, &name).await?;
            println!("key of {name} (shown once): {key}");
        }
        Some(Action::Disable { name }) => {
            tips::disable_partner(&pipeline, &name).await?;
            println!("the key of {name} is no longer accepted");
        }
        None => {
            let all = crate::store::tips::partners(&pipeline.store).await?;
            if all.is_empty() {
                println!("no association yet; add one with `sisir partners add NAME`");
                return Ok(FINE);
            }
            let mut table = output::table(&["name", "since", "key"]);
            for partner in all {
                let key = partner.disabled_at.map_or_else(|| "accepted".into(), |at: Millis| format!("ended {}", at.wib()));
                table.add_row([partner.name, partner.created_at.wib(), key]);
            }
            println!("{table}");
        }
    }
    pipeline.store.close().await;
    Ok(FINE)
}
