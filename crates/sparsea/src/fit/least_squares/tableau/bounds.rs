//! Moves among supports whose coefficients have bounds: l ≤ x ≤ u.
//!
//! Members of the tableau are free. A coefficient that leaves its interval comes to rest at the end: at 0 it leaves the support, at
//! another it is held there. What the scores promise is a bound then, as others may have to give way; moves are confirmed by
//! what is left of it on |S| × |S| numbers before they are made.

use std::sync::Arc;

use super::Tableau;
use crate::problem::Intervals;
use crate::scalar::Scalar;
use crate::support::Support;
use crate::tolerance::{EXCHANGE_CANCELLATION, SMALLEST_GAIN};

/// Calls its second argument with a column of the Gram matrix.
pub(crate) type Gram<'g, T> = &'g dyn Fn(usize, &mut dyn FnMut(&[T]));

/// Moves that are confirmed at most before a support counts as one that none improves.
const CONFIRMED: usize = 300;

/// What bounds a tableau, and where coefficients rest.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    intervals: Arc<Intervals>,
    /// By column, what a coefficient may become that is 0 now; nothing for those that are held. Not used where x ≥ 0.
    open: Vec<(f64, f64)>,
    /// Columns of the support that rest at an end other than 0, and where.
    held: Vec<(usize, f64)>,
}

/// Who makes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    Nobody,
    /// The member at a position.
    Member(usize),
    /// One that is held.
    Held(usize),
}

/// A move to a neighbouring support.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    leaving: Leaving,
    entering: usize,
    /// What ‖r‖² falls by, at least.
    gain: f64,
}

impl Move {
    /// The column that joins.
    pub(crate) fn entering(&self) -> usize {
        self.entering
    }
}

/// What a move promises before it is confirmed.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    promise: f64,
    leaving: Leaving,
    /// The column that joins; the most promising one where it is not told.
    entering: Option<usize>,
}

/// A support after a move, without its columns: H and x of the free ones.
#[derive(Debug, Default)]
struct Neighbour {
    size: usize,
    inverse: Vec<f64>,
    values: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    is_free: Vec<bool>,
    row: Vec<f64>,
}

impl Neighbour {
    /// Lets coefficients rest at their bounds until none is beyond; what ‖r‖² rises by.
    fn confine(&mut self) -> f64 {
        let size = self.size;
        let mut loss = 0.0;
        while let Some((at, bound)) = self.worst() {
            let pivot = self.inverse[at * size + at];
            let off = self.values[at] - bound;
            loss += off * off / pivot;
            self.row.clear();
            self.row.extend_from_slice(&self.inverse[at * size..(at + 1) * size]);
            for q in 0..size {
                let share = self.row[q] / pivot;
                self.values[q] -= share * off;
                let rows = self.inverse[q * size..(q + 1) * size].iter_mut().zip(&self.row);
                rows.for_each(|(h, r)| *h -= share * r);
            }
            self.values[at] = bound;
            self.is_free[at] = false;
        }
        loss
    }

    /// The free coefficient farthest beyond its bound, by what it costs to bring it back.
    fn worst(&self) -> Option<(usize, f64)> {
        let mut worst = (0.0, None);
        for at in 0..self.size {
            let (value, (lower, upper)) = (self.values[at], self.bounds[at]);
            let bound = value.clamp(lower, upper);
            let pivot = self.inverse[at * self.size + at];
            if self.is_free[at] && bound != value && pivot > 0.0 {
                let cost = (value - bound) * (value - bound) / pivot;
                if cost >= worst.0 {
                    worst = (cost, Some((at, bound)));
                }
            }
        }
        worst.1
    }
}

impl<T: Scalar> Tableau<T> {
    /// The same tableau for coefficients in intervals.
    #[must_use]
    pub(crate) fn within(mut self, intervals: Option<&Arc<Intervals>>) -> Self {
        self.limits = intervals.map(|intervals| {
            let open = match &**intervals {
                Intervals::NonNegative => vec![],
                Intervals::Each(each) => each.clone(),
            };
            Box::new(Limits { intervals: intervals.clone(), open, held: vec![] })
        });
        self
    }

