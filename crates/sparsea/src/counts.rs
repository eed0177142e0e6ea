//! What a run costs, counted.

use std::ops::Add;

use serde::Serialize;

/// What a run has cost so far, in calls and factor moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Products A x with a full or sparse x.
    pub applies: u64,
    /// Products Aᴴ r.
    pub adjoints: u64,
    /// Gram columns used (one pass over A each when A is dense, or for several together), those of a run before included.
    pub columns: u64,
    /// Columns that joined the factor.
    pub joins: u64,
    /// Columns that left the factor by plane rotations.
    pub leaves: u64,
    /// Times that rows of the factor were computed anew instead.
    pub refactorisations: u64,
    /// Fits corrected with residuals computed from A.
    pub refinements: u64,
    /// Fits by an orthonormal basis.
    pub orthogonalisations: u64,
    /// Numerically dependent columns met in fits, each time with coefficient 0.
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
