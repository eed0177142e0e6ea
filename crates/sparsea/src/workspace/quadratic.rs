//! What only a quadratic objective has: columns of AᴴA, with which moves to neighbouring supports are scored.

use super::Workspace;
use crate::fit::System;
use crate::fit::least_squares::{SupportFit, Tableau};
use crate::operator::SharedGram;
use crate::scalar::Scalar;
use crate::support::Support;

/// AᴴA and Aᴴ y, in the scale of unit columns.
pub struct Quadratic<'w, 'a, T: Scalar> {
    pub(super) system: &'w System<'a, T>,
    pub(super) engine: &'w mut SupportFit<T>,
}

impl<'w, T: Scalar> Quadratic<'w, '_, T> {
    /// Aᴴ y.
    pub fn data_correlation(self) -> &'w [T] {
        &self.system.data_correlation
    }

    /// ‖a_j‖ of every column and Aᴴ y.
    pub(crate) fn norms_and_correlation(self) -> (&'w [f64], &'w [T]) {
        (&self.system.column_norms, &self.system.data_correlation)
    }

    /// Column j of the Gram matrix, Aᴴ a_j. Cost: one product with Aᴴ, unless it is cached.
    pub fn gram_column(self, j: usize) -> &'w [T] {
        self.engine.gram_column(self.system, j)
    }

    /// `out` ← (A_Sᴴ A_S)⁻¹ `right` for a support of independent columns; false, if they are not.
    ///
    /// For directions, not for fits: the error is that of normal equations.
    pub fn solve_normal(self, support: &Support, right: &[T], out: &mut Vec<T>) -> bool {
        self.engine.solve_normal(self.system, support, right, out)
    }

    /// `out` ← Aᴴ A_S v, for n numbers `out`: from Gram columns where those are kept, otherwise by a product of each kind.
    pub(crate) fn gram_product(self, support: &Support, values: &[T], out: &mut [T]) {
        self.engine.gram_product(self.system, support, values, out);
    }

    /// Whether Gram column j is at hand.
    pub(crate) fn holds_gram_column(&self, j: usize) -> bool {
        self.engine.holds_gram_column(j)
    }

    /// Multiply-adds of so many Gram columns, about.
    pub(crate) fn gram_cost(&self, columns: usize) -> usize {
        self.system.operator.adjoint_cost().saturating_mul(columns)
    }

    /// Counts a Gram column that was computed for a neighbourhood.
    pub(crate) fn count_gram_column(self) {
        self.engine.counts.columns += 1;
    }
}

impl<T: Scalar> Workspace<'_, T> {
    /// Makes a tableau that of a support, and moves to the fit on its members: columns too close to the span of the others for a
    /// tableau are left out. Cost: n k².
    pub(crate) fn build(&mut self, tableau: &mut Tableau<T>, support: &Support) {
        let (norms, correlation) = self.quadratic().norms_and_correlation();
        tableau.clear(norms, correlation);
        for &j in support {
            if self.stop() {
                return;
            }
            tableau.join(j, self.quadratic().gram_column(j));
        }
        tableau.built();
        if tableau.members().len() == support.len() {
            self.fit(support);
        } else {
            self.fit(&tableau.members().iter().copied().collect());
        }
        let (scale, residual_norm) = (self.data_norm_or_one(), self.residual_norm());
        tableau.correct(self.correlate(), scale);
        tableau.set_square(residual_norm * residual_norm);
    }
}

/// What moves through neighbouring supports need, on any thread.
pub(crate) struct Neighbourhood<'s, 'a, T: Scalar> {
    pub(super) system: &'s System<'a, T>,
    pub(super) gram: &'s SharedGram<T>,
    pub(super) sparsity: usize,
}

impl<T: Scalar> Neighbourhood<'_, '_, T> {
    /// The sparsity k.
    pub(crate) fn sparsity(&self) -> usize {
        self.sparsity
    }

    /// Whether to give up.
    pub(crate) fn stop(&self) -> bool {
        self.system.watch.stop()
    }

    /// Calls `with` with column j of the Gram matrix.
    pub(crate) fn gram_column<R>(&self, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        self.gram.read(&self.system.operator, j, with)
    }
}
