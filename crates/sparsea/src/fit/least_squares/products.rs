//! Least squares by products with A and Aᴴ alone: conjugate gradients, for supports whose columns would each take two products.
//!
//! They are not those of a library, as they end by Aᴴ r computed from A, watch the interrupt between products, and tell the smallest
//! singular value of A_S as they go.

use super::SupportFit;
use super::plan::COSTS;
use crate::fit::System;
use crate::kernels::{axpy, norm, norm_squared};
use crate::scalar::Scalar;
use crate::tolerance::{CONJUGATE, FIT};

/// Products after which columns and a factor are taken instead, as that converges too slowly.
const MOST: u64 = 160;
/// Times that the residual is computed from A, and the search for a correction begins again.
const RESTARTS: usize = 4;

/// What fits by products have cost, and may cost.
#[derive(Debug, Default)]
pub(super) struct ByProducts<T> {
    /// Products of fits since columns were computed last.
    spent: u64,
    /// Whether one did not converge: then columns are nearly dependent, and the next would not either.
    failed: bool,
    /// The latest fit: its columns, and x for each column of A.
    support: Vec<usize>,
    known: Vec<T>,
    gradient: Vec<T>,
    step: Vec<T>,
    image: Vec<T>,
}

impl<T: Scalar> SupportFit<T> {
    /// Columns of the support that this run does not have at hand: each takes two products.
    fn missing(&self, support: &[usize]) -> usize {
        match self.source.gram() {
            Some(cache) => support.iter().filter(|&&j| !cache.was_asked(j)).count(),
            None => {
                let is_member = |j: &&usize| support.binary_search(j).is_ok();
                support.len() - self.factor.members().iter().filter(is_member).count()
            }
        }
    }

    /// Minimises ‖y − A_S x‖ by products; forms `residual`. False, having done nothing, where columns are cheaper or it does not
    /// converge.
    ///
    /// Conjugate gradients for AᴴA (Hestenes & Stiefel 1952, DOI 10.6028/jres.049.044), from the coefficients of the latest such fit.
    /// They end by Aᴴ r on the support, computed from A.
    pub(super) fn fit_by_products(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) -> bool {
        if !system.operator.is_by_products() || self.by_products.failed || support.len() < COSTS.conjugate_from {
            return false;
        }
        let missing = 2 * self.missing(support) as u64;
        // Columns are kept, products are not: once these have cost as much as the columns do, columns are taken.
        if missing < 2 * COSTS.conjugate_from as u64 || self.by_products.spent > missing {
            self.by_products.spent = 0;
            return false;
        }
        let mut work = std::mem::take(&mut self.by_products);
        let before = self.counts.applies + self.counts.adjoints;
        let done = self.conjugate(system, support, values, residual, &mut work);
        work.spent += self.counts.applies + self.counts.adjoints - before;
        work.failed = !done && !system.watch.stop();
        self.by_products = work;
        done
    }

    fn conjugate(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
        work: &mut ByProducts<T>,
    ) -> bool {
        let size = support.len();
        work.known.resize(system.operator.ncols(), T::ZERO);
        values.clear();
        values.extend(support.iter().map(|&j| work.known[j]));
        work.gradient.resize(size, T::ZERO);
        work.image.resize(system.data.len(), T::ZERO);
        let scale = system.data_norm;
        let (mut previous, mut products) = (f64::INFINITY, 0);
        // The smallest ‖A p‖²/‖p‖² of a direction p: about the square of the smallest singular value of A_S once that matters.
        let mut smallest = 1.0f64;
        let mut done = false;
        for _ in 0..RESTARTS {
            self.form_residual_on(system, support, values, residual);
            self.gradient_on(system, support, residual, &mut work.gradient);
            if system.watch.stop() {
                return false;
            }
            let largest = support.iter().zip(&work.gradient).map(|(&j, g)| Scalar::abs(*g) / system.column_norms[j]);
            let largest = largest.fold(0.0, f64::max);
            let gradient = norm(&work.gradient);
            // As good as rounding allows once it falls no further.
            let enough = (1e-3 * norm(residual)).clamp(4.0 * T::EPSILON * scale, FIT * scale);
            // About ‖A (x − x_exact)‖.
            let excess = gradient / smallest.sqrt();
            done = largest <= FIT * scale && excess <= FIT * scale;
            if done && (excess <= enough || excess > 0.25 * previous) {
                break;
            }
            previous = excess;
            // r is needed as it is once x has its correction: it is carried along here, and computed again there.
            work.step.clear();
            work.step.extend_from_slice(&work.gradient);
            let mut square = gradient * gradient;
            let goal = (CONJUGATE * gradient).max(0.25 * enough * smallest.sqrt());
            while square.sqrt() > goal && products < MOST {
                if system.watch.stop() {
                    return false;
                }
                work.image.fill(T::ZERO);
                system.operator.apply_sparse(support, &work.step, &mut work.image);
                self.counts.applies += 1;
                let curvature = norm_squared(&work.image);
                if curvature.is_nan() || curvature <= 0.0 {
                    return false;
                }
                smallest = smallest.min(curvature / norm_squared(&work.step));
                let length = square / curvature;
                axpy(T::from_real(length), &work.step, values);
                axpy(T::from_real(-length), &work.image, residual);
                self.gradient_on(system, support, residual, &mut work.gradient);
                products += 2;
                let next = norm_squared(&work.gradient);
                let share = next / square;
                work.step.iter_mut().zip(&work.gradient).for_each(|(step, &g)| *step = g + step.scale(share));
                square = next;
            }
        }
        if done {
            work.support.drain(..).for_each(|j| work.known[j] = T::ZERO);
            work.support.extend_from_slice(support);
            support.iter().zip(&**values).for_each(|(&j, &x)| work.known[j] = x);
        }
        done
    }

    /// `out` ← A_Sᴴ r.
    fn gradient_on(&mut self, system: &System<'_, T>, support: &[usize], residual: &[T], out: &mut [T]) {
        self.counts.adjoints += 1;
        system.operator.apply_adjoint_on(support, residual, out);
    }
}
