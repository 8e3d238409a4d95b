//! Hashes of words and of neighbouring words: the keys of the index.

const SEED_LOW: u64 = 0x9e37_79b9_7f4a_7c15;
const SEED_HIGH: u64 = 0xd1b5_4a32_d192_ed03;

/// Bytes of a word that are hashed in one step.
pub(super) const STEP: usize = 16;

/// Keeps the first 0 to 16 bytes of two little-endian halves.
#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which would refuse a bad index")]
const KEEP: [(u64, u64); STEP + 1] = {
    let mut table = [(0, 0); STEP + 1];
    let mut length = 0;
    while length <= STEP {
        let low = if length >= 8 { u64::MAX } else { (1 << (8 * length)) - 1 };
        let high = match length {
            0..=8 => 0,
            16 => u64::MAX,
            _ => (1 << (8 * (length - 8))) - 1,
        };
        table[length] = (low, high);
        length += 1;
    }
    table
};

/// A word of at most 16 bytes as two numbers: the registers that hashing and the tests on letters and digits use.
#[inline]
pub(super) fn halves(chunk: [u8; STEP], length: usize) -> (u64, u64) {
    let both = u128::from_le_bytes(chunk);
    let (keep_low, keep_high) = KEEP.get(length).copied().unwrap_or((u64::MAX, u64::MAX));
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
    (both as u64 & keep_low, (both >> 64) as u64 & keep_high)
}

#[inline]
pub(super) fn mix(low: u64, high: u64, length: u64) -> u64 {
    let product = u128::from(low ^ SEED_LOW) * u128::from(high ^ SEED_HIGH ^ length);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the product are mixed")]
    let mixed = (product as u64) ^ ((product >> 64) as u64);
    mixed
}

/// Hash of a folded word. Two different words of one vocabulary share a hash with a chance of about 2⁻⁶⁴ · n²; the
/// index refuses to compile if that happens, and a text word is taken for the vocabulary word with its hash.
pub fn hash_word(word: &[u8]) -> u64 {
    if word.len() <= STEP {
        let (low, high) = halves(chunk_of(word), word.len());
        return mix(low, high, word.len() as u64);
    }
    let mut hash = word.len() as u64;
    for part in word.chunks(STEP) {
        hash = hash.rotate_left(23) ^ hash_word(part);
    }
    mix(hash, SEED_LOW, word.len() as u64)
}

/// The first 16 bytes, zeros behind.
#[inline]
fn chunk_of(word: &[u8]) -> [u8; STEP] {
    if let Some(whole) = word.first_chunk() {
        return *whole;
    }
    let mut chunk = [0; STEP];
    if let Some(part) = chunk.get_mut(..word.len()) {
        part.copy_from_slice(word);
    }
    chunk
}

/// Hash of two words side by side; different from that of the other order.
#[inline]
pub fn hash_pair(first: u64, second: u64) -> u64 {
    first.rotate_left(29).wrapping_mul(SEED_LOW) ^ second
}
