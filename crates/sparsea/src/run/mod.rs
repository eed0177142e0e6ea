//! The run: one loop that steps any algorithm over a [`Workspace`] until a rule halts it.

mod halt;
mod observer;
mod report;
mod start;
mod visited;
mod workspace;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::Map;

pub use halt::{Halt, StopReason};
pub use observer::{Observer, Progress, Trace, TraceRow};
pub use report::{ExplorationReport, IndexReport, RankedSupport, ReportOptions};
pub use start::{Initial, Start};
pub(crate) use workspace::Neighbourhood;
pub use workspace::{Memory, Workspace};

use crate::algorithms::{Algorithm, Chain, Solver, default_algorithm};
use crate::error::Error;
use crate::kernels::norm;
use crate::problem::Problem;
use crate::scalar::Scalar;
use crate::solution::Solution;
use report::Exploration;

/// A residual this small relative to ‖y‖ is zero to rounding.
const EXACT: f64 = 128.0 * f64::EPSILON;
/// Relative improvements of ‖r‖ smaller than this are rounding, not progress.
const IMPROVEMENT: f64 = 1e-12;

/// What one step of an algorithm did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Iterations it took: 1, or more when iterations that change nothing were jumped over.
    pub iterations: u64,
    /// Whether further steps would change nothing.
    pub finished: bool,
}

/// A run about to start: a problem, an algorithm or a chain, a start, a halting rule, observers.
pub struct Run<'r, 'a, T: Scalar> {
    problem: &'r Problem<'a, T>,
    chain: Chain<T>,
    start: Start<T>,
    halt: Option<Halt>,
    memory: Memory,
    report: Option<ReportOptions>,
    alone: Option<bool>,
    observers: Vec<&'r mut dyn Observer<T>>,
}

/// Solves `problem` with `algorithm` from x = 0 under the algorithm's own halting rule.
///
/// # Errors
/// Settings out of their range; Aᴴ y not finite. Reaching a limit is not an error.
pub fn solve<T: Scalar>(problem: &Problem<'_, T>, algorithm: impl Algorithm<T>) -> Result<Solution<T>, Error> {
    Run::new(problem, algorithm).solve()
}

/// Improves an answer: a support, or a vector whose k largest entries count, from wherever it came. What comes back is
/// never worse than the least-squares fit on its support (nor, of a vector with at most k entries, than itself).
///
/// Runs [`search`](crate::Search), or [`sea`](crate::Sea) on problems too large for it: see
/// [`default_algorithm`](crate::algorithms::default_algorithm).
///
/// # Errors
/// A start that does not fit the problem.
pub fn improve<T: Scalar>(problem: &Problem<'_, T>, start: Start<T>) -> Result<Solution<T>, Error> {
    let name = default_algorithm(problem.operator().ncols(), problem.sparsity());
    Run::with_chain(problem, Chain::parse(name, &Map::new())?).start(start).solve()
}

impl<'r, 'a, T: Scalar> Run<'r, 'a, T> {
    /// A run of one algorithm.
    pub fn new(problem: &'r Problem<'a, T>, algorithm: impl Algorithm<T>) -> Self {
        Self::with_chain(problem, Chain::of(algorithm))
    }

    /// A run of a chain of algorithms, each starting from the solution of the one before.
    pub fn with_chain(problem: &'r Problem<'a, T>, chain: Chain<T>) -> Self {
        Self {
            problem,
            chain,
            start: Start::Zero,
            halt: None,
            memory: Memory::default(),
            report: None,
            alone: None,
            observers: Vec::new(),
        }
    }

    /// Where to start; x = 0 unless said.
    #[must_use]
    pub fn start(mut self, start: Start<T>) -> Self {
        self.start = start;
        self
    }

    /// When to stop; the algorithm's own rule unless said. It governs the last link of a chain; those before run
    /// under their own rules, and within its time limit.
    #[must_use]
    pub fn halt(mut self, halt: Halt) -> Self {
        self.halt = Some(halt);
        self
    }

    /// How much memory to use for cached columns and fits.
    #[must_use]
    pub fn memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// Asks for a report on what was explored, in [`Solution::report`].
    #[must_use]
    pub fn report(mut self, options: ReportOptions) -> Self {
        self.report = Some(options);
        self
    }

    /// Says whether no other run is at work in the pool of threads from which this one is called, so that `search` may use all
    /// of them. Unless said, a run that is not called from a pool is. Results are the same either way.
    #[must_use]
    pub fn alone(mut self, alone: bool) -> Self {
        self.alone = Some(alone);
        self
    }

