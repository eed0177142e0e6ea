//! Runs for Python: one vector of data, or several on one operator.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::{Error, ExplorationReport, Observer, Problem, Solution, Trace};

use crate::convert::{Field, vector};
use crate::error::refused;
use crate::operator::{Shared, operator};
use crate::progress::Progress;
use crate::request::Request;
use crate::run::{Caller, Stop, beside};

/// How often a display is brought up to date.
const REFRESH: Duration = Duration::from_millis(100);

type Outcome<T> = Result<Vec<(Solution<T>, Option<Trace>)>, Error>;

/// Solves for one vector of data; returns the fields of a solution.
#[pyfunction]
pub fn solve<'py>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    sparsity: usize,
    request: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let one = |mut all: Vec<Bound<'py, PyDict>>| all.pop().ok_or_else(|| PyValueError::new_err("no column of data"));
    if data.cast::<PyArray1<f64>>().is_ok() {
        one(run::<f64>(a, vec![vector("y", data)?], sparsity, request, false)?)
    } else {
        one(run::<num_complex::Complex<f64>>(a, vec![vector("y", data)?], sparsity, request, false)?)
    }
}

/// Solves for every column of a matrix of data; returns the fields of each solution.
#[pyfunction]
pub fn solve_batch<'py>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    sparsity: usize,
    request: &Bound<'py, PyDict>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    if data.cast::<PyArray2<f64>>().is_ok() {
        run::<f64>(a, columns(data)?, sparsity, request, true)
    } else {
        run::<num_complex::Complex<f64>>(a, columns(data)?, sparsity, request, true)
    }
}

fn columns<T: Field>(data: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<T>>> {
    let data = data.cast::<PyArray2<T>>()?;
    let data = numpy::PyArrayMethods::try_readonly(data)?;
    Ok(data.as_array().columns().into_iter().map(|column| column.to_vec()).collect())
}

fn run<'py, T: Field>(
    a: &Bound<'py, PyAny>,
    data: Vec<Vec<T>>,
    sparsity: usize,
    request: &Bound<'py, PyDict>,
    batch: bool,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let py = a.py();
    let stop = Arc::new(Stop::default());
    let operator = operator::<T>(a, &stop)?;
    let request = Request::new(request)?;
    let watched = stop.clone();
    let outcome = beside(py, &stop, move |caller| {
        let work = || work(&operator, &data, sparsity, &request, batch, &watched, caller);
        match request.threads {
            None => Ok(work()),
            Some(threads) => match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
                Ok(pool) => Ok(pool.install(work)),
                Err(problem) => Err(problem.to_string()),
            },
        }
    })?;
    let solutions = outcome.map_err(PyValueError::new_err)?.map_err(refused)?;
    solutions.into_iter().map(|(solution, trace)| fields(py, solution, trace)).collect()
}

type Threads<T> = Result<Outcome<T>, String>;

fn work<T: Field>(
    operator: &Shared<T>,
    data: &[Vec<T>],
    sparsity: usize,
    request: &Request<T>,
    batch: bool,
    stop: &Arc<Stop>,
    caller: &Caller<Threads<T>>,
) -> Outcome<T> {
    let Some((first, rest)) = data.split_first() else { return Ok(Vec::new()) };
    if request.check_adjoint {
        sparsea::check_adjoint(&**operator, 0)?;
    }
    let problem = request.scale(Problem::new(&**operator, first, sparsity)?);
    let mut problems = vec![problem];
    for data in rest {
        let next = problems[0].with_data(data)?;
        problems.push(next);
    }
    let one = |(at, problem): (usize, &Problem<'_, T>)| {
        let mut watch = Watch { request, stop, caller, column: batch.then_some(at), shown: None };
        let mut trace = Trace::default();
        let mut run = request.run(problem).observe(&mut watch);
        if request.trace {
            run = run.observe(&mut trace);
        }
        run.solve().map(|solution| (solution, request.trace.then_some(trace)))
    };
    problems.iter().enumerate().map(one).collect()
}

/// Stops a run that was told to, and lets Python see every step.
struct Watch<'w, T: Field> {
    request: &'w Request<T>,
    stop: &'w Stop,
    caller: &'w Caller<Threads<T>>,
    column: Option<usize>,
    shown: Option<Instant>,
}

