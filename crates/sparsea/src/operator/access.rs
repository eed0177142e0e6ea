//! Access to A as the library uses it: scaled, with cached Gram columns and recorded failures.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use faer::MatMut;

use super::columns::{ByProducts, single};
use super::probing::{MEASURED, estimated_norms};
use super::{Agreement, Columns, LinearMap, Local, Planar, Profile, Projected, SharedGram, Structure, contiguous};
use crate::counts::Counts;
use crate::error::Error;
use crate::failure::{Failure, OperatorError};
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::scalar::Scalar;

/// The only way in which the library reaches a [`LinearMap`]: A, or A D with a diagonal matrix D of scales.
///
/// Its methods do not fail. Once a product has failed, its result and all later ones are zero, the map is no longer called, and
/// [`check`](Self::check) returns the error. A run checks before its next step and ends with the error.
pub struct Access<'a, T: Scalar> {
    map: &'a dyn LinearMap<T>,
    columns: Option<&'a dyn Columns<T>>,
    structure: Structure<'a, T>,
    profile: Arc<Profile>,
    shape: (usize, usize),
    failure: Failure,
    /// The diagonal of D.
    scales: Option<Arc<[f64]>>,
    /// Gram columns of A, unscaled.
    gram: Option<Arc<SharedGram<T>>>,
    /// Holds D x while A is applied; a second caller at the same time makes its own.
    scratch: Mutex<Vec<T>>,
}

impl<'a, T: Scalar> Access<'a, T> {
    /// A without scaling.
    pub fn new(map: &'a dyn LinearMap<T>) -> Self {
        let profile = Arc::new(map.profile());
        Self {
            map,
            columns: map.columns(),
            structure: map.structure(),
            shape: map.shape(),
            failure: profile.failure.clone().unwrap_or_default(),
            profile,
            scales: None,
            gram: None,
            scratch: Mutex::default(),
        }
    }

    /// The same A, of which no product has failed yet.
    #[must_use]
    pub(crate) fn renewed(&self) -> Self {
        Self {
            profile: self.profile.clone(),
            failure: self.profile.failure.clone().unwrap_or_default(),
            scales: self.scales.clone(),
            gram: self.gram.clone(),
            scratch: Mutex::default(),
            ..*self
        }
    }

    /// The same A, whose products fail together with others.
    #[must_use]
    pub(crate) fn beside(&self, failure: Failure) -> Self {
        Self { failure, ..self.renewed() }
    }

    /// A D with D = diag(`scales`), one scale per column.
    #[must_use]
    pub fn scaled(&self, scales: Arc<[f64]>) -> Self {
        Self { scales: Some(scales), ..self.renewed() }
    }

    /// The same with Gram columns kept in `gram`, which belongs to A alone.
    #[must_use]
    pub(crate) fn keeping(&self, gram: Arc<SharedGram<T>>) -> Self {
        Self { gram: Some(gram), ..self.renewed() }
    }

