//! An operator whose every product ends the run when it was told to stop.

use std::ops::Deref;
use std::sync::Arc;

use sparsea::{Error, Interrupt, Operator, forward_operator};

use super::{Kind, Shared};
use crate::convert::Field;
use crate::run::{Entered, Stop};

/// Forwards to another operator after a look at whether to go on.
pub struct Guarded<T: Field> {
    inner: Shared<T>,
    stop: Arc<Stop>,
    /// Whether products call Python, which must find out whose run it is that they end.
    calls: bool,
    /// The norms of the columns, where an earlier run has measured them.
    norms: Option<Arc<[f64]>>,
}

/// The operator for the time of one product.
struct Product<'g, T: Field> {
    inner: &'g dyn Operator<T>,
    _entered: Option<Entered>,
}

impl<'g, T: Field> Deref for Product<'g, T> {
    type Target = dyn Operator<T> + 'g;

    fn deref(&self) -> &Self::Target {
        self.inner
    }
}

impl<T: Field> Guarded<T> {
    pub fn new(inner: Shared<T>, kind: Kind, stop: Arc<Stop>) -> Self {
        Self { inner, stop, calls: kind == Kind::Called, norms: None }
    }

    /// The same operator with columns that are measured already.
    pub fn measured(self, norms: Arc<[f64]>) -> Self {
        Self { norms: Some(norms), ..self }
    }

    fn guarded(&self) -> Product<'_, T> {
        self.stop.check();
        Product { inner: &*self.inner, _entered: self.calls.then(|| self.stop.enter()) }
    }
}

impl<T: Field> Operator<T> for Guarded<T> {
    forward_operator!(T, self => &self.inner; nrows ncols sparse_column local adjoint_cost gram_block);
    forward_operator!(T, self => &*self.guarded(); apply apply_adjoint apply_adjoint_block column columns
        column_squares gram_columns gram_entries apply_sparse apply_adjoint_on);

    fn column_norms(&self) -> Vec<f64> {
        self.norms.as_ref().map_or_else(|| self.guarded().column_norms(), |norms| norms.to_vec())
    }

    fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        match &self.norms {
            Some(norms) => Ok((norms.to_vec(), 0)),
            None => self.guarded().measure_columns(interrupt),
        }
    }
}
