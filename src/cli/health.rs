//! `sisir health`: the image has no other program to ask with.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{FINE, FOUND, setup};
use crate::domain::Entropy;
use crate::platforms::client::{ApiClient, ApiError, Class};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of the desk (default: web.listen of the configuration)
    #[arg(long)]
    url: Option<String>,
}

pub async fn run(file: Option<&Path>, options: Options) -> anyhow::Result<ExitCode> {
    let config = setup::configure(file)?;
    let url = options.url.unwrap_or_else(|| format!("http://{}/readyz", config.web.listen.replace("0.0.0.0", "127.0.0.1")));
    let once = crate::config::Retry { tries: 1, ..config.retry };
    let client = ApiClient::new("desk", 60, &once, std::sync::Arc::new(Entropy::from_os()))?;
    let asked = client.call(
        None,
        |http| http.get(&url).timeout(Duration::from_secs(5)),
        |answer| match answer.status {
            200 => Ok(()),
            status => Err(ApiError::new("desk", Class::BadRequest, format!("HTTP {status}"))),
        },
    );
    match asked.await {
        Ok(()) => Ok(FINE),
        Err(error) => {
            eprintln!("{url}: {error}");
            Ok(ExitCode::from(FOUND))
        }
    }
}
