//! The columns y/s − a_j above a row of equal numbers, as a map.

use faer::MatMut;

use crate::failure::OperatorError;
use crate::kernels::{axpy, dot};
use crate::operator::{Columns, LinearMap, Profile, contiguous, single, with_columns};
use crate::scalar::Scalar;

/// B above γ 1ᵀ.
pub(super) struct Rows<'o, T: Scalar> {
    pub(super) inner: Box<dyn LinearMap<T> + 'o>,
    /// y/s.
    pub(super) share: Vec<T>,
    pub(super) weight: f64,
    /// Columns that are not to be chosen, which are zero.
    pub(super) zeros: Vec<bool>,
}

impl<T: Scalar> Rows<'_, T> {
    fn rows(&self) -> usize {
        self.share.len()
    }

    /// Rows of B from those of A, where the coefficients have this sum.
    fn finish(&self, sum: T, y: &mut [T]) {
        let m = self.rows();
        y[..m].iter_mut().for_each(|v| *v = -*v);
        axpy(sum, &self.share, &mut y[..m]);
        y[m] = sum.scale(self.weight);
    }

    /// What every column has in common with a vector of rows.
    fn common(&self, y: &[T]) -> T {
        dot(&self.share, &y[..self.rows()]) + y[self.rows()].scale(self.weight)
    }
}

impl<T: Scalar> LinearMap<T> for Rows<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.rows() + 1, self.zeros.len())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut x = x.to_vec();
        x.iter_mut().zip(&self.zeros).filter(|(_, zero)| **zero).for_each(|(x, _)| *x = T::ZERO);
        self.inner.apply(&x, &mut y[..self.rows()])?;
        self.finish(x.iter().copied().sum(), y);
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.inner.apply_adjoint(&y[..self.rows()], x)?;
        let common = self.common(y);
        x.iter_mut().zip(&self.zeros).for_each(|(x, &zero)| *x = if zero { T::ZERO } else { common - *x });
        Ok(())
    }

    fn profile(&self) -> Profile {
        let (m, n) = self.shape();
        let inner = self.inner.profile();
        Profile::made_of(&inner).with_cost(inner.cost.unwrap_or_else(|| m.saturating_mul(n)) + m + n)
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.inner.columns().is_some().then_some(self)
    }
}

impl<T: Scalar> Columns<T> for Rows<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let m = self.rows();
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            if self.zeros[j] {
                out.fill(T::ZERO);
                continue;
            }
            with_columns(&*self.inner, |columns| columns.gather(&[j], single(&mut out[..m])))?;
            self.finish(T::ONE, out);
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let chosen = support.iter().zip(values).filter(|&(&j, _)| !self.zeros[j]);
        let (places, kept): (Vec<usize>, Vec<T>) = chosen.unzip();
        with_columns(&*self.inner, |columns| columns.combine(&places, &kept, &mut y[..self.rows()]))?;
        self.finish(kept.into_iter().sum(), y);
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        with_columns(&*self.inner, |columns| columns.correlate(support, &y[..self.rows()], out))?;
        let common = self.common(y);
        for (&j, out) in support.iter().zip(out) {
            *out = if self.zeros[j] { T::ZERO } else { common - *out };
        }
        Ok(())
    }
}
