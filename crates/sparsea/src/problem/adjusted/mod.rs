//! Fixed and excluded columns, an intercept, row weights, gaps in the data and a ridge, reduced to an ordinary problem.

mod basis;
mod reduced;
mod ridged;

use std::ops::Deref;
use std::sync::Arc;

use faer::MatMut;

use super::Problem;
use crate::check::{check_finite, check_size, unusable};
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::operator::{Access, DenseOperator, LinearMap, is_dense, single, with_columns};
use crate::parallel::*;
use crate::run::Start;
use crate::scalar::Scalar;
use crate::solution::Solution;
use basis::{Basis, rounding};
use reduced::Reduced;
use ridged::Ridged;

/// What a model contains besides the columns that are chosen: the settings of [`Adjusted`].
///
/// minimise ½ Σ_i w_i |(y − A x − F c)_i|² + ½ λ‖x‖² over c and x, where ‖x‖₀ ≤ k and x is zero off the columns that may be chosen. The
/// columns of F are a column of ones (the intercept), the fixed columns of A and the baselines, as far as there are any.
#[derive(Debug, Clone)]
pub struct Adjustment<T> {
    weights: Option<Vec<f64>>,
    intercept: bool,
    fixed: Vec<usize>,
    excluded: Vec<usize>,
    baselines: Vec<Vec<T>>,
    ridge: f64,
}

impl<T> Default for Adjustment<T> {
    fn default() -> Self {
        Self { weights: None, intercept: false, fixed: vec![], excluded: vec![], baselines: vec![], ridge: 0.0 }
    }
}

impl<T: Scalar> Adjustment<T> {
    /// Weights w_i ≥ 0, one per row; 0 for a missing row. Default: all 1.
    #[must_use]
    pub fn weights(self, weights: Vec<f64>) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Whether the model has an intercept: a column of ones that is always in it. Default: no.
    #[must_use]
    pub fn intercept(self, intercept: bool) -> Self {
        Self { intercept, ..self }
    }

    /// Columns that are always in the model, neither counted in k nor penalised. Default: none.
    #[must_use]
    pub fn fixed(self, columns: Vec<usize>) -> Self {
        Self { fixed: columns, ..self }
    }

    /// Columns that are never chosen. Default: none.
    #[must_use]
    pub fn excluded(self, columns: Vec<usize>) -> Self {
        Self { excluded: columns, ..self }
    }

    /// Further vectors of length m that are always in the model, such as a drift or the tones of mains hum. Default: none.
    #[must_use]
    pub fn baselines(self, vectors: Vec<Vec<T>>) -> Self {
        Self { baselines: vectors, ..self }
    }

    /// λ ≥ 0, in the scale of A. Default: 0.
    #[must_use]
    pub fn ridge(self, ridge: f64) -> Self {
        Self { ridge, ..self }
    }

    /// Whether every setting is at its default, so that nothing is adjusted.
    pub fn is_none(&self) -> bool {
        self.weights.is_none()
            && !self.intercept
            && self.fixed.is_empty()
            && self.excluded.is_empty()
            && self.baselines.is_empty()
            && self.ridge == 0.0
    }

    /// Checks all that concerns an A of this shape, and says which columns may not be chosen.
    fn check(&self, (rows, columns): (usize, usize)) -> Result<Vec<bool>, Error> {
        if let Some(weights) = &self.weights {
            check_weights(weights, rows)?;
        }
        if !(self.ridge >= 0.0 && self.ridge.is_finite()) {
            return Err(Error::Number { what: "the ridge", rule: "at least 0 and finite", value: self.ridge });
        }
        for baseline in &self.baselines {
            if baseline.len() != rows {
                let entries = baseline.len();
                return Err(Error::Structure(format!("a baseline has {entries} entries, but A has {rows} rows")));
            }
            check_finite("a baseline", baseline)?;
        }
        let mut zeros = vec![false; columns];
        for (what, list) in [("fixed", &self.fixed), ("excluded", &self.excluded)] {
            let mut seen = vec![false; columns];
            for &index in list {
                match seen.get_mut(index) {
                    None => return Err(Error::ColumnIndex { what, index, columns }),
                    Some(true) => return Err(Error::ColumnRepeats { what, index }),
                    Some(seen) => *seen = true,
                }
                if zeros[index] && what == "excluded" {
                    return Err(Error::FixedAndExcluded { index });
                }
            }
            zeros.iter_mut().zip(seen).for_each(|(zero, seen)| *zero |= seen);
        }
        Ok(zeros)
    }
}

