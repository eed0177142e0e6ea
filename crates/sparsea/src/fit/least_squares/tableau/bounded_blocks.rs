//! Supports whose atoms are groups of columns, for any number of right-hand sides, where coefficients have bounds: l ≤ x ≤ u.
//!
//! Each right-hand side has a [`Tableau`] of its own, whose members are the columns of the support that are free there. What moves promise
//! is scored with these; how much of it is left where others have to give way is found by [`Sweep`] on the columns of the support and
//! those that join, before a move is made.

use std::sync::Arc;

use super::Tableau;
use super::bounds::Gram;
use super::sweep::{Joining, Place, Sweep};
use crate::fit::least_squares::block_tableau::{Block, Groups, OfGroups};
use crate::problem::Intervals;
use crate::scalar::Scalar;
use crate::tolerance::{EXCHANGE_CANCELLATION, SMALLEST_GAIN};

/// For each group that may leave, the most promising others of which what they promise is confirmed.
const PROMISING: usize = 8;
/// Moves that are confirmed at most, after the most promising ones, before a support counts as one that none improves.
const CONFIRMED: usize = 300;
/// What a group gains is more than the sum of what its columns gain one by one by this factor, if that is to be told without looking.
const TOGETHER: f64 = 2.0;

/// A column of the support, with its column of the Gram matrix.
#[derive(Debug, Clone)]
struct Member<T> {
    column: usize,
    gram: Arc<[T]>,
}

/// One group joins, in place of another if one leaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundedMove {
    /// Place of the one that leaves.
    leaving: Option<usize>,
    /// The group that joins.
    entering: usize,
    /// What ‖R‖² falls by.
    gain: f64,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct BoundedBlocks<T> {
    groups: Arc<Groups<T>>,
    intervals: Arc<Intervals>,
    /// The groups of the support, in the order of joining.
    atoms: Vec<usize>,
    /// Their columns.
    members: Vec<Member<T>>,
    sides: Vec<Tableau<T>>,
    norms: Arc<[f64]>,
    /// ‖R‖², less what the tableaux count.
    base: f64,
    /// Groups that joined or left since the tableau was built.
    moves: usize,
}

/// Every right-hand side without one of the groups.
struct Without {
    sweeps: Vec<Sweep>,
    /// What ‖R‖² rises by.
    loss: f64,
}

/// What other groups promise then.
#[derive(Default)]
struct Promises {
    /// Aᴴ r of each right-hand side.
    pulls: Vec<Vec<f64>>,
    /// By group, what ‖R‖² falls by if it joins, no other coefficients giving way, and its columns one by one.
    gains: Vec<f64>,
}

impl<T: Scalar> OfGroups<T> for BoundedBlocks<T> {
    fn groups(&self) -> &Groups<T> {
        &self.groups
    }

    fn atoms(&self) -> &[usize] {
        &self.atoms
    }
}

impl<T: Scalar> BoundedBlocks<T> {
    /// The tableau of the empty support, with room for `capacity` columns. `correlation` is Aᴴ y of each right-hand side, end to end.
    pub(crate) fn new(
        groups: Arc<Groups<T>>,
        intervals: Arc<Intervals>,
        norms: &[f64],
        correlation: &[T],
        capacity: usize,
    ) -> Self {
        let side = |correlation| Tableau::new(norms, correlation, capacity).within(Some(&intervals));
        let sides = correlation.chunks(norms.len()).map(side).collect();
        let norms = norms.into();
        Self { groups, intervals, atoms: vec![], members: vec![], sides, norms, base: 0.0, moves: 0 }
    }

