//! The control plane under `/__fake/`: faults, clock, removals, the log.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{FAULTS, FakePlatforms};

pub(super) async fn log(State(fake): State<FakePlatforms>) -> Json<Value> {
    Json(json!(fake.log()))
}

pub(super) async fn list_faults() -> Json<Value> {
    Json(FAULTS.iter().map(|(name, what)| json!({"name": name, "what": what})).collect())
}

#[derive(Deserialize)]
pub(super) struct SetFault {
    name: String,
    times: i64,
}

pub(super) async fn set_fault(State(fake): State<FakePlatforms>, Json(fault): Json<SetFault>) -> Response {
    if FAULTS.iter().all(|(name, _)| *name != fault.name) {
        return (StatusCode::NOT_FOUND, "no such fault; GET /__fake/faults lists them\n").into_response();
    }
    fake.fault(&fault.name, fault.times);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
pub(super) struct Advance {
    advance_s: i64,
}

pub(super) async fn clock(State(fake): State<FakePlatforms>, Json(by): Json<Advance>) -> StatusCode {
    fake.lock().offset_ms += by.advance_s * 1000;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
pub(super) struct Remove {
    native_ids: Vec<String>,
}

pub(super) async fn remove(State(fake): State<FakePlatforms>, Json(posts): Json<Remove>) -> StatusCode {
    fake.remove(posts.native_ids.iter().map(String::as_str));
    StatusCode::NO_CONTENT
}
