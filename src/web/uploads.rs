//! Forms with a file: answer sheets, screenshots, proofs.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use axum::http::StatusCode;

use super::error::PageError;

/// Largest form with its file, bytes.
pub(super) const BODY_LIMIT: usize = 5 << 20;

/// Text fields and the file of a form. Roles are looked at before: nothing is read of a form that is not taken anyway.
pub(super) async fn fields(
    form: Result<Multipart, MultipartRejection>,
) -> Result<(BTreeMap<String, String>, Vec<u8>), PageError> {
    let broken = |status: StatusCode| PageError::Refused(status, "the form is broken or too large (5 MiB)".into());
    let mut form = form.map_err(|error| broken(error.status()))?;
    let (mut texts, mut file) = (BTreeMap::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(|error| broken(error.status()))? {
        let name = field.name().unwrap_or("").to_owned();
        if field.file_name().is_some() {
            file = field.bytes().await.map_err(|error| broken(error.status()))?.to_vec();
        } else {
            texts.insert(name, field.text().await.map_err(|error| broken(error.status()))?);
        }
    }
    Ok((texts, file))
}
