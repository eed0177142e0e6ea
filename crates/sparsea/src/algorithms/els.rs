//! ELS, exhaustive local search.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::fit::least_squares::Neighbours;
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{DRIFT, SMALLEST_GAIN};
use crate::workspace::{Initial, Step, Workspace};

/// Exhaustive local search. Of all k (n − k) exchanges of a column of the support for one outside, make the one that lowers ‖y − A x‖ most;
/// repeat until none lowers it.
///
/// If the start has fewer than k columns, columns are added first, each time the one that lowers the residual most, as in OLS. A tableau,
/// updated from one exchange to the next, scores exchanges in closed form. After each exchange, the fit is recomputed and its correlations
/// are compared with those of the tableau. The tableau is rebuilt if they have drifted, and before the search is declared finished.
///
/// # Cost
/// n k multiply-adds to score all exchanges, 3 n k to make one; n k² to rebuild the tableau.
///
/// # Reference
/// Axiotis & Sviridenko 2021, *Sparse convex optimization via adaptively regularized hard thresholding*, JMLR 22(122)
/// (arXiv:2006.14571), who name it; for least squares, best exchanges go back to Miller 1984, DOI 10.2307/2981576.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Els {}

/// State of ELS between steps.
#[derive(Debug)]
pub struct State<T> {
    /// S, sorted, without columns too close to the span of the others for the tableau: they make room for others. (The run
    /// keeps the start as it was.)
    support: Support,
    tableau: Neighbours<T>,
}

impl<T: Scalar> Algorithm<T> for Els {
    const NAME: &'static str = "els";
    const TITLE: &'static str = "Exhaustive Local Search";
    const SUMMARY: &'static str = "makes the best exchange of one column for another until none lowers the residual";
    const REFERENCE: &'static str = "Axiotis & Sviridenko 2021, arXiv:2006.14571";
    const COST: &'static str = "4 n k, and one Gram column";
    const MEMORY: &'static str = "n k besides the Gram columns";
    const WHEN: &'static str = "to polish any support until no single exchange improves it";
    const NEEDS: Needs = Needs::INTERVALS;
    const SETTINGS: &'static [Setting] = &[];

    type State = State<T>;

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        problem.tableau_size()
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        let tableau = workspace.neighbours();
        let mut state = State { support, tableau };
        state.build(workspace);
        state
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let before = workspace.residual_norm();
        let scale = workspace.data_norm();
        let drift = state.tableau.correct(workspace.correlate(), scale);
        if state.tableau.moves() > 0 && (drift.is_nan() || drift > DRIFT) {
            state.build(workspace);
        }
        loop {
            if workspace.stop() {
                return Step { iterations: 0, finished: false };
            }
            let fresh = state.tableau.moves() == 0;
            if state.advance(workspace, SMALLEST_GAIN * before * before) {
                let previous = std::mem::replace(&mut state.support, state.tableau.support());
                workspace.fit(&state.support);
                if workspace.lowers(before) {
                    return Step { iterations: 1, finished: false };
                }
                // The score was wrong, by rounding: back, to score again from a tableau without any.
                state.support = previous;
                workspace.fit(&state.support);
            }
            if fresh {
                return Step { iterations: 1, finished: true };
            }
            state.build(workspace);
        }
    }
}

impl<T: Scalar> State<T> {
    /// Builds the tableau of the support, which loses columns that the tableau cannot hold. Cost: n k².
    fn build(&mut self, workspace: &mut Workspace<'_, T>) {
        workspace.build_neighbours(&mut self.tableau, &self.support);
        if self.tableau.size() < workspace.size(&self.support) && !workspace.stop() {
            self.support = workspace.support().clone();
        }
    }

    /// Moves the tableau to the best neighbour: one column more if there is room, otherwise one exchanged. False,
    /// changing nothing, if none lowers ‖r‖² by more than `least`.
    fn advance(&mut self, workspace: &mut Workspace<'_, T>, least: f64) -> bool {
        let tableau = match &mut self.tableau {
            Neighbours::Columns(tableau) if !tableau.is_bounded() => tableau,
            other => return workspace.move_best(other, least),
        };
        if self.support.len() < workspace.sparsity()
            && let Some((entering, gain)) = tableau.best_addition()
            && gain > least
        {
            return tableau.join(entering, workspace.quadratic().gram_column(entering));
        }
        match tableau.best_exchange() {
            Some(exchange) if exchange.gain > least => {
                let gram = workspace.quadratic().gram_column(exchange.entering);
                tableau.exchange(exchange.position, exchange.entering, gram);
                true
            }
            _ => false,
        }
    }
}
