//! Search: repeated exploration, exchange and perturbation, as an any-time algorithm.

mod elites;
mod exploration;
mod messages;
mod perturbation;
mod span;
mod tiles;
mod trial;
mod windows;
mod working_set;

use std::sync::atomic::{AtomicBool, Ordering};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::segment::{self, Segment};
use super::{Algorithm, Setting};
use crate::error::Error;
use crate::fit::least_squares::Neighbours;
use crate::halt::Halt;
use crate::operator::Access;
use crate::parallel::*;
use crate::problem::{Intervals, Needs, Problem};
use crate::random::stream;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::tolerance::{DRIFT, SMALLEST_GAIN, TABLEAU_BLIND, TABLEAU_ROUNDING};
use crate::workspace::{Initial, Step, Workspace};
use elites::Elites;
use exploration::{Exploration, random_start};
use messages::Messages;
use perturbation::Credits;
pub use perturbation::Perturbation;
use tiles::Tiles;
pub(super) use tiles::apply as tiles_apply;
use trial::{Knowledge, Trial};
pub(super) use windows::apply as windows_apply;
use windows::{Outlook, Windows};
use working_set::WorkingSet;
pub(super) use working_set::in_play as columns_in_play;

/// Iterated exchange search. The first iteration completes its start and exchanges columns like ELS. Each later iteration begins from the
/// best support, changed by a [`Perturbation`] from one column to all of it, or from the best support that [`Sea`](super::Sea) finds from
/// the start or from a random 𝒳⁰. It exchanges columns until no exchange helps, or until it meets a support from which the continuation is
/// known, and keeps the result if it is better.
///
/// If columns look incoherent, [message passing](super::Amp) also supplies a start.
///
/// The search learns as it runs. It prefers sizes and kinds of perturbation that have led to better supports, calls SEA more often while
/// that pays, and drops columns in which the best support differs from other good ones.
///
/// For [steps](crate::Steps), the optimum is found by dynamic programming, as in [`Segment`](super::Segment). For many columns, the search
/// runs on those that can matter, and checks all others for columns that gain.
///
/// If columns overlap only their neighbours, as in a convolution, windows come first. Parts of the trace are searched one by one under a
/// price for each non-zero, which is adjusted until there are k non-zeros, and runs of neighbouring members are refilled with the best of
/// all choices near them. On long traces nothing else is done, the time is linear in n, and an iteration is a pass over the windows. In
/// images ([`Convolution2d`](crate::Convolution2d)), tiles take the place of windows, and groups of nearby members take the place of runs.
///
/// The result is deterministic for a seed. On several threads, the next iterations are computed ahead and taken in order, up to the first
/// that finds a better support, so the result is the same as on one thread.
///
/// # Reference
/// Iterated local search: Lourenço, Martin & Stützle 2003, DOI 10.1007/0-306-48056-5_11; the exchanges are those of ELS.
/// `docs/any-time-search.md` describes what was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Seed of the random choices.
    pub seed: u64,
    /// The largest share of the support dropped at a time, above 0 and at most 1.
    pub largest: f64,
    /// How often SEA is called at first: its share of the rounds of up to eight iterations, 0 for never.
    pub exploration: f64,
    /// The kinds of perturbation to choose from.
    pub perturbations: Vec<Perturbation>,
}

impl Default for Search {
    fn default() -> Self {
        Self { seed: 0, largest: 1.0, exploration: 0.1, perturbations: perturbation::KEPT.to_vec() }
    }
}

/// State of search between steps.
#[derive(Debug)]
pub struct State<T>(Stage<T>);

#[derive(Debug)]
enum Stage<T> {
    /// Windows first, where columns overlap only their neighbours; the start is kept for what follows.
    Windows(Box<Windows<T>>, Initial<T>),
    /// Tiles first, where columns are copies of a patch of an image.
    Tiles(Box<Tiles<T>>, Initial<T>),
    /// Exchanges on the columns that can matter, where there are many.
    WorkingSet(Box<WorkingSet<T>>),
    /// Dynamic programming, where columns are steps.
    Segments(Box<segment::State<T>>),
    /// Exchanges with all columns.
    Exchanges(Box<Exchanges<T>>),
}

