//! A dense matrix stored in narrower numbers than it is computed with, and read in place, one block at a time.

use std::sync::OnceLock;

use faer::{ContiguousFwd, MatMut, MatRef};

use super::dense::{Band, MULTIPLIED, NEAR, Range, WORTH_SKIPPING, in_blocks, occupied, rows_of_columns};
use super::storage::{Storage, Stored, widen};
use super::{Columns, LinearMap, Local, OperatorError, Profile, SHARED_FROM, Structure, TOGETHER, banded, contiguous};
use crate::kernels::{TILE, add_combination, axpy, block_dots, common, dot, dots, norm};
use crate::parallel::*;
use crate::scalar::Scalar;

/// Entries of the output that one task computes, as of [`DenseOperator`](super::DenseOperator).
const BLOCK: usize = 512;
/// Numbers that are widened at a time for products with columns, in whole tiles of them: they stay in a near cache.
const PANEL: usize = 1 << 14;
/// The longest line (column, or row of a row-major matrix) of a [`NarrowOperator`] that is summed as a whole.
pub const WHOLE_LINE: usize = 1 << 15;
/// The longest part of a line that is widened at once.
const SEGMENT: usize = WHOLE_LINE;
/// Lines that are widened together where they are summed.
const LINES: usize = 4;

/// A dense m × n matrix stored as S, such as `f32` or `i8`, and computed with in double precision. A few thousand numbers at a time are
/// widened into a buffer that stays in the cache.
///
/// Results equal those of a [`DenseOperator`](super::DenseOperator) of the same numbers bit for bit, unless lines have more than 32 768
/// entries: longer lines are summed in parts.
///
/// # Cost
/// That of [`DenseOperator`](super::DenseOperator). Besides A, it needs 256 KiB per thread, or 512 KiB for complex problems.
///
/// ```
/// use faer::mat;
/// use sparsea::operator::NarrowOperator;
/// use sparsea::{Omp, Problem, solve};
///
/// # fn main() -> Result<(), sparsea::Error> {
/// let a = mat![[1i8, 0, 1], [1, 1, 0], [0, 1, 1]];
/// let operator = NarrowOperator::new(a.as_ref());
/// let solution = solve(&Problem::new(&operator, &[2.0, 0.5, 2.5], 2)?, Omp::default())?;
/// assert_eq!(solution.support, [1, 2]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct NarrowOperator<'a, S: Storage> {
    lines: Lines<'a, S>,
    /// Whether the stored lines are rows of A; otherwise they are its columns.
    by_rows: bool,
    /// From where to where each line may be other than zero, where that is worth knowing.
    ranges: Option<Box<[Range]>>,
    /// Numbers of A that products read.
    held: usize,
    band: OnceLock<Option<Band>>,
    alike: OnceLock<Range>,
}

#[derive(Debug, Clone)]
enum Lines<'a, S> {
    Borrowed(MatRef<'a, S, usize, usize, ContiguousFwd>),
    Owned { data: Vec<S>, length: usize },
}

impl<S: Storage> Lines<'_, S> {
    fn count(&self) -> usize {
        match self {
            Self::Borrowed(lines) => lines.ncols(),
            Self::Owned { data, length } => data.len() / (*length).max(1),
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::Borrowed(lines) => lines.nrows(),
            Self::Owned { length, .. } => *length,
        }
    }

    fn line(&self, l: usize) -> &[S] {
        match self {
            Self::Borrowed(lines) => lines.col(l).as_slice(),
            Self::Owned { data, length } => &data[l * length..][..*length],
        }
    }
}

impl<'a, S: Storage> NarrowOperator<'a, S> {
    /// Borrows `matrix`. It is copied only if neither its rows nor its columns are contiguous.
    pub fn new(matrix: MatRef<'a, S>) -> Self {
        let (nrows, ncols) = (matrix.nrows(), matrix.ncols());
        let single = match (nrows, ncols) {
            (1, _) => matrix.row(0).try_as_row_major().map(|row| row.as_slice()),
            (_, 1) => matrix.col(0).try_as_col_major().map(|column| column.as_slice()),
            _ => None,
        };
        // As in `DenseOperator`: bits do not depend on the stride of a single line.
        let matrix = single.map_or(matrix, |numbers| MatRef::from_column_major_slice(numbers, nrows, ncols));
        let (lines, by_rows) = if let Some(lines) = matrix.try_as_col_major() {
            (Lines::Borrowed(lines), false)
        } else if let Some(lines) = matrix.transpose().try_as_col_major() {
            (Lines::Borrowed(lines), true)
        } else {
            let data = (0..ncols).flat_map(|j| (0..nrows).map(move |i| matrix[(i, j)])).collect();
            (Lines::Owned { data, length: nrows }, false)
        };
        let ranges: Box<[Range]> = (0..lines.count()).map(|l| stored_range(lines.line(l))).collect();
        let held: usize = ranges.iter().map(Range::len).sum();
        let all = lines.count() * lines.length();
        let worth = (all - held) * WORTH_SKIPPING >= all;
        let (ranges, held) = (worth.then_some(ranges), if worth { held } else { all });
        Self { lines, by_rows, ranges, held, band: OnceLock::new(), alike: OnceLock::new() }
    }

