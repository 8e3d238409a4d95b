//! Other spellings of a word: what Indonesian adds to it, and what a hand does to it.

use super::index::How;

/// Shortest form that is also found with its words glued, bytes. Shorter ones are inside other words.
pub const SHORTEST_GLUED: usize = 6;
/// Shortest word that takes every affix. Three letters take `-nya` only (`balnya`): `balan`, `bali` are other words.
const SHORTEST_AFFIXED: usize = 4;
/// Shortest word in which a slip is looked for: shorter ones are one slip from too many words.
const SHORTEST_SLIPPED: usize = 6;

/// Enclitics and the suffixes that sellers put on foreign nouns.
const SUFFIXES: [&str; 10] = ["nya", "an", "annya", "ku", "mu", "in", "lah", "kah", "pun", "ers"];
/// Colloquial verbs: nge-thrift, nga-.
const PREFIXES: [&str; 2] = ["nge", "nga"];

/// A spelling and how it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The text.
    pub text: String,
    /// The difference.
    pub how: How,
}

/// Spellings of one ASCII word, itself not among them. May hold one twice.
pub fn derived(word: &str, affixes: bool, slips: bool) -> Vec<Spelling> {
    let mut out = Vec::new();
    let letters = word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !letters || word.len() < 3 {
        return out;
    }
    if affixes {
        out.extend(affixed(word).into_iter().map(|text| Spelling { text, how: How::Affix }));
    }
    let single: Vec<u8> =
        word.bytes().collect::<Vec<_>>().chunk_by(|a, b| a == b).filter_map(|run| run.first().copied()).collect();
    if single.len() < word.len() && single.len() >= 3 {
        out.push(Spelling { text: String::from_utf8_lossy(&single).into_owned(), how: How::Doubled });
    }
    if slips && word.len() >= SHORTEST_SLIPPED {
        out.extend(slipped(word.as_bytes()).into_iter().map(|text| Spelling { text, how: How::Slip }));
    }
    out
}

fn affixed(word: &str) -> Vec<String> {
    if word.len() < SHORTEST_AFFIXED {
        return vec![format!("{word}nya")];
    }
    let mut out: Vec<String> = SUFFIXES.iter().map(|suffix| format!("{word}{suffix}")).collect();
    for prefix in PREFIXES {
        out.push(format!("{prefix}{word}"));
        out.extend(["in", "an"].map(|suffix| format!("{prefix}{word}{suffix}")));
    }
    // cakar → nyakar, sikat → nyikat, awul → ngawul.
    match word.split_at(1) {
        ("c" | "s", rest) => out.push(format!("ny{rest}")),
        ("a" | "i" | "u" | "e" | "o", _) => out.push(format!("ng{word}")),
        _ => {}
    }
    out
}

/// One letter left out, doubled, or swapped with the next; one vowel for another. The first letter stays: it is seldom
/// missed, and without it the word is another one too often.
fn slipped(word: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    let mut push = |bytes: Vec<u8>| out.push(String::from_utf8_lossy(&bytes).into_owned());
    for at in 1..word.len() {
        let (head, tail) = word.split_at(at);
        let Some((letter, rest)) = tail.split_first() else { continue };
        push([head, rest].concat());
        push([head, &[*letter], tail].concat());
        if let Some((next, rest)) = rest.split_first()
            && next != letter
        {
            push([head, &[*next, *letter], rest].concat());
        }
        if is_vowel(*letter) {
            for vowel in b"aiueo".iter().filter(|vowel| *vowel != letter) {
                push([head, &[*vowel], rest].concat());
            }
        }
    }
    out
}

const fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'i' | b'u' | b'e' | b'o')
}

/// A word with its digits and signs read as letters, and letters that look alike made one (`l` is `i`), so that `b4l`,
/// `ba1` and `bal` have one skeleton.
pub fn skeleton(word: &[u8]) -> Vec<u8> {
    word.iter().map(|byte| skeleton_letter(*byte)).collect()
}

