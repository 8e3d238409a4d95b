//! An analyst's judgement. Decisions are never changed or deleted: a correction is a new decision.

use super::clock::Millis;
use super::ids::{DecisionId, FlagId, UserId};

text_enum! {
    /// What the analyst decided.
    Verdict {
        /// All three elements are there: ask the platform.
        Uphold = "uphold",
        /// Leave the post alone.
        Dismiss = "dismiss",
    }
}

text_enum! {
    /// Why. Every decision has one; the first two go with `uphold`, the others with `dismiss`.
    Reason {
        /// Offers imported used clothing by the bale or wholesale.
        BaleOffer = "bale_offer",
        /// Offers or promotes imported used clothing piece by piece.
        RetailOffer = "retail_offer",
        /// A person's own or local used clothing: lawful.
        LocalPreloved = "local_preloved",
        /// News, opinion, research, protest or humour.
        NewsOpinion = "news_opinion",
        /// Charity.
        Charity = "charity",
        /// Not about used clothing at all.
        Unrelated = "unrelated",
        /// No sign that the goods were imported, or no offer.
        ElementMissing = "element_missing",
        /// An earlier `uphold` was wrong.
        Mistake = "mistake",
    }
}

impl Reason {
    /// The verdict this reason can stand for.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::BaleOffer | Self::RetailOffer => Verdict::Uphold,
            _ => Verdict::Dismiss,
        }
    }

    /// The reasons that go with `verdict`, in the order in which forms show them.
    pub fn for_verdict(verdict: Verdict) -> impl Iterator<Item = Reason> {
        Self::ALL.iter().copied().filter(move |reason| reason.verdict() == verdict)
    }
}

/// Raised when a reason does not go with a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("reason `{reason}` does not go with verdict `{verdict}`")]
pub struct ReasonMismatch {
    /// The verdict given.
    pub verdict: Verdict,
    /// The reason given.
    pub reason: Reason,
}

/// What an analyst sends: a verdict with a fitting reason, checked on construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    verdict: Verdict,
    reason: Reason,
    note: String,
}

impl Judgement {
    /// Checks that the reason fits the verdict. `note` is free text for colleagues and never leaves the desk.
    pub fn new(verdict: Verdict, reason: Reason, note: impl Into<String>) -> Result<Self, ReasonMismatch> {
        if reason.verdict() == verdict {
            Ok(Self { verdict, reason, note: super::post::storable(note.into().trim()) })
        } else {
            Err(ReasonMismatch { verdict, reason })
        }
    }

    /// The verdict.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The reason.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The note, possibly empty.
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// A stored decision.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decision {
    /// Row id.
    pub id: DecisionId,
    /// The flag it is about.
    pub flag_id: FlagId,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Free text for colleagues.
    pub note: String,
    /// Who decided.
    pub decided_by: UserId,
    /// When.
    pub decided_at: Millis,
}

/// Proof that a decision is the one in force for its flag. The only value from which a row of a package can be made.
/// It comes from [`Upheld::prove`] or [`Reversed::prove`] and from nowhere else:
///
/// ```compile_fail,E0451
/// use sisir::domain::decision::{InForce, Verdict};
/// use sisir::domain::ids::{DecisionId, FlagId, UserId};
/// let forged = InForce { flag: FlagId(1), decision: DecisionId(1), verdict: Verdict::Uphold, reviewer: UserId(1) };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    flag: FlagId,
    decision: DecisionId,
    verdict: Verdict,
    reviewer: UserId,
}

impl InForce {
    /// The flag.
    pub const fn flag(&self) -> FlagId {
        self.flag
    }

    /// The decision.
    pub const fn decision(&self) -> DecisionId {
        self.decision
    }

    /// What it says.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Who reviewed it; must not sign.
    pub const fn reviewer(&self) -> UserId {
        self.reviewer
    }
}

macro_rules! proof {
    ($(#[$meta:meta])* $name:ident, $verdict:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(InForce);

        impl $name {
            /// The one maker: the decision must be in force for its flag, and must say so.
            pub fn prove(decision: &Decision, in_force: Option<DecisionId>) -> Option<Self> {
                (decision.verdict == Verdict::$verdict && in_force == Some(decision.id)).then_some(Self(InForce {
                    flag: decision.flag_id,
                    decision: decision.id,
                    verdict: decision.verdict,
                    reviewer: decision.decided_by,
                }))
            }

            /// What a row of a package rests on.
            pub const fn basis(self) -> InForce {
                self.0
            }
        }
    };
}

proof! {
    /// Proof that a flag is upheld by its decision in force: it can be requested.
    Upheld, Uphold
}

proof! {
    /// Proof that a flag is dismissed by its decision in force: a request for it can be withdrawn.
    Reversed, Dismiss
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(verdict: Verdict) -> Decision {
        let reason = if verdict == Verdict::Uphold { Reason::RetailOffer } else { Reason::Unrelated };
        Decision {
            id: DecisionId(3),
            flag_id: FlagId(2),
            verdict,
            reason,
            note: String::new(),
            decided_by: UserId(1),
            decided_at: Millis(0),
        }
    }

    #[test]
    fn only_the_upholding_decision_in_force_proves_anything() {
        let uphold = decision(Verdict::Uphold);
        assert!(Upheld::prove(&uphold, Some(DecisionId(3))).is_some());
        assert!(Upheld::prove(&uphold, Some(DecisionId(4))).is_none(), "a later decision is in force");
        assert!(Upheld::prove(&uphold, None).is_none());
        assert!(Upheld::prove(&decision(Verdict::Dismiss), Some(DecisionId(3))).is_none());
        assert!(Reversed::prove(&decision(Verdict::Dismiss), Some(DecisionId(3))).is_some());
        assert!(Reversed::prove(&uphold, Some(DecisionId(3))).is_none());
    }

    #[test]
    fn every_reason_fits_exactly_one_verdict() {
        for reason in Reason::ALL {
            let fits = Verdict::ALL.iter().filter(|v| Judgement::new(**v, *reason, "").is_ok()).count();
            assert_eq!(fits, 1, "{reason}");
        }
    }
}
