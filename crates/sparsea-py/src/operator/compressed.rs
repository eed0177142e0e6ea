//! A sparse matrix in compressed columns, copied from SciPy.

use std::sync::Arc;

use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use num_complex::Complex;
use numpy::PyArray1;
use pyo3::prelude::*;
use sparsea::SparseOperator;

use super::Shared;
use crate::convert::{Field, vector};
use crate::error::InvalidValueError;

/// A sparse matrix in compressed columns, the rows of each column rising.
#[pyclass(frozen, module = "sparsea._core")]
pub struct Compressed {
    matrix: Either,
}

enum Either {
    Real(Shared<f64>),
    Complex(Shared<Complex<f64>>),
}

#[pymethods]
impl Compressed {
    #[new]
    fn new(
        shape: (usize, usize),
        starts: &Bound<'_, PyAny>,
        rows: &Bound<'_, PyAny>,
        values: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let (starts, rows) = (places("starts", starts)?, places("rows", rows)?);
        let matrix = if values.cast::<PyArray1<f64>>().is_ok() {
            Either::Real(compress(shape, starts, rows, vector("values", values)?)?)
        } else {
            Either::Complex(compress(shape, starts, rows, vector("values", values)?)?)
        };
        Ok(Self { matrix })
    }
}

impl Compressed {
    /// The operator, whose scalar must be that of the values.
    pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
        let any: Box<dyn std::any::Any> = match &self.matrix {
            Either::Real(matrix) => Box::new(matrix.clone()),
            Either::Complex(matrix) => Box::new(matrix.clone()),
        };
        any.downcast().map(|matrix| *matrix).map_err(|_| InvalidValueError::new_err("A and y are of different types"))
    }
}

fn places(what: &str, array: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let array = array.cast::<PyArray1<i64>>()?;
    let negative = || InvalidValueError::new_err(format!("{what} of a sparse matrix cannot be negative"));
    let array = numpy::PyArrayMethods::try_readonly(array)?;
    array.as_array().iter().map(|&place| usize::try_from(place).map_err(|_| negative())).collect()
}

fn compress<T: Field>(
    (nrows, ncols): (usize, usize),
    starts: Vec<usize>,
    rows: Vec<usize>,
    values: Vec<T>,
) -> PyResult<Shared<T>> {
    let ends = starts.len() == ncols + 1 && starts[0] == 0 && starts[ncols] == values.len();
    let rising = starts.windows(2).all(|pair| pair[0] <= pair[1]);
    let sorted = |pair: &[usize]| rows[pair[0]..pair[1]].windows(2).all(|pair| pair[0] < pair[1]);
    let inside = rows.len() == values.len() && rows.iter().all(|&row| row < nrows);
    if !(ends && rising && inside && starts.windows(2).all(sorted)) {
        return Err(InvalidValueError::new_err("the parts of the sparse matrix A do not fit each other"));
    }
    let structure = SymbolicSparseColMat::new_checked(nrows, ncols, starts, None, rows);
    Ok(Arc::new(SparseOperator::owned(SparseColMat::new(structure, values))))
}
