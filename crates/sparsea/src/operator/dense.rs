//! A dense matrix, column-major or row-major, borrowed from the caller.

use std::sync::OnceLock;

use faer::{ContiguousFwd, Mat, MatMut, MatRef};

use super::banded;
use super::columns::single;
use super::{Columns, LinearMap, Local, OperatorError, Profile, SHARED_FROM, Structure, TOGETHER, contiguous};
use crate::error::Error;
use crate::kernels::{add_combination, axpy, block_dots, common, dots, norm};
use crate::parallel::*;
use crate::scalar::Scalar;

/// Entries of the output that one task computes when a product is shared among threads. Fixed, so that the order of
/// every sum is the same for any number of threads.
const BLOCK: usize = 512;
/// Rows of a row-major A that are read before the next of those columns has its turn; a multiple of four.
const ROWS_AT_ONCE: usize = 64;
/// Vectors that are multiplied with lines once these are in the nearest cache.
pub(super) const MULTIPLIED: usize = 4 * TOGETHER;
/// Numbers of A that are read from the nearest caches as fast as they are multiplied.
pub(super) const NEAR: usize = 1 << 15;
/// Zeros at the ends of the lines are skipped where they are at least one in so many numbers of A.
pub(super) const WORTH_SKIPPING: usize = 8;

/// A dense m × n matrix A as an operator. It is borrowed without copying if its rows or its columns are contiguous.
///
/// # Cost
/// `apply` and `apply_adjoint` take m n multiply-adds, shared among threads if large. A Gram column takes m n; one pass over A computes up
/// to eight of them. Zeros at either end of the stored lines (columns, or rows of a row-major A) are skipped, so a banded or triangular
/// matrix costs no more than its other entries. A matrix with a narrow band, in which the first and last rows of columns do not decrease
/// from column to column, is [local](Structure::Local), like a [`Convolution`](super::Convolution).
#[derive(Debug, Clone)]
pub struct DenseOperator<'a, T: Scalar> {
    storage: Storage<'a, T>,
    /// Whether the stored lines are rows of A; otherwise they are its columns.
    by_rows: bool,
    /// From where to where each line may be other than zero, where that is worth knowing.
    ranges: Option<Box<[Range]>>,
    /// Numbers of A that products read.
    held: usize,
    /// The band that columns lie in, and which are shifted copies, once these were looked for.
    band: OnceLock<Option<Band>>,
    alike: OnceLock<Range>,
}

/// A band that columns lie in.
#[derive(Debug, Clone)]
pub(super) struct Band {
    pub(super) reach: usize,
    /// The rows of each column, of an A by rows; by columns they are the ranges of the lines.
    pub(super) rows: Option<Box<[Range]>>,
}

/// Places along a line.
pub(super) type Range = std::ops::Range<usize>;

/// A view whose columns (the lines of A) are contiguous.
type Lines<'a, T> = MatRef<'a, T, usize, usize, ContiguousFwd>;

#[derive(Debug, Clone)]
enum Storage<'a, T: Scalar> {
    Borrowed(Lines<'a, T>),
    Owned { data: Vec<T>, length: usize, count: usize },
}

impl<'a, T: Scalar> DenseOperator<'a, T> {
    /// Borrows `matrix`. It is copied only if neither its rows nor its columns are contiguous.
    pub fn new(matrix: MatRef<'a, T>) -> Self {
        let (nrows, ncols) = (matrix.nrows(), matrix.ncols());
        let single = match (nrows, ncols) {
            (1, _) => matrix.row(0).try_as_row_major().map(|row| row.as_slice()),
            (_, 1) => matrix.col(0).try_as_col_major().map(|column| column.as_slice()),
            _ => None,
        };
        // A single line lies by rows and by columns, with any stride between the lines: without a rule, bits would depend
        // on what the caller calls it.
        let matrix = single.map_or(matrix, |numbers| MatRef::from_column_major_slice(numbers, nrows, ncols));
        let (storage, by_rows) = if let Some(lines) = matrix.try_as_col_major() {
            (Storage::Borrowed(lines), false)
        } else if let Some(lines) = matrix.transpose().try_as_col_major() {
            (Storage::Borrowed(lines), true)
        } else {
            let (length, count) = (matrix.nrows(), matrix.ncols());
            let data = (0..count).flat_map(|j| (0..length).map(move |i| matrix[(i, j)])).collect();
            (Storage::Owned { data, length, count }, false)
        };
        Self::of(storage, by_rows)
    }

