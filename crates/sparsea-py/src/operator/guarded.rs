//! An operator as one run sees it: products belong to that run, and none begins once it was told to stop.

use std::sync::Arc;

use sparsea::LinearMap;
use sparsea::operator::{Columns, OperatorError, Profile, Structure};

use super::{Kind, Shared};
use crate::convert::Field;
use crate::run::Stop;

/// An operator for the run that `stop` stops.
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
}

impl<T: Field> LinearMap<T> for Guarded<T> {
    fn shape(&self) -> (usize, usize) {
        self.inner.shape()
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let _entered = self.calls.then(|| self.stop.enter());
        self.inner.apply(x, y)
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        let _entered = self.calls.then(|| self.stop.enter());
        self.inner.apply_adjoint(y, x)
    }

    fn profile(&self) -> Profile {
        let profile = self.inner.profile().with_failure(self.stop.failed());
        match &self.norms {
            Some(norms) => profile.with_column_norms(norms.to_vec()),
            None => profile,
        }
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.inner.columns()
    }

    fn structure(&self) -> Structure<'_, T> {
        self.inner.structure()
    }
}
