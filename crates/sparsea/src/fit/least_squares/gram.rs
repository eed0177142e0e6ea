//! Columns of the Gram matrix AᴴA, computed when first needed and kept while memory allows.

use std::time::Duration;

use faer::MatMut;

use crate::clock::Instant;
use crate::fit::System;
use crate::scalar::Scalar;

const ABSENT: u32 = u32::MAX;
/// Multiply-adds of Gram columns before the run is asked whether it is to stop.
const UNWATCHED: usize = 300_000_000;
/// After work of less than this, twice as much is done before the next look.
const SHORT: Duration = Duration::from_millis(25);

/// A cache of whole Gram columns (length n each). When full, the column used longest ago makes room.
#[derive(Debug)]
pub(crate) struct GramCache<T> {
    n: usize,
    /// Columns that fit.
    capacity: usize,
    /// Slot s holds `values[s * n..][..n]`.
    values: Vec<T>,
    /// Slot of each column of A, or `ABSENT`.
    slot_of: Vec<u32>,
    /// Column in each slot.
    column_in: Vec<usize>,
    /// When each slot was last asked for.
    used_at: Vec<u64>,
    clock: u64,
    /// The clock when the run began.
    begun: u64,
    missing: Vec<usize>,
    slots: Vec<usize>,
}

