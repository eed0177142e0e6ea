//! Restricted isometry constants: exact if the work allows it, otherwise between two bounds.

use faer::{Mat, MatMut};

use super::coherence::{self, Coherence};
use super::interval::Interval;
use super::work::Work;
use super::{eigenvalues, enumeration, search, unit_columns};
use crate::error::Error;
use crate::operator::{Access, LinearMap};
use crate::scalar::Scalar;
use crate::tolerance::ISOMETRY_ROUNDING;

/// The largest n whose Gram matrix is held as a whole, without which there are no eigenvalues and no enumeration.
const LARGEST_GRAM: usize = 2048;
/// Bytes that an enumeration may hold.
const ENUMERATION_BYTES: usize = 256 << 20;

/// δ_1, δ_2, … of an operator: see [`restricted_isometry`].
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedIsometry {
    constants: Vec<Interval>,
    rows: usize,
    columns: usize,
    coherence: Coherence,
}

impl RestrictedIsometry {
    /// δ_1, δ_2, … up to the order asked for, but not beyond δ_n.
    pub fn constants(&self) -> &[Interval] {
        &self.constants
    }

    /// δ_s. For s > n it is δ_n, because no vector has more than n entries. Beyond the orders asked for, only what follows from
    /// monotonicity is known.
    pub fn constant(&self, s: usize) -> Interval {
        let known = self.constants.len();
        match (s.min(self.columns), self.constants.last()) {
            (0, _) => Interval::exact(0.0),
            (s, _) if s <= known => self.constants[s - 1],
            (_, last) => Interval { lower: last.map_or(0.0, |last| last.lower), upper: f64::INFINITY },
        }
    }

    /// m and n.
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The coherence from which the upper bounds follow, with its Babel function for p = 1 … s − 1.
    pub fn coherence(&self) -> &Coherence {
        &self.coherence
    }
}

