//! P √W A as a map, computed from A.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use faer::MatMut;

use super::basis::{Basis, rounding};
use crate::check::unusable;
use crate::error::Error;
use crate::failure::OperatorError;
use crate::interrupt::Interrupt;
use crate::kernels::{axpy, dot, norm};
use crate::operator::{
    Access, Columns, LinearMap, Local, Profile, Projected, SparseColumns, Structure, contiguous, single, with_columns,
};
use crate::scalar::Scalar;

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
    alike: OnceLock<Range<usize>>,
    /// √W A Z, where it has structure that the projection hides, and its products with the basis.
    beneath: Option<(Box<dyn LinearMap<T> + 'o>, Vec<Vec<T>>)>,
}

/// ρ² above which a column is copied.
const STEEP: f64 = 64.0;
/// Up to so many columns of an A known by its products are measured one by one, as by [`Problem::new`](crate::Problem::new).
const MEASURED: usize = 2048;

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
        let (norms, copies, alike, beneath) = (None, vec![], OnceLock::new(), None);
        let mut reduced = Self { inner, shape, roots, basis, zeros, norms, copies, alike, beneath };
        reduced.measure(interrupt)?;
        if reduced.basis.rank() > 0 && matches!(reduced.inner.structure(), Structure::Local(_) | Structure::Planar(_)) {
            reduced.beneath = Some(reduced.uncover(interrupt)?);
        }
        Ok(reduced)
    }

    /// What is left of this map without the projection, and its products with the basis.
    fn uncover(&self, interrupt: &Interrupt) -> Result<(Box<dyn LinearMap<T> + 'o>, Vec<Vec<T>>), Error> {
        let is_plain = self.roots.is_none() && !self.zeros.contains(&true);
        let map: Box<dyn LinearMap<T> + 'o> = if is_plain {
            Box::new(self.inner.clone())
        } else {
            let basis = Arc::new(Basis::new());
            Box::new(Self::new(self.inner.clone(), self.roots.clone(), basis, self.zeros.clone(), interrupt)?)
        };
        let products = self.basis.columns().iter().map(|q| {
            let mut product = vec![T::ZERO; self.shape.1];
            map.apply_adjoint(q, &mut product).map(|()| product)
        });
        let products: Result<Vec<Vec<T>>, OperatorError> = products.collect();
        let products = products.map_err(Error::Operator)?;
        Ok((map, products))
    }

    /// Norms of the columns, as far as they cost no more products than [`Problem::new`](crate::Problem::new) would make.
    fn measure(&mut self, interrupt: &Interrupt) -> Result<(), Error> {
        let (m, n) = self.shape;
        let by_products = self.inner.columns().is_none();
        let profile = self.inner.profile();
        let cost = profile.cost.unwrap_or_else(|| m.saturating_mul(n));
        if self.basis.rank() == 0 && by_products {
            // Stated norms are those of columns that are not weighted; others are measured as those of any map.
            self.norms = profile.column_norms.filter(|norms| self.roots.is_none() && norms.len() == n);
            self.clear_zeros();
            return Ok(());
        }
        let squares = match profile.column_norms {
            Some(norms) if self.roots.is_none() && norms.len() == n => Some(norms.iter().map(|v| v * v).collect()),
            _ if by_products => None,
            _ => Some(self.squares()?),
        };
        let parts = self.parts()?;
        let mut steep = vec![];
        let mut norms = vec![0.0; n];
        if let Some(squares) = &squares {
            for j in 0..n {
                if self.zeros[j] {
                    continue;
                }
                let left = squares[j] - parts[j];
                if left * STEEP >= squares[j] && squares[j] > 1e-280 && squares[j] < 1e280 {
                    norms[j] = left.sqrt();
                } else if squares[j] != 0.0 || parts[j] != 0.0 {
                    steep.push((j, squares[j] / left.max(0.0)));
                } else {
                    self.zeros[j] = true;
                }
            }
        } else if n <= MEASURED {
            steep.extend((0..n).filter(|&j| !self.zeros[j]).map(|j| (j, 0.0)));
        } else {
            norms = Access::new(&*self).estimate_columns(interrupt)?.0;
            for j in 0..n {
                // Rounding of the estimate is that of what cancels.
                if norms[j] <= 2.0 * rounding(m) * parts[j].sqrt() {
                    norms[j] = 0.0;
                }
                self.zeros[j] |= norms[j] == 0.0;
            }
        }
        self.copy_steep(steep, &mut norms, cost / m.max(1), interrupt)?;
        self.norms = Some(norms);
        self.clear_zeros();
        Ok(())
    }

    /// Measures these columns, given with their ρ_j² as far as known, and copies as many of those that cancel as there is room for.
    fn copy_steep(
        &mut self,
        mut steep: Vec<(usize, f64)>,
        norms: &mut [f64],
        mut room: usize,
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let m = self.shape.0;
        steep.sort_by(|(i, a), (j, b)| b.total_cmp(a).then(i.cmp(j)));
        let (mut column, mut copies) = (vec![T::ZERO; m], vec![]);
        for (j, _) in steep {
            if let Some(reason) = interrupt.reason() {
                return Err(Error::Stopped { reason });
            }
            with_columns(&*self.inner, |columns| columns.gather(&[j], single(&mut column))).map_err(Error::Operator)?;
            self.weigh(&mut column);
            let whole = norm(&column);
            if !whole.is_finite() {
                return Err(self.blame(j, column));
            }
            self.basis.project(&mut column);
            let left = norm(&column);
            if whole == 0.0 || (self.basis.rank() > 0 && left <= rounding(m) * whole) {
                self.zeros[j] = true;
                continue;
            }
            norms[j] = left;
            if whole > STEEP.sqrt() * left && room > 0 {
                copies.push((j, column.clone()));
                room -= 1;
            }
        }
        copies.sort_by_key(|&(j, _)| j);
        self.copies = copies;
        Ok(())
    }

    /// What is wrong with column j, which is no vector of numbers once it is weighted.
    fn blame(&self, j: usize, weighted: Vec<T>) -> Error {
        let mut column = vec![T::ZERO; self.shape.0];
        match with_columns(&*self.inner, |columns| columns.gather(&[j], single(&mut column))) {
            Err(error) => Error::Operator(error),
            Ok(()) if norm(&column).is_finite() => unusable(&weighted, j),
            Ok(()) => unusable(&column, j),
        }
    }

    fn clear_zeros(&mut self) {
        if let Some(norms) = &mut self.norms {
            norms.iter_mut().zip(&self.zeros).filter(|(_, zero)| **zero).for_each(|(norm, _)| *norm = 0.0);
        }
    }

    /// ‖√W a_j‖² of every column.
    fn squares(&self) -> Result<Vec<f64>, Error> {
        let (m, n) = self.shape;
        let access = Access::new(&*self.inner);
        let ones;
        let weights = match &self.roots {
            Some(roots) => roots.iter().map(|root| root * root).collect::<Vec<_>>(),
            None => {
                ones = vec![1.0; m];
                ones
            }
        };
        let squares: Vec<f64> = match self.inner.structure() {
            Structure::Local(local) => {
                let mut segment = vec![];
                let mut square = |j| {
                    segment.clear();
                    let first = local.segment(j, &mut segment);
                    let rows = segment.iter().zip(first..);
                    rows.map(|(v, row)| weights[row % m.max(1)] * v.abs2()).sum()
                };
                (0..n).map(&mut square).collect()
            }
            _ => access.column_squares(&weights),
        };
        access.check()?;
        match squares.iter().position(|square: &f64| !square.is_finite()) {
            // Squares of large numbers are measured again, with care.
            Some(j) if squares[j].is_nan() => {
                let mut column = vec![T::ZERO; m];
                access.column(j, &mut column);
                Err(self.blame(j, column))
            }
            _ => Ok(squares),
        }
    }

    /// ‖Qᴴ √W a_j‖² of every column.
    fn parts(&self) -> Result<Vec<f64>, Error> {
        let n = self.shape.1;
        let (mut sums, mut products) = (vec![0.0; n], vec![T::ZERO; n]);
        for q in self.basis.columns() {
            let mut q = q.clone();
            self.weigh(&mut q);
            self.inner.apply_adjoint(&q, &mut products).map_err(Error::Operator)?;
            sums.iter_mut().zip(&products).for_each(|(sum, c)| *sum += c.abs2());
        }
        Ok(sums)
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

    /// Columns that are zero because they are fixed, excluded, or dependent on fixed ones.
    pub(super) fn zeros(&self) -> &[bool] {
        &self.zeros
    }

    /// b_iᴴ b_j of two local columns, the second as a segment.
    fn product_of_segments(
        &self,
        local: &dyn Local<T>,
        i: usize,
        (first, other): (usize, &[T]),
        one: &mut Vec<T>,
    ) -> T {
        if self.zeros[i] {
            return T::ZERO;
        }
        one.clear();
        let from = local.segment(i, one);
        let weighted = |at: usize| self.root(from + at);
        let Some(period) = local.period() else {
            let (begin, end) = (from.max(first), (from + one.len()).min(first + other.len()));
            let entry = |row: usize| one[row - from].conj().scale(weighted(row - from)) * other[row - first];
            return (begin..end).map(entry).sum();
        };
        let entry = |(at, v): (usize, &T)| {
            // Rows count on beyond the last.
            let place = (from + at + period - first % period) % period;
            other.get(place).map(|&w| v.conj().scale(weighted(at)) * w)
        };
        one.iter().enumerate().filter_map(entry).sum()
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
        let mut profile = Profile::default().with_cost(cost.saturating_add(own));
        profile.failure = inner.failure;
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
            Structure::None
            | Structure::Planar(_)
            | Structure::Projected(_)
            | Structure::Steps
            | Structure::Gram(_) => Structure::None,
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
        let local = self.local().filter(|_| self.basis.rank() == 0);
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

impl<T: Scalar> Projected<T> for Reduced<'_, T> {
    fn inner(&self) -> &dyn LinearMap<T> {
        self.beneath.as_ref().map_or(&self.inner, |(map, _)| map)
    }

    fn basis(&self) -> &[Vec<T>] {
        self.basis.columns()
    }

    fn products(&self) -> &[Vec<T>] {
        self.beneath.as_ref().map_or(&[], |(_, products)| products)
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

impl<T: Scalar> Local<T> for Reduced<'_, T> {
    fn reach(&self) -> usize {
        self.local().map_or(self.shape.1, Local::reach)
    }

    fn segment(&self, j: usize, out: &mut Vec<T>) -> usize {
        let Some(local) = self.local() else {
            out.resize(out.len() + self.shape.0, T::ZERO);
            return 0;
        };
        let at = out.len();
        let first = local.segment(j, out);
        for (v, row) in out[at..].iter_mut().zip(first..) {
            *v = if self.zeros[j] { T::ZERO } else { v.scale(self.root(row)) };
        }
        first
    }

    /// The longest run of columns of A that are alike whose rows have one weight.
    fn alike(&self) -> Range<usize> {
        let Some(local) = self.local() else { return 0..0 };
        let look = || {
            let alike = local.alike();
            let (mut best, mut begin) = (0..0, alike.start);
            // The weight that columns from `begin` on have.
            let (mut common, mut segment) = (None, vec![]);
            for j in alike {
                segment.clear();
                let first = local.segment(j, &mut segment);
                let mut weights = (first..first + segment.len()).map(|row| self.root(row));
                let weight = weights.next();
                let is_one = weight.is_some() && weights.all(|other| Some(other) == weight) && !self.zeros[j];
                if !is_one || (begin < j && common != weight) {
                    begin = if is_one { j } else { j + 1 };
                }
                common = weight;
                if is_one && j + 1 - begin > best.len() {
                    best = begin..j + 1;
                }
            }
            // Periodic columns are alike where all are.
            if local.period().is_some() && best.len() < self.shape.1 { 0..0 } else { best }
        };
        self.alike.get_or_init(look).clone()
    }

    fn period(&self) -> Option<usize> {
        self.local().and_then(Local::period)
    }
}
