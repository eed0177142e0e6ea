//! Ramps along a trace: piecewise linear signals, whose kinks are a sparse x.

use faer::MatMut;

use super::steps::check_samples;
use super::{Columns, LinearMap, OperatorError, Profile, contiguous};
use crate::error::Error;
use crate::scalar::Scalar;

/// Ramps along a trace of m samples, an m × m operator: column j is 0 before row j, then 1, 2, 3, …: i − j + 1 in row i.
///
/// A x is the running sum of the running sum of x, so x is the second difference of the signal f = A x: x_j = f_j − 2 f_{j−1} + f_{j−2},
/// with f_{−1} = f_{−2} = 0. A kink is a change of slope. If the slope of f changes after row j − 1, so that row j is the first off the old
/// line, then column j is in the support and x_j is the change of slope.
///
/// Columns 0 and 1 span the straight lines: b + c i in row i has the coefficients b of column 0 and c − b of column 1. They count in k like
/// any other column.
///
/// # Cost
/// Products take 2 m additions. Norms, columns and the Gram matrix have closed forms, sums of positive terms:
/// a_iᴴ a_j = L (L + 1) (2 L + 1 + 3 |i − j|)/6 with L = m − max(i, j).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ramps {
    samples: usize,
}

impl Ramps {
    /// Ramps along a trace of m = `samples` samples.
    ///
    /// # Errors
    /// [`Error::Empty`] if m is 0; [`Error::TooLarge`] if m numbers do not fit into memory.
    pub fn new(samples: usize) -> Result<Self, Error> {
        check_samples(samples)?;
        Ok(Self { samples })
    }

    /// m, the number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// a_iᴴ a_j = Σ_t t (t + |i − j|) over t = 1 … L.
    fn entry(&self, i: usize, j: usize) -> f64 {
        let (rows, apart) = ((self.samples - i.max(j)) as f64, i.abs_diff(j) as f64);
        rows * (rows + 1.0) * (2.0 * rows + 1.0 + 3.0 * apart) / 6.0
    }
}

/// Makes of changes of slope the signal. Between two of them each row is computed from the last, not from the row
/// before: that would add up the rounding of all rows.
fn rise<T: Scalar>(y: &mut [T]) {
    let (mut slope, mut height, mut last) = (T::ZERO, T::ZERO, 0);
    for (i, y) in y.iter_mut().enumerate() {
        if *y != T::ZERO {
            height += slope.scale((i - last) as f64);
            last = i;
            slope += *y;
        }
        *y = height + slope.scale((i - last + 1) as f64);
    }
}

impl<T: Scalar> LinearMap<T> for Ramps {
    fn shape(&self) -> (usize, usize) {
        (self.samples, self.samples)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.copy_from_slice(x);
        rise(y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let (mut sum, mut sums) = (T::ZERO, T::ZERO);
        for (x, &y) in x.iter_mut().zip(y).rev() {
            sum += y;
            sums += sum;
            *x = sums;
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.samples.saturating_mul(2))
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }
}

impl<T: Scalar> Columns<T> for Ramps {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let (before, from) = contiguous(column).split_at_mut(j);
            before.fill(T::ZERO);
            from.iter_mut().enumerate().for_each(|(t, out)| *out = T::from_real((t + 1) as f64));
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        Ok((0..self.samples).map(|j| self.entry(j, j).sqrt()).collect())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let entry = |i: usize| T::from_real(self.entry(i, j));
            let column = contiguous(column);
            match rows {
                None => column.iter_mut().enumerate().for_each(|(i, out)| *out = entry(i)),
                Some(rows) => column.iter_mut().zip(rows).for_each(|(out, &i)| *out = entry(i)),
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.fill(T::ZERO);
        support.iter().zip(values).for_each(|(&j, &value)| y[j] += value);
        rise(y);
        Ok(())
    }
}
