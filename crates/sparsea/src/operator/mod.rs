//! The linear operator A, in every form it is given: dense, sparse, convolution, a pair of functions.
//!
//! A [`LinearMap`] is what a user writes: a shape and two products, which may fail; [`Access`] makes it an [`Operator`].
//! The library's own forms are operators. Two methods make one, [`apply`](Operator::apply) and
//! [`apply_adjoint`](Operator::apply_adjoint); the others have correct defaults built on these two, which a form that knows
//! better overrides.

mod cached_gram;
mod centered;
mod check;
mod convolution;
mod dense;
mod fourier;
mod function;
mod linear_map;
mod norm;
mod normalized;
pub mod pulse;
mod shared_gram;
mod sparse;

use faer::{ColMut, MatMut};

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels;
use crate::scalar::Scalar;

pub use crate::failure::{Failure, OperatorError};
pub use cached_gram::CachedGram;
pub use centered::Centered;
pub use check::check_adjoint;
pub use convolution::{Boundary, Convolution};
pub use dense::DenseOperator;
pub use function::FunctionOperator;
pub(crate) use linear_map::check_products;
pub use linear_map::{Access, LinearMap, Profile};
pub(crate) use norm::norm_squared;
pub use normalized::Normalized;
pub(crate) use normalized::inverse;
pub(crate) use shared_gram::SharedGram;
pub use sparse::{SparseOperator, from_compressed_rows};

/// Multiply-adds from which on a product is shared among threads; sharing a smaller one costs more than it saves.
pub const SHARED_FROM: usize = 1 << 20;
/// Gram columns, or vectors of data, that are computed in one pass over a dense A: as many of its columns as stay in the
/// nearest caches meanwhile.
pub const TOGETHER: usize = 8;

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

    /// `out` ← Aᴴ Y for several vectors y (the columns of the n-row block `out` are contiguous), each with the bits that
    /// [`apply_adjoint`](Operator::apply_adjoint) gives it. Default: one after the other.
    fn apply_adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) {
        for (y, out) in ys.iter().zip(out.col_iter_mut()) {
            self.apply_adjoint(y, contiguous(out));
        }
    }

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

    /// ‖a_j‖ for every column and the products A x that it took, or [`Error::Stopped`] once `interrupt` says so. Default:
    /// [`column_norms`](Operator::column_norms), which is not interrupted.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        let _ = interrupt;
        Ok((self.column_norms(), 0))
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

    /// `out` ← Aᴴ A_S, whole columns of the Gram matrix as a dense n × |S| block whose columns are contiguous. The bits of
    /// each must not depend on the other columns asked for.
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

    /// Calls `visit(i, a_ij)` for the entries of column j that A stores, if it is sparse, and returns true. Supports are then
    /// correlated by the rows that their columns meet. Default: nothing, and false.
    fn sparse_column(&self, _j: usize, _visit: &mut dyn FnMut(usize, T)) -> bool {
        false
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

    /// Columns of the Gram matrix that [`gram_columns`](Operator::gram_columns) computes at hardly more than the cost of one,
    /// because it reads A once for all of them. Default: 1.
    fn gram_block(&self) -> usize {
        1
    }

    /// Where a product that failed leaves its error, if products can fail; of an operator that serves several runs, that of the
    /// run on this thread. Default: they cannot.
    fn failure(&self) -> Option<Failure> {
        None
    }
}

/// An operator whose columns are non-zero in a few neighbouring rows each, further down from column to column.
pub trait Local<T> {
    /// The largest |i − j| at which columns i and j have a row in common.
    fn reach(&self) -> usize;

    /// Appends the part of column j in which it may be non-zero to `out`, and returns the row with which that begins. The
    /// first rows, and the last ones, of later columns are not above those of earlier ones; rows are counted on beyond the last
    /// where columns are periodic.
    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize;

    /// m = n, if the column after the last is the first again, one period further down. Default: `None`.
    fn period(&self) -> Option<usize> {
        None
    }
}

/// The memory of a column of a block, whose columns are contiguous by contract.
pub(crate) fn contiguous<T>(column: ColMut<'_, T>) -> &mut [T] {
    match column.try_as_col_major_mut() {
        Some(column) => column.as_slice_mut(),
        None => unreachable!("columns of a block are contiguous"),
    }
}

