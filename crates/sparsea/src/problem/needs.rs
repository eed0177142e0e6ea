//! Requirements of algorithms on a problem.

use crate::error::Error;
use crate::scalar::Scalar;

/// Requirements of an algorithm on a problem, beyond those of every algorithm: see [`Algorithm::NEEDS`](crate::Algorithm::NEEDS).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// Real data.
    pub real: bool,
    /// The squared loss and the domain of all numbers, because moves are scored by AᴴA and Aᴴ y.
    pub quadratic: bool,
    /// Relaxes `quadratic`: [known intervals](crate::Domain::interval) are allowed as a domain.
    pub intervals: bool,
    /// The operator [`Steps`](crate::Steps).
    pub steps: bool,
    /// The rows of A itself: the algorithm depends on their number m, so another A with the same Gram matrix will not do.
    pub rows: bool,
    /// Single columns as atoms, and a single y.
    pub columns: bool,
}

impl Needs {
    /// No requirements.
    pub const NONE: Self =
        Self { real: false, quadratic: false, intervals: false, steps: false, rows: false, columns: false };
    /// Real data.
    pub const REAL: Self = Self { real: true, ..Self::NONE };
    /// Single columns as atoms and a single y: no [groups](crate::Problem::with_groups), no [joint](crate::Problem::joint) support.
    pub const COLUMNS: Self = Self { columns: true, ..Self::NONE };
    /// The squared loss and free coefficients.
    pub const QUADRATIC: Self = Self { quadratic: true, ..Self::NONE };
    /// The squared loss; coefficients that are free, non-negative or between bounds.
    pub const INTERVALS: Self = Self { quadratic: true, intervals: true, ..Self::NONE };
    /// The operator [`Steps`](crate::Steps), the squared loss and free coefficients.
    pub const STEPS: Self = Self { quadratic: true, steps: true, columns: true, ..Self::NONE };

    /// The rows of A itself, the squared loss and free coefficients.
    pub const ROWS: Self = Self { quadratic: true, rows: true, ..Self::NONE };

    /// Both these requirements and `other`.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            real: self.real || other.real,
            quadratic: self.quadratic || other.quadratic,
            // What either needs to be free must be.
            intervals: (self.intervals || !self.quadratic)
                && (other.intervals || !other.quadratic)
                && (self.quadratic || other.quadratic),
            steps: self.steps || other.steps,
            rows: self.rows || other.rows,
            columns: self.columns || other.columns,
        }
    }

    /// The name of the only operator that the algorithm works with; `None` if any operator will do.
    #[must_use]
    pub const fn operator(self) -> Option<&'static str> {
        if self.steps { Some("Steps") } else { None }
    }

    /// Refuses numbers of the type T, on behalf of `who`.
    pub(crate) fn check_scalar<T: Scalar>(self, who: &'static str) -> Result<(), Error> {
        if self.real && T::IS_COMPLEX { Err(Error::RealOnly { algorithm: who }) } else { Ok(()) }
    }
}
