//! A support and all its neighbours: what ‖r‖² would be after any one column joins, leaves, or takes another's place.
//!
//! With G = AᴴA, S the support, H = (A_SᴴA_S)⁻¹ and r the residual of the fit x on S, the tableau holds
//!
//! - W = G_{·S} H, n × |S|: the conjugate coefficients of every column in terms of those of the support,
//! - d_i = ‖a_i‖² − ‖P_S a_i‖² and c_i = a_iᴴ r for every column, H, and x.
//!
//! Removing member p costs |x_p|²/H_pp. Column i joining after that gains |c_i + x_p W_ip/H_pp|²/(d_i + |W_ip|²/H_pp).
//! All n |S| exchanges are scored by reading W once, and an exchange updates it by two rank-one changes, n |S| each.
//! This is Gauss–Jordan exchange, the sweep operator of statistics (Goodnight 1979, DOI 10.1080/00031305.1979.10482685).

mod bounded_blocks;
mod bounds;
mod sweep;

use crate::kernels::{axpy, axpy_inline, axpy_two, simd, subtract_combination};
use crate::scalar::Scalar;
use crate::tolerance::{EXCHANGE_CANCELLATION, NORMAL_SINE_SQUARED};
pub(crate) use bounded_blocks::BoundedBlocks;
pub(crate) use bounds::Gram;
use bounds::Limits;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Tableau<T> {
    n: usize,
    members: Vec<usize>,
    /// W: column of member p at `weights[p * n..][..n]`. Its entries on S are those of the identity.
    weights: Vec<T>,
    /// H, row p at `inverse[p * stride..]`.
    inverse: Vec<T>,
    stride: usize,
    /// x in the order of the members.
    values: Vec<T>,
    /// d; exactly 0 on S.
    squares: Vec<f64>,
    /// c; exactly 0 on S.
    correlation: Vec<T>,
    /// Squared distances at or below which a column counts as dependent.
    floors: Vec<f64>,
    /// ‖r‖², as far as the gains and losses of the moves tell.
    square: f64,
    /// Moves since the tableau was last built.
    moves: usize,
    row: Vec<T>,
    factors: Vec<T>,
    column: Vec<T>,
    /// Bounds of the coefficients, if they have any.
    limits: Option<Box<Limits>>,
}

/// One column for another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exchange {
    /// Position among the members of the one that leaves.
    pub(crate) position: usize,
    /// The column that joins.
    pub(crate) entering: usize,
    /// What ‖r‖² falls by.
    pub(crate) gain: f64,
}

/// `mine` ← `exact`; how far off it was.
pub(super) fn take_exact<T: Scalar>(mine: &mut [T], exact: &[T]) -> f64 {
    let mut furthest = 0.0f64;
    for (mine, &exact) in mine.iter_mut().zip(exact) {
        let off = Scalar::abs(*mine - exact);
        // Written so that NaN counts as far off.
        furthest = if off <= furthest { furthest } else { off };
        *mine = exact;
    }
    furthest
}

const LANES: usize = 8;

impl<T: Scalar> Tableau<T> {
    /// The tableau of the empty support, with room for `sparsity` members. `correlation` is Aᴴ y.
    pub(crate) fn new(column_norms: &[f64], correlation: &[T], sparsity: usize) -> Self {
        let n = correlation.len();
        let mut tableau = Self {
            n,
            members: Vec::with_capacity(sparsity),
            weights: Vec::with_capacity(n * sparsity),
            inverse: vec![T::ZERO; sparsity * sparsity],
            stride: sparsity,
            values: Vec::with_capacity(sparsity),
            squares: Vec::with_capacity(n),
            correlation: Vec::with_capacity(n),
            floors: column_norms.iter().map(|norm| NORMAL_SINE_SQUARED * norm * norm).collect(),
            square: 0.0,
            moves: 0,
            row: Vec::with_capacity(sparsity),
            factors: Vec::with_capacity(sparsity),
            column: Vec::with_capacity(n),
            limits: None,
        };
        tableau.clear(column_norms, correlation);
        tableau
    }

    /// Empties the support.
    pub(crate) fn clear(&mut self, column_norms: &[f64], correlation: &[T]) {
        self.clear_held();
        self.members.clear();
        self.weights.clear();
        self.values.clear();
        self.squares.clear();
        self.squares.extend(column_norms.iter().map(|norm| norm * norm));
        self.correlation.clear();
        self.correlation.extend_from_slice(correlation);
        self.moves = 0;
    }

