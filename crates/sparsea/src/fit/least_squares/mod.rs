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
//! Where columns overlap only their neighbours, large problems are fitted cluster by cluster instead ([`clusters`]). Where a column takes a
//! product with all of A, many that are new are fitted by conjugate gradients first ([`products`]).

mod anticipation;
mod banded;
mod block_tableau;
mod cholesky;
mod clusters;
mod distances;
mod gram;
mod moves;
mod nearby;
mod neighbours;
mod orthogonal;
mod plan;
mod products;
mod rows;
mod source;
mod tableau;
mod verbs;

use faer::MatMut;

use super::System;
use crate::counts::Counts;
use crate::kernels::{add_combination, norm};
use crate::scalar::Scalar;
use crate::tolerance::{EXCESS, FIT, GRAM_ROUNDING};
use anticipation::Anticipation;
pub(crate) use block_tableau::{BlockTableau, Groups, OfGroups};
use cholesky::Cholesky;
pub(crate) use distances::Distances;
use nearby::Nearby;
pub(crate) use neighbours::Neighbours;
pub(crate) use orthogonal::Orthogonal;
use plan::{COSTS, Sizes};
use products::ByProducts;
use source::Source;
pub(crate) use tableau::{BoundedBlocks, Tableau};

/// The least-squares solution on the current support, and the factor that found it.
pub(crate) struct SupportFit<T: Scalar> {
    source: Source<T>,
    /// The source while it is not to be used.
    aside: Option<Source<T>>,
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
    /// The members of the factor, and the column that joins them.
    rows: Vec<usize>,
    nearby: Nearby<T>,
    by_products: ByProducts<T>,
    product: Vec<T>,
    /// A product with A beside the point's.
    image: Vec<T>,
    /// A column of the Gram matrix where none are cached.
    gram_column: Vec<T>,
    pub(crate) counts: Counts,
}

impl<T: Scalar> SupportFit<T> {
    /// An engine for `system`, supports of up to `sparsity` columns, and `memory` bytes of cached Gram columns.
    pub(crate) fn new(system: &System<'_, T>, sparsity: usize, memory: usize) -> Self {
        let (m, n) = (system.operator.nrows(), system.operator.ncols());
        let way = COSTS.way(&Sizes::of(&system.operator, sparsity, memory));
        let mut factor = Cholesky::default();
        factor.reserve(sparsity.min(1024));
        Self {
            source: Source::new(way, n, memory),
            aside: None,
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
            gram: Vec::with_capacity(sparsity + 1),
            rows: Vec::with_capacity(sparsity + 1),
            nearby: Nearby::default(),
            by_products: ByProducts::default(),
            product: Vec::with_capacity(m.max(sparsity)),
            image: Vec::new(),
            gram_column: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// What is known of the error of the latest fit: for fits that take turns.
    pub(crate) fn errors(&self) -> (f64, f64) {
        (self.error, self.length)
    }

    /// Takes up another fit, after which the errors were these.
    pub(crate) fn set_errors(&mut self, (error, length): (f64, f64)) {
        (self.error, self.length) = (error, length);
    }

    /// Forgets the support and the counts; keeps the Gram columns. What follows has the bits that it has with a new engine.
    pub(crate) fn renew(&mut self) {
        self.factor.truncate(0);
        self.rotations = 0;
        self.forget_correlation();
        self.counts = Counts::default();
        self.anticipation = Anticipation::default();
        self.by_products = ByProducts::default();
        self.source.renew();
    }

    /// Sets the cache of Gram columns aside, or takes it back: fits then compute the entries that they need.
    pub(crate) fn set_cache_aside(&mut self, aside: bool) {
        if aside && self.source.gram().is_some() {
            self.aside = Some(std::mem::replace(&mut self.source, Source::Products));
        } else if let Some(source) = self.aside.take() {
            self.source = source;
        }
    }

    /// Bytes held for Gram columns, or a sparse A by rows.
    pub(crate) fn memory_held(&self) -> usize {
        self.source.memory_held()
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
        if self.fit_by_products(system, support, values, residual) {
            return true;
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

    /// Fits cluster by cluster; by QR only, if it is to be `accurate`. False, having done nothing, where that is not the way.
    fn fit_clusters(&mut self, system: &System<'_, T>, support: &[usize], values: &mut Vec<T>, accurate: bool) -> bool {
        let Source::Clusters(clusters) = &mut self.source else { return false };
        let error = if accurate { 0.0 } else { EXCESS * system.data_norm };
        let Some(fitted) = clusters.fit(system, support, values, error) else { return false };
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
        let dependent = self.orthogonal.fit(&system.operator, system.data, support, values, residual);
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

    /// Whether there is room for the Gram columns of a support of so many columns, if any are kept.
    pub(crate) fn has_gram_room(&self, columns: usize) -> bool {
        self.source.gram().is_none_or(|cache| columns <= cache.capacity())
    }

    /// `out` ← Aᴴ A_S v, by Gram columns if those are kept.
    pub(crate) fn gram_product(&mut self, system: &System<'_, T>, support: &[usize], values: &[T], out: &mut [T]) {
        if let Some(cache) = self.source.gram_mut() {
            out.fill(T::ZERO);
            let Some(new) = cache.ensure(system, support) else { return };
            self.counts.columns += new as u64;
            let cache = &*cache;
            add_combination(values, |at| cache.column(support[at]), false, out);
            return;
        }
        self.counts.applies += 1;
        self.counts.adjoints += 1;
        self.image.resize(system.data.len(), T::ZERO);
        system.operator.apply_sparse(support, values, &mut self.image);
        system.operator.apply_adjoint(&self.image, out);
    }

    /// Whether column j of the Gram matrix is at hand.
    pub(crate) fn holds_gram_column(&self, j: usize) -> bool {
        self.source.gram().is_some_and(|cache| cache.holds(j))
    }

    /// Column j of the Gram matrix AᴴA.
    pub(crate) fn gram_column(&mut self, system: &System<'_, T>, j: usize) -> &[T] {
        let n = system.operator.ncols();
        if let Some(cache) = self.source.gram_mut() {
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
        let Some(cache) = self.source.gram_mut() else { return };
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
        let Some(cache) = self.source.gram_mut() else { return };
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

    /// Says that the correlation is not the one that was computed last.
    pub(crate) fn forget_correlation(&mut self) {
        self.nearby.known = false;
    }
}
