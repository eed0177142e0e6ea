//! The best few columns of a few, by trying them all.

use crate::kernels::simd;
use crate::scalar::Scalar;

/// Columns that are chosen at most.
pub(in crate::algorithms::search) const MOST: usize = 6;

/// What coefficients may be.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::algorithms::search) struct Limits {
    /// |x|² at most.
    pub(in crate::algorithms::search) most_square: f64,
    /// Whether x ≥ 0.
    pub(in crate::algorithms::search) is_nonnegative: bool,
}

impl Limits {
    /// |b|²/d, what a column gains, or 0 if its coefficient b/d is not allowed.
    #[inline(always)]
    pub(in crate::algorithms::search) fn gain<T: Scalar>(self, pull: T, distance: f64) -> f64 {
        let square = pull.abs2();
        let is_allowed =
            square <= self.most_square * distance * distance && !(self.is_nonnegative && pull.real() < 0.0);
        if is_allowed { square / distance } else { 0.0 }
    }

    /// Whether a coefficient is allowed.
    pub(in crate::algorithms::search) fn allow<T: Scalar>(self, x: T) -> bool {
        x.abs2() <= self.most_square && !self.is_negative(x)
    }

    /// Whether a coefficient is negative and must not be.
    pub(in crate::algorithms::search) fn is_negative<T: Scalar>(self, x: T) -> bool {
        self.is_nonnegative && x.real() < 0.0
    }
}

/// A least-squares problem on a few columns: the upper triangle of their Gram matrix by rows, their products with the residual, and
/// their squared lengths.
#[derive(Debug, Default, Clone)]
pub(in crate::algorithms::search) struct Local<T> {
    pub(in crate::algorithms::search) size: usize,
    pub(in crate::algorithms::search) gram: Vec<T>,
    pub(in crate::algorithms::search) pull: Vec<T>,
    pub(in crate::algorithms::search) distance: Vec<f64>,
    /// What the coefficient of the column that is chosen last may be; where x ≥ 0, all of them are.
    pub(in crate::algorithms::search) limits: Limits,
    /// Squared lengths up to this count as none.
    pub(in crate::algorithms::search) least: f64,
}

/// Memory for the problems that remain once one column, two, … were chosen.
#[derive(Debug, Default)]
pub(in crate::algorithms::search) struct Refill<T> {
    levels: Vec<Local<T>>,
    gains: Vec<f64>,
    chosen: [usize; MOST],
}

impl<T: Scalar> Refill<T> {
    /// The `count` columns that explain most together, their indices rising, and how much; of equal ones the first. `None` if there are
    /// not as many that are independent.
    ///
    /// Cost: C(size, count) leaves of a few operations each.
    pub(in crate::algorithms::search) fn best(
        &mut self,
        problem: &Local<T>,
        count: usize,
    ) -> Option<(f64, [usize; MOST])> {
        if count == 0 {
            return Some((0.0, [0; MOST]));
        }
        if count > problem.size || count > MOST {
            return None;
        }
        if self.levels.is_empty() {
            self.levels.resize(MOST, Local::default());
        }
        self.levels[0].clone_from(problem);
        let mut best = (0.0, [0; MOST]);
        self.descend(0, 0, 0.0, count, &mut best);
        (best.0 > 0.0).then_some(best)
    }

    /// Chooses the columns from `from` on, `left` of them, on the problem of a level.
    fn descend(&mut self, level: usize, from: usize, gained: f64, left: usize, best: &mut (f64, [usize; MOST])) {
        let size = self.levels[level].size;
        if left == 1 {
            let problem = &self.levels[level];
            for c in from..size {
                let d = problem.distance[c];
                let gain = if d > problem.least { gained + problem.limits.gain(problem.pull[c], d) } else { 0.0 };
                if gain > best.0 && self.follow(level, &[(c, problem.pull[c].scale(1.0 / d))]) {
                    self.chosen[level] = c;
                    *best = (gain, self.chosen);
                }
            }
            return;
        }
        if left == 2 {
            return simd(
                #[inline(always)]
                || self.pairs(level, from, gained, best),
            );
        }
        for c in from..size.saturating_sub(left - 1) {
            let (before, after) = self.levels.split_at_mut(level + 1);
            let (problem, next) = (&before[level], &mut after[0]);
            let d = problem.distance[c];
            if d <= problem.least {
                continue;
            }
            let over = 1.0 / d;
            let b = problem.pull[c].scale(over);
            next.size = size;
            (next.limits, next.least) = (problem.limits, problem.least);
            next.gram.resize(size * size, T::ZERO);
            next.pull.resize(size, T::ZERO);
            next.distance.resize(size, 0.0);
            let row = &problem.gram[c * size..(c + 1) * size];
            for l in c + 1..size {
                let factor = row[l].conj().scale(over);
                next.pull[l] = problem.pull[l] - row[l].conj() * b;
                next.distance[l] = problem.distance[l] - row[l].abs2() * over;
                let (from, to) = (l * size + l + 1, (l + 1) * size);
                let rest = next.gram[from..to].iter_mut().zip(&problem.gram[from..to]).zip(&row[l + 1..]);
                rest.for_each(|((out, &g), &p)| *out = g - factor * p);
            }
            let gain = gained + problem.pull[c].abs2() * over;
            self.chosen[level] = c;
            self.descend(level + 1, c + 1, gain, left - 1, best);
        }
    }

