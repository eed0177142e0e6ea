//! The problem: an operator A, data y, a sparsity k, a loss and a domain, checked once.

mod adjusted;
mod atoms;
mod blocks;
mod domain;
mod fixed_sum;
mod grouping;
mod joint;
mod loss;
mod needs;
mod offset;
mod partition;

pub use adjusted::{Adjusted, Adjustment, FixedPart};
pub use atoms::Atoms;
pub(crate) use atoms::{Scoring, reach};
pub use domain::{Bounds, Domain, NonNegative};
pub(crate) use domain::{Copied, Intervals, Region};
pub use fixed_sum::FixedSum;
pub(crate) use grouping::{Grouping, Metric};
pub(crate) use joint::{Sides, principal};
pub use loss::{Loss, Squared};
pub use needs::Needs;
pub use partition::Partition;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use faer::Mat;

use crate::check::{check_finite, check_size, check_sparsity, unusable};
use crate::clock::Instant;
use crate::counts::Counts;
use crate::error::Error;
use crate::interrupt::{Interrupt, Watch};
use crate::kernels::norm;
use crate::operator::{Access, Gram, GramData, LinearMap, SharedGram, Stacked, inverse, norm_squared};
use crate::scalar::Scalar;

/// Norms of columns and data must lie in 10^±140, so that no product of two of them leaves the range of doubles.
pub(crate) const NORM_RANGE: std::ops::RangeInclusive<f64> = 1e-140..=LARGEST_NORM;
/// The upper end of that range, also of what coefficients may be.
pub(crate) const LARGEST_NORM: f64 = 1e140;

/// minimise F(A x) subject to ‖x‖₀ ≤ k, for A of shape m × n and y of length m. By default F(z) = ½‖y − z‖² and x ∈ Tⁿ; see
/// [`with_loss`](Self::with_loss) and [`with_domain`](Self::with_domain).
///
/// Algorithms see unit columns, A D with D = diag(1/‖a_j‖), so that units of measurement do not matter. Solutions are in the scale of A.
/// [`keep_columns`](Self::keep_columns) turns this off.
pub struct Problem<'a, T: Scalar> {
    operator: Access<'a, T>,
    data: &'a [T],
    sparsity: usize,
    data_norm: f64,
    /// The loss, unless it is the squared one.
    loss: Option<&'a dyn Loss<T>>,
    /// The domain, unless it is all of T.
    domain: Option<&'a dyn Domain<T>>,
    atoms: Atoms,
    /// Of groups of the columns of A: what makes them orthonormal.
    grouping: Option<Arc<Grouping<T>>>,
    /// Where y is the columns of a matrix that have one support.
    sides: Option<Arc<Sides<T>>>,
    /// A for several right-hand sides, where the operator is that.
    stacked: Option<&'a Stacked<'a, T>>,
    column_norms: Arc<[f64]>,
    unit_columns: bool,
    /// What [`scales`](Self::scales) returns.
    scales: Arc<[f64]>,
    /// Aᴴ y, where it was computed with that of others; in the scale of A.
    data_correlation: Option<Arc<[T]>>,
    measuring: Measuring,
    /// ‖A‖² of the operator that algorithms see, once it was asked for, and the products that it took.
    norm_squared: Arc<OnceLock<(f64, u64)>>,
}

/// What it took to measure the columns of A: part of the cost of a run, but of none on problems derived from this one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measuring {
    pub(crate) elapsed: Duration,
    pub(crate) counts: Counts,
}

impl<'a, T: Scalar> Problem<'a, T> {
    /// Checks `operator` (A), `data` (y) and `sparsity` (k). Columns of zeros are allowed; no algorithm selects them. For k = 0 every
    /// algorithm returns x = 0.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::DataLength`], [`Error::Sparsity`] unless k ≤ min(m, n), [`Error::NonFinite`] and
    /// [`Error::NonFiniteEntry`] for NaN or infinities, [`Error::ColumnOverflow`] and [`Error::Overflow`] for norms outside 10^±140;
    /// [`Error::TooLarge`] if vectors of m or n numbers do not fit into memory; [`Error::VectorLength`] and [`Error::Number`] if the column
    /// norms that an operator states are not n in number or are impossible.
    ///
    /// # Cost
    /// One pass over A for its column norms. If A is known only by its products, n products for up to 2048 columns. For more columns the
    /// norms are estimated from products of Aᴴ with random signs: from 32, if the norms then look equal to a few percent, in which case
    /// they count as equal; otherwise from 256, with an error of 4 %. Scores of columns have that accuracy; fits are exact. If some columns
    /// of a small sample are nearly parallel to others (a cosine above ½), all norms are measured by n products instead.
    pub fn new(operator: &'a dyn LinearMap<T>, data: &'a [T], sparsity: usize) -> Result<Self, Error> {
        Self::new_until(operator, data, sparsity, &Interrupt::default())
    }