    /// Whether A is borrowed rather than copied.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.lines, Lines::Borrowed(_))
    }

    fn size(&self) -> (usize, usize) {
        let (length, count) = (self.lines.length(), self.lines.count());
        if self.by_rows { (count, length) } else { (length, count) }
    }

    /// The band that columns lie in.
    fn band(&self) -> Option<&Band> {
        let look = || {
            let ranges = self.ranges.as_ref()?;
            let rows = if self.by_rows { Some(rows_of_columns(ranges, self.lines.length())?) } else { None };
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
            _ if self.by_rows => 0..self.lines.count(),
            _ => self.range(j),
        }
    }

    /// From where to where line l may be other than zero.
    fn range(&self, l: usize) -> Range {
        self.ranges.as_ref().map_or_else(|| 0..self.lines.length(), |ranges| ranges[l].clone())
    }

    /// The stored number a_ij.
    fn entry(&self, i: usize, j: usize) -> S {
        if self.by_rows { self.lines.line(i)[j] } else { self.lines.line(j)[i] }
    }

    /// `outs[c][l]` ← line(start + l)ᴴ v_c, or line(start + l)ᵀ v_c without `conjugate`; every product has the bits that it has alone.
    fn dots<T: Scalar>(&self, vs: &[&[T]], conjugate: bool, start: usize, outs: &mut [&mut [T]])
    where
        S: Stored<T>,
    {
        let (length, count) = (self.lines.length(), outs.first().map_or(0, |out| out.len()));
        let used: Vec<Range> = vs.iter().map(|v| if conjugate { occupied(v) } else { 0..v.len() }).collect();
        let part = length.min(SEGMENT);
        let width = (PANEL / part.max(1)).clamp(1, count.max(1)).next_multiple_of(TILE.0);
        let mut panel = vec![T::ZERO; part * width];
        let mut sums = vec![T::ZERO; width * vs.len()];
        for from in (0..length.max(1)).step_by(part.max(1)) {
            let rows = from..length.min(from + part);
            let within = |range: &Range| {
                let both = common(range, &rows);
                both.start.max(from) - from..both.end.max(from) - from
            };
            let vectors: Vec<(Range, &[T])> =
                vs.iter().zip(&used).map(|(v, used)| (within(used), &v[rows.clone()])).collect();
            for first in (0..count).step_by(width) {
                let some = width.min(count - first);
                let of = |l: usize| within(&self.range(start + first + l));
                for l in 0..some {
                    let range = of(l);
                    let line = &self.lines.line(start + first + l)[rows.clone()];
                    widen(&line[range.clone()], &mut panel[l * part..][range]);
                }
                let line = |l: usize| &panel[l * part..][..rows.len()];
                let mut parts: Vec<&mut [T]> = if from == 0 {
                    outs.iter_mut().map(|out| &mut out[first..first + some]).collect()
                } else {
                    sums.chunks_mut(width).map(|sum| &mut sum[..some]).collect()
                };
                if conjugate {
                    let lines: Vec<_> = (0..some).map(|l| (of(l), line(l))).collect();
                    block_dots(&lines, &vectors, &mut parts);
                } else {
                    for ((_, v), out) in vectors.iter().zip(&mut parts) {
                        let segment = |l: usize| {
                            let range = of(l);
                            (range.start, &line(l)[range])
                        };
                        dots(segment, v, false, out);
                    }
                }
                if from > 0 {
                    for (out, sum) in outs.iter_mut().zip(sums.chunks(width)) {
                        out[first..first + some].iter_mut().zip(sum).for_each(|(out, &sum)| *out += sum);
                    }
                }
            }
        }
    }

    /// `outs[c]` ← Σ_l vs[c][l] line(l), the lines conjugated with `conjugate`, for the entries from `start` on.
    fn combine_lines<T: Scalar>(&self, vs: &[&[T]], conjugate: bool, start: usize, outs: &mut [&mut [T]])
    where
        S: Stored<T>,
    {
        let width = outs.first().map_or(0, |out| out.len());
        outs.iter_mut().for_each(|out| out.fill(T::ZERO));
        let mut panel = vec![T::ZERO; LINES * width];
        let count = self.lines.count();
        for first in (0..count).step_by(LINES) {
            let some = first..count.min(first + LINES);
            if vs.iter().all(|v| v[some.clone()].iter().all(|&v| v == T::ZERO)) {
                continue;
            }
            if self.ranges.is_some() {
                for l in some {
                    let range = self.range(l);
                    let (from, to) = (range.start.max(start), range.end.min(start + width));
                    if from < to {
                        let panel = &mut panel[..to - from];
                        widen(&self.lines.line(l)[from..to], panel);
                        for (v, out) in vs.iter().zip(outs.iter_mut()) {
                            add_combination(&[v[l]], |_| &*panel, conjugate, &mut out[from - start..to - start]);
                        }
                    }
                }
                continue;
            }
            for (l, panel) in some.clone().zip(panel.chunks_mut(width.max(1))) {
                widen(&self.lines.line(l)[start..start + width], panel);
            }
            for (v, out) in vs.iter().zip(outs.iter_mut()) {
                add_combination(&v[some.clone()], |l| &panel[l * width..][..width], conjugate, out);
            }
        }
    }

    /// `out` ← Aᴴ Y, in one pass over A for up to 32 vectors, with the same bits for any number of threads.
    fn adjoint_of<T: Scalar>(&self, ys: &[&[T]], out: MatMut<'_, T>)
    where
        S: Stored<T>,
    {
        let part = |block: usize, mut out: MatMut<'_, T>| {
            let mut outs: Vec<&mut [T]> = out.as_mut().col_iter_mut().map(contiguous).collect();
            for (ys, outs) in ys.chunks(MULTIPLIED).zip(outs.chunks_mut(MULTIPLIED)) {
                if self.by_rows {
                    self.combine_lines(ys, true, block * BLOCK, outs);
                } else {
                    self.dots(ys, true, block * BLOCK, outs);
                }
            }
        };
        if self.held.saturating_mul(ys.len()) < SHARED_FROM {
            let (mut block, mut rest) = (0, out);
            while rest.nrows() > BLOCK {
                let (first, others) = rest.split_at_row_mut(BLOCK);
                part(block, first);
                (block, rest) = (block + 1, others);
            }
            part(block, rest);
        } else {
            out.par_row_chunks_mut(BLOCK).enumerate().for_each(|(block, out)| part(block, out));
        }
    }

    /// Column j, in a vector of m zeros.
    fn column_into<T: Scalar>(&self, j: usize, out: &mut [T])
    where
        S: Stored<T>,
    {
        if self.by_rows {
            out.iter_mut().enumerate().for_each(|(i, out)| *out = self.lines.line(i)[j].widen());
        } else {
            widen(self.lines.line(j), out);
        }
    }
}

