//! The same operator with its Gram columns kept, for many problems that share it.

use faer::MatMut;

use super::{Operator, SharedGram};
use crate::forward_operator;
use crate::scalar::Scalar;

/// Any operator with the columns of its Gram matrix AᴴA kept once computed, for problems that differ in their data only,
/// on as many threads as wanted.
///
/// The bits of a column depend neither on who asked first nor on what is kept. When the memory is full, further columns are
/// computed each time.
///
/// # Cost
/// That of the operator; a Gram column that is kept takes a copy of n numbers.
pub struct CachedGram<'a, T: Scalar> {
    inner: &'a dyn Operator<T>,
    gram: SharedGram<T>,
}

impl<'a, T: Scalar> CachedGram<'a, T> {
    /// Keeps as many Gram columns of `inner` as fit in `memory` bytes.
    pub fn new(inner: &'a dyn Operator<T>, memory: usize) -> Self {
        Self { inner, gram: SharedGram::new(inner.ncols(), memory) }
    }

    /// Columns that are kept now.
    pub fn kept(&self) -> usize {
        self.gram.kept()
    }
}

impl<T: Scalar> Operator<T> for CachedGram<'_, T> {
    // Entries too are the operator's even where their column is kept, so that the bits do not depend on that.
    forward_operator!(T, self => self.inner; nrows ncols apply apply_adjoint apply_adjoint_block column columns
        column_norms measure_columns column_squares gram_entries apply_sparse apply_adjoint_on sparse_column local adjoint_cost
        gram_block failure);

    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.gram.copy(self.inner, support, out);
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
    use crate::operator::DenseOperator;
    use crate::random::{gaussian_matrix, stream};

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
