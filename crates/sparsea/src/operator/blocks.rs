//! What algorithms see of an operator whose atoms are groups of columns, or that several right-hand sides share.

use std::sync::Arc;

use faer::{Mat, MatMut};

use super::{Access, Columns, LinearMap, OperatorError, Profile, contiguous};
use crate::problem::{Grouping, Metric};
use crate::scalar::Scalar;

/// A R: the columns of A, by groups orthonormal or scaled.
#[derive(Debug)]
pub(crate) struct Grouped<'a, T: Scalar> {
    all: Access<'a, T>,
    grouping: Arc<Grouping<T>>,
    norms: Vec<f64>,
}

impl<'a, T: Scalar> Grouped<'a, T> {
    /// Of A, whose columns have these norms where they are kept as they are.
    pub(crate) fn new(all: Access<'a, T>, grouping: Arc<Grouping<T>>, norms: &[f64]) -> Self {
        let kept = grouping.metric() == Metric::Kept;
        let norm = |(j, &norm): (usize, &f64)| match grouping.independent().group_of(j) {
            None => 0.0,
            Some(_) if kept => norm,
            Some(_) => 1.0,
        };
        let norms = norms.iter().enumerate().map(norm).collect();
        Self { all, grouping, norms }
    }

    /// ‖a_j‖ of every column of A R.
    pub(crate) fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// R_S v by its columns of A, sorted, and the entries.
    fn spread(&self, support: &[usize], values: &[T]) -> (Vec<usize>, Vec<T>) {
        let columns = self.grouping.around(support);
        let mut entries = vec![T::ZERO; columns.len()];
        for (&j, &value) in support.iter().zip(values) {
            for (i, r) in self.grouping.column(j) {
                if let Ok(place) = columns.binary_search(&i) {
                    entries[place] += r * value;
                }
            }
        }
        (columns, entries)
    }

    /// R_Sᴴ v for a vector on the columns of the groups around S.
    fn gather_on(&self, support: &[usize], columns: &[usize], values: &[T], out: &mut [T]) {
        for (&j, out) in support.iter().zip(out) {
            let part = |(i, r)| columns.binary_search(&i).map_or(T::ZERO, |place| Scalar::conj(r) * values[place]);
            *out = self.grouping.column(j).map(part).sum();
        }
    }
}

impl<T: Scalar> LinearMap<T> for Grouped<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.all.nrows(), self.all.ncols())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut x = x.to_vec();
        self.grouping.spread(&mut x);
        self.all.apply(&x, y);
        self.all.outcome()
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.all.apply_adjoint(y, x);
        self.grouping.gather(x);
        self.all.outcome()
    }

    fn profile(&self) -> Profile {
        let profile = self.all.inherited().with_column_norms(self.norms.clone());
        profile.with_cost(self.all.adjoint_cost()).with_block(self.all.gram_block())
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        if self.all.is_by_products() { None } else { Some(self) }
    }
}

impl<T: Scalar> Columns<T> for Grouped<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            self.combine(&[j], &[T::ONE], contiguous(out))?;
        }
        self.all.outcome()
    }

    fn adjoint_block(&self, ys: &[&[T]], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.all.apply_adjoint_block(ys, out.as_mut());
        out.col_iter_mut().for_each(|column| self.grouping.gather(contiguous(column)));
        self.all.outcome()
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let Some(rows) = rows else {
            // Not Rᴴ (AᴴA) R, in which more digits cancel.
            let mut columns = Mat::zeros(self.all.nrows(), support.len());
            self.gather(support, columns.as_mut())?;
            let columns: Vec<&[T]> = (0..support.len()).map(|at| columns.col_as_slice(at)).collect();
            return self.adjoint_block(&columns, out);
        };
        let mut column = vec![T::ZERO; self.all.nrows()];
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            self.combine(&[j], &[T::ONE], &mut column)?;
            self.correlate(rows, &column, contiguous(out))?;
        }
        self.all.outcome()
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let (columns, entries) = self.spread(support, values);
        self.all.apply_sparse(&columns, &entries, y);
        self.all.outcome()
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        let columns = self.grouping.around(support);
        let mut values = vec![T::ZERO; columns.len()];
        self.all.apply_adjoint_on(&columns, y, &mut values);
        self.gather_on(support, &columns, &values, out);
        self.all.outcome()
    }
}

/// I ⊗ A: A for each of several right-hand sides, of which the problem is a single one. Column j for side b is column b n + j.
#[derive(Debug)]
pub(crate) struct Stacked<'a, T: Scalar> {
    base: Access<'a, T>,
    sides: usize,
    norms: Vec<f64>,
}

impl<'a, T: Scalar> Stacked<'a, T> {
    /// A, whose columns have these norms, for so many right-hand sides.
    pub(crate) fn new(base: Access<'a, T>, norms: &[f64], sides: usize) -> Self {
        Self { base, sides, norms: norms.repeat(sides) }
    }

    /// A.
    pub(crate) fn base(&self) -> &Access<'a, T> {
        &self.base
    }
}

impl<T: Scalar> LinearMap<T> for Stacked<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.sides * self.base.nrows(), self.sides * self.base.ncols())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let (m, n) = (self.base.nrows(), self.base.ncols());
        x.chunks(n).zip(y.chunks_mut(m)).for_each(|(x, y)| self.base.apply(x, y));
        self.base.outcome()
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let (m, n) = (self.base.nrows(), self.base.ncols());
        let ys: Vec<&[T]> = y.chunks(m).collect();
        self.base.apply_adjoint_block(&ys, MatMut::from_column_major_slice_mut(x, n, self.sides));
        self.base.outcome()
    }

    fn profile(&self) -> Profile {
        let profile = self.base.inherited().with_column_norms(self.norms.clone());
        profile.with_cost(self.base.adjoint_cost().saturating_mul(self.sides))
    }
}
