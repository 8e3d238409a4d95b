//! The dated legal bases that letters cite. A letter picks what is in force on its date.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::Millis;

const REGISTRY: &str = include_str!("../../rules/legal/pakaian-bekas-impor.toml");

/// What a basis says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// The goods may not be imported.
    ImportBan,
    /// Duties of platforms and advertisers.
    Content,
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
    /// First day in force.
    pub effective_from: String,
    /// Last day in force, if it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_to: Option<String>,
    /// Where the text was checked.
    pub source: String,
}

#[derive(Deserialize)]
struct Registry {
    basis: Vec<Basis>,
}

/// The bases in force on the day of `at` (Jakarta), in the order of the registry.
pub fn in_force(at: Millis) -> Vec<Basis> {
    let day = at.in_jakarta().date();
    let registry: Registry = toml::from_str(REGISTRY).unwrap_or(Registry { basis: Vec::new() });
    let parse = |text: &str| text.parse::<Date>().ok();
    registry
        .basis
        .into_iter()
        .filter(|b| parse(&b.effective_from).is_some_and(|from| from <= day))
        .filter(|b| b.effective_to.as_deref().and_then(parse).is_none_or(|to| day <= to))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(date: &str) -> Vec<String> {
        let at = date.parse::<jiff::Timestamp>().unwrap();
        in_force(Millis::from_timestamp(at)).into_iter().map(|b| b.id).collect()
    }

    #[test]
    fn the_import_ban_changes_with_the_year() {
        let before = ids("2025-12-31T12:00:00+07:00");
        let after = ids("2026-01-01T00:00:01+07:00");
        assert!(before.contains(&"PM18".to_owned()) && !before.contains(&"PM47".to_owned()), "{before:?}");
        assert!(after.contains(&"PM47".to_owned()) && !after.contains(&"PM18".to_owned()), "{after:?}");
    }

    #[test]
    fn every_day_has_an_import_rule_and_a_content_rule() {
        for date in ["2025-06-01T00:00:00Z", "2026-11-20T00:00:00Z"] {
            let basis = in_force(Millis::from_timestamp(date.parse().unwrap()));
            assert!(basis.iter().any(|b| b.kind == BasisKind::ImportBan));
            assert!(basis.iter().any(|b| b.kind == BasisKind::Content));
        }
    }
}
