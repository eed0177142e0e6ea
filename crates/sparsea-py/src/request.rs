//! What is asked of a run: everything but A, y and k.

use std::sync::Arc;
use std::time::Duration;

use num_complex::Complex;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};
use sparsea::algorithms::{default_for, default_for_blocks, registry};
use sparsea::{
    Bounds, Chain, Domain, Halt, Limits, LinearMap, Memory, NonNegative, Partition, Problem, ReportOptions, Run, Start,
};

use crate::convert::{Field, settings, vector};
use crate::error::{InvalidTypeError, InvalidValueError, refused};
use crate::numbers::{as_flag, as_index, as_whole, is_boolean, number, shown};
use crate::pool::{default_threads, is_forked};

/// The options of a run and of its problem, by their words in Python, which `python/sparsea/_options.py` documents.
pub struct Request<T: Field> {
    /// What is named; or what is the default for some k, by its name. There is at least one.
    chains: Vec<(String, Chain<T>)>,
    /// None, one for all, or one for each column of data.
    pub starts: Vec<Start<T>>,
    pub limits: Limits,
    pub problem: ProblemOptions,
    pub report: Option<ReportOptions>,
    pub trace: bool,
    pub threads: Option<usize>,
    pub callback: Option<Arc<Py<PyAny>>>,
    pub display: Option<Arc<Py<PyAny>>>,
}

/// The options that concern A and y, whatever is run on them.
#[derive(Debug, Clone)]
pub struct ProblemOptions {
    pub unit_columns: bool,
    pub memory: Memory,
    pub check_adjoint: bool,
    pub nonnegative: bool,
    /// Lower and upper bounds, one of each for every column.
    pub bounds: Option<Arc<(Vec<f64>, Vec<f64>)>>,
    /// Groups of columns.
    pub groups: Option<Arc<Partition>>,
    /// Whether the columns of Y have one support.
    pub joint: bool,
    /// The sum of the coefficients, if it is fixed.
    pub sum_to: Option<f64>,
}

impl Default for ProblemOptions {
    fn default() -> Self {
        Self {
            unit_columns: true,
            memory: Memory::default(),
            check_adjoint: false,
            nonnegative: false,
            bounds: None,
            groups: None,
            joint: false,
            sum_to: None,
        }
    }
}

