//! `sisir rules new`, `graph`, `schema` and `docs`: what is written from rules, or for them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::Packs;
use crate::cli::{FINE, setup};
use crate::pipeline::rule_packs;
use crate::rules::edit;
use crate::rules::{Bilingual, Pack, PackFile, Rule, RuleFile, RuleSet, Status, TermFile};

#[derive(Debug, clap::Args)]
pub struct NewOptions {
    /// Folder of the pack
    pack: PathBuf,
    /// Id of the rule: lower-case words with hyphens
    id: String,
}

/// Writes a rule to fill in, as a draft: it flags nothing until its status is changed.
pub fn new(options: &NewOptions) -> anyhow::Result<ExitCode> {
    let id = &options.id;
    let rules = super::compile(&[super::source(&options.pack)?])?;
    let axis = rules.packs.first().and_then(|pack| pack.axes.first()).map_or("used_clothing", |axis| axis.name.as_str());
    let text = edit::new_rule(id, axis)?;
    let path = options.pack.join("rules").join(format!("{id}.toml"));
    if path.exists() {
        bail!("{} is there already", path.display());
    }
    std::fs::create_dir_all(options.pack.join("rules"))?;
    std::fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
    println!("{}", path.display());
    Ok(FINE)
}

#[derive(Debug, clap::Args)]
pub struct ExportOptions {
    /// Folder to write to; one folder in it for each pack
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// The packs in use as folders: to keep them in version control, or to use one as `rules.dir`.
pub async fn export(file: Option<&Path>, options: &ExportOptions) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    let sources = rule_packs::configured(&pipeline.config, &pipeline.store).await?;
    for (source, pack) in sources.iter().zip(&pipeline.rules().packs) {
        let folder = options.out.join(&pack.id);
        for (path, text) in source.files.iter().filter(|(path, _)| edit::is_path(path)) {
            let to = folder.join(path);
            std::fs::create_dir_all(to.parent().unwrap_or(&folder))
                .with_context(|| format!("{}: cannot be made", to.display()))?;
            std::fs::write(&to, text).with_context(|| format!("{}: cannot be written", to.display()))?;
        }
        println!("{}: {} files, hash {}", folder.display(), source.files.len(), source.hash());
    }
    Ok(FINE)
}

#[derive(Debug, clap::Args)]
pub struct GraphOptions {
    #[command(flatten)]
    packs: Packs,
}

/// Terms → axes → rules, in the language of Graphviz.
pub fn graph(options: &GraphOptions) -> anyhow::Result<ExitCode> {
    let rules = options.packs.load()?;
    let mut out = String::from("digraph sisir {\n  rankdir=LR\n  node [shape=box, fontname=\"sans-serif\"]\n");
    for pack in &rules.packs {
        let node = |kind: &str, name: &str| format!("\"{}/{kind}/{name}\"", pack.id);
        for axis in &pack.axes {
            writeln!(out, "  {} [label=\"{}\", shape=ellipse]", node("axis", &axis.name), axis.name)?;
        }
        for term in rules.terms_of(pack) {
            writeln!(out, "  {} [label=\"{}\", fontsize=9]", node("term", &term.id), term.id)?;
            for (axis, points) in &term.points {
                writeln!(out, "  {} -> {} [label={points}]", node("term", &term.id), node("axis", pack.axis_name(*axis)))?;
            }
        }
        for rule in &pack.rules {
            writeln!(out, "  {} [label=\"{} {}\", style=bold]", node("rule", &rule.id), rule.priority, rule.id)?;
            for (axis, points) in &rule.need {
                writeln!(out, "  {} -> {} [label=\"≥ {points}\"]", node("axis", pack.axis_name(*axis)), node("rule", &rule.id))?;
            }
            for (axis, points) in &rule.veto {
                writeln!(
                    out,
                    "  {} -> {} [label=\"veto {points}\", style=dashed]",
                    node("axis", pack.axis_name(*axis)),
                    node("rule", &rule.id)
                )?;
            }
        }
    }
    println!("{out}}}");
    Ok(FINE)
}

