//! What a platform answered about one post of a package.

use super::batch::BatchKind;
use super::clock::Millis;
use super::ids::{RequestId, UserId};

text_enum! {
    /// What became of the request. A post that is restricted in Indonesia only is as good as removed.
    Outcome {
        /// Taken down everywhere.
        Removed = "removed",
        /// Not to be seen in Indonesia any more.
        Restricted = "restricted",
        /// It was gone when the platform looked.
        AlreadyGone = "already_gone",
        /// Shown again, after a withdrawal.
        Restored = "restored",
        /// The platform leaves it up, with a reason.
        Refused = "refused",
        /// The platform asks for more.
        NeedsInformation = "needs_information",
    }
}

impl Outcome {
    /// The word of the answer sheet (Annex V).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Removed => "diturunkan",
            Self::Restricted => "dibatasi_wilayah",
            Self::AlreadyGone => "sudah_tidak_ada",
            Self::Restored => "dipulihkan",
            Self::Refused => "ditolak",
            Self::NeedsInformation => "perlu_keterangan",
        }
    }

    /// Reads the word of the sheet, however it is spaced and cased, or the English name.
    pub fn from_word(text: &str) -> Option<Self> {
        let plain = text.trim().to_lowercase().replace([' ', '-'], "_");
        Self::ALL.iter().copied().find(|outcome| outcome.word() == plain || outcome.as_str() == plain)
    }

    /// Whether it can answer a package of this kind. Applications, leads and notices are not answered post by post.
    pub const fn answers(self, kind: BatchKind) -> bool {
        match kind {
            BatchKind::Request | BatchKind::Reminder => !matches!(self, Self::Restored),
            BatchKind::Withdrawal => !matches!(self, Self::Removed | Self::Restricted),
            BatchKind::Application | BatchKind::Lead | BatchKind::Notice | BatchKind::Correction => false,
        }
    }

    /// Whether the platform did what was asked.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Removed | Self::Restricted | Self::AlreadyGone | Self::Restored)
    }

    /// Whether an answer of this kind has to say why.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Refused | Self::NeedsInformation)
    }
}

/// An answer about one row. A later one replaces an earlier one; both stay on record.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Answer {
    /// The row.
    pub request_id: RequestId,
    /// What became of it.
    pub outcome: Outcome,
    /// The day that the platform names, `YYYY-MM-DD`.
    pub answered_on: String,
    /// Why, in the platform's words; contacts masked.
    pub reason: String,
    /// The platform's own reference.
    pub reference: String,
    /// Who entered it.
    pub recorded_by: UserId,
    /// When.
    pub recorded_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_sheet_come_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_word(outcome.word()), Some(*outcome));
            assert_eq!(Outcome::from_word(&format!(" {} ", outcome.word().to_uppercase().replace('_', " "))), Some(*outcome));
        }
        assert_eq!(Outcome::from_word("selesai"), None);
    }

    #[test]
    fn every_kind_of_package_has_a_success_and_a_refusal() {
        for kind in BatchKind::ALL.iter().filter(|kind| kind.is_answered()) {
            assert!(Outcome::ALL.iter().any(|outcome| outcome.answers(*kind) && outcome.is_success()));
            assert!(Outcome::Refused.answers(*kind));
        }
        assert!(!Outcome::Restored.answers(BatchKind::Request) && !Outcome::Removed.answers(BatchKind::Withdrawal));
    }
}
