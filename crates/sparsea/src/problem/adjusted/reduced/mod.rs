//! P √W A as a map, computed from A.

mod local;
mod measure;
mod planar;
mod projected;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use faer::MatMut;

use super::basis::Basis;
use crate::error::Error;
use crate::failure::OperatorError;
use crate::interrupt::Interrupt;
use crate::kernels::{axpy, dot};
use crate::operator::{
    Columns, LinearMap, Local, Planar, Profile, SparseColumns, Structure, contiguous, single, with_columns,
};
use crate::scalar::Scalar;
use projected::Beneath;

/// B = P √W A Z for an A of which no copy is made: rows weighted by √w_i, columns projected off the span of the fixed ones, those
/// that are not to be chosen set to zero by the diagonal Z of zeros and ones.
///
/// # Accuracy
/// As that of [`Centered`](crate::Centered): with ρ_j = ‖√W a_j‖/‖b_j‖ the error of a product is ε ρ_j relative to ‖b_j‖, and
/// columns with ρ_j > 8 are kept as copies, together at most as many numbers as a product with A costs.
pub(super) struct Reduced<'o, T: Scalar> {
    inner: Arc<dyn LinearMap<T> + 'o>,
    shape: (usize, usize),
    /// √w_i; `None` if all are 1.
    roots: Option<Arc<[f64]>>,
    basis: Arc<Basis<T>>,
    /// Columns that are zero.
    zeros: Vec<bool>,
    /// ‖b_j‖, if known.
    norms: Option<Vec<f64>>,
    /// Columns of B kept as copies, sorted by their places.
    copies: Vec<(usize, Vec<T>)>,
    /// The longest run of columns that are alike, and of all columns whether they are like those.
    alike: OnceLock<(Range<usize>, Vec<bool>)>,
    /// Columns that are all of a patch, of those that are.
    whole: OnceLock<Vec<bool>>,
    /// What is projected, where that has structure.
    beneath: Option<Beneath<'o, T>>,
}

/// ρ² above which a column is copied.
const STEEP: f64 = 64.0;

impl<'o, T: Scalar> Reduced<'o, T> {
    /// Weights, projects and leaves out; `zeros` are the columns that are fixed or excluded.
    pub(super) fn new(
        inner: Arc<dyn LinearMap<T> + 'o>,
        roots: Option<Arc<[f64]>>,
        basis: Arc<Basis<T>>,
        zeros: Vec<bool>,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let shape = inner.shape();
        let (norms, copies, alike, whole, beneath) = (None, vec![], OnceLock::new(), OnceLock::new(), None);
        let mut reduced = Self { inner, shape, roots, basis, zeros, norms, copies, alike, whole, beneath };
        reduced.measure(interrupt)?;
        if reduced.basis.rank() > 0 && matches!(reduced.inner.structure(), Structure::Local(_) | Structure::Planar(_)) {
            reduced.beneath = Some(reduced.uncover(interrupt)?);
        }
        Ok(reduced)
    }

    /// v ← √W v.
    fn weigh(&self, v: &mut [T]) {
        if let Some(roots) = &self.roots {
            v.iter_mut().zip(roots.iter()).for_each(|(v, &root)| *v = v.scale(root));
        }
    }

    /// The entry of a row of √W, counted on where rows are periodic.
    fn root(&self, row: usize) -> f64 {
        self.roots.as_ref().map_or(1.0, |roots| roots[row % self.shape.0])
    }

    /// √W P v, which the adjoint of A is applied to.
    fn back(&self, v: &[T]) -> Vec<T> {
        let mut v = v.to_vec();
        self.basis.project(&mut v);
        self.weigh(&mut v);
        v
    }

    /// The copy of column j, if there is one.
    fn copy(&self, j: usize) -> Option<&[T]> {
        let place = self.copies.binary_search_by_key(&j, |&(at, _)| at).ok()?;
        Some(&self.copies[place].1)
    }

    /// Whether column j is computed from that of A.
    fn is_computed(&self, j: usize) -> bool {
        !self.zeros[j] && self.copy(j).is_none()
    }

    fn local(&self) -> Option<&dyn Local<T>> {
        if let Structure::Local(local) = self.inner.structure() { Some(local) } else { None }
    }

    fn planar(&self) -> Option<&dyn Planar<T>> {
        if let Structure::Planar(planar) = self.inner.structure() { Some(planar) } else { None }
    }

    /// Columns that are zero because they are fixed, excluded, or dependent on fixed ones.
    pub(super) fn zeros(&self) -> &[bool] {
        &self.zeros
    }
}

