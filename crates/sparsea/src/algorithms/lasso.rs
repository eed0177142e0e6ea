//! LASSO, by its whole path of solutions.

mod segment;

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::problem::Needs;
use crate::scalar::Scalar;
use crate::tolerance::{LASSO_END, LASSO_ROUNDING, LASSO_TIE};
use crate::workspace::{Initial, Step, Workspace};
use segment::{Segment, Signed, columns, contains};

/// The LASSO, minimise ½‖A x − y‖² + λ‖x‖₁, along its path from λ = max |a_jᵀ y| (x = 0) to where a (k+1)-th non-zero
/// would enter, or λ = 0. Real data only.
///
/// On the set S of active columns with signs s, x(λ) = u − λ w with u the least-squares fit on S and w = (A_SᵀA_S)⁻¹ s:
/// the knots, at which columns become active or their coefficients zero, have a closed form. Each iteration is one knot,
/// computed anew from S and s so that nothing drifts.
///
/// All columns that reach the bound |a_jᵀ r| = λ at one knot join together, unless their coefficients would get the wrong sign,
/// or they depend on those that joined; so do those that leave. Where more would join than k allows, the path ends: x(λ) is
/// that of the knot, and with `refit` the columns of lowest index among those that would join fill the support up to k.
///
/// With `refit` the point is the least-squares fit on the support of x(λ), otherwise x(λ) itself. It always begins at
/// x = 0: another start is only kept if nothing on the path is better.
///
/// # Reference
/// Tibshirani 1996, DOI 10.1111/j.2517-6161.1996.tb02080.x; the path: Osborne, Presnell & Turlach 2000,
/// DOI 10.1093/imanum/20.3.389; Efron, Hastie, Johnstone & Tibshirani 2004, DOI 10.1214/009053604000000067; for ties and
/// dependent columns: Tibshirani 2013, DOI 10.1214/13-EJS815.
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
pub struct State<T> {
    /// λ at the last knot; infinite before the first.
    lambda: f64,
    /// λ at the first knot.
    largest: f64,
    /// The path from the last knot on.
    segment: Segment<T>,
    /// Columns whose correlation was ±λ at the last knot but that did not join, sorted: they do not cross that bound until the next.
    tied: Vec<Signed>,
    /// Knots in succession at the same λ.
    stalled: u32,
}

/// Where the active set changes next.
#[derive(Debug, Default)]
struct Knot {
    /// λ there; 0 if the path ends.
    lambda: f64,
    /// Columns off the active set whose correlation is ±λ, sorted.
    tied: Vec<Signed>,
    /// Those that were not tied at the last knot.
    crossing: Vec<Signed>,
    /// For each active column, whether its coefficient is zero.
    zero: Vec<bool>,
}

/// Knots in succession at the same λ after which rounding keeps the path where it is.
const STALLED: u32 = 8;

