//! Changes of rules: one person writes, another puts to use.

use std::collections::BTreeMap;

use super::clock::Millis;
use super::ids::{ChangeId, PostId, UserId};

text_enum! {
    /// Where a change stands.
    ChangeState {
        /// Its author works on it.
        Draft = "draft",
        /// Tried on stored posts, and as its author wants it: waits for another person.
        Proposed = "proposed",
        /// Put to use at least once.
        Approved = "approved",
        /// Given up.
        Withdrawn = "withdrawn",
    }
}

/// A change of one pack.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RuleChange {
    /// Row id.
    pub id: ChangeId,
    /// Pack.
    pub pack: String,
    /// What it is for.
    pub title: String,
    /// Who writes it.
    pub author_id: UserId,
    /// Sign-in name of that person.
    pub author: String,
    /// Where it stands.
    pub state: ChangeState,
    /// SHA-256 of the pack that it began from.
    pub base_hash: String,
    /// SHA-256 of the pack as changed.
    pub hash: String,
    /// When it was begun.
    pub created_at: Millis,
    /// When a file of it was last changed.
    pub changed_at: Millis,
    /// When it was proposed.
    pub proposed_at: Option<Millis>,
    /// What the person who sent it back said; empty for nothing.
    pub remark: String,
    /// Hash for which a trial was asked; empty for none.
    pub trial_asked: String,
    /// Posts read by the trial so far.
    pub trial_posts: i64,
    /// Hash for which a trial ended; empty for none.
    pub trial_hash: String,
}

impl RuleChange {
    /// True when it was tried on stored posts just as it is.
    pub fn is_tried(&self) -> bool {
        self.trial_hash == self.hash
    }

    /// True while a trial of it as it is was asked for and has not ended.
    pub fn is_being_tried(&self) -> bool {
        self.trial_asked == self.hash && !self.is_tried()
    }
}

/// A file of a pack before and after a change; none where there is no such file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path inside the pack.
    pub path: String,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
}

impl FileChange {
    /// True if it says something else now.
    pub fn differs(&self) -> bool {
        self.before != self.after
    }
}

/// Path inside a pack → text.
pub type PackFiles = BTreeMap<String, String>;

/// Posts of one kind in a trial: how many, and the first of them.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Listed {
    /// How many there are.
    pub count: u64,
    /// The first [`Listed::SHOWN`].
    pub first: Vec<PostId>,
}

impl Listed {
    /// Most posts that are named.
    pub const SHOWN: usize = 100;

    /// One more.
    pub fn push(&mut self, post: PostId) {
        self.count += 1;
        if self.first.len() < Self::SHOWN {
            self.first.push(post);
        }
    }

    /// True if there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// What a changed pack would do to the stored posts.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trial {
    /// Posts read.
    pub posts: u64,
    /// Row id of the last one: a trial that was interrupted goes on behind it.
    pub after: i64,
    /// SHA-256 of the rules in use, which it is compared with.
    pub against: String,
    /// Flagged by the new rules and not by those in use.
    pub new: Listed,
    /// Flagged by the rules in use and not by the new ones.
    pub lost: Listed,
    /// Flagged by the new rules though people dismissed it.
    pub contradicts: Listed,
    /// No longer flagged though people upheld it.
    pub forgets: Listed,
    /// A request stands about it, and the new rules find it too.
    pub supports: u64,
    /// A request stands about it, and the new rules would not find it.
    pub abandons: Listed,
}

/// What was put to use.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Activation {
    /// Row id.
    pub id: i64,
    /// Pack.
    pub pack: String,
    /// The change; none for the program's own pack.
    pub change_id: Option<ChangeId>,
    /// Its title.
    pub title: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Who put it to use.
    pub person: String,
    /// When.
    pub activated_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_the_first_and_count_all() {
        let mut listed = Listed::default();
        (0..250).for_each(|post| listed.push(PostId(post)));
        assert_eq!((listed.count, listed.first.len()), (250, Listed::SHOWN));
    }
}
