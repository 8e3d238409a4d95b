//! `sisir up`, `serve` and `work`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{FINE, setup};
use crate::domain::batch::BatchState;
use crate::domain::flag::{FlagState, Priority};
use crate::pipeline::{Pipeline, rule_packs, webhooks};
use crate::web;

pub async fn run(file: Option<&Path>, desk: bool, work: bool) -> anyhow::Result<ExitCode> {
    let config = setup::configure(file)?;
    let pipeline = setup::pipeline(config).await?;
    let stop = CancellationToken::new();
    let running = start(&pipeline, desk, work, &stop).await?;
    if let Some(address) = running.desk {
        tracing::info!("the desk is at http://{address}/");
    }
    wait_for_signal().await;
    tracing::info!("stopping; what is running is finished first");
    stop.cancel();
    running.tasks.wait().await;
    pipeline.store.close().await;
    Ok(FINE)
}

/// What was started.
pub struct Running {
    /// Address of the desk, if it is served.
    pub desk: Option<SocketAddr>,
    /// Everything that runs until `stop`.
    pub tasks: TaskTracker,
}

/// Starts the desk, the worker and the metrics listener.
pub async fn start(pipeline: &Pipeline, desk: bool, work: bool, stop: &CancellationToken) -> anyhow::Result<Running> {
    let tasks = TaskTracker::new();
    let metrics = &pipeline.config.metrics.listen;
    if !metrics.is_empty() {
        let listener = bind(metrics, "metrics.listen").await?;
        let router = metrics_router(pipeline.clone(), recorder());
        serve(&tasks, listener, router, stop.clone());
    }
    let mut address = None;
    if desk {
        let listener = bind(&pipeline.config.web.listen, "web.listen").await?;
        address = Some(listener.local_addr()?);
        serve(&tasks, listener, web::router(pipeline.clone()), stop.clone());
    }
    tasks.spawn(follow_rules(pipeline.clone(), stop.clone()));
    if work {
        let worker = setup::worker(pipeline, setup::worker_name(pipeline))?;
        let (pipeline, told) = (pipeline.clone(), stop.clone());
        tasks.spawn(async move { webhooks::run(&pipeline, told).await });
        let stop = stop.clone();
        tasks.spawn(async move { worker.run(stop).await });
    }
    tasks.close();
    Ok(Running { desk: address, tasks })
}

/// How often a process looks whether other rules were put to use in another process.
const RULES_EVERY: Duration = Duration::from_secs(30);

async fn follow_rules(pipeline: Pipeline, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RULES_EVERY) => {}
        }
        if let Err(error) = rule_packs::refresh(&pipeline).await {
            tracing::warn!(%error, "the rules in use cannot be read; trying again");
        }
    }
}

async fn bind(listen: &str, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}; choose another `{key}`"))
}

fn serve(tasks: &TaskTracker, listener: TcpListener, router: axum::Router, stop: CancellationToken) {
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
        {
            tracing::error!(%error, "a listener stopped");
        }
    });
}

fn recorder() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // A second recorder in one process (tests) is refused; the first one goes on counting.
    let _ = metrics::set_global_recorder(recorder);
    handle
}

fn metrics_router(pipeline: Pipeline, handle: PrometheusHandle) -> axum::Router {
    let render = move || {
        let (pipeline, handle) = (pipeline.clone(), handle.clone());
        async move {
            gauges(&pipeline).await;
            handle.render()
        }
    };
    axum::Router::new().route("/metrics", axum::routing::get(render)).route("/healthz", axum::routing::get(|| async { "ok\n" }))
}

/// Numbers that are read when asked for.
async fn gauges(pipeline: &Pipeline) {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are exact in a double")]
    let float = |n: i64| n as f64;
    match crate::pipeline::status::read(pipeline).await {
        Ok(status) => {
            // Every group, empty ones too: a gauge that is not set keeps its old value.
            for (state, priority) in FlagState::ALL.iter().flat_map(|s| Priority::ALL.iter().map(move |p| (*s, *p))) {
                let n = status.flags.iter().find(|(s, p, _)| (*s, *p) == (state, priority)).map_or(0, |(_, _, n)| *n);
                metrics::gauge!("sisir_flags", "state" => state.as_str(), "priority" => priority.as_str()).set(float(n));
            }
            for state in BatchState::ALL {
                let n = status.batches.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
                metrics::gauge!("sisir_batches", "state" => state.as_str()).set(float(n));
            }
            for source in status.sources {
                metrics::gauge!("sisir_quota_used_today", "source" => source.name).set(float(source.used_today));
            }
            metrics::gauge!("sisir_posts").set(float(status.posts));
            metrics::gauge!("sisir_worker_late").set(if status.worker_late { 1.0 } else { 0.0 });
        }
        Err(error) => tracing::error!(%error, "metrics cannot be read"),
    }
}

/// Ctrl-C or SIGTERM.
pub async fn wait_for_signal() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
