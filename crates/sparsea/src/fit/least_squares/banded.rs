//! Least squares where columns overlap only their neighbours, but for their parts in the span of a few vectors.

use super::clusters::{Clusters, Fitted, Target};
use crate::fit::System;
use crate::kernels::{axpy, dot, norm};
use crate::operator::Access;
use crate::scalar::Scalar;
use crate::tolerance::{EXCESS, FIT};

/// Fits by clusters, of y and of the vectors that are projected off.
#[derive(Debug, Default)]
pub(crate) struct Banded<T> {
    data: Clusters<T>,
    beside: Option<Beside<T>>,
}

/// What is known of the vectors q that are projected off.
#[derive(Debug)]
struct Beside<T> {
    /// Norms of the columns of A without the projection, and Aᴴ q for each q.
    column_norms: Vec<f64>,
    products: Vec<Vec<T>>,
    /// Fits of each q.
    fits: Vec<Clusters<T>>,
    values: Vec<Vec<T>>,
}

/// Corrections of a fit by its residual at most.
const CORRECTIONS: usize = 3;
/// sin² of the angle between a vector that is projected off and the span of the columns and of those before it: below, it is left to
/// methods that do not fit both one after the other.
const LEAST_SINE_SQUARED: f64 = 1e-8;

impl<T: Scalar> Banded<T> {
    /// Minimises ‖y − A_S x‖ for the sorted `support`; see [`Clusters::fit`]. `None` where that is not the way.
    pub(crate) fn fit(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        error: f64,
    ) -> Option<Fitted> {
        if let Some(local) = system.operator.local() {
            let target = Target {
                operator: &system.operator,
                column_norms: &system.column_norms,
                data: system.data,
                correlation: &system.data_correlation,
            };
            return self.data.fit(&target, local, support, values, error);
        }
        let operator = system.operator.beneath(system.operator.shared_scales())?;
        let error = error / system.data_norm.max(f64::MIN_POSITIVE);
        let mut x = vec![];
        let (data, correlation) = (system.data, &system.data_correlation[..]);
        let mut fitted = self.fit_beside(system, &operator, support, (data, correlation), error, &mut x)?;
        // Until the residual is orthogonal to the columns: with small pivots of the vectors beside, once is not enough.
        let (mut residual, mut pulls) = (vec![T::ZERO; data.len()], vec![T::ZERO; support.len()]);
        for correction in 0..=CORRECTIONS {
            system.operator.apply_sparse(support, &x, &mut residual);
            residual.iter_mut().zip(data).for_each(|(r, &y)| *r = y - *r);
            system.operator.apply_adjoint_on(support, &residual, &mut pulls);
            let allowed = FIT * system.data_norm;
            if support.iter().zip(&pulls).all(|(&j, pull)| Scalar::abs(*pull) <= allowed * system.column_norms[j]) {
                values.clear();
                values.extend_from_slice(&x);
                return Some(fitted);
            }
            if correction < CORRECTIONS {
                let mut step = vec![];
                let more = self.correct(system, support, &residual, &pulls, &mut step)?;
                fitted.clusters += more.clusters;
                x.iter_mut().zip(&step).for_each(|(x, &d)| *x += d);
            }
        }
        None
    }

    /// Minimises ‖r − A_S d‖ for other data r than y, given A_Sᴴ r.
    pub(crate) fn correct(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        residual: &[T],
        pulls: &[T],
        step: &mut Vec<T>,
    ) -> Option<Fitted> {
        let mut correlation = vec![T::ZERO; system.operator.ncols()];
        support.iter().zip(pulls).for_each(|(&j, &pull)| correlation[j] = pull);
        // What is known of the fit of y is not that of r.
        let known = std::mem::take(&mut self.data);
        let fitted = match system.operator.beneath(system.operator.shared_scales()) {
            Some(operator) => self.fit_beside(system, &operator, support, (residual, &correlation), EXCESS, step),
            None => system.operator.local().and_then(|local| {
                let (operator, column_norms) = (&system.operator, &system.column_norms[..]);
                let target = Target { operator, column_norms, data: residual, correlation: &correlation };
                self.data.fit(&target, local, support, step, EXCESS * norm(residual))
            }),
        };
        self.data = known;
        fitted
    }

    /// argmin ‖P (y − A_S x)‖ for P y = y: with the residuals of y and of each q after their fits on A_S, those of the q are taken out
    /// of that of y.
    fn fit_beside(
        &mut self,
        system: &System<'_, T>,
        operator: &Access<'_, T>,
        support: &[usize],
        (data, correlation): (&[T], &[T]),
        error: f64,
        values: &mut Vec<T>,
    ) -> Option<Fitted> {
        let (local, projected) = (operator.local()?, system.operator.projected()?);
        let basis = projected.basis();
        let beside = self.beside.get_or_insert_with(|| Beside::new(operator, projected.products()));
        let column_norms = &beside.column_norms[..];
        let target = Target { operator, column_norms, data, correlation };
        let mut fitted = self.data.fit(&target, local, support, values, error * norm(data))?;
        let left = |data: &[T], values: &[T]| {
            let mut left = vec![T::ZERO; data.len()];
            operator.apply_sparse(support, values, &mut left);
            left.iter_mut().zip(data).for_each(|(r, &y)| *r = y - *r);
            left
        };
        let mut residual = left(data, values);
        // Those of the q, orthonormal, and what they take of the fits of the q.
        let mut known: Vec<(Vec<T>, Vec<T>)> = vec![];
        let each = basis.iter().zip(&beside.products).zip(beside.fits.iter_mut().zip(&mut beside.values));
        for ((q, correlation), (clusters, values)) in each {
            let target = Target { operator, column_norms, data: q, correlation };
            let more = clusters.fit(&target, local, support, values, error)?;
            fitted.clusters += more.clusters;
            fitted.by_qr += more.by_qr;
            let (mut rest, mut values) = (left(q, values), values.clone());
            for _ in 0..2 {
                for (other, taken) in &known {
                    let part = dot(other, &rest);
                    axpy(-part, other, &mut rest);
                    axpy(-part, taken, &mut values);
                }
            }
            let length = norm(&rest);
            if length * length <= LEAST_SINE_SQUARED {
                return None;
            }
            rest.iter_mut().for_each(|v| *v = v.scale(length.recip()));
            values.iter_mut().for_each(|v| *v = v.scale(length.recip()));
            fitted.error = fitted.error.hypot(more.error * norm(data) / length);
            known.push((rest, values));
        }
        for (direction, taken) in &known {
            let part = dot(direction, &residual);
            axpy(-part, direction, &mut residual);
            axpy(-part, taken, values);
        }
        Some(fitted)
    }
}

impl<T: Scalar> Beside<T> {
    fn new(operator: &Access<'_, T>, products: &[Vec<T>]) -> Self {
        let scaled = |product: &Vec<T>| -> Vec<T> {
            product.iter().enumerate().map(|(j, c)| c.scale(operator.scale_of(j))).collect()
        };
        Self {
            column_norms: operator.column_norms(),
            products: products.iter().map(scaled).collect(),
            fits: products.iter().map(|_| Clusters::default()).collect(),
            values: vec![vec![]; products.len()],
        }
    }
}