impl ProblemOptions {
    /// Reads one option, and says whether it is one of these.
    fn read(&mut self, word: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        match word {
            "unit_columns" => self.unit_columns = as_flag(word, value)?,
            "check_adjoint" => self.check_adjoint = as_flag(word, value)?,
            "nonnegative" => self.nonnegative = as_flag(word, value)?,
            "bounds" if value.is_none() => self.bounds = None,
            "bounds" => {
                // Two vectors, made by `as_bounds` of `python/sparsea/_input.py`.
                let (lower, upper): (Bound<'_, PyAny>, Bound<'_, PyAny>) = value.extract()?;
                self.bounds = Some(Arc::new((vector("bounds", &lower)?, vector("bounds", &upper)?)));
            }
            "joint" => self.joint = as_flag(word, value)?,
            "sum_to" if value.is_none() => self.sum_to = None,
            "sum_to" => {
                let rule = "a finite number other than 0";
                self.sum_to = Some(number(word, rule, value, |sum| sum.is_finite() && sum != 0.0)?);
            }
            "groups" if value.is_none() => self.groups = None,
            "groups" => {
                // The number of each column's group, made by `as_groups` of `python/sparsea/_input.py`.
                let numbers = value.cast::<PyArray1<i64>>()?.try_readonly()?.as_array().to_vec();
                self.groups = Some(Arc::new(Partition::new(&numbers).map_err(refused)?));
            }
            "memory" if value.is_none() => self.memory = Memory::default(),
            "memory" => self.memory = Memory::total(as_whole(word, value, 1, i64::MAX)? as usize),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses what a fixed sum does not go with.
    pub fn check_sum(&self, has_statistics: bool, report: bool) -> PyResult<()> {
        let other = match self.sum_to {
            None => return Ok(()),
            Some(_) if self.joint => "joint=True",
            Some(_) if has_statistics => "sufficient statistics",
            Some(_) if report => "a report, which scores columns one by one",
            Some(_) => return Ok(()),
        };
        Err(InvalidValueError::new_err(format!("sum_to cannot be combined with {other}")))
    }

    /// The algorithm where none is named.
    pub fn default_algorithm<T: Field>(&self, operator: &dyn LinearMap<T>, sparsity: usize) -> &'static str {
        match &self.groups {
            Some(groups) => default_for_blocks(operator.shape().1, groups.most_columns(sparsity)),
            None if self.joint => default_for_blocks(operator.shape().1, sparsity),
            None => default_for(operator, sparsity),
        }
    }

    /// The coefficients that are allowed; `None` for all.
    pub fn domain<T: Field>(&self) -> PyResult<Option<Box<dyn Domain<T>>>> {
        let Some(bounds) = &self.bounds else {
            return Ok(self.nonnegative.then(|| Box::new(NonNegative) as Box<dyn Domain<T>>));
        };
        let (mut lower, upper) = (**bounds).clone();
        if self.nonnegative {
            lower.fill(0.0);
        }
        Ok(Some(Box::new(Bounds::new(lower, upper).map_err(refused)?)))
    }

    /// Reads the options of a problem, and no others.
    pub fn new(options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut problem = Self::default();
        for (word, value) in options {
            let word: String = word.extract()?;
            if !problem.read(&word, &value)? {
                return Err(unexpected(&word));
            }
        }
        Ok(problem)
    }
}

/// The most threads that may be asked for.
const MOST_THREADS: i64 = 4096;

impl<T: Field> Request<T> {
    /// What `options` ask for, of a problem whose own options are known already, or are among them. `defaults`
    /// are the algorithms where none is named, one or more; starts are those of `python/sparsea/_start.py`.
    pub fn new(
        options: &Bound<'_, PyDict>,
        known: Option<ProblemOptions>,
        start: Option<&Bound<'_, PyAny>>,
        display: Option<&Bound<'_, PyAny>>,
        defaults: impl Fn(&ProblemOptions) -> Vec<&'static str>,
    ) -> PyResult<Self> {
        let (mut names, mut given_settings) = (None, None);
        let mut limits = Limits::default();
        let (mut report, mut trace, mut threads, mut callback) = (None, false, None, None);
        let is_known = known.is_some();
        let mut problem = known.unwrap_or_default();
        for (word, value) in options {
            let word = word.cast::<PyString>()?.to_cow()?;
            let word = &*word;
            let count = || as_whole(word, &value, 0, i64::MAX).map(|count| Some(count as u64));
            match word {
                "report" => report = read_report(&value)?,
                "trace" => trace = as_flag(word, &value)?,
                "algorithm" | "settings" | "iterations" | "supports" | "stagnation" | "time" | "relative_residual"
                | "threads" | "callback"
                    if value.is_none() => {}
                "algorithm" => names = Some(read_names(&value)?),
                "settings" => given_settings = Some(read_settings(&value)?),
                "iterations" => limits.iterations = count()?,
                "supports" => limits.supports = count()?,
                "stagnation" => limits.stagnation = count()?,
                "time" => limits.time = Some(read_time(&value)?),
                "relative_residual" => {
                    let limit = number(word, "a number of at least 0", &value, |limit| limit >= 0.0)?;
                    limits.relative_residual = Some(limit);
                }
                "threads" => threads = Some(as_whole(word, &value, 1, MOST_THREADS)? as usize),
                "callback" if value.is_callable() => callback = Some(value),
                "callback" => {
                    let rule = "callback must be a function of the progress";
                    return Err(InvalidTypeError::new_err(format!("{rule}, got {}", shown(&value)?)));
                }
                _ if !is_known && problem.read(word, &value)? => {}
                _ => return Err(unexpected(word)),
            }
        }
        let defaults = || defaults(&problem).into_iter().map(str::to_owned).collect();
        let mut all = names.map_or_else(defaults, |names| vec![names]);
        all.sort_unstable();
        all.dedup();
        let chain = |names: String| {
            if let Some(settings) = &given_settings {
                check_whole_settings(&names, settings)?;
            }
            let chain = Chain::parse(&names, &settings(given_settings.as_ref())?).map_err(refused)?;
            Ok((names, chain))
        };
        let share = |call: Bound<'_, PyAny>| Arc::new(call.unbind());
        Ok(Self {
            chains: all.into_iter().map(chain).collect::<PyResult<_>>()?,
            starts: start.map_or(Ok(Vec::new()), |start| start.try_iter()?.map(|one| read_start(&one?)).collect())?,
            limits,
            problem,
            report,
            trace,
            threads: threads.or_else(threads_after_fork),
            callback: callback.map(share),
            display: display.cloned().map(share),
        })
    }

    /// The problem in the scale that is asked for, with coefficients in a domain, or groups of columns.
    pub fn shape<'a>(
        &self,
        problem: Problem<'a, T>,
        domain: Option<&'a dyn Domain<T>>,
    ) -> Result<Problem<'a, T>, sparsea::Error> {
        let problem = if self.problem.unit_columns { problem } else { problem.keep_columns() };
        let problem = domain.map_or(Ok(problem.clone()), |domain| problem.with_domain(domain))?;
        match &self.problem.groups {
            Some(groups) => problem.with_groups(groups.clone()),
            None => Ok(problem),
        }
    }

    /// The algorithms for a problem.
    pub fn chain(&self, operator: &dyn LinearMap<T>, sparsity: usize) -> Chain<T> {
        let own = match &self.chains[..] {
            [_] => None,
            several => several.iter().find(|(name, _)| name == self.problem.default_algorithm(operator, sparsity)),
        };
        own.unwrap_or(&self.chains[0]).1.clone()
    }

    /// The last algorithm of a run, and the iterations that it may make, if they are limited.
    pub fn limit(&self, problem: &Problem<'_, T>) -> (&'static str, Option<u64>) {
        let chain = self.chain(problem.operator().map(), problem.sparsity());
        let (name, own) = chain.links().last().map_or(("", Halt::Never), |link| (link.name(), link.default_halt()));
        (name, self.limits.halt(own).iterations())
    }

    /// The run that is asked for (of a batch, for this column of data), without observers.
    pub fn run<'r, 'a>(&self, problem: &'r Problem<'a, T>, column: Option<usize>) -> Run<'r, 'a, T> {
        let start = match (&self.starts[..], column) {
            ([], _) => Start::Zero,
            ([start], _) => start.clone(),
            (starts, column) => starts[column.unwrap_or(0)].clone(),
        };
        let chain = self.chain(problem.operator().map(), problem.sparsity());
        let mut run = Run::with_chain(problem, chain).start(start).memory(self.problem.memory).limits(self.limits);
        if let Some(options) = self.report {
            run = run.report(options);
        }
        run
    }
}