    /// Whether the columns chosen on the levels before this one are allowed, where x ≥ 0, once the last have these coefficients.
    fn follow(&self, level: usize, last: &[(usize, T)]) -> bool {
        if level == 0 || !self.levels[0].limits.is_nonnegative {
            return true;
        }
        let mut all = [(0, T::ZERO); MOST];
        all[..last.len()].copy_from_slice(last);
        let levels = self.levels[..level].iter().zip(&self.chosen).rev();
        for (count, (problem, &c)) in (last.len()..).zip(levels) {
            let row = &problem.gram[c * problem.size..(c + 1) * problem.size];
            let taken: T = all[..count].iter().map(|&(l, x)| row[l] * x).sum();
            let x = (problem.pull[c] - taken).scale(1.0 / problem.distance[c]);
            if problem.limits.is_negative(x) {
                return false;
            }
            all[count] = (c, x);
        }
        true
    }

    /// The last two, in closed form.
    #[inline(always)]
    fn pairs(&mut self, level: usize, from: usize, gained: f64, best: &mut (f64, [usize; MOST])) {
        let problem = &self.levels[level];
        let (size, limits, least) = (problem.size, problem.limits, problem.least);
        self.gains.resize(size, 0.0);
        for j in from..size.saturating_sub(1) {
            let d = problem.distance[j];
            if d <= problem.least {
                continue;
            }
            let over = 1.0 / d;
            let b = problem.pull[j].scale(over);
            let first = gained + problem.pull[j].abs2() * over;
            let rest = j + 1..size;
            let row = &problem.gram[j * size + j + 1..(j + 1) * size];
            let gains = &mut self.gains[rest.clone()];
            let pulls = &problem.pull[rest.clone()];
            let distances = &problem.distance[rest];
            let mut most = 0.0;
            for (((gain, &p), &pull), &distance) in gains.iter_mut().zip(row).zip(pulls).zip(distances) {
                let left = distance - p.abs2() * over;
                let found = limits.gain(pull - p.conj() * b, left);
                *gain = if left > least { found } else { 0.0 };
                most = if *gain > most { *gain } else { most };
            }
            if limits.is_nonnegative {
                for at in 0..row.len() {
                    let (gain, m) = (self.gains[j + 1 + at], j + 1 + at);
                    if gain <= 0.0 || first + gain <= best.0 {
                        continue;
                    }
                    let left = problem.distance[m] - row[at].abs2() * over;
                    let x = (problem.pull[m] - row[at].conj() * b).scale(1.0 / left);
                    let other = b - row[at].scale(over) * x;
                    if !limits.is_negative(other) && self.follow(level, &[(j, other), (m, x)]) {
                        self.chosen[level] = j;
                        self.chosen[level + 1] = m;
                        *best = (first + gain, self.chosen);
                    }
                }
                continue;
            }
            if most > 0.0
                && first + most > best.0
                && let Some(m) = self.gains[j + 1..size].iter().position(|&gain| gain == most)
            {
                self.chosen[level] = j;
                self.chosen[level + 1] = j + 1 + m;
                *best = (first + most, self.chosen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, normal_vector, stream};
    use faer::Mat;
    use num_complex::Complex;

    /// ‖y‖² less the least ‖y − A_S x‖² over all S of `count` columns, by QR.
    fn best_by_qr<T: Scalar>(a: &Mat<T>, y: &[T], count: usize) -> (f64, Vec<usize>) {
        use faer::linalg::solvers::SolveLstsq;
        let right = Mat::from_fn(y.len(), 1, |i, _| y[i]);
        let mut best = (0.0, vec![]);
        for set in 0u32..1 << a.ncols() {
            let support: Vec<usize> = (0..a.ncols()).filter(|j| set >> j & 1 == 1).collect();
            if support.len() == count {
                let part = Mat::from_fn(y.len(), count, |i, c| a[(i, support[c])]);
                let left = &right - &part * part.qr().solve_lstsq(&right);
                let gain = right.col(0).squared_norm_l2() - left.col(0).squared_norm_l2();
                if gain > best.0 {
                    best = (gain, support);
                }
            }
        }
        best
    }

    fn finds_the_best<T: Scalar>(seed: u64) {
        let (m, n) = (12, 9);
        let a: Mat<T> = gaussian_matrix(&mut stream(seed, 0, 0), m, n);
        let y: Vec<T> = normal_vector(&mut stream(seed, 1, 0), m);
        let gram = a.adjoint() * &a;
        let pull = (0..n).map(|j| (0..m).map(|i| Scalar::conj(a[(i, j)]) * y[i]).sum()).collect();
        let local = Local {
            size: n,
            gram: (0..n * n).map(|at| gram[(at / n, at % n)]).collect(),
            pull,
            distance: (0..n).map(|j| gram[(j, j)].real()).collect(),
            limits: Limits { most_square: f64::INFINITY, is_nonnegative: false },
            least: 1e-7,
        };
        let mut refill = Refill::default();
        for count in 1..=5 {
            let (gain, support) = best_by_qr(&a, &y, count);
            let (found, chosen) = refill.best(&local, count).unwrap();
            assert!((found - gain).abs() < 1e-10 * gain, "{count}: {found} {gain}");
            assert_eq!(&chosen[..count], &support[..], "{count}");
        }
    }

    #[test]
    fn it_is_the_best_of_all() {
        for seed in 0..5 {
            finds_the_best::<f64>(seed);
            finds_the_best::<Complex<f64>>(seed);
        }
    }
}