/// The search by exchanges, between steps.
#[derive(Debug)]
struct Exchanges<T> {
    /// The best support and all its neighbours.
    best: Neighbours<T>,
    /// S of it, sorted.
    support: Support,
    /// ‖r‖ on it.
    residual_norm: f64,
    /// Where iterations are computed; several when ahead.
    trials: Vec<Trial<T>>,
    /// SEA, while it is at work.
    exploration: Option<Exploration<T>>,
    messages: Messages<T>,
    /// Whether the first descent has begun.
    has_begun: bool,
    /// Where SEA begins the first time; later from a random 𝒳⁰.
    initial: Option<Initial<T>>,
    /// The share of rounds that begin with SEA.
    exploration_rate: f64,
    /// Supports from which exchanges have been followed to the end.
    seen: SupportSet,
    /// Those of the iterations of the present round. Iterations of a round do not know of each other, so that it does not
    /// matter whether they are computed one after the other or at once.
    fresh: Vec<Vec<usize>>,
    credits: Credits,
    elites: Elites,
    /// Credits and elites as the present round knows them.
    known: (Credits, Elites),
    /// Iterations made.
    iteration: u64,
    /// Multiply-adds of their exchanges.
    work: usize,
    /// Iterations of the present round made.
    in_round: usize,
    /// Rounds in a row that came to no new support.
    stale: u32,
    /// Columns whose Gram columns have been counted.
    counted: Vec<bool>,
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
/// Multiply-adds after which search has settled: where an exchange is expensive, 300 iterations take minutes.
const WORK: usize = 30_000_000_000;
/// Multiply-adds of the first descent between points that it shows, about.
const PAUSE: usize = 2_000_000;
/// Rounds in a row without a new support after which search has settled.
const STALE: u32 = 8;
/// Numbers that the trials of a round may hold together.
const TRIAL_NUMBERS: usize = 1 << 23;
/// The share of rounds that begin with SEA is multiplied by one of these when SEA has led to a better support, or has not,
/// and stays between the bounds.
const EXPLORATION_PAID: f64 = 2.0;
const EXPLORATION_IN_VAIN: f64 = 0.7;
const EXPLORATION_BOUNDS: (f64, f64) = (0.02, 0.5);

/// Trials that fit in memory, the same for any number of threads.
fn round(columns: usize, sparsity: usize) -> usize {
    (TRIAL_NUMBERS / columns.saturating_mul(sparsity).max(1)).clamp(1, ROUND)
}

impl<T: Scalar> Algorithm<T> for Search {
    const NAME: &'static str = "search";
    const TITLE: &'static str = "Iterated Exchange Search";
    const SUMMARY: &'static str = "explores by SEA, exchanges, changes the best support and begins again; any-time";
    const REFERENCE: &'static str =
        "docs/any-time-search.md; iterated local search: Lourenço, Martin & Stützle 2003, 10.1007/0-306-48056-5_11";
    const COST: &'static str =
        "4 n k for each exchange, of which an iteration makes a few, up to k; O(n) for a pass over windows";
    const MEMORY: &'static str =
        "2 n k to 9 n k, besides Gram columns for itself and as many again for its threads; n for windows";
    const WHEN: &'static str = "hard problems: the best support that the time allows";
    const NEEDS: Needs = Needs::INTERVALS;
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
        Setting {
            name: "exploration",
            range: "at least 0 and at most 1",
            default: "0.1",
            meaning: "the share of rounds that begin with SEA, at first",
        },
        Setting {
            name: "perturbations",
            range: r#"a list, as ["random","relink"], of random, neighbours, disputed, relink, pair, walk, normalized_walk"#,
            default: r#"["random","disputed"]"#,
            meaning: "how the best support is changed",
        },
    ];

    type State = State<T>;

    fn check(&self) -> Result<(), Error> {
        let refused =
            |setting, rule, value: String| Err(Error::InvalidSetting { algorithm: "search", setting, rule, value });
        if !(self.largest > 0.0 && self.largest <= 1.0) {
            return refused("largest", "above 0 and at most 1", self.largest.to_string());
        }
        if !(0.0..=1.0).contains(&self.exploration) {
            return refused("exploration", "at least 0 and at most 1", self.exploration.to_string());
        }
        if self.perturbations.is_empty() {
            return refused("perturbations", "a list with at least one entry", "[]".to_owned());
        }
        Ok(())
    }