/// The algorithm for each k where none is named; for a batch of nothing too.
pub fn defaults<'o, T: Field>(
    operator: &'o dyn LinearMap<T>,
    sparsities: &'o [usize],
) -> impl Fn(&ProblemOptions) -> Vec<&'static str> + 'o {
    |problem| {
        let each = sparsities.iter().chain(sparsities.is_empty().then_some(&0));
        each.map(|&k| problem.default_algorithm(operator, k)).collect()
    }
}

/// Whether options say that the columns of Y have one support.
pub fn is_joint(options: &Bound<'_, PyDict>) -> PyResult<bool> {
    options.get_item("joint")?.map_or(Ok(false), |value| as_flag("joint", &value))
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
                InvalidValueError::new_err(format!(
                    "start: {error}; or 'zero', 'random:SEED', a support, a vector, a Solution"
                ))
            })?)
        }
        "support" => Start::Support(value.extract()?),
        "vector" => Start::Vector(start_vector(&value)?),
        _ => return Err(InvalidTypeError::new_err("start cannot be read")),
    })
}

/// A start of this scalar; a real one serves a complex problem too.
fn start_vector<T: Field>(value: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    if value.cast::<PyArray1<Complex<f64>>>().is_ok() && !T::IS_COMPLEX {
        return Err(InvalidValueError::new_err("the start vector is complex, but A and y are real"));
    }
    if value.cast::<PyArray1<f64>>().is_ok() {
        return Ok(vector::<f64>("start", value)?.into_iter().map(T::from_real).collect());
    }
    vector("start", value)
}

/// What Python says of a word that a function does not take.
fn unexpected(word: &str) -> PyErr {
    InvalidTypeError::new_err(format!("got an unexpected keyword argument '{word}'"))
}

fn read_names(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let names = value.cast::<PyString>().ok().and_then(|names| names.to_cow().ok().map(|names| names.to_lowercase()));
    names.map_or_else(
        || {
            let rule = "algorithm must be a name or a chain of names, as 'omp+sea'";
            Err(InvalidTypeError::new_err(format!("{rule}, got {}", shown(value)?)))
        },
        Ok,
    )
}

fn read_settings<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyMapping>> {
    value.cast::<PyMapping>().cloned().map_err(|_| {
        let rule = "settings must be a dictionary, as {'step_size': 0.5}";
        shown(value).map_or_else(|error| error, |shown| InvalidTypeError::new_err(format!("{rule}, got {shown}")))
    })
}

/// Refuses what is no integer where the last algorithm of a chain needs one; the library sees to all other settings, but
/// takes 3.0 for 3.
fn check_whole_settings(names: &str, settings: &Bound<'_, PyMapping>) -> PyResult<()> {
    let last = names.rsplit('+').next().unwrap_or(names);
    for entry in registry::<f64>().iter().filter(|entry| entry.name == last) {
        for setting in entry.settings.iter().filter(|setting| setting.range.starts_with("a whole number")) {
            if settings.contains(setting.name)? {
                as_index(
                    &format!("{last}: {} must be {}", setting.name, setting.range),
                    &settings.get_item(setting.name)?,
                )?;
            }
        }
    }
    Ok(())
}

fn read_time(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let rule = "a finite number of seconds of at least 0";
    let time = number("time", rule, value, |time| (0.0..f64::INFINITY).contains(&time))?;
    sparsea::seconds(time).map_err(refused)
}

/// A flag, a margin, or a pair of a margin and how many of the best supports are listed.
fn read_report(value: &Bound<'_, PyAny>) -> PyResult<Option<ReportOptions>> {
    if is_boolean(value)? {
        return Ok(value.is_truthy()?.then(ReportOptions::default));
    }
    let rule = "True, False or a margin, a finite number of at least 0";
    let margin_of = |value| number("report", rule, value, |margin| (0.0..f64::INFINITY).contains(&margin));
    match value.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() {
        Ok((margin, listed)) => {
            let listed = as_whole("report: how many supports are listed", &listed, 1, i64::MAX)? as usize;
            Ok(Some(ReportOptions { margin: margin_of(&margin)?, listed }))
        }
        Err(_) => Ok(Some(ReportOptions { margin: margin_of(value)?, ..ReportOptions::default() })),
    }
}
