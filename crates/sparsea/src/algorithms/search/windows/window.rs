//! The columns of one window: the fit on those in use, and what every other would gain.

use super::refill::{Limits, Local, MOST};
use crate::kernels::simd;
use crate::scalar::Scalar;
use crate::tolerance::{WINDOW_DISTANCE, WINDOW_GAIN};

/// Entries G_pq of the Gram matrix for places p, q of a window that are at most `reach` apart; others are 0.
#[derive(Clone, Copy)]
pub(super) struct Band<'b, T> {
    /// G_{p, p + d} at `p * stride + d`; the stride is 0 where all columns are alike.
    pub(super) entries: &'b [T],
    pub(super) stride: usize,
    pub(super) reach: usize,
}

/// Entries of the Gram matrix of the columns of a window.
pub(in crate::algorithms::search) trait Gram<T> {
    /// G_pq.
    fn get(&self, p: usize, q: usize) -> T;
}

impl<T: Scalar> Gram<T> for Band<'_, T> {
    #[inline(always)]
    fn get(&self, p: usize, q: usize) -> T {
        let (low, apart) = if p <= q { (p, q - p) } else { (q, p - q) };
        if apart > self.reach {
            return T::ZERO;
        }
        let entry = self.entries[low * self.stride + apart];
        if p <= q { entry } else { entry.conj() }
    }
}

/// A move to a neighbouring support.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    Add(usize),
    /// The member at this position among members.
    Drop(usize),
    Exchange(usize, usize),
}

/// Least squares on the members of a window, everything outside fixed.
///
/// With S the members, U = G_S⁻¹ and H = U G_{S·}; for every place j, d_j is the squared distance of its column from the span of the
/// members, and b_j its product with the residual of their fit.
#[derive(Debug, Default)]
pub(in crate::algorithms::search) struct Window<T> {
    width: usize,
    /// Places that may join and leave.
    free: std::ops::Range<usize>,
    /// Places of members, in the order in which they joined.
    members: Vec<usize>,
    is_member: Vec<bool>,
    /// Places whose joining has made coefficients too large.
    is_barred: Vec<bool>,
    /// U by rows, `CAPACITY` apart.
    inverse: Vec<T>,
    /// H by rows.
    rows: Vec<T>,
    distance: Vec<f64>,
    pull: Vec<T>,
    values: Vec<T>,
    /// ‖r‖², up to what it was without members.
    energy: f64,
    scratch: Vec<T>,
    column: Vec<T>,
    /// What coefficients may be: columns at an edge explain what lies outside by huge ones.
    limits: Limits,
    /// Squared distances from the span of the members up to this count as none.
    least: f64,
}

/// Members at most.
pub(in crate::algorithms::search) const CAPACITY: usize = 64;

impl<T: Scalar> Window<T> {
    /// Begins without members: b_j = `pull`, d_j = the diagonal of the Gram matrix. Only places in `free` are to join later.
    /// `limits` is what coefficients may be, `square` the squared length of a whole column.
    pub(in crate::algorithms::search) fn begin(
        &mut self,
        band: &impl Gram<T>,
        pull: &[T],
        free: std::ops::Range<usize>,
        limits: Limits,
        square: f64,
    ) {
        self.limits = limits;
        self.least = WINDOW_DISTANCE * square;
        self.width = pull.len();
        self.free = free;
        self.members.clear();
        self.values.clear();
        self.energy = 0.0;
        self.rows.clear();
        self.inverse.resize(CAPACITY * CAPACITY, T::ZERO);
        self.is_member.clear();
        self.is_member.resize(self.width, false);
        self.is_barred.clear();
        self.is_barred.resize(self.width, false);
        self.distance.clear();
        self.distance.extend((0..self.width).map(|p| band.get(p, p).real()));
        self.pull.clear();
        self.pull.extend_from_slice(pull);
        self.scratch.resize(self.width, T::ZERO);
    }

    pub(in crate::algorithms::search) fn members(&self) -> &[usize] {
        &self.members
    }

    pub(in crate::algorithms::search) fn values(&self) -> &[T] {
        &self.values
    }

    /// ‖r‖², up to what it was without members.
    pub(in crate::algorithms::search) fn energy(&self) -> f64 {
        self.energy
    }

