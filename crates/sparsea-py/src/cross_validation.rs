//! Cross-validation for `sparsea.sklearn`.

use std::sync::Arc;

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::{CrossValidation, Error, Fold};

use crate::convert::vector;
use crate::error::InvalidTypeError;
use crate::operator::ArrayOperator;
use crate::pool::within;
use crate::request::{ProblemOptions, Request};
use crate::run::{Caller, Stop, beside};

/// Training and test rows.
type Rows<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// The mean squared errors on the test rows for k = 1 … `largest` and each fold, or nothing where numbers leave the range in which
/// all folds can be computed together: their own computations then say what is wrong, if anything is.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one call from Python")]
pub fn cross_validate<'py>(
    table: &Bound<'py, PyAny>,
    target: &Bound<'py, PyAny>,
    weights: Option<&Bound<'py, PyAny>>,
    intercept: bool,
    precision: (Bound<'py, PyAny>, f64),
    folds: Vec<Rows<'py>>,
    largest: usize,
    options: &Bound<'py, PyDict>,
) -> PyResult<Option<Bound<'py, PyArray2<f64>>>> {
    let py = table.py();
    let request = Request::<f64>::new(options, Some(ProblemOptions::default()), None, None, |_| vec!["search"])?;
    let Some(array) = ArrayOperator::<f64>::new(table)? else {
        return Err(InvalidTypeError::new_err("X must be a two-dimensional array of float64"));
    };
    let target: Vec<f64> = vector("y", target)?;
    let weights: Option<Vec<f64>> = weights.map(|weights| vector("the weights", weights)).transpose()?;
    let columns: Vec<f64> = vector("the precision", &precision.0)?;
    let rows = |rows: &Bound<'py, PyArray1<i64>>| -> PyResult<Vec<usize>> {
        // What is below 0 is beyond every row.
        let row = |&row: &i64| usize::try_from(row).unwrap_or(usize::MAX);
        Ok(rows.try_readonly()?.as_array().iter().map(row).collect())
    };
    let folds: Vec<(Vec<usize>, Vec<usize>)> =
        folds.iter().map(|(train, test)| Ok((rows(train)?, rows(test)?))).collect::<PyResult<_>>()?;
    let stop = Arc::new(Stop::default());
    let interrupt = stop.interrupt();
    let threads = request.threads;
    let work = move || {
        let folds: Vec<Fold<'_>> = folds.iter().map(|(train, test)| Fold { train, test }).collect();
        let mut validation = CrossValidation::new(array.matrix(), &target)
            .intercept(intercept)
            .precision(&columns, precision.1)
            .memory(request.problem.memory)
            .interrupt(interrupt);
        if let Some(weights) = &weights {
            validation = validation.weights(weights);
        }
        if let Some(time) = request.limits.time {
            validation = validation.time(time);
        }
        if let Some(limit) = request.limits.relative_residual {
            validation = validation.relative_residual(limit);
        }
        validation.errors(&folds, largest)
    };
    let work = move |_: &Caller<PyResult<Result<faer::Mat<f64>, Error>>>| within(threads, work);
    let Ok(errors) = beside(py, &stop, work)?? else { return Ok(None) };
    let row = |k| (0..errors.ncols()).map(|fold| errors[(k, fold)]).collect();
    let rows: Vec<Vec<f64>> = (0..errors.nrows()).map(row).collect();
    Ok(Some(PyArray2::from_vec2(py, &rows)?))
}
