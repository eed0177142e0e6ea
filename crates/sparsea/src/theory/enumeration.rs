//! The largest deviation of s columns from orthonormality, by enumerating all supports that cannot be ruled out.

use faer::Mat;

use super::interval::Interval;
use super::work::Work;
use super::{descending, eigenvalues};
use crate::scalar::Scalar;
use crate::tolerance::ISOMETRY_ROUNDING;

/// Multiply-adds that making a level costs besides its entries.
const OVERHEAD: f64 = 64.0;

/// H = AᴴA − I of unit columns, in an order that puts the columns with the strongest couplings first: supports of the
/// last ones are then ruled out together.
pub(super) struct Hollow<T> {
    matrix: Mat<T>,
}

/// Which eigenvalues of A_SᴴA_S are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Largest,
    Smallest,
}

impl<T: Scalar> Hollow<T> {
    /// From the Gram matrix AᴴA, whose diagonal is 1.
    pub(super) fn new(gram: Mat<T>) -> Self {
        let n = gram.nrows();
        let couplings: Vec<f64> = (0..n).map(|j| gram.col(j).squared_norm_l2()).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| descending(&couplings[i], &couplings[j]).then(i.cmp(&j)));
        let entry = |i: usize, j: usize| if i == j { T::ZERO } else { gram[(order[i], order[j])] };
        Self { matrix: Mat::from_fn(n, n, entry) }
    }

    /// The largest ‖H_S‖ over all |S| = s ≥ 3, and whether the work sufficed to try them all; otherwise it is only the
    /// largest found. `known` has bounds of δ_1 … δ_s, `sides` upper bounds of λ_max(H) and λ_max(−H).
    ///
    /// Cost: without pruning about C(n, s) multiply-adds for each side.
    pub(super) fn largest_deviation(
        &self,
        s: usize,
        known: &[Interval],
        sides: [f64; 2],
        work: &mut Work,
    ) -> (f64, bool) {
        let mut search =
            Search { hollow: self, side: Side::Largest, s, known, best: known[s - 1].lower, levels: Vec::new(), work };
        let mut complete = true;
        for (side, bound) in [Side::Largest, Side::Smallest].into_iter().zip(sides) {
            if search.best + ISOMETRY_ROUNDING < bound {
                search.side = side;
                complete &= search.run();
            }
        }
        (search.best, complete)
    }
}

/// The upper triangle of a self-adjoint matrix, column after column.
struct Triangle<T> {
    entries: Vec<T>,
}

impl<T: Scalar> Triangle<T> {
    fn from_fn(size: usize, entry: impl Fn(usize, usize) -> T) -> Self {
        Self { entries: (0..size).flat_map(|c| (0..=c).map(move |r| (r, c))).map(|(r, c)| entry(r, c)).collect() }
    }

    /// The entries of column c down to the diagonal.
    fn column(&self, c: usize) -> &[T] {
        &self.entries[c * (c + 1) / 2..][..=c]
    }

    fn diagonal(&self, c: usize) -> f64 {
        self.column(c)[c].real()
    }
}

/// θ I − H (or θ I + H) with the columns chosen so far eliminated, where θ is just above the largest deviation found:
/// a principal minor of this Schur complement is positive definite if and only if the chosen columns with those of
/// the minor do not beat θ.
struct Level<T> {
    /// Columns that may follow; the matrix has one row and column for each.
    candidates: Vec<usize>,
    matrix: Triangle<T>,
    /// Position of the candidate that is chosen now.
    at: usize,
}

struct Search<'h, T> {
    hollow: &'h Hollow<T>,
    side: Side,
    s: usize,
    known: &'h [Interval],
    best: f64,
    /// One for each column chosen, and one that follows.
    levels: Vec<Level<T>>,
    work: &'h mut Work,
}

