//! Least squares with bounds on a few columns, by their Gram matrix.

/// Where a coefficient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between its bounds; nothing pulls it.
    Free,
    /// At a bound, or at 0 before it has been free.
    Resting,
    /// At 0, to stay there.
    Gone,
}

/// A point of minimise ‖r − A_C (x − x₀)‖² over l ≤ x ≤ u, optimal in its free coefficients, and what it takes to go on.
///
/// With G = A_CᵀA_C, F the free columns, N the others and H = (G_FF)⁻¹, the matrix holds H, H G_FN and G_NN − G_NF H G_FN: G swept on F
/// (Goodnight 1979, DOI 10.1080/00031305.1979.10482685). A column becomes free or comes to rest by one pivot, |C|² multiply-adds.
#[derive(Debug, Clone, Default)]
pub(super) struct Sweep {
    size: usize,
    /// Row a at `matrix[a * stride..]`; symmetric.
    matrix: Vec<f64>,
    stride: usize,
    /// x.
    values: Vec<f64>,
    /// A_Cᵀ of the residual; 0 for free columns.
    pulls: Vec<f64>,
    bounds: Vec<(f64, f64)>,
    /// Squared distances at or below which a column counts as dependent.
    floors: Vec<f64>,
    places: Vec<Place>,
    /// What ‖r‖² has fallen by.
    gain: f64,
    row: Vec<f64>,
}

/// A column beside those of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joining {
    pub(super) value: f64,
    pub(super) pull: f64,
    pub(super) bounds: (f64, f64),
    pub(super) floor: f64,
}

impl Sweep {
    /// No columns, with room for so many.
    pub(super) fn with_capacity(columns: usize) -> Self {
        Self { stride: columns, matrix: vec![0.0; columns * columns], ..Self::default() }
    }

    /// What ‖r‖² has fallen by since the first point.
    pub(super) fn gain(&self) -> f64 {
        self.gain
    }

