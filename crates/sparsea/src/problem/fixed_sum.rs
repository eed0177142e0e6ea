//! Coefficients whose sum is fixed, as the weights of a portfolio: an ordinary problem of another operator.

use std::ops::Deref;

use faer::MatMut;

use super::{Domain, Problem};
use crate::check::check_finite;
use crate::error::Error;
use crate::failure::OperatorError;
use crate::interrupt::Interrupt;
use crate::kernels::{axpy, dot, norm};
use crate::operator::{Access, Columns, DenseOperator, LinearMap, Profile, contiguous, is_dense, single, with_columns};
use crate::scalar::Scalar;
use crate::solution::Solution;
use crate::support::Support;
use crate::workspace::{Memory, Workspace};

/// minimise ½‖y − A x‖² subject to ‖x‖₀ ≤ k and Σ_j x_j = s, as a map that every algorithm works on.
///
/// Where the sum is s, y − A x = Σ_j x_j (y/s − a_j) = B x. So the columns of B beside a row of the sum,
///
/// minimise ½‖B x‖² + ½ γ² (Σ_j x_j − s)²,
///
/// have the same best support for every γ > 0 as long as multiples of what is allowed are allowed, as x ≥ 0 are: x on a support may be
/// scaled, which leaves (γ s)² q/(q + γ²) of the least q = ‖B x‖² at Σ_j x_j = 1. With other bounds, as caps, this holds up to
/// q/γ², relative; γ is ten times the median of the ‖b_j‖. [`complete`](Self::complete) finds the coefficients on the support
/// whose sum is s to rounding.
///
/// ```
/// use sparsea::{DenseOperator, FixedSum, NonNegative, Search, solve};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// // The index is ¾ of the first share and ¼ of the third.
/// let returns = [0.01, 0.03, -0.02, 0.02, -0.01, 0.00, 0.05, 0.01, -0.03];
/// let index = [0.02, 0.025, -0.0225];
/// let matrix = DenseOperator::from_column_major(&returns, 3, 3)?;
/// let fixed = FixedSum::new(&matrix, &index, 1.0, &[])?;
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
/// A dense A is copied, m n numbers. Otherwise a product takes one of A, and m + n multiply-adds.
pub struct FixedSum<'o, T: Scalar> {
    rows: Rows<'o, T>,
    /// The same, with all of its entries, if A has.
    dense: Option<DenseOperator<'static, T>>,
    /// y.
    target: Vec<T>,
    /// γ s below zeros.
    data: Vec<T>,
    sum: f64,
}

/// B above γ 1ᵀ.
struct Rows<'o, T: Scalar> {
    inner: Box<dyn LinearMap<T> + 'o>,
    /// y/s.
    share: Vec<T>,
    weight: f64,
    /// Columns that are not to be chosen, which are zero.
    zeros: Vec<bool>,
}

/// γ relative to the columns of B.
const WEIGHT: f64 = 10.0;
/// The most that ‖y/s‖ may be, relative to the columns of A.
const LONGEST: f64 = 1000.0;
/// Corrections of the sum of a fit. Each leaves q/(q + γ²) of what is missing.
const CORRECTIONS: usize = 200;

