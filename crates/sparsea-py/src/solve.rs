//! Runs for Python: one vector of data, or several on one operator.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use num_complex::Complex;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sparsea::operator::{SHARED_FROM, Structure, TOGETHER};
use sparsea::{
    Error, ExplorationReport, LinearMap, Observer, Problem, SharedGram, Solution, SparsityPath, StopReason, Threads,
    Trace, Workspace,
};

use crate::convert::{Field, vector};
use crate::error::refused;
use crate::numbers::as_sparsities;
use crate::operator::{Gram, Guarded, Kind, Shared, read};
use crate::pool::{default_threads, pool, unstarted, within};
use crate::progress::Progress;
use crate::request::{Request, defaults};
use crate::run::{Caller, LISTENING, Stop, beside, here};

/// How often a display is brought up to date.
const REFRESH: Duration = Duration::from_millis(100);

/// A solution, and its trace if it was asked for.
type Solved<T> = (Solution<T>, Option<Trace>);
type Outcome<T> = PyResult<Vec<Solved<T>>>;

/// Solves for y, or for every column of Y; returns the fields of each solution.
#[pyfunction]
pub fn solve<'py>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    start: Option<&Bound<'py, PyAny>>,
    display: Option<&Bound<'py, PyAny>>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    if is_complex(data) {
        measure_and_solve::<Complex<f64>>(a, data, k, start, display, options)
    } else {
        measure_and_solve::<f64>(a, data, k, start, display, options)
    }
}

fn measure_and_solve<'py, T: Field>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    start: Option<&Bound<'py, PyAny>>,
    display: Option<&Bound<'py, PyAny>>,
    options: &Bound<'py, PyDict>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let (inner, kind) = read::<T>(a)?;
    let Given { data, batch, correlations } = given(a, data)?;
    let sparsities = as_sparsities(k, inner.shape(), batch.then_some(data.len()))?;
    let request = Request::new(options, None, start, display, &defaults(&*inner, &sparsities))?;
    let stop = Arc::new(Stop::default());
    let operator = Arc::new(Guarded::new(inner, kind, stop.clone()));
    let form = Form { operator, kind, gram: None, correlations };
    solved(a.py(), stop, form, data, batch, sparsities, request)
}

/// A for one call.
pub struct Form<T: Field> {
    /// Guarded by the call's [`Stop`].
    pub operator: Shared<T>,
    pub kind: Kind,
    /// Gram columns that outlive the runs.
    pub gram: Option<Arc<SharedGram<T>>>,
    /// Aᴴy for each vector of data, where they are known.
    pub correlations: Option<Arc<[Arc<[T]>]>>,
}

impl<T: Field> Form<T> {
    /// A problem with what is known of the data at this place.
    fn knowing<'a>(&self, problem: Problem<'a, T>, at: usize) -> Result<Problem<'a, T>, Error> {
        match self.correlations.as_ref().and_then(|known| known.get(at)) {
            Some(known) => problem.with_data_correlation(known.clone()),
            None => Ok(problem),
        }
    }

    /// Whether Gram columns are at hand, so that none are kept beside them.
    fn is_gram(&self) -> bool {
        matches!(self.operator.structure(), Structure::Gram(_))
    }
}

/// Vectors of data, and what is known of them.
pub struct Given<T: Field> {
    pub data: Arc<[Vec<T>]>,
    /// Whether they are the columns of a matrix.
    pub batch: bool,
    /// Aᴴy for each, where they are known.
    pub correlations: Option<Arc<[Arc<[T]>]>>,
}

/// Reads y, or the columns of Y; those that A holds already.
pub fn given<T: Field>(a: &Bound<'_, PyAny>, data: &Bound<'_, PyAny>) -> PyResult<Given<T>> {
    if let Ok(gram) = a.cast::<Gram>() {
        let found = gram.get().statistics::<T>()?;
        let data = found.data.iter().map(|data| data.data().to_vec()).collect();
        let correlations = found.data.iter().map(sparsea::GramData::correlation).collect();
        return Ok(Given { data, batch: found.batch, correlations: Some(correlations) });
    }
    let (data, batch) = columns(data)?;
    Ok(Given { data: data.into(), batch, correlations: None })
}

/// Multiply-adds that a product with Aᴴ takes, about.
fn cost<T: Field>(operator: &dyn LinearMap<T>) -> usize {
    let (m, n) = operator.shape();
    operator.profile().cost.unwrap_or_else(|| m.saturating_mul(n))
}

