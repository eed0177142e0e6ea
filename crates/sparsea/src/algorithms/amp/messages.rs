//! Message passing outside a run: one form after another until the support has settled.

use super::prior::{Posterior, Prior};
use super::scalar::ScalarForm;
use super::vector::VectorForm;
use super::{Amp, AmpForm};
use crate::scalar::Scalar;
use crate::support::Support;
use crate::workspace::Workspace;

/// The vector form is used by itself up to so many rows or columns, whichever are fewer: its decomposition takes a second there.
const LARGEST_SIDE: usize = 1024;

/// Up to so many, the decomposition costs less than the iterations that it saves, and the vector form comes first.
const SMALL_SIDE: usize = 128;

/// Iterations in a row without a lower variance after which a form has stagnated.
const PATIENCE: u32 = 30;

/// What a variance must fall to, relative to the lowest so far, to count as lower.
const LOWER: f64 = 0.98;

/// Iterations in a row on one support after which it has settled.
const SETTLED: u32 = 10;

/// Iterations of one form at most.
const LONGEST: u32 = 1000;

/// A variance above that of the start by this factor is divergence.
const RISE: f64 = 4.0;

/// A variance above the lowest by this factor, when it has not fallen for long, is divergence.
const REBOUND: f64 = 2.0;

/// The variance relative to that of the start from which on a support that rests is likely to be right.
const PRECISE: f64 = 1e-3;

/// Σ π_j (1 − π_j) below this share of k means that the support is decided.
const DECIDED: f64 = 0.1;

/// Damping after divergence, where only the scalar form is possible.
const STRONG_DAMPING: f64 = 0.5;

/// What is believed of x, in units in which ‖y‖ = 1.
#[derive(Debug)]
pub(super) struct Belief<T> {
    /// y.
    pub(super) data: Vec<T>,
    /// Number of columns that are not zero.
    pub(super) columns: usize,
    prior: Prior,
    /// x, the mean after damping.
    pub(super) mean: Vec<T>,
    /// E[x | r].
    pub(super) posterior_mean: Vec<T>,
    /// r = x + noise, as the prior sees it.
    pub(super) seen: Vec<T>,
    /// log(π_j/(1 − π_j)).
    odds: Vec<f64>,
    posterior: Posterior,
}

impl<T: Scalar> Belief<T> {
    /// x ← E[x | r] for noise of this variance, and the variance of the prior is learnt; returns Σ v_j.
    pub(super) fn update(&mut self, column_norms: &[f64], noise: f64, reinforcement: f64) -> f64 {
        let Self { seen, odds, posterior_mean, .. } = self;
        self.posterior = self.prior.denoise(seen, noise, reinforcement, column_norms, odds, posterior_mean);
        self.prior.learn(&self.posterior);
        self.posterior.variance
    }
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Scalar,
    /// With [`STRONG_DAMPING`].
    ScalarDamped,
    ScalarReinforced,
    Vector,
    VectorReinforced,
}

/// How a form has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The support is decided.
    Settled,
    /// Nothing changes any more, or nothing gets better, but the support is not decided.
    Stagnated,
    Diverged,
}

/// Message passing in a workspace: [`advance`](Self::advance) makes an iteration, after which [`support`](Self::support) holds
/// the k columns of the largest means. It leaves the point of the workspace as it is.
#[derive(Debug)]
pub(in crate::algorithms) struct MessagePassing<T> {
    settings: Amp,
    stage: Stage,
    belief: Belief<T>,
    scalar: ScalarForm<T>,
    vector: Option<VectorForm<T>>,
    /// Where it starts, in units of ‖y‖.
    initial: (Support, Vec<T>),
    scale: f64,
    support: Support,
    previous: Support,
    /// Iterations in a row that ended on this support.
    rests: u32,
    /// Iterations of this stage.
    iteration: u32,
    /// The variance at the start of the stage, the lowest so far, and the iteration of that.
    first: f64,
    lowest: f64,
    lowest_at: u32,
    latest: f64,
    /// Whether every form that began has diverged.
    diverged: bool,
    /// Whether the last iteration ended a form.
    ended: bool,
}

impl<T: Scalar> MessagePassing<T> {
    /// Starts from a vector with these entries, in the scale of the workspace.
    pub(in crate::algorithms) fn new(
        settings: &Amp,
        workspace: &mut Workspace<'_, T>,
        support: &Support,
        values: &[T],
    ) -> Self {
        let (m, n, k) = (workspace.nrows(), workspace.ncols(), workspace.sparsity());
        let scale = workspace.data_norm();
        let unit = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let columns = workspace.column_norms().iter().filter(|&&norm| norm > 0.0).count().max(1);
        let values: Vec<T> = values.iter().map(|x| x.scale(unit)).collect();
        let belief = Belief {
            data: workspace.system().data.iter().map(|y| y.scale(unit)).collect(),
            columns,
            prior: Prior::new(k, columns, 1.0),
            mean: vec![T::ZERO; n],
            posterior_mean: vec![T::ZERO; n],
            seen: vec![T::ZERO; n],
            odds: vec![0.0; n],
            posterior: Posterior::default(),
        };
        let vector_first = match settings.form {
            AmpForm::Scalar => false,
            AmpForm::Vector => true,
            AmpForm::Auto => VectorForm::is_worth(workspace, SMALL_SIDE),
        };
        Self {
            settings: settings.clone(),
            stage: if vector_first { Stage::Vector } else { Stage::Scalar },
            belief,
            scalar: ScalarForm::new(m),
            vector: None,
            initial: (support.clone(), values),
            scale,
            support: Support::with_capacity(k),
            previous: Support::with_capacity(k),
            rests: 0,
            iteration: 0,
            first: 0.0,
            lowest: 0.0,
            lowest_at: 0,
            latest: 0.0,
            diverged: true,
            ended: false,
        }
    }

