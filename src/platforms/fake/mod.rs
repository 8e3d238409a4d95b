//! Fake platforms on loopback: the TikTok Research API, TikTok oEmbed, Threads, Instagram, Facebook Pages, YouTube,
//! Bluesky with its stream, Mastodon and X, from made-up posts, with the faults that the real ones are known for. Used by tests and the demo; nothing here is for production.

mod bluesky;
mod control;
mod corpus;
mod discovery;
mod facebook;
mod instagram;
mod jetstream;
mod mastodon;
mod short;
mod threads;
mod tiktok;
mod x;
mod youtube;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

pub use corpus::{FakePost, PAGES, made_up_everywhere, made_up_posts};
pub use facebook::page_id;

use crate::domain::{Clock, Millis};

/// A request as the fake saw it. Tests assert on this, not on the client's own counters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Logged {
    /// Method.
    pub method: String,
    /// Path and query. Tokens travel in headers and so never stand here.
    pub target: String,
    /// Body of a search that is sent with one.
    pub body: String,
    /// Status answered.
    pub status: u16,
}

/// What became of a post that is still there. TikTok's public page says only "gone" to either of the first two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Not shown in Indonesia.
    Restricted,
    /// Shown to chosen people only.
    Private,
    /// With another text.
    Edited(String),
}

#[derive(Default)]
struct Inner {
    faults: BTreeMap<String, i64>,
    /// Posts that are gone, and since when.
    removed: BTreeMap<String, Millis>,
    /// Posts that are there, but not as they were.
    changed: BTreeMap<String, Changed>,
    used: BTreeMap<String, i64>,
    /// Search ids given out, with the hash of the query they belong to and how often they were used.
    searches: BTreeMap<String, (String, u32)>,
    /// Hashtags asked about, and since when.
    tags: BTreeMap<String, Millis>,
    tokens: u32,
    log: Vec<Logged>,
    offset_ms: i64,
}

/// Everything the fake platforms know.
#[derive(Clone)]
pub struct FakePlatforms {
    posts: Arc<Vec<FakePost>>,
    clock: Arc<dyn Clock>,
    inner: Arc<Mutex<Inner>>,
    /// Requests so far.
    asked: Arc<tokio::sync::watch::Sender<usize>>,
}

/// Faults that can be switched on, with what they do.
pub const FAULTS: &[(&str, &str)] = &[
    ("tt_500", "500 internal_error; the request counts"),
    ("tt_504_html", "504 with an HTML page"),
    ("tt_rate_short", "429 rate_limit_exceeded"),
    ("tt_quota_daily", "429 daily_quota_limit_exceeded"),
    ("tt_token_expired", "401 access_token_invalid"),
    ("tt_bad_client", "the token is refused"),
    ("tt_scope", "401 scope_not_authorized"),
    ("tt_search_id_flaky", "a fresh search id is not known yet"),
    ("tt_search_id_late", "a search id dies after four pages"),
    ("tt_search_id_dead", "the second page is refused for good"),
    ("tt_odd_items", "NUL characters, absent counters, new fields, ids as text, one unreadable item"),
    ("tt_empty_page", "an empty page with has_more"),
    ("truncate_json", "half an answer"),
    ("huge_body", "an answer over 8 MiB"),
    ("drop_connection", "the connection breaks in the middle of the answer"),
    ("oembed_gone", "404 for a post that is there"),
    ("oembed_429", "429 with Retry-After"),
    ("meta_190", "the token has expired"),
    ("meta_368", "blocked for policy reasons"),
    ("meta_4_403", "application limit, with status 403"),
    ("meta_200_error", "an error with status 200"),
    ("meta_500", "500 without a body"),
    ("meta_next_foreign", "paging.next names another host"),
    ("th_unapproved", "only the owner's own posts, which are none"),
    ("th_no_next", "cursors without next"),
    ("ig_unapproved", "400, code 10: no Public Content Access"),
    ("ig_budget", "400, code 18: thirty hashtags in seven days"),
    ("ig_sensitive", "400, code 24: no such hashtag, or one that is not shown"),
    ("meta_usage_75", "X-App-Usage says 80 of 100"),
    ("meta_usage_95", "X-App-Usage says 96 of 100"),
    ("fb_unapproved", "400, code 10: no Page Public Content Access"),
    ("fb_buc", "400, code 80001: too many calls, with access again in nineteen minutes"),
    ("fb_empty_with_next", "an empty page that has a next one"),
    ("yt_key", "400 keyInvalid"),
    ("yt_blocked", "403: the key may not use this API"),
    ("yt_quota", "429: searches of the day are used up"),
    ("yt_quota_old", "403 quotaExceeded, as before 2026"),
    ("yt_rate", "403 userRateLimitExceeded"),
    ("yt_token", "400 invalidPageToken at the next page"),
    ("yt_503", "503 backendError"),
    ("bs_password", "a session is refused"),
    ("bs_expired", "400 ExpiredToken"),
    ("bs_rate", "429 with RateLimit-Reset in five minutes"),
    ("bs_blocked_host", "403 with a page of the host's own"),
    ("bs_502", "502 UpstreamFailure"),
    ("md_private", "422: the timeline is for members"),
    ("md_rate", "429 with X-RateLimit-Reset in five minutes"),
    ("md_foreign_next", "the next link names another host"),
    ("js_drop", "the stream breaks after five events"),
    ("js_repeat", "every event comes twice"),
    ("js_odd", "an event that is no JSON, and a post without a record"),
    ("js_503", "503 before the stream begins"),
    ("js_lookback", "only the last 36 hours are there"),
    ("sl_inside", "a short link leads into the own network"),
    ("sl_loop", "a short link leads to itself"),
    ("x_post_style", "only the newer spelling, post.fields, is known"),
    ("x_401", "401: the token is refused"),
    ("x_not_enrolled", "403 client-forbidden: the app may not search"),
    ("x_rate", "429 with x-rate-limit-reset in five minutes"),
    ("x_rate_old", "429 in the older form, code 88, with the same headers"),
    ("x_capped", "429 usage-capped: the posts of the month are used up"),
    ("x_credit", "402: no credit left"),
    ("x_partial", "posts, and an error for one that is gone"),
    ("x_503", "503"),
];

