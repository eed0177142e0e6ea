//! Fits of any loss and domain, by Newton's method with projections.

use super::least_squares::{Orthogonal, SupportFit};
use super::point::{Point, ResidualNorm};
use super::{Fit, System};
use crate::counts::Counts;
use crate::kernels::{dot, norm_squared};
use crate::operator::{Access, DenseOperator};
use crate::problem::{Loss, Squared};
use crate::scalar::Scalar;
use crate::tolerance::{CURVATURE_FLOOR, NEWTON_BLIND, NEWTON_DECREASE, NEWTON_END};

/// Steps at most. From x = 0 the losses of the field take ten or so.
const STEPS: usize = 100;
/// Times a step is halved at most.
const HALVED: usize = 40;

/// Minimises F(A_S x) over allowed x.
///
/// Coefficients that the domain stops move along their scaled gradient, the others by Newton's step, and all are projected
/// (Bertsekas 1982, DOI 10.1137/0320018). Newton's step is the least-squares fit of W^(−½) r on W^½ A_S with the curvatures W, by
/// an orthonormal basis: columns that depend on those of lower index keep the coefficient 0.
///
/// # Cost
/// 4 m |S|² multiply-adds a step, always from x = 0, so that the point depends on the support alone.
pub(super) struct Newton<T: Scalar> {
    /// For AᴴA, and to count.
    gram: SupportFit<T>,
    orthogonal: Orthogonal<T>,
    /// A x.
    image: Vec<T>,
    curvature: Vec<f64>,
    /// A_S, column by column.
    columns: Vec<T>,
    /// W^½ A_S.
    weighted: Vec<T>,
    residual: Vec<T>,
    trial: Vec<T>,
}

impl<T: Scalar> Newton<T> {
    pub(super) fn new(gram: SupportFit<T>) -> Self {
        let (image, curvature, columns, weighted) = (vec![], vec![], vec![], vec![]);
        let (residual, trial) = (vec![], vec![]);
        Self { gram, orthogonal: Orthogonal::default(), image, curvature, columns, weighted, residual, trial }
    }

    /// `image` ← A x.
    fn form_image(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) {
        self.gram.counts.applies += 1;
        self.image.resize(system.data.len(), T::ZERO);
        system.operator.apply_sparse(support, values, &mut self.image);
    }

    /// `curvature` ← W at `image`, away from zero so that its inverse has a root.
    fn form_curvature(&mut self, system: &System<'_, T>) {
        self.curvature.resize(system.data.len(), 0.0);
        loss(system).curvature(system.data, &self.image, &mut self.curvature);
        let largest = self.curvature.iter().copied().fold(0.0, f64::max);
        let floor = if largest > 0.0 { CURVATURE_FLOOR * largest } else { 1.0 };
        self.curvature.iter_mut().for_each(|w| *w = w.max(floor));
    }

    /// The step d from `values`, for the pull g = A_Sᴴ r in `gradient`.
    fn direction(&mut self, system: &System<'_, T>, support: &[usize], values: &[T], gradient: &[T]) -> Vec<T> {
        let m = system.data.len();
        self.weighted.clear();
        self.weighted.extend_from_slice(&self.columns);
        for column in self.weighted.chunks_mut(m) {
            column.iter_mut().zip(&self.curvature).for_each(|(a, w)| *a = a.scale(w.sqrt()));
        }
        let mut direction = vec![T::ZERO; support.len()];
        let mut free = Vec::with_capacity(support.len());
        for (at, column) in self.weighted.chunks(m).enumerate() {
            let square = norm_squared(column);
            if square == 0.0 {
                continue;
            }
            direction[at] = gradient[at].scale(1.0 / square);
            let stopped = system.region.nearest(support[at], values[at] + direction[at]) - values[at];
            if Scalar::abs(stopped) >= 0.5 * Scalar::abs(direction[at]) {
                free.push(at);
            }
        }
        let right: Vec<T> = self.residual.iter().zip(&self.curvature).map(|(r, w)| r.scale(1.0 / w.sqrt())).collect();
        let Ok(weighted) = DenseOperator::from_column_major(&self.weighted, m, support.len()) else { return direction };
        let mut step = vec![];
        self.orthogonal.step(&Access::new(&weighted), &right, &free, &mut step);
        free.iter().zip(step).for_each(|(&at, d)| direction[at] = d);
        direction
    }