impl<T: Scalar> LinearMap<T> for Reduced<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn apply(&self, x: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let mut rest = x.to_vec();
        rest.iter_mut().zip(&self.zeros).filter(|(_, zero)| **zero).for_each(|(x, _)| *x = T::ZERO);
        for &(j, _) in &self.copies {
            rest[j] = T::ZERO;
        }
        self.inner.apply(&rest, y)?;
        self.weigh(y);
        self.basis.project(y);
        for (j, copy) in &self.copies {
            axpy(x[*j], copy, y);
        }
        Ok(())
    }

    fn apply_adjoint(&self, y: &[T], x: &mut [T]) -> Result<(), OperatorError> {
        self.inner.apply_adjoint(&self.back(y), x)?;
        for (j, copy) in &self.copies {
            x[*j] = dot(copy, y);
        }
        x.iter_mut().zip(&self.zeros).filter(|(_, zero)| **zero).for_each(|(x, _)| *x = T::ZERO);
        Ok(())
    }

    fn profile(&self) -> Profile {
        let ((m, n), inner) = (self.shape, self.inner.profile());
        let cost = inner.cost.unwrap_or_else(|| m.saturating_mul(n));
        let own = m * (usize::from(self.roots.is_some()) + 4 * self.basis.rank() + self.copies.len());
        let mut profile = Profile::made_of(&inner).with_cost(cost.saturating_add(own));
        profile.column_norms = self.norms.clone();
        profile
    }

    fn columns(&self) -> Option<&dyn Columns<T>> {
        self.inner.columns().is_some().then_some(self)
    }

    fn structure(&self) -> Structure<'_, T> {
        match self.inner.structure() {
            _ if self.beneath.is_some() => Structure::Projected(self),
            _ if self.basis.rank() > 0 => Structure::None,
            Structure::Sparse(_) => Structure::Sparse(self),
            Structure::Local(_) => Structure::Local(self),
            Structure::Planar(_) => Structure::Planar(self),
            Structure::None | Structure::Projected(_) | Structure::Steps | Structure::Gram(_) => Structure::None,
        }
    }
}

impl<T: Scalar> Columns<T> for Reduced<'_, T> {
    fn gather(&self, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            if let Some(copy) = self.copy(j) {
                out.copy_from_slice(copy);
            } else if self.zeros[j] {
                out.fill(T::ZERO);
            } else {
                with_columns(&*self.inner, |columns| columns.gather(&[j], single(out)))?;
                self.weigh(out);
                self.basis.project(out);
            }
        }
        Ok(())
    }

    fn gram(&self, rows: Option<&[usize]>, support: &[usize], out: MatMut<'_, T>) -> Result<(), OperatorError> {
        let n = self.shape.1;
        if let Some(beneath) = &self.beneath {
            return self.gram_beneath(beneath, rows, support, out);
        }
        let is_plain = self.basis.rank() == 0;
        if let Some(planar) = self.planar().filter(|_| is_plain) {
            for (&j, out) in support.iter().zip(out.col_iter_mut()) {
                self.gram_of_pixels(planar, rows, j, contiguous(out));
            }
            return Ok(());
        }
        let local = self.local().filter(|_| is_plain);
        let (mut column, mut one) = (vec![], vec![]);
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let out = contiguous(out);
            let Some(local) = local else {
                column.resize(self.shape.0, T::ZERO);
                self.gather(&[j], single(&mut column))?;
                match rows {
                    None => self.apply_adjoint(&column, out)?,
                    Some(rows) => self.correlate(rows, &column, out)?,
                }
                continue;
            };
            out.fill(T::ZERO);
            if self.zeros[j] {
                continue;
            }
            column.clear();
            let first = local.segment(j, &mut column);
            column.iter_mut().zip(first..).for_each(|(v, row)| *v = v.scale(self.root(row)));
            let mut entry = |i: usize| self.product_of_segments(local, i, (first, &column), &mut one);
            let reach = local.reach();
            match (rows, local.period()) {
                (Some(rows), _) => out.iter_mut().zip(rows).for_each(|(out, &i)| *out = entry(i)),
                (None, Some(_)) if 2 * reach + 1 < n => {
                    (j + n - reach..j + n + reach + 1).for_each(|i| out[i % n] = entry(i % n));
                }
                (None, Some(_)) => (0..n).for_each(|i| out[i] = entry(i)),
                (None, None) => {
                    (j.saturating_sub(reach)..n.min(j + reach + 1)).for_each(|i| out[i] = entry(i));
                }
            }
        }
        Ok(())
    }

    fn combine(&self, support: &[usize], values: &[T], y: &mut [T]) -> Result<(), OperatorError> {
        let rest = support.iter().zip(values).filter(|&(&j, _)| self.is_computed(j));
        let (places, kept): (Vec<usize>, Vec<T>) = rest.unzip();
        with_columns(&*self.inner, |columns| columns.combine(&places, &kept, y))?;
        self.weigh(y);
        self.basis.project(y);
        for (&j, &x) in support.iter().zip(values) {
            if let Some(copy) = self.copy(j) {
                axpy(x, copy, y);
            }
        }
        Ok(())
    }

    fn correlate(&self, support: &[usize], y: &[T], out: &mut [T]) -> Result<(), OperatorError> {
        with_columns(&*self.inner, |columns| columns.correlate(support, &self.back(y), out))?;
        for (&j, out) in support.iter().zip(out) {
            if let Some(copy) = self.copy(j) {
                *out = dot(copy, y);
            } else if self.zeros[j] {
                *out = T::ZERO;
            }
        }
        Ok(())
    }
}

impl<T: Scalar> SparseColumns<T> for Reduced<'_, T> {
    fn visit(&self, j: usize, visit: &mut dyn FnMut(usize, T)) {
        if let Structure::Sparse(columns) = self.inner.structure()
            && !self.zeros[j]
        {
            columns.visit(j, &mut |i, value| visit(i, value.scale(self.root(i))));
        }
    }
}
