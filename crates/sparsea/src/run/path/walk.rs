//! All k together: one tableau that moves from support to support by exchanges.

use std::time::Duration;

use rand::RngExt;

use super::{NAME, SparsityPath};
use crate::clock::Instant;
use crate::error::Error;
use crate::fit::least_squares::Tableau;
use crate::operator::Agreement;
use crate::random::stream;
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::tolerance::{DRIFT, EXACT, SMALLEST_GAIN, TABLEAU_ROUNDING};
use crate::workspace::{Hint, Memory, Threads, Workspace};

/// What was found for one k.
#[derive(Debug, Clone)]
pub(crate) struct Level<T> {
    pub(crate) support: Support,
    /// x_S in the scale of unit columns.
    pub(crate) values: Vec<T>,
    pub(crate) residual_norm: f64,
    /// Columns that joined or were exchanged on the way.
    pub(super) moves: u64,
    /// Supports through which descents came.
    pub(super) supports: usize,
    /// Whether time was up before the neighbours agreed.
    pub(super) is_cut: bool,
}

/// Moves of one descent, per column of the support, before it is given up: far more than any takes.
const MOVES_PER_MEMBER: usize = 100;
/// Perturbations of each support, at most.
const ROUNDS: u64 = 100;
/// Of perturbations.
const SEED: u64 = 0;
/// A support that differs in no more than this share of its columns is reached by exchanges; otherwise the tableau is built again.
const NEAR: usize = 4;
/// Moves after which a tableau is compared with an exact fit.
const UNCHECKED: usize = 16;

/// Bytes of the three tableaux of a walk to K.
pub(super) fn state_bytes<T: Scalar>(path: &SparsityPath<'_, '_, T>, largest: usize) -> usize {
    let columns = path.problem.operator().ncols();
    columns.saturating_add(largest).saturating_mul(largest).saturating_mul(3 * size_of::<T>())
}

/// The point for each k = 1 … K.
pub(super) fn find<'a, T: Scalar>(
    path: &SparsityPath<'_, 'a, T>,
    largest: usize,
    begin: Instant,
) -> Result<(Vec<Level<T>>, Workspace<'a, T>), Error> {
    let bytes = state_bytes(path, largest);
    if bytes > path.memory.state {
        return Err(Error::StateMemory { algorithm: NAME, bytes, limit: path.memory.state });
    }
    // Fits are not recalled: the path remembers the best of each size itself.
    let mut workspace = Workspace::new(path.problem, Memory { fits: 0, ..path.memory })?;
    let agreement = path.problem.operator().agreement();
    workspace.set_threads(if agreement.is_some() { Threads::One } else { path.threads });
    workspace.watch(path.interrupt.clone());
    let (norms, correlation) = workspace.quadratic().norms_and_correlation();
    let blank = || Tableau::new(norms, correlation, largest);
    let (mut tableau, mut spare, greedy) = (blank(), blank(), blank());
    let square = workspace.data_norm() * workspace.data_norm();
    tableau.set_square(square);
    spare.set_square(square);
    let limit = path.relative_residual.unwrap_or(0.0).max(EXACT);
    let mut walk = Walk {
        enough: limit * workspace.data_norm(),
        floor: (TABLEAU_ROUNDING * workspace.data_norm_or_one()).powi(2),
        workspace,
        tableau,
        spare,
        levels: Vec::with_capacity(largest),
        seen: vec![SupportSet::default(); largest],
        begin,
        time: path.time,
        agreement: agreement.cloned(),
        share: 0,
        moves: 0,
        counted: 0,
        from_above: vec![],
        from_below: vec![],
        weights: vec![],
    };
    walk.forward(greedy, largest);
    walk.share = largest;
    walk.begin_all();
    walk.agree();
    walk.perturb(path.extra_work);
    walk.workspace.check_products()?;
    if let Some(reason) = walk.workspace.given_up() {
        return Err(Error::Stopped { reason });
    }
    let Walk { mut levels, workspace, seen, .. } = walk;
    let zero = Level {
        support: Support::new(),
        values: vec![],
        residual_norm: workspace.data_norm(),
        moves: 0,
        supports: 0,
        is_cut: false,
    };
    levels.iter_mut().zip(&seen).for_each(|(level, seen)| level.supports = seen.len());
    let last = levels.last().cloned().unwrap_or(zero);
    levels.resize(largest, last);
    Ok((levels, workspace))
}

