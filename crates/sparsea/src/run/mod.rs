//! The run: one loop that steps any algorithm over a [`Workspace`] until a rule halts it.

mod best;
mod blocks;
mod limits;
mod observer;
mod path;
mod report;
mod stand_ins;
mod start;

use std::ops::ControlFlow;
use std::time::Duration;

use num_complex::Complex;
use serde_json::Map;

pub use limits::Limits;
pub use observer::{Iterate, Observer, Progress, Trace, TraceRow};
pub(crate) use path::Level;
pub use path::SparsityPath;
pub use report::ReportOptions;
pub use start::Start;

use crate::algorithms::{Algorithm, Chain, Solver, default_of};
use crate::clock::Instant;
use crate::compiled::of_scalar;
use crate::counts::Counts;
use crate::error::Error;
use crate::halt::{self, Halt};
use crate::interrupt::Interrupt;
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::solution::{ExplorationReport, Solution};
use crate::stop_reason::StopReason;
use crate::support::Support;
use crate::tolerance::EXACT;
use crate::workspace::{Initial, Memory, Threads, Workspace};
use best::Best;
use report::Exploration;

/// A run about to start: a problem, an algorithm or a chain, a start, a halting rule, observers.
pub struct Run<'r, 'a, T: Scalar> {
    problem: &'r Problem<'a, T>,
    chain: Chain<T>,
    start: Start<T>,
    halt: Option<Halt>,
    limits: Limits,
    interrupt: Interrupt,
    memory: Memory,
    report: Option<ReportOptions>,
    /// What the report is made from.
    exploration: Option<Exploration>,
    threads: Threads,
    observers: Vec<&'r mut dyn Observer<T>>,
}

/// Solves `problem` with `algorithm` from x = 0 under the algorithm's own halting rule.
///
/// # Errors
/// Settings out of their range; Aᴴ y not finite. Reaching a limit is not an error.
pub fn solve<T: Scalar>(problem: &Problem<'_, T>, algorithm: impl Algorithm<T>) -> Result<Solution<T>, Error> {
    Run::new(problem, algorithm).solve()
}

