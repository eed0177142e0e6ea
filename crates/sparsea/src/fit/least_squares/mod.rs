//! The engine that fits exactly on a support and moves from one support to the next.
//!
//! Three ways, each tried only if the one before is not shown to be good enough, by a bound or a safe estimate of the
//! condition, or by correlations computed from A:
//!
//! 1. normal equations by the Cholesky factor of cached Gram columns, in which columns join and leave;
//! 2. the same factor, corrected with residuals computed from A itself (corrected semi-normal equations, Björck 1987,
//!    DOI 10.1016/0024-3795(87)90101-7);
//! 3. an orthonormal basis of the columns ([`orthogonal`]).
//!
//! A column that depends on the others of the support to rounding is passed over, with coefficient 0, and 1 or 2 finds the
//! rest; 3 is for columns that are nearly dependent, and not quite.
//!
//! Where columns overlap only their neighbours, large problems are fitted cluster by cluster instead ([`clusters`]).

mod anticipation;
mod cholesky;
mod clusters;
mod distances;
mod gram;
mod nearby;
mod orthogonal;
mod rows;
mod tableau;
mod verbs;

use std::ops::Range;

use faer::{Mat, MatMut};

use crate::counts::Counts;
use crate::interrupt::Watch;
use crate::kernels::norm;
use crate::operator::{Operator, contiguous};
use crate::scalar::Scalar;
use crate::tolerance::{DEPENDENT, EXCESS, FIT, GRAM_ROUNDING, INDEPENDENT};
use anticipation::Anticipation;
use cholesky::Cholesky;
use clusters::Clusters;
pub(crate) use distances::Distances;
use gram::GramCache;
pub(crate) use gram::SharedGram;
use nearby::Nearby;
pub(crate) use orthogonal::Orthogonal;
use rows::Rows;
pub(crate) use tableau::Tableau;

/// Leaves after which the factor is computed anew, so that their rounding cannot add up.
const ROTATIONS_KEPT: u32 = 128;
/// What moves of the factor cost, about, in multiply-adds of a column that joins: a leaving column for the square of those
/// after it,
const ROTATION_WEIGHT: usize = 4;
/// any move besides,
const MOVE: usize = 800;
/// and the factor by the block: one for so many (k³ / 20 for all k³ / 6), and more for each entry gathered.
const BLOCK_GAIN: usize = 20;
const BLOCK_ENTRY: usize = 35;
/// Columns from which on the factor may be computed by the block.
const BLOCK_FROM: usize = 64;

/// Columns that join before the run is asked whether it is to stop.
const JOINS_UNWATCHED: usize = 32;

/// Entries n k of a block of Gram columns from which on fits are made cluster by cluster where columns are local.
const LOCAL_FROM: usize = 1 << 22;
/// Products with a sparse A in a run after which it is written down by rows, which takes as long as these.
const ROWS_AFTER: u32 = 4;
/// One entry of the Gram matrix costs about as much as this many multiply-adds of a product with A.
const ENTRY_WEIGHT: usize = 8;

/// The largest supports that are fitted hold this many times k columns: those that CoSaMP merges.
const MERGED: usize = 3;

/// y, A and what is known of them: everything a fit needs besides the support.
pub(crate) struct System<'a, T: Scalar> {
    pub(crate) operator: Box<dyn Operator<T> + 'a>,
    pub(crate) data: &'a [T],
    pub(crate) data_norm: f64,
    /// b = Aᴴ y.
    pub(crate) data_correlation: Vec<T>,
    /// ‖a_j‖ of each column as the algorithms see it.
    pub(crate) column_norms: Vec<f64>,
    /// Tells long work to give up.
    pub(crate) watch: Watch,
}

