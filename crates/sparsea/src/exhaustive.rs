//! The best of all supports, by enumeration: the reference for algorithms when n is small.

use faer::Mat;

use crate::error::Error;
use crate::problem::{Needs, Problem};
use crate::scalar::Scalar;
use crate::support::largest;
use crate::tolerance::EXHAUSTIVE_SINE_SQUARED;

/// Bytes that may be held: k matrices of n × n numbers.
const MEMORY: usize = 1 << 30;

/// The support of k columns with the least ‖y − A x‖, sorted; of equals, the first in lexicographic order.
///
/// # Errors
/// [`Error::TooExpensive`] unless C(n, k − 1) · n is at most `limit` multiply-adds, [`Error::StateMemory`] if k n² numbers
/// take more than 1 GiB, [`Error::NotQuadratic`] for another loss or domain.
///
/// # Cost
/// C(n, k − 1) · n multiply-adds: all but the last column of a support are eliminated once for all supports that share them. Holds k n²
/// numbers; n for k = 1. It works on the Gram matrix, so columns may be parallel to 10⁻⁶ but not closer.
pub fn best_support<T: Scalar>(problem: &Problem<'_, T>, limit: f64) -> Result<Vec<usize>, Error> {
    problem.check("trying all supports", Needs::QUADRATIC.and(Needs::COLUMNS))?;
    let operator = problem.scaled_operator();
    let (n, k) = (operator.ncols(), problem.sparsity());
    if k == 0 {
        return Ok(vec![]);
    }
    let cost = (0..k - 1).fold(n as f64, |product, i| product * (n - i) as f64 / (i + 1) as f64);
    let affordable = cost <= limit;
    if !affordable {
        return Err(Error::TooExpensive { what: "trying all supports", cost, unit: "multiply-adds", limit });
    }
    let mut correlation = vec![T::ZERO; n];
    operator.apply_adjoint(problem.data(), &mut correlation);
    operator.check()?;
    if k == 1 {
        let gain = |c: &T, norm: f64| if norm > 0.0 { (Scalar::abs(*c) / norm).powi(2) } else { 0.0 };
        let gains: Vec<f64> = correlation.iter().zip(problem.scaled_norms()).map(|(c, norm)| gain(c, norm)).collect();
        // Of columns that explain nothing the first is as good as any.
        return Ok(vec![largest(&gains, |_| true).unwrap_or(0)]);
    }
    let bytes = n.saturating_mul(n).saturating_mul(k).saturating_mul(size_of::<T>());
    if bytes > MEMORY {
        return Err(Error::StateMemory { algorithm: "trying all supports", bytes, limit: MEMORY });
    }
    let mut levels = Vec::with_capacity(k);
    let mut gram = Mat::zeros(n, n);
    let all: Vec<usize> = (0..n).collect();
    operator.gram_columns(&all, gram.as_mut());
    operator.check()?;
    let squares = (0..n).map(|j| gram[(j, j)].real()).collect();
    levels.push(Level { gram, correlation });
    for _ in 1..k {
        levels.push(Level { gram: Mat::zeros(n, n), correlation: vec![T::ZERO; n] });
    }
    let mut search = Search { levels, squares, chosen: Vec::with_capacity(k), k, best_gain: -1.0, best: Vec::new() };
    search.descend(0, 0.0);
    Ok(search.best)
}

/// AᴴA and Aᴴy after the columns chosen so far have been projected out.
struct Level<T> {
    gram: Mat<T>,
    correlation: Vec<T>,
}

struct Search<T> {
    levels: Vec<Level<T>>,
    /// ‖a_j‖².
    squares: Vec<f64>,
    chosen: Vec<usize>,
    k: usize,
    /// ‖y‖² − ‖r‖² of the best support.
    best_gain: f64,
    best: Vec<usize>,
}

impl<T: Scalar> Search<T> {
    fn descend(&mut self, from: usize, gain: f64) {
        let depth = self.chosen.len();
        let n = self.squares.len();
        let last = depth + 1 == self.k;
        for j in from..n - (self.k - depth - 1) {
            let level = &self.levels[depth];
            let pivot = level.gram[(j, j)].real();
            let independent = pivot > EXHAUSTIVE_SINE_SQUARED * self.squares[j];
            let more = if independent { level.correlation[j].abs2() / pivot } else { 0.0 };
            if last {
                if gain + more > self.best_gain {
                    self.best_gain = gain + more;
                    self.best.clear();
                    self.best.extend_from_slice(&self.chosen);
                    self.best.push(j);
                }
                continue;
            }
            self.eliminate(depth, j, independent);
            self.chosen.push(j);
            self.descend(j + 1, gain + more);
            self.chosen.pop();
        }
    }

    /// Writes the level below: column j projected out of the columns behind it.
    fn eliminate(&mut self, depth: usize, j: usize, independent: bool) {
        let (above, below) = self.levels.split_at_mut(depth + 1);
        let (above, below) = (&above[depth], &mut below[0]);
        let inverse = if independent { 1.0 / above.gram[(j, j)].real() } else { 0.0 };
        for c in j + 1..self.squares.len() {
            let factor = above.gram[(j, c)].scale(inverse);
            for i in j + 1..self.squares.len() {
                below.gram[(i, c)] = above.gram[(i, c)] - above.gram[(i, j)] * factor;
            }
            below.correlation[c] =
                above.correlation[c] - Scalar::conj(above.gram[(j, c)]) * above.correlation[j].scale(inverse);
        }
    }
}
