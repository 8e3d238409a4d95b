//! `sisir rules`.

mod attack;
mod backtest;
mod check;
mod explain;
mod fmt;
mod test;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::output;
use crate::rules::{PackSource, RuleSet, load, shipped, shipped_packs};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

/// The packs a command is about.
#[derive(Debug, Clone, clap::Args)]
pub struct Packs {
    /// Folders of packs, or names of shipped ones (default: all shipped ones)
    #[arg(value_name = "PACK")]
    packs: Vec<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Report every problem of packs: codes, places, mends
    Check(check::Options),
    /// Try every example of every rule and term with the scanner that reads live posts
    Test(test::Options),
    /// Disguise the words of every example as sellers do, and count what is still found
    Attack(attack::Options),
    /// Bring the files of packs into one style
    Fmt(fmt::Options),
    /// Try a changed pack on every stored post: new, lost, against and for what people decided
    Backtest(backtest::Options),
    /// Every rule in use: measured precision, hits, cost, unused terms
    Report,
    /// Write a rule to fill in
    New(write::NewOptions),
    /// Write the packs in use into folders, with what was put to use in the desk
    Export(write::ExportOptions),
    /// Draw terms, axes and rules (Graphviz)
    Graph(write::GraphOptions),
    /// JSON Schema of a kind of file, for editors
    Schema(write::SchemaOptions),
    /// Write a page for each rule, in both languages
    Docs(write::DocsOptions),
    /// Show everything the rules see in a text: terms, disguises, points, what each rule said
    Explain(explain::Options),
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    match options.action {
        Action::Check(options) => check::run(&options),
        Action::Test(options) => test::run(&options),
        Action::Attack(options) => attack::run(&options),
        Action::Fmt(options) => fmt::run(&options),
        Action::Backtest(options) => backtest::run(file, &options).await,
        Action::Report => backtest::report(file).await,
        Action::New(options) => write::new(&options),
        Action::Export(options) => write::export(file, &options).await,
        Action::Graph(options) => write::graph(&options),
        Action::Schema(options) => write::schema(&options),
        Action::Docs(options) => write::docs(&options),
        Action::Explain(options) => explain::run(file, &options).await,
    }
}

impl Packs {
    /// The files of the packs.
    pub fn sources(&self) -> anyhow::Result<Vec<PackSource>> {
        if self.packs.is_empty() {
            return Ok(shipped_packs().iter().map(|pack| shipped(pack)).collect());
        }
        self.packs.iter().map(|pack| source(pack)).collect()
    }

    /// The compiled packs; problems are printed.
    pub fn load(&self) -> anyhow::Result<RuleSet> {
        compile(&self.sources()?)
    }
}

/// A folder, or a shipped pack by name.
pub fn source(pack: &Path) -> anyhow::Result<PackSource> {
    let name = pack.to_string_lossy();
    if !pack.exists() && shipped_packs().iter().any(|known| *known == name) {
        return Ok(shipped(&name));
    }
    PackSource::read_dir(pack).with_context(|| {
        format!("{name}: no such folder, and no shipped pack of this name (there are: {})", shipped_packs().join(", "))
    })
}

/// Compiles packs; problems are printed to standard error.
///
/// # Errors
/// Nothing could be compiled.
pub fn compile(sources: &[PackSource]) -> anyhow::Result<RuleSet> {
    let loaded = load(sources);
    for problem in &loaded.diagnostics {
        eprintln!("{}\n", problem.render(output::color()));
    }
    loaded.rule_set.context("the rule packs cannot be loaded")
}
