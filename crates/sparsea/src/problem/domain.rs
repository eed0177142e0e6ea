//! Allowed values of coefficients.

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::Error;
use crate::scalar::Scalar;

/// A closed convex set of allowed values for each coefficient, containing 0: see [`Problem::with_domain`](crate::Problem::with_domain).
///
/// Coefficients are in the scale of A, not of its columns scaled to unit norm.
pub trait Domain<T: Scalar>: Debug + Send + Sync {
    /// The allowed value of x_j that is nearest to `value`, for j = `column`.
    fn project(&self, column: usize, value: T) -> T;

    /// The component of `direction` along which x_j can leave 0. Default: the projection of a very short step, scaled back.
    fn leave_zero(&self, column: usize, direction: T) -> T {
        /// Shorter than any bound that is not 0. A power of two, which rounds nothing.
        const SHORT: f64 = 1.0 / LONG;
        const LONG: f64 = (1u128 << 127) as f64 * (1u128 << 127) as f64;
        self.project(column, direction.scale(SHORT)).scale(LONG)
    }

    /// Refuses a problem whose number of columns does not suit this domain. Default: refuses nothing.
    ///
    /// # Errors
    /// What is wrong, preferably an [`Error::VectorLength`].
    fn check(&self, columns: usize) -> Result<(), Error> {
        let _ = columns;
        Ok(())
    }

    /// (l_j, u_j) for j = `column`, if the allowed values are the interval l_j ≤ x_j ≤ u_j. Either end may be infinite. If the interval is
    /// known, fits and exchanges are those of bounded least squares. Default: unknown.
    fn interval(&self, column: usize) -> Option<(f64, f64)> {
        let _ = column;
        None
    }
}

/// x ≥ 0, for real problems.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NonNegative;

impl<T: Scalar> Domain<T> for NonNegative {
    fn project(&self, _column: usize, value: T) -> T {
        T::from_real(value.real().max(0.0))
    }

    fn check(&self, _columns: usize) -> Result<(), Error> {
        check_real::<T>()
    }

    fn interval(&self, _column: usize) -> Option<(f64, f64)> {
        Some((0.0, f64::INFINITY))
    }
}

/// l_j ≤ x_j ≤ u_j for every column j, with l_j ≤ 0 ≤ u_j, for real problems.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// Bounds for each column. Either end may be infinite.
    ///
    /// # Errors
    /// [`Error::VectorLength`] if the numbers of lower and upper bounds differ; [`Error::Number`] for a lower bound above 0, an upper bound
    /// below 0, or NaN.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, Error> {
        if lower.len() != upper.len() {
            let what = "the vector of upper bounds";
            return Err(Error::VectorLength { what, entries: upper.len(), columns: lower.len() });
        }
        if let Some(&value) = lower.iter().find(|&&bound| bound.is_nan() || bound > 0.0) {
            return Err(Error::Number { what: "a lower bound", rule: "at most 0", value });
        }
        if let Some(&value) = upper.iter().find(|&&bound| bound.is_nan() || bound < 0.0) {
            return Err(Error::Number { what: "an upper bound", rule: "at least 0", value });
        }
        Ok(Self { lower, upper })
    }

    /// The same bounds for all n columns.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn all(lower: f64, upper: f64, columns: usize) -> Result<Self, Error> {
        Self::new(vec![lower; columns], vec![upper; columns])
    }
}

impl<T: Scalar> Domain<T> for Bounds {
    fn project(&self, column: usize, value: T) -> T {
        match (self.lower.get(column), self.upper.get(column)) {
            (Some(&lower), Some(&upper)) => T::from_real(value.real().clamp(lower, upper)),
            _ => value,
        }
    }

    fn check(&self, columns: usize) -> Result<(), Error> {
        check_real::<T>()?;
        let entries = self.lower.len();
        if entries == columns {
            return Ok(());
        }
        Err(Error::VectorLength { what: "the vector of bounds", entries, columns })
    }

    fn interval(&self, column: usize) -> Option<(f64, f64)> {
        Some((*self.lower.get(column)?, *self.upper.get(column)?))
    }
}

/// Refuses complex numbers, which have no order.
fn check_real<T: Scalar>() -> Result<(), Error> {
    if T::IS_COMPLEX { Err(Error::RealOnly { algorithm: "a bound on coefficients" }) } else { Ok(()) }
}

/// l_j ≤ x_j ≤ u_j, in the scale of the algorithms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Intervals {
    /// x ≥ 0.
    NonNegative,
    /// By column.
    Each(Vec<(f64, f64)>),
}

impl Intervals {
    /// (l_j, u_j).
    #[inline(always)]
    pub(crate) fn of(&self, column: usize) -> (f64, f64) {
        match self {
            Self::NonNegative => (0.0, f64::INFINITY),
            Self::Each(bounds) => bounds[column],
        }
    }

