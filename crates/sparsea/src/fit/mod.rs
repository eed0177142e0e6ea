//! How the best point on a support is found, and what is known of a point.
//!
//! Algorithms ask a [`Workspace`](crate::Workspace) for points; how they are found is known here only. Which way a problem is
//! fitted follows from its loss and its domain: [`engine`].

mod bounded;
mod joint;
pub(crate) mod least_squares;
mod newton;
pub(crate) mod point;

use std::sync::{Arc, OnceLock};

use crate::counts::Counts;
use crate::interrupt::Watch;
use crate::kernels::norm;
use crate::operator::{Access, SharedGram};
use crate::problem::{Intervals, Loss, Region};
use crate::scalar::Scalar;
use bounded::Bounded;
use joint::{Joint, TakesTurns};
use least_squares::SupportFit;
use newton::Newton;
use point::{Point, ResidualNorm};

/// A, y, the loss, the domain, and what is known of them: everything a fit needs besides the support.
pub(crate) struct System<'a, T: Scalar> {
    pub(crate) operator: Access<'a, T>,
    pub(crate) data: &'a [T],
    /// The loss, unless it is the squared one.
    pub(crate) loss: Option<&'a dyn Loss<T>>,
    pub(crate) region: Region<'a, T>,
    /// The allowed values, if they are intervals and not all numbers.
    pub(crate) intervals: Option<Arc<Intervals>>,
    /// √(2F(0)), which is ‖y‖ for the squared loss.
    pub(crate) data_norm: f64,
    /// b = −Aᴴ ∇F(0), which is Aᴴ y for the squared loss.
    pub(crate) data_correlation: Vec<T>,
    /// ‖a_j‖ of each column as the algorithms see it.
    pub(crate) column_norms: Vec<f64>,
    /// Gram columns that moves through neighbouring supports have computed, if there are any.
    pub(crate) shared: OnceLock<SharedGram<T>>,
    /// Tells long work to give up.
    pub(crate) watch: Watch,
    /// Of I ⊗ A: A with each of its right-hand sides. Empty otherwise.
    pub(crate) sides: Vec<System<'a, T>>,
}

impl<'a, T: Scalar> System<'a, T> {
    /// That of A with the first of several right-hand sides, or of the only one.
    pub(crate) fn base(&self) -> &System<'a, T> {
        self.sides.first().unwrap_or(self)
    }
}

/// Finds the best point on a support, and what is to be known of a point. A residual is −∇F(A x), its norm √(2F(A x)): y − A x
/// and ‖y − A x‖ for the squared loss.
pub(crate) trait Fit<T: Scalar>: Send {
    /// Finds the best allowed coefficients on the support of a point. What else is found on the way becomes known.
    fn fit(&mut self, system: &System<'_, T>, point: &mut Point<T>);

    /// Makes the residual of a point known.
    fn form_residual(&mut self, system: &System<'_, T>, point: &mut Point<T>);

    /// The norm of the residual of a point.
    fn residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64;

    /// The same, computed from A. Default: that of the residual.
    fn formed_residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        if let Some(ResidualNorm { norm, off: None }) = point.norm {
            return norm;
        }
        self.form_residual(system, point);
        let norm = norm(point.residual.get());
        point.norm = Some(ResidualNorm::formed(norm));
        norm
    }

    /// The norm of the residual of any point, computed from A.
    fn residual_norm_of(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) -> f64;

    /// Makes Aᴴ r of a point known; after a fit over all numbers it is exactly 0 on the support.
    fn correlate(&mut self, system: &System<'_, T>, point: &mut Point<T>);

    /// vᴴ H v for the second derivative H of F(A x) at a point, and v with `values` on `columns`: ‖A v‖² for the squared loss.
    fn curvature_along(&mut self, system: &System<'_, T>, point: &Point<T>, columns: &[usize], values: &[T]) -> f64;

    /// The largest second derivative of F at a point: 1 for the squared loss.
    fn largest_curvature(&mut self, system: &System<'_, T>, point: &Point<T>) -> f64;

    /// `out` ← |x_j|² H_jj for the second derivative H of F(A x) at a point, for each column of its support.
    fn drop_costs(&mut self, system: &System<'_, T>, point: &Point<T>, out: &mut Vec<f64>);

    /// AᴴA.
    fn quadratic(&mut self) -> &mut SupportFit<T>;

    /// Where the cost is counted.
    fn counts(&self) -> &Counts;

    /// The same, to count.
    fn counts_mut(&mut self) -> &mut Counts {
        &mut self.quadratic().counts
    }
}

/// What fits a problem, on supports of up to `sparsity` columns: least squares by kept factors for the squared loss over all numbers or intervals, Newton's method for others.
pub(crate) fn engine<T: Scalar>(system: &System<'_, T>, sparsity: usize, memory: usize) -> Box<dyn Fit<T>> {
    let base = system.base();
    let sparsity = sparsity.div_ceil(system.sides.len().max(1));
    let least_squares = SupportFit::new(base, sparsity, memory);
    if system.loss.is_none() && system.region.is_all() {
        of_sides(system, least_squares, sparsity)
    } else if system.loss.is_none() && system.intervals.is_some() {
        of_sides(system, Bounded::new(base, least_squares, sparsity), sparsity)
    } else {
        of_sides(system, Newton::new(least_squares), sparsity)
    }
}

/// An engine for A with one right-hand side as one for all.
fn of_sides<T: Scalar>(
    system: &System<'_, T>,
    engine: impl TakesTurns<T> + 'static,
    sparsity: usize,
) -> Box<dyn Fit<T>> {
    if system.sides.is_empty() { Box::new(engine) } else { Box::new(Joint::new(system, engine, sparsity)) }
}
