//! `sisir doctor`: look at everything once, say how to mend what does not work.

use std::path::Path;
use std::process::ExitCode;

use super::check::{Check, print};
use super::{FINE, FOUND, setup};
use crate::config::{self, Mode, Recipient};
use crate::domain::Millis;
use crate::domain::calendar;
use crate::domain::user::Role;
use crate::mail::Transport;
use crate::pipeline::{Pipeline, oidc, preflight, rule_packs, status};
use crate::report::lint;
use crate::rules::load;
use crate::scan;
use crate::store::{audit, users};

pub async fn run(file: Option<&Path>) -> anyhow::Result<ExitCode> {
    println!("Sisir {}", env!("CARGO_PKG_VERSION"));
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problems) => {
            print("configuration", &Check::Bad(problems.to_string(), "mend the lines above".into()));
            return Ok(ExitCode::from(FOUND));
        }
    };
    print("configuration", &Check::Good("sound".into()));
    let pipeline = match setup::pipeline(config).await {
        Ok(pipeline) => pipeline,
        Err(error) => {
            let mend = "look at database.url; PostgreSQL needs `sisir db migrate` once";
            print("database and rules", &Check::Bad(format!("{error:#}"), mend.into()));
            return Ok(ExitCode::from(FOUND));
        }
    };
    let mut bad = false;
    for (what, check) in checks(&pipeline).await? {
        bad |= print(&what, &check);
    }
    Ok(if bad { ExitCode::from(FOUND) } else { FINE })
}

async fn checks(pipeline: &Pipeline) -> anyhow::Result<Vec<(String, Check)>> {
    let schema = pipeline.store.schema_status().await?;
    let state = status::read(pipeline).await?;
    let mut all = vec![
        ("database".to_owned(), Check::Good(format!("{}, schema version {}", schema.engine, schema.applied))),
        ("rules".to_owned(), rules(pipeline).await),
        ("audit chain".to_owned(), chain(pipeline).await?),
        ("people".to_owned(), people(pipeline).await?),
        ("sign-in service".to_owned(), sign_in_service(pipeline).await),
        ("mail".to_owned(), mail(pipeline).await),
        ("recipients".to_owned(), recipients(pipeline)),
        ("holidays".to_owned(), holidays(pipeline)),
        ("inbox".to_owned(), inbox(pipeline)),
    ];
    for source in &state.sources {
        let check = match (source.mode, source.problem.as_str()) {
            (Mode::Disabled, _) => Check::Note("off".into()),
            (_, "") => Check::Good(format!("{} of {} requests used today", source.used_today, source.budget)),
            (_, problem) => {
                Check::Bad(problem.to_owned(), format!("mend the cause, then `sisir sources resume {}`", source.name))
            }
        };
        all.push((format!("source {}", source.name), check));
    }
    let seen = state.worker_seen.map(Millis::wib);
    all.push((
        "worker".to_owned(),
        match (seen, state.worker_late) {
            (Some(seen), false) => Check::Good(format!("seen {seen}")),
            (Some(seen), true) => Check::Bad(format!("last seen {seen}"), "run `sisir work` or `sisir up`".into()),
            (None, _) => Check::Note("never seen; `sisir work` or `sisir up` does scheduled work".into()),
        },
    ));
    Ok(all)
}

async fn rules(pipeline: &Pipeline) -> Check {
    let sources = rule_packs::configured(&pipeline.config, &pipeline.store).await;
    let problems = sources.map_or(0, |sources| load(&sources).diagnostics.len());
    let broken = scan::broken_examples(&pipeline.rules());
    let summary = format!(
        "{} packs with {} rules, {} terms",
        pipeline.rules().packs.len(),
        pipeline.rules().rule_count(),
        pipeline.rules().terms.len()
    );
    if problems > 0 {
        Check::Bad(format!("{summary}; {problems} problems keep files out"), "`sisir rules check DIR` names them".into())
    } else if broken.is_empty() {
        Check::Good(summary)
    } else {
        Check::Bad(format!("{summary}; {} examples do not hold", broken.len()), "`sisir rules check` names them".into())
    }
}