#[derive(Debug, clap::Args)]
pub struct SchemaOptions {
    /// Kind of file
    #[arg(value_parser = ["pack", "terms", "rule"])]
    kind: String,
}

/// JSON Schema, for editors that complete TOML.
pub fn schema(options: &SchemaOptions) -> anyhow::Result<ExitCode> {
    let schema = match options.kind.as_str() {
        "pack" => schemars::schema_for!(PackFile),
        "terms" => schemars::schema_for!(TermFile),
        _ => schemars::schema_for!(RuleFile),
    };
    println!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(FINE)
}

#[derive(Debug, clap::Args)]
pub struct DocsOptions {
    #[command(flatten)]
    packs: Packs,
    /// Folder to write to; one page a rule and language
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A page for each rule in both languages, and an index.
pub fn docs(options: &DocsOptions) -> anyhow::Result<ExitCode> {
    let rules = options.packs.load()?;
    let mut written = 0;
    for pack in &rules.packs {
        for indonesian in [true, false] {
            let folder = options.out.join(if indonesian { "id" } else { "en" }).join(&pack.id);
            std::fs::create_dir_all(&folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
            let mut index = format!("# {}\n\n{}\n\n", pick(&pack.title, indonesian), pick(&pack.purpose, indonesian));
            for rule in &pack.rules {
                writeln!(index, "- [{}]({}.md)", pick(&rule.title, indonesian), rule.id)?;
                write(&folder, &format!("{}.md", rule.id), &page(&rules, pack, rule, indonesian)?)?;
                written += 1;
            }
            write(&folder, "README.md", &index)?;
        }
    }
    println!("{written} pages in {}", options.out.display());
    Ok(FINE)
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))
}

fn pick(text: &Bilingual, indonesian: bool) -> &str {
    if indonesian { &text.id } else { &text.en }
}

fn page(rules: &RuleSet, pack: &Pack, rule: &Rule, indonesian: bool) -> anyhow::Result<String> {
    let say = |id: &'static str, en: &'static str| if indonesian { id } else { en };
    let label = |axis: usize| pack.axes.get(axis).map_or("", |axis| pick(&axis.label, indonesian));
    let status = match rule.status {
        Status::Draft => say("rancangan: belum dipakai", "draft: not in use"),
        Status::Shadow => say("bayangan: dihitung, tidak menandai", "shadow: counted, flags nothing"),
        Status::Active => say("aktif", "active"),
        Status::Retired => say("dipensiunkan", "retired"),
    };
    let mut out = format!("# {}\n\n{}\n\n", pick(&rule.title, indonesian), pick(&rule.why, indonesian));
    writeln!(out, "`{}` · {} · {status} · {}\n", rule.id, rule.priority, rule.owner)?;
    writeln!(out, "## {}\n", say("Perlu", "Needs"))?;
    for (axis, points) in &rule.need {
        writeln!(out, "- {} ≥ {points}", label(*axis))?;
    }
    for (axis, points) in &rule.veto {
        writeln!(out, "- {} {} ≥ {points}", say("diam bila", "silent at"), label(*axis))?;
    }
    if !rule.any_of.is_empty() {
        let terms: Vec<&str> =
            rule.any_of.iter().filter_map(|term| rules.terms.get(*term)).map(|term| term.id.as_str()).collect();
        writeln!(out, "- {}: {}", say("salah satu istilah", "one of the terms"), terms.join(", "))?;
    }
    writeln!(out, "\n## {}\n", say("Bisa keliru", "Known false positives"))?;
    rule.falsepositives.iter().try_for_each(|doubt| writeln!(out, "- {doubt}"))?;
    writeln!(out, "\n## {}\n", say("Contoh yang kena", "Examples that match"))?;
    rule.examples.matching.iter().try_for_each(|text| writeln!(out, "- {text}"))?;
    writeln!(out, "\n## {}\n", say("Contoh yang tidak kena", "Examples that do not"))?;
    rule.examples.not_matching.iter().try_for_each(|text| writeln!(out, "- {text}"))?;
    Ok(out)
}