/// A problem adjusted for fixed and excluded columns, an intercept, weights, gaps and a ridge, as a map that every algorithm works on.
///
/// By the theorem of Frisch, Waugh and Lovell (DOI 10.2307/1907330, 10.1080/01621459.1963.10480682), the x of an [`Adjustment`] minimises
/// ½‖P √W y − B x‖² + ½ λ‖x‖² with B = P √W A, where P is the orthogonal projector off the span of √W F. This map is B with the rows √λ·I
/// appended. Its columns have the indices of the columns of A. Fixed and excluded columns are zero, so no algorithm chooses them. So are
/// columns that depend on fixed ones to rounding, ‖b_j‖ ≤ 4 (1 + √m) ε ‖√W a_j‖. A fixed column that depends to rounding on those before it
/// (the intercept, then the columns of A, then baselines) has coefficient 0.
///
/// ```
/// use sparsea::{Adjusted, Adjustment, DenseOperator, Omp, solve};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// // y = 100 + 2 a_1, and a row that is missing.
/// let a = [1.0, 2.0, 0.0, -1.0, 3.0, 0.0, 1.0, 1.0, 5.0, -2.0];
/// let mut y: Vec<f64> = a[5..].iter().map(|v| 100.0 + 2.0 * v).collect();
/// y[3] = f64::NAN;
/// let matrix = DenseOperator::from_column_major(&a, 5, 2)?;
/// let adjustment = Adjustment::default().intercept(true).weights(vec![1.0, 1.0, 1.0, 0.0, 1.0]);
/// let adjusted = Adjusted::new(&matrix, &adjustment)?;
/// let data = adjusted.reduce(&y)?;
/// let solution = adjusted.complete(&y, solve(&adjusted.problem(&data, 1)?, Omp::default())?)?;
///
/// assert_eq!(solution.support, [1]);
/// assert!((solution.coefficients[0] - 2.0).abs() < 1e-12);
/// let fixed = solution.fixed.expect("the intercept");
/// assert!((fixed.intercept[0] - 100.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Structure and cost
/// Weights, gaps and excluded columns preserve the [structure](crate::operator::Structure) of A, sparse or local. With fixed columns, B has
/// no known structure. A dense A is copied, m n numbers. Otherwise a product takes one product with A and, for f fixed columns, 4 m f
/// multiply-adds. Making the map takes f products with Aᴴ, the column norms, and one column for each column that is nearly in the span of
/// the fixed ones. If only products with A are known, making it takes n products for up to 2048 columns, as without adjustment.
pub struct Adjusted<'o, T: Scalar> {
    inner: Arc<dyn LinearMap<T> + 'o>,
    form: Form<'o, T>,
    /// √w_i.
    roots: Option<Arc<[f64]>>,
    basis: Arc<Basis<T>>,
    intercept: bool,
    fixed: Vec<usize>,
    /// 1 for a column that is fixed, 2 for one that is excluded.
    marks: Vec<Mark>,
    baselines: usize,
    ridge: f64,
    /// Rows of weight above 0.
    rows: usize,
}

/// What is said of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Free,
    Fixed,
    Excluded,
}

