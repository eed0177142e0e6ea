//! The same operator with its Gram columns kept, for many problems that share it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::{ColMut, MatMut};

use super::{Local, Operator, contiguous};
use crate::scalar::Scalar;

/// Any operator with the columns of its Gram matrix AᴴA kept once computed, for problems that differ in their data only,
/// on as many threads as wanted.
///
/// A column is always computed alone, so that its bits depend neither on who asked first nor on what is kept. Two threads
/// that need the same column at the same time may both compute it. When the memory is full, further columns are computed
/// each time.
///
/// # Cost
/// That of the operator; a Gram column that is kept takes a copy of n numbers.
pub struct CachedGram<'a, T: Scalar> {
    inner: &'a dyn Operator<T>,
    kept: Vec<OnceLock<Box<[T]>>>,
    /// Columns that may still be kept.
    room: AtomicUsize,
}

impl<'a, T: Scalar> CachedGram<'a, T> {
    /// Keeps as many Gram columns of `inner` as fit in `memory` bytes.
    pub fn new(inner: &'a dyn Operator<T>, memory: usize) -> Self {
        let n = inner.ncols();
        let room = memory / n.saturating_mul(size_of::<T>()).max(1);
        Self { inner, kept: std::iter::repeat_with(OnceLock::new).take(n).collect(), room: AtomicUsize::new(room) }
    }

    /// Columns that are kept now.
    pub fn kept(&self) -> usize {
        self.kept.iter().filter(|column| column.get().is_some()).count()
    }

    fn gram_column(&self, j: usize, out: ColMut<'_, T>) {
        let out = contiguous(out);
        if let Some(kept) = self.kept[j].get() {
            out.copy_from_slice(kept);
            return;
        }
        // Not computed under the lock: a product shared among threads may have this one take up other work meanwhile,
        // which may ask for the same column.
        self.inner.gram_columns(&[j], MatMut::from_column_major_slice_mut(out, self.ncols(), 1));
        let take = |room: usize| room.checked_sub(1);
        if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
            && self.kept[j].set((&*out).into()).is_err()
        {
            // Another thread was faster.
            self.room.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<T: Scalar> Operator<T> for CachedGram<'_, T> {
    fn nrows(&self) -> usize {
        self.inner.nrows()
    }

    fn ncols(&self) -> usize {
        self.inner.ncols()
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.inner.apply(x, y);
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.inner.apply_adjoint(y, x);
    }

    fn column(&self, j: usize, out: &mut [T]) {
        self.inner.column(j, out);
    }

    fn columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.inner.columns(support, out);
    }

    fn column_norms(&self) -> Vec<f64> {
        self.inner.column_norms()
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        self.inner.column_squares(weights)
    }

    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            self.gram_column(j, column);
        }
    }

    // From the operator even where the column is kept, so that the bits do not depend on that.
    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.inner.gram_entries(rows, j, out);
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        self.inner.apply_sparse(support, values, y);
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.inner.apply_adjoint_on(support, y, out);
    }

    fn local(&self) -> Option<&dyn Local<T>> {
        self.inner.local()
    }

    fn adjoint_cost(&self) -> usize {
        self.inner.adjoint_cost()
    }
}

impl<T: Scalar> std::fmt::Debug for CachedGram<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedGram").field("ncols", &self.ncols()).field("kept", &self.kept()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use crate::operator::DenseOperator;

    #[test]
    fn kept_columns_are_those_computed_alone_and_no_more_than_fit() {
        let a = gaussian_matrix::<f64>(&mut stream(3, 0, 0), 7, 12);
        let dense = DenseOperator::new(a.as_ref());
        let alone = |j: usize| {
            let mut column = vec![0.0; 12];
            dense.gram_columns(&[j], MatMut::from_column_major_slice_mut(&mut column, 12, 1));
            column
        };
        let cached = CachedGram::new(&dense, 3 * 12 * size_of::<f64>());
        let mut block = vec![0.0; 12 * 12];
        let all: Vec<usize> = (0..12).collect();
        for _ in 0..2 {
            cached.gram_columns(&all, MatMut::from_column_major_slice_mut(&mut block, 12, 12));
            for (&j, column) in all.iter().zip(block.chunks(12)) {
                assert_eq!(column, alone(j));
            }
            assert_eq!(cached.kept(), 3);
        }
    }
}
