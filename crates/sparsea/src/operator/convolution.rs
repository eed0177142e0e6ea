//! Convolution with a kernel, without forming A.

use std::ops::Range;

use faer::MatMut;

use super::fourier::FourierKernel;
use super::{Columns, LinearMap, Local, OperatorError, Profile, Structure, contiguous};
use crate::check::check_size;
use crate::error::{Error, non_finite_word};
use crate::kernels::{axpy_inline, dot_inline, norm, simd};
use crate::parallel::*;
use crate::scalar::Scalar;

/// How rows at the ends of the trace are treated; names and shapes are those of NumPy and SciPy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// Every row in which some spike can be seen: m = n + L − 1. Row i holds the kernel's first sample of a spike at i.
    Full,
    /// As many rows as spikes, m = n. Row i holds the centre sample ⌊(L − 1)/2⌋ of a spike at i, or another sample set by
    /// [`Convolution::with_origin`].
    Same,
    /// Only rows in which no kernel is cut off: m = n − L + 1. Row i holds the kernel's last sample of a spike at i.
    Valid,
    /// Periodic: m = n, and the part of a kernel beyond one end re-enters at the other. The kernel's first sample lies at the spike.
    Circular,
}

/// One-dimensional convolution of a spike train x (length n) with a kernel h (length L) as an operator:
/// (A x)_t = Σ_j h_{t + o − j} x_j with the offset o given by the boundary.
///
/// # Cost
/// Short kernels (L ≤ 96) are applied directly in n L multiply-adds, longer ones by fast Fourier transforms in O((n + L) log(n + L)).
/// Columns and Gram columns have closed forms in terms of the kernel and its autocorrelation.
#[derive(Debug, Clone)]
pub struct Convolution<T: Scalar> {
    kernel: Vec<T>,
    /// ρ_d = Σ_l conj(h_{l+d}) h_l for d = 0 … L − 1.
    autocorrelation: Vec<T>,
    ncols: usize,
    nrows: usize,
    /// Row of the full convolution that is row 0 here.
    first: usize,
    origin: usize,
    circular: bool,
    fourier: Option<FourierKernel<T>>,
}

/// Kernels up to this length are applied directly: the Fourier transform of a vector costs about as much.
const DIRECT_LENGTH: usize = 96;
/// Columns that one task handles when work is shared among threads.
const BLOCK: usize = 4096;

/// Part of a column: kernel samples `kernel` lie in the rows from `row` on.
struct Segment {
    kernel: Range<usize>,
    row: usize,
}

impl<T: Scalar> Convolution<T> {
    /// Convolution of spike trains of length `n` with `kernel`.
    ///
    /// # Errors
    /// [`Error::Kernel`] if the kernel is empty, all zero, not finite, or longer than n where the boundary forbids this (valid, circular);
    /// [`Error::Empty`] if n is 0; [`Error::TooLarge`] if n numbers do not fit into memory.
    pub fn new(kernel: &[T], n: usize, boundary: Boundary) -> Result<Self, Error> {
        let length = kernel.len();
        let origin = if boundary == Boundary::Same { length.saturating_sub(1) / 2 } else { 0 };
        Self::build(kernel, n, boundary, origin)
    }

    /// Like [`new`](Self::new), with kernel sample `origin` at the spike: column j has that sample in row [`position`](Self::position)(j).
    /// With `Same` and `Circular` this is row j, so A depends on the origin. With `Full` and `Valid` only the positions depend on it, not
    /// the rows.
    ///
    /// # Errors
    /// Those of [`new`](Self::new); also if `origin` is not a sample of the kernel.
    pub fn with_origin(kernel: &[T], n: usize, boundary: Boundary, origin: usize) -> Result<Self, Error> {
        if origin >= kernel.len() && !kernel.is_empty() {
            return Err(Error::Kernel { problem: format!("has {} samples, so none at {origin}", kernel.len()) });
        }
        Self::build(kernel, n, boundary, origin)
    }

