//! Dense matrices of numbers that are narrower than doubles, as their files store them.

use num_complex::Complex;
use sparsea::operator::{NarrowOperator, Stored};
use sparsea::{LinearMap, Scalar};

use super::array::Matrix;
use super::dense::Dense;
use super::error::Problem;

/// A dense matrix of a type that is exactly held by doubles. Booleans are bytes that are 0 or 1.
#[derive(Debug, Clone)]
pub enum Narrow {
    F32(Dense<f32>),
    I8(Dense<i8>),
    I16(Dense<i16>),
    I32(Dense<i32>),
    U8(Dense<u8>),
    C32(Dense<Complex<f32>>),
}

/// Does the same with a matrix of any type.
macro_rules! with {
    ($narrow:expr, $a:ident => $work:expr) => {
        match $narrow {
            Narrow::F32($a) => $work,
            Narrow::I8($a) => $work,
            Narrow::I16($a) => $work,
            Narrow::I32($a) => $work,
            Narrow::U8($a) => $work,
            Narrow::C32($a) => $work,
        }
    };
}

impl Narrow {
    pub fn nrows(&self) -> usize {
        with!(self, a => a.nrows())
    }

    pub fn ncols(&self) -> usize {
        with!(self, a => a.ncols())
    }

    pub fn is_complex(&self) -> bool {
        matches!(self, Self::C32(_))
    }

    /// Refuses NaN and infinity, with the place of the first one (in column order).
    pub fn check_finite(&self) -> Result<(), Problem> {
        match self {
            Self::F32(a) => a.check_finite(),
            Self::C32(a) => a.check_finite(),
            Self::I8(_) | Self::I16(_) | Self::I32(_) | Self::U8(_) => Ok(()),
        }
    }

    /// Some columns, in this order.
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        match self {
            Self::F32(a) => Self::F32(a.with_columns(columns)),
            Self::I8(a) => Self::I8(a.with_columns(columns)),
            Self::I16(a) => Self::I16(a.with_columns(columns)),
            Self::I32(a) => Self::I32(a.with_columns(columns)),
            Self::U8(a) => Self::U8(a.with_columns(columns)),
            Self::C32(a) => Self::C32(a.with_columns(columns)),
        }
    }

    /// A copy in double precision.
    pub fn widened(&self) -> Matrix {
        match self {
            Self::F32(a) => Matrix::Dense(a.map(Stored::widen)),
            Self::I8(a) => Matrix::Dense(a.map(Stored::widen)),
            Self::I16(a) => Matrix::Dense(a.map(Stored::widen)),
            Self::I32(a) => Matrix::Dense(a.map(Stored::widen)),
            Self::U8(a) => Matrix::Dense(a.map(Stored::widen)),
            Self::C32(a) => Matrix::DenseComplex(a.map(Stored::widen)),
        }
    }

    /// The matrix of a real problem, unless it is complex.
    pub fn real(self) -> Option<Box<dyn NarrowMatrix<f64>>> {
        Some(match self {
            Self::F32(a) => Box::new(a),
            Self::I8(a) => Box::new(a),
            Self::I16(a) => Box::new(a),
            Self::I32(a) => Box::new(a),
            Self::U8(a) => Box::new(a),
            Self::C32(_) => return None,
        })
    }

    /// The matrix of a complex problem.
    pub fn complex(self) -> Box<dyn NarrowMatrix<Complex<f64>>> {
        with!(self, a => Box::new(a))
    }
}

/// A matrix of any narrow type, for problems of the scalar T.
pub trait NarrowMatrix<T: Scalar>: Send + Sync {
    /// The operator that reads it where it lies.
    fn operator(&self) -> Box<dyn LinearMap<T> + '_>;
}

impl<T: Scalar, S: Stored<T>> NarrowMatrix<T> for Dense<S> {
    fn operator(&self) -> Box<dyn LinearMap<T> + '_> {
        Box::new(NarrowOperator::new(self.as_ref()))
    }
}