/// The map, with or without rows of a ridge.
enum Form<'o, T: Scalar> {
    Plain(Box<dyn LinearMap<T> + 'o>),
    Ridged(Ridged<Box<dyn LinearMap<T> + 'o>, T>),
}

impl<'o, T: Scalar> Adjusted<'o, T> {
    /// Adjusts the operator `inner`, A.
    ///
    /// # Errors
    /// [`Error::Structure`] for weights or baselines of the wrong length; [`Error::Number`] for a weight or a ridge below 0, or weights
    /// whose sum is 0; [`Error::ColumnIndex`], [`Error::ColumnRepeats`] and [`Error::FixedAndExcluded`] for indices that do not fit;
    /// [`Error::NonFinite`], [`Error::NonFiniteEntry`], [`Error::ColumnOverflow`], [`Error::Empty`], [`Error::TooLarge`] and
    /// [`Error::Operator`] as [`Problem::new`].
    pub fn new(inner: impl LinearMap<T> + 'o, adjustment: &Adjustment<T>) -> Result<Self, Error> {
        Self::new_until(inner, adjustment, &Interrupt::default())
    }

    /// Like [`new`](Self::new), but gives up when `interrupt` says so.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`Error::Stopped`].
    pub fn new_until(
        inner: impl LinearMap<T> + 'o,
        adjustment: &Adjustment<T>,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let inner: Arc<dyn LinearMap<T> + 'o> = Arc::new(inner);
        let (m, n) = inner.shape();
        if m == 0 || n == 0 {
            return Err(Error::Empty { rows: m, columns: n });
        }
        check_size(m, n)?;
        let zeros = adjustment.check((m, n))?;
        let mut marks = vec![Mark::Free; n];
        adjustment.fixed.iter().for_each(|&j| marks[j] = Mark::Fixed);
        adjustment.excluded.iter().for_each(|&j| marks[j] = Mark::Excluded);
        let rows = adjustment.weights.as_ref().map_or(m, |weights| weights.iter().filter(|w| **w > 0.0).count());
        let roots: Option<Arc<[f64]>> =
            adjustment.weights.as_ref().map(|weights| weights.iter().map(|w| w.sqrt()).collect());
        let mut fixed = adjustment.fixed.clone();
        fixed.sort_unstable();
        let basis = Arc::new(basis_of(&*inner, roots.as_deref(), adjustment, &fixed)?);
        let (map, zeros): (Box<dyn LinearMap<T> + 'o>, _) = if is_dense(&*inner) {
            let (entries, zeros) = materialised(&*inner, roots.as_deref(), &basis, zeros)?;
            (Box::new(DenseOperator::owned(entries, m, n)?), zeros)
        } else {
            let reduced = Reduced::new(inner.clone(), roots.clone(), basis.clone(), zeros, interrupt)?;
            let zeros = reduced.zeros().to_vec();
            (Box::new(reduced), zeros)
        };
        let form = if adjustment.ridge > 0.0 {
            check_size(m.saturating_add(n), n)?;
            Form::Ridged(Ridged::new(map, adjustment.ridge, &zeros))
        } else {
            Form::Plain(map)
        };
        let Adjustment { intercept, ridge, ref baselines, .. } = *adjustment;
        Ok(Self { inner, form, roots, basis, intercept, fixed, marks, baselines: baselines.len(), ridge, rows })
    }

    /// P √W y, with zeros in the rows of the ridge: the data for this map. Entries of y in rows of weight 0 may be anything, including NaN.
    /// If y is in the span of the fixed columns to rounding, the result is 0.
    ///
    /// # Errors
    /// [`Error::DataLength`], [`Error::NonFinite`].
    pub fn reduce(&self, data: &[T]) -> Result<Vec<T>, Error> {
        self.reduce_joint(data, 1)
    }

    /// [`reduce`](Self::reduce) for each of `count` columns of Y, end to end.
    ///
    /// # Errors
    /// Those of [`reduce`](Self::reduce).
    pub fn reduce_joint(&self, data: &[T], count: usize) -> Result<Vec<T>, Error> {
        let rows = self.rows().saturating_mul(count);
        if data.len() != rows {
            return Err(Error::DataLength { entries: data.len(), rows });
        }
        let sides: Result<Vec<_>, _> = data.chunks(self.rows()).map(|data| self.reduce_one(data)).collect();
        Ok(sides?.concat())
    }

    fn reduce_one(&self, data: &[T]) -> Result<Vec<T>, Error> {
        let mut reduced = self.weighted(data)?;
        let whole = norm(&reduced);
        self.basis.project(&mut reduced);
        if self.basis.rank() > 0 && norm(&reduced) <= rounding(reduced.len()) * whole {
            reduced.fill(T::ZERO);
        }
        Ok(match &self.form {
            Form::Plain(_) => reduced,
            Form::Ridged(ridged) => ridged.lengthen(&reduced),
        })
    }

    /// The problem of this map for data reduced by [`reduce`](Self::reduce).
    ///
    /// # Errors
    /// Those of [`check_sparsity`](Self::check_sparsity) and of [`Problem::new`].
    pub fn problem<'a>(&'a self, reduced: &'a [T], sparsity: usize) -> Result<Problem<'a, T>, Error> {
        self.check_sparsity(sparsity)?;
        Problem::new(self, reduced, sparsity)
    }

    /// The problem of `count` columns with a common support, reduced by [`reduce_joint`](Self::reduce_joint).
    ///
    /// # Errors
    /// Those of [`check_sparsity`](Self::check_sparsity) and of [`Problem::joint`].
    pub fn joint<'a>(&'a self, reduced: &'a [T], count: usize, sparsity: usize) -> Result<Problem<'a, T>, Error> {
        self.check_sparsity(sparsity)?;
        Problem::joint(self, reduced, count, sparsity)
    }

    /// Columns that cannot be chosen: fixed or excluded.
    pub fn left_out(&self) -> Vec<usize> {
        (0..self.marks.len()).filter(|&j| self.marks[j] != Mark::Free).collect()
    }

    /// Refuses k above the number of columns that may be chosen. Without a ridge, also refuses k above the number of rows of positive
    /// weight minus the [rank](Self::fixed_rank) of the fixed columns.
    ///
    /// # Errors
    /// [`Error::SparsityLeft`].
    pub fn check_sparsity(&self, sparsity: usize) -> Result<(), Error> {
        let (limit, columns) = (self.largest_sparsity(), self.free_columns());
        let rows_decide = limit < columns;
        if sparsity <= limit {
            return Ok(());
        }
        let left = if rows_decide && self.basis.rank() > 0 {
            format!("{} rows of weight above 0, less {} for fixed columns", self.rows, self.basis.rank())
        } else if rows_decide {
            format!("{} rows of weight above 0", self.rows)
        } else {
            format!("{columns} columns neither fixed nor excluded")
        };
        Err(Error::SparsityLeft { sparsity, limit, left })
    }

    /// Converts a start in terms of A into one for a run on this map. Fixed columns are dropped from it, because their coefficients follow
    /// from the others.
    ///
    /// # Errors
    /// [`Error::ExcludedStart`]; those of a support that does not fit A.
    pub fn start(&self, start: Start<T>) -> Result<Start<T>, Error> {
        let refuse = |index| Err(Error::ExcludedStart { index });
        Ok(match start {
            Start::Support(mut support) => {
                if let Some(&index) = support.iter().find(|&&j| self.marks.get(j) == Some(&Mark::Excluded)) {
                    return refuse(index);
                }
                support.retain(|&j| self.marks.get(j) != Some(&Mark::Fixed));
                Start::Support(support)
            }
            Start::Vector(mut x) => {
                for x in x.chunks_mut(self.marks.len()) {
                    for (index, (x, mark)) in x.iter_mut().zip(&self.marks).enumerate() {
                        match mark {
                            Mark::Excluded if *x != T::ZERO => return refuse(index),
                            Mark::Fixed => *x = T::ZERO,
                            _ => {}
                        }
                    }
                }
                Start::Vector(x)
            }
            other => other,
        })
    }

    /// Converts a solution of the [problem](Self::problem) of this map and the reduced y into one in terms of A and y; for a
    /// [joint](Self::joint) support, `data` holds all columns of Y.
    ///
    /// [`Solution::fixed`] has the coefficients c of F. With r = y − A x − F c, [`Solution::residual_norm`] is √(Σ w_i |r_i|²), without the
    /// ridge. [`Solution::relative_residual`] is the ratio of this to its value at x = 0, where fixed columns alone explain y.
    /// [`Solution::objective`] is ½ Σ w_i |r_i|² + ½ λ‖x‖². During a run, in a [`Trace`](crate::Trace), a report or a halting rule, the
    /// residual is the square root of twice the objective.
    ///
    /// # Cost
    /// With fixed columns, one product with the columns of the support.
    ///
    /// # Errors
    /// [`Error::Operator`]; those of [`reduce`](Self::reduce).
    pub fn complete(&self, data: &[T], mut solution: Solution<T>) -> Result<Solution<T>, Error> {
        let (m, count) = (self.rows(), solution.right_hand_sides);
        if data.len() != m.saturating_mul(count) {
            return Err(Error::DataLength { entries: data.len(), rows: m.saturating_mul(count) });
        }
        let sides: Vec<Vec<T>> =
            (0..count).map(|b| solution.coefficients.iter().copied().skip(b).step_by(count).collect()).collect();
        if let Form::Ridged(ridged) = &self.form {
            let access = Access::new(self);
            let (mut heads, mut wholes) = (vec![], vec![]);
            for (data, x) in data.chunks(m).zip(&sides) {
                let reduced = self.reduce(data)?;
                let mut rest = vec![T::ZERO; reduced.len()];
                access.apply_sparse(&solution.support, x, &mut rest);
                access.check()?;
                rest.iter_mut().zip(&reduced).for_each(|(r, &y)| *r = y - *r);
                heads.extend(ridged.head(&rest));
                wholes.extend(reduced);
            }
            let (residual, whole) = (norm(&heads), norm(&wholes));
            solution.residual_norm = residual;
            solution.relative_residual = if whole > 0.0 { residual / whole } else { 0.0 };
            let square: f64 = solution.coefficients.iter().map(|x| x.abs2()).sum();
            solution.objective = 0.5 * (residual * residual + self.ridge * square);
        }
        if self.has_fixed() {
            let access = Access::new(&*self.inner);
            let mut all = vec![];
            for (data, x) in data.chunks(m).zip(&sides) {
                let mut rest = vec![T::ZERO; m];
                access.apply_sparse(&solution.support, x, &mut rest);
                access.check()?;
                self.weigh(&mut rest);
                rest.iter_mut().zip(self.weighted(data)?).for_each(|(r, y)| *r = y - *r);
                all.push(self.basis.solve(&rest));
            }
            let of = |places: std::ops::Range<usize>| -> Vec<T> {
                places.flat_map(|at| all.iter().map(move |side| side[at])).collect()
            };
            let ones = usize::from(self.intercept);
            let columns = ones + self.fixed.len();
            solution.fixed = Some(FixedPart {
                intercept: of(0..ones),
                fixed: self.fixed.clone(),
                fixed_coefficients: of(ones..columns),
                baseline_coefficients: of(columns..columns + self.baselines),
            });
        }
        Ok(solution)
    }

    /// Number of rows m of A.
    pub fn rows(&self) -> usize {
        self.inner.shape().0
    }

    /// Number of rows of weight above 0.
    pub fn weighted_rows(&self) -> usize {
        self.rows
    }

    /// The rank of the part that is always in the model: intercept, fixed columns and baselines.
    pub fn fixed_rank(&self) -> usize {
        self.basis.rank()
    }

    /// Number of columns that may be chosen.
    pub fn free_columns(&self) -> usize {
        self.marks.iter().filter(|mark| **mark == Mark::Free).count()
    }

    /// The largest k that [`check_sparsity`](Self::check_sparsity) accepts.
    pub fn largest_sparsity(&self) -> usize {
        let (rows, columns) = (self.rows - self.basis.rank(), self.free_columns());
        if self.ridge == 0.0 { rows.min(columns) } else { columns }
    }

    /// Whether the model has an intercept, fixed columns or baselines.
    fn has_fixed(&self) -> bool {
        self.intercept || !self.fixed.is_empty() || self.baselines > 0
    }

    /// √W y; 0 where a weight is.
    fn weighted(&self, data: &[T]) -> Result<Vec<T>, Error> {
        let rows = self.inner.shape().0;
        if data.len() != rows {
            return Err(Error::DataLength { entries: data.len(), rows });
        }
        let Some(roots) = &self.roots else {
            check_finite("y", data)?;
            return Ok(data.to_vec());
        };
        let used = |(&y, &root): (&T, &f64)| if root > 0.0 { y } else { T::ZERO };
        let mut used: Vec<T> = data.iter().zip(roots.iter()).map(used).collect();
        check_finite("y", &used)?;
        self.weigh(&mut used);
        Ok(used)
    }

    fn weigh(&self, v: &mut [T]) {
        if let Some(roots) = &self.roots {
            v.iter_mut().zip(roots.iter()).for_each(|(v, &root)| *v = v.scale(root));
        }
    }
}

impl<'o, T: Scalar> Deref for Adjusted<'o, T> {
    type Target = dyn LinearMap<T> + 'o;

    fn deref(&self) -> &Self::Target {
        match &self.form {
            Form::Plain(map) => &**map,
            Form::Ridged(map) => map,
        }
    }
}

impl<T: Scalar> std::fmt::Debug for Adjusted<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rows, columns) = self.inner.shape();
        f.debug_struct("Adjusted")
            .field("rows", &rows)
            .field("columns", &columns)
            .field("intercept", &self.intercept)
            .field("fixed", &self.fixed)
            .field("ridge", &self.ridge)
            .finish_non_exhaustive()
    }
}