    fn default_halt(&self) -> Halt {
        Halt::Budget(300)
    }

    fn state_size(&self, problem: &Problem<'_, T>) -> usize {
        let (columns, sparsity) = (problem.operator().ncols(), problem.sparsity());
        let by_parts = problem.region().intervals(columns).is_none_or(|one| one == Intervals::NonNegative);
        let local = |operator| windows::apply(operator, sparsity) || tiles::apply(operator, sparsity);
        if by_parts && is_long(columns, sparsity) && local(problem.operator()) {
            return 0;
        }
        if can_segment(problem.operator(), sparsity) {
            return Segment::default().state_size(problem);
        }
        if problem.has_blocks() {
            let size = problem.tableau_size();
            return size.saturating_mul(1 + round(size, 1));
        }
        let columns = working_set::in_play(columns, sparsity);
        columns.saturating_mul(sparsity).saturating_mul(1 + round(columns, sparsity))
    }

    fn start(&self, workspace: &mut Workspace<'_, T>, initial: &Initial<T>) -> State<T> {
        // A report is about supports beside the optimum too.
        if can_segment(&workspace.system().operator, workspace.sparsity()) && !workspace.is_watched() {
            return State(Stage::Segments(Box::new(Segment::default().start(workspace, initial))));
        }
        let (support, _) = workspace.truncated(initial);
        workspace.fit(&support);
        if let Some(windows) = Windows::new(workspace, self.seed) {
            return State(Stage::Windows(Box::new(windows), initial.clone()));
        }
        if let Some(tiles) = Tiles::new(workspace, self.seed) {
            return State(Stage::Tiles(Box::new(tiles), initial.clone()));
        }
        if !workspace.has_blocks() && working_set::applies(workspace.ncols(), workspace.sparsity()) {
            return State(Stage::WorkingSet(Box::new(WorkingSet::new(workspace))));
        }
        State(Stage::Exchanges(Box::new(Exchanges::new(self, workspace, support, initial))))
    }

    fn step(&self, state: &mut State<T>, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        match &mut state.0 {
            Stage::Windows(windows, initial) => {
                let outlook = windows.pass(workspace);
                match self.after_parts(workspace, outlook, windows.best(), initial) {
                    Ok(step) => step,
                    Err(exchanges) => {
                        state.0 = Stage::Exchanges(exchanges);
                        Step { iterations: 1, finished: false }
                    }
                }
            }
            Stage::Tiles(tiles, initial) => {
                let outlook = tiles.pass(workspace);
                match self.after_parts(workspace, outlook, tiles.best(), initial) {
                    Ok(step) => step,
                    Err(exchanges) => {
                        state.0 = Stage::Exchanges(exchanges);
                        Step { iterations: 1, finished: false }
                    }
                }
            }
            Stage::Segments(state) => Segment::default().step(state, workspace, budget),
            Stage::WorkingSet(set) => set.step(self, workspace, budget),
            Stage::Exchanges(exchanges) => exchanges.step(self, workspace, budget),
        }
    }
}

impl Search {
    /// What follows a pass over windows or tiles: another one, or exchanges with all columns, from the best support so far.
    fn after_parts<T: Scalar>(
        &self,
        workspace: &mut Workspace<'_, T>,
        outlook: Outlook,
        best: &Support,
        initial: &Initial<T>,
    ) -> Result<Step, Box<Exchanges<T>>> {
        if outlook == Outlook::Promising || workspace.given_up().is_some() {
            return Ok(Step { iterations: 1, finished: false });
        }
        if is_long(workspace.ncols(), workspace.sparsity()) {
            workspace.settle();
            return Ok(Step { iterations: 1, finished: outlook == Outlook::Finished });
        }
        let support = best.clone();
        workspace.fit(&support);
        Err(Box::new(Exchanges::new(self, workspace, support, initial)))
    }
}