    /// S in the order of joining.
    pub(crate) fn members(&self) -> &[usize] {
        &self.members
    }

    /// x in the order of the members.
    pub(crate) fn values(&self) -> &[T] {
        &self.values
    }

    /// c.
    pub(crate) fn correlation(&self) -> &[T] {
        &self.correlation
    }

    /// c_i, or c_i/d_i, the coefficient that column i would take, if `normalized`; 0 for one that depends on the support.
    pub(crate) fn direction(&self, i: usize, normalized: bool) -> T {
        if self.squares[i] <= self.floors[i] {
            return T::ZERO;
        }
        if normalized { self.correlation[i].scale(1.0 / self.squares[i]) } else { self.correlation[i] }
    }

    /// Columns that joined or left since the tableau was built.
    pub(crate) fn moves(&self) -> usize {
        self.moves
    }

    /// Declares the tableau as built, its moves so far being part of that.
    pub(crate) fn built(&mut self) {
        self.moves = 0;
    }

    /// Takes exact correlations in place of the updated ones and returns how far those were off, relative to `scale`.
    pub(crate) fn correct(&mut self, correlation: &[T], scale: f64) -> f64 {
        let furthest = take_exact(&mut self.correlation, correlation);
        for &member in &self.members {
            self.correlation[member] = T::ZERO;
        }
        furthest / scale
    }

    /// ‖r‖² relative to what was [set](Self::set_square), by the gains and losses since.
    pub(crate) fn square(&self) -> f64 {
        self.square
    }

    /// Sets ‖r‖² from an exact fit.
    pub(crate) fn set_square(&mut self, square: f64) {
        self.square = square;
    }

