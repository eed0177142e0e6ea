//! Counts of what a run costs.

use std::ops::Add;

use serde::Serialize;

/// What a run has cost so far, in calls and factor moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Products A x with a full or sparse x.
    pub applies: u64,
    /// Products Aᴴ r.
    pub adjoints: u64,
    /// Gram columns used: each takes one pass over A if A is dense, or several share one pass. Columns computed by an earlier run are
    /// included.
    pub columns: u64,
    /// Columns that joined the factor.
    pub joins: u64,
    /// Columns that left the factor by plane rotations.
    pub leaves: u64,
    /// Times that rows of the factor were recomputed instead.
    pub refactorisations: u64,
    /// Fits corrected with residuals computed from A.
    pub refinements: u64,
    /// Fits by an orthonormal basis.
    pub orthogonalisations: u64,
    /// Numerically dependent columns found in fits, counted each time. They get coefficient 0.
    pub dependent_columns: u64,
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            applies: self.applies + other.applies,
            adjoints: self.adjoints + other.adjoints,
            columns: self.columns + other.columns,
            joins: self.joins + other.joins,
            leaves: self.leaves + other.leaves,
            refactorisations: self.refactorisations + other.refactorisations,
            refinements: self.refinements + other.refinements,
            orthogonalisations: self.orthogonalisations + other.orthogonalisations,
            dependent_columns: self.dependent_columns + other.dependent_columns,
        }
    }
}
