//! How the factor moves from one support to another: columns join and leave, rows are recomputed, or the whole factor is recomputed by
//! blocks.

use std::ops::Range;

use faer::Mat;

use super::SupportFit;
use super::plan::{COSTS, Change, Plan};
use crate::fit::System;
use crate::kernels::norm;
use crate::operator::contiguous;
use crate::scalar::Scalar;
use crate::tolerance::{DEPENDENT, INDEPENDENT};

/// Columns that join before the run is asked whether it is to stop.
const JOINS_UNWATCHED: usize = 32;

impl<T: Scalar> SupportFit<T> {
    /// Makes `support` the members of the factor: by leaves and joins, by computing rows anew, or the whole by the block,
    /// whichever is cheapest. Returns false if a column is too close to the span of the others for normal equations, or if
    /// the run is to stop.
    pub(super) fn move_to(&mut self, system: &System<'_, T>, support: &[usize]) -> bool {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.wanted.fill(0);
            self.stamp = 1;
        }
        for &j in support {
            self.wanted[j] = self.stamp;
        }
        if let Some(cache) = self.source.gram_mut() {
            match cache.ensure(system, support) {
                Some(new) => self.counts.columns += new as u64,
                None => return false,
            }
        }
        let size = self.factor.len();
        let (mut first, mut leaving, mut squares) = (size, 0, 0);
        for (position, &j) in self.factor.members().iter().enumerate() {
            if self.wanted[j] != self.stamp {
                first = first.min(position);
                leaving += 1;
                squares += (size - position).pow(2);
            }
        }
        // Without a cache every row computed anew also costs its Gram entries.
        let product = system.operator.adjoint_cost();
        let per_entry = if self.source.gram().is_some() { 1 } else { product / system.operator.ncols().max(1) };
        let rotations = self.rotations;
        let change = Change { size, wanted: support.len(), leaving, first, squares, per_entry, rotations };
        let Plan { block, rotate, mut first } = COSTS.plan(&change);
        let kept = size - leaving;
        if block {
            self.list(0..size, support);
            if self.replace(system) {
                return true;
            }
            // A dependent column is met again one by one. Listing has forgotten who was wanted.
            support.iter().for_each(|&j| self.wanted[j] = self.stamp);
        }
        if rotate {
            for position in (first..size).rev() {
                if self.wanted[self.factor.members()[position]] != self.stamp {
                    self.factor.leave(position);
                    self.rotations += 1;
                    self.counts.leaves += 1;
                }
            }
            first = kept;
        }
        self.list(first..self.factor.len(), support);
        if first < kept {
            self.counts.refactorisations += 1;
        }
        self.factor.truncate(first);
        if first == 0 {
            self.rotations = 0;
        }
        for at in 0..self.joining.len() {
            if (at % JOINS_UNWATCHED == JOINS_UNWATCHED - 1 && system.watch.stop())
                || !self.join(system, self.joining[at])
            {
                return false;
            }
            self.counts.joins += 1;
        }
        true
    }

    /// Lists the columns that are to join after the members before `places`: those of them that stay, in their order, then the
    /// others of `support`, as what joined last is the likeliest to leave next.
    fn list(&mut self, places: Range<usize>, support: &[usize]) {
        let members = self.factor.members();
        self.joining.clear();
        self.joining.extend(members[places].iter().filter(|&&j| self.wanted[j] == self.stamp));
        for &j in members {
            self.wanted[j] = 0;
        }
        self.joining.extend(support.iter().filter(|&&j| self.wanted[j] == self.stamp));
    }

    /// Computes the factor of the columns listed anew, by the block; false, having changed nothing, if that does not go.
    fn replace(&mut self, system: &System<'_, T>) -> bool {
        let size = self.joining.len();
        let mut gram = Mat::zeros(size, size);
        for (c, (column, &j)) in gram.as_mut().col_iter_mut().zip(&self.joining).enumerate() {
            let (below, rows) = (&mut contiguous(column)[c..], &self.joining[c..]);
            match self.source.gram() {
                Some(cache) => {
                    let column = cache.column(j);
                    below.iter_mut().zip(rows).for_each(|(out, &i)| *out = column[i]);
                }
                None => system.operator.gram_entries(rows, j, below),
            }
        }
        if !self.factor.replace(&self.joining, gram) {
            return false;
        }
        self.rotations = 0;
        self.counts.refactorisations += 1;
        self.counts.joins += size as u64;
        true
    }

    fn join(&mut self, system: &System<'_, T>, j: usize) -> bool {
        self.gram.clear();
        let members = self.factor.members();
        let square = if let Some(cache) = self.source.gram() {
            let column = cache.column(j);
            self.gram.extend(members.iter().map(|&i| column[i]));
            column[j].real()
        } else {
            self.rows.clear();
            self.rows.extend_from_slice(members);
            self.rows.push(j);
            self.gram.resize(self.rows.len(), T::ZERO);
            system.operator.gram_entries(&self.rows, j, &mut self.gram);
            self.gram.pop().map_or(0.0, |square| square.real())
        };
        self.factor.join(j, &self.gram, square)
    }

    /// Makes those columns of the support the members of the factor, in their order, that do not depend on the ones before
    /// them; returns how many do. `None` if one is too close to the span of those before it, and does not depend on them.
    pub(super) fn pass_over_dependent(&mut self, system: &System<'_, T>, support: &[usize]) -> Option<u64> {
        self.factor.truncate(0);
        self.rotations = 0;
        self.counts.refactorisations += 1;
        let mut dependent = 0;
        for &j in support {
            if self.join(system, j) {
                self.counts.joins += 1;
            } else if self.depends(system, j) {
                dependent += 1;
            } else {
                return None;
            }
        }
        Some(dependent)
    }

    /// Whether column j depends on the members of the factor to rounding: a_j − A_S c is computed from A, and compared with
    /// what cancels in it.
    fn depends(&mut self, system: &System<'_, T>, j: usize) -> bool {
        let members = self.factor.members();
        let mut column = vec![T::ZERO; system.data.len()];
        system.operator.column(j, &mut column);
        let length = norm(&column);
        let (mut rest, mut image) = (column.clone(), vec![T::ZERO; column.len()]);
        let (mut c, mut correction) = (vec![T::ZERO; members.len()], vec![T::ZERO; members.len()]);
        let mut previous = f64::INFINITY;
        // The correction gains digits each time, as in `refine`.
        for _ in 0..5 {
            system.operator.apply_adjoint_on(members, &rest, &mut correction);
            self.factor.solve_lower(&mut correction);
            self.factor.solve_upper(&mut correction);
            c.iter_mut().zip(&correction).for_each(|(c, d)| *c += *d);
            system.operator.apply_sparse(members, &c, &mut image);
            rest.iter_mut().zip(&column).zip(&image).for_each(|((r, &a), &part)| *r = a - part);
            let left = norm(&rest);
            if left <= (DEPENDENT * (length + self.factor.weighted_length(&c))).min(INDEPENDENT * length) {
                return true;
            }
            if left.is_nan() || left > 0.5 * previous {
                return false;
            }
            previous = left;
        }
        false
    }
}
