//! Search: exchange, perturb, repair, again and again; any-time.

use rand::Rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::generate::stream;
use crate::least_squares::Tableau;
use crate::run::{Halt, Initial, Step, Workspace};
use crate::scalar::Scalar;
use crate::support::SupportSet;

/// Iterated exchange search. It first completes and exchanges its start as ELS does. Each iteration then
///
/// - drops part of the best support: from one column to half of them, chosen at random, or one and those most
///   correlated with it,
/// - refills it greedily with the columns that lower ‖y − A x‖² most, each gain weighted at random in [½, 1],
/// - exchanges columns until no exchange helps, or a support comes that was there before, from which the way is known,
///
/// and keeps the outcome if it is better. Deterministic for a seed.
///
/// # Reference
/// Iterated local search: Lourenço, Martin & Stützle 2003, DOI 10.1007/0-306-48056-5_11; the exchanges are those of ELS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Seed of the random choices.
    pub seed: u64,
    /// The largest share of the support that is dropped at a time, above 0 and at most 1.
    pub largest: f64,
}

impl Default for Search {
    fn default() -> Self {
        Self { seed: 0, largest: 1.0 }
    }
}

/// What search keeps between steps.
#[derive(Debug)]
pub struct State<T> {
    rng: ChaCha8Rng,
    /// The best support and all its neighbours.
    best: Tableau<T>,
    /// ‖r‖ on it.
    residual_norm: f64,
    /// Where the work is done.
    trial: Tableau<T>,
    /// Supports from which exchanges have been followed to the end.
    seen: SupportSet,
    /// Random weights of the columns.
    weights: Vec<f64>,
    /// How well each kind of perturbation has done: by scale (powers of two of the columns dropped) and by whether the
    /// columns dropped are neighbours.
    credit: Vec<f64>,
    /// The kind of the perturbation at work.
    choice: usize,
    order: Vec<usize>,
    support: Vec<usize>,
    begun: bool,
}

/// Exchanges that lower ‖r‖² by a smaller share are rounding.
const SMALLEST_GAIN: f64 = 1e-10;
/// What a kind of perturbation gains in credit when it leads to a better support, and the share of credit that is kept from
/// one iteration to the next.
const REWARD: f64 = 2.0;
const MEMORY: f64 = 0.97;
/// Correlations of the tableau may be off by this much, relative to ‖y‖.
const DRIFT: f64 = 1e-9;

impl<T: Scalar> Algorithm<T> for Search {
    const NAME: &'static str = "search";
    const TITLE: &'static str = "Iterated Exchange Search";
    const SUMMARY: &'static str = "drops part of the best support, refills it, exchanges; again and again, any-time";
    const REFERENCE: &'static str =
        "this library; iterated local search: Lourenço, Martin & Stützle 2003, 10.1007/0-306-48056-5_11";
    const COST: &'static str = "5 n k for each exchange, of which an iteration makes a few, up to k";
    const MEMORY: &'static str = "2 n k besides the Gram columns";
    const WHEN: &'static str = "hard problems: the best support that the time allows";
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "seed",
            range: "a whole number of at least 0",
            default: "0",
            meaning: "seed of the random choices",
        },
        Setting {
            name: "largest",
            range: "above 0 and at most 1",
            default: "1.0",
            meaning: "the largest share of the support dropped at a time",
        },
    ];

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        if self.largest > 0.0 && self.largest <= 1.0 {
            return Ok(());
        }
        let value = self.largest.to_string();
        Err(Error::InvalidSetting { algorithm: "search", setting: "largest", rule: "above 0 and at most 1", value })
    }

    fn default_halt(&self) -> Halt {
        Halt::Iterations(300)
    }

    fn state_size(&self, _rows: usize, columns: usize, sparsity: usize) -> usize {
        columns.saturating_mul(sparsity).saturating_mul(2)
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = initial.truncated(workspace.sparsity());
        workspace.fit(&support);
        let empty = || Tableau::new(workspace.column_norms(), workspace.data_correlation(), workspace.sparsity());
        let (best, trial) = (empty(), empty());
        let mut state = State {
            rng: stream(self.seed, 0, 0),
            best,
            residual_norm: workspace.residual_norm(),
            trial,
            seen: SupportSet::default(),
            weights: vec![1.0; workspace.ncols()],
            credit: Vec::new(),
            choice: 0,
            order: Vec::new(),
            support,
            begun: false,
        };
        state.build(workspace);
        state
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, _budget: u64) -> Step {
        state.trial.copy_from(&state.best);
        if state.begun {
            state.perturb(self.largest, workspace);
        }
        state.begun = true;
        state.descend(workspace);
        state.judge(workspace);
        Step { iterations: 1, finished: state.best.members().is_empty() }
    }
}

