//! An operator given by two functions, for A that is never a matrix.

use super::{LinearMap, OperatorError, Profile};
use crate::scalar::Scalar;

/// An operator made of two functions, `apply` (y ← A x) and `apply_adjoint` (x ← Aᴴ y).
///
/// Check the pair once with [`check_adjoint`](super::check_adjoint).
///
/// # Cost
/// That of the functions. A column takes one `apply`, a Gram column one of each. To run on unit columns all n column
/// norms are needed: n calls for up to 2048 columns, 48 to 272 for more, which estimate them
/// ([`Problem::new`](crate::Problem::new)), none if [`with_column_norms`](Self::with_column_norms) states them.
pub struct FunctionOperator<F, G> {
    nrows: usize,
    ncols: usize,
    apply: F,
    apply_adjoint: G,
    profile: Profile,
}

impl<F, G> FunctionOperator<F, G> {
    /// Joins `apply(x, y)` and `apply_adjoint(y, x)`, each of which overwrites its second argument.
    pub fn new<T: Scalar>(nrows: usize, ncols: usize, apply: F, apply_adjoint: G) -> Self
    where
        F: Fn(&[T], &mut [T]) + Send + Sync,
        G: Fn(&[T], &mut [T]) + Send + Sync,
    {
        Self { nrows, ncols, apply, apply_adjoint, profile: Profile::default() }
    }

    /// States ‖a_j‖ for every column, so that they need not be computed. Whatever measures the columns, such as
    /// [`Problem::new`](crate::Problem::new), refuses norms that are not n, negative or not finite.
    #[must_use]
    pub fn with_column_norms(mut self, norms: Vec<f64>) -> Self {
        self.profile = self.profile.with_column_norms(norms);
        self
    }

    /// States how many multiply-adds one `apply_adjoint` takes; m n is assumed otherwise.
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
