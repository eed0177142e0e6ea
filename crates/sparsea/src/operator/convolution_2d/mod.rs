//! Convolution of images with a kernel, without forming A.

mod axis;
mod fourier;

use faer::{MatMut, MatRef};

use super::{Boundary, Columns, LinearMap, OperatorError, Planar, Profile, SHARED_FROM, Structure, contiguous};
use crate::check::check_size;
use crate::error::{Error, non_finite_word};
use crate::kernels::{axpy_inline, dot_inline, norm, simd};
use crate::parallel::*;
use crate::scalar::Scalar;
use crate::tolerance::SEPARABLE;
use axis::Axis;
use fourier::FourierPlane;

/// Two-dimensional convolution of an image x of spikes (H × W pixels) with a kernel h (L × L') as an operator:
/// (A x)_{s,t} = Σ_{i,j} h_{s+o−i, t+o'−j} x_{i,j}, where the [`Boundary`] determines the offsets o, o' by the same rule in both
/// directions. Images are vectors, row by row: pixel (i, j) of x is entry i W + j.
///
/// # Cost
/// A product takes the least of three costs: H W L L' multiply-adds, directly; H W (L + L'), if the kernel is an outer product of two
/// vectors to rounding, as a Gaussian is; O(P log P) with P = (H + L)(W + L'), by fast Fourier transforms. Columns have closed forms in
/// terms of the kernel, and Gram entries in terms of its autocorrelation. If a border cuts a column off, its Gram entries are sums over the
/// pixels in view.
#[derive(Debug, Clone)]
pub struct Convolution2d<T: Scalar> {
    /// By rows.
    kernel: Vec<T>,
    rows: Axis,
    columns: Axis,
    origin: (usize, usize),
    boundary: Boundary,
    /// ρ_d = Σ_l conj(h_{l+d}) h_l for rows d = 1 − L … L − 1 and columns alike.
    autocorrelation: Vec<T>,
    /// u and v with h = u vᵀ, to rounding.
    factors: Option<(Vec<T>, Vec<T>)>,
    method: Method,
    cost: usize,
}

/// How products are computed.
#[derive(Debug, Clone)]
enum Method {
    Direct,
    Separable,
    Fourier(FourierPlane),
}

/// Pixels of a kernel up to which its autocorrelation is computed directly.
const DIRECT_PIXELS: usize = 1 << 12;

impl<T: Scalar> Convolution2d<T> {
    /// Convolution of images of `image` = (H, W) pixels with `kernel`.
    ///
    /// # Errors
    /// [`Error::Kernel`] if the kernel is empty, all zero, or in one direction larger than the image where the boundary forbids this
    /// (valid, circular); [`Error::NonFiniteEntry`] if it is not finite; [`Error::Empty`] for an image without pixels; [`Error::TooLarge`]
    /// if an image does not fit into memory.
    pub fn new(kernel: MatRef<'_, T>, image: (usize, usize), boundary: Boundary) -> Result<Self, Error> {
        let centre = |length: usize| if boundary == Boundary::Same { length.saturating_sub(1) / 2 } else { 0 };
        Self::build(kernel, image, boundary, (centre(kernel.nrows()), centre(kernel.ncols())))
    }

    /// Like [`new`](Self::new), with the pixel `origin` of the kernel at the spike. For `Full` and `Valid`, this affects only
    /// [`position`](Self::position).
    ///
    /// # Errors
    /// Those of [`new`](Self::new); also if `origin` is not a pixel of the kernel.
    pub fn with_origin(
        kernel: MatRef<'_, T>,
        image: (usize, usize),
        boundary: Boundary,
        origin: (usize, usize),
    ) -> Result<Self, Error> {
        let (length, width) = (kernel.nrows(), kernel.ncols());
        if length > 0 && width > 0 && (origin.0 >= length || origin.1 >= width) {
            let problem = format!("has {length} × {width} pixels, so none at ({}, {})", origin.0, origin.1);
            return Err(Error::Kernel { problem });
        }
        Self::build(kernel, image, boundary, origin)
    }