/// Whether the optimum is found by dynamic programming in little time and memory.
fn can_segment<T: Scalar>(operator: &Access<'_, T>, sparsity: usize) -> bool {
    /// Numbers of its table, and multiply-adds of complex data, at most.
    const MOST: (usize, usize) = (1 << 28, 1_000_000_000);
    let samples = operator.nrows();
    let table = samples.saturating_mul(sparsity);
    let work = if T::IS_COMPLEX { table.saturating_mul(samples) } else { table };
    operator.is_steps() && table <= MOST.0 && work <= MOST.1
}

/// n k from which on windows alone are searched: exchanges with all columns, which follow on shorter traces, cost far more there and
/// find next to nothing.
const LONG: usize = 50_000;

/// Whether a trace is too long for exchanges with all columns.
fn is_long(columns: usize, sparsity: usize) -> bool {
    columns.saturating_mul(sparsity) > LONG
}

impl<T: Scalar> Exchanges<T> {
    /// The best support.
    fn best(&self) -> &Support {
        &self.support
    }

    /// Begins on a support, at whose fit the workspace is.
    fn new(search: &Search, workspace: &mut Workspace<'_, T>, support: Support, initial: &Initial<T>) -> Self {
        let residual_norm = workspace.residual_norm();
        let (columns, sparsity) = workspace.tableau_shape();
        let trials = (0..round(columns, sparsity)).map(|_| Trial::new(workspace)).collect();
        let best = workspace.neighbours();
        let mut state = Self {
            best,
            support,
            residual_norm,
            trials,
            exploration: None,
            messages: Messages::Due,
            has_begun: false,
            initial: Some(initial.clone()),
            exploration_rate: search.exploration,
            seen: SupportSet::default(),
            fresh: vec![],
            credits: Credits::default(),
            elites: Elites::default(),
            known: (Credits::default(), Elites::default()),
            iteration: 0,
            work: 0,
            in_round: 0,
            stale: 0,
            counted: vec![false; workspace.ncols()],
        };
        state.build_best(workspace);
        state
    }

    fn step(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, budget: u64) -> Step {
        let joining = (2 * workspace.ncols()).saturating_mul(workspace.sparsity()).saturating_mul(workspace.sparsity());
        if self.messages.is_due(workspace, self.work, joining) {
            self.messages.begin(workspace, false);
        }
        if let Some(step) = self.pass_messages(workspace) {
            return step;
        }
        if self.exploration.is_some() || self.begins_exploration(search, workspace) {
            return self.explore(workspace);
        }
        if self.iteration == 0 && !self.descend_first(workspace) {
            return Step { iterations: 0, finished: false };
        }
        // Iterations of a round may be computed at once unless this thread is itself one of many at work.
        let ahead = workspace.may_share();
        let left = self.trials.len() - self.in_round;
        let count = if self.iteration == 0 || !ahead { 1 } else { left.min(usize::try_from(budget).unwrap_or(left)) };
        if self.iteration > 0 {
            self.compute(search, workspace, count);
        }
        let mut iterations = 0;
        for at in 0..count {
            iterations += 1;
            self.iteration += 1;
            self.in_round += 1;
            let verdict = self.judge(at, workspace);
            if verdict == Verdict::Better || self.in_round == self.trials.len() {
                // What was computed beyond this belongs to the next round, which knows more.
                self.end_round(workspace);
                break;
            }
            if verdict == Verdict::Refused {
                // Those after it were given up when it looked better: they are computed in the next step.
                break;
            }
        }
        Step { iterations, finished: self.best.size() == 0 }
    }

    /// Builds the tableau of the best support, which loses columns that the tableau cannot hold. (The run keeps them.)
    fn build_best(&mut self, workspace: &mut Workspace<'_, T>) {
        workspace.build_neighbours(&mut self.best, &self.support);
        if self.best.size() < workspace.size(&self.support) {
            self.support.clone_from(workspace.support());
            self.residual_norm = workspace.residual_norm();
        }
    }

