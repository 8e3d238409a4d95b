//! `sisir rules backtest` and `sisir rules report`: rules against what people decided.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::{FINE, FOUND, output, setup};
use crate::domain::ids::PostId;
use crate::domain::rule_change::Listed;
use crate::domain::trust::wilson;
use crate::pipeline::{Pipeline, backtest};
use crate::rules::Status;
use crate::scan::{Post, Scanner};
use crate::store::{backtest as stored, posts};

/// Exit code: 0, or 1 when the pack contradicts what people decided.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Folder of the changed pack
    pack: PathBuf,
    /// How many posts of each kind are named, 100 at most
    #[arg(long, default_value_t = 10)]
    show: usize,
}

pub async fn run(file: Option<&Path>, options: &Options) -> anyhow::Result<ExitCode> {
    let candidate = super::compile(&[super::source(&options.pack)?])?;
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let bar = output::progress(u64::try_from(posts::count(&pipeline.store).await?).unwrap_or(0), "posts");
    let found = backtest::run(&pipeline, &candidate, |posts| bar.set_position(posts)).await?;
    bar.finish_and_clear();
    println!("{} posts read", found.posts);
    let line = |what: &str, posts: &Listed| {
        let ids: Vec<String> = posts.first.iter().take(options.show).map(|id| id.0.to_string()).collect();
        let more = if posts.count > u64::try_from(ids.len()).unwrap_or(0) { " …" } else { "" };
        println!("{:>6}  {what}{}{}{more}", posts.count, if ids.is_empty() { "" } else { ": posts " }, ids.join(", "));
    };
    line("newly flagged", &found.new);
    line("no longer flagged", &found.lost);
    line("flagged though people dismissed it", &found.contradicts);
    line("not flagged though people upheld it", &found.forgets);
    println!("{:>6}  support a request that was sent", found.supports);
    line("requests sent that it would not find", &found.abandons);
    Ok(if found.contradicts.is_empty() && found.abandons.is_empty() { FINE } else { ExitCode::from(FOUND) })
}

/// Posts on which cost and unused terms are measured.
const SAMPLE: i64 = 2_000;

pub async fn report(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let sample = sample(&pipeline).await?;
    let mut table = output::table(&[
        "rule",
        "status",
        "upheld",
        "dismissed",
        "precision, 95 %",
        "trusted",
        "posts / day",
        "last hit",
        "ns / post",
    ]);
    let rules = pipeline.rules();
    for rule in backtest::report(&pipeline).await? {
        let decided = rule.upheld + rule.dismissed;
        let interval = wilson(rule.upheld, decided);
        let precision =
            if decided == 0 { "-".to_owned() } else { format!("{:.0} to {:.0} %", 100.0 * interval.low, 100.0 * interval.high) };
        let posts: i64 = rule.by_day.values().sum();
        let days = i64::try_from(rule.by_day.len()).unwrap_or(1).max(1);
        let cost = rules.pack(&rule.pack).and_then(|pack| {
            let known = pack.rule(&rule.rule)?;
            let mut scanner = Scanner::new(&rules);
            let started = Instant::now();
            let hits = sample.iter().filter(|text| scanner.rule_matches(pack, known, &Post::caption(text))).count();
            std::hint::black_box(hits);
            u128::try_from(sample.len()).ok().filter(|posts| *posts > 0).map(|posts| started.elapsed().as_nanos() / posts)
        });
        table.add_row([
            rule.rule.clone(),
            status(rule.status).to_owned(),
            rule.upheld.to_string(),
            rule.dismissed.to_string(),
            precision,
            if rule.trusted { "yes" } else { "no" }.to_owned(),
            (posts / days).to_string(),
            rule.by_day.keys().next_back().cloned().unwrap_or_else(|| "-".to_owned()),
            cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string()),
        ]);
    }
    println!("{table}");
    let mut scanner = Scanner::new(&rules);
    for pack in &rules.packs {
        let mut used = std::collections::BTreeSet::new();
        sample.iter().for_each(|text| used.extend(scanner.terms(pack, &Post::caption(text))));
        let unused: Vec<&str> =
            rules.terms_of(pack).iter().map(|term| term.id.as_str()).filter(|id| !used.contains(*id)).collect();
        println!(
            "{}: {} of {} terms unused in {} posts: {}",
            pack.id,
            unused.len(),
            pack.terms.len(),
            sample.len(),
            unused.join(", ")
        );
    }
    println!(
        "A rule is trusted when the lower end of its interval reaches its pack's bar; until then a second analyst reads what is upheld."
    );
    Ok(FINE)
}

async fn sample(pipeline: &Pipeline) -> anyhow::Result<Vec<String>> {
    Ok(stored::page(&pipeline.store, "", PostId(0), SAMPLE).await?.into_iter().map(|post| post.text).collect())
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Shadow => "shadow",
        Status::Active => "active",
        Status::Retired => "retired",
    }
}
