//! Deprecated names, with their replacements.
#![allow(deprecated)]

use std::sync::Arc;

use super::{Access, LinearMap, OperatorError, Profile, inverse};
use crate::kernels::norm;
use crate::scalar::Scalar;

/// The shape of a [`LinearMap`], by two methods.
#[deprecated(
    since = "0.2.0",
    note = "implement and use `LinearMap`; other methods are those of `Columns` and `Access`"
)]
pub trait Operator<T: Scalar>: LinearMap<T> {
    /// Number of rows m.
    fn nrows(&self) -> usize {
        self.shape().0
    }

    /// Number of columns n.
    fn ncols(&self) -> usize {
        self.shape().1
    }
}

impl<T: Scalar, M: LinearMap<T> + ?Sized> Operator<T> for M {}

/// A D with D = diag(1/‖a_j‖), by products. Zero columns stay zero.
#[deprecated(since = "0.2.0", note = "a `Problem` scales columns itself; elsewhere use `Access::scaled`")]
pub struct Normalized<'a, T: Scalar> {
    access: Access<'a, T>,
    scales: Arc<[f64]>,
}

impl<'a, T: Scalar> Normalized<'a, T> {
    /// Measures the columns of `inner` and scales them.
    pub fn new(inner: &'a dyn LinearMap<T>) -> Self {
        let access = Access::new(inner);
        let mut norms = access.column_norms();
        if norms.len() != access.ncols() {
            // Stated by the map, and of another: see `FunctionOperator::with_column_norms`.
            norms = measured(&access);
        }
        let scales: Arc<[f64]> = norms.into_iter().map(inverse).collect();
        Self { access: access.scaled(scales.clone()), scales }
    }

    /// The factors 1/‖a_j‖ (0 for a zero column).
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// x_S ← D_S z_S: coefficients for A from coefficients for A D.
    pub fn unscale(&self, support: &[usize], values: &mut [T]) {
        for (&j, value) in support.iter().zip(values) {
            *value = value.scale(self.scales[j]);
        }
    }
}

/// ‖a_j‖ of every column, one after the other.
fn measured<T: Scalar>(access: &Access<'_, T>) -> Vec<f64> {
    let mut column = vec![T::ZERO; access.nrows()];
    let norm_of = |j| {
        access.column(j, &mut column);
        norm(&column)
    };
    (0..access.ncols()).map(norm_of).collect()
}

impl<T: Scalar> LinearMap<T> for Normalized<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.access.nrows(), self.access.ncols())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.access.apply(x, y);
        self.access.outcome()
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.access.apply_adjoint(y, x);
        self.access.outcome()
    }

    fn profile(&self) -> Profile {
        let norms = self.scales.iter().map(|&d| f64::from(d > 0.0)).collect();
        Profile::default().with_column_norms(norms).with_cost(self.access.adjoint_cost())
    }
}

/// Formerly an operator whose Gram columns were cached for several problems. It now only forwards to that operator.
#[deprecated(since = "0.2.0", note = "keep Gram columns by `Problem::share_gram`; this wrapper keeps none")]
pub struct CachedGram<'a, T: Scalar> {
    inner: &'a dyn LinearMap<T>,
}

impl<'a, T: Scalar> CachedGram<'a, T> {
    /// Forwards to `inner`.
    pub fn new(inner: &'a dyn LinearMap<T>, _memory: usize) -> Self {
        Self { inner }
    }
}

impl<'a, T: Scalar> std::ops::Deref for CachedGram<'a, T> {
    type Target = dyn LinearMap<T> + 'a;

    fn deref(&self) -> &Self::Target {
        self.inner
    }
}
