//! A and y read, checked and measured once, for any number of runs.

use std::sync::Arc;
use std::time::Duration;

use num_complex::Complex;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::{Error, LinearMap, Problem as Measured, SharedGram, check_adjoint};

use crate::adjusted::{Models, adjusted, map_of};
use crate::convert::Field;
use crate::error::refused;
use crate::kept::are_kept;
use crate::numbers::{as_sparsities, as_sparsity};
use crate::operator::{Gram, Guarded, Kind, Shared, read};
use crate::path::path;
use crate::pool::within;
use crate::request::{ProblemOptions, Request, defaults};
use crate::run::{Caller, Stop, beside, here};
use crate::solve::{
    Form, Given, Part, given as read_data, is_complex, is_local, measures_briefly, misses_intercept, own_sparsities,
    solved,
};

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
    /// Its columns.
    count: usize,
    /// Rows and columns that bound k.
    bounds: (usize, usize),
    /// Whether the data call for an intercept, where it was looked for.
    misses_intercept: bool,
}

enum Either {
    Real(Vec<Prepared<f64>>),
    Complex(Vec<Prepared<Complex<f64>>>),
}

/// A and those columns of Y that are solved together: all, unless their weights differ.
struct Prepared<T: Field> {
    operator: Shared<T>,
    /// What the operator is, if the problem is adjusted.
    part: Option<Part<T>>,
    /// Gram columns, kept from run to run.
    gram: Option<Arc<SharedGram<T>>>,
    kind: Kind,
    column_norms: Arc<[f64]>,
    data: Arc<[Vec<T>]>,
    /// Aᴴy for each of them, where they are known.
    correlations: Option<Arc<[Arc<[T]>]>>,
    data_norms: Vec<f64>,
    misses_intercept: bool,
}

#[pymethods]
impl Problem {
    #[new]
    #[pyo3(signature = (a, data, options, model=None, hint=false))]
    fn new(
        a: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        model: Option<&Bound<'_, PyDict>>,
        hint: bool,
    ) -> PyResult<Self> {
        let options = ProblemOptions::new(options)?;
        options.check_sum(a.cast::<Gram>().is_ok(), false)?;
        let models = model.map(Models::read).transpose()?;
        let ridged = |shape| models.as_ref().map_or(shape, |models| models.bounds(shape));
        fn count<T: Field>(prepared: &[Prepared<T>]) -> usize {
            prepared.iter().map(|one| one.data.len()).sum()
        }
        fn missing<T: Field>(prepared: &[Prepared<T>]) -> bool {
            prepared.iter().any(|one| one.misses_intercept)
        }
        Ok(if is_complex(data) {
            let (prepared, batch, shape) = prepare(a, data, &options, models.as_ref(), hint)?;
            let (bounds, misses_intercept) = (ridged(shape), missing(&prepared));
            let count = count(&prepared);
            Self { either: Either::Complex(prepared), options, batch, count, bounds, misses_intercept }
        } else {
            let (prepared, batch, shape) = prepare(a, data, &options, models.as_ref(), hint)?;
            let (bounds, misses_intercept) = (ridged(shape), missing(&prepared));
            let count = count(&prepared);
            Self { either: Either::Real(prepared), options, batch, count, bounds, misses_intercept }
        })
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
            Either::Real(prepared) => self.solve_all(prepared, k, start, display, options),
            Either::Complex(prepared) => self.solve_all(prepared, k, start, display, options),
        }
    }

    /// The fields of the solutions for several k, each from its neighbours, for each vector of data, or for all that have one support.
    fn sparsity_path<'py>(
        &self,
        sparsities: Vec<Bound<'py, PyAny>>,
        extra_work: Option<usize>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Vec<Bound<'py, PyDict>>>> {
        let py = options.py();
        let each = sparsities.iter().map(|k| as_sparsity(k, self.bounds, 0)).collect::<PyResult<Vec<_>>>()?;
        match &self.either {
            Either::Real(prepared) => self.path(py, prepared, &each, extra_work, options),
            Either::Complex(prepared) => self.path(py, prepared, &each, extra_work, options),
        }
    }

    /// ‖a_j‖ for every column, of each problem into which a batch falls.
    #[getter]
    fn column_norms<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyArray1<f64>>> {
        fn all<'py, T: Field>(py: Python<'py>, prepared: &[Prepared<T>]) -> Vec<Bound<'py, PyArray1<f64>>> {
            prepared.iter().map(|one| PyArray1::from_slice(py, &one.column_norms)).collect()
        }
        match &self.either {
            Either::Real(prepared) => all(py, prepared),
            Either::Complex(prepared) => all(py, prepared),
        }
    }

    /// ‖y‖ for every vector of data.
    #[getter]
    fn data_norms<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        fn all<T: Field>(prepared: &[Prepared<T>]) -> Vec<f64> {
            in_order(prepared.iter().flat_map(|one| one.places().zip(one.data_norms.iter().copied())).collect())
        }
        PyArray1::from_vec(
            py,
            match &self.either {
                Either::Real(prepared) => all(prepared),
                Either::Complex(prepared) => all(prepared),
            },
        )
    }

    /// Whether the data call for an intercept.
    #[getter]
    fn misses_intercept(&self) -> bool {
        self.misses_intercept
    }

    /// Rows and columns that bound k.
    #[getter]
    fn bounds(&self) -> (usize, usize) {
        self.bounds
    }
}