    /// ‖r‖² rises by this if the member at a position leaves.
    pub(in crate::algorithms::search) fn loss(&self, at: usize) -> f64 {
        self.values[at].abs2() / self.diagonal(at)
    }

    /// ‖r‖² falls by this if the column at a place joins.
    pub(in crate::algorithms::search) fn gain(&self, place: usize) -> f64 {
        if !self.is_open(place) {
            return 0.0;
        }
        self.limits.gain(self.pull[place], self.distance[place])
    }

    /// The free place whose joining gains most in a part of the window, and by how much.
    pub(in crate::algorithms::search) fn best_gain(&self, part: std::ops::Range<usize>) -> (f64, usize) {
        part.map(|place| (self.gain(place), place)).fold((0.0, 0), |best, one| if one.0 > best.0 { one } else { best })
    }

    fn diagonal(&self, at: usize) -> f64 {
        self.inverse[at * CAPACITY + at].real()
    }

    fn row(&self, at: usize) -> &[T] {
        &self.rows[at * self.width..(at + 1) * self.width]
    }

    /// Whether the column at a place is a member.
    pub(in crate::algorithms::search) fn is_member(&self, place: usize) -> bool {
        self.is_member[place]
    }

    /// Whether a place is one of those that may join and leave.
    pub(in crate::algorithms::search) fn may_choose(&self, place: usize) -> bool {
        self.free.contains(&place)
    }

    /// Whether a place may be chosen.
    pub(in crate::algorithms::search) fn is_open(&self, place: usize) -> bool {
        !self.is_member[place] && !self.is_barred[place] && self.distance[place] > self.least
    }

    /// The column at `place` joins, whose coefficient was `before`; false if it is too close to the span of the others.
    pub(in crate::algorithms::search) fn join(&mut self, band: &impl Gram<T>, place: usize, before: T) -> bool {
        let size = self.members.len();
        let pivot = self.distance[place];
        if size == CAPACITY || self.is_member[place] || pivot <= self.least {
            return false;
        }
        // P_j·, the Gram matrix of what the members leave of the columns.
        let mut projected = std::mem::take(&mut self.scratch);
        for (q, out) in projected.iter_mut().enumerate() {
            *out = band.get(place, q);
        }
        self.column.clear();
        for (at, &member) in self.members.iter().enumerate() {
            let entry = -band.get(place, member);
            let row = &self.rows[at * self.width..(at + 1) * self.width];
            self.column.push(row[place]);
            if entry != T::ZERO {
                simd(
                    #[inline(always)]
                    || projected.iter_mut().zip(row).for_each(|(out, &h)| *out += entry * h),
                );
            }
        }
        let (step, over) = (self.pull[place].scale(1.0 / pivot), 1.0 / pivot);
        self.energy -= self.pull[place].abs2() * over;
        let (rows, column) = (&mut self.rows, &self.column);
        simd(
            #[inline(always)]
            || {
                for ((b, d), &p) in self.pull.iter_mut().zip(&mut self.distance).zip(&projected) {
                    *b -= p.conj() * step;
                    *d -= p.abs2() * over;
                }
                for (row, &h) in rows.chunks_mut(self.width).zip(column) {
                    let factor = h.scale(-over);
                    row.iter_mut().zip(&projected).for_each(|(out, &p)| *out += factor * p);
                }
            },
        );
        self.rows.extend(projected.iter().map(|p| p.scale(over)));
        self.scratch = projected;
        for i in 0..size {
            self.values[i] = self.values[i] - self.column[i] * step;
            for l in 0..size {
                let change = (self.column[i] * self.column[l].conj()).scale(over);
                self.inverse[i * CAPACITY + l] += change;
            }
            let side = self.column[i].scale(-over);
            self.inverse[i * CAPACITY + size] = side;
            self.inverse[size * CAPACITY + i] = side.conj();
        }
        self.inverse[size * CAPACITY + size] = T::from_real(over);
        self.values.push(before + step);
        self.members.push(place);
        self.is_member[place] = true;
        self.settle();
        true
    }

