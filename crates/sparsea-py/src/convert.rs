//! Numbers, vectors and settings from Python and back.

use num_complex::Complex;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};
use sparsea::Scalar;

/// A scalar of the library that NumPy has too.
pub trait Field: Scalar + Element {}

impl Field for f64 {}
impl Field for Complex<f64> {}

/// A copy of a one-dimensional array of exactly this scalar.
pub fn vector<T: Field>(what: &str, array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    let array = array
        .cast::<PyArray1<T>>()
        .map_err(|_| PyTypeError::new_err(format!("{what} must be a one-dimensional array of {}", word::<T>())))?;
    Ok(array.try_readonly()?.as_array().to_vec())
}

/// `float64` or `complex128`.
pub fn word<T: Scalar>() -> &'static str {
    if T::IS_COMPLEX { "complex128" } else { "float64" }
}

/// Settings of an algorithm as the library reads them.
pub fn settings(given: Option<&Bound<'_, PyDict>>) -> PyResult<Map<String, Value>> {
    let mut settings = Map::new();
    for (key, value) in given.into_iter().flatten() {
        let key: String =
            key.extract().map_err(|_| PyTypeError::new_err(format!("a setting has a name, got {key}")))?;
        settings.insert(key, setting(&value)?);
    }
    Ok(settings)
}

/// A value as messages show it, by the rule of `python/sparsea/_input.py`.
fn shown(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.py().import("sparsea._input")?.call_method1("shown", (value,))?.extract()
}

fn setting(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        Ok(Value::Null)
    } else if value.is_instance_of::<PyBool>() {
        Ok(Value::Bool(value.extract()?))
    } else if value.is_instance_of::<PyInt>() {
        // Whole numbers beyond 64 bits are too large for every setting; as words they are refused with their value.
        let number = value.extract::<u64>().map(Number::from).or_else(|_| value.extract::<i64>().map(Number::from));
        number.map(Value::Number).or_else(|_| Ok(Value::String(shown(value)?)))
    } else if value.is_instance_of::<PyFloat>() {
        // What is not finite is no number in JSON, and allowed by no setting.
        Ok(Number::from_f64(value.extract()?).map_or_else(|| Value::String(value.to_string()), Value::Number))
    } else if value.is_instance_of::<PyString>() {
        Ok(Value::String(value.extract()?))
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.map(|item| setting(&item?));
        Ok(Value::Array(items.collect::<PyResult<_>>()?))
    } else if let Ok(item) = value.call_method0("item") {
        // A scalar of NumPy.
        setting(&item)
    } else {
        let rule = "a setting is a number, a word, a boolean or a list of them";
        Err(PyValueError::new_err(format!("{rule}, got {}", shown(value)?)))
    }
}
