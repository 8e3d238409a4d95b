//! The packs compiled into the binary.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use super::load::PackSource;

/// The pack used when no other is named.
pub const DEFAULT_PACK: &str = "pakaian-bekas-impor";

#[derive(RustEmbed)]
#[folder = "rules/"]
struct Shipped;

/// Ids of the shipped packs, in alphabetical order.
pub fn shipped_packs() -> Vec<String> {
    let mut packs: Vec<String> = Shipped::iter().filter_map(|path| path.strip_suffix("/pack.toml").map(str::to_owned)).collect();
    packs.sort();
    packs
}

/// The texts of the legal registry, in the order of their names.
pub(super) fn legal_files() -> Vec<String> {
    let mut paths: Vec<_> = Shipped::iter().filter(|path| path.starts_with("legal/")).collect();
    paths.sort();
    let text =
        |path: &std::borrow::Cow<'static, str>| Shipped::get(path).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    paths.iter().filter_map(text).collect()
}

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
    fn the_shipped_packs_load_without_a_problem() {
        let packs = shipped_packs();
        assert!(packs.contains(&DEFAULT_PACK.to_owned()) && packs.len() == 3, "{packs:?}");
        let loaded = crate::rules::load(&packs.iter().map(|pack| shipped(pack)).collect::<Vec<_>>());
        let shown: Vec<String> = loaded.diagnostics.iter().map(|d| d.render(false)).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
        let rule_set = loaded.rule_set.unwrap();
        assert_eq!(rule_set.packs.len(), packs.len());
        assert!(rule_set.packs.iter().all(|pack| pack.rules.len() >= 4));
    }

    #[test]
    fn an_unknown_pack_is_empty() {
        assert!(shipped("tidak-ada").files.is_empty());
    }
}