/// Improves a given answer: a support, or a vector whose k largest entries count. The result is never worse than the least-squares fit on
/// that support, nor than the vector itself if it has at most k entries.
///
/// Runs [`search`](crate::Search), or [`sea`](crate::Sea) on problems too large for it: see
/// [`default_of`](crate::algorithms::default_of).
///
/// # Errors
/// A start that does not fit the problem.
pub fn improve<T: Scalar>(problem: &Problem<'_, T>, start: Start<T>) -> Result<Solution<T>, Error> {
    Run::with_chain(problem, Chain::parse(default_of(problem), &Map::new())?).start(start).solve()
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
            limits: Limits::default(),
            interrupt: Interrupt::default(),
            memory: Memory::default(),
            report: None,
            exploration: None,
            threads: Threads::default(),
            observers: Vec::new(),
        }
    }

    /// Where to start. Default: x = 0.
    #[must_use]
    pub fn start(mut self, start: Start<T>) -> Self {
        self.start = start;
        self
    }

    /// When to stop. Default: the algorithm's own rule. For a chain, this rule applies to the last link; earlier links run under their own
    /// rules, within its time limit.
    #[must_use]
    pub fn halt(mut self, halt: Halt) -> Self {
        self.halt = Some(halt);
        self
    }

    /// Limits of the run. They replace or join the algorithm's own rule; see [`Limits::halt`]. A rule set by [`halt`](Self::halt) takes
    /// precedence.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// An interrupt, which can stop the run within a step. A time limit does so in any case.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Memory limits for cached columns and fits.
    #[must_use]
    pub fn memory(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self
    }

    /// Requests a report on the supports explored, in [`Solution::report`].
    #[must_use]
    pub fn report(mut self, options: ReportOptions) -> Self {
        self.report = Some(options);
        self
    }

    /// The threads that the run may use. Default: all threads of the pool that it runs in. The result does not depend on the threads.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Whether this run may use all threads of the pool that it runs in.
    #[deprecated(since = "0.2.0", note = "use `threads`")]
    #[must_use]
    pub fn alone(self, alone: bool) -> Self {
        self.threads(if alone { Threads::Pool } else { Threads::One })
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
    /// Settings, start or halting rule out of range; Aᴴ y not finite; more memory needed than allowed. Reaching a limit is not an error.
    pub fn solve(self) -> Result<Solution<T>, Error> {
        self.solve_with(&mut None)
    }

    /// Runs to the end in the workspace left by an earlier run, and leaves the workspace for the next run. Use it for a sequence of
    /// problems that differ only in y, made by [`Problem::with_data`]. Everything computed from A is reused, and the solution is the same
    /// bit for bit as without reuse. A workspace of another problem is replaced.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve).
    pub fn solve_with(self, left: &mut Option<Workspace<'a, T>>) -> Result<Solution<T>, Error> {
        #[inline(never)]
        fn real<'a>(run: Run<'_, 'a, f64>, left: &mut Option<Workspace<'a, f64>>) -> Result<Solution<f64>, Error> {
            run.solve_here(left)
        }
        #[inline(never)]
        fn complex<'a>(run: Run<'_, 'a, C64>, left: &mut Option<Workspace<'a, C64>>) -> Result<Solution<C64>, Error> {
            run.solve_here(left)
        }
        type C64 = Complex<f64>;
        type Solve<T> =
            for<'r, 'a, 'l> fn(Run<'r, 'a, T>, &'l mut Option<Workspace<'a, T>>) -> Result<Solution<T>, Error>;
        of_scalar::<Solve<T>>(real as Solve<f64>, complex as Solve<C64>)(self, left)
    }

    fn solve_here(self, left: &mut Option<Workspace<'a, T>>) -> Result<Solution<T>, Error> {
        if self.problem.is_plain() { self.solve_columns(left) } else { self.solve_blocks() }
    }

    /// The same for atoms that are columns, or a problem as algorithms see it.
    fn solve_columns(mut self, left: &mut Option<Workspace<'a, T>>) -> Result<Solution<T>, Error> {
        // Measuring the columns of A is part of the run.
        let now = Instant::now();
        let begin = now.checked_sub(self.problem.measuring().elapsed).unwrap_or(now);
        let mut links = self.chain.links().to_vec();
        let mut start = self.start.clone();
        while let Start::Chain(chain) = start {
            links.splice(0..0, chain.links().iter().cloned());
            start = Start::Zero;
        }
        let mut states = 0;
        for link in &links {
            link.check()?;
            self.problem.check(link.name(), link.needs())?;
            // For k = 0 it holds nothing, since it does not begin.
            let numbers = if self.problem.sparsity() == 0 { 0 } else { link.state_size(self.problem) };
            let bytes = numbers.saturating_mul(size_of::<T>());
            if bytes > self.memory.state {
                return Err(Error::StateMemory { algorithm: link.name(), bytes, limit: self.memory.state });
            }
            states = states.max(bytes);
        }
        let own = links.last().map_or(Halt::Never, |link| link.default_halt());
        let halt = self.halt.clone().unwrap_or_else(|| self.limits.halt(own));
        halt.check()?;
        let agreement = self.problem.operator().agreement().cloned();
        if agreement.is_some() {
            self.threads = Threads::One;
        }
        let mut interrupt = self.interrupt.clone();
        // A step that one of several processes cuts off would leave the others waiting.
        if agreement.is_none()
            && let Some(deadline) = halt.time_limit().and_then(|limit| begin.checked_add(limit))
        {
            interrupt = interrupt.by(deadline);
        }
        if let Some(report) = &self.report {
            self.problem.check("a report", Needs::INTERVALS.and(Needs::COLUMNS))?;
            report.check()?;
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
        workspace.watch(Interrupt::default());
        workspace.set_threads(self.threads);
        self.exploration = self.report.map(|options| Exploration::new(options, self.problem.sparsity()));
        if self.observers().any(|observer| observer.wants_explored()) {
            workspace.keep_explored();
        }
        let largest = workspace.correlate().iter().map(|c| Scalar::abs(*c)).fold(0.0, f64::max);
        let mut initial = start::resolve(&start, self.problem, largest)?;
        // Nothing worse than x = 0 or than the start comes back. The start is looked at even if there is no time.
        let mut best = Best::zero(workspace);
        if matches!(start, Start::Support(_) | Start::Vector(_)) {
            let fits = links.first().is_some_and(|link| link.fits());
            best.consider_start(workspace, &initial, fits, &interrupt);
            workspace.clear();
        } else {
            workspace.watch(interrupt);
        }
        let mut ended = (0, StopReason::Finished);
        for (at, link) in links.iter().enumerate() {
            let last = at + 1 == links.len();
            let mut rule = link.default_halt();
            if last {
                rule = halt.clone();
            } else if let Some(limit) = halt.time_limit() {
                rule = rule.or(Halt::Time(limit));
            }
            best.iteration = 0;
            ended = self.run_link(&**link, &initial, workspace, &mut best, &rule, begin);
            if matches!(ended.1, StopReason::Interrupted | StopReason::Time) {
                break;
            }
            initial = Initial { support: best.support.clone(), values: best.values.clone() };
        }
        let (iterations, mut reason) = ended;
        let reached = relative(best.residual_norm, workspace.data_norm());
        if matches!(reason, StopReason::Finished | StopReason::Budget)
            && halt.relative_residual().is_some_and(|limit| reached > limit)
        {
            reason = StopReason::RelativeResidualMissed;
        }
        if matches!(reason, StopReason::Finished | StopReason::Budget)
            && best.residual_norm <= EXACT * workspace.data_norm()
        {
            reason = StopReason::ExactFit;
        }
        let name = links.iter().map(|link| link.name()).collect::<Vec<_>>().join("+");
        workspace.check_products()?;
        let complete = workspace.given_up().is_none();
        // A report is made after the time, but not after Ctrl-C.
        workspace.watch(self.interrupt.clone());
        let hurried = matches!(reason, StopReason::Time | StopReason::Interrupted);
        let report = self.exploration.take().map(|record| {
            let chosen = report::independent(&best.support, &best.values);
            ExplorationReport::new(record, &chosen, workspace, hurried)
        });
        workspace.check_products()?;
        let mut solution = self.finish(name, best, iterations, reason, workspace, begin)?;
        solution.report = report;
        solution.memory += states;
        for observer in &mut self.observers {
            observer.end(&solution);
        }
        if complete && workspace.given_up().is_none() {
            *left = kept;
        }
        Ok(solution)
    }

    /// The loop: steps the algorithm until `halt` holds; how many iterations it made, and why it ended. For k = 0 there is nothing to
    /// step: x = 0 is the only point.
    fn run_link(
        &mut self,
        solver: &dyn Solver<T>,
        initial: &Initial<T>,
        workspace: &mut Workspace<'_, T>,
        best: &mut Best<T>,
        halt: &Halt,
        begin: Instant,
    ) -> (u64, StopReason) {
        workspace.take_settled();
        let mut process = (workspace.sparsity() > 0).then(|| solver.launch(workspace, initial));
        let mut iteration = 0;
        let mut finished = process.is_none();
        loop {
            // A point on which work was given up is none.
            if let Some(reason) = workspace.given_up() {
                return (iteration, reason);
            }
            let residual_norm = workspace.residual_norm();
            best.consider(workspace, iteration);
            best.consider_refit(workspace, iteration);
            let mut elapsed = begin.elapsed();
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
            let mut interrupted = self.interrupt.reason() == Some(StopReason::Interrupted);
            for observer in self.observers() {
                interrupted |= observer.step(&progress) == ControlFlow::Break(());
            }
            if self.observers().any(|observer| observer.wants_iterates()) {
                let exploration = process.as_ref().and_then(|process| process.exploration());
                self.show_iterate(iteration, workspace, exploration);
            }
            if let Some(agreement) = self.problem.operator().agreement() {
                interrupted = agreement.on(interrupted);
                if let Some(limit) = halt.time_limit() {
                    elapsed = if agreement.on(elapsed >= limit) { limit } else { Duration::ZERO };
                }
            }
            let counts = workspace.counts();
            let state = halt::State {
                iteration,
                best_iteration: best.iteration,
                supports: workspace.supports_explored() as u64,
                relative_residual: relative(best.residual_norm, workspace.data_norm()),
                operator_calls: counts.applies + counts.adjoints,
                is_settled: workspace.take_settled(),
                elapsed,
            };
            let diverged = workspace.take_divergence();
            // Where a report is wanted, other supports that fit exactly are looked for.
            let exact = best.residual_norm <= EXACT * workspace.data_norm();
            let reason = if interrupted {
                Some(StopReason::Interrupted)
            } else if exact && !(workspace.is_watched() && solver.revisits()) {
                Some(StopReason::ExactFit)
            } else if !residual_norm.is_finite() || diverged {
                Some(StopReason::Diverged)
            } else if finished {
                Some(StopReason::Finished)
            } else {
                halt.holds(&state)
            };
            if let Some(reason) = reason {
                return (iteration, reason);
            }
            let Some(process) = &mut process else { return (iteration, StopReason::Finished) };
            let step = process.step(workspace, halt.iterations_until_check(&state));
            iteration = iteration.saturating_add(step.iterations);
            finished = step.finished;
            workspace.see_explored(|support, residual_norm| {
                for observer in self.observers().filter(|one| one.wants_explored()) {
                    observer.explored(support, residual_norm);
                }
            });
        }
    }

    /// Shows the current point to those who want it.
    fn show_iterate(&mut self, iteration: u64, workspace: &Workspace<'_, T>, exploration: Option<&[T]>) {
        let scales = self.problem.scales();
        let support = workspace.support();
        let coefficients: Vec<T> = support.iter().zip(workspace.values()).map(|(&j, x)| x.scale(scales[j])).collect();
        let iterate = Iterate { iteration, support, coefficients: &coefficients, exploration };
        for observer in self.observers().filter(|observer| observer.wants_iterates()) {
            observer.iterate(&iterate);
        }
    }

    /// All that watch the run.
    fn observers(&mut self) -> impl Iterator<Item = &mut dyn Observer<T>> {
        let own = self.exploration.iter_mut().map(|own| own as &mut dyn Observer<T>);
        self.observers.iter_mut().map(|one| &mut **one as &mut dyn Observer<T>).chain(own)
    }

    fn finish(
        &self,
        algorithm: String,
        best: Best<T>,
        iterations: u64,
        stop_reason: StopReason,
        workspace: &mut Workspace<'_, T>,
        begin: Instant,
    ) -> Result<Solution<T>, Error> {
        let outcome = Outcome {
            algorithm,
            support: best.support,
            values: best.values,
            iterations,
            best_iteration: best.iteration,
            supports_explored: workspace.supports_explored(),
            stop_reason,
        };
        let counts = workspace.counts() + self.problem.measuring().counts;
        solution_of(self.problem, outcome, counts, begin.elapsed(), workspace.memory_held())
    }
}

