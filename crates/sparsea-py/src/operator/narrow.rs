//! A NumPy matrix of numbers narrower than doubles, read where it lies.

use std::ops::Deref;
use std::sync::Arc;

use faer::MatRef;
use num_complex::Complex;
use numpy::{Element, PyArray2};
use pyo3::prelude::*;
use sparsea::operator::{NarrowOperator, Storage, Stored};

use super::Shared;
use super::array::matrix_of;
use crate::convert::Field;

/// A dense matrix in the memory of a NumPy array, which is kept alive for as long.
struct NarrowArray<S: Storage + Element> {
    inner: NarrowOperator<'static, S>,
    _array: Py<PyArray2<S>>,
}

impl<S: Storage + Element> Deref for NarrowArray<S> {
    type Target = NarrowOperator<'static, S>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

/// The operator, if this is a matrix of S.
fn of<T: Field, S: Stored<T> + Element>(object: &Bound<'_, PyAny>) -> PyResult<Option<Shared<T>>> {
    let Ok(array) = object.cast::<PyArray2<S>>() else { return Ok(None) };
    // Kept alive by `_array`, which is dropped after `inner`.
    let matrix: MatRef<'static, S> = matrix_of(array)?;
    Ok(Some(Arc::new(NarrowArray { inner: NarrowOperator::new(matrix), _array: array.clone().unbind() })))
}

/// The operator, if this is a matrix of real numbers of a narrow type.
pub fn real<T: Field>(object: &Bound<'_, PyAny>) -> PyResult<Option<Shared<T>>>
where
    f32: Stored<T>,
    i8: Stored<T>,
    i16: Stored<T>,
    i32: Stored<T>,
    u8: Stored<T>,
{
    for read in [of::<T, f32>, of::<T, i8>, of::<T, i16>, of::<T, i32>, of::<T, u8>] {
        if let Some(found) = read(object)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The operator, if this is a matrix of real or complex numbers of a narrow type.
pub fn complex(object: &Bound<'_, PyAny>) -> PyResult<Option<Shared<Complex<f64>>>> {
    match of::<Complex<f64>, Complex<f32>>(object)? {
        None => real(object),
        found => Ok(found),
    }
}
