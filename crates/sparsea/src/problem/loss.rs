//! Losses: the function F(A x) that a fit minimises for data y.

use std::fmt::Debug;

use crate::error::Error;
use crate::scalar::Scalar;

/// A smooth convex loss F(z) ≥ 0 of z = A x for data y, in place of ½‖y − z‖²: see [`Problem::with_loss`](crate::Problem::with_loss).
///
/// F is a sum of functions of each z_i. Each function is 0 where z_i explains y_i perfectly, so √(2F) takes the place of ‖y − A x‖ in
/// solutions, comparisons and halting rules. Losses other than the squared one are for real data.
pub trait Loss<T: Scalar>: Debug + Send + Sync {
    /// F(z).
    fn value(&self, data: &[T], z: &[T]) -> f64;

    /// `out` ← −∇F(z).
    fn pull(&self, data: &[T], z: &[T], out: &mut [T]);

    /// `out[i]` ← ∂²F/∂z_i², at least 0.
    fn curvature(&self, data: &[T], z: &[T], out: &mut [f64]);

    /// Refuses data for which F is not defined. Default: refuses nothing.
    ///
    /// # Errors
    /// What is wrong with `data`, preferably an [`Error::Number`].
    fn check(&self, data: &[T]) -> Result<(), Error> {
        let _ = data;
        Ok(())
    }
}

/// The squared loss, ½‖y − z‖².
///
/// It is the default, and problems with the default are fitted by a dedicated engine, which updates factors from one support to the next.
/// If it is passed to [`Problem::with_loss`](crate::Problem::with_loss), it is minimised like any other loss, by Newton's method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Squared;

impl<T: Scalar> Loss<T> for Squared {
    fn value(&self, data: &[T], z: &[T]) -> f64 {
        0.5 * data.iter().zip(z).map(|(&y, &z)| (y - z).abs2()).sum::<f64>()
    }

    fn pull(&self, data: &[T], z: &[T], out: &mut [T]) {
        for ((out, &y), &z) in out.iter_mut().zip(data).zip(z) {
            *out = y - z;
        }
    }

    fn curvature(&self, _data: &[T], _z: &[T], out: &mut [f64]) {
        out.fill(1.0);
    }
}
