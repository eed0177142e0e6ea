//! Which coefficients are allowed.

use std::fmt::Debug;
use std::sync::Arc;

use crate::scalar::Scalar;

/// A closed convex set of allowed values for each coefficient, which contains 0:
/// [`Problem::with_domain`](crate::Problem::with_domain).
///
/// Coefficients are those of A, not of its columns scaled to unit norm.
pub trait Domain<T: Scalar>: Debug + Send + Sync {
    /// The allowed value of x_j that is nearest to `value`, for j = `column`.
    fn project(&self, column: usize, value: T) -> T;

    /// The part of `direction` in which x_j can leave 0. Default: that of a short step.
    fn leave_zero(&self, column: usize, direction: T) -> T {
        /// Shorter than any bound that is not 0. A power of two, which rounds nothing.
        const SHORT: f64 = 1.0 / LONG;
        const LONG: f64 = (1u128 << 127) as f64 * (1u128 << 127) as f64;
        self.project(column, direction.scale(SHORT)).scale(LONG)
    }
}

/// A domain in the scale of the algorithms, or all of T.
#[derive(Clone)]
pub(crate) struct Region<'a, T: Scalar> {
    pub(super) domain: Option<&'a dyn Domain<T>>,
    /// x_j of A for a coefficient of 1 of an algorithm; 0 for a column of zeros.
    pub(super) scales: Arc<[f64]>,
}

impl<T: Scalar> Region<'_, T> {
    /// All numbers.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self { domain: None, scales: Arc::default() }
    }

    /// Whether every value is allowed.
    pub(crate) fn is_all(&self) -> bool {
        self.domain.is_none()
    }

    /// The allowed value nearest to `value`.
    pub(crate) fn nearest(&self, column: usize, value: T) -> T {
        self.in_scale(column, value, |domain, value| domain.project(column, value))
    }

    /// The part of a direction in which a coefficient can leave 0.
    pub(crate) fn leave_zero(&self, column: usize, direction: T) -> T {
        self.in_scale(column, direction, |domain, direction| domain.leave_zero(column, direction))
    }

    /// By how much |v − x|² is less for the nearest allowed x than for x = 0; its root, which is |v| where all are allowed. The k
    /// largest are where the nearest k-sparse allowed vector is not zero.
    pub(crate) fn score(&self, column: usize, value: T) -> f64 {
        if self.is_all() {
            return Scalar::abs(value);
        }
        let gap = value - self.nearest(column, value);
        (value.abs2() - gap.abs2()).max(0.0).sqrt()
    }

    fn in_scale(&self, column: usize, value: T, work: impl FnOnce(&dyn Domain<T>, T) -> T) -> T {
        let Some(domain) = self.domain else { return value };
        let scale = self.scales[column];
        if scale > 0.0 { work(domain, value.scale(scale)).scale(scale.recip()) } else { T::ZERO }
    }
}