    /// Becomes equal to `other`, of the same problem. Cost: n |S| copies.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.members.clone_from(&other.members);
        self.weights.clone_from(&other.weights);
        self.inverse.clone_from(&other.inverse);
        self.values.clone_from(&other.values);
        self.squares.clone_from(&other.squares);
        self.correlation.clone_from(&other.correlation);
        self.square = other.square;
        self.moves = other.moves;
        self.copy_held(other);
    }

    fn h(&self, p: usize, q: usize) -> T {
        self.inverse[p * self.stride + q]
    }

    /// Column `i`, whose column of the Gram matrix is `gram`, joins. Returns false, changing nothing, if it depends
    /// on the support. Cost: 2 n |S| multiply-adds.
    pub(crate) fn join(&mut self, i: usize, gram: &[T]) -> bool {
        let (n, size) = (self.n, self.members.len());
        if self.squares[i] <= self.floors[i] {
            return false;
        }
        // g = Aᴴ(a_i − P_S a_i).
        self.row.extend(self.members.iter().map(|&member| gram[member]));
        self.column.resize(n, T::ZERO);
        let weights = &self.weights;
        subtract_combination(gram, |p| &weights[p * n..][..n], &self.row, &mut self.column);
        for (p, weight) in self.row.iter_mut().enumerate() {
            *weight = self.weights[p * n + i];
        }
        let pivot = self.column[i].real();
        if pivot.is_nan() || pivot <= self.floors[i] {
            self.row.clear();
            // What is left of it is rounding; it must not be tried again.
            self.squares[i] = 0.0;
            return false;
        }
        let inverse = 1.0 / pivot;
        let value = self.correlation[i].scale(inverse);
        self.square -= self.correlation[i].abs2() * inverse;
        for &member in &self.members {
            self.column[member] = T::ZERO;
        }
        let (column, squares, correlation) = (&mut self.column, &mut self.squares, &mut self.correlation);
        simd(
            #[inline(always)]
            || {
                for ((g, d), c) in column.iter_mut().zip(squares.iter_mut()).zip(correlation.iter_mut()) {
                    *c -= *g * value;
                    *d -= g.abs2() * inverse;
                    *g = g.scale(inverse);
                }
            },
        );
        self.column[i] = T::ONE;
        self.squares[i] = 0.0;
        self.correlation[i] = T::ZERO;
        for p in 0..size {
            let weight = self.row[p];
            axpy(-weight, &self.column, &mut self.weights[p * n..][..n]);
            // Exactly, whatever the rounding: the members' rows are those of the identity.
            self.weights[p * n + i] = T::ZERO;
            self.values[p] -= Scalar::conj(weight) * value;
        }
        let (stride, row) = (self.stride, &self.row);
        let (rows, new) = self.inverse.split_at_mut(size * stride);
        simd(
            #[inline(always)]
            || {
                for (p, old) in rows.chunks_exact_mut(stride).enumerate() {
                    let h = Scalar::conj(row[p]).scale(inverse);
                    axpy_inline(h, row, &mut old[..size]);
                    old[size] = -h;
                    new[p] = -row[p].scale(inverse);
                }
            },
        );
        self.inverse[size * self.stride + size] = T::from_real(inverse);
        self.weights.extend_from_slice(&self.column);
        self.members.push(i);
        self.values.push(value);
        self.row.clear();
        self.moves += 1;
        true
    }

    /// The member at `position` leaves and column `i`, whose column of the Gram matrix is `gram`, joins: what
    /// [`leave`](Self::leave) and [`join`](Self::join) do, with W read twice and written once. Returns false if `i` depends on
    /// the members that stay; one leaves nevertheless. Cost: 3 n |S| multiply-adds.
    pub(crate) fn exchange(&mut self, position: usize, i: usize, gram: &[T]) -> bool {
        let (n, last) = (self.n, self.members.len() - 1);
        self.swap(position, last);
        let square = 1.0 / self.h(last, last).real();
        // Without L, the column of the one that leaves, W becomes W_p − h_p L.
        self.factors.clear();
        self.factors.extend((0..last).map(|p| self.inverse[last * self.stride + p].scale(square)));
        self.row.clear();
        self.row.extend(self.members[..last].iter().map(|&member| gram[member]));
        let through: T = self.factors.iter().zip(&self.row).map(|(&h, &g)| h * g).sum();
        self.row.push(-through);
        self.column.resize(n, T::ZERO);
        let weights = &self.weights;
        subtract_combination(gram, |p| &weights[p * n..][..n], &self.row, &mut self.column);
        let leaving_at_i = self.weights[last * n + i];
        let distance = self.squares[i] + leaving_at_i.abs2() * square;
        let pivot = self.column[i].real();
        if distance <= self.floors[i] || pivot.is_nan() || pivot <= self.floors[i] {
            self.row.clear();
            self.leave(last);
            // What is left of it is rounding; it must not be tried again.
            self.squares[i] = 0.0;
            return false;
        }
        let inverse = 1.0 / pivot;
        let value = self.values[last];
        let factor = value.scale(square);
        let joining = (self.correlation[i] + leaving_at_i * factor).scale(inverse);
        self.square += value.abs2() * square - joining.abs2() * pivot;
        for &member in &self.members[..last] {
            self.column[member] = T::ZERO;
        }
        let (others, leaving) = self.weights.split_at_mut(last * n);
        let (column, squares, correlation) = (&mut self.column, &mut self.squares, &mut self.correlation);
        simd(
            #[inline(always)]
            || {
                let state = squares.iter_mut().zip(correlation.iter_mut());
                for ((g, &w), (d, c)) in column.iter_mut().zip(leaving.iter()).zip(state) {
                    *c = *c + w * factor - *g * joining;
                    *d = *d + w.abs2() * square - g.abs2() * inverse;
                    *g = g.scale(inverse);
                }
            },
        );
        self.column[i] = T::ONE;
        self.squares[i] = 0.0;
        self.correlation[i] = T::ZERO;
        for p in 0..last {
            let h = self.factors[p];
            let others = &mut others[p * n..][..n];
            let weight = others[i] - h * leaving_at_i;
            self.row[p] = weight;
            axpy_two(-h, leaving, -weight, &self.column, others);
            others[i] = T::ZERO;
        }
        // H and x: first without the one that leaves, then with the one that joins.
        for p in 0..last {
            let (h, k) = (Scalar::conj(self.factors[p]), Scalar::conj(self.row[p]));
            self.values[p] = self.values[p] - h * value - k * joining;
        }
        let (rows, leaving_row) = self.inverse.split_at_mut(last * self.stride);
        let (factors, row) = (&self.factors, &self.row[..last]);
        simd(
            #[inline(always)]
            || {
                for (p, old) in rows.chunks_exact_mut(self.stride).enumerate() {
                    let (h, k) = (Scalar::conj(factors[p]), Scalar::conj(row[p]).scale(inverse));
                    for ((old, &l), &r) in old.iter_mut().zip(&leaving_row[..last]).zip(row) {
                        *old += k * r - h * l;
                    }
                    old[last] = -k;
                }
            },
        );
        for (h, &r) in leaving_row.iter_mut().zip(row) {
            *h = -r.scale(inverse);
        }
        self.inverse[last * self.stride + last] = T::from_real(inverse);
        leaving.copy_from_slice(&self.column);
        self.members[last] = i;
        self.values[last] = joining;
        self.row.clear();
        self.moves += 2;
        true
    }

    /// The member at `position` leaves; the last takes its position. Cost: n |S| multiply-adds.
    pub(crate) fn leave(&mut self, position: usize) {
        let n = self.n;
        let last = self.members.len() - 1;
        self.swap(position, last);
        let square = 1.0 / self.h(last, last).real();
        let value = self.values[last];
        self.square += value.abs2() * square;
        let (others, leaving) = self.weights.split_at_mut(last * n);
        let factor = value.scale(square);
        let (squares, correlation) = (&mut self.squares, &mut self.correlation);
        simd(
            #[inline(always)]
            || {
                for ((&w, d), c) in leaving.iter().zip(squares.iter_mut()).zip(correlation.iter_mut()) {
                    *c += w * factor;
                    *d += w.abs2() * square;
                }
            },
        );
        let (rows, leaving_row) = self.inverse.split_at_mut(last * self.stride);
        for p in 0..last {
            let h = leaving_row[p].scale(square);
            axpy(-h, leaving, &mut others[p * n..][..n]);
            self.values[p] -= Scalar::conj(h) * value;
        }
        simd(
            #[inline(always)]
            || {
                for (row, &h) in rows.chunks_exact_mut(self.stride).zip(&leaving_row[..last]) {
                    axpy_inline(-Scalar::conj(h).scale(square), &leaving_row[..last], &mut row[..last]);
                }
            },
        );
        self.weights.truncate(last * n);
        self.members.pop();
        self.values.pop();
        self.moves += 1;
    }

    fn swap(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        self.members.swap(a, b);
        self.values.swap(a, b);
        let (low, high) = self.weights.split_at_mut(b * self.n);
        low[a * self.n..][..self.n].swap_with_slice(&mut high[..self.n]);
        for q in 0..self.members.len() {
            self.inverse.swap(a * self.stride + q, b * self.stride + q);
        }
        for p in 0..self.members.len() {
            self.inverse.swap(p * self.stride + a, p * self.stride + b);
        }
    }

    /// What ‖r‖² rises by when the member at `position` leaves: |x_p|²/H_pp.
    pub(crate) fn loss(&self, position: usize) -> f64 {
        self.values[position].abs2() / self.h(position, position).real()
    }

    /// The column whose joining lowers ‖r‖² most, and by how much.
    pub(crate) fn best_addition(&self) -> Option<(usize, f64)> {
        let after = |c, d, _| (c, d);
        let gain = self.highest(after, &self.correlation);
        (gain > 0.0).then(|| (self.first_with(gain, after, &self.correlation), gain))
    }

    /// The column whose gain times its weight is largest.
    pub(crate) fn best_weighted_addition(&self, weights: &[f64]) -> Option<usize> {
        let mut best = None;
        let mut most = 0.0;
        for i in 0..self.n {
            let score = self.score(i, (self.correlation[i], self.squares[i])) * weights[i];
            if score > most {
                (best, most) = (Some(i), score);
            }
        }
        best
    }

    /// The exchange of one column for another that lowers ‖r‖² most; `None` if none does. Cost: n |S| divisions.
    ///
    /// Of exchanges that lower it equally the one is taken whose leaving member has the lower index.
    pub(crate) fn best_exchange(&self) -> Option<Exchange> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_unstable_by_key(|&p| self.members[p]);
        let mut best: Option<(usize, f64)> = None;
        for position in order {
            let loss = self.loss(position);
            let gain = self.highest(self.without(position), self.weights_of(position)) - loss;
            // What is left of two nearly equal numbers is rounding: the member itself would come back with it.
            if gain > EXCHANGE_CANCELLATION * loss && gain > best.map_or(0.0, |(_, most)| most) {
                best = Some((position, gain));
            }
        }
        best.map(|(position, gain)| Exchange { position, entering: self.best_replacement(position), gain })
    }

    /// Every exchange of one column for another after which ‖r‖² is at most `most`, where it is `square` now: ‖r‖² after it,
    /// the column that leaves and the one that joins. A column that depends on those that stay joins for none. Cost: n |S| divisions.
    pub(crate) fn exchanges_below(&self, square: f64, most: f64) -> Vec<(f64, usize, usize)> {
        let mut found = Vec::new();
        for (position, &leaving) in self.members.iter().enumerate() {
            let (after, weights, without) =
                (self.without(position), self.weights_of(position), square + self.loss(position));
            for i in 0..self.n {
                let (c, d) = after(self.correlation[i], self.squares[i], weights[i]);
                let left = without - quotient((c, d), self.floors[i]);
                if left <= most && d > self.floors[i] && !self.members.contains(&i) {
                    found.push((left, leaving, i));
                }
            }
        }
        found
    }

    /// The column that best takes the place of the member at `position`; it may be the member itself.
    fn best_replacement(&self, position: usize) -> usize {
        let (after, weights) = (self.without(position), self.weights_of(position));
        self.first_with(self.highest(&after, weights), &after, weights)
    }

    /// W_·p.
    fn weights_of(&self, position: usize) -> &[T] {
        &self.weights[position * self.n..][..self.n]
    }

    /// c and d of a column once the member at `position` has left.
    #[inline(always)]
    fn without(&self, position: usize) -> impl Fn(T, f64, T) -> (T, f64) {
        let square = 1.0 / self.h(position, position).real();
        let factor = self.values[position].scale(square);
        #[inline(always)]
        move |c, d, w: T| (c + w * factor, d + w.abs2() * square)
    }

    /// What ‖r‖² falls by if column i joins with c and d.
    #[inline(always)]
    fn score(&self, i: usize, (c, d): (T, f64)) -> f64 {
        match self.open() {
            None => quotient((c, d), self.floors[i]),
            Some([]) if c.real() > 0.0 => quotient((c, d), self.floors[i]),
            Some([]) => 0.0,
            Some(open) => Self::bounded_gain(open, i, c, d, self.floors[i]),
        }
    }

    /// The largest [`score`](Self::score) of all columns, where `after` turns c, d and w into c' and d'. Cost: n divisions.
    #[inline(always)]
    fn highest(&self, after: impl Fn(T, f64, T) -> (T, f64), weights: &[T]) -> f64 {
        match self.open() {
            None => self.highest_of(after, weights, |_, c, d, floor| quotient((c, d), floor)),
            Some([]) => self.highest_of(
                after,
                weights,
                |_, c, d, floor| {
                    if c.real() > 0.0 { quotient((c, d), floor) } else { 0.0 }
                },
            ),
            Some(open) => self.highest_of(after, weights, |i, c, d, floor| Self::bounded_gain(open, i, c, d, floor)),
        }
    }

    /// The largest `score` of column i with c', d' and its floor.
    #[inline(always)]
    fn highest_of(
        &self,
        after: impl Fn(T, f64, T) -> (T, f64),
        weights: &[T],
        score: impl Fn(usize, T, f64, f64) -> f64,
    ) -> f64 {
        simd(
            #[inline(always)]
            || {
                let n = self.n;
                let mut most = [0.0f64; LANES];
                let (c_blocks, c_rest) = self.correlation[..n].as_chunks::<LANES>();
                let (d_blocks, d_rest) = self.squares[..n].as_chunks::<LANES>();
                let (f_blocks, f_rest) = self.floors[..n].as_chunks::<LANES>();
                let (w_blocks, w_rest) = weights[..n].as_chunks::<LANES>();
                let blocks = c_blocks.iter().zip(d_blocks).zip(f_blocks).zip(w_blocks);
                for (at, (((c, d), f), w)) in blocks.enumerate() {
                    for lane in 0..LANES {
                        let (c, d) = after(c[lane], d[lane], w[lane]);
                        let value = score(at * LANES + lane, c, d, f[lane]);
                        most[lane] = if value > most[lane] { value } else { most[lane] };
                    }
                }
                let rest = c_rest.iter().zip(d_rest).zip(f_rest).zip(w_rest);
                for (at, (((c, d), f), w)) in rest.enumerate() {
                    let (c, d) = after(*c, *d, *w);
                    let value = score(n - c_rest.len() + at, c, d, *f);
                    most[0] = if value > most[0] { value } else { most[0] };
                }
                most.into_iter().fold(0.0, f64::max)
            },
        )
    }

    /// The first column that reaches `highest`: the same arithmetic gives the same bits.
    fn first_with(&self, highest: f64, after: impl Fn(T, f64, T) -> (T, f64), weights: &[T]) -> usize {
        let value = |i: usize| self.score(i, after(self.correlation[i], self.squares[i], weights[i]));
        (0..self.n).find(|&i| value(i) >= highest).unwrap_or(0)
    }
}

