//! An operator given by two functions, for an A that is never a matrix.

use super::{LinearMap, OperatorError, Profile};
use crate::scalar::Scalar;

/// An operator made of two functions, `apply` (y ← A x) and `apply_adjoint` (x ← Aᴴ y).
///
/// Check the pair once with [`check_adjoint`](super::check_adjoint).
///
/// # Cost
/// The cost of the functions. A column takes one `apply`, a Gram column one call of each. Unit columns need all n column norms. Unless
/// [`with_column_norms`](Self::with_column_norms) supplies them, they take n calls for up to 2048 columns, and 48 to 272 calls for more,
/// which estimate them (see [`Problem::new`](crate::Problem::new)).
pub struct FunctionOperator<F, G> {
    nrows: usize,
    ncols: usize,
    apply: F,
    apply_adjoint: G,
    profile: Profile,
}

impl<F, G> FunctionOperator<F, G> {
    /// Makes an operator of `apply(x, y)` and `apply_adjoint(y, x)`, each of which overwrites its second argument.
    pub fn new<T: Scalar>(nrows: usize, ncols: usize, apply: F, apply_adjoint: G) -> Self
    where
        F: Fn(&[T], &mut [T]) + Send + Sync,
        G: Fn(&[T], &mut [T]) + Send + Sync,
    {
        Self { nrows, ncols, apply, apply_adjoint, profile: Profile::default() }
    }

    /// Supplies ‖a_j‖ for every column, so that the norms need not be computed. Functions that measure columns, such as
    /// [`Problem::new`](crate::Problem::new), refuse norms that are not n in number, negative or not finite.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.profile = self.profile.with_column_norms(norms);
        self
    }

    /// Sets the number of multiply-adds of one `apply_adjoint`. Default: m n.
    #[must_use]
    pub fn with_cost(mut self, multiply_adds: usize) -> Self {
        self.profile = self.profile.with_cost(multiply_adds);
        self
    }
}

impl<T, F, G> LinearMap<T> for FunctionOperator<F, G>
where
    T: Scalar,
    F: Fn(&[T], &mut [T]) + Send + Sync,
    G: Fn(&[T], &mut [T]) + Send + Sync,
{
    fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        (self.apply)(x, y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        (self.apply_adjoint)(y, x);
        Ok(())
    }

    fn profile(&self) -> Profile {
        self.profile.clone()
    }
}

impl<F, G> std::fmt::Debug for FunctionOperator<F, G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionOperator").field("nrows", &self.nrows).field("ncols", &self.ncols).finish()
    }
}
