//! `sisir user`.

use std::io::BufRead as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{FINE, output, setup};
use crate::domain::user::Role;
use crate::pipeline::users::{self, Change};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add a person; without --password-stdin a password is made up and printed once
    Add {
        /// Sign-in name
        name: String,
        /// viewer, analyst, approver, supervisor, `rule_editor`, admin or auditor
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a new password and end the person's sessions
    Password {
        /// Sign-in name
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change what a person may do, and end the person's sessions
    Role {
        /// Sign-in name
        name: String,
        /// viewer, analyst, approver, supervisor, `rule_editor`, admin or auditor
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Switch an account off; what the person did stays on record
    Disable {
        /// Sign-in name
        name: String,
    },
    /// Switch an account on again
    Enable {
        /// Sign-in name
        name: String,
    },
    /// Take a person's second factor away: a lost telephone
    ResetSecondFactor {
        /// Sign-in name
        name: String,
    },
    /// Who there is
    List,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|e: crate::domain::UnknownValue| e.to_string())
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let pipeline = setup::pipeline(setup::configure(file)?).await?;
    match options.action {
        Action::Add { name, role, password_stdin } => {
            let (password, made_up) = password(&pipeline, password_stdin)?;
            users::add(&pipeline, &name, role, false, &password).await?;
            println!("added {name} ({role})");
            announce(&password, made_up);
        }
        Action::Password { name, password_stdin } => {
            let (password, made_up) = password(&pipeline, password_stdin)?;
            users::set_password(&pipeline, &name, &password).await?;
            println!("new password for {name}; all sessions are ended");
            announce(&password, made_up);
        }
        Action::Role { name, role } => {
            users::change_by_operator(&pipeline, &name, &Change::Role(role)).await?;
            println!("{name} is {role} now; all sessions are ended");
        }
        Action::Disable { name } => {
            users::change_by_operator(&pipeline, &name, &Change::Disabled(true)).await?;
            println!("{name} cannot sign in any more");
        }
        Action::Enable { name } => {
            users::change_by_operator(&pipeline, &name, &Change::Disabled(false)).await?;
            println!("{name} can sign in again");
        }
        Action::ResetSecondFactor { name } => {
            users::change_by_operator(&pipeline, &name, &Change::NoSecondFactor).await?;
            println!("{name} signs in with the password alone, and can set up a new second factor under “Akun saya”");
        }
        Action::List => {
            let people = crate::store::users::all(&pipeline.store).await?;
            if people.is_empty() {
                println!("nobody yet; add someone with `sisir user add NAME --role analyst`");
                return Ok(FINE);
            }
            let mut table = output::table(&["name", "role", "since", "state"]);
            for person in people {
                let role = if person.scripted { format!("{} (script)", person.role) } else { person.role.to_string() };
                let state = if person.disabled_at.is_some() { "switched off" } else { "in use" };
                table.add_row([person.name, role, person.created_at.wib(), state.to_owned()]);
            }
            println!("{table}");
        }
    }
    pipeline.store.close().await;
    Ok(FINE)
}

fn password(pipeline: &crate::pipeline::Pipeline, from_stdin: bool) -> anyhow::Result<(String, bool)> {
    if !from_stdin {
        return Ok((pipeline.entropy.password(), true));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no password on standard input")?;
    Ok((line.trim_end_matches(['\r', '\n']).to_owned(), false))
}

fn announce(password: &str, made_up: bool) {
    if made_up {
        println!("password (shown once): {password}");
    }
}
