//! `sisir sources`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::run::crawl_now;
use super::{FAILED, FINE, FOUND, output, setup};
use crate::config::Mode;
use crate::domain::Millis;
use crate::pipeline::Pipeline;
use crate::pipeline::{alerts, coverage, crawl, sources};
use crate::platforms::{self, Facebook, SOURCES, Source, SourceInfo, source_info};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Ask one source for one page now, and say what came; nothing is stored
    Check {
        /// Name, as `sisir sources` prints it
        name: String,
    },
    /// Read one source now
    Run {
        /// Name, as `sisir sources` prints it
        name: String,
    },
    /// What the next crawl reads, what that costs, and what requests brought so far
    Plan {
        /// Only this source, query by query
        name: Option<String>,
    },
    /// Look up Facebook Pages by name, for the watch list; counts as one request
    FindPages {
        /// Words of the name
        words: Vec<String>,
    },
    /// What share of the relevant posts the searches see, estimated
    Coverage,
    /// Let a stopped source run again, after mending what stopped it
    Resume {
        /// Name, as `sisir sources` prints it
        name: String,
    },
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    match options.action {
        None => list(&pipeline).await,
        Some(Action::Plan { name: None }) => plan(&pipeline).await,
        Some(Action::Plan { name: Some(name) }) => plan_of(&pipeline, &name).await,
        Some(Action::FindPages { words }) => find_pages(&pipeline, &words.join(" ")).await,
        Some(Action::Coverage) => covered(&pipeline).await,
        Some(Action::Check { name }) => match searched(&pipeline, &name)? {
            Ok(source) => check(&pipeline, source.as_ref()).await,
            Err(code) => Ok(code),
        },
        Some(Action::Run { name }) => match searched(&pipeline, &name)? {
            Ok(source) => crawl_now(&pipeline, &[source]).await,
            Err(code) => Ok(code),
        },
        Some(Action::Resume { name }) => {
            if known(&name).is_none() {
                return Ok(ExitCode::from(FAILED));
            }
            sources::resume(&pipeline, None, &name).await?;
            println!("{name} runs again with the next crawl");
            Ok(FINE)
        }
    }
}

/// The source of this name; says so if there is none.
fn known(name: &str) -> Option<&'static SourceInfo> {
    let found = source_info(name);
    if found.is_none() {
        eprintln!("error: there is no source `{name}`; there are: {}", SOURCES.map(|source| source.name).join(", "));
    }
    found
}

/// The source, if it is on and can be searched.
fn searched(pipeline: &Pipeline, name: &str) -> anyhow::Result<Result<Arc<dyn Source>, ExitCode>> {
    let Some(info) = known(name) else { return Ok(Err(ExitCode::from(FAILED))) };
    let on = platforms::sources(&pipeline.config, pipeline.clock(), &pipeline.entropy)?;
    Ok(on.into_iter().find(|source| source.name() == name).ok_or_else(|| {
        eprintln!("error: {name} is off, or cannot be searched; switch on with {}", info.key);
        ExitCode::from(FAILED)
    }))
}