    /// Minimises F(A_S x); x = 0 if it is to be given up.
    fn minimise(&mut self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>) {
        let (m, scale) = (system.data.len(), system.data_norm);
        values.clear();
        values.resize(support.len(), T::ZERO);
        self.columns.resize(m * support.len(), T::ZERO);
        let block = faer::MatMut::from_column_major_slice_mut(&mut self.columns, m, support.len());
        system.operator.columns(support, block);
        self.form_image(system, support, values);
        let mut value = loss(system).value(system.data, &self.image);
        let (mut idle, mut last) = (0, f64::INFINITY);
        for _ in 0..STEPS {
            if system.watch.stop() {
                values.fill(T::ZERO);
                return;
            }
            self.residual.resize(m, T::ZERO);
            loss(system).pull(system.data, &self.image, &mut self.residual);
            self.form_curvature(system);
            let gradient: Vec<T> = self.columns.chunks(m).map(|column| dot(column, &self.residual)).collect();
            let direction = self.direction(system, support, values, &gradient);
            let (mut length, mut moved) = (1.0, false);
            for _ in 0..HALVED {
                let trial = values.iter().zip(&direction).zip(support);
                let trial = trial.map(|((&x, d), &j)| system.region.nearest(j, x + d.scale(length)));
                self.trial.clear();
                self.trial.extend(trial);
                let steps = self.trial.iter().zip(&*values).zip(&gradient);
                let predicted: f64 = steps.map(|((&new, &old), g)| (g.conj() * (new - old)).real()).sum();
                // Whoever predicts nothing has arrived.
                if length == 1.0 && predicted <= (NEWTON_END * scale).powi(2) {
                    return;
                }
                let trial = std::mem::take(&mut self.trial);
                self.form_image(system, support, &trial);
                self.trial = trial;
                let found = loss(system).value(system.data, &self.image);
                // Where F cannot tell for rounding, Newton's steps converge by themselves, or not at all.
                let blind = predicted <= NEWTON_BLIND * value && found.is_finite();
                if blind || found <= value - NEWTON_DECREASE * predicted {
                    idle += u32::from(blind && predicted > 0.5 * last);
                    last = predicted;
                    value = found;
                    std::mem::swap(values, &mut self.trial);
                    moved = true;
                    break;
                }
                length *= 0.5;
            }
            if !moved || idle > 1 {
                return;
            }
        }
    }
}

/// The loss, by name.
fn loss<'s, T: Scalar>(system: &System<'s, T>) -> &'s dyn Loss<T> {
    system.loss.unwrap_or(&Squared)
}

impl<T: Scalar> Fit<T> for Newton<T> {
    fn fit(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        self.minimise(system, &point.support, &mut point.values);
    }

    fn form_residual(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if !point.residual.is_known() {
            self.form_image(system, &point.support, &point.values);
            let residual = point.residual.compute();
            residual.resize(system.data.len(), T::ZERO);
            loss(system).pull(system.data, &self.image, residual);
        }
    }

    fn residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        self.formed_residual_norm(system, point)
    }

    fn formed_residual_norm(&mut self, system: &System<'_, T>, point: &mut Point<T>) -> f64 {
        if let Some(ResidualNorm { norm, .. }) = point.norm {
            return norm;
        }
        let norm = self.residual_norm_of(system, &point.support, &point.values);
        point.norm = Some(ResidualNorm::formed(norm));
        norm
    }

    fn residual_norm_of(&mut self, system: &System<'_, T>, support: &[usize], values: &[T]) -> f64 {
        self.form_image(system, support, values);
        (2.0 * loss(system).value(system.data, &self.image)).sqrt()
    }

    fn correlate(&mut self, system: &System<'_, T>, point: &mut Point<T>) {
        if point.correlation.is_known() {
            return;
        }
        self.form_residual(system, point);
        let correlation = point.correlation.compute();
        correlation.resize(system.operator.ncols(), T::ZERO);
        self.gram.counts.adjoints += 1;
        system.operator.apply_adjoint(point.residual.get(), correlation);
        if point.kind == super::point::Kind::Fitted && system.region.is_all() {
            point.support.iter().for_each(|&j| correlation[j] = T::ZERO);
        }
    }

    fn curvature_along(&mut self, system: &System<'_, T>, point: &Point<T>, columns: &[usize], values: &[T]) -> f64 {
        self.form_image(system, &point.support, &point.values);
        self.form_curvature(system);
        self.form_image(system, columns, values);
        self.image.iter().zip(&self.curvature).map(|(v, w)| w * v.abs2()).sum()
    }

    fn drop_costs(&mut self, system: &System<'_, T>, point: &Point<T>, out: &mut Vec<f64>) {
        self.form_image(system, &point.support, &point.values);
        self.form_curvature(system);
        out.clear();
        for (&j, x) in point.support.iter().zip(&point.values) {
            system.operator.column(j, &mut self.image);
            let diagonal: f64 = self.image.iter().zip(&self.curvature).map(|(v, w)| w * v.abs2()).sum();
            out.push(x.abs2() * diagonal);
        }
    }

    fn largest_curvature(&mut self, system: &System<'_, T>, point: &Point<T>) -> f64 {
        self.form_image(system, &point.support, &point.values);
        self.form_curvature(system);
        self.curvature.iter().copied().fold(0.0, f64::max)
    }

    fn quadratic(&mut self) -> &mut SupportFit<T> {
        &mut self.gram
    }

    fn counts(&self) -> &Counts {
        &self.gram.counts
    }
}
