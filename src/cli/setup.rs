//! From configuration to a working [`Pipeline`]: what most subcommands begin with.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use crate::config::{self, Config, LogFormat};
use crate::domain::{Clock, Entropy, SystemClock};
use crate::jobs::Worker;
use crate::mail::Transport;
use crate::pipeline::{Checkpoints, NoCheckpoints, Pipeline, rule_packs};
use crate::platforms;
use crate::rules::load;
use crate::store::Store;

/// Reads the configuration and switches logging on.
pub fn configure(file: Option<&Path>) -> anyhow::Result<Config> {
    let config = config::load(file)?;
    log(&config);
    Ok(config)
}

/// Log lines go to stderr. A second call (tests) changes nothing.
pub fn log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.filter).unwrap_or_default();
    // Below this level these write down what they transport: posts of people.
    let quiet = ["tungstenite=info", "tokio_tungstenite=info"].into_iter().filter_map(|directive| directive.parse().ok());
    let filter = quiet.fold(filter, tracing_subscriber::EnvFilter::add_directive);
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(super::output::color());
    let _ = match config.log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Opens the database alone.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    let clock = Arc::new(SystemClock);
    Store::open(&config.database.url, config.database.pool, clock).await.context("cannot open the database")
}

/// Opens the database and loads the rules.
pub async fn pipeline(config: Config) -> anyhow::Result<Pipeline> {
    pipeline_with(config, Arc::new(SystemClock), Arc::new(Entropy::from_os()), Arc::new(NoCheckpoints)).await
}

/// The same with a given clock, randomness and places to stop.
pub async fn pipeline_with(
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<Entropy>,
    checkpoints: Arc<dyn Checkpoints>,
) -> anyhow::Result<Pipeline> {
    let store = Store::open(&config.database.url, config.database.pool, clock).await.context("cannot open the database")?;
    let mut loaded = load(&rule_packs::configured(&config, &store).await?);
    if loaded.rule_set.is_none() && config.rules.dir.is_none() {
        // What was put to use in the desk was written for another version: the desk opens, and leads back.
        tracing::error!(
            "the rules in use cannot be loaded; the program's own packs are used until a person looks at the page of rules"
        );
        loaded.diagnostics.iter().for_each(|problem| eprintln!("{}\n", problem.render(super::output::color())));
        loaded = load(&rule_packs::own(&config));
    }
    for problem in &loaded.diagnostics {
        eprintln!("{}\n", problem.render(super::output::color()));
    }
    let Some(rules) = loaded.rule_set else { bail!("the rule pack cannot be loaded") };
    Ok(Pipeline {
        store,
        config: Arc::new(config),
        rules_in_use: Arc::new(crate::pipeline::RulesInUse::new(rules)),
        entropy,
        checkpoints,
    })
}

/// A worker with everything the configuration switches on.
pub fn worker(pipeline: &Pipeline, name: String) -> anyhow::Result<Worker> {
    let clock = Arc::clone(pipeline.clock());
    Ok(Worker {
        sources: platforms::sources(&pipeline.config, &clock, &pipeline.entropy)?,
        oembed: platforms::oembed(&pipeline.config, &pipeline.entropy)?,
        transport: Transport::new(&pipeline.config.mail),
        pipeline: pipeline.clone(),
        name,
    })
}

/// A worker name that no other process has.
pub fn worker_name(pipeline: &Pipeline) -> String {
    format!("worker-{}-{}", std::process::id(), pipeline.entropy.token().get(..6).unwrap_or_default())
}