async fn list(pipeline: &Pipeline) -> anyhow::Result<ExitCode> {
    let mut table = output::table(&["source", "mode", "state", "last success", "used today"]);
    for source in sources::list(pipeline, pipeline.clock().now()).await? {
        let state = match (source.mode, source.problem.as_str()) {
            (Mode::Disabled, _) => format!("off; switch on with {}", source.key),
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

async fn plan(pipeline: &Pipeline) -> anyhow::Result<ExitCode> {
    let (all, _) = sources::details(pipeline).await?;
    let mut table = output::table(&[
        "source",
        "windows read",
        "to read",
        "requests, about",
        "left today",
        "new posts per 100 requests",
        "health",
    ]);
    for source in &all {
        let Some(plan) = &source.plan else { continue };
        let yielded = source.per_hundred().map_or_else(|| "-".into(), |posts| posts.to_string());
        table.add_row([
            source.status.name.to_owned(),
            format!("{} / {}", plan.complete, plan.windows),
            plan.waiting.to_string(),
            plan.forecast.to_string(),
            (source.status.budget - source.status.used_today).max(0).to_string(),
            yielded,
            source.health.to_string(),
        ]);
    }
    if table.is_empty() {
        println!("no source that can be searched is on; `sisir sources` says how to switch one on");
    } else {
        println!("{table}");
    }
    let open = alerts::open(pipeline).await?;
    for alert in &open {
        println!("needs a person: {} is {} since {}: {}", alert.source, alert.kind, alert.opened_at.wib(), alert.detail);
    }
    Ok(FINE)
}

/// The queries of one source, in the order in which the next crawl asks them.
async fn plan_of(pipeline: &Pipeline, name: &str) -> anyhow::Result<ExitCode> {
    let Some(info) = known(name) else { return Ok(ExitCode::from(FAILED)) };
    let (all, _) = sources::details(pipeline).await?;
    let Some(plan) = all.iter().find(|source| source.status.name == info.name).and_then(|source| source.plan.as_ref()) else {
        println!("{name} is off, or cannot be searched; switch on with {}", info.key);
        return Ok(FINE);
    };
    println!("{name}: about {} requests to read everything; the next scheduled crawl may use {}", plan.forecast, plan.allowance);
    let mut table = output::table(&["place", "query", "requests", "relevant promised", "relevant / new / calls", "why here"]);
    for query in &plan.queries {
        table.add_row([
            query.first.to_string(),
            query.words.chars().take(50).collect(),
            query.calls.to_string(),
            format!("{:.1}", query.promised),
            format!("{} / {} / {}", query.known.relevant, query.known.new_posts, query.known.calls),
            if query.explores { "waited longest" } else { "yield" }.to_owned(),
        ]);
    }
    println!("{table}");
    Ok(FINE)
}

async fn find_pages(pipeline: &Pipeline, words: &str) -> anyhow::Result<ExitCode> {
    if pipeline.config.facebook.mode == Mode::Disabled {
        eprintln!("error: facebook is off; switch on with {}", Facebook::INFO.key);
        return Ok(ExitCode::from(FAILED));
    }
    let facebook = Facebook::new(&pipeline.config.facebook, &pipeline.config.retry, Arc::clone(&pipeline.entropy))?;
    let found = crawl::find_pages(pipeline, &facebook, words).await?;
    if found.is_empty() {
        println!("no Page has all of these words in its name; try fewer, or another spelling");
        return Ok(FINE);
    }
    let mut table = output::table(&["id", "name", "address"]);
    for page in found {
        table.add_row([page.id, page.name, page.link]);
    }
    println!("{table}\nlook at a Page before you put its id into sources.facebook.pages");
    Ok(FINE)
}

/// What share of the relevant posts the searches see.
async fn covered(pipeline: &Pipeline) -> anyhow::Result<ExitCode> {
    let all = coverage::coverage(pipeline).await?;
    if all.is_empty() {
        println!(
            "nothing to estimate: no post of the last 14 days is flagged; run `sisir run crawl` and `sisir run screen` first"
        );
        return Ok(FINE);
    }
    let mut table =
        output::table(&["platform", "relevant seen", "by one query only", "there are, about", "share seen, at most about"]);
    for of in &all {
        let (posts, share) = of.population.map_or_else(
            || ("-".into(), "too few were seen by two queries".into()),
            |found| {
                let (share, low, high) = found.coverage();
                let range = format!("{:.0} ({:.0} to {:.0})", found.estimate, found.low, found.high);
                (range, format!("{:.0} % ({:.0} to {:.0})", share * 100.0, low * 100.0, high * 100.0))
            },
        );
        table.add_row([of.platform.label().to_owned(), of.seen.to_string(), of.once.to_string(), posts, share]);
    }
    println!("{table}");
    Ok(FINE)
}

async fn check(pipeline: &Pipeline, source: &dyn Source) -> anyhow::Result<ExitCode> {
    let tried = crawl::probe(pipeline, source).await?;
    match tried {
        Some((window, Ok(page))) => {
            let more = if page.next.is_some() { ", and there are more pages" } else { "" };
            println!("{}: {window}: {} posts, {} unreadable{more}", source.name(), page.observations.len(), page.rejects.len());
            if page.observations.is_empty() {
                println!(
                    "  that is no error; if it stays so for common words, check what the access covers (docs/operations.md)"
                );
            }
            Ok(FINE)
        }
        Some((window, Err(error))) => {
            eprintln!("error: {}: {window}: {error}", source.name());
            Ok(ExitCode::from(FOUND))
        }
        None => {
            println!("{}: nothing to ask: the rule packs name no search words", source.name());
            Ok(FINE)
        }
    }
}
