//! For load balancers and the image's health check.

use axum::extract::State;
use axum::http::StatusCode;

use crate::pipeline::Pipeline;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers too.
pub(super) async fn ready(State(pipeline): State<Pipeline>) -> (StatusCode, &'static str) {
    match pipeline.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "database does not answer\n")
        }
    }
}
