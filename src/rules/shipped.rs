//! The packs compiled into the binary.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use super::load::PackSource;

/// The pack used when no other is named.
pub const DEFAULT_PACK: &str = "pakaian-bekas-impor";

#[derive(RustEmbed)]
#[folder = "rules/"]
struct Shipped;

/// The files of a shipped pack; empty when there is none of that name.
pub fn shipped(pack: &str) -> PackSource {
    let mut files = BTreeMap::new();
    for path in Shipped::iter() {
        let inside = path.strip_prefix(pack).and_then(|rest| rest.strip_prefix('/'));
        if let (Some(inside), Some(file)) = (inside, Shipped::get(&path)) {
            files.insert(inside.to_owned(), String::from_utf8_lossy(&file.data).into_owned());
        }
    }
    PackSource { origin: format!("rules/{pack}"), files }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_pack_loads_without_a_problem_and_its_examples_hold() {
        let loaded = crate::rules::load(&shipped(DEFAULT_PACK));
        let shown: Vec<String> = loaded.diagnostics.iter().map(|d| d.render(false)).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
        let rule_set = loaded.rule_set.unwrap();
        assert_eq!(rule_set.rules.len(), 6);
        assert!(rule_set.terms.len() > 40);
    }

    #[test]
    fn an_unknown_pack_is_empty() {
        assert!(shipped("tidak-ada").files.is_empty());
    }
}
