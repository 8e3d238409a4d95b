//! Row identities. A separate type for each, so that a post cannot be mistaken for a flag.

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}", self.0) }
        }
    )+};
}

id! {
    /// A post seen on a platform.
    PostId,
    /// A machine's proposal to look at a post.
    FlagId,
    /// A person's judgement of a flag.
    DecisionId,
    /// A request or withdrawal package for one platform.
    BatchId,
    /// One row of a batch.
    RequestId,
    /// One message that is to leave.
    DeliveryId,
    /// One try to hand a message over.
    AttemptId,
    /// A person (or a demo script) that signs in.
    UserId,
    /// A queued piece of work.
    JobId,
    /// A report of the public or of an association.
    TipId,
    /// An association that reports.
    PartnerId,
    /// One look at whether a post is still up.
    CheckId,
    /// An objection of a seller.
    AppealId,
    /// A change of rules.
    ChangeId,
}
