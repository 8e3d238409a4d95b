//! Classes of 64 bytes at once, as bit masks: bit `i` is about byte `i`.

use wide::u8x64;

/// Bytes looked at together.
pub const BLOCK: usize = 64;

/// What the bytes of a block are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Classes {
    /// Letters, digits and bytes of characters outside ASCII.
    pub word: u64,
    /// ASCII spaces.
    pub space: u64,
    /// ASCII digits.
    pub digit: u64,
    /// `#` and `*`.
    pub mark: u64,
    /// Bytes of characters outside ASCII.
    pub high: u64,
    /// Bytes of words equal to the byte behind.
    pub double: u64,
}

/// Makes letters small and control characters spaces.
#[inline]
pub fn make_lower(block: &mut [u8; BLOCK]) {
    block.iter_mut().for_each(|byte| *byte = byte.to_ascii_lowercase().max(b' '));
}

/// Classifies the bytes of a block in lower case; `behind` is the same block moved one byte to the right.
#[inline]
pub fn classify(block: &[u8; BLOCK], behind: &[u8; BLOCK]) -> Classes {
    let bytes = u8x64::new(*block);
    let digit = is_within(bytes, b'0', 9);
    // The mask takes the highest bit of each byte, which characters outside ASCII have set.
    let high = bytes.to_bitmask();
    let word = (is_within(bytes, b'a', 25) | digit | bytes).to_bitmask();
    let space = bytes.simd_eq(u8x64::splat(b' ')).to_bitmask();
    let mark = (bytes.simd_eq(u8x64::splat(b'#')) | bytes.simd_eq(u8x64::splat(b'*'))).to_bitmask();
    let double = bytes.simd_eq(u8x64::new(*behind)).to_bitmask() & word;
    Classes { word, space, digit: digit.to_bitmask(), mark, high, double }
}

/// All bits of each byte from `low` to `low + span`.
#[inline]
fn is_within(bytes: u8x64, low: u8, span: u8) -> u8x64 {
    let moved = bytes - u8x64::splat(low);
    moved.simd_eq(moved.min(u8x64::splat(span)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(lower: &[u8]) -> Classes {
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b >= 0x80;
        let mask = |test: &dyn Fn(u8, u8) -> bool| {
            let pairs = lower.iter().zip(lower.iter().skip(1)).enumerate();
            pairs.fold(0, |mask, (i, (byte, behind))| mask | (u64::from(test(*byte, *behind)) << i))
        };
        Classes {
            word: mask(&|b, _| is_word(b)),
            space: mask(&|b, _| b == b' '),
            digit: mask(&|b, _| b.is_ascii_digit()),
            mark: mask(&|b, _| b == b'#' || b == b'*'),
            high: mask(&|b, _| b >= 0x80),
            double: mask(&|b, behind| is_word(b) && b == behind),
        }
    }

    proptest! {
        #[test]
        fn blocks_are_classified_like_single_bytes(
            any in prop::collection::vec(b' '.., BLOCK + 1), few in prop::collection::vec(b'`'..b'd', BLOCK + 1),
        ) {
            for bytes in [any, few] {
                let (block, behind) = (bytes.first_chunk().unwrap(), bytes.last_chunk().unwrap());
                prop_assert_eq!(classify(block, behind), one_by_one(&bytes));
            }
        }
    }
}
