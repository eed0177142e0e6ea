//! The forms of A that come from Python: arrays where they lie, compressed columns, convolutions, call-backs.

mod array;
mod call;
mod centered;
mod compressed;
mod convolution;
mod guarded;

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use sparsea::Operator;

pub use call::wait_for_calls;
pub use centered::Centered;
pub use compressed::Compressed;
pub use convolution::{Convolution, exponential, gaussian};

use crate::convert::Field;
use crate::run::Stop;
use guarded::Guarded;

/// An operator that owns all that it uses.
pub type Shared<T> = Arc<dyn Operator<T>>;

/// A from Python, every product of which ends when `stop` says so.
pub fn operator<T: Field>(a: &Bound<'_, PyAny>, stop: &Arc<Stop>) -> PyResult<Shared<T>> {
    let inner: Shared<T> = if let Ok(convolution) = a.cast::<Convolution>() {
        convolution.get().operator()?
    } else if let Ok(compressed) = a.cast::<Compressed>() {
        compressed.get().operator()?
    } else if let Ok(centered) = a.cast::<Centered>() {
        centered.get().operator()?
    } else if let Some(array) = array::ArrayOperator::new(a)? {
        Arc::new(array)
    } else if a.hasattr("apply_adjoint")? {
        call::called(a, stop)?
    } else {
        return Err(PyTypeError::new_err(format!("A cannot be a {}", a.get_type().name()?)));
    };
    Ok(Arc::new(Guarded::new(inner, stop.clone())))
}
