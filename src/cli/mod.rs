//! The command line: one file a subcommand. Data goes to stdout, everything else to stderr.
//! Exit codes: 0 fine, 1 the input or the state of things (something found, something refused), 2 could not be done.

mod audit;
mod backup;
mod bench;
mod check;
mod config;
mod db;
mod demo;
mod doctor;
mod eval;
mod fake;
mod health;
mod import;
mod lines;
mod output;
mod partners;
mod resolve;
mod rules;
mod run;
mod scan;
mod serve;
mod setup;
mod sources;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Finds posts that promote illegally imported used clothing, for people to check and then ask down.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    /// Configuration file (default: config.toml, if it is there)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole chain working, with made-up posts: no account, key or network
    Demo(demo::Options),
    /// Match texts against the rules; no database needed
    Scan(scan::Options),
    /// Read posts from CSV, NDJSON or a list of addresses, and match them
    Import(import::Options),
    /// Serve the review desk and do scheduled work
    Up,
    /// Serve the review desk only
    Serve,
    /// Do scheduled work only; any number may run on PostgreSQL
    Work,
    /// Do one kind of work now
    Run(run::Options),
    /// Look whether everything works, and say how to mend what does not
    Doctor,
    /// Look at sources, or let one run again
    Sources(sources::Options),
    /// People who sign in
    User(user::Options),
    /// Associations that upload reports of posts
    Partners(partners::Options),
    /// Follow the short links in a file and store the posts they lead to
    Resolve(resolve::Options),
    /// Measure the rules on labelled posts: precision, recall, worst errors
    Eval(eval::Options),
    /// Speed of the matcher against named peers, in one run
    Bench(bench::Options),
    /// The rule packs
    Rules(rules::Options),
    /// The configuration
    Config(config::Options),
    /// The database
    Db(db::Options),
    /// The audit log: write it to a file, or verify it
    Audit(audit::Options),
    /// Write a copy of everything to a file
    Backup(backup::BackupOptions),
    /// Read a backup back, or only try to
    Restore(backup::RestoreOptions),
    /// Serve fake platforms on loopback, for trying out and tests
    FakePlatforms(fake::Options),
    /// Ask a running desk whether it works (for health checks)
    Health(health::Options),
}

/// Everything went well.
const FINE: ExitCode = ExitCode::SUCCESS;
/// The input, or the state of things: something was found, or has to be mended.
const FOUND: u8 = 1;
/// It could not be done.
const FAILED: u8 = 2;

/// Runs the program. Never panics on bad input: every error is a message with a mend.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    end_quietly_when_nobody_reads();
    // One crypto library for http, mail and database; a second installation only means that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// `sisir eval … | head`: `println!` panics when its reader has gone, which is no fault of anybody.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to stdout") && message.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let file = cli.config.as_deref();
    match cli.command {
        Command::Demo(options) => demo::run(options).await,
        Command::Scan(options) => scan::run(&options),
        Command::Import(options) => import::run(file, options).await,
        Command::Up => serve::run(file, true, true).await,
        Command::Serve => serve::run(file, true, false).await,
        Command::Work => serve::run(file, false, true).await,
        Command::Run(options) => run::run(file, options).await,
        Command::Doctor => doctor::run(file).await,
        Command::Sources(options) => sources::run(file, options).await,
        Command::User(options) => user::run(file, options).await,
        Command::Resolve(options) => resolve::run(file, options).await,
        Command::Partners(options) => partners::run(file, options).await,
        Command::Eval(options) => eval::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Rules(options) => rules::run(file, options).await,
        Command::Config(options) => config::run(file, options),
        Command::Db(options) => db::run(file, options).await,
        Command::Audit(options) => audit::run(file, options).await,
        Command::Backup(options) => backup::backup(file, options).await,
        Command::Restore(options) => backup::restore(file, options).await,
        Command::FakePlatforms(options) => fake::run(options).await,
        Command::Health(options) => health::run(file, options).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
