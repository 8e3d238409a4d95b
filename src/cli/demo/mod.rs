//! `sisir demo`: everything on this machine: fake platforms, a mail sink, the desk, three people.

mod script;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{FINE, serve, setup};
use crate::domain::Platform;
use crate::domain::job::JobKind;
use crate::domain::user::Role;
use crate::pipeline::users;
use crate::store::{self, checks, posts};
use stage::Stage;

/// Everything it makes stays in one folder; delete the folder to begin anew.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Folder for the database, mails and packages
    #[arg(long, default_value = "sisir-demo")]
    dir: PathBuf,
    /// Address and port of the desk
    #[arg(long, default_value = "127.0.0.1:8600")]
    listen: SocketAddr,
    /// Run the chain once by itself with scripted reviewers (marked as such), print what was made, and exit
    #[arg(long)]
    headless: bool,
    /// What to log, in the syntax of `RUST_LOG`
    #[arg(long, default_value = "warn")]
    log: String,
    /// For tests: end the process hard at this place (`place` or `place:n`)
    #[arg(long, hide = true)]
    crash_at: Option<String>,
    /// For tests: write the places that were reached to this file
    #[arg(long, hide = true)]
    places: Option<PathBuf>,
}

pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    if options.headless { script::run(&options).await } else { interactive(&options).await }
}

/// The people of the demo.
const PEOPLE: [(&str, Role); 5] = [
    ("analis", Role::Analyst),
    ("penanda", Role::Approver),
    ("penyelia", Role::Supervisor),
    ("penyunting", Role::RuleEditor),
    ("admin", Role::Admin),
];

async fn interactive(options: &Options) -> anyhow::Result<ExitCode> {
    let stage = Stage::open(options).await?;
    setup::log(&stage.pipeline.config);
    eprintln!("reading the fake platforms …");
    let worker = setup::worker(&stage.pipeline, setup::worker_name(&stage.pipeline))?;
    worker.perform(JobKind::Crawl).await?;
    worker.perform(JobKind::Screen).await?;
    let mut passwords = Vec::new();
    for (name, role) in PEOPLE {
        let password = stage.pipeline.entropy.password();
        if store::users::by_name(&stage.pipeline.store, name).await?.is_some() {
            users::set_password(&stage.pipeline, name, &password).await?;
        } else {
            users::add(&stage.pipeline, name, role, false, &password).await?;
        }
        passwords.push((name, role, password));
    }
    let stop = CancellationToken::new();
    let running = serve::start(&stage.pipeline, true, true, &stop).await?;
    let moderators = tokio::spawn(moderate(stage_parts(&stage), stop.clone()));
    let seen = posts::count(&stage.pipeline.store).await?;
    let mut table = super::output::table(&["name", "password (shown once)", "may"]);
    for (name, role, password) in passwords {
        let may = match role {
            Role::Analyst => "review, put packages together",
            Role::Approver => "review, sign packages of others",
            Role::Supervisor => "review what is escalated, look after queues, change rules",
            Role::RuleEditor => "change rules: one writes, another puts to use",
            Role::Admin => "settle deliveries, look after people",
            Role::Viewer | Role::Auditor => "read",
        };
        table.add_row([name, password.as_str(), may]);
    }
    println!("\n{seen} made-up posts were read; what the rules flagged waits in the queue.\n{table}");
    println!("mails arrive in {}", stage.mail_dir.display());
    if let Some(address) = running.desk {
        println!("\n  Open  http://{address}/\n\nCtrl-C ends the demo; the folder {} stays.", options.dir.display());
    }
    serve::wait_for_signal().await;
    stop.cancel();
    running.tasks.wait().await;
    moderators.abort();
    stage.close().await;
    Ok(FINE)
}

type Parts = (crate::store::Store, crate::platforms::fake::FakePlatforms);

fn stage_parts(stage: &Stage) -> Parts {
    (stage.pipeline.store.clone(), stage.fake.clone())
}

/// The fake platforms' own people: some time after a request arrives, two of three posts are gone.
async fn moderate((store, fake): Parts, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Ok(ids) = requested(&store).await {
            fake.remove(granted(&ids));
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}

/// Native ids of requested TikTok posts, in the order of the rows.
async fn requested(store: &crate::store::Store) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for post in checks::requested(store).await? {
        let post = posts::get(store, post).await?;
        ids.extend(post.filter(|post| post.platform == Platform::Tiktok).map(|post| post.native_id));
    }
    Ok(ids)
}

/// What the fake platforms take down: two of three.
fn granted(ids: &[String]) -> impl Iterator<Item = &str> {
    ids.iter().enumerate().filter(|(index, _)| index % 3 != 2).map(|(_, id)| id.as_str())
}

/// Ends the process without any clean-up, as a power cut does.
pub(super) struct CrashAt {
    place: String,
    left: std::sync::atomic::AtomicU32,
}

/// Writes down the places, and crashes at one of them.
pub(super) struct Watch {
    crash: Option<CrashAt>,
    reached: std::sync::Mutex<std::collections::BTreeMap<&'static str, u32>>,
}

impl Watch {
    fn new(crash_at: Option<&str>) -> Arc<Self> {
        let crash = crash_at.map(|text| {
            let (place, n) = text.split_once(':').unwrap_or((text, "1"));
            CrashAt { place: place.to_owned(), left: n.parse().unwrap_or(1).into() }
        });
        Arc::new(Self { crash, reached: std::sync::Mutex::default() })
    }

    fn places(&self) -> String {
        let reached = self.reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        reached.iter().map(|(place, n)| format!("{place} {n}\n")).collect()
    }
}

impl crate::pipeline::Checkpoints for Watch {
    fn reach(&self, place: &'static str) {
        *self.reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner).entry(place).or_insert(0) += 1;
        if let Some(crash) = self.crash.as_ref().filter(|crash| crash.place == place)
            && crash.left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1
        {
            std::process::abort();
        }
    }
}
