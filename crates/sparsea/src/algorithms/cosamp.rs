//! CoSaMP, compressive sampling matching pursuit.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::halt::Halt;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::workspace::{Initial, Step, Workspace};

/// Compressive sampling matching pursuit: from a k-sparse x repeat
///
/// - T ← the support of x and the 2k entries of Aᴴ(y − A x) largest in magnitude,
/// - b ← argmin ‖A b − y‖² over b supported on T,
/// - x ← the k entries of b largest in magnitude,
///
/// until a T recurs. As published, x is not refitted after the other entries are cut off; `cosamp+els` or `refit = true` refits it.
///
/// # Reference
/// Needell & Tropp 2009, *CoSaMP: iterative signal recovery from incomplete and inaccurate samples*,
/// DOI 10.1016/j.acha.2008.07.002.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoSaMp {
    /// Whether x is fitted by least squares on its support after the cut.
    pub refit: bool,
}

/// State of CoSaMP between steps.
#[derive(Debug)]
pub struct State<T> {
    support: Support,
    values: Vec<T>,
    /// T.
    merged: Support,
    /// Every T so far: x depends on T alone, so a T that returns closes a circle.
    seen: SupportSet,
}

impl<T: Scalar> Algorithm<T> for CoSaMp {
    const NAME: &'static str = "cosamp";
    const TITLE: &'static str = "Compressive Sampling Matching Pursuit";
    const SUMMARY: &'static str =
        "fits on the support and the 2k largest correlations, then keeps the k largest entries";
    const REFERENCE: &'static str = "Needell & Tropp 2009, 10.1016/j.acha.2008.07.002";
    const COST: &'static str = "n k + 5 k³, or one Aᴴ r; up to 2k Gram columns";
    const MEMORY: &'static str = "9 k² besides the Gram columns";
    const WHEN: &'static str = "m well above 3k and columns that are far from parallel";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "refit",
        range: "true or false",
        default: "false",
        meaning: "whether x is refitted after all but k entries are cut off",
    }];

    const FITS: bool = false;

    type State = State<T>;

    fn default_halt(&self) -> Halt {
        Halt::Budget(1000)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        workspace.start_at(initial);
        State {
            support: workspace.support().clone(),
            values: vec![],
            merged: Support::new(),
            seen: SupportSet::default(),
        }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let k = workspace.sparsity();
        workspace.correlate();
        state.merged.clear();
        workspace.select_correlated(2 * k, &mut state.merged);
        state.merged.extend(workspace.support().iter().copied());
        if !state.seen.insert(&state.merged) {
            return Step { iterations: 1, finished: true };
        }
        workspace.fit(&state.merged);
        workspace.prune(&mut state.support, &mut state.values);
        if self.refit {
            workspace.fit(&state.support);
        } else {
            workspace.place(&state.support, &state.values);
        }
        Step { iterations: 1, finished: false }
    }
}