    /// Whether the round begins with SEA: then it is set up.
    fn begins_exploration(&mut self, search: &Search, workspace: &mut Workspace<'_, T>) -> bool {
        if self.iteration == 0 || self.in_round > 0 || search.exploration == 0.0 {
            return false;
        }
        let rng = &mut stream(search.seed, 2, self.iteration);
        let initial = match self.initial.take() {
            Some(initial) => initial,
            None if rng.random::<f64>() < self.exploration_rate => random_start(rng, workspace),
            None => return false,
        };
        self.exploration = Some(Exploration::new(workspace, &initial));
        true
    }

    /// Goes on with the first descent, from the start; false at a pause, at which the workspace is at the fit on what was reached: where
    /// moves are expensive, a run that is stopped early has more than its start.
    fn descend_first(&mut self, workspace: &mut Workspace<'_, T>) -> bool {
        if !self.has_begun {
            self.has_begun = true;
            self.trials[0].begin_from(&self.best);
        }
        let columns = workspace.quadratic().gram_cost(1);
        let move_cost = columns.saturating_add((4 * workspace.ncols()).saturating_mul(workspace.sparsity()));
        let floor = smallest_change(workspace);
        let trial = &mut self.trials[0];
        let moves = (PAUSE / move_cost.max(1)).max(1);
        let done = trial.descend_for(moves, &self.seen, floor, &workspace.neighbourhood());
        let support = if done { self.support.clone() } else { trial.support() };
        workspace.fit(&support);
        done
    }

    /// Goes on with message passing, if that is tried; what it found is where exchanges begin once the first descent is done.
    fn pass_messages(&mut self, workspace: &mut Workspace<'_, T>) -> Option<Step> {
        let none = Some(Step { iterations: 0, finished: false });
        match std::mem::replace(&mut self.messages, Messages::Done) {
            passing @ Messages::Passing(_) => {
                self.messages = passing;
                if !self.messages.advance(workspace) && !matches!(self.messages, Messages::Passing(_)) {
                    workspace.fit(&self.support);
                }
                none
            }
            Messages::Found(found) if self.iteration > 0 => {
                workspace.fit(&found);
                if workspace.residual_norm() < self.residual_norm {
                    self.descend_from(&found, workspace);
                } else {
                    workspace.fit(&self.support);
                }
                none
            }
            other => {
                self.messages = other;
                None
            }
        }
    }

    /// Exchanges columns of a support, and keeps the outcome if it is better.
    fn descend_from(&mut self, support: &Support, workspace: &mut Workspace<'_, T>) -> bool {
        workspace.fit(support);
        let trial = &mut self.trials[0];
        trial.begin_at(support, workspace);
        let (seen, floor) = (&self.seen, smallest_change(workspace));
        trial.descend(seen, floor, &workspace.neighbourhood());
        let better = self.judge(0, workspace) == Verdict::Better;
        if !better {
            workspace.fit(&self.support);
        }
        better
    }

    /// Lets SEA go on to its next support; when it has ended, exchanges from the best one make an iteration.
    fn explore(&mut self, workspace: &mut Workspace<'_, T>) -> Step {
        let Some(exploration) = &mut self.exploration else { return Step { iterations: 0, finished: false } };
        if exploration.advance(workspace) {
            return Step { iterations: 0, finished: false };
        }
        let found = exploration.best().clone();
        self.exploration = None;
        self.iteration += 1;
        self.in_round += 1;
        let better = self.descend_from(&found, workspace);
        if better || self.in_round == self.trials.len() {
            self.end_round(workspace);
        }
        let factor = if better { EXPLORATION_PAID } else { EXPLORATION_IN_VAIN };
        self.exploration_rate = (factor * self.exploration_rate).clamp(EXPLORATION_BOUNDS.0, EXPLORATION_BOUNDS.1);
        Step { iterations: 1, finished: false }
    }