    /// Whether coefficients have bounds.
    pub(crate) fn is_bounded(&self) -> bool {
        self.limits.is_some()
    }

    /// Columns that rest at an end other than 0, and where.
    pub(crate) fn held(&self) -> &[(usize, f64)] {
        self.limits.as_ref().map_or(&[], |limits| &limits.held)
    }

    /// |S|, held columns included.
    pub(crate) fn size(&self) -> usize {
        self.members.len() + self.held().len()
    }

    /// S, held columns included.
    pub(crate) fn support(&self) -> Support {
        let mut support: Support = self.members.iter().copied().collect();
        for &(j, _) in self.held() {
            support.insert(j);
        }
        support
    }

    /// Lets go of what is held, for a tableau that is emptied.
    pub(super) fn clear_held(&mut self) {
        if let Some(limits) = &mut self.limits {
            while let Some((j, _)) = limits.held.pop() {
                limits.open[j] = limits.intervals.of(j);
            }
        }
    }

    /// Takes over what another tableau of the same problem holds.
    pub(super) fn copy_held(&mut self, other: &Self) {
        self.clear_held();
        if let (Some(limits), Some(others)) = (&mut self.limits, &other.limits) {
            for &(j, value) in &others.held {
                limits.held.push((j, value));
                limits.open[j] = (0.0, 0.0);
            }
        }
    }

    /// What ‖r‖² falls by if a column at 0 joins with pull c and squared distance d, and no other coefficient has to give way.
    #[inline(always)]
    pub(super) fn bounded_gain(open: &[(f64, f64)], i: usize, c: T, d: f64, floor: f64) -> f64 {
        let c = c.real();
        // Where x ≥ 0 is all.
        let (lower, upper) = if open.is_empty() { (0.0, f64::INFINITY) } else { open[i] };
        let value = (c / d).max(lower).min(upper);
        let gain = value * (2.0 * c - d * value);
        if d > floor { gain } else { 0.0 }
    }

    /// The intervals of columns at 0; `None` where all numbers are allowed.
    pub(super) fn open(&self) -> Option<&[(f64, f64)]> {
        self.limits.as_ref().map(|limits| &limits.open[..])
    }

    /// Moves the held or resting coefficient of a column outside by `step`, the free ones following.
    fn shift(&mut self, j: usize, step: f64, gram: Gram<'_, T>) {
        self.project(j, gram);
        let (pull, distance) = (self.correlation[j].real(), self.squares[j]);
        self.square += step * (step * distance - 2.0 * pull);
        let by = T::from_real(-step);
        for (c, &g) in self.correlation.iter_mut().zip(&self.column) {
            *c += g * by;
        }
        for p in 0..self.members.len() {
            self.correlation[self.members[p]] = T::ZERO;
            let weight = self.weights[p * self.n + j];
            self.values[p] += Scalar::conj(weight) * by;
        }
        self.moves += 1;
    }

    /// `column` ← Aᴴ (a_j − P_S a_j).
    fn project(&mut self, j: usize, gram: Gram<'_, T>) {
        let mut column = std::mem::take(&mut self.column);
        let mut row = std::mem::take(&mut self.row);
        column.resize(self.n, T::ZERO);
        gram(j, &mut |gram| {
            row.clear();
            row.extend(self.members.iter().map(|&member| gram[member]));
            let weights = &self.weights;
            crate::kernels::subtract_combination(gram, |p| &weights[p * self.n..][..self.n], &row, &mut column);
        });
        row.clear();
        (self.column, self.row) = (column, row);
    }

