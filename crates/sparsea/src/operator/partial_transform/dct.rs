//! The discrete cosine transform, by Fourier transforms.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::basis::{Basis, Transform, fourier_cost, indicator, product_modulo, quarter};
use crate::error::Error;
use crate::scalar::Scalar;

/// The orthonormal DCT-III, which makes samples of a spectrum.
pub struct Dct {
    length: usize,
    /// cos(π q/2n) for q = 0 … n.
    cosines: OnceLock<Vec<f64>>,
    /// Fourier transforms of n numbers.
    whole: OnceLock<Pair>,
    /// Those of n/2, which real vectors of even length take.
    half: OnceLock<Pair>,
}

struct Pair {
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Pair {
    fn new(length: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self { forward: planner.plan_fft_forward(length), inverse: planner.plan_fft_inverse(length) }
    }
}

const I: Complex<f64> = Complex::new(0.0, 1.0);

/// Where sample t lies in the vector v of which the spectrum is a Fourier transform: even ones first, then the odd ones
/// from the last to the first.
fn place(t: usize, n: usize) -> usize {
    if t.is_multiple_of(2) { t / 2 } else { n - 1 - t / 2 }
}

impl Dct {
    fn cosines(&self) -> &[f64] {
        self.cosines.get_or_init(|| quarter(self.length))
    }

    fn whole(&self) -> &Pair {
        self.whole.get_or_init(|| Pair::new(self.length))
    }

    fn half(&self) -> &Pair {
        self.half.get_or_init(|| Pair::new(self.length / 2))
    }

    /// Whether vectors of this scalar take Fourier transforms of half the length.
    fn halves<T: Scalar>(&self) -> bool {
        !T::IS_COMPLEX && self.length.is_multiple_of(2)
    }

    /// exp(iπ k/2n) for k = 0 … n.
    #[inline(always)]
    fn shift(cosines: &[f64], k: usize) -> Complex<f64> {
        Complex::new(cosines[k], cosines[cosines.len() - 1 - k])
    }

    /// exp(2πi k/n) for k = 0 … n/2.
    #[inline(always)]
    fn root(cosines: &[f64], k: usize) -> Complex<f64> {
        let (n, q) = (cosines.len() - 1, 4 * k);
        Complex::new(if q <= n { cosines[q] } else { -cosines[2 * n - q] }, cosines[n.abs_diff(q)])
    }

    /// Φ x by a transform of n complex numbers: the spectrum of v is V_k = exp(iπk/2n) (x_k − i x_{n−k})/√2n.
    fn synthesize_whole<T: Scalar>(&self, x: &mut [T]) {
        let (n, cosines) = (self.length, self.cosines());
        let scale = (2.0 * n as f64).sqrt().recip();
        let mut v = vec![Complex::new(0.0, 0.0); n];
        v[0] = x[0].to_complex() / (n as f64).sqrt();
        for k in 1..n {
            v[k] = Self::shift(cosines, k) * (x[k].to_complex() - I * x[n - k].to_complex()) * scale;
        }
        self.whole().inverse.process(&mut v);
        x.iter_mut().enumerate().for_each(|(t, x)| *x = T::from_complex(v[place(t, n)]));
    }

    /// Φᴴ x, likewise: x_k = (exp(−iπk/2n) V_k + exp(iπk/2n) V_{n−k})/√2n.
    fn analyze_whole<T: Scalar>(&self, x: &mut [T]) {
        let (n, cosines) = (self.length, self.cosines());
        let scale = (2.0 * n as f64).sqrt().recip();
        let mut v = vec![Complex::new(0.0, 0.0); n];
        x.iter().enumerate().for_each(|(t, x)| v[place(t, n)] = x.to_complex());
        self.whole().forward.process(&mut v);
        x[0] = T::from_complex(v[0] / (n as f64).sqrt());
        for k in 1..n {
            let shift = Self::shift(cosines, k);
            x[k] = T::from_complex((shift.conj() * v[k] + shift * v[n - k]) * scale);
        }
    }

