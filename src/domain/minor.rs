//! Signs that a post is by a child: such a post never enters a request (UU 27/2022 Pasal 25: data of children needs the
//! parents; TikTok, Meta and Google want accounts of minors reported another way). Held posts are listed for a person.

use std::sync::LazyLock;

use regex::RegexSet;

/// Somebody speaks of their own age or school. Ages and sizes of clothes (`anak usia 2-5 tahun`) are no sign.
static SIGNS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)\b(?:aku|saya|gue|gw|gua|i'?m|i am)\b[^.!?\n]{0,20}\b(?:masih|baru|still)\b[^.!?\n]{0,15}\b(?:sd|smp|mts|sma|smk|ma|pelajar|sekolah|kelas\s*(?:\d{1,2}|[ivx]{1,4})|in (?:middle|high) school)\b",
        r"(?i)\b(?:umur|usia)(?:ku|\s+(?:aku|saya|gue|gw|gua))\s*(?:baru\s*|masih\s*)?(?:\d|1[0-7])\b",
        r"(?i)\b(?:aku|saya|gue|gw|gua)\s+(?:masih\s+|baru\s+)?(?:umur\s+|usia\s+)?(?:9|1[0-7])\s*(?:th|thn|tahun)\b",
        r"(?i)\b(?:anak|pelajar|siswa|siswi|murid)\s+(?:sd|smp|mts|sma|smk)\s+(?:yang\s+)?(?:jualan|jual|buka|belajar jualan)\b",
        r"(?i)\b(?:i'?m|i am|my age is)\s+(?:9|1[0-7])\b",
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
        ] {
            assert!(!shows_a_minor(adult), "{adult}");
        }
    }
}
