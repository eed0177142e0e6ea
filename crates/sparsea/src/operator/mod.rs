//! The linear operator A, in every form it is given: dense, sparse, convolution, a pair of functions.
//!
//! Two methods make an operator, [`apply`](Operator::apply) and [`apply_adjoint`](Operator::apply_adjoint); the others
//! have correct defaults built on these two, which a form that knows better overrides.

mod cached_gram;
mod centered;
mod check;
mod convolution;
mod dense;
mod fourier;
mod function;
mod normalized;
pub mod pulse;
mod sparse;

use faer::{ColMut, MatMut};

use crate::kernels;
use crate::scalar::Scalar;

pub use cached_gram::CachedGram;
pub use centered::Centered;
pub use check::check_adjoint;
pub use convolution::{Boundary, Convolution};
pub use dense::DenseOperator;
pub use function::FunctionOperator;
pub use normalized::Normalized;
pub(crate) use normalized::inverse;
pub use sparse::{SparseOperator, from_compressed_rows};

/// A linear map A from Tⁿ to Tᵐ.
///
/// Slices passed in have exactly the lengths stated; an implementation may panic on others, and the library never
/// passes others. Results must not depend on the number of threads.
pub trait Operator<T: Scalar>: Send + Sync {
    /// Number of rows m, the length of y.
    fn nrows(&self) -> usize;

    /// Number of columns n, the length of x.
    fn ncols(&self) -> usize;

    /// y ← A x, overwriting `y` (length m) from `x` (length n).
    fn apply(&self, x: &[T], y: &mut [T]);

    /// x ← Aᴴ y, overwriting `x` (length n) from `y` (length m).
    fn apply_adjoint(&self, y: &[T], x: &mut [T]);

    /// `out` ← a_j, one column (length m). Default: A applied to a unit vector.
    fn column(&self, j: usize, out: &mut [T]) {
        let mut unit = vec![T::ZERO; self.ncols()];
        unit[j] = T::ONE;
        self.apply(&unit, out);
    }

    /// `out` ← A_S, the columns of `support` as a dense m × |S| block whose columns are contiguous.
    fn columns(&self, support: &[usize], out: MatMut<'_, T>) {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            self.column(j, contiguous(column));
        }
    }

    /// ‖a_j‖ for every column. Default: n columns, one after the other.
    fn column_norms(&self) -> Vec<f64> {
        let mut column = vec![T::ZERO; self.nrows()];
        (0..self.ncols())
            .map(|j| {
                self.column(j, &mut column);
                kernels::norm(&column)
            })
            .collect()
    }

    /// Σ_i w_i |a_ij|² for every column, with a weight for each row. Default: n columns, one after the other.
    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        let mut column = vec![T::ZERO; self.nrows()];
        (0..self.ncols())
            .map(|j| {
                self.column(j, &mut column);
                column.iter().zip(weights).map(|(v, w)| w * v.abs2()).sum()
            })
            .collect()
    }

    /// `out` ← Aᴴ A_S, whole columns of the Gram matrix as a dense n × |S| block whose columns are contiguous.
    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        let mut column = vec![T::ZERO; self.nrows()];
        for (&j, gram) in support.iter().zip(out.col_iter_mut()) {
            self.column(j, &mut column);
            self.apply_adjoint(&column, contiguous(gram));
        }
    }

    /// `out[t]` ← a_iᴴ a_j with i = `rows[t]`: a few entries of one Gram column.
    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        let mut column = vec![T::ZERO; self.nrows()];
        self.column(j, &mut column);
        self.apply_adjoint_on(rows, &column, out);
    }

    /// y ← A_S values, overwriting `y` (length m). Default: A applied to the vector with these entries.
    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        let mut x = vec![T::ZERO; self.ncols()];
        for (&j, &value) in support.iter().zip(values) {
            x[j] = value;
        }
        self.apply(&x, y);
    }

    /// `out` ← A_Sᴴ y (length |S|). Default: the entries of Aᴴ y on the support.
    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        let mut x = vec![T::ZERO; self.ncols()];
        self.apply_adjoint(y, &mut x);
        for (&j, out) in support.iter().zip(out) {
            *out = x[j];
        }
    }

    /// What is known of columns that overlap only their neighbours, if they do: on large problems fits then fall into
    /// independent clusters. Default: nothing.
    fn local(&self) -> Option<&dyn Local<T>> {
        None
    }

    /// Multiply-adds that one [`apply_adjoint`](Operator::apply_adjoint) takes, roughly. It decides whether Aᴴ r is
    /// computed by the operator or from cached columns of the Gram matrix. Default: m n.
    fn adjoint_cost(&self) -> usize {
        self.nrows().saturating_mul(self.ncols())
    }
}

/// An operator whose columns are non-zero in a few neighbouring rows each, further down from column to column.
pub trait Local<T> {
    /// The largest |i − j| at which columns i and j have a row in common.
    fn reach(&self) -> usize;

    /// Appends the part of column j in which it may be non-zero to `out`, and returns the row with which that begins. The
    /// first rows, and the last ones, of later columns are not above those of earlier ones.
    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize;
}

/// The memory of a column of a block, whose columns are contiguous by contract.
fn contiguous<T>(column: ColMut<'_, T>) -> &mut [T] {
    match column.try_as_col_major_mut() {
        Some(column) => column.as_slice_mut(),
        None => unreachable!("columns of a block are contiguous"),
    }
}

/// Forwards every method, so that references and boxes of operators are operators.
macro_rules! forward_operator {
    ($($pointer:tt)+) => {
        impl<T: Scalar, O: Operator<T> + ?Sized> Operator<T> for $($pointer)+ {
            fn nrows(&self) -> usize {
                (**self).nrows()
            }
            fn ncols(&self) -> usize {
                (**self).ncols()
            }
            fn apply(&self, x: &[T], y: &mut [T]) {
                (**self).apply(x, y);
            }
            fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
                (**self).apply_adjoint(y, x);
            }
            fn column(&self, j: usize, out: &mut [T]) {
                (**self).column(j, out);
            }
            fn columns(&self, support: &[usize], out: MatMut<'_, T>) {
                (**self).columns(support, out);
            }
            fn column_norms(&self) -> Vec<f64> {
                (**self).column_norms()
            }
            fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
                (**self).column_squares(weights)
            }
            fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
                (**self).gram_columns(support, out);
            }
            fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
                (**self).gram_entries(rows, j, out);
            }
            fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
                (**self).apply_sparse(support, values, y);
            }
            fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
                (**self).apply_adjoint_on(support, y, out);
            }
            fn local(&self) -> Option<&dyn Local<T>> {
                (**self).local()
            }
            fn adjoint_cost(&self) -> usize {
                (**self).adjoint_cost()
            }
        }
    };
}

forward_operator!(&O);
forward_operator!(Box<O>);
forward_operator!(std::sync::Arc<O>);