/// |c|²/d, or 0 for a column that depends on the support.
#[inline(always)]
fn quotient<T: Scalar>((c, d): (T, f64), floor: f64) -> f64 {
    let quotient = c.abs2() / d;
    if d > floor { quotient } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{gaussian_matrix, normal_vector, stream};
    use faer::Mat;
    use num_complex::Complex;
    use rand::RngExt;

    struct Bench<T> {
        a: Mat<T>,
        gram: Mat<T>,
        y: Vec<T>,
        norms: Vec<f64>,
    }

    impl<T: Scalar> Bench<T> {
        fn new(m: usize, n: usize, seed: u64) -> Self {
            let mut rng = stream(seed, 0, 0);
            let a: Mat<T> = gaussian_matrix(&mut rng, m, n);
            let gram = a.adjoint() * &a;
            let norms = (0..n).map(|j| gram[(j, j)].real().sqrt()).collect();
            Self { a, gram, y: normal_vector(&mut rng, m), norms }
        }

        fn column(&self, j: usize) -> Vec<T> {
            (0..self.a.ncols()).map(|i| self.gram[(i, j)]).collect()
        }

        fn empty(&self, k: usize) -> Tableau<T> {
            let n = self.a.ncols();
            let correlation: Vec<T> = (0..n)
                .map(|j| self.y.iter().enumerate().map(|(i, &y)| Scalar::conj(self.a[(i, j)]) * y).sum())
                .collect();
            Tableau::new(&self.norms, &correlation, k)
        }

        /// x and ‖r‖² by the singular values of A_S.
        fn refit(&self, support: &[usize]) -> (Vec<T>, f64) {
            let part = Mat::from_fn(self.a.nrows(), support.len(), |i, c| self.a[(i, support[c])]);
            let svd = part.thin_svd().unwrap();
            let y = Mat::from_fn(self.y.len(), 1, |i, _| self.y[i]);
            let mut projected = svd.U().adjoint() * &y;
            for c in 0..support.len() {
                projected[(c, 0)] = projected[(c, 0)].scale(1.0 / svd.S().column_vector()[c].real());
            }
            let x = svd.V() * projected;
            let r = y - part * &x;
            ((0..support.len()).map(|c| x[(c, 0)]).collect(), r.col(0).squared_norm_l2())
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
    }

    /// Every score against the refit it predicts, on a tableau that has been through joins and leaves.
    fn scores<T: Scalar>(seed: u64) {
        let (m, n, k) = (14, 20, 5);
        let bench = Bench::<T>::new(m, n, seed);
        let mut tableau = bench.empty(k);
        let mut rng = stream(seed, 1, 0);
        for _ in 0..60 {
            let j = rng.random_range(0..n);
            match tableau.members().iter().position(|&member| member == j) {
                Some(position) => tableau.leave(position),
                None if tableau.members().len() < k => assert!(tableau.join(j, &bench.column(j))),
                None => {}
            }
            let members = tableau.members().to_vec();
            if members.is_empty() {
                continue;
            }
            let (x, square) = bench.refit(&members);
            for (mine, &exact) in tableau.values.iter().zip(&x) {
                assert!(Scalar::abs(*mine - exact) < 1e-9);
            }
            let (mut best, mut best_position) = (f64::NEG_INFINITY, 0);
            for position in 0..members.len() {
                let mut rest = members.clone();
                rest.remove(position);
                if !rest.is_empty() {
                    assert!(close(tableau.loss(position), bench.refit(&rest).1 - square));
                }
                let refitted = (0..n).filter(|i| !members.contains(i)).map(|i| {
                    let mut exchanged = members.clone();
                    exchanged[position] = i;
                    (i, square - bench.refit(&exchanged).1)
                });
                let (entering, gain) = refitted.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
                let highest = tableau.highest(tableau.without(position), tableau.weights_of(position));
                let mine = (tableau.best_replacement(position), highest - tableau.loss(position));
                // Where every replacement is worse, the member that left comes back, at gain 0.
                assert!(close(mine.1, gain.max(0.0)));
                assert!(mine.0 == entering || gain < 1e-9, "{mine:?} {entering} {gain}");
                if gain > best {
                    (best, best_position) = (gain, position);
                }
            }
            match tableau.best_exchange() {
                Some(exchange) if best > 1e-9 => {
                    assert_eq!(exchange.position, best_position);
                    assert!(close(exchange.gain, best));
                }
                found => assert!(best <= 1e-9 && found.is_none_or(|exchange| exchange.gain < 1e-9)),
            }
            let (added, gain) = tableau.best_addition().unwrap();
            let refitted = (0..n).filter(|i| !members.contains(i)).map(|i| {
                let more: Vec<usize> = members.iter().copied().chain([i]).collect();
                (i, square - bench.refit(&more).1)
            });
            let expected = refitted.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert!(added == expected.0 && close(gain, expected.1));
        }
    }

    #[test]
    fn every_score_is_what_refitting_gives() {
        for seed in 0..3 {
            scores::<f64>(seed);
            scores::<Complex<f64>>(seed);
        }
    }

    /// An exchange gives what leaving and joining give.
    fn exchanges<T: Scalar>(seed: u64) {
        let (m, n, k) = (14, 20, 5);
        let bench = Bench::<T>::new(m, n, seed);
        let (mut one, mut two) = (bench.empty(k), bench.empty(k));
        for j in [3, 8, 11, 0, 17] {
            assert!(one.join(j, &bench.column(j)) && two.join(j, &bench.column(j)));
        }
        let mut rng = stream(seed, 2, 0);
        for _ in 0..40 {
            let (position, i) = (rng.random_range(0..k), rng.random_range(0..n));
            if one.members().contains(&i) && one.members()[position] != i {
                continue;
            }
            assert!(one.exchange(position, i, &bench.column(i)));
            two.leave(position);
            assert!(two.join(i, &bench.column(i)));
            assert_eq!(one.members(), two.members());
            assert!(close(one.square(), two.square()));
            let near = |a: &[T], b: &[T]| a.iter().zip(b).all(|(a, b)| Scalar::abs(*a - *b) < 1e-9);
            assert!(near(&one.weights, &two.weights) && near(&one.values, &two.values));
            assert!(near(&one.correlation, &two.correlation) && near(&one.inverse, &two.inverse));
            assert!(one.squares.iter().zip(&two.squares).all(|(a, b)| close(*a, *b)));
        }
    }

    #[test]
    fn an_exchange_is_a_leave_and_a_join() {
        for seed in 0..3 {
            exchanges::<f64>(seed);
            exchanges::<Complex<f64>>(seed);
        }
    }

    #[test]
    fn a_dependent_column_does_not_join() {
        let mut bench = Bench::<f64>::new(9, 6, 5);
        for i in 0..9 {
            bench.a[(i, 4)] = bench.a[(i, 0)] - bench.a[(i, 1)].scale(2.0);
        }
        bench.gram = bench.a.transpose() * &bench.a;
        bench.norms = (0..6).map(|j| bench.gram[(j, j)].sqrt()).collect();
        let mut tableau = bench.empty(4);
        assert!(tableau.join(0, &bench.column(0)) && tableau.join(1, &bench.column(1)));
        assert!(!tableau.join(4, &bench.column(4)));
        assert_eq!(tableau.members(), [0, 1]);
        // In place of one of the two it is as good as it.
        tableau.leave(0);
        assert!(tableau.join(4, &bench.column(4)));
        assert!(close(bench.refit(&[1, 4]).1, bench.refit(&[0, 1]).1));
    }

    #[test]
    fn drift_is_measured_and_corrected() {
        let bench = Bench::<f64>::new(9, 6, 7);
        let mut tableau = bench.empty(2);
        assert!(tableau.join(3, &bench.column(3)));
        let exact = tableau.correlation.to_vec();
        tableau.correlation[1] += 0.5;
        assert_eq!(tableau.correct(&exact, 2.0), 0.25);
        assert_eq!(tableau.correlation, exact);
    }
}