    /// x.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn place(&self, at: usize) -> Place {
        self.places[at]
    }

    /// Adds a column that rests; `entries` are its Gram entries with those before it and itself.
    pub(super) fn push(&mut self, entries: &[f64], column: Joining) {
        let (size, stride) = (self.size, self.stride);
        let own = entries[size];
        for a in 0..size {
            let through: f64 = (0..size)
                .filter(|&b| self.places[b] == Place::Free)
                .map(|b| self.matrix[a * stride + b] * entries[b])
                .sum();
            let entry = if self.places[a] == Place::Free { through } else { entries[a] - through };
            self.matrix[a * stride + size] = entry;
            self.matrix[size * stride + a] = entry;
        }
        let free = (0..size).filter(|&a| self.places[a] == Place::Free);
        let explained: f64 = free.map(|a| self.matrix[a * stride + size] * entries[a]).sum();
        self.matrix[size * stride + size] = own - explained;
        self.size += 1;
        self.values.push(column.value);
        self.pulls.push(column.pull);
        self.bounds.push(column.bounds);
        self.floors.push(column.floor);
        self.places.push(Place::Resting);
    }

    /// A resting column becomes free where it is, its pull being 0; not if it depends on the free ones.
    pub(super) fn set_free(&mut self, at: usize) {
        if self.matrix[at * self.stride + at] > self.floors[at] {
            self.pivot(at);
            self.pulls[at] = 0.0;
        }
    }

    /// Moves a resting coefficient, the free ones following.
    fn shift(&mut self, at: usize, step: f64) {
        let stride = self.stride;
        self.gain += step * (2.0 * self.pulls[at] - self.matrix[at * stride + at] * step);
        self.values[at] += step;
        for a in 0..self.size {
            let change = self.matrix[at * stride + a] * step;
            if self.places[a] == Place::Free {
                self.values[a] -= change;
            } else {
                self.pulls[a] -= change;
            }
        }
    }

    /// A free coefficient comes to rest at `bound`, the others following.
    fn rest(&mut self, at: usize, bound: f64) {
        let stride = self.stride;
        let pivot = self.matrix[at * stride + at];
        let off = (self.values[at] - bound) / pivot;
        self.gain -= off * off * pivot;
        for a in 0..self.size {
            let change = self.matrix[at * stride + a] * off;
            if self.places[a] == Place::Free {
                self.values[a] -= change;
            } else {
                self.pulls[a] += change;
            }
        }
        self.values[at] = bound;
        self.pulls[at] = off;
        self.pivot(at);
    }

    /// A coefficient goes to 0, and stays there.
    pub(super) fn remove(&mut self, at: usize) {
        match self.places[at] {
            Place::Free => self.rest(at, 0.0),
            _ if self.values[at] != 0.0 => self.shift(at, -self.values[at]),
            _ => {}
        }
        self.places[at] = Place::Gone;
    }

    /// Sweeps on a column, or back.
    fn pivot(&mut self, at: usize) {
        let (size, stride) = (self.size, self.stride);
        let pivot = self.matrix[at * stride + at];
        let over = 1.0 / pivot;
        let was_free = self.places[at] == Place::Free;
        self.row.clear();
        self.row.extend_from_slice(&self.matrix[at * stride..][..size]);
        for a in 0..size {
            let is_free = self.places[a] == Place::Free;
            let factor = self.row[a] * over;
            for b in 0..size {
                let other_is_free = self.places[b] == Place::Free;
                // Blocks of the side that the column joins grow, the others shrink.
                let grows = is_free == other_is_free && is_free != was_free;
                let change = factor * self.row[b];
                self.matrix[a * stride + b] += if grows { change } else { -change };
            }
        }
        for a in 0..size {
            let is_free = self.places[a] == Place::Free;
            // Between columns that are now of the same side and such that are not.
            let entry = if is_free { -self.row[a] * over } else { self.row[a] * over };
            self.matrix[a * stride + at] = entry;
            self.matrix[at * stride + a] = entry;
        }
        self.matrix[at * stride + at] = over;
        self.places[at] = if was_free { Place::Resting } else { Place::Free };
    }

    /// Free coefficients beyond their bounds come to rest there, those first that cost most.
    fn confine(&mut self) {
        loop {
            let mut worst = (0.0, None);
            for a in 0..self.size {
                let (value, (lower, upper)) = (self.values[a], self.bounds[a]);
                let bound = value.max(lower).min(upper);
                if self.places[a] == Place::Free && bound != value {
                    let cost = (value - bound).powi(2) / self.matrix[a * self.stride + a];
                    if cost >= worst.0 {
                        worst = (cost, Some((a, bound)));
                    }
                }
            }
            let Some((at, bound)) = worst.1 else { return };
            self.rest(at, bound);
        }
    }

    /// The resting column that becoming free lowers ‖r‖² most, and by more than `least`.
    fn pulled(&self, least: f64) -> Option<usize> {
        let mut best = (least, None);
        for a in 0..self.size {
            let (value, pull, (lower, upper)) = (self.values[a], self.pulls[a], self.bounds[a]);
            let distance = self.matrix[a * self.stride + a];
            let inward = (pull > 0.0 && value < upper) || (pull < 0.0 && value > lower);
            if self.places[a] == Place::Resting && inward && distance > self.floors[a] {
                let gain = pull * pull / distance;
                if gain > best.0 {
                    best = (gain, Some(a));
                }
            }
        }
        best.1
    }

    /// Goes on to the optimum: as long as one becoming free lowers ‖r‖² by more than `least`.
    pub(super) fn settle(&mut self, least: f64) {
        self.confine();
        // Others come to rest meanwhile, and ‖r‖² need not fall each time.
        let mut in_vain = 0;
        let mut best = self.gain;
        while in_vain <= self.size
            && let Some(at) = self.pulled(least)
        {
            self.shift(at, self.pulls[at] / self.matrix[at * self.stride + at]);
            self.set_free(at);
            self.confine();
            in_vain = if self.gain > best { 0 } else { in_vain + 1 };
            best = best.max(self.gain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{normal_vector, stream};
    use rand::RngExt;

    /// ‖r‖² where coefficients are free, at 0 or at a bound in every possible way, the best that is allowed.
    fn best_of_all(a: &[Vec<f64>], y: &[f64], bounds: &[(f64, f64)]) -> f64 {
        let n = a.len();
        let mut best = f64::INFINITY;
        for code in 0..3usize.pow(n as u32) {
            let states: Vec<usize> = (0..n).map(|j| code / 3usize.pow(j as u32) % 3).collect();
            let end = |j: usize| if states[j] == 1 { bounds[j].0 } else { bounds[j].1 };
            if (0..n).any(|j| states[j] > 0 && !end(j).is_finite()) {
                continue;
            }
            let mut r = y.to_vec();
            for j in (0..n).filter(|&j| states[j] > 0) {
                r.iter_mut().zip(&a[j]).for_each(|(r, a)| *r -= end(j) * a);
            }
            let free: Vec<usize> = (0..n).filter(|&j| states[j] == 0).collect();
            let columns = faer::Mat::from_fn(y.len(), free.len(), |i, c| a[free[c]][i]);
            let right = faer::Mat::from_fn(y.len(), 1, |i, _| r[i]);
            use faer::linalg::solvers::SolveLstsq;
            let x = columns.qr().solve_lstsq(&right);
            let rest = &right - &columns * x.as_ref().subrows(0, free.len());
            let fits = free.iter().enumerate().all(|(c, &j)| x[(c, 0)] >= bounds[j].0 && x[(c, 0)] <= bounds[j].1);
            if fits {
                best = best.min(rest.squared_norm_l2());
            }
        }
        best
    }

    #[test]
    fn the_optimum_is_found_column_by_column() {
        for seed in 0..200 {
            let mut rng = stream(seed, 0, 0);
            let (m, n) = (7, 5);
            let a: Vec<Vec<f64>> = (0..n).map(|_| normal_vector(&mut rng, m)).collect();
            let y: Vec<f64> = normal_vector(&mut rng, m);
            let kinds = [(0.0, f64::INFINITY), (-0.1, 0.2), (f64::NEG_INFINITY, f64::INFINITY), (0.0, 0.3)];
            let bounds: Vec<(f64, f64)> = (0..n).map(|_| kinds[rng.random_range(0..4)]).collect();
            let dot = |u: &[f64], v: &[f64]| -> f64 { u.iter().zip(v).map(|(u, v)| u * v).sum() };
            let mut sweep = Sweep::with_capacity(n);
            for j in 0..n {
                let entries: Vec<f64> = (0..=j).map(|i| dot(&a[i], &a[j])).collect();
                // The pull of the point that there is, of whose residual the columns before it are part.
                let mut r = y.clone();
                for (column, x) in a.iter().zip(sweep.values()) {
                    r.iter_mut().zip(column).for_each(|(r, a)| *r -= x * a);
                }
                let column = Joining { value: 0.0, pull: dot(&a[j], &r), bounds: bounds[j], floor: 1e-12 };
                sweep.push(&entries, column);
                sweep.settle(1e-14);
                let exact = best_of_all(&a[..=j], &y, &bounds[..=j]);
                assert!((dot(&y, &y) - sweep.gain() - exact).abs() < 1e-9, "seed {seed}, {j}");
            }
            // Two of them go, in any state.
            let mut fewer = sweep.clone();
            fewer.remove(1);
            fewer.remove(3);
            fewer.settle(1e-14);
            let kept = [0, 2, 4];
            let columns: Vec<Vec<f64>> = kept.iter().map(|&j| a[j].clone()).collect();
            let exact = best_of_all(&columns, &y, &kept.map(|j| bounds[j]));
            assert!((dot(&y, &y) - fewer.gain() - exact).abs() < 1e-9, "seed {seed}");
        }
    }
}
