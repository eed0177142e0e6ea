//! HTP, hard thresholding pursuit.

use serde::{Deserialize, Serialize};

use super::iht::{StepSize, check_step_size};
use super::{Algorithm, Setting};
use crate::error::Error;
use crate::halt::Halt;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::workspace::{Initial, Step, Workspace};

/// Hard thresholding pursuit: from the fit x on the current support, repeat
///
/// - S ← the k entries of x + μ Aᴴ(y − A x) largest in magnitude,
/// - x ← argmin ‖A x − y‖² over x supported on S,
///
/// until a support recurs.
///
/// # Cost
/// Each iteration takes one fit and one pass over n × k Gram entries; with the constant step also ‖A‖², once.
///
/// # Reference
/// Foucart 2011, *Hard thresholding pursuit: an algorithm for compressive sensing*, DOI 10.1137/100806278.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Htp {
    /// μ: `"constant"` is 1/‖A‖².
    pub step_size: StepSize,
}

/// State of HTP between steps.
#[derive(Debug)]
pub struct State<T> {
    /// x + μ Aᴴ(y − A x).
    moved: Vec<T>,
    support: Support,
    /// Supports at which this algorithm has been: those of others before it in a chain do not count.
    seen: SupportSet,
    mu: f64,
}

impl<T: Scalar> Algorithm<T> for Htp {
    const NAME: &'static str = "htp";
    const TITLE: &'static str = "Hard Thresholding Pursuit";
    const SUMMARY: &'static str = "one gradient step, the k largest entries, fit; until a support repeats";
    const REFERENCE: &'static str = "Foucart 2011, 10.1137/100806278";
    const COST: &'static str = "n k + k², and Gram columns new to the run";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "columns that are far from parallel; few iterations";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "step_size",
        range: "a number greater than 0, or 'constant'",
        default: "constant",
        meaning: "μ; 'constant' is 1/‖A‖²",
    }];

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        check_step_size("htp", "a number greater than 0, or 'constant'", &self.step_size, false)
    }

    fn default_halt(&self) -> Halt {
        Halt::Budget(1000)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        let mu = match self.step_size {
            StepSize::Value(mu) => mu,
            StepSize::Rule(_) => workspace.constant_step(),
        };
        let mut seen = SupportSet::default();
        seen.insert(&support);
        State { moved: vec![T::ZERO; workspace.ncols()], support, seen, mu }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        workspace.move_along(state.mu, &mut state.moved);
        workspace.select(&state.moved, &mut state.support);
        let new = state.seen.insert(&state.support);
        if new {
            workspace.fit(&state.support);
        }
        Step { iterations: 1, finished: !new }
    }
}
