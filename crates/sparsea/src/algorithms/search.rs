//! Search: exchange, perturb, repair, again and again; any-time.

use std::sync::atomic::{AtomicBool, Ordering};

use rand::Rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Setting};
use crate::error::Error;
use crate::generate::stream;
use crate::least_squares::Tableau;
use crate::run::{Halt, Initial, Neighbourhood, Step, Workspace};
use crate::scalar::Scalar;
use crate::support::SupportSet;

/// Iterated exchange search. The first iteration completes its start and exchanges columns as ELS does. Each one after it
///
/// - drops part of the best support, from one column to all: chosen at random, or one and those most correlated with it;
///   sizes and ways that have led to better supports are chosen more often,
/// - refills it greedily with the columns that lower ‖y − A x‖² most, each gain weighted at random: in [½, 1], or by the
///   fourth power of a number in [0, 1],
/// - exchanges columns until no exchange helps, or a support comes from which the way is known,
///
/// and keeps the outcome if it is better.
///
/// Deterministic for a seed. On several threads the next iterations are computed ahead and taken in order, up to the first
/// that finds a better support: the answer is that of one thread.
///
/// # Reference
/// Iterated local search: Lourenço, Martin & Stützle 2003, DOI 10.1007/0-306-48056-5_11; the exchanges are those of ELS.
/// `docs/search.md` tells what was tried.
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
    /// The best support and all its neighbours.
    best: Tableau<T>,
    /// S of it, sorted.
    support: Vec<usize>,
    /// ‖r‖ on it.
    residual_norm: f64,
    /// Where iterations are computed; several when ahead.
    trials: Vec<Trial<T>>,
    /// Supports from which exchanges have been followed to the end.
    seen: SupportSet,
    /// Those of the iterations of the present round. Iterations of a round do not know of each other, so that it does not
    /// matter whether they are computed one after the other or at once.
    fresh: Vec<Vec<usize>>,
    /// How well each kind of perturbation has done: by scale (powers of two of the columns dropped), by whether the columns
    /// dropped are neighbours, and by how freely the support is refilled.
    credit: Vec<Credit>,
    /// The same as the present round knows it.
    known: Vec<Credit>,
    /// Iterations made.
    iteration: u64,
    /// Iterations of the present round made.
    in_round: usize,
    /// Columns whose Gram columns have been counted.
    counted: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Credit {
    /// Better supports found, the latest counting most; 1 to begin with.
    success: f64,
    /// Moves of the tableau that an iteration takes, the latest counting most.
    cost: f64,
}

/// One iteration at work, and what it found.
#[derive(Debug)]
struct Trial<T> {
    tableau: Tableau<T>,
    /// The kind of its perturbation.
    kind: usize,
    /// Supports through which it came.
    passed: Vec<Vec<usize>>,
    /// Columns that joined.
    joined: Vec<usize>,
    moves: usize,
    weights: Vec<f64>,
    order: Vec<usize>,
}

/// What became of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// An exact fit confirms that it found a better support.
    Better,
    /// It looked better, by rounding.
    Refused,
    /// It did not look better.
    Worse,
}

/// Iterations of a round, unless memory is short.
const ROUND: usize = 8;
/// Numbers that the trials of a round may hold together.
const TRIAL_NUMBERS: usize = 1 << 23;
/// Exchanges that lower ‖r‖² by a smaller share are rounding.
const SMALLEST_GAIN: f64 = 1e-10;
/// A change of ‖r‖ below this share of ‖y‖ is rounding too.
const ROUNDING: f64 = 1e-10;
/// Moves of one descent, per column of the support, before it is given up: far more than any takes.
const MOVES_PER_MEMBER: usize = 100;
/// Correlations of the tableau may be off by this much, relative to ‖y‖.
const DRIFT: f64 = 1e-9;
/// What a kind of perturbation gains in credit when it leads to a better support, and the share of credit that is kept from
/// one iteration to the next.
const REWARD: f64 = 2.0;
const MEMORY: f64 = 0.97;
/// Costs are compared by this power: cheap kinds are preferred, but not in proportion.
const THRIFT: f64 = 0.5;

/// Trials that fit in memory, the same for any number of threads.
fn round(columns: usize, sparsity: usize) -> usize {
    (TRIAL_NUMBERS / columns.saturating_mul(sparsity).max(1)).clamp(1, ROUND)
}

