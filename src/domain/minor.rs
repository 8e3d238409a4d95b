//! Signs that a post is by a child: such a post never enters a request (UU 27/2022 Pasal 25: data of children needs the
//! parents; TikTok, Meta and Google want accounts of minors reported another way). Held posts are listed for a person.

use std::sync::LazyLock;

use regex::RegexSet;

/// Somebody speaks of their own age or school. Ages and sizes of clothes (`anak usia 2-5 tahun`) are no sign.
static SIGNS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)\b(?:masih\s+(?:kelas\s*(?:\d{1,2}|[ivx]{1,4})|sd|smp|mts|sma|smk|pelajar|sekolah)|baru\s+kelas\s*(?:\d{1,2}|[ivx]{1,4}))\b",
        r"(?i)\b(?:aku|saya|gue|gw|gua)\s+(?:anak\s+|siswa\s+|murid\s+)?(?:kelas\s*(?:\d{1,2}|[ivx]{1,4})|sd|smp|mts|sma|smk|pelajar)\b",
        r"(?i)\bi(?:'m| am)\s+(?:still\s+)?in (?:middle|high) school\b",
        r"(?i)\b(?:umur|usia)(?:ku|\s+(?:aku|saya|gue|gw|gua))\s*(?:baru\s*|masih\s*)?(?:\d|1[0-7])\b",
        r"(?i)\b(?:aku|saya|gue|gw|gua)\s+(?:masih\s+|baru\s+)?(?:umur|usia)\s*(?:9|1[0-7])\b",
        r"(?i)\b(?:aku|saya|gue|gw|gua)\s+(?:masih\s+|baru\s+)?(?:9|1[0-7])\s*(?:th|thn|tahun|taun)\b(?:$|[^a-z]*(?:$|buka|po\b|dan\b|tapi\b|,|\.))",
        r"(?i)\b(?:anak|pelajar|siswa|siswi|murid)\s+(?:sd|smp|mts|sma|smk)\s+(?:yang\s+)?(?:jualan|jual|buka|belajar jualan)\b",
        r"(?i)\b(?:i'?m|i am|my age is)\s+(?:9|1[0-7])\s*(?:$|[,.!]|and\b|yo\b|y/o|years?\s+old)",
    ])
    .ok()
});

/// Whether a text shows such a sign.
pub fn shows_a_minor(text: &str) -> bool {
    SIGNS.as_ref().is_none_or(|signs| signs.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_of_people_are_told_from_ages_of_clothes() {
        assert!(SIGNS.is_some());
        for minor in [
            "Aku masih SMP jual bal thrift ya kak",
            "saya baru kelas 9 tapi udah jualan, bal impor ready",
            "umurku 15 jualan thrift impor",
            "gw 16 thn buka PO bal",
            "anak SMA jualan thrift Korea",
            "hi i'm 15 and I sell thrift bales",
            "aku umur 15, bal ready",
            "aku kelas 9, jual bal",
            "Aku anak SMP, ready bal",
            "masih SMP kak, jual bal",
            "aku 15 taun, jual thrift",
        ] {
            assert!(shows_a_minor(minor), "{minor}");
        }
        for adult in [
            "Bal anak usia 2-5 tahun impor Korea",
            "baju anak umur 10 tahun, 25k",
            "Seragam SMP bekas, 20k",
            "sudah 15 tahun jualan bal impor",
            "toko kami berdiri 12 tahun, bal segel ready",
            "size 15-16, jaket sekolah",
            "saya jual bal 17 juta",
            "saya 15 tahun jualan bal impor",
            "Saya 10 tahun main bal",
            "aku jual seragam baru SMP impor",
            "saya jual jaket baru, SMA",
            "I'm 10 minutes away, bales ready",
        ] {
            assert!(!shows_a_minor(adult), "{adult}");
        }
    }
}
