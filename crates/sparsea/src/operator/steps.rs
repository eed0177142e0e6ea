//! Steps along a trace: piecewise constant signals, whose jumps are a sparse x.

use faer::MatMut;

use super::{Columns, LinearMap, OperatorError, Profile, Structure, contiguous};
use crate::check::check_size;
use crate::error::Error;
use crate::scalar::Scalar;

/// Steps along a trace of m samples, an m × m operator: column j is 0 before row j, and 1 from it on.
///
/// A x is the running sum of x. A piecewise constant signal with k levels is A x with k non-zeros: x_0 is the first level, and x_j is the
/// jump at row j. Column 0, the constant, counts in k like any other column. A signal without it is 0 until its first jump.
///
/// [`Segment`](crate::Segment) finds the support of k columns with the least ‖y − A x‖ exactly.
///
/// # Cost
/// Products take m additions. Norms, columns and the Gram matrix, a_iᴴ a_j = m − max(i, j), have closed forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Steps {
    samples: usize,
}

impl Steps {
    /// Steps along a trace of m = `samples` samples.
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

    /// ‖a_j‖², the number of ones in column j.
    fn ones(&self, j: usize) -> f64 {
        (self.samples - j) as f64
    }
}

/// Refuses traces that are none.
pub(super) fn check_samples(samples: usize) -> Result<(), Error> {
    if samples == 0 {
        return Err(Error::Empty { rows: samples, columns: samples });
    }
    check_size(samples, samples)
}

/// y_i ← y_0 + … + y_i.
fn sum_up<T: Scalar>(y: &mut [T]) {
    let mut sum = T::ZERO;
    for y in y {
        sum += *y;
        *y = sum;
    }
}

impl<T: Scalar> LinearMap<T> for Steps {
    fn shape(&self) -> (usize, usize) {
        (self.samples, self.samples)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.copy_from_slice(x);
        sum_up(y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let mut sum = T::ZERO;
        for (x, &y) in x.iter_mut().zip(y).rev() {
            sum += y;
            *x = sum;
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.samples)
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        Structure::Steps
    }
}

impl<T: Scalar> Columns<T> for Steps {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let (before, from) = contiguous(column).split_at_mut(j);
            before.fill(T::ZERO);
            from.fill(T::ONE);
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        Ok((0..self.samples).map(|j| self.ones(j).sqrt()).collect())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let entry = |i: usize| T::from_real(self.ones(i.max(j)));
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
        sum_up(y);
        Ok(())
    }
}