/// Defines methods of [`Operator`] for the scalar T by those of another operator: all of them, or those listed. For an operator
/// that wraps another, inside its `impl`; the caller depends on `faer`.
///
/// ```
/// use sparsea::{DenseOperator, Operator, Scalar, forward_operator};
///
/// struct Named<'a, T: Scalar>(&'static str, DenseOperator<'a, T>);
///
/// impl<T: Scalar> Operator<T> for Named<'_, T> {
///     forward_operator!(T, self => &self.1);
/// }
/// # let a = faer::Mat::<f64>::identity(2, 3);
/// # assert_eq!(Named("A", DenseOperator::new(a.as_ref())).ncols(), 3);
/// ```
#[macro_export]
macro_rules! forward_operator {
    ($T:ty, $self:ident => $inner:expr) => {
        $crate::forward_operator!($T, $self => $inner; nrows ncols apply apply_adjoint apply_adjoint_block column columns
            column_norms measure_columns column_squares gram_columns gram_entries apply_sparse apply_adjoint_on sparse_column
            local adjoint_cost gram_block failure);
    };
    ($T:ty, $self:ident => $inner:expr; $($method:ident)+) => {
        $($crate::forward_operator!(@$method $T, $self, $inner);)+
    };
    (@nrows $T:ty, $self:ident, $inner:expr) => {
        fn nrows(&$self) -> usize {
            $crate::Operator::<$T>::nrows($inner)
        }
    };
    (@ncols $T:ty, $self:ident, $inner:expr) => {
        fn ncols(&$self) -> usize {
            $crate::Operator::<$T>::ncols($inner)
        }
    };
    (@apply $T:ty, $self:ident, $inner:expr) => {
        fn apply(&$self, x: &[$T], y: &mut [$T]) {
            $crate::Operator::<$T>::apply($inner, x, y);
        }
    };
    (@apply_adjoint $T:ty, $self:ident, $inner:expr) => {
        fn apply_adjoint(&$self, y: &[$T], x: &mut [$T]) {
            $crate::Operator::<$T>::apply_adjoint($inner, y, x);
        }
    };
    (@apply_adjoint_block $T:ty, $self:ident, $inner:expr) => {
        fn apply_adjoint_block(&$self, ys: &[&[$T]], out: ::faer::MatMut<'_, $T>) {
            $crate::Operator::<$T>::apply_adjoint_block($inner, ys, out);
        }
    };
    (@column $T:ty, $self:ident, $inner:expr) => {
        fn column(&$self, j: usize, out: &mut [$T]) {
            $crate::Operator::<$T>::column($inner, j, out);
        }
    };
    (@columns $T:ty, $self:ident, $inner:expr) => {
        fn columns(&$self, support: &[usize], out: ::faer::MatMut<'_, $T>) {
            $crate::Operator::<$T>::columns($inner, support, out);
        }
    };
    (@column_norms $T:ty, $self:ident, $inner:expr) => {
        fn column_norms(&$self) -> Vec<f64> {
            $crate::Operator::<$T>::column_norms($inner)
        }
    };
    (@measure_columns $T:ty, $self:ident, $inner:expr) => {
        fn measure_columns(&$self, interrupt: &$crate::Interrupt) -> Result<(Vec<f64>, u64), $crate::Error> {
            $crate::Operator::<$T>::measure_columns($inner, interrupt)
        }
    };
    (@column_squares $T:ty, $self:ident, $inner:expr) => {
        fn column_squares(&$self, weights: &[f64]) -> Vec<f64> {
            $crate::Operator::<$T>::column_squares($inner, weights)
        }
    };
    (@gram_columns $T:ty, $self:ident, $inner:expr) => {
        fn gram_columns(&$self, support: &[usize], out: ::faer::MatMut<'_, $T>) {
            $crate::Operator::<$T>::gram_columns($inner, support, out);
        }
    };
    (@gram_entries $T:ty, $self:ident, $inner:expr) => {
        fn gram_entries(&$self, rows: &[usize], j: usize, out: &mut [$T]) {
            $crate::Operator::<$T>::gram_entries($inner, rows, j, out);
        }
    };
    (@apply_sparse $T:ty, $self:ident, $inner:expr) => {
        fn apply_sparse(&$self, support: &[usize], values: &[$T], y: &mut [$T]) {
            $crate::Operator::<$T>::apply_sparse($inner, support, values, y);
        }
    };
    (@apply_adjoint_on $T:ty, $self:ident, $inner:expr) => {
        fn apply_adjoint_on(&$self, support: &[usize], y: &[$T], out: &mut [$T]) {
            $crate::Operator::<$T>::apply_adjoint_on($inner, support, y, out);
        }
    };
    (@sparse_column $T:ty, $self:ident, $inner:expr) => {
        fn sparse_column(&$self, j: usize, visit: &mut dyn FnMut(usize, $T)) -> bool {
            $crate::Operator::<$T>::sparse_column($inner, j, visit)
        }
    };
    (@local $T:ty, $self:ident, $inner:expr) => {
        fn local(&$self) -> Option<&dyn $crate::operator::Local<$T>> {
            $crate::Operator::<$T>::local($inner)
        }
    };
    (@adjoint_cost $T:ty, $self:ident, $inner:expr) => {
        fn adjoint_cost(&$self) -> usize {
            $crate::Operator::<$T>::adjoint_cost($inner)
        }
    };
    (@gram_block $T:ty, $self:ident, $inner:expr) => {
        fn gram_block(&$self) -> usize {
            $crate::Operator::<$T>::gram_block($inner)
        }
    };
    (@failure $T:ty, $self:ident, $inner:expr) => {
        fn failure(&$self) -> Option<$crate::operator::Failure> {
            $crate::Operator::<$T>::failure($inner)
        }
    };
}

impl<T: Scalar, O: Operator<T> + ?Sized> Operator<T> for &O {
    forward_operator!(T, self => *self);
}

impl<T: Scalar, O: Operator<T> + ?Sized> Operator<T> for Box<O> {
    forward_operator!(T, self => &**self);
}

impl<T: Scalar, O: Operator<T> + ?Sized> Operator<T> for std::sync::Arc<O> {
    forward_operator!(T, self => &**self);
}
