//! OLS, orthogonal least squares.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting, rank_aware};
use crate::error::Error;
use crate::fit::least_squares::{Distances, Neighbours};
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{CARRIED, SMALLEST_GAIN};
use crate::workspace::{Hint, Initial, Step, Workspace};

/// Orthogonal least squares, also known as ORMP: k times, add the column that lowers ‖y − A x‖ most, and refit.
///
/// This column has the largest |a_iᴴ r|²/‖a_i − P_S a_i‖². OMP divides by ‖a_i‖² instead, which is the same if columns are orthogonal. OLS
/// starts from any support of fewer than k columns and adds the rest.
///
/// # Reference
/// Chen, Billings & Luo 1989, DOI 10.1080/00207178908953472; as ORMP, Rebollo-Neira & Lowe 2002, DOI 10.1109/LSP.2002.1001652. SPAMS calls
/// it `omp`. Rank-aware, as RA-ORMP, Davies & Eldar 2012, DOI 10.1109/TIT.2011.2173722.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ols {
    /// For a [joint](crate::Problem::joint) support, whether columns are scored with an orthonormal basis U of the residuals, ‖a_jᴴ U‖/‖a_j
    /// − P_S a_j‖ in place of ‖a_jᴴ R‖/‖a_j − P_S a_j‖. For one right-hand side the two are the same.
    pub rank_aware: bool,
    /// Singular values of R up to this times ‖Y‖ are noise and are left out of U. If all are noise, no column is added.
    pub rank_tolerance: f64,
}

impl Default for Ols {
    fn default() -> Self {
        Self { rank_aware: false, rank_tolerance: rank_aware::RANK_TOLERANCE }
    }
}

/// State of OLS between steps.
#[derive(Debug)]
pub struct State<T> {
    support: Support,
    distances: Distances<T>,
    /// Aᴴ r.
    correlation: Vec<T>,
    /// The support and its neighbours where coefficients have bounds: others may have to give way to one that joins.
    tableau: Option<Neighbours<T>>,
}

impl<T: Scalar> Algorithm<T> for Ols {
    const NAME: &'static str = "ols";
    const TITLE: &'static str = "Orthogonal Least Squares";
    const SUMMARY: &'static str = "adds the column whose joining lowers the residual most, k times";
    const REFERENCE: &'static str = "Chen, Billings & Luo 1989, 10.1080/00207178908953472";
    const COST: &'static str = "n |S|, and one Gram column";
    const MEMORY: &'static str = "n k besides the Gram columns";
    const WHEN: &'static str = "coherent columns, at hardly more cost than OMP";
    const NEEDS: Needs = Needs::INTERVALS;
    const SETTINGS: &'static [Setting] = rank_aware::SETTINGS;
    const REVISITS: bool = false;

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        rank_aware::check("ols", self.rank_tolerance)
    }

    fn needs(&self) -> Needs {
        rank_aware::needs(<Self as Algorithm<T>>::NEEDS, self.rank_aware)
    }

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        problem.tableau_size()
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        if workspace.is_bounded() || workspace.has_blocks() {
            let mut tableau = workspace.neighbours();
            workspace.build_neighbours(&mut tableau, &support);
            let distances = Distances::new(&[], 0);
            return State { support, distances, correlation: vec![], tableau: Some(tableau) };
        }
        let mut distances = Distances::new(workspace.column_norms(), workspace.sparsity());
        for &j in &support {
            if workspace.stop() {
                break;
            }
            distances.join(j, workspace.quadratic().gram_column(j));
        }
        let correlation = workspace.correlate().to_vec();
        State { support, distances, correlation, tableau: None }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if let Some(tableau) = &mut state.tableau {
            return self.step_by_tableau(tableau, workspace);
        }
        if state.support.len() == workspace.sparsity() {
            return Step { iterations: 0, finished: true };
        }
        loop {
            if workspace.stop() {
                return Step { iterations: 0, finished: false };
            }
            let Some((chosen, _)) = state.distances.best(&state.correlation) else {
                return Step { iterations: 0, finished: true };
            };
            let remaining = workspace.sparsity() - state.support.len();
            let correlation = Some(&state.correlation[..]);
            workspace.hint(Hint::Next { column: chosen, correlation, remaining });
            // A column that turns out to depend on the support is passed over.
            if state.distances.join(chosen, workspace.quadratic().gram_column(chosen)) {
                state.support.insert(chosen);
                workspace.fit(&state.support);
                let finished = state.support.len() == workspace.sparsity();
                if !finished {
                    if workspace.residual_norm() > CARRIED * workspace.data_norm() {
                        state.distances.fit_last(&mut state.correlation);
                    } else {
                        state.correlation.copy_from_slice(workspace.correlate());
                    }
                }
                return Step { iterations: 1, finished };
            }
        }
    }
}

impl Ols {
    /// Adds the column whose joining lowers ‖r‖ most, with the coefficients in their bounds. Those that come to rest at 0 leave, and make
    /// room.
    fn step_by_tableau<T: Scalar>(&self, tableau: &mut Neighbours<T>, workspace: &mut Workspace<'_, T>) -> Step {
        let nothing = Step { iterations: 0, finished: true };
        let (size, sparsity) = (tableau.size(), workspace.sparsity());
        if size >= sparsity {
            return nothing;
        }
        let before = workspace.residual_norm();
        let basis = if self.rank_aware { workspace.residual_basis(self.rank_tolerance) } else { None };
        let added = match &basis {
            Some(basis) => workspace.add_best_by_rank(tableau, basis),
            None => workspace.add_best(tableau, SMALLEST_GAIN * before * before),
        };
        if !added {
            return nothing;
        }
        workspace.fit(&tableau.support());
        let scale = workspace.data_norm_or_one();
        let residual_norm = workspace.residual_norm();
        tableau.correct(workspace.correlate(), scale);
        tableau.set_square(residual_norm * residual_norm);
        // What gains nothing but rounding would gain it again, unless it was chosen for a weak direction.
        let finished = tableau.size() >= sparsity || (basis.is_none() && !workspace.lowers(before));
        Step { iterations: 1, finished }
    }
}