impl<T: Scalar> Search<'_, T> {
    /// Tries all supports; false if the work did not suffice.
    fn run(&mut self) -> bool {
        let candidates: Vec<usize> = (0..self.hollow.matrix.nrows()).collect();
        let matrix = self.shifted(&candidates);
        self.levels = vec![Level { candidates, matrix, at: 0 }];
        self.descend()
    }

    /// θ I ∓ H on some columns.
    fn shifted(&self, columns: &[usize]) -> Triangle<T> {
        let theta = T::from_real(self.threshold());
        let sign = if self.side == Side::Largest { -1.0 } else { 1.0 };
        let off_diagonal = |i, j| Scalar::scale(self.hollow.matrix[(i, j)], sign);
        Triangle::from_fn(columns.len(), |r, c| if r == c { theta } else { off_diagonal(columns[r], columns[c]) })
    }

    /// What has to be beaten, above the best so that equals, of which symmetric operators have many, do not count.
    fn threshold(&self) -> f64 {
        self.best + ISOMETRY_ROUNDING
    }

    /// Tries all supports that extend the columns chosen.
    fn descend(&mut self) -> bool {
        let depth = self.levels.len() - 1;
        let missing = self.s - depth;
        if missing == 2 {
            return self.pairs();
        }
        while self.levels[depth].at + missing <= self.levels[depth].candidates.len() {
            let at = self.levels[depth].at;
            if self.levels[depth].matrix.diagonal(at) <= 0.0 {
                // Fewer columns than s beat θ already, and adding more only widens the range of eigenvalues.
                self.improve(&[at]);
            }
            let candidates = self.levels[depth].candidates[at + 1..].to_vec();
            let matrix = self.complement(depth, &candidates);
            if !self.work.spend(0.5 * (candidates.len() * candidates.len()) as f64 + OVERHEAD) {
                return false;
            }
            self.levels.push(Level { candidates, matrix, at: 0 });
            self.rule_out(missing - 1);
            let complete = self.descend();
            self.levels.pop();
            if !complete {
                return false;
            }
            self.levels[depth].at += 1;
        }
        true
    }

    /// The Schur complement on `candidates` after the one chosen at `depth` is eliminated too.
    fn complement(&self, depth: usize, candidates: &[usize]) -> Triangle<T> {
        let Level { candidates: all, matrix: above, at } = &self.levels[depth];
        let places: Vec<usize> = candidates.iter().filter_map(|member| all.binary_search(member).ok()).collect();
        // Positive, since fewer columns than s do not beat θ, but for rounding.
        let pivot = above.diagonal(*at).max(0.1 * ISOMETRY_ROUNDING);
        let row: Vec<T> = places.iter().map(|&c| above.column(c)[*at]).collect();
        let mut entries = Vec::with_capacity(places.len() * (places.len() + 1) / 2);
        for (c, &place) in places.iter().enumerate() {
            let column = above.column(place);
            let factor = row[c].scale(1.0 / pivot);
            entries.extend(places[..=c].iter().zip(&row).map(|(&i, &r)| column[i] - Scalar::conj(r) * factor));
        }
        Triangle { entries }
    }

    /// Drops candidates of the last level that are in no support which beats θ, given that `missing` columns Q are to
    /// be added. With Schur complement θ I ∓ H_Q − E_Q, E_Q positive semidefinite, none does while
    /// δ_q + trace E_Q ≤ θ; the trace is largest for the q candidates with the largest diagonals of E.
    fn rule_out(&mut self, missing: usize) {
        let theta = self.threshold();
        let slack = theta - self.known[missing - 1].upper;
        let Some(level) = self.levels.last_mut() else { return };
        let size = level.candidates.len();
        if slack <= 0.0 || size < missing {
            return;
        }
        let loss = |c: usize| theta - level.matrix.diagonal(c);
        let mut losses: Vec<f64> = (0..size).map(loss).collect();
        losses.select_nth_unstable_by(missing - 1, descending);
        let weakest = losses[missing - 1];
        let others: f64 = losses[..missing - 1].iter().sum();
        // A candidate that is one of the largest does not count twice.
        let kept: Vec<usize> = (0..size).filter(|&c| others + loss(c).min(weakest) > slack).collect();
        if kept.len() < size {
            level.candidates = kept.iter().map(|&c| level.candidates[c]).collect();
            level.matrix = Triangle::from_fn(kept.len(), |r, c| level.matrix.column(kept[c])[kept[r]]);
        }
    }

    /// Tries all pairs of candidates of the last level.
    fn pairs(&mut self) -> bool {
        let size = self.levels[self.levels.len() - 1].candidates.len();
        if !self.work.spend(0.5 * (size * size) as f64) {
            return false;
        }
        for b in 1..size {
            let mut from = 0;
            while let Some(a) = self.first_partner(from, b) {
                self.improve(&[a, b]);
                from = a + 1;
            }
        }
        true
    }

    /// The first candidate before b, at `from` or later, that with b seems to beat θ.
    fn first_partner(&self, from: usize, b: usize) -> Option<usize> {
        let matrix = &self.levels[self.levels.len() - 1].matrix;
        let (column, own) = (matrix.column(b), matrix.diagonal(b));
        (from..b).find(|&a| {
            let other = matrix.diagonal(a);
            own <= 0.0 || other <= 0.0 || column[a].abs2() > own * other
        })
    }

    /// Measures the columns chosen with those at `last` of the last level. If they beat the best, they are the best, and
    /// every level is computed anew for the new θ.
    fn improve(&mut self, last: &[usize]) {
        let depth = self.levels.len() - 1;
        let mut support: Vec<usize> = self.levels[..depth].iter().map(|level| level.candidates[level.at]).collect();
        support.extend(last.iter().map(|&at| self.levels[depth].candidates[at]));
        let deviation = deviation(&self.hollow.matrix, &support);
        if deviation <= self.best {
            return;
        }
        self.best = deviation;
        self.levels[0].matrix = self.shifted(&self.levels[0].candidates);
        for d in 0..depth {
            self.levels[d + 1].matrix = self.complement(d, &self.levels[d + 1].candidates);
        }
    }
}

/// ‖H_S‖; 0 should its eigenvalues not be found.
fn deviation<T: Scalar>(hollow: &Mat<T>, support: &[usize]) -> f64 {
    let minor = Mat::from_fn(support.len(), support.len(), |i, j| hollow[(support[i], support[j])]);
    eigenvalues(minor.as_ref()).map_or(0.0, |values| values.iter().fold(0.0, |largest, value| value.abs().max(largest)))
}
