//! Runs for Python: one vector of data, or several on one operator.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use num_complex::Complex;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyDict, PyFloat};
use sparsea::operator::{SHARED_FROM, Structure, TOGETHER};
use sparsea::{
    Domain, Error, ExplorationReport, FixedSum, LinearMap, Observer, Problem, SharedGram, Solution, StopReason,
    Threads, Trace, Workspace,
};

use crate::adjusted::{Adjusted, Models, adjusted, map_of};
use crate::convert::{Field, vector};
use crate::error::refused;
use crate::kept::{GramColumns, Kept, are_kept};
use crate::numbers::as_sparsities;
use crate::operator::{Gram, Guarded, Kind, Shared, read};
use crate::pool::{default_threads, pool, unstarted, within};
use crate::progress::Progress;
use crate::request::{Request, defaults, is_joint};
use crate::run::{Caller, LISTENING, Stop, beside, here};

/// How often a display is brought up to date.
const REFRESH: Duration = Duration::from_millis(100);

/// A solution, and its trace if it was asked for.
type Solved<T> = (Solution<T>, Option<Trace>);
type Outcome<T> = PyResult<Vec<Solved<T>>>;

/// Solves for y, or for every column of Y; returns the fields of each solution. Gram columns of A may be `kept` from call to call, of a
/// problem that is not adjusted. With a `model` as of `python/sparsea/_model.py` the
/// problem is adjusted. Where a `hint` is wanted, the fields of solutions whose data call for an intercept say so.
#[pyfunction]
#[pyo3(signature = (a, data, k, start, display, options, model=None, hint=false, kept=None))]
#[expect(clippy::too_many_arguments, reason = "called by name from one place in Python")]
pub fn solve<'py>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    start: Option<&Bound<'py, PyAny>>,
    display: Option<&Bound<'py, PyAny>>,
    options: &Bound<'py, PyDict>,
    model: Option<&Bound<'py, PyDict>>,
    hint: bool,
    kept: Option<&GramColumns>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    match (model, is_complex(data)) {
        (None, true) => measure_and_solve::<Complex<f64>>(a, data, k, start, display, options, hint, kept),
        (None, false) => measure_and_solve::<f64>(a, data, k, start, display, options, hint, kept),
        (Some(model), true) => adjust_and_solve::<Complex<f64>>(a, data, k, start, display, options, model, hint),
        (Some(model), false) => adjust_and_solve::<f64>(a, data, k, start, display, options, model, hint),
    }
}

#[expect(clippy::too_many_arguments, reason = "those of `solve`")]
fn measure_and_solve<'py, T: Kept>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    start: Option<&Bound<'py, PyAny>>,
    display: Option<&Bound<'py, PyAny>>,
    options: &Bound<'py, PyDict>,
    hint: bool,
    kept: Option<&GramColumns>,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let (inner, kind) = read::<T>(a)?;
    let gram = kept.filter(|_| are_kept(&*inner, kind)).and_then(T::of);
    let Given { data, batch, correlations } = given(a, data)?;
    let independent = batch && !is_joint(options)?;
    let sparsities = as_sparsities(k, inner.shape(), independent.then_some(data.len()))?;
    let request = Request::new(options, None, start, display, defaults(&*inner, &sparsities))?;
    let stop = Arc::new(Stop::default());
    let operator = Arc::new(Guarded::new(inner, kind, stop.clone()));
    let form = Form { operator, kind, gram, correlations, part: None, hint };
    solved(a.py(), stop, form, data, batch, sparsities, request)
}

