//! The dated legal bases that packs and letters cite. A letter picks what is in force on its date.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::shipped::legal_files;
use crate::domain::Millis;
use crate::domain::legal::Basis;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    basis: Vec<Basis>,
}

static REGISTRY: LazyLock<Vec<Basis>> = LazyLock::new(|| {
    let read = |text: String| toml::from_str::<Registry>(&text).map(|registry| registry.basis).unwrap_or_default();
    legal_files().into_iter().flat_map(read).collect()
});

/// Every basis of the registry, in the order of its files.
pub fn registry() -> &'static [Basis] {
    &REGISTRY
}

/// True on the days on which `basis` is in force.
pub fn is_in_force(basis: &Basis, day: Date) -> bool {
    let parse = |text: &str| text.parse::<Date>().ok();
    parse(&basis.effective_from).is_some_and(|from| from <= day)
        && basis.effective_to.as_deref().and_then(parse).is_none_or(|to| day <= to)
}

/// The bases with these ids in force on the day of `at` (Jakarta), in the order of the registry.
pub fn in_force(ids: &[String], at: Millis) -> Vec<Basis> {
    let day = at.in_jakarta().date();
    registry().iter().filter(|basis| ids.contains(&basis.id) && is_in_force(basis, day)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::legal::BasisKind;

    fn used_clothing(date: &str) -> Vec<Basis> {
        let loaded = crate::rules::load(&[crate::rules::shipped(crate::rules::DEFAULT_PACK)]);
        let ids = loaded.rule_set.unwrap().packs[0].legal.clone();
        in_force(&ids, Millis::from_timestamp(date.parse::<jiff::Timestamp>().unwrap()))
    }

    #[test]
    fn every_file_of_the_registry_is_read_and_ids_are_unique() {
        let read: usize = legal_files().iter().map(|text| toml::from_str::<Registry>(text).unwrap().basis.len()).sum();
        let ids: std::collections::BTreeSet<&str> = registry().iter().map(|basis| basis.id.as_str()).collect();
        assert_eq!((read, ids.len()), (registry().len(), registry().len()));
        assert!(read >= 5);
    }

    #[test]
    fn the_import_ban_changes_with_the_year() {
        let ids = |date| used_clothing(date).into_iter().map(|basis| basis.id).collect::<Vec<_>>();
        let before = ids("2025-12-31T12:00:00+07:00");
        let after = ids("2026-01-01T00:00:01+07:00");
        assert!(before.contains(&"PM18".to_owned()) && !before.contains(&"PM47".to_owned()), "{before:?}");
        assert!(after.contains(&"PM47".to_owned()) && !after.contains(&"PM18".to_owned()), "{after:?}");
    }

    #[test]
    fn every_day_has_an_import_rule_and_a_content_rule() {
        for date in ["2025-06-01T00:00:00Z", "2026-11-20T00:00:00Z"] {
            let basis = used_clothing(date);
            assert!(basis.iter().any(|b| b.kind == BasisKind::ImportBan));
            assert!(basis.iter().any(|b| b.kind == BasisKind::Content));
        }
    }
}