    fn build(
        kernel: MatRef<'_, T>,
        image: (usize, usize),
        boundary: Boundary,
        origin: (usize, usize),
    ) -> Result<Self, Error> {
        let refuse = |problem: String| Err(Error::Kernel { problem });
        let length = (kernel.nrows(), kernel.ncols());
        if length.0 == 0 || length.1 == 0 {
            return refuse("is empty".into());
        }
        for row in 0..length.0 {
            for column in 0..length.1 {
                let v = kernel[(row, column)];
                if !Scalar::is_finite(v) {
                    let value = non_finite_word(v.real(), v.imag());
                    return Err(Error::NonFiniteEntry { what: "the kernel", value, row, column });
                }
            }
        }
        let kernel: Vec<T> = (0..length.0 * length.1).map(|at| kernel[(at / length.1, at % length.1)]).collect();
        if kernel.iter().all(|&v| v == T::ZERO) {
            return refuse("is all zero".into());
        }
        if image.0 == 0 || image.1 == 0 {
            return Err(Error::Empty { rows: image.0, columns: image.1 });
        }
        if matches!(boundary, Boundary::Valid | Boundary::Circular) && (length.0 > image.0 || length.1 > image.1) {
            return refuse(format!(
                "has {} × {} pixels, more than the {} × {} of the image in one direction",
                length.0, length.1, image.0, image.1
            ));
        }
        let rows = Axis::new(length.0, image.0, boundary, origin.0);
        let columns = Axis::new(length.1, image.1, boundary, origin.1);
        let (seen, spikes) = (rows.samples.checked_mul(columns.samples), image.0.checked_mul(image.1));
        let (Some(seen), Some(spikes)) = (seen, spikes) else {
            return Err(Error::TooLarge { rows: seen.unwrap_or(usize::MAX), columns: spikes.unwrap_or(usize::MAX) });
        };
        check_size(seen, spikes)?;
        let factors = factors(&kernel, length.1);
        let direct = spikes.saturating_mul(kernel.len());
        let separable = if factors.is_some() { spikes.saturating_mul(length.0 + length.1) } else { usize::MAX };
        let by_fourier = fourier::cost(&rows, &columns);
        let cost = direct.min(separable).min(by_fourier);
        let method = if cost == direct {
            Method::Direct
        } else if cost == separable {
            Method::Separable
        } else {
            Method::Fourier(FourierPlane::new(&kernel, &rows, &columns))
        };
        let autocorrelation = autocorrelation(&kernel, length, factors.as_ref());
        Ok(Self { kernel, rows, columns, origin, boundary, autocorrelation, factors, method, cost })
    }

    /// The kernel h, row by row.
    pub fn kernel(&self) -> &[T] {
        &self.kernel
    }

    /// (L, L'): rows and columns of the kernel.
    pub fn kernel_shape(&self) -> (usize, usize) {
        (self.rows.length, self.columns.length)
    }

    /// (H, W): rows and columns of the image of spikes.
    pub fn image_shape(&self) -> (usize, usize) {
        (self.rows.spikes, self.columns.spikes)
    }

    /// Rows and columns of the observed image, A x.
    pub fn seen_shape(&self) -> (usize, usize) {
        (self.rows.samples, self.columns.samples)
    }

    /// How the borders are treated.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// The pixel of the kernel that lies at the spike.
    pub fn origin(&self) -> (usize, usize) {
        self.origin
    }

    /// Whether the kernel is an outer product of two vectors, to rounding.
    pub fn is_separable(&self) -> bool {
        self.factors.is_some()
    }

    /// Row and column, in the observed image, of spike j, where the pixel [`origin`](Self::origin) of its kernel lies. For `Valid` it may
    /// be outside the image, if only other parts of the kernel reach into it.
    pub fn position(&self, j: usize) -> (isize, isize) {
        let along = |axis: &Axis, j: usize, origin: usize| j as isize + origin as isize - axis.first as isize;
        let width = self.columns.spikes;
        (along(&self.rows, j / width, self.origin.0), along(&self.columns, j % width, self.origin.1))
    }

    /// ρ at a distance in rows and one in columns, each less than the kernel's length.
    fn rho(&self, rows: isize, columns: isize) -> T {
        let (length, width) = (self.rows.length as isize, self.columns.length as isize);
        self.autocorrelation[((rows + length - 1) * (2 * width - 1) + columns + width - 1) as usize]
    }