/// Solves what a model leaves of a problem, for one group of columns of Y after another.
#[expect(clippy::too_many_arguments, reason = "those of `solve`")]
fn adjust_and_solve<'py, T: Field>(
    a: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    k: &Bound<'py, PyAny>,
    start: Option<&Bound<'py, PyAny>>,
    display: Option<&Bound<'py, PyAny>>,
    options: &Bound<'py, PyDict>,
    model: &Bound<'py, PyDict>,
    hint: bool,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let py = a.py();
    let (inner, kind) = read::<T>(a)?;
    let models = Models::read(model)?;
    let (data, batch) = columns::<T>(data)?;
    let joint = is_joint(options)?;
    models.check_joint(joint)?;
    let independent = batch && !joint;
    let sparsities = as_sparsities(k, models.bounds(inner.shape()), independent.then_some(data.len()))?;
    let asked = Request::new(options, None, start, display, defaults(&*inner, &sparsities))?;
    let mut found = Vec::with_capacity(data.len());
    for (adjustment, columns) in models.groups() {
        let begin = Instant::now();
        let (time, check) = (asked.limits.time, asked.problem.check_adjoint);
        let own: Arc<[Vec<T>]> = columns.iter().map(|&at| data[at].clone()).collect();
        let adjusted = match adjusted(py, &inner, kind, adjustment, time, check)? {
            Ok(adjusted) => adjusted,
            Err(reason) => {
                let own_k = own_sparsities(&sparsities, columns.iter().copied());
                let none = |(place, data): (usize, &Vec<T>)| {
                    let sparsity = own_k.get(place).or(own_k.first()).copied().unwrap_or(0);
                    nothing(&asked, &*inner, sparsity, data, reason, begin)
                };
                for (solved, at) in own.iter().enumerate().map(none).zip(columns) {
                    found.push((at, fields(py, solved.0, solved.1)?));
                }
                continue;
            }
        };
        let own_k = own_sparsities(&sparsities, columns.iter().copied());
        own_k.iter().try_for_each(|&k| adjusted.check_sparsity(k)).map_err(refused)?;
        let map = map_of(&adjusted);
        let mut request = Request::new(options, None, start, display, defaults(&*map, &own_k))?;
        request.problem.check_adjoint = false;
        request.limits.time = time.map(|limit| limit.saturating_sub(begin.elapsed()));
        let stop = Arc::new(Stop::default());
        let part = Part { adjusted, columns: columns.clone().into(), done: found.len(), before: begin.elapsed() };
        let operator = Arc::new(Guarded::new(map, kind, stop.clone()));
        let form = Form { operator, kind, gram: None, correlations: None, part: Some(part), hint };
        found.extend(columns.into_iter().zip(solved(py, stop, form, own, batch, own_k, request)?));
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, fields)| fields).collect())
}

/// A for one call.
#[derive(Clone)]
pub struct Form<T: Field> {
    /// Guarded by the call's [`Stop`].
    pub operator: Shared<T>,
    pub kind: Kind,
    /// Gram columns that outlive the runs.
    pub gram: Option<Arc<SharedGram<T>>>,
    /// Aᴴy for each vector of data, where they are known.
    pub correlations: Option<Arc<[Arc<[T]>]>>,
    /// What the operator is, if the problem is adjusted.
    pub part: Option<Part<T>>,
    /// Whether data are looked at that call for an intercept.
    pub hint: bool,
}

/// The columns of Y of one adjusted problem.
#[derive(Clone)]
pub struct Part<T: Field> {
    pub adjusted: Arc<Adjusted<T>>,
    /// Their places in Y.
    pub columns: Arc<[usize]>,
    /// Columns of Y that were solved before.
    pub done: usize,
    /// What it took to adjust the problem, where that is a part of the run.
    pub before: Duration,
}