    /// Owns m n numbers stored column by column.
    ///
    /// # Errors
    /// [`Error::Structure`] if `data` does not hold `nrows * ncols` numbers.
    pub(crate) fn owned(data: Vec<T>, nrows: usize, ncols: usize) -> Result<Self, Error> {
        check_size(data.len(), nrows, ncols)?;
        Ok(Self::of(Storage::Owned { data, length: nrows, count: ncols }, false))
    }

    fn of(storage: Storage<'a, T>, by_rows: bool) -> Self {
        let operator = Self { storage, by_rows, ranges: None, held: 0, band: OnceLock::new(), alike: OnceLock::new() };
        let lines = operator.lines();
        let ranges: Box<[Range]> = lines.col_iter().map(|line| occupied(line.as_slice())).collect();
        let held: usize = ranges.iter().map(Range::len).sum();
        let all = lines.nrows() * lines.ncols();
        let worth = (all - held) * WORTH_SKIPPING >= all;
        Self { ranges: worth.then_some(ranges), held: if worth { held } else { all }, ..operator }
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
    /// Line l: column l of an A that is stored by columns.
    pub(super) fn line(&self, l: usize) -> &[T] {
        self.lines().col(l).as_slice()
    }

    /// Whether A is borrowed rather than copied.
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

    /// The band that columns lie in.
    fn band(&self) -> Option<&Band> {
        let look = || {
            let ranges = self.ranges.as_ref()?;
            let rows = if self.by_rows { Some(rows_of_columns(ranges, self.lines().nrows())?) } else { None };
            let of = rows.as_ref().unwrap_or(ranges);
            let ends = |j: usize| of[j].len().checked_sub(1).map(|length| (of[j].start, of[j].start + length));
            banded::reach(of.len(), self.held, ends).map(|reach| Band { reach, rows })
        };
        self.band.get_or_init(look).as_ref()
    }

    /// The rows outside which column j is zero.
    fn rows_of(&self, j: usize) -> Range {
        match self.band() {
            Some(Band { rows: Some(rows), .. }) => rows[j].clone(),
            _ if self.by_rows => 0..self.lines().ncols(),
            _ => self.range(j),
        }
    }

    /// From where to where line l may be other than zero.
    fn range(&self, l: usize) -> Range {
        self.ranges.as_ref().map_or_else(|| 0..self.lines().nrows(), |ranges| ranges[l].clone())
    }

    /// `out[l]` ← line(l)ᴴ v, or line(l)ᵀ v without `conjugate`.
    fn dots(&self, v: &[T], conjugate: bool, out: &mut [T]) {
        let lines = self.lines();
        // As in a block of products: where a sum begins decides how it is rounded.
        let used = if conjugate { occupied(v) } else { 0..v.len() };
        in_blocks(out, self.held.div_ceil(out.len().max(1)), |start, out| {
            let part = |l: usize| {
                let range = common(&self.range(start + l), &used);
                (range.start, &lines.col(start + l).as_slice()[range])
            };
            dots(part, v, conjugate, out);
        });
    }

    /// `out` ← Σ_l v[l] line(l), the lines conjugated with `conjugate`.
    fn combine_lines(&self, v: &[T], conjugate: bool, out: &mut [T]) {
        in_blocks(out, self.held.div_ceil(out.len().max(1)), |start, out| {
            out.fill(T::ZERO);
            self.add_lines(0..v.len(), v, start, conjugate, out);
        });
    }

    /// `out` ← `out` + Σ_l v[l] line(l) over `which` lines, for the entries of the sum from `start` on; `v` begins with that
    /// of the first of these lines.
    fn add_lines(&self, which: Range, v: &[T], start: usize, conjugate: bool, out: &mut [T]) {
        let lines = self.lines();
        let Some(ranges) = &self.ranges else {
            let segment = |l: usize| &lines.col(which.start + l).as_slice()[start..];
            return add_combination(v, segment, conjugate, out);
        };
        for (l, value) in which.zip(v) {
            let (from, to) = (ranges[l].start.max(start), ranges[l].end.min(start + out.len()));
            if from < to {
                let line = &lines.col(l).as_slice()[from..to];
                add_combination(&[*value], |_| line, conjugate, &mut out[from - start..to - start]);
            }
        }
    }

    /// `out` ← Aᴴ Y in one pass over A for up to 32 vectors (of a row-major A, eight). Each entry is the same sum whatever the block, the other vectors
    /// and the number of threads.
    fn adjoint_of(&self, ys: &[&[T]], out: MatMut<'_, T>) {
        let part = |block: usize, out: MatMut<'_, T>| {
            let start = block * BLOCK;
            if self.by_rows { self.adjoint_of_rows(ys, start, out) } else { self.adjoint_of_columns(ys, start, out) }
        };
        if self.held.saturating_mul(ys.len()) < SHARED_FROM {
            if self.by_rows && self.ranges.is_some() {
                // Where a line is cut decides how its entries are rounded.
                let (mut block, mut rest) = (0, out);
                while rest.nrows() > BLOCK {
                    let (first, others) = rest.split_at_row_mut(BLOCK);
                    part(block, first);
                    (block, rest) = (block + 1, others);
                }
                part(block, rest);
            } else {
                part(0, out);
            }
        } else {
            out.par_row_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| part(block, out));
        }
    }

    /// Entries from `start` on of Aᴴ Y for a column-major A.
    fn adjoint_of_columns(&self, ys: &[&[T]], start: usize, mut out: MatMut<'_, T>) {
        let lines = self.lines();
        let ys: Vec<(Range, &[T])> = ys.iter().map(|&y| (occupied(y), y)).collect();
        let mut outs: Vec<&mut [T]> = out.as_mut().col_iter_mut().map(contiguous).collect();
        let count = outs.first().map_or(0, |out| out.len());
        let of = |l: usize| (self.range(l), lines.col(l).as_slice());
        let lines: Vec<_> = (start..start + count).map(of).collect();
        for (ys, outs) in ys.chunks(MULTIPLIED).zip(outs.chunks_mut(MULTIPLIED)) {
            block_dots(&lines, ys, outs);
        }
    }

    /// Entries from `start` on of Aᴴ Y for a row-major A.
    fn adjoint_of_rows(&self, ys: &[&[T]], start: usize, mut out: MatMut<'_, T>) {
        let mut outs: Vec<&mut [T]> = out.as_mut().col_iter_mut().map(contiguous).collect();
        outs.iter_mut().for_each(|out| out.fill(T::ZERO));
        for (ys, outs) in ys.chunks(TOGETHER).zip(outs.chunks_mut(TOGETHER)) {
            let m = ys[0].len();
            for from in (0..m).step_by(ROWS_AT_ONCE) {
                let which = from..(from + ROWS_AT_ONCE).min(m);
                for (y, out) in ys.iter().zip(outs.iter_mut()) {
                    self.add_lines(which.clone(), &y[which.clone()], start, true, out);
                }
            }
        }
    }
}