impl<'o, T: Scalar> FixedSum<'o, T> {
    /// Coefficients of the operator `inner`, A, whose sum is s = `sum`, for `data`, y; `left_out` are columns that are not to be chosen.
    ///
    /// # Errors
    /// [`Error::Number`] unless s is finite and not 0; [`Error::Structure`] if ‖y/s‖ is more than 1000 times the median norm of a column,
    /// whose differences would be lost in y/s − a_j; [`Error::DataLength`], [`Error::NonFinite`], [`Error::ColumnIndex`],
    /// [`Error::Operator`].
    pub fn new(inner: impl LinearMap<T> + 'o, data: &[T], sum: f64, left_out: &[usize]) -> Result<Self, Error> {
        let inner: Box<dyn LinearMap<T> + 'o> = Box::new(inner);
        let (m, n) = inner.shape();
        if !sum.is_finite() || sum == 0.0 {
            return Err(Error::Number { what: "the sum of the coefficients", rule: "finite and not 0", value: sum });
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
        let share = data.iter().map(|y| y.scale(1.0 / sum)).collect();
        let mut rows = Rows { inner, share, weight: 0.0, zeros };
        let (dense, norms) = if is_dense(&*rows.inner) {
            let mut entries = vec![T::ZERO; (m + 1).saturating_mul(n)];
            let all: Vec<usize> = (0..n).collect();
            rows.gather(&all, MatMut::from_column_major_slice_mut(&mut entries, m + 1, n)).map_err(Error::Operator)?;
            let norms = entries.chunks(m + 1).map(norm).collect();
            (Some(entries), norms)
        } else {
            (None, Access::new(&rows).estimate_columns(&Interrupt::default())?.0)
        };
        rows.weight = weight(&norms);
        let outer = Access::new(&*rows.inner).estimate_columns(&Interrupt::default())?.0;
        let length = norm(&rows.share);
        if !length.is_finite() || length > LONGEST * weight(&outer) / WEIGHT {
            return Err(Error::Structure(format!(
                "y is too large for coefficients whose sum is {sum}: more than {LONGEST} times that sum of a column of A"
            )));
        }
        let dense = dense.map(|mut entries| {
            let columns = entries.chunks_mut(m + 1).zip(&rows.zeros).filter(|(_, zero)| !**zero);
            columns.for_each(|(column, _)| column[m] = T::from_real(rows.weight));
            DenseOperator::owned(entries, m + 1, n)
        });
        let mut target = vec![T::ZERO; m + 1];
        target[m] = T::from_real(rows.weight * sum);
        Ok(Self { rows, dense: dense.transpose()?, target: data.to_vec(), data: target, sum })
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

    /// What ‖r‖ relative to ‖y‖ is as a residual of the problem that algorithms solve, relative to that of x = 0; about, and for halting.
    pub fn relative(&self, relative_residual: f64) -> f64 {
        relative_residual * norm(&self.target) / norm(&self.data)
    }

    /// Refuses a problem of this map, with a domain, of whose allowed coefficients no k have the sum.
    ///
    /// # Errors
    /// [`Error::Structure`].
    pub fn check(&self, problem: &Problem<'_, T>) -> Result<(), Error> {
        let (domain, sparsity) = (problem.domain(), problem.most_columns());
        let columns = (0..self.rows.zeros.len()).filter(|&j| !self.rows.zeros[j]);
        let interval = |j| domain.and_then(|domain| domain.interval(j)).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let end = |(lower, upper): (f64, f64)| if self.sum > 0.0 { upper } else { -lower };
        let mut ends: Vec<f64> = columns.map(|j| end(interval(j))).collect();
        ends.sort_unstable_by(|a, b| b.total_cmp(a));
        let most: f64 = ends.iter().take(sparsity).sum();
        if most >= self.sum.abs() * (1.0 - ROUNDING) {
            return Ok(());
        }
        let most = most.copysign(self.sum);
        Err(Error::Structure(format!(
            "the sum of {sparsity} coefficients within their bounds is {most} at most, not {}",
            self.sum
        )))
    }

    /// The solution in terms of A and y, from that of the [problem](Self::problem), or of one with a domain or groups: the best allowed coefficients on its support whose
    /// sum is s. [`Solution::residual_norm`] is ‖y − A x‖, relative to ‖y‖ in [`Solution::relative_residual`].
    ///
    /// # Errors
    /// [`Error::Structure`] if no allowed coefficients on the support have the sum; [`Error::Operator`].
    pub fn complete(&self, problem: &Problem<'_, T>, mut solution: Solution<T>) -> Result<Solution<T>, Error> {
        let support: Support = solution.support.iter().copied().collect();
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

    /// The best coefficients on a support: by fits to other sums, until theirs is s (the method of multipliers).
    fn refit(&self, support: &Support, domain: Option<&dyn Domain<T>>) -> Result<Vec<T>, Error> {
        let impossible = || {
            let size = support.len();
            Error::Structure(format!(
                "the sum of the {size} coefficients that were found cannot be {} within their bounds",
                self.sum
            ))
        };
        let (mut goal, last) = (T::from_real(self.sum), self.target.len());
        let mut data = self.data.clone();
        for _ in 0..CORRECTIONS {
            data[last] = goal.scale(self.rows.weight);
            let mut problem = Problem::new(self, &data, support.len())?.keep_columns();
            if let Some(domain) = domain {
                problem = problem.with_domain(domain)?;
            }
            let mut workspace = Workspace::new(&problem, Memory::default())?;
            workspace.fit(support);
            workspace.residual_norm();
            workspace.check_products()?;
            let values = workspace.values().to_vec();
            let length: f64 = values.iter().map(|x| Scalar::abs(*x)).sum();
            let off = T::from_real(self.sum) - values.iter().copied().sum::<T>();
            if Scalar::abs(off) <= ROUNDING * length.max(self.sum.abs()) {
                return Ok(values);
            }
            goal += off;
            if Scalar::abs(goal) > self.sum.abs() / f64::EPSILON {
                break;
            }
        }
        Err(impossible())
    }
}

/// How far a sum may be off, relative to the coefficients.
const ROUNDING: f64 = 1e-14;

/// γ for columns of B with these norms.
fn weight(norms: &[f64]) -> f64 {
    // Not a mean, which one column of another scale decides.
    let mut sizes: Vec<f64> = norms.iter().copied().filter(|&norm| norm > 0.0).collect();
    let middle = sizes.len() / 2;
    if sizes.is_empty() { 1.0 } else { WEIGHT * *sizes.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

impl<T: Scalar> Rows<'_, T> {
    fn rows(&self) -> usize {
        self.share.len()
    }

    /// Rows of B from those of A, where the coefficients have this sum.
    fn finish(&self, sum: T, y: &mut [T]) {
        let m = self.rows();
        y[..m].iter_mut().for_each(|v| *v = -*v);
        axpy(sum, &self.share, &mut y[..m]);
        y[m] = sum.scale(self.weight);
    }

    /// What every column has in common with a vector of rows.
    fn common(&self, y: &[T]) -> T {
        dot(&self.share, &y[..self.rows()]) + y[self.rows()].scale(self.weight)
    }
}

impl<T: Scalar> LinearMap<T> for Rows<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.rows() + 1, self.zeros.len())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut x = x.to_vec();
        x.iter_mut().zip(&self.zeros).filter(|(_, zero)| **zero).for_each(|(x, _)| *x = T::ZERO);
        self.inner.apply(&x, &mut y[..self.rows()])?;
        self.finish(x.iter().copied().sum(), y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.inner.apply_adjoint(&y[..self.rows()], x)?;
        let common = self.common(y);
        x.iter_mut().zip(&self.zeros).for_each(|(x, &zero)| *x = if zero { T::ZERO } else { common - *x });
        Ok(())
    }

    fn profile(&self) -> Profile {
        let (m, n) = self.shape();
        let inner = self.inner.profile();
        let mut profile = Profile::default().with_cost(inner.cost.unwrap_or_else(|| m.saturating_mul(n)) + m + n);
        profile.failure = inner.failure;
        profile
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.inner.columns().is_some().then_some(self)
    }
}

impl<T: Scalar> Columns<T> for Rows<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let m = self.rows();
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            if self.zeros[j] {
                out.fill(T::ZERO);
                continue;
            }
            with_columns(&*self.inner, |columns| columns.gather(&[j], single(&mut out[..m])))?;
            self.finish(T::ONE, out);
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let chosen = support.iter().zip(values).filter(|&(&j, _)| !self.zeros[j]);
        let (places, kept): (Vec<usize>, Vec<T>) = chosen.unzip();
        with_columns(&*self.inner, |columns| columns.combine(&places, &kept, &mut y[..self.rows()]))?;
        self.finish(kept.into_iter().sum(), y);
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        with_columns(&*self.inner, |columns| columns.correlate(support, &y[..self.rows()], out))?;
        let common = self.common(y);
        for (&j, out) in support.iter().zip(out) {
            *out = if self.zeros[j] { T::ZERO } else { common - *out };
        }
        Ok(())
    }
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
