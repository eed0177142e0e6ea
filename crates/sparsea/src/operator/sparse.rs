//! A sparse matrix in compressed columns.

use faer::sparse::{SparseColMat, SparseColMatRef, Triplet};

use super::Operator;
use crate::error::Error;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// A sparse m × n matrix A in compressed sparse column form, borrowed.
///
/// # Cost
/// Products take one multiply-add per stored entry; entries of a Gram column take those of the columns involved.
#[derive(Debug, Clone, Copy)]
pub struct SparseOperator<'a, T: Scalar> {
    matrix: SparseColMatRef<'a, usize, T>,
}

impl<'a, T: Scalar> SparseOperator<'a, T> {
    /// Borrows a compressed-column matrix.
    pub fn new(matrix: SparseColMatRef<'a, usize, T>) -> Self {
        Self { matrix }
    }

    fn entries(&self, j: usize) -> impl Iterator<Item = (usize, T)> + '_ {
        self.matrix.row_idx_of_col_raw(j).iter().copied().zip(self.matrix.val_of_col(j).iter().copied())
    }
}

/// Makes a compressed-column matrix from compressed rows: row i holds `values[row_starts[i]..row_starts[i + 1]]` in
/// the columns `column_indices[…]`. Repeated entries are added.
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

impl<T: Scalar> Operator<T> for SparseOperator<'_, T> {
    fn nrows(&self) -> usize {
        self.matrix.nrows()
    }

    fn ncols(&self) -> usize {
        self.matrix.ncols()
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        y.fill(T::ZERO);
        for (j, &value) in x.iter().enumerate() {
            if value != T::ZERO {
                for (i, a) in self.entries(j) {
                    y[i] += a * value;
                }
            }
        }
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        for (j, x) in x.iter_mut().enumerate() {
            *x = self.entries(j).map(|(i, a)| a.conj() * y[i]).sum();
        }
    }

    fn column(&self, j: usize, out: &mut [T]) {
        out.fill(T::ZERO);
        for (i, a) in self.entries(j) {
            out[i] += a;
        }
    }

    fn column_norms(&self) -> Vec<f64> {
        (0..self.ncols()).map(|j| norm(self.matrix.val_of_col(j))).collect()
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        (0..self.ncols()).map(|j| self.entries(j).map(|(i, a)| weights[i] * a.abs2()).sum()).collect()
    }

    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        // Both columns are sorted by row, so their common rows are found by merging.
        let (index_j, value_j) = (self.matrix.row_idx_of_col_raw(j), self.matrix.val_of_col(j));
        for (out, &i) in out.iter_mut().zip(rows) {
            let (index_i, value_i) = (self.matrix.row_idx_of_col_raw(i), self.matrix.val_of_col(i));
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
            *out = sum;
        }
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        y.fill(T::ZERO);
        for (&j, &value) in support.iter().zip(values) {
            for (i, a) in self.entries(j) {
                y[i] += a * value;
            }
        }
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        for (out, &j) in out.iter_mut().zip(support) {
            *out = self.entries(j).map(|(i, a)| a.conj() * y[i]).sum();
        }
    }

    fn sparse_column(&self, j: usize, visit: &mut dyn FnMut(usize, T)) -> bool {
        self.entries(j).for_each(|(i, a)| visit(i, a));
        true
    }

    fn adjoint_cost(&self) -> usize {
        // Gathering from y costs about as much as two entries read in order.
        self.matrix.val().len() * 2 + self.ncols()
    }
}