    /// The member at a position leaves.
    fn leave(&mut self, at: usize) {
        let (size, width) = (self.members.len(), self.width);
        let (diagonal, value, place) = (self.diagonal(at), self.values[at], self.members[at]);
        let over = 1.0 / diagonal;
        self.scratch.copy_from_slice(&self.rows[at * width..(at + 1) * width]);
        let leaving = &self.scratch;
        self.column.clear();
        self.column.extend((0..size).map(|i| self.inverse[i * CAPACITY + at].scale(over)));
        let (rows, column) = (&mut self.rows, &self.column);
        let step = value.scale(over);
        self.energy += value.abs2() * over;
        simd(
            #[inline(always)]
            || {
                for ((b, d), &h) in self.pull.iter_mut().zip(&mut self.distance).zip(leaving) {
                    *b += h.conj() * step;
                    *d += h.abs2() * over;
                }
                for (row, &c) in rows.chunks_mut(width).zip(column) {
                    row.iter_mut().zip(leaving).for_each(|(out, &h)| *out -= c * h);
                }
            },
        );
        for i in 0..size {
            if i != at {
                self.values[i] = self.values[i] - self.column[i] * value;
                for l in 0..size {
                    let change = self.column[i] * self.inverse[at * CAPACITY + l];
                    self.inverse[i * CAPACITY + l] -= change;
                }
            }
        }
        // The last takes its place.
        let last = size - 1;
        for i in 0..size {
            self.inverse[i * CAPACITY + at] = self.inverse[i * CAPACITY + last];
        }
        for l in 0..size {
            self.inverse[at * CAPACITY + l] = self.inverse[last * CAPACITY + l];
        }
        self.rows.copy_within(last * width.., at * width);
        self.rows.truncate(last * width);
        self.members.swap_remove(at);
        self.values.swap_remove(at);
        self.is_member[place] = false;
        self.pull[place] = step;
        self.distance[place] = over;
        self.settle();
    }

    /// What is exact by definition, without its rounding.
    fn settle(&mut self) {
        let size = self.members.len();
        for at in 0..size {
            let place = self.members[at];
            self.pull[place] = T::ZERO;
            self.distance[place] = 0.0;
            for i in 0..size {
                self.rows[i * self.width + place] = if i == at { T::ONE } else { T::ZERO };
            }
        }
    }

    /// Adds, drops and exchanges free columns while that lowers ‖r‖² + λ|S| by more than `floor`. How many moves were made.
    pub(in crate::algorithms::search) fn descend(&mut self, band: &impl Gram<T>, price: f64, floor: f64) -> usize {
        const MOST: usize = 200;
        self.drop_negative();
        for moves in 0..MOST {
            let Some(best) = self.best_move(price, floor) else { return moves };
            match best {
                Move::Add(place) => {
                    self.replace(band, &[], &[place], price);
                }
                Move::Drop(at) => {
                    self.leave(at);
                    self.drop_negative();
                }
                Move::Exchange(at, place) => {
                    self.replace(band, &[at], &[place], price);
                }
            }
        }
        MOST
    }

    fn best_move(&self, price: f64, floor: f64) -> Option<Move> {
        let mut best = (floor, None);
        let (gain, place) = self.best_gain(self.free.clone());
        if gain - price > best.0 {
            best = (gain - price, Some(Move::Add(place)));
        }
        for (at, &member) in self.members.iter().enumerate() {
            if !self.free.contains(&member) {
                continue;
            }
            let loss = self.loss(at);
            if price - loss > best.0 {
                best = (price - loss, Some(Move::Drop(at)));
            }
            let (gain, place) = self.best_exchange(at);
            if gain - loss > best.0.max(WINDOW_GAIN * loss) {
                best = (gain - loss, Some(Move::Exchange(at, place)));
            }
        }
        best.1
    }

