//! `sisir rules attack`.

use std::process::ExitCode;

use super::Packs;
use crate::cli::{FINE, FOUND};
use crate::eval::attack::attack;

/// Exit code: 0, or 1 when recall of a class is below --least.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    packs: Packs,
    /// Seed of the mutations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Mutations of each example in each class
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Least share that must still be found in each class, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    least: f64,
    /// How many lost or accused texts of each class are shown
    #[arg(long, default_value_t = 0)]
    lost: usize,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let rules = options.packs.load()?;
    let mut held = true;
    for pack in &rules.packs {
        println!("{}", pack.id);
        let by_class = attack(&rules, pack, options.seed, options.rounds);
        println!("  {:<12} still found {:>20}", "class", "newly accused");
        let (mut found, mut all, mut accused, mut innocent) = (0, 0, 0, 0);
        for (class, survived) in &by_class {
            let share = share(survived.found, survived.all);
            held &= share >= options.least;
            found += survived.found;
            all += survived.all;
            accused += survived.accused;
            innocent += survived.innocent;
            println!(
                "  {:<12} {:>5} of {:<6} {:>6.1} %   {:>3} of {} accused",
                format!("{class:?}").to_lowercase(),
                survived.found,
                survived.all,
                100.0 * share,
                survived.accused,
                survived.innocent
            );
            for (rule, text) in survived.lost.iter().take(options.lost) {
                println!("      {rule}: {text}");
            }
        }
        println!(
            "  {:<12} {found:>5} of {all:<6} {:>6.1} %   {accused:>3} of {innocent} accused",
            "all",
            100.0 * share(found, all)
        );
    }
    Ok(if held { FINE } else { ExitCode::from(FOUND) })
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn share(found: u64, all: u64) -> f64 {
    if all == 0 { 1.0 } else { found as f64 / all as f64 }
}
