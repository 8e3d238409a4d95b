//! Objections of those whose posts were asked down.

use super::clock::Millis;
use super::ids::{AppealId, FlagId};

text_enum! {
    /// What came of an objection.
    AppealOutcome {
        /// We were wrong: the post is dismissed, and what was asked is withdrawn.
        Accepted = "accepted",
        /// The request stands; the answer says why.
        Rejected = "rejected",
        /// We asked nothing about this post.
        NotOurs = "not_ours",
    }
}

text_enum! {
    /// What is missing or wrong in an objection.
    AppealProblem {
        /// No name.
        Name = "name",
        /// No telephone number or mail address.
        Contact = "contact",
        /// Neither a case number nor the address of a post.
        Subject = "subject",
        /// No reasons.
        Statement = "statement",
        /// A text that is too long.
        TooLong = "too_long",
    }
}

/// An objection, without who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Appeal {
    /// Row id.
    pub id: AppealId,
    /// What it is about, where we know the post.
    pub flag_id: Option<FlagId>,
    /// The case number or address as it was written.
    pub claimed: String,
    /// Why.
    pub statement: String,
    /// When it came.
    pub received_at: Millis,
    /// What came of it.
    pub outcome: Option<AppealOutcome>,
    /// What the writer is told.
    pub answer: Option<String>,
    /// Sign-in name of who answered.
    pub answered_by: Option<String>,
    /// When.
    pub answered_at: Option<Millis>,
}
