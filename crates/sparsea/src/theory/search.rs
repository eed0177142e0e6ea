//! Supports whose columns are far from orthonormal, found by growth and exchanges: lower bounds on δ_s.

use faer::{Mat, MatRef};
use rand::RngExt;

use super::eigen;
use super::work::Work;
use crate::operator::Access;
use crate::random::stream;
use crate::scalar::Scalar;
use crate::support::largest;
use crate::tolerance::ISOMETRY_ROUNDING;

/// Starts at random columns, besides the most coherent pair.
const RANDOM_STARTS: usize = 7;
/// Columns that are tried for removal: those with the smallest entries in the eigenvector.
const EXCHANGED: usize = 3;

/// Lower bounds of δ_1 … δ_order, each the deviation of columns that were looked at. `pair` is where to start; columns
/// at random follow while there is work left.
///
/// Cost: for each start and column added, at most (1 + 3 per exchange made) products Aᴴ A_S u and eigenvalue problems of
/// size s.
pub(super) fn lower_bounds<T: Scalar>(
    operator: &Access<'_, T>,
    pair: (usize, usize),
    order: usize,
    work: &mut Work,
) -> Vec<f64> {
    let mut bounds = vec![0.0; order];
    let mut rng = stream(0, 0, 0);
    let mut starts = vec![vec![pair.0, pair.1]];
    starts.extend((0..RANDOM_STARTS).map(|_| vec![rng.random_range(0..operator.ncols())]));
    for start in starts {
        for side in [1.0, -1.0] {
            if grow(operator, &start, side, &mut bounds, work).is_none() {
                return bounds;
            }
        }
    }
    bounds
}

/// Grows a support to all orders, exchanging columns at each. `None` when the work is done.
fn grow<T: Scalar>(
    operator: &Access<'_, T>,
    start: &[usize],
    side: f64,
    bounds: &mut [f64],
    work: &mut Work,
) -> Option<()> {
    let mut grown = Grown::new(operator, side);
    for &j in start {
        grown.join(j);
    }
    let mut enough = true;
    for s in start.len()..=bounds.len() {
        if work.is_overdrawn() {
            return None;
        }
        if grown.support.len() < s {
            let next = grown.strongest()?;
            grown.join(next);
        }
        grown.measure()?;
        while enough && s > 2 {
            enough = work.spend(EXCHANGED as f64 * grown.cost());
            if !grown.exchange()? {
                break;
            }
        }
        enough &= work.spend(grown.cost());
        bounds[s - 1] = bounds[s - 1].max(grown.deviation);
    }
    enough.then_some(())
}

/// A support, the Gram matrix on it, and its extreme eigenvalue on one side.
struct Grown<'o, T: Scalar> {
    operator: &'o Access<'o, T>,
    /// 1 for the largest eigenvalue, −1 for the smallest.
    side: f64,
    support: Vec<usize>,
    gram: Mat<T>,
    /// ±(λ − 1).
    deviation: f64,
    /// Its eigenvector.
    vector: Vec<T>,
    image: Vec<T>,
    scores: Vec<T>,
}

impl<'o, T: Scalar> Grown<'o, T> {
    fn new(operator: &'o Access<'o, T>, side: f64) -> Self {
        Self {
            operator,
            side,
            support: Vec::new(),
            gram: Mat::zeros(0, 0),
            deviation: 0.0,
            vector: Vec::new(),
            image: vec![T::ZERO; operator.nrows()],
            scores: vec![T::ZERO; operator.ncols()],
        }
    }

    fn cost(&self) -> f64 {
        self.operator.adjoint_cost() as f64 + 16.0 * (self.support.len() as f64).powi(3)
    }

    fn join(&mut self, j: usize) {
        self.gram = bordered(self.operator, &self.support, self.gram.as_ref(), j);
        self.support.push(j);
    }

    fn measure(&mut self) -> Option<()> {
        (self.deviation, self.vector) = extreme(self.gram.as_ref(), self.side)?;
        Some(())
    }

    /// The column that widens the range of eigenvalues most, judged by its product with A_S u, u the eigenvector.
    fn strongest(&mut self) -> Option<usize> {
        strongest(self.operator, &self.support, &self.vector, &mut self.image, &mut self.scores)
    }

    /// Exchanges one of the columns that matter least for another, if that helps.
    fn exchange(&mut self) -> Option<bool> {
        let size = self.support.len();
        let mut weakest: Vec<usize> = (0..size).collect();
        weakest.sort_by(|&a, &b| self.vector[a].abs2().total_cmp(&self.vector[b].abs2()).then(a.cmp(&b)));
        for &out in weakest.iter().take(EXCHANGED) {
            let kept: Vec<usize> = (0..size).filter(|&at| at != out).collect();
            let support: Vec<usize> = kept.iter().map(|&at| self.support[at]).collect();
            let gram = Mat::from_fn(size - 1, size - 1, |i, j| self.gram[(kept[i], kept[j])]);
            let (_, vector) = extreme(gram.as_ref(), self.side)?;
            let next = strongest(self.operator, &support, &vector, &mut self.image, &mut self.scores);
            let Some(next) = next.filter(|&next| next != self.support[out]) else { continue };
            let gram = bordered(self.operator, &support, gram.as_ref(), next);
            let (deviation, vector) = extreme(gram.as_ref(), self.side)?;
            if deviation > self.deviation + ISOMETRY_ROUNDING {
                (self.gram, self.deviation, self.vector, self.support) = (gram, deviation, vector, support);
                self.support.push(next);
                return Some(true);
            }
        }
        Some(false)
    }
}

/// The column off the support with the largest product with A_S u; the first one there is if all products vanish.
fn strongest<T: Scalar>(
    operator: &Access<'_, T>,
    support: &[usize],
    vector: &[T],
    image: &mut [T],
    scores: &mut [T],
) -> Option<usize> {
    operator.apply_sparse(support, vector, image);
    operator.apply_adjoint(image, scores);
    let free = |j: usize| !support.contains(&j);
    largest(scores, free).or_else(|| (0..scores.len()).find(|&j| free(j)))
}

/// The Gram matrix of unit columns with one more.
fn bordered<T: Scalar>(operator: &Access<'_, T>, support: &[usize], gram: MatRef<'_, T>, j: usize) -> Mat<T> {
    let size = support.len();
    let mut entries = vec![T::ZERO; size];
    operator.gram_entries(support, j, &mut entries);
    Mat::from_fn(size + 1, size + 1, |r, c| match (r < size, c < size) {
        (true, true) => gram[(r, c)],
        (true, false) => entries[r],
        (false, true) => Scalar::conj(entries[c]),
        (false, false) => T::ONE,
    })
}

/// ±(λ − 1) for the largest or smallest eigenvalue λ, and its eigenvector.
fn extreme<T: Scalar>(gram: MatRef<'_, T>, side: f64) -> Option<(f64, Vec<T>)> {
    let (values, vectors) = eigen(gram)?;
    let at = if side > 0.0 { values.len().checked_sub(1)? } else { 0 };
    let value = values.get(at)?;
    Some((side * (value - 1.0), vectors.col(at).iter().copied().collect()))
}