    /// Like [`new`](Self::new), but gives up when `interrupt` says so: measuring the columns of a
    /// [`FunctionOperator`](crate::FunctionOperator) with unknown norms takes many products.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); [`Error::Stopped`].
    pub fn new_until(
        operator: &'a dyn LinearMap<T>,
        data: &'a [T],
        sparsity: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let begin = Instant::now();
        let operator = Access::new(operator);
        let (rows, columns) = (operator.nrows(), operator.ncols());
        if rows == 0 || columns == 0 {
            return Err(Error::Empty { rows, columns });
        }
        check_sparsity(sparsity, 0, rows, columns)?;
        let data_norm = check_data(data, rows)?;
        let (column_norms, counts) = check_columns(&operator, || operator.estimate_columns(interrupt))?;
        let measuring = Measuring { elapsed: begin.elapsed(), counts };
        let scales = column_norms.iter().map(|&norm| inverse(norm)).collect();
        let column_norms = column_norms.into();
        let (unit_columns, data_correlation) = (true, None);
        let norm_squared = Arc::default();
        Ok(Self {
            operator,
            data,
            sparsity,
            data_norm,
            loss: None,
            domain: None,
            atoms: Atoms::default(),
            grouping: None,
            sides: None,
            stacked: None,
            column_norms,
            unit_columns,
            scales,
            data_correlation,
            measuring,
            norm_squared,
        })
    }

    /// The same operator and sparsity with other data, without measuring the columns again.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) that concern y.
    pub fn with_data(&self, data: &'a [T]) -> Result<Self, Error> {
        let sides = self.right_hand_sides();
        let data_norm = check_data(data, self.operator.nrows().saturating_mul(sides))?;
        let new = |_: &Arc<_>| if self.domain.is_some() { Sides::whole(sides) } else { Sides::new(data, sides) };
        let sides = self.sides.as_ref().map(|known| Arc::new(new(known)));
        self.loss.map_or(Ok(()), |loss| loss.check(data))?;
        Ok(Self { data, data_norm, sides, data_correlation: None, measuring: Measuring::default(), ..self.clone() })
    }

    /// The same operator and sparsity with each of several data vectors. Their products with Aᴴ are computed together, for a dense A in one
    /// pass for up to eight vectors. n numbers are held for each. Solutions equal those of problems made one by one.
    ///
    /// # Errors
    /// Those of [`new`](Self::new) that concern y; [`Error::Operator`].
    pub fn with_data_block(&self, data: &[&'a [T]]) -> Result<Vec<Self>, Error> {
        let problems: Result<Vec<Self>, Error> = data.iter().map(|data| self.with_data(data)).collect();
        let mut problems = problems?;
        if self.loss.is_some() || !self.is_plain() {
            // Another loss pulls by other vectors than y, and other atoms by other columns.
            return Ok(problems);
        }
        let mut products = Mat::zeros(self.operator.ncols(), data.len());
        let operator = self.operator.renewed();
        operator.apply_adjoint_block(data, products.as_mut());
        operator.check()?;
        for (at, problem) in problems.iter_mut().enumerate() {
            problem.data_correlation = Some(products.col_as_slice(at).into());
        }
        Ok(problems)
    }

    /// The problem given by sufficient statistics.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn of_gram(operator: &'a Gram<T>, data: &'a GramData<T>, sparsity: usize) -> Result<Self, Error> {
        Self::new(operator, data.data(), sparsity)?.with_data_correlation(data.correlation())
    }

    /// The same problem with a known Aᴴ y, in the scale of A, which is then not computed.
    ///
    /// # Errors
    /// [`Error::VectorLength`] and [`Error::NonFinite`].
    pub fn with_data_correlation(mut self, correlation: Arc<[T]>) -> Result<Self, Error> {
        let (what, entries, columns) = ("Aᴴy", correlation.len(), self.operator.ncols());
        if entries != columns {
            return Err(Error::VectorLength { what, entries, columns });
        }
        check_finite(what, &correlation)?;
        self.data_correlation = Some(correlation);
        Ok(self)
    }