/// The solution for each vector of data, as fields; `sparsities` holds one k for all of them, or one for each.
pub fn solved<T: Field>(
    py: Python<'_>,
    stop: Arc<Stop>,
    form: Form<T>,
    data: Arc<[Vec<T>]>,
    batch: bool,
    sparsities: Vec<usize>,
    request: Request<T>,
) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let brief = !batch && sparsities.first().is_some_and(|&sparsity| is_brief(&form, sparsity, &request));
    let watched = stop.clone();
    let work = move |caller: &Caller<Outcome<T>>| {
        let task = Task { form, sparsities, request, stop: watched, caller, brief, display: Display::default() };
        if batch { task.batch(&data) } else { task.single(&data) }
    };
    let solutions = if brief { here(py, &stop, work)? } else { beside(py, &stop, work)? };
    solutions?.into_iter().map(|(solution, trace)| fields(py, solution, trace)).collect()
}

/// Whether data is of complex numbers; all others are read as real ones.
pub fn is_complex(data: &Bound<'_, PyAny>) -> bool {
    data.cast::<PyArray1<Complex<f64>>>().is_ok() || data.cast::<PyArray2<Complex<f64>>>().is_ok()
}

/// y alone, or the columns of Y, and whether it was a matrix.
pub fn columns<T: Field>(data: &Bound<'_, PyAny>) -> PyResult<(Vec<Vec<T>>, bool)> {
    let Ok(matrix) = data.cast::<PyArray2<T>>() else { return Ok((vec![vector("y", data)?], false)) };
    let matrix = matrix.try_readonly()?;
    Ok((matrix.as_array().columns().into_iter().map(|column| column.to_vec()).collect(), true))
}

/// Whether to measure the columns of A on the calling thread: it is over in a moment, and calls no Python.
pub fn measures_briefly<T: Field>(operator: &dyn LinearMap<T>, kind: Kind) -> bool {
    matches!(kind, Kind::Matrix | Kind::Formula) && cost(operator) <= SHARED_FROM
}

/// Whether every step of the run is over in a moment, on one thread, and nothing in it calls Python.
fn is_brief<T: Field>(form: &Form<T>, sparsity: usize, request: &Request<T>) -> bool {
    /// Multiply-adds of a step that is over in a moment.
    const STEP: usize = 1 << 22;
    let product = cost(&*form.operator);
    let brief = match request.threads {
        None => matches!(form.kind, Kind::Matrix | Kind::Formula) && product <= SHARED_FROM,
        // No product is shared among threads. Convolutions are shared by their length, not by their cost.
        Some(1) => form.kind == Kind::Matrix && product.saturating_mul(TOGETHER) < SHARED_FROM,
        Some(_) => return false,
    };
    brief
        && request.callback.is_none()
        && request.display.is_none()
        && form.operator.shape().1.saturating_mul(sparsity).saturating_mul(sparsity) <= STEP
}

/// What all runs of a call have in common.
struct Task<'c, T: Field> {
    form: Form<T>,
    /// k, for all or for each.
    sparsities: Vec<usize>,
    request: Request<T>,
    stop: Arc<Stop>,
    caller: &'c Caller<Outcome<T>>,
    /// Whether the work is done on the calling thread.
    brief: bool,
    display: Display,
}

/// What a display has been shown.
#[derive(Default)]
struct Display {
    /// Vectors of data that are solved.
    done: AtomicUsize,
    refreshed: Mutex<Option<Instant>>,
}

impl Display {
    /// Whether it is time to show something, which is then taken to be done.
    fn is_due(&self) -> bool {
        // Another run that is looking will show as much.
        let Ok(mut refreshed) = self.refreshed.try_lock() else { return false };
        let due = refreshed.is_none_or(|last| last.elapsed() >= REFRESH);
        if due {
            *refreshed = Some(Instant::now());
        }
        due
    }
}

