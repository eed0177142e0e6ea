//! OMP, orthogonal matching pursuit.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Hint, Initial, Step, Workspace};

/// Orthogonal matching pursuit: k times, add the column most correlated with the residual and fit anew.
///
/// Starts from any support of fewer than k columns and adds the rest.
///
/// # Cost
/// Each iteration one pass over n × |S| Gram entries and |S|² for the factor, and once per column chosen n m for its
/// Gram column (dense A).
///
/// # Reference
/// Pati, Rezaiifar & Krishnaprasad 1993, DOI 10.1109/ACSSC.1993.342465.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Omp {}

impl<T: Scalar> Algorithm<T> for Omp {
    const NAME: &'static str = "omp";
    const TITLE: &'static str = "Orthogonal Matching Pursuit";
    const SUMMARY: &'static str = "adds the column most correlated with the residual, k times";
    const REFERENCE: &'static str = "Pati, Rezaiifar & Krishnaprasad 1993, 10.1109/ACSSC.1993.342465";
    const COST: &'static str = "n |S| + |S|², and one Gram column";
    const MEMORY: &'static str = "k² besides the Gram columns";
    const WHEN: &'static str = "the first thing to try; columns that are far from parallel";
    const SETTINGS: &'static [Setting] = &[];
    const REVISITS: bool = false;

    /// S.
    type State = Support;

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Support {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        support
    }

    fn step(&self, support: &mut Support, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if workspace.is_full(support) {
            return Step { iterations: 0, finished: true };
        }
        let Some((chosen, _)) = workspace.strongest() else {
            return Step { iterations: 0, finished: true };
        };
        let remaining = workspace.sparsity() - workspace.size(support);
        workspace.hint(Hint::Next { column: chosen, correlation: None, remaining });
        workspace.insert(support, chosen);
        workspace.fit(support);
        Step { iterations: 1, finished: workspace.is_full(support) }
    }
}
