//! What one character outside ASCII becomes. Computed from Unicode's own tables once a page of 256, then looked up.

use std::sync::{LazyLock, OnceLock};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folding {
    /// Nothing: it cannot be seen, or marks the character before it.
    Drop,
    /// One ASCII character, lower case.
    Ascii(u8),
    /// Several characters, or letters of another script.
    Text(Box<str>),
    /// A symbol: a word of its own, which does not part its neighbours.
    Symbol,
    /// Half of a flag: two of them in a row are one symbol.
    RegionalIndicator,
}

const PAGE: usize = 256;
type Page = Box<[Folding]>;

static PAGES: LazyLock<Vec<OnceLock<Page>>> = LazyLock::new(|| (0..=0x10_FFFF / PAGE).map(|_| OnceLock::new()).collect());

/// Folds one character that is not ASCII.
pub fn fold(c: char) -> &'static Folding {
    let number = c as usize;
    let page = PAGES.get(number / PAGE).map(|page| page.get_or_init(|| compute_page(number / PAGE)));
    page.and_then(|page| page.get(number % PAGE)).unwrap_or(&Folding::Drop)
}

fn compute_page(page: usize) -> Page {
    let chars = (page * PAGE..(page + 1) * PAGE).map(|number| u32::try_from(number).ok().and_then(char::from_u32));
    chars.map(|c| c.map_or(Folding::Drop, compute)).collect()
}

fn compute(c: char) -> Folding {
    if is_invisible(c) || is_combining_mark(c) {
        return Folding::Drop;
    }
    if ('\u{1F1E6}'..='\u{1F1FF}').contains(&c) {
        return Folding::RegionalIndicator;
    }
    let mut text = String::new();
    for decomposed in std::iter::once(c).nfkd().filter(|d| !is_combining_mark(*d) && !is_invisible(*d)) {
        for lower in decomposed.to_lowercase().filter(|l| !is_combining_mark(*l)) {
            let folded = latin_lookalike(lower).unwrap_or(lower);
            text.push(if folded.is_whitespace() { ' ' } else { folded });
        }
    }
    match text.as_bytes() {
        [] => Folding::Drop,
        [one] if one.is_ascii() => Folding::Ascii(*one),
        _ if text.is_ascii() => Folding::Text(text.into_boxed_str()),
        // ¼ is 1⁄4: what is no letter in it parts words.
        _ if text.chars().any(char::is_alphanumeric) => {
            let plain = |c: char| if c.is_ascii() || c.is_alphanumeric() { c } else { ' ' };
            Folding::Text(text.chars().map(plain).collect())
        }
        _ => Folding::Symbol,
    }
}

/// Characters that take no space: zero-width spaces and joiners, direction marks, soft hyphen, variation selectors,
/// tag characters, skin tones. Sellers put them inside words; readers never see them.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The Latin letter a character stands for in Indonesian posts, if it is one of the look-alikes in use.
/// Input is lower case and compatibility-decomposed already. Cyrillic and Greek by shape
/// (Unicode confusables, UTS #39), and the boxed letters that NFKD leaves alone.
const fn latin_lookalike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'ь' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' | 'đ' => 'd',
        'е' | 'ё' | 'ε' => 'e',
        'ԍ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ї' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' | 'ł' => 'l',
        'м' => 'm',
        'п' | 'η' => 'n',
        'о' | 'ο' | 'σ' | 'ø' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        _ => return boxed_letter(c),
    })
}

/// 🅐 🅰 and their rows: white letters on a dark circle or square.
const fn boxed_letter(c: char) -> Option<char> {
    let offset = match c {
        '\u{1F150}'..='\u{1F169}' => c as u32 - 0x1F150,
        '\u{1F170}'..='\u{1F189}' => c as u32 - 0x1F170,
        _ => return None,
    };
    char::from_digit(offset + 10, 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxed_letters_become_latin() {
        assert_eq!(latin_lookalike('🅱'), Some('b'));
        assert_eq!(latin_lookalike('🆉'), Some('z'));
        assert_eq!(latin_lookalike('🅐'), Some('a'));
        assert_eq!(latin_lookalike('b'), None);
    }
}