    fn build(kernel: &[T], n: usize, boundary: Boundary, origin: usize) -> Result<Self, Error> {
        let refuse = |problem: String| Err(Error::Kernel { problem });
        let length = kernel.len();
        let (first, nrows) = match boundary {
            Boundary::Full => (0, n.saturating_add(length.saturating_sub(1))),
            Boundary::Same | Boundary::Circular => (origin, n),
            Boundary::Valid => (length.saturating_sub(1), n.saturating_add(1).saturating_sub(length)),
        };
        if length == 0 {
            return refuse("is empty".into());
        }
        if let Some(index) = kernel.iter().position(|v| !Scalar::is_finite(*v)) {
            let value = non_finite_word(kernel[index].real(), kernel[index].imag());
            return Err(Error::NonFinite { what: "the kernel", value, index });
        }
        if kernel.iter().all(|&v| v == T::ZERO) {
            return refuse("is all zero".into());
        }
        if n == 0 {
            return Err(Error::Empty { rows: nrows, columns: n });
        }
        if matches!(boundary, Boundary::Valid | Boundary::Circular) && length > n {
            return refuse(format!("has {length} samples, more than the {n} of the spike train"));
        }
        check_size(nrows, n)?;
        let circular = boundary == Boundary::Circular;
        let (fourier, autocorrelation) = if length <= DIRECT_LENGTH {
            (None, (0..length).map(|d| dot_inline(&kernel[d..], &kernel[..length - d])).collect())
        } else {
            let period = if circular { n } else { n + length - 1 };
            (Some(FourierKernel::new(kernel, period, circular)), super::fourier::autocorrelation(kernel))
        };
        Ok(Self { kernel: kernel.to_vec(), autocorrelation, ncols: n, nrows, first, origin, circular, fourier })
    }

    /// The kernel h.
    pub fn kernel(&self) -> &[T] {
        &self.kernel
    }

    /// The kernel sample that lies at the spike.
    pub fn origin(&self) -> usize {
        self.origin
    }

    /// The row of spike j, where sample [`origin`](Self::origin) of its kernel lies: j + origin − `first`, where row 0 is row `first` of
    /// the full convolution. For `Valid` it may be below 0, or m or more, if only other parts of the kernel are in view.
    pub fn position(&self, j: usize) -> isize {
        j as isize + self.origin as isize - self.first as isize
    }

    /// Where column j lies: one segment, two when a periodic column wraps around; empty when out of sight.
    fn segments(&self, j: usize) -> [Segment; 2] {
        let length = self.kernel.len();
        let none = Segment { kernel: 0..0, row: 0 };
        if self.circular {
            let start = (j + self.ncols - self.first % self.ncols) % self.ncols;
            let ahead = length.min(self.ncols - start);
            return [Segment { kernel: 0..ahead, row: start }, Segment { kernel: ahead..length, row: 0 }];
        }
        let from = self.first.saturating_sub(j).min(length);
        let to = (self.first + self.nrows).saturating_sub(j).min(length);
        if from >= to {
            return [none, Segment { kernel: 0..0, row: 0 }];
        }
        [Segment { kernel: from..to, row: j + from - self.first }, none]
    }

    /// Whether all of column j is in sight.
    fn is_whole(&self, j: usize) -> bool {
        self.circular || (j >= self.first && j + self.kernel.len() <= self.first + self.nrows)
    }

    #[inline(always)]
    fn add_column(&self, j: usize, value: T, y: &mut [T]) {
        for Segment { kernel, row } in self.segments(j) {
            let length = kernel.len();
            axpy_inline(value, &self.kernel[kernel], &mut y[row..row + length]);
        }
    }

    #[inline(always)]
    fn correlate_column(&self, j: usize, y: &[T]) -> T {
        let mut sum = T::ZERO;
        for Segment { kernel, row } in self.segments(j) {
            let length = kernel.len();
            sum += dot_inline(&self.kernel[kernel], &y[row..row + length]);
        }
        sum
    }

    /// a_iᴴ a_j.
    fn gram_entry(&self, i: usize, j: usize) -> T {
        if i > j {
            return self.gram_entry(j, i).conj();
        }
        let lag = j - i;
        let rho = |d: usize| self.autocorrelation.get(d).copied().unwrap_or(T::ZERO);
        if self.circular {
            return rho(lag) + if lag == 0 { T::ZERO } else { rho(self.ncols - lag).conj() };
        }
        if lag >= self.kernel.len() {
            return T::ZERO;
        }
        if self.is_whole(i) && self.is_whole(j) {
            return rho(lag);
        }
        // Rows of the full convolution that both columns have and that are in sight.
        let from = j.max(self.first);
        let to = (i + self.kernel.len()).min(self.first + self.nrows);
        if from >= to {
            return T::ZERO;
        }
        dot_inline(&self.kernel[from - i..to - i], &self.kernel[from - j..to - j])
    }
}

