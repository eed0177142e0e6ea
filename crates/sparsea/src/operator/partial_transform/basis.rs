//! Requirements on an orthonormal transform, so that some of its rows can be an operator.

use std::f64::consts::PI;

use num_complex::Complex;

use crate::error::Error;
use crate::scalar::Scalar;

/// An orthonormal n × n transform Φ, whose columns are the vectors of a basis.
pub trait Basis: Sized + Send + Sync + 'static {
    /// The type of its entries.
    type Entry: Scalar;

    /// The name of the operator made of some of its rows.
    const NAME: &'static str;
    /// Whether all entries have the same magnitude, so that all columns have the same norm whatever rows are kept.
    const EVEN: bool;
    /// Multiply-adds of a [`cost`](Transform::cost) that take as long as one entry, measured: the remainder of a division and a table
    /// look-up, unless entries are mere signs.
    const ENTRY: usize;

    /// The transform of n > 0 numbers. Memory is allocated later, when it is needed.
    ///
    /// # Errors
    /// [`Error::TransformLength`] if there is none of that length.
    fn new(n: usize) -> Result<Self, Error>;

    /// n.
    fn length(&self) -> usize;

    /// Column j, as a function of the row t: Φ_tj, to the last digit or two.
    fn column(&self, j: usize) -> impl Fn(usize) -> Self::Entry;

    /// n numbers, from which [`product`](Self::product) computes all inner products of columns over the rows `kept`.
    fn lags(&self, kept: &[usize]) -> Vec<Self::Entry>;

    /// a_iᴴ a_j = Σ_t conj(Φ_ti) Φ_tj over the rows kept.
    fn product(&self, lags: &[Self::Entry], i: usize, j: usize) -> Self::Entry;
}

/// Products with Φ for vectors of a scalar type.
pub trait Transform<T: Scalar>: Basis {
    /// x ← Φ x.
    fn synthesize(&self, x: &mut [T]);

    /// x ← Φᴴ x.
    fn analyze(&self, x: &mut [T]);

    /// Approximate multiply-adds of either product.
    fn cost(&self) -> usize;
}

/// Multiply-adds of a complex Fourier transform of n numbers, about.
pub(super) fn fourier_cost(n: usize) -> usize {
    n.saturating_mul(4 * (n.ilog2() as usize + 1))
}

/// 1 in the rows kept.
pub(super) fn indicator<T: Scalar>(n: usize, kept: &[usize]) -> Vec<T> {
    let mut indicator = vec![T::ZERO; n];
    kept.iter().for_each(|&t| indicator[t] = T::ONE);
    indicator
}

/// a b mod n. An angle that is reduced in whole numbers is exact, however large t j is.
#[inline(always)]
pub(super) fn product_modulo(a: usize, b: usize, n: usize) -> usize {
    match a.checked_mul(b) {
        Some(product) => product % n,
        None => (a as u128 * b as u128 % n as u128) as usize,
    }
}

/// cos(π q/2n) for q = 0 … n: a quarter of the circle. Ends are exact.
pub(super) fn quarter(n: usize) -> Vec<f64> {
    let angle = |q: usize| PI * (q as f64 / (2.0 * n as f64));
    (0..=n).map(|q| if 2 * q <= n { angle(q).cos() } else { angle(n - q).sin() }).collect()
}

/// exp(2πi q/n) for q = 0 … n − 1. Multiples of a quarter are exact.
pub(super) fn roots(n: usize) -> Vec<Complex<f64>> {
    // From angles of at most an eighth of the circle, which whole numbers count in units of 1/8n.
    let eighth = |units: usize| (PI * (units as f64 / (4.0 * n as f64))).sin_cos();
    let root = |q: usize| {
        let (quarters, rest) = (4 * q / n, 8 * q % (2 * n));
        let (sin, cos) = if rest <= n {
            eighth(rest)
        } else {
            let (cos, sin) = eighth(2 * n - rest);
            (sin, cos)
        };
        match quarters {
            0 => Complex::new(cos, sin),
            1 => Complex::new(-sin, cos),
            2 => Complex::new(-cos, -sin),
            _ => Complex::new(sin, -cos),
        }
    };
    (0..n).map(root).collect()
}