    /// `out` ← −(A D)ᴴ ∇F(0) for the operator A D that algorithms see: (A D)ᴴ y for the squared loss.
    pub(crate) fn correlate_data(&self, scaled: &Access<'_, T>, scales: &[f64], out: &mut [T]) {
        if let Some(loss) = self.loss {
            let zero = vec![T::ZERO; self.data.len()];
            let mut pull = zero.clone();
            loss.pull(self.data, &zero, &mut pull);
            return scaled.apply_adjoint(&pull, out);
        }
        match &self.data_correlation {
            Some(known) => {
                for ((out, &c), &scale) in out.iter_mut().zip(known.iter()).zip(scales) {
                    *out = if self.unit_columns { c.scale(scale) } else { c };
                }
            }
            None => scaled.apply_adjoint(self.data, out),
        }
    }

    /// The same problem with another sparsity.
    ///
    /// # Errors
    /// [`Error::Sparsity`] unless k ≤ min(m, n).
    pub fn with_sparsity(&self, sparsity: usize) -> Result<Self, Error> {
        check_sparsity(sparsity, 0, self.operator.nrows(), self.operator.ncols())?;
        self.check_groups(sparsity)?;
        Ok(Self { sparsity, measuring: Measuring::default(), ..self.clone() })
    }

    /// Whether this and another problem differ in y at most.
    pub(crate) fn differs_in_data_only(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.operator.map(), other.operator.map())
            && Arc::ptr_eq(&self.column_norms, &other.column_norms)
            && (self.sparsity, self.unit_columns) == (other.sparsity, other.unit_columns)
            && self.atoms == other.atoms
            && self.stacked.is_none()
            && other.stacked.is_none()
            && same(self.loss, other.loss)
            && same(self.domain, other.domain)
    }

    /// Lets algorithms see the columns of A as they are, without scaling to unit norm. Results then depend on units.
    #[must_use]
    pub fn keep_columns(mut self) -> Self {
        self.unit_columns = false;
        self.scales = self.column_norms.iter().map(|&norm| f64::from(norm > 0.0)).collect();
        self.norm_squared = Arc::default();
        self.grouping = self.grouping.as_ref().map(|grouping| self.group(grouping.stated().clone()));
        self
    }

    /// The same problem with a loss other than the squared loss. [`Solution::residual_norm`](crate::Solution::residual_norm) is then
    /// √(2F(A x)), and quantities relative to ‖y‖ become relative to √(2F(0)).
    ///
    /// # Errors
    /// Those of [`Loss::check`]; [`Error::Overflow`] if F(0) is not a number; [`Error::HiddenRows`] where A is a [`Gram`].
    pub fn with_loss(mut self, loss: &'a dyn Loss<T>) -> Result<Self, Error> {
        self.check_plain("another loss than the squared one")?;
        if let Some(rows) = self.operator.rows_of_gram() {
            return Err(Error::HiddenRows { what: "a loss", rows });
        }
        loss.check(self.data)?;
        self.loss = Some(loss);
        if self.zero_norm().is_finite() { Ok(self) } else { Err(Error::Overflow { what: "the loss at x = 0" }) }
    }

    /// The same problem with coefficients restricted to a domain. If several right-hand sides share a support, the domain applies to each
    /// vector of coefficients. Starts are projected onto it.
    ///
    /// # Errors
    /// Those of [`Domain::check`]; [`Error::Number`] if 0 is not in it.
    pub fn with_domain(mut self, domain: &'a dyn Domain<T>) -> Result<Self, Error> {
        domain.check(self.operator.ncols())?;
        for column in 0..self.operator.ncols() {
            let nearest = domain.project(column, T::ZERO);
            if nearest != T::ZERO {
                let what = "the allowed coefficient nearest to 0";
                return Err(Error::Number { what, rule: "0", value: Scalar::abs(nearest) });
            }
        }
        self.domain = Some(domain);
        // Neither combinations of columns nor of right-hand sides have bounds.
        self.grouping = self.grouping.as_ref().map(|grouping| self.group(grouping.stated().clone()));
        self.sides = self.sides.as_ref().map(|sides| Arc::new(Sides::whole(sides.count())));
        Ok(self)
    }

    /// Refuses this problem if it does not meet `needs`, the requirements of `who`, an algorithm or a computation.
    ///
    /// # Errors
    /// [`Error::RealOnly`], [`Error::ColumnsOnly`], [`Error::OtherOperator`], [`Error::HiddenRows`], [`Error::NotQuadratic`].
    pub fn check(&self, who: &'static str, needs: Needs) -> Result<(), Error> {
        if needs.columns && !self.is_plain() {
            return Err(Error::ColumnsOnly { algorithm: who });
        }
        needs.check_scalar::<T>(who)?;
        if needs.steps && !self.operator.is_steps() {
            return Err(Error::OtherOperator { algorithm: who, operator: needs.operator().unwrap_or_default() });
        }
        if needs.rows
            && let Some(rows) = self.operator.rows_of_gram().filter(|&rows| rows > self.operator.nrows())
        {
            return Err(Error::HiddenRows { what: who, rows });
        }
        if needs.quadratic && !self.is_quadratic() && !(needs.intervals && self.is_bounded()) {
            return Err(Error::NotQuadratic { algorithm: who });
        }
        Ok(())
    }

    /// Whether the loss is the squared loss and every coefficient is allowed.
    pub fn is_quadratic(&self) -> bool {
        self.loss.is_none() && self.domain.is_none()
    }

    /// Whether the loss is the squared loss and the domain consists of known [intervals](Domain::interval).
    pub fn is_bounded(&self) -> bool {
        let columns = self.operator.ncols();
        let known = |domain: &dyn Domain<T>| (0..columns).all(|j| domain.interval(j).is_some());
        self.loss.is_none() && !T::IS_COMPLEX && self.domain.is_some_and(known)
    }

    /// The loss, unless it is the squared one.
    pub(crate) fn loss(&self) -> Option<&'a dyn Loss<T>> {
        self.loss
    }

    /// The domain in the scale of A, unless it is all numbers.
    pub(crate) fn domain(&self) -> Option<&'a dyn Domain<T>> {
        self.domain
    }

    /// The allowed coefficient of column j, in the scale of A, that is nearest to `value`.
    pub(crate) fn project(&self, j: usize, value: T) -> T {
        self.domain.map_or(value, |domain| domain.project(j, value))
    }

    /// The domain of what algorithms see of groups or several right-hand sides.
    pub(crate) fn copied_domain(&self) -> Option<Copied<'a, T>> {
        Some(Copied::new(self.domain?, self.scales()))
    }

    /// The domain in the scale of the algorithms.
    pub(crate) fn region(&self) -> Region<'a, T> {
        // All numbers are the same in every scale.
        let scales = if self.domain.is_some() { self.scales() } else { Arc::default() };
        Region { domain: self.domain, scales }
    }

    /// How atoms are scored.
    pub(crate) fn scoring(&self) -> Scoring<'a, T> {
        Scoring::new(&self.atoms, self.region(), self.operator.ncols())
    }

    /// √(2F(0)): ‖y‖ for the squared loss.
    pub(crate) fn zero_norm(&self) -> f64 {
        self.loss.map_or(self.data_norm, |loss| root(loss, self.data, &vec![T::ZERO; self.data.len()]))
    }

    /// √(2F(z)): ‖y − z‖ for the squared loss.
    pub(crate) fn residual_norm(&self, mut z: Vec<T>) -> f64 {
        if let Some(loss) = self.loss {
            return root(loss, self.data, &z);
        }
        z.iter_mut().zip(self.data).for_each(|(r, &y)| *r = y - *r);
        norm(&z)
    }

    /// Caches Gram columns of A in `gram` for this problem and those derived from it, for runs that differ in y or k, on any number of
    /// threads. Solutions are the same bit for bit as without the cache.
    ///
    /// `gram` must belong to this A; the cache of another operator gives wrong answers.
    ///
    /// # Errors
    /// [`Error::VectorLength`] unless `gram` is for n columns.
    pub fn share_gram(mut self, gram: Arc<SharedGram<T>>) -> Result<Self, Error> {
        let (entries, columns) = (gram.columns(), self.operator.ncols());
        if entries != columns {
            return Err(Error::VectorLength { what: "the table of Gram columns", entries, columns });
        }
        self.operator = self.operator.keeping(gram);
        Ok(self)
    }

    /// A.
    pub fn operator(&self) -> &Access<'a, T> {
        &self.operator
    }

    /// y.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// k.
    pub fn sparsity(&self) -> usize {
        self.sparsity
    }

    /// ‖y‖.
    pub fn data_norm(&self) -> f64 {
        self.data_norm
    }

    /// ‖a_j‖ for every column of A, as stated, measured or [estimated](Self::new).
    pub fn column_norms(&self) -> &[f64] {
        &self.column_norms
    }

    /// What it took to measure the columns.
    pub(crate) fn measuring(&self) -> Measuring {
        self.measuring
    }

    /// 1/‖a_j‖, the scale between the coefficients algorithms see and those of A; 0 for a zero column. All ones
    /// (but still 0 for a zero column) after [`keep_columns`](Self::keep_columns).
    pub(crate) fn scales(&self) -> Arc<[f64]> {
        self.scales.clone()
    }

    /// ‖A‖² of `scaled`, the operator that algorithms see, and the products that it took; computed by the first that asks, of all
    /// problems derived from one another.
    pub(crate) fn operator_norm_squared(&self, scaled: &Access<'_, T>, watch: &Watch) -> (f64, u64) {
        if let Some(known) = self.norm_squared.get() {
            return *known;
        }
        let found = norm_squared(scaled, || watch.stop());
        if watch.stop() {
            return found;
        }
        // Not computed under a lock: a thread that shares a product may take up another run meanwhile, which asks as well.
        *self.norm_squared.get_or_init(|| found)
    }

    /// The operator that algorithms see.
    pub(crate) fn scaled_operator(&self) -> Access<'a, T> {
        if self.unit_columns { self.operator.scaled(self.scales()) } else { self.operator.renewed() }
    }

    /// ‖a_j‖ of the columns that algorithms see.
    pub(crate) fn scaled_norms(&self) -> impl Iterator<Item = f64> + '_ {
        self.column_norms.iter().map(|&norm| if self.unit_columns { f64::from(norm > 0.0) } else { norm })
    }
}

