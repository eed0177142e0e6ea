//! Norms of the columns of P √W A, and copies of those that cancel.

use super::super::basis::rounding;
use super::{Reduced, STEEP};
use crate::check::unusable;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::kernels::norm;
use crate::operator::{Access, LinearMap, Planar, Structure, single, with_columns};
use crate::scalar::Scalar;

/// Up to so many columns of an A known by its products are measured one by one, as by [`Problem::new`](crate::Problem::new).
const MEASURED: usize = 2048;

impl<T: Scalar> Reduced<'_, T> {
    /// Norms of the columns, as far as they cost no more products than [`Problem::new`](crate::Problem::new) would make.
    pub(super) fn measure(&mut self, interrupt: &Interrupt) -> Result<(), Error> {
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
            Structure::Planar(_) => (0..n).map(|j| self.entry(j, j).real()).collect(),
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
}
