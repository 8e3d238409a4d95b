//! Accounts of sellers: what links them, and what people marked.

use super::clock::Millis;
use super::platform::Platform;

text_enum! {
    /// What a contact printed in a post is.
    ContactKind {
        /// Mobile number, also in messenger links.
        Phone = "phone",
        /// Mail address.
        Email = "email",
        /// A page elsewhere: shop, link list, channel.
        Page = "page",
    }
}

text_enum! {
    /// What people marked an account with.
    MarkKind {
        /// Its new posts are shown as watched.
        Watch = "watch",
        /// Registered in the help programme: no request is made about it.
        Exempt = "exempt",
        /// Investigators look at it: no request is made about it, and nobody is told why.
        Hold = "hold",
    }
}

/// A mark on an account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mark {
    /// Row id.
    pub id: i64,
    /// Where the account is.
    pub platform: Platform,
    /// Public handle.
    pub handle: String,
    /// What it says.
    pub kind: MarkKind,
    /// Why.
    pub note: String,
    /// Number in the help programme, or of whoever asked for the hold; empty for a watch.
    pub reference: String,
    /// Sign-in name of who set it.
    pub set_by: String,
    /// When.
    pub set_at: Millis,
    /// When it ends by itself.
    pub until: Option<Millis>,
    /// When a person ended it.
    pub ended_at: Option<Millis>,
}

impl Mark {
    /// True if it counts at this moment.
    pub fn holds(&self, now: Millis) -> bool {
        self.ended_at.is_none() && self.until.is_none_or(|until| until > now)
    }
}
