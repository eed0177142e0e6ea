//! Generated problems with a known truth: dictionaries, spike trains, noise.
//!
//! Every random number comes from a counter-based generator addressed by (study, cell, run), so any single problem can be reproduced on its
//! own, on any number of threads.

use faer::Mat;
use num_complex::Complex;
use rand::Rng;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::error::Error;
pub use crate::random::{normal_vector, stream};

use crate::operator::{Access, Boundary, Convolution, DenseOperator, LinearMap, pulse};
use crate::scalar::Scalar;

/// How the non-zero entries of x are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amplitudes {
    /// Uniform on [−2, −1] ∪ [1, 2].
    Bounded,
    /// Standard normal.
    Normal,
    /// All equal to 1.
    Ones,
    /// Uniform on [1, 2].
    Positive,
    /// The moduli of standard normal numbers.
    HalfNormal,
}

/// m n, for a matrix that is made of as many random numbers.
fn entries(m: usize, n: usize) -> usize {
    m.checked_mul(n).unwrap_or_else(|| panic!("a {m} × {n} matrix does not fit into memory"))
}

/// m × n matrix of independent standard normal entries.
///
/// # Panics
/// If the numbers do not fit into memory, as for any vector that is too long. The same holds for every matrix generated here.
pub fn gaussian_matrix<T: Scalar>(rng: &mut impl Rng, m: usize, n: usize) -> Mat<T> {
    let entries: Vec<T> = normal_vector(rng, entries(m, n));
    Mat::from_fn(m, n, |i, j| entries[j * m + i])
}

/// `k` distinct indices below `n`, uniformly without replacement, sorted.
pub fn random_support(rng: &mut impl Rng, n: usize, k: usize) -> Vec<usize> {
    let mut support = rand::seq::index::sample(rng, n, k.min(n)).into_vec();
    support.sort_unstable();
    support
}

/// `k` non-zero values.
pub fn random_amplitudes<T: Scalar>(rng: &mut impl Rng, k: usize, amplitudes: Amplitudes) -> Vec<T> {
    match amplitudes {
        Amplitudes::Normal => normal_vector(rng, k),
        Amplitudes::Ones => vec![T::ONE; k],
        Amplitudes::Positive => (0..k).map(|_| T::from_real(rng.random_range(1.0..=2.0))).collect(),
        Amplitudes::HalfNormal => {
            normal_vector::<f64>(rng, k).into_iter().map(|value| T::from_real(value.abs())).collect()
        }
        Amplitudes::Bounded => (0..k)
            .map(|_| {
                let size = rng.random_range(1.0..=2.0);
                T::from_real(if rng.random::<bool>() { size } else { -size })
            })
            .collect(),
    }
}

/// m × n matrix of independent entries ±1.
pub fn bernoulli_matrix(rng: &mut impl Rng, m: usize, n: usize) -> Mat<f64> {
    let signs: Vec<bool> = (0..entries(m, n)).map(|_| rng.random()).collect();
    Mat::from_fn(m, n, |i, j| if signs[j * m + i] { 1.0 } else { -1.0 })
}

/// m × n matrix whose rows are independent stationary AR(1) sequences of unit variance: neighbouring columns have
/// correlation `rho`, columns i and j rho^|i − j|.
pub fn correlated_matrix(rng: &mut impl Rng, m: usize, n: usize, rho: f64) -> Mat<f64> {
    let innovation = (1.0 - rho * rho).max(0.0).sqrt();
    let mut matrix = Mat::zeros(m, n);
    for i in 0..m {
        let mut previous: f64 = StandardNormal.sample(rng);
        for j in 0..n {
            if j > 0 {
                let noise: f64 = StandardNormal.sample(rng);
                previous = rho * previous + innovation * noise;
            }
            matrix[(i, j)] = previous;
        }
    }
    matrix
}

