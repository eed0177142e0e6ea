//! Some columns of A, as a map.

use faer::MatMut;

use super::{Access, Columns, LinearMap, OperatorError, Profile, SparseColumns, Structure, contiguous};
use crate::scalar::Scalar;

/// A_W D_W for columns W, which need not be copied: products are those of A with vectors that are zero elsewhere.
#[derive(Debug)]
pub(crate) struct Selected<'o, 'a, T: Scalar> {
    all: &'o Access<'a, T>,
    /// W.
    columns: &'o [usize],
    norms: Vec<f64>,
}

impl<'o, 'a, T: Scalar> Selected<'o, 'a, T> {
    /// The columns W = `columns` of `all`, whose n columns have these `norms`.
    pub(crate) fn new(all: &'o Access<'a, T>, columns: &'o [usize], norms: &[f64]) -> Self {
        Self { all, columns, norms: columns.iter().map(|&j| norms[j]).collect() }
    }

    /// Their places among all columns.
    fn places(&self, support: &[usize]) -> Vec<usize> {
        support.iter().map(|&at| self.columns[at]).collect()
    }
}

impl<T: Scalar> LinearMap<T> for Selected<'_, '_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.all.nrows(), self.columns.len())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.all.apply_sparse(self.columns, x, y);
        self.all.outcome()
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.all.apply_adjoint_on(self.columns, y, x);
        self.all.outcome()
    }

    fn profile(&self) -> Profile {
        let agreement = self.all.agreement().cloned();
        Profile { agreement, ..Profile::default() }.with_column_norms(self.norms.clone())
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        if self.all.is_sparse() { Structure::Sparse(self) } else { Structure::None }
    }
}

impl<T: Scalar> SparseColumns<T> for Selected<'_, '_, T> {
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T)) {
        self.all.sparse_column(self.columns[j], visit);
    }
}

impl<T: Scalar> Columns<T> for Selected<'_, '_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.all.columns(&self.places(support), out);
        self.all.outcome()
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let chosen = rows.map(|rows| self.places(rows));
        let rows = chosen.as_deref().unwrap_or(self.columns);
        for (&at, out) in support.iter().zip(out.col_iter_mut()) {
            self.all.gram_entries(rows, self.columns[at], contiguous(out));
        }
        self.all.outcome()
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        self.all.apply_sparse(&self.places(support), values, y);
        self.all.outcome()
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        self.all.apply_adjoint_on(&self.places(support), y, out);
        self.all.outcome()
    }
}
