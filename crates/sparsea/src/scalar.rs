//! The numbers the library computes with: [`f64`] and [`Complex<f64>`](Complex).

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use faer::traits::ComplexField;
use num_complex::Complex;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for num_complex::Complex<f64> {}
}

/// A real or complex number. Sealed: implemented for [`f64`] and [`Complex<f64>`](Complex).
///
/// Magnitudes and norms are always `f64`; every tolerance of the library is a multiple of [`Scalar::EPSILON`].
pub trait Scalar:
    sealed::Sealed
    + crate::kernels::vector::Vectorized
    + ComplexField<Real = f64>
    + Copy
    + Default
    + PartialEq
    + Debug
    + Display
    + Send
    + Sync
    + Serialize
    + DeserializeOwned
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + 'static
{
    /// Unit round-off times two: the distance from 1 to the next representable number.
    const EPSILON: f64;
    /// Whether the imaginary part can be non-zero.
    const IS_COMPLEX: bool;
    /// The additive identity.
    const ZERO: Self;
    /// The multiplicative identity.
    const ONE: Self;

    /// The number `re + 0i`.
    fn from_real(re: f64) -> Self;
    /// Complex conjugate; the number itself when real.
    fn conj(self) -> Self;
    /// Real part.
    fn real(self) -> f64;
    /// Imaginary part; 0 when real.
    fn imag(self) -> f64;
    /// Magnitude |v|.
    fn abs(self) -> f64;
    /// Squared magnitude |v|².
    fn abs2(self) -> f64;
    /// Product with a real number.
    fn scale(self, factor: f64) -> Self;
    /// Whether neither part is NaN or infinite.
    fn is_finite(self) -> bool;
    /// The same number as a complex one.
    fn to_complex(self) -> Complex<f64>;
    /// The number with the given complex value; a real scalar drops the imaginary part.
    fn from_complex(value: Complex<f64>) -> Self;
    /// Unit-variance normal number made of one (real) or two (complex, circular) standard normals.
    fn from_normals(first: f64, second: f64) -> Self;
    /// A monotone function of |v| that is cheap to compute: the key by which supports are selected.
    fn rank(self) -> f64;
    /// The positive real `s` at which |self + s·direction| reaches a magnitude whose [`rank`](Scalar::rank) is
    /// `rank`, which is at least `self.rank()`; infinite when it never does.
    fn reach(self, direction: Self, rank: f64) -> f64;
}

impl Scalar for f64 {
    const EPSILON: f64 = f64::EPSILON;
    const IS_COMPLEX: bool = false;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_real(re: f64) -> Self {
        re
    }
    #[inline(always)]
    fn conj(self) -> Self {
        self
    }
    #[inline(always)]
    fn real(self) -> f64 {
        self
    }
    #[inline(always)]
    fn imag(self) -> f64 {
        0.0
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        f64::abs(self)
    }
    #[inline(always)]
    fn abs2(self) -> f64 {
        self * self
    }
    #[inline(always)]
    fn scale(self, factor: f64) -> Self {
        self * factor
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    #[inline(always)]
    fn to_complex(self) -> Complex<f64> {
        Complex::new(self, 0.0)
    }
    #[inline(always)]
    fn from_complex(value: Complex<f64>) -> Self {
        value.re
    }
    #[inline(always)]
    fn from_normals(first: f64, _second: f64) -> Self {
        first
    }
    #[inline(always)]
    fn rank(self) -> f64 {
        f64::abs(self)
    }
    #[inline(always)]
    fn reach(self, direction: Self, rank: f64) -> f64 {
        // Moving towards its own sign it has rank − |self| to go, otherwise rank + |self|.
        let gap = rank - if direction < 0.0 { -self } else { self };
        if direction == 0.0 { f64::INFINITY } else { gap / direction.abs() }
    }
}

impl Scalar for Complex<f64> {
    const EPSILON: f64 = f64::EPSILON;
    const IS_COMPLEX: bool = true;
    const ZERO: Self = Complex::new(0.0, 0.0);
    const ONE: Self = Complex::new(1.0, 0.0);

    #[inline(always)]
    fn from_real(re: f64) -> Self {
        Complex::new(re, 0.0)
    }
    #[inline(always)]
    fn conj(self) -> Self {
        Complex::new(self.re, -self.im)
    }
    #[inline(always)]
    fn real(self) -> f64 {
        self.re
    }
    #[inline(always)]
    fn imag(self) -> f64 {
        self.im
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        self.norm()
    }
    #[inline(always)]
    fn abs2(self) -> f64 {
        self.re * self.re + self.im * self.im
    }
    #[inline(always)]
    fn scale(self, factor: f64) -> Self {
        Complex::new(self.re * factor, self.im * factor)
    }
    #[inline(always)]
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
    #[inline(always)]
    fn to_complex(self) -> Complex<f64> {
        self
    }
    #[inline(always)]
    fn from_complex(value: Complex<f64>) -> Self {
        value
    }
    #[inline(always)]
    fn from_normals(first: f64, second: f64) -> Self {
        Complex::new(first, second) * std::f64::consts::FRAC_1_SQRT_2
    }
    #[inline(always)]
    fn rank(self) -> f64 {
        self.abs2()
    }
    #[inline]
    fn reach(self, direction: Self, rank: f64) -> f64 {
        let a = direction.abs2();
        if a == 0.0 {
            return f64::INFINITY;
        }
        // a s² + 2 b s + c = 0 with c ≤ 0; each branch avoids subtracting nearly equal numbers.
        let b = self.re * direction.re + self.im * direction.im;
        let c = (self.abs2() - rank).min(0.0);
        let root = (b * b - a * c).sqrt();
        if b > 0.0 { -c / (b + root) } else { (root - b) / a }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_is_where_the_magnitude_is_met() {
        for (x, d, level) in [(0.5, 0.1, 2.0), (-0.5, 0.1, 2.0), (0.5, -3.0, 0.5), (0.0, -1.0, 1.0)] {
            let s = Scalar::reach(x, d, level);
            assert!((f64::abs(x + s * d) - level).abs() < 1e-14, "{x} {d} {level}");
        }
        assert_eq!(Scalar::reach(1.0, 0.0, 1.0), f64::INFINITY);
        let z = Complex::new(0.3, -0.2);
        for d in [Complex::new(1.0, 2.0), Complex::new(-0.1, 0.05), Complex::new(0.0, 1e-3)] {
            let s = z.reach(d, 4.0);
            assert!(s >= 0.0 && ((z + d.scale(s)).abs() - 2.0).abs() < 1e-12);
        }
    }
}
