//! The tableau of supports whose atoms are groups of columns, for any number of right-hand sides.
//!
//! It holds what [`Tableau`](super::Tableau) does, W and H by columns of A, with
//!
//! - c_ir = a_iᴴ r_r for every right-hand side r, and x likewise,
//! - D_g = A_gᴴ (I − P_S) A_g for every group g, an |g| × |g| block in place of the numbers d_i.
//!
//! Group g joining gains Σ_r c_grᴴ D_g⁻¹ c_gr. Group h leaving, with M = H_hh⁻¹, costs Σ_r x_hrᴴ M x_hr, and makes c_g + W_gh M x_h and
//! D_g + W_gh M W_ghᴴ of c_g and D_g. All exchanges are scored by reading W once. Groups join and leave column by column; one that depends
//! on the others is passed over until it does not.

mod block;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use faer::Mat;

use super::tableau::{Gram, take_exact};
use crate::kernels::{axpy, simd, subtract_combination};
use crate::problem::reach;
use crate::scalar::Scalar;
use crate::tolerance::EXCHANGE_CANCELLATION;
use crate::workspace::turned;
pub(crate) use block::Block;
pub(crate) use groups::{Groups, OfGroups};

/// One group joins, in place of another if one leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BlockMove {
    /// Position of the one that leaves.
    leaving: Option<usize>,
    /// The group that joins.
    entering: usize,
    /// What ‖R‖² falls by.
    gain: f64,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct BlockTableau<T> {
    groups: Arc<Groups<T>>,
    n: usize,
    /// The groups of the support, in the order of joining.
    atoms: Vec<usize>,
    /// Their columns, but for those that depend on others.
    members: Vec<usize>,
    /// W: column of member p at `weights[p * n..][..n]`.
    weights: Vec<T>,
    /// H, row p at `inverse[p * stride..]`.
    inverse: Vec<T>,
    stride: usize,
    /// x of member p at `values[p * sides..][..sides]`.
    values: Vec<T>,
    /// D.
    blocks: Vec<T>,
    /// c of right-hand side r at `correlation[r * n..][..n]`.
    correlation: Vec<T>,
    square: f64,
    moves: usize,
    row: Vec<T>,
    column: Vec<T>,
}

/// A group that may leave: U = W_h L⁻ᴴ and f = L⁻¹ x_h for H_hh = L Lᴴ, so that W_h M W_hᴴ = U Uᴴ and W_h M x_h = U f.
#[derive(Debug, Default)]
struct Gone<T> {
    /// U, column by column.
    weights: Vec<T>,
    /// f by column of the group, `sides` numbers each.
    values: Vec<T>,
    size: usize,
    loss: f64,
}

impl<T: Scalar> OfGroups<T> for BlockTableau<T> {
    fn groups(&self) -> &Groups<T> {
        &self.groups
    }

    fn atoms(&self) -> &[usize] {
        &self.atoms
    }
}

impl<T: Scalar> BlockTableau<T> {
    /// The tableau of the empty support, with room for `capacity` columns. `correlation` is Aᴴ y of each right-hand side, end to end.
    pub(crate) fn new(groups: Arc<Groups<T>>, correlation: &[T], capacity: usize) -> Self {
        let (n, stride) = (groups.partition.ncols(), capacity.max(1));
        let mut tableau = Self {
            groups,
            n,
            atoms: vec![],
            members: Vec::with_capacity(capacity),
            weights: Vec::with_capacity(n * capacity),
            inverse: vec![T::ZERO; stride * stride],
            stride,
            values: vec![],
            blocks: vec![],
            correlation: vec![],
            square: 0.0,
            moves: 0,
            row: vec![],
            column: vec![],
        };
        tableau.clear(correlation);
        tableau
    }

    /// Empties the support.
    pub(crate) fn clear(&mut self, correlation: &[T]) {
        self.atoms.clear();
        self.members.clear();
        self.weights.clear();
        self.values.clear();
        self.blocks.clone_from(&self.groups.blocks);
        self.correlation.clear();
        self.correlation.extend_from_slice(correlation);
        self.moves = 0;
    }

    /// ‖R‖² relative to what was [set](Self::set_square), by the gains and losses since.
    pub(crate) fn square(&self) -> f64 {
        self.square
    }

    /// Sets ‖R‖² from an exact fit.
    pub(crate) fn set_square(&mut self, square: f64) {
        self.square = square;
    }

    /// Groups that joined or left since the tableau was built.
    pub(crate) fn moves(&self) -> usize {
        self.moves
    }

