//! An operator whose products are zero once the run was told to stop.

use std::sync::Arc;

use faer::MatMut;
use sparsea::operator::Failure;
use sparsea::{Error, Interrupt, Operator, StopReason, forward_operator};

use super::{Kind, Shared};
use crate::convert::Field;
use crate::run::Stop;

/// Forwards to another operator after a look at whether to go on.
pub struct Guarded<T: Field> {
    inner: Shared<T>,
    stop: Arc<Stop>,
    /// Whether products call Python, which must find out whose run it is that they end.
    calls: bool,
    /// The norms of the columns, where an earlier run has measured them.
    norms: Option<Arc<[f64]>>,
}

impl<T: Field> Guarded<T> {
    pub fn new(inner: Shared<T>, kind: Kind, stop: Arc<Stop>) -> Self {
        Self { inner, stop, calls: kind == Kind::Called, norms: None }
    }

    /// The same operator with columns that are measured already.
    pub fn measured(self, norms: Arc<[f64]>) -> Self {
        Self { norms: Some(norms), ..self }
    }

    /// Lets the operator write to `out`, unless the run was told to stop: then `zero` does.
    fn product<O>(&self, mut out: O, write: impl FnOnce(&dyn Operator<T>, &mut O), zero: impl FnOnce(&mut O)) {
        if self.stop.requested() {
            zero(&mut out);
            return;
        }
        let _entered = self.calls.then(|| self.stop.enter());
        write(&*self.inner, &mut out);
    }

    fn slice(&self, out: &mut [T], write: impl FnOnce(&dyn Operator<T>, &mut [T])) {
        self.product(out, |inner, out| write(inner, out), |out| out.fill(T::ZERO));
    }

    fn block(&self, out: MatMut<'_, T>, write: impl FnOnce(&dyn Operator<T>, MatMut<'_, T>)) {
        self.product(out, |inner, out| write(inner, out.as_mut()), |out| out.fill(T::ZERO));
    }

    fn numbers(&self, compute: impl FnOnce(&dyn Operator<T>) -> Vec<f64>) -> Vec<f64> {
        let mut numbers = vec![0.0; self.inner.ncols()];
        self.product(&mut numbers, |inner, out| **out = compute(inner), |_| {});
        numbers
    }
}

impl<T: Field> Operator<T> for Guarded<T> {
    forward_operator!(T, self => &self.inner; nrows ncols sparse_column local adjoint_cost gram_block);

    fn failure(&self) -> Option<Failure> {
        Some(self.stop.failed())
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.slice(y, |inner, y| inner.apply(x, y));
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.slice(x, |inner, x| inner.apply_adjoint(y, x));
    }

    fn apply_adjoint_block(&self, ys: &[&[T]], out: MatMut<'_, T>) {
        self.block(out, |inner, out| inner.apply_adjoint_block(ys, out));
    }

    fn column(&self, j: usize, out: &mut [T]) {
        self.slice(out, |inner, out| inner.column(j, out));
    }

    fn columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.block(out, |inner, out| inner.columns(support, out));
    }

    fn column_norms(&self) -> Vec<f64> {
        self.norms.as_ref().map_or_else(|| self.numbers(|inner| inner.column_norms()), |norms| norms.to_vec())
    }

    fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        if let Some(norms) = &self.norms {
            return Ok((norms.to_vec(), 0));
        }
        let mut measured = Err(Error::Stopped { reason: StopReason::Interrupted });
        self.product(&mut measured, |inner, out| **out = inner.measure_columns(interrupt), |_| {});
        measured
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        self.numbers(|inner| inner.column_squares(weights))
    }

    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.block(out, |inner, out| inner.gram_columns(support, out));
    }

    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.slice(out, |inner, out| inner.gram_entries(rows, j, out));
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        self.slice(y, |inner, y| inner.apply_sparse(support, values, y));
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.slice(out, |inner, out| inner.apply_adjoint_on(support, y, out));
    }
}
