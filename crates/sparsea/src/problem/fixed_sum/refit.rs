//! The coefficients on a support whose sum is fixed, and supports that have any.

use faer::MatMut;

use super::{FixedSum, ROUNDING, WEIGHT, end_of, median};
use crate::error::Error;
use crate::kernels::norm;
use crate::operator::{Columns, DenseOperator};
use crate::problem::{Domain, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Memory, Workspace};

/// Corrections of the sum of a fit. Each leaves q/(q + γ²) of what is missing.
const CORRECTIONS: usize = 200;

/// A column or a group.
pub(super) struct Atom {
    columns: Vec<usize>,
    /// How far the sum of its coefficients may go in the direction of s.
    pub(super) end: f64,
    /// The least ‖b_j‖.
    norm: f64,
}

/// The domain of some columns, by their places.
#[derive(Debug)]
struct Chosen<'d, T: Scalar> {
    domain: &'d dyn Domain<T>,
    columns: &'d [usize],
}

impl<T: Scalar> Domain<T> for Chosen<'_, T> {
    fn project(&self, column: usize, value: T) -> T {
        self.domain.project(self.columns[column], value)
    }

    fn leave_zero(&self, column: usize, direction: T) -> T {
        self.domain.leave_zero(self.columns[column], direction)
    }

    fn interval(&self, column: usize) -> Option<(f64, f64)> {
        self.domain.interval(self.columns[column])
    }
}

impl<T: Scalar> FixedSum<'_, T> {
    /// The columns that may be chosen, or the groups that have any.
    pub(super) fn atoms(&self, problem: &Problem<'_, T>) -> Vec<Atom> {
        let is_free = |j: &usize| !self.rows.zeros[*j];
        let atom = |columns: Vec<usize>| {
            let end = columns.iter().map(|&j| end_of(problem.domain(), j, self.sum)).sum();
            let norm = columns.iter().map(|&j| self.norms[j]).fold(f64::INFINITY, f64::min);
            Atom { columns, end, norm }
        };
        let all = 0..self.rows.zeros.len();
        let mut atoms: Vec<Atom> = match problem.grouping() {
            None => all.filter(is_free).map(|j| atom(vec![j])).collect(),
            Some(grouping) => {
                let groups = grouping.stated().groups();
                groups.map(|columns| atom(columns.iter().copied().filter(is_free).collect())).collect()
            }
        };
        atoms.retain(|atom| !atom.columns.is_empty());
        atoms
    }

    /// The support, or where no coefficients on it have the sum, one of as many atoms or of up to k whose have.
    pub(super) fn completed(&self, problem: &Problem<'_, T>, support: &[usize]) -> Support {
        let is_in = |atom: &Atom| atom.columns.iter().any(|j| support.binary_search(j).is_ok());
        let (mut inside, mut outside): (Vec<Atom>, Vec<Atom>) = self.atoms(problem).into_iter().partition(is_in);
        let better = |a: &Atom, b: &Atom| b.end.total_cmp(&a.end).then(a.norm.total_cmp(&b.norm));
        let reaches = |atoms: &[Atom]| {
            let most: f64 = atoms.iter().map(|atom| atom.end).sum();
            most >= self.sum.abs() * (1.0 - ROUNDING)
        };
        if reaches(&inside) {
            return support.iter().copied().collect();
        }
        outside.sort_by(better);
        for next in outside {
            inside.push(next);
            inside.sort_by(better);
            inside.truncate(problem.sparsity());
            if reaches(&inside) {
                break;
            }
        }
        inside.into_iter().flat_map(|atom| atom.columns).collect()
    }

    /// The best coefficients on a support: by fits to other sums, until theirs is s (the method of multipliers).
    pub(super) fn refit(&self, support: &Support, domain: Option<&dyn Domain<T>>) -> Result<Vec<T>, Error> {
        let (m, size) = (self.target.len(), support.len());
        let mut entries = vec![T::ZERO; (m + 1).saturating_mul(size)];
        let columns = MatMut::from_column_major_slice_mut(&mut entries, m + 1, size);
        self.rows.gather(support, columns).map_err(Error::Operator)?;
        let norms: Vec<f64> = entries.chunks(m + 1).map(|column| norm(&column[..m])).collect();
        let middle = median(&norms);
        let weight = WEIGHT * if middle > 0.0 { middle } else { 1.0 };
        entries.chunks_mut(m + 1).for_each(|column| column[m] = T::from_real(weight));
        let operator = DenseOperator::owned(entries, m + 1, size)?;
        let all: Support = (0..size).collect();
        let chosen = domain.map(|domain| Chosen { domain, columns: support });
        let mut data = vec![T::ZERO; m + 1];
        let mut goal = T::from_real(self.sum);
        for _ in 0..CORRECTIONS {
            data[m] = goal.scale(weight);
            let mut problem = Problem::new(&operator, &data, size.min(m + 1))?.keep_columns();
            if let Some(chosen) = &chosen {
                problem = problem.with_domain(chosen)?;
            }
            let mut workspace = Workspace::new(&problem, Memory::default())?;
            workspace.fit(&all);
            workspace.residual_norm();
            workspace.check_products()?;
            let values = workspace.values();
            let length: f64 = values.iter().map(|x| Scalar::abs(*x)).sum();
            let off = T::from_real(self.sum) - values.iter().copied().sum::<T>();
            if Scalar::abs(off) <= ROUNDING * length.max(self.sum.abs()) {
                return Ok(values.to_vec());
            }
            goal += off;
            if Scalar::abs(goal) > self.sum.abs() / f64::EPSILON {
                break;
            }
        }
        let line = format!(
            "the sum of the {size} coefficients that were found does not come to {} in double precision",
            self.sum
        );
        Err(Error::Structure(line))
    }
}