impl<T: Scalar> Algorithm<T> for Search {
    const NAME: &'static str = "search";
    const TITLE: &'static str = "Iterated Exchange Search";
    const SUMMARY: &'static str = "drops part of the best support, refills it, exchanges; again and again, any-time";
    const REFERENCE: &'static str =
        "docs/search.md; iterated local search: Lourenço, Martin & Stützle 2003, 10.1007/0-306-48056-5_11";
    const COST: &'static str = "5 n k for each exchange, of which an iteration makes a few, up to k";
    const MEMORY: &'static str = "2 n k to 9 n k, and n² for Gram columns if that is allowed";
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
        columns.saturating_mul(sparsity).saturating_mul(1 + round(columns, sparsity))
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        let (support, _) = initial.truncated(workspace.sparsity());
        workspace.fit(&support);
        let residual_norm = workspace.residual_norm();
        let trials = (0..round(workspace.ncols(), workspace.sparsity())).map(|_| Trial {
            tableau: empty(workspace),
            kind: 0,
            passed: vec![],
            joined: vec![],
            moves: 0,
            weights: vec![1.0; workspace.ncols()],
            order: vec![],
        });
        let trials = trials.collect();
        let mut state = State {
            best: empty(workspace),
            support,
            residual_norm,
            trials,
            seen: SupportSet::default(),
            fresh: vec![],
            credit: vec![],
            known: vec![],
            iteration: 0,
            in_round: 0,
            counted: vec![false; workspace.ncols()],
        };
        state.build(workspace);
        state
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        // Iterations of a round may be computed at once unless this thread is itself one of many at work.
        let ahead = rayon::current_thread_index().is_none() && rayon::current_num_threads() > 1;
        let left = state.trials.len() - state.in_round;
        let count = if state.iteration == 0 || !ahead { 1 } else { left.min(usize::try_from(budget).unwrap_or(left)) };
        state.compute(self, workspace, count);
        let mut iterations = 0;
        for at in 0..count {
            iterations += 1;
            state.iteration += 1;
            state.in_round += 1;
            let verdict = state.judge(at, workspace);
            if verdict == Verdict::Better || state.in_round == state.trials.len() {
                // What was computed beyond this belongs to the next round, which knows more.
                state.end_round();
                break;
            }
            if verdict == Verdict::Refused {
                // Those after it were given up when it looked better: they are computed in the next step.
                break;
            }
        }
        Step { iterations, finished: state.best.members().is_empty() }
    }
}

fn empty<T: Scalar>(workspace: &Workspace<'_, T>) -> Tableau<T> {
    Tableau::new(workspace.column_norms(), workspace.data_correlation(), workspace.sparsity())
}

impl<T: Scalar> State<T> {
    /// Builds the best tableau anew from the support, at which the workspace stands.
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

    /// Computes the next `count` iterations from the best support, each into a trial of its own.
    fn compute(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, count: usize) {
        let (best, seen) = (&self.best, &self.seen);
        let size = best.members().len();
        let scales = ((search.largest * size as f64).round() as usize).clamp(1, size.max(1)).ilog2() as usize + 1;
        if self.credit.len() != 4 * scales {
            self.credit.resize(4 * scales, Credit { success: 1.0, cost: 1.0 });
            self.known.clone_from(&self.credit);
        }
        let credit = &self.known;
        let first = self.iteration;
        let floor = (ROUNDING * workspace.data_norm_or_one()).powi(2);
        let one = |at: usize, trial: &mut Trial<T>, neighbourhood: &dyn Neighbourhood<T>| {
            let number = first + at as u64;
            trial.tableau.copy_from(best);
            trial.passed.clear();
            trial.joined.clear();
            trial.moves = 0;
            if number > 0 && size > 0 {
                trial.perturb(&mut stream(search.seed, 1, number), search.largest, credit, neighbourhood);
            }
            trial.descend(seen, floor, neighbourhood);
        };
        if count == 1 {
            workspace.with_neighbourhood(|neighbourhood| one(0, &mut self.trials[0], neighbourhood));
            return;
        }
        let trials = &mut self.trials[..count];
        // Once one has clearly found a better support, those after it will not be needed.
        let known = self.residual_norm * self.residual_norm * (1.0 - SMALLEST_GAIN);
        let found: Vec<AtomicBool> = (0..count).map(|_| AtomicBool::new(false)).collect();
        workspace.with_neighbourhood(|neighbourhood| {
            trials.par_iter_mut().enumerate().for_each(|(at, trial)| {
                if found[..at].iter().any(|earlier| earlier.load(Ordering::Relaxed)) {
                    return;
                }
                one(at, trial, neighbourhood);
                found[at].store(trial.tableau.square() < known, Ordering::Relaxed);
            });
        });
    }

