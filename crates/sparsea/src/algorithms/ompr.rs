//! OMPR, orthogonal matching pursuit with replacement.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::workspace::{Initial, Step, Workspace};

/// Orthogonal matching pursuit with replacement: from the fit x on a support S of k columns repeat
///
/// - z ← x + η Aᴴ(y − A x), j ← the index off S where z is largest in magnitude,
/// - S ← the k entries of z on S ∪ {j} largest in magnitude, x ← the fit on S,
///
/// until a support recurs. From x = 0, the first iteration takes the support of the k largest entries of Aᴴ y. From fewer than k columns,
/// none is dropped until there are k.
///
/// # Reference
/// Jain, Tewari & Dhillon 2011, *Orthogonal matching pursuit with replacement*, NIPS 24, arXiv:1106.2774.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ompr {
    /// η, greater than 0.
    pub step_size: f64,
}

impl Default for Ompr {
    fn default() -> Self {
        Self { step_size: 1.0 }
    }
}

/// State of OMPR between steps.
#[derive(Debug)]
pub struct State {
    support: Support,
    seen: SupportSet,
}

impl<T: Scalar> Algorithm<T> for Ompr {
    const NAME: &'static str = "ompr";
    const TITLE: &'static str = "Orthogonal Matching Pursuit with Replacement";
    const SUMMARY: &'static str = "exchanges the smallest coefficient for the largest correlation until that repeats";
    const REFERENCE: &'static str = "Jain, Tewari & Dhillon 2011, arXiv:1106.2774";
    const COST: &'static str = "n k + k², and one Gram column";
    const MEMORY: &'static str = "k² besides the Gram columns";
    const WHEN: &'static str = "to improve on OMP cheaply: omp+ompr";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "step_size",
        range: "greater than 0 and finite",
        default: "1.0",
        meaning: "η; the larger, the more readily a column is exchanged",
    }];

    type State = State;

    fn check(&self) -> Result<(), Error> {
        super::settings::check_positive("ompr", "step_size", self.step_size)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        let mut seen = SupportSet::default();
        seen.insert(&support);
        State { support, seen }
    }

    fn step(&self, state: &mut State, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let support = &mut state.support;
        if support.is_empty() {
            workspace.select_correlated(workspace.sparsity(), support);
            workspace.fit(support);
            state.seen.insert(support);
            return Step { iterations: 1, finished: support.is_empty() };
        }
        let Some((entering, pull)) = workspace.strongest() else {
            return Step { iterations: 1, finished: true };
        };
        let size = pull.scale(self.step_size).rank();
        if workspace.is_full(support)
            && let Some((leaving, least)) = workspace.smallest()
        {
            let rank = least.rank();
            if size < rank || (size == rank && entering > leaving) {
                return Step { iterations: 1, finished: true };
            }
            workspace.remove(support, leaving);
        }
        workspace.insert(support, entering);
        let new = state.seen.insert(support);
        if new {
            workspace.fit(support);
        }
        Step { iterations: 1, finished: !new }
    }
}
