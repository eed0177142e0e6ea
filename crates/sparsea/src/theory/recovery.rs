//! Conditions under which SEA must find the support: the theorem of its paper, evaluated with bounds.

use super::interval::Interval;
use super::restricted_isometry::{RestrictedIsometry, restricted_isometry};
use super::unit_columns;
use crate::check::{check_finite, check_sparsity};
use crate::error::Error;
use crate::kernels::norm;
use crate::operator::LinearMap;
use crate::scalar::Scalar;
use crate::tolerance::ISOMETRY_ROUNDING;

/// Whether the theorem applies, as far as the bounds decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its condition holds for every value within the bounds.
    Applies,
    /// Its condition fails for every value within the bounds. SEA may still find the support.
    CannotApply,
    /// The bounds are too far apart, or the condition holds or fails by no more than rounding.
    Unknown,
}

impl Verdict {
    /// `applies`, `cannot apply` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applies => "applies",
            Self::CannotApply => "cannot apply",
            Self::Unknown => "unknown",
        }
    }

    /// Of the condition `left` < `right`.
    fn of(left: Interval, right: f64) -> Self {
        let margin = ISOMETRY_ROUNDING * right;
        if left.upper < right - margin {
            Self::Applies
        } else if left.lower > right + margin {
            Self::CannotApply
        } else {
            Self::Unknown
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// The quantities x*, e, 𝒳⁰ and η in the theorem, for columns scaled to norm 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// |S*|.
    nonzeros: usize,
    /// ‖x*‖.
    norm: f64,
    /// x_min.
    smallest: f64,
    /// ‖e‖.
    noise: f64,
    /// ‖𝒳⁰‖_∞ / η.
    start: f64,
}

impl Signal {
    /// The true x*, in the scale of A, without noise and with 𝒳⁰ = 0.
    ///
    /// # Errors
    /// Those of [`coherence`](super::coherence()), [`Error::VectorLength`], [`Error::NonFinite`], and [`Error::Number`]
    /// if x* = 0, which has no smallest non-zero.
    pub fn new<T: Scalar>(operator: &dyn LinearMap<T>, truth: &[T]) -> Result<Self, Error> {
        let entries = scaled(operator, "the true x", truth)?;
        let smallest = entries.iter().copied().filter(|&x| x > 0.0).fold(f64::INFINITY, f64::min);
        let norm = norm(&entries);
        if norm == 0.0 {
            let what = "the number of non-zeros of the true x";
            return Err(Error::Number { what, rule: "at least 1", value: 0.0 });
        }
        let nonzeros = entries.iter().filter(|&&x| x > 0.0).count();
        Ok(Self { nonzeros, norm, smallest, noise: 0.0, start: 0.0 })
    }

    /// An x* of the least dynamic range: `nonzeros` entries of modulus 1 in the scale of unit columns.
    pub fn flat(nonzeros: usize) -> Self {
        Self { nonzeros, norm: (nonzeros as f64).sqrt(), smallest: 1.0, noise: 0.0, start: 0.0 }
    }

    /// Adds noise e of this norm.
    ///
    /// # Errors
    /// [`Error::Number`] unless ‖e‖ is finite and at least 0.
    pub fn noise_norm(self, norm: f64) -> Result<Self, Error> {
        if !(norm >= 0.0 && norm.is_finite()) {
            return Err(Error::Number { what: "the noise norm", rule: "finite and at least 0", value: norm });
        }
        Ok(Self { noise: norm, ..self })
    }

    /// Sets the start 𝒳⁰, in the scale of A, and the step size η.
    ///
    /// # Errors
    /// Those of [`coherence`](super::coherence()), [`Error::StartLength`], [`Error::NonFinite`], and [`Error::Number`]
    /// unless η is finite and greater than 0.
    pub fn start<T: Scalar>(self, operator: &dyn LinearMap<T>, start: &[T], step_size: f64) -> Result<Self, Error> {
        if !(step_size > 0.0 && step_size.is_finite()) {
            return Err(Error::Number { what: "the step size", rule: "finite and greater than 0", value: step_size });
        }
        let (_, columns) = operator.shape();
        if start.len() != columns {
            return Err(Error::StartLength { entries: start.len(), columns });
        }
        let largest = scaled(operator, "the start vector", start)?.into_iter().fold(0.0, f64::max);
        Ok(Self { start: largest / step_size, ..self })
    }

    /// |S*|, the number of non-zeros of x*.
    pub fn nonzeros(&self) -> usize {
        self.nonzeros
    }

    /// ‖x*‖ / x_min, at least √|S*|.
    pub fn dynamic_range(&self) -> f64 {
        self.norm / self.smallest
    }
}

/// |x_j| ‖a_j‖, the moduli of the vector that belongs to unit columns.
fn scaled<T: Scalar>(operator: &dyn LinearMap<T>, what: &'static str, x: &[T]) -> Result<Vec<f64>, Error> {
    let unit = unit_columns(operator)?;
    if x.len() != unit.ncols() {
        return Err(Error::VectorLength { what, entries: x.len(), columns: unit.ncols() });
    }
    check_finite(what, x)?;
    let moduli: Vec<f64> =
        x.iter().zip(unit.scales().unwrap_or_default()).map(|(x, scale)| Scalar::abs(*x) / scale).collect();
    match moduli.iter().all(|modulus| modulus.is_finite()) {
        true => Ok(moduli),
        false => Err(Error::Overflow { what }),
    }
}

/// The theorem on SEA for one operator and one sparsity.
///
/// Let the columns have norm 1, y = A x* + e, S* be the support of x*, |S*| ≤ k, x_min = min over i ∈ S* of |x*_i|, and
///
/// α_k = δ_{2k+1} √((δ_{2k} / (1 − δ_k))² + 1), γ_k = δ_{2k+1} √(1 + δ_k) / (1 − δ_k) + 1.
///
/// If α_k ‖x*‖ + γ_k ‖e‖ < x_min / (2k), then for every 𝒳⁰ and η SEA visits a support that contains S* within
///
/// T = (2k ‖𝒳⁰‖_∞ / η + (k + 1) x_min) / (x_min − 2k (α_k ‖x*‖ + γ_k ‖e‖))
///
/// iterations. If also x_min > 2‖e‖ / √(1 − δ_{2k}), then after more than T iterations the best support visited contains
/// S*, and its solution x satisfies ‖x − x*‖ ≤ 2‖e‖ / √(1 − δ_{2k}).
///
/// α_k and γ_k increase with every δ, so bounds on δ give bounds on them. If δ_k may be 1 they may be infinite, and the theorem says
/// nothing.
///
/// # Without x*
/// For e = 0 the condition is ‖x*‖ / x_min < 1 / (2k α_k), a limit on the dynamic range of x*: [`dynamic_range`](Self::dynamic_range). The
/// dynamic range of an x* with k non-zeros is at least √k, so if α_k √k ≥ 1 / (2k), the theorem applies to no such x*:
/// [`possible`](Self::possible).
///
/// # Reference
/// Mohamed, Malgouyres, Emiya & Chaux 2024, arXiv:2301.13584. The proof also holds, unchanged, for complex numbers and for the empty first
/// support from 𝒳⁰ = 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    sparsity: usize,
    alpha: Interval,
    gamma: Interval,
    constants: RestrictedIsometry,
}

