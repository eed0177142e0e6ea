//! The outcome of a step.

/// What one step of an algorithm did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Iterations that the step took: 1, or more if it skipped iterations that change nothing.
    pub iterations: u64,
    /// Whether further steps would change nothing.
    pub finished: bool,
}
