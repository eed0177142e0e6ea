//! What only a quadratic objective has: columns of AᴴA, with which moves to neighbouring supports are scored.

use super::Workspace;
use crate::fit::System;
use crate::fit::least_squares::{Move, SupportFit, Tableau};
use crate::operator::SharedGram;
use crate::problem::Intervals;
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
    /// The tableau of the empty support, with room for `sparsity` members.
    pub(crate) fn tableau(&mut self, sparsity: usize) -> Tableau<T> {
        let intervals = self.system.intervals.clone();
        let (norms, correlation) = self.quadratic().norms_and_correlation();
        Tableau::new(norms, correlation, sparsity).within(intervals.as_ref())
    }

    /// Makes a tableau that of a support, and moves to the fit on its members: columns too close to the span of the others for a
    /// tableau are left out, and so are those that rest at 0, the end of their interval. Cost: n k².
    pub(crate) fn build(&mut self, tableau: &mut Tableau<T>, support: &Support) {
        let bounded = self.system.intervals.clone().map(|intervals| self.resting(support, &intervals));
        let (joining, held) = bounded.as_ref().map_or((support, &[][..]), |(joining, held)| (joining, &held[..]));
        let (norms, correlation) = self.quadratic().norms_and_correlation();
        tableau.clear(norms, correlation);
        for &j in joining {
            if self.stop() {
                return;
            }
            tableau.join(j, self.quadratic().gram_column(j));
        }
        for &(j, value) in held {
            let neighbourhood = self.neighbourhood();
            tableau.hold(j, value, &|j, with| neighbourhood.gram_column(j, with));
        }
        tableau.built();
        if tableau.size() == support.len() {
            self.fit(support);
        } else {
            self.fit(&tableau.support());
        }
        let (scale, residual_norm) = (self.data_norm_or_one(), self.residual_norm());
        tableau.correct(self.correlate(), scale);
        tableau.set_square(residual_norm * residual_norm);
    }
}

impl<T: Scalar> Workspace<'_, T> {
    /// Moves to the fit on a support, and tells the columns whose coefficients are inside their intervals from those that rest at ends
    /// other than 0.
    fn resting(&mut self, support: &Support, intervals: &Intervals) -> (Support, Vec<(usize, f64)>) {
        self.fit(support);
        let (mut inside, mut held) = (support.clone(), vec![]);
        for (&j, x) in support.iter().zip(self.point.values.iter().map(|x| x.real())) {
            let (lower, upper) = intervals.of(j);
            if x <= lower || x >= upper || x == 0.0 {
                inside.remove(j);
                held.extend((x != 0.0).then_some((j, x)));
            }
        }
        (inside, held)
    }

    /// Makes the best move of a tableau whose coefficients have bounds; false if none lowers ‖r‖² by more than `least`.
    pub(crate) fn move_best(&mut self, tableau: &mut Tableau<T>, least: f64) -> bool {
        let neighbourhood = self.neighbourhood();
        neighbourhood.move_best(tableau, least).is_some()
    }

    /// Makes the best addition to such a tableau; false if none lowers ‖r‖² by more than `least`.
    pub(crate) fn add_best(&mut self, tableau: &mut Tableau<T>, least: f64) -> bool {
        let neighbourhood = self.neighbourhood();
        let best = tableau.best_joining(least);
        best.map(|best| tableau.make(best, &|j, with| neighbourhood.gram_column(j, with))).is_some()
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

    /// Makes the best move of a tableau whose coefficients have bounds, if one lowers ‖r‖² by more than `least`, and returns it with the
    /// columns that joined or left.
    pub(crate) fn move_best(&self, tableau: &mut Tableau<T>, least: f64) -> Option<(Move, usize)> {
        let gram = |j: usize, with: &mut dyn FnMut(&[T])| self.gram_column(j, with);
        let best = tableau.best_move(self.sparsity, least, &gram)?;
        Some((best, tableau.make(best, &gram)))
    }

    /// Calls `with` with column j of the Gram matrix.
    pub(crate) fn gram_column<R>(&self, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        self.gram.read(&self.system.operator, j, with)
    }
}
