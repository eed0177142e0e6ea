//! An operator given by two functions, for A that is never a matrix.

use super::Operator;
use super::linear_map::measure_by_products;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::scalar::Scalar;

/// An operator made of two functions, `apply` (y ← A x) and `apply_adjoint` (x ← Aᴴ y).
///
/// Check the pair once with [`check_adjoint`](super::check_adjoint).
///
/// # Cost
/// That of the functions. A column takes one `apply`, a Gram column one of each; to run on unit columns all n column
/// norms are needed, which takes n calls unless [`with_column_norms`](Self::with_column_norms) states them.
pub struct FunctionOperator<F, G> {
    nrows: usize,
    ncols: usize,
    apply: F,
    apply_adjoint: G,
    column_norms: Option<Vec<f64>>,
    cost: Option<usize>,
}

impl<F, G> FunctionOperator<F, G> {
    /// Joins `apply(x, y)` and `apply_adjoint(y, x)`, each of which overwrites its second argument.
    pub fn new<T: Scalar>(nrows: usize, ncols: usize, apply: F, apply_adjoint: G) -> Self
    where
        F: Fn(&[T], &mut [T]) + Send + Sync,
        G: Fn(&[T], &mut [T]) + Send + Sync,
    {
        Self { nrows, ncols, apply, apply_adjoint, column_norms: None, cost: None }
    }

    /// States ‖a_j‖ for every column, so that they need not be computed. Whatever measures the columns, such as
    /// [`Problem::new`](crate::Problem::new), refuses norms that are not n, negative or not finite.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.column_norms = Some(norms);
        self
    }

    /// States how many multiply-adds one `apply_adjoint` takes; m n is assumed otherwise.
    #[must_use]
    pub fn with_cost(mut self, multiply_adds: usize) -> Self {
        self.cost = Some(multiply_adds);
        self
    }
}

impl<T, F, G> Operator<T> for FunctionOperator<F, G>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) + Send + Sync,
    G: Fn(&[T], &mut [T]) + Send + Sync,
{
    fn nrows(&self) -> usize {
        self.nrows
    }

    fn ncols(&self) -> usize {
        self.ncols
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        (self.apply)(x, y);
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        (self.apply_adjoint)(y, x);
    }

    fn column_norms(&self) -> Vec<f64> {
        // Without an interrupt nothing stops it.
        self.measure_columns(&Interrupt::default()).map(|(norms, _)| norms).unwrap_or_default()
    }

    fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        match &self.column_norms {
            Some(norms) => Ok((norms.clone(), 0)),
            None => measure_by_products(self, interrupt),
        }
    }

    fn adjoint_cost(&self) -> usize {
        self.cost.unwrap_or_else(|| self.nrows.saturating_mul(self.ncols))
    }
}

impl<F, G> std::fmt::Debug for FunctionOperator<F, G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionOperator").field("nrows", &self.nrows).field("ncols", &self.ncols).finish()
    }
}
