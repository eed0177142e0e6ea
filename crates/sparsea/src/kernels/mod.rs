//! The few loops over long vectors in which the time goes, compiled for the instruction set found at run time.
//!
//! Element-wise loops are plain Rust over slices, which the compiler vectorises; inner products and combinations, in which most
//! of the time goes, are written with vectors ([`products`]). [`pulp`] runs both under AVX2 or whatever the machine has, so
//! that a portable build is as fast as a native one.

mod eigen;
mod products;
mod svd;
mod triangular;
pub(crate) mod vector;

use std::sync::OnceLock;

use pulp::Arch;

use crate::scalar::Scalar;
pub(crate) use eigen::{eigen, eigenvalues};
pub(crate) use products::{
    TILE, add_combination, block_dots, common, dot, dots, subtract_combination, subtract_combination_shared,
};
pub(crate) use svd::right_singular;
pub(crate) use triangular::{solve_growing, solve_lower, solve_upper, start};

fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(Arch::new)
}

/// Runs `body` compiled for the widest instruction set that the machine has.
#[inline]
pub(crate) fn simd<R>(body: impl FnOnce() -> R) -> R {
    arch().dispatch(body)
}

/// Independent partial sums: enough for four AVX registers, so that additions do not wait for each other.
const LANES: usize = 16;

/// aᴴ b, without switching the instruction set: for use inside [`simd`] and on short vectors.
#[inline(always)]
pub(crate) fn dot_inline<T: Scalar>(a: &[T], b: &[T]) -> T {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut sums = [T::ZERO; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        for lane in 0..LANES {
            sums[lane] += Scalar::conj(x[lane]) * y[lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            let other = sums[lane + width];
            sums[lane] += other;
        }
        width /= 2;
    }
    let mut total = sums[0];
    for (&x, &y) in rest_a.iter().zip(rest_b) {
        total += Scalar::conj(x) * y;
    }
    total
}

/// y ← y + α x, without switching the instruction set.
#[inline(always)]
pub(crate) fn axpy_inline<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += alpha * x;
    }
}

/// y ← y + α x.
pub(crate) fn axpy<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    simd(
        #[inline(always)]
        || axpy_inline(alpha, x, y),
    );
}

/// y ← y + α a + β b.
pub(crate) fn axpy_two<T: Scalar>(alpha: T, a: &[T], beta: T, b: &[T], y: &mut [T]) {
    simd(
        #[inline(always)]
        || {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y += alpha * a + beta * b;
            }
        },
    );
}

/// Euclidean norm, safe from overflow and underflow of the squares.
pub(crate) fn norm<T: Scalar>(v: &[T]) -> f64 {
    let sum = norm_squared(v);
    // Outside this range squares of entries may have been lost; inside it they cannot have mattered.
    if sum > 1e-280 && sum < 1e300 {
        return sum.sqrt();
    }
    if sum.is_nan() {
        return sum;
    }
    let largest = v.iter().fold(0.0f64, |max, x| max.max(x.real().abs()).max(x.imag().abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let scaled: f64 = v.iter().map(|x| (x.real() / largest).powi(2) + (x.imag() / largest).powi(2)).sum();
    largest * scaled.sqrt()
}

/// ‖v‖².
pub(crate) fn norm_squared<T: Scalar>(v: &[T]) -> f64 {
    dot(v, v).real()
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex;

    #[test]
    fn norms_survive_extreme_scales() {
        for scale in [1e-200, 1e-160, 1.0, 1e160, 1e200] {
            let v = [3.0 * scale, -4.0 * scale];
            assert!((norm(&v) / (5.0 * scale) - 1.0).abs() < 1e-15, "{scale}");
            let z = [Complex::new(0.0, 3.0 * scale), Complex::new(4.0 * scale, 0.0)];
            assert!((norm(&z) / (5.0 * scale) - 1.0).abs() < 1e-15, "{scale}");
        }
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[0.0, f64::NAN]).is_nan());
        assert_eq!(norm(&[1.0, f64::INFINITY]), f64::INFINITY);
    }

    /// Shorter and longer than what a tile reads of a line at a time, and lines and vectors that fill no tile.
    #[test]
    fn products_in_tiles_have_the_bits_that_they_have_alone() {
        for n in (0..70).chain([383, 384, 385, 400, 777, 1000]) {
            let all: Vec<Vec<f64>> = (0..17).map(|v| (0..n).map(|i| f64::sin((i * 17 + v) as f64)).collect()).collect();
            let (lines, vectors) = all.split_at(8);
            let of_lines: Vec<_> = lines.iter().map(|v| (0..n, &v[..])).collect();
            let of_vectors: Vec<_> = vectors.iter().map(|v| (0..n, &v[..])).collect();
            let mut sums = vec![vec![9.0; lines.len()]; vectors.len()];
            let mut outs: Vec<&mut [f64]> = sums.iter_mut().map(|sums| &mut sums[..]).collect();
            block_dots(&of_lines, &of_vectors, &mut outs);
            for (sums, v) in sums.iter().zip(vectors) {
                for (sum, line) in sums.iter().zip(lines) {
                    assert_eq!(sum.to_bits(), dot(line, v).to_bits(), "{n}");
                }
            }
        }
    }

    #[test]
    fn dot_matches_a_plain_sum_at_every_length() {
        for n in 0..70 {
            let a: Vec<Complex<f64>> = (0..n).map(|i| Complex::new(i as f64, 1.0 - i as f64)).collect();
            let b: Vec<Complex<f64>> = (0..n).map(|i| Complex::new(2.0, i as f64)).collect();
            let expected: Complex<f64> = a.iter().zip(&b).map(|(x, y)| x.conj() * y).sum();
            assert_eq!(dot(&a, &b), expected);
        }
    }
}
