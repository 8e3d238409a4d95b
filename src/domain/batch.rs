//! Packages for one platform, and the proof that a second person signed their exact bytes.

use super::clock::Millis;
use super::decision::FollowUp;
use super::ids::{BatchId, DecisionId, FlagId, RequestId, UserId};
use super::platform::Platform;

text_enum! {
    /// What a package asks for.
    BatchKind {
        /// Review and take down the listed posts.
        Request = "request",
        /// An earlier request was wrong: restore the listed posts.
        Withdrawal = "withdrawal",
        /// A request was not answered: say how it stands. At most two, then a person decides what follows.
        Reminder = "reminder",
        /// A platform refused or stayed silent: the ministry of communication is asked to judge (Permenkominfo 5/2020,
        /// articles 16 and 17).
        Application = "application",
        /// Signs of where goods came in, for the customs office: a hint, not verified.
        Lead = "lead",
        /// To sellers: what the rule is, and who helps. A person sends it.
        Notice = "notice",
        /// An application, a lead or a notice was wrong.
        Correction = "correction",
    }
}

text_enum! {
    /// An office that gets letters and is no platform.
    Office {
        /// The ministry of communication: applications.
        Komdigi = "komdigi",
        /// Customs: leads.
        Customs = "customs",
    }
}

impl BatchKind {
    /// The first letters of its references.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Request => "TR",
            Self::Withdrawal => "TW",
            Self::Reminder => "TP",
            Self::Application => "TA",
            Self::Lead => "TL",
            Self::Notice => "TE",
            Self::Correction => "TK",
        }
    }

    /// Whether it asks or reminds a platform, which answers on the sheet of Annex V.
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::Request | Self::Withdrawal | Self::Reminder)
    }

    /// Whether it says that something said before was wrong.
    pub const fn takes_back(self) -> bool {
        matches!(self, Self::Withdrawal | Self::Correction)
    }

    /// The decisions that it is made of; none for letters about an earlier one.
    pub const fn follows(self) -> Option<FollowUp> {
        match self {
            Self::Request => Some(FollowUp::Request),
            Self::Lead => Some(FollowUp::CustomsLead),
            Self::Notice => Some(FollowUp::Education),
            Self::Withdrawal | Self::Reminder | Self::Application | Self::Correction => None,
        }
    }
}

text_enum! {
    /// Where a package stands.
    BatchState {
        /// Rows are being collected; nothing is rendered.
        Draft = "draft",
        /// Rendered to bytes with a hash; waits for a signature. Its rows can no longer change.
        Rendered = "rendered",
        /// Signed by a second person; waits in the outbox.
        Signed = "signed",
        /// Handed over to the recipient's mail server.
        Sent = "sent",
        /// Given up before sending; its rows are free again.
        Cancelled = "cancelled",
    }
}

impl BatchState {
    /// The states that may follow. The schema refuses every other step too.
    pub const fn next(self) -> &'static [BatchState] {
        match self {
            Self::Draft => &[Self::Rendered, Self::Cancelled],
            Self::Rendered => &[Self::Signed, Self::Cancelled],
            Self::Signed => &[Self::Sent, Self::Cancelled],
            Self::Sent | Self::Cancelled => &[],
        }
    }
}

/// A package for one platform.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Batch {
    /// Row id.
    pub id: BatchId,
    /// Reference used in letters, file names and the subject: `TR-2026-000001`; see [`BatchKind::prefix`].
    pub code: String,
    /// What it asks for.
    pub kind: BatchKind,
    /// Addressee.
    pub platform: Platform,
    /// Where it stands.
    pub state: BatchState,
    /// SHA-256 of the complete message that will leave, once rendered.
    pub package_sha256: Option<String>,
    /// Address the message goes to, once rendered.
    pub recipient: Option<String>,
    /// Message-ID of the message, once rendered. Fixed: a repeat is recognisable as one.
    pub message_id: Option<String>,
    /// Who put it together.
    pub created_by: UserId,
    /// When.
    pub created_at: Millis,
    /// When it was rendered; also the `Date` of the message.
    pub rendered_at: Option<Millis>,
    /// The package that a reminder, an application or a correction is about.
    pub about_id: Option<BatchId>,
}

/// One row of a package.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Request {
    /// The request that an answer would be about; none in leads, notices and corrections.
    pub request_id: Option<RequestId>,
    /// The row that a correction takes back.
    pub corrects_id: Option<i64>,
    /// How many times it was said with this letter: 2 in a second reminder.
    pub time_no: i32,
    /// The package.
    pub batch_id: BatchId,
    /// Position, from 1.
    pub item_no: i32,
    /// The flag it is about.
    pub flag_id: FlagId,
    /// The decision it rests on.
    pub decision_id: DecisionId,
    /// Who made that decision.
    pub reviewer_id: UserId,
    /// Who signed the package, once signed.
    pub signer_id: Option<UserId>,
}

/// A second person's signature on a package.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Signature {
    /// The package.
    pub batch_id: BatchId,
    /// Who signed.
    pub signer_id: UserId,
    /// SHA-256 of the bytes that were signed.
    pub package_sha256: String,
    /// When.
    pub signed_at: Millis,
}

/// Why a package may not leave, or may not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// The package is not in the state for it.
    #[error("batch {code} is `{state}`, not `{needed}`")]
    State {
        /// Reference of the package.
        code: String,
        /// Where it stands.
        state: BatchState,
        /// Where it should stand.
        needed: BatchState,
    },
    /// The package has no rows.
    #[error("batch {0} has no rows")]
    Empty(String),
    /// The signer reviewed one of the rows.
    #[error("batch {code}: the signer reviewed row {item_no}; someone else has to sign")]
    SignerReviewed {
        /// Reference of the package.
        code: String,
        /// First such row.
        item_no: i32,
    },
    /// The signer wrote a letter that follows another.
    #[error("batch {0}: the signer wrote this letter; someone else has to sign")]
    SignerWrote(String),
    /// The bytes differ from those that were shown or signed.
    #[error("batch {code}: the bytes are not the signed ones (expected {expected}, found {found})")]
    OtherBytes {
        /// Reference of the package.
        code: String,
        /// Hash that was signed.
        expected: String,
        /// Hash of the bytes at hand.
        found: String,
    },
}