async fn chain(pipeline: &Pipeline) -> anyhow::Result<Check> {
    let rows = audit::all(&pipeline.store).await?;
    Ok(match audit::first_break(&rows) {
        None => Check::Good(format!("{} events, unbroken", rows.len())),
        Some(seq) => Check::Bad(
            format!("broken at event {seq}"),
            "someone changed the table audit_events; restore a backup and find out who".into(),
        ),
    })
}

async fn people(pipeline: &Pipeline) -> anyhow::Result<Check> {
    let people = users::all(&pipeline.store).await?;
    let has = |test: fn(Role) -> bool| people.iter().any(|person| test(person.role));
    Ok(if has(Role::reviews) && has(Role::signs) && people.len() > 1 {
        Check::Good(format!("{} people", people.len()))
    } else {
        let mend = "`sisir user add NAME --role analyst`, and another with --role approver: two persons are needed";
        Check::Bad("not enough people to review and sign".into(), mend.into())
    })
}

async fn sign_in_service(pipeline: &Pipeline) -> Check {
    let config = &pipeline.config.oidc;
    if !config.is_on() {
        return Check::Note("none; people sign in with name and password".into());
    }
    let back = oidc::redirect_address(config);
    match oidc::check(pipeline).await {
        Ok(()) => Check::Good(format!("{} answers; it sends people back to {back}", config.issuer)),
        Err(_) => Check::Bad(
            format!("{} does not describe itself", config.issuer),
            format!("look at [oidc]: `curl {}/.well-known/openid-configuration`", config.issuer.trim_end_matches('/')),
        ),
    }
}

async fn mail(pipeline: &Pipeline) -> Check {
    if pipeline.config.mail.host.is_empty() {
        return Check::Note("no mail server; packages can be signed but wait".into());
    }
    match Transport::new(&pipeline.config.mail).probe().await {
        Ok(()) => Check::Good(format!("{}:{} answers", pipeline.config.mail.host, pipeline.config.mail.port)),
        Err(why) => Check::Bad(why, "look at [mail]: host, port, security, username".into()),
    }
}

/// Whether the holidays of the next two months are known.
fn holidays(pipeline: &Pipeline) -> Check {
    let today = pipeline.clock().now().in_jakarta().date();
    let soon = today.saturating_add(jiff::Span::new().months(2)).year();
    let own = |year: i16| pipeline.config.schedule.holidays.iter().any(|day| day.starts_with(&year.to_string()));
    let unknown = [today.year(), soon].into_iter().find(|year| !calendar::knows(*year) && !own(*year));
    unknown.map_or_else(
        || Check::Good("known".into()),
        |year| {
            Check::Note(format!("the holidays of {year} are not known; name them in `schedule.holidays`, or mail leaves on them"))
        },
    )
}

fn inbox(pipeline: &Pipeline) -> Check {
    match &pipeline.config.mail.inbox {
        None => Check::Note("none; replies and bounces are not read (`mail.inbox`)".into()),
        Some(path) if path.join("new").is_dir() && path.join("cur").is_dir() => Check::Good(path.display().to_string()),
        Some(path) => Check::Bad(
            format!("{} is no maildir", path.display()),
            "let the mail server deliver into a maildir (folders new, cur, tmp) that this user may write to".into(),
        ),
    }
}

fn recipients(pipeline: &Pipeline) -> Check {
    let platforms = pipeline.config.recipients.iter().map(|(platform, to)| (platform.label(), to));
    let offices = pipeline.config.offices.iter().map(|(office, to)| (office.as_str(), to));
    let recipients: Vec<(&str, &Recipient)> = platforms.chain(offices).collect();
    if recipients.is_empty() {
        return Check::Note("none; add [recipients.tiktok] and so on with an email".into());
    }
    let today = pipeline.clock().now().in_jakarta().date();
    let unsure = recipients.iter().filter(|(_, to)| !lint::is_verified(preflight::day(&to.verified_on), today));
    let unsure: Vec<&str> = unsure.map(|(name, _)| *name).collect();
    if unsure.is_empty() {
        return Check::Good(recipients.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    }
    Check::Bad(
        format!("nobody made sure within {} days that requests arrive: {}", lint::CHANNEL_DAYS, unsure.join(", ")),
        "ask the platform, then set `verified_on` of its [recipients.*]; without it no package leaves".into(),
    )
}
