//! Watches for what was asked down and comes again: of the same account, with the same contacts or page, or with nearly the same
//! words. A program only points; the posts are decided about like any other.

use std::collections::BTreeMap;

use super::{Pipeline, Result, alike};
use crate::domain::flag::FlagState;
use crate::domain::ids::FlagId;
use crate::domain::user::User;
use crate::store::reuploads::{self as rows, Reupload};
use crate::store::{flags, named_queues};

/// Posts of one kind that are shown.
const SHOWN: i64 = 50;
/// Newest open posts whose words are compared.
const COMPARED: i64 = 60;

/// What an open post has in common with a requested one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Common {
    /// The account.
    Account,
    /// A telephone number, mail address or page.
    Contact,
    /// Nearly all words.
    Words,
}

impl Common {
    /// Its name in texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Contact => "contact",
            Self::Words => "words",
        }
    }
}

/// Open posts that have something in common with a post that was asked down before they came, newest first; without those in queues
/// that others work on.
pub async fn list(pipeline: &Pipeline, user: &User) -> Result<Vec<(Reupload, Vec<Common>)>> {
    let store = &pipeline.store;
    let mut found: BTreeMap<FlagId, (Reupload, Vec<Common>)> = BTreeMap::new();
    let mut add = |post: Reupload, common: Common| {
        let (_, all) = found.entry(post.flag_id).or_insert_with(|| (post, Vec::new()));
        if !all.contains(&common) {
            all.push(common);
        }
    };
    rows::of_accounts(store, SHOWN).await?.into_iter().for_each(|post| add(post, Common::Account));
    rows::of_contacts(store, SHOWN).await?.into_iter().for_each(|post| add(post, Common::Contact));
    for (id, platform, author, text, opened_at) in rows::newest_open(store, COMPARED).await? {
        let Some(flag) = flags::get(store, id).await? else { continue };
        let others = alike::of(pipeline, user, &flag, &text).await?;
        for other in others.into_iter().filter(|other| other.post.state == FlagState::Upheld) {
            if let Some(code) = rows::request_before(store, other.post.id, opened_at).await? {
                let (author, text) = (author.clone(), text.clone());
                add(Reupload { flag_id: id, platform, author, text, opened_at, code }, Common::Words);
                break;
            }
        }
    }
    let closed = named_queues::closed_to(store, user).await?;
    let mut shown = Vec::new();
    for (id, one) in found.into_iter().rev() {
        let queue = flags::get(store, id).await?.and_then(|flag| flag.queue_id);
        if !named_queues::keeps_out(&closed, queue) {
            let (post, mut common) = one;
            // An account prints its own page.
            if common.contains(&Common::Account) {
                common.retain(|one| *one != Common::Contact);
            }
            shown.push((post, common));
        }
    }
    Ok(shown)
}
