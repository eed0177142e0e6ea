//! The Bernoulli–Gaussian prior, and its posterior for an entry observed in noise.

use crate::kernels::simd;
use crate::scalar::Scalar;

/// Log-odds beyond which an entry is certain.
const CERTAIN: f64 = 500.0;

/// Log-odds of the iteration before are remembered up to this, for reinforcement.
const REMEMBERED: f64 = 20.0;

/// x_j = 0 with probability 1 − ρ, normal with mean 0 and variance σ² otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    /// log(ρ/(1 − ρ)).
    odds: f64,
    /// σ², learnt.
    pub(super) variance: f64,
}

/// Sums over all entries of what the posterior says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Posterior {
    /// Σ of the variances v_j.
    pub(super) variance: f64,
    /// Σ π_j, with π_j the probability that x_j ≠ 0.
    members: f64,
    /// Σ E|x_j|².
    power: f64,
    /// Σ π_j (1 − π_j).
    pub(super) undecided: f64,
}

impl Prior {
    /// The prior for k non-zeros among n, of which ‖x‖² is `power` at first.
    pub(super) fn new(sparsity: usize, columns: usize, power: f64) -> Self {
        let (k, n) = (sparsity as f64, columns as f64);
        // Where all entries may be non-zero, they are all but certain to be.
        Self { odds: (k / (n - k).max(1e-6 * k)).ln(), variance: power / k }
    }

    /// Posterior means of entries seen as r_j = x_j + noise of variance τ, into `mean`; entries of columns that are zero stay 0.
    /// The prior log-odds of an entry are raised by `reinforcement` times its posterior ones of the iteration before, which
    /// `odds` holds and receives.
    pub(super) fn denoise<T: Scalar>(
        &self,
        seen: &[T],
        noise: f64,
        reinforcement: f64,
        column_norms: &[f64],
        odds: &mut [f64],
        mean: &mut [T],
    ) -> Posterior {
        // Half of what a complex entry has, which is made of two normal numbers.
        let part = if T::IS_COMPLEX { 1.0 } else { 0.5 };
        let total = self.variance + noise;
        let shrink = self.variance / total;
        let spread = shrink * noise;
        let level = self.odds - part * (self.variance / noise).ln_1p();
        let evidence = part * shrink / noise;
        let mut sums = Posterior::default();
        simd(
            #[inline(always)]
            || {
                for (((&r, &norm), odds), mean) in seen.iter().zip(column_norms).zip(odds).zip(mean) {
                    if norm == 0.0 {
                        (*odds, *mean) = (0.0, T::ZERO);
                        continue;
                    }
                    let posterior = level + evidence * r.abs2() + reinforcement * *odds;
                    *odds = posterior.clamp(-REMEMBERED, REMEMBERED);
                    let member = 1.0 / (1.0 + (-posterior.clamp(-CERTAIN, CERTAIN)).exp());
                    let undecided = member * (1.0 - member);
                    let centre = r.scale(shrink);
                    let variance = member * spread + undecided * centre.abs2();
                    *mean = centre.scale(member);
                    sums.variance += variance;
                    sums.members += member;
                    sums.power += mean.abs2() + variance;
                    sums.undecided += undecided;
                }
            },
        );
        sums
    }

    /// σ² ← Σ E|x_j|² / Σ π_j, a step of expectation maximisation.
    pub(super) fn learn(&mut self, posterior: &Posterior) {
        let variance = posterior.power / posterior.members;
        if variance.is_finite() && variance > 0.0 {
            self.variance = variance;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;

    /// Against sums over a fine grid of x.
    #[test]
    fn posterior_is_that_of_bayes() {
        for (k, n, variance, noise, seen) in [(3, 10, 1.0, 0.2, 0.7), (1, 50, 4.0, 1.0, -3.0), (5, 6, 0.5, 0.01, 0.05)]
        {
            let prior = Prior { variance, ..Prior::new(k, n, 1.0) };
            let (mut odds, mut mean) = ([0.0], [0.0]);
            let sums = prior.denoise(&[seen], noise, 0.0, &[1.0], &mut odds, &mut mean);
            let density = |x: f64, variance: f64| (-x * x / (2.0 * variance)).exp() / variance.sqrt();
            let none = (1.0 - k as f64 / n as f64) * density(seen, noise) * (2.0 * std::f64::consts::PI).sqrt();
            let (mut mass, mut first, mut second) = (none, 0.0, 0.0);
            let step = 1e-4;
            for i in -200_000..200_000 {
                let x = f64::from(i) * step;
                let weight = k as f64 / n as f64 * density(x, variance) * density(seen - x, noise) * step;
                mass += weight;
                first += x * weight;
                second += x * x * weight;
            }
            let (expected, power) = (first / mass, second / mass);
            assert!((mean[0] - expected).abs() < 1e-6, "{mean:?} {expected}");
            assert!((sums.variance - (power - expected * expected)).abs() < 1e-6, "{sums:?}");
            assert!((sums.members - (1.0 - none / mass)).abs() < 1e-6, "{sums:?}");
        }
    }

    /// The derivative of the mean is v/τ, which the correction of the residual uses; for a complex entry that of both parts, halved.
    #[test]
    fn variance_is_the_derivative_of_the_mean() {
        let prior = Prior::new(3, 10, 3.0);
        let (noise, at, h) = (0.3, Complex::new(0.8, -0.5), 1e-6);
        let mean = |r: Complex<f64>| {
            let (mut odds, mut mean) = ([0.0], [Complex::ZERO]);
            let sums = prior.denoise(&[r], noise, 0.0, &[1.0], &mut odds, &mut mean);
            (mean[0], sums.variance)
        };
        let real = (mean(at + h).0.re - mean(at - h).0.re) / (2.0 * h);
        let step = Complex::new(0.0, h);
        let imaginary = (mean(at + step).0.im - mean(at - step).0.im) / (2.0 * h);
        assert!((0.5 * (real + imaginary) - mean(at).1 / noise).abs() < 1e-8);
    }
}