    /// Becomes that of the groups of a support, in whose fit the coefficients are `values`.
    pub(crate) fn build(&mut self, correlation: &[T], support: &[usize], values: &[T], gram: Gram<'_, T>) {
        let n = self.norms.len();
        for (side, correlation) in self.sides.iter_mut().zip(correlation.chunks(n)) {
            side.clear(&self.norms, correlation);
            side.set_square(0.0);
        }
        let columns = &support[..support.partition_point(|&j| j < n)];
        self.atoms = self.groups.partition().touched(columns).into_vec();
        self.members = columns.iter().map(|&j| member(j, gram)).collect();
        for (b, side) in self.sides.iter_mut().enumerate() {
            let of_side = support.iter().zip(values).filter(|&(&j, _)| j / n == b);
            for (j, value) in of_side.map(|(&j, x)| (j % n, x.real())) {
                let (lower, upper) = self.intervals.of(j);
                if value == 0.0 {
                    continue;
                }
                if value > lower && value < upper {
                    gram(j, &mut |gram| {
                        side.join(j, gram);
                    });
                } else {
                    side.hold(j, value, gram);
                }
            }
            side.built();
        }
        self.moves = 0;
    }

    /// ‖R‖² relative to what was [set](Self::set_square), by the gains and losses since.
    pub(crate) fn square(&self) -> f64 {
        self.base + self.sides.iter().map(Tableau::square).sum::<f64>()
    }

    /// Sets ‖R‖² from an exact fit.
    pub(crate) fn set_square(&mut self, square: f64) {
        self.sides.iter_mut().for_each(|side| side.set_square(0.0));
        self.base = square;
    }

    /// Groups that joined or left since the tableau was built.
    pub(crate) fn moves(&self) -> usize {
        self.moves
    }

    /// Takes exact correlations in place of the updated ones and returns how far those were off, relative to `scale`.
    pub(crate) fn correct(&mut self, correlation: &[T], scale: f64) -> f64 {
        let sides = self.sides.iter_mut().zip(correlation.chunks(self.norms.len()));
        // Written so that NaN counts as far off.
        sides
            .map(|(side, exact)| side.correct(exact, scale))
            .fold(0.0, |most, off| if off <= most { most } else { off })
    }

