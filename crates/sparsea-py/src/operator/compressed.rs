//! A sparse matrix in compressed columns, copied from SciPy.

use std::sync::Arc;

use faer::sparse::{SparseColMat, SymbolicSparseColMat};
use num_complex::Complex;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use sparsea::SparseOperator;
use sparsea::operator::{NarrowSparseOperator, Storage, Stored};

use super::Shared;
use crate::convert::{Field, vector};
use crate::error::{InvalidValueError, refused};

/// A sparse matrix in compressed columns, the rows of each column rising.
#[pyclass(frozen, module = "sparsea._core")]
pub struct Compressed {
    matrix: Either,
}

enum Either {
    Real(Shared<f64>),
    Complex(Shared<Complex<f64>>),
    /// The same real numbers for problems of either scalar.
    Narrow(Shared<f64>, Shared<Complex<f64>>),
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
        let starts = places("starts", starts)?;
        if let Some(matrix) = narrow(shape, &starts, rows, values)? {
            return Ok(Self { matrix });
        }
        let rows = places("rows", rows)?;
        let matrix = if values.cast::<PyArray1<f64>>().is_ok() {
            Either::Real(compress(shape, starts, rows, vector("values", values)?)?)
        } else {
            Either::Complex(compress(shape, starts, rows, vector("values", values)?)?)
        };
        Ok(Self { matrix })
    }
}

impl Compressed {
    /// The operator, whose scalar must be that of the values, unless they are real and narrow.
    pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
        let any: Box<dyn std::any::Any> = match &self.matrix {
            Either::Real(matrix) => Box::new(matrix.clone()),
            Either::Complex(matrix) => Box::new(matrix.clone()),
            Either::Narrow(_, matrix) if T::IS_COMPLEX => Box::new(matrix.clone()),
            Either::Narrow(matrix, _) => Box::new(matrix.clone()),
        };
        any.downcast().map(|matrix| *matrix).map_err(|_| InvalidValueError::new_err("A and y are of different types"))
    }
}

fn places(what: &str, array: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let array = array.cast::<PyArray1<i64>>()?;
    let negative = || InvalidValueError::new_err(format!("{what} of a sparse matrix cannot be negative"));
    let array = array.try_readonly()?;
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

/// The matrix of values of a narrow type, whose rows come in four bytes each.
fn narrow(
    shape: (usize, usize),
    starts: &[usize],
    rows: &Bound<'_, PyAny>,
    values: &Bound<'_, PyAny>,
) -> PyResult<Option<Either>> {
    let Ok(rows) = rows.cast::<PyArray1<u32>>() else { return Ok(None) };
    for read in [real::<f32>, real::<i8>, real::<i16>, real::<i32>, real::<u8>] {
        if let Some(found) = read(shape, starts, rows, values)? {
            return Ok(Some(found));
        }
    }
    Ok(of::<Complex<f32>>(shape, starts, rows, values)?.map(|matrix| Either::Complex(matrix)))
}

fn real<S: Stored<f64> + Stored<Complex<f64>> + Element>(
    shape: (usize, usize),
    starts: &[usize],
    rows: &Bound<'_, PyArray1<u32>>,
    values: &Bound<'_, PyAny>,
) -> PyResult<Option<Either>> {
    Ok(of::<S>(shape, starts, rows, values)?.map(|matrix| Either::Narrow(matrix.clone(), matrix)))
}

/// The operator, if the values are of this type.
fn of<S: Storage + Element>(
    (nrows, ncols): (usize, usize),
    starts: &[usize],
    rows: &Bound<'_, PyArray1<u32>>,
    values: &Bound<'_, PyAny>,
) -> PyResult<Option<Arc<NarrowSparseOperator<S>>>> {
    let Ok(values) = values.cast::<PyArray1<S>>() else { return Ok(None) };
    if starts.len() != ncols + 1 {
        return Err(InvalidValueError::new_err("the parts of the sparse matrix A do not fit each other"));
    }
    let (rows, values) = (rows.try_readonly()?.as_array().to_vec(), values.try_readonly()?.as_array().to_vec());
    let matrix = NarrowSparseOperator::new(nrows, starts.to_vec(), rows, values).map_err(refused)?;
    Ok(Some(Arc::new(matrix)))
}