impl<T: Field> Watch<'_, T> {
    /// Whether Python asks to end.
    fn ask(&self, callback: &Py<PyAny>, progress: &sparsea::Progress<'_>) -> bool {
        let progress = Progress::new(progress, self.column);
        let callback = Python::try_attach(|py| callback.clone_ref(py));
        let Some(callback) = callback else { self.stop.abandon() };
        self.caller.ask(Box::new(move |py| callback.call1(py, (progress,))?.bind(py).is_truthy()))
    }
}

impl<T: Field> Observer<T> for Watch<'_, T> {
    fn step(&mut self, progress: &sparsea::Progress<'_>) -> ControlFlow<()> {
        let mut end = self.stop.requested();
        if let Some(callback) = &self.request.callback {
            end |= self.ask(callback, progress);
        }
        if let Some(display) = &self.request.display
            && self.shown.is_none_or(|shown| shown.elapsed() >= REFRESH)
        {
            end |= self.ask(display, progress);
            self.shown = Some(Instant::now());
        }
        if end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The fields of a solution, as `python/sparsea/_solution.py` reads them.
fn fields<T: Field>(py: Python<'_>, solution: Solution<T>, trace: Option<Trace>) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("algorithm", &solution.algorithm)?;
    fields.set_item("n", solution.ncols)?;
    let support: Vec<i64> = solution.support.iter().map(|&j| j as i64).collect();
    fields.set_item("support", PyArray1::from_vec(py, support))?;
    fields.set_item("coefficients", PyArray1::from_vec(py, solution.coefficients))?;
    fields.set_item("residual_norm", solution.residual_norm)?;
    fields.set_item("relative_residual", solution.relative_residual)?;
    fields.set_item("objective", solution.objective)?;
    fields.set_item("iterations", solution.iterations)?;
    fields.set_item("best_iteration", solution.best_iteration)?;
    fields.set_item("supports_explored", solution.supports_explored)?;
    fields.set_item("stop_reason", solution.stop_reason.word())?;
    fields.set_item("elapsed", solution.elapsed.as_secs_f64())?;
    let counts = solution.counts;
    let named = PyDict::new(py);
    for (name, count) in [
        ("applies", counts.applies),
        ("adjoints", counts.adjoints),
        ("columns", counts.columns),
        ("joins", counts.joins),
        ("leaves", counts.leaves),
        ("refactorisations", counts.refactorisations),
        ("refinements", counts.refinements),
        ("orthogonalisations", counts.orthogonalisations),
        ("dependent_columns", counts.dependent_columns),
    ] {
        named.set_item(name, count)?;
    }
    fields.set_item("counts", named)?;
    fields.set_item("trace", trace.map(|trace| trace_fields(py, &trace)).transpose()?)?;
    fields.set_item("report", solution.report.map(|report| report_fields(py, &report)).transpose()?)?;
    Ok(fields)
}

fn trace_fields<'py>(py: Python<'py>, trace: &Trace) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    let rows = trace.rows();
    fields.set_item("algorithm", rows.iter().map(|row| row.algorithm.as_str()).collect::<Vec<_>>())?;
    let whole = |get: fn(&sparsea::TraceRow) -> u64| PyArray1::from_iter(py, rows.iter().map(|row| get(row) as i64));
    let real = |get: fn(&sparsea::TraceRow) -> f64| PyArray1::from_iter(py, rows.iter().map(get));
    fields.set_item("iteration", whole(|row| row.iteration))?;
    fields.set_item("objective", real(|row| row.objective))?;
    fields.set_item("best_objective", real(|row| row.best_objective))?;
    fields.set_item("support_size", whole(|row| row.support_size as u64))?;
    fields.set_item("entered", whole(|row| row.entered as u64))?;
    fields.set_item("supports_explored", whole(|row| row.supports_explored as u64))?;
    fields.set_item("elapsed", real(|row| row.elapsed.as_secs_f64()))?;
    Ok(fields)
}

fn report_fields<'py>(py: Python<'py>, report: &ExplorationReport) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("distinct_supports", report.distinct_supports)?;
    fields.set_item("margin", report.margin)?;
    fields.set_item("near_ties", report.near_ties)?;
    let best: Vec<_> = report.best.iter().map(|ranked| (ranked.support.clone(), ranked.residual_norm)).collect();
    fields.set_item("best", best)?;
    let indices: Vec<_> =
        report.indices.iter().map(|row| (row.index, row.chosen, row.frequency, row.neighbour)).collect();
    fields.set_item("indices", indices)?;
    Ok(fields)
}
