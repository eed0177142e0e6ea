//! Coefficients whose sum is fixed, such as the weights of a portfolio: an ordinary problem with another operator.

mod refit;
mod rows;

use std::ops::Deref;

use faer::MatMut;

use super::{Domain, Problem, check_columns};
use crate::check::check_finite;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::operator::{Access, Columns, DenseOperator, LinearMap, is_dense};
use crate::scalar::Scalar;
use crate::solution::Solution;
use rows::Rows;

/// minimise ½‖y − A x‖² subject to ‖x‖₀ ≤ k and Σ_j x_j = s, as a map that every algorithm works on.
///
/// If the sum is s, then y − A x = Σ_j x_j (y/s − a_j) = B x. With a row for the sum below the columns of B,
///
/// minimise ½‖B x‖² + ½ γ² (Σ_j x_j − s)²
///
/// has the same best support for every γ > 0, provided that multiples of allowed x are allowed, as for x ≥ 0. The reason: x on a support
/// can be scaled, which leaves (γ s)² q/(q + γ²), where q is the minimum of ‖B x‖² at Σ_j x_j = 1. With caps, this holds up to q/γ²,
/// relative. γ is ten times the median of the ‖b_j‖. With caps it is a thousand times the median, so that supports that fall short of the
/// sum are not chosen. [`complete`](Self::complete) finds the coefficients whose sum is s to rounding.
///
/// ```
/// use sparsea::{DenseOperator, FixedSum, NonNegative, Search, solve};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// // The index is ¾ of the first share and ¼ of the third.
/// let returns = [0.01, 0.03, -0.02, 0.02, -0.01, 0.00, 0.05, 0.01, -0.03];
/// let index = [0.02, 0.025, -0.0225];
/// let matrix = DenseOperator::from_column_major(&returns, 3, 3)?;
/// let fixed = FixedSum::new(&matrix, &index, 1.0, &[], None)?;
/// let problem = fixed.problem(2)?.with_domain(&NonNegative)?;
/// let solution = fixed.complete(&problem, solve(&problem, Search::default())?)?;
///
/// assert_eq!(solution.support, [0, 2]);
/// assert!((solution.coefficients[0] - 0.75).abs() < 1e-12 && (solution.coefficients[1] - 0.25).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Cost
/// A dense A is copied, m n numbers. Otherwise a product takes one product with A, and m + n multiply-adds.
pub struct FixedSum<'o, T: Scalar> {
    rows: Rows<'o, T>,
    /// The same, with all of its entries, if A has.
    dense: Option<DenseOperator<'static, T>>,
    /// ‖b_j‖ of every column, without the row of γ.
    norms: Vec<f64>,
    /// y.
    target: Vec<T>,
    /// γ s below zeros.
    data: Vec<T>,
    sum: f64,
}

/// γ relative to the columns of B.
const WEIGHT: f64 = 10.0;
/// The same with caps.
const WEIGHT_OF_CAPS: f64 = 1000.0;
/// Sums of any size but those whose squares leave the range of doubles.
const SUMS: std::ops::RangeInclusive<f64> = 1e-140..=1e140;
/// The most that ‖y/s‖ may be, relative to the columns of A.
const LONGEST: f64 = 1000.0;