/// The rows between which each of n columns may be other than zero, from those columns for each row; `None` unless their ends do not
/// fall from row to row.
pub(super) fn rows_of_columns(ranges: &[Range], n: usize) -> Option<Box<[Range]>> {
    if !ranges.is_sorted_by(|one, other| one.start <= other.start && one.end <= other.end) {
        return None;
    }
    // Row i meets column j from the first row that ends beyond j to the last that begins at j or before.
    let (mut first, mut end) = (0, 0);
    let of = |j: usize| {
        while first < ranges.len() && ranges[first].end <= j {
            first += 1;
        }
        while end < ranges.len() && ranges[end].start <= j {
            end += 1;
        }
        first..end.max(first)
    };
    Some((0..n).map(of).collect())
}

/// The range of a line outside which it is zero.
pub(super) fn occupied<T: Scalar>(line: &[T]) -> Range {
    // Zeros are passed by the block: banded matrices hold little else.
    const BLOCK: usize = 16;
    let zeros = |block: &[T]| block.iter().fold(true, |zeros, &v| zeros & (v == T::ZERO));
    let before = BLOCK * line.chunks_exact(BLOCK).take_while(|block| zeros(block)).count();
    let Some(first) = line[before..].iter().position(|&v| v != T::ZERO) else { return 0..0 };
    let first = before + first;
    let after = BLOCK * line[first..].rchunks_exact(BLOCK).take_while(|block| zeros(block)).count();
    let rest = &line[first..line.len() - after];
    first..first + rest.iter().rposition(|&v| v != T::ZERO).unwrap_or(0) + 1
}

fn check_size(entries: usize, nrows: usize, ncols: usize) -> Result<(), Error> {
    if nrows.checked_mul(ncols) == Some(entries) {
        Ok(())
    } else {
        Err(Error::Structure(format!("a {nrows} × {ncols} matrix cannot be made of {entries} numbers")))
    }
}

/// Runs `task(start, block)` on the blocks of `out`, on all threads when the work (`depth` per entry) is large.
pub(super) fn in_blocks<T: Scalar>(out: &mut [T], depth: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    if out.len().saturating_mul(depth) >= SHARED_FROM {
        out.par_chunks_mut(BLOCK).enumerate().for_each(|(b, out)| task(b * BLOCK, out));
    } else {
        out.chunks_mut(BLOCK).enumerate().for_each(|(b, out)| task(b * BLOCK, out));
    }
}

