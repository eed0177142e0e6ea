//! Numbers, vectors and settings from Python and back.

use num_complex::Complex;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde_json::{Map, Number, Value};
use sparsea::Scalar;

use crate::error::{InvalidTypeError, InvalidValueError};
use crate::numbers::shown;
use crate::operator::{Shared, narrow_complex, narrow_real};

/// A scalar of the library that NumPy has too.
pub trait Field: Scalar + Element {
    /// An array of a type whose numbers are exactly numbers of this scalar, as an operator.
    fn narrow(array: &Bound<'_, PyAny>) -> PyResult<Option<Shared<Self>>>;
}

impl Field for f64 {
    fn narrow(array: &Bound<'_, PyAny>) -> PyResult<Option<Shared<Self>>> {
        narrow_real(array)
    }
}

impl Field for Complex<f64> {
    fn narrow(array: &Bound<'_, PyAny>) -> PyResult<Option<Shared<Self>>> {
        narrow_complex(array)
    }
}

/// A copy of a one-dimensional array of exactly this scalar.
pub fn vector<T: Field>(what: &str, array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    let array = array
        .cast::<PyArray1<T>>()
        .map_err(|_| InvalidTypeError::new_err(format!("{what} must be a one-dimensional array of {}", word::<T>())))?;
    Ok(array.try_readonly()?.as_array().to_vec())
}

/// `float64` or `complex128`.
pub fn word<T: Scalar>() -> &'static str {
    if T::IS_COMPLEX { "complex128" } else { "float64" }
}

/// Settings of an algorithm as the library reads them.
pub fn settings(given: Option<&Bound<'_, PyMapping>>) -> PyResult<Map<String, Value>> {
    let mut settings = Map::new();
    let Some(given) = given else { return Ok(settings) };
    for item in given.items()? {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let key: String =
            key.extract().map_err(|_| InvalidTypeError::new_err(format!("a setting has a name, got {key}")))?;
        settings.insert(key, setting(&value)?);
    }
    Ok(settings)
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
        Err(InvalidValueError::new_err(format!("{rule}, got {}", shown(value)?)))
    }
}