    /// Declares the tableau as built.
    pub(crate) fn built(&mut self) {
        self.moves = 0;
    }

    /// Takes exact correlations in place of the updated ones and returns how far those were off, relative to `scale`.
    pub(crate) fn correct(&mut self, correlation: &[T], scale: f64) -> f64 {
        let furthest = take_exact(&mut self.correlation, correlation);
        self.clear_members();
        furthest / scale
    }

    /// c is exactly 0 on the support.
    fn clear_members(&mut self) {
        for side in self.correlation.chunks_mut(self.n) {
            self.members.iter().for_each(|&member| side[member] = T::ZERO);
        }
    }

    /// Becomes equal to `other`, of the same problem.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.atoms.clone_from(&other.atoms);
        self.members.clone_from(&other.members);
        self.weights.clone_from(&other.weights);
        self.inverse.clone_from(&other.inverse);
        self.values.clone_from(&other.values);
        self.blocks.clone_from(&other.blocks);
        self.correlation.clone_from(&other.correlation);
        self.square = other.square;
        self.moves = other.moves;
    }

    fn h(&self, p: usize, q: usize) -> T {
        self.inverse[p * self.stride + q]
    }

    /// D ± v vᴴ scaled, for a vector of n numbers.
    fn change_blocks(&mut self, v: &[T], scale: f64) {
        let groups = &self.groups;
        for (columns, &begin) in groups.partition.groups().zip(&groups.offsets) {
            let size = columns.len();
            for (a, &i) in columns.iter().enumerate() {
                let left = v[i].scale(scale);
                if left == T::ZERO {
                    continue;
                }
                for (b, &j) in columns.iter().enumerate() {
                    self.blocks[begin + a * size + b] += left * Scalar::conj(v[j]);
                }
            }
        }
    }

    /// Column j is orthogonal to all that is left of its group: a member, or one that depends on the support.
    fn clear_in_block(&mut self, j: usize) {
        let Some(group) = self.groups.partition.group_of(j) else { return };
        let (columns, begin) = (self.groups.columns(group), self.groups.offsets[group]);
        let size = columns.len();
        if let Ok(at) = columns.binary_search(&j) {
            for b in 0..size {
                self.blocks[begin + at * size + b] = T::ZERO;
                self.blocks[begin + b * size + at] = T::ZERO;
            }
        }
    }

    /// What is left of ‖a_j‖².
    fn distance(&self, j: usize) -> f64 {
        let Some(group) = self.groups.partition.group_of(j) else { return 0.0 };
        let columns = self.groups.columns(group);
        let at = columns.binary_search(&j).unwrap_or(0);
        self.blocks[self.groups.offsets[group] + at * (columns.len() + 1)].real()
    }

    /// Column `i`, whose column of the Gram matrix is `gram`, joins; false if it depends on the members. Cost: 2 n |S| multiply-adds,
    /// n for each right-hand side, and Σ|g|² for all groups.
    fn join_column(&mut self, i: usize, gram: &[T]) -> bool {
        let (n, size, sides) = (self.n, self.members.len(), self.groups.sides);
        if self.distance(i) <= self.groups.floors[i] || size == self.stride {
            return false;
        }
        let mut row = std::mem::take(&mut self.row);
        let mut column = std::mem::take(&mut self.column);
        row.clear();
        row.extend(self.members.iter().map(|&member| gram[member]));
        column.resize(n, T::ZERO);
        let weights = &self.weights;
        subtract_combination(gram, |p| &weights[p * n..][..n], &row, &mut column);
        let pivot = column[i].real();
        if pivot.is_nan() || pivot <= self.groups.floors[i] {
            (self.row, self.column) = (row, column);
            // What is left of it is rounding; it must not be tried again.
            self.clear_in_block(i);
            return false;
        }
        for (p, weight) in row.iter_mut().enumerate() {
            *weight = self.weights[p * n + i];
        }
        self.members.iter().for_each(|&member| column[member] = T::ZERO);
        let inverse = 1.0 / pivot;
        self.change_blocks(&column, -inverse);
        for side in self.correlation.chunks_mut(n) {
            let value = side[i].scale(inverse);
            self.square -= side[i].abs2() * inverse;
            axpy(-value, &column, side);
            side[i] = T::ZERO;
            self.values.push(value);
        }
        column.iter_mut().for_each(|g| *g = g.scale(inverse));
        column[i] = T::ONE;
        self.clear_in_block(i);
        let (values, new) = self.values.split_at_mut(size * sides);
        for (p, &weight) in row.iter().enumerate() {
            axpy(-weight, &column, &mut self.weights[p * n..][..n]);
            self.weights[p * n + i] = T::ZERO;
            axpy(-Scalar::conj(weight), new, &mut values[p * sides..][..sides]);
        }
        let stride = self.stride;
        for p in 0..size {
            let h = Scalar::conj(row[p]).scale(inverse);
            axpy(h, &row, &mut self.inverse[p * stride..][..size]);
            self.inverse[p * stride + size] = -h;
            self.inverse[size * stride + p] = -row[p].scale(inverse);
        }
        self.inverse[size * stride + size] = T::from_real(inverse);
        self.weights.extend_from_slice(&column);
        self.members.push(i);
        (self.row, self.column) = (row, column);
        true
    }

    /// The member at `position` leaves; the last takes its position. Cost: n |S| multiply-adds, n for each right-hand side, and
    /// Σ|g|² for all groups.
    fn leave_column(&mut self, position: usize) {
        let (n, sides, last) = (self.n, self.groups.sides, self.members.len() - 1);
        self.swap(position, last);
        let square = 1.0 / self.h(last, last).real();
        let leaving = self.weights.split_off(last * n);
        let values = self.values.split_off(last * sides);
        self.change_blocks(&leaving, square);
        for (side, value) in self.correlation.chunks_mut(n).zip(&values) {
            self.square += value.abs2() * square;
            axpy(value.scale(square), &leaving, side);
        }
        for p in 0..last {
            let h = self.h(last, p).scale(square);
            axpy(-h, &leaving, &mut self.weights[p * n..][..n]);
            axpy(-Scalar::conj(h), &values, &mut self.values[p * sides..][..sides]);
        }
        let (rows, leaving_row) = self.inverse.split_at_mut(last * self.stride);
        for (row, &h) in rows.chunks_exact_mut(self.stride).zip(&leaving_row[..last]) {
            axpy(-Scalar::conj(h).scale(square), &leaving_row[..last], &mut row[..last]);
        }
        self.members.pop();
    }

    fn swap(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        let (n, sides, stride) = (self.n, self.groups.sides, self.stride);
        self.members.swap(a, b);
        let (low, high) = self.values.split_at_mut(b * sides);
        low[a * sides..][..sides].swap_with_slice(&mut high[..sides]);
        let (low, high) = self.weights.split_at_mut(b * n);
        low[a * n..][..n].swap_with_slice(&mut high[..n]);
        for q in 0..self.members.len() {
            self.inverse.swap(a * stride + q, b * stride + q);
        }
        for p in 0..self.members.len() {
            self.inverse.swap(p * stride + a, p * stride + b);
        }
    }

    /// The group of a column joins; false if it is in the support, or all of it depends on that.
    pub(crate) fn join(&mut self, column: usize, gram: Gram<'_, T>) -> bool {
        let Some(group) = self.groups.partition.group_of(column) else { return false };
        if self.atoms.contains(&group) {
            return false;
        }
        let before = self.members.len();
        self.join_columns(group, gram);
        self.moves += 1;
        let joined = self.members.len() > before;
        if joined {
            self.atoms.push(group);
        }
        joined
    }

    fn join_columns(&mut self, group: usize, gram: Gram<'_, T>) {
        let groups = self.groups.clone();
        for &j in groups.columns(group) {
            if !self.members.contains(&j) {
                gram(j, &mut |gram| {
                    self.join_column(j, gram);
                });
            }
        }
    }

    /// The group of a column leaves the support, if it is there. Columns that are passed over join where they do not depend on the
    /// others any more.
    pub(crate) fn leave(&mut self, column: usize, gram: Gram<'_, T>) {
        let Some(group) = self.groups.partition.group_of(column) else { return };
        let Some(place) = self.atoms.iter().position(|&atom| atom == group) else { return };
        self.atoms.remove(place);
        let groups = self.groups.clone();
        for j in groups.columns(group) {
            if let Some(position) = self.members.iter().position(|member| member == j) {
                self.leave_column(position);
            }
        }
        self.moves += 1;
        let columns = self.atoms.iter().map(|&atom| groups.columns(atom).len()).sum::<usize>();
        if self.members.len() < columns {
            self.atoms.clone().iter().for_each(|&atom| self.join_columns(atom, gram));
        }
    }

    /// What ‖R‖² falls by if a group joins, with c and D after another has `gone`.
    fn gain(&self, group: usize, gone: Option<&Gone<T>>, block: &mut Block<T>) -> f64 {
        let groups = &*self.groups;
        let (columns, begin, sides, n) = (groups.columns(group), groups.offsets[group], groups.sides, self.n);
        let size = columns.len();
        block.gram.clear();
        block.gram.extend_from_slice(&self.blocks[begin..][..size * size]);
        block.pulls.clear();
        for &j in columns {
            block.pulls.extend((0..sides).map(|r| self.correlation[r * n + j]));
        }
        if let Some(gone) = gone {
            for (u, f) in gone.weights.chunks(n).zip(gone.values.chunks(sides)) {
                for (a, &i) in columns.iter().enumerate() {
                    let left = u[i];
                    axpy(left, f, &mut block.pulls[a * sides..][..sides]);
                    for (b, &j) in columns.iter().enumerate() {
                        block.gram[a * size + b] += left * Scalar::conj(u[j]);
                    }
                }
            }
        }
        block.gain(size, sides, |a| groups.floors[columns[a]])
    }

    /// What there is without the group at a place of the support.
    fn without(&self, place: usize, gone: &mut Gone<T>) {
        let sides = self.groups.sides;
        let columns = self.groups.columns(self.atoms[place]);
        let positions: Vec<usize> = (0..self.members.len()).filter(|&p| columns.contains(&self.members[p])).collect();
        let size = positions.len();
        // L of H_hh, and its inverse in place of forward substitutions with n numbers.
        let mut block = Block::default();
        block.set(size, |a, b| self.h(positions[a], positions[b]));
        positions.iter().for_each(|&p| block.pulls.extend_from_slice(&self.values[p * sides..][..sides]));
        gone.loss = block.gain(size, sides, |_| 0.0);
        gone.size = size;
        gone.values.clone_from(&block.pulls);
        block.spread(positions.iter().map(|&p| &self.weights[p * self.n..][..self.n]), &mut gone.weights);
    }

    /// By group, what ‖R‖² falls by if it joins after another has `gone`; of no meaning for groups of the support.
    fn gains(&self, gone: Option<&Gone<T>>, block: &mut Block<T>, out: &mut Vec<f64>) {
        let groups = &*self.groups;
        out.clear();
        if groups.partition.is_single() && gone.is_none_or(|gone| gone.size == 1) {
            return self.single_gains(gone, out);
        }
        out.extend((0..groups.partition.len()).map(|group| self.gain(group, gone, block)));
    }

    /// [`gains`](Self::gains) where groups are single columns: |c|²/d, n R multiply-adds.
    fn single_gains(&self, gone: Option<&Gone<T>>, out: &mut Vec<f64>) {
        let (n, groups) = (self.n, &*self.groups);
        let mut squares = vec![0.0; n];
        for (r, side) in self.correlation.chunks(n).enumerate() {
            simd(
                #[inline(always)]
                || match gone {
                    None => squares.iter_mut().zip(side).for_each(|(square, c)| *square += c.abs2()),
                    Some(gone) => {
                        let f = gone.values[r];
                        let columns = squares.iter_mut().zip(side).zip(&gone.weights);
                        columns.for_each(|((square, &c), &u)| *square += (c + u * f).abs2());
                    }
                },
            );
        }
        for (columns, &begin) in groups.partition.groups().zip(&groups.offsets) {
            let j = columns[0];
            let distance = self.blocks[begin].real() + gone.map_or(0.0, |gone| gone.weights[j].abs2());
            out.push(if distance > groups.floors[j] { squares[j] / distance } else { 0.0 });
        }
    }

    /// The group off the support whose gain times the weight of its first column is largest: that column, and the product.
    pub(crate) fn best_addition(&self, weights: Option<&[f64]>) -> Option<(usize, f64)> {
        let (mut block, mut gains) = (Block::default(), vec![]);
        self.gains(None, &mut block, &mut gains);
        let mut best: Option<(usize, f64)> = None;
        for (group, gain) in gains.into_iter().enumerate() {
            let Some(&first) = self.groups.columns(group).first() else { continue };
            let score = gain * weights.map_or(1.0, |weights| weights[first]);
            if score > best.map_or(0.0, |(_, most)| most) && !self.atoms.contains(&group) {
                best = Some((first, score));
            }
        }
        best
    }

    /// [`best_addition`](Self::best_addition) where R W stands for R: its gain is a share of 1 for each column of W, whose R W are orthonormal.
    pub(crate) fn best_addition_by_rank(&mut self, basis: &Mat<T>) -> Option<(usize, f64)> {
        let turned = turned(&self.correlation, basis);
        let correlation = std::mem::replace(&mut self.correlation, turned);
        let best = self.best_addition(None);
        self.correlation = correlation;
        best
    }

    /// The move that lowers ‖R‖² most, and by more than `least`: a group joins while there are fewer than `sparsity`, or takes another's
    /// place. Of moves that lower it equally the one is taken whose leaving group comes first. Cost, for each column of the support: n
    /// |g| + n R multiply-adds for groups of |g| columns.
    pub(crate) fn best_move(&self, sparsity: usize, least: f64) -> Option<BlockMove> {
        if self.size() < sparsity
            && let Some((first, gain)) = self.best_addition(None)
            && gain > least
        {
            return Some(BlockMove { leaving: None, entering: first, gain });
        }
        let (mut block, mut gains, mut gone) = (Block::default(), vec![], Gone::default());
        let mut order: Vec<usize> = (0..self.atoms.len()).collect();
        order.sort_unstable_by_key(|&place| self.atoms[place]);
        let mut best: Option<BlockMove> = None;
        for place in order {
            self.without(place, &mut gone);
            self.gains(Some(&gone), &mut block, &mut gains);
            for (group, joins) in gains.iter().enumerate() {
                let gain = joins - gone.loss;
                // What is left of two nearly equal numbers is rounding.
                let enough = gain > least && gain > EXCHANGE_CANCELLATION * gone.loss;
                if enough && gain > best.map_or(0.0, |best| best.gain) && !self.atoms.contains(&group) {
                    let entering = self.groups.columns(group).first().copied()?;
                    best = Some(BlockMove { leaving: Some(place), entering, gain });
                }
            }
        }
        best
    }

    /// Makes a move; the first column of the group that joined.
    pub(crate) fn make(&mut self, one: BlockMove, gram: Gram<'_, T>) -> usize {
        if let Some(leaving) = one.leaving.and_then(|place| self.leads().nth(place)) {
            self.leave(leaving, gram);
        }
        self.join(one.entering, gram);
        one.entering
    }

    /// Writes x, each group times a number, as a vector of n R numbers.
    pub(crate) fn write(&self, out: &mut Vec<T>, mut factor: impl FnMut() -> f64) {
        out.clear();
        out.resize(self.n * self.groups.sides, T::ZERO);
        for &atom in &self.atoms {
            let factor = factor();
            for (&j, x) in self.members.iter().zip(self.values.chunks(self.groups.sides)) {
                if self.groups.partition.group_of(j) == Some(atom) {
                    x.iter().enumerate().for_each(|(r, x)| out[r * self.n + j] = x.scale(factor));
                }
            }
        }
    }

    /// Follows SEA in continuous time until a group is overtaken by another: moves `exploration` and makes that exchange. The direction
    /// of a group is its c, or D⁻¹ c, the coefficients that it would take, if `normalized`. The first column of the group that joined.
    pub(crate) fn overtake(&mut self, exploration: &mut [T], normalized: bool, gram: Gram<'_, T>) -> Option<usize> {
        let (n, sides) = (self.n, self.groups.sides);
        let numbers =
            |group: usize| self.groups.columns(group).iter().flat_map(move |&j| (0..sides).map(move |r| r * n + j));
        let square = |group: usize| numbers(group).map(|at| exploration[at].abs2()).sum::<f64>();
        let weakest = self.atoms.iter().map(|&group| square(group)).enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        let (place, weakest) = weakest?;
        let mut block = Block::default();
        let mut soonest: Option<(usize, f64)> = None;
        let mut directions = vec![T::ZERO; exploration.len()];
        for group in (0..self.groups.partition.len()).filter(|group| !self.atoms.contains(group)) {
            let size = self.groups.columns(group).len();
            self.gain(group, None, &mut block);
            block.solve(size, sides);
            for (place, at) in numbers(group).enumerate() {
                // Columns that depend on the support do not move.
                let moves = block.is_free[place / sides];
                let plain = if moves { self.correlation[at] } else { T::ZERO };
                directions[at] = if normalized { block.pulls[place] } else { plain };
            }
            let along = numbers(group).map(|at| (Scalar::conj(exploration[at]) * directions[at]).real()).sum();
            let speed = numbers(group).map(|at| directions[at].abs2()).sum();
            let when = reach(square(group), along, speed, weakest);
            if when < soonest.map_or(f64::INFINITY, |(_, when)| when) {
                soonest = Some((group, when));
            }
        }
        let (entering, when) = soonest?;
        axpy(T::from_real(when.max(0.0)), &directions, exploration);
        let entering = self.groups.columns(entering).first().copied()?;
        Some(self.make(BlockMove { leaving: Some(place), entering, gain: 0.0 }, gram))
    }
}
