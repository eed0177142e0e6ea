//! Which Gram columns are likely to be needed next, so that they are computed in one pass over A with those that are.

use super::gram::GramCache;
use crate::fit::System;
use crate::scalar::Scalar;

/// Columns considered for a greedy search, as a share of all, and for each one that is guessed at least.
const SHARE: usize = 16;
const LEAST_PER_GUESS: usize = 4;
const MOST: usize = 64;
/// What a block costs beside one column of it, about: A that stays near the processor (up to so many bytes) is read as fast
/// as it is multiplied, so that eight columns cost as much as five or six; a larger one costs about three times as much.
const NEAR: usize = 2 << 20;
/// Guesses after which those that came true are looked at, and the share of them in percent that must have, near and far.
const TRIED: [usize; 2] = [3, 7];
const WORTH: [usize; 2] = [65, 25];

/// Guesses, and how many of them came true.
#[derive(Debug)]
pub(super) struct Anticipation<T> {
    made: usize,
    true_ones: usize,
    /// Guesses of which that is not known, and when each was made on the clock of the cache.
    pending: Vec<(usize, u64)>,
    /// Candidates by magnitude.
    candidates: Vec<(f64, usize)>,
    columns: Vec<usize>,
    left: Vec<T>,
    products: Vec<T>,
    /// Columns to compute: those that are needed, then those guessed.
    wanted: Vec<usize>,
    needed: usize,
}

impl<T> Default for Anticipation<T> {
    fn default() -> Self {
        Self {
            made: 0,
            true_ones: 0,
            pending: vec![],
            candidates: vec![],
            columns: vec![],
            left: vec![],
            products: vec![],
            wanted: vec![],
            needed: 0,
        }
    }
}

impl<T: Scalar> Anticipation<T> {
    /// How many columns to compute at a time: as many as cost the operator hardly more than one, if there is room for them
    /// and guesses have come true so far.
    pub(super) fn block(&mut self, system: &System<'_, T>, cache: &GramCache<T>) -> usize {
        let block = system.operator.gram_block();
        if block < 2 || cache.room() < block {
            return 1;
        }
        let before = self.pending.len();
        self.pending.retain(|&(j, when)| !cache.asked_since(j, when));
        self.true_ones += before - self.pending.len();
        let far = system.operator.adjoint_cost().saturating_mul(size_of::<T>()) > NEAR;
        let (tried, worth) = (TRIED[usize::from(far)], WORTH[usize::from(far)]);
        match self.made {
            // The first guesses near the processor are few: they may be wrong.
            0 => (tried + 1).min(block),
            made if made >= tried && 100 * self.true_ones < worth * made => 1,
            _ => block,
        }
    }

    /// The guesses of the last call were computed, `now`.
    pub(super) fn note(&mut self, now: u64) {
        self.made += self.wanted.len() - self.needed;
        self.pending.extend(self.wanted[self.needed..].iter().map(|&j| (j, now)));
    }

    /// `chosen`, and up to `block` − 1 of the columns that are not there: those that matching pursuit would choose after it
    /// among the columns most correlated with the residual. Cost: up to 64 m multiply-adds for each, and one pass over c.
    pub(super) fn greedily(
        &mut self,
        system: &System<'_, T>,
        cache: &GramCache<T>,
        chosen: usize,
        correlation: &[T],
        block: usize,
    ) -> &[usize] {
        let count = (correlation.len() / SHARE).min(MOST).max(LEAST_PER_GUESS * block);
        self.consider(correlation, count, |j| j != chosen && !cache.holds(j));
        self.columns.clear();
        self.columns.extend(self.candidates.iter().map(|&(_, j)| j));
        self.columns.sort_unstable();
        self.left.clear();
        self.left.extend(self.columns.iter().map(|&j| correlation[j]));
        self.wanted.clear();
        self.wanted.push(chosen);
        self.needed = 1;
        let (mut last, mut removed) = (chosen, correlation[chosen]);
        while self.wanted.len() < block {
            // What matching pursuit leaves of the correlation after its step on the last column.
            let square = system.column_norms[last] * system.column_norms[last];
            self.products.resize(self.columns.len(), T::ZERO);
            system.operator.gram_entries(&self.columns, last, &mut self.products);
            for (left, &product) in self.left.iter_mut().zip(&self.products) {
                *left -= product * removed.scale(1.0 / square);
            }
            let ranks = self.left.iter().map(|c| c.rank()).enumerate();
            let Some((at, _)) = ranks.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { break };
            removed = self.left.swap_remove(at);
            last = self.columns.swap_remove(at);
            self.wanted.push(last);
        }
        &self.wanted
    }

    /// The columns of `support` that are not there, and `count` others: those largest in `exploration`.
    pub(super) fn largest(
        &mut self,
        cache: &GramCache<T>,
        support: &[usize],
        exploration: &[T],
        count: usize,
    ) -> &[usize] {
        self.wanted.clear();
        self.wanted.extend(support.iter().copied().filter(|&j| !cache.holds(j)));
        self.needed = self.wanted.len();
        self.consider(exploration, count, |j| !cache.holds(j) && support.binary_search(&j).is_err());
        self.wanted.extend(self.candidates.iter().map(|&(_, j)| j));
        &self.wanted
    }

    /// Makes candidates of the `count` entries largest in magnitude among those `allowed`.
    fn consider(&mut self, values: &[T], count: usize, allowed: impl Fn(usize) -> bool) {
        let ranked = values.iter().enumerate().map(|(j, v)| (v.rank(), j));
        self.candidates.clear();
        self.candidates.extend(ranked.filter(|&(rank, j)| rank > 0.0 && allowed(j)));
        if self.candidates.len() > count {
            self.candidates.select_nth_unstable_by(count - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            self.candidates.truncate(count);
        }
    }
}
