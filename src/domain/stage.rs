//! How far an application got at the ministry of communication, as that ministry says. Only mirrored: no letter of ours names or
//! threatens a stage, and nothing follows from one by itself.

use super::clock::Millis;

text_enum! {
    /// A stage that was told to us. The names are those of the press about SAMAN (Kepmen 522/2024); none is ours to set.
    Stage {
        /// It has the application.
        Received = "received",
        /// It ordered the platform to take the post down.
        Order = "order",
        /// First warning letter.
        St1 = "st1",
        /// Second warning letter.
        St2 = "st2",
        /// Third warning letter.
        St3 = "st3",
        /// Access was cut off.
        Blocked = "blocked",
        /// It ended the matter without that.
        Closed = "closed",
    }
}

/// A stage with who told it when.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Mirrored {
    /// What.
    pub stage: Stage,
    /// Day that the ministry names, `YYYY-MM-DD`.
    pub said_on: String,
    /// Sign-in name of who entered it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: Millis,
}