impl Problem {
    fn solve_all<'py, T: Field>(
        &self,
        prepared: &[Prepared<T>],
        k: &Bound<'py, PyAny>,
        start: Option<&Bound<'py, PyAny>>,
        display: Option<&Bound<'py, PyAny>>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        if let [only] = prepared
            && only.part.is_none()
        {
            return only.solve(self, k, start, display, options);
        }
        // Refused before anything is solved.
        let sparsities = as_sparsities(k, self.bounds, self.batch.then_some(self.count))?;
        for one in prepared {
            let Some(part) = &one.part else { continue };
            let own = own_sparsities(&sparsities, one.places());
            own.iter().try_for_each(|&k| part.adjusted.check_sparsity(k)).map_err(refused)?;
        }
        let mut found = Vec::new();
        for one in prepared {
            found.extend(one.places().zip(one.solve(self, k, start, display, options)?));
        }
        Ok(in_order(found))
    }

    fn path<'py, T: Field>(
        &self,
        py: Python<'py>,
        prepared: &[Prepared<T>],
        sparsities: &[usize],
        extra_work: Option<usize>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Vec<Bound<'py, PyDict>>>> {
        let largest = sparsities.iter().copied().max().unwrap_or(0);
        // Refused before anything is solved.
        for part in prepared.iter().filter_map(|one| one.part.as_ref()) {
            part.adjusted.check_sparsity(largest).map_err(refused)?;
        }
        let mut found = Vec::new();
        for one in prepared {
            let (form, stop, request) = one.request(self, &[largest], None, None, options)?;
            let paths = path(py, stop, form, one.data.clone(), sparsities.to_vec(), extra_work, request)?;
            found.extend(one.places().zip(paths));
        }
        Ok(in_order(found))
    }
}

/// Vectors of data, and Aᴴy for each where they are known.
type Data<T> = (Arc<[Vec<T>]>, Option<Arc<[Arc<[T]>]>>);

/// What belongs to columns of Y, in their order.
fn in_order<R>(mut found: Vec<(usize, R)>) -> Vec<R> {
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, one)| one).collect()
}

/// Reads, checks and measures A and y, and says whether y is a matrix, and the shape of A.
#[expect(clippy::type_complexity, reason = "read at once, where it is called")]
fn prepare<T: Field>(
    a: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
    options: &ProblemOptions,
    models: Option<&Models>,
    hint: bool,
) -> PyResult<(Vec<Prepared<T>>, bool, (usize, usize))> {
    let py = a.py();
    let (operator, kind) = read::<T>(a)?;
    let Given { data, batch, correlations } = read_data::<T>(a, data)?;
    let shape = operator.shape();
    let Some(models) = models else {
        let data = (data, correlations);
        return Ok((vec![Prepared::new(py, operator, kind, None, data, options, hint)?], batch, shape));
    };
    models.check_joint(options.joint)?;
    let mut prepared = vec![];
    for (adjustment, columns) in models.groups() {
        let own: Arc<[Vec<T>]> = columns.iter().map(|&at| data[at].clone()).collect();
        let made = adjusted(py, &operator, kind, adjustment, None, options.check_adjoint)?;
        let adjusted = made.map_err(|reason| refused(Error::Stopped { reason }))?;
        let (map, before) = (map_of(&adjusted), Duration::ZERO);
        // What a display counts begins with the columns of the problems before.
        let done = prepared.iter().map(|one: &Prepared<T>| one.data.len()).sum();
        let part = Part { adjusted, columns: columns.into(), done, before };
        let known = ProblemOptions { check_adjoint: false, ..options.clone() };
        prepared.push(Prepared::new(py, map, kind, Some(part), (own, None), &known, hint)?);
    }
    Ok((prepared, batch, shape))
}

