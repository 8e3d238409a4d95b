//! Legal bases: plain data. The dated registry is read by `rules`.

use serde::{Deserialize, Serialize};

/// What a basis says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// The goods may not be imported.
    ImportBan,
    /// The goods may be imported under conditions.
    ImportControl,
    /// Duties of platforms and advertisers.
    Content,
    /// What has to stand on the goods.
    Labelling,
    /// Fair competition.
    Competition,
}

/// One legal basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Registry id.
    pub id: String,
    /// What it says.
    pub kind: BasisKind,
    /// The citation as printed.
    pub cite: String,
    /// The citation in English, for the translation of a letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cite_en: Option<String>,
    /// First day in force.
    pub effective_from: String,
    /// Last day in force, if it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<String>,
    /// Where the text was checked.
    pub source: String,
}
