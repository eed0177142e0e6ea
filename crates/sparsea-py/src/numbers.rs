//! Numbers as arguments: one rule for whole numbers and one for the others, the same everywhere.
//!
//! A whole number is an integer of Python or NumPy, neither a boolean nor a float. What is right already is read without a
//! call of Python; messages are made only for what is refused.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyRange, PyString, PyTuple};

use crate::error::{InvalidTypeError, InvalidValueError};

/// The largest whole number that the library takes.
const MOST: i64 = i64::MAX;

/// A value as messages show it, by the rule of `python/sparsea/_input.py`.
pub fn shown(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.py().import("sparsea._input")?.call_method1("shown", (value,))?.extract()
}

fn wrong_type(message: &str, given: &Bound<'_, PyAny>) -> PyErr {
    shown(given).map_or_else(|error| error, |shown| InvalidTypeError::new_err(format!("{message}, got {shown}")))
}

fn wrong_value(message: &str, given: &Bound<'_, PyAny>) -> PyErr {
    shown(given).map_or_else(|error| error, |shown| InvalidValueError::new_err(format!("{message}, got {shown}")))
}

/// Whether this is an instance of a class of NumPy.
fn is_numpy(given: &Bound<'_, PyAny>, class: &str) -> PyResult<bool> {
    given.is_instance(&given.py().import("numpy")?.getattr(class)?)
}

/// Whether this is a boolean of Python or NumPy.
pub fn is_boolean(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(given.is_instance_of::<PyBool>() || is_numpy(given, "bool_")?)
}

/// Reads what is true or false; as everywhere in Python, anything is that says which.
#[pyfunction]
pub fn as_flag(what: &str, given: &Bound<'_, PyAny>) -> PyResult<bool> {
    given.is_truthy().map_err(|_| wrong_type(&format!("{what} must be True or False"), given))
}

/// Reads a whole number of any size; `rule` says what it must be.
#[pyfunction]
pub fn as_index<'py>(rule: &str, given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if given.is_exact_instance_of::<PyInt>() {
        return Ok(given.clone());
    }
    if is_boolean(given)? {
        return Err(wrong_type(rule, given));
    }
    given
        .py()
        .import("operator")?
        .call_method1("index", (given,))
        .map_err(|error| if error.is_instance_of::<PyTypeError>(given.py()) { wrong_type(rule, given) } else { error })
}

/// Reads a whole number from `least` to `most`.
#[pyfunction]
#[pyo3(signature = (what, given, least, most = MOST))]
pub fn as_whole(what: &str, given: &Bound<'_, PyAny>, least: i64, most: i64) -> PyResult<i64> {
    if given.is_exact_instance_of::<PyInt>()
        && let Ok(value) = given.extract::<i64>()
        && (least..=most).contains(&value)
    {
        return Ok(value);
    }
    let range = if most == MOST { format!("of at least {least}") } else { format!("from {least} to {most}") };
    let rule = format!("{what} must be a whole number {range}");
    let index = as_index(&rule, given)?;
    match index.extract::<i64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        // Beyond 64 bits, on either side.
        Err(_) if most == MOST && index.gt(0)? => Err(wrong_value(&format!("{what} is too large"), &index)),
        _ => Err(wrong_value(&rule, given)),
    }
}

/// Reads k, of which there may be as many as A has rows and columns, and no fewer than `least`.
#[pyfunction]
#[pyo3(signature = (k, shape, least = 0))]
pub fn as_sparsity(k: &Bound<'_, PyAny>, shape: (usize, usize), least: usize) -> PyResult<usize> {
    sparsity("k", k, shape, least)
}

/// Reads one k for all vectors of data, or for a batch of `count` a sequence of as many.
pub fn as_sparsities(k: &Bound<'_, PyAny>, shape: (usize, usize), count: Option<usize>) -> PyResult<Vec<usize>> {
    let Some(count) = count.filter(|_| is_vector(k).unwrap_or(false)) else {
        return sparsity("k", k, shape, 0).map(|k| vec![k]);
    };
    let given = k.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    if given.len() != count {
        let (entries, columns) = (given.len(), if count == 1 { "column" } else { "columns" });
        return Err(InvalidValueError::new_err(format!("k has {entries} entries, but Y has {count} {columns}")));
    }
    given.iter().enumerate().map(|(at, k)| sparsity(&format!("k[{at}]"), k, shape, 0)).collect()
}

fn sparsity(what: &str, k: &Bound<'_, PyAny>, shape: (usize, usize), least: usize) -> PyResult<usize> {
    let (limit, dimension) = if shape.0 < shape.1 { (shape.0, "rows") } else { (shape.1, "columns") };
    let index = as_index(&format!("{what} must be a whole number of at least {least}"), k)?;
    if limit == 0 {
        // That A is empty is said later.
        return as_whole(what, &index, least as i64, MOST).map(|k| k as usize);
    }
    match index.extract::<usize>() {
        Ok(value) if (least..=limit).contains(&value) => Ok(value),
        _ => {
            Err(wrong_value(&format!("{what} must be between {least} and {limit} (the number of {dimension})"), &index))
        }
    }
}

/// Whether this is a sequence of numbers: a list, a tuple, a range, an array or a series.
fn is_vector(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if is_numpy(given, "ndarray")? {
        return Ok(given.getattr("ndim")?.extract::<usize>()? > 0);
    }
    let listed = given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>();
    Ok(listed || given.is_instance_of::<PyRange>() || given.hasattr("to_numpy")?)
}

/// Reads a number of double precision; `rule` says which numbers the caller takes.
#[pyfunction]
pub fn as_number(what: &str, rule: &str, given: &Bound<'_, PyAny>) -> PyResult<f64> {
    if given.is_exact_instance_of::<PyFloat>() {
        return given.extract();
    }
    let message = || format!("{what} must be {rule}");
    let py = given.py();
    let mut number = given.clone();
    if is_numpy(given, "ndarray")? && given.getattr("ndim")?.extract::<usize>()? == 0 {
        number = given.call_method0("item")?;
    }
    let numbers = py.import("numbers")?;
    let wrong = is_boolean(&number)?
        || number.is_instance_of::<PyString>()
        || number.is_instance_of::<PyBytes>()
        || is_numpy(&number, "ndarray")?
        || (number.is_instance(&numbers.getattr("Complex")?)? && !number.is_instance(&numbers.getattr("Real")?)?)
        || !number.hasattr("__float__")?;
    if wrong {
        return Err(wrong_type(&message(), given));
    }
    number.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyTypeError>(py) {
            wrong_type(&message(), given)
        } else if error.is_instance_of::<PyValueError>(py) || error.is_instance_of::<PyOverflowError>(py) {
            wrong_value(&message(), given)
        } else {
            error
        }
    })
}

/// Reads a number of double precision that `fits`.
pub fn number(what: &str, rule: &str, given: &Bound<'_, PyAny>, fits: impl Fn(f64) -> bool) -> PyResult<f64> {
    let value = as_number(what, rule, given)?;
    if fits(value) { Ok(value) } else { Err(wrong_value(&format!("{what} must be {rule}"), given)) }
}
