//! Limits of a run as users state them, and how they combine with an algorithm's own halting rule.

use std::time::Duration;

use crate::halt::Halt;

/// Limits of a run, each optional. With none, the algorithm's own rule halts it.
///
/// An algorithm's own rule is [`Halt::Never`] for those that end by themselves (omp, ols, els, ompr, foba, splicing, sp, lasso, amp, bp,
/// segment) and a [`Halt::Budget`] of iterations for the others: 300 for search, 1000 for sea, htp, iht, niht and cosamp.
///
/// ```
/// use sparsea::{Halt, Limits};
///
/// let limits = Limits { relative_residual: Some(0.01), ..Limits::default() };
/// assert_eq!(limits.halt(Halt::Budget(300)), Halt::RelativeResidual(0.01).or(Halt::Budget(300)));
/// let limits = Limits { iterations: Some(50), ..limits };
/// assert_eq!(limits.halt(Halt::Budget(300)), Halt::Iterations(50).or(Halt::RelativeResidual(0.01)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Iterations.
    pub iterations: Option<u64>,
    /// Time, including the time to measure the columns of A.
    pub time: Option<Duration>,
    /// Distinct supports.
    pub supports: Option<u64>,
    /// The run ends when ‖y − A x‖ ≤ this times ‖y‖.
    pub relative_residual: Option<f64>,
    /// Iterations in a row without a better point.
    pub stagnation: Option<u64>,
}

impl Limits {
    /// The rule that halts a run under these limits: it halts at the first limit reached. The algorithm's `own` rule also applies if
    /// iterations, time and stagnation are all unlimited, because the other limits may never be reached.
    pub fn halt(&self, own: Halt) -> Halt {
        let rules = [
            self.iterations.map(Halt::Iterations),
            self.time.map(Halt::Time),
            self.supports.map(Halt::Supports),
            self.relative_residual.map(Halt::RelativeResidual),
            self.stagnation.map(Halt::Stagnation),
        ];
        let bounded = self.iterations.is_some() || self.time.is_some() || self.stagnation.is_some();
        let own = (!bounded).then_some(own);
        let mut rules: Vec<Halt> = rules.into_iter().flatten().chain(own).collect();
        if rules.len() == 1 { rules.remove(0) } else { Halt::Any(rules) }
    }
}