/// Refuses a signature by a person who reviewed a row or wrote a letter that follows another, or on an empty package.
pub fn may_sign(batch: &Batch, rows: &[Request], signer: UserId) -> Result<(), NotSigned> {
    if batch.state != BatchState::Rendered {
        return Err(NotSigned::State { code: batch.code.clone(), state: batch.state, needed: BatchState::Rendered });
    }
    independent(batch, rows, signer)
}

fn independent(batch: &Batch, rows: &[Request], signer: UserId) -> Result<(), NotSigned> {
    if rows.is_empty() {
        return Err(NotSigned::Empty(batch.code.clone()));
    }
    // The decisions may be old: whoever chose to follow them up is the first of the two.
    if batch.about_id.is_some() && batch.created_by == signer {
        return Err(NotSigned::SignerWrote(batch.code.clone()));
    }
    match rows.iter().find(|row| row.reviewer_id == signer) {
        Some(row) => Err(NotSigned::SignerReviewed { code: batch.code.clone(), item_no: row.item_no }),
        None => Ok(()),
    }
}

/// Proof that these exact bytes were signed by a person who reviewed none of the rows.
/// The only value the mail transport accepts. It cannot be made by hand:
///
/// ```compile_fail,E0451
/// use sisir::domain::batch::SignedBatch;
/// let forged = SignedBatch { code: "TR".into(), recipient: "a@b.id".into(), message: Vec::new() };
/// ```
#[derive(Debug, Clone)]
pub struct SignedBatch {
    code: String,
    recipient: String,
    message: Vec<u8>,
}

impl SignedBatch {
    /// The one maker: hashes `message` again and compares it with the signature and the package.
    pub fn verify(batch: &Batch, rows: &[Request], signature: &Signature, message: Vec<u8>) -> Result<Self, NotSigned> {
        let code = batch.code.clone();
        if batch.state != BatchState::Signed && batch.state != BatchState::Sent {
            return Err(NotSigned::State { code, state: batch.state, needed: BatchState::Signed });
        }
        independent(batch, rows, signature.signer_id)?;
        let found = super::sha256_hex(&message);
        let same = signature.batch_id == batch.id
            && batch.package_sha256.as_deref() == Some(signature.package_sha256.as_str())
            && signature.package_sha256 == found;
        match (&batch.recipient, same) {
            (Some(recipient), true) => Ok(Self { code, recipient: recipient.clone(), message }),
            _ => Err(NotSigned::OtherBytes { code, expected: signature.package_sha256.clone(), found }),
        }
    }

    /// Reference of the package.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Address it goes to.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The complete message, byte for byte as signed.
    pub fn message(&self) -> &[u8] {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(state: BatchState, hash: &str) -> Batch {
        Batch {
            id: BatchId(1),
            code: "TR-2026-000001".into(),
            kind: BatchKind::Request,
            platform: Platform::Tiktok,
            state,
            package_sha256: Some(hash.into()),
            recipient: Some("platform@contoh.id".into()),
            message_id: None,
            created_by: UserId(1),
            created_at: Millis(0),
            rendered_at: None,
            about_id: None,
        }
    }

    fn row(item_no: i32, reviewer: i64) -> Request {
        Request {
            request_id: Some(RequestId(i64::from(item_no))),
            corrects_id: None,
            time_no: 1,
            batch_id: BatchId(1),
            item_no,
            flag_id: FlagId(1),
            decision_id: DecisionId(1),
            reviewer_id: UserId(reviewer),
            signer_id: None,
        }
    }

    fn signature(signer: i64, hash: &str) -> Signature {
        Signature { batch_id: BatchId(1), signer_id: UserId(signer), package_sha256: hash.into(), signed_at: Millis(0) }
    }

    proptest! {
        /// No mix of reviewers, signer, state and bytes yields a proof unless every condition holds.
        #[test]
        fn a_proof_needs_every_condition(
            reviewers in prop::collection::vec(1_i64..5, 0..4),
            signer in 1_i64..5,
            state in prop::sample::select(BatchState::ALL),
            tamper in any::<bool>(),
            other_signed in any::<bool>(),
            follows in any::<bool>(),
        ) {
            let message = b"message".to_vec();
            let hash = crate::domain::sha256_hex(&message);
            let rows: Vec<Request> = (1..).zip(&reviewers).map(|(no, r)| row(no, *r)).collect();
            let signed = if other_signed { "0".repeat(64) } else { hash.clone() };
            let bytes = if tamper { b"messagE".to_vec() } else { message };
            let package = Batch { about_id: follows.then_some(BatchId(7)), ..batch(state, &hash) };
            let proof = SignedBatch::verify(&package, &rows, &signature(signer, &signed), bytes);
            let allowed = matches!(state, BatchState::Signed | BatchState::Sent)
                && !reviewers.is_empty() && !reviewers.contains(&signer) && !tamper && !other_signed
                // Person 1 wrote it.
                && (!follows || signer != 1);
            prop_assert_eq!(proof.is_ok(), allowed);
        }
    }

    #[test]
    fn states_only_move_forward() {
        for state in BatchState::ALL {
            assert!(!state.next().contains(state));
            assert!(!state.next().contains(&BatchState::Draft));
        }
        assert!(BatchState::Sent.next().is_empty());
    }
}
