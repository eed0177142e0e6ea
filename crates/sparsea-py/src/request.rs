//! What is asked of a run: everything but A and y.

use std::sync::Arc;

use num_complex::Complex;
use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use sparsea::{Chain, Limits, Memory, Problem, ReportOptions, Run, Start};

use crate::convert::{Field, settings, vector};
use crate::error::refused;
use crate::pool::{default_threads, is_forked};

/// The request of `python/sparsea/_solve.py`, checked there as far as types go.
pub struct Request<T: Field> {
    pub chain: Chain<T>,
    /// None, one for all, or one for each column of data.
    pub starts: Vec<Start<T>>,
    pub limits: Limits,
    pub unit_columns: bool,
    pub memory: Memory,
    pub report: Option<ReportOptions>,
    pub trace: bool,
    pub threads: Option<usize>,
    pub check_adjoint: bool,
    pub callback: Option<Arc<Py<PyAny>>>,
    pub display: Option<Arc<Py<PyAny>>>,
}

/// The words of a request.
const WORDS: [&str; 16] = [
    "algorithm",
    "settings",
    "memory",
    "report",
    "start",
    "iterations",
    "time",
    "supports",
    "relative_residual",
    "stagnation",
    "unit_columns",
    "trace",
    "threads",
    "check_adjoint",
    "callback",
    "display",
];

/// Refuses a request with a word that nothing here reads.
fn check_words(given: &Bound<'_, PyDict>) -> PyResult<()> {
    for word in given.keys() {
        let known = |word: &Bound<'_, PyString>| word.to_cow().is_ok_and(|word| WORDS.contains(&&*word));
        if !word.cast::<PyString>().is_ok_and(known) {
            let known = WORDS.join(", ");
            return Err(PyTypeError::new_err(format!("a request has no {word}; it takes: {known}")));
        }
    }
    Ok(())
}

impl<T: Field> Request<T> {
    /// `default` is the algorithm where none is named.
    pub fn new(given: &Bound<'_, PyDict>, default: &str) -> PyResult<Self> {
        check_words(given)?;
        let get = |key: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
            Ok(given.get_item(key)?.filter(|value| !value.is_none()))
        };
        let given_settings = get("settings")?;
        let given_settings = given_settings.as_ref().map(|given| given.cast::<PyDict>()).transpose()?;
        let names: Option<String> = get("algorithm")?.map(|names| names.extract()).transpose()?;
        let chain = Chain::parse(names.as_deref().unwrap_or(default), &settings(given_settings)?).map_err(refused)?;
        let memory = get("memory")?.map(|bytes| bytes.extract()).transpose()?;
        let margin: Option<f64> = get("report")?.map(|margin| margin.extract()).transpose()?;
        Ok(Self {
            chain,
            starts: get("start")?
                .map_or(Ok(Vec::new()), |start| start.try_iter()?.map(|one| read_start(&one?)).collect())?,
            limits: read_limits(&get)?,
            unit_columns: get("unit_columns")?.map_or(Ok(true), |flag| flag.extract())?,
            memory: memory.map_or_else(Memory::default, Memory::total),
            report: margin.map(|margin| ReportOptions { margin, ..ReportOptions::default() }),
            trace: get("trace")?.map_or(Ok(false), |flag| flag.extract())?,
            threads: get("threads")?.map(|threads| threads.extract()).transpose()?.or_else(threads_after_fork),
            check_adjoint: get("check_adjoint")?.map_or(Ok(false), |flag| flag.extract())?,
            callback: get("callback")?.map(|callback| Arc::new(callback.unbind())),
            display: get("display")?.map(|display| Arc::new(display.unbind())),
        })
    }

    /// The problem in the scale that is asked for.
    pub fn scale<'a>(&self, problem: Problem<'a, T>) -> Problem<'a, T> {
        if self.unit_columns { problem } else { problem.keep_columns() }
    }

    /// The run that is asked for (of a batch, for this column of data), without observers.
    pub fn run<'r, 'a>(&self, problem: &'r Problem<'a, T>, column: Option<usize>) -> Run<'r, 'a, T> {
        let start = match (&self.starts[..], column) {
            ([], _) => Start::Zero,
            ([start], _) => start.clone(),
            (starts, column) => starts[column.unwrap_or(0)].clone(),
        };
        let mut run = Run::with_chain(problem, self.chain.clone()).start(start).memory(self.memory).limits(self.limits);
        if let Some(options) = self.report {
            run = run.report(options);
        }
        run
    }
}

/// In a process forked from the one that loaded this module, as many threads as by default, but in a pool of that process.
fn threads_after_fork() -> Option<usize> {
    is_forked().then(default_threads)
}

/// `("random", seed)`, `("chain", names)`, `("support", indices)` or `("vector", x)`.
fn read_start<T: Field>(start: &Bound<'_, PyAny>) -> PyResult<Start<T>> {
    let start = start.cast::<PyTuple>()?;
    let (kind, value): (String, Bound<'_, PyAny>) = start.extract()?;
    Ok(match kind.as_str() {
        "random" => Start::Random(value.extract()?),
        "chain" => {
            let names: String = value.extract()?;
            let chain = Chain::parse(&names, &serde_json::Map::new());
            Start::Chain(chain.map_err(|error| {
                PyValueError::new_err(format!(
                    "start: {error}; or 'zero', 'random:SEED', a support, a vector, a Solution"
                ))
            })?)
        }
        "support" => Start::Support(value.extract()?),
        "vector" => Start::Vector(start_vector(&value)?),
        _ => return Err(PyTypeError::new_err("start cannot be read")),
    })
}

/// A start of this scalar; a real one serves a complex problem too.
fn start_vector<T: Field>(value: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    if value.cast::<PyArray1<Complex<f64>>>().is_ok() && !T::IS_COMPLEX {
        return Err(PyValueError::new_err("the start vector is complex, but A and y are real"));
    }
    if value.cast::<PyArray1<f64>>().is_ok() {
        return Ok(vector::<f64>("start", value)?.into_iter().map(T::from_real).collect());
    }
    vector("start", value)
}

fn read_limits<'py>(get: &impl Fn(&str) -> PyResult<Option<Bound<'py, PyAny>>>) -> PyResult<Limits> {
    let time: Option<f64> = get("time")?.map(|limit| limit.extract()).transpose()?;
    Ok(Limits {
        iterations: get("iterations")?.map(|limit| limit.extract()).transpose()?,
        time: time.map(|seconds| sparsea::seconds(seconds).map_err(refused)).transpose()?,
        supports: get("supports")?.map(|limit| limit.extract()).transpose()?,
        relative_residual: get("relative_residual")?.map(|limit| limit.extract()).transpose()?,
        stagnation: get("stagnation")?.map(|limit| limit.extract()).transpose()?,
    })
}