/// A path being found.
struct Walk<'a, T: Scalar> {
    workspace: Workspace<'a, T>,
    /// The tableau that moves along the path.
    tableau: Tableau<T>,
    /// Another, where two starts for one k differ.
    spare: Tableau<T>,
    /// The best point found for each k so far, that for k at place k − 1.
    levels: Vec<Level<T>>,
    /// For each k the supports through which descents have come: from there the way is known.
    seen: Vec<SupportSet>,
    begin: Instant,
    /// For each k.
    time: Option<Duration>,
    /// How processes agree on whether it is over.
    agreement: Option<Agreement>,
    /// How often that time may have passed: k while the first points are found, then K.
    share: usize,
    /// ‖r‖ that is small enough.
    enough: f64,
    /// Gains of ‖r‖² that are rounding.
    floor: f64,
    /// Moves since a point was last kept.
    moves: u64,
    /// Moves in all.
    counted: usize,
    /// By k, whether it is to begin again from S_{k+1}, and from S_{k−1}; the places at the ends are not used.
    from_above: Vec<bool>,
    from_below: Vec<bool>,
    /// Of columns, while a support is filled again.
    weights: Vec<f64>,
}

impl<T: Scalar> Walk<'_, T> {
    /// The first points, from the smallest k on. `greedy` is the tableau of forward selection.
    fn forward(&mut self, mut greedy: Tableau<T>, largest: usize) {
        for k in 1..=largest {
            self.share = k;
            let before = self.levels.last().map_or(f64::INFINITY, |level| level.residual_norm);
            if before <= EXACT * self.workspace.data_norm() {
                return;
            }
            // Whether forward selection and the path were at the same support.
            let together = same(self.tableau.members(), greedy.members());
            let grown = self.grow(&mut greedy, k);
            if grown {
                self.offer(&mut greedy, k);
            }
            if !together {
                let mut tableau = std::mem::replace(&mut self.tableau, empty());
                if self.grow(&mut tableau, k) {
                    self.descend(&mut tableau, k);
                }
                self.tableau = tableau;
            }
            if grown {
                let mut spare = std::mem::replace(&mut self.spare, empty());
                spare.copy_from(&greedy);
                self.descend(&mut spare, k);
                self.spare = spare;
            }
            if self.workspace.stop() {
                return;
            }
            if self.levels.len() < k || self.levels[k - 1].residual_norm >= before {
                // What is left is rounding.
                self.levels.truncate(k - 1);
                return;
            }
            if self.is_at(&self.spare, k) {
                std::mem::swap(&mut self.tableau, &mut self.spare);
            }
            self.move_to(k);
        }
    }

    /// Lets each k begin from S_{k+1}.
    fn begin_all(&mut self) {
        self.from_above = vec![true; self.levels.len() + 2];
        self.from_below = vec![false; self.levels.len() + 2];
    }

    /// Lets each k begin again from a neighbour that has improved, until none does.
    fn agree(&mut self) {
        let count = self.levels.len();
        while count > 1 && !self.workspace.stop() {
            let mut begun = false;
            let (down, up) = ((1..count).rev().map(|k| (k, true)), (2..=count).map(|k| (k, false)));
            for (k, above) in down.chain(up) {
                let due = if above { &mut self.from_above } else { &mut self.from_below };
                if !std::mem::take(&mut due[k]) {
                    continue;
                }
                begun = true;
                if self.is_late() {
                    self.levels.iter_mut().for_each(|level| level.is_cut = true);
                    return;
                }
                if self.begin_from_neighbour(k, above) {
                    self.note_better(k);
                }
            }
            if !begun {
                return;
            }
        }
    }

    /// The neighbours of k are to begin again.
    fn note_better(&mut self, k: usize) {
        self.from_above[k - 1] = true;
        self.from_below[k + 1] = true;
    }

    /// Begins from perturbed supports, round after round, until so much work is done.
    fn perturb(&mut self, most: usize) {
        let count = self.levels.len();
        let mut work = 0usize;
        for round in 0..ROUNDS {
            for k in 2..=count {
                if work >= most || self.workspace.stop() || self.is_late() {
                    self.agree();
                    return;
                }
                let before = self.counted;
                if self.begin_from_perturbed(k, round) {
                    self.note_better(k);
                }
                let exchange = 4 * self.workspace.ncols().saturating_mul(k);
                work = work.saturating_add(exchange.saturating_mul(self.counted - before));
            }
            self.agree();
        }
    }

    /// Drops some columns of S_k, at random or those most like one of them, and adds as many by gains times random weights.
    fn begin_from_perturbed(&mut self, k: usize, round: u64) -> bool {
        let size = self.levels[k - 1].support.len();
        if self.levels[k - 1].residual_norm <= self.enough || size < 2 {
            return false;
        }
        self.move_to(k);
        let mut rng = stream(SEED, k as u64, round);
        let mut order = self.levels[k - 1].support.to_vec();
        let scale = rng.random_range(1..=size.ilog2());
        let dropped = rng.random_range(1usize << scale..2 << scale).min(size);
        if round.is_multiple_of(2) {
            let centre = order[rng.random_range(0..size)];
            let gram = self.workspace.quadratic().gram_column(centre);
            order.sort_by(|&a, &b| gram[b].rank().total_cmp(&gram[a].rank()).then(a.cmp(&b)));
        } else {
            for at in 0..dropped {
                let with = rng.random_range(at..size);
                order.swap(at, with);
            }
        }
        self.weights.clear();
        self.weights.extend((0..self.workspace.ncols()).map(|_| rng.random_range(0.5..=1.0)));
        let mut tableau = std::mem::replace(&mut self.tableau, empty());
        self.moves = 0;
        for &leaving in &order[..dropped] {
            if let Some(position) = tableau.members().iter().position(|&j| j == leaving) {
                tableau.leave(position);
            }
        }
        while tableau.members().len() < k && !self.workspace.stop() {
            let Some(entering) = tableau.best_weighted_addition(&self.weights) else { break };
            self.count_move();
            tableau.join(entering, self.workspace.quadratic().gram_column(entering));
        }
        let better = self.descend(&mut tableau, k);
        self.tableau = tableau;
        better
    }

    /// Begins from S_{k+1} without the column that costs least, or from S_{k−1} with the column that gains most; true if that found
    /// a better support.
    fn begin_from_neighbour(&mut self, k: usize, above: bool) -> bool {
        if self.levels[k - 1].residual_norm <= self.enough {
            return false;
        }
        self.move_to(if above { k + 1 } else { k - 1 });
        let mut tableau = std::mem::replace(&mut self.tableau, empty());
        self.moves = 0;
        let mut ready = !self.workspace.stop();
        if ready && above {
            while tableau.members().len() > k {
                tableau.leave(cheapest(&tableau));
                self.count_move();
            }
        } else if ready {
            ready = self.grow(&mut tableau, k);
        }
        let better = ready && self.descend(&mut tableau, k);
        self.tableau = tableau;
        better
    }

    /// Adds the column that lowers ‖r‖ most until there are k; false if none lowers it.
    fn grow(&mut self, tableau: &mut Tableau<T>, k: usize) -> bool {
        while tableau.members().len() < k {
            if self.workspace.stop() {
                return false;
            }
            let Some((entering, _)) = tableau.best_addition() else { return false };
            self.anticipate(tableau, entering);
            // One that turns out to depend on the others is not proposed again.
            if tableau.join(entering, self.workspace.quadratic().gram_column(entering)) {
                self.count_move();
            }
        }
        true
    }

    /// Gram columns of those that are likely to follow are computed in the same pass over A.
    fn anticipate(&mut self, tableau: &Tableau<T>, column: usize) {
        let remaining = self.workspace.sparsity();
        self.workspace.hint(Hint::Next { column, correlation: Some(tableau.correlation()), remaining });
    }

    /// Makes the best exchange until none helps, or a support comes from which the way is known; true if a better support for k was
    /// found.
    fn descend(&mut self, tableau: &mut Tableau<T>, k: usize) -> bool {
        for _ in 0..MOVES_PER_MEMBER * k {
            // A column that turned out to depend on the others has left its place to one that does not.
            self.grow(tableau, k);
            if self.workspace.stop() || !self.seen[k - 1].insert(tableau.members()) {
                return false;
            }
            if self.is_late() {
                break;
            }
            let least = (SMALLEST_GAIN * tableau.square()).max(self.floor);
            match tableau.best_exchange() {
                Some(exchange) if exchange.gain > least && tableau.square() > self.enough * self.enough => {
                    self.anticipate(tableau, exchange.entering);
                    let gram = self.workspace.quadratic().gram_column(exchange.entering);
                    tableau.exchange(exchange.position, exchange.entering, gram);
                    self.count_move();
                }
                _ => break,
            }
        }
        self.offer(tableau, k)
    }

    fn count_move(&mut self) {
        self.moves += 1;
        self.counted += 1;
    }

    /// Keeps the support of a tableau if an exact fit confirms that it is better than what is known for k.
    fn offer(&mut self, tableau: &mut Tableau<T>, k: usize) -> bool {
        let known = self.levels.get(k - 1).map(|level| level.residual_norm);
        if known.is_some_and(|known| tableau.square() >= known * known * (1.0 - SMALLEST_GAIN)) {
            return false;
        }
        let Some(residual_norm) = self.settle(tableau) else { return false };
        if known.is_some_and(|known| !self.workspace.lowers(known)) {
            return false;
        }
        let level = Level {
            support: self.workspace.support().clone(),
            values: self.workspace.values().to_vec(),
            residual_norm,
            moves: std::mem::take(&mut self.moves),
            supports: 0,
            is_cut: self.is_late(),
        };
        match self.levels.get_mut(k - 1) {
            Some(place) => *place = level,
            None => self.levels.push(level),
        }
        true
    }

    /// Fits on the support of a tableau, and builds the tableau again if it has drifted from that; ‖r‖, unless it is to stop.
    fn settle(&mut self, tableau: &mut Tableau<T>) -> Option<f64> {
        let workspace = &mut self.workspace;
        let scale = workspace.data_norm_or_one();
        workspace.fit(&tableau.members().iter().copied().collect());
        let drift = tableau.correct(workspace.correlate(), scale);
        if tableau.moves() > 0 && (drift.is_nan() || drift > DRIFT) {
            let support = workspace.support().clone();
            workspace.build(tableau, &support);
        }
        let residual_norm = workspace.residual_norm();
        tableau.set_square(residual_norm * residual_norm);
        tableau.built();
        workspace.given_up().is_none().then_some(residual_norm)
    }

    /// Moves the tableau of the path to the best support known for k.
    fn move_to(&mut self, k: usize) {
        let level = &self.levels[k - 1];
        let (support, residual_norm) = (level.support.clone(), level.residual_norm);
        let mut tableau = std::mem::replace(&mut self.tableau, empty());
        let entering: Vec<usize> = support.iter().copied().filter(|j| !tableau.members().contains(j)).collect();
        let moved = !entering.is_empty() || tableau.members().len() != support.len();
        if tableau.members().len() == support.len() && entering.len() * NEAR <= support.len() {
            for &j in &entering {
                let Some(position) = tableau.members().iter().position(|&member| !support.contains(member)) else {
                    break;
                };
                if self.workspace.stop() {
                    break;
                }
                tableau.exchange(position, j, self.workspace.quadratic().gram_column(j));
            }
        } else if moved {
            self.workspace.build(&mut tableau, &support);
        }
        if !same(tableau.members(), &support) && !self.workspace.stop() {
            // An exchange went through a support that is nearly dependent.
            self.workspace.build(&mut tableau, &support);
        }
        if moved || tableau.moves() > UNCHECKED {
            self.settle(&mut tableau);
        } else {
            tableau.set_square(residual_norm * residual_norm);
        }
        self.tableau = tableau;
    }

    /// Whether a tableau is at the best support known for k.
    fn is_at(&self, tableau: &Tableau<T>, k: usize) -> bool {
        same(tableau.members(), &self.levels[k - 1].support)
    }

    /// Whether the time for the k that have begun is over.
    fn is_late(&self) -> bool {
        let most = self.time.map(|each| each.saturating_mul(u32::try_from(self.share).unwrap_or(u32::MAX)));
        let Some(most) = most else { return false };
        let late = self.begin.elapsed() >= most;
        self.agreement.as_ref().map_or(late, |agreement| agreement.on(late))
    }
}

/// The position of the member whose leaving raises ‖r‖ least; of several, that with the lowest index.
fn cheapest<T: Scalar>(tableau: &Tableau<T>) -> usize {
    let members = tableau.members();
    let order = |&a: &usize, &b: &usize| tableau.loss(a).total_cmp(&tableau.loss(b)).then(members[a].cmp(&members[b]));
    (0..members.len()).min_by(order).unwrap_or(0)
}

/// Stands in for a tableau that is being moved.
fn empty<T: Scalar>() -> Tableau<T> {
    Tableau::new(&[], &[], 0)
}

/// Whether two sets of columns are the same, in whatever order.
fn same(one: &[usize], other: &[usize]) -> bool {
    one.len() == other.len() && one.iter().all(|j| other.contains(j))
}
