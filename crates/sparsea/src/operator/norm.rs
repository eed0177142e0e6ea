//! ‖A‖, the largest singular value.

use faer::{Mat, Side};

use super::Access;
use crate::kernels::{dot, norm};
use crate::random::{normal_vector, stream};
use crate::scalar::Scalar;

/// Steps of the tridiagonalisation at most.
const STEPS: usize = 300;
/// The estimate has settled when eight steps raise it by no more than this share of it.
const SETTLED: f64 = 1e-7;
/// A remainder below this share of the estimate is rounding: the Krylov space is exhausted.
const EXHAUSTED: f64 = 1e-14;

/// ‖A‖² to about 10⁻⁶ from below, and the products with A and with Aᴴ that it took; as far as it got where `stop` says so.
///
/// Lanczos tridiagonalisation of AᴴA from a fixed random vector (Golub & Van Loan, Matrix Computations, §10.1).
pub(crate) fn norm_squared<T: Scalar>(operator: &Access<'_, T>, stop: impl Fn() -> bool) -> (f64, u64) {
    let mut q: Vec<T> = normal_vector(&mut stream(0, 0, 0), operator.ncols());
    let mut image = vec![T::ZERO; operator.nrows()];
    let mut w = vec![T::ZERO; operator.ncols()];
    let mut before = vec![T::ZERO; operator.ncols()];
    let length = norm(&q);
    q.iter_mut().for_each(|v| *v = v.scale(1.0 / length));
    let (mut alphas, mut betas): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
    let mut largest = 0.0;
    for step in 0..operator.ncols().min(STEPS) {
        if stop() {
            break;
        }
        operator.apply(&q, &mut image);
        operator.apply_adjoint(&image, &mut w);
        let alpha = dot(&q, &w).real();
        let beta_before = betas.last().copied().unwrap_or(0.0);
        for ((w, q), before) in w.iter_mut().zip(&q).zip(&before) {
            *w = *w - q.scale(alpha) - before.scale(beta_before);
        }
        alphas.push(alpha);
        let previous = largest;
        // The eigenvalues are looked at less and less often, as they cost more and more.
        if step < 8 || step % 8 == 0 {
            largest = largest_eigenvalue(&alphas, &betas);
        }
        let beta = norm(&w);
        if beta <= EXHAUSTED * largest || (step % 8 == 0 && step > 8 && largest - previous <= SETTLED * largest) {
            break;
        }
        betas.push(beta);
        std::mem::swap(&mut before, &mut q);
        for (q, w) in q.iter_mut().zip(&w) {
            *q = w.scale(1.0 / beta);
        }
    }
    betas.truncate(alphas.len().saturating_sub(1));
    (largest_eigenvalue(&alphas, &betas).max(f64::MIN_POSITIVE), alphas.len() as u64)
}

/// Largest eigenvalue of the symmetric tridiagonal matrix with this diagonal and these entries beside it.
fn largest_eigenvalue(diagonal: &[f64], beside: &[f64]) -> f64 {
    let size = diagonal.len();
    let matrix = Mat::from_fn(size, size, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    match matrix.self_adjoint_eigenvalues(Side::Lower) {
        Ok(values) => values.last().copied().unwrap_or(0.0),
        // Gershgorin's bound is safe where the iteration for the eigenvalues fails.
        Err(_) => (0..size).map(|i| (0..size).map(|j| matrix[(i, j)].abs()).sum()).fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::gaussian_matrix;
    use crate::operator::DenseOperator;
    use num_complex::Complex;

    fn agrees_with_the_svd<T: Scalar>(rows: usize, columns: usize) {
        let a: Mat<T> = gaussian_matrix(&mut stream(1, rows as u64, columns as u64), rows, columns);
        let exact = a.singular_values().unwrap()[0].powi(2);
        let (found, steps) = norm_squared(&Access::new(&DenseOperator::new(a.as_ref())), || false);
        assert!(found <= exact * (1.0 + 1e-12) && found >= exact * (1.0 - 1e-5), "{found} {exact}");
        assert!(steps as usize <= columns);
    }

    #[test]
    fn the_norm_is_the_largest_singular_value() {
        for (rows, columns) in [(1, 1), (5, 3), (30, 80), (80, 30)] {
            agrees_with_the_svd::<f64>(rows, columns);
            agrees_with_the_svd::<Complex<f64>>(rows, columns);
        }
    }

    #[test]
    fn it_is_given_up() {
        let a: Mat<f64> = gaussian_matrix(&mut stream(2, 0, 0), 30, 40);
        assert_eq!(norm_squared(&Access::new(&DenseOperator::new(a.as_ref())), || true).1, 0);
    }
}
