//! Sufficient statistics from NumPy, checked and factorised once.

use std::any::Any;
use std::sync::Arc;

use faer::MatRef;
use num_complex::Complex;
use numpy::{PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use sparsea::GramData;

use super::Shared;
use crate::convert::{Field, vector};
use crate::error::{InvalidValueError, refused};
use crate::solve::columns;

/// AᴴA, Aᴴy, yᴴy and the rows of A.
#[pyclass(frozen, module = "sparsea._core")]
pub struct Gram {
    either: Either,
    /// The rank of AᴴA, to rounding.
    #[pyo3(get)]
    rank: usize,
}

enum Either {
    Real(Statistics<f64>),
    Complex(Statistics<Complex<f64>>),
}

/// What stands for A and y, or for A and the columns of Y.
#[derive(Clone)]
pub struct Statistics<T: Field> {
    operator: Arc<sparsea::Gram<T>>,
    pub data: Arc<[GramData<T>]>,
    pub batch: bool,
}

#[pymethods]
impl Gram {
    #[new]
    fn new(
        gram: &Bound<'_, PyAny>,
        correlation: &Bound<'_, PyAny>,
        squares: &Bound<'_, PyAny>,
        rows: usize,
        precision: f64,
    ) -> PyResult<Self> {
        let squares = vector::<f64>("yty", squares)?;
        if gram.cast::<PyArray2<f64>>().is_ok() {
            let found = Statistics::<f64>::new(gram, correlation, squares, rows, precision)?;
            Ok(Self { rank: found.operator.rank(), either: Either::Real(found) })
        } else {
            let found = Statistics::<Complex<f64>>::new(gram, correlation, squares, rows, precision)?;
            Ok(Self { rank: found.operator.rank(), either: Either::Complex(found) })
        }
    }
}

impl Gram {
    /// The operator, whose scalar must be that of the statistics.
    pub fn operator<T: Field>(&self) -> PyResult<Shared<T>> {
        Ok(self.statistics::<T>()?.operator)
    }

    /// What stands for A and y.
    pub fn statistics<T: Field>(&self) -> PyResult<Statistics<T>> {
        let any: Box<dyn Any> = match &self.either {
            Either::Real(statistics) => Box::new(statistics.clone()),
            Either::Complex(statistics) => Box::new(statistics.clone()),
        };
        any.downcast().map(|found| *found).map_err(|_| InvalidValueError::new_err("A and y are of different types"))
    }
}

impl<T: Field> Statistics<T> {
    fn new(
        gram: &Bound<'_, PyAny>,
        correlation: &Bound<'_, PyAny>,
        squares: Vec<f64>,
        rows: usize,
        precision: f64,
    ) -> PyResult<Self> {
        let (correlations, batch) = columns::<T>(correlation)?;
        let gram = gram.cast::<PyArray2<T>>()?.try_readonly()?;
        let gram = gram.as_array();
        let n = gram.nrows();
        if correlations.len() != squares.len() {
            return Err(InvalidValueError::new_err("Aty and yty are of different lengths"));
        }
        // By columns; G is self-adjoint, so that its rows are these conjugated, but that is still to be checked.
        let values: Vec<T> = gram.t().iter().copied().collect();
        let columns = gram.ncols();
        let py = correlation.py();
        let (operator, data) = py
            .detach(|| {
                let gram = MatRef::from_column_major_slice(&values, n, columns);
                let operator = sparsea::Gram::with_precision(gram, rows, precision)?;
                drop(values);
                let each = correlations.iter().zip(squares);
                let data = each.map(|(correlation, square)| operator.data(correlation, square));
                let data = data.collect::<Result<Arc<[_]>, _>>()?;
                Ok((operator, data))
            })
            .map_err(refused)?;
        Ok(Self { operator: Arc::new(operator), data, batch })
    }
}