    /// Keeps the outcome of a trial if an exact fit confirms that it is better.
    fn judge(&mut self, at: usize, workspace: &mut Workspace<'_, T>) -> Verdict {
        let trial = &mut self.trials[at];
        self.fresh.append(&mut trial.passed);
        for j in trial.joined.drain(..) {
            if !std::mem::replace(&mut self.counted[j], true) {
                workspace.count_gram_column();
            }
        }
        if let Some(credit) = self.credit.get_mut(trial.kind) {
            credit.cost = 0.8 * credit.cost + 0.2 * trial.moves.max(1) as f64;
        }
        for credit in &mut self.credit {
            credit.success = 1.0 + MEMORY * (credit.success - 1.0);
        }
        let (found, known) = (trial.tableau.square(), self.residual_norm * self.residual_norm);
        let mut support = trial.tableau.members().to_vec();
        support.sort_unstable();
        workspace.explored(&support, found.max(0.0).sqrt());
        if found >= known * (1.0 - SMALLEST_GAIN) {
            return Verdict::Worse;
        }
        workspace.fit(&support);
        let residual_norm = workspace.residual_norm();
        if residual_norm >= self.residual_norm {
            workspace.fit(&self.support);
            return Verdict::Refused;
        }
        let kind = trial.kind;
        std::mem::swap(&mut self.best, &mut self.trials[at].tableau);
        (self.support, self.residual_norm) = (support, residual_norm);
        if self.iteration > 1 {
            self.credit[kind].success += REWARD;
        }
        let scale = workspace.data_norm_or_one();
        let drift = self.best.correct(workspace.correlate(), scale);
        self.best.set_square(residual_norm * residual_norm);
        if drift.is_nan() || drift > DRIFT {
            self.build(workspace);
        }
        Verdict::Better
    }

    fn end_round(&mut self) {
        self.in_round = 0;
        self.known.clone_from(&self.credit);
        for support in self.fresh.drain(..) {
            self.seen.insert(&support);
        }
    }
}

impl<T: Scalar> Trial<T> {
    fn join(&mut self, j: usize, neighbourhood: &dyn Neighbourhood<T>) -> bool {
        self.moves += 1;
        self.joined.push(j);
        let tableau = &mut self.tableau;
        let mut joined = false;
        neighbourhood.gram_column(j, &mut |gram| joined = tableau.join(j, gram));
        joined
    }

    /// Drops part of the support and refills it.
    fn perturb(&mut self, rng: &mut ChaCha8Rng, largest: f64, credit: &[Credit], neighbourhood: &dyn Neighbourhood<T>) {
        let size = self.tableau.members().len();
        let most = ((largest * size as f64).round() as usize).clamp(1, size);
        self.kind = choose(rng, credit);
        let (scale, near, free) = (self.kind / 4, self.kind & 1 == 1, self.kind & 2 == 2);
        let dropped = rng.random_range(1usize << scale..2 << scale).min(most);
        self.order.clear();
        self.order.extend_from_slice(self.tableau.members());
        self.order.sort_unstable();
        if near {
            // One and its neighbours: those that could stand for each other.
            let centre = self.order[rng.random_range(0..size)];
            let order = &mut self.order;
            neighbourhood.gram_column(centre, &mut |gram| {
                order.sort_by(|&a, &b| gram[b].rank().total_cmp(&gram[a].rank()).then(a.cmp(&b)));
            });
        } else {
            for at in 0..dropped {
                let with = rng.random_range(at..size);
                self.order.swap(at, with);
            }
        }
        for at in 0..dropped {
            let leaving = self.order[at];
            if let Some(position) = self.tableau.members().iter().position(|&j| j == leaving) {
                self.tableau.leave(position);
                self.moves += 1;
            }
        }
        for weight in &mut self.weights {
            // The power makes small gains win now and then.
            *weight = if free { rng.random::<f64>().powi(4) } else { rng.random_range(0.5..=1.0) };
        }
        while self.tableau.members().len() < size {
            let Some(entering) = self.tableau.best_weighted_addition(&self.weights) else { break };
            // One that turns out to depend on the others is not proposed again.
            self.join(entering, neighbourhood);
        }
    }

    /// Exchanges until none helps, or a support comes from which the way is known.
    fn descend(&mut self, seen: &SupportSet, floor: f64, neighbourhood: &dyn Neighbourhood<T>) {
        let most = self.moves + MOVES_PER_MEMBER * neighbourhood.sparsity();
        while self.moves <= most {
            let least = (SMALLEST_GAIN * self.tableau.square()).max(floor);
            if self.tableau.members().len() < neighbourhood.sparsity() {
                if let Some((entering, gain)) = self.tableau.best_addition()
                    && gain > least
                {
                    self.join(entering, neighbourhood);
                    continue;
                }
            } else {
                let members = self.tableau.members();
                if seen.contains(members) {
                    return;
                }
                self.passed.push(members.to_vec());
            }
            match self.tableau.best_exchange() {
                Some(exchange) if exchange.gain > least => {
                    self.moves += 2;
                    self.joined.push(exchange.entering);
                    let tableau = &mut self.tableau;
                    neighbourhood.gram_column(exchange.entering, &mut |gram| {
                        tableau.exchange(exchange.position, exchange.entering, gram);
                    });
                }
                _ => return,
            }
        }
    }
}

/// A kind drawn in proportion to its success and in inverse proportion to a power of its cost.
fn choose(rng: &mut impl Rng, credit: &[Credit]) -> usize {
    let share = |credit: &Credit| credit.success / credit.cost.powf(THRIFT);
    let mut left = rng.random::<f64>() * credit.iter().map(share).sum::<f64>();
    let chosen = credit.iter().position(|credit| {
        left -= share(credit);
        left < 0.0
    });
    chosen.unwrap_or(credit.len() - 1)
}
