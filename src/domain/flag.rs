//! A machine's proposal: "a person should look at this post", with the evidence for it.

use super::clock::Millis;
use super::ids::{DecisionId, FlagId, PostId, UserId};

text_enum! {
    /// Order of work. P1 supply of bales, P2 clear offers, P3 doubtful: a person decides in each case.
    Priority {
        /// Supply of bales.
        P1 = "P1",
        /// Clear offer.
        P2 = "P2",
        /// Doubtful.
        P3 = "P3",
    }
}

text_enum! {
    /// Where a flag stands.
    FlagState {
        /// Waits for an analyst.
        Open = "open",
        /// The current decision upholds it.
        Upheld = "upheld",
        /// The current decision dismisses it.
        Dismissed = "dismissed",
    }
}

text_enum! {
    /// Who looks at an open flag next.
    Lane {
        /// Anyone who reviews.
        First = "first",
        /// Another person than the one who asked.
        SecondLook = "second_look",
        /// A supervisor.
        Escalated = "escalated",
    }
}

text_enum! {
    /// What the author of a post does in the trade, as far as the text says it. Most urgent first.
    Role {
        /// Sells bales to traders.
        Supplier = "supplier",
        /// Sells by the sack or lot.
        Wholesaler = "wholesaler",
        /// Sells on a live broadcast.
        LiveSeller = "live_seller",
        /// Sells single pieces.
        Retailer = "retailer",
        /// Shows places and hauls.
        Reviewer = "reviewer",
    }
}

/// One rule that matched, with the places in the original text that made it match.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Rule id.
    pub rule: String,
    /// Axes found, in the pack's order (`used_clothing`, `import_nexus`, `offer`, `negative`, …).
    pub axes: Vec<String>,
    /// Byte ranges `[start, end)` in the original text, ascending, on character boundaries.
    pub spans: Vec<(usize, usize)>,
    /// One sentence for a person.
    pub why: String,
}

/// What the matcher says of one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Assessment {
    /// True if the post would enter the review queue.
    pub flagged: bool,
    /// Order of work, none when not flagged.
    pub priority: Option<Priority>,
    /// 0 to 100; how many and how strong the signs are. Not a probability.
    pub score: i32,
    /// The rules that matched.
    pub findings: Vec<Finding>,
    /// The author's part in the trade, as far as the words say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Regions that the words belong to, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Rules on trial that matched: counted, never flagged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<String>,
}

/// A stored flag.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Flag {
    /// Row id.
    pub id: FlagId,
    /// The post it is about.
    pub post_id: PostId,
    /// Rule pack.
    pub pack: String,
    /// Hash of the rule set that raised it.
    pub rule_set: String,
    /// Order of work.
    pub priority: Priority,
    /// 0 to 100.
    pub score: i32,
    /// Where it stands.
    pub state: FlagState,
    /// Evidence.
    pub findings: sqlx::types::Json<Vec<Finding>>,
    /// When it was raised.
    pub opened_at: Millis,
    /// Named queue; none until it is routed.
    pub queue_id: Option<i64>,
    /// Who looks at it next, while open.
    pub lane: Lane,
    /// Who asked for that.
    pub referred_by: Option<UserId>,
    /// The author's part in the trade, as far as the rules see it.
    pub actor: Option<Role>,
    /// Sketch of the folded text, for near-duplicates.
    pub fingerprint: Option<i64>,
    /// The decision in force, none while open.
    pub decision_id: Option<DecisionId>,
    /// Who has it on the screen now.
    pub claimed_by: Option<UserId>,
    /// Until when that claim holds.
    pub claimed_until: Option<Millis>,
}