/// The range of a stored line outside which it is zero.
fn stored_range<S: Storage>(line: &[S]) -> Range {
    const BLOCK: usize = 16;
    let zeros = |block: &[S]| block.iter().fold(true, |zeros, &v| zeros & (v == S::ZERO));
    let before = BLOCK * line.chunks_exact(BLOCK).take_while(|block| zeros(block)).count();
    let Some(first) = line[before..].iter().position(|&v| v != S::ZERO) else { return 0..0 };
    let first = before + first;
    let after = BLOCK * line[first..].rchunks_exact(BLOCK).take_while(|block| zeros(block)).count();
    let rest = &line[first..line.len() - after];
    first..first + rest.iter().rposition(|&v| v != S::ZERO).unwrap_or(0) + 1
}

impl<T: Scalar, S: Stored<T>> Local<T> for NarrowOperator<'_, S> {
    fn reach(&self) -> usize {
        self.band().map_or(self.size().1, |band| band.reach)
    }

    fn alike(&self) -> Range {
        if self.band().is_none() {
            return 0..0;
        }
        let is_shifted = |j: usize| {
            let (mut one, other) = (self.rows_of(j - 1), self.rows_of(j));
            let same = |i: usize| self.entry(i, j - 1) == self.entry(i + 1, j);
            one.len() == other.len() && one.start + 1 == other.start && one.all(same)
        };
        self.alike.get_or_init(|| banded::alike(self.size().1, is_shifted)).clone()
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let rows = self.rows_of(j);
        out.extend(rows.clone().map(|i| self.entry(i, j).widen()));
        rows.start
    }
}