impl<T: Scalar> Local<T> for DenseOperator<'_, T> {
    fn reach(&self) -> usize {
        self.band().map_or(self.shape().1, |band| band.reach)
    }

    fn alike(&self) -> Range {
        if self.band().is_none() {
            return 0..0;
        }
        let lines = self.lines();
        let entry = |i: usize, j: usize| lines[if self.by_rows { (j, i) } else { (i, j) }];
        let is_shifted = |j: usize| {
            let (mut one, other) = (self.rows_of(j - 1), self.rows_of(j));
            one.len() == other.len() && one.start + 1 == other.start && one.all(|i| entry(i, j - 1) == entry(i + 1, j))
        };
        self.alike.get_or_init(|| banded::alike(self.shape().1, is_shifted)).clone()
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let rows = self.rows_of(j);
        let lines = self.lines();
        if self.by_rows {
            out.extend(rows.clone().map(|i| lines[(j, i)]));
        } else {
            out.extend_from_slice(&lines.col(j).as_slice()[rows.clone()]);
        }
        rows.start
    }
}

impl<T: Scalar> LinearMap<T> for DenseOperator<'_, T> {
    fn shape(&self) -> (usize, usize) {
        let lines = self.lines();
        if self.by_rows { (lines.ncols(), lines.nrows()) } else { (lines.nrows(), lines.ncols()) }
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        if self.by_rows {
            self.dots(x, false, y)
        } else {
            self.combine_lines(x, false, y)
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        if self.by_rows {
            self.combine_lines(y, true, x)
        } else {
            self.dots(y, true, x)
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.held).with_block(if self.held > NEAR { TOGETHER } else { 1 })
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        if self.band().is_some() { Structure::Local(self) } else { Structure::None }
    }
}

impl<T: Scalar> Columns<T> for DenseOperator<'_, T> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let lines = self.lines();
        if self.by_rows {
            for (i, row) in lines.col_iter().enumerate() {
                let row = row.as_slice();
                for (c, &j) in support.iter().enumerate() {
                    out[(i, c)] = row[j];
                }
            }
        } else {
            for (&j, out) in support.iter().zip(out.col_iter_mut()) {
                contiguous(out).copy_from_slice(lines.col(j).as_slice());
            }
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let lines = self.lines();
        if !self.by_rows {
            return Ok((0..lines.ncols()).map(|j| norm(&lines.col(j).as_slice()[self.range(j)])).collect());
        }
        let mut squares = vec![0.0; lines.nrows()];
        for row in lines.col_iter() {
            for (sum, v) in squares.iter_mut().zip(row.as_slice()) {
                *sum += v.abs2();
            }
        }
        let mut column = vec![T::ZERO; lines.ncols()];
        let norm_of = |(j, &sum): (usize, &f64)| {
            // Where squares may have left the range of doubles, the column is measured with care.
            if sum > 1e-280 && sum < 1e300 {
                return Ok(sum.sqrt());
            }
            self.gather(&[j], single(&mut column)).map(|()| norm(&column))
        };
        squares.iter().enumerate().map(norm_of).collect()
    }

    fn adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.adjoint_of(ys, out);
        Ok(())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let lines = self.lines();
        let gathered;
        let chosen: Vec<&[T]> = if self.by_rows {
            let mut columns = Mat::zeros(lines.ncols(), support.len());
            self.gather(support, columns.as_mut())?;
            gathered = columns;
            (0..support.len()).map(|at| gathered.col_as_slice(at)).collect()
        } else {
            support.iter().map(|&j| lines.col(j).as_slice()).collect()
        };
        match rows {
            None => self.adjoint_of(&chosen, out),
            Some(rows) => {
                for (column, out) in chosen.iter().zip(out.col_iter_mut()) {
                    self.correlate(rows, column, contiguous(out))?;
                }
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let lines = self.lines();
        y.fill(T::ZERO);
        if self.by_rows {
            for (y, row) in y.iter_mut().zip(lines.col_iter()) {
                let row = row.as_slice();
                *y = support.iter().zip(values).map(|(&j, &value)| row[j] * value).sum();
            }
        } else {
            for (&j, &value) in support.iter().zip(values) {
                let range = self.range(j);
                axpy(value, &lines.col(j).as_slice()[range.clone()], &mut y[range]);
            }
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
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
            let used = occupied(y);
            let part = |at: usize| {
                let range = common(&self.range(support[at]), &used);
                (range.start, &lines.col(support[at]).as_slice()[range])
            };
            dots(part, y, true, out);
        }
        Ok(())
    }
}
