//! Convolution and correlation with a long kernel by fast Fourier transforms.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::scalar::Scalar;

/// The transform of a kernel, ready to convolve with it.
#[derive(Clone)]
pub(super) struct FourierKernel<T> {
    spectrum: Vec<Complex<f64>>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    scalar: std::marker::PhantomData<T>,
}

impl<T> fmt::Debug for FourierKernel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FourierKernel").field("period", &self.spectrum.len()).finish()
    }
}

/// The smallest number ≥ n without prime factors above 5, for which transforms are fastest.
pub(super) fn fast_length(n: usize) -> usize {
    (n..)
        .find(|&candidate| {
            let mut rest = candidate;
            for p in [2, 3, 5] {
                while rest % p == 0 {
                    rest /= p;
                }
            }
            rest == 1
        })
        .unwrap_or(n)
}

/// The transform of this many numbers, and the inverse. Not generic, so that all transforms are compiled here and nowhere else.
#[inline(never)]
pub(super) fn transforms(length: usize) -> (Arc<dyn Fft<f64>>, Arc<dyn Fft<f64>>) {
    let mut planner = FftPlanner::new();
    (planner.plan_fft_forward(length), planner.plan_fft_inverse(length))
}

impl<T: Scalar> FourierKernel<T> {
    /// Prepares convolutions of period `period`, exactly that when `circular`, else at least that.
    pub(super) fn new(kernel: &[T], period: usize, circular: bool) -> Self {
        let length = if circular { period } else { fast_length(period) };
        let (forward, inverse) = transforms(length);
        let mut spectrum = vec![Complex::new(0.0, 0.0); length];
        for (s, h) in spectrum.iter_mut().zip(kernel) {
            *s = h.to_complex() / length as f64;
        }
        forward.process(&mut spectrum);
        Self { spectrum, forward, inverse, scalar: std::marker::PhantomData }
    }

    /// y_t ← Σ_l h_l x_{t + first − l}.
    pub(super) fn convolve(&self, x: &[T], first: usize, y: &mut [T]) {
        let period = self.spectrum.len();
        let mut buffer = vec![Complex::new(0.0, 0.0); period];
        for (b, x) in buffer.iter_mut().zip(x) {
            *b = x.to_complex();
        }
        self.forward.process(&mut buffer);
        for (b, h) in buffer.iter_mut().zip(&self.spectrum) {
            *b *= h;
        }
        self.inverse.process(&mut buffer);
        for (t, y) in y.iter_mut().enumerate() {
            *y = T::from_complex(buffer[(t + first) % period]);
        }
    }

    /// x_j ← Σ_l conj(h_l) y_{j + l − first}: the adjoint of [`convolve`](Self::convolve).
    pub(super) fn correlate(&self, y: &[T], first: usize, x: &mut [T]) {
        let period = self.spectrum.len();
        let mut buffer = vec![Complex::new(0.0, 0.0); period];
        for (t, y) in y.iter().enumerate() {
            buffer[(t + first) % period] = y.to_complex();
        }
        self.forward.process(&mut buffer);
        for (b, h) in buffer.iter_mut().zip(&self.spectrum) {
            *b *= h.conj();
        }
        self.inverse.process(&mut buffer);
        for (x, b) in x.iter_mut().zip(&buffer) {
            *x = T::from_complex(*b);
        }
    }

    /// Multiply-adds of one convolution, roughly.
    pub(super) fn cost(&self) -> usize {
        let period = self.spectrum.len();
        period.saturating_mul(8 * (period.ilog2() as usize + 1))
    }
}

/// ρ_d = Σ_l conj(h_{l+d}) h_l for d = 0 … L − 1.
pub(super) fn autocorrelation<T: Scalar>(kernel: &[T]) -> Vec<T> {
    let length = kernel.len();
    let transform = FourierKernel::new(kernel, 2 * length - 1, false);
    let mut lags = vec![T::ZERO; length];
    // Correlation with h itself gives Σ_l conj(h_l) h_{l+d}, the conjugate.
    transform.correlate(kernel, 0, &mut lags);
    lags.iter().map(|v| Scalar::conj(*v)).collect()
}