impl<T: Scalar, S: Stored<T>> LinearMap<T> for NarrowOperator<'_, S> {
    fn shape(&self) -> (usize, usize) {
        self.size()
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let depth = self.held.div_ceil(y.len().max(1));
        in_blocks(y, depth, |start, y| {
            if self.by_rows {
                self.dots(&[x], false, start, &mut [y]);
            } else {
                self.combine_lines(&[x], false, start, &mut [y]);
            }
        });
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let depth = self.held.div_ceil(x.len().max(1));
        in_blocks(x, depth, |start, x| {
            if self.by_rows {
                self.combine_lines(&[y], true, start, &mut [x]);
            } else {
                self.dots(&[y], true, start, &mut [x]);
            }
        });
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

impl<T: Scalar, S: Stored<T>> Columns<T> for NarrowOperator<'_, S> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        if self.by_rows {
            for i in 0..self.lines.count() {
                let row = self.lines.line(i);
                for (c, &j) in support.iter().enumerate() {
                    out[(i, c)] = row[j].widen();
                }
            }
        } else {
            support.iter().zip(out.col_iter_mut()).for_each(|(&j, out)| widen(self.lines.line(j), contiguous(out)));
        }
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let (m, n) = self.size();
        let mut column = vec![T::ZERO; if self.by_rows { 0 } else { m }];
        if !self.by_rows {
            let mut norm_of = |j: usize| {
                let range = self.range(j);
                let column = &mut column[range.clone()];
                widen(&self.lines.line(j)[range], column);
                norm(column)
            };
            return Ok((0..n).map(&mut norm_of).collect());
        }
        let mut squares = vec![0.0; n];
        for i in 0..m {
            for (sum, v) in squares.iter_mut().zip(self.lines.line(i)) {
                *sum += v.widen().abs2();
            }
        }
        let mut norm_of = |(j, &sum): (usize, &f64)| {
            // As of a dense matrix: where squares may have left the range of doubles, the column is measured with care.
            if sum > 1e-280 && sum < 1e300 {
                return sum.sqrt();
            }
            column.resize(m, T::ZERO);
            self.column_into(j, &mut column);
            norm(&column)
        };
        Ok(squares.iter().enumerate().map(&mut norm_of).collect())
    }

    fn adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        self.adjoint_of(ys, out);
        Ok(())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let m = self.size().0;
        let mut chosen = vec![T::ZERO; m * support.len().min(TOGETHER)];
        let mut rest = out;
        for support in support.chunks(TOGETHER) {
            let chosen = &mut chosen[..m * support.len()];
            self.gather(support, MatMut::from_column_major_slice_mut(chosen, m, support.len()))?;
            let (out, others) = rest.split_at_col_mut(support.len());
            rest = others;
            match rows {
                None => {
                    let chosen: Vec<&[T]> = chosen.chunks(m.max(1)).collect();
                    self.adjoint_of(&chosen, out);
                }
                Some(rows) => {
                    for (column, out) in chosen.chunks(m.max(1)).zip(out.col_iter_mut()) {
                        self.correlate(rows, column, contiguous(out))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.fill(T::ZERO);
        if self.by_rows {
            for (i, y) in y.iter_mut().enumerate() {
                let row = self.lines.line(i);
                *y = support.iter().zip(values).map(|(&j, &value)| row[j].widen() * value).sum();
            }
            return Ok(());
        }
        let part = y.len().min(SEGMENT);
        let mut panel = vec![T::ZERO; part];
        for (&j, &value) in support.iter().zip(values) {
            let range = self.range(j);
            for from in range.clone().step_by(part.max(1)) {
                let rows = from..range.end.min(from + part);
                let panel = &mut panel[..rows.len()];
                widen(&self.lines.line(j)[rows.clone()], panel);
                axpy(value, panel, &mut y[rows]);
            }
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        if self.by_rows {
            out.fill(T::ZERO);
            for (i, &y) in y.iter().enumerate() {
                let row = self.lines.line(i);
                for (out, &j) in out.iter_mut().zip(support) {
                    *out += Scalar::conj(row[j].widen()) * y;
                }
            }
            return Ok(());
        }
        let (length, used) = (y.len(), occupied(y));
        let part = length.min(SEGMENT);
        let mut panel = vec![T::ZERO; part];
        for (&j, out) in support.iter().zip(out) {
            let range = common(&self.range(j), &used);
            *out = T::ZERO;
            // Parts begin at multiples of their length, as in a product with all of A.
            for from in (0..length).step_by(part.max(1)) {
                let (start, end) = (range.start.max(from), range.end.min(from + part));
                if start < end {
                    let panel = &mut panel[..end - start];
                    widen(&self.lines.line(j)[start..end], panel);
                    *out += dot(panel, &y[start..end]);
                }
            }
        }
        Ok(())
    }
}
