//! NIHT, normalised iterative hard thresholding.

use serde::{Deserialize, Serialize};

use super::iht::{Line, State, finish_step, start_at};
use super::{Algorithm, Setting};
use crate::error::Error;
use crate::halt::Halt;
use crate::scalar::Scalar;
use crate::workspace::{Initial, Step, Workspace};

/// Normalised iterative hard thresholding: x ← H_k(x + μ g) with g = Aᴴ(y − A x) and a step μ found in each iteration.
///
/// First μ = ‖g_S‖²/‖A g_S‖², the best step as long as the support S does not change. If the support would change, μ must be at most (1
/// − c) ‖x' − x‖²/‖A(x' − x)‖², where x' is the new point; until it is, μ ← μ/(κ (1 − c)).
///
/// # Reference
/// Blumensath & Davies 2010, *Normalized iterative hard thresholding*, DOI 10.1109/JSTSP.2010.2042411.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Niht {
    /// c, between 0 and 1.
    pub margin: f64,
    /// κ, greater than 1/(1 − c).
    pub shrink: f64,
}

impl Default for Niht {
    fn default() -> Self {
        Self { margin: 0.01, shrink: 2.0 }
    }
}

impl<T: Scalar> Algorithm<T> for Niht {
    const NAME: &'static str = "niht";
    const TITLE: &'static str = "Normalised Iterative Hard Thresholding";
    const SUMMARY: &'static str = "like iht, with a step found by a line search";
    const REFERENCE: &'static str = "Blumensath & Davies 2010, 10.1109/JSTSP.2010.2042411";
    const COST: &'static str = "n k + m k, or one Aᴴ r; a few m k for the line search";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "large k and columns that are far from parallel; no step to choose";
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "margin",
            range: "between 0 and 1",
            default: "0.01",
            meaning: "c, by which a step stays below the longest safe one",
        },
        Setting {
            name: "shrink",
            range: "greater than 1/(1 − margin) and finite",
            default: "2.0",
            meaning: "κ; a step that is too long is divided by κ(1 − c)",
        },
    ];

    const FITS: bool = false;

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        let refuse = |setting, rule, value: f64| {
            Err(Error::InvalidSetting { algorithm: "niht", setting, rule, value: value.to_string() })
        };
        if !(self.margin > 0.0 && self.margin < 1.0) {
            return refuse("margin", "between 0 and 1", self.margin);
        }
        if !(self.shrink * (1.0 - self.margin) > 1.0 && self.shrink.is_finite()) {
            return refuse("shrink", "greater than 1/(1 − margin) and finite", self.shrink);
        }
        Ok(())
    }

    fn default_halt(&self) -> Halt {
        Halt::Budget(1000)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        start_at(workspace, initial)
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        state.line_search(workspace, Line { margin: self.margin, shrink: self.shrink });
        finish_step(state, workspace)
    }
}
