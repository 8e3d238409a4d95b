//! Accounts of sellers: what links them across platforms, who is watched, who is in the help programme.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use super::{Pipeline, PipelineError, Result, alike, allowed, schedule};
use crate::domain::account::{ContactKind, Mark, MarkKind};
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::flag::FlagState;
use crate::domain::ids::{FlagId, PostId};
use crate::domain::post::Post;
use crate::domain::user::User;
use crate::domain::{Millis, Platform};
use crate::store::accounts::{self as rows, Link, NewMark};
use crate::store::queue::{self, Filter, FlagCard};
use crate::store::{WriteTx, flags, named_queues};
use crate::text::contacts;

/// Posts of an account on its page.
const POSTS: i64 = 50;
/// Links on its page.
const LINKS: i64 = 30;
/// Posts whose near-duplicates are looked for.
const COMPARED: usize = 10;
/// Longest a mark holds before someone looks again.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Hashes the contacts of a flagged post, if a key is configured. The account's own page is one of them: others name it.
pub(super) async fn remember_contacts(pipeline: &Pipeline, tx: &mut WriteTx, post: PostId, read: &Post) -> Result<()> {
    let Some(key) = &pipeline.config.desk.contact_key else { return Ok(()) };
    let mut found = contacts(&read.text);
    let own = match read.platform {
        Platform::Tiktok => Some("tiktok.com"),
        Platform::Instagram => Some("instagram.com"),
        Platform::Facebook => Some("facebook.com"),
        Platform::Youtube => Some("youtube.com"),
        _ => None,
    };
    if let Some(host) = own.filter(|_| !read.author.is_empty()) {
        found.insert((ContactKind::Page, format!("{host}/{}", read.author.trim_start_matches('@').to_lowercase())));
    }
    let hashed: Vec<(ContactKind, String)> =
        found.iter().map(|(kind, contact)| (*kind, keyed(key.expose_secret(), *kind, contact))).collect();
    Ok(rows::set_contacts(tx, post, &hashed).await?)
}

/// 128 bits of HMAC-SHA-256 of a contact. Telephone numbers are few enough to be tried one by one: without the key a
/// plain hash would keep nothing secret.
fn keyed(key: &str, kind: ContactKind, contact: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(format!("{kind}:{contact}").as_bytes());
    mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// An account that writes the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// Where it is.
    pub platform: Platform,
    /// Public handle.
    pub handle: String,
    /// Pairs of posts that are alike.
    pub pairs: usize,
    /// Share of common words of the likest pair, per cent.
    pub percent: i64,
    /// One of its posts.
    pub flag: FlagId,
}

/// All that is known of an account.
#[derive(Debug)]
pub struct Account {
    /// Where it is.
    pub platform: Platform,
    /// Public handle.
    pub handle: String,
    /// Its newest flagged posts, without those in queues of others.
    pub posts: Vec<FlagCard>,
    /// Flags by state.
    pub states: BTreeMap<FlagState, i64>,
    /// Flags by month (`YYYY-MM`), the newest twelve, oldest first: all, upheld.
    pub months: Vec<(String, i64, i64)>,
    /// Different contacts it prints, by kind.
    pub contacts: Vec<(ContactKind, i64)>,
    /// Accounts that print the same contacts.
    pub links: Vec<Link>,
    /// Accounts that write the same.
    pub echoes: Vec<Echo>,
    /// The same handle elsewhere, which may be another person.
    pub namesakes: Vec<(Platform, i64)>,
    /// Packages with its posts: id, code, kind, state.
    pub packages: Vec<(crate::domain::ids::BatchId, String, String, String)>,
    /// Marks, newest first.
    pub marks: Vec<Mark>,
}

impl Account {
    /// The mark of a kind that holds now.
    pub fn mark(&self, kind: MarkKind, now: Millis) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.kind == kind && mark.holds(now))
    }
}

/// Reads an account. None when none of its posts was flagged and nobody marked it.
pub async fn view(pipeline: &Pipeline, user: &User, platform: Platform, handle: &str) -> Result<Option<Account>> {
    let store = &pipeline.store;
    let closed = named_queues::closed_to(store, user).await?;
    let filter = Filter { author: handle.to_owned(), platform: platform.to_string(), closed, ..Filter::default() };
    let cards = queue::list(store, &filter, pipeline.clock().now(), POSTS, None).await?;
    let reader = rows::Reader { id: user.id, all: user.role.supervises() || user.role.reads_log() };
    let mut marks = rows::marks(store, platform, handle).await?;
    // Why an account is held back is for those who hold it.
    marks.retain(|mark| mark.kind != MarkKind::Hold || user.role.supervises());
    let dated = rows::dated(store, platform, handle, reader).await?;
    if dated.is_empty() && marks.is_empty() {
        return Ok(None);
    }
    let mut states: BTreeMap<FlagState, i64> = BTreeMap::new();
    let mut months: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (at, state) in &dated {
        *states.entry(*state).or_default() += 1;
        let month = at.in_jakarta().strftime("%Y-%m").to_string();
        let counts = months.entry(month).or_default();
        counts.0 += 1;
        counts.1 += i64::from(*state == FlagState::Upheld);
    }
    let older = months.len().saturating_sub(12);
    Ok(Some(Account {
        echoes: echoes(pipeline, user, platform, handle, &cards).await?,
        posts: cards,
        states,
        months: months.into_iter().skip(older).map(|(month, (all, upheld))| (month, all, upheld)).collect(),
        contacts: rows::contacts(store, platform, handle).await?,
        links: rows::links(store, platform, handle, reader, LINKS).await?,
        namesakes: rows::namesakes(store, platform, handle, reader).await?,
        packages: rows::packages(store, platform, handle, reader).await?,
        marks,
        platform,
        handle: handle.to_owned(),
    }))
}

