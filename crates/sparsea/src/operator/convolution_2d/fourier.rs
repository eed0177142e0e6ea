//! Convolution and correlation of images with a large kernel by fast Fourier transforms, rows first, then columns.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use rustfft::Fft;

use super::axis::Axis;
use crate::operator::fourier::{fast_length, transforms};
use crate::scalar::Scalar;

type Number = Complex<f64>;

/// The transform of a kernel, ready to convolve with it.
#[derive(Clone)]
pub(super) struct FourierPlane {
    /// Rows and columns of the transforms.
    periods: (usize, usize),
    /// By columns.
    spectrum: Vec<Number>,
    /// Of a row and of a column, and back.
    forward: (Arc<dyn Fft<f64>>, Arc<dyn Fft<f64>>),
    inverse: (Arc<dyn Fft<f64>>, Arc<dyn Fft<f64>>),
}

impl fmt::Debug for FourierPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FourierPlane").field("periods", &self.periods).finish_non_exhaustive()
    }
}

/// Numbers in a transform of this direction.
fn period(axis: &Axis) -> usize {
    if axis.periodic { axis.spikes } else { fast_length(axis.spikes.saturating_add(axis.length - 1)) }
}

/// Multiply-adds of one convolution, roughly.
pub(super) fn cost(rows: &Axis, columns: &Axis) -> usize {
    let numbers = period(rows).saturating_mul(period(columns));
    numbers.saturating_mul(8 * (numbers.ilog2() as usize + 1))
}

impl FourierPlane {
    pub(super) fn new<T: Scalar>(kernel: &[T], rows: &Axis, columns: &Axis) -> Self {
        let periods = (period(rows), period(columns));
        let (row, row_back) = transforms(periods.1);
        let (column, column_back) = transforms(periods.0);
        let (forward, inverse) = ((row, column), (row_back, column_back));
        let mut one = Self { periods, spectrum: vec![], forward, inverse };
        let scale = 1.0 / (periods.0 as f64 * periods.1 as f64);
        let part = kernel.chunks(columns.length).enumerate().map(|(l, row)| (l, 0, row));
        one.spectrum = one.transform(part);
        one.spectrum.iter_mut().for_each(|s| *s *= scale);
        one
    }

    /// y_t ← Σ_l h_l x_{t + first − l}.
    pub(super) fn convolve<T: Scalar>(&self, x: &[T], rows: &Axis, columns: &Axis, y: &mut [T]) {
        let part = x.chunks(columns.spikes).enumerate().map(|(j, row)| (j, 0, row));
        let mut plane = self.transform(part);
        plane.iter_mut().zip(&self.spectrum).for_each(|(p, h)| *p *= h);
        let place = |t: usize| (t + rows.first) % self.periods.0;
        self.back(plane, place, columns.first, columns.samples, y);
    }

    /// x_j ← Σ_l conj(h_l) y_{j + l − first}: the adjoint of [`convolve`](Self::convolve).
    pub(super) fn correlate<T: Scalar>(&self, y: &[T], rows: &Axis, columns: &Axis, x: &mut [T]) {
        let part = y
            .chunks(columns.samples)
            .enumerate()
            .map(|(t, row)| ((t + rows.first) % self.periods.0, columns.first, row));
        let mut plane = self.transform(part);
        plane.iter_mut().zip(&self.spectrum).for_each(|(p, h)| *p *= h.conj());
        self.back(plane, |j| j, 0, columns.spikes, x);
    }

    /// The transform, by columns, of a plane that holds the given rows, each at its place and shifted by so much, and is 0 elsewhere.
    fn transform<'v, T: Scalar>(&self, rows: impl Iterator<Item = (usize, usize, &'v [T])>) -> Vec<Number> {
        let (count, length) = self.periods;
        let zero = Number::new(0.0, 0.0);
        let mut plane = vec![zero; count * length];
        let mut scratch = vec![zero; self.forward.0.get_inplace_scratch_len()];
        for (place, shift, values) in rows {
            let row = &mut plane[place * length..(place + 1) * length];
            for (c, value) in values.iter().enumerate() {
                row[(c + shift) % length] = value.to_complex();
            }
            self.forward.0.process_with_scratch(row, &mut scratch);
        }
        let mut transposed = vec![zero; count * length];
        transpose(&plane, count, length, &mut transposed);
        self.forward.1.process(&mut transposed);
        transposed
    }

    /// Row r of `out`, of `width` numbers, from row `place(r)` of the plane, shifted by so much.
    fn back<T: Scalar>(
        &self,
        mut plane: Vec<Number>,
        place: impl Fn(usize) -> usize,
        shift: usize,
        width: usize,
        out: &mut [T],
    ) {
        let (count, length) = self.periods;
        self.inverse.1.process(&mut plane);
        let mut rows = vec![Number::new(0.0, 0.0); count * length];
        transpose(&plane, length, count, &mut rows);
        let mut scratch = vec![Number::new(0.0, 0.0); self.inverse.0.get_inplace_scratch_len()];
        for (r, out) in out.chunks_mut(width).enumerate() {
            let at = place(r);
            let row = &mut rows[at * length..(at + 1) * length];
            self.inverse.0.process_with_scratch(row, &mut scratch);
            for (c, out) in out.iter_mut().enumerate() {
                *out = T::from_complex(row[(c + shift) % length]);
            }
        }
    }
}

/// `out` ← the transpose of `rows` × `columns` numbers, by tiles that stay in the nearest cache.
fn transpose(given: &[Number], rows: usize, columns: usize, out: &mut [Number]) {
    const TILE: usize = 16;
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for r in top..(top + TILE).min(rows) {
                for c in left..(left + TILE).min(columns) {
                    out[c * rows + r] = given[r * columns + c];
                }
            }
        }
    }
}

/// ρ_d = Σ_l conj(h_{l+d}) h_l for rows d = 1 − L … L − 1 and columns alike.
pub(super) fn autocorrelation<T: Scalar>(kernel: &[T], length: (usize, usize)) -> Vec<T> {
    // Correlated with h itself, where each direction shows all of the kernel's shifts by less than its length.
    let axis =
        |length: usize| Axis { spikes: 2 * length - 1, samples: length, first: length - 1, length, periodic: false };
    let (rows, columns) = (axis(length.0), axis(length.1));
    let mut lags = vec![T::ZERO; rows.spikes * columns.spikes];
    FourierPlane::new(kernel, &rows, &columns).correlate(kernel, &rows, &columns, &mut lags);
    // Σ_l conj(h_l) h_{j + l − first} is ρ at first − j.
    lags.reverse();
    lags
}
