//! Short links: each leads to a TikTok post.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::FakePlatforms;
use crate::domain::Platform;

/// `/short/{host}/{code}`: the code ends in the place of a post, as `ZM0007`.
pub(super) async fn follow(State(fake): State<FakePlatforms>, Path((host, code)): Path<(String, String)>) -> Response {
    fake.count("short_links");
    let to = |address: String| (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, address)]).into_response();
    if fake.hits("sl_inside") {
        return to("http://169.254.169.254/latest/meta-data".into());
    }
    if fake.hits("sl_loop") {
        return to(format!("https://{host}/{code}"));
    }
    let code = code.trim_end_matches('/');
    let place: Option<usize> = code.get(2..).and_then(|digits| digits.parse().ok());
    let mut posts = fake.posts.iter().filter(|post| post.platform == Platform::Tiktok);
    match place.and_then(|place| posts.nth(place)) {
        Some(post) if fake.is_removed(&post.native_id) => to("https://www.tiktok.com/".into()),
        // Over another short link, as it often is.
        Some(_) if host == "t.co" => to(format!("https://vm.tiktok.com/{code}/")),
        Some(post) => to(format!("https://www.tiktok.com/@{}/video/{}?_r=1", post.author, post.native_id)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