impl FakePlatforms {
    /// Platforms that hold `posts`.
    pub fn new(posts: Vec<FakePost>, clock: Arc<dyn Clock>) -> Self {
        Self { posts: Arc::new(posts), clock, inner: Arc::default(), asked: Arc::new(tokio::sync::watch::Sender::new(0)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches a fault on for the next `times` matching requests (negative: for good).
    pub fn fault(&self, name: &str, times: i64) {
        self.lock().faults.insert(name.to_owned(), times);
    }

    /// Takes posts down, as a platform does after a request.
    pub fn remove<'a>(&self, native_ids: impl IntoIterator<Item = &'a str>) {
        let now = self.now();
        self.lock().removed.extend(native_ids.into_iter().map(|id| (id.to_owned(), now)));
    }

    /// Hides a post from some, or gives it another text.
    pub fn change(&self, native_id: &str, how: Changed) {
        self.lock().changed.insert(native_id.to_owned(), how);
    }

    /// Puts a post back as it was.
    pub fn restore(&self, native_id: &str) {
        let mut inner = self.lock();
        inner.removed.remove(native_id);
        inner.changed.remove(native_id);
    }

    /// Tells of each request as it comes: how many there were.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<usize> {
        self.asked.subscribe()
    }

    /// What was asked so far.
    pub fn log(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    fn next_token(&self) -> u32 {
        let mut inner = self.lock();
        inner.tokens += 1;
        inner.tokens
    }

    /// Requests that counted against the quota of `api`: `tiktok`, `threads`, `instagram`, `facebook`, `youtube_search`,
    /// `youtube_units`, `bluesky`, `jetstream`, `mastodon`, `x` or `short_links`; under `x_posts` the posts that X would have charged for.
    pub fn used(&self, api: &str) -> i64 {
        self.lock().used.get(api).copied().unwrap_or(0)
    }

    fn count(&self, api: &str) {
        *self.lock().used.entry(api.to_owned()).or_insert(0) += 1;
    }

    /// Notes that a hashtag was asked about; says how many different ones were in the last seven days.
    fn note_tag(&self, tag: &str) -> usize {
        let now = self.now();
        let mut inner = self.lock();
        inner.tags.retain(|_, since| now.since(*since) < std::time::Duration::from_hours(7 * 24));
        inner.tags.entry(tag.to_owned()).or_insert(now);
        inner.tags.len()
    }

    fn hits(&self, name: &str) -> bool {
        match self.lock().faults.get_mut(name) {
            Some(times) if *times < 0 => true,
            Some(times) if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    fn now(&self) -> Millis {
        Millis(self.clock.now().0 + self.lock().offset_ms)
    }

    fn is_removed(&self, native_id: &str) -> bool {
        self.removed_at(native_id).is_some()
    }

    /// Whether nobody in Indonesia is shown this post.
    pub fn is_down(&self, native_id: &str) -> bool {
        self.is_removed(native_id) || matches!(self.changed(native_id), Some(Changed::Restricted | Changed::Private))
    }

    fn changed(&self, native_id: &str) -> Option<Changed> {
        self.lock().changed.get(native_id).cloned()
    }

    /// A post as its platform shows it to anybody in Indonesia; none where it does not.
    fn shown(&self, post: &FakePost) -> Option<FakePost> {
        if self.is_removed(&post.native_id) {
            return None;
        }
        match self.changed(&post.native_id) {
            None => Some(post.clone()),
            Some(Changed::Edited(text)) => Some(FakePost { text, ..post.clone() }),
            Some(Changed::Restricted | Changed::Private) => None,
        }
    }

    fn removed_at(&self, native_id: &str) -> Option<Millis> {
        self.lock().removed.get(native_id).copied()
    }

    fn router(self) -> Router {
        Router::new()
            .route("/v2/oauth/token/", post(tiktok::token))
            .route("/v2/research/video/query/", post(tiktok::query))
            .route("/oembed", get(tiktok::oembed))
            .route("/v1.0/keyword_search", get(threads::keyword_search))
            .route("/v1.0/me", get(threads::me))
            .route("/refresh_access_token", get(threads::refresh))
            .route("/v26.0/ig_hashtag_search", get(instagram::hashtag))
            .route("/v26.0/pages/search", get(facebook::pages_search))
            .route("/v26.0/debug_token", get(threads::debug_token))
            .route("/v26.0/{id}", get(discovery::business))
            .route("/v26.0/{id}/posts", get(facebook::page_posts))
            .route("/v26.0/{id}/recent_media", get(instagram::recent_media))
            .route("/youtube/v3/search", get(youtube::search))
            .route("/youtube/v3/videos", get(youtube::videos))
            .route("/xrpc/com.atproto.server.createSession", post(bluesky::create_session))
            .route("/xrpc/app.bsky.feed.searchPosts", get(bluesky::search_posts))
            .route("/xrpc/app.bsky.feed.getPosts", get(bluesky::get_posts))
            .route("/2/tweets", get(x::lookup))
            .route("/short/{host}/{*code}", axum::routing::head(short::follow))
            .route("/subscribe", get(jetstream::subscribe))
            .route("/2/tweets/search/recent", get(x::recent))
            .route("/api/v1/timelines/tag/{tag}", get(mastodon::tag))
            .route("/__fake/log", get(control::log))
            .route("/__fake/faults", get(control::list_faults).post(control::set_fault))
            .route("/__fake/clock", post(control::clock))
            .route("/__fake/remove", post(control::remove))
            .layer(axum::middleware::from_fn_with_state(self.clone(), record))
            .with_state(self)
    }

    /// Serves on `listen` until `stop`; gives the address it got.
    pub async fn serve(self, listen: SocketAddr, stop: CancellationToken) -> std::io::Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            let served = axum::serve(listener, self.router()).with_graceful_shutdown(stop.cancelled_owned()).await;
            if let Err(error) = served {
                tracing::error!(%error, "the fake platforms stopped");
            }
        });
        Ok(address)
    }
}

/// A time in a query.
fn time(text: Option<&str>) -> Option<Millis> {
    text.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(Millis::from_timestamp)
}

/// Logs the request, and breaks the answer where a transport fault is on.
async fn record(State(fake): State<FakePlatforms>, mut request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let mut target = request.uri().to_string();
    // The one call that cannot but name a token in its address.
    if let Some((place, _)) = target.split_once("input_token=") {
        target = format!("{place}input_token=…");
    }
    let control = target.starts_with("/__fake/");
    let mut body = String::new();
    // Not the one that asks for a token: it holds the secret.
    if target.starts_with("/v2/research/") {
        let (parts, sent) = request.into_parts();
        let bytes = axum::body::to_bytes(sent, 1 << 20).await.unwrap_or_default();
        body = String::from_utf8_lossy(&bytes).into_owned();
        request = Request::from_parts(parts, Body::from(bytes));
    }
    let mut response = next.run(request).await;
    if control {
        return response;
    }
    fake.asked.send_modify(|asked| *asked += 1);
    if fake.hits("truncate_json") {
        response = halve(response).await;
    } else if fake.hits("huge_body") {
        response = (StatusCode::OK, vec![b' '; 9 << 20]).into_response();
    } else if fake.hits("drop_connection") {
        let broken = futures::stream::iter([Ok(b"{\"data\"".to_vec()), Err(std::io::Error::other("connection lost"))]);
        response = Response::new(Body::from_stream(broken));
    }
    let status = response.status().as_u16();
    fake.lock().log.push(Logged { method, target, body, status });
    response
}

async fn halve(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 16 << 20).await.unwrap_or_default();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}
