//! The point from which an algorithm starts.

use crate::scalar::Scalar;
use crate::support::{Support, TopK};

/// A start in the scale of the algorithms: the non-zero entries of a vector.
#[derive(Debug, Clone, Default)]
pub struct Initial<T> {
    /// The indices of the entries.
    pub support: Support,
    /// The entries; empty if the least-squares solution on the support is meant.
    pub values: Vec<T>,
}

impl<T: Scalar> Initial<T> {
    /// The (at most k) entries largest in magnitude.
    pub fn truncated(&self, sparsity: usize) -> (Support, Vec<T>) {
        if self.support.len() <= sparsity {
            return (self.support.clone(), self.values.clone());
        }
        let mut chosen = Support::new();
        TopK::default().select(&self.values, sparsity, &mut chosen);
        (chosen.iter().map(|&at| self.support[at]).collect(), chosen.iter().map(|&at| self.values[at]).collect())
    }
}
