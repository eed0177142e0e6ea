//! Halting rules, as plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stop_reason::StopReason;

/// A halting rule. Rules are joined with [`or`](Halt::or) and [`and`](Halt::and).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// Never: the algorithm ends by itself.
    Never,
    /// After this many iterations, or earlier if the algorithm has [settled](crate::Workspace::settle). This is an algorithm's own rule
    /// rather than a limit set by the user.
    Budget(u64),
    /// After this many iterations.
    Iterations(u64),
    /// After this many distinct supports.
    Supports(u64),
    /// When ‖y − A x‖ ≤ this times ‖y‖ at the best point.
    RelativeResidual(f64),
    /// After this many consecutive iterations in which the best point did not improve.
    Stagnation(u64),
    /// After this many products with A or Aᴴ.
    OperatorCalls(u64),
    /// After this much time since the start of the run, starting algorithms included.
    Time(Duration),
    /// When any of these holds.
    Any(Vec<Halt>),
    /// When all of these hold.
    All(Vec<Halt>),
}

/// What halting rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) iteration: u64,
    pub(crate) best_iteration: u64,
    pub(crate) supports: u64,
    pub(crate) relative_residual: f64,
    pub(crate) operator_calls: u64,
    /// Whether the algorithm has stopped finding better points.
    pub(crate) is_settled: bool,
    pub(crate) elapsed: Duration,
}

impl Halt {
    /// Halts when either rule does.
    #[must_use]
    pub fn or(self, other: Halt) -> Halt {
        match self {
            Halt::Any(mut rules) => {
                rules.push(other);
                Halt::Any(rules)
            }
            rule => Halt::Any(vec![rule, other]),
        }
    }

    /// Halts when both rules hold.
    #[must_use]
    pub fn and(self, other: Halt) -> Halt {
        match self {
            Halt::All(mut rules) => {
                rules.push(other);
                Halt::All(rules)
            }
            rule => Halt::All(vec![rule, other]),
        }
    }

