//! Numbers drawn from a key.

use sha2::{Digest, Sha256};

/// A stream of numbers drawn from a key; the same key gives the same stream.
#[derive(Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// Starts the stream of `key` (its parts are length-prefixed, so parts cannot run into each other).
    #[must_use]
    pub fn new(key: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in key {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut state = 0;
        for byte in digest.iter().take(8) {
            state = state << 8 | u64::from(*byte);
        }
        Self { state }
    }

    /// A uniform number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A uniform number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A normal number (Box–Muller).
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + deviation * radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// An index below `len` (0 if `len` is 0).
    pub fn below(&mut self, len: usize) -> usize {
        ((self.unit() * len as f64) as usize).min(len.saturating_sub(1))
    }

    /// The items in a drawn order.
    pub fn shuffled<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut out = items.to_vec();
        for last in (1..out.len()).rev() {
            let other = self.below(last + 1);
            out.swap(last, other);
        }
        out
    }

    // SplitMix64 (Steele, Lea, Flood 2014).
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Bounded logistic noise out of a uniform number: at most ±3.9, so a strong habit is a certain one.
#[must_use]
pub fn noise(uniform: f64) -> f64 {
    let u = 0.02 + 0.96 * uniform;
    (u / (1.0 - u)).ln()
}
