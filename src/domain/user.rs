//! People, and the scripts of the demo that stand in for them.

use super::clock::Millis;
use super::ids::UserId;

text_enum! {
    /// What a person is there for. Whoever reviewed a row can never sign its package, whatever the role.
    Role {
        /// Reads the queue, the figures and the packages; changes nothing.
        Viewer = "viewer",
        /// Judges posts and puts packages together.
        Analyst = "analyst",
        /// Judges posts too, and signs packages of others.
        Approver = "approver",
        /// Judges what is escalated; looks after queues and quality.
        Supervisor = "supervisor",
        /// Changes rules; another person activates them.
        RuleEditor = "rule_editor",
        /// Looks after people, deliveries and sources; neither reviews nor signs.
        Admin = "admin",
        /// Reads everything, the log too; changes nothing.
        Auditor = "auditor",
    }
}

text_enum! {
    /// Something that not everyone may do.
    Capability {
        /// See posts, and with them handles and captions: personal data.
        ReadPosts = "read_posts",
        /// Judge posts and put packages together.
        Review = "review",
        /// Sign packages of others.
        Sign = "sign",
        /// Judge what is escalated, look after queues, samples and reference posts.
        Supervise = "supervise",
        /// Propose changes to rules, and activate those of others.
        EditRules = "edit_rules",
        /// Settle deliveries whose end is unknown, let sources go on, ask who reported.
        Operate = "operate",
        /// Add people, change their roles, end their sessions.
        ManageUsers = "manage_users",
        /// Read the log.
        ReadLog = "read_log",
    }
}

impl Role {
    /// The one table of who may do what.
    pub const fn capabilities(self) -> &'static [Capability] {
        use Capability::{EditRules, ManageUsers, Operate, ReadLog, ReadPosts, Review, Sign, Supervise};
        match self {
            Self::Viewer => &[ReadPosts],
            Self::Analyst => &[ReadPosts, Review],
            Self::Approver => &[ReadPosts, Review, Sign],
            Self::Supervisor => &[ReadPosts, Review, Supervise, EditRules, ReadLog],
            Self::RuleEditor => &[ReadPosts, EditRules],
            Self::Admin => &[ReadPosts, Operate, ManageUsers, ReadLog],
            Self::Auditor => &[ReadPosts, ReadLog],
        }
    }

    /// Whether this role may do it.
    pub fn can(self, capability: Capability) -> bool {
        self.capabilities().contains(&capability)
    }

    /// May judge posts and put packages together.
    pub fn reviews(self) -> bool {
        self.can(Capability::Review)
    }

    /// May sign packages.
    pub fn signs(self) -> bool {
        self.can(Capability::Sign)
    }

    /// May settle deliveries whose end is unknown.
    pub fn operates(self) -> bool {
        self.can(Capability::Operate)
    }

    /// May judge what is escalated, and look after queues and quality.
    pub fn supervises(self) -> bool {
        self.can(Capability::Supervise)
    }

    /// May add people, change roles and end sessions.
    pub fn manages_users(self) -> bool {
        self.can(Capability::ManageUsers)
    }

    /// May read the log.
    pub fn reads_log(self) -> bool {
        self.can(Capability::ReadLog)
    }

    /// May propose and activate changes to rules.
    pub fn edits_rules(self) -> bool {
        self.can(Capability::EditRules)
    }
}

text_enum! {
    /// Language of the pages.
    Language {
        /// Bahasa Indonesia.
        Indonesian = "id",
        /// English.
        English = "en",
    }
}

text_enum! {
    /// Time zone of the pages: the three of Indonesia. Letters and schedules are in WIB.
    Zone {
        /// Western Indonesia, UTC+7.
        Wib = "WIB",
        /// Central Indonesia, UTC+8.
        Wita = "WITA",
        /// Eastern Indonesia, UTC+9.
        Wit = "WIT",
    }
}

impl Zone {
    /// Hours ahead of UTC; Indonesia knows no summer time.
    pub const fn hours(self) -> i8 {
        match self {
            Self::Wib => 7,
            Self::Wita => 8,
            Self::Wit => 9,
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// Row id.
    pub id: UserId,
    /// Sign-in name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// True for the demo's scripted stand-ins, shown as such everywhere.
    pub scripted: bool,
    /// Language of the pages.
    pub language: Language,
    /// Time zone of the pages.
    pub zone: Zone,
    /// When the account was made.
    pub created_at: Millis,
    /// When it was switched off; none while it is in use.
    pub disabled_at: Option<Millis>,
}
