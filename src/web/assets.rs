//! Style sheet, scripts and icon, compiled in. `htmx.min.js` is htmx 2.0.11 as published (<https://htmx.org>, Zero-Clause
//! BSD): only pages on which problems show while one types, or a trial moves on, load it.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::PageError;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

pub(super) async fn asset(Path(path): Path<String>) -> Result<Response, PageError> {
    let file = Assets::get(&path).ok_or(PageError::NotFound)?;
    let kind = file.metadata.mimetype().to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300".to_owned())], file.data.into_owned())
        .into_response())
}
