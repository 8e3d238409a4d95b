//! What happened, who did it and to what. Every write carries one event; each event holds the hash of the one before.

use super::clock::Millis;
use super::ids::UserId;

text_enum! {
    /// What happened; each name says it.
    #[expect(missing_docs, reason = "the names are the documentation")]
    Action {
        UserAdded = "user_added",
        PasswordSet = "password_set",
        UserChanged = "user_changed",
        SecondFactorSet = "second_factor_set",
        SessionsEnded = "sessions_ended",
        OidcConnected = "oidc_connected",
        OidcDisconnected = "oidc_disconnected",
        SignInFailed = "sign_in_failed",
        SignedIn = "signed_in",
        SourceChanged = "source_changed",
        PageCrawled = "page_crawled",
        PostsImported = "posts_imported",
        PostFilledIn = "post_filled_in",
        PostsScreened = "posts_screened",
        FlagDecided = "flag_decided",
        DecisionSeconded = "decision_seconded",
        DecisionUndone = "decision_undone",
        FlagReferred = "flag_referred",
        BulkDecided = "bulk_decided",
        BulkUndone = "bulk_undone",
        QueuesChanged = "queues_changed",
        BlindLabelled = "blind_labelled",
        RecallDrawn = "recall_drawn",
        RecallLabelled = "recall_labelled",
        ReferenceSet = "reference_set",
        ApiTokenMade = "api_token_made",
        ApiTokenRevoked = "api_token_revoked",
        WebhookChanged = "webhook_changed",
        AccountMarked = "account_marked",
        AccountMarkEnded = "account_mark_ended",
        RuleChangeStarted = "rule_change_started",
        RuleChangeEdited = "rule_change_edited",
        RuleChangeTried = "rule_change_tried",
        RuleChangeMoved = "rule_change_moved",
        RulesActivated = "rules_activated",
        BatchDrafted = "batch_drafted",
        BatchRendered = "batch_rendered",
        BatchSigned = "batch_signed",
        BatchCancelled = "batch_cancelled",
        DeliveryStarted = "delivery_started",
        DeliveryEnded = "delivery_ended",
        DeliveryUnknown = "delivery_unknown",
        DeliverySettled = "delivery_settled",
        DeliveryPutOff = "delivery_put_off",
        DeliveryPaused = "delivery_paused",
        DeliveryResumed = "delivery_resumed",
        DeliveryBounced = "delivery_bounced",
        PackageEntered = "package_entered",
        ScreenshotAdded = "screenshot_added",
        MailReceived = "mail_received",
        MailFiled = "mail_filed",
        AnswersRecorded = "answers_recorded",
        PostChecked = "post_checked",
        PostsForgotten = "posts_forgotten",
        ClockFired = "clock_fired",
        AppealReceived = "appeal_received",
        AppealAnswered = "appeal_answered",
        AppellantRead = "appellant_read",
        RequestEnded = "request_ended",
        StageRecorded = "stage_recorded",
        ReportPublished = "report_published",
        TipReceived = "tip_received",
        ReporterRead = "reporter_read",
        PartnerChanged = "partner_changed",
        JobFailed = "job_failed",
    }
}

impl Action {
    /// What others are told of: nothing about people and their sessions.
    pub const TOLD: &'static [Self] = &[
        Self::PostsScreened,
        Self::FlagDecided,
        Self::DecisionSeconded,
        Self::DecisionUndone,
        Self::FlagReferred,
        Self::BulkDecided,
        Self::BulkUndone,
        Self::AccountMarked,
        Self::AccountMarkEnded,
        Self::RulesActivated,
        Self::BatchDrafted,
        Self::BatchRendered,
        Self::BatchSigned,
        Self::BatchCancelled,
        Self::DeliveryStarted,
        Self::DeliveryEnded,
        Self::DeliveryUnknown,
        Self::DeliverySettled,
        Self::DeliveryPaused,
        Self::DeliveryResumed,
        Self::DeliveryBounced,
        Self::PackageEntered,
        Self::AnswersRecorded,
        Self::PostChecked,
        Self::ClockFired,
        Self::AppealReceived,
        Self::AppealAnswered,
        Self::RequestEnded,
        Self::StageRecorded,
        Self::TipReceived,
        Self::JobFailed,
    ];
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(UserId),
    /// A scheduled job or a command of the operator.
    System,
}

