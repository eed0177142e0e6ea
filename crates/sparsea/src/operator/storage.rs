//! Number types for storing a matrix, narrower than those used to compute with it.

use num_complex::Complex;

use crate::scalar::Scalar;

mod sealed {
    pub trait Sealed {}
}

/// A number type in which a matrix may be stored: `f32`, `i8`, `i16`, `i32`, `u8` or `Complex<f32>`. Sealed.
pub trait Storage: sealed::Sealed + Copy + PartialEq + Send + Sync + std::fmt::Debug + 'static {
    /// The number 0.
    const ZERO: Self;
}

/// A [`Storage`] type whose numbers convert exactly to the scalar type T.
pub trait Stored<T: Scalar>: Storage {
    /// The number, converted exactly.
    fn widen(self) -> T;
}

macro_rules! real {
    ($($name:ty: $zero:expr, $value:ident => $wide:expr;)*) => {$(
        impl sealed::Sealed for $name {}
        impl Storage for $name {
            const ZERO: Self = $zero;
        }
        impl Stored<f64> for $name {
            #[inline(always)]
            fn widen(self) -> f64 {
                let $value = self;
                $wide
            }
        }
        impl Stored<Complex<f64>> for $name {
            #[inline(always)]
            fn widen(self) -> Complex<f64> {
                let $value = self;
                Complex::new($wide, 0.0)
            }
        }
    )*};
}

real! {
    f32: 0.0, v => f64::from(v);
    i8: 0, v => f64::from(v);
    i16: 0, v => f64::from(v);
    i32: 0, v => f64::from(v);
    u8: 0, v => f64::from(v);
}

impl sealed::Sealed for Complex<f32> {}

impl Storage for Complex<f32> {
    const ZERO: Self = Complex::new(0.0, 0.0);
}

impl Stored<Complex<f64>> for Complex<f32> {
    #[inline(always)]
    fn widen(self) -> Complex<f64> {
        Complex::new(f64::from(self.re), f64::from(self.im))
    }
}

/// `out` ← the numbers of `line`.
pub(super) fn widen<S: Stored<T>, T: Scalar>(line: &[S], out: &mut [T]) {
    crate::kernels::simd(
        #[inline(always)]
        || {
            for (out, v) in out.iter_mut().zip(line) {
                *out = v.widen();
            }
        },
    );
}