impl<T: Field> Form<T> {
    /// A problem with what is known of the data at this place.
    pub fn knowing<'a>(&self, problem: Problem<'a, T>, at: usize) -> Result<Problem<'a, T>, Error> {
        // Those of several right-hand sides follow from the data.
        let known = self.correlations.as_ref().filter(|_| problem.right_hand_sides() == 1);
        match known.and_then(|known| known.get(at)) {
            Some(known) => problem.with_data_correlation(known.clone()),
            None => Ok(problem),
        }
    }

    /// Whether Gram columns are at hand, so that none are kept beside them.
    pub fn is_gram(&self) -> bool {
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

/// Of the k of all columns of Y, one for all or one for each, those of some columns.
pub fn own_sparsities(all: &[usize], columns: impl Iterator<Item = usize>) -> Vec<usize> {
    if all.len() == 1 { all.to_vec() } else { columns.map(|at| all[at]).collect() }
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
    mut request: Request<T>,
) -> PyResult<Vec<Bound<'_, PyDict>>> {
    request.problem.check_sum(form.is_gram(), request.report.is_some())?;
    // Vectors with one support are one, end to end.
    let sides = request.problem.joint.then_some(data.len());
    let (data, batch) = if sides.is_some() { (vec![data.concat()].into(), false) } else { (data, batch) };
    let largest = sparsities.first().map(|&sparsity| sparsity.saturating_mul(sides.unwrap_or(1).max(1)));
    let brief = !batch && largest.is_some_and(|sparsity| is_brief(&form, sparsity, &request));
    let (watched, domain) = (stop.clone(), request.problem.domain()?);
    let (missing, part) = (Arc::new(AtomicBool::new(false)), form.part.clone());
    if let Some(part) = &part {
        let start = |start| part.adjusted.start(start).map_err(refused);
        request.starts = request.starts.into_iter().map(start).collect::<PyResult<_>>()?;
    }
    let found = missing.clone();
    let stopped = stop.clone();
    let work = move |caller: &Caller<Outcome<T>>| {
        let done = form.part.as_ref().map_or(0, |part| part.done);
        let display = Display { done: AtomicUsize::new(done), ..Display::default() };
        let (stop, missing) = (watched, found);
        let sum = request.problem.sum_to;
        let mut task =
            Task { form, sparsities, sides, request, domain, stop, caller, brief, display, missing, sum: None };
        let mut solve = |data: &[Vec<T>]| match sum {
            Some(sum) => task.with_sum(data, sum, batch),
            None if batch => task.batch(data),
            None => task.single(data),
        };
        let Some(part) = part else { return solve(&data) };
        let _entered = stopped.enter();
        let count = sides.unwrap_or(1);
        let reduced: Result<Vec<_>, _> = data.iter().map(|data| part.adjusted.reduce_joint(data, count)).collect();
        let solved = solve(&reduced.map_err(refused)?)?.into_iter().zip(data.iter());
        let complete = |((mut solution, trace), data): (Solved<T>, &Vec<T>)| -> PyResult<Solved<T>> {
            if !stopped.requested() {
                solution = part.adjusted.complete(data, solution).map_err(refused)?;
            }
            solution.elapsed += part.before;
            Ok((solution, trace))
        };
        solved.map(complete).collect()
    };
    let solutions = if brief { here(py, &stop, work)? } else { beside(py, &stop, work)? };
    let mut solved: Vec<_> =
        solutions?.into_iter().map(|(solution, trace)| fields(py, solution, trace)).collect::<PyResult<_>>()?;
    if missing.load(Ordering::Relaxed)
        && let Some(first) = solved.first_mut()
    {
        first.set_item(intern!(py, "misses_intercept"), true)?;
    }
    Ok(solved)
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
    /// Vectors of data that have one support, if they do.
    sides: Option<usize>,
    request: Request<T>,
    domain: Option<Box<dyn Domain<T>>>,
    stop: Arc<Stop>,
    caller: &'c Caller<Outcome<T>>,
    /// Whether the work is done on the calling thread.
    brief: bool,
    display: Display,
    /// Set for data that call for an intercept.
    missing: Arc<AtomicBool>,
    /// What fixes the sum of the coefficients, if that is fixed, and the place of its data in a batch.
    sum: Option<(Arc<FixedSum<'static, T>>, Option<usize>)>,
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
            let problem = match self.problem(&data[0], self.form.gram.clone())? {
                Ok(problem) => problem,
                Err(reason) => return Ok(vec![self.nothing(0, &data[0], reason, begin)]),
            };
            let Some((fixed, place)) = &self.sum else { return Ok(vec![self.run(&problem, None, &mut None)?]) };
            fixed.check(&problem).map_err(refused)?;
            let (mut solution, trace) = self.run(&problem, *place, &mut None)?;
            if !self.stop.requested() {
                solution = fixed.complete(&problem, solution).map_err(refused)?;
            }
            Ok(vec![(solution, trace)])
        };
        // Brief work for one thread shares nothing.
        if self.brief && self.request.threads == Some(1) { work() } else { within(self.request.threads, work)? }
    }

    /// One run after the other, for vectors of data each of which has its own operator: that of coefficients with a fixed sum.
    fn with_sum(&mut self, data: &[Vec<T>], sum: f64, batch: bool) -> Outcome<T> {
        let (form, sparsities) = (self.form.clone(), self.sparsities.clone());
        let limit = self.request.limits.relative_residual;
        let left_out = form.part.as_ref().map_or_else(Vec::new, |part| part.adjusted.left_out());
        let mut solved = vec![];
        for (at, y) in data.iter().enumerate() {
            let fixed = Arc::new(
                FixedSum::new(form.operator.clone(), y, sum, &left_out, self.domain.as_deref()).map_err(refused)?,
            );
            let sparsity = sparsities.get(at).or(sparsities.first()).copied().unwrap_or(0);
            if sparsity == 0 {
                fixed.problem(0).map_err(refused)?;
            }
            let data = fixed.data().to_vec();
            self.form = Form {
                operator: fixed.clone() as Shared<T>,
                gram: None,
                correlations: None,
                hint: false,
                ..form.clone()
            };
            self.sparsities = vec![sparsity];
            self.request.limits.relative_residual = limit.map(|limit| fixed.relative(limit));
            self.sum = Some((fixed, batch.then_some(at)));
            solved.extend(self.single(&[data])?);
        }
        Ok(solved)
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
        // Blocks share a pass over a matrix; there are several for each thread. Other products are made one by one, and end with the call.
        let most = if self.form.kind == Kind::Matrix { 4 * TOGETHER } else { TOGETHER };
        let block = (data.len() / (4 * threads)).clamp(1, most);
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
        let problem = match self.sides {
            Some(sides) => Problem::joint_until(operator, data, sides, self.sparsity(0), &interrupt),
            None => Problem::new_until(operator, data, self.sparsity(0), &interrupt),
        };
        match problem {
            Ok(problem) => {
                let problem = self.request.shape(problem, self.domain.as_deref()).map_err(refused)?;
                let problem = self.form.knowing(problem, 0).map_err(refused)?;
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
        let found = nothing(&self.request, &*self.form.operator, self.sparsity(at), data, reason, begin);
        (Solution { right_hand_sides: self.sides.unwrap_or(1), ..found.0 }, found.1)
    }

    /// The place in Y of a column of these data.
    fn place(&self, column: usize) -> usize {
        self.form.part.as_ref().map_or(column, |part| part.columns[column])
    }

    /// Looks whether data call for an intercept: of a matrix, whose columns are no pulses.
    fn look(&self, problem: &Problem<'_, T>) -> PyResult<()> {
        if !self.form.hint
            || T::IS_COMPLEX
            || self.sides.is_some()
            || self.form.kind != Kind::Matrix
            || is_local(&*self.form.operator)
        {
            return Ok(());
        }
        if misses_intercept(problem, self.form.part.as_ref().map(|part| &*part.adjusted)).map_err(refused)? {
            self.missing.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// One run, in the workspace that one before it has left, if any.
    fn run<'a>(
        &self,
        problem: &Problem<'a, T>,
        column: Option<usize>,
        kept: &mut Option<Workspace<'a, T>>,
    ) -> PyResult<Solved<T>> {
        self.look(problem)?;
        let alone = column.is_none();
        let column = column.map(|column| self.place(column));
        let limit = if self.request.display.is_some() { self.request.limit(problem) } else { ("", None) };
        let mut watch = Watch { task: self, column, limit, listened: Instant::now() };
        let mut trace = Trace::default();
        let mut run = self.request.run(problem, column).interrupt(self.stop.interrupt()).observe(&mut watch);
        if alone {
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

/// The solution x = 0 of a run that could not begin.
fn nothing<T: Field>(
    request: &Request<T>,
    operator: &dyn LinearMap<T>,
    sparsity: usize,
    data: &[T],
    reason: StopReason,
    begin: Instant,
) -> Solved<T> {
    // What is missing explains nothing.
    let data: Vec<T> = data.iter().map(|&y| if sparsea::Scalar::is_finite(y) { y } else { T::ZERO }).collect();
    let name = request.chain(operator, sparsity).to_string();
    let solution = Solution::zero(name, operator.shape().1, &data, reason, begin.elapsed());
    (solution, request.trace.then(Trace::default))
}

/// Whether columns of A overlap only their neighbours, as pulses of a trace.
pub fn is_local<T: Field>(operator: &dyn LinearMap<T>) -> bool {
    matches!(operator.structure(), Structure::Local(_))
}

/// Whether most of y is a constant that no column is near.
pub fn misses_intercept<T: Field>(problem: &Problem<'_, T>, adjusted: Option<&Adjusted<T>>) -> Result<bool, Error> {
    let rows = problem.data().len();
    match adjusted {
        None => problem.misses(&vec![T::ONE; rows]),
        Some(adjusted) => problem.misses(&adjusted.reduce(&vec![T::ONE; adjusted.rows()])?),
    }
}

/// Stops a run that was told to, and lets Python see every step.
struct Watch<'w, T: Field> {
    task: &'w Task<'w, T>,
    column: Option<usize>,
    /// The last algorithm, and the iterations that it may make.
    limit: (&'static str, Option<u64>),
    listened: Instant,
}

impl<T: Field> Watch<'_, T> {
    /// Whether Python asks to end.
    fn ask(&self, callback: &Arc<Py<PyAny>>, progress: &sparsea::Progress<'_>) -> bool {
        let (callback, progress) = (callback.clone(), Progress::new(progress, self.column));
        self.task.caller.ask(Box::new(move |py| callback.call1(py, (progress,))?.bind(py).is_truthy()))
    }

    /// Shows where the run is and how far it may go, and of a batch how many runs are done.
    fn show(&self, display: &Arc<Py<PyAny>>, progress: &sparsea::Progress<'_>) -> bool {
        let (last, limit) = self.limit;
        let limit = limit.filter(|_| progress.algorithm == last);
        let (display, progress) = (display.clone(), Progress::new(progress, self.column));
        let done = self.task.display.done.load(Ordering::Relaxed);
        self.task.caller.ask(Box::new(move |py| display.call1(py, (progress, done, limit))?.bind(py).is_truthy()))
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

/// The fields of a solution, as `python/sparsea/_solution.py` reads them.
pub fn fields<T: Field>(py: Python<'_>, solution: Solution<T>, trace: Option<Trace>) -> PyResult<Bound<'_, PyDict>> {
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
    fields.set_item(intern!(py, "groups"), solution.groups)?;
    if let Some(part) = solution.fixed {
        let number = |value: T| -> PyResult<Bound<'_, PyAny>> {
            let (re, im) = (value.real(), value.imag());
            Ok(if T::IS_COMPLEX {
                PyComplex::from_doubles(py, re, im).into_any()
            } else {
                PyFloat::new(py, re).into_any()
            })
        };
        let word = intern!(py, "intercept");
        fields.set_item(intern!(py, "has_intercept"), !part.intercept.is_empty())?;
        match &part.intercept[..] {
            [] => fields.set_item(word, number(T::ZERO)?)?,
            [one] if solution.right_hand_sides == 1 => fields.set_item(word, number(*one)?)?,
            several => fields.set_item(word, PyArray1::from_slice(py, several))?,
        }
        let fixed: Vec<i64> = part.fixed.iter().map(|&j| j as i64).collect();
        fields.set_item(intern!(py, "fixed"), PyArray1::from_vec(py, fixed))?;
        fields.set_item(intern!(py, "fixed_coefficients"), PyArray1::from_vec(py, part.fixed_coefficients))?;
    }
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
    let stand_ins: Vec<_> = report.stand_ins.iter().map(|set| (set.columns.clone(), set.count)).collect();
    fields.set_item("stand_ins", stand_ins)?;
    fields.set_item("certain", report.certain.clone())?;
    Ok(fields)
}
