//! The discrete Fourier transform.

use std::sync::{Arc, OnceLock};

use num_complex::Complex;
use rustfft::Fft;

use super::basis::{Basis, Transform, fourier_cost, indicator, product_modulo, roots};
use crate::error::Error;
use crate::operator::fourier::transforms;

/// The unitary inverse DFT, which maps a spectrum to samples.
pub struct Dft {
    length: usize,
    /// exp(2πi q/n)/√n.
    roots: OnceLock<Vec<Complex<f64>>>,
    transforms: OnceLock<[Arc<dyn Fft<f64>>; 2]>,
}

impl Dft {
    fn transforms(&self) -> &[Arc<dyn Fft<f64>>; 2] {
        self.transforms.get_or_init(|| {
            let (forward, inverse) = transforms(self.length);
            [inverse, forward]
        })
    }

    fn scale(&self) -> f64 {
        (self.length as f64).sqrt().recip()
    }

    fn transform(&self, inverse: bool, x: &mut [Complex<f64>]) {
        let [synthesis, analysis] = self.transforms();
        if inverse { synthesis } else { analysis }.process(x);
        let scale = self.scale();
        x.iter_mut().for_each(|x| *x *= scale);
    }
}

impl Basis for Dft {
    type Entry = Complex<f64>;

    const NAME: &'static str = "PartialDft";
    const EVEN: bool = true;
    const ENTRY: usize = 50;

    fn new(n: usize) -> Result<Self, Error> {
        Ok(Self { length: n, roots: OnceLock::new(), transforms: OnceLock::new() })
    }

    fn length(&self) -> usize {
        self.length
    }

    #[inline]
    fn column(&self, j: usize) -> impl Fn(usize) -> Complex<f64> {
        let roots = self.roots.get_or_init(|| {
            let scale = self.scale();
            roots(self.length).iter().map(|root| root * scale).collect()
        });
        move |t| roots[product_modulo(t, j, self.length)]
    }

    /// g_d = Σ_t exp(2πi t d/n)/n for d = 0 … n − 1.
    fn lags(&self, kept: &[usize]) -> Vec<Complex<f64>> {
        let n = self.length;
        let mut lags = indicator(n, kept);
        self.synthesize(&mut lags);
        let scale = self.scale();
        lags.iter_mut().for_each(|lag| *lag *= scale);
        // As exact as AᴴA is Hermitian.
        lags[0] = Complex::new(kept.len() as f64 / n as f64, 0.0);
        for d in 1..n.div_ceil(2) {
            lags[n - d] = lags[d].conj();
        }
        if n.is_multiple_of(2) {
            lags[n / 2].im = 0.0;
        }
        lags
    }

    #[inline]
    fn product(&self, lags: &[Complex<f64>], i: usize, j: usize) -> Complex<f64> {
        lags[if j >= i { j - i } else { self.length - (i - j) }]
    }
}

impl Transform<Complex<f64>> for Dft {
    fn synthesize(&self, x: &mut [Complex<f64>]) {
        self.transform(true, x);
    }

    fn analyze(&self, x: &mut [Complex<f64>]) {
        self.transform(false, x);
    }

    fn cost(&self) -> usize {
        fourier_cost(self.length)
    }
}
