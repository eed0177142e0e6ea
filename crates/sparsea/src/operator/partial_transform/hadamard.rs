//! The Walsh–Hadamard transform.

use super::basis::{Basis, Transform, indicator};
use crate::error::Error;
use crate::kernels::simd;
use crate::scalar::Scalar;

/// The orthonormal Hadamard transform in Sylvester's order, which is its own inverse.
pub struct Hadamard {
    length: usize,
}

/// Numbers that stay in the nearest cache while all their sums and differences are made.
const NEAR: usize = 1 << 11;

/// x ← H x.
fn sums_and_differences<T: Scalar>(x: &mut [T]) {
    // The halves first of all: what is left are two transforms of half the length, one after the other.
    if x.len() > NEAR {
        butterflies(x, x.len());
        let (first, second) = x.split_at_mut(x.len() / 2);
        sums_and_differences(first);
        sums_and_differences(second);
        return;
    }
    let mut block = x.len();
    while block > 1 {
        butterflies(x, block);
        block /= 2;
    }
}

/// (a, b) ← (a + b, a − b) for the halves a and b of every block.
fn butterflies<T: Scalar>(x: &mut [T], block: usize) {
    simd(
        #[inline(always)]
        || {
            for block in x.chunks_exact_mut(block) {
                let (first, second) = block.split_at_mut(block.len() / 2);
                for (a, b) in first.iter_mut().zip(second) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
        },
    );
}

impl Hadamard {
    fn scale(&self) -> f64 {
        (self.length as f64).sqrt().recip()
    }
}

impl Basis for Hadamard {
    type Entry = f64;

    const NAME: &'static str = "PartialHadamard";
    const EVEN: bool = true;
    const ENTRY: usize = 6;

    fn new(n: usize) -> Result<Self, Error> {
        if n.is_power_of_two() { Ok(Self { length: n }) } else { Err(Error::TransformLength { length: n }) }
    }

    fn length(&self) -> usize {
        self.length
    }

    #[inline]
    fn column(&self, j: usize) -> impl Fn(usize) -> f64 {
        let scale = self.scale();
        move |t| if (t & j).count_ones().is_multiple_of(2) { scale } else { -scale }
    }

    /// Σ_t (−1)^|t ∧ d| / n, exact but for the division.
    fn lags(&self, kept: &[usize]) -> Vec<f64> {
        let mut lags: Vec<f64> = indicator(self.length, kept);
        sums_and_differences(&mut lags);
        lags.iter_mut().for_each(|lag| *lag /= self.length as f64);
        lags
    }

    #[inline]
    fn product(&self, lags: &[f64], i: usize, j: usize) -> f64 {
        lags[i ^ j]
    }
}

impl<T: Scalar> Transform<T> for Hadamard {
    fn synthesize(&self, x: &mut [T]) {
        sums_and_differences(x);
        let scale = self.scale();
        x.iter_mut().for_each(|x| *x = x.scale(scale));
    }

    fn analyze(&self, x: &mut [T]) {
        self.synthesize(x);
    }

    fn cost(&self) -> usize {
        let each = if T::IS_COMPLEX { 2 } else { 1 };
        self.length.saturating_mul(each * (self.length.ilog2() as usize + 1))
    }
}