    /// A column outside comes to rest at the end `value` of its interval.
    pub(crate) fn hold(&mut self, j: usize, value: f64, gram: Gram<'_, T>) {
        self.shift(j, value, gram);
        if let Some(limits) = &mut self.limits {
            limits.held.push((j, value));
            limits.open[j] = (0.0, 0.0);
        }
    }

    /// What is held at a place goes to 0, and out of the support.
    fn release(&mut self, place: usize, gram: Gram<'_, T>) -> Option<usize> {
        let limits = self.limits.as_mut()?;
        let (j, value) = limits.held.remove(place);
        limits.open[j] = limits.intervals.of(j);
        self.shift(j, -value, gram);
        Some(j)
    }

    /// A column of the support, member or held, leaves it.
    pub(crate) fn leave_column(&mut self, j: usize, gram: Gram<'_, T>) {
        if let Some(position) = self.members.iter().position(|&member| member == j) {
            self.leave(position);
        } else if let Some(place) = self.held().iter().position(|&(held, _)| held == j) {
            self.release(place, gram);
        }
    }

    /// Lets coefficients rest at their bounds until none is beyond, and those that are pulled back go free.
    pub(crate) fn confine(&mut self, gram: Gram<'_, T>) {
        let Some(limits) = &self.limits else { return };
        let intervals = limits.intervals.clone();
        // Each comes to rest once, and a few go free again.
        for _ in 0..2 * self.size() + 8 {
            if let Some((position, bound)) = self.farthest(&intervals) {
                let j = self.members[position];
                self.leave(position);
                if bound != 0.0 {
                    self.hold(j, bound, gram);
                }
                continue;
            }
            let least = SMALLEST_GAIN * self.square.abs();
            let inward = |&(j, value): &(usize, f64)| {
                let pull = self.correlation[j].real();
                let gain = if self.squares[j] > self.floors[j] { pull * pull / self.squares[j] } else { 0.0 };
                pull * value < 0.0 && gain > least
            };
            let Some(place) = self.held().iter().position(inward) else { return };
            if let Some(j) = self.release(place, gram) {
                gram(j, &mut |gram| {
                    self.join(j, gram);
                });
            }
        }
    }

    /// The member farthest beyond its bound, by what it costs to bring it back, and that bound.
    fn farthest(&self, intervals: &Intervals) -> Option<(usize, f64)> {
        let mut worst = (0.0, None);
        for (position, (&j, x)) in self.members.iter().zip(&self.values).enumerate() {
            let ((lower, upper), x) = (intervals.of(j), x.real());
            let bound = x.clamp(lower, upper);
            if bound != x {
                let cost = (x - bound) * (x - bound) / self.h(position, position).real();
                if cost >= worst.0 {
                    worst = (cost, Some((position, bound)));
                }
            }
        }
        worst.1
    }

    /// The move that lowers ‖r‖² most, and by more than `least`: a column joins while there are fewer than `sparsity`, or takes
    /// another's place. Others that it drives out of their intervals come to rest. `None` if there is none.
    ///
    /// Cost: n |S| divisions; n |S| multiply-adds for each column that is held.
    pub(crate) fn best_move(&mut self, sparsity: usize, least: f64, gram: Gram<'_, T>) -> Option<Move> {
        let mut best: Option<Move> = None;
        let mut candidates = Vec::new();
        let room = self.size() < sparsity;
        if room && let Some((entering, promise)) = self.best_addition() {
            candidates.push(Candidate { promise, leaving: Leaving::Nobody, entering: Some(entering) });
        }
        for position in 0..self.members.len() {
            let loss = self.loss(position);
            let promise = self.highest(self.without(position), self.weights_of(position)) - loss;
            if promise > EXCHANGE_CANCELLATION * loss {
                candidates.push(Candidate { promise, leaving: Leaving::Member(position), entering: None });
            }
        }
        self.confirm(&mut candidates, least, &mut best);
        for place in 0..self.held().len() {
            candidates.clear();
            self.score_without_held(place, gram, best.map_or(least, |best| best.gain), &mut candidates);
            self.confirm(&mut candidates, least, &mut best);
        }
        if best.is_some() {
            return best;
        }
        // The most promising fail; others may not.
        candidates.clear();
        let open = self.open()?;
        if room {
            self.score_additions(open, least, &mut candidates);
        }
        for (position, &member) in self.members.iter().enumerate() {
            let (after, weights, loss) = (self.without(position), self.weights_of(position), self.loss(position));
            for i in 0..self.n {
                let (c, d) = after(self.correlation[i], self.squares[i], weights[i]);
                let promise = Self::bounded_gain(open, i, c, d, self.floors[i]) - loss;
                if promise > least.max(EXCHANGE_CANCELLATION * loss) && i != member {
                    candidates.push(Candidate { promise, leaving: Leaving::Member(position), entering: Some(i) });
                }
            }
        }
        self.confirm(&mut candidates, least, &mut best);
        best
    }

