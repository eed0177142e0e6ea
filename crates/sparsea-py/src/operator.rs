//! The forms of A that come from Python: arrays where they lie, compressed columns, convolutions, steps, ramps, rows of
//! transforms, call-backs.

mod array;
mod call;
mod centered;
mod compressed;
mod convolution;
mod gram;
mod guarded;
mod narrow;
mod steps;
mod transforms;

use std::sync::Arc;

use pyo3::prelude::*;
use sparsea::LinearMap;

pub use array::ArrayOperator;
pub use call::wait_for_calls;
pub use centered::Centered;
pub use compressed::Compressed;
pub use convolution::{Convolution, exponential, gaussian};
pub use gram::Gram;
pub use narrow::{complex as narrow_complex, real as narrow_real};
pub use steps::{Ramps, Steps};
pub use transforms::{PartialDCT, PartialDFT, PartialHadamard};

use crate::convert::Field;
use crate::error::InvalidTypeError;
use crate::run::Stop;
pub use guarded::Guarded;

/// An operator that owns all that it uses.
pub type Shared<T> = Arc<dyn LinearMap<T>>;

/// What an operator from Python is, as far as it matters to where a run takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A matrix, dense or sparse.
    Matrix,
    /// Known by a formula: a convolution, steps, ramps, rows of a transform.
    Formula,
    /// Compiled, but neither.
    Composed,
    /// Products are computed by Python.
    Called,
}

/// A from Python. Products that call Python belong to a run only inside [`Guarded`].
pub fn read<T: Field>(a: &Bound<'_, PyAny>) -> PyResult<(Shared<T>, Kind)> {
    if let Ok(convolution) = a.cast::<Convolution>() {
        Ok((convolution.get().operator()?, Kind::Formula))
    } else if let Ok(steps) = a.cast::<Steps>() {
        Ok((steps.get().operator()?, Kind::Formula))
    } else if let Ok(ramps) = a.cast::<Ramps>() {
        Ok((ramps.get().operator()?, Kind::Formula))
    } else if let Ok(transform) = a.cast::<PartialDCT>() {
        Ok((transform.get().operator()?, Kind::Formula))
    } else if let Ok(transform) = a.cast::<PartialDFT>() {
        Ok((transform.get().operator()?, Kind::Formula))
    } else if let Ok(transform) = a.cast::<PartialHadamard>() {
        Ok((transform.get().operator()?, Kind::Formula))
    } else if let Ok(compressed) = a.cast::<Compressed>() {
        Ok((compressed.get().operator()?, Kind::Matrix))
    } else if let Ok(gram) = a.cast::<Gram>() {
        Ok((gram.get().operator()?, Kind::Matrix))
    } else if let Ok(centered) = a.cast::<Centered>() {
        Ok((centered.get().operator()?, Kind::Composed))
    } else if let Some(array) = ArrayOperator::new(a)? {
        Ok((Arc::new(array), Kind::Matrix))
    } else if let Some(array) = T::narrow(a)? {
        Ok((array, Kind::Matrix))
    } else if a.hasattr("apply_adjoint")? {
        Ok((call::called(a)?, Kind::Called))
    } else {
        Err(InvalidTypeError::new_err(format!("A cannot be a {}", a.get_type().name()?)))
    }
}

/// A from Python, every product of which ends when `stop` says so.
pub fn operator<T: Field>(a: &Bound<'_, PyAny>, stop: &Arc<Stop>) -> PyResult<Shared<T>> {
    let (inner, kind) = read(a)?;
    Ok(Arc::new(Guarded::new(inner, kind, stop.clone())))
}
