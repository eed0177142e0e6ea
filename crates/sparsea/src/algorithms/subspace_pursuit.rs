//! Subspace pursuit.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};

/// Subspace pursuit: from the fit x on a support S of k columns repeat
///
/// - b ← argmin ‖A b − y‖² over b supported on S and the k entries of Aᴴ(y − A x) largest in magnitude,
/// - S ← the k entries of b largest in magnitude, x ← the fit on S,
///
/// until ‖y − A x‖ does not fall. From x = 0, the first iteration takes the support of the k largest entries of Aᴴ y.
///
/// # Reference
/// Dai & Milenkovic 2009, *Subspace pursuit for compressive sensing signal reconstruction*,
/// DOI 10.1109/TIT.2009.2016006.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubspacePursuit {}

/// State of subspace pursuit between steps.
#[derive(Debug)]
pub struct State<T> {
    support: Support,
    merged: Support,
    values: Vec<T>,
}

impl<T: Scalar> Algorithm<T> for SubspacePursuit {
    const NAME: &'static str = "subspace_pursuit";
    const TITLE: &'static str = "Subspace Pursuit";
    const SUMMARY: &'static str =
        "fits on the support and the k largest correlations, keeps the k largest entries, fits";
    const REFERENCE: &'static str = "Dai & Milenkovic 2009, 10.1109/TIT.2009.2016006";
    const COST: &'static str = "n k + 2 k³, or one Aᴴ r; up to k Gram columns";
    const MEMORY: &'static str = "4 k² besides the Gram columns";
    const WHEN: &'static str = "m well above 2k and columns that are far from parallel";
    const SETTINGS: &'static [Setting] = &[];

    type State = State<T>;

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        State { support, merged: Support::new(), values: vec![] }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if state.support.is_empty() {
            workspace.select_correlated(workspace.sparsity(), &mut state.support);
            workspace.fit(&state.support);
            return Step { iterations: 1, finished: state.support.is_empty() };
        }
        let before = workspace.residual_norm();
        state.merged.clear();
        workspace.select_correlated(workspace.sparsity(), &mut state.merged);
        state.merged.extend(state.support.iter().copied());
        workspace.fit(&state.merged);
        let previous = std::mem::take(&mut state.support);
        workspace.prune(&mut state.support, &mut state.values);
        workspace.fit(&state.support);
        if workspace.lowers(before) {
            return Step { iterations: 1, finished: false };
        }
        workspace.fit(&previous);
        state.support = previous;
        Step { iterations: 1, finished: true }
    }
}