    /// Becomes equal to `other`, of the same problem.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.atoms.clone_from(&other.atoms);
        self.members.clone_from(&other.members);
        self.sides.iter_mut().zip(&other.sides).for_each(|(side, other)| side.copy_from(other));
        self.base = other.base;
        self.moves = other.moves;
    }

    /// A column beside those of a sweep, at 0.
    fn at_zero(&self, column: usize, pull: f64) -> Joining {
        let floor = self.groups.floor(column);
        Joining { value: 0.0, pull, bounds: self.intervals.of(column), floor }
    }

    /// The support as one right-hand side has it, with room for `more` columns.
    fn sweep(&self, side: &Tableau<T>, more: usize) -> Sweep {
        let mut sweep = Sweep::with_capacity(self.members.len() + more);
        let mut entries = vec![];
        for (at, member) in self.members.iter().enumerate() {
            let j = member.column;
            entries.clear();
            entries.extend(self.members[..=at].iter().map(|other| member.gram[other.column].real()));
            let held = side.held().iter().find(|&&(held, _)| held == j);
            let free = side.members().iter().position(|&free| free == j);
            let value = free.map_or_else(|| held.map_or(0.0, |&(_, value)| value), |at| side.values()[at].real());
            sweep.push(&entries, Joining { value, ..self.at_zero(j, side.correlation()[j].real()) });
            if free.is_some() {
                sweep.set_free(at);
            }
        }
        sweep
    }

    /// The least that a move has to gain to be one.
    fn least(&self) -> f64 {
        SMALLEST_GAIN * self.square().abs()
    }

    /// Every right-hand side without the group at a place of the support, with room for `more` columns; with all of them, if none leaves.
    fn without(&self, leaving: Option<usize>, more: usize) -> Without {
        let gone = leaving.map_or(&[][..], |place| self.groups.columns(self.atoms[place]));
        let least = self.least();
        let of_side = |side: &Tableau<T>| {
            let mut sweep = self.sweep(side, more);
            if leaving.is_some() {
                let places = self.members.iter().enumerate().filter(|(_, member)| gone.contains(&member.column));
                places.for_each(|(at, _)| sweep.remove(at));
                sweep.settle(least);
            }
            sweep
        };
        let sweeps: Vec<Sweep> = self.sides.iter().map(of_side).collect();
        let loss = -sweeps.iter().map(Sweep::gain).sum::<f64>();
        Without { sweeps, loss }
    }

    /// What groups promise after another has gone.
    fn promise(&self, without: &Without, promises: &mut Promises) {
        let n = self.norms.len();
        promises.pulls.resize(self.sides.len(), vec![]);
        promises.gains.clear();
        promises.gains.resize(self.groups.partition().len() + 1, 0.0);
        let (mut block, mut departing) = (Block::default(), vec![]);
        for ((side, sweep), pulls) in self.sides.iter().zip(&without.sweeps).zip(&mut promises.pulls) {
            pulls.clear();
            pulls.extend(side.correlation().iter().map(|c| c.real()));
            let mut distances = side.squares.clone();
            for (at, member) in self.members.iter().enumerate() {
                let free = side.members().iter().position(|&free| free == member.column);
                let before = free.map_or_else(
                    || side.held().iter().find(|&&(j, _)| j == member.column).map_or(0.0, |&(_, value)| value),
                    |at| side.values()[at].real(),
                );
                let change = sweep.values()[at] - before;
                if change != 0.0 {
                    pulls.iter_mut().zip(&*member.gram).for_each(|(c, g)| *c -= g.real() * change);
                }
            }
            // Of those that were free, and are not.
            let is_out = |p: &usize| {
                let at = self.members.iter().position(|member| member.column == side.members()[*p]);
                at.is_some_and(|at| sweep.place(at) != Place::Free)
            };
            let positions: Vec<usize> = (0..side.members().len()).filter(is_out).collect();
            side.departing(&positions, &mut block, &mut departing);
            for weights in departing.chunks(n) {
                distances.iter_mut().zip(weights).for_each(|(d, u)| *d += u.abs2());
            }
            let open = side.open().unwrap_or_default();
            for (i, (&pull, &distance)) in pulls.iter().zip(&distances).enumerate() {
                let Some(group) = self.groups.partition().group_of(i) else { continue };
                let gain = Tableau::bounded_gain(open, i, T::from_real(pull), distance, side.floors[i]);
                promises.gains[group] += gain;
            }
        }
        self.atoms.iter().for_each(|&atom| promises.gains[atom] = 0.0);
        promises.gains.truncate(self.groups.partition().len());
    }

    /// Every right-hand side after a group has joined.
    fn with_group(&self, without: &Without, group: usize, pulls: &[Vec<f64>]) -> Vec<Sweep> {
        let least = self.least();
        let columns = self.groups.columns(group);
        let joined = |(sweep, pulls): (&Sweep, &Vec<f64>)| {
            let mut sweep = sweep.clone();
            let mut entries: Vec<f64> = vec![];
            for (a, &i) in columns.iter().enumerate() {
                entries.clear();
                entries.extend(self.members.iter().map(|member| member.gram[i].real()));
                entries.extend((0..=a).map(|b| self.groups.entry(group, a, b).real()));
                sweep.push(&entries, self.at_zero(i, pulls[i]));
            }
            sweep.settle(least);
            sweep
        };
        without.sweeps.iter().zip(pulls).map(joined).collect()
    }

    /// What ‖R‖² falls by if a group joins after another has gone.
    fn confirmed(&self, without: &Without, group: usize, pulls: &[Vec<f64>]) -> f64 {
        let gain = self.with_group(without, group, pulls).iter().map(Sweep::gain).sum::<f64>();
        // What is left of two nearly equal numbers is rounding.
        if gain > EXCHANGE_CANCELLATION * without.loss { gain } else { f64::NEG_INFINITY }
    }

    /// Room for the columns of any group.
    fn widest(&self) -> usize {
        self.groups.partition().groups().map(<[usize]>::len).max().unwrap_or(0)
    }

    /// The group off the support that promises most, by its first column, each times its weight.
    pub(crate) fn best_weighted_addition(&self, weights: &[f64]) -> Option<usize> {
        let mut promises = Promises::default();
        self.promise(&self.without(None, 0), &mut promises);
        let first = |group: usize| self.groups.columns(group).first().copied();
        let mut best: Option<(usize, f64)> = None;
        for (group, gain) in promises.gains.iter().enumerate() {
            let Some(first) = first(group) else { continue };
            let score = gain * weights[first];
            if score > best.map_or(0.0, |(_, most)| most) {
                best = Some((first, score));
            }
        }
        best.map(|(first, _)| first)
    }

    /// The addition that lowers ‖R‖² most, and by more than `least`.
    pub(crate) fn best_joining(&self, least: f64) -> Option<BoundedMove> {
        let (mut promises, mut best) = (Promises::default(), None);
        let without = self.without(None, self.widest());
        self.promise(&without, &mut promises);
        let mut rest = vec![];
        self.confirm_most(None, &without, &promises, least, &mut best, &mut rest);
        if best.is_none() {
            self.confirm_rest(rest, least, &mut best);
        }
        best
    }

    /// The move that lowers ‖R‖² most, and by more than `least`: a group joins while there are fewer than `sparsity`, or takes another's
    /// place.
    ///
    /// Cost, for each group of the support and each right-hand side: n |S| multiply-adds, and |S|² for each pivot of the few moves that
    /// are confirmed.
    pub(crate) fn best_move(&self, sparsity: usize, least: f64) -> Option<BoundedMove> {
        if self.size() < sparsity
            && let Some(addition) = self.best_joining(least)
        {
            return Some(addition);
        }
        let (mut promises, mut best, mut rest) = (Promises::default(), None, vec![]);
        let more = self.widest();
        let mut order: Vec<(f64, usize)> =
            (0..self.size()).map(|place| (self.without(Some(place), 0).loss, place)).collect();
        // Moves without those of which least is lost are likely to be the best, and spare others.
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(self.atoms[a.1].cmp(&self.atoms[b.1])));
        for (_, place) in order {
            let without = self.without(Some(place), more);
            self.promise(&without, &mut promises);
            self.confirm_most(Some(place), &without, &promises, least, &mut best, &mut rest);
        }
        if best.is_none() {
            self.confirm_rest(rest, least, &mut best);
        }
        best
    }

    /// Confirms the most promising moves by which the group at a place leaves, and notes others that may be as good as they promise.
    fn confirm_most(
        &self,
        leaving: Option<usize>,
        without: &Without,
        promises: &Promises,
        least: f64,
        best: &mut Option<BoundedMove>,
        rest: &mut Vec<BoundedMove>,
    ) {
        let gained = |gain: f64| gain - without.loss;
        let promising = |(_, gain): &(usize, &f64)| **gain > 0.0 && gained(TOGETHER * **gain) > least;
        let mut order: Vec<(usize, f64)> =
            promises.gains.iter().enumerate().filter(promising).map(|(group, &gain)| (group, gain)).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (looked_at, &(entering, promise)) in order.iter().enumerate() {
            if looked_at >= PROMISING {
                rest.push(BoundedMove { leaving, entering, gain: gained(promise) });
                continue;
            }
            let most = best.map_or(least, |best: BoundedMove| best.gain);
            if gained(TOGETHER * promise) > most {
                let gain = self.confirmed(without, entering, &promises.pulls);
                if gain > most {
                    *best = Some(BoundedMove { leaving, entering, gain });
                }
            }
        }
    }

    /// Confirms moves that have been noted, no more than [`CONFIRMED`].
    fn confirm_rest(&self, mut rest: Vec<BoundedMove>, least: f64, best: &mut Option<BoundedMove>) {
        rest.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        rest.truncate(CONFIRMED);
        // Those without the same group together.
        rest.sort_by_key(|one| one.leaving);
        let (mut promises, more) = (Promises::default(), self.widest());
        for same in rest.chunk_by(|a, b| a.leaving == b.leaving) {
            let without = self.without(same[0].leaving, more);
            self.promise(&without, &mut promises);
            for one in same {
                let gain = self.confirmed(&without, one.entering, &promises.pulls);
                if gain > best.map_or(least, |best| best.gain) {
                    *best = Some(BoundedMove { gain, ..*one });
                }
            }
        }
    }

    /// Makes a move; the first column of the group that joined.
    pub(crate) fn make(&mut self, one: BoundedMove, gram: Gram<'_, T>) -> Option<usize> {
        self.replace(one.leaving, Some(one.entering), gram);
        self.groups.columns(one.entering).first().copied()
    }

    /// The group of a column joins; false if it is in the support, or all of it depends on that.
    pub(crate) fn join(&mut self, column: usize, gram: Gram<'_, T>) -> bool {
        let Some(group) = self.groups.partition().group_of(column) else { return false };
        let independent =
            |side: &Tableau<T>| self.columns_with(column).iter().any(|&j| side.squares[j] > side.floors[j]);
        if self.atoms.contains(&group) || !self.sides.iter().any(independent) {
            return false;
        }
        self.replace(None, Some(group), gram);
        true
    }

    /// The group of a column leaves the support, if it is there.
    pub(crate) fn leave(&mut self, column: usize, gram: Gram<'_, T>) {
        let group = self.groups.partition().group_of(column);
        let place = self.atoms.iter().position(|&atom| Some(atom) == group);
        if place.is_some() {
            self.replace(place, None, gram);
        }
    }

    /// A group takes the place of another, or joins or leaves.
    fn replace(&mut self, leaving: Option<usize>, entering: Option<usize>, gram: Gram<'_, T>) {
        let mut without = self.without(leaving, self.widest());
        if let Some(group) = entering {
            let mut promises = Promises::default();
            self.promise(&without, &mut promises);
            without.sweeps = self.with_group(&without, group, &promises.pulls);
            let columns = self.groups.columns(group).to_vec();
            self.members.extend(columns.into_iter().map(|j| member(j, gram)));
            self.atoms.push(group);
            self.moves += 1;
        }
        for (side, sweep) in self.sides.iter_mut().zip(&without.sweeps) {
            settle(side, &self.members, sweep, gram);
        }
        if let Some(place) = leaving {
            let gone = self.groups.columns(self.atoms.remove(place));
            self.members.retain(|member| !gone.contains(&member.column));
            self.moves += 1;
        }
    }
}