impl<T: Scalar> LinearMap<T> for Convolution<T> {
    fn shape(&self) -> (usize, usize) {
        (self.nrows, self.ncols)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        if let Some(fourier) = &self.fourier {
            fourier.convolve(x, self.first, y);
            return Ok(());
        }
        y.fill(T::ZERO);
        simd(
            #[inline(always)]
            || {
                for (j, &value) in x.iter().enumerate() {
                    if value != T::ZERO {
                        self.add_column(j, value, y);
                    }
                }
            },
        );
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        if let Some(fourier) = &self.fourier {
            fourier.correlate(y, self.first, x);
            return Ok(());
        }
        let task = |(block, x): (usize, &mut [T])| {
            simd(
                #[inline(always)]
                || {
                    for (offset, x) in x.iter_mut().enumerate() {
                        *x = self.correlate_column(block * BLOCK + offset, y);
                    }
                },
            );
        };
        if self.ncols > BLOCK {
            x.par_chunks_mut(BLOCK).enumerate().for_each(task);
        } else {
            task((0, x));
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(match &self.fourier {
            None => self.ncols.saturating_mul(self.kernel.len()),
            Some(fourier) => fourier.cost(),
        })
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        Structure::Local(self)
    }
}

impl<T: Scalar> Columns<T> for Convolution<T> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        out.fill(T::ZERO);
        support.iter().zip(out.col_iter_mut()).for_each(|(&j, out)| self.add_column(j, T::ONE, contiguous(out)));
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let whole = norm(&self.kernel);
        let norm_of = |j| {
            if self.is_whole(j) { whole } else { norm(&self.kernel[self.segments(j)[0].kernel.clone()]) }
        };
        Ok((0..self.ncols).map(norm_of).collect())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            match rows {
                None => self.gram_column(j, contiguous(out))?,
                Some(rows) => self.gram_entries(rows, j, contiguous(out)),
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        y.fill(T::ZERO);
        simd(
            #[inline(always)]
            || {
                for (&j, &value) in support.iter().zip(values) {
                    self.add_column(j, value, y);
                }
            },
        );
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        simd(
            #[inline(always)]
            || {
                for (out, &j) in out.iter_mut().zip(support) {
                    *out = self.correlate_column(j, y);
                }
            },
        );
        Ok(())
    }
}

impl<T: Scalar> Convolution<T> {
    /// `out` ← Aᴴ a_j.
    fn gram_column(&self, j: usize, gram: &mut [T]) -> Result<(), OperatorError> {
        let reach = self.kernel.len();
        if self.fourier.is_some() && !self.is_whole(j) {
            // Cut-off columns of a long kernel have no common autocorrelation, but two transforms do it.
            let mut column = vec![T::ZERO; self.nrows];
            self.add_column(j, T::ONE, &mut column);
            return self.apply_adjoint(&column, gram);
        }
        let near =
            if self.circular { 0..self.ncols } else { (j + 1).saturating_sub(reach)..(j + reach).min(self.ncols) };
        gram.fill(T::ZERO);
        for i in near {
            gram[i] = self.gram_entry(i, j);
        }
        Ok(())
    }

    /// `out[t]` ← a_iᴴ a_j with i = `rows[t]`.
    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        // Columns all of which is in sight know each other by their distance: all but a few.
        let whole = self.first..(self.first + self.nrows + 1).saturating_sub(self.kernel.len());
        let plain = !self.circular && whole.contains(&j);
        for (out, &i) in out.iter_mut().zip(rows) {
            *out = if plain && whole.contains(&i) {
                let rho = self.autocorrelation.get(i.abs_diff(j)).copied().unwrap_or(T::ZERO);
                if i > j { rho.conj() } else { rho }
            } else {
                self.gram_entry(i, j)
            };
        }
    }
}

impl<T: Scalar> Local<T> for Convolution<T> {
    fn reach(&self) -> usize {
        self.kernel.len() - 1
    }

    fn alike(&self) -> Range<usize> {
        if self.circular {
            return 0..self.ncols;
        }
        self.first..(self.first + self.nrows + 1).saturating_sub(self.kernel.len()).max(self.first)
    }

    fn period(&self) -> Option<usize> {
        self.circular.then_some(self.ncols)
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        if self.circular {
            out.extend_from_slice(&self.kernel);
            return j + self.ncols - self.first % self.ncols;
        }
        let [Segment { kernel, row }, _] = self.segments(j);
        // Out of sight before the first row, or after the last.
        let row = if kernel.is_empty() && j >= self.first { self.nrows } else { row };
        out.extend_from_slice(&self.kernel[kernel]);
        row
    }
}
