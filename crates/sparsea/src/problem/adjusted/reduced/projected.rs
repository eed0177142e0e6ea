//! What lies beneath a projection.

use std::sync::Arc;

use faer::MatMut;

use super::super::basis::Basis;
use super::Reduced;
use crate::error::Error;
use crate::failure::OperatorError;
use crate::interrupt::Interrupt;
use crate::operator::{Columns, LinearMap, Projected, contiguous, single, with_columns};
use crate::scalar::Scalar;

/// √W A Z, which is projected, and its products with the basis.
pub(super) struct Beneath<'o, T> {
    map: Box<dyn LinearMap<T> + 'o>,
    products: Vec<Vec<T>>,
}

impl<'o, T: Scalar> Reduced<'o, T> {
    /// What is left of this map without the projection.
    pub(super) fn uncover(&self, interrupt: &Interrupt) -> Result<Beneath<'o, T>, Error> {
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
        Ok(Beneath { map, products })
    }

    /// b_iᴴ b_j = a_iᴴ a_j − Σ (a_iᴴ q)(qᴴ a_j), where not much cancels.
    pub(super) fn gram_beneath(
        &self,
        Beneath { map, products }: &Beneath<'_, T>,
        rows: Option<&[usize]>,
        support: &[usize],
        mut out: MatMut<'_, T>,
    ) -> Result<(), OperatorError> {
        /// ρ_i ρ_j at most.
        const MOST: f64 = 8.0;
        with_columns(&**map, |columns| columns.gram(rows, support, out.as_mut()))?;
        let steepness = |j: usize| {
            let part: f64 = products.iter().map(|product| product[j].abs2()).sum();
            self.norms.as_ref().map_or(f64::INFINITY, |norms| part / (norms[j] * norms[j]))
        };
        let all: Vec<usize>;
        let rows = match rows {
            Some(rows) => rows,
            None => {
                all = (0..self.shape.1).collect();
                &all
            }
        };
        let (mut column, mut again, mut entries) = (vec![], vec![], vec![]);
        for (&j, out) in support.iter().zip(out.col_iter_mut()) {
            let (out, own) = (contiguous(out), steepness(j));
            again.clear();
            for (at, (out, &i)) in out.iter_mut().zip(rows).enumerate() {
                if self.zeros[i] || self.zeros[j] {
                    *out = T::ZERO;
                } else if (1.0 + own) * (1.0 + steepness(i)) <= MOST * MOST {
                    *out -= products.iter().map(|product| product[i] * product[j].conj()).sum::<T>();
                } else {
                    again.push(at);
                }
            }
            if !again.is_empty() {
                column.resize(self.shape.0, T::ZERO);
                self.gather(&[j], single(&mut column))?;
                let places: Vec<usize> = again.iter().map(|&at| rows[at]).collect();
                entries.resize(places.len(), T::ZERO);
                self.correlate(&places, &column, &mut entries)?;
                again.iter().zip(&entries).for_each(|(&at, &entry)| out[at] = entry);
            }
        }
        Ok(())
    }
}

impl<T: Scalar> Projected<T> for Reduced<'_, T> {
    fn inner(&self) -> &dyn LinearMap<T> {
        self.beneath.as_ref().map_or(&self.inner, |beneath| &beneath.map)
    }

    fn basis(&self) -> &[Vec<T>] {
        self.basis.columns()
    }

    fn products(&self) -> &[Vec<T>] {
        self.beneath.as_ref().map_or(&[], |beneath| &beneath.products)
    }
}
