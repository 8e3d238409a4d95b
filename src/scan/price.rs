//! Prices in a folded text.

use std::sync::LazyLock;

use regex::Regex;

/// `35k`, `20rb`, `2,8jt`, `Rp35.000`, `35.000`. The number, and what multiplies it.
static PRICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = r"(?:\brp\.? ?(?P<rp>\d{1,3}(?:\.\d{3})+|\d{4,9})\b)|(?:\b(?P<n>\d{1,3}(?:[.,]\d{1,2})?) ?(?P<unit>k|rb|rban|rbuan|ribu|ribuan|rebu|jt|jutaan|juta)\b)|(?:\b(?P<full>\d{1,3}\.000)\b)";
    Regex::new(pattern).ok()
});

/// Every price of a folded text, in rupiah.
pub fn prices(folded: &str) -> Vec<u64> {
    let Some(regex) = &*PRICE else { return Vec::new() };
    regex.captures_iter(folded).filter_map(|found| price(&found)).collect()
}

fn price(found: &regex::Captures<'_>) -> Option<u64> {
    if let Some(full) = found.name("rp").or_else(|| found.name("full")) {
        return full.as_str().replace('.', "").parse().ok();
    }
    let number: f64 = found.name("n")?.as_str().replace(',', ".").parse().ok()?;
    let unit = found.name("unit")?.as_str();
    let factor = if unit.starts_with("jt") || unit.starts_with("juta") { 1e6 } else { 1e3 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "three digits times a million")]
    Some((number * factor).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_people_write_them() {
        let cases: [(&str, &[u64]); 8] = [
            ("35k aja", &[35_000]),
            ("mulai 20rban", &[20_000]),
            ("2,8jt per bal", &[2_800_000]),
            ("rp35.000", &[35_000]),
            ("rp 1500 saja", &[1_500]),
            ("cuma 5.000", &[5_000]),
            ("kode 88, 501, xl2", &[]),
            ("15 ribu dan 20 ribu", &[15_000, 20_000]),
        ];
        for (text, expected) in cases {
            assert_eq!(prices(text), expected, "{text}");
        }
    }
}
