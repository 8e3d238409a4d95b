//! Accounts of sellers: one account with its links, and all that are marked.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::error::{Page, PageError};
use super::session::SignedIn;
use super::view::{Frame, html};
use crate::domain::account::{Mark, MarkKind};
use crate::domain::clock::jakarta;
use crate::domain::{Millis, Platform};
use crate::pipeline::accounts::{self, Account};
use crate::pipeline::{Pipeline, batch};
use crate::store::accounts::{self as rows, NewMark};

#[derive(Deserialize)]
pub(super) struct AccountQuery {
    platform: Platform,
    handle: String,
    done: Option<String>,
}

/// The address of an account's page.
pub(super) fn address(platform: Platform, handle: &str) -> String {
    let query = serde_urlencoded::to_string([("platform", platform.as_str()), ("handle", handle)]).unwrap_or_default();
    format!("/account?{query}")
}

/// An account around the one in the middle of the drawing.
struct Node {
    x: i64,
    y: i64,
    /// Where the name begins: `start` or `end`.
    anchor: &'static str,
    text_x: i64,
    name: String,
    /// Contacts in common; 0 for an account that only writes the same.
    shared: i64,
    thick: i64,
}

/// Most accounts that are drawn.
const DRAWN: usize = 12;

/// Puts the linked accounts around the middle.
fn nodes(account: &Account) -> Vec<Node> {
    let linked = account.links.iter().map(|link| (link.platform, link.handle.clone(), link.shared));
    let known =
        |platform: Platform, handle: &str| account.links.iter().any(|link| link.platform == platform && link.handle == handle);
    let echoes = account.echoes.iter().filter(|echo| !known(echo.platform, &echo.handle));
    let all: Vec<(Platform, String, i64)> =
        linked.chain(echoes.map(|echo| (echo.platform, echo.handle.clone(), 0))).take(DRAWN).collect();
    let count = all.len().max(1);
    let place = |(at, (platform, handle, shared)): (usize, (Platform, String, i64))| {
        #[expect(clippy::cast_precision_loss, reason = "at most a dozen")]
        let angle = std::f64::consts::TAU * at as f64 / count as f64 - std::f64::consts::FRAC_PI_2;
        #[expect(clippy::cast_possible_truncation, reason = "within the drawing")]
        let (x, y) = ((340.0 + 150.0 * angle.cos()).round() as i64, (130.0 + 100.0 * angle.sin()).round() as i64);
        let right = x >= 340;
        Node {
            x,
            y,
            anchor: if right { "start" } else { "end" },
            text_x: if right { x + 10 } else { x - 10 },
            name: format!("@{handle} ({})", platform.label()),
            shared,
            thick: shared.clamp(1, 6),
        }
    };
    all.into_iter().enumerate().map(place).collect()
}

#[derive(Template)]
#[template(path = "web/account.html")]
struct AccountPage {
    f: Frame,
    account: Account,
    watch: Option<Mark>,
    exempt: Option<Mark>,
    /// For those who may hold back.
    hold: Option<Mark>,
    nodes: Vec<Node>,
    /// Height of the tallest month.
    tallest: i64,
    /// Contacts are hashed here; without a key nothing links accounts by them.
    linked: bool,
    help: String,
    help_open: bool,
    ministry: String,
    /// First and last day that an exemption may end.
    until: (String, String),
}

impl AccountPage {
    fn height(&self, posts: impl super::i18n::Count) -> i64 {
        posts.count() * 60 / self.tallest
    }

