//! The same operator with columns of unit norm.

use std::sync::{Arc, Mutex, PoisonError};

use faer::MatMut;

use super::{Failure, Local, Operator, contiguous};
use crate::scalar::Scalar;

/// A D with D = diag(1/‖a_j‖): any operator with its columns scaled to unit norm. Zero columns stay zero.
///
/// If z solves a problem with A D, then x = D z solves it with A: [`unscale`](Self::unscale).
pub struct Normalized<'a, T: Scalar> {
    inner: &'a dyn Operator<T>,
    /// 1/‖a_j‖, or 0 for a zero column.
    scales: Arc<[f64]>,
    /// Holds D x while A is applied; a second caller at the same time makes its own.
    scratch: Mutex<Vec<T>>,
}

impl<'a, T: Scalar> Normalized<'a, T> {
    /// Measures the columns of `inner` and scales them.
    pub fn new(inner: &'a dyn Operator<T>) -> Self {
        let mut norms = inner.column_norms();
        if norms.len() != inner.ncols() {
            // Stated by the operator, and of another: see `FunctionOperator::with_column_norms`.
            norms = measured(inner);
        }
        Self::with_scales(inner, norms.iter().map(|&norm| inverse(norm)).collect())
    }

    /// Scales the columns of `inner` by given factors.
    pub(crate) fn with_scales(inner: &'a dyn Operator<T>, scales: Arc<[f64]>) -> Self {
        Self { inner, scales, scratch: Mutex::new(Vec::new()) }
    }

    /// The factors 1/‖a_j‖ (0 for a zero column).
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// x_S ← D_S z_S: coefficients for A from coefficients for A D.
    pub fn unscale(&self, support: &[usize], values: &mut [T]) {
        for (&j, value) in support.iter().zip(values) {
            *value = value.scale(self.scales[j]);
        }
    }

    fn with_scratch<R>(&self, scaled: impl Iterator<Item = T>, use_it: impl FnOnce(&[T]) -> R) -> R {
        match self.scratch.try_lock() {
            Ok(mut scratch) => {
                scratch.clear();
                scratch.extend(scaled);
                use_it(&scratch)
            }
            Err(std::sync::TryLockError::Poisoned(poisoned)) => {
                let mut scratch = PoisonError::into_inner(poisoned);
                scratch.clear();
                scratch.extend(scaled);
                use_it(&scratch)
            }
            Err(std::sync::TryLockError::WouldBlock) => use_it(&scaled.collect::<Vec<T>>()),
        }
    }
}

/// ‖a_j‖ of every column, one after the other.
fn measured<T: Scalar>(operator: &dyn Operator<T>) -> Vec<f64> {
    let mut column = vec![T::ZERO; operator.nrows()];
    let norm_of = |j| {
        operator.column(j, &mut column);
        crate::kernels::norm(&column)
    };
    (0..operator.ncols()).map(norm_of).collect()
}

/// 1/norm, and 0 for a zero column, which thereby never correlates with anything.
pub(crate) fn inverse(norm: f64) -> f64 {
    if norm > 0.0 { norm.recip() } else { 0.0 }
}

impl<T: Scalar> Operator<T> for Normalized<'_, T> {
    fn nrows(&self) -> usize {
        self.inner.nrows()
    }

    fn ncols(&self) -> usize {
        self.inner.ncols()
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.with_scratch(x.iter().zip(self.scales.iter()).map(|(x, &d)| x.scale(d)), |x| self.inner.apply(x, y));
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.inner.apply_adjoint(y, x);
        for (x, &d) in x.iter_mut().zip(self.scales.iter()) {
            *x = x.scale(d);
        }
    }

    fn apply_adjoint_block(&self, ys: &[&[T]], mut out: MatMut<'_, T>) {
        self.inner.apply_adjoint_block(ys, out.as_mut());
        for column in out.col_iter_mut() {
            for (x, &d) in contiguous(column).iter_mut().zip(self.scales.iter()) {
                *x = x.scale(d);
            }
        }
    }

    fn column(&self, j: usize, out: &mut [T]) {
        self.inner.column(j, out);
        let scale = self.scales[j];
        for v in out {
            *v = v.scale(scale);
        }
    }

    fn columns(&self, support: &[usize], mut out: MatMut<'_, T>) {
        self.inner.columns(support, out.as_mut());
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let scale = self.scales[j];
            for v in contiguous(column) {
                *v = v.scale(scale);
            }
        }
    }

    fn column_norms(&self) -> Vec<f64> {
        self.scales.iter().map(|&d| if d > 0.0 { 1.0 } else { 0.0 }).collect()
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        let squares = self.inner.column_squares(weights);
        squares.iter().zip(self.scales.iter()).map(|(square, d)| square * d * d).collect()
    }

    fn gram_columns(&self, support: &[usize], mut out: MatMut<'_, T>) {
        self.inner.gram_columns(support, out.as_mut());
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            let scale = self.scales[j];
            for (v, &d) in contiguous(column).iter_mut().zip(self.scales.iter()) {
                *v = v.scale(d * scale);
            }
        }
    }

    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.inner.gram_entries(rows, j, out);
        let scale = self.scales[j];
        for (&i, v) in rows.iter().zip(out) {
            *v = v.scale(self.scales[i] * scale);
        }
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        let scaled = support.iter().zip(values).map(|(&j, value)| value.scale(self.scales[j]));
        self.with_scratch(scaled, |values| self.inner.apply_sparse(support, values, y));
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.inner.apply_adjoint_on(support, y, out);
        for (&j, v) in support.iter().zip(out) {
            *v = v.scale(self.scales[j]);
        }
    }

    fn sparse_column(&self, j: usize, visit: &mut dyn FnMut(usize, T)) -> bool {
        let scale = self.scales[j];
        self.inner.sparse_column(j, &mut |i, value| visit(i, value.scale(scale)))
    }

    fn local(&self) -> Option<&dyn Local<T>> {
        self.inner.local().map(|_| self as &dyn Local<T>)
    }

    fn failure(&self) -> Option<Failure> {
        self.inner.failure()
    }

    fn adjoint_cost(&self) -> usize {
        self.inner.adjoint_cost()
    }

    fn gram_block(&self) -> usize {
        self.inner.gram_block()
    }
}

impl<T: Scalar> Local<T> for Normalized<'_, T> {
    fn reach(&self) -> usize {
        self.inner.local().map_or(usize::MAX, Local::reach)
    }

    fn period(&self) -> Option<usize> {
        self.inner.local().and_then(Local::period)
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let at = out.len();
        let first = self.inner.local().map_or(0, |local| local.segment(j, out));
        for v in &mut out[at..] {
            *v = v.scale(self.scales[j]);
        }
        first
    }
}

impl<T: Scalar> std::fmt::Debug for Normalized<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Normalized").field("nrows", &self.nrows()).field("ncols", &self.ncols()).finish()
    }
}
