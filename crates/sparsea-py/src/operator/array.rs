//! A NumPy matrix, read where it lies.

use std::ops::Deref;

use faer::MatRef;
use numpy::{Element, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use sparsea::DenseOperator;

use crate::convert::Field;
use crate::error::InvalidValueError;

/// A dense matrix in the memory of a NumPy array, which is kept alive for as long.
pub struct ArrayOperator<T: Field> {
    inner: DenseOperator<'static, T>,
    matrix: MatRef<'static, T>,
    _array: Py<PyArray2<T>>,
}

impl<T: Field> ArrayOperator<T> {
    /// The matrix, or `None` if this is no matrix of the scalar T.
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let Ok(array) = object.cast::<PyArray2<T>>() else { return Ok(None) };
        let matrix = matrix_of(array)?;
        Ok(Some(Self { inner: DenseOperator::new(matrix), matrix, _array: array.clone().unbind() }))
    }

    /// Its entries.
    pub fn matrix(&self) -> MatRef<'_, T> {
        self.matrix
    }
}

impl<T: Field> Deref for ArrayOperator<T> {
    type Target = DenseOperator<'static, T>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

/// The numbers of an array where they lie. Whoever holds the matrix must keep the array.
pub(super) fn matrix_of<S: Element>(array: &Bound<'_, PyArray2<S>>) -> PyResult<MatRef<'static, S>> {
    let size = size_of::<S>() as isize;
    let aligned = array.data().is_aligned() && array.strides().iter().all(|stride| stride % size == 0);
    if !aligned {
        return Err(InvalidValueError::new_err("the numbers of A do not lie where the processor can read them"));
    }
    let (rows, columns) = (array.shape()[0], array.shape()[1]);
    let (down, right) = (array.strides()[0] / size, array.strides()[1] / size);
    // SAFETY: NumPy vouches that these strides reach `rows` × `columns` numbers of type S from `data`, aligned as was just
    // checked. The array is kept alive by the operator that holds the matrix, and NumPy does not move the memory of an array to
    // which there is a reference. Nothing here writes to it. Another thread of Python that writes to it during a run makes wrong
    // numbers, as it does for NumPy's own functions that release the GIL. Every pattern of bits is a number of the types that are read.
    #[allow(unsafe_code)]
    let matrix = unsafe { MatRef::from_raw_parts(array.data().cast_const(), rows, columns, down, right) };
    Ok(matrix)
}