impl<T: Scalar> Clone for Problem<'_, T> {
    fn clone(&self) -> Self {
        Self {
            operator: self.operator.renewed(),
            column_norms: self.column_norms.clone(),
            scales: self.scales.clone(),
            data_correlation: self.data_correlation.clone(),
            norm_squared: self.norm_squared.clone(),
            atoms: self.atoms.clone(),
            grouping: self.grouping.clone(),
            sides: self.sides.clone(),
            ..*self
        }
    }
}

impl<T: Scalar> std::fmt::Debug for Problem<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Problem")
            .field("nrows", &self.operator.nrows())
            .field("ncols", &self.operator.ncols())
            .field("sparsity", &self.sparsity)
            .finish_non_exhaustive()
    }
}

/// What is common to a problem of other atoms than columns and the one that algorithms see of it.
pub(crate) struct Seen<'a, T: Scalar> {
    pub(crate) operator: &'a dyn LinearMap<T>,
    pub(crate) stacked: Option<&'a Stacked<'a, T>>,
    pub(crate) data: &'a [T],
    pub(crate) column_norms: Vec<f64>,
    pub(crate) domain: Option<&'a dyn Domain<T>>,
    pub(crate) partition: Partition,
}

/// √(2F(z)).
fn root<T: Scalar>(loss: &dyn Loss<T>, data: &[T], z: &[T]) -> f64 {
    (2.0 * loss.value(data, z)).sqrt()
}