/// The restricted isometry constants δ_s for s = 1 … `order`, of columns scaled to norm 1:
///
/// δ_s = max over |S| = s of ‖A_Sᴴ A_S − I‖,
///
/// the smallest δ with (1 − δ)‖z‖² ≤ ‖A z‖² ≤ (1 + δ)‖z‖² for all z with at most s non-zeros.
///
/// # How
/// δ_1 = 0 and δ_2 = μ. From s = 3 on, all supports are tried, except those that cannot exceed the best found. Extending a support P by any
/// q columns Q gives at most τ on the side of the large eigenvalues if δ_q + Σ_{j ∈ Q} hⱼᴴ(τ I − H_P)⁻¹hⱼ ≤ τ, where H = AᴴA − I and hⱼ is
/// its column j on P. The same holds with −H for the small eigenvalues. Two columns are added at once, by the sign of a 2 × 2 determinant.
///
/// An order that would take too much work gets an interval. The lower bound is the largest deviation on supports found by greedy growth and
/// exchanges from several starts; each such support proves its bound. The upper bound is the least of μ₁(s − 1) (Gershgorin), a bound from
/// the extreme eigenvalues of AᴴA, and δ_t (s − 1)/(t − 1) for t < s. The last holds because a form without diagonal on s columns is a mean
/// of those on t of them. δ_s ≤ δ_{s + 1} sharpens both bounds. Every bound holds up to rounding, about 10⁻¹².
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroColumn`], [`Error::NonFiniteEntry`], [`Error::ColumnOverflow`]; [`Error::Number`] unless
/// `work` is finite and at least 0.
///
/// # Cost
/// That of [`coherence`](super::coherence()), and about `work` multiply-adds; about a second for 10⁹. Without pruning, order s takes about
/// C(n, s). Each order may take half of the work left by those before. Supports are enumerated only for n ≤ 2048.
///
/// The problem is NP-hard (Tillmann & Pfetsch 2014, DOI 10.1109/TIT.2013.2290112): no method is fast for large n and s.
pub fn restricted_isometry<T: Scalar>(
    operator: &dyn LinearMap<T>,
    order: usize,
    work: f64,
) -> Result<RestrictedIsometry, Error> {
    let unit = unit_columns(operator)?;
    if !(work >= 0.0 && work.is_finite()) {
        return Err(Error::Number { what: "the work", rule: "finite and at least 0", value: work });
    }
    let (m, n) = (unit.nrows(), unit.ncols());
    let order = order.min(n);
    let coherence = coherence::measure(&unit, order.saturating_sub(1));
    let mut work = Work::new(work);
    let gram = (n <= LARGEST_GRAM).then(|| gram_matrix(&unit));
    unit.check()?;

    let mut sides = [f64::INFINITY, 1.0];
    let cubed = 4.0 * (n as f64).powi(3);
    let mut whole = None;
    if let Some(gram) = gram.as_ref().filter(|_| cubed <= 0.25 * work.left()) {
        work.spend(cubed);
        if let Some((smallest, largest)) = eigenvalues(gram.as_ref()).as_deref().and_then(extremes) {
            sides = [largest - 1.0, (1.0 - smallest).min(1.0)];
            whole = Some(sides[0].max(sides[1]));
        }
    }

    let mut bounds = Bounds { constants: Vec::with_capacity(order) };
    for s in 1..=order {
        let gershgorin = if s > 1 { coherence.babel[s - 2] } else { 0.0 };
        // Eigenvalues of s unit columns are at least 0 and sum to s.
        let above = gershgorin.min(s as f64 - 1.0).min(sides[0]);
        let upper = above.max(gershgorin.min(sides[1]));
        let lower = if s > m { 1.0 } else { 0.0 };
        bounds.constants.push(match s {
            1 => Interval::exact(0.0),
            2 => Interval::exact(coherence.mutual),
            _ if s == n => whole.map_or(Interval { lower, upper }, Interval::exact),
            _ => Interval { lower, upper },
        });
    }
    bounds.tighten();

    if let Some(pair) = coherence.pair.filter(|_| bounds.first_open().is_some()) {
        let mut part = work.part(0.25);
        for (s, lower) in (1..).zip(search::lower_bounds(&unit, pair, order, &mut part)) {
            bounds.raise(s, lower);
        }
        work.put_back(part);
    }

    if let Some(gram) = gram {
        let hollow = enumeration::Hollow::new(gram);
        for s in 3..=order {
            if bounds.constants[s - 1].is_exact() || !fits::<T>(n, s) {
                continue;
            }
            let mut part = work.part(if s == order { 1.0 } else { 0.5 });
            let (largest, complete) = hollow.largest_deviation(s, &bounds.constants, sides, &mut part);
            work.put_back(part);
            bounds.raise(s, largest);
            if complete {
                bounds.constants[s - 1] = Interval::exact(bounds.constants[s - 1].lower);
            }
            bounds.tighten();
        }
    }
    unit.check()?;
    Ok(RestrictedIsometry { constants: bounds.constants, rows: m, columns: n, coherence })
}

/// Bounds of δ_1, δ_2, …
struct Bounds {
    constants: Vec<Interval>,
}

impl Bounds {
    /// Improves every bound by those of the orders beside it.
    fn tighten(&mut self) {
        let all = &mut self.constants;
        for s in 3..=all.len() {
            let (before, here) = (all[s - 2], &mut all[s - 1]);
            let ratio = (s - 1) as f64 / (s - 2) as f64;
            *here = narrowed(*here, before.lower, ratio * before.upper);
        }
        for s in (3..all.len()).rev() {
            let (after, here) = (all[s], &mut all[s - 1]);
            let ratio = (s - 1) as f64 / s as f64;
            *here = narrowed(*here, ratio * after.lower, after.upper);
        }
    }

    fn raise(&mut self, s: usize, lower: f64) {
        let here = &mut self.constants[s - 1];
        *here = narrowed(*here, lower, f64::INFINITY);
    }

    /// The first order that is not known exactly.
    fn first_open(&self) -> Option<usize> {
        self.constants.iter().position(|constant| !constant.is_exact())
    }
}

/// The part of an interval between two more bounds. What is known exactly stays as it is.
fn narrowed(interval: Interval, lower: f64, upper: f64) -> Interval {
    if interval.is_exact() {
        return interval;
    }
    let (lower, upper) = (interval.lower.max(lower), interval.upper.min(upper));
    if upper - lower <= ISOMETRY_ROUNDING * upper.max(1.0) {
        Interval::exact(lower.max(upper))
    } else {
        Interval { lower, upper }
    }
}

fn gram_matrix<T: Scalar>(unit: &Access<'_, T>) -> Mat<T> {
    let n = unit.ncols();
    let all: Vec<usize> = (0..n).collect();
    let mut entries = vec![T::ZERO; n * n];
    unit.gram_columns(&all, MatMut::from_column_major_slice_mut(&mut entries, n, n));
    // Self-adjoint to the last bit, and with the diagonal that unit columns have.
    Mat::from_fn(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Equal => T::ONE,
        std::cmp::Ordering::Less => entries[j * n + i],
        std::cmp::Ordering::Greater => Scalar::conj(entries[i * n + j]),
    })
}

fn extremes(ascending: &[f64]) -> Option<(f64, f64)> {
    Some((*ascending.first()?, *ascending.last()?))
}

/// Whether enumerating supports of s of n columns can be held in memory.
fn fits<T>(n: usize, s: usize) -> bool {
    n.saturating_mul(n).saturating_mul(s).saturating_mul(size_of::<T>()) <= ENUMERATION_BYTES
}
