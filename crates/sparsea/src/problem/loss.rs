//! What a fit minimises: F(A x) for data y.

use std::fmt::Debug;

use crate::error::Error;
use crate::scalar::Scalar;

/// A smooth convex loss F(z) ≥ 0 of z = A x for data y, in place of ½‖y − z‖²:
/// [`Problem::with_loss`](crate::Problem::with_loss).
///
/// F is the sum of a function of each z_i, which is 0 where z_i explains y_i perfectly, so that √(2F) takes the place of ‖y − A x‖
/// in solutions, comparisons and halting rules. Losses other than the squared one are for real data.
pub trait Loss<T: Scalar>: Debug + Send + Sync {
    /// F(z).
    fn value(&self, data: &[T], z: &[T]) -> f64;

    /// `out` ← −∇F(z), by which each z_i is pulled.
    fn pull(&self, data: &[T], z: &[T], out: &mut [T]);

    /// `out[i]` ← ∂²F/∂z_i², at least 0.
    fn curvature(&self, data: &[T], z: &[T], out: &mut [f64]);

    /// Refuses data for which F is not defined. Default: none.
    ///
    /// # Errors
    /// What is wrong with `data`, best as [`Error::Number`].
    fn check(&self, data: &[T]) -> Result<(), Error> {
        let _ = data;
        Ok(())
    }
}

/// The squared loss, ½‖y − z‖².
///
/// Problems have it unless another is named, and then an engine of their own fits, by factors that are kept from one support to the
/// next. Named as a [`Loss`] it is minimised as any other: by Newton's method.
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