    /// The addition that lowers ‖r‖² most, and by more than `least`.
    pub(crate) fn best_joining(&self, least: f64) -> Option<Move> {
        let (mut candidates, mut best) = (vec![], None);
        self.score_additions(self.open()?, least, &mut candidates);
        self.confirm(&mut candidates, least, &mut best);
        best
    }

    fn score_additions(&self, open: &[(f64, f64)], least: f64, out: &mut Vec<Candidate>) {
        for i in 0..self.n {
            let promise = Self::bounded_gain(open, i, self.correlation[i], self.squares[i], self.floors[i]);
            if promise > least {
                out.push(Candidate { promise, leaving: Leaving::Nobody, entering: Some(i) });
            }
        }
    }

    /// Takes the best of some moves, if it lowers ‖r‖² by more than `least` and than the best so far. Those that promise most are
    /// looked at first, and no more than promise more than what was found.
    fn confirm(&self, candidates: &mut [Candidate], least: f64, best: &mut Option<Move>) {
        let mut neighbour = Neighbour::default();
        candidates.sort_by(|a, b| b.promise.total_cmp(&a.promise));
        for candidate in candidates.iter().take(CONFIRMED) {
            let most = best.map_or(least, |best| best.gain);
            if candidate.promise <= most {
                break;
            }
            let entering = match (candidate.entering, candidate.leaving) {
                (Some(entering), _) => entering,
                (None, Leaving::Member(position)) => self.best_replacement(position),
                (None, _) => continue,
            };
            let gain = self.confirmed(candidate.leaving, entering, most, &mut neighbour);
            if gain > most {
                *best = Some(Move { leaving: candidate.leaving, entering, gain });
            }
        }
    }

    /// What columns promise in the place of one that is held.
    fn score_without_held(&mut self, place: usize, gram: Gram<'_, T>, least: f64, out: &mut Vec<Candidate>) {
        let (j, value) = self.held()[place];
        self.project(j, gram);
        let loss = value * (value * self.squares[j] + 2.0 * self.correlation[j].real());
        let Some(open) = self.open() else { return };
        for i in 0..self.n {
            let c = self.correlation[i] + self.column[i].scale(value);
            let promise = Self::bounded_gain(open, i, c, self.squares[i], self.floors[i]) - loss;
            if promise > least {
                out.push(Candidate { promise, leaving: Leaving::Held(place), entering: Some(i) });
            }
        }
    }

