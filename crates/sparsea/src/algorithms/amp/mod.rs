//! AMP, approximate message passing with a learnt Bernoulli–Gaussian prior.

mod messages;
mod prior;
mod scalar;
mod vector;

use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::{Initial, Step, Workspace};
pub(in crate::algorithms) use messages::MessagePassing;
use vector::VectorForm;

/// Approximate message passing (AMP). The prior of x_j is 0 with probability 1 − k/n, and otherwise normal with variance σ². Each iteration
/// estimates all x_j as if each were observed separately, in noise.
///
/// The scalar form repeats, from x = 0 and z = y,
///
/// - τ ← ‖z‖²/m and r ← x + Aᴴ z, which is x plus noise of variance τ,
/// - x_j ← E[x_j | r_j] with posterior variance v_j, and σ² ← Σ E|x_j|² / Σ P(x_j ≠ 0),
/// - z ← y − A x + z Σ v_j/(m τ).
///
/// The last term keeps the noise of r independent of x if the entries of A are independent with mean 0. The vector form demands less
/// randomness of A. It replaces Aᴴ z by a linear least-squares estimate, Aᴴ(A Aᴴ + θ)⁻¹(y − A r₂), and learns θ and all variances by
/// expectation maximisation. It needs a decomposition of A Aᴴ or AᴴA, whichever is smaller.
///
/// `"auto"` is the vector form if the smaller side of A is at most 128. Otherwise it begins with the scalar form. If this diverges or
/// stagnates before the support is decided, and the smaller side is at most 1024, it goes on with the vector form. A form that stagnates is
/// first continued with *reinforcement*: prior log-odds are raised by a share of the posterior ones. If every form diverged, the stop
/// reason says so.
///
/// The point is the k largest x_j. When they have settled or a form ends, it is the fit on them. A start vector is used as the first x.
///
/// # Cost
/// Each iteration takes one A x and one Aᴴ z; the vector form takes m² more, and m² n + 9 m³ once (m ≤ n).
///
/// # Reference
/// Donoho, Maleki & Montanari 2009, DOI 10.1073/pnas.0909892106; the prior: Krzakala et al. 2012, DOI 10.1103/PhysRevX.2.021005, Vila &
/// Schniter 2013, DOI 10.1109/TSP.2013.2272287; the vector form: Rangan, Schniter & Fletcher 2019, DOI 10.1109/TIT.2019.2916359.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Amp {
    /// `"auto"`, `"scalar"` or `"vector"`.
    pub form: AmpForm,
    /// The weight of the previous iterate in each new one, at least 0 and below 1.
    pub damping: f64,
    /// The share of the posterior log-odds added to the prior log-odds after stagnation, at least 0 and below 1.
    pub reinforcement: f64,
}

/// A form of message passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmpForm {
    /// Scalar, then vector if that fails and the size allows it.
    Auto,
    /// For independent entries of mean 0: two products per iteration.
    Scalar,
    /// For any singular values.
    Vector,
}

impl Default for Amp {
    fn default() -> Self {
        Self { form: AmpForm::Auto, damping: 0.1, reinforcement: 0.05 }
    }
}

/// State of AMP between steps.
#[derive(Debug)]
pub struct State<T> {
    messages: MessagePassing<T>,
    values: Vec<T>,
    /// The support that was fitted last.
    fitted: Support,
    /// Of the points placed, the support of the one with the least ‖y − A x‖.
    best: Support,
    best_norm: f64,
    /// Multiply-adds of iterations, less those of fits, about.
    allowance: f64,
    /// Whether only the fit on `best` is left.
    closing: bool,
}

