//! One iteration: a tableau is perturbed, and then descends by exchanges.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::elites::Elites;
use super::perturbation::{Credits, Perturbation};
use crate::fit::least_squares::{Neighbours, OfGroups};
use crate::scalar::Scalar;
use crate::support::{Support, SupportSet};
use crate::tolerance::SMALLEST_GAIN;
use crate::workspace::{Neighbourhood, Workspace};

/// One iteration at work, and what it found.
#[derive(Debug)]
pub(super) struct Trial<T> {
    pub(super) tableau: Neighbours<T>,
    /// The kind of its perturbation, if it began with one.
    pub(super) kind: Option<usize>,
    /// Supports through which it came.
    pub(super) passed: Vec<Vec<usize>>,
    /// Columns that joined.
    pub(super) joined: Vec<usize>,
    pub(super) moves: usize,
    weights: Vec<f64>,
    order: Vec<usize>,
    exploration: Vec<T>,
}

/// What a perturbation needs to know.
pub(super) struct Knowledge<'k> {
    /// The ways to choose from.
    pub(super) ways: &'k [Perturbation],
    /// The most columns to drop.
    pub(super) most: usize,
    pub(super) credits: &'k Credits,
    pub(super) elites: &'k Elites,
}

/// Moves of one descent, per column of the support, before it is given up: far more than any takes.
const MOVES_PER_MEMBER: usize = 100;
/// How much columns of another good support are favoured when one is relinked to it.
const FAVOUR: f64 = 4.0;
/// One perturbation in so many weights gains in [0, 1] instead of [½, 1]: a column whose gain is less than half of
/// another's would never be chosen before it otherwise, and some supports never be reached.
const FREE: u32 = 8;

impl<T: Scalar> Trial<T> {
    pub(super) fn new(workspace: &mut Workspace<'_, T>) -> Self {
        let n = workspace.ncols();
        Self {
            tableau: workspace.neighbours(),
            kind: None,
            passed: vec![],
            joined: vec![],
            moves: 0,
            weights: vec![1.0; n],
            order: vec![],
            exploration: vec![],
        }
    }

    /// Begins from a copy of `tableau`.
    pub(super) fn begin_from(&mut self, tableau: &Neighbours<T>) {
        self.begin();
        self.tableau.copy_from(tableau);
    }

    /// Begins from a support, at which the workspace stands.
    pub(super) fn begin_at(&mut self, support: &Support, workspace: &mut Workspace<'_, T>) {
        self.begin();
        workspace.build_neighbours(&mut self.tableau, support);
    }

    fn begin(&mut self) {
        self.kind = None;
        self.passed.clear();
        self.joined.clear();
        self.moves = 0;
    }

    /// S.
    pub(super) fn support(&self) -> Support {
        self.tableau.support()
    }

    fn join(&mut self, j: usize, neighbourhood: &Neighbourhood<'_, '_, T>) {
        self.moves += 1;
        self.tableau.note(j, &mut self.joined);
        self.tableau.join(j, &|j, with| neighbourhood.gram_column(j, with));
    }

    fn exchange(&mut self, position: usize, entering: usize, neighbourhood: &Neighbourhood<'_, '_, T>) {
        self.moves += 2;
        self.joined.push(entering);
        if let Neighbours::Columns(tableau) = &mut self.tableau {
            neighbourhood.gram_column(entering, |gram| tableau.exchange(position, entering, gram));
        }
    }

    /// Changes the support in a way drawn by credit.
    pub(super) fn perturb(
        &mut self,
        rng: &mut ChaCha8Rng,
        known: &Knowledge<'_>,
        neighbourhood: &Neighbourhood<'_, '_, T>,
    ) {
        use Perturbation as By;
        let size = self.tableau.size();
        let (kind, scale, way) = known.credits.choose(rng);
        self.kind = Some(kind);
        let way = known.ways[way];
        let count = rng.random_range(1usize << scale..2 << scale).min(known.most);
        let walks = !matches!(self.tableau, Neighbours::BoundedBlocks(_));
        if walks && matches!(way, By::Walk | By::NormalizedWalk) {
            self.walk(rng, count, way == By::NormalizedWalk, neighbourhood);
            self.confine(neighbourhood);
            return;
        }
        self.tableau.list(&mut self.order);
        let mut other: &[usize] = &[];
        let mut dropped = count;
        match way {
            By::Neighbours | By::Pair => {
                // One and its neighbours: those that could stand for each other.
                let centre = self.order[rng.random_range(0..size)];
                let order = &mut self.order;
                match self.tableau.closeness(centre, &|j, with| neighbourhood.gram_column(j, with)) {
                    None => neighbourhood.gram_column(centre, |gram| {
                        order.sort_by(|&a, &b| gram[b].rank().total_cmp(&gram[a].rank()).then(a.cmp(&b)));
                    }),
                    Some(mut close) => {
                        close.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                        order.clear();
                        order.extend(close.into_iter().map(|(atom, _)| atom));
                    }
                }
                if way == By::Pair {
                    dropped = size.min(2);
                }
            }
            By::Disputed | By::Relink if !known.elites.supports().is_empty() => {
                let supports = known.elites.supports();
                other = &supports[rng.random_range(0..supports.len())].1;
                self.shuffle(rng, size);
                let shared = |j: &usize| other.binary_search(j).is_ok();
                self.order.sort_by_key(shared);
                if way == By::Relink {
                    dropped = dropped.min(self.order.partition_point(|j| !shared(j)));
                } else {
                    other = &[];
                }
            }
            _ => self.shuffle(rng, dropped),
        }
        self.leave(dropped, neighbourhood);
        let least = if rng.random_ratio(1, FREE) { 0.0 } else { 0.5 };
        for weight in &mut self.weights {
            *weight = match way {
                By::Pair => 1.0,
                _ => rng.random_range(least..=1.0),
            };
        }
        for &j in other {
            self.weights[j] *= FAVOUR;
        }
        while self.tableau.size() < size && !neighbourhood.stop() {
            let Some(entering) = self.tableau.best_weighted_addition(&self.weights) else { break };
            // One that turns out to depend on the others is not proposed again.
            self.join(entering, neighbourhood);
        }
        self.confine(neighbourhood);
    }