/// What a run comes to, in the scale of unit columns.
struct Outcome<T> {
    algorithm: String,
    support: Support,
    values: Vec<T>,
    iterations: u64,
    best_iteration: u64,
    supports_explored: usize,
    stop_reason: StopReason,
}

/// The solution in the scale of A, with ‖y − A x‖ computed from A.
fn solution_of<T: Scalar>(
    problem: &Problem<'_, T>,
    outcome: Outcome<T>,
    counts: Counts,
    elapsed: Duration,
    memory: usize,
) -> Result<Solution<T>, Error> {
    let scales = problem.scales();
    // A column with coefficient 0, as one that depends on others, is not in the support.
    let scaled = outcome.support.into_vec().into_iter().zip(outcome.values).map(|(j, x)| (j, x.scale(scales[j])));
    // The scale rounds, and may round a coefficient out of its domain.
    let allowed = scaled.map(|(j, x)| (j, problem.project(j, x)));
    let (support, coefficients): (Vec<usize>, Vec<T>) = allowed.filter(|(_, x)| *x != T::ZERO).unzip();
    let operator = problem.operator().renewed();
    let mut image = vec![T::ZERO; operator.nrows()];
    operator.apply_sparse(&support, &coefficients, &mut image);
    operator.check()?;
    let residual_norm = problem.residual_norm(image);
    Ok(Solution {
        algorithm: outcome.algorithm,
        ncols: operator.ncols(),
        support,
        coefficients,
        residual_norm,
        relative_residual: relative(residual_norm, problem.zero_norm()),
        objective: 0.5 * residual_norm * residual_norm,
        iterations: outcome.iterations,
        best_iteration: outcome.best_iteration,
        supports_explored: outcome.supports_explored,
        stop_reason: outcome.stop_reason,
        counts,
        elapsed,
        memory,
        report: None,
        right_hand_sides: 1,
        groups: None,
        fixed: None,
    })
}

/// ‖r‖/‖y‖, and 0 for y = 0.
fn relative(residual_norm: f64, data_norm: f64) -> f64 {
    if data_norm > 0.0 { residual_norm / data_norm } else { 0.0 }
}

/// Converts seconds to a duration for [`Halt::Time`].
///
/// # Errors
/// [`Error::InvalidHalt`] unless `seconds` is finite and at least 0.
pub fn seconds(seconds: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(seconds).map_err(|_| Error::InvalidHalt {
        rule: "the time must be at least 0 seconds and finite",
        value: seconds.to_string(),
    })
}
