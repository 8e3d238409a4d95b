//! Forms with a file: reports, answer sheets, screenshots, proofs.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::http::StatusCode;

use super::error::PageError;

/// Largest form with its file, bytes.
pub(super) const BODY_LIMIT: usize = 5 << 20;

/// Text fields and the file of a form of the desk. Roles are looked at before: nothing is read of a form that is not taken
/// anyway.
pub(super) async fn fields(
    form: Result<Multipart, MultipartRejection>,
) -> Result<(BTreeMap<String, String>, Vec<u8>), PageError> {
    read(form.map_err(|error| broken(error.status(), BODY_LIMIT))?, BODY_LIMIT).await
}

/// The same of any form, which may have `limit` bytes.
pub(super) async fn read(mut form: Multipart, limit: usize) -> Result<(BTreeMap<String, String>, Vec<u8>), PageError> {
    let refuse = |error: MultipartError| broken(error.status(), limit);
    let (mut texts, mut file) = (BTreeMap::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(refuse)? {
        let name = field.name().unwrap_or("").to_owned();
        if field.file_name().is_some() {
            file = field.bytes().await.map_err(refuse)?.to_vec();
        } else {
            texts.insert(name, field.text().await.map_err(refuse)?);
        }
    }
    Ok((texts, file))
}

fn broken(status: StatusCode, limit: usize) -> PageError {
    PageError::Refused(status, format!("the form is broken or too large ({} MiB)", limit >> 20))
}