    /// Φ x for real x and even n: v is real, so its even and odd samples are real and imaginary parts of half as many.
    fn synthesize_half<T: Scalar>(&self, x: &mut [T]) {
        let (n, h, cosines) = (self.length, self.length / 2, self.cosines());
        let scale = (2.0 * n as f64).sqrt().recip();
        // V_k, for which V_{n−k} is conj(V_k).
        let spectrum = |k: usize| match k {
            0 => Complex::new(x[0].real() * std::f64::consts::SQRT_2, 0.0),
            _ => Self::shift(cosines, k) * Complex::new(x[k].real(), -x[n - k].real()),
        };
        let folded = |k: usize| {
            let (near, far) = (spectrum(k), spectrum(h - k).conj());
            (near + far + I * Self::root(cosines, k) * (near - far)) * scale
        };
        let mut z: Vec<Complex<f64>> = (0..h).map(folded).collect();
        self.half().inverse.process(&mut z);
        for (t, x) in x.iter_mut().enumerate() {
            let at = place(t, n);
            *x = T::from_real(if at.is_multiple_of(2) { z[at / 2].re } else { z[at / 2].im });
        }
    }

    /// Φᴴ x for real x and even n.
    fn analyze_half<T: Scalar>(&self, x: &mut [T]) {
        let (n, h, cosines) = (self.length, self.length / 2, self.cosines());
        let scale = (2.0 * n as f64).sqrt().recip();
        let mut z = vec![Complex::new(0.0, 0.0); h];
        for (t, x) in x.iter().enumerate() {
            let at = place(t, n);
            if at.is_multiple_of(2) { z[at / 2].re = x.real() } else { z[at / 2].im = x.real() }
        }
        self.half().forward.process(&mut z);
        // Twice V_0 and V_{n/2}, which are real.
        let (sum, difference) = (z[0].re + z[0].im, z[0].re - z[0].im);
        x[0] = T::from_real(sum / (n as f64).sqrt());
        x[h] = T::from_real(difference / (n as f64).sqrt());
        for k in 1..h {
            let (near, far) = (z[k], z[h - k].conj());
            let doubled = near + far - I * Self::root(cosines, k).conj() * (near - far);
            let turned = Self::shift(cosines, k).conj() * doubled * scale;
            x[k] = T::from_real(turned.re);
            x[n - k] = T::from_real(-turned.im);
        }
    }
}

impl Basis for Dct {
    type Entry = f64;

    const NAME: &'static str = "PartialDct";
    const EVEN: bool = false;
    const ENTRY: usize = 40;

    fn new(n: usize) -> Result<Self, Error> {
        Ok(Self { length: n, cosines: OnceLock::new(), whole: OnceLock::new(), half: OnceLock::new() })
    }

    fn length(&self) -> usize {
        self.length
    }

    #[inline]
    fn column(&self, j: usize) -> impl Fn(usize) -> f64 {
        let (n, cosines) = (self.length, self.cosines());
        let scale = (if j == 0 { 1.0 } else { 2.0 } / n as f64).sqrt();
        move |t| {
            // The cosine is even, and odd about a quarter of the circle.
            let q = product_modulo(2 * t + 1, j, 4 * n);
            let q = q.min(4 * n - q);
            let (q, scale) = if q <= n { (q, scale) } else { (2 * n - q, -scale) };
            scale * cosines[q]
        }
    }

    /// C_d = Σ_t cos(π (2t + 1) d/2n) for d = 0 … n − 1.
    fn lags(&self, kept: &[usize]) -> Vec<f64> {
        let mut lags: Vec<f64> = indicator(self.length, kept);
        self.analyze(&mut lags);
        let scale = (self.length as f64 / 2.0).sqrt();
        lags.iter_mut().for_each(|lag| *lag *= scale);
        lags[0] = kept.len() as f64;
        lags
    }

    /// A product of two cosines is the mean of those of the difference and the sum of their angles.
    #[inline]
    fn product(&self, lags: &[f64], i: usize, j: usize) -> f64 {
        let n = self.length;
        let lag = |d: usize| match d.cmp(&n) {
            std::cmp::Ordering::Less => lags[d],
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => -lags[2 * n - d],
        };
        let sum = (lag(i.abs_diff(j)) + lag(i + j)) / n as f64;
        match (i, j) {
            (0, 0) => 0.5 * sum,
            (0, _) | (_, 0) => std::f64::consts::FRAC_1_SQRT_2 * sum,
            _ => sum,
        }
    }
}

impl<T: Scalar> Transform<T> for Dct {
    fn synthesize(&self, x: &mut [T]) {
        if self.halves::<T>() { self.synthesize_half(x) } else { self.synthesize_whole(x) }
    }

    fn analyze(&self, x: &mut [T]) {
        if self.halves::<T>() { self.analyze_half(x) } else { self.analyze_whole(x) }
    }

    fn cost(&self) -> usize {
        fourier_cost(self.length) / if self.halves::<T>() { 2 } else { 1 }
    }
}
