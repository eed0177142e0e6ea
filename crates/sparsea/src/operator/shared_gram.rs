//! Columns of a Gram matrix, for any thread.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::{Mat, MatMut};

use super::{Operator, check_products, contiguous};
use crate::scalar::Scalar;

/// Columns of the Gram matrix that any thread may ask for, kept while memory allows. Operators compute a column with the
/// same bits whatever the others, so that these depend neither on who asked first nor on what is kept. What a product that
/// failed has left is not kept.
#[derive(Debug)]
pub(crate) struct SharedGram<T> {
    kept: Vec<OnceLock<Box<[T]>>>,
    /// Columns that may still be kept.
    room: AtomicUsize,
}

impl<T: Scalar> SharedGram<T> {
    /// Of `n` columns, keeps as many as fit in `memory` bytes.
    pub(crate) fn new(n: usize, memory: usize) -> Self {
        let room = memory / n.saturating_mul(size_of::<T>()).max(1);
        Self { kept: std::iter::repeat_with(OnceLock::new).take(n).collect(), room: AtomicUsize::new(room) }
    }

    /// Columns that are kept now.
    pub(crate) fn kept(&self) -> usize {
        self.kept.iter().filter(|column| column.get().is_some()).count()
    }

    /// Calls `with` with Gram column j. Two threads that need the same one at the same time may both compute it.
    pub(crate) fn read<R>(&self, operator: &dyn Operator<T>, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        if let Some(kept) = self.kept[j].get() {
            return with(kept);
        }
        // Not computed under a lock: a product shared among threads may have this one take up other work meanwhile,
        // which may ask for the same column and would wait for itself.
        let n = self.kept.len();
        let mut column = vec![T::ZERO; n];
        operator.gram_columns(&[j], MatMut::from_column_major_slice_mut(&mut column, n, 1));
        let done = with(&column);
        if check_products(operator).is_ok() {
            self.keep(j, column);
        }
        done
    }

    /// Copies the Gram columns of `support` to `out`; those that are missing are computed in one pass.
    pub(crate) fn copy(&self, operator: &dyn Operator<T>, support: &[usize], mut out: MatMut<'_, T>) {
        let missing: Vec<usize> = support.iter().copied().filter(|&j| self.kept[j].get().is_none()).collect();
        let mut computed = Mat::zeros(self.kept.len(), missing.len());
        if !missing.is_empty() {
            operator.gram_columns(&missing, computed.as_mut());
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
        if check_products(operator).is_err() {
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
    use crate::operator::DenseOperator;
    use crate::random::{gaussian_matrix, stream};

    /// An operator whose Gram columns are shared among threads, as those of a large matrix: the thread that computes one
    /// takes up other work meanwhile.
    struct Sharing<'a>(DenseOperator<'a, f64>);

    impl Operator<f64> for Sharing<'_> {
        fn nrows(&self) -> usize {
            self.0.nrows()
        }
        fn ncols(&self) -> usize {
            self.0.ncols()
        }
        fn apply(&self, x: &[f64], y: &mut [f64]) {
            self.0.apply(x, y);
        }
        fn apply_adjoint(&self, y: &[f64], x: &mut [f64]) {
            self.0.apply_adjoint(y, x);
        }
        fn gram_columns(&self, support: &[usize], out: MatMut<'_, f64>) {
            rayon::yield_now();
            self.0.gram_columns(support, out);
        }
    }

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let a = gaussian_matrix::<f64>(&mut stream(1, 0, 0), 6, 9);
            let (operator, shared) = (Sharing(DenseOperator::new(a.as_ref())), SharedGram::new(9, usize::MAX));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let ask = |_: &rayon::Scope<'_>| assert_eq!(shared.read(&operator, 5, <[f64]>::len), 9);
            pool.scope(|scope| (0..4).for_each(|_| scope.spawn(ask)));
            sender.send(shared.read(&operator, 5, <[f64]>::to_vec)).unwrap();
        });
        let column = receiver.recv_timeout(std::time::Duration::from_secs(60)).expect("it waits for itself");
        assert_eq!(column.len(), 9);
    }
}