impl<T: Field> Task<'_, T> {
    /// One run, which has all the threads.
    fn single(&self, data: &[Vec<T>]) -> Outcome<T> {
        let work = || {
            let begin = Instant::now();
            match self.problem(&data[0], self.form.gram.clone())? {
                Ok(problem) => Ok(vec![self.run(&problem, None, &mut None)?]),
                Err(reason) => Ok(vec![self.nothing(0, &data[0], reason, begin)]),
            }
        };
        // Brief work for one thread shares nothing.
        if self.brief && self.request.threads == Some(1) { work() } else { within(self.request.threads, work)? }
    }

    /// A run for each vector of data, as many at a time as there are threads, which share the Gram columns of A.
    ///
    /// Each run works in a pool of one thread: while a thread of a larger pool waits for others it takes up further runs,
    /// one within the other.
    fn batch(&self, data: &[Vec<T>]) -> Outcome<T> {
        let columns = self.form.operator.shape().1;
        let memory = if self.form.is_gram() { 0 } else { self.request.problem.memory.gram };
        let own = || Arc::new(SharedGram::new(columns, memory));
        let gram = self.form.gram.clone().unwrap_or_else(own);
        let Some(first) = data.first() else { return Ok(Vec::new()) };
        let begin = Instant::now();
        let measure = || -> PyResult<_> {
            let measured = match self.problem(first, Some(gram))? {
                Ok(measured) => measured,
                Err(reason) => return Ok(Err(reason)),
            };
            // Refused before anything is solved.
            for data in data {
                measured.with_data(data).map_err(refused)?;
            }
            Ok(Ok(measured))
        };
        let measured = match within(self.request.threads, measure)?? {
            Ok(measured) => measured,
            Err(reason) => {
                let nothing = |(at, data): (usize, &Vec<T>)| self.nothing(at, data, reason, begin);
                return Ok(data.iter().enumerate().map(nothing).collect());
            }
        };
        let threads = self.request.threads.unwrap_or_else(default_threads).min(data.len());
        // Blocks share a pass over A; there are several for each thread.
        let block = (data.len() / (4 * threads)).clamp(1, 8);
        let next = AtomicUsize::new(0);
        // Those of one k follow one another, and take over what is known of A.
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_by_key(|&at| self.sparsity(at));
        let solve_some = || -> PyResult<Vec<(usize, Solved<T>)>> {
            let (mut solved, mut kept) = (Vec::new(), None);
            loop {
                let from = next.fetch_add(block, Ordering::Relaxed);
                if from >= data.len() {
                    return Ok(solved);
                }
                let block = &order[from..data.len().min(from + block)];
                let columns: Vec<&[T]> = block.iter().map(|&at| data[at].as_slice()).collect();
                let problems = match &self.form.correlations {
                    None => measured.with_data_block(&columns),
                    Some(_) => {
                        let each = columns.iter().zip(block);
                        each.map(|(data, &at)| self.form.knowing(measured.with_data(data)?, at)).collect()
                    }
                };
                let problems = problems.map_err(refused)?;
                for (problem, &at) in problems.iter().zip(block) {
                    if self.stop.requested() {
                        // Nobody waits for the others.
                        next.store(data.len(), Ordering::Relaxed);
                        return Ok(solved);
                    }
                    // After an error the columns that are left are not needed.
                    let end = |_: &PyErr| next.store(data.len(), Ordering::Relaxed);
                    let k = self.sparsity(at);
                    let other = (k != problem.sparsity()).then(|| problem.with_sparsity(k)).transpose();
                    let other = other.map_err(refused)?;
                    let problem = other.as_ref().unwrap_or(problem);
                    solved.push((at, self.run(problem, Some(at), &mut kept).inspect_err(end)?));
                }
            }
        };
        let parts: PyResult<Vec<_>> = thread::scope(|scope| {
            let start = |_| thread::Builder::new().spawn_scoped(scope, || pool(1)?.install(solve_some));
            let workers: Vec<_> = (0..threads).map(start).collect();
            if workers.iter().any(Result::is_err) {
                next.store(data.len(), Ordering::Relaxed);
            }
            // All are waited for before the first panic goes on.
            let ended: Vec<_> = workers.into_iter().map(|worker| worker.map(thread::ScopedJoinHandle::join)).collect();
            let part = |end: std::io::Result<thread::Result<_>>| match end {
                Ok(end) => end.unwrap_or_else(|payload| resume_unwind(payload)),
                Err(problem) => Err(unstarted(threads, &problem)),
            };
            ended.into_iter().map(part).collect()
        });
        let mut solved: Vec<_> = parts?.into_iter().flatten().collect();
        solved.sort_by_key(|(at, _)| *at);
        Ok(solved.into_iter().map(|(_, solved)| solved).collect())
    }

    /// k of a vector of data.
    fn sparsity(&self, at: usize) -> usize {
        self.sparsities.get(at).or(self.sparsities.first()).copied().unwrap_or(0)
    }

    /// The problem, or why there was no time to measure its columns.
    fn problem<'a>(
        &'a self,
        data: &'a [T],
        gram: Option<Arc<SharedGram<T>>>,
    ) -> PyResult<Result<Problem<'a, T>, StopReason>> {
        let operator = &*self.form.operator;
        if self.request.problem.check_adjoint {
            sparsea::check_adjoint(operator, 0).map_err(refused)?;
        }
        let mut interrupt = self.stop.interrupt();
        if let Some(deadline) = self.request.limits.time.and_then(|limit| Instant::now().checked_add(limit)) {
            interrupt = interrupt.by(deadline);
        }
        match Problem::new_until(operator, data, self.sparsity(0), &interrupt) {
            Ok(problem) => {
                let problem = self.form.knowing(self.request.scale(problem), 0).map_err(refused)?;
                Ok(Ok(match gram {
                    Some(gram) => problem.share_gram(gram).map_err(refused)?,
                    None => problem,
                }))
            }
            Err(Error::Stopped { reason }) => Ok(Err(reason)),
            Err(error) => Err(refused(error)),
        }
    }

    /// The solution x = 0 of a run that could not begin.
    fn nothing(&self, at: usize, data: &[T], reason: StopReason, begin: Instant) -> Solved<T> {
        let operator = &*self.form.operator;
        let (name, n) = (self.request.chain(operator, self.sparsity(at)).to_string(), operator.shape().1);
        (Solution::zero(name, n, data, reason, begin.elapsed()), self.request.trace.then(Trace::default))
    }

    /// One run, in the workspace that one before it has left, if any.
    fn run<'a>(
        &self,
        problem: &Problem<'a, T>,
        column: Option<usize>,
        kept: &mut Option<Workspace<'a, T>>,
    ) -> PyResult<Solved<T>> {
        let mut watch = Watch { task: self, column, listened: Instant::now() };
        let mut trace = Trace::default();
        let mut run = self.request.run(problem, column).interrupt(self.stop.interrupt()).observe(&mut watch);
        if column.is_none() {
            // On the calling thread there is no pool to tell that one thread is wanted.
            let alone = self.brief && self.request.threads == Some(1);
            run = run.threads(if alone { Threads::One } else { Threads::Pool });
        }
        if self.request.trace {
            run = run.observe(&mut trace);
        }
        let solution = run.solve_with(kept).map_err(refused)?;
        self.display.done.fetch_add(1, Ordering::Relaxed);
        Ok((solution, self.request.trace.then_some(trace)))
    }
}