impl<T: Scalar> Algorithm<T> for Amp {
    const NAME: &'static str = "amp";
    const TITLE: &'static str = "Approximate Message Passing";
    const SUMMARY: &'static str =
        "estimates all coefficients at once under a learnt Bernoulli–Gaussian prior; the fit on the k largest";
    const REFERENCE: &'static str = "Donoho, Maleki & Montanari 2009, 10.1073/pnas.0909892106; Vila & Schniter 2013, \
                                     10.1109/TSP.2013.2272287; Rangan, Schniter & Fletcher 2019, 10.1109/TIT.2019.2916359";
    const COST: &'static str = "one A x and Aᴴ r; m² more and once m² n + 9 m³ in the vector form (m ≤ n)";
    const MEMORY: &'static str = "5 n; 3 m² more in the vector form (m ≤ n)";
    const WHEN: &'static str =
        "large k and random, incoherent A: most of what can be recovered at all, in some 50 iterations";
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "form",
            range: "'auto', 'scalar' or 'vector'",
            default: "auto",
            meaning: "scalar for independent entries, vector for any singular values; auto tries the cheaper one first",
        },
        Setting {
            name: "damping",
            range: "at least 0 and below 1",
            default: "0.1",
            meaning: "the share of the last iterate that is kept",
        },
        Setting {
            name: "reinforcement",
            range: "at least 0 and below 1",
            default: "0.05",
            meaning: "the share of the posterior log-odds that is added to the prior ones after stagnation",
        },
    ];
    const NEEDS: Needs = Needs::ROWS.and(Needs::COLUMNS);

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        for (setting, value) in [("damping", self.damping), ("reinforcement", self.reinforcement)] {
            if !(0.0..1.0).contains(&value) {
                let (rule, value) = ("at least 0 and below 1", value.to_string());
                return Err(Error::InvalidSetting { algorithm: "amp", setting, rule, value });
            }
        }
        Ok(())
    }

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        // `auto` does without the vector form where there is no room.
        let (m, n) = problem.operator().map().shape();
        let vector = if self.form == AmpForm::Vector { VectorForm::<T>::size(m, n) } else { 0 };
        vector.saturating_add(n.saturating_mul(5))
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let k = workspace.sparsity();
        workspace.start_at(initial);
        // Of a vector with more than k entries all count.
        let messages = if initial.values.is_empty() {
            let (support, values) = (workspace.support().clone(), workspace.values().to_vec());
            MessagePassing::new(self, workspace, &support, &values)
        } else {
            MessagePassing::new(self, workspace, &initial.support, &initial.values)
        };
        State {
            messages,
            values: Vec::with_capacity(k),
            fitted: Support::with_capacity(k),
            best: Support::with_capacity(k),
            best_norm: f64::INFINITY,
            allowance: 0.0,
            closing: false,
        }
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        if state.closing {
            workspace.fit(&state.best);
            return state.end(workspace);
        }
        let going = state.messages.advance(workspace);
        if workspace.stop() {
            return Step { iterations: 1, finished: true };
        }
        let support = state.messages.support();
        let iteration = 2.0 * workspace.system().operator.adjoint_cost() as f64;
        let fit = (workspace.nrows() * support.len()) as f64 * support.len() as f64;
        state.allowance += iteration;
        // A fit costs as much as many iterations: while the support is not likely to be right, all fits together cost no more
        // than the iterations.
        let worth = state.messages.is_ripe() || (state.messages.rests() && state.allowance >= fit);
        if worth && *support != state.fitted {
            state.allowance -= fit;
            state.fitted.clone_from(support);
            workspace.fit(support);
        } else {
            state.messages.values(&mut state.values);
            workspace.place(support, &state.values);
        }
        let norm = workspace.residual_norm();
        if norm < state.best_norm {
            state.best_norm = norm;
            state.best.clone_from(support);
        }
        if going {
            return Step { iterations: 1, finished: false };
        }
        state.closing = state.best != state.fitted;
        if state.closing { Step { iterations: 1, finished: false } } else { state.end(workspace) }
    }
}

impl<T: Scalar> State<T> {
    /// The last step.
    fn end(&self, workspace: &mut Workspace<'_, T>) -> Step {
        if self.messages.diverged() {
            workspace.note_divergence();
        }
        Step { iterations: 1, finished: true }
    }
}
