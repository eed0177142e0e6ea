//! Vectors of the machine's width, real or complex, so that kernels are written once for both.

use num_complex::Complex;
use pulp::Simd;

/// What kernels need of a scalar: vectors of it that are multiplied and added in one rounding.
pub trait Vectorized: Copy + 'static {
    /// As many scalars as the instruction set S holds in one register.
    type Vector<S: Simd>: Copy;

    /// Whole vectors, and what is left.
    fn split<S: Simd>(v: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// Whole vectors, and what is left.
    fn split_mut<S: Simd>(v: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// The same number everywhere.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// a + b.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b + c.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// conj(a) b + c.
    fn conj_mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// The sum of the scalars.
    fn total<S: Simd>(simd: S, v: Self::Vector<S>) -> Self;
}

impl Vectorized for f64 {
    type Vector<S: Simd> = S::f64s;

    #[inline(always)]
    fn split<S: Simd>(v: &[Self]) -> (&[S::f64s], &[Self]) {
        S::as_simd_f64s(v)
    }
    #[inline(always)]
    fn split_mut<S: Simd>(v: &mut [Self]) -> (&mut [S::f64s], &mut [Self]) {
        S::as_mut_simd_f64s(v)
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::f64s {
        simd.splat_f64s(value)
    }
    #[inline(always)]
    fn plus<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.add_f64s(a, b)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_f64s(a, b, c)
    }
    #[inline(always)]
    fn conj_mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_f64s(a, b, c)
    }
    #[inline(always)]
    fn total<S: Simd>(simd: S, v: S::f64s) -> Self {
        simd.reduce_sum_f64s(v)
    }
}

impl Vectorized for Complex<f64> {
    type Vector<S: Simd> = S::c64s;

    #[inline(always)]
    fn split<S: Simd>(v: &[Self]) -> (&[S::c64s], &[Self]) {
        S::as_simd_c64s(v)
    }
    #[inline(always)]
    fn split_mut<S: Simd>(v: &mut [Self]) -> (&mut [S::c64s], &mut [Self]) {
        S::as_mut_simd_c64s(v)
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::c64s {
        simd.splat_c64s(value)
    }
    #[inline(always)]
    fn plus<S: Simd>(simd: S, a: S::c64s, b: S::c64s) -> S::c64s {
        simd.add_c64s(a, b)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::c64s, b: S::c64s, c: S::c64s) -> S::c64s {
        simd.mul_add_c64s(a, b, c)
    }
    #[inline(always)]
    fn conj_mul_add<S: Simd>(simd: S, a: S::c64s, b: S::c64s, c: S::c64s) -> S::c64s {
        simd.conj_mul_add_c64s(a, b, c)
    }
    #[inline(always)]
    fn total<S: Simd>(simd: S, v: S::c64s) -> Self {
        simd.reduce_sum_c64s(v)
    }
}
