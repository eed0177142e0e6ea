//! The discrete cosine transform.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use rustdct::{DctPlanner, TransformType2And3};

use super::basis::{Basis, Transform, fourier_cost, indicator, product_modulo, quarter};
use crate::error::Error;
use crate::scalar::Scalar;

/// The orthonormal DCT-III, which maps a spectrum to samples.
pub struct Dct {
    length: usize,
    /// cos(π q/2n) for q = 0 … n.
    cosines: OnceLock<Vec<f64>>,
    plan: OnceLock<Arc<dyn TransformType2And3<f64>>>,
}

impl Dct {
    fn cosines(&self) -> &[f64] {
        self.cosines.get_or_init(|| quarter(self.length))
    }

    fn plan(&self) -> &dyn TransformType2And3<f64> {
        &**self.plan.get_or_init(|| DctPlanner::new().plan_dct2(self.length))
    }

    /// Applies a real transform to x, or to its real and its imaginary parts.
    fn by_parts<T: Scalar>(x: &mut [T], transform: impl Fn(&mut [f64])) {
        let mut real: Vec<f64> = x.iter().map(|v| v.real()).collect();
        transform(&mut real);
        if !T::IS_COMPLEX {
            x.iter_mut().zip(real).for_each(|(x, re)| *x = T::from_real(re));
            return;
        }
        let mut imaginary: Vec<f64> = x.iter().map(|v| v.to_complex().im).collect();
        transform(&mut imaginary);
        for ((x, re), im) in x.iter_mut().zip(real).zip(imaginary) {
            *x = T::from_complex(Complex::new(re, im));
        }
    }

    /// The factors that make the columns of cosines orthonormal: that of the first, and of the others.
    fn scales(&self) -> (f64, f64) {
        let n = self.length as f64;
        (n.sqrt().recip(), (2.0 / n).sqrt())
    }
}

impl Basis for Dct {
    type Entry = f64;

    const NAME: &'static str = "PartialDct";
    const EVEN: bool = false;
    const ENTRY: usize = 40;

    fn new(n: usize) -> Result<Self, Error> {
        Ok(Self { length: n, cosines: OnceLock::new(), plan: OnceLock::new() })
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
        let (first, others) = self.scales();
        Self::by_parts(x, |x| {
            x.iter_mut().for_each(|v| *v *= others);
            // The transform halves the first coefficient.
            x[0] *= 2.0 * first / others;
            self.plan().process_dct3(x);
        });
    }

    fn analyze(&self, x: &mut [T]) {
        let (first, others) = self.scales();
        Self::by_parts(x, |x| {
            self.plan().process_dct2(x);
            x.iter_mut().for_each(|v| *v *= others);
            x[0] *= first / others;
        });
    }

    fn cost(&self) -> usize {
        fourier_cost(self.length) / if T::IS_COMPLEX { 1 } else { 2 }
    }
}
