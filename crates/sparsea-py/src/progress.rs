//! What a callback sees of a run.

use pyo3::prelude::*;

/// The state of a run, passed to ``callback`` after every step.
///
/// Attributes
/// ----------
/// algorithm : str
///     The running algorithm (for a chain, the current link).
/// iteration : int
///     Its iterations so far; 0 is its start. Iterations that change nothing may be skipped.
/// support : list of int
///     Support of the current point, sorted. It may hold more than k columns on the way to a point with at most k.
/// residual_norm : float
///     ‖y − A x‖ at the current point.
/// best_support : list of int
///     Support of the best point so far.
/// best_residual_norm : float
///     ‖y − A x‖ at the best point so far.
/// supports_explored : int
///     Number of distinct supports that the run visited.
/// elapsed : float
///     Seconds since the run began.
/// column : int or None
///     For a batch, the column of Y that is being solved.
#[pyclass(frozen, get_all, module = "sparsea")]
pub struct Progress {
    algorithm: String,
    iteration: u64,
    support: Vec<usize>,
    residual_norm: f64,
    best_support: Vec<usize>,
    best_residual_norm: f64,
    supports_explored: usize,
    elapsed: f64,
    column: Option<usize>,
}

impl Progress {
    pub fn new(progress: &sparsea::Progress<'_>, column: Option<usize>) -> Self {
        Self {
            algorithm: progress.algorithm.to_owned(),
            iteration: progress.iteration,
            support: progress.support.to_vec(),
            residual_norm: progress.residual_norm,
            best_support: progress.best_support.to_vec(),
            best_residual_norm: progress.best_residual_norm,
            supports_explored: progress.supports_explored,
            elapsed: progress.elapsed.as_secs_f64(),
            column,
        }
    }
}

#[pymethods]
impl Progress {
    fn __repr__(&self) -> String {
        format!(
            "<Progress of {} at iteration {}: best residual {:.4e}>",
            self.algorithm, self.iteration, self.best_residual_norm
        )
    }
}