    /// The column that gains most in place of the member at a position, and by how much.
    fn best_exchange(&self, at: usize) -> (f64, usize) {
        const LANES: usize = 8;
        let over = 1.0 / self.diagonal(at);
        let step = self.values[at].scale(over);
        let (from, to) = (self.free.start, self.free.end);
        let (pull, distance, row) = (&self.pull[from..to], &self.distance[from..to], &self.row(at)[from..to]);
        let (limits, least) = (self.limits, self.least);
        let gain = |b: T, d: f64, h: T| {
            let left = d + h.abs2() * over;
            if left > least { limits.gain(b + h.conj() * step, left) } else { 0.0 }
        };
        let mut most = [0.0; LANES];
        simd(
            #[inline(always)]
            || {
                for ((b, d), h) in pull.chunks(LANES).zip(distance.chunks(LANES)).zip(row.chunks(LANES)) {
                    for lane in 0..b.len() {
                        // Members have d = 0 and h = 0, but for the leaving one, whose gain is its loss.
                        let gain = gain(b[lane], d[lane], h[lane]);
                        most[lane] = if gain > most[lane] { gain } else { most[lane] };
                    }
                }
            },
        );
        let most = most.into_iter().fold(0.0, f64::max);
        if most <= self.loss(at) * (1.0 + WINDOW_GAIN) {
            return (0.0, 0);
        }
        let place =
            (from..to).find(|&j| self.is_open(j) && gain(self.pull[j], self.distance[j], self.row(at)[j]) >= most);
        place.map_or((0.0, 0), |place| (most, place))
    }

    /// The positions among members of the free members, by place.
    pub(in crate::algorithms::search) fn free_members(&self, out: &mut Vec<usize>) {
        out.clear();
        out.extend((0..self.members.len()).filter(|&at| self.free.contains(&self.members[at])));
        out.sort_unstable_by_key(|&at| self.members[at]);
    }

    /// Places that are free, near a run of members, and members only if of the run.
    pub(in crate::algorithms::search) fn near(&self, run: &[usize], margin: usize, out: &mut Vec<usize>) {
        let (first, last) = (self.members[run[0]], self.members[run[run.len() - 1]]);
        let from = first.saturating_sub(margin).max(self.free.start);
        let to = (last + margin + 1).min(self.free.end);
        out.clear();
        let of_run = |place: usize| run.iter().any(|&at| self.members[at] == place);
        out.extend((from..to).filter(|&place| if self.is_member[place] { of_run(place) } else { self.is_open(place) }));
    }

    /// What the problem on `places` is once a run of members has left: P by rows, b and d; and what ‖r‖² has risen by. `None` where the
    /// run is too close to dependence.
    pub(in crate::algorithms::search) fn without(
        &self,
        band: &impl Gram<T>,
        run: &[usize],
        places: &[usize],
        out: &mut Local<T>,
    ) -> Option<f64> {
        simd(
            #[inline(always)]
            || self.without_inline(band, run, places, out),
        )
    }

    #[inline(always)]
    fn without_inline(&self, band: &impl Gram<T>, run: &[usize], places: &[usize], out: &mut Local<T>) -> Option<f64> {
        let (size, r) = (places.len(), run.len());
        out.size = size;
        (out.limits, out.least) = (self.limits, self.least);
        out.gram.clear();
        out.gram.resize(size * size, T::ZERO);
        for (a, &p) in places.iter().enumerate() {
            for (c, &q) in places.iter().enumerate().skip(a) {
                out.gram[a * size + c] = band.get(p, q);
            }
            for (at, &member) in self.members.iter().enumerate() {
                let entry = band.get(p, member);
                if entry != T::ZERO {
                    let row = self.row(at);
                    for (c, &q) in places.iter().enumerate().skip(a) {
                        out.gram[a * size + c] -= entry * row[q];
                    }
                }
            }
        }
        // (U_RR)⁻¹ by elimination: r ≤ 5.
        let mut block = [[T::ZERO; MOST]; MOST];
        let mut inverse = block;
        for i in 0..r {
            inverse[i][i] = T::ONE;
            for l in 0..r {
                block[i][l] = self.inverse[run[i] * CAPACITY + run[l]];
            }
        }
        for i in 0..r {
            let pivot = block[i][i].real();
            if pivot.is_nan() || pivot <= 0.0 || pivot > 1.0 / self.least {
                return None;
            }
            let over = 1.0 / pivot;
            for l in 0..r {
                block[i][l] = block[i][l].scale(over);
                inverse[i][l] = inverse[i][l].scale(over);
            }
            for other in 0..r {
                if other != i {
                    let factor = block[other][i];
                    for l in 0..r {
                        let (b, v) = (block[i][l], inverse[i][l]);
                        block[other][l] -= factor * b;
                        inverse[other][l] -= factor * v;
                    }
                }
            }
        }
        // V = U_RR⁻¹ H_R at the places, and U_RR⁻¹ x_R.
        let mut solved = [T::ZERO; MOST];
        let mut lost = 0.0;
        for i in 0..r {
            solved[i] = (0..r).map(|l| inverse[i][l] * self.values[run[l]]).sum();
            lost += (self.values[run[i]].conj() * solved[i]).real();
        }
        out.pull.clear();
        out.pull.extend(places.iter().map(|&q| {
            let back: T = (0..r).map(|i| self.row(run[i])[q].conj() * solved[i]).sum();
            self.pull[q] + back
        }));
        for i in 0..r {
            let row_i = self.row(run[i]);
            for l in 0..r {
                let row_l = self.row(run[l]);
                let weight = inverse[i][l];
                if weight == T::ZERO {
                    continue;
                }
                for (a, &p) in places.iter().enumerate() {
                    let factor = row_i[p].conj() * weight;
                    if factor != T::ZERO {
                        for (c, &q) in places.iter().enumerate().skip(a) {
                            out.gram[a * size + c] += factor * row_l[q];
                        }
                    }
                }
            }
        }
        out.distance.clear();
        out.distance.extend((0..size).map(|a| out.gram[a * size + a].real()));
        Some(lost)
    }