/// A column of A, with its column of the Gram matrix.
fn member<T: Scalar>(column: usize, gram: Gram<'_, T>) -> Member<T> {
    let mut copy: Arc<[T]> = Arc::default();
    gram(column, &mut |gram| copy = gram.into());
    Member { column, gram: copy }
}

/// Columns become free in a tableau, rest or leave, as they do in a sweep on them.
fn settle<T: Scalar>(side: &mut Tableau<T>, members: &[Member<T>], sweep: &Sweep, gram: Gram<'_, T>) {
    let rests = |at: usize| sweep.place(at) != Place::Free;
    for (at, Member { column, .. }) in members.iter().enumerate() {
        let is_free = side.members().contains(column);
        let held = side.held().iter().find(|&&(j, _)| j == *column).map(|&(_, value)| value);
        if (is_free && rests(at)) || held.is_some_and(|held| !rests(at) || held != sweep.values()[at]) {
            side.leave_column(*column, gram);
        }
    }
    for (at, Member { column, gram: own }) in members.iter().enumerate() {
        let value = sweep.values()[at];
        if !rests(at) && !side.members().contains(column) {
            side.join(*column, own);
        } else if rests(at) && value != 0.0 && side.held().iter().all(|&(j, _)| j != *column) {
            side.hold(*column, value, gram);
        }
    }
}

impl<T: Scalar> Tableau<T> {
    /// `out` ← U = W_P L⁻ᴴ for some members P with H_PP = L Lᴴ, column by column: without them the squared distances are d_i + ‖U_i‖².
    fn departing(&self, positions: &[usize], block: &mut Block<T>, out: &mut Vec<T>) {
        block.factor(positions.len(), |a, b| self.h(positions[a], positions[b]));
        block.spread(positions.iter().map(|&p| self.weights_of(p)), out);
    }
}
