//! An operator whose every product ends the run when it was told to stop.

use std::sync::Arc;

use faer::MatMut;
use sparsea::Operator;
use sparsea::operator::Local;

use super::Shared;
use crate::convert::Field;
use crate::run::Stop;

/// Forwards to another operator after a look at whether to go on.
pub struct Guarded<T: Field> {
    inner: Shared<T>,
    stop: Arc<Stop>,
}

impl<T: Field> Guarded<T> {
    pub fn new(inner: Shared<T>, stop: Arc<Stop>) -> Self {
        Self { inner, stop }
    }

    fn guarded(&self) -> &dyn Operator<T> {
        self.stop.check();
        &*self.inner
    }
}

impl<T: Field> Operator<T> for Guarded<T> {
    fn nrows(&self) -> usize {
        self.inner.nrows()
    }

    fn ncols(&self) -> usize {
        self.inner.ncols()
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.guarded().apply(x, y);
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.guarded().apply_adjoint(y, x);
    }

    fn column(&self, j: usize, out: &mut [T]) {
        self.guarded().column(j, out);
    }

    fn columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.guarded().columns(support, out);
    }

    fn column_norms(&self) -> Vec<f64> {
        self.guarded().column_norms()
    }

    fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        self.guarded().column_squares(weights)
    }

    fn gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.guarded().gram_columns(support, out);
    }

    fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.guarded().gram_entries(rows, j, out);
    }

    fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        self.guarded().apply_sparse(support, values, y);
    }

    fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.guarded().apply_adjoint_on(support, y, out);
    }

    fn local(&self) -> Option<&dyn Local<T>> {
        self.inner.local()
    }

    fn adjoint_cost(&self) -> usize {
        self.inner.adjoint_cost()
    }
}