/// Coefficients of the fixed part of a model, in a [`Solution`].
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPart<T> {
    /// The coefficient of the column of ones, if there is one: one number per right-hand side.
    pub intercept: Vec<T>,
    /// The fixed columns of A, sorted.
    pub fixed: Vec<usize>,
    /// Their coefficients, in the scale of A: one number per right-hand side for each column. 0 for a column that depends on those before
    /// it.
    pub fixed_coefficients: Vec<T>,
    /// The coefficients of the baselines.
    pub baseline_coefficients: Vec<T>,
}

/// Checks weights of rows.
fn check_weights(weights: &[f64], rows: usize) -> Result<(), Error> {
    if weights.len() != rows {
        return Err(Error::Structure(format!("there are {} weights, but A has {rows} rows", weights.len())));
    }
    check_finite("the vector of weights", weights)?;
    if let Some(&value) = weights.iter().find(|&&w| w < 0.0) {
        return Err(Error::Number { what: "a weight", rule: "at least 0", value });
    }
    let total: f64 = weights.iter().sum();
    if total > 0.0 && total.is_finite() {
        Ok(())
    } else {
        Err(Error::Number { what: "the sum of the weights", rule: "above 0 and finite", value: total })
    }
}

/// The span of √W F.
fn basis_of<T: Scalar>(
    inner: &dyn LinearMap<T>,
    roots: Option<&[f64]>,
    adjustment: &Adjustment<T>,
    fixed: &[usize],
) -> Result<Basis<T>, Error> {
    let m = inner.shape().0;
    let mut basis = Basis::new();
    let mut push = |mut column: Vec<T>| {
        if let Some(roots) = roots {
            column.iter_mut().zip(roots).for_each(|(v, &root)| *v = v.scale(root));
        }
        basis.push(column);
    };
    if adjustment.intercept {
        push(vec![T::ONE; m]);
    }
    for &j in fixed {
        let mut column = vec![T::ZERO; m];
        with_columns(inner, |columns| columns.gather(&[j], single(&mut column))).map_err(Error::Operator)?;
        if !norm(&column).is_finite() {
            return Err(unusable(&column, j));
        }
        push(column);
    }
    adjustment.baselines.iter().cloned().for_each(push);
    Ok(basis)
}

