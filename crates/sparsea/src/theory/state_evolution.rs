//! The density of x up to which Bayes-optimal message passing recovers x in the limit of large matrices, by state evolution.
//!
//! A has independent entries of mean 0 and variance 1/m, y = A x without noise, and the entries of x are independent: 0 with probability 1
//! − ε, otherwise standard normal. In the limit m/n → δ, approximate message passing with this prior ([`Amp`](crate::Amp) learns it) sees
//! each entry in noise of variance τ after each iteration, with
//!
//! τ₀ = ε/δ, τ_{t+1} = mmse(τ_t)/δ, mmse(τ) = E(E\[x | x + √τ z\] − x)² for standard normal z.
//!
//! x is recovered if τ_t → 0. Because mmse(τ) < ε, the sequence falls to its largest fixed point. So x is recovered if and only if mmse(τ)
//! < δ τ for every τ > 0: δ must exceed [`undersampling`] = max mmse(τ)/τ. Between k = m·([`density`]`(δ)/δ)` and k = m the best support is
//! still unique, but no polynomial-time method is known to find it.
//!
//! Sources: D. L. Donoho, A. Maleki & A. Montanari 2009, [10.1073/pnas.0909892106](https://doi.org/10.1073/pnas.0909892106);
//! F. Krzakala, M. Mézard, F. Sausset, Y. F. Sun & L. Zdeborová 2012,
//! [10.1103/PhysRevX.2.021005](https://doi.org/10.1103/PhysRevX.2.021005). The quadrature is derived here.

use std::f64::consts::PI;

use crate::error::Error;
use crate::tolerance::STATE_EVOLUTION;

/// mmse(τ), the minimum mean square error of an entry of x observed in normal noise of variance τ, for density ε = k/n.
///
/// Accurate to 10⁻¹³ mmse(τ). Cost: about a hundred exponentials.
///
/// # Errors
/// [`Error::Number`] unless 0 ≤ ε ≤ 1 and τ is finite and at least 0.
pub fn minimum_mean_square_error(density: f64, noise_variance: f64) -> Result<f64, Error> {
    check("the density k/n", density)?;
    if !(noise_variance >= 0.0 && noise_variance.is_finite()) {
        return Err(Error::Number {
            what: "the variance of the noise",
            rule: "finite and at least 0",
            value: noise_variance,
        });
    }
    Ok(noise_variance * relative_error(density, noise_variance))
}

/// The least δ = m/n at which x of density ε = k/n is recovered: max mmse(τ)/τ over τ > 0.
///
/// Increases with ε, from 0 at 0 to 1 at 1. Accurate to 10⁻¹². Cost: about 10⁵ exponentials, about a millisecond.
///
/// # Errors
/// [`Error::Number`] unless 0 ≤ ε ≤ 1.
pub fn undersampling(density: f64) -> Result<f64, Error> {
    check("the density k/n", density)?;
    Ok(largest_relative_error(density))
}

/// The largest density ε = k/n that is recovered at δ = m/n, the inverse of [`undersampling`]; 1 for δ ≥ 1. In the coordinates of a phase
/// transition, k/m = ε/δ.
///
/// Accurate to 10⁻¹¹. Cost: ten times that of [`undersampling`].
///
/// # Errors
/// [`Error::Number`] unless δ is finite and at least 0.
pub fn density(undersampling: f64) -> Result<f64, Error> {
    if !(undersampling >= 0.0 && undersampling.is_finite()) {
        return Err(Error::Number { what: "m/n", rule: "finite and at least 0", value: undersampling });
    }
    if undersampling >= 1.0 {
        return Ok(1.0);
    }
    if undersampling < f64::MIN_POSITIVE {
        return Ok(0.0);
    }
    // Roots of log(largest(ε)/δ) in log ε, which is nearly linear. The largest error is at least ε, that of τ → 0.
    let excess = |log: f64| (largest_relative_error(log.exp()) / undersampling).ln();
    let mut high = undersampling.ln();
    let mut at_high = excess(high);
    let mut low = high - 1.0;
    let mut at_low = excess(low);
    while at_low > 0.0 {
        (high, at_high) = (low, at_low);
        low -= 1.0;
        at_low = excess(low);
    }
    // Regula falsi, in which the value of an end that stays a second time is halved (Illinois).
    let mut kept = None;
    for _ in 0..100 {
        if high - low <= STATE_EVOLUTION || at_high <= at_low {
            break;
        }
        let middle = (low - at_low * (high - low) / (at_high - at_low)).clamp(low, high);
        let value = excess(middle);
        if value.abs() <= f64::EPSILON {
            return Ok(middle.exp());
        }
        let keeps_low = value > 0.0;
        let factor = if kept == Some(keeps_low) { 0.5 } else { 1.0 };
        if keeps_low {
            (high, at_high, at_low) = (middle, value, factor * at_low);
        } else {
            (low, at_low, at_high) = (middle, value, factor * at_high);
        }
        kept = Some(keeps_low);
    }
    Ok((0.5 * (low + high)).exp())
}

