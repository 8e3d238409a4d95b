//! Packages over the API: reading only. Putting together and signing takes people at pages.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract;
use super::{ApiError, Caller, Problem};
use crate::domain::batch::Batch;
use crate::domain::ids::BatchId;
use crate::pipeline::Pipeline;
use crate::store::{StoreError, batches};

/// A package.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchOut {
    id: i64,
    /// Reference in letters, `TR-2026-000001`.
    code: String,
    /// `request` or `withdrawal`.
    kind: String,
    platform: String,
    /// `draft`, `rendered`, `signed`, `sent` or `cancelled`.
    state: String,
    /// SHA-256 of the complete message, once rendered.
    package_sha256: Option<String>,
    /// RFC 3339, UTC.
    created_at: String,
}

impl From<Batch> for BatchOut {
    fn from(batch: Batch) -> Self {
        Self {
            id: batch.id.0,
            code: batch.code,
            kind: batch.kind.to_string(),
            platform: batch.platform.to_string(),
            state: batch.state.to_string(),
            package_sha256: batch.package_sha256,
            created_at: batch.created_at.timestamp().to_string(),
        }
    }
}

/// A file of a package.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileOut {
    name: String,
    media_type: String,
    sha256: String,
}

/// A package with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchDetailOut {
    #[serde(flatten)]
    batch: BatchOut,
    /// Flags, in the order of their rows.
    flags: Vec<i64>,
    files: Vec<FileOut>,
}

/// Packages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchesOut {
    batches: Vec<BatchOut>,
}

/// The newest 200 packages.
#[utoipa::path(get, path = "/api/v1/batches", tag = "batches", responses((status = 200, body = BatchesOut), (status = 401, body = Problem)))]
pub(super) async fn list(State(pipeline): State<Pipeline>, _caller: Caller) -> Result<Json<BatchesOut>, ApiError> {
    let batches = batches::list(&pipeline.store, 200).await?;
    Ok(Json(BatchesOut { batches: batches.into_iter().map(BatchOut::from).collect() }))
}

/// One package with the hashes of its files.
#[utoipa::path(get, path = "/api/v1/batches/{id}", tag = "batches", params(("id" = i64, Path, description = "Package")),
    responses((status = 200, body = BatchDetailOut), (status = 404, body = Problem)))]
pub(super) async fn get(
    State(pipeline): State<Pipeline>,
    _caller: Caller,
    extract::Path(id): extract::Path<i64>,
) -> Result<Json<BatchDetailOut>, ApiError> {
    let id = BatchId(id);
    let batch = batches::get(&pipeline.store, id).await?;
    let batch = batch.ok_or_else(|| ApiError::from(StoreError::NotFound(format!("batch {id}"))))?;
    let flags = batches::rows(&pipeline.store, id).await?.into_iter().map(|row| row.flag_id.0).collect();
    let files = batches::files(&pipeline.store, id).await?;
    let files =
        files.into_iter().map(|file| FileOut { name: file.name, media_type: file.media_type, sha256: file.sha256 }).collect();
    Ok(Json(BatchDetailOut { batch: batch.into(), flags, files }))
}