    fn case(flag: crate::domain::ids::FlagId) -> String {
        batch::case_id(flag)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates have it by reference")]
    fn link(platform: &Platform, handle: &str) -> String {
        address(*platform, handle)
    }
}

/// One account.
pub(super) async fn page(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<AccountQuery>) -> Page {
    let handle = query.handle.trim().trim_start_matches('@');
    let account = accounts::view(&pipeline, &user, query.platform, handle).await?.ok_or(PageError::NotFound)?;
    let now = pipeline.clock().now();
    let today = now.in_jakarta().date();
    let day = |days: i64| today.checked_add(jiff::Span::new().days(days)).map_or_else(|_| String::new(), |day| day.to_string());
    let ministry = pipeline.config.ministry.on(today);
    html(&AccountPage {
        watch: account.mark(MarkKind::Watch, now).cloned(),
        exempt: account.mark(MarkKind::Exempt, now).cloned(),
        hold: account.mark(MarkKind::Hold, now).cloned(),
        nodes: nodes(&account),
        tallest: account.months.iter().map(|(_, all, _)| *all).max().unwrap_or(0).max(1),
        linked: pipeline.config.desk.contact_key.is_some(),
        help: ministry.help,
        help_open: accounts::help_is_open(&pipeline),
        ministry: ministry.name,
        until: (day(1), day(365)),
        account,
        f: Frame::new(user, "accounts", query.done),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ListQuery {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "web/accounts.html")]
struct ListPage {
    f: Frame,
    watched: Vec<Mark>,
    exempt: Vec<Mark>,
    /// For those who may hold back; none for others.
    held: Option<Vec<Mark>>,
}

impl ListPage {
    fn tables(&self) -> Vec<(&'static str, &'static str, &[Mark])> {
        let mut all: Vec<(&str, &str, &[Mark])> = vec![
            ("accounts-watched", "accounts-watched-empty", &self.watched),
            ("accounts-exempt", "accounts-exempt-empty", &self.exempt),
        ];
        all.extend(self.held.iter().map(|held| ("accounts-hold", "accounts-hold-empty", held.as_slice())));
        all
    }

    fn link(mark: &Mark) -> String {
        address(mark.platform, &mark.handle)
    }
}

/// Every account that is marked now.
pub(super) async fn list(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Query(query): Query<ListQuery>) -> Page {
    let marked = rows::marked(&pipeline.store, pipeline.clock().now()).await?;
    let of = |kind: MarkKind| marked.iter().filter(|mark| mark.kind == kind).cloned().collect::<Vec<Mark>>();
    let held = user.role.supervises().then(|| of(MarkKind::Hold));
    html(&ListPage {
        watched: of(MarkKind::Watch),
        exempt: of(MarkKind::Exempt),
        held,
        f: Frame::new(user, "accounts", query.done),
    })
}

#[derive(Deserialize)]
pub(super) struct MarkForm {
    platform: Platform,
    handle: String,
    kind: MarkKind,
    note: String,
    #[serde(default)]
    reference: String,
    /// Last day, `YYYY-MM-DD`; empty for none.
    #[serde(default)]
    until: String,
}

/// The end of a day in Jakarta.
fn end_of(day: &str) -> Result<Option<Millis>, PageError> {
    if day.is_empty() {
        return Ok(None);
    }
    let end = day.parse::<jiff::civil::Date>().and_then(jiff::civil::Date::tomorrow).and_then(|day| day.to_zoned(jakarta()));
    let refused = |_| PageError::Refused(StatusCode::UNPROCESSABLE_ENTITY, format!("`{day}` is no day; write it as 2027-06-30"));
    Ok(Some(Millis::from_timestamp(end.map_err(refused)?.timestamp())))
}

/// Marks an account.
pub(super) async fn mark(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Form(form): Form<MarkForm>) -> Page {
    let until = end_of(&form.until)?;
    let mark = NewMark {
        platform: form.platform,
        handle: form.handle.clone(),
        kind: form.kind,
        note: form.note,
        reference: form.reference,
        until,
    };
    accounts::set_mark(&pipeline, &user, mark).await?;
    Ok(Redirect::to(&format!("{}&done=saved", address(form.platform, form.handle.trim().trim_start_matches('@'))))
        .into_response())
}

/// Ends a mark.
pub(super) async fn end(State(pipeline): State<Pipeline>, SignedIn(user): SignedIn, Path(id): Path<i64>) -> Page {
    let mark = accounts::end_mark(&pipeline, &user, id).await?;
    Ok(Redirect::to(&format!("{}&done=saved", address(mark.platform, &mark.handle))).into_response())
}
