//! What a run of SEA leaves on record.

use std::ops::ControlFlow;

use serde::Serialize;
use sparsea::metrics::support_distance;
use sparsea::{Iterate, Observer, Progress};

use super::{DIGITS, rounded};

/// Significant digits of coefficients. Those of neighbouring pulses cancel: they can be 10⁵ times as large as their sum.
const COEFFICIENT_DIGITS: usize = 12;

/// The largest entry of 𝒳, in units of the record: finer than a pixel.
const LARGEST: f64 = 2000.0;

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The iteration that it leads to.
    pub iteration: u64,
    /// S.
    pub support: Vec<usize>,
    /// The coefficients on S.
    pub coefficients: Vec<f64>,
    /// ½‖y − A x‖².
    pub objective: f64,
    /// ½‖y − A x‖² of the best point so far.
    pub best_objective: f64,
    /// How many of S* are missing, divided by k.
    pub distance: f64,
    /// The same of the best point so far.
    pub best_distance: f64,
    /// Distinct supports so far.
    pub supports_explored: usize,
    /// What the whole numbers of `exploration` count.
    pub unit: f64,
    /// 𝒳, rounded.
    pub exploration: Vec<i32>,
}

/// Records every step of SEA.
#[derive(Debug)]
pub struct Record<'t> {
    truth: &'t [usize],
    steps: Vec<Step>,
}

impl<'t> Record<'t> {
    /// An empty record of a run on a problem with this true support.
    pub fn new(truth: &'t [usize]) -> Self {
        Self { truth, steps: Vec::new() }
    }

    /// What was recorded.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

impl Observer<f64> for Record<'_> {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        let objective = |residual_norm: f64| rounded(0.5 * residual_norm * residual_norm, DIGITS);
        self.steps.push(Step {
            iteration: progress.iteration,
            support: progress.support.to_vec(),
            coefficients: Vec::new(),
            objective: objective(progress.residual_norm),
            best_objective: objective(progress.best_residual_norm),
            distance: support_distance(self.truth, progress.support),
            best_distance: support_distance(self.truth, progress.best_support),
            supports_explored: progress.supports_explored,
            unit: 0.0,
            exploration: Vec::new(),
        });
        ControlFlow::Continue(())
    }

    fn iterate(&mut self, iterate: &Iterate<'_, f64>) {
        let (Some(step), Some(exploration)) = (self.steps.last_mut(), iterate.exploration) else { return };
        step.coefficients = iterate.coefficients.iter().map(|&x| rounded(x, COEFFICIENT_DIGITS)).collect();
        let largest = exploration.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        // Rounded first, so that the page multiplies by what the numbers were divided by.
        step.unit = rounded(largest / LARGEST, DIGITS);
        let count = |&x: &f64| if step.unit > 0.0 { (x / step.unit).round() as i32 } else { 0 };
        step.exploration = exploration.iter().map(count).collect();
    }

    fn wants_iterates(&self) -> bool {
        true
    }
}