/// Stops a run that was told to, and lets Python see every step.
struct Watch<'w, T: Field> {
    task: &'w Task<'w, T>,
    column: Option<usize>,
    listened: Instant,
}

impl<T: Field> Watch<'_, T> {
    /// Whether Python asks to end.
    fn ask(&self, callback: &Arc<Py<PyAny>>, progress: &sparsea::Progress<'_>) -> bool {
        let (callback, progress) = (callback.clone(), Progress::new(progress, self.column));
        self.task.caller.ask(Box::new(move |py| callback.call1(py, (progress,))?.bind(py).is_truthy()))
    }

    /// Shows where the run is, and of a batch how many runs are done.
    fn show(&self, display: &Arc<Py<PyAny>>, progress: &sparsea::Progress<'_>) -> bool {
        let (display, progress) = (display.clone(), Progress::new(progress, self.column));
        let done = self.task.display.done.load(Ordering::Relaxed);
        self.task.caller.ask(Box::new(move |py| display.call1(py, (progress, done))?.bind(py).is_truthy()))
    }
}

impl<T: Field> Observer<T> for Watch<'_, T> {
    fn step(&mut self, progress: &sparsea::Progress<'_>) -> ControlFlow<()> {
        if self.task.brief && self.listened.elapsed() >= LISTENING {
            self.task.stop.listen();
            self.listened = Instant::now();
        }
        let mut end = self.task.stop.requested();
        if let Some(callback) = &self.task.request.callback {
            end |= self.ask(callback, progress);
        }
        if let Some(display) = &self.task.request.display
            && self.task.display.is_due()
        {
            end |= self.show(display, progress);
        }
        if end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The solutions for k = 1 … K, as fields, each from its neighbours, and from perturbed supports if the path is to be `thorough`.
pub fn path<T: Field>(
    py: Python<'_>,
    stop: Arc<Stop>,
    form: Form<T>,
    data: Arc<[Vec<T>]>,
    largest: usize,
    thorough: bool,
    request: Request<T>,
) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let (interrupt, threads) = (stop.interrupt(), request.threads);
    let work = move || {
        let problem = Problem::new_until(&*form.operator, &data[0], largest, &interrupt)?;
        let mut problem = form.knowing(request.scale(problem), 0)?;
        if let Some(gram) = form.gram {
            problem = problem.share_gram(gram)?;
        }
        let mut path = SparsityPath::new(&problem).interrupt(interrupt).memory(request.problem.memory);
        if !thorough {
            path = path.extra_work(0);
        }
        if let Some(time) = request.limits.time {
            path = path.time(time);
        }
        if let Some(limit) = request.limits.relative_residual {
            path = path.relative_residual(limit);
        }
        path.solve()
    };
    let work = move |_: &Caller<PyResult<Vec<Solution<T>>>>| within(threads, work)?.map_err(refused);
    beside(py, &stop, work)??.into_iter().map(|solution| fields(py, solution, None)).collect()
}

