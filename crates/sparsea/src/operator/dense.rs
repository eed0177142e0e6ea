//! A dense matrix, column-major or row-major, borrowed from the caller.

use faer::linalg::matmul::matmul;
use faer::{Accum, ContiguousFwd, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::{Operator, contiguous};
use crate::error::Error;
use crate::kernels::{axpy, axpy_inline, dot, dot_inline, dot_plain_inline, norm, simd};
use crate::scalar::Scalar;

/// Entries of the output that one task computes when a product is shared among threads. Fixed, so that the order of
/// every sum is the same for any number of threads.
const BLOCK: usize = 512;
/// Multiply-adds below which sharing a product among threads costs more than it saves.
const PARALLEL_WORK: usize = 1 << 20;

/// A dense m × n matrix A as an operator, borrowed without copying when its rows or its columns are contiguous.
///
/// # Cost
/// `apply` and `apply_adjoint` take m n multiply-adds, shared among threads when large; a Gram column takes m n.
#[derive(Debug, Clone)]
pub struct DenseOperator<'a, T: Scalar> {
    storage: Storage<'a, T>,
    /// Whether the stored lines are rows of A; otherwise they are its columns.
    by_rows: bool,
}

/// A view whose columns (the lines of A) are contiguous.
type Lines<'a, T> = MatRef<'a, T, usize, usize, ContiguousFwd>;

#[derive(Debug, Clone)]
enum Storage<'a, T: Scalar> {
    Borrowed(Lines<'a, T>),
    Owned { data: Vec<T>, length: usize, count: usize },
}

impl<'a, T: Scalar> DenseOperator<'a, T> {
    /// Borrows `matrix`; only one in which neither rows nor columns are contiguous is copied.
    pub fn new(matrix: MatRef<'a, T>) -> Self {
        if let Some(lines) = matrix.try_as_col_major() {
            Self { storage: Storage::Borrowed(lines), by_rows: false }
        } else if let Some(lines) = matrix.transpose().try_as_col_major() {
            Self { storage: Storage::Borrowed(lines), by_rows: true }
        } else {
            let (length, count) = (matrix.nrows(), matrix.ncols());
            let data = (0..count).flat_map(|j| (0..length).map(move |i| matrix[(i, j)])).collect();
            Self { storage: Storage::Owned { data, length, count }, by_rows: false }
        }
    }

    /// Borrows m n numbers stored column by column.
    ///
    /// # Errors
    /// [`Error::Structure`] if `data` does not hold `nrows * ncols` numbers.
    pub fn from_column_major(data: &'a [T], nrows: usize, ncols: usize) -> Result<Self, Error> {
        check_size(data.len(), nrows, ncols)?;
        Ok(Self::new(MatRef::from_column_major_slice(data, nrows, ncols)))
    }

    /// Borrows m n numbers stored row by row.
    ///
    /// # Errors
    /// [`Error::Structure`] if `data` does not hold `nrows * ncols` numbers.
    pub fn from_row_major(data: &'a [T], nrows: usize, ncols: usize) -> Result<Self, Error> {
        check_size(data.len(), nrows, ncols)?;
        Ok(Self::new(MatRef::from_row_major_slice(data, nrows, ncols)))
    }

    /// Whether A is read where it lies, not from a copy.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.storage, Storage::Borrowed(_))
    }

    fn lines(&self) -> Lines<'_, T> {
        match &self.storage {
            Storage::Borrowed(lines) => *lines,
            Storage::Owned { data, length, count } => {
                match MatRef::from_column_major_slice(data, *length, *count).try_as_col_major() {
                    Some(lines) => lines,
                    None => unreachable!("made of columns"),
                }
            }
        }
    }

    /// `out[l]` ← line(l)ᴴ v, or line(l)ᵀ v without `conjugate`.
    fn dots(&self, v: &[T], conjugate: bool, out: &mut [T]) {
        let lines = self.lines();
        in_blocks(out, v.len(), |start, out| {
            simd(
                #[inline(always)]
                || {
                    for (l, out) in out.iter_mut().enumerate() {
                        let line = lines.col(start + l).as_slice();
                        *out = if conjugate { dot_inline(line, v) } else { dot_plain_inline(line, v) };
                    }
                },
            );
        });
    }

    /// `out` ← Σ_l v[l] line(l), the lines conjugated with `conjugate`.
    fn combine(&self, v: &[T], conjugate: bool, out: &mut [T]) {
        let lines = self.lines();
        in_blocks(out, v.len(), |start, out| {
            out.fill(T::ZERO);
            simd(
                #[inline(always)]
                || {
                    for (l, &value) in v.iter().enumerate() {
                        if value == T::ZERO {
                            continue;
                        }
                        let line = &lines.col(l).as_slice()[start..][..out.len()];
                        if conjugate && T::IS_COMPLEX {
                            for (out, x) in out.iter_mut().zip(line) {
                                *out += value * x.conj();
                            }
                        } else {
                            axpy_inline(value, line, out);
                        }
                    }
                },
            );
        });
    }
}

