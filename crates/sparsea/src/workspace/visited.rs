//! The memory of a run: which supports were visited, and the fits on the latest of them.

use std::collections::HashMap;

use crate::fit::point::ResidualNorm;
use crate::scalar::Scalar;
use crate::support::{FingerprintHash, SupportSet, fingerprint};

/// Supports for which room is made in advance, so that visiting them allocates nothing.
const RESERVED: usize = 1 << 14;
/// Fits in more memory than this leave the near caches before they are recalled, and cost more to store than they save; but
/// so many are remembered in any case, as those of large problems are expensive.
const NEAR: usize = 1 << 20;
const FEWEST: usize = 64;

/// Distinct supports seen, and a bounded table of fits: coefficients, residual norm and correlation by support.
#[derive(Debug)]
pub(crate) struct Visited<T> {
    seen: SupportSet,
    slot_of: HashMap<u128, usize, FingerprintHash>,
    fits: Vec<Slot>,
    capacity: usize,
    /// Slot whose fit is replaced next, once the table is full.
    oldest: usize,
    sparsity: usize,
    n: usize,
    supports: Vec<usize>,
    values: Vec<T>,
    correlations: Vec<T>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u128,
    size: usize,
    norm: ResidualNorm,
}

/// A remembered fit.
pub(crate) struct Fit<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) norm: ResidualNorm,
    pub(crate) correlation: &'a [T],
}

impl<T: Scalar> Visited<T> {
    /// Remembers fits on supports of up to `sparsity` of `n` columns in at most `memory` bytes.
    pub(crate) fn new(n: usize, sparsity: usize, memory: usize) -> Self {
        let bytes = n * size_of::<T>() + sparsity * (size_of::<T>() + size_of::<usize>()) + 64;
        let capacity = (memory / bytes).min((NEAR / bytes).max(FEWEST)).min(RESERVED);
        // Who remembers nothing comes back to nothing: each step to one more column.
        let reserved = if memory == 0 { sparsity + 2 } else { RESERVED };
        Self {
            seen: SupportSet::with_capacity(reserved),
            slot_of: HashMap::with_capacity_and_hasher(2 * capacity, FingerprintHash::default()),
            fits: Vec::with_capacity(capacity),
            capacity,
            oldest: 0,
            sparsity,
            n,
            // Reserved, not touched: memory is taken only as fits are stored.
            supports: Vec::with_capacity(capacity * sparsity),
            values: Vec::with_capacity(capacity * sparsity),
            correlations: Vec::with_capacity(capacity * n),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.seen.clear();
        self.slot_of.clear();
        self.fits.clear();
        self.oldest = 0;
        self.supports.clear();
        self.values.clear();
        self.correlations.clear();
    }

    /// Notes a visit; true if `support` was not visited before.
    pub(crate) fn note(&mut self, support: &[usize]) -> bool {
        self.seen.insert(support)
    }

    /// Number of distinct supports visited.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Bytes held for fits.
    pub(crate) fn memory_held(&self) -> usize {
        let indices = self.supports.len() * size_of::<usize>();
        indices + (self.values.len() + self.correlations.len()) * size_of::<T>()
    }

    pub(crate) fn recall(&self, support: &[usize]) -> Option<Fit<'_, T>> {
        let &slot = self.slot_of.get(&fingerprint(support))?;
        let Slot { size, norm, .. } = self.fits[slot];
        if self.supports[slot * self.sparsity..][..size] != *support {
            return None;
        }
        Some(Fit {
            values: &self.values[slot * self.sparsity..][..size],
            norm,
            correlation: &self.correlations[slot * self.n..][..self.n],
        })
    }

    pub(crate) fn store(&mut self, support: &[usize], fit: &Fit<'_, T>) {
        let &Fit { values, norm, correlation } = fit;
        if self.capacity == 0 || support.len() > self.sparsity {
            return;
        }
        let key = fingerprint(support);
        if self.slot_of.contains_key(&key) {
            return;
        }
        let fit = Slot { key, size: support.len(), norm };
        let slot = if self.fits.len() < self.capacity {
            self.fits.push(fit);
            self.supports.resize(self.supports.len() + self.sparsity, 0);
            self.values.resize(self.values.len() + self.sparsity, T::ZERO);
            self.correlations.resize(self.correlations.len() + self.n, T::ZERO);
            self.fits.len() - 1
        } else {
            let slot = self.oldest;
            self.oldest = (slot + 1) % self.capacity;
            self.slot_of.remove(&self.fits[slot].key);
            self.fits[slot] = fit;
            slot
        };
        self.slot_of.insert(key, slot);
        self.supports[slot * self.sparsity..][..support.len()].copy_from_slice(support);
        self.values[slot * self.sparsity..][..values.len()].copy_from_slice(values);
        self.correlations[slot * self.n..][..self.n].copy_from_slice(correlation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_bounded_and_recalls_what_it_holds() {
        let bytes = 4 * 8 + 2 * 16 + 64;
        let mut visited = Visited::<f64>::new(4, 2, 3 * bytes);
        for i in 0..10usize {
            assert!(visited.note(&[i, i + 1]));
            let (values, correlation) = (&[i as f64, 1.0][..], &[0.0, 1.0, 2.0, i as f64][..]);
            visited.store(&[i, i + 1], &Fit { values, norm: ResidualNorm::formed(i as f64), correlation });
        }
        assert!(!visited.note(&[3, 4]) && visited.recall(&[3]).is_none());
        assert_eq!(visited.len(), 10);
        assert!(visited.recall(&[3, 4]).is_none(), "replaced by later ones");
        let fit = visited.recall(&[9, 10]).unwrap();
        assert_eq!((fit.values, fit.norm.norm, fit.correlation[3]), (&[9.0, 1.0][..], 9.0, 9.0));
    }
}