impl Recovery {
    /// Computes δ_1 … δ_{2k+1} of an operator, with about `work` multiply-adds.
    ///
    /// # Errors
    /// [`Error::Sparsity`] unless 1 ≤ k ≤ min(m, n), and those of [`restricted_isometry`].
    pub fn new<T: Scalar>(operator: &dyn LinearMap<T>, sparsity: usize, work: f64) -> Result<Self, Error> {
        unit_columns(operator)?;
        let (rows, columns) = operator.shape();
        check_sparsity(sparsity, 1, rows, columns)?;
        Self::from_constants(restricted_isometry(operator, 2 * sparsity + 1, work)?, sparsity)
    }

    /// Uses given constants up to order 2k + 1. With fewer orders, the answer may remain open.
    ///
    /// # Errors
    /// [`Error::Sparsity`] unless 1 ≤ k ≤ min(m, n).
    pub fn from_constants(constants: RestrictedIsometry, sparsity: usize) -> Result<Self, Error> {
        let (rows, columns) = constants.shape();
        check_sparsity(sparsity, 1, rows, columns)?;
        let [single, pairs, more] = [sparsity, 2 * sparsity, 2 * sparsity + 1].map(|s| constants.constant(s));
        let both = |f: fn(f64, f64, f64) -> f64| Interval {
            lower: f(single.lower, pairs.lower, more.lower),
            upper: f(single.upper, pairs.upper, more.upper),
        };
        Ok(Self { sparsity, alpha: both(alpha), gamma: both(gamma), constants })
    }