/// The least-squares solution on the current support, and the factor that found it.
pub(crate) struct SupportFit<T: Scalar> {
    /// Whole Gram columns, unless Aᴴ r is cheaper by the operator or they would not fit in memory.
    cache: Option<GramCache<T>>,
    /// The cache while it is not to be used.
    aside: Option<GramCache<T>>,
    /// Fits by clusters, on large problems with local columns; the factor and the basis are then not used for fits.
    clusters: Option<Clusters<T>>,
    /// A by rows, where it is sparse and neither of the above; whether that was looked into; how often the run would have used
    /// it; and the bytes it may take.
    rows: Option<Rows<T>>,
    rows_known: bool,
    rows_wanted: u32,
    memory: usize,
    factor: Cholesky<T>,
    orthogonal: Orthogonal<T>,
    /// A bound of ‖A (x − x_exact)‖ for the latest fit, as far as the rounding of Gram entries goes.
    error: f64,
    /// Σ|x_j|‖a_j‖ of the latest fit by normal equations.
    length: f64,
    rotations: u32,
    /// Per column of A: whether it is in the support being moved to, by a stamp that changes with every move.
    wanted: Vec<u32>,
    stamp: u32,
    /// Position of each column in the support, valid for members.
    place: Vec<u32>,
    /// Coefficients, then corrections, in factor order.
    ordered: Vec<T>,
    /// Columns that are to join the factor, in order.
    joining: Vec<usize>,
    correction: Vec<T>,
    anticipation: Anticipation<T>,
    gram: Vec<T>,
    nearby: Nearby<T>,
    product: Vec<T>,
    /// A column of the Gram matrix where none are cached.
    gram_column: Vec<T>,
    pub(crate) counts: Counts,
}