    /// Calls `work` with each row of the kernel that is in sight of pixel j: its samples, and where they begin in y.
    #[inline(always)]
    fn for_each_row(&self, j: usize, mut work: impl FnMut(std::ops::Range<usize>, usize)) {
        let (width, seen) = (self.columns.length, self.columns.samples);
        let (i, j) = (j / self.columns.spikes, j % self.columns.spikes);
        let across = self.columns.pieces(j);
        for down in self.rows.pieces(i) {
            for (offset, l) in down.kernel.enumerate() {
                for piece in &across {
                    if !piece.kernel.is_empty() {
                        let kernel = l * width + piece.kernel.start..l * width + piece.kernel.end;
                        work(kernel, (down.at + offset) * seen + piece.at);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn add_column(&self, j: usize, value: T, y: &mut [T]) {
        self.for_each_row(j, |kernel, at| {
            let length = kernel.len();
            axpy_inline(value, &self.kernel[kernel], &mut y[at..at + length]);
        });
    }

    #[inline(always)]
    fn correlate_column(&self, j: usize, y: &[T]) -> T {
        let mut sum = T::ZERO;
        self.for_each_row(j, |kernel, at| {
            let length = kernel.len();
            sum += dot_inline(&self.kernel[kernel], &y[at..at + length]);
        });
        sum
    }

    fn is_whole(&self, j: usize) -> bool {
        self.rows.is_whole(j / self.columns.spikes) && self.columns.is_whole(j % self.columns.spikes)
    }

    /// a_iᴴ a_j.
    fn gram_entry(&self, i: usize, j: usize) -> T {
        if i > j {
            return self.gram_entry(j, i).conj();
        }
        let width = self.columns.spikes;
        let ((i_row, i_column), (j_row, j_column)) = ((i / width, i % width), (j / width, j % width));
        if (self.is_whole(i) && self.is_whole(j)) || self.rows.periodic {
            let mut sum = T::ZERO;
            for down in self.rows.distances(i_row, j_row) {
                for across in self.columns.distances(i_column, j_column) {
                    sum += self.rho(down, across);
                }
            }
            return sum;
        }
        let (i_top, j_top, count) = self.rows.common(i_row, j_row);
        let (i_left, j_left, length) = self.columns.common(i_column, j_column);
        if let Some((u, v)) = &self.factors {
            let down = dot_inline(&u[i_top..i_top + count], &u[j_top..j_top + count]);
            return down * dot_inline(&v[i_left..i_left + length], &v[j_left..j_left + length]);
        }
        let mut sum = T::ZERO;
        if length > 0 {
            for l in 0..count {
                let at = |top: usize, left: usize| (top + l) * self.columns.length + left;
                let (i_at, j_at) = (at(i_top, i_left), at(j_top, j_left));
                sum += dot_inline(&self.kernel[i_at..i_at + length], &self.kernel[j_at..j_at + length]);
            }
        }
        sum
    }

    /// `out` ← Aᴴ a_j.
    fn gram_column(&self, j: usize, out: &mut [T]) -> Result<(), OperatorError> {
        let width = self.columns.spikes;
        let (near_rows, near_columns) = (self.rows.near(j / width), self.columns.near(j % width));
        let entries = near_rows.len() * near_columns.len();
        if !self.rows.periodic && !self.is_whole(j) && entries.saturating_mul(self.kernel.len() / 4) > self.cost {
            let mut column = vec![T::ZERO; self.shape().0];
            self.add_column(j, T::ONE, &mut column);
            return self.apply_adjoint(&column, out);
        }
        out.fill(T::ZERO);
        for &row in &near_rows {
            for &column in &near_columns {
                let i = row * width + column;
                out[i] = self.gram_entry(i, j);
            }
        }
        Ok(())
    }

    /// Computes each row of `out` by itself, on several threads if the whole takes long.
    fn by_rows(&self, out: &mut [T], width: usize, work: usize, row: impl Fn(usize, &mut [T]) + Sync) {
        let task = |(at, out): (usize, &mut [T])| {
            out.fill(T::ZERO);
            simd(
                #[inline(always)]
                || row(at, out),
            );
        };
        if work >= SHARED_FROM {
            out.par_chunks_mut(width).enumerate().for_each(task);
        } else {
            out.chunks_mut(width).enumerate().for_each(task);
        }
    }

    fn apply_directly(&self, x: &[T], y: &mut [T]) {
        let (rows, columns) = (&self.rows, &self.columns);
        let (width, length) = (columns.spikes, columns.length);
        self.by_rows(y, columns.samples, self.cost, |t, out| {
            for l in 0..rows.length {
                if let Some(j) = rows.spike_at(t, l) {
                    let kernel = &self.kernel[l * length..(l + 1) * length];
                    convolve_row(columns, kernel, &x[j * width..(j + 1) * width], out);
                }
            }
        });
    }

    fn adjoin_directly(&self, y: &[T], x: &mut [T]) {
        let (rows, columns) = (&self.rows, &self.columns);
        let (seen, length) = (columns.samples, columns.length);
        self.by_rows(x, columns.spikes, self.cost, |j, out| {
            for l in 0..rows.length {
                if let Some(t) = rows.sample_at(j, l) {
                    let kernel = &self.kernel[l * length..(l + 1) * length];
                    correlate_row(columns, kernel, &y[t * seen..(t + 1) * seen], out);
                }
            }
        });
    }

    fn apply_by_factors(&self, (u, v): &(Vec<T>, Vec<T>), x: &[T], y: &mut [T]) {
        let (rows, columns) = (&self.rows, &self.columns);
        let (width, seen) = (columns.spikes, columns.samples);
        let mut between = vec![T::ZERO; rows.spikes * seen];
        self.by_rows(&mut between, seen, self.cost, |j, out| {
            convolve_row(columns, v, &x[j * width..(j + 1) * width], out);
        });
        self.by_rows(y, seen, self.cost, |t, out| {
            for (l, &u) in u.iter().enumerate() {
                if let Some(j) = rows.spike_at(t, l) {
                    axpy_inline(u, &between[j * seen..(j + 1) * seen], out);
                }
            }
        });
    }

    fn adjoin_by_factors(&self, (u, v): &(Vec<T>, Vec<T>), y: &[T], x: &mut [T]) {
        let (rows, columns) = (&self.rows, &self.columns);
        let (width, seen) = (columns.spikes, columns.samples);
        let mut between = vec![T::ZERO; rows.spikes * seen];
        self.by_rows(&mut between, seen, self.cost, |j, out| {
            for (l, u) in u.iter().enumerate() {
                if let Some(t) = rows.sample_at(j, l) {
                    axpy_inline(u.conj(), &y[t * seen..(t + 1) * seen], out);
                }
            }
        });
        self.by_rows(x, width, self.cost, |j, out| {
            correlate_row(columns, v, &between[j * seen..(j + 1) * seen], out);
        });
    }
}

/// `out` += the convolution of a row of spikes with a row of the kernel.
#[inline(always)]
fn convolve_row<T: Scalar>(axis: &Axis, kernel: &[T], x: &[T], out: &mut [T]) {
    for (l, &h) in kernel.iter().enumerate() {
        for shift in axis.shifts(l) {
            let length = shift.spikes.len();
            axpy_inline(h, &x[shift.spikes], &mut out[shift.at..shift.at + length]);
        }
    }
}

/// `out` += the correlation of a row of data with a row of the kernel.
#[inline(always)]
fn correlate_row<T: Scalar>(axis: &Axis, kernel: &[T], y: &[T], out: &mut [T]) {
    for (l, h) in kernel.iter().enumerate() {
        for shift in axis.shifts(l) {
            let length = shift.spikes.len();
            axpy_inline(h.conj(), &y[shift.at..shift.at + length], &mut out[shift.spikes]);
        }
    }
}

/// u and v with h = u vᵀ to rounding, if there are such: the row and the column of the largest entry.
fn factors<T: Scalar>(kernel: &[T], width: usize) -> Option<(Vec<T>, Vec<T>)> {
    let mut largest = 0;
    for (at, value) in kernel.iter().enumerate() {
        if Scalar::abs(*value) > Scalar::abs(kernel[largest]) {
            largest = at;
        }
    }
    let (row, column) = (largest / width, largest % width);
    let pivot = kernel[largest];
    let size = Scalar::abs(pivot);
    // 1/pivot without a square that may underflow.
    let over = pivot.conj().scale(1.0 / size).scale(1.0 / size);
    let v: Vec<T> = kernel[row * width..(row + 1) * width].to_vec();
    let u: Vec<T> = kernel.iter().skip(column).step_by(width).map(|&h| h * over).collect();
    let is_close =
        |(row, &u): (&[T], &T)| row.iter().zip(&v).all(|(&h, &v)| Scalar::abs(h - u * v) <= SEPARABLE * size);
    let finite = u.iter().all(|v| Scalar::is_finite(*v));
    (finite && kernel.chunks(width).zip(&u).all(is_close)).then_some((u, v))
}

/// ρ_d = Σ_l conj(h_{l+d}) h_l for rows d = 1 − L … L − 1 and columns alike.
fn autocorrelation<T: Scalar>(kernel: &[T], length: (usize, usize), factors: Option<&(Vec<T>, Vec<T>)>) -> Vec<T> {
    let (height, width) = (2 * length.0 - 1, 2 * length.1 - 1);
    if let Some((u, v)) = factors {
        let line = |h: &[T]| -> Vec<T> {
            let half: Vec<T> = (0..h.len()).map(|d| dot_inline(&h[d..], &h[..h.len() - d])).collect();
            half.iter().skip(1).rev().map(|v| Scalar::conj(*v)).chain(half.iter().copied()).collect()
        };
        let (down, across) = (line(u), line(v));
        return down.iter().flat_map(|&a| across.iter().map(move |&b| a * b)).collect();
    }
    let mut lags = if kernel.len() <= DIRECT_PIXELS {
        let mut lags = vec![T::ZERO; height * width];
        for at in height * width / 2..height * width {
            let down = at / width + 1 - length.0;
            let across = (at % width) as isize + 1 - length.1 as isize;
            let (left, right) = (across.max(0) as usize, (-across).max(0) as usize);
            let count = length.1 - left - right;
            for l in 0..length.0 - down {
                let (ahead, behind) = ((l + down) * length.1 + left, l * length.1 + right);
                lags[at] += dot_inline(&kernel[ahead..ahead + count], &kernel[behind..behind + count]);
            }
        }
        lags
    } else {
        fourier::autocorrelation(kernel, length)
    };
    // One half is the conjugate of the other.
    for at in 0..height * width / 2 {
        lags[at] = lags[height * width - 1 - at].conj();
    }
    lags
}

impl<T: Scalar> LinearMap<T> for Convolution2d<T> {
    fn shape(&self) -> (usize, usize) {
        (self.rows.samples * self.columns.samples, self.rows.spikes * self.columns.spikes)
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let spikes = x.iter().filter(|&&v| v != T::ZERO).count();
        if spikes.saturating_mul(self.kernel.len()) < self.cost {
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
            return Ok(());
        }
        match (&self.method, &self.factors) {
            (Method::Fourier(plane), _) => plane.convolve(x, &self.rows, &self.columns, y),
            (Method::Separable, Some(factors)) => self.apply_by_factors(factors, x, y),
            _ => self.apply_directly(x, y),
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        match (&self.method, &self.factors) {
            (Method::Fourier(plane), _) => plane.correlate(y, &self.rows, &self.columns, x),
            (Method::Separable, Some(factors)) => self.adjoin_by_factors(factors, y, x),
            _ => self.adjoin_directly(y, x),
        }
        Ok(())
    }

    fn profile(&self) -> Profile {
        Profile::default().with_cost(self.cost)
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        Some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        Structure::Planar(self)
    }
}

impl<T: Scalar> Columns<T> for Convolution2d<T> {
    fn gather(&self, support: &[usize], mut out: MatMut<'_, T>) -> Result<(), OperatorError> {
        out.fill(T::ZERO);
        support.iter().zip(out.col_iter_mut()).for_each(|(&j, out)| self.add_column(j, T::ONE, contiguous(out)));
        Ok(())
    }

    fn norms(&self) -> Result<Vec<f64>, OperatorError> {
        let (height, width) = (self.rows.spikes, self.columns.spikes);
        let whole = norm(&self.kernel);
        let mut norms = vec![whole; height * width];
        let mut sums = vec![0.0f64; self.columns.length];
        let mut before = None;
        for (i, norms) in norms.chunks_mut(width).enumerate() {
            let seen = self.rows.seen(i);
            let is_whole = self.rows.is_whole(i);
            // Norms of the kernel's columns as far as they are in sight, those of the row before if they are the same.
            if before.as_ref() != Some(&seen) {
                for (c, sum) in sums.iter_mut().enumerate() {
                    let part: Vec<T> = seen.clone().map(|l| self.kernel[l * self.columns.length + c]).collect();
                    *sum = norm(&part);
                }
                before = Some(seen);
            }
            for (j, out) in norms.iter_mut().enumerate() {
                if !(is_whole && self.columns.is_whole(j)) {
                    *out = norm(&sums[self.columns.seen(j)]);
                }
            }
        }
        Ok(norms)
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            match rows {
                None => self.gram_column(j, contiguous(out))?,
                Some(rows) => {
                    rows.iter().zip(contiguous(out)).for_each(|(&i, out)| *out = self.gram_entry(i, j));
                }
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

impl<T: Scalar> Planar<T> for Convolution2d<T> {
    fn image(&self) -> (usize, usize) {
        self.image_shape()
    }

    fn seen(&self) -> (usize, usize) {
        self.seen_shape()
    }

    fn first(&self) -> (usize, usize) {
        (self.rows.first, self.columns.first)
    }

    fn is_periodic(&self) -> bool {
        self.rows.periodic
    }

    fn patch(&self) -> ((usize, usize), &[T]) {
        (self.kernel_shape(), &self.kernel)
    }

    fn autocorrelation(&self) -> &[T] {
        &self.autocorrelation
    }

    fn entry(&self, i: usize, j: usize) -> T {
        self.gram_entry(i, j)
    }

    fn factors(&self) -> Option<(&[T], &[T])> {
        self.factors.as_ref().map(|(u, v)| (&u[..], &v[..]))
    }
}
