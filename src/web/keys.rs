//! What the keys do.

use askama::Template;

use super::error::Page;
use super::session::SignedIn;
use super::view::{Frame, html};

/// Keys of the desk and the texts that say what they do.
const KEYS: [(&str, &str); 14] = [
    ("1 2", "key-uphold"),
    ("3 – 8", "key-dismiss"),
    ("A B C", "key-elements"),
    ("S", "key-second"),
    ("E", "key-escalate"),
    ("U", "key-undo"),
    ("M", "key-note"),
    ("N", "key-next"),
    ("O", "key-open"),
    ("K", "key-bulk"),
    ("V", "key-account"),
    ("Q", "key-queue"),
    ("/", "key-search"),
    ("?", "key-keys"),
];

#[derive(Template)]
#[template(path = "web/keys.html")]
struct KeysPage {
    f: Frame,
    keys: [(&'static str, &'static str); 14],
}

pub(super) async fn page(SignedIn(user): SignedIn) -> Page {
    html(&KeysPage { f: Frame::new(user, "keys", None), keys: KEYS })
}