impl<'o, T: Scalar> FixedSum<'o, T> {
    /// Fixes the sum s = `sum` of the coefficients of the operator A = `inner` for the data y = `data`. `left_out` are columns that must
    /// not be chosen, and `domain` is the domain of the problem.
    ///
    /// # Errors
    /// [`Error::Number`] unless 10⁻¹⁴⁰ ≤ |s| ≤ 10¹⁴⁰; those of [`Problem::new`] that concern A; [`Error::Structure`] if ‖y/s‖ is more than
    /// 1000 times the median column norm, because the differences between columns would be lost in y/s − a_j; [`Error::DataLength`],
    /// [`Error::NonFinite`], [`Error::ColumnIndex`], [`Error::Operator`].
    pub fn new(
        inner: impl LinearMap<T> + 'o,
        data: &[T],
        sum: f64,
        left_out: &[usize],
        domain: Option<&dyn Domain<T>>,
    ) -> Result<Self, Error> {
        let inner: Box<dyn LinearMap<T> + 'o> = Box::new(inner);
        let (m, n) = inner.shape();
        if !SUMS.contains(&sum.abs()) {
            let rule = "of a size between 1e-140 and 1e140";
            return Err(Error::Number { what: "the sum of the coefficients", rule, value: sum });
        }
        if data.len() != m {
            return Err(Error::DataLength { entries: data.len(), rows: m });
        }
        check_finite("y", data)?;
        let mut zeros = vec![false; n];
        for &index in left_out {
            let place = zeros.get_mut(index);
            *place.ok_or(Error::ColumnIndex { what: "left out", index, columns: n })? = true;
        }
        let access = Access::new(&*inner);
        let (outer, _) = check_columns(&access, || access.estimate_columns(&Interrupt::default()))?;
        let share: Vec<T> = data.iter().map(|y| y.scale(1.0 / sum)).collect();
        let length = norm(&share);
        if !length.is_finite() || length > LONGEST * median(&outer) {
            return Err(Error::Structure(format!(
                "y is too large for coefficients whose sum is {sum}: more than {LONGEST} times that sum of a column of A"
            )));
        }
        let mut rows = Rows { inner, share, weight: 0.0, zeros };
        let (entries, norms) = if is_dense(&*rows.inner) {
            let mut entries = vec![T::ZERO; (m + 1).saturating_mul(n)];
            let all: Vec<usize> = (0..n).collect();
            rows.gather(&all, MatMut::from_column_major_slice_mut(&mut entries, m + 1, n)).map_err(Error::Operator)?;
            let norms: Vec<f64> = entries.chunks(m + 1).map(norm).collect();
            (Some(entries), norms)
        } else {
            (None, Access::new(&rows).estimate_columns(&Interrupt::default())?.0)
        };
        let is_capped = (0..n).any(|j| !rows.zeros[j] && end_of(domain, j, sum).is_finite());
        let middle = median(&norms);
        rows.weight = if is_capped { WEIGHT_OF_CAPS } else { WEIGHT } * if middle > 0.0 { middle } else { 1.0 };
        let dense = entries.map(|mut entries| {
            let columns = entries.chunks_mut(m + 1).zip(&rows.zeros).filter(|(_, zero)| !**zero);
            columns.for_each(|(column, _)| column[m] = T::from_real(rows.weight));
            DenseOperator::owned(entries, m + 1, n)
        });
        let mut target = vec![T::ZERO; m + 1];
        target[m] = T::from_real(rows.weight * sum);
        Ok(Self { rows, dense: dense.transpose()?, norms, target: data.to_vec(), data: target, sum })
    }

