//! Errors of the library as exceptions of Python.

use pyo3::{PyErr, import_exception};
use sparsea::Error;

import_exception!(sparsea._errors, InvalidTypeError);
import_exception!(sparsea._errors, InvalidValueError);
import_exception!(sparsea._errors, MemoryLimitError);

/// The exception for an input that the library refused: its message is the library's, the rule and the value.
pub fn refused(error: Error) -> PyErr {
    match error {
        Error::StateMemory { .. } | Error::TooLarge { .. } => MemoryLimitError::new_err(error.to_string()),
        error => InvalidValueError::new_err(error.to_string()),
    }
}
