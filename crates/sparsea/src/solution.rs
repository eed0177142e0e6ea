//! What a run returns.

use std::time::Duration;

use serde::Serialize;

use crate::counts::Counts;
use crate::scalar::Scalar;
use crate::stop_reason::StopReason;

/// The best point that a run visited, why it stopped, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Solution<T> {
    /// Name of the algorithm, or of the chain, as `omp+sea`.
    pub algorithm: String,
    /// Number n of columns of A, the length of x.
    pub ncols: usize,
    /// S, sorted; at most k indices, fewer where k is above the rank of A.
    pub support: Vec<usize>,
    /// x_S, in the scale of A, none of them 0: a column that depends on others of the support is not in it.
    pub coefficients: Vec<T>,
    /// ‖y − A x‖.
    pub residual_norm: f64,
    /// ‖y − A x‖ / ‖y‖ (0 when y = 0).
    pub relative_residual: f64,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// Iterations of the algorithm (of the last link of a chain). Iteration 0 is the start.
    pub iterations: u64,
    /// The latest iteration at which ‖y − A x‖ fell by more than rounding. Iterates that converge may be returned from later ones.
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

/// What a run learnt besides its best support.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplorationReport {
    /// Distinct supports that were looked at (of a search, ends of exchanges; of others, points), and near-ties one exchange away
    /// from the best.
    pub distinct_supports: usize,
    /// Whether every exchange of one column of the best support for another was scored. If not, nothing is known of other
    /// supports than those that the run came through: a run may end at the first that fits exactly.
    pub exchanges_scored: bool,
    /// Supports count as near-ties if ‖r‖ is at most (1 + margin) times the best.
    pub margin: f64,
    /// How many near-ties there are among those kept, the best included.
    pub near_ties: usize,
    /// The best supports, best first.
    pub best: Vec<RankedSupport>,
    /// Every index that occurs among the near-ties, most frequent first.
    pub indices: Vec<IndexReport>,
}

/// A support and its residual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedSupport {
    /// Sorted.
    pub support: Vec<usize>,
    /// ‖y − A x‖ of the fit on it.
    pub residual_norm: f64,
}

/// One column of A among the near-ties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexReport {
    /// The column.
    pub index: usize,
    /// Whether it is in the best support.
    pub chosen: bool,
    /// Share of the near-ties that contain it.
    pub frequency: f64,
    /// The column most correlated with it, and |cos| of the angle between them; `None` too where there was no time to look.
    pub neighbour: Option<(usize, f64)>,
}

impl<T: Scalar> Solution<T> {
    /// x = 0, for a run that was stopped before it could begin, such as by [`Error::Stopped`](crate::Error::Stopped).
    pub fn zero(algorithm: String, ncols: usize, data: &[T], stop_reason: StopReason, elapsed: Duration) -> Self {
        let residual_norm = crate::kernels::norm(data);
        Self {
            algorithm,
            ncols,
            support: vec![],
            coefficients: vec![],
            residual_norm,
            relative_residual: if residual_norm > 0.0 { 1.0 } else { 0.0 },
            objective: 0.5 * residual_norm * residual_norm,
            iterations: 0,
            best_iteration: 0,
            supports_explored: 0,
            stop_reason,
            counts: Counts::default(),
            elapsed,
            memory: 0,
            report: None,
        }
    }

    /// x as a full vector of length n.
    pub fn to_dense(&self) -> Vec<T> {
        let mut x = vec![T::ZERO; self.ncols];
        for (&j, &value) in self.support.iter().zip(&self.coefficients) {
            x[j] = value;
        }
        x
    }
}
