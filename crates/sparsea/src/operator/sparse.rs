//! A sparse matrix in compressed-column form.

use std::ops::Range;
use std::sync::OnceLock;

use faer::MatMut;
use faer::sparse::{SparseColMat, SparseColMatRef, Triplet};

use super::banded;
use super::columns::single;
use super::{Columns, LinearMap, Local, OperatorError, Profile, SparseColumns, Structure, contiguous};
use crate::error::Error;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// A sparse m × n matrix A in compressed sparse column form, borrowed or owned.
///
/// # Cost
/// Products take one multiply-add per stored entry. Entries of a Gram column take one per stored entry of the columns involved.
///
/// A matrix with a narrow band, in which the first and last rows of columns do not decrease from column to column, is
/// [local](Structure::Local), like a [`Convolution`](super::Convolution).
#[derive(Debug, Clone)]
pub struct SparseOperator<'a, T: Scalar> {
    storage: Storage<'a, T>,
    /// How far columns reach, if they lie in a band, and which are shifted copies, once these were looked for.
    reach: OnceLock<Option<usize>>,
    alike: OnceLock<Range<usize>>,
}

#[derive(Debug, Clone)]
enum Storage<'a, T: Scalar> {
    Borrowed(Matrix<'a, T>),
    Owned(SparseColMat<usize, T>),
}

impl<'a, T: Scalar> SparseOperator<'a, T> {
    /// Borrows a compressed-column matrix.
    pub fn new(matrix: SparseColMatRef<'a, usize, T>) -> Self {
        Self { storage: Storage::Borrowed(matrix), reach: OnceLock::new(), alike: OnceLock::new() }
    }

    /// Owns a compressed-column matrix.
    pub fn owned(matrix: SparseColMat<usize, T>) -> Self {
        Self { storage: Storage::Owned(matrix), reach: OnceLock::new(), alike: OnceLock::new() }
    }

    fn band(&self) -> Option<usize> {
        let matrix = self.matrix();
        let rows = |j: usize| matrix.row_idx_of_col_raw(j);
        let ends = |j: usize| Some((*rows(j).first()?, *rows(j).last()?));
        *self.reach.get_or_init(|| banded::reach(matrix.ncols(), matrix.val().len(), ends))
    }

    fn matrix(&self) -> Matrix<'_, T> {
        match &self.storage {
            Storage::Borrowed(matrix) => *matrix,
            Storage::Owned(matrix) => matrix.as_ref(),
        }
    }
}

/// Converts compressed rows to a compressed-column matrix: row i holds `values[row_starts[i]..row_starts[i + 1]]` in the columns
/// `column_indices[…]`. Repeated entries are added.
///
/// # Errors
/// [`Error::Structure`] if the arrays do not describe an `nrows` × `ncols` matrix, [`Error::TooLarge`] if a vector of
/// `ncols` numbers does not fit into memory.
pub fn from_compressed_rows<T: Scalar>(
    nrows: usize,
    ncols: usize,
    row_starts: &[usize],
    column_indices: &[usize],
    values: &[T],
) -> Result<SparseColMat<usize, T>, Error> {
    let wrong = |what: String| Err(Error::Structure(what));
    crate::check::check_size(nrows, ncols)?;
    if row_starts.len() != nrows.saturating_add(1) || row_starts[0] != 0 || row_starts[nrows] != values.len() {
        return wrong(format!(
            "compressed rows of {nrows} rows need {} row starts from 0 to {}",
            nrows.saturating_add(1),
            values.len()
        ));
    }
    if column_indices.len() != values.len() || row_starts.windows(2).any(|pair| pair[0] > pair[1]) {
        return wrong("compressed rows need rising row starts and one column index for each value".into());
    }
    let mut triplets = Vec::with_capacity(values.len());
    for i in 0..nrows {
        for at in row_starts[i]..row_starts[i + 1] {
            if column_indices[at] >= ncols {
                return wrong(format!("column index {} in a matrix of {ncols} columns", column_indices[at]));
            }
            triplets.push(Triplet::new(i, column_indices[at], values[at]));
        }
    }
    SparseColMat::try_new_from_triplets(nrows, ncols, &triplets)
        .map_err(|problem| Error::Structure(format!("compressed rows: {problem:?}")))
}

