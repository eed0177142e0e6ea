//! What a step says.

/// What one step of an algorithm did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Iterations it took: 1, or more when iterations that change nothing were jumped over.
    pub iterations: u64,
    /// Whether further steps would change nothing.
    pub finished: bool,
}
