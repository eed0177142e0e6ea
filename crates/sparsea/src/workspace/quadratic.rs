//! Columns of AᴴA, which score moves to neighbouring supports. Only quadratic objectives have them.

use std::sync::Arc;

use faer::Mat;

use super::Workspace;
use crate::fit::System;
use crate::fit::least_squares::{BlockTableau, BoundedBlocks, Groups, Neighbours, SupportFit, Tableau};
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

    /// `out` ← (A_Sᴴ A_S)⁻¹ `right` for a support of independent columns; false if they are dependent.
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

    /// The tableau of the empty support by which a search goes, with room for k atoms.
    pub(crate) fn neighbours(&mut self) -> Neighbours<T> {
        let atoms = self.problem.atoms().clone();
        let Some(partition) = atoms.groups() else {
            return Neighbours::Columns(self.tableau(self.sparsity));
        };
        let (system, sides) = (&self.system, self.system.sides.len().max(1));
        let base = system.base();
        let groups = self.groups.get_or_insert_with(|| {
            let of_first = partition.first(base.operator.ncols());
            let gram = |rows: &[usize], j: usize, out: &mut [T]| base.operator.gram_entries(rows, j, out);
            Arc::new(Groups::new(Arc::new(of_first), &base.column_norms, sides, gram))
        });
        let capacity = atoms.most_columns(self.sparsity).div_ceil(sides);
        let (groups, correlation) = (groups.clone(), &system.data_correlation);
        match &system.intervals {
            Some(intervals) => {
                let norms = &base.column_norms;
                Neighbours::BoundedBlocks(BoundedBlocks::new(groups, intervals.clone(), norms, correlation, capacity))
            }
            None => Neighbours::Blocks(BlockTableau::new(groups, correlation, capacity)),
        }
    }

    /// Makes such a tableau that of a support, as [`build`](Self::build) does.
    pub(crate) fn build_neighbours(&mut self, tableau: &mut Neighbours<T>, support: &Support) {
        match tableau {
            Neighbours::Columns(tableau) => return self.build(tableau, support),
            Neighbours::Blocks(tableau) => {
                tableau.clear(&self.system.data_correlation);
                let neighbourhood = self.neighbourhood();
                let n = neighbourhood.system.base().operator.ncols();
                for &j in support.iter().take_while(|&&j| j < n) {
                    if neighbourhood.stop() {
                        return;
                    }
                    tableau.join(j, &|j, with| neighbourhood.gram_column(j, with));
                }
                tableau.built();
            }
            Neighbours::BoundedBlocks(tableau) => {
                self.fit(support);
                let values = self.point.values.clone();
                if self.stop() {
                    return;
                }
                let correlation = self.system.data_correlation.clone();
                let neighbourhood = self.neighbourhood();
                tableau.build(&correlation, support, &values, &|j, with| neighbourhood.gram_column(j, with));
            }
        }
        if tableau.size() == self.size(support) {
            self.fit(support);
        } else {
            self.fit(&tableau.support());
        }
        let (scale, residual_norm) = (self.data_norm_or_one(), self.residual_norm());
        tableau.correct(self.correlate(), scale);
        tableau.set_square(residual_norm * residual_norm);
    }

    /// The columns of A, and those that a support may have at most.
    pub(crate) fn tableau_shape(&self) -> (usize, usize) {
        let sides = self.system.sides.len().max(1);
        (self.ncols() / sides, self.problem.atoms().most_columns(self.sparsity) / sides)
    }

    /// Whether atoms are groups of columns, or of copies of one.
    pub(crate) fn has_blocks(&self) -> bool {
        !self.problem.atoms().is_columns()
    }

    /// Makes the best move of a tableau that goes by moves; false if none lowers ‖r‖² by more than `least`.
    pub(crate) fn move_best(&mut self, tableau: &mut Neighbours<T>, least: f64) -> bool {
        let neighbourhood = self.neighbourhood();
        neighbourhood.move_best(tableau, least).is_some()
    }

    /// Makes the best addition to such a tableau; false if none lowers ‖r‖² by more than `least`.
    pub(crate) fn add_best(&mut self, tableau: &mut Neighbours<T>, least: f64) -> bool {
        let neighbourhood = self.neighbourhood();
        tableau.add_best(least, &|j, with| neighbourhood.gram_column(j, with))
    }

    /// Adds the atom of largest gain for a [basis of the residuals](Self::residual_basis) of a joint support in place of them; false if
    /// none is left.
    pub(crate) fn add_best_by_rank(&mut self, tableau: &mut Neighbours<T>, basis: &Mat<T>) -> bool {
        let neighbourhood = self.neighbourhood();
        tableau.add_best_by_rank(basis, &|j, with| neighbourhood.gram_column(j, with))
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

    /// Makes the best move of a tableau that goes by moves, if one lowers ‖r‖² by more than `least`: the atom that joined, and how many
    /// columns or groups joined or left.
    pub(crate) fn move_best(&self, tableau: &mut Neighbours<T>, least: f64) -> Option<(usize, usize)> {
        tableau.move_best(self.sparsity, least, &|j, with| self.gram_column(j, with))
    }

    /// Calls `with` with column j of the Gram matrix.
    pub(crate) fn gram_column<R>(&self, j: usize, with: impl FnOnce(&[T]) -> R) -> R {
        self.gram.read(&self.system.base().operator, j, with)
    }
}