impl<T: Scalar> LinearMap<T> for SparseOperator<'_, T> {
    fn shape(&self) -> (usize, usize) {
        (self.matrix().nrows(), self.matrix().ncols())
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        y.fill(T::ZERO);
        for (j, &value) in x.iter().enumerate() {
            if value != T::ZERO {
                for (i, a) in entries(matrix, j) {
                    y[i] += a * value;
                }
            }
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        for (j, x) in x.iter_mut().enumerate() {
            *x = entries(matrix, j).map(|(i, a)| a.conj() * y[i]).sum();
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        // Gathering from y costs about as much as two entries read in order.
        Profile::default().with_cost(self.matrix().val().len() * 2 + self.matrix().ncols())
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        if self.band().is_some() { Structure::Local(self) } else { Structure::Sparse(self) }
    }
}

impl<T: Scalar> SparseColumns<T> for SparseOperator<'_, T> {
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T)) {
        entries(self.matrix(), j).for_each(|(i, a)| visit(i, a));
    }
}

impl<T: Scalar> Local<T> for SparseOperator<'_, T> {
    fn reach(&self) -> usize {
        self.band().unwrap_or(self.matrix().ncols())
    }

    fn alike(&self) -> Range<usize> {
        let matrix = self.matrix();
        let rows = |j: usize| matrix.row_idx_of_col_raw(j);
        let is_shifted = |j: usize| {
            let shifted =
                rows(j - 1).len() == rows(j).len() && rows(j - 1).iter().zip(rows(j)).all(|(a, b)| a + 1 == *b);
            shifted && matrix.val_of_col(j - 1) == matrix.val_of_col(j)
        };
        self.alike.get_or_init(|| banded::alike(matrix.ncols(), is_shifted)).clone()
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let (rows, at) = (self.matrix().row_idx_of_col_raw(j), out.len());
        let first = rows.first().copied().unwrap_or(0);
        out.resize(at + rows.last().map_or(0, |last| last - first + 1), T::ZERO);
        entries(self.matrix(), j).for_each(|(i, a)| out[at + i - first] += a);
        first
    }
}

impl<T: Scalar> Columns<T> for SparseOperator<'_, T> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        out.fill(T::ZERO);
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            for (i, a) in entries(matrix, j) {
                out[i] += a;
            }
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let matrix = self.matrix();
        Ok((0..matrix.ncols()).map(|j| norm(matrix.val_of_col(j))).collect())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        let mut column = vec![T::ZERO; if rows.is_none() && self.band().is_none() { matrix.nrows() } else { 0 }];
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            match (rows, self.band()) {
                (None, Some(reach)) => {
                    out.fill(T::ZERO);
                    for i in j.saturating_sub(reach)..matrix.ncols().min(j + reach + 1) {
                        out[i] = product_of_columns(matrix, i, j);
                    }
                }
                (None, None) => {
                    self.gather(&[j], single(&mut column))?;
                    self.apply_adjoint(&column, out)?;
                }
                (Some(rows), _) => {
                    rows.iter().zip(out).for_each(|(&i, out)| *out = product_of_columns(matrix, i, j));
                }
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        y.fill(T::ZERO);
        for (&j, &value) in support.iter().zip(values) {
            for (i, a) in entries(matrix, j) {
                y[i] += a * value;
            }
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        let matrix = self.matrix();
        for (out, &j) in out.iter_mut().zip(support) {
            *out = entries(matrix, j).map(|(i, a)| a.conj() * y[i]).sum();
        }
        Ok(())
    }
}

type Matrix<'a, T> = SparseColMatRef<'a, usize, T>;

/// The entries of column j.
fn entries<'a, T: Scalar>(matrix: Matrix<'a, T>, j: usize) -> impl Iterator<Item = (usize, T)> + 'a {
    matrix.row_idx_of_col_raw(j).iter().copied().zip(matrix.val_of_col(j).iter().copied())
}

/// a_iᴴ a_j. Both columns are sorted by row, so their common rows are found by merging.
fn product_of_columns<T: Scalar>(matrix: Matrix<'_, T>, i: usize, j: usize) -> T {
    let (index_i, value_i) = (matrix.row_idx_of_col_raw(i), matrix.val_of_col(i));
    let (index_j, value_j) = (matrix.row_idx_of_col_raw(j), matrix.val_of_col(j));
    let (mut a, mut b) = (0, 0);
    let mut sum = T::ZERO;
    while a < index_i.len() && b < index_j.len() {
        match index_i[a].cmp(&index_j[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => {
                sum += value_i[a].conj() * value_j[b];
                (a, b) = (a + 1, b + 1);
            }
        }
    }
    sum
}