    /// Computes the next `count` iterations from the best support, each into a trial of its own.
    fn compute(&mut self, search: &Search, workspace: &mut Workspace<'_, T>, count: usize) {
        let (best, seen) = (&self.best, &self.seen);
        let size = best.size();
        let most = ((search.largest * size as f64).round() as usize).clamp(1, size.max(1));
        let scales = most.ilog2() as usize + 1;
        if self.credits.resize(scales, search.perturbations.len()) {
            self.known.0.clone_from(&self.credits);
        }
        let known = Knowledge { ways: &search.perturbations, most, credits: &self.known.0, elites: &self.known.1 };
        let first = self.iteration;
        let floor = smallest_change(workspace);
        let neighbourhood = &workspace.neighbourhood();
        let one = |at: usize, trial: &mut Trial<T>| {
            let number = first + at as u64;
            trial.begin_from(best);
            if size > 0 {
                trial.perturb(&mut stream(search.seed, 1, number), &known, neighbourhood);
            }
            trial.descend(seen, floor, neighbourhood);
        };
        if count == 1 {
            one(0, &mut self.trials[0]);
            return;
        }
        let trials = &mut self.trials[..count];
        // Once one has clearly found a better support, those after it will not be needed.
        let square = self.residual_norm * self.residual_norm * (1.0 - SMALLEST_GAIN);
        let found: Vec<AtomicBool> = (0..count).map(|_| AtomicBool::new(false)).collect();
        trials.par_iter_mut().enumerate().for_each(|(at, trial)| {
            if found[..at].iter().any(|earlier| earlier.load(Ordering::Relaxed)) {
                return;
            }
            one(at, trial);
            found[at].store(trial.tableau.square() < square, Ordering::Relaxed);
        });
    }

    /// Keeps the outcome of a trial if an exact fit confirms that it is better.
    fn judge(&mut self, at: usize, workspace: &mut Workspace<'_, T>) -> Verdict {
        let trial = &mut self.trials[at];
        self.fresh.append(&mut trial.passed);
        for j in trial.joined.drain(..) {
            if !std::mem::replace(&mut self.counted[j], true) {
                workspace.quadratic().count_gram_column();
            }
        }
        self.credits.spend(trial.kind, trial.moves);
        let exchange = 4 * workspace.ncols().saturating_mul(workspace.sparsity());
        self.work = self.work.saturating_add(exchange.saturating_mul(trial.moves));
        if self.work > WORK {
            workspace.settle();
        }
        let (found, known) = (trial.tableau.square(), self.residual_norm * self.residual_norm);
        let support = trial.support();
        if workspace.is_watched() {
            let mut residual_norm = found.max(0.0).sqrt();
            if residual_norm <= TABLEAU_BLIND * workspace.data_norm() {
                workspace.fit(&support);
                residual_norm = workspace.formed_residual_norm();
                workspace.fit(&self.support);
            }
            workspace.explored(&support, residual_norm);
        }
        if found >= known * (1.0 - SMALLEST_GAIN) {
            if support != self.support {
                self.elites.add(found, &support);
            }
            return Verdict::Worse;
        }
        workspace.fit(&support);
        if !workspace.lowers(self.residual_norm) {
            workspace.fit(&self.support);
            return Verdict::Refused;
        }
        let residual_norm = workspace.residual_norm();
        self.credits.reward(trial.kind);
        self.elites.remove(&support);
        if self.iteration > 1 {
            self.elites.add(known, &self.support);
        }
        std::mem::swap(&mut self.best, &mut self.trials[at].tableau);
        (self.support, self.residual_norm) = (support, residual_norm);
        let scale = workspace.data_norm_or_one();
        let drift = self.best.correct(workspace.correlate(), scale);
        self.best.set_square(residual_norm * residual_norm);
        if drift.is_nan() || drift > DRIFT {
            self.build_best(workspace);
        }
        Verdict::Better
    }

    /// Lets the next round know what this one has found. Search has settled once several rounds came to no support that was not known.
    fn end_round(&mut self, workspace: &mut Workspace<'_, T>) {
        self.in_round = 0;
        self.known.0.clone_from(&self.credits);
        self.known.1.clone_from(&self.elites);
        let new = self.fresh.drain(..).filter(|support| self.seen.insert(support)).count();
        self.stale = if new == 0 { self.stale + 1 } else { 0 };
        if self.stale >= STALE {
            workspace.settle();
        }
    }
}

/// Changes of ‖r‖² below this are rounding.
fn smallest_change<T: Scalar>(workspace: &Workspace<'_, T>) -> f64 {
    (TABLEAU_ROUNDING * workspace.data_norm_or_one()).powi(2)
}