    /// The problem that algorithms solve.
    ///
    /// # Errors
    /// Those of [`Problem::new`]; [`Error::Structure`] for k = 0.
    pub fn problem(&self, sparsity: usize) -> Result<Problem<'_, T>, Error> {
        if sparsity == 0 {
            return Err(Error::Structure(format!("no coefficients (k = 0) have the sum {}", self.sum)));
        }
        Problem::new(self, &self.data, sparsity)
    }

    /// The data of that problem: 0 … 0, γ s.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// Converts a limit on ‖r‖ relative to ‖y‖ into the corresponding limit for the problem that algorithms solve, relative to its residual
    /// at x = 0. Approximate; for halting rules.
    pub fn relative(&self, relative_residual: f64) -> f64 {
        relative_residual * norm(&self.target) / norm(&self.data)
    }

    /// Refuses a problem of this map, possibly with a domain or groups, if no allowed coefficients have the required sum.
    ///
    /// # Errors
    /// [`Error::Structure`].
    pub fn check(&self, problem: &Problem<'_, T>) -> Result<(), Error> {
        let mut ends: Vec<f64> = self.atoms(problem).into_iter().map(|atom| atom.end).collect();
        ends.sort_unstable_by(|a, b| b.total_cmp(a));
        let most: f64 = ends.iter().take(problem.sparsity()).sum();
        if most >= self.sum.abs() * (1.0 - ROUNDING) {
            return Ok(());
        }
        let (counted, sparsity) = (if problem.grouping().is_some() { "groups" } else { "columns" }, problem.sparsity());
        // Six digits are enough to see by how much.
        let digits = format!("{:.5e}", if most > 0.0 { most.copysign(self.sum) } else { 0.0 });
        let most: f64 = digits.parse().unwrap_or(most);
        Err(Error::Structure(format!(
            "the sum of the coefficients of {sparsity} {counted} within their bounds is {most} at most, not {}",
            self.sum
        )))
    }

    /// Converts a solution of the [problem](Self::problem), possibly with a domain or groups, into one in terms of A and y: the best
    /// allowed coefficients on its support whose sum is s. [`Solution::residual_norm`] is ‖y − A x‖, and [`Solution::relative_residual`] is
    /// relative to ‖y‖.
    ///
    /// If no allowed coefficients on the support have the sum, the support is completed first. This happens if a limit cut the run short or
    /// the algorithm ignores caps. The columns (or groups) with the largest caps are added, and replace those with the smallest caps if
    /// there are already k.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`Error::Structure`] if rounding keeps the coefficients from the sum; [`Error::Operator`].
    pub fn complete(&self, problem: &Problem<'_, T>, mut solution: Solution<T>) -> Result<Solution<T>, Error> {
        self.check(problem)?;
        let support = self.completed(problem, &solution.support);
        let values = self.refit(&support, problem.domain())?;
        let (mut x, mut chosen) = (vec![], vec![]);
        for (&j, &value) in support.iter().zip(&values) {
            // What is at a bound may be beyond it by rounding.
            let value = problem.project(j, value);
            if value != T::ZERO {
                chosen.push(j);
                x.push(value);
            }
        }
        let access = Access::new(&*self.rows.inner);
        let mut residual = vec![T::ZERO; self.target.len()];
        access.apply_sparse(&chosen, &x, &mut residual);
        access.check()?;
        residual.iter_mut().zip(&self.target).for_each(|(r, &y)| *r = y - *r);
        let (left, whole) = (norm(&residual), norm(&self.target));
        (solution.support, solution.coefficients) = (chosen, x);
        solution.residual_norm = left;
        solution.relative_residual = if whole > 0.0 { left / whole } else { 0.0 };
        solution.objective = 0.5 * left * left;
        Ok(solution)
    }
}

/// How far a sum may be off, relative to the coefficients.
const ROUNDING: f64 = 1e-14;

/// The median of those that are not 0; 0 if all are. Not a mean, which one column of another scale decides.
fn median(norms: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = norms.iter().copied().filter(|&norm| norm > 0.0).collect();
    let middle = sizes.len() / 2;
    if sizes.is_empty() { 0.0 } else { *sizes.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// How far coefficient j may go in the direction of the sum.
fn end_of<T: Scalar>(domain: Option<&dyn Domain<T>>, j: usize, sum: f64) -> f64 {
    let known = domain.and_then(|domain| domain.interval(j));
    known.map_or(f64::INFINITY, |(lower, upper)| if sum > 0.0 { upper } else { -lower })
}

impl<'o, T: Scalar> Deref for FixedSum<'o, T> {
    type Target = dyn LinearMap<T> + 'o;

    fn deref(&self) -> &Self::Target {
        match &self.dense {
            Some(dense) => dense,
            None => &self.rows,
        }
    }
}

impl<T: Scalar> std::fmt::Debug for FixedSum<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FixedSum").field("sum", &self.sum).field("shape", &self.rows.shape()).finish_non_exhaustive()
    }
}
