//! An operator whose products are computed by Python.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use sparsea::Operator;

use crate::convert::{Field, vector, word};
use crate::run::Stop;

/// Calls `apply(x)` and `apply_adjoint(y)` of a Python object, which return arrays of the right type and length; see
/// `python/sparsea/_input.py`. What they raise ends the run and is raised from it.
pub struct CallOperator<T: Field> {
    nrows: usize,
    ncols: usize,
    apply: Py<PyAny>,
    apply_adjoint: Py<PyAny>,
    column_norms: Option<Vec<f64>>,
    stop: Arc<Stop>,
    scalar: std::marker::PhantomData<T>,
}

/// Calls of Python that are at work on threads of runs.
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

impl<T: Field> CallOperator<T> {
    pub fn new(object: &Bound<'_, PyAny>, stop: Arc<Stop>) -> PyResult<Self> {
        let (nrows, ncols) = object.getattr("shape")?.extract()?;
        let norms = object.getattr("column_norms")?;
        Ok(Self {
            nrows,
            ncols,
            apply: object.getattr("apply")?.unbind(),
            apply_adjoint: object.getattr("apply_adjoint")?.unbind(),
            column_norms: if norms.is_none() { None } else { Some(vector("column_norms", &norms)?) },
            stop,
            scalar: std::marker::PhantomData,
        })
    }

    /// `out` ← what Python makes of `given`.
    fn call(&self, function: &Py<PyAny>, given: &[T], out: &mut [T]) {
        let _running = Running::new();
        self.stop.check();
        let done = Python::try_attach(|py| -> PyResult<()> {
            let answer = function.call1(py, (PyArray1::from_slice(py, given),))?;
            let answer = answer.bind(py).cast::<PyArray1<T>>()?;
            if answer.len() != out.len() {
                return Err(PyTypeError::new_err(format!("{} numbers of {} are needed", out.len(), word::<T>())));
            }
            for (out, value) in out.iter_mut().zip(answer.try_readonly()?.as_array()) {
                *out = *value;
            }
            Ok(())
        });
        match done {
            Some(Ok(())) => {}
            Some(Err(failure)) => self.stop.fail(failure),
            None => self.stop.abandon(),
        }
    }
}

impl<T: Field> Operator<T> for CallOperator<T> {
    fn nrows(&self) -> usize {
        self.nrows
    }

    fn ncols(&self) -> usize {
        self.ncols
    }

    fn apply(&self, x: &[T], y: &mut [T]) {
        self.call(&self.apply, x, y);
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.call(&self.apply_adjoint, y, x);
    }

    fn column_norms(&self) -> Vec<f64> {
        if let Some(norms) = &self.column_norms {
            return norms.clone();
        }
        let mut column = vec![T::ZERO; self.nrows];
        let norm = |j| {
            self.column(j, &mut column);
            // Scaled, so that no square leaves the range of doubles.
            let largest = column.iter().map(|v| sparsea::Scalar::abs(*v)).fold(0.0, f64::max);
            let squares = column.iter().map(|v| (sparsea::Scalar::abs(*v) / largest).powi(2)).sum::<f64>();
            if largest > 0.0 { largest * squares.sqrt() } else { 0.0 }
        };
        (0..self.ncols).map(norm).collect()
    }
}