    /// Adds an observer.
    #[must_use]
    pub fn observe(mut self, observer: &'r mut dyn Observer<T>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// Settings, start or halting rule out of their range; Aᴴ y not finite; more memory needed than allowed. Reaching a limit is not an error.
    pub fn solve(self) -> Result<Solution<T>, Error> {
        self.solve_with(&mut None)
    }

    /// Runs to the end in a workspace that an earlier run has left, and leaves it for the next: for one problem after another
    /// that differ in y only, made by [`Problem::with_data`]. What is known of A is kept, and the solution has the bits that
    /// it has without. A workspace of another problem is
    /// replaced.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve).
    pub fn solve_with(mut self, left: &mut Option<Workspace<'a, T>>) -> Result<Solution<T>, Error> {
        let begin = Instant::now();
        let mut links = self.chain.links().to_vec();
        let mut start = self.start.clone();
        while let Start::Chain(chain) = start {
            links.splice(0..0, chain.links().iter().cloned());
            start = Start::Zero;
        }
        let (rows, columns) = (self.problem.operator().nrows(), self.problem.operator().ncols());
        let mut states = 0;
        for link in &links {
            link.check()?;
            let numbers = link.state_size(rows, columns, self.problem.sparsity());
            let bytes = numbers.saturating_mul(size_of::<T>());
            if bytes > self.memory.state {
                return Err(Error::StateMemory { algorithm: link.name(), bytes, limit: self.memory.state });
            }
            states = states.max(bytes);
        }
        if let Some(halt) = &self.halt {
            halt.check()?;
        }
        if let Some(options) = &self.report
            && !(options.margin >= 0.0 && options.margin.is_finite())
        {
            let value = options.margin.to_string();
            return Err(Error::InvalidHalt { rule: "the margin of a report must be at least 0 and finite", value });
        }
        let mut memory = self.memory;
        if !links.iter().any(|link| link.revisits()) {
            memory.fits = 0;
        }
        // Taken, so that nothing is left of a run that does not end.
        let mut kept = left.take();
        let workspace = match &mut kept {
            Some(kept) => {
                kept.renew(self.problem, memory)?;
                kept
            }
            None => kept.insert(Workspace::new(self.problem, memory)?),
        };
        if let Some(alone) = self.alone {
            workspace.be_alone(alone);
        }
        if let Some(options) = self.report {
            workspace.record(Exploration::new(options));
        }
        let largest = workspace.correlate().iter().map(|c| Scalar::abs(*c)).fold(0.0, f64::max);
        let mut initial = start::resolve(&start, self.problem, largest)?;
        let mut outcome = None;
        for (at, link) in links.iter().enumerate() {
            let last = at + 1 == links.len();
            let mut halt = link.default_halt();
            match &self.halt {
                Some(given) if last => halt = given.clone(),
                Some(given) => {
                    if let Some(limit) = given.time_limit() {
                        halt = halt.or(Halt::Time(limit));
                    }
                }
                None => {}
            }
            let ended = self.run_link(&**link, &initial, workspace, &halt, begin);
            let stopped_all = matches!(ended.reason, StopReason::Interrupted | StopReason::Time);
            initial = Initial { support: ended.best.support.clone(), values: ended.best.values.clone() };
            outcome = Some(ended);
            if stopped_all {
                break;
            }
        }
        let Some(outcome) = outcome else { unreachable!("a chain has at least one link") };
        let name = links.iter().map(|link| link.name()).collect::<Vec<_>>().join("+");
        let mut solution = self.finish(name, outcome, workspace, begin);
        solution.memory += states;
        for observer in &mut self.observers {
            observer.end(&solution);
        }
        *left = kept;
        Ok(solution)
    }

    /// The loop.
    fn run_link(
        &mut self,
        solver: &dyn Solver<T>,
        initial: &Initial<T>,
        workspace: &mut Workspace<'_, T>,
        halt: &Halt,
        begin: Instant,
    ) -> Outcome<T> {
        let mut process = solver.launch(workspace, initial);
        let mut best = Best { support: vec![], values: vec![], residual_norm: f64::INFINITY, iteration: 0 };
        let mut iteration = 0;
        let mut finished = false;
        loop {
            let residual_norm = workspace.residual_norm();
            // A point on a larger support is on the way to one of at most k columns.
            let sparse = workspace.support().len() <= workspace.sparsity();
            let better = residual_norm < best.residual_norm * (1.0 - IMPROVEMENT);
            if sparse && (better || best.residual_norm == f64::INFINITY) {
                best.update(workspace, residual_norm, iteration);
            }
            if sparse && workspace.is_recording() {
                let support = workspace.support().to_vec();
                workspace.explored(&support, residual_norm);
            }
            let elapsed = begin.elapsed();
            let progress = Progress {
                algorithm: solver.name(),
                iteration,
                support: workspace.support(),
                residual_norm,
                best_support: &best.support,
                best_residual_norm: best.residual_norm,
                supports_explored: workspace.supports_explored(),
                elapsed,
            };
            let mut interrupted = false;
            for observer in &mut self.observers {
                interrupted |= observer.step(&progress) == ControlFlow::Break(());
            }
            let counts = workspace.counts();
            let state = halt::State {
                iteration,
                best_iteration: best.iteration,
                supports: workspace.supports_explored() as u64,
                relative_residual: relative(best.residual_norm, workspace.data_norm()),
                operator_calls: counts.applies + counts.adjoints,
                elapsed,
            };
            let reason = if interrupted {
                Some(StopReason::Interrupted)
            } else if best.residual_norm <= EXACT * workspace.data_norm() {
                Some(StopReason::ExactFit)
            } else if !residual_norm.is_finite() {
                Some(StopReason::Diverged)
            } else if finished {
                Some(StopReason::Finished)
            } else {
                halt.holds(&state)
            };
            if let Some(reason) = reason {
                return Outcome { best, iteration, reason };
            }
            let step = process.step(workspace, halt.iterations_until_check(&state));
            iteration = iteration.saturating_add(step.iterations);
            finished = step.finished;
        }
    }

    fn finish(
        &self,
        algorithm: String,
        outcome: Outcome<T>,
        workspace: &mut Workspace<'_, T>,
        begin: Instant,
    ) -> Solution<T> {
        let counts = workspace.counts();
        let report = workspace.take_record();
        let report = report.map(|record| ExplorationReport::new(record, &outcome.best.support, workspace));
        let Best { support, values: mut coefficients, iteration: best_iteration, .. } = outcome.best;
        let scales = self.problem.scales();
        for (&j, x) in support.iter().zip(&mut coefficients) {
            *x = x.scale(scales[j]);
        }
        let operator = self.problem.operator();
        let mut residual = vec![T::ZERO; operator.nrows()];
        operator.apply_sparse(&support, &coefficients, &mut residual);
        for (r, &y) in residual.iter_mut().zip(self.problem.data()) {
            *r = y - *r;
        }
        let data_norm = self.problem.data_norm();
        let residual_norm = norm(&residual);
        Solution {
            algorithm,
            ncols: operator.ncols(),
            support,
            coefficients,
            residual_norm,
            relative_residual: relative(residual_norm, data_norm),
            objective: 0.5 * residual_norm * residual_norm,
            iterations: outcome.iteration,
            best_iteration,
            supports_explored: workspace.supports_explored(),
            stop_reason: outcome.reason,
            counts,
            elapsed: begin.elapsed(),
            memory: workspace.memory_held(),
            report,
        }
    }
}

/// ‖r‖/‖y‖, and 0 for y = 0.
fn relative(residual_norm: f64, data_norm: f64) -> f64 {
    if data_norm > 0.0 { residual_norm / data_norm } else { 0.0 }
}

struct Best<T> {
    support: Vec<usize>,
    values: Vec<T>,
    residual_norm: f64,
    iteration: u64,
}

impl<T: Scalar> Best<T> {
    fn update(&mut self, workspace: &Workspace<'_, T>, residual_norm: f64, iteration: u64) {
        self.support.clear();
        self.support.extend_from_slice(workspace.support());
        self.values.clear();
        self.values.extend_from_slice(workspace.values());
        self.residual_norm = residual_norm;
        self.iteration = iteration;
    }
}

struct Outcome<T> {
    best: Best<T>,
    iteration: u64,
    reason: StopReason,
}

/// How long a run may take, for building a [`Halt::Time`] from seconds.
///
/// # Errors
/// [`Error::InvalidHalt`] unless `seconds` is finite and at least 0.
pub fn seconds(seconds: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(seconds).map_err(|_| Error::InvalidHalt {
        rule: "the time must be at least 0 seconds and finite",
        value: seconds.to_string(),
    })
}
