//! Randomness as a parameter: session tokens, passwords, jitter.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// A source of random bytes: the operating system's in production, seeded in tests and the scripted demo.
#[derive(Debug)]
pub struct Entropy(Mutex<StdRng>);

impl Entropy {
    /// Seeded by the operating system.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for ambient randomness")]
    pub fn from_os() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// The same bytes for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut out);
        out
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn fraction(&self) -> f64 {
        f64::from(u32::from_le_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        items.shuffle(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// 64 hexadecimal characters (256 bits): a session token.
    pub fn token(&self) -> String {
        self.bytes::<32>().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// A password people can type: four groups of four from 32 unmistakable characters (80 bits).
    pub fn password(&self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567892";
        let chars: Vec<char> =
            self.bytes::<16>().iter().filter_map(|b| ALPHABET.get(usize::from(b % 32)).map(|c| char::from(*c))).collect();
        chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_passwords_and_another_seed_others() {
        assert_eq!(Entropy::seeded(7).password(), Entropy::seeded(7).password());
        assert_ne!(Entropy::seeded(7).password(), Entropy::seeded(8).password());
        let password = Entropy::seeded(7).password();
        assert_eq!(password.len(), 19, "{password}");
    }
}
