//! Basis pursuit, by following the path of the LASSO to its end.

use serde::{Deserialize, Serialize};

use super::homotopy::{Bounds, Onward, Path};
use super::{Algorithm, Setting};
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};

/// Basis pursuit: minimise ‖x‖₁ subject to A x = y, then fit by least squares on the k largest entries. Real data only.
///
/// The minimiser is the limit of argmin ½‖A x − y‖² + λ‖x‖₁ for λ → 0. It is found by following the path of [`Lasso`](crate::Lasso) from λ
/// = max |a_jᵀ y| (x = 0) to λ = 0. Up to min(m, n) columns are active on the way. If y is not in the range of A, the limit is the
/// least-squares solution with the least ‖x‖₁. Entries are compared on unit columns, as |x_j|‖a_j‖. Each iteration is one knot of the path.
/// λ below 10⁻¹² of its first value counts as 0; for columns as parallel as those of a deconvolution, most knots lie in the last decades.
///
/// With `path`, the fit on the k largest entries of x(λ) is a point at every knot, and the run returns the best of these. It ends as soon
/// as one is exact, so it need not follow the rest of the path: without noise, both settings recover the same supports on Gaussian
/// matrices. Without `path`, only the end of the path is a point, and the point is x = 0 until then.
///
/// If A x = y holds exactly, the noise is fitted too. The k largest entries at λ = 0 then mean little if columns are nearly parallel. Keep
/// `path` with noise. [`Lasso`](crate::Lasso) stops where a (k+1)-th non-zero would enter, far above λ = 0. It costs a fraction, but ℓ1
/// recovers most of what it can only by taking the k largest of more than k entries.
///
/// It always begins at x = 0; another start is kept only if nothing on the path is better.
///
/// # Reference
/// Chen, Donoho & Saunders 1998, reprinted 2001, DOI 10.1137/S003614450037906X; the path: Osborne, Presnell & Turlach 2000,
/// DOI 10.1093/imanum/20.3.389; Efron, Hastie, Johnstone & Tibshirani 2004, DOI 10.1214/009053604000000067; what it recovers:
/// Donoho & Tanner 2009, DOI 10.1098/rsta.2009.0152.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bp {
    /// Whether the k largest entries are tried at every knot of the path, or only at its end.
    pub path: bool,
}

impl Default for Bp {
    fn default() -> Self {
        Self { path: true }
    }
}

/// State of basis pursuit between steps.
#[derive(Debug)]
pub struct State<T> {
    path: Path<T>,
    /// x(λ) at the knot, all n entries.
    x: Vec<T>,
    /// The k largest of them.
    largest: Support,
    /// Whether Gram columns are set aside, because there is no room for those of min(m, n) columns.
    apart: bool,
}

impl<T: Scalar> Algorithm<T> for Bp {
    const NAME: &'static str = "bp";
    const TITLE: &'static str = "Basis Pursuit (LARS homotopy)";
    const SUMMARY: &'static str =
        "follows minimisers of ½‖Ax − y‖² + λ‖x‖₁ to λ = 0, least ‖x‖₁ with Ax = y; keeps the k largest entries";
    const REFERENCE: &'static str =
        "Chen, Donoho & Saunders 1998, 10.1137/S003614450037906X; Osborne, Presnell & Turlach 2000";
    const COST: &'static str = "2 n |S| + 2 |S|² + |S|³/20 and one Gram column, |S| up to min(m, n)";
    const MEMORY: &'static str = "n + min(m, n)²/2 besides the Gram columns";
    const WHEN: &'static str = "the ℓ1 baseline of the literature; little noise";
    const NEEDS: Needs = Needs::REAL.and(Needs::QUADRATIC).and(Needs::COLUMNS);
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "path",
        range: "true or false",
        default: "true",
        meaning: "whether the k largest entries are tried at every knot of the path, or at its end alone",
    }];

    const FITS: bool = false;

    type State = State<T>;

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        let most = problem.operator().nrows().min(problem.operator().ncols());
        most.saturating_mul(most.saturating_add(1)) / 2
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        workspace.start_at(initial);
        let (m, n) = (workspace.nrows(), workspace.ncols());
        State {
            path: Path::new(n, Bounds::all(m, n)),
            x: vec![T::ZERO; n],
            largest: Support::with_capacity(workspace.sparsity()),
            apart: !workspace.has_gram_room(m.min(n)),
        }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        let State { path, x, largest, apart } = state;
        workspace.set_gram_aside(*apart);
        path.advance(workspace);
        let finished = path.go_on(workspace) != Onward::On;
        if self.path || finished || budget <= 1 {
            let (support, values) = path.point();
            support.iter().zip(values).for_each(|(&j, &value)| x[j] = value);
            workspace.select(x, largest);
            support.iter().for_each(|&j| x[j] = T::ZERO);
            workspace.fit(largest);
            // With its correlation the fit is remembered, for the knots at which the same entries are largest.
            workspace.correlate();
        } else {
            workspace.clear();
        }
        workspace.set_gram_aside(false);
        Step { iterations: 1, finished }
    }
}
