//! Why a run ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a run ended. None of these is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The algorithm finished: further iterations would change nothing.
    Finished,
    /// The residual is zero to rounding, so nothing can be better.
    ExactFit,
    /// The algorithm used up its default budget of iterations; no limit was given.
    Budget,
    /// The run finished, or used up its default budget, before it reached the given relative residual.
    RelativeResidualMissed,
    /// The limit on iterations was reached.
    Iterations,
    /// The limit on distinct supports was reached.
    Supports,
    /// The given relative residual was reached.
    RelativeResidual,
    /// No improvement for the stated number of iterations.
    Stagnation,
    /// The limit on products with A was reached.
    OperatorCalls,
    /// The time limit was reached.
    Time,
    /// An observer stopped the run.
    Interrupted,
    /// The iterates diverged: they left the range of floating-point numbers, for example because the step was too large, or the algorithm
    /// found that they do not settle.
    Diverged,
    /// A criterion chose k = 0: no column explains y.
    NothingFound,
}

impl StopReason {
    /// The reason as one word, as in the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::ExactFit => "exact_fit",
            Self::Budget => "budget",
            Self::RelativeResidualMissed => "relative_residual_missed",
            Self::Iterations => "iterations",
            Self::Supports => "supports",
            Self::RelativeResidual => "relative_residual",
            Self::Stagnation => "stagnation",
            Self::OperatorCalls => "operator_calls",
            Self::Time => "time",
            Self::Interrupted => "interrupted",
            Self::Diverged => "diverged",
            Self::NothingFound => "nothing_found",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "the algorithm completed",
            Self::ExactFit => "the residual is zero to rounding",
            Self::Budget => "the algorithm's default budget of iterations was used up",
            Self::RelativeResidualMissed => "the algorithm completed before it reached the relative residual asked for",
            Self::Iterations => "the limit of iterations was reached",
            Self::Supports => "the limit of supports explored was reached",
            Self::RelativeResidual => "the relative residual asked for was reached",
            Self::Stagnation => "the best support has not improved for the given number of iterations",
            Self::OperatorCalls => "the limit of operator calls was reached",
            Self::Time => "the time limit was reached",
            Self::Interrupted => "the run was interrupted",
            Self::Diverged => "the iterates diverged; a smaller step size or another algorithm is needed",
            Self::NothingFound => "the criterion chose k = 0: no column explains y",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::StopReason as R;

    /// The word of a reason is also what is serialised.
    #[test]
    fn words_are_what_is_serialised() {
        let all = [
            R::Finished,
            R::ExactFit,
            R::Budget,
            R::RelativeResidualMissed,
            R::Iterations,
            R::Supports,
            R::RelativeResidual,
            R::Stagnation,
            R::OperatorCalls,
            R::Time,
            R::Interrupted,
            R::Diverged,
            R::NothingFound,
        ];
        for reason in all {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
    }
}