impl<T: Scalar> Algorithm<T> for Lasso {
    const NAME: &'static str = "lasso";
    const TITLE: &'static str = "LASSO (LARS homotopy)";
    const SUMMARY: &'static str = "follows minimisers of ½‖Ax − y‖² + λ‖x‖₁ from λ large to the last with k non-zeros";
    const REFERENCE: &'static str =
        "Tibshirani 1996; Efron, Hastie, Johnstone & Tibshirani 2004, 10.1214/009053604000000067";
    const COST: &'static str = "2 n k + 2 k², and one Gram column";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "the convex baseline; columns that are far from parallel";
    const NEEDS: Needs = Needs::REAL.and(Needs::QUADRATIC);
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "refit",
        range: "true or false",
        default: "true",
        meaning: "whether coefficients are fitted by least squares on the support of the LASSO",
    }];

    const FITS: bool = false;

    type State = State<T>;

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, values) = initial.truncated(workspace.sparsity());
        if values.is_empty() {
            workspace.fit(&support);
        } else {
            workspace.place(&support, &values);
        }
        State {
            lambda: f64::INFINITY,
            largest: 0.0,
            segment: Segment::new(workspace.ncols()),
            tied: vec![],
            stalled: 0,
        }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        let active = std::mem::take(&mut state.segment.active);
        workspace.fit(&columns(&active));
        let fit: Vec<f64> = workspace.values().iter().map(|x| x.real()).collect();
        let mut knot = state.next_knot(&active, &fit, workspace.correlate());
        let (mut free, mut point) = (vec![], vec![]);
        for (at, &(column, sign)) in active.iter().enumerate() {
            let x = fit[at] - knot.lambda * state.segment.direction[at];
            // A coefficient whose sign is wrong is zero but for rounding.
            if sign * x > 0.0 && !knot.zero[at] {
                free.push((column, sign));
                point.push(T::from_real(x));
            } else {
                knot.tied.push((column, sign));
            }
        }
        knot.tied.sort_unstable_by_key(|&(column, _)| column);
        if self.refit {
            workspace.fit(&columns(&free));
        } else {
            workspace.place(&columns(&free), &point);
        }
        state.stalled = if knot.lambda < state.lambda { 0 } else { state.stalled + 1 };
        state.lambda = knot.lambda;
        let sparsity = workspace.sparsity();
        // Where no column leaves, one that reaches the bound crosses it.
        let full = free.len() == sparsity && free.len() == active.len() && !knot.crossing.is_empty();
        let ended = knot.lambda == 0.0 || full || state.stalled > STALLED;
        if ended || !state.segment.begin(workspace, &free, &knot.tied, &knot.crossing) {
            if !ended && self.refit && free.len() < sparsity {
                let joining = state.segment.active.iter().filter(|&&(column, _)| !contains(&free, column)).copied();
                free.extend(joining.take(sparsity - free.len()).collect::<Vec<_>>());
                free.sort_unstable_by_key(|&(column, _)| column);
                workspace.fit(&columns(&free));
            }
            return Step { iterations: 1, finished: true };
        }
        knot.tied.retain(|&(column, _)| !contains(&state.segment.active, column));
        state.tied = knot.tied;
        Step { iterations: 1, finished: false }
    }
}

impl<T: Scalar> State<T> {
    /// Whether a column was left out at the last knot with its correlation at the bound of this sign.
    fn was_tied(&self, column: usize, sign: f64) -> bool {
        self.tied.binary_search_by_key(&column, |&(member, _)| member).is_ok_and(|at| self.tied[at].1 == sign)
    }

    /// The largest λ below the present one at which the active set changes, and all that happens there. `fit` is u,
    /// `correlation` Aᵀ(y − A_S u), zero on S; at λ the correlation is that + λ · slope.
    fn next_knot(&mut self, active: &[Signed], fit: &[f64], correlation: &[T]) -> Knot {
        let Segment { direction, slope, .. } = &self.segment;
        let mut lambda = LASSO_END * self.largest;
        let mut moves = false;
        for (column, (c, &slope)) in correlation.iter().zip(slope).enumerate() {
            let c = c.real();
            // |c + λ slope| = λ, where the bound is crossed as λ falls.
            let sign = c.signum();
            let crossed = c.abs() / (1.0 - sign * slope);
            if crossed > lambda && !self.was_tied(column, sign) {
                (lambda, moves) = (crossed, true);
            }
        }
        let zeros: Vec<f64> = active
            .iter()
            .zip(fit.iter().zip(direction))
            // As λ falls, a coefficient grows by w: away from zero, where the signs are the same.
            .map(|(&(_, sign), (u, w))| if sign * w < 0.0 { u / w } else { 0.0 })
            .collect();
        for &zero in &zeros {
            if zero > lambda {
                (lambda, moves) = (zero, true);
            }
        }
        if !moves {
            return Knot { zero: vec![false; active.len()], ..Knot::default() };
        }
        // Of two changes at one λ, the second may come out a rounding above it.
        lambda = lambda.min(self.lambda);
        if self.largest == 0.0 {
            self.largest = lambda;
        }
        let bound = lambda * (1.0 - LASSO_TIE) - LASSO_ROUNDING * self.largest;
        let at_bound = |(column, (c, &slope)): (usize, (&T, &f64))| {
            let c = c.real() + lambda * slope;
            (c.abs() >= bound && !contains(active, column)).then_some((column, c.signum()))
        };
        let tied: Vec<Signed> = correlation.iter().zip(slope).enumerate().filter_map(at_bound).collect();
        let crossing = tied.iter().filter(|&&(column, sign)| !self.was_tied(column, sign)).copied().collect();
        let zero = zeros.iter().map(|&zero| zero >= lambda * (1.0 - LASSO_TIE)).collect();
        Knot { lambda, tied, crossing, zero }
    }
}