/// m × n matrix whose rows are independent normal vectors of unit variance, every two of whose entries have
/// correlation `rho`, from 0 to 1.
pub fn equicorrelated_matrix(rng: &mut impl Rng, m: usize, n: usize, rho: f64) -> Mat<f64> {
    let (shared, own) = (rho.clamp(0.0, 1.0).sqrt(), (1.0 - rho).clamp(0.0, 1.0).sqrt());
    let mut matrix = Mat::zeros(m, n);
    for i in 0..m {
        let common: f64 = StandardNormal.sample(rng);
        for j in 0..n {
            let noise: f64 = StandardNormal.sample(rng);
            matrix[(i, j)] = shared * common + own * noise;
        }
    }
    matrix
}

/// `m` rows of the orthonormal n × n discrete cosine transform (DCT-II), drawn without replacement.
pub fn partial_cosine_matrix(rng: &mut impl Rng, m: usize, n: usize) -> Mat<f64> {
    let rows = random_support(rng, n, m);
    Mat::from_fn(rows.len(), n, |i, j| {
        let frequency = rows[i];
        let scale = if frequency == 0 { 1.0 } else { std::f64::consts::SQRT_2 } / (n as f64).sqrt();
        // The angle is reduced by whole turns first: π f (2j + 1)/(2n) has period 4n in f (2j + 1).
        let turn = (frequency as u128 * (2 * j as u128 + 1)) % (4 * n as u128);
        scale * (std::f64::consts::PI * turn as f64 / (2.0 * n as f64)).cos()
    })
}

/// `m` rows of the unitary n × n discrete Fourier transform, drawn without replacement.
pub fn partial_fourier_matrix(rng: &mut impl Rng, m: usize, n: usize) -> Mat<Complex<f64>> {
    let rows = random_support(rng, n, m);
    Mat::from_fn(rows.len(), n, |i, j| {
        let turn = (rows[i] as u128 * j as u128) % n as u128;
        Complex::from_polar(1.0 / (n as f64).sqrt(), -2.0 * std::f64::consts::PI * turn as f64 / n as f64)
    })
}

/// n × n matrix of steps: column j is 0 before row j and 1 from it on, so that A x is piecewise constant.
pub fn step_matrix(n: usize) -> Mat<f64> {
    Mat::from_fn(n, n, |i, j| if i >= j { 1.0 } else { 0.0 })
}

/// A problem and its truth: y = A x + e with x supported on `support`.
#[derive(Debug, Clone)]
pub struct Instance<A, T> {
    /// The operator, or the matrix it is made of.
    pub operator: A,
    /// y (length m).
    pub data: Vec<T>,
    /// S*, sorted.
    pub support: Vec<usize>,
    /// The entries of x on S*.
    pub coefficients: Vec<T>,
}

/// Draws a k-sparse x and y = A x + e, where e is normal with ‖e‖ = `noise`·‖A x‖ exactly (0 for none).
///
/// # Errors
/// [`Error::Sparsity`] if k is not between 1 and min(m, n), [`Error::Number`] unless the noise is finite and at least 0,
/// [`Error::Overflow`] if y is not finite, [`Error::TooLarge`] if vectors of m or n numbers do not fit into memory.
pub fn observe<A, T: Scalar>(
    rng: &mut impl Rng,
    operator: A,
    as_operator: impl FnOnce(&A) -> Box<dyn LinearMap<T> + '_>,
    k: usize,
    amplitudes: Amplitudes,
    noise: f64,
) -> Result<Instance<A, T>, Error> {
    check_noise(noise)?;
    let (support, coefficients, data) = {
        let map = as_operator(&operator);
        let (rows, columns) = map.shape();
        crate::check::check_sparsity(k, 1, rows, columns)?;
        crate::check::check_size(rows, columns)?;
        let support = random_support(rng, columns, k);
        let coefficients = random_amplitudes(rng, k, amplitudes);
        let data = observe_values(rng, &*map, &support, &coefficients, noise)?;
        (support, coefficients, data)
    };
    Ok(Instance { operator, data, support, coefficients })
}