    /// Makes an iteration. False if that was the last, or the run is to stop.
    pub(in crate::algorithms) fn advance(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        self.ended = false;
        if self.iteration == 0 && !self.begin(workspace) {
            return false;
        }
        let Amp { damping, reinforcement, .. } = self.settings;
        let belief = &mut self.belief;
        let variance = match (self.stage, &mut self.vector) {
            (Stage::ScalarDamped, _) => self.scalar.iterate(workspace, belief, damping.max(STRONG_DAMPING), 0.0),
            (Stage::ScalarReinforced, _) => self.scalar.iterate(workspace, belief, damping, reinforcement),
            (Stage::Vector, Some(vector)) => vector.iterate(workspace, belief, damping, 0.0),
            (Stage::VectorReinforced, Some(vector)) => vector.iterate(workspace, belief, damping, reinforcement),
            _ => self.scalar.iterate(workspace, belief, damping, 0.0),
        };
        if workspace.stop() {
            return false;
        }
        self.previous.clone_from(&self.support);
        workspace.select(&self.belief.posterior_mean, &mut self.support);
        self.rests = if self.support == self.previous { self.rests + 1 } else { 0 };
        let Some(end) = self.judge(variance) else { return true };
        self.ended = true;
        self.diverged &= end == End::Diverged;
        self.follow(end, workspace)
    }

    /// The support of the k largest means.
    pub(in crate::algorithms) fn support(&self) -> &Support {
        &self.support
    }

    /// Writes the means on the support, in the scale of the workspace.
    pub(in crate::algorithms) fn values(&self, out: &mut Vec<T>) {
        out.clear();
        out.extend(self.support.iter().map(|&j| self.belief.posterior_mean[j].scale(self.scale)));
    }

    /// Whether every form that began has diverged.
    pub(in crate::algorithms) fn diverged(&self) -> bool {
        self.diverged
    }

    /// Whether the support is worth a fit: it rests while the variance is small, or is the last of a form.
    pub(in crate::algorithms) fn is_ripe(&self) -> bool {
        self.ended || (self.rests >= 1 && self.latest <= PRECISE * self.first)
    }

    /// Whether the support has rested for two iterations.
    pub(super) fn rests(&self) -> bool {
        self.rests >= 2
    }

    /// Begins a stage. False if the run is to stop.
    fn begin(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        let (support, values) = &self.initial;
        let power: f64 = values.iter().map(|x| x.abs2()).sum();
        match self.stage {
            // These go on from where the form before has ended.
            Stage::ScalarReinforced | Stage::VectorReinforced => return true,
            Stage::Scalar | Stage::ScalarDamped | Stage::Vector => {
                let belief = &mut self.belief;
                belief.prior = Prior::new(workspace.sparsity(), belief.columns, power.max(1.0));
                belief.mean.fill(T::ZERO);
                support.iter().zip(values).for_each(|(&j, &x)| belief.mean[j] = x);
            }
        }
        if self.stage != Stage::Vector {
            self.scalar.begin(workspace, &self.belief);
            return true;
        }
        if self.vector.is_none() {
            self.vector = VectorForm::new(workspace);
        }
        match &mut self.vector {
            Some(vector) => vector.begin(&self.belief),
            None if workspace.stop() => return false,
            // A decomposition that fails is not known.
            None => {
                self.stage = Stage::Scalar;
                self.scalar.begin(workspace, &self.belief);
            }
        }
        true
    }

    /// Whether the stage has ended, and how.
    fn judge(&mut self, variance: f64) -> Option<End> {
        if !variance.is_finite() {
            return Some(End::Diverged);
        }
        if self.iteration == 0 {
            (self.first, self.lowest, self.lowest_at) = (variance, f64::INFINITY, 0);
        }
        self.latest = variance;
        self.iteration += 1;
        if variance <= LOWER * self.lowest {
            (self.lowest, self.lowest_at) = (variance, self.iteration);
        }
        if variance > RISE * self.first {
            return Some(End::Diverged);
        }
        let stagnates = self.iteration - self.lowest_at >= PATIENCE || self.iteration >= LONGEST;
        if stagnates && variance > REBOUND * self.lowest {
            return Some(End::Diverged);
        }
        if variance > 0.0 && !stagnates && self.rests < SETTLED {
            return None;
        }
        let decided = self.belief.posterior.undecided <= DECIDED * self.support.len() as f64;
        Some(if decided { End::Settled } else { End::Stagnated })
    }

