//! Supports: sorted sets of column indices, and the selection of the k entries largest in magnitude.
//!
//! One tie rule everywhere: of two entries of equal magnitude, the one with the lower index comes first.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use crate::error::Error;
use crate::kernels::simd;
use crate::scalar::Scalar;

/// Sorts `indices` and checks that each names a column once.
pub(crate) fn checked(mut indices: Vec<usize>, columns: usize) -> Result<Vec<usize>, Error> {
    indices.sort_unstable();
    if let Some(&index) = indices.last()
        && index >= columns
    {
        return Err(Error::SupportIndex { index, columns });
    }
    match indices.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::SupportRepeats { index: pair[0] }),
        None => Ok(indices),
    }
}

/// Number of indices that two sorted supports share.
pub fn shared(a: &[usize], b: &[usize]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                (i, j, count) = (i + 1, j + 1, count + 1);
            }
        }
    }
    count
}

/// Selects the k entries of a vector that are largest in magnitude, keeping its scratch memory between calls.
#[derive(Debug, Default, Clone)]
pub struct TopK {
    candidates: Vec<(f64, usize)>,
}

impl TopK {
    /// A selector for vectors of length `n` that allocates nothing later.
    pub fn with_capacity(n: usize) -> Self {
        let mut candidates = Vec::new();
        // Where there is no room for them all, `select` makes what it needs.
        let _ = candidates.try_reserve_exact(n);
        Self { candidates }
    }

    /// Replaces `support` by the sorted indices of the `k` entries of `values` largest in magnitude.
    ///
    /// Entries equal to zero are never selected, so fewer than `k` indices may come back. `support` is also a hint:
    /// if on entry it holds k indices, only entries at least as large as its weakest are considered. The result
    /// does not depend on the hint. Cost: one pass over `values`, O(n).
    pub fn select<T: Scalar>(&mut self, values: &[T], k: usize, support: &mut Vec<usize>) {
        self.candidates.clear();
        let floor = if support.len() == k && support.iter().all(|&i| i < values.len()) {
            support.iter().map(|&i| values[i].rank()).fold(f64::INFINITY, f64::min)
        } else {
            0.0
        };
        // Most entries are small, whole blocks of them at a time.
        const LANES: usize = 16;
        for (at, block) in values.chunks(LANES).enumerate() {
            if block.len() == LANES && !block.iter().fold(false, |any, v| any | (v.rank() >= floor)) {
                continue;
            }
            for (lane, v) in block.iter().enumerate() {
                let rank = v.rank();
                if rank >= floor && rank > 0.0 {
                    self.candidates.push((rank, at * LANES + lane));
                }
            }
        }
        if k == 0 {
            self.candidates.clear();
        } else if self.candidates.len() > k {
            self.candidates.select_nth_unstable_by(k - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            self.candidates.truncate(k);
        }
        support.clear();
        support.extend(self.candidates.iter().map(|&(_, i)| i));
        support.sort_unstable();
    }
}

/// The entry of largest magnitude among those whose index passes `allowed`; the lowest index wins ties. `None` if
/// no allowed entry is non-zero.
pub(crate) fn largest<T: Scalar>(values: &[T], allowed: impl Fn(usize) -> bool) -> Option<usize> {
    const LANES: usize = 16;
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut most = [0.0; LANES];
    simd(
        #[inline(always)]
        || {
            for block in blocks {
                for lane in 0..LANES {
                    let rank = block[lane].rank();
                    most[lane] = if rank > most[lane] { rank } else { most[lane] };
                }
            }
        },
    );
    let most = rest.iter().map(|v| v.rank()).chain(most).fold(0.0, f64::max);
    let first = values.iter().position(|v| v.rank() == most && most > 0.0)?;
    if allowed(first) {
        return Some(first);
    }
    let allowed = values.iter().enumerate().filter(|&(i, v)| v.rank() > 0.0 && allowed(i));
    let best = allowed.max_by(|a, b| a.1.rank().total_cmp(&b.1.rank()).then(b.0.cmp(&a.0)));
    best.map(|(i, _)| i)
}

/// A set of supports, remembered by fingerprints of 128 bits: 16 bytes each, whatever their size.
#[derive(Debug, Clone, Default)]
pub struct SupportSet {
    fingerprints: HashSet<u128, FingerprintHash>,
}

impl SupportSet {
    /// A set in which `capacity` supports find room without allocating.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { fingerprints: HashSet::with_capacity_and_hasher(capacity, FingerprintHash::default()) }
    }

    /// Forgets all supports, and keeps the room for them.
    pub fn clear(&mut self) {
        self.fingerprints.clear();
    }

    /// Adds a support; true if it was not there.
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
    use num_complex::Complex;
    use proptest::prelude::*;

    fn sorted_selection(values: &[f64], k: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..values.len()).filter(|&i| values[i] != 0.0).collect();
        order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
        order.truncate(k);
        order.sort_unstable();
        order
    }

    proptest! {
        #[test]
        fn selection_equals_a_full_sort(
            values in prop::collection::vec((-3i32..4).prop_map(f64::from), 1..40),
            k in 0usize..12,
            hint in prop::collection::btree_set(0usize..40, 0..12),
        ) {
            let k = k.min(values.len());
            let mut support: Vec<usize> = hint.into_iter().filter(|&i| i < values.len()).collect();
            TopK::default().select(&values, k, &mut support);
            prop_assert_eq!(&support, &sorted_selection(&values, k));
            let complex: Vec<Complex<f64>> = values.iter().map(|&v| Complex::new(0.0, v)).collect();
            TopK::default().select(&complex, k, &mut support);
            prop_assert_eq!(support, sorted_selection(&values, k));
        }
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        let mut support = vec![];
        TopK::default().select(&[1.0, -2.0, 2.0, 1.0], 3, &mut support);
        assert_eq!(support, [0, 1, 2]);
        assert_eq!(largest(&[1.0, -2.0, 2.0], |_| true), Some(1));
        assert_eq!(largest(&[0.0, 0.0], |_| true), None);
    }

    #[test]
    fn a_set_knows_its_supports() {
        let mut set = SupportSet::default();
        assert!(set.is_empty() && set.insert(&[3, 4]) && !set.insert(&[3, 4]) && set.insert(&[3]));
        assert!(set.contains(&[4, 3]) && !set.contains(&[4]));
        assert_eq!(set.len(), 2);
    }

    #[test]
    fn supports_are_checked() {
        assert_eq!(checked(vec![3, 1], 4), Ok(vec![1, 3]));
        assert_eq!(checked(vec![3, 1], 3), Err(Error::SupportIndex { index: 3, columns: 3 }));
        assert_eq!(checked(vec![1, 1], 3), Err(Error::SupportRepeats { index: 1 }));
        assert_eq!(shared(&[1, 3, 5], &[0, 3, 5, 9]), 2);
        assert_ne!(fingerprint(&[1, 2]), fingerprint(&[3]));
        assert_ne!(fingerprint(&[0]), fingerprint(&[]));
    }
}