/// y = A x + e for x with `values` on a support, where e is normal with ‖e‖ = `noise`·‖A x‖ exactly (0 for none).
///
/// # Errors
/// [`Error::Number`] unless the noise is finite and at least 0, [`Error::Overflow`] if y is not finite, [`Error::Operator`].
pub fn observe_values<T: Scalar>(
    rng: &mut impl Rng,
    operator: &dyn LinearMap<T>,
    support: &[usize],
    values: &[T],
    noise: f64,
) -> Result<Vec<T>, Error> {
    check_noise(noise)?;
    let a = Access::new(operator);
    let mut data = vec![T::ZERO; a.nrows()];
    a.apply_sparse(support, values, &mut data);
    a.check()?;
    if noise > 0.0 {
        let e: Vec<T> = normal_vector(rng, data.len());
        let factor = noise * crate::kernels::norm(&data) / crate::kernels::norm(&e);
        data.iter_mut().zip(e).for_each(|(y, e)| *y += e.scale(factor));
    }
    if !data.iter().all(|y| Scalar::is_finite(*y)) {
        return Err(Error::Overflow { what: "A x, or the noise," });
    }
    Ok(data)
}

/// Whether noise can be drawn relative to ‖A x‖.
fn check_noise(noise: f64) -> Result<(), Error> {
    if noise >= 0.0 && noise.is_finite() {
        Ok(())
    } else {
        Err(Error::Number { what: "the noise", rule: "finite and at least 0", value: noise })
    }
}

/// A dense m × n Gaussian problem with normal non-zeros (Figure 3 of the poster; columns are not normalised here).
///
/// # Errors
/// Those of [`observe`], and [`Error::TooLarge`] if the matrix does not fit into memory.
pub fn gaussian_problem(
    rng: &mut impl Rng,
    m: usize,
    n: usize,
    k: usize,
    noise: f64,
) -> Result<Instance<Mat<f64>, f64>, Error> {
    check_noise(noise)?;
    crate::check::check_sparsity(k, 1, m, n)?;
    match m.checked_mul(n) {
        // As many numbers as that are held twice.
        Some(numbers) if crate::check::check_size(numbers, n).is_ok() => {}
        _ => return Err(Error::TooLarge { rows: m, columns: n }),
    }
    let matrix = gaussian_matrix(rng, m, n);
    observe(rng, matrix, |a| Box::new(DenseOperator::new(a.as_ref())), k, Amplitudes::Normal, noise)
}

/// Spikes of size 1 to 2 and random sign, blurred by a Gaussian filter of width σ samples (Figure 2 of the poster).
///
/// # Errors
/// [`Error::Kernel`] for an impossible σ, and those of [`observe`].
pub fn deconvolution_problem(
    rng: &mut impl Rng,
    n: usize,
    k: usize,
    sigma: f64,
    boundary: Boundary,
    noise: f64,
) -> Result<Instance<Convolution<f64>, f64>, Error> {
    let operator = Convolution::new(&pulse::gaussian(sigma)?, n, boundary)?;
    observe(rng, operator, |a| Box::new(a), k, Amplitudes::Bounded, noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_have_orthonormal_rows() {
        let rng = &mut stream(1, 0, 0);
        let cosine = partial_cosine_matrix(rng, 7, 12);
        let product = &cosine * cosine.transpose();
        let fourier = partial_fourier_matrix(rng, 7, 12);
        let unitary = &fourier * fourier.adjoint();
        for i in 0..7 {
            for j in 0..7 {
                let expected = f64::from(u8::from(i == j));
                assert!((product[(i, j)] - expected).abs() < 1e-14);
                assert!((unitary[(i, j)] - Complex::new(expected, 0.0)).norm() < 1e-14);
            }
        }
    }

    #[test]
    fn equicorrelated_columns_are_equally_correlated() {
        let matrix = equicorrelated_matrix(&mut stream(2, 0, 0), 20_000, 4, 0.6);
        let gram = matrix.transpose() * &matrix;
        for i in 0..4 {
            for j in 0..4 {
                let expected = if i == j { 1.0 } else { 0.6 };
                // Four standard errors of a mean of 20 000 products.
                assert!((gram[(i, j)] / 20_000.0 - expected).abs() < 4.0 * 1.5 / 20_000f64.sqrt());
            }
        }
    }
}
