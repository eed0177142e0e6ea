//! Exploration: SEA, from the start or from a random 𝒳⁰, until it finds nothing better for a while.

use super::super::Algorithm;
use super::super::sea::{self, Sea};
use crate::random::normal_vector;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Workspace};

use rand_chacha::ChaCha8Rng;

/// SEA at work.
#[derive(Debug)]
pub(super) struct Exploration<T> {
    state: sea::State<T>,
    /// The best support that it has visited.
    best: Support,
    residual_norm: f64,
    iterations: u64,
    /// Supports visited, and how many of them before the best.
    changes: usize,
    best_at: usize,
}

/// Iterations of SEA after which it is stopped in any case.
const LONGEST: u64 = 1000;
/// Supports without a better one among them before SEA is stopped: a share of k, and at least so many.
const PATIENCE: f64 = 0.25;
const LEAST_PATIENCE: usize = 4;

/// 𝒳⁰ = a normal random vector as large as the largest correlation with the data.
pub(super) fn random_start<T: Scalar>(rng: &mut ChaCha8Rng, workspace: &mut Workspace<'_, T>) -> Initial<T> {
    let largest = workspace.quadratic().data_correlation().iter().map(|c| Scalar::abs(*c)).fold(0.0, f64::max);
    let vector: Vec<T> = normal_vector(rng, workspace.ncols());
    Initial { support: (0..vector.len()).collect(), values: vector.iter().map(|v| v.scale(largest)).collect() }
}

impl<T: Scalar> Exploration<T> {
    /// Begins at 𝒳⁰.
    pub(super) fn new(workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Self {
        let state = Sea::default().start(workspace, initial);
        let best = workspace.support().clone();
        Self { state, best, residual_norm: workspace.residual_norm(), iterations: 0, changes: 0, best_at: 0 }
    }

    /// Goes to the next support. False if that was the last.
    pub(super) fn advance(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        let step = Sea::default().step(&mut self.state, workspace, LONGEST - self.iterations);
        self.iterations += step.iterations;
        self.changes += 1;
        let residual_norm = workspace.residual_norm();
        if residual_norm < self.residual_norm {
            self.residual_norm = residual_norm;
            self.best.clone_from(workspace.support());
            self.best_at = self.changes;
        }
        let patience = ((PATIENCE * workspace.sparsity() as f64) as usize).max(LEAST_PATIENCE);
        !step.finished && self.iterations < LONGEST && self.changes - self.best_at < patience
    }

    /// The best support visited.
    pub(super) fn best(&self) -> &Support {
        &self.best
    }
}