/// The fields of a solution, as `python/sparsea/_solution.py` reads them.
fn fields<T: Field>(py: Python<'_>, solution: Solution<T>, trace: Option<Trace>) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item(intern!(py, "algorithm"), &solution.algorithm)?;
    fields.set_item(intern!(py, "n"), solution.ncols)?;
    let support: Vec<i64> = solution.support.iter().map(|&j| j as i64).collect();
    fields.set_item(intern!(py, "support"), PyArray1::from_vec(py, support))?;
    fields.set_item(intern!(py, "coefficients"), PyArray1::from_vec(py, solution.coefficients))?;
    fields.set_item(intern!(py, "residual_norm"), solution.residual_norm)?;
    fields.set_item(intern!(py, "relative_residual"), solution.relative_residual)?;
    fields.set_item(intern!(py, "objective"), solution.objective)?;
    fields.set_item(intern!(py, "iterations"), solution.iterations)?;
    fields.set_item(intern!(py, "best_iteration"), solution.best_iteration)?;
    fields.set_item(intern!(py, "supports_explored"), solution.supports_explored)?;
    fields.set_item(intern!(py, "stop_reason"), solution.stop_reason.word())?;
    fields.set_item(intern!(py, "elapsed"), solution.elapsed.as_secs_f64())?;
    fields.set_item(intern!(py, "memory"), solution.memory)?;
    let counts = solution.counts;
    let named = PyDict::new(py);
    for (name, count) in [
        (intern!(py, "applies"), counts.applies),
        (intern!(py, "adjoints"), counts.adjoints),
        (intern!(py, "columns"), counts.columns),
        (intern!(py, "joins"), counts.joins),
        (intern!(py, "leaves"), counts.leaves),
        (intern!(py, "refactorisations"), counts.refactorisations),
        (intern!(py, "refinements"), counts.refinements),
        (intern!(py, "orthogonalisations"), counts.orthogonalisations),
        (intern!(py, "dependent_columns"), counts.dependent_columns),
    ] {
        named.set_item(name, count)?;
    }
    fields.set_item(intern!(py, "counts"), named)?;
    fields.set_item(intern!(py, "trace"), trace.map(|trace| trace_fields(py, &trace)).transpose()?)?;
    fields.set_item(intern!(py, "report"), solution.report.map(|report| report_fields(py, &report)).transpose()?)?;
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
    fields.set_item("exchanges_scored", report.exchanges_scored)?;
    fields.set_item("columns_in_play", report.columns_in_play)?;
    fields.set_item("margin", report.margin)?;
    fields.set_item("near_ties", report.near_ties)?;
    let best: Vec<_> = report.best.iter().map(|ranked| (ranked.support.clone(), ranked.residual_norm)).collect();
    fields.set_item("best", best)?;
    let indices: Vec<_> =
        report.indices.iter().map(|row| (row.index, row.chosen, row.frequency, row.neighbour)).collect();
    fields.set_item("indices", indices)?;
    Ok(fields)
}