impl<T: Field> Prepared<T> {
    /// Measures an operator and data.
    fn new(
        py: Python<'_>,
        operator: Shared<T>,
        kind: Kind,
        part: Option<Part<T>>,
        (data, correlations): Data<T>,
        options: &ProblemOptions,
        hint: bool,
    ) -> PyResult<Self> {
        let stop = Arc::new(Stop::default());
        let (guarded, given, interrupt) =
            (Guarded::new(operator.clone(), kind, stop.clone()), data.clone(), stop.interrupt());
        let (domain, check) = (options.domain::<T>()?, options.check_adjoint);
        let (groups, joint) = (options.groups.clone(), options.joint);
        let adjusted = part.as_ref().map(|part| part.adjusted.clone());
        let looks = hint && !joint && !T::IS_COMPLEX && kind == Kind::Matrix && !is_local(&*operator);
        let measure = move || {
            if check {
                check_adjoint(&guarded, 0)?;
            }
            let reduced = adjusted.as_ref().map(|one| given.iter().map(|data| one.reduce(data)).collect());
            let reduced: Option<Vec<Vec<T>>> = reduced.transpose()?;
            let given = reduced.as_deref().unwrap_or(&given);
            // Any k will do, and for a batch without columns any y.
            let zero = vec![T::ZERO; if given.is_empty() { guarded.shape().0 } else { 0 }];
            let measured = Measured::new_until(&guarded, given.first().unwrap_or(&zero), 0, &interrupt)?;
            if let Some(domain) = &domain {
                measured.clone().with_domain(&**domain)?;
            }
            if let Some(groups) = &groups {
                measured.clone().with_groups(groups.clone())?;
            }
            let (mut norms, mut misses) = (vec![], false);
            for data in given {
                let problem = measured.with_data(data)?;
                norms.push(problem.data_norm());
                misses |= looks && misses_intercept(&problem, adjusted.as_deref())?;
            }
            Ok((measured.column_norms().into(), norms, misses))
        };
        type Known = (Arc<[f64]>, Vec<f64>, bool);
        let measure = move |_: &Caller<PyResult<Known>>| within(None, measure)?.map_err(refused);
        let (column_norms, data_norms, misses_intercept) =
            if measures_briefly(&*operator, kind) { here(py, &stop, measure)?? } else { beside(py, &stop, measure)?? };
        let gram =
            are_kept(&*operator, kind).then(|| Arc::new(SharedGram::new(operator.shape().1, options.memory.gram)));
        Ok(Self { operator, part, gram, kind, column_norms, data, correlations, data_norms, misses_intercept })
    }

    /// The places of these columns in Y.
    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let count = self.data.len();
        (0..count).map(|at| self.part.as_ref().map_or(at, |part| part.columns[at]))
    }

    fn solve<'py>(
        &self,
        problem: &Problem,
        k: &Bound<'py, PyAny>,
        start: Option<&Bound<'py, PyAny>>,
        display: Option<&Bound<'py, PyAny>>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let independent = problem.batch && !problem.options.joint;
        let sparsities = as_sparsities(k, problem.bounds, independent.then_some(problem.count))?;
        let sparsities = own_sparsities(&sparsities, self.places());
        let (form, stop, request) = self.request(problem, &sparsities, start, display, options)?;
        solved(k.py(), stop, form, self.data.clone(), problem.batch, sparsities, request)
    }

    /// What a run is made of.
    fn request(
        &self,
        problem: &Problem,
        sparsities: &[usize],
        start: Option<&Bound<'_, PyAny>>,
        display: Option<&Bound<'_, PyAny>>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<(Form<T>, Arc<Stop>, Request<T>)> {
        // The adjoint was checked before.
        let known = ProblemOptions { check_adjoint: false, ..problem.options.clone() };
        let request = Request::new(options, Some(known), start, display, defaults(&*self.operator, sparsities))?;
        let stop = Arc::new(Stop::default());
        let guarded = Guarded::new(self.operator.clone(), self.kind, stop.clone()).measured(self.column_norms.clone());
        let (part, gram, correlations) = (self.part.clone(), self.gram.clone(), self.correlations.clone());
        let form = Form { operator: Arc::new(guarded), kind: self.kind, gram, correlations, part, hint: false };
        Ok((form, stop, request))
    }
}
