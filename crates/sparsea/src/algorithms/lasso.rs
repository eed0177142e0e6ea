//! LASSO, by its full solution path.

use serde::{Deserialize, Serialize};

use super::homotopy::{Bounds, Onward, Path};
use super::{Algorithm, Setting};
use crate::problem::Needs;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};

/// The LASSO, minimise ½‖A x − y‖² + λ‖x‖₁, along its path from λ = max |a_jᵀ y| (x = 0) to where a (k+1)-th non-zero
/// would enter, or λ = 0. Real data only.
///
/// On the set S of active columns with signs s, x(λ) = u − λ w, where u is the least-squares fit on S and w = (A_SᵀA_S)⁻¹ s. So the knots,
/// at which columns become active or coefficients become zero, have a closed form. Each iteration is one knot, recomputed from S and s so
/// that errors do not accumulate.
///
/// All columns that reach the bound |a_jᵀ r| = λ at one knot join together, except those whose coefficients would get the wrong sign and
/// those that depend on columns that joined; the same holds for columns that leave. The path ends where more columns would join than k
/// allows: x(λ) is that of the knot, and with `refit` the support is filled up to k with those of lowest index among the columns that would
/// join.
///
/// With `refit`, the point is the least-squares fit on the support of x(λ), otherwise x(λ) itself. The path always begins at x = 0; another
/// start is kept only if nothing on the path is better.
///
/// To recover the most by ℓ1, use [`Bp`](crate::Bp), which follows the path further and takes the k largest entries.
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

/// State of the LASSO between steps.
#[derive(Debug)]
pub struct State<T> {
    path: Path<T>,
}

impl<T: Scalar> Algorithm<T> for Lasso {
    const NAME: &'static str = "lasso";
    const TITLE: &'static str = "LASSO (LARS homotopy)";
    const SUMMARY: &'static str = "follows minimisers of ½‖Ax − y‖² + λ‖x‖₁ from λ large to the last with k non-zeros";
    const REFERENCE: &'static str =
        "Tibshirani 1996; Efron, Hastie, Johnstone & Tibshirani 2004, 10.1214/009053604000000067";
    const COST: &'static str = "2 n k + 2 k², and one Gram column";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "the convex baseline; columns that are far from parallel";
    const NEEDS: Needs = Needs::REAL.and(Needs::QUADRATIC).and(Needs::COLUMNS);
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "refit",
        range: "true or false",
        default: "true",
        meaning: "whether coefficients are fitted by least squares on the support of the LASSO",
    }];

    const FITS: bool = false;

    type State = State<T>;

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        workspace.start_at(initial);
        State { path: Path::new(workspace.ncols(), Bounds::few(workspace.sparsity(), workspace.ncols())) }
    }

    fn step(&self, State { path }: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        path.advance(workspace);
        let (support, values) = path.point();
        if self.refit {
            workspace.fit(support);
        } else {
            workspace.place(support, values);
        }
        let onward = path.go_on(workspace);
        let (support, _) = path.point();
        let missing = workspace.sparsity() - support.len();
        if onward == Onward::Full && self.refit && missing > 0 {
            let filled: Support = support.iter().copied().chain(path.joining().take(missing)).collect();
            workspace.fit(&filled);
        }
        Step { iterations: 1, finished: onward != Onward::On }
    }
}