/// Whether two of what a problem may have are the same one, or missing.
fn same<O: ?Sized>(one: Option<&O>, other: Option<&O>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::addr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Checks the norms of the columns of A, and returns them with the products that they took.
pub(crate) fn check_columns<T: Scalar>(
    operator: &Access<'_, T>,
    measure: impl FnOnce() -> Result<(Vec<f64>, Counts), Error>,
) -> Result<(Vec<f64>, Counts), Error> {
    check_size(operator.nrows(), operator.ncols())?;
    let (norms, counts) = measure()?;
    if norms.len() != operator.ncols() {
        let what = "the vector of column norms";
        return Err(Error::VectorLength { what, entries: norms.len(), columns: operator.ncols() });
    }
    match norms.iter().position(|&norm| norm != 0.0 && !NORM_RANGE.contains(&norm)) {
        Some(column) => Err(blame_norm(operator, column, norms[column])),
        None => Ok((norms, counts)),
    }
}

/// Checks y and returns its norm.
fn check_data<T: Scalar>(data: &[T], rows: usize) -> Result<f64, Error> {
    if data.len() != rows {
        return Err(Error::DataLength { entries: data.len(), rows });
    }
    check_finite("y", data)?;
    let data_norm = norm(data);
    if data_norm != 0.0 && !NORM_RANGE.contains(&data_norm) {
        return Err(Error::Overflow { what: "the norm of y (or its inverse)" });
    }
    Ok(data_norm)
}

/// Why the norm of a column, as the operator states it, is not usable.
fn blame_norm<T: Scalar>(operator: &Access<'_, T>, column: usize, stated: f64) -> Error {
    let mut entries = vec![T::ZERO; operator.nrows()];
    operator.column(column, &mut entries);
    if norm(&entries).is_finite() && !(stated >= 0.0 && stated.is_finite()) {
        return Error::Number { what: "the norm of a column", rule: "finite and at least 0", value: stated };
    }
    unusable(&entries, column)
}
