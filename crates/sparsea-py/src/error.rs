//! Errors of the library as exceptions of Python.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use sparsea::Error;

/// The exception for an input that the library refused: its message is the library's, the rule and the value.
pub fn refused(error: Error) -> PyErr {
    match error {
        Error::StateMemory { .. } | Error::TooLarge { .. } => PyMemoryError::new_err(error.to_string()),
        error => PyValueError::new_err(error.to_string()),
    }
}
