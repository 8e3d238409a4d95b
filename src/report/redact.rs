//! Masks what identifies a person in quotes: the letter needs the offer, not the telephone number.

use std::sync::LazyLock;

use regex::Regex;

static CONTACT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?xi)
        (?:https?://)?(?:wa\.me|api\.whatsapp\.com|chat\.whatsapp\.com|t\.me|linktr\.ee|line\.me)/\S+  # messenger links
        | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                                                # mail addresses
        | (?:\+?\d[\s().-]?){9,}\d                                                                    # telephone and identity numbers
    ").ok()
});

/// What stands in place of a contact.
const MASK: &str = "[kontak disamarkan]";

/// At most `limit` characters of `text` on one line, with contacts masked. Cut with `…`.
pub fn redact(text: &str, limit: usize) -> String {
    let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let masked = match CONTACT.as_ref() {
        Some(contact) => contact.replace_all(&one_line, MASK).into_owned(),
        // Never print a quote that could not be masked.
        None => String::new(),
    };
    if masked.chars().count() <= limit {
        return masked;
    }
    masked.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_masked_and_prices_stay() {
        let cases = [
            ("chat wa.me/6280000000102 ya", "chat [kontak disamarkan] ya"),
            ("WA 0800-0000-0105, 35k", "WA [kontak disamarkan], 35k"),
            ("+62 800 0000 0105 toko@contoh.id", "[kontak disamarkan] [kontak disamarkan]"),
            ("2 potong Rp75.000, 100pcs", "2 potong Rp75.000, 100pcs"),
        ];
        for (text, masked) in cases {
            assert_eq!(redact(text, 200), masked);
        }
    }

    #[test]
    fn long_texts_are_cut_on_characters() {
        assert_eq!(redact("é🔥abc", 3), "é🔥…");
        assert_eq!(redact("a\nb", 10), "a b");
    }
}