    /// Those of some columns, in their order.
    pub(crate) fn selected(&self, columns: &[usize]) -> Self {
        match self {
            Self::NonNegative => Self::NonNegative,
            Self::Each(bounds) => Self::Each(columns.iter().map(|&j| bounds[j]).collect()),
        }
    }
}

impl<T: Scalar> Domain<T> for Intervals {
    fn project(&self, column: usize, value: T) -> T {
        let (lower, upper) = self.of(column);
        T::from_real(value.real().clamp(lower, upper))
    }

    fn interval(&self, column: usize) -> Option<(f64, f64)> {
        Some(self.of(column))
    }
}

/// A domain for copies of the columns of A, one after the other, in the scale of the algorithms.
#[derive(Debug)]
pub(crate) struct Copied<'a, T: Scalar> {
    domain: &'a dyn Domain<T>,
    /// x_j of A for a coefficient of 1 of an algorithm; 0 for a column of zeros.
    scales: Arc<[f64]>,
}

impl<'a, T: Scalar> Copied<'a, T> {
    pub(super) fn new(domain: &'a dyn Domain<T>, scales: Arc<[f64]>) -> Self {
        Self { domain, scales }
    }
}

impl<T: Scalar> Domain<T> for Copied<'_, T> {
    fn project(&self, column: usize, value: T) -> T {
        let j = column % self.scales.len();
        in_scale(self.scales[j], value, |value| self.domain.project(j, value))
    }

    fn leave_zero(&self, column: usize, direction: T) -> T {
        let j = column % self.scales.len();
        in_scale(self.scales[j], direction, |direction| self.domain.leave_zero(j, direction))
    }

    fn interval(&self, column: usize) -> Option<(f64, f64)> {
        let j = column % self.scales.len();
        Some(scaled(self.domain.interval(j)?, self.scales[j]))
    }
}

/// What `work` makes of a coefficient of A, for one of an algorithm.
fn in_scale<T: Scalar>(scale: f64, value: T, work: impl FnOnce(T) -> T) -> T {
    if scale > 0.0 { work(value.scale(scale)).scale(scale.recip()) } else { T::ZERO }
}

/// An interval of coefficients of A as one of an algorithm.
fn scaled((lower, upper): (f64, f64), scale: f64) -> (f64, f64) {
    // A column of zeros is never selected.
    if scale > 0.0 { (lower / scale, upper / scale) } else { (0.0, 0.0) }
}

/// A domain in the scale of the algorithms, or all of T.
#[derive(Clone)]
pub(crate) struct Region<'a, T: Scalar> {
    pub(super) domain: Option<&'a dyn Domain<T>>,
    /// x_j of A for a coefficient of 1 of an algorithm; 0 for a column of zeros.
    pub(super) scales: Arc<[f64]>,
}

impl<T: Scalar> Region<'_, T> {
    /// All numbers.
    #[cfg(test)]
    pub(crate) fn all() -> Self {
        Self { domain: None, scales: Arc::default() }
    }

    /// The domain by intervals, if it is one for n columns; none where every value is allowed.
    pub(crate) fn intervals(&self, columns: usize) -> Option<Intervals> {
        let domain = self.domain.filter(|_| !T::IS_COMPLEX)?;
        let of = |j: usize| Some(scaled(domain.interval(j)?, self.scales[j]));
        let each: Option<Vec<(f64, f64)>> = (0..columns).map(of).collect();
        let each = each?;
        let is_free = |&(lower, upper): &(f64, f64)| lower == 0.0 && upper == f64::INFINITY;
        let nonnegative = each.iter().zip(self.scales.iter()).all(|(one, &scale)| scale == 0.0 || is_free(one));
        Some(if nonnegative { Intervals::NonNegative } else { Intervals::Each(each) })
    }

    /// Whether every value is allowed.
    pub(crate) fn is_all(&self) -> bool {
        self.domain.is_none()
    }

    /// The allowed value nearest to `value`.
    pub(crate) fn nearest(&self, column: usize, value: T) -> T {
        self.in_scale(column, value, |domain, value| domain.project(column, value))
    }

    /// The part of a direction in which a coefficient can leave 0.
    pub(crate) fn leave_zero(&self, column: usize, direction: T) -> T {
        self.in_scale(column, direction, |domain, direction| domain.leave_zero(column, direction))
    }

    /// By how much |v − x|² is less for the nearest allowed x than for x = 0; its root, which is |v| where all are allowed. The k
    /// largest are where the nearest k-sparse allowed vector is not zero.
    pub(crate) fn score(&self, column: usize, value: T) -> f64 {
        if self.is_all() {
            return Scalar::abs(value);
        }
        let gap = value - self.nearest(column, value);
        (value.abs2() - gap.abs2()).max(0.0).sqrt()
    }

    fn in_scale(&self, column: usize, value: T, work: impl FnOnce(&dyn Domain<T>, T) -> T) -> T {
        let Some(domain) = self.domain else { return value };
        in_scale(self.scales[column], value, |value| work(domain, value))
    }
}