impl<T: Scalar> State<T> {
    /// Builds the best tableau anew from `support`, the workspace standing at it.
    fn build(&mut self, workspace: &mut Workspace<'_, T>) {
        self.best.clear(workspace.column_norms(), workspace.data_correlation());
        for &j in &self.support {
            self.best.join(j, workspace.gram_column(j));
        }
        self.best.built();
        let scale = workspace.data_norm_or_one();
        self.best.correct(workspace.correlate(), scale);
        self.best.set_square(self.residual_norm * self.residual_norm);
    }

    /// Drops part of the support and refills it.
    fn perturb(&mut self, largest: f64, workspace: &mut Workspace<'_, T>) {
        let size = self.trial.members().len();
        let most = ((largest * size as f64).round() as usize).clamp(1, size);
        let scales = most.ilog2() as usize + 1;
        self.credit.resize(2 * scales, 1.0);
        self.choice = choose(&mut self.rng, &mut self.credit);
        let (scale, near) = (self.choice / 2, self.choice % 2 == 1);
        let dropped = self.rng.random_range(1 << scale..1 << (scale + 1)).min(most);
        self.order.clear();
        self.order.extend_from_slice(self.trial.members());
        self.order.sort_unstable();
        if near {
            // One and its neighbours: those that could stand for each other.
            let centre = self.order[self.rng.random_range(0..size)];
            let gram = workspace.gram_column(centre);
            self.order.sort_by(|&a, &b| gram[b].rank().total_cmp(&gram[a].rank()).then(a.cmp(&b)));
        } else {
            for at in 0..dropped {
                let with = self.rng.random_range(at..size);
                self.order.swap(at, with);
            }
        }
        for at in 0..dropped {
            let leaving = self.order[at];
            if let Some(position) = self.trial.members().iter().position(|&j| j == leaving) {
                self.trial.leave(position);
            }
        }
        fill_uniform(&mut self.rng, &mut self.weights);
        while self.trial.members().len() < workspace.sparsity() {
            let Some(entering) = self.trial.best_weighted_addition(&self.weights) else { break };
            if !self.trial.join(entering, workspace.gram_column(entering)) {
                continue;
            }
        }
    }

    /// Exchanges until none helps, or a support comes that was seen.
    fn descend(&mut self, workspace: &mut Workspace<'_, T>) {
        loop {
            let least = SMALLEST_GAIN * self.trial.square().max(0.0);
            if self.trial.members().len() < workspace.sparsity() {
                if let Some((entering, gain)) = self.trial.best_addition()
                    && gain > least
                {
                    // One that turns out to depend on the others is not tried again.
                    self.trial.join(entering, workspace.gram_column(entering));
                    continue;
                }
            } else if !self.seen.insert(self.trial.members()) {
                return;
            }
            match self.trial.best_exchange() {
                Some(exchange) if exchange.gain > least => {
                    self.trial.leave(exchange.position);
                    self.trial.join(exchange.entering, workspace.gram_column(exchange.entering));
                }
                _ => return,
            }
        }
    }

    /// Keeps the outcome if an exact fit confirms that it is better.
    fn judge(&mut self, workspace: &mut Workspace<'_, T>) {
        let (found, known) = (self.trial.square(), self.residual_norm * self.residual_norm);
        let promising = found < known * (1.0 - SMALLEST_GAIN) || self.best.members().is_empty();
        if !promising {
            return;
        }
        let previous = std::mem::take(&mut self.support);
        self.support.extend_from_slice(self.trial.members());
        self.support.sort_unstable();
        workspace.fit(&self.support);
        let residual_norm = workspace.residual_norm();
        if residual_norm >= self.residual_norm {
            self.support = previous;
            workspace.fit(&self.support);
            return;
        }
        self.residual_norm = residual_norm;
        if let Some(credit) = self.credit.get_mut(self.choice) {
            *credit += REWARD;
        }
        std::mem::swap(&mut self.best, &mut self.trial);
        let scale = workspace.data_norm_or_one();
        let drift = self.best.correct(workspace.correlate(), scale);
        self.best.set_square(residual_norm * residual_norm);
        if drift.is_nan() || drift > DRIFT {
            self.build(workspace);
        }
    }
}

/// An index drawn in proportion to `credit`, all of which then moves towards 1.
fn choose(rng: &mut impl Rng, credit: &mut [f64]) -> usize {
    let mut left = rng.random::<f64>() * credit.iter().sum::<f64>();
    let chosen = credit.iter().position(|&share| {
        left -= share;
        left < 0.0
    });
    for share in credit.iter_mut() {
        *share = 1.0 + MEMORY * (*share - 1.0);
    }
    chosen.unwrap_or(credit.len() - 1)
}

/// Uniform on [½, 1].
fn fill_uniform(rng: &mut impl Rng, weights: &mut [f64]) {
    for weight in weights {
        *weight = rng.random_range(0.5..=1.0);
    }
}
