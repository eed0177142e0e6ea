//! The selection of the k entries largest in magnitude.
//!
//! The tie rule is the same everywhere: of two entries of equal magnitude, the one with the lower index comes first.

use super::Support;
use crate::kernels::simd;
use crate::scalar::Scalar;

/// Selects the k entries of a vector that are largest in magnitude. It reuses its scratch memory between calls.
#[derive(Debug, Default, Clone)]
pub struct TopK {
    candidates: Vec<(f64, usize)>,
}

impl TopK {
    /// A selector for vectors of length `n`. It does not allocate again later.
    pub fn with_capacity(n: usize) -> Self {
        let mut candidates = Vec::new();
        // Where there is no room for them all, `select` makes what it needs.
        let _ = candidates.try_reserve_exact(n);
        Self { candidates }
    }

    /// Replaces `support` by the sorted indices of the `k` entries of `values` largest in magnitude.
    ///
    /// Entries equal to zero are never selected, so fewer than `k` indices may be returned. `support` is also a hint: if it holds k indices
    /// on entry, only entries at least as large as the smallest of these are considered. The result does not depend on the hint. Cost: one
    /// pass over `values`, O(n).
    pub fn select<T: Scalar>(&mut self, values: &[T], k: usize, support: &mut Support) {
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
        support.refill_distinct(self.candidates.iter().map(|&(_, i)| i));
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
    if most <= 0.0 {
        return None;
    }
    let mut before = 0;
    simd(
        #[inline(always)]
        || {
            for block in blocks {
                let mut holds = false;
                for lane in 0..LANES {
                    holds |= block[lane].rank() == most;
                }
                if holds {
                    break;
                }
                before += LANES;
            }
        },
    );
    let first = before + values[before..].iter().position(|v| v.rank() == most)?;
    if allowed(first) {
        return Some(first);
    }
    let allowed = values.iter().enumerate().filter(|&(i, v)| v.rank() > 0.0 && allowed(i));
    let best = allowed.max_by(|a, b| a.1.rank().total_cmp(&b.1.rank()).then(b.0.cmp(&a.0)));
    best.map(|(i, _)| i)
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
            let mut support: Support = hint.into_iter().filter(|&i| i < values.len()).collect();
            TopK::default().select(&values, k, &mut support);
            prop_assert_eq!(&*support, &*sorted_selection(&values, k));
            let complex: Vec<Complex<f64>> = values.iter().map(|&v| Complex::new(0.0, v)).collect();
            TopK::default().select(&complex, k, &mut support);
            prop_assert_eq!(&*support, &*sorted_selection(&values, k));
        }
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        let mut support = Support::new();
        TopK::default().select(&[1.0, -2.0, 2.0, 1.0], 3, &mut support);
        assert_eq!(*support, [0, 1, 2]);
        assert_eq!(largest(&[1.0, -2.0, 2.0], |_| true), Some(1));
        assert_eq!(largest(&[0.0, 0.0], |_| true), None);
    }
}