fn check_size(entries: usize, nrows: usize, ncols: usize) -> Result<(), Error> {
    if nrows.checked_mul(ncols) == Some(entries) {
        Ok(())
    } else {
        Err(Error::Structure(format!("a {nrows} × {ncols} matrix cannot be made of {entries} numbers")))
    }
}

/// Runs `task(start, block)` on the blocks of `out`, on all threads when the work (`depth` per entry) is large.
fn in_blocks<T: Scalar>(out: &mut [T], depth: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    if out.len().saturating_mul(depth) >= PARALLEL_WORK {
        out.par_chunks_mut(BLOCK).enumerate().for_each(|(b, out)| task(b * BLOCK, out));
    } else {
        out.chunks_mut(BLOCK).enumerate().for_each(|(b, out)| task(b * BLOCK, out));
    }
}

impl<T: Scalar> Operator<T> for DenseOperator<'_, T> {
    fn nrows(&self) -> usize {
        if self.by_rows { self.lines().ncols() } else { self.lines().nrows() }
    }

    fn ncols(&self) -> usize {
        if self.by_rows { self.lines().nrows() } else { self.lines().ncols() }
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        if self.by_rows { self.dots(x, false, y) } else { self.combine(x, false, y) }
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        if self.by_rows { self.combine(y, true, x) } else { self.dots(y, true, x) }
    }

    fn column(&self, j: usize, out: &mut [T]) {
        let lines = self.lines();
        if self.by_rows {
            for (i, out) in out.iter_mut().enumerate() {
                *out = lines[(j, i)];
            }
        } else {
            out.copy_from_slice(lines.col(j).as_slice());
        }
    }

    fn column_norms(&self) -> Vec<f64> {
        let lines = self.lines();
        if !self.by_rows {
            return (0..lines.ncols()).map(|j| norm(lines.col(j).as_slice())).collect();
        }
        let mut squares = vec![0.0; lines.nrows()];
        for row in lines.col_iter() {
            for (sum, v) in squares.iter_mut().zip(row.as_slice()) {
                *sum += v.abs2();
            }
        }
        let mut column = vec![T::ZERO; lines.ncols()];
        squares
            .iter()
            .enumerate()
            .map(|(j, &sum)| {
                // Where squares may have left the range of doubles, the column is measured with care.
                if sum > 1e-280 && sum < 1e300 {
                    return sum.sqrt();
                }
                self.column(j, &mut column);
                norm(&column)
            })
            .collect()
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        let lines = self.lines();
        if !self.by_rows {
            let square = |column: &[T]| column.iter().zip(weights).map(|(v, w)| w * v.abs2()).sum();
            return lines.col_iter().map(|column| square(column.as_slice())).collect();
        }
        let mut squares = vec![0.0; lines.nrows()];
        for (row, w) in lines.col_iter().zip(weights) {
            for (sum, v) in squares.iter_mut().zip(row.as_slice()) {
                *sum += w * v.abs2();
            }
        }
        squares
    }

    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        if let (true, &[j]) = (self.by_rows, support) {
            // One pass over the rows in their order, several times as fast as a product of matrices here.
            let mut column = vec![T::ZERO; self.nrows()];
            self.column(j, &mut column);
            for gram in out.col_iter_mut() {
                self.combine(&column, true, contiguous(gram));
            }
            return;
        }
        let mut chosen = Mat::zeros(self.nrows(), support.len());
        self.columns(support, chosen.as_mut());
        let lines = self.lines().as_dyn_stride();
        let a = if self.by_rows { lines.transpose() } else { lines };
        let (chosen, n) = (chosen.as_ref(), self.ncols());
        if n.saturating_mul(chosen.nrows()) < PARALLEL_WORK {
            matmul(out, Accum::Replace, a.adjoint(), chosen, T::ONE, Par::Seq);
            return;
        }
        // Blocks of fixed height: the same sums in the same order for any number of threads.
        out.par_row_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| {
            let rows = a.subcols(block * BLOCK, out.nrows());
            matmul(out, Accum::Replace, rows.adjoint(), chosen, T::ONE, Par::Seq);
        });
    }

    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        let mut column = vec![T::ZERO; self.nrows()];
        self.column(j, &mut column);
        self.apply_adjoint_on(rows, &column, out);
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        let lines = self.lines();
        y.fill(T::ZERO);
        if self.by_rows {
            for (y, row) in y.iter_mut().zip(lines.col_iter()) {
                let row = row.as_slice();
                *y = support.iter().zip(values).map(|(&j, &value)| row[j] * value).sum();
            }
        } else {
            for (&j, &value) in support.iter().zip(values) {
                axpy(value, lines.col(j).as_slice(), y);
            }
        }
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        let lines = self.lines();
        if self.by_rows {
            out.fill(T::ZERO);
            for (&y, row) in y.iter().zip(lines.col_iter()) {
                let row = row.as_slice();
                for (out, &j) in out.iter_mut().zip(support) {
                    *out += row[j].conj() * y;
                }
            }
        } else {
            for (out, &j) in out.iter_mut().zip(support) {
                *out = dot(lines.col(j).as_slice(), y);
            }
        }
    }
}
