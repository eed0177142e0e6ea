//! The record of a run.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Serialize;
use sparsea::metrics::support_distance;
use sparsea::{Iterate, Observer, Progress, Scalar, Solution};

use super::{DIGITS, rounded};

/// Significant digits of coefficients. Those of neighbouring pulses cancel: they can be 10⁵ times as large as their sum.
const COEFFICIENT_DIGITS: usize = 12;

/// The largest entry of 𝒳, in units of the record: finer than a pixel.
const LARGEST: f64 = 2000.0;

/// Numbers of a page, at most: about 20 MB, more than which a browser takes long to read.
const MOST_NUMBERS: usize = 3_000_000;

/// What a step takes besides its support, coefficients and 𝒳, in numbers: a run of one column may have any number of steps.
const STEP: usize = 30;

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The iteration that the step leads to; iterations are counted through all algorithms of a chain.
    pub iteration: u64,
    /// S.
    pub support: Vec<usize>,
    /// The coefficients on S.
    pub coefficients: Vec<f64>,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// ½‖y − A x‖² of the best point so far.
    pub best_objective: f64,
    /// Which of the steps reached the best point so far, counted from 0.
    pub best: usize,
    /// How many indices of S* are missing, divided by k.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The same for the best point so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_distance: Option<f64>,
    /// Distinct supports so far.
    pub supports_explored: usize,
    /// The unit of the integers in `exploration`.
    pub unit: f64,
    /// 𝒳, rounded; empty for an algorithm without it.
    pub exploration: Vec<i32>,
}

/// Records every step of a run on a real problem, as far as a page can show it.
#[derive(Debug)]
pub struct Record<'t> {
    rows: usize,
    truth: Option<&'t [usize]>,
    steps: Vec<Step>,
    /// The algorithms of the chain so far.
    algorithms: Vec<String>,
    /// Iterations of those that have ended.
    before: u64,
    /// The last iteration, and the number of steps, recorded or not.
    last: u64,
    seen: u64,
    /// ‖y − A x‖ of the best point, and which step reached it at which iteration, recorded or not.
    best: (f64, u64, u64),
    result: Option<Found>,
    columns: BTreeSet<usize>,
    /// Numbers that the page will hold.
    numbers: usize,
    /// Whether there is no room for more.
    is_full: bool,
}

impl<'t> Record<'t> {
    /// An empty record of a run on a problem with this many rows, and with this true support if it is known.
    pub fn new(rows: usize, truth: Option<&'t [usize]>) -> Self {
        let (steps, algorithms, columns) = (Vec::new(), Vec::new(), BTreeSet::new());
        let best = (f64::INFINITY, 0, 0);
        let (before, last, seen, numbers) = (0, 0, 0, rows);
        Self {
            rows,
            truth,
            steps,
            algorithms,
            before,
            last,
            seen,
            best,
            result: None,
            columns,
            numbers,
            is_full: false,
        }
    }

    /// Closes the record.
    pub(super) fn into_recorded(mut self) -> Recorded {
        // A search makes several steps in an iteration, and an observer sees each.
        let counts_steps = self.steps.windows(2).any(|pair| pair[0].iteration >= pair[1].iteration);
        if counts_steps {
            (0..).zip(&mut self.steps).for_each(|(count, step)| step.iteration = count);
        }
        let all = if counts_steps { self.seen.saturating_sub(1) } else { self.last };
        if let Some(found) = &mut self.result {
            found.iteration = if counts_steps { self.best.1 } else { self.best.2 };
        }
        let all = self.is_full.then_some(all);
        Recorded { algorithms: self.algorithms, steps: self.steps, counts_steps, all, result: self.result }
    }
}

/// What a record holds in the end.
pub(super) struct Recorded {
    pub(super) algorithms: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) counts_steps: bool,
    pub(super) all: Option<u64>,
    pub(super) result: Option<Found>,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its support, sorted.
    pub support: Vec<usize>,
    /// The coefficients on the support.
    pub coefficients: Vec<f64>,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// The iteration, or step, that reached it.
    pub iteration: u64,
}

// Of numbers the real parts are recorded.
impl<T: Scalar> Observer<T> for Record<'_> {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        let is_next = self.last > self.before + progress.iteration;
        if is_next || self.algorithms.last().is_none_or(|name| name != progress.algorithm) {
            self.before = if self.algorithms.is_empty() { 0 } else { self.last + 1 };
            self.algorithms.push(progress.algorithm.to_owned());
        }
        self.last = self.before + progress.iteration;
        // By the norms themselves: improvements may be below what is shown.
        if progress.best_residual_norm < self.best.0 {
            self.best = (progress.best_residual_norm, self.seen, self.last);
        }
        self.seen += 1;
        self.is_full |= self.numbers > MOST_NUMBERS;
        if self.is_full {
            return ControlFlow::Continue(());
        }
        let objective = |residual_norm: f64| rounded(0.5 * residual_norm * residual_norm, DIGITS);
        self.steps.push(Step {
            iteration: self.last,
            support: progress.support.to_vec(),
            coefficients: Vec::new(),
            objective: objective(progress.residual_norm),
            best_objective: objective(progress.best_residual_norm),
            best: self.best.1 as usize,
            distance: self.truth.map(|truth| support_distance(truth, progress.support)),
            best_distance: self.truth.map(|truth| support_distance(truth, progress.best_support)),
            supports_explored: progress.supports_explored,
            unit: 0.0,
            exploration: Vec::new(),
        });
        self.numbers += STEP + 2 * progress.support.len();
        self.numbers += self.rows * progress.support.iter().filter(|&&j| self.columns.insert(j)).count();
        ControlFlow::Continue(())
    }

    fn iterate(&mut self, iterate: &Iterate<'_, T>) {
        let Some(step) = self.steps.last_mut().filter(|_| !self.is_full) else { return };
        step.coefficients = iterate.coefficients.iter().map(|x| rounded(x.real(), COEFFICIENT_DIGITS)).collect();
        let Some(exploration) = iterate.exploration else { return };
        let largest = exploration.iter().fold(0.0, |largest: f64, x| largest.max(x.real().abs()));
        // Rounded first, so that the page multiplies by what the numbers were divided by.
        step.unit = rounded(largest / LARGEST, DIGITS);
        let count = |x: &T| if step.unit > 0.0 { (x.real() / step.unit).round() as i32 } else { 0 };
        step.exploration = exploration.iter().map(count).collect();
        self.numbers += exploration.len();
    }

    fn end(&mut self, solution: &Solution<T>) {
        self.result = Some(Found {
            support: solution.support.clone(),
            coefficients: solution.coefficients.iter().map(|x| rounded(x.real(), COEFFICIENT_DIGITS)).collect(),
            objective: rounded(solution.objective, DIGITS),
            iteration: 0,
        });
    }

    fn wants_iterates(&self) -> bool {
        !self.is_full
    }
}