fn check(what: &'static str, share: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&share) {
        return Ok(());
    }
    Err(Error::Number { what, rule: "between 0 and 1", value: share })
}

/// mmse(τ)/τ.
///
/// With r = x + √τ z and π = P(x ≠ 0 | r), the posterior variance is π τ/(1 + τ) + π (1 − π) r²/(1 + τ)²: nothing cancels in
/// its mean. The first term has mean ε τ/(1 + τ). The second, in u = r/√τ, is τ/(1 + τ)² times ∫ u² (1 − ε) φ(u) π(u) du over the
/// real line, with log π/(1 − π) = log ε/(1 − ε) + ½ log τ/(1 + τ) + u²/(2 (1 + τ)).
fn relative_error(density: f64, noise: f64) -> f64 {
    let linear = density / (1.0 + noise);
    if density == 0.0 || density == 1.0 || noise == 0.0 {
        return linear;
    }
    let bias = (density / (1.0 - density)).ln() + 0.5 * (noise / (1.0 + noise)).ln();
    // π rises to ½ where u² = −2 (1 + τ) bias. The nearest poles of π have an imaginary part of at least π/u there, so the error of
    // the trapezoidal rule is below exp(−2π²/(u h)) < 10⁻³⁰; ten units further on φ has fallen by 10⁻²¹ or more.
    let end = 10.0 + (-2.0 * (1.0 + noise) * bias).max(0.0).sqrt();
    let step = 0.25 / end;
    let mut sum = 0.0;
    // The integrand is even, and 0 at 0.
    for i in 1..=(end / step) as u32 {
        let square = (f64::from(i) * step).powi(2);
        sum += square * (-0.5 * square).exp() / (1.0 + (-bias - 0.5 * square / (1.0 + noise)).exp());
    }
    let integral = 2.0 * step * sum / (2.0 * PI).sqrt();
    linear + (1.0 - density) * integral / (1.0 + noise).powi(2)
}

/// The maximum of mmse(τ)/τ over τ. There is one; it lies at τ < .1, and at about 28 (1 − ε)² for ε → 1.
fn largest_relative_error(density: f64) -> f64 {
    if density == 0.0 || density == 1.0 {
        return density;
    }
    let value = |log: f64| relative_error(density, log.exp());
    const STEP: f64 = 0.25;
    let first = (1e-4 * (1.0 - density).powi(2)).ln();
    let (mut best, mut at) = (0.0, first);
    for i in 0..=(-first / STEP) as u32 {
        let log = first + STEP * f64::from(i);
        let here = value(log);
        if here > best {
            (best, at) = (here, log);
        }
    }
    // Golden sections, until the maximum is flat to rounding.
    let share = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (at - STEP, at + STEP);
    let (mut left, mut right) = (high - share * (high - low), low + share * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    while high - low > 1e-7 {
        if at_left > at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - share * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + share * (high - low);
            at_right = value(right);
        }
    }
    // The limit for τ → 0 is ε.
    best.max(at_left).max(at_right).max(density)
}