    /// Lets coefficients beyond their bounds come to rest there.
    fn confine(&mut self, neighbourhood: &Neighbourhood<'_, '_, T>) {
        self.tableau.confine(&|j, with| neighbourhood.gram_column(j, with));
    }

    /// Brings a random choice of `count` to the front of the order.
    fn shuffle(&mut self, rng: &mut ChaCha8Rng, count: usize) {
        let size = self.order.len();
        for at in 0..count {
            let with = rng.random_range(at..size);
            self.order.swap(at, with);
        }
    }

    /// The first `count` of the order leave.
    fn leave(&mut self, count: usize, neighbourhood: &Neighbourhood<'_, '_, T>) {
        for &leaving in &self.order[..count] {
            self.tableau.leave(leaving, &|j, with| neighbourhood.gram_column(j, with));
            self.moves += 1;
        }
    }

    /// Follows SEA in continuous time, in which one column at a time is overtaken by another.
    fn walk(
        &mut self,
        rng: &mut ChaCha8Rng,
        changes: usize,
        normalized: bool,
        neighbourhood: &Neighbourhood<'_, '_, T>,
    ) {
        let n = self.weights.len();
        if let Neighbours::Blocks(tableau) = &mut self.tableau {
            tableau.write(&mut self.exploration, || rng.random());
            for _ in 0..changes {
                let gram = |j: usize, with: &mut dyn FnMut(&[T])| neighbourhood.gram_column(j, with);
                let Some(entering) = tableau.overtake(&mut self.exploration, normalized, &gram) else { return };
                self.moves += 2;
                self.joined.extend_from_slice(tableau.columns_with(entering));
            }
            return;
        }
        self.exploration.clear();
        self.exploration.resize(n, T::ZERO);
        if let Neighbours::Columns(tableau) = &self.tableau {
            for (&j, &x) in tableau.members().iter().zip(tableau.values()) {
                self.exploration[j] = x.scale(rng.random());
            }
        }
        for _ in 0..changes {
            let Neighbours::Columns(tableau) = &self.tableau else { return };
            let ranks = tableau.members().iter().map(|&j| self.exploration[j].rank()).enumerate();
            let Some((position, weakest)) = ranks.min_by(|a, b| a.1.total_cmp(&b.1)) else { return };
            let (mut entering, mut soonest) = (n, f64::INFINITY);
            for i in 0..n {
                let when = self.exploration[i].reach(tableau.direction(i, normalized), weakest);
                if when < soonest {
                    (entering, soonest) = (i, when);
                }
            }
            if entering == n {
                return;
            }
            for i in 0..n {
                self.exploration[i] += tableau.direction(i, normalized).scale(soonest.max(0.0));
            }
            self.exchange(position, entering, neighbourhood);
        }
    }

    /// Exchanges until none helps, or a support comes from which the way is known.
    pub(super) fn descend(&mut self, seen: &SupportSet, floor: f64, neighbourhood: &Neighbourhood<'_, '_, T>) {
        self.descend_for(usize::MAX, seen, floor, neighbourhood);
    }

    /// The same, paused after `moves` moves, to go on later: then false.
    pub(super) fn descend_for(
        &mut self,
        moves: usize,
        seen: &SupportSet,
        floor: f64,
        neighbourhood: &Neighbourhood<'_, '_, T>,
    ) -> bool {
        let most = self.moves + MOVES_PER_MEMBER * neighbourhood.sparsity();
        let pause = self.moves.saturating_add(moves);
        while self.moves <= most && !neighbourhood.stop() {
            if self.moves >= pause {
                return false;
            }
            let least = (SMALLEST_GAIN * self.tableau.square()).max(floor);
            if self.tableau.is_by_moves() {
                if self.tableau.size() == neighbourhood.sparsity() {
                    let support = self.tableau.support().into_vec();
                    if seen.contains(&support) {
                        return true;
                    }
                    self.passed.push(support);
                }
                let made = neighbourhood.move_best(&mut self.tableau, least);
                let Some((entering, moves)) = made else { return true };
                self.moves += moves;
                self.tableau.note(entering, &mut self.joined);
                continue;
            }
            let Neighbours::Columns(tableau) = &self.tableau else { return true };
            if tableau.members().len() < neighbourhood.sparsity() {
                if let Some((entering, gain)) = tableau.best_addition()
                    && gain > least
                {
                    self.join(entering, neighbourhood);
                    continue;
                }
            } else {
                let members = tableau.members();
                if seen.contains(members) {
                    return true;
                }
                self.passed.push(members.to_vec());
            }
            match tableau.best_exchange() {
                Some(exchange) if exchange.gain > least => {
                    self.exchange(exchange.position, exchange.entering, neighbourhood);
                }
                _ => return true,
            }
        }
        true
    }
}
