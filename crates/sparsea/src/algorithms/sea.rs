//! SEA, the Support Exploration Algorithm (Algorithm 1 of Mohamed et al. 2024).

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::halt::Halt;
use crate::kernels::simd;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Hint, Initial, Step, Workspace};

/// Support Exploration Algorithm. With an exploration variable 𝒳 ∈ Tⁿ, repeat
///
/// - S ← the k entries of 𝒳 largest in magnitude,
/// - x ← argmin ‖A x − y‖² over x supported on S,
/// - 𝒳 ← 𝒳 + η Aᴴ(y − A x),
///
/// and return the best x visited. 𝒳 sums the gradients at all supports visited, and so escapes local minima.
///
/// From x = 0, the first support is empty and the second has the largest correlations; the supports then do not depend on η. From another
/// start, only ‖𝒳⁰‖/η matters: it determines how long the start has an influence.
///
/// # Cost
/// One fit and one pass over n × k Gram entries per *change* of support. If the gradient vanishes on S after a fit, the iteration at which
/// another entry of 𝒳 overtakes has a closed form, and the iterations before it are skipped.
///
/// # Reference
/// Mohamed, Malgouyres, Emiya & Chaux, *Straight-Through Meets Sparse Recovery: the Support Exploration Algorithm*,
/// ICML 2024, PMLR 235:35968–36011, arXiv:2301.13584.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sea {
    /// η, greater than 0.
    pub step_size: f64,
}

impl Default for Sea {
    fn default() -> Self {
        Self { step_size: 1.0 }
    }
}

/// State of SEA between steps.
#[derive(Debug)]
pub struct State<T> {
    /// 𝒳.
    exploration: Vec<T>,
    /// S, the k entries of 𝒳 largest in magnitude.
    support: Support,
}

impl<T: Scalar> Algorithm<T> for Sea {
    const NAME: &'static str = "sea";
    const TITLE: &'static str = "Support Exploration Algorithm";
    const SUMMARY: &'static str = "follows the sum of the gradients at all supports visited; returns the best of them";
    const REFERENCE: &'static str = "Mohamed, Malgouyres, Emiya & Chaux 2024, arXiv:2301.13584";
    const COST: &'static str =
        "n k + k², and one Gram column for each column new to the run; nothing while the support stays";
    const MEMORY: &'static str = "n besides the Gram columns, and n for each of the last fits remembered";
    const WHEN: &'static str = "hard problems: coherent columns, large k; from another algorithm to improve its answer";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "step_size",
        range: "greater than 0 and finite",
        default: "1.0",
        meaning: "η; how fast a start other than zero is forgotten",
    }];

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        super::settings::check_positive("sea", "step_size", self.step_size)
    }

    fn default_halt(&self) -> Halt {
        Halt::Budget(1000)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let mut exploration = vec![T::ZERO; workspace.ncols()];
        let mut support = Support::with_capacity(workspace.sparsity());
        if initial.values.is_empty() {
            // A support without values means the least-squares solution on it.
            workspace.fit(&initial.support);
            for (&j, &x) in workspace.support().iter().zip(workspace.values()) {
                exploration[j] = x;
            }
            support.clone_from(&initial.support);
        } else {
            for (&j, &x) in initial.support.iter().zip(&initial.values) {
                exploration[j] = x;
            }
            workspace.select(&exploration, &mut support);
            workspace.fit(&support);
        }
        State { exploration, support }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        let full = workspace.is_full(&state.support);
        let rests = workspace.is_stationary();
        let iterations = if full && rests {
            // The smallest whole number at which an atom off the support, moving by η c each iteration, exceeds the smallest on
            // it, which rests.
            let when = workspace.soonest(&state.exploration, &state.support) / self.step_size;
            when.is_finite().then(|| (when.max(0.0).floor() as u64).saturating_add(1))
        } else {
            let pulls = workspace.correlate_off_support();
            // Entries still zero are selected as soon as they are not; those on the support may move too.
            (!rests || pulls.iter().any(|&c| c != T::ZERO)).then_some(1)
        };
        let Some(iterations) = iterations else {
            return Step { iterations: 0, finished: true };
        };
        let taken = iterations.min(budget);
        let distance = self.step_size * taken as f64;
        let correlation = workspace.correlate();
        simd(
            #[inline(always)]
            || {
                for (x, &c) in state.exploration.iter_mut().zip(correlation) {
                    *x += c.scale(distance);
                }
            },
        );
        if taken == iterations {
            workspace.select(&state.exploration, &mut state.support);
            workspace.hint(Hint::Likely { support: &state.support, scores: &state.exploration });
            workspace.fit(&state.support);
        }
        Step { iterations: taken, finished: false }
    }

    fn exploration<'s>(&self, state: &'s State<T>) -> Option<&'s [T]> {
        Some(&state.exploration)
    }
}
