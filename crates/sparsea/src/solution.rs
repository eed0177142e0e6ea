//! What a run returns.

use std::time::Duration;

use serde::Serialize;

use crate::least_squares::Counts;
use crate::run::{ExplorationReport, StopReason};
use crate::scalar::Scalar;

/// The best point that a run visited, why it stopped, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solution<T> {
    /// Name of the algorithm, or of the chain, as `omp+sea`.
    pub algorithm: String,
    /// Number n of columns of A, the length of x.
    pub ncols: usize,
    /// S, sorted; at most k indices.
    pub support: Vec<usize>,
    /// x_S, in the scale of A. A column dependent on others of the support has coefficient 0.
    pub coefficients: Vec<T>,
    /// ‖y − A x‖.
    pub residual_norm: f64,
    /// ‖y − A x‖ / ‖y‖ (0 when y = 0).
    pub relative_residual: f64,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// Iterations of the algorithm (of the last link of a chain). Iteration 0 is the start.
    pub iterations: u64,
    /// The iteration that reached the returned point.
    pub best_iteration: u64,
    /// Distinct supports at which the run has been, starting algorithms included.
    pub supports_explored: usize,
    /// Why the run ended.
    pub stop_reason: StopReason,
    /// What the run cost, starting algorithms included.
    pub counts: Counts,
    /// Wall time of the run, starting algorithms included.
    pub elapsed: Duration,
    /// Bytes held at the end for what [`Memory`](crate::Memory) limits: Gram columns (or a sparse A by rows), remembered fits, and
    /// what the algorithms keep. Gram columns left by an earlier run of a batch are among them.
    pub memory: usize,
    /// What was learnt besides, if it was asked for.
    pub report: Option<ExplorationReport>,
}

impl<T: Scalar> Solution<T> {
    /// x as a full vector of length n.
    pub fn to_dense(&self) -> Vec<T> {
        let mut x = vec![T::ZERO; self.ncols];
        for (&j, &value) in self.support.iter().zip(&self.coefficients) {
            x[j] = value;
        }
        x
    }
}