    /// A run of members leaves, and the columns at `places` join; or false, and neither, if that makes coefficients too large. Where
    /// x ≥ 0, members that turn negative leave as well, unless ‖r‖² + λ|S| is no lower then.
    pub(in crate::algorithms::search) fn replace(
        &mut self,
        band: &impl Gram<T>,
        run: &[usize],
        places: &[usize],
        price: f64,
    ) -> bool {
        let leaving: Vec<usize> = run.iter().map(|&at| self.members[at]).collect();
        let objective = |one: &Self| one.energy + price * one.members.len() as f64;
        let before = objective(self);
        let mut dropped = vec![];
        let mut fits = self.swap(band, &leaving, places);
        if fits && self.limits.is_nonnegative {
            dropped = self.drop_negative();
            fits = dropped.is_empty() || objective(self) < before;
        }
        fits = fits && self.values.iter().all(|x| self.limits.allow(*x));
        if !fits {
            let back: Vec<usize> =
                leaving.iter().copied().chain(dropped.into_iter().filter(|place| !places.contains(place))).collect();
            self.swap(band, places, &back);
            places.iter().filter(|place| !leaving.contains(place)).for_each(|&place| self.is_barred[place] = true);
        }
        fits
    }

    /// Where x ≥ 0, negative members leave, the one that explains most first; their places.
    fn drop_negative(&mut self) -> Vec<usize> {
        let mut dropped = vec![];
        while self.limits.is_nonnegative {
            let negative = (0..self.members.len()).filter(|&at| self.limits.is_negative(self.values[at]));
            let Some(at) = negative.max_by(|&a, &b| self.loss(a).total_cmp(&self.loss(b))) else { break };
            dropped.push(self.members[at]);
            self.leave(at);
        }
        dropped
    }

    /// Members at places leave, and as many columns join, each the one that gains most when gains are multiplied by numbers drawn for
    /// them; false if a place is left.
    pub(in crate::algorithms::search) fn refill_by_chance(
        &mut self,
        band: &impl Gram<T>,
        leaving: &[usize],
        draw: &mut impl FnMut() -> f64,
    ) -> bool {
        self.swap(band, leaving, &[]);
        for _ in leaving {
            let mut best = (0.0, None);
            for place in self.free.clone() {
                let gain = self.gain(place);
                if gain > best.0 {
                    let drawn = gain * draw();
                    if drawn > best.0 {
                        best = (drawn, Some(place));
                    }
                }
            }
            if !best.1.is_some_and(|place| self.join(band, place, T::ZERO)) {
                return false;
            }
        }
        true
    }

