//! A and y read, checked and measured once, for any number of runs.

use std::sync::Arc;

use num_complex::Complex;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::algorithms::default_for;
use sparsea::operator::Structure;
use sparsea::{LinearMap, Problem as Measured, SharedGram, check_adjoint};

use crate::convert::Field;
use crate::error::refused;
use crate::numbers::as_sparsity;
use crate::operator::{Guarded, Kind, Shared, read};
use crate::pool::within;
use crate::request::{ProblemOptions, Request};
use crate::run::{Caller, Stop, beside, here};
use crate::solve::{Form, columns, is_complex, measures_briefly, path, solved};

/// What `python/sparsea/_problem.py` makes a problem of: A, y, and what is known of them.
///
/// It holds nothing that a run changes but Gram columns, whose bits do not depend on who asked first; so any number of threads
/// may solve at a time.
#[pyclass(frozen, module = "sparsea._core")]
pub struct Problem {
    either: Either,
    options: ProblemOptions,
    /// Whether y is a matrix.
    batch: bool,
}

enum Either {
    Real(Prepared<f64>),
    Complex(Prepared<Complex<f64>>),
}

struct Prepared<T: Field> {
    operator: Shared<T>,
    /// Gram columns, kept from run to run.
    gram: Option<Arc<SharedGram<T>>>,
    kind: Kind,
    column_norms: Arc<[f64]>,
    data: Arc<[Vec<T>]>,
    data_norms: Vec<f64>,
}

#[pymethods]
impl Problem {
    #[new]
    fn new(a: &Bound<'_, PyAny>, data: &Bound<'_, PyAny>, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let options = ProblemOptions::new(options)?;
        let (either, batch) = if is_complex(data) {
            let (prepared, batch) = Prepared::new(a, data, options)?;
            (Either::Complex(prepared), batch)
        } else {
            let (prepared, batch) = Prepared::new(a, data, options)?;
            (Either::Real(prepared), batch)
        };
        Ok(Self { either, options, batch })
    }

    /// The fields of the solution for each vector of data.
    fn solve<'py>(
        &self,
        k: &Bound<'py, PyAny>,
        start: Option<&Bound<'py, PyAny>>,
        display: Option<&Bound<'py, PyAny>>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        match &self.either {
            Either::Real(prepared) => prepared.solve(self, k, start, display, options),
            Either::Complex(prepared) => prepared.solve(self, k, start, display, options),
        }
    }

    /// The fields of the solutions for k = 1 … K, each from its neighbours, for one vector of data.
    fn sparsity_path<'py>(
        &self,
        largest: &Bound<'py, PyAny>,
        thorough: bool,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        match &self.either {
            Either::Real(prepared) => prepared.sparsity_path(self, largest, thorough, options),
            Either::Complex(prepared) => prepared.sparsity_path(self, largest, thorough, options),
        }
    }

    /// ‖a_j‖ for every column.
    #[getter]
    fn column_norms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(
            py,
            match &self.either {
                Either::Real(prepared) => &prepared.column_norms,
                Either::Complex(prepared) => &prepared.column_norms,
            },
        )
    }

    /// ‖y‖ for every vector of data.
    #[getter]
    fn data_norms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(
            py,
            match &self.either {
                Either::Real(prepared) => &prepared.data_norms,
                Either::Complex(prepared) => &prepared.data_norms,
            },
        )
    }
}

impl<T: Field> Prepared<T> {
    /// Reads, checks and measures A and y, and says whether y is a matrix.
    fn new(a: &Bound<'_, PyAny>, data: &Bound<'_, PyAny>, options: ProblemOptions) -> PyResult<(Self, bool)> {
        let py = a.py();
        let (operator, kind) = read::<T>(a)?;
        let (data, batch) = columns::<T>(data)?;
        let data: Arc<[Vec<T>]> = data.into();
        let stop = Arc::new(Stop::default());
        let (guarded, given, interrupt) =
            (Guarded::new(operator.clone(), kind, stop.clone()), data.clone(), stop.interrupt());
        let measure = move || {
            if options.check_adjoint {
                check_adjoint(&guarded, 0)?;
            }
            // Any k will do, and for a batch without columns any y.
            let zero = vec![T::ZERO; if given.is_empty() { guarded.shape().0 } else { 0 }];
            let measured = Measured::new_until(&guarded, given.first().unwrap_or(&zero), 1, &interrupt)?;
            let norms = given.iter().map(|data| Ok(measured.with_data(data)?.data_norm()));
            Ok((measured.column_norms().into(), norms.collect::<Result<_, sparsea::Error>>()?))
        };
        type Norms = (Arc<[f64]>, Vec<f64>);
        let measure = move |_: &Caller<PyResult<Norms>>| within(None, measure)?.map_err(refused);
        let (column_norms, data_norms) =
            if measures_briefly(&*operator, kind) { here(py, &stop, measure)?? } else { beside(py, &stop, measure)?? };
        // Where columns are known by a formula and overlap only their neighbours, or are steps, computing a Gram column is as fast as
        // copying it.
        let computed = kind == Kind::Formula
            && matches!(operator.structure(), Structure::Local(_) | Structure::Planar(_) | Structure::Steps);
        let copied = !computed;
        let gram = copied.then(|| Arc::new(SharedGram::new(operator.shape().1, options.memory.gram)));
        Ok((Self { operator, gram, kind, column_norms, data, data_norms }, batch))
    }

    fn solve<'py>(
        &self,
        problem: &Problem,
        k: &Bound<'py, PyAny>,
        start: Option<&Bound<'py, PyAny>>,
        display: Option<&Bound<'py, PyAny>>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let sparsity = as_sparsity(k, self.operator.shape())?;
        let (form, stop, request) = self.request(problem, sparsity, start, display, options)?;
        solved(k.py(), stop, form, self.data.clone(), problem.batch, sparsity, request)
    }

    fn sparsity_path<'py>(
        &self,
        problem: &Problem,
        largest: &Bound<'py, PyAny>,
        thorough: bool,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let sparsity = as_sparsity(largest, self.operator.shape())?;
        let (form, stop, request) = self.request(problem, sparsity, None, None, options)?;
        path(largest.py(), stop, form, self.data.clone(), sparsity, thorough, request)
    }

    /// What a run is made of.
    fn request(
        &self,
        problem: &Problem,
        sparsity: usize,
        start: Option<&Bound<'_, PyAny>>,
        display: Option<&Bound<'_, PyAny>>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<(Form<T>, Arc<Stop>, Request<T>)> {
        // The adjoint was checked before.
        let known = ProblemOptions { check_adjoint: false, ..problem.options };
        let default = default_for(&*self.operator, sparsity);
        let request = Request::new(options, Some(known), start, display, default)?;
        let stop = Arc::new(Stop::default());
        let guarded = Guarded::new(self.operator.clone(), self.kind, stop.clone()).measured(self.column_norms.clone());
        let form = Form { operator: Arc::new(guarded), kind: self.kind, gram: self.gram.clone() };
        Ok((form, stop, request))
    }
}
