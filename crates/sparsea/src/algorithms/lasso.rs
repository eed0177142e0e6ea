//! LASSO, by its whole path of solutions.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::run::{Initial, Step, Workspace};

/// The LASSO, minimise ½‖A x − y‖² + λ‖x‖₁, along its path from λ = max |a_jᵀ y| (x = 0) to where a (k+1)-th non-zero
/// would enter, or λ = 0. Real data only.
///
/// On the set S of active columns with signs s, x(λ) = u − λ w with u the least-squares fit on S and w = (A_SᵀA_S)⁻¹ s:
/// the knots, at which a column becomes active or its coefficient zero, have a closed form. Each iteration is one knot,
/// computed anew from S and s so that nothing drifts.
///
/// With `refit` the point is the least-squares fit on the support of x(λ), otherwise x(λ) itself. It always begins at
/// x = 0: another start is only kept if nothing on the path is better.
///
/// # Reference
/// Tibshirani 1996, DOI 10.1111/j.2517-6161.1996.tb02080.x; the path: Osborne, Presnell & Turlach 2000,
/// DOI 10.1093/imanum/20.3.389; Efron, Hastie, Johnstone & Tibshirani 2004, DOI 10.1214/009053604000000067.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lasso {
    /// Whether coefficients are fitted by least squares on the support of x(λ).
    pub refit: bool,
}

impl Default for Lasso {
    fn default() -> Self {
        Self { refit: true }
    }
}

/// What the LASSO keeps between steps.
#[derive(Debug)]
pub struct State {
    /// λ at the last knot; infinite before the first.
    lambda: f64,
    /// S, sorted, and s.
    active: Vec<usize>,
    signs: Vec<f64>,
    /// The column that became active at the last knot: its coefficient is zero there, which is no new knot.
    joined: Option<usize>,
    /// The column that left at the last knot, and its sign: its correlation is ±λ there, which is no new knot.
    left: Option<(usize, f64)>,
    /// Columns dependent on S when they should have become active.
    dependent: Vec<usize>,
    /// w.
    direction: Vec<f64>,
    /// Aᵀ A_S w.
    slope: Vec<f64>,
    point: Vec<f64>,
}

/// Knots closer than this, relative to λ, are one.
const TIE: f64 = 1e-10;

/// The next change of the active set.
#[derive(Debug, Clone, Copy)]
enum Event {
    Joins { column: usize, sign: f64 },
    Leaves { position: usize },
}

impl Algorithm<f64> for Lasso {
    const NAME: &'static str = "lasso";
    const TITLE: &'static str = "LASSO (LARS homotopy)";
    const SUMMARY: &'static str = "follows minimisers of ½‖Ax − y‖² + λ‖x‖₁ from λ large to the last with k non-zeros";
    const REFERENCE: &'static str =
        "Tibshirani 1996; Efron, Hastie, Johnstone & Tibshirani 2004, 10.1214/009053604000000067";
    const COST: &'static str = "2 n k + 2 k², and one Gram column";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "the convex baseline; columns that are far from parallel";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "refit",
        range: "true or false",
        default: "true",
        meaning: "whether coefficients are fitted by least squares on the support of the LASSO",
    }];

    type State = State;

    fn start(&self, workspace: &mut Workspace<'_, f64>, initial: &Initial<f64>) -> State {
        let (support, values) = initial.truncated(workspace.sparsity());
        if values.is_empty() {
            workspace.fit(&support);
        } else {
            workspace.place(&support, &values);
        }
        State {
            lambda: f64::INFINITY,
            active: vec![],
            signs: vec![],
            joined: None,
            left: None,
            dependent: vec![],
            direction: vec![],
            slope: vec![0.0; workspace.ncols()],
            point: vec![],
        }
    }

    fn step(&self, state: &mut State, workspace: &mut Workspace<'_, f64>, _budget: u64) -> Step {
        // A column that turns out to depend on S is left out of S, where the path continues without it.
        while !workspace.solve_normal(&state.active, &state.signs, &mut state.direction) {
            let Some(column) = state.joined.take() else {
                return Step { iterations: 0, finished: true };
            };
            state.dependent.push(column);
            state.remove(column);
        }
        workspace.fit(&state.active);
        state.slope.fill(0.0);
        for (&j, &w) in state.active.iter().zip(&state.direction) {
            crate::kernels::axpy(w, workspace.gram_column(j), &mut state.slope);
        }
        let fit = workspace.values().to_vec();
        let event = state.next_event(&fit, workspace.correlate());
        let (lambda, event) = event.map_or((0.0, None), |(lambda, event)| (lambda, Some(event)));
        state.point.clear();
        state.point.extend(fit.iter().zip(&state.direction).map(|(u, w)| u - lambda * w));
        if let Some(Event::Leaves { position }) = event {
            state.point[position] = 0.0;
        }
        // A coefficient may also be zero because its column has just joined, at the very first knot.
        let support: Vec<usize> =
            state.active.iter().zip(&state.point).filter(|&(_, &x)| x != 0.0).map(|(&j, _)| j).collect();
        if self.refit {
            workspace.fit(&support);
        } else {
            let values: Vec<f64> = state.point.iter().copied().filter(|&x| x != 0.0).collect();
            workspace.place(&support, &values);
        }
        state.lambda = lambda;
        (state.joined, state.left) = (None, None);
        let finished = match event {
            None => true,
            Some(Event::Joins { .. }) if state.active.len() == workspace.sparsity() => true,
            Some(Event::Joins { column, sign }) => {
                let place = state.active.partition_point(|&j| j < column);
                state.active.insert(place, column);
                state.signs.insert(place, sign);
                state.joined = Some(column);
                false
            }
            Some(Event::Leaves { position }) => {
                let column = state.active[position];
                state.left = Some((column, state.signs[position]));
                state.remove(column);
                false
            }
        };
        Step { iterations: 1, finished }
    }
}

impl State {
    fn remove(&mut self, column: usize) {
        if let Ok(position) = self.active.binary_search(&column) {
            self.active.remove(position);
            self.signs.remove(position);
        }
    }

    /// The largest λ below the present one at which the active set changes. `fit` is u, `correlation` Aᵀ(y − A_S u);
    /// at λ the correlation is that + λ · slope.
    fn next_event(&self, fit: &[f64], correlation: &[f64]) -> Option<(f64, Event)> {
        let mut next: Option<(f64, Event)> = None;
        let mut consider = |lambda: f64, event: Event| {
            // Of two changes at one λ, the second may come out a rounding above it.
            let near = lambda > 0.0 && lambda <= self.lambda * (1.0 + TIE);
            if near && next.is_none_or(|(best, _)| lambda > best) {
                next = Some((lambda.min(self.lambda), event));
            }
        };
        for (column, (&c, &slope)) in correlation.iter().zip(&self.slope).enumerate() {
            if self.active.binary_search(&column).is_ok() || self.dependent.contains(&column) {
                continue;
            }
            for sign in [1.0, -1.0] {
                // c + λ slope = sign λ.
                if self.left != Some((column, sign)) && sign * c > 0.0 {
                    consider(c / (sign - slope), Event::Joins { column, sign });
                }
            }
        }
        for (position, &column) in self.active.iter().enumerate() {
            if self.joined != Some(column) {
                consider(fit[position] / self.direction[position], Event::Leaves { position });
            }
        }
        next
    }
}