    /// The map A.
    pub fn map(&self) -> &'a dyn LinearMap<T> {
        self.map
    }

    /// Number of rows m.
    pub fn nrows(&self) -> usize {
        self.shape.0
    }

    /// Number of columns n.
    pub fn ncols(&self) -> usize {
        self.shape.1
    }

    /// The diagonal of D, if A is scaled.
    pub(crate) fn scales(&self) -> Option<&[f64]> {
        self.scales.as_deref()
    }

    /// The same, to share.
    pub(crate) fn shared_scales(&self) -> Option<Arc<[f64]>> {
        self.scales.clone()
    }

    /// Approximate multiply-adds of a product with Aᴴ.
    pub fn adjoint_cost(&self) -> usize {
        self.profile.cost.unwrap_or_else(|| self.nrows().saturating_mul(self.ncols()))
    }

    /// Multiply-adds of an inner product with a column, about.
    pub(crate) fn column_cost(&self) -> usize {
        match self.structure {
            Structure::Sparse(_) | Structure::Local(_) => self.adjoint_cost() / self.ncols().max(1),
            Structure::Planar(planar) => planar.patch().1.len(),
            Structure::None | Structure::Projected(_) | Structure::Steps | Structure::Gram(_) => self.nrows(),
        }
    }

    /// Number of Gram columns that can be computed together at little more than the cost of one.
    pub fn gram_block(&self) -> usize {
        self.profile.block.unwrap_or(1)
    }

    /// Whether columns overlap only their neighbours, and how; without scales, see [`segment`](Self::segment).
    pub(crate) fn local(&self) -> Option<&'a dyn Local<T>> {
        if let Structure::Local(local) = self.structure { Some(local) } else { None }
    }

    /// Whether columns are copies of one patch of an image; without scales, see [`scales`](Self::scales).
    pub(crate) fn planar(&self) -> Option<&'a dyn Planar<T>> {
        if let Structure::Planar(planar) = self.structure { Some(planar) } else { None }
    }

    /// Whether columns are those of an operator with structure, less their parts in the span of a few vectors; without scales.
    pub(crate) fn projected(&self) -> Option<&'a dyn Projected<T>> {
        if let Structure::Projected(projected) = self.structure { Some(projected) } else { None }
    }

    /// The operator under a projection, with such scales. Its failures are those of this one.
    pub(crate) fn beneath(&self, scales: Option<Arc<[f64]>>) -> Option<Access<'a, T>> {
        let inner = Access::new(self.projected()?.inner());
        Some(Self { failure: self.failure.clone(), scales, ..inner })
    }

    /// Appends the part of column j in which it may be non-zero to `out`, and returns the row with which that begins: all of it,
    /// where columns are not local.
    pub(crate) fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let at = out.len();
        let Structure::Local(local) = self.structure else {
            out.resize(at + self.nrows(), T::ZERO);
            self.column(j, &mut out[at..]);
            return 0;
        };
        let first = local.segment(j, out);
        self.scale(j, &mut out[at..]);
        first
    }

    /// Whether a column takes a product with all of A.
    pub(crate) fn is_by_products(&self) -> bool {
        self.columns.is_none()
    }

    /// Whether A stores only the non-zero entries of its columns.
    pub fn is_sparse(&self) -> bool {
        matches!(self.structure, Structure::Sparse(_))
    }

    /// Whether A is [`Steps`](super::Steps), scaled or not.
    pub fn is_steps(&self) -> bool {
        matches!(self.structure, Structure::Steps) && self.nrows() == self.ncols()
    }

    /// The rows of A, of which its Gram matrix alone is known, if that is so.
    pub(crate) fn rows_of_gram(&self) -> Option<usize> {
        if let Structure::Gram(rows) = self.structure { Some(rows) } else { None }
    }

    /// Calls `visit(i, a_ij)` for the entries of column j that A stores, and returns true, if it is sparse.
    pub(crate) fn sparse_column(&self, j: usize, visit: &mut dyn FnMut(usize, T)) -> bool {
        let Structure::Sparse(columns) = self.structure else { return false };
        match &self.scales {
            None => columns.visit(j, visit),
            Some(scales) => columns.visit(j, &mut |i, value| visit(i, value.scale(scales[j]))),
        }
        true
    }

    /// y ← A x.
    pub fn apply(&self, x: &[T], y: &mut [T]) {
        let Some(scales) = &self.scales else { return self.product(y, |_, y| self.map.apply(x, y)) };
        let scaled = x.iter().zip(scales.iter()).map(|(x, &d)| x.scale(d));
        self.with_scratch(scaled, |x| self.product(y, |_, y| self.map.apply(x, y)));
    }

    /// x ← Aᴴ y.
    pub fn apply_adjoint(&self, y: &[T], x: &mut [T]) {
        self.product(x, |_, x| self.map.apply_adjoint(y, x));
        self.scale_entries(None, 1.0, x);
    }

    /// `out` ← Aᴴ Y for several vectors y, in one pass over A if its form allows it.
    pub fn apply_adjoint_block(&self, ys: &[&[T]], mut out: MatMut<'_, T>) {
        self.block(out.as_mut(), |columns, out| columns.adjoint_block(ys, out));
        out.col_iter_mut().for_each(|column| self.scale_entries(None, 1.0, contiguous(column)));
    }

    /// `out` ← a_j.
    pub fn column(&self, j: usize, out: &mut [T]) {
        self.product(out, |columns, out| columns.gather(&[j], single(out)));
        self.scale(j, out);
    }

    /// `out` ← A_S, m × |S|.
    pub fn columns(&self, support: &[usize], mut out: MatMut<'_, T>) {
        self.block(out.as_mut(), |columns, out| columns.gather(support, out));
        support.iter().zip(out.col_iter_mut()).for_each(|(&j, column)| self.scale(j, contiguous(column)));
    }

    /// `out` ← Aᴴ A_S, n × |S|. If there is a cache, columns are taken from it and added to it.
    pub fn gram_columns(&self, support: &[usize], mut out: MatMut<'_, T>) {
        match &self.gram {
            Some(gram) => gram.copy(self, support, out.as_mut()),
            None => self.unscaled_gram_columns(support, out.as_mut()),
        }
        for (&j, column) in support.iter().zip(out.col_iter_mut()) {
            self.scale_entries(None, self.scale_of(j), contiguous(column));
        }
    }

    /// Gram columns of A without its scales, computed.
    pub(super) fn unscaled_gram_columns(&self, support: &[usize], out: MatMut<'_, T>) {
        self.block(out, |columns, out| columns.gram(None, support, out));
    }

    /// `out[t]` ← a_iᴴ a_j with i = `rows[t]`. The cache is never used, so the result does not depend on its content.
    pub fn gram_entries(&self, rows: &[usize], j: usize, out: &mut [T]) {
        self.product(out, |columns, out| columns.gram(Some(rows), &[j], single(out)));
        self.scale_entries(Some(rows), self.scale_of(j), out);
    }

    /// y ← A_S v, where v = `values`.
    pub fn apply_sparse(&self, support: &[usize], values: &[T], y: &mut [T]) {
        let Some(scales) = &self.scales else {
            return self.product(y, |columns, y| columns.combine(support, values, y));
        };
        let scaled = support.iter().zip(values).map(|(&j, value)| value.scale(scales[j]));
        self.with_scratch(scaled, |values| self.product(y, |columns, y| columns.combine(support, values, y)));
    }

    /// `out` ← A_Sᴴ y.
    pub fn apply_adjoint_on(&self, support: &[usize], y: &[T], out: &mut [T]) {
        self.product(out, |columns, out| columns.correlate(support, y, out));
        self.scale_entries(Some(support), 1.0, out);
    }

    /// ‖a_j‖ of every column.
    pub fn column_norms(&self) -> Vec<f64> {
        // Without an interrupt only a failure stops it, which is kept.
        self.measure_columns(&Interrupt::default()).map_or_else(|_| vec![0.0; self.ncols()], |(norms, _)| norms)
    }

    /// ‖a_j‖ of every column, estimated where there are many, not nearly parallel, and products are all that is known of A, and the
    /// products that it took; or [`Error::Stopped`] once `interrupt` says so.
    pub(crate) fn estimate_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, Counts), Error> {
        if self.profile.column_norms.is_some() || !self.is_by_products() || self.ncols() <= MEASURED {
            return self.measure_columns(interrupt);
        }
        let (norms, probed) = estimated_norms(self, interrupt)?;
        match norms {
            Some(norms) => Ok((norms, probed)),
            None => self.measure_columns(interrupt).map(|(norms, measured)| (norms, probed + measured)),
        }
    }

    /// ‖a_j‖ of every column and the products that it took, or [`Error::Stopped`] once `interrupt` says so.
    pub(crate) fn measure_columns(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, Counts), Error> {
        let (mut norms, applies) = match (&self.profile.column_norms, self.columns) {
            (Some(stated), _) => (stated.clone(), 0),
            (None, Some(columns)) => match columns.norms() {
                Ok(norms) => (norms, 0),
                Err(error) => {
                    self.failure.set(error);
                    (vec![0.0; self.ncols()], 0)
                }
            },
            (None, None) => self.measure_by_products(interrupt)?,
        };
        if let Some(scales) = &self.scales {
            norms.iter_mut().zip(scales.iter()).for_each(|(norm, scale)| *norm *= scale);
        }
        self.check().map(|()| (norms, Counts { applies, ..Counts::default() }))
    }

    /// ‖a_j‖ of every column of the map, by n products, and their number.
    fn measure_by_products(&self, interrupt: &Interrupt) -> Result<(Vec<f64>, u64), Error> {
        let (m, n) = self.shape;
        let (mut unit, mut column) = (vec![T::ZERO; n], vec![T::ZERO; m]);
        let mut norms = Vec::with_capacity(n);
        for j in 0..n {
            if let Some(reason) = interrupt.reason() {
                return Err(Error::Stopped { reason });
            }
            unit[j] = T::ONE;
            self.product(&mut column, |_, column| self.map.apply(&unit, column));
            unit[j] = T::ZERO;
            self.check()?;
            norms.push(norm(&column));
        }
        Ok((norms, n as u64))
    }

    /// Σ_i w_i |a_ij|² for every column, with a weight for each row.
    pub(crate) fn column_squares(&self, weights: &[f64]) -> Vec<f64> {
        let (m, n) = self.shape;
        if self.is_sparse() {
            let square = |j| {
                let mut sum = 0.0;
                self.sparse_column(j, &mut |i, a: T| sum += weights[i] * a.abs2());
                sum
            };
            return (0..n).map(square).collect();
        }
        /// Columns at a time: those of a matrix by rows lie side by side.
        const BLOCK: usize = 8;
        let mut squares = Vec::with_capacity(n);
        let mut block = vec![T::ZERO; m * BLOCK.min(n)];
        for from in (0..n).step_by(BLOCK) {
            let chosen: Vec<usize> = (from..n.min(from + BLOCK)).collect();
            let block = &mut block[..m * chosen.len()];
            self.columns(&chosen, MatMut::from_column_major_slice_mut(block, m, chosen.len()));
            let square = |column: &[T]| column.iter().zip(weights).map(|(v, w)| w * v.abs2()).sum::<f64>();
            squares.extend(block.chunks(m.max(1)).map(square));
        }
        squares
    }

    /// How processes that compute products together agree, if they do.
    pub(crate) fn agreement(&self) -> Option<&Agreement> {
        self.profile.agreement.as_ref()
    }

    /// What a map made of this one has of it.
    pub(crate) fn inherited(&self) -> Profile {
        Profile { agreement: self.profile.agreement.clone(), ..Profile::default() }.with_failure(self.failure())
    }

    /// What keeps the error of a product that failed.
    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    /// Returns an error if a product has failed, because everything computed since is invalid.
    ///
    /// # Errors
    /// [`Error::Operator`].
    pub fn check(&self) -> Result<(), Error> {
        self.outcome().map_err(Error::Operator)
    }

    /// The error of a product that failed.
    pub(super) fn outcome(&self) -> Result<(), OperatorError> {
        self.failure.get().cloned().map_or(Ok(()), Err)
    }

    /// Computes `out`, unless a product has failed before.
    fn product(&self, out: &mut [T], make: impl FnOnce(&dyn Columns<T>, &mut [T]) -> Result<(), OperatorError>) {
        if let Err(error) = self.attempt(|columns| make(columns, out)) {
            self.failure.set(error);
            out.fill(T::ZERO);
        } else if self.failure.is_set() {
            out.fill(T::ZERO);
        }
    }

    /// Computes a block, unless a product has failed before.
    fn block(
        &self,
        mut out: MatMut<'_, T>,
        make: impl FnOnce(&dyn Columns<T>, MatMut<'_, T>) -> Result<(), OperatorError>,
    ) {
        if let Err(error) = self.attempt(|columns| make(columns, out.as_mut())) {
            self.failure.set(error);
        }
        if self.failure.is_set() {
            out.fill(T::ZERO);
        }
    }

    fn attempt(&self, make: impl FnOnce(&dyn Columns<T>) -> Result<(), OperatorError>) -> Result<(), OperatorError> {
        if self.failure.is_set() {
            return Ok(());
        }
        match self.columns {
            Some(columns) => make(columns),
            None => make(&ByProducts(self.map)),
        }
    }

    /// The scale of column j.
    pub(crate) fn scale_of(&self, j: usize) -> f64 {
        self.scales.as_ref().map_or(1.0, |scales| scales[j])
    }

    /// Scales column j.
    fn scale(&self, j: usize, column: &mut [T]) {
        if let Some(scales) = &self.scales {
            column.iter_mut().for_each(|v| *v = v.scale(scales[j]));
        }
    }

    /// Multiplies entries that belong to columns, those of `places` or all, by the scales of these and by `factor`.
    fn scale_entries(&self, places: Option<&[usize]>, factor: f64, entries: &mut [T]) {
        let Some(scales) = &self.scales else { return };
        match places {
            None => entries.iter_mut().zip(scales.iter()).for_each(|(v, &d)| *v = v.scale(d * factor)),
            Some(places) => entries.iter_mut().zip(places).for_each(|(v, &j)| *v = v.scale(scales[j] * factor)),
        }
    }

    fn with_scratch<R>(&self, scaled: impl Iterator<Item = T>, use_it: impl FnOnce(&[T]) -> R) -> R {
        let mut scratch = match self.scratch.try_lock() {
            Ok(scratch) => scratch,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return use_it(&scaled.collect::<Vec<T>>()),
        };
        scratch.clear();
        scratch.extend(scaled);
        use_it(&scratch)
    }
}

