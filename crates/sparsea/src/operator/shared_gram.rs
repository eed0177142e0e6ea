//! A cache of Gram columns shared between threads.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::{Mat, MatMut, MatRef};

use super::{Access, contiguous};
use crate::scalar::Scalar;

/// A cache of columns of the Gram matrix AᴴA of one operator, for problems that differ only in y and k, on any number of threads: see
/// [`Problem::share_gram`](crate::Problem::share_gram).
///
/// Operators compute each column to the same bits whatever other columns are asked for, so cached columns depend neither on who asked first
/// nor on what is cached. When the memory is full, further columns are computed each time. The results of a failed product are not cached.
#[derive(Debug)]
pub struct SharedGram<T> {
    kept: Vec<OnceLock<Box<[T]>>>,
    /// Columns that may still be kept.
    room: AtomicUsize,
}

impl<T: Scalar> SharedGram<T> {
    /// A cache for an operator of `n` columns, which keeps as many Gram columns as fit in `memory` bytes.
    pub fn new(n: usize, memory: usize) -> Self {
        let room = memory / n.saturating_mul(size_of::<T>()).max(1);
        Self { kept: std::iter::repeat_with(OnceLock::new).take(n).collect(), room: AtomicUsize::new(room) }
    }

    /// Keeps all columns of a Gram matrix that was computed otherwise.
    pub(crate) fn filled(gram: MatRef<'_, T>) -> Self {
        let column = |j| OnceLock::from((0..gram.nrows()).map(|i| gram[(i, j)]).collect::<Box<[T]>>());
        Self { kept: (0..gram.ncols()).map(column).collect(), room: AtomicUsize::new(0) }
    }

    /// Number of columns now in the cache.
    pub fn kept(&self) -> usize {
        self.kept.iter().filter(|column| column.get().is_some()).count()
    }

    /// Columns that there are.
    pub(crate) fn columns(&self) -> usize {
        self.kept.len()
    }

    /// Copies Gram column j, if it is kept.
    pub(crate) fn copy_kept(&self, j: usize, out: &mut [T]) -> bool {
        let kept = self.kept[j].get();
        if let Some(kept) = kept {
            out.copy_from_slice(kept);
        }
        kept.is_some()
    }

    /// Calls `with` with Gram column j. Two threads that need the same one at the same time may both compute it.
    pub(crate) fn read<R>(&self, operator: &Access<'_, T>, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        if let Some(kept) = self.kept[j].get() {
            return with(kept);
        }
        // Not computed under a lock: a product shared among threads may have this one take up other work meanwhile,
        // which may ask for the same column and would wait for itself.
        let n = self.kept.len();
        let mut column = vec![T::ZERO; n];
        operator.gram_columns(&[j], MatMut::from_column_major_slice_mut(&mut column, n, 1));
        let done = with(&column);
        if operator.check().is_ok() {
            self.keep(j, column);
        }
        done
    }

    /// Copies the Gram columns of `support`, of A without its scales, to `out`; those that are missing are computed in one pass.
    pub(super) fn copy(&self, operator: &Access<'_, T>, support: &[usize], mut out: MatMut<'_, T>) {
        let missing: Vec<usize> = support.iter().copied().filter(|&j| self.kept[j].get().is_none()).collect();
        let mut computed = Mat::zeros(self.kept.len(), missing.len());
        if !missing.is_empty() {
            operator.unscaled_gram_columns(&missing, computed.as_mut());
        }
        let mut next = 0;
        for (&j, out) in support.iter().zip(out.as_mut().col_iter_mut()) {
            // Another thread may have stored one meanwhile; its bits are the same.
            if missing.get(next) == Some(&j) {
                contiguous(out).copy_from_slice(computed.col_as_slice(next));
                next += 1;
            } else if let Some(kept) = self.kept[j].get() {
                contiguous(out).copy_from_slice(kept);
            }
        }
        if operator.check().is_err() {
            return;
        }
        for (at, &j) in missing.iter().enumerate() {
            self.keep(j, computed.col_as_slice(at).to_vec());
        }
    }

    /// Keeps a column if there is room for it.
    fn keep(&self, j: usize, column: Vec<T>) {
        let take = |room: usize| room.checked_sub(1);
        if self.kept[j].get().is_none()
            && self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
            && self.kept[j].set(column.into_boxed_slice()).is_err()
        {
            // Another thread was faster.
            self.room.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, stream};
    use crate::operator::{Columns, DenseOperator, LinearMap, OperatorError};

    /// An operator whose Gram columns are shared among threads, as those of a large matrix: the thread that computes one
    /// takes up other work meanwhile.
    struct Sharing<'a>(DenseOperator<'a, f64>);

    impl LinearMap<f64> for Sharing<'_> {
        fn shape(&self) -> (usize, usize) {
            self.0.shape()
        }
        fn apply(&self, x: &[f64], y: &mut [f64]) -> Result<(), OperatorError> {
            self.0.apply(x, y)
        }
        fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) -> Result<(), OperatorError> {
            self.0.apply_adjoint(y, x)
        }
        fn columns(&self) -> Option<&dyn Columns<f64>> {
            Some(self)
        }
    }

    impl Columns<f64> for Sharing<'_> {
        fn gather(&self, support: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
            self.0.gather(support, out)
        }
        fn gram(&self, rows: Option<&[usize]>, s: &[usize], out: MatMut<'_, f64>) -> Result<(), OperatorError> {
            rayon::yield_now();
            self.0.gram(rows, s, out)
        }
    }

    #[test]
    fn kept_columns_are_those_computed_alone_and_no_more_than_fit() {
        let a = gaussian_matrix::<f64>(&mut stream(3, 0, 0), 7, 12);
        let dense = DenseOperator::new(a.as_ref());
        let access = Access::new(&dense);
        let alone = |j: usize| {
            let mut column = vec![0.0; 12];
            access.gram_columns(&[j], MatMut::from_column_major_slice_mut(&mut column, 12, 1));
            column
        };
        let cache = std::sync::Arc::new(SharedGram::new(12, 3 * 12 * size_of::<f64>()));
        let cached = access.keeping(cache.clone());
        let mut block = vec![0.0; 12 * 12];
        let all: Vec<usize> = (0..12).collect();
        for _ in 0..2 {
            cached.gram_columns(&all, MatMut::from_column_major_slice_mut(&mut block, 12, 12));
            for (&j, column) in all.iter().zip(block.chunks(12)) {
                assert_eq!(column, alone(j));
            }
            assert_eq!(cache.kept(), 3);
        }
    }

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 6, 9);
            let (operator, shared) = (Sharing(DenseOperator::new(a.as_ref())), SharedGram::new(9, usize::MAX));
            let operator = Access::new(&operator);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let ask = |_: &rayon::Scope<'_>| assert_eq!(shared.read(&operator, 5, <[f64]>::len), 9);
            pool.scope(|scope| (0..4).for_each(|_| scope.spawn(ask)));
            sender.send(shared.read(&operator, 5, <[f64]>::to_vec)).unwrap();
        });
        let column = receiver.recv_timeout(std::time::Duration::from_secs(60)).expect("it waits for itself");
        assert_eq!(column.len(), 9);
    }
}
