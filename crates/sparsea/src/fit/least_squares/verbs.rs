//! What the engine does for a point: fit it, tell its ‖y − A x‖ and its Aᴴ(y − A x).

use super::SupportFit;
use super::plan::COSTS;
use super::source::Source;
use crate::counts::Counts;
use crate::fit::Fit;
use crate::fit::System;
use crate::fit::point::{Point, ResidualNorm, length};
use crate::kernels::{norm, norm_squared, subtract_combination_shared};
use crate::scalar::Scalar;
use crate::tolerance::{CORRELATION_ROUNDING, FIT, GRAM_ROUNDING, RESIDUAL_CANCELLATION, RESIDUAL_ROUNDING};

impl<T: Scalar> Fit<T> for SupportFit<T> {
    /// Minimises ‖y − A_S x‖ over the coefficients on the support of a point; y − A x may become known on the way.
    fn fit(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        let Point { support, values, residual, .. } = point;
        if !self.fit_on(system, support, values, residual.compute()) {
            residual.forget();
        }
    }

    fn form_residual(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if !point.residual.is_known() {
            self.form_residual_on(system, &point.support, &point.values, point.residual.compute());
        }
    }

    fn residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        if let Some(ResidualNorm { norm, .. }) = point.norm {
            return norm;
        }
        if point.is_fitted() && !point.residual.is_known() {
            if let Some(known) = self.explained(system, point) {
                point.norm = Some(known);
                return known.norm;
            }
            self.improve(system, point);
        }
        self.formed_residual_norm(system, point)
    }

    fn residual_norm_of(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) -> f64 {
        let mut image = std::mem::take(&mut self.image);
        self.form_residual_on(system, support, values, &mut image);
        self.image = image;
        norm(&self.image)
    }

    /// Makes Aᴴ(y − A x) of a point known; after a fit it is exactly 0 on the support.
    fn correlate(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if point.correlation.is_known() {
            return;
        }
        self.residual_norm(system, point);
        loop {
            self.compute_correlation(system, point);
            // The guard against drift of the factor: what should vanish on the support is known now. A residual that
            // was formed has been through the accurate path already.
            if !point.is_fitted() || point.residual.is_known() || is_orthogonal(system, point) {
                break;
            }
            self.improve(system, point);
            point.norm = Some(ResidualNorm::formed(norm(point.residual.get())));
        }
        if point.is_fitted() {
            let correlation = point.correlation.compute();
            for &j in &point.support {
                correlation[j] = T::ZERO;
            }
        }
    }

    fn curvature_along(&mut self, system: &System<'_, T>, _point: &Point<T>, columns: &[usize], values: &[T]) -> f64 {
        self.counts.applies += 1;
        self.image.resize(system.data.len(), T::ZERO);
        system.operator.apply_sparse(columns, values, &mut self.image);
        norm_squared(&self.image)
    }

    fn drop_costs(&mut self, system: &System<'_, T>, point: &Point<T>, out: &mut Vec<f64>) {
        let norms = &system.column_norms;
        out.clear();
        out.extend(point.support.iter().zip(&point.values).map(|(&j, x)| x.abs2() * norms[j] * norms[j]));
    }

    fn largest_curvature(&mut self, _system: &System<'_, T>, _point: &Point<T>) -> f64 {
        1.0
    }

    fn quadratic(&mut self) -> &mut SupportFit<T> {
        self
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl<T: Scalar> SupportFit<T> {
    /// Improves a fit by normal equations whose y − A x turned out not to be orthogonal enough, or must be known better than
    /// they tell.
    fn improve(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        self.improve_on(system, &point.support, &mut point.values, point.residual.compute());
    }

    /// ‖y − A x‖ of the latest fit, made by normal equations, without forming y − A x; `None` when too much would cancel.
    fn explained(&self, system: &System<'_, T>, point: &Point<T>) -> Option<ResidualNorm> {
        let (mut explained, mut length) = (0.0, 0.0);
        for (&j, x) in point.support.iter().zip(&point.values) {
            let b = system.data_correlation[j];
            explained += (Scalar::conj(*x) * b).real();
            length += Scalar::abs(*x) * Scalar::abs(b);
        }
        let data_square = system.data_norm * system.data_norm;
        let square = data_square - explained;
        let subtracted = data_square + length;
        // An error of x counts by its product with y; that of rounding x is in A x as well.
        let error = self.error + RESIDUAL_ROUNDING * self.length;
        let off = (GRAM_ROUNDING * subtracted + error * system.data_norm) / square.sqrt();
        (square >= RESIDUAL_CANCELLATION * subtracted).then(|| ResidualNorm { norm: square.sqrt(), off: Some(off) })
    }

    fn compute_correlation(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        // Whatever else computes it makes it another.
        let known = std::mem::take(&mut self.nearby.known);
        let residual_norm = point.norm.map_or(0.0, |known| known.norm);
        let (support, values) = (&point.support[..], &point.values[..]);
        let correlation = point.correlation.compute();
        correlation.resize(system.operator.ncols(), T::ZERO);
        if support.is_empty() {
            correlation.copy_from_slice(&system.data_correlation);
            return;
        }
        // Sums of Gram columns are rounded relative to what is subtracted; r may be far smaller than that.
        let length = length(support, values, &system.column_norms);
        if CORRELATION_ROUNDING * length <= residual_norm {
            match &mut self.source {
                // Columns that are not at hand would each take more than the one product that is left.
                Source::Gram(cache)
                    if !(point.residual.is_known()
                        && system.operator.is_by_products()
                        && support.iter().any(|&j| !cache.was_asked(j))) =>
                {
                    let Some(new) = cache.ensure(system, support) else {
                        correlation.fill(T::ZERO);
                        return;
                    };
                    self.counts.columns += new as u64;
                    let cache = &*cache;
                    let column = |at: usize| cache.column(support[at]);
                    subtract_combination_shared(&system.data_correlation, column, values, correlation);
                    return;
                }
                Source::Clusters(_) => {
                    let product = system.operator.adjoint_cost();
                    if let Some(local) = system.operator.local()
                        && COSTS.nearby(local.reach(), support.len(), product)
                    {
                        self.nearby.known = known;
                        self.nearby.correlate(system, local, support, values, correlation);
                        return;
                    }
                }
                Source::Rows(rows) => {
                    if let Some(rows) = rows.wanted(&system.operator, support.len()) {
                        correlation.copy_from_slice(&system.data_correlation);
                        rows.subtract(&system.operator, support, values, correlation);
                        return;
                    }
                }
                Source::Gram(_) | Source::Products => {}
            }
        }
        if !point.residual.is_known() {
            self.form_residual_on(system, support, values, point.residual.compute());
        }
        self.counts.adjoints += 1;
        system.operator.apply_adjoint(point.residual.get(), correlation);
    }
}

/// Whether a correlation that should vanish on the support does, to the tolerance of a fit.
fn is_orthogonal<T: Scalar>(system: &System<'_, T>, point: &Point<T>) -> bool {
    let allowed = FIT * system.data_norm;
    let correlation = point.correlation.get();
    point.support.iter().all(|&j| Scalar::abs(correlation[j]) <= allowed * system.column_norms[j])
}
