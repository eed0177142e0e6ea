//! Watching a run, and stopping it.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::solution::Solution;
use crate::support::{Support, shared};

/// What an observer sees after every step of a run.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'s> {
    /// The algorithm that is running (in a chain, the link).
    pub algorithm: &'s str,
    /// Iterations of this algorithm so far; 0 is its start. Numbers may skip iterations that change nothing.
    pub iteration: u64,
    /// Support of the current point, sorted. It may hold more than k columns while the algorithm is on its way to a support of at most k.
    pub support: &'s [usize],
    /// ‖y − A x‖ at the current point.
    pub residual_norm: f64,
    /// Support of the best point so far.
    pub best_support: &'s [usize],
    /// ‖y − A x‖ at the best point so far.
    pub best_residual_norm: f64,
    /// Distinct supports that the run has visited.
    pub supports_explored: usize,
    /// Time since the run began.
    pub elapsed: Duration,
}

/// The current point, and the vector from which its support was chosen, for observers of iterates.
#[derive(Debug, Clone, Copy)]
pub struct Iterate<'s, T> {
    /// See [`Progress::iteration`].
    pub iteration: u64,
    /// Support of the point, sorted.
    pub support: &'s [usize],
    /// Its coefficients on the support, in the scale of A.
    pub coefficients: &'s [T],
    /// 𝒳 of [`Sea`](crate::Sea), for columns scaled to unit norm: the support consists of its k entries largest in magnitude. `None` for
    /// algorithms without such a variable.
    pub exploration: Option<&'s [T]>,
}

/// Watches a run. Every method has a default that does nothing.
pub trait Observer<T> {
    /// Called after every step. `Break` stops the run, which then returns the best point so far.
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }

    /// Called after a step, for each support of at most k columns that the algorithm passed through within the step, with its ‖y − A x‖.
    /// Called only if the observer [wants](Self::wants_explored) it.
    fn explored(&mut self, support: &Support, residual_norm: f64) {
        let _ = (support, residual_norm);
    }

    /// Whether [`explored`](Self::explored) is called. If so, a search continues after an exact fit, to find equally good supports.
    fn wants_explored(&self) -> bool {
        false
    }

    /// Called after each [`step`](Self::step), with the current point. Called only if the observer [wants](Self::wants_iterates) it, and
    /// never for groups of columns or several right-hand sides, because algorithms see their coefficients in another basis.
    fn iterate(&mut self, iterate: &Iterate<'_, T>) {
        let _ = iterate;
    }

    /// Whether [`iterate`](Self::iterate) is called.
    fn wants_iterates(&self) -> bool {
        false
    }

    /// Called when the run has ended.
    fn end(&mut self, solution: &Solution<T>) {
        let _ = solution;
    }
}

impl<T, F: FnMut(&Progress<'_>) -> ControlFlow<()>> Observer<T> for F {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self(progress)
    }
}

/// One row of a [`Trace`].
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// The algorithm that is running.
    pub algorithm: String,
    /// Its iteration.
    pub iteration: u64,
    /// ½‖y − A x‖² at the current point.
    pub objective: f64,
    /// ½‖y − A x‖² at the best point so far.
    pub best_objective: f64,
    /// Number of indices in the current support.
    pub support_size: usize,
    /// Number of indices in the current support that were not in the previous one.
    pub entered: usize,
    /// Distinct supports so far.
    pub supports_explored: usize,
    /// Time since the run began.
    pub elapsed: Duration,
}

/// An observer that records every step.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    rows: Vec<TraceRow>,
    previous: Vec<usize>,
}

impl Trace {
    /// The rows recorded.
    pub fn rows(&self) -> &[TraceRow] {
        &self.rows
    }
}

impl<T> Observer<T> for Trace {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self.rows.push(TraceRow {
            algorithm: progress.algorithm.to_owned(),
            iteration: progress.iteration,
            objective: 0.5 * progress.residual_norm * progress.residual_norm,
            best_objective: 0.5 * progress.best_residual_norm * progress.best_residual_norm,
            support_size: progress.support.len(),
            entered: progress.support.len() - shared(progress.support, &self.previous),
            supports_explored: progress.supports_explored,
            elapsed: progress.elapsed,
        });
        self.previous.clear();
        self.previous.extend_from_slice(progress.support);
        ControlFlow::Continue(())
    }
}