/// The entries of P √W A by columns, and which of these are zero.
fn materialised<T: Scalar>(
    inner: &dyn LinearMap<T>,
    roots: Option<&[f64]>,
    basis: &Basis<T>,
    mut zeros: Vec<bool>,
) -> Result<(Vec<T>, Vec<bool>), Error> {
    /// Columns at a time: those of a matrix by rows lie side by side.
    const BLOCK: usize = 64;
    let (m, n) = inner.shape();
    let mut entries = vec![T::ZERO; m.saturating_mul(n)];
    let make = |(block, (entries, zeros)): (usize, (&mut [T], &mut [bool]))| -> Result<(), Error> {
        let chosen: Vec<usize> = (block * BLOCK..block * BLOCK + zeros.len()).collect();
        let out = MatMut::from_column_major_slice_mut(entries, m, chosen.len());
        with_columns(inner, |columns| columns.gather(&chosen, out)).map_err(Error::Operator)?;
        for ((column, zero), &j) in entries.chunks_mut(m).zip(zeros).zip(&chosen) {
            if !norm(column).is_finite() {
                return Err(unusable(column, j));
            }
            if let Some(roots) = roots {
                column.iter_mut().zip(roots).for_each(|(v, &root)| *v = v.scale(root));
            }
            let whole = norm(column);
            if !*zero {
                basis.project(column);
                *zero = whole == 0.0 || (basis.rank() > 0 && norm(column) <= rounding(m) * whole);
            }
            if *zero {
                column.fill(T::ZERO);
            }
        }
        Ok(())
    };
    // The first in order is returned, whichever comes first.
    let blocks = entries.par_chunks_mut(m * BLOCK).zip(zeros.par_chunks_mut(BLOCK)).enumerate();
    let outcomes: Vec<Result<(), Error>> = blocks.map(make).collect();
    outcomes.into_iter().collect::<Result<(), Error>>()?;
    Ok((entries, zeros))
}