impl Actor {
    /// `user:7` or `system`.
    pub fn label(self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::System => "system".into(),
        }
    }
}

/// An event, before it gets its place in the chain. `subject` and `detail` name rows and counts only, never a
/// handle, an address or a caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// To what, e.g. `batch:3`.
    pub subject: String,
    /// More, e.g. `rows=12`.
    pub detail: String,
}

impl AuditEvent {
    /// An event about `subject` without further detail.
    pub fn new(actor: Actor, action: Action, subject: impl Into<String>) -> Self {
        Self { actor, action, subject: subject.into(), detail: String::new() }
    }

    /// Adds detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// This event at its place in the chain. `salt` is random, 32 hexadecimal digits or more.
    pub fn row(&self, previous: &str, seq: i64, at: Millis, salt: String) -> AuditRow {
        let mut row = AuditRow {
            seq,
            at,
            actor: self.actor.label(),
            action: self.action,
            subject: self.subject.clone(),
            detail: self.detail.clone(),
            prev_hash: previous.to_owned(),
            salt: Some(salt),
            hash: String::new(),
        };
        row.hash = row.chain_hash();
        row
    }
}

/// A part of an event that an export may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Who.
    Actor,
    /// To what.
    Subject,
    /// More.
    Detail,
}

impl Part {
    /// All, in the order in which they are hashed.
    pub const ALL: [Self; 3] = [Self::Actor, Self::Subject, Self::Detail];

    /// Its name in an export.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Subject => "subject",
            Self::Detail => "detail",
        }
    }

    /// The salt of this part of an event: shown with the part, it tells nothing about the others.
    pub(super) fn salt(self, salt: &str) -> String {
        super::sha256_hex(format!("{salt}\n{}", self.name()).as_bytes())
    }
}

/// What stands for a part in the chain. Without its salt nobody can try out what it might be.
pub(super) fn seal(part_salt: &str, value: &str) -> String {
    super::sha256_hex(format!("{part_salt}\n{value}").as_bytes())
}

/// Hash of an event of before there were salts: over its fields as stored, one a line. `parts`: as in [`Part::ALL`].
pub(super) fn open_hash(prev_hash: &str, seq: i64, at: Millis, action: &str, [actor, subject, detail]: [&str; 3]) -> String {
    super::sha256_hex(format!("{prev_hash}\n{seq}\n{}\n{actor}\n{action}\n{subject}\n{detail}", at.0).as_bytes())
}

/// Hash of an event of which every part is sealed.
pub(super) fn sealed_hash(prev_hash: &str, seq: i64, at: Millis, action: &str, seals: &[String; 3]) -> String {
    super::sha256_hex(format!("2\n{prev_hash}\n{seq}\n{}\n{action}\n{}", at.0, seals.join("\n")).as_bytes())
}

impl AuditRow {
    /// Who, to what, or more.
    pub fn part(&self, part: Part) -> &str {
        match part {
            Part::Actor => &self.actor,
            Part::Subject => &self.subject,
            Part::Detail => &self.detail,
        }
    }

    /// Hash of this event at its place: SHA-256 over the previous hash and the sealed parts; for events of before there
    /// were salts, over the fields as stored, one a line.
    pub fn chain_hash(&self) -> String {
        if let Some(salt) = &self.salt {
            let seals = Part::ALL.map(|part| seal(&part.salt(salt), self.part(part)));
            return sealed_hash(&self.prev_hash, self.seq, self.at, self.action.as_str(), &seals);
        }
        open_hash(&self.prev_hash, self.seq, self.at, self.action.as_str(), Part::ALL.map(|part| self.part(part)))
    }
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Place in the chain, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who, as [`Actor::label`].
    pub actor: String,
    /// What.
    pub action: Action,
    /// To what.
    pub subject: String,
    /// More.
    pub detail: String,
    /// Hash of the event before.
    pub prev_hash: String,
    /// What its parts are sealed with; none on events of before.
    pub salt: Option<String>,
    /// Hash of this event.
    pub hash: String,
}
