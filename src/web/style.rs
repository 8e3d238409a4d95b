//! The style guide: every part that pages are made of, on one page.

use askama::Template;

use super::error::Page;
use super::session::SignedIn;
use super::view::{Frame, html};

#[derive(Template)]
#[template(path = "web/style.html")]
struct StylePage {
    f: Frame,
}

pub(super) async fn page(SignedIn(user): SignedIn) -> Page {
    html(&StylePage { f: Frame::new(user, "style", None) })
}