    /// k.
    pub fn sparsity(&self) -> usize {
        self.sparsity
    }

    /// The δ_s and the coherence.
    pub fn constants(&self) -> &RestrictedIsometry {
        &self.constants
    }

    /// α_k.
    pub fn alpha(&self) -> Interval {
        self.alpha
    }

    /// γ_k.
    pub fn gamma(&self) -> Interval {
        self.gamma
    }

    /// 1 / (2k α_k): without noise, the theorem applies to x* if and only if ‖x*‖ / x_min is smaller.
    pub fn dynamic_range(&self) -> Interval {
        let limit = |alpha: f64| 1.0 / (2.0 * self.sparsity as f64 * alpha);
        Interval { lower: limit(self.alpha.upper), upper: limit(self.alpha.lower) }
    }

    /// Whether the theorem applies, without noise, to any x* with k non-zeros. If it does, it applies to those with entries of equal
    /// modulus, and then to all with a dynamic range below [`dynamic_range`](Self::dynamic_range). This is the condition for
    /// [`Signal::flat`].
    pub fn possible(&self) -> Verdict {
        let k = self.sparsity as f64;
        Verdict::of(self.alpha.map(|alpha| alpha * k.sqrt()), 0.5 / k)
    }

    /// The condition for a given x*, e, 𝒳⁰ and η.
    ///
    /// # Errors
    /// [`Error::TruthSize`] if x* has more than k non-zeros.
    pub fn condition(&self, signal: &Signal) -> Result<Condition, Error> {
        if signal.nonzeros > self.sparsity {
            return Err(Error::TruthSize { nonzeros: signal.nonzeros, sparsity: self.sparsity });
        }
        let (twice, pairs) = (2.0 * self.sparsity as f64, self.constants.constant(2 * self.sparsity));
        // No noise is none, however large γ is.
        let noise =
            if signal.noise > 0.0 { self.gamma.map(|gamma| gamma * signal.noise) } else { Interval::exact(0.0) };
        let signals = self.alpha.map(|alpha| alpha * signal.norm);
        let left = Interval { lower: signals.lower + noise.lower, upper: signals.upper + noise.upper };
        let right = signal.smallest / twice;
        let verdict = Verdict::of(left, right);
        let applies = verdict == Verdict::Applies;
        let bound =
            (twice * signal.start + (twice / 2.0 + 1.0) * signal.smallest) / (signal.smallest - twice * left.upper);
        let error = if signal.noise > 0.0 { 2.0 * signal.noise / (1.0 - pairs.upper).max(0.0).sqrt() } else { 0.0 };
        Ok(Condition {
            verdict,
            left,
            right,
            iteration_bound: applies.then_some(bound),
            error_bound: (applies && signal.smallest > error * (1.0 + ISOMETRY_ROUNDING)).then_some(error),
        })
    }
}

fn alpha(single: f64, pairs: f64, more: f64) -> f64 {
    if single < 1.0 { more * (pairs / (1.0 - single)).hypot(1.0) } else { f64::INFINITY }
}

fn gamma(single: f64, _pairs: f64, more: f64) -> f64 {
    if single < 1.0 { more * (1.0 + single).sqrt() / (1.0 - single) + 1.0 } else { f64::INFINITY }
}

/// The condition of the theorem, `left` < `right`, and its consequences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Whether it holds.
    pub verdict: Verdict,
    /// α_k ‖x*‖ + γ_k ‖e‖.
    pub left: Interval,
    /// x_min / (2k).
    pub right: f64,
    /// T, the number of iterations within which SEA has visited a support that contains S*. `None` unless the theorem applies.
    pub iteration_bound: Option<f64>,
    /// 2‖e‖ / √(1 − δ_{2k}), a bound on the error of the best x visited after T iterations, where each entry of the error is multiplied by
    /// ‖a_j‖. `None` unless the theorem applies and this is below x_min.
    pub error_bound: Option<f64>,
}