impl<T: Scalar> std::fmt::Debug for Access<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("shape", &self.shape).field("profile", &self.profile).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{Boundary, Convolution, SparseOperator, from_compressed_rows};

    #[test]
    fn segments_and_sparse_entries_are_scaled() {
        let scales: Arc<[f64]> = (1..=6).map(f64::from).collect();
        let blur = Convolution::new(&[1.0, -2.0, 3.0], 6, Boundary::Same).unwrap();
        let matrix = from_compressed_rows(3, 6, &[0, 2, 3, 4], &[0, 4, 4, 2], &[1.0, -2.0, 3.0, 4.0]).unwrap();
        let sparse = SparseOperator::owned(matrix);
        for map in [&blur as &dyn LinearMap<f64>, &sparse] {
            let access = Access::new(map).scaled(scales.clone());
            for j in 0..6 {
                let mut column = vec![0.0; access.nrows()];
                access.column(j, &mut column);
                let (mut from_segment, mut segment) = (vec![0.0; access.nrows()], vec![]);
                let first = access.segment(j, &mut segment);
                from_segment[first..first + segment.len()].copy_from_slice(&segment);
                assert_eq!(from_segment, column);
                let mut from_entries = vec![0.0; access.nrows()];
                if access.sparse_column(j, &mut |i, v| from_entries[i] += v) {
                    assert_eq!(from_entries, column);
                }
            }
        }
    }
}
