//! IHT, iterative hard thresholding, with a constant or a normalised step.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Niht, Setting};
use crate::error::Error;
use crate::halt::Halt;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::UNCHANGED;
use crate::workspace::{Initial, Step, Workspace};

/// Iterative hard thresholding: x ← H_k(x + μ Aᴴ(y − A x)), where H_k keeps the k entries largest in magnitude.
///
/// The step is 1/‖A‖², with which the residual never rises; a given number; or the line search of [`Niht`] with its defaults.
///
/// # Cost
/// Each iteration takes m k for the residual and n k for the gradient (cached Gram columns), or one product Aᴴ r.
///
/// # Reference
/// Blumensath & Davies 2009, DOI 10.1016/j.acha.2009.04.002; normalised: 2010, DOI 10.1109/JSTSP.2010.2042411.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Iht {
    /// μ: `"constant"` is 1/‖A‖², `"normalized"` the line search.
    pub step_size: StepSize,
}

/// A step size: a number, or a rule that finds one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StepSize {
    /// Given by a rule.
    Rule(StepRule),
    /// This number, greater than 0.
    Value(f64),
}

/// A rule that finds a step size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepRule {
    /// 1/‖A‖², with which the residual never rises.
    Constant,
    /// The best step along the gradient on the support, shortened where the support changes.
    Normalized,
}

impl Default for StepSize {
    fn default() -> Self {
        Self::Rule(StepRule::Constant)
    }
}

/// Checks that a step size is a positive number or an allowed rule.
pub(super) fn check_step_size(
    algorithm: &'static str,
    rule: &'static str,
    step_size: &StepSize,
    normalized: bool,
) -> Result<(), Error> {
    let value = match step_size {
        StepSize::Value(mu) if *mu > 0.0 && mu.is_finite() => return Ok(()),
        StepSize::Value(mu) => mu.to_string(),
        StepSize::Rule(StepRule::Normalized) if !normalized => "'normalized'".to_owned(),
        StepSize::Rule(_) => return Ok(()),
    };
    Err(Error::InvalidSetting { algorithm, setting: "step_size", rule, value })
}

/// State of IHT between steps.
#[derive(Debug)]
pub struct State<T> {
    /// x + μ Aᴴ(y − A x).
    moved: Vec<T>,
    support: Support,
    values: Vec<T>,
    /// Support and entries of the difference of two iterates.
    changed: Vec<usize>,
    change: Vec<T>,
    /// The constant step, if that is the rule.
    mu: Option<f64>,
}

/// How the line search shortens a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// c: a step may be at most 1 − c times the longest that is safe.
    pub(super) margin: f64,
    /// κ: one that is longer is divided by κ(1 − c).
    pub(super) shrink: f64,
}

/// Times a step is shortened before the line search takes what it has.
const SHORTENED: u32 = 100;

impl<T: Scalar> Algorithm<T> for Iht {
    const NAME: &'static str = "iht";
    const TITLE: &'static str = "Iterative Hard Thresholding";
    const SUMMARY: &'static str = "one gradient step, then only the k largest entries are kept";
    const REFERENCE: &'static str =
        "Blumensath & Davies 2009, 10.1016/j.acha.2009.04.002; normalised 2010, 10.1109/JSTSP.2010.2042411";
    const COST: &'static str = "n k, or one A x and Aᴴ r";
    const MEMORY: &'static str = "n besides the Gram columns";
    const WHEN: &'static str = "very large k, where fits are expensive";
    const SETTINGS: &'static [Setting] = &[Setting {
        name: "step_size",
        range: "a number greater than 0, 'constant' or 'normalized'",
        default: "constant",
        meaning: "μ; 'constant' is 1/‖A‖², 'normalized' a line search",
    }];

    const FITS: bool = false;

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        check_step_size("iht", "a number greater than 0, 'constant' or 'normalized'", &self.step_size, true)
    }

    fn default_halt(&self) -> Halt {
        Halt::Budget(1000)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let mut state = start_at(workspace, initial);
        state.mu = match self.step_size {
            StepSize::Value(mu) => Some(mu),
            StepSize::Rule(StepRule::Constant) => Some(workspace.constant_step()),
            StepSize::Rule(StepRule::Normalized) => None,
        };
        state
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        match state.mu {
            Some(mu) => state.move_by(workspace, mu),
            None => {
                let Niht { margin, shrink } = Niht::default();
                state.line_search(workspace, Line { margin, shrink });
            }
        }
        finish_step(state, workspace)
    }
}

/// Places the workspace at the start.
pub(super) fn start_at<T: Scalar>(workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
    workspace.start_at(initial);
    let support = workspace.support().clone();
    let moved = vec![T::ZERO; workspace.ncols()];
    State { moved, support, values: vec![], changed: vec![], change: vec![], mu: None }
}

/// Moves the workspace to the point found; the algorithm has finished when that is the same to rounding.
pub(super) fn finish_step<T: Scalar>(state: &State<T>, workspace: &mut Workspace<'_, T>) -> Step {
    let size = state.values.iter().map(|x| Scalar::abs(*x)).fold(0.0, f64::max);
    let change = state.change.iter().map(|x| Scalar::abs(*x)).fold(0.0, f64::max);
    workspace.place(&state.support, &state.values);
    Step { iterations: 1, finished: change <= UNCHANGED * size }
}

impl<T: Scalar> State<T> {
    /// Computes H_k(x + μ g) and its difference from x.
    fn move_by(&mut self, workspace: &mut Workspace<'_, T>, mu: f64) {
        workspace.move_along(mu, &mut self.moved);
        workspace.threshold(&self.moved, &mut self.support, &mut self.values);
        // Both supports are sorted; their union is walked once.
        self.changed.clear();
        self.change.clear();
        let (old, old_values) = (workspace.support(), workspace.values());
        let (mut a, mut b) = (0, 0);
        while a < self.support.len() || b < old.len() {
            let new_index = self.support.get(a).copied().unwrap_or(usize::MAX);
            let old_index = old.get(b).copied().unwrap_or(usize::MAX);
            let index = new_index.min(old_index);
            let mut difference = T::ZERO;
            if new_index == index {
                difference += self.values[a];
                a += 1;
            }
            if old_index == index {
                difference -= old_values[b];
                b += 1;
            }
            self.changed.push(index);
            self.change.push(difference);
        }
    }

    /// Moves by the normalised step.
    pub(super) fn line_search(&mut self, workspace: &mut Workspace<'_, T>, line: Line) {
        if workspace.support().is_empty() {
            workspace.select_correlated(workspace.sparsity(), &mut self.support);
        } else {
            self.support.clone_from(workspace.support());
        }
        let correlation = workspace.correlate();
        let gradient: Vec<T> = self.support.iter().map(|&j| correlation[j]).collect();
        let square: f64 = gradient.iter().map(|g| g.abs2()).sum();
        let support = self.support.clone();
        let image = workspace.image_norm_squared(&support, &gradient);
        // After an exact fit the gradient on the support is zero and says nothing of the step.
        let mut mu = if square > 0.0 && image > 0.0 { square / image } else { workspace.constant_step() };
        for _ in 0..SHORTENED {
            if workspace.stop() {
                return;
            }
            self.move_by(workspace, mu);
            if self.support == support {
                return;
            }
            let length: f64 = self.change.iter().map(|v| v.abs2()).sum();
            let image = workspace.image_norm_squared(&self.changed, &self.change);
            if mu * image <= (1.0 - line.margin) * length {
                return;
            }
            mu /= line.shrink * (1.0 - line.margin);
        }
    }
}
