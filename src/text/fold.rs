//! Character tables: what is invisible, and which letters of other scripts are used as Latin ones.

/// Characters that take no space: zero-width spaces and joiners, direction marks, soft hyphen, variation selectors,
/// tag characters. Sellers put them inside words; readers never see them.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The Latin letter a character stands for in Indonesian posts, if it is one of the look-alikes in use.
/// Input is lower case and compatibility-decomposed already. Cyrillic and Greek by shape
/// (Unicode confusables, UTS #39), and the boxed letters that NFKD leaves alone.
pub const fn latin_lookalike(c: char) -> Option<char> {
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
