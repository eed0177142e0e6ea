//! Sets of supports.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// A set of supports, stored as fingerprints of 128 bits: 16 bytes per support, whatever its size.
#[derive(Debug, Clone, Default)]
pub struct SupportSet {
    fingerprints: HashSet<u128, FingerprintHash>,
}

impl SupportSet {
    /// An empty set with room for `capacity` supports without allocation.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { fingerprints: HashSet::with_capacity_and_hasher(capacity, FingerprintHash::default()) }
    }

    /// Removes all supports and keeps the memory.
    pub fn clear(&mut self) {
        self.fingerprints.clear();
    }

    /// Adds a support; true if it was not there before.
    pub fn insert(&mut self, support: &[usize]) -> bool {
        self.fingerprints.insert(fingerprint(support))
    }

    /// Whether the support is there. The order of its indices does not matter.
    pub fn contains(&self, support: &[usize]) -> bool {
        self.fingerprints.contains(&fingerprint(support))
    }

    /// Number of supports.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }
}

/// Fingerprints are random already; hashing them again would only cost time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Passthrough(u64);

impl Hasher for Passthrough {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _bytes: &[u8]) {}
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// For sets and maps of [`fingerprint`]s.
pub(crate) type FingerprintHash = BuildHasherDefault<Passthrough>;

/// A 128-bit fingerprint of a sorted support. Two different supports share one with probability 2⁻¹²⁸.
pub(crate) fn fingerprint(support: &[usize]) -> u128 {
    let mut sum = 0u128;
    for &i in support {
        let low = mix(i as u64 ^ 0x9E37_79B9_7F4A_7C15);
        let high = mix(low ^ 0xD1B5_4A32_D192_ED03);
        sum = sum.wrapping_add((u128::from(high) << 64) | u128::from(low));
    }
    sum
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014, DOI 10.1145/2714064.2660195).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_knows_its_supports() {
        let mut set = SupportSet::default();
        assert!(set.is_empty() && set.insert(&[3, 4]) && !set.insert(&[3, 4]) && set.insert(&[3]));
        assert!(set.contains(&[4, 3]) && !set.contains(&[4]));
        assert_eq!(set.len(), 2);
        assert_ne!(fingerprint(&[1, 2]), fingerprint(&[3]));
        assert_ne!(fingerprint(&[0]), fingerprint(&[]));
    }
}
