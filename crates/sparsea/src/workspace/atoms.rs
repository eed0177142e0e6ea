//! Methods that count, add and drop atoms of a support: columns, or groups of columns.

use super::{Initial, Workspace};
use crate::scalar::Scalar;
use crate::support::Support;

impl<T: Scalar> Workspace<'_, T> {
    /// The number of atoms of a support: its columns, or the groups that they belong to.
    pub fn size(&self, support: &[usize]) -> usize {
        self.problem.atoms().count(support)
    }

    /// Whether a support has as many atoms as it may have, k.
    pub fn is_full(&self, support: &[usize]) -> bool {
        self.size(support) >= self.sparsity
    }

    /// Adds the atom of a column to a support: the column, or the group that it is in.
    pub fn insert(&self, support: &mut Support, column: usize) {
        self.problem.atoms().insert(column, support);
    }

    /// Removes the atom of a column from a support.
    pub fn remove(&self, support: &mut Support, column: usize) {
        self.problem.atoms().remove(column, support);
    }

    /// The (at most k) largest atoms of a start.
    pub fn truncated(&mut self, initial: &Initial<T>) -> (Support, Vec<T>) {
        if self.problem.atoms().is_columns() {
            return initial.truncated(self.sparsity);
        }
        if self.size(&initial.support) <= self.sparsity || initial.values.is_empty() {
            return (initial.support.clone(), initial.values.clone());
        }
        let kept = self.scoring.largest(&initial.support, &initial.values, self.sparsity);
        let values = kept.iter().map(|&at| initial.values[at]).collect();
        (kept.iter().map(|&at| initial.support[at]).collect(), values)
    }

    /// The smallest atom of the current point; of equals, the one of highest index. Returns its first column, and its coefficient or the
    /// norm of those of a group. `None` at x = 0.
    pub fn smallest(&mut self) -> Option<(usize, T)> {
        if self.problem.atoms().is_columns() {
            let values = &self.point.values;
            let at = (0..values.len()).reduce(|a, b| if values[b].rank() <= values[a].rank() { b } else { a })?;
            return Some((self.point.support[at], values[at]));
        }
        let (values, mut sizes) = (&self.point.values, vec![]);
        self.scoring.sizes(&self.point.support, |at| Scalar::abs(values[at]), &mut sizes);
        let least = sizes.into_iter().reduce(|a, b| if b.1 <= a.1 { b } else { a });
        least.map(|(column, size)| (column, T::from_real(size)))
    }

    /// The atom of the current point whose [cost](Self::drop_costs) is least: its first column and its cost. The cost of a group is the sum
    /// over its columns. `None` at x = 0.
    pub fn cheapest(&mut self) -> Option<(usize, f64)> {
        self.drop_costs();
        let (costs, mut sizes) = (&self.costs, vec![]);
        if self.problem.atoms().is_columns() {
            let least = costs.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
            return least.map(|(at, cost)| (self.point.support[at], cost));
        }
        self.scoring.sizes(&self.point.support, |at| costs[at].sqrt(), &mut sizes);
        let least = sizes.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
        least.map(|(column, size)| (column, size * size))
    }

    /// `out` ← ‖a_j‖|x_j| of the atoms of the current point, each with its first column. For groups, whose columns are orthonormal, ‖A_g
    /// x_g‖.
    pub fn weights(&self, out: &mut Vec<(usize, f64)>) {
        let (norms, support, values) = (&self.system.column_norms, &self.point.support, &self.point.values);
        self.scoring.sizes(support, |at| Scalar::abs(values[at]) * norms[support[at]], out);
    }

    /// `out` ← |a_iᴴ r|/‖a_i‖ of the atoms off the support for which this is non-zero, each with its first column. For groups, the norm
    /// over their columns.
    pub fn pulls(&mut self, out: &mut Vec<(usize, f64)>) {
        let correlation: Vec<f64> = self.correlate_off_support().iter().map(|c| Scalar::abs(*c)).collect();
        let (norms, support) = (&self.system.column_norms, &self.point.support);
        let off = |i: &usize| correlation[*i] > 0.0 && !support.contains(*i);
        let columns: Vec<usize> = (0..correlation.len()).filter(off).collect();
        self.scoring.sizes(&columns, |at| correlation[columns[at]] / norms[columns[at]], out);
    }

    /// The smallest t > 0 at which, in `vector` + t Aᴴ r, an atom off the support of the current point (a fit) reaches the smallest atom on
    /// `support`; infinite if none ever does.
    pub fn soonest(&mut self, vector: &[T], support: &Support) -> f64 {
        self.correlate_off_support();
        let pulls = if self.is_stationary() { self.point.correlation.get() } else { &self.off_support };
        self.scoring.soonest(vector, pulls, support)
    }
}
