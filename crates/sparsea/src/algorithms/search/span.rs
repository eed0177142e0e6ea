//! A few vectors that are fitted beside all columns, an intercept or fixed ones: what they do to a search in parts.
//!
//! The columns of B = P A are those of A, which overlap only their neighbours, less their parts in the span of orthonormal vectors q.
//! A part of the trace or image is searched on B: its Gram entries are a_pᴴ a_q − Σ (a_pᴴ q)(qᴴ a_q), so that the coefficients of the q
//! are free in every part. What a change of x does elsewhere is a multiple of each q. These multiples are kept beside a residual
//! that is changed where columns of A are.

use std::sync::Arc;

use super::windows::window::Gram;
use crate::operator::{Access, inverse};
use crate::scalar::Scalar;

/// The vectors q, and how much of each is to be taken from the residual.
#[derive(Debug)]
pub(super) struct Span<T> {
    rank: usize,
    /// Scales by which columns of A have unit norm, where those of B are to have it.
    scales: Option<Arc<[f64]>>,
    /// What a coefficient of 1 of B's columns is in terms of A's.
    ratios: Vec<f64>,
    /// a_jᴴ q, column by column.
    products: Vec<T>,
    /// Qᴴ (y − A x) for the present x.
    level: Vec<T>,
    /// The same for the x that the residual was last formed from.
    base: Vec<T>,
    /// `level` when the columns of a block were last told of it, block by block.
    told: Vec<T>,
}

/// A change of `level` by which |a_jᴴ r|²/‖a_j‖² moves by more than this share of the price calls for another visit.
const TOLD: f64 = 1e-3;

impl<T: Scalar> Span<T> {
    /// `None` unless the operator has such a span.
    pub(super) fn of(operator: &Access<'_, T>) -> Option<Self> {
        let projected = operator.projected()?;
        let (rank, n) = (projected.basis().len(), operator.ncols());
        let (scales, ratios) = match operator.scales() {
            None => (None, vec![1.0; n]),
            Some(outer) => {
                let norms = operator.beneath(None)?.column_norms();
                let scales = norms.iter().zip(outer).map(|(&norm, &d)| if d > 0.0 { inverse(norm) } else { 0.0 });
                (Some(scales.collect()), norms.iter().zip(outer).map(|(norm, d)| norm * d).collect())
            }
        };
        let scale = |j: usize| scales.as_ref().map_or(1.0, |scales: &Arc<[f64]>| scales[j]);
        let products = (0..n).flat_map(|j| projected.products().iter().map(move |product| (j, product[j])));
        let products = products.map(|(j, product)| product.scale(scale(j))).collect();
        let none = vec![T::ZERO; rank];
        Some(Self { rank, ratios, products, level: none.clone(), base: none, told: vec![], scales })
    }

    /// Columns are in so many blocks.
    pub(super) fn begin(&mut self, blocks: usize) {
        self.told = vec![T::ZERO; self.rank * blocks];
    }

    /// A, with its scales.
    pub(super) fn operator<'a>(&self, operator: &Access<'a, T>) -> Option<Access<'a, T>> {
        operator.beneath(self.scales.clone())
    }

    /// What a coefficient of column j of B is in terms of A's.
    pub(super) fn ratio(&self, j: usize) -> f64 {
        self.ratios[j]
    }

    /// The residual has been formed from x, whose coefficients are these.
    pub(super) fn take<'x>(&mut self, x: impl Iterator<Item = (usize, T)> + 'x) {
        self.level.fill(T::ZERO);
        for (j, x) in x {
            let products = &self.products[j * self.rank..][..self.rank];
            self.level.iter_mut().zip(products).for_each(|(level, s)| *level -= s.conj() * x);
        }
        self.base.clone_from(&self.level);
    }

    /// What is to be taken from the residual at present.
    pub(super) fn aside<'s>(&'s self, basis: &'s [Vec<T>]) -> Aside<'s, T> {
        let parts = self.level.iter().zip(&self.base).map(|(&level, &base)| level - base).collect();
        Aside { products: &self.products, basis, parts, added: vec![T::ZERO; self.rank] }
    }

    /// Adds what has come of a part.
    pub(super) fn add(&mut self, added: &[T]) {
        self.level.iter_mut().zip(added).for_each(|(level, &added)| *level += added);
    }

    /// Calls `changed` with the blocks whose columns a change of the level since they were told of it means something to. `block_of` says
    /// in which block a column is, `square` is ‖a_j‖².
    pub(super) fn tell(
        &mut self,
        price: f64,
        square: f64,
        block_of: impl Fn(usize) -> usize,
        mut changed: impl FnMut(usize),
    ) {
        let (rank, least) = (self.rank, TOLD * price * square);
        for (j, products) in self.products.chunks_exact(rank).enumerate() {
            let told = &mut self.told[block_of(j) * rank..][..rank];
            let moved = products.iter().zip(&self.level).zip(&*told).map(|((&s, &level), &told)| s * (level - told));
            if moved.sum::<T>().abs2() > least {
                told.copy_from_slice(&self.level);
                changed(block_of(j));
            }
        }
    }
}

/// The span as a part sees it.
#[derive(Debug)]
pub(super) struct Aside<'s, T> {
    products: &'s [T],
    pub(super) basis: &'s [Vec<T>],
    /// How much of each q is to be taken from the residual.
    parts: Vec<T>,
    /// By how much that has changed here.
    added: Vec<T>,
}

impl<T: Scalar> Aside<'_, T> {
    /// By how much the multiples of the q have changed here.
    pub(super) fn into_added(self) -> Vec<T> {
        self.added
    }

    /// a_jᴴ q for each q.
    pub(super) fn products(&self, j: usize) -> &[T] {
        let rank = self.basis.len();
        &self.products[j * rank..][..rank]
    }

    /// What of the residual at a row is in the span.
    pub(super) fn at(&self, row: usize) -> T {
        self.basis.iter().zip(&self.parts).map(|(q, &part)| q[row] * part).sum()
    }

    /// ‖Qᴴ A d‖² for changes d of coefficients, by which ‖r‖² is less than as formed from A, and −Qᴴ A d.
    pub(super) fn moved(&self, changes: impl Iterator<Item = (usize, T)>) -> (f64, Vec<T>) {
        let mut moved = vec![T::ZERO; self.basis.len()];
        for (j, change) in changes {
            moved.iter_mut().zip(self.products(j)).for_each(|(moved, s)| *moved -= s.conj() * change);
        }
        (moved.iter().map(|v| v.abs2()).sum(), moved)
    }

    /// Changes of coefficients are taken.
    pub(super) fn accept(&mut self, moved: &[T]) {
        for ((part, added), &moved) in self.parts.iter_mut().zip(&mut self.added).zip(moved) {
            *part += moved;
            *added += moved;
        }
    }
}

/// Gram entries of columns less their parts in a span.
pub(super) struct Less<'l, T, G> {
    pub(super) whole: &'l G,
    /// a_pᴴ q of the places p, place by place.
    pub(super) products: &'l [T],
    pub(super) rank: usize,
}

impl<T: Scalar, G: Gram<T>> Gram<T> for Less<'_, T, G> {
    #[inline(always)]
    fn get(&self, p: usize, q: usize) -> T {
        let (one, other) = (&self.products[p * self.rank..][..self.rank], &self.products[q * self.rank..][..self.rank]);
        self.whole.get(p, q) - one.iter().zip(other).map(|(&s, t)| s * t.conj()).sum::<T>()
    }
}
