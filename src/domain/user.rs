//! People, and the scripts of the demo that stand in for them.

use super::clock::Millis;
use super::ids::UserId;

text_enum! {
    /// What a person may do. Whoever reviewed a row can never sign its package, whatever the role.
    Role {
        /// Reviews flags and puts packages together.
        Analyst = "analyst",
        /// Reviews too, and signs packages of others.
        Signer = "signer",
        /// Looks after users, deliveries and sources; neither reviews nor signs.
        Admin = "admin",
    }
}

impl Role {
    /// May judge flags and assemble packages.
    pub const fn reviews(self) -> bool {
        matches!(self, Self::Analyst | Self::Signer)
    }

    /// May sign packages.
    pub const fn signs(self) -> bool {
        matches!(self, Self::Signer)
    }

    /// May settle deliveries whose end is unknown.
    pub const fn operates(self) -> bool {
        matches!(self, Self::Admin)
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
    /// When the account was made.
    pub created_at: Millis,
}
