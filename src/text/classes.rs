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
    /// Bytes of words equal to the byte before.
    pub repeat: u64,
}

/// Classifies a block of folded (lower-case) bytes; `before` is the same block moved one byte to the left.
#[inline]
pub fn classify(block: &[u8; BLOCK], before: &[u8; BLOCK]) -> Classes {
    let bytes = u8x64::new(*block);
    let within = |low: u8, span: u8| {
        let moved = bytes - u8x64::splat(low);
        moved.simd_eq(moved.min(u8x64::splat(span)))
    };
    // The mask takes the highest bit of each byte, which characters outside ASCII have set.
    let word = (within(b'a', 25) | within(b'0', 9) | bytes).to_bitmask();
    let space = bytes.simd_eq(u8x64::splat(b' ')).to_bitmask();
    let repeat = bytes.simd_eq(u8x64::new(*before)).to_bitmask() & word;
    Classes { word, space, repeat }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(block: &[u8; BLOCK], before: &[u8; BLOCK]) -> Classes {
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b >= 0x80;
        let mask = |test: &dyn Fn(u8, u8) -> bool| {
            let bits = block.iter().zip(before).enumerate();
            bits.fold(0, |mask, (i, (byte, left))| mask | (u64::from(test(*byte, *left)) << i))
        };
        Classes {
            word: mask(&|b, _| is_word(b)),
            space: mask(&|b, _| b == b' '),
            repeat: mask(&|b, left| is_word(b) && b == left),
        }
    }

    proptest! {
        #[test]
        fn blocks_are_classified_like_single_bytes(bytes in prop::collection::vec(any::<u8>(), BLOCK + 1)) {
            let block: &[u8; BLOCK] = bytes[1..].try_into().unwrap();
            let before: &[u8; BLOCK] = bytes[..BLOCK].try_into().unwrap();
            prop_assert_eq!(classify(block, before), one_by_one(block, before));
        }
    }
}
