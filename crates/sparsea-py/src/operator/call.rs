//! An operator whose products are computed by Python.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use sparsea::LinearMap;
use sparsea::operator::{OperatorError, Profile};

use super::Shared;
use crate::convert::{Field, vector, word};
use crate::error::{InvalidTypeError, InvalidValueError};
use crate::run::Stop;

/// Python calls in progress on the threads of runs.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// Counts a call for as long as it lives.
struct Running;

impl Running {
    fn new() -> Self {
        CALLS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no operator is called any more. Python ends threads that come back to it while it ends, and those of Rust
/// cannot be ended so; a run that was interrupted may still be inside a long call.
#[pyfunction]
pub fn wait_for_calls(py: Python<'_>) -> PyResult<()> {
    while CALLS.load(Ordering::SeqCst) > 0 {
        py.detach(|| std::thread::sleep(Duration::from_millis(5)));
        py.check_signals()?;
    }
    Ok(())
}

/// An operator that calls `apply(x)` and `apply_adjoint(y)` of a Python object, which return arrays of the right type and
/// length; see `python/sparsea/_input.py`. What they raise ends the run on whose behalf they are called, and is raised from it.
///
/// The first product by A is followed by one by its adjoint: to measure the columns takes n products, and an adjoint that is
/// missing or broken should not be found after them.
pub fn called<T: Field>(object: &Bound<'_, PyAny>) -> PyResult<Shared<T>> {
    let shape: (usize, usize) = object.getattr("shape")?.extract()?;
    let (apply, adjoint) = (object.getattr("apply")?.unbind(), object.getattr("apply_adjoint")?.unbind());
    let norms = object.getattr("column_norms")?;
    let mut profile = Profile::default();
    if !norms.is_none() {
        let norms: Vec<f64> = vector("column_norms", &norms)?;
        if norms.len() != shape.1 {
            let message = format!("column_norms has {} entries, but A has {} columns", norms.len(), shape.1);
            return Err(InvalidValueError::new_err(message));
        }
        if let Some(at) = norms.iter().position(|norm| !(*norm >= 0.0 && norm.is_finite())) {
            let rule = "column_norms holds finite numbers of at least 0";
            return Err(InvalidValueError::new_err(format!(
                "{rule}, got {} at index {at} (counted from 0)",
                norms[at]
            )));
        }
        profile = profile.with_column_norms(norms);
    }
    Ok(Arc::new(Called { shape, apply, adjoint, profile, tried: AtomicBool::new(false) }))
}

/// An operator of calls, which fail on behalf of the run that this thread works for.
struct Called {
    shape: (usize, usize),
    apply: Py<PyAny>,
    adjoint: Py<PyAny>,
    profile: Profile,
    /// Whether the adjoint was called.
    tried: AtomicBool,
}

impl<T: Field> LinearMap<T> for Called {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        call(&self.apply, x, y)?;
        if !self.tried.swap(true, Ordering::Relaxed) {
            call(&self.adjoint, y, &mut vec![T::ZERO; self.shape.1])?;
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.tried.store(true, Ordering::Relaxed);
        call(&self.adjoint, y, x)
    }

    fn profile(&self) -> Profile {
        self.profile.clone()
    }
}

/// `out` ← what Python makes of `given`.
fn call<T: Field>(function: &Py<PyAny>, given: &[T], out: &mut [T]) -> Result<(), OperatorError> {
    let _running = Running::new();
    let stop = Stop::entered();
    if stop.requested() {
        return Err(OperatorError::new("the run was told to stop"));
    }
    let done = Python::try_attach(|py| -> PyResult<()> {
        let answer = function.call1(py, (PyArray1::from_slice(py, given),))?;
        let answer = answer.bind(py).cast::<PyArray1<T>>()?;
        if answer.len() != out.len() {
            return Err(InvalidTypeError::new_err(format!("{} numbers of {} are needed", out.len(), word::<T>())));
        }
        for (out, value) in out.iter_mut().zip(answer.try_readonly()?.as_array()) {
            *out = *value;
        }
        Ok(())
    });
    let failure = match done {
        Some(Ok(())) => return Ok(()),
        Some(Err(failure)) => failure,
        None => PyRuntimeError::new_err("Python is ending"),
    };
    stop.fail(failure);
    Err(OperatorError::new("Python raised an exception"))
}
