//! Columns of A and their products, by the form's own methods or by products with all of A.

use faer::MatMut;

use super::{LinearMap, Structure, contiguous};
use crate::failure::OperatorError;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// Operations that an operator computes faster than by products with all of A. Only [`gather`](Self::gather) is required.
///
/// Blocks have contiguous columns. Each column of a result must be the same bit for bit whatever other columns are asked for.
///
/// # Errors
/// All methods: those of the products.
pub trait Columns<T: Scalar>: LinearMap<T> {
    /// `out` ← A_S, an m × |S| block.
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError>;

    /// ‖a_j‖ of every column. Default: computed from the n columns, one by one.
    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let (m, n) = self.shape();
        let mut column = vec![T::ZERO; m];
        let mut norm_of = |j| self.gather(&[j], single(&mut column)).map(|()| norm(&column));
        (0..n).map(&mut norm_of).collect()
    }

    /// `out` ← Aᴴ Y for several vectors y. Each result must be the same bit for bit as from [`apply_adjoint`](LinearMap::apply_adjoint).
    /// Default: one vector after the other.
    fn adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        ys.iter().zip(out.col_iter_mut()).try_for_each(|(y, out)| self.apply_adjoint(y, contiguous(out)))
    }

    /// `out` ← A_Rᴴ A_S for the columns R = `rows`, or for all n columns. Default: for each column of S, a product with Aᴴ or a
    /// [`correlate`](Self::correlate).
    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let mut column = vec![T::ZERO; self.shape().0];
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            self.gather(&[j], single(&mut column))?;
            match rows {
                None => self.apply_adjoint(&column, contiguous(out))?,
                Some(rows) => self.correlate(rows, &column, contiguous(out))?,
            }
        }
        Ok(())
    }

    /// y ← A_S v, where v = `values`. Default: A applied to the vector with these entries.
    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut x = vec![T::ZERO; self.shape().1];
        for (&j, &value) in support.iter().zip(values) {
            x[j] = value;
        }
        self.apply(&x, y)
    }

    /// `out` ← A_Sᴴ y. Default: the entries of Aᴴ y on the support.
    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        let mut x = vec![T::ZERO; self.shape().1];
        self.apply_adjoint(y, &mut x)?;
        for (&j, out) in support.iter().zip(out) {
            *out = x[j];
        }
        Ok(())
    }
}

/// One vector as a block.
pub(crate) fn single<T>(vector: &mut [T]) -> MatMut<'_, T> {
    let length = vector.len();
    MatMut::from_column_major_slice_mut(vector, length, 1)
}

/// Does `work` with the columns of a map: its own way, or by products.
pub(crate) fn with_columns<T: Scalar, R>(map: &dyn LinearMap<T>, work: impl FnOnce(&dyn Columns<T>) -> R) -> R {
    match map.columns() {
        Some(columns) => work(columns),
        None => work(&ByProducts(map)),
    }
}

/// Whether A holds all its m n numbers, so that a copy takes no more than it does.
pub(crate) fn is_dense<T: Scalar>(inner: &dyn LinearMap<T>) -> bool {
    let (m, n) = inner.shape();
    let cost = inner.profile().cost.unwrap_or(0);
    inner.columns().is_some() && matches!(inner.structure(), Structure::None) && cost >= m.saturating_mul(n) / 2
}

/// The columns of a map that has no way of its own: products with unit vectors.
pub(super) struct ByProducts<'m, T>(pub(super) &'m dyn LinearMap<T>);

impl<T: Scalar> LinearMap<T> for ByProducts<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply(x, y)
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.0.apply_adjoint(y, x)
    }
}

impl<T: Scalar> Columns<T> for ByProducts<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let mut unit = vec![T::ZERO; self.shape().1];
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            unit[j] = T::ONE;
            self.apply(&unit, contiguous(out))?;
            unit[j] = T::ZERO;
        }
        Ok(())
    }
}
