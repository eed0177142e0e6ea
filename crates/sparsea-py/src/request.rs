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

/// What a request says, by the place of each word in [`WORDS`]; `None` where it says nothing or Python's None.
struct Words<'py>([Option<Bound<'py, PyAny>>; WORDS.len()]);

impl<'py> Words<'py> {
    /// # Errors
    /// TypeError for a word that nothing here reads.
    fn read(given: &Bound<'py, PyDict>) -> PyResult<Self> {
        let mut words = Self(Default::default());
        for (word, value) in given {
            let place =
                |word: &Bound<'_, PyString>| WORDS.iter().position(|known| word.to_cow().is_ok_and(|w| w == *known));
            let Some(place) = word.cast::<PyString>().ok().and_then(place) else {
                let known = WORDS.join(", ");
                return Err(PyTypeError::new_err(format!("a request has no {word}; it takes: {known}")));
            };
            words.0[place] = (!value.is_none()).then_some(value);
        }
        Ok(words)
    }

    fn get(&self, word: &str) -> Option<&Bound<'py, PyAny>> {
        debug_assert!(WORDS.contains(&word), "{word}");
        WORDS.iter().position(|known| *known == word).and_then(|place| self.0[place].as_ref())
    }

    /// What is said by a word, as a type.
    fn extract<V>(&self, word: &str) -> PyResult<Option<V>>
    where
        V: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
    {
        self.get(word).map(|value| value.extract()).transpose()
    }
}

impl<T: Field> Request<T> {
    /// `default` is the algorithm where none is named.
    pub fn new(given: &Bound<'_, PyDict>, default: &str) -> PyResult<Self> {
        let words = Words::read(given)?;
        let given_settings = words.get("settings").map(|given| given.cast::<PyDict>()).transpose()?;
        let names: Option<String> = words.extract("algorithm")?;
        let chain = Chain::parse(names.as_deref().unwrap_or(default), &settings(given_settings)?).map_err(refused)?;
        let margin: Option<f64> = words.extract("report")?;
        let starts = words.get("start");
        let call = |word| words.get(word).map(|call| Arc::new(call.clone().unbind()));
        Ok(Self {
            chain,
            starts: starts.map_or(Ok(Vec::new()), |start| start.try_iter()?.map(|one| read_start(&one?)).collect())?,
            limits: read_limits(&words)?,
            unit_columns: words.extract("unit_columns")?.unwrap_or(true),
            memory: words.extract("memory")?.map_or_else(Memory::default, Memory::total),
            report: margin.map(|margin| ReportOptions { margin, ..ReportOptions::default() }),
            trace: words.extract("trace")?.unwrap_or(false),
            threads: words.extract("threads")?.or_else(threads_after_fork),
            check_adjoint: words.extract("check_adjoint")?.unwrap_or(false),
            callback: call("callback"),
            display: call("display"),
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

fn read_limits(words: &Words<'_>) -> PyResult<Limits> {
    let time: Option<f64> = words.extract("time")?;
    Ok(Limits {
        iterations: words.extract("iterations")?,
        time: time.map(|seconds| sparsea::seconds(seconds).map_err(refused)).transpose()?,
        supports: words.extract("supports")?,
        relative_residual: words.extract("relative_residual")?,
        stagnation: words.extract("stagnation")?,
    })
}