/// One letter of a skeleton.
pub const fn skeleton_letter(byte: u8) -> u8 {
    match byte {
        b'0' => b'o',
        b'1' | b'!' | b'|' | b'l' => b'i',
        b'2' => b'z',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' | b'9' => b'g',
        b'7' | b'+' => b't',
        b'8' => b'b',
        other => other,
    }
}

/// True for prices, amounts, sizes and times: letters and digits that are no disguise (`35k`, `3pcs`, `1x24`, `xl2`).
pub fn is_quantity(token: &[u8]) -> bool {
    let is_digit = |byte: &&u8| byte.is_ascii_digit();
    let digits = token.iter().take_while(is_digit).count();
    let number_behind = token.iter().rev().take_while(is_digit).count();
    // `1x24`, `3pcs100`: a unit, perhaps with another number behind. `xl2`: a mark and a number.
    let word = token.get(digits..token.len().saturating_sub(number_behind)).unwrap_or_default();
    match (digits, number_behind) {
        (0, 0) => false,
        (0, _) => is_mark(word),
        (_, _) => is_unit(word),
    }
}

fn is_unit(word: &[u8]) -> bool {
    matches!(
        word,
        b"k" | b"rb"
            | b"rbu"
            | b"rban"
            | b"rbuan"
            | b"ribu"
            | b"ribuan"
            | b"rebu"
            | b"jt"
            | b"jtan"
            | b"juta"
            | b"jutaan"
            | b"pcs"
            | b"pc"
            | b"pcsan"
            | b"ps"
            | b"kg"
            | b"gr"
            | b"g"
            | b"ons"
            | b"ton"
            | b"cm"
            | b"mm"
            | b"m"
            | b"l"
            | b"ml"
            | b"x"
            | b"s"
            | b"xl"
            | b"xxl"
            | b"th"
            | b"thn"
            | b"jam"
            | b"am"
            | b"pm"
            | b"hr"
            | b"hari"
            | b"an"
    )
}

fn is_mark(word: &[u8]) -> bool {
    matches!(
        word,
        b"rp" | b"idr" | b"xl" | b"xxl" | b"l" | b"m" | b"s" | b"size" | b"sz" | b"uk" | b"no" | b"ld" | b"pb" | b"kode"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(word: &str, text: &str) -> bool {
        derived(word, true, true).iter().any(|spelling| spelling.text == text)
    }

    #[test]
    fn affixes_of_the_trade_are_derived() {
        for (word, text) in
            [("thrift", "ngethrift"), ("cakar", "nyakar"), ("awul", "ngawul"), ("bal", "balnya"), ("jaket", "jaketnya")]
        {
            assert!(has(word, text), "{word} {text}");
        }
        assert!(!has("bal", "balan") && !has("bal", "ngebal"), "three letters are too few");
    }

    #[test]
    fn a_slip_keeps_the_first_letter_and_short_words_have_none() {
        for text in ["trhift", "thrft", "thrif", "thriift", "thruft", "trift"] {
            assert!(has("thrift", text), "{text}");
        }
        assert!(!has("gudang", "udang"));
        assert!(!has("bekas", "beks"));
    }

    #[test]
    fn quantities_are_no_disguise() {
        for quantity in ["35k", "20rban", "3pcs", "1x24", "xl2", "2xl", "rp35", "3pcs100", "kode88", "100kg", "size38"] {
            assert!(is_quantity(quantity.as_bytes()), "{quantity}");
        }
        for word in ["thr1ft", "b4l", "imp0rt", "s3ken", "1mpor", "bal2an", "8al"] {
            assert!(!is_quantity(word.as_bytes()), "{word}");
        }
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        for (disguised, plain) in [("b4l", "bal"), ("ba1", "bal"), ("thr!ft", "thrift"), ("$3k3n", "seken"), ("imp0rt", "import")]
        {
            assert_eq!(skeleton(disguised.as_bytes()), skeleton(plain.as_bytes()));
        }
    }
}