    /// Goes to the stage after this one. False if there is none.
    fn follow(&mut self, end: End, workspace: &Workspace<'_, T>) -> bool {
        let reinforced = self.settings.reinforcement > 0.0;
        let vector = self.settings.form == AmpForm::Auto && VectorForm::is_worth(workspace, LARGEST_SIDE);
        let next = match (self.stage, end) {
            (_, End::Settled) => None,
            (Stage::Scalar | Stage::ScalarDamped, End::Stagnated) if reinforced => Some(Stage::ScalarReinforced),
            (Stage::Vector, End::Stagnated) if reinforced => Some(Stage::VectorReinforced),
            (Stage::Vector | Stage::VectorReinforced, _) => None,
            _ if vector => Some(Stage::Vector),
            (Stage::Scalar, End::Diverged) => Some(Stage::ScalarDamped),
            _ => None,
        };
        let Some(next) = next else { return false };
        self.stage = next;
        (self.iteration, self.rests) = (0, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_problem, stream};
    use crate::operator::DenseOperator;
    use crate::problem::Problem;
    use crate::workspace::Memory;

    /// ‖E[x | x + noise] − x‖²/n for these non-zeros and n − k zeros, averaged over normal noise of variance τ on a grid.
    fn expected_error(x: &[f64], n: usize, noise: f64) -> f64 {
        let prior = Prior::new(x.len(), n, x.len() as f64);
        let grid: Vec<f64> = (-60..=60).map(|i| 0.1 * f64::from(i)).collect();
        let weights: Vec<f64> = grid.iter().map(|u| (-u * u / 2.0).exp()).collect();
        let total: f64 = weights.iter().sum();
        let (ones, mut odds, mut mean) = (vec![1.0; grid.len()], vec![0.0; grid.len()], vec![0.0; grid.len()]);
        let mut error = |x: f64| {
            let seen: Vec<f64> = grid.iter().map(|u| x + noise.sqrt() * u).collect();
            prior.denoise(&seen, noise, 0.0, &ones, &mut odds, &mut mean);
            weights.iter().zip(&mean).map(|(w, mean)| w * (mean - x).powi(2)).sum::<f64>() / total
        };
        (x.iter().map(|&x| error(x)).sum::<f64>() + (n - x.len()) as f64 * error(0.0)) / n as f64
    }

    /// The errors of the scalar form on Gaussian matrices are those of state evolution, τ ← ‖E[x | x + noise of variance τ] − x‖²/m.
    #[test]
    fn errors_follow_state_evolution() {
        let (m, n, k, runs, iterations) = (1800, 3000, 600, 16, 6);
        let settings = Amp { form: AmpForm::Scalar, damping: 0.0, ..Amp::default() };
        // For each iteration τ and the error, found and expected.
        let mut sums = vec![[0.0; 4]; iterations];
        for seed in 0..runs {
            let instance = gaussian_problem(&mut stream(seed, 40, 0), m, n, k, 0.0).unwrap();
            let operator = DenseOperator::new(instance.operator.as_ref());
            let problem = Problem::new(&operator, &instance.data, k).unwrap();
            let mut workspace = Workspace::new(&problem, Memory::default()).unwrap();
            // The non-zeros in the scale of unit columns, and then of power 1.
            let scales = problem.scales();
            let mut x: Vec<f64> =
                instance.support.iter().zip(&instance.coefficients).map(|(&j, &x)| x / scales[j]).collect();
            let size = (x.iter().map(|x| x * x).sum::<f64>() / k as f64).sqrt();
            x.iter_mut().for_each(|x| *x /= size);
            let mut messages = MessagePassing::new(&settings, &mut workspace, &Support::new(), &[]);
            let unit = messages.scale / size;
            let mut noise = k as f64 / m as f64;
            for sums in &mut sums {
                assert!(messages.advance(&mut workspace));
                let mut off: Vec<f64> = messages.belief.posterior_mean.iter().map(|mean| mean * unit).collect();
                instance.support.iter().zip(&x).for_each(|(&j, &x)| off[j] -= x);
                let error = off.iter().map(|off| off * off).sum::<f64>() / n as f64;
                let expected = expected_error(&x, n, noise);
                let new = [messages.latest * unit * unit, noise, error, expected];
                sums.iter_mut().zip(new).for_each(|(sum, new)| *sum += new);
                noise = expected * n as f64 / m as f64;
            }
        }
        for (iteration, [noise, expected_noise, error, expected_error]) in sums.into_iter().enumerate() {
            let (noise, error) = (noise / expected_noise, error / expected_error);
            assert!((noise - 1.0).abs() < 0.06, "iteration {iteration}: τ is {noise} of what was expected");
            assert!((error - 1.0).abs() < 0.06, "iteration {iteration}: the error is {error} of what was expected");
        }
    }
}
