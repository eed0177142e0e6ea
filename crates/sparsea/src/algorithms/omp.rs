//! OMP, orthogonal matching pursuit.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting, rank_aware};
use crate::error::Error;
use crate::problem::Needs;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Hint, Initial, Step, Workspace};

/// Orthogonal matching pursuit: k times, add the column most correlated with the residual and refit.
///
/// OMP starts from any support of fewer than k columns and adds the rest.
///
/// # Cost
/// Each iteration takes one pass over n × |S| Gram entries and |S|² for the factor, and n m once per column chosen for its Gram column
/// (dense A).
///
/// # Reference
/// Pati, Rezaiifar & Krishnaprasad 1993, DOI 10.1109/ACSSC.1993.342465; rank-aware, as RA-OMP, Davies & Eldar 2012,
/// DOI 10.1109/TIT.2011.2173722.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Omp {
    /// For a [joint](crate::Problem::joint) support, whether columns are scored with an orthonormal basis U of the residuals, ‖a_jᴴ U‖ in
    /// place of ‖a_jᴴ R‖. For one right-hand side the two are the same.
    pub rank_aware: bool,
    /// Singular values of R up to this times ‖Y‖ are noise and are left out of U. If all are noise, no column is added.
    pub rank_tolerance: f64,
}

impl Default for Omp {
    fn default() -> Self {
        Self { rank_aware: false, rank_tolerance: rank_aware::RANK_TOLERANCE }
    }
}

impl<T: Scalar> Algorithm<T> for Omp {
    const NAME: &'static str = "omp";
    const TITLE: &'static str = "Orthogonal Matching Pursuit";
    const SUMMARY: &'static str = "adds the column most correlated with the residual, k times";
    const REFERENCE: &'static str = "Pati, Rezaiifar & Krishnaprasad 1993, 10.1109/ACSSC.1993.342465";
    const COST: &'static str = "n |S| + |S|², and one Gram column";
    const MEMORY: &'static str = "k² besides the Gram columns";
    const WHEN: &'static str = "the first thing to try; columns that are far from parallel";
    const SETTINGS: &'static [Setting] = rank_aware::SETTINGS;
    const REVISITS: bool = false;

    /// S.
    type State = Support;

    fn check(&self) -> Result<(), Error> {
        rank_aware::check("omp", self.rank_tolerance)
    }

    fn needs(&self) -> Needs {
        rank_aware::needs(Needs::NONE, self.rank_aware)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> Support {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        support
    }

    fn step(&self, support: &mut Support, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if workspace.is_full(support) {
            return Step { iterations: 0, finished: true };
        }
        let strongest =
            if self.rank_aware { workspace.strongest_by_rank(self.rank_tolerance) } else { workspace.strongest() };
        let Some((chosen, _)) = strongest else {
            return Step { iterations: 0, finished: true };
        };
        let remaining = workspace.sparsity() - workspace.size(support);
        workspace.hint(Hint::Next { column: chosen, correlation: None, remaining });
        workspace.insert(support, chosen);
        workspace.fit(support);
        Step { iterations: 1, finished: workspace.is_full(support) }
    }
}