    /// What ‖r‖² falls by at least if a move is made, coefficients that it drives out of their intervals coming to rest; any number
    /// up to `most`, if it is no more than that. For one in the place of a held column, `column` is that column, projected.
    fn confirmed(&self, leaving: Leaving, i: usize, most: f64, neighbour: &mut Neighbour) -> f64 {
        let Some(limits) = &self.limits else { return f64::NEG_INFINITY };
        let (n, size) = (self.n, self.members.len());
        let real = |p: usize, q: usize| self.h(p, q).real();
        let weight = |p: usize| self.weights[p * n + i].real();
        let (mut pull, mut distance, mut gain) = (self.correlation[i].real(), self.squares[i], 0.0);
        let stays: Vec<usize> = (0..size).filter(|&p| leaving != Leaving::Member(p)).collect();
        let last = stays.len();
        neighbour.size = last + 1;
        let width = neighbour.size;
        neighbour.values.clear();
        neighbour.is_free.clear();
        neighbour.is_free.resize(width, true);
        neighbour.bounds.clear();
        neighbour.bounds.extend(stays.iter().map(|&p| limits.intervals.of(self.members[p])));
        neighbour.bounds.push(limits.intervals.of(i));
        let mut weights: Vec<f64> = stays.iter().map(|&p| weight(p)).collect();
        match leaving {
            Leaving::Nobody => neighbour.values.extend(stays.iter().map(|&p| self.values[p].real())),
            Leaving::Held(place) => {
                let (j, value) = limits.held[place];
                gain -= value * (value * self.squares[j] + 2.0 * self.correlation[j].real());
                pull += self.column[i].real() * value;
                let back = |p: usize| self.weights[p * n + j].real() * value;
                neighbour.values.extend(stays.iter().map(|&p| self.values[p].real() + back(p)));
            }
            Leaving::Member(gone) => {
                let (over, x) = (1.0 / real(gone, gone), self.values[gone].real());
                gain -= x * x * over;
                pull += weight(gone) * x * over;
                distance += weight(gone) * weight(gone) * over;
                for (w, &p) in weights.iter_mut().zip(&stays) {
                    *w -= real(gone, p) * over * weight(gone);
                }
                neighbour.values.extend(stays.iter().map(|&p| self.values[p].real() - real(gone, p) * over * x));
            }
        }
        if distance.is_nan() || distance <= self.floors[i] {
            return f64::NEG_INFINITY;
        }
        let (over, value) = (1.0 / distance, pull / distance);
        gain += pull * value;
        neighbour.values.iter_mut().zip(&weights).for_each(|(x, w)| *x -= w * value);
        neighbour.values.push(value);
        let without = |p: usize, o: usize| match leaving {
            Leaving::Member(gone) => real(p, o) - real(p, gone) * real(gone, o) / real(gone, gone),
            _ => real(p, o),
        };
        // What it costs to bring the worst one back, all costs at least.
        let mut least = 0.0f64;
        for (q, (&x, &(lower, upper))) in neighbour.values.iter().zip(&neighbour.bounds).enumerate() {
            let off = x - x.clamp(lower, upper);
            if off != 0.0 {
                let pivot = stays.get(q).map_or(over, |&p| without(p, p) + weights[q] * weights[q] * over);
                least = least.max(off * off / pivot);
            }
        }
        if least == 0.0 || gain - least <= most {
            return gain - least;
        }
        neighbour.inverse.clear();
        neighbour.inverse.resize(width * width, 0.0);
        for (q, &p) in stays.iter().enumerate() {
            for (l, &o) in stays.iter().enumerate() {
                let without = without(p, o);
                neighbour.inverse[q * width + l] = without + weights[q] * weights[l] * over;
            }
            let side = -weights[q] * over;
            neighbour.inverse[q * width + last] = side;
            neighbour.inverse[last * width + q] = side;
        }
        neighbour.inverse[last * width + last] = over;
        gain - neighbour.confine()
    }

    /// Makes a move; how many columns joined or left.
    pub(crate) fn make(&mut self, one: Move, gram: Gram<'_, T>) -> usize {
        let before = self.moves;
        let entering = one.entering;
        match one.leaving {
            Leaving::Member(position) => gram(entering, &mut |gram| {
                self.exchange(position, entering, gram);
            }),
            leaving => {
                if let Leaving::Held(place) = leaving {
                    self.release(place, gram);
                }
                gram(entering, &mut |gram| {
                    self.join(entering, gram);
                });
            }
        }
        self.confine(gram);
        self.moves - before
    }
}