    /// Checks that every limit is valid.
    ///
    /// # Errors
    /// [`Error::InvalidHalt`] for a relative residual that is negative or NaN, or an empty `Any` or `All`.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Halt::RelativeResidual(limit) if limit.is_nan() || *limit < 0.0 => {
                Err(Error::InvalidHalt { rule: "the relative residual must be at least 0", value: limit.to_string() })
            }
            Halt::Any(rules) | Halt::All(rules) if rules.is_empty() => {
                Err(Error::InvalidHalt { rule: "at least one rule must be joined", value: "none".into() })
            }
            Halt::Any(rules) | Halt::All(rules) => rules.iter().try_for_each(Halt::check),
            _ => Ok(()),
        }
    }

    /// The reason to stop now, if there is one. Of several that hold, the first written.
    pub(crate) fn holds(&self, state: &State) -> Option<StopReason> {
        let when = |holds: bool, reason: StopReason| holds.then_some(reason);
        match self {
            Halt::Never => None,
            Halt::Budget(_) if state.is_settled => Some(StopReason::Finished),
            Halt::Budget(limit) => when(state.iteration >= *limit, StopReason::Budget),
            Halt::Iterations(limit) => when(state.iteration >= *limit, StopReason::Iterations),
            Halt::Supports(limit) => when(state.supports >= *limit, StopReason::Supports),
            Halt::RelativeResidual(limit) => when(state.relative_residual <= *limit, StopReason::RelativeResidual),
            Halt::Stagnation(limit) => when(state.iteration - state.best_iteration >= *limit, StopReason::Stagnation),
            Halt::OperatorCalls(limit) => when(state.operator_calls >= *limit, StopReason::OperatorCalls),
            Halt::Time(limit) => when(state.elapsed >= *limit, StopReason::Time),
            Halt::Any(rules) => rules.iter().find_map(|rule| rule.holds(state)),
            Halt::All(rules) => {
                let mut reason = None;
                for rule in rules {
                    reason = Some(rule.holds(state)?);
                }
                reason
            }
        }
    }

    /// Iterations until a rule that counts iterations may begin to hold; an algorithm may jump this far at once.
    pub(crate) fn iterations_until_check(&self, state: &State) -> u64 {
        let until = |limit: u64| if limit > state.iteration { limit - state.iteration } else { u64::MAX };
        match self {
            Halt::Iterations(limit) | Halt::Budget(limit) => until(*limit),
            Halt::Stagnation(limit) => until(state.best_iteration.saturating_add(*limit)),
            Halt::Any(rules) | Halt::All(rules) => {
                rules.iter().map(|rule| rule.iterations_until_check(state)).min().unwrap_or(u64::MAX)
            }
            _ => u64::MAX,
        }
    }

    /// The number of iterations after which the run is certain to have ended, if there is one.
    pub fn iterations(&self) -> Option<u64> {
        match self {
            Halt::Iterations(limit) | Halt::Budget(limit) => Some(*limit),
            Halt::Any(rules) => rules.iter().filter_map(Halt::iterations).min(),
            _ => None,
        }
    }

    /// The relative residual that alone would halt the run, if there is one.
    pub(crate) fn relative_residual(&self) -> Option<f64> {
        match self {
            Halt::RelativeResidual(limit) => Some(*limit),
            Halt::Any(rules) => rules.iter().filter_map(Halt::relative_residual).max_by(f64::total_cmp),
            _ => None,
        }
    }

    /// The parts of the rule that bound a whole run, its starting algorithms included: the time limits that are sure
    /// to end it.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        match self {
            Halt::Time(limit) => Some(*limit),
            Halt::Any(rules) => rules.iter().filter_map(Halt::time_limit).min(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(iteration: u64, best_iteration: u64) -> State {
        State {
            iteration,
            best_iteration,
            supports: 3,
            relative_residual: 0.1,
            operator_calls: 7,
            is_settled: false,
            elapsed: Duration::from_secs(1),
        }
    }

    #[test]
    fn rules_join() {
        let rule = Halt::Iterations(10).or(Halt::Stagnation(5));
        assert_eq!(rule.holds(&state(9, 8)), None);
        assert_eq!(rule.holds(&state(9, 4)), Some(StopReason::Stagnation));
        assert_eq!(rule.holds(&state(10, 9)), Some(StopReason::Iterations));
        assert_eq!(rule.iterations_until_check(&state(7, 3)), 1);
        let both = Halt::Iterations(10).and(Halt::RelativeResidual(0.05));
        assert_eq!(both.holds(&state(12, 0)), None);
        assert_eq!(both.iterations_until_check(&state(12, 0)), u64::MAX);
        let settled = State { is_settled: true, ..state(9, 8) };
        assert_eq!(Halt::Budget(10).holds(&settled), Some(StopReason::Finished));
        assert_eq!(Halt::Iterations(10).holds(&settled), None);
        assert_eq!(
            Halt::Iterations(1).and(Halt::OperatorCalls(7)).holds(&state(1, 0)),
            Some(StopReason::OperatorCalls)
        );
        assert_eq!(Halt::Supports(3).holds(&state(1, 0)), Some(StopReason::Supports));
    }

    #[test]
    fn impossible_rules_are_refused() {
        assert!(Halt::Any(vec![]).check().is_err());
        assert!(Halt::Iterations(3).or(Halt::RelativeResidual(f64::NAN)).check().is_err());
        assert!(Halt::Time(Duration::ZERO).check().is_ok());
    }

    #[test]
    fn only_certain_time_limits_bound_the_whole_run() {
        let second = Duration::from_secs(1);
        assert_eq!(Halt::Iterations(5).or(Halt::Time(second)).time_limit(), Some(second));
        assert_eq!(Halt::Iterations(5).and(Halt::Time(second)).time_limit(), None);
    }
}
