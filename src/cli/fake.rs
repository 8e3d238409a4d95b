//! `sisir fake-platforms`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{FINE, serve};
use crate::domain::{Clock as _, SystemClock};
use crate::platforms::fake::{FAULTS, FakePlatforms, made_up_everywhere};

/// Every platform that Sisir reads, with made-up posts. Set `base_url` of the sources to its address (`instances` for
/// Mastodon, `ws://` for Jetstream) and their mode to "fake".
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Loopback address and port
    #[arg(long, default_value = "127.0.0.1:8602")]
    listen: SocketAddr,
}

pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(options.listen.ip().is_loopback(), "fake platforms are served on loopback only, e.g. 127.0.0.1:8602");
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let fake = FakePlatforms::new(made_up_everywhere(now), clock);
    let stop = CancellationToken::new();
    let address =
        fake.serve(options.listen, stop.clone()).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    println!("fake platforms at http://{address}/");
    println!("faults (POST /__fake/faults {{\"name\": …, \"times\": …}}):");
    for (name, what) in FAULTS {
        println!("  {name:<20} {what}");
    }
    serve::wait_for_signal().await;
    stop.cancel();
    Ok(FINE)
}
