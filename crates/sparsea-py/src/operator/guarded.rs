//! An operator whose every product ends the run when it was told to stop.

use std::sync::Arc;

use sparsea::{Operator, forward_operator};

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
    forward_operator!(T, self => &self.inner; nrows ncols sparse_column local adjoint_cost gram_block);
    forward_operator!(T, self => self.guarded(); apply apply_adjoint apply_adjoint_block column columns
        column_norms measure_columns column_squares gram_columns gram_entries apply_sparse apply_adjoint_on);
}