    /// Members leave, and others join; false if one cannot.
    fn swap(&mut self, band: &impl Gram<T>, leaving: &[usize], joining: &[usize]) -> bool {
        for place in leaving {
            if let Some(at) = self.members.iter().position(|member| member == place) {
                self.leave(at);
            }
        }
        let mut all = true;
        for &place in joining {
            all &= self.join(band, place, T::ZERO);
        }
        all
    }
}

impl<T: Scalar> Clone for Window<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.clone_from(self);
        copy
    }

    /// Memory is used again, and of the inverse only what is in use is copied.
    fn clone_from(&mut self, other: &Self) {
        let size = other.members.len();
        (self.width, self.energy) = (other.width, other.energy);
        (self.limits, self.least) = (other.limits, other.least);
        self.free = other.free.clone();
        self.members.clone_from(&other.members);
        self.is_member.clone_from(&other.is_member);
        self.is_barred.clone_from(&other.is_barred);
        self.inverse.resize(other.inverse.len(), T::ZERO);
        for at in 0..size {
            let row = at * CAPACITY..at * CAPACITY + size;
            self.inverse[row.clone()].copy_from_slice(&other.inverse[row]);
        }
        self.rows.clone_from(&other.rows);
        self.distance.clone_from(&other.distance);
        self.pull.clone_from(&other.pull);
        self.values.clone_from(&other.values);
        self.scratch.resize(other.scratch.len(), T::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, normal_vector, stream};
    use faer::Mat;
    use faer::linalg::solvers::SolveLstsq;
    use num_complex::Complex;
    use rand::RngExt;

    /// Values, products with the residual and distances after any moves are those of least squares by QR.
    fn stays_least_squares<T: Scalar>(seed: u64) {
        let (m, n) = (30, 20);
        let mut rng = stream(seed, 3, 0);
        let a: Mat<T> = gaussian_matrix(&mut rng, m, n);
        let y: Vec<T> = normal_vector(&mut rng, m);
        let gram = a.adjoint() * &a;
        let entries: Vec<T> = (0..n)
            .flat_map(|p| (0..n).map(move |d| (p, d)))
            .map(|(p, d)| if p + d < n { gram[(p, p + d)] } else { T::ZERO })
            .collect();
        let band = Band { entries: &entries, stride: n, reach: n - 1 };
        let pull: Vec<T> = (0..n).map(|j| (0..m).map(|i| a[(i, j)].conj() * y[i]).sum()).collect();
        let mut window = Window::default();
        let limits = Limits { most_square: f64::INFINITY, is_nonnegative: false };
        window.begin(&band, &pull, 2..n - 2, limits, 1.0);
        for _ in 0..60 {
            let place = rng.random_range(0..n);
            match window.members.iter().position(|&member| member == place) {
                Some(at) if rng.random() => window.leave(at),
                None if window.members.len() < 10 => assert!(window.join(&band, place, T::ZERO)),
                _ => continue,
            }
            let members = window.members.clone();
            let right = Mat::from_fn(m, 1, |i, _| y[i]);
            let part = Mat::from_fn(m, members.len(), |i, c| a[(i, members[c])]);
            let residual_of = |right: &Mat<T>| {
                if members.is_empty() { right.clone() } else { right - &part * part.qr().solve_lstsq(right) }
            };
            if !members.is_empty() {
                let x = part.qr().solve_lstsq(&right);
                for (at, value) in window.values.iter().enumerate() {
                    assert!(Scalar::abs(*value - x[(at, 0)]) < 1e-9, "{value} {}", x[(at, 0)]);
                }
            }
            let left = residual_of(&right);
            for j in 0..n {
                let column = Mat::from_fn(m, 1, |i, _| a[(i, j)]);
                let with: T = (0..m).map(|i| a[(i, j)].conj() * left[(i, 0)]).sum();
                assert!(Scalar::abs(window.pull[j] - with) < 1e-9, "{j}");
                let apart = residual_of(&column).col(0).squared_norm_l2();
                assert!((window.distance[j] - apart).abs() < 1e-9, "{j}: {} {apart}", window.distance[j]);
            }
        }
    }

    #[test]
    fn moves_keep_the_fit() {
        for seed in 0..5 {
            stays_least_squares::<f64>(seed);
            stays_least_squares::<Complex<f64>>(seed);
        }
    }
}
