//! An analyst's judgement. Decisions are never changed or deleted: a correction is a new decision.

use super::clock::Millis;
use super::flag::Role;
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

text_enum! {
    /// What is to follow a decision: the ministry's ladder, mildest first.
    FollowUp {
        /// Nothing: the post is lawful, or not ours.
        None = "none",
        /// The seller is told what the rule is and where help is; nothing is asked of the platform.
        Education = "education",
        /// The platform is asked to take the post down.
        Request = "request",
        /// Customs gets a lead; the post is left up, as evidence.
        CustomsLead = "customs_lead",
    }
}

impl FollowUp {
    /// The steps that can follow `verdict`, mildest first.
    pub fn for_verdict(verdict: Verdict) -> impl Iterator<Item = FollowUp> {
        Self::ALL.iter().copied().filter(move |step| step.fits(verdict))
    }

    /// The step unless people choose another: after an upheld flag a request where its rule pack `asks` for takedowns,
    /// else a lead for customs.
    pub const fn usual(verdict: Verdict, asks: bool) -> Self {
        match verdict {
            Verdict::Dismiss => Self::None,
            Verdict::Uphold if asks => Self::Request,
            Verdict::Uphold => Self::CustomsLead,
        }
    }

    const fn fits(self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Uphold => !matches!(self, Self::None),
            Verdict::Dismiss => matches!(self, Self::None | Self::Education),
        }
    }
}

/// The elements of a request that a person found in a post: A used clothing, B import, C offer or invitation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elements {
    /// A: it is about used clothing.
    pub used_clothing: bool,
    /// B: it says that the goods were imported.
    pub import_nexus: bool,
    /// C: it offers them, or invites to buy.
    pub offer: bool,
}

impl Elements {
    /// All three: what a request rests on.
    pub const ALL: Self = Self { used_clothing: true, import_nexus: true, offer: true };

    /// The letters of those found, as stored: `ABC`, `AC`, empty.
    pub const fn letters(self) -> &'static str {
        match (self.used_clothing, self.import_nexus, self.offer) {
            (false, false, false) => "",
            (true, false, false) => "A",
            (false, true, false) => "B",
            (false, false, true) => "C",
            (true, true, false) => "AB",
            (true, false, true) => "AC",
            (false, true, true) => "BC",
            (true, true, true) => "ABC",
        }
    }

    /// Those named in `letters`; others are ignored.
    pub fn from_letters(letters: &str) -> Self {
        Self { used_clothing: letters.contains('A'), import_nexus: letters.contains('B'), offer: letters.contains('C') }
    }
}

/// Raised when the parts of a judgement do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The reason belongs to the other verdict.
    #[error("reason `{reason}` does not go with verdict `{verdict}`")]
    Reason {
        /// The verdict given.
        verdict: Verdict,
        /// The reason given.
        reason: Reason,
    },
    /// What is to follow does not.
    #[error("`{follow_up}` does not follow the verdict `{verdict}`")]
    FollowUp {
        /// The verdict given.
        verdict: Verdict,
        /// The step given.
        follow_up: FollowUp,
    },
}

/// What an analyst sends: a verdict with a fitting reason and step, checked on construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    verdict: Verdict,
    reason: Reason,
    note: String,
    elements: Elements,
    actor: Option<Role>,
    follow_up: FollowUp,
}

impl Judgement {
    /// Upholds with all three elements and a request to follow, or dismisses with nothing. Checks that the reason fits
    /// the verdict. `note` is free text for colleagues and never leaves the desk.
    pub fn new(verdict: Verdict, reason: Reason, note: impl Into<String>) -> Result<Self, Unfit> {
        if reason.verdict() != verdict {
            return Err(Unfit::Reason { verdict, reason });
        }
        let elements = match verdict {
            Verdict::Uphold => Elements::ALL,
            Verdict::Dismiss => Elements::default(),
        };
        let (note, follow_up) = (super::post::storable(note.into().trim()), FollowUp::usual(verdict, true));
        Ok(Self { verdict, reason, note, elements, actor: None, follow_up })
    }

    /// With the elements that were found. Whether they suffice depends on the rule pack; the store refuses if not.
    #[must_use]
    pub const fn with_elements(mut self, elements: Elements) -> Self {
        self.elements = elements;
        self
    }

    /// With the author's part in the trade.
    #[must_use]
    pub const fn with_actor(mut self, actor: Option<Role>) -> Self {
        self.actor = actor;
        self
    }

    /// With another step to follow.
    pub fn with_follow_up(mut self, follow_up: FollowUp) -> Result<Self, Unfit> {
        if !follow_up.fits(self.verdict) {
            return Err(Unfit::FollowUp { verdict: self.verdict, follow_up });
        }
        self.follow_up = follow_up;
        Ok(self)
    }

    /// Elements found.
    pub const fn elements(&self) -> Elements {
        self.elements
    }

    /// The author's part in the trade, if the analyst said it.
    pub const fn actor(&self) -> Option<Role> {
        self.actor
    }

    /// What is to follow.
    pub const fn follow_up(&self) -> FollowUp {
        self.follow_up
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
    fn letters_and_elements_are_the_same() {
        for letters in ["", "A", "B", "C", "AB", "AC", "BC", "ABC"] {
            assert_eq!(Elements::from_letters(letters).letters(), letters);
        }
    }

    #[test]
    fn nothing_follows_an_uphold_and_no_request_a_dismissal() {
        let uphold = Judgement::new(Verdict::Uphold, Reason::BaleOffer, "").unwrap();
        let dismiss = Judgement::new(Verdict::Dismiss, Reason::Charity, "").unwrap();
        let fits = |judgement: &Judgement| -> Vec<FollowUp> {
            FollowUp::ALL.iter().copied().filter(|step| judgement.clone().with_follow_up(*step).is_ok()).collect()
        };
        assert_eq!(fits(&uphold), [FollowUp::Education, FollowUp::Request, FollowUp::CustomsLead]);
        assert_eq!(fits(&dismiss), [FollowUp::None, FollowUp::Education]);
    }

    #[test]
    fn every_reason_fits_exactly_one_verdict() {
        for reason in Reason::ALL {
            let fits = Verdict::ALL.iter().filter(|v| Judgement::new(**v, *reason, "").is_ok()).count();
            assert_eq!(fits, 1, "{reason}");
        }
    }
}