impl<T: Scalar> SupportFit<T> {
    /// An engine for `system`, supports of up to `sparsity` columns, and `memory` bytes of cached Gram columns.
    pub(crate) fn new(system: &System<'_, T>, sparsity: usize, memory: usize) -> Self {
        let (m, n) = (system.operator.nrows(), system.operator.ncols());
        let capacity = (memory / (n * size_of::<T>())).min(n);
        // Aᴴ r by the operator costs a product and its adjoint on top of forming r; by cached columns n k.
        let cached =
            capacity >= n.min(MERGED * sparsity) && system.operator.adjoint_cost() >= n.saturating_mul(sparsity) / 2;
        let by_clusters = n.saturating_mul(sparsity) > LOCAL_FROM
            && system.operator.local().is_some_and(|local| {
                // A fit anew takes k b² for b columns within reach of one, a changed column of the factor k².
                let near = local.reach().saturating_mul(sparsity) / n;
                let apart = local.period().is_none_or(|n| 2 * local.reach() < n);
                near.saturating_mul(near) <= sparsity && apart
            });
        let cached = cached && !by_clusters;
        let mut factor = Cholesky::default();
        factor.reserve(sparsity.min(1024));
        Self {
            cache: cached.then(|| GramCache::new(n, capacity)),
            aside: None,
            clusters: by_clusters.then(Clusters::default),
            rows: None,
            rows_known: cached || by_clusters,
            rows_wanted: 0,
            memory,
            factor,
            orthogonal: Orthogonal::default(),
            error: 0.0,
            length: 0.0,
            rotations: 0,
            wanted: vec![0; n],
            stamp: 0,
            place: vec![0; n],
            ordered: Vec::with_capacity(sparsity),
            joining: Vec::with_capacity(sparsity),
            correction: Vec::with_capacity(sparsity),
            anticipation: Anticipation::default(),
            gram: Vec::with_capacity(sparsity),
            nearby: Nearby::default(),
            product: Vec::with_capacity(m.max(sparsity)),
            gram_column: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Forgets the support and the counts; keeps the Gram columns. What follows has the bits that it has with a new engine.
    pub(crate) fn renew(&mut self) {
        self.factor.truncate(0);
        self.rotations = 0;
        self.rows_wanted = 0;
        self.forget_correlation();
        self.counts = Counts::default();
        self.anticipation = Anticipation::default();
        if let Some(cache) = &mut self.cache {
            cache.begin();
        }
        if let Some(clusters) = &mut self.clusters {
            *clusters = Clusters::default();
        }
    }

    /// Sets the cache of Gram columns aside, or takes it back: fits then compute the entries that they need.
    pub(crate) fn set_cache_aside(&mut self, aside: bool) {
        if aside {
            self.aside = self.cache.take();
        } else if self.aside.is_some() {
            self.cache = self.aside.take();
        }
    }

    /// Bytes held for Gram columns, or a sparse A by rows.
    pub(crate) fn memory_held(&self) -> usize {
        let rows = self.rows.as_ref().map_or(0, Rows::memory_held);
        self.cache.as_ref().map_or(0, GramCache::memory_held) + rows
    }

    /// Minimises ‖y − A_S x‖; true if `residual` was formed on the way.
    fn fit_on(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) -> bool {
        self.error = 0.0;
        if self.given_up(system, support, values) {
            return false;
        }
        if self.fit_clusters(system, support, values, false) {
            return false;
        }
        if !self.move_to(system, support) {
            if self.given_up(system, support, values) {
                return false;
            }
            self.fit_independent(system, support, values, residual);
            return true;
        }
        self.solve_members(system);
        self.note_places(support);
        // The error of the fit is at most that of the Gram matrix times x, seen through the inverse of the factor.
        self.length = self.factor.weighted_length(&self.ordered);
        let rounded = GRAM_ROUNDING * self.length;
        let allowed = EXCESS * system.data_norm;
        self.error = rounded * self.factor.inverse_bound(allowed / rounded);
        if self.error <= allowed && rounded <= FIT * system.data_norm {
            self.write_values(support, values);
            return false;
        }
        self.refine(system, support, values, residual);
        true
    }

    /// Whether to give up, and then x = 0.
    fn given_up(&self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>) -> bool {
        let stop = system.watch.stop();
        if stop {
            values.clear();
            values.resize(support.len(), T::ZERO);
        }
        stop
    }

    /// `ordered` ← (L Lᴴ)⁻¹ b for the members of the factor.
    fn solve_members(&mut self, system: &System<'_, T>) {
        self.ordered.clear();
        self.ordered.extend(self.factor.members().iter().map(|&j| system.data_correlation[j]));
        self.factor.solve_lower(&mut self.ordered);
        self.factor.solve_upper(&mut self.ordered);
    }

    fn note_places(&mut self, support: &[usize]) {
        for (position, &j) in support.iter().enumerate() {
            self.place[j] = position as u32;
        }
    }

    /// Fits where a column is too close to the span of the others for normal equations: without it, if it depends on those
    /// of lower index to rounding; otherwise by an orthonormal basis. Forms `residual`. Cost: |S|³/6 multiply-adds, and
    /// 2 m |S| for each dependent column.
    fn fit_independent(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) {
        let Some(dependent) = self.pass_over_dependent(system, support) else {
            self.fit_orthogonal(system, support, values, residual);
            return;
        };
        self.counts.dependent_columns += dependent;
        self.solve_members(system);
        self.note_places(support);
        self.refine(system, support, values, residual);
    }

    /// Makes those columns of the support the members of the factor, in their order, that do not depend on the ones before
    /// them; returns how many do. `None` if one is too close to the span of those before it, and does not depend on them.
    fn pass_over_dependent(&mut self, system: &System<'_, T>, support: &[usize]) -> Option<u64> {
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

    /// Fits cluster by cluster; by QR only, if it is to be `accurate`. False, having done nothing, where that is not the way.
    fn fit_clusters(&mut self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>, accurate: bool) -> bool {
        let (Some(clusters), Some(local)) = (&mut self.clusters, system.operator.local()) else { return false };
        let error = if accurate { 0.0 } else { EXCESS * system.data_norm };
        let Some(fitted) = clusters.fit(system, local, support, values, error) else { return false };
        self.error = fitted.error;
        self.length = support.iter().zip(&**values).map(|(&j, x)| system.column_norms[j] * Scalar::abs(*x)).sum();
        self.counts.refactorisations += fitted.clusters as u64;
        self.counts.orthogonalisations += fitted.by_qr as u64;
        self.counts.dependent_columns += fitted.dependent as u64;
        true
    }

    /// Corrects the fit on `support`, for which the factor stands, until its residual is as orthogonal as rounding
    /// allows; takes the orthonormal basis if that does not converge. Forms `residual`.
    fn refine(&mut self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>, residual: &mut Vec<T>) {
        self.counts.refinements += 1;
        let scale = system.data_norm;
        let mut previous = f64::INFINITY;
        for _ in 0..5 {
            if self.given_up(system, support, values) {
                return;
            }
            self.write_values(support, values);
            self.form_residual_on(system, support, values, residual);
            self.correction.resize(self.factor.len(), T::ZERO);
            self.product.resize(support.len(), T::ZERO);
            system.operator.apply_adjoint_on(support, residual, &mut self.product);
            for (c, &j) in self.correction.iter_mut().zip(self.factor.members()) {
                *c = self.product[self.place[j] as usize];
            }
            let cosine = self.factor.largest_cosine(&self.correction);
            self.factor.solve_lower(&mut self.correction);
            // ‖A (x − x_exact)‖, because L⁻¹ Aᴴ r is its coordinates in an orthonormal basis of the columns.
            let excess = norm(&self.correction);
            let good = cosine <= FIT * scale && excess <= FIT * scale;
            let enough = (1e-3 * norm(residual)).clamp(4.0 * T::EPSILON * scale, FIT * scale);
            if good && (excess <= enough || excess > 0.25 * previous) {
                return;
            }
            if excess.is_nan() || excess > 0.5 * previous {
                break;
            }
            previous = excess;
            self.factor.solve_upper(&mut self.correction);
            for (x, c) in self.ordered.iter_mut().zip(&self.correction) {
                *x += *c;
            }
        }
        self.fit_orthogonal(system, support, values, residual);
    }

    fn fit_orthogonal(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &mut Vec<T>,
        residual: &mut Vec<T>,
    ) {
        if self.given_up(system, support, values) {
            return;
        }
        self.counts.orthogonalisations += 1;
        let dependent = self.orthogonal.fit(&*system.operator, system.data, support, values, residual);
        self.counts.dependent_columns += dependent as u64;
    }

    /// Improves a fit made by normal equations. Forms `residual`.
    fn improve_on(&mut self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>, residual: &mut Vec<T>) {
        if self.fit_clusters(system, support, values, true) {
            self.form_residual_on(system, support, values, residual);
            return;
        }
        // The factor may have moved on since this support was fitted.
        if !self.move_to(system, support) {
            if !self.given_up(system, support, values) {
                self.fit_independent(system, support, values, residual);
            }
            return;
        }
        self.note_places(support);
        self.ordered.clear();
        self.ordered.extend(self.factor.members().iter().map(|&j| values[self.place[j] as usize]));
        self.refine(system, support, values, residual);
    }

    fn write_values(&self, support: &[usize], values: &mut Vec<T>) {
        values.clear();
        values.resize(support.len(), T::ZERO);
        for (&j, &x) in self.factor.members().iter().zip(&self.ordered) {
            values[self.place[j] as usize] = x;
        }
    }

    /// r ← y − A_S x.
    pub(crate) fn form_residual_on(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        values: &[T],
        residual: &mut Vec<T>,
    ) {
        self.counts.applies += 1;
        residual.resize(system.data.len(), T::ZERO);
        system.operator.apply_sparse(support, values, residual);
        for (r, &y) in residual.iter_mut().zip(system.data) {
            *r = y - *r;
        }
    }

    /// Makes `support` the members of the factor: by leaves and joins, by computing rows anew, or the whole by the block,
    /// whichever is cheapest. Returns false if a column is too close to the span of the others for normal equations, or if
    /// the run is to stop.
    fn move_to(&mut self, system: &System<'_, T>, support: &[usize]) -> bool {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.wanted.fill(0);
            self.stamp = 1;
        }
        for &j in support {
            self.wanted[j] = self.stamp;
        }
        if let Some(cache) = &mut self.cache {
            match cache.ensure(system, support) {
                Some(new) => self.counts.columns += new as u64,
                None => return false,
            }
        }
        let size = self.factor.len();
        let mut first = size;
        let mut leaving = 0;
        let mut by_rotations = 0;
        for (position, &j) in self.factor.members().iter().enumerate() {
            if self.wanted[j] != self.stamp {
                first = first.min(position);
                leaving += 1;
                by_rotations += ROTATION_WEIGHT * (size - position).pow(2) + MOVE;
            }
        }
        // Without a cache every row computed anew also costs its Gram entries.
        let per_entry =
            if self.cache.is_some() { 1 } else { system.operator.adjoint_cost() / system.operator.ncols().max(1) };
        let joining = |rows: Range<usize>| -> usize { rows.map(|row| row * (row / 2 + per_entry) + MOVE).sum() };
        let kept = size - leaving;
        let by_rows = joining(first..kept);
        let too_many = self.rotations >= ROTATIONS_KEPT && leaving > 0 && first < kept;
        let rotate = by_rotations <= by_rows && !too_many;
        if too_many {
            first = 0;
        }
        let one_by_one = joining(kept..support.len()) + if rotate { by_rotations } else { joining(first..kept) };
        let by_block = support.len().pow(2) * (support.len() / BLOCK_GAIN + per_entry + BLOCK_ENTRY);
        if support.len() >= BLOCK_FROM && by_block < one_by_one {
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
            match &self.cache {
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
        let square = if let Some(cache) = &self.cache {
            let column = cache.column(j);
            self.gram.extend(members.iter().map(|&i| column[i]));
            column[j].real()
        } else {
            self.gram.resize(members.len(), T::ZERO);
            system.operator.gram_entries(members, j, &mut self.gram);
            let mut square = [T::ZERO];
            system.operator.gram_entries(&[j], j, &mut square);
            square[0].real()
        };
        self.factor.join(j, &self.gram, square)
    }

    /// Whether column j of the Gram matrix is at hand.
    pub(crate) fn holds_gram_column(&self, j: usize) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.holds(j))
    }

    /// Column j of the Gram matrix AᴴA.
    pub(crate) fn gram_column(&mut self, system: &System<'_, T>, j: usize) -> &[T] {
        let n = system.operator.ncols();
        if let Some(cache) = &mut self.cache {
            if let Some(new) = cache.ensure(system, &[j]) {
                self.counts.columns += new as u64;
                return cache.column(j);
            }
            self.gram_column.clear();
            self.gram_column.resize(n, T::ZERO);
            return &self.gram_column;
        }
        self.counts.columns += 1;
        self.gram_column.resize(n, T::ZERO);
        system.operator.gram_columns(&[j], MatMut::from_column_major_slice_mut(&mut self.gram_column, n, 1));
        &self.gram_column
    }

    /// Makes Gram column `chosen` ready, and in the same pass over A those that a greedy search is likely to choose after it,
    /// in at most `remaining` steps in all, when the correlation is `correlation`.
    pub(crate) fn anticipate(&mut self, system: &System<'_, T>, chosen: usize, correlation: &[T], remaining: usize) {
        let Some(cache) = &mut self.cache else { return };
        if cache.holds(chosen) {
            return;
        }
        let block = self.anticipation.block(system, cache).min(remaining);
        if block > 1 {
            let wanted = self.anticipation.greedily(system, cache, chosen, correlation, block);
            cache.prepare(system, wanted);
            self.anticipation.note(cache.now());
        }
    }

    /// Makes the Gram columns of `support` ready, and in the same pass over A those largest in `exploration` off the support.
    pub(crate) fn anticipate_largest(&mut self, system: &System<'_, T>, support: &[usize], exploration: &[T]) {
        let Some(cache) = &mut self.cache else { return };
        let missing = support.iter().filter(|&&j| !cache.holds(j)).count();
        if missing == 0 {
            return;
        }
        let block = self.anticipation.block(system, cache).saturating_sub(missing);
        if block > 0 {
            let wanted = self.anticipation.largest(cache, support, exploration, block);
            cache.prepare(system, wanted);
            self.anticipation.note(cache.now());
        }
    }

    /// `out` ← (A_Sᴴ A_S)⁻¹ `right`, in the order of `support`; false if a column is too close to the span of the
    /// others for normal equations.
    pub(crate) fn solve_normal(
        &mut self,
        system: &System<'_, T>,
        support: &[usize],
        right: &[T],
        out: &mut Vec<T>,
    ) -> bool {
        if !self.move_to(system, support) {
            return false;
        }
        self.note_places(support);
        self.ordered.clear();
        self.ordered.extend(self.factor.members().iter().map(|&j| right[self.place[j] as usize]));
        self.factor.solve_lower(&mut self.ordered);
        self.factor.solve_upper(&mut self.ordered);
        self.write_values(support, out);
        true
    }

    /// The rows of a sparse A, if so many columns meet few enough of them that it pays to correlate by these.
    fn rows_for(&mut self, system: &System<'_, T>, columns: usize) -> Option<&mut Rows<T>> {
        let (m, n, cost) = (system.operator.nrows(), system.operator.ncols(), system.operator.adjoint_cost());
        // An entry is met out of order, once for each of its kind in the rows of the support.
        let met = columns.saturating_mul(cost) / n * (cost / m.max(1)).max(1);
        if ENTRY_WEIGHT * met > cost {
            return None;
        }
        // Rows that an earlier run left behind are not used sooner, so that this one has the bits that it has alone.
        self.rows_wanted = self.rows_wanted.saturating_add(1);
        if self.rows_wanted <= ROWS_AFTER {
            return None;
        }
        if !self.rows_known {
            self.rows = Rows::of(&*system.operator, self.memory);
            self.rows_known = true;
        }
        self.rows.as_mut()
    }

    /// Says that the correlation is not the one that was computed last.
    pub(crate) fn forget_correlation(&mut self) {
        self.nearby.known = false;
    }
}
