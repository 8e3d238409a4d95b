//! Jetstream: the frozen `/subscribe` stream of Bluesky. It replays what was posted up to now, then stays open and silent.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{FakePlatforms, FakePost};
use crate::domain::{Millis, Platform};

const COLLECTION: &str = "app.bsky.feed.post";
const PING_EVERY: Duration = Duration::from_secs(30);
/// From here on a cursor is a time in microseconds; below, it is a sequence number.
const LEAST_MICROS: i64 = 1_000_000_000_000_000;

/// What a client subscribes to.
struct Wanted {
    posts: bool,
    cursor: Option<i64>,
}

impl Wanted {
    fn read(query: &str) -> Result<Self, &'static str> {
        let (mut collections, mut cursor) = (BTreeSet::new(), None);
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "wantedCollections" => {
                    collections.insert(value);
                }
                "cursor" if value.is_empty() => {}
                "cursor" => cursor = Some(value.parse().map_err(|_| "invalid cursor")?),
                // Real servers know these. Here, better refused than passed over in silence.
                "wantedDids" | "compress" | "requireHello" => return Err("not part of the fake"),
                _ => {}
            }
        }
        if collections.len() > 100 {
            return Err("too many wanted collections");
        }
        let covers = |wanted: &Cow<'_, str>| match wanted.strip_suffix('*') {
            Some(prefix) => prefix.ends_with('.') && COLLECTION.starts_with(prefix),
            None => wanted == COLLECTION,
        };
        Ok(Self { posts: collections.is_empty() || collections.iter().any(covers), cursor })
    }
}

pub(super) async fn subscribe(
    State(fake): State<FakePlatforms>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    fake.count("jetstream");
    if fake.hits("js_503") {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let wanted = match Wanted::read(query.as_deref().unwrap_or_default()) {
        Ok(wanted) => wanted,
        Err(message) => return (StatusCode::BAD_REQUEST, message).into_response(),
    };
    let mut backlog = backlog(&fake, &wanted);
    let mut frames = Vec::new();
    if fake.hits("js_odd") {
        // No later than what follows, lest the cursor of a client run ahead.
        let at = backlog.first().map_or(micros(fake.now()), |(at, _)| *at);
        let commit = json!({"rev": "3mrekaan", "operation": "create", "collection": COLLECTION, "rkey": "3mkosong"});
        frames.push("bukan JSON {".to_owned());
        frames.push(event("did:plc:rekaan0", at, "commit", commit).to_string());
    }
    let breaks = fake.hits("js_drop");
    if breaks {
        backlog.truncate(5);
    }
    let times = if fake.hits("js_repeat") { 2 } else { 1 };
    frames.extend(backlog.iter().flat_map(|(_, event)| std::iter::repeat_n(event.to_string(), times)));
    upgrade.on_upgrade(move |socket| deliver(socket, frames, breaks))
}

/// Sends the frames, then answers the client until it closes. `breaks`: goes away without a word instead.
async fn deliver(mut socket: WebSocket, frames: Vec<String>, breaks: bool) {
    for frame in frames {
        if socket.send(Message::Text(frame.into())).await.is_err() {
            return;
        }
    }
    if breaks {
        return;
    }
    loop {
        match tokio::time::timeout(PING_EVERY, socket.recv()).await {
            // Reading on is what answers pings and the closing frame.
            Ok(Some(Ok(_))) => {}
            Ok(None | Some(Err(_))) => return,
            Err(_) => {
                if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The events from the cursor on, with their times. Without a cursor there are none: nothing happens while a client listens.
fn backlog(fake: &FakePlatforms, wanted: &Wanted) -> Vec<(i64, Value)> {
    let Some(cursor) = wanted.cursor else { return Vec::new() };
    let oldest = if fake.hits("js_lookback") { micros(fake.now().minus(Duration::from_hours(36))) } else { i64::MIN };
    // Numbers count from one and are not given out. A time in seconds or milliseconds is a number far ahead.
    let due = |number: i64, at: i64| if cursor < LEAST_MICROS { number >= cursor } else { at >= cursor };
    let numbered = (1..).zip(events(fake, wanted.posts));
    numbered.filter(|(number, (at, _))| *at >= oldest && due(*number, *at)).map(|(_, event)| event).collect()
}

fn events(fake: &FakePlatforms, with_posts: bool) -> Vec<(i64, Value)> {
    let now = fake.now();
    let mut posts: Vec<&FakePost> =
        fake.posts.iter().filter(|post| post.platform == Platform::Bluesky && post.posted_at <= now).collect();
    posts.sort_by_key(|post| post.posted_at);
    let mut events = Vec::new();
    for (n, post) in posts.into_iter().enumerate() {
        let (did, rkey) = post.native_id.split_once('/').unwrap_or(("did:plc:rekaan", &post.native_id));
        let (at, time, seq) = (micros(post.posted_at), post.posted_at.timestamp().to_string(), 31_527_015_470 + n);
        let mut push = |at, kind, body| events.push((at, event(did, at, kind, body)));
        if with_posts {
            let mut record = json!({"$type": COLLECTION, "createdAt": time, "text": post.text});
            if let (Some(object), true) = (record.as_object_mut(), n % 3 != 2) {
                object.insert("langs".into(), json!(["id"]));
            }
            let commit = json!({
                "rev": format!("3m{seq}"), "operation": "create", "collection": COLLECTION, "rkey": rkey, "record": record,
                "cid": "bafyrekaan",
            });
            push(at, "commit", commit);
        }
        // These come whatever collections are wanted.
        match n % 5 {
            1 => push(at + 1, "identity", json!({"did": did, "handle": post.author, "seq": seq, "time": time})),
            3 => push(at + 1, "account", json!({"active": true, "did": did, "seq": seq, "time": time})),
            _ => {}
        }
        if let (true, Some(gone)) = (with_posts, fake.removed_at(&post.native_id)) {
            let gone = micros(gone.max(post.posted_at));
            let commit = json!({"rev": format!("3n{seq}"), "operation": "delete", "collection": COLLECTION, "rkey": rkey});
            push(gone, "commit", commit);
        }
    }
    // The real stream never pauses: somebody does something at any moment.
    let somebody = json!({"did": "did:plc:rekaan0", "handle": "warga.contoh", "seq": 1, "time": now.timestamp().to_string()});
    events.push((micros(now), event("did:plc:rekaan0", micros(now), "identity", somebody)));
    // Stable: what happens to a post comes after it.
    events.sort_by_key(|(at, _)| *at);
    events
}

fn event(did: &str, at: i64, kind: &str, body: Value) -> Value {
    json!({"did": did, "time_us": at, "kind": kind, kind: body})
}

fn micros(at: Millis) -> i64 {
    at.0.saturating_mul(1000)
}