impl<T: Scalar> GramCache<T> {
    /// A cache for `n` columns of which at most `capacity` are held at a time.
    pub(crate) fn new(n: usize, capacity: usize) -> Self {
        Self {
            n,
            capacity: capacity.min(n),
            values: Vec::new(),
            slot_of: vec![ABSENT; n],
            column_in: Vec::new(),
            used_at: Vec::new(),
            clock: 0,
            begun: 0,
            missing: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// A new run begins, in which no column has been asked for.
    pub(crate) fn begin(&mut self) {
        self.begun = self.clock;
    }

    /// Makes the columns of `support` present and returns how many of them the run had not asked for before, or `None` if the
    /// run is to stop. `support` must not be larger than the capacity.
    pub(crate) fn ensure(&mut self, system: &System<'_, T>, support: &[usize]) -> Option<usize> {
        debug_assert!(support.len() <= self.capacity);
        self.clock += 1;
        self.missing.clear();
        let mut new = 0;
        for &j in support {
            match self.slot_of[j] {
                ABSENT => self.missing.push(j),
                slot => {
                    let used_at = &mut self.used_at[slot as usize];
                    new += usize::from(*used_at <= self.begun);
                    *used_at = self.clock;
                }
            }
        }
        if !self.missing.is_empty() {
            new += self.missing.len();
            if !self.compute(system, self.clock) {
                return None;
            }
        }
        Some(new)
    }

    /// Makes columns present for which there is room; that they are asked for is still to come.
    pub(crate) fn prepare(&mut self, system: &System<'_, T>, columns: &[usize]) {
        self.missing.clear();
        self.missing.extend(columns.iter().copied().filter(|&j| self.slot_of[j] == ABSENT));
        self.compute(system, 0);
    }

    /// Computes the missing columns; false, with some still absent, if the run is to stop.
    fn compute(&mut self, system: &System<'_, T>, used_at: u64) -> bool {
        // Whole blocks: what is left of one costs as much.
        let block = system.operator.gram_block();
        let mut most = block * (UNWATCHED / system.operator.adjoint_cost().max(1) / block).max(1);
        self.slots.clear();
        for at in 0..self.missing.len() {
            let slot = self.free_slot();
            self.slot_of[self.missing[at]] = slot as u32;
            self.column_in[slot] = self.missing[at];
            self.used_at[slot] = used_at;
            self.slots.push(slot);
        }
        if let Some(shared) = system.shared.get() {
            let mut left = 0;
            for at in 0..self.missing.len() {
                let (j, slot) = (self.missing[at], self.slots[at]);
                if !shared.copy_kept(j, &mut self.values[slot * self.n..][..self.n]) {
                    (self.missing[left], self.slots[left]) = (j, slot);
                    left += 1;
                }
            }
            self.missing.truncate(left);
            self.slots.truncate(left);
        }
        // Neighbouring slots are filled together, as one product of matrices.
        let mut from = 0;
        while from < self.slots.len() {
            if system.watch.stop() {
                self.missing[from..].iter().for_each(|&j| self.slot_of[j] = ABSENT);
                return false;
            }
            let mut to = from + 1;
            // What would be left of a last pass over A goes with the one before it.
            let left = self.slots.len() - from;
            let width = if left <= most + most / 2 { left } else { most };
            while to < self.slots.len() && to - from < width && self.slots[to] == self.slots[to - 1] + 1 {
                to += 1;
            }
            let memory = &mut self.values[self.slots[from] * self.n..][..(to - from) * self.n];
            let block = MatMut::from_column_major_slice_mut(memory, self.n, to - from);
            let begin = Instant::now();
            system.operator.gram_columns(&self.missing[from..to], block);
            // Passes over A are saved where they are fast. The bits of a column do not depend on how many go together.
            if begin.elapsed() < SHORT && system.operator.agreement().is_none() {
                most *= 2;
            }
            from = to;
        }
        true
    }

    /// Bytes held for columns.
    pub(crate) fn memory_held(&self) -> usize {
        self.values.len() * size_of::<T>()
    }

    /// Whether column j is present.
    pub(crate) fn holds(&self, j: usize) -> bool {
        self.slot_of[j] != ABSENT
    }

    /// Whether column j is present, and this run has asked for it: what earlier runs have left decides nothing.
    pub(crate) fn was_asked(&self, j: usize) -> bool {
        self.asked_since(j, self.begun)
    }

    /// Now, on the clock by which columns are asked for.
    pub(crate) fn now(&self) -> u64 {
        self.clock
    }

    /// Whether column j is present and was asked for after `when`.
    pub(crate) fn asked_since(&self, j: usize, when: u64) -> bool {
        self.slot_of[j] != ABSENT && self.used_at[self.slot_of[j] as usize] > when
    }

    /// Columns for which there is room.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Columns for which there is room without forgetting others.
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.column_in.len()
    }

    fn free_slot(&mut self) -> usize {
        if self.column_in.len() < self.capacity {
            self.values.resize(self.values.len() + self.n, T::ZERO);
            self.column_in.push(0);
            self.used_at.push(0);
            return self.column_in.len() - 1;
        }
        let mut oldest = 0;
        for slot in 1..self.used_at.len() {
            if self.used_at[slot] < self.used_at[oldest] {
                oldest = slot;
            }
        }
        self.slot_of[self.column_in[oldest]] = ABSENT;
        oldest
    }

    /// Gram column j, which must be present.
    pub(crate) fn column(&self, j: usize) -> &[T] {
        &self.values[self.slot_of[j] as usize * self.n..][..self.n]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use crate::interrupt::Watch;
    use crate::operator::DenseOperator;

    #[test]
    fn full_cache_forgets_the_oldest_and_stays_right() {
        let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 6, 9);
        let operator = DenseOperator::new(a.as_ref());
        let gram = a.transpose() * &a;
        let system = System {
            operator: crate::operator::Access::new(&operator),
            data: &[0.0; 6],
            loss: None,
            region: crate::problem::Region::all(),
            intervals: None,
            data_norm: 0.0,
            data_correlation: vec![0.0; 9],
            column_norms: vec![1.0; 9],
            shared: std::sync::OnceLock::new(),
            watch: Watch::default(),
            sides: vec![],
        };
        let mut cache = GramCache::new(9, 4);
        for support in [vec![0, 1], vec![2, 3], vec![1, 3], vec![4, 8], vec![0, 1, 2, 3], vec![7]] {
            cache.ensure(&system, &support);
            for &j in &support {
                for i in 0..9 {
                    assert!((cache.column(j)[i] - gram[(i, j)]).abs() < 1e-13);
                }
            }
        }
        assert_eq!(cache.ensure(&system, &[7]), Some(0));
        assert_eq!(cache.ensure(&system, &[0]), Some(1), "0 was used longest ago");
    }
}