async fn echoes(pipeline: &Pipeline, user: &User, platform: Platform, handle: &str, cards: &[FlagCard]) -> Result<Vec<Echo>> {
    let mut found: Vec<Echo> = Vec::new();
    let mut read: BTreeSet<&str> = BTreeSet::new();
    for card in cards.iter().filter(|card| read.insert(&card.text)).take(COMPARED) {
        let Some(flag) = flags::get(&pipeline.store, card.id).await? else { continue };
        for one in alike::of(pipeline, user, &flag, &card.text).await? {
            let other = (&one.post.platform, &one.post.author);
            if other == (&platform, &handle.to_owned()) || one.post.author.is_empty() {
                continue;
            }
            match found.iter_mut().find(|echo| (&echo.platform, &echo.handle) == other) {
                Some(echo) => {
                    echo.pairs += 1;
                    echo.percent = echo.percent.max(one.percent());
                }
                None => found.push(Echo {
                    platform: one.post.platform,
                    handle: one.post.author.clone(),
                    pairs: 1,
                    percent: one.percent(),
                    flag: one.post.id,
                }),
            }
        }
    }
    found.sort_by(|a, b| (b.pairs, b.percent, &a.handle).cmp(&(a.pairs, a.percent, &b.handle)));
    Ok(found)
}

/// Marks an account: analysts watch, supervisors note that it is in the help programme, or hold it back for investigators.
pub async fn set_mark(pipeline: &Pipeline, user: &User, mark: NewMark) -> Result<i64> {
    may_mark(user, mark.kind)?;
    let refuse = |why: &str| Err(PipelineError::Refused(why.to_owned()));
    let now = pipeline.clock().now();
    let mark = NewMark {
        handle: mark.handle.trim().trim_start_matches('@').to_owned(),
        note: mark.note.trim().chars().take(500).collect(),
        reference: mark.reference.trim().chars().take(60).collect(),
        ..mark
    };
    if mark.handle.is_empty() || mark.note.is_empty() {
        return refuse("a mark needs an account and a reason");
    }
    let ends_soon = mark.until.is_some_and(|until| until > now && until <= now.plus(LONGEST));
    match mark.kind {
        MarkKind::Exempt if mark.reference.is_empty() => {
            return refuse("an exemption needs the number under which the account is registered in the help programme");
        }
        MarkKind::Exempt if !ends_soon => {
            return refuse("an exemption ends on a day of the coming twelve months; it can be renewed");
        }
        MarkKind::Hold if mark.reference.is_empty() => {
            return refuse("a hold needs the reference of the office that asked for it");
        }
        MarkKind::Hold if !ends_soon => return refuse("a hold ends on a day of the coming twelve months; it can be renewed"),
        MarkKind::Watch | MarkKind::Exempt | MarkKind::Hold => {}
    }
    // Nobody is watched for good: after a year someone looks again.
    let mark = NewMark { until: Some(mark.until.unwrap_or_else(|| now.plus(LONGEST)).min(now.plus(LONGEST))), ..mark };
    let mut tx = pipeline.store.write_tx().await?;
    let id = rows::set_mark(&mut tx, &mark, user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::AccountMarked, format!("mark:{id}"));
    tx.commit(event.detail(format!("kind={}", mark.kind))).await?;
    Ok(id)
}

/// Ends a mark. Returns it.
pub async fn end_mark(pipeline: &Pipeline, user: &User, id: i64) -> Result<Mark> {
    let mark = rows::mark(&pipeline.store, id).await?;
    let mark = mark.ok_or_else(|| crate::store::StoreError::NotFound(format!("mark {id}")))?;
    may_mark(user, mark.kind)?;
    let mut tx = pipeline.store.write_tx().await?;
    rows::end_mark(&mut tx, id, user.id).await?;
    tx.commit(AuditEvent::new(Actor::User(user.id), Action::AccountMarkEnded, format!("mark:{id}"))).await?;
    Ok(mark)
}

fn may_mark(user: &User, kind: MarkKind) -> Result<()> {
    match kind {
        MarkKind::Watch => allowed(user, user.role.reviews(), "only analysts, approvers and supervisors watch accounts"),
        MarkKind::Exempt => allowed(user, user.role.supervises(), "only supervisors exempt accounts"),
        MarkKind::Hold => allowed(user, user.role.supervises(), "only supervisors hold accounts back"),
    }
}

/// True if someone answers on the ministry's help line now.
pub fn help_is_open(pipeline: &Pipeline) -> bool {
    let now = pipeline.clock().now();
    let ministry = pipeline.config.ministry.on(now.in_jakarta().date());
    schedule::previous(&ministry.help_hours, now).is_some_and(|last| now.since(last) < Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_key_kind_and_contact() {
        let key = "kunci-uji-yang-cukup-panjang-sekali";
        let one = keyed(key, ContactKind::Phone, "6281200000105");
        assert_eq!(one.len(), 32);
        assert_eq!(one, keyed(key, ContactKind::Phone, "6281200000105"));
        for other in [
            keyed(key, ContactKind::Page, "6281200000105"),
            keyed(key, ContactKind::Phone, "6281200000106"),
            keyed("kunci lain", ContactKind::Phone, "6281200000105"),
        ] {
            assert_ne!(one, other);
        }
    }
}
